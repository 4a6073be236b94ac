/* shape.c - what an issued certificate may say. */
#include "keys/shape.h"

/*
 * Peers read more than RFC 5280: Netscape's certificate type makes a CA for some, policy
 * mappings and name constraints are for CAs alone. What is not on this list is not signed.
 */
static bool
extension_allowed(struct view oid)
{
	static const uint8_t id_ce[] = {
	    0x0e, /* subjectKeyIdentifier */
	    0x0f, /* keyUsage */
	    0x11, /* subjectAltName */
	    0x13, /* basicConstraints */
	    0x1f, /* CRLDistributionPoints */
	    0x23, /* authorityKeyIdentifier */
	    0x25, /* extKeyUsage */
	};

	if (view_equal(oid, VIEW("\x2b\x06\x01\x05\x05\x07\x01\x01"))) /* authorityInfoAccess */
		return true;
	if (oid.n != 3 || oid.p[0] != 0x55 || oid.p[1] != 0x1d)
		return false;
	for (size_t i = 0; i < COUNT_OF(id_ce); i++)
		if (oid.p[2] == id_ce[i])
			return true;
	return false;
}

static bool
extensions_allowed(struct view extensions, struct err *e)
{
	struct reader r = reader_of(extensions), inner;
	struct der d;

	while (r.n > 0) {
		if (!der_take(&r, DER_SEQUENCE, "extension", &d, e))
			return false;
		inner = reader_of(d.body);
		if (!der_take(&inner, DER_OID, "extension", &d, e))
			return false;
		if (!extension_allowed(d.body))
			return err_set(
			    e, WHY_REFUSED, "an extension that no issued certificate has");
	}
	return true;
}

/* Whatever exponent or form of point they come with: one private key serves both. */
static bool
same_key(const struct spki *a, const struct spki *b)
{
	size_t x = (size_t)(a->curve + 7) / 8;

	if (a->kind != b->kind || a->curve != b->curve)
		return false;
	if (a->kind == KEY_RSA)
		return view_equal(a->modulus, b->modulus);
	return view_equal(view_of(a->point.p + 1, x), view_of(b->point.p + 1, x));
}

bool
shape_closed(const struct cert *c, struct err *e)
{
	if (c->version != 3)
		return err_set(
		    e, WHY_REFUSED, "not version 3, so nothing says what it may not do");
	if (!extensions_allowed(c->extensions, e))
		return false;
	return c->has_key_usage ||
	       err_set(e, WHY_REFUSED, "without keyUsage it may do everything");
}

bool
shape_check(const struct cert *c, const struct spki *own, bool *ca, struct err *e)
{
	if (!shape_closed(c, e))
		return false;
	if ((c->eku & (EKU_OCSP_SIGNING | EKU_OTHER)) != 0)
		return err_set(e, WHY_REFUSED,
		    "extKeyUsage has OCSPSigning, any usage or one that is not known");
	if (name_equal(c->subject, c->issuer))
		return err_set(e, WHY_REFUSED, "the subject is the CA's own name");
	if (same_key(&c->key, own))
		return err_set(e, WHY_REFUSED, "the public key is the CA's own key");
	*ca = c->is_ca || (c->key_usage & (KU_CERT_SIGN | KU_CRL_SIGN)) != 0;
	return true;
}

bool
shape_link(const struct cert *c, const struct cert *own, struct err *e)
{
	if (c->version != 3 || !c->is_ca || c->has_path_len != own->has_path_len ||
	    c->path_len != own->path_len || c->key_usage != own->key_usage || c->eku != 0 ||
	    c->san.n > 0)
		return err_set(
		    e, WHY_REFUSED, "it says something else than the key's own certificate");
	if (!view_equal(c->subject, own->subject) ||
	    !view_equal(c->key.whole, own->key.whole) || !view_equal(c->ski, own->ski))
		return err_set(e, WHY_REFUSED, "it is for another name or key");
	if (c->not_before < own->not_before || c->not_after > own->not_after)
		return err_set(e, WHY_REFUSED, "its dates leave those of the key's own one");
	return extensions_allowed(c->extensions, e);
}

bool
shape_serial(struct view serial, struct err *e)
{
	bool padded = serial.n > 1 && serial.p[0] == 0 && (serial.p[1] & 0x80) == 0;
	bool zero = serial.n == 1 && serial.p[0] == 0;

	if (serial.n == 0 || serial.n > 20 || (serial.p[0] & 0x80) != 0 || padded || zero)
		return err_set(
		    e, WHY_REFUSED, "serial is not a positive number of at most 20 octets");
	return true;
}
