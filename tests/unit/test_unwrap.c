/* test_unwrap.c - wrong envelopes get keys too, always the same. */
/* R-30, T-OR1, T-OR3 */
#include "keys_test.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "keys/unwrap.h"

#define BLOCK 256
#define WANT 16
#define REPLAYS 20

static uint8_t right_key[WANT] = "sixteen octets!!";

/* A block that is right for WANT octets. */
static void
block_good(uint8_t b[BLOCK])
{
	b[0] = 0;
	b[1] = 2;
	for (size_t i = 2; i < BLOCK - WANT - 1; i++)
		b[i] = (uint8_t)(1 + i % 255);
	b[BLOCK - WANT - 1] = 0;
	memcpy(b + BLOCK - WANT, right_key, WANT);
}

/* Raw public operation: any block becomes a wrapped key. */
static bool
raw_wrap(EVP_PKEY *key, const uint8_t b[BLOCK], uint8_t out[BLOCK])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	size_t n = BLOCK;
	bool ok = EVP_PKEY_encrypt_init(c) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1 &&
		  EVP_PKEY_encrypt(c, out, &n, b, BLOCK) == 1;

	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	return ok;
}

static void
unwrap(struct keys *k, struct view wrapped, size_t want, struct blob *out)
{
	struct key_job j = job_of(KEY_UNWRAP, "CA");

	j.padding = PADDING_PKCS1;
	j.want = want;
	j.bytes = wrapped;
	must(k, &j, out);
	assert_int_equal(out->n, want);
}

static struct keys *
open_pool(struct blob *spki)
{
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);

	pool_into(k, 0, 1);
	make_rsa(k, "CA", spki);
	return k;
}

/* Class i of 60: how the block is broken. */
static void
block_break(uint8_t b[BLOCK], int i)
{
	static const size_t zeros[] = {2, 3, 9, 10, 11, 100, 200, BLOCK - WANT - 2};

	block_good(b);
	if (i < 8)
		b[zeros[i]] = 0; /* a zero inside the padding */
	else if (i < 16)
		b[1] = (uint8_t)(i == 10 ? 0xff : i - 8); /* block type 0 to 7 but 2 */
	else if (i < 24)
		b[0] = (uint8_t)(1 << (i - 16) & 0x7f), b[BLOCK - WANT - 1] = 1;
	else if (i < 40)
		b[BLOCK - WANT - 1] = (uint8_t)(i - 23); /* no separator where it belongs */
	else if (i < 56) { /* a key shorter than wanted: zero later on */
		b[BLOCK - WANT - 1] = 9;
		b[BLOCK - (i - 39)] = 0;
	} else
		memset(b + 2, i - 55, BLOCK - 2);
}

static void
sixty_classes_one_kind_of_answer(void **state)
{
	struct blob spki = {0}, first = {0}, again = {0};
	struct keys *k = open_pool(&spki);
	uint8_t block[BLOCK], wrapped[BLOCK], seen[60][WANT];

	(void)state;
	for (int i = 0; i < 60; i++) {
		block_break(block, i);
		assert_true(raw_wrap(pool_key(0), block, wrapped));
		unwrap(k, view_of(wrapped, BLOCK), WANT, &first);
		assert_memory_not_equal(first.p, block + BLOCK - WANT, WANT);
		for (int n = 0; n < REPLAYS; n++) {
			unwrap(k, view_of(wrapped, BLOCK), WANT, &again);
			assert_true(view_equal(blob_view(&first), blob_view(&again)));
		}
		memcpy(seen[i], first.p, WANT);
		for (int n = 0; n < i; n++)
			if (memcmp(seen[n], seen[i], WANT) ==
			    0) { /* only for the same octets */
				uint8_t other[BLOCK];

				block_break(other, n);
				assert_memory_equal(other, block, BLOCK);
			}
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&first);
	blob_free(&again);
}

static void
right_key_comes_back(void **state)
{
	static const size_t sizes[] = {8, 16, 24, 32};
	struct blob spki = {0}, wrapped = {0}, out = {0};
	struct keys *k = open_pool(&spki);
	struct spki s;
	uint8_t key[32];
	struct err e = {0};

	(void)state;
	assert_true(spki_decode(blob_view(&spki), &s, &e));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		keys_random(k, key, sizeof(key));
		assert_true(key_wrap(
		    &s, PADDING_PKCS1, HASH_NONE, view_of(key, sizes[i]), &wrapped, &e));
		unwrap(k, blob_view(&wrapped), sizes[i], &out);
		assert_memory_equal(out.p, key, sizes[i]);
		unwrap(k, blob_view(&wrapped), sizes[i] == 8 ? 16 : 8,
		    &out); /* right, but of another length */
		assert_memory_not_equal(out.p, key, 8);
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&wrapped);
	blob_free(&out);
}

/* What no RSA operation takes gets a key as well. */
static void
odd_lengths_get_keys(void **state)
{
	static const size_t lengths[] = {0, 1, 255, 256, 257, 512};
	struct blob spki = {0}, a = {0}, b = {0};
	struct keys *k = open_pool(&spki);
	uint8_t junk[512];

	(void)state;
	memset(junk, 0xff, sizeof(junk)); /* 256 of them are more than any modulus */
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		unwrap(k, view_of(junk, lengths[i]), 16, &a);
		unwrap(k, view_of(junk, lengths[i]), 16, &b);
		assert_true(view_equal(blob_view(&a), blob_view(&b)));
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&a);
	blob_free(&b);
}

static void
oaep_too(void **state)
{
	static const enum hash hashes[] = {HASH_SHA1, HASH_SHA256};
	struct blob spki = {0}, out = {0}, again = {0};
	struct keys *k = open_pool(&spki);
	struct key_job j = job_of(KEY_UNWRAP, "CA");
	uint8_t wrapped[BLOCK];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hashes); i++) {
		EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pool_key(0), NULL);
		const EVP_MD *md = hashes[i] == HASH_SHA1 ? EVP_sha1() : EVP_sha256();
		size_t n = BLOCK;

		assert_int_equal(EVP_PKEY_encrypt_init(c), 1);
		EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING);
		EVP_PKEY_CTX_set_rsa_oaep_md(c, md);
		EVP_PKEY_CTX_set_rsa_mgf1_md(c, md);
		assert_int_equal(EVP_PKEY_encrypt(c, wrapped, &n, right_key, WANT), 1);
		EVP_PKEY_CTX_free(c);
		j.padding = PADDING_OAEP;
		j.oaep_hash = hashes[i];
		j.want = WANT;
		j.bytes = view_of(wrapped, BLOCK);
		must(k, &j, &out);
		assert_memory_equal(out.p, right_key, WANT);
		wrapped[100] ^= 1;
		must(k, &j, &out);
		must(k, &j, &again);
		assert_memory_not_equal(out.p, right_key, WANT);
		assert_true(view_equal(blob_view(&out), blob_view(&again)));
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&out);
	blob_free(&again);
}

/* Another key gives other synthetic keys: they are no function of the wrapped key alone. */
static void
synthetic_needs_the_secret(void **state)
{
	uint8_t a[32] = {1}, b[32] = {2}, x[KEY_WANT_MAX], y[KEY_WANT_MAX];
	struct key_job j = {.padding = PADDING_PKCS1, .want = 16};

	(void)state;
	j.bytes = VIEW("same");
	assert_true(unwrap_synthetic(a, &j, x));
	assert_true(unwrap_synthetic(b, &j, y));
	assert_memory_not_equal(x, y, sizeof(x));
	j.padding = PADDING_OAEP;
	assert_true(unwrap_synthetic(a, &j, y));
	assert_memory_not_equal(x, y, sizeof(x));
	j.padding = PADDING_PKCS1;
	j.bytes = VIEW("else");
	assert_true(unwrap_synthetic(a, &j, y));
	assert_memory_not_equal(x, y, sizeof(x));
}

/*
 * Who may ask for one wrapped key in several ways must not learn from comparing the answers
 * whether its padding was good: no two ways share an answer, good or bad. The OAEP hash means
 * nothing with PKCS#1: there the answer must be the same, good or bad.
 */
static void
ways_share_no_answer(void **state)
{
	static const struct {
		enum padding padding;
		enum hash oaep_hash;
		size_t want;
	} ways[] = {
	    {PADDING_PKCS1, HASH_NONE, 8},
	    {PADDING_PKCS1, HASH_NONE, 16},
	    {PADDING_PKCS1, HASH_NONE, 24},
	    {PADDING_PKCS1, HASH_NONE, 32},
	    {PADDING_OAEP, HASH_SHA1, 16},
	    {PADDING_OAEP, HASH_SHA256, 16},
	    {PADDING_OAEP, HASH_SHA512, 16},
	    {PADDING_OAEP, HASH_SHA256, 32},
	};
	struct blob spki = {0}, out[COUNT_OF(ways)] = {0}, same = {0};
	struct keys *k = open_pool(&spki);
	struct key_job j = job_of(KEY_UNWRAP, "CA");
	uint8_t block[BLOCK], wrapped[BLOCK];

	(void)state;
	for (int good = 0; good < 2; good++) {
		block_good(block);
		block[1] = good ? 2 : 3;
		assert_true(raw_wrap(pool_key(0), block, wrapped));
		j.bytes = view_of(wrapped, BLOCK);
		for (size_t i = 0; i < COUNT_OF(ways); i++) {
			j.padding = ways[i].padding;
			j.oaep_hash = ways[i].oaep_hash;
			j.want = ways[i].want;
			must(k, &j, &out[i]);
			for (size_t n = 0; n < i; n++)
				assert_memory_not_equal(out[i].p, out[n].p, 8);
			if (j.padding != PADDING_PKCS1)
				continue;
			j.oaep_hash = HASH_SHA256;
			must(k, &j, &same);
			assert_true(view_equal(blob_view(&out[i]), blob_view(&same)));
		}
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&same);
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		blob_free(&out[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sixty_classes_one_kind_of_answer),
	    cmocka_unit_test(right_key_comes_back),
	    cmocka_unit_test(odd_lengths_get_keys),
	    cmocka_unit_test(oaep_too),
	    cmocka_unit_test(synthetic_needs_the_secret),
	    cmocka_unit_test(ways_share_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
