/* test_fixtures.c - fixtures read by the stock calls and by wire. */
#include "wire/wire.h" /* before the library's macros of the same names */

#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"

enum asked { NOTHING, T61, SEQUENCE };

static struct row { /* cmocka hands rows on as void * */
	const char *name;
	int type;
	const char *digest, *csr_digest, *cipher;
	int bits, version; /* of the key asked for, of the signer's certificate (0: v1) */
	const char *serial;
	enum asked asked;
	const char *sentence;
} rows[] = {
    {"12.4-enrol", 19, "MD5", "MD5", "DES-CBC", 1024, 0, "7f", NOTHING,
	"MD5, single DES, RSA-1024, a v1 temporary certificate"},
    {"12.4-poll", 20, "MD5", NULL, "DES-CBC", 1024, 0, "80", NOTHING,
	"a new temporary certificate for the poll, serial -128"},
    {"12.4-renew", 19, "MD5", "MD5", "DES-CBC", 1024, 2, "03", NOTHING,
	"renewal as PKCSReq, signed by the old certificate"},
    {"12.4-renew-temporary", 19, "MD5", "MD5", "DES-CBC", 1024, 0, "ff", NOTHING,
	"renewal signed by a temporary certificate, serial -1"},
    {"15.1-enrol", 19, "SHA1", "MD5", "DES-EDE3-CBC", 2048, 0, "ff", T61,
	"SHA-1 outside, MD5 inside, Extensions in a T61String"},
    {"15.1-poll", 20, "SHA1", NULL, "DES-EDE3-CBC", 2048, 0, "0100", NOTHING,
	"two octets of serial"},
    {"15.1-renew", 19, "SHA1", "MD5", "DES-EDE3-CBC", 2048, 2, "80", T61,
	"an old certificate with a negative serial"},
    {"15.1-renew-temporary", 19, "SHA1", "MD5", "DES-EDE3-CBC", 2048, 0, "8001", T61,
	"two octets, negative"},
    {"15.4-enrol", 19, "SHA256", "MD5", "DES-EDE3-CBC", 2048, 0, "fedc", T61,
	"MD5-signed PKCS#10 inside a SHA-256 message"},
    {"15.4-poll", 20, "SHA256", NULL, "DES-EDE3-CBC", 2048, 0, "80", NOTHING, "serial -128"},
    {"15.4-renew", 19, "SHA256", "MD5", "DES-EDE3-CBC", 2048, 2,
	"7fffffffffffffffffffffffffffffffffffffff", T61, "20 octets, the largest positive"},
    {"15.4-renew-temporary", 19, "SHA256", "MD5", "DES-EDE3-CBC", 2048, 0,
	"8000000000000000000000000000000000000001", T61, "20 octets, negative"},
    {"xe-3.15-enrol", 19, "SHA256", "SHA256", "DES-EDE3-CBC", 2048, 2, "0080", SEQUENCE,
	"a v3 temporary certificate, the serial padded; DC as IA5String"},
    {"xe-3.15-poll", 20, "SHA256", NULL, "DES-EDE3-CBC", 2048, 2, "0081", NOTHING,
	"the next one for the poll"},
    {"xe-3.15-renew", 19, "SHA256", "SHA256", "DES-EDE3-CBC", 2048, 2, "00ff", SEQUENCE,
	"regenerate: another key, the old certificate signs"},
    {"xe-3.15-renew-temporary", 19, "SHA256", "SHA256", "DES-EDE3-CBC", 2048, 2, "0082",
	SEQUENCE, "the CA listed no Renewal"},
    {"xe-17-enrol", 19, "SHA512", "SHA512", "DES-EDE3-CBC", 2048, 2, "7f", SEQUENCE,
	"SHA-512: messageDigest comes behind transactionID"},
    {"xe-17-poll", 20, "SHA512", NULL, "DES-EDE3-CBC", 2048, 2, "0080", NOTHING,
	"the next one for the poll"},
    {"xe-17-renew", 19, "SHA512", "SHA512", "DES-EDE3-CBC", 2048, 2,
	"4000000000000000000000000000000000000001", SEQUENCE, "20 octets, positive"},
    {"xe-17-renew-temporary", 19, "SHA512", "SHA512", "DES-EDE3-CBC", 2048, 2,
	"5a00000000000000000000000000000000000000", SEQUENCE, "20 octets in a temporary one"},
};

#define PASSWORD "Rev0cati0n$Passw0rd"
#define KEY_USAGE 0x05 /* digitalSignature, keyEncipherment: bits 0 and 2 */

/* What both readers must agree upon. */
struct seen {
	struct blob signer_issuer, signer_serial, transaction, nonce, plain;
	struct blob subject, spki, challenge;
	int type, challenge_tag;
	uint32_t key_usage;
	const char *digest, *csr_digest, *cipher;
	int bits;
};

static void
seen_free(struct seen *s)
{
	struct blob *all[] = {&s->signer_issuer, &s->signer_serial, &s->transaction, &s->nonce,
	    &s->plain, &s->subject, &s->spki, &s->challenge};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		blob_free(all[i]);
}

static X509 *ca;
static EVP_PKEY *ca_key;

static FILE *
open_file(const char *name, const char *kind)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s%s", getenv("IOS_FIXTURES"), name, kind);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s: not there", path);
	return f;
}

static void
read_hex(const char *name, struct blob *out)
{
	FILE *f = open_file(name, ".hex");
	struct blob text = {0};
	char line[80];

	while (fgets(line, sizeof(line), f) != NULL)
		blob_add(&text, line, strcspn(line, "\n"));
	(void)fclose(f);
	assert_true(hex_decode(blob_cstr(&text), out));
	blob_free(&text);
}

static void
read_http(const char *name, struct blob *out)
{
	FILE *f = open_file(name, ".http");
	int c;

	while ((c = fgetc(f)) != EOF)
		blob_add_byte(out, (uint8_t)c);
	(void)fclose(f);
}

static void
assert_same(const struct blob *a, const struct blob *b, const char *what)
{
	if (!view_equal(blob_view(a), blob_view(b)))
		fail_msg("%s: the two readers differ", what);
}

/* ---- the stock calls ---- */

static void
keep_string(const ASN1_STRING *s, struct blob *out)
{
	assert_non_null(s);
	blob_set(out, view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
}

static const ASN1_STRING *
attribute(CMS_SignerInfo *si, const char *oid_text, int type)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(oid_text, 1);
	const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(si, oid, -3, type);

	ASN1_OBJECT_free(oid);
	return value;
}

/* Contents octets of an INTEGER element. */
static void
keep_serial(const ASN1_INTEGER *n, struct blob *out)
{
	struct blob der = {0};

	ADD_DER(&der, ASN1_INTEGER, n);
	blob_set(out, view_of(der.p + 2, der.n - 2));
	blob_free(&der);
}

static void
stock_attributes(CMS_SignerInfo *si, struct seen *s)
{
	X509_ALGOR *digest, *signature;
	X509_NAME *issuer;
	ASN1_INTEGER *serial;
	struct blob last = {0}, der = {0};

	assert_int_equal(CMS_signed_get_attr_count(si), 5);
	for (int i = 0; i < 5; i++) { /* in DER order as they stand */
		blob_clear(&der);
		ADD_DER(&der, X509_ATTRIBUTE, CMS_signed_get_attr(si, i));
		assert_true(view_compare(blob_view(&last), blob_view(&der)) < 0);
		blob_set(&last, blob_view(&der));
	}
	assert_true(CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1) < 0);
	s->type = (int)strtol((const char *)ASN1_STRING_get0_data(
				  attribute(si, OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING)),
	    NULL, 10);
	keep_string(attribute(si, OID_TRANSACTION, V_ASN1_PRINTABLESTRING), &s->transaction);
	keep_string(attribute(si, OID_SENDER_NONCE, V_ASN1_OCTET_STRING), &s->nonce);
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	assert_int_equal(OBJ_obj2nid(signature->algorithm), NID_rsaEncryption);
	s->digest = OBJ_nid2sn(OBJ_obj2nid(digest->algorithm));
	assert_int_equal(CMS_SignerInfo_get0_signer_id(si, NULL, &issuer, &serial), 1);
	ADD_DER(&s->signer_issuer, X509_NAME, issuer);
	keep_serial(serial, &s->signer_serial);
	blob_free(&last);
	blob_free(&der);
}

/* The requested extensions, also those that the stock parser does not see. */
static uint32_t
stock_key_usage(X509_REQ *req, enum asked asked)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
	int at = X509_REQ_get_attr_by_NID(req, NID_ext_req, -1);

	if (asked == NOTHING) {
		assert_int_equal(at, -1);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
		return 0;
	}
	ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(req, at), 0);
	assert_int_equal(value->type, asked == T61 ? V_ASN1_T61STRING : V_ASN1_SEQUENCE);
	if (asked == T61) {
		const uint8_t *p = ASN1_STRING_get0_data(value->value.asn1_string);

		assert_null(list);
		list =
		    d2i_X509_EXTENSIONS(NULL, &p, ASN1_STRING_length(value->value.asn1_string));
	}
	ASN1_BIT_STRING *bits = X509V3_get_d2i(list, NID_key_usage, NULL, NULL);
	uint32_t usage = 0;
	assert_non_null(bits);
	for (int i = 0; i < 9; i++)
		usage |= (uint32_t)ASN1_BIT_STRING_get_bit(bits, i) << i;
	ASN1_BIT_STRING_free(bits);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return usage;
}

static void
stock_request(const struct row *r, struct seen *s)
{
	const uint8_t *at = s->plain.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)s->plain.n);
	int digest = NID_undef;

	assert_non_null(req);
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	assert_int_equal(X509_REQ_verify(req, key), 1);
	ADD_DER(&s->subject, X509_NAME, X509_REQ_get_subject_name(req));
	ADD_DER(&s->spki, PUBKEY, key);
	s->bits = EVP_PKEY_get_bits(key);
	assert_int_equal(
	    OBJ_find_sigid_algs(X509_REQ_get_signature_nid(req), &digest, NULL), 1);
	s->csr_digest = OBJ_nid2sn(digest);
	s->key_usage = stock_key_usage(req, r->asked);
	int n = X509_REQ_get_attr_by_NID(req, NID_pkcs9_challengePassword, -1);
	ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(req, n), 0);
	s->challenge_tag = value->type;
	keep_string(value->value.asn1_string, &s->challenge);
	X509_REQ_free(req);
}

static void
stock_open(struct view sealed, struct seen *s)
{
	const uint8_t *at = sealed.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)sealed.n);
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	assert_non_null(cms);
	assert_int_equal(CMS_decrypt(cms, ca_key, ca, NULL, out, CMS_BINARY), 1);
	long n = BIO_get_mem_data(out, &p);
	blob_add(&s->plain, p, (size_t)n);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

static void
stock_read(const struct row *r, const struct blob *message, struct seen *s)
{
	const uint8_t *at = message->p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)message->n);
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;

	assert_non_null(cms);
	assert_ptr_equal(at, message->p + message->n);
	assert_int_equal(
	    CMS_verify(cms, NULL, NULL, NULL, out, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY), 1);
	STACK_OF(X509) *certs = CMS_get1_certs(cms);
	assert_int_equal(sk_X509_num(certs), 1);
	assert_int_equal(X509_get_version(sk_X509_value(certs, 0)), r->version);
	sk_X509_pop_free(certs, X509_free);
	assert_int_equal(sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)), 1);
	stock_attributes(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0), s);
	long n = BIO_get_mem_data(out, &p);
	stock_open(view_of(p, (size_t)n), s);
	if (r->type == PEER_PKCS_REQ)
		stock_request(r, s);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
}

/* ---- wire ---- */

static void
ours_unwrap(struct view wrapped, uint8_t key[600], size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(ca_key, NULL);

	*n = 600;
	assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_decrypt(ctx, key, n, wrapped.p, wrapped.n), 1);
	EVP_PKEY_CTX_free(ctx);
}

static void
ours_open(struct view content, struct seen *s)
{
	static const char *const names[] = {
	    [CIPHER_DES] = "DES-CBC", [CIPHER_DES3] = "DES-EDE3-CBC"};
	struct blob scratch = {0}, serial = {0};
	struct err e = {0};
	struct envelope v;
	enum scep_fail why;
	uint8_t key[600];
	size_t n;

	if (!envelope_decode(content, &scratch, &v, &why, &e))
		fail_msg("%s", e.text);
	assert_true(v.cipher == CIPHER_DES || v.cipher == CIPHER_DES3);
	s->cipher = names[v.cipher];
	keep_serial(X509_get0_serialNumber(ca), &serial);
	assert_true(view_equal(v.serial, blob_view(&serial)));
	ours_unwrap(v.wrapped_key, key, &n);
	assert_int_equal(n, cipher_key_size(v.cipher));
	if (!envelope_open(&v, view_of(key, n), &s->plain, &e))
		fail_msg("%s", e.text);
	blob_free(&scratch);
	blob_free(&serial);
}

static void
ours_request(struct seen *s)
{
	static const char *const names[] = {[HASH_MD5] = "MD5",
	    [HASH_SHA1] = "SHA1",
	    [HASH_SHA256] = "SHA256",
	    [HASH_SHA384] = "SHA384",
	    [HASH_SHA512] = "SHA512"};
	struct err e = {0};
	struct csr c;

	if (!csr_decode(blob_view(&s->plain), &c, &e) || !csr_challenge(&c, &s->challenge, &e))
		fail_msg("%s", e.text);
	blob_set(&s->subject, c.subject);
	blob_set(&s->spki, c.key.whole);
	s->bits = c.key.bits;
	s->key_usage = c.has_key_usage ? c.key_usage : 0;
	s->challenge_tag = c.challenge_tag;
	s->csr_digest = names[c.alg.hash];
}

static void
ours_read(const struct row *r, const struct blob *message, struct seen *s)
{
	static const char *const names[] = {[HASH_MD5] = "MD5",
	    [HASH_SHA1] = "SHA1",
	    [HASH_SHA256] = "SHA256",
	    [HASH_SHA384] = "SHA384",
	    [HASH_SHA512] = "SHA512"};
	struct blob scratch = {0};
	struct err e = {0};
	struct scep m;

	if (scep_decode(blob_view(message), &scratch, &m, &e) != SCEP_OK)
		fail_msg("%s", e.text);
	s->type = m.type;
	s->digest = names[m.digest];
	blob_set(&s->signer_issuer, m.signer_issuer);
	blob_set(&s->signer_serial, m.signer_serial);
	blob_set(&s->transaction, m.transaction);
	blob_set(&s->nonce, m.sender_nonce);
	assert_true(view_equal(m.signer.serial, m.signer_serial));
	assert_int_equal(m.signer.version, r->version + 1);
	assert_int_equal(m.transaction_tag, DER_PRINTABLE);
	ours_open(m.content, s);
	if (r->type == PEER_PKCS_REQ)
		ours_request(s);
	blob_free(&scratch);
}

/* ---- both ---- */

static void
assert_row(const struct row *r, const struct seen *s)
{
	struct blob serial = {0};

	assert_true(hex_decode(r->serial, &serial));
	assert_true(view_equal(blob_view(&s->signer_serial), blob_view(&serial)));
	blob_free(&serial);
	assert_int_equal(s->type, r->type);
	assert_string_equal(s->digest, r->digest);
	assert_int_equal(s->transaction.n, 32);
	assert_int_equal(s->nonce.n, 16);
	if (r->type != PEER_PKCS_REQ)
		return;
	assert_string_equal(s->csr_digest, r->csr_digest);
	assert_int_equal(s->bits, r->bits);
	assert_int_equal(s->key_usage, r->asked == NOTHING ? 0 : KEY_USAGE);
	assert_true(view_equal_str(blob_view(&s->challenge), PASSWORD));
	assert_int_equal(s->challenge_tag, V_ASN1_PRINTABLESTRING);
}

static void
assert_agree(const struct seen *a, const struct seen *b)
{
	assert_same(&a->signer_issuer, &b->signer_issuer, "issuer of the signer");
	assert_same(&a->signer_serial, &b->signer_serial, "serial of the signer");
	assert_same(&a->transaction, &b->transaction, "transaction");
	assert_same(&a->nonce, &b->nonce, "nonce");
	assert_same(&a->plain, &b->plain, "content");
	assert_same(&a->subject, &b->subject, "subject");
	assert_same(&a->spki, &b->spki, "key");
	assert_same(&a->challenge, &b->challenge, "password");
}

/* The transaction is the MD5 of the key that is asked for, in capitals. */
static void
assert_transaction(const struct seen *s)
{
	struct blob hex = {0};
	uint8_t md[16];

	assert_int_equal(EVP_Digest(s->spki.p, s->spki.n, md, NULL, EVP_md5(), NULL), 1);
	hex_add(&hex, view_of(md, sizeof(md)), true);
	assert_same(&hex, &s->transaction, "transaction and MD5 of the key");
	blob_free(&hex);
}

/* IssuerAndSubject: the CA's name and that of the request. */
static void
assert_poll(const struct row *r, const struct seen *s)
{
	struct blob csr = {0}, want = {0};
	char name[64];

	(void)snprintf(
	    name, sizeof(name), "%.*senrol-csr", (int)(strlen(r->name) - 4), r->name);
	read_hex(name, &csr);
	const uint8_t *at = csr.p;
	X509_REQ *req = d2i_X509_REQ(NULL, &at, (long)csr.n);
	assert_non_null(req);
	ADD_DER(&want, X509_NAME, X509_get_subject_name(ca));
	ADD_DER(&want, X509_NAME, X509_REQ_get_subject_name(req));
	at = s->plain.p;
	STACK_OF(ASN1_TYPE) *both = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)s->plain.n);
	assert_int_equal(sk_ASN1_TYPE_num(both), 2);
	sk_ASN1_TYPE_pop_free(both, ASN1_TYPE_free);
	assert_true(s->plain.n > want.n);
	assert_memory_equal(s->plain.p + s->plain.n - want.n, want.p, want.n);
	X509_REQ_free(req);
	blob_free(&csr);
	blob_free(&want);
}

/* An answer names the recipient by the very octets of the question. */
static void
assert_echo(const struct seen *s)
{
	struct asn1_head {
		uint8_t tag, n;
	} head = {V_ASN1_INTEGER, (uint8_t)s->signer_serial.n};
	struct envelope_spec spec = {
	    .issuer = blob_view(&s->signer_issuer),
	    .serial = blob_view(&s->signer_serial),
	    .wrapped_key = VIEW("wrapped"),
	    .cipher = CIPHER_DES3,
	    .key = VIEW("123456781234567812345678"),
	    .iv = VIEW("12345678"),
	    .plain = VIEW("plain"),
	};
	struct blob out = {0}, want = {0};
	struct err e = {0};

	if (!envelope_encode(&spec, &out, &e))
		fail_msg("%s", e.text);
	blob_add_view(&want, blob_view(&s->signer_issuer));
	blob_add(&want, &head, 2);
	blob_add_view(&want, blob_view(&s->signer_serial));
	assert_non_null(memmem(out.p, out.n, want.p, want.n));
	blob_free(&out);
	blob_free(&want);
}

static void
fixture(void **state)
{
	const struct row *r = *state;
	struct seen stock = {0}, ours = {0};
	struct blob message = {0}, csr = {0};
	char name[64];

	read_hex(r->name, &message);
	stock_read(r, &message, &stock);
	assert_row(r, &stock);
	ours_read(r, &message, &ours);
	assert_row(r, &ours);
	assert_string_equal(ours.cipher, r->cipher);
	assert_agree(&stock, &ours);
	assert_echo(&ours);
	if (r->type == PEER_PKCS_REQ)
		assert_transaction(&stock);
	else
		assert_poll(r, &stock);
	(void)snprintf(name, sizeof(name), "%s-csr", r->name);
	if (r->type == PEER_PKCS_REQ && strstr(name, "temporary") == NULL) {
		read_hex(name, &csr);
		assert_same(&csr, &stock.plain, "the request that lies beside");
	}
	seen_free(&stock);
	seen_free(&ours);
	blob_free(&message);
	blob_free(&csr);
}

/* ---- the addresses ---- */

static void
by_http(void **state)
{
	const struct row *r = *state;
	struct blob text = {0}, message = {0};
	struct scep_address a = {0};
	struct err e = {0};
	int status = 0;

	read_http(r->name, &text);
	struct view rest = blob_view(&text);
	struct view method = view_cut(&rest, ' '), path = view_cut(&rest, '?');
	struct view query = view_cut(&rest, ' ');
	assert_true(view_equal_str(method, "GET"));
	assert_true(view_equal_str(view_cut(&rest, '\n'), "HTTP/1.0\r"));
	struct http_request rq = {.method = HTTP_GET, .path = path, .query = query};
	if (!scep_address_parse(&rq, &a, &status, &e))
		fail_msg("%d %s", status, e.text);
	assert_int_equal(a.op, OP_PKIOPERATION);
	read_hex(r->name, &message);
	assert_same(&message, &a.message, "message in the address");
	blob_free(&a.message);
	blob_free(&message);
	blob_free(&text);
}

int
main(void)
{
	struct CMUnitTest tests[2 * COUNT_OF(rows)];
	struct blob der = {0};
	size_t n = 0;

	if (OSSL_PROVIDER_load(NULL, "legacy") == NULL || /* single DES */
	    OSSL_PROVIDER_load(NULL, "default") == NULL)
		return 1;
	read_hex("ca", &der);
	const uint8_t *at = der.p;
	ca = d2i_X509(NULL, &at, (long)der.n);
	FILE *f = open_file("keys/ca", ".pem");
	ca_key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	(void)fclose(f);
	static char titles[2 * COUNT_OF(rows)][160];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(
		    titles[n], sizeof(titles[n]), "%s: %s", rows[i].name, rows[i].sentence);
		tests[n] = (struct CMUnitTest){titles[n], fixture, NULL, NULL, &rows[i]};
		n++;
		if (strstr(rows[i].name, "renew") != NULL)
			continue;
		(void)snprintf(
		    titles[n], sizeof(titles[n]), "%s by HTTP (HT-08, HT-13)", rows[i].name);
		tests[n] = (struct CMUnitTest){titles[n], by_http, NULL, NULL, &rows[i]};
		n++;
	}
	int bad = _cmocka_run_group_tests("ios fixtures", tests, n, NULL, NULL);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	blob_free(&der);
	return bad;
}
