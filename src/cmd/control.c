/* control.c - operators at the control sockets. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define LINE_MAX_OCTETS 4096
#define CLIENTS_MAX 64
#define RETRY_MS 5
#define GIVE_UP_MS 60000

/*
 * One line in: a command and a line feed. One answer out: "STATUS LENGTH\n" and LENGTH octets.
 * A client sends its next line when the answer has come.
 */
struct client {
	struct client *next;
	struct control *control;
	uint64_t id;
	int fd;
	struct watch *watch;
	bool may_write, waiting;
	char who[64];
	struct blob in, out;
	int64_t give_up_ms;
};
struct control {
	struct loop *loop;
	struct listener {
		struct control *control;
		int fd;
		bool may_write;
		struct watch *watch;
	} listener[2];
	struct client *clients;
	size_t count;
	uint64_t last_id;
	struct timer *retry;
	control_call call;
	void *arg;
};

static void
client_free(struct client *c)
{
	for (struct client **at = &c->control->clients; *at != NULL; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		break;
	}
	c->control->count--;
	watch_free(c->watch);
	(void)close(c->fd);
	blob_free(&c->in);
	blob_free(&c->out);
	free(c);
}

static void
take_line(struct client *c)
{
	uint8_t *end;
	struct blob line = {0};

	if (c->waiting || c->in.n == 0)
		return;
	end = memchr(c->in.p, '\n', c->in.n);
	if (end == NULL)
		return;
	blob_add(&line, c->in.p, (size_t)(end - c->in.p));
	memmove(c->in.p, end + 1, c->in.n - line.n - 1);
	c->in.n -= line.n + 1;
	c->waiting = true;
	c->control->call(c->control->arg, c->id, blob_cstr(&line), c->may_write, c->who);
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
	if (n <= 0 || c->in.n + (size_t)n > LINE_MAX_OCTETS) {
		client_free(c);
		return;
	}
	blob_add(&c->in, buffer, (size_t)n);
	take_line(c);
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
	if (control->count >= CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	c = mem_get(sizeof(*c));
	c->control = control;
	c->id = ++control->last_id;
	c->fd = fd;
	c->may_write = l->may_write;
	client_who(c);
	c->watch = loop_watch(control->loop, fd, client_readable, c);
	c->next = control->clients;
	control->clients = c;
	control->count++;
}

/* Write what the socket takes; false: the client is gone or stands still. */
static bool
client_flush(struct client *c)
{
	while (c->out.n > 0) {
		ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			timer_set(c->control->retry, RETRY_MS);
			return clock_mono_ms() < c->give_up_ms;
		}
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			memmove(c->out.p, c->out.p + n, c->out.n - (size_t)n);
			c->out.n -= (size_t)n;
			c->give_up_ms = clock_mono_ms() + GIVE_UP_MS;
		}
	}
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

struct control *
control_open(struct loop *l, int fd, int fd_ro, control_call call, void *arg)
{
	struct control *c = mem_get(sizeof(*c));
	int fds[2] = {fd, fd_ro};

	c->loop = l;
	c->call = call;
	c->arg = arg;
	c->retry = loop_timer(l, retry_due, c);
	for (int i = 0; i < 2; i++) {
		c->listener[i] = (struct listener){c, fds[i], i == 0, NULL};
		c->listener[i].watch =
		    loop_watch(l, fds[i], listener_readable, &c->listener[i]);
	}
	return c;
}

void
control_answer(struct control *control, uint64_t id, int status, struct view text)
{
	struct client *c = control->clients;

	while (c != NULL && c->id != id)
		c = c->next;
	if (c == NULL)
		return;
	blob_printf(&c->out, "%d %zu\n", status, text.n);
	blob_add_view(&c->out, text);
	c->waiting = false;
	c->give_up_ms = clock_mono_ms() + GIVE_UP_MS;
	if (client_flush(c))
		take_line(c);
	else
		client_free(c);
}

void
control_close(struct control *c)
{
	while (c->clients != NULL)
		client_free(c->clients);
	for (int i = 0; i < 2; i++)
		watch_free(c->listener[i].watch);
	timer_free(c->retry);
	free(c);
}
