/* test_put.c - messages about copies and the table of depots, also hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "courier/courier.h"

static struct courier_put
good_put(void)
{
	return (struct courier_put){
	    .id = 7,
	    .depot = COURIER_DEPOTS - 1,
	    .leaf = VIEW("Root-CA_00001.p12"),
	    .body = VIEW("\x30\x00"),
	    .limit_ms = COURIER_FETCH_MS_MAX,
	};
}

static void
courier_put_comes_through(void **state)
{
	struct courier_put a = good_put(), b = {.id = 99};
	struct courier_fetch fetch;
	struct courier_ask ask;
	struct blob m = {0};

	(void)state;
	courier_put_encode(&a, &m);
	for (size_t n = 0; n < m.n; n++) {
		assert_false(courier_put_decode(view_of(m.p, n), &b, NULL));
		assert_int_equal(b.id, 99);
	}
	assert_true(courier_put_decode(blob_view(&m), &b, NULL));
	assert_true(b.id == a.id && b.depot == a.depot && b.limit_ms == a.limit_ms);
	assert_true(view_equal(b.leaf, a.leaf) && view_equal(b.body, a.body));
	assert_false(courier_fetch_decode(blob_view(&m), &fetch, NULL));
	assert_false(courier_ask_decode(blob_view(&m), &ask, NULL));
	blob_add_byte(&m, 0);
	assert_false(courier_put_decode(blob_view(&m), &b, NULL));
	blob_free(&m);
}

/* BAD-139: a name stays in its directory, and is no command. */
static void
hostile_core(void **state)
{
	static const struct view names[] = {VIEW(""), VIEW("."), VIEW(".."), VIEW(".profile"),
	    VIEW("../x.crl"), VIEW("a/b.crl"), VIEW("a\\b"), VIEW("/etc/x"),
	    VIEW("a\r\nDELE b"), VIEW("a\0b"), VIEW("a b"), VIEW("a%2f.crl"), VIEW("a?b"),
	    VIEW("a#b"), VIEW("\xc3\xa4.crl")};
	char longest[COURIER_LEAF_MAX + 2] = "";
	struct courier_put bad[COUNT_OF(names) + 5], got;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		bad[i] = good_put();
	for (size_t i = 0; i < COUNT_OF(names); i++)
		bad[n++].leaf = names[i];
	memset(longest, 'a', sizeof(longest) - 1);
	bad[n++].leaf = view_str(longest);
	bad[n++].id = 0;
	bad[n++].depot = COURIER_DEPOTS;
	bad[n++].limit_ms = 0;
	bad[n++].limit_ms = COURIER_FETCH_MS_MAX + 1;
	assert_int_equal(n, COUNT_OF(bad));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct blob m = {0};
		struct err e = {0};

		courier_put_encode(&bad[i], &m);
		if (courier_put_decode(blob_view(&m), &got, &e))
			fail_msg("accepted: number %zu", i);
		assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&m);
	}
}

static void
courier_stored_comes_through(void **state)
{
	const struct courier_stored sent[] = {
	    {.id = 7, .stored = true},
	    {.id = UINT64_MAX, .reason = VIEW("Failed FTP upload: 550")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sent); i++) {
		struct courier_stored b = {.id = 99};
		struct courier_say say;
		struct blob m = {0};

		courier_stored_encode(&sent[i], &m);
		assert_true(courier_is_stored(blob_view(&m)) && !courier_is_got(blob_view(&m)));
		for (size_t n = 0; n < m.n; n++) {
			assert_false(courier_stored_decode(view_of(m.p, n), &b, NULL));
			assert_int_equal(b.id, 99);
		}
		assert_true(courier_stored_decode(blob_view(&m), &b, NULL));
		assert_true(b.id == sent[i].id && b.stored == sent[i].stored &&
			    view_equal(b.reason, sent[i].reason));
		assert_false(courier_say_decode(blob_view(&m), &say, NULL));
		blob_add_byte(&m, 0);
		assert_false(courier_stored_decode(blob_view(&m), &b, NULL));
		blob_free(&m);
	}
}

static void
hostile_porter(void **state)
{
	static const uint8_t text[COURIER_TEXT_MAX + 1];
	const struct courier_stored bad[] = {
	    {.id = 0, .stored = true},
	    {.id = 7, .stored = true, .reason = VIEW("but")},
	    {.id = 7, .reason = view_of(text, sizeof(text))},
	};

	(void)state;
	assert_false(courier_is_stored(VIEW("")));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct courier_stored got;
		struct blob m = {0};

		courier_stored_encode(&bad[i], &m);
		assert_false(courier_stored_decode(blob_view(&m), &got, NULL));
		blob_free(&m);
	}
}

static void
depots_come_through(void **state)
{
	static struct courier_depot in[COURIER_DEPOTS], out[COURIER_DEPOTS];
	struct blob m = {0};

	(void)state;
	(void)snprintf(in[1].url, sizeof(in[1].url), "ftp://h/");
	(void)snprintf(in[COURIER_DEPOTS - 1].user, sizeof(in[0].user), "joe");
	memset(in[0].password, 'x', sizeof(in[0].password) - 1);
	courier_depots_encode(in, COURIER_DEPOTS, &m);
	for (size_t n = 1; n < 9; n++) /* of the first three texts */
		assert_false(courier_depots_decode(view_of(m.p, n), out, NULL));
	assert_true(courier_depots_decode(blob_view(&m), out, NULL));
	assert_memory_equal(in, out, sizeof(in));
	courier_depots_encode(in, 1, &m);
	assert_false(courier_depots_decode(blob_view(&m), out, NULL)); /* one too many */
	blob_clear(&m);
	blob_add_sized(&m, VIEW(""));
	blob_add_sized(&m, VIEW(""));
	memset(blob_grow(&m, 4), 0, 4);
	m.p[m.n - 1] = 128; /* longer than any password */
	memset(blob_grow(&m, 128), 'x', 128);
	assert_false(courier_depots_decode(blob_view(&m), out, NULL));
	assert_true(courier_depots_decode((struct view){0}, out, NULL));
	assert_int_equal(out[1].url[0], 0);
	blob_free(&m);
}

static void
where_it_is_put(void **state)
{
	static const struct {
		const char *url, *want; /* NULL: refused */
		bool beside;
	} cases[] = {
	    {"ftp://10.1.1.1/DB/ROOTCA/", "ftp://10.1.1.1/DB/ROOTCA/A.crl.part", true},
	    {"FTPS://h:990/d", "FTPS://h:990/d/A.crl.part", true},
	    {"http://h", "http://h/A.crl", false},
	    {"https://[::1]:8443/x/", "https://[::1]:8443/x/A.crl", false},
	    {"sftp://h/", NULL, false},
	    {"file:///etc/", NULL, false},
	    {"nvram:", NULL, false},
	    {"ftp://joe:pw@h/", NULL, false},
	    {"ftp:///x", NULL, false},
	    {"http://h/?x=", NULL, false},
	    {"http://h/#x", NULL, false},
	    {"http://h/a b", NULL, false},
	    {"http://h/a\r\nb", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct courier_depot d = {0};
		struct blob url = {0};
		bool beside = !cases[i].beside, ok;

		(void)snprintf(d.url, sizeof(d.url), "%s", cases[i].url);
		ok = courier_put_url(&d, VIEW("A.crl"), &beside, &url, NULL);
		if (ok != (cases[i].want != NULL))
			fail_msg("%s: %d", cases[i].url, ok);
		if (ok) {
			assert_string_equal(blob_cstr(&url), cases[i].want);
			assert_int_equal(beside, cases[i].beside);
		}
		blob_free(&url);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(courier_put_comes_through),
	    cmocka_unit_test(hostile_core),
	    cmocka_unit_test(courier_stored_comes_through),
	    cmocka_unit_test(hostile_porter),
	    cmocka_unit_test(depots_come_through),
	    cmocka_unit_test(where_it_is_put),
	};

	return cmocka_run_group_tests_name("put", tests, NULL, NULL);
}
