/* laws_client.c - what holds for each client in every world. */
#include <stdlib.h>

#include "sim/sim_int.h"

#define CLEAN 4	      /* good answers that are more than enough */
#define GONE_ASKED 20 /* with crashes between what it hears and what it stores */
#define RECOVERS (15 * DAY_MS)
#define AN_HOUR 10     /* requests, when nothing is wrong */
#define AN_HOUR_FAR 40 /* when something is, but no end is near */
#define FAR (10 * DAY)
#define AN_HOUR_ILL 500	    /* else: every ten seconds near an end */
#define LONGEST (14 * HOUR) /* between two tries */
#define HELD 15000	    /* ms: behind a full disk it waits that long */

struct view
first_of(struct view certs)
{
	struct reader r = reader_of(certs);
	struct der d;

	return certs.n > 0 && der_any(&r, &d, NULL) ? d.whole : (struct view){0};
}

static struct view
leaf(const struct client *c, enum tp_leaf which)
{
	return blob_view(&c->shelf.leaf[which]);
}

const struct seen_ca *
client_ca(struct sim *w, const struct client *c)
{
	return ledger_ca_by_digest(&w->ledger, c->shelf.ca[TP_CA]);
}

bool
client_misled(struct sim *w, const struct client *c)
{
	const struct seen_ca *held, *next;

	if (!w->ledger.cancelled)
		return false;
	held = client_ca(w, c);
	next = ledger_ca_by_digest(&w->ledger, c->shelf.ca[TP_NEXT_CA]);
	return (held != NULL && held->cancelled_ms != 0) ||
	       (next != NULL && next->cancelled_ms != 0);
}

/* ---- what is written to its disk ---- */

/* Every CA certificate that it trusts is one that our authority made of itself (INV-10). */
static void
trusts_ours(struct sim *w, const struct client *c, struct view certs)
{
	if (certs.n > 0 && ledger_ca_by_der(&w->ledger, first_of(certs)) == NULL)
		broken(w, c, "INV-10", "it trusts a CA that nobody here has made");
}

/* The switch is made by its own clock at the CA's end; earlier only when its identity ends
 * earlier and the shadow is valid. */
static void
never_early(struct sim *w, const struct client *c, const struct seen_ca *to)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);
	when_t now =
	    plan_clock_now(&c->clock.plan, (w->now + clock_ahead(w, &c->clock)) / 1000);
	when_t at = f->have_shadow ? when_min(f->ca_until, f->id_until) : f->ca_until;

	if (now < at || now < to->from)
		broken(w, c, "INV-05", "it switches %ld s early",
		    (long)(when_max(at, to->from) - now));
}

/* Next CA and shadow take over together (I-12), and trust is not lost (INV-21). */
static void
switches_whole(struct sim *w, const struct client *c, const struct view after[TP_LEAVES])
{
	struct view shadow = leaf(c, TP_SHADOW);

	if (!view_equal(first_of(after[TP_CA]), first_of(leaf(c, TP_NEXT_CA))))
		broken(w, c, "INV-10", "it switches to a CA that was not its next one");
	else if (shadow.n > 0 && !view_equal(after[TP_ID], shadow))
		broken(
		    w, c, "I-12", "it switches to the next CA without its shadow certificate");
	else if (after[TP_SHADOW].n > 0)
		broken(w, c, "I-12", "it switches and keeps a shadow certificate");
}

static void
next_ca_kept(struct sim *w, const struct client *c, const struct view after[TP_LEAVES])
{
	const struct seen_ca *held = ledger_ca_by_der(&w->ledger, first_of(after[TP_CA]));
	const struct seen_ca *next = ledger_ca_by_der(&w->ledger, first_of(after[TP_NEXT_CA]));

	if (leaf(c, TP_NEXT_CA).n > 0 && after[TP_NEXT_CA].n == 0)
		broken(w, c, "INV-21", "it forgets the next CA");
	else if (next != NULL && held != NULL && next->cancelled_ms == 0 &&
		 next != ledger_behind(&w->ledger, held))
		broken(w, c, "INV-10", "its next CA is not the one that follows");
}

/* It asked as a stranger, when what was revoked had ended. */
static bool
let_in(struct sim *w, const struct client *c, struct view id)
{
	const struct seen_cert *seen;
	struct cert cert;

	if (c->revoked_ms == 0 || !cert_decode(id, &cert, NULL))
		return false;
	seen = ledger_cert(&w->ledger, cert.serial);
	return seen != NULL && seen->kind == CERT_INITIAL && seen->made_ms > c->revoked_ms;
}

void
law_shelf(struct sim *w, struct client *c, const struct tp_change *list, size_t n)
{
	struct view after[TP_LEAVES];
	bool changed[TP_LEAVES] = {false};
	const struct seen_ca *to;

	for (size_t i = 0; i < TP_LEAVES; i++)
		after[i] = leaf(c, (enum tp_leaf)i);
	for (size_t i = 0; i < n; i++) {
		after[list[i].leaf] = list[i].bytes;
		changed[list[i].leaf] = true;
	}
	c->shelf_changed = true;
	c->let_in |= changed[TP_ID] && let_in(w, c, after[TP_ID]);
	c->took |=
	    digest_of(after[TP_ID]) == c->handed || digest_of(after[TP_SHADOW]) == c->handed;
	c->pairs_changed |=
	    changed[TP_CA] || changed[TP_ID] || changed[TP_NEXT_CA] || changed[TP_SHADOW];
	if (changed[TP_CA])
		trusts_ours(w, c, after[TP_CA]);
	if (changed[TP_NEXT_CA])
		trusts_ours(w, c, after[TP_NEXT_CA]);
	if (changed[TP_ID] && !changed[TP_CA] && leaf(c, TP_SHADOW).n > 0 &&
	    view_equal(after[TP_ID], leaf(c, TP_SHADOW)))
		broken(w, c, "I-12", "its shadow takes over, and the next CA does not");
	if (w->broken.n > 0 || leaf(c, TP_CA).n == 0)
		return;
	if (!changed[TP_CA] || view_equal(first_of(after[TP_CA]), first_of(leaf(c, TP_CA)))) {
		if (changed[TP_CA] || changed[TP_NEXT_CA])
			next_ca_kept(w, c, after);
		return;
	}
	to = ledger_ca_by_der(&w->ledger, first_of(after[TP_CA]));
	switches_whole(w, c, after);
	if (to != NULL)
		never_early(w, c, to);
}

/* ---- after each step ---- */

/* Certificate, key and CA belong together, and the certificate is one that is stored. */
static struct held
pair_look(struct sim *w, struct client *c, struct view id, struct view ca)
{
	const struct seen_cert *seen;
	struct cert cert, issuer;
	struct held held = {0};

	if (!cert_decode(id, &cert, NULL) || !cert_decode(first_of(ca), &issuer, NULL))
		return held;
	seen = ledger_cert(&w->ledger, cert.serial);
	held.from = cert.not_before;
	held.until = cert.not_after;
	held.fits =
	    view_equal(cert.aki, issuer.ski) && seen != NULL && seen->der == digest_of(id) &&
	    (w->setup.keys != NULL || fake_holds(c->keys, cert.key.whole)) &&
	    keys_verify(c->keys, &issuer.key, &cert.alg, cert.tbs, cert.signature, NULL);
	return held;
}

static void
triple_usable(struct sim *w, struct client *c, when_t now)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);
	bool looked = c->pairs_changed;
	struct held was;

	if (looked) {
		was = c->id;
		c->id = pair_look(w, c, leaf(c, TP_ID), leaf(c, TP_CA));
		w->numbers.lapsed += was.fits && c->id.fits && c->id.from > was.until;
		c->shadow = pair_look(w, c, leaf(c, TP_SHADOW), leaf(c, TP_NEXT_CA));
	}
	c->pairs_changed = false;
	if (c->key_lost) { /* until it has an identity of another pair */
		c->key_lost = !looked || !f->have_id || !c->id.fits ||
			      (f->have_shadow && !c->shadow.fits);
		c->had_triple = false;
		return;
	}
	if (f->have_id && !c->id.fits)
		broken(w, c, "I-11", "certificate, key and CA on its disk do not fit");
	else if (f->have_id && (c->id.until != f->id_until || c->id.from != f->id_from))
		broken(w, c, "I-11", "its facts are not those of its certificate");
	else if (f->have_shadow && !c->shadow.fits)
		broken(w, c, "INV-08",
		    "shadow certificate, key and next CA on its disk do not fit");
	else if (f->have_shadow && c->shadow.from > f->id_until && c->shadow.from > f->ca_until)
		broken(w, c, "INV-08", "its shadow begins behind the end of what it follows");
	else if (!f->have_id && c->had_triple && now < c->had_until)
		broken(w, c, "I-11", "it had an identity and has none");
	c->had_triple = f->have_id;
	c->had_until = f->id_until;
}

static bool
can_write(const struct sim *w, const struct client *c)
{
	return c->full == 0 && (c->full_ended_ms == 0 || c->full_ended_ms + HELD <= w->now);
}

static void
never_late(struct sim *w, const struct client *c, const struct tp_event *ev, when_t now)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);

	if (can_write(w, c) && ev->clock_trusted && !ev->clock_suspect && f->have_next_ca &&
	    now >= when_max(f->ca_until, f->next_ca_from))
		broken(w, c, "INV-06", "it still holds a CA that ended %ld s ago",
		    (long)(now - f->ca_until));
}

static void
clock_awaited(struct sim *w, const struct client *c, const struct tp_event *ev,
    const struct tp_effects *out)
{
	if (ev->clock_trusted || ev->kind != TP_EV_TICK)
		return;
	for (size_t i = 0; i < out->n; i++)
		if (out->list[i].kind != TP_EFFECT_NOTE &&
		    !(out->list[i].kind == TP_EFFECT_JOB && out->list[i].job.act == KEY_FORGET))
			broken(w, c, "INV-15", "it acts by an untrusted clock");
}

static bool
asks(enum plan_tp_state s)
{
	return s == TP_IS_ENROLLING || s == TP_IS_RENEWING || s == TP_IS_REQUESTING_SHADOW ||
	       s == TP_IS_POLLING || s == TP_IS_WAITING_NEXT_CA || s == TP_IS_REJECTED ||
	       s == TP_IS_EXHAUSTED;
}

/* What is due is done or under way, and tried again in time (P1 to P3). */
static void
keeps_trying(struct sim *w, const struct client *c, const struct tp_event *ev, when_t now)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);
	struct plan_tp plan = tp_plan(c->tp, now);
	when_t wake = tp_wake(c->tp);
	/* A server whose clock is behind says that the next CA is due in a day. */
	when_t longest = plan.state == TP_IS_WAITING_NEXT_CA ? DAY : LONGEST;

	if (!ev->clock_trusted || ev->clock_suspect || !can_write(w, c) || f->busy)
		return;
	if (plan.act != TP_NONE && wake > when_add(now, 2 * MINUTE))
		broken(w, c, "P1", "act %d is due and not begun", (int)plan.act);
	else if (asks(plan.state) && !c->fleet->policy.plan.ios_stop_on_reject &&
		 wake > when_add(now, longest))
		broken(
		    w, c, "L-01", "it waits %ld s before it tries again", (long)(wake - now));
}

static void
not_too_often(struct sim *w, struct client *c, const struct tp_effects *out, when_t now)
{
	bool far;
	const struct plan_tp_facts *f = tp_facts(c->tp);
	bool well =
	    f->fetch.answer == ANSWER_GOOD && f->ask.answer == ANSWER_GOOD && !f->pending;

	if (w->now >= c->hour + HOUR_MS) {
		c->hour = w->now;
		c->in_hour = 0;
	}
	for (size_t i = 0; i < out->n; i++)
		c->in_hour += out->list[i].kind == TP_EFFECT_FETCH;
	well &= w->setup.faults == SIM_NONE && w->setup.key_time == 0 &&
		c->fleet->cut_for == 0 && w->setup.ca.plan.lifetime_cert > DAY;
	far = f->authenticated && now < when_add(f->ca_until, -FAR) &&
	      (!f->have_id || now < when_add(f->id_until, -FAR));
	if (far != c->far || c->full > 0) /* each is an hour of its own */
		c->in_hour = 0;
	c->far = far;
	if (c->in_hour > (well ? AN_HOUR : far ? AN_HOUR_FAR : AN_HOUR_ILL))
		broken(w, c, "L-03", "%u requests within an hour", c->in_hour);
}

/* Spread only delays: the next CA is never asked for before the percentage (TF-03). */
static void
not_before_shadow(struct sim *w, const struct client *c, when_t now)
{
	const struct plan_tp_policy *p = &c->fleet->policy.plan;
	const struct plan_tp_facts *f = tp_facts(c->tp);
	when_t at = plan_percent(f->id_from, f->id_until, p->percent);

	if (p->auto_enroll && f->have_id && f->id_until >= f->issuer_until && now < at &&
	    when_add(f->id_until, -at) >= p->retry_period)
		broken(w, c, "TF-03", "it asks for the next CA %ld s early", (long)(at - now));
}

static void
asks_in_time(struct sim *w, const struct client *c, const struct tp_effects *out, when_t now)
{
	const struct seen_ca *held, *next;

	for (size_t i = 0; i < out->n; i++) {
		if (out->list[i].kind != TP_EFFECT_FETCH ||
		    out->list[i].fetch != TP_GETNEXTCACERT)
			continue;
		not_before_shadow(w, c, now);
		held = client_ca(w, c);
		next = held == NULL ? NULL : ledger_behind(&w->ledger, held);
		w->numbers.early += held != NULL && (next == NULL || next->announced_ms == 0);
	}
}

/* What its signer has no more it asks for no more, once a disk can note it: it makes another,
 * and enrols anew. */
void
lost_key_given_up(struct sim *w, struct client *c, const struct tp_event *ev)
{
	uint64_t gone;

	if (ev->kind != TP_EV_KEY || ev->done->why != WHY_NOT_FOUND || c->full > 0)
		return;
	gone = digest_of(view_str(ev->done->text));
	if (gone != c->gone) { /* only now it knows */
		c->clear_since = w->now;
		c->clean = c->gone_asked = 0;
	}
	c->gone = gone;
	if (++c->gone_asked > GONE_ASKED)
		broken(w, c, "L-01", "it asks %u times for a key pair that is gone",
		    c->gone_asked);
}

void
law_stepped(struct sim *w, struct client *c, const struct tp_event *ev,
    const struct tp_effects *out, when_t now)
{
	if (c->shelf_changed)
		triple_usable(w, c, now);
	c->shelf_changed = false;
	never_late(w, c, ev, now);
	clock_awaited(w, c, ev, out);
	keeps_trying(w, c, ev, now);
	if (ev->kind == TP_EV_COMMAND) /* what people want comes on top */
		c->in_hour = 0;
	not_too_often(w, c, out, now);
	asks_in_time(w, c, out, now);
}

/* ---- nobody is left behind silently ---- */

static bool
due_for(const struct client *c, when_t now, int64_t span)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);

	return f->have_id && f->id_until >= f->issuer_until &&
	       when_add(plan_tp_due(&c->fleet->policy.plan, f), span / 1000) <= now;
}

static bool
is_clear(const struct sim *w, const struct client *c, int64_t span)
{
	return post_clear(w, c) && c->clear_since + span <= w->now &&
	       w->server.healthy_since + span <= w->now;
}

/* So long with a path, and it is ready: where three of ten messages are lost each way it takes
 * some tries. */
static int64_t
clear_span(const struct sim *w)
{
	return w->setup.faults == SIM_HEAVY ? 2 * DAY_MS : DAY_MS;
}

/* Why has it no certificate of the next CA? The first reason that applies. */
static enum left_why
why_left(struct sim *w, struct client *c, const struct seen_ca *old)
{
	const struct seen_ca *next = ledger_behind(&w->ledger, old);
	int64_t shown = next == NULL ? 0 : next->announced_ms;
	const struct plan_tp_facts *f;
	int64_t span = clear_span(w);
	bool announced = shown != 0 && shown + span <= w->now;

	if (c->revoked_ms != 0)
		return LEFT_REVOKED;
	if (client_misled(w, c))
		return LEFT_CANCELLED;
	if (!c->up)
		return c->rotten ? LEFT_ROTTEN : LEFT_OFF;
	f = tp_facts(c->tp);
	if (!c->fleet->policy.plan.auto_enroll)
		return LEFT_WITHOUT;
	if (!clock_right(w, &c->clock))
		return LEFT_CLOCK;
	if (f->authenticated && f->ca_until < old->until)
		return LEFT_LATE;
	if (f->pending)
		return LEFT_PENDING;
	if (c->key_lost)
		return LEFT_KEY;
	if (f->ask.answer == ANSWER_REJECT)
		return LEFT_REJECTED;
	if (shown == 0)
		return LEFT_UNSHOWN;
	if (!client_renews(c) && !(f->have_id && f->id_until >= f->issuer_until))
		return LEFT_BY_HAND;
	if (!due_for(c, client_now(w, c), span) || !announced)
		return c->clean > CLEAN && is_clear(w, c, span) ? LEFT_UNNAMED : LEFT_FRESH;
	return c->clean > CLEAN || is_clear(w, c, span) ? LEFT_UNNAMED : LEFT_PATH;
}

const char *
left_words(enum left_why why)
{
	static const char *const words[LEFT_KINDS] = {
	    [LEFT_NOT] = "not left behind",
	    [LEFT_WITHOUT] = "no auto-enroll: it does not ask by itself",
	    [LEFT_BY_HAND] = "shadow-only: nobody renewed its certificate",
	    [LEFT_REVOKED] = "its certificate is revoked",
	    [LEFT_PENDING] = "its request waits for an operator",
	    [LEFT_REJECTED] = "its request was rejected",
	    [LEFT_CLOCK] = "its clock is not to be trusted",
	    [LEFT_OFF] = "it was switched off",
	    [LEFT_PATH] = "it could not reach the server",
	    [LEFT_LATE] = "it missed the switch before, too",
	    [LEFT_UNSHOWN] = "the next CA could not be announced",
	    [LEFT_UNMADE] = "no auto-rollover: no next CA was made",
	    [LEFT_FRESH] = "it enrolled just before the switch",
	    [LEFT_KEY] = "its key pair was lost",
	    [LEFT_ROTTEN] = "its file was damaged",
	    [LEFT_CANCELLED] = "it holds a next CA that was cancelled",
	    [LEFT_UNNAMED] = "nobody knows",
	};

	return words[why];
}

static void
leave_behind(struct sim *w, struct client *c, struct seen_ca *old, enum left_why why)
{
	struct seen_ca *next = ledger_behind(&w->ledger, old);
	struct left *l;

	if (next != NULL)
		next->left++;
	c->left_why = why;
	if (c->left_ms != 0) /* still */
		return;
	w->left = mem_array(w->left, w->left_count + 1, sizeof(*w->left));
	c->left_ms = w->now;
	c->left_index = w->left_count;
	l = &w->left[w->left_count++];
	*l = (struct left){.client = (uint32_t)client_number(w, c),
	    .at = w->now,
	    .why = why,
	    .generation = old->number};
	if (post_clear(w, c))
		l->clear_hours = (unsigned)((w->now - c->clear_since) / HOUR_MS);
	w->numbers.left++;
}

static bool
is_under(struct sim *w, const struct client *c, enum tp_leaf ca, const struct seen_ca *wanted)
{
	return ledger_ca_by_digest(&w->ledger, c->shelf.ca[ca]) == wanted;
}

/* The shadow of one that slept through a switch is of the CA that ends now. */
static bool
ready(struct sim *w, const struct client *c, const struct seen_ca *next)
{
	if (next == NULL)
		return false;
	if (leaf(c, TP_SHADOW).n > 0 && is_under(w, c, TP_NEXT_CA, next))
		return true;
	return c->up && tp_facts(c->tp)->have_id && is_under(w, c, TP_CA, next);
}

void
law_before_switch(struct sim *w, int64_t number)
{
	struct seen_ca *old = ledger_ca_numbered(&w->ledger, number);
	struct seen_ca *next = ledger_behind(&w->ledger, old);

	law_announced(w);
	for (size_t i = 0; i < w->clients && w->broken.n == 0; i++) {
		struct client *c = &w->client[i];
		enum left_why why;

		c->was_ready = c->joined && ready(w, c, next);
		if (c->was_ready)
			next->ready++;
		if (!c->joined || c->was_ready)
			continue;
		why = why_left(w, c, old);
		leave_behind(w, c, old, why);
		if (why != LEFT_UNNAMED)
			continue;
		w->numbers.unnamed++;
		broken(w, c, "L-01",
		    "it is left behind, and nothing was in its way for %ld h (%u good answers)",
		    (long)((w->now - c->clear_since) / HOUR_MS), c->clean);
	}
}

/* Who was ready has switched, and all of them trust each other (INV-01, INV-02). */
void
law_after_switch(struct sim *w, int64_t number)
{
	const struct seen_ca *old = ledger_ca_numbered(&w->ledger, number);

	for (size_t i = 0; i < w->clients && w->broken.n == 0; i++) {
		struct client *c = &w->client[i];
		const struct plan_tp_facts *f;

		if (!c->was_ready || c->key_lost || !c->up || !clock_right(w, &c->clock) ||
		    c->full > 0)
			continue;
		f = tp_facts(c->tp);
		if (!f->have_id || f->id_until * 1000 <= w->now + clock_ahead(w, &c->clock))
			broken(w, c, "INV-01",
			    "it was ready, and has no valid certificate behind the switch");
		else if (!is_under(w, c, TP_CA, ledger_behind(&w->ledger, old)))
			broken(w, c, "INV-02",
			    "it was ready, and does not trust the CA that took over");
	}
}

/* ---- once a day ---- */

static bool
excused(const struct client *c)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);

	return !client_renews(c) || c->revoked_ms != 0 || c->left_ms != 0 || f->pending ||
	       f->ask.answer == ANSWER_REJECT || c->rejected || !f->authenticated;
}

static void
has_identity(struct sim *w, const struct client *c, when_t now)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);

	if ((!f->have_id || when_add(f->id_until, HOUR) <= now) && is_clear(w, c, RECOVERS) &&
	    !excused(c))
		broken(w, c, "INV-01",
		    "it has no valid certificate, and nothing was in its way for %ld h",
		    (long)((w->now - c->clear_since) / HOUR_MS));
}

/* Somebody who was left behind is back when it has a valid identity under the active CA. */
static void
come_back(struct sim *w, struct client *c, when_t now)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);

	if (c->left_ms == 0 || !f->have_id || f->id_until <= now || f->ca_until <= now ||
	    f->ca_until * 1000 <= w->now || client_misled(w, c))
		return;
	w->left[c->left_index].back = w->now;
	c->left_ms = 0;
	c->left_why = LEFT_NOT;
}

/* Without auto-rollover a CA may end with none behind it, and no switch names who is left. */
static void
left_by_ca(struct sim *w, struct client *c)
{
	struct seen_ca *last = ledger_last(&w->ledger);

	if (last != NULL && c->joined && c->left_ms == 0 && !w->setup.ca.plan.auto_rollover &&
	    last->until * 1000 <= w->now)
		leave_behind(w, c, last, LEFT_UNMADE);
}

void
law_client_day(struct sim *w, struct client *c, when_t now)
{
	if (!post_clear(w, c))
		c->clear_since = w->now;
	left_by_ca(w, c);
	if (!c->up)
		return;
	has_identity(w, c, now);
	come_back(w, c, now);
}

/* When all trouble is over everybody is enrolled again, or named (L-02). */
void
law_end(struct sim *w)
{
	for (size_t i = 0; i < w->clients && w->broken.n == 0; i++) {
		const struct client *c = &w->client[i];
		const struct plan_tp_facts *f;

		if (!c->joined || !c->up || !is_clear(w, c, RECOVERS))
			continue;
		f = tp_facts(c->tp);
		if (!f->have_id && !excused(c) && c->left_why == LEFT_NOT)
			broken(w, c, "L-02",
			    "it is not enrolled in the end, and nobody knows why");
	}
}
