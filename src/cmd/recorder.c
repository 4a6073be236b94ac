/* recorder.c - keymusterd --record: every event that the authorities consume. */
#include "cmd/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/mask.h"
#include "sys/sys.h"

#define FILES_MAX 1000
#define STORE_MAX ((size_t)1 << 30)

struct asked { /* a request whose answer is still to come; or, without a body, an archive */
	struct asked *next;
	uint64_t id, job; /* job: what it waits for at the keys, 0: nothing */
	struct blob body;
};

struct lane {		  /* one server's */
	struct keys keys; /* first */
	struct keys *real;
	struct blob draws;
	uint32_t draw_count;
	struct asked *asked;
};

struct recorder {
	int fd; /* -1: it has ended */
	struct mask mask;
	struct lane lane[CONF_SERVERS];
};

/* ---- the file ---- */

static void
put(struct recorder *r, enum record_item kind, const struct blob *body)
{
	struct blob item = {0};

	if (r->fd < 0)
		return;
	blob_add_byte(&item, (uint8_t)kind);
	blob_add_sized(&item, blob_view(body));
	if (!fd_write(r->fd, blob_view(&item))) {
		log_error("record ends", "why='%s'", strerror(errno));
		(void)close(r->fd);
		r->fd = -1;
	}
	blob_free(&item);
}

static bool
create(const char *path, int *fd, struct err *e)
{
	char name[512];

	for (int i = 0; i < FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), i == 0 ? "%s" : "%s.%d", path, i);
		*fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0600);
		if (*fd >= 0)
			log_notice("recording", "file='%s'", name);
		if (*fd >= 0 || errno != EEXIST)
			break;
	}
	return *fd >= 0 ||
	       err_set(e, WHY_IO, "cannot make record %s: %s", path, strerror(errno));
}

static bool
hide(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	(void)arg, (void)opening, (void)in, (void)e;
	(void)snprintf(out, size, "00");
	return true;
}

struct recorder *
recorder_open(const char *path, const struct conf *conf, struct err *e)
{
	struct recorder *r = mem_get(sizeof(*r));
	struct blob text = {0};
	bool ok = create(path, &r->fd, e) &&
		  (fd_write(r->fd, VIEW(RECORD_MAGIC)) ||
		      err_set(e, WHY_IO, "cannot write %s: %s", path, strerror(errno))) &&
		  conf_print(conf, hide, NULL, &text, e);

	if (ok) {
		put(r, RECORD_CONF, &text);
	} else {
		recorder_close(r);
		r = NULL;
	}
	blob_free(&text);
	return r;
}

void
recorder_close(struct recorder *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < COUNT_OF(r->lane); i++) {
		struct lane *l = &r->lane[i];

		blob_free(&l->draws);
		while (l->asked != NULL) {
			struct asked *a = l->asked;

			l->asked = a->next;
			blob_free(&a->body);
			free(a);
		}
	}
	if (r->fd >= 0)
		(void)close(r->fd);
	mem_wipe(r, sizeof(*r));
	free(r);
}

/* ---- what keys answer at once ---- */

static struct lane *
lane_of(const struct keys *k)
{
	return (struct lane *)(uintptr_t)k; /* keys is its first member */
}

static void
draw(struct lane *l, enum record_draw kind, struct view v)
{
	blob_add_byte(&l->draws, (uint8_t)kind);
	blob_add_sized(&l->draws, v);
	l->draw_count++;
}

static bool
lane_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	return keys_submit(lane_of(k)->real, job, e);
}

static bool
lane_collect(struct keys *k, struct key_done *out)
{
	return keys_collect(lane_of(k)->real, out);
}

static int
lane_fd(const struct keys *k)
{
	return lane_of(k)->real->table->fd(lane_of(k)->real);
}

static bool
lane_alive(const struct keys *k)
{
	return lane_of(k)->real->table->alive(lane_of(k)->real);
}

static void
lane_random(struct keys *k, uint8_t *out, size_t n)
{
	keys_random(lane_of(k)->real, out, n);
	draw(lane_of(k), DRAW_RANDOM, view_of(out, n));
}

static bool
lane_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e)
{
	bool ok = keys_verify(lane_of(k)->real, key, alg, bytes, signature, e);

	draw(lane_of(k), DRAW_VERIFY, ok ? VIEW("\1") : VIEW("\0"));
	return ok;
}

static bool
lane_wrap(struct keys *k, const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	size_t before = out->n;
	bool ok = keys_wrap(lane_of(k)->real, key, padding, oaep_hash, content_key, out, e);

	draw(lane_of(k), DRAW_WRAP, view_of(out->p + before, ok ? out->n - before : 0));
	return ok;
}

static void
lane_close(struct keys *k)
{
	keys_close(lane_of(k)->real);
}

static const struct keys_table lane_table = {
    .submit = lane_submit,
    .collect = lane_collect,
    .fd = lane_fd,
    .alive = lane_alive,
    .random = lane_random,
    .verify = lane_verify,
    .wrap = lane_wrap,
    .close = lane_close,
};

bool
recorder_server(struct recorder *r, size_t server, struct store *s, struct keys *real,
    struct keys **keys, struct err *e)
{
	struct blob body = {0}, store = {0};
	bool ok;

	if (server == 0)
		keys_random(real, r->mask.key, sizeof(r->mask.key));
	ok = store_image(s, mask_csr, &r->mask, STORE_MAX, &store, e);
	if (ok) {
		blob_add_byte(&body, (uint8_t)server);
		blob_add_view(&body, blob_view(&store));
		put(r, RECORD_STORE, &body);
		r->lane[server].keys.table = &lane_table;
		r->lane[server].real = real;
		*keys = &r->lane[server].keys;
	}
	blob_free(&body);
	blob_free(&store);
	return ok;
}

/* ---- turns ---- */

static void
asked_add(struct lane *l, uint64_t id, uint64_t job, struct view body)
{
	struct asked *a = mem_get(sizeof(*a));

	a->id = id;
	a->job = job;
	blob_add_view(&a->body, body);
	a->next = l->asked;
	l->asked = a;
}

static void
asked_drop(struct lane *l, uint64_t id)
{
	for (struct asked **at = &l->asked; *at != NULL; at = &(*at)->next) {
		struct asked *a = *at;

		if (a->id != id)
			continue;
		*at = a->next;
		blob_free(&a->body);
		free(a);
		return;
	}
}

/* Whose content key this job opens: who sent these very octets. */
static void
note_unwrap(struct lane *l, const struct effect *x)
{
	for (struct asked *a = l->asked; a != NULL; a = a->next)
		if (memmem(a->body.p, a->body.n, x->bytes.p, x->bytes.n) != NULL)
			a->job = x->job.id;
}

static const struct asked *
asked_for(const struct lane *l, uint64_t job)
{
	const struct asked *a = l->asked;

	while (a != NULL && a->job != job)
		a = a->next;
	return a;
}

/* A content key came back: the record has another one, and the request it would open. */
static void
put_opened(struct recorder *r, size_t server, const struct asked *a, struct key_done *d)
{
	struct blob body = {0}, message = {0};
	struct err e = {0};

	if (mask_message(&r->mask, blob_view(&a->body), &d->bytes, &message, &e)) {
		blob_add_byte(&body, (uint8_t)server);
		blob_add_u64(&body, a->id);
		blob_add_sized(&body, blob_view(&message));
		put(r, RECORD_OPENED, &body);
	} else {
		log_warn(
		    "a request cannot be masked: replays differ there", "why='%s'", e.text);
	}
	blob_free(&body);
	blob_free(&message);
}

static void
put_event(struct recorder *r, size_t server, const struct ca_event *ev, struct blob *out)
{
	struct lane *l = &r->lane[server];
	struct key_done done;
	struct ca_event masked = *ev;
	const struct asked *a;

	if (ev->kind == CA_REQUEST)
		asked_add(l, ev->id, 0, ev->body);
	if (ev->kind != CA_KEY_DONE) {
		ca_event_encode(ev, out);
		return;
	}
	done = *ev->done;
	done.bytes = (struct blob){0};
	blob_add_view(&done.bytes, blob_view(&ev->done->bytes));
	a = asked_for(l, done.id);
	if (a != NULL && a->body.n > 0 && done.why == WHY_NONE)
		put_opened(r, server, a, &done);
	else if (a != NULL)
		mask_octets(&r->mask, blob_view(&done.bytes), done.bytes.p);
	masked.done = &done;
	ca_event_encode(&masked, out);
	blob_free(&done.bytes);
}

/* A password that somebody was told is a draw in hex. */
static void
mask_draws(const struct mask *m, struct blob *draws, const struct effects *out)
{
	struct reader r = reader_of(blob_view(draws));
	struct blob hex = {0}, pretended = {0};
	struct view v;
	uint8_t kind;

	while (read_u8(&r, &kind) && read_sized(&r, &v)) {
		blob_clear(&hex);
		hex_add(&hex, v, true);
		for (size_t i = 0; i < out->n && v.n > 0; i++) {
			const struct effect *x = &out->list[i];

			if (x->kind != EFFECT_TELL ||
			    memmem(x->bytes.p, x->bytes.n, hex.p, hex.n) == NULL)
				continue;
			mask_octets(m, blob_view(&hex), hex.p);
			blob_clear(&pretended);
			if (hex_decode(blob_cstr(&hex), &pretended))
				memcpy(draws->p + (v.p - draws->p), pretended.p, v.n);
			break;
		}
	}
	blob_free(&hex);
	blob_free(&pretended);
}

void
recorder_turn(struct recorder *r, size_t server, const struct ca_event *const *events, size_t n,
    when_t now, enum ca_turned outcome, const struct effects *out)
{
	struct lane *l = &r->lane[server];
	struct blob body = {0};
	uint8_t digest[32];

	blob_add_byte(&body, (uint8_t)server);
	blob_add_u64(&body, (uint64_t)now);
	blob_add_byte(&body, (uint8_t)outcome);
	blob_add_u32(&body, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		put_event(r, server, events[i], &body);
	mask_draws(&r->mask, &l->draws, out);
	blob_add_u32(&body, l->draw_count);
	blob_add_view(&body, blob_view(&l->draws));
	blob_clear(&l->draws);
	l->draw_count = 0;
	ca_effects_digest(out, digest);
	blob_add(&body, digest, sizeof(digest));
	put(r, RECORD_TURN, &body);
	for (size_t i = 0; i < out->n; i++) {
		if (out->list[i].kind == EFFECT_REPLY)
			asked_drop(l, out->list[i].id);
		else if (out->list[i].kind == EFFECT_JOB && out->list[i].job.act == KEY_UNWRAP)
			note_unwrap(l, &out->list[i]);
	}
	blob_free(&body);
}
