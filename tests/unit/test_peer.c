/* test_peer.c - the test client against a stock-call CA. */
#include <openssl/cms.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/peer.h"
#include "lib/pool.h"

#define SCEP "2.16.840.1.113733.1.9."

static X509 *ca, *stranger;

static EVP_PKEY *
ca_key(void)
{
	return pool_key(0);
}

static X509 *
issue(const X509_NAME *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, long serial)
{
	X509 *cert = X509_new();
	const X509_NAME *from = issuer == NULL ? subject : X509_get_subject_name(issuer);
	const struct {
		int nid;
		const char *value;
	} exts[] = {
	    {NID_subject_key_identifier, "hash"},
	    {NID_authority_key_identifier, "keyid"},
	    {NID_basic_constraints, issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE"},
	    {NID_key_usage,
		issuer == NULL ? "critical,keyCertSign,cRLSign,digitalSignature,keyEncipherment"
			       : "critical,digitalSignature"},
	};
	X509V3_CTX ctx;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
	X509_set_subject_name(cert, subject);
	X509_set_issuer_name(cert, from);
	X509_set_pubkey(cert, key);
	ASN1_TIME_set(X509_getm_notBefore(cert), clock_now() - 60);
	ASN1_TIME_set(X509_getm_notAfter(cert), clock_now() + DAY);
	X509V3_set_ctx(&ctx, issuer == NULL ? cert : issuer, cert, NULL, NULL, 0);
	for (size_t i = 0; i < COUNT_OF(exts); i++) {
		X509_EXTENSION *ext =
		    X509V3_EXT_conf_nid(NULL, &ctx, exts[i].nid, exts[i].value);
		assert_non_null(ext);
		X509_add_ext(cert, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static X509 *
make_ca(const char *cn, EVP_PKEY *key)
{
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0);
	X509 *cert = issue(name, key, NULL, key, 1);
	X509_NAME_free(name);
	return cert;
}

/* ---- the CA's side, by stock calls ---- */

struct asked { /* what a request says, opened */
	char type[8], transaction[132], digest[16];
	struct blob nonce, content;
	X509 *signer;
};

static void
asked_free(struct asked *a)
{
	blob_free(&a->nonce);
	blob_free(&a->content);
	X509_free(a->signer);
}

static const ASN1_STRING *
attribute(CMS_SignerInfo *si, const char *oid, int type)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	const ASN1_STRING *s = CMS_signed_get0_data_by_OBJ(si, object, -3, type);

	ASN1_OBJECT_free(object);
	assert_non_null(s);
	return s;
}

static void
attribute_text(CMS_SignerInfo *si, const char *oid, char *out, size_t size)
{
	const ASN1_STRING *s = attribute(si, oid, V_ASN1_PRINTABLESTRING);

	snprintf(
	    out, size, "%.*s", ASN1_STRING_length(s), (const char *)ASN1_STRING_get0_data(s));
}

static void
add_bio(struct blob *out, BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	blob_add(out, p, (size_t)n);
	BIO_free(bio);
}

/* Verify and decrypt, or fail the test. */
static void
open_request(struct view message, struct asked *a)
{
	const uint8_t *s = message.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &s, (long)message.n);
	BIO *sealed = BIO_new(BIO_s_mem()), *plain = BIO_new(BIO_s_mem());
	X509_ALGOR *digest;

	assert_non_null(cms);
	assert_ptr_equal(s, message.p + message.n);
	assert_int_equal(
	    CMS_verify(cms, NULL, NULL, NULL, sealed, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
	    1);
	CMS_SignerInfo *si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	CMS_SignerInfo_get0_algs(si, NULL, &a->signer, &digest, NULL);
	X509_up_ref(a->signer);
	snprintf(
	    a->digest, sizeof(a->digest), "%s", OBJ_nid2sn(OBJ_obj2nid(digest->algorithm)));
	attribute_text(si, SCEP "2", a->type, sizeof(a->type));
	attribute_text(si, SCEP "7", a->transaction, sizeof(a->transaction));
	const ASN1_STRING *nonce = attribute(si, SCEP "5", V_ASN1_OCTET_STRING);
	assert_int_equal(ASN1_STRING_length(nonce), 16);
	blob_add(&a->nonce, ASN1_STRING_get0_data(nonce), 16);

	CMS_ContentInfo *env = d2i_CMS_bio(sealed, NULL);
	assert_non_null(env);
	assert_int_equal(CMS_decrypt(env, ca_key(), ca, NULL, plain, CMS_BINARY), 1);
	add_bio(&a->content, plain);
	BIO_free(sealed);
	CMS_ContentInfo_free(env);
	CMS_ContentInfo_free(cms);
}

struct reply { /* how the CA answers; zero is SUCCESS as it should be */
	const char *what;
	int status;
	const char *fail_info;
	bool wrong_nonce, wrong_transaction, wrong_signer, wrong_key, wrong_type, wrong_issuer,
	    flip;
	bool empty_content; /* eContent of no octets instead of none */
	X509_CRL *crl;
	const char *error; /* what peer_open must say; NULL: it opens */
};

static void
seal_for(X509 *to, X509 *cert, X509_CRL *crl, BIO *out)
{
	PKCS7 *bag = PKCS7_new();
	STACK_OF(X509) *recipients = sk_X509_new_null();
	BIO *in = BIO_new(BIO_s_mem());

	PKCS7_set_type(bag, NID_pkcs7_signed);
	PKCS7_content_new(bag, NID_pkcs7_data);
	PKCS7_set_detached(bag, 1);
	if (cert != NULL)
		PKCS7_add_certificate(bag, cert);
	if (crl != NULL)
		PKCS7_add_crl(bag, crl);
	assert_int_equal(i2d_PKCS7_bio(in, bag), 1);
	sk_X509_push(recipients, to);
	CMS_ContentInfo *env = CMS_encrypt(recipients, in, EVP_aes_256_cbc(), CMS_BINARY);
	assert_non_null(env);
	assert_true(i2d_CMS_bio(out, env) > 0);
	CMS_ContentInfo_free(env);
	sk_X509_free(recipients);
	BIO_free(in);
	PKCS7_free(bag);
}

static void
add_text(CMS_SignerInfo *si, const char *oid, const char *text)
{
	assert_true(CMS_signed_add1_attr_by_txt(
	    si, oid, V_ASN1_PRINTABLESTRING, text, (int)strlen(text)));
}

static void
sign_reply(
    const struct asked *a, const struct reply *r, BIO *content, bool absent, struct blob *out)
{
	unsigned flags =
	    CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (absent ? CMS_DETACHED : 0);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, content, flags);
	CMS_SignerInfo *si = CMS_add1_signer(cms, r->wrong_signer ? stranger : ca,
	    r->wrong_signer ? pool_key(1) : ca_key(), EVP_get_digestbyname(a->digest), flags);
	char status[8];
	uint8_t nonce[16];
	uint8_t *der = NULL;

	assert_non_null(si);
	memcpy(nonce, a->nonce.p, sizeof(nonce));
	snprintf(status, sizeof(status), "%d", r->status);
	add_text(si, SCEP "2", r->wrong_type ? "19" : "3");
	add_text(si, SCEP "3", status);
	if (r->fail_info != NULL)
		add_text(si, SCEP "4", r->fail_info);
	CMS_signed_add1_attr_by_txt(si, SCEP "5", V_ASN1_OCTET_STRING, nonce, sizeof(nonce));
	nonce[15] ^= r->wrong_nonce;
	CMS_signed_add1_attr_by_txt(si, SCEP "6", V_ASN1_OCTET_STRING, nonce, sizeof(nonce));
	add_text(si, SCEP "7", r->wrong_transaction ? "17" : a->transaction);
	assert_int_equal(CMS_final(cms, content, NULL, flags), 1);
	int n = i2d_CMS_ContentInfo(cms, &der);
	blob_add(out, der, (size_t)n);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
}

static void
answer(const struct asked *a, const struct reply *r, struct blob *out)
{
	BIO *content = BIO_new(BIO_s_mem());
	bool absent = r->status != PEER_SUCCESS && !r->empty_content;

	BIO_set_mem_eof_return(content, 0);
	if (r->status == PEER_SUCCESS && r->crl != NULL) {
		seal_for(a->signer, NULL, r->crl, content);
	} else if (r->status == PEER_SUCCESS) {
		const uint8_t *s = a->content.p;
		X509_REQ *csr = d2i_X509_REQ(NULL, &s, (long)a->content.n);
		assert_non_null(csr);
		EVP_PKEY *key = X509_REQ_get0_pubkey(csr);
		assert_int_equal(X509_REQ_verify(csr, key), 1);
		X509 *cert = issue(X509_REQ_get_subject_name(csr),
		    r->wrong_key ? pool_key(5) : key, r->wrong_issuer ? stranger : ca,
		    r->wrong_issuer ? pool_key(1) : ca_key(), 0x2b);
		seal_for(a->signer, cert, NULL, content);
		X509_free(cert);
		X509_REQ_free(csr);
	}
	sign_reply(a, r, content, absent, out);
	if (r->flip)
		out->p[out->n / 4] ^= 1;
	BIO_free(content);
}

/* ---- tests ---- */

static void
start(struct peer *p)
{
	struct err e;

	if (!peer_init(p, "O=Cisco,OU=TAC,CN=r1+serialNumber=67109104", pool_key(2), &e))
		fail_msg("%s", e.text);
	peer_use_ca(p, ca, NULL);
}

static const struct reply replies[] = {
    {"SUCCESS is opened"},
    {"PENDING without content is opened (PK-04)", .status = PEER_PENDING},
    {"PENDING with an empty content is opened (PK-05)", .status = PEER_PENDING,
	.empty_content = true},
    {"FAILURE is opened", .status = PEER_FAILURE, .fail_info = "2"},
    {"a foreign nonce is refused (AT-04)", .wrong_nonce = true, .error = "recipientNonce"},
    {"a foreign transactionID is refused (AT-04)", .wrong_transaction = true,
	.error = "transactionID"},
    {"a foreign signer is refused", .wrong_signer = true, .error = "signature"},
    {"a certificate for another key is refused", .wrong_key = true, .error = "our key"},
    {"a certificate of another CA is refused", .wrong_issuer = true, .error = "not of our CA"},
    {"another messageType is refused", .wrong_type = true, .error = "messageType"},
    {"a flipped bit is refused", .flip = true, .error = "reply"},
    {"FAILURE without failInfo is refused (AT-02)", .status = PEER_FAILURE,
	.error = "failInfo"},
    {"SUCCESS with failInfo is refused (AT-02)", .fail_info = "2", .error = "failInfo"},
    {"pkiStatus 1 is refused", .status = 1, .error = "pkiStatus"},
};

static void
test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		const struct reply *r = &replies[i];
		struct peer p = {0};
		struct asked a = {0};
		struct blob request = {0}, reply = {0};
		struct peer_answer got = {0};
		struct err e = {0};

		print_message("# %s\n", r->what);
		start(&p);
		assert_true(peer_enrol(&p, NULL, &request, &e));
		open_request(blob_view(&request), &a);
		answer(&a, r, &reply);
		bool opened = peer_open(&p, blob_view(&reply), &got, &e);
		if (opened != (r->error == NULL))
			fail_msg("%s: %s", r->what, opened ? "opened" : e.text);
		if (!opened && strstr(e.text, r->error) == NULL)
			fail_msg("%s: said '%s'", r->what, e.text);
		if (opened) {
			assert_int_equal(got.status, r->status);
			assert_int_equal(
			    got.fail_info, r->fail_info == NULL ? -1 : r->fail_info[0] - '0');
			assert_int_equal(got.cert != NULL, r->status == PEER_SUCCESS);
		}
		if (got.cert != NULL) {
			assert_string_equal(got.serial, "2B");
			assert_string_equal(got.cipher, "AES-256-CBC");
			assert_string_equal(got.digest, "SHA256");
			assert_true(peer_verify(got.cert, ca, clock_now(), &e));
			assert_false(peer_verify(got.cert, stranger, clock_now(), &e));
			assert_false(peer_verify(got.cert, ca, clock_now() + 2 * DAY, &e));
		}
		peer_answer_free(&got);
		asked_free(&a);
		blob_free(&request);
		blob_free(&reply);
		peer_free(&p);
	}
}

static void
test_request_says_what_was_asked(void **state)
{
	static const char *const digests[] = {"SHA256", "SHA384", "SHA512", "SHA1", "MD5"};
	static const char *const ciphers[] = {
	    "AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC", "AES-128-CBC"};
	const struct peer_request o = {.message_type = PEER_RENEWAL_REQ,
	    .challenge = "C1sc0 pass",
	    .san = "DNS:r1.example,DNS:r2.example",
	    .key_usage = "digitalSignature,keyEncipherment"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(digests); i++) {
		struct peer p = {0};
		struct asked a = {0};
		struct blob request = {0};
		struct err e = {0};

		start(&p);
		p.digest = digests[i];
		p.cipher = ciphers[i];
		peer_transaction_set(&p, "R1/2+x=");
		assert_true(peer_enrol(&p, &o, &request, &e));
		open_request(blob_view(&request), &a);
		assert_string_equal(a.type, "17");
		assert_string_equal(a.transaction, "R1/2+x=");
		assert_string_equal(a.digest, digests[i]);
		assert_true(EVP_PKEY_eq(X509_get0_pubkey(a.signer), p.key) == 1);
		const uint8_t *s = a.content.p;
		X509_REQ *csr = d2i_X509_REQ(NULL, &s, (long)a.content.n);
		int md = NID_undef;
		assert_true(OBJ_find_sigid_algs(X509_REQ_get_signature_nid(csr), &md, NULL));
		assert_string_equal(OBJ_nid2sn(md), digests[i]);
		assert_int_equal(X509_REQ_verify(csr, p.key), 1);
		STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(csr);
		assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
		assert_int_equal(X509_NAME_cmp(X509_REQ_get_subject_name(csr), p.name), 0);
		assert_int_equal(X509_NAME_entry_count(p.name), 4);
		assert_int_equal(
		    X509_REQ_get_attr_by_NID(csr, NID_pkcs9_challengePassword, -1) >= 0, 1);
		sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
		X509_REQ_free(csr);
		asked_free(&a);
		blob_free(&request);
		peer_free(&p);
	}
}

static void
test_renewal_is_signed_by_the_old_certificate(void **state)
{
	struct peer p = {0};
	struct asked a = {0}, b = {0};
	struct blob first = {0}, reply = {0}, second = {0};
	struct peer_answer got = {0};
	struct err e = {0};
	char old[132];

	(void)state;
	start(&p);
	assert_true(peer_enrol(&p, NULL, &first, &e));
	memcpy(old, p.transaction, sizeof(old));
	assert_int_equal(strlen(old), 64);
	open_request(blob_view(&first), &a);
	answer(&a, &replies[0], &reply);
	assert_true(peer_open(&p, blob_view(&reply), &got, &e));

	peer_renew_from(&p, got.cert, pool_key(3));
	assert_true(peer_enrol(
	    &p, &(struct peer_request){.message_type = PEER_RENEWAL_REQ}, &second, &e));
	assert_string_not_equal(old, p.transaction);
	open_request(blob_view(&second), &b);
	assert_int_equal(X509_cmp(b.signer, got.cert), 0);
	blob_clear(&reply);
	peer_answer_free(&got);
	answer(&b, &replies[0], &reply);
	assert_true(peer_open(&p, blob_view(&reply), &got, &e));
	assert_true(EVP_PKEY_eq(X509_get0_pubkey(got.cert), pool_key(3)) == 1);

	peer_answer_free(&got);
	asked_free(&a);
	asked_free(&b);
	blob_free(&first);
	blob_free(&second);
	blob_free(&reply);
	peer_free(&p);
}

static X509_CRL *
make_crl(void)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, clock_now());

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, now);
	assert_true(X509_CRL_sign(crl, ca_key(), EVP_sha256()) > 0);
	ASN1_TIME_free(now);
	return crl;
}

static void
test_poll_and_queries_name_the_ca(void **state)
{
	struct peer p = {0};
	struct asked poll = {0}, crl = {0}, cert = {0};
	struct blob m[3] = {0}, reply = {0};
	struct peer_answer got = {0};
	struct reply r = {"CRL", .crl = make_crl()};
	struct err e = {0};

	(void)state;
	start(&p);
	assert_true(peer_poll(&p, &m[0], &e));
	open_request(blob_view(&m[0]), &poll);
	assert_string_equal(poll.type, "20");
	const uint8_t *s = poll.content.p + 2; /* behind the SEQUENCE header */
	X509_NAME *issuer = d2i_X509_NAME(NULL, &s, (long)poll.content.n - 2);
	X509_NAME *subject =
	    d2i_X509_NAME(NULL, &s, (long)(poll.content.p + poll.content.n - s));
	assert_int_equal(X509_NAME_cmp(issuer, X509_get_subject_name(ca)), 0);
	assert_int_equal(X509_NAME_cmp(subject, p.name), 0);
	X509_NAME_free(issuer);
	X509_NAME_free(subject);

	assert_true(peer_get_cert(&p, "0A1B", &m[1], &e));
	open_request(blob_view(&m[1]), &cert);
	assert_string_equal(cert.type, "21");
	s = cert.content.p;
	PKCS7_ISSUER_AND_SERIAL *ias =
	    d2i_PKCS7_ISSUER_AND_SERIAL(NULL, &s, (long)cert.content.n);
	assert_non_null(ias);
	assert_int_equal(ASN1_INTEGER_get(ias->serial), 0x0a1b);
	PKCS7_ISSUER_AND_SERIAL_free(ias);

	assert_true(peer_get_crl(&p, ca, &m[2], &e));
	open_request(blob_view(&m[2]), &crl);
	assert_string_equal(crl.type, "22");
	answer(&crl, &r, &reply);
	if (!peer_open(&p, blob_view(&reply), &got, &e))
		fail_msg("%s", e.text);
	assert_non_null(got.crl);

	peer_answer_free(&got);
	asked_free(&poll);
	asked_free(&cert);
	asked_free(&crl);
	for (size_t i = 0; i < COUNT_OF(m); i++)
		blob_free(&m[i]);
	blob_free(&reply);
	X509_CRL_free(r.crl);
	peer_free(&p);
}

static void
test_get_form_is_that_of_ios(void **state)
{
	uint8_t bytes[100];
	struct blob form = {0};

	(void)state;
	memset(bytes, 0xfb, sizeof(bytes)); /* "+/v7" again and again */
	peer_get_form(view_of(bytes, sizeof(bytes)), false, &form);
	const char *text = blob_cstr(&form);
	assert_null(strchr(text, '+'));
	assert_non_null(strchr(text, '/'));
	assert_non_null(strchr(text, '='));
	assert_memory_equal(text, "%2B/v7%2B/v7", 12);
	assert_memory_equal(
	    text + 64 + 2 * 16, "%0A", 3); /* after 64 characters, 16 of them escaped */
	assert_string_equal(text + form.n - 3, "%0A");
	blob_clear(&form);
	peer_get_form(view_of(bytes, sizeof(bytes)), true, &form);
	assert_null(strpbrk(blob_cstr(&form), "+/="));
	blob_free(&form);
}

static void
test_trust_picks_ca_and_ra(void **state)
{
	struct peer p = {0};
	struct err e = {0};
	X509 *ra = issue(X509_get_subject_name(stranger), pool_key(4), ca, ca_key(), 9);
	PKCS7 *bag = PKCS7_new();
	uint8_t *der = NULL;

	(void)state;
	assert_true(peer_init(&p, "", pool_key(2), &e));
	int n = i2d_X509(ca, &der);
	assert_true(peer_trust(&p, view_of(der, (size_t)n), &e));
	assert_int_equal(X509_cmp(p.ca, ca), 0);
	assert_int_equal(X509_cmp(p.recipient, ca), 0);
	OPENSSL_free(der);

	der = NULL;
	PKCS7_set_type(bag, NID_pkcs7_signed);
	PKCS7_content_new(bag, NID_pkcs7_data);
	PKCS7_add_certificate(bag, ra);
	PKCS7_add_certificate(bag, ca);
	n = i2d_PKCS7(bag, &der);
	assert_true(peer_trust(&p, view_of(der, (size_t)n), &e));
	assert_int_equal(X509_cmp(p.ca, ca), 0);
	assert_int_equal(X509_cmp(p.replier, ra), 0);
	assert_int_equal(X509_cmp(p.recipient, ca), 0); /* this RA may sign only */
	OPENSSL_free(der);
	assert_false(peer_trust(&p, VIEW("\x30\x00"), &e));
	PKCS7_free(bag);
	X509_free(ra);
	peer_free(&p);
}

static void
test_pool_keys_are_sound_and_distinct(void **state)
{
	const size_t last = pool_size() - 1, some[] = {0, 1, 2, 3, 27, 28, last - 1, last};

	(void)state;
	assert_int_equal(pool_size(), 160 * 159 / 2);
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pool_key(some[i]), NULL);
		struct blob der = {0};

		assert_int_equal(EVP_PKEY_get_bits(pool_key(some[i])), 2048);
		assert_int_equal(EVP_PKEY_check(ctx), 1);
		EVP_PKEY_CTX_free(ctx);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(
			    EVP_PKEY_eq(pool_key(some[i]), pool_key(some[k])), 1);
		pool_pkcs8(some[i], &der);
		const uint8_t *s = der.p;
		EVP_PKEY *again = d2i_AutoPrivateKey(NULL, &s, (long)der.n);
		assert_int_equal(EVP_PKEY_eq(again, pool_key(some[i])), 1);
		EVP_PKEY_free(again);
		blob_free(&der);
	}
}

static int
set_up(void **state)
{
	(void)state;
	ca = make_ca("RootCA", ca_key());
	stranger = make_ca("Stranger", pool_key(1));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(ca);
	X509_free(stranger);
	pool_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pool_keys_are_sound_and_distinct),
	    cmocka_unit_test(test_request_says_what_was_asked),
	    cmocka_unit_test(test_replies),
	    cmocka_unit_test(test_renewal_is_signed_by_the_old_certificate),
	    cmocka_unit_test(test_poll_and_queries_name_the_ca),
	    cmocka_unit_test(test_get_form_is_that_of_ios),
	    cmocka_unit_test(test_trust_picks_ca_and_ra),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
