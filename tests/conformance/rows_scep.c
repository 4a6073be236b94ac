/* rows_scep.c - BAD-084 to BAD-102: messages that ask for what they may not. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"
#include "tests/conformance/lab.h"

static void
must(bool ok, const struct err *e)
{
	if (!ok) {
		printf("# %s\n", e->text);
		abort();
	}
}

/* CertPoll of mallory for nothing, or with bob's transaction. */
static void
poll(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	if (r->number == 1)
		peer_transaction_set(l->p, l->bob.transaction);
	must(peer_poll(l->p, out, &e), &e);
}

/* bob's own poll, but about another name. */
static void
poll_other_name(struct lab *l, const struct row *r, struct blob *out)
{
	X509_NAME *own = l->p->name;
	struct err e = {0};

	(void)r;
	l->p->name = X509_NAME_dup(X509_get_subject_name(l->p->ca));
	must(peer_poll(l->p, out, &e), &e);
	X509_NAME_free(l->p->name);
	l->p->name = own;
}

/* A certificate as ours look, made outside. */
struct alike {
	EVP_PKEY *issuer_key;
	const X509_NAME *issuer, *subject;
	const ASN1_INTEGER *serial;
	EVP_PKEY *key;
	when_t from, until;
};

static X509 *
cert_alike(const struct alike *a)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	X509_set_serialNumber(x, (ASN1_INTEGER *)(uintptr_t)a->serial);
	X509_set_issuer_name(x, a->issuer);
	X509_set_subject_name(x, a->subject);
	X509_set_pubkey(x, a->key);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)a->from);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)a->until);
	if (X509_sign(x, a->issuer_key, EVP_sha256()) <= 0)
		abort();
	return x;
}

/* Another CA of the same name made a certificate with alice's serial, name and dates. */
static void
impostor(struct lab *l, const struct row *r, struct blob *out)
{
	struct peer_request o = {.message_type = r->type};
	struct err e = {0};
	X509 *fake = cert_alike(&(struct alike){
	    .issuer_key = pool_key(85),
	    .issuer = X509_get_subject_name(l->alice.ca),
	    .subject = l->alice.name,
	    .serial = X509_get0_serialNumber(l->alice.signer),
	    .key = pool_key(86),
	    .from = l->w.now - HOUR,
	    .until = l->w.now + DAY,
	});

	peer_sign_with(&l->alice, fake, pool_key(86));
	must(peer_enrol(&l->alice, &o, out, &e), &e);
	X509_free(fake);
}

/* Our key signed it, but it is valid at another time. */
static void
other_time(struct lab *l, const struct row *r, struct blob *out)
{
	struct peer_request o = {.message_type = r->type};
	struct err e = {0};
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	when_t from = l->w.now + r->number * DAY;

	ASN1_INTEGER_set(serial, 7777);
	X509 *x = cert_alike(&(struct alike){
	    .issuer_key = pool_key(0),
	    .issuer = X509_get_subject_name(l->alice.ca),
	    .subject = l->alice.name,
	    .serial = serial,
	    .key = pool_key(80),
	    .from = from,
	    .until = from + DAY,
	});

	peer_sign_with(&l->alice, x, pool_key(80));
	must(peer_enrol(&l->alice, &o, out, &e), &e);
	X509_free(x);
	ASN1_INTEGER_free(serial);
}

static void
revoked(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	must(lab_revoke(l, l->alice.signer, &e), &e);
	must(row_make(l, r, out, &e), &e);
}

enum { NAME_OF_CA, NAME_OF_BOB, NAME_OF_NOBODY };

/* The sender asks for another name. */
static void
for_name(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};
	struct peer other = {0};

	X509_NAME_free(l->p->name);
	if (r->number == NAME_OF_CA) {
		l->p->name = X509_NAME_dup(X509_get_subject_name(l->p->ca));
	} else {
		must(lab_peer(&other, l,
			 r->number == NAME_OF_BOB ? "O=Cisco,OU=CVO,CN=bob" : "CN=nobody",
			 l->p->key, &e),
		    &e);
		l->p->name = X509_NAME_dup(other.name);
		peer_free(&other);
	}
	must(row_make(l, r, out, &e), &e);
}

/* The CA's own public key, really signed by it. */
static void
key_of_ca(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	EVP_PKEY_free(l->p->key);
	l->p->key = pool_key(0);
	EVP_PKEY_up_ref(l->p->key);
	must(row_make(l, r, out, &e), &e);
}

/* alice's certified key for another name; r->number 1: with the transaction of her enrolment.
 */
static void
key_of_alice(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	EVP_PKEY_free(l->p->key);
	l->p->key = pool_key(80);
	EVP_PKEY_up_ref(l->p->key);
	must(row_make(l, r, out, &e), &e);
}

/* bob's waiting key and transaction, another name. */
static void
key_of_bob(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	EVP_PKEY_free(l->p->key);
	l->p->key = pool_key(81);
	EVP_PKEY_up_ref(l->p->key);
	must(row_make(l, r, out, &e), &e);
}

enum {
	TEXT_60K,
	TEXT_256,
	TEXT_255,
	TEXT_NUL,
	TEXT_BMP_ODD,
	TEXT_TWICE,
	TEXT_TWO_VALUES,
	TEXT_BITS
};

/* challengePassword as r->number says. */
static void
challenge(struct lab *l, const struct row *r, struct blob *out)
{
	static const size_t lengths[] = {60000, 256, 255};
	struct row inner = *r;
	struct asn w = {0};
	struct blob value = {0};
	struct err e = {0};

	switch (r->number) {
	case TEXT_60K:
	case TEXT_256:
	case TEXT_255:
		asn_head(&value, TAG_PRINTABLE, lengths[r->number], 0);
		blob_repeat(&value, VIEW("p"), lengths[r->number]);
		break;
	case TEXT_NUL:
		blob_add_view(&value, VIEW("\x13\x03"
					   "a\0b"));
		break;
	case TEXT_BMP_ODD:
		blob_add_view(&value, VIEW("\x1e\x03"
					   "\0a\0"));
		break;
	case TEXT_BITS:
		blob_add_view(&value, VIEW("\x03\x02\x00"
					   "a"));
		break;
	default:
		blob_add_view(&value, VIEW("\x13\x01"
					   "a"));
	}
	if (r->number == TEXT_TWO_VALUES)
		blob_add_view(&value, VIEW("\x13\x01"
					   "b"));
	asn_attribute(&w, OID_PKCS9 "7", blob_view(&value));
	if (r->number == TEXT_TWICE)
		asn_attribute(&w, OID_PKCS9 "7",
		    VIEW("\x13\x01"
			 "b"));
	inner.forged = true;
	inner.ask.attributes = blob_view(&w.out);
	must(row_make(l, &inner, out, &e), &e);
	blob_free(&w.out);
	blob_free(&value);
}

enum {
	SERIAL_ZERO,
	SERIAL_NEGATIVE,
	SERIAL_LONG,
	SERIAL_UNKNOWN,
	SERIAL_EMPTY,
	SERIAL_PADDED,
	OTHER_ISSUER,
	NO_PAIR
};

/* GetCert of such a serial. */
static void
get_cert(struct lab *l, const struct row *r, struct blob *out)
{
	struct asn w = {0};
	struct blob serial = {0};

	asn_open(&w, TAG_SEQUENCE);
	ADD_DER(&w.out, X509_NAME,
	    r->number == OTHER_ISSUER ? l->bob.name : X509_get_subject_name(l->p->ca));
	switch (r->number) {
	case SERIAL_ZERO:
		asn_raw(&w, VIEW("\x02\x01\x00"));
		break;
	case SERIAL_NEGATIVE:
		asn_raw(&w, VIEW("\x02\x01\xfe"));
		break;
	case SERIAL_LONG:
		blob_repeat(&serial, VIEW("\x11"), 10000);
		asn_put(&w, TAG_INTEGER, blob_view(&serial));
		break;
	case SERIAL_EMPTY:
		asn_raw(&w, VIEW("\x02\x00"));
		break;
	case SERIAL_UNKNOWN:
		asn_raw(&w, VIEW("\x02\x02\x11\x11"));
		break;
	case NO_PAIR:
		break;
	default:
		ADD_DER(&w.out, ASN1_INTEGER, X509_get0_serialNumber(l->alice.signer));
	}
	asn_close(&w);
	lab_wrap(l, r, blob_view(&w.out), out);
	blob_free(&w.out);
	blob_free(&serial);
}

static bool
is_alice(struct lab *l, X509 *cert, struct err *e)
{
	return (cert != NULL && X509_cmp(cert, l->alice.signer) == 0) ||
	       err_set(e, WHY_REFUSED, "another certificate came back");
}

static const struct row rows[] = {
    {"BAD-084", "CertPoll for an unknown transaction (PO-03)", WANT_F4, .make = poll},
    {"BAD-085", "CertPoll with bob's transaction by another key", WANT_F4, ROW_STRANGE_ID,
	.make = poll, .number = 1},
    {"BAD-086", "CertPoll with another name is served by its transaction (PO-02)", WANT_PEND,
	ROW_BY_BOB | ROW_SAME, .make = poll_other_name},
    {"BAD-087", "RenewalReq by a temporary certificate (RQ-05)", WANT_F2,
	.type = PEER_RENEWAL_REQ},
    {"BAD-087", "RenewalReq by a temporary certificate, grant auto", WANT_F2, ROW_AUTO,
	.type = PEER_RENEWAL_REQ},
    {"BAD-088", "RenewalReq by another CA of our name with alice's serial", WANT_F1,
	ROW_BY_ALICE, PEER_RENEWAL_REQ, .make = impostor},
    {"BAD-088", "the same as PKCSReq, grant auto", WANT_F1, ROW_BY_ALICE | ROW_AUTO,
	.make = impostor},
    {"BAD-089", "RenewalReq by a revoked certificate (RQ-10)", WANT_F2, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .make = revoked},
    {"BAD-089", "PKCSReq by a revoked certificate, grant auto", WANT_F2,
	ROW_BY_ALICE | ROW_AUTO, .make = revoked},
    {"BAD-089", "RenewalReq by a certificate that is not valid yet", WANT_F2, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .make = other_time, .number = 5},
    {"BAD-089", "RenewalReq by an expired certificate waits (RQ-11)", WANT_PEND, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .make = other_time, .number = -5},
    {"BAD-090", "renewal for another name (RQ-10)", WANT_F2, ROW_BY_ALICE, PEER_RENEWAL_REQ,
	.make = for_name, .number = NAME_OF_NOBODY},
    {"BAD-090", "renewal with a further alternative name", WANT_F2, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .with = {.san = "DNS:evil.example"}},
    {"BAD-090", "renewal that asks to be a CA waits for an operator", WANT_PEND, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .with = {.basic = "CA:TRUE"}},
    {"BAD-091", "PKCSReq by alice's certificate for bob", WANT_F2, ROW_BY_ALICE,
	.make = for_name, .number = NAME_OF_BOB},
    {"BAD-091", "the same, grant auto", WANT_F2, ROW_BY_ALICE | ROW_AUTO, .make = for_name,
	.number = NAME_OF_BOB},
    {"BAD-092", "request for a stranger by a certificate without RA mark", WANT_F2,
	ROW_BY_ALICE, .make = for_name, .number = NAME_OF_NOBODY},
    {"BAD-093", "the CA's own name", WANT_F2, .make = for_name, .number = NAME_OF_CA},
    {"BAD-093", "the CA's own name, grant auto", WANT_F2, ROW_AUTO, .make = for_name,
	.number = NAME_OF_CA},
    {"BAD-094", "the CA's own key", WANT_F2, .make = key_of_ca},
    {"BAD-094", "the CA's own key, grant auto", WANT_F2, ROW_AUTO, .make = key_of_ca},
    {"BAD-095", "a key that is certified for another name", WANT_F2, .make = key_of_alice},
    {"BAD-095", "the same, grant auto", WANT_F2, ROW_AUTO, .make = key_of_alice},
    {"BAD-096", "key and transaction of alice, another name", WANT_F2, .make = key_of_alice,
	.number = 1},
    {"BAD-096", "key and transaction of bob, another name: a request of its own (ST-04)",
	WANT_PEND, .make = key_of_bob},
    {"BAD-097", "a wrong challengePassword waits for an operator (RQ-07)", WANT_PEND,
	.with = {.challenge = "guess"}},
    {"BAD-098", "challengePassword of 60,000 octets", WANT_F2, .make = challenge,
	.number = TEXT_60K},
    {"BAD-098", "challengePassword of 256 characters", WANT_F2, .make = challenge,
	.number = TEXT_256},
    {"BAD-098", "challengePassword of 255 characters is legal (RQ-17)", WANT_PEND,
	.make = challenge, .number = TEXT_255},
    {"BAD-098", "challengePassword with a NUL", WANT_F2, .make = challenge, .number = TEXT_NUL},
    {"BAD-098", "challengePassword in half a BMPString", WANT_F2, .make = challenge,
	.number = TEXT_BMP_ODD},
    {"BAD-098", "challengePassword twice", WANT_F2, .make = challenge, .number = TEXT_TWICE},
    {"BAD-098", "challengePassword of two values", WANT_F2, .make = challenge,
	.number = TEXT_TWO_VALUES},
    {"BAD-098", "challengePassword is no string", WANT_F2, .make = challenge,
	.number = TEXT_BITS},
    {"BAD-100", "GetCert of her own certificate is served (QR-01)", WANT_OK,
	ROW_BY_ALICE | ROW_SAME, PEER_GET_CERT, .make = get_cert, .check = is_alice,
	.number = SERIAL_PADDED},
    {"BAD-100", "GetCert of serial 0", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT, .make = get_cert,
	.number = SERIAL_ZERO},
    {"BAD-100", "GetCert of a negative serial", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = SERIAL_NEGATIVE},
    {"BAD-100", "GetCert of a serial of 10,000 octets", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = SERIAL_LONG},
    {"BAD-100", "GetCert of an unknown serial", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = SERIAL_UNKNOWN},
    {"BAD-100", "GetCert of a serial without octets", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = SERIAL_EMPTY},
    {"BAD-100", "GetCert of another issuer", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = OTHER_ISSUER},
    {"BAD-100", "GetCert without a serial", WANT_F4, ROW_BY_ALICE, PEER_GET_CERT,
	.make = get_cert, .number = NO_PAIR},
    {"BAD-100", "GetCert by a stranger (QR-04: a live signer is asked for)", WANT_F2, 0,
	PEER_GET_CERT, .make = get_cert, .number = SERIAL_PADDED},
    {"BAD-101", "GetCRL has a list from the first instant (QR-02)", WANT_OK,
	ROW_BY_ALICE | ROW_SAME, PEER_GET_CRL, .make = get_cert, .number = SERIAL_PADDED},
    {"BAD-101", "GetCRL of an unknown serial: the current list (QR-03)", WANT_OK,
	ROW_BY_ALICE | ROW_SAME, PEER_GET_CRL, .make = get_cert, .number = SERIAL_UNKNOWN},
    {"BAD-101", "GetCRL of another issuer", WANT_F4, ROW_BY_ALICE, PEER_GET_CRL,
	.make = get_cert, .number = OTHER_ISSUER},
    {"BAD-102", "messageType 18 (UpdateReq)", WANT_F2, ROW_BY_ALICE, 18},
    {"BAD-102", "messageType 1 (MT-01)", WANT_F2, 0, 1},
    {"BAD-102", "messageType 2", WANT_F2, 0, 2},
    {"BAD-102", "messageType 4", WANT_F2, 0, 4},
    {"BAD-102", "messageType 23", WANT_F2, 0, 23},
    {"BAD-102", "messageType 3 from a client (MT-02)", WANT_F2, 0, 3},
    {"BAD-102", "messageType 3 with pkiStatus from a client", WANT_F2, 0, 3,
	.outer = {.extra = B(
		      "\x30\x11\x06\x0a\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x03\x31\x03\x13\x01"
		      "0")}},
    {"BAD-103", "renewal before a next CA exists is one like any other (RQ-04, RQ-12, RP-01)",
	WANT_OK, ROW_BY_ALICE},
};

const struct table scep_rows = {rows, COUNT_OF(rows)};
