/* pem.h - keys, certificates and answers in files of tests. */
#ifndef TESTS_LIB_PEM_H
#define TESTS_LIB_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base.h"

EVP_PKEY *pem_key(const char *path, struct err *e);
X509 *pem_cert(const char *path, struct err *e);
/* What is not NULL is written; path NULL: nothing. */
bool pem_write(const char *path, X509 *cert, X509_CRL *crl, struct err *e) MUST_USE;
bool file_octets(const char *path, struct blob *out, struct err *e) MUST_USE;
/* One line of hex. */
bool hex_line(FILE *f, struct blob *out, struct err *e) MUST_USE;

#endif
