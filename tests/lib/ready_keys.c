/* ready_keys.c - new RSA keys, without searching primes. */
#include <stdarg.h>
#include <string.h>

#include "lib/pool.h"

/* The linker puts this in the place of the library's (ready_keys of tests/lib/meson.build): a
 * third of a second for each key proves nothing a second time. */
EVP_PKEY *__real_EVP_PKEY_Q_keygen(
    OSSL_LIB_CTX *library, const char *properties, const char *type, ...);
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(
    OSSL_LIB_CTX *library, const char *properties, const char *type, ...);

EVP_PKEY *
__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *library, const char *properties, const char *type, ...)
{
	bool rsa = strcmp(type, "RSA") == 0;
	const char *curve = NULL;
	size_t bits = 0;
	va_list more;

	va_start(more, type);
	if (rsa)
		bits = va_arg(more, size_t);
	else
		curve = va_arg(more, const char *);
	va_end(more);
	if (!rsa)
		return __real_EVP_PKEY_Q_keygen(library, properties, type, curve);
	return bits == 2048 ? pool_fresh()
			    : __real_EVP_PKEY_Q_keygen(library, properties, type, bits);
}
