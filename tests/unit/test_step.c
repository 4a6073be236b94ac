/* test_step.c - processes on one clock that steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

#define AT ((when_t)1769860800) /* 2026-01-31T12:00:00Z */

static char path[300], spec[400];

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/step-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	close(mkstemp(path));
	(void)snprintf(spec, sizeof(spec), "step=%s,at=2026-01-31T12:00:00Z", path);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

/* A process that announces what it is told: "I next", "B next", octets of a pipe; it says '.'
 * when done. */
struct other {
	pid_t pid;
	int to, from;
};

static void
other_runs(int in, int out)
{
	int64_t word[2];

	if (!clock_init(spec, NULL))
		_exit(1);
	while (read(in, word, sizeof(word)) == (ssize_t)sizeof(word)) {
		clock_announce(word[1], word[0] == 'B');
		if (write(out, ".", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static struct other
other_start(void)
{
	struct other o;
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	o.pid = fork();
	assert_true(o.pid >= 0);
	if (o.pid == 0) {
		close(in[1]);
		other_runs(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	o.to = in[1];
	o.from = out[0];
	return o;
}

static void
other_says(const struct other *o, char what, when_t next)
{
	int64_t word[2] = {what, next};
	char done;

	assert_int_equal(write(o->to, word, sizeof(word)), sizeof(word));
	assert_int_equal(read(o->from, &done, 1), 1);
}

static void
other_ends(struct other *o, int signal)
{
	int status;

	close(o->to);
	if (signal != 0)
		assert_int_equal(kill(o->pid, signal), 0);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	assert_true(signal != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	close(o->from);
}

static void
begins_at(void **state)
{
	(void)state;
	assert_true(clock_init(spec, NULL));
	assert_int_equal(clock_now(), AT);
	assert_int_equal(clock_now_ms(), AT * 1000);
	assert_true(clock_simulated() && clock_stepped() && clock_authoritative());
	assert_int_equal(clock_boot(), AT); /* so it never leaps */
	assert_string_equal(clock_boot_id(), "");
	assert_string_equal(clock_source(), "simulated clock that steps");
	assert_int_equal(clock_real_ms_until(AT), 0);
	assert_in_range(clock_real_ms_until(AT + 1), 1, 10);
	assert_in_range(clock_real_ms_until(WHEN_NEVER), 1, 10); /* others may end */
	assert_true(clock_init("real", NULL));
	assert_false(clock_stepped());
	assert_true(strlen(clock_boot_id()) > 30);
}

static void
goes_on_where_it_was(void **state)
{
	(void)state;
	assert_true(clock_init(spec, NULL));
	clock_announce(AT + 7, false);
	(void)snprintf(spec, sizeof(spec), "step=%s,at=2030-01-01T00:00:00Z", path);
	assert_true(clock_init(spec, NULL));
	assert_int_equal(clock_now(), AT + 7);
}

/* To the earliest, when all have announced; not while one is busy, nor while one has reached
 * its instant and said nothing since. */
static void
jumps_when_all_wait(void **state)
{
	struct other o = other_start();

	(void)state;
	assert_true(clock_init(spec, NULL));
	clock_announce(WHEN_NEVER, true);
	other_says(&o, 'I', AT + 10);
	assert_int_equal(clock_now(), AT); /* we are busy */
	clock_announce(AT + 100, false);
	assert_int_equal(clock_now(), AT + 10);
	clock_announce(AT + 100, false);
	assert_int_equal(clock_now(), AT + 10); /* the other has work: its instant has come */
	other_says(&o, 'B', AT + 10);
	clock_announce(AT + 100, false);
	assert_int_equal(clock_now(), AT + 10);
	other_says(&o, 'I', AT + 100); /* who announces last lets it jump */
	assert_int_equal(clock_now(), AT + 100);
	other_says(&o, 'I', WHEN_NEVER);
	assert_int_equal(clock_now(), AT + 100); /* now we have work */
	clock_announce(WHEN_NEVER, false);
	assert_int_equal(clock_now(), AT + 100); /* nobody wants anything any more */
	other_ends(&o, 0);
}

/* Who leads sees whether the others are done with an instant, and when the next of theirs is.
 */
static void
leader_sees_who_is_settled(void **state)
{
	struct other o = other_start();
	when_t next = 0;

	(void)state;
	assert_true(clock_init(spec, NULL));
	clock_announce(WHEN_NEVER, true);
	assert_true(clock_settled(&next)); /* there is nobody else */
	assert_true(next == WHEN_NEVER);
	other_says(&o, 'B', AT + 10);
	assert_false(clock_settled(&next));
	other_says(&o, 'I', AT + 10);
	assert_true(clock_settled(&next));
	assert_int_equal(next, AT + 10);
	clock_announce(AT + 10, false);
	assert_int_equal(clock_now(), AT + 10);
	assert_false(clock_settled(&next)); /* its instant has come */
	other_says(&o, 'I', AT + 20);
	assert_true(clock_settled(&next));
	assert_int_equal(next, AT + 20);
	other_ends(&o, SIGKILL);
	assert_true(clock_settled(&next));
	assert_true(next == WHEN_NEVER);
}

static void
nobody_waits_for_the_dead(void **state)
{
	static const int ways[] = {0, SIGKILL};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct other o = other_start();

		assert_true(clock_init(spec, NULL));
		clock_announce(WHEN_NEVER, true);
		other_says(&o, 'B', WHEN_NEVER);
		clock_announce(AT + 5 + (when_t)i, false);
		assert_true(clock_now() < AT + 5 + (when_t)i);
		other_ends(&o, ways[i]);
		clock_announce(AT + 5 + (when_t)i, false);
		assert_int_equal(clock_now(), AT + 5 + (when_t)i);
	}
}

/* Places are used again: more processes than places, one after the other. */
static void
places_are_used_again(void **state)
{
	(void)state;
	assert_true(clock_init(spec, NULL));
	clock_announce(WHEN_NEVER, true);
	for (int i = 0; i < 100; i++) {
		struct other o = other_start();

		other_says(&o, 'I', AT + 1);
		other_ends(&o, i % 2 == 0 ? SIGKILL : 0);
	}
	clock_announce(AT + 9, false);
	assert_int_equal(clock_now(), AT + 9);
}

static void
bad_files(void **state)
{
	static const char *const contents[] = {"x", "KMSTEP1\n"};
	struct err e = {0};
	char zeros[1040] = {0};
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		fd = open(path, O_WRONLY | O_TRUNC);
		assert_int_equal(
		    write(fd, contents[i], strlen(contents[i])), strlen(contents[i]));
		close(fd);
		assert_false(clock_init(spec, &e));
		assert_non_null(strstr(e.text, "no stepped clock"));
		assert_false(clock_simulated());
	}
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	close(fd);
	assert_false(clock_init(spec, &e)); /* the right length alone makes no clock */
	assert_false(clock_init("step=/nowhere/at/all", &e));
	assert_int_equal(e.why, WHY_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(begins_at, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(goes_on_where_it_was, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(jumps_when_all_wait, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(leader_sees_who_is_settled, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(nobody_waits_for_the_dead, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(places_are_used_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(bad_files, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("step", tests, NULL, NULL);
}
