/* clocks.c - what server and clients take for the time. */
#include "sim/sim_int.h"

#define RIGHT 90000 /* ms: so much is nobody's fault */
#define MILLION 1000000

static int64_t
seconds(int64_t ms)
{
	return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

static int64_t
gained(const struct sim *w, const struct wrong_clock *c)
{
	return c->gained + (w->now - c->since_ms) * c->ppm;
}

int64_t
clock_ahead(const struct sim *w, const struct wrong_clock *c)
{
	return c->ahead_ms + (gained(w, c) - c->righted) / MILLION;
}

when_t
clock_look_at(const struct sim *w, struct wrong_clock *c)
{
	struct clock_look look = {
	    .wall = seconds(w->now + clock_ahead(w, c)),
	    .boot = seconds(w->now - c->boot_ms + gained(w, c) / MILLION),
	    .vouched = c->vouched,
	    .confirmed = c->confirmed,
	};

	c->plan = plan_clock(&c->plan, &look);
	c->confirmed = false;
	return plan_clock_now(&c->plan, look.wall);
}

int64_t
clock_true(const struct sim *w, const struct wrong_clock *c, when_t at)
{
	int64_t left;

	if (at >= INT64_MAX / 2000)
		return INT64_MAX;
	if (at <= INT64_MIN / 2000)
		return INT64_MIN;
	left = at * 1000 - clock_ahead(w, c) - w->now;
	if (c->ppm == 0)
		return w->now + left;
	if (c->ppm < CLOCK_STANDS / 2)
		return left <= 0 ? w->now + left : INT64_MAX;
	/* Rather a little early: then it is asked again. */
	return w->now + left - (left / MILLION * c->ppm + left % MILLION * c->ppm / MILLION);
}

bool
clock_right(const struct sim *w, const struct wrong_clock *c)
{
	int64_t ahead = clock_ahead(w, c);

	return c->plan.state == CLOCK_HONEST && ahead <= RIGHT && ahead >= -RIGHT;
}

void
clock_drift(const struct sim *w, struct wrong_clock *c, int64_t ppm)
{
	c->gained = gained(w, c);
	c->since_ms = w->now;
	c->ppm += ppm;
}
