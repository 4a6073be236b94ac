/* cert.c - build and read certificates. */
#include "wire/inner.h"

#define CERT_MAX 65536
#define SERIAL_MAX 64

bool
signed_split(struct view der, const char *what, struct signed_parts *out, struct err *e)
{
	struct reader r = reader_of(der);
	struct signed_parts p = {0};
	struct der whole, d;

	if (!der_take(&r, DER_SEQUENCE, what, &whole, e) || !der_end(&r, what, e))
		return false;
	r = reader_of(whole.body);
	if (!der_take(&r, DER_SEQUENCE, what, &d, e))
		return false;
	p.signed_octets = d.whole;
	if (!der_take(&r, DER_SEQUENCE, "signatureAlgorithm", &d, e) ||
	    !sig_alg_decode(d.whole, &p.alg, e))
		return false;
	p.algorithm = d.whole;
	if (!der_take(&r, DER_BIT_STRING, "signature", &d, e) ||
	    !der_bits(&d, "signature", &p.signature, e) || !der_end(&r, what, e))
		return false;
	*out = p;
	return true;
}

bool
take_algorithm(struct reader *r, struct view outside, struct sig_alg *out, struct err *e)
{
	struct der d;

	if (!der_take(r, DER_SEQUENCE, "signature", &d, e))
		return false;
	if (outside.n > 0 && !view_equal(outside, d.whole))
		return err_set(e, WHY_BAD_INPUT,
		    "signature algorithms inside and outside differ (RFC 5280 4.1.1.2)");
	return sig_alg_decode(d.whole, out, e);
}

bool
take_name(struct reader *r, struct view *out, struct err *e)
{
	struct der d;

	if (!der_take(r, DER_SEQUENCE, "name", &d, e) || !name_check(d.whole, e))
		return false;
	*out = d.whole;
	return true;
}

/* ---- reading ---- */

static bool
take_version(struct reader *r, int *out, struct err *e)
{
	struct reader inner;
	struct der d;
	uint64_t v = 0;

	if (der_next_is(r, DER_CONTEXT(0))) {
		if (!der_any(r, &d, e))
			return false;
		inner = reader_of(d.body);
		if (!der_take(&inner, DER_INTEGER, "version", &d, e) || !der_uint(&d, &v, e) ||
		    !der_end(&inner, "version", e))
			return false;
		if (v != 0 && v != 2)
			return err_set(e, WHY_BAD_INPUT,
			    "certificate version %ju (1 and 3 are known)", (uintmax_t)v + 1);
	}
	*out = (int)v + 1;
	return true;
}

static bool
take_serial(struct reader *r, struct view *out, struct err *e)
{
	struct der d;

	if (!der_take(r, DER_INTEGER, "serial number", &d, e))
		return false;
	if (d.body.n == 0 || d.body.n > SERIAL_MAX)
		return err_set(e, WHY_BAD_INPUT, "serial number of %zu octets", d.body.n);
	*out = d.body;
	return true;
}

static bool
take_validity(struct reader *r, struct cert *c, struct err *e)
{
	struct reader inner;
	struct der d;

	if (!der_take(r, DER_SEQUENCE, "validity", &d, e))
		return false;
	inner = reader_of(d.body);
	return der_time(&inner, &c->not_before, e) && der_time(&inner, &c->not_after, e) &&
	       der_end(&inner, "validity", e);
}

static bool
take_extensions(struct reader *r, struct cert *c, struct err *e)
{
	struct extensions x;
	struct reader inner;
	struct der d;

	if (c->version < 3)
		return err_set(
		    e, WHY_BAD_INPUT, "extensions in a version %d certificate", c->version);
	if (!der_take(r, DER_CONTEXT(3), "extensions", &d, e))
		return false;
	inner = reader_of(d.body);
	if (!der_take(&inner, DER_SEQUENCE, "extensions", &d, e) ||
	    !der_end(&inner, "extensions", e) || !extensions_decode(d.body, &x, e))
		return false;
	c->extensions = d.body;
	c->has_key_usage = x.has_key_usage;
	c->key_usage = x.key_usage;
	c->eku = x.eku;
	c->is_ca = x.is_ca;
	c->has_path_len = x.has_path_len;
	c->path_len = x.path_len;
	c->unknown_critical = x.unknown_critical;
	c->san = x.san;
	c->ski = x.ski;
	c->aki = x.aki;
	return true;
}

static bool
tbs_decode(struct view tbs, struct view outside, struct cert *c, struct err *e)
{
	struct reader r = reader_of(tbs);
	struct der d;

	if (!der_take(&r, DER_SEQUENCE, "TBSCertificate", &d, e) ||
	    !der_end(&r, "TBSCertificate", e))
		return false;
	c->tbs = d.whole;
	r = reader_of(d.body);
	if (!take_version(&r, &c->version, e) || !take_serial(&r, &c->serial, e) ||
	    !take_algorithm(&r, outside, &c->alg, e))
		return false;
	if (!take_name(&r, &c->issuer, e))
		return err_prefix(e, "issuer");
	if (!take_validity(&r, c, e))
		return false;
	if (!take_name(&r, &c->subject, e))
		return err_prefix(e, "subject");
	if (!der_take(&r, DER_SEQUENCE, "SubjectPublicKeyInfo", &d, e) ||
	    !spki_decode(d.whole, &c->key, e))
		return false;
	if (r.n > 0 && !take_extensions(&r, c, e))
		return false;
	return der_end(&r, "TBSCertificate", e);
}

bool
cert_decode_tbs(struct view tbs, struct cert *out, struct err *e)
{
	struct cert c = {0};

	if (tbs.n > CERT_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "certificate of %zu octets, limit %d", tbs.n, CERT_MAX);
	if (!tbs_decode(tbs, (struct view){0}, &c, e))
		return false;
	*out = c;
	return true;
}

bool
cert_decode(struct view der, struct cert *out, struct err *e)
{
	struct cert c = {.whole = der};
	struct signed_parts p;

	if (der.n > CERT_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "certificate of %zu octets, limit %d", der.n, CERT_MAX);
	if (!signed_split(der, "certificate", &p, e) ||
	    !tbs_decode(p.signed_octets, p.algorithm, &c, e))
		return false;
	c.signature = p.signature;
	*out = c;
	return true;
}

/* ---- writing ---- */

/* pathLen without keyCertSign would be against RFC 5280 4.2.1.9. */
static void
put_basic_constraints(struct der_writer *w, const struct cert_spec *s)
{
	extension_open(w, OID_BASIC_CONSTRAINTS, true);
	der_open(w, DER_SEQUENCE);
	der_put(w, DER_BOOLEAN, VIEW("\xff"));
	if (s->path_len >= 0 && (s->key_usage & KU_CERT_SIGN))
		der_put_uint(w, (uint64_t)s->path_len);
	der_close(w);
	extension_close(w);
}

/* One DistributionPoint with a fullName URI; the CA itself signs the list (CP-14). */
static void
put_cdp(struct der_writer *w, const char *url)
{
	extension_open(w, OID_CDP, false);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_SEQUENCE);
	der_open(w, DER_CONTEXT(0)); /* distributionPoint */
	der_open(w, DER_CONTEXT(0)); /* fullName */
	der_put(w, DER_CONTEXT_PRIMITIVE(6), view_str(url));
	for (int i = 0; i < 4; i++)
		der_close(w);
	extension_close(w);
}

static void
put_extensions(struct der_writer *w, const struct cert_spec *s)
{
	if (s->is_ca)
		put_basic_constraints(w, s);
	if (s->key_usage != 0)
		extension_key_usage(w, s->key_usage);
	if (s->eku != 0)
		extension_eku(w, s->eku);
	if (s->san.n > 0)
		extension_san(w, s->san, name_is_empty(s->subject));
	if (s->cdp != NULL)
		put_cdp(w, s->cdp);
	if (s->ski.n > 0) {
		extension_open(w, OID_SKI, false);
		der_put(w, DER_OCTET_STRING, s->ski);
		extension_close(w);
	}
	if (s->aki.n > 0)
		extension_aki(w, s->aki);
}

void
cert_encode_tbs(const struct cert_spec *s, struct blob *tbs)
{
	struct der_writer w = {.out = tbs};
	struct blob extensions = {0};
	struct der_writer inner = {.out = &extensions};

	put_extensions(&inner, s);
	der_open(&w, DER_SEQUENCE);
	if (extensions.n > 0) {
		der_open(&w, DER_CONTEXT(0));
		der_put_uint(&w, 2); /* version 3 */
		der_close(&w);
	}
	der_put_unsigned(&w, s->serial);
	sig_alg_encode(&w, &s->alg);
	der_put_raw(&w, s->issuer);
	der_open(&w, DER_SEQUENCE);
	der_put_time(&w, s->not_before);
	der_put_time(&w, s->not_after);
	der_close(&w);
	name_put(&w, s->subject);
	der_put_raw(&w, s->spki);
	if (extensions.n > 0) {
		der_open(&w, DER_CONTEXT(3));
		der_put(&w, DER_SEQUENCE, blob_view(&extensions));
		der_close(&w);
	}
	der_close(&w);
	blob_free(&extensions);
}

void
signed_ends(size_t tbs, const struct sig_alg *alg, struct view signature, struct blob *head,
    struct blob *tail)
{
	struct der_writer w = {.out = tail};

	sig_alg_encode(&w, alg);
	der_put_bit_octets(&w, signature);
	der_put_head(head, DER_SEQUENCE, tbs + tail->n);
}

void
signed_assemble(
    struct view tbs, const struct sig_alg *alg, struct view signature, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_put_raw(&w, tbs);
	sig_alg_encode(&w, alg);
	der_put_bit_octets(&w, signature);
	der_close(&w);
}
