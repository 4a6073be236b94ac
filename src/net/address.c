/* address.c - what a SCEP address asks for. */
#include <string.h>
#include <strings.h>

#include "net/net.h"

bool
percent_decode(struct view in, struct blob *out, struct err *e)
{
	struct blob bytes = {0};
	bool ok = false;

	for (size_t i = 0; i < in.n;) {
		const uint8_t *escape = memchr(in.p + i, '%', in.n - i);
		size_t plain = escape ? (size_t)(escape - in.p) - i : in.n - i;
		int high, low;

		blob_add(&bytes, in.p + i, plain);
		i += plain;
		if (!escape)
			break;
		high = in.n - i > 2 ? hex_digit((char)in.p[i + 1]) : -1;
		low = in.n - i > 2 ? hex_digit((char)in.p[i + 2]) : -1;
		if (high < 0 || low < 0) {
			err_set(e, WHY_BAD_INPUT,
			    "'%%' at %zu is not followed by two hex digits", i);
			goto out;
		}
		blob_add_byte(&bytes, (uint8_t)(high << 4 | low));
		i += 3;
	}
	blob_set(out, blob_view(&bytes));
	ok = true;
out:
	blob_free(&bytes);
	return ok;
}

/* ---- path ---- */

/* Cut s off the end of v, in any case: certmonger's manual writes /cgi-bin/PKICLIENT.EXE. */
static bool
end_strip(struct view *v, const char *s)
{
	size_t n = strlen(s);

	if (v->n < n || strncasecmp((const char *)v->p + v->n - n, s, n) != 0)
		return false;
	v->n -= n;
	return true;
}

static bool
start_strip(struct view *v, const char *s)
{
	size_t n = strlen(s);

	if (v->n < n || memcmp(v->p, s, n) != 0)
		return false;
	*v = view_of(v->p + n, v->n - n);
	return true;
}

static struct view
last_segment(struct view path)
{
	size_t at = path.n;

	while (at && path.p[at - 1] != '/')
		at--;
	return view_of(path.p + at, path.n - at);
}

/* A name is compared with those we serve, and nothing else is ever done with it (BAD-018,
 * BAD-019). */
static bool
name_take(struct view name, char out[64])
{
	if (name.n > 63)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 0x20 || name.p[i] >= 0x7f || name.p[i] == '/')
			return false;
	if (name.n)
		memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

/*
 * /scep/NAME and /NAME/cgi-bin/pkiclient.exe name a CA. In any other path that ends in a
 * program the segment before it may be one (IOS appends /pkiclient.exe to what its user wrote)
 * or may be anything (HT-03).
 */
static bool
path_parse(struct view path, struct scep_address *a)
{
	struct view name = {0};
	bool cgi;

	if (end_strip(&path, "/pkiclient.exe") || end_strip(&path, "/mscep.dll")) {
		cgi = end_strip(&path, "/cgi-bin");
		name = last_segment(path);
		a->ca_is_hint = !cgi || name.n + 1 != path.n;
		if (!name_take(name, a->ca) && !a->ca_is_hint)
			return false;
		return true;
	}
	if (view_equal_str(path, "/") || view_equal_str(path, "/scep") ||
	    view_equal_str(path, "/scep/"))
		return true;
	return start_strip(&path, "/scep/") && name_take(path, a->ca);
}

static bool
crl_path_parse(struct view path, struct scep_address *a)
{
	if (!start_strip(&path, "/crl/") || !end_strip(&path, ".crl") || !path.n)
		return false;
	a->op = OP_CRL;
	return name_take(path, a->ca);
}

static bool
key_path_parse(struct view path, struct scep_address *a)
{
	struct view stem = last_segment(path);

	path.n -= stem.n;
	if (!start_strip(&path, "/") || !stem.n)
		return false;
	a->op = end_strip(&path, "/next/") ? OP_OLD_NEXT : OP_LINK;
	if ((a->op == OP_LINK && !end_strip(&path, "/link/")) || !path.n)
		return false;
	return name_take(path, a->ca) && name_take(stem, a->stem);
}

/* ---- query ---- */

struct params { /* undecoded */
	struct view operation, message;
	int messages;
	bool have_operation, differ;
};

static struct params
params_of(struct view query)
{
	struct params p = {0};

	while (query.n) {
		struct view value = view_cut(&query, '&');
		struct view name = view_cut(&value, '=');

		if (view_equal_str(name, "operation")) {
			p.differ =
			    p.differ || (p.have_operation && !view_equal(p.operation, value));
			p.operation = value;
			p.have_operation = true;
		} else if (view_equal_str(name, "message")) {
			p.message = value;
			p.messages++;
		}
	}
	return p;
}

static enum scep_op
op_named(struct view name)
{
	static const struct {
		const char *name;
		enum scep_op op;
	} ops[] = {
	    {"PKIOperation", OP_PKIOPERATION},
	    {"GetCACaps", OP_GETCACAPS},
	    {"GetCACert", OP_GETCACERT},
	    {"GetNextCACert", OP_GETNEXTCACERT},
	    {"GetCACertChain", OP_GETCACERTCHAIN},
	    {"GetCRL", OP_GETCRL},
	};

	/* No two differ in case alone, so one comparison without case finds the exact one too
	 * (HT-11). */
	for (size_t i = 0; i < COUNT_OF(ops); i++)
		if (name.n == strlen(ops[i].name) &&
		    !strncasecmp((const char *)name.p, ops[i].name, name.n))
			return ops[i].op;
	return OP_NONE;
}

static bool
operation_parse(
    const struct http_request *rq, const struct params *p, enum scep_op *op, struct err *e)
{
	struct blob name = {0};
	bool ok = false;

	if (!p->have_operation && rq->method == HTTP_POST) { /* HT-09 */
		*op = OP_PKIOPERATION;
		return true;
	}
	if (!p->have_operation)
		return err_set(e, WHY_BAD_INPUT, "the address names no operation");
	if (p->differ)
		return err_set(e, WHY_BAD_INPUT, "the address names two operations");
	if (!percent_decode(p->operation, &name, e))
		goto out;
	*op = op_named(blob_view(&name));
	if (*op == OP_NONE) {
		err_set(e, WHY_BAD_INPUT, "operation of %zu octets is unknown", name.n);
		goto out;
	}
	ok = true;
out:
	blob_free(&name);
	return ok;
}

static bool
message_parse(
    const struct http_request *rq, const struct params *p, struct blob *out, struct err *e)
{
	struct blob text = {0}, message = {0};
	bool ok = false;

	if (rq->method == HTTP_POST) {
		blob_set(&message, rq->body);
	} else if (p->messages != 1) {
		err_set(e, WHY_BAD_INPUT, "PKIOperation with %d messages in the address",
		    p->messages);
		goto out;
	} else if (!percent_decode(p->message, &text, e) ||
		   !base64_decode(blob_view(&text), &message, e)) {
		goto out;
	}
	/* Every CMS message is a SEQUENCE: keeps text and base64 posted as a body away from
	 * core (BAD-042). */
	if (!message.n || message.p[0] != 0x30) {
		err_set(e, WHY_BAD_INPUT, "message of %zu octets is no CMS", message.n);
		goto out;
	}
	*out = message;
	message = (struct blob){0};
	ok = true;
out:
	blob_free(&text);
	blob_free(&message);
	return ok;
}

bool
scep_address_parse(
    const struct http_request *rq, struct scep_address *out, int *status, struct err *e)
{
	struct scep_address a = {0};
	struct params p;

	if (crl_path_parse(rq->path, &a) || key_path_parse(rq->path, &a)) {
		if (rq->method == HTTP_POST) {
			*status = 405;
			return err_set(e, WHY_BAD_INPUT, "a file is not posted to");
		}
		*out = a;
		return true;
	}
	a = (struct scep_address){0};
	if (!path_parse(rq->path, &a)) {
		*status = 404;
		return err_set(e, WHY_NOT_FOUND, "nothing is served at this path");
	}
	p = params_of(rq->query);
	*status = 400;
	if (!operation_parse(rq, &p, &a.op, e))
		return false;
	if (a.op == OP_PKIOPERATION && !message_parse(rq, &p, &a.message, e))
		return false;
	*out = a;
	return true;
}
