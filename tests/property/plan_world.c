/* plan_world.c - the CA's planner in every small world. */
#include <stdlib.h>

#include "plan/plan.h"

/*
 * Seconds are the days of these worlds: each of 14 seconds long at most, every policy, every
 * delay of the signer, every outage. Checked: P1 settles, P2 no early sleep, P3 no busy loop,
 * P4 exact, P7 restart, P11 untrusted clock.
 */
#define END 14

struct world {
	struct plan_ca_policy policy;
	int delay;		     /* instants that the signer takes */
	int off_from, off_until;     /* daemon down */
	int blind_from, blind_until; /* clock without authority */
	when_t revoke_at, request_at;
};

static long worlds, violations;

static void
violated(const char *what, const struct world *w, when_t now)
{
	if (violations++ < 5)
		printf("# %s at %ld: ca=%ld crl=%ld overlap=%ld delay=%d off=%d-%d blind=%d-%d "
		       "revoke=%ld request=%ld\n",
		    what, (long)now, (long)w->policy.lifetime_ca, (long)w->policy.lifetime_crl,
		    (long)w->policy.crl_overlap, w->delay, w->off_from, w->off_until,
		    w->blind_from, w->blind_until, (long)w->revoke_at, (long)w->request_at);
}

/* With these facts, is every instant before the promised one really idle? */
static void
check_sleep(const struct world *w, const struct plan_ca_facts *f, struct plan_ca p, when_t now)
{
	if (p.wake <= now)
		violated("P3 wake is not in the future", w, now);
	for (when_t t = now + 1; t < p.wake && t < 2 * END; t++)
		if (plan_ca(&w->policy, f, t).act != PLAN_NONE)
			violated("P2 something was due before the wake", w, t);
}

struct pending {
	when_t key, cert, ra, archive; /* when they come back */
};
struct coming {
	struct pending active, next;
	when_t crl, crl_from, link, announce;
};

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
deliver(const struct world *w, struct plan_ca_facts *f, struct coming *c, when_t now)
{
	bool had = f->active.have_cert, had_next = f->next.have_cert;

	deliver_one(w, &f->active, &c->active, c->active.cert - w->delay, now);
	deliver_one(w, &f->next, &c->next,
	    plan_next_dates(&w->policy, f->active.cert_until, now).from, now);
	if (f->active.have_cert != had || f->next.have_cert != had_next)
		f->crl_stale = true;
	if (f->busy_crl && now >= c->crl) {
		f->busy_crl = false;
		f->have_crl = true;
		f->crl_signed_at = c->crl_from;
	}
	if (f->busy_links && now >= c->link) {
		f->busy_links = false;
		f->have_links = true;
	}
	if (f->busy_announce && now >= c->announce) {
		f->busy_announce = false;
		f->announced = true;
	}
}

/* At the switch the next generation's facts become the active one's. */
static void
change(const struct world *w, struct plan_ca_facts *f, struct coming *c, when_t now)
{
	if (now < f->active.cert_until)
		violated("INV-05 the switch is early", w, now);
	/* unless it was away for the whole life of the next one */
	if (f->next.cert_from > f->active.cert_until &&
	    f->next.cert_from <
		f->active.cert_until - w->policy.overlap + w->policy.lifetime_ca)
		violated("INV-04 a gap between two CA certificates", w, now);
	f->old_until = plan_old_until(&w->policy, f->active.cert_until);
	f->active = f->next;
	c->active = c->next;
	f->next = (struct plan_generation){0};
	f->announced = f->busy_announce = f->have_links = f->busy_links = false;
	f->crl_stale = true;
}

static void
act(const struct world *w, struct plan_ca_facts *f, struct coming *c, struct plan_ca plan,
    when_t now)
{
	struct plan_generation *g = plan.next ? &f->next : &f->active;
	struct pending *p = plan.next ? &c->next : &c->active;

	switch (plan.act) {
	case PLAN_MAKE_KEY:
		if (plan.next && now < f->active.cert_until - w->policy.rollover)
			violated("TF-01 the next key is early", w, now);
		g->busy_key = true;
		p->key = now + w->delay;
		break;
	case PLAN_MAKE_CERT:
		g->busy_cert = true;
		p->cert = now + w->delay;
		break;
	case PLAN_MAKE_CRL:
		if (f->active.have_cert && now >= f->active.cert_until)
			violated("a list is signed behind the end", w, now);
		f->busy_crl = true;
		f->crl_stale = false;
		c->crl = now + w->delay;
		c->crl_from = now;
		break;
	case PLAN_MAKE_RA:
		if (g->have_ra || !g->have_cert)
			violated("an RA is made twice or before its CA", w, now);
		g->busy_ra = true;
		p->ra = now + 2 * w->delay; /* a key and a signature */
		break;
	case PLAN_ARCHIVE:
		if (g->archived)
			violated("a pair is archived twice", w, now);
		g->busy_archive = true;
		p->archive = now + w->delay;
		break;
	case PLAN_LINK:
		if (f->have_links || f->next.cert_from >= f->active.cert_until)
			violated("KU-07 links are made twice or without overlap", w, now);
		f->busy_links = true;
		c->link = now + w->delay;
		break;
	case PLAN_ANNOUNCE:
		if (!f->have_links && f->next.cert_from < f->active.cert_until)
			violated("KU-02 announced before its links", w, now);
		if (!f->next.archived || !f->next.have_ra || f->announced)
			violated(
			    "INV-03 INV-11 announced before it is durable, or twice", w, now);
		f->busy_announce = true;
		c->announce = now + w->delay;
		break;
	case PLAN_SWITCH:
		change(w, f, c, now);
		break;
	case PLAN_FORGET_OLD:
		if (now < f->old_until)
			violated("TF-14 a replaced key goes early", w, now);
		f->old_until = WHEN_NEVER;
		break;
	case PLAN_EXPIRE_REQUESTS:
		if (now < f->request_expiry)
			violated("a request expires early", w, now);
		f->request_expiry = WHEN_NEVER;
		break;
	case PLAN_EXPIRE_CHALLENGES:
		f->challenge_expiry = WHEN_NEVER;
		break;
	case PLAN_NONE:
		break;
	}
}

/* While nothing disturbs and the signer is at once, all is there to the second. */
static void
check_calm(const struct world *w, const struct plan_ca_facts *f, when_t now)
{
	when_t end = f->active.cert_until;

	if (f->have_crl && now < end &&
	    (now - f->crl_signed_at >= w->policy.lifetime_crl || f->crl_stale))
		violated("P4 the list is late", w, now);
	if (now == 0 && !f->have_crl)
		violated("P4 no list at once", w, now);
	if (!f->active.have_ra)
		violated("P4 no RA at once", w, now);
	if (!f->active.archived)
		violated("P4 no archive at once", w, now);
	if (now >= end)
		violated("INV-06 an ended CA is active", w, now);
	if ((now >= end - w->policy.rollover) != f->announced)
		violated("P4 TF-01 the next CA is early or late", w, now);
	if (f->old_until <= now)
		violated("P4 TF-14 a replaced key is late", w, now);
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

static void
play(const struct world *w)
{
	struct plan_ca_facts f = {.request_expiry = WHEN_NEVER,
	    .challenge_expiry = WHEN_NEVER,
	    .old_until = WHEN_NEVER,
	    .held_until = INT64_MIN,
	    .want_archive = true,
	    .want_ra = true};
	struct coming coming = {0};
	bool calm = w->off_from == w->off_until && w->blind_from == w->blind_until;

	worlds++;
	for (when_t now = 0; now < END; now++) {
		struct plan_ca p;
		int steps = 0;

		if (now >= w->off_from && now < w->off_until) {
			forget(&f);
			continue;
		}
		f.clock_trusted = now < w->blind_from || now >= w->blind_until;
		deliver(w, &f, &coming, now);
		if (now == w->revoke_at && f.active.have_cert)
			f.crl_stale = true;
		if (now == w->request_at)
			f.request_expiry = now + w->policy.lifetime_request;
		while ((p = plan_ca(&w->policy, &f, now)).act != PLAN_NONE) {
			if (!f.clock_trusted || w->policy.shutdown)
				violated("P11 something is done without authority", w, now);
			act(w, &f, &coming, p, now);
			deliver(w, &f, &coming, now);
			if (++steps > 30) {
				violated("P1 the plan does not settle", w, now);
				break;
			}
		}
		check_sleep(w, &f, p, now);
		if (!f.clock_trusted && p.wake != WHEN_NEVER)
			violated("P11 a timer runs without authority", w, now);
		if (calm && w->delay == 0 && !w->policy.shutdown)
			check_calm(w, &f, now);
		if (p.state == STATE_RUNNING && !f.active.have_ra)
			violated("it runs without the RA", w, now);
		if (now >= w->request_at + w->policy.lifetime_request && f.clock_trusted &&
		    !w->policy.shutdown && f.request_expiry != WHEN_NEVER)
			violated("P4 a request outlives its time", w, now);
	}
}

static void
outages(struct world *w)
{
	for (w->off_from = 0; w->off_from < 6; w->off_from += 2)
		for (w->off_until = w->off_from; w->off_until < 9; w->off_until += 4)
			for (w->blind_from = 0; w->blind_from < 6; w->blind_from += 3)
				for (w->blind_until = w->blind_from; w->blind_until < 8;
				     w->blind_until += 3)
					for (w->revoke_at = 1; w->revoke_at < END;
					     w->revoke_at += 3)
						for (w->request_at = 0; w->request_at < 9;
						     w->request_at += 4)
							play(w);
}

int
main(void)
{
	struct world w = {.policy = {.lifetime_cert = 4, .auto_rollover = true, .rollover = 2}};

	printf("TAP version 13\n1..1\n");
	for (w.policy.lifetime_ca = 5; w.policy.lifetime_ca <= 11; w.policy.lifetime_ca += 3)
		for (w.policy.lifetime_crl = 1; w.policy.lifetime_crl <= 4;
		     w.policy.lifetime_crl++)
			for (w.policy.overlap = 0; w.policy.overlap <= 2; w.policy.overlap += 1)
				for (w.policy.lifetime_request = 1;
				     w.policy.lifetime_request <= 3;
				     w.policy.lifetime_request += 2)
					for (w.delay = 0; w.delay <= 2; w.delay++)
						for (int down = 0; down <= 1; down++) {
							w.policy.shutdown = down != 0;
							outages(&w);
						}
	printf("%sok 1 - P1 P2 P3 P4 P11 hold in %ld worlds\n", violations == 0 ? "" : "not ",
	    worlds);
	return violations == 0 ? 0 : 1;
}
