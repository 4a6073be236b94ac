/* pool.c - RSA test keys from a few primes. */
#include "lib/pool.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "primes.h"

#define POOL_SIZE (COUNT_OF(primes) * (COUNT_OF(primes) - 1) / 2)

static EVP_PKEY *keys[POOL_SIZE];

size_t
pool_size(void)
{
	return POOL_SIZE;
}

static void
must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "test keys: %s\n", what);
		abort();
	}
}

static BIGNUM *
prime_at(size_t i)
{
	BIGNUM *p = NULL;

	must(BN_hex2bn(&p, primes[i]) == 256, "a prime is not 256 hex digits");
	return p;
}

/* d, its halves and the coefficient, from p, q and e. */
static OSSL_PARAM *
key_params(BIGNUM *p, BIGNUM *q)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *v[10];
	bool ok = true;

	BN_CTX_start(ctx);
	for (size_t i = 0; i < COUNT_OF(v); i++)
		v[i] = BN_CTX_get(ctx);
	BIGNUM *n = v[0], *e = v[1], *d = v[2], *dp = v[3], *dq = v[4], *qinv = v[5];
	BIGNUM *p1 = v[6], *q1 = v[7], *phi = v[8];

	ok &= BN_set_word(e, RSA_F4) && BN_mul(n, p, q, ctx);
	ok &= BN_sub(p1, p, BN_value_one()) && BN_sub(q1, q, BN_value_one());
	ok &= BN_mul(phi, p1, q1, ctx) && BN_mod_inverse(d, e, phi, ctx) != NULL;
	ok &= BN_mod(dp, d, p1, ctx) && BN_mod(dq, d, q1, ctx);
	ok &= BN_mod_inverse(qinv, q, p, ctx) != NULL;
	must(ok, "arithmetic");

	const struct {
		const char *name;
		BIGNUM *value;
	} parts[] = {
	    {OSSL_PKEY_PARAM_RSA_N, n},
	    {OSSL_PKEY_PARAM_RSA_E, e},
	    {OSSL_PKEY_PARAM_RSA_D, d},
	    {OSSL_PKEY_PARAM_RSA_FACTOR1, p},
	    {OSSL_PKEY_PARAM_RSA_FACTOR2, q},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT1, dp},
	    {OSSL_PKEY_PARAM_RSA_EXPONENT2, dq},
	    {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qinv},
	};
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		must(OSSL_PARAM_BLD_push_BN(build, parts[i].name, parts[i].value), "parameter");
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	must(params != NULL, "parameters");

	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	OSSL_PARAM_BLD_free(build);
	return params;
}

/* Of p and q, which it takes. */
static EVP_PKEY *
key_make(BIGNUM *p, BIGNUM *q)
{
	EVP_PKEY *key = NULL;

	if (BN_cmp(p, q) < 0)
		BN_swap(p, q);
	OSSL_PARAM *params = key_params(p, q);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	must(EVP_PKEY_fromdata_init(ctx) > 0 &&
		 EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) > 0,
	    "key");
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	BN_clear_free(p);
	BN_clear_free(q);
	return key;
}

/* Key i is the pair (a, b), b < a, of a list in the order (1,0) (2,0) (2,1) (3,0) ... */
EVP_PKEY *
pool_key(size_t i)
{
	size_t a = 1;

	must(i < POOL_SIZE, "not that many");
	if (keys[i] == NULL) {
		while (a * (a + 1) / 2 <= i)
			a++;
		keys[i] = key_make(prime_at(a), prime_at(i - a * (a - 1) / 2));
	}
	return keys[i];
}

/* The next one behind p, which it changes, that e goes with. */
static void
prime_next(BIGNUM *p)
{
	BN_CTX *ctx = BN_CTX_new();
	int prime = 0;

	while (prime == 0) {
		must(BN_add_word(p, 2) == 1, "arithmetic");
		prime = BN_mod_word(p, RSA_F4) == 1 ? 0 : BN_check_prime(p, ctx, NULL);
	}
	must(prime == 1, "prime");
	BN_CTX_free(ctx);
}

EVP_PKEY *
pool_fresh(void)
{
	uint32_t chance[2];

	must(RAND_bytes((unsigned char *)chance, sizeof(chance)) == 1, "chance");
	BIGNUM *p = prime_at(0), *q = prime_at(1 + chance[0] % (COUNT_OF(primes) - 1));

	must(BN_add_word(p, 2 * (BN_ULONG)chance[1]) == 1, "arithmetic");
	prime_next(p);
	return key_make(p, q);
}

void
pool_pkcs8(size_t i, struct blob *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pool_key(i));
	uint8_t *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	must(n > 0, "PKCS#8");
	blob_add(out, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	PKCS8_PRIV_KEY_INFO_free(info);
}

void
pool_free(void)
{
	for (size_t i = 0; i < POOL_SIZE; i++) {
		EVP_PKEY_free(keys[i]);
		keys[i] = NULL;
	}
}
