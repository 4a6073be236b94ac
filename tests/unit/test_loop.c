/* test_loop.c - descriptors, timers and calls after a round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sys/sys.h"

/* What happened, in order, one letter each. */
struct world {
	struct loop *l;
	char trace[64];
	size_t n;
	int fds[3][2];
	struct watch *watch[3];
	struct timer *timer[2];
	int again;
	int64_t set_ms, came_ms;
};

static void
note(struct world *w, char c)
{
	assert_true(w->n < sizeof(w->trace) - 1);
	w->trace[w->n++] = c;
}

static int
set_up(void **state)
{
	struct world *w = mem_get(sizeof(*w));

	w->l = loop_new();
	for (int i = 0; i < 3; i++)
		if (!channel_pair(w->fds[i], NULL))
			return -1;
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		watch_free(w->watch[i]);
		close(w->fds[i][0]);
		close(w->fds[i][1]);
	}
	timer_free(w->timer[0]);
	timer_free(w->timer[1]);
	loop_free(w->l);
	free(w);
	return 0;
}

static void
take(struct world *w, int i)
{
	struct blob got = {0};

	assert_int_equal(channel_receive(w->fds[i][1], CHANNEL_MAX, &got), CHANNEL_MESSAGE);
	blob_free(&got);
}

static void
commit(void *arg)
{
	struct world *w = arg;

	note(w, 'C');
	loop_stop(w->l, 7);
}

static void
read_0(void *arg)
{
	struct world *w = arg;

	take(w, 0);
	note(w, 'r');
	loop_after_round(w->l, commit, w);
}

static void
read_1(void *arg)
{
	struct world *w = arg;

	take(w, 1);
	note(w, 'r');
	loop_after_round(w->l, commit, w);
}

static void
test_after_round(void **state)
{
	struct world *w = *state;

	w->watch[0] = loop_watch(w->l, w->fds[0][1], read_0, w);
	w->watch[1] = loop_watch(w->l, w->fds[1][1], read_1, w);
	assert_true(channel_send(w->fds[0][0], VIEW("x"), NULL));
	assert_true(channel_send(w->fds[1][0], VIEW("y"), NULL));
	assert_int_equal(loop_run(w->l), 7);
	assert_string_equal(w->trace, "rrC"); /* both were read, one commit */

	assert_true(channel_send(w->fds[0][0], VIEW("z"), NULL)); /* and it can run again */
	assert_int_equal(loop_run(w->l), 7);
	assert_string_equal(w->trace, "rrCrC");
}

static void
cursor(void *arg)
{
	struct world *w = arg;

	note(w, 'c');
	if (--w->again > 0)
		loop_after_round(w->l, cursor, w);
	if (w->again == 2)
		assert_true(channel_send(w->fds[0][0], VIEW("x"), NULL));
}

/* A long work asks for itself again: what becomes readable meanwhile is served between, nothing
 * waits. */
static void
test_long_work_yields(void **state)
{
	struct world *w = *state;

	w->again = 4;
	w->watch[0] = loop_watch(w->l, w->fds[0][1], read_0, w);
	loop_after_round(w->l, cursor, w);
	assert_int_equal(loop_run(w->l), 7);
	assert_string_equal(w->trace, "ccrcC");
}

static void
due(void *arg)
{
	struct world *w = arg;

	w->came_ms = clock_mono_ms();
	note(w, 't');
	loop_stop(w->l, 1);
}

static void
late(void *arg)
{
	note(arg, 'L');
}

static void
test_timer(void **state)
{
	static const int spans[] = {0, 1, 2, 3, 5, 7, 11, 20};
	struct world *w = *state;

	w->timer[0] = loop_timer(w->l, due, w);
	w->timer[1] = loop_timer(w->l, late, w);
	for (size_t i = 0; i < COUNT_OF(spans); i++) {
		timer_set(w->timer[1], 0);
		timer_set(w->timer[1], INT64_MAX); /* replaces */
		timer_set(w->timer[0], 1);
		w->set_ms = clock_mono_ms();
		timer_set(w->timer[0], spans[i]);
		assert_int_equal(loop_run(w->l), 1);
		assert_true(w->came_ms - w->set_ms >= spans[i]); /* never early */
	}
	timer_set(w->timer[0], -1);
	timer_set(w->timer[1], -1);
	assert_int_equal(loop_run(w->l), 0); /* nothing can happen any more */
	assert_string_equal(w->trace, "tttttttt");
}

/*
 * Nobody sets the clock of this machine for us: with staged, an event stands for a timer, and
 * comes when one asked for would.
 */
static struct {
	bool staged, on_set;
	int fd, clock;
} wall;

int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(
    int fd, int flags, const struct itimerspec *at, struct itimerspec *old);
int __real_timerfd_create(int clock, int flags);
int __real_timerfd_settime(
    int fd, int flags, const struct itimerspec *at, struct itimerspec *old);

int
__wrap_timerfd_create(int clock, int flags)
{
	if (!wall.staged)
		return __real_timerfd_create(clock, flags);
	wall.clock = clock;
	wall.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wall.fd;
}

int
__wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old)
{
	int told = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

	if (!wall.staged)
		return __real_timerfd_settime(fd, flags, at, old);
	wall.on_set = wall.clock == CLOCK_REALTIME && (flags & told) == told && fd == wall.fd;
	return 0;
}

static void
clock_is_set(void)
{
	if (wall.on_set)
		assert_int_equal(eventfd_write(wall.fd, 1), 0);
}

/* The clock is set twice: it is heard each time, and once. */
static void
test_clock_set_is_heard(void **state)
{
	struct world *w = *state;

	wall.staged = true;
	w->watch[0] = loop_clock_set(w->l, late, w);
	wall.staged = false;
	w->timer[0] = loop_timer(w->l, due, w);
	for (int i = 0; i < 2; i++) {
		clock_is_set();
		timer_set(w->timer[0], 5);
		assert_int_equal(loop_run(w->l), 1);
	}
	assert_string_equal(w->trace, "LtLt");
}

/* A clock that nobody sets is quiet, and can be let go. */
static void
test_clock_set(void **state)
{
	struct world *w = *state;

	w->watch[0] = loop_clock_set(w->l, late, w);
	w->timer[0] = loop_timer(w->l, due, w);
	timer_set(w->timer[0], 20);
	assert_int_equal(loop_run(w->l), 1);
	assert_string_equal(w->trace, "t");
}

static void
free_other(void *arg)
{
	struct world *w = arg;

	note(w, 'f');
	for (int i = 0; i < 2; i++) {
		watch_free(w->watch[i]);
		w->watch[i] = NULL;
	}
}

static void
dawdle(void *arg)
{
	struct world *w = arg;
	int64_t until = clock_mono_ms() + 30;

	take(w, 0);
	while (clock_mono_ms() < until)
		;
	w->set_ms = clock_mono_ms();
	timer_set(w->timer[0], 20);
}

/* A timer set late in a long round counts from then, not from the start of the round. */
static void
test_timer_set_late(void **state)
{
	struct world *w = *state;

	w->timer[0] = loop_timer(w->l, due, w);
	w->watch[0] = loop_watch(w->l, w->fds[0][1], dawdle, w);
	assert_true(channel_send(w->fds[0][0], VIEW("x"), NULL));
	assert_int_equal(loop_run(w->l), 1);
	assert_true(w->came_ms - w->set_ms >= 20);
}

/* Of two ready descriptors the first served frees both: the other's call must not come. */
static void
test_free_within_round(void **state)
{
	struct world *w = *state;

	w->watch[0] = loop_watch(w->l, w->fds[0][1], free_other, w);
	w->watch[1] = loop_watch(w->l, w->fds[1][1], free_other, w);
	assert_true(channel_send(w->fds[0][0], VIEW("x"), NULL));
	assert_true(channel_send(w->fds[1][0], VIEW("y"), NULL));
	assert_int_equal(loop_run(w->l), 0);
	assert_string_equal(w->trace, "f");
}

/* Writing to a peer that left is an error, not the end of the process. */
static void
test_no_sigpipe(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	close(fds[1]);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_after_round, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_long_work_yields, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_timer, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_clock_set, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_clock_set_is_heard, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_timer_set_late, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_free_within_round, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_sigpipe, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
