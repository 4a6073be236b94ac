/* test_envelope.c - EnvelopedData against stock CMS, and hostile ones. */
#include "cms_fixture.h"
#include "wire/inner.h"

#include <openssl/provider.h>

#define P7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define P1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define CLOSED "envelope cannot be opened"

static struct {
	struct pair rsa;
} fx;

static int
start(void **state)
{
	(void)state;
	fx.rsa = pair_make(EVP_RSA_gen(1024), "recipient", -77);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	pair_free(&fx.rsa);
	return 0;
}

static void
random_fill(struct random *r, struct blob *out, size_t n)
{
	uint8_t *p = blob_grow(out, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_below(r, 256);
}

static void
rsa_crypt(
    bool wrap, enum padding padding, enum hash h, struct view in, struct blob *out, bool *ok)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(fx.rsa.key, NULL);
	size_t n = 512;

	assert_int_equal(wrap ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx), 1);
	if (padding == PADDING_OAEP) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md_of(h)), 1);
	}
	blob_clear(out);
	blob_grow(out, n);
	*ok = (wrap ? EVP_PKEY_encrypt(ctx, out->p, &n, in.p, in.n)
		    : EVP_PKEY_decrypt(ctx, out->p, &n, in.p, in.n)) == 1;
	out->n = *ok ? n : 0;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
}

/* ---- stock envelopes ---- */

struct stock {
	const char *what;
	const char *cipher;
	enum cipher expect;
	unsigned flags;
	bool stream;
	enum hash oaep; /* HASH_NONE: PKCS#1 */
	size_t n;
};

static void
stock_build(const struct stock *s, struct view plain, struct blob *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, s->cipher, NULL);
	unsigned flags = CMS_BINARY | (s->stream ? CMS_STREAM : CMS_PARTIAL);
	BIO *in = BIO_new_mem_buf(plain.p, (int)plain.n);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, in, cipher, flags | CMS_PARTIAL);
	CMS_RecipientInfo *ri;

	assert_non_null(cms);
	ri = CMS_add1_recipient_cert(
	    cms, fx.rsa.cert, s->flags | (s->oaep != HASH_NONE ? CMS_KEY_PARAM : 0));
	assert_non_null(ri);
	if (s->oaep != HASH_NONE) {
		EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md_of(s->oaep)), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md_of(s->oaep)), 1);
	}
	if (s->stream) {
		cms_stream(cms, plain, out);
	} else {
		assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
		cms_to_blob(cms, out);
	}
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	EVP_CIPHER_free(cipher);
}

static void
stock_envelopes_are_opened(void **state)
{
	static const struct stock cases[] = {
	    {"AES-128", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_NONE, 1000},
	    {"AES-192", "AES-192-CBC", CIPHER_AES192, 0, false, HASH_NONE, 1000},
	    {"AES-256", "AES-256-CBC", CIPHER_AES256, 0, false, HASH_NONE, 1000},
	    {"3DES", "DES-EDE3-CBC", CIPHER_DES3, 0, false, HASH_NONE, 1000},
	    {"BER: indefinite, ciphertext in pieces", "AES-128-CBC", CIPHER_AES128, 0, true,
		HASH_NONE, 5000},
	    {"BER, 3DES, long", "DES-EDE3-CBC", CIPHER_DES3, 0, true, HASH_NONE, 100000},
	    {"recipient by key identifier", "AES-128-CBC", CIPHER_AES128, CMS_USE_KEYID, false,
		HASH_NONE, 100},
	    {"OAEP SHA-1", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_SHA1, 100},
	    {"OAEP SHA-256", "AES-256-CBC", CIPHER_AES256, 0, false, HASH_SHA256, 100},
	    {"one octet", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_NONE, 1},
	    {"15 octets", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_NONE, 15},
	    {"a whole block", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_NONE, 16},
	    {"17 octets", "AES-128-CBC", CIPHER_AES128, 0, false, HASH_NONE, 17},
	};
	struct random r = random_start("plain texts");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob plain = {0}, der = {0}, scratch = {0}, key = {0}, back = {0};
		struct envelope v;
		enum scep_fail fail;
		struct err e = {0};
		bool ok;

		print_message("# %s\n", cases[i].what);
		random_fill(&r, &plain, cases[i].n);
		stock_build(&cases[i], blob_view(&plain), &der);
		if (!envelope_decode(blob_view(&der), &scratch, &v, &fail, &e))
			fail_msg("%s", e.text);
		assert_int_equal(v.cipher, cases[i].expect);
		assert_int_equal(
		    v.padding, cases[i].oaep != HASH_NONE ? PADDING_OAEP : PADDING_PKCS1);
		assert_int_equal(v.oaep_hash, cases[i].oaep);
		if (cases[i].flags & CMS_USE_KEYID) {
			assert_true(view_equal(v.ski, fx.rsa.c.ski));
		} else {
			assert_true(view_equal(v.issuer, fx.rsa.c.issuer));
			assert_true(view_equal(v.serial, fx.rsa.c.serial));
		}
		rsa_crypt(false, v.padding, v.oaep_hash, v.wrapped_key, &key, &ok);
		assert_true(ok);
		assert_true(envelope_open(&v, blob_view(&key), &back, &e));
		assert_true(view_equal(blob_view(&back), blob_view(&plain)));
		blob_free(&plain);
		blob_free(&der);
		blob_free(&scratch);
		blob_free(&key);
		blob_free(&back);
	}
}

/* ---- our envelopes ---- */

static void
ours_build_by(enum padding padding, enum hash oaep, enum cipher c, struct random *r,
    struct view plain, struct blob *out)
{
	struct blob key = {0}, iv = {0}, wrapped = {0};
	struct err e = {0};
	bool ok;

	random_fill(r, &key, cipher_key_size(c));
	random_fill(r, &iv, cipher_block_size(c));
	rsa_crypt(true, padding, oaep, blob_view(&key), &wrapped, &ok);
	assert_true(ok);
	const struct envelope_spec s = {
	    .issuer = fx.rsa.c.issuer,
	    .serial = fx.rsa.c.serial,
	    .wrapped_key = blob_view(&wrapped),
	    .padding = padding,
	    .oaep_hash = oaep,
	    .cipher = c,
	    .key = blob_view(&key),
	    .iv = blob_view(&iv),
	    .plain = plain,
	};
	if (!envelope_encode(&s, out, &e))
		fail_msg("%s", e.text);
	blob_free(&key);
	blob_free(&iv);
	blob_free(&wrapped);
}

static void
ours_build(enum cipher c, struct random *r, struct view plain, struct blob *out)
{
	ours_build_by(PADDING_PKCS1, HASH_NONE, c, r, plain, out);
}

static bool
stock_opens(struct view der, struct blob *plain)
{
	const uint8_t *p = der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
	BIO *out = BIO_new(BIO_s_mem());
	bool ok = cms != NULL && p == der.p + der.n &&
		  CMS_decrypt(cms, fx.rsa.key, fx.rsa.cert, NULL, out, CMS_BINARY) == 1;
	char *text;
	long n = BIO_get_mem_data(out, &text);

	blob_clear(plain);
	if (ok)
		blob_add(plain, text, (size_t)n);
	BIO_free(out);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return ok;
}

static void
stock_opens_our_envelopes(void **state)
{
	static const enum cipher ciphers[] = {
	    CIPHER_AES128, CIPHER_AES192, CIPHER_AES256, CIPHER_DES3};
	static const size_t sizes[] = {1, 7, 8, 15, 16, 17, 1000, 65536};
	struct random r = random_start("plain texts");

	(void)state;
	for (size_t c = 0; c < COUNT_OF(ciphers); c++)
		for (size_t n = 0; n < COUNT_OF(sizes); n++) {
			struct blob plain = {0}, der = {0}, back = {0};

			random_fill(&r, &plain, sizes[n]);
			ours_build(ciphers[c], &r, blob_view(&plain), &der);
			assert_true(stock_opens(blob_view(&der), &back));
			assert_true(view_equal(blob_view(&back), blob_view(&plain)));
			blob_free(&plain);
			blob_free(&der);
			blob_free(&back);
		}
}

/* AL-04: the parameters of OAEP are written as they are read; SHA-1 is their default. */
static void
al04_stock_opens_our_oaep(void **state)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256};
	struct random r = random_start("OAEP");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		struct blob der = {0}, scratch = {0}, back = {0};
		struct envelope v;
		enum scep_fail fail;

		ours_build_by(
		    PADDING_OAEP, hashes[i], CIPHER_AES256, &r, VIEW("certificate"), &der);
		assert_true(stock_opens(blob_view(&der), &back));
		assert_true(view_equal_str(blob_view(&back), "certificate"));
		assert_true(envelope_decode(blob_view(&der), &scratch, &v, &fail, NULL));
		assert_int_equal(v.padding, PADDING_OAEP);
		assert_int_equal(v.oaep_hash, hashes[i]);
		blob_free(&der);
		blob_free(&scratch);
		blob_free(&back);
	}
}

/* AL-08: DES of the stock legacy provider reads what we wrote as triple DES with one key. */
static void
al08_single_des_is_single_des(void **state)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(lib, "legacy");
	EVP_CIPHER *des = EVP_CIPHER_fetch(lib, "DES-CBC", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct random r = random_start("plain text");
	struct blob der = {0}, scratch = {0}, key = {0};
	uint8_t plain[64];
	struct envelope v;
	enum scep_fail fail;
	int n = 0, last = 0;
	bool ok;

	(void)state;
	assert_non_null(des);
	ours_build(CIPHER_DES, &r, VIEW("certificate, please"), &der);
	assert_true(envelope_decode(blob_view(&der), &scratch, &v, &fail, NULL));
	assert_int_equal(v.cipher, CIPHER_DES);
	rsa_crypt(false, PADDING_PKCS1, HASH_NONE, v.wrapped_key, &key, &ok);
	assert_true(ok && key.n == 8);
	assert_int_equal(EVP_DecryptInit_ex2(ctx, des, key.p, v.iv.p, NULL), 1);
	assert_int_equal(
	    EVP_DecryptUpdate(ctx, plain, &n, v.ciphertext.p, (int)v.ciphertext.n), 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, plain + n, &last), 1);
	assert_true(
	    view_equal(view_of(plain, (size_t)(n + last)), VIEW("certificate, please")));
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(des);
	OSSL_PROVIDER_unload(legacy);
	OSSL_LIB_CTX_free(lib);
	blob_free(&der);
	blob_free(&scratch);
	blob_free(&key);
}

/* ---- hostile envelopes ---- */

#define AES128 "\x60\x86\x48\x01\x65\x03\x04\x01\x02"
#define IV "0123456789abcdef"
#define AES128_ALG "\x30\x1d\x06\x09" AES128 "\x04\x10" IV
#define RSA_ALG "\x30\x0d\x06\x09" P1 "\x01\x05\x00"
#define RID "\x30\x05\x30\x00\x02\x01\x05"
#define KTRI "\x30\x1c\x02\x01\x00" RID RSA_ALG "\x04\x01k"
#define SHA256_ALG "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define SHA1_ALG "\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a"
#define MGF1 "\x06\x09" P1 "\x08"

struct row {
	const char *id, *what;
	struct view type, version, recipients, content_type, cipher, text, behind;
	bool ok;
	enum scep_fail fail;
};

static const struct row rows[] = {
    {"-", "good", .ok = true},
    {"PK-13", "version 2", .version = OID("\x02\x01\x02"), .ok = true},
    {"BAD-049", "version with leading zeros", .version = OID("\x02\x03\0\0\0"), .ok = true},
    {"BAD-050", "version 99", .version = OID("\x02\x01\x63"), .fail = SCEP_BAD_REQUEST},
    {"BAD-050", "negative version", .version = OID("\x02\x01\xff"), .fail = SCEP_BAD_REQUEST},
    {"BAD-048", "octets behind", .behind = OID("x"), .fail = SCEP_BAD_REQUEST},
    {"BAD-079", "AuthEnvelopedData",
	.type = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"), .fail = SCEP_BAD_ALG},
    {"PK-02 BAD-080", "SignedData where the envelope should be", .type = OID(P7 "\x02"),
	.fail = SCEP_BAD_REQUEST},
    {"PK-03", "encrypted content is envelopedData", .content_type = OID("\x06\x09" P7 "\x03"),
	.fail = SCEP_BAD_REQUEST},
    {"CVE-2019-1563", "two recipients", .recipients = OID(KTRI KTRI), .fail = SCEP_BAD_REQUEST},
    {"-", "no recipient", .recipients = OID(""), .fail = SCEP_BAD_REQUEST},
    {"BAD-074", "kari recipient", .recipients = OID("\xa1\x00"), .fail = SCEP_BAD_ALG},
    {"BAD-074", "kekri recipient", .recipients = OID("\xa2\x00"), .fail = SCEP_BAD_ALG},
    {"BAD-075", "pwri recipient", .recipients = OID("\xa3\x00"), .fail = SCEP_BAD_ALG},
    {"BAD-074", "ori recipient", .recipients = OID("\xa4\x00"), .fail = SCEP_BAD_ALG},
    {"BAD-050", "recipient version 7",
	.recipients = OID("\x30\x1c\x02\x01\x07" RID RSA_ALG "\x04\x01k"),
	.fail = SCEP_BAD_REQUEST},
    {"BAD-078", "DES is read; policy is the caller's",
	.cipher = OID("\x30\x11\x06\x05\x2b\x0e\x03\x02\x07\x04\x08"
		      "01234567"),
	.ok = true},
    {"BAD-078", "RC2",
	.cipher =
	    OID("\x30\x19\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x02\x30\x0d\x02\x01\x3a\x04\x08"
		"01234567"),
	.fail = SCEP_BAD_ALG},
    {"BAD-078", "RC4",
	.cipher = OID("\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x04\x05\x00"),
	.fail = SCEP_BAD_ALG},
    {"BAD-079", "AES-128-GCM",
	.cipher = OID("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x06"),
	.fail = SCEP_BAD_ALG},
    {"BAD-078", "AES without IV", .cipher = OID("\x30\x0b\x06\x09" AES128),
	.fail = SCEP_BAD_ALG},
    {"BAD-074", "key transport unknown",
	.recipients = OID("\x30\x14\x02\x01\x00" RID "\x30\x05\x06\x03\x2a\x03\x04\x04\x01k"),
	.fail = SCEP_BAD_ALG},
    {"AL-07", "rsaEncryption without parameters",
	.recipients = OID("\x30\x1a\x02\x01\x00" RID "\x30\x0b\x06\x09" P1 "\x01\x04\x01k"),
	.ok = true},
    {"R-32", "OAEP by default",
	.recipients =
	    OID("\x30\x1c\x02\x01\x00" RID "\x30\x0d\x06\x09" P1 "\x07\x30\x00\x04\x01k"),
	.ok = true},
    {"R-32", "OAEP without parameters",
	.recipients = OID("\x30\x1a\x02\x01\x00" RID "\x30\x0b\x06\x09" P1 "\x07\x04\x01k"),
	.fail = SCEP_BAD_ALG},
    {"R-32", "OAEP SHA-256 with MGF1 of SHA-1",
	.recipients = OID("\x30\x2b\x02\x01\x00" RID "\x30\x1c\x06\x09" P1
			  "\x07\x30\x0f\xa0\x0d" SHA256_ALG "\x04\x01k"),
	.fail = SCEP_BAD_ALG},
    {"R-32", "OAEP SHA-256 with MGF1 of SHA-256",
	.recipients = OID(
	    "\x30\x47\x02\x01\x00" RID "\x30\x38\x06\x09" P1 "\x07\x30\x2b\xa0\x0d" SHA256_ALG
	    "\xa1\x1a\x30\x18" MGF1 SHA256_ALG "\x04\x01k"),
	.ok = true},
    {"R-32", "OAEP with a label",
	.recipients = OID("\x30\x30\x02\x01\x00" RID "\x30\x21\x06\x09" P1
			  "\x07\x30\x14\xa2\x12\x30\x10\x06\x09" P1 "\x09\x04\x03lab\x04\x01k"),
	.fail = SCEP_BAD_ALG},
    {"R-32", "OAEP with an empty label",
	.recipients = OID("\x30\x2d\x02\x01\x00" RID "\x30\x1e\x06\x09" P1
			  "\x07\x30\x11\xa2\x0f\x30\x0d\x06\x09" P1 "\x09\x04\x00\x04\x01k"),
	.ok = true},
    {"BAD-077", "no ciphertext at all is left to envelope_open", .text = OID(""), .ok = true},
};

static struct view
or_else(struct view given, struct view good)
{
	return given.p != NULL ? given : good;
}

static void
forge(const struct row *f, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, or_else(f->type, VIEW(P7 "\x03")));
	der_open(&w, DER_CONTEXT(0));
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, or_else(f->version, VIEW("\x02\x01\x00")));
	der_put(&w, DER_SET, or_else(f->recipients, VIEW(KTRI)));
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, or_else(f->content_type, VIEW("\x06\x09" P7 "\x01")));
	der_put_raw(&w, or_else(f->cipher, VIEW(AES128_ALG)));
	der_put_raw(&w, or_else(f->text, VIEW("\x80\x10" IV)));
	der_close(&w);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	blob_add_view(out, f->behind);
}

static void
bad_rows_get_their_fail_info(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct blob der = {0}, scratch = {0};
		struct envelope v = {0};
		enum scep_fail fail = SCEP_BAD_TIME;
		struct err e = {0};
		uint8_t *copy;
		bool ok;

		forge(&rows[i], &der);
		copy = exact_copy(blob_view(&der));
		ok = envelope_decode(view_of(copy, der.n), &scratch, &v, &fail, &e);
		if (ok != rows[i].ok || (!ok && fail != rows[i].fail))
			fail_msg("%s %s: %d, failInfo %d: %s", rows[i].id, rows[i].what, ok,
			    fail, e.text);
		if (!ok)
			assert_null(v.wrapped_key.p);
		free(copy);
		blob_free(&der);
		blob_free(&scratch);
	}
}

static void
bad043_truncation_at_every_offset(void **state)
{
	struct random r = random_start("plain text");
	struct blob der = {0};

	(void)state;
	ours_build(CIPHER_AES128, &r, VIEW("plain"), &der);
	for (size_t n = 0; n < der.n; n++) {
		uint8_t *copy = exact_copy(view_of(der.p, n));
		struct blob scratch = {0};
		struct envelope v;
		enum scep_fail fail;

		assert_false(envelope_decode(view_of(copy, n), &scratch, &v, &fail, NULL));
		assert_int_equal(fail, SCEP_BAD_REQUEST);
		free(copy);
		blob_free(&scratch);
	}
	blob_free(&der);
}

/* AL-06, BAD-077: whatever is wrong, the words are the same and nothing is given out. */
static void
al06_every_failure_says_the_same(void **state)
{
	static const struct {
		const char *what;
		struct view key, iv, text;
	} cases[] = {
	    {"key too short", OID("0123456789"), OID(IV), OID(IV)},
	    {"key too long", OID(IV IV), OID(IV), OID(IV)},
	    {"no key", OID(""), OID(IV), OID(IV)},
	    {"IV too short", OID(IV), OID("01234567"), OID(IV)},
	    {"IV empty", OID(IV), OID(""), OID(IV)},
	    {"empty ciphertext", OID(IV), OID(IV), OID("")},
	    {"not a multiple of the block", OID(IV), OID(IV), OID(IV "x")},
	    {"padding broken", OID(IV), OID(IV), OID(IV IV)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct envelope v = {
		    .cipher = CIPHER_AES128, .iv = cases[i].iv, .ciphertext = cases[i].text};
		struct blob plain = {0};
		struct err e = {0};

		if (envelope_open(&v, cases[i].key, &plain, &e))
			fail_msg("%s", cases[i].what);
		assert_string_equal(e.text, CLOSED);
		assert_int_equal(plain.n, 0);
		blob_free(&plain);
	}
}

/* All 256 last octets, and each octet of a long padding broken in turn, before our check and
 * the library's. */
static void
bad077_padding_is_judged_as_the_library_does(void **state)
{
	static const uint8_t key[16] = "sixteen octets..", iv[16] = IV;
	size_t good = 0;

	(void)state;
	for (int pad = 0; pad < 256; pad++)
		for (int broken = -1; broken < 32; broken++) {
			uint8_t block[32], sealed[32], opened[48];
			EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
			struct blob plain = {0};
			int n = 0, last = 0;
			bool ours, stock;

			memset(block, pad, sizeof(block));
			if (broken >= 0)
				block[broken] ^= 0x40;
			EVP_EncryptInit_ex2(ctx, EVP_aes_128_cbc(), key, iv, NULL);
			EVP_CIPHER_CTX_set_padding(ctx, 0);
			EVP_EncryptUpdate(ctx, sealed, &n, block, sizeof(block));
			assert_int_equal(n, sizeof(sealed));
			EVP_DecryptInit_ex2(ctx, EVP_aes_128_cbc(), key, iv, NULL);
			EVP_CIPHER_CTX_set_padding(ctx, 1);
			EVP_DecryptUpdate(ctx, opened, &n, sealed, sizeof(sealed));
			stock = EVP_DecryptFinal_ex(ctx, opened + n, &last) == 1;
			const struct envelope v = {.cipher = CIPHER_AES128,
			    .iv = view_of(iv, 16),
			    .ciphertext = view_of(sealed, sizeof(sealed))};
			ours = envelope_open(&v, view_of(key, 16), &plain, NULL);
			assert_int_equal(ours, stock);
			if (ours)
				assert_true(view_equal(
				    blob_view(&plain), view_of(opened, (size_t)(n + last))));
			good += ours;
			EVP_CIPHER_CTX_free(ctx);
			ERR_clear_error();
			blob_free(&plain);
		}
	assert_true(good > 16);
}

static void
wrong_sizes_are_not_encoded(void **state)
{
	struct envelope_spec s = {
	    .cipher = CIPHER_AES128, .key = VIEW("short"), .iv = VIEW(IV)};
	struct blob out = {0};
	struct err e = {0};

	(void)state;
	assert_false(envelope_encode(&s, &out, &e));
	assert_int_equal(e.why, WHY_BUG);
	s.key = VIEW(IV);
	s.iv = VIEW("short");
	assert_false(envelope_encode(&s, &out, &e));
	s.cipher = CIPHER_NONE;
	assert_false(envelope_encode(&s, &out, &e));
	assert_int_equal(out.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stock_envelopes_are_opened),
	    cmocka_unit_test(stock_opens_our_envelopes),
	    cmocka_unit_test(al04_stock_opens_our_oaep),
	    cmocka_unit_test(al08_single_des_is_single_des),
	    cmocka_unit_test(bad_rows_get_their_fail_info),
	    cmocka_unit_test(bad043_truncation_at_every_offset),
	    cmocka_unit_test(al06_every_failure_says_the_same),
	    cmocka_unit_test(bad077_padding_is_judged_as_the_library_does),
	    cmocka_unit_test(wrong_sizes_are_not_encoded),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
