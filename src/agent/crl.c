/* crl.c - which revocation lists trustpoints want, and why. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/lists_int.h"
#include "sys/sys.h"

#define SKEW (5 * MINUTE) /* that a CA's clock may be ahead */

static bool
held_read(struct member *m, struct held *h)
{
	const struct plan_tp_facts *f = tp_facts(m->tp);

	return leaf_read(m, TP_CA, &h->ca, NULL) && leaf_read(m, TP_NEXT_CA, &h->next, NULL) &&
	       (!f->have_id || leaf_read(m, TP_ID, &h->id, NULL)) &&
	       (!f->have_shadow || leaf_read(m, TP_SHADOW, &h->shadow, NULL));
}

static void
held_free(struct held *h)
{
	blob_free(&h->id);
	blob_free(&h->ca);
	blob_free(&h->shadow);
	blob_free(&h->next);
}

/* The CA itself, which is the first; false: there is none. */
bool
ca_of(const struct blob *bundle, struct cert *out, uint8_t mark[MARK])
{
	struct reader r = reader_of(blob_view(bundle));
	struct der d;

	if (!der_any(&r, &d, NULL) || !cert_decode(d.whole, out, NULL))
		return false;
	mark_bytes(d.whole, mark);
	return true;
}

/* ---- where they are ---- */

struct wanted {
	struct view url;
	uint8_t ca[MARK];
};

static bool
cert_points(const struct blob *cert, const struct blob *bundle, struct wanted *out)
{
	struct cert c, ca;

	if (!ca_of(bundle, &ca, out->ca) || !cert_decode(blob_view(cert), &c, NULL))
		return false;
	out->url = cert_list_url(&c);
	return out->url.n > 0 && out->url.n <= COURIER_URL_MAX;
}

static size_t
wanted_of(const struct member *m, const struct held *h, struct wanted out[SOURCES])
{
	struct cert ca;
	size_t n = 0;

	if (strncasecmp(lines(m)->crl_url, "http", 4) == 0) {
		out[0].url = view_str(lines(m)->crl_url);
		return ca_of(&h->ca, &ca, out[0].ca);
	}
	n += cert_points(&h->id, &h->ca, &out[n]);
	n += cert_points(&h->shadow, &h->next, &out[n]);
	return n == 2 && view_equal(out[0].url, out[1].url) ? 1 : n;
}

/* What is known of an address stays while it is wanted for the same CA. */
static void
sources_set(struct member *m, const struct held *h)
{
	struct wanted wanted[SOURCES] = {0};
	size_t n = wanted_of(m, h, wanted);
	struct source old[SOURCES];

	memcpy(old, m->lists->source, sizeof(old));
	for (size_t i = 0; i < SOURCES; i++) {
		struct source *s = &m->lists->source[i];

		*s = (struct source){0};
		for (size_t k = 0; i < n && k < SOURCES; k++)
			if (old[k].url != NULL && view_equal_str(wanted[i].url, old[k].url)) {
				*s = old[k];
				old[k].url = NULL;
				break;
			}
		if (i < n && s->url == NULL) {
			struct blob url = {0};

			blob_set(&url, wanted[i].url);
			s->url = mem_str(blob_cstr(&url));
			blob_free(&url);
		}
		if (i < n && memcmp(s->ca, wanted[i].ca, MARK) != 0) {
			memcpy(s->ca, wanted[i].ca, MARK);
			s->trouble = (struct plan_trouble){0};
		}
	}
	for (size_t k = 0; k < SOURCES; k++)
		free(old[k].url);
}

/* By itself. */
static bool
wants_lists(const struct member *m)
{
	const uint8_t *checks = lines(m)->checks;

	for (size_t i = 0; i < CONF_CHECKS && checks[i] != CONF_CHECK_END; i++)
		if (checks[i] == CONF_CHECK_CRL)
			return !lines(m)->crl_cache.none;
	return false;
}

static when_t
source_due(const struct member *m, const struct source *s)
{
	const struct list *k = kept_of(m->lists, s->ca);
	struct plan_tp_policy policy = m->kin->policy.plan;

	policy.ios_stop_on_reject = false;
	if (s->trouble.answer != ANSWER_GOOD)
		return plan_retry(&policy, &s->trouble,
		    k != NULL ? good_until(m, k) : when_add(s->trouble.at, DAY), WHEN_NEVER);
	return k != NULL ? refresh_at(m, k) : INT64_MIN;
}

/* ---- what comes ---- */

static bool
signed_by(const struct blob *bundle, const struct crl *c, struct member *m, uint8_t mark[MARK])
{
	struct cert ca;

	return ca_of(bundle, &ca, mark) && name_equal(c->issuer, ca.subject) &&
	       (!ca.has_key_usage || (ca.key_usage & KU_CRL_SIGN) != 0) &&
	       keys_verify(m->agent->o.keys, &ca.key, &c->alg, c->tbs, c->signature, NULL);
}

static bool
list_check(struct member *m, const struct source *s, struct view der, struct crl *c,
    uint8_t mark[MARK], struct err *e)
{
	when_t now = m->agent->clock.now;
	struct held h = {0};
	const struct list *k;
	bool ours;

	if (!crl_decode(der, c, e))
		return false;
	if (hash_is_weak(c->alg.hash))
		return err_set(e, WHY_REFUSED, "it is signed with %s", hash_name(c->alg.hash));
	ours = held_read(m, &h) &&
	       (signed_by(&h.ca, c, m, mark) || signed_by(&h.next, c, m, mark));
	held_free(&h);
	if (!ours)
		return err_set(e, WHY_REFUSED, "no CA that is held here has signed it");
	if (c->this_update > when_add(now, SKEW))
		return err_set(e, WHY_REFUSED, "it is not valid yet");
	if (now >= when_add(c->next_update, lines(m)->crl_cache.extend))
		return err_set(e, WHY_REFUSED, "it has ended");
	k = kept_of(m->lists, mark);
	if (k != NULL && (c->number < k->number || c->this_update < k->this_update))
		return err_set(e, WHY_REFUSED, "number %ju is older than that of the one kept",
		    (uintmax_t)c->number);
	return memcmp(mark, s->ca, MARK) == 0 ||
	       err_set(e, WHY_BUSY, "it is of another CA that is held");
}

static void
source_trouble(struct source *s, const struct cdp *c, int64_t retry_after)
{
	struct plan_trouble *t = &s->trouble;

	t->draw = c->draw;
	t->answer = ANSWER_NONE;
	t->tries = t->at > c->at ? 1 : t->tries + (t->tries < UINT32_MAX);
	t->at = c->at;
	t->retry_after = retry_after > 0 ? when_add(c->at, retry_after) : 0;
}

/* What is no good for everybody is said once. */
static void
source_failed(struct member *m, struct source *s, struct cdp *c, const char *why)
{
	struct blob url = {0};

	source_trouble(s, c, c->got.retry_after);
	if (c->said)
		return;
	c->said = c->got.status != 200;
	m->counters.list_failures++;
	text_escape(&url, view_str(s->url));
	log_warn("revocation list not to be had",
	    "trustpoint='%s' waiting=%zu url='%s' why='%s'", m->name, c->n, blob_cstr(&url),
	    why);
	blob_free(&url);
}

/* What the answer holds: true, and said says what. */
static bool
list_take(struct member *m, struct source *s, const struct courier_got *got,
    struct listed *said, uint8_t mark[MARK], struct err *e)
{
	struct err why = {0};
	bool good;

	said->answered = got->status != 0;
	if (got->status == 0) {
		struct blob text = {0};

		text_escape(&text, got->reason);
		err_set(e, WHY_IO, "%.300s", blob_cstr(&text));
		blob_free(&text);
		return false;
	}
	if (got->status != 200)
		return err_set(e, WHY_IO, "HTTP status %d", got->status);
	good = list_check(m, s, got->body, &said->crl, mark, &why);
	if (!good && why.why != WHY_BUSY)
		return err_set(e, why.why, "%s", why.text);
	list_keep(m, s, &said->crl, mark);
	if (!good)
		return err_set(e, why.why, "%s", why.text);
	said->der = got->body;
	return true;
}

static struct source *
source_waiting(struct member *m, const struct cdp *c)
{
	for (size_t i = 0; m->tp != NULL && m->lists != NULL && i < SOURCES; i++) {
		struct source *s = &m->lists->source[i];

		if (s->url != NULL && s->waits && cdp_is(c, m, s->url))
			return s;
	}
	return NULL;
}

void
lists_came(struct member *m, struct cdp *c)
{
	struct source *s = source_waiting(m, c);
	uint8_t mark[MARK];
	struct err e = {0};
	const struct list *k;
	struct listed said;
	bool asked;

	if (s == NULL)
		return;
	said = (struct listed){.url = s->url, .ca = s->ca};
	asked = s->by_command;
	s->waits = s->by_command = false;
	if (list_take(m, s, &c->got, &said, mark, &e)) {
		k = kept_of(m->lists, s->ca);
		if (k != NULL && refresh_at(m, k) <= c->at)
			source_trouble(s, c, 0); /* the next one is not out yet */
		else
			s->trouble = (struct plan_trouble){0};
	} else {
		said.why = e.text;
		source_failed(m, s, c, e.text);
	}
	if (asked)
		command_listed(m, &said);
	identity_look(m);
}

/* ---- work ---- */

static void
lists_need(struct member *m)
{
	if (m->lists == NULL) {
		m->lists = mem_get(sizeof(*m->lists));
		m->lists->at = WHEN_NEVER;
	}
}

when_t
lists_wake(const struct member *m)
{
	return m->lists == NULL ? WHEN_NEVER : m->lists->at;
}

void
lists_work(struct member *m, when_t now)
{
	struct wanted wanted[SOURCES] = {0};
	struct held h = {0};
	struct lists *l;

	if (m->tp == NULL || (m->lists == NULL && !wants_lists(m)))
		return;
	/* Thousands have a certificate that names none: they hear when it changes. */
	if (m->lists == NULL && held_read(m, &h) && wanted_of(m, &h, wanted) == 0)
		goto out;
	held_free(&h);
	lists_need(m);
	l = m->lists;
	l->at = when_add(now, MINUTE);
	if (m->agent->clock.trusted && held_read(m, &h)) {
		l->at = WHEN_NEVER;
		sources_set(m, &h);
		lists_drop(m, &h, now);
		for (size_t i = 0; wants_lists(m) && i < SOURCES; i++) {
			struct source *s = &l->source[i];

			if (s->url == NULL || s->waits)
				continue;
			s->waits = source_due(m, s) <= now;
			if (s->waits)
				cdp_ask(m, s->url, false);
			else
				l->at = when_min(l->at, source_due(m, s));
		}
		for (size_t i = 0; i < l->count; i++)
			l->at = when_min(l->at, delete_at(m, &l->kept[i]));
	}
out:
	held_free(&h);
}

size_t
lists_ask(struct member *m)
{
	struct held h = {0};
	size_t n = 0;

	lists_need(m);
	if (held_read(m, &h))
		sources_set(m, &h);
	held_free(&h);
	for (size_t i = 0; i < SOURCES; i++) {
		struct source *s = &m->lists->source[i];

		if (s->url == NULL)
			continue;
		s->by_command = true;
		s->waits = true;
		cdp_ask(m, s->url, true);
		n++;
	}
	return n;
}

bool
lists_wait(const struct member *m)
{
	for (size_t i = 0; m->lists != NULL && i < SOURCES; i++)
		if (m->lists->source[i].url != NULL && m->lists->source[i].by_command)
			return true;
	return false;
}

/* ---- for show ---- */

static void
list_look(const struct member *m, const struct list *k, struct agent_list *out)
{
	*out = (struct agent_list){
	    .issuer = blob_view(&k->issuer),
	    .this_update = k->this_update,
	    .next_update = k->next_update,
	    .fetched_at = k->fetched_at,
	    .update_at = WHEN_NEVER,
	    .size = k->size,
	    .entries = k->entries,
	    .number = k->number == 0 || k->number > INT64_MAX ? -1 : (int64_t)k->number,
	    .url = k->url,
	};
	for (size_t i = 0; wants_lists(m) && i < SOURCES; i++) {
		const struct source *s = &m->lists->source[i];

		if (s->url != NULL && memcmp(s->ca, k->ca, MARK) == 0)
			out->update_at = source_due(m, s);
	}
}

size_t
agent_lists(const struct agent *a, struct agent_list **out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += a->member[i].lists != NULL ? a->member[i].lists->count : 0;
	*out = mem_get((n + 1) * sizeof(**out));
	n = 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct member *m = &a->member[i];

		for (size_t k = 0; m->lists != NULL && k < m->lists->count; k++)
			list_look(m, &m->lists->kept[k], &(*out)[n++]);
	}
	return n;
}
