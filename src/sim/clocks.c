/* clocks.c - what server and clients take for the time. */
#include "sim/sim_int.h"

#define RIGHT 90000 /* ms: so much is nobody's fault */

static int64_t
seconds(int64_t ms)
{
	return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

when_t
clock_look_at(const struct sim *w, struct wrong_clock *c)
{
	struct clock_look look = {
	    .wall = seconds(w->now + c->ahead_ms),
	    .boot = seconds(w->now - c->boot_ms),
	    .vouched = c->vouched,
	    .confirmed = c->confirmed,
	};

	c->plan = plan_clock(&c->plan, &look);
	c->confirmed = false;
	return plan_clock_now(&c->plan, look.wall);
}

int64_t
clock_true(const struct wrong_clock *c, when_t at)
{
	if (at >= INT64_MAX / 2000)
		return INT64_MAX;
	if (at <= INT64_MIN / 2000)
		return INT64_MIN;
	return at * 1000 - c->ahead_ms;
}

bool
clock_right(const struct wrong_clock *c)
{
	return c->plan.state == CLOCK_HONEST && c->ahead_ms <= RIGHT && c->ahead_ms >= -RIGHT;
}
