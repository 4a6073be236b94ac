/* public.c - verify and wrap with public keys. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "keys/algorithm.h"
#include "keys/keys.h"

/*
 * The last public key, ready: a request brings the same key twice (message and CSR) and its
 * answer is wrapped for it. One each thread, so nothing is shared.
 */
static _Thread_local struct {
	struct blob spki;
	EVP_PKEY *key;
	EVP_PKEY_CTX *verify;
	struct sig_alg alg; /* what verify is set to */
} last;

static void
last_drop(void)
{
	EVP_PKEY_CTX_free(last.verify);
	EVP_PKEY_free(last.key);
	last.verify = NULL;
	last.key = NULL;
	blob_clear(&last.spki);
}

static bool
params_rsa(OSSL_PARAM_BLD *b, const struct spki *s, BIGNUM **n, BIGNUM **x)
{
	*n = BN_bin2bn(s->modulus.p, (int)s->modulus.n, NULL);
	*x = BN_bin2bn(s->exponent.p, (int)s->exponent.n, NULL);
	return *n != NULL && *x != NULL &&
	       OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, *n) == 1 &&
	       OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, *x) == 1;
}

static bool
params_ec(OSSL_PARAM_BLD *b, const struct spki *s, char curve[8])
{
	snprintf(curve, 8, "P-%d", s->curve);
	return OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
	       OSSL_PARAM_BLD_push_octet_string(
		   b, OSSL_PKEY_PARAM_PUB_KEY, s->point.p, s->point.n) == 1;
}

/* EVP_PKEY_fromdata: 3 us, where d2i_PUBKEY takes 208 (OpenSSL 3.0). */
static EVP_PKEY *
key_build(const struct spki *s)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *c =
	    EVP_PKEY_CTX_new_from_name(NULL, s->kind == KEY_RSA ? "RSA" : "EC", NULL);
	EVP_PKEY *key = NULL;
	BIGNUM *n = NULL, *x = NULL;
	char curve[8];

	if (b == NULL || c == NULL ||
	    !(s->kind == KEY_RSA ? params_rsa(b, s, &n, &x) : params_ec(b, s, curve)))
		goto out;
	params = OSSL_PARAM_BLD_to_param(b);
	if (params == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	BN_free(n);
	BN_free(x);
	return key;
}

static bool
last_is(const struct spki *s, struct err *e)
{
	if (last.key != NULL && view_equal(blob_view(&last.spki), s->whole))
		return true;
	last_drop();
	last.key = s->kind == KEY_NONE ? NULL : key_build(s);
	ERR_clear_error();
	if (last.key == NULL)
		return err_set(
		    e, WHY_BAD_INPUT, "public key is not on its curve or otherwise unusable");
	blob_set(&last.spki, s->whole);
	return true;
}

static bool
last_verifies(const struct sig_alg *alg)
{
	if (last.verify != NULL && sig_alg_equal(&last.alg, alg))
		return true;
	EVP_PKEY_CTX_free(last.verify);
	last.verify = EVP_PKEY_CTX_new_from_pkey(NULL, last.key, NULL);
	last.alg = *alg;
	if (last.verify != NULL && EVP_PKEY_verify_init(last.verify) == 1 &&
	    context_set(last.verify, alg))
		return true;
	EVP_PKEY_CTX_free(last.verify);
	last.verify = NULL;
	return false;
}

bool
key_verify(const struct spki *key, const struct sig_alg *alg, struct view bytes,
    struct view signature, struct err *e)
{
	struct sig_alg a = *alg;
	uint8_t digest[HASH_MAX];
	int got;

	if (a.key == KEY_NONE)
		a.key = KEY_RSA; /* plain rsaEncryption in a SignerInfo */
	if (!sig_alg_fits(&a, key->kind))
		return err_set(e, WHY_BAD_INPUT, "signature algorithm does not fit the key");
	if (!hash_bytes(a.hash, bytes, digest, e) || !last_is(key, e))
		return false;
	if (!last_verifies(&a)) {
		ERR_clear_error();
		return err_set(
		    e, WHY_CRYPTO, "%s signatures cannot be verified here", hash_name(a.hash));
	}
	got = EVP_PKEY_verify(last.verify, signature.p, signature.n, digest, hash_size(a.hash));
	ERR_clear_error();
	return got == 1 || err_set(e, WHY_BAD_INPUT, "signature does not verify");
}

bool
key_wrap(const struct spki *key, struct view content_key, struct blob *out, struct err *e)
{
	struct blob b = {0};
	EVP_PKEY_CTX *c = NULL;
	size_t n = key->modulus.n;
	bool ok = false;

	if (key->kind != KEY_RSA)
		return err_set(e, WHY_BAD_INPUT, "only an RSA key can receive a content key");
	if (!last_is(key, e))
		return false;
	c = EVP_PKEY_CTX_new_from_pkey(NULL, last.key, NULL);
	if (c == NULL || EVP_PKEY_encrypt_init(c) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_encrypt(c, blob_grow(&b, n), &n, content_key.p, content_key.n) != 1) {
		err_set(e, WHY_CRYPTO,
		    "content key of %zu octets cannot be wrapped for a %d bit key",
		    content_key.n, key->bits);
		goto out;
	}
	b.n = n;
	blob_set(out, blob_view(&b));
	ok = true;
out:
	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	blob_free(&b);
	return ok;
}
