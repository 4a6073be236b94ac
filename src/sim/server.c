/* server.c - the authority: its turns, keys, starts, ends. */
#include <stdlib.h>

#include "sim/sim_int.h"

#define UNDONE_FIRST 1000 /* ms: as core waits */
#define UNDONE_MOST 60000
#define TOLD_MAX 16

when_t
server_now(struct sim *w)
{
	return clock_look_at(w, &w->server.clock);
}

/* What it reads at its start is not refused by a full disk. */
static bool
open_ca(struct sim *w, struct err *e)
{
	struct server *s = &w->server;
	int full = s->full;

	s->full = 0;
	s->crash_in_commit = s->busy_once = false;
	if (!s->store->table->begin(s->store, e))
		return false;
	s->ca = ca_open(&w->setup.ca, s->store, s->keys, e);
	if (s->ca == NULL) {
		s->store->table->rollback(s->store);
		return false;
	}
	s->clock.plan.mark = ca_clock_mark(s->ca); /* what is stored is what it knows */
	s->up = s->store->table->commit(s->store, e);
	s->full = full;
	return s->up;
}

bool
server_open(struct sim *w, struct err *e)
{
	struct server *s = &w->server;

	s->store = store_open_memory();
	s->keys = w->setup.keys != NULL ? w->setup.keys(w->setup.keys_arg, -1, w->setup.seed, e)
					: keys_open_fake(dice_mix(w->setup.seed));
	s->clock =
	    (struct wrong_clock){.vouched = true, .boot_ms = w->now, .plan.mark = INT64_MIN};
	s->tick_at = INT64_MAX;
	if (s->keys == NULL)
		return false;
	disk_watch(w);
	if (!open_ca(w, e))
		return false;
	server_tick(w);
	return true;
}

void
server_close(struct sim *w)
{
	struct server *s = &w->server;

	ca_free(s->ca);
	s->ca = NULL;
	post_forget(w);
	free(s->letter);
	free(s->object);
	if (s->store != NULL)
		s->store->table->close(s->store);
	keys_close(s->keys);
}

/* Nothing of what was not committed is left, nor what was under way at its keys. */
void
server_crash(struct sim *w, int64_t down_ms)
{
	struct server *s = &w->server;
	struct key_done d;

	w->numbers.crashes++;
	ca_free(s->ca);
	s->ca = NULL;
	s->up = false;
	s->life++;
	s->wait_ms = 0;
	s->tick_at = INT64_MAX;
	s->crash_in_commit = false;
	while (keys_collect(s->keys, &d))
		blob_free(&d.bytes);
	post_forget(w);
	world_at(w, w->now + down_ms, M_SERVER_UP, 0, s->life, 0, NULL);
}

void
server_up(struct sim *w)
{
	struct server *s = &w->server;
	struct err e = {0};

	s->healthy_since = w->now;
	if (s->held > 0) /* the fault's end starts it */
		return;
	if (dice_chance(&w->luck, 500)) { /* the machine was booted as well */
		s->clock.boot_ms = w->now;
		s->clock.plan = (struct plan_clock){.mark = s->clock.plan.mark};
	}
	if (!open_ca(w, &e)) {
		broken(w, NULL, "INV-13", "the authority does not start again: %s", e.text);
		return;
	}
	server_tick(w);
}

void
server_schedule(struct sim *w)
{
	struct server *s = &w->server;
	int64_t at;

	if (!s->up)
		return;
	at = clock_true(w, &s->clock, ca_wake(s->ca));
	if (s->clock.plan.state != CLOCK_HONEST) /* time stands still */
		at = w->now + HOUR_MS;
	if (at <= w->now)
		at = w->now + (s->wait_ms > 0 ? s->wait_ms : 1);
	else if (at < w->now + s->wait_ms)
		at = w->now + s->wait_ms;
	if (at == s->tick_at || at >= w->end)
		return;
	if (s->tick_at > at || s->tick_at <= w->now) {
		s->tick_at = at;
		world_at(w, at, M_SERVER_TICK, 0, s->life, 0, NULL);
	}
}

/* A signer that is busy takes one job in four, and of the others has done nothing. */
static void
submit(struct sim *w, struct effect *x, bool trusted, when_t now)
{
	const struct server *s = &w->server;
	const struct key_done busy = {
	    .id = x->job.id, .why = WHY_BUSY, .text = "the signer is busy"};

	x->job.bytes = blob_view(&x->bytes);
	if (s->mute > 0 && !dice_chance(&w->luck, 250)) {
		world_job_done(w, &x->job, &busy, M_SERVER_KEY, 0, s->life);
		return;
	}
	law_job(w, &x->job, trusted, now);
	world_job(w, s->keys, &x->job, M_SERVER_KEY, 0, s->life);
}

static void
show_object(struct sim *w, struct letter *l, enum ca_object what)
{
	const struct object *o = post_object(w, what, "");

	blob_clear(&l->body);
	if (o != NULL) {
		l->status = 200;
		blob_set(&l->body, blob_view(&o->bytes));
		if (what == OBJECT_NEXT)
			ledger_last(&w->ledger)->shown = true;
	} else if (what == OBJECT_NEXT) {
		l->status = 404;
		l->retry_after = post_next_retry(w);
	} else {
		l->status = 503;
		l->retry_after = 5;
	}
	post_answer(w, l);
}

static void
reply(struct sim *w, struct effect *x, when_t now)
{
	struct server *s = &w->server;
	size_t slot = (size_t)(x->id & 0xffff);
	struct letter *l = slot < s->letters ? s->letter[slot] : NULL;

	if (l == NULL) {
		broken(w, NULL, "INV-12", "an answer to nobody: %lu", (unsigned long)x->id);
		return;
	}
	s->letter[slot] = NULL;
	if (l->what == TP_GETNEXTCACERT && x->status == 200) {
		show_object(w, l, OBJECT_NEXT);
		return;
	}
	law_reply(w, l, x, now);
	l->status = x->status;
	l->retry_after = x->status == 503 && x->retry_after == 0 ? 5 : x->retry_after;
	blob_set(&l->body, blob_view(&x->bytes));
	post_answer(w, l);
}

static void
leave(struct sim *w, struct effect *x, bool trusted, when_t now)
{
	uint64_t life = w->server.life;
	int64_t soon = w->now + dice_between(&w->luck, 1, 20);

	switch (x->kind) {
	case EFFECT_REPLY:
		reply(w, x, now);
		break;
	case EFFECT_TELL:
		break;
	case EFFECT_JOB:
		submit(w, x, trusted, now);
		break;
	case EFFECT_PUBLISH:
		law_published(w, x);
		post_publish(w, x);
		break;
	case EFFECT_ARCHIVE:
		world_at(w, soon, M_SERVER_ARCHIVED, 0, life, x->id, NULL);
		break;
	case EFFECT_ASK:
		world_at(w, soon, M_SERVER_ANSWERED, 0, life, x->id, NULL);
		break;
	case EFFECT_KEEP_IN: /* no copies are made here */
		break;
	}
}

enum crash { CRASH_NOT, CRASH_BEFORE, CRASH_BEHIND };

static enum crash
crash_drawn(struct sim *w)
{
	static const unsigned of_ten_thousand[] = {
	    [SIM_NONE] = 0, [SIM_LIGHT] = 2, [SIM_HEAVY] = 20};
	uint64_t draw;

	if (w->setup.faults == SIM_NONE)
		return CRASH_NOT;
	draw = dice_below(&w->luck, 20000);
	if (draw >= of_ten_thousand[w->setup.faults] * 2u)
		return CRASH_NOT;
	return draw % 2 == 0 ? CRASH_BEFORE : CRASH_BEHIND;
}

static int64_t
crash_lasts(struct sim *w)
{
	return dice_chance(&w->luck, 20) ? dice_between(&w->luck, HOUR_MS, 72 * HOUR_MS)
					 : dice_between(&w->luck, 100, 60000);
}

static void
effects_leave(struct sim *w, struct effects *out, bool trusted, when_t now)
{
	for (size_t i = 0; i < out->n && w->broken.n == 0; i++)
		leave(w, &out->list[i], trusted, now);
}

void
server_turn(struct sim *w, struct ca_event *ev)
{
	struct server *s = &w->server;
	const struct ca_event *event = ev;
	struct effects out = {0};
	struct err e = {0};
	static const unsigned busy[] = {[SIM_NONE] = 0, [SIM_LIGHT] = 1, [SIM_HEAVY] = 5};
	enum crash crash = crash_drawn(w);
	enum ca_turned turned;
	when_t now = server_now(w);

	if (!s->up)
		return;
	ev->clock_trusted = s->clock.plan.state == CLOCK_HONEST;
	s->touched.certs = s->touched.audits = 0;
	s->touched.generation = false;
	s->crash_in_commit = crash == CRASH_BEFORE;
	s->busy_once = dice_chance(&w->luck, busy[w->setup.faults]);
	w->numbers.events++;
	w->ledger.revoked_before = w->ledger.revoked_count;
	turned = ca_turn(s->ca, &event, 1, now, &out, &e);
	if (turned != CA_COMMITTED || !ev->clock_trusted || crash != CRASH_NOT || s->mute > 0 ||
	    s->unarchived > 0)
		s->healthy_since = w->now;
	if (turned == CA_COMMITTED) {
		s->wait_ms = 0;
		law_committed(w, now);
	}
	if (crash != CRASH_NOT || turned == CA_LOST) {
		effects_free(&out);
		server_crash(w, crash_lasts(w));
		return;
	}
	if (turned == CA_UNDONE) {
		if (e.why != WHY_BUSY)
			broken(w, NULL, "WORLD", "a turn was undone: %s", e.text);
		s->wait_ms = s->wait_ms == 0 ? UNDONE_FIRST : 2 * s->wait_ms;
		if (s->wait_ms > UNDONE_MOST)
			s->wait_ms = UNDONE_MOST;
	}
	effects_leave(w, &out, ev->clock_trusted, now);
	effects_free(&out);
	server_schedule(w);
}

void
server_tick(struct sim *w)
{
	struct ca_event ev = {.kind = CA_TICK};

	server_turn(w, &ev);
}

void
server_command(struct sim *w, struct ca_event *ev)
{
	ev->kind = CA_COMMAND;
	ev->actor = "operator";
	ev->id = 1;
	server_turn(w, ev);
}

/* ---- messages ---- */

static size_t
slot_free(struct server *s)
{
	size_t i = 0;

	while (i < s->letters && s->letter[i] != NULL)
		i++;
	if (i == s->letters && i < 0x10000) {
		s->letters = s->letters == 0 ? 64 : 2 * s->letters;
		s->letter = mem_array(s->letter, s->letters, sizeof(struct letter *));
		for (size_t k = i; k < s->letters; k++)
			s->letter[k] = NULL;
	}
	return i;
}

static void
hear_question(struct sim *w, struct letter *l)
{
	struct server *s = &w->server;
	size_t slot = slot_free(s);
	char source[24];
	bool next = l->what == TP_GETNEXTCACERT;
	struct ca_event ev = {.kind = next ? CA_NEXT_ASKED : CA_REQUEST,
	    .body = blob_view(&l->body),
	    .source = source};

	(void)snprintf(source, sizeof(source), "10.%u.%u.%u", l->client >> 16,
	    l->client >> 8 & 255, l->client & 255);
	s->letter[slot] = l;
	ev.id = ++s->asked << 16 | slot;
	w->numbers.requests += !next;
	w->per_day[(size_t)((w->now - w->start) / DAY_MS)] += !next;
	server_turn(w, &ev);
}

/* Core is told of the first who see the next CA (net/front.c). */
static bool
asks_first(struct sim *w, const struct letter *l)
{
	struct object *o;

	if (l->what != TP_GETNEXTCACERT)
		return false;
	o = post_object(w, OBJECT_NEXT, "");
	return o != NULL && o->told++ < TOLD_MAX;
}

void
server_hears(struct sim *w, struct letter *l)
{
	static const enum ca_object objects[] = {[TP_GETCACAPS] = OBJECT_CAPS,
	    [TP_GETCACERT] = OBJECT_CACERT,
	    [TP_GETNEXTCACERT] = OBJECT_NEXT};

	l->heard_ms = w->now;
	if (!w->server.up) {
		l->status = dice_chance(&w->net, 500) ? 503 : 0;
		l->retry_after = l->status == 503 ? 5 : 0;
		blob_clear(&l->body);
		post_answer(w, l);
	} else if (l->what == TP_OPERATION || asks_first(w, l)) {
		hear_question(w, l);
	} else {
		show_object(w, l, objects[l->what]);
	}
}
