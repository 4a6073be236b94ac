/* test_sandbox.c - what each profile allows and what it kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitized.h"
#include "sys/sandbox.h"

/* Made before a profile is entered, as the programs do. */
static struct fixture {
	char dir[256];	  /* nobody may touch it */
	char secret[300]; /* a file in it */
	char open[300];	  /* but this one below it */
	int pair[2], listener;
	pid_t parent; /* asking for it would be a violation by itself */
	struct loop *loop;
} fx;

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char path[300];

	(void)state;
	unsetenv("KEYMUSTER_SANDBOX");
	snprintf(fx.dir, sizeof(fx.dir), "%s/test_sandbox.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(fx.dir) == NULL || !channel_pair(fx.pair, NULL))
		return -1;
	snprintf(path, sizeof(path), "%s/s", fx.dir);
	snprintf(fx.secret, sizeof(fx.secret), "%s/seal.key", fx.dir);
	if (!file_replace(fx.secret, 0600, VIEW("secret"), NULL))
		return -1;
	snprintf(fx.open, sizeof(fx.open), "%s/open", fx.dir);
	fx.loop = loop_new();
	fx.parent = getpid();
	if (mkdir(fx.open, 0700) != 0)
		return -1;
	return listen_unix(path, 0600, &fx.listener, NULL) ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"s", "f", "seal.key", "open/f", "open/lock",
	    "open/store.db", "open/store.db-wal", "open"};
	char path[300];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fx.dir, names[i]);
		(void)remove(path);
	}
	loop_free(fx.loop);
	for (size_t i = 0; i < 2; i++)
		close(fx.pair[i]);
	close(fx.listener);
	return rmdir(fx.dir);
}

/* ---- acts: true when they worked ---- */

static bool
opens(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600) >= 0;
}

static bool
act_tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
act_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool
act_socketpair(void)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0;
}

static bool
act_connect(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(9)};

	return connect(fx.pair[0], (struct sockaddr *)&at, sizeof(at)) == 0;
}

/* Nobody listens there, and that is heard. */
static bool
act_tcp_connect(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(9),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == ECONNREFUSED;
}

static bool
act_read_directory(void)
{
	return opens(fx.open, O_RDONLY | O_DIRECTORY);
}

static bool
act_read(void)
{
	return opens(fx.secret, O_RDONLY);
}

static bool
act_write(void)
{
	return opens(fx.secret, O_WRONLY);
}

static bool
act_empty(void)
{
	return opens(fx.secret, O_RDONLY | O_TRUNC);
}

static bool
act_stat(void)
{
	struct stat st;

	return stat("/etc/passwd", &st) == 0;
}

static bool
act_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL}, *env[] = {NULL};

	execve("/bin/true", argv, env);
	return false;
}

static bool
act_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

/* libc's fork and thread wrappers may choose; this is the bare call. */
static bool
act_clone3(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size,
		    tls;
	} args = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
act_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, fx.parent, NULL, NULL) == 0;
}

static bool
act_kill_parent(void)
{
	return kill(fx.parent, 0) == 0;
}

static bool
act_exec_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool
act_exec_protect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
act_accept(void)
{
	int fd;

	/* Clients of earlier rows have left. */
	while ((fd = accept4(fx.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		if (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
			return shutdown(fd, SHUT_RDWR) == 0;
	return false;
}

static bool
act_channel(void)
{
	struct blob large = {0}, got = {0};

	memset(blob_grow(&large, 200000), 'x', 200000);
	return channel_send(fx.pair[0], VIEW("small"), NULL) &&
	       channel_send(fx.pair[0], blob_view(&large), NULL) &&
	       channel_receive(fx.pair[1], CHANNEL_MAX, &got) == CHANNEL_MESSAGE &&
	       channel_receive(fx.pair[1], CHANNEL_MAX, &got) == CHANNEL_MESSAGE &&
	       got.n == large.n;
}

static void
stop(void *arg)
{
	loop_stop(arg, 5);
}

/* The loop is from before. */
static bool
act_loop(void)
{
	struct timer *t = loop_timer(fx.loop, stop, fx.loop);

	timer_set(t, 2);
	if (loop_run(fx.loop) != 5)
		return false;
	loop_watch(fx.loop, fx.pair[1], stop, fx.loop);
	return channel_send(fx.pair[0], VIEW("x"), NULL) && loop_run(fx.loop) == 5;
}

static bool
act_loop_make(void)
{
	return loop_new() != NULL;
}

static bool
act_log_and_chance(void)
{
	uint8_t r[16];
	void *large = mem_get(4 * 1024 * 1024);

	log_warn("line from a sandbox", "n=%d", 1);
	free(large);
	return getentropy(r, sizeof(r)) == 0 && clock_now() > 0 && clock_mono_ms() > 0;
}

static bool
act_clock_trust(void)
{
	return clock_authoritative() || !clock_authoritative();
}

static bool
act_files(void)
{
	struct blob path = {0}, got = {0};

	blob_printf(&path, "%s/f", fx.open);
	return file_replace(blob_cstr(&path), 0600, VIEW("x"), NULL) &&
	       file_replace(blob_cstr(&path), 0600, VIEW("content"), NULL) &&
	       file_read(blob_cstr(&path), 100, &got, NULL) && got.n == 7 &&
	       file_remove(blob_cstr(&path), NULL);
}

static bool
act_lock(void)
{
	int fd;

	return dir_make(fx.open, 0700, NULL) && dir_lock(fx.open, &fd, NULL);
}

static bool
act_open_memory(void)
{
	return opens("/proc/self/mem", O_RDONLY);
}

static bool
act_open_memory_of_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)fx.parent);
	return opens(path, O_RDONLY);
}

static bool
act_make_beside(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/f", fx.dir);
	return opens(path, O_RDWR | O_CREAT);
}

static bool
act_move_out(void)
{
	char from[400], to[300];

	snprintf(from, sizeof(from), "%s/f", fx.open);
	snprintf(to, sizeof(to), "%s/f", fx.dir);
	return opens(from, O_RDWR | O_CREAT) && rename(from, to) == 0;
}

static bool
act_remove_beside(void)
{
	return unlink(fx.secret) == 0;
}

static bool
act_signal_itself(void)
{
	return signal(SIGTERM, SIG_IGN) != SIG_ERR && raise(SIGTERM) == 0;
}

static bool
act_signal_another(void)
{
	return syscall(SYS_tgkill, fx.parent, fx.parent, 0) == 0;
}

/* What makes the kernel send a signal to another process when fd has something. */
static bool
act_own(void)
{
	return fcntl(fx.pair[0], F_SETOWN, fx.parent) == 0;
}

static bool
act_choose_signal(void)
{
	return fcntl(fx.pair[0], F_SETSIG, SIGKILL) == 0;
}

static bool
act_slow_another(void)
{
	return setpriority(PRIO_PROCESS, (id_t)fx.parent, 0) == 0;
}

static bool
act_slow_user(void)
{
	return setpriority(PRIO_USER, 0, 0) == 0;
}

/* Without CAP_SYS_TIME; asks for what is set already, in case it works. */
static bool
act_set_clock(void)
{
	struct timex tx = {0};

	if (adjtimex(&tx) < 0)
		return false;
	tx.modes = ADJ_TICK;
	return adjtimex(&tx) >= 0;
}

static void *
thread_main(void *arg)
{
	*(int *)arg = 1;
	return arg;
}

static bool
act_thread(void)
{
	pthread_t t;
	int ran = 0;

	return pthread_create(&t, NULL, thread_main, &ran) == 0 && pthread_join(t, NULL) == 0 &&
	       ran == 1;
}

static bool
act_slow_itself(void)
{
	return setpriority(PRIO_PROCESS, 0, 19) == 0;
}

static bool
act_key(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	bool ok = key != NULL && EVP_PKEY_get_bits(key) == 2048;

	EVP_PKEY_free(key);
	return ok;
}

/* ---- the table ---- */

#define FRONT (1U << SANDBOX_FRONT)
#define CORE (1U << SANDBOX_CORE)
#define SIGNER (1U << SANDBOX_SIGNER)
#define COURIER (1U << SANDBOX_COURIER)
#define ALL (FRONT | CORE | SIGNER | COURIER)

static const struct {
	const char *sentence;
	bool (*act)(void);
	unsigned works; /* in which profiles; in the others it must not */
	bool fails;	/* in the others it fails instead of ending the process */
} rows[] = {
    {"open a TCP socket", act_tcp_socket, COURIER},
    {"open a Unix socket", act_unix_socket, 0, true},
    {"make a socket pair", act_socketpair, COURIER},
    {"connect by TCP", act_tcp_connect, COURIER},
    {"connect a channel elsewhere", act_connect, 0, true},
    {"run a program", act_exec, 0},
    {"fork", act_fork, 0},
    {"fork by clone3", act_clone3, 0, true},
    {"trace another process", act_ptrace, 0},
    {"signal another process", act_kill_parent, 0},
    {"map executable memory", act_exec_memory, 0},
    {"make memory executable", act_exec_protect, 0},
    {"signal another process's thread", act_signal_another, 0},
    {"have another process signalled", act_own, 0},
    {"choose that signal", act_choose_signal, 0},
    {"signal itself", act_signal_itself, ALL},
    {"change another process's priority", act_slow_another, 0},
    {"change the priority of all processes of the user", act_slow_user, 0},
    {"read a file", act_read, 0, true},
    {"write a file", act_write, 0, true},
    {"empty a file", act_empty, 0, true},
    {"open its own memory", act_open_memory, 0, true},
    {"open another process's memory", act_open_memory_of_parent, 0, true},
    {"make a file beside its directory", act_make_beside, 0, true},
    {"move a file out of its directory", act_move_out, 0, true},
    {"remove a file beside its directory", act_remove_beside, 0, true},
    {"look at a file by name", act_stat, CORE | SIGNER | COURIER},
    {"read its directory", act_read_directory, CORE | SIGNER | COURIER},
    {"read, replace and remove files of its directory", act_files, CORE | SIGNER, true},
    {"lock its directory", act_lock, SIGNER, true},
    {"set the clock", act_set_clock, 0, true},
    {"accept a connection and answer it", act_accept, FRONT | CORE},
    {"send and receive on a channel", act_channel, ALL},
    {"run a loop", act_loop, ALL},
    {"make a loop", act_loop_make, CORE | SIGNER},
    {"log, draw random octets, read the clock", act_log_and_chance, ALL},
    {"ask whether the clock is to be trusted", act_clock_trust, CORE},
    {"start a thread", act_thread, SIGNER | COURIER},
    {"change its own priority", act_slow_itself, SIGNER},
    {"make a key", act_key, CORE | SIGNER | COURIER},
};

enum end { WORKED, FAILED, KILLED, OTHER };

static enum end
try_act(enum sandbox profile, bool (*act)(void), bool (*before)(void))
{
	const char *const dirs[] = {fx.open, NULL};
	char path[300];
	int status, client;

	snprintf(path, sizeof(path), "%s/s", fx.dir);
	assert_true(connect_unix(path, &client, NULL)); /* for act_accept */
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = {0};

		if (before != NULL && !before())
			_exit(8);
		if (!sandbox_enter(profile, profile == SANDBOX_FRONT ? NULL : dirs, &e))
			_exit(9);
		_exit(act() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(client);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? KILLED : OTHER;
	return WEXITSTATUS(status) == 0 ? WORKED : WEXITSTATUS(status) == 1 ? FAILED : OTHER;
}

static void
test_acts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (int p = SANDBOX_FRONT; p <= SANDBOX_COURIER; p++) {
			bool want = (rows[i].works & 1U << p) != 0;

			if (want && SANITIZED) /* its own calls are not in the profile */
				continue;
			enum end got = try_act((enum sandbox)p, rows[i].act, NULL);
			if (want ? got != WORKED
				 : got != KILLED && !(rows[i].fails && got == FAILED))
				fail_msg(
				    "profile %d: %s: got %d", p, rows[i].sentence, (int)got);
		}
}

/* One thread that breaks the rule ends the whole process, also when the thread is older than
 * the filter. */
static void *
thread_breaks(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	(void)act_tcp_socket();
	return NULL;
}

static void
test_threads_are_bound(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		pthread_barrier_t gate;
		pthread_t t;

		pthread_barrier_init(&gate, NULL, 2);
		if (pthread_create(&t, NULL, thread_breaks, &gate) != 0)
			_exit(8);
		pthread_barrier_wait(&gate);
		if (!sandbox_enter(SANDBOX_SIGNER, NULL, NULL))
			_exit(9);
		pthread_barrier_wait(&gate);
		pthread_join(t, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* What holds beside the filter, asked with the filter off (asking would be a violation) and on.
 */
static void
test_process_marks(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct rlimit core;

		setenv("KEYMUSTER_SANDBOX", "off", 1);
		if (!sandbox_enter(SANDBOX_SIGNER, NULL, NULL) || !act_tcp_socket())
			_exit(1);
		_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
			      getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
			      core.rlim_max == 0
			  ? 0
			  : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Without rights one cannot look into an undumpable process of the same user. */
static void
test_undumpable(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int up[2], hold[2];
		char c, path[64];

		if ((geteuid() == 0 && setuid(65534) != 0) || pipe(up) != 0 || pipe(hold) != 0)
			_exit(7);
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* setuid took it */
		pid_t child = fork();
		if (child == 0) {
			if (!sandbox_enter(SANDBOX_SIGNER, NULL, NULL) ||
			    write(up[1], "x", 1) != 1)
				_exit(9);
			_exit(read(hold[0], &c, 1) == 1 ? 6 : 5); /* nobody writes */
		}
		close(up[1]);
		if (read(up[0], &c, 1) != 1)
			_exit(8);
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		kill(child, SIGKILL);
		_exit(fd < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The kernel of a machine that has no Landlock: the call is not there. */
static bool
landlock_hide(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = filter != NULL &&
		  seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
		      SCMP_SYS(landlock_create_ruleset), 0) == 0 &&
		  seccomp_load(filter) == 0;

	seccomp_release(filter);
	return ok;
}

/* Core then has no files at all rather than all of them; the signer cannot do without. */
static void
test_without_landlock(void **state)
{
	static const struct {
		const char *sentence;
		enum sandbox profile;
		bool (*act)(void);
		enum end end;
	} cases[] = {
	    {"core reads no file", SANDBOX_CORE, act_read, FAILED},
	    {"core removes no file", SANDBOX_CORE, act_remove_beside, FAILED},
	    {"core writes no archive", SANDBOX_CORE, act_files, FAILED},
	    {"core runs on", SANDBOX_CORE, act_channel, WORKED},
	    {"the signer has its files", SANDBOX_SIGNER, act_files, WORKED},
	    {"front opens nothing", SANDBOX_FRONT, act_read, KILLED},
	    {"courier reads no file", SANDBOX_COURIER, act_read, FAILED},
	    {"courier runs on", SANDBOX_COURIER, act_channel, WORKED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (cases[i].end != KILLED && SANITIZED)
			continue;
		enum end got = try_act(cases[i].profile, cases[i].act, landlock_hide);
		if (got != cases[i].end)
			fail_msg("%s: got %d", cases[i].sentence, (int)got);
	}
}

/* As the kernel tells about another process. */
static uint64_t
capabilities_of(pid_t pid, const char *set)
{
	struct blob text = {0};
	char path[64], *at;
	uint64_t found;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_true(file_read(path, 65536, &text, NULL));
	at = strstr(blob_cstr(&text), set);
	assert_non_null(at);
	found = strtoull(at + strlen(set), NULL, 16);
	blob_free(&text);
	return found;
}

static void
test_capabilities_are_gone(void **state)
{
	static const char *const sets[] = {
	    "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};

	(void)state;
	for (int p = SANDBOX_FRONT; p <= SANDBOX_COURIER; p++) {
		uint64_t spared = p == SANDBOX_SIGNER ? 1ULL << CAP_IPC_LOCK : 0;
		int up[2], hold[2], status;
		char c;

		assert_int_equal(pipe(up) | pipe(hold), 0);
		pid_t pid = fork();
		if (pid == 0) {
			close(hold[1]); /* so that a failed test lets it go */
			bool ok = sandbox_enter((enum sandbox)p, NULL, NULL);

			_exit(write(up[1], ok ? "y" : "n", 1) == 1 && read(hold[0], &c, 1));
		}
		assert_int_equal(read(up[0], &c, 1), 1);
		assert_int_equal(c, 'y');
		for (size_t i = 0; i < COUNT_OF(sets); i++) {
			bool bound = strcmp(sets[i], "CapBnd:") == 0;

			if (bound && geteuid() != 0) /* not theirs to give up, nor of use */
				continue;
			assert_int_equal(
			    capabilities_of(pid, sets[i]) & ~(bound ? 0 : spared), 0);
		}
		assert_int_equal(write(hold[1], "x", 1), 1);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		for (int i = 0; i < 2; i++) {
			close(up[i]);
			close(hold[i]);
		}
	}
}

static void
test_few_calls(void **state)
{
	(void)state;
	print_message("# calls allowed: front %zu, core %zu, signer %zu, courier %zu\n",
	    sandbox_calls(SANDBOX_FRONT), sandbox_calls(SANDBOX_CORE),
	    sandbox_calls(SANDBOX_SIGNER), sandbox_calls(SANDBOX_COURIER));
	assert_true(sandbox_calls(SANDBOX_FRONT) <= 40);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_acts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_threads_are_bound, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_process_marks, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_undumpable, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_without_landlock, set_up, tear_down),
	    cmocka_unit_test(test_capabilities_are_gone),
	    cmocka_unit_test(test_few_calls),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
