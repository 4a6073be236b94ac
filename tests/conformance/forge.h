/* forge.h - messages as no honest client writes them. */
#ifndef TESTS_CONFORMANCE_FORGE_H
#define TESTS_CONFORMANCE_FORGE_H

#include "lib/peer.h"

/* Octets of a string literal, for rows of tables. */
#define B(s)                                                                                   \
	{                                                                                      \
		(const uint8_t *)(s), sizeof(s) - 1                                            \
	}

#define OID_PKCS7 "1.2.840.113549.1.7."
#define OID_PKCS9 "1.2.840.113549.1.9."
#define OID_SCEP "2.16.840.1.113733.1.9."
#define OID_RSA_ENCRYPTION "1.2.840.113549.1.1.1"
#define OID_SHA256_DIGEST "2.16.840.1.101.3.4.2.1"

enum { /* identifier octets */
	TAG_INTEGER = 0x02,
	TAG_BITS = 0x03,
	TAG_OCTETS = 0x04,
	TAG_UTF8 = 0x0c,
	TAG_PRINTABLE = 0x13,
	TAG_T61 = 0x14,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_0 = 0xa0,
	TAG_1 = 0xa1,
	TAG_PLAIN_0 = 0x80,
};

/* ---- a writer of its own: shares nothing with the product's ---- */

struct asn {
	struct blob out;
	size_t start[32];
	int depth;
};
void asn_open(struct asn *w, int tag);
void asn_close(struct asn *w);
void asn_close_sorted(struct asn *w); /* a SET OF: its elements in order */
void asn_put(struct asn *w, int tag, struct view body);
void asn_raw(struct asn *w, struct view whole);
void asn_oid(struct asn *w, const char *dotted);
void asn_algorithm(struct asn *w, const char *dotted, struct view parameters);
void asn_attribute(struct asn *w, const char *dotted, struct view values);
/* Head of an element with a length field of so many octets, minimal or not. */
void asn_head(struct blob *out, int tag, size_t n, int length_octets);
/* Append n copies. */
void blob_repeat(struct blob *out, struct view v, size_t n);
void add_cert(struct blob *out, X509 *cert);
void add_spki(struct blob *out, EVP_PKEY *key);
void add_sid(struct asn *w, X509 *cert); /* IssuerAndSerialNumber */

/* ---- the envelope; zero is good ------------------------------------------------------------
 */

struct seal_row {
	const char *type, *inner_type;		/* NULL: envelopedData around data */
	struct view version, recipient_version; /* whole elements */
	struct view rid;			/* whole RecipientIdentifier */
	struct view recipients;			/* contents of recipientInfos */
	struct view transport;			/* whole keyEncryptionAlgorithm */
	struct view wrapped;			/* encryptedKey, when p is set */
	const char *cipher;			/* as OpenSSL calls it; NULL: AES-128-CBC */
	struct view cipher_alg;			/* whole contentEncryptionAlgorithm */
	struct view key, iv;			/* p set: these, not random ones */
	struct view ciphertext;			/* p set: this one */
	bool no_ciphertext;
	bool raw;   /* plain is padded already */
	int copies; /* further recipients, the same */
};
void forge_envelope(const struct seal_row *s, X509 *to, struct view plain, struct blob *out);

/* ---- the signed message; zero is good ------------------------------------------------------
 */

enum forge_how { SIGN_SET, SIGN_CONTEXT, SIGN_BROKEN, SIGN_BY_OTHER, SIGN_AS_SENT };
enum forge_drop {
	DROP_TYPE = 1,
	DROP_ID = 2,
	DROP_DIGEST = 4,
	DROP_CONTENT_TYPE = 8,
	DROP_NONCE = 16,
};

struct outer_row {
	const char *type, *content_type;
	struct view version, signer_version; /* whole elements */
	struct view digest_algs;	     /* contents of the SET */
	struct view digest_alg, sig_alg;     /* whole */
	struct view sid;		     /* whole SignerIdentifier */
	struct view message_type, id, nonce, digest,
	    content_kind;	    /* whole values in their SET */
	struct view extra;	    /* whole attributes */
	struct view attrs;	    /* contents of signedAttrs */
	struct view unsigned_attrs; /* contents */
	struct view more;	    /* whole certificates in front of the signer's */
	struct view content;	    /* whole element inside eContent's [0] */
	struct view signature;
	struct view behind;
	bool no_content, no_attrs, no_certificate, bare_unsigned;
	int signers;		   /* further ones, the same; -1: none at all */
	const struct peer *beside; /* signs as well, in front */
	enum forge_how beside_how;
	unsigned drop;
	enum forge_how how;
};
/* Signed by p's signer; makes a temporary one and transaction and nonce as peer.c does. */
bool forge_message(const struct outer_row *o, struct peer *p, int type, struct view content,
    struct blob *out, struct err *e);

/* ---- the request inside; zero is good -------------------------------------------------------
 */

struct ask_row {
	struct view version;	/* whole */
	struct view name;	/* whole */
	struct view spki;	/* whole */
	struct view attributes; /* contents of [0] */
	struct view extensions; /* contents of Extensions: makes the attribute */
	struct view sig_alg;	/* whole */
	struct view signature;	/* p set */
	struct view behind_info, behind;
	const char *digest; /* NULL: SHA256 */
	EVP_PKEY *signer;
	bool bare_attributes; /* without the [0] */
	bool no_attributes;
};
bool forge_csr(const struct ask_row *a, const struct peer *p, struct blob *out, struct err *e);
/* Sign octets by PKCS#1 v1.5 or ECDSA. */
bool sign_with(EVP_PKEY *key, const char *digest, struct view v, struct blob *out);

#endif
