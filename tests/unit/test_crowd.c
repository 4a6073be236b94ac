/* test_crowd.c - when those sent away come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/crowd.h"

static int
send_away(struct crowd *c, int times, int64_t now_ms)
{
	int seconds = 0;

	for (int i = 0; i < times; i++)
		seconds = crowd_retry(c, now_ms);
	return seconds;
}

static void
one_behind_the_other_BAD_158(void **state)
{
	static const struct {
		const char *what;
		int64_t now_ms;
		int times, seconds;
	} rows[] = {
	    {"the first comes soon", 1000, 1, CROWD_SOON},
	    {"and who is sent away long after it", 11000, 1, CROWD_SOON},
	    {"as many as are served in a second come in the same", 11000, CROWD_RATE - 1,
		CROWD_SOON},
	    {"the next one comes a second later", 11000, 1, CROWD_SOON + 1},
	    {"5000 are spread over half a minute", 11000, 5000 - CROWD_RATE - 1,
		CROWD_SOON + 4999 / CROWD_RATE},
	    {"two seconds later the line is shorter by them", 13000, 1,
		CROWD_SOON + 4999 / CROWD_RATE - 1},
	    {"nobody waits longer than this", 13000, 100000, CROWD_LATE},
	    {"also when the next one is sent away", 13000, 1, CROWD_LATE},
	    {"when a crowd is gone it is as at first", 13000 + CROWD_LATE * 1000, 1,
		CROWD_SOON},
	};
	struct crowd c = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (send_away(&c, rows[i].times, rows[i].now_ms) != rows[i].seconds)
			fail_msg("%s", rows[i].what);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_behind_the_other_BAD_158)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
