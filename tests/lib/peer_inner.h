/* peer_inner.h - what the halves of the peer share. */
#ifndef TESTS_LIB_PEER_INNER_H
#define TESTS_LIB_PEER_INNER_H

#include <openssl/crypto.h>

#include "lib/peer.h"

#define OID_MESSAGE_TYPE "2.16.840.1.113733.1.9.2"
#define OID_PKI_STATUS "2.16.840.1.113733.1.9.3"
#define OID_FAIL_INFO "2.16.840.1.113733.1.9.4"
#define OID_SENDER_NONCE "2.16.840.1.113733.1.9.5"
#define OID_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define OID_TRANSACTION "2.16.840.1.113733.1.9.7"
#define OID_FAIL_INFO_TEXT "1.3.6.1.5.5.7.24.1"

/* Append what an i2d function gives; i2d is called as ADD_DER(out, X509, cert). */
#define ADD_DER(out, type, object)                                                             \
	do {                                                                                   \
		uint8_t *der_ = NULL;                                                          \
		int n_ = i2d_##type(object, &der_);                                            \
		if (n_ > 0)                                                                    \
			blob_add(out, der_, (size_t)n_);                                       \
		OPENSSL_free(der_);                                                            \
	} while (0)

/* Refuse with the library's newest reason behind the words. */
bool peer_fail(struct err *e, const char *what);
/* Where the peer's cipher is to be had: single DES in a context of its own with the legacy
 * provider, so that nobody else finds it; else NULL, the default one. */
OSSL_LIB_CTX *peer_library(const struct peer *p);
/* Read these octets, also when there are none. */
BIO *peer_bio(struct view v);
void peer_keep_cert(X509 **slot, X509 *cert);

#endif
