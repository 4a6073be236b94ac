/* tp_forge.h - answers of a server that says what it should not. */
#ifndef TESTS_UNIT_TP_FORGE_H
#define TESTS_UNIT_TP_FORGE_H

#include <openssl/evp.h>

#include "tp_bench.h"

#define CA_KEY 0     /* of the pool: the CA's, */
#define NEXT_KEY 1   /* that of the next one, */
#define STRANGER 900 /* and nobody's */
#define STRANGER_2 901

/* A CertRep to this message: good as forge_begin makes it, then changed, then sealed. */
struct forgery {
	struct scep asked; /* the client's message; borrows from it */
	struct blob scratch;
	struct cert ca; /* that was asked */
	struct scep_spec reply;
	size_t signer; /* key of the pool that signs the reply, */
	size_t issuer; /* and the certificate inside */
	struct cert_spec cert;
	struct blob spki;  /* of cert, when it is another's */
	struct blob name;  /* the same */
	struct blob ready; /* this one instead of cert */
	int copies;	   /* of the certificate inside; 0: none */
	enum cipher cipher;
	bool text_inside;    /* no certificates, but a line of text */
	bool for_another;    /* recipient */
	bool key_of_another; /* it is wrapped for, under the right name */
	bool no_content;
	bool flip; /* an octet of the signature */
};

void forge_begin(struct bench *b, const struct tp_effect *asked, struct forgery *f);
void forge_seal(struct forgery *f, struct blob *out);

/* What a client sent, opened with that key of the pool. */
void forge_open(const struct scep *m, size_t key, struct blob *plain);

/* A certificate by that key of the pool, appended. */
void forge_cert(const struct cert_spec *s, size_t issuer, struct blob *out);
void forge_spki(size_t key, struct blob *out);
/* Content, and certificates around it, signed by that key of the pool as c's. */
void forge_signed(const struct cert *c, size_t key, enum hash digest, struct view content,
    struct view certs, struct blob *out);

#endif
