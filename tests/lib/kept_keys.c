/* kept_keys.c - private keys decoded once, for tests that restart often. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

/* The linker puts this in the place of the library's (kept_keys of tests/lib/meson.build): to
 * look for a decoder takes longer than to sign. Without threads. */
#define KEPT 64

EVP_PKEY *__real_EVP_PKCS82PKEY(const PKCS8_PRIV_KEY_INFO *info);
EVP_PKEY *__wrap_EVP_PKCS82PKEY(const PKCS8_PRIV_KEY_INFO *info);

static struct {
	unsigned char *der;
	int n;
	EVP_PKEY *key;
} kept[KEPT];
static size_t count;

EVP_PKEY *
__wrap_EVP_PKCS82PKEY(const PKCS8_PRIV_KEY_INFO *info)
{
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	EVP_PKEY *key;

	for (size_t i = 0; n > 0 && i < count; i++)
		if (kept[i].n == n && memcmp(kept[i].der, der, (size_t)n) == 0) {
			OPENSSL_free(der);
			return EVP_PKEY_up_ref(kept[i].key) == 1 ? kept[i].key : NULL;
		}
	key = __real_EVP_PKCS82PKEY(info);
	if (n > 0 && key != NULL && count < KEPT && EVP_PKEY_up_ref(key) == 1) {
		kept[count].der = der;
		kept[count].n = n;
		kept[count++].key = key;
	} else {
		OPENSSL_free(der);
	}
	return key;
}
