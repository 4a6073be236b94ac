/* clock_watch.c - core looks whether the clock is honest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/core.h"

static const struct {
	const char *what, *mend;
} words[CLOCK_STATES] = {
    [CLOCK_HONEST] = {"", ""},
    [CLOCK_UNVOUCHED] = {"clock is not authoritative",
	"Start NTP, or once it is right type: clock calendar-valid"},
    [CLOCK_BEHIND] = {"clock is behind the latest time known",
	"If it is wrong set it right; what was done is not undone, so nothing is until then"},
    [CLOCK_LEAPT] = {"clock leapt ahead of the latest time known",
	"If it is wrong set it right; else start NTP, or type: clock calendar-valid"},
    [CLOCK_FAR] = {"clock is over 400 days ahead of the latest time known",
	"If it is wrong set it right; else start NTP, or type: clock calendar-valid"},
};

when_t
core_now(const struct core *c)
{
	return plan_clock_now(&c->clock, clock_now());
}

/* ---- what a restart must know ---- */

/* An anchor of this boot: without it a restart of the daemon would forget a leap. */
static void
anchor_read(struct core *c, struct view fact)
{
	const char *id = clock_boot_id();
	struct blob text = {0};
	int64_t wall, boot;
	bool ok;

	blob_add_view(&text, fact);
	ok =
	    id[0] != 0 && strncmp(blob_cstr(&text), id, strlen(id)) == 0 &&
	    sscanf(blob_cstr(&text) + strlen(id), " %" SCNd64 " %" SCNd64, &wall, &boot) == 2 &&
	    boot >= 0 && boot <= clock_boot();
	blob_free(&text);
	if (ok) {
		c->clock.anchored = true;
		c->clock.wall = wall;
		c->clock.boot = boot;
	}
}

/* False: this boot has no name. */
static bool
anchor_text(const struct core *c, char out[128])
{
	(void)snprintf(
	    out, 128, "%s %" PRId64 " %" PRId64, clock_boot_id(), c->clock.wall, c->clock.boot);
	return clock_boot_id()[0] != 0;
}

/* ---- without authorities a file keeps what is known of the time ---- */

/* No trustpoint has a name that begins with a dot. */
static const char *
mark_path(const struct core *c, char out[512])
{
	(void)snprintf(out, 512, "%s/trustpoints/.clock", c->o->state);
	return out;
}

static void
mark_load(struct core *c)
{
	struct blob text = {0};
	struct view rest;
	char path[512];
	int64_t mark;

	if (file_read(mark_path(c, path), 256, &text, NULL) &&
	    sscanf(blob_cstr(&text), "%" SCNd64, &mark) == 1) {
		c->clock.mark = mark;
		c->mark_due = when_add(mark, HOUR);
		rest = blob_view(&text);
		(void)view_cut(&rest, '\n');
		anchor_read(c, rest);
	}
	blob_free(&text);
}

static void
mark_save(struct core *c)
{
	struct blob text = {0};
	struct err e = {0};
	char path[512], anchor[128];

	c->clock.mark = core_now(c);
	blob_printf(&text, "%" PRId64 "\n", c->clock.mark);
	if (anchor_text(c, anchor))
		blob_printf(&text, "%s\n", anchor);
	c->mark_due = when_add(c->clock.mark, HOUR);
	if (!file_replace(mark_path(c, path), 0600, blob_view(&text), &e)) {
		log_warn("a restart would not know a leap of the clock", "why='%s'", e.text);
		c->mark_due = when_add(c->clock.mark, MINUTE);
	}
	blob_free(&text);
}

static void
anchor_save(struct core *c)
{
	char text[128];

	if (c->server_count == 0)
		mark_save(c);
	else if (anchor_text(c, text))
		servers_anchor_save(c, text);
}

/* ---- what is said of it ---- */

static void
announce(struct core *c, enum clock_state before, when_t wall)
{
	const struct plan_clock *k = &c->clock;
	char what[128], now[WHEN_TEXT], mark[WHEN_TEXT], known[WHEN_TEXT + 16] = "";
	bool stands = k->state == CLOCK_HONEST && wall < k->mark;

	if (k->state == CLOCK_HONEST && before != CLOCK_HONEST)
		log_notice("clock is authoritative", "source='%s'", clock_source());
	if (stands && !c->clock_stands)
		log_notice("clock went back, time stands still until then", "mark='%s'",
		    when_rfc3339(k->mark, mark));
	c->clock_stands = stands;
	if (k->state == CLOCK_HONEST || k->state == before)
		return;
	(void)snprintf(what, sizeof(what), "%s: no certificate is issued, no timer runs",
	    words[k->state].what);
	log_warn(what, "now='%s' known='%s' mend='%s'", when_rfc3339(wall, now),
	    k->mark == INT64_MIN ? "" : when_rfc3339(k->mark, mark), words[k->state].mend);
	if (k->state != CLOCK_UNVOUCHED)
		(void)snprintf(known, sizeof(known), " (%s)", when_ios(k->mark, mark));
	(void)snprintf(
	    c->clock_why, sizeof(c->clock_why), "The %s%s", words[k->state].what, known);
}

const char *
core_clock_mend(const struct core *c)
{
	return words[c->clock.state].mend;
}

const char *
core_clock_source(struct core *c)
{
	bool doubted = c->clock.state > CLOCK_UNVOUCHED;

	(void)snprintf(c->clock_from, sizeof(c->clock_from), "%s%s", clock_source(),
	    doubted ? ", not believed" : "");
	return c->clock_from;
}

/* What front serves stands still with the time for decisions. */
static void
tell_front(struct core *c, when_t wall)
{
	struct front_clock say = {c->front_clock.floor, WHEN_NEVER};

	if (c->clock.mark == INT64_MIN)
		return;
	if (c->clock.state != CLOCK_HONEST)
		say = (struct front_clock){c->clock.mark, c->clock.mark};
	else if (wall < c->clock.mark)
		say.floor = c->clock.mark;
	if (say.floor == c->front_clock.floor && say.ceiling == c->front_clock.ceiling)
		return;
	c->front_clock = say;
	core_say_clock(c, &say);
}

/* ---- looking ---- */

void
core_look(struct core *c, bool confirmed)
{
	struct plan_clock before = c->clock;
	struct clock_look look = {
	    .wall = clock_now(),
	    .boot = clock_boot(),
	    .vouched = clock_authoritative(),
	    .synchronised = clock_synchronised(),
	    .confirmed = confirmed,
	};

	c->clock = plan_clock(&before, &look);
	c->clock_trusted = c->clock.state == CLOCK_HONEST;
	if (c->clock.anchored && (!before.anchored || c->clock.boot != before.boot))
		anchor_save(c);
	announce(c, before.state, look.wall);
	tell_front(c, look.wall);
	servers_clock_looked(c, before.state != c->clock.state);
	if (c->server_count == 0 && c->clock_trusted && core_now(c) >= c->mark_due)
		mark_save(c);
}

void
core_clock_open(struct core *c)
{
	clock_announce(WHEN_NEVER, true); /* nobody jumps before we have looked */
	c->clock.mark = INT64_MIN;
	c->front_clock = (struct front_clock){INT64_MIN, WHEN_NEVER};
	c->mark_due = INT64_MIN;
	if (c->server_count == 0)
		mark_load(c);
	c->clock.mark = when_max(c->clock.mark, servers_clock_mark(c));
	servers_anchors(c, anchor_read);
	core_look(c, false);
}
