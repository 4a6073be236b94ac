/* plan_retry.c - when a trustpoint tries again. */
#include "plan/plan.h"

#define SLOWEST (12 * HOUR)
#define SLOWEST_DARK (15 * MINUTE) /* at first, then */
#define PART_DARK 16		   /* of the time that it has been dark */
#define QUICKEST ((when_t)10)	   /* unless less than twice that is left */
#define OBEYED (30 * DAY)
#define OBEYED_DARK DAY

/* Doublings behind these come to more than SLOWEST, and to more than a CA's life. */
#define DOUBLINGS 16
#define DOUBLINGS_IOS 40

static when_t
doubled(when_t period, unsigned times, unsigned most)
{
	return period * ((when_t)1 << (times < most ? times : most));
}

/* IOS (S70, S71): the period, then 1, 2, 4 ... of it, until the count or the CA is at its end.
 */
static when_t
retry_ios(
    const struct plan_tp_policy *p, const struct plan_trouble *t, when_t asked, when_t deadline)
{
	unsigned times = t->tries > 2 ? t->tries - 2 : 0;
	when_t next = when_add(t->at, doubled(p->retry_period, times, DOUBLINGS_IOS));

	if (t->answer == ANSWER_REJECT || t->tries > p->retry_count)
		return WHEN_NEVER;
	next = when_max(next, asked);
	return next < deadline ? next : WHEN_NEVER;
}

static when_t
slowest(when_t dark_for)
{
	return when_min(when_max(dark_for / PART_DARK, SLOWEST_DARK), SLOWEST);
}

/* The longest wait: half of what is left leaves room for one more try, whatever happens. */
static when_t
longest(when_t left, when_t most)
{
	if (left == 0)
		return most;
	return when_min(when_max(when_min(most, left / 10), QUICKEST), left / 2);
}

when_t
plan_retry(
    const struct plan_tp_policy *p, const struct plan_trouble *t, when_t deadline, when_t dark)
{
	when_t left = t->at < deadline ? when_add(deadline, -t->at) : 0, wait, asked;
	unsigned times = t->tries > 1 ? t->tries - 1 : 0;

	if (t->answer == ANSWER_GOOD)
		return INT64_MIN;
	dark = when_min(dark, deadline);
	asked = t->at >= dark ? OBEYED_DARK : OBEYED;
	if (left > 0)
		asked = when_min(asked, left / 2);
	asked = when_min(t->retry_after, when_add(t->at, asked));
	if (p->ios_stop_on_reject)
		return retry_ios(p, t, asked, deadline);
	wait = longest(left, t->at >= dark ? slowest(t->at - dark) : SLOWEST);
	/* The draw takes off up to 2/11 of 11/10: so a wait that is capped is spread as well.
	 */
	if (t->answer != ANSWER_REJECT && t->tries <= p->retry_count)
		wait = when_min(wait, doubled(p->retry_period, times, DOUBLINGS) * 11 / 10);
	wait = when_max(wait - wait * 2 * t->draw / (11 * UINT8_MAX), 1);
	return when_max(when_add(t->at, wait), asked);
}
