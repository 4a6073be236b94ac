/* test_http_parse.c - the strict request parser, in whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_parse.h"

#define H "Host: a\r\n"
#define POST11 "POST /scep HTTP/1.1\r\n" H
#define CHUNKED POST11 "Transfer-Encoding: chunked\r\n\r\n"

enum { MORE = 0, WHOLE = 200 };

struct row {
	const char *what;
	struct view in;
	int status; /* WHOLE, MORE, or that of the refusal */
	const char *path, *query, *body;
	bool keep_alive;
};

static const struct row rows[] = {
    {"a plain GET", VIEW("GET /scep?a=b HTTP/1.1\r\n" H "\r\n"), WHOLE, "/scep", "a=b", "",
	true},
    {"HT-13 HTTP/1.0 without Host", VIEW("GET / HTTP/1.0\r\n\r\n"), WHOLE, "/", "", "", false},
    {"HT-13 Connection: close", VIEW("GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n"),
	WHOLE, "/", "", "", false},
    {"BAD-017 empty Host is one", VIEW("GET / HTTP/1.1\r\nHost:\r\n\r\n"), WHOLE, "/", "", "",
	true},
    {"one empty line before", VIEW("\r\nGET / HTTP/1.1\r\n" H "\r\n"), WHOLE, "/", "", "",
	true},
    {"path decoded once", VIEW("GET /%41%252B+ HTTP/1.0\r\n\r\n"), WHOLE, "/A%2B+", "", "",
	false},
    {"HT-08 raw plus, slash, equals", VIEW("GET /?m=+/== HTTP/1.0\r\n\r\n"), WHOLE, "/",
	"m=+/==", "", false},
    {"HT-08 a space a proxy made of plus", VIEW("GET /?m=a b HTTP/1.0\r\n\r\n"), WHOLE, "/",
	"m=a b", "", false},
    {"HT-01 a body", VIEW(POST11 "Content-Length: 3\r\n\r\nabc"), WHOLE, "/scep", "", "abc",
	true},
    {"BAD-013 no body", VIEW(POST11 "Content-Length: 0\r\n\r\n"), WHOLE, "/scep", "", "", true},
    {"a GET with a body", VIEW("GET / HTTP/1.1\r\n" H "content-length: 1\r\n\r\nx"), WHOLE, "/",
	"", "x", true},
    {"HT-13 chunks", VIEW(CHUNKED "3\r\nabc\r\n02;x=\"y\"\r\nde\r\n0\r\nT: v\r\n\r\n"), WHOLE,
	"/scep", "", "abcde", true},
    {"HT-13 no chunk", VIEW(CHUNKED "0\r\n\r\n"), WHOLE, "/scep", "", "", true},
    {"CHUNKED in capitals",
	VIEW(POST11 "TRANSFER-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"), WHOLE,
	"/scep", "", "0123456789", true},
    {"obs-text in a value", VIEW("GET / HTTP/1.0\r\nX: \xe9\t y \r\n\r\n"), WHOLE, "/", "", "",
	false},

    {"BAD-001 nothing", VIEW(""), MORE},
    {"BAD-001 one octet", VIEW("G"), MORE},
    {"BAD-002 half a header", VIEW("GET / HTTP/1.1\r\nHost: a\r\n"), MORE},
    {"BAD-005 NUL in a value", VIEW("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), 400},
    {"BAD-005 NUL in a name", VIEW("GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n"), 400},
    {"BAD-005 NUL in the address", VIEW("GET /\0 HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-005 bare CR in a value", VIEW("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"), 400},
    {"BAD-005 bare CR in the request line", VIEW("GET /\r HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-005 bare LF", VIEW("GET / HTTP/1.1\n" H "\r\n"), 400},
    {"BAD-005 bare LF behind a field", VIEW("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400},
    {"BAD-005 obs-fold", VIEW("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"), 400},
    {"BAD-005 obs-fold with a colon in it",
	VIEW("GET / HTTP/1.1\r\n" H "X: a\r\n b: c\r\n\r\n"), 400},
    {"BAD-005 control character", VIEW("GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"), 400},
    {"BAD-005 DEL", VIEW("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"), 400},
    {"BAD-005 space before the colon", VIEW("GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"), 400},
    {"BAD-005 field without a colon", VIEW("GET / HTTP/1.1\r\n" H "X\r\n\r\n"), 400},
    {"BAD-005 field without a name", VIEW("GET / HTTP/1.1\r\n" H ": x\r\n\r\n"), 400},
    {"BAD-005 two empty lines before", VIEW("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-006 PUT", VIEW("PUT / HTTP/1.1\r\n" H "\r\n"), 405},
    {"BAD-006 DELETE", VIEW("DELETE / HTTP/1.1\r\n" H "\r\n"), 405},
    {"BAD-006 CONNECT", VIEW("CONNECT a:1 HTTP/1.1\r\n" H "\r\n"), 405},
    {"BAD-006 TRACE", VIEW("TRACE / HTTP/1.1\r\n" H "\r\n"), 405},
    {"BAD-006 OPTIONS", VIEW("OPTIONS * HTTP/1.1\r\n" H "\r\n"), 405},
    {"BAD-006 lower case", VIEW("get / HTTP/1.1\r\n" H "\r\n"), 501},
    {"BAD-006 unknown", VIEW("BREW / HTTP/1.1\r\n" H "\r\n"), 501},
    {"BAD-006 HEAD", VIEW("HEAD / HTTP/1.1\r\n" H "\r\n"), WHOLE, "/", "", "", true},
    {"BAD-007 HTTP/0.9 in short", VIEW("GET /\r\n"), 400},
    {"BAD-007 HTTP/0.9", VIEW("GET / HTTP/0.9\r\n\r\n"), 505},
    {"BAD-007 preface of HTTP/2", VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"BAD-007 HTTP/1.9 counts as 1.1", VIEW("GET / HTTP/1.9\r\n" H "\r\n"), WHOLE, "/", "", "",
	true},
    {"BAD-007 HTTP/1.9 needs a Host", VIEW("GET / HTTP/1.9\r\n\r\n"), 400},
    {"BAD-007 HTTP/11.1", VIEW("GET / HTTP/11.1\r\n" H "\r\n"), 400},
    {"BAD-007 http/1.1", VIEW("GET / http/1.1\r\n" H "\r\n"), 400},
    {"BAD-007 octets behind", VIEW("GET / HTTP/1.1 \r\n" H "\r\n"), 400},
    {"BAD-007 garbage", VIEW("GET / FTP\r\n" H "\r\n"), 400},
    {"BAD-008 two lengths that differ",
	VIEW(POST11 "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 400},
    {"BAD-008 two equal lengths",
	VIEW(POST11 "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400},
    {"BAD-008 a list", VIEW(POST11 "Content-Length: 3, 3\r\n\r\nabc"), 400},
    {"BAD-008 +5", VIEW(POST11 "Content-Length: +5\r\n\r\nabcde"), 400},
    {"BAD-008 -1", VIEW(POST11 "Content-Length: -1\r\n\r\n"), 400},
    {"BAD-008 0x10", VIEW(POST11 "Content-Length: 0x10\r\n\r\n"), 400},
    {"BAD-008 2^64", VIEW(POST11 "Content-Length: 18446744073709551616\r\n\r\n"), 400},
    {"BAD-008 2^64 + 3 is not 3",
	VIEW(POST11 "Content-Length: 18446744073709551619\r\n\r\nabc"), 400},
    {"BAD-008 empty", VIEW(POST11 "Content-Length:\r\n\r\n"), 400},
    {"BAD-008 two words", VIEW(POST11 "Content-Length: 5 5\r\n\r\nabcde"), 400},
    {"BAD-009 length and chunks",
	VIEW(POST11 "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"BAD-009 chunks and length",
	VIEW(POST11 "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"), 400},
    {"BAD-009 gzip", VIEW(POST11 "Transfer-Encoding: gzip\r\n\r\n"), 400},
    {"BAD-009 gzip, chunked", VIEW(POST11 "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	400},
    {"BAD-009 xchunked", VIEW(POST11 "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400},
    {"BAD-009 twice",
	VIEW(
	    POST11 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	400},
    {"BAD-009 in HTTP/1.0",
	VIEW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"BAD-010 overflow", VIEW(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
    {"BAD-010 negative", VIEW(CHUNKED "-1\r\n"), 400},
    {"BAD-010 0x1", VIEW(CHUNKED "0x1\r\na\r\n0\r\n\r\n"), 400},
    {"BAD-010 no size", VIEW(CHUNKED "\r\na\r\n0\r\n\r\n"), 400},
    {"BAD-010 size and space", VIEW(CHUNKED "1 \r\na\r\n0\r\n\r\n"), 400},
    {"BAD-010 missing CRLF", VIEW(CHUNKED "1\r\nab0\r\n\r\n"), 400},
    {"BAD-010 bare LF behind the size", VIEW(CHUNKED "1\na\r\n0\r\n\r\n"), 400},
    {"BAD-010 bare LF behind the chunk", VIEW(CHUNKED "1\r\na\n0\r\n\r\n"), 400},
    {"BAD-010 NUL in an extension", VIEW(CHUNKED "1;\0\r\na\r\n0\r\n\r\n"), 400},
    {"BAD-010 trailer is no field", VIEW(CHUNKED "0\r\nx\r\n\r\n"), 400},
    {"BAD-010 second chunk beyond the limit", VIEW(CHUNKED "1\r\na\r\n40000\r\n"), 413},
    {"BAD-011 length beyond the limit, before the body",
	VIEW(POST11 "Content-Length: 262145\r\n\r\n"), 413},
    {"BAD-011 chunk beyond the limit", VIEW(CHUNKED "ffffffffffffffff\r\n"), 413},
    {"BAD-012 less than announced", VIEW(POST11 "Content-Length: 10\r\n\r\nabc"), MORE},
    {"BAD-014 no length on HTTP/1.1", VIEW(POST11 "\r\nabc"), 411},
    {"BAD-014 no length on HTTP/1.0", VIEW("POST / HTTP/1.0\r\n\r\nabc"), MORE},
    {"BAD-016 unknown expectation",
	VIEW(POST11 "Content-Length: 1\r\nExpect: 200-maybe\r\n\r\na"), 417},
    {"BAD-016 expectation in HTTP/1.0 is ignored", VIEW("GET / HTTP/1.0\r\nExpect: x\r\n\r\n"),
	WHOLE, "/", "", "", false},
    {"BAD-017 no Host", VIEW("GET / HTTP/1.1\r\n\r\n"), 400},
    {"BAD-017 two Hosts", VIEW("GET / HTTP/1.1\r\n" H H "\r\n"), 400},
    {"BAD-017 two Hosts in HTTP/1.0", VIEW("GET / HTTP/1.0\r\n" H H "\r\n"), 400},
    {"BAD-017 Host of two words", VIEW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400},
    {"BAD-018 absolute form", VIEW("GET http://u:1/scep?x HTTP/1.1\r\n" H "\r\n"), WHOLE,
	"/scep", "x", "", true},
    {"BAD-018 absolute form without a path", VIEW("GET http://u HTTP/1.1\r\n" H "\r\n"), WHOLE,
	"/", "", "", true},
    {"BAD-018 absolute form without a host", VIEW("GET http:///x HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-018 another scheme", VIEW("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-018 //", VIEW("GET // HTTP/1.1\r\n" H "\r\n"), WHOLE, "//", "", "", true},
    {"BAD-018 dots", VIEW("GET /../%2e%2e/x HTTP/1.1\r\n" H "\r\n"), WHOLE, "/../../x", "", "",
	true},
    {"BAD-018 %00 in the path", VIEW("GET /a%00b HTTP/1.1\r\n" H "\r\n"), 404},
    {"BAD-018 asterisk", VIEW("GET * HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-018 no slash", VIEW("GET scep HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-018 no address", VIEW("GET  HTTP/1.1\r\n" H "\r\n"), 400},
    {"space in the path", VIEW("GET /a b HTTP/1.1\r\n" H "\r\n"), 400},
    {"fragment", VIEW("GET /a#b HTTP/1.1\r\n" H "\r\n"), 400},
    {"UTF-8 in the address", VIEW("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-033 escape in the path", VIEW("GET /%G1 HTTP/1.1\r\n" H "\r\n"), 400},
    {"BAD-031 ClientHello, at the first octet", VIEW("\x16"), 400},
    {"BAD-031 ClientHello", VIEW("\x16\x03\x01\x00\xc8\x01\x00\x00"), 400},
    {"binary", VIEW("\x80"), 400},
};

static void
check(const struct row *r, const struct http_parse *p, size_t used, const char *how)
{
	int status = p->stage == HTTP_WHOLE ? WHOLE : p->stage == HTTP_BAD ? p->status : MORE;

	if (status != r->status)
		fail_msg("%s, %s: status %d (%s), not %d", r->what, how, status,
		    status > 200 ? p->reason : "", r->status);
	if (status != WHOLE)
		return;
	assert_int_equal(used, r->in.n);
	if (!view_equal_str(blob_view(&p->path), r->path) ||
	    !view_equal_str(blob_view(&p->query), r->query) ||
	    !view_equal_str(blob_view(&p->body), r->body))
		fail_msg("%s, %s: path, query or body differ", r->what, how);
	if (p->keep_alive != r->keep_alive)
		fail_msg("%s, %s: keep alive", r->what, how);
}

static void
feed(struct http_parse *p, struct view in, size_t piece, size_t *used)
{
	*used = 0;
	while (*used < in.n && p->stage < HTTP_WHOLE) {
		size_t n = in.n - *used < piece ? in.n - *used : piece;
		size_t took = http_parse_feed(p, view_of(in.p + *used, n));

		*used += took;
		if (p->stage < HTTP_WHOLE)
			assert_int_equal(took, n);
	}
}

static void
rows_BAD_001_to_018_in_any_pieces(void **state)
{
	static const struct {
		const char *how;
		size_t piece;
	} cuts[] = {{"in whole", SIZE_MAX}, {"octet by octet", 1}, {"by 7", 7}};
	struct http_parse again = {0};
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t k = 0; k < COUNT_OF(cuts); k++) {
			struct http_parse p = {0};

			feed(&p, rows[i].in, cuts[k].piece, &used);
			check(&rows[i], &p, used, cuts[k].how);
			http_parse_free(&p);
		}
		/* What an earlier request left behind must not matter. */
		http_parse_next(&again);
		feed(&again, rows[i].in, 3, &used);
		check(&rows[i], &again, used, "in a used parser");
	}
	http_parse_free(&again);
}

/* Feed head, then n times filler, in pieces of 1000; returns the status. */
static int
flood(const char *head, const char *filler, size_t times, const char *tail)
{
	struct http_parse p = {0};
	struct blob in = {0};
	size_t used;
	int status;

	blob_add_str(&in, head);
	for (size_t i = 0; i < times; i++)
		blob_add_str(&in, filler);
	blob_add_str(&in, tail);
	feed(&p, blob_view(&in), 1000, &used);
	status = p.stage == HTTP_WHOLE ? WHOLE : p.stage == HTTP_BAD ? p.status : MORE;
	blob_free(&in);
	http_parse_free(&p);
	return status;
}

static void
limits_HT_19_BAD_003_004_010_011(void **state)
{
	static const struct {
		const char *what, *head, *filler;
		size_t times;
		const char *tail;
		int status;
	} cases[] = {
	    {"HT-19 address of 64 KiB", "GET /", "a", 65535, " HTTP/1.0\r\n\r\n", WHOLE},
	    {"HT-19 address of 64 KiB and one", "GET /", "a", 65536, " HTTP/1.0\r\n\r\n", 414},
	    {"BAD-003 request line of 1 MiB", "GET /", "a", 1 << 20, " HTTP/1.0\r\n\r\n", 414},
	    {"BAD-003 request line without end", "GET /", "a", 70000, "", 414},
	    {"BAD-003 method without end", "", "A", 70000, "", 414},
	    {"BAD-004 100 fields", "GET / HTTP/1.0\r\n", "X: y\r\n", 100, "\r\n", WHOLE},
	    {"BAD-004 101 fields", "GET / HTTP/1.0\r\n", "X: y\r\n", 101, "\r\n", 431},
	    {"BAD-004 10,000 fields", "GET / HTTP/1.0\r\n", "X: y\r\n", 10000, "\r\n", 431},
	    {"BAD-004 field of 16,000", "GET / HTTP/1.0\r\nX: ", "y", 16000, "\r\n\r\n", WHOLE},
	    {"BAD-004 field of 1 MiB", "GET / HTTP/1.0\r\nX: ", "y", 1 << 20, "\r\n\r\n", 431},
	    {"BAD-004 name without end", "GET / HTTP/1.0\r\n", "y", 1 << 20, "", 431},
	    {"BAD-010 endless extension", CHUNKED "1;", "e", 300, "\r\n", 400},
	    {"BAD-010 trailer flood", CHUNKED "0\r\n", "X: y\r\n", 10000, "\r\n", 400},
	    {"BAD-010 endless trailer", CHUNKED "0\r\nX: ", "y", 10000, "", 400},
	    {"HT-19 body of 256 KiB", POST11 "Content-Length: 262144\r\n\r\n", "abcd", 65536,
		"", WHOLE},
	    {"HT-19 chunks of 256 KiB", CHUNKED, "8\r\nabcdefgh\r\n", 32768, "0\r\n\r\n",
		WHOLE},
	    {"BAD-011 chunks beyond", CHUNKED, "8\r\nabcdefgh\r\n", 32769, "0\r\n\r\n", 413},
	    {"BAD-014 HTTP/1.0 body within", "POST / HTTP/1.0\r\n\r\n", "abcd", 65536, "",
		MORE},
	    {"BAD-014 HTTP/1.0 body beyond", "POST / HTTP/1.0\r\n\r\n", "abcd", 65537, "", 413},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int status =
		    flood(cases[i].head, cases[i].filler, cases[i].times, cases[i].tail);

		if (status != cases[i].status)
			fail_msg(
			    "%s: status %d, not %d", cases[i].what, status, cases[i].status);
	}
}

static void
body_until_close_BAD_014(void **state)
{
	struct http_parse p = {0};
	size_t used;

	(void)state;
	feed(&p, VIEW("POST / HTTP/1.0\r\n\r\nabc"), 5, &used);
	http_parse_end(&p);
	assert_int_equal(p.stage, HTTP_WHOLE);
	assert_true(view_equal_str(blob_view(&p.body), "abc"));
	http_parse_next(&p);
	feed(&p, VIEW(POST11 "Content-Length: 10\r\n\r\nabc"), 5, &used);
	http_parse_end(&p);
	assert_int_equal(p.stage, HTTP_AT_BODY); /* BAD-012: nothing processed */
	http_parse_free(&p);
}

static void
pipelined_requests_stay_apart_BAD_015(void **state)
{
	struct view in = VIEW(
	    "GET /1 HTTP/1.1\r\n" H "\r\n" POST11 "Content-Length: 2\r\n\r\nabBAD\r\n\r\n");
	struct http_parse p = {0};
	size_t used;

	(void)state;
	used = http_parse_feed(&p, in);
	assert_int_equal(p.stage, HTTP_WHOLE);
	assert_true(view_equal_str(blob_view(&p.path), "/1"));
	in = view_of(in.p + used, in.n - used);
	http_parse_next(&p);
	used = http_parse_feed(&p, in);
	assert_int_equal(p.stage, HTTP_WHOLE);
	assert_true(view_equal_str(blob_view(&p.body), "ab"));
	in = view_of(in.p + used, in.n - used);
	http_parse_next(&p);
	(void)http_parse_feed(&p, in);
	assert_int_equal(p.stage, HTTP_BAD);
	assert_int_equal(p.status, 400);
	http_parse_free(&p);
}

static void
expectations_and_tags_BAD_016(void **state)
{
	struct http_parse p = {0};
	struct blob in = {0};
	size_t used;

	(void)state;
	feed(&p, VIEW(POST11 "Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n"), 9, &used);
	assert_true(p.expects_continue);
	http_parse_next(&p);
	feed(&p, VIEW("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"),
	    9, &used);
	assert_false(p.expects_continue);
	http_parse_next(&p);
	feed(&p, VIEW("GET / HTTP/1.1\r\n" H "If-None-Match:  \"x\" \r\n\r\n"), 9, &used);
	assert_true(view_equal_str(blob_view(&p.if_none_match), "\"x\""));
	http_parse_next(&p);
	blob_add_str(&in, "GET / HTTP/1.1\r\n" H "If-None-Match: ");
	for (size_t i = 0; i < 2000; i++)
		blob_add_byte(&in, 'x');
	blob_add_str(&in, "\r\n\r\n");
	feed(&p, blob_view(&in), 9, &used);
	assert_int_equal(p.stage, HTTP_WHOLE);
	assert_int_equal(p.if_none_match.n, 0);
	blob_free(&in);
	http_parse_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_BAD_001_to_018_in_any_pieces),
	    cmocka_unit_test(limits_HT_19_BAD_003_004_010_011),
	    cmocka_unit_test(body_until_close_BAD_014),
	    cmocka_unit_test(pipelined_requests_stay_apart_BAD_015),
	    cmocka_unit_test(expectations_and_tags_BAD_016),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
