/* test_question.c - messages between core and courier, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "courier/courier.h"

static const uint8_t digest[32] = {1, 2, 3};

static struct courier_ask
good_ask(void)
{
	return (struct courier_ask){
	    .id = 7,
	    .hook = COURIER_HOOKS - 1,
	    .ca = VIEW("ROOTCA"),
	    .profile = VIEW("mdm"),
	    .source = VIEW("10.0.0.1"),
	    .transaction = VIEW("41"),
	    .challenge = VIEW("secret"),
	    .subject = VIEW("CN=r1"),
	    .san = VIEW("\0\0\0\5DNS:a\0\0\0\5DNS:b"),
	    .request = view_of(digest, sizeof(digest)),
	};
}

static struct courier_say
good_say(void)
{
	return (struct courier_say){
	    .id = 7,
	    .result = COURIER_ALLOWED,
	    .has_subject = true,
	    .has_san = true,
	    .subject = VIEW("CN=r1"),
	    .san = VIEW("\0\0\0\5DNS:a"),
	};
}

static void
courier_ask_comes_through(void **state)
{
	struct courier_ask a = good_ask(), b = {.id = 99};
	struct courier_say none;
	struct blob m = {0};

	(void)state;
	courier_ask_encode(&a, &m);
	for (size_t n = 0; n < m.n; n++) {
		assert_false(courier_ask_decode(view_of(m.p, n), &b, NULL));
		assert_int_equal(b.id, 99);
	}
	assert_true(courier_ask_decode(blob_view(&m), &b, NULL));
	assert_true(b.id == a.id && b.hook == a.hook);
	assert_true(view_equal(b.ca, a.ca) && view_equal(b.profile, a.profile) &&
		    view_equal(b.source, a.source) &&
		    view_equal(b.transaction, a.transaction) &&
		    view_equal(b.challenge, a.challenge) && view_equal(b.subject, a.subject) &&
		    view_equal(b.san, a.san) && view_equal(b.request, a.request));
	assert_false(courier_say_decode(blob_view(&m), &none, NULL));
	blob_add_byte(&m, 0);
	assert_false(courier_ask_decode(blob_view(&m), &b, NULL));
	blob_free(&m);
}

static void
hostile_core(void **state)
{
	struct blob many = {0};
	struct courier_ask bad[5];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = good_ask();
	for (int i = 0; i <= COURIER_NAMES_MAX; i++)
		blob_add_sized(&many, VIEW("DNS:a"));
	bad[0].id = 0;
	bad[1].hook = COURIER_HOOKS;
	bad[2].san = blob_view(&many);
	bad[3].san = VIEW("\0\0\0\6DNS:a");
	bad[4].request = view_of(digest, 31);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct courier_ask got;
		struct err e = {0};

		courier_ask_encode(&bad[i], &m);
		if (courier_ask_decode(blob_view(&m), &got, &e))
			fail_msg("case %zu is accepted", i);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
	blob_free(&many);
}

static void
courier_say_comes_through(void **state)
{
	struct courier_say said[] = {
	    good_say(),
	    {.id = 7, .result = COURIER_ALLOWED},
	    {.id = 7, .result = COURIER_ALLOWED, .has_san = true},
	    {.id = 7, .result = COURIER_DENIED, .reason = VIEW("no such device")},
	    {.id = 7, .result = COURIER_AGAIN, .reason = VIEW("status 500")},
	    {.result = COURIER_READY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(said); i++) {
		struct courier_say got = {.id = 99};
		struct blob m = {0};

		courier_say_encode(&said[i], &m);
		for (size_t n = 0; n < m.n; n++) {
			assert_false(courier_say_decode(view_of(m.p, n), &got, NULL));
			assert_int_equal(got.id, 99);
		}
		assert_true(courier_say_decode(blob_view(&m), &got, NULL));
		assert_true(got.id == said[i].id && got.result == said[i].result &&
			    got.has_subject == said[i].has_subject &&
			    got.has_san == said[i].has_san);
		assert_true(view_equal(got.subject, said[i].subject) &&
			    view_equal(got.san, said[i].san) &&
			    view_equal(got.reason, said[i].reason));
		blob_add_byte(&m, 0);
		assert_false(courier_say_decode(blob_view(&m), &got, NULL));
		blob_free(&m);
	}
}

/* The courier faces the network: what core takes from it is bounded and of one meaning. */
static void
hostile_courier(void **state)
{
	static const uint8_t large[COURIER_TEXT_MAX + 1];
	struct courier_say bad[9];
	static const char *const sentences[] = {
	    "no number",
	    "ready with a number",
	    "unknown result",
	    "names of a refusal",
	    "a subject that is not said to be there",
	    "alternative names that are not said to be there",
	    "subject too long",
	    "reason too long",
	    "alternative names cut",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = good_say();
	bad[0].id = 0;
	bad[1].result = COURIER_READY;
	bad[2].result = (enum courier_result)(COURIER_READY + 1);
	bad[3].result = COURIER_DENIED;
	bad[4].has_subject = false;
	bad[5].has_san = false;
	bad[6].subject = view_of(large, sizeof(large));
	bad[7].reason = view_of(large, sizeof(large));
	bad[8].san = VIEW("\0\0\0\6DNS:a");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct courier_say got;
		struct err e = {0};

		courier_say_encode(&bad[i], &m);
		if (courier_say_decode(blob_view(&m), &got, &e))
			fail_msg("accepted: %s", sentences[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

static void
hooks_come_through(void **state)
{
	static struct courier_hook in[COURIER_HOOKS], out[COURIER_HOOKS];
	struct blob m = {0};

	(void)state;
	memset(in[0].url, 'u', sizeof(in[0].url) - 1);
	memset(in[0].password, 'p', sizeof(in[0].password) - 1);
	snprintf(in[COURIER_HOOKS - 1].url, sizeof(in[0].url), "https://x/");
	courier_hooks_encode(in, COURIER_HOOKS, &m);
	assert_true(courier_hooks_decode(blob_view(&m), out, NULL));
	assert_memory_equal(in, out, sizeof(in));
	assert_false(courier_hooks_decode(view_of(m.p, m.n - 1), out, NULL));
	blob_add_sized(&m, VIEW(""));
	blob_add_sized(&m, VIEW(""));
	assert_false(courier_hooks_decode(blob_view(&m), out, NULL)); /* one too many */
	blob_clear(&m);
	courier_hooks_encode(in, 1, &m);
	assert_true(courier_hooks_decode(blob_view(&m), out, NULL));
	assert_int_equal(out[COURIER_HOOKS - 1].url[0], 0);
	blob_free(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(courier_ask_comes_through),
	    cmocka_unit_test(hostile_core),
	    cmocka_unit_test(courier_say_comes_through),
	    cmocka_unit_test(hostile_courier),
	    cmocka_unit_test(hooks_come_through),
	};

	return cmocka_run_group_tests_name("question", tests, NULL, NULL);
}
