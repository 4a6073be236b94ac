/* recorder_trustpoints.c - steps of trustpoints, for --record. */
#include <stdlib.h>
#include <string.h>

#include "cmd/recorder_int.h"

/* ---- what the shelf answers ---- */

static struct trustpoint_lane *
lane_of(struct tp_shelf *s)
{
	return (struct trustpoint_lane *)s; /* shelf is its first member */
}

static bool
shelf_get(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	struct trustpoint_lane *l = lane_of(s);
	struct err why = {0};
	bool ok = l->real->table->get(l->real, leaf, out, &why);

	lane_draw(&l->recorder->trustpoints, DRAW_GET, ok, (struct view){0}, &why);
	return ok || err_set(e, why.why, "%s", why.text);
}

static bool
shelf_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	struct trustpoint_lane *l = lane_of(s);
	struct err why = {0};
	bool ok = l->real->table->put(l->real, list, n, &why);

	lane_draw(&l->recorder->trustpoints, DRAW_PUT, ok, (struct view){0}, &why);
	return ok || err_set(e, why.why, "%s", why.text);
}

static void
shelf_close(struct tp_shelf *s)
{
	(void)s; /* the agent closes its own */
}

static const struct tp_shelf_table shelf_table = {
    .get = shelf_get,
    .put = shelf_put,
    .close = shelf_close,
};

/* ---- at the start ---- */

static void
add_password(const struct mask *m, const char *password, struct blob *out)
{
	struct blob masked = {0};
	struct view v = view_str(password);

	if (v.n > 0)
		mask_octets(m, v, blob_grow(&masked, v.n));
	blob_add_sized(out, blob_view(&masked));
	blob_free(&masked);
}

/* What cannot be read keeps the trustpoint from running, here as in a replay. */
static void
add_leaf(const struct mask *m, struct tp_shelf *s, enum tp_leaf leaf, struct blob *out)
{
	struct blob bytes = {0};

	if (!s->table->get(s, leaf, &bytes, NULL))
		blob_clear(&bytes);
	else if (leaf == TP_REQUEST)
		tp_request_mask(&bytes, mask_csr, (void *)(uintptr_t)m);
	blob_add_sized(out, blob_view(&bytes));
	blob_free(&bytes);
}

static void
trustpoint_open(void *arg, uint32_t number, struct tp_setup *s)
{
	struct recorder *r = arg;
	struct trustpoint_lane *l = r->trustpoint[number];
	struct keys *keys = lane_open(r, &r->trustpoints, s->keys);
	struct blob body = {0};

	if (l == NULL) /* else it could not be opened before */
		l = r->trustpoint[number] = mem_get(sizeof(*l));
	r->trustpoints.mask = &r->mask;
	blob_add_u32(&body, number);
	blob_add_sized(&body, view_str(s->label));
	blob_add_sized(&body, s->subject);
	blob_add_sized(&body, s->san);
	blob_add_sized(&body, view_str(s->fingerprint));
	add_password(&r->mask, s->password, &body);
	for (size_t i = 0; i < TP_LEAVES; i++)
		add_leaf(&r->mask, s->shelf, (enum tp_leaf)i, &body);
	record_put(r, RECORD_TRUSTPOINT, &body);
	blob_free(&body);
	l->shelf.table = &shelf_table;
	l->real = s->shelf;
	l->recorder = r;
	s->shelf = &l->shelf;
	s->keys = keys;
}

/* ---- steps ---- */

/* A challenge could be guessed by the signature of its request. */
static void
add_event(const struct recorder *r, const struct trustpoint_lane *l, const struct tp_event *ev,
    struct blob *out)
{
	struct tp_event masked = *ev;
	struct key_done done;

	if (ev->kind != TP_EV_KEY || l->csr_job == 0 || ev->done->id != l->csr_job) {
		tp_event_encode(ev, out);
		return;
	}
	done = *ev->done;
	done.bytes = (struct blob){0};
	mask_octets(
	    &r->mask, blob_view(&ev->done->bytes), blob_grow(&done.bytes, ev->done->bytes.n));
	masked.done = &done;
	tp_event_encode(&masked, out);
	blob_free(&done.bytes);
}

/* What a replay will let go instead of this. */
static void
mask_effect(struct recorder *r, struct trustpoint_lane *l, struct tp_effect *x)
{
	struct blob message = {0};
	struct err e = {0};

	if (x->kind == TP_EFFECT_JOB && x->job.act == KEY_SIGN && x->job.as == SIGN_REQUEST &&
	    mask_csr_info(&r->mask, &x->bytes))
		l->csr_job = x->job.id;
	if (x->kind != TP_EFFECT_FETCH || x->fetch != TP_OPERATION)
		return;
	if (mask_message(&r->mask, blob_view(&x->bytes), &l->content_key, &message, &e))
		blob_set(&x->bytes, blob_view(&message));
	else
		log_warn(
		    "a message cannot be masked: replays differ there", "why='%s'", e.text);
	blob_free(&l->content_key);
	blob_free(&message);
}

static void
digest_masked(struct recorder *r, struct trustpoint_lane *l, const struct tp_effects *out,
    uint8_t digest[32])
{
	struct tp_effects masked = {0};

	masked.list = mem_get((out->n + 1) * sizeof(*masked.list));
	for (; masked.n < out->n; masked.n++) {
		struct tp_effect *x = &masked.list[masked.n];

		*x = out->list[masked.n];
		x->bytes = (struct blob){0};
		blob_add_view(&x->bytes, blob_view(&out->list[masked.n].bytes));
		mask_effect(r, l, x);
	}
	tp_effects_digest(&masked, digest);
	tp_effects_free(&masked);
}

static bool
trustpoint_step(void *arg, uint32_t number, struct tp *t, const struct tp_event *ev, when_t now,
    struct tp_effects *out, struct err *e)
{
	struct recorder *r = arg;
	struct trustpoint_lane *l = r->trustpoint[number];
	struct blob body = {0};
	uint8_t digest[32];
	bool taken;

	lane_take(&r->trustpoints, &body); /* what show has asked the shelf since */
	blob_clear(&body);
	blob_add_u32(&body, number);
	blob_add_u64(&body, (uint64_t)now);
	add_event(r, l, ev, &body);
	taken = tp_step(t, ev, now, out, e);
	blob_add_byte(&body, taken);
	blob_add_u64(&body, (uint64_t)tp_wake(t));
	lane_take(&r->trustpoints, &body);
	if (r->trustpoints.content_key.n > 0)
		blob_set(&l->content_key, blob_view(&r->trustpoints.content_key));
	blob_free(&r->trustpoints.content_key);
	digest_masked(r, l, out, digest);
	blob_add(&body, digest, sizeof(digest));
	record_put(r, RECORD_STEP, &body);
	blob_free(&body);
	return taken;
}

const struct agent_witness *
recorder_trustpoints(struct recorder *r, const struct conf *conf)
{
	if (r == NULL)
		return NULL;
	r->trustpoint_count = conf->trustpoint_count;
	r->trustpoint = mem_get((r->trustpoint_count + 1) * sizeof(struct trustpoint_lane *));
	r->witness = (struct agent_witness){trustpoint_open, trustpoint_step, r};
	return &r->witness;
}
