/* test_clocks.c - clocks that drift, stand still, are set right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/sim_int.h"

#define NOON INT64_C(1444392000) /* 2015-10-09T12:00:00Z */

static struct sim
at_noon(void)
{
	return (struct sim){.now = NOON * 1000};
}

static struct wrong_clock
good(void)
{
	return (struct wrong_clock){
	    .vouched = true, .boot_ms = NOON * 1000, .plan.mark = INT64_MIN};
}

static void
drift_adds_up_and_is_set_right_to_the_millisecond(void **state)
{
	struct sim w = at_noon();
	struct wrong_clock c = good();

	(void)state;
	clock_drift(&w, &c, 200);
	w.now += 7 * DAY_MS + 1;
	clock_drift(&w, &c, -77); /* one within the other, of odd lengths */
	w.now += DAY_MS + 333;
	assert_int_equal(
	    clock_ahead(&w, &c), (200 * (8 * DAY_MS + 334) - 77 * (DAY_MS + 333)) / 1000000);
	clock_drift(&w, &c, 77);
	c.righted -= 77 * (DAY_MS + 333);
	w.now += DAY_MS + 7;
	clock_drift(&w, &c, -200);
	c.righted += 200 * (9 * DAY_MS + 341);
	assert_int_equal(clock_ahead(&w, &c), 0);
}

/* Never later than it shows that, and when asked again and again at that very second. */
static void
the_instant_is_found_of_a_clock_that_drifts(void **state)
{
	static const int64_t rates[] = {0, 1, -1, 200, -200};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		struct sim w = at_noon();
		struct wrong_clock c = good();
		when_t wanted = NOON + 700 * DAY;

		clock_drift(&w, &c, rates[i]);
		for (int k = 0; k < 20 && w.now + clock_ahead(&w, &c) < wanted * 1000; k++) {
			int64_t at = clock_true(&w, &c, wanted);

			w.now = at > w.now ? at : w.now + 1;
		}
		assert_int_equal(clock_look_at(&w, &c), wanted);
		w.now -= 2;
		c.plan.mark = INT64_MIN;
		assert_int_equal(clock_look_at(&w, &c), wanted - 1);
	}
}

static void
what_stands_shows_no_later_time(void **state)
{
	struct sim w = at_noon();
	struct wrong_clock c = good();

	(void)state;
	assert_int_equal(clock_look_at(&w, &c), NOON);
	clock_drift(&w, &c, CLOCK_STANDS);
	w.now += DAY_MS;
	assert_int_equal(clock_look_at(&w, &c), NOON);
	assert_true(clock_true(&w, &c, NOON + 1) == INT64_MAX);
	assert_true(clock_true(&w, &c, NOON) <= w.now);
	assert_false(clock_right(&w, &c));
	/* The boot clock stood too, so it leaps until somebody says that it is right. */
	clock_drift(&w, &c, -CLOCK_STANDS);
	c.righted += CLOCK_STANDS * DAY_MS;
	assert_int_equal(clock_look_at(&w, &c), NOON);
	assert_int_equal(c.plan.state, CLOCK_LEAPT);
	c.confirmed = true;
	assert_int_equal(clock_look_at(&w, &c), NOON + DAY);
	assert_true(clock_right(&w, &c));
}

/* 200 ppm are within what the boot clock allows. */
static void
a_drift_that_is_set_right_is_no_leap(void **state)
{
	(void)state;
	for (int64_t ppm = -200; ppm <= 200; ppm += 400) {
		struct sim w = at_noon();
		struct wrong_clock c = good();

		(void)clock_look_at(&w, &c);
		clock_drift(&w, &c, ppm);
		w.now += 60 * DAY_MS;
		(void)clock_look_at(&w, &c);
		assert_int_equal(c.plan.state, CLOCK_HONEST);
		assert_false(clock_right(&w, &c)); /* 17 minutes */
		clock_drift(&w, &c, -ppm);
		c.righted += ppm * 60 * DAY_MS;
		(void)clock_look_at(&w, &c);
		assert_int_equal(c.plan.state, ppm < 0 ? CLOCK_HONEST : CLOCK_BEHIND);
		w.now += 17 * MINUTE_MS;
		(void)clock_look_at(&w, &c);
		assert_int_equal(c.plan.state, CLOCK_HONEST);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(drift_adds_up_and_is_set_right_to_the_millisecond),
	    cmocka_unit_test(the_instant_is_found_of_a_clock_that_drifts),
	    cmocka_unit_test(what_stands_shows_no_later_time),
	    cmocka_unit_test(a_drift_that_is_set_right_is_no_leap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
