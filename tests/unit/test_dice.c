/* test_dice.c - tests of chance that repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_int.h"

static void
equal_seeds_are_equal(void **state)
{
	struct dice a = dice_of(7, 1), b = dice_of(7, 1), c = dice_of(8, 1), d = dice_of(7, 2);
	bool seed_counts = false, stream_counts = false;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t x = dice_next(&a);

		assert_int_equal(x, dice_next(&b));
		seed_counts |= x != dice_next(&c);
		stream_counts |= x != dice_next(&d);
	}
	assert_true(seed_counts && stream_counts);
}

static void
both_ends_are_drawn(void **state)
{
	struct dice d = dice_of(1, 0);
	bool least = false, most = false;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t x = dice_between(&d, -2, 2);

		assert_in_range(x + 2, 0, 4);
		least |= x == -2;
		most |= x == 2;
	}
	assert_true(least && most);
}

static void
chances_are_as_said(void **state)
{
	struct dice d = dice_of(1, 0);
	int n = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_false(dice_chance(&d, 0));
		assert_true(dice_chance(&d, 1000));
		n += dice_chance(&d, 250);
	}
	assert_in_range(n, 24000, 26000);
}

static void
fills_every_length(void **state)
{
	uint8_t room[24];

	(void)state;
	for (size_t n = 0; n <= 20; n++) {
		struct dice d = dice_of(3, 0);

		memset(room, 0xee, sizeof(room));
		dice_fill(&d, room, n);
		assert_int_equal(room[n], 0xee);
		if (n >= 8)
			assert_false(memcmp(room, "\xee\xee\xee\xee", 4) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_seeds_are_equal),
	    cmocka_unit_test(both_ends_are_drawn),
	    cmocka_unit_test(chances_are_as_said),
	    cmocka_unit_test(fills_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
