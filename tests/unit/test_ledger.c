/* test_ledger.c - tests of what the simulator remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/sim_int.h"

static void
index_finds_what_was_put(void **state)
{
	struct index x = {0};
	uint32_t value;

	(void)state;
	assert_false(index_get(&x, 1, &value));
	for (uint64_t i = 1; i <= 10000; i++)
		index_put(&x, dice_mix(i), (uint32_t)i);
	for (uint64_t i = 1; i <= 10000; i++) {
		assert_true(index_get(&x, dice_mix(i), &value));
		assert_int_equal(value, i);
	}
	assert_false(index_get(&x, dice_mix(10001), &value));
	index_put(&x, dice_mix(5), 77);
	assert_true(index_get(&x, dice_mix(5), &value));
	assert_int_equal(value, 77);
	assert_int_equal(x.n, 10000);
	index_free(&x);
}

static void
serials_are_found_padded_or_not(void **state)
{
	struct ledger l = {0};

	(void)state;
	assert_null(ledger_cert(&l, VIEW("\x81\x02")));
	ledger_add(&l, VIEW("\x00\x81\x02"))->until = 5;
	assert_non_null(ledger_cert(&l, VIEW("\x81\x02")));
	assert_int_equal(ledger_cert(&l, VIEW("\x81\x02"))->until, 5);
	assert_null(ledger_cert(&l, VIEW("\x81\x03")));
	ledger_free(&l);
}

static void
digests_differ(void **state)
{
	uint8_t room[40] = {0};
	uint64_t seen[40];

	(void)state;
	for (size_t n = 0; n < sizeof(room); n++) {
		seen[n] = digest_of(view_of(room, n));
		for (size_t i = 0; i < n; i++)
			assert_true(seen[i] != seen[n]);
		if (n == 0)
			continue;
		room[n - 1] ^= 1;
		assert_true(digest_of(view_of(room, n)) != seen[n]);
		room[n - 1] ^= 1;
	}
}

/* As serials that are counted. */
static void
short_ones_differ(void **state)
{
	struct index x = {0};
	uint32_t other;

	(void)state;
	for (uint32_t i = 1; i < 65536; i++) {
		uint8_t octets[2] = {(uint8_t)(i >> 8), (uint8_t)i};
		uint64_t d = digest_of(i < 256 ? view_of(octets + 1, 1) : view_of(octets, 2));

		assert_false(index_get(&x, d, &other));
		index_put(&x, d, i);
	}
	index_free(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(index_finds_what_was_put),
	    cmocka_unit_test(serials_are_found_padded_or_not),
	    cmocka_unit_test(digests_differ),
	    cmocka_unit_test(short_ones_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
