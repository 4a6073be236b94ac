/* put.c - messages about copies, and the table of depots. */
#include <string.h>

#include "courier/message.h"

/* A name that we chose: no directory, nothing hidden, nothing that a protocol could read. */
static bool
is_leaf(struct view v)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.";

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == 0 || strchr(plain, v.p[i]) == NULL)
			return false;
	return v.n > 0 && v.p[0] != '.';
}

void
courier_put_encode(const struct courier_put *p, struct blob *out)
{
	blob_add_byte(out, KIND_COURIER_PUT);
	blob_add_u64(out, p->id);
	blob_add_u32(out, p->depot);
	blob_add_u32(out, p->limit_ms);
	blob_add_sized(out, p->leaf);
	blob_add_sized(out, p->body);
}

bool
courier_put_decode(struct view v, struct courier_put *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_put p = {0};
	uint32_t depot = 0;
	bool ok = read_kind(&r, KIND_COURIER_PUT) && read_u64(&r, &p.id) && p.id != 0 &&
		  read_u32(&r, &depot) && depot < COURIER_DEPOTS && read_u32(&r, &p.limit_ms) &&
		  p.limit_ms > 0 && p.limit_ms <= COURIER_FETCH_MS_MAX &&
		  read_text(&r, COURIER_LEAF_MAX, &p.leaf) && is_leaf(p.leaf) &&
		  read_text(&r, CHANNEL_MAX, &p.body) && r.n == 0;

	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "copy of %zu octets: no copy", v.n);
	p.depot = depot;
	*out = p;
	return true;
}

void
courier_stored_encode(const struct courier_stored *s, struct blob *out)
{
	blob_add_byte(out, KIND_COURIER_STORED);
	blob_add_u64(out, s->id);
	blob_add_byte(out, s->stored);
	blob_add_sized(out, s->reason);
}

bool
courier_stored_decode(struct view v, struct courier_stored *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_stored s = {0};

	if (!read_kind(&r, KIND_COURIER_STORED) || !read_u64(&r, &s.id) || s.id == 0 ||
	    !read_bool(&r, &s.stored) || !read_text(&r, COURIER_TEXT_MAX, &s.reason) ||
	    r.n > 0 || (s.stored && s.reason.n > 0))
		return err_set(
		    e, WHY_BAD_INPUT, "answer to a copy, %zu octets: no answer", v.n);
	*out = s;
	return true;
}

bool
courier_is_stored(struct view message)
{
	struct reader r = reader_of(message);

	return read_kind(&r, KIND_COURIER_STORED);
}

/* ---- depots ---- */

void
courier_depots_encode(const struct courier_depot *d, size_t n, struct blob *out)
{
	for (size_t i = 0; i < n; i++) {
		blob_add_sized(out, view_str(d[i].url));
		blob_add_sized(out, view_str(d[i].user));
		blob_add_sized(out, view_str(d[i].password));
	}
}

bool
courier_depots_decode(struct view v, struct courier_depot out[COURIER_DEPOTS], struct err *e)
{
	struct reader r = reader_of(v);

	memset(out, 0, COURIER_DEPOTS * sizeof(*out));
	for (size_t i = 0; r.n > 0; i++)
		if (i == COURIER_DEPOTS || !read_chars(&r, out[i].url, sizeof(out[i].url)) ||
		    !read_chars(&r, out[i].user, sizeof(out[i].user)) ||
		    !read_chars(&r, out[i].password, sizeof(out[i].password)))
			return err_set(
			    e, WHY_BAD_INPUT, "depots of %zu octets: no depots", v.n);
	return true;
}
