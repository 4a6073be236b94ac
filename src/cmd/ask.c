/* ask.c - a line to a daemon, and its answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/shell.h"
#include "sys/sys.h"

#define ANSWER_MAX (64 * 1024 * 1024)

/* "STATUS LENGTH\n" and the text; *status is written last. */
static bool
read_answer(int fd, struct blob *text, int *status, struct err *e)
{
	char head[64] = "";
	size_t have = 0, want;
	char *end;

	while (have < sizeof(head) - 1 && strchr(head, '\n') == NULL) {
		if (read(fd, head + have, 1) != 1)
			return err_set(e, WHY_IO, "the daemon closed the connection");
		head[++have] = 0;
	}
	*status = (int)strtol(head, &end, 10);
	want = (size_t)strtoul(end, NULL, 10);
	if (want > ANSWER_MAX)
		return err_set(e, WHY_BAD_INPUT, "the daemon announces %zu octets", want);
	while (text->n < want) {
		uint8_t buffer[65536];
		size_t left = want - text->n;
		ssize_t n = read(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, WHY_IO, "the answer ends after %zu of %zu octets",
			    text->n, want);
		blob_add(text, buffer, (size_t)n);
	}
	return true;
}

/* A daemon that ends meanwhile is an error, not the end of us. */
static bool
send_all(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t n = send(fd, v.p, v.n, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			v = view_of(v.p + n, v.n - (size_t)n);
	}
	return true;
}

/* The writing socket when we may, else the one for show commands. */
static bool
connect_daemon(const char *run, int *fd, struct err *e)
{
	static const char *const names[] = {"control", "control.ro"};
	char path[512];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", run, names[i]);
		if (connect_unix(path, fd, e))
			return true;
	}
	return err_set(e, WHY_IO,
	    "no daemon answers in %s: start keymusterd, or name its run directory with -r "
	    "RUNDIR",
	    run);
}

bool
daemon_ask(const char *run, const char *line, struct blob *text, int *status, struct err *e)
{
	struct blob out = {0};
	int fd = -1;
	bool ok;

	blob_printf(&out, "%s\n", line);
	ok = connect_daemon(run, &fd, e) &&
	     (send_all(fd, blob_view(&out)) ||
		 err_set(e, WHY_IO, "cannot write: %s", strerror(errno))) &&
	     read_answer(fd, text, status, e);
	if (fd >= 0)
		(void)close(fd);
	blob_free(&out);
	return ok;
}
