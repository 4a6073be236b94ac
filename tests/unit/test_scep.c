/* test_scep.c - pkiMessages against stock CMS, and hostile ones. */
#include "cms_fixture.h"
#include "wire/inner.h"

#define NONCE "0123456789abcdef"
#define ID "5CAB73B1F0A94E"
#define CONTENT "content of a message, not looked at by this layer"

/* ---- messages of stock calls ---- */

#define VERI "2.16.840.1.113733.1.9."

static void
stock_attr(CMS_SignerInfo *si, const char *oid, int type, const char *value)
{
	assert_int_equal(
	    CMS_signed_add1_attr_by_txt(si, oid, type, value, (int)strlen(value)), 1);
}

struct stock {
	const char *what;
	struct pair *signer;
	enum hash hash;
	unsigned flags;
	bool stream, pss;
};

static void
stock_build(const struct stock *s, struct view content, struct blob *out)
{
	unsigned flags = CMS_BINARY | CMS_PARTIAL | s->flags;
	CMS_ContentInfo *cms =
	    CMS_sign(NULL, NULL, NULL, NULL, flags | (s->stream ? CMS_STREAM : 0));
	CMS_SignerInfo *si = CMS_add1_signer(cms, s->signer->cert, s->signer->key,
	    md_of(s->hash), flags | CMS_NOSMIMECAP | (s->pss ? CMS_KEY_PARAM : 0));
	BIO *in = BIO_new_mem_buf(content.p, (int)content.n);

	assert_non_null(si);
	if (s->pss) {
		EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);

		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	stock_attr(si, VERI "2", V_ASN1_PRINTABLESTRING, "19");
	stock_attr(si, VERI "5", V_ASN1_OCTET_STRING, NONCE);
	stock_attr(si, VERI "7", V_ASN1_PRINTABLESTRING, ID);
	if (s->stream) {
		cms_stream(cms, content, out);
	} else {
		assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
		cms_to_blob(cms, out);
	}
	BIO_free(in);
	CMS_ContentInfo_free(cms);
}

static void
stock_messages_are_read(void **state)
{
	const struct stock cases[] = {
	    {"RSA, SHA-1", &clients.rsa, HASH_SHA1, 0, false, false},
	    {"RSA, MD5 (policy is the caller's)", &clients.rsa, HASH_MD5, 0, false, false},
	    {"RSA, SHA-256", &clients.rsa, HASH_SHA256, 0, false, false},
	    {"RSA, SHA-384", &clients.rsa, HASH_SHA384, 0, false, false},
	    {"RSA, SHA-512", &clients.rsa, HASH_SHA512, 0, false, false},
	    {"RSA-PSS", &clients.rsa, HASH_SHA256, 0, false, true},
	    {"ECDSA", &clients.ec, HASH_SHA256, 0, false, false},
	    {"signer by key identifier", &clients.rsa, HASH_SHA256, CMS_USE_KEYID, false,
		false},
	    {"negative serial", &clients.other, HASH_SHA256, 0, false, false},
	    {"BER: indefinite lengths, content in pieces (PK-11)", &clients.rsa, HASH_SHA256, 0,
		true, false},
	    {"BER, ECDSA", &clients.ec, HASH_SHA384, 0, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct stock *s = &cases[i];
		struct blob der = {0}, scratch = {0};
		struct scep m;
		struct err e = {0};

		print_message("# %s\n", s->what);
		stock_build(s, VIEW(CONTENT), &der);
		if (scep_decode(blob_view(&der), &scratch, &m, &e) != SCEP_OK)
			fail_msg("%s", e.text);
		assert_true(scep_verified(&m));
		assert_int_equal(m.type, SCEP_PKCSREQ);
		assert_true(view_equal_str(m.transaction, ID));
		assert_int_equal(m.transaction_tag, DER_PRINTABLE);
		assert_true(m.has_sender_nonce && view_equal_str(m.sender_nonce, NONCE));
		assert_false(m.has_recipient_nonce || m.has_status || m.has_fail);
		assert_true(m.has_content && view_equal(m.content, VIEW(CONTENT)));
		assert_true(view_equal(m.signer.whole, blob_view(&s->signer->der)));
		assert_true(view_equal(m.signer_serial, s->signer->c.serial));
		assert_true(view_equal(m.signer_issuer, s->signer->c.issuer));
		assert_int_equal(m.digest, s->hash);
		assert_int_equal(m.alg.hash, s->hash);
		assert_int_equal(m.alg.key, s->signer->c.key.kind);
		blob_free(&der);
		blob_free(&scratch);
	}
}

/* ---- our messages before stock calls ---- */

static struct scep_spec
good_spec(const struct pair *signer)
{
	return (struct scep_spec){
	    .type = SCEP_PKCSREQ,
	    .transaction = VIEW(ID),
	    .sender_nonce = VIEW(NONCE),
	    .status = -1,
	    .fail = -1,
	    .digest = HASH_SHA256,
	    .has_content = true,
	    .content = VIEW(CONTENT),
	    .signer_issuer = signer->c.issuer,
	    .signer_serial = signer->c.serial,
	    .certificates = blob_view(&signer->der),
	    .alg = {signer->c.key.kind, HASH_SHA256,
		signer->c.key.kind == KEY_RSA ? PADDING_PKCS1 : PADDING_ECDSA, 0},
	};
}

static void
ours_build(const struct scep_spec *s, EVP_PKEY *key, struct blob *out)
{
	struct blob attrs = {0}, signature = {0};
	struct err e = {0};
	int type = 0;

	if (!scep_encode_attrs(s, &attrs, &e))
		fail_msg("%s", e.text);
	assert_true(scep_attrs_decode(blob_view(&attrs), &type, &e));
	assert_int_equal(type, s->type);
	sign_bytes(key, s->digest, s->alg.padding, blob_view(&attrs), &signature);
	scep_assemble(s, blob_view(&attrs), blob_view(&signature), out);
	blob_free(&attrs);
	blob_free(&signature);
}

static CMS_ContentInfo *
stock_read(struct view der)
{
	const uint8_t *p = der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);

	if (cms != NULL && p != der.p + der.n) {
		CMS_ContentInfo_free(cms);
		return NULL;
	}
	return cms;
}

/* True when the stock calls verify the message; its content is compared when they do. */
static bool
stock_verifies(CMS_ContentInfo *cms, struct view content, bool detached)
{
	BIO *out = BIO_new(BIO_s_mem()), *in = detached ? BIO_new_mem_buf("", 0) : NULL;
	bool ok =
	    CMS_verify(cms, NULL, NULL, in, out, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
	char *p = NULL;

	if (ok) {
		size_t n = (size_t)BIO_get_mem_data(out, &p);

		assert_true(view_equal(view_of(p, n), content));
	}
	BIO_free(in);
	BIO_free(out);
	return ok;
}

static void
stock_has(CMS_ContentInfo *cms, const char *oid, int type, struct view value)
{
	CMS_SignerInfo *si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_STRING *s = CMS_signed_get0_data_by_OBJ(si, obj, -3, type);

	ASN1_OBJECT_free(obj);
	assert_non_null(s);
	assert_true(view_equal(
	    view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)), value));
}

struct ours {
	const char *what;
	struct pair *signer;
	enum hash hash;
	enum padding padding;
	bool has_content;
	const char *content;
	int status, fail;
	const char *text;
};

static const struct ours our_cases[] = {
    {"RSA SHA-256 SUCCESS", &clients.rsa, HASH_SHA256, PADDING_PKCS1, true, CONTENT, 0, -1,
	NULL},
    {"RSA SHA-384", &clients.rsa, HASH_SHA384, PADDING_PKCS1, true, CONTENT, 0, -1, NULL},
    {"RSA SHA-512", &clients.rsa, HASH_SHA512, PADDING_PKCS1, true, CONTENT, 0, -1, NULL},
    {"RSA SHA-1, in kind", &clients.rsa, HASH_SHA1, PADDING_PKCS1, true, CONTENT, 0, -1, NULL},
    {"RSA MD5, in kind", &clients.rsa, HASH_MD5, PADDING_PKCS1, true, CONTENT, 0, -1, NULL},
    {"RSA-PSS", &clients.rsa, HASH_SHA256, PADDING_PSS, true, CONTENT, 0, -1, NULL},
    {"ECDSA SHA-256", &clients.ec, HASH_SHA256, PADDING_ECDSA, true, CONTENT, 0, -1, NULL},
    {"ECDSA SHA-512", &clients.ec, HASH_SHA512, PADDING_ECDSA, true, CONTENT, 0, -1, NULL},
    {"negative serial of the signer", &clients.other, HASH_SHA256, PADDING_PKCS1, true, CONTENT,
	0, -1, NULL},
    {"PENDING with empty content", &clients.rsa, HASH_SHA256, PADDING_PKCS1, true, "", 3, -1,
	NULL},
    {"FAILURE with empty content", &clients.rsa, HASH_SHA256, PADDING_PKCS1, true, "", 2, 4,
	"no"},
    {"FAILURE without content (PK-04)", &clients.rsa, HASH_SHA256, PADDING_PKCS1, false, "", 2,
	0, NULL},
};

static void
our_messages_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(our_cases); i++) {
		const struct ours *c = &our_cases[i];
		struct scep_spec s = good_spec(c->signer);
		struct blob der = {0}, scratch = {0};
		CMS_ContentInfo *cms;
		struct scep m;

		print_message("# %s\n", c->what);
		s.type = SCEP_CERTREP;
		s.digest = s.alg.hash = c->hash;
		s.alg.padding = c->padding;
		s.alg.salt = c->padding == PADDING_PSS ? (int)hash_size(c->hash) : 0;
		s.has_content = c->has_content;
		s.content = view_str(c->content);
		s.status = c->status;
		s.fail = c->fail;
		s.fail_text = c->text;
		s.recipient_nonce = VIEW("recipient");
		ours_build(&s, c->signer->key, &der);

		cms = stock_read(blob_view(&der));
		assert_non_null(cms);
		assert_true(stock_verifies(cms, s.content, !c->has_content));
		stock_has(cms, VERI "2", V_ASN1_PRINTABLESTRING, VIEW("3"));
		stock_has(cms, VERI "5", V_ASN1_OCTET_STRING, VIEW(NONCE));
		stock_has(cms, VERI "6", V_ASN1_OCTET_STRING, VIEW("recipient"));
		stock_has(cms, VERI "7", V_ASN1_PRINTABLESTRING, VIEW(ID));
		if (c->text != NULL)
			stock_has(
			    cms, "1.3.6.1.5.5.7.24.1", V_ASN1_UTF8STRING, view_str(c->text));
		CMS_ContentInfo_free(cms);

		assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_OK);
		assert_true(scep_verified(&m));
		assert_int_equal(
		    scratch.n, m.signed_attrs.n); /* DER: nothing else was copied */
		assert_int_equal(m.status, c->status);
		assert_int_equal(m.fail, c->fail);
		assert_int_equal(m.has_content, c->has_content);
		assert_true(view_equal(m.content, s.content));
		assert_true(view_equal(m.fail_text, view_str(c->text != NULL ? c->text : "")));
		blob_free(&der);
		blob_free(&scratch);
	}
}

/* The octets of rsaEncryption with NULL stand where signatureAlgorithm does. */
static void
pk20_reply_says_rsa_encryption(void **state)
{
	static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
	    0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x04, 0x82, 0x01, 0x00};
	struct scep_spec s = good_spec(&clients.rsa);
	struct blob der = {0};

	(void)state;
	ours_build(&s, clients.rsa.key, &der);
	assert_memory_equal(der.p + der.n - 256 - sizeof(rsa), rsa, sizeof(rsa));
	blob_free(&der);
}

/* Old IOS compares the serial by octets, negative and padded ones too; the transactionID keeps
 * its string type. */
static void
at03_names_serials_and_ids_are_echoed(void **state)
{
	static const struct view serials[] = {
	    OID("\x80"), OID("\xff\xff\x01"), OID("\0\0\x05"), OID("\x05")};
	static const uint8_t tags[] = {DER_PRINTABLE, DER_UTF8, DER_IA5, DER_T61};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(serials); i++) {
		struct scep_spec s = good_spec(&clients.rsa);
		struct blob der = {0}, scratch = {0};
		struct scep m;

		s.signer_serial = serials[i];
		s.transaction_tag = tags[i];
		ours_build(&s, clients.rsa.key, &der);
		assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_OK);
		assert_true(view_equal(m.signer_serial, serials[i]));
		assert_true(view_equal(m.signer_issuer, clients.rsa.c.issuer));
		assert_int_equal(m.signer.whole.n, 0);
		assert_int_equal(m.transaction_tag, tags[i]);
		blob_free(&der);
		blob_free(&scratch);
	}
}

#define P7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

/* ---- rows about octets rather than structure ---- */

static void
repeat(struct blob *out, struct view v, size_t times)
{
	while (times-- > 0)
		blob_add_view(out, v);
}

/* A ContentInfo of type signedData whose SignedData holds these octets. */
static void
wrap_signed_data(struct view inner, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, VIEW(P7 "\x02"));
	der_open(&w, DER_CONTEXT(0));
	der_put(&w, DER_SEQUENCE, inner);
	der_close(&w);
	der_close(&w);
}

static void
bad_octets_are_unreadable(void **state)
{
	static const struct {
		const char *id, *what;
		struct view head, unit;
		size_t times;
		struct view tail;
		bool wrapped;
	} cases[] = {
	    {"BAD-045", "announced length of 4 GiB", OID("\x30\x84\xff\xff\xff\xff"), OID("x"),
		100, OID("")},
	    {"BAD-045", "length of 8 octets", OID("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff"),
		OID("x"), 9, OID("")},
	    {"BAD-045", "80 in a primitive", OID("\x04\x80"), OID("\0"), 2, OID("")},
	    {"BAD-045", "length octet ff", OID("\x30\xff"), OID("x"), 200, OID("")},
	    {"BAD-046", "indefinite without end", OID("\x30\x80\x06\x09" P7 "\x02\xa0\x80"),
		OID(""), 0, OID("")},
	    {"BAD-046", "nested 100,000 deep", OID(""), OID("\x30\x80"), 100000, OID("")},
	    {"BAD-047", "octet strings nested deep", OID(""), OID("\x24\x80"), 1000, OID("")},
	    {"BAD-047", "120,000 empty pieces", OID("\x24\x80"), OID("\x04\x00"), 120000,
		OID("\0\0")},
	    {"BAD-052", "40,000 digestAlgorithms", OID("\x02\x01\x01\x31\x83\x01\x38\x80"),
		OID("\x30\x00"), 40000, OID("\x30\x00\x31\x00"), true},
	    {"BAD-053", "high tag number", OID("\x3f\x81\x01\x00"), OID(""), 0, OID("")},
	    {"BAD-053", "universal tag 0", OID("\x00\x01x"), OID(""), 0, OID("")},
	    {"BAD-082", "over 256 KiB", OID("\x30\x83\x04\x00\x00"), OID("\x05\x00"), 131072,
		OID("")},
	    {"-", "nothing", OID(""), OID(""), 0, OID("")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob raw = {0}, der = {0}, scratch = {0};
		struct scep m;
		struct err e = {0};

		blob_add_view(&raw, cases[i].head);
		repeat(&raw, cases[i].unit, cases[i].times);
		blob_add_view(&raw, cases[i].tail);
		if (cases[i].wrapped)
			wrap_signed_data(blob_view(&raw), &der);
		else
			blob_set(&der, blob_view(&raw));
		if (scep_decode(blob_view(&der), &scratch, &m, &e) != SCEP_UNREADABLE)
			fail_msg("%s %s", cases[i].id, cases[i].what);
		assert_true(scratch.cap <= 1024 * 1024);
		blob_free(&raw);
		blob_free(&der);
		blob_free(&scratch);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stock_messages_are_read),
	    cmocka_unit_test(our_messages_verify),
	    cmocka_unit_test(pk20_reply_says_rsa_encryption),
	    cmocka_unit_test(at03_names_serials_and_ids_are_echoed),
	    cmocka_unit_test(bad_octets_are_unreadable),
	};

	return cmocka_run_group_tests(tests, clients_make, clients_free);
}
