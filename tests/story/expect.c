/* expect.c - what a story expects of the world. */
#include <stdlib.h>
#include <string.h>

#include "tests/story/story.h"

static bool
same_number(const char *what, int64_t want, int64_t got, struct err *e)
{
	return want == got ||
	       err_set(e, WHY_REFUSED, "%s: expected %ld, is %ld", what, (long)want, (long)got);
}

static bool
expect_crl(struct story *s, struct err *e)
{
	struct crl crl;
	struct client *c;
	struct blob serial = {0};
	const char *who;
	when_t at;
	int reason;
	struct view der =
	    blob_view(strcmp(s->word[1], "crl-next") == 0 ? &s->w.list[1] : &s->w.crl);

	if (!crl_decode(der, &crl, e) || !crl_dates_written(der, e))
		return err_prefix(e, "published list");
	if (option(s, "number") != NULL &&
	    !same_number(
		"number", strtol(option(s, "number"), NULL, 10), (int64_t)crl.number, e))
		return false;
	if (option(s, "entries") != NULL &&
	    !same_number(
		"entries", strtol(option(s, "entries"), NULL, 10), (int64_t)crl_count(&crl), e))
		return false;
	if (option(s, "next") != NULL &&
	    !same_number("next", s->w.now + span(option(s, "next")), crl.next_update, e))
		return false;
	if (option(s, "age") != NULL &&
	    !same_number("age", span(option(s, "age")), s->w.now - crl.this_update, e))
		return false;
	who = option(s, "lists");
	if (who == NULL)
		return true;
	if (!client_of(s, who, &c, e) || !serial_of(c, &serial, e))
		return false;
	if (!crl_find(&crl, blob_view(&serial), &at, &reason))
		err_set(e, WHY_REFUSED, "the list does not hold %s", who);
	else
		who = NULL;
	blob_free(&serial);
	return who == NULL;
}

/* No CA below it, and the identifier of the one above. */
static bool
expect_subordinate(struct story *s, const struct cert *c, struct err *e)
{
	struct cert ca;

	if (!cert_decode(blob_view(&s->w.cacert), &ca, e))
		return false;
	return (c->has_path_len && c->path_len == 0 && view_equal(c->aki, ca.ski)) ||
	       err_set(e, WHY_REFUSED, "pathLen or authorityKeyIdentifier");
}

static bool
same_serial(const struct story *s, struct view serial, struct err *e)
{
	struct blob hex = {0};
	bool ok;

	hex_add(&hex, serial, true);
	ok = strcmp(blob_cstr(&hex), option(s, "serial")) == 0;
	if (!ok)
		err_set(e, WHY_REFUSED, "serial %s", blob_cstr(&hex));
	blob_free(&hex);
	return ok;
}

static bool
expect_client(struct story *s, struct client *c, struct err *e)
{
	struct cert cert;
	struct err why = {0};

	if (!cert_decode(blob_view(&c->cert), &cert, &why))
		return err_set(
		    e, WHY_REFUSED, "%s holds nothing readable: %s", c->name, why.text);
	if (!cert_dates_written(blob_view(&c->cert), e))
		return false;
	if (option(s, "from") != NULL &&
	    !same_number("from", s->w.now + span(option(s, "from")), cert.not_before, e))
		return false;
	if (option(s, "until") != NULL && strcmp(option(s, "until"), "ca-end") == 0) {
		if (!same_number(
			"until", ca_facts(s->w.ca)->active.cert_until, cert.not_after, e))
			return false;
	} else if (option(s, "until") != NULL &&
		   !same_number(
		       "until", s->w.now + span(option(s, "until")), cert.not_after, e)) {
		return false;
	}
	if (option(s, "serial") != NULL && !same_serial(s, cert.serial, e))
		return false;
	if (flag(s, "is-ca") != cert.is_ca)
		return err_set(e, WHY_REFUSED, "CA:%s", cert.is_ca ? "TRUE" : "FALSE");
	return !cert.is_ca || expect_subordinate(s, &cert, e);
}

static bool
expect_counts(struct story *s, struct err *e)
{
	int64_t issued, revoked, pending;
	const struct store_table *st = s->w.store->table;

	if (!st->cert_count(s->w.store, &issued, &revoked, e) ||
	    !st->request_count(s->w.store, &pending, e))
		return false;
	if (option(s, "issued") != NULL &&
	    !same_number("issued", strtol(option(s, "issued"), NULL, 10), issued, e))
		return false;
	if (option(s, "revoked") != NULL &&
	    !same_number("revoked", strtol(option(s, "revoked"), NULL, 10), revoked, e))
		return false;
	if (option(s, "pending") != NULL &&
	    !same_number("pending", strtol(option(s, "pending"), NULL, 10), pending, e))
		return false;
	return true;
}

/* The RA's certificate, as GetCACert shows it, is held by a client of that name. */
static bool
expect_ra(struct story *s, struct err *e)
{
	STACK_OF(X509) *certs = peer_certs(blob_view(&s->w.cacert));
	struct client *c;
	struct cert cert;
	bool ok = client_of(s, "ra", &c, e);

	blob_clear(&c->cert);
	for (int i = 0; ok && i < sk_X509_num(certs); i++) {
		X509 *x = sk_X509_value(certs, i);
		uint8_t *der = NULL;
		int n = i2d_X509(x, &der);

		if (cert_decode(view_of(der, (size_t)n), &cert, e) && !cert.is_ca)
			blob_set(&c->cert, view_of(der, (size_t)n));
		OPENSSL_free(der);
	}
	sk_X509_pop_free(certs, X509_free);
	return ok && expect_client(s, c, e);
}

/* Is there a line of exactly this word in GetCACaps? */
static bool
caps_say(const struct story *s, const char *word)
{
	struct blob caps = {0};
	char line[64];
	bool found;

	(void)snprintf(line, sizeof(line), "\n%s\n", word);
	blob_add_byte(&caps, '\n');
	blob_add_view(&caps, blob_view(&s->w.caps));
	found = strstr(blob_cstr(&caps), line) != NULL;
	blob_free(&caps);
	return found;
}

static bool
expect_clock(struct story *s, struct err *e)
{
	static const char *const states[] = {"honest", "unvouched", "behind", "leapt", "far"};
	const char *is = states[s->w.clock.state];

	return strcmp(s->word[2], is) == 0 || err_set(e, WHY_REFUSED, "it is %s", is);
}

/* GetNextCACert: signed by the CA that is trusted now, one CA of the same name inside. */
static bool
expect_next(struct story *s, struct err *e)
{
	struct peer p = {0};
	struct blob certs = {0}, der = {0};
	struct cert next, now;
	uint8_t *octets = NULL;
	int n;
	bool ok = false;

	if (flag(s, "none"))
		return s->w.next.n == 0 || err_set(e, WHY_REFUSED, "there is a next CA");
	if (!peer_trust(&p, blob_view(&s->w.cacert), e))
		return false;
	n = i2d_X509(p.ca, &octets);
	blob_add(&der, octets, (size_t)n);
	OPENSSL_free(octets);
	octets = NULL;
	if (!cert_decode(blob_view(&der), &now, e) ||
	    !peer_next(&p, blob_view(&s->w.next), &certs, e) ||
	    !peer_trust(&p, blob_view(&certs), e))
		goto out;
	n = i2d_X509(p.ca, &octets);
	blob_clear(&certs);
	blob_add(&certs, octets, (size_t)n);
	OPENSSL_free(octets);
	if (!cert_decode(blob_view(&certs), &next, e) ||
	    !cert_dates_written(blob_view(&certs), e))
		goto out;
	ok = name_equal(next.subject, now.subject) ||
	     err_set(e, WHY_REFUSED, "the next CA has another name");
	if (ok && option(s, "serial") != NULL)
		ok = same_serial(s, next.serial, e);
	if (ok && option(s, "from") != NULL)
		ok =
		    same_number("from", s->w.now + span(option(s, "from")), next.not_before, e);
	if (ok && option(s, "until") != NULL)
		ok = same_number(
		    "until", s->w.now + span(option(s, "until")), next.not_after, e);
	if (ok && option(s, "overlap") != NULL)
		ok = same_number(
		    "overlap", span(option(s, "overlap")), now.not_after - next.not_before, e);
out:
	peer_free(&p);
	blob_free(&certs);
	blob_free(&der);
	return ok;
}

/* The newest list of a generation, active or not: "of=2 entries=1 until=730d". */
static bool
expect_list(struct story *s, struct err *e)
{
	struct row_crl row;
	struct crl crl;

	if (!s->w.store->table->crl_get(
		s->w.store, strtol(option(s, "of"), NULL, 10), &row, e) ||
	    !crl_decode(row.der, &crl, e) || !crl_dates_written(row.der, e))
		return false;
	return same_number("entries", strtol(option(s, "entries"), NULL, 10),
		   (int64_t)crl_count(&crl), e) &&
	       same_number("until", s->w.now + span(option(s, "until")), crl.next_update, e);
}

/* Each is what the generation of its key says of itself, but for who signs and until when. */
static bool
link_fits(struct story *s, const struct world_link *l, struct err *e)
{
	const struct store_table *st = s->w.store->table;
	struct blob der[2] = {{0}, {0}}, hex = {0};
	struct row_generation row;
	struct cert c, own[2];
	bool ok = true;
	int of;

	for (int i = 0; ok && i < 2; i++) {
		ok = st->generation_get(s->w.store, i + 1, &row, e);
		if (ok)
			blob_set(&der[i], row.cert);
		ok = ok && cert_decode(blob_view(&der[i]), &own[i], e);
	}
	ok = ok && cert_decode(blob_view(&l->der), &c, e) &&
	     cert_dates_written(blob_view(&l->der), e);
	if (!ok)
		goto out;
	of = view_equal(c.key.whole, own[1].key.whole);
	hex_add(&hex, c.ski, true);
	ok =
	    key_verify(&own[1 - of].key, &c.alg, c.tbs, c.signature, e) &&
	    ((view_equal(c.key.whole, own[of].key.whole) && view_equal(c.ski, own[of].ski) &&
		 view_equal(c.aki, own[1 - of].ski) && view_equal(c.subject, own[of].subject) &&
		 c.is_ca && c.not_before == own[of].not_before &&
		 c.not_after == own[0].not_after && l->from == own[1].not_before &&
		 l->until == own[0].not_after && strcmp(l->key, blob_cstr(&hex)) == 0) ||
		err_set(e, WHY_REFUSED, "link certificate of %s is another", l->key));
out:
	blob_free(&der[0]);
	blob_free(&der[1]);
	blob_free(&hex);
	return ok;
}

/* Between generation 1 and 2: both or none. */
static bool
expect_links(struct story *s, struct err *e)
{
	size_t there = 0;

	for (size_t i = 0; i < s->w.links; i++)
		there += s->w.link[i].der.n > 0;
	if (!same_number("links", strtol(s->word[2], NULL, 10), (int64_t)there, e))
		return false;
	for (size_t i = 0; i < s->w.links; i++)
		if (s->w.link[i].der.n > 0 && !link_fits(s, &s->w.link[i], e))
			return false;
	return true;
}

/* The last answer of the CA of before the switch, octet for octet, by its key identifier. */
static bool
expect_old_next(struct story *s, struct err *e)
{
	struct blob hex = {0};
	struct cert old;
	bool ok;

	if (strcmp(s->word[2], "none") == 0)
		return s->w.old_next.n == 0 || err_set(e, WHY_REFUSED, "there is one");
	if (!cert_decode(blob_view(&s->w.cacert_before), &old, e))
		return false;
	hex_add(&hex, old.ski, true);
	ok = strcmp(blob_cstr(&hex), s->w.old_next_key) == 0 && s->w.old_next.n > 0 &&
	     view_equal(blob_view(&s->w.old_next), blob_view(&s->w.next_before));
	blob_free(&hex);
	return ok || err_set(e, WHY_REFUSED, "it is another, under '%s'", s->w.old_next_key);
}

#define LAST_GENERATION 16

/* Which generations are there, by number; 0: none. */
static bool
expect_generations(struct story *s, struct err *e)
{
	static const char *const words[] = {"old", "active", "next", "cancelled"};
	const struct store_table *st = s->w.store->table;
	struct row_generation row;
	struct err why = {0};
	int64_t is[4] = {0};

	for (int64_t n = 1; n <= LAST_GENERATION; n++) {
		if (!st->generation_get(s->w.store, n, &row, &why))
			continue;
		if (row.cancelled_at != 0)
			is[3] = row.key_label[0] != 0 ? n : is[3];
		else if (row.switched_at != 0)
			is[0] = row.key_label[0] != 0 ? n : is[0];
		else if (is[1] == 0)
			is[1] = n;
		else
			is[2] = n;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!same_number(words[i],
			option(s, words[i]) == NULL ? 0 : strtol(option(s, words[i]), NULL, 10),
			is[i], e))
			return false;
	return true;
}

/* "expect log -> TEXT": each line is found behind the one of the expectation before. */
static bool
expect_log(struct story *s, struct err *e)
{
	char line[2048];

	if (fseek(s->log, s->log_at, SEEK_SET) != 0)
		return err_set(e, WHY_IO, "seek in the log");
	while (fgets(line, sizeof(line), s->log) != NULL)
		if (strstr(line, s->outcome) != NULL) {
			s->log_at = ftell(s->log);
			return true;
		}
	return err_set(e, WHY_REFUSED, "no such line of the log (any more)");
}

static const struct {
	const char *word;
	bool (*act)(struct story *s, struct err *e);
} expectations[] = {
    {"crl", expect_crl},
    {"crl-next", expect_crl},
    {"counts", expect_counts},
    {"confirmed", expect_confirmed},
    {"clock", expect_clock},
    {"generations", expect_generations},
    {"log", expect_log},
    {"links", expect_links},
    {"old-next", expect_old_next},
    {"list", expect_list},
    {"next-ca", expect_next},
    {"ra", expect_ra},
};

bool
do_expect(struct story *s, struct err *e)
{
	const char *what = s->word[1];
	struct client *c;

	for (size_t i = 0; i < COUNT_OF(expectations); i++)
		if (strcmp(expectations[i].word, what) == 0)
			return expectations[i].act(s, e);
	if (strcmp(what, "audit") == 0)
		return audit_verify(s->w.store, e);
	if (strcmp(what, "delay") == 0)
		return same_number("delay", span(s->word[2]) * 1000, s->w.reply.delay_ms, e);
	if (strcmp(what, "wake") == 0)
		return same_number("wake", span(s->word[2]), ca_wake(s->w.ca) - s->w.now, e);
	if (strcmp(what, "asked") == 0)
		return same_number("asked", strtol(s->word[2], NULL, 10), s->w.asked, e);
	if (strcmp(what, "retry") == 0)
		return same_number("retry", span(s->word[2]), s->w.reply.retry_after, e);
	if (strcmp(what, "no-wake") == 0)
		return same_number("wake", WHEN_NEVER, ca_wake(s->w.ca), e);
	if (strcmp(what, "caps") == 0)
		return caps_say(s, s->word[2]) ||
		       err_set(e, WHY_REFUSED, "no line '%s'", s->word[2]);
	if (strcmp(what, "no-caps") == 0)
		return !caps_say(s, s->word[2]) ||
		       err_set(e, WHY_REFUSED, "a line '%s'", s->word[2]);
	if (strcmp(what, "archive") == 0)
		return s->w.archive.n > 0 || err_set(e, WHY_REFUSED, "no archive was made");
	if (strcmp(what, "next-due") == 0)
		return same_number("next-due",
		    strcmp(s->word[2], "unknown") == 0 ? INT64_MIN
		    : strcmp(s->word[2], "now") == 0   ? 0
						       : s->w.now + span(s->word[2]),
		    s->w.next_due, e);
	if (strcmp(what, "public") == 0)
		return (s->w.caps.n > 0 && s->w.cacert.n > 0 && s->w.crl.n > 0) ||
		       err_set(e, WHY_REFUSED, "something public is missing");
	if (strcmp(what, "no-ca") == 0)
		return s->w.cacert.n == 0 ||
		       err_set(e, WHY_REFUSED, "a CA certificate is published");
	return client_of(s, what, &c, e) && expect_client(s, c, e);
}
