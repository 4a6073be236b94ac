/* test_name.c - distinguished names (CP-04, CP-20, BAD-110 to BAD-113). */
#include "wire_oracle.h"

static void
parse(const char *text, struct blob *out)
{
	struct err e = {0};

	blob_clear(out);
	if (!name_parse(text, out, &e))
		fail_msg("%s: %s", text, e.text);
}

static const struct {
	const char *says, *text, *shown, *hex; /* hex NULL: not compared */
} names[] = {
    {"S14: RDNs are reversed, all PrintableString", "CN=RootCA,OU=TAC,O=Cisco",
	"cn=RootCA,ou=TAC,o=Cisco",
	"302f310e300c060355040a1305436973636f310c300a060355040b1303544143310f300d06035504031306"
	"526f6f744341"},
    {"spaces around are dropped", " cn = R1 , ou=Branch Office ", "cn=R1,ou=Branch Office",
	NULL},
    {"a comma by backslash", "CN=Cisco\\, Inc.", "cn=Cisco\\, Inc.", NULL},
    {"a comma by quotes", "CN=\"Cisco, Inc.\",C=US", "cn=Cisco\\, Inc.,c=US", NULL},
    {"quoted spaces stay", "CN=\" a \"", "cn= a ", NULL},
    {"hex octets make UTF-8", "CN=Caf\\c3\\a9", "cn=Caf\\xc3\\xa9", NULL},
    {"a multi-valued RDN in DER order", "hostname=R15.labtech.su+serialNumber=67109104",
	"serialNumber=67109104+hostname=R15.labtech.su", NULL},
    {"unstructuredName and emailAddress are IA5String", "unstructuredName=r@x,E=a@b",
	"hostname=r@x,e=a@b",
	"3028 3112301006092a864886f70d0109011603614062 "
	"3112301006092a864886f70d0109021603724078"},
    {"DC is IA5String", "DC=example", "dc=example", NULL},
    {"an OID as attribute", "1.2.840.113549.1.9.20=x", "1.2.840.113549.1.9.20=x", NULL},
    {"UTF8String when Printable does not do", "CN=a_b", "cn=a_b",
	"300e310c300a06035504030c03615f62"},
    {"the equals sign belongs to the value", "CN=a=b", "cn=a=b", NULL},
};

static void
parses_and_prints(void **state)
{
	struct blob der = {0}, text = {0}, want = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const uint8_t *p;
		X509_NAME *stock;

		parse(names[i].text, &der);
		blob_clear(&text);
		name_text(blob_view(&der), &text);
		if (strcmp(blob_cstr(&text), names[i].shown) != 0)
			fail_msg("%s: %s", names[i].says, blob_cstr(&text));
		assert_true(name_check(blob_view(&der), NULL));
		p = der.p;
		stock = d2i_X509_NAME(NULL, &p, (long)der.n);
		assert_non_null(stock);
		stock_name(stock, &want);
		assert_true(view_equal(blob_view(&want), blob_view(&der)));
		X509_NAME_free(stock);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].hex == NULL)
			continue;
		parse(names[i].text, &der);
		unhex(names[i].hex, &want);
		if (!view_equal(blob_view(&want), blob_view(&der)))
			fail_msg("%s", names[i].says);
	}
	blob_free(&der);
	blob_free(&text);
	blob_free(&want);
}

static const struct {
	const char *says, *text;
} bad_texts[] = {
    {"nothing", ""},
    {"no attribute", "RootCA"},
    {"unknown attribute", "XX=1"},
    {"no value", "CN="},
    {"no value before the comma", "CN=,O=x"},
    {"comma at the end", "CN=a,"},
    {"plus at the end", "CN=a+"},
    {"quotation mark open", "CN=\"a"},
    {"underscore in C", "C=U_"},
    {"BAD-112 NUL", "CN=bank.com\\00.evil"},
    {"BAD-112 invalid UTF-8", "CN=\\ff\\fe"},
    {"BAD-112 overlong UTF-8", "CN=\\c0\\af"},
    {"BAD-112 surrogate in UTF-8", "CN=\\ed\\a0\\80"},
    {"umlaut in emailAddress", "E=\xc3\xa4@x"},
    {"an OID of one arc", "1=x"},
    {"an OID with root 3", "3.1=x"},
    {"an OID ending in a dot", "1.2.=x"},
};

static void
refuses_texts(void **state)
{
	struct blob der = {0};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_texts); i++) {
		e = (struct err){0};
		if (name_parse(bad_texts[i].text, &der, &e))
			fail_msg("%s", bad_texts[i].says);
		assert_true(e.text[0] != 0);
		assert_int_equal(der.n, 0);
	}
	blob_free(&der);
}

static void
one_value(uint8_t tag, struct view v, struct blob *out)
{
	struct der_writer w = {.out = out};

	blob_clear(out);
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SET);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, OID_CN);
	der_put(&w, tag, v);
	for (int i = 0; i < 3; i++)
		der_close(&w);
}

static const struct {
	const char *says;
	uint8_t tag;
	struct view v;
	const char *utf8; /* NULL: refused */
} strings[] = {
    {"PrintableString", DER_PRINTABLE, {(const uint8_t *)"R1", 2}, "R1"},
    {"PrintableString with $ and @, as IOS writes", DER_PRINTABLE, {(const uint8_t *)"p$@", 3},
	"p$@"},
    {"PrintableString with an octet over 7f", DER_PRINTABLE, {(const uint8_t *)"a\xe9", 2},
	NULL},
    {"BAD-112 T61String is Latin-1", DER_T61, {(const uint8_t *)"caf\xe9", 4}, "caf\xc3\xa9"},
    {"BAD-112 BMPString", DER_BMP, {(const uint8_t *)"\x00\x41\x20\xac", 4}, "A\xe2\x82\xac"},
    {"BAD-112 BMPString of odd length", DER_BMP, {(const uint8_t *)"\x00\x41\x20", 3}, NULL},
    {"BAD-112 unpaired surrogate", DER_BMP, {(const uint8_t *)"\xd8\x00", 2}, NULL},
    {"BAD-112 surrogate pair: BMPString has none", DER_BMP,
	{(const uint8_t *)"\xd8\x3d\xde\x00", 4}, NULL},
    {"UniversalString", DER_UNIVERSAL, {(const uint8_t *)"\x00\x01\xf6\x00", 4},
	"\xf0\x9f\x98\x80"},
    {"BAD-112 UniversalString over 10FFFF", DER_UNIVERSAL,
	{(const uint8_t *)"\x00\x11\x00\x00", 4}, NULL},
    {"BAD-112 NUL", DER_UTF8, {(const uint8_t *)"bank.com\0.evil", 14}, NULL},
    {"BAD-112 NUL in PrintableString", DER_PRINTABLE, {(const uint8_t *)"a\0b", 3}, NULL},
    {"BAD-112 NUL in BMPString", DER_BMP, {(const uint8_t *)"\0\0", 2}, NULL},
    {"BAD-112 right-to-left mark is a character", DER_UTF8,
	{(const uint8_t *)"a\xe2\x80\x8f", 4}, "a\xe2\x80\x8f"},
    {"BAD-112 cut UTF-8", DER_UTF8, {(const uint8_t *)"a\xe2\x80", 3}, NULL},
    {"UTF-8 beyond 10FFFF", DER_UTF8, {(const uint8_t *)"\xf4\x90\x80\x80", 4}, NULL},
    {"IA5String", DER_IA5, {(const uint8_t *)"a@b", 3}, "a@b"},
    {"an INTEGER is no string", DER_INTEGER, {(const uint8_t *)"\x05", 1}, NULL},
    {"no octets", DER_UTF8, {(const uint8_t *)"", 0}, ""},
};

static void
reads_strings(void **state)
{
	struct blob der = {0}, utf8 = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		struct der d = {.tag = strings[i].tag, .body = strings[i].v};
		bool good = strings[i].utf8 != NULL;

		blob_clear(&utf8);
		if (string_utf8(&d, &utf8, NULL) != good)
			fail_msg("%s", strings[i].says);
		assert_string_equal(blob_cstr(&utf8), good ? strings[i].utf8 : "");
		one_value(strings[i].tag, strings[i].v, &der);
		assert_int_equal(name_check(blob_view(&der), NULL), good);
		blob_clear(&utf8);
		assert_int_equal(name_value(blob_view(&der), OID_CN, &utf8), good);
	}
	blob_free(&der);
	blob_free(&utf8);
}

static void
limits_bad111(void **state)
{
	struct blob der = {0}, value = {0};

	(void)state;
	for (size_t n = 511; n <= 514; n++) {
		blob_clear(&value);
		memset(blob_grow(&value, n), 'a', n);
		one_value(DER_UTF8, blob_view(&value), &der);
		assert_int_equal(name_check(blob_view(&der), NULL), n <= 512);
	}
	for (int rdns = 0; rdns <= 2; rdns++)
		for (int n = 64; n <= 65; n++) {
			struct der_writer w = {.out = &der};

			blob_clear(&der);
			der_open(&w, DER_SEQUENCE);
			if (rdns == 0)
				der_open(&w, DER_SET);
			for (int i = 0; i < n; i++) {
				if (rdns > 0)
					der_open(&w, DER_SET);
				der_open(&w, DER_SEQUENCE);
				der_put_oid(&w, OID_OU);
				der_put(&w, DER_PRINTABLE, VIEW("x"));
				der_close(&w);
				if (rdns > 0)
					der_close(&w);
			}
			if (rdns == 0)
				der_close(&w);
			der_close(&w);
			assert_int_equal(name_check(blob_view(&der), NULL), n <= 64);
		}
	unhex("30023100", &der);
	assert_false(name_check(blob_view(&der), NULL)); /* an RDN without attributes */
	unhex("3000", &der);
	assert_true(name_check(blob_view(&der), NULL));
	assert_true(name_is_empty(blob_view(&der)));
	blob_free(&der);
	blob_free(&value);
}

static const struct {
	const char *says, *a, *b;
	bool same;
} pairs[] = {
    {"case", "CN=RootCA,O=Cisco", "CN=ROOTca,O=cisco", true},
    {"inner white space", "CN=Root  CA", "CN=Root CA", true},
    {"outer white space", "CN=\" Root CA \"", "CN=Root CA", true},
    {"other value", "CN=Root CA", "CN=RootCA", false},
    {"order of RDNs matters", "CN=a,OU=b", "OU=b,CN=a", false},
    {"order inside an RDN does not", "CN=a+OU=b", "OU=b+CN=a", true},
    {"several values are not several RDNs", "CN=a+OU=b", "CN=a,OU=b", false},
    {"other attribute", "CN=a", "OU=a", false},
    {"one more RDN", "CN=a,O=b", "CN=a", false},
    {"umlauts are not folded", "CN=\xc3\x84", "CN=\xc3\xa4", false},
};

static X509_NAME *
stock_of(const struct blob *der)
{
	const uint8_t *p = der->p;

	return d2i_X509_NAME(NULL, &p, (long)der->n);
}

static void
compares_as_stock_cp20(void **state)
{
	struct blob a = {0}, b = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		X509_NAME *x, *y;

		parse(pairs[i].a, &a);
		parse(pairs[i].b, &b);
		x = stock_of(&a);
		y = stock_of(&b);
		if (name_equal(blob_view(&a), blob_view(&b)) != pairs[i].same)
			fail_msg("%s", pairs[i].says);
		assert_int_equal(X509_NAME_cmp(x, y) == 0, pairs[i].same);
		X509_NAME_free(x);
		X509_NAME_free(y);
	}
	one_value(DER_PRINTABLE, VIEW("Router"), &a);
	one_value(DER_UTF8, VIEW("router"), &b);
	assert_true(name_equal(blob_view(&a), blob_view(&b)));
	one_value(DER_BMP, VIEW("\0R\0o\0u\0t\0e\0r"), &b);
	assert_true(name_equal(blob_view(&a), blob_view(&b)));
	blob_free(&a);
	blob_free(&b);
}

/* Go's servers sort names, and put all units into one RDN. */
static void
same_parts(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	    {"CN=r1,OU=VPN,O=Cisco", "O=Cisco,OU=VPN,CN=r1", true},
	    {"CN=r1,OU=VPN,OU=TAC", "OU=TAC+OU=VPN,CN=R1", true},
	    {"CN=r1,OU=VPN,OU=VPN", "CN=r1,OU=VPN", false},
	    {"CN=r1,O=Cisco", "CN=r1", false},
	    {"CN=r1,O=Cisco", "CN=Cisco,O=r1", false},
	    {"CN=r1", "CN=r2", false},
	};
	struct blob a = {0}, b = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		parse(rows[i].a, &a);
		parse(rows[i].b, &b);
		if (name_same_parts(blob_view(&a), blob_view(&b)) != rows[i].same)
			fail_msg("%s / %s", rows[i].a, rows[i].b);
	}
	blob_free(&a);
	blob_free(&b);
}

/* Values of one RDN are sorted after folding: encodings that sort otherwise still compare
 * equal. */
static void
sorts_after_folding(void **state)
{
	struct blob a = {0}, b = {0};

	(void)state;
	unhex("301a3118300a060355040b0c0341424430 0a060355040b1303616263", &a);
	unhex("301a3118300a060355040b1303414243300a060355040b0c03616264", &b);
	assert_true(name_equal(blob_view(&a), blob_view(&b)));
	blob_free(&a);
	blob_free(&b);
}

static void
collect(void *arg, const char *rdn)
{
	blob_add_str(arg, rdn);
	blob_add_byte(arg, '|');
}

static void
walks_in_ios_order(void **state)
{
	struct blob der = {0}, out = {0};

	(void)state;
	parse("CN=R1,OU=a,OU=b+serialNumber=7,O=x", &der);
	name_each(blob_view(&der), collect, &out);
	assert_string_equal(blob_cstr(&out), "cn=R1|ou=a|serialNumber=7+ou=b|o=x|");
	blob_clear(&out);
	assert_true(name_value(blob_view(&der), OID_OU, &out));
	assert_string_equal(blob_cstr(&out), "a");
	assert_false(name_value(blob_view(&der), OID_UNSTRUCTURED_NAME, &out));
	blob_free(&der);
	blob_free(&out);
}

static void
escapes_for_terminals_bad113(void **state)
{
	struct blob der = {0}, text = {0};

	(void)state;
	one_value(DER_UTF8, VIEW("../\x1b[2J\"$(x)',ou=y\\"), &der);
	name_text(blob_view(&der), &text);
	assert_string_equal(blob_cstr(&text), "cn=../\\x1b[2J\\x22$(x)\\x27\\,ou=y\\x5c");
	blob_free(&der);
	blob_free(&text);
}

/* What name_write says, name_parse reads as the same name, if it reads it: it demands more. */
static bool
comes_back(const struct blob *der)
{
	struct blob text = {0}, again = {0};
	bool read;

	name_write(blob_view(der), &text);
	read = name_parse(blob_cstr(&text), &again, NULL);
	if (read && strstr(blob_cstr(&text), "=#") == NULL &&
	    !name_equal(blob_view(der), blob_view(&again)))
		fail_msg("'%s' is another name", blob_cstr(&text));
	blob_free(&text);
	blob_free(&again);
	return read;
}

static void
is_written_for_machines(void **state)
{
	static const struct {
		struct view value;
		const char *text;
	} cases[] = {
	    {VIEW("R1"), "CN=R1"},
	    {VIEW("a,b+c=d;e<f>g\"h\\i#j"), "CN=a\\,b\\+c\\=d\\;e\\<f\\>g\\\"h\\\\i\\#j"},
	    {VIEW("  two  spaces  "), "CN=\\20 two  spaces \\20"},
	    {VIEW("line\nend\x7f"), "CN=line\\0Aend\\7F"},
	    {VIEW("R\xc3\xb6\xe2\x82\xac"), "CN=R\xc3\xb6\xe2\x82\xac"},
	};
	struct blob der = {0}, text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_clear(&der);
		blob_clear(&text);
		one_value(DER_UTF8, cases[i].value, &der);
		name_write(blob_view(&der), &text);
		assert_string_equal(blob_cstr(&text), cases[i].text);
		assert_true(comes_back(&der));
	}
	blob_clear(&der);
	blob_clear(&text);
	parse("CN=R1,OU=a,OU=b+serialNumber=7,1.2.3.4=x", &der);
	name_write(blob_view(&der), &text);
	assert_string_equal(blob_cstr(&text), "CN=R1,OU=a,serialNumber=7+OU=b,1.2.3.4=x");
	assert_true(comes_back(&der));
	blob_free(&der);
	blob_free(&text);
}

/* Whatever passes here the library reads too, prints and compares; neither crashes. */
static void
mutants_as_stock(void **state)
{
	uint64_t seed = seed_get();
	struct blob der = {0}, mutant = {0}, out = {0};
	size_t accepted = 0, back = 0;

	(void)state;
	parse("CN=R1\xc3\xa4,OU=a b,OU=b+serialNumber=7,E=a@b,DC=x,hostname=r,1.2.3.4=y", &der);
	for (int i = 0; i < 50000; i++) {
		X509_NAME *stock;

		mutate(&seed, blob_view(&der), &mutant);
		blob_clear(&out);
		name_text(blob_view(&mutant), &out);
		assert_true(name_equal(blob_view(&mutant), blob_view(&mutant)));
		if (!name_check(blob_view(&mutant), NULL))
			continue;
		accepted++;
		back += comes_back(&mutant);
		stock = stock_of(&mutant);
		if (stock == NULL) {
			blob_clear(&out);
			hex_add(&out, blob_view(&mutant), false);
			fail_msg("the library refuses %s", blob_cstr(&out));
		}
		X509_NAME_free(stock);
	}
	printf("# accepted %zu of 50000, %zu read back\n", accepted, back);
	assert_true(accepted > 1000 && back > accepted / 2);
	ERR_clear_error();
	blob_free(&der);
	blob_free(&mutant);
	blob_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parses_and_prints),
	    cmocka_unit_test(refuses_texts),
	    cmocka_unit_test(reads_strings),
	    cmocka_unit_test(limits_bad111),
	    cmocka_unit_test(compares_as_stock_cp20),
	    cmocka_unit_test(sorts_after_folding),
	    cmocka_unit_test(same_parts),
	    cmocka_unit_test(walks_in_ios_order),
	    cmocka_unit_test(escapes_for_terminals_bad113),
	    cmocka_unit_test(is_written_for_machines),
	    cmocka_unit_test(mutants_as_stock),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
