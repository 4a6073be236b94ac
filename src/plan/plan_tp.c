/* plan_tp.c - what is due for a trustpoint. */
#include "plan/plan.h"

/* One of the things that go on side by side. */
struct lane {
	enum plan_tp_act act;
	when_t due; /* as the certificates have it */
	when_t at;  /* due, but not before the next try */
};

/* span * n / of without overflow, for n <= of. */
static when_t
share(when_t span, when_t n, when_t of)
{
	return span / of * n + span % of * n / of;
}

when_t
plan_percent(when_t from, when_t until, unsigned percent)
{
	return when_add(from, share(when_add(until, -from), percent, 100));
}

static bool
ends_with_issuer(const struct plan_tp_facts *f)
{
	return f->id_until >= f->issuer_until;
}

when_t
plan_tp_due(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	when_t due = plan_percent(f->id_from, f->id_until, p->percent);
	when_t left = when_add(f->id_until, -due);

	/* TF-08. A renewal would come back as short as this: it stays exact. */
	if (ends_with_issuer(f) && left < p->retry_period)
		return f->id_from;
	return when_add(
	    due, share(when_min(p->spread, left / 2), f->spread_draw, UINT16_MAX + 1));
}

static bool
renews(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	return p->auto_enroll && !p->shadow_only && f->have_id && !ends_with_issuer(f);
}

static bool
shadows(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	return p->auto_enroll && f->have_id && ends_with_issuer(f);
}

/* Without an identity. */
static bool
enrols(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	return p->auto_enroll && (!p->shadow_only || f->late);
}

/* Since when has nothing served, and something is to follow it? Nobody knows how long it has
 * been left behind. */
static when_t
dark_from(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t at)
{
	if (f->behind)
		return enrols(p, f) ? at : WHEN_NEVER;
	return renews(p, f) || shadows(p, f) ? f->id_until : WHEN_NEVER;
}

/* A trouble of the future was written by a clock that was wrong: it holds nothing up. */
static when_t
retry_at(const struct plan_tp_policy *p, const struct plan_tp_facts *f,
    const struct plan_trouble *t, when_t now)
{
	bool by_id =
	    !p->ios_stop_on_reject && p->auto_enroll && f->have_id && t->at < f->id_until;
	when_t deadline = !f->authenticated ? WHEN_NEVER
			  : by_id	    ? when_min(f->id_until, f->ca_until)
					    : f->ca_until;

	return t->at > now ? INT64_MIN : plan_retry(p, t, deadline, dark_from(p, f, t->at));
}

/*
 * The switch is at the CA's end; at the identity's, should that be earlier and the shadow
 * valid. Without a shadow the next CA alone takes over.
 */
static struct lane
activate_lane(const struct plan_tp_facts *f)
{
	when_t at = f->ca_until;

	if (!f->have_next_ca)
		return (struct lane){TP_NONE, WHEN_NEVER, WHEN_NEVER};
	if (f->have_shadow)
		at = when_max(when_min(at, f->id_until), f->shadow_from);
	at = when_max(at, f->next_ca_from);
	return (struct lane){TP_ACTIVATE, at, f->clock_suspect ? WHEN_NEVER : at};
}

/* When the next CA is to be asked for: with SHADOW, or at 90 % of the CA's life. */
static when_t
next_ca_due(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	when_t due = plan_percent(f->ca_from, f->ca_until, PLAN_SHADOW_PERCENT);

	if (shadows(p, f))
		return plan_tp_due(p, f);
	if (!f->caps_next_ca)
		return f->ca_until; /* it may be able to by now */
	return renews(p, f) ? when_max(due, f->id_until) : due;
}

/* What is read from the server. */
static struct lane
fetch_lane(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now)
{
	struct lane lane = {TP_NONE, INT64_MIN, INT64_MIN};

	if (p->url && !f->authenticated && p->fingerprint)
		lane.act = TP_AUTHENTICATE;
	else if (p->url && f->authenticated && !f->caps_known)
		lane.act = TP_GET_CAPS;
	else if (p->url && f->authenticated && !f->have_next_ca)
		lane = (struct lane){TP_GET_NEXT_CA, next_ca_due(p, f), 0};
	if (lane.act == TP_NONE)
		return (struct lane){TP_NONE, WHEN_NEVER, WHEN_NEVER};
	lane.at = when_max(lane.due, retry_at(p, f, &f->fetch, now));
	return lane;
}

/* What is requested of it, before trouble is looked at. */
static struct lane
wanted(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now)
{
	enum plan_tp_act enrol = f->have_id && now < f->id_until ? TP_RENEW : TP_ENROL;

	if (f->pending)
		return (struct lane){TP_POLL, INT64_MIN, 0};
	if (f->enrol_asked)
		return (struct lane){enrol, INT64_MIN, 0};
	if (f->have_shadow && !(renews(p, f) && f->id_until < f->shadow_from))
		return (struct lane){f->confirmed ? TP_NONE : TP_CONFIRM, INT64_MIN, 0};
	if (renews(p, f))
		return (struct lane){enrol, plan_tp_due(p, f), 0};
	if (shadows(p, f))
		return (struct lane){
		    f->have_next_ca ? TP_REQUEST_SHADOW : TP_NONE, plan_tp_due(p, f), 0};
	if (enrols(p, f))
		return (struct lane){TP_ENROL, INT64_MIN, 0};
	return (struct lane){TP_NONE, WHEN_NEVER, 0};
}

/* An ended CA signs no more: first its successor. */
static struct lane
ask_lane(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now)
{
	struct lane lane = {TP_NONE, WHEN_NEVER, WHEN_NEVER};

	if (p->url && f->authenticated && f->caps_known && now < f->ca_until)
		lane = wanted(p, f, now);
	if (lane.act == TP_NONE)
		return (struct lane){TP_NONE, WHEN_NEVER, WHEN_NEVER};
	lane.at = when_max(lane.due, retry_at(p, f, &f->ask, now));
	return lane;
}

/* A state as its trouble makes it. */
static enum plan_tp_state
troubled(const struct plan_tp_policy *p, const struct plan_trouble *t, const struct lane *lane,
    enum plan_tp_state state)
{
	if (lane->at == WHEN_NEVER)
		return TP_IS_STOPPED;
	if (p->ios_stop_on_reject || t->answer == ANSWER_GOOD)
		return state;
	if (t->answer == ANSWER_REJECT)
		return TP_IS_REJECTED;
	return t->tries > p->retry_count ? TP_IS_EXHAUSTED : state;
}

static enum plan_tp_state
state_of(const struct plan_tp_policy *p, const struct plan_tp_facts *f,
    const struct lane *fetch, const struct lane *ask, when_t now)
{
	static const enum plan_tp_state asking[] = {[TP_ENROL] = TP_IS_ENROLLING,
	    [TP_RENEW] = TP_IS_RENEWING,
	    [TP_REQUEST_SHADOW] = TP_IS_REQUESTING_SHADOW,
	    [TP_POLL] = TP_IS_POLLING};

	if (!f->authenticated)
		return fetch->act == TP_NONE
			   ? TP_IS_UNAUTHENTICATED
			   : troubled(p, &f->fetch, fetch, TP_IS_AUTHENTICATING);
	if (f->clock_suspect && now >= activate_lane(f).due)
		return TP_IS_FROZEN;
	if (f->have_shadow)
		return TP_IS_READY;
	if (now >= f->ca_until)
		return TP_IS_LATE;
	if (now >= ask->due)
		return troubled(p, &f->ask, ask, asking[ask->act]);
	if (now >= fetch->due && fetch->act == TP_GET_NEXT_CA)
		return troubled(p, &f->fetch, fetch,
		    f->caps_next_ca ? TP_IS_WAITING_NEXT_CA : TP_IS_WITHOUT_ROLLOVER);
	if (!f->have_id)
		return TP_IS_TRUSTING;
	return now < f->id_until ? TP_IS_ENROLLED : TP_IS_EXPIRED;
}

/* t, if it is still to come, may be when to look again. */
static void
look_at(struct plan_tp *plan, when_t t, when_t now)
{
	if (t > now)
		plan->wake = when_min(plan->wake, t);
}

struct plan_tp
plan_tp(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now)
{
	struct lane activate = activate_lane(f), fetch = fetch_lane(p, f, now),
		    ask = ask_lane(p, f, now);
	struct plan_tp plan = {TP_NONE, WHEN_NEVER, TP_IS_WITHOUT_CLOCK};

	if (!f->clock_trusted)
		return plan;
	plan.state = state_of(p, f, &fetch, &ask, now);
	if (now >= activate.at)
		plan.act = activate.act;
	else if (!f->busy && now >= ask.at)
		plan.act = ask.act;
	else if (!f->busy && now >= fetch.at)
		plan.act = fetch.act;
	if (plan.act != TP_NONE)
		return plan;

	look_at(&plan, activate.due, now);
	look_at(&plan, ask.due, now);
	look_at(&plan, fetch.due, now);
	if (!f->busy) {
		look_at(&plan, ask.at, now);
		look_at(&plan, fetch.at, now);
	}
	if (f->authenticated)
		look_at(&plan, f->ca_until, now);
	if (f->have_id)
		look_at(&plan, f->id_until, now);
	return plan;
}

/* What a lane waits for, as IOS calls it: TIMER_TP_COUNT has no name. */
static enum plan_tp_timer
timer_of(const struct lane *lane, const struct plan_trouble *t, when_t now)
{
	static const enum plan_tp_timer names[] = {[TP_NONE] = TIMER_TP_COUNT,
	    [TP_ACTIVATE] = TIMER_ACTIVATE,
	    [TP_AUTHENTICATE] = TIMER_TP_COUNT,
	    [TP_GET_CAPS] = TIMER_TP_COUNT,
	    [TP_ENROL] = TIMER_RENEW,
	    [TP_RENEW] = TIMER_RENEW,
	    [TP_REQUEST_SHADOW] = TIMER_SHADOW,
	    [TP_POLL] = TIMER_POLL,
	    [TP_CONFIRM] = TIMER_TP_COUNT,
	    [TP_GET_NEXT_CA] = TIMER_SHADOW};

	if (now >= lane->due && t->answer == ANSWER_NONE)
		return TIMER_CONNECT_RETRY;
	return names[lane->act];
}

size_t
plan_tp_timers(const struct plan_tp_policy *p, const struct plan_tp_facts *f, when_t now,
    struct plan_tp_row out[TIMER_TP_COUNT])
{
	const struct plan_trouble *troubles[] = {&(struct plan_trouble){0}, &f->ask, &f->fetch};
	struct lane lanes[] = {activate_lane(f), ask_lane(p, f, now), fetch_lane(p, f, now)};
	when_t at[TIMER_TP_COUNT + 1];
	size_t n = 0;

	if (!f->clock_trusted)
		return 0;
	for (size_t i = 0; i < COUNT_OF(at); i++)
		at[i] = WHEN_NEVER;
	/* Runs from configuration on, and sends nothing before somebody authenticates (S34). */
	if (p->url && p->auto_enroll && !f->authenticated)
		at[TIMER_RENEW] = now;
	/* IOS has RENEW or SHADOW, never both (S61). */
	if (now < lanes[2].due && renews(p, f))
		lanes[2].act = TP_NONE;
	lanes[0].at = lanes[0].due;
	for (size_t i = 0; i < COUNT_OF(lanes); i++) {
		enum plan_tp_timer timer = timer_of(&lanes[i], troubles[i], now);

		at[timer] = when_min(at[timer], lanes[i].at);
	}
	for (size_t i = 0; i < TIMER_TP_COUNT; i++) {
		struct plan_tp_row row = {(enum plan_tp_timer)i, when_max(at[i], now)};
		size_t k = n;

		if (at[i] == WHEN_NEVER)
			continue;
		for (; k > 0 && out[k - 1].at > row.at; k--)
			out[k] = out[k - 1];
		out[k] = row;
		n++;
	}
	return n;
}
