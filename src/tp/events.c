/* events.c - events as octets, and what a step did: for records. */
#include <string.h>

#include "tp/tp_int.h"

/* ---- events ---- */

static void
add_text(struct blob *out, const char *text)
{
	blob_add_sized(out, view_str(text == NULL ? "" : text));
}

void
tp_event_encode(const struct tp_event *ev, struct blob *out)
{
	const struct key_done not_done = {0};
	const struct key_job no_import = {0};
	const struct key_done *d = ev->done == NULL ? &not_done : ev->done;
	const struct key_job *j = ev->import == NULL ? &no_import : ev->import;

	blob_add_byte(out, (uint8_t)ev->kind);
	blob_add_byte(out, (uint8_t)(ev->clock_trusted | ev->clock_suspect << 1));
	blob_add_byte(out, (uint8_t)ev->command);
	blob_add_u64(out, ev->id);
	blob_add_u32(out, (uint32_t)ev->status);
	blob_add_u32(out, (uint32_t)ev->retry_after);
	blob_add_sized(out, ev->body);
	add_text(out, ev->label);
	add_text(out, ev->fingerprint);
	add_text(out, j->path);
	blob_add_u32(out, j->forms);
	blob_add_u64(out, d->id);
	blob_add_byte(out, (uint8_t)d->why);
	add_text(out, d->text);
	blob_add_sized(out, blob_view(&d->bytes));
}

static bool
read_text(struct reader *r, char *out, size_t size)
{
	struct view v;

	if (!read_sized(r, &v) || v.n >= size)
		return false;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
	return true;
}

bool
tp_event_decode(struct reader *r, struct tp_event_kept *out, struct err *e)
{
	struct tp_event *ev = &out->event;
	uint8_t kind, bits, command, why;
	uint32_t status, retry_after;
	struct view bytes;

	*out = (struct tp_event_kept){0};
	if (!read_u8(r, &kind) || kind > TP_EV_LOST || !read_u8(r, &bits) ||
	    !read_u8(r, &command) || command > TP_CMD_TAKE || !read_u64(r, &ev->id) ||
	    !read_u32(r, &status) || !read_u32(r, &retry_after) || !read_sized(r, &ev->body) ||
	    !read_text(r, out->label, sizeof(out->label)) ||
	    !read_text(r, out->fingerprint, sizeof(out->fingerprint)) ||
	    !read_text(r, out->import.path, sizeof(out->import.path)) ||
	    !read_u32(r, &out->import.forms) || !read_u64(r, &out->done.id) ||
	    !read_u8(r, &why) || why > WHY_BUG ||
	    !read_text(r, out->done.text, sizeof(out->done.text)) || !read_sized(r, &bytes))
		return err_set(e, WHY_BAD_INPUT, "the record is cut or is none of ours");
	ev->kind = (enum tp_event_kind)kind;
	ev->clock_trusted = bits & 1;
	ev->clock_suspect = bits >> 1 & 1;
	ev->command = (enum tp_command)command;
	ev->status = (int)status;
	ev->retry_after = (int)retry_after;
	out->done.why = (enum why)why;
	blob_add_view(&out->done.bytes, bytes);
	return true;
}

const struct tp_event *
tp_event_of(struct tp_event_kept *k)
{
	k->event.label = k->label;
	k->event.fingerprint = k->fingerprint;
	k->event.import = &k->import;
	k->event.done = &k->done;
	return &k->event;
}

/* ---- effects ---- */

static void
job_add(const struct key_job *j, struct blob *out)
{
	const uint32_t numbers[] = {(uint32_t)j->act, (uint32_t)j->kind, (uint32_t)j->bits,
	    (uint32_t)j->as, (uint32_t)j->alg.key, (uint32_t)j->alg.hash,
	    (uint32_t)j->alg.padding, (uint32_t)j->padding, (uint32_t)j->oaep_hash,
	    (uint32_t)j->want, j->forms};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		blob_add_u32(out, numbers[i]);
	add_text(out, j->label);
	add_text(out, j->path);
}

/* Attributes of a message hold a digest of its secrets; the message that they go into is the
 * next effect. */
static bool
is_told_later(const struct tp_effect *x)
{
	return x->kind == TP_EFFECT_JOB && x->job.act == KEY_SIGN && x->job.as == SIGN_MESSAGE;
}

void
tp_effects_digest(const struct tp_effects *f, uint8_t out[32])
{
	struct blob all = {0};

	for (size_t i = 0; i < f->n; i++) {
		const struct tp_effect *x = &f->list[i];

		blob_add_byte(&all, (uint8_t)x->kind);
		blob_add_u64(&all, x->id);
		if (x->kind == TP_EFFECT_JOB)
			job_add(&x->job, &all);
		blob_add_byte(&all, (uint8_t)(x->fetch << 1 | x->post));
		blob_add_byte(&all, (uint8_t)x->note);
		blob_add_byte(&all, (uint8_t)x->ends);
		if (!is_told_later(x))
			blob_add_sized(&all, blob_view(&x->bytes));
	}
	sha256(blob_view(&all), out);
	blob_free(&all);
}

/* ---- requests on the shelf ---- */

void
tp_request_mask(struct blob *leaf, void (*mask)(void *arg, struct blob *csr), void *arg)
{
	struct request r = {0};

	if (request_decode(blob_view(leaf), &r)) {
		mask(arg, &r.csr);
		blob_clear(leaf);
		request_encode(&r, leaf);
	} else {
		blob_clear(leaf);
	}
	request_free(&r);
}
