/* test_csr.c - certification requests (BAD-109 to BAD-119, IOS forms). */
#include "lib/rounds.h"
#include "wire_oracle.h"

#define SUBJECT "CN=R1,hostname=r1.example.com+serialNumber=67109104"

static void
put(EVP_PKEY *key, const char *challenge, uint32_t key_usage, uint32_t eku, struct view san,
    struct blob *out)
{
	struct blob subject = {0}, spki = {0}, info = {0};
	struct csr_spec spec = {
	    .challenge = challenge, .key_usage = key_usage, .eku = eku, .san = san};

	assert_true(name_parse(SUBJECT, &subject, NULL));
	key_spki(key, &spki);
	spec.subject = blob_view(&subject);
	spec.spki = blob_view(&spki);
	csr_encode_info(&spec, &info);
	key_assemble(
	    key, EVP_PKEY_is_a(key, "RSA") ? &rsa_sha256 : &ec_sha256, blob_view(&info), out);
	blob_free(&subject);
	blob_free(&spki);
	blob_free(&info);
}

static void
assert_as_stock(const struct csr *c, X509_REQ *x)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(x);
	int at = X509_REQ_get_attr_by_NID(x, NID_pkcs9_challengePassword, -1);
	struct blob want = {0};

	stock_name(X509_REQ_get_subject_name(x), &want);
	assert_true(view_equal(c->subject, blob_view(&want)));
	assert_non_null(key);
	key_spki(key, &want);
	assert_true(view_equal(c->key.whole, blob_view(&want)));
	assert_int_equal(c->has_challenge, at >= 0);
	if (at >= 0) {
		ASN1_TYPE *v = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(x, at), 0);

		assert_true(view_equal(c->challenge,
		    view_of(v->value.asn1_string->data, (size_t)v->value.asn1_string->length)));
		assert_int_equal(c->challenge_tag, v->type);
	}
	blob_free(&want);
}

static void
as_stock_made_by_us(void **state)
{
	static const char *const hosts[] = {"r1.example.com", "r1"};
	static const char *const challenges[] = {NULL, "secret", "p\xc3\xa4ss"};
	static const uint32_t ekus[] = {
	    0, EKU_CLIENT_AUTH, EKU_SERVER_AUTH | EKU_IPSEC_USER | EKU_SSH_SERVER};
	static const int nids[][3] = {
	    {0}, {NID_client_auth}, {NID_server_auth, NID_ipsecUser, NID_sshServer}};
	struct blob san = {0}, der = {0}, text = {0};

	(void)state;
	san_encode_dns(hosts, COUNT_OF(hosts), &san);
	for (int i = 0; i < 2 * 3 * 2 * 2 * 3; i++) {
		EVP_PKEY *key = i % 2 == 0 ? key_rsa() : key_ec();
		const char *challenge = challenges[i / 2 % 3];
		uint32_t usage =
		    i / 6 % 2 == 0 ? 0 : KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
		struct view names = i / 12 % 2 == 0 ? (struct view){0} : blob_view(&san);
		uint32_t eku = ekus[i / 24];
		STACK_OF(X509_EXTENSION) * extensions;
		EXTENDED_KEY_USAGE *purposes;
		ASN1_BIT_STRING *bits;
		X509_REQ *x;
		struct csr c;

		put(key, challenge, usage, eku, names, &der);
		x = stock_csr(blob_view(&der));
		assert_non_null(x);
		assert_int_equal(X509_REQ_verify(x, key), 1);
		assert_true(csr_decode(blob_view(&der), &c, NULL));
		assert_as_stock(&c, x);
		assert_int_equal(c.has_key_usage, usage != 0);
		assert_int_equal(c.key_usage, usage);
		assert_int_equal(c.eku, eku);
		assert_true(view_equal(c.san, names));
		extensions = X509_REQ_get_extensions(x);
		bits = X509V3_get_d2i(extensions, NID_key_usage, NULL, NULL);
		assert_int_equal(bits != NULL, usage != 0);
		if (bits != NULL)
			assert_int_equal(bits->data[0], 0xa0);
		ASN1_BIT_STRING_free(bits);
		purposes = X509V3_get_d2i(extensions, NID_ext_key_usage, NULL, NULL);
		assert_int_equal(sk_ASN1_OBJECT_num(purposes), eku == 0	     ? -1
							       : i / 24 == 1 ? 1
									     : 3);
		for (int k = 0; k < sk_ASN1_OBJECT_num(purposes); k++)
			assert_int_equal(
			    OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, k)), nids[i / 24][k]);
		sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
		sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
		blob_clear(&text);
		assert_int_equal(csr_challenge(&c, &text, NULL), challenge != NULL);
		if (challenge != NULL)
			assert_string_equal(blob_cstr(&text), challenge);
		X509_REQ_free(x);
	}
	blob_free(&san);
	blob_free(&der);
	blob_free(&text);
}

static void
as_stock_made_by_it(void **state)
{
	static const int types[] = {
	    V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_T61STRING, V_ASN1_IA5STRING};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		X509_REQ *x = X509_REQ_new();
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
		X509_NAME *name = X509_NAME_new();
		uint8_t *p = NULL;
		struct csr c;
		struct err e = {0};
		int n;

		X509_NAME_add_entry_by_txt(
		    name, "CN", MBSTRING_ASC, (const uint8_t *)"r1", -1, -1, 0);
		X509_REQ_set_subject_name(x, name);
		X509_REQ_set_pubkey(x, key_rsa());
		X509_REQ_add1_attr_by_NID(
		    x, NID_pkcs9_challengePassword, types[i], (const uint8_t *)"pass$word", 9);
		sk_X509_EXTENSION_push(
		    list, X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "digitalSignature"));
		sk_X509_EXTENSION_push(
		    list, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE"));
		sk_X509_EXTENSION_push(
		    list, X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "clientAuth"));
		sk_X509_EXTENSION_push(
		    list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
			      "DNS:r1.example.com,IP:192.0.2.1"));
		X509_REQ_add_extensions_nid(x, list, i % 2 == 0 ? NID_ext_req : NID_ms_ext_req);
		X509_REQ_sign(x, key_rsa(), EVP_md5());
		n = i2d_X509_REQ(x, &p);
		if (!csr_decode(view_of(p, (size_t)n), &c, &e))
			fail_msg("%s", e.text);
		assert_as_stock(&c, x);
		assert_int_equal(c.alg.hash, HASH_MD5);
		assert_int_equal(c.key_usage, KU_DIGITAL_SIGNATURE);
		assert_int_equal(c.eku, EKU_CLIENT_AUTH);
		assert_true(c.wants_ca); /* BAD-114: seen, and policy's to drop */
		assert_true(c.san.n > 0);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
		X509_NAME_free(name);
		X509_REQ_free(x);
		OPENSSL_free(p);
	}
}

/* ---- attributes by hand -------------------------------------------------------------------
 */

#define CHALLENGE "06092a864886f70d010907"
#define EXTENSION_REQUEST "06092a864886f70d01090e"
#define EXTENSION_REQUEST_MS "060a2b0601040182370201 0e"
#define KU_ONE "300e0603551d0f0101ff04040302 0780"

static const struct {
	const char *says, *attributes; /* NULL: without [0] at all */
	bool good;
} cases[] = {
    {"no attributes", "a000", true},
    {"BAD-109 no [0]", NULL, true},
    {"BAD-109 octets behind", "a0000500", false},
    {"challenge", "a012 3010" CHALLENGE "3103 130161", true},
    {"challenge with $ as PrintableString", "a012 3010" CHALLENGE "3103 130124", true},
    {"challenge without a value", "a00f 300d" CHALLENGE "3100", false},
    {"challenge with two values", "a015 3013" CHALLENGE "3106 130161 130162", false},
    {"challenge as INTEGER", "a012 3010" CHALLENGE "3103 020105", false},
    {"challenge with NUL", "a012 3010" CHALLENGE "3103 0c0100", false},
    {"challenge twice", "a024 3010" CHALLENGE "3103 130161 3010" CHALLENGE "3103 130161",
	false},
    {"unknown attribute", "a00a 3008 06022a03 31020500", true},
    {"unknown attribute twice", "a014 3008 06022a03 31020500 3008 06022a03 31020500", false},
    {"unknown attribute, its value cut", "a00a 3008 06022a03 31020502", false},
    {"attribute without a value", "a008 3006 06022a03 3100", false},
    {"attribute without SET", "a008 3006 06022a03 0500", false},
    {"extensions", "a021 301f" EXTENSION_REQUEST "3112 3010" KU_ONE, true},
    {"IOS 15.7: extensions in a T61String",
	"a023 3021" EXTENSION_REQUEST "3114 1412 3010" KU_ONE, true},
    {"a T61String of something else", "a012 3010" EXTENSION_REQUEST "3103 140161", false},
    {"BAD-115 the same extension twice",
	"a031 302f" EXTENSION_REQUEST "3122 3020" KU_ONE KU_ONE, false},
    {"BAD-115 keyUsage that is no BIT STRING",
	"a01b 3019" EXTENSION_REQUEST "310c 300a 3008 0603551d0f 0401 05", false},
    {"BAD-115 keyUsage cut",
	"a01c 301a" EXTENSION_REQUEST "310d 300b 3009 0603551d0f 0402 0302", false},
    {"BAD-115 unknown critical extension",
	"a01d 301b" EXTENSION_REQUEST "310e 300c 300a 06022a03 0101ff 0401 05", false},
    {"unknown extension", "a01a 3018" EXTENSION_REQUEST "310b 3009 3007 06022a03 0401 05",
	true},
    {"BAD-116 iPAddress of 3 octets",
	"a021 301f" EXTENSION_REQUEST "3112 3010 300e 0603551d11 0407 3005 8703 c00002", false},
    {"iPAddress of 4 octets",
	"a022 3020" EXTENSION_REQUEST "3113 3011 300f 0603551d11 0408 3006 8704 c0000201",
	true},
    {"BAD-116 empty dNSName",
	"a01e 301c" EXTENSION_REQUEST "310f 300d 300b 0603551d11 0404 3002 8200", false},
    {"BAD-116 empty SAN", "a01c 301a" EXTENSION_REQUEST "310d 300b 3009 0603551d11 0402 3000",
	false},
};

static void
put_attributes(const char *attributes, struct blob *out)
{
	struct blob subject = {0}, spki = {0}, info = {0}, tail = {0};
	struct der_writer w = {.out = &info};

	assert_true(name_parse(SUBJECT, &subject, NULL));
	key_spki(key_ec(), &spki);
	if (attributes != NULL)
		unhex(attributes, &tail);
	der_open(&w, DER_SEQUENCE);
	der_put_uint(&w, 0);
	der_put_raw(&w, blob_view(&subject));
	der_put_raw(&w, blob_view(&spki));
	der_put_raw(&w, blob_view(&tail));
	der_close(&w);
	key_assemble(key_ec(), &ec_sha256, blob_view(&info), out);
	blob_free(&subject);
	blob_free(&spki);
	blob_free(&info);
	blob_free(&tail);
}

static void
attributes_by_hand(void **state)
{
	struct blob der = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};
		X509_REQ *x;
		struct csr c;

		put_attributes(cases[i].attributes, &der);
		if (csr_decode(blob_view(&der), &c, &e) != cases[i].good)
			fail_msg("%s: %s", cases[i].says, e.text);
		if (cases[i].good) {
			x = stock_csr(blob_view(&der));
			if (x == NULL)
				fail_msg("%s: the library refuses", cases[i].says);
			assert_int_equal(X509_REQ_verify(x, key_ec()), 1);
			X509_REQ_free(x);
		}
		if (strstr(cases[i].says, "IOS 15.7") != NULL)
			assert_int_equal(c.key_usage, KU_DIGITAL_SIGNATURE);
	}
	blob_free(&der);
}

static void
both_extension_requests_are_refused(void **state)
{
	struct blob der = {0};
	struct csr c;

	(void)state;
	put_attributes("a043 301f" EXTENSION_REQUEST "3112 3010" KU_ONE
		       "3020" EXTENSION_REQUEST_MS "3112 3010" KU_ONE,
	    &der);
	assert_false(csr_decode(blob_view(&der), &c, NULL));
	put_attributes("a022 3020" EXTENSION_REQUEST_MS "3112 3010" KU_ONE, &der);
	assert_true(csr_decode(blob_view(&der), &c, NULL));
	blob_free(&der);
}

static void
subject_or_san_bad110(void **state)
{
	static const char *const host = "r1";
	struct blob san = {0}, spki = {0}, info = {0}, der = {0};
	struct csr_spec spec = {.subject = VIEW("\x30\x00")};
	struct csr c;

	(void)state;
	key_spki(key_ec(), &spki);
	san_encode_dns(&host, 1, &san);
	spec.spki = blob_view(&spki);
	csr_encode_info(&spec, &info);
	key_assemble(key_ec(), &ec_sha256, blob_view(&info), &der);
	assert_false(csr_decode(blob_view(&der), &c, NULL));
	spec.san = blob_view(&san);
	blob_clear(&info);
	csr_encode_info(&spec, &info);
	key_assemble(key_ec(), &ec_sha256, blob_view(&info), &der);
	assert_true(csr_decode(blob_view(&der), &c, NULL));
	blob_free(&san);
	blob_free(&spki);
	blob_free(&info);
	blob_free(&der);
}

/* ---- subject alternative names -------------------------------------------------------------
 */

static const struct {
	const char *says;
	uint8_t tag;
	const char *text;
	bool good;
} sans[] = {
    {"host name", 0x82, "r1.example.com", true},
    {"one label", 0x82, "r1", true},
    {"BAD-116 wildcard: syntax is right, policy decides", 0x82, "*.example.com", true},
    {"wildcard inside", 0x82, "r*.example.com", false},
    {"wildcard alone", 0x82, "*", false},
    {"CP-12 underscore", 0x82, "r_1.example.com", false},
    {"CP-12 control character", 0x82, "r1\x01", false},
    {"space", 0x82, "r1 r2", false},
    {"hyphen first", 0x82, "-r1", false},
    {"hyphen last", 0x82, "r1-.example", false},
    {"two dots", 0x82, "r1..example", false},
    {"dot first", 0x82, ".example", false},
    {"dot last", 0x82, "example.", false},
    {"label of 63", 0x82, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	true},
    {"label of 64", 0x82, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	false},
    {"mail", 0x81, "a@b.example", true},
    {"mail without @", 0x81, "ab", false},
    {"mail with a line end", 0x81, "a@b\n", false},
    {"URI", 0x86, "http://example.com/", true},
    {"URI, relative", 0x86, "/x", false},
    {"URI with a space", 0x86, "http://a b", false},
    {"IPv4", 0x87, "\xc0\x02\x02\x01", true},
    {"IPv6", 0x87, "0123456789abcdef", true},
    {"BAD-116 IP of 5 octets", 0x87, "01234", false},
    {"registered ID", 0x88, "\x2a\x03", true},
    {"registered ID, unfinished", 0x88, "\x2a\x83", false},
    {"otherName", 0xa0, "\x06\x02\x2a\x03\xa0\x02\x05", false},
    {"x400Address", 0xa3, "\x05", false},
    {"a UTF8String", 0x0c, "x", false},
};

static void
san_syntax_bad116(void **state)
{
	struct blob der = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sans); i++) {
		struct blob san = {0};
		struct der_writer w = {.out = &san};
		struct csr c;

		der_open(&w, DER_SEQUENCE);
		der_put(&w, sans[i].tag, view_str(sans[i].text));
		der_close(&w);
		put(key_ec(), NULL, 0, 0, blob_view(&san), &der);
		if (csr_decode(blob_view(&der), &c, NULL) != sans[i].good)
			fail_msg("%s", sans[i].says);
		blob_free(&san);
	}
	blob_free(&der);
}

static void
san_subsets(void **state)
{
	static const char *const all[] = {"r1.example.com", "r2.example.com"};
	static const char *const some[] = {"R2.EXAMPLE.com"}, *const other[] = {
								  "r2.example.com", "r3"};
	struct blob a = {0}, b = {0}, c = {0};
	struct view none = {0};

	(void)state;
	san_encode_dns(all, 2, &a);
	san_encode_dns(some, 1, &b);
	san_encode_dns(other, 2, &c);
	assert_true(san_subset(blob_view(&b), blob_view(&a)));
	assert_false(san_subset(blob_view(&a), blob_view(&b)));
	assert_false(san_subset(blob_view(&c), blob_view(&a)));
	assert_true(san_subset(none, blob_view(&a)));
	assert_true(san_subset(none, none));
	assert_false(san_subset(blob_view(&a), none));
	assert_false(san_subset(VIEW("\x30\x03\x82\x05x"), blob_view(&a)));
	assert_false(san_subset(VIEW("\x30\x03\x87\x01\x01"), blob_view(&a)));
	blob_free(&a);
	blob_free(&b);
	blob_free(&c);
}

/* ---- cuts and mutants -----------------------------------------------------------------------
 */

static void
refuses_cuts_bad043(void **state)
{
	struct blob der = {0};
	struct csr c;

	(void)state;
	put(key_rsa(), "secret", KU_DIGITAL_SIGNATURE, 0, (struct view){0}, &der);
	for (size_t n = 0; n < der.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, der.p, n);
		assert_false(csr_decode(view_of(exact + 1, n), &c, NULL));
		free(exact);
	}
	blob_free(&der);
}

/*
 * The difference that is meant: of an attribute that we do not know, only the frame of its
 * values is read; the library also looks whether a NULL is empty, a SEQUENCE constructed and so
 * on.
 */
static bool
explained(const struct csr *c)
{
	struct reader r = reader_of(c->info);
	struct der d;
	size_t known = 0, all = 0;

	assert_true(der_any(&r, &d, NULL));
	r = reader_of(d.body);
	while (der_any(&r, &d, NULL))
		continue; /* the last one: attributes [0] */
	r = reader_of(d.body);
	while (d.tag == DER_CONTEXT(0) && der_any(&r, &d, NULL)) {
		struct reader inner = reader_of(d.body);
		struct der oid;

		all++;
		assert_true(der_any(&inner, &oid, NULL));
		known += view_equal(oid.body, VIEW("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07")) ||
			 view_equal(oid.body, VIEW("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"));
		d.tag = DER_CONTEXT(0);
	}
	return all > known;
}

static void
mutants_as_stock_bad044(void **state)
{
	static const char *const hosts[] = {"r1.example.com", "r1"};
	uint64_t seed = seed_get();
	struct blob der = {0}, mutant = {0}, san = {0}, hex = {0};
	size_t accepted = 0;

	(void)state;
	san_encode_dns(hosts, 2, &san);
	for (int i = 0; i < rounds(20000); i++) {
		struct err e = {0};
		struct csr c;
		X509_REQ *x;

		if (i % rounds(10000) == 0)
			put(i == 0 ? key_rsa() : key_ec(), "secret", KU_DIGITAL_SIGNATURE, 0,
			    blob_view(&san), &der);
		mutate(&seed, blob_view(&der), &mutant);
		if (!csr_decode(blob_view(&mutant), &c, &e)) {
			assert_true(e.text[0] != 0);
			continue;
		}
		accepted++;
		x = stock_csr(blob_view(&mutant));
		if (x == NULL && !explained(&c)) {
			hex_add(&hex, blob_view(&mutant), false);
			fail_msg("mutant %d: the library refuses %s", i, blob_cstr(&hex));
		}
		if (x != NULL && X509_REQ_get0_pubkey(x) != NULL)
			assert_as_stock(&c, x);
		ERR_clear_error();
		X509_REQ_free(x);
	}
	printf("# accepted %zu of %d\n", accepted, rounds(20000));
	assert_true(accepted > (size_t)rounds(2000));
	blob_free(&der);
	blob_free(&mutant);
	blob_free(&san);
}

static int
done(void **state)
{
	(void)state;
	keys_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_stock_made_by_us),
	    cmocka_unit_test(as_stock_made_by_it),
	    cmocka_unit_test(attributes_by_hand),
	    cmocka_unit_test(both_extension_requests_are_refused),
	    cmocka_unit_test(subject_or_san_bad110),
	    cmocka_unit_test(san_syntax_bad116),
	    cmocka_unit_test(san_subsets),
	    cmocka_unit_test(refuses_cuts_bad043),
	    cmocka_unit_test(mutants_as_stock_bad044),
	};

	return cmocka_run_group_tests_name("csr", tests, NULL, done);
}
