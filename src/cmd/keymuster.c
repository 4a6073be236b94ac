/* keymuster.c - the command line: words to the daemon. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/plan.h"
#include "cmd/shell.h"
#include "cmd/simulate.h"
#include "conf/conf.h"

#define LINES_MAX 256

static FILE *script; /* commands come from there, and what they ask for; NULL: from words */

static int
usage(void)
{
	(void)dprintf(STDERR_FILENO, "usage: keymuster [-r RUNDIR] WORDS...            one "
				     "command, as: keymuster show crypto pki server\n"
				     "       keymuster [-r RUNDIR] -c CMD [-c CMD...]   "
				     "several; -f FILE reads them from a file\n"
				     "       keymuster [-r RUNDIR]                      the "
				     "shell; '?' says what may follow\n"
				     "       keymuster plan CONFIG... [json]            "
				     "what configurations promise; needs no daemon\n"
				     "       keymuster simulate CONFIG...               "
				     "lives through its years; without arguments: how\n"
				     "       keymuster demo                             "
				     "a CA and eight clients, for a minute\n"
				     "exit:  0 done, 1 refused, 2 usage, 3 pending, 4 daemon "
				     "unreachable, 5 clock not authoritative,\n"
				     "       6 somebody is left behind (simulate)\n");
	return CODE_USAGE;
}

/* "Time source is NTP, 13:19:58.946 UTC Fri Oct 9 2015", of the two lines of show clock. */
static void
print_time(const char *run)
{
	struct blob text = {0};
	struct err e = {0};
	int status = CODE_UNREACHABLE;
	const char *time, *source;

	if (daemon_ask(run, "show clock", &text, &status, &e) && status == CODE_DONE) {
		time = blob_cstr(&text);
		source = time + strcspn(time, "\n");
		(void)dprintf(STDOUT_FILENO, "%.*s, %.*s\n\n", (int)strcspn(source + 1, "\n"),
		    source + 1, (int)(source - time), time);
	}
	blob_free(&text);
}

/* Is the line for keymuster itself, and what does it want printed before? */
static bool
is_mine(const char *run, const struct command_line *c)
{
	static bool timestamp; /* "terminal exec prompt timestamp" was given */

	if (c->command == CMD_TIMESTAMP)
		timestamp = !c->negated;
	else if (timestamp && command_shows(c->command) && !c->json)
		print_time(run);
	return c->command == CMD_TIMESTAMP;
}

/* The daemon's answer to a line, and what became of it. */
static int
converse(const char *run, const char *line, struct blob *text)
{
	struct err e = {0};
	int status = CODE_UNREACHABLE;

	if (daemon_ask(run, line, text, &status, &e))
		return status;
	blob_clear(text);
	blob_printf(text, "%% %s\n", e.text);
	return CODE_UNREACHABLE;
}

/* The command that an answer ends in, behind this mark: a form of the one that was given. */
static bool
asked_for(const char *mark, const struct command_line *c, const char *all, char line[1024],
    size_t *before)
{
	const char *last = NULL;
	struct command_line typed;
	int column;

	for (const char *at = all; (at = strstr(at, mark)) != NULL; at++)
		last = at;
	if (last == NULL)
		return false;
	(void)snprintf(line, 1024, "%s", last + strlen(mark));
	line[strcspn(line, "\n")] = 0;
	*before = (size_t)(last + 1 - all);
	return command_parse(line, &typed, &column, NULL) && typed.command == c->command;
}

/* What waits for certificates ends in "  Paste: COMMAND", and is sent with them. They come from
 * where the command came from. */
static void
paste(const char *run, const struct command_line *c, struct blob *text, struct blob *pasted,
    int *status)
{
	FILE *from = script != NULL ? script : stdin;
	bool person = isatty(fileno(from)) == 1;
	struct blob whole = {0};
	struct err e = {0};
	char line[1024];
	size_t before;

	if (!asked_for("\n  Paste: ", c, blob_cstr(text), line, &before))
		return;
	if (person && !fd_write(STDOUT_FILENO, view_of(text->p, before)))
		return;
	blob_clear(text);
	if (paste_read(from, script == NULL && !person, pasted, &e)) {
		blob_printf(&whole, "%s" PASTED "%s", line, blob_cstr(pasted));
		*status = converse(run, blob_cstr(&whole), text);
	} else {
		blob_printf(text, "%% Nothing was done: %s.\n", e.text);
		*status = CODE_REFUSED;
	}
	blob_free(&whole);
}

/*
 * What waits for a person's word ends in "  Type: COMMAND", a form of the same command that
 * does it. At a terminal the person is asked instead, and the command sent.
 */
static void
confirm(const char *run, const struct command_line *c, struct blob *text,
    const struct blob *pasted, int *status)
{
	const char *question = c->command == CMD_AUTHENTICATE
				   ? "% Do you accept this certificate? [yes/no]: "
				   : "Are you sure you want to do this? [yes/no]: ";
	struct blob whole = {0};
	char line[1024];
	size_t before;

	if (!person_here() || !asked_for("\n  Type: ", c, blob_cstr(text), line, &before) ||
	    !fd_write(STDOUT_FILENO, view_of(text->p, before)))
		return;
	blob_clear(text);
	blob_add_str(&whole, line);
	if (pasted->n > 0) {
		blob_add_str(&whole, PASTED);
		blob_add_view(&whole, blob_view(pasted));
	}
	if (person_agrees(question)) {
		*status = converse(run, blob_cstr(&whole), text);
	} else {
		blob_add_str(text, "% Nothing was done.\n");
		*status = CODE_REFUSED;
	}
	blob_free(&whole);
}

/* The password of PKCS#12, where the line has none: it stays out of the shell's history and of
 * lists of processes. */
static bool
add_password(const struct command_line *c, struct blob *line)
{
	char password[CONF_PASSWORD_MAX] = "", again[CONF_PASSWORD_MAX] = "";
	bool ok = false;

	if (!person_here()) {
		(void)dprintf(STDERR_FILENO,
		    "%% A password is needed.\n  Type: %s password TEXT\n", blob_cstr(line));
	} else if (person_secret("Password: ", password, sizeof(password)) &&
		   (c->command == CMD_IMPORT ||
		       person_secret("Password again: ", again, sizeof(again)))) {
		ok = password[0] != 0 &&
		     (c->command == CMD_IMPORT || strcmp(password, again) == 0);
		if (!ok)
			(void)dprintf(STDERR_FILENO, "%% %s.\n",
			    password[0] == 0 ? "A password is needed" : "The passwords differ");
	}
	if (ok)
		blob_printf(line, " password %s", password);
	mem_wipe(password, sizeof(password));
	mem_wipe(again, sizeof(again));
	return ok;
}

/* "do show clock", while something is being configured. */
static const char *
behind_do(const char *line)
{
	line += strspn(line, " \t");
	return strncmp(line, "do ", 3) == 0 ? line + 3 : NULL;
}

int
send_line(const char *run, const char *line)
{
	struct command_line c = {.command = CMD_NONE};
	struct blob whole = {0}, text = {0}, pasted = {0};
	struct err e = {0};
	int column, status = CODE_USAGE;

	if (configure_mode() != NULL) {
		if (behind_do(line) == NULL)
			return configure_line(run, line);
		line = behind_do(line);
	}
	blob_add_str(&whole, line);
	if (command_parse(line, &c, &column, &e) && is_mine(run, &c)) {
		status = CODE_DONE;
		goto out;
	}
	if (c.command == CMD_CONFIGURE || c.command == CMD_READ_AGAIN) {
		if (configure_mode() == NULL)
			status = (c.command == CMD_CONFIGURE ? configure_begin
							     : configure_again)(run);
		goto out;
	}
	if (c.pkcs12 && c.password[0] == 0 && !add_password(&c, &whole))
		goto out;
	status = converse(run, blob_cstr(&whole), &text);
	if (status == CODE_PENDING)
		paste(run, &c, &text, &pasted, &status);
	if (status == CODE_PENDING)
		confirm(run, &c, &text, &pasted, &status);
	if (!fd_write(status == CODE_DONE ? STDOUT_FILENO : STDERR_FILENO, blob_view(&text)))
		status = CODE_REFUSED;
out:
	mem_wipe(c.password, sizeof(c.password));
	blob_free(&whole);
	blob_free(&text);
	blob_free(&pasted);
	return status;
}

/* Every line of a stream; stops at the first that fails. '!' starts a comment, as in IOS. */
static int
send_stream(const char *run, FILE *f)
{
	char line[4096];
	int code = CODE_DONE;

	script = f;
	while (code == CODE_DONE && fgets(line, sizeof(line), f) != NULL) {
		size_t n = strcspn(line, "\n");

		if (line[n] == 0 && !feof(f)) { /* a part of one is another line */
			(void)dprintf(STDERR_FILENO,
			    "%% A line of %zu characters or more, or with a NUL octet.\n", n);
			code = CODE_USAGE;
			break;
		}
		while (n > 0 && line[n - 1] == '\r')
			n--;
		line[n] = 0;
		if (line[strspn(line, " \t")] != 0 && line[strspn(line, " \t")] != '!')
			code = send_line(run, line);
	}
	return code;
}

static int
send_file(const char *run, const char *path)
{
	FILE *f = fopen(path, "re");
	int code;

	if (f == NULL) {
		(void)dprintf(STDERR_FILENO, "%% %s: %s\n", path, strerror(errno));
		return CODE_USAGE;
	}
	code = send_stream(run, f);
	(void)fclose(f);
	return code;
}

static int
send_words(const char *run, char **words)
{
	struct blob line = {0};
	int code;

	for (; *words != NULL; words++)
		blob_printf(&line, "%s%s", line.n == 0 ? "" : " ", *words);
	code = send_line(run, blob_cstr(&line));
	blob_free(&line);
	return code;
}

/* The exit code, when no line is left. */
static int
ended(int code)
{
	return configure_lost() && code == CODE_DONE ? CODE_REFUSED : code;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	const char *run = DEFAULT_RUN, *commands[LINES_MAX], *file = NULL;
	size_t n = 0;
	int c, code = CODE_DONE;

	/* '+': words of a command are no options of ours. */
	while ((c = getopt_long(argc, argv, "+r:c:f:", options, NULL)) != -1) {
		if (c == 'r')
			run = optarg;
		else if (c == 'f')
			file = optarg;
		else if (c == 'c' && n < LINES_MAX)
			commands[n++] = optarg;
		else
			return usage();
	}
	for (size_t i = 0; i < n && code == CODE_DONE; i++)
		code = send_line(run, commands[i]);
	if (code == CODE_DONE && file != NULL)
		code = send_file(run, file);
	if (code != CODE_DONE || n > 0 || file != NULL)
		return ended(code);
	if (optind < argc && strcmp(argv[optind], "plan") == 0)
		return plan_main(argc - optind - 1, argv + optind + 1);
	if (optind < argc && strcmp(argv[optind], "simulate") == 0)
		return simulate(argc - optind, argv + optind);
	if (optind < argc && strcmp(argv[optind], "demo") == 0)
		return demo(argc - optind, argv + optind);
	if (optind < argc)
		return ended(send_words(run, argv + optind));
	return ended(isatty(STDIN_FILENO) ? shell_run(run) : send_stream(run, stdin));
}
