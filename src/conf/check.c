/* check.c - what only a whole block can show. */
#include "conf/parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct place
seen_at(const struct parser *p, size_t field)
{
	for (size_t i = 0; i < grammar_count && i < ROWS_MAX; i++)
		if (grammar[i].mode == p->mode && grammar[i].at == field &&
		    grammar[i].size > 0 && p->seen[i].line > 0)
			return p->seen[i];
	return p->opened;
}

static struct conf_place
kept_place(struct place at)
{
	return (struct conf_place){(int)at.line, (int)at.column};
}

#define SEEN(f) seen_at(p, offsetof(struct conf_server, f))

static void
check_keys(struct parser *p, const struct conf_server *s)
{
	bool ec = s->ec_label[0] != 0;
	const char *ca = ec ? s->ec_label : s->rsa_label;

	if (ec && (strcmp(s->rsa_label, s->name) != 0 || s->rsa_bits != 2048))
		say(p, false, SEEN(rsa_label),
		    "a CA has one key, expected 'rsakeypair' or 'eckeypair'");
	if (ec && s->ra_label[0] == 0)
		say(p, false, SEEN(ec_label),
		    "an EC key cannot open SCEP envelopes, expected 'ra rsakeypair LABEL' "
		    "beside it");
	if (s->rsa_bits < 2048 && !s->compat_ancient)
		say(p, false, SEEN(rsa_label),
		    "an RSA key of %d bits needs 'compat ancient', expected 2048 or more",
		    s->rsa_bits);
	if (strcmp(s->ra_label, ca) == 0)
		say(p, false, SEEN(ra_label),
		    "'%s' is the label of the CA's key, expected another", ca);
}

/* What is said there can be read on the way. */
static bool
is_heard(const char *url)
{
	static const char *const here[] = {"127.0.0.1", "[::1]", "localhost"};
	const char *host;

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "ftp://", 6) != 0)
		return false;
	host = strstr(url, "://") + 3;
	for (size_t i = 0; i < COUNT_OF(here); i++)
		if (strcspn(host, "/") >= strlen(here[i]) &&
		    strncasecmp(host, here[i], strlen(here[i])) == 0 &&
		    strchr(":/", host[strlen(here[i])]) != NULL)
			return false;
	return true;
}

static void
check_hook(
    struct parser *p, struct place at, const char *whose, const char *url, const char *password)
{
	if (password[0] != 0 && url[0] == 0)
		say(p, true, at,
		    "'%schallenge password' without an address to show it to, expected "
		    "'%schallenge url URL' too",
		    whose, whose);
	if (is_heard(url))
		say(p, true, at,
		    "'%schallenge url' sends challenges over plain HTTP, expected https://...",
		    whose);
}

static void
check_challenges(struct parser *p, const struct conf_server *s)
{
	bool asks = s->challenge_url[0] != 0;
	char whose[CONF_NAME_MAX + 16];

	check_hook(p, SEEN(challenge_url), "", s->challenge_url, s->challenge_password);
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct conf_profile *o = &s->profile[i];

		(void)snprintf(whose, sizeof(whose), "profile %s ", o->name);
		check_hook(p, p->opened, whose, o->challenge_url, o->challenge_password);
		asks |= o->challenge_url[0] != 0;
	}
	if (asks && s->grant == GRANT_AUTO && !s->grant_no_replace)
		say(p, false, SEEN(grant),
		    "'grant auto' grants whatever 'challenge url' says, expected 'grant "
		    "manual'");
}

static void
check_depots(struct parser *p, const struct conf_server *s)
{
	static const size_t at[CONF_DEPOTS] = {
	    [DEPOT_ALL] = offsetof(struct conf_server, depot[DEPOT_ALL]),
	    [DEPOT_P12] = offsetof(struct conf_server, depot[DEPOT_P12]),
	    [DEPOT_CRL] = offsetof(struct conf_server, depot[DEPOT_CRL]),
	    [DEPOT_CRL_TOO] = offsetof(struct conf_server, depot[DEPOT_CRL_TOO]),
	};

	for (size_t i = 0; i < CONF_DEPOTS; i++) {
		const struct conf_depot *d = &s->depot[i];
		const struct conf_depot *who = d->user[0] != 0 ? d : &s->depot[DEPOT_ALL];

		if (d->url[0] != 0 && !conf_copies_to(d->url))
			say(p, true, seen_at(p, at[i]),
			    "nothing is copied to '%s': everything is in the state directory, "
			    "expected ftp://, ftps://, http:// or https://",
			    d->url);
		else if (is_heard(d->url) && who->password[0] != 0)
			say(p, true, seen_at(p, at[i]),
			    "the password goes to '%s' in clear, expected ftps:// or https://",
			    d->url);
	}
}

/* What only a whole block can show. */
void
check_server(struct parser *p, struct conf_server *s)
{
	check_challenges(p, s);
	if ((s->hash == CONF_HASH_MD5 || s->hash == CONF_HASH_SHA1) && !s->compat_ancient) {
		say(p, true, SEEN(hash),
		    "'hash %s' is broken and needs 'compat ancient': SHA-256 is used instead",
		    s->hash == CONF_HASH_MD5 ? "md5" : "sha1");
		s->hash = CONF_HASH_SHA256;
	}
	if (s->compat_ancient && s->grant == GRANT_AUTO && s->serial == SERIAL_SEQUENTIAL)
		say(p, false, SEEN(compat_ancient),
		    "'compat ancient' with 'grant auto' and 'serial sequential' lets a "
		    "stranger forge certificates, expected 'serial random' or 'grant manual'");
	check_keys(p, s);
	if (s->plan.lifetime_cert > s->plan.lifetime_ca)
		say(p, true, SEEN(plan.lifetime_cert),
		    "certificates are to live longer than the CA's: they will end with it, "
		    "expected 'lifetime certificate' below 'lifetime ca-certificate'");
	if (s->plan.auto_rollover && s->plan.rollover >= s->plan.lifetime_ca)
		say(p, false, SEEN(plan.auto_rollover),
		    "'auto-rollover' is not shorter than 'lifetime ca-certificate': the next "
		    "CA certificate would be due at once, expected fewer days");
	if (s->plan.auto_rollover && s->plan.rollover == 0)
		say(p, false, SEEN(plan.auto_rollover),
		    "an 'auto-rollover' of 0 leaves nobody time to follow, expected days");
	if (s->plan.overlap > s->plan.rollover)
		say(p, false, SEEN(plan.auto_rollover),
		    "the overlap is longer than 'auto-rollover': the next CA certificate would "
		    "begin before it is made, expected fewer days");
	check_depots(p, s);
	s->rollover_at = kept_place(SEEN(plan.auto_rollover));
#undef SEEN
}

#define SEEN(f) seen_at(p, offsetof(struct conf_trustpoint, f))

void
check_trustpoint(struct parser *p, struct conf_trustpoint *t)
{
	t->plan.url = t->url[0] != 0;
	t->plan.fingerprint = t->fingerprint[0] != 0;
	if (t->hash == CONF_HASH_MD5 || t->hash == CONF_HASH_SHA1) {
		say(p, true, SEEN(hash), "'hash %s' is broken: SHA-256 is used instead",
		    t->hash == CONF_HASH_MD5 ? "md5" : "sha1");
		t->hash = CONF_HASH_SHA256;
	}
	if (t->rsa_bits < 2048)
		say(p, true, SEEN(rsa_label),
		    "an RSA key of %d bits is refused by most CAs, expected 2048 or more",
		    t->rsa_bits);
	if (t->crl_url[0] != 0 && strncasecmp(t->crl_url, "http://", 7) != 0 &&
	    strncasecmp(t->crl_url, "https://", 8) != 0)
		say(p, true, SEEN(crl_url),
		    "'crl query' is not asked: revocation lists are fetched by HTTP, expected "
		    "http://...");
	if (t->terminal != CONF_TERMINAL_NONE && t->url[0] != 0)
		say(p, true, SEEN(terminal),
		    "'enrollment terminal' does nothing beside 'enrollment url', expected one "
		    "of "
		    "them");
	if (strlen(t->interface) > 15)
		say(p, true, SEEN(interface),
		    "'source interface %s' is no name of an interface here, expected at most "
		    "15 characters",
		    t->interface);
	if (t->plan.auto_enroll && t->plan.percent == 100)
		say(p, true, SEEN(regenerate_auto),
		    "'auto-enroll 100' renews when the certificate has ended, expected fewer "
		    "percent");
	if (t->renewal_at.line == 0 || SEEN(regenerate_auto).line != p->opened.line)
		t->renewal_at = kept_place(SEEN(regenerate_auto));
}
#undef SEEN

static int
by_label(const void *a, const void *b)
{
	const struct conf_trustpoint *const *x = a, *const *y = b;
	int order = strcmp((*x)->rsa_label, (*y)->rsa_label);

	return order != 0 ? order : (*x)->line - (*y)->line;
}

/* Who makes a new key takes the old one from whoever else uses it (CG-ENR). */
static void
check_shared_keys(struct parser *p)
{
	size_t n = p->c->trustpoint_count;
	const struct conf_trustpoint **all = mem_array(NULL, n + 1, sizeof(const void *));

	for (size_t i = 0; i < n; i++)
		all[i] = &p->c->trustpoint[i];
	qsort(all, n, sizeof(*all), by_label);
	for (size_t i = 1; i < n; i++) {
		const struct conf_trustpoint *a = all[i - 1], *b = all[i];

		if (strcmp(a->rsa_label, b->rsa_label) != 0)
			continue;
		if (a->regenerate || a->regenerate_auto || b->regenerate || b->regenerate_auto)
			say(p, false, (struct place){(size_t)b->line, 1},
			    "trustpoint '%s' shares the key '%s' with '%s', and one of them "
			    "regenerates it, expected 'rsakeypair' with a label of its own",
			    b->name, b->rsa_label, a->name);
	}
	free(all);
}

void
check_file(struct parser *p)
{
	check_shared_keys(p);
}
