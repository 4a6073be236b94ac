/* test_rules.c - tests of what a configuration can promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan/plan.h"

/* The source document's server and spoke, and what is changed in them. */
#define CA .lifetime_ca = 730 * DAY, .lifetime_cert = 365 * DAY
#define SEED CA, .rollover = 90 * DAY
#define SPOKE .url = true, .auto_enroll = true, .retry_period = MINUTE
#define MINUTES_LONG                                                                           \
	.lifetime_ca = 10 * MINUTE, .lifetime_cert = 10 * MINUTE, .rollover = 4 * MINUTE

enum twist {
	AS_IS,
	PERCENT_50,
	PERCENT_70,
	PERCENT_75,
	PERCENT_100,
	NO_AUTO,
	NO_AUTO_72,
	NO_ROLLOVER,
	ROLLOVER_CA,
	ROLLOVER_SHORT,
	WITH_D,
	LONG_CERT,
	SPREAD,
	TWENTY_YEARS,
	OVERLAP,
	OVERLAP_TIGHT,
	OVERLAP_LONG,
	OVERLAP_LIFE,
	SUBORDINATE,
	SUBORDINATE_70,
	MINUTES,
	MINUTES_SPREAD,
	BY_HAND,
	BY_HAND_TIGHT,
	BY_HAND_LONG,
	RENEWS_LATE,
	RENEWS_NEVER,
};

static const struct {
	struct plan_rules_server server;
	struct plan_tp_policy client;
} pairs[] = {
    [AS_IS] = {{SEED}, {SPOKE, .percent = 80}},
    [PERCENT_50] = {{SEED}, {SPOKE, .percent = 50}},
    [PERCENT_70] = {{SEED}, {SPOKE, .percent = 70}},
    [PERCENT_75] = {{SEED}, {SPOKE, .percent = 75}},
    [PERCENT_100] = {{SEED}, {SPOKE, .percent = 100}},
    [NO_AUTO] = {{SEED}, {.url = true, .retry_period = MINUTE}},
    [NO_AUTO_72] = {{CA, .rollover = 72 * DAY}, {.url = true, .retry_period = MINUTE}},
    [NO_ROLLOVER] = {{CA}, {SPOKE, .percent = 80}},
    [ROLLOVER_CA] = {{CA, .rollover = 730 * DAY}, {SPOKE, .percent = 80}},
    [ROLLOVER_SHORT] = {{CA, .rollover = 299}, {SPOKE, .percent = 80}},
    [WITH_D] = {{SEED, .generation = 10 * MINUTE, .clock_error = 30}, {SPOKE, .percent = 80}},
    [LONG_CERT] = {{.lifetime_ca = 730 * DAY,
		       .lifetime_cert = 1000 * DAY,
		       .rollover = 90 * DAY},
	{SPOKE, .percent = 80}},
    [SPREAD] = {{SEED}, {SPOKE, .percent = 80, .spread = 10 * DAY}},
    [TWENTY_YEARS] = {{.lifetime_ca = 7305 * DAY,
			  .lifetime_cert = 7305 * DAY,
			  .rollover = 1461 * DAY},
	{SPOKE, .percent = 80}},
    [OVERLAP] = {{SEED, .overlap = 10 * DAY}, {SPOKE, .percent = 80}},
    [OVERLAP_TIGHT] = {{SEED, .overlap = MINUTE, .clock_error = 30}, {SPOKE, .percent = 80}},
    [OVERLAP_LONG] = {{SEED, .overlap = 91 * DAY}, {SPOKE, .percent = 80}},
    [OVERLAP_LIFE] = {{SEED, .overlap = 730 * DAY}, {SPOKE, .percent = 80}},
    [SUBORDINATE] = {{SEED, .subordinate = true, .upper_rollover = 200 * DAY,
			 .upper_percent = 80},
	{SPOKE, .percent = 80}},
    [SUBORDINATE_70] = {{SEED, .subordinate = true, .upper_rollover = 200 * DAY,
			    .upper_percent = 70},
	{SPOKE, .percent = 80}},
    [MINUTES] = {{MINUTES_LONG}, {SPOKE, .percent = 80}},
    [BY_HAND] = {{SEED}, {SPOKE, .percent = 80, .shadow_only = true}},
    [BY_HAND_TIGHT] = {{.lifetime_ca = 730 * DAY,
			   .lifetime_cert = 30 * DAY,
			   .rollover = 40 * DAY},
	{SPOKE, .percent = 80, .shadow_only = true}},
    [BY_HAND_LONG] = {{.lifetime_ca = 730 * DAY,
			  .lifetime_cert = 730 * DAY,
			  .rollover = 40 * DAY},
	{SPOKE, .percent = 95, .shadow_only = true}},
    [RENEWS_LATE] = {{.lifetime_ca = 28 * DAY, .lifetime_cert = DAY, .rollover = 9 * HOUR},
	{.url = true, .auto_enroll = true, .retry_period = HOUR, .percent = 90}},
    [RENEWS_NEVER] = {{.lifetime_ca = 4 * DAY, .lifetime_cert = 4 * DAY, .rollover = 9 * HOUR},
	{.url = true, .auto_enroll = true, .retry_period = HOUR, .percent = 95}},
    [MINUTES_SPREAD] = {{MINUTES_LONG}, {SPOKE, .percent = 80, .spread = MINUTE}},
};

static const struct {
	const char *sentence;
	enum twist twist;
	enum plan_rule_code code;
	enum plan_rule_level level;
	when_t margin;
} cases[] = {
    {"the source's example has 17 days (3.5)", AS_IS, RULE_TF05, RULE_HOLDS, 17 * DAY},
    {"its clients have 73 days less one retry", AS_IS, RULE_TF07, RULE_HOLDS, 73 * DAY - 60},
    {"and may be away for as long", AS_IS, RULE_TF13, RULE_HOLDS, 73 * DAY - 60},
    {"who enrols in the last 5 minutes finds the next CA", AS_IS, RULE_TF08, RULE_HOLDS,
	90 * DAY - 295},
    {"it is made 640 days after the start", AS_IS, RULE_TF01, RULE_HOLDS, 640 * DAY},
    {"50 % is refused: 182.5 days are needed (TF-05)", PERCENT_50, RULE_TF05, RULE_REFUSES,
	-(92 * DAY + 12 * HOUR)},
    {"70 % is refused: 19.5 days short (3.5)", PERCENT_70, RULE_TF05, RULE_REFUSES,
	-(19 * DAY + 12 * HOUR)},
    {"75 % is 1.25 days short", PERCENT_75, RULE_TF05, RULE_REFUSES, -(DAY + 6 * HOUR)},
    {"100 % leaves no time", PERCENT_100, RULE_TF07, RULE_REFUSES, -60},
    {"nor a tolerance", PERCENT_100, RULE_TF13, RULE_WARNS, -60},
    {"at 100 % everybody asks at once", PERCENT_100, RULE_TF08, RULE_WARNS,
	90 * DAY + 1 - WHEN_NEVER},
    {"without auto-enroll 17 days too", NO_AUTO, RULE_TF06, RULE_HOLDS, 17 * DAY},
    {"72 days are one short of a tenth of 730", NO_AUTO_72, RULE_TF06, RULE_REFUSES, -DAY},
    {"without auto-rollover all are stranded", NO_ROLLOVER, RULE_TF05, RULE_REFUSES, -73 * DAY},
    {"auto-rollover must be shorter than the CA's life", ROLLOVER_CA, RULE_TF01, RULE_REFUSES,
	0},
    {"a next CA in the last 299 s fails those of 300 s", ROLLOVER_SHORT, RULE_TF08, RULE_HOLDS,
	4},
    {"making it and clocks cost their time", WITH_D, RULE_TF05, RULE_HOLDS, 17 * DAY - 630},
    {"clocks cost the clients theirs", WITH_D, RULE_TF07, RULE_HOLDS, 73 * DAY - 90},
    {"no certificate is longer than its CA: 146 days", LONG_CERT, RULE_TF05, RULE_REFUSES,
	-56 * DAY},
    {"spread only delays", SPREAD, RULE_TF05, RULE_HOLDS, 17 * DAY},
    {"and takes from what is left", SPREAD, RULE_TF07, RULE_HOLDS, 63 * DAY - 60},
    {"twenty years", TWENTY_YEARS, RULE_TF05, RULE_HOLDS, 0},
    {"an overlap of ten days", OVERLAP, RULE_TF02, RULE_HOLDS, 10 * DAY - 1},
    {"one of a minute, clocks half a minute off", OVERLAP_TIGHT, RULE_TF02, RULE_WARNS, -1},
    {"one that starts before the next CA is made", OVERLAP_LONG, RULE_TF02, RULE_WARNS, -DAY},
    {"one as long as life leaves nothing behind T", OVERLAP_LIFE, RULE_TF02, RULE_REFUSES,
	-640 * DAY},
    {"a subordinate asks 146 days before its end", SUBORDINATE, RULE_TF12, RULE_HOLDS,
	54 * DAY},
    {"which leaves its clients 73", SUBORDINATE, RULE_TF05, RULE_HOLDS, 73 * DAY},
    {"at 70 % it asks 219 days before", SUBORDINATE_70, RULE_TF12, RULE_REFUSES, -19 * DAY},
    {"ten minutes: 2 of margin", MINUTES, RULE_TF05, RULE_HOLDS, 120},
    {"and one to be away", MINUTES, RULE_TF13, RULE_HOLDS, 60},
    {"spread takes it", MINUTES_SPREAD, RULE_TF13, RULE_WARNS, 0},
    {"who is renewed by hand asks at 90 % of the CA's life", BY_HAND, RULE_TF06, RULE_HOLDS,
	17 * DAY},
    {"however short its certificates", BY_HAND_TIGHT, RULE_TF06, RULE_REFUSES, -33 * DAY},
    {"though those that end with the CA wait for 80 % of theirs", BY_HAND_TIGHT, RULE_TF05,
	RULE_HOLDS, 34 * DAY},
    {"renewals come in the hours in which SHADOW is at once", RENEWS_LATE, RULE_TF08,
	RULE_REFUSES, 10 - HOUR},
    {"without renewals only first enrolments do", RENEWS_NEVER, RULE_TF08, RULE_WARNS,
	20 - 11 * HOUR},
};

static void
margins(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_rule rules[RULE_COUNT];
		size_t n = plan_rules(
			   &pairs[cases[i].twist].server, &pairs[cases[i].twist].client, rules),
		       k = 0;

		while (k < n && rules[k].code != cases[i].code)
			k++;
		if (k == n)
			fail_msg("%s: the rule is not asked", cases[i].sentence);
		if (rules[k].margin != cases[i].margin || rules[k].level != cases[i].level)
			fail_msg("%s: level %d, %ld s", cases[i].sentence, (int)rules[k].level,
			    (long)rules[k].margin);
	}
}

/* Which rules are asked depends on the pair. */
static void
rules_that_apply(void **state)
{
	static const struct {
		const char *sentence;
		enum twist twist;
		size_t n;
		enum plan_rule_code codes[RULE_COUNT];
	} asked[] = {
	    {"a client that renews", AS_IS, 5,
		{RULE_TF01, RULE_TF05, RULE_TF07, RULE_TF08, RULE_TF13}},
	    {"one that does not", NO_AUTO, 2, {RULE_TF01, RULE_TF06}},
	    {"one that is renewed by hand", BY_HAND, 6,
		{RULE_TF01, RULE_TF05, RULE_TF07, RULE_TF08, RULE_TF13, RULE_TF06}},
	    {"and whose certificates all end with the CA", BY_HAND_LONG, 5,
		{RULE_TF01, RULE_TF05, RULE_TF07, RULE_TF08, RULE_TF13}},
	    {"with an overlap", OVERLAP, 6,
		{RULE_TF01, RULE_TF02, RULE_TF05, RULE_TF07, RULE_TF08, RULE_TF13}},
	    {"below a subordinate CA", SUBORDINATE, 6,
		{RULE_TF01, RULE_TF05, RULE_TF07, RULE_TF08, RULE_TF13, RULE_TF12}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		struct plan_rule rules[RULE_COUNT];
		size_t n = plan_rules(
		    &pairs[asked[i].twist].server, &pairs[asked[i].twist].client, rules);

		if (n != asked[i].n)
			fail_msg("%s: %zu rules", asked[i].sentence, n);
		for (size_t k = 0; k < n; k++)
			if (rules[k].code != asked[i].codes[k])
				fail_msg("%s: rule %zu is %d", asked[i].sentence, k,
				    (int)rules[k].code);
	}
}

/* Days behind SHADOW that a first enrolment has, so long before the CA's end (TF-07). */
static void
the_last_day_for_a_first_enrolment(void **state)
{
	static const struct {
		const char *sentence;
		enum twist twist;
		when_t slack, before;
	} days[] = {
	    {"a day of slack: five days before", AS_IS, DAY, 5 * DAY - 4},
	    {"a second before that not any more", AS_IS, DAY + 1, 5 * DAY + 1},
	    {"17 days: 85 before", AS_IS, 17 * DAY, 85 * DAY - 4},
	    {"at 50 % two for each", PERCENT_50, 9 * DAY, 18 * DAY - 1},
	    {"spread takes at most half", SPREAD, DAY, 10 * DAY - 9},
	    {"or all of itself", SPREAD, 20 * DAY, 150 * DAY - 4},
	    {"no slack: until the end", AS_IS, 0, 0},
	    {"100 %: never", PERCENT_100, DAY, WHEN_NEVER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		when_t before = plan_rules_latest(&pairs[days[i].twist].client, days[i].slack);

		if (before != days[i].before)
			fail_msg("%s: %ld", days[i].sentence, (long)before);
	}
}

/* What would be right, in days and in minutes (property: tests/property/rules_world.c). */
static void
the_cure_is_the_least_change(void **state)
{
	static const struct {
		const char *sentence;
		enum twist twist;
		when_t step, rollover;
		unsigned percent;
	} cures[] = {
	    {"what holds needs 73 days", AS_IS, DAY, 73 * DAY, 76},
	    {"70 % needs 109.5 days, or is 76", PERCENT_70, DAY, 110 * DAY, 76},
	    {"to the minute", PERCENT_70, MINUTE, 109 * DAY + 12 * HOUR, 76},
	    {"75 %", PERCENT_75, DAY, 92 * DAY, 76},
	    {"without auto-enroll a day is missing; with it 81 %", NO_AUTO_72, DAY, 73 * DAY,
		81},
	    {"without auto-rollover no percentage helps", NO_ROLLOVER, DAY, 73 * DAY, 0},
	    {"at 100 % no auto-rollover helps", PERCENT_100, DAY, 0, 76},
	    {"nothing helps against an overlap of a whole life", OVERLAP_LIFE, DAY, 0, 0},
	    {"a subordinate's own line says nothing", SUBORDINATE_70, DAY, 0, 0},
	    {"minutes", MINUTES, MINUTE, 2 * MINUTE, 60},
	    {"no percentage helps who is renewed by hand", BY_HAND_TIGHT, DAY, 73 * DAY, 0},
	    {"10 hours, or a percentage that leaves more than one", RENEWS_LATE, MINUTE,
		10 * HOUR, 63},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cures); i++) {
		struct plan_cure cure = plan_rules_cure(&pairs[cures[i].twist].server,
		    &pairs[cures[i].twist].client, cures[i].step);

		if (cure.rollover != cures[i].rollover || cure.percent != cures[i].percent)
			fail_msg("%s: %ld s, %u %%", cures[i].sentence, (long)cure.rollover,
			    cure.percent);
	}
}

/* The source's example: worst client enrolled on day 365 (3.5). */
static void
the_course_of_the_source(void **state)
{
	struct plan_course c =
	    plan_rules_course(&pairs[AS_IS].server, &pairs[AS_IS].client, 7 * DAY);

	(void)state;
	assert_int_equal(c.made, 640 * DAY);
	assert_int_equal(c.enrols, 365 * DAY);
	assert_int_equal(c.asks, 657 * DAY);
	assert_int_equal(c.latest, 695 * DAY + 4);
	c = plan_rules_course(&pairs[NO_AUTO].server, &pairs[NO_AUTO].client, 0);
	assert_int_equal(c.enrols, 0);
	assert_int_equal(c.asks, 657 * DAY);
	c = plan_rules_course(
	    &pairs[BY_HAND_TIGHT].server, &pairs[BY_HAND_TIGHT].client, 7 * DAY);
	assert_int_equal(c.enrols, 0);
	assert_int_equal(c.asks, 657 * DAY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cure_is_the_least_change),
	    cmocka_unit_test(the_course_of_the_source),
	    cmocka_unit_test(margins),
	    cmocka_unit_test(rules_that_apply),
	    cmocka_unit_test(the_last_day_for_a_first_enrolment),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
