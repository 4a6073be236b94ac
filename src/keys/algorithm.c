/* algorithm.c - wire's algorithm numbers as the library's. */
#include "keys/algorithm.h"

#include <openssl/rsa.h>

const EVP_MD *
md_of(enum hash h)
{
	static const EVP_MD *(*const known[])(void) = {
	    [HASH_MD5] = EVP_md5,
	    [HASH_SHA1] = EVP_sha1,
	    [HASH_SHA256] = EVP_sha256,
	    [HASH_SHA384] = EVP_sha384,
	    [HASH_SHA512] = EVP_sha512,
	};

	return (unsigned)h < COUNT_OF(known) && known[h] != NULL ? known[h]() : NULL;
}

bool
context_set(EVP_PKEY_CTX *c, const struct sig_alg *alg)
{
	const EVP_MD *md = md_of(alg->hash);

	if (md == NULL || EVP_PKEY_CTX_set_signature_md(c, md) != 1)
		return false;
	switch (alg->padding) {
	case PADDING_ECDSA:
		return true;
	case PADDING_PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
	case PADDING_PSS:
		return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(c, md) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(c, alg->salt) == 1;
	case PADDING_OAEP:
		break;
	}
	return false;
}

bool
sig_alg_equal(const struct sig_alg *a, const struct sig_alg *b)
{
	return a->key == b->key && a->hash == b->hash && a->padding == b->padding &&
	       (a->padding != PADDING_PSS || a->salt == b->salt);
}

bool
sig_alg_fits(const struct sig_alg *a, enum key_kind kind)
{
	bool rsa = a->padding == PADDING_PKCS1 ||
		   (a->padding == PADDING_PSS && a->salt >= 0 && a->salt <= HASH_MAX);

	return a->key == kind && md_of(a->hash) != NULL &&
	       (kind == KEY_RSA ? rsa : a->padding == PADDING_ECDSA);
}
