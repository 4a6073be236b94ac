/* show_crl.c - show crypto pki server NAME crl. */
#include "show/show_int.h"

#define COUNT_A_CALL 20000 /* entries stepped over a call: about a millisecond */

/* The revoked entries of a list we signed ourselves, found without reading them all. */
static bool
entries_of(struct view der, struct view *out, struct err *e)
{
	struct reader r = reader_of(der);
	struct der d;

	*out = (struct view){0};
	if (!der_take(&r, DER_SEQUENCE, "CRL", &d, e))
		return false;
	r = reader_of(d.body);
	if (!der_take(&r, DER_SEQUENCE, "CRL", &d, e))
		return false;
	r = reader_of(d.body);
	/* version, algorithm, issuer, thisUpdate, nextUpdate */
	for (int i = 0; i < 5; i++)
		if (!der_any(&r, &d, e))
			return false;
	if (der_next_is(&r, DER_SEQUENCE) && !der_take(&r, DER_SEQUENCE, "CRL", &d, e))
		return false;
	if (d.tag == DER_SEQUENCE)
		*out = d.body;
	return true;
}

static bool
put_head(struct show *s, struct err *e)
{
	const struct ca *ca = s->server->ca;
	struct store *st = ca_store(ca);
	struct row_generation g;
	struct view entries;
	struct cert cert;
	struct row_crl crl;
	uint64_t octets = 0;
	size_t size;
	bool apart = false;
	struct err why = {0};

	tree_put_text(s->tree, "name", s->server->conf->name);
	if (!st->table->crl_get(st, ca_generation(ca), &crl, &why))
		return show_absent(&why, e);
	if (crl.der.n == 0)
		return true;
	size = crl.der.n;
	apart = ca_list_parts(crl.der, &octets, &size);
	if (!apart) {
		if (!entries_of(crl.der, &entries, e))
			return false;
		blob_set(&s->bytes, entries);
	}
	tree_put_when(s->tree, "this_update", crl.this_update);
	tree_put_when(s->tree, "next_update", crl.next_update);
	tree_put_int(s->tree, "number", crl.number);
	tree_put_int(s->tree, "size", (int64_t)size);
	if (apart && !st->table->revoked_get(st, &s->bytes, e))
		return false;
	if (apart && s->bytes.n > octets)
		s->bytes.n = (size_t)octets; /* it only grows */
	if (!st->table->generation_get(st, ca_generation(ca), &g, e) ||
	    !cert_decode(g.cert, &cert, e))
		return false;
	tree_put_name(s->tree, "issuer", cert.subject);
	return true;
}

static struct reader
rest(const struct show *s)
{
	struct reader r = reader_of(blob_view(&s->bytes));
	struct view before;

	(void)!read_view(&r, s->offset, &before);
	return r;
}

static bool
crl_build(struct show *s, bool *more, struct err *e)
{
	struct reader r;
	struct der d;

	if (!tree_has(s->tree, "name") && !put_head(s, e))
		return false;
	r = rest(s);
	for (int n = 0; n < COUNT_A_CALL && r.n > 0; n++) {
		if (!der_any(&r, &d, e))
			return false;
		s->after++;
	}
	s->offset = s->bytes.n - r.n;
	*more = r.n > 0;
	if (*more)
		return true;
	tree_put_int(s->tree, "entries", s->after);
	s->offset = 0;
	return true;
}

static void
crl_text(const struct show *s, struct blob *out)
{
	char t[WHEN_TEXT];

	blob_add_str(out, "Certificate Revocation List:\n");
	if (!tree_has(s->tree, "number")) {
		blob_add_str(out, "    No list has been signed yet\n");
		return;
	}
	blob_printf(out, "    Issuer: %s\n", tree_text(s->tree, "issuer"));
	blob_printf(out, "    This Update: %s\n", tree_ios(s->tree, "this_update", t));
	blob_printf(out, "    Next Update: %s\n", tree_ios(s->tree, "next_update", t));
	blob_printf(
	    out, "    Number of CRL entries: %lld\n", (long long)tree_int(s->tree, "entries"));
	blob_printf(out, "    CRL size: %lld bytes\n", (long long)tree_int(s->tree, "size"));
	blob_printf(out, "    CRL number: %lld\n", (long long)tree_int(s->tree, "number"));
	if (tree_int(s->tree, "entries") > 0)
		blob_add_str(out, "Revoked Certificates:\n");
}

static bool
put_entry(struct store *st, struct reader *r, struct tree *o, struct err *e)
{
	struct der entry, serial;
	struct reader inner;
	struct row_cert cert;
	struct err why = {0};
	when_t at;

	if (!der_take(r, DER_SEQUENCE, "CRL entry", &entry, e))
		return false;
	inner = reader_of(entry.body);
	if (!der_take(&inner, DER_INTEGER, "CRL entry", &serial, e) ||
	    !der_time(&inner, &at, e))
		return false;
	tree_put_hex(o, "serial", show_unsigned(serial.body));
	tree_put_when(o, "revoked_at", at);
	if (!st->table->cert_by_serial(st, show_unsigned(serial.body), &cert, &why))
		return show_absent(&why, e);
	tree_put_text(
	    o, "revoked_why", show_word(show_reasons, show_reason_count, cert.revoked_why));
	tree_put_name(o, "subject", cert.subject);
	return true;
}

static bool
crl_rows(struct show *s, struct tree *rows, bool *more, struct err *e)
{
	struct reader r = rest(s);

	for (int n = 0; n < PIECE && r.n > 0; n++)
		if (!put_entry(ca_store(s->server->ca), &r, tree_add_object(rows), e))
			return false;
	s->offset = s->bytes.n - r.n;
	*more = r.n > 0;
	return true;
}

static void
crl_row_text(const struct show *s, const struct tree *o, struct blob *out)
{
	char t[WHEN_TEXT];

	(void)s;
	blob_printf(out, "    Serial Number (hex): %s\n        Revocation Date: %s\n",
	    tree_text(o, "serial"), tree_ios(o, "revoked_at", t));
}

const struct show_command show_crl = {
    .command = CMD_SHOW_CRL,
    .names = NAMES_RUNNING,
    .build = crl_build,
    .text = crl_text,
    .list = "revoked",
    .rows = crl_rows,
    .row_text = crl_row_text,
};
