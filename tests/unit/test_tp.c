/* test_tp.c - a trustpoint's life before a real authority. */
#include "tp_bench.h"

#define AT(days) (T0 + (days)*DAY)

static void
first_day(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->authenticated);
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_CA], 1);
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(365));
	assert_false(bench_has(&b, TP_REQUEST));
	bench_close(&b);
}

/* The source document's example: renewal at 80 %, then its end is the CA's; a shadow, and the
 * switch at that end to the second, no earlier (NX-11). */
static void
three_generations(void **state)
{
	struct bench b;
	struct cert ca, id;

	(void)state;
	bench_open(&b);
	bench_begin(&b);
	bench_wait(&b, AT(291));
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	bench_wait(&b, AT(292));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(657));
	bench_wait(&b, AT(729));
	assert_true(tp_facts(b.tp)->have_shadow);
	assert_true(tp_facts(b.tp)->confirmed);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(730));
	assert_int_equal(bench_cert(&b, TP_SHADOW).not_before, AT(730));
	bench_wait(&b, AT(730) - 1);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 0);
	bench_wait(&b, AT(730));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	for (int n = 2; n <= 3; n++) {
		bench_wait(&b, AT(730 * n));
		ca = bench_cert(&b, TP_CA);
		id = bench_cert(&b, TP_ID);
		assert_int_equal(ca.not_before, AT(730 * n));
		assert_int_equal(id.not_before, AT(730 * n));
		assert_true(key_verify(&ca.key, &id.alg, id.tbs, id.signature, NULL));
	}
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	assert_int_equal(
	    b.gets, b.asked[TP_GETCACERT] + b.asked[TP_GETCACAPS] + b.asked[TP_GETNEXTCACERT]);
	assert_true(b.largest_facts < 256);
	bench_close(&b);
}

int
main(void)
{
	log_open("test", LOG_ERROR);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_day),
	    cmocka_unit_test(three_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
