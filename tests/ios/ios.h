/*
 * ios.h - an IOS router as a SCEP client.
 *
 * Writes every octet itself, after captured traffic of real releases (README.md says what of it
 * is certain); reads answers by the stock calls. Shares nothing with src/wire and src/keys.
 */
#ifndef TESTS_IOS_IOS_H
#define TESTS_IOS_IOS_H

#include "lib/peer.h"

enum ios_ask { /* how extensions are asked for */
	ASK_NOTHING,
	ASK_T61,      /* a T61String around the DER of Extensions */
	ASK_SEQUENCE, /* as RFC 2985 wants it */
};

struct ios_release {
	const char *name;
	const char *digest;	/* of messages, if the CA lists it; else MD5 */
	const char *csr_digest; /* of requests, whatever the CA lists */
	const char *cipher;	/* if the CA lists it; else single DES */
	int bits;		/* of RSA keys */
	int version;		/* of temporary certificates */
	bool unpadded;		/* their serials lack the zero octet from 0x80 on */
	int host_tag;		/* string type of unstructuredName in them */
	enum ios_ask ask;
};
const struct ios_release *ios_release(const char *name); /* NULL: none of that name */

struct ios { /* starts zeroed: ios_init; ends with ios_free */
	const struct ios_release *release;
	const char *digest, *cipher; /* chosen by ios_capabilities */
	EVP_PKEY *key;
	X509 *ca;
	X509 *signer;
	EVP_PKEY *signer_key;
	struct blob subject;
	const char *host, *challenge;
	char transaction[33];
	uint8_t nonce[16];
	int asked;
	bool renewal_listed; /* else renewals are signed by a temporary certificate too */
	when_t now;
	const char *seed; /* NULL: random octets; else the same ones in every run */
	uint32_t drawn;
};

/* What a router with this much configuration would ask for. subject is in the order of the
 * encoding: "OU=CVO,CN=r1". Loads the provider that knows single DES. */
bool ios_init(struct ios *c, const char *release, const char *subject, const char *host,
    EVP_PKEY *key, X509 *ca, struct err *e) MUST_USE;
void ios_free(struct ios *c);
/* Choose digest and cipher by the lines of a GetCACaps answer. */
void ios_capabilities(struct ios *c, const char *lines);
/* A temporary certificate with this serial (value octets); it signs from now on. */
bool ios_temporary(struct ios *c, struct view serial, struct err *e) MUST_USE;
/* Serial n of a counter as this release encodes it, appended. */
void ios_serial(const struct ios *c, uint32_t n, struct blob *out);
void ios_sign_with(struct ios *c, X509 *cert, EVP_PKEY *key);
/* Have this key certified; sets the transaction id. */
void ios_use_key(struct ios *c, EVP_PKEY *key);

bool ios_csr(struct ios *c, struct blob *out, struct err *e) MUST_USE;
bool ios_enrol(struct ios *c, struct blob *out, struct err *e) MUST_USE;
bool ios_poll(struct ios *c, struct blob *out, struct err *e) MUST_USE;
/* The HTTP request of a PKIOperation. */
void ios_http(const char *address, struct view message, struct blob *out);

/*
 * Open a CertRep as peer_open does, and refuse what IOS refuses: another digest or cipher than
 * its own, a recipient that is not the signer octet by octet, a signature algorithm other than
 * rsaEncryption. A refusal may use a better digest than ours.
 */
bool ios_open(
    const struct ios *c, struct view reply, struct peer_answer *out, struct err *e) MUST_USE;

#endif
