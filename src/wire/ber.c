/* ber.c - BER of the CMS layers to DER. */
#include "wire/wire.h"

#define DEPTH_MAX 64
#define ELEMENTS_MAX 100000
#define CONSTRUCTED 0x20

/* One walk looks, a second one writes; out is NULL while looking. */
struct walk {
	struct blob *out;
	size_t elements;
	bool is_der;
};

struct head {
	uint8_t tag;
	bool indefinite;
	size_t n;
};

/* Places in a SEQUENCE { OBJECT IDENTIFIER, SEQUENCE, here }: that is EncryptedContentInfo and
 * nothing else of CMS. */
enum place { PLACE_FIRST, PLACE_AFTER_OID, PLACE_AFTER_ALGORITHM, PLACE_OTHER };

static bool element(
    struct walk *w, struct reader *r, int depth, enum place place, struct err *e);

/* *out is written as it is read: it is nobody's but the walk's. */
static bool
take_head(struct walk *w, struct reader *r, struct head *out, struct err *e)
{
	uint8_t first, octet;

	if (++w->elements > ELEMENTS_MAX)
		return err_set(e, WHY_BAD_INPUT, "BER: over %d elements", ELEMENTS_MAX);
	if (!read_u8(r, &out->tag) || !read_u8(r, &first))
		return err_set(e, WHY_BAD_INPUT, "BER: element cut off");
	if ((out->tag & 0x1f) == 0x1f || (out->tag & 0xdf) == 0)
		return err_set(e, WHY_BAD_INPUT, "BER: tag %02x", out->tag);
	out->indefinite = first == 0x80;
	if (out->indefinite && !(out->tag & CONSTRUCTED))
		return err_set(
		    e, WHY_BAD_INPUT, "BER: primitive element without length (X.690 8.1.3.2)");
	if (first > 0x88)
		return err_set(e, WHY_BAD_INPUT, "BER: length of %d octets", first & 0x7f);
	out->n = first < 0x80 ? first : 0;
	for (int i = 0; first > 0x80 && i < (first & 0x7f); i++) {
		if (!read_u8(r, &octet))
			return err_set(e, WHY_BAD_INPUT, "BER: element cut off");
		if (i == 0 && octet == 0)
			w->is_der = false;
		out->n = out->n << 8 | octet;
	}
	if (out->indefinite || (first > 0x80 && out->n < 0x80))
		w->is_der = false;
	if (out->n > r->n)
		return err_set(
		    e, WHY_BAD_INPUT, "BER: element of %zu octets, %zu left", out->n, r->n);
	return true;
}

static bool
at_end(const struct reader *r, bool indefinite)
{
	if (indefinite)
		return r->n >= 2 && r->p[0] == 0 && r->p[1] == 0;
	return r->n == 0;
}

/* The contents of a constructed element as a reader of their own; close_contents takes r behind
 * them. */
static bool
open_contents(struct reader *r, const struct head *h, struct reader *inner)
{
	struct view v;

	if (h->indefinite) {
		*inner = *r;
		return true;
	}
	if (!read_view(r, h->n, &v))
		return false;
	*inner = reader_of(v);
	return true;
}

static bool
close_contents(struct reader *r, const struct head *h, struct reader *inner)
{
	struct view end_of_contents;

	if (!h->indefinite)
		return true;
	if (!read_view(inner, 2, &end_of_contents))
		return false;
	*r = *inner;
	return true;
}

/* The octets of a constructed OCTET STRING, one piece after the other (X.690 8.7.3). */
static bool
pieces(struct walk *w, struct reader *r, const struct head *h, int depth, struct err *e)
{
	struct reader inner;
	struct head piece;
	struct view v;

	w->is_der = false;
	if (depth > DEPTH_MAX)
		return err_set(e, WHY_BAD_INPUT, "BER: nested over %d deep", DEPTH_MAX);
	if (!open_contents(r, h, &inner))
		return err_set(e, WHY_BAD_INPUT, "BER: element cut off");
	while (!at_end(&inner, h->indefinite)) {
		if (!take_head(w, &inner, &piece, e))
			return false;
		if (piece.tag == (DER_OCTET_STRING | CONSTRUCTED)) {
			if (!pieces(w, &inner, &piece, depth + 1, e))
				return false;
		} else if (piece.tag != DER_OCTET_STRING || !read_view(&inner, piece.n, &v)) {
			return err_set(e, WHY_BAD_INPUT, "BER: tag %02x inside an OCTET STRING",
			    piece.tag);
		} else if (w->out != NULL) {
			blob_add_view(w->out, v);
		}
	}
	if (!close_contents(r, h, &inner))
		return err_set(e, WHY_BAD_INPUT, "BER: end of contents missing");
	return true;
}

static bool
children(struct walk *w, struct reader *r, const struct head *h, int depth, struct err *e)
{
	enum place place = h->tag == DER_SEQUENCE ? PLACE_FIRST : PLACE_OTHER;
	struct reader inner;
	uint8_t tag;

	if (!open_contents(r, h, &inner))
		return err_set(e, WHY_BAD_INPUT, "BER: element cut off");
	while (!at_end(&inner, h->indefinite)) {
		tag = inner.n > 0 ? inner.p[0] : 0;
		if (!element(w, &inner, depth + 1, place, e))
			return false;
		if (place == PLACE_FIRST && tag == DER_OID)
			place = PLACE_AFTER_OID;
		else if (place == PLACE_AFTER_OID && tag == DER_SEQUENCE)
			place = PLACE_AFTER_ALGORITHM;
		else
			place = PLACE_OTHER;
	}
	if (!close_contents(r, h, &inner))
		return err_set(e, WHY_BAD_INPUT, "BER: end of contents missing");
	return true;
}

static bool
constructed_legal(uint8_t tag)
{
	return (tag & 0xc0) != 0 || tag == DER_SEQUENCE || tag == DER_SET;
}

/*
 * INTEGERs, BOOLEANs and the order of SETs stay as they are: serial numbers are compared by
 * octets, and what matters is re-encoded where it is read.
 */
static bool
element(struct walk *w, struct reader *r, int depth, enum place place, struct err *e)
{
	struct der_writer out; /* not zeroed: it is long, and mostly nothing is written */
	bool as_octets, ok;
	struct head h;
	struct view v;

	if (depth > DEPTH_MAX)
		return err_set(e, WHY_BAD_INPUT, "BER: nested over %d deep", DEPTH_MAX);
	if (!take_head(w, r, &h, e))
		return false;
	out.out = w->out;
	out.depth = 0;
	if (!(h.tag & CONSTRUCTED)) {
		if (h.tag == (DER_SEQUENCE & ~CONSTRUCTED) || h.tag == (DER_SET & ~CONSTRUCTED))
			return err_set(e, WHY_BAD_INPUT, "BER: primitive SEQUENCE or SET");
		if (!read_view(r, h.n, &v))
			return err_set(e, WHY_BAD_INPUT, "BER: element cut off");
		if (w->out != NULL)
			der_put(&out, h.tag, v);
		return true;
	}
	as_octets = h.tag == (DER_OCTET_STRING | CONSTRUCTED) ||
		    (place == PLACE_AFTER_ALGORITHM && h.tag == DER_CONTEXT(0));
	if (!as_octets && !constructed_legal(h.tag))
		return err_set(
		    e, WHY_BAD_INPUT, "BER: constructed element with tag %02x", h.tag);
	if (w->out != NULL)
		der_open(&out, as_octets ? h.tag & (uint8_t)~CONSTRUCTED : h.tag);
	ok = as_octets ? pieces(w, r, &h, depth + 1, e) : children(w, r, &h, depth, e);
	if (ok && w->out != NULL)
		der_close(&out);
	return ok;
}

bool
ber_normalise(struct view in, struct blob *scratch, struct view *out, struct err *e)
{
	struct walk look = {.is_der = true}, write = {.out = scratch};
	struct reader r = reader_of(in);
	size_t start = scratch->n;

	if (!element(&look, &r, 1, PLACE_OTHER, e))
		return false;
	if (r.n > 0)
		return err_set(e, WHY_BAD_INPUT, "BER: %zu octets behind the element", r.n);
	if (look.is_der) {
		*out = in;
		return true;
	}
	r = reader_of(in);
	if (!element(&write, &r, 1, PLACE_OTHER, e))
		return false;
	*out = view_of(scratch->p + start, scratch->n - start);
	return true;
}
