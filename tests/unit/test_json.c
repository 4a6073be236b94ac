/* test_json.c - what the hook is asked and what of its answers counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "courier/courier.h"

static void
the_question(void **state)
{
	static const uint8_t digest[32] = {0xab, 0xcd};
	struct courier_ask a = {
	    .ca = VIEW("ROOTCA"),
	    .profile = VIEW("mdm"),
	    .source = VIEW("10.0.0.1"),
	    .transaction = VIEW("41"),
	    .challenge = VIEW("a\"b\\\n\xc3\xb6"),
	    .subject = VIEW("CN=r1"),
	    .san = VIEW("\0\0\0\5DNS:a\0\0\0\5DNS:b"),
	    .request = view_of(digest, sizeof(digest)),
	};
	struct blob out = {0};

	(void)state;
	assert_true(courier_json_ask(&a, &out));
	assert_string_equal(blob_cstr(&out),
	    "{\"version\":1,\"ca\":\"ROOTCA\",\"profile\":\"mdm\",\"transaction\":\"41\","
	    "\"challenge\":\"a\\\"b\\\\\\n\xc3\xb6\",\"subject\":\"CN=r1\","
	    "\"san\":[\"DNS:a\",\"DNS:b\"],\"request\":"
	    "\"abcd000000000000000000000000000000000000000000000000000000000000\","
	    "\"source\":\"10.0.0.1\"}");
	blob_clear(&out);
	a.challenge = VIEW("\xff");
	assert_false(courier_json_ask(&a, &out));
	assert_int_equal(out.n, 0);
	blob_free(&out);
}

static void
answers(void **state)
{
	static const struct {
		const char *body;
		struct courier_say want;
	} cases[] = {
	    {"{\"allow\":true}", {.result = COURIER_ALLOWED}},
	    {" {\"allow\" : true, \"more\":{\"a\":[1,null]}}\n", {.result = COURIER_ALLOWED}},
	    {"{\"allow\":true,\"subject\":\"CN=r\xc3\xb6\",\"san\":[\"DNS:a\",\"IP:::1\"]}",
		{.result = COURIER_ALLOWED,
		    .has_subject = true,
		    .has_san = true,
		    .subject = VIEW("CN=r\xc3\xb6"),
		    .san = VIEW("\0\0\0\5DNS:a\0\0\0\6IP:::1")}},
	    {"{\"allow\":true,\"san\":[]}", {.result = COURIER_ALLOWED, .has_san = true}},
	    {"{\"allow\":true,\"subject\":\"\"}",
		{.result = COURIER_ALLOWED, .has_subject = true}},
	    {"{\"allow\":false}", {.result = COURIER_DENIED}},
	    {"{\"allow\":false,\"reason\":\"stolen\",\"subject\":\"CN=x\"}",
		{.result = COURIER_DENIED, .reason = VIEW("stolen")}},
	    {"{\"allow\":false,\"reason\":\"'word' is unknown\"}", {.result = COURIER_DENIED}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct courier_say *want = &cases[i].want;
		struct courier_say got = {0};
		struct blob kept = {0};
		struct err e = {0};

		if (!courier_json_say(view_str(cases[i].body), VIEW("word"), &got, &kept, &e))
			fail_msg("%s: %s", cases[i].body, e.text);
		if (got.result != want->result || got.has_subject != want->has_subject ||
		    got.has_san != want->has_san || !view_equal(got.subject, want->subject) ||
		    !view_equal(got.san, want->san) || !view_equal(got.reason, want->reason))
			fail_msg("%s", cases[i].body);
		blob_free(&kept);
	}
}

/* Neither yes nor no: then nobody has said anything. */
static void
no_answers(void **state)
{
	static const char *const cases[] = {
	    "",
	    "null",
	    "true",
	    "[]",
	    "{}",
	    "{\"allow\":1}",
	    "{\"allow\":\"true\"}",
	    "{\"allow\":null}",
	    "{\"allow\":true",
	    "{\"allow\":true}x",
	    "{\"Allow\":true}",
	    "{\"allow\":false,\"allow\":true}",
	    "{\"allow\":true,\"subject\":1}",
	    "{\"allow\":true,\"subject\":null}",
	    "{\"allow\":true,\"san\":\"DNS:a\"}",
	    "{\"allow\":true,\"san\":[1]}",
	    "{\"allow\":true,\"san\":{}}",
	    "{\"allow\":false,\"reason\":7}",
	    "{\"allow\":true,\"subject\":\"\xff\"}",
	    "{\"allow\":true,\"subject\":\"a\\u0000b\"}",
	};
	struct blob body = {0}, kept = {0};
	struct courier_say got = {.id = 99};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		if (courier_json_say(view_str(cases[i]), VIEW("word"), &got, &kept, &e))
			fail_msg("understood: %s", cases[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		assert_int_equal(got.id, 99);
	}
	for (int n = COURIER_TEXT_MAX; n <= COURIER_TEXT_MAX + 1; n++) {
		blob_clear(&body);
		blob_printf(&body, "{\"allow\":true,\"subject\":\"%0*d\"}", n, 0);
		assert_int_equal(
		    courier_json_say(blob_view(&body), VIEW("w"), &got, &kept, NULL),
		    n == COURIER_TEXT_MAX);
	}
	for (int n = COURIER_NAMES_MAX; n <= COURIER_NAMES_MAX + 1; n++) {
		blob_clear(&body);
		blob_add_str(&body, "{\"allow\":true,\"san\":[\"DNS:a\"");
		for (int i = 1; i < n; i++)
			blob_add_str(&body, ",\"DNS:a\"");
		blob_add_str(&body, "]}");
		assert_int_equal(
		    courier_json_say(blob_view(&body), VIEW("w"), &got, &kept, NULL),
		    n == COURIER_NAMES_MAX);
	}
	blob_clear(&body);
	for (int i = 0; i < 30000; i++)
		blob_add_byte(&body, '[');
	assert_false(courier_json_say(blob_view(&body), VIEW("w"), &got, &kept, NULL));
	blob_free(&body);
	blob_free(&kept);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_question),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(no_answers),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
