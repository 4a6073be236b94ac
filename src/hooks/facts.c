/* facts.c - facts as environment and JSON. */
#include <string.h>

#include "hooks/hooks.h"

static const char *const events[] = {
    [HOOKS_NEXT_CA] = "next-ca",
    [HOOKS_SHADOW_READY] = "shadow-ready",
    [HOOKS_PRE_ACTIVATE] = "pre-activate",
    [HOOKS_ACTIVATE] = "activate",
    [HOOKS_POST_ACTIVATE] = "post-activate",
    [HOOKS_FAILED] = "failed",
    [HOOKS_VERIFY] = "verify",
};
_Static_assert(COUNT_OF(events) == HOOKS_EVENTS, "a word for every event");

const char *
hooks_event_name(enum hooks_event event)
{
	return events[event];
}

/* The same words and order in environment (behind KEYMUSTER_, in capitals) and JSON. */
enum form { FORM_TEXT, FORM_HEX, FORM_WHEN };
struct fact {
	const char *name;
	enum form form;
	size_t offset;
};
#define FACT(name, form)                                                                       \
	{                                                                                      \
#name, form, offsetof(struct hooks_facts, name)                                \
	}
static const struct fact facts[] = {
    FACT(trustpoint, FORM_TEXT),
    FACT(directory, FORM_TEXT),
    FACT(cert, FORM_TEXT),
    FACT(chain, FORM_TEXT),
    FACT(fullchain, FORM_TEXT),
    FACT(ca, FORM_TEXT),
    FACT(key, FORM_TEXT),
    FACT(ca_bundle, FORM_TEXT),
    FACT(not_before, FORM_WHEN),
    FACT(not_after, FORM_WHEN),
    FACT(serial, FORM_HEX),
    FACT(subject, FORM_TEXT),
    FACT(issuer, FORM_TEXT),
    FACT(fingerprint, FORM_HEX),
    FACT(deadline, FORM_WHEN),
    FACT(reason, FORM_TEXT),
};

/* False: not known. */
static bool
fact_text(const struct hooks_facts *f, const struct fact *fact, struct blob *out)
{
	const uint8_t *at = (const uint8_t *)f + fact->offset;
	char text[WHEN_TEXT];
	struct view v;
	when_t when;

	blob_clear(out);
	if (fact->form == FORM_WHEN) {
		memcpy(&when, at, sizeof(when));
		if (when != 0)
			blob_add_str(out, when_rfc3339(when, text));
		return when != 0;
	}
	memcpy(&v, at, sizeof(v));
	if (v.n > HOOKS_VALUE_MAX)
		v.n = HOOKS_VALUE_MAX;
	if (fact->form == FORM_HEX)
		hex_add(out, v, true);
	else
		blob_add_view(out, v);
	return v.n > 0;
}

/* ---- environment ---- */

static void
env_add(const char *name, struct view value, struct blob *out)
{
	struct blob line = {0};

	blob_add_str(&line, "KEYMUSTER_");
	for (; *name != 0; name++)
		blob_add_byte(&line, (uint8_t)(*name >= 'a' ? *name - 'a' + 'A' : *name));
	blob_add_byte(&line, '=');
	for (size_t i = 0; i < value.n; i++)
		blob_add_byte(
		    &line, value.p[i] < 0x20 || value.p[i] == 0x7f ? '?' : value.p[i]);
	blob_add_sized(out, blob_view(&line));
	blob_free(&line);
}

void
hooks_env_encode(const struct hooks_facts *f, struct blob *out)
{
	struct blob value = {0};

	env_add("version", VIEW("1"), out);
	env_add("event", view_str(hooks_event_name(f->event)), out);
	for (size_t i = 0; i < COUNT_OF(facts); i++)
		if (fact_text(f, &facts[i], &value))
			env_add(facts[i].name, blob_view(&value), out);
	blob_free(&value);
}

/* ---- JSON ---- */

/* The length of the UTF-8 character that v begins with (Unicode 15, table 3-7); 0: none. */
static size_t
utf8_length(struct view v)
{
	uint8_t c = v.p[0], low = 0x80, high = 0xbf;
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n > v.n)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++) {
		if (v.p[i] < low || v.p[i] > high)
			return 0;
		low = 0x80, high = 0xbf;
	}
	return n;
}

static void
json_add(struct blob *out, const char *name, struct view value)
{
	blob_printf(out, ",\"%s\":\"", name);
	while (value.n > 0) {
		size_t n = utf8_length(value);
		uint8_t c = value.p[0];

		if (n == 0)
			blob_add_str(out, "\xef\xbf\xbd"); /* U+FFFD */
		else if (c == '"' || c == '\\')
			blob_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			blob_printf(out, "\\u%04x", c);
		else
			blob_add(out, value.p, n);
		n = n > 0 ? n : 1;
		value = view_of(value.p + n, value.n - n);
	}
	blob_add_byte(out, '"');
}

void
hooks_json_encode(const struct hooks_facts *f, struct blob *out)
{
	struct blob value = {0};

	blob_add_str(out, "{\"version\":1");
	json_add(out, "event", view_str(hooks_event_name(f->event)));
	for (size_t i = 0; i < COUNT_OF(facts); i++)
		if (fact_text(f, &facts[i], &value))
			json_add(out, facts[i].name, blob_view(&value));
	blob_add_str(out, "}\n");
	blob_free(&value);
}
