/* test_http.c - the server over loopback: one process, one loop, clients stepped beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net.h"

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"
#define LARGE (8 * 1024 * 1024)

struct client {
	int fd; /* -1: none */
	struct view to_send;
	struct blob got;
	bool ended;
};

static struct loop *loop;
static struct http_server *server;
static int port;
static uint64_t held[8]; /* exchanges of /later, unanswered */
static size_t held_count, handled, released;
static uint8_t large[LARGE];

static const struct http_limits usual = {
    .connections = 64,
    .connections_address = 4,
    .loopback_exempt = true,
    .header_ms = 10000,
    .request_ms = 10000,
    .idle_ms = 10000,
};

static void
on_release(void *kept)
{
	(void)kept;
	released++;
}

static void
on_request(void *arg, const struct http_request *rq)
{
	struct http_answer a = {.status = 200, .type = "text/plain", .body = rq->path};

	(void)arg;
	handled++;
	if (view_equal_str(rq->path, "/later")) {
		assert_true(held_count < COUNT_OF(held));
		held[held_count++] = rq->exchange;
		return;
	}
	if (view_equal_str(rq->path, "/large")) {
		a.body = view_of(large, sizeof(large));
		a.release = on_release;
	} else if (view_equal_str(rq->path, "/copied")) {
		a.body = view_of(large, sizeof(large));
	} else if (view_equal_str(rq->path, "/all")) {
		a = (struct http_answer){.status = 503,
		    .type = "application/x-pki-message",
		    .body = VIEW("body"),
		    .retry_after = 5,
		    .no_store = true,
		    .etag = "\"e\"",
		    .expires = "Thu, 01 Jan 1970 00:00:00 GMT",
		    .allow = "GET"};
	} else if (view_equal_str(rq->path, "/304")) {
		a.status = 304;
		a.etag = "\"e\"";
	} else if (rq->method == HTTP_POST) {
		a.body = rq->body;
	}
	http_answer(server, rq->exchange, &a);
}

static void
serve(const struct http_limits *limits)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	struct err e;
	int fd;

	loop = loop_new();
	if (!listen_tcp("127.0.0.1", 0, &fd, &e))
		fail_msg("%s", e.text);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	port = ntohs(at.sin_port);
	server = http_open(loop, fd, limits, on_request, NULL);
	held_count = handled = released = 0;
}

static void
serve_end(void)
{
	http_close(server);
	loop_free(loop);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop, 0);
}

/* Let the server do what it can do now. */
static void
round_run(void)
{
	loop_after_round(loop, stop, NULL);
	(void)loop_run(loop);
}

static struct client
client_open(const char *request)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct client c = {
	    .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .to_send = view_str(request)};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(c.fd >= 0);
	assert_int_equal(connect(c.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
	return c;
}

static void
client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	blob_free(&c->got);
}

static void
client_step(struct client *c)
{
	uint8_t buf[65536];
	ssize_t n;

	if (c->to_send.n) {
		n = send(c->fd, c->to_send.p, c->to_send.n, MSG_NOSIGNAL);
		if (n > 0)
			c->to_send = view_of(c->to_send.p + n, c->to_send.n - (size_t)n);
	}
	n = recv(c->fd, buf, sizeof(buf), 0);
	if (n > 0)
		blob_add(&c->got, buf, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		c->ended = true;
}

static bool
got_text(struct client *c, const char *text)
{
	return strstr(blob_cstr(&c->got), text) != NULL;
}

/* Until text has come, or (NULL) the server closed. */
static bool
await(struct client *c, const char *text)
{
	int64_t until = clock_mono_ms() + 10000;

	while (clock_mono_ms() < until) {
		round_run();
		client_step(c);
		if (text ? got_text(c, text) : c->ended)
			return true;
		if (c->ended)
			return false;
	}
	return false;
}

static void
await_held(struct client *c, size_t count)
{
	int64_t until = clock_mono_ms() + 10000;

	while (held_count < count && clock_mono_ms() < until) {
		client_step(c);
		round_run();
	}
	assert_int_equal(held_count, count);
}

static void
held_answer(size_t i, const char *body)
{
	struct http_answer a = {.status = 200, .type = "text/plain", .body = view_str(body)};

	http_answer(server, held[i], &a);
}

/* ---- answers ---- */

static void
head_of_an_answer_HT_14_HT_17(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open(GET("/all"));
	assert_true(await(&c, "\r\n\r\nbody"));
	assert_true(got_text(&c, "HTTP/1.1 503 Service Unavailable\r\n"));
	assert_true(got_text(&c, "\r\nContent-Type: application/x-pki-message\r\n"));
	assert_true(got_text(&c, "\r\nContent-Length: 4\r\n"));
	assert_true(got_text(&c, "\r\nCache-Control: no-store\r\n"));
	assert_true(got_text(&c, "\r\nRetry-After: 5\r\n"));
	assert_true(got_text(&c, "\r\nETag: \"e\"\r\n"));
	assert_true(got_text(&c, "\r\nExpires: Thu, 01 Jan 1970 00:00:00 GMT\r\n"));
	assert_true(got_text(&c, "\r\nAllow: GET\r\n"));
	assert_true(got_text(&c, "\r\nDate: "));
	assert_false(got_text(&c, "Connection:"));
	client_close(&c);
	serve_end();
}

static void
keep_alive_and_HEAD_BAD_006(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open("HEAD /first HTTP/1.1\r\n" H "\r\n");
	assert_true(await(&c, "\r\n\r\n"));
	assert_true(got_text(&c, "Content-Length: 6\r\n"));
	c.to_send = VIEW(GET("/304"));
	assert_true(await(&c, "304 Not Modified"));
	c.to_send = VIEW(GET("/second"));
	assert_true(await(&c, "/second"));
	assert_false(got_text(&c, "/first"));
	assert_false(got_text(&c, "\r\n\r\n/304"));
	assert_int_equal(handled, 3);
	client_close(&c);
	serve_end();
}

static void
HTTP_1_0_is_answered_and_closed_HT_13(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open("GET /ios HTTP/1.0\r\n\r\n");
	assert_true(await(&c, NULL));
	assert_true(got_text(&c, "HTTP/1.1 200 OK\r\n"));
	assert_true(got_text(&c, "Content-Length: 4\r\n"));
	assert_true(got_text(&c, "Connection: close\r\n\r\n/ios"));
	client_close(&c);
	c = client_open("POST /x HTTP/1.0\r\n\r\nto the end");
	for (int i = 0; i < 10; i++) {
		round_run();
		client_step(&c);
	}
	assert_int_equal(handled, 1);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	assert_true(await(&c, NULL));
	assert_true(got_text(&c, "\r\n\r\nto the end"));
	client_close(&c);
	serve_end();
}

static void
pipelined_answers_keep_their_order_BAD_015(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open(GET("/1") GET("/later") GET("/3") "BAD\r\n\r\n");
	await_held(&c, 1);
	assert_true(await(&c, "/1"));
	for (int i = 0; i < 10; i++) {
		round_run();
		client_step(&c);
	}
	assert_int_equal(handled, 2); /* one at a time */
	held_answer(0, "second");
	assert_true(await(&c, NULL));
	assert_true(got_text(&c, "\r\n\r\nsecondHTTP/1.1 200 OK\r\n"));
	assert_true(got_text(&c, "\r\n\r\n/3HTTP/1.1 400 Bad Request\r\n"));
	client_close(&c);
	serve_end();
}

static void
continue_BAD_016(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open(
	    "POST /x HTTP/1.1\r\n" H "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
	assert_true(await(&c, "HTTP/1.1 100 Continue\r\n\r\n"));
	assert_int_equal(handled, 0);
	c.to_send = VIEW("abcd");
	assert_true(await(&c, "\r\n\r\nabcd"));
	client_close(&c);
	/* Who sends at once needs no 100. */
	c = client_open(
	    "POST /x HTTP/1.1\r\n" H "Content-Length: 4\r\nExpect: 100-continue\r\n\r\nabcd");
	assert_true(await(&c, "\r\n\r\nabcd"));
	assert_false(got_text(&c, "100 Continue"));
	client_close(&c);
	serve_end();
}

static void
an_answer_counts_once_and_for_its_client_BAD_030(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open(GET("/later"));
	await_held(&c, 1);
	held_answer(0, "once");
	held_answer(0, "twice");
	assert_true(await(&c, "once"));
	c.to_send = VIEW(GET("/later"));
	await_held(&c, 2);
	held_answer(0, "stale");
	held_answer(1, "fresh");
	assert_true(await(&c, "fresh"));
	assert_false(got_text(&c, "twice"));
	assert_false(got_text(&c, "stale"));
	/* The client leaves by RST; the answer goes nowhere, another client is served. */
	c.to_send = VIEW(GET("/later"));
	await_held(&c, 3);
	assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
			     sizeof(struct linger)),
	    0);
	client_close(&c);
	round_run();
	held_answer(2, "gone");
	held_answer(2, "gone");
	http_answer(server, 0, &(struct http_answer){.status = 200});
	http_answer(server, UINT64_MAX, &(struct http_answer){.status = 200});
	c = client_open(GET("/alive"));
	assert_true(await(&c, "/alive"));
	client_close(&c);
	serve_end();
}

/* A client may shut its side and still wants its answer. */
static void
half_closed_clients_are_answered(void **state)
{
	struct client c;

	(void)state;
	serve(&usual);
	c = client_open(GET("/later"));
	await_held(&c, 1);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	round_run();
	round_run();
	held_answer(0, "still here");
	assert_true(await(&c, NULL));
	assert_true(got_text(&c, "still here"));
	client_close(&c);
	serve_end();
}

static void
large_bodies(void **state)
{
	static const char *const paths[] = {
	    GET("/large") GET("/after"), GET("/copied") GET("/after")};
	struct client c;

	(void)state;
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (uint8_t)(1 + i % 251);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		const char *body;

		serve(&usual);
		c = client_open(paths[i]);
		for (int64_t until = clock_mono_ms() + 10000; clock_mono_ms() < until;) {
			round_run();
			client_step(&c);
			if (c.got.n > LARGE && !memcmp(c.got.p + c.got.n - 6, "/after", 6))
				break;
		}
		body = strstr(blob_cstr(&c.got), "\r\n\r\n") + 4;
		assert_memory_equal(body, large, LARGE);
		assert_non_null(strstr(body + LARGE, "\r\n\r\n/after"));
		assert_int_equal(released, i == 0);
		client_close(&c);
		serve_end();
	}
	/* Gone in the middle: released all the same, once. */
	serve(&usual);
	c = client_open(GET("/large"));
	assert_true(await(&c, "200 OK"));
	assert_int_equal(released, 0);
	client_close(&c);
	for (int64_t until = clock_mono_ms() + 10000; !released && clock_mono_ms() < until;)
		round_run();
	assert_int_equal(released, 1);
	serve_end();
	assert_int_equal(released, 1);
}

/* The refusal reaches a client that is still sending, then the connection ends. */
static void
refusals_reach_the_sender_BAD_003_011(void **state)
{
	struct blob in = {0};
	struct client c;

	(void)state;
	serve(&usual);
	blob_add_str(&in, "GET /");
	for (size_t i = 0; i < 1 << 20; i++)
		blob_add_byte(&in, 'a');
	blob_add_str(&in, " HTTP/1.1\r\n\r\n");
	c = client_open("");
	c.to_send = blob_view(&in);
	assert_true(await(&c, "414 URI Too Long"));
	for (int64_t until = clock_mono_ms() + 10000;
	     c.to_send.n && !c.ended && clock_mono_ms() < until;) {
		round_run();
		client_step(&c);
	}
	assert_int_equal(c.to_send.n, 0);
	assert_true(got_text(&c, "Connection: close\r\n"));
	client_close(&c);
	c = client_open("POST /x HTTP/1.1\r\n" H "Content-Length: 999999\r\n\r\n");
	assert_true(await(&c, "413 Content Too Large"));
	assert_true(await(&c, NULL));
	client_close(&c);
	c = client_open("PUT /x HTTP/1.1\r\n" H "\r\n");
	assert_true(await(&c, "405 Method Not Allowed"));
	assert_true(got_text(&c, "Allow: GET, HEAD, POST\r\n"));
	client_close(&c);
	assert_int_equal(handled, 0);
	blob_free(&in);
	serve_end();
}

/* ---- deadlines and limits ---- */

/* An octet now and then does not move the deadline. Returns after how many ms the server
 * closed, without an answer. */
static int64_t
drip(const char *request, const char *octet)
{
	struct client c = client_open(request);
	int64_t began = clock_mono_ms(), fed = began;

	while (!c.ended && clock_mono_ms() < began + 10000) {
		round_run();
		client_step(&c);
		if (clock_mono_ms() >= fed + 10 && !c.to_send.n) {
			c.to_send = view_str(octet);
			fed = clock_mono_ms();
		}
	}
	assert_int_equal(c.got.n, 0);
	client_close(&c);
	return clock_mono_ms() - began;
}

static void
deadlines_BAD_001_002_012(void **state)
{
	struct http_limits l = usual;
	struct client c;

	(void)state;
	l.header_ms = 60;
	l.request_ms = 150;
	l.idle_ms = 100;
	serve(&l);
	assert_in_range(drip("", ""), 60, 5000);
	assert_in_range(drip("G", ""), 60, 5000);
	assert_in_range(drip("GET / HTTP/1.1\r\nX: ", "y"), 60, 5000);
	assert_in_range(
	    drip("POST /x HTTP/1.1\r\n" H "Content-Length: 10000\r\n\r\n", "y"), 150, 5000);
	assert_in_range(
	    drip("POST /x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", "1\r\ny\r\n"),
	    150, 5000);
	assert_int_equal(handled, 0);
	/* Idle after an answer. */
	c = client_open(GET("/1"));
	assert_true(await(&c, "/1"));
	assert_true(await(&c, NULL));
	client_close(&c);
	serve_end();
}

/* Core that says nothing holds no connection for ever, and what it says later reaches nobody.
 */
static void
unanswered_requests_get_503(void **state)
{
	struct http_limits l = usual;
	struct client c;
	int64_t began;

	(void)state;
	l.request_ms = 150;
	serve(&l);
	c = client_open(GET("/later") GET("/next"));
	began = clock_mono_ms();
	await_held(&c, 1);
	assert_true(await(&c, "503 Service Unavailable"));
	assert_in_range(clock_mono_ms() - began, 150, 5000);
	assert_true(got_text(&c, "Retry-After: "));
	assert_true(await(&c, "/next"));
	held_answer(0, "too late");
	c.to_send = VIEW(GET("/again"));
	assert_true(await(&c, "/again"));
	assert_false(got_text(&c, "too late"));
	client_close(&c);
	/* In time, it is answered as ever. */
	c = client_open(GET("/later"));
	await_held(&c, 2);
	held_answer(1, "in time");
	assert_true(await(&c, "in time"));
	client_close(&c);
	serve_end();
}

static void
a_thousand_slow_connections_BAD_002(void **state)
{
	enum { SLOW = 1000 };
	static struct client slow[SLOW];
	struct http_limits l = usual;
	struct rlimit files;
	struct client c;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	l.connections = 1024;
	serve(&l);
	for (size_t i = 0; i < SLOW; i++) {
		slow[i] = client_open("GET /slow HTTP/1.1\r\nX: y");
		client_step(&slow[i]);
		round_run();
	}
	for (int i = 0; i < 20; i++) {
		c = client_open(GET("/quick"));
		assert_true(await(&c, "/quick"));
		client_close(&c);
	}
	for (size_t i = 0; i < SLOW; i += 37) {
		slow[i].to_send = VIEW("\r\n" H "\r\n");
		assert_true(await(&slow[i], "/slow"));
	}
	for (size_t i = 0; i < SLOW; i++)
		client_close(&slow[i]);
	serve_end();
}

static void
limit_of_an_address_BAD_002(void **state)
{
	struct client c[5];
	struct http_limits l = usual;

	(void)state;
	l.loopback_exempt = false;
	serve(&l);
	for (int i = 0; i < 4; i++) {
		c[i] = client_open(GET("/1"));
		assert_true(await(&c[i], "/1"));
	}
	c[4] = client_open(GET("/1"));
	assert_true(await(&c[4], NULL));
	assert_int_equal(c[4].got.n, 0);
	client_close(&c[4]);
	client_close(&c[0]);
	round_run();
	round_run();
	c[4] = client_open(GET("/1"));
	assert_true(await(&c[4], "/1"));
	for (int i = 0; i < 5; i++)
		client_close(&c[i]);
	serve_end();
}

/* BAD-029 */
static void
oldest_idle_gives_way_BAD_029(void **state)
{
	struct client c[4];
	struct http_limits l = usual;

	(void)state;
	l.connections = 3;
	serve(&l);
	for (int i = 0; i < 3; i++) {
		c[i] = client_open(GET("/1"));
		assert_true(await(&c[i], "/1"));
	}
	c[0].to_send = VIEW(GET("/again")); /* now number 1 is the oldest */
	assert_true(await(&c[0], "/again"));
	c[3] = client_open(GET("/new"));
	assert_true(await(&c[3], "/new"));
	assert_true(await(&c[1], NULL));
	client_step(&c[0]);
	client_step(&c[2]);
	assert_false(c[0].ended || c[2].ended);
	client_close(&c[1]);
	/* None is idle: the new one is closed. */
	c[0].to_send = VIEW("G");
	c[2].to_send = VIEW("G");
	c[3].to_send = VIEW(GET("/later"));
	client_step(&c[0]);
	client_step(&c[2]);
	await_held(&c[3], 1);
	round_run();
	c[1] = client_open(GET("/1"));
	assert_true(await(&c[1], NULL));
	assert_int_equal(c[1].got.n, 0);
	for (int i = 0; i < 4; i++)
		client_close(&c[i]);
	serve_end();
}

static void
dates_of_HTTP(void **state)
{
	char out[HTTP_DATE];

	(void)state;
	assert_string_equal(
	    http_date(784111777, out), "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110 5.6.7 */
	assert_string_equal(http_date(0, out), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_string_equal(http_date(951827696, out), "Tue, 29 Feb 2000 12:34:56 GMT");
	assert_string_equal(http_date(WHEN_NEVER, out), "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_string_equal(http_date(-1, out), "Thu, 01 Jan 1970 00:00:00 GMT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(head_of_an_answer_HT_14_HT_17),
	    cmocka_unit_test(keep_alive_and_HEAD_BAD_006),
	    cmocka_unit_test(HTTP_1_0_is_answered_and_closed_HT_13),
	    cmocka_unit_test(pipelined_answers_keep_their_order_BAD_015),
	    cmocka_unit_test(continue_BAD_016),
	    cmocka_unit_test(an_answer_counts_once_and_for_its_client_BAD_030),
	    cmocka_unit_test(half_closed_clients_are_answered),
	    cmocka_unit_test(large_bodies),
	    cmocka_unit_test(refusals_reach_the_sender_BAD_003_011),
	    cmocka_unit_test(deadlines_BAD_001_002_012),
	    cmocka_unit_test(unanswered_requests_get_503),
	    cmocka_unit_test(a_thousand_slow_connections_BAD_002),
	    cmocka_unit_test(limit_of_an_address_BAD_002),
	    cmocka_unit_test(oldest_idle_gives_way_BAD_029),
	    cmocka_unit_test(dates_of_HTTP),
	};

	if (!clock_init(NULL, NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
