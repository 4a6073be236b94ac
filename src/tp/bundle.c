/* bundle.c - a CA's certificate and those with it. */
#include <string.h>

#include "tp/tp_int.h"

#define CERTS_MAX 16

struct certs {
	struct cert of[CERTS_MAX];
	size_t n;
};

static bool
certs_read(struct view list, struct certs *out, struct err *e)
{
	struct reader r = reader_of(list);
	struct der d;

	for (out->n = 0; r.n > 0; out->n++)
		if (out->n == CERTS_MAX)
			return err_set(
			    e, WHY_BAD_INPUT, "more than %d certificates", CERTS_MAX);
		else if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
			 !cert_decode(d.whole, &out->of[out->n], e))
			return false;
	return out->n > 0 || err_set(e, WHY_BAD_INPUT, "no certificate in it");
}

bool
bundle_ca(struct view certs, struct cert *out, struct err *e)
{
	struct reader r = reader_of(certs);
	struct der d;

	return der_take(&r, DER_SEQUENCE, "CA certificate", &d, e) &&
	       cert_decode(d.whole, out, e);
}

void
bundle_digest(struct view certs, uint8_t out[32])
{
	struct cert ca;

	memset(out, 0, 32);
	if (bundle_ca(certs, &ca, NULL))
		sha256(ca.whole, out);
}

/* How well it opens messages: NDES has one RA that signs and one that opens (CA-08). */
static int
recipient_rank(const struct cert *c, when_t now)
{
	if (c->key.kind != KEY_RSA || now >= c->not_after)
		return 0;
	if (c->is_ca)
		return 1;
	return c->has_key_usage && (c->key_usage & KU_KEY_ENCIPHERMENT) == 0 ? 2 : 3;
}

bool
bundle_recipient(struct view certs, when_t now, struct cert *out, struct err *e)
{
	struct certs all;
	size_t best = 0;
	bool ra_ended = false;

	if (!certs_read(certs, &all, e))
		return false;
	/* CAs above the first one are no recipients. */
	for (size_t i = 1; i < all.n; i++) {
		if (all.of[i].is_ca)
			continue;
		ra_ended = ra_ended || now >= all.of[i].not_after;
		if (recipient_rank(&all.of[i], now) > recipient_rank(&all.of[best], now))
			best = i;
	}
	/* Where there was an RA, the CA itself may not open messages. */
	if (recipient_rank(&all.of[best], now) == 0 || (best == 0 && ra_ended))
		return err_set(e, WHY_BAD_INPUT,
		    "nobody to encrypt for: neither CA nor RA has a live RSA certificate");
	*out = all.of[best];
	return true;
}

bool
bundle_signer(struct view certs, struct view issuer, struct view serial, struct cert *out)
{
	struct certs all;

	if (!certs_read(certs, &all, NULL))
		return false;
	for (size_t i = 0; i < all.n; i++) {
		if ((i > 0 && all.of[i].is_ca) || !view_equal(all.of[i].serial, serial) ||
		    !name_equal(all.of[i].issuer, issuer))
			continue;
		*out = all.of[i];
		return true;
	}
	return false;
}

bool
issued_by(struct tp *t, const struct cert *c, const struct cert *issuer)
{
	return name_equal(c->issuer, issuer->subject) &&
	       keys_verify(t->keys, &issuer->key, &c->alg, c->tbs, c->signature, NULL);
}

static bool
may_issue(const struct cert *c)
{
	return c->is_ca && (!c->has_key_usage || (c->key_usage & KU_CERT_SIGN) != 0);
}

/* The one CA that issued no other of them (CA-08): order means nothing. */
static bool
find_leaf(struct tp *t, const struct certs *all, size_t *leaf, struct err *e)
{
	size_t found = 0;

	for (size_t i = 0; i < all->n; i++) {
		bool above = false;

		if (!may_issue(&all->of[i]))
			continue;
		for (size_t k = 0; k < all->n && !above; k++)
			above = k != i && may_issue(&all->of[k]) &&
				!view_equal(all->of[k].whole, all->of[i].whole) &&
				issued_by(t, &all->of[k], &all->of[i]);
		if (above)
			continue;
		*leaf = i;
		found++;
	}
	if (found == 0)
		return err_set(e, WHY_BAD_INPUT, "no CA certificate in it");
	return found == 1 ||
	       err_set(e, WHY_BAD_INPUT, "%zu CA certificates, one is wanted", found);
}

/* The one above c, which is not c itself; n: none. */
static size_t
find_above(struct tp *t, const struct certs *all, const struct cert *c)
{
	for (size_t i = 0; i < all->n; i++)
		if (may_issue(&all->of[i]) && !view_equal(all->of[i].whole, c->whole) &&
		    issued_by(t, c, &all->of[i]))
			return i;
	return all->n;
}

bool
bundle_make(struct tp *t, struct view certs, when_t now, struct blob *out, struct err *e)
{
	struct certs all;
	struct cert recipient;
	const struct cert *ca;
	size_t leaf = 0, at;

	if (!certs_read(certs, &all, e) || !find_leaf(t, &all, &leaf, e))
		return false;
	ca = &all.of[leaf];
	if (ca->unknown_critical)
		return err_set(e, WHY_BAD_INPUT,
		    "CA certificate with a critical extension that is not known here "
		    "(RFC 5280 4.2)");
	if (now >= ca->not_after || ca->not_after <= ca->not_before)
		return err_set(e, WHY_BAD_INPUT, "the CA certificate has ended");
	if (name_is_empty(ca->subject))
		return err_set(e, WHY_BAD_INPUT, "the CA certificate has no name");
	blob_clear(out);
	blob_add_view(out, ca->whole);
	for (size_t i = 0; i < all.n; i++)
		if (!all.of[i].is_ca && !all.of[i].unknown_critical &&
		    now < all.of[i].not_after && issued_by(t, &all.of[i], ca))
			blob_add_view(out, all.of[i].whole);
	at = leaf;
	/* above a root there is nobody, whatever stands there in its name */
	for (size_t n = 0; n < all.n && !issued_by(t, &all.of[at], &all.of[at]) &&
			   (at = find_above(t, &all, &all.of[at])) < all.n;
	     n++)
		blob_add_view(out, all.of[at].whole);
	/* by hand nothing is encrypted */
	return !t->policy->plan.url || bundle_recipient(blob_view(out), now, &recipient, e);
}
