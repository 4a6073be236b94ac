/* test_front.c - the front process as its clients and its core see it. */
#include "tests/unit/front_lab.h"

/* ---- public answers ---- */

static void
before_core_has_spoken_all_is_503(void **state)
{
	static const char *const targets[] = {
	    DEFAULT "?operation=GetCACaps",
	    DEFAULT "?operation=GetNextCACert",
	    DEFAULT "?operation=PKIOperation&message=MDEC",
	    "/scep/OTHER?operation=GetCACert",
	    "/crl/ROOTCA.crl",
	};
	struct blob a = {0};

	(void)state;
	front_start(IN_FLIGHT);
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		assert_int_equal(get(targets[i], &a), 503);
		assert_true(has(&a, "\r\nRetry-After: 5\r\n"));
	}
	blob_free(&a);
	front_end();
}

static void
answers_from_memory_HT_14_HT_17_BAD_027_028(void **state)
{
	struct blob a = {0}, m = {0};
	struct front_ask ask;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	assert_int_equal(get(DEFAULT "?operation=GetCACaps&message=Root-CA", &a), 200);
	assert_true(has(&a, "\r\nContent-Type: text/plain\r\n"));
	assert_int_equal(get("/x/pkiclient.exe?operation=GetCACert", &a), 200);
	assert_true(has(&a, "\r\nContent-Type: application/x-x509-ca-cert\r\n"));
	assert_true(has(&a, "\r\n\r\nca"));
	assert_int_equal(get(DEFAULT "?operation=GetNextCACert", &a), 404);
	assert_true(has(&a, "\r\nRetry-After: "));
	assert_int_equal(get(DEFAULT "?operation=GetCRL", &a), 503);
	assert_true(has(&a, "\r\nRetry-After: 5\r\n"));
	assert_int_equal(
	    answer_take(
		request_open("HEAD", "/?operation=GetCACert", "", (struct view){0}), &a),
	    200);
	assert_true(has(&a, "\r\nContent-Length: 2\r\n"));
	assert_false(has(&a, "\r\n\r\nca"));
	assert_false(ask_take(&ask, &m, 0)); /* core heard nothing of all this */
	blob_free(&a);
	blob_free(&m);
	front_end();
}

/* Who asks for the next CA is told to core, and waits until core has noted it: then it may not
 * be cancelled any more. A second time front knows. */
static void
the_next_ca_is_shown_when_core_has_noted_it_INV_22(void **state)
{
	static const char target[] = "/?operation=GetNextCACert";
	struct front_say no = {.status = 503, .retry_after = 30, .body = VIEW("busy")};
	struct blob a = {0}, m = {0};
	struct front_ask ask;
	int fd;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	publish(OP_GETNEXTCACERT, "ROOTCA", "application/x-x509-next-ca-cert", "next");
	publish(OP_GETCACERT, "ROOTCA", "a/b", "published");
	await_answer("/?operation=GetCACert", "published");
	fd = request_open("GET", target, "", (struct view){0});
	assert_true(ask_take(&ask, &m, PATIENCE));
	assert_int_equal(ask.op, OP_GETNEXTCACERT);
	assert_string_equal(ask.ca, "ROOTCA");
	assert_string_equal(ask.source, "127.0.0.1");
	no.id = ask.id;
	say(&no);
	assert_int_equal(answer_take(fd, &a), 503);
	assert_false(has(&a, "next"));
	fd = request_open("GET", target, "", (struct view){0});
	assert_true(ask_take(&ask, &m, PATIENCE));
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);
	say(&(struct front_say){.id = ask.id, .status = 200, .body = VIEW("noted")});
	assert_int_equal(answer_take(fd, &a), 200);
	assert_true(has(&a, "\r\n\r\nnext"));
	assert_true(has(&a, "\r\nContent-Type: application/x-x509-next-ca-cert\r\n"));
	assert_true(has(&a, "\r\nCache-Control: no-store\r\n"));
	assert_int_equal(get(target, &a), 200);
	assert_true(has(&a, "\r\n\r\nnext"));
	assert_false(ask_take(&ask, &m, 0));
	publish(OP_GETNEXTCACERT, "ROOTCA", "", ""); /* cancelled */
	await_answer(target, "404");
	blob_free(&a);
	blob_free(&m);
	front_end();
}

/* Core goes while it is asked. */
static void
the_next_ca_is_not_shown_when_core_is_gone(void **state)
{
	struct blob a = {0}, m = {0};
	struct front_ask ask;
	int fd;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	publish(OP_GETNEXTCACERT, "ROOTCA", "a/b", "next");
	publish(OP_GETCACERT, "ROOTCA", "a/b", "published");
	await_answer("/?operation=GetCACert", "published");
	fd = request_open("GET", "/?operation=GetNextCACert", "", (struct view){0});
	assert_true(ask_take(&ask, &m, PATIENCE));
	close(front.core);
	assert_int_equal(answer_take(fd, &a), 503);
	assert_int_equal(front_exit_code(), 0);
	blob_free(&a);
	blob_free(&m);
}

/* NX-06: 404 says when there will be a next CA; behind the switch what the old one said stays.
 */
static void
before_and_behind_the_next_ca_NX_05_06(void **state)
{
	static const struct {
		when_t in;
		const char *retry;
	} cases[] = {{0, "60"}, {-DAY, "60"}, {400 * DAY, "86400"}, {INT64_MIN, "3600"}};
	struct front_say none = object(OP_GETNEXTCACERT, "ROOTCA", "", "");
	struct blob a = {0};
	char line[64];

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	assert_int_equal(get("/?operation=GetNextCACert", &a), 404);
	assert_true(has(&a, "\r\nRetry-After: 3600\r\n"));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		none.valid_from = when_add(clock_now(), cases[i].in);
		if (cases[i].in == INT64_MIN)
			none.valid_from = INT64_MIN;
		say(&none);
		snprintf(line, sizeof(line), "\r\nRetry-After: %s\r\n", cases[i].retry);
		await_answer("/?operation=GetNextCACert", line);
	}
	none.valid_from = clock_now() + 7200;
	say(&none);
	await_answer("/?operation=GetNextCACert", "\r\nRetry-After: 7");
	assert_int_equal(get("/ROOTCA/next/0A0B", &a), 404);
	publish(OP_OLD_NEXT, "0A0B", "application/x-x509-next-ca-cert", "old word");
	await_answer("/ROOTCA/next/0A0B", "\r\n\r\nold word");
	assert_int_equal(get("/ROOTCA/next/0A0C", &a), 404);
	assert_int_equal(get("/ROOTCA/link/0A0B", &a), 404);
	publish(OP_LINK, "0A0B", "application/pkix-cert", "link");
	await_answer("/ROOTCA/link/0A0B", "\r\n\r\nlink");
	assert_int_equal(get("/OTHER/next/0A0B", &a), 404);
	assert_int_equal(get("/scep/0A0B?operation=GetCACaps", &a), 404); /* no CA's name */
	blob_free(&a);
	front_end();
}

static void
the_object_of_the_hour(void **state)
{
	when_t now = clock_now();
	struct front_say s = object(OP_GETCACERT, "ROOTCA", "a/b", "past");
	struct blob a = {0};

	(void)state;
	front_start(IN_FLIGHT);
	s.valid_from = now - 2 * DAY;
	s.valid_until = now - DAY;
	say(&s);
	s.body = view_str("future");
	s.valid_from = now + DAY;
	s.valid_until = WHEN_NEVER;
	say(&s);
	s.body = view_str("none");
	s.op = OP_GETCACAPS;
	say(&s);
	await_answer("/?operation=GetCACert", "503");
	s.op = OP_GETCACERT;
	s.body = view_str("present");
	s.valid_from = now - DAY;
	s.valid_until = now + DAY;
	say(&s);
	await_answer("/?operation=GetCACert", "\r\n\r\npresent");
	s.body = view_str("replaced");
	say(&s);
	await_answer("/?operation=GetCACert", "\r\n\r\nreplaced");
	s.body = view_str("younger");
	s.valid_from = now - 1;
	say(&s);
	await_answer("/?operation=GetCACert", "\r\n\r\nyounger");
	s.body = (struct view){0};
	say(&s);
	await_answer("/?operation=GetCACert", "503");
	assert_int_equal(get("/?operation=GetCACert", &a), 503);
	blob_free(&a);
	front_end();
}

/* On a clock that steps one object ends and the next begins, at the second. */
static void
objects_switch_by_themselves(void **state)
{
	struct front_say s = object(OP_GETCACERT, "ROOTCA", "a/b", "old");
	char path[] = "/tmp/keymuster-test-XXXXXX", spec[80];
	struct blob a = {0};
	when_t now;

	(void)state;
	close(mkstemp(path));
	(void)snprintf(spec, sizeof(spec), "step=%s,at=2030-01-01T00:00:00Z", path);
	assert_true(clock_init(spec, NULL));
	front_start(IN_FLIGHT);
	now = clock_now();
	s.valid_from = now;
	s.valid_until = now + DAY;
	say(&s);
	s.body = view_str("new");
	s.valid_from = now + DAY;
	s.valid_until = WHEN_NEVER;
	say(&s);
	await_answer("/?operation=GetCACert", "\r\n\r\nold");
	clock_announce(now + DAY - 1, false);
	assert_int_equal(get("/?operation=GetCACert", &a), 200);
	assert_true(has(&a, "\r\n\r\nold"));
	clock_announce(now + DAY, false);
	assert_int_equal(get("/?operation=GetCACert", &a), 200);
	assert_true(has(&a, "\r\n\r\nnew"));
	blob_free(&a);
	front_end();
	assert_true(clock_init(NULL, NULL));
	assert_int_equal(unlink(path), 0);
}

static void
say_clock(when_t floor, when_t ceiling)
{
	struct front_clock c = {floor, ceiling};
	struct blob m = {0};
	struct err e;

	front_clock_encode(&c, &m);
	if (!channel_send(front.core, blob_view(&m), &e))
		fail_msg("%s", e.text);
	blob_free(&m);
}

/* While the clock is not honest core says where time stands (INV-15, INV-16). */
static void
nothing_begins_or_ends_by_a_clock_that_is_not_honest(void **state)
{
	struct front_say s = object(OP_GETCACERT, "ROOTCA", "a/b", "old");
	when_t now = clock_now();

	(void)state;
	front_start(IN_FLIGHT);
	say_clock(now - 9 * DAY, now - 9 * DAY); /* it leapt nine days */
	s.valid_from = now - 10 * DAY;
	s.valid_until = now - 5 * DAY;
	say(&s);
	s.body = view_str("new");
	s.valid_from = now - 5 * DAY;
	s.valid_until = WHEN_NEVER;
	say(&s);
	await_answer("/?operation=GetCACert", "\r\n\r\nold");
	say_clock(INT64_MIN, WHEN_NEVER); /* no, that was true */
	await_answer("/?operation=GetCACert", "\r\n\r\nnew");
	s.body = view_str("later");
	s.valid_from = now + 5 * DAY;
	say(&s);
	say_clock(now + 6 * DAY, WHEN_NEVER); /* it went back six days */
	await_answer("/?operation=GetCACert", "\r\n\r\nlater");
	front_end();
}

static void
several_CAs_BAD_018_019(void **state)
{
	static const struct {
		const char *target;
		int status;
		const char *body;
	} cases[] = {
	    {"/scep/ROOTCA?operation=GetCACert", 200, "ca"},
	    {"/scep/SECOND?operation=GetCACert", 200, "second"},
	    {"/SECOND/cgi-bin/pkiclient.exe?operation=GetCACert", 200, "second"},
	    {"/scep/SECOND/pkiclient.exe?operation=GetCACert", 200, "second"},
	    {"/SECOND/pkiclient.exe?operation=GetCACert", 200, "second"},
	    {"/anything/pkiclient.exe?operation=GetCACert", 200, "ca"},
	    {"/?operation=GetCACert&message=SECOND", 200, "ca"},
	    {"/scep/THIRD?operation=GetCACert", 404, ""},
	    {"/THIRD/cgi-bin/pkiclient.exe?operation=GetCACert", 404, ""},
	    {"/scep/THIRD?operation=PKIOperation&message=MDEC", 404, ""},
	    {"/crl/0a0b.crl", 200, "crl"},
	    {"/crl/ROOTCA.crl", 503, ""},
	    {"/crl/THIRD.crl", 404, ""},
	    {"/scep/0a0b?operation=GetCACert", 404, ""},
	    {"/crl/%2e%2e%2fROOTCA.crl", 404, ""},
	    {"/etc/passwd", 404, ""},
	};
	struct blob a = {0};

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	publish(OP_CRL, "0a0b", "application/pkix-crl", "crl");
	publish(OP_GETCACERT, "SECOND", "application/x-x509-ca-cert", "second");
	await_answer("/scep/SECOND?operation=GetCACert", "second");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int status = get(cases[i].target, &a);

		if (status != cases[i].status)
			fail_msg(
			    "%s: status %d, not %d", cases[i].target, status, cases[i].status);
		if (status == 200)
			assert_string_equal(
			    strstr(blob_cstr(&a), "\r\n\r\n") + 4, cases[i].body);
	}
	blob_free(&a);
	front_end();
}

static void
CRLs_are_cached_by_tag(void **state)
{
	struct blob a = {0};
	char fields[100], tag[64] = "";
	const char *at;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	publish(OP_CRL, "ROOTCA", "application/pkix-crl", "crl one");
	await_answer("/crl/ROOTCA.crl", "crl one");
	assert_int_equal(get("/crl/ROOTCA.crl", &a), 200);
	assert_true(has(&a, "\r\nContent-Type: application/pkix-crl\r\n"));
	at = strstr(blob_cstr(&a), "\r\nETag: \"");
	assert_non_null(at);
	snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(at + 8, "\r"), at + 8);
	snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n", tag);
	assert_int_equal(
	    answer_take(request_open("GET", "/crl/ROOTCA.crl", fields, (struct view){0}), &a),
	    304);
	assert_true(has(&a, tag));
	assert_false(has(&a, "crl one"));
	assert_int_equal(answer_take(request_open("GET", "/crl/ROOTCA.crl",
					 "If-None-Match: \"x\"\r\n", (struct view){0}),
			     &a),
	    200);
	publish(OP_CRL, "ROOTCA", "application/pkix-crl", "crl two");
	await_answer("/crl/ROOTCA.crl", "crl two");
	assert_int_equal(
	    answer_take(request_open("GET", "/crl/ROOTCA.crl", fields, (struct view){0}), &a),
	    200);
	blob_free(&a);
	front_end();
}

/* ---- questions to core ---- */

/* It is told of profiles before anything is published. */
static void
profiles_are_paths_of_their_CA(void **state)
{
	static const struct front_profile mdm = {"mdm", "SECOND"};
	static const struct {
		const char *target, *ca, *profile;
	} cases[] = {
	    {"/scep/mdm?operation=PKIOperation", "SECOND", "mdm"},
	    {"/mdm/cgi-bin/pkiclient.exe?operation=PKIOperation", "SECOND", "mdm"},
	    {"/scep/SECOND?operation=PKIOperation", "SECOND", ""},
	    {"/scep?operation=PKIOperation", "ROOTCA", ""},
	};
	struct front_say s = {.status = 200, .body = VIEW("certrep")};
	struct blob m = {0}, a = {0};
	struct front_ask ask;

	(void)state;
	front_start(IN_FLIGHT);
	front_profile_encode(&mdm, &m);
	assert_true(channel_send(front.core, blob_view(&m), NULL));
	publish(OP_GETCACERT, "ROOTCA", "application/x-x509-ca-cert", "ca");
	publish(OP_GETCACERT, "SECOND", "application/x-x509-ca-cert", "second");
	await_answer("/scep/mdm?operation=GetCACert", "second");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int fd = request_open("POST", cases[i].target, "", VIEW("0"));

		assert_true(ask_take(&ask, &m, PATIENCE));
		assert_string_equal(ask.ca, cases[i].ca);
		assert_string_equal(ask.profile, cases[i].profile);
		s.id = ask.id;
		say(&s);
		assert_int_equal(answer_take(fd, &a), 200);
	}
	blob_free(&m);
	blob_free(&a);
	front_end();
}

static void
PKIOperation_goes_to_core_HT_01_02_16(void **state)
{
	struct front_say s = {.status = 200, .body = VIEW("certrep")};
	struct blob a = {0}, m = {0};
	struct front_ask ask;
	int fd;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	for (int post = 0; post < 2; post++) {
		fd = post ? request_open("POST", "/scep/ROOTCA?operation=PKIOperation", "",
				VIEW("\x30\x31\x02"))
			  : request_open("GET", "/?operation=PKIOperation&message=MDE%43%0A",
				"", (struct view){0});
		assert_true(ask_take(&ask, &m, PATIENCE));
		assert_int_equal(ask.op, OP_PKIOPERATION);
		assert_string_equal(ask.ca, "ROOTCA");
		assert_string_equal(ask.source, "127.0.0.1");
		assert_true(view_equal(ask.body, VIEW("\x30\x31\x02")));
		s.id = ask.id;
		say(&s);
		assert_int_equal(answer_take(fd, &a), 200);
		assert_true(has(&a, "\r\nContent-Type: application/x-pki-message\r\n"));
		assert_true(has(&a, "\r\nCache-Control: no-store\r\n"));
		assert_true(has(&a, "\r\n\r\ncertrep"));
	}
	fd = request_open("POST", "/", "", VIEW("\x30\x31\x02"));
	assert_true(ask_take(&ask, &m, PATIENCE));
	s = (struct front_say){.id = ask.id, .status = 503};
	say(&s);
	assert_int_equal(answer_take(fd, &a), 503);
	assert_true(has(&a, "\r\nRetry-After: 5\r\n"));
	blob_free(&a);
	blob_free(&m);
	front_end();
}

static void
credits_run_out_and_come_back(void **state)
{
	struct blob a = {0}, m = {0};
	struct front_ask ask[IN_FLIGHT];
	int fd[IN_FLIGHT];

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < IN_FLIGHT; i++) {
			fd[i] = request_open("POST", "/", "", VIEW("\x30\x31\x02"));
			assert_true(ask_take(&ask[i], &m, PATIENCE));
		}
		assert_int_equal(get("/?operation=PKIOperation&message=MDEC", &a), 503);
		assert_true(has(&a, "\r\nRetry-After: 5\r\n"));
		assert_int_equal(get("/?operation=GetCACert", &a), 200);
		for (int i = IN_FLIGHT - 1; i >= 0; i--) {
			char body[] = {'n', (char)('0' + i), 0};
			struct front_say s = {
			    .id = ask[i].id, .status = 200, .body = view_str(body)};

			say(&s);
			say(&s); /* a second answer, and one to a question never asked, do
				    nothing */
			s.id ^= 1ULL << 40;
			say(&s);
			assert_int_equal(answer_take(fd[i], &a), 200);
			assert_true(has(&a, body));
		}
	}
	fd[0] = request_open("POST", "/", "", VIEW("\x30\x31\x02"));
	assert_true(ask_take(&ask[0], &m, PATIENCE));
	close(fd[0]); /* BAD-030: gone before the answer */
	say(&(struct front_say){.id = ask[0].id, .status = 200, .body = VIEW("x")});
	assert_int_equal(get("/?operation=GetCACert", &a), 200);
	blob_free(&a);
	blob_free(&m);
	front_end();
}

/* While core does not read, who finds the channel full hears 503 at once; when it reads again
 * the others are answered. */
static void
core_is_busy(void **state)
{
	enum { CLIENTS = 200 };
	static uint8_t body[50000] = {0x30};
	struct pollfd p[CLIENTS + 1];
	struct blob a = {0}, m = {0};
	int answered = 0, refused = 0;

	(void)state;
	front_start_with_ca(CLIENTS + 1);
	for (int i = 0; i < CLIENTS; i++) {
		p[i].fd = request_open("POST", "/", "", view_of(body, sizeof(body)));
		p[i].events = POLLIN;
	}
	p[CLIENTS] = (struct pollfd){.fd = -1, .events = POLLIN}; /* core, deaf at first */
	while (answered + refused < CLIENTS) {
		struct front_ask ask;

		assert_true(poll(p, CLIENTS + 1, PATIENCE) > 0);
		for (int i = 0; i < CLIENTS; i++) {
			int status =
			    p[i].fd >= 0 && p[i].revents ? answer_take(p[i].fd, &a) : 0;

			if (!status)
				continue;
			p[i].fd = -1;
			p[CLIENTS].fd = front.core;
			answered += status == 200;
			refused += status == 503;
			assert_true(status == 200 || status == 503);
		}
		if (p[CLIENTS].fd >= 0 && ask_take(&ask, &m, 0))
			say(&(struct front_say){
			    .id = ask.id, .status = 200, .body = VIEW("x")});
	}
	assert_true(answered > 0);
	assert_true(refused > 0);
	blob_free(&a);
	blob_free(&m);
	front_end();
}

static void
core_goes_or_speaks_garbage(void **state)
{
	static const struct {
		const char *what;
		struct view message;
		int code;
	} cases[] = {
	    {"core is gone", {0}, 0},
	    {"garbage", VIEW("garbage"), 1},
	    {"nothing at all", VIEW(""), 1},
	    {"a front's message", VIEW("\x01\0\0\0\0\0\0\0\x01\x05\0\0\0\0\0\0\0\0\0\0\0\0"),
		1},
	    {"header injection",
		VIEW("\x02\0\0\0\0\0\0\0\x01\0\xc8\0\0\0\0\0\0\0\x06"
		     "a/b\r\nc"
		     "\0\0\0\0"),
		1},
	    {"status 99", VIEW("\x02\0\0\0\0\0\0\0\x01\0\x63\0\0\0\0\0\0\0\0\0\0\0\0"), 1},
	};
	struct blob a = {0}, m = {0};
	struct front_ask ask;
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int fd, code;

		front_start_with_ca(IN_FLIGHT);
		fd = request_open("POST", "/", "", VIEW("\x30\x31\x02"));
		assert_true(ask_take(&ask, &m, PATIENCE));
		if (cases[i].message.p && !channel_send(front.core, cases[i].message, &e))
			fail_msg("%s: %s", cases[i].what, e.text);
		if (!cases[i].message.p)
			close(front.core);
		assert_int_equal(answer_take(fd, &a), 503);
		assert_true(has(&a, "\r\nRetry-After: 5\r\n"));
		code = front_exit_code();
		if (code != cases[i].code)
			fail_msg(
			    "%s: exit code %d, not %d", cases[i].what, code, cases[i].code);
		if (cases[i].message.p)
			close(front.core);
	}
	blob_free(&a);
	blob_free(&m);
}

/* ---- bad input, end to end ---- */

static void
refusals_BAD_020_to_042(void **state)
{
	static const struct {
		const char *what, *method, *target;
		struct view body;
		int status;
	} cases[] = {
	    {"BAD-013 empty body", "POST", "/?operation=PKIOperation", {0}, 400},
	    {"BAD-018 %00 in the path", "GET", "/a%00/pkiclient.exe?operation=GetCACert", {0},
		404},
	    {"BAD-020 no operation", "GET", DEFAULT, {0}, 400},
	    {"BAD-021 two operations", "GET", "/?operation=GetCACert&operation=GetCACaps", {0},
		400},
	    {"BAD-022 unknown operation", "GET", "/?operation=x", {0}, 400},
	    {"BAD-024 GetCACert by POST", "POST", "/?operation=GetCACert", VIEW("x"), 200},
	    {"BAD-025 hostile identifier", "GET",
		"/?operation=GetCACert&message=%00%0d%0aX:y<b>%n%s", {0}, 200},
	    {"BAD-032 no message", "GET", "/?operation=PKIOperation", {0}, 400},
	    {"BAD-033 escape", "GET", "/?operation=PKIOperation&message=MDEC%G1", {0}, 400},
	    {"BAD-034 encoded twice", "GET", "/?operation=PKIOperation&message=MDE%252B", {0},
		400},
	    {"BAD-036 padding", "GET", "/?operation=PKIOperation&message=MD==EC", {0}, 400},
	    {"BAD-037 base64url", "GET", "/?operation=PKIOperation&message=MDE_", {0}, 400},
	    {"BAD-038 UTF-8", "GET", "/?operation=PKIOperation&message=MDE%C3%A9", {0}, 400},
	    {"BAD-039 hello", "GET", "/?operation=PKIOperation&message=aGVsbG8=", {0}, 400},
	    {"BAD-040 raw DER", "GET", "/?operation=PKIOperation&message=%30%03%02%01%05", {0},
		400},
	    {"BAD-041 two messages", "GET",
		"/?operation=PKIOperation&message=MDEC&message=MDEC", {0}, 400},
	    {"BAD-042 base64 as body", "POST", "/?operation=PKIOperation", VIEW("MDEC"), 400},
	    {"CRL posted to", "POST", "/crl/ROOTCA.crl", VIEW("x"), 405},
	};
	struct blob a = {0}, m = {0};
	struct front_ask ask;

	(void)state;
	front_start_with_ca(IN_FLIGHT);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int fd = request_open(cases[i].method, cases[i].target, "", cases[i].body);
		int status = answer_take(fd, &a);

		if (status != cases[i].status)
			fail_msg(
			    "%s: status %d, not %d", cases[i].what, status, cases[i].status);
		assert_true(has(&a, "\r\nContent-Length: "));
		assert_false(has(&a, "X:y")); /* BAD-026: nothing is reflected */
	}
	assert_false(ask_take(&ask, &m, 0));
	blob_free(&a);
	blob_free(&m);
	front_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(before_core_has_spoken_all_is_503),
	    cmocka_unit_test(answers_from_memory_HT_14_HT_17_BAD_027_028),
	    cmocka_unit_test(the_next_ca_is_shown_when_core_has_noted_it_INV_22),
	    cmocka_unit_test(the_next_ca_is_not_shown_when_core_is_gone),
	    cmocka_unit_test(before_and_behind_the_next_ca_NX_05_06),
	    cmocka_unit_test(the_object_of_the_hour),
	    cmocka_unit_test(objects_switch_by_themselves),
	    cmocka_unit_test(nothing_begins_or_ends_by_a_clock_that_is_not_honest),
	    cmocka_unit_test(several_CAs_BAD_018_019),
	    cmocka_unit_test(CRLs_are_cached_by_tag),
	    cmocka_unit_test(profiles_are_paths_of_their_CA),
	    cmocka_unit_test(PKIOperation_goes_to_core_HT_01_02_16),
	    cmocka_unit_test(credits_run_out_and_come_back),
	    cmocka_unit_test(core_is_busy),
	    cmocka_unit_test(core_goes_or_speaks_garbage),
	    cmocka_unit_test(refusals_BAD_020_to_042),
	};

	if (!clock_init(NULL, NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
