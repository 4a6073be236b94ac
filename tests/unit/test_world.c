/* test_world.c - worlds repeat, tell what happened, see what broke. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_int.h"

static struct sim *
lived(uint64_t seed, enum sim_faults faults, when_t overlap)
{
	struct sim_setup s;
	struct err e = {0};
	struct sim *w;

	log_open("test", LOG_NOTHING);
	sim_default(&s, seed, faults);
	for (size_t i = 0; i < s.fleets; i++)
		s.fleet[i].clients = i == 0 ? 8 : 1;
	s.ca.plan.overlap = overlap;
	s.span = 5 * 365 * DAY;
	w = sim_open(&s, &e);
	assert_non_null(w);
	if (!sim_run(w))
		fail_msg("%s", sim_violation(w));
	return w;
}

static void
equal_seeds_equal_worlds(void **state)
{
	struct sim *a = lived(5, SIM_HEAVY, 0), *b = lived(5, SIM_HEAVY, 0),
		   *c = lived(6, SIM_HEAVY, 0);
	struct sim_numbers na = sim_numbers(a), nb = sim_numbers(b), nc = sim_numbers(c);

	(void)state;
	assert_int_equal(na.digest, nb.digest);
	assert_int_equal(na.events, nb.events);
	assert_true(na.digest != nc.digest);
	sim_free(a);
	sim_free(b);
	sim_free(c);
}

/* Without faults the next CA is made at its second, and the switch comes at its second. */
static void
on_the_second(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		when_t overlap = i * 20 * DAY;
		struct sim *w = lived(1, SIM_NONE, overlap);
		const struct ledger *l = &w->ledger;

		assert_int_equal(l->cas, 3);
		for (size_t k = 0; k + 1 < l->cas; k++) {
			assert_int_equal(
			    l->ca[k + 1].made_ms / 1000, l->ca[k].until - 90 * DAY);
			assert_int_equal(l->ca[k].switched_ms / 1000, l->ca[k].until);
			assert_int_equal(l->ca[k + 1].from, l->ca[k].until - overlap);
		}
		sim_free(w);
	}
}

/* Who asks by himself is never left behind without faults; who does not is named. */
static void
names_who_was_left(void **state)
{
	struct sim *w = lived(1, SIM_NONE, 0);
	struct blob text = {0}, json = {0}, svg = {0};

	(void)state;
	assert_int_equal(sim_numbers(w).left, 2); /* one client, two switches */
	for (size_t i = 0; i < w->left_count; i++)
		assert_int_equal(w->left[i].why, LEFT_WITHOUT);
	sim_text(w, &text);
	assert_non_null(strstr(blob_cstr(&text), "left behind: 2\n"));
	assert_non_null(strstr(blob_cstr(&text), "no auto-enroll"));
	sim_json(w, &json);
	assert_non_null(strstr(blob_cstr(&json), "\"left_behind\": 1"));
	sim_svg(w, &svg);
	assert_non_null(strstr(blob_cstr(&svg), "1 left</text>"));
	assert_non_null(strstr(blob_cstr(&svg), "</svg>"));
	blob_free(&text);
	blob_free(&json);
	blob_free(&svg);
	sim_free(w);
}

/* A broken invariant is told with all that repeats it, and only the first. */
static void
tells_what_broke(void **state)
{
	struct sim *w = lived(1, SIM_NONE, 0);

	(void)state;
	(void)snprintf(w->setup.repeat, sizeof(w->setup.repeat), "again so");
	broken(w, &w->client[0], "I-99", "made by the %s", "test");
	broken(w, NULL, "I-98", "later");
	assert_string_equal(sim_broken_id(w), "I-99");
	for (size_t i = 0; i < 5; i++) {
		static const char *const parts[] = {
		    "made by the test", "seed 1", "client r1", "again so", "the daily look"};

		if (strstr(sim_violation(w), parts[i]) == NULL)
			fail_msg("'%s' is not in %s", parts[i], sim_violation(w));
	}
	sim_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_seeds_equal_worlds),
	    cmocka_unit_test(on_the_second),
	    cmocka_unit_test(names_who_was_left),
	    cmocka_unit_test(tells_what_broke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
