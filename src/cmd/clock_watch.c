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
static bool
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
	return ok;
}

static void
anchor_load(struct core *c, struct store *s)
{
	struct blob fact = {0};

	if (!s->table->begin(s, NULL))
		return;
	if (s->table->fact_get(s, "clock_anchor", &fact, NULL))
		(void)anchor_read(c, blob_view(&fact));
	s->table->rollback(s);
	blob_free(&fact);
}

static bool
anchor_put(struct store *s, const char *text, struct err *e)
{
	if (!s->table->begin(s, e))
		return false;
	if (s->table->fact_put(s, "clock_anchor", view_str(text), e))
		return s->table->commit(s, e);
	s->table->rollback(s);
	return false;
}

static void
anchor_save(const struct core *c)
{
	char text[128];
	struct err e = {0};

	if (clock_boot_id()[0] == 0)
		return;
	(void)snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64, clock_boot_id(),
	    c->clock.wall, c->clock.boot);
	for (size_t i = 0; i < c->server_count; i++)
		if (!anchor_put(c->server[i].store, text, &e))
			log_warn("a restart would not know a leap of the clock",
			    "ca='%s' why='%s'", c->server[i].conf->name, e.text);
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
	for (size_t i = 0; i < c->server_count; i++) {
		struct server *s = &c->server[i];

		s->tick |=
		    before.state != c->clock.state ||
		    (c->clock_trusted && core_now(c) >= when_add(ca_clock_mark(s->ca), MINUTE));
	}
}

void
core_clock_open(struct core *c)
{
	clock_announce(WHEN_NEVER, true); /* nobody jumps before we have looked */
	c->clock.mark = INT64_MIN;
	c->front_clock = (struct front_clock){INT64_MIN, WHEN_NEVER};
	for (size_t i = 0; i < c->server_count; i++) {
		c->clock.mark = when_max(c->clock.mark, ca_clock_mark(c->server[i].ca));
		anchor_load(c, c->server[i].store);
	}
	core_look(c, false);
}
