/* plan_clock.c - is the wall clock honest? */
#include "plan/plan.h"

/* Compared with the anchor, not with the last look: steps that are each within the tolerance do
 * not add up, and a clock that was set wrong and back is where it should be. */
static bool
beyond_anchor(const struct plan_clock *c, const struct clock_look *look)
{
	when_t passed = look->boot - c->boot;
	when_t allowed = when_add(passed, CLOCK_TOLERANCE + passed / CLOCK_DRIFT);

	return c->anchored && look->wall > when_add(c->wall, allowed);
}

static bool
far_from_mark(const struct plan_clock *c, const struct clock_look *look)
{
	return !c->anchored && c->mark != INT64_MIN &&
	       look->wall > when_add(c->mark, CLOCK_FAR_SPAN);
}

static enum clock_state
state_of(const struct plan_clock *c, const struct clock_look *look)
{
	if (!look->vouched)
		return CLOCK_UNVOUCHED;
	if (look->wall < when_add(c->mark, -CLOCK_TOLERANCE))
		return CLOCK_BEHIND;
	if (look->confirmed)
		return CLOCK_HONEST;
	if (c->leapt)
		return look->synchronised && look->boot - c->leapt_boot >= CLOCK_SETTLE
			   ? CLOCK_HONEST
			   : CLOCK_LEAPT;
	return far_from_mark(c, look) && !look->synchronised ? CLOCK_FAR : CLOCK_HONEST;
}

struct plan_clock
plan_clock(const struct plan_clock *before, const struct clock_look *look)
{
	struct plan_clock c = *before;

	c.leapt = beyond_anchor(before, look);
	if (c.leapt && !before->leapt)
		c.leapt_boot = look->boot;
	c.state = state_of(&c, look);
	if (c.state != CLOCK_HONEST)
		return c;
	if (!c.anchored || c.leapt) {
		c.anchored = true;
		c.wall = look->wall;
		c.boot = look->boot;
		c.leapt = false;
	}
	c.mark = when_max(c.mark, look->wall);
	return c;
}

when_t
plan_clock_now(const struct plan_clock *c, when_t wall)
{
	if (c->mark == INT64_MIN)
		return wall;
	return c->state == CLOCK_HONEST ? when_max(c->mark, wall) : c->mark;
}
