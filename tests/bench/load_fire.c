/* load_fire.c - an HTTP client with many connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/load.h"

#define RETRY_US 20000	    /* after connection trouble */
#define BUSY_US 100000	    /* after 503 */
#define LOST_US 1000000	    /* one of a crowd, after connection trouble */
#define ATTEMPT_US 15000000 /* without an answer: connect again */
#define EVENTS 64
#define CROWD 0x7f010000 /* 127.1.0.0 and on */

struct conn {
	struct lane *lane;
	int fd; /* -1: none */
	enum { CONN_WAITS, CONN_TALKS, CONN_ENDED } state;
	bool has_shot, reused, closes, has_before;
	uint32_t source; /* 127.x.y.z; 0: any */
	size_t shot, sent;
	unsigned retries;
	int64_t began_us, before_us, attempt_us, wake_us, retry_after_us;
	struct blob in;
	size_t head_n, body_n; /* head_n 0: the head is not complete */
	int http;
};

struct engine {
	int epoll;
	struct sockaddr_in to;
	int64_t deadline_us, now;
	struct conn *conns;
	size_t n;
	size_t bounded_left; /* answers that lanes with a count still wait for */
};

static void
hang_up(struct conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->reused = false;
}

static const struct request *
request_of(const struct conn *c)
{
	if (c->lane->before != NULL && !c->has_before)
		return c->lane->before;
	return &c->lane->requests[c->shot % c->lane->request_count];
}

static void
compare_with_first(struct lane *l, struct view body)
{
	if (l->sample.n == 0)
		blob_set(&l->sample, body);
	else if (!view_equal(blob_view(&l->sample), body))
		l->differ++;
}

static void
keep_result(struct conn *c, int64_t now)
{
	struct lane *l = c->lane;
	struct view body = view_of(c->in.p + c->head_n, c->http == 0 ? 0 : c->body_n);

	if (c->shot >= l->room) {
		size_t room = 2 * c->shot + 1024; /* the last may be the first to end */
		l->results = mem_array(l->results, room, sizeof(*l->results));
		memset(l->results + l->room, 0, (room - l->room) * sizeof(*l->results));
		l->room = room;
	}
	struct result *r = &l->results[c->shot];
	*r = (struct result){.took_us = now - c->began_us,
	    .before_us = c->before_us,
	    .http = c->http,
	    .retries = c->retries};
	if (l->received != NULL && c->http == 200)
		l->received(l->arg, c->shot, body);
	if (l->keep_answers)
		blob_set(&r->body, body);
	else if (c->http == 200)
		compare_with_first(l, body);
	l->done++;
}

static void
shot_end(struct engine *g, struct conn *c, int http)
{
	c->http = http;
	keep_result(c, now_us());
	if (c->lane->count != 0)
		g->bounded_left--;
	if (http == 0 || c->closes)
		hang_up(c);
	c->reused = c->fd >= 0;
	c->has_shot = false;
	c->state = CONN_WAITS;
	c->wake_us = c->lane->pace_us == 0 ? 0 : g->now + c->lane->pace_us;
}

/* What comes before the shot is answered; the shot follows. */
static void
before_end(struct engine *g, struct conn *c)
{
	compare_with_first(c->lane, view_of(c->in.p + c->head_n, c->body_n));
	c->before_us = now_us() - c->began_us;
	c->has_before = true;
	if (c->closes)
		hang_up(c);
	c->reused = c->fd >= 0;
	c->state = CONN_WAITS;
	c->wake_us = g->now;
}

static void
shot_again(struct engine *g, struct conn *c, int64_t wait_us)
{
	hang_up(c);
	if (g->now - c->began_us > g->deadline_us) {
		shot_end(g, c, 0);
		return;
	}
	c->retries++;
	c->state = CONN_WAITS;
	if (c->lane->crowd)
		wait_us = c->retry_after_us > 0 ? c->retry_after_us : LOST_US;
	c->retry_after_us = 0;
	c->wake_us = g->now + wait_us;
}

static bool
dial(struct engine *g, struct conn *c)
{
	const int one = 1;
	const struct sockaddr_in from = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(c->source)};
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (c->source != 0 && bind(c->fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
		return false;
	if (connect(c->fd, (const struct sockaddr *)&g->to, sizeof(g->to)) < 0 &&
	    errno != EINPROGRESS)
		return false;
	return epoll_ctl(g->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

/* True when all is written; false with *broken set when the connection is lost. */
static bool
talk_send(struct conn *c, bool *broken)
{
	const struct request *r = request_of(c);
	size_t total = r->head.n + r->body.n;

	while (c->sent < total) {
		size_t head = c->sent < r->head.n ? c->sent : r->head.n, body = c->sent - head;
		struct iovec io[2] = {
		    {.iov_base = r->head.p + head, .iov_len = r->head.n - head},
		    {.iov_base = r->body.n == 0 ? NULL : (void *)(uintptr_t)(r->body.p + body),
			.iov_len = r->body.n - body},
		};
		struct msghdr m = {.msg_iov = io, .msg_iovlen = 2};
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (n < 0) {
			*broken = errno != EAGAIN && errno != EINTR && errno != ENOTCONN;
			return false;
		}
		c->sent += (size_t)n;
	}
	return true;
}

/* The value of a header line, NULL when absent. */
static const char *
header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line != NULL;
	     line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, n) == 0)
			return line + 2 + n + strspn(line + 2 + n, " ");
	return NULL;
}

static bool
head_take(struct conn *c)
{
	const uint8_t *end = memmem(c->in.p, c->in.n, "\r\n\r\n", 4);
	char head[4096];

	if (end == NULL)
		return c->in.n < sizeof(head);
	size_t n = (size_t)(end - c->in.p) + 2;
	if (n >= sizeof(head))
		return false;
	memcpy(head, c->in.p, n);
	head[n] = '\0';
	if (strncmp(head, "HTTP/1.", 7) != 0 || n < 14)
		return false;
	const char *length = header(head, "Content-Length:"),
		   *connection = header(head, "Connection:"),
		   *retry = header(head, "Retry-After:");
	c->http = (int)strtol(head + 9, NULL, 10);
	c->head_n = n + 2;
	c->body_n = length == NULL ? SIZE_MAX : strtoul(length, NULL, 10);
	c->retry_after_us = retry == NULL ? 0 : strtol(retry, NULL, 10) * 1000000;
	c->closes = length == NULL ||
		    (connection != NULL && strncasecmp(connection, "close", 5) == 0) ||
		    (connection == NULL && strncmp(head, "HTTP/1.0", 8) == 0);
	return c->http >= 100;
}

static void
talk_receive(struct engine *g, struct conn *c)
{
	for (;;) {
		if (c->head_n == 0 && c->in.n > 0 && !head_take(c)) {
			shot_end(g, c, 0);
			return;
		}
		if (c->head_n != 0 && c->in.n - c->head_n >= c->body_n) {
			c->body_n = c->in.n - c->head_n;
			if (c->http == 503)
				shot_again(g, c, BUSY_US);
			else if (request_of(c) == c->lane->before && c->http == 200)
				before_end(g, c);
			else
				shot_end(g, c, c->http);
			return;
		}
		size_t had = c->in.n;
		uint8_t *room = blob_grow(&c->in, 16384);
		ssize_t n = recv(c->fd, room, 16384, 0);
		c->in.n = had + (n > 0 ? (size_t)n : 0);
		if (n == 0 && c->head_n != 0 && c->body_n == SIZE_MAX) {
			c->body_n = c->in.n - c->head_n;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			shot_again(g, c, RETRY_US);
			return;
		}
	}
}

static void
talk(struct engine *g, struct conn *c)
{
	bool broken = false;

	if (!talk_send(c, &broken)) {
		if (broken)
			shot_again(g, c, RETRY_US);
		return;
	}
	talk_receive(g, c);
}

/* The server may close an idle connection: that is no trouble. */
static bool
was_closed(const struct conn *c)
{
	uint8_t byte;

	return recv(c->fd, &byte, 1, MSG_PEEK) >= 0 || (errno != EAGAIN && errno != EINTR);
}

/* Give a connection that waits its next request, or its last one again. */
static void
wake(struct engine *g, struct conn *c)
{
	struct lane *l = c->lane;

	if (!c->has_shot) {
		if (l->count != 0 ? l->sent >= l->count : g->bounded_left == 0) {
			hang_up(c);
			c->state = CONN_ENDED;
			return;
		}
		c->shot = l->sent++;
		c->has_shot = true;
		c->has_before = false;
		c->retries = 0;
		c->before_us = c->retry_after_us = 0;
		c->began_us = now_us();
	}
	c->sent = c->head_n = c->body_n = 0;
	c->http = 0;
	c->closes = false;
	c->in.n = 0;
	c->attempt_us = g->now;
	c->state = CONN_TALKS;
	if (c->reused && was_closed(c))
		hang_up(c);
	if (c->fd < 0 && !dial(g, c))
		shot_again(g, c, RETRY_US);
	else if (c->reused)
		talk(g, c);
}

/* Wake who is due; how long nothing else will be, in ms; -1 when all have ended. */
static int
turn(struct engine *g)
{
	int64_t next = INT64_MAX;

	g->now = now_us();
	for (size_t i = 0; i < g->n; i++) {
		struct conn *c = &g->conns[i];
		while (c->state == CONN_WAITS && c->wake_us <= g->now)
			wake(g, c);
		if (c->state == CONN_TALKS && g->now - c->attempt_us > ATTEMPT_US)
			shot_again(g, c, RETRY_US);
		if (c->state == CONN_ENDED)
			continue;
		int64_t at =
		    c->state == CONN_WAITS ? c->wake_us : c->attempt_us + ATTEMPT_US + 1;
		next = at < next ? at : next;
	}
	if (next == INT64_MAX)
		return -1;
	return next <= g->now ? 0 : (int)((next - g->now + 999) / 1000);
}

static bool
engine_open(
    struct engine *g, const struct target *to, struct lane *lanes, size_t count, struct err *e)
{
	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g->epoll < 0)
		return err_set(e, WHY_IO, "epoll: %s", strerror(errno));
	g->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to->port)};
	if (inet_pton(AF_INET, to->host, &g->to.sin_addr) != 1)
		return err_set(e, WHY_BAD_INPUT, "'%s' is no IPv4 address", to->host);
	for (size_t i = 0; i < count; i++) {
		g->n += (size_t)lanes[i].connections;
		g->bounded_left += lanes[i].count;
		lanes[i].sent = lanes[i].done = lanes[i].differ = 0;
	}
	g->conns = mem_array(NULL, g->n, sizeof(*g->conns));
	memset(g->conns, 0, g->n * sizeof(*g->conns));
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < lanes[i].connections; k++)
			g->conns[n++] = (struct conn){.lane = &lanes[i],
			    .fd = -1,
			    .source = lanes[i].crowd ? CROWD + (uint32_t)k / 200 * 256 +
							   (uint32_t)k % 200 + 1
						     : 0};
	return true;
}

bool
fire(const struct target *to, struct lane *lanes, size_t lane_count, int64_t deadline_us,
    int64_t *took_us, struct err *e)
{
	struct engine g = {.epoll = -1, .deadline_us = deadline_us};
	struct epoll_event events[EVENTS];
	int64_t began = now_us();
	int wait_ms;
	bool ok = engine_open(&g, to, lanes, lane_count, e);

	while (ok && (wait_ms = turn(&g)) >= 0) {
		int n = epoll_wait(g.epoll, events, EVENTS, wait_ms);
		g.now = now_us();
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (c->state == CONN_TALKS)
				talk(&g, c);
		}
	}
	*took_us = now_us() - began;
	for (size_t i = 0; g.conns != NULL && i < g.n; i++) {
		hang_up(&g.conns[i]);
		blob_free(&g.conns[i].in);
	}
	free(g.conns);
	if (g.epoll >= 0)
		close(g.epoll);
	return ok;
}

void
lane_free(struct lane *l)
{
	for (size_t i = 0; i < l->room; i++)
		blob_free(&l->results[i].body);
	free(l->results);
	blob_free(&l->sample);
	l->results = NULL;
	l->room = l->sent = l->done = l->differ = 0;
}

void
request_get(const struct target *to, const char *path_and_query, struct request *out)
{
	*out = (struct request){0};
	blob_printf(&out->head, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n\r\n", path_and_query,
	    to->host, (unsigned)to->port);
}

void
request_post(const struct target *to, struct view message, struct request *out)
{
	*out = (struct request){.body = message};
	blob_printf(&out->head,
	    "POST %s?operation=PKIOperation HTTP/1.1\r\nHost: %s:%u\r\n"
	    "Content-Type: application/x-pki-message\r\nContent-Length: %zu\r\n\r\n",
	    to->path, to->host, (unsigned)to->port, message.n);
}

void
request_get_message(const struct target *to, struct view message, struct request *out)
{
	struct blob query = {0};

	blob_printf(&query, "%s?operation=PKIOperation&message=", to->path);
	peer_get_form(message, true, &query);
	request_get(to, blob_cstr(&query), out);
	blob_free(&query);
}
