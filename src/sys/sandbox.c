/* sandbox.c - the system calls each process may make. */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FRONT (1U << SANDBOX_FRONT)
#define CORE (1U << SANDBOX_CORE)
#define SIGNER (1U << SANDBOX_SIGNER)
#define ALL (FRONT | CORE | SIGNER)

static const char *const names[] = {
    [SANDBOX_FRONT] = "front",
    [SANDBOX_CORE] = "core",
    [SANDBOX_SIGNER] = "signer",
};

/* A row allows one call; with a mask, only if that argument under it has that value. */
struct call {
	int number;
	unsigned profiles;
	unsigned arg;
	uint64_t mask, value;
};

#define WHOLE UINT64_MAX

/* Rows of one call stand together: sandbox_calls() counts on it. */
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
    {SCMP_SYS(fcntl), ALL},
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
    {SCMP_SYS(getsockopt), FRONT | CORE},
    {SCMP_SYS(recvfrom), FRONT | CORE},
    {SCMP_SYS(sendto), FRONT | CORE},
    {SCMP_SYS(setsockopt), FRONT | CORE},
    {SCMP_SYS(shutdown), FRONT | CORE},
    {SCMP_SYS(eventfd2), SIGNER},
    {SCMP_SYS(pipe2), CORE | SIGNER},
    {SCMP_SYS(poll), SIGNER},
    {SCMP_SYS(ppoll), SIGNER},
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
    {SCMP_SYS(tgkill), ALL},  /* abort */
    {SCMP_SYS(adjtimex), CORE},
    {SCMP_SYS(clock_adjtime), CORE},
    {SCMP_SYS(clock_nanosleep), CORE | SIGNER},
    {SCMP_SYS(gettimeofday), CORE | SIGNER},
    {SCMP_SYS(nanosleep), CORE | SIGNER},
    /* files by name */
    {SCMP_SYS(newfstatat), FRONT, 3, AT_EMPTY_PATH, AT_EMPTY_PATH}, /* how libc spells fstat */
    {SCMP_SYS(newfstatat), CORE | SIGNER},
    {SCMP_SYS(access), CORE | SIGNER},
    {SCMP_SYS(faccessat), CORE | SIGNER},
    {SCMP_SYS(faccessat2), CORE | SIGNER},
    {SCMP_SYS(fallocate), CORE | SIGNER},
    {SCMP_SYS(fchmod), CORE | SIGNER},
    {SCMP_SYS(fchown), CORE | SIGNER}, /* SQLite as root gives its log the database's owner */
    {SCMP_SYS(fdatasync), CORE | SIGNER},
    {SCMP_SYS(flock), CORE | SIGNER},
    {SCMP_SYS(fsync), CORE | SIGNER},
    {SCMP_SYS(ftruncate), CORE | SIGNER},
    {SCMP_SYS(getcwd), CORE | SIGNER},
    {SCMP_SYS(getdents64), CORE | SIGNER},
    {SCMP_SYS(getegid), CORE | SIGNER},
    {SCMP_SYS(geteuid), CORE | SIGNER},
    {SCMP_SYS(getgid), CORE | SIGNER},
    {SCMP_SYS(getuid), CORE | SIGNER},
    {SCMP_SYS(lseek), CORE | SIGNER},
    {SCMP_SYS(lstat), CORE | SIGNER},
    {SCMP_SYS(mkdir), CORE | SIGNER},
    {SCMP_SYS(mkdirat), CORE | SIGNER},
    {SCMP_SYS(openat), CORE | SIGNER},
    {SCMP_SYS(pwrite64), CORE | SIGNER},
    {SCMP_SYS(readlink), CORE | SIGNER},
    {SCMP_SYS(readlinkat), CORE | SIGNER},
    {SCMP_SYS(rename), CORE | SIGNER},
    {SCMP_SYS(renameat), CORE | SIGNER},
    {SCMP_SYS(renameat2), CORE | SIGNER},
    {SCMP_SYS(stat), CORE | SIGNER},
    {SCMP_SYS(symlink), CORE},
    {SCMP_SYS(symlinkat), CORE},
    {SCMP_SYS(umask), CORE | SIGNER},
    {SCMP_SYS(unlink), CORE | SIGNER},
    {SCMP_SYS(unlinkat), CORE | SIGNER},
    /* threads, and nothing else that clone makes */
    {SCMP_SYS(clone), SIGNER, 0, CLONE_THREAD, CLONE_THREAD},
    {SCMP_SYS(exit), SIGNER},
    {SCMP_SYS(prctl), SIGNER, 0, WHOLE, PR_SET_NAME},
    {SCMP_SYS(rseq), SIGNER},
    {SCMP_SYS(sched_getaffinity), CORE | SIGNER},
    {SCMP_SYS(sched_yield), CORE | SIGNER},
    {SCMP_SYS(set_robust_list), SIGNER},
    {SCMP_SYS(setpriority), SIGNER},
};

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

static int
call_allow(scmp_filter_ctx filter, const struct call *c)
{
	if (c->number < 0) /* this architecture has no such call */
		return 0;
	if (c->mask == 0)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, c->number, 0);
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, c->number, 1,
	    SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value));
}

static bool
filter_load(enum sandbox profile, struct err *e)
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
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if ((calls[i].profiles & 1U << profile) != 0 &&
		    (got = call_allow(filter, &calls[i])) != 0)
			goto out;
	/* Its flags lie in memory, where a filter cannot look; libc then falls back to clone.
	 */
	if (profile == SANDBOX_SIGNER &&
	    (got = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)) != 0)
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
sandbox_enter(enum sandbox profile, struct err *e)
{
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
	return filter_load(profile, e);
}
