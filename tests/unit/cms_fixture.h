/* cms_fixture.h - keys, certificates and stock CMS calls for tests. */
#ifndef TEST_CMS_FIXTURE_H
#define TEST_CMS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h" /* before x509v3.h, whose macros have the names of our key usages */

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define FIXTURE __attribute__((unused)) static

struct pair {
	EVP_PKEY *key;
	X509 *cert;
	struct blob der; /* of the certificate */
	struct cert c;
};

struct random {
	uint64_t state;
};

FIXTURE uint32_t
random_below(struct random *r, uint32_t n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state >> 33) % n;
}

/* KEYMUSTER_SEED repeats a run; the seed is always printed. */
FIXTURE struct random
random_start(const char *what)
{
	const char *text = getenv("KEYMUSTER_SEED");
	struct random r = {text != NULL ? strtoull(text, NULL, 10) : 20261125};

	print_message("# %s: seed %llu\n", what, (unsigned long long)r.state);
	return r;
}

FIXTURE struct pair
pair_make(EVP_PKEY *key, const char *cn, long serial)
{
	struct pair p = {.key = key, .cert = X509_new()};
	X509_NAME *name = X509_get_subject_name(p.cert);
	X509_EXTENSION *ski;
	X509V3_CTX ctx;
	int n;

	X509_set_version(p.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.cert), serial);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(p.cert, name);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(p.cert), "20200101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(p.cert), "20400101000000Z");
	X509_set_pubkey(p.cert, key);
	X509V3_set_ctx(&ctx, p.cert, p.cert, NULL, NULL, 0);
	ski = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	X509_add_ext(p.cert, ski, -1);
	X509_EXTENSION_free(ski);
	assert_true(X509_sign(p.cert, key, EVP_sha256()) > 0);
	n = i2d_X509(p.cert, NULL);
	assert_true(n > 0);
	uint8_t *at = blob_grow(&p.der, (size_t)n);
	assert_int_equal(i2d_X509(p.cert, &at), n);
	assert_true(cert_decode(blob_view(&p.der), &p.c, NULL));
	return p;
}

FIXTURE void
pair_free(struct pair *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
	blob_free(&p->der);
}

FIXTURE struct {
	struct pair rsa, other, ec;
} clients;

FIXTURE int
clients_make(void **state)
{
	(void)state;
	clients.rsa = pair_make(EVP_RSA_gen(2048), "client", 77);
	clients.other = pair_make(EVP_RSA_gen(2048), "other", -5);
	clients.ec = pair_make(EVP_EC_gen("P-256"), "ec client", 0x80);
	return 0;
}

FIXTURE int
clients_free(void **state)
{
	(void)state;
	pair_free(&clients.rsa);
	pair_free(&clients.other);
	pair_free(&clients.ec);
	return 0;
}

FIXTURE const EVP_MD *
md_of(enum hash h)
{
	static const EVP_MD *(*const md[])(void) = {[HASH_MD5] = EVP_md5,
	    [HASH_SHA1] = EVP_sha1,
	    [HASH_SHA256] = EVP_sha256,
	    [HASH_SHA384] = EVP_sha384,
	    [HASH_SHA512] = EVP_sha512};

	return md[h]();
}

FIXTURE void
sign_bytes(
    EVP_PKEY *key, enum hash h, enum padding padding, struct view bytes, struct blob *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t n = 0;

	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md_of(h), NULL, key), 1);
	if (padding == PADDING_PSS) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, NULL, &n, bytes.p, bytes.n), 1);
	blob_grow(out, n);
	assert_int_equal(EVP_DigestSign(ctx, out->p + out->n - n, &n, bytes.p, bytes.n), 1);
	out->n = n;
	EVP_MD_CTX_free(ctx);
}

/* The stock verification of what scep_decode says is signed, under the key of the enclosed
 * certificate. */
FIXTURE bool
scep_verified(const struct scep *m)
{
	const uint8_t *p = m->signer.key.whole.p;
	EVP_PKEY *key;
	EVP_PKEY_CTX *pctx;
	EVP_MD_CTX *ctx;
	bool ok;

	if (m->signer.whole.n == 0)
		return false;
	key = d2i_PUBKEY(NULL, &p, (long)m->signer.key.whole.n);
	if (key == NULL)
		return false;
	ctx = EVP_MD_CTX_new();
	ok = EVP_DigestVerifyInit(ctx, &pctx, md_of(m->alg.hash), NULL, key) == 1;
	if (ok && m->alg.padding == PADDING_PSS)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, m->alg.salt) == 1;
	ok = ok && EVP_DigestVerify(ctx, m->signature.p, m->signature.n, m->signed_attrs.p,
		       m->signed_attrs.n) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok;
}

FIXTURE void
cms_to_blob(CMS_ContentInfo *cms, struct blob *out)
{
	int n = i2d_CMS_ContentInfo(cms, NULL);

	assert_true(n > 0);
	uint8_t *at = blob_grow(out, (size_t)n);
	assert_int_equal(i2d_CMS_ContentInfo(cms, &at), n);
}

/* BER with indefinite lengths and pieces, as the stock streaming writer makes it. */
FIXTURE void
cms_stream(CMS_ContentInfo *cms, struct view content, struct blob *out)
{
	BIO *in = BIO_new_mem_buf(content.p, (int)content.n), *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	assert_int_equal(i2d_CMS_bio_stream(bio, cms, in, CMS_STREAM | CMS_BINARY), 1);
	n = BIO_get_mem_data(bio, &p);
	blob_add(out, p, (size_t)n);
	BIO_free(in);
	BIO_free(bio);
}

/* Every constructed element down to depth with an indefinite length. */
FIXTURE void
ber_indefinite(struct view der, int depth, struct blob *out)
{
	struct reader r = reader_of(der);
	struct der d;

	while (r.n > 0) {
		assert_true(der_any(&r, &d, NULL));
		if (depth == 0 || !(d.tag & 0x20)) {
			blob_add_view(out, d.whole);
			continue;
		}
		blob_add_byte(out, d.tag);
		blob_add_byte(out, 0x80);
		ber_indefinite(d.body, depth - 1, out);
		blob_add(out, "\0\0", 2);
	}
}

/* A copy that ends where the view ends, so that a sanitizer sees every octet read behind it. */
FIXTURE uint8_t *
exact_copy(struct view v)
{
	uint8_t *p = malloc(v.n > 0 ? v.n : 1);

	assert_non_null(p);
	if (v.n > 0)
		memcpy(p, v.p, v.n);
	return p;
}

/* One to four random edits: bit, octet, cut, copy of a stretch, insertion, wild length. */
FIXTURE void
mutate(struct random *r, struct view in, struct blob *out)
{
	blob_set(out, in);
	for (uint32_t edits = 1 + random_below(r, 4); edits > 0 && out->n > 8; edits--) {
		uint32_t n = (uint32_t)out->n, at = random_below(r, n),
			 from = random_below(r, n);
		uint32_t len = 1 + random_below(r, 8);

		switch (random_below(r, 6)) {
		case 0:
			out->p[at] ^= (uint8_t)(1u << random_below(r, 8));
			break;
		case 1:
			out->p[at] = (uint8_t)random_below(r, 256);
			break;
		case 2:
			len = at + len > n ? n - at : len;
			memmove(out->p + at, out->p + at + len, n - at - len);
			out->n -= len;
			break;
		case 3:
			len = at + len > n ? n - at : len;
			len = from + len > n ? n - from : len;
			memmove(out->p + at, out->p + from, len);
			break;
		case 4:
			blob_grow(out, len);
			memmove(out->p + at + len, out->p + at, n - at);
			break;
		case 5:
			out->p[at] = (uint8_t)(0x80 + random_below(r, 6));
			break;
		}
	}
}

#endif
