/* test_hooks.c - the hooks process as core sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/hooks.h"

#define PATIENCE 30000 /* ms */

/* Scripts of the tests; each runs as PATH activate TOP and begins in its directory. */
enum script {
	EXIT_7,
	TELL,	  /* environment, words, input, and what became of its signals */
	FLOOD,	  /* far more than is kept */
	STUBBORN, /* ignores SIGTERM and has a child */
	PLAIN,	  /* the same without ignoring it */
	LEAVES,	  /* a child behind */
	GATE,	  /* waits at the gate */
	CROWD,	  /* waits while the log is locked, exits with how many of its kind run */
	NOTHING,
	KILLED,
	WORLD, /* for everybody to write */
	NONE,  /* no program under this number */
	SCRIPTS,
};
static const char tell[] =
    "tr '\\0' '\\n' </proc/$$/environ; echo \"$1 $# $(umask) $(pwd)\"; cat\n"
    "grep -cE '^Sig(Blk|Ign):.0*$' /proc/self/status\n";
static const char *const text_of[SCRIPTS] = {
    [EXIT_7] = "echo out; echo err >&2; exit 7",
    [TELL] = tell,
    [FLOOD] = "yes 0123456789 | head -c 3000000; echo the end; exit 3",
    [STUBBORN] = "trap '' TERM; exec 9>$2/gone; echo begun; sleep 1000 & wait; sleep 1000",
    [PLAIN] = "exec 9>$2/gone; echo begun; sleep 1000 & wait",
    [LEAVES] = "exec 9>$2/gone; sleep 1000 & echo left",
    [GATE] = "exec 9>$2/gone; read word <$2/gate; echo \"$word\"; echo \"$word\" >>$2/log",
    [CROWD] = "mkdir $2/crowd/$$; flock $2/log true; n=$(ls $2/crowd | wc -l);"
	      "rmdir $2/crowd/$$; exit $n",
    [NOTHING] = ":",
    [KILLED] = "kill -9 $$",
    [WORLD] = ":",
};

static char top[100];
static struct hooks_program programs[SCRIPTS];
static pid_t pid;
static int core, gone; /* gone: hangs up when nobody who opened it lives */

static const char *
place(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void
put(enum script s)
{
	char name[20];
	FILE *f;

	snprintf(name, sizeof(name), "hook-%d", s);
	f = fopen(place(name), "w");
	assert_non_null(f);
	assert_true(fprintf(f, "#!/bin/sh\n%s\n", text_of[s]) > 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(place(name), s == WORLD ? 0777 : 0755), 0);
	snprintf(programs[s].line, sizeof(programs[s].line), "%s %s", place(name), top);
}

static bool
hear(struct hooks_ran *s, struct blob *m)
{
	struct pollfd p = {.fd = core, .events = POLLIN};

	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	if (channel_receive(core, CHANNEL_MAX, m) != CHANNEL_MESSAGE)
		return false;
	assert_true(hooks_ran_decode(blob_view(m), s, NULL));
	return true;
}

static int
start(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct hooks_ran r;
	struct blob m = {0};
	int fds[2];

	(void)state;
	snprintf(top, sizeof(top), "%.80s/hooks.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(top) == NULL || mkfifo(place("gone"), 0600) != 0 ||
	    mkfifo(place("gate"), 0600) != 0 || mkdir(place("crowd"), 0700) != 0)
		return -1;
	for (int s = 0; s < NONE; s++)
		put((enum script)s);
	gone = open(place("gone"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(channel_pair(fds, NULL));
	pid = fork();
	if (pid == 0) {
		struct hooks_options o = {
		    .core = fds[1], .programs = programs, .program_count = SCRIPTS};

		close(fds[0]);
		close(gone);
		_exit(hooks_main(&o));
	}
	close(fds[1]);
	core = fds[0];
	assert_true(hear(&r, &m)); /* it begins */
	assert_true(r.id == 0 && r.status == -1 && r.text.n == 0);
	blob_free(&m);
	return 0;
}

/* Ends the process, if the test has not. */
static int
stop(void **state)
{
	static const char *const names[] = {"gone", "gate", "crowd", "log"};
	char name[20];
	int status = 0;

	(void)state;
	close(core);
	close(gone);
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)remove(place(names[i]));
	for (int s = 0; s < SCRIPTS; s++) {
		snprintf(name, sizeof(name), "hook-%d", s);
		(void)remove(place(name));
	}
	return rmdir(top);
}

static void
ask(uint64_t id, enum script s, const char *trustpoint, uint32_t limit_ms)
{
	struct hooks_facts f = {.event = HOOKS_ACTIVATE, .trustpoint = view_str(trustpoint)};
	struct hooks_run r = {
	    .id = id, .program = s, .event = HOOKS_ACTIVATE, .limit_ms = limit_ms};
	struct blob env = {0}, json = {0}, m = {0};

	hooks_env_encode(&f, &env);
	hooks_json_encode(&f, &json);
	r.env = blob_view(&env);
	r.json = blob_view(&json);
	hooks_run_encode(&r, &m);
	assert_true(channel_send(core, blob_view(&m), NULL));
	blob_free(&env);
	blob_free(&json);
	blob_free(&m);
}

static void
expect(uint64_t id, int status, const char *text)
{
	struct hooks_ran r;
	struct blob m = {0}, got = {0};

	assert_true(hear(&r, &m));
	blob_add_view(&got, r.text);
	assert_int_equal(r.id, id);
	if (r.status != status || (text != NULL && strcmp(blob_cstr(&got), text) != 0))
		fail_msg("status %d, '%s'", r.status, blob_cstr(&got));
	blob_free(&got);
	blob_free(&m);
}

/* A writer of gone, if there was one, lives no longer. */
static void
expect_gone(void)
{
	struct pollfd p = {.fd = gone};

	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	assert_true(p.revents & POLLHUP);
}

/* Until a script reads at the gate. */
static int
gate(void)
{
	int fd = open(place("gate"), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
pass(int fd, const char *word)
{
	assert_true(fd_write(fd, view_str(word)));
	assert_int_equal(close(fd), 0);
}

static void
exit_code_and_output(void **state)
{
	(void)state;
	ask(1, EXIT_7, "a", PATIENCE);
	expect(1, 7, "out\nerr\n");
	ask(2, NOTHING, "a", PATIENCE);
	expect(2, 0, "");
	ask(3, KILLED, "a", PATIENCE);
	expect(3, -1, "ended by signal 9 (Killed)");
}

static void
exactly_these_variables_and_this_input(void **state)
{
	(void)state;
	ask(1, TELL, "Root-CA", PATIENCE);
	expect(1, 0,
	    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\nKEYMUSTER_VERSION=1\n"
	    "KEYMUSTER_EVENT=activate\nKEYMUSTER_TRUSTPOINT=Root-CA\n"
	    "activate 2 0077 /\n"
	    "{\"version\":1,\"event\":\"activate\",\"trustpoint\":\"Root-CA\"}\n"
	    "2\n");
}

static void
the_last_of_a_flood_is_kept(void **state)
{
	struct hooks_ran r;
	struct blob m = {0};

	(void)state;
	ask(1, FLOOD, "a", PATIENCE);
	assert_true(hear(&r, &m));
	assert_int_equal(r.status, 3);
	assert_int_equal(r.text.n, HOOKS_OUTPUT_MAX);
	assert_memory_equal(r.text.p + r.text.n - 8, "the end\n", 8);
	blob_free(&m);
}

/* It ends so long after its time. What a machine that stands still does not let begin within
 * its time has more. */
static void
expect_over_time(enum script s, int64_t grace_ms)
{
	struct blob m = {0}, got = {0}, want = {0};
	struct hooks_ran r = {0};
	uint32_t ms = 125;
	int64_t begun;

	do {
		ms *= 4;
		assert_true(ms < PATIENCE);
		begun = clock_mono_ms();
		ask(ms, s, "a", ms);
		assert_true(hear(&r, &m));
		blob_set(&got, r.text);
	} while (strstr(blob_cstr(&got), "begun") == NULL);
	blob_printf(&want, "over its time of %g s: begun\n", ms / 1000.0);
	assert_string_equal(blob_cstr(&got), blob_cstr(&want));
	assert_true(r.id == ms && r.status == -1);
	expect_gone();
	assert_true(clock_mono_ms() - begun >= ms + grace_ms);
	blob_free(&m);
	blob_free(&got);
	blob_free(&want);
}

/* With all that it started. */
static void
over_time_is_ended(void **state)
{
	(void)state;
	expect_over_time(PLAIN, 0);
}

static void
who_ignores_sigterm_is_killed(void **state)
{
	(void)state;
	expect_over_time(STUBBORN, HOOKS_GRACE_MS);
}

static void
what_it_leaves_behind_ends_with_it(void **state)
{
	(void)state;
	ask(1, LEAVES, "a", PATIENCE);
	expect(1, 0, "left\n");
	expect_gone();
}

static void
refused_program_is_not_run(void **state)
{
	struct blob why = {0};

	(void)state;
	ask(1, WORLD, "a", PATIENCE);
	blob_printf(&why, "'%.*s' may be written by its group or by others",
	    (int)strcspn(programs[WORLD].line, " "), programs[WORLD].line);
	expect(1, HOOKS_NOT_RUN, blob_cstr(&why));
	assert_int_equal(chmod(place("hook-10"), 0755), 0); /* mended, without a new start */
	ask(2, WORLD, "a", PATIENCE);
	expect(2, 0, "");
	blob_free(&why);
}

static void
one_trustpoint_one_after_the_other(void **state)
{
	int fd;

	(void)state;
	ask(1, GATE, "a", PATIENCE);
	ask(2, GATE, "a", PATIENCE);
	ask(3, NOTHING, "a", PATIENCE);
	ask(4, EXIT_7, "b", PATIENCE);
	expect(4, 7, NULL); /* another one does not wait */
	fd = gate();
	pass(fd, "one\n");
	expect(1, 0, "one\n");
	fd = gate();
	pass(fd, "two\n");
	expect(2, 0, "two\n");
	expect(3, 0, "");
}

static int
in_the_crowd(void)
{
	DIR *d = opendir(place("crowd"));
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void
eight_at_once(void **state)
{
	int most = 0, lock = open(place("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct pollfd none = {.events = POLLIN};
	char name[20];

	(void)state;
	none.fd = core;
	assert_int_equal(flock(lock, LOCK_EX), 0);
	for (uint64_t id = 1; id <= 60; id++) {
		snprintf(name, sizeof(name), "tp-%d", (int)id);
		ask(id, CROWD, name, PATIENCE);
	}
	while (in_the_crowd() < HOOKS_AT_ONCE)
		assert_int_equal(poll(&none, 1, 10), 0); /* no time is over */
	close(lock);
	for (int i = 0; i < 60; i++) {
		struct hooks_ran r;
		struct blob m = {0};

		assert_true(hear(&r, &m));
		assert_in_range(r.status, 1, HOOKS_AT_ONCE);
		most = r.status > most ? r.status : most;
		blob_free(&m);
	}
	assert_int_equal(most, HOOKS_AT_ONCE);
}

static void
the_queue_is_bounded(void **state)
{
	int fd;

	(void)state;
	ask(1, GATE, "a", PATIENCE);
	fd = gate(); /* it runs, it does not wait any more */
	for (uint64_t id = 2; id < 2 + HOOKS_QUEUE; id++) {
		ask(id, WORLD, "a", PATIENCE);
		if (id % 8 == 0) { /* the channel is shorter than the queue */
			ask(100000 + id, NOTHING, "b", PATIENCE);
			expect(100000 + id, 0, "");
		}
	}
	ask(9999, NOTHING, "c", PATIENCE);
	expect(9999, HOOKS_NOT_RUN, "too many wait for their turn");
	pass(fd, "go\n");
	expect(1, 0, "go\n");
	for (uint64_t id = 2; id < 2 + HOOKS_QUEUE; id++)
		expect(id, HOOKS_NOT_RUN, NULL);
}

static int
exit_code(void)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	pid = 0;
	return WEXITSTATUS(status);
}

/* What runs may finish, what waits is not begun; SIGTERM is core's to obey. */
static void
core_goes_away(void **state)
{
	char log[20] = "";
	int fd;
	FILE *f;

	(void)state;
	ask(1, GATE, "a", PATIENCE);
	ask(2, GATE, "a", PATIENCE);
	fd = gate();
	assert_int_equal(kill(pid, SIGTERM), 0);
	close(core);
	pass(fd, "finished\n");
	assert_int_equal(exit_code(), 0);
	f = fopen(place("log"), "r");
	assert_non_null(f);
	assert_non_null(fgets(log, sizeof(log), f));
	assert_string_equal(log, "finished\n");
	assert_null(fgets(log, sizeof(log), f));
	fclose(f);
}

static void
core_goes_away_and_the_limit_holds(void **state)
{
	struct pollfd over = {.events = POLLIN};
	struct hooks_ran r;
	struct blob m = {0};
	int fd = -1;

	(void)state;
	over.fd = core;
	for (uint32_t ms = 500; fd < 0; ms *= 4) { /* until it runs, as above */
		assert_true(ms < PATIENCE);
		ask(ms, GATE, "a", ms);
		while ((fd = open(place("gate"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 &&
		       poll(&over, 1, 10) == 0)
			;
		assert_true(fd >= 0 || hear(&r, &m));
	}
	close(core);
	assert_int_equal(exit_code(), 0);
	expect_gone();
	close(fd);
	blob_free(&m);
}

/* Killed from outside it leaves none behind that nobody would end. */
static void
its_death_is_theirs(void **state)
{
	int fd, status;

	(void)state;
	ask(1, GATE, "a", PATIENCE);
	fd = gate();
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = 0;
	expect_gone();
	close(fd);
}

static void
nonsense_ends_it(void **state)
{
	struct hooks_ran r;
	struct blob m = {0};

	for (int unknown = 0; unknown < 3; unknown++) {
		if (unknown)
			ask(1, unknown == 1 ? SCRIPTS : NONE, "a", PATIENCE);
		else
			assert_true(channel_send(core, VIEW("nonsense"), NULL));
		assert_false(hear(&r, &m));
		if (unknown < 2) {
			assert_int_equal(stop(state), 0);
			assert_int_equal(start(state), 0);
		}
	}
	blob_free(&m);
}

int
main(void)
{
#define WITH_HOOKS(f) cmocka_unit_test_setup_teardown(f, start, stop)
	static const struct CMUnitTest tests[] = {
	    WITH_HOOKS(exit_code_and_output),
	    WITH_HOOKS(exactly_these_variables_and_this_input),
	    WITH_HOOKS(the_last_of_a_flood_is_kept),
	    WITH_HOOKS(over_time_is_ended),
	    WITH_HOOKS(who_ignores_sigterm_is_killed),
	    WITH_HOOKS(what_it_leaves_behind_ends_with_it),
	    WITH_HOOKS(refused_program_is_not_run),
	    WITH_HOOKS(one_trustpoint_one_after_the_other),
	    WITH_HOOKS(eight_at_once),
	    WITH_HOOKS(the_queue_is_bounded),
	    WITH_HOOKS(core_goes_away),
	    WITH_HOOKS(core_goes_away_and_the_limit_holds),
	    WITH_HOOKS(its_death_is_theirs),
	    WITH_HOOKS(nonsense_ends_it),
	};

	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
