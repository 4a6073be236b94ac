/* rows_der.c - BAD-045 to BAD-053: what is no DER. */
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/lab.h"

/* A good message whose outer head is replaced by these octets. */
static void
other_head(struct lab *l, const struct row *r, struct blob *out)
{
	struct row good = {0};
	struct blob message = {0};
	struct err e = {0};

	if (!row_make(l, &good, &message, &e))
		abort();
	blob_add_view(out, r->plain); /* 30 82 nn nn goes */
	blob_add(out, message.p + 4, message.n - 4);
	blob_free(&message);
}

/* The same inside the envelope. */
static void
request_of_head(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob csr = {0}, other = {0};
	struct row good = {0};

	lab_csr(l, &csr);
	blob_add_view(&other, r->plain);
	blob_add(&other, csr.p + 4, csr.n - 4);
	lab_wrap(l, &good, blob_view(&other), out);
	blob_free(&csr);
	blob_free(&other);
}

/* r->number times r->plain, nothing else. */
static void
repeated(struct lab *l, const struct row *r, struct blob *out)
{
	(void)l;
	blob_repeat(out, r->plain, (size_t)r->number);
}

/* Properly closed SEQUENCEs, 100,000 deep at most: heads from the inside out. */
static void
nested(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob *heads = mem_array(NULL, (size_t)r->number, sizeof(*heads));
	size_t n = 0;

	(void)l;
	for (int i = 0; i < r->number; i++) {
		heads[i] = (struct blob){0};
		asn_head(&heads[i], TAG_SEQUENCE, n, 0);
		n += heads[i].n;
	}
	for (int i = r->number - 1; i >= 0; i--) {
		blob_add_view(out, blob_view(&heads[i]));
		blob_free(&heads[i]);
	}
	free(heads);
}

/* A good message with eContent in other pieces; the digest is that of the joined octets. */
static void
content_in(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob csr = {0}, sealed = {0};
	struct asn w = {0};
	struct outer_row o = {0};
	struct err e = {0};
	size_t piece;

	lab_csr(l, &csr);
	forge_envelope(&(struct seal_row){0}, l->p->recipient, blob_view(&csr), &sealed);
	piece = sealed.n / (size_t)r->number + 1;
	if (r->number < 0) { /* one piece, so many OCTET STRINGs deep */
		for (int i = 0; i > r->number; i--)
			blob_add_view(&w.out, VIEW("\x24\x80"));
		asn_put(&w, TAG_OCTETS, blob_view(&sealed));
		blob_repeat(&w.out, VIEW("\0\0"), (size_t)-r->number);
	} else {
		blob_add_view(&w.out, VIEW("\x24\x80"));
		for (size_t at = 0; at < sealed.n; at += piece)
			asn_put(&w, TAG_OCTETS,
			    view_of(
				sealed.p + at, sealed.n - at < piece ? sealed.n - at : piece));
		blob_repeat(&w.out, r->plain, 1); /* empty pieces to drown in */
		blob_add_view(&w.out, VIEW("\0\0"));
	}
	o.content = blob_view(&w.out);
	if (!forge_message(&o, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, &e))
		abort();
	blob_free(&csr);
	blob_free(&sealed);
	blob_free(&w.out);
}

static void
drowned_content(struct lab *l, const struct row *r, struct blob *out)
{
	struct row drowned = *r;

	blob_repeat(&l->keep[0], VIEW("\x04\x00"), 110000);
	drowned.plain = blob_view(&l->keep[0]);
	content_in(l, &drowned, out);
}

/* The whole message with indefinite lengths in every constructed element of the first four
 * levels. */
static void
indefinite(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob good = {0};
	struct row plain = {0};
	struct err e = {0};
	const uint8_t *p;
	long n;
	int tag, class;

	(void)r;
	if (!row_make(l, &plain, &good, &e))
		abort();
	p = good.p; /* ContentInfo, oid, [0], SignedData */
	ASN1_get_object(&p, &n, &tag, &class, (long)good.n);
	blob_add_view(out, VIEW("\x30\x80"));
	blob_add(out, p, 11);
	p += 11;
	ASN1_get_object(&p, &n, &tag, &class, (long)(good.n - (size_t)(p - good.p)));
	blob_add_view(out, VIEW("\xa0\x80"));
	ASN1_get_object(&p, &n, &tag, &class, n);
	blob_add_view(out, VIEW("\x30\x80"));
	blob_add(out, p, (size_t)n);
	blob_repeat(out, VIEW("\0\0"), 3);
	blob_free(&good);
}

/* Lengths of five octets at the head, the signer's certificate, or the request. */
enum { PAD_HEAD, PAD_ATTRS, PAD_ATTRS_SIGNED_SO, PAD_CERT, PAD_CSR, PAD_CSR_VERSION };

static void
pad_attributes(struct asn *all, const struct peer *p, struct view content, bool padded)
{
	uint8_t md[32];
	unsigned n = 32;
	const struct {
		const char *oid;
		int tag;
		struct view value;
	} rows[] = {
	    {OID_SCEP "2", TAG_PRINTABLE, VIEW("19")},
	    {OID_SCEP "7", TAG_PRINTABLE, view_str(p->transaction)},
	    {OID_SCEP "5", TAG_OCTETS, view_of(p->nonce, 16)},
	    {OID_PKCS9 "4", TAG_OCTETS, view_of(md, 32)},
	    {OID_PKCS9 "3", 6, VIEW("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")},
	};

	EVP_Digest(content.p, content.n, md, &n, EVP_sha256(), NULL);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct asn w = {0};

		asn_oid(&w, rows[i].oid);
		asn_open(&w, TAG_SET);
		asn_put(&w, rows[i].tag, rows[i].value);
		asn_close(&w);
		asn_head(&all->out, TAG_SEQUENCE, w.out.n, padded ? 3 : 0);
		asn_raw(all, blob_view(&w.out));
		blob_free(&w.out);
	}
}

/* Attributes with padded lengths; signed as DER (honest BER sender) or as they were sent. */
static void
padded_attrs(struct lab *l, const struct row *r, struct blob *out)
{
	struct blob csr = {0}, sealed = {0}, sig = {0};
	struct asn good = {0}, padded = {0}, set = {0};
	struct outer_row o = {0};
	struct err e = {0};

	lab_csr(l, &csr);
	forge_envelope(&(struct seal_row){0}, l->p->recipient, blob_view(&csr), &sealed);
	/* Once for signer, transaction and nonce; the nonce is then kept by signing by hand. */
	if (!peer_temporary(l->p, NULL, &e) || !peer_transaction(l->p, "SHA256", &e))
		abort();
	memset(l->p->nonce, 7, sizeof(l->p->nonce));
	pad_attributes(&good, l->p, blob_view(&sealed), false);
	pad_attributes(&padded, l->p, blob_view(&sealed), true);
	asn_open(&set, TAG_SET);
	asn_raw(&set, r->number == PAD_ATTRS ? blob_view(&good.out) : blob_view(&padded.out));
	if (r->number == PAD_ATTRS)
		asn_close_sorted(&set);
	else
		asn_close(&set);
	if (!sign_with(l->p->signer_key, "SHA256", blob_view(&set.out), &sig))
		abort();
	o.attrs = blob_view(&padded.out);
	o.signature = blob_view(&sig);
	if (!forge_message(&o, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, &e))
		abort();
	memset(l->p->nonce, 7, sizeof(l->p->nonce));
	blob_free(&csr);
	blob_free(&sealed);
	blob_free(&sig);
	blob_free(&good.out);
	blob_free(&padded.out);
	blob_free(&set.out);
}

static void
padded_head(struct lab *l, const struct row *r, struct blob *out)
{
	struct row good = {0};
	struct blob message = {0};
	struct err e = {0};

	if (!row_make(l, &good, &message, &e))
		abort();
	asn_head(out, TAG_SEQUENCE, message.n - 4, r->number);
	blob_add(out, message.p + 4, message.n - 4);
	blob_free(&message);
}

/* The signer's certificate with a padded length of its own. */
static void
padded_cert(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = {0};
	struct blob der = {0}, padded = {0};
	struct err e = {0};

	(void)r;
	if (!peer_temporary(l->p, NULL, &e))
		abort();
	add_cert(&der, l->p->signer);
	asn_head(&padded, TAG_SEQUENCE, der.n - 4, 3);
	blob_add(&padded, der.p + 4, der.n - 4);
	inner.outer.no_certificate = true;
	inner.outer.more = blob_view(&padded);
	if (!row_make(l, &inner, out, &e))
		abort();
	blob_free(&der);
	blob_free(&padded);
}

static void
padded_csr(struct lab *l, const struct row *r, struct blob *out)
{
	struct row good = {0};
	struct blob csr = {0}, padded = {0};

	(void)r;
	lab_csr(l, &csr);
	asn_head(&padded, TAG_SEQUENCE, csr.n - 4, 3);
	blob_add(&padded, csr.p + 4, csr.n - 4);
	lab_wrap(l, &good, blob_view(&padded), out);
	blob_free(&csr);
	blob_free(&padded);
}

/* OBJECT IDENTIFIER of r->number arcs, as digest algorithm or as type of an attribute. */
static void
long_oid(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = {0};
	struct blob arcs = {0};
	struct asn w = {0};
	struct err e = {0};

	blob_repeat(&arcs, VIEW("\x2a"), (size_t)abs(r->number));
	asn_open(&w, TAG_SEQUENCE);
	asn_put(&w, 6, blob_view(&arcs));
	if (r->number < 0)
		asn_put(&w, TAG_SET, VIEW("\x04\x01x"));
	asn_close(&w);
	if (r->number < 0)
		inner.outer.extra = blob_view(&w.out);
	else
		inner.outer.digest_alg = blob_view(&w.out);
	if (!row_make(l, &inner, out, &e))
		abort();
	blob_free(&arcs);
	blob_free(&w.out);
}

enum { MANY_DIGESTS, MANY_CERTIFICATES, MANY_SIGNERS, MANY_ATTRIBUTES };

static void
too_many(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = {0};
	struct blob many = {0};
	struct err e = {0};

	switch (r->number) {
	case MANY_DIGESTS:
		blob_repeat(&many, VIEW("\x30\x03\x06\x01\x2a"), 40000);
		inner.outer.digest_algs = blob_view(&many);
		break;
	case MANY_CERTIFICATES:
		blob_repeat(&many, VIEW("\x30\x00"), 100000);
		inner.outer.more = blob_view(&many);
		break;
	case MANY_ATTRIBUTES:
		blob_repeat(
		    &many, VIEW("\x30\x0a\x06\x03\x2a\x03\x04\x31\x03\x04\x01x"), 10000);
		inner.outer.extra = blob_view(&many);
		inner.outer.how = SIGN_AS_SENT;
		break;
	default:
		inner.outer.signers = 200;
	}
	if (!row_make(l, &inner, out, &e))
		abort();
	blob_free(&many);
}

static const struct row rows[] = {
    {"BAD-045", "a good message, forged octet by octet, waits (AT-03, AT-08, HT-16, RQ-20)",
	WANT_PEND},
    {"BAD-045", "length of four octets 0xff", WANT_UNREADABLE, .make = other_head,
	.plain = B("\x30\x84\xff\xff\xff\xff")},
    {"BAD-045", "length of eight octets 0xff", WANT_UNREADABLE, .make = other_head,
	.plain = B("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"BAD-045", "length of eight octets that wraps to a small one", WANT_UNREADABLE,
	.make = other_head, .plain = B("\x30\x89\x01\0\0\0\0\0\0\0\x10")},
    {"BAD-045", "length octet 0xff", WANT_UNREADABLE, .make = other_head,
	.plain = B("\x30\xff")},
    {"BAD-045", "length 0x80 in a primitive element", WANT_UNREADABLE,
	.outer = {.version = B("\x02\x80\x01\0\0")}},
    {"BAD-045", "the request inside announces four octets 0xff", WANT_F2,
	.make = request_of_head, .plain = B("\x30\x84\xff\xff\xff\xff")},
    {"BAD-045", "the request inside announces too little", WANT_F2, .make = request_of_head,
	.plain = B("\x30\x82\x00\x10")},
    {"BAD-046", "indefinite length without end", WANT_UNREADABLE, .make = other_head,
	.plain = B("\x30\x80")},
    {"BAD-046", "indefinite lengths, 100,000 deep", WANT_UNREADABLE, .make = repeated,
	.plain = B("\x30\x80"), .number = 100000},
    {"BAD-046", "indefinite lengths, 65 deep", WANT_UNREADABLE, .make = repeated,
	.plain = B("\x30\x80"), .number = 65},
    {"BAD-046", "closed SEQUENCEs, 50,000 deep", WANT_UNREADABLE, .make = nested,
	.number = 50000},
    {"BAD-046", "indefinite lengths as BER allows are served", WANT_PEND, .make = indefinite},
    {"BAD-047", "OCTET STRING 70 deep", WANT_UNREADABLE, .make = content_in, .number = -70},
    {"BAD-047", "OCTET STRING of 110,000 empty pieces", WANT_UNREADABLE,
	.make = drowned_content, .number = 1},
    {"BAD-047", "OCTET STRING of 100 pieces is served", WANT_PEND, .make = content_in,
	.number = 100},
    {"BAD-047", "OCTET STRING 3 deep is served", WANT_PEND, .make = content_in, .number = -3},
    {"BAD-048", "one octet behind the message", WANT_UNREADABLE, .outer = {.behind = B("x")}},
    {"BAD-048", "a second message behind the message", WANT_UNREADABLE,
	.outer = {.behind = B("\x30\x03\x02\x01\x05")}},
    {"BAD-049", "padded length in the CMS layer is served", WANT_PEND, .make = padded_head,
	.number = 4},
    {"BAD-045", "length field of 9 octets, seven of them zero", WANT_UNREADABLE,
	.make = padded_head, .number = 9},
    {"BAD-049", "leading zeros of a version are served", WANT_PEND,
	.outer = {.version = B("\x02\x03\0\0\x01")}, .seal = {.version = B("\x02\x02\0\0")}},
    {"BAD-049", "padded lengths in signedAttrs, DER is signed: served (PK-07)", WANT_PEND,
	.make = padded_attrs, .number = PAD_ATTRS},
    {"BAD-049", "padded lengths in signedAttrs are signed as sent", WANT_F1,
	.make = padded_attrs, .number = PAD_ATTRS_SIGNED_SO},
    {"BAD-049", "padded length of the request inside", WANT_F2, .make = padded_csr},
    {"BAD-049", "leading zero in the request's version", WANT_F2, .forged = true,
	.ask = {.version = B("\x02\x02\0\0")}},
    {"BAD-049", "padded length of a temporary certificate: only its key is used", WANT_PEND,
	.make = padded_cert},
    {"BAD-050", "SignedData version -1", WANT_F2, .outer = {.version = B("\x02\x01\xff")}},
    {"BAD-050", "SignedData version 99", WANT_F2, .outer = {.version = B("\x02\x01\x63")}},
    {"BAD-050", "SignerInfo version 99", WANT_F2,
	.outer = {.signer_version = B("\x02\x01\x63")}},
    {"BAD-050", "EnvelopedData version -1", WANT_F2, .seal = {.version = B("\x02\x01\xff")}},
    {"BAD-050", "EnvelopedData version 99", WANT_F2, .seal = {.version = B("\x02\x01\x63")}},
    {"BAD-050", "recipient version 99", WANT_F2,
	.seal = {.recipient_version = B("\x02\x01\x63")}},
    {"BAD-050", "a version without octets", WANT_UNREADABLE,
	.outer = {.version = B("\x02\x00")}},
    {"BAD-051", "digest OID of 100,000 arcs", WANT_F0, .make = long_oid, .number = 100000},
    {"BAD-051", "attribute OID of 100,000 arcs", WANT_UNREADABLE, .make = long_oid,
	.number = -100000},
    {"BAD-051", "OID that starts with padding", WANT_UNREADABLE,
	.outer = {.extra = B("\x30\x0a\x06\x03\x80\x03\x04\x31\x03\x04\x01x")}},
    {"BAD-051", "OID with an arc of 20 octets is unknown, no more", WANT_PEND,
	.outer = {.extra = B("\x30\x1c\x06\x15\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			     "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x31\x03\x04\x01x")}},
    {"BAD-051", "OID without its last octet", WANT_UNREADABLE,
	.outer = {.extra = B("\x30\x0a\x06\x03\x2a\x03\x84\x31\x03\x04\x01x")}},
    {"BAD-052", "40,000 digestAlgorithms", WANT_UNREADABLE, .make = too_many,
	.number = MANY_DIGESTS},
    {"BAD-052", "100,000 certificates", WANT_UNREADABLE, .make = too_many,
	.number = MANY_CERTIFICATES},
    {"BAD-052", "201 signers", WANT_UNREADABLE, .make = too_many, .number = MANY_SIGNERS},
    {"BAD-052", "10,000 signed attributes", WANT_UNREADABLE, .make = too_many,
	.number = MANY_ATTRIBUTES},
    {"BAD-053", "high tag number", WANT_UNREADABLE,
	.outer = {.version = B("\x1f\x02\x01\x01")}},
    {"BAD-053", "universal tag 0", WANT_UNREADABLE, .outer = {.version = B("\x00\x01\x01")}},
    {"BAD-053", "high tag number in the envelope", WANT_F2,
	.seal = {.version = B("\x1f\x02\x01\x01")}},
    {"BAD-053", "universal tag 0 in the request", WANT_F2, .forged = true,
	.ask = {.version = B("\x00\x01\x00")}},
};

const struct table der_rows = {rows, COUNT_OF(rows)};
