/* front.c - the front process: published objects, credits, answers. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "net/crowd.h"
#include "net/net.h"

#define NAMES_MAX 64
#define OBJECTS_MAX 4096
#define RECEIVE_ROUND 64   /* messages taken before HTTP gets its turn */
#define RETRY_SOON 5	   /* core is gone or still starting */
#define RETRY_NEXT_CA HOUR /* nobody knows when there will be a next CA */
#define RETRY_NEXT_SOON MINUTE
#define RETRY_NEXT_LATE DAY /* it may be asked for by hand before */
#define MESSAGE_TYPE "application/x-pki-message"
#define TOLD_MAX 16 /* addresses that core hears of before the next CA is shown to them */

struct object { /* counted, for a slow client may still be reading what was replaced meanwhile
		 */
	int users;
	enum scep_op op;
	char ca[64];
	when_t from, until;
	char type[64];
	char etag[40];
	char expires[HTTP_DATE]; /* empty: never */
	struct blob body;
	char (*told)[64]; /* OP_GETNEXTCACERT: addresses that core knows of */
	size_t told_count;
};

struct pending { /* a question at core; id 0: free */
	uint64_t id;
	struct http_server *server;
	uint64_t exchange;
	struct object *object; /* shown when core agrees; NULL: core has the answer */
	char source[64];       /* with object */
};

struct front;

struct port {
	struct front *front;
	struct http_server *server;
};

struct front {
	struct loop *loop;
	int core;
	struct port *ports;
	size_t port_count;
	char names[NAMES_MAX][64];  /* in the order of their first publication */
	when_t next_due[NAMES_MAX]; /* when each has a next CA; INT64_MIN: nobody knows */
	size_t name_count;
	struct front_profile profiles[NAMES_MAX];
	size_t profile_count;
	struct object **objects;
	size_t object_count;
	struct pending *pending;
	uint16_t *free_pending;
	size_t in_flight, free_count;
	uint64_t asked;
	bool core_gone;
	struct crowd crowd; /* found core busy */
	struct front_clock clock;
	struct blob message;
};

/* While the clock is not honest, what is published stays as it was. */
static when_t
front_now(const struct front *f)
{
	return when_min(when_max(clock_now(), f->clock.floor), f->clock.ceiling);
}

/* ---- published objects ---- */

static void
object_release(void *kept)
{
	struct object *o = kept;

	if (--o->users)
		return;
	blob_free(&o->body);
	free(o->told);
	free(o);
}

/* Tells contents apart for caches; core is trusted, so no cryptography: eight octets a
 * multiplication. */
static uint64_t
body_hash(struct view v)
{
	uint64_t h = 0x9e3779b97f4a7c15 ^ v.n;

	for (size_t i = 0; i < v.n; i += 8) {
		uint64_t w = 0;

		memcpy(&w, v.p + i, v.n - i < 8 ? v.n - i : 8);
		h = (h ^ w) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return h;
}

static bool
is_crl(enum scep_op op)
{
	return op == OP_CRL || op == OP_GETCRL;
}

static struct object *
object_make(const struct front_say *say)
{
	struct object *o = mem_get(sizeof(*o));

	o->users = 1;
	o->op = say->op;
	memcpy(o->ca, say->ca, sizeof(o->ca));
	memcpy(o->type, say->type, sizeof(o->type));
	o->from = say->valid_from;
	o->until = say->valid_until;
	blob_add_view(&o->body, say->body);
	if (is_crl(o->op)) {
		snprintf(o->etag, sizeof(o->etag), "\"%016llx-%zx\"",
		    (unsigned long long)body_hash(say->body), say->body.n);
		if (o->until != WHEN_NEVER)
			http_date(o->until, o->expires);
	}
	return o;
}

static bool
object_is(const struct object *o, enum scep_op op, const char *ca)
{
	return o->op == op && strcmp(o->ca, ca) == 0;
}

static struct object *
object_now(const struct front *f, enum scep_op op, const char *ca, when_t now)
{
	struct object *best = NULL;

	for (size_t i = 0; i < f->object_count; i++) {
		struct object *o = f->objects[i];

		if (object_is(o, op, ca) && now >= o->from && now < o->until &&
		    (!best || o->from > best->from))
			best = o;
	}
	return best;
}

/* What the new object replaces, and what time has passed over: ended, or older than one that
 * has begun. */
static bool
object_is_past(const struct object *o, const struct front_say *say, when_t now)
{
	if (now >= o->until)
		return true;
	return object_is(o, say->op, say->ca) &&
	       (!say->body.n || o->from == say->valid_from ||
		   (o->from < say->valid_from && now >= say->valid_from));
}

/* NULL: unknown, and no room to learn it. */
static when_t *
name_learn(struct front *f, const char *name)
{
	size_t i = 0;

	while (i < f->name_count && strcmp(f->names[i], name) != 0)
		i++;
	if (i == NAMES_MAX)
		return NULL;
	if (i == f->name_count) {
		snprintf(f->names[f->name_count++], sizeof(f->names[0]), "%s", name);
		f->next_due[i] = INT64_MIN;
	}
	return &f->next_due[i];
}

/* NX-06 */
static int
next_retry(struct front *f, const char *ca)
{
	const when_t *due = name_learn(f, ca);

	if (!due || *due == INT64_MIN)
		return RETRY_NEXT_CA;
	return (int)when_max(
	    RETRY_NEXT_SOON, when_min(RETRY_NEXT_LATE, when_add(*due, -front_now(f))));
}

static void
publish(struct front *f, const struct front_say *say)
{
	when_t now = front_now(f), *next_due = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < f->object_count; i++) {
		if (object_is_past(f->objects[i], say, now))
			object_release(f->objects[i]);
		else
			f->objects[kept++] = f->objects[i];
	}
	f->object_count = kept;
	if (say->op != OP_CRL && say->op != OP_OLD_NEXT && say->op != OP_LINK)
		next_due = name_learn(f, say->ca);
	if (!say->body.n) {
		if (next_due && say->op == OP_GETNEXTCACERT)
			*next_due = say->valid_from;
		return;
	}
	if (f->object_count == OBJECTS_MAX) {
		log_error("too many objects published", "limit=%d", OBJECTS_MAX);
		return;
	}
	f->objects = mem_array(f->objects, f->object_count + 1, sizeof(struct object *));
	f->objects[f->object_count++] = object_make(say);
}

static void
profile_learn(struct front *f, const struct front_profile *p)
{
	if (f->profile_count < NAMES_MAX)
		f->profiles[f->profile_count++] = *p;
}

/* ---- answers ---- */

static void
answer_text(
    struct http_server *s, uint64_t exchange, int status, int retry_after, const char *text)
{
	struct http_answer a = {
	    .status = status,
	    .retry_after = retry_after,
	    .type = "text/plain",
	    .body = view_str(text),
	    .no_store = true,
	    .allow = status == 405 ? "GET, HEAD" : NULL,
	};

	http_answer(s, exchange, &a);
}

/* RFC 9110 13.1.2: "*" or a list of tags, compared weakly. */
static bool
etag_listed(struct view list, const char *etag)
{
	size_t n = strlen(etag);

	if (view_equal_str(list, "*"))
		return true;
	for (size_t i = 0; i + n <= list.n; i++)
		if (memcmp(list.p + i, etag, n) ==
		    0) /* quotes are part of it, so no tag is found within another */
			return true;
	return false;
}

static void
answer_object(
    struct http_server *s, uint64_t exchange, struct view if_none_match, struct object *o)
{
	bool known = o->etag[0] && etag_listed(if_none_match, o->etag);
	struct http_answer a = {
	    .status = known ? 304 : 200,
	    .type = o->type,
	    .body = blob_view(&o->body),
	    .no_store = o->op == OP_GETNEXTCACERT,
	    .etag = o->etag[0] ? o->etag : NULL,
	    .expires = o->expires[0] ? o->expires : NULL,
	    .release = object_release,
	    .kept = o,
	};

	o->users++;
	http_answer(s, exchange, &a);
}

/* ---- questions to core ---- */

static void
answer_busy(struct front *f, struct http_server *s, uint64_t exchange)
{
	answer_text(s, exchange, 503, crowd_retry(&f->crowd, clock_mono_ms()), "busy\n");
}

struct target {
	const char *ca; /* the name that core knows; NULL: none */
	const char *profile;
};

/* o: may it be shown? Else the message is to be answered. */
static void
ask_core(struct front *f, struct http_server *s, const struct http_request *rq,
    const struct target *to, struct object *o, struct view message)
{
	struct front_ask ask = {.op = o ? o->op : OP_PKIOPERATION, .body = message};
	struct pending *p;
	uint16_t slot;

	if (f->core_gone || !f->free_count) {
		answer_busy(f, s, rq->exchange);
		return;
	}
	slot = f->free_pending[f->free_count - 1];
	ask.id = ++f->asked << 16 | slot;
	snprintf(ask.ca, sizeof(ask.ca), "%s", to->ca);
	snprintf(ask.profile, sizeof(ask.profile), "%s", to->profile);
	snprintf(ask.source, sizeof(ask.source), "%s", rq->source);
	blob_clear(&f->message);
	front_ask_encode(&ask, &f->message);
	if (!channel_send(f->core, blob_view(&f->message),
		NULL)) { /* full or closed: in the latter case the watch tells */
		answer_busy(f, s, rq->exchange);
		return;
	}
	p = &f->pending[slot];
	*p = (struct pending){.id = ask.id, .server = s, .exchange = rq->exchange, .object = o};
	if (o) {
		o->users++;
		snprintf(p->source, sizeof(p->source), "%s", rq->source);
	}
	f->free_count--;
}

/* Once core has noted some addresses, more of them would tell an operator nothing. */
static bool
is_told(const struct object *o, const char *source)
{
	for (size_t i = 0; i < o->told_count; i++)
		if (strcmp(o->told[i], source) == 0)
			return true;
	return o->told_count == TOLD_MAX;
}

static void
note_told(struct object *o, const char *source)
{
	if (is_told(o, source))
		return;
	o->told = mem_array(o->told, o->told_count + 1, sizeof(o->told[0]));
	snprintf(o->told[o->told_count++], sizeof(o->told[0]), "%s", source);
}

static void
answer_public(struct front *f, struct http_server *s, const struct http_request *rq,
    enum scep_op op, const char *ca)
{
	struct object *o = object_now(f, op, ca, front_now(f));

	if (o && op == OP_GETNEXTCACERT && !is_told(o, rq->source))
		ask_core(f, s, rq, &(struct target){ca, ""}, o, (struct view){0});
	else if (o)
		answer_object(s, rq->exchange, rq->if_none_match, o);
	else if (op == OP_GETNEXTCACERT) /* BAD-027 */
		answer_text(
		    s, rq->exchange, 404, next_retry(f, ca), "there is no next CA yet\n");
	else if (op == OP_GETCACERTCHAIN || op == OP_OLD_NEXT || op == OP_LINK)
		answer_text(s, rq->exchange, 404, 0, "there is no such file\n");
	else
		answer_text(s, rq->exchange, 503, RETRY_SOON, "not published at this moment\n");
}

static void
core_said(struct front *f, const struct front_say *say)
{
	uint16_t slot = (uint16_t)say->id;
	struct pending *p = slot < f->in_flight ? &f->pending[slot] : NULL;
	struct pending was;
	struct http_answer a = {
	    .status = say->status,
	    .retry_after =
		say->status == 503 && !say->retry_after ? RETRY_SOON : say->retry_after,
	    .type = say->type[0]	 ? say->type
		    : say->status == 200 ? MESSAGE_TYPE
					 : "text/plain",
	    .body = say->body,
	    .no_store = true,
	};

	if (!p || p->id != say->id) {
		log_warn(
		    "core answered what was not asked", "id=%llu", (unsigned long long)say->id);
		return;
	}
	was = *p;
	*p = (struct pending){0};
	f->free_pending[f->free_count++] = slot;
	if (was.object && say->status == 200) {
		note_told(was.object, was.source);
		answer_object(was.server, was.exchange, (struct view){0}, was.object);
	} else {
		http_answer(was.server, was.exchange, &a);
	}
	if (was.object)
		object_release(was.object);
}

/* ---- requests ---- */

static struct target
target_of(const struct front *f, const struct scep_address *a)
{
	for (size_t i = 0; i < f->name_count; i++)
		if (strcmp(f->names[i], a->ca) == 0)
			return (struct target){f->names[i], ""};
	for (size_t i = 0; i < f->profile_count; i++)
		if (strcmp(f->profiles[i].name, a->ca) == 0)
			return (struct target){f->profiles[i].ca, f->profiles[i].name};
	return (struct target){!a->ca[0] || a->ca_is_hint ? f->names[0] : NULL, ""};
}

static bool
crl_is_known(const struct front *f, const char *stem)
{
	for (size_t i = 0; i < f->object_count; i++)
		if (object_is(f->objects[i], OP_CRL, stem))
			return true;
	return false;
}

static void
on_request(void *arg, const struct http_request *rq)
{
	struct port *port = arg;
	struct front *f = port->front;
	struct scep_address a = {0};
	struct target to;
	struct err e = {0};
	int status;

	if (!scep_address_parse(rq, &a, &status, &e)) {
		answer_text(port->server, rq->exchange, status, 0, e.text);
		return;
	}
	to = target_of(f, &a);
	if (a.op == OP_CRL && crl_is_known(f, a.ca))
		to.ca = a.ca;
	if (!f->name_count)
		answer_text(port->server, rq->exchange, 503, RETRY_SOON, "starting\n");
	else if (!to.ca)
		answer_text(port->server, rq->exchange, 404, 0, "no such CA\n");
	else if (a.op == OP_PKIOPERATION)
		ask_core(f, port->server, rq, &to, NULL, blob_view(&a.message));
	else
		answer_public(f, port->server, rq, a.op, a.stem[0] ? a.stem : to.ca);
	blob_free(&a.message);
}

/* ---- the process ---- */

static void
core_end(struct front *f, int code)
{
	f->core_gone = true;
	for (size_t i = 0; i < f->in_flight; i++) {
		if (f->pending[i].id)
			answer_text(f->pending[i].server, f->pending[i].exchange, 503,
			    RETRY_SOON, "restarting\n");
		if (f->pending[i].object)
			object_release(f->pending[i].object);
	}
	loop_stop(f->loop, code);
}

static void
on_core(void *arg)
{
	struct front *f = arg;
	struct blob message = {0};
	struct front_say say;
	struct front_profile profile;
	struct err e = {0};

	for (int i = 0; i < RECEIVE_ROUND && !f->core_gone; i++) {
		switch (channel_receive(f->core, CHANNEL_MAX, &message)) {
		case CHANNEL_EMPTY:
			goto out;
		case CHANNEL_CLOSED:
			core_end(f, 0);
			goto out;
		case CHANNEL_BROKEN:
			log_error("channel to core is broken", "requests=%zu",
			    f->in_flight - f->free_count);
			core_end(f, 1);
			goto out;
		case CHANNEL_MESSAGE:
			break;
		}
		if (front_clock_decode(blob_view(&message), &f->clock, NULL))
			continue;
		if (front_profile_decode(blob_view(&message), &profile, NULL)) {
			profile_learn(f, &profile);
		} else if (!front_say_decode(blob_view(&message), &say, &e)) {
			log_error("core sent nonsense", "why='%s'", e.text);
			core_end(f, 1);
		} else if (say.id) {
			core_said(f, &say);
		} else {
			publish(f, &say);
		}
	}
out:
	blob_free(&message);
}

static void
front_free(struct front *f)
{
	for (size_t i = 0; i < f->port_count; i++)
		http_close(f->ports[i].server);
	for (size_t i = 0; i < f->object_count; i++)
		object_release(f->objects[i]);
	free(f->objects);
	free(f->ports);
	free(f->pending);
	free(f->free_pending);
	blob_free(&f->message);
	loop_free(f->loop);
	free(f);
}

int
front_main(const struct front_options *o)
{
	struct front *f = mem_get(sizeof(*f));
	struct watch *watch;
	struct err e = {0};
	int code = 1;

	signal(SIGPIPE, SIG_IGN);
	f->loop = loop_new();
	f->core = o->core;
	f->clock = (struct front_clock){INT64_MIN, WHEN_NEVER};
	f->in_flight = o->in_flight < 0		   ? 0
		       : o->in_flight > UINT16_MAX ? UINT16_MAX
						   : (size_t)o->in_flight;
	f->pending = mem_get((f->in_flight + 1) * sizeof(*f->pending));
	f->free_pending = mem_get((f->in_flight + 1) * sizeof(*f->free_pending));
	while (f->free_count < f->in_flight) {
		f->free_pending[f->free_count] = (uint16_t)f->free_count;
		f->free_count++;
	}
	watch = loop_watch(f->loop, f->core, on_core, f);
	f->ports = mem_get((o->listener_count + 1) * sizeof(*f->ports));
	f->port_count = o->listener_count;
	for (size_t i = 0; i < f->port_count; i++) {
		f->ports[i].front = f;
		f->ports[i].server =
		    http_open(f->loop, o->listeners[i], &o->limits, on_request, &f->ports[i]);
	}
	if (o->sandbox && !sandbox_enter(SANDBOX_FRONT, NULL, &e))
		log_error("front cannot start", "why='%s'", e.text);
	else
		code = loop_run(f->loop);
	watch_free(watch);
	front_free(f);
	return code;
}
