/* csr.c - build and read certification requests. */
#include "wire/inner.h"

#define CSR_MAX 65536
#define ATTRIBUTES_MAX 64
#define CHALLENGE_MAX 255

static const struct view oid_challenge = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07");
static const struct view oid_extension_request = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
static const struct view oid_extension_request_microsoft =
    OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e");

/* ---- reading ---- */

static bool
read_challenge(const struct der *value, struct csr *c, struct err *e)
{
	struct blob text = {0};
	size_t characters = 0;
	bool ok = string_decode(value, &text, e);

	for (size_t i = 0; i < text.n; i++)
		characters += (text.p[i] & 0xc0) != 0x80;
	blob_free(&text);
	if (ok && characters > CHALLENGE_MAX)
		ok = err_set(e, WHY_BAD_INPUT, "%zu characters, limit %d (RFC 2985 5.4.1)",
		    characters, CHALLENGE_MAX);
	if (!ok)
		return err_prefix(e, "challengePassword");
	c->has_challenge = true;
	c->challenge = value->body;
	c->challenge_tag = value->tag;
	return true;
}

/* IOS 15.7 wraps the Extensions into a T61String; stock parsers then see no requested
 * extensions. */
static bool
read_extension_request(const struct der *value, struct csr *c, struct err *e)
{
	struct reader r = reader_of(value->tag == DER_T61 ? value->body : value->whole);
	struct extensions x;
	struct der list;

	if (!der_take(&r, DER_SEQUENCE, "extensionRequest", &list, e) ||
	    !der_end(&r, "extensionRequest", e) || !extensions_decode(list.body, &x, e))
		return false;
	if (x.unknown_critical)
		return err_set(e, WHY_BAD_INPUT, "request for an unknown critical extension");
	if (x.san.n > 0 && !san_check(x.san, e))
		return false;
	c->has_key_usage = x.has_key_usage;
	c->key_usage = x.key_usage;
	c->eku = x.eku;
	c->wants_ca = x.is_ca;
	c->san = x.san;
	return true;
}

static bool
read_attribute(
    struct view oid, struct view values, struct csr *c, bool *have_extensions, struct err *e)
{
	bool extensions = view_equal(oid, oid_extension_request) ||
			  view_equal(oid, oid_extension_request_microsoft);
	struct reader r = reader_of(values);
	struct der value;
	size_t n = 0;

	for (; n == 0 || r.n > 0; n++)
		if (!der_any(&r, &value, e))
			return err_prefix(e, "attribute");
	if (!extensions && !view_equal(oid, oid_challenge))
		return true;
	if (n > 1)
		return err_set(
		    e, WHY_BAD_INPUT, "attribute with several values (RFC 2985 5.4)");
	if (!extensions)
		return read_challenge(&value, c, e);
	if (*have_extensions)
		return err_set(e, WHY_BAD_INPUT, "extensions are requested twice");
	*have_extensions = true;
	return read_extension_request(&value, c, e);
}

static bool
read_attributes(struct view contents, struct csr *c, struct err *e)
{
	struct view seen[ATTRIBUTES_MAX], oid;
	struct reader r = reader_of(contents), inner;
	bool have_extensions = false;
	struct der d;
	size_t n = 0;

	while (r.n > 0) {
		if (!der_take(&r, DER_SEQUENCE, "attribute", &d, e))
			return false;
		inner = reader_of(d.body);
		if (!der_take_oid(&inner, "attribute", &oid, e) ||
		    !der_take(&inner, DER_SET, "attribute values", &d, e) ||
		    !der_end(&inner, "attribute", e))
			return false;
		if (n == ATTRIBUTES_MAX)
			return err_set(e, WHY_BAD_INPUT, "over %d attributes", ATTRIBUTES_MAX);
		for (size_t i = 0; i < n; i++)
			if (view_equal(seen[i], oid))
				return err_set(e, WHY_BAD_INPUT, "an attribute comes twice");
		seen[n++] = oid;
		if (!read_attribute(oid, d.body, c, &have_extensions, e))
			return false;
	}
	return true;
}

static bool
info_decode(struct view info, struct csr *c, struct err *e)
{
	struct reader r = reader_of(info);
	uint64_t version;
	struct der d;

	if (!der_take(&r, DER_SEQUENCE, "CertificationRequestInfo", &d, e))
		return false;
	r = reader_of(d.body);
	if (!der_take(&r, DER_INTEGER, "version", &d, e) || !der_uint(&d, &version, e))
		return false;
	if (version != 0)
		return err_set(
		    e, WHY_BAD_INPUT, "request version %ju (RFC 2986 4.1)", (uintmax_t)version);
	if (!take_name(&r, &c->subject, e))
		return err_prefix(e, "subject");
	if (!der_take(&r, DER_SEQUENCE, "SubjectPublicKeyInfo", &d, e) ||
	    !spki_decode(d.whole, &c->key, e))
		return false;
	if (r.n > 0 && (!der_take(&r, DER_CONTEXT(0), "attributes", &d, e) ||
			   !read_attributes(d.body, c, e)))
		return false;
	if (!der_end(&r, "CertificationRequestInfo", e))
		return false;
	if (name_is_empty(c->subject) && c->san.n == 0)
		return err_set(
		    e, WHY_BAD_INPUT, "request with neither subject nor subjectAltName");
	return true;
}

bool
csr_decode(struct view der, struct csr *out, struct err *e)
{
	struct csr c = {.whole = der};
	struct signed_parts p;

	if (der.n > CSR_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "request of %zu octets, limit %d", der.n, CSR_MAX);
	if (!signed_split(der, "request", &p, e))
		return false;
	c.info = p.signed_octets;
	c.alg = p.alg;
	c.signature = p.signature;
	if (!info_decode(c.info, &c, e))
		return false;
	*out = c;
	return true;
}

bool
csr_decode_info(struct view info, struct csr *out, struct err *e)
{
	struct csr c = {.info = info};
	struct reader r = reader_of(info);
	struct der d;

	if (info.n > CSR_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "request of %zu octets, limit %d", info.n, CSR_MAX);
	if (!der_take(&r, DER_SEQUENCE, "CertificationRequestInfo", &d, e) ||
	    !der_end(&r, "CertificationRequestInfo", e) || !info_decode(info, &c, e))
		return false;
	*out = c;
	return true;
}

bool
csr_challenge(const struct csr *c, struct blob *utf8, struct err *e)
{
	struct der d = {.tag = c->challenge_tag, .body = c->challenge};

	if (!c->has_challenge)
		return err_set(e, WHY_NOT_FOUND, "request without challengePassword");
	return string_utf8(&d, utf8, e);
}

/* ---- writing ---- */

static void
put_challenge(struct der_writer *w, const char *challenge)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_challenge);
	der_open(w, DER_SET);
	put_directory_string(w, view_str(challenge));
	der_close(w);
	der_close(w);
}

static void
put_extension_request(struct der_writer *w, const struct csr_spec *s)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_extension_request);
	der_open(w, DER_SET);
	der_open(w, DER_SEQUENCE);
	if (s->key_usage != 0)
		extension_key_usage(w, s->key_usage);
	if (s->eku != 0)
		extension_eku(w, s->eku);
	if (s->san.n > 0)
		extension_san(w, s->san, name_is_empty(s->subject));
	der_close(w);
	der_close(w);
	der_close(w);
}

void
csr_encode_info(const struct csr_spec *s, struct blob *info)
{
	struct der_writer w = {.out = info};

	der_open(&w, DER_SEQUENCE);
	der_put_uint(&w, 0); /* version 1 */
	der_put_raw(&w, s->subject);
	der_put_raw(&w, s->spki);
	der_open(&w, DER_CONTEXT(0));
	if (s->challenge != NULL)
		put_challenge(&w, s->challenge);
	if (s->key_usage != 0 || s->eku != 0 || s->san.n > 0)
		put_extension_request(&w, s);
	der_close_sorted(&w);
	der_close(&w);
}
