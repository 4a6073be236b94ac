/* courier.c - the courier process: questions in, verdicts out. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "courier/post.h"

#define RECEIVE_ROUND 16 /* questions taken before the network gets its turn */
#define ASK_MAX (1024 * 1024)
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

struct job {
	struct job *next;
	struct blob message; /* the question; ask borrows from it */
	struct courier_ask ask;
	struct blob body; /* what is posted */
	int64_t due_ms;
	bool running;
};

struct saying {
	struct saying *next;
	struct blob message;
};

struct courier {
	const struct courier_options *o;
	struct poster *poster;
	struct job *jobs; /* the oldest first */
	size_t running, waiting;
	struct saying *sayings, **sayings_end;
	struct stat resolver; /* as it was when the process lost sight of others */
	bool ended;
};

/* ---- answers ---- */

static void
flush_sayings(struct courier *c)
{
	struct err e = {0};

	while (c->sayings != NULL) {
		struct saying *s = c->sayings;

		if (!channel_send(c->o->core, blob_view(&s->message), &e)) {
			c->ended |= e.why != WHY_BUSY;
			return;
		}
		c->sayings = s->next;
		if (c->sayings == NULL)
			c->sayings_end = &c->sayings;
		blob_free(&s->message);
		free(s);
	}
}

static void
say(struct courier *c, const struct courier_say *what)
{
	struct saying *s = mem_get(sizeof(*s));

	courier_say_encode(what, &s->message);
	*c->sayings_end = s;
	c->sayings_end = &s->next;
}

static void
say_again(struct courier *c, uint64_t id, const char *why)
{
	say(c,
	    &(struct courier_say){.id = id, .result = COURIER_AGAIN, .reason = view_str(why)});
}

/* ---- jobs ---- */

static void
job_free(struct courier *c, struct job *j)
{
	for (struct job **at = &c->jobs; *at != NULL; at = &(*at)->next) {
		if (*at != j)
			continue;
		*at = j->next;
		*(j->running ? &c->running : &c->waiting) -= 1;
		break;
	}
	blob_free(&j->message);
	blob_free(&j->body);
	free(j);
}

static void
job_fail(struct courier *c, struct job *j, const char *why)
{
	say_again(c, j->ask.id, why);
	job_free(c, j);
}

static void
job_start(struct courier *c, struct job *j)
{
	int64_t left = j->due_ms - clock_mono_ms();
	struct err e = {0};

	if (left <= 0) {
		job_fail(c, j, "it waited too long for its turn");
	} else if (!courier_json_ask(&j->ask, &j->body)) {
		job_fail(c, j, "the request holds text that is not UTF-8");
	} else if (!poster_start(c->poster, j, &c->o->hooks[j->ask.hook], blob_view(&j->body),
		       left, &e)) {
		job_fail(c, j, e.text);
	} else {
		j->running = true;
		c->waiting--;
		c->running++;
	}
}

static void
start_jobs(struct courier *c)
{
	struct job *next;

	for (struct job *j = c->jobs; j != NULL && c->running < COURIER_AT_ONCE; j = next) {
		next = j->next;
		if (!j->running)
			job_start(c, j);
	}
}

/* False: core said what is no question. */
static bool
job_take(struct courier *c, struct view message)
{
	struct job **end = &c->jobs, *j = mem_get(sizeof(*j));
	struct err e = {0};

	blob_set(&j->message, message);
	if (!courier_ask_decode(blob_view(&j->message), &j->ask, &e) ||
	    c->o->hooks[j->ask.hook].url[0] == 0) {
		log_error("core asked what is no question", "why='%s'", e.text);
		blob_free(&j->message);
		free(j);
		return false;
	}
	if (c->waiting >= COURIER_QUEUE) {
		say_again(c, j->ask.id, "too many questions at once");
		blob_free(&j->message);
		free(j);
		return true;
	}
	j->due_ms = clock_mono_ms() + COURIER_LIMIT_MS;
	while (*end != NULL)
		end = &(*end)->next;
	*end = j;
	c->waiting++;
	return true;
}

static void
receive(struct courier *c)
{
	struct blob message = {0};

	for (int n = 0; n < RECEIVE_ROUND && !c->ended; n++) {
		enum channel_got got = channel_receive(c->o->core, ASK_MAX, &message);

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
job_done(struct courier *c, const struct posted *p)
{
	struct job *j = p->owner;
	struct courier_say s = {0};
	struct blob kept = {0};
	struct err e = {0};
	char text[80];

	if (p->why != NULL) {
		job_fail(c, j, p->why);
		return;
	}
	(void)snprintf(text, sizeof(text), "its answer has status %d", p->status);
	if (p->status != 200) {
		job_fail(c, j, text);
		return;
	}
	if (courier_json_say(blob_view(&p->body), j->ask.challenge, &s, &kept, &e)) {
		s.id = j->ask.id;
		say(c, &s);
		job_free(c, j);
	} else {
		job_fail(c, j, e.text);
	}
	blob_free(&kept);
}

static void
collect(struct courier *c)
{
	struct posted p;

	while (poster_done(c->poster, &p)) {
		job_done(c, &p);
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

int
courier_main(const struct courier_options *o)
{
	struct courier c = {.o = o, .sayings_end = NULL};
	struct pollfd core = {.fd = o->core};
	struct err e = {0};
	int code = 1;

	c.sayings_end = &c.sayings;
	if (!prepare(&c, &e)) {
		log_error("courier does not start", "why='%s'", e.text);
		goto out;
	}
	say(&c, &(struct courier_say){.result = COURIER_READY});
	code = 0;
	while (flush_sayings(&c), !c.ended) {
		core.events = (short)(POLLIN | (c.sayings != NULL ? POLLOUT : 0));
		if (!poster_wait(c.poster, &core, COURIER_LIMIT_MS)) {
			log_error("courier cannot wait", "running=%zu", c.running);
			code = 1;
			break;
		}
		receive(&c);
		collect(&c);
		start_jobs(&c);
	}
out:
	poster_close(c.poster);
	while (c.jobs != NULL)
		job_free(&c, c.jobs);
	while (c.sayings != NULL) {
		struct saying *s = c.sayings;

		c.sayings = s->next;
		blob_free(&s->message);
		free(s);
	}
	return code;
}
