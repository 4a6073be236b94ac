/* p12.h - a pair and its certificate as PKCS#12. Inner door of keys. */
#ifndef KEYS_P12_H
#define KEYS_P12_H

#include "keys/ring.h"

/* PBES2, AES-256-CBC, PBKDF2 with HMAC-SHA256 and 600,000 rounds; MAC with SHA-256 and as many.
 * About a second. */
#define P12_ROUNDS 600000
/* Where the password is empty, rounds protect nothing and only cost the reader time. */
#define P12_ROUNDS_OPEN 2048

/* Certificates one behind the other. WHY_REFUSED when the first is not of this key. */
bool p12_make(const struct pair *p, struct view certificates, const char *password,
    struct blob *out, struct err *e) MUST_USE;

#endif
