/*
 * pool.h - RSA-2048 test keys, thousands at once.
 *
 * FOR TESTS ONLY: the primes lie open in primes.h and the keys share them, so anybody can
 * factor every one. The order is fixed: key i is the same in each run and on each machine.
 */
#ifndef TESTS_LIB_POOL_H
#define TESTS_LIB_POOL_H

#include <openssl/evp.h>

#include "base/base.h"

/* How many keys there are, all with different moduli. */
size_t pool_size(void);
/* Key i, made when first asked for (about 0.3 ms). Borrowed: the pool keeps it. i is below
 * pool_size(). */
EVP_PKEY *pool_key(size_t i);
/* A key that nobody else has: one of its primes is of 2^32 places by chance. Owned. */
EVP_PKEY *pool_fresh(void);
/* PKCS#8 DER of key i, appended to out. */
void pool_pkcs8(size_t i, struct blob *out);
/* Forget the keys made so far. */
void pool_free(void);

#endif
