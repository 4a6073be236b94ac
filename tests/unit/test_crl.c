/* test_crl.c - revocation lists (CR-01 to CR-03, BAD-043, BAD-129, BAD-170). */
#include "wire_oracle.h"

struct made {
	struct blob issuer, aki, entries, tbs, crl;
	struct crl_spec spec;
};

static void
make(EVP_PKEY *key, bool entries, when_t from, struct made *m)
{
	*m = (struct made){0};
	assert_true(name_parse("CN=RootCA,OU=TAC,O=Cisco", &m->issuer, NULL));
	blob_set(&m->aki, VIEW("0123456789abcdefghij"));
	if (entries) {
		crl_entry_encode(VIEW("\x05"), from - DAY, 0, &m->entries);
		crl_entry_encode(VIEW("\x80"), from - HOUR, 1, &m->entries);
		crl_entry_encode(VIEW("\x7f\x01\x02"), from, 4, &m->entries);
	}
	m->spec = (struct crl_spec){
	    .issuer = blob_view(&m->issuer),
	    .aki = blob_view(&m->aki),
	    .this_update = from,
	    .next_update = from + 6 * HOUR,
	    .number = 300,
	    .alg = EVP_PKEY_is_a(key, "RSA") ? rsa_sha256 : ec_sha256,
	    .entries = blob_view(&m->entries),
	};
	crl_encode_tbs(&m->spec, &m->tbs);
	key_assemble(key, &m->spec.alg, blob_view(&m->tbs), &m->crl);
}

static void
made_free(struct made *m)
{
	blob_free(&m->issuer);
	blob_free(&m->aki);
	blob_free(&m->entries);
	blob_free(&m->tbs);
	blob_free(&m->crl);
}

static X509_CRL *
stock_crl(struct view v)
{
	const uint8_t *p = v.p;
	X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)v.n);

	if (x != NULL && p != v.p + v.n) {
		X509_CRL_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

static void
assert_as_stock(const struct crl *c, X509_CRL *x)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(x);
	int count = revoked == NULL ? 0 : sk_X509_REVOKED_num(revoked);
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(x, NID_crl_number, NULL, NULL);
	struct blob issuer = {0};

	stock_name(X509_CRL_get_issuer(x), &issuer);
	assert_true(view_equal(c->issuer, blob_view(&issuer)));
	assert_int_equal(c->this_update, stock_when(X509_CRL_get0_lastUpdate(x)));
	assert_int_equal(c->next_update, stock_when(X509_CRL_get0_nextUpdate(x)));
	if (number != NULL)
		assert_int_equal(c->number, ASN1_INTEGER_get(number));
	assert_int_equal(crl_count(c), count);
	for (int i = 0; i < count; i++) {
		X509_REVOKED *r = sk_X509_REVOKED_value(revoked, i);
		ASN1_ENUMERATED *why = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
		uint8_t *p = NULL;
		int n = i2d_ASN1_INTEGER(X509_REVOKED_get0_serialNumber(r), &p), reason = -1;
		when_t at = 0;

		assert_true(crl_find(c, view_of(p + 2, (size_t)n - 2), &at, &reason));
		assert_int_equal(at, stock_when(X509_REVOKED_get0_revocationDate(r)));
		assert_int_equal(reason, why == NULL ? 0 : ASN1_ENUMERATED_get(why));
		ASN1_ENUMERATED_free(why);
		OPENSSL_free(p);
	}
	ASN1_INTEGER_free(number);
	blob_free(&issuer);
}

static void
as_stock_cr01(void **state) /* CR-01 CR-02 CR-03 */
{
	static const char *const starts[] = {"2026-01-01T00:00:00Z", "2049-12-31T20:00:00Z",
	    "2050-01-01T00:00:00Z", "2100-02-28T23:00:00Z"};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(starts); i++) {
		EVP_PKEY *key = i % 2 == 0 ? key_rsa() : key_ec();
		struct made m;
		struct crl c;
		X509_CRL *x;
		uint8_t *p = NULL;
		when_t from, at;
		int reason;

		assert_true(when_parse(starts[i / 2], &from));
		make(key, true, from, &m);
		x = stock_crl(blob_view(&m.crl));
		assert_non_null(x);
		assert_int_equal(X509_CRL_verify(x, key), 1);
		assert_int_equal(X509_CRL_get_version(x), 1);
		assert_true(crl_decode(blob_view(&m.crl), &c, NULL));
		assert_as_stock(&c, x);
		assert_int_equal(c.number, 300);
		assert_true(view_equal(c.aki, m.spec.aki));
		assert_false(crl_find(&c, VIEW("\x06"), &at, &reason));
		assert_true(crl_find(&c, VIEW("\x80"), &at, &reason)); /* padding aside */
		assert_int_equal(i2d_re_X509_CRL_tbs(x, &p), m.tbs.n);
		assert_memory_equal(p, m.tbs.p, m.tbs.n);
		OPENSSL_free(p);
		X509_CRL_free(x);
		made_free(&m);
	}
}

static void
empty_list_has_no_field_cr02(void **state)
{
	struct made m;
	struct crl c;
	X509_CRL *x;

	(void)state;
	make(key_rsa(), false, 0, &m);
	x = stock_crl(blob_view(&m.crl));
	assert_null(X509_CRL_get_REVOKED(x));
	assert_int_equal(X509_CRL_verify(x, key_rsa()), 1);
	assert_true(crl_decode(blob_view(&m.crl), &c, NULL));
	assert_int_equal(c.entries.n, 0);
	assert_int_equal(crl_count(&c), 0);
	X509_CRL_free(x);
	made_free(&m);
}

static void
reason_zero_is_left_out_cr03(void **state)
{
	struct blob entry = {0};

	(void)state;
	crl_entry_encode(VIEW("\x05"), 0, 0, &entry);
	assert_hex(blob_view(&entry), "3012020105170d3730303130313030303030305a");
	blob_clear(&entry);
	crl_entry_encode(VIEW("\x05"), 0, 1, &entry);
	assert_hex(blob_view(&entry),
	    "3020020105170d3730303130313030303030305a300c300a0603551d1504030a0101");
	blob_free(&entry);
}

static void
tbs_reads_alone(void **state)
{
	struct made m;
	struct crl c;

	(void)state;
	make(key_ec(), true, 0, &m);
	assert_true(crl_decode_tbs(blob_view(&m.tbs), &c, NULL));
	assert_int_equal(c.number, 300);
	assert_int_equal(c.alg.padding, PADDING_ECDSA);
	assert_int_equal(crl_count(&c), 3);
	assert_false(crl_decode_tbs(blob_view(&m.crl), &c, NULL));
	assert_false(crl_decode(blob_view(&m.tbs), &c, NULL));
	made_free(&m);
}

static X509_CRL *
stock_make(bool version_1)
{
	X509_CRL *x = X509_CRL_new();
	X509_NAME *name = X509_NAME_new();
	ASN1_TIME *t = ASN1_TIME_new();
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const uint8_t *)"Old CA", -1, -1, 0);
	X509_CRL_set_issuer_name(x, name);
	if (!version_1)
		X509_CRL_set_version(x, 1);
	ASN1_TIME_set_string_X509(t, "20490101000000Z");
	X509_CRL_set1_lastUpdate(x, t);
	X509_REVOKED_set_revocationDate(r, t);
	ASN1_TIME_set_string_X509(t, "20500101000000Z");
	X509_CRL_set1_nextUpdate(x, t);
	ASN1_INTEGER_set(serial, 0x80a0);
	X509_REVOKED_set_serialNumber(r, serial);
	X509_CRL_add0_revoked(x, r);
	X509_NAME_free(name);
	ASN1_TIME_free(t);
	ASN1_INTEGER_free(serial);
	return x;
}

static void
add_delta(X509_CRL *x)
{
	ASN1_INTEGER *base = ASN1_INTEGER_new();

	ASN1_INTEGER_set(base, 7);
	X509_CRL_add1_ext_i2d(x, NID_delta_crl, base, 1, 0);
	ASN1_INTEGER_free(base);
}

static void
add_stranger(X509_CRL *x)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
	ASN1_OCTET_STRING *null = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ASN1_OCTET_STRING_set(null, (const uint8_t *)"\5\0", 2);
	ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, null);
	X509_CRL_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(null);
	ASN1_OBJECT_free(oid);
}

static void
reads_stock_lists(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		X509_CRL *x = stock_make(i == 0);
		uint8_t *p = NULL;
		struct crl c;
		int n;

		if (i == 2) /* deltaCRLIndicator is critical: not a whole list */
			add_delta(x);
		if (i == 3) /* nor may what nobody knows be left out */
			add_stranger(x);
		X509_CRL_sign(x, key_rsa(), EVP_sha1());
		n = i2d_X509_CRL(x, &p);
		assert_int_equal(crl_decode(view_of(p, (size_t)n), &c, NULL), i < 2);
		if (i < 2)
			assert_as_stock(&c, x);
		OPENSSL_free(p);
		X509_CRL_free(x);
	}
}

static void
refuses_cuts_bad043(void **state)
{
	struct made m;
	struct crl c;

	(void)state;
	make(key_ec(), true, 0, &m);
	for (size_t n = 0; n < m.crl.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, m.crl.p, n);
		assert_false(crl_decode(view_of(exact + 1, n), &c, NULL));
		free(exact);
	}
	made_free(&m);
}

static void
mutants_as_stock_bad044(void **state)
{
	uint64_t seed = seed_get();
	struct blob mutant = {0}, hex = {0};
	size_t accepted = 0;
	struct made m;

	(void)state;
	make(key_ec(), true, 0, &m);
	for (int i = 0; i < 20000; i++) {
		struct crl c;
		X509_CRL *x;

		mutate(&seed, blob_view(&m.crl), &mutant);
		if (!crl_decode(blob_view(&mutant), &c, NULL))
			continue;
		accepted++;
		x = stock_crl(blob_view(&mutant));
		if (x == NULL) {
			hex_add(&hex, blob_view(&mutant), false);
			fail_msg("mutant %d: the library refuses %s", i, blob_cstr(&hex));
		}
		X509_CRL_free(x);
	}
	printf("# accepted %zu of 20000\n", accepted);
	assert_true(accepted > 1000);
	blob_free(&mutant);
	made_free(&m);
}

/* Many entries: written in one piece, counted, the last one found. */
static void
many_entries(void **state)
{
	struct blob entries = {0}, tbs = {0};
	struct made m;
	struct crl c;
	when_t at;
	int reason;

	(void)state;
	make(key_rsa(), false, 0, &m);
	for (uint32_t i = 0; i < 100000; i++) {
		uint8_t serial[4] = {0x10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

		crl_entry_encode(view_of(serial, 4), 0, (int)(i % 2), &entries);
	}
	m.spec.entries = blob_view(&entries);
	crl_encode_tbs(&m.spec, &tbs);
	assert_true(crl_decode_tbs(blob_view(&tbs), &c, NULL));
	assert_int_equal(crl_count(&c), 100000);
	assert_true(crl_find(&c, VIEW("\x10\x01\x86\x9f"), &at, &reason));
	assert_int_equal(reason, 1);
	blob_free(&entries);
	blob_free(&tbs);
	made_free(&m);
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
	    cmocka_unit_test(as_stock_cr01),
	    cmocka_unit_test(empty_list_has_no_field_cr02),
	    cmocka_unit_test(reason_zero_is_left_out_cr03),
	    cmocka_unit_test(tbs_reads_alone),
	    cmocka_unit_test(reads_stock_lists),
	    cmocka_unit_test(refuses_cuts_bad043),
	    cmocka_unit_test(mutants_as_stock_bad044),
	    cmocka_unit_test(many_entries),
	};

	return cmocka_run_group_tests_name("crl", tests, NULL, done);
}
