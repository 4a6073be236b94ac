/* test_when.c - tests of dates and spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base.h"

static void
known_dates(void **state)
{
	static const struct {
		const char *text;
		when_t when;
		const char *why;
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0, "the epoch"},
	    {"1969-12-31T23:59:59Z", -1, "a second before the epoch"},
	    {"0000-01-01T00:00:00Z", -62167219200, "the first year of a GeneralizedTime"},
	    {"0001-01-01T00:00:00Z", -62135596800, "a year behind a leap year"},
	    {"1900-03-01T00:00:00Z", -2203891200, "1900 is no leap year"},
	    {"1950-01-01T00:00:00Z", -631152000, "the first year of a UTCTime"},
	    {"2000-02-29T00:00:00Z", 951782400, "2000 is a leap year"},
	    {"2015-10-09T13:14:16Z", 1444396456, "the source document's CA starts"},
	    {"2024-02-29T12:00:00Z", 1709208000, "2024 is a leap year"},
	    {"2038-01-19T03:14:07Z", 2147483647, "the last second in 32 bits"},
	    {"2038-01-19T03:14:08Z", 2147483648, "the first second beyond 32 bits"},
	    {"2049-12-31T23:59:59Z", 2524607999, "the last second of UTCTime"},
	    {"2050-01-01T00:00:00Z", 2524608000, "the first second of GeneralizedTime"},
	    {"2100-02-28T23:59:59Z", 4107542399,
		"2100 has no leap day: its last second of February"},
	    {"2100-03-01T00:00:00Z", 4107542400, "2100 has no leap day: the second after"},
	    {"2400-02-29T00:00:00Z", 13574563200, "2400 is a leap year"},
	    {"9999-12-31T23:59:59Z", 253402300799, "RFC 5280: no end"},
	};
	char text[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		when_t when = 7;

		if (!when_parse(cases[i].text, &when) || when != cases[i].when)
			fail_msg(
			    "%s: %s is read as %ld", cases[i].why, cases[i].text, (long)when);
		if (strcmp(when_rfc3339(cases[i].when, text), cases[i].text) != 0)
			fail_msg("%s: %ld is printed as %s", cases[i].why, (long)cases[i].when,
			    text);
	}
}

static void
dates_that_do_not_exist_are_refused(void **state)
{
	static const char *const cases[] = {
	    "2023-02-29T00:00:00Z",
	    "2100-02-29T00:00:00Z",
	    "1900-02-29T00:00:00Z",
	    "2023-04-31T00:00:00Z",
	    "2023-00-01T00:00:00Z",
	    "2023-13-01T00:00:00Z",
	    "2023-01-00T00:00:00Z",
	    "2023-01-32T00:00:00Z",
	    "2023-01-01T24:00:00Z",
	    "2023-01-01T00:60:00Z",
	    "2016-12-31T23:59:60Z",
	    "",
	    "2023-01-01",
	    "2023-01-01T00:00:00",
	    "2023-01-01T00:00:00z",
	    "2023-01-01 00:00:00Z",
	    "2023-01-01T00:00:00.0Z",
	    "2023-01-01T00:00:00+00:00",
	    "2023-1-01T00:00:00Z ",
	    "+023-01-01T00:00:00Z",
	    "2023-01-01T00:00: 0Z",
	    "2023-01-01T00:00:00ZZ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		when_t when = 7;

		if (when_parse(cases[i], &when) || when != 7)
			fail_msg("'%s' is read as %ld", cases[i], (long)when);
	}
}

/* Each field alone out of range, which when_parse cannot write. */
static void
fields_out_of_range_are_refused(void **state)
{
	static const struct date cases[] = {
	    {-1, 1, 1, 0, 0, 0},
	    {10000, 1, 1, 0, 0, 0},
	    {2023, -1, 1, 0, 0, 0},
	    {2023, 1, -1, 0, 0, 0},
	    {2023, 1, 1, -1, 0, 0},
	    {2023, 1, 1, 0, -1, 0},
	    {2023, 1, 1, 0, 0, -1},
	};
	when_t when;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_false(date_when(&cases[i], &when));
}

/* A calendar that only counts, from year 0 to the end of 9999. */
static void
every_day_of_ten_thousand_years(void **state)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	when_t at = -62167219200, when;

	(void)state;
	for (int year = 0; year <= 9999; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		for (int month = 1; month <= 12; month++) {
			int last = days[month - 1] + (month == 2 && leap ? 1 : 0);

			for (int day = 1; day <= last; day++, at += DAY) {
				struct date d = date_of(at + DAY - 1);

				if (d.year != year || d.month != month || d.day != day ||
				    d.hour != 23 || d.minute != 59 || d.second != 59 ||
				    !date_when(&d, &when) || when != at + DAY - 1)
					fail_msg("day %04d-%02d-%02d", year, month, day);
			}
		}
	}
	assert_int_equal(at, 253402300800);
}

static void
adding_saturates(void **state)
{
	static const struct {
		when_t t, span, sum;
		const char *why;
	} cases[] = {
	    {5, 3, 8, "plain"},
	    {5, -8, -3, "backwards"},
	    {WHEN_NEVER, -DAY, WHEN_NEVER, "never stays never"},
	    {WHEN_NEVER, WHEN_NEVER, WHEN_NEVER, "never and never"},
	    {WHEN_NEVER - 1, 1, WHEN_NEVER, "just reached"},
	    {WHEN_NEVER - 1, 2, WHEN_NEVER, "over the top"},
	    {0, WHEN_NEVER, WHEN_NEVER, "a span without end"},
	    {INT64_MIN, -1, INT64_MIN, "under the floor"},
	    {-2, INT64_MIN, INT64_MIN, "far under the floor"},
	    {INT64_MIN, 1, INT64_MIN + 1, "up from the floor"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (when_add(cases[i].t, cases[i].span) != cases[i].sum)
			fail_msg(
			    "%s: %ld", cases[i].why, (long)when_add(cases[i].t, cases[i].span));
	assert_int_equal(when_min(-1, 2), -1);
	assert_int_equal(when_min(2, -1), -1);
	assert_int_equal(when_max(-1, 2), 2);
	assert_int_equal(when_max(2, WHEN_NEVER), WHEN_NEVER);
}

/* The layouts of "show crypto pki timers" (S40, S41). */
static void
spans_as_ios_prints_them(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
	    {55295657977, "639d23:54:17.977"},
	    {63071657971, "729d23:54:17.971"},
	    {284724003, "3d 7:05:24.003"},
	    {21257977, "5:54:17.977"},
	    {245120, "4:05.120"},
	    {6908, "6.908"},
	    {0, "0.000"},
	    {-1, "0.000"},
	    {INT64_MIN, "0.000"},
	    {999, "0.999"},
	    {59999, "59.999"},
	    {60000, "1:00.000"},
	    {3599999, "59:59.999"},
	    {3600000, "1:00:00.000"},
	    {86399999, "23:59:59.999"},
	    {86400000, "1d 0:00:00.000"},
	    {INT64_MAX, "106751991167d 7:12:55.807"},
	};
	char text[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(span_ios(cases[i].ms, text), cases[i].text);
}

static void
dates_as_ios_prints_them(void **state)
{
	static const char *const months[] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[WHEN_TEXT], want[WHEN_TEXT];
	when_t when;

	(void)state;
	assert_string_equal(when_ios(1444396456, text), "13:14:16 UTC Oct 9 2015");
	assert_string_equal(when_ios(253402300799, text), "23:59:59 UTC Dec 31 9999");
	for (int m = 0; m < 12; m++) {
		struct date d = {2021, m + 1, 28, 1, 2, 3};

		assert_true(date_when(&d, &when));
		(void)snprintf(want, sizeof(want), "01:02:03 UTC %s 28 2021", months[m]);
		assert_string_equal(when_ios(when, text), want);
	}
}

/* Nothing is promised about the words, but they end inside the buffer. */
static void
never_has_a_text(void **state)
{
	static const when_t cases[] = {WHEN_NEVER, INT64_MIN, 253402300800, -62167219201};
	char text[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		memset(text, 'x', sizeof(text));
		assert_non_null(memchr(when_rfc3339(cases[i], text), 0, sizeof(text)));
		memset(text, 'x', sizeof(text));
		assert_non_null(memchr(when_ios(cases[i], text), 0, sizeof(text)));
	}
}

/* BAD-131 */
static void
time_zones_do_not_matter_bad131(void **state)
{
	static const char *const zones[] = {
	    "America/New_York", "Pacific/Kiritimati", "ABC-14", "EST5EDT", "UTC"};

	for (size_t i = 0; i < COUNT_OF(zones); i++) {
		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		tzset();
		known_dates(state);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_dates),
	    cmocka_unit_test(dates_that_do_not_exist_are_refused),
	    cmocka_unit_test(fields_out_of_range_are_refused),
	    cmocka_unit_test(every_day_of_ten_thousand_years),
	    cmocka_unit_test(adding_saturates),
	    cmocka_unit_test(spans_as_ios_prints_them),
	    cmocka_unit_test(dates_as_ios_prints_them),
	    cmocka_unit_test(never_has_a_text),
	    cmocka_unit_test(time_zones_do_not_matter_bad131),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}
