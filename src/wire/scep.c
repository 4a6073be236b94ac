/* scep.c - the signed pkiMessage: read and write. */
#include "wire/cms.h"

#include <string.h>

#define FAIL_TEXT_MAX 1024

enum attr {
	ATTR_CONTENT_TYPE,
	ATTR_DIGEST,
	ATTR_TYPE,
	ATTR_STATUS,
	ATTR_FAIL,
	ATTR_FAIL_TEXT,
	ATTR_SENDER_NONCE,
	ATTR_RECIPIENT_NONCE,
	ATTR_TRANSACTION,
	ATTR_COUNT,
};

enum form { FORM_OID, FORM_OCTETS, FORM_STRING };

/* RFC 5652 11 and RFC 8894 3.2.1. */
static const struct attr_row {
	const char *name;
	struct view oid;
	enum form form;
	size_t least, most; /* octets of the value */
} rows[ATTR_COUNT] = {
    [ATTR_CONTENT_TYPE] = {"contentType", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"), FORM_OID,
	1, OID_MAX},
    [ATTR_DIGEST] = {"messageDigest", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"), FORM_OCTETS,
	1, HASH_MAX},
    [ATTR_TYPE] = {"messageType", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x02"), FORM_STRING,
	1, 3},
    [ATTR_STATUS] = {"pkiStatus", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x03"), FORM_STRING,
	1, 1},
    [ATTR_FAIL] = {"failInfo", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x04"), FORM_STRING, 1,
	1},
    [ATTR_FAIL_TEXT] = {"failInfoText", OID("\x2b\x06\x01\x05\x05\x07\x18\x01"), FORM_STRING, 0,
	FAIL_TEXT_MAX},
    [ATTR_SENDER_NONCE] = {"senderNonce", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x05"),
	FORM_OCTETS, 1, SCEP_NONCE_MAX},
    [ATTR_RECIPIENT_NONCE] = {"recipientNonce", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x06"),
	FORM_OCTETS, 0, SCEP_NONCE_MAX},
    [ATTR_TRANSACTION] = {"transactionID", OID("\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x07"),
	FORM_STRING, 0, SCEP_TRANSACTION_MAX},
};

/* What was found of each attribute that we read. */
struct attrs {
	struct found {
		size_t times, values;
		struct der value; /* the first */
	} of[ATTR_COUNT];
	size_t unknown;
	bool repeated; /* some attribute twice, or without a value */
};

/* Where the pieces of the SignedData lie that scep does not keep. */
struct parts {
	int version, signer_version;
	size_t signers;
	struct view content_type;
	struct view digest_alg, sig_alg;
	struct view ski;	     /* of the SignerIdentifier; empty in the other form */
	struct view attr_list;	     /* contents of signedAttrs */
	struct view cert, cert_spki; /* the signer's, undecoded */
	struct attrs attrs;
};

/* ---- attributes ---- */

static bool
is_string(uint8_t tag)
{
	return tag == DER_PRINTABLE || tag == DER_UTF8 || tag == DER_IA5 || tag == DER_T61 ||
	       tag == DER_NUMERIC;
}

static bool
form_fits(enum form form, uint8_t tag)
{
	switch (form) {
	case FORM_OID:
		return tag == DER_OID;
	case FORM_OCTETS:
		return tag == DER_OCTET_STRING;
	case FORM_STRING:
		return is_string(tag);
	}
	return false;
}

static bool
attr_note(struct attrs *a, struct view oid, struct view values, struct err *e)
{
	struct reader r = reader_of(values);
	struct der first = {0};
	size_t n;

	if (!cms_count(values, 0, "attribute values", &n, e))
		return false;
	if (n == 0)
		a->repeated = true;
	else if (!der_any(&r, &first, e))
		return false;
	for (size_t i = 0; i < ATTR_COUNT; i++) {
		if (!view_equal(oid, rows[i].oid))
			continue;
		if (a->of[i].times++ == 0) {
			a->of[i].values = n;
			a->of[i].value = first;
		}
		return true;
	}
	a->unknown++;
	return true;
}

/* Reads the contents of a SET OF Attribute. Refuses what is none; oddities are noted in *a. */
static bool
attrs_scan(struct view list, struct attrs *a, struct err *e)
{
	struct reader r = reader_of(list), in;
	struct view oids[CMS_ELEMENTS_MAX];
	struct der attr, values;
	struct view oid;
	size_t n = 0;

	while (r.n > 0) {
		if (n == CMS_ELEMENTS_MAX)
			return err_set(
			    e, WHY_BAD_INPUT, "more than %d attributes", CMS_ELEMENTS_MAX);
		if (!der_take(&r, DER_SEQUENCE, "attribute", &attr, e))
			return false;
		in = reader_of(attr.body);
		if (!der_take_oid(&in, "attribute type", &oid, e) ||
		    !der_take(&in, DER_SET, "attribute values", &values, e) ||
		    !der_end(&in, "attribute", e))
			return false;
		for (size_t i = 0; i < n; i++)
			a->repeated = a->repeated || view_equal(oids[i], oid);
		oids[n++] = oid;
		if (!attr_note(a, oid, values.body, e))
			return false;
	}
	return true;
}

/* Decimal without sign, blanks or leading zeros (BAD-068); -1 for anything else. */
static int
number_of(struct view text)
{
	int v = 0;

	if (text.n == 0 || text.n > 3 || (text.n > 1 && text.p[0] == '0'))
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		v = v * 10 + (text.p[i] - '0');
	}
	return v;
}

/* Without messageType and transactionID there is nobody to answer (BAD-066, BAD-067). */
static bool
attrs_identify(const struct attrs *a, struct scep *m, struct err *e)
{
	static const enum attr needed[] = {ATTR_TYPE, ATTR_TRANSACTION};
	const struct found *f;

	for (size_t i = 0; i < COUNT_OF(needed); i++) {
		f = &a->of[needed[i]];
		if (f->times != 1 || f->values != 1 || !is_string(f->value.tag))
			return err_set(e, WHY_BAD_INPUT, "%s is missing, doubled or no string",
			    rows[needed[i]].name);
	}
	f = &a->of[ATTR_TRANSACTION];
	if (f->value.body.n > SCEP_TRANSACTION_MAX)
		return err_set(e, WHY_BAD_INPUT, "transactionID of %zu octets, limit %d",
		    f->value.body.n, SCEP_TRANSACTION_MAX);
	m->transaction = f->value.body;
	m->transaction_tag = f->value.tag;
	m->type = number_of(a->of[ATTR_TYPE].value.body);
	return true;
}

static bool
attrs_regular(const struct attrs *a, struct err *e)
{
	const struct found *f;

	if (a->repeated)
		return err_set(
		    e, WHY_BAD_INPUT, "an attribute twice or without value (RFC 5652 5.3)");
	for (size_t i = 0; i < ATTR_COUNT; i++) {
		f = &a->of[i];
		if (f->times == 0)
			continue;
		if (f->values != 1 || !form_fits(rows[i].form, f->value.tag))
			return err_set(e, WHY_BAD_INPUT, "%s: several values or a wrong type",
			    rows[i].name);
		if (f->value.body.n < rows[i].least || f->value.body.n > rows[i].most)
			return err_set(e, WHY_BAD_INPUT, "%s of %zu octets, must be %zu to %zu",
			    rows[i].name, f->value.body.n, rows[i].least, rows[i].most);
	}
	return true;
}

/* Visible ASCII: every PrintableString and what base64 and lax clients add; never controls
 * (BAD-069). What is not legal is echoed in the refusal all the same. */
static bool
transaction_legal(struct view id, struct err *e)
{
	if (id.n == 0)
		return err_set(e, WHY_BAD_INPUT, "transactionID is empty");
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] < 0x20 || id.p[i] > 0x7e)
			return err_set(e, WHY_BAD_INPUT,
			    "transactionID: octet %02x is not printable", id.p[i]);
	return true;
}

static bool
type_known(int type)
{
	return type == SCEP_CERTREP || type == SCEP_RENEWALREQ || type == SCEP_PKCSREQ ||
	       type == SCEP_CERTPOLL || type == SCEP_GETCERT || type == SCEP_GETCRL;
}

static struct view
value_of(const struct attrs *a, enum attr which)
{
	return a->of[which].value.body;
}

/* A refusal of other attributes still carries the nonce back. */
static void
nonce_keep(const struct attrs *a, struct scep *m)
{
	const struct found *f = &a->of[ATTR_SENDER_NONCE];

	m->has_sender_nonce = f->times == 1 && f->values == 1 &&
			      f->value.tag == DER_OCTET_STRING && f->value.body.n > 0 &&
			      f->value.body.n <= SCEP_NONCE_MAX;
	if (m->has_sender_nonce)
		m->sender_nonce = f->value.body;
}

/* Moves the values of regular attributes into *m and checks that they make a SCEP message. */
static bool
attrs_take(const struct attrs *a, struct scep *m, struct err *e)
{
	if (!attrs_regular(a, e))
		return false;
	m->sender_nonce = value_of(a, ATTR_SENDER_NONCE);
	m->has_sender_nonce = m->sender_nonce.n > 0;
	m->recipient_nonce = value_of(a, ATTR_RECIPIENT_NONCE);
	m->has_recipient_nonce = m->recipient_nonce.n > 0;
	m->fail_text = value_of(a, ATTR_FAIL_TEXT);
	m->has_status = a->of[ATTR_STATUS].times > 0;
	m->has_fail = a->of[ATTR_FAIL].times > 0;
	if (m->has_status)
		m->status = number_of(value_of(a, ATTR_STATUS));
	if (m->has_fail)
		m->fail = number_of(value_of(a, ATTR_FAIL));
	if (!type_known(m->type))
		return err_set(e, WHY_BAD_INPUT, "messageType is none of RFC 8894 3.2.1.2");
	if (m->has_status && m->status != SCEP_SUCCESS && m->status != SCEP_FAILURE &&
	    m->status != SCEP_PENDING)
		return err_set(e, WHY_BAD_INPUT, "pkiStatus is none of RFC 8894 3.2.1.3");
	if (m->has_fail && (m->fail < SCEP_BAD_ALG || m->fail > SCEP_BAD_CERT_ID))
		return err_set(e, WHY_BAD_INPUT, "failInfo is none of RFC 8894 3.2.1.4");
	if (m->type == SCEP_CERTREP && !m->has_status)
		return err_set(e, WHY_BAD_INPUT, "CertRep without pkiStatus (RFC 8894 3.3.2)");
	return true;
}

/* ---- SignedData ---- */

static bool
content_read(struct view body, struct parts *p, struct scep *m, struct err *e)
{
	struct reader r = reader_of(body);
	struct der explicit, octets;
	struct view type;

	if (!der_take_oid(&r, "eContentType", &type, e))
		return false;
	p->content_type = type;
	if (r.n == 0)
		return true;
	if (!der_take(&r, DER_CONTEXT(0), "eContent", &explicit, e) ||
	    !der_end(&r, "encapContentInfo", e))
		return false;
	r = reader_of(explicit.body);
	if (!der_take(&r, DER_OCTET_STRING, "eContent", &octets, e) ||
	    !der_end(&r, "eContent", e))
		return false;
	m->has_content = true;
	m->content = octets.body;
	return true;
}

static bool
signer_read(struct view body, struct parts *p, struct scep *m, struct err *e)
{
	struct reader r = reader_of(body);
	struct der id, digest, attrs, alg, signature, unsigned_attrs;

	if (!cms_version(&r, "SignerInfo version", &p->signer_version, e))
		return false;
	if (der_next_is(&r, DER_CONTEXT_PRIMITIVE(0))) {
		if (!der_any(&r, &id, e))
			return false;
		p->ski = id.body;
	} else if (!der_take(&r, DER_SEQUENCE, "SignerIdentifier", &id, e) ||
		   !issuer_and_serial_decode(
		       id.whole, &m->signer_issuer, &m->signer_serial, e)) {
		return false;
	}
	if (!der_take(&r, DER_SEQUENCE, "digestAlgorithm", &digest, e) ||
	    !der_take(&r, DER_CONTEXT(0), "signedAttrs", &attrs, e) ||
	    !der_take(&r, DER_SEQUENCE, "signatureAlgorithm", &alg, e) ||
	    !der_take(&r, DER_OCTET_STRING, "signature", &signature, e) ||
	    (r.n > 0 && !der_take(&r, DER_CONTEXT(1), "unsignedAttrs", &unsigned_attrs, e)) ||
	    !der_end(&r, "SignerInfo", e))
		return false;
	p->digest_alg = digest.whole;
	p->sig_alg = alg.whole;
	p->attr_list = attrs.body;
	m->signature = signature.body;
	return true;
}

static bool
signed_data_read(struct view der, struct parts *p, struct scep *m, struct err *e)
{
	struct view type;
	struct der d, content, signer;
	struct reader r;
	size_t n;

	if (!cms_open(der, &type, &d, e))
		return false;
	if (!view_equal(type, OID_SIGNED_DATA) || d.tag != DER_SEQUENCE)
		return err_set(e, WHY_BAD_INPUT, "message is not SignedData (RFC 8894 3.2)");
	r = reader_of(d.body);
	if (!cms_version(&r, "SignedData version", &p->version, e) ||
	    !der_take(&r, DER_SET, "digestAlgorithms", &d, e) ||
	    !cms_count(d.body, DER_SEQUENCE, "digestAlgorithms", &n, e) ||
	    !der_take(&r, DER_SEQUENCE, "encapContentInfo", &content, e) ||
	    !content_read(content.body, p, m, e))
		return false;
	if (der_next_is(&r, DER_CONTEXT(0))) {
		if (!der_any(&r, &d, e) || !cms_count(d.body, 0, "certificates", &n, e))
			return false;
		m->certificates = d.body;
	}
	if ((der_next_is(&r, DER_CONTEXT(1)) && !der_any(&r, &d, e)) ||
	    !der_take(&r, DER_SET, "signerInfos", &d, e) || !der_end(&r, "SignedData", e) ||
	    !cms_count(d.body, DER_SEQUENCE, "signerInfos", &p->signers, e))
		return false;
	if (p->signers == 0)
		return err_set(e, WHY_BAD_INPUT, "message without signer (RFC 8894 3.2)");
	r = reader_of(d.body);
	return der_take(&r, DER_SEQUENCE, "SignerInfo", &signer, e) &&
	       signer_read(signer.body, p, m, e);
}

/* Issuer, serial and SubjectPublicKeyInfo of a certificate that need not be sound otherwise. */
static bool
cert_peek(struct view whole, struct view *issuer, struct view *serial, struct view *spki)
{
	struct reader r = reader_of(whole);
	struct der d, number, name;

	if (!der_take(&r, DER_SEQUENCE, "certificate", &d, NULL))
		return false;
	r = reader_of(d.body);
	if (!der_take(&r, DER_SEQUENCE, "TBSCertificate", &d, NULL))
		return false;
	r = reader_of(d.body);
	if ((der_next_is(&r, DER_CONTEXT(0)) && !der_any(&r, &d, NULL)) ||
	    !der_take(&r, DER_INTEGER, "serialNumber", &number, NULL) ||
	    !der_take(&r, DER_SEQUENCE, "signature", &d, NULL) ||
	    !der_take(&r, DER_SEQUENCE, "issuer", &name, NULL) ||
	    !der_take(&r, DER_SEQUENCE, "validity", &d, NULL) ||
	    !der_take(&r, DER_SEQUENCE, "subject", &d, NULL) ||
	    !der_take(&r, DER_SEQUENCE, "subjectPublicKeyInfo", &d, NULL))
		return false;
	*issuer = name.whole;
	*serial = number.body;
	*spki = d.whole;
	return true;
}

/* The signer is found by its identifier, not by its place (PK-10). */
static bool
cert_is_signer(
    struct view whole, const struct parts *p, const struct scep *m, struct view *spki)
{
	struct view issuer, serial;
	struct cert c;

	if (!cert_peek(whole, &issuer, &serial, spki))
		return false;
	if (p->ski.n > 0)
		return cert_decode(whole, &c, NULL) && view_equal(c.ski, p->ski);
	return view_equal(serial, m->signer_serial) &&
	       (view_equal(issuer, m->signer_issuer) || name_equal(issuer, m->signer_issuer));
}

static void
signer_find(struct parts *p, struct scep *m)
{
	struct reader r = reader_of(m->certificates);
	struct view spki;
	struct der d;

	while (r.n > 0 && der_any(&r, &d, NULL)) {
		if (!cert_is_signer(d.whole, p, m, &spki))
			continue;
		p->cert = d.whole;
		p->cert_spki = spki;
		return;
	}
}

/* ---- verdict ---- */

static bool
shape_good(struct parts *p, struct scep *m, struct err *e)
{
	(void)m;
	if (p->version < 1 || (p->signer_version != 1 && p->signer_version != 3))
		return err_set(e, WHY_BAD_INPUT, "unknown version of SignedData or SignerInfo");
	if (p->signers != 1)
		return err_set(
		    e, WHY_BAD_INPUT, "%zu signers, exactly one is read", p->signers);
	if (!view_equal(p->content_type, OID_DATA))
		return err_set(e, WHY_BAD_INPUT, "eContentType is not data (RFC 8894 3.2)");
	return true;
}

static bool
attributes_good(struct parts *p, struct scep *m, struct err *e)
{
	nonce_keep(&p->attrs, m);
	if (!attrs_take(&p->attrs, m, e) || !transaction_legal(m->transaction, e))
		return false;
	if (m->type != SCEP_CERTREP && !m->has_content)
		return err_set(e, WHY_BAD_INPUT, "request without content (RFC 8894 3.3)");
	return true;
}

static bool
algorithms_good(struct parts *p, struct scep *m, struct err *e)
{
	if (!hash_alg_decode(p->digest_alg, &m->digest, e) ||
	    !sig_alg_decode(p->sig_alg, &m->alg, e))
		return false;
	if (m->alg.key == KEY_NONE)
		m->alg.key = KEY_RSA;
	if (m->alg.hash == HASH_NONE)
		m->alg.hash = m->digest;
	return true;
}

/* A key that we do not take is a matter of algorithms (BAD-083), ... */
static bool
signer_key_good(struct parts *p, struct scep *m, struct err *e)
{
	struct spki key;

	if (p->cert.n == 0 || cert_decode(p->cert, &m->signer, NULL))
		return true;
	return spki_decode(p->cert_spki, &key, e) || err_prefix(e, "signer");
}

/* ... a certificate that is broken elsewhere is not. */
static bool
signer_good(struct parts *p, struct scep *m, struct err *e)
{
	if (p->cert.n == 0 || m->signer.whole.n > 0)
		return true;
	return cert_decode(p->cert, &m->signer, e) || err_prefix(e, "signer");
}

static bool
integrity_good(struct parts *p, struct scep *m, struct err *e)
{
	struct view claimed = value_of(&p->attrs, ATTR_DIGEST);
	uint8_t digest[HASH_MAX];

	if (!view_equal(value_of(&p->attrs, ATTR_CONTENT_TYPE), OID_DATA))
		return err_set(e, WHY_BAD_INPUT, "contentType attribute is not data");
	if (m->digest == HASH_NONE || !hash_bytes(m->digest, m->content, digest, e))
		return false;
	if (!view_equal(claimed, view_of(digest, hash_size(m->digest))))
		return err_set(e, WHY_BAD_INPUT, "messageDigest is not that of the content");
	if (m->alg.hash != m->digest)
		return err_set(e, WHY_BAD_INPUT, "signatureAlgorithm names another digest");
	if (m->signer.whole.n > 0 && m->signer.key.kind != m->alg.key)
		return err_set(
		    e, WHY_BAD_INPUT, "signatureAlgorithm is not for the signer's key");
	if (p->ski.n > 0 && m->signer.whole.n == 0)
		return err_set(
		    e, WHY_BAD_INPUT, "signer named by key identifier is not enclosed");
	return true;
}

/* In the order of standards.md 5.0; the first that fails decides. The rest still runs and fills
 * *m. */
static const struct check {
	bool (*good)(struct parts *p, struct scep *m, struct err *e);
	enum scep_fail fail;
} checks[] = {
    {shape_good, SCEP_BAD_REQUEST},
    {attributes_good, SCEP_BAD_REQUEST},
    {algorithms_good, SCEP_BAD_ALG},
    {signer_key_good, SCEP_BAD_ALG},
    {signer_good, SCEP_BAD_REQUEST},
    {integrity_good, SCEP_BAD_MESSAGE_CHECK},
};

static enum scep_verdict
judge(struct parts *p, struct scep *m, struct err *e)
{
	enum scep_verdict verdict = SCEP_OK;

	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		if (checks[i].good(p, m, verdict == SCEP_OK ? e : NULL) || verdict != SCEP_OK)
			continue;
		verdict = SCEP_BAD;
		m->fail_as = checks[i].fail;
	}
	return verdict;
}

/* What is signed is the DER of the SET, whatever order and tag the attributes came with
 * (PK-07). */
static void
attrs_sort(struct view list, struct blob *scratch, struct view *out)
{
	struct der_writer w = {.out = scratch};
	size_t start = scratch->n;

	der_open(&w, DER_SET);
	der_put_raw(&w, list);
	der_close_sorted(&w);
	*out = view_of(scratch->p + start, scratch->n - start);
}

enum scep_verdict
scep_decode(struct view message, struct blob *scratch, struct scep *out, struct err *e)
{
	struct scep m = {.status = -1, .fail = -1};
	struct parts p = {0};
	enum scep_verdict verdict;
	struct view der;

	if (!cms_normalise(message, scratch, &der, e) || !signed_data_read(der, &p, &m, e) ||
	    !attrs_scan(p.attr_list, &p.attrs, e) || !attrs_identify(&p.attrs, &m, e))
		return SCEP_UNREADABLE;
	attrs_sort(p.attr_list, scratch, &m.signed_attrs);
	signer_find(&p, &m);
	verdict = judge(&p, &m, e);
	if (p.ski.n > 0 && m.signer.whole.n > 0) {
		m.signer_issuer = m.signer.issuer;
		m.signer_serial = m.signer.serial;
	}
	*out = m;
	return verdict;
}

bool
signed_data_decode(struct view message, struct blob *scratch, struct scep *out, struct err *e)
{
	struct scep m = {.status = -1, .fail = -1};
	struct parts p = {0};
	struct view der;

	if (!cms_normalise(message, scratch, &der, e) || !signed_data_read(der, &p, &m, e) ||
	    !attrs_scan(p.attr_list, &p.attrs, e) || !attrs_regular(&p.attrs, e))
		return false;
	attrs_sort(p.attr_list, scratch, &m.signed_attrs);
	signer_find(&p, &m);
	if (!shape_good(&p, &m, e) || !algorithms_good(&p, &m, e) || !signer_good(&p, &m, e) ||
	    !integrity_good(&p, &m, e))
		return false;
	if (p.ski.n > 0 && m.signer.whole.n > 0) {
		m.signer_issuer = m.signer.issuer;
		m.signer_serial = m.signer.serial;
	}
	*out = m;
	return true;
}

/* ---- writing ---- */

static void
put_attr(struct der_writer *w, enum attr which, uint8_t tag, struct view value)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, rows[which].oid);
	der_open(w, DER_SET);
	der_put(w, tag, value);
	der_close(w);
	der_close(w);
}

static void
put_number(struct der_writer *w, enum attr which, int v)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", v);
	put_attr(w, which, DER_PRINTABLE, view_str(text));
}

bool
scep_encode_attrs(const struct scep_spec *s, struct blob *attrs, struct err *e)
{
	uint8_t digest[HASH_MAX],
	    tag = s->transaction_tag != 0 ? s->transaction_tag : DER_PRINTABLE;
	struct der_writer w = {.out = attrs};

	if (s->transaction.n > SCEP_TRANSACTION_MAX || s->sender_nonce.n > SCEP_NONCE_MAX ||
	    s->recipient_nonce.n > SCEP_NONCE_MAX || !is_string(tag))
		return err_set(e, WHY_BUG, "message: transaction or nonce outside the limits");
	if (!hash_bytes(s->digest, s->content, digest, e))
		return false;
	der_open(&w, DER_SET);
	put_attr(&w, ATTR_CONTENT_TYPE, DER_OID, OID_DATA);
	put_attr(&w, ATTR_DIGEST, DER_OCTET_STRING, view_of(digest, hash_size(s->digest)));
	if (s->type != 0) {
		put_number(&w, ATTR_TYPE, s->type);
		put_attr(&w, ATTR_TRANSACTION, tag, s->transaction);
	}
	if (s->status >= 0)
		put_number(&w, ATTR_STATUS, s->status);
	if (s->fail >= 0)
		put_number(&w, ATTR_FAIL, s->fail);
	if (s->fail_text != NULL)
		put_attr(&w, ATTR_FAIL_TEXT, DER_UTF8, view_str(s->fail_text));
	if (s->sender_nonce.n > 0)
		put_attr(&w, ATTR_SENDER_NONCE, DER_OCTET_STRING, s->sender_nonce);
	if (s->recipient_nonce.n > 0)
		put_attr(&w, ATTR_RECIPIENT_NONCE, DER_OCTET_STRING, s->recipient_nonce);
	der_close_sorted(&w);
	return true;
}

static void
put_signer(
    struct der_writer *w, const struct scep_spec *s, struct view attrs, struct view signature)
{
	size_t at;

	der_open(w, DER_SEQUENCE);
	der_put_uint(w, 1);
	cms_put_issuer_and_serial(w, s->signer_issuer, s->signer_serial);
	hash_alg_encode(w, s->digest);
	at = w->out->n;
	der_put_raw(w, attrs);
	if (attrs.n > 0)
		w->out->p[at] = DER_CONTEXT(0); /* IMPLICIT; signed as SET (RFC 5652 5.4) */
	if (s->alg.key == KEY_RSA && s->alg.padding == PADDING_PKCS1)
		cms_put_algorithm(w, OID_RSA); /* strongSwan 5.9.8 reads nothing else (PK-20) */
	else
		sig_alg_encode(w, &s->alg);
	der_put(w, DER_OCTET_STRING, signature);
	der_close(w);
}

/* Certificates keep the caller's order, which is BER: some peers take the first (PK-09). */
void
scep_assemble(
    const struct scep_spec *s, struct view attrs, struct view signature, struct blob *out)
{
	struct der_writer w = {.out = out};

	cms_begin(&w, OID_SIGNED_DATA);
	der_put_uint(&w, 1);
	der_open(&w, DER_SET);
	hash_alg_encode(&w, s->digest);
	der_close(&w);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, OID_DATA);
	if (s->has_content) {
		der_open(&w, DER_CONTEXT(0));
		der_put(&w, DER_OCTET_STRING, s->content);
		der_close(&w);
	}
	der_close(&w);
	if (s->certificates.n > 0)
		der_put(&w, DER_CONTEXT(0), s->certificates);
	der_open(&w, DER_SET);
	put_signer(&w, s, attrs, signature);
	der_close(&w);
	cms_finish(&w);
}

/* Strictly ascending: sorted as X.690 11.6 says, and nothing twice. */
static bool
attrs_ascend(struct view list, struct err *e)
{
	struct reader r = reader_of(list);
	struct view before = {0};
	struct der d;

	while (r.n > 0) {
		if (!der_any(&r, &d, e))
			return false;
		if (before.n > 0 && view_compare(before, d.whole) >= 0)
			return err_set(
			    e, WHY_BAD_INPUT, "signed attributes out of order (X.690 11.6)");
		before = d.whole;
	}
	return true;
}

bool
scep_attrs_decode(struct view attrs, int *type, struct err *e)
{
	struct reader r = reader_of(attrs);
	struct scep m = {.status = -1, .fail = -1};
	struct attrs a = {0};
	struct der set;

	if (!der_take(&r, DER_SET, "signed attributes", &set, e) ||
	    !der_end(&r, "signed attributes", e) || !attrs_scan(set.body, &a, e) ||
	    !attrs_ascend(set.body, e) || !attrs_identify(&a, &m, e) || !attrs_take(&a, &m, e))
		return false;
	if (a.unknown > 0)
		return err_set(
		    e, WHY_BAD_INPUT, "signed attributes: one that SCEP does not have");
	if (!view_equal(value_of(&a, ATTR_CONTENT_TYPE), OID_DATA) ||
	    value_of(&a, ATTR_DIGEST).n == 0)
		return err_set(e, WHY_BAD_INPUT,
		    "signed attributes: contentType or messageDigest missing");
	*type = m.type;
	return true;
}
