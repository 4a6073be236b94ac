/* wire_oracle.h - OpenSSL's stock calls as oracle for tests of wire. */
#ifndef WIRE_ORACLE_H
#define WIRE_ORACLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The library's names for KeyUsage bits count from the other end. */
#undef KU_DIGITAL_SIGNATURE
#undef KU_NON_REPUDIATION
#undef KU_KEY_ENCIPHERMENT
#undef KU_DATA_ENCIPHERMENT
#undef KU_KEY_AGREEMENT
#undef KU_KEY_CERT_SIGN
#undef KU_CRL_SIGN
#undef KU_ENCIPHER_ONLY
#undef KU_DECIPHER_ONLY

#include "wire/wire.h"

#define KEPT __attribute__((unused)) static

KEPT const struct sig_alg rsa_sha256 = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0};
KEPT const struct sig_alg ec_sha256 = {KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};

KEPT void
unhex(const char *hex, struct blob *out)
{
	blob_clear(out);
	assert_true(hex_decode(hex, out));
}

KEPT void
assert_hex(struct view got, const char *want)
{
	struct blob text = {0};

	hex_add(&text, got, false);
	assert_string_equal(blob_cstr(&text), want);
	blob_free(&text);
}

KEPT EVP_PKEY *
key_rsa(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_RSA_gen(2048);
	return key;
}

KEPT EVP_PKEY *
key_ec(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_EC_gen("P-256");
	return key;
}

KEPT void
keys_free(void)
{
	EVP_PKEY_free(key_rsa());
	EVP_PKEY_free(key_ec());
}

KEPT void
key_spki(EVP_PKEY *key, struct blob *out)
{
	uint8_t *p = NULL;
	int n = i2d_PUBKEY(key, &p);

	assert_true(n > 0);
	blob_set(out, view_of(p, (size_t)n));
	OPENSSL_free(p);
}

KEPT void
key_sign(EVP_PKEY *key, const char *digest, struct view v, struct blob *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t octets[1024];
	size_t n = sizeof(octets);

	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, octets, &n, v.p, v.n), 1);
	blob_set(out, view_of(octets, n));
	EVP_MD_CTX_free(ctx);
}

KEPT void
key_assemble(EVP_PKEY *key, const struct sig_alg *alg, struct view tbs, struct blob *out)
{
	struct blob signature = {0};

	key_sign(key, hash_name(alg->hash), tbs, &signature);
	blob_clear(out);
	signed_assemble(tbs, alg, blob_view(&signature), out);
	blob_free(&signature);
}

/* Whole octets only: what OpenSSL leaves over counts as refused. */
KEPT X509 *
stock_cert(struct view v)
{
	const uint8_t *p = v.p;
	X509 *x = d2i_X509(NULL, &p, (long)v.n);

	if (x != NULL && p != v.p + v.n) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

KEPT X509_REQ *
stock_csr(struct view v)
{
	const uint8_t *p = v.p;
	X509_REQ *x = d2i_X509_REQ(NULL, &p, (long)v.n);

	if (x != NULL && p != v.p + v.n) {
		X509_REQ_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

KEPT void
stock_name(const X509_NAME *name, struct blob *out)
{
	const uint8_t *p;
	size_t n;

	assert_int_equal(X509_NAME_get0_der(name, &p, &n), 1);
	blob_set(out, view_of(p, n));
}

KEPT when_t
stock_when(const ASN1_TIME *t)
{
	struct tm tm;
	struct date d;
	when_t out;

	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	d = (struct date){
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec};
	assert_true(date_when(&d, &out));
	return out;
}

KEPT const char *const mutate_seed_name = "KEYMUSTER_TEST_SEED";

/* Printed, so that a failure can be repeated. */
KEPT uint64_t
seed_get(void)
{
	const char *text = getenv(mutate_seed_name);
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 20240229;

	printf("# %s=%ju\n", mutate_seed_name, (uintmax_t)seed);
	return seed == 0 ? 1 : seed;
}

KEPT uint64_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One to three small wounds: a bit, an octet, a number near a length, a cut, a doubled run. */
KEPT void
mutate(uint64_t *state, struct view in, struct blob *out)
{
	static const uint8_t favourites[] = {
	    0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0xff, 0x30, 0x31, 0x02, 0x05, 0x0c, 0x14};
	size_t wounds = 1 + random_next(state) % 3;

	blob_set(out, in);
	while (wounds-- > 0) {
		size_t at = random_next(state) % out->n;

		switch (random_next(state) % 6) {
		case 0:
		case 1:
			out->p[at] ^= (uint8_t)(1u << random_next(state) % 8);
			break;
		case 2:
			out->p[at] = favourites[random_next(state) % sizeof(favourites)];
			break;
		case 3:
			out->p[at] = (uint8_t)(out->p[at] + 1);
			break;
		case 4:
			out->p[at] = (uint8_t)random_next(state);
			break;
		case 5:
			if (at + 4 < out->n)
				memmove(out->p + at, out->p + at + 1, 3);
			break;
		}
	}
}

#endif
