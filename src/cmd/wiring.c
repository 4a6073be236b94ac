/* wiring.c - configuration to policies and paths. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "cmd/cmd.h"
#include "courier/courier.h"

_Static_assert(COURIER_HOOKS >= CONF_SERVERS * (1 + CONF_PROFILES), "a number for every hook");
_Static_assert(COURIER_DEPOTS >= CONF_SERVERS * CONF_DEPOTS, "a number for every depot");
_Static_assert(CA_PROFILES >= CONF_PROFILES, "a place for every profile");

static const enum ca_mode modes[] = {
    [GRANT_MANUAL] = CA_MANUAL,
    [GRANT_AUTO] = CA_AUTO,
    [GRANT_NONE] = CA_GRANT_NONE,
};

bool
wire_policy(const struct conf_server *c, struct ca_policy *out, struct err *e)
{
	struct ca_policy p = {
	    .plan = c->plan,
	    .mode = modes[c->grant],
	    .no_replace = c->grant_no_replace,
	    .renewals_wait = c->grant_manual_all,
	    .adopt_waits = c->adopt_manual,
	    .late_auto = c->late_auto,
	    .serial_sequential = c->serial == SERIAL_SEQUENTIAL,
	    .serial_floor = c->serial_number,
	    .eku = c->eku,
	    .hash = agent_hash(c->hash),
	    .key_kind = c->ec_label[0] != 0 ? KEY_EC : KEY_RSA,
	    .key_bits = c->ec_label[0] != 0 ? c->ec_bits : c->rsa_bits,
	    .ra_bits = c->ra_bits,
	    .archive = c->archive == ARCHIVE_PKCS12,
	    .legacy.on = c->compat_legacy,
	    .ancient.on = c->compat_ancient,
	    .shadow_balance = c->shadow_balance,
	    .hide_next_ca = c->hide_next_ca,
	    .shadow_reply_active = c->shadow_reply_active,
	};
	struct blob name = {0};
	bool ok = name_parse(c->issuer_name, &name, e);

	blob_free(&name);
	if (!ok)
		return err_prefix(e, "server %s, issuer-name '%s'", c->name, c->issuer_name);
	(void)snprintf(p.name, sizeof(p.name), "%s", c->name);
	(void)snprintf(p.issuer_name, sizeof(p.issuer_name), "%s", c->issuer_name);
	(void)snprintf(p.key_label, sizeof(p.key_label), "%s",
	    c->ec_label[0] != 0	   ? c->ec_label
	    : c->rsa_label[0] != 0 ? c->rsa_label
				   : c->name);
	(void)snprintf(p.ra_label, sizeof(p.ra_label), "%s", c->ra_label);
	(void)snprintf(p.cdp_url, sizeof(p.cdp_url), "%s", c->cdp_url);
	(void)snprintf(p.legacy.subjects, sizeof(p.legacy.subjects), "%s", c->legacy_pattern);
	(void)snprintf(
	    p.ancient.subjects, sizeof(p.ancient.subjects), "%s", c->ancient_pattern);
	p.asks = c->challenge_url[0] != 0;
	for (size_t i = 0; i < c->profile_count; i++) {
		struct ca_profile *to = &p.profile[p.profile_count++];

		(void)snprintf(to->name, sizeof(to->name), "%s", c->profile[i].name);
		to->chain = c->profile[i].chain;
		to->asks = p.asks || c->profile[i].challenge_url[0] != 0;
	}
	*out = p;
	return true;
}

const char *
server_path(const char *state, const char *name, const char *leaf, char out[512])
{
	(void)snprintf(out, 512, "%s/servers/%s%s%s", state, name, leaf == NULL ? "" : "/",
	    leaf == NULL ? "" : leaf);
	return out;
}

int
hook_number(const struct conf *c, const struct conf_server *s, const char *profile)
{
	int first = (int)(s - c->server) * (1 + CONF_PROFILES);

	for (size_t i = 0; i < s->profile_count; i++)
		if (strcmp(s->profile[i].name, profile) == 0 &&
		    s->profile[i].challenge_url[0] != 0)
			return first + 1 + (int)i;
	return s->challenge_url[0] != 0 ? first : -1;
}

static void
hook_put(struct courier_hook *out, const char *url, const char *password)
{
	(void)snprintf(out->url, sizeof(out->url), "%s", url);
	(void)snprintf(out->password, sizeof(out->password), "%s", password);
}

void
hooks_of(const struct conf *c, struct courier_hook *out, size_t *n)
{
	*n = 0;
	memset(out, 0, COURIER_HOOKS * sizeof(*out));
	for (size_t i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->server[i];
		size_t first = i * (1 + CONF_PROFILES);

		if (s->challenge_url[0] != 0)
			*n = first + 1;
		hook_put(&out[first], s->challenge_url, s->challenge_password);
		for (size_t k = 0; k < s->profile_count; k++) {
			if (s->profile[k].challenge_url[0] != 0)
				*n = first + 2 + k;
			hook_put(&out[first + 1 + k], s->profile[k].challenge_url,
			    s->profile[k].challenge_password);
		}
	}
}

int
depot_number(const struct conf *c, const struct conf_server *s, enum conf_depots which)
{
	if (s->depot[which].url[0] == 0 && (which == DEPOT_P12 || which == DEPOT_CRL))
		which = DEPOT_ALL;
	return conf_copies_to(s->depot[which].url)
		   ? (int)((size_t)(s - c->server) * CONF_DEPOTS + which)
		   : -1;
}

const struct conf_depot *
depot_of(const struct conf *c, unsigned number)
{
	return &c->server[number / CONF_DEPOTS].depot[number % CONF_DEPOTS];
}

void
depots_of(const struct conf *c, struct courier_depot *out, size_t *n)
{
	*n = 0;
	memset(out, 0, COURIER_DEPOTS * sizeof(*out));
	for (unsigned i = 0; i < c->server_count * CONF_DEPOTS; i++) {
		const struct conf_depot *d = depot_of(c, i);
		const struct conf_depot *who =
		    d->user[0] != 0 ? d : &c->server[i / CONF_DEPOTS].depot[DEPOT_ALL];

		if (!conf_copies_to(d->url))
			continue;
		(void)snprintf(out[i].url, sizeof(out[i].url), "%s", d->url);
		(void)snprintf(out[i].user, sizeof(out[i].user), "%s", who->user);
		(void)snprintf(out[i].password, sizeof(out[i].password), "%s", who->password);
		*n = i + 1;
	}
}

bool
asks_anybody(const struct conf *c)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	size_t n;

	hooks_of(c, hooks, &n);
	mem_wipe(hooks, sizeof(hooks));
	return n > 0 || agent_count(c) > 0;
}

bool
has_depots(const struct conf *c)
{
	bool found = false;

	for (unsigned i = 0; i < c->server_count * CONF_DEPOTS; i++)
		found |= conf_copies_to(depot_of(c, i)->url);
	return found;
}

bool
has_programs(const struct conf *c)
{
	struct conf_trustpoint room;

	for (size_t i = 0; i < c->trustpoint_count; i++) {
		const struct conf_trustpoint *t = conf_trustpoint(c, i, &room);

		if (agent_runs(c, t->name) && (t->hook[0] != 0 || t->verify[0] != 0))
			return true;
	}
	return false;
}

char **
challenges_take(const struct conf *c)
{
	char **list = mem_get((c->trustpoint_count + 1) * sizeof(*list));

	for (size_t i = 0; i < c->trustpoint_count; i++)
		if (c->trustpoint[i].password[0] != 0)
			list[i] = mem_str(c->trustpoint[i].password);
	return list;
}

void
challenges_free(char **list, const struct conf *c)
{
	for (size_t i = 0; list != NULL && i < c->trustpoint_count; i++) {
		if (list[i] != NULL)
			mem_wipe(list[i], strlen(list[i]));
		free(list[i]);
	}
	free(list);
}

#define FIXED_PASSWORDS (2 + CONF_DEPOTS)
#define SERVER_PASSWORDS (FIXED_PASSWORDS + CONF_PROFILES)

size_t
conf_passwords(const struct conf *c)
{
	return c->server_count * SERVER_PASSWORDS + c->trustpoint_count;
}

char *
conf_password(struct conf *c, size_t i)
{
	size_t k = i % SERVER_PASSWORDS, server = i / SERVER_PASSWORDS;
	struct conf_server *s = &c->server[server];

	if (server >= c->server_count)
		return c->trustpoint[i - c->server_count * SERVER_PASSWORDS].password;
	if (k >= FIXED_PASSWORDS)
		return k - FIXED_PASSWORDS < s->profile_count
			   ? s->profile[k - FIXED_PASSWORDS].challenge_password
			   : NULL;
	return k == 0	? s->archive_password
	       : k == 1 ? s->challenge_password
			: s->depot[k - 2].password;
}

/* After passwords_put_away: a password is the number of its sealed text. */
static bool
passwords_printed(const struct password_seal *s, bool opening, const char *in, char *out,
    size_t size, struct err *e)
{
	size_t i = (size_t)strtoul(in, NULL, 10);

	if (opening || i >= s->count || s->sealed[i] == NULL)
		return err_set(e, WHY_BUG, "passwords are put away");
	(void)snprintf(out, size, "%s", s->sealed[i]);
	return true;
}

bool
passwords_put_away(struct password_seal *s, struct conf *c, struct err *e)
{
	char sealed[512];

	s->count = conf_passwords(c);
	s->sealed = mem_get(s->count * sizeof(*s->sealed) + 1);
	if (!conf_seal_kept(c, password_seal, s, e))
		return false;
	for (size_t i = 0; i < s->count; i++) {
		char *clear = conf_password(c, i);

		if (clear == NULL || clear[0] == 0)
			continue;
		if (!password_seal(s, false, clear, sealed, sizeof(sealed), e))
			return false;
		s->sealed[i] = mem_str(sealed);
		mem_wipe(clear, CONF_PASSWORD_MAX);
		(void)snprintf(clear, CONF_PASSWORD_MAX, "%zu", i);
	}
	mem_wipe(&s->seal, sizeof(s->seal));
	s->away = true;
	return true;
}

void
password_seal_free(struct password_seal *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->sealed[i]);
	free(s->sealed);
	mem_wipe(s, sizeof(*s));
}

bool
password_seal(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	const struct password_seal *s = arg;
	struct blob from = {0}, to = {0};
	bool ok = false;

	if (s != NULL && s->away)
		return passwords_printed(s, opening, in, out, size, e);
	if (s == NULL)
		return err_set(e, WHY_BAD_INPUT,
		    "password 6 belongs to the state directory where it was sealed; give it as "
		    "'password 0'");
	if (opening)
		ok = (hex_decode(in, &from) ||
			 err_set(e, WHY_BAD_INPUT, "password 6 is no hex text")) &&
		     seal_open(&s->seal, "password", blob_view(&from), &to, e);
	else if (seal_close_same(&s->seal, "password", view_str(in), &from, e)) {
		hex_add(&to, blob_view(&from), true);
		ok = true;
	}
	if (ok && to.n >= size)
		ok = err_set(e, WHY_BAD_INPUT, "password of %zu characters", to.n);
	if (ok)
		memcpy(out, blob_cstr(&to), to.n + 1);
	blob_free(&from);
	blob_free(&to);
	return ok;
}

void
conf_say(void *arg, bool warn, const char *text)
{
	const bool *warnings = arg;

	if (!warn || *warnings)
		(void)dprintf(STDERR_FILENO, "%s%s\n", warn ? "warning: " : "", text);
}

bool
conf_load(const char *path, struct view text, struct password_seal *seal, bool warnings,
    struct conf *out)
{
	return conf_parse(path, text, password_seal, seal, conf_say, &warnings, out);
}

void
conf_digest(struct view text, char out[CONF_DIGEST])
{
	struct blob hex = {0};
	uint8_t digest[32];

	sha256(text, digest);
	hex_add(&hex, view_of(digest, sizeof(digest)), false);
	(void)snprintf(out, CONF_DIGEST, "%s", blob_cstr(&hex));
	blob_free(&hex);
}
