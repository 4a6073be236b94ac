/* plan_tp_world.c - the trustpoint's planner in every small world. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

/*
 * Seconds are the days of these worlds: a CA of 24 that rolls over twice, a client, a server of
 * every mood, outages in pairs. P1 settles, P2 no early sleep, P3 no busy loop, P4 exact, P6
 * the switch comes first, never early, P7 restart, P8 late is only late, P9 nobody who could
 * reach the server is left behind, P10 no request before its certificate, P11 clock, P12
 * reject, P13 dark.
 */
#define LIFE 24
#define END 84

enum mood { GRANTS, PENDS, REJECTS, LOSES, REFUSES, MOODS };
enum kind { AUTO, SHADOW_ONLY, TRUST_ONLY, IOS, KINDS };
enum fault { CALM, BLIND, DOWN, AHEAD, BEHIND, FAULTS };

struct world {
	struct plan_tp_policy policy;
	enum kind kind;
	when_t id_life, lead, overlap;
	enum mood mood;
	int delay;		    /* instants that an exchange takes */
	when_t start;		    /* the client is configured */
	when_t off_from, off_until; /* network down */
	enum fault fault;
	when_t fault_from, fault_until;
	when_t operator_at; /* "crypto pki enroll" */
	uint8_t draw;
};

/* What happens in one. */
struct life {
	const struct world *w;
	struct plan_tp_facts f;
	when_t now; /* true time; the client's differs when its clock is ahead or behind */
	when_t gen; /* number of the CA held */
	enum plan_tp_act doing;
	when_t done_at;
	int said_no;	      /* answers of a bad mood in a row */
	bool next_asked;      /* first GetNextCACert of this generation was sent */
	when_t hindered;      /* last instant at which something stood in the way */
	when_t lived_at;      /* last instant with a live identity */
	struct plan_tp slept; /* last plan that was looked at, and the facts it came from */
	struct plan_tp_facts slept_with;
};

static long worlds, violations, switches, kept, excused;

static void
violated(const char *what, const struct life *l)
{
	const struct world *w = l->w;

	if (violations++ < 5)
		printf("# %s at %ld: kind=%d percent=%u life=%ld lead=%ld overlap=%ld mood=%d "
		       "delay=%d "
		       "start=%ld spread=%ld off=%ld-%ld fault=%d %ld-%ld draw=%d\n",
		    what, (long)l->now, (int)w->kind, w->policy.percent, (long)w->id_life,
		    (long)w->lead, (long)w->overlap, (int)w->mood, w->delay, (long)w->start,
		    (long)w->policy.spread, (long)w->off_from, (long)w->off_until,
		    (int)w->fault, (long)w->fault_from, (long)w->fault_until, (int)w->draw);
}

static bool
within(when_t from, when_t until, when_t t)
{
	return t >= from && t < until;
}

static bool
faulty(const struct life *l, enum fault fault)
{
	return l->w->fault == fault && within(l->w->fault_from, l->w->fault_until, l->now);
}

static when_t
ca_from(const struct world *w, when_t gen)
{
	return gen * (LIFE - w->overlap);
}

static when_t
ca_until(const struct world *w, when_t gen)
{
	return ca_from(w, gen) + LIFE;
}

/* The switch: the CA's end, or later, when the next one starts later. */
static when_t
switch_at(const struct world *w, when_t gen)
{
	return when_max(ca_until(w, gen), ca_from(w, gen + 1));
}

/* What the client's clock shows. */
static when_t
shown(const struct life *l)
{
	return l->now + (faulty(l, AHEAD) ? LIFE : faulty(l, BEHIND) ? -LIFE : 0);
}

/* No hindrance and no delay at all. */
static bool
calm(const struct world *w)
{
	return w->off_from == w->off_until && w->fault == CALM && w->mood == GRANTS &&
	       w->delay == 0;
}

/* ---- the reference's own formulas, written another way ---- */

static when_t
at_percent(when_t from, when_t until, unsigned percent)
{
	return (from * 100 + (until - from) * (when_t)percent) / 100;
}

static bool
capped(const struct plan_tp_facts *f)
{
	return f->id_until == f->issuer_until;
}

/* Earliest and latest instant for RENEW or SHADOW of an identity. */
static when_t
due_from(const struct world *w, const struct plan_tp_facts *f)
{
	when_t due = at_percent(f->id_from, f->id_until, w->policy.percent);

	return capped(f) && f->id_until - due < w->policy.retry_period ? f->id_from : due;
}

static when_t
due_until(const struct world *w, const struct plan_tp_facts *f)
{
	when_t due = due_from(w, f);

	return due == f->id_from ? due
				 : due + when_min(w->policy.spread, (f->id_until - due) / 2);
}

/* ---- the server ---- */

static void
trouble(struct plan_trouble *t, const struct life *l, enum plan_answer answer, bool forward)
{
	t->tries = forward || t->at > shown(l) ? 1 : t->tries + 1;
	t->answer = answer;
	t->at = shown(l);
	t->draw = l->w->draw;
}

static void
grant(struct life *l, bool shadow)
{
	const struct world *w = l->w;
	struct plan_tp_facts *f = &l->f;
	when_t gen = l->gen + (shadow ? 1 : 0);
	when_t from = when_max(l->now, ca_from(w, gen));
	when_t until = when_min(from + w->id_life, ca_until(w, gen));

	f->pending = f->enrol_asked = false;
	if (until <= when_max(from, shown(l))) { /* dead already, by its clock */
		trouble(&f->ask, l, ANSWER_NONE, false);
		return;
	}
	memset(&f->ask, 0, sizeof(f->ask));
	if (shadow) {
		f->have_shadow = true;
		f->confirmed = false;
		f->shadow_from = from;
		return;
	}
	f->have_id = true;
	f->behind = f->late = false;
	f->id_from = from;
	f->id_until = until;
	f->issuer_until = ca_until(w, gen);
	f->spread_draw = (uint16_t)(w->draw * 257);
}

/* Whether what was requested is for the next CA, as the client holds things now. */
static bool
for_next(const struct life *l)
{
	return l->f.have_next_ca && l->f.have_id && capped(&l->f) && !l->f.enrol_asked;
}

static void
answer_request(struct life *l, enum plan_tp_act act)
{
	struct plan_tp_facts *f = &l->f;
	enum mood mood = l->w->mood;
	bool again = l->said_no++ >= (mood == PENDS ? 2 : 1);

	if (mood == GRANTS || again) {
		l->said_no = 0;
		if (act == TP_CONFIRM) {
			f->confirmed = true;
			memset(&f->ask, 0, sizeof(f->ask));
		} else {
			grant(l, act == TP_REQUEST_SHADOW || (act == TP_POLL && for_next(l)));
		}
		return;
	}
	l->hindered = l->now;
	if (mood == PENDS && act != TP_CONFIRM) {
		trouble(&f->ask, l, ANSWER_PENDING, !f->pending);
		f->pending = true;
	} else if (mood == REJECTS) {
		trouble(&f->ask, l, ANSWER_REJECT, false);
		f->pending = false;
	} else {
		trouble(&f->ask, l, ANSWER_NONE, false);
	}
}

static void
answer_fetch(struct life *l, enum plan_tp_act act)
{
	struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;
	bool refused = w->mood == REFUSES && l->said_no++ < 1;

	if (act == TP_GET_NEXT_CA && l->now < ca_until(w, l->gen) - w->lead)
		refused = true;
	if (refused) {
		l->hindered = l->now;
		trouble(&f->fetch, l, ANSWER_NONE, false);
		return;
	}
	l->said_no = 0;
	memset(&f->fetch, 0, sizeof(f->fetch));
	if (act == TP_AUTHENTICATE) {
		while (l->now >= ca_until(w, l->gen))
			l->gen++;
		f->authenticated = true;
		f->ca_from = ca_from(w, l->gen);
		f->ca_until = ca_until(w, l->gen);
	} else if (act == TP_GET_CAPS) {
		f->caps_known = f->caps_next_ca = true;
	} else {
		f->have_next_ca = true;
		f->next_ca_from = ca_from(w, l->gen + 1);
	}
}

static void
deliver(struct life *l)
{
	enum plan_tp_act act = l->doing;
	bool fetch = act == TP_AUTHENTICATE || act == TP_GET_CAPS || act == TP_GET_NEXT_CA;

	if (!l->f.busy || l->now < l->done_at)
		return;
	l->f.busy = false;
	if (within(l->w->off_from, l->w->off_until, l->now)) {
		l->hindered = l->now;
		trouble(fetch ? &l->f.fetch : &l->f.ask, l, ANSWER_NONE, false);
	} else if (fetch) {
		answer_fetch(l, act);
	} else {
		answer_request(l, act);
	}
}

/* ---- the client ---- */

static void
activate(struct life *l)
{
	struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;

	if (l->now < switch_at(w, l->gen) || shown(l) < switch_at(w, l->gen))
		violated("P6 the switch is early", l);
	if (f->clock_suspect || !f->have_next_ca)
		violated("P6 a switch to nothing, or by a clock that nobody trusts", l);
	if (calm(w) && l->now != switch_at(w, l->gen))
		violated("P4 the switch is late", l);
	switches++;
	l->gen++;
	l->next_asked = false;
	f->ca_from = ca_from(w, l->gen);
	f->ca_until = ca_until(w, l->gen);
	f->behind = f->behind || (f->have_id && !f->have_shadow);
	f->late = !f->have_shadow && (f->late || (f->have_id && capped(f)));
	f->have_id = f->have_shadow;
	if (f->have_shadow) {
		f->behind = false;
		f->id_from = f->shadow_from;
		f->id_until = when_min(f->id_from + w->id_life, f->ca_until);
		f->issuer_until = f->ca_until;
	}
	f->have_next_ca = f->have_shadow = f->confirmed = false;
}

/* Is this act one that may be done with these facts, now? */
static void
check_act(struct life *l, enum plan_tp_act act)
{
	const struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;
	when_t now = shown(l);

	if (!f->clock_trusted)
		violated("P11 something is done without authority", l);
	if (f->busy)
		violated("two exchanges at a time", l);
	if (act != TP_AUTHENTICATE && !f->authenticated)
		violated("P10 something is asked of an unknown CA", l);
	if (f->have_next_ca && !f->clock_suspect && now >= switch_at(w, l->gen))
		violated("P6 something is sent before a switch that is due", l);
	if (f->pending && (act == TP_ENROL || act == TP_RENEW || act == TP_REQUEST_SHADOW))
		violated("S70 a request that is pending is sent again", l);
	if (act == TP_RENEW && (!f->have_id || now >= f->id_until))
		violated("P10 a dead identity signs", l);
	if (act == TP_RENEW && !f->enrol_asked && (capped(f) || w->policy.shadow_only))
		violated("S61 RENEW instead of SHADOW", l);
	if (act == TP_REQUEST_SHADOW && (!f->have_next_ca || f->have_shadow || !capped(f)))
		violated("P10 a shadow is asked for out of turn", l);
	if ((act == TP_ENROL || act == TP_RENEW) && !f->enrol_asked &&
	    ((w->kind == SHADOW_ONLY && !f->late) || w->kind == TRUST_ONLY))
		violated("it enrols though nobody said so", l);
	if (act == TP_REQUEST_SHADOW && w->kind == TRUST_ONLY)
		violated("S32 without auto-enroll a shadow", l);
	if (w->kind == IOS && act != TP_POLL && !f->enrol_asked &&
	    f->ask.answer == ANSWER_REJECT &&
	    (act == TP_ENROL || act == TP_RENEW || act == TP_REQUEST_SHADOW))
		violated("P12 IOS form goes on after a reject", l);
}

/* P4: RENEW and SHADOW at their instants. Early is wrong in any world, late in a calm one. */
static void
check_exact(struct life *l, enum plan_tp_act act)
{
	const struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;
	bool by_id = w->policy.auto_enroll && f->have_id && capped(f);
	when_t from, until;

	if ((act != TP_RENEW && act != TP_GET_NEXT_CA && act != TP_REQUEST_SHADOW) ||
	    f->enrol_asked)
		return;
	if (act == TP_GET_NEXT_CA && !by_id) {
		from = at_percent(f->ca_from, f->ca_until, 90);
		if (f->have_id && (w->kind == AUTO || w->kind == IOS)) /* it will renew first */
			from = when_max(from, f->id_until);
		until = from;
	} else {
		from = due_from(w, f);
		until = due_until(w, f);
	}
	if (shown(l) < from)
		violated("P4 early", l);
	/* Who authenticates behind the instant asks at once. */
	if (calm(w) && shown(l) > when_max(until, w->start) && !l->next_asked &&
	    act != TP_REQUEST_SHADOW)
		violated("P4 late", l);
	l->next_asked = l->next_asked || act == TP_GET_NEXT_CA;
}

static void
act_on(struct life *l, enum plan_tp_act act)
{
	if (act == TP_ACTIVATE) {
		activate(l);
		return;
	}
	check_act(l, act);
	check_exact(l, act);
	l->f.busy = true;
	l->doing = act;
	l->done_at = l->now + l->w->delay;
	deliver(l);
}

static bool
same(struct plan_tp a, struct plan_tp b)
{
	return a.act == b.act && a.wake == b.wake && a.state == b.state;
}

/* What "show crypto pki timers" prints is what will happen. */
static void
check_rows(struct life *l)
{
	struct plan_tp_row rows[TIMER_TP_COUNT];
	size_t n = plan_tp_timers(&l->w->policy, &l->f, shown(l), rows);

	if (n > 3 || (n > 0 && !l->f.clock_trusted))
		violated("I-16 too many timers", l);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].at < shown(l) || (i > 0 && rows[i].at < rows[i - 1].at))
			violated("a row lies in the past or behind a later one", l);
		if (!l->f.busy && l->w->fault < AHEAD && rows[i].at < l->f.ca_until &&
		    plan_tp(&l->w->policy, &l->f, rows[i].at).act == TP_NONE)
			violated("a row runs out and nothing happens", l);
		if (rows[i].timer == TIMER_ACTIVATE && rows[i].at < l->f.ca_until)
			violated("the switch is announced early", l);
	}
}

/* With these facts, is every instant before the promised one really idle, and of one state? */
static void
check_sleep(struct life *l, struct plan_tp p)
{
	if (p.wake <= shown(l))
		violated("P3 wake is not in the future", l);
	if (same(p, l->slept) && memcmp(&l->f, &l->slept_with, sizeof(l->f)) == 0)
		return; /* looked at already */
	l->slept = p;
	l->slept_with = l->f;
	/* P7: facts are all that it knows. */
	if (!same(p, plan_tp(&l->w->policy, &l->slept_with, shown(l))))
		violated("P7 a copy of the facts plans otherwise", l);
	check_rows(l);
	for (when_t t = shown(l) + 1; t < p.wake && t < END; t++) {
		struct plan_tp q = plan_tp(&l->w->policy, &l->f, t);

		if (q.act != TP_NONE)
			violated("P2 something was due before the wake", l);
		if (l->w->fault < AHEAD && (q.state != p.state || q.wake != p.wake))
			violated("P2 state or wake changes before the wake", l);
	}
}

/* Whether something of its own is due, by the reference's words. */
static bool
wanting(const struct life *l)
{
	const struct plan_tp_facts *f = &l->f;

	if (!f->authenticated || !l->w->policy.auto_enroll || f->have_shadow)
		return false;
	if (!f->have_id)
		return !l->w->policy.shadow_only || f->late;
	return shown(l) >= due_until(l->w, f) && (capped(f) || !l->w->policy.shadow_only);
}

/* P9: an end came and nothing replaces what ended. Was there time, and nothing in the way? */
static void
check_end(struct life *l)
{
	const struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;
	bool by_id = f->have_id && w->kind != TRUST_ONLY;
	when_t end = by_id ? f->id_until : f->ca_until, since = when_max(l->hindered, w->start);

	if (by_id)
		since = when_max(since, due_until(w, f));
	else
		since = when_max(since, at_percent(f->ca_from, f->ca_until, 90));
	if (!by_id || capped(f))
		since = when_max(since, f->ca_until - w->lead);
	if (f->have_next_ca && l->now < switch_at(w, l->gen) && (f->have_shadow || !by_id))
		return; /* that CA has left a gap */
	/* A failed try is repeated when at most half of what was left is over; then two
	 * exchanges and one that was under way. */
	if (end - since > 2 * (1 + 3 * w->delay))
		violated("P9 left behind though it could reach the server", l);
}

/* The level: what is due is tried again in time, and has a name. */
static void
check_level(struct life *l, struct plan_tp p)
{
	const struct plan_tp_facts *f = &l->f;
	const struct world *w = l->w;
	when_t end = f->have_id && w->kind != TRUST_ONLY ? f->id_until : f->ca_until;
	bool renews = w->kind != SHADOW_ONLY || capped(f);

	if (w->kind == IOS)
		return;
	if (!f->busy && wanting(l) && shown(l) < end && p.wake > end)
		violated("P9 what is due is not tried again in time", l);
	if (wanting(l) && (p.state == TP_IS_ENROLLED || p.state == TP_IS_EXPIRED ||
			      (p.state == TP_IS_TRUSTING && f->caps_known)))
		violated("what is due has no name", l);
	if (!f->authenticated || (f->have_id && !renews))
		return;
	if (l->now < end) {
		kept++;
	} else {
		excused++;
		check_end(l);
	}
}

static void
step(struct life *l)
{
	const struct world *w = l->w;
	struct plan_tp p;
	int steps = 0;

	deliver(l);
	if (l->now == w->operator_at) {
		l->f.enrol_asked = true;
		memset(&l->f.ask, 0, sizeof(l->f.ask));
	}
	while ((p = plan_tp(&w->policy, &l->f, shown(l))).act != TP_NONE) {
		act_on(l, p.act);
		if (++steps > 12) {
			violated("P1 the plan does not settle", l);
			break;
		}
	}
	if (l->f.enrol_asked && l->f.ask.answer == ANSWER_GOOD && l->f.authenticated &&
	    l->f.caps_known && !l->f.busy && l->f.clock_trusted && shown(l) < l->f.ca_until)
		violated("P12 the operator is not heard", l);
	check_sleep(l, p);
	if (!l->f.clock_trusted && (p.wake != WHEN_NEVER || p.state != TP_IS_WITHOUT_CLOCK))
		violated("P11 a timer runs without authority", l);
	if (l->f.clock_trusted && shown(l) == l->now)
		check_level(l, p);
	if (w->kind == IOS && w->mood == REJECTS && w->fault < AHEAD &&
	    l->f.ask.answer == ANSWER_REJECT && !l->f.busy && wanting(l) &&
	    l->f.clock_trusted && l->now < l->f.ca_until &&
	    l->f.have_next_ca == (l->f.have_id && capped(&l->f)) && p.state != TP_IS_STOPPED)
		violated("P12 stopped has no name", l);
}

static void
play(const struct world *w)
{
	struct life l = {.w = w, .hindered = INT64_MIN};

	worlds++;
	for (l.now = w->start; l.now < END; l.now++) {
		bool hindered = faulty(&l, BLIND) || faulty(&l, DOWN) || faulty(&l, AHEAD) ||
				faulty(&l, BEHIND);

		if (hindered || within(w->off_from, w->off_until, l.now))
			l.hindered = l.now;
		l.f.clock_trusted = !faulty(&l, BLIND);
		l.f.clock_suspect = faulty(&l, AHEAD);
		if (faulty(&l, DOWN)) {
			l.f.busy = false; /* facts of the disk stay */
			continue;
		}
		step(&l);
		if (l.f.have_id && l.now < l.f.id_until)
			l.lived_at = l.now;
	}
	if (violations > 0)
		return;
	l.now = END - 1;
	/* Refused, out of tries or with doublings of a long period it comes again within half a
	 * day: too late for this world. */
	if (w->kind == IOS || w->mood == REJECTS || w->policy.retry_count == 2 ||
	    w->policy.retry_period > 1)
		return;
	if (!l.f.authenticated || l.now >= l.f.ca_until)
		violated("P8 at the end it holds a dead CA", &l);
	if (w->kind == AUTO && l.lived_at < END - LIFE)
		violated("P8 in the last generation it had no identity", &l);
}

static void
faults(struct world *w)
{
	static const struct {
		when_t from, until;
	} off[] = {{0, 0}, {0, 9}, {17, 22}, {20, 24}, {22, 27}, {23, 36}},
	  spans[] = {{6, 19}, {22, 26}};

	for (size_t o = 0; o < COUNT_OF(off); o++) {
		w->off_from = off[o].from;
		w->off_until = off[o].until;
		w->fault = CALM;
		play(w);
		for (w->fault = BLIND; w->fault < FAULTS; w->fault++)
			for (size_t s = 0; s < COUNT_OF(spans); s++) {
				w->fault_from = spans[s].from;
				w->fault_until = spans[s].until;
				play(w);
				if (violations > 0)
					return; /* a mutant has died */
			}
	}
}

/* The plain client, one with other draws, a slow network, a spread, a later start. */
static void
variants(struct world *w)
{
	static const struct {
		uint8_t draw;
		int delay;
		when_t spread, start;
	} all[] = {{0, 0, 0, 0}, {255, 0, 0, 0}, {128, 1, 0, 0}, {255, 0, 3, 0}, {0, 0, 0, 7},
	    {0, 1, 0, 22}, {0, 0, 0, 23}};

	for (size_t i = 0; i < COUNT_OF(all) && violations == 0; i++) {
		w->draw = all[i].draw;
		w->delay = all[i].delay;
		w->policy.spread = all[i].spread;
		w->start = all[i].start;
		w->operator_at = w->kind == AUTO ? -1 : w->start + 1;
		faults(w);
	}
}

static void
every_world(void)
{
	static const when_t lives[] = {9, 16, LIFE + 6};
	static const unsigned percents[] = {50, 80};
	static const struct {
		when_t lead, overlap, period;
		unsigned count;
	} forms[] = {{12, 0, 1, 999}, {12, 4, 2, 2}, {5, 0, 3, 999}, {5, -2, 1, 2}};
	struct world w = {.policy = {.url = true, .fingerprint = true}};

	for (size_t i = 0; i < COUNT_OF(lives) * COUNT_OF(percents) * COUNT_OF(forms); i++)
		for (w.kind = AUTO; w.kind < KINDS; w.kind++)
			for (w.mood = GRANTS; w.mood < MOODS; w.mood++) {
				size_t form = i % COUNT_OF(forms), k = i / COUNT_OF(forms);

				w.id_life = lives[k % COUNT_OF(lives)];
				w.policy.percent = percents[k / COUNT_OF(lives)];
				w.lead = forms[form].lead;
				w.overlap = forms[form].overlap;
				w.policy.retry_period = forms[form].period;
				w.policy.retry_count = forms[form].count;
				w.policy.auto_enroll = w.kind != TRUST_ONLY;
				w.policy.shadow_only = w.kind == SHADOW_ONLY;
				w.policy.ios_stop_on_reject = w.kind == IOS;
				variants(&w);
			}
}

/* ---- plan_retry against its rule ---- */

struct asked { /* one question to it */
	struct plan_tp_policy policy;
	struct plan_trouble t;
	when_t left; /* until the deadline; 0: that is over */
	when_t dark; /* since then; WHEN_NEVER: it is not */
};

/* Retry-After holds up for no longer than that. */
static when_t
obeyed(const struct asked *a)
{
	when_t most = a->dark != WHEN_NEVER || a->left == 0 ? DAY : 30 * DAY;

	return a->left > 0 ? when_min(most, a->left / 2) : most;
}

static void
check_retry(const struct asked *a)
{
	const struct plan_trouble *t = &a->t;
	struct life l = {
	    .w = &(struct world){.draw = t->draw, .policy = a->policy}, .now = t->tries};
	when_t left = a->left;
	when_t wait = plan_retry(&a->policy, t, t->at + left, a->dark) - t->at;
	when_t dark = t->at - when_min(a->dark, t->at + left); /* for so long */
	when_t most = dark < 0 ? 12 * HOUR : when_min(when_max(dark / 16, 900), 12 * HOUR);
	when_t base = a->policy.retry_period, tenth = when_max(left > 0 ? left / 10 : most, 10);
	bool asked = t->retry_after > t->at;
	bool slow = t->answer == ANSWER_REJECT || t->tries > a->policy.retry_count;

	worlds++;
	for (unsigned i = 1; i < t->tries && base < 30 * DAY; i++)
		base *= 2;
	if (wait < 1 || (left > 0 && wait > left))
		violated("a try is not in the future, or behind the deadline", &l);
	if (!asked && (wait > most || wait > tenth || (left > 1 && wait > left / 2)))
		violated("a wait is longer than a tenth of what is left", &l);
	if (!asked && !slow && (wait * 10 > base * 11))
		violated("a wait is longer than doubling says", &l);
	if (!asked && !slow && base * 11 / 10 <= when_min(tenth, most) &&
	    (left == 0 || base * 11 / 10 <= left / 2) && wait < base * 9 / 10)
		violated("a wait is shorter than doubling says", &l);
	if (!asked && slow && left != 1 &&
	    wait < when_min(when_min(most, tenth), left > 0 ? left / 2 : WHEN_NEVER) * 8 / 10)
		violated("a slow wait is not slow", &l);
	if (asked && wait < when_min(t->retry_after - t->at, obeyed(a)))
		violated("Retry-After is not obeyed", &l);
	if (asked && wait > when_max(most, obeyed(a)))
		violated("Retry-After is obeyed for ever", &l);
	if (asked && wait > when_max(t->retry_after - t->at, most))
		violated("a try is later than both say", &l);
}

/* S69 to S71: the period and its doublings, to the count or the CA's end; Retry-After is obeyed
 * as ours does. */
static void
check_ios(const struct asked *a)
{
	const struct plan_trouble *t = &a->t;
	struct life l = {.w = &(struct world){.policy = a->policy}, .now = t->tries};
	when_t next = plan_retry(&a->policy, t, t->at + a->left, a->dark);
	when_t wait = a->policy.retry_period;

	worlds++;
	for (unsigned i = 2; i < t->tries && wait < 9000 * DAY; i++)
		wait *= 2;
	wait = when_max(wait, when_min(t->retry_after - t->at, obeyed(a)));
	if (t->answer == ANSWER_REJECT || t->tries > a->policy.retry_count || wait >= a->left) {
		if (next != WHEN_NEVER)
			violated("P12 the IOS form goes on", &l);
	} else if (next != t->at + wait) {
		violated("P12 the IOS form waits otherwise", &l);
	}
}

static void
every_retry(void)
{
	static const when_t lefts[] = {0, 1, 2, 9, 19, 99, 100, 101, 599, 600, HOUR, 5 * DAY,
	    90 * DAY, 7305 * DAY},
			    after[] = {0, 1, 30, HOUR, 20 * DAY, 9000 * DAY};
	struct asked a = {.t = {.at = 1444396456}};
	struct plan_trouble *t = &a.t;

	for (a.policy.retry_period = 1; a.policy.retry_period <= HOUR;
	     a.policy.retry_period *= 60)
		for (t->answer = ANSWER_NONE; t->answer <= ANSWER_REJECT; t->answer++)
			for (t->tries = 0; t->tries < 40; t->tries++)
				for (size_t i = 0; i < COUNT_OF(lefts) * COUNT_OF(after); i++)
					for (unsigned draw = 0; draw <= 255; draw += 51) {
						when_t k = after[i % COUNT_OF(after)];

						a.policy.retry_count = t->tries > 20 ? 999 : 5;
						a.left = lefts[i / COUNT_OF(after)];
						t->draw = (uint8_t)draw;
						t->retry_after = k == 0 ? 0 : t->at + k;
						a.dark = WHEN_NEVER;
						check_retry(&a);
						a.dark = t->at - t->tries * 8 * HOUR;
						check_retry(&a);
						a.policy.ios_stop_on_reject = true;
						check_ios(&a);
						a.policy.ios_stop_on_reject = false;
					}
}

/* ---- who is dark ---- */

enum dark { ENDED, ENDED_WITH_ISSUER, LATE, LEFT_BEHIND, LEFT_PENDING, DARKS };

/* P13: who has just become dark asks within a quarter of an hour, but for Retry-After. */
static void
every_dark(void)
{
	static const when_t at = 1444396456;
	struct world w = {.policy = {.url = true, .auto_enroll = true, .percent = 80}};
	struct life l = {.w = &w, .now = at};

	for (enum dark dark = ENDED; dark < DARKS; dark++)
		for (unsigned i = 0; i < 2 * 3 * 60 * 3; i++) {
			struct plan_trouble t = {ANSWER_NONE + i / 2 % 3, at, i / 6 % 60, 0, 0};
			when_t lasts = i / 360 == 0 ? HOUR : i / 360 * 900 * DAY;
			struct plan_tp_facts f = {.clock_trusted = true,
			    .authenticated = true,
			    .caps_known = i % 2 == 0,
			    .caps_next_ca = true,
			    .ca_from = at - 900 * DAY,
			    .ca_until = dark == LATE ? at - 1 : at + lasts,
			    .have_id = dark < LEFT_BEHIND,
			    .id_from = at - 300 * DAY,
			    .id_until = at - 1,
			    .issuer_until = dark == ENDED ? at + lasts : at - 1,
			    .behind = dark >= LEFT_BEHIND,
			    .pending = dark == LEFT_PENDING,
			    .fetch = t,
			    .ask = t};

			w.policy.retry_period = i % 7 < 6 ? MINUTE : DAY;
			w.policy.retry_count = 40;
			if (plan_tp(&w.policy, &f, at).act != TP_NONE ||
			    plan_tp(&w.policy, &f, at + 15 * MINUTE).act == TP_NONE)
				violated("P13 it is dark, and does not ask", &l);
		}
}

int
main(void)
{
	long retries;

	printf("TAP version 13\n1..1\n");
	every_retry();
	every_dark();
	retries = worlds;
	every_world();
	printf("# %ld switches, %ld client seconds with what they should hold, %ld excused\n",
	    switches, kept, excused);
	printf("%sok 1 - P1-P4 P6-P13 hold in %ld worlds, the rule of retries in %ld cases\n",
	    violations == 0 ? "" : "not ", worlds - retries, retries);
	return violations == 0 ? 0 : 1;
}
