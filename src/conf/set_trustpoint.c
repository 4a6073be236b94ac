/* set_trustpoint.c - fields of a trustpoint and back. */
#include "conf/set.h"

#include <string.h>

bool
apply_proxy(struct setting *s, struct err *e)
{
	struct conf_trustpoint *tp = s->object;

	if (!apply_text(s, e))
		return false;
	tp->proxy_port = (unsigned)match_cap(s->match, 'p')->number;
	return true;
}

bool
print_proxy(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_trustpoint *tp = s->object;

	if (!print_text(s, out, e))
		return false;
	if (out->n > 0)
		blob_printf(out, " %u", tp->proxy_port);
	return true;
}

/* Without a percentage IOS renews when the certificate has ended. */
bool
apply_auto_enroll(struct setting *s, struct err *e)
{
	struct conf_trustpoint *tp = s->object;
	const struct cap *n = match_cap(s->match, 'n');

	(void)e;
	tp->plan.auto_enroll = true;
	tp->plan.percent = n != NULL ? (unsigned)n->number : 100;
	tp->regenerate_auto = match_cap(s->match, 'r') != NULL;
	return true;
}

bool
print_auto_enroll(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_trustpoint *tp = s->object;

	(void)e;
	if (tp->plan.auto_enroll)
		blob_printf(out, "auto-enroll %u%s", tp->plan.percent,
		    tp->regenerate_auto ? " regenerate" : "");
	return true;
}

bool
apply_shadow_only(struct setting *s, struct err *e)
{
	struct conf_trustpoint *tp = s->object;

	if (!tp->plan.auto_enroll)
		tp->plan.percent = PLAN_SHADOW_PERCENT;
	tp->plan.auto_enroll = true;
	return apply_bool(s, e);
}

/* "serial-number" says yes, "serial-number none" says no. */
bool
apply_unless_none(struct setting *s, struct err *e)
{
	(void)e;
	*(bool *)field_of(s->row, s->object) = match_cap(s->match, 'c') == NULL;
	return true;
}

bool
print_unless_none(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	if (*(const bool *)field_in(s->row, s->object))
		blob_add(out, s->row->syntax, syntax_prefix(s->row->syntax) - 1);
	return true;
}

bool
apply_terminal(struct setting *s, struct err *e)
{
	struct conf_trustpoint *tp = s->object;

	(void)e;
	tp->terminal =
	    match_cap(s->match, 'c') != NULL ? CONF_TERMINAL_PEM : CONF_TERMINAL_BARE;
	return true;
}

bool
print_terminal(const struct setting *s, struct blob *out, struct err *e)
{
	static const char *const lines[] = {[CONF_TERMINAL_NONE] = "",
	    [CONF_TERMINAL_BARE] = "enrollment terminal",
	    [CONF_TERMINAL_PEM] = "enrollment terminal pem"};
	const struct conf_trustpoint *tp = s->object;

	(void)e;
	blob_add_str(out, lines[tp->terminal]);
	return true;
}

bool
fingerprint_decode(struct view text, char out[CONF_FINGERPRINT], struct err *e)
{
	struct blob copy = {0}, octets = {0}, hex = {0};
	bool ok = false;

	blob_add_view(&copy, text);
	if (!hex_decode(blob_cstr(&copy), &octets)) {
		err_set(e, WHY_BAD_INPUT, "no hexadecimal text, expected a fingerprint");
		goto out;
	}
	if (octets.n != 16 && octets.n != 20 && octets.n != 32) {
		err_set(e, WHY_BAD_INPUT,
		    "a fingerprint of %zu octets, expected MD5 (16), SHA-1 (20) or SHA-256 "
		    "(32)",
		    octets.n);
		goto out;
	}
	hex_add(&hex, blob_view(&octets), true);
	memcpy(out, blob_cstr(&hex), hex.n + 1);
	ok = true;
out:
	blob_free(&copy);
	blob_free(&octets);
	blob_free(&hex);
	return ok;
}

bool
apply_fingerprint(struct setting *s, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');

	s->at = x->at;
	return fingerprint_decode(x->text, field_of(s->row, s->object), e);
}

bool
apply_cache(struct setting *s, struct err *e)
{
	const struct cap *m = match_cap(s->match, 'm');
	struct conf_crl_cache *cache = field_of(s->row, s->object);

	(void)e;
	mem_wipe(cache, sizeof(*cache));
	cache->none = m == NULL;
	if (m != NULL && match_cap(s->match, 'c')->choice == 0)
		cache->keep_most = m->number * MINUTE;
	else if (m != NULL)
		cache->extend = m->number * MINUTE;
	return true;
}

bool
print_cache(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_crl_cache *c = field_in(s->row, s->object);

	(void)e;
	if (c->none)
		blob_add_str(out, "crl cache none");
	if (c->keep_most > 0)
		blob_printf(
		    out, "crl cache delete-after %lld", (long long)(c->keep_most / MINUTE));
	if (c->extend > 0)
		blob_printf(out, "crl cache extend %lld", (long long)(c->extend / MINUTE));
	return true;
}

/* Each once, in the order in which they are tried; nothing is tried behind "none". */
bool
apply_checks(struct setting *s, struct err *e)
{
	uint8_t checks[CONF_CHECKS] = {0};

	for (size_t i = 0; i < s->match->cap_count; i++) {
		const struct cap *cap = &s->match->cap[i];
		uint8_t check = (uint8_t)(CONF_CHECK_CRL + cap->choice);

		s->at = cap->at;
		for (size_t k = 0; k < i; k++) {
			if (checks[k] == check)
				return err_set(
				    e, WHY_BAD_INPUT, "the same way again, expected each once");
			if (checks[k] == CONF_CHECK_NONE)
				return err_set(e, WHY_BAD_INPUT,
				    "a way behind 'none', expected 'none' last");
		}
		checks[i] = check;
	}
	memcpy(field_of(s->row, s->object), checks, sizeof(checks));
	return true;
}

bool
print_checks(const struct setting *s, struct blob *out, struct err *e)
{
	const uint8_t *checks = field_in(s->row, s->object);
	size_t prefix = syntax_prefix(s->row->syntax);
	const char *words = s->row->syntax + prefix + 1;
	struct view word;

	(void)e;
	blob_add(out, s->row->syntax, prefix - 1);
	for (size_t i = 0; i < CONF_CHECKS && checks[i] != CONF_CHECK_END; i++)
		if (choice_word(
			view_of(words, strcspn(words, ")")), checks[i] - CONF_CHECK_CRL, &word))
			blob_printf(out, " %.*s", (int)word.n, (const char *)word.p);
	return true;
}

/* A program: its directory is nobody's guess. */
bool
apply_path(struct setting *s, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');

	s->at = x->at;
	if (x->text.p[0] != '/')
		return err_set(e, WHY_BAD_INPUT, "no absolute path, expected /PATH/PROGRAM");
	return apply_text(s, e);
}
