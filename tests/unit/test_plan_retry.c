/* test_plan_retry.c - tests of when a trustpoint tries again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan/plan.h"

#define AT ((when_t)1499688856) /* 12:14:16 UTC Jul 10 2017 */
#define FAR (AT + 90 * DAY)
#define PLAIN 128 /* the draw that adds and takes nothing */
#define STOPS WHEN_NEVER

static const struct plan_tp_policy ours = {.retry_count = 999, .retry_period = MINUTE};
static const struct plan_tp_policy ten = {.retry_count = 10, .retry_period = 5 * MINUTE};
static const struct plan_tp_policy ios = {
    .retry_count = 999, .retry_period = MINUTE, .ios_stop_on_reject = true};
static const struct plan_tp_policy ios_ten = {
    .retry_count = 10, .retry_period = 5 * MINUTE, .ios_stop_on_reject = true};

static const struct {
	const char *sentence;
	const struct plan_tp_policy *policy;
	enum plan_answer answer;
	unsigned tries;
	when_t deadline, retry_after;
	uint8_t draw;
	when_t wait; /* INT64_MIN: no trouble */
	bool dark;   /* from now on */
} cases[] = {
    {"without trouble nothing waits", &ours, ANSWER_GOOD, 0, FAR, 0, 0, INT64_MIN},
    {"POLL comes after 60 s (S70)", &ours, ANSWER_PENDING, 1, FAR, 0, PLAIN, 60},
    {"CONNECT RETRY comes after 60 s (R10)", &ours, ANSWER_NONE, 1, FAR, 0, PLAIN, 60},
    {"the smallest draw adds 10 %", &ours, ANSWER_PENDING, 1, FAR, 0, 0, 66},
    {"the largest draw takes 10 %", &ours, ANSWER_PENDING, 1, FAR, 0, 255, 54},
    {"then 2 min", &ours, ANSWER_PENDING, 2, FAR, 0, PLAIN, 120},
    {"then 4 min", &ours, ANSWER_NONE, 3, FAR, 0, PLAIN, 240},
    {"the tenth wait is 8 h 32 min and a tenth", &ours, ANSWER_NONE, 10, FAR, 0, 0, 33792},
    {"the eleventh is 12 h", &ours, ANSWER_NONE, 11, FAR, 0, 0, 12 * HOUR},
    {"and at the cap draws only take", &ours, ANSWER_NONE, 11, FAR, 0, 255, 43200 - 7854},
    {"the 900th is 12 h", &ours, ANSWER_NONE, 900, FAR, 0, 0, 12 * HOUR},
    {"behind the count it is 12 h, and never stops", &ours, ANSWER_PENDING, 1000, FAR, 0, 0,
	12 * HOUR},
    {"a count of ten ends with the tenth retry", &ten, ANSWER_NONE, 10, AT + 1825 * DAY, 0, 0,
	12 * HOUR},
    {"a period of 5 min begins with it (S72)", &ten, ANSWER_NONE, 1, FAR, 0, PLAIN, 300},
    {"and doubles", &ten, ANSWER_NONE, 3, FAR, 0, PLAIN, 1200},
    {"behind ten it is slow at once", &ten, ANSWER_NONE, 11, FAR, 0, 0, 12 * HOUR},
    {"a reject is slow at once", &ours, ANSWER_REJECT, 1, FAR, 0, 0, 12 * HOUR},
    {"with five days left 12 h is a tenth", &ours, ANSWER_REJECT, 1, AT + 5 * DAY, 0, 0,
	12 * HOUR},
    {"with one day left a tenth is 2 h 24 min", &ours, ANSWER_REJECT, 1, AT + DAY, 0, 0, 8640},
    {"with five minutes left 30 s", &ours, ANSWER_NONE, 1, AT + 300, 0, 0, 30},
    {"with a minute left still 10 s", &ours, ANSWER_NONE, 1, AT + 60, 0, 0, 10},
    {"with ten seconds left half of them", &ours, ANSWER_NONE, 1, AT + 10, 0, 0, 5},
    {"with one second left that one", &ours, ANSWER_NONE, 1, AT + 1, 0, 255, 1},
    {"behind the deadline from 60 s on again", &ours, ANSWER_NONE, 1, AT - DAY, 0, PLAIN, 60},
    {"up to 15 min", &ours, ANSWER_NONE, 30, AT, 0, 0, 15 * MINUTE},
    {"and draws only take", &ours, ANSWER_NONE, 30, AT, 0, 255, 900 - 163},
    {"when that was a day ago, up to a sixteenth of it", &ours, ANSWER_NONE, 30, AT - DAY, 0, 0,
	90 * MINUTE},
    {"12 h when it was long ago", &ours, ANSWER_REJECT, 1, AT - 9 * DAY, 0, 0, 12 * HOUR},
    {"dark: from 60 s on", &ours, ANSWER_NONE, 1, FAR, 0, PLAIN, 60, true},
    {"up to 15 min as well", &ours, ANSWER_NONE, 30, FAR, 0, 0, 15 * MINUTE, true},
    {"refused too", &ours, ANSWER_REJECT, 1, FAR, 0, 0, 15 * MINUTE, true},
    {"behind the count too", &ten, ANSWER_PENDING, 11, FAR, 0, 0, 15 * MINUTE, true},
    {"an end is in sight: a tenth", &ours, ANSWER_NONE, 30, AT + HOUR, 0, 0, 360, true},
    {"Retry-After is obeyed for a day", &ours, ANSWER_NONE, 1, FAR, AT + 9 * DAY, 0, DAY, true},
    {"the IOS form does not know that", &ios, ANSWER_NONE, 12, FAR, 0, 0, 1024 * 60, true},
    {"Retry-After of an hour is obeyed", &ours, ANSWER_NONE, 1, FAR, AT + HOUR, 0, HOUR},
    {"a shorter one shortens nothing", &ours, ANSWER_NONE, 1, FAR, AT + 5, PLAIN, 60},
    {"one of 30 d is obeyed", &ours, ANSWER_NONE, 1, FAR, AT + 30 * DAY, 0, 30 * DAY},
    {"a longer one for 30 d", &ours, ANSWER_NONE, 1, FAR, AT + 31 * DAY, 0, 30 * DAY},
    {"one behind the deadline for half of what is left", &ours, ANSWER_NONE, 1, AT + 10 * DAY,
	AT + 11 * DAY, 0, 5 * DAY},
    {"when it is too late, for a day", &ours, ANSWER_NONE, 1, AT, AT + 9 * DAY, 0, DAY},
    {"without a deadline, for 30 d", &ours, ANSWER_NONE, 1, WHEN_NEVER, AT + 90 * DAY, 0,
	30 * DAY},
    {"without a deadline 12 h is the most", &ours, ANSWER_NONE, 40, WHEN_NEVER, 0, 0,
	12 * HOUR},

    {"IOS: first POLL after 60 s, whatever the draw (S70)", &ios, ANSWER_PENDING, 1, FAR, 0,
	255, 60},
    {"IOS: then 1 min (S71)", &ios, ANSWER_PENDING, 2, FAR, 0, 0, 60},
    {"IOS: then 2 min", &ios, ANSWER_PENDING, 3, FAR, 0, 0, 120},
    {"IOS: then 4 min", &ios, ANSWER_PENDING, 4, FAR, 0, 0, 240},
    {"IOS: uncapped, 17 h after ten doublings", &ios, ANSWER_NONE, 12, FAR, 0, 0, 1024 * 60},
    {"IOS: never behind the CA's end (S71)", &ios, ANSWER_NONE, 12, AT + 1024 * 60, 0, 0,
	STOPS},
    {"IOS: a second before it, yes", &ios, ANSWER_NONE, 12, AT + 1024 * 60 + 1, 0, 0,
	1024 * 60},
    {"IOS: 999 doublings end with the CA", &ios, ANSWER_NONE, 999, AT + 7305 * DAY, 0, 0,
	STOPS},
    {"IOS: after the count nothing (R13)", &ios_ten, ANSWER_NONE, 11, FAR, 0, 0, STOPS},
    {"IOS: the tenth of ten is sent", &ios_ten, ANSWER_NONE, 10, FAR, 0, 0, 256 * 300},
    {"IOS: a reject stops (S69)", &ios, ANSWER_REJECT, 1, FAR, 0, 0, STOPS},
    {"IOS form obeys Retry-After too", &ios, ANSWER_NONE, 1, FAR, AT + HOUR, 0, HOUR},
    {"IOS: and no more than ours does", &ios, ANSWER_NONE, 1, FAR, AT + INT32_MAX, 0, 30 * DAY},
    {"IOS: for half of what is left", &ios, ANSWER_NONE, 1, AT + 10 * DAY, AT + 11 * DAY, 0,
	5 * DAY},
};

static void
waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_trouble t = {
		    cases[i].answer, AT, cases[i].tries, cases[i].retry_after, cases[i].draw};
		when_t next = plan_retry(
		    cases[i].policy, &t, cases[i].deadline, cases[i].dark ? AT : WHEN_NEVER);
		when_t right = cases[i].wait == STOPS || cases[i].wait == INT64_MIN
				   ? cases[i].wait
				   : AT + cases[i].wait;

		if (next != right)
			fail_msg("%s: it is %ld", cases[i].sentence, (long)(next - AT));
	}
}

/* Rule 10, as a story: a server that is down for as long as the client lives. */
static void
tries_until_the_deadline(void **state)
{
	when_t deadline = AT + 73 * DAY;
	struct plan_trouble t = {ANSWER_NONE, AT, 0, 0, PLAIN};
	unsigned first_day = 0;

	(void)state;
	while (t.at < deadline) {
		when_t next;

		t.tries++;
		next = plan_retry(&ours, &t, deadline, WHEN_NEVER);
		assert_true(next > t.at && next <= deadline);
		t.at = next;
		first_day += next <= AT + DAY ? 1 : 0;
	}
	assert_int_equal(t.at, deadline);
	assert_int_equal(first_day, 10); /* after about 1, 3, 7 ... 1023 min */
	assert_in_range(t.tries, 200, 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits),
	    cmocka_unit_test(tries_until_the_deadline),
	};

	return cmocka_run_group_tests_name("plan_retry", tests, NULL, NULL);
}
