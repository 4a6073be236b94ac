/* fetch.c - messages about what trustpoints fetch. */
#include <stdlib.h>

#include "courier/message.h"

#define STATUS_MIN 100
#define STATUS_MAX 999
_Static_assert(COURIER_GOT_MAX < CHANNEL_MAX, "the longest answer fits a message");

/* It becomes a line of a header: core shall not add another one by it. */
static bool
is_one_line(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < ' ' || v.p[i] > '~')
			return false;
	return true;
}

void
courier_fetch_encode(const struct courier_fetch *f, struct blob *out)
{
	blob_add_byte(out, KIND_COURIER_FETCH);
	blob_add_u64(out, f->id);
	blob_add_u32(out, f->place);
	blob_add_byte(out, f->post);
	blob_add_u32(out, f->max);
	blob_add_u32(out, f->limit_ms);
	blob_add_sized(out, f->tail);
	blob_add_sized(out, f->url);
	blob_add_sized(out, f->media_type);
	blob_add_sized(out, f->body);
}

bool
courier_fetch_decode(struct view v, struct courier_fetch *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_fetch f = {0};
	bool ok = read_kind(&r, KIND_COURIER_FETCH) && read_u64(&r, &f.id) && f.id != 0 &&
		  read_u32(&r, &f.place) && read_bool(&r, &f.post) && read_u32(&r, &f.max) &&
		  f.max <= COURIER_BODY_MAX && read_u32(&r, &f.limit_ms) && f.limit_ms > 0 &&
		  f.limit_ms <= COURIER_FETCH_MS_MAX &&
		  read_text(&r, COURIER_TAIL_MAX, &f.tail) &&
		  read_text(&r, COURIER_URL_MAX, &f.url) &&
		  read_text(&r, COURIER_MEDIA_MAX, &f.media_type) &&
		  read_text(&r, COURIER_POST_MAX, &f.body) && r.n == 0;

	ok = ok && is_one_line(f.media_type) && (f.url.n == 0 || (f.tail.n == 0 && !f.post)) &&
	     (f.post || (f.media_type.n == 0 && f.body.n == 0));
	if (!ok)
		return err_set(e, WHY_BAD_INPUT, "fetch of %zu octets: no fetch", v.n);
	*out = f;
	return true;
}

void
courier_got_encode(const struct courier_got *g, struct blob *out)
{
	blob_add_byte(out, KIND_COURIER_GOT);
	blob_add_u64(out, g->id);
	blob_add_u16(out, (uint16_t)g->status);
	blob_add_u32(out, (uint32_t)g->retry_after);
	blob_add_sized(out, g->media_type);
	blob_add_sized(out, g->body);
	blob_add_sized(out, g->reason);
}

bool
courier_got_decode(struct view v, struct courier_got *out, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_got g = {0};
	uint32_t retry = 0;
	uint16_t status = 0;
	bool ok = read_kind(&r, KIND_COURIER_GOT) && read_u64(&r, &g.id) && g.id != 0 &&
		  read_u16(&r, &status) && read_u32(&r, &retry) && retry <= INT32_MAX &&
		  read_text(&r, COURIER_MEDIA_MAX, &g.media_type) &&
		  read_text(&r, COURIER_BODY_MAX, &g.body) &&
		  read_text(&r, COURIER_TEXT_MAX, &g.reason) && r.n == 0;

	g.status = status;
	g.retry_after = retry;
	if (ok && status == 0)
		ok = retry == 0 && g.media_type.n == 0 && g.body.n == 0;
	else if (ok)
		ok = status >= STATUS_MIN && status <= STATUS_MAX && g.reason.n == 0;
	if (!ok)
		return err_set(
		    e, WHY_BAD_INPUT, "answer to a fetch, %zu octets: no answer", v.n);
	*out = g;
	return true;
}

bool
courier_is_got(struct view message)
{
	struct reader r = reader_of(message);

	return read_kind(&r, KIND_COURIER_GOT);
}

/* ---- places ---- */

void
courier_places_encode(const struct courier_place *p, size_t n, struct blob *out)
{
	for (size_t i = 0; i < n; i++) {
		blob_add_sized(out, view_str(p[i].url));
		blob_add_sized(out, view_str(p[i].proxy));
		blob_add_sized(out, view_str(p[i].interface));
	}
}

static bool
read_place(struct reader *r, struct courier_place *out)
{
	return read_chars(r, out->url, sizeof(out->url)) &&
	       read_chars(r, out->proxy, sizeof(out->proxy)) &&
	       read_chars(r, out->interface, sizeof(out->interface));
}

bool
courier_places_decode(struct view v, struct courier_place **out, size_t *n, struct err *e)
{
	struct reader r = reader_of(v);
	struct courier_place *places = NULL;
	struct view text;
	size_t texts = 0, count;
	bool ok = true;

	for (; ok && r.n > 0; texts++)
		ok = read_sized(&r, &text);
	count = texts / 3;
	ok = ok && texts % 3 == 0 && count <= COURIER_PLACES;
	if (ok)
		places = mem_array(NULL, count + 1, sizeof(*places));
	r = reader_of(v);
	for (size_t i = 0; ok && i < count; i++)
		ok = read_place(&r, &places[i]);
	if (!ok) {
		free(places);
		return err_set(e, WHY_BAD_INPUT, "places of %zu octets: no places", v.n);
	}
	*out = places;
	*n = count;
	return true;
}
