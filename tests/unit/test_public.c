/* test_public.c - verify and wrap against the stock calls. */
#include "keys_test.h"

#include <openssl/rsa.h>

static const struct {
	const char *sentence;
	struct sig_alg alg;
	int curve; /* 0: RSA-2048 */
} cases[] = {
    {"RSA with MD5", {KEY_RSA, HASH_MD5, PADDING_PKCS1, 0}, 0},
    {"RSA with SHA-1", {KEY_RSA, HASH_SHA1, PADDING_PKCS1, 0}, 0},
    {"RSA with SHA-256", {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0}, 0},
    {"RSA with SHA-384", {KEY_RSA, HASH_SHA384, PADDING_PKCS1, 0}, 0},
    {"RSA with SHA-512", {KEY_RSA, HASH_SHA512, PADDING_PKCS1, 0}, 0},
    {"plain rsaEncryption, the hash from elsewhere", {KEY_NONE, HASH_SHA256, PADDING_PKCS1, 0},
	0},
    {"PSS with SHA-256", {KEY_RSA, HASH_SHA256, PADDING_PSS, 32}, 0},
    {"PSS with SHA-512 and a salt of 20", {KEY_RSA, HASH_SHA512, PADDING_PSS, 20}, 0},
    {"P-256", {KEY_EC, HASH_SHA256, PADDING_ECDSA, 0}, 256},
    {"P-384", {KEY_EC, HASH_SHA384, PADDING_ECDSA, 0}, 384},
    {"P-521", {KEY_EC, HASH_SHA512, PADDING_ECDSA, 0}, 521},
};

static const EVP_MD *
stock_md(enum hash h)
{
	return h == HASH_MD5	  ? EVP_md5()
	       : h == HASH_SHA1	  ? EVP_sha1()
	       : h == HASH_SHA256 ? EVP_sha256()
	       : h == HASH_SHA384 ? EVP_sha384()
				  : EVP_sha512();
}

static void
stock_sign(EVP_PKEY *key, const struct sig_alg *a, struct view bytes, struct blob *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	size_t n = 1024;

	assert_int_equal(EVP_DigestSignInit(c, &p, stock_md(a->hash), NULL, key), 1);
	if (a->padding == PADDING_PSS) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, a->salt), 1);
	}
	blob_clear(out);
	assert_int_equal(EVP_DigestSign(c, blob_grow(out, n), &n, bytes.p, bytes.n), 1);
	out->n = n;
	EVP_MD_CTX_free(c);
}

static EVP_PKEY *
key_for(int curve)
{
	char name[8];

	if (curve == 0) {
		EVP_PKEY_up_ref(pool_key(3));
		return pool_key(3);
	}
	snprintf(name, sizeof(name), "P-%d", curve);
	return EVP_EC_gen(name);
}

static void
spki_of(EVP_PKEY *key, struct blob *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	blob_set(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

static void
stock_signatures_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EVP_PKEY *key = key_for(cases[i].curve);
		struct blob der = {0}, signature = {0};
		struct spki s;
		struct sig_alg other = cases[i].alg;
		struct err e = {0};

		spki_of(key, &der);
		assert_true(spki_decode(blob_view(&der), &s, &e));
		stock_sign(key, &cases[i].alg, VIEW("octets"), &signature);
		for (int twice = 0; twice < 2; twice++)
			if (!key_verify(
				&s, &cases[i].alg, VIEW("octets"), blob_view(&signature), &e))
				fail_msg("%s: %s", cases[i].sentence, e.text);
		assert_false(
		    key_verify(&s, &cases[i].alg, VIEW("octetz"), blob_view(&signature), &e));
		assert_false(key_verify(&s, &cases[i].alg, VIEW("octets"),
		    view_of(signature.p, signature.n - 1), &e));
		assert_false(
		    key_verify(&s, &cases[i].alg, VIEW("octets"), view_of(NULL, 0), &e));
		other.hash = other.hash == HASH_SHA384 ? HASH_SHA256 : HASH_SHA384;
		assert_false(key_verify(&s, &other, VIEW("octets"), blob_view(&signature), &e));
		other.hash = HASH_NONE;
		assert_false(key_verify(&s, &other, VIEW("octets"), blob_view(&signature), &e));
		other = cases[i].alg;
		other.padding = other.padding == PADDING_PSS ? PADDING_PKCS1 : PADDING_PSS;
		assert_false(key_verify(&s, &other, VIEW("octets"), blob_view(&signature), &e));
		signature.p[signature.n / 2] ^= 4;
		assert_false(
		    key_verify(&s, &cases[i].alg, VIEW("octets"), blob_view(&signature), &e));
		EVP_PKEY_free(key);
		blob_free(&der);
		blob_free(&signature);
	}
}

/* The key kept from the last call must not answer for another. */
static void
keys_are_not_mixed(void **state)
{
	struct blob a = {0}, b = {0}, signature = {0};
	struct sig_alg alg = RSA_SHA256;
	struct spki sa, sb;

	(void)state;
	spki_of(pool_key(3), &a);
	spki_of(pool_key(4), &b);
	assert_true(spki_decode(blob_view(&a), &sa, NULL));
	assert_true(spki_decode(blob_view(&b), &sb, NULL));
	stock_sign(pool_key(3), &alg, VIEW("octets"), &signature);
	for (int i = 0; i < 3; i++) {
		assert_true(key_verify(&sa, &alg, VIEW("octets"), blob_view(&signature), NULL));
		assert_false(
		    key_verify(&sb, &alg, VIEW("octets"), blob_view(&signature), NULL));
	}
	blob_free(&a);
	blob_free(&b);
	blob_free(&signature);
}

static void
point_off_the_curve(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct blob der = {0};
	struct sig_alg alg = {KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};
	struct spki s;

	(void)state;
	spki_of(key, &der);
	der.p[der.n - 1] ^= 1;
	if (spki_decode(blob_view(&der), &s, NULL))
		assert_false(key_verify(&s, &alg, VIEW("x"), VIEW("y"), NULL));
	EVP_PKEY_free(key);
	blob_free(&der);
}

static void
wrapped_keys_open(void **state)
{
	struct blob der = {0}, out = {0};
	struct spki s;
	struct err e = {0};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pool_key(3), NULL);
	uint8_t plain[256], longest[246];
	size_t n = sizeof(plain);

	(void)state;
	spki_of(pool_key(3), &der);
	assert_true(spki_decode(blob_view(&der), &s, &e));
	assert_true(key_wrap(&s, PADDING_PKCS1, HASH_NONE, VIEW("sixteen octets!!"), &out, &e));
	assert_int_equal(out.n, 256);
	assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_decrypt(c, plain, &n, out.p, out.n), 1);
	assert_int_equal(n, 16);
	assert_memory_equal(plain, "sixteen octets!!", 16);
	memset(longest, 1, sizeof(longest));
	assert_false(key_wrap(
	    &s, PADDING_PKCS1, HASH_NONE, view_of(longest, sizeof(longest)), &out, &e));
	s.kind = KEY_EC;
	assert_false(
	    key_wrap(&s, PADDING_PKCS1, HASH_NONE, VIEW("sixteen octets!!"), &out, &e));
	EVP_PKEY_CTX_free(c);
	blob_free(&der);
	blob_free(&out);
}

/* AL-04: OAEP with MGF1 over the same hash, as the stock calls open it; too little room is an
 * error. */
static void
oaep_keys_open(void **state)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};
	static const char *const names[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
	struct blob der = {0}, out = {0};
	struct spki s;
	struct err e = {0};
	uint8_t plain[256];

	(void)state;
	spki_of(pool_key(3), &der);
	assert_true(spki_decode(blob_view(&der), &s, &e));
	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pool_key(3), NULL);
		const EVP_MD *md = EVP_get_digestbyname(names[i]);
		size_t n = sizeof(plain);

		assert_true(
		    key_wrap(&s, PADDING_OAEP, hashes[i], VIEW("sixteen octets!!"), &out, &e));
		assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(c, md), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(c, md), 1);
		assert_int_equal(EVP_PKEY_decrypt(c, plain, &n, out.p, out.n), 1);
		assert_int_equal(n, 16);
		assert_memory_equal(plain, "sixteen octets!!", 16);
		EVP_PKEY_CTX_free(c);
	}
	memset(plain, 1, sizeof(plain));
	assert_false(key_wrap(&s, PADDING_OAEP, HASH_SHA512, view_of(plain, 127), &out, &e));
	assert_false(key_wrap(&s, PADDING_OAEP, HASH_NONE, VIEW("sixteen octets!!"), &out, &e));
	blob_free(&der);
	blob_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stock_signatures_verify),
	    cmocka_unit_test(keys_are_not_mixed),
	    cmocka_unit_test(point_off_the_curve),
	    cmocka_unit_test(wrapped_keys_open),
	    cmocka_unit_test(oaep_keys_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
