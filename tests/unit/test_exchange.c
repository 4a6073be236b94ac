/* test_exchange.c - messages between core and hooks, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/hooks.h"

#define TRUSTPOINT "\0\0\0\x16KEYMUSTER_TRUSTPOINT=a"

static struct hooks_run
good_run(void)
{
	return (struct hooks_run){
	    .id = 7,
	    .program = HOOKS_PROGRAMS - 1,
	    .event = HOOKS_VERIFY,
	    .env = VIEW(TRUSTPOINT "\0\0\0\x11KEYMUSTER_A_1=b=c"),
	    .json = VIEW("{}"),
	    .limit_ms = HOOKS_LIMIT_MS,
	};
}

static void
hooks_run_comes_through(void **state)
{
	struct hooks_run a = good_run(), b = {.id = 99};
	struct hooks_ran none;
	struct blob m = {0};

	(void)state;
	hooks_run_encode(&a, &m);
	for (size_t n = 0; n < m.n; n++) {
		assert_false(hooks_run_decode(view_of(m.p, n), &b, NULL));
		assert_int_equal(b.id, 99);
	}
	assert_true(hooks_run_decode(blob_view(&m), &b, NULL));
	assert_true(b.id == a.id && b.program == a.program && b.event == a.event &&
		    b.limit_ms == a.limit_ms && view_equal(b.env, a.env) &&
		    view_equal(b.json, a.json));
	assert_true(view_equal_str(hooks_env_get(b.env, "KEYMUSTER_A_1"), "b=c"));
	assert_false(hooks_ran_decode(blob_view(&m), &none, NULL));
	blob_add_byte(&m, 0);
	assert_false(hooks_run_decode(blob_view(&m), &b, NULL));
	blob_free(&m);
}

/* Core may be taken over: it names programs of the table and sets variables of ours. */
static void
hostile_core(void **state)
{
	struct blob many = {0}, large = {0};
	struct {
		const char *sentence;
		struct hooks_run run;
	} bad[] = {
	    {"no number", good_run()},
	    {"a program beyond all tables", good_run()},
	    {"unknown event", good_run()},
	    {"no time", good_run()},
	    {"too much time", good_run()},
	    {"no trustpoint", good_run()},
	    {"an empty trustpoint", good_run()},
	    {"a variable that a loader obeys", good_run()},
	    {"our prefix alone", good_run()},
	    {"no value", good_run()},
	    {"small letters", good_run()},
	    {"NUL in a value", good_run()},
	    {"a variable cut off", good_run()},
	    {"too many variables", good_run()},
	    {"JSON too long", good_run()},
	};

	(void)state;
	blob_add_view(&many, VIEW(TRUSTPOINT));
	for (int i = 0; i < HOOKS_VARIABLES_MAX; i++)
		blob_add_sized(&many, VIEW("KEYMUSTER_A=b"));
	blob_grow(&large, HOOKS_WORDS_MAX + 1);
	bad[0].run.id = 0;
	bad[1].run.program = HOOKS_PROGRAMS;
	bad[2].run.event = HOOKS_EVENTS;
	bad[3].run.limit_ms = 0;
	bad[4].run.limit_ms = HOOKS_LIMIT_MS + 1;
	bad[5].run.env = VIEW("\0\0\0\x0dKEYMUSTER_A=b");
	bad[6].run.env = VIEW("\0\0\0\x15KEYMUSTER_TRUSTPOINT=");
	bad[7].run.env = VIEW(TRUSTPOINT "\0\0\0\x0cLD_PRELOAD=b");
	bad[8].run.env = VIEW(TRUSTPOINT "\0\0\0\x0bKEYMUSTER_=");
	bad[9].run.env = VIEW(TRUSTPOINT "\0\0\0\x0bKEYMUSTER_A");
	bad[10].run.env = VIEW(TRUSTPOINT "\0\0\0\x0dKEYMUSTER_a=b");
	bad[11].run.env = VIEW(TRUSTPOINT "\0\0\0\x0dKEYMUSTER_A=\0");
	bad[12].run.env = VIEW(TRUSTPOINT "\0\0\0\x0eKEYMUSTER_A=b");
	bad[13].run.env = blob_view(&many);
	bad[14].run.json = blob_view(&large);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct hooks_run got;
		struct err e = {0};

		hooks_run_encode(&bad[i].run, &m);
		if (hooks_run_decode(blob_view(&m), &got, &e))
			fail_msg("%s is accepted", bad[i].sentence);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
	blob_free(&many);
	blob_free(&large);
}

static void
hooks_ran_comes_through(void **state)
{
	static const struct hooks_ran said[] = {
	    {.id = 1, .status = 0},
	    {.id = UINT64_MAX, .status = 255, .text = VIEW("out\0put")},
	    {.id = 3, .status = -1, .text = VIEW("over its time")},
	    {.id = 4, .status = HOOKS_NOT_RUN, .text = VIEW("no memory")},
	    {.status = -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct hooks_ran got = {.id = 99};
		struct blob m = {0};

		hooks_ran_encode(&said[i], &m);
		for (size_t n = 0; n < m.n; n++) {
			assert_false(hooks_ran_decode(view_of(m.p, n), &got, NULL));
			assert_int_equal(got.id, 99);
		}
		assert_true(hooks_ran_decode(blob_view(&m), &got, NULL));
		assert_true(got.id == said[i].id && got.status == said[i].status &&
			    view_equal(got.text, said[i].text));
		blob_add_byte(&m, 0);
		assert_false(hooks_ran_decode(blob_view(&m), &got, NULL));
		blob_free(&m);
	}
}

static void
hostile_hooks(void **state)
{
	static uint8_t large[HOOKS_TEXT_MAX + 1];
	const struct {
		const char *sentence;
		struct hooks_ran ran;
	} bad[] = {
	    {"a status that is none", {.id = 1, .status = 256}},
	    {"a status below all", {.id = 1, .status = HOOKS_NOT_RUN - 1}},
	    {"begins with a status", {.status = 0}},
	    {"begins with what was not run", {.status = HOOKS_NOT_RUN}},
	    {"begins with a text", {.status = -1, .text = VIEW("a")}},
	    {"text too long", {.id = 1, .text = view_of(large, sizeof(large))}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct hooks_ran got;

		hooks_ran_encode(&bad[i].ran, &m);
		if (hooks_ran_decode(blob_view(&m), &got, NULL))
			fail_msg("%s is accepted", bad[i].sentence);
		blob_free(&m);
	}
}

static void
programs_come_through(void **state)
{
	static struct hooks_program said[5];
	struct hooks_program *got = NULL;
	struct blob m = {0};
	size_t n = 99;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++)
		snprintf(said[i].line, sizeof(said[i].line), "/etc/hook-%zu a  b", i);
	memset(said[2].line, 0, sizeof(said[2].line)); /* none under this number */
	memset(said[4].line, '/', sizeof(said[4].line) - 1);
	assert_true(hooks_programs_decode(VIEW(""), &got, &n, NULL));
	assert_true(n == 0 && got == NULL);
	hooks_programs_encode(said, COUNT_OF(said), &m);
	assert_false(hooks_programs_decode(view_of(m.p, m.n - 1), &got, &n, NULL));
	assert_true(hooks_programs_decode(blob_view(&m), &got, &n, NULL));
	assert_int_equal(n, COUNT_OF(said));
	assert_memory_equal(got, said, sizeof(said));
	free(got);
	blob_free(&m);
}

static void
programs_are_bounded(void **state)
{
	static const char *const lines[] = {"etc/hook", " /etc/hook"};
	struct hooks_program one = {"/a"}, *got = NULL;
	struct blob m = {0};
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		blob_clear(&m);
		blob_add_sized(&m, view_str(lines[i]));
		if (hooks_programs_decode(blob_view(&m), &got, &n, NULL))
			fail_msg("'%s' is accepted", lines[i]);
	}
	blob_clear(&m);
	blob_add_sized(&m, VIEW("/a\0b"));
	assert_false(hooks_programs_decode(blob_view(&m), &got, &n, NULL));
	blob_clear(&m);
	blob_add_u32(&m, sizeof(one.line));
	memset(blob_grow(&m, sizeof(one.line)), '/', sizeof(one.line));
	assert_false(hooks_programs_decode(blob_view(&m), &got, &n, NULL));
	blob_clear(&m);
	for (int i = 0; i < HOOKS_PROGRAMS; i++)
		hooks_programs_encode(&one, 1, &m);
	assert_true(hooks_programs_decode(blob_view(&m), &got, &n, NULL));
	assert_int_equal(n, HOOKS_PROGRAMS);
	free(got);
	hooks_programs_encode(&one, 1, &m);
	assert_false(hooks_programs_decode(blob_view(&m), &got, &n, NULL));
	blob_free(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hooks_run_comes_through),
	    cmocka_unit_test(hostile_core),
	    cmocka_unit_test(hooks_ran_comes_through),
	    cmocka_unit_test(hostile_hooks),
	    cmocka_unit_test(programs_come_through),
	    cmocka_unit_test(programs_are_bounded),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
