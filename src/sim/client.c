/* client.c - a trustpoint: its steps, keys, disk, ends. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

int64_t
client_number(const struct sim *w, const struct client *c)
{
	return c - w->client;
}

bool
client_renews(const struct client *c)
{
	return c->fleet->policy.plan.auto_enroll && !c->fleet->policy.plan.shadow_only;
}

when_t
client_now(struct sim *w, struct client *c)
{
	return clock_look_at(w, &c->clock);
}

/* ---- its disk ---- */

static struct shelf *
shelf_of(struct tp_shelf *s)
{
	return (struct shelf *)s; /* base is its first member */
}

static bool
shelf_get(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	const struct shelf *shelf = shelf_of(s);

	if (shelf->w->client[shelf->client].rotten)
		return err_set(e, WHY_BAD_INPUT, "the shelf is damaged");
	if (shelf->leaf[leaf].n == 0)
		return err_set(e, WHY_NOT_FOUND, "nothing there");
	blob_set(out, blob_view(&shelf->leaf[leaf]));
	return true;
}

static bool
shelf_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	struct shelf *shelf = shelf_of(s);
	struct client *c = &shelf->w->client[shelf->client];

	if (c->full > 0 || c->crash_in_put)
		return err_set(e, WHY_BUSY, "the disk takes nothing");
	law_shelf(shelf->w, c, list, n);
	for (size_t i = 0; i < n; i++) {
		enum tp_leaf leaf = list[i].leaf;

		blob_set(&shelf->leaf[leaf], list[i].bytes);
		if (leaf == TP_CA || leaf == TP_NEXT_CA)
			shelf->ca[leaf] =
			    list[i].bytes.n > 0 ? digest_of(first_of(list[i].bytes)) : 0;
	}
	return true;
}

static void
shelf_close(struct tp_shelf *s)
{
	(void)s; /* a client's, emptied with it */
}

static const struct tp_shelf_table shelf_table = {shelf_get, shelf_put, shelf_close};

static void
shelf_empty(struct shelf *s)
{
	for (size_t i = 0; i < TP_LEAVES; i++) {
		blob_free(&s->leaf[i]);
		s->ca[i] = 0;
	}
}

/* ---- start and end ---- */

/* What it remembers of fetches and jobs is gone with it. */
static void
forget(struct client *c)
{
	struct key_done d;

	tp_free(c->tp);
	c->tp = NULL;
	c->up = false;
	c->life++;
	c->tick_at = INT64_MAX;
	c->crash_in_put = false;
	c->clean = 0;
	memset(c->open, 0, sizeof(c->open));
	while (c->keys != NULL && keys_collect(c->keys, &d))
		blob_free(&d.bytes);
}

/* It names its file and does not start: what it had is a human's to bring back. */
static void
set_up_again(struct sim *w, struct client *c)
{
	if (!c->installing)
		world_at(w, w->now + dice_between(&w->rot, HOUR_MS, 10 * DAY_MS), M_OPERATOR,
		    (uint32_t)client_number(w, c), 0, OP_INSTALL, NULL);
	c->installing = true;
}

void
client_up(struct sim *w, struct client *c)
{
	struct err e = {0};

	if (c->off > 0) /* the fault's end starts it */
		return;
	c->tp = tp_open(&c->setup, &e);
	if (c->tp == NULL && c->rotten) {
		set_up_again(w, c);
		return;
	}
	if (c->tp == NULL) {
		broken(w, c, "INV-13", "the client does not start again: %s", e.text);
		return;
	}
	c->up = true;
	client_tick(w, c);
}

void
client_crash(struct sim *w, struct client *c, int64_t down_ms)
{
	w->numbers.crashes++;
	forget(c);
	if (dice_chance(&w->luck, 500)) {
		c->clock.boot_ms = w->now;
		c->clock.plan = (struct plan_clock){.mark = c->clock.plan.mark};
	}
	world_at(
	    w, w->now + down_ms, M_CLIENT_UP, (uint32_t)client_number(w, c), c->life, 0, NULL);
}

/* Wherever it is the file's digest tells, at a start. */
void
client_rots(struct sim *w, struct client *c)
{
	c->rotten = true;
	if (c->up)
		client_crash(w, c, MINUTE_MS);
}

/* The fingerprint that an operator reads out at the server. */
static bool
fingerprint(struct sim *w, struct client *c)
{
	const struct object *o = post_object(w, OBJECT_CACERT, "");
	struct blob hex = {0};
	struct view first = {0}, rest = {0};
	struct blob scratch = {0};
	struct cert cert;
	uint8_t digest[32];
	bool ok = o != NULL;

	if (ok && o->bundle)
		ok = certs_only_decode(blob_view(&o->bytes), &scratch, &first, &rest, NULL);
	else if (ok)
		first = blob_view(&o->bytes);
	if (ok && o->bundle) {
		struct reader r = reader_of(first);
		struct der d;

		ok = der_any(&r, &d, NULL);
		first = d.whole;
	}
	ok = ok && cert_decode(first, &cert, NULL);
	if (ok) {
		sha256(cert.whole, digest);
		hex_add(&hex, view_of(digest, sizeof(digest)), true);
		(void)snprintf(c->fingerprint, sizeof(c->fingerprint), "%s", blob_cstr(&hex));
	}
	blob_free(&hex);
	blob_free(&scratch);
	return ok;
}

/* A device out of its box, or one that somebody set up again. */
void
client_install(struct sim *w, struct client *c)
{
	static const struct shelf none;
	struct tp_event ev = {.kind = TP_EV_COMMAND, .command = TP_CMD_ENROLL};
	uint32_t number = (uint32_t)client_number(w, c);

	if (!fingerprint(w, c)) {
		/* He comes again, whatever happens to it in between. */
		world_at(w, w->now + HOUR_MS, M_OPERATOR, number, 0, OP_INSTALL, NULL);
		return;
	}
	forget(c);
	shelf_empty(&c->shelf);
	c->shelf = none;
	c->shelf.base.table = &shelf_table;
	c->shelf.w = w;
	c->shelf.client = number;
	c->had_triple = c->rejected = c->waits = c->was_ready = c->installing = false;
	c->revoked_ms = 0;
	c->key_lost = c->rotten = false;
	c->gone = 0;
	c->handed = 0;
	c->setup.shelf = &c->shelf.base;
	c->setup.fingerprint = c->fingerprint;
	c->joined = true;
	c->clear_since = w->now;
	client_up(w, c);
	if (c->up && !client_renews(c))
		client_step(w, c, &ev);
}

void
client_join(struct sim *w, struct client *c)
{
	struct err e = {0};
	uint64_t seed = dice_mix(w->setup.seed ^ ((uint64_t)client_number(w, c) + 1) << 32);
	char subject[80];

	if (c->keys == NULL) {
		c->keys = w->setup.keys != NULL ? w->setup.keys(w->setup.keys_arg,
						      (long)client_number(w, c), seed, &e)
						: keys_open_fake(seed);
		(void)snprintf(subject, sizeof(subject), "CN=%s,O=Keymuster", c->name);
		if (c->keys == NULL || !name_parse(subject, &c->subject, &e)) {
			broken(w, c, "WORLD", "no keys: %s", e.text);
			return;
		}
		c->clock.boot_ms = w->now;
		c->setup = (struct tp_setup){.policy = &c->fleet->policy,
		    .label = c->name,
		    .subject = blob_view(&c->subject),
		    .fingerprint = "",
		    .password = "",
		    .keys = c->keys};
	}
	client_install(w, c);
}

void
client_close(struct client *c)
{
	forget(c);
	shelf_empty(&c->shelf);
	keys_close(c->keys);
	blob_free(&c->subject);
}

/* ---- steps ---- */

void
client_schedule(struct sim *w, struct client *c)
{
	int64_t at;

	if (!c->up)
		return;
	at = clock_true(w, &c->clock, tp_wake(c->tp));
	if (c->clock.plan.state != CLOCK_HONEST) /* time stands still */
		at = w->now + HOUR_MS;
	if (at <= w->now) /* busy, or its disk refused: a second later */
		at = w->now + 1000;
	if (at >= w->end)
		return;
	if (c->tick_at > at || c->tick_at <= w->now) {
		c->tick_at = at;
		world_at(w, at, M_CLIENT_TICK, (uint32_t)client_number(w, c), c->life, 0, NULL);
	}
}

static void
noted(struct sim *w, struct client *c, enum tp_note note)
{
	switch (note) {
	case TP_NOTED_PENDING:
		c->waits = true;
		c->clean = 0; /* from here an operator is in its way */
		people_called(w);
		break;
	case TP_NOTED_REJECTED:
		c->rejected = true;
		break;
	case TP_NOTED_ID:
	case TP_NOTED_SHADOW:
		c->waits = c->rejected = false;
		break;
	case TP_NOTED_CA:
	case TP_NOTED_LACKS:
	case TP_NOTED_NOT_TAKEN:
	case TP_NOTED_REQUEST:
	case TP_NOTED_NEXT_CA:
	case TP_NOTED_ACTIVATED:
	case TP_NOTED_BEHIND:
	case TP_NOTED_TROUBLE:
		break;
	}
}

static void
effects_leave(struct sim *w, struct client *c, struct tp_effects *out)
{
	for (size_t i = 0; i < out->n && w->broken.n == 0; i++)
		switch (out->list[i].kind) {
		case TP_EFFECT_JOB:
			out->list[i].job.bytes = blob_view(&out->list[i].bytes);
			world_job(w, c->keys, &out->list[i].job, M_CLIENT_KEY,
			    (uint32_t)client_number(w, c), c->life);
			break;
		case TP_EFFECT_FETCH:
			post_send(w, c, &out->list[i]);
			break;
		case TP_EFFECT_NOTE:
			(void)snprintf(
			    c->said, sizeof(c->said), "%s", blob_cstr(&out->list[i].bytes));
			noted(w, c, out->list[i].note);
			break;
		}
}

/* In ten thousand. */
static bool
crashes(struct sim *w)
{
	static const unsigned of[] = {[SIM_NONE] = 0, [SIM_LIGHT] = 2, [SIM_HEAVY] = 20};

	return w->setup.faults != SIM_NONE && dice_below(&w->luck, 10000) < of[w->setup.faults];
}

void
client_step(struct sim *w, struct client *c, struct tp_event *ev)
{
	struct tp_effects out = {0};
	struct err e = {0};
	bool crash = crashes(w);
	when_t now = client_now(w, c);
	bool ok;

	if (!c->up)
		return;
	ev->clock_trusted =
	    c->clock.plan.state != CLOCK_UNVOUCHED && c->clock.plan.state != CLOCK_BEHIND;
	ev->clock_suspect = ev->clock_trusted && c->clock.plan.state != CLOCK_HONEST;
	c->crash_in_put = crash && dice_chance(&w->luck, 500);
	w->numbers.events++;
	ok = tp_step(c->tp, ev, now, &out, &e);
	lost_key_given_up(w, c, ev); /* what it has stored it knows behind a crash too */
	if (crash) {
		tp_effects_free(&out);
		client_crash(w, c, dice_between(&w->luck, 1000, HOUR_MS));
		return;
	}
	if (!ok && c->full == 0)
		broken(w, c, "WORLD", "a step was refused: %s", e.text);
	else if (w->broken.n == 0)
		law_stepped(w, c, ev, &out, now);
	effects_leave(w, c, &out);
	tp_effects_free(&out);
	client_schedule(w, c);
}

void
client_tick(struct sim *w, struct client *c)
{
	struct tp_event ev = {.kind = TP_EV_TICK};

	client_step(w, c, &ev);
}

/* Does it still wait for this one? */
static bool
was_open(struct client *c, uint64_t fetch)
{
	for (size_t i = 0; i < COUNT_OF(c->open); i++)
		if (c->open[i] == fetch) {
			c->open[i] = 0;
			return true;
		}
	return false;
}

void
client_timeout(struct sim *w, struct client *c, uint64_t fetch)
{
	struct tp_event ev = {.kind = TP_EV_FETCHED, .id = fetch};

	if (was_open(c, fetch))
		client_step(w, c, &ev);
}

/* Is it on its way to the next CA? */
static bool
due(struct sim *w, struct client *c)
{
	const struct plan_tp_facts *f;

	if (!c->up)
		return false;
	f = tp_facts(c->tp);
	return f->have_id && f->id_until >= f->issuer_until &&
	       plan_tp_due(&c->fleet->policy.plan, f) <= client_now(w, c);
}

void
client_hears(struct sim *w, struct client *c, struct letter *l)
{
	struct tp_event ev = {.kind = TP_EV_FETCHED,
	    .id = l->fetch,
	    .status = l->status,
	    .retry_after = l->retry_after,
	    .body = blob_view(&l->body)};

	if (was_open(c, l->fetch)) {
		/* What needs no key is answered beside a busy signer or a clock in doubt, too.
		 */
		if (l->status == 200 && !l->hurt && c->full == 0 && !c->waits &&
		    w->server.mute == 0 && clock_right(w, &w->server.clock) && due(w, c))
			c->clean++;
		client_step(w, c, &ev);
	}
	letter_free(l);
}
