/* p12.c - a pair and its certificate as PKCS#12. */
#include "keys/p12.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

bool
p12_make(const struct pair *p, struct view certificate, const char *password, struct blob *out,
    struct err *e)
{
	const unsigned char *at = certificate.p;
	unsigned char *der = NULL;
	X509 *x = d2i_X509(NULL, &at, (long)certificate.n);
	PKCS12 *p12 = NULL;
	int n = 0;

	if (x == NULL || at != certificate.p + certificate.n ||
	    X509_check_private_key(x, p->key) != 1) {
		err_set(
		    e, WHY_REFUSED, "certificate to archive is not one of key '%s'", p->label);
		goto out;
	}
	p12 = PKCS12_create_ex(password, p->label, p->key, x, NULL, NID_aes_256_cbc,
	    NID_aes_256_cbc, P12_ROUNDS, -1, 0, NULL, NULL);
	if (p12 == NULL ||
	    PKCS12_set_mac(p12, password, -1, NULL, 16, P12_ROUNDS, EVP_sha256()) != 1 ||
	    (n = i2d_PKCS12(p12, &der)) <= 0) {
		err_set(e, WHY_CRYPTO, "PKCS#12 of key '%s' failed", p->label);
		goto out;
	}
	blob_set(out, view_of(der, (size_t)n));
out:
	OPENSSL_free(der);
	PKCS12_free(p12);
	X509_free(x);
	ERR_clear_error();
	return n > 0;
}
