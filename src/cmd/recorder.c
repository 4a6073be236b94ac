/* recorder.c - the file of --record, and what keys answer at once. */
#include "cmd/recorder_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/sys.h"

#define FILES_MAX 1000

/* ---- the file ---- */

void
record_put(struct recorder *r, enum record_item kind, const struct blob *body)
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
		  conf_print_ours(conf, hide, NULL, &text, e);

	if (ok) {
		record_put(r, RECORD_CONF, &text);
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
		blob_free(&r->lane[i].draws);
		while (r->asked[i] != NULL) {
			struct asked *a = r->asked[i];

			r->asked[i] = a->next;
			blob_free(&a->body);
			free(a);
		}
	}
	blob_free(&r->trustpoints.draws);
	blob_free(&r->trustpoints.content_key);
	for (size_t i = 0; i < r->trustpoint_count; i++) {
		if (r->trustpoint[i] != NULL)
			blob_free(&r->trustpoint[i]->content_key);
		free(r->trustpoint[i]);
	}
	free(r->trustpoint);
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

void
lane_draw(
    struct lane *l, enum record_draw kind, bool ok, struct view answer, const struct err *e)
{
	blob_add_byte(&l->draws, (uint8_t)kind);
	blob_add_byte(&l->draws, (uint8_t)(ok ? WHY_NONE : e->why));
	blob_add_sized(&l->draws, ok ? answer : view_str(e->text));
	l->draw_count++;
}

void
lane_take(struct lane *l, struct blob *out)
{
	blob_add_u32(out, l->draw_count);
	blob_add_view(out, blob_view(&l->draws));
	blob_clear(&l->draws);
	l->draw_count = 0;
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
	lane_draw(lane_of(k), DRAW_RANDOM, true, view_of(out, n), NULL);
}

static bool
lane_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e)
{
	struct err why = {0};
	bool ok = keys_verify(lane_of(k)->real, key, alg, bytes, signature, &why);

	lane_draw(lane_of(k), DRAW_VERIFY, ok, (struct view){0}, &why);
	return ok || err_set(e, why.why, "%s", why.text);
}

/* What is wrapped was drawn before: the record has drawn another. */
static void
hide_key(struct lane *l, struct view key)
{
	struct reader r = reader_of(blob_view(&l->draws));
	struct view v;
	uint8_t kind, why;

	while (read_u8(&r, &kind) && read_u8(&r, &why) && read_sized(&r, &v)) {
		uint8_t *at = l->draws.p + (v.p - l->draws.p);

		if (kind != DRAW_RANDOM || v.n < key.n || memcmp(v.p, key.p, key.n) != 0)
			continue;
		memset(at, 0, v.n);
		mask_octets(l->mask, key, at);
	}
	blob_set(&l->content_key, key);
}

static bool
lane_wrap(struct keys *k, const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	struct err why = {0};
	size_t before = out->n;
	bool ok = keys_wrap(lane_of(k)->real, key, padding, oaep_hash, content_key, out, &why);

	lane_draw(lane_of(k), DRAW_WRAP, ok,
	    ok ? view_of(out->p + before, out->n - before) : (struct view){0}, &why);
	if (lane_of(k)->mask != NULL)
		hide_key(lane_of(k), content_key);
	return ok || err_set(e, why.why, "%s", why.text);
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

struct keys *
lane_open(struct recorder *r, struct lane *l, struct keys *real)
{
	if (!r->masks)
		keys_random(real, r->mask.key, sizeof(r->mask.key));
	r->masks = true;
	l->keys.table = &lane_table;
	l->real = real;
	return &l->keys;
}
