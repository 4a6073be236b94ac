/* test_scep_hostile.c - forged pkiMessages and the verdict on each. */
#include "cms_fixture.h"
#include "wire/inner.h"

#define NONCE "0123456789abcdef"
#define ID "5CAB73B1F0A94E"
#define CONTENT "content of a message, not looked at by this layer"

/* ---- hostile messages ---- */

enum signed_how { SIGN_SET, SIGN_CONTEXT, SIGN_BROKEN, SIGN_BY_OTHER };
enum drop {
	DROP_TYPE = 1,
	DROP_ID = 2,
	DROP_DIGEST = 4,
	DROP_CONTENT_TYPE = 8,
	DROP_NONCE = 16
};

/* What a row changes of a good request; zero is good. Attribute values are whole elements. */
struct forge {
	struct view outer, version, signer_version, digest_algs, content_type, digest_alg,
	    sig_alg;
	struct view type, id, nonce, digest, type_of_content; /* values */
	struct view extra;				      /* whole attributes */
	struct view unsigned_attrs, behind;
	bool no_content, no_attrs, no_certificates, bare_unsigned;
	int copies;  /* further certificates */
	int signers; /* further signers; -1: none at all */
	unsigned drop;
	enum signed_how how;
};

static struct view
or_else(struct view given, struct view good)
{
	return given.p != NULL ? given : good;
}

static void
forge_attr(struct der_writer *w, struct view oid, struct view values)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	der_put(w, DER_SET, values);
	der_close(w);
}

#define VS "\x60\x86\x48\x01\x86\xf8\x45\x01\x09"
#define P9 "\x2a\x86\x48\x86\xf7\x0d\x01\x09"
#define P7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define SHA256_ALG "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define RSA_ALG "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"

static void
forge_attrs(const struct forge *f, struct blob *attrs)
{
	struct der_writer w = {.out = attrs};
	uint8_t digest[34] = {DER_OCTET_STRING, 32};

	sha256(f->no_content ? (struct view){0} : VIEW(CONTENT), digest + 2);
	der_open(&w, DER_SET);
	if (!(f->drop & DROP_TYPE))
		forge_attr(&w, VIEW(VS "\x02"),
		    or_else(f->type, VIEW("\x13\x02"
					  "19")));
	if (!(f->drop & DROP_ID))
		forge_attr(&w, VIEW(VS "\x07"), or_else(f->id, VIEW("\x13\x0e" ID)));
	if (!(f->drop & DROP_NONCE))
		forge_attr(&w, VIEW(VS "\x05"), or_else(f->nonce, VIEW("\x04\x10" NONCE)));
	if (!(f->drop & DROP_DIGEST))
		forge_attr(
		    &w, VIEW(P9 "\x04"), or_else(f->digest, view_of(digest, sizeof(digest))));
	if (!(f->drop & DROP_CONTENT_TYPE))
		forge_attr(&w, VIEW(P9 "\x03"),
		    or_else(f->type_of_content, VIEW("\x06\x09" P7 "\x01")));
	der_put_raw(&w, f->extra);
	der_close_sorted(&w);
}

static void
forge_signer(struct der_writer *w, const struct forge *f)
{
	struct blob attrs = {0}, sig = {0};

	forge_attrs(f, &attrs);
	if (f->how == SIGN_CONTEXT)
		attrs.p[0] = DER_CONTEXT(0);
	sign_bytes(f->how == SIGN_BY_OTHER ? clients.other.key : clients.rsa.key, HASH_SHA256,
	    PADDING_PKCS1, blob_view(&attrs), &sig);
	if (f->how == SIGN_BROKEN)
		sig.p[100] ^= 1;
	attrs.p[0] = DER_CONTEXT(0);
	der_open(w, DER_SEQUENCE);
	der_put_raw(w, or_else(f->signer_version, VIEW("\x02\x01\x01")));
	issuer_and_serial_encode(clients.rsa.c.issuer, clients.rsa.c.serial, w->out);
	der_put_raw(w, or_else(f->digest_alg, VIEW(SHA256_ALG)));
	if (!f->no_attrs)
		der_put_raw(w, blob_view(&attrs));
	der_put_raw(w, or_else(f->sig_alg, VIEW(RSA_ALG)));
	der_put(w, DER_OCTET_STRING, blob_view(&sig));
	if (f->bare_unsigned) {
		attrs.p[0] = DER_CONTEXT(1);
		der_put_raw(w, blob_view(&attrs));
	}
	der_close(w);
	blob_free(&attrs);
	blob_free(&sig);
}

static void
forge(const struct forge *f, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, or_else(f->outer, VIEW(P7 "\x02")));
	der_open(&w, DER_CONTEXT(0));
	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, or_else(f->version, VIEW("\x02\x01\x01")));
	der_put(&w, DER_SET, or_else(f->digest_algs, VIEW(SHA256_ALG)));
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, or_else(f->content_type, VIEW(P7 "\x01")));
	if (!f->no_content) {
		der_open(&w, DER_CONTEXT(0));
		der_put(&w, DER_OCTET_STRING, VIEW(CONTENT));
		der_close(&w);
	}
	der_close(&w);
	der_open(&w, DER_CONTEXT(0));
	for (int i = 0; i < f->copies; i++)
		der_put_raw(&w, blob_view(&clients.ec.der));
	if (!f->no_certificates)
		der_put_raw(&w, blob_view(&clients.rsa.der));
	der_close(&w);
	der_open(&w, DER_SET);
	for (int i = 0; i <= f->signers; i++)
		forge_signer(&w, f);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	der_close(&w);
	blob_add_view(out, f->behind);
}

#define NONCE_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define ATTR_AGAIN                                                                             \
	"\x30\x12\x06\x0a" VS "\x02\x31\x04\x13\x02"                                           \
	"19"
#define NONCE_AGAIN                                                                            \
	"\x30\x11\x06\x0a" VS "\x05\x31\x03\x04\x01"                                           \
	"x"
#define UNKNOWN "\x30\x0a\x06\x03\x2a\x03\x04\x31\x03\x04\x01x"
#define UNKNOWN_EMPTY "\x30\x07\x06\x03\x2a\x03\x04\x31\x00"

struct row {
	const char *id, *what;
	struct forge f;
	enum scep_verdict verdict;
	enum scep_fail fail; /* of SCEP_BAD */
	bool verifies;	     /* of SCEP_OK */
};

static const struct row rows[] = {
    {"-", "a good request", {.drop = 0}, SCEP_OK, 0, true},
    {"PK-12", "unknown attributes are ignored", {.extra = OID(UNKNOWN)}, SCEP_OK, 0, true},
    {"PK-10", "the signer is not the first certificate", {.copies = 3}, SCEP_OK, 0, true},
    {"BAD-048", "octets behind the ContentInfo", {.behind = OID("x")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-049", "version with leading zeros", {.version = OID("\x02\x03\0\0\x01")}, SCEP_OK, 0,
	true},
    {"BAD-049", "signer version with a leading zero", {.signer_version = OID("\x02\x02\0\x01")},
	SCEP_OK, 0, true},
    {"BAD-050", "negative version", {.version = OID("\x02\x01\xff")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-050", "version 99", {.version = OID("\x02\x01\x63")}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-050", "signer version 99", {.signer_version = OID("\x02\x01\x63")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-050", "version without octets", {.version = OID("\x02\x00")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-051", "OID that starts with padding",
	{.extra = OID("\x30\x0a\x06\x03\x80\x03\x04\x31\x03\x04\x01x")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-052", "40 certificates", {.copies = 39}, SCEP_UNREADABLE, 0, false},
    {"BAD-082", "32 certificates", {.copies = 31}, SCEP_OK, 0, true},
    {"BAD-082", "33 certificates", {.copies = 32}, SCEP_UNREADABLE, 0, false},
    {"BAD-052", "33 signers", {.signers = 32}, SCEP_UNREADABLE, 0, false},
    {"BAD-055", "outer type data", {.outer = OID(P7 "\x01")}, SCEP_UNREADABLE, 0, false},
    {"BAD-055", "outer type envelopedData", {.outer = OID(P7 "\x03")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-055", "outer type encryptedData", {.outer = OID(P7 "\x06")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-055", "outer type compressedData", {.outer = OID(P9 "\x10\x01\x09")}, SCEP_UNREADABLE,
	0, false},
    {"BAD-056", "no SignerInfo", {.signers = -1}, SCEP_UNREADABLE, 0, false},
    {"BAD-057", "two signers", {.signers = 1}, SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-058", "no signed attributes", {.no_attrs = true}, SCEP_UNREADABLE, 0, false},
    {"BAD-059", "signer's certificate not enclosed", {.no_certificates = true}, SCEP_OK, 0,
	false},
    {"BAD-060", "signature broken", {.how = SIGN_BROKEN}, SCEP_OK, 0, false},
    {"BAD-060", "signature by another key", {.how = SIGN_BY_OTHER}, SCEP_OK, 0, false},
    {"BAD-060", "messageDigest of other content",
	{.digest = OID("\x04\x20"
		       "0123456789abcdef0123456789abcdef")},
	SCEP_BAD, SCEP_BAD_MESSAGE_CHECK, false},
    {"BAD-060", "messageDigest too short", {.digest = OID("\x04\x01x")}, SCEP_BAD,
	SCEP_BAD_MESSAGE_CHECK, false},
    {"BAD-060", "messageDigest missing", {.drop = DROP_DIGEST}, SCEP_BAD,
	SCEP_BAD_MESSAGE_CHECK, false},
    {"BAD-060", "contentType attribute is signedData",
	{.type_of_content = OID("\x06\x09" P7 "\x02")}, SCEP_BAD, SCEP_BAD_MESSAGE_CHECK,
	false},
    {"BAD-060", "contentType attribute missing", {.drop = DROP_CONTENT_TYPE}, SCEP_BAD,
	SCEP_BAD_MESSAGE_CHECK, false},
    {"PK-01", "eContentType is envelopedData", {.content_type = OID(P7 "\x03")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-061", "signed with the [0] tag", {.how = SIGN_CONTEXT}, SCEP_OK, 0, false},
    {"BAD-062", "digest MD2",
	{.digest_alg = OID("\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x02\x05\x00")},
	SCEP_BAD, SCEP_BAD_ALG, false},
    {"BAD-062", "unknown digest", {.digest_alg = OID("\x30\x05\x06\x03\x2a\x03\x04")}, SCEP_BAD,
	SCEP_BAD_ALG, false},
    {"BAD-062", "unknown signature algorithm", {.sig_alg = OID("\x30\x05\x06\x03\x2a\x03\x04")},
	SCEP_BAD, SCEP_BAD_ALG, false},
    {"BAD-063", "digestAlgorithms says SHA-1",
	{.digest_algs = OID("\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a")}, SCEP_OK, 0, true},
    {"BAD-063", "digestAlgorithms empty", {.digest_algs = OID("")}, SCEP_OK, 0, true},
    {"AL-07", "digest parameters NULL",
	{.digest_alg = OID("\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00")},
	SCEP_OK, 0, true},
    {"AL-07", "rsaEncryption without parameters",
	{.sig_alg = OID("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")}, SCEP_OK, 0,
	true},
    {"PK-20", "sha256WithRSAEncryption (strongSwan sends it)",
	{.sig_alg = OID("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00")},
	SCEP_OK, 0, true},
    {"BAD-060", "sha512WithRSAEncryption beside digest SHA-256",
	{.sig_alg = OID("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00")},
	SCEP_BAD, SCEP_BAD_MESSAGE_CHECK, false},
    {"BAD-064", "ecdsa-with-SHA256 for an RSA key",
	{.sig_alg = OID("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")}, SCEP_BAD,
	SCEP_BAD_MESSAGE_CHECK, false},
    {"BAD-066", "attributes only unsigned: messageType",
	{.drop = DROP_TYPE, .bare_unsigned = true}, SCEP_UNREADABLE, 0, false},
    {"BAD-066", "unsigned attributes are not looked at", {.bare_unsigned = true}, SCEP_OK, 0,
	true},
    {"BAD-067", "messageType twice", {.extra = OID(ATTR_AGAIN)}, SCEP_UNREADABLE, 0, false},
    {"BAD-067", "messageType without value", {.type = OID("")}, SCEP_UNREADABLE, 0, false},
    {"BAD-067", "messageType with two values",
	{.type = OID("\x13\x02"
		     "19\x13\x02"
		     "17")},
	SCEP_UNREADABLE, 0, false},
    {"BAD-067", "messageType INTEGER", {.type = OID("\x02\x01\x13")}, SCEP_UNREADABLE, 0,
	false},
    {"BAD-067", "messageType missing", {.drop = DROP_TYPE}, SCEP_UNREADABLE, 0, false},
    {"BAD-067", "transactionID missing", {.drop = DROP_ID}, SCEP_UNREADABLE, 0, false},
    {"BAD-067", "transactionID OCTET STRING",
	{.id = OID("\x04\x01"
		   "1")},
	SCEP_UNREADABLE, 0, false},
    {"BAD-067", "senderNonce twice", {.extra = OID(NONCE_AGAIN)}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-067", "senderNonce with two values",
	{.nonce = OID("\x04\x01"
		      "1\x04\x01"
		      "2")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"AT-09", "unknown attribute twice", {.extra = OID(UNKNOWN UNKNOWN)}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"AT-09", "unknown attribute without value", {.extra = OID(UNKNOWN_EMPTY)}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-067", "contentType OCTET STRING", {.type_of_content = OID("\x04\x01x")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"AT", "messageType UTF8String",
	{.type = OID("\x0c\x02"
		     "19")},
	SCEP_OK, 0, true},
    {"AT", "messageType IA5String",
	{.type = OID("\x16\x02"
		     "17")},
	SCEP_OK, 0, true},
    {"BAD-068", "messageType 019",
	{.type = OID("\x13\x03"
		     "019")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-068", "messageType with a blank", {.type = OID("\x13\x03 19")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-068", "messageType with NUL",
	{.type = OID("\x13\x03"
		     "19\0")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-068", "messageType nineteen", {.type = OID("\x13\x08nineteen")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-068", "messageType -1", {.type = OID("\x13\x02-1")}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-068", "messageType of many digits",
	{.type = OID("\x13\x10"
		     "1000000000000000")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-068", "messageType empty", {.type = OID("\x13\x00")}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-069", "transactionID empty", {.id = OID("\x13\x00")}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-069", "transactionID of 128 octets", {.id = OID("\x13\x81\x80" NONCE_64 NONCE_64)},
	SCEP_OK, 0, true},
    {"BAD-069", "transactionID of 129 octets",
	{.id = OID("\x13\x81\x81" NONCE_64 NONCE_64 "1")}, SCEP_UNREADABLE, 0, false},
    {"BAD-069", "transactionID with NUL",
	{.id = OID("\x13\x03"
		   "a\0b")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-069", "transactionID with a newline",
	{.id = OID("\x13\x03"
		   "a\nb")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-069", "transactionID of octets over 7e", {.id = OID("\x0c\x02\xc3\xa4")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-069", "transactionID ../x is text like any other", {.id = OID("\x13\x04../x")},
	SCEP_OK, 0, true},
    {"AT", "transactionID UTF8String, base64",
	{.id = OID("\x0c\x08"
		   "ab+/cd==")},
	SCEP_OK, 0, true},
    {"BAD-070", "senderNonce missing (AT-06 is the caller's)", {.drop = DROP_NONCE}, SCEP_OK, 0,
	true},
    {"BAD-070", "senderNonce empty", {.nonce = OID("\x04\x00")}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-070", "senderNonce of 1 octet", {.nonce = OID("\x04\x01x")}, SCEP_OK, 0, true},
    {"BAD-070", "senderNonce of 64 octets", {.nonce = OID("\x04\x40" NONCE_64)}, SCEP_OK, 0,
	true},
    {"BAD-070", "senderNonce of 65 octets", {.nonce = OID("\x04\x41" NONCE_64 "1")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-070", "senderNonce PrintableString", {.nonce = OID("\x13\x01x")}, SCEP_BAD,
	SCEP_BAD_REQUEST, false},
    {"BAD-071", "PKCSReq without eContent", {.no_content = true}, SCEP_BAD, SCEP_BAD_REQUEST,
	false},
    {"BAD-071", "CertPoll without eContent",
	{.no_content = true,
	    .type = OID("\x13\x02"
			"20")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-102", "messageType 18",
	{.type = OID("\x13\x02"
		     "18")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-102", "messageType 1",
	{.type = OID("\x13\x01"
		     "1")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-102", "messageType 2",
	{.type = OID("\x13\x01"
		     "2")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-102", "messageType 4",
	{.type = OID("\x13\x01"
		     "4")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"BAD-102", "messageType 23",
	{.type = OID("\x13\x02"
		     "23")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"AT-02", "CertRep without pkiStatus",
	{.type = OID("\x13\x01"
		     "3")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"MT-03", "CertRep with pkiStatus 1",
	{.type = OID("\x13\x01"
		     "3"),
	    .extra = OID("\x30\x11\x06\x0a" VS "\x03\x31\x03\x13\x01"
			 "1")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"MT-04", "CertRep with pkiStatus 00",
	{.type = OID("\x13\x01"
		     "3"),
	    .extra = OID("\x30\x12\x06\x0a" VS "\x03\x31\x04\x13\x02"
			 "00")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"MT-03", "CertRep with failInfo 5",
	{.type = OID("\x13\x01"
		     "3"),
	    .extra = OID("\x30\x11\x06\x0a" VS "\x03\x31\x03\x13\x01"
			 "2"
			 "\x30\x11\x06\x0a" VS "\x04\x31\x03\x13\x01"
			 "5")},
	SCEP_BAD, SCEP_BAD_REQUEST, false},
    {"PK-04", "CertRep PENDING without eContent",
	{.no_content = true,
	    .type = OID("\x13\x01"
			"3"),
	    .extra = OID("\x30\x11\x06\x0a" VS "\x03\x31\x03\x13\x01"
			 "3")},
	SCEP_OK, 0, true},
};

static void
bad_rows_get_their_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct blob der = {0}, scratch = {0};
		struct scep m = {0};
		struct err e = {0};
		enum scep_verdict v;
		uint8_t *copy;

		forge(&row->f, &der);
		copy = exact_copy(blob_view(&der));
		v = scep_decode(view_of(copy, der.n), &scratch, &m, &e);
		if (v != row->verdict || (v == SCEP_BAD && m.fail_as != row->fail))
			fail_msg("%s %s: verdict %d failInfo %d: %s", row->id, row->what, v,
			    m.fail_as, e.text);
		if (v == SCEP_OK && scep_verified(&m) != row->verifies)
			fail_msg(
			    "%s %s: verifies is not %d", row->id, row->what, row->verifies);
		if (v != SCEP_OK && e.why != WHY_BAD_INPUT)
			fail_msg("%s %s: no reason given", row->id, row->what);
		if (v == SCEP_BAD) { /* enough to answer, and to the right one */
			assert_true(view_equal(m.signer_serial, clients.rsa.c.serial));
			assert_true(row->f.id.p != NULL || view_equal_str(m.transaction, ID));
		}
		if (v == SCEP_UNREADABLE)
			assert_null(m.transaction.p);
		free(copy);
		blob_free(&der);
		blob_free(&scratch);
	}
}

/* ---- every offset, every bit ---- */

static void
bad043_truncation_at_every_offset(void **state)
{
	struct blob der = {0}, ber = {0};

	(void)state;
	forge(&(struct forge){0}, &der);
	ber_indefinite(blob_view(&der), 5, &ber);
	for (int k = 0; k < 2; k++) {
		struct view whole = blob_view(k == 0 ? &der : &ber);

		for (size_t n = 0; n < whole.n; n++) {
			uint8_t *copy = exact_copy(view_of(whole.p, n));
			struct blob scratch = {0};
			struct scep m;

			assert_int_equal(
			    scep_decode(view_of(copy, n), &scratch, &m, NULL), SCEP_UNREADABLE);
			free(copy);
			blob_free(&scratch);
		}
	}
	blob_free(&der);
	blob_free(&ber);
}

/*
 * The fields that no signature of the message covers and that this layer does not need. The
 * enclosed certificate is judged by whoever trusts it: all that matters here is its key, and a
 * flip there is noticed.
 */
enum free_field {
	FREE_VERSION,
	FREE_DIGEST_ALGS,
	FREE_CERTIFICATES,
	FREE_SIGNER_VERSION,
	FREE_SIGNER_ID,
	FREE_SIG_ALG,
	FREE_COUNT,
	NOT_FREE = FREE_COUNT,
};
static const char *const free_names[] = {"SignedData.version", "digestAlgorithms",
    "certificates", "SignerInfo.version", "SignerIdentifier (case of a name)",
    "signatureAlgorithm"};

struct range {
	size_t from, until;
};

static void
range_set(struct range *r, struct view whole, struct view part)
{
	r->from = (size_t)(part.p - whole.p);
	r->until = r->from + part.n;
}

static struct der
next(struct reader *r)
{
	struct der d;

	assert_true(der_any(r, &d, NULL));
	return d;
}

static void
free_fields(struct view der, struct range out[FREE_COUNT])
{
	struct reader r = reader_of(der);

	r = reader_of(next(&r).body);
	(void)next(&r);
	r = reader_of(next(&r).body);
	r = reader_of(next(&r).body);
	range_set(&out[FREE_VERSION], der, next(&r).body);
	range_set(&out[FREE_DIGEST_ALGS], der, next(&r).whole);
	(void)next(&r);
	range_set(&out[FREE_CERTIFICATES], der, next(&r).body);
	r = reader_of(next(&r).body);
	r = reader_of(next(&r).body);
	range_set(&out[FREE_SIGNER_VERSION], der, next(&r).body);
	range_set(&out[FREE_SIGNER_ID], der, next(&r).body);
	(void)next(&r);
	(void)next(&r);
	range_set(&out[FREE_SIG_ALG], der, next(&r).body);
}

static enum free_field
field_at(const struct range ranges[FREE_COUNT], size_t at)
{
	for (int i = 0; i < FREE_COUNT; i++)
		if (at >= ranges[i].from && at < ranges[i].until)
			return (enum free_field)i;
	return NOT_FREE;
}

static bool
same_meaning(const struct scep *m)
{
	return m->type == SCEP_PKCSREQ && view_equal_str(m->transaction, ID) &&
	       view_equal_str(m->sender_nonce, NONCE) &&
	       view_equal(m->content, VIEW(CONTENT)) &&
	       view_equal(m->signer.key.whole, clients.rsa.c.key.whole);
}

static void
bad044_no_flipped_bit_is_taken(void **state)
{
	struct blob der = {0};
	struct range ranges[FREE_COUNT];
	size_t survived[FREE_COUNT] = {0};

	(void)state;
	forge(&(struct forge){0}, &der);
	free_fields(blob_view(&der), ranges);
	for (size_t bit = 0; bit < der.n * 8;
	     bit += getenv("KEYMUSTER_QUICK") == NULL ? 1 : 10) {
		struct blob scratch = {0};
		struct scep m;
		enum free_field f = field_at(ranges, bit / 8);

		der.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (scep_decode(blob_view(&der), &scratch, &m, NULL) == SCEP_OK &&
		    scep_verified(&m)) {
			if (f == NOT_FREE || !same_meaning(&m))
				fail_msg("BAD-044: bit %zu of octet %zu flipped and taken",
				    bit % 8, bit / 8);
			survived[f]++;
		}
		der.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		blob_free(&scratch);
	}
	for (int i = 0; i < FREE_COUNT; i++)
		print_message("# %zu bits without effect in %s\n", survived[i], free_names[i]);
	assert_int_equal(survived[FREE_SIG_ALG], 0);
	blob_free(&der);
}

/* ---- keys, order, echo ---- */

static void
bad083_signer_key_is_refused_before_use(void **state)
{
	struct blob der = {0}, scratch = {0};
	struct scep m;
	size_t at;

	(void)state;
	forge(&(struct forge){0}, &der);
	assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_OK);
	at = (size_t)(m.signer.key.exponent.p - der.p);
	assert_true(m.signer.key.exponent.n == 3);
	der.p[at + 2] = 2; /* 65538: even */
	assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_BAD);
	assert_int_equal(m.fail_as, SCEP_BAD_ALG);
	der.p[at + 2] = 1;
	/* Broken elsewhere: another answer. */
	for (size_t i = 0; i + 4 < der.n; i++)
		if (memcmp(der.p + i,
			"\x17\x0d"
			"20",
			4) == 0)
			der.p[i + 4] = 'x';
	assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_BAD);
	assert_int_equal(m.fail_as, SCEP_BAD_REQUEST);
	blob_free(&der);
	blob_free(&scratch);
}

/* Attributes sent in reverse order, signed as the sorted SET: read and verified. */
static void
pk07_attributes_are_sorted_before_verifying(void **state)
{
	struct blob der = {0}, scratch = {0}, turned = {0}, ber = {0};
	struct view parts[8];
	struct reader r;
	struct scep m;
	struct der d;
	size_t n = 0, at;

	(void)state;
	forge(&(struct forge){0}, &der);
	assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_OK);
	r = reader_of(m.signed_attrs);
	assert_true(der_any(&r, &d, NULL));
	for (r = reader_of(d.body); r.n > 0; n++) {
		struct der a;

		assert_true(der_any(&r, &a, NULL));
		parts[n] = a.whole;
	}
	for (size_t i = n; i-- > 0;)
		blob_add_view(&turned, parts[i]);
	for (at = 0; memcmp(der.p + at, d.body.p, d.body.n) != 0; at++)
		continue;
	memcpy(der.p + at, turned.p, turned.n);
	assert_int_equal(scep_decode(blob_view(&der), &scratch, &m, NULL), SCEP_OK);
	assert_true(scep_verified(&m));

	ber_indefinite(blob_view(&der), 5, &ber);
	assert_int_equal(scep_decode(blob_view(&ber), &scratch, &m, NULL), SCEP_OK);
	assert_true(scep_verified(&m));
	assert_true(same_meaning(&m));
	blob_free(&der);
	blob_free(&scratch);
	blob_free(&turned);
	blob_free(&ber);
}

static void
signer_reads_exactly_signed_attributes(void **state)
{
	struct blob good = {0}, bad = {0};
	const struct scep_spec s = {.type = SCEP_CERTREP,
	    .transaction = VIEW(ID),
	    .status = SCEP_SUCCESS,
	    .fail = -1,
	    .digest = HASH_SHA256,
	    .content = VIEW(CONTENT)};
	struct err e;
	int type = 0;

	(void)state;
	assert_true(scep_encode_attrs(&s, &good, NULL));
	assert_true(scep_attrs_decode(blob_view(&good), &type, &e));
	assert_int_equal(type, SCEP_CERTREP);
	for (size_t n = 0; n < good.n; n++)
		assert_false(scep_attrs_decode(view_of(good.p, n), &type, &e));
	assert_false(
	    scep_attrs_decode(clients.rsa.c.tbs, &type, &e)); /* a certificate in disguise */
	blob_set(&bad, blob_view(&good));
	blob_add_byte(&bad, 0);
	assert_false(scep_attrs_decode(blob_view(&bad), &type, &e));
	for (unsigned drop = 1; drop < 16; drop++) {
		const struct forge f = {.drop = drop};

		blob_clear(&bad);
		forge_attrs(&f, &bad);
		assert_false(scep_attrs_decode(blob_view(&bad), &type, &e));
	}
	blob_clear(&bad);
	forge_attrs(&(struct forge){.extra = VIEW(UNKNOWN)}, &bad);
	assert_false(scep_attrs_decode(blob_view(&bad), &type, &e));
	blob_clear(&bad);
	forge_attrs(&(struct forge){0}, &bad);
	assert_true(scep_attrs_decode(blob_view(&bad), &type, &e));
	/* messageType (18 octets) and the one behind it change places */
	uint8_t first[18];
	memcpy(first, bad.p + 3, sizeof(first));
	memmove(bad.p + 3, bad.p + 3 + sizeof(first), bad.n - 3 - sizeof(first));
	memcpy(bad.p + bad.n - sizeof(first), first, sizeof(first));
	assert_false(scep_attrs_decode(blob_view(&bad), &type, &e));
	blob_free(&good);
	blob_free(&bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_rows_get_their_verdict),
	    cmocka_unit_test(bad043_truncation_at_every_offset),
	    cmocka_unit_test(bad044_no_flipped_bit_is_taken),
	    cmocka_unit_test(bad083_signer_key_is_refused_before_use),
	    cmocka_unit_test(pk07_attributes_are_sorted_before_verifying),
	    cmocka_unit_test(signer_reads_exactly_signed_attributes),
	};

	return cmocka_run_group_tests(tests, clients_make, clients_free);
}
