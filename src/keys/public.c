/* public.c - verify and wrap with public keys. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "keys/algorithm.h"
#include "keys/keys.h"

/*
 * Public keys ready for use. One client's key is needed three times, in three events: message,
 * CSR, answer; those of the other clients come between. One set each thread, so nothing is
 * shared.
 */
#define KEPT 128

struct kept {
	struct blob spki;
	EVP_PKEY *key;
	EVP_PKEY_CTX *verify;
	struct sig_alg alg; /* what verify is set to */
	uint64_t used;
};

static _Thread_local struct kept kept[KEPT];
static _Thread_local uint64_t uses;

static void
kept_drop(struct kept *k)
{
	EVP_PKEY_CTX_free(k->verify);
	EVP_PKEY_free(k->key);
	k->verify = NULL;
	k->key = NULL;
	blob_clear(&k->spki);
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

/* The key, made in place of the one unused longest if it is not there; NULL when unusable. */
static struct kept *
kept_key(const struct spki *s, struct err *e)
{
	struct kept *oldest = &kept[0];

	uses++;
	for (size_t i = 0; i < KEPT; i++) {
		struct kept *k = &kept[i];

		if (k->key != NULL && view_equal(blob_view(&k->spki), s->whole)) {
			k->used = uses;
			return k;
		}
		if (k->used < oldest->used)
			oldest = k;
	}
	kept_drop(oldest);
	oldest->key = s->kind == KEY_NONE ? NULL : key_build(s);
	ERR_clear_error();
	if (oldest->key == NULL) {
		err_set(
		    e, WHY_BAD_INPUT, "public key is not on its curve or otherwise unusable");
		return NULL;
	}
	blob_set(&oldest->spki, s->whole);
	oldest->used = uses;
	return oldest;
}

static bool
kept_verifies(struct kept *k, const struct sig_alg *alg)
{
	if (k->verify != NULL && sig_alg_equal(&k->alg, alg))
		return true;
	EVP_PKEY_CTX_free(k->verify);
	k->verify = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
	k->alg = *alg;
	if (k->verify != NULL && EVP_PKEY_verify_init(k->verify) == 1 &&
	    context_set(k->verify, alg))
		return true;
	EVP_PKEY_CTX_free(k->verify);
	k->verify = NULL;
	return false;
}

bool
key_verify(const struct spki *key, const struct sig_alg *alg, struct view bytes,
    struct view signature, struct err *e)
{
	struct sig_alg a = *alg;
	uint8_t digest[HASH_MAX];
	struct kept *k;
	int got;

	if (a.key == KEY_NONE)
		a.key = KEY_RSA; /* plain rsaEncryption in a SignerInfo */
	if (!sig_alg_fits(&a, key->kind))
		return err_set(e, WHY_BAD_INPUT, "signature algorithm does not fit the key");
	if (!hash_bytes(a.hash, bytes, digest, e) || (k = kept_key(key, e)) == NULL)
		return false;
	if (!kept_verifies(k, &a)) {
		ERR_clear_error();
		return err_set(
		    e, WHY_CRYPTO, "%s signatures cannot be verified here", hash_name(a.hash));
	}
	got = EVP_PKEY_verify(k->verify, signature.p, signature.n, digest, hash_size(a.hash));
	ERR_clear_error();
	return got == 1 || err_set(e, WHY_BAD_INPUT, "signature does not verify");
}

static bool
context_wraps(EVP_PKEY_CTX *c, enum padding padding, enum hash oaep_hash)
{
	const EVP_MD *md = md_of(oaep_hash);

	if (EVP_PKEY_encrypt_init(c) != 1)
		return false;
	if (padding != PADDING_OAEP)
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
	return md != NULL && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(c, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(c, md) == 1;
}

bool
key_wrap(const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	struct blob b = {0};
	EVP_PKEY_CTX *c = NULL;
	size_t n = key->modulus.n;
	struct kept *k;
	bool ok = false;

	if (key->kind != KEY_RSA)
		return err_set(e, WHY_BAD_INPUT, "only an RSA key can receive a content key");
	k = kept_key(key, e);
	if (k == NULL)
		return false;
	c = EVP_PKEY_CTX_new_from_pkey(NULL, k->key, NULL);
	if (c == NULL || !context_wraps(c, padding, oaep_hash) ||
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
