/* broken.h - a hundred envelopes, each broken in its own way. */
#ifndef TESTS_CONFORMANCE_BROKEN_H
#define TESTS_CONFORMANCE_BROKEN_H

#include "tests/conformance/forge.h"

/* Kinds begin here; those of PKCS#1 key transport at 0. */
enum {
	BROKEN_BLOCKS = 20,  /* of these: a good size, but not what PKCS#1 asks for */
	BROKEN_PADDING = 54, /* of the content: padding, whole blocks, IV */
	BROKEN_OAEP = 78,    /* key transport again */
	BROKEN_CONTENT = 88, /* opens, and is no request with a good signature */
	BROKEN_KINDS = 100,
};
/* Envelope of kind i for this CA around a request; random in what no kind says. */
void broken_envelope(X509 *ca, int i, struct view csr, struct blob *out);

#endif
