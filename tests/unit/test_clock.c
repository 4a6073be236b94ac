/* test_clock.c - tests of the simulated clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#define AT ((when_t)1769860800) /* 2026-01-31T12:00:00Z */

static int64_t
real_now_ms(void)
{
	assert_true(clock_init(NULL, NULL));
	return clock_now_ms();
}

/* now = at + rate x (real - epoch), looked at between two looks at the real clock. */
static void
arithmetic(void **state)
{
	static const struct {
		const char *rate, *why;
		double r;
		int64_t back; /* epoch lies so many real seconds in the past */
	} cases[] = {
	    {"1", "real speed, from now", 1, 0},
	    {"1", "real speed, from an hour ago", 1, 3600},
	    {"1", "real speed, an hour before the start", 1, -3600},
	    {"86400", "a day each second", 86400, 100},
	    {"0.5", "half speed", 0.5, 100},
	    {"1e-3", "a second takes 1000", 0.001, 5000},
	    {"100000000", "as fast as it goes", 1e8, 10},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t before = real_now_ms(), after, epoch = before / 1000 - cases[i].back,
			got;
		char spec[128];

		(void)snprintf(spec, sizeof(spec), "at=2026-01-31T12:00:00Z,rate=%s,epoch=%ld",
		    cases[i].rate, (long)epoch);
		assert_true(clock_init(spec, NULL));
		got = clock_now_ms();
		assert_true(clock_epoch() == (double)epoch);
		after = real_now_ms();
		if ((double)(got - AT * 1000) <
			cases[i].r * (double)(before - epoch * 1000) - 1 ||
		    (double)(got - AT * 1000) > cases[i].r * (double)(after - epoch * 1000))
			fail_msg(
			    "%s: %ld ms from the start", cases[i].why, (long)(got - AT * 1000));
	}
}

static void
fractions_of_an_epoch_count(void **state)
{
	(void)state;
	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=1,epoch=1700000000.250", NULL));
	assert_true(clock_epoch() == 1700000000.25);
}

static void
without_epoch_it_starts_now(void **state)
{
	int64_t before = real_now_ms();

	(void)state;
	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=1e-6", NULL));
	assert_int_equal(clock_now(), AT);
	assert_true(clock_epoch() >= (double)before / 1000);
}

/* Half a second before 1970 is second -1, not 0. */
static void
seconds_round_down(void **state)
{
	char spec[128];
	int64_t epoch = real_now_ms() / 1000 + 1000;

	(void)state;
	(void)snprintf(
	    spec, sizeof(spec), "at=1970-01-01T00:00:00Z,rate=0.0005,epoch=%ld", (long)epoch);
	assert_true(clock_init(spec, NULL));
	assert_in_range(-clock_now_ms(), 1, 999);
	assert_int_equal(clock_now(), -1);
}

static void
bad_specifications_are_refused(void **state)
{
	static char long_spec[600];
	static const struct {
		const char *spec, *says;
	} cases[] = {
	    {"", "none of real"},
	    {"fast", "none of real"},
	    {"REAL", "none of real"},
	    {"rate=2", "needs at="},
	    {"epoch=5", "needs at="},
	    {"real,rate=2", "none of real"},
	    {"at=", "is no time"},
	    {"at=2026-01-31", "is no time"},
	    {"at=2026-02-29T00:00:00Z", "is no time"},
	    {"at=2026-01-31T12:00:00Z,", "none of real"},
	    {"at=2026-01-31T12:00:00Z,rate=0", "rate '0'"},
	    {"at=2026-01-31T12:00:00Z,rate=-1", "rate '-1'"},
	    {"at=2026-01-31T12:00:00Z,rate=1e9", "rate '1e9'"},
	    {"at=2026-01-31T12:00:00Z,rate=nan", "rate 'nan'"},
	    {"at=2026-01-31T12:00:00Z,rate=inf", "rate 'inf'"},
	    {"at=2026-01-31T12:00:00Z,rate=2x", "rate '2x'"},
	    {"at=2026-01-31T12:00:00Z,rate=", "rate ''"},
	    {"at=2026-01-31T12:00:00Z,epoch=soon", "epoch 'soon'"},
	    {"at=2026-01-31T12:00:00Z,epoch=1e12", "epoch '1e12'"},
	    {"step=", "none of real"},
	    {"step=x,rate=2", "has no pace"},
	    {"epoch=5,step=x", "has no pace"},
	    {"step=x,at=noon", "is no time"},
	    {long_spec, "over 511 characters"},
	};

	(void)state;
	(void)snprintf(long_spec, sizeof(long_spec), "at=2026-01-31T12:00:00Z,rate=%0490d", 1);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		if (clock_init(cases[i].spec, &e))
			fail_msg("'%s' is taken", cases[i].spec);
		if (e.why != WHY_BAD_INPUT || strstr(e.text, cases[i].says) == NULL)
			fail_msg("'%s' is refused with: %s", cases[i].spec, e.text);
		assert_false(clock_simulated()); /* nothing half set */
	}
}

static void
waiting_is_scaled(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=0.001", NULL));
	ms = clock_real_ms_until(AT + 3600); /* 3,600,000 s, less what passed since */
	assert_in_range(ms, 3600000000 - 60000, 3600000000);
	assert_int_equal(clock_real_ms_until(AT), 0);
	assert_int_equal(clock_real_ms_until(AT - DAY), 0);
	assert_int_equal(clock_real_ms_until(WHEN_NEVER), INT64_MAX);
	assert_int_equal(clock_real_ms_until(WHEN_NEVER - 1), INT64_MAX);
	assert_int_equal(clock_real_ms_until(INT64_MAX / 1000), INT64_MAX);
	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=3600", NULL));
	assert_in_range(clock_real_ms_until(AT + 100 * DAY), 2400000 - 60000, 2400000);
}

static void
authority(void **state)
{
	bool kernel;

	(void)state;
	assert_true(clock_init("real", NULL));
	clock_calendar_valid(false);
	assert_false(clock_simulated());
	kernel = clock_authoritative();
	assert_string_equal(clock_source(), kernel ? "NTP" : "no authoritative source");
	clock_calendar_valid(true);
	assert_true(clock_authoritative());
	assert_string_equal(clock_source(), kernel ? "NTP" : "hardware calendar");
	clock_calendar_valid(false);
	assert_int_equal(clock_authoritative(), kernel);
	assert_int_equal(clock_synchronised(), kernel);

	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=1e-6", NULL)); /* it stands */
	assert_true(clock_simulated());
	assert_true(clock_authoritative() && clock_synchronised());
	assert_string_equal(clock_source(), "simulated clock");
	assert_int_equal(clock_boot(), clock_now());
}

/* Seconds since the boot, as the kernel prints them. */
static void
the_boot_clock(void **state)
{
	FILE *f = fopen("/proc/uptime", "r");
	double up = 0;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lf", &up), 1);
	(void)fclose(f);
	assert_true(clock_init("real", NULL));
	assert_in_range(clock_boot() - (when_t)up, 0, 60);
}

/* Transport time-outs stay real. */
static void
the_monotonic_clock_is_not_scaled(void **state)
{
	int64_t before;

	(void)state;
	assert_true(clock_init("real", NULL));
	before = clock_mono_ms();
	assert_true(clock_init("at=2026-01-31T12:00:00Z,rate=100000000", NULL));
	assert_in_range(clock_mono_ms() - before, 0, 60000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arithmetic),
	    cmocka_unit_test(fractions_of_an_epoch_count),
	    cmocka_unit_test(without_epoch_it_starts_now),
	    cmocka_unit_test(seconds_round_down),
	    cmocka_unit_test(bad_specifications_are_refused),
	    cmocka_unit_test(waiting_is_scaled),
	    cmocka_unit_test(authority),
	    cmocka_unit_test(the_boot_clock),
	    cmocka_unit_test(the_monotonic_clock_is_not_scaled),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
