/* crl.c - revocation lists that trustpoints keep. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define LISTS 4
#define SOURCES 2
#define LIST_MAX (8 * 1024 * 1024) /* octets: an answer is looked at in one turn */
#define FILE_MAX (LISTS * (size_t)LIST_MAX + 4096)
#define SKEW (5 * MINUTE) /* that a CA's clock may be ahead */

struct list {		  /* that is kept */
	uint32_t file;	  /* crl.d/NNNN.pem */
	uint8_t ca[MARK]; /* who signed it */
	struct blob issuer;
	char *url;
	when_t this_update, next_update, fetched_at;
	uint64_t number;
	size_t size, entries;
};

struct source { /* where one is to be had; url NULL: nowhere */
	char *url;
	uint8_t ca[MARK];	     /* whose list is wanted */
	struct plan_trouble trouble; /* with the last fetch */
	uint64_t waits;		     /* for this fetch, 0: for none */
	bool operator;		     /* somebody asked for it */
};

struct lists {
	struct list kept[LISTS];
	size_t count;
	struct source source[SOURCES];
	when_t at;
};

/* What we hold, from the shelf. */
struct held {
	struct blob id, ca, shadow, next;
};

static bool
leaf_read(struct member *m, enum tp_leaf leaf, struct blob *out)
{
	struct err why = {0};

	return m->shelf->table->get(m->shelf, leaf, out, &why) || why.why == WHY_NOT_FOUND;
}

static bool
held_read(struct member *m, struct held *h)
{
	const struct plan_tp_facts *f = tp_facts(m->tp);

	return leaf_read(m, TP_CA, &h->ca) && leaf_read(m, TP_NEXT_CA, &h->next) &&
	       (!f->have_id || leaf_read(m, TP_ID, &h->id)) &&
	       (!f->have_shadow || leaf_read(m, TP_SHADOW, &h->shadow));
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
static bool
ca_of(const struct blob *bundle, struct cert *out, uint8_t mark[MARK])
{
	struct reader r = reader_of(blob_view(bundle));
	struct der d;

	if (!der_any(&r, &d, NULL) || !cert_decode(d.whole, out, NULL))
		return false;
	mark_bytes(d.whole, mark);
	return true;
}

/* ---- what is kept ---- */

static void
list_free(struct list *k)
{
	blob_free(&k->issuer);
	free(k->url);
	*k = (struct list){0};
}

static void
list_fill(struct list *k, const struct crl *c, const char *url, when_t fetched_at)
{
	free(k->url);
	k->url = mem_str(url);
	blob_set(&k->issuer, c->issuer);
	k->this_update = c->this_update;
	k->next_update = c->next_update;
	k->fetched_at = fetched_at;
	k->number = c->number;
	k->size = c->whole.n;
	k->entries = crl_count(c);
}

static struct list *
list_of(struct lists *l, const uint8_t ca[MARK])
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (memcmp(l->kept[i].ca, ca, MARK) == 0)
			return &l->kept[i];
	return NULL;
}

static when_t
good_until(const struct member *m, const struct list *k)
{
	const struct conf_crl_cache *cache = &lines(m)->crl_cache;

	if (cache->keep_most > 0)
		return when_min(k->next_update, when_add(k->fetched_at, cache->keep_most));
	return when_add(k->next_update, cache->extend);
}

static when_t
delete_at(const struct member *m, const struct list *k)
{
	return lines(m)->crl_cache.keep_most > 0
		   ? when_add(k->fetched_at, lines(m)->crl_cache.keep_most)
		   : WHEN_NEVER;
}

/* 90 % of its life, or when it is to be kept no longer. */
static when_t
refresh_at(const struct member *m, const struct list *k)
{
	when_t life = when_add(k->next_update, -k->this_update);

	return when_min(when_add(k->this_update, life - life / 10), delete_at(m, k));
}

/* ---- on disk: a file of ours with all that is known, and PEM for others ---- */

static const struct view lists_head = {(const uint8_t *)"KMLISTS1", 8};

struct stored {
	struct view ca, url, der;
	uint32_t file;
	uint64_t fetched_at;
};

static bool
stored_next(struct reader *r, struct stored *out)
{
	return read_view(r, MARK, &out->ca) && read_u32(r, &out->file) &&
	       read_u64(r, &out->fetched_at) && read_sized(r, &out->url) &&
	       read_sized(r, &out->der);
}

/* Empty: there is none, or none that makes sense; it is fetched anew. */
static struct reader
stored_read(const struct member *m, struct blob *bytes)
{
	struct view head;
	struct reader r;
	char path[512];

	(void)agent_path(m->agent->state, m->name, "lists", path);
	if (!file_read(path, FILE_MAX, bytes, NULL))
		return (struct reader){0};
	r = reader_of(blob_view(bytes));
	if (!read_view(&r, lists_head.n, &head) || !view_equal(head, lists_head))
		return (struct reader){0};
	return r;
}

static void
stored_add(const struct list *k, struct view der, struct blob *out)
{
	blob_add(out, k->ca, MARK);
	blob_add_u32(out, k->file);
	blob_add_u64(out, (uint64_t)k->fetched_at);
	blob_add_sized(out, view_str(k->url));
	blob_add_sized(out, der);
}

static const struct list *
filed(const struct lists *l, unsigned long number)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->kept[i].file == number)
			return &l->kept[i];
	return NULL;
}

static void
file_found(void *arg, const char *name)
{
	const struct member *m = arg;
	char *end, leaf[64], path[512];
	struct err e = {0};
	unsigned long number = strtoul(name, &end, 10);

	if (end == name || strcmp(end, ".pem") != 0 || filed(m->lists, number) != NULL)
		return;
	(void)snprintf(leaf, sizeof(leaf), "crl.d/%04lu.pem", number);
	if (!file_remove(agent_path(m->agent->state, m->name, leaf, path), &e))
		log_warn("revocation list not removed", "why='%s'", e.text);
}

/* Both PEM forms from what is stored: written again they say the same. */
static bool
pem_write(struct member *m, struct view stored, struct err *e)
{
	struct reader r = reader_of(stored);
	struct blob all = {0}, one = {0};
	struct stored s;
	char leaf[64], path[512];
	bool ok = dir_make(agent_path(m->agent->state, m->name, "crl.d", path), 0750, e);

	while (ok && r.n > 0 && stored_next(&r, &s)) {
		blob_clear(&one);
		pem_add_as(&one, "X509 CRL", s.der);
		blob_add_view(&all, blob_view(&one));
		(void)snprintf(leaf, sizeof(leaf), "crl.d/%04lu.pem", (unsigned long)s.file);
		ok = files_public(m, leaf, blob_view(&one), e);
	}
	crash_point("lists-files");
	ok = ok && (all.n > 0 ? files_public(m, "crl.pem", blob_view(&all), e)
			      : file_remove(
				    agent_path(m->agent->state, m->name, "crl.pem", path), e));
	ok = ok &&
	     dir_each(agent_path(m->agent->state, m->name, "crl.d", path), file_found, m, e);
	blob_free(&all);
	blob_free(&one);
	return ok;
}

/* With the new octets of one of them, if any; those of the others are there already. */
static void
lists_save(struct member *m, const struct list *fresh, struct view der)
{
	struct lists *l = m->lists;
	struct blob old = {0}, bytes = {0};
	struct reader r = stored_read(m, &old);
	struct stored s;
	struct err e = {0};
	char path[512];

	blob_set(&bytes, lists_head);
	if (fresh != NULL)
		stored_add(fresh, der, &bytes);
	while (r.n > 0 && stored_next(&r, &s)) {
		const struct list *k = filed(l, s.file);

		if (k != NULL && k != fresh)
			stored_add(k, s.der, &bytes);
	}
	crash_point("lists-before");
	if (!file_replace(agent_path(m->agent->state, m->name, "lists", path), 0600,
		blob_view(&bytes), &e) ||
	    !pem_write(m, view_of(bytes.p + lists_head.n, bytes.n - lists_head.n), &e))
		log_error(
		    "revocation list not written", "trustpoint='%s' why='%s'", m->name, e.text);
	blob_free(&old);
	blob_free(&bytes);
}

void
lists_open(struct member *m)
{
	struct blob bytes = {0};
	struct reader r = stored_read(m, &bytes);
	struct view rest = view_of(r.p, r.n);
	struct stored s;
	struct err e = {0};
	struct crl c;

	while (r.n > 0 && stored_next(&r, &s)) {
		struct list *k;
		char url[COURIER_URL_MAX + 1];

		if (m->lists == NULL)
			m->lists = mem_get(sizeof(*m->lists));
		if (m->lists->count == LISTS || !crl_decode(s.der, &c, NULL))
			continue;
		k = &m->lists->kept[m->lists->count++];
		(void)snprintf(url, sizeof(url), "%.*s", (int)s.url.n, (const char *)s.url.p);
		list_fill(k, &c, url, (when_t)s.fetched_at);
		memcpy(k->ca, s.ca.p, MARK);
		k->file = s.file;
	}
	if (m->lists != NULL && !pem_write(m, rest, &e))
		log_error(
		    "revocation list not written", "trustpoint='%s' why='%s'", m->name, e.text);
	blob_free(&bytes);
}

void
lists_free(struct member *m)
{
	struct lists *l = m->lists;

	for (size_t i = 0; l != NULL && i < l->count; i++)
		list_free(&l->kept[i]);
	for (size_t i = 0; l != NULL && i < SOURCES; i++)
		free(l->source[i].url);
	free(l);
	m->lists = NULL;
}

bool
lists_kept(struct member *m, const uint8_t ca[MARK], when_t now, struct blob *der)
{
	const struct list *k = list_of(m->lists, ca);
	struct blob bytes = {0};
	struct reader r;
	struct stored s;
	bool found = false;

	if (k == NULL || now >= good_until(m, k))
		return false;
	for (r = stored_read(m, &bytes); !found && r.n > 0 && stored_next(&r, &s);)
		if ((found = s.file == k->file))
			blob_set(der, s.der);
	blob_free(&bytes);
	return found;
}

/* Those of CAs that we no longer hold, and those that are to be kept no longer. */
static void
lists_drop(struct member *m, const struct held *h, when_t now)
{
	struct lists *l = m->lists;
	uint8_t ca[MARK] = {0}, next[MARK] = {0};
	struct cert c;
	size_t n = 0;

	(void)ca_of(&h->ca, &c, ca);
	(void)ca_of(&h->next, &c, next);
	for (size_t i = 0; i < l->count; i++) {
		struct list *k = &l->kept[i];

		if ((memcmp(k->ca, ca, MARK) != 0 && memcmp(k->ca, next, MARK) != 0) ||
		    now >= delete_at(m, k))
			list_free(k);
		else
			l->kept[n++] = *k;
	}
	if (n == l->count)
		return;
	memset(&l->kept[n], 0, (l->count - n) * sizeof(*l->kept));
	l->count = n;
	lists_save(m, NULL, (struct view){0});
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
	const struct list *k = list_of(m->lists, s->ca);
	struct plan_tp_policy policy = m->kin->policy.plan;

	policy.ios_stop_on_reject = false;
	if (s->trouble.answer != ANSWER_GOOD)
		return plan_retry(&policy, &s->trouble,
		    k != NULL ? good_until(m, k) : when_add(s->trouble.at, DAY));
	return k != NULL ? refresh_at(m, k) : INT64_MIN;
}

static void
source_ask(struct member *m, struct source *s)
{
	const struct courier_fetch f = {.url = view_str(s->url), .max = LIST_MAX};
	struct pending *p = fetch_add(m, &f);

	p->of_lists = true;
	s->waits = p->id;
	m->counters.list_fetches++;
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
	k = list_of(m->lists, mark);
	if (k != NULL && (c->number < k->number || c->this_update < k->this_update))
		return err_set(e, WHY_REFUSED, "number %ju is older than that of the one kept",
		    (uintmax_t)c->number);
	return memcmp(mark, s->ca, MARK) == 0 ||
	       err_set(e, WHY_BUSY, "it is of another CA that is held");
}

static void
list_keep(
    struct member *m, const struct source *s, const struct crl *c, const uint8_t mark[MARK])
{
	struct lists *l = m->lists;
	struct list *k = list_of(l, mark);
	uint32_t last = 0;

	if (lines(m)->crl_cache.none)
		return;
	if (k != NULL && k->number == c->number && k->this_update == c->this_update) {
		k->fetched_at = m->agent->clock.now;
		if (lines(m)->crl_cache.keep_most > 0)
			lists_save(m, k, c->whole);
		return;
	}
	for (size_t i = 0; i < l->count; i++)
		if (l->kept[i].file > last)
			last = l->kept[i].file;
	if (k == NULL) {
		if (l->count == LISTS)
			return;
		k = &l->kept[l->count++];
		k->file = last + 1;
		memcpy(k->ca, mark, MARK);
	}
	list_fill(k, c, s->url, m->agent->clock.now);
	lists_save(m, k, c->whole);
	log_notice("revocation list kept", "trustpoint='%s' number=%ju entries=%zu", m->name,
	    (uintmax_t)c->number, k->entries);
}

static void
source_trouble(struct member *m, struct source *s, int64_t retry_after)
{
	struct plan_trouble *t = &s->trouble;
	when_t now = m->agent->clock.now;

	keys_random(m->agent->o.keys, &t->draw, 1);
	t->answer = ANSWER_NONE;
	t->tries = t->at > now ? 1 : t->tries + (t->tries < UINT32_MAX);
	t->at = now;
	t->retry_after = retry_after > 0 ? when_add(now, retry_after) : 0;
}

static void
source_failed(struct member *m, struct source *s, int64_t retry_after, struct listed *said)
{
	struct blob url = {0};

	source_trouble(m, s, retry_after);
	m->counters.list_failures++;
	text_escape(&url, view_str(s->url));
	log_warn("revocation list not to be had", "trustpoint='%s' url='%s' why='%s'", m->name,
	    blob_cstr(&url), said->why);
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

void
lists_fetched(struct pending *p, const struct courier_got *got)
{
	struct member *m = p->member;
	struct source *s = NULL;
	uint8_t mark[MARK];
	struct err e = {0};
	const struct list *k;
	struct listed said;
	bool asked;

	for (size_t i = 0; m->tp != NULL && m->lists != NULL && i < SOURCES; i++)
		if (m->lists->source[i].url != NULL && m->lists->source[i].waits == p->id)
			s = &m->lists->source[i];
	if (s == NULL)
		return;
	said = (struct listed){.url = s->url, .ca = s->ca};
	asked = s->operator;
	s->waits = 0;
	s->operator= false;
	if (list_take(m, s, got, &said, mark, &e)) {
		k = list_of(m->lists, s->ca);
		if (k != NULL && refresh_at(m, k) <= m->agent->clock.now)
			source_trouble(m, s, 0); /* the next one is not out yet */
		else
			s->trouble = (struct plan_trouble){0};
	} else {
		said.why = e.text;
		source_failed(m, s, got->retry_after, &said);
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
	struct held h = {0};
	struct lists *l;

	if (m->tp == NULL || (m->lists == NULL && !wants_lists(m)))
		return;
	lists_need(m);
	l = m->lists;
	l->at = when_add(now, MINUTE);
	if (m->agent->clock.trusted && held_read(m, &h)) {
		l->at = WHEN_NEVER;
		sources_set(m, &h);
		lists_drop(m, &h, now);
		for (size_t i = 0; wants_lists(m) && i < SOURCES; i++) {
			struct source *s = &l->source[i];

			if (s->url == NULL || s->waits != 0)
				continue;
			if (source_due(m, s) <= now)
				source_ask(m, s);
			else
				l->at = when_min(l->at, source_due(m, s));
		}
		for (size_t i = 0; i < l->count; i++)
			l->at = when_min(l->at, delete_at(m, &l->kept[i]));
	}
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
		s->operator= true;
		if (s->waits == 0)
			source_ask(m, s);
		n++;
	}
	return n;
}

bool
lists_wait(const struct member *m)
{
	for (size_t i = 0; m->lists != NULL && i < SOURCES; i++)
		if (m->lists->source[i].url != NULL && m->lists->source[i].operator)
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
