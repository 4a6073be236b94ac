/* test_heap.c - tests of the list of what is to happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/sim_int.h"

static void
put(struct heap *h, int64_t at, uint32_t who)
{
	struct moment m = {.at = at, .who = who};

	heap_put(h, &m);
}

static void
earliest_first(void **state)
{
	struct heap h = {0};
	struct moment m;
	int64_t last = INT64_MIN;
	struct dice d = dice_of(1, 1);

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		put(&h, dice_between(&d, -1000, 1000), i);
	for (int i = 0; i < 5000; i++) {
		assert_true(heap_take(&h, &m));
		assert_true(m.at >= last);
		last = m.at;
	}
	assert_false(heap_take(&h, &m));
	heap_free(&h);
}

static void
equal_instants_in_their_order(void **state)
{
	struct heap h = {0};
	struct moment m;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		put(&h, i % 3, i);
	for (uint32_t at = 0; at < 3; at++)
		for (uint32_t i = at; i < 1000; i += 3) {
			assert_true(heap_take(&h, &m));
			assert_int_equal(m.who, i);
		}
	heap_free(&h);
}

static void
taken_and_put_in_turn(void **state)
{
	struct heap h = {0};
	struct moment m;

	(void)state;
	put(&h, 10, 1);
	put(&h, 30, 3);
	assert_true(heap_take(&h, &m));
	put(&h, 20, 2);
	assert_true(heap_take(&h, &m));
	assert_int_equal(m.who, 2);
	assert_true(heap_take(&h, &m));
	assert_int_equal(m.who, 3);
	assert_false(heap_take(&h, &m));
	heap_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(earliest_first),
	    cmocka_unit_test(equal_instants_in_their_order),
	    cmocka_unit_test(taken_and_put_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
