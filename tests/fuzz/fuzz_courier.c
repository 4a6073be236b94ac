/* fuzz_courier.c - a hostile courier or core: what decodes is canonical and within bounds. */
#include <stdlib.h>
#include <string.h>

#include "courier/courier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct view names)
{
	struct reader r = reader_of(names);
	struct view v;

	while (r.n > 0)
		if (!read_sized(&r, &v))
			abort();
}

/* Whatever core says: with a tail it is the place's address, and a query at the most. */
static void
fetch_goes_home(const struct courier_fetch *f)
{
	static const struct courier_place place = {"http://ca", "", ""};
	struct blob url = {0};

	if (courier_fetch_url(&place, f, &url, NULL)) {
		struct view rest = blob_view(&url);

		if (memchr(rest.p, 0, rest.n) != NULL)
			abort();
		if (f->url.n == 0 &&
		    !view_equal(view_cut(&rest, '?'), VIEW("http://ca/cgi-bin/pkiclient.exe")))
			abort();
	}
	blob_free(&url);
}

static void
places_walk(struct view v)
{
	static const struct courier_fetch fetch = {.tail = VIEW("?operation=GetCACert")};
	struct courier_place *places;
	struct blob url = {0};
	size_t n;

	if (!courier_places_decode(v, &places, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		if (courier_fetch_url(&places[i], &fetch, &url, NULL))
			blob_clear(&url);
	blob_free(&url);
	free(places);
}

/* BAD-139: whatever core says: one file of the depot's directory. */
static void
put_stays(const struct courier_put *p)
{
	static const struct courier_depot depot = {"ftp://h/d", "", ""};
	struct blob url = {0};
	bool beside;

	if (p->id == 0 || p->depot >= COURIER_DEPOTS || p->limit_ms == 0 ||
	    !courier_put_url(&depot, p->leaf, &beside, &url, NULL) || !beside)
		abort();
	if (memchr(p->leaf.p, '/', p->leaf.n) != NULL || p->leaf.p[0] == '.' ||
	    strlen(blob_cstr(&url)) != strlen("ftp://h/d/" COURIER_BESIDE) + p->leaf.n)
		abort();
	blob_free(&url);
}

/* Messages about copies, and the table of depots. */
static bool
copies_walk(struct view v, struct blob *again)
{
	static struct courier_depot depots[COURIER_DEPOTS];
	struct courier_put put;
	struct courier_stored stored;
	bool is_put = courier_put_decode(v, &put, NULL),
	     is_stored = courier_stored_decode(v, &stored, NULL);

	if (is_stored && (is_put || !courier_is_stored(v) || stored.id == 0))
		abort();
	if (is_put) {
		put_stays(&put);
		courier_put_encode(&put, again);
	}
	if (is_stored)
		courier_stored_encode(&stored, again);
	if ((is_put || is_stored) && !view_equal(blob_view(again), v))
		abort();
	if (courier_depots_decode(v, depots, NULL))
		blob_clear(again);
	return is_put || is_stored;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	struct view v = view_of(data, size);
	struct blob again = {0}, json = {0};
	struct courier_ask ask;
	struct courier_say say;
	struct courier_fetch fetch;
	struct courier_got got;
	bool is_ask = courier_ask_decode(v, &ask, NULL),
	     is_say = courier_say_decode(v, &say, NULL),
	     is_fetch = courier_fetch_decode(v, &fetch, NULL),
	     is_got = courier_got_decode(v, &got, NULL);

	if (is_ask + is_say + is_fetch + is_got + copies_walk(v, &json) > 1 ||
	    (is_got && !courier_is_got(v)))
		abort();
	blob_clear(&json);
	if (is_ask) {
		if (ask.id == 0 || ask.hook >= COURIER_HOOKS || ask.request.n != 32)
			abort();
		walk(ask.san);
		courier_ask_encode(&ask, &again);
		if (courier_json_ask(&ask, &json) && (json.n < 2 || json.p[0] != '{'))
			abort();
	}
	if (is_say) {
		if ((say.id == 0) != (say.result == COURIER_READY))
			abort();
		walk(say.san);
		courier_say_encode(&say, &again);
	}
	if (is_fetch) {
		if (fetch.id == 0 || fetch.max > COURIER_BODY_MAX || fetch.limit_ms == 0)
			abort();
		fetch_goes_home(&fetch);
		courier_fetch_encode(&fetch, &again);
	}
	if (is_got) {
		if (got.id == 0 || got.body.n > COURIER_BODY_MAX || got.retry_after < 0)
			abort();
		courier_got_encode(&got, &again);
	}
	if ((is_ask || is_say || is_fetch || is_got) && !view_equal(blob_view(&again), v))
		abort();
	if (courier_hooks_decode(v, hooks, NULL))
		blob_clear(&again);
	places_walk(v);
	blob_free(&again);
	blob_free(&json);
	return 0;
}
