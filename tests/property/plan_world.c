/* plan_world.c - the CA's planner in every small world. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

/*
 * Seconds are the days of these worlds: each of 16 seconds, every policy in the ranges of
 * main, rollover by itself or by hand, every delay of the signer, every outage of the daemon
 * and of its clock, and who looks behind time. The properties are numbered as those of a
 * trustpoint (plan_tp_world.c, which has P9 and P12 too).
 */
#define END 16

enum property { P1, P2, P3, P4, P5, P6, P7, P8, P10, P11, PROPERTIES };
static const char *const says[PROPERTIES] = {
    [P1] = "P1 at one instant it asks for little, and for nothing twice",
    [P2] = "P2 nothing is due before the instant that it names",
    [P3] = "P3 that instant lies in the future",
    [P4] = "P4 TF-01 TF-14 undisturbed each step comes to the second, and none ever early",
    [P5] = "P5 a lead longer than outage and delay: a live CA, with its RA and list, at each "
	   "second",
    [P6] = "P6 INV-03 INV-04 INV-05 INV-06 INV-11 KU-02 one is active, the next begins with "
	   "its end, shown only when durable",
    [P7] = "P7 a copy of the facts plans the same",
    [P8] = "P8 whatever came late or was down, the end is the same",
    [P10] = "P10 no signature behind the end of its CA or before its start",
    [P11] = "P11 without authority or shut down nothing is done",
};

enum slow { SLOW_RA, SLOW_ARCHIVE, SLOW_LINKS }; /* takes twice as long */

struct world {
	struct plan_ca_policy policy;
	when_t asked_at; /* without auto_rollover: by hand, at the first look from then on */
	int delay;	 /* instants that the signer takes */
	enum slow slow;
	int late; /* and that each look comes behind the instant that was named */
	when_t off_from, off_until;	/* daemon down */
	when_t blind_from, blind_until; /* clock without authority */
	when_t revoke_at, request_at;
};

struct pending {
	when_t key, cert, ra, archive; /* when they come back */
};
struct coming {
	struct pending active, next;
	when_t crl, crl_from, link, announce;
};

/* What happens in one. */
struct life {
	const struct world *w;
	struct plan_ca_facts f;
	struct coming coming;
	when_t now, look_at;
	when_t born;	 /* the first CA */
	int generation;	 /* number of the active one */
	when_t due;	 /* the next one, as it was seen; WHEN_NEVER: not yet */
	int undisturbed; /* instants since, before the end of the active one */
	bool ran;	 /* the active one has had all that belongs to it */
	bool away;	 /* for the whole life of a next one: that has other dates */
};

static long worlds, violations;
static struct {
	long asked, broken;
} tally[PROPERTIES];

static void
hold(enum property p, bool holds, const char *what, const struct life *l)
{
	const struct world *w = l->w;

	tally[p].asked++;
	if (holds)
		return;
	tally[p].broken++;
	if (violations++ < 5)
		printf("# %.3s: %s at %ld: ca=%ld crl=%ld overlap=%ld rollover=%ld request=%ld "
		       "delay=%d slow=%d late=%d off=%ld-%ld blind=%ld-%ld revoke=%ld "
		       "requested=%ld\n",
		    says[p], what, (long)l->now, (long)w->policy.lifetime_ca,
		    (long)w->policy.lifetime_crl, (long)w->policy.overlap,
		    w->policy.auto_rollover ? (long)w->policy.rollover : -(long)w->asked_at,
		    (long)w->policy.lifetime_request, w->delay, (int)w->slow, w->late,
		    (long)w->off_from, (long)w->off_until, (long)w->blind_from,
		    (long)w->blind_until, (long)w->revoke_at, (long)w->request_at);
}

static bool
calm(const struct world *w)
{
	return w->off_from == w->off_until && w->blind_from == w->blind_until && w->late == 0;
}

static bool
within(when_t from, when_t until, when_t t)
{
	return t >= from && t < until;
}

/* ---- the signer ---- */

static void
deliver_one(const struct world *w, struct plan_generation *g, const struct pending *p,
    when_t from, when_t now)
{
	if (g->busy_key && now >= p->key) {
		g->busy_key = false;
		g->have_key = true;
	}
	if (g->busy_cert && now >= p->cert) {
		g->busy_cert = false;
		g->have_cert = true;
		g->cert_from = from;
		g->cert_until = from + w->policy.lifetime_ca;
	}
	if (g->busy_ra && now >= p->ra) {
		g->busy_ra = false;
		g->have_ra = true;
	}
	if (g->busy_archive && now >= p->archive) {
		g->busy_archive = false;
		g->archived = true;
	}
}

static void
deliver(struct life *l)
{
	const struct world *w = l->w;
	struct plan_ca_facts *f = &l->f;
	struct coming *c = &l->coming;
	bool had = f->active.have_cert, had_next = f->next.have_cert;

	deliver_one(w, &f->active, &c->active, c->active.cert - w->delay, l->now);
	deliver_one(w, &f->next, &c->next,
	    plan_next_dates(&w->policy, f->active.cert_until, l->now).from, l->now);
	if (f->next.have_key)
		f->rollover_asked = false; /* what was begun goes on without it */
	if (f->active.have_cert && !had)
		l->born = f->active.cert_from;
	if (f->next.have_cert && !had_next &&
	    l->now >= f->active.cert_until - w->policy.overlap + w->policy.lifetime_ca)
		l->away = true;
	if (f->active.have_cert != had || f->next.have_cert != had_next)
		f->crl_stale = true;
	if (f->busy_crl && l->now >= c->crl) {
		f->busy_crl = false;
		f->have_crl = true;
		f->crl_signed_at = c->crl_from;
	}
	if (f->busy_links && l->now >= c->link) {
		f->busy_links = false;
		f->have_links = true;
	}
	if (f->busy_announce && l->now >= c->announce) {
		f->busy_announce = false;
		f->announced = true;
	}
}

/* Down: what the signer held is forgotten, facts of the store stay. */
static void
forget(struct plan_ca_facts *f)
{
	struct plan_generation *const both[] = {&f->active, &f->next};

	for (size_t i = 0; i < COUNT_OF(both); i++)
		both[i]->busy_key = both[i]->busy_cert = both[i]->busy_ra =
		    both[i]->busy_archive = false;
	if (f->busy_crl)
		f->crl_stale = true;
	f->busy_crl = f->busy_announce = f->busy_links = false;
}

/* When does the first of what is under way come back? */
static when_t
comes_back(const struct life *l)
{
	const struct plan_ca_facts *f = &l->f;
	const struct coming *c = &l->coming;
	const struct {
		bool busy;
		when_t at;
	} all[] = {{f->active.busy_key, c->active.key}, {f->active.busy_cert, c->active.cert},
	    {f->active.busy_ra, c->active.ra}, {f->active.busy_archive, c->active.archive},
	    {f->next.busy_key, c->next.key}, {f->next.busy_cert, c->next.cert},
	    {f->next.busy_ra, c->next.ra}, {f->next.busy_archive, c->next.archive},
	    {f->busy_crl, c->crl}, {f->busy_links, c->link}, {f->busy_announce, c->announce}};
	when_t first = WHEN_NEVER;

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].busy)
			first = when_min(first, all[i].at);
	return first;
}

/* ---- what may be done ---- */

/* At the switch the next generation's facts become the active one's. */
static void
change(struct life *l)
{
	struct plan_ca_facts *f = &l->f;
	const struct world *w = l->w;

	hold(P6, l->now >= f->active.cert_until, "the switch is early", l);
	hold(P6, l->away || f->next.cert_from == f->active.cert_until - w->policy.overlap,
	    "the next one does not begin with the end of the active one", l);
	l->ran = l->ran && f->announced;
	f->old_until = plan_old_until(&w->policy, f->active.cert_until);
	f->active = f->next;
	l->coming.active = l->coming.next;
	f->next = (struct plan_generation){0};
	f->announced = f->busy_announce = f->have_links = f->busy_links = false;
	f->crl_stale = true;
	l->generation++;
	l->due = WHEN_NEVER;
	l->undisturbed = 0;
}

static void
check_act(const struct life *l, const struct plan_ca *plan)
{
	const struct plan_ca_facts *f = &l->f;
	const struct plan_generation *g = plan->next ? &f->next : &f->active;
	const struct world *w = l->w;
	bool overlaps = f->next.cert_from < f->active.cert_until;

	hold(P11, f->clock_trusted && !w->policy.shutdown, "something is done", l);
	switch (plan->act) {
	case PLAN_MAKE_KEY:
		hold(P1, !g->have_key && !g->busy_key, "a key is made twice", l);
		hold(P4, !plan->next || l->now >= l->due, "the next key is early", l);
		break;
	case PLAN_MAKE_CERT:
		hold(P1, !g->have_cert && !g->busy_cert, "a certificate is made twice", l);
		break;
	case PLAN_MAKE_CRL:
		hold(P1, !f->busy_crl, "a list is made twice", l);
		hold(P10, within(f->active.cert_from, f->active.cert_until, l->now),
		    "a list is signed outside of its CA's life", l);
		break;
	case PLAN_MAKE_RA:
		hold(P1, !g->have_ra && !g->busy_ra && g->have_cert,
		    "an RA is made twice or before its CA", l);
		break;
	case PLAN_ARCHIVE:
		hold(P1, !g->archived && !g->busy_archive, "a pair is archived twice", l);
		break;
	case PLAN_LINK:
		hold(P1, !f->have_links && !f->busy_links && overlaps,
		    "KU-07 links are made twice or without overlap", l);
		break;
	case PLAN_ANNOUNCE:
		hold(P1, !f->announced && !f->busy_announce, "announced twice", l);
		hold(P6, f->have_links || !overlaps, "announced before its links", l);
		hold(P6, f->next.archived && f->next.have_ra && f->have_crl && !f->busy_crl,
		    "announced before it is durable", l);
		break;
	case PLAN_FORGET_OLD:
		hold(P4, l->now >= f->old_until, "a replaced key goes early", l);
		break;
	case PLAN_EXPIRE_REQUESTS:
		hold(P4, l->now >= f->request_expiry, "a request expires early", l);
		break;
	case PLAN_SWITCH:
	case PLAN_EXPIRE_CHALLENGES:
	case PLAN_NONE:
		break;
	}
}

static void
act(struct life *l, const struct plan_ca *plan)
{
	struct plan_ca_facts *f = &l->f;
	struct coming *c = &l->coming;
	struct plan_generation *g = plan->next ? &f->next : &f->active;
	struct pending *p = plan->next ? &c->next : &c->active;
	when_t back = l->now + l->w->delay;
	enum slow slow = l->w->slow;

	switch (plan->act) {
	case PLAN_MAKE_KEY:
		g->busy_key = true;
		p->key = back;
		break;
	case PLAN_MAKE_CERT:
		g->busy_cert = true;
		p->cert = back;
		break;
	case PLAN_MAKE_CRL:
		f->busy_crl = true;
		f->crl_stale = false;
		c->crl = back;
		c->crl_from = l->now;
		break;
	case PLAN_MAKE_RA:
		g->busy_ra = true;
		p->ra = back + (slow == SLOW_RA ? l->w->delay : 0);
		break;
	case PLAN_ARCHIVE:
		g->busy_archive = true;
		p->archive = back + (slow == SLOW_ARCHIVE ? l->w->delay : 0);
		break;
	case PLAN_LINK:
		f->busy_links = true;
		c->link = back + (slow == SLOW_LINKS ? l->w->delay : 0);
		break;
	case PLAN_ANNOUNCE:
		f->busy_announce = true;
		c->announce = back;
		break;
	case PLAN_SWITCH:
		change(l);
		break;
	case PLAN_FORGET_OLD:
		f->old_until = WHEN_NEVER;
		break;
	case PLAN_EXPIRE_REQUESTS:
		f->request_expiry = WHEN_NEVER;
		break;
	case PLAN_EXPIRE_CHALLENGES:
		f->challenge_expiry = WHEN_NEVER;
		break;
	case PLAN_NONE:
		break;
	}
}

/* ---- what must hold ---- */

/* Facts are all that it knows: a copy of them elsewhere has the same answer. */
static struct plan_ca
plan_of(const struct life *l)
{
	struct plan_ca_facts copy = l->f;
	struct plan_ca p = plan_ca(&l->w->policy, &l->f, l->now);
	struct plan_ca q = plan_ca(&l->w->policy, &copy, l->now);

	hold(P7, p.act == q.act && p.next == q.next && p.wake == q.wake && p.state == q.state,
	    "a copy plans otherwise", l);
	return p;
}

/* With these facts, is every instant before the promised one really idle? */
static void
check_sleep(const struct life *l, const struct plan_ca *p)
{
	hold(P3, p->wake > l->now, "the wake is not in the future", l);
	for (when_t t = l->now + 1; t < p->wake && t <= END; t++)
		hold(P2, plan_ca(&l->w->policy, &l->f, t).act == PLAN_NONE,
		    "something was due before the wake", l);
}

/* While nothing disturbs and the signer is at once, all is there to the second. */
static void
check_calm(const struct life *l)
{
	const struct plan_ca_facts *f = &l->f;
	const struct plan_ca_policy *p = &l->w->policy;
	when_t end = f->active.cert_until;
	bool begun = p->auto_rollover ? l->now >= end - p->rollover
				      : l->generation == 1 && l->now >= l->w->asked_at;

	if (l->now >= end) { /* by hand there is one rollover */
		hold(P4, !p->auto_rollover && l->generation == 2, "an ended CA is active", l);
		return;
	}
	hold(P4, f->have_crl && !f->crl_stale && l->now - f->crl_signed_at < p->lifetime_crl,
	    "the list is late", l);
	hold(P4, f->active.have_ra && f->active.archived, "no RA or no archive at once", l);
	hold(P4, begun == f->announced, "the next CA is early or late", l);
	hold(P4, f->old_until > l->now, "a replaced key is late", l);
}

/*
 * What a lead must be longer than, beside outages: key, certificate, the slow step (two) with
 * all others beside it, announcement; the slow step once more when a restart lost it. Lists
 * that are due before they are signed leave no room.
 */
static bool
had_time(const struct life *l)
{
	const struct world *w = l->w;
	int steps = w->off_from == w->off_until ? 5 : 7;

	return w->policy.lifetime_crl > w->delay && l->undisturbed > steps * w->delay;
}

/* Whether something stands in the way or not: at each second. */
static void
check_continuity(struct life *l)
{
	const struct plan_ca_facts *f = &l->f;
	const struct plan_generation *a = &f->active, *n = &f->next;

	if (!a->have_cert)
		return;
	l->ran |= a->have_ra && a->archived && f->have_crl;
	if (l->now < a->cert_until) {
		if (l->ran)
			hold(P5,
			    l->now >= a->cert_from && a->have_ra && a->archived && f->have_crl,
			    "the active CA is not whole", l);
	} else if (had_time(l) && !(n->have_cert && l->now >= n->cert_until)) {
		hold(P5,
		    n->have_cert && l->now >= n->cert_from && n->have_ra && n->archived &&
			f->announced,
		    "the active CA has ended, and none takes its place", l);
	}
}

/* What would be signed now: by the active CA, and by the next one for who follows. */
static void
check_dates(const struct life *l)
{
	const struct plan_ca_facts *f = &l->f;
	const struct plan_ca_policy *p = &l->w->policy;
	when_t from, until;

	hold(P6, !f->next.have_cert || l->now < f->active.cert_until,
	    "the active one has ended, the next one stands by", l);
	if (f->active.have_cert && l->now < f->active.cert_until) {
		until = plan_cert_until(p, f->active.cert_until, l->now);
		hold(P10,
		    l->now >= f->active.cert_from && until > l->now &&
			until <= f->active.cert_until,
		    "a client's certificate lies outside of its CA's life", l);
		hold(P10,
		    plan_crl_next(p, f->active.cert_until, l->now) <= f->active.cert_until,
		    "a list outlives its CA", l);
	}
	if (f->announced) {
		from = when_max(l->now, f->next.cert_from);
		until = plan_cert_until(p, f->next.cert_until, from);
		hold(P10,
		    from >= f->active.cert_until - p->overlap && until > from &&
			until <= f->next.cert_until,
		    "a shadow certificate lies outside of its CA's life", l);
	}
}

/* ---- a life ---- */

/* From the first instant at which somebody looks the next one is due. */
static void
see_due(struct life *l)
{
	const struct world *w = l->w;
	struct plan_ca_facts *f = &l->f;

	if (l->due != WHEN_NEVER)
		return;
	if (w->policy.auto_rollover && f->active.have_cert) {
		l->due = f->active.cert_until - w->policy.rollover;
	} else if (!w->policy.auto_rollover && l->generation == 1 && l->now >= w->asked_at) {
		f->rollover_asked = true;
		l->due = l->now;
	}
}

static struct plan_ca
settle(struct life *l)
{
	struct plan_ca p;
	int steps = 0;

	deliver(l);
	see_due(l);
	while ((p = plan_of(l)).act != PLAN_NONE) {
		check_act(l, &p);
		act(l, &p);
		deliver(l);
		see_due(l);
		if (++steps > 30)
			break;
	}
	hold(P1, steps <= 30, "the plan does not settle", l);
	return p;
}

static void
look(struct life *l)
{
	const struct world *w = l->w;
	struct plan_ca_facts *f = &l->f;
	struct plan_ca p;

	if (l->now == w->revoke_at && f->active.have_cert)
		f->crl_stale = true;
	if (l->now == w->request_at)
		f->request_expiry = l->now + w->policy.lifetime_request;
	p = settle(l);
	if (within(l->due, f->active.cert_until, l->now) && f->clock_trusted)
		l->undisturbed++;
	l->look_at = when_add(when_min(p.wake, comes_back(l)), w->late);
	check_sleep(l, &p);
	hold(P11, f->clock_trusted || p.wake == WHEN_NEVER, "a timer runs", l);
	if (w->policy.shutdown || !f->clock_trusted)
		return;
	if (calm(w) && w->delay == 0)
		check_calm(l);
	check_dates(l);
	hold(P4, p.state != STATE_RUNNING || f->active.have_ra, "it runs without the RA", l);
	hold(P4,
	    w->late > 0 || l->now < w->request_at + w->policy.lifetime_request ||
		f->request_expiry == WHEN_NEVER,
	    "a request outlives its time", l);
}

static bool
happens(const struct world *w, when_t now)
{
	return now == 0 || now == w->revoke_at || now == w->request_at ||
	       now == w->blind_until || now == w->off_until ||
	       (!w->policy.auto_rollover && now == w->asked_at);
}

/* To the end; then all comes back and is done that can be. */
static void
play(const struct world *w, struct life *l)
{
	struct world last = *w;

	*l = (struct life){.w = w,
	    .f = {.request_expiry = WHEN_NEVER,
		.challenge_expiry = WHEN_NEVER,
		.old_until = WHEN_NEVER,
		.held_until = INT64_MIN,
		.want_archive = true,
		.want_ra = true},
	    .generation = 1,
	    .due = WHEN_NEVER,
	    .born = WHEN_NEVER};
	worlds++;
	for (l->now = 0; l->now < END; l->now++) {
		l->f.clock_trusted = !within(w->blind_from, w->blind_until, l->now);
		if (within(w->off_from, w->off_until, l->now))
			forget(&l->f);
		else if (w->late == 0 || l->now >= l->look_at || happens(w, l->now))
			look(l);
		check_continuity(l);
	}
	last.delay = 0;
	l->w = &last;
	l->f.clock_trusted = true;
	forget(&l->f);
	(void)settle(l);
	l->w = w;
}

static bool
same_dates(const struct plan_generation *a, const struct plan_generation *b)
{
	return a->have_cert == b->have_cert && a->cert_from == b->cert_from &&
	       a->cert_until == b->cert_until;
}

static bool
same_growth(const struct plan_generation *a, const struct plan_generation *b)
{
	return a->have_key == b->have_key && a->have_ra == b->have_ra &&
	       a->archived == b->archived;
}

/* All but the date of the list. Who was born at another instant has other dates; a CA that has
 * ended by hand gets nothing more. */
static void
check_end(const struct life *l, const struct life *undisturbed)
{
	const struct plan_ca_facts *a = &l->f, *b = &undisturbed->f;

	if (l->born != undisturbed->born || l->away)
		return;
	hold(P8,
	    l->generation == undisturbed->generation && same_dates(&a->active, &b->active) &&
		same_dates(&a->next, &b->next) && a->old_until == b->old_until &&
		a->request_expiry == b->request_expiry,
	    "it ends in another generation, or with something to clear away", l);
	if (END >= a->active.cert_until)
		return;
	hold(P8,
	    same_growth(&a->active, &b->active) && same_growth(&a->next, &b->next) &&
		a->have_crl && a->crl_stale == b->crl_stale && a->have_links == b->have_links &&
		a->announced == b->announced && a->rollover_asked == b->rollover_asked,
	    "it ends with something undone", l);
}

/* ---- every world ---- */

static void
disturbances(struct world *w)
{
	static const struct {
		when_t from, until;
	} off[] = {{0, 0}, {0, 1}, {0, 4}, {0, 8}, {2, 3}, {2, 6}, {2, 10}, {4, 5}, {4, 8},
	    {4, 12}, {6, 7}, {6, 10}, {6, 14}},
	  blind[] = {{0, 0}, {0, 3}, {0, 6}, {4, 7}, {4, 10}, {10, 13}, {10, 16}};
	struct life undisturbed = {0}, l;

	for (w->late = 0; w->late <= 2; w->late += 2)
		for (size_t i = 0; i < COUNT_OF(off); i++)
			for (size_t k = 0; k < COUNT_OF(blind); k++) {
				w->off_from = off[i].from;
				w->off_until = off[i].until;
				w->blind_from = blind[k].from;
				w->blind_until = blind[k].until;
				play(w, &l);
				if (calm(w))
					undisturbed = l; /* the first of them */
				check_end(&l, &undisturbed);
			}
}

static void
events(struct world *w)
{
	static const struct {
		when_t revoke_at, request_at, lifetime_request;
		enum slow slow;
	} all[] = {{1, 0, 1, SLOW_RA}, {4, 4, 3, SLOW_ARCHIVE}, {7, 8, 1, SLOW_LINKS},
	    {10, 4, 1, SLOW_ARCHIVE}, {13, 0, 3, SLOW_RA}};
	struct life l;

	for (size_t i = 0; i < COUNT_OF(all) && violations == 0; i++) {
		w->revoke_at = all[i].revoke_at;
		w->request_at = all[i].request_at;
		w->policy.lifetime_request = all[i].lifetime_request;
		w->slow = all[i].slow;
		w->policy.shutdown = true;
		play(w, &l);
		w->policy.shutdown = false;
		disturbances(w);
	}
}

/* By hand, or that long before the end. */
static void
rollovers(struct world *w)
{
	static const when_t rollover[] = {0, 1, 2, 5, 10};

	w->asked_at = 3;
	for (size_t i = 0; i < COUNT_OF(rollover); i++) {
		if (rollover[i] >= w->policy.lifetime_ca)
			continue; /* TF-01 refuses it */
		w->policy.rollover = rollover[i];
		w->policy.auto_rollover = rollover[i] > 0;
		for (w->delay = 0; w->delay <= 2; w->delay++)
			events(w);
	}
}

int
main(void)
{
	struct world w = {.policy = {.lifetime_cert = 4}};

	printf("TAP version 13\n1..%d\n", PROPERTIES);
	for (w.policy.lifetime_ca = 5; w.policy.lifetime_ca <= 11; w.policy.lifetime_ca += 3)
		for (w.policy.lifetime_crl = 1; w.policy.lifetime_crl <= 4;
		     w.policy.lifetime_crl *= 2)
			for (w.policy.overlap = 0; w.policy.overlap <= 2; w.policy.overlap++)
				rollovers(&w);
	printf("# %ld worlds\n", worlds);
	for (size_t i = 0; i < PROPERTIES; i++)
		printf("%sok %zu - %s (asked %ld times)\n",
		    tally[i].asked > 0 && tally[i].broken == 0 ? "" : "not ", i + 1, says[i],
		    tally[i].asked);
	return violations == 0 ? 0 : 1;
}
