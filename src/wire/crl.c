/* crl.c - build and read revocation lists. */
#include "wire/inner.h"

/* ---- reading ---- */

struct entry {
	struct view serial;
	when_t at;
	int reason;
};

static bool
read_reason(struct view value, int *out, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	if (!der_take(&r, DER_ENUMERATED, "reasonCode", &d, e) || !der_end(&r, "reasonCode", e))
		return false;
	if (d.body.n != 1 || d.body.p[0] > 10)
		return err_set(
		    e, WHY_BAD_INPUT, "reasonCode: not one of 0 to 10 (RFC 5280 5.3.1)");
	*out = d.body.p[0];
	return true;
}

static bool
take_entry_extensions(struct reader *r, struct entry *en, struct err *e)
{
	struct view oid, value;
	bool critical;
	struct der d;

	if (!der_take(r, DER_SEQUENCE, "entry extensions", &d, e) ||
	    !der_end(r, "CRL entry", e))
		return false;
	for (struct reader inner = reader_of(d.body); inner.n > 0;) {
		if (!extension_take(&inner, &oid, &critical, &value, e))
			return false;
		if (view_equal(oid, OID_REASON)) {
			if (!read_reason(value, &en->reason, e))
				return false;
		} else if (critical) {
			return err_set(
			    e, WHY_BAD_INPUT, "CRL entry: unknown critical extension");
		}
	}
	return true;
}

static bool
take_entry(struct reader *entries, struct entry *out, struct err *e)
{
	struct entry en = {0};
	struct reader r;
	struct der d;

	if (!der_take(entries, DER_SEQUENCE, "CRL entry", &d, e))
		return false;
	r = reader_of(d.body);
	if (!der_take(&r, DER_INTEGER, "CRL entry serial", &d, e) ||
	    !der_integer_check(d.body, "CRL entry serial", e))
		return false;
	en.serial = d.body;
	if (!der_time(&r, &en.at, e))
		return false;
	if (r.n > 0 && !take_entry_extensions(&r, &en, e))
		return false;
	*out = en;
	return true;
}

static bool
take_entries(struct reader *r, struct crl *c, struct err *e)
{
	struct reader entries;
	struct entry en;
	struct der d;

	if (!der_next_is(r, DER_SEQUENCE))
		return true;
	if (!der_any(r, &d, e))
		return false;
	c->entries = d.body;
	for (entries = reader_of(d.body); entries.n > 0;)
		if (!take_entry(&entries, &en, e))
			return false;
	return true;
}

static bool
read_number(struct view value, uint64_t *out, struct err *e)
{
	struct reader r = reader_of(value);
	struct der d;

	return der_take(&r, DER_INTEGER, "CRL number", &d, e) && der_end(&r, "CRL number", e) &&
	       der_uint(&d, out, e);
}

static bool
take_extensions(struct reader *r, struct crl *c, struct err *e)
{
	struct view oid, value, list;
	struct extensions x;
	struct reader inner;
	bool critical;
	struct der d;

	if (!der_take(r, DER_CONTEXT(0), "crlExtensions", &d, e))
		return false;
	inner = reader_of(d.body);
	if (!der_take(&inner, DER_SEQUENCE, "crlExtensions", &d, e) ||
	    !der_end(&inner, "crlExtensions", e) || !extensions_decode(d.body, &x, e))
		return false;
	/* A critical one may narrow what the list speaks of: a partial list must not pass for a
	 * whole one. */
	if (x.unknown_critical)
		return err_set(
		    e, WHY_BAD_INPUT, "CRL: unknown critical extension (RFC 5280 5.2)");
	c->aki = x.aki;
	list = d.body;
	for (inner = reader_of(list); inner.n > 0;) {
		if (!extension_take(&inner, &oid, &critical, &value, e))
			return false;
		if (view_equal(oid, OID_CRL_NUMBER) && !read_number(value, &c->number, e))
			return false;
	}
	return true;
}

static bool
take_version(struct reader *r, bool *v2, struct err *e)
{
	struct der d;
	uint64_t v;

	*v2 = der_next_is(r, DER_INTEGER);
	if (!*v2)
		return true;
	if (!der_any(r, &d, e) || !der_uint(&d, &v, e))
		return false;
	return v == 1 || err_set(e, WHY_BAD_INPUT, "CRL version %ju", (uintmax_t)v + 1);
}

static bool
tbs_decode(struct view tbs, struct view outside, struct crl *c, struct err *e)
{
	struct reader r = reader_of(tbs);
	struct der d;
	bool v2;

	if (!der_take(&r, DER_SEQUENCE, "TBSCertList", &d, e) || !der_end(&r, "TBSCertList", e))
		return false;
	c->tbs = d.whole;
	r = reader_of(d.body);
	if (!take_version(&r, &v2, e) || !take_algorithm(&r, outside, &c->alg, e) ||
	    !take_name(&r, &c->issuer, e) || !der_time(&r, &c->this_update, e))
		return false;
	if (!der_time(&r, &c->next_update, e))
		return err_prefix(e, "nextUpdate (RFC 5280 5.1.2.5)");
	if (!take_entries(&r, c, e))
		return false;
	if (v2 && r.n > 0 && !take_extensions(&r, c, e))
		return false;
	return der_end(&r, "TBSCertList", e);
}

bool
crl_decode_tbs(struct view tbs, struct crl *out, struct err *e)
{
	struct crl c = {0};

	if (!tbs_decode(tbs, (struct view){0}, &c, e))
		return false;
	*out = c;
	return true;
}

bool
crl_decode(struct view der, struct crl *out, struct err *e)
{
	struct crl c = {.whole = der};
	struct signed_parts p;

	if (!signed_split(der, "CRL", &p, e) ||
	    !tbs_decode(p.signed_octets, p.algorithm, &c, e))
		return false;
	c.signature = p.signature;
	*out = c;
	return true;
}

/* Serials of lists are positive: padding does not tell two of them apart. */
static struct view
unpadded(struct view v)
{
	while (v.n > 1 && v.p[0] == 0) {
		v.p++;
		v.n--;
	}
	return v;
}

bool
crl_find(const struct crl *c, struct view serial, when_t *at, int *reason)
{
	struct reader entries = reader_of(c->entries);
	struct entry en;

	while (entries.n > 0 && take_entry(&entries, &en, NULL)) {
		if (!view_equal(unpadded(en.serial), unpadded(serial)))
			continue;
		*at = en.at;
		*reason = en.reason;
		return true;
	}
	return false;
}

size_t
crl_count(const struct crl *c)
{
	struct reader entries = reader_of(c->entries);
	struct der d;
	size_t n = 0;

	while (entries.n > 0 && der_any(&entries, &d, NULL))
		n++;
	return n;
}

/* ---- writing ---- */

void
crl_entry_encode(struct view serial, when_t at, int reason, struct blob *entries)
{
	struct der_writer w = {.out = entries};
	uint8_t octet = (uint8_t)reason;

	der_open(&w, DER_SEQUENCE);
	der_put_unsigned(&w, serial);
	der_put_time(&w, at);
	if (reason != 0) {
		der_open(&w, DER_SEQUENCE);
		extension_open(&w, OID_REASON, false);
		der_put(&w, DER_ENUMERATED, view_of(&octet, 1));
		extension_close(&w);
		der_close(&w);
	}
	der_close(&w);
}

void
crl_encode_ends(const struct crl_spec *s, size_t entries, struct blob *head, struct blob *tail)
{
	struct blob fields = {0};
	struct der_writer w = {.out = &fields};

	der_put_uint(&w, 1); /* version 2 */
	sig_alg_encode(&w, &s->alg);
	der_put_raw(&w, s->issuer);
	der_put_time(&w, s->this_update);
	der_put_time(&w, s->next_update);
	w = (struct der_writer){.out = tail};
	der_open(&w, DER_CONTEXT(0));
	der_open(&w, DER_SEQUENCE);
	if (s->aki.n > 0)
		extension_aki(&w, s->aki);
	extension_open(&w, OID_CRL_NUMBER, false);
	der_put_uint(&w, s->number);
	extension_close(&w);
	der_close(&w);
	der_close(&w);
	if (entries > 0)
		der_put_head(&fields, DER_SEQUENCE, entries);
	der_put_head(head, DER_SEQUENCE, fields.n + entries + tail->n);
	blob_add_view(head, blob_view(&fields));
	blob_free(&fields);
}

void
crl_encode_tbs(const struct crl_spec *s, struct blob *tbs)
{
	struct blob head = {0}, tail = {0};

	crl_encode_ends(s, s->entries.n, &head, &tail);
	blob_grow(tbs, head.n + s->entries.n + tail.n); /* once */
	tbs->n -= head.n + s->entries.n + tail.n;
	blob_add_view(tbs, blob_view(&head));
	blob_add_view(tbs, s->entries);
	blob_add_view(tbs, blob_view(&tail));
	blob_free(&head);
	blob_free(&tail);
}
