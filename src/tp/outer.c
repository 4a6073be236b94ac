/* outer.c - next CA certificates that no signature covers. */
#include "tp/tp_int.h"

static bool
is_in(struct view list, struct view der)
{
	struct reader r = reader_of(list);
	struct der d;

	while (r.n > 0 && der_any(&r, &d, NULL))
		if (view_equal(d.whole, der))
			return true;
	return false;
}

/* The held CA's word for a key that comes after its own: never for the one of before. */
static bool
is_link(struct tp *t, const struct cert *c, const struct cert *ca)
{
	return c->is_ca && (!c->has_key_usage || (c->key_usage & KU_CERT_SIGN) != 0) &&
	       name_equal(c->subject, ca->subject) &&
	       !view_equal(c->key.whole, ca->key.whole) && c->not_before >= ca->not_before &&
	       (!hash_is_weak(c->alg.hash) || c->alg.hash >= ca->alg.hash) &&
	       issued_by(t, c, ca);
}

bool
outer_take(struct tp *t, struct view certs, struct view held, struct blob *some,
    struct blob *links, struct err *e)
{
	struct reader r = reader_of(certs);
	struct der d;
	struct cert ca, c;
	size_t cas = 0;

	if (!bundle_ca(held, &ca, e))
		return false;
	while (r.n > 0) {
		if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
		    !cert_decode(d.whole, &c, e))
			return false;
		if (view_equal(c.key.whole, ca.key.whole))
			continue; /* it, and its link to the one before */
		if (is_link(t, &c, &ca)) {
			blob_add_view(links, c.whole);
			continue;
		}
		/* one above it counts when it is held: anybody can put one there */
		cas += c.is_ca && !is_in(held, c.whole);
		blob_add_view(some, c.whole);
	}
	if (cas == 0)
		blob_add_view(some, blob_view(links));
	return cas <= 1 || err_set(e, WHY_BAD_INPUT, "%zu CA certificates, one is wanted", cas);
}

bool
outer_check(struct tp *t, const struct cert *next, struct view links, when_t now, struct err *e)
{
	struct reader r = reader_of(links);
	struct blob hex = {0};
	uint8_t digest[32];
	struct der d;
	struct cert c;

	while (r.n > 0 && der_any(&r, &d, NULL) && cert_decode(d.whole, &c, NULL))
		if (view_equal(c.key.whole, next->key.whole) && now < c.not_after)
			return true;
	if (authority_check(next->whole, t->fingerprint, NULL))
		return true;
	sha256(next->whole, digest);
	hex_add(&hex, view_of(digest, sizeof(digest)), true);
	err_set(e, WHY_REFUSED,
	    "no signature, link certificate or fingerprint proves it; compare with the CA's "
	    "operator, then configure: fingerprint %s",
	    blob_cstr(&hex));
	blob_free(&hex);
	return false;
}
