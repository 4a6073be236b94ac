/* record.c - events of an authority as octets, and what a turn did. */
#include <string.h>

#include "ca/ca_int.h"

static void
add_text(struct blob *out, const char *text)
{
	blob_add_sized(out, view_str(text == NULL ? "" : text));
}

static void
answer_encode(const struct ca_answer *a, struct blob *out)
{
	const struct view texts[] = {a->subject, a->san, a->reason};

	blob_add_byte(
	    out, (uint8_t)(a->known | a->allowed << 1 | a->has_subject << 2 | a->has_san << 3));
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		blob_add_sized(out, texts[i]);
}

void
ca_event_encode(const struct ca_event *ev, struct blob *out)
{
	const struct ca_answer no_answer = {0};
	const struct key_done not_done = {0};
	const struct key_done *d = ev->kind == CA_KEY_DONE ? ev->done : &not_done;

	blob_add_byte(out, (uint8_t)ev->kind);
	blob_add_byte(out, (uint8_t)(ev->clock_trusted | ev->all << 1));
	blob_add_byte(out, (uint8_t)ev->command);
	blob_add_u64(out, ev->id);
	blob_add_u64(out, (uint64_t)ev->request);
	blob_add_u64(out, (uint64_t)ev->minutes);
	blob_add_u32(out, (uint32_t)ev->reason);
	blob_add_sized(out, ev->body);
	blob_add_sized(out, ev->serial);
	add_text(out, ev->source);
	add_text(out, ev->profile);
	add_text(out, ev->actor);
	answer_encode(ev->kind == CA_ANSWERED ? ev->answer : &no_answer, out);
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

static bool
answer_decode(struct reader *r, struct ca_answer *a)
{
	uint8_t bits;

	if (!read_u8(r, &bits))
		return false;
	a->known = bits & 1;
	a->allowed = bits >> 1 & 1;
	a->has_subject = bits >> 2 & 1;
	a->has_san = bits >> 3 & 1;
	return read_sized(r, &a->subject) && read_sized(r, &a->san) &&
	       read_sized(r, &a->reason);
}

bool
ca_event_decode(struct reader *r, struct ca_event_kept *out, struct err *e)
{
	struct ca_event *ev = &out->event;
	uint8_t kind, bits, command, why;
	uint64_t request, minutes;
	uint32_t reason;
	struct view bytes;

	*out = (struct ca_event_kept){0};
	if (!read_u8(r, &kind) || kind > CA_NEXT_ASKED || !read_u8(r, &bits) ||
	    !read_u8(r, &command) || command > CA_CANCEL || !read_u64(r, &ev->id) ||
	    !read_u64(r, &request) || !read_u64(r, &minutes) || !read_u32(r, &reason) ||
	    !read_sized(r, &ev->body) || !read_sized(r, &ev->serial) ||
	    !read_text(r, out->source, sizeof(out->source)) ||
	    !read_text(r, out->profile, sizeof(out->profile)) ||
	    !read_text(r, out->actor, sizeof(out->actor)) || !answer_decode(r, &out->answer) ||
	    !read_u64(r, &out->done.id) || !read_u8(r, &why) || why > WHY_BUG ||
	    !read_text(r, out->done.text, sizeof(out->done.text)) || !read_sized(r, &bytes))
		return err_set(e, WHY_BAD_INPUT, "the record is cut or is none of ours");
	ev->kind = (enum ca_event_kind)kind;
	ev->clock_trusted = bits & 1;
	ev->all = bits >> 1 & 1;
	ev->command = (enum ca_command)command;
	ev->request = (int64_t)request;
	ev->minutes = (int64_t)minutes;
	ev->reason = (int)reason;
	out->done.why = (enum why)why;
	blob_add_view(&out->done.bytes, bytes);
	return true;
}

const struct ca_event *
ca_event_of(struct ca_event_kept *k)
{
	k->event.source = k->source;
	k->event.profile = k->profile;
	k->event.actor = k->actor;
	k->event.answer = &k->answer;
	k->event.done = &k->done;
	return &k->event;
}

/* Passwords stand in what operators are told, in questions, and around archives. */
static bool
may_hold_secrets(const struct effect *x)
{
	return x->kind == EFFECT_TELL || x->kind == EFFECT_ASK || x->kind == EFFECT_ARCHIVE;
}

void
ca_effects_digest(const struct effects *f, uint8_t out[32])
{
	struct blob all = {0};

	for (size_t i = 0; i < f->n; i++) {
		const struct effect *x = &f->list[i];

		blob_add_byte(&all, (uint8_t)x->kind);
		blob_add_u64(&all, x->id);
		blob_add_u32(&all, (uint32_t)x->status);
		blob_add_u32(&all, (uint32_t)x->object);
		add_text(&all, x->leaf);
		if (x->kind == EFFECT_JOB) {
			blob_add_byte(&all, (uint8_t)x->job.act);
			blob_add_byte(&all, (uint8_t)x->job.as);
			blob_add_u64(&all, x->job.id);
			blob_add_u64(&all, x->job.intent);
			add_text(&all, x->job.label);
		}
		if (!may_hold_secrets(x))
			blob_add_sized(&all, blob_view(&x->bytes));
	}
	sha256(blob_view(&all), out);
	blob_free(&all);
}
