/* servers.c - authorities in the core process: their turns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/core.h"

#define TURN_EVENTS 32	/* at 0.1 to 0.2 ms each: no turn lasts over 10 ms (rule 8) */
#define GATHER_MS 4	/* how long events wait for company while the signer has enough to do */
#define HOLD_MS 1000	/* after a failed commit */
#define JOBS_A_THREAD 8 /* in flight: what is there together is logged together */
#define SAY_AGAIN_MS 1
#define DELAYED_MAX 32 /* answers held back; they occupy credits of front */

/* ---- answers to front ---- */

static void
flush_sayings(struct core *c)
{
	struct err e = {0};

	if (outbox_send(&c->sayings, c->o->front, &e))
		return;
	if (e.why == WHY_BUSY)
		timer_set(c->say_again, SAY_AGAIN_MS);
	else
		loop_stop(c->loop, e.why == WHY_IO ? 0 : 1);
}

static void
say(struct core *c, const struct front_say *what, int64_t delay_ms)
{
	struct delayed *d;

	if (delay_ms <= 0) {
		front_say_encode(what, outbox_add(&c->sayings));
		return;
	}
	d = mem_get(sizeof(*d));
	front_say_encode(what, &d->message);
	d->due_ms = clock_mono_ms() + delay_ms;
	d->next = c->delayed;
	c->delayed = d;
	c->delayed_count++;
}

void
core_say_clock(struct core *c, const struct front_clock *say)
{
	front_clock_encode(say, outbox_add(&c->sayings));
}

/* Before anything is published, so that no address is unknown that will not be. */
static void
say_profiles(struct core *c)
{
	for (size_t i = 0; i < c->server_count; i++) {
		const struct conf_server *conf = c->server[i].conf;

		for (size_t k = 0; k < conf->profile_count; k++) {
			struct front_profile p;

			(void)snprintf(p.name, sizeof(p.name), "%s", conf->profile[k].name);
			(void)snprintf(p.ca, sizeof(p.ca), "%s", conf->name);
			front_profile_encode(&p, outbox_add(&c->sayings));
		}
	}
}

static void
say_later(struct core *c, uint64_t id)
{
	struct front_say what = {
	    .id = id, .status = 503, .retry_after = 30, .type = "text/plain"};

	what.body = VIEW("busy, try again\n");
	say(c, &what, 0);
}

/* Delayed answers whose time has come join the others; returns the milliseconds until the next
 * (-1: none). */
static int64_t
release_delayed(struct core *c)
{
	int64_t now = clock_mono_ms(), next = -1;

	for (struct delayed **at = &c->delayed; *at != NULL;) {
		struct delayed *d = *at;

		if (d->due_ms > now) {
			if (next < 0 || d->due_ms - now < next)
				next = d->due_ms - now;
			at = &d->next;
			continue;
		}
		*at = d->next;
		c->delayed_count--;
		*outbox_add(&c->sayings) = d->message;
		free(d);
	}
	return next;
}

/* ---- jobs ---- */

static void
job_wait(struct server *s, const struct effect *x)
{
	struct job *j = mem_get(sizeof(*j));
	struct queue *q = x->job.stranger ? &s->strangers : &s->known;

	j->job = x->job;
	if (!x->borrowed)
		blob_add_view(&j->bytes, blob_view(&x->bytes));
	*q->end = j;
	q->end = &j->next;
}

static struct job *
job_next(struct server *s)
{
	struct queue *q = s->known.first != NULL ? &s->known : &s->strangers;
	struct job *j = q->first;

	if (j == NULL)
		return NULL;
	q->first = j->next;
	if (q->first == NULL)
		q->end = &q->first;
	return j;
}

static void
job_free(struct job *j)
{
	blob_free(&j->bytes);
	mem_wipe(&j->job, sizeof(j->job));
	free(j);
}

static void
submit_jobs(struct server *s)
{
	struct err e = {0};
	struct job *j;

	while (
	    s->in_flight < JOBS_A_THREAD * s->core->o->workers && (j = job_next(s)) != NULL) {
		if (j->bytes.n > 0)
			j->job.bytes = blob_view(&j->bytes);
		if (!keys_submit(s->keys, &j->job, &e)) {
			log_error("signer does not take a job", "ca='%s' why='%s'",
			    s->conf->name, e.text);
			loop_stop(s->core->loop, e.why == WHY_IO ? 0 : 1);
		}
		s->in_flight++;
		crash_point("job-sent");
		job_free(j);
	}
}

/* ---- turns ---- */

void
server_add_item(struct server *s, struct item *it)
{
	if (s->items == NULL)
		s->items_since_ms = clock_mono_ms();
	*s->items_end = it;
	s->items_end = &it->next;
}

static struct item *
item_next(struct server *s)
{
	struct item *it = s->items;

	s->items = it->next;
	if (s->items == NULL)
		s->items_end = &s->items;
	it->next = NULL;
	return it;
}

static void
item_free(struct item *it)
{
	blob_free(&it->body);
	blob_free(&it->serial);
	blob_free(&it->done.bytes);
	free(it);
}

static void
publish(struct server *s, struct effect *x)
{
	static const struct {
		enum scep_op op;
		const char *type;
	} objects[] = {
	    [OBJECT_CAPS] = {OP_GETCACAPS, "text/plain"},
	    [OBJECT_CACERT] = {OP_GETCACERT, "application/x-x509-ca-cert"},
	    [OBJECT_CRL] = {OP_GETCRL, "application/pkix-crl"},
	    [OBJECT_NEXT] = {OP_GETNEXTCACERT, "application/x-x509-next-ca-cert"},
	    [OBJECT_LINK] = {OP_LINK, "application/pkix-cert"},
	    [OBJECT_OLD_NEXT] = {OP_OLD_NEXT, "application/x-x509-next-ca-cert"},
	};
	struct front_say what = {
	    .status = 200,
	    .op = objects[x->object].op,
	    .body = effect_bytes(x),
	    .valid_from = x->valid_from,
	    .valid_until = x->valid_until,
	};

	(void)snprintf(what.ca, sizeof(what.ca), "%s", s->conf->name);
	(void)snprintf(what.type, sizeof(what.type), "%s",
	    x->bundle ? "application/x-x509-ca-ra-cert" : objects[x->object].type);
	if (x->leaf[0] != 0)
		(void)snprintf(what.ca, sizeof(what.ca), "%.63s", x->leaf);
	if (x->leaf[0] == 0 || x->object != OBJECT_CRL)
		say(s->core, &what, 0);
	if (x->object != OBJECT_CRL)
		return;
	/* The same list under its file name: the CA's, or its key identifier. */
	what.op = OP_CRL;
	say(s->core, &what, 0);
	if (x->leaf[0] == 0)
		copy_list(s, what.body);
}

/* The authority hears whether the file stands; until it does, the archive stays due. */
static void
write_archive(struct server *s, const struct effect *x)
{
	char leaf[160], path[512];
	struct item *it = mem_get(sizeof(*it));
	struct err e = {0};

	(void)snprintf(leaf, sizeof(leaf), "archive/%s", x->leaf);
	it->event.kind = CA_ARCHIVED;
	it->event.id = x->id;
	it->event.all = file_replace(server_path(s->core->o->state, s->conf->name, leaf, path),
	    0600, blob_view(&x->bytes), &e);
	crash_point("archive-written");
	if (it->event.all) {
		log_notice("CRYPTO_CS: file opened", "ca='%s' file='%s'", s->conf->name, path);
		copy_archive(s, x->leaf, blob_view(&x->bytes));
	} else {
		log_error("CA archive not written", "ca='%s' why='%s'", s->conf->name, e.text);
	}
	server_add_item(s, it);
}

static void
release_effects(struct server *s, struct effects *out)
{
	for (size_t i = 0; i < out->n; i++) {
		struct effect *x = &out->list[i];
		struct front_say what = {
		    .id = x->id, .status = x->status, .retry_after = x->retry_after};

		switch (x->kind) {
		case EFFECT_REPLY:
			(void)snprintf(what.type, sizeof(what.type), "%s",
			    x->status == 200 ? "application/x-pki-message" : "text/plain");
			what.body = blob_view(&x->bytes);
			if (x->delay_ms > 0 && s->core->delayed_count >= DELAYED_MAX)
				say_later(s->core, x->id);
			else
				say(s->core, &what, x->delay_ms);
			break;
		case EFFECT_TELL:
			control_answer(
			    s->core->control, x->id, x->status, blob_view(&x->bytes));
			break;
		case EFFECT_JOB:
			job_wait(s, x);
			break;
		case EFFECT_PUBLISH:
			publish(s, x);
			break;
		case EFFECT_ARCHIVE:
			write_archive(s, x);
			break;
		case EFFECT_ASK:
			question_ask(s, x);
			break;
		case EFFECT_KEEP_IN:
			copy_no_more(s, x->leaf);
			break;
		}
	}
	effects_free(out);
}

/* The store did not take it: what waits for the signer is forgotten with the turn. */
static void
hold_off(struct server *s)
{
	struct job *j;

	while ((j = job_next(s)) != NULL)
		job_free(j);
	s->held_until_ms = clock_mono_ms() + HOLD_MS;
}

static const struct ca_event *
item_event(const struct server *s, struct item *it)
{
	struct ca_event *ev = &it->event;

	ev->clock_trusted = s->core->clock_trusted;
	ev->body = blob_view(&it->body);
	ev->source = it->source;
	ev->profile = it->profile;
	ev->answer = &it->answer;
	ev->actor = it->actor;
	ev->serial = blob_view(&it->serial);
	ev->done = &it->done;
	return ev;
}

static void
server_turn(struct server *s)
{
	const struct ca_event *events[TURN_EVENTS];
	struct item *served[TURN_EVENTS];
	struct effects out = {0};
	struct err e = {0};
	when_t now = core_now(s->core);
	enum ca_turned outcome;
	size_t n = 0;

	while (s->items != NULL && n < TURN_EVENTS) {
		served[n] = item_next(s);
		events[n] = item_event(s, served[n]);
		n++;
	}
	outcome = ca_turn(s->ca, events, n, now, &out, &e);
	if (s->core->recorder != NULL)
		recorder_turn(s->core->recorder, (size_t)(s - s->core->server), events, n, now,
		    outcome, &out);
	switch (outcome) {
	case CA_COMMITTED:
		break;
	case CA_UNDONE:
		hold_off(s);
		break;
	case CA_LOST:
		log_error("store does not answer", "ca='%s' why='%s'", s->conf->name, e.text);
		loop_stop(s->core->loop, 1);
		break;
	}
	for (size_t i = 0; i < n; i++)
		item_free(served[i]);
	release_effects(s, &out);
}

/* While the store is in trouble nobody waits for it. */
static void
refuse_items(struct server *s)
{
	while (s->items != NULL) {
		struct item *it = item_next(s);

		if (it->event.kind == CA_REQUEST || it->event.kind == CA_NEXT_ASKED)
			say_later(s->core, it->event.id);
		else if (it->event.kind == CA_COMMAND)
			control_answer(s->core->control, it->event.id, CODE_REFUSED,
			    VIEW("% The store cannot take it now: see the log.\n"));
		item_free(it);
	}
}

/*
 * Milliseconds until the waiting events get their turn. Under load a turn waits for more of
 * them, for they share one commit: as long as no signer thread runs out of work meanwhile.
 */
static int64_t
turn_due_ms(const struct server *s)
{
	int64_t left = s->items_since_ms + GATHER_MS - clock_mono_ms();

	return s->in_flight > s->core->o->workers && left > 0 ? left : 0;
}

/* Real milliseconds until the plan is to be asked. */
static int64_t
plan_due_ms(const struct server *s)
{
	when_t at = ca_wake(s->ca);

	return at <= core_now(s->core) ? 0 : clock_real_ms_until(at);
}

static void
server_work(struct server *s)
{
	struct item *tick;

	if (clock_mono_ms() < s->held_until_ms) {
		refuse_items(s);
		return;
	}
	if (s->tick || (s->items == NULL && plan_due_ms(s) == 0)) {
		tick = mem_get(sizeof(*tick));
		tick->event.kind = CA_TICK;
		server_add_item(s, tick);
		s->tick = false;
	}
	submit_jobs(s);
	if (s->items != NULL && turn_due_ms(s) == 0)
		server_turn(s);
	submit_jobs(s);
}

/* ---- what arrives ---- */

static struct server *
server_named(struct core *c, const char *name)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (name[0] == 0 || strcmp(c->server[i].conf->name, name) == 0)
			return &c->server[i];
	return NULL;
}

static void
front_asks(struct core *c, struct view message)
{
	struct front_ask ask;
	struct server *s;
	struct item *it;
	struct err e = {0};

	if (!front_ask_decode(message, &ask, &e)) {
		log_error("front sent what is no question", "why='%s'", e.text);
		loop_stop(c->loop, 1);
		return;
	}
	s = server_named(c, ask.ca);
	if (s == NULL || (ask.op != OP_PKIOPERATION && ask.op != OP_GETNEXTCACERT)) {
		say_later(c, ask.id);
		return;
	}
	it = mem_get(sizeof(*it));
	it->event.kind = ask.op == OP_PKIOPERATION ? CA_REQUEST : CA_NEXT_ASKED;
	it->event.id = ask.id;
	blob_add_view(&it->body, ask.body);
	(void)snprintf(it->source, sizeof(it->source), "%s", ask.source);
	(void)snprintf(it->profile, sizeof(it->profile), "%s", ask.profile);
	server_add_item(s, it);
}

static void
front_readable(void *arg)
{
	struct core *c = arg;
	struct blob message = {0};

	for (int n = 0; n < 64; n++) {
		enum channel_got got = channel_receive(c->o->front, FRONT_ASK_MAX, &message);

		if (got == CHANNEL_EMPTY)
			break;
		if (got != CHANNEL_MESSAGE) {
			loop_stop(c->loop, got == CHANNEL_CLOSED ? 0 : 1);
			break;
		}
		front_asks(c, blob_view(&message));
	}
	blob_free(&message);
	loop_after_round(c->loop, core_round, c);
}

static void
keys_readable(void *arg)
{
	struct server *s = arg;
	struct key_done done = {0};

	while (keys_collect(s->keys, &done)) {
		struct item *it = mem_get(sizeof(*it));

		it->event.kind = CA_KEY_DONE;
		it->done = done;
		done = (struct key_done){0};
		s->in_flight -= s->in_flight > 0 ? 1 : 0;
		server_add_item(s, it);
		crash_point("job-done");
	}
	if (!s->keys->table->alive(s->keys))
		loop_stop(s->core->loop, 0);
	loop_after_round(s->core->loop, core_round, s->core);
}

static void
say_again_due(void *arg)
{
	flush_sayings(arg);
}

/* ---- start ---- */

/* A CA without its key could answer nothing but "later": said at the start, with the name of
 * the file. */
static bool
key_is_there(const struct server *s, struct err *e)
{
	char leaf[160], path[512];

	if (!ca_facts(s->ca)->active.have_key)
		return true;
	(void)snprintf(leaf, sizeof(leaf), "keys/%s.key", ca_key_label(s->ca));
	return file_exists(server_path(s->core->o->state, s->conf->name, leaf, path)) ||
	       err_set(e, WHY_NOT_FOUND,
		   "the key pair of the CA is missing: restore %s from the backup of this "
		   "store",
		   path);
}

static bool
server_open(struct core *c, const struct conf_server *conf, int signer, struct err *e)
{
	struct server *s = &c->server[c->server_count];
	struct ca_policy policy;
	struct keys *keys;
	char path[512];
	bool ok;

	*s = (struct server){.core = c, .conf = conf, .tick = true};
	s->items_end = &s->items;
	s->known.end = &s->known.first;
	s->strangers.end = &s->strangers.first;
	if (!wire_policy(conf, &policy, e))
		return false;
	c->server_count++; /* from here on core_close finds what is open */
	s->keys = keys = keys_open_remote(signer);
	s->store = store_open_sqlite(server_path(c->o->state, conf->name, "store.db", path), e);
	if (s->store == NULL ||
	    (c->recorder != NULL && !recorder_server(c->recorder, c->server_count - 1, s->store,
					s->keys, &keys, e)) ||
	    !s->store->table->begin(s->store, e))
		return false;
	s->ca = ca_open(&policy, s->store, keys, e);
	ok = s->ca != NULL && key_is_there(s, e) && s->store->table->commit(s->store, e);
	mem_wipe(&policy, sizeof(policy));
	if (ok) {
		copy_archives(s);
		s->keys_watch =
		    loop_watch(c->loop, s->keys->table->fd(s->keys), keys_readable, s);
	}
	return ok;
}

bool
servers_open(struct core *c, struct err *e)
{
	const struct core_options *o = c->o;

	for (size_t i = 0; i < o->conf->server_count; i++)
		if (!server_open(c, &o->conf->server[i], o->signers[i], e))
			return err_prefix(e, "server %s", o->conf->server[i].name);
	return true;
}

void
servers_start(struct core *c)
{
	if (c->server_count == 0)
		return;
	c->front_watch = loop_watch(c->loop, c->o->front, front_readable, c);
	c->say_again = loop_timer(c->loop, say_again_due, c);
	say_profiles(c);
	copies_open(c);
}

void
servers_close(struct core *c)
{
	for (size_t i = 0; i < c->server_count; i++) {
		struct server *s = &c->server[i];

		while (s->items != NULL)
			item_free(item_next(s));
		for (struct job *j = job_next(s); j != NULL; j = job_next(s))
			job_free(j);
		ca_free(s->ca);
		watch_free(s->keys_watch);
		keys_close(s->keys);
		if (s->store != NULL)
			s->store->table->close(s->store);
	}
	outbox_free(&c->sayings);
	while (c->delayed != NULL) {
		struct delayed *d = c->delayed;

		c->delayed = d->next;
		blob_free(&d->message);
		free(d);
	}
	questions_free(c);
	copies_close(c);
	watch_free(c->front_watch);
	timer_free(c->say_again);
}

/* Stores are open already: only archives are still made by name. */
size_t
servers_directories(const struct core *c, char path[CONF_SERVERS][512])
{
	for (size_t i = 0; i < c->server_count; i++)
		(void)server_path(c->o->state, c->server[i].conf->name, "archive", path[i]);
	return c->server_count;
}

/* ---- rounds ---- */

void
servers_work(struct core *c)
{
	for (size_t i = 0; i < c->server_count; i++)
		server_work(&c->server[i]);
	copies_work(c);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t
servers_settle(struct core *c)
{
	int64_t ms = sooner(release_delayed(c), questions_due(c));

	flush_sayings(c);
	for (size_t i = 0; i < c->server_count; i++) {
		struct server *s = &c->server[i];
		int64_t own = plan_due_ms(s);

		if (own < s->held_until_ms - clock_mono_ms())
			own = s->held_until_ms - clock_mono_ms();
		ms = sooner(ms, s->items != NULL ? turn_due_ms(s) : own);
	}
	return ms;
}

bool
servers_busy(const struct core *c, when_t *next)
{
	bool busy = c->sayings.first != NULL || c->delayed != NULL || c->questions != NULL;
	for (size_t i = 0; i < c->server_count; i++) {
		const struct server *s = &c->server[i];

		busy |= s->items != NULL || s->tick || s->in_flight > 0 ||
			s->known.first != NULL || s->strangers.first != NULL ||
			clock_mono_ms() < s->held_until_ms;
		*next = when_min(*next, ca_wake(s->ca));
	}
	return busy;
}

/* ---- what their stores know of the clock ---- */

when_t
servers_clock_mark(const struct core *c)
{
	when_t mark = INT64_MIN;

	for (size_t i = 0; i < c->server_count; i++)
		mark = when_max(mark, ca_clock_mark(c->server[i].ca));
	return mark;
}

void
servers_anchors(struct core *c, void (*each)(struct core *c, struct view anchor))
{
	for (size_t i = 0; i < c->server_count; i++) {
		struct store *s = c->server[i].store;
		struct blob fact = {0};

		if (!s->table->begin(s, NULL))
			continue;
		if (s->table->fact_get(s, "clock_anchor", &fact, NULL))
			each(c, blob_view(&fact));
		s->table->rollback(s);
		blob_free(&fact);
	}
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

void
servers_anchor_save(struct core *c, const char *text)
{
	struct err e = {0};

	for (size_t i = 0; i < c->server_count; i++)
		if (!anchor_put(c->server[i].store, text, &e))
			log_warn("a restart would not know a leap of the clock",
			    "ca='%s' why='%s'", c->server[i].conf->name, e.text);
}

void
servers_clock_looked(struct core *c, bool changed)
{
	for (size_t i = 0; i < c->server_count; i++) {
		struct server *s = &c->server[i];

		s->tick |=
		    changed ||
		    (c->clock_trusted && core_now(c) >= when_add(ca_clock_mark(s->ca), MINUTE));
	}
}
