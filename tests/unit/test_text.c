/* test_text.c - tests of hexadecimal and escaping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void
hex_comes_back(void **state)
{
	struct blob all = {0}, lower = {0}, upper = {0}, again = {0};

	(void)state;
	for (int i = 0; i < 256; i++)
		blob_add_byte(&all, (uint8_t)i);
	hex_add(&lower, blob_view(&all), false);
	hex_add(&upper, blob_view(&all), true);
	assert_int_equal(lower.n, 512);
	assert_memory_equal(lower.p + 2 * 0xa9, "a9aaabac", 8);
	assert_memory_equal(upper.p + 2 * 0xa9, "A9AAABAC", 8);
	assert_true(hex_decode(blob_cstr(&lower), &again));
	assert_true(view_equal(blob_view(&again), blob_view(&all)));
	blob_clear(&again);
	assert_true(hex_decode(blob_cstr(&upper), &again));
	assert_true(view_equal(blob_view(&again), blob_view(&all)));
	blob_free(&all);
	blob_free(&lower);
	blob_free(&upper);
	blob_free(&again);
}

static void
separators_of_fingerprints(void **state)
{
	static const struct {
		const char *in;
		bool good;
		const char *why;
	} cases[] = {
	    {"01ab", true, "plain"},
	    {"01:AB", true, "colons"},
	    {"01-ab", true, "dashes"},
	    {"01 ab", true, "blanks"},
	    {"01.ab", true, "dots"},
	    {" 01 ab ", true, "around"},
	    {"01a", false, "an odd count"},
	    {"0:1ab", false, "a separator inside an octet"},
	    {"01ag", false, "no digit"},
	    {"01/ab", false, "no separator"},
	    {"0x01ab", false, "a prefix"},
	    {"01\tab", false, "a tab"},
	    {"01a ", false, "half"},
	};
	struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_set(&out, VIEW("kept"));
		if (hex_decode(cases[i].in, &out) != cases[i].good)
			fail_msg("%s: '%s'", cases[i].why, cases[i].in);
		if (!view_equal(
			blob_view(&out), cases[i].good ? VIEW("kept\x01\xab") : VIEW("kept")))
			fail_msg("%s: %zu octets", cases[i].why, out.n);
	}
	blob_clear(&out);
	assert_true(hex_decode("", &out));
	assert_int_equal(out.n, 0);
	blob_free(&out);
}

/* A name from outside can neither end a line nor a quote, nor speak to a terminal. */
static void
hex_digits_have_values(void **state)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c == 0 ? NULL : strchr(digits, c);
		int want = at == NULL ? -1 : (int)(at - digits) % 16;

		assert_int_equal(hex_digit((char)c), want);
	}
}

static void
outside_text_is_escaped(void **state)
{
	static const struct {
		struct view in;
		const char *out;
	} cases[] = {
	    {VIEW(""), ""},
	    {VIEW("CN=r1, O=a b"), "CN=r1, O=a b"},
	    {VIEW("a\nb\r\t"), "a\\x0ab\\x0d\\x09"},
	    {VIEW("it's"), "it\\x27s"},
	    {VIEW("\"q\""), "\\x22q\\x22"},
	    {VIEW("\\x41"), "\\x5cx41"},
	    {VIEW("\033[2J"), "\\x1b[2J"},
	    {VIEW("a\0b"), "a\\x00b"},
	    {VIEW("\x7f"), "\\x7f"},
	    {VIEW("\xc3\xa9"), "\\xc3\\xa9"},
	    {VIEW(" ~"), " ~"},
	};
	struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_clear(&out);
		text_escape(&out, cases[i].in);
		assert_string_equal(blob_cstr(&out), cases[i].out);
	}
	for (int c = 0; c < 256; c++) {
		uint8_t one = (uint8_t)c;

		blob_clear(&out);
		text_escape(&out, view_of(&one, 1));
		for (size_t i = 0; i < out.n; i++)
			assert_in_range(out.p[i], 0x20, 0x7e);
	}
	blob_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex_comes_back),
	    cmocka_unit_test(separators_of_fingerprints),
	    cmocka_unit_test(hex_digits_have_values),
	    cmocka_unit_test(outside_text_is_escaped),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
