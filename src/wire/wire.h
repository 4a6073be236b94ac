/*
 * wire.h - door of wire: what travels and what is signed, as octets.
 *
 * PURE: no I/O, no clock, no log, no randomness; keys, nonces and times come in as arguments.
 * Hashing and AES/3DES by libcrypto are the only outside calls. Every view in a decoded struct
 * borrows from the input (or from the scratch blob given along) and lives as long as that does.
 * Decoders write *out only on success and say which rule was broken.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/base.h"

/* ---- DER (X.690): strict, definite lengths, minimal, bounded depth ---- */

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8 = 0x0c,
	DER_NUMERIC = 0x12,
	DER_PRINTABLE = 0x13,
	DER_T61 = 0x14,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_UNIVERSAL = 0x1c,
	DER_BMP = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
#define DER_CONTEXT(n) (0xa0 | (n)) /* constructed */
#define DER_CONTEXT_PRIMITIVE(n) (0x80 | (n))

struct der {
	uint8_t tag;
	struct view body;  /* contents octets */
	struct view whole; /* tag, length and contents */
};

/* Take the next element; refuses high tag numbers, indefinite and non-minimal lengths. */
bool der_any(struct reader *r, struct der *out, struct err *e) MUST_USE;
/* Take the next element, which must carry this tag; what names it in the error. */
bool der_take(
    struct reader *r, uint8_t tag, const char *what, struct der *out, struct err *e) MUST_USE;
/* True when something is left and its tag is this one. */
bool der_next_is(const struct reader *r, uint8_t tag);
bool der_end(const struct reader *r, const char *what, struct err *e) MUST_USE;
/* Contents of an INTEGER as unsigned 33 bits; refuses negative, empty, padded. */
bool der_uint(const struct der *d, uint64_t *out, struct err *e) MUST_USE;
/* UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 writes them (Z, seconds, no fraction). */
bool der_time(struct reader *r, when_t *out, struct err *e) MUST_USE;

/*
 * BER of the CMS layers (RFC 8894 and jscep: indefinite lengths, constructed octet strings,
 * padded lengths) to DER. When in is DER already, *out is in itself and scratch stays empty;
 * else *out lies in scratch. Bounded: depth 64, 100,000 elements. The implicit [0] of
 * EncryptedContentInfo becomes primitive when it comes in pieces; INTEGERs and the order of
 * SETs are left as they are; octets behind the element are refused.
 */
bool ber_normalise(
    struct view in, struct blob *scratch, struct view *out, struct err *e) MUST_USE;

/* Writer: open and close nest; lengths are fixed on close. Elements are appended to out. */
struct der_writer {
	struct blob *out;
	size_t start[24];
	int depth;
};
void der_open(struct der_writer *w, uint8_t tag);
void der_close(struct der_writer *w);
void der_put(struct der_writer *w, uint8_t tag, struct view body);
void der_put_raw(struct der_writer *w, struct view whole); /* an encoded element as it stands */
void der_put_uint(struct der_writer *w, uint64_t v);
void der_put_unsigned(
    struct der_writer *w, struct view big_endian);	 /* INTEGER, leading zero as needed */
void der_put_oid(struct der_writer *w, struct view oid); /* contents octets of the OID */
void der_put_time(struct der_writer *w, when_t t);	 /* UTCTime to 2049, then Generalized */
void der_put_bits(struct der_writer *w, uint32_t named_bits); /* bit 0 = first; minimal */
/* Close a SET OF and sort its elements (X.690 11.6). */
void der_close_sorted(struct der_writer *w);

/* ---- algorithms ---- */

enum hash { HASH_NONE, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum cipher {
	CIPHER_NONE,
	CIPHER_DES,
	CIPHER_DES3,
	CIPHER_AES128,
	CIPHER_AES192,
	CIPHER_AES256
};
enum key_kind { KEY_NONE, KEY_RSA, KEY_EC };
enum padding { PADDING_PKCS1, PADDING_PSS, PADDING_OAEP, PADDING_ECDSA };

#define HASH_MAX 64
size_t hash_size(enum hash h);
bool hash_is_weak(enum hash h);	       /* MD5, SHA-1, none: only under a compat word */
const char *hash_name(enum hash h);    /* "sha256" */
size_t cipher_key_size(enum cipher c); /* 16, 24, 32, 8 */
size_t cipher_block_size(enum cipher c);
const char *cipher_name(enum cipher c); /* "aes128" */
bool hash_bytes(enum hash h, struct view v, uint8_t out[HASH_MAX], struct err *e) MUST_USE;
void sha256(struct view v, uint8_t out[32]);
/* First 8 octets of SHA-256 as a signed integer: what the store indexes. */
int64_t sha256_8(struct view v);

struct sig_alg {
	enum key_kind
	    key; /* KEY_NONE: rsaEncryption or an algorithm that leaves the hash to others */
	enum hash hash; /* HASH_NONE for plain rsaEncryption */
	enum padding padding;
	int salt; /* PSS salt length */
};
/* Of an AlgorithmIdentifier (whole element). NULL and absent parameters are both accepted for
 * RSA. */
bool sig_alg_decode(struct view algorithm, struct sig_alg *out, struct err *e) MUST_USE;
/* AlgorithmIdentifier for certificates, CRLs and CSRs (sha256WithRSAEncryption,
 * ecdsa-with-SHA256...). */
void sig_alg_encode(struct der_writer *w, const struct sig_alg *a);

struct spki { /* SubjectPublicKeyInfo */
	struct view whole;
	enum key_kind kind;
	int bits;		       /* modulus or field size */
	struct view modulus, exponent; /* RSA, unsigned big endian without leading zeros */
	int curve;		       /* 256, 384, 521 */
	struct view point;	       /* EC: the octets of the bit string */
	struct view
	    bit_string; /* content of subjectPublicKey: what the key identifier hashes */
};
/*
 * Refuses (BAD-083, BAD-118, BAD-119): RSA modulus even, over 8192 bits or under 512, exponent
 * even or under 3 or over 33 bits; explicit or unknown curves; unknown algorithms. Policy (2048
 * or more) is the caller's.
 */
bool spki_decode(struct view der, struct spki *out, struct err *e) MUST_USE;
/* An RSA modulus that a prime under 100 divides is none (BAD-118). False for other keys. */
bool spki_small_factor(const struct spki *k);
/* RFC 5280 4.2.1.2 method 1. */
void spki_key_id(const struct spki *k, uint8_t out[20]);

/* ---- names ---- */

/* "CN=RootCA,OU=TAC,O=Cisco" (IOS order; '\,' and quotes escape; '+' joins one RDN) to a Name,
 * RDNs reversed. */
bool name_parse(const char *text, struct blob *der, struct err *e) MUST_USE;
/* Checks that der is a well-formed Name whose strings are legal (BAD-110 to BAD-112 limits: 64
 * RDNs, 512 octets each). */
bool name_check(struct view der, struct err *e) MUST_USE;
bool name_is_empty(struct view der);
/* IOS look: "cn=RootCA,ou=TAC,o=Cisco", multi-valued "serialNumber=67109104+hostname=R15";
 * escaped for a terminal. */
void name_text(struct view der, struct blob *out);
/* The same for machines: what name_parse reads back. "CN=R\xc3\xb6,OU=TAC" in UTF-8. */
void name_write(struct view der, struct blob *out);
/* Calls each once per RDN in IOS order with its text "cn=RootCA". */
void name_each(struct view der, void (*each)(void *arg, const char *rdn), void *arg);
/*
 * Canonical octets for comparison (RFC 5280 7.1, reliability 3i): order of RDNs kept, values of
 * one RDN sorted, strings to UTF-8, case folded (ASCII), white space trimmed and collapsed.
 * Equal canonical = same name.
 */
bool name_canonical(struct view der, struct blob *out, struct err *e) MUST_USE;
bool name_equal(struct view a, struct view b);
/* The same attributes, whatever their order and whoever stands beside whom: CAs written in Go
 * sort the names of requests. */
bool name_same_parts(struct view a, struct view b);
/* First value of an attribute as UTF-8; oid is contents octets. False when absent. */
bool name_value(struct view der, struct view oid, struct blob *out);
extern const struct view OID_CN, OID_OU, OID_UNSTRUCTURED_NAME, OID_SERIAL_NUMBER;
/* A DirectoryString element to UTF-8 (Printable, UTF8, IA5, T61 as Latin-1, BMP, Universal);
 * refuses NUL and invalid. */
bool string_utf8(const struct der *d, struct blob *out, struct err *e) MUST_USE;
/* May it be a PrintableString? */
bool printable_legal(struct view v);

/* ---- certificates (RFC 5280 4) ---- */

enum { /* KeyUsage named bits, as der_put_bits takes them */
	KU_DIGITAL_SIGNATURE = 1 << 0,
	KU_NON_REPUDIATION = 1 << 1,
	KU_KEY_ENCIPHERMENT = 1 << 2,
	KU_DATA_ENCIPHERMENT = 1 << 3,
	KU_KEY_AGREEMENT = 1 << 4,
	KU_CERT_SIGN = 1 << 5,
	KU_CRL_SIGN = 1 << 6,
	KU_ENCIPHER_ONLY = 1 << 7,
	KU_DECIPHER_ONLY = 1 << 8,
};
enum { /* extended key usages, the words of "eku" */
	EKU_SERVER_AUTH = 1 << 0,
	EKU_CLIENT_AUTH = 1 << 1,
	EKU_CODE_SIGNING = 1 << 2,
	EKU_EMAIL_PROTECTION = 1 << 3,
	EKU_IPSEC_END_SYSTEM = 1 << 4,
	EKU_IPSEC_TUNNEL = 1 << 5,
	EKU_IPSEC_USER = 1 << 6,
	EKU_TIME_STAMPING = 1 << 7,
	EKU_OCSP_SIGNING = 1 << 8,
	EKU_SSH_CLIENT = 1 << 9,
	EKU_SSH_SERVER = 1 << 10,
	EKU_OTHER = 1 << 30, /* decoded only: one we do not know */
};

struct cert {
	struct view whole, tbs;
	int version;	    /* 1 or 3 */
	struct view serial; /* contents octets of the INTEGER, as they stand (negative and
			       padded ones too) */
	struct view issuer, subject; /* whole Name elements */
	when_t not_before, not_after;
	struct spki key;
	struct sig_alg alg;
	struct view signature; /* octets of the bit string */
	bool has_key_usage, is_ca, has_path_len;
	bool unknown_critical; /* a critical extension we do not read: RFC 5280 4.2 bids whoever
				  trusts it to refuse */
	uint32_t key_usage, eku;
	uint64_t path_len;
	struct view san;	/* GeneralNames element, empty when absent */
	struct view ski, aki;	/* key identifiers, empty when absent */
	struct view extensions; /* contents of the SEQUENCE OF Extension */
};
/* Tolerates what fielded clients' temporary certificates do: v1, negative serials, T61 strings.
 */
bool cert_decode(struct view der, struct cert *out, struct err *e) MUST_USE;
/* A TBSCertificate alone (the signer reads what it is asked to sign): alg is what stands
 * inside, signature stays empty. */
bool cert_decode_tbs(struct view tbs, struct cert *out, struct err *e) MUST_USE;
/*
 * Where its issuer's whole list is: the first URI of CRLDistributionPoints that begins with
 * "http". A point with reasons or another issuer (RFC 5280 4.2.1.13) is passed over. Empty:
 * there is none.
 */
struct view cert_list_url(const struct cert *c);

struct cert_spec {
	struct view serial;	     /* unsigned big endian, 1 to 20 octets encoded */
	struct view issuer, subject; /* whole Name elements, copied */
	struct view spki;	     /* whole element, copied */
	when_t not_before, not_after;
	struct sig_alg alg;
	bool is_ca;
	int path_len;		 /* -1: none */
	uint32_t key_usage, eku; /* eku 0: extension absent */
	struct view
	    san; /* GeneralNames element; empty: absent; critical when subject is empty */
	struct view ski, aki; /* 20 octets each; empty: absent */
	const char *cdp;      /* URL; NULL: absent */
};
void cert_encode_tbs(const struct cert_spec *s, struct blob *tbs);
/* tbs + AlgorithmIdentifier + signature: certificates, CRLs and CSRs alike. */
void signed_assemble(
    struct view tbs, const struct sig_alg *alg, struct view signature, struct blob *out);

/* The same in two: what stands before so many octets of tbs, and what behind them. */
void signed_ends(size_t tbs, const struct sig_alg *alg, struct view signature,
    struct blob *head, struct blob *tail);

/* ---- revocation lists (RFC 5280 5) ---- */

/* One revokedCertificates entry, appended: the store keeps them as one growing blob. serial is
   unsigned big endian, padded or not; reason 0 is left out. */
void crl_entry_encode(struct view serial, when_t at, int reason, struct blob *entries);

struct crl_spec {
	struct view issuer, aki;
	when_t this_update, next_update;
	uint64_t number;
	struct sig_alg alg;
	struct view
	    entries; /* appended crl_entry_encode results; empty: revokedCertificates absent */
};
void crl_encode_tbs(const struct crl_spec *s, struct blob *tbs);
/* The same in two: what stands before so many octets of entries, and what behind them. */
void crl_encode_ends(
    const struct crl_spec *s, size_t entries, struct blob *head, struct blob *tail);

struct crl {
	struct view whole, tbs, issuer, entries, aki, signature;
	struct sig_alg alg;
	when_t this_update, next_update;
	uint64_t number;
};
/* Every entry is looked at (about 0.4 us each); nextUpdate must be there; unknown critical
 * extensions are refused. */
bool crl_decode(struct view der, struct crl *out, struct err *e) MUST_USE;
bool crl_decode_tbs(struct view tbs, struct crl *out, struct err *e) MUST_USE;
/* Is the serial (unsigned big endian, padded or not) listed? *at and *reason are filled when it
 * is. */
bool crl_find(const struct crl *c, struct view serial, when_t *at, int *reason);
size_t crl_count(const struct crl *c);

/* ---- certification requests (PKCS#10, RFC 2986) ---- */

struct csr {
	struct view whole, info; /* info = CertificationRequestInfo, what is signed */
	struct view subject;
	struct spki key;
	struct sig_alg alg;
	struct view signature;
	bool has_challenge;
	struct view challenge; /* octets as sent; challenge_tag says the string type;
				  csr_challenge gives UTF-8 */
	uint8_t challenge_tag;
	bool has_key_usage, wants_ca;
	uint32_t key_usage, eku;
	struct view san; /* GeneralNames element */
};
/*
 * Attributes may lack their [0] (BAD-109). extensionRequest may be a T61String whose content is
 * the Extensions (IOS 15.7). Refuses duplicate attributes or extensions, unknown critical
 * extensions, bad SAN syntax (BAD-115, BAD-116), a subject that fails name_check, an empty
 * subject without SAN (BAD-110), over 64 KiB.
 */
bool csr_decode(struct view der, struct csr *out, struct err *e) MUST_USE;
/* A CertificationRequestInfo alone (the signer reads what it is asked to sign): alg and
 * signature stay empty. */
bool csr_decode_info(struct view info, struct csr *out, struct err *e) MUST_USE;
bool csr_challenge(const struct csr *c, struct blob *utf8, struct err *e) MUST_USE;

struct csr_spec {
	struct view subject, spki;
	const char *challenge; /* NULL: none */
	uint32_t key_usage;    /* 0: none asked */
	uint32_t eku;	       /* the same */
	struct view san;       /* GeneralNames element or empty */
};
void csr_encode_info(const struct csr_spec *s, struct blob *info);
/* GeneralNames of DNS names, for clients and tests. */
void san_encode_dns(const char *const *names, size_t n, struct blob *out);
/* Each name as a sized text: "DNS:r1.example", "IP:10.0.0.1", "email:...", "URI:...", others as
 * "DER:" and the element in hex. Empty san: nothing. */
void san_write(struct view san, struct blob *out);
/* Such texts to GeneralNames; no text: nothing. */
bool san_parse(struct view texts, struct blob *out, struct err *e) MUST_USE;
/* Is every name of a in b? Compares encoded GeneralName elements, DNS names without case. */
bool san_subset(struct view a, struct view b);

/* ---- CMS and SCEP (RFC 5652, RFC 8894 3) ---- */

enum scep_type { /* messageType, RFC 8894 3.2.1.2 */
	SCEP_CERTREP = 3,
	SCEP_RENEWALREQ = 17,
	SCEP_PKCSREQ = 19,
	SCEP_CERTPOLL = 20,
	SCEP_GETCERT = 21,
	SCEP_GETCRL = 22,
};
enum scep_status { SCEP_SUCCESS = 0, SCEP_FAILURE = 2, SCEP_PENDING = 3 };
enum scep_fail {
	SCEP_BAD_ALG,
	SCEP_BAD_MESSAGE_CHECK,
	SCEP_BAD_REQUEST,
	SCEP_BAD_TIME,
	SCEP_BAD_CERT_ID,
};
#define SCEP_TRANSACTION_MAX 128
#define SCEP_NONCE_MAX 64

/*
 * What is wrong with a message, as the catalogue of standards.md part 5 answers it: SCEP_OK;
 * SCEP_UNREADABLE = no CertRep can be built (HTTP 400); SCEP_BAD = readable, answer FAILURE
 * with out->fail (transaction, type and signer are filled).
 */
enum scep_verdict { SCEP_OK, SCEP_UNREADABLE, SCEP_BAD };

struct scep {
	int type;		 /* messageType as a number */
	struct view transaction; /* octets */
	uint8_t transaction_tag; /* string type as received: echoed (AT-03) */
	bool has_sender_nonce, has_recipient_nonce, has_status, has_fail;
	struct view sender_nonce, recipient_nonce;
	int status, fail;	/* -1: absent */
	struct view fail_text;	/* failInfoText as sent; empty: absent */
	enum scep_fail fail_as; /* with SCEP_BAD: which failInfo to answer */
	struct cert
	    signer; /* found by the SignerIdentifier; signer.whole.n == 0 when not enclosed */
	struct view signer_issuer,
	    signer_serial; /* from SignerIdentifier (issuerAndSerialNumber form) */
	enum hash digest;
	struct sig_alg alg;	  /* alg.hash is always filled */
	struct view signed_attrs; /* SET OF, DER, sorted: exactly the octets that are signed */
	struct view signature;
	bool has_content;    /* eContent present (may be empty) */
	struct view content; /* eContent octets */
	struct view
	    certificates; /* contents of certificates [0]: elements one after the other */
};
/*
 * Reads the outer SignedData of a pkiMessage: exactly one SignerInfo with signed attributes,
 * contentType = data, messageDigest equal to the digest of the content (checked here), each
 * attribute once with one value. The signature itself is not verified here: verify(signer.key,
 * alg, signed_attrs, signature) is the caller's, before anything else. scratch holds re-encoded
 * parts and must outlive *out. Limits: 256 KiB, 32 certificates, depth 64.
 */
enum scep_verdict scep_decode(
    struct view message, struct blob *scratch, struct scep *out, struct err *e) MUST_USE;
/*
 * The same for a SignedData that is no pkiMessage (GetNextCACert, RFC 8894 4.7.1): SCEP's
 * attributes are neither asked for nor read, type is 0.
 */
bool signed_data_decode(
    struct view message, struct blob *scratch, struct scep *out, struct err *e) MUST_USE;

struct envelope {
	struct view issuer, serial; /* recipient; or ski */
	struct view ski;
	enum padding padding; /* PADDING_PKCS1 or PADDING_OAEP */
	enum hash oaep_hash;
	struct view wrapped_key;
	enum cipher cipher;
	struct view iv, ciphertext;
};
/*
 * The EnvelopedData inside. Takes exactly one KeyTransRecipientInfo (two or more: refused,
 * CVE-2019-1563). *fail says the failInfo: badAlg for ciphers and recipient kinds we do not
 * know, badRequest else.
 */
bool envelope_decode(struct view content, struct blob *scratch, struct envelope *out,
    enum scep_fail *fail, struct err *e) MUST_USE;
/* Decrypt and strip the padding; one error text for every failure (AL-06). */
bool envelope_open(
    const struct envelope *v, struct view key, struct blob *plain, struct err *e) MUST_USE;

struct envelope_spec {
	struct view issuer,
	    serial; /* of the recipient's certificate: serial contents octets as they stand */
	struct view wrapped_key;
	enum padding padding; /* how it is wrapped: PADDING_PKCS1 or PADDING_OAEP ... */
	enum hash oaep_hash;  /* ... with MGF1 over the same */
	enum cipher cipher;
	struct view key, iv; /* content key and IV: the caller's random octets */
	struct view plain;
};
bool envelope_encode(const struct envelope_spec *s, struct blob *out, struct err *e) MUST_USE;

struct scep_spec { /* a message to be signed */
	int type;  /* 0: plain SignedData, without SCEP's attributes */
	struct view transaction;
	uint8_t transaction_tag;		   /* 0: PrintableString */
	struct view sender_nonce, recipient_nonce; /* empty: absent */
	int status;				   /* -1: absent */
	int fail;				   /* -1: absent */
	const char *fail_text;			   /* NULL: absent */
	enum hash digest;
	bool has_content; /* false: eContent absent */
	struct view content;
	struct view signer_issuer, signer_serial;
	struct view certificates; /* whole Certificate elements one after the other */
	struct sig_alg
	    alg; /* RSA PKCS#1 is written as rsaEncryption (PK-20), ECDSA as ecdsa-with-X */
};
/* The signed attributes, SET OF, DER: what the key signs. */
bool scep_encode_attrs(const struct scep_spec *s, struct blob *attrs, struct err *e) MUST_USE;
void scep_assemble(
    const struct scep_spec *s, struct view attrs, struct view signature, struct blob *out);
/* What the signer sees: a SET OF attributes of a CertRep (or other type); refuses anything that
 * is not exactly that. */
bool scep_attrs_decode(struct view attrs, int *type, struct err *e) MUST_USE;

/* Degenerate SignedData (PK-18). Both lists are whole elements one after the other; either may
 * be empty. */
void certs_only_encode(struct view certificates, struct view crls, struct blob *out);
bool certs_only_decode(struct view der, struct blob *scratch, struct view *certificates,
    struct view *crls, struct err *e) MUST_USE;

void issuer_and_serial_encode(struct view issuer, struct view serial, struct blob *out);
bool issuer_and_serial_decode(
    struct view der, struct view *issuer, struct view *serial, struct err *e) MUST_USE;
void issuer_and_subject_encode(struct view issuer, struct view subject, struct blob *out);

#endif
