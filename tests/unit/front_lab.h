/* front_lab.h - the front process between a client and a core of the test's own. */
#ifndef TESTS_UNIT_FRONT_LAB_H
#define TESTS_UNIT_FRONT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net.h"

#define DEFAULT "/cgi-bin/pkiclient.exe"
#define PATIENCE 10000 /* ms */
#define IN_FLIGHT 4

/* Sanitizers need calls that the sandbox kills for. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX false
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX false
#endif
#ifndef SANDBOX
#define SANDBOX true
#endif

static struct {
	pid_t pid;
	int core; /* our end of the channel: we play core */
	int port;
} front;

static void
front_start(int in_flight)
{
	struct sockaddr_in at;
	socklen_t n = sizeof(at);
	int listener, fds[2];
	struct err e;

	if (!listen_tcp("127.0.0.1", 0, &listener, &e) || !channel_pair(fds, &e))
		fail_msg("%s", e.text);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	front.port = ntohs(at.sin_port);
	front.pid = fork();
	assert_true(front.pid >= 0);
	if (!front.pid) {
		const struct front_options o = {
		    .listeners = &listener,
		    .listener_count = 1,
		    .core = fds[1],
		    .limits = {1024, 32, true, 10000, 60000, 60000},
		    .in_flight = in_flight,
		    .sandbox = SANDBOX,
		};

		close(fds[0]);
		_exit(front_main(&o));
	}
	close(fds[1]);
	close(listener);
	front.core = fds[0];
}

static int
front_exit_code(void)
{
	int status;

	assert_int_equal(waitpid(front.pid, &status, 0), front.pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
front_end(void)
{
	close(front.core);
	assert_int_equal(front_exit_code(), 0);
}

/* ---- core's side ---- */

static void
say(const struct front_say *s)
{
	struct blob m = {0};
	struct err e;

	front_say_encode(s, &m);
	if (!channel_send(front.core, blob_view(&m), &e))
		fail_msg("%s", e.text);
	blob_free(&m);
}

/* Take the next question; false when none comes within ms. Its body lies in *m. */
static bool
ask_take(struct front_ask *a, struct blob *m, int ms)
{
	struct pollfd p = {.fd = front.core, .events = POLLIN};
	struct err e;

	if (poll(&p, 1, ms) != 1)
		return false;
	assert_int_equal(channel_receive(front.core, CHANNEL_MAX, m), CHANNEL_MESSAGE);
	if (!front_ask_decode(blob_view(m), a, &e))
		fail_msg("%s", e.text);
	return true;
}

/* ---- a client's side ---- */

static int
request_open(const char *method, const char *target, const char *fields, struct view body)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)front.port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct blob rq = {0};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	blob_printf(&rq, "%s ", method);
	blob_add_str(&rq, target);
	blob_printf(&rq, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s", fields);
	if (strcmp(method, "POST") == 0)
		blob_printf(&rq, "Content-Length: %zu\r\n", body.n);
	blob_add_str(&rq, "\r\n");
	blob_add_view(&rq, body);
	assert_int_equal(send(fd, rq.p, rq.n, MSG_NOSIGNAL), rq.n);
	blob_free(&rq);
	return fd;
}

/* Read to the end; returns the status. */
static int
answer_take(int fd, struct blob *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char buf[4096];
	ssize_t n;

	blob_clear(out);
	do {
		assert_int_equal(poll(&p, 1, PATIENCE), 1);
		n = recv(fd, buf, sizeof(buf), 0);
		if (n > 0)
			blob_add(out, buf, (size_t)n);
	} while (n > 0);
	close(fd);
	if (out->n < 12 || strncmp(blob_cstr(out), "HTTP/1.1 ", 9) != 0)
		return 0;
	return (int)strtol(blob_cstr(out) + 9, NULL, 10);
}

static int
get(const char *target, struct blob *out)
{
	return answer_take(request_open("GET", target, "", (struct view){0}), out);
}

static bool
has(struct blob *answer, const char *text)
{
	return strstr(blob_cstr(answer), text) != NULL;
}

static struct front_say
object(enum scep_op op, const char *ca, const char *type, const char *body)
{
	struct front_say s = {
	    .status = 200, .body = view_str(body), .op = op, .valid_until = WHEN_NEVER};

	snprintf(s.ca, sizeof(s.ca), "%s", ca);
	snprintf(s.type, sizeof(s.type), "%s", type);
	return s;
}

static void
publish(enum scep_op op, const char *ca, const char *type, const char *body)
{
	struct front_say s = object(op, ca, type, body);

	say(&s);
}

/* The channel and the sockets are different roads: wait until what was published is seen. */
static void
await_answer(const char *target, const char *text)
{
	int64_t until = clock_mono_ms() + PATIENCE;
	struct blob a = {0};
	bool seen = false;

	while (!seen && clock_mono_ms() < until) {
		(void)get(target, &a);
		seen = has(&a, text);
	}
	blob_free(&a);
	if (!seen)
		fail_msg("%s never answered '%s'", target, text);
}

static void
front_start_with_ca(int in_flight)
{
	front_start(in_flight);
	publish(OP_GETCACERT, "ROOTCA", "application/x-x509-ca-cert", "ca");
	publish(OP_GETCACAPS, "ROOTCA", "text/plain", "AES\n");
	await_answer(DEFAULT "?operation=GetCACaps", "AES\n");
}

#endif
