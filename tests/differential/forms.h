/* forms.h - good messages of many forms, wounded and signed again. */
#ifndef TESTS_DIFFERENTIAL_FORMS_H
#define TESTS_DIFFERENTIAL_FORMS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tests/differential/tree.h"

enum layer { LAYER_MESSAGE, LAYER_ENVELOPE, LAYER_REQUEST, LAYERS };

struct form {
	const char *what;
	int type; /* messageType */
	int signer;
	const char *digest, *cipher, *oaep; /* NULL: SHA256, AES-128-CBC, PKCS#1 */
	bool pss, signer_by_key_id, recipient_by_key_id, ber;
	bool more;   /* certificates than the signer's */
	int request; /* which row of requests */
};

/* The good message, what it carries, and both as trees. */
struct good {
	const struct form *form;
	struct blob octets[LAYERS];
	struct node tree[LAYERS];
};

void forms_open(void);
void forms_close(void);
size_t forms_count(void);
const struct good *forms_good(size_t i);
/* The CA that envelopes are for. */
EVP_PKEY *forms_ca_key(void);
X509 *forms_ca(void);

/* One message, wounded in this layer, mostly signed again; donor lends elements. */
void forms_wounded(struct dice *d, const struct good *g, const struct good *donor,
    enum layer layer, struct blob *out);

#endif
