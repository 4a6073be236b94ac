/* http.c - the HTTP/1 server: connections, deadlines, answers. */
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/http_parse.h"
#include "net/source.h"

#define SCRATCH (64 * 1024)
#define SLOTS_MAX 65535
#define LINGER_MS 2000
#define ACCEPT_PAUSE_MS 100
#define RETRY_LATER 30	  /* seconds, after a request that was not answered in time */
#define SLOWEST_READER 16 /* octets a millisecond below which a client is not waited for */

enum deadline {
	DL_NONE,
	DL_HEADER,
	DL_REQUEST,
	DL_ANSWER,
	DL_IDLE,
	DL_WRITE,
	DL_LINGER,
	DL_COUNT
};

enum state {
	CONN_READING,
	CONN_ANSWERING, /* the handler has the request */
	CONN_WRITING,	/* the socket is full */
	CONN_LINGERING, /* answered and shut; a close now would take the answer from a client
			   that still sends */
};

struct conn {
	struct http_server *server;
	TAILQ_ENTRY(conn) link; /* in server->deadlines[deadline] */
	enum deadline deadline;
	int64_t deadline_at;
	enum state state;
	int fd;
	uint16_t slot;
	bool reading;	   /* the event is added */
	bool close_after;  /* this answer is the last */
	bool in_doubt;	   /* framing is lost: what still comes is thrown away */
	bool busy, dead;   /* used further up the stack: free it there */
	uint64_t exchange; /* 0: none waits for an answer */
	struct event readable, writable;
	struct http_parse parse;
	struct blob in;	 /* pipelined behind the request being answered */
	struct blob out; /* what the socket did not take, from out_at on; then rest */
	size_t out_at;
	struct view rest;
	void (*release)(void *kept);
	void *kept;
	char source[SOURCE_TEXT];
};

TAILQ_HEAD(conn_list, conn);

struct http_server {
	struct http_limits limits;
	http_handler handler;
	void *arg;
	struct event_base *base;
	struct evconnlistener *listener;
	struct timer *timer, *pause;
	int64_t timer_at; /* INT64_MAX: off */
	struct conn_list deadlines[DL_COUNT];
	struct conn **conns;	/* by slot */
	struct source *sources; /* by slot, packed for counting */
	uint16_t *free_slots;
	int open, free_count;
	uint64_t exchanges;
	int64_t logged_at;
	unsigned unlogged;
	when_t date_at;
	char date[HTTP_DATE];
	struct blob head;
	uint8_t scratch[SCRATCH];
};

/* ---- deadlines: one sorted list a kind, one timer ---- */

static void
timer_until(struct http_server *s, int64_t at)
{
	if (at >= s->timer_at)
		return;
	s->timer_at = at;
	timer_set(s->timer, at > clock_mono_ms() ? at - clock_mono_ms() : 0);
}

static void
deadline_clear(struct conn *c)
{
	if (c->deadline != DL_NONE)
		TAILQ_REMOVE(&c->server->deadlines[c->deadline], c, link);
	c->deadline = DL_NONE;
}

static void
deadline_set(struct conn *c, enum deadline kind, int64_t at)
{
	struct conn_list *list = &c->server->deadlines[kind];
	struct conn *before;

	deadline_clear(c);
	/* A kind has one span, or nearly so: the place is at or close to the end. */
	TAILQ_FOREACH_REVERSE(before, list, conn_list, link)
	if (before->deadline_at <= at)
		break;
	if (before)
		TAILQ_INSERT_AFTER(list, before, c, link);
	else
		TAILQ_INSERT_HEAD(list, c, link);
	c->deadline = kind;
	c->deadline_at = at;
	timer_until(c->server, at);
}

/* ---- the end of a connection ---- */

static void
rest_release(struct conn *c)
{
	if (c->release)
		c->release(c->kept);
	c->release = NULL;
	c->rest = (struct view){0};
	blob_free(&c->out);
	c->out_at = 0;
}

static void
conn_free(struct conn *c)
{
	http_parse_free(&c->parse);
	blob_free(&c->in);
	free(c);
}

static void
conn_drop(struct conn *c)
{
	struct http_server *s = c->server;

	if (c->dead)
		return;
	deadline_clear(c);
	rest_release(c);
	event_del(&c->readable);
	event_del(&c->writable);
	close(c->fd);
	s->conns[c->slot] = NULL;
	s->free_slots[s->free_count++] = c->slot;
	s->open--;
	c->dead = true;
	if (!c->busy)
		conn_free(c);
}

static void
conn_read_on(struct conn *c)
{
	if (!c->reading)
		event_add(&c->readable, NULL);
	c->reading = true;
}

static void
conn_finish(struct conn *c)
{
	int unread = 0;

	if (!c->in_doubt && !c->in.n && ioctl(c->fd, FIONREAD, &unread) == 0 && !unread) {
		conn_drop(c);
		return;
	}
	(void)shutdown(c->fd, SHUT_WR);
	c->state = CONN_LINGERING;
	blob_free(&c->in);
	deadline_set(c, DL_LINGER, clock_mono_ms() + LINGER_MS);
	conn_read_on(c);
}

/* An answer that comes later is for nobody. */
static void
answer_give_up(struct conn *c)
{
	struct http_answer a = {
	    .status = 503,
	    .type = "text/plain",
	    .body = VIEW("no answer in time\n"),
	    .retry_after = RETRY_LATER,
	    .no_store = true,
	};

	http_answer(c->server, c->exchange, &a);
}

static void
on_deadline(void *arg)
{
	struct http_server *s = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	s->timer_at = INT64_MAX;
	for (int kind = DL_NONE + 1; kind < DL_COUNT; kind++) {
		struct conn *c;

		while ((c = TAILQ_FIRST(&s->deadlines[kind])) && now >= c->deadline_at)
			if (kind == DL_ANSWER)
				answer_give_up(c);
			else
				conn_drop(c);
		if (c && c->deadline_at < next)
			next = c->deadline_at;
	}
	timer_until(s, next);
}

/* ---- answers ---- */

const char *
http_date(when_t t, char out[HTTP_DATE])
{
	static const char days[7][4] = {
	    "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970 began on one */
	static const char months[12][4] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct date d;
	when_t day;

	t = when_max(0, when_min(t, 253402300799)); /* four digits of year */
	d = date_of(t);
	day = t / DAY;
	snprintf(out, HTTP_DATE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day % 7], d.day,
	    months[d.month - 1], d.year, d.hour, d.minute, d.second);
	return out;
}

static const char *
status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
	    {200, "OK"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {411, "Length Required"},
	    {413, "Content Too Large"},
	    {414, "URI Too Long"},
	    {417, "Expectation Failed"},
	    {429, "Too Many Requests"},
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	    {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Status";
}

static void
head_make(struct http_server *s, const struct http_answer *a, bool last)
{
	when_t now = clock_now();

	if (now != s->date_at || !s->date[0]) {
		http_date(now, s->date);
		s->date_at = now;
	}
	s->head.n = 0; /* nothing secret: no wiping */
	blob_printf(&s->head, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %zu\r\n",
	    a->status, status_text(a->status), s->date, a->body.n);
	if (a->type)
		blob_printf(&s->head, "Content-Type: %s\r\n", a->type);
	if (a->no_store)
		blob_add_str(&s->head, "Cache-Control: no-store\r\n");
	if (a->retry_after)
		blob_printf(&s->head, "Retry-After: %d\r\n", a->retry_after);
	if (a->etag)
		blob_printf(&s->head, "ETag: %s\r\n", a->etag);
	if (a->expires)
		blob_printf(&s->head, "Expires: %s\r\n", a->expires);
	if (a->allow)
		blob_printf(&s->head, "Allow: %s\r\n", a->allow);
	blob_add_str(&s->head, last ? "Connection: close\r\n\r\n" : "\r\n");
}

/* Write both views; returns what was taken, or -1 when the peer is gone. */
static ssize_t
conn_send(struct conn *c, struct view first, struct view second)
{
	struct iovec parts[2] = {
	    {(void *)(uintptr_t)first.p, first.n},
	    {(void *)(uintptr_t)second.p, second.n},
	};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = second.n ? 2 : 1};
	ssize_t n;

	do
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	return n;
}

static void consume(struct conn *c, struct view v);

/* The answer has left: on to the next request, which may be here already. */
static void
answer_sent(struct conn *c)
{
	struct blob in = c->in;

	rest_release(c);
	if (c->close_after) {
		conn_finish(c);
		return;
	}
	c->state = CONN_READING;
	http_parse_next(&c->parse);
	deadline_set(c, DL_IDLE, clock_mono_ms() + c->server->limits.idle_ms);
	conn_read_on(c);
	if (c->busy || !in.n)
		return;
	c->in = (struct blob){0};
	consume(c, blob_view(&in));
	blob_free(&in);
}

static void
answer_wait(struct conn *c)
{
	size_t left = c->out.n - c->out_at + c->rest.n;

	c->state = CONN_WRITING;
	deadline_set(c, DL_WRITE,
	    clock_mono_ms() + c->server->limits.request_ms + (int64_t)(left / SLOWEST_READER));
	event_add(&c->writable, NULL);
}

/* Without the first n octets. */
static struct view
view_behind(struct view v, size_t n)
{
	return n == v.n ? (struct view){0} : view_of(v.p + n, v.n - n);
}

static void
answer_write(struct conn *c, struct view head, const struct http_answer *a, bool with_body)
{
	struct view body = with_body ? a->body : (struct view){0};
	ssize_t n = conn_send(c, head, body);
	size_t sent = n > 0 ? (size_t)n : 0;

	c->release = a->release;
	c->kept = a->kept;
	if (n < 0) {
		conn_drop(c);
		return;
	}
	if (sent == head.n + body.n) {
		answer_sent(c);
		return;
	}
	if (sent < head.n) {
		blob_add(&c->out, head.p + sent, head.n - sent);
		sent = head.n;
	}
	c->rest = view_behind(body, sent - head.n);
	if (!c->release) {
		blob_add_view(&c->out, c->rest);
		c->rest = (struct view){0};
	}
	answer_wait(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	size_t waiting = c->out.n - c->out_at, taken;
	ssize_t n;

	(void)fd, (void)what;
	n = conn_send(c, view_behind(blob_view(&c->out), c->out_at), c->rest);
	if (n < 0) {
		conn_drop(c);
		return;
	}
	taken = (size_t)n < waiting ? (size_t)n : waiting;
	c->out_at += taken;
	c->rest = view_behind(c->rest, (size_t)n - taken);
	if (c->out_at == c->out.n && !c->rest.n)
		answer_sent(c);
	else
		event_add(&c->writable, NULL);
}

void
http_answer(struct http_server *s, uint64_t exchange, const struct http_answer *a)
{
	uint16_t slot = (uint16_t)exchange;
	struct conn *c = slot < s->limits.connections ? s->conns[slot] : NULL;

	if (!exchange || !c || c->exchange != exchange) {
		if (a->release)
			a->release(a->kept);
		return;
	}
	c->exchange = 0;
	c->close_after = c->close_after || !c->parse.keep_alive;
	head_make(s, a, c->close_after);
	answer_write(
	    c, blob_view(&s->head), a, c->parse.method != HTTP_HEAD && a->status != 304);
}

/* ---- requests ---- */

/* At most one line a second: a port scan is no reason to fill a disk. */
static void
refusal_log(struct conn *c)
{
	struct http_server *s = c->server;
	int64_t now = clock_mono_ms();

	s->unlogged++;
	if (s->logged_at && now - s->logged_at < 1000)
		return;
	log_notice("bad HTTP request", "source='%s' status=%d why='%s' since_last_line=%u",
	    c->source, c->parse.status, c->parse.reason, s->unlogged);
	s->logged_at = now;
	s->unlogged = 0;
}

static void
request_refuse(struct conn *c)
{
	struct http_answer a = {
	    .status = c->parse.status,
	    .type = "text/plain",
	    .body = view_str(c->parse.reason),
	    .allow = c->parse.status == 405 ? "GET, HEAD, POST" : NULL,
	};

	refusal_log(c);
	deadline_clear(c);
	c->close_after = c->in_doubt = true;
	head_make(c->server, &a, true);
	answer_write(c, blob_view(&c->server->head), &a, true);
}

static void
request_serve(struct conn *c)
{
	struct http_server *s = c->server;
	struct http_request rq = {
	    .exchange = ++s->exchanges << 16 | c->slot,
	    .method = c->parse.method,
	    .path = blob_view(&c->parse.path),
	    .query = blob_view(&c->parse.query),
	    .body = blob_view(&c->parse.body),
	    .if_none_match = blob_view(&c->parse.if_none_match),
	    .source = c->source,
	};

	deadline_set(c, DL_ANSWER, clock_mono_ms() + s->limits.request_ms);
	c->state = CONN_ANSWERING;
	c->exchange = rq.exchange;
	s->handler(s->arg, &rq);
}

static void
continue_send(struct conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (c->parse.expects_continue && !c->parse.body.n)
		if (conn_send(c, view_of(text, sizeof(text) - 1), (struct view){0}) !=
		    (ssize_t)sizeof(text) - 1)
			conn_drop(c);
	c->parse.expects_continue = false;
}

/* A request has come in part: how long may the rest take? */
static void
request_wait(struct conn *c)
{
	const struct http_limits *l = &c->server->limits;

	if (c->parse.stage >= HTTP_AT_BODY) {
		if (c->deadline != DL_REQUEST)
			deadline_set(c, DL_REQUEST,
			    (c->deadline == DL_HEADER ? c->deadline_at - l->header_ms
						      : clock_mono_ms()) +
				l->request_ms);
		continue_send(c);
	} else if (c->parse.begun && c->deadline != DL_HEADER) {
		deadline_set(c, DL_HEADER, clock_mono_ms() + l->header_ms);
	}
}

static void
consume(struct conn *c, struct view v)
{
	c->busy = true;
	while (v.n && !c->dead && c->state == CONN_READING) {
		size_t used = http_parse_feed(&c->parse, v);

		v = view_of(v.p + used, v.n - used);
		if (c->parse.stage == HTTP_WHOLE)
			request_serve(c);
		else if (c->parse.stage == HTTP_BAD)
			request_refuse(c);
		else
			request_wait(c);
	}
	c->busy = false;
	if (c->dead)
		conn_free(c);
	else if (c->state == CONN_ANSWERING || c->state == CONN_WRITING)
		blob_add_view(&c->in, v);
}

static void
on_end_of_input(struct conn *c)
{
	http_parse_end(&c->parse);
	if (c->state != CONN_READING || c->parse.stage != HTTP_WHOLE) {
		conn_drop(c);
		return;
	}
	c->close_after = true;
	event_del(&c->readable);
	c->reading = false;
	request_serve(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	uint8_t *scratch = c->server->scratch;
	ssize_t n;

	(void)what;
	if (c->state == CONN_ANSWERING || c->state == CONN_WRITING) { /* one at a time */
		event_del(&c->readable);
		c->reading = false;
		return;
	}
	n = recv(fd, scratch, SCRATCH, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		conn_drop(c);
	else if (n == 0)
		on_end_of_input(c);
	else if (c->state == CONN_READING)
		consume(c, view_of(scratch, (size_t)n));
}

/* ---- connections ---- */

static int
source_count(const struct http_server *s, struct source who)
{
	int n = 0;

	for (int i = 0; i < s->limits.connections; i++)
		n += s->conns[i] && s->sources[i].network == who.network &&
		     s->sources[i].host == who.host;
	return n;
}

/* Make room by closing who has waited longest for nothing (BAD-029). */
static bool
oldest_idle_drop(struct http_server *s)
{
	struct conn *c = TAILQ_FIRST(&s->deadlines[DL_LINGER]);

	if (!c)
		c = TAILQ_FIRST(&s->deadlines[DL_IDLE]);
	if (!c)
		return false;
	conn_drop(c);
	return true;
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int n, void *arg)
{
	struct http_server *s = arg;
	char text[SOURCE_TEXT] = "";
	bool loopback = false;
	struct source source = source_of(sa, text, &loopback);
	struct conn *c;

	(void)l, (void)n;
	if (!(loopback && s->limits.loopback_exempt) &&
	    source_count(s, source) >= s->limits.connections_address) {
		close(fd);
		return;
	}
	if (!s->free_count && !oldest_idle_drop(s)) {
		close(fd);
		return;
	}
	c = mem_get(sizeof(*c));
	c->server = s;
	c->fd = fd;
	c->slot = s->free_slots[--s->free_count];
	memcpy(c->source, text, sizeof(text));
	s->conns[c->slot] = c;
	s->sources[c->slot] = source;
	s->open++;
	event_assign(&c->readable, s->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, s->base, fd, EV_WRITE, on_writable, c);
	deadline_set(c, DL_HEADER, clock_mono_ms() + s->limits.header_ms);
	conn_read_on(c);
}

/* No descriptor left, most likely: free one, and leave the others in the backlog for a moment
 * instead of spinning. */
static void
on_accept_error(struct evconnlistener *l, void *arg)
{
	struct http_server *s = arg;

	log_warn("cannot accept", "why='%s' connections=%d", strerror(errno), s->open);
	oldest_idle_drop(s);
	evconnlistener_disable(l);
	timer_set(s->pause, ACCEPT_PAUSE_MS);
}

static void
on_pause_over(void *arg)
{
	evconnlistener_enable(((struct http_server *)arg)->listener);
}

struct http_server *
http_open(
    struct loop *l, int listen_fd, const struct http_limits *limits, http_handler h, void *arg)
{
	struct http_server *s = mem_get(sizeof(*s));
	int one = 1;

	s->limits = *limits;
	if (s->limits.connections > SLOTS_MAX)
		s->limits.connections = SLOTS_MAX;
	s->handler = h;
	s->arg = arg;
	s->base = loop_base(l);
	s->timer = loop_timer(l, on_deadline, s);
	s->timer_at = INT64_MAX;
	s->pause = loop_timer(l, on_pause_over, s);
	for (int i = 0; i < DL_COUNT; i++)
		TAILQ_INIT(&s->deadlines[i]);
	s->conns = mem_get((size_t)s->limits.connections * sizeof(struct conn *));
	s->sources = mem_get((size_t)s->limits.connections * sizeof(struct source));
	s->free_slots = mem_get((size_t)s->limits.connections * sizeof(uint16_t));
	while (s->free_count < s->limits.connections) {
		s->free_slots[s->free_count] =
		    (uint16_t)(s->limits.connections - 1 - s->free_count);
		s->free_count++;
	}
	/* Accepted sockets inherit it. */
	(void)setsockopt(listen_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->listener =
	    evconnlistener_new(s->base, on_accept, s, LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
	if (!s->listener) {
		log_error("cannot listen", "fd=%d", listen_fd);
		abort();
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	return s;
}

void
http_close(struct http_server *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->limits.connections; i++)
		if (s->conns[i])
			conn_drop(s->conns[i]);
	evconnlistener_free(s->listener);
	timer_free(s->timer);
	timer_free(s->pause);
	blob_free(&s->head);
	free(s->conns);
	free(s->sources);
	free(s->free_slots);
	free(s);
}
