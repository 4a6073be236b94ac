/* der.c - strict DER reader and writer. */
#include "wire/inner.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

/* 0000-01-01 and 9999-12-31T23:59:59Z: GeneralizedTime has four digits of year. */
#define TIME_FIRST ((when_t)-62167219200)
#define TIME_LAST ((when_t)253402300799)

/* Octets of a long form length, the first of which said how many. */
static bool
long_length(struct reader *r, uint8_t first, size_t *out, struct err *e)
{
	struct view octets;
	size_t n = 0;

	if (first == 0x80)
		return err_set(e, WHY_BAD_INPUT, "DER: indefinite length (X.690 10.1)");
	if (first > 0x84)
		return err_set(e, WHY_BAD_INPUT, "DER: length of %d octets", first & 0x7f);
	if (!read_view(r, first & 0x7f, &octets))
		return err_set(e, WHY_BAD_INPUT, "DER: element ends in its length");
	for (size_t i = 0; i < octets.n; i++)
		n = n << 8 | octets.p[i];
	if (octets.p[0] == 0 || n < 0x80)
		return err_set(e, WHY_BAD_INPUT, "DER: padded length (X.690 10.1)");
	*out = n;
	return true;
}

/* Most of all reading ends here, so each field goes straight where it belongs: copies of whole
 * structures, just written, were a fifth of a simulated world. */
bool
der_any(struct reader *r, struct der *out, struct err *e)
{
	const uint8_t *start = r->p;
	struct reader at;
	size_t n;

	if (r->n < 2)
		return err_set(e, WHY_BAD_INPUT, "DER: element missing or cut off");
	if ((start[0] & 0x1f) == 0x1f)
		return err_set(e, WHY_BAD_INPUT, "DER: tag number over 30");
	if ((start[0] & 0xdf) == 0)
		return err_set(e, WHY_BAD_INPUT, "DER: universal tag 0");
	at.p = start + 2;
	at.n = r->n - 2;
	n = start[1];
	if (n >= 0x80 && !long_length(&at, start[1], &n, e))
		return false;
	if (n > at.n)
		return err_set(
		    e, WHY_BAD_INPUT, "DER: element of %zu octets, %zu left", n, at.n);
	out->tag = start[0];
	out->body.p = at.p;
	out->body.n = n;
	out->whole.p = start;
	out->whole.n = r->n - at.n + n;
	r->p = at.p + n;
	r->n = at.n - n;
	return true;
}

bool
der_take(struct reader *r, uint8_t tag, const char *what, struct der *out, struct err *e)
{
	if (r->n == 0)
		return err_set(e, WHY_BAD_INPUT, "%s: missing", what);
	if (r->p[0] != tag)
		return err_set(
		    e, WHY_BAD_INPUT, "%s: tag %02x, expected %02x", what, r->p[0], tag);
	if (!der_any(r, out, e))
		return err_prefix(e, "%s", what);
	return true;
}

bool
der_next_is(const struct reader *r, uint8_t tag)
{
	return r->n > 0 && r->p[0] == tag;
}

bool
der_end(const struct reader *r, const char *what, struct err *e)
{
	if (r->n > 0)
		return err_set(e, WHY_BAD_INPUT, "%s: %zu octets too many", what, r->n);
	return true;
}

bool
der_integer_check(struct view body, const char *what, struct err *e)
{
	if (body.n == 0)
		return err_set(e, WHY_BAD_INPUT, "%s: INTEGER without octets", what);
	if (body.n > 1 && ((body.p[0] == 0x00 && body.p[1] < 0x80) ||
			      (body.p[0] == 0xff && body.p[1] >= 0x80)))
		return err_set(e, WHY_BAD_INPUT, "%s: padded INTEGER (X.690 8.3.2)", what);
	return true;
}

bool
der_uint(const struct der *d, uint64_t *out, struct err *e)
{
	struct reader r = reader_of(d->body);
	uint64_t v = 0;
	uint8_t octet;

	if (!der_integer_check(d->body, "number", e))
		return false;
	if (d->body.p[0] >= 0x80)
		return err_set(e, WHY_BAD_INPUT, "number: negative");
	if (d->body.n > 9 || (d->body.n == 9 && d->body.p[0] != 0))
		return err_set(e, WHY_BAD_INPUT, "number: over 64 bits");
	while (read_u8(&r, &octet))
		v = v << 8 | octet;
	*out = v;
	return true;
}

bool
der_bits(const struct der *d, const char *what, struct view *out, struct err *e)
{
	struct reader r = reader_of(d->body);
	uint8_t unused;

	if (!read_u8(&r, &unused))
		return err_set(e, WHY_BAD_INPUT, "%s: BIT STRING without octets", what);
	if (unused != 0)
		return err_set(
		    e, WHY_BAD_INPUT, "%s: BIT STRING with %d unused bits", what, unused);
	*out = view_of(r.p, r.n);
	return true;
}

bool
der_named_bits(const struct der *d, const char *what, uint32_t *out, struct err *e)
{
	struct reader r = reader_of(d->body);
	uint8_t unused, octet = 0;
	uint32_t bits = 0;

	if (!read_u8(&r, &unused) || unused > 7 || r.n > 4 || (r.n == 0 && unused != 0))
		return err_set(e, WHY_BAD_INPUT, "%s: malformed BIT STRING", what);
	for (unsigned i = 0; read_u8(&r, &octet); i += 8)
		for (unsigned bit = 0; bit < 8; bit++)
			if (octet & 0x80u >> bit)
				bits |= 1u << (i + bit);
	if ((octet & ((1u << unused) - 1)) != 0)
		return err_set(e, WHY_BAD_INPUT, "%s: unused bits set (X.690 11.2.1)", what);
	*out = bits;
	return true;
}

bool
der_boolean(const struct der *d, const char *what, bool *out, struct err *e)
{
	if (d->body.n != 1 || (d->body.p[0] != 0x00 && d->body.p[0] != 0xff))
		return err_set(e, WHY_BAD_INPUT, "%s: malformed BOOLEAN (X.690 11.1)", what);
	*out = d->body.p[0] == 0xff;
	return true;
}

bool
oid_check(struct view oid, const char *what, struct err *e)
{
	bool starts = true;

	if (oid.n == 0 || oid.n > OID_MAX || oid.p[oid.n - 1] >= 0x80)
		return err_set(e, WHY_BAD_INPUT, "%s: malformed OBJECT IDENTIFIER", what);
	for (size_t i = 0; i < oid.n; i++) {
		if (starts && oid.p[i] == 0x80)
			return err_set(e, WHY_BAD_INPUT,
			    "%s: padded OBJECT IDENTIFIER (X.690 8.19.2)", what);
		starts = oid.p[i] < 0x80;
	}
	return true;
}

bool
der_take_oid(struct reader *r, const char *what, struct view *out, struct err *e)
{
	struct der d;

	if (!der_take(r, DER_OID, what, &d, e) || !oid_check(d.body, what, e))
		return false;
	*out = d.body;
	return true;
}

/* YYMMDDHHMMSSZ or, with a century before it, GeneralizedTime: in pairs of digits. */
static bool
pairs_of_digits(struct view v, int *out, size_t count)
{
	if (v.n != 2 * count + 1 || v.p[2 * count] != 'Z')
		return false;
	for (size_t i = 0; i < count; i++) {
		int tens = v.p[2 * i] - '0', ones = v.p[2 * i + 1] - '0';

		if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
			return false;
		out[i] = tens * 10 + ones;
	}
	return true;
}

/* A GeneralizedTime before 2050 is read too: the rule against it binds writers (RFC
 * 5280 4.1.2.5). */
bool
der_time(struct reader *r, when_t *out, struct err *e)
{
	struct reader at = *r;
	struct der d;
	struct date date;
	int pair[7];
	bool utc;

	if (!der_any(&at, &d, e))
		return false;
	utc = d.tag == DER_UTC_TIME;
	if (!utc && d.tag != DER_GENERALIZED_TIME)
		return err_set(e, WHY_BAD_INPUT, "time: tag %02x", d.tag);
	if (!pairs_of_digits(d.body, utc ? pair + 1 : pair, utc ? 6 : 7))
		return err_set(e, WHY_BAD_INPUT, "time: not %s (RFC 5280 4.1.2.5)",
		    utc ? "YYMMDDHHMMSSZ" : "YYYYMMDDHHMMSSZ");
	if (utc)
		pair[0] = pair[1] < 50 ? 20 : 19;
	date =
	    (struct date){pair[0] * 100 + pair[1], pair[2], pair[3], pair[4], pair[5], pair[6]};
	if (!date_when(&date, out))
		return err_set(e, WHY_BAD_INPUT, "time: no such date or second");
	*r = at;
	return true;
}

/* ---- writer ---- */

/* Writes n as a DER length into at most 5 octets and says how many. */
static size_t
length_octets(size_t n, uint8_t out[5])
{
	size_t more = 0;

	if (n < 0x80) {
		out[0] = (uint8_t)n;
		return 1;
	}
	if (n > UINT32_MAX)
		abort(); /* a bug: nothing of ours grows so large */
	for (size_t left = n; left > 0; left >>= 8)
		more++;
	out[0] = (uint8_t)(0x80 | more);
	for (size_t i = 0; i < more; i++)
		out[more - i] = (uint8_t)(n >> 8 * i);
	return 1 + more;
}

/* The length of what is open is written on close: one octet is kept free for it, longer ones
 * move the contents. */
void
der_open(struct der_writer *w, uint8_t tag)
{
	if (w->depth == (int)COUNT_OF(w->start))
		abort(); /* a bug: no structure of ours nests so deep */
	blob_add_byte(w->out, tag);
	blob_add_byte(w->out, 0);
	w->start[w->depth++] = w->out->n;
}

void
der_close(struct der_writer *w)
{
	uint8_t length[5], *body;
	size_t start, n, octets;

	if (w->depth == 0)
		abort(); /* a bug: closed more than opened */
	start = w->start[--w->depth];
	n = w->out->n - start;
	octets = length_octets(n, length);
	if (octets > 1) {
		blob_grow(w->out, octets - 1);
		body = w->out->p + start;
		memmove(body + octets - 1, body, n);
	}
	memcpy(w->out->p + start - 1, length, octets);
}

static int
element_order(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

void
der_close_sorted(struct der_writer *w)
{
	size_t start = w->start[w->depth - 1];
	struct blob copy = {0};
	struct reader r;
	struct view *elements = NULL;
	struct der d;
	size_t count = 0;

	blob_add(&copy, w->out->p + start, w->out->n - start);
	r = reader_of(blob_view(&copy));
	while (r.n > 0) {
		if (!der_any(&r, &d, NULL))
			abort(); /* a bug: put_raw was given something that is no element */
		elements = mem_array(elements, count + 1, sizeof(*elements));
		elements[count++] = d.whole;
	}
	if (count > 1) {
		qsort(elements, count, sizeof(*elements), element_order);
		w->out->n = start;
		for (size_t i = 0; i < count; i++)
			blob_add_view(w->out, elements[i]);
	}
	free(elements);
	blob_free(&copy);
	der_close(w);
}

void
der_put_head(struct blob *out, uint8_t tag, size_t n)
{
	uint8_t length[5];

	blob_add_byte(out, tag);
	blob_add(out, length, length_octets(n, length));
}

void
der_put(struct der_writer *w, uint8_t tag, struct view body)
{
	der_put_head(w->out, tag, body.n);
	blob_add_view(w->out, body);
}

void
der_put_raw(struct der_writer *w, struct view whole)
{
	blob_add_view(w->out, whole);
}

void
der_put_unsigned(struct der_writer *w, struct view big_endian)
{
	struct reader r = reader_of(big_endian);
	uint8_t first = 0;
	bool pad;

	while (r.n > 0 && r.p[0] == 0 && read_u8(&r, &first))
		continue;
	pad = r.n == 0 || r.p[0] >= 0x80;
	der_put_head(w->out, DER_INTEGER, r.n + pad);
	if (pad)
		blob_add_byte(w->out, 0);
	blob_add(w->out, r.p, r.n);
}

void
der_put_uint(struct der_writer *w, uint64_t v)
{
	uint8_t octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (uint8_t)(v >> (56 - 8 * i));
	der_put_unsigned(w, view_of(octets, sizeof(octets)));
}

void
der_put_oid(struct der_writer *w, struct view oid)
{
	der_put(w, DER_OID, oid);
}

void
der_put_null(struct der_writer *w)
{
	der_put(w, DER_NULL, (struct view){0});
}

void
der_put_time(struct der_writer *w, when_t t)
{
	struct date d = date_of(when_min(when_max(t, TIME_FIRST), TIME_LAST));
	bool utc = d.year >= 1950 && d.year < 2050;
	const int fields[] = {
	    d.year / 100, d.year % 100, d.month, d.day, d.hour, d.minute, d.second};
	uint8_t text[2 * COUNT_OF(fields) + 1];
	size_t n = 0;

	for (size_t i = utc ? 1 : 0; i < COUNT_OF(fields); i++) {
		text[n++] = (uint8_t)('0' + fields[i] / 10);
		text[n++] = (uint8_t)('0' + fields[i] % 10);
	}
	text[n++] = 'Z';
	der_put(w, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, view_of(text, n));
}

void
der_put_bits(struct der_writer *w, uint32_t named_bits)
{
	uint8_t octets[5] = {0};
	size_t n = 1;

	for (unsigned bit = 0; bit < 32; bit++) {
		if (!(named_bits >> bit & 1))
			continue;
		n = 2 + bit / 8;
		octets[0] = (uint8_t)(7 - bit % 8);
		octets[n - 1] |= (uint8_t)(0x80 >> bit % 8);
	}
	der_put(w, DER_BIT_STRING, view_of(octets, n));
}

void
der_put_bit_octets(struct der_writer *w, struct view octets)
{
	der_put_head(w->out, DER_BIT_STRING, octets.n + 1);
	blob_add_byte(w->out, 0);
	blob_add_view(w->out, octets);
}
