/* test_err.c - tests of reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
refusing_is_one_line(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_set(&e, WHY_REFUSED, "CRL of %d bytes, limit %d", 7, 5));
	assert_int_equal(e.why, WHY_REFUSED);
	assert_string_equal(e.text, "CRL of 7 bytes, limit 5");
	assert_false(err_prefix(&e, "generation %d", 2));
	assert_int_equal(e.why, WHY_REFUSED);
	assert_string_equal(e.text, "generation 2: CRL of 7 bytes, limit 5");
}

static void
nobody_has_to_listen(void **state)
{
	(void)state;
	assert_false(err_set(NULL, WHY_IO, "%s", "lost"));
	assert_false(err_prefix(NULL, "%s", "lost"));
}

/* Prefix and reason of every length about the end of the buffer: cut, ended by NUL, the front
 * kept. */
static void
long_reasons_are_cut(void **state)
{
	enum { SIZE = sizeof(((struct err *)0)->text) };
	char front[2 * SIZE], want[5 * SIZE];

	(void)state;
	memset(front, 'f', sizeof(front));
	for (int reason = 0; reason < 2 * SIZE; reason += 37)
		for (int prefix = 0; prefix < 2 * SIZE; prefix++) {
			struct err e;
			char cut[SIZE];

			memset(&e, 'x', sizeof(e));
			assert_false(err_set(&e, WHY_IO, "%0*d", reason, 0));
			assert_non_null(memchr(e.text, 0, SIZE));
			(void)snprintf(cut, sizeof(cut), "%s", e.text);
			assert_false(err_prefix(&e, "%.*s", prefix, front));
			assert_non_null(memchr(e.text, 0, SIZE));
			(void)snprintf(want, sizeof(want), "%.*s: %s", prefix, front, cut);
			if (strncmp(e.text, want, strlen(e.text)) != 0)
				fail_msg("prefix %d, reason %d: %s", prefix, reason, e.text);
			if (strlen(e.text) + 3 < SIZE && strlen(e.text) != strlen(want))
				fail_msg("prefix %d, reason %d: cut to %zu", prefix, reason,
				    strlen(e.text));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refusing_is_one_line),
	    cmocka_unit_test(nobody_has_to_listen),
	    cmocka_unit_test(long_reasons_are_cut),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
