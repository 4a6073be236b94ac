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

static when_t
crl_due(const struct plan_ca_policy *p, const struct plan_ca_facts *f)
{
	return f->have_crl && !f->crl_stale ? when_add(f->crl_signed_at, p->lifetime_crl)
					    : INT64_MIN;
}

static enum plan_state
state_of(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	if (p->shutdown)
		return STATE_SHUTDOWN;
	if (!f->clock_trusted)
		return STATE_NO_CLOCK;
	if (f->have_cert && now >= f->cert_until)
		return STATE_EXPIRED;
	if (now < f->held_until)
		return STATE_HELD;
	return f->have_cert && f->have_crl && (f->have_ra || !f->want_ra) ? STATE_RUNNING
									  : STATE_STARTING;
}

/* Steps towards a CA that signs, in order; PLAN_NONE while one is under way or all are done. */
static enum plan_act
next_step(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	if (!f->have_key)
		return f->busy_key ? PLAN_NONE : PLAN_MAKE_KEY;
	if (!f->have_cert)
		return f->busy_cert ? PLAN_NONE : PLAN_MAKE_CERT;
	if (!f->busy_crl && now >= f->cert_from && now >= crl_due(p, f))
		return PLAN_MAKE_CRL;
	if (f->want_ra && !f->have_ra && !f->busy_ra)
		return PLAN_MAKE_RA;
	if (f->want_archive && !f->archived && !f->busy_archive)
		return PLAN_ARCHIVE;
	return PLAN_NONE;
}

struct plan_ca
plan_ca(const struct plan_ca_policy *p, const struct plan_ca_facts *f, when_t now)
{
	struct plan_ca plan = {PLAN_NONE, WHEN_NEVER, state_of(p, f, now)};

	if (plan.state == STATE_SHUTDOWN || plan.state == STATE_NO_CLOCK)
		return plan;
	if (now >= f->request_expiry)
		plan.act = PLAN_EXPIRE_REQUESTS;
	else if (now >= f->challenge_expiry)
		plan.act = PLAN_EXPIRE_CHALLENGES;
	else if (plan.state == STATE_STARTING || plan.state == STATE_RUNNING)
		plan.act = next_step(p, f, now);
	if (plan.act != PLAN_NONE)
		return plan;

	plan.wake = when_min(f->request_expiry, f->challenge_expiry);
	if (plan.state == STATE_HELD)
		plan.wake = when_min(plan.wake, f->held_until);
	if (f->have_cert && plan.state != STATE_EXPIRED) {
		plan.wake = when_min(plan.wake, f->cert_until);
		if (now < f->cert_from)
			plan.wake = when_min(plan.wake, f->cert_from);
		else if (!f->busy_crl && plan.state != STATE_HELD)
			plan.wake = when_min(plan.wake, crl_due(p, f));
	}
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
	if (f->have_cert && f->have_crl)
		row_add(out, &n, TIMER_CRL_UPDATE,
		    when_min(when_add(f->crl_signed_at, p->lifetime_crl), f->cert_until));
	if (f->have_cert)
		row_add(out, &n, TIMER_CERT_EXPIRE, f->cert_until);
	if (f->request_expiry != WHEN_NEVER)
		row_add(out, &n, TIMER_REQUEST_EXPIRE, f->request_expiry);
	return n;
}
