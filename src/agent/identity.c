/* identity.c - a trustpoint's certificates as files, one link apart. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define LEAD_MAX HOUR	     /* of an overlap, before the CA's end */
#define TROUBLE ((when_t)10) /* then again */
#define ERRAND_FIRST ((when_t)60)
#define ERRAND_LAST HOUR
#define RETURN_FOR HOUR /* then the certificate that was not good is tried once more */
#define DEFER ((when_t)60)
#define TOLD_MAX 4096

/*
 * Facts, not events, decide: what tp's shelf holds is compared with what lies on disk, and each
 * difference is one step, done again after a crash. A directory is whole before a link names
 * it, both CAs are there before a certificate of the next one is, and the change of the link is
 * the switch.
 */
struct want {
	struct blob id, ca, shadow, next; /* leaves of the shelf, empty: none */
	uint8_t id_mark[MARK], shadow_mark[MARK], next_mark[MARK];
	const struct plan_tp_facts *facts;
};

static const uint8_t no_mark[MARK];

static bool
same_mark(const uint8_t a[MARK], const uint8_t b[MARK])
{
	return memcmp(a, b, MARK) == 0;
}

static void
mark_bytes(struct view v, uint8_t out[MARK])
{
	uint8_t digest[32];

	sha256(v, digest);
	memcpy(out, digest, MARK);
}

/* Of the text in cert.pem, so that a look at the disk gives the same. */
static void
mark_cert(struct view der, uint8_t out[MARK])
{
	struct blob pem = {0};

	memset(out, 0, MARK);
	if (der.n > 0) {
		pem_add(&pem, der);
		mark_bytes(blob_view(&pem), out);
	}
	blob_free(&pem);
}

static bool
leaf_read(struct member *m, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	struct err why = {0};

	return m->shelf->table->get(m->shelf, leaf, out, &why) || why.why == WHY_NOT_FOUND ||
	       err_set(e, why.why, "%s", why.text);
}

static bool
want_read(struct member *m, struct want *w, struct err *e)
{
	w->facts = tp_facts(m->tp);
	if (!leaf_read(m, TP_CA, &w->ca, e) || !leaf_read(m, TP_NEXT_CA, &w->next, e) ||
	    (w->facts->have_id && !leaf_read(m, TP_ID, &w->id, e)) ||
	    (w->facts->have_shadow && !leaf_read(m, TP_SHADOW, &w->shadow, e)))
		return false;
	mark_cert(blob_view(&w->id), w->id_mark);
	mark_cert(blob_view(&w->shadow), w->shadow_mark);
	if (w->next.n > 0)
		mark_bytes(blob_view(&w->next), w->next_mark);
	return true;
}

/* Empty: it is neither. */
static struct view
cert_marked(const struct want *w, const uint8_t mark[MARK])
{
	if (same_mark(mark, w->shadow_mark))
		return blob_view(&w->shadow);
	return same_mark(mark, w->id_mark) ? blob_view(&w->id) : (struct view){0};
}

static void
want_free(struct want *w)
{
	blob_free(&w->id);
	blob_free(&w->ca);
	blob_free(&w->shadow);
	blob_free(&w->next);
}

static void
at_latest(struct identity *i, when_t t, when_t now)
{
	if (t > now)
		i->at = when_min(i->at, t);
}

/* ---- generations ---- */

static struct generation *
generation_of(struct identity *i, const uint8_t mark[MARK])
{
	for (size_t k = 0; k < GENERATIONS; k++)
		if (i->known[k].number != 0 && same_mark(i->known[k].mark, mark))
			return &i->known[k];
	return NULL;
}

static struct generation *
generation_numbered(struct identity *i, uint32_t number)
{
	for (size_t k = 0; number != 0 && k < GENERATIONS; k++)
		if (i->known[k].number == number)
			return &i->known[k];
	return NULL;
}

static bool
is_whole(struct identity *i, const uint8_t mark[MARK])
{
	const struct generation *g = generation_of(i, mark);

	return g != NULL && g->whole;
}

static bool
is_needed(struct identity *i, const struct want *w, const struct generation *g)
{
	return g->number == i->active || g->number == i->shadow || g->number == i->before ||
	       g->number == i->making || (g->whole && same_mark(g->mark, w->id_mark)) ||
	       (g->whole && same_mark(g->mark, w->shadow_mark));
}

static bool
generations_clean(struct member *m, const struct want *w, struct err *e)
{
	struct identity *i = &m->identity;
	char path[512];

	for (size_t k = 0; k < GENERATIONS; k++) {
		struct generation *g = &i->known[k];

		if (g->number == 0 || is_needed(i, w, g))
			continue;
		if (!dir_remove(generation_path(m, g->number, NULL, path), e))
			return false;
		*g = (struct generation){0};
	}
	return true;
}

static void
chain_add(struct view bundle, struct blob *out)
{
	struct reader r = reader_of(bundle);
	struct der d;
	struct cert c;

	while (r.n > 0 && der_take(&r, DER_SEQUENCE, "certificate", &d, NULL) &&
	       cert_decode(d.whole, &c, NULL))
		if (c.is_ca && !name_equal(c.subject, c.issuer))
			blob_add_view(out, c.whole);
}

/* Its key comes last, from the signer; with info.json behind it the directory is whole. */
static bool
generation_make(struct member *m, const struct want *w, enum tp_leaf leaf, struct err *e)
{
	struct identity *i = &m->identity;
	bool shadow = leaf == TP_SHADOW;
	struct view cert = blob_view(shadow ? &w->shadow : &w->id);
	struct view bundle = blob_view(shadow ? &w->next : &w->ca);
	struct generation *g = generation_numbered(i, i->making);
	struct pending *p;

	if (!generations_clean(m, w, e))
		return false;
	for (size_t k = 0; g == NULL && k < GENERATIONS; k++)
		if (i->known[k].number == 0)
			g = &i->known[k];
	if (g == NULL)
		return err_set(e, WHY_BUG, "no room for one more generation");
	if (!files_generation(m, i->last + 1, cert, bundle, e))
		return false;
	*g = (struct generation){.number = ++i->last};
	mark_cert(cert, g->mark);
	p = pending_add(m, PENDING_JOB);
	p->job = (struct key_job){.id = p->id, .act = KEY_EXPORT};
	p->job.forms = m->conf->forms == 0 ? KEY_FORM_PEM : m->conf->forms | KEY_FORM_PEM;
	(void)snprintf(p->job.path, sizeof(p->job.path), "%s/gen-%04lu", m->conf->name,
	    (unsigned long)g->number);
	tp_key_of(m->tp, leaf, p->job.label);
	blob_add_view(&p->message, cert);
	chain_add(bundle, &p->message);
	i->making = g->number;
	i->waits = p->id;
	return true;
}

static void
key_written(struct member *m, struct want *w, struct err *e)
{
	struct identity *i = &m->identity;
	struct generation *g = generation_numbered(i, i->making);
	struct view cert;

	if (g == NULL || !want_read(m, w, e))
		return;
	cert = cert_marked(w, g->mark);
	if (cert.n > 0 && files_info(m, g->number, cert, e))
		g->whole = true;
}

void
identity_job_done(struct member *m, const struct key_done *d)
{
	struct identity *i = &m->identity;
	struct want w = {0};
	struct err e = {0};

	if (d->id != i->waits)
		return;
	i->waits = 0;
	if (d->why == WHY_NONE)
		key_written(m, &w, &e);
	else
		err_set(&e, d->why, "%s", d->text);
	want_free(&w);
	i->making = 0;
	if (e.why == WHY_NONE) {
		identity_look(m);
		return;
	}
	log_error("identity not written, it is tried again", "trustpoint='%s' why='%s'",
	    m->conf->name, e.text);
	i->at = when_add(m->agent->clock.now, TROUBLE);
	member_wake_at(m, when_min(m->wake, i->at));
}

/* ---- what must be known after a restart ---- */

static const struct view told_head = {(const uint8_t *)"KMTOLD01", 8};

static bool
told_save(const struct member *m, struct err *e)
{
	const struct identity *i = &m->identity;
	struct blob b = {0};
	char path[512];
	bool ok;

	blob_add_view(&b, told_head);
	blob_add(&b, i->told, sizeof(i->told));
	blob_add(&b, i->returned, sizeof(i->returned));
	blob_add_u64(&b, (uint64_t)i->returned_until);
	blob_add_u64(&b, (uint64_t)i->active_until);
	blob_add_u64(&b, (uint64_t)i->before_until);
	blob_add_u32(&b, i->before);
	ok = file_replace(
	    agent_path(m->agent->state, m->conf->name, "told", path), 0600, blob_view(&b), e);
	blob_free(&b);
	return ok;
}

/* None, or one that makes no sense: hooks hear of everything once more. */
static void
told_load(struct member *m)
{
	struct identity *i = &m->identity;
	struct blob b = {0};
	struct reader r;
	struct view head, told, returned;
	uint64_t returned_until, active_until, before_until;
	uint32_t before;
	char path[512];

	if (!file_read(
		agent_path(m->agent->state, m->conf->name, "told", path), TOLD_MAX, &b, NULL))
		return;
	r = reader_of(blob_view(&b));
	if (read_view(&r, told_head.n, &head) && view_equal(head, told_head) &&
	    read_view(&r, sizeof(i->told), &told) &&
	    read_view(&r, sizeof(i->returned), &returned) && read_u64(&r, &returned_until) &&
	    read_u64(&r, &active_until) && read_u64(&r, &before_until) &&
	    read_u32(&r, &before) && r.n == 0) {
		memcpy(i->told, told.p, told.n);
		memcpy(i->returned, returned.p, returned.n);
		i->returned_until = (when_t)returned_until;
		i->active_until = (when_t)active_until;
		i->before_until = (when_t)before_until;
		i->before = before;
	}
	blob_free(&b);
}

static uint32_t
number_of(const char *name)
{
	char *end;
	unsigned long n;

	if (strncmp(name, "gen-", 4) != 0)
		return 0;
	n = strtoul(name + 4, &end, 10);
	return *end == 0 && n < UINT32_MAX ? (uint32_t)n : 0;
}

struct scan {
	struct member *m;
	uint32_t number[GENERATIONS];
	size_t n, too_many;
};

static void
name_found(void *arg, const char *name)
{
	struct scan *s = arg;
	uint32_t number = number_of(name);

	if (number == 0)
		return;
	if (number > s->m->identity.last)
		s->m->identity.last = number;
	if (s->n < GENERATIONS)
		s->number[s->n++] = number;
	else
		s->too_many++;
}

static void
generation_load(struct member *m, uint32_t number, struct generation *g)
{
	struct blob pem = {0};
	char path[512];

	g->number = number;
	if (file_read(generation_path(m, number, "cert.pem", path), 64 * 1024, &pem, NULL))
		mark_bytes(blob_view(&pem), g->mark);
	g->whole = file_exists(generation_path(m, number, "info.json", path));
	blob_free(&pem);
}

static uint32_t
linked(struct member *m, const char *leaf)
{
	char path[512], target[64];

	return link_read(agent_path(m->agent->state, m->conf->name, leaf, path), target,
		   sizeof(target), NULL)
		   ? number_of(target)
		   : 0;
}

bool
identity_open(struct member *m, struct err *e)
{
	struct identity *i = &m->identity;
	struct scan scan = {.m = m};
	char path[512];

	i->at = WHEN_NEVER;
	if (!dir_each(
		agent_path(m->agent->state, m->conf->name, NULL, path), name_found, &scan, e))
		return false;
	for (size_t k = 0; k < scan.n; k++)
		generation_load(m, scan.number[k], &i->known[k]);
	i->active = linked(m, "active");
	i->shadow = linked(m, "shadow");
	told_load(m);
	if (scan.too_many > 0)
		log_warn("more generations on disk than are in use", "trustpoint='%s' more=%zu",
		    m->conf->name, scan.too_many);
	identity_look(m);
	return true;
}

/* ---- links ---- */

static bool
link_set(struct member *m, const char *leaf, uint32_t number, struct err *e)
{
	char path[512], target[64];

	(void)agent_path(m->agent->state, m->conf->name, leaf, path);
	if (number == 0)
		return file_remove(path, e);
	(void)snprintf(target, sizeof(target), "gen-%04lu", (unsigned long)number);
	return link_replace(path, target, e);
}

static bool
shadow_set(struct member *m, const struct want *w, struct err *e)
{
	struct identity *i = &m->identity;
	const struct generation *g = w->shadow.n > 0 ? generation_of(i, w->shadow_mark) : NULL;
	uint32_t number = g == NULL || g->number == i->active ? 0 : g->number;

	if (number == i->shadow)
		return true;
	if (!link_set(m, "shadow", number, e))
		return false;
	crash_point("identity-shadow-linked");
	i->shadow = number;
	return true;
}

/*
 * A daemon needs a moment to read its files anew, and both CAs are trusted already: where the
 * generations overlap, half of that is used for it. Without overlap it is the CA's end.
 */
when_t
identity_switch_at(const struct plan_tp_facts *f)
{
	when_t overlap = when_add(f->ca_until, -f->shadow_from);

	if (overlap <= 0)
		return when_max(f->ca_until, f->shadow_from);
	return when_add(f->ca_until, -when_min(overlap / 2, LEAD_MAX));
}

static const struct generation *
to_be_active(struct member *m, const struct want *w, when_t now)
{
	struct identity *i = &m->identity;
	const struct agent_clock *clock = &m->agent->clock;

	if (w->shadow.n > 0 && is_whole(i, w->shadow_mark)) {
		when_t at = identity_switch_at(w->facts);

		if (now >= at && clock->trusted && !clock->suspect)
			return generation_of(i, w->shadow_mark);
		at_latest(i, at, now);
	}
	return w->id.n > 0 && is_whole(i, w->id_mark) ? generation_of(i, w->id_mark) : NULL;
}

static when_t
until_of(struct view der)
{
	struct cert c;

	return cert_decode(der, &c, NULL) ? c.not_after : 0;
}

/* The one before is noted first: it is never the one that a crash lets go. */
static bool
make_active(struct member *m, uint32_t number, when_t until, struct err *e)
{
	struct identity *i = &m->identity;

	if (i->active != 0 && i->active != number) {
		i->before = i->active;
		i->before_until = i->active_until;
	}
	i->active_until = until;
	if (!told_save(m, e))
		return false;
	crash_point("identity-before-link");
	if (!link_set(m, "active", number, e))
		return false;
	crash_point("identity-linked");
	i->active = number;
	i->asked = false;
	log_notice("identity active", "trustpoint='%s' generation=%lu", m->conf->name,
	    (unsigned long)number);
	return true;
}

/* True: nothing is left to do here now. *did: the link was changed. */
static bool
active_set(struct member *m, const struct want *w, when_t now, bool *did, struct err *e)
{
	struct identity *i = &m->identity;
	const struct generation *g = to_be_active(m, w, now);
	struct view cert;

	*did = false;
	if (g == NULL || g->number == i->active)
		return true;
	cert = cert_marked(w, g->mark);
	if (same_mark(g->mark, i->returned) && now < i->returned_until) {
		at_latest(i, i->returned_until, now);
		return true;
	}
	if (i->active != 0 && !i->asked && now < i->active_until) {
		if (now < i->errand_at[ERRAND_PRE_ACTIVATE]) {
			at_latest(i, i->errand_at[ERRAND_PRE_ACTIVATE], now);
			at_latest(i, i->active_until, now);
			return true;
		}
		at_latest(i, i->active_until, now);
		if (errand_run(m, ERRAND_PRE_ACTIVATE, g->number, cert))
			return true;
	}
	*did = true;
	return make_active(m, g->number, until_of(cert), e) && shadow_set(m, w, e);
}

/* ---- errands: what hooks have not heard yet ---- */

static void
about(struct member *m, const struct want *w, int errand, uint8_t out[MARK])
{
	struct identity *i = &m->identity;
	const struct generation *active = generation_numbered(i, i->active);

	memcpy(out, no_mark, MARK);
	switch ((enum errand)errand) {
	case ERRAND_NEXT_CA:
		memcpy(out, w->next_mark, MARK);
		break;
	case ERRAND_SHADOW:
		if (i->shadow != 0)
			memcpy(out, w->shadow_mark, MARK);
		break;
	case ERRAND_ACTIVATE:
		if (active != NULL)
			memcpy(out, active->mark, MARK);
		break;
	case ERRAND_POST_ACTIVATE:
	case ERRAND_VERIFY:
		if (active != NULL && same_mark(i->told[errand - 1], active->mark))
			memcpy(out, active->mark, MARK);
		break;
	case ERRANDS:
	case ERRAND_FAILED:
		break;
	}
}

static struct view
next_ca(const struct want *w)
{
	struct reader r = reader_of(blob_view(&w->next));
	struct der d;

	return der_any(&r, &d, NULL) ? d.whole : (struct view){0};
}

/* True: one was begun. */
static bool
errands_work(struct member *m, const struct want *w, when_t now)
{
	struct identity *i = &m->identity;

	for (int errand = 0; errand < ERRANDS; errand++) {
		uint8_t mark[MARK];

		about(m, w, errand, mark);
		if (same_mark(mark, no_mark) || same_mark(mark, i->told[errand]))
			continue;
		if (now < i->errand_at[errand]) {
			at_latest(i, i->errand_at[errand], now);
			continue;
		}
		memcpy(i->errand_about, mark, MARK);
		if (errand == ERRAND_NEXT_CA
			? errand_run(m, errand, 0, next_ca(w))
			: errand_run(m, errand, errand == ERRAND_SHADOW ? i->shadow : i->active,
			      cert_marked(w, mark)))
			return true;
		memcpy(i->told[errand], mark, MARK);
	}
	return false;
}

/* verify-command says no: the one before serves again, while it lives. */
static void
go_back(struct member *m, when_t now)
{
	struct identity *i = &m->identity;
	const struct generation *bad = generation_numbered(i, i->active);
	struct err e = {0};

	if (bad == NULL || generation_numbered(i, i->before) == NULL ||
	    now >= i->before_until) {
		log_error("verify-command fails, and there is no certificate to return to",
		    "trustpoint='%s'", m->conf->name);
		return;
	}
	memcpy(i->returned, bad->mark, MARK);
	i->returned_until = when_min(i->before_until, when_add(now, RETURN_FOR));
	log_error("verify-command fails, back to the certificate before", "trustpoint='%s'",
	    m->conf->name);
	errand_failed(m, "verify-command fails, back to the certificate before");
	for (int errand = ERRAND_ACTIVATE; errand < ERRANDS; errand++)
		memset(i->told[errand], 0, MARK);
	if (!make_active(m, i->before, i->before_until, &e))
		log_error("identity not written, it is tried again", "trustpoint='%s' why='%s'",
		    m->conf->name, e.text);
}

static when_t
errand_pause(uint8_t tries)
{
	return when_min(ERRAND_FIRST << (tries < 6 ? tries : 6), ERRAND_LAST);
}

void
identity_errand_done(struct member *m, int status, when_t now)
{
	struct identity *i = &m->identity;
	int errand = i->errand;
	struct err e = {0};

	i->waits = 0;
	identity_look(m);
	if (errand == ERRAND_FAILED)
		return;
	if (errand == ERRAND_PRE_ACTIVATE) {
		i->asked = status != HOOKS_DEFER;
		i->errand_at[errand] = when_add(now, DEFER);
		return;
	}
	if (status == 0) {
		memcpy(i->told[errand], i->errand_about, MARK);
		i->errand_tries[errand] = 0;
		i->errand_at[errand] = 0;
		if (!told_save(m, &e))
			log_error("hooks may hear of the same again",
			    "trustpoint='%s' why='%s'", m->conf->name, e.text);
		return;
	}
	i->errand_at[errand] = when_add(now, errand_pause(i->errand_tries[errand]++));
	if (errand == ERRAND_VERIFY)
		go_back(m, now);
}

/* ---- one look ---- */

/* Those that are new come first, those that are over go last: remove. */
static bool
cas_set(struct member *m, const struct want *w, bool remove, struct err *e)
{
	struct identity *i = &m->identity;
	uint8_t *done = remove ? i->cas_alone : i->cas, mark[MARK];
	struct blob all = {0};

	blob_add_sized(&all, blob_view(&w->ca));
	blob_add_sized(&all, blob_view(&w->next));
	mark_bytes(blob_view(&all), mark);
	blob_free(&all);
	if (w->ca.n == 0 || same_mark(mark, done))
		return true;
	if (!files_cas(m, blob_view(&w->ca), blob_view(&w->next), remove, e))
		return false;
	memcpy(done, mark, MARK);
	return true;
}

/* Old CAs stay until what is active is of those that the shelf has. */
static bool
cas_may_go(struct identity *i, const struct want *w)
{
	const struct generation *g = generation_numbered(i, i->active);

	return g == NULL || same_mark(g->mark, w->id_mark) ||
	       same_mark(g->mark, w->shadow_mark);
}

static void
before_ended(struct identity *i, when_t now)
{
	if (i->before != 0 && now >= i->before_until)
		i->before = 0;
	if (i->before != 0)
		at_latest(i, i->before_until, now);
}

static bool
work(struct member *m, struct want *w, when_t now, struct err *e)
{
	struct identity *i = &m->identity;
	bool changed;

	if (!want_read(m, w, e) || !cas_set(m, w, false, e))
		return false;
	if (w->id.n > 0 && !is_whole(i, w->id_mark))
		return generation_make(m, w, TP_ID, e);
	if (w->shadow.n > 0 && !is_whole(i, w->shadow_mark))
		return generation_make(m, w, TP_SHADOW, e);
	if (!shadow_set(m, w, e) || !active_set(m, w, now, &changed, e))
		return false;
	if (i->waits != 0 || errands_work(m, w, now))
		return true;
	before_ended(i, now);
	return (!cas_may_go(i, w) || cas_set(m, w, true, e)) && generations_clean(m, w, e);
}

void
identity_look(struct member *m)
{
	struct agent *a = m->agent;

	if (m->identity.look)
		return;
	m->identity.look = true;
	a->looking[a->looking_count++] = m;
}

/* Nobody is asked whether the switch suits beyond the end of what is active. */
static bool
out_of_time(struct identity *i, when_t now)
{
	if (i->making != 0 || i->errand != ERRAND_PRE_ACTIVATE || now < i->active_until)
		return false;
	i->waits = 0;
	return true;
}

void
identity_work(struct member *m, when_t now)
{
	struct identity *i = &m->identity;
	struct want w = {0};
	struct err e = {0};

	if (m->tp == NULL || (i->waits != 0 && !out_of_time(i, now)))
		return;
	i->at = WHEN_NEVER;
	if (!work(m, &w, now, &e)) {
		log_error("identity not written, it is tried again", "trustpoint='%s' why='%s'",
		    m->conf->name, e.text);
		i->at = when_add(now, TROUBLE);
	}
	want_free(&w);
}
