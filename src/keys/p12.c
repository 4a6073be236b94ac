/* p12.c - a pair and its certificate as PKCS#12. */
#include "keys/p12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

static bool
chain_read(struct view v, STACK_OF(X509) * chain, struct err *e)
{
	const unsigned char *at = v.p;

	while (at < v.p + v.n) {
		X509 *x = d2i_X509(NULL, &at, (long)(v.p + v.n - at));

		if (x == NULL || sk_X509_push(chain, x) <= 0) {
			X509_free(x);
			return err_set(e, WHY_REFUSED, "what is no certificate in a chain");
		}
	}
	return true;
}

static PKCS12 *
p12_of(const struct pair *p, X509 *own, STACK_OF(X509) * chain, const char *password)
{
	int rounds = password[0] == 0 ? P12_ROUNDS_OPEN : P12_ROUNDS;
	PKCS12 *p12 = PKCS12_create_ex(password, p->label, p->key, own, chain, NID_aes_256_cbc,
	    NID_aes_256_cbc, rounds, -1, 0, NULL, NULL);

	if (p12 != NULL &&
	    PKCS12_set_mac(p12, password, -1, NULL, 16, rounds, EVP_sha256()) == 1)
		return p12;
	PKCS12_free(p12);
	return NULL;
}

bool
p12_make(const struct pair *p, struct view certificates, const char *password, struct blob *out,
    struct err *e)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	unsigned char *der = NULL;
	PKCS12 *p12 = NULL;
	X509 *own = NULL;
	int n = 0;

	if (chain == NULL || !chain_read(certificates, chain, e) ||
	    (own = sk_X509_shift(chain)) == NULL || X509_check_private_key(own, p->key) != 1) {
		err_set(
		    e, WHY_REFUSED, "certificate for PKCS#12 is not one of key '%s'", p->label);
		goto out;
	}
	p12 = p12_of(p, own, chain, password);
	if (p12 == NULL || (n = i2d_PKCS12(p12, &der)) <= 0) {
		err_set(e, WHY_CRYPTO, "PKCS#12 of key '%s' failed", p->label);
		goto out;
	}
	blob_set(out, view_of(der, (size_t)n));
out:
	OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
	PKCS12_free(p12);
	X509_free(own);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return n > 0;
}
