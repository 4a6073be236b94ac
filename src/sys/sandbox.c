/* sandbox.c - the system calls each process may make. */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRONT (1U << SANDBOX_FRONT)
#define CORE (1U << SANDBOX_CORE)
#define SIGNER (1U << SANDBOX_SIGNER)
#define COURIER (1U << SANDBOX_COURIER)
#define ALL (FRONT | CORE | SIGNER | COURIER)

static const char *const names[] = {
    [SANDBOX_FRONT] = "front",
    [SANDBOX_CORE] = "core",
    [SANDBOX_SIGNER] = "signer",
    [SANDBOX_COURIER] = "courier",
};

/* A row allows one call; with masks, only if the arguments under them have these values. */
struct call {
	int number;
	unsigned profiles;
	unsigned arg;
	uint64_t mask, value;
	unsigned arg2;
	uint64_t mask2, value2;
};

#define WHOLE UINT64_MAX
#define OWN_PROCESS UINT64_MAX /* as a value: our process id */

/* Rows of one call stand together: sandbox_calls() counts on it. */
/* clang-format off */
static const struct call calls[] = {
    /* memory; never executable */
    {SCMP_SYS(brk), ALL},
    {SCMP_SYS(madvise), ALL},
    {SCMP_SYS(mmap), ALL, 2, PROT_EXEC, 0},
    {SCMP_SYS(mprotect), ALL, 2, PROT_EXEC, 0},
    {SCMP_SYS(mremap), ALL},
    {SCMP_SYS(munmap), ALL},
    {SCMP_SYS(mlock), SIGNER},
    {SCMP_SYS(mlock2), SIGNER},
    {SCMP_SYS(munlock), SIGNER},
    /* descriptors there are */
    {SCMP_SYS(close), ALL},
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_GETFD}, /* none that makes signals or leases */
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_SETFD},
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_GETFL},
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_SETFL},
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_ADD_SEALS},
    {SCMP_SYS(fcntl), ALL, 1, WHOLE, F_GET_SEALS},
    {SCMP_SYS(fcntl), CORE, 1, WHOLE, F_GETLK},
    {SCMP_SYS(fcntl), CORE, 1, WHOLE, F_SETLK},
    {SCMP_SYS(fcntl), CORE, 1, WHOLE, F_SETLKW}, /* a clock that steps */
    {SCMP_SYS(fstat), ALL},
    {SCMP_SYS(ioctl), ALL, 1, WHOLE, FIONREAD},
    {SCMP_SYS(ioctl), ALL, 1, WHOLE, TCGETS},
    {SCMP_SYS(pread64), ALL},
    {SCMP_SYS(read), ALL},
    {SCMP_SYS(readv), ALL},
    {SCMP_SYS(write), ALL},
    {SCMP_SYS(writev), ALL},
    /* the loop, channels, connections that come in */
    {SCMP_SYS(epoll_create1), CORE | SIGNER},
    {SCMP_SYS(epoll_ctl), ALL},
    {SCMP_SYS(epoll_pwait), ALL},
    {SCMP_SYS(epoll_wait), ALL},
    {SCMP_SYS(memfd_create), ALL},
    {SCMP_SYS(recvmsg), ALL},
    {SCMP_SYS(sendmsg), ALL},
    {SCMP_SYS(accept4), FRONT | CORE},
    {SCMP_SYS(getsockopt), FRONT | CORE | COURIER},
    {SCMP_SYS(recvfrom), FRONT | CORE | COURIER},
    {SCMP_SYS(sendto), FRONT | CORE | COURIER},
    {SCMP_SYS(setsockopt), FRONT | CORE | COURIER},
    {SCMP_SYS(shutdown), FRONT | CORE | COURIER},
    {SCMP_SYS(eventfd2), SIGNER | COURIER},
    {SCMP_SYS(pipe2), CORE | SIGNER},
    {SCMP_SYS(poll), SIGNER | COURIER},
    {SCMP_SYS(ppoll), SIGNER | COURIER},
    /* connections that go out; no socket but those of the internet */
    {SCMP_SYS(socket), COURIER, 0, WHOLE, AF_INET},
    {SCMP_SYS(socket), COURIER, 0, WHOLE, AF_INET6},
    {SCMP_SYS(bind), COURIER}, /* the resolver's */
    {SCMP_SYS(connect), COURIER},
    {SCMP_SYS(getpeername), COURIER},
    {SCMP_SYS(getsockname), COURIER},
    {SCMP_SYS(sendmmsg), COURIER},
    {SCMP_SYS(uname), COURIER}, /* the domain to search in */
    {SCMP_SYS(socketpair), COURIER}, /* how libcurl's threads wake it */
    /* time, chance, the end */
    {SCMP_SYS(clock_gettime), ALL},
    {SCMP_SYS(exit_group), ALL},
    {SCMP_SYS(futex), ALL},
    {SCMP_SYS(getpid), ALL},
    {SCMP_SYS(getrandom), ALL},
    {SCMP_SYS(gettid), ALL},
    {SCMP_SYS(restart_syscall), ALL},
    {SCMP_SYS(rt_sigaction), ALL},
    {SCMP_SYS(rt_sigprocmask), ALL},
    {SCMP_SYS(rt_sigreturn), ALL},
    {SCMP_SYS(sysinfo), ALL}, /* qsort asks how much memory there is */
    {SCMP_SYS(tgkill), ALL, 0, UINT32_MAX, OWN_PROCESS}, /* abort */
    {SCMP_SYS(adjtimex), CORE},
    {SCMP_SYS(clock_adjtime), CORE},
    {SCMP_SYS(clock_nanosleep), CORE | SIGNER | COURIER},
    {SCMP_SYS(gettimeofday), CORE | SIGNER | COURIER},
    {SCMP_SYS(nanosleep), CORE | SIGNER},
    /* files by name */
    {SCMP_SYS(newfstatat), FRONT, 3, AT_EMPTY_PATH, AT_EMPTY_PATH}, /* how libc spells fstat */
    {SCMP_SYS(newfstatat), CORE | SIGNER | COURIER},
    {SCMP_SYS(access), CORE | SIGNER | COURIER},
    {SCMP_SYS(faccessat), CORE | SIGNER | COURIER},
    {SCMP_SYS(faccessat2), CORE | SIGNER | COURIER},
    {SCMP_SYS(fallocate), CORE | SIGNER},
    {SCMP_SYS(fchmod), CORE | SIGNER},
    {SCMP_SYS(fchown), CORE | SIGNER}, /* SQLite as root gives its log the database's owner */
    {SCMP_SYS(fdatasync), CORE | SIGNER},
    {SCMP_SYS(flock), SIGNER},
    {SCMP_SYS(fsync), CORE | SIGNER},
    {SCMP_SYS(ftruncate), CORE | SIGNER},
    {SCMP_SYS(getcwd), CORE | SIGNER},
    {SCMP_SYS(getdents64), CORE | SIGNER | COURIER},
    {SCMP_SYS(getegid), CORE | SIGNER | COURIER},
    {SCMP_SYS(geteuid), CORE | SIGNER | COURIER},
    {SCMP_SYS(getgid), CORE | SIGNER | COURIER},
    {SCMP_SYS(getuid), CORE | SIGNER | COURIER},
    {SCMP_SYS(lseek), CORE | SIGNER | COURIER},
    {SCMP_SYS(lstat), CORE | SIGNER | COURIER},
    {SCMP_SYS(mkdir), SIGNER},
    {SCMP_SYS(mkdirat), SIGNER},
    {SCMP_SYS(mkdir), CORE},
    {SCMP_SYS(mkdirat), CORE},
    {SCMP_SYS(openat), CORE | SIGNER | COURIER},
    {SCMP_SYS(pwrite64), CORE | SIGNER},
    {SCMP_SYS(readlink), CORE | SIGNER | COURIER},
    {SCMP_SYS(readlinkat), CORE | SIGNER | COURIER},
    {SCMP_SYS(rename), CORE | SIGNER},
    {SCMP_SYS(renameat), CORE | SIGNER},
    {SCMP_SYS(renameat2), CORE | SIGNER},
    {SCMP_SYS(rmdir), CORE},
    {SCMP_SYS(stat), CORE | SIGNER | COURIER},
    {SCMP_SYS(symlink), CORE},
    {SCMP_SYS(symlinkat), CORE},
    {SCMP_SYS(umask), CORE | SIGNER},
    {SCMP_SYS(unlink), CORE | SIGNER},
    {SCMP_SYS(unlinkat), CORE | SIGNER},
    /* threads, and nothing else that clone makes */
    {SCMP_SYS(clone), SIGNER | COURIER, 0, CLONE_THREAD, CLONE_THREAD},
    {SCMP_SYS(exit), SIGNER | COURIER},
    {SCMP_SYS(prctl), SIGNER | COURIER, 0, WHOLE, PR_SET_NAME},
    {SCMP_SYS(rseq), SIGNER | COURIER},
    {SCMP_SYS(sched_getaffinity), CORE | SIGNER | COURIER},
    {SCMP_SYS(sched_yield), CORE | SIGNER | COURIER},
    {SCMP_SYS(set_robust_list), SIGNER | COURIER},
    {SCMP_SYS(setpriority), SIGNER, 0, WHOLE, PRIO_PROCESS, 1, WHOLE, 0}, /* the thread itself */
};
/* clang-format on */

size_t
sandbox_calls(enum sandbox profile)
{
	size_t n = 0;
	int last = -1;

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		if ((calls[i].profiles & 1U << profile) == 0 || calls[i].number == last)
			continue;
		last = calls[i].number;
		n++;
	}
	return n;
}

/* What is answered instead of killed, for libraries try it and have another way. */
static const struct {
	struct call call;
	int error;
} refused[] = {
    /* Its flags lie in memory, where a filter cannot look; libc then falls back to clone. */
    {{SCMP_SYS(clone3), SIGNER | COURIER}, ENOSYS},
    /* The resolver's questions to a local cache and to the kernel. */
    {{SCMP_SYS(socket), COURIER, 0, WHOLE, AF_UNIX}, EAFNOSUPPORT},
    {{SCMP_SYS(socket), COURIER, 0, WHOLE, AF_NETLINK}, EAFNOSUPPORT},
};

/* Calls that Landlock judges by the file's place. Core and courier, where there is none, have
 * no such file. */
static bool
judged_by_place(int number)
{
	static const int numbers[] = {SCMP_SYS(openat), SCMP_SYS(rename), SCMP_SYS(renameat),
	    SCMP_SYS(renameat2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(mkdir),
	    SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(symlink), SCMP_SYS(symlinkat)};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static int
call_add(scmp_filter_ctx filter, uint32_t action, const struct call *c)
{
	uint64_t value = c->value == OWN_PROCESS ? (uint64_t)getpid() : c->value;
	struct scmp_arg_cmp only[] = {
	    SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, value),
	    SCMP_CMP(c->arg2, SCMP_CMP_MASKED_EQ, c->mask2, c->value2),
	};

	if (c->number < 0) /* this architecture has no such call */
		return 0;
	return seccomp_rule_add_array(
	    filter, action, c->number, (c->mask != 0) + (c->mask2 != 0), only);
}

static bool
filter_load(enum sandbox profile, bool confined, struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = false;
	int got = -ENOMEM;

	if (filter == NULL)
		goto out;
	(void)seccomp_attr_set(
	    filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree instead of a list */
	if ((got = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) !=
	    0)
		goto out;
	if ((got = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)) != 0)
		goto out;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		bool refuse = (profile == SANDBOX_CORE || profile == SANDBOX_COURIER) &&
			      !confined && judged_by_place(calls[i].number);

		if ((calls[i].profiles & 1U << profile) != 0 &&
		    (got = call_add(filter, refuse ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_ALLOW,
			 &calls[i])) != 0)
			goto out;
	}
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if ((refused[i].call.profiles & 1U << profile) != 0 &&
		    (got = call_add(filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error),
			 &refused[i].call)) != 0)
			goto out;
	got = seccomp_load(filter);
	ok = got == 0;
out:
	if (filter != NULL)
		seccomp_release(filter);
	if (!ok)
		err_set(
		    e, WHY_IO, "system call filter of %s: %s", names[profile], strerror(-got));
	return ok;
}

static bool
switched_off(void)
{
	const char *word = getenv("KEYMUSTER_SANDBOX");

	return word != NULL && strcmp(word, "off") == 0;
}

bool
process_hide(struct err *e)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_set(e, WHY_IO, "cannot forbid core dumps: %s", strerror(errno));
	if (!switched_off() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_set(e, WHY_IO, "cannot become undumpable: %s", strerror(errno));
	return true;
}

bool
sandbox_enter(enum sandbox profile, const char *const *dirs, struct err *e)
{
	/* Locked memory is charged at each allocation (signer_lock_memory). */
	uint64_t keep = profile == SANDBOX_SIGNER ? 1ULL << CAP_IPC_LOCK : 0;
	bool confined;
	char name[16];

	snprintf(name, sizeof(name), "km-%s", names[profile]);
	(void)prctl(PR_SET_NAME, name); /* for top and ps */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(e, WHY_IO, "cannot give up new privileges: %s", strerror(errno));
	if (!process_hide(e))
		return false;
	if (switched_off()) {
		log_warn(
		    "sandbox is off", "process='%s' by='KEYMUSTER_SANDBOX'", names[profile]);
		return true;
	}
	if (!files_confine(dirs, profile, &confined, e) || !capabilities_drop(keep, e))
		return false;
	if (!confined && profile == SANDBOX_CORE)
		log_warn(
		    "kernel without Landlock: core opens no file, archives are not written",
		    "mend='boot with lsm=landlock,...'");
	if (!confined && profile == SANDBOX_COURIER)
		log_warn("kernel without Landlock: courier opens no file, hooks are reached by "
			 "http and address only",
		    "mend='boot with lsm=landlock,...'");
	return filter_load(profile, confined, e);
}
