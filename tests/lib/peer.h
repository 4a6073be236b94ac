/*
 * peer.h - an independent SCEP client, built on OpenSSL's stock calls.
 *
 * The oracle of stories, crash tests, interop and the load generator: it shares nothing with
 * src/wire and src/keys. Objects of OpenSSL given to a peer are counted up; the caller keeps
 * its own reference. A peer starts zeroed (struct peer p = {0}; peer_init(&p, ...)) and ends
 * with peer_free. Messages are appended to out as DER.
 */
#ifndef TESTS_LIB_PEER_H
#define TESTS_LIB_PEER_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base.h"

enum { /* messageType */
	PEER_CERT_REP = 3,
	PEER_RENEWAL_REQ = 17,
	PEER_PKCS_REQ = 19,
	PEER_CERT_POLL = 20,
	PEER_GET_CERT = 21,
	PEER_GET_CRL = 22,
};
enum { PEER_SUCCESS = 0, PEER_FAILURE = 2, PEER_PENDING = 3 };
enum { /* failInfo */
	PEER_BAD_ALG = 0,
	PEER_BAD_MESSAGE_CHECK = 1,
	PEER_BAD_REQUEST = 2,
	PEER_BAD_TIME = 3,
	PEER_BAD_CERT_ID = 4,
	PEER_NO_FAIL_INFO = -1,
};

struct peer {
	X509_NAME *name; /* the subject it asks for */
	EVP_PKEY *key;	 /* the key to be certified */
	X509 *signer;	 /* signs its messages, receives replies: temporary or issued */
	EVP_PKEY *signer_key;
	X509 *ca;	       /* issues certificates and CRLs, is named in polls */
	X509 *recipient;       /* opens its messages: the CA or its RA */
	X509 *replier;	       /* must have signed replies: the CA or its RA */
	const char *digest;    /* "SHA256" (default) SHA384 SHA512 SHA1 MD5: messages, CSR */
	const char *cipher;    /* "AES-128-CBC" (default) AES-192-CBC AES-256-CBC DES-EDE3-CBC
				  DES-CBC */
	bool pss;	       /* signs messages with RSA-PSS */
	bool oaep;	       /* wraps content keys with RSA-OAEP over p->digest */
	bool no_nonce;	       /* sends no senderNonce, and wants none back */
	char transaction[132]; /* empty: the next message sets hex SHA-256 of the public key */
	uint8_t nonce[16];     /* senderNonce of the last message; peer_open compares it */
	int asked;	       /* messageType of the last message */
	when_t now;	       /* of temporary certificate and signingTime; 0: the clock */
};

/*
 * Subject as text, first RDN first in the encoding: "O=Cisco,OU=TAC,CN=r1"; '+' joins one RDN,
 * '\' escapes, an empty text is the empty Name. Strings become PrintableString where they fit,
 * else UTF8String. The peer has no signer yet: the first message makes a temporary certificate
 * (see peer_temporary).
 */
bool peer_init(struct peer *p, const char *subject, EVP_PKEY *key, struct err *e) MUST_USE;
/* The same with an encoded Name. */
bool peer_init_der(struct peer *p, struct view name, EVP_PKEY *key, struct err *e) MUST_USE;
void peer_free(struct peer *p);

/*
 * Learn CA and RA from a GetCACert answer: one certificate, or a certs-only message. Replaces
 * what it knew. The CA is the CA:TRUE certificate that issued no other CA of the answer; an RA
 * certificate is one that is not CA:TRUE.
 */
bool peer_trust(struct peer *p, struct view getcacert_body, struct err *e) MUST_USE;
/* A GetNextCACert answer, verified as signed by p->ca: the certs-only message inside. */
bool peer_next(
    const struct peer *p, struct view answer, struct blob *certs, struct err *e) MUST_USE;
/* The same from certificates at hand (for a shadow: the next CA); ra NULL: there is none. */
void peer_use_ca(struct peer *p, X509 *ca, X509 *ra);
/* Of a certs-only message, or of one certificate; NULL if it is neither. Caller frees. */
STACK_OF(X509) * peer_certs(struct view der);

/*
 * Self-signed certificate of p->name and p->key, valid 30 days from p->now less one day, random
 * serial; becomes the signer. usage as in peer_request.key_usage, NULL: none.
 */
bool peer_temporary(struct peer *p, const char *usage, struct err *e) MUST_USE;
/* Sign with this certificate and its key from now on. */
void peer_sign_with(struct peer *p, X509 *cert, EVP_PKEY *key);
/* Sign with what was issued, have key certified next (NULL: the same); forget the transaction.
 */
void peer_renew_from(struct peer *p, X509 *issued, EVP_PKEY *key);
/* Transaction id: upper-case hex "SHA256", "SHA1" or "MD5" of p->key's SubjectPublicKeyInfo. */
bool peer_transaction(struct peer *p, const char *digest, struct err *e) MUST_USE;
void peer_transaction_set(struct peer *p, const char *text);

struct peer_request {	       /* zero: a plain PKCSReq */
	int message_type;      /* 0: PKCSReq; PEER_RENEWAL_REQ */
	const char *challenge; /* challengePassword */
	const char *san; /* as OpenSSL writes it: "DNS:r1.example,DNS:r2.example,IP:10.0.0.1" */
	const char *key_usage; /* "digitalSignature,keyEncipherment" */
	const char *eku;       /* "clientAuth,serverAuth" */
	const char *basic; /* "CA:TRUE": to ask for what must be refused or stored as a role */
	const char *csr_digest; /* another digest inside than outside (MD5 CSR of IOS); NULL:
				   p->digest */
	EVP_PKEY
	*csr_signer; /* another key signs the CSR (no proof of possession); NULL: p->key */
};

bool peer_csr(const struct peer *p, const struct peer_request *o, struct blob *out,
    struct err *e) MUST_USE;
/* PKCSReq or RenewalReq; o may be NULL. */
bool peer_enrol(
    struct peer *p, const struct peer_request *o, struct blob *out, struct err *e) MUST_USE;
bool peer_poll(struct peer *p, struct blob *out, struct err *e) MUST_USE;
/* issuer is p->ca's subject; serial as hex ("0A1B"). */
bool peer_get_cert(
    struct peer *p, const char *serial_hex, struct blob *out, struct err *e) MUST_USE;
/* The CRL that covers this certificate (IssuerAndSerialNumber of it). */
bool peer_get_crl(struct peer *p, const X509 *about, struct blob *out, struct err *e) MUST_USE;
/* Any messageType around any content, enveloped and signed: for bad input. An absent content (p
 * NULL) gives no envelope. */
bool peer_message(
    struct peer *p, int type, struct view content, struct blob *out, struct err *e) MUST_USE;

/* The value of message= as IOS sends it by GET: base64, %0A after each 64 characters, %2B;
 * escape_all: also %2F and %3D. */
void peer_get_form(struct view message, bool escape_all, struct blob *out);

struct peer_answer {
	int status;	/* PEER_SUCCESS ... */
	int fail_info;	/* PEER_NO_FAIL_INFO when absent */
	char text[256]; /* failInfoText */
	X509 *cert;	/* the certificate issued or asked for */
	X509_CRL *crl;
	struct blob cert_der; /* as received: for comparing octets */
	char serial[64];      /* of cert, upper-case hex */
	char digest[16];      /* of the SignerInfo, for "in kind": "SHA256" */
	char cipher[24];      /* of the envelope: "AES-128-CBC" */
	bool content_empty;   /* eContent is there and has no octets */
	bool pss, oaep;	      /* how it is signed, how its content key is wrapped */
};
/*
 * Open a CertRep: signed by p->replier, data inside, messageType 3, our transactionID, our
 * nonce back, a status with what belongs to it; SUCCESS must decrypt with the signer's key and
 * hold a certificate (or CRL) that p->ca signed. After an enrolment or a poll its key must be
 * p->key. A failure to hold any of it is an error, FAILURE and PENDING are not.
 */
bool peer_open(
    const struct peer *p, struct view reply, struct peer_answer *out, struct err *e) MUST_USE;
void peer_answer_free(struct peer_answer *a);

when_t peer_begins(const X509 *cert); /* notBefore; 0: it cannot be read */
/* The certificate chains to ca at this time by X509_verify_cert under X509_STRICT. */
bool peer_verify(X509 *cert, X509 *ca, when_t at, struct err *e) MUST_USE;

#endif
