/* courier.c - the courier process: requests in, answers out. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "courier/post.h"

#define RECEIVE_ROUND 16 /* requests taken before the network gets its turn */
#define RESOLVER "/etc/resolv.conf"

/* What TLS and the resolver read; the last place is for another file of CA certificates. */
static const char *readable[] = {
    "/etc/ssl/certs",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    RESOLVER,
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    NULL,
    NULL,
};

struct courier;

/* One request of core's: a question, something to fetch, or a copy. */
struct job {
	struct job *next;
	struct lane *lane;
	struct blob message; /* ask, fetch or put borrows from it */
	struct courier_ask ask;
	struct courier_fetch fetch;
	struct courier_put put;
	struct blob url, body; /* as they are sent, if they are made here */
	int64_t due_ms;
	bool running;
};

/* What one kind of requests has of its own. */
struct kind_rules {
	size_t queue;
	bool (*start)(struct courier *c, struct job *j, int64_t milliseconds, struct err *e);
	void (*done)(struct courier *c, struct job *j, const struct posted *p);
	void (*fail)(struct courier *c, const struct job *j, const char *why);
};

enum { QUESTIONS, FETCHES, PUTS, LANES };

struct lane {
	const struct kind_rules *rules;
	struct job *jobs; /* the oldest first */
	size_t running, waiting;
};

struct courier {
	const struct courier_options *o;
	struct poster *poster;
	struct lane lane[LANES];
	struct outbox sayings;
	struct stat resolver; /* as it was when the process lost sight of others */
	bool ended;
};

/* ---- answers ---- */

static void
flush_sayings(struct courier *c)
{
	struct err e = {0};

	c->ended |= !outbox_send(&c->sayings, c->o->core, &e) && e.why != WHY_BUSY;
}

static struct blob *
say(struct courier *c)
{
	return outbox_add(&c->sayings);
}

/* ---- questions ---- */

static bool
question_start(struct courier *c, struct job *j, int64_t milliseconds, struct err *e)
{
	const struct courier_hook *hook = &c->o->hooks[j->ask.hook];
	struct blob line = {0};
	struct posting p = {
	    .url = hook->url,
	    .proxy = "",
	    .interface = "",
	    .headers = {"Content-Type: application/json", "Accept: application/json"},
	    .post = true,
	    .max = COURIER_ANSWER_MAX,
	    .milliseconds = milliseconds,
	};
	bool ok;

	if (!c->o->speech->ask(&j->ask, &j->body))
		return err_set(e, WHY_BAD_INPUT, "the request holds text that is not UTF-8");
	p.body = blob_view(&j->body);
	if (hook->password[0] != 0) {
		blob_printf(&line, "Authorization: Bearer %s", hook->password);
		p.headers[2] = blob_cstr(&line);
	}
	ok = poster_start(c->poster, j, &p, e);
	blob_free(&line);
	return ok;
}

static void
question_fail(struct courier *c, const struct job *j, const char *why)
{
	courier_say_encode(
	    &(struct courier_say){
		.id = j->ask.id, .result = COURIER_AGAIN, .reason = view_str(why)},
	    say(c));
}

static void
question_done(struct courier *c, struct job *j, const struct posted *p)
{
	struct courier_say s = {0};
	struct blob kept = {0};
	struct err e = {0};
	char text[80];

	(void)snprintf(text, sizeof(text), "its answer has status %d", p->status);
	if (p->status != 200) {
		question_fail(c, j, text);
	} else if (c->o->speech->say(blob_view(&p->body), j->ask.challenge, &s, &kept, &e)) {
		s.id = j->ask.id;
		courier_say_encode(&s, say(c));
	} else {
		question_fail(c, j, e.text);
	}
	blob_free(&kept);
}

static const struct kind_rules question_rules = {
    COURIER_QUEUE, question_start, question_done, question_fail};

/* ---- fetches ---- */

/* libcurl would say that it is a form. Without a type: a header without words, so none. */
static const char *
type_line(struct view media_type, struct blob *line)
{
	blob_printf(line, "Content-Type: %.*s", (int)media_type.n, (const char *)media_type.p);
	return blob_cstr(line);
}

static bool
fetch_start(struct courier *c, struct job *j, int64_t milliseconds, struct err *e)
{
	const struct courier_place *place = &c->o->places[j->fetch.place];
	struct posting p = {
	    .proxy = place->proxy,
	    .interface = place->interface,
	    .post = j->fetch.post,
	    .body = j->fetch.body,
	    .max = j->fetch.max,
	    .milliseconds = milliseconds,
	};

	if (!courier_fetch_url(place, &j->fetch, &j->url, e))
		return false;
	p.url = blob_cstr(&j->url);
	if (p.post)
		p.headers[0] = type_line(j->fetch.media_type, &j->body);
	return poster_start(c->poster, j, &p, e);
}

static void
fetch_fail(struct courier *c, const struct job *j, const char *why)
{
	courier_got_encode(
	    &(struct courier_got){.id = j->fetch.id, .reason = view_str(why)}, say(c));
}

static void
fetch_done(struct courier *c, struct job *j, const struct posted *p)
{
	courier_got_encode(&(struct courier_got){.id = j->fetch.id,
			       .status = p->status,
			       .media_type = view_str(p->media_type),
			       .retry_after = p->retry_after,
			       .body = blob_view(&p->body)},
	    say(c));
}

static const struct kind_rules fetch_rules = {
    COURIER_FETCHES, fetch_start, fetch_done, fetch_fail};

/* ---- copies ---- */

static bool
put_start(struct courier *c, struct job *j, int64_t milliseconds, struct err *e)
{
	const struct courier_depot *depot = &c->o->depots[j->put.depot];
	char from[COURIER_LEAF_MAX + 16], to[COURIER_LEAF_MAX + 16];
	int n = (int)j->put.leaf.n;
	const char *leaf = (const char *)j->put.leaf.p;
	struct posting p = {
	    .proxy = "",
	    .interface = "",
	    .user = depot->user,
	    .password = depot->password,
	    .put = true,
	    .body = j->put.body,
	    .max = COURIER_ANSWER_MAX,
	    .milliseconds = milliseconds,
	};
	bool beside;

	if (!courier_put_url(depot, j->put.leaf, &beside, &j->url, e))
		return false;
	(void)snprintf(from, sizeof(from), "RNFR %.*s" COURIER_BESIDE, n, leaf);
	(void)snprintf(to, sizeof(to), "RNTO %.*s", n, leaf);
	p.url = blob_cstr(&j->url);
	if (beside) {
		p.renames[0] = from;
		p.renames[1] = to;
	}
	return poster_start(c->poster, j, &p, e);
}

static void
put_fail(struct courier *c, const struct job *j, const char *why)
{
	courier_stored_encode(
	    &(struct courier_stored){.id = j->put.id, .reason = view_str(why)}, say(c));
}

static void
put_done(struct courier *c, struct job *j, const struct posted *p)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "its answer has status %d", p->status);
	if (p->status / 100 == 2)
		courier_stored_encode(
		    &(struct courier_stored){.id = j->put.id, .stored = true}, say(c));
	else
		put_fail(c, j, text);
}

static const struct kind_rules put_rules = {COURIER_PUTS, put_start, put_done, put_fail};

/* ---- jobs ---- */

static void
job_free(struct job *j)
{
	struct lane *l = j->lane;

	for (struct job **at = &l->jobs; *at != NULL; at = &(*at)->next) {
		if (*at != j)
			continue;
		*at = j->next;
		*(j->running ? &l->running : &l->waiting) -= 1;
		break;
	}
	blob_free(&j->message);
	blob_free(&j->url);
	blob_free(&j->body);
	free(j);
}

static void
job_start(struct courier *c, struct job *j, int64_t left)
{
	struct err e = {0};

	if (left > 0 && j->lane->rules->start(c, j, left, &e)) {
		j->running = true;
		j->lane->waiting--;
		j->lane->running++;
		return;
	}
	j->lane->rules->fail(c, j, left > 0 ? e.text : "it waited too long for its turn");
	job_free(j);
}

static void
start_jobs(struct courier *c)
{
	int64_t now = clock_mono_ms();
	struct job *next;

	for (struct lane *l = c->lane; l < c->lane + LANES; l++)
		for (struct job *j = l->jobs; j != NULL; j = next) {
			next = j->next;
			if (!j->running && (l->running < COURIER_AT_ONCE || j->due_ms <= now))
				job_start(c, j, j->due_ms - now);
		}
}

/* False: core said what is neither question, fetch nor copy. */
static bool
job_read(struct courier *c, struct job *j, struct err *e)
{
	struct view message = blob_view(&j->message);

	if (courier_fetch_decode(message, &j->fetch, e)) {
		j->lane = &c->lane[FETCHES];
		j->due_ms = clock_mono_ms() + j->fetch.limit_ms;
		return j->fetch.place < c->o->place_count;
	}
	if (courier_put_decode(message, &j->put, e)) {
		j->lane = &c->lane[PUTS];
		j->due_ms = clock_mono_ms() + j->put.limit_ms;
		return c->o->depots != NULL && c->o->depots[j->put.depot].url[0] != 0;
	}
	j->lane = &c->lane[QUESTIONS];
	j->due_ms = clock_mono_ms() + COURIER_LIMIT_MS;
	return courier_ask_decode(message, &j->ask, e) && c->o->hooks != NULL &&
	       c->o->hooks[j->ask.hook].url[0] != 0;
}

static bool
job_take(struct courier *c, struct view message)
{
	struct job **end, *j = mem_get(sizeof(*j));
	struct err e = {0};
	bool known;

	blob_set(&j->message, message);
	known = job_read(c, j, &e);
	if (!known || j->lane->waiting >= j->lane->rules->queue) {
		if (known)
			j->lane->rules->fail(c, j, "too many at once");
		else
			log_error("core asked for what there is not", "why='%s'", e.text);
		blob_free(&j->message);
		free(j);
		return known;
	}
	end = &j->lane->jobs;
	while (*end != NULL)
		end = &(*end)->next;
	*end = j;
	j->lane->waiting++;
	return true;
}

static void
receive(struct courier *c)
{
	struct blob message = {0};

	for (int n = 0; n < RECEIVE_ROUND && !c->ended; n++) {
		enum channel_got got = channel_receive(c->o->core, CHANNEL_MAX, &message);

		if (got == CHANNEL_EMPTY)
			break;
		c->ended = got != CHANNEL_MESSAGE || !job_take(c, blob_view(&message));
		start_jobs(c);
	}
	blob_free(&message);
}

/* ---- what came back ---- */

/*
 * The process sees the file that was there at its start; when another took its place
 * (DHCP, NetworkManager), a new process sees that one.
 */
static bool
resolver_moved(const struct courier *c)
{
	struct stat now;

	return stat(RESOLVER, &now) == 0 &&
	       (now.st_ino != c->resolver.st_ino || now.st_dev != c->resolver.st_dev);
}

static void
collect(struct courier *c)
{
	struct posted p;

	while (poster_done(c->poster, &p)) {
		struct job *j = p.owner;

		if (p.why != NULL)
			j->lane->rules->fail(c, j, p.why);
		else
			j->lane->rules->done(c, j, &p);
		job_free(j);
		blob_free(&p.body);
		if (p.unresolved && resolver_moved(c)) {
			log_notice("resolver moved, starting anew", "file='%s'", RESOLVER);
			c->ended = true;
		}
	}
}

static bool
prepare(struct courier *c, struct err *e)
{
	c->poster = poster_open(c->o->trust, e);
	if (c->poster == NULL)
		return false;
	readable[COUNT_OF(readable) - 2] = c->o->trust;
	(void)stat(RESOLVER, &c->resolver);
	return !c->o->sandbox || sandbox_enter(SANDBOX_COURIER, readable, e);
}

static void
courier_free(struct courier *c)
{
	poster_close(c->poster);
	for (struct lane *l = c->lane; l < c->lane + LANES; l++)
		while (l->jobs != NULL)
			job_free(l->jobs);
	outbox_free(&c->sayings);
}

int
courier_main(const struct courier_options *o)
{
	struct courier c = {.o = o,
	    .lane = {[QUESTIONS] = {&question_rules},
		[FETCHES] = {&fetch_rules},
		[PUTS] = {&put_rules}}};
	struct pollfd core = {.fd = o->core};
	struct err e = {0};
	int code = 1;

	if (!prepare(&c, &e)) {
		log_error("courier does not start", "why='%s'", e.text);
		goto out;
	}
	courier_say_encode(&(struct courier_say){.result = COURIER_READY}, say(&c));
	code = 0;
	while (flush_sayings(&c), !c.ended) {
		core.events = (short)(POLLIN | (c.sayings.first != NULL ? POLLOUT : 0));
		if (!poster_wait(c.poster, &core, COURIER_LIMIT_MS)) {
			log_error("courier cannot wait", "running=%zu",
			    c.lane[QUESTIONS].running + c.lane[FETCHES].running +
				c.lane[PUTS].running);
			code = 1;
			break;
		}
		receive(&c);
		collect(&c);
		start_jobs(&c);
	}
out:
	courier_free(&c);
	return code;
}
