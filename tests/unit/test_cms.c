/* test_cms.c - ContentInfo, versions, issuer and serial. */
#include "cms_fixture.h"
#include "wire/cms.h"

#define NAME                                                                                   \
	"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"                                 \
	"a"

static void
issuer_and_serial_keeps_octets(void **state)
{
	static const struct view serials[] = {
	    OID("\x05"), OID("\x80"), OID("\0\0\x05"), OID("\xff\xff\x01"), OID("\0")};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(serials); i++) {
		struct blob der = {0};
		struct view issuer, serial;

		issuer_and_serial_encode(VIEW(NAME), serials[i], &der);
		assert_true(issuer_and_serial_decode(blob_view(&der), &issuer, &serial, NULL));
		assert_true(view_equal(issuer, VIEW(NAME)) && view_equal(serial, serials[i]));
		for (size_t n = 0; n < der.n; n++) {
			uint8_t *copy = exact_copy(view_of(der.p, n));

			assert_false(
			    issuer_and_serial_decode(view_of(copy, n), &issuer, &serial, NULL));
			free(copy);
		}
		blob_free(&der);
	}
}

static void
issuer_and_serial_is_exactly_that(void **state)
{
	static const struct {
		const char *what;
		struct view der;
	} cases[] = {
	    {"nothing", OID("")},
	    {"octets behind", OID("\x30\x11" NAME "\x02\x01\x05x")},
	    {"a third element", OID("\x30\x13" NAME "\x02\x01\x05\x05\x00")},
	    {"serial without octets (BAD-100)", OID("\x30\x10" NAME "\x02\x00")},
	    {"serial OCTET STRING", OID("\x30\x11" NAME "\x04\x01\x05")},
	    {"issuer missing", OID("\x30\x03\x02\x01\x05")},
	    {"IssuerAndSubject instead (BAD-081)", OID("\x30\x1c" NAME NAME)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view issuer = {0}, serial = {0};
		struct err e = {0};

		if (issuer_and_serial_decode(cases[i].der, &issuer, &serial, &e))
			fail_msg("%s", cases[i].what);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		assert_null(issuer.p);
	}
}

static void
issuer_and_subject_is_two_names(void **state)
{
	struct blob der = {0};

	(void)state;
	issuer_and_subject_encode(VIEW(NAME), VIEW("\x30\x00"), &der);
	assert_true(view_equal(blob_view(&der), VIEW("\x30\x10" NAME "\x30\x00")));
	blob_free(&der);
}

static void
bad050_versions(void **state)
{
	static const struct {
		struct view der;
		int version; /* -2: refused */
	} cases[] = {
	    {OID("\x02\x01\x00"), 0},
	    {OID("\x02\x01\x05"), 5},
	    {OID("\x02\x01\x06"), -1},
	    {OID("\x02\x01\xff"), -1},
	    {OID("\x02\x02\xff\xff"), -1},
	    {OID("\x02\x04\0\0\0\x03"), 3},
	    {OID("\x02\x05\x01\0\0\0\x03"), -1},
	    {OID("\x02\x00"), -2},
	    {OID("\x0a\x01\x01"), -2},
	    {OID(""), -2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct reader r = reader_of(cases[i].der);
		int version = -2;

		assert_int_equal(
		    cms_version(&r, "version", &version, NULL), cases[i].version != -2);
		assert_int_equal(version, cases[i].version);
	}
}

/* Views must stay where they are while the caller appends as much as the input was long. */
static void
normalised_input_does_not_move(void **state)
{
	struct blob ber = {0}, scratch = {0};
	struct view out;

	(void)state;
	blob_add(&ber, "\x30\x80", 2);
	for (int i = 0; i < 1000; i++)
		blob_add(&ber,
		    "\x04\x03"
		    "abc",
		    5);
	blob_add(&ber, "\0\0", 2);
	assert_true(cms_normalise(blob_view(&ber), &scratch, &out, NULL));
	assert_ptr_equal(out.p, scratch.p);
	for (size_t i = 0; i < ber.n; i++)
		blob_add_byte(&scratch, 'x');
	assert_ptr_equal(out.p, scratch.p);
	assert_int_equal(out.n, 5004);
	assert_int_equal(out.p[4], DER_OCTET_STRING);
	blob_free(&ber);
	blob_free(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(issuer_and_serial_keeps_octets),
	    cmocka_unit_test(issuer_and_serial_is_exactly_that),
	    cmocka_unit_test(issuer_and_subject_is_two_names),
	    cmocka_unit_test(bad050_versions),
	    cmocka_unit_test(normalised_input_does_not_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
