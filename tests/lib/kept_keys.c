/* kept_keys.c - private keys decoded once, for tests that restart often. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

/* The linker puts these in the place of the library's (kept_keys of tests/lib/meson.build): to
 * look for a decoder or an encoder takes longer than to sign, and so does the blinding that a
 * copy of a key begins with. Without threads, so a key needs no copies. */
#define KEPT 64

EVP_PKEY *__real_EVP_PKCS82PKEY(const PKCS8_PRIV_KEY_INFO *info);
EVP_PKEY *__wrap_EVP_PKCS82PKEY(const PKCS8_PRIV_KEY_INFO *info);
EVP_PKEY *__real_EVP_PKEY_dup(EVP_PKEY *key);
EVP_PKEY *__wrap_EVP_PKEY_dup(EVP_PKEY *key);
int __real_i2d_PUBKEY(const EVP_PKEY *key, unsigned char **out);
int __wrap_i2d_PUBKEY(const EVP_PKEY *key, unsigned char **out);

static struct {
	unsigned char *der, *spki; /* spki: NULL, not asked for yet */
	int n, spki_n;
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

EVP_PKEY *
__wrap_EVP_PKEY_dup(EVP_PKEY *key)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i].key == key)
			return EVP_PKEY_up_ref(key) == 1 ? key : NULL;
	return __real_EVP_PKEY_dup(key);
}

int
__wrap_i2d_PUBKEY(const EVP_PKEY *key, unsigned char **out)
{
	size_t i = 0;

	while (i < count && kept[i].key != key)
		i++;
	if (i == count || out == NULL || *out != NULL)
		return __real_i2d_PUBKEY(key, out);
	if (kept[i].spki == NULL)
		kept[i].spki_n = __real_i2d_PUBKEY(key, &kept[i].spki);
	if (kept[i].spki_n > 0)
		*out = OPENSSL_memdup(kept[i].spki, (size_t)kept[i].spki_n);
	return kept[i].spki_n;
}
