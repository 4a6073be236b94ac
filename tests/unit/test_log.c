/* test_log.c - tests of log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "tests/unit/log_pipe.h"

static int
divert(void **state)
{
	(void)state;
	/* Time stands still. */
	return log_pipe_open() && clock_init("at=2026-01-31T12:00:00Z,rate=1e-6", NULL) ? 0
											: -1;
}

/* The next event as text; "" when there is none. */
static const char *
event(char out[4096])
{
	ssize_t n = read(from_log, out, 4095);

	out[n > 0 ? n : 0] = 0;
	return out;
}

static void
one_line_per_event(void **state)
{
	char line[4096];

	(void)state;
	log_open("core", LOG_DEBUG);
	log_error("store lost", "errno=%d", 5);
	log_warn("clock without authority", "%s", "");
	log_notice("shadow CA made", "serial='%s' from='%s'", "0A", "now");
	log_debug("turn", "ms=%d", 3);
	assert_string_equal(
	    event(line), "2026-01-31T12:00:00Z core error: store lost errno=5\n");
	assert_string_equal(
	    event(line), "2026-01-31T12:00:00Z core warning: clock without authority \n");
	assert_string_equal(event(line),
	    "2026-01-31T12:00:00Z core notice: shadow CA made serial='0A' from='now'\n");
	assert_string_equal(event(line), "2026-01-31T12:00:00Z core debug: turn ms=3\n");
	assert_string_equal(event(line), "");
}

static void
levels_are_cut_off(void **state)
{
	char line[4096];

	(void)state;
	for (int least = LOG_ERROR; least <= LOG_DEBUG; least++) {
		log_open("core", (enum log_level)least);
		log_error("e", "%d", 0);
		log_warn("w", "%d", 1);
		log_notice("n", "%d", 2);
		log_debug("d", "%d", 3);
		for (int got = 0; got <= least - LOG_ERROR; got++)
			assert_int_equal(event(line)[strlen(line) - 2], '0' + got);
		assert_string_equal(event(line), "");
	}
}

/* Whatever the length of words and facts: one write, one newline, at its end. */
static void
long_events_are_cut(void **state)
{
	char words[3000], line[4096];
	size_t full;

	(void)state;
	log_open("core", LOG_NOTICE);
	for (size_t n = 0; n < sizeof(words); n += 1 + (n < 1990 || n > 2060 ? 96 : 0))
		for (int facts = 0; facts <= 2500; facts += 500) {
			memset(words, 'w', n);
			words[n] = 0;
			log_notice(words, "%0*d", facts, 0);
			assert_non_null(strchr(event(line), '\n'));
			assert_string_equal(strchr(line, '\n'), "\n");
			full = strlen("2026-01-31T12:00:00Z core notice: ") + n + 1 +
			       (size_t)(facts > 1 ? facts : 1) + 1;
			assert_int_equal(strlen(line), full < 2047 ? full : 2047);
			assert_string_equal(event(line), "");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_line_per_event, divert, log_pipe_close),
	    cmocka_unit_test_setup_teardown(levels_are_cut_off, divert, log_pipe_close),
	    cmocka_unit_test_setup_teardown(long_events_are_cut, divert, log_pipe_close),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
