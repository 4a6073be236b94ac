/* broken.c - a hundred envelopes, each broken in its own way. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/broken.h"

#define KEY_OCTETS 256

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

#define KEY_OCTETS 256

/* The number that this block is, under the CA's public key. */
static void
raw_encrypt(X509 *ca, const uint8_t block[KEY_OCTETS], struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(ca), NULL);
	size_t n = KEY_OCTETS;

	must(EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_encrypt(ctx, blob_grow(out, n), &n, block, KEY_OCTETS) == 1);
	EVP_PKEY_CTX_free(ctx);
}

/* 00 02 nonzero... 00 key of so many octets. */
static void
good_block(uint8_t block[KEY_OCTETS], const uint8_t *key, size_t n)
{
	must(RAND_bytes(block, KEY_OCTETS) == 1);
	for (size_t i = 2; i < KEY_OCTETS; i++)
		if (block[i] == 0)
			block[i] = 0x5a;
	block[0] = 0;
	block[1] = 2;
	block[KEY_OCTETS - n - 1] = 0;
	memcpy(block + KEY_OCTETS - n, key, n);
}

/* ---- key transport ---- */

enum {
	LENGTHS = 14,	/* encryptedKey of other sizes */
	NUMBERS = 6,	/* 0, 1, modulus and about it */
	BLOCKS = 14,	/* wrong octets in the block */
	KEY_SIZES = 12, /* content keys of other sizes */
	FLIPS = 8,	/* one bit of the ciphertext */
};
_Static_assert(LENGTHS + NUMBERS + BLOCKS + KEY_SIZES + FLIPS == BROKEN_PADDING, "kinds");

static void
of_length(int i, struct blob *out)
{
	static const size_t sizes[LENGTHS] = {
	    0, 1, 2, 16, 127, 128, 254, 255, 257, 258, 384, 512, 1024, 4096};

	(void)blob_grow(out, sizes[i]);
	if (out->n > 0)
		must(RAND_bytes(out->p, (int)out->n) == 1);
	if (out->n == 257) /* a good number behind a zero octet is a length of its own */
		out->p[0] = 0;
}

static void
of_number(X509 *ca, int i, struct blob *out)
{
	BIGNUM *n = NULL;

	must(EVP_PKEY_get_bn_param(X509_get0_pubkey(ca), OSSL_PKEY_PARAM_RSA_N, &n) == 1);
	if (i <= 1)
		BN_set_word(n, (unsigned long)i);
	else if (i == 2)
		must(BN_sub_word(n, 1));
	else if (i == 4)
		must(BN_add_word(n, 1));
	must(BN_bn2binpad(n, blob_grow(out, KEY_OCTETS), KEY_OCTETS) == KEY_OCTETS);
	if (i == 5)
		memset(out->p, 0xff, out->n);
	BN_free(n);
}

static void
of_block(X509 *ca, int i, const uint8_t key[16], struct blob *out)
{
	uint8_t b[KEY_OCTETS];

	good_block(b, key, 16);
	switch (i) {
	case 0:
		b[1] = 1;
		break;
	case 1:
		b[1] = 0;
		break;
	case 2:
		b[1] = 3;
		break;
	case 3:
		b[0] = 1;
		break;
	case 4: /* a zero in the first eight octets of the padding */
	case 5:
	case 6:
		b[2 + (i - 4) * 3] = 0;
		break;
	case 7:
	case 8:
	case 9: /* a zero further on: the key would begin there */
		b[30 + (i - 7) * 70] = 0;
		break;
	case 10: /* no zero in front of the key */
		b[KEY_OCTETS - 17] = 0x11;
		break;
	case 11: /* no zero at all */
		for (size_t k = 2; k < KEY_OCTETS; k++)
			b[k] |= 1;
		break;
	case 12:
		memset(b, 0, sizeof(b));
		break;
	default:
		must(RAND_bytes(b + 1, KEY_OCTETS - 1) == 1);
		b[0] = 0;
	}
	raw_encrypt(ca, b, out);
}

static void
of_key_size(X509 *ca, int i, struct blob *out)
{
	static const size_t sizes[KEY_SIZES] = {0, 1, 8, 15, 17, 24, 31, 32, 33, 64, 128, 245};
	uint8_t b[KEY_OCTETS], key[KEY_OCTETS];

	must(RAND_bytes(key, sizeof(key)) == 1);
	good_block(b, key, sizes[i]);
	raw_encrypt(ca, b, out);
}

static void
wrapped_of(X509 *ca, int i, const uint8_t key[16], struct blob *out)
{
	uint8_t b[KEY_OCTETS];

	if (i < LENGTHS) {
		of_length(i, out);
		return;
	}
	i -= LENGTHS;
	if (i < NUMBERS) {
		of_number(ca, i, out);
		return;
	}
	i -= NUMBERS;
	if (i < BLOCKS) {
		of_block(ca, i, key, out);
		return;
	}
	i -= BLOCKS;
	if (i < KEY_SIZES) {
		of_key_size(ca, i, out);
		return;
	}
	i -= KEY_SIZES;
	good_block(b, key, 16);
	raw_encrypt(ca, b, out);
	out->p[out->n - 1 - (size_t)i * 30] ^= (uint8_t)(1 << i);
}

/* ---- padding of the content ---- */

/* csr with its padding; kind i of broken padding or length. */
static void
padded_of(int i, struct view csr, struct blob *plain, struct seal_row *s, struct blob *text)
{
	size_t pad = 16 - csr.n % 16;

	blob_add_view(plain, csr);
	memset(blob_grow(plain, pad), (int)pad, pad);
	s->raw = true;
	if (i < 8) { /* the last octet */
		static const uint8_t last[8] = {0, 17, 32, 127, 128, 200, 254, 255};

		plain->p[plain->n - 1] = last[i];
	} else if (i < 14) { /* a further block of padding with one octet wrong */
		memset(blob_grow(plain, 16), 16, 16);
		plain->p[plain->n - 2 - (size_t)(i - 8) * 2] ^= 1;
	} else if (i < 20) { /* the ciphertext is no whole number of blocks */
		static const size_t sizes[6] = {0, 1, 15, 17, 31, 33};

		(void)blob_grow(text, 40);
		must(RAND_bytes(text->p, 40) == 1);
		s->ciphertext = view_of(text->p, sizes[i - 14]);
	} else if (i == 20) {
		s->no_ciphertext = true;
	} else {
		static const uint8_t iv[16];
		static const size_t sizes[3] = {0, 8, 15};

		s->iv = view_of(iv, sizes[i - 21]);
	}
}

/* ---- OAEP ---- */

#define OAEP_SHA256                                                                            \
	"\x30\x3c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2f\xa0\x0f\x30\x0d\x06\x09" \
	"\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86" \
	"\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00"

static void
oaep_encrypt(X509 *ca, const char *digest, bool label, struct view key, struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(ca), NULL);
	const EVP_MD *md = EVP_get_digestbyname(digest);
	size_t n = KEY_OCTETS;

	must(EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	     (!label || EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup("lab"), 3) == 1) &&
	     EVP_PKEY_encrypt(ctx, blob_grow(out, n), &n, key.p, key.n) == 1);
	EVP_PKEY_CTX_free(ctx);
}

/* Kind i of broken OAEP; the envelope says OAEP with SHA-256 but for one. */
static void
oaep_of(X509 *ca, int i, const uint8_t key[16], struct seal_row *s, struct blob *out)
{
	static const size_t sizes[] = {0, 15, 17, 24};
	uint8_t b[KEY_OCTETS];

	s->transport = view_of((const uint8_t *)OAEP_SHA256, sizeof(OAEP_SHA256) - 1);
	if (i >= 6) {
		must(RAND_bytes(b, sizeof(b)) == 1);
		oaep_encrypt(ca, "SHA256", false, view_of(b, sizes[i - 6]), out);
	} else if (i == 1) { /* PKCS#1 inside */
		good_block(b, key, 16);
		raw_encrypt(ca, b, out);
	} else if (i == 4) { /* noise */
		must(RAND_bytes(b, sizeof(b)) == 1);
		b[0] = 0;
		raw_encrypt(ca, b, out);
	} else {
		oaep_encrypt(ca, i == 0 ? "SHA1" : "SHA256", i == 3, view_of(key, 16), out);
	}
	if (i == 2) /* it says PKCS#1 */
		s->transport = (struct view){0};
	if (i == 5)
		out->p[out->n / 2] ^= 1;
}

/* ---- contents ---- */

/* Kind i of what no request is, under the right key. */
static void
content_of(int i, struct view csr, struct blob *plain)
{
	static const char *const texts[] = {"", "0", "\x30\x80", "not a request"};

	if (i < 4) {
		blob_add_str(plain, texts[i]);
		return;
	}
	blob_set(plain, csr);
	switch (i) {
	case 4: /* noise */
		must(RAND_bytes(plain->p, (int)plain->n) == 1);
		break;
	case 5: /* cut off */
		plain->n--;
		break;
	case 6: /* something behind */
		blob_add_byte(plain, 0);
		break;
	case 7: /* another tag */
		plain->p[0] = 0x31;
		break;
	case 8: /* the signature, in front, behind */
		plain->p[plain->n - 1] ^= 1;
		break;
	case 9:
		plain->p[plain->n - 200] ^= 1;
		break;
	case 10: /* what is signed: an octet of the key */
		plain->p[plain->n / 2] ^= 0x10;
		break;
	default: /* and all of the signature */
		memset(plain->p + plain->n - 256, 0, 256);
	}
}

void
broken_envelope(X509 *ca, int i, struct view csr, struct blob *out)
{
	struct blob wrapped = {0}, plain = {0}, text = {0};
	struct seal_row s = {0};
	uint8_t key[16];

	must(RAND_bytes(key, sizeof(key)) == 1);
	if (i < BROKEN_PADDING) {
		wrapped_of(ca, i, key, &wrapped);
	} else if (i < BROKEN_OAEP) {
		padded_of(i - BROKEN_PADDING, csr, &plain, &s, &text);
	} else if (i < BROKEN_CONTENT) {
		oaep_of(ca, i - BROKEN_OAEP, key, &s, &wrapped);
	} else {
		content_of(i - BROKEN_CONTENT, csr, &plain);
	}
	if (i < BROKEN_PADDING || (i >= BROKEN_OAEP && i < BROKEN_CONTENT)) {
		s.key = view_of(key, sizeof(key));
		s.wrapped = wrapped.n > 0 ? blob_view(&wrapped) : VIEW("");
		blob_set(&plain, csr);
	}
	forge_envelope(&s, ca, blob_view(&plain), out);
	blob_free(&wrapped);
	blob_free(&plain);
	blob_free(&text);
}
