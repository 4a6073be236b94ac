/* control.c - operators at the control sockets. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define LINE_MAX_OCTETS 4096
#define PASTED_MAX_OCTETS 65536 /* of who may write: certificates behind the line */
#define CLIENTS_MAX                                                                            \
	32 /* of each socket: the one that anybody may open does not shut out the operator's   \
	    */
#define IDLE_RO_MS 30000 /* and nobody sits on it for nothing */
#define SWEEP_MS 1000
#define RETRY_MS 5
#define GIVE_UP_MS 60000

/*
 * One line in: a command and a line feed; between them perhaps PASTED and what was pasted, in
 * hex. One answer out: "STATUS LENGTH\n" and LENGTH octets.
 * A client sends its next line when the answer has come.
 */
struct client {
	struct client *next;
	struct control *control;
	uint64_t id;
	int fd;
	struct watch *watch;
	bool waiting;
	char who[64];
	struct blob in, out;
	size_t sent; /* octets of out that are gone */
	int64_t give_up_ms, last_ms;
	bool taking; /* take_line is at work further up */
	struct listener *listener;
};
struct control {
	struct loop *loop;
	struct listener {
		struct control *control;
		int fd;
		bool may_write;
		size_t count;
		struct watch *watch;
	} listener[2];
	struct client *clients;
	uint64_t last_id;
	struct timer *retry, *sweep;
	control_call call;
	void *arg;
};

static struct client *
client_of(struct control *control, uint64_t id)
{
	struct client *c = control->clients;

	while (c != NULL && c->id != id)
		c = c->next;
	return c;
}

bool
control_waits(struct control *control, uint64_t id)
{
	return client_of(control, id) != NULL;
}

static void
client_free(struct client *c)
{
	for (struct client **at = &c->control->clients; *at != NULL; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		break;
	}
	c->listener->count--;
	watch_free(c->watch);
	(void)close(c->fd);
	blob_free(&c->in);
	blob_free(&c->out);
	free(c);
}

/* Commands one after the other; each waits for the answer of the one before. */
static void
take_lines(struct control *control, uint64_t id)
{
	struct client *c;
	struct blob line = {0};
	uint8_t *end;

	while ((c = client_of(control, id)) != NULL && !c->waiting && !c->taking &&
	       c->in.n > 0 && (end = memchr(c->in.p, '\n', c->in.n)) != NULL) {
		blob_clear(&line);
		blob_add(&line, c->in.p, (size_t)(end - c->in.p));
		memmove(c->in.p, end + 1, c->in.n - line.n - 1);
		c->in.n -= line.n + 1;
		c->waiting = c->taking = true;
		c->last_ms = clock_mono_ms();
		control->call(
		    control->arg, id, blob_cstr(&line), c->listener->may_write, c->who);
		c = client_of(control, id);
		if (c != NULL)
			c->taking = false;
	}
	blob_free(&line);
}

static void
client_readable(void *arg)
{
	struct client *c = arg;
	uint8_t buffer[1024];
	ssize_t n = read(c->fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->in.n + (size_t)n >
			  (c->listener->may_write ? PASTED_MAX_OCTETS : LINE_MAX_OCTETS)) {
		client_free(c);
		return;
	}
	blob_add(&c->in, buffer, (size_t)n);
	take_lines(c->control, c->id);
}

/* The peer's user by the kernel's word; the name is for the audit. */
static void
client_who(struct client *c)
{
	struct ucred cred = {0};
	socklen_t n = sizeof(cred);

	(void)getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &n);
	(void)snprintf(
	    c->who, sizeof(c->who), cred.uid == 0 ? "root" : "uid %u", (unsigned)cred.uid);
}

static void
listener_readable(void *arg)
{
	struct listener *l = arg;
	struct control *control = l->control;
	struct client *c;
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (l->count >= CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	c = mem_get(sizeof(*c));
	c->control = control;
	c->id = ++control->last_id;
	c->fd = fd;
	c->listener = l;
	c->last_ms = clock_mono_ms();
	client_who(c);
	c->watch = loop_watch(control->loop, fd, client_readable, c);
	c->next = control->clients;
	control->clients = c;
	l->count++;
}

/* Write what the socket takes; false: the client is gone or stands still. */
static bool
client_flush(struct client *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			timer_set(c->control->retry, RETRY_MS);
			return clock_mono_ms() < c->give_up_ms;
		}
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			c->sent += (size_t)n;
			c->give_up_ms = clock_mono_ms() + GIVE_UP_MS;
		}
	}
	blob_free(&c->out);
	c->sent = 0;
	return true;
}

static void
retry_due(void *arg)
{
	struct control *control = arg;
	struct client *next;

	for (struct client *c = control->clients; c != NULL; c = next) {
		next = c->next;
		if (!client_flush(c))
			client_free(c);
	}
}

static void
sweep_due(void *arg)
{
	struct control *control = arg;
	int64_t now = clock_mono_ms();
	struct client *next;

	for (struct client *c = control->clients; c != NULL; c = next) {
		next = c->next;
		if (!c->listener->may_write && !c->waiting && c->out.n == 0 &&
		    now - c->last_ms > IDLE_RO_MS)
			client_free(c);
	}
	timer_set(control->sweep, SWEEP_MS);
}

struct control *
control_open(struct loop *l, int fd, int fd_ro, control_call call, void *arg)
{
	struct control *c = mem_get(sizeof(*c));
	int fds[2] = {fd, fd_ro};

	c->loop = l;
	c->call = call;
	c->arg = arg;
	c->retry = loop_timer(l, retry_due, c);
	c->sweep = loop_timer(l, sweep_due, c);
	timer_set(c->sweep, SWEEP_MS);
	for (int i = 0; i < 2; i++) {
		c->listener[i] =
		    (struct listener){.control = c, .fd = fds[i], .may_write = i == 0};
		c->listener[i].watch =
		    loop_watch(l, fds[i], listener_readable, &c->listener[i]);
	}
	return c;
}

void
control_answer(struct control *control, uint64_t id, int status, struct view text)
{
	struct client *c = client_of(control, id);

	if (c == NULL)
		return;
	blob_printf(&c->out, "%d %zu\n", status, text.n);
	blob_add_view(&c->out, text);
	c->waiting = false;
	c->give_up_ms = clock_mono_ms() + GIVE_UP_MS;
	if (client_flush(c))
		take_lines(control, id);
	else
		client_free(c);
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	while (c->clients != NULL)
		client_free(c->clients);
	for (int i = 0; i < 2; i++)
		watch_free(c->listener[i].watch);
	timer_free(c->retry);
	timer_free(c->sweep);
	free(c);
}
