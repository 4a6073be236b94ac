/* name.c - distinguished names: parse, print, compare. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/inner.h"

#define RDNS_MAX 64
#define VALUES_MAX 64
#define VALUE_MAX 512

const struct view OID_CN = OID("\x55\x04\x03"), OID_OU = OID("\x55\x04\x0b"),
		  OID_SERIAL_NUMBER = OID("\x55\x04\x05"),
		  OID_UNSTRUCTURED_NAME = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02");

enum form { FORM_DIRECTORY, FORM_PRINTABLE, FORM_IA5 };

/* The first word of an OID is the one that is printed, as IOS does. */
static const struct attribute {
	const char *word;
	struct view oid;
	enum form form;
} attributes[] = {
    {"cn", OID("\x55\x04\x03"), FORM_DIRECTORY},
    {"ou", OID("\x55\x04\x0b"), FORM_DIRECTORY},
    {"o", OID("\x55\x04\x0a"), FORM_DIRECTORY},
    {"c", OID("\x55\x04\x06"), FORM_PRINTABLE},
    {"st", OID("\x55\x04\x08"), FORM_DIRECTORY},
    {"s", OID("\x55\x04\x08"), FORM_DIRECTORY},
    {"l", OID("\x55\x04\x07"), FORM_DIRECTORY},
    {"serialNumber", OID("\x55\x04\x05"), FORM_PRINTABLE},
    {"hostname", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), FORM_IA5},
    {"unstructuredName", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), FORM_IA5},
    {"ipaddress", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08"), FORM_DIRECTORY},
    {"unstructuredAddress", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x08"), FORM_DIRECTORY},
    {"e", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), FORM_IA5},
    {"emailAddress", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), FORM_IA5},
    {"email", OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), FORM_IA5},
    {"dc", OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), FORM_IA5},
    {"uid", OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), FORM_DIRECTORY},
    {"sn", OID("\x55\x04\x04"), FORM_DIRECTORY},
    {"gn", OID("\x55\x04\x2a"), FORM_DIRECTORY},
    {"t", OID("\x55\x04\x0c"), FORM_DIRECTORY},
    {"street", OID("\x55\x04\x09"), FORM_DIRECTORY},
    {"dnQualifier", OID("\x55\x04\x2e"), FORM_PRINTABLE},
};

/* ---- reading ---- */

/* One AttributeTypeAndValue. */
struct value {
	struct view oid;
	struct der string;
};

static bool
take_value(struct reader *r, struct value *out, struct err *e)
{
	struct reader inner;
	struct der pair;
	struct value v;

	if (!der_take(r, DER_SEQUENCE, "name attribute", &pair, e))
		return false;
	inner = reader_of(pair.body);
	if (!der_take_oid(&inner, "name attribute type", &v.oid, e) ||
	    !der_any(&inner, &v.string, e) || !der_end(&inner, "name attribute", e))
		return false;
	*out = v;
	return true;
}

static bool
open_name(struct view der, struct reader *rdns, struct err *e)
{
	struct reader r = reader_of(der);
	struct der whole;

	if (!der_take(&r, DER_SEQUENCE, "name", &whole, e) || !der_end(&r, "name", e))
		return false;
	*rdns = reader_of(whole.body);
	return true;
}

static bool
take_rdn(struct reader *rdns, struct reader *values, struct err *e)
{
	struct der set;

	if (!der_take(rdns, DER_SET, "relative name", &set, e))
		return false;
	if (set.body.n == 0)
		return err_set(
		    e, WHY_BAD_INPUT, "relative name without attributes (RFC 5280 4.1.2.4)");
	*values = reader_of(set.body);
	return true;
}

bool
name_check(struct view der, struct err *e)
{
	struct reader rdns, values;
	size_t rdn_count = 0, value_count = 0;
	struct value v;

	if (!open_name(der, &rdns, e))
		return false;
	while (rdns.n > 0) {
		if (!take_rdn(&rdns, &values, e))
			return false;
		if (++rdn_count > RDNS_MAX)
			return err_set(e, WHY_BAD_INPUT, "name of over %d parts", RDNS_MAX);
		while (values.n > 0) {
			if (!take_value(&values, &v, e))
				return false;
			if (++value_count > VALUES_MAX || v.string.body.n > VALUE_MAX)
				return err_set(e, WHY_BAD_INPUT,
				    "name of over %d values or %d octets in one", VALUES_MAX,
				    VALUE_MAX);
			if (!string_decode(&v.string, NULL, e))
				return err_prefix(e, "name");
		}
	}
	return true;
}

bool
name_is_empty(struct view der)
{
	return view_equal(der, VIEW("\x30\x00"));
}

static void
put_modern(struct der_writer *w, const struct value *v)
{
	uint8_t tag = v->string.tag;
	struct blob utf8 = {0};

	der_open(w, DER_SEQUENCE);
	der_put_oid(w, v->oid);
	if ((tag == DER_T61 || tag == DER_BMP || tag == DER_UNIVERSAL) &&
	    string_decode(&v->string, &utf8, NULL))
		put_directory_string(w, blob_view(&utf8));
	else
		der_put_raw(w, v->string.whole);
	der_close(w);
	blob_free(&utf8);
}

void
name_put(struct der_writer *w, struct view der)
{
	struct reader rdns, values;
	struct value v;

	if (!name_check(der, NULL) || !open_name(der, &rdns, NULL)) {
		der_put_raw(w, der);
		return;
	}
	der_open(w, DER_SEQUENCE);
	while (rdns.n > 0 && take_rdn(&rdns, &values, NULL)) {
		der_open(w, DER_SET);
		while (values.n > 0 && take_value(&values, &v, NULL))
			put_modern(w, &v);
		der_close_sorted(w);
	}
	der_close(w);
}

/* ---- printing ---- */

static void
print_oid(struct view oid, struct blob *out)
{
	uint64_t arc = 0;
	bool first = true;

	for (size_t i = 0; i < oid.n; i++) {
		arc = arc << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] >= 0x80)
			continue;
		if (first) {
			uint64_t root = arc < 80 ? arc / 40 : 2;

			blob_printf(
			    out, "%ju.%ju", (uintmax_t)root, (uintmax_t)(arc - root * 40));
		} else {
			blob_printf(out, ".%ju", (uintmax_t)arc);
		}
		first = false;
		arc = 0;
	}
}

static void
print_value(const struct value *v, struct blob *out)
{
	const char *word = NULL;
	struct blob utf8 = {0};

	for (size_t i = 0; i < COUNT_OF(attributes) && word == NULL; i++)
		if (view_equal(attributes[i].oid, v->oid))
			word = attributes[i].word;
	if (word != NULL)
		blob_add_str(out, word);
	else
		print_oid(v->oid, out);
	blob_add_byte(out, '=');
	if (!string_decode(&v->string, &utf8, NULL)) {
		blob_add_byte(out, '#');
		hex_add(out, v->string.whole, true);
	}
	for (size_t i = 0; i < utf8.n; i++) {
		if (utf8.p[i] == ',' || utf8.p[i] == '+')
			blob_add_byte(out, '\\');
		text_escape(out, view_of(utf8.p + i, 1));
	}
	blob_free(&utf8);
}

/* As RFC 4514 2.4 has it, in UTF-8. */
static void
write_value(const struct value *v, struct blob *out)
{
	const char *word = NULL;
	struct blob utf8 = {0};

	for (size_t i = 0; i < COUNT_OF(attributes) && word == NULL; i++)
		if (view_equal(attributes[i].oid, v->oid))
			word = attributes[i].word;
	if (word == NULL)
		print_oid(v->oid, out);
	else if (strlen(word) > 2)
		blob_add_str(out, word);
	else
		for (; *word != 0; word++)
			blob_add_byte(out, (uint8_t)toupper((unsigned char)*word));
	blob_add_byte(out, '=');
	if (!string_decode(&v->string, &utf8, NULL)) {
		blob_add_byte(out, '#');
		hex_add(out, v->string.whole, true);
	}
	for (size_t i = 0; i < utf8.n; i++) {
		uint8_t c = utf8.p[i];

		if (c < 0x20 || c == 0x7f || (c == ' ' && (i == 0 || i + 1 == utf8.n)))
			blob_printf(out, "\\%02X", c);
		else if (strchr(",+\"\\<>;=#", c) != NULL)
			blob_printf(out, "\\%c", c);
		else
			blob_add_byte(out, c);
	}
	blob_free(&utf8);
}

/* The RDNs, last first; how many of them are well formed. */
static size_t
collect_rdns(struct view der, struct reader out[RDNS_MAX])
{
	struct reader rdns;
	size_t n = 0;

	if (!open_name(der, &rdns, NULL))
		return 0;
	while (rdns.n > 0 && n < RDNS_MAX && take_rdn(&rdns, &out[n], NULL))
		n++;
	return n;
}

static void
print_rdn(struct reader values, void (*print)(const struct value *v, struct blob *out),
    struct blob *out)
{
	struct value v;
	bool first = true;

	while (values.n > 0 && take_value(&values, &v, NULL)) {
		if (!first)
			blob_add_byte(out, '+');
		print(&v, out);
		first = false;
	}
}

void
name_each(struct view der, void (*each)(void *arg, const char *rdn), void *arg)
{
	struct reader rdns[RDNS_MAX];
	struct blob text = {0};

	for (size_t n = collect_rdns(der, rdns); n > 0; n--) {
		blob_clear(&text);
		print_rdn(rdns[n - 1], print_value, &text);
		each(arg, blob_cstr(&text));
	}
	blob_free(&text);
}

static void
print_name(
    struct view der, void (*print)(const struct value *v, struct blob *out), struct blob *out)
{
	struct reader rdns[RDNS_MAX];
	size_t count = collect_rdns(der, rdns);

	for (size_t n = count; n > 0; n--) {
		if (n < count)
			blob_add_byte(out, ',');
		print_rdn(rdns[n - 1], print, out);
	}
}

void
name_text(struct view der, struct blob *out)
{
	print_name(der, print_value, out);
}

void
name_write(struct view der, struct blob *out)
{
	print_name(der, write_value, out);
}

/* ---- comparing ---- */

static bool
is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
fold(struct view utf8, struct blob *out)
{
	bool gap = false, started = false;

	for (size_t i = 0; i < utf8.n; i++) {
		uint8_t c = utf8.p[i];

		if (is_space(c)) {
			gap = started;
			continue;
		}
		if (gap)
			blob_add_byte(out, ' ');
		blob_add_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c);
		gap = false;
		started = true;
	}
}

bool
name_canonical(struct view der, struct blob *out, struct err *e)
{
	struct der_writer w = {.out = out};
	struct blob utf8 = {0}, folded = {0};
	struct reader rdns, values;
	size_t start = out->n;
	struct value v;
	bool ok = false;

	if (!open_name(der, &rdns, e))
		return false;
	der_open(&w, DER_SEQUENCE);
	while (rdns.n > 0) {
		if (!take_rdn(&rdns, &values, e))
			goto out;
		der_open(&w, DER_SET);
		while (values.n > 0) {
			blob_clear(&utf8);
			blob_clear(&folded);
			if (!take_value(&values, &v, e) || !string_decode(&v.string, &utf8, e))
				goto out;
			fold(blob_view(&utf8), &folded);
			der_open(&w, DER_SEQUENCE);
			der_put_oid(&w, v.oid);
			der_put(&w, DER_UTF8, blob_view(&folded));
			der_close(&w);
		}
		der_close_sorted(&w);
	}
	der_close(&w);
	ok = true;
out:
	if (!ok)
		out->n = start;
	blob_free(&utf8);
	blob_free(&folded);
	return ok;
}

bool
name_equal(struct view a, struct view b)
{
	struct blob canonical_a = {0}, canonical_b = {0};
	bool equal = view_equal(a, b);

	if (!equal && name_canonical(a, &canonical_a, NULL) &&
	    name_canonical(b, &canonical_b, NULL))
		equal = view_equal(blob_view(&canonical_a), blob_view(&canonical_b));
	blob_free(&canonical_a);
	blob_free(&canonical_b);
	return equal;
}

/* The values of a canonical name as one sorted set. */
static bool
parts(struct view name, struct blob *out)
{
	struct der_writer w = {.out = out};
	struct blob canonical = {0};
	struct reader rdns = {0}, values;
	struct der d;
	bool ok = name_canonical(name, &canonical, NULL) &&
		  open_name(blob_view(&canonical), &rdns, NULL);

	der_open(&w, DER_SET);
	while (ok && rdns.n > 0 && (ok = take_rdn(&rdns, &values, NULL)))
		while (ok && values.n > 0 && (ok = der_any(&values, &d, NULL)))
			der_put_raw(&w, d.whole);
	der_close_sorted(&w);
	blob_free(&canonical);
	return ok;
}

bool
name_same_parts(struct view a, struct view b)
{
	struct blob parts_a = {0}, parts_b = {0};
	bool same = parts(a, &parts_a) && parts(b, &parts_b) &&
		    view_equal(blob_view(&parts_a), blob_view(&parts_b));

	blob_free(&parts_a);
	blob_free(&parts_b);
	return same;
}

/* First as shown: the most specific RDN comes first. */
bool
name_value(struct view der, struct view oid, struct blob *out)
{
	struct reader rdns[RDNS_MAX];
	struct value v;

	for (size_t n = collect_rdns(der, rdns); n > 0; n--)
		while (rdns[n - 1].n > 0 && take_value(&rdns[n - 1], &v, NULL))
			if (view_equal(v.oid, oid))
				return string_decode(&v.string, out, NULL);
	return false;
}

/* ---- parsing ---- */

/* What one "word=value" of the text became; next is the separator behind it or NUL. */
struct piece {
	struct blob word, value;
	char next;
};

/* After a backslash: two hex digits are an octet (RFC 4514 2.4), anything else stands for
 * itself. */
static const char *
take_escaped(const char *text, struct blob *out)
{
	int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

	if (low >= 0) {
		blob_add_byte(out, (uint8_t)(high << 4 | low));
		return text + 2;
	}
	blob_add_byte(out, (uint8_t)text[0]);
	return text + 1;
}

static const char *
parse_value(const char *text, struct piece *p, struct err *e)
{
	bool quoted = false;
	size_t keep = 0; /* what was quoted or escaped is not trimmed */

	while (*text == ' ' || *text == '\t')
		text++;
	while (*text != 0 && (quoted || (*text != ',' && *text != '+'))) {
		if (*text == '"') {
			quoted = !quoted;
			keep = p->value.n;
			text++;
		} else if (*text == '\\' && text[1] != 0) {
			text = take_escaped(text + 1, &p->value);
			keep = p->value.n;
		} else {
			blob_add_byte(&p->value, (uint8_t)*text++);
		}
	}
	if (quoted) {
		err_set(e, WHY_BAD_INPUT, "name: quotation mark is not closed");
		return NULL;
	}
	while (p->value.n > keep && is_space(p->value.p[p->value.n - 1]))
		p->value.n--;
	p->next = *text;
	return *text == 0 ? text : text + 1;
}

static const char *
parse_piece(const char *text, struct piece *p, struct err *e)
{
	blob_clear(&p->word);
	blob_clear(&p->value);
	while (*text == ' ' || *text == '\t')
		text++;
	while (*text != 0 && strchr("=,+", *text) == NULL)
		blob_add_byte(&p->word, (uint8_t)*text++);
	while (p->word.n > 0 && is_space(p->word.p[p->word.n - 1]))
		p->word.n--;
	if (*text != '=' || p->word.n == 0) {
		err_set(e, WHY_BAD_INPUT,
		    "name: attribute '%.40s' without '=', expected as in CN=RootCA,O=Cisco",
		    blob_cstr(&p->word));
		return NULL;
	}
	text = parse_value(text + 1, p, e);
	if (text != NULL && p->value.n == 0) {
		err_set(e, WHY_BAD_INPUT, "name: attribute '%.40s' without a value",
		    blob_cstr(&p->word));
		return NULL;
	}
	return text;
}

static void
add_arc(struct blob *out, uint64_t arc)
{
	int shift = 63;

	while (shift > 0 && arc >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		blob_add_byte(out, (uint8_t)(0x80 | (arc >> shift & 0x7f)));
	blob_add_byte(out, (uint8_t)(arc & 0x7f));
}

/* "1.3.6.1.4.1.9": at least two arcs, each under 2^32. */
static bool
parse_oid(const char *text, struct blob *out)
{
	uint64_t arc, first = 0;
	size_t count = 0;

	for (;;) {
		if (!isdigit((unsigned char)*text))
			return false;
		for (arc = 0; isdigit((unsigned char)*text) && arc <= UINT32_MAX; text++)
			arc = arc * 10 + (uint64_t)(*text - '0');
		if (arc > UINT32_MAX || out->n > OID_MAX - 8)
			return false;
		if (count == 0)
			first = arc;
		else if (count == 1 && (first > 2 || (first < 2 && arc > 39)))
			return false;
		else
			add_arc(out, count == 1 ? first * 40 + arc : arc);
		count++;
		if (*text == 0)
			return count >= 2;
		if (*text++ != '.')
			return false;
	}
}

static bool
put_value(struct der_writer *w, struct view oid, enum form form, struct view utf8,
    const char *word, struct err *e)
{
	if (utf8.n > VALUE_MAX)
		return err_set(e, WHY_BAD_INPUT, "name: '%s' of %zu octets, limit %d", word,
		    utf8.n, VALUE_MAX);
	if (!utf8_legal(utf8))
		return err_set(e, WHY_BAD_INPUT, "name: '%s' is not UTF-8 text", word);
	if (form == FORM_PRINTABLE && !printable_legal(utf8))
		return err_set(e, WHY_BAD_INPUT,
		    "name: '%s' takes letters, digits and ' ()+,-./:=? only (RFC 5280 appendix "
		    "A)",
		    word);
	if (form == FORM_IA5 && !ascii_legal(utf8))
		return err_set(e, WHY_BAD_INPUT, "name: '%s' takes ASCII only", word);
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid);
	if (form == FORM_DIRECTORY)
		put_directory_string(w, utf8);
	else
		der_put(w, form == FORM_IA5 ? DER_IA5 : DER_PRINTABLE, utf8);
	der_close(w);
	return true;
}

static bool
put_piece(struct der_writer *w, struct piece *p, struct err *e)
{
	const char *word = blob_cstr(&p->word);
	struct blob oid = {0};
	bool ok;

	for (size_t i = 0; i < COUNT_OF(attributes); i++)
		if (strcasecmp(attributes[i].word, word) == 0)
			return put_value(w, attributes[i].oid, attributes[i].form,
			    blob_view(&p->value), word, e);
	if (parse_oid(word, &oid))
		ok = put_value(
		    w, blob_view(&oid), FORM_DIRECTORY, blob_view(&p->value), word, e);
	else
		ok = err_set(e, WHY_BAD_INPUT, "name: unknown attribute '%.40s'", word);
	blob_free(&oid);
	return ok;
}

/* One RDN from the text: several pieces when '+' joins them. */
static const char *
parse_rdn(const char *text, struct blob *rdn, char *next, struct err *e)
{
	struct der_writer w = {.out = rdn};
	struct piece p = {0};

	der_open(&w, DER_SET);
	do {
		text = parse_piece(text, &p, e);
		if (text != NULL && !put_piece(&w, &p, e))
			text = NULL;
	} while (text != NULL && p.next == '+');
	if (text != NULL)
		der_close_sorted(&w);
	*next = p.next;
	blob_free(&p.word);
	blob_free(&p.value);
	return text;
}

bool
name_parse(const char *text, struct blob *der, struct err *e)
{
	struct blob rdns[RDNS_MAX] = {0};
	struct der_writer w = {.out = der};
	size_t count = 0;
	char next = ',';

	while (text != NULL && next == ',') {
		if (count == RDNS_MAX) {
			err_set(e, WHY_BAD_INPUT, "name of over %d parts", RDNS_MAX);
			text = NULL;
			break;
		}
		text = parse_rdn(text, &rdns[count++], &next, e);
	}
	if (text != NULL)
		der_open(&w, DER_SEQUENCE);
	while (count > 0) {
		count--;
		if (text != NULL)
			der_put_raw(&w, blob_view(&rdns[count]));
		blob_free(&rdns[count]);
	}
	if (text != NULL)
		der_close(&w);
	return text != NULL;
}
