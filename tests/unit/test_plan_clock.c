/* test_plan_clock.c - which looks at the clock are believed (INV-15, INV-16, BAD-126, BAD-128).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "plan/plan.h"

#define AT ((when_t)1769860800) /* 2026-01-31T12:00:00Z */
#define NONE INT64_MIN
#define SHORT ((when_t)1000) /* of boot clock: half a second of drift, so none */

enum word { VOUCHED = 1, SYNCED = 2, CONFIRMED = 4, NOBODY = 8 };

/* Relative: wall and mark to AT, boot to 5000 s. */
struct step {
	when_t wall, boot;
	int words;
	enum clock_state state;
	when_t now; /* for decisions, relative to AT */
};

static const struct story {
	const char *sentence;
	when_t mark; /* at the start; NONE */
	struct step step[6];
} stories[] = {
    {"a first start with a vouched clock is honest (INV-15)", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {5, 5, VOUCHED, CLOCK_HONEST, 5}}},
    {"nobody vouches: no time for decisions but the shown one, for nothing was ever decided "
     "(BAD-128)",
	NONE, {{0, 0, NOBODY, CLOCK_UNVOUCHED, 0}, {9, 9, NOBODY, CLOCK_UNVOUCHED, 9}}},
    {"nobody vouches any more: time stands at the last honest look (INV-15)", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {500, 500, NOBODY, CLOCK_UNVOUCHED, 0},
	    {900, 900, VOUCHED, CLOCK_HONEST, 900}}},
    {"a minute ahead of the boot clock is an ordinary step of NTP", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0},
	    {SHORT + 60, SHORT, VOUCHED, CLOCK_HONEST, SHORT + 60}}},
    {"a second more is a leap, and time stands (INV-15)", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {SHORT + 61, SHORT, VOUCHED, CLOCK_LEAPT, 0},
	    {SHORT + 999, SHORT + 900, VOUCHED, CLOCK_LEAPT, 0}}},
    {"a day of uptime allows 43 s of drift besides (500 ppm)", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {DAY + 103, DAY, VOUCHED, CLOCK_HONEST, DAY + 103},
	    {DAY + 104, DAY, VOUCHED, CLOCK_LEAPT, DAY + 103}}},
    {"steps within the tolerance do not add up", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {41, 1, VOUCHED, CLOCK_HONEST, 41},
	    {82, 2, VOUCHED, CLOCK_LEAPT, 41}}},
    {"a leap taken back was nothing (BAD-126)", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {3650 * DAY, 1, VOUCHED, CLOCK_LEAPT, 0},
	    {9, 9, VOUCHED, CLOCK_HONEST, 9}}},
    {"the operator confirms a leap: honest at once, and watched from there", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {400 * DAY, 1, VOUCHED, CLOCK_LEAPT, 0},
	    {400 * DAY + 1, 2, VOUCHED | CONFIRMED, CLOCK_HONEST, 400 * DAY + 1},
	    {400 * DAY + 62, 3, VOUCHED, CLOCK_HONEST, 400 * DAY + 62},
	    {400 * DAY + 63, 3, VOUCHED, CLOCK_LEAPT, 400 * DAY + 62}}},
    {"the kernel's word confirms a leap too, but not in its first minute", NONE,
	{{0, 0, VOUCHED | SYNCED, CLOCK_HONEST, 0}, {DAY, 1, VOUCHED | SYNCED, CLOCK_LEAPT, 0},
	    {DAY + 59, 60, VOUCHED | SYNCED, CLOCK_LEAPT, 0},
	    {DAY + 60, 61, VOUCHED, CLOCK_LEAPT, 0},
	    {DAY + 60, 61, VOUCHED | SYNCED, CLOCK_HONEST, DAY + 60}}},
    {"a leap while nobody vouches is a leap when somebody does; its minute has passed", NONE,
	{{0, 0, VOUCHED | SYNCED, CLOCK_HONEST, 0}, {DAY, 1, NOBODY, CLOCK_UNVOUCHED, 0},
	    {DAY + 30, 31, VOUCHED, CLOCK_LEAPT, 0},
	    {DAY + 61, 62, VOUCHED | SYNCED, CLOCK_HONEST, DAY + 61}}},
    {"a second leap begins a minute of its own", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {DAY, 1, VOUCHED, CLOCK_LEAPT, 0},
	    {70, 70, VOUCHED, CLOCK_HONEST, 70}, {DAY, 80, VOUCHED, CLOCK_LEAPT, 70},
	    {DAY + 50, 130, VOUCHED | SYNCED, CLOCK_LEAPT, 70},
	    {DAY + 60, 140, VOUCHED | SYNCED, CLOCK_HONEST, DAY + 60}}},
    {"a sleep of the machine is no leap: the boot clock counts it", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0},
	    {90 * DAY, 90 * DAY, VOUCHED, CLOCK_HONEST, 90 * DAY}}},
    {"five hundred days of it are not far either: the boot clock knows better than the mark", 0,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0},
	    {500 * DAY, 500 * DAY, VOUCHED, CLOCK_HONEST, 500 * DAY}}},
    {"a minute back is an ordinary step: time stands until it has caught up (INV-16)", NONE,
	{{100, 0, VOUCHED, CLOCK_HONEST, 100}, {40, 1, VOUCHED, CLOCK_HONEST, 100},
	    {100, 61, VOUCHED, CLOCK_HONEST, 100}, {101, 62, VOUCHED, CLOCK_HONEST, 101}}},
    {"a second more is behind; time does not go back (INV-16)", NONE,
	{{7200, 0, VOUCHED, CLOCK_HONEST, 7200}, {7139, 1, VOUCHED, CLOCK_BEHIND, 7200},
	    {0, 2, VOUCHED, CLOCK_BEHIND, 7200}, {7140, 7142, VOUCHED, CLOCK_HONEST, 7200}}},
    {"neither the operator nor the kernel makes a clock honest that is behind (INV-16)", NONE,
	{{7200, 0, VOUCHED, CLOCK_HONEST, 7200},
	    {0, 99, VOUCHED | SYNCED | CONFIRMED, CLOCK_BEHIND, 7200}}},
    {"set back and right again is no leap: the anchor is the start, not the last look", NONE,
	{{0, 0, VOUCHED, CLOCK_HONEST, 0}, {10, 10, VOUCHED, CLOCK_HONEST, 10},
	    {-7200, 20, VOUCHED, CLOCK_BEHIND, 10}, {30, 30, VOUCHED, CLOCK_HONEST, 30}}},
    {"a start with the clock of 1970 is behind what is stored (BAD-128)", 0,
	{{-AT, 0, VOUCHED, CLOCK_BEHIND, 0}, {-AT + 9, 9, VOUCHED, CLOCK_BEHIND, 0},
	    {DAY, 10, VOUCHED | SYNCED, CLOCK_HONEST, DAY}}},
    {"a start up to 400 days after what is stored is honest", 0,
	{{400 * DAY, 0, VOUCHED, CLOCK_HONEST, 400 * DAY}}},
    {"a start a second later asks for confirmation", 0,
	{{400 * DAY + 1, 0, VOUCHED, CLOCK_FAR, 0}, {400 * DAY + 9, 8, VOUCHED, CLOCK_FAR, 0},
	    {400 * DAY + 10, 9, VOUCHED | CONFIRMED, CLOCK_HONEST, 400 * DAY + 10}}},
    {"unless the kernel says that it is synchronised", 0,
	{{4000 * DAY, 0, VOUCHED | SYNCED, CLOCK_HONEST, 4000 * DAY}}},
    {"the kernel's word ends that wait too", 0,
	{{4000 * DAY, 0, VOUCHED, CLOCK_FAR, 0},
	    {4000 * DAY, 1, VOUCHED | SYNCED, CLOCK_HONEST, 4000 * DAY}}},
    {"a clock put right before anybody believed it makes no leap", 0,
	{{500 * DAY, 0, VOUCHED, CLOCK_FAR, 0}, {DAY, 1, VOUCHED, CLOCK_HONEST, DAY}}},
    {"at the end of time nothing overflows", NONE,
	{{WHEN_NEVER - AT - 9, 0, VOUCHED, CLOCK_HONEST, WHEN_NEVER - AT - 9},
	    {WHEN_NEVER - AT, 1, VOUCHED, CLOCK_HONEST, WHEN_NEVER - AT}}},
};

static void
looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(stories); i++) {
		const struct story *s = &stories[i];
		struct plan_clock c = {.mark = s->mark == NONE ? NONE : AT + s->mark};
		when_t mark = c.mark;

		for (size_t k = 0; k < COUNT_OF(s->step) && s->step[k].words != 0; k++) {
			const struct step *p = &s->step[k];
			struct clock_look look = {
			    .wall = AT + p->wall,
			    .boot = 5000 + p->boot,
			    .vouched = (p->words & VOUCHED) != 0,
			    .synchronised = (p->words & SYNCED) != 0,
			    .confirmed = (p->words & CONFIRMED) != 0,
			};

			c = plan_clock(&c, &look);
			if (c.state != p->state)
				fail_msg(
				    "%s: step %zu: state %d", s->sentence, k, (int)c.state);
			if (plan_clock_now(&c, look.wall) != AT + p->now)
				fail_msg("%s: step %zu: time %lld", s->sentence, k,
				    (long long)(plan_clock_now(&c, look.wall) - AT));
			if (c.mark < mark)
				fail_msg("%s: step %zu: the mark fell", s->sentence, k);
			mark = c.mark;
		}
	}
}

/* An anchor of before a restart is a leap's only witness. */
static void
a_restart_does_not_forget_a_leap(void **state)
{
	struct plan_clock c = {.mark = AT, .anchored = true, .wall = AT, .boot = 100};
	struct clock_look look = {.wall = AT + DAY, .boot = 200, .vouched = true};

	(void)state;
	c = plan_clock(&c, &look);
	assert_int_equal(c.state, CLOCK_LEAPT);
	assert_int_equal(plan_clock_now(&c, look.wall), AT);
}

/* Whatever is looked at, time for decisions never goes back, and stands unless honest. */
static void
time_never_goes_back(void **state)
{
	static const when_t walls[] = {
	    -AT, -7200, -61, -60, -1, 0, 1, 60, 61, 7200, 399 * DAY, 401 * DAY};
	static const int words[] = {NOBODY, VOUCHED, VOUCHED | SYNCED, VOUCHED | CONFIRMED};
	enum { LOOKS = COUNT_OF(walls) * COUNT_OF(words), DEPTH = 3 };

	(void)state;
	for (int world = 0; world < LOOKS * LOOKS * LOOKS; world++) {
		struct plan_clock c = {.mark = AT - DAY};
		when_t before = c.mark;
		int rest = world;

		for (int k = 0; k < DEPTH; k++, rest /= LOOKS) {
			int w = words[rest % LOOKS % (int)COUNT_OF(words)];
			struct clock_look look = {
			    .wall = AT + walls[rest % LOOKS / (int)COUNT_OF(words)],
			    .boot = 100 * k,
			    .vouched = (w & VOUCHED) != 0,
			    .synchronised = (w & SYNCED) != 0,
			    .confirmed = (w & CONFIRMED) != 0,
			};
			when_t now;

			c = plan_clock(&c, &look);
			now = plan_clock_now(&c, look.wall);
			if (now < before || (c.state != CLOCK_HONEST && now != before))
				fail_msg("world %d, look %d: from %lld to %lld", world, k,
				    (long long)before, (long long)now);
			before = now;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(looks),
	    cmocka_unit_test(a_restart_does_not_forget_a_leap),
	    cmocka_unit_test(time_never_goes_back),
	};

	return cmocka_run_group_tests_name("plan_clock", tests, NULL, NULL);
}
