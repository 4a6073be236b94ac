/* string.c - ASN.1 character strings and UTF-8. */
#include <string.h>

#include "wire/inner.h"

static bool
rune_legal(uint32_t rune)
{
	return rune != 0 && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff);
}

static void
rune_add(struct blob *out, uint32_t rune)
{
	if (out == NULL)
		return;
	if (rune < 0x80) {
		blob_add_byte(out, (uint8_t)rune);
	} else if (rune < 0x800) {
		blob_add_byte(out, (uint8_t)(0xc0 | rune >> 6));
		blob_add_byte(out, (uint8_t)(0x80 | (rune & 0x3f)));
	} else if (rune < 0x10000) {
		blob_add_byte(out, (uint8_t)(0xe0 | rune >> 12));
		blob_add_byte(out, (uint8_t)(0x80 | (rune >> 6 & 0x3f)));
		blob_add_byte(out, (uint8_t)(0x80 | (rune & 0x3f)));
	} else {
		blob_add_byte(out, (uint8_t)(0xf0 | rune >> 18));
		blob_add_byte(out, (uint8_t)(0x80 | (rune >> 12 & 0x3f)));
		blob_add_byte(out, (uint8_t)(0x80 | (rune >> 6 & 0x3f)));
		blob_add_byte(out, (uint8_t)(0x80 | (rune & 0x3f)));
	}
}

/* One character of UTF-8; refuses overlong forms and surrogates (RFC 3629 3). */
static bool
take_utf8(struct reader *r, uint32_t *out)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first, octet;
	uint32_t rune;
	int more;

	if (!read_u8(r, &first))
		return false;
	if (first < 0x80)
		more = 0, rune = first;
	else if (first >= 0xc0 && first < 0xe0)
		more = 1, rune = first & 0x1f;
	else if (first >= 0xe0 && first < 0xf0)
		more = 2, rune = first & 0x0f;
	else if (first >= 0xf0 && first < 0xf8)
		more = 3, rune = first & 0x07;
	else
		return false;
	for (int i = 0; i < more; i++) {
		if (!read_u8(r, &octet) || (octet & 0xc0) != 0x80)
			return false;
		rune = rune << 6 | (octet & 0x3f);
	}
	*out = rune;
	return rune >= least[more];
}

static bool
take_ascii(struct reader *r, uint32_t *out)
{
	uint8_t octet;

	if (!read_u8(r, &octet))
		return false;
	*out = octet;
	return octet < 0x80;
}

static bool
take_latin1(struct reader *r, uint32_t *out)
{
	uint8_t octet;

	if (!read_u8(r, &octet))
		return false;
	*out = octet;
	return true;
}

static bool
take_bmp(struct reader *r, uint32_t *out)
{
	uint16_t unit;

	if (!read_u16(r, &unit))
		return false;
	*out = unit;
	return true;
}

/*
 * PrintableString and IA5String take all of ASCII: routers put '$' and '@' into
 * PrintableString. T61String is read as Latin-1, as every fielded peer writes it.
 */
static const struct kind {
	uint8_t tag;
	bool octets; /* an octet under 80 is that character of ASCII */
	bool (*take)(struct reader *r, uint32_t *out);
} kinds[] = {
    {DER_PRINTABLE, true, take_ascii},
    {DER_UTF8, true, take_utf8},
    {DER_IA5, true, take_ascii},
    {DER_NUMERIC, true, take_ascii},
    {DER_T61, true, take_latin1},
    {DER_BMP, false, take_bmp},
    {DER_UNIVERSAL, false, read_u32},
};

static const struct kind *
kind_of(uint8_t tag)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].tag == tag)
			return &kinds[i];
	return NULL;
}

/* Most strings are plain ASCII to the end: taken at once. */
static bool
take_plain(struct reader *r, struct blob *out)
{
	struct view plain;
	size_t n = 0;

	while (n < r->n && r->p[n] > 0 && r->p[n] < 0x80)
		n++;
	if (!read_view(r, n, &plain))
		return false;
	if (out != NULL)
		blob_add_view(out, plain);
	return r->n == 0;
}

bool
string_decode(const struct der *d, struct blob *out, struct err *e)
{
	const struct kind *kind = kind_of(d->tag);
	size_t start = out == NULL ? 0 : out->n;
	struct reader r = reader_of(d->body);
	uint32_t rune;

	if (kind == NULL)
		return err_set(
		    e, WHY_BAD_INPUT, "tag %02x is not that of a character string", d->tag);
	if (kind->octets && take_plain(&r, out))
		return true;
	while (r.n > 0) {
		if (!kind->take(&r, &rune) || !rune_legal(rune)) {
			if (out != NULL)
				out->n = start;
			return err_set(e, WHY_BAD_INPUT,
			    "string with an illegal character near octet %zu", d->body.n - r.n);
		}
		rune_add(out, rune);
	}
	return true;
}

bool
string_utf8(const struct der *d, struct blob *out, struct err *e)
{
	return string_decode(d, out, e);
}

bool
utf8_legal(struct view v)
{
	return string_decode(&(struct der){.tag = DER_UTF8, .body = v}, NULL, NULL);
}

bool
ascii_legal(struct view v)
{
	return string_decode(&(struct der){.tag = DER_IA5, .body = v}, NULL, NULL);
}

bool
printable_legal(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			continue;
		if (c == 0 || strchr(" '()+,-./:=?", c) == NULL)
			return false;
	}
	return true;
}

void
put_directory_string(struct der_writer *w, struct view utf8)
{
	der_put(w, printable_legal(utf8) ? DER_PRINTABLE : DER_UTF8, utf8);
}
