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
	when_t key, cert, crl, crl_from, ra, archive;
};

static void
deliver(const struct world *w, struct plan_ca_facts *f, struct pending *p, when_t now)
{
	if (f->busy_key && now >= p->key) {
		f->busy_key = false;
		f->have_key = true;
	}
	if (f->busy_cert && now >= p->cert) {
		f->busy_cert = false;
		f->have_cert = true;
		f->cert_from = p->cert - w->delay;
		f->cert_until = f->cert_from + w->policy.lifetime_ca;
	}
	if (f->busy_ra && now >= p->ra) {
		f->busy_ra = false;
		f->have_ra = true;
	}
	if (f->busy_archive && now >= p->archive) {
		f->busy_archive = false;
		f->archived = true;
	}
	if (f->busy_crl && now >= p->crl) {
		f->busy_crl = false;
		f->have_crl = true;
		f->crl_signed_at = p->crl_from;
	}
}

static void
act(const struct world *w, struct plan_ca_facts *f, struct pending *p, enum plan_act what,
    when_t now)
{
	switch (what) {
	case PLAN_MAKE_KEY:
		f->busy_key = true;
		p->key = now + w->delay;
		break;
	case PLAN_MAKE_CERT:
		f->busy_cert = true;
		p->cert = now + w->delay;
		break;
	case PLAN_MAKE_CRL:
		if (f->have_cert && now >= f->cert_until)
			violated("a list is signed behind the end", w, now);
		f->busy_crl = true;
		f->crl_stale = false;
		p->crl = now + w->delay;
		p->crl_from = now;
		break;
	case PLAN_MAKE_RA:
		if (f->have_ra || !f->have_cert)
			violated("an RA is made twice or before its CA", w, now);
		f->busy_ra = true;
		p->ra = now + 2 * w->delay; /* a key and a signature */
		break;
	case PLAN_ARCHIVE:
		if (f->archived)
			violated("a pair is archived twice", w, now);
		f->busy_archive = true;
		p->archive = now + w->delay;
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

static void
play(const struct world *w)
{
	struct plan_ca_facts f = {.request_expiry = WHEN_NEVER,
	    .challenge_expiry = WHEN_NEVER,
	    .held_until = INT64_MIN,
	    .want_archive = true,
	    .want_ra = true};
	struct pending pending = {0};
	bool calm = w->off_from == w->off_until && w->blind_from == w->blind_until;

	worlds++;
	for (when_t now = 0; now < END; now++) {
		struct plan_ca p;
		int steps = 0;

		if (now >= w->off_from && now < w->off_until) {
			/* Down: what the signer held is forgotten, facts of the store stay. */
			f.busy_key = f.busy_cert = f.busy_crl = f.busy_ra = f.busy_archive =
			    false;
			continue;
		}
		f.clock_trusted = now < w->blind_from || now >= w->blind_until;
		deliver(w, &f, &pending, now);
		if (now == w->revoke_at && f.have_cert)
			f.crl_stale = true;
		if (now == w->request_at)
			f.request_expiry = now + w->policy.lifetime_request;
		while ((p = plan_ca(&w->policy, &f, now)).act != PLAN_NONE) {
			if (!f.clock_trusted || w->policy.shutdown)
				violated("P11 something is done without authority", w, now);
			act(w, &f, &pending, p.act, now);
			deliver(w, &f, &pending, now);
			if (++steps > 6) {
				violated("P1 the plan does not settle", w, now);
				break;
			}
		}
		check_sleep(w, &f, p, now);
		if (!f.clock_trusted && p.wake != WHEN_NEVER)
			violated("P11 a timer runs without authority", w, now);
		/* P4: while nothing disturbs, the list is never older than its period, and
		 * fresh after a revocation. */
		if (calm && w->delay == 0 && f.have_crl && now < f.cert_until &&
		    (now - f.crl_signed_at >= w->policy.lifetime_crl || f.crl_stale))
			violated("P4 the list is late", w, now);
		if (calm && w->delay == 0 && now == 0 && !w->policy.shutdown && !f.have_crl)
			violated("P4 no list at once", w, now);
		if (calm && w->delay == 0 && !w->policy.shutdown && !f.have_ra)
			violated("P4 no RA at once", w, now);
		if (p.state == STATE_RUNNING && !f.have_ra)
			violated("it runs without the RA", w, now);
		if (calm && w->delay == 0 && !w->policy.shutdown && !f.archived)
			violated("P4 no archive at once", w, now);
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
	struct world w = {.policy.lifetime_cert = 4};

	for (w.policy.lifetime_ca = 5; w.policy.lifetime_ca <= 11; w.policy.lifetime_ca += 3)
		for (w.policy.lifetime_crl = 1; w.policy.lifetime_crl <= 4;
		     w.policy.lifetime_crl++)
			for (w.policy.crl_overlap = 0; w.policy.crl_overlap <= 2;
			     w.policy.crl_overlap += 2)
				for (w.policy.lifetime_request = 1;
				     w.policy.lifetime_request <= 3;
				     w.policy.lifetime_request += 2)
					for (w.delay = 0; w.delay <= 2; w.delay++)
						for (int down = 0; down <= 1; down++) {
							w.policy.shutdown = down != 0;
							outages(&w);
						}
	printf("TAP version 13\n1..1\n%sok 1 - P1 P2 P3 P4 P11 hold in %ld worlds\n",
	    violations == 0 ? "" : "not ", worlds);
	return violations == 0 ? 0 : 1;
}
