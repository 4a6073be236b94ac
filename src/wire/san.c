/* san.c - subject alternative names: check, build, compare. */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "wire/inner.h"

#define NAMES_MAX 64
#define NAME_OCTETS_MAX 1024
#define DNS_MAX 253

enum {
	SAN_OTHER = 0xa0,
	SAN_EMAIL = 0x81,
	SAN_DNS = 0x82,
	SAN_DIRECTORY = 0xa4,
	SAN_URI = 0x86,
	SAN_IP = 0x87,
	SAN_REGISTERED = 0x88,
};

static bool
is_letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Preferred name syntax (RFC 1034 3.5); a wildcard may stand for the whole first label. */
static bool
dns_legal(struct view v)
{
	size_t label = 0, i = 0;
	uint8_t before = '.';

	if (v.n == 0 || v.n > DNS_MAX)
		return false;
	if (v.n > 2 && v.p[0] == '*' && v.p[1] == '.')
		i = 2;
	for (; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c == '.' ? before == '.' || before == '-'
			     : !is_letter_or_digit(c) && c != '-')
			return false;
		if (c == '-' && before == '.')
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
		before = c;
	}
	return before != '.' && before != '-';
}

static bool
visible(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f)
			return false;
	return v.n > 0;
}

static bool
check_dns(struct view v, struct err *e)
{
	return dns_legal(v) ||
	       err_set(e, WHY_BAD_INPUT, "dNSName is no host name (RFC 5280 4.2.1.6)");
}

static bool
check_email(struct view v, struct err *e)
{
	const uint8_t *at = v.n > 2 ? memchr(v.p + 1, '@', v.n - 2) : NULL;

	return (visible(v) && at != NULL) ||
	       err_set(e, WHY_BAD_INPUT, "rfc822Name is no mail address");
}

static bool
check_uri(struct view v, struct err *e)
{
	const uint8_t *colon = v.n > 2 ? memchr(v.p + 1, ':', v.n - 2) : NULL;

	return (visible(v) && colon != NULL) ||
	       err_set(e, WHY_BAD_INPUT, "URI is not absolute");
}

static bool
check_ip(struct view v, struct err *e)
{
	return v.n == 4 || v.n == 16 ||
	       err_set(e, WHY_BAD_INPUT, "iPAddress of %zu octets", v.n);
}

static bool
check_registered(struct view v, struct err *e)
{
	return oid_check(v, "registeredID", e);
}

static bool
check_other(struct view v, struct err *e)
{
	struct reader r = reader_of(v), inner;
	struct view oid;
	struct der d;

	if (!der_take_oid(&r, "otherName", &oid, e) ||
	    !der_take(&r, DER_CONTEXT(0), "otherName", &d, e) || !der_end(&r, "otherName", e))
		return false;
	inner = reader_of(d.body);
	return der_any(&inner, &d, e) && der_end(&inner, "otherName", e);
}

static const struct {
	uint8_t tag;
	bool (*check)(struct view v, struct err *e);
} kinds[] = {
    {SAN_DNS, check_dns},
    {SAN_IP, check_ip},
    {SAN_EMAIL, check_email},
    {SAN_URI, check_uri},
    {SAN_DIRECTORY, name_check},
    {SAN_OTHER, check_other},
    {SAN_REGISTERED, check_registered},
};

static bool
check_one(const struct der *d, struct err *e)
{
	if (d->body.n > NAME_OCTETS_MAX)
		return err_set(e, WHY_BAD_INPUT, "name of %zu octets, limit %d", d->body.n,
		    NAME_OCTETS_MAX);
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].tag == d->tag)
			return kinds[i].check(d->body, e);
	return err_set(e, WHY_BAD_INPUT, "unknown kind of name, tag %02x", d->tag);
}

static bool
open_names(struct view san, struct reader *names, struct err *e)
{
	struct reader r = reader_of(san);
	struct der whole;

	if (!der_take(&r, DER_SEQUENCE, "subjectAltName", &whole, e) ||
	    !der_end(&r, "subjectAltName", e))
		return false;
	*names = reader_of(whole.body);
	return true;
}

bool
san_check(struct view san, struct err *e)
{
	struct reader names;
	struct der d;
	size_t n = 0;

	if (!open_names(san, &names, e))
		return false;
	do {
		if (++n > NAMES_MAX)
			return err_set(
			    e, WHY_BAD_INPUT, "subjectAltName: over %d names", NAMES_MAX);
		if (!der_any(&names, &d, e) || !check_one(&d, e))
			return err_prefix(e, "subjectAltName");
	} while (names.n > 0);
	return true;
}

void
san_encode_dns(const char *const *names, size_t n, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	for (size_t i = 0; i < n; i++)
		der_put(&w, SAN_DNS, view_str(names[i]));
	der_close(&w);
}

/* Kinds that are written as text; of an address the octets are. */
static const struct {
	uint8_t tag;
	const char *word;
} words[] = {{SAN_DNS, "DNS:"}, {SAN_EMAIL, "email:"}, {SAN_URI, "URI:"}};

static void
write_one(const struct der *d, struct blob *out)
{
	char address[INET6_ADDRSTRLEN];

	if (d->tag == SAN_IP && inet_ntop(d->body.n == 4 ? AF_INET : AF_INET6, d->body.p,
				    address, sizeof(address)) != NULL) {
		blob_printf(out, "IP:%s", address);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i].tag == d->tag) {
			blob_add_str(out, words[i].word);
			blob_add_view(out, d->body);
			return;
		}
	blob_add_str(out, "DER:");
	hex_add(out, d->whole, true);
}

void
san_write(struct view san, struct blob *out)
{
	struct reader names = {0};
	struct blob text = {0};
	struct der d;

	if (san.n == 0 || !open_names(san, &names, NULL))
		return;
	while (names.n > 0 && der_any(&names, &d, NULL)) {
		blob_clear(&text);
		write_one(&d, &text);
		blob_add_sized(out, blob_view(&text));
	}
	blob_free(&text);
}

static bool
parse_one(const char *text, struct der_writer *w)
{
	uint8_t address[16];
	struct blob der = {0};
	bool ok;

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i].word);

		if (strncasecmp(text, words[i].word, n) == 0) {
			der_put(w, words[i].tag, view_str(text + n));
			return true;
		}
	}
	if (strncasecmp(text, "IP:", 3) == 0) {
		size_t n = inet_pton(AF_INET, text + 3, address) == 1	 ? 4
			   : inet_pton(AF_INET6, text + 3, address) == 1 ? 16
									 : 0;

		der_put(w, SAN_IP, view_of(address, n));
		return n > 0;
	}
	ok = strncasecmp(text, "DER:", 4) == 0 && hex_decode(text + 4, &der);
	der_put_raw(w, blob_view(&der));
	blob_free(&der);
	return ok;
}

bool
san_parse(struct view texts, struct blob *out, struct err *e)
{
	struct reader r = reader_of(texts);
	struct der_writer w = {.out = out};
	struct blob text = {0};
	struct view v;
	bool ok = true;

	if (texts.n == 0)
		return true;
	der_open(&w, DER_SEQUENCE);
	while (ok && r.n > 0) {
		ok = read_sized(&r, &v);
		if (!ok)
			break;
		blob_set(&text, v);
		ok = strlen(blob_cstr(&text)) == v.n && parse_one(blob_cstr(&text), &w);
	}
	der_close(&w);
	if (!ok)
		err_set(e, WHY_BAD_INPUT,
		    "alternative name '%.80s', expected as in DNS:r1.example",
		    blob_cstr(&text));
	else
		ok = san_check(blob_view(out), e);
	blob_free(&text);
	return ok;
}

static bool
same_name(const struct der *a, const struct der *b)
{
	if (a->tag == SAN_DNS && b->tag == SAN_DNS)
		return a->body.n == b->body.n && strncasecmp((const char *)a->body.p,
						     (const char *)b->body.p, a->body.n) == 0;
	return view_equal(a->whole, b->whole);
}

static bool
holds(struct reader names, const struct der *wanted)
{
	struct der d;

	while (names.n > 0 && der_any(&names, &d, NULL))
		if (same_name(&d, wanted))
			return true;
	return false;
}

bool
san_subset(struct view a, struct view b)
{
	struct reader names_a, names_b = {0};
	struct der d;

	if (a.n == 0)
		return true;
	if (!open_names(a, &names_a, NULL) || (b.n > 0 && !open_names(b, &names_b, NULL)))
		return false;
	while (names_a.n > 0)
		if (!der_any(&names_a, &d, NULL) || !holds(names_b, &d))
			return false;
	return true;
}
