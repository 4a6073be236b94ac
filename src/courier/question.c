/* question.c - messages about questions to hooks. */
#include <string.h>

#include "courier/message.h"

#define SAN_MAX (COURIER_NAMES_MAX * (COURIER_TEXT_MAX + 4))
#define ASK_MAX (512 * 1024) /* of what a request says, itself at most 64 KiB */

/* Sized texts, each within bounds. */
static bool
names_legal(struct view names, size_t most)
{
	struct reader r = reader_of(names);
	struct view v;
	size_t n = 0;

	while (r.n > 0)
		if (++n > COURIER_NAMES_MAX || !read_text(&r, most, &v))
			return false;
	return true;
}

void
courier_ask_encode(const struct courier_ask *a, struct blob *out)
{
	const struct view texts[] = {
	    a->ca, a->profile, a->source, a->transaction, a->challenge, a->subject, a->san};

	blob_add_byte(out, KIND_COURIER_ASK);
	blob_add_u64(out, a->id);
	blob_add_byte(out, (uint8_t)a->hook);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		blob_add_sized(out, texts[i]);
	blob_add_view(out, a->request);
}

bool
courier_ask_decode(struct view v, struct courier_ask *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_ask a = {0};
	struct view *const texts[] = {
	    &a.ca, &a.profile, &a.source, &a.transaction, &a.challenge, &a.subject, &a.san};
	uint8_t hook = 0;
	bool ok = read_kind(&r, KIND_COURIER_ASK) && read_u64(&r, &a.id) && a.id != 0 &&
		  read_u8(&r, &hook) && hook < COURIER_HOOKS;

	a.hook = hook;
	for (size_t i = 0; ok && i < COUNT_OF(texts); i++)
		ok = read_text(&r, ASK_MAX, texts[i]);
	ok = ok && names_legal(a.san, ASK_MAX) && read_view(&r, 32, &a.request) && r.n == 0;
	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "question of %zu octets: no question", v.n);
	*out = a;
	return true;
}

void
courier_say_encode(const struct courier_say *s, struct blob *out)
{
	blob_add_byte(out, KIND_COURIER_SAY);
	blob_add_u64(out, s->id);
	blob_add_byte(out, (uint8_t)s->result);
	blob_add_byte(out, s->has_subject);
	blob_add_byte(out, s->has_san);
	blob_add_sized(out, s->subject);
	blob_add_sized(out, s->san);
	blob_add_sized(out, s->reason);
}

bool
courier_say_decode(struct view v, struct courier_say *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_say s = {0};
	uint8_t result = 0;
	bool ok = read_kind(&r, KIND_COURIER_SAY) && read_u64(&r, &s.id) &&
		  read_u8(&r, &result) && result <= COURIER_READY &&
		  (s.id == 0) == (result == COURIER_READY) && read_bool(&r, &s.has_subject) &&
		  read_bool(&r, &s.has_san) && read_text(&r, COURIER_TEXT_MAX, &s.subject) &&
		  read_text(&r, SAN_MAX, &s.san) &&
		  read_text(&r, COURIER_TEXT_MAX, &s.reason) && r.n == 0;

	ok = ok && names_legal(s.san, COURIER_TEXT_MAX) &&
	     (s.has_subject || s.subject.n == 0) && (s.has_san || s.san.n == 0);
	if (ok && (s.has_subject || s.has_san))
		ok = result == COURIER_ALLOWED;
	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "verdict of %zu octets: no verdict", v.n);
	s.result = (enum courier_result)result;
	*out = s;
	return true;
}

void
courier_hooks_encode(const struct courier_hook *h, size_t n, struct blob *out)
{
	for (size_t i = 0; i < n; i++) {
		blob_add_sized(out, view_str(h[i].url));
		blob_add_sized(out, view_str(h[i].password));
	}
}

bool
courier_hooks_decode(struct view v, struct courier_hook out[COURIER_HOOKS], struct err *e)
{
	struct reader r = reader_of(v);

	memset(out, 0, COURIER_HOOKS * sizeof(*out));
	for (size_t i = 0; r.n > 0; i++)
		if (i == COURIER_HOOKS || !read_chars(&r, out[i].url, sizeof(out[i].url)) ||
		    !read_chars(&r, out[i].password, sizeof(out[i].password)))
			return err_set(e, WHY_BAD_INPUT, "hooks of %zu octets: no hooks", v.n);
	return true;
}
