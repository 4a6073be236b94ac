/* algorithm.h - wire's algorithm numbers as the library's. Inner door of keys. */
#ifndef KEYS_ALGORITHM_H
#define KEYS_ALGORITHM_H

#include <openssl/evp.h>

#include "wire/wire.h"

/* NULL for HASH_NONE and for what is no hash. */
const EVP_MD *md_of(enum hash h);
/* Set padding, hash and salt of a context that sign_init or verify_init has prepared. */
bool context_set(EVP_PKEY_CTX *c, const struct sig_alg *alg);
/* Do they describe the same signature? The salt counts for PSS only. */
bool sig_alg_equal(const struct sig_alg *a, const struct sig_alg *b);
/* Can a key of this kind sign so? */
bool sig_alg_fits(const struct sig_alg *a, enum key_kind kind);

#endif
