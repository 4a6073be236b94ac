/* configure.c - configure terminal and configure memory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/plan.h"
#include "cmd/shell.h"

#define CONF_BYTES_MAX (16 * 1024 * 1024)
#define LOOK_MS 20
#define LOOKS 1500 /* while the daemon makes a new set of processes */
#define CUT_OFF 25
#define TURNS 3000 /* while another changes the file */

/*
 * The file is read and written here, by the rights of who types, and the daemon reads it again:
 * who may talk to the daemon may not for that alone choose the programs that it runs, and no
 * process that strangers talk to can write it.
 */
struct place {
	char path[PATH_MAX], digest[CONF_DIGEST]; /* of the text that runs */
};

static struct conf_edit *edit; /* NULL: nothing is being configured */

/* What the daemon was started with; CODE_DONE, or what the daemon answered. */
static int
ask_place(const char *run, struct place *out, bool quiet)
{
	struct blob text = {0};
	struct err e = {0};
	int code = CODE_UNREACHABLE;
	char *end;

	*out = (struct place){0};
	if (!daemon_ask(run, "configure terminal", &text, &code, &e)) {
		if (!quiet)
			(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
		code = CODE_UNREACHABLE;
	} else if (code == CODE_DONE) {
		(void)snprintf(out->path, sizeof(out->path), "%s", blob_cstr(&text));
		end = strchr(out->path, '\n');
		if (end != NULL) {
			(void)snprintf(out->digest, sizeof(out->digest), "%s", end + 1);
			*end = 0;
		}
		out->digest[strcspn(out->digest, "\n")] = 0;
	} else if (!quiet) {
		(void)dprintf(STDERR_FILENO, "%s", blob_cstr(&text));
	}
	blob_free(&text);
	return code;
}

/* Who is connected while another's configuration comes to run is cut off: asks again. */
static int
find_place(const char *run, struct place *out)
{
	int code = CODE_UNREACHABLE;

	for (int i = 0; code == CODE_UNREACHABLE && i < CUT_OFF; i++) {
		code = ask_place(run, out, true);
		if (code == CODE_UNREACHABLE)
			(void)poll(NULL, 0, LOOK_MS);
	}
	return code == CODE_DONE ? code : ask_place(run, out, false);
}

struct text {
	const char *path;
	struct view text;
};

/* "FILE:LINE:COLUMN: ..." and, of what is wrong, that line: it is in no file yet. */
static void
report(void *arg, bool warn, const char *message)
{
	const struct text *t = arg;
	struct view left = t->text, line = {0};
	size_t n = strlen(t->path);
	long number = 0;

	(void)dprintf(STDERR_FILENO, "%s%s\n", warn ? "warning: " : "", message);
	if (!warn && strncmp(message, t->path, n) == 0 && message[n] == ':')
		number = strtol(message + n + 1, NULL, 10);
	for (long i = 0; i < number && left.n > 0; i++)
		line = view_cut(&left, '\n');
	if (number > 0 && memmem(line.p, line.n, "password", 8) == NULL)
		(void)dprintf(STDERR_FILENO, "    %.*s\n", (int)line.n, (const char *)line.p);
}

/* What the daemon will say of the text, said here first. */
static bool
holds(const char *path, struct view text)
{
	struct conf conf = {0};
	struct text t = {path, text};
	bool ok = conf_parse(path, text, conf_shut, NULL, report, &t, &conf);

	if (ok) {
		ok = plan_holds(path, &conf, report, &t);
		conf_free(&conf);
	}
	return ok;
}

/* Until the daemon runs the text of this digest. False: it says why in its log. */
static bool
comes_to_run(const char *run, const char *digest)
{
	struct blob text = {0};
	struct err e = {0};
	struct place now;
	bool asked = false; /* else it was cut off: perhaps by just this */
	int code;

	for (int i = 0; i < LOOKS; i++) {
		asked = asked || daemon_ask(run, "configure memory", &text, &code, &e);
		if (ask_place(run, &now, true) == CODE_DONE &&
		    (asked || strcmp(now.digest, digest) == 0))
			break;
		(void)poll(NULL, 0, LOOK_MS);
	}
	blob_free(&text);
	return strcmp(now.digest, digest) == 0;
}

/*
 * One after the other, from reading the file until the daemon runs what came of it: else one
 * would put back what another has changed. The file itself is replaced, so its directory is
 * locked. -1: it says why.
 */
static int
take_turn(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, turns = 0;
	bool got = false;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash != NULL)
		slash[slash == dir] = 0;
	fd = open(slash == NULL ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && !(got = flock(fd, LOCK_EX | LOCK_NB) == 0) && errno == EWOULDBLOCK &&
	       turns++ < TURNS)
		(void)poll(NULL, 0, LOOK_MS);
	if (got)
		return fd;
	if (turns > 0)
		(void)dprintf(STDERR_FILENO, "%% Somebody else changes %s: try again.\n", path);
	else
		(void)dprintf(STDERR_FILENO, "%% cannot lock '%s': %s\n",
		    slash == NULL ? "." : dir, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Where the file is, and its text, when it is our turn: close *turn behind it. */
static int
begin_change(const char *run, struct place *at, struct blob *text, int *turn)
{
	struct err e = {0};
	int code = find_place(run, at);

	*turn = -1;
	if (code != CODE_DONE)
		return code;
	*turn = take_turn(at->path);
	code = *turn < 0 ? CODE_REFUSED : find_place(run, at);
	if (code == CODE_DONE && !file_read(at->path, CONF_BYTES_MAX, text, &e)) {
		(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
		code = CODE_REFUSED;
	}
	return code;
}

/* Owner, group and mode stay. */
static bool
replace(const char *path, struct view text)
{
	struct err e = {0};

	if (file_replace_kept(path, text, &e))
		return true;
	(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
	return false;
}

/* The new text is written and run, or all stays as it was. */
static int
put_to_work(const char *run, const struct place *at, struct view old, struct view new)
{
	char digest[CONF_DIGEST];

	conf_digest(new, digest);
	if (!holds(at->path, new)) {
		(void)dprintf(STDERR_FILENO, "%% Nothing was changed.\n");
		return CODE_REFUSED;
	}
	if (!view_equal(old, new) && !replace(at->path, new))
		return CODE_REFUSED;
	if (comes_to_run(run, digest))
		return CODE_DONE;
	(void)dprintf(STDERR_FILENO, "%% The daemon does not take it; its log says why.\n");
	if (!view_equal(old, new) && replace(at->path, old))
		(void)dprintf(STDERR_FILENO, "%% %s is as it was.\n", at->path);
	return CODE_REFUSED;
}

static int
finish(const char *run)
{
	struct blob old = {0}, new = {0};
	struct place at;
	char digest[CONF_DIGEST];
	int turn, code = begin_change(run, &at, &old, &turn);

	if (code == CODE_DONE) {
		conf_edit_apply(edit, blob_view(&old), &new);
		conf_digest(blob_view(&old), digest);
		if (strcmp(digest, at.digest) != 0)
			(void)dprintf(STDERR_FILENO,
			    "%% %s was edited since the daemon read it: that comes to run "
			    "too.\n",
			    at.path);
		if (strcmp(digest, at.digest) != 0 ||
		    !view_equal(blob_view(&old), blob_view(&new)))
			code = put_to_work(run, &at, blob_view(&old), blob_view(&new));
	}
	if (turn >= 0)
		(void)close(turn);
	blob_free(&old);
	blob_free(&new);
	return code;
}

int
configure_begin(const char *run)
{
	struct place at;
	int code = find_place(run, &at);

	if (code != CODE_DONE)
		return code;
	if (access(at.path, R_OK) != 0) {
		(void)dprintf(
		    STDERR_FILENO, "%% cannot read '%s': %s\n", at.path, strerror(errno));
		return CODE_REFUSED;
	}
	edit = conf_edit_new();
	if (isatty(STDIN_FILENO))
		(void)dprintf(STDOUT_FILENO,
		    "Enter configuration commands, one per line.  End with CNTL/Z.\n");
	return CODE_DONE;
}

const char *
configure_mode(void)
{
	return edit == NULL ? NULL : conf_edit_mode(edit);
}

static void
close_edit(void)
{
	conf_edit_free(edit);
	edit = NULL;
}

int
configure_line(const char *run, const char *line)
{
	struct err e = {0};
	int column, code = CODE_DONE;

	switch (conf_edit_line(edit, line, &column, &e)) {
	case EDIT_TAKEN:
		break;
	case EDIT_REFUSED:
		(void)dprintf(STDERR_FILENO, "%s\n%*s^\n%s\n", line, column, "", e.text);
		code = CODE_USAGE;
		break;
	case EDIT_ENDED:
		code = finish(run);
		close_edit();
		break;
	}
	return code;
}

void
configure_help(const char *line, struct blob *out)
{
	conf_edit_help(edit, line, out);
}

bool
configure_lost(void)
{
	if (edit == NULL)
		return false;
	(void)dprintf(STDERR_FILENO, "%% No \"end\" came: nothing was changed.\n");
	close_edit();
	return true;
}

int
configure_again(const char *run)
{
	struct blob text = {0};
	struct place at;
	int turn, code = begin_change(run, &at, &text, &turn);

	if (code == CODE_DONE)
		code = put_to_work(run, &at, blob_view(&text), blob_view(&text));
	if (turn >= 0)
		(void)close(turn);
	blob_free(&text);
	return code;
}
