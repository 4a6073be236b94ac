/* identity.c - a trustpoint's certificates as files, one link apart. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define LEAD_MAX HOUR	     /* of an overlap, before the CA's end */
#define TROUBLE ((when_t)10) /* then again, and later and later */
#define TROUBLE_LAST HOUR
#define ERRAND_FIRST ((when_t)60)
#define ERRAND_LAST HOUR
#define ERRAND_DOUBLED 6
#define RETURN_FOR HOUR /* then the certificate that was not good is tried once more */

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

void
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

bool
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
	struct generation *found = NULL;

	for (size_t k = 0; k < GENERATIONS; k++) {
		struct generation *g = &i->known[k];

		if (g->number != 0 && same_mark(g->mark, mark) && (found == NULL || g->whole))
			found = g;
	}
	return found;
}

struct generation *
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

/* What cannot be removed is in nobody's way: the next start tries again. */
static void
generations_clean(struct member *m, const struct want *w)
{
	struct identity *i = &m->identity;
	char path[512];
	struct err e = {0};

	for (size_t k = 0; k < GENERATIONS; k++) {
		struct generation *g = &i->known[k];

		if (g->number == 0 || is_needed(i, w, g))
			continue;
		if (!dir_remove(generation_path(m, g->number, NULL, path), &e))
			log_warn("old identity stays on disk", "trustpoint='%s' why='%s'",
			    m->name, e.text);
		*g = (struct generation){0};
	}
}

static void
chain_add(struct view bundle, struct blob *out)
{
	struct reader r = reader_of(bundle);
	struct cert c;

	while (ca_next(&r, &c))
		if (!name_equal(c.subject, c.issuer))
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
	struct generation *g = NULL;
	struct pending *p;

	generations_clean(m, w);
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
	p->job.forms = lines(m)->forms == 0 ? KEY_FORM_PEM : lines(m)->forms | KEY_FORM_PEM;
	(void)snprintf(p->job.path, sizeof(p->job.path), "%s/gen-%04lu", m->name,
	    (unsigned long)g->number);
	tp_key_of(m->tp, leaf, p->job.label);
	blob_add_view(&p->message, cert);
	chain_add(bundle, &p->message);
	i->making = g->number;
	i->job = p->id;
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
	if (cert.n > 0 && files_info(m, g->number, cert, e)) {
		g->whole = true;
		i->pause = 0;
	}
}

/* A disk may be full for days: said less and less often. */
static void
trouble(struct member *m, const struct err *e)
{
	struct identity *i = &m->identity;
	when_t now = m->agent->clock.now;
	struct blob text = {0};

	i->pause = i->pause == 0 ? TROUBLE : when_min(2 * i->pause, TROUBLE_LAST);
	i->at = when_add(now, i->pause);
	at_latest(i, i->active_until, now); /* then less is needed */
	blob_printf(&text, "identity not written: %s", e->text);
	log_error("identity not written, it is tried again", "trustpoint='%s' why='%s'",
	    m->name, e->text);
	member_trouble(m, blob_cstr(&text));
	blob_free(&text);
}

void
identity_job_done(struct member *m, const struct key_done *d)
{
	struct identity *i = &m->identity;
	struct want w = {0};
	struct err e = {0};

	if (d->id != i->job)
		return;
	i->job = 0;
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
	trouble(m, &e);
	member_wake_at(m, when_min(m->wake, i->at));
}

/* ---- links ---- */

static bool
link_set(struct member *m, const char *leaf, uint32_t number, struct err *e)
{
	char path[512], target[64];

	(void)agent_path(m->agent->state, m->name, leaf, path);
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
	when_t from = when_max(f->shadow_from, f->next_ca_from);
	when_t overlap = when_add(f->ca_until, -from);

	if (overlap <= 0)
		return from;
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

/* The one before is noted first: it is never the one that a crash lets go. Has it ended, a note
 * that has no room on the disk stops nothing. */
static bool
make_active(struct member *m, uint32_t number, when_t until, when_t now, struct err *e)
{
	struct identity *i = &m->identity, was = *i;
	struct err why = {0};
	bool ok;

	if (i->active != 0 && i->active != number) {
		i->before = i->active;
		i->before_until = i->active_until;
	}
	i->active_until = until;
	ok = told_save(m, &why) || now >= was.active_until ||
	     err_set(e, why.why, "%s", why.text);
	crash_point("identity-before-link");
	ok = ok && link_set(m, "active", number, e);
	crash_point("identity-linked");
	if (!ok) { /* it is as it was, also for whoever asks how long it lives */
		i->before = was.before;
		i->before_until = was.before_until;
		i->active_until = was.active_until;
		return false;
	}
	i->active = number;
	i->asked = false;
	i->errand_at[ERRAND_PRE_ACTIVATE] = 0;
	i->errand_tries[ERRAND_PRE_ACTIVATE] = 0;
	log_notice("identity active", "trustpoint='%s' generation=%lu", m->name,
	    (unsigned long)number);
	return true;
}

/* True: pre-activate is to say whether it suits, while what is active lives. */
static bool
hook_decides(struct member *m, uint32_t number, struct view cert, when_t now)
{
	struct identity *i = &m->identity;
	when_t again = i->errand_at[ERRAND_PRE_ACTIVATE];

	if (i->active == 0 || i->asked || now >= i->active_until ||
	    !errand_has_hook(m, ERRAND_PRE_ACTIVATE))
		return false;
	at_latest(i, i->active_until, now);
	at_latest(i, again, now);
	return i->waits != 0 || now < again || errand_run(m, ERRAND_PRE_ACTIVATE, number, cert);
}

static bool
active_set(struct member *m, const struct want *w, when_t now, struct err *e)
{
	struct identity *i = &m->identity;
	const struct generation *g = to_be_active(m, w, now);
	struct view cert;

	if (g == NULL || g->number == i->active)
		return true;
	cert = cert_marked(w, g->mark);
	if (same_mark(g->mark, i->returned) && now < i->returned_until) {
		at_latest(i, i->returned_until, now);
		return true;
	}
	return hook_decides(m, g->number, cert, now) ||
	       (make_active(m, g->number, until_of(cert), now, e) && shadow_set(m, w, e));
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
		if (!same_mark(mark, i->failed[errand])) { /* its trouble was another's */
			i->errand_at[errand] = 0;
			i->errand_tries[errand] = 0;
		}
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

	if (bad == NULL || !same_mark(bad->mark, i->errand_about))
		return; /* another one serves by now */
	if (i->before == i->active || generation_numbered(i, i->before) == NULL ||
	    now >= i->before_until) {
		log_error("verify-command fails, and there is no certificate to return to",
		    "trustpoint='%s'", m->name);
		return;
	}
	memcpy(i->returned, bad->mark, MARK);
	i->returned_until = when_min(i->before_until, when_add(now, RETURN_FOR));
	log_error(
	    "verify-command fails, back to the certificate before", "trustpoint='%s'", m->name);
	errand_failed(m, "verify-command fails, back to the certificate before");
	memset(i->told[ERRAND_ACTIVATE], 0, MARK);
	memset(i->told[ERRAND_POST_ACTIVATE], 0, MARK);
	/* Nobody asks of that one: there would be nothing better to go to. */
	memcpy(i->told[ERRAND_VERIFY], generation_numbered(i, i->before)->mark, MARK);
	if (!make_active(m, i->before, i->before_until, now, &e))
		log_error("identity not written, it is tried again", "trustpoint='%s' why='%s'",
		    m->name, e.text);
}

static void
errand_later(struct identity *i, int errand, when_t now)
{
	uint8_t *tries = &i->errand_tries[errand];

	i->errand_at[errand] = when_add(now, when_min(ERRAND_FIRST << *tries, ERRAND_LAST));
	if (*tries < ERRAND_DOUBLED)
		++*tries;
}

void
identity_errand_done(struct member *m, int status, bool lost, when_t now)
{
	struct identity *i = &m->identity;
	int errand = i->errand;
	struct err e = {0};

	i->waits = 0;
	identity_look(m);
	if (errand == ERRAND_PRE_ACTIVATE) {
		i->asked = status != HOOKS_DEFER && !lost;
		errand_later(i, errand, now);
		return;
	}
	if (status == 0) {
		memcpy(i->told[errand], i->errand_about, MARK);
		i->errand_tries[errand] = 0;
		i->errand_at[errand] = 0;
		if (!told_save(m, &e))
			log_error("hooks may hear of the same again",
			    "trustpoint='%s' why='%s'", m->name, e.text);
		return;
	}
	memcpy(i->failed[errand], i->errand_about, MARK);
	errand_later(i, errand, now);
	if (errand == ERRAND_VERIFY && !lost && status != HOOKS_NOT_RUN)
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
	if (!remove) /* they are not alone */
		memset(i->cas_alone, 0, MARK);
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
before_ended(struct identity *i, const struct agent_clock *clock, when_t now)
{
	if (i->before != 0 && now >= i->before_until && clock->trusted && !clock->suspect)
		i->before = 0;
	if (i->before != 0)
		at_latest(i, i->before_until, now);
}

static bool
work(struct member *m, struct want *w, when_t now, struct err *e)
{
	struct identity *i = &m->identity;

	if (!want_read(m, w, e) || !cas_set(m, w, false, e))
		return false;
	if (w->id.n > 0 && !is_whole(i, w->id_mark))
		return generation_make(m, w, TP_ID, e);
	if (w->shadow.n > 0 && !is_whole(i, w->shadow_mark))
		return generation_make(m, w, TP_SHADOW, e);
	if (!shadow_set(m, w, e) || !active_set(m, w, now, e))
		return false;
	if (i->waits != 0 || errands_work(m, w, now))
		return true;
	before_ended(i, &m->agent->clock, now);
	if (cas_may_go(i, w) && !cas_set(m, w, true, e))
		return false;
	generations_clean(m, w);
	return true;
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

/* Nobody is asked whether the switch suits beyond the end of what is active; what a hook is
 * only told of holds nothing up. */
static bool
must_wait(struct identity *i, when_t now)
{
	if (i->job != 0) {
		i->at = WHEN_NEVER;
		return true;
	}
	if (i->waits == 0 || i->errand != ERRAND_PRE_ACTIVATE)
		return false;
	if (now < i->active_until) {
		i->at = i->active_until;
		return true;
	}
	i->waits = 0;
	return false;
}

void
identity_work(struct member *m, when_t now)
{
	struct identity *i = &m->identity;
	struct want w = {0};
	struct err e = {0};

	if (m->tp == NULL || must_wait(i, now))
		return;
	i->at = WHEN_NEVER;
	if (!work(m, &w, now, &e))
		trouble(m, &e);
	else if (i->job == 0)
		i->pause = 0;
	want_free(&w);
}
