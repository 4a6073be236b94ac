/* set.c - one matched line to its field and back. */
#include "conf/grammar.h"

#include <string.h>
#include <strings.h>

static void *
field_of(const struct row *row, void *object)
{
	return (char *)object + row->at;
}

static const void *
field_in(const struct row *row, const void *object)
{
	return (const char *)object + row->at;
}

static bool
set_text(struct setting *s, char bind, char *out, size_t size, struct err *e)
{
	const struct cap *cap = match_cap(s->match, bind);
	struct view v = cap != NULL ? cap->text : (struct view){0};

	for (size_t i = 0; i < v.n; i++) {
		s->at = cap->at + i;
		if (v.p[i] < ' ' || v.p[i] == 0x7f)
			return err_set(e, WHY_BAD_INPUT, "control character, expected text");
	}
	if (v.n >= size) {
		s->at = cap->at;
		return err_set(
		    e, WHY_BAD_INPUT, "%zu characters, expected at most %zu", v.n, size - 1);
	}
	mem_wipe(out, size);
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	return true;
}

static void
add_prefix(const struct row *row, struct blob *out)
{
	blob_add(out, row->syntax, syntax_prefix(row->syntax));
}

/* ---- simple fields ---- */

static bool
apply_bool(struct setting *s, struct err *e)
{
	(void)e;
	*(bool *)field_of(s->row, s->object) = true;
	return true;
}

static bool
print_bool(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	if (*(const bool *)field_in(s->row, s->object))
		blob_add_str(out, s->row->syntax);
	return true;
}

static bool
apply_text(struct setting *s, struct err *e)
{
	return set_text(s, 'x', field_of(s->row, s->object), s->row->size, e);
}

static bool
print_text(const struct setting *s, struct blob *out, struct err *e)
{
	const char *text = field_in(s->row, s->object);

	(void)e;
	if (text[0] != '\0') {
		add_prefix(s->row, out);
		blob_add_str(out, text);
	}
	return true;
}

static bool
apply_dn(struct setting *s, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');
	size_t at = 0;

	if (!dn_check(x->text, &at, e)) {
		s->at = x->at + at;
		return false;
	}
	return apply_text(s, e);
}

static bool
apply_choice(struct setting *s, struct err *e)
{
	int c = match_cap(s->match, 'c')->choice;

	(void)e;
	if (s->row->value > 0 && c >= s->row->value)
		c -= s->row->value;
	if (s->row->size == sizeof(bool))
		*(bool *)field_of(s->row, s->object) = c != 0;
	else
		*(int *)field_of(s->row, s->object) = c;
	return true;
}

static bool
print_choice(const struct setting *s, struct blob *out, struct err *e)
{
	const char *words = s->row->syntax + syntax_prefix(s->row->syntax) + 1;
	int c = s->row->size == sizeof(bool) ? *(const bool *)field_in(s->row, s->object)
					     : *(const int *)field_in(s->row, s->object);
	struct view word;

	if (!choice_word(view_of(words, strcspn(words, "})")), c, &word))
		return err_set(e, WHY_BUG, "%s: no word for %d", s->row->syntax, c);
	add_prefix(s->row, out);
	blob_add_view(out, word);
	return true;
}

/* Days, hours and minutes, bound to these three letters. */
static when_t
span_of(const struct match *m, const char *letters)
{
	static const when_t units[] = {DAY, HOUR, MINUTE};
	when_t span = 0;

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		const struct cap *cap = match_cap(m, letters[i]);

		if (cap != NULL)
			span += cap->number * units[i];
	}
	return span;
}

static void
print_dhm(when_t span, bool days, struct blob *out)
{
	if (days)
		blob_printf(out, "%lld", (long long)(span / DAY));
	if (!days || span % DAY != 0)
		blob_printf(out, days ? " %lld" : "%lld",
		    (long long)((days ? span % DAY : span) / HOUR));
	if (span % HOUR != 0)
		blob_printf(out, " %lld", (long long)(span % HOUR / MINUTE));
}

static bool
apply_span(struct setting *s, struct err *e)
{
	const struct cap *first = &s->match->cap[0];
	when_t span = span_of(s->match, "dhm");

	if (span == 0 && strncmp(s->row->syntax, "lifetime", 8) == 0) {
		s->at = first->at;
		return err_set(
		    e, WHY_BAD_INPUT, "a lifetime of 0, expected at least one minute");
	}
	*(when_t *)field_of(s->row, s->object) = span;
	return true;
}

static bool
print_span(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	add_prefix(s->row, out);
	print_dhm(*(const when_t *)field_in(s->row, s->object),
	    strstr(s->row->syntax, "$d") != NULL, out);
	return true;
}

static bool
apply_number(struct setting *s, struct err *e)
{
	(void)e;
	*(int64_t *)field_of(s->row, s->object) = match_cap(s->match, 'n')->number;
	return true;
}

static bool
print_number(const struct setting *s, struct blob *out, struct err *e)
{
	int64_t n = *(const int64_t *)field_in(s->row, s->object);

	(void)e;
	if (n >= 0) {
		add_prefix(s->row, out);
		blob_printf(out, "%lld", (long long)n);
	}
	return true;
}

static bool
apply_port(struct setting *s, struct err *e)
{
	const struct cap *p = match_cap(s->match, 'p');

	(void)e;
	if (p != NULL)
		((struct conf *)s->object)->http_port = (unsigned)p->number;
	return true;
}

static bool
print_port(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	add_prefix(s->row, out);
	blob_printf(out, "%u", ((const struct conf *)s->object)->http_port);
	return true;
}

/* ---- fields with a life of their own ---- */

static bool
apply_eku(struct setting *s, struct err *e)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < s->match->cap_count; i++) {
		const struct cap *cap = &s->match->cap[i];

		s->at = cap->at;
		if (view_equal_str(cap->text, "ocsp-signing"))
			return err_set(e, WHY_REFUSED,
			    "'ocsp-signing' would let a client vouch for others' certificates, "
			    "expected other usages");
		bits |= UINT32_C(1) << cap->choice;
	}
	*(uint32_t *)field_of(s->row, s->object) = bits;
	return true;
}

static bool
print_eku(const struct setting *s, struct blob *out, struct err *e)
{
	const char *words = s->row->syntax + syntax_prefix(s->row->syntax) + 1;
	uint32_t bits = *(const uint32_t *)field_in(s->row, s->object);
	struct view word;

	(void)e;
	for (int k = 0; choice_word(view_of(words, strcspn(words, ")")), k, &word); k++)
		if (bits & UINT32_C(1) << k)
			blob_printf(out, "%s%.*s", out->n == 0 ? "eku " : " ", (int)word.n,
			    (const char *)word.p);
	return true;
}

/* $x as a password of type $e; out holds CONF_PASSWORD_MAX. */
static bool
set_password(struct setting *s, char *out, struct err *e)
{
	const struct cap *type = match_cap(s->match, 'e'), *text = match_cap(s->match, 'x');
	char raw[512] = {0}, clear[CONF_PASSWORD_MAX] = {0};
	bool ok = false;

	if (!set_text(s, 'x', raw, sizeof(raw), e))
		goto out;
	s->at = text != NULL ? text->at : 0;
	if (type != NULL && type->number == 7) {
		ok = type7_decode(raw, clear, sizeof(clear), e);
	} else if (type != NULL && type->number == 6) {
		ok = s->seal != NULL
			 ? s->seal(s->seal_arg, true, raw, clear, sizeof(clear), e)
			 : err_set(e, WHY_REFUSED,
			       "a sealed password needs the sealing key, expected type 0 or 7");
	} else if (type != NULL && type->number != 0) {
		s->at = type->at;
		err_set(e, WHY_BAD_INPUT, "password type %d, expected 0, 6 or 7",
		    (int)type->number);
	} else {
		ok = set_text(s, 'x', clear, sizeof(clear), e);
	}
	if (ok)
		memcpy(out, clear, sizeof(clear));
out:
	mem_wipe(raw, sizeof(raw));
	mem_wipe(clear, sizeof(clear));
	return ok;
}

static bool
print_password(const struct setting *s, const char *password, struct blob *out, struct err *e)
{
	char sealed[512];

	if (s->seal == NULL)
		return err_set(
		    e, WHY_REFUSED, "a password cannot be printed without the sealing key");
	if (!s->seal(s->seal_arg, false, password, sealed, sizeof(sealed), e))
		return false;
	blob_printf(out, "password 6 %s", sealed);
	return true;
}

static bool
apply_archive(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;

	if (!set_password(s, server->archive_password, e))
		return false;
	server->archive = match_cap(s->match, 'c')->choice == 0 ? ARCHIVE_PKCS12 : ARCHIVE_PEM;
	return true;
}

static bool
print_archive(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	if (server->archive == ARCHIVE_NONE)
		return true;
	add_prefix(s->row, out);
	blob_add_str(out, server->archive == ARCHIVE_PEM ? "pem" : "pkcs12");
	if (server->archive_password[0] == '\0')
		return true;
	blob_add_byte(out, ' ');
	return print_password(s, server->archive_password, out, e);
}

static bool
apply_secret(struct setting *s, struct err *e)
{
	return set_password(s, field_of(s->row, s->object), e);
}

static bool
print_secret(const struct setting *s, struct blob *out, struct err *e)
{
	const char *password = field_in(s->row, s->object);

	if (password[0] == '\0')
		return true;
	blob_add_str(out, "challenge ");
	return print_password(s, password, out, e);
}

/* A hook's address: nothing but HTTP, and no secret in what everybody may read. */
static bool
set_hook(struct setting *s, char *out, size_t size, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');
	const char *text = (const char *)x->text.p;
	size_t scheme = x->text.n > 8 && strncasecmp(text, "https://", 8) == 0	? 8
			: x->text.n > 7 && strncasecmp(text, "http://", 7) == 0 ? 7
										: 0;

	s->at = x->at;
	if (scheme == 0)
		return err_set(e, WHY_BAD_INPUT, "no HTTP address, expected https://HOST/PATH");
	for (size_t i = scheme; i < x->text.n && text[i] != '/'; i++)
		if (text[i] == '@') {
			s->at = x->at + i;
			return err_set(e, WHY_REFUSED,
			    "a user name in the address, expected 'challenge password' for it");
		}
	return set_text(s, 'x', out, size, e);
}

static bool
apply_hook(struct setting *s, struct err *e)
{
	return set_hook(s, field_of(s->row, s->object), s->row->size, e);
}

/* The profile that $k names, or the place for it; NULL: there is none. */
static struct conf_profile *
profile_named(struct conf_server *server, struct view name)
{
	for (size_t i = 0; i < server->profile_count; i++)
		if (view_equal_str(name, server->profile[i].name))
			return &server->profile[i];
	return NULL;
}

static bool
apply_profile(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;
	const struct cap *k = match_cap(s->match, 'k');
	struct conf_profile *old = profile_named(server, k->text), new = {0};
	bool ok = true;

	s->at = k->at;
	if (old == NULL && server->profile_count == CONF_PROFILES)
		return err_set(e, WHY_REFUSED, "more profiles than %d, expected no further one",
		    CONF_PROFILES);
	if (old != NULL)
		new = *old;
	memcpy(new.name, k->text.p, k->text.n);
	switch ((enum profile_line)s->row->value) {
	case PROFILE_ITSELF:
		break;
	case PROFILE_CHAIN:
		new.chain = true;
		break;
	case PROFILE_URL:
		ok = set_hook(s, new.challenge_url, sizeof(new.challenge_url), e);
		break;
	case PROFILE_PASSWORD:
		ok = set_password(s, new.challenge_password, e);
		break;
	}
	if (ok)
		*(old != NULL ? old : &server->profile[server->profile_count++]) = new;
	mem_wipe(&new, sizeof(new));
	return ok;
}

/* All lines of all profiles, each profile's together. */
static bool
print_profile(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	for (size_t i = 0; s->row->value == PROFILE_ITSELF && i < server->profile_count; i++) {
		const struct conf_profile *p = &server->profile[i];
		const char *join = out->n > 0 ? "\n" : "";

		if (!p->chain && p->challenge_url[0] == '\0' &&
		    p->challenge_password[0] == '\0')
			blob_printf(out, "%sprofile %s", join, p->name);
		if (p->chain) {
			blob_printf(out, "%sprofile %s chain", join, p->name);
			join = "\n";
		}
		if (p->challenge_url[0] != '\0') {
			blob_printf(out, "%sprofile %s challenge url %s", join, p->name,
			    p->challenge_url);
			join = "\n";
		}
		if (p->challenge_password[0] == '\0')
			continue;
		blob_printf(out, "%sprofile %s challenge ", join, p->name);
		if (!print_password(s, p->challenge_password, out, e))
			return false;
	}
	return true;
}

static void
undo_profile(const struct row *row, const struct match *m, struct conf_server *server)
{
	const struct cap *k = match_cap(m, 'k');
	struct conf_profile *p = k != NULL ? profile_named(server, k->text) : NULL;

	if (k == NULL) { /* all of them */
		server->profile_count = 0;
		mem_wipe(server->profile, sizeof(server->profile));
	}
	if (p == NULL)
		return;
	switch ((enum profile_line)row->value) {
	case PROFILE_ITSELF:
		server->profile_count--;
		memmove(p, p + 1,
		    (size_t)(&server->profile[server->profile_count] - p) * sizeof(*p));
		mem_wipe(&server->profile[server->profile_count], sizeof(*p));
		break;
	case PROFILE_CHAIN:
		p->chain = false;
		break;
	case PROFILE_URL:
		mem_wipe(p->challenge_url, sizeof(p->challenge_url));
		break;
	case PROFILE_PASSWORD:
		mem_wipe(p->challenge_password, sizeof(p->challenge_password));
		break;
	}
}

static bool
apply_key(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;
	const struct cap *bits = match_cap(s->match, 'b');
	int *field = s->row->type == T_RA_KEY ? &server->ra_bits : &server->rsa_bits;

	*field = bits != NULL ? (int)bits->number : 2048;
	return apply_text(s, e);
}

static bool
print_key(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	if (!print_text(s, out, e))
		return false;
	if (out->n > 0)
		blob_printf(
		    out, " %d", s->row->type == T_RA_KEY ? server->ra_bits : server->rsa_bits);
	return true;
}

static bool
apply_ec_key(struct setting *s, struct err *e)
{
	static const int curves[] = {256, 384, 521};
	struct conf_server *server = s->object;
	const struct cap *bits = match_cap(s->match, 'b');

	server->ec_bits = curves[bits != NULL ? bits->choice : 0];
	return apply_text(s, e);
}

static bool
print_ec_key(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	if (!print_text(s, out, e))
		return false;
	if (out->n > 0)
		blob_printf(out, " %d", server->ec_bits);
	return true;
}

static bool
apply_grant(struct setting *s, struct err *e)
{
	((struct conf_server *)s->object)->grant_no_replace = false;
	return apply_choice(s, e);
}

static bool
print_grant(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	return server->grant == GRANT_MANUAL || server->grant_no_replace
		   ? true
		   : print_choice(s, out, e);
}

static bool
apply_grant_keep(struct setting *s, struct err *e)
{
	((struct conf_server *)s->object)->grant = GRANT_AUTO;
	return apply_bool(s, e);
}

static bool
apply_compat(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;
	char *pattern =
	    s->row->type == T_ANCIENT ? server->ancient_pattern : server->legacy_pattern;

	if (!set_text(s, 'x', pattern, sizeof(server->ancient_pattern), e))
		return false;
	return apply_bool(s, e);
}

static bool
print_compat(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;
	const char *pattern =
	    s->row->type == T_ANCIENT ? server->ancient_pattern : server->legacy_pattern;

	(void)e;
	if (*(const bool *)field_in(s->row, s->object)) {
		add_prefix(s->row, out);
		blob_add_str(out, pattern);
		if (pattern[0] == '\0')
			out->n--; /* the blank */
	}
	return true;
}

static bool
apply_rollover(struct setting *s, struct err *e)
{
	struct plan_ca_policy *p = &((struct conf_server *)s->object)->plan;

	(void)e;
	p->auto_rollover = true;
	p->rollover = match_cap(s->match, 'd') != NULL ? span_of(s->match, "dhm") : 30 * DAY;
	p->overlap = span_of(s->match, "DHM");
	return true;
}

static bool
print_rollover(const struct setting *s, struct blob *out, struct err *e)
{
	const struct plan_ca_policy *p = &((const struct conf_server *)s->object)->plan;

	(void)e;
	if (!p->auto_rollover)
		return true;
	add_prefix(s->row, out);
	print_dhm(p->rollover, true, out);
	if (p->overlap > 0) {
		blob_add_str(out, " overlap ");
		print_dhm(p->overlap, true, out);
	}
	return true;
}

static bool
apply_late(struct setting *s, struct err *e)
{
	struct conf_server *server = s->object;

	(void)e;
	server->plan.late = span_of(s->match, "dhm");
	server->late_auto = match_cap(s->match, 'a') != NULL;
	return true;
}

static bool
print_late(const struct setting *s, struct blob *out, struct err *e)
{
	const struct conf_server *server = s->object;

	(void)e;
	if (server->plan.late > 0)
		blob_printf(out, "grant late %lld%s", (long long)(server->plan.late / DAY),
		    server->late_auto ? " auto" : "");
	return true;
}

static bool
apply_http(struct setting *s, struct err *e)
{
	((struct conf *)s->object)->http_server = true;
	return apply_port(s, e);
}

static bool
print_http(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	if (((const struct conf *)s->object)->http_server)
		blob_add_str(out, "ip http server");
	return true;
}

static bool
apply_listen(struct setting *s, struct err *e)
{
	return apply_text(s, e) && apply_port(s, e);
}

static bool
apply_refused(struct setting *s, struct err *e)
{
	s->at = s->match->cap_count > 0 ? s->match->cap[0].at : 0;
	return err_set(e, WHY_REFUSED, "%s", s->row->help);
}

static bool
apply_kept(struct setting *s, struct err *e)
{
	return s->row->size == 0 || apply_text(s, e);
}

/* ---- the types ---- */

#define MORE(f) offsetof(struct conf_server, f), sizeof(((struct conf_server *)0)->f)

static const struct {
	bool (*apply)(struct setting *s, struct err *e);
	bool (*print)(const struct setting *s, struct blob *out, struct err *e);
	size_t more_at, more_size; /* further fields that a reset clears */
} types[T_COUNT] = {
    [T_BOOL] = {apply_bool, print_bool, 0, 0},
    [T_TEXT] = {apply_text, print_text, 0, 0},
    [T_DN] = {apply_dn, print_text, 0, 0},
    [T_CHOICE] = {apply_choice, print_choice, 0, 0},
    [T_SPAN] = {apply_span, print_span, 0, 0},
    [T_NUMBER] = {apply_number, print_number, 0, 0},
    [T_PORT] = {apply_port, print_port, 0, 0},
    [T_EKU] = {apply_eku, print_eku, 0, 0},
    [T_ARCHIVE] = {apply_archive, print_archive, MORE(archive_password)},
    [T_HOOK] = {apply_hook, print_text, 0, 0},
    [T_SECRET] = {apply_secret, print_secret, 0, 0},
    [T_PROFILE] = {apply_profile, print_profile, 0, 0},
    [T_KEY] = {apply_key, print_key, MORE(rsa_bits)},
    [T_EC_KEY] = {apply_ec_key, print_ec_key, MORE(ec_bits)},
    [T_RA_KEY] = {apply_key, print_key, MORE(ra_bits)},
    [T_GRANT] = {apply_grant, print_grant, MORE(grant_no_replace)},
    [T_GRANT_KEEP] = {apply_grant_keep, print_bool, MORE(grant)},
    [T_LEGACY] = {apply_compat, print_compat, MORE(legacy_pattern)},
    [T_ANCIENT] = {apply_compat, print_compat, MORE(ancient_pattern)},
    [T_ROLLOVER] = {apply_rollover, print_rollover, offsetof(struct conf_server, plan.rollover),
	2 * sizeof(when_t)},
    [T_LATE] = {apply_late, print_late, MORE(late_auto)},
    [T_HTTP] = {apply_http, print_http, 0, 0},
    [T_LISTEN] = {apply_listen, print_text, 0, 0},
    [T_REFUSED] = {apply_refused, NULL, 0, 0},
    [T_KEPT] = {apply_kept, NULL, 0, 0},
};

bool
setting_apply(struct setting *s, struct err *e)
{
	s->at = s->match->cap_count > 0 ? s->match->cap[0].at : 0;
	return types[s->row->type].apply(s, e);
}

bool
setting_print(const struct row *row, const void *object, conf_seal seal, void *seal_arg,
    struct blob *out, struct err *e)
{
	struct setting s = {.row = row, .seal = seal, .seal_arg = seal_arg};

	if (types[row->type].print == NULL)
		return true;
	memcpy(&s.object, &object, sizeof(object)); /* only read */
	return types[row->type].print(&s, out, e);
}

static void
apply_initial(const struct row *row, void *object, const char *name)
{
	struct blob line = {0};
	struct match m;
	struct setting s = {.row = row, .match = &m, .object = object};

	for (const char *p = row->initial; *p != '\0'; p++)
		if (*p == '%')
			blob_add_str(&line, name);
		else
			blob_add_byte(&line, (uint8_t)*p);
	match_line(row->mode, blob_view(&line), 0, MATCH_EXACT, &m);
	if (m.outcome == MATCH_OK && !setting_apply(&s, NULL))
		mem_wipe(field_of(row, object), row->size);
	blob_free(&line);
}

void
setting_reset(const struct row *row, void *object, const char *name)
{
	if (row->size > 0)
		mem_wipe(field_of(row, object), row->size);
	if (types[row->type].more_size > 0)
		mem_wipe((char *)object + types[row->type].more_at, types[row->type].more_size);
	if (row->type == T_NUMBER)
		*(int64_t *)field_of(row, object) = -1;
	if (row->initial != NULL)
		apply_initial(row, object, name);
}

void
setting_undo(const struct row *row, const struct match *m, void *object, const char *name)
{
	if (row->type == T_PROFILE)
		undo_profile(row, m, object);
	else
		setting_reset(row, object, name);
}

void
setting_defaults(enum mode mode, void *object, const char *name)
{
	mem_wipe(
	    object, mode == MODE_SERVER ? sizeof(struct conf_server) : sizeof(struct conf));
	for (size_t i = 0; i < grammar_count; i++)
		if (grammar[i].mode == mode)
			setting_reset(&grammar[i], object, name);
	if (mode == MODE_SERVER)
		snprintf(((struct conf_server *)object)->name, CONF_NAME_MAX, "%s", name);
}

size_t
syntax_prefix(const char *syntax)
{
	size_t i = 0;

	while (syntax[i] != '\0' && strchr("[<{(", syntax[i]) == NULL &&
	       (syntax[i] < 'A' || syntax[i] > 'Z'))
		i++;
	return i;
}

void
syntax_plain(const struct row *row, struct blob *out)
{
	for (const char *p = row->syntax; *p != '\0'; p++)
		if (*p == '$' && p[1] != '\0')
			p++;
		else if (*p == '(' || *p == ')')
			blob_add_str(out, *p == '(' ? "{" : "}...");
		else
			blob_add_byte(out, (uint8_t)*p);
	if (row->flags & SHOWS)
		blob_add_str(out, " [json]");
}
