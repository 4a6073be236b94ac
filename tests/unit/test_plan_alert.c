/* test_plan_alert.c - tests of when an expiry is announced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/plan.h"

#define UNTIL ((when_t)1507468456) /* 2017-10-08T13:14:16Z */

/* Days before the end, as people write the calendar down. */
static const int calendar[] = {60, 53, 46, 39, 32, 25, 18, 11, 7, 6, 5, 4, 3, 2, 1, 0};

static when_t
day(int days)
{
	return UNTIL - days * DAY;
}

/* At each instant of the calendar one second before, itself, one behind. */
static void
the_calendar_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(calendar); i++) {
		when_t at = day(calendar[i]), before = i > 0 ? day(calendar[i - 1]) : INT64_MIN,
		       after = i + 1 < COUNT_OF(calendar) ? day(calendar[i + 1]) : WHEN_NEVER;
		enum plan_alert_level level = calendar[i] > 7 ? ALERT_WARNING : ALERT_URGENT;
		struct plan_alert a = plan_alert(before, UNTIL, at - 1);

		assert_int_equal(a.due, ALERT_NONE);
		assert_int_equal(a.next, at);
		for (when_t now = at; now <= at + 1; now++) {
			a = plan_alert(before, UNTIL, now);
			assert_int_equal(a.due, level);
			assert_int_equal(a.next, after);
			a = plan_alert(now, UNTIL, now);
			assert_int_equal(a.due, ALERT_NONE);
			assert_int_equal(a.next, after);
		}
	}
}

/* Whoever asks at any pace hears each instant that he passes, several as one. */
static void
no_pace_misses_one(void **state)
{
	static const when_t paces[] = {HOUR, 7 * HOUR, DAY, 3 * DAY, 10 * DAY, 59 * DAY};

	(void)state;
	for (size_t p = 0; p < COUNT_OF(paces); p++) {
		when_t last = INT64_MIN;

		for (when_t now = day(62) + 1; now < UNTIL + 90 * DAY; now += paces[p]) {
			struct plan_alert a = plan_alert(last, UNTIL, now);
			bool passed = false;

			for (size_t i = 0; i < COUNT_OF(calendar); i++)
				passed |= day(calendar[i]) > now - paces[p] &&
					  day(calendar[i]) <= now;
			assert_true((a.due != ALERT_NONE) == passed);
			assert_true(a.next > now);
			if (a.due != ALERT_NONE)
				last = now;
		}
	}
}

static void
cases_of_their_own(void **state)
{
	static const struct {
		const char *what;
		when_t last, until, now;
		struct plan_alert want;
	} cases[] = {
	    {"long before nothing is due", INT64_MIN, UNTIL, UNTIL - 700 * DAY,
		{ALERT_NONE, UNTIL - 60 * DAY}},
	    {"started late: one at once, then the calendar", INT64_MIN, UNTIL, UNTIL - 20 * DAY,
		{ALERT_WARNING, UNTIL - 18 * DAY}},
	    {"it ended while nobody looked", UNTIL - 30 * DAY, UNTIL, UNTIL + 700 * DAY,
		{ALERT_URGENT, WHEN_NEVER}},
	    {"and that is said once", UNTIL + 1, UNTIL, UNTIL + 700 * DAY,
		{ALERT_NONE, WHEN_NEVER}},
	    {"a last one of the future does not count", UNTIL - DAY, UNTIL, UNTIL - 50 * DAY,
		{ALERT_WARNING, UNTIL - 46 * DAY}},
	    {"a life of an hour is urgent from its start", INT64_MIN, UNTIL, UNTIL - HOUR,
		{ALERT_URGENT, UNTIL}},
	    {"what never ends is never announced", INT64_MIN, WHEN_NEVER, UNTIL,
		{ALERT_NONE, WHEN_NEVER}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_alert a = plan_alert(cases[i].last, cases[i].until, cases[i].now);

		if (a.due != cases[i].want.due || a.next != cases[i].want.next)
			fail_msg("%s: %d, %lld", cases[i].what, (int)a.due, (long long)a.next);
	}
}

static void
a_successor_ends_alerts(void **state)
{
	struct plan_tp_policy p = {.auto_enroll = true};
	struct plan_tp_facts f = {.have_shadow = true, .id_until = UNTIL, .shadow_from = UNTIL};

	(void)state;
	assert_true(plan_tp_followed(&p, &f));
	f.shadow_from = UNTIL + 1; /* a gap */
	assert_false(plan_tp_followed(&p, &f));
	f.shadow_from = UNTIL;
	f.have_shadow = false;
	assert_false(plan_tp_followed(&p, &f));
	f.have_shadow = true;
	p.auto_enroll = false;
	assert_false(plan_tp_followed(&p, &f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_calendar_is_exact),
	    cmocka_unit_test(no_pace_misses_one),
	    cmocka_unit_test(cases_of_their_own),
	    cmocka_unit_test(a_successor_ends_alerts),
	};

	return cmocka_run_group_tests_name("plan_alert", tests, NULL, NULL);
}
