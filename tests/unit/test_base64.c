/* test_base64.c - base64 as clients write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

struct row {
	const char *what;
	struct view in;
	bool good;
	struct view out;
};

static const struct row rows[] = {
    {"nothing is nothing", VIEW(""), true, VIEW("")},
    {"RFC 4648: f", VIEW("Zg=="), true, VIEW("f")},
    {"RFC 4648: fo", VIEW("Zm8="), true, VIEW("fo")},
    {"RFC 4648: foo", VIEW("Zm9v"), true, VIEW("foo")},
    {"RFC 4648: foobar", VIEW("Zm9vYmFy"), true, VIEW("foobar")},
    {"BAD-035 no padding, two digits over", VIEW("Zg"), true, VIEW("f")},
    {"BAD-035 no padding, three digits over", VIEW("Zm8"), true, VIEW("fo")},
    {"one of two '=' lacks", VIEW("Zg="), true, VIEW("f")},
    {"BAD-035 plus and slash", VIEW("+/+/"), true, VIEW("\xfb\xff\xbf")},
    {"BAD-035 a space counts as plus", VIEW(" / /"), true, VIEW("\xfb\xff\xbf")},
    {"BAD-035 line ends of Unix, also the last", VIEW("Zm9v\nYmFy\n"), true, VIEW("foobar")},
    {"BAD-035 line ends of DOS and a tab", VIEW("Zm9v\r\n\tYmFy\r\n"), true, VIEW("foobar")},
    {"line end within the padding", VIEW("Zg=\n="), true, VIEW("f")},
    {"BAD-036 padding in the middle", VIEW("Zg==Zm9v"), false, VIEW("")},
    {"BAD-036 three '='", VIEW("Zg==="), false, VIEW("")},
    {"BAD-036 '=' where none is due", VIEW("Zm9v="), false, VIEW("")},
    {"BAD-036 two '=' where one is due", VIEW("Zm8=="), false, VIEW("")},
    {"BAD-036 padding alone", VIEW("===="), false, VIEW("")},
    {"BAD-036 trailing bits are tolerated", VIEW("Zh=="), true, VIEW("f")},
    {"one digit over is no octet", VIEW("Zm9vY"), false, VIEW("")},
    {"BAD-037 base64url: minus", VIEW("-w=="), false, VIEW("")},
    {"BAD-037 base64url: underscore", VIEW("_w=="), false, VIEW("")},
    {"BAD-038 a letter of no alphabet", VIEW("Zm9!"), false, VIEW("")},
    {"BAD-038 UTF-8", VIEW("Zm\xc3\xa9"), false, VIEW("")},
    {"BAD-038 NUL", VIEW("Zm9v\0Zg"), false, VIEW("")},
};

static void
decode_BAD_035_to_039(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct blob out = {0};
		struct err e = {0};

		blob_add_str(&out, "untouched");
		if (base64_decode(r->in, &out, &e) != r->good)
			fail_msg("%s: %s", r->what, r->good ? e.text : "accepted");
		if (!view_equal(blob_view(&out), r->good ? r->out : VIEW("untouched")))
			fail_msg("%s: other octets", r->what);
		if (!r->good)
			assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&out);
	}
}

static void
encode_and_back(void **state)
{
	uint8_t octets[97];

	(void)state;
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof(octets); n++) {
		struct blob text = {0}, back = {0};

		base64_encode(view_of(octets, n), &text);
		assert_int_equal(text.n, (n + 2) / 3 * 4);
		assert_true(base64_decode(blob_view(&text), &back, NULL));
		assert_true(view_equal(blob_view(&back), view_of(octets, n)));
		blob_free(&text);
		blob_free(&back);
	}
	for (size_t i = 0; i < 5; i++) {
		struct blob text = {0};

		base64_encode(rows[i].out, &text);
		assert_true(view_equal(blob_view(&text), rows[i].in));
		blob_free(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decode_BAD_035_to_039),
	    cmocka_unit_test(encode_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
