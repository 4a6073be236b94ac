/* test_fetch.c - messages about fetches, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "courier/courier.h"

static struct courier_fetch
good_fetch(void)
{
	return (struct courier_fetch){
	    .id = 7,
	    .place = 19999,
	    .post = true,
	    .tail = VIEW("?operation=PKIOperation"),
	    .media_type = VIEW("application/x-pki-message"),
	    .body = VIEW("\x30\x00"),
	    .max = COURIER_BODY_MAX,
	    .limit_ms = COURIER_FETCH_MS_MAX,
	};
}

static struct courier_got
good_got(void)
{
	return (struct courier_got){
	    .id = 7,
	    .status = 200,
	    .media_type = VIEW("application/x-x509-ca-cert"),
	    .retry_after = INT32_MAX,
	    .body = VIEW("\x30\x00"),
	};
}

static void
courier_fetch_comes_through(void **state)
{
	const struct courier_fetch sent[] = {
	    good_fetch(),
	    {.id = 1, .tail = VIEW("?operation=GetCACert"), .max = 1, .limit_ms = 1},
	    {.id = UINT64_MAX, .url = VIEW("http://x/a.crl"), .limit_ms = 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sent); i++) {
		const struct courier_fetch *a = &sent[i];
		struct courier_fetch b = {.id = 99};
		struct courier_ask ask;
		struct blob m = {0};

		courier_fetch_encode(a, &m);
		for (size_t n = 0; n < m.n; n++) {
			assert_false(courier_fetch_decode(view_of(m.p, n), &b, NULL));
			assert_int_equal(b.id, 99);
		}
		assert_true(courier_fetch_decode(blob_view(&m), &b, NULL));
		assert_true(b.id == a->id && b.place == a->place && b.post == a->post &&
			    b.max == a->max && b.limit_ms == a->limit_ms);
		assert_true(view_equal(b.tail, a->tail) && view_equal(b.url, a->url) &&
			    view_equal(b.media_type, a->media_type) &&
			    view_equal(b.body, a->body));
		assert_false(courier_ask_decode(blob_view(&m), &ask, NULL));
		blob_add_byte(&m, 0);
		assert_false(courier_fetch_decode(blob_view(&m), &b, NULL));
		blob_free(&m);
	}
}

static void
hostile_core(void **state)
{
	static const uint8_t large[COURIER_POST_MAX + 1];
	char long_type[COURIER_MEDIA_MAX + 2] = "";
	struct courier_fetch bad[13];
	static const char *const sentences[] = {
	    "no number",
	    "a longer answer than any",
	    "no time",
	    "more time than any",
	    "tail too long",
	    "address too long",
	    "media type too long",
	    "body too long",
	    "a place's tail and an address",
	    "an address that is posted to",
	    "a body by GET",
	    "a media type by GET",
	    "a second line of headers",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = good_fetch();
	memset(long_type, 'a', sizeof(long_type) - 1);
	bad[0].id = 0;
	bad[1].max = COURIER_BODY_MAX + 1;
	bad[2].limit_ms = 0;
	bad[3].limit_ms = COURIER_FETCH_MS_MAX + 1;
	bad[4].tail = view_of(large, COURIER_TAIL_MAX + 1);
	bad[5] = (struct courier_fetch){
	    .id = 7, .limit_ms = 1, .url = view_of(large, COURIER_URL_MAX + 1)};
	bad[6].media_type = view_str(long_type);
	bad[7].body = view_of(large, sizeof(large));
	bad[8] = (struct courier_fetch){
	    .id = 7, .limit_ms = 1, .url = VIEW("http://x/"), .tail = VIEW("?")};
	bad[9] = (struct courier_fetch){
	    .id = 7, .limit_ms = 1, .url = VIEW("http://x/"), .post = true};
	bad[10].post = false;
	bad[10].media_type = VIEW("");
	bad[11].post = false;
	bad[11].body = VIEW("");
	bad[12].media_type = VIEW("a/b\r\nHost: c");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct courier_fetch got;
		struct err e = {0};

		courier_fetch_encode(&bad[i], &m);
		if (courier_fetch_decode(blob_view(&m), &got, &e))
			fail_msg("accepted: %s", sentences[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

static void
courier_got_comes_through(void **state)
{
	const struct courier_got sent[] = {
	    good_got(),
	    {.id = 1, .status = 503, .retry_after = 10},
	    {.id = 2, .reason = VIEW("Couldn't connect to server")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sent); i++) {
		const struct courier_got *a = &sent[i];
		struct courier_got b = {.id = 99};
		struct courier_say say;
		struct blob m = {0};

		courier_got_encode(a, &m);
		assert_true(courier_is_got(blob_view(&m)));
		for (size_t n = 0; n < m.n; n++) {
			assert_false(courier_got_decode(view_of(m.p, n), &b, NULL));
			assert_int_equal(b.id, 99);
		}
		assert_true(courier_got_decode(blob_view(&m), &b, NULL));
		assert_true(
		    b.id == a->id && b.status == a->status && b.retry_after == a->retry_after);
		assert_true(view_equal(b.media_type, a->media_type) &&
			    view_equal(b.body, a->body) && view_equal(b.reason, a->reason));
		assert_false(courier_say_decode(blob_view(&m), &say, NULL));
		blob_add_byte(&m, 0);
		assert_false(courier_got_decode(blob_view(&m), &b, NULL));
		blob_free(&m);
	}
}

static void
verdicts_are_no_answers_to_fetches(void **state)
{
	struct blob m = {0};

	(void)state;
	courier_say_encode(&(struct courier_say){.result = COURIER_READY}, &m);
	assert_false(courier_is_got(blob_view(&m)));
	assert_false(courier_is_got(VIEW("")));
	blob_free(&m);
}

/* The courier faces the network: what core takes from it is bounded and of one meaning. */
static void
hostile_courier(void **state)
{
	static const uint8_t large[COURIER_BODY_MAX + 1];
	struct courier_got bad[11];
	static const char *const sentences[] = {
	    "no number",
	    "a status below all",
	    "a status above all",
	    "a reason beside a status",
	    "body too long",
	    "media type too long",
	    "a wait longer than any",
	    "reason too long",
	    "nobody answered, with a body",
	    "nobody answered, with a media type",
	    "nobody answered, with a wait",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = i < 7 ? good_got() : (struct courier_got){.id = 7};
	bad[0].id = 0;
	bad[1].status = 99;
	bad[2].status = 1000;
	bad[3].reason = VIEW("?");
	bad[4].body = view_of(large, sizeof(large));
	bad[5].media_type = view_of(large, COURIER_MEDIA_MAX + 1);
	bad[6].retry_after = (int64_t)INT32_MAX + 1;
	bad[7].reason = view_of(large, COURIER_TEXT_MAX + 1);
	bad[8].body = VIEW("?");
	bad[9].media_type = VIEW("?");
	bad[10].retry_after = 1;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct courier_got got;
		struct err e = {0};

		courier_got_encode(&bad[i], &m);
		if (courier_got_decode(blob_view(&m), &got, &e))
			fail_msg("accepted: %s", sentences[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

static void
places_come_through(void **state)
{
	size_t n, many = 20000;
	struct courier_place *in = calloc(many, sizeof(*in)), *out = NULL;
	struct blob m = {0};

	(void)state;
	memset(in[0].url, 'u', sizeof(in[0].url) - 1);
	memset(in[0].proxy, 'p', sizeof(in[0].proxy) - 1);
	memset(in[0].interface, 'i', sizeof(in[0].interface) - 1);
	snprintf(in[many - 1].url, sizeof(in[0].url), "http://x");
	courier_places_encode(in, many, &m);
	assert_true(courier_places_decode(blob_view(&m), &out, &n, NULL));
	assert_int_equal(n, many);
	for (size_t i = 0; i < n; i++)
		assert_true(strcmp(in[i].url, out[i].url) == 0 &&
			    strcmp(in[i].proxy, out[i].proxy) == 0 &&
			    strcmp(in[i].interface, out[i].interface) == 0);
	free(out);
	out = NULL;
	assert_false(courier_places_decode(view_of(m.p, m.n - 1), &out, &n, NULL));
	assert_false(courier_places_decode(view_of(m.p, 4), &out, &n, NULL));
	blob_add_sized(&m, VIEW("http://two texts of three"));
	blob_add_sized(&m, VIEW(""));
	assert_false(courier_places_decode(blob_view(&m), &out, &n, NULL));
	blob_clear(&m);
	assert_true(courier_places_decode(blob_view(&m), &out, &n, NULL));
	assert_int_equal(n, 0);
	free(out);
	blob_free(&m);
	free(in);
}

static void
places_within_bounds(void **state)
{
	struct courier_place *out = NULL;
	struct blob m = {0};
	size_t n;

	(void)state;
	for (size_t i = 0; i <= 3 * COURIER_PLACES; i++)
		blob_add_sized(&m, VIEW(""));
	blob_add_sized(&m, VIEW(""));
	blob_add_sized(&m, VIEW(""));
	assert_false(courier_places_decode(blob_view(&m), &out, &n, NULL));
	m.n -= 12;
	assert_true(courier_places_decode(blob_view(&m), &out, &n, NULL));
	assert_int_equal(n, COURIER_PLACES);
	free(out);
	blob_clear(&m);
	blob_add_u32(&m, sizeof(out->url));
	memset(blob_grow(&m, sizeof(out->url)), 'u', sizeof(out->url));
	blob_add_sized(&m, VIEW(""));
	blob_add_sized(&m, VIEW(""));
	assert_false(courier_places_decode(blob_view(&m), &out, &n, NULL));
	blob_free(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(courier_fetch_comes_through),
	    cmocka_unit_test(hostile_core),
	    cmocka_unit_test(courier_got_comes_through),
	    cmocka_unit_test(verdicts_are_no_answers_to_fetches),
	    cmocka_unit_test(hostile_courier),
	    cmocka_unit_test(places_come_through),
	    cmocka_unit_test(places_within_bounds),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
