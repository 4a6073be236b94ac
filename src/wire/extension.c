/* extension.c - extensions of certificates and requests. */
#include <strings.h>

#include "wire/inner.h"

#define EXTENSIONS_MAX 64

#define ID_CE(last) OID("\x55\x1d" last)
#define ID_KP(last) OID("\x2b\x06\x01\x05\x05\x07\x03" last)

const struct view OID_SKI = ID_CE("\x0e"), OID_KEY_USAGE = ID_CE("\x0f"),
		  OID_SAN = ID_CE("\x11"), OID_BASIC_CONSTRAINTS = ID_CE("\x13"),
		  OID_CRL_NUMBER = ID_CE("\x14"), OID_REASON = ID_CE("\x15"),
		  OID_CDP = ID_CE("\x1f"), OID_AKI = ID_CE("\x23"), OID_EKU = ID_CE("\x25");

static const struct {
	uint32_t bit;
	struct view oid;
} purposes[] = {
    {EKU_SERVER_AUTH, ID_KP("\x01")},
    {EKU_CLIENT_AUTH, ID_KP("\x02")},
    {EKU_CODE_SIGNING, ID_KP("\x03")},
    {EKU_EMAIL_PROTECTION, ID_KP("\x04")},
    {EKU_IPSEC_END_SYSTEM, ID_KP("\x05")},
    {EKU_IPSEC_TUNNEL, ID_KP("\x06")},
    {EKU_IPSEC_USER, ID_KP("\x07")},
    {EKU_TIME_STAMPING, ID_KP("\x08")},
    {EKU_OCSP_SIGNING, ID_KP("\x09")},
    {EKU_SSH_CLIENT, ID_KP("\x15")},
    {EKU_SSH_SERVER, ID_KP("\x16")},
};

/* ---- reading ---- */

bool
extension_take(
    struct reader *r, struct view *oid, bool *critical, struct view *value, struct err *e)
{
	struct reader inner;
	struct der whole, d;

	*critical = false;
	if (!der_take(r, DER_SEQUENCE, "extension", &whole, e))
		return false;
	inner = reader_of(whole.body);
	if (!der_take_oid(&inner, "extension", oid, e))
		return false;
	if (der_next_is(&inner, DER_BOOLEAN) &&
	    (!der_any(&inner, &d, e) || !der_boolean(&d, "critical flag", critical, e)))
		return false;
	if (!der_take(&inner, DER_OCTET_STRING, "extension value", &d, e) ||
	    !der_end(&inner, "extension", e))
		return false;
	*value = d.body;
	return true;
}

static bool
read_key_usage(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	x->has_key_usage = true;
	return der_take(&r, DER_BIT_STRING, "keyUsage", &d, e) &&
	       der_named_bits(&d, "keyUsage", &x->key_usage, e) && der_end(&r, "keyUsage", e);
}

static bool
read_eku(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct view oid;
	struct der d;

	if (!der_take(&r, DER_SEQUENCE, "extKeyUsage", &d, e) || !der_end(&r, "extKeyUsage", e))
		return false;
	r = reader_of(d.body);
	do {
		uint32_t bit = EKU_OTHER;

		if (!der_take_oid(&r, "extKeyUsage", &oid, e))
			return false;
		for (size_t i = 0; i < COUNT_OF(purposes); i++)
			if (view_equal(oid, purposes[i].oid))
				bit = purposes[i].bit;
		x->eku |= bit;
	} while (r.n > 0);
	return true;
}

static bool
read_basic_constraints(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	if (!der_take(&r, DER_SEQUENCE, "basicConstraints", &d, e) ||
	    !der_end(&r, "basicConstraints", e))
		return false;
	x->has_basic_constraints = true;
	r = reader_of(d.body);
	if (der_next_is(&r, DER_BOOLEAN) &&
	    (!der_any(&r, &d, e) || !der_boolean(&d, "basicConstraints", &x->is_ca, e)))
		return false;
	x->has_path_len = r.n > 0;
	if (x->has_path_len && (!der_take(&r, DER_INTEGER, "pathLenConstraint", &d, e) ||
				   !der_uint(&d, &x->path_len, e)))
		return false;
	return der_end(&r, "basicConstraints", e);
}

/* The names themselves are san_check's matter: a stranger's certificate is read, not judged. */
static bool
read_san(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	x->san = value;
	if (!der_take(&r, DER_SEQUENCE, "subjectAltName", &d, e) ||
	    !der_end(&r, "subjectAltName", e))
		return false;
	r = reader_of(d.body);
	while (r.n > 0)
		if (!der_any(&r, &d, e))
			return err_prefix(e, "subjectAltName");
	return true;
}

static bool
read_ski(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	if (!der_take(&r, DER_OCTET_STRING, "subjectKeyIdentifier", &d, e) ||
	    !der_end(&r, "subjectKeyIdentifier", e))
		return false;
	x->ski = d.body;
	return true;
}

static bool
read_aki(struct view value, struct extensions *x, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	if (!der_take(&r, DER_SEQUENCE, "authorityKeyIdentifier", &d, e) ||
	    !der_end(&r, "authorityKeyIdentifier", e))
		return false;
	r = reader_of(d.body);
	while (r.n > 0) {
		if (!der_any(&r, &d, e))
			return err_prefix(e, "authorityKeyIdentifier");
		if (d.tag == DER_CONTEXT_PRIMITIVE(0))
			x->aki = d.body;
	}
	return true;
}

/* The first URI among the names of a fullName that begins with "http". */
static struct view
uri_of(struct view names)
{
	struct reader r = reader_of(names);
	struct der d;

	while (r.n > 0 && der_any(&r, &d, NULL))
		if (d.tag == DER_CONTEXT_PRIMITIVE(6) && d.body.n > 4 &&
		    strncasecmp((const char *)d.body.p, "http", 4) == 0 && ascii_legal(d.body))
			return d.body;
	return (struct view){0};
}

static struct view
point_uri(struct view point)
{
	struct reader r = reader_of(point);
	struct der d;

	if (!der_take(&r, DER_CONTEXT(0), "distributionPoint", &d, NULL) || r.n > 0)
		return (struct view){0};
	r = reader_of(d.body);
	return der_take(&r, DER_CONTEXT(0), "fullName", &d, NULL) ? uri_of(d.body)
								  : (struct view){0};
}

struct view
cert_list_url(const struct cert *c)
{
	struct reader r = reader_of(c->extensions), points;
	struct view oid, value, uri = {0};
	struct der d;
	bool critical;

	while (r.n > 0 && extension_take(&r, &oid, &critical, &value, NULL)) {
		if (!view_equal(oid, OID_CDP))
			continue;
		points = reader_of(value);
		if (!der_take(&points, DER_SEQUENCE, "CRLDistributionPoints", &d, NULL))
			break;
		points = reader_of(d.body);
		while (uri.n == 0 && points.n > 0 &&
		       der_take(&points, DER_SEQUENCE, "DistributionPoint", &d, NULL))
			uri = point_uri(d.body);
	}
	return uri;
}

static const struct {
	const struct view *oid;
	bool (*read)(struct view value, struct extensions *x, struct err *e);
} known[] = {
    {&OID_KEY_USAGE, read_key_usage},
    {&OID_EKU, read_eku},
    {&OID_BASIC_CONSTRAINTS, read_basic_constraints},
    {&OID_SAN, read_san},
    {&OID_SKI, read_ski},
    {&OID_AKI, read_aki},
};

static bool
read_one(struct view oid, bool critical, struct view value, struct extensions *x, struct err *e)
{
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (view_equal(oid, *known[i].oid))
			return known[i].read(value, x, e) || err_prefix(e, "extension");
	x->unknown_critical = x->unknown_critical || critical;
	return true;
}

bool
extensions_decode(struct view contents, struct extensions *out, struct err *e)
{
	struct view seen[EXTENSIONS_MAX], oid, value;
	struct reader r = reader_of(contents);
	struct extensions x = {0};
	size_t n = 0;
	bool critical;

	while (r.n > 0) {
		if (!extension_take(&r, &oid, &critical, &value, e))
			return false;
		if (n == EXTENSIONS_MAX)
			return err_set(e, WHY_BAD_INPUT, "over %d extensions", EXTENSIONS_MAX);
		for (size_t i = 0; i < n; i++)
			if (view_equal(seen[i], oid))
				return err_set(e, WHY_BAD_INPUT,
				    "an extension comes twice (RFC 5280 4.2)");
		seen[n++] = oid;
		if (!read_one(oid, critical, value, &x, e))
			return false;
	}
	*out = x;
	return true;
}

/* ---- writing ---- */

void
extension_open(struct der_writer *w, struct view oid, bool critical)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	if (critical)
		der_put(w, DER_BOOLEAN, VIEW("\xff"));
	der_open(w, DER_OCTET_STRING);
}

void
extension_close(struct der_writer *w)
{
	der_close(w);
	der_close(w);
}

void
extension_key_usage(struct der_writer *w, uint32_t key_usage)
{
	extension_open(w, OID_KEY_USAGE, true);
	der_put_bits(w, key_usage);
	extension_close(w);
}

void
extension_eku(struct der_writer *w, uint32_t eku)
{
	extension_open(w, OID_EKU, false);
	der_open(w, DER_SEQUENCE);
	for (size_t i = 0; i < COUNT_OF(purposes); i++)
		if (eku & purposes[i].bit)
			der_put_oid(w, purposes[i].oid);
	der_close(w);
	extension_close(w);
}

void
extension_san(struct der_writer *w, struct view san, bool critical)
{
	extension_open(w, OID_SAN, critical);
	der_put_raw(w, san);
	extension_close(w);
}

void
extension_aki(struct der_writer *w, struct view aki)
{
	extension_open(w, OID_AKI, false);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_CONTEXT_PRIMITIVE(0), aki);
	der_close(w);
	extension_close(w);
}
