/* recorder_servers.c - turns of authorities, for --record. */
#include <stdlib.h>
#include <string.h>

#include "cmd/recorder_int.h"

#define STORE_MAX ((size_t)1 << 30)

bool
recorder_server(struct recorder *r, size_t server, struct store *s, struct keys *real,
    struct keys **keys, struct err *e)
{
	struct blob body = {0}, store = {0};
	bool ok;

	*keys = lane_open(r, &r->lane[server], real);
	ok = store_image(s, mask_csr, &r->mask, STORE_MAX, &store, e);
	if (ok) {
		blob_add_byte(&body, (uint8_t)server);
		blob_add_view(&body, blob_view(&store));
		record_put(r, RECORD_STORE, &body);
	}
	blob_free(&body);
	blob_free(&store);
	return ok;
}

/* ---- turns ---- */

static void
asked_add(struct asked **list, uint64_t id, uint64_t job, struct view body)
{
	struct asked *a = mem_get(sizeof(*a));

	a->id = id;
	a->job = job;
	blob_add_view(&a->body, body);
	a->next = *list;
	*list = a;
}

static void
asked_drop(struct asked **list, uint64_t id)
{
	for (struct asked **at = list; *at != NULL; at = &(*at)->next) {
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
note_unwrap(struct asked *list, const struct effect *x)
{
	for (struct asked *a = list; a != NULL; a = a->next)
		if (memmem(a->body.p, a->body.n, x->bytes.p, x->bytes.n) != NULL)
			a->job = x->job.id;
}

static const struct asked *
asked_for(const struct asked *a, uint64_t job)
{
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
		record_put(r, RECORD_OPENED, &body);
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
	struct key_done done;
	struct ca_event masked = *ev;
	const struct asked *a;

	if (ev->kind == CA_REQUEST)
		asked_add(&r->asked[server], ev->id, 0, ev->body);
	if (ev->kind != CA_KEY_DONE) {
		ca_event_encode(ev, out);
		return;
	}
	done = *ev->done;
	done.bytes = (struct blob){0};
	blob_add_view(&done.bytes, blob_view(&ev->done->bytes));
	a = asked_for(r->asked[server], done.id);
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
	uint8_t kind, why;

	while (read_u8(&r, &kind) && read_u8(&r, &why) && read_sized(&r, &v)) {
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
	lane_take(l, &body);
	ca_effects_digest(out, digest);
	blob_add(&body, digest, sizeof(digest));
	record_put(r, RECORD_TURN, &body);
	for (size_t i = 0; i < out->n; i++) {
		if (out->list[i].kind == EFFECT_REPLY)
			asked_drop(&r->asked[server], out->list[i].id);
		else if (out->list[i].kind == EFFECT_JOB && out->list[i].job.act == KEY_UNWRAP)
			note_unwrap(r->asked[server], &out->list[i]);
	}
	blob_free(&body);
}
