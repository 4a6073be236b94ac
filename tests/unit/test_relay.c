/* test_relay.c - messages between front and core, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

static const struct front_ask good_ask = {
    .id = 0x0102030405060708,
    .op = OP_PKIOPERATION,
    .ca = "ROOTCA",
    .profile = "mdm",
    .source = "2001:db8:1:2::/64",
    .body = {(const uint8_t *)"\x30\x00", 2},
};

static const struct front_say good_answer = {
    .id = 7,
    .status = 200,
    .type = "application/x-pki-message",
    .body = {(const uint8_t *)"\x30\x00", 2},
};

static const struct front_say good_object = {
    .status = 200,
    .type = "application/x-x509-ca-cert",
    .body = {(const uint8_t *)"\x30\x00", 2},
    .op = OP_GETCACERT,
    .ca = "ROOTCA",
    .valid_from = -5,
    .valid_until = WHEN_NEVER,
};

static void
there_and_back(void **state)
{
	struct blob m = {0};
	struct front_ask ask;
	struct front_say say;

	(void)state;
	front_ask_encode(&good_ask, &m);
	assert_true(front_ask_decode(blob_view(&m), &ask, NULL));
	assert_true(ask.id == good_ask.id && ask.op == good_ask.op);
	assert_string_equal(ask.ca, good_ask.ca);
	assert_string_equal(ask.profile, good_ask.profile);
	assert_string_equal(ask.source, good_ask.source);
	assert_true(view_equal(ask.body, good_ask.body));
	assert_false(front_say_decode(blob_view(&m), &say, NULL));

	blob_clear(&m);
	front_say_encode(&good_answer, &m);
	assert_true(front_say_decode(blob_view(&m), &say, NULL));
	assert_true(say.id == 7 && say.status == 200 && say.op == OP_NONE);
	assert_string_equal(say.type, good_answer.type);
	assert_true(view_equal(say.body, good_answer.body));
	assert_false(front_ask_decode(blob_view(&m), &ask, NULL));

	blob_clear(&m);
	front_say_encode(&good_object, &m);
	assert_true(front_say_decode(blob_view(&m), &say, NULL));
	assert_true(say.id == 0 && say.op == OP_GETCACERT);
	assert_true(say.valid_from == -5 && say.valid_until == WHEN_NEVER);
	assert_string_equal(say.ca, "ROOTCA");
	blob_free(&m);
}

/* Every message cut short, and every one with an octet more, is refused; *out stays as it was.
 */
static void
refuse_cut_and_long(struct view v, bool is_ask)
{
	struct blob longer = {0};

	blob_add_view(&longer, v);
	blob_add_byte(&longer, 0);
	for (size_t n = 0; n <= longer.n; n++) {
		struct front_ask ask = {.id = 99};
		struct front_say say = {.id = 99};
		struct err e = {0};
		bool got = is_ask ? front_ask_decode(view_of(longer.p, n), &ask, &e)
				  : front_say_decode(view_of(longer.p, n), &say, &e);

		assert_int_equal(got, n == v.n);
		if (!got) {
			assert_int_equal(e.why, WHY_BAD_INPUT);
			assert_true(ask.id == 99 && say.id == 99);
		}
	}
	blob_free(&longer);
}

static void
cut_and_long(void **state)
{
	struct blob m = {0};

	(void)state;
	front_ask_encode(&good_ask, &m);
	refuse_cut_and_long(blob_view(&m), true);
	blob_clear(&m);
	front_say_encode(&good_answer, &m);
	refuse_cut_and_long(blob_view(&m), false);
	blob_clear(&m);
	front_say_encode(&good_object, &m);
	refuse_cut_and_long(blob_view(&m), false);
	blob_free(&m);
}

static void
hostile_front(void **state)
{
	static uint8_t large[HTTP_BODY_MAX + 1];
	static const struct {
		const char *what;
		struct front_ask a;
	} cases[] = {
	    {"number 0", {.id = 0, .op = OP_PKIOPERATION}},
	    {"no operation", {.id = 1, .op = OP_NONE}},
	    {"unknown operation", {.id = 1, .op = (enum scep_op)(OP_CRL + 1)}},
	    {"line end in the CA", {.id = 1, .op = OP_PKIOPERATION, .ca = "ROOT\nCA"}},
	    {"line end in the profile", {.id = 1, .op = OP_PKIOPERATION, .profile = "\r\n"}},
	    {"escape sequence in the source",
		{.id = 1, .op = OP_PKIOPERATION, .source = "\033[2J"}},
	    {"quote in the source", {.id = 1, .op = OP_PKIOPERATION, .source = "1.2.3.4' x='"}},
	    {"body too large",
		{.id = 1, .op = OP_PKIOPERATION, .body = {large, sizeof(large)}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob m = {0};
		struct front_ask ask;
		struct err e = {0};

		front_ask_encode(&cases[i].a, &m);
		if (front_ask_decode(blob_view(&m), &ask, &e))
			fail_msg("%s: accepted", cases[i].what);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

/* Text of 64 octets and more does not fit, and a NUL within it would hide what follows. */
static void
hostile_texts(void **state)
{
	struct blob m = {0};
	struct front_ask ask;

	(void)state;
	for (size_t n = 62; n < 70; n++) {
		blob_clear(&m);
		blob_add_byte(&m, 1);
		blob_add_u64(&m, 1);
		blob_add_byte(&m, OP_PKIOPERATION);
		blob_add_u32(&m, (uint32_t)n);
		memset(blob_grow(&m, n), 'A', n);
		blob_add_u32(&m, 0);
		blob_add_u32(&m, 0);
		blob_add_u32(&m, 0);
		assert_int_equal(front_ask_decode(blob_view(&m), &ask, NULL), n <= 63);
	}
	blob_clear(&m);
	blob_add_byte(&m, 1);
	blob_add_u64(&m, 1);
	blob_add_byte(&m, OP_PKIOPERATION);
	blob_add_sized(&m, VIEW("A\0B"));
	blob_add_u32(&m, 0);
	blob_add_u32(&m, 0);
	blob_add_u32(&m, 0);
	assert_false(front_ask_decode(blob_view(&m), &ask, NULL));
	blob_free(&m);
}

static void
clocks(void **state)
{
	static const struct {
		const char *what;
		struct front_clock c;
		bool good;
	} cases[] = {
	    {"free", {INT64_MIN, WHEN_NEVER}, true},
	    {"standing", {5, 5}, true},
	    {"before 1970", {-5, -4}, true},
	    {"upside down", {6, 5}, false},
	};
	struct front_say say;
	struct front_ask ask;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob m = {0};
		struct front_clock got = {1, 2};

		front_clock_encode(&cases[i].c, &m);
		if (front_clock_decode(blob_view(&m), &got, NULL) != cases[i].good)
			fail_msg("%s", cases[i].what);
		assert_int_equal(got.floor, cases[i].good ? cases[i].c.floor : 1);
		assert_int_equal(got.ceiling, cases[i].good ? cases[i].c.ceiling : 2);
		assert_false(front_say_decode(blob_view(&m), &say, NULL));
		assert_false(front_ask_decode(blob_view(&m), &ask, NULL));
		for (size_t n = 0; n < m.n; n++)
			assert_false(front_clock_decode(view_of(m.p, n), &got, NULL));
		blob_add_byte(&m, 0);
		assert_false(front_clock_decode(blob_view(&m), &got, NULL));
		blob_free(&m);
	}
}

static void
hostile_core(void **state)
{
	static const struct {
		const char *what;
		struct front_say a;
	} cases[] = {
	    {"status 100", {.id = 1, .status = 100}},
	    {"status 600", {.id = 1, .status = 600}},
	    {"retry after 100 years", {.id = 1, .status = 503, .retry_after = 2000000000}},
	    {"retry after a negative time", {.id = 1, .status = 503, .retry_after = -1}},
	    {"header injection in the type", {.id = 1, .status = 200, .type = "a/b\r\nX: y"}},
	    {"type with a parameter (HT-14)",
		{.id = 1, .status = 200, .type = "text/plain; charset=x"}},
	    {"type without a slash", {.id = 1, .status = 200, .type = "text"}},
	    {"object of no operation",
		{.status = 200, .ca = "A", .type = "a/b", .valid_until = 1}},
	    {"object PKIOperation", {.op = OP_PKIOPERATION,
					.status = 200,
					.ca = "A",
					.type = "a/b",
					.valid_until = 1}},
	    {"object without a name",
		{.op = OP_GETCACERT, .status = 200, .type = "a/b", .valid_until = 1}},
	    {"object never valid", {.op = OP_GETCACERT,
				       .status = 200,
				       .ca = "A",
				       .type = "a/b",
				       .valid_from = 1,
				       .valid_until = 1}},
	    {"object with status 404", {.op = OP_GETCACERT,
					   .status = 404,
					   .ca = "A",
					   .type = "a/b",
					   .valid_until = 1}},
	    {"object with octets but no type", {.op = OP_GETCACERT,
						   .status = 200,
						   .ca = "A",
						   .valid_until = 1,
						   .body = {(const uint8_t *)"x", 1}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob m = {0};
		struct front_say say;
		struct err e = {0};

		front_say_encode(&cases[i].a, &m);
		if (front_say_decode(blob_view(&m), &say, &e))
			fail_msg("%s: accepted", cases[i].what);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

static void
profiles(void **state)
{
	static const struct {
		const char *what;
		struct front_profile p;
		bool fine;
	} cases[] = {
	    {"a name and its CA", {"mdm", "ROOTCA"}, true},
	    {"no name", {"", "ROOTCA"}, false},
	    {"no CA", {"mdm", ""}, false},
	    {"control character", {"m\033dm", "ROOTCA"}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob m = {0};
		struct front_profile got = {0};
		struct front_say say;
		struct front_ask ask;

		front_profile_encode(&cases[i].p, &m);
		if (front_profile_decode(blob_view(&m), &got, NULL) != cases[i].fine)
			fail_msg("%s", cases[i].what);
		if (cases[i].fine) {
			assert_string_equal(got.name, cases[i].p.name);
			assert_string_equal(got.ca, cases[i].p.ca);
		}
		assert_false(front_say_decode(blob_view(&m), &say, NULL));
		assert_false(front_ask_decode(blob_view(&m), &ask, NULL));
		for (size_t n = 0; n < m.n; n++)
			assert_false(front_profile_decode(view_of(m.p, n), &got, NULL));
		blob_add_byte(&m, 0);
		assert_false(front_profile_decode(blob_view(&m), &got, NULL));
		blob_free(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(cut_and_long),
	    cmocka_unit_test(hostile_front),
	    cmocka_unit_test(hostile_texts),
	    cmocka_unit_test(hostile_core),
	    cmocka_unit_test(profiles),
	    cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
