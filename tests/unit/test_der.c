/* test_der.c - the strict reader and the writer. */
/* BAD-043 to BAD-053, BAD-129, CP-05, CP-10, CP-17 */
#include "wire_oracle.h"

static const struct {
	const char *says, *hex;
	bool good;
} elements[] = {
    {"short form", "0402abcd", true},
    {"no contents", "0500", true},
    {"nothing", "", false},
    {"a tag alone", "04", false},
    {"BAD-043 contents cut off", "0403abcd", false},
    {"BAD-046 indefinite length", "3080020101 0000", false},
    {"BAD-049 long form of a short length", "048102abcd", false},
    {"BAD-049 padded length", "04820002abcd", false},
    {"BAD-045 announces 4 GiB", "0484ffffffff00", false},
    {"BAD-045 length of eight octets", "04880000000000000001aa", false},
    {"BAD-045 reserved length ff", "04ff00", false},
    {"BAD-045 indefinite primitive", "0480", false},
    {"BAD-053 high tag number", "1f8101 00", false},
    {"BAD-053 high tag number, context", "bf2101 00", false},
    {"BAD-053 universal tag 0", "0000", false},
    {"BAD-053 universal tag 0, constructed", "2000", false},
    {"context tag 0", "8000", true},
};

static void
reads_elements(void **state)
{
	struct blob in = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(elements); i++) {
		struct reader r;
		struct der d = {0};
		struct err e = {0};

		unhex(elements[i].hex, &in);
		r = reader_of(blob_view(&in));
		if (der_any(&r, &d, &e) != elements[i].good)
			fail_msg("%s: %s", elements[i].says, e.text);
		if (elements[i].good) {
			assert_int_equal(r.n, 0);
			assert_int_equal(d.whole.n, in.n);
			assert_int_equal(d.body.n, in.n - 2);
		} else {
			assert_int_equal(r.n, in.n); /* nothing taken */
			assert_true(e.text[0] != 0);
		}
	}
	blob_free(&in);
}

static void
writes_lengths_that_it_reads(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 70000, 16777216};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct blob body = {0}, put = {0}, opened = {0};
		struct der_writer w = {.out = &put}, v = {.out = &opened};
		struct reader r;
		struct der d;
		ASN1_OCTET_STRING *stock;
		const uint8_t *p;

		blob_grow(&body, sizes[i]);
		if (sizes[i] > 0)
			memset(body.p, 0x5a, sizes[i]);
		der_put(&w, DER_OCTET_STRING, blob_view(&body));
		der_open(&v, DER_OCTET_STRING);
		der_put_raw(&v, blob_view(&body));
		der_close(&v);
		assert_true(view_equal(blob_view(&put), blob_view(&opened)));
		r = reader_of(blob_view(&put));
		assert_true(der_take(&r, DER_OCTET_STRING, "octets", &d, NULL));
		assert_true(view_equal(d.body, blob_view(&body)));
		p = put.p;
		stock = d2i_ASN1_OCTET_STRING(NULL, &p, (long)put.n);
		assert_non_null(stock);
		assert_int_equal(ASN1_STRING_length(stock), sizes[i]);
		ASN1_OCTET_STRING_free(stock);
		blob_free(&body);
		blob_free(&put);
		blob_free(&opened);
	}
}

/* The same 200 octets behind every way to write their length: one is DER. */
static void
refuses_padded_long_lengths_bad049(void **state)
{
	static const struct {
		const char *head;
		bool good;
	} cases[] = {{"0481c8", true}, {"048200c8", false}, {"04830000c8", false},
	    {"0484000000c8", false}, {"0485000000 00c8", false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob in = {0};
		struct reader r;
		struct der d;

		unhex(cases[i].head, &in);
		memset(blob_grow(&in, 200), 0x5a, 200);
		r = reader_of(blob_view(&in));
		assert_int_equal(der_any(&r, &d, NULL), cases[i].good);
		blob_free(&in);
	}
}

static void
takes_only_the_tag_asked_for(void **state)
{
	struct view v = VIEW("\x02\x01\x05\x02\x01\x06");
	struct reader r = reader_of(v);
	struct err e = {0};
	struct der d;

	(void)state;
	assert_true(der_next_is(&r, DER_INTEGER));
	assert_false(der_take(&r, DER_OCTET_STRING, "the thing", &d, &e));
	assert_non_null(strstr(e.text, "the thing"));
	assert_int_equal(r.n, 6);
	assert_true(der_take(&r, DER_INTEGER, "five", &d, &e));
	assert_false(der_end(&r, "list", &e));
	assert_true(der_take(&r, DER_INTEGER, "six", &d, &e));
	assert_true(der_end(&r, "list", &e));
	assert_false(der_next_is(&r, DER_INTEGER));
	assert_false(der_take(&r, DER_INTEGER, "seven", &d, &e));
}

static const struct {
	const char *says, *hex;
	bool good;
	uint64_t value;
} numbers[] = {
    {"zero", "020100", true, 0},
    {"127", "02017f", true, 127},
    {"128", "02020080", true, 128},
    {"the largest", "020900ffffffffffffffff", true, UINT64_MAX},
    {"BAD-049 no octets", "0200", false, 0},
    {"negative", "0201ff", false, 0},
    {"BAD-049 padded", "02020001", false, 0},
    {"BAD-049 padded negative", "0202ff80", false, 0},
    {"over 64 bits", "0209010000000000000000", false, 0},
};

static void
reads_and_writes_numbers(void **state)
{
	struct blob in = {0}, out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		struct der_writer w = {.out = &out};
		struct reader r;
		struct der d;
		uint64_t v = 1;

		unhex(numbers[i].hex, &in);
		r = reader_of(blob_view(&in));
		assert_true(der_any(&r, &d, NULL));
		if (der_uint(&d, &v, NULL) != numbers[i].good)
			fail_msg("%s", numbers[i].says);
		if (!numbers[i].good)
			continue;
		assert_int_equal(v, numbers[i].value);
		blob_clear(&out);
		der_put_uint(&w, v);
		assert_true(view_equal(blob_view(&in), blob_view(&out)));
	}
	blob_free(&in);
	blob_free(&out);
}

static void
writes_unsigned_octets(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {{"", "020100"}, {"0000", "020100"}, {"7f", "02017f"}, {"80", "02020080"},
	    {"0000ff01", "020300ff01"}, {"010203", "0203010203"}};
	struct blob in = {0}, out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct der_writer w = {.out = &out};

		unhex(cases[i].in, &in);
		blob_clear(&out);
		der_put_unsigned(&w, blob_view(&in));
		assert_hex(blob_view(&out), cases[i].out);
	}
	blob_free(&in);
	blob_free(&out);
}

static const struct {
	const char *says, *text; /* text: first U or G for the tag */
	const char *when;	 /* NULL: refused */
} times[] = {
    {"BAD-129 UTCTime of 2049", "U491231235959Z", "2049-12-31T23:59:59Z"},
    {"UTCTime of 1950", "U500101000000Z", "1950-01-01T00:00:00Z"},
    {"BAD-129 year 2038", "U380119031408Z", "2038-01-19T03:14:08Z"},
    {"BAD-129 GeneralizedTime of 2050", "G20500101000000Z", "2050-01-01T00:00:00Z"},
    {"a GeneralizedTime before 2050 is read", "G20200101000000Z", "2020-01-01T00:00:00Z"},
    {"BAD-129 the last second", "G99991231235959Z", "9999-12-31T23:59:59Z"},
    {"BAD-129 leap day", "U280229120000Z", "2028-02-29T12:00:00Z"},
    {"BAD-129 2100 is no leap year", "G21000229120000Z", NULL},
    {"BAD-129 29 February 2027", "U270229120000Z", NULL},
    {"BAD-129 leap second", "U161231235960Z", NULL},
    {"month 13", "U161331235959Z", NULL},
    {"day 0", "U160100235959Z", NULL},
    {"hour 24", "U160101240000Z", NULL},
    {"without seconds", "U1601012359Z", NULL},
    {"with an offset", "U160101235959+0100", NULL},
    {"without Z", "U160101235959", NULL},
    {"with a fraction", "G20500101000000.5Z", NULL},
    {"with a letter", "U16O101235959Z", NULL},
    {"with a sign", "U16-101235959Z", NULL},
    {"nothing", "U", NULL},
};

static void
reads_times(void **state)
{
	char text[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(times); i++) {
		struct blob in = {0};
		struct der_writer w = {.out = &in};
		struct reader r;
		when_t t = 0;
		bool good;

		der_put(&w, times[i].text[0] == 'U' ? DER_UTC_TIME : DER_GENERALIZED_TIME,
		    view_str(times[i].text + 1));
		r = reader_of(blob_view(&in));
		good = der_time(&r, &t, NULL);
		if (good != (times[i].when != NULL))
			fail_msg("%s", times[i].says);
		if (good)
			assert_string_equal(when_rfc3339(t, text), times[i].when);
		blob_free(&in);
	}
}

static void
writes_times_as_rfc5280_cp05(void **state)
{
	static const struct {
		const char *when, *text;
	} cases[] = {{"2049-12-31T23:59:59Z", "U491231235959Z"},
	    {"2050-01-01T00:00:00Z", "G20500101000000Z"},
	    {"2100-02-28T12:34:56Z", "G21000228123456Z"},
	    {"9999-12-31T23:59:59Z", "G99991231235959Z"},
	    {"1950-01-01T00:00:00Z", "U500101000000Z"},
	    {"1949-12-31T23:59:59Z", "G19491231235959Z"},
	    {"2036-02-07T06:28:16Z", "U360207062816Z"}};
	struct blob out = {0};
	struct der_writer w = {.out = &out};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct reader r;
		when_t t, back;

		assert_true(when_parse(cases[i].when, &t));
		blob_clear(&out);
		der_put_time(&w, t);
		assert_int_equal(
		    out.p[0], cases[i].text[0] == 'U' ? DER_UTC_TIME : DER_GENERALIZED_TIME);
		assert_true(view_equal_str(view_of(out.p + 2, out.n - 2), cases[i].text + 1));
		r = reader_of(blob_view(&out));
		assert_true(der_time(&r, &back, NULL));
		assert_int_equal(t, back);
	}
	blob_clear(&out);
	der_put_time(&w, WHEN_NEVER); /* RFC 5280 4.1.2.5: no well-defined end */
	assert_true(view_equal_str(view_of(out.p + 2, out.n - 2), "99991231235959Z"));
	blob_clear(&out);
	der_put_time(&w, INT64_MIN);
	assert_true(view_equal_str(view_of(out.p + 2, out.n - 2), "00000101000000Z"));
	blob_free(&out);
}

static void
writes_named_bits_minimally_cp10(void **state)
{
	static const struct {
		uint32_t bits;
		const char *hex;
	} cases[] = {{0, "030100"}, {KU_DIGITAL_SIGNATURE, "03020780"},
	    {KU_CERT_SIGN | KU_CRL_SIGN, "03020106"},
	    {KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, "030205a0"},
	    {KU_DECIPHER_ONLY, "0303070080"}, {KU_ENCIPHER_ONLY, "03020001"}};
	struct blob out = {0};
	struct der_writer w = {.out = &out};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_clear(&out);
		der_put_bits(&w, cases[i].bits);
		assert_hex(blob_view(&out), cases[i].hex);
	}
	blob_free(&out);
}

static void
sorts_sets_cp17(void **state)
{
	struct blob out = {0};
	struct der_writer w = {.out = &out};

	(void)state;
	der_open(&w, DER_SET);
	der_put_uint(&w, 300);
	der_put(&w, DER_PRINTABLE, VIEW("b"));
	der_put(&w, DER_PRINTABLE, VIEW("a"));
	der_put_uint(&w, 5);
	der_put_oid(&w, OID_CN);
	der_close_sorted(&w);
	assert_hex(blob_view(&out), "3112"
				    "020105"
				    "0202012c"
				    "0603550403"
				    "130161"
				    "130162");
	blob_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_elements),
	    cmocka_unit_test(writes_lengths_that_it_reads),
	    cmocka_unit_test(refuses_padded_long_lengths_bad049),
	    cmocka_unit_test(takes_only_the_tag_asked_for),
	    cmocka_unit_test(reads_and_writes_numbers),
	    cmocka_unit_test(writes_unsigned_octets),
	    cmocka_unit_test(reads_times),
	    cmocka_unit_test(writes_times_as_rfc5280_cp05),
	    cmocka_unit_test(writes_named_bits_minimally_cp10),
	    cmocka_unit_test(sorts_sets_cp17),
	};

	return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
