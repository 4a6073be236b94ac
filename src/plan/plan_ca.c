/* plan_ca.c - what is due for a CA. */
#include "plan/plan.h"

when_t
plan_crl_next(const struct plan_ca_policy *p, when_t cert_until, when_t now)
{
	return when_min(when_add(when_add(now, p->lifetime_crl), p->crl_overlap), cert_until);
}

when_t
plan_cert_until(const struct plan_ca_policy *p, when_t ca_until, when_t from)
{
	return when_min(when_add(from, p->lifetime_cert), ca_until);
}

when_t
plan_balance(const struct plan_ca_policy *p, when_t from, when_t until)
{
	when_t had = until - from, least = when_max(p->lifetime_cert / 10, 3 * MINUTE);

	if (had >= p->lifetime_cert)
		return p->lifetime_cert;
	return when_max(p->lifetime_cert - had, least);
}

struct plan_dates
plan_next_dates(const struct plan_ca_policy *p, when_t until, when_t now)
{
	when_t from = when_add(until, -p->overlap);

	if (when_add(from, p->lifetime_ca) <= now)
		from = now;
	return (struct plan_dates){from, when_add(from, p->lifetime_ca)};
}

when_t
plan_old_until(const struct plan_ca_policy *p, when_t switched_at)
{
	return when_add(switched_at, when_max(p->lifetime_request, p->late));
}

static when_t
crl_due(const struct plan_ca_policy *p, const struct plan_ca_facts *f)
{
	return f->have_crl && !f->crl_stale ? when_add(f->crl_signed_at, p->lifetime_crl)
					    : INT64_MIN;
}

/* By itself: that long before the end, but not at once when it was cancelled. */
static when_t
rollover_at(const struct plan_ca_policy *p, const struct plan_ca_facts *f)
{
	return when_max(when_add(f->active.cert_until, -p->rollover), f->rollover_from);
}

/* Once begun it goes on, whatever the configuration says since. */
when_t
plan_rollover_due(const struct plan_ca_policy *p, const struct plan_ca_facts *f)
{
	if (f->rollover_asked || f->next.have_key || f->next.busy_key)
		return INT64_MIN;
	return p->auto_rollover ? rollover_at(p, f) : WHEN_NEVER;
}

static enum plan_state
state_of(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	if (p->shutdown)
		return STATE_SHUTDOWN;
	if (!f->clock_trusted)
		return STATE_NO_CLOCK;
	if (f->active.have_cert && now >= f->active.cert_until)
		return STATE_EXPIRED;
	if (now < f->held_until)
		return STATE_HELD;
	return f->active.have_cert && f->have_crl && (f->active.have_ra || !f->want_ra)
		   ? STATE_RUNNING
		   : STATE_STARTING;
}

/* From nothing to a certificate; PLAN_NONE while a step is under way. */
static enum plan_act
birth(const struct plan_generation *g)
{
	if (!g->have_key)
		return g->busy_key ? PLAN_NONE : PLAN_MAKE_KEY;
	return g->busy_cert ? PLAN_NONE : PLAN_MAKE_CERT;
}

/* What belongs to a certificate. */
static enum plan_act
growth(const struct plan_ca_facts *f, const struct plan_generation *g)
{
	if (f->want_ra && !g->have_ra && !g->busy_ra)
		return PLAN_MAKE_RA;
	if (f->want_archive && !g->archived && !g->busy_archive)
		return PLAN_ARCHIVE;
	return PLAN_NONE;
}

static bool
linked(const struct plan_ca_facts *f)
{
	return f->have_links || f->next.cert_from >= f->active.cert_until;
}

/* Is the next generation ready to be shown? Linked, archived, with its RA and a list: one that
 * is due came before this.
 */
static bool
grown(const struct plan_ca_facts *f)
{
	return linked(f) && (f->next.have_ra || !f->want_ra) &&
	       (f->next.archived || !f->want_archive) && !f->busy_crl;
}

/* The active generation's steps come first; PLAN_NONE while one is under way or all are done.
 */
static enum plan_act
next_step(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now, bool *next)
{
	bool alive = now < f->active.cert_until;
	enum plan_act act;

	*next = false;
	if (!f->active.have_cert)
		return birth(&f->active);
	if (alive && !f->busy_crl && now >= f->active.cert_from && now >= crl_due(p, f))
		return PLAN_MAKE_CRL;
	act = alive ? growth(f, &f->active) : PLAN_NONE;
	if (act != PLAN_NONE || now < plan_rollover_due(p, f))
		return act;
	*next = true;
	if (!f->next.have_cert)
		return birth(&f->next);
	act = growth(f, &f->next);
	if (act == PLAN_NONE && !linked(f) && !f->busy_links)
		act = PLAN_LINK;
	if (act != PLAN_NONE)
		return act;
	return grown(f) && !f->announced && !f->busy_announce ? PLAN_ANNOUNCE : PLAN_NONE;
}

/* When, with nothing due now, could something be? */
static when_t
wake_of(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	bool alive = f->active.have_cert && now < f->active.cert_until;
	when_t wake = when_min(f->request_expiry, f->challenge_expiry), begins;

	if (alive)
		wake = when_min(wake, f->active.cert_until);
	if (now < f->held_until)
		return when_min(wake, f->held_until);
	wake = when_min(wake, f->old_until);
	if (!alive)
		return wake;
	begins = plan_rollover_due(p, f);
	if (begins > now)
		wake = when_min(wake, begins);
	if (now < f->active.cert_from)
		return when_min(wake, f->active.cert_from);
	return f->busy_crl ? wake : when_min(wake, crl_due(p, f));
}

struct plan_ca
plan_ca(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	struct plan_ca plan = {PLAN_NONE, false, WHEN_NEVER, state_of(p, f, now)};

	if (plan.state == STATE_SHUTDOWN || plan.state == STATE_NO_CLOCK)
		return plan;
	if (f->next.have_cert && now >= f->active.cert_until)
		plan.act = PLAN_SWITCH;
	else if (now >= f->request_expiry)
		plan.act = PLAN_EXPIRE_REQUESTS;
	else if (now >= f->challenge_expiry)
		plan.act = PLAN_EXPIRE_CHALLENGES;
	else if (now >= f->held_until)
		plan.act =
		    now >= f->old_until ? PLAN_FORGET_OLD : next_step(p, f, now, &plan.next);
	if (plan.act == PLAN_NONE)
		plan.wake = wake_of(p, f, now);
	return plan;
}

static void
row_add(struct plan_row *out, size_t *n, enum plan_timer timer, when_t at)
{
	size_t i = (*n)++;

	while (i > 0 && out[i - 1].at > at) {
		out[i] = out[i - 1];
		i--;
	}
	out[i] = (struct plan_row){timer, at};
}

size_t
plan_ca_timers(const struct plan_ca_policy *p, const struct plan_ca_facts *f,
    struct plan_row out[TIMER_COUNT])
{
	size_t n = 0;

	if (p->shutdown || !f->clock_trusted)
		return 0;
	if (f->active.have_cert && f->have_crl)
		row_add(out, &n, TIMER_CRL_UPDATE,
		    when_min(
			when_add(f->crl_signed_at, p->lifetime_crl), f->active.cert_until));
	if (f->active.have_cert && p->auto_rollover && !f->next.have_cert)
		row_add(out, &n, TIMER_ROLLOVER, rollover_at(p, f));
	if (f->active.have_cert)
		row_add(out, &n, TIMER_CERT_EXPIRE, f->active.cert_until);
	if (f->request_expiry != WHEN_NEVER)
		row_add(out, &n, TIMER_REQUEST_EXPIRE, f->request_expiry);
	return n;
}
