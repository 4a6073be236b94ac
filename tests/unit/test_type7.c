/* test_type7.c - tests of type-7 passwords. */
#include "conf_text.h"

static void
known_passwords_decode(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"01100F175804575D72", "cisco123"}, /* the source document's */
	    {"071F205F5D1E161713", "password"}, {"071f205f5d1e161713", "password"},
	    {"0822455D0A16", "cisco"}, {"5254", "c"}, /* the last place of the key */
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		assert_true(type7_decode(cases[i].in, out, sizeof(out), &e));
		assert_string_equal(out, cases[i].out);
	}
}

static void
key_wraps_around(void **state)
{
	char out[64];

	(void)state;
	/* position 52 is '7', position 0 is 'd' */
	assert_true(type7_decode("527606", out, sizeof(out), NULL));
	assert_string_equal(out, "Ab");
}

static void
bad_passwords_are_refused(void **state)
{
	static const struct {
		const char *in, *says;
	} cases[] = {
	    {"", "0 characters"}, {"01", "2 characters"}, {"01100", "5 characters"},
	    {"XX100F", "two decimal digits"}, {"53100F", "begins with 53"},
	    {"01ZZ", "no hexadecimal digit"},
	    {"0173", "decode to text"}, /* 's' ^ 0x73 is NUL */
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		assert_false(type7_decode(cases[i].in, out, sizeof(out), &e));
		assert_non_null(strstr(e.text, cases[i].says));
	}
}

static void
output_fits_or_is_refused(void **state)
{
	char out[9];

	(void)state;
	assert_true(type7_decode("01100F175804575D72", out, 9, NULL));
	assert_false(type7_decode("01100F175804575D72", out, 8, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_passwords_decode),
	    cmocka_unit_test(key_wraps_around),
	    cmocka_unit_test(bad_passwords_are_refused),
	    cmocka_unit_test(output_fits_or_is_refused),
	};

	return cmocka_run_group_tests_name("type7", tests, NULL, NULL);
}
