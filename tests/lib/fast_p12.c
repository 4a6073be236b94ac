/* fast_p12.c - archives of few rounds, for tests that make many. */
#include <openssl/pkcs12.h>

/* The linker puts these in the place of the library's (fast_p12 of tests/lib/meson.build): a
 * second of key derivation proves nothing a second time. */
#define ROUNDS 2

PKCS12 *__real_PKCS12_create_ex(const char *password, const char *name, EVP_PKEY *key,
    X509 *own, STACK_OF(X509) * chain, int key_nid, int cert_nid, int rounds, int mac_rounds,
    int type, OSSL_LIB_CTX *library, const char *properties);
PKCS12 *__wrap_PKCS12_create_ex(const char *password, const char *name, EVP_PKEY *key,
    X509 *own, STACK_OF(X509) * chain, int key_nid, int cert_nid, int rounds, int mac_rounds,
    int type, OSSL_LIB_CTX *library, const char *properties);
int __real_PKCS12_set_mac(PKCS12 *p12, const char *password, int n, unsigned char *salt,
    int salt_n, int rounds, const EVP_MD *hash);
int __wrap_PKCS12_set_mac(PKCS12 *p12, const char *password, int n, unsigned char *salt,
    int salt_n, int rounds, const EVP_MD *hash);

PKCS12 *
__wrap_PKCS12_create_ex(const char *password, const char *name, EVP_PKEY *key, X509 *own,
    STACK_OF(X509) * chain, int key_nid, int cert_nid, int rounds, int mac_rounds, int type,
    OSSL_LIB_CTX *library, const char *properties)
{
	(void)rounds;
	return __real_PKCS12_create_ex(password, name, key, own, chain, key_nid, cert_nid,
	    ROUNDS, mac_rounds, type, library, properties);
}

int
__wrap_PKCS12_set_mac(PKCS12 *p12, const char *password, int n, unsigned char *salt, int salt_n,
    int rounds, const EVP_MD *hash)
{
	(void)rounds;
	return __real_PKCS12_set_mac(p12, password, n, salt, salt_n, ROUNDS, hash);
}
