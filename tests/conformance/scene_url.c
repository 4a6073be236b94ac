/* scene_url.c - BAD-032 to BAD-042: messages in addresses and bodies. */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"
#include "tests/conformance/lab.h"

enum spell {
	SPELL_IOS,	/* as IOS writes it */
	SPELL_PLUS,	/* '+' as it is */
	SPELL_SPACE,	/* a proxy made ' ' of '+' */
	SPELL_CRLF,	/* line breaks of two octets, 76 columns */
	SPELL_LOWER,	/* lower-case escapes of all three */
	SPELL_BARE,	/* no padding */
	SPELL_TRAILING, /* bits behind the last octet that are not zero */
	SPELL_ABSENT,
	SPELL_EMPTY,
	SPELL_HELLO,
	SPELL_PERCENT_END,
	SPELL_PERCENT_G,
	SPELL_PERCENT_SHORT,
	SPELL_TWICE_ESCAPED,
	SPELL_PAD_MIDDLE,
	SPELL_PAD_3,
	SPELL_URL_ALPHABET,
	SPELL_STAR,
	SPELL_UTF8,
	SPELL_NUL,
	SPELL_RAW_DER,
	SPELL_TWO_MESSAGES,
	SPELL_POST,
	SPELL_POST_BASE64,
	SPELL_POST_PEM,
	SPELL_POST_EMPTY,
};

static void
replace(struct blob *b, char from, const char *to)
{
	struct blob out = {0};

	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == (uint8_t)from)
			blob_add_str(&out, to);
		else
			blob_add_byte(&out, b->p[i]);
	blob_set(b, blob_view(&out));
	blob_free(&out);
}

static void
encode(struct view message, int columns, const char *end, struct blob *out)
{
	uint8_t *text = mem_get((message.n + 2) / 3 * 4 + 1);
	int n = EVP_EncodeBlock(text, message.p, (int)message.n);

	for (int i = 0; i < n; i++) {
		blob_add_byte(out, text[i]);
		if (columns > 0 && i % columns == columns - 1)
			blob_add_str(out, end);
	}
	free(text);
}

static void
pads_strip(struct blob *b)
{
	while (b->n > 0 && b->p[b->n - 1] == '=')
		b->n--;
}

/* The last digit before the padding gets its lowest bit. */
static void
bits_trail(struct blob *b)
{
	uint8_t *last = memchr(b->p, '=', b->n);

	if (last != NULL) /* A Q g w, E I M ...: each is even, the next one is odd */
		last[-1]++;
}

static void
respell(enum spell how, struct blob *text)
{
	if (how == SPELL_SPACE)
		replace(text, '+', "%20");
	if (how == SPELL_LOWER) {
		replace(text, '+', "%2b");
		replace(text, '/', "%2f");
		replace(text, '=', "%3d");
	}
	if (how == SPELL_TWICE_ESCAPED)
		replace(text, '+', "%252B");
	if (how == SPELL_URL_ALPHABET) {
		replace(text, '+', "-");
		replace(text, '/', "_");
	}
	if (how == SPELL_BARE)
		pads_strip(text);
	if (how == SPELL_TRAILING)
		bits_trail(text);
	if (how == SPELL_PAD_MIDDLE)
		text->p[400] = '=';
	if (how == SPELL_STAR)
		text->p[400] = '*';
	if (how == SPELL_EMPTY)
		text->n = 0;
	if (how == SPELL_HELLO)
		blob_set(text, VIEW("aGVsbG8="));
}

static void
spell(enum spell how, struct view message, struct blob *query, struct blob *body)
{
	struct blob text = {0};

	switch (how) {
	case SPELL_IOS:
		peer_get_form(message, false, &text);
		break;
	case SPELL_CRLF:
		encode(message, 76, "%0D%0A", &text);
		break;
	case SPELL_RAW_DER:
		for (size_t i = 0; i < message.n; i++)
			blob_printf(&text, "%%%02X", (unsigned)message.p[i]);
		break;
	default:
		encode(message, 0, "", &text);
	}
	respell(how, &text);
	blob_add_str(&text, how == SPELL_PERCENT_END	 ? "%"
			    : how == SPELL_PERCENT_G	 ? "%G1"
			    : how == SPELL_PERCENT_SHORT ? "%2"
			    : how == SPELL_PAD_3	 ? "==="
			    : how == SPELL_UTF8		 ? "%C3%A4"
			    : how == SPELL_NUL		 ? "%00"
							 : "");
	blob_add_str(query, "operation=PKIOperation");
	if (how < SPELL_POST && how != SPELL_ABSENT)
		blob_printf(query, "&message=%s", blob_cstr(&text));
	if (how == SPELL_TWO_MESSAGES)
		blob_printf(query, "&message=%s", blob_cstr(&text));
	if (how == SPELL_POST)
		blob_set(body, message);
	if (how == SPELL_POST_BASE64)
		blob_set(body, blob_view(&text));
	if (how == SPELL_POST_PEM)
		blob_printf(
		    body, "-----BEGIN CMS-----\n%s\n-----END CMS-----\n", blob_cstr(&text));
	blob_free(&text);
}

/* A good message whose length asks for "==": transactions of other lengths until it does. */
static bool
message_of(struct lab *l, struct blob *out, struct err *e)
{
	for (int i = 1; i < 40; i++) {
		char id[64];

		(void)snprintf(id, sizeof(id), "%0*d", i, 0);
		peer_transaction_set(l->p, id);
		blob_clear(out);
		if (!peer_enrol(l->p, NULL, out, e))
			return false;
		if (out->n % 3 == 1)
			return true;
	}
	return err_set(e, WHY_BUG, "no message of that length");
}

static bool
through_address(enum spell how, bool served, struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct scep_address a = {0};
	struct blob message = {0}, query = {0}, body = {0};
	struct stock before, after;
	struct seen s = {0};
	struct err why = {0};
	int status = 0;
	bool parsed, ok = lab_open(l, 0, e) && lab_stock(l, &before, e);

	l->p = &l->mallory;
	ok = ok && message_of(l, &message, e);
	spell(how, blob_view(&message), &query, &body);
	struct http_request rq = {
	    .method = how >= SPELL_POST ? HTTP_POST : HTTP_GET,
	    .path = VIEW("/cgi-bin/pkiclient.exe"),
	    .query = blob_view(&query),
	    .body = blob_view(&body),
	    .source = "10.0.0.1",
	};
	parsed = ok && scep_address_parse(&rq, &a, &status, &why);
	if (ok && !parsed)
		ok = status == 400 && !served;
	if (ok && parsed) /* what the address lets through the authority judges */
		ok = lab_send(l, l->p, blob_view(&a.message), NULL, e) && lab_read(l, &s, e) &&
		     s.as == (served ? WANT_PEND : WANT_UNREADABLE);
	if (!ok && e->why == WHY_NONE)
		err_set(e, WHY_REFUSED, "%s, HTTP %d", parsed ? "let through" : why.text,
		    parsed ? s.http : status);
	ok = ok && lab_stock(l, &after, e) &&
	     (after.requests == before.requests + (served ? 1 : 0) ||
		 err_set(e, WHY_REFUSED, "requests changed")) &&
	     lab_still_good(l, after.certificates, e);
	seen_free(&s);
	blob_free(&a.message);
	blob_free(&message);
	blob_free(&query);
	blob_free(&body);
	lab_free(l);
	free(l);
	return ok;
}

#define SPELLED(name, how, served)                                                             \
	static bool name(struct err *e)                                                        \
	{                                                                                      \
		return through_address(how, served, e);                                        \
	}
SPELLED(absent, SPELL_ABSENT, false)
SPELLED(percent_end, SPELL_PERCENT_END, false)
SPELLED(percent_g, SPELL_PERCENT_G, false)
SPELLED(percent_short, SPELL_PERCENT_SHORT, false)
SPELLED(twice_escaped, SPELL_TWICE_ESCAPED, false)
SPELLED(ios, SPELL_IOS, true)
SPELLED(plus, SPELL_PLUS, true)
SPELLED(space, SPELL_SPACE, true)
SPELLED(crlf, SPELL_CRLF, true)
SPELLED(lower, SPELL_LOWER, true)
SPELLED(bare, SPELL_BARE, true)
SPELLED(pad_middle, SPELL_PAD_MIDDLE, false)
SPELLED(pad_3, SPELL_PAD_3, false)
SPELLED(trailing, SPELL_TRAILING, true)
SPELLED(url_alphabet, SPELL_URL_ALPHABET, false)
SPELLED(star, SPELL_STAR, false)
SPELLED(utf8, SPELL_UTF8, false)
SPELLED(nul, SPELL_NUL, false)
SPELLED(empty, SPELL_EMPTY, false)
SPELLED(hello, SPELL_HELLO, false)
SPELLED(raw_der, SPELL_RAW_DER, false)
SPELLED(two_messages, SPELL_TWO_MESSAGES, false)
SPELLED(post, SPELL_POST, true)
SPELLED(post_base64, SPELL_POST_BASE64, false)
SPELLED(post_pem, SPELL_POST_PEM, false)
SPELLED(post_empty, SPELL_POST_EMPTY, false)

static const struct scene scenes[] = {
    {"BAD-032", "GET without message", absent},
    {"BAD-033", "a percent sign at the end", percent_end},
    {"BAD-033", "%G1", percent_g},
    {"BAD-033", "%2 and the end", percent_short},
    {"BAD-034", "escaped twice", twice_escaped},
    {"BAD-035", "as IOS writes it (HT-08): served", ios},
    {"BAD-035", "unescaped + / = (HT-08): served", plus},
    {"BAD-035", "space for + (HT-08): served", space},
    {"BAD-035", "CRLF every 76 columns (HT-08): served", crlf},
    {"BAD-035", "lower-case escapes (HT-08): served", lower},
    {"BAD-035", "no padding (HT-08): served", bare},
    {"BAD-036", "padding in the middle", pad_middle},
    {"BAD-036", "padding of five", pad_3},
    {"BAD-036", "trailing bits that are not zero: served", trailing},
    {"BAD-037", "the alphabet of base64url", url_alphabet},
    {"BAD-038", "an asterisk", star},
    {"BAD-038", "UTF-8", utf8},
    {"BAD-038", "NUL", nul},
    {"BAD-039", "base64 of nothing", empty},
    {"BAD-039", "base64 of hello", hello},
    {"BAD-040", "DER in percent escapes", raw_der},
    {"BAD-041", "message given twice", two_messages},
    {"BAD-042", "POST of the octets themselves (HT-01): served", post},
    {"BAD-042", "POST of base64", post_base64},
    {"BAD-042", "POST of PEM", post_pem},
    {"BAD-042", "POST of nothing", post_empty},
};

const struct scenes url_scenes = {scenes, COUNT_OF(scenes)};
