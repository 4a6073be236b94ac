/* plan_alert.c - when an expiry is announced. */
#include "plan/plan.h"

/* Whole days, rounded up: at the instant itself so many are left. */
static when_t
days_left(when_t until, when_t now)
{
	when_t left = when_max(when_add(until, -now), 0);

	return left / DAY + (left % DAY != 0);
}

/* The days before the end at which the last alert by now was to be said; 60, 53 ... 11, 7, 6
 * ... 0. */
static when_t
step_of(when_t days)
{
	if (days <= 7)
		return days;
	return days + (ALERT_FIRST - days) % 7;
}

struct plan_alert
plan_alert(when_t last, when_t until, when_t now)
{
	struct plan_alert alert = {ALERT_NONE, WHEN_NEVER};
	when_t days = days_left(until, now), step;

	if (days > ALERT_FIRST) {
		alert.next = when_add(until, -ALERT_FIRST * DAY);
		return alert;
	}
	step = step_of(days);
	if (last > now || last < when_add(until, -step * DAY))
		alert.due = days > 7 ? ALERT_WARNING : ALERT_URGENT;
	if (step > 7)
		alert.next = when_add(until, -when_max(step - 7, 7) * DAY);
	else if (step > 0)
		alert.next = when_add(until, -(step - 1) * DAY);
	return alert;
}

bool
plan_tp_followed(const struct plan_tp_policy *p, const struct plan_tp_facts *f)
{
	return p->auto_enroll && f->have_shadow && f->shadow_from <= f->id_until;
}
