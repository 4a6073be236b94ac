/* test_certs_only.c - SignedData without signers against stock PKCS#7. */
#include "cms_fixture.h"
#include "lib/rounds.h"
#include "wire/inner.h"

#include <openssl/pkcs7.h>

static struct {
	struct pair a, b;
	X509_CRL *crl;
	struct blob crl_der, both;
} fx;

static int
start(void **state)
{
	int n;

	(void)state;
	fx.a = pair_make(EVP_EC_gen("P-256"), "a", 1);
	fx.b = pair_make(EVP_EC_gen("P-256"), "b", -2);
	blob_add_view(&fx.both, blob_view(&fx.a.der));
	blob_add_view(&fx.both, blob_view(&fx.b.der));
	fx.crl = X509_CRL_new();
	X509_CRL_set_version(fx.crl, 1);
	X509_CRL_set_issuer_name(fx.crl, X509_get_subject_name(fx.a.cert));
	ASN1_TIME *t = ASN1_TIME_new();
	ASN1_TIME_set_string_X509(t, "20260101000000Z");
	X509_CRL_set1_lastUpdate(fx.crl, t);
	X509_CRL_set1_nextUpdate(fx.crl, t);
	ASN1_TIME_free(t);
	assert_true(X509_CRL_sign(fx.crl, fx.a.key, EVP_sha256()) > 0);
	n = i2d_X509_CRL(fx.crl, NULL);
	uint8_t *at = blob_grow(&fx.crl_der, (size_t)n);
	i2d_X509_CRL(fx.crl, &at);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	pair_free(&fx.a);
	pair_free(&fx.b);
	X509_CRL_free(fx.crl);
	blob_free(&fx.crl_der);
	blob_free(&fx.both);
	return 0;
}

/* The certificates and lists that a stock PKCS#7 holds, one after the other. */
static void
stock_lists(struct view der, struct blob *certs, struct blob *crls)
{
	const uint8_t *p = der.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)der.n);
	uint8_t *at;

	assert_non_null(p7);
	assert_ptr_equal(p, der.p + der.n);
	assert_true(PKCS7_type_is_signed(p7));
	assert_int_equal(sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info), 0);
	assert_int_equal(sk_X509_ALGOR_num(p7->d.sign->md_algs), 0);
	assert_int_equal(ASN1_INTEGER_get(p7->d.sign->version), 1);
	assert_null(p7->d.sign->contents->d.data);
	for (int i = 0; i < sk_X509_num(p7->d.sign->cert); i++) {
		X509 *x = sk_X509_value(p7->d.sign->cert, i);

		at = blob_grow(certs, (size_t)i2d_X509(x, NULL));
		i2d_X509(x, &at);
	}
	for (int i = 0; i < sk_X509_CRL_num(p7->d.sign->crl); i++) {
		X509_CRL *x = sk_X509_CRL_value(p7->d.sign->crl, i);

		at = blob_grow(crls, (size_t)i2d_X509_CRL(x, NULL));
		i2d_X509_CRL(x, &at);
	}
	PKCS7_free(p7);
}

/* PK-18 */
static void
pk18_stock_reads_ours(void **state)
{
	const struct {
		const char *what;
		struct view certs, crls;
	} cases[] = {
	    {"one certificate", blob_view(&fx.a.der), {0}},
	    {"two certificates", blob_view(&fx.both), {0}},
	    {"a CRL and no certificate (RP-02)", {0}, blob_view(&fx.crl_der)},
	    {"both", blob_view(&fx.both), blob_view(&fx.crl_der)},
	    {"nothing", {0}, {0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob der = {0}, scratch = {0}, certs = {0}, crls = {0};
		struct view c, l;
		const uint8_t *p;
		CMS_ContentInfo *cms;

		print_message("# %s\n", cases[i].what);
		certs_only_encode(cases[i].certs, cases[i].crls, &der);
		stock_lists(blob_view(&der), &certs, &crls);
		assert_true(view_equal(blob_view(&certs), cases[i].certs));
		assert_true(view_equal(blob_view(&crls), cases[i].crls));
		p = der.p;
		cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
		assert_non_null(cms);
		CMS_ContentInfo_free(cms);
		assert_true(certs_only_decode(blob_view(&der), &scratch, &c, &l, NULL));
		assert_true(view_equal(c, cases[i].certs) && view_equal(l, cases[i].crls));
		assert_int_equal(scratch.n, 0);
		blob_free(&der);
		blob_free(&scratch);
		blob_free(&certs);
		blob_free(&crls);
	}
}

static void
stock_build(struct blob *out)
{
	PKCS7 *p7 = PKCS7_new();
	int n;

	assert_int_equal(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
	assert_int_equal(PKCS7_content_new(p7, NID_pkcs7_data), 1);
	PKCS7_set_detached(p7, 1);
	assert_int_equal(PKCS7_add_certificate(p7, fx.a.cert), 1);
	assert_int_equal(PKCS7_add_certificate(p7, fx.b.cert), 1);
	assert_int_equal(PKCS7_add_crl(p7, fx.crl), 1);
	n = i2d_PKCS7(p7, NULL);
	assert_true(n > 0);
	uint8_t *at = blob_grow(out, (size_t)n);
	i2d_PKCS7(p7, &at);
	PKCS7_free(p7);
}

static void
pk11_ours_reads_stock_der_and_ber(void **state)
{
	struct blob der = {0}, ber = {0};

	(void)state;
	stock_build(&der);
	for (int depth = 0; depth < 5; depth++) {
		struct blob scratch = {0};
		struct view c, l;
		struct err e = {0};

		blob_clear(&ber);
		ber_indefinite(blob_view(&der), depth, &ber);
		if (!certs_only_decode(blob_view(&ber), &scratch, &c, &l, &e))
			fail_msg("depth %d: %s", depth, e.text);
		assert_int_equal(c.n, fx.both.n);
		assert_true(view_equal(l, blob_view(&fx.crl_der)));
		assert_int_equal(scratch.n > 0, depth > 0);
		blob_free(&scratch);
	}
	blob_free(&der);
	blob_free(&ber);
}

#define SIGNED "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define DATA "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"

static void
bad_rows_are_refused(void **state)
{
	static const struct {
		const char *what;
		struct view der;
		bool ok;
	} cases[] = {
	    {"good and empty",
		OID("\x30\x23" SIGNED "\xa0\x16\x30\x14\x02\x01\x01\x31\x00" DATA "\x31\x00"),
		true},
	    {"octets behind",
		OID("\x30\x23" SIGNED "\xa0\x16\x30\x14\x02\x01\x01\x31\x00" DATA "\x31\x00x"),
		false},
	    {"a signer",
		OID("\x30\x25" SIGNED "\xa0\x18\x30\x16\x02\x01\x01\x31\x00" DATA
		    "\x31\x02\x30\x00"),
		false},
	    {"version 9",
		OID("\x30\x23" SIGNED "\xa0\x16\x30\x14\x02\x01\x09\x31\x00" DATA "\x31\x00"),
		false},
	    {"version 0",
		OID("\x30\x23" SIGNED "\xa0\x16\x30\x14\x02\x01\x00\x31\x00" DATA "\x31\x00"),
		false},
	    {"a certificate that is an OCTET STRING",
		OID("\x30\x27" SIGNED "\xa0\x1a\x30\x18\x02\x01\x01\x31\x00" DATA
		    "\xa0\x02\x04\x00\x31\x00"),
		false},
	    {"an attribute certificate",
		OID("\x30\x27" SIGNED "\xa0\x1a\x30\x18\x02\x01\x01\x31\x00" DATA
		    "\xa0\x02\xa1\x00\x31\x00"),
		false},
	    {"no signerInfos",
		OID("\x30\x21" SIGNED "\xa0\x14\x30\x12\x02\x01\x01\x31\x00" DATA), false},
	    {"envelopedData",
		OID("\x30\x23\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x16\x30\x14\x02"
		    "\x01\x01\x31\x00" DATA "\x31\x00"),
		false},
	    {"nothing", OID(""), false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob scratch = {0};
		struct view c = {0}, l = {0};
		struct err e = {0};

		if (certs_only_decode(cases[i].der, &scratch, &c, &l, &e) != cases[i].ok)
			fail_msg("%s: %s", cases[i].what, e.text);
		assert_int_equal(e.why, cases[i].ok ? WHY_NONE : WHY_BAD_INPUT);
		blob_free(&scratch);
	}
}

static void
bad082_at_most_32_certificates(void **state)
{
	struct blob many = {0}, der = {0}, scratch = {0};
	struct view c, l;

	(void)state;
	for (int n = 1; n <= 33; n++) {
		blob_add_view(&many, blob_view(&fx.a.der));
		blob_clear(&der);
		certs_only_encode(blob_view(&many), (struct view){0}, &der);
		assert_int_equal(
		    certs_only_decode(blob_view(&der), &scratch, &c, &l, NULL), n <= 32);
	}
	blob_free(&many);
	blob_free(&der);
	blob_free(&scratch);
}

static void
bad043_truncation_at_every_offset(void **state)
{
	struct blob der = {0};

	(void)state;
	certs_only_encode(blob_view(&fx.both), blob_view(&fx.crl_der), &der);
	for (size_t n = 0; n < der.n; n++) {
		uint8_t *copy = exact_copy(view_of(der.p, n));
		struct blob scratch = {0};
		struct view c, l;

		assert_false(certs_only_decode(view_of(copy, n), &scratch, &c, &l, NULL));
		free(copy);
		blob_free(&scratch);
	}
	blob_free(&der);
}

/* What stock PKCS#7 reads, we read or name our rule; and never see other certificates in it. */
static void
mutants_differ_only_for_a_reason(void **state)
{
	static const char *const rules[] = {"BER:", "DER:", "OBJECT IDENTIFIER", "version",
	    "too many", "expected", "signer", "missing", "not SignedData"};
	struct random r = random_start("mutated certs-only");
	struct blob der = {0}, m = {0}, scratch = {0};
	size_t both = 0, only_stock = 0, only_ours = 0;

	(void)state;
	stock_build(&der);
	for (int i = 0; i < rounds(10000); i++) {
		struct view c, l;
		struct err e = {0};
		const uint8_t *p;
		PKCS7 *p7;
		bool ours, stock, explained = false;

		mutate(&r, blob_view(&der), &m);
		p = m.p;
		p7 = d2i_PKCS7(NULL, &p, (long)m.n);
		stock = p7 != NULL && p == m.p + m.n && PKCS7_type_is_signed(p7);
		ours = certs_only_decode(blob_view(&m), &scratch, &c, &l, &e);
		both += ours && stock;
		only_ours += ours && !stock; /* we leave the certificates to cert_decode */
		only_stock += stock && !ours;
		for (size_t k = 0; k < COUNT_OF(rules); k++)
			explained = explained || strstr(e.text, rules[k]) != NULL;
		if (stock && !ours && !explained)
			fail_msg("mutant %d: only stock reads it: %s", i, e.text);
		PKCS7_free(p7);
		ERR_clear_error();
	}
	print_message("# read by both %zu, only by ours %zu, only by stock %zu\n", both,
	    only_ours, only_stock);
	assert_true(both > (size_t)rounds(50));
	blob_free(&der);
	blob_free(&m);
	blob_free(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pk18_stock_reads_ours),
	    cmocka_unit_test(pk11_ours_reads_stock_der_and_ber),
	    cmocka_unit_test(bad_rows_are_refused),
	    cmocka_unit_test(bad082_at_most_32_certificates),
	    cmocka_unit_test(bad043_truncation_at_every_offset),
	    cmocka_unit_test(mutants_differ_only_for_a_reason),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
