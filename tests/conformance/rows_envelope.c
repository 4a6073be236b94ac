/* rows_envelope.c - BAD-072 to BAD-083: envelopes and keys. */
/* wire.h before the library's macros of the same names */
#include "tests/conformance/lab.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"

#define NULLS "\x05\x00"

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

enum { TO_STRANGER, TO_NEXT_SERIAL, TO_UNKNOWN_SKI, TO_OUR_SKI, TO_OLD_NAME };

/* recipientInfo names somebody. */
static void
addressed(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn w = {0};
	struct err e = {0};
	X509 *ca = l->p->ca;
	ASN1_OCTET_STRING *ski = X509_get_ext_d2i(ca, NID_subject_key_identifier, NULL, NULL);

	switch (r->number) {
	case TO_STRANGER:
		must(peer_temporary(l->p, NULL, &e));
		add_sid(&w, l->p->signer);
		break;
	case TO_NEXT_SERIAL:
	case TO_OLD_NAME:
		asn_open(&w, TAG_SEQUENCE);
		if (r->number == TO_NEXT_SERIAL)
			ADD_DER(&w.out, X509_NAME, X509_get_subject_name(ca));
		else
			ADD_DER(&w.out, X509_NAME, l->p->name);
		if (r->number == TO_NEXT_SERIAL)
			asn_raw(&w, VIEW("\x02\x02\x03\xe9"));
		else
			ADD_DER(&w.out, ASN1_INTEGER, X509_get0_serialNumber(ca));
		asn_close(&w);
		break;
	case TO_UNKNOWN_SKI:
		asn_put(&w, TAG_PLAIN_0, VIEW("01234567890123456789"));
		break;
	case TO_OUR_SKI:
		asn_put(&w, TAG_PLAIN_0,
		    view_of(ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski)));
		break;
	}
	inner.seal.rid = blob_view(&w.out);
	inner.seal.recipient_version =
	    w.out.p[0] == TAG_PLAIN_0 ? VIEW("\x02\x01\x02") : VIEW("\x02\x01\x00");
	must(row_make(l, &inner, out, &e));
	ASN1_OCTET_STRING_free(ski);
	blob_free(&w.out);
}

enum { STOCK_PWRI, STOCK_KEKRI, STOCK_KARI, STOCK_GCM, STOCK_PWRI_SLOW };

/* Recipients of other kinds, by the stock library. */
static void
other_recipient(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob csr = {0}, sealed = {0};
	struct err e = {0};
	BIO *in;
	CMS_ContentInfo *cms = NULL;
	X509 *ec = NULL;
	STACK_OF(X509) *to = sk_X509_new_null();
	static uint8_t secret[16] = "0123456789abcde", id[] = "id";

	lab_csr(l, &csr);
	in = peer_bio(blob_view(&csr));
	switch (r->number) {
	case STOCK_PWRI:
	case STOCK_PWRI_SLOW:
		cms = CMS_encrypt(NULL, in, EVP_aes_128_cbc(), CMS_BINARY | CMS_PARTIAL);
		must(CMS_add0_recipient_password(cms, -1, NID_undef, NID_undef,
			 (uint8_t *)OPENSSL_strdup("secret"), 6, NULL) != NULL);
		must(CMS_final(cms, in, NULL, CMS_BINARY));
		break;
	case STOCK_KEKRI:
		cms = CMS_encrypt(NULL, in, EVP_aes_128_cbc(), CMS_BINARY | CMS_PARTIAL);
		must(CMS_add0_recipient_key(cms, NID_undef, OPENSSL_memdup(secret, 16), 16,
			 OPENSSL_memdup(id, 2), 2, NULL, NULL, NULL) != NULL);
		must(CMS_final(cms, in, NULL, CMS_BINARY));
		break;
	case STOCK_KARI: {
		struct peer p = {0};
		EVP_PKEY *key = EVP_EC_gen("P-256");

		must(lab_peer(&p, l, "CN=ec", key, &e) && peer_temporary(&p, NULL, &e));
		ec = X509_dup(p.signer);
		peer_free(&p);
		EVP_PKEY_free(key);
		sk_X509_push(to, ec);
		cms = CMS_encrypt(to, in, EVP_aes_128_cbc(), CMS_BINARY);
		break;
	}
	default:
		sk_X509_push(to, l->p->recipient);
		cms = CMS_encrypt(to, in, EVP_aes_128_gcm(), CMS_BINARY);
	}
	must(cms != NULL);
	ADD_DER(&sealed, CMS_ContentInfo, cms);
	if (r->number == STOCK_PWRI_SLOW) { /* PBKDF2's iteration count: 02 02 08 00 */
		uint8_t *at = memmem(sealed.p, sealed.n, "\x02\x02\x08\x00", 4);

		must(at != NULL);
		memcpy(at + 2, "\x7f\xff", 2);
	}
	must(forge_message(
	    &(struct outer_row){0}, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, &e));
	CMS_ContentInfo_free(cms);
	X509_free(ec);
	sk_X509_free(to);
	BIO_free(in);
	blob_free(&csr);
	blob_free(&sealed);
}

static void
single_des(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	(void)r;
	l->p->cipher = "DES-CBC";
	must(peer_enrol(l->p, NULL, out, &e));
}

/* A whole pwri with an iteration count of 2^31 and a salt of 60 KiB. */
static void
slow_password(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn w = {0};
	struct blob salt = {0};
	struct err e = {0};

	blob_repeat(&salt, VIEW("s"), 60000);
	asn_open(&w, 0xa3);
	asn_raw(&w, VIEW("\x02\x01\x00"));
	asn_open(&w, TAG_0);
	asn_oid(&w, "1.2.840.113549.1.5.12");
	asn_open(&w, TAG_SEQUENCE);
	asn_put(&w, TAG_OCTETS, blob_view(&salt));
	asn_raw(&w, VIEW("\x02\x04\x7f\xff\xff\xff"));
	asn_close(&w);
	asn_close(&w);
	asn_algorithm(&w, "1.2.840.113549.1.9.16.3.9",
	    VIEW("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02"));
	asn_put(&w, TAG_OCTETS, VIEW("0123456789abcdef0123456789abcdef"));
	asn_close(&w);
	inner.seal.recipients = blob_view(&w.out);
	must(row_make(l, &inner, out, &e));
	blob_free(&w.out);
	blob_free(&salt);
}

/* The plaintext is an envelope again, or SignedData. */
static void
nested_message(struct lab *l, const struct row *r, struct blob *out)
{
	struct row good = {0};
	struct blob csr = {0}, inner = {0};
	struct err e = {0};

	lab_csr(l, &csr);
	if (r->number == 0)
		forge_envelope(&good.seal, l->p->recipient, blob_view(&csr), &inner);
	else
		must(row_make(l, &good, &inner, &e));
	lab_wrap(l, &good, blob_view(&inner), out);
	blob_free(&csr);
	blob_free(&inner);
}

/* PKCSReq around IssuerAndSubject; CertPoll around a PKCS#10. */
static void
other_content(struct lab *l, const struct row *r, struct blob *out)
{
	struct asn w = {0};
	struct blob csr = {0};

	if (r->type == PEER_CERT_POLL) {
		lab_csr(l, &csr);
		lab_wrap(l, r, blob_view(&csr), out);
	} else {
		asn_open(&w, TAG_SEQUENCE);
		ADD_DER(&w.out, X509_NAME, X509_get_subject_name(l->p->ca));
		ADD_DER(&w.out, X509_NAME, l->p->name);
		asn_close(&w);
		lab_wrap(l, r, blob_view(&w.out), out);
	}
	blob_free(&csr);
	blob_free(&w.out);
}

/* Further certificates: two that name each other, in a loop, r->number pairs; or octets. */
static void
crowd(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob more = {0};
	struct err e = {0};
	static const char *const names[] = {"CN=one", "CN=two"};

	for (int i = 0; i < r->number; i++) {
		X509 *x = X509_new();
		struct peer self = {0}, other = {0};

		must(lab_peer(&self, l, names[i % 2], pool_key(92 + (size_t)(i % 2)), &e) &&
		     lab_peer(
			 &other, l, names[(i + 1) % 2], pool_key(93 - (size_t)(i % 2)), &e));
		X509_set_version(x, 2);
		ASN1_INTEGER_set(X509_get_serialNumber(x), 5 + i);
		X509_set_subject_name(x, self.name);
		X509_set_issuer_name(x, other.name);
		X509_set_pubkey(x, self.key);
		ASN1_TIME_set(X509_getm_notBefore(x), (time_t)l->w.now);
		ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(l->w.now + DAY));
		must(X509_sign(x, other.key, EVP_sha256()) > 0);
		add_cert(&more, x);
		X509_free(x);
		peer_free(&self);
		peer_free(&other);
	}
	inner.outer.more = blob_view(&more);
	must(row_make(l, &inner, out, &e));
	blob_free(&more);
}

static void
too_large(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob more = {0};
	struct err e = {0};

	asn_head(&more, TAG_SEQUENCE, 300000, 0);
	(void)blob_grow(&more, 300000);
	inner.outer.more = blob_view(&more);
	must(row_make(l, &inner, out, &e));
	blob_free(&more);
}

enum { BITS_16384, BITS_8200, BITS_65536, LONG_EXPONENT, KEY_DSA, EXPLICIT_CURVE, KEY_ED25519 };

static void
rsa_spki(struct asn *w, size_t modulus, size_t exponent)
{
	struct asn key = {0};
	uint8_t *at;

	asn_open(&key, TAG_SEQUENCE);
	asn_head(&key.out, TAG_INTEGER, modulus + 1, 0);
	at = blob_grow(&key.out, modulus + 1);
	must(RAND_bytes(at + 1, (int)modulus) == 1);
	at[0] = 0;
	at[1] |= 0x80;
	at[modulus] |= 1;
	asn_head(&key.out, TAG_INTEGER, exponent + 1, 0);
	at = blob_grow(&key.out, exponent + 1);
	must(RAND_bytes(at + 1, (int)exponent) == 1);
	at[0] = 0;
	at[1] |= 0x80;
	at[exponent] |= 1;
	asn_close(&key);
	asn_open(w, TAG_SEQUENCE);
	asn_algorithm(w, OID_RSA_ENCRYPTION, VIEW(NULLS));
	asn_open(w, TAG_BITS);
	blob_add_byte(&w->out, 0);
	asn_raw(w, blob_view(&key.out));
	asn_close(w);
	asn_close(w);
	blob_free(&key.out);
}

static void
strange_spki(struct asn *w, int kind)
{
	EVP_PKEY *key = NULL;

	switch (kind) {
	case BITS_16384:
		rsa_spki(w, 2048, 3);
		break;
	case BITS_8200:
		rsa_spki(w, 1025, 3);
		break;
	case BITS_65536:
		rsa_spki(w, 8192, 3);
		break;
	case LONG_EXPONENT:
		rsa_spki(w, 256, 2048);
		break;
	case KEY_DSA:
		asn_open(w, TAG_SEQUENCE);
		asn_algorithm(w, "1.2.840.10040.4.1", VIEW("\x30\x00"));
		asn_put(w, TAG_BITS, VIEW("\0\x02\x01\x05"));
		asn_close(w);
		break;
	case EXPLICIT_CURVE:
		key = EVP_EC_gen("P-256");
		must(EVP_PKEY_set_utf8_string_param(
		    key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"));
		add_spki(&w->out, key);
		break;
	default:
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		add_spki(&w->out, key);
	}
	EVP_PKEY_free(key);
}

/* The signer's certificate holds such a key; its signatures are nonsense of fitting length. */
static void
strange_key(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn spki = {0}, tbs = {0}, cert = {0}, sid = {0};
	struct err e = {0};

	strange_spki(&spki, r->number);
	asn_open(&tbs, TAG_SEQUENCE);
	asn_raw(&tbs, VIEW("\xa0\x03\x02\x01\x02\x02\x01\x07"));
	asn_algorithm(&tbs, "1.2.840.113549.1.1.11", VIEW(NULLS));
	ADD_DER(&tbs.out, X509_NAME, l->p->name);
	asn_raw(&tbs, VIEW("\x30\x1e\x17\x0d"
			   "250101000000Z\x17\x0d"
			   "270101000000Z"));
	ADD_DER(&tbs.out, X509_NAME, l->p->name);
	asn_raw(&tbs, blob_view(&spki.out));
	asn_close(&tbs);
	asn_open(&cert, TAG_SEQUENCE);
	asn_raw(&cert, blob_view(&tbs.out));
	asn_algorithm(&cert, "1.2.840.113549.1.1.11", VIEW(NULLS));
	asn_put(&cert, TAG_BITS, VIEW("\0nonsense"));
	asn_close(&cert);
	asn_open(&sid, TAG_SEQUENCE);
	ADD_DER(&sid.out, X509_NAME, l->p->name);
	asn_raw(&sid, VIEW("\x02\x01\x07"));
	asn_close(&sid);
	inner.outer.more = blob_view(&cert.out);
	inner.outer.sid = blob_view(&sid.out);
	inner.outer.no_certificate = true;
	must(row_make(l, &inner, out, &e));
	blob_free(&spki.out);
	blob_free(&tbs.out);
	blob_free(&cert.out);
	blob_free(&sid.out);
}

/* ---- rows ---- */

#define P7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

static const struct row rows[] = {
    {"BAD-072", "addressed to a stranger", WANT_F4, .make = addressed, .number = TO_STRANGER},
    {"BAD-072", "addressed to an unknown key identifier", WANT_F4, .make = addressed,
	.number = TO_UNKNOWN_SKI},
    {"BAD-072", "our serial under another name", WANT_F4, .make = addressed,
	.number = TO_OLD_NAME},
    {"BAD-072", "our key identifier is served (PK-13)", WANT_PEND, .make = addressed,
	.number = TO_OUR_SKI},
    {"BAD-073", "addressed to a next CA that does not exist", WANT_F4, .make = addressed,
	.number = TO_NEXT_SERIAL},
    {"BAD-074", "recipient by key agreement (kari)", WANT_F0, .make = other_recipient,
	.number = STOCK_KARI},
    {"BAD-074", "recipient by key-encryption key (kekri)", WANT_F0, .make = other_recipient,
	.number = STOCK_KEKRI},
    {"BAD-074", "recipient of another kind (ori)", WANT_F0,
	.seal = {.recipients = B("\xa4\x06\x06\x01\x2a\x04\x01x")}},
    {"BAD-075", "recipient by password (pwri)", WANT_F0, .make = other_recipient,
	.number = STOCK_PWRI},
    {"BAD-075", "pwri of 32,767 iterations", WANT_F0, .make = other_recipient,
	.number = STOCK_PWRI_SLOW},
    {"BAD-075", "pwri of 2^31 iterations and 60 KiB of salt", WANT_F0, .make = slow_password},
    {"BAD-078", "OAEP over MD5", WANT_F0,
	.seal = {.transport =
		     B("\x30\x3a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07\x30\x2d"
		       "\xa0\x0e\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00"
		       "\xa1\x1b\x30\x19\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"
		       "\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00")}},
    {"BAD-078", "single DES (AL-03)", WANT_F0,
	.seal = {.cipher_alg = B("\x30\x11\x06\x05\x2b\x0e\x03\x02\x07\x04\x08"
				 "01234567")}},
    {"BAD-078", "single DES, compat legacy", WANT_F0, ROW_LEGACY, .make = single_des},
    {"BAD-078", "single DES, compat ancient (AL-08)", WANT_PEND, ROW_ANCIENT,
	.make = single_des},
    {"BAD-078", "RC2-40", WANT_F0,
	.seal = {.cipher_alg = B("\x30\x1a\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x02\x30\x0e\x02"
				 "\x02\x00\xa0\x04\x08"
				 "01234567")}},
    {"BAD-078", "RC4", WANT_F0,
	.seal = {.cipher_alg = B("\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x03\x04\x05\x00")}},
    {"BAD-078", "no cipher but NULL", WANT_F0,
	.seal = {.cipher_alg = B("\x30\x0d\x06\x09" P7 "\x01\x05\x00")}},
    {"BAD-078", "an unknown cipher", WANT_F0,
	.seal = {.cipher_alg = B("\x30\x07\x06\x03\x2a\x03\x04\x05\x00")}},
    {"BAD-078", "triple DES is served (AL-02)", WANT_PEND, .seal = {.cipher = "DES-EDE3-CBC"}},
    {"BAD-078", "AES-256 is served (AL-04)", WANT_PEND, .seal = {.cipher = "AES-256-CBC"}},
    {"BAD-079", "AES-GCM in AuthEnvelopedData", WANT_F0, .make = other_recipient,
	.number = STOCK_GCM},
    {"BAD-080", "an envelope inside the envelope", WANT_F2, .make = nested_message},
    {"BAD-080", "SignedData inside the envelope (PK-03)", WANT_F2, .make = nested_message,
	.number = 1},
    {"BAD-081", "PKCSReq with IssuerAndSubject inside", WANT_F2, .make = other_content},
    {"BAD-081", "CertPoll with a PKCS#10 inside is served by its transaction", WANT_PEND,
	ROW_BY_BOB | ROW_SAME, PEER_CERT_POLL, .make = other_content},
    {"BAD-082", "80 certificates", WANT_UNREADABLE, .make = crowd, .number = 80},
    {"BAD-082", "31 certificates that name each other in a loop", WANT_PEND, .make = crowd,
	.number = 31},
    {"BAD-082", "300 KiB of certificates", WANT_UNREADABLE, .make = too_large},
    {"BAD-083", "signer with an RSA key of 16,384 bits", WANT_F0, .make = strange_key,
	.number = BITS_16384},
    {"BAD-083", "signer with an RSA key of 8,200 bits", WANT_F0, .make = strange_key,
	.number = BITS_8200},
    {"BAD-083", "signer with an RSA key of 65,536 bits", WANT_F0, .make = strange_key,
	.number = BITS_65536},
    {"BAD-083", "signer with an RSA exponent of 16,384 bits", WANT_F0, .make = strange_key,
	.number = LONG_EXPONENT},
    {"BAD-083", "signer with a DSA key", WANT_F0, .make = strange_key, .number = KEY_DSA},
    {"BAD-083", "signer with an EC key of explicit parameters", WANT_F0, .make = strange_key,
	.number = EXPLICIT_CURVE},
    {"BAD-083", "signer with an Ed25519 key", WANT_F0, .make = strange_key,
	.number = KEY_ED25519},
};

const struct table envelope_rows = {rows, COUNT_OF(rows)};
