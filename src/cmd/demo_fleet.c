/* demo_fleet.c - the demo's processes, directories and clock. */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/demo.h"
#include "cmd/shell.h"

#define START "2015-10-09T12:14:16Z" /* as in the document */
#define TP "Root-CA"
#define PATIENCE_MS 60000 /* for a daemon that does not come, or does not get on */
#define END_MS 10000
#define LOOK_MS 1
#define PORTS 20

/* ---- directories ---- */

const char *
fleet_path(const struct demo *d, const char *leaf, char out[2 * DEMO_PATH])
{
	(void)snprintf(out, 2 * DEMO_PATH, "%s/%s", d->dir, leaf);
	return out;
}

static const char *
body_path(const struct demo_body *b, const char *leaf, char out[2 * DEMO_PATH])
{
	(void)snprintf(out, 2 * DEMO_PATH, "%s/%s", b->dir, leaf);
	return out;
}

const char *
fleet_identity(const struct demo_spoke *s, const char *leaf, char out[2 * DEMO_PATH])
{
	(void)snprintf(out, 2 * DEMO_PATH, "%s/state/trustpoints/" TP "/%s", s->body.dir, leaf);
	return out;
}

static bool
body_open(
    struct demo *d, struct demo_body *b, const char *name, const char *program, struct err *e)
{
	*b = (struct demo_body){.name = name, .program = program};
	if (snprintf(b->dir, sizeof(b->dir), "%s/%s", d->dir, name) >= (int)sizeof(b->dir))
		return err_set(e, WHY_BAD_INPUT, "the path %s is too long", d->dir);
	return dir_make(b->dir, 0700, e);
}

/* A port nobody has now. Outgoing connections have none of these, which would take it while
 * ROOTCA is off for a time. */
static bool
free_port(unsigned *out, struct err *e)
{
	bool ok = false;
	int fd;

	for (unsigned n = 0; n < 100 && !ok; n++) {
		*out = 20000 + ((unsigned)getpid() + n) % 12000;
		ok = listen_tcp("127.0.0.1", *out, &fd, e);
	}
	if (ok)
		(void)close(fd);
	return ok;
}

/* As examples/rootca.conf, but for the port, what clients get, and lists each week: the clock
 * has fewer instants to stop at. */
bool
fleet_write_root(struct demo *d, struct err *e)
{
	char path[2 * DEMO_PATH];
	struct blob text = {0};
	bool ok;

	blob_printf(&text,
	    "hostname Root-CA\n"
	    "clock calendar-valid\n"
	    "ip http server\n"
	    "ip http listen 127.0.0.1 %u\n"
	    "crypto pki server ROOTCA\n"
	    "  database level complete\n"
	    "  database archive pkcs12 password 7 01100F175804575D72\n"
	    "  issuer-name CN=RootCA,OU=TAC,O=Cisco\n"
	    "  grant %s\n"
	    "  lifetime crl 168\n"
	    "  lifetime certificate 365\n"
	    "  lifetime ca-certificate 730\n"
	    "  auto-rollover 90\n",
	    d->port, d->manual ? "manual" : "auto");
	ok = file_replace(body_path(&d->root, "conf", path), 0600, blob_view(&text), e);
	blob_free(&text);
	return ok;
}

/* As examples/spoke.conf. */
bool
fleet_write_spoke(struct demo *d, struct demo_spoke *s, struct err *e)
{
	char path[2 * DEMO_PATH];
	struct blob text = {0};
	bool ok;

	blob_printf(&text,
	    "hostname %s\n"
	    "clock calendar-valid\n"
	    "crypto pki trustpoint " TP "\n"
	    "  enrollment url %s\n"
	    "  fingerprint %s\n"
	    "  serial-number\n"
	    "  ip-address none\n"
	    "  password 0 Rev0cati0n$Passw0rd\n"
	    "  subject-name CN=%s.cisco.com,OU=CVO\n"
	    "  revocation-check crl\n"
	    "  rsakeypair %s-RSA\n"
	    "  %s\n",
	    s->role->name, d->url, d->ca[d->active].fingerprint, s->role->name, s->role->name,
	    s->setting[0] != 0 ? s->setting : "no auto-enroll");
	ok = file_replace(body_path(&s->body, "conf", path), 0600, blob_view(&text), e);
	blob_free(&text);
	return ok;
}

static bool
make_directory(struct demo *d, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(d->dir, sizeof(d->dir), "%s/keymuster-demo.XXXXXX",
	    tmp == NULL || tmp[0] != '/' ? "/tmp" : tmp);

	/* The name of a socket in it has 107 octets at the most. */
	if (n > 80) {
		d->dir[0] = 0;
		return err_set(e, WHY_BAD_INPUT, "TMPDIR has a path that is too long");
	}
	if (mkdtemp(d->dir) != NULL)
		return true;
	err_set(e, WHY_IO, "%s: %s", d->dir, strerror(errno));
	d->dir[0] = 0;
	return false;
}

bool
fleet_open(struct demo *d, struct err *e)
{
	char path[2 * DEMO_PATH], spec[DEMO_PATH + 64];
	sigset_t all;

	sigemptyset(&all);
	for (size_t i = 0; i < 5; i++)
		sigaddset(&all, (const int[]){SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGTSTP}[i]);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!make_directory(d, e) || !free_port(&d->port, e))
		return false;
	(void)snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%u", d->port);
	(void)snprintf(spec, sizeof(spec), "step=%s/clock,at=" START, d->dir);
	(void)snprintf(d->clock, sizeof(d->clock), "KEYMUSTER_CLOCK=step=%s/clock", d->dir);
	if (!clock_init(spec, e))
		return false;
	d->now = d->start = clock_now();
	clock_announce(WHEN_NEVER, true);
	if (!dir_make(fleet_path(d, "verify", path), 0700, e) ||
	    !body_open(d, &d->root, "ROOTCA", "keymusterd", e))
		return false;
	for (size_t i = 0; i < d->story->roles; i++) {
		struct demo_spoke *s = &d->spoke[i];

		s->role = &d->story->role[i];
		s->setting = s->role->setting;
		if (!body_open(d, &s->body, s->role->name, "keymuster-agent", e))
			return false;
	}
	return true;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void
fleet_close(struct demo *d, bool keep)
{
	struct demo_body *all[DEMO_SPOKES + 1] = {&d->root};

	for (size_t i = 0; i < d->story->roles; i++)
		all[1 + i] = &d->spoke[i].body;
	for (size_t i = 0; i <= d->story->roles; i++)
		if (all[i]->pid > 0)
			(void)kill(all[i]->pid, SIGTERM);
	for (size_t i = 0; i <= d->story->roles; i++)
		if (all[i]->pid > 0)
			(void)process_wait(all[i]->pid, END_MS);
	if (d->dir[0] != 0 && !keep)
		(void)nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- processes ---- */

static bool
died(struct demo *d, struct demo_body *b, struct err *e)
{
	int status;

	(void)d;
	if (b->pid <= 0 || waitpid(b->pid, &status, WNOHANG) != b->pid)
		return false;
	b->pid = 0;
	err_set(e, WHY_IO, "%s (%s) ended by itself; its log is %s/log", b->program, b->name,
	    b->dir);
	return true;
}

bool
fleet_rest(struct demo *d, int64_t ms, struct err *e)
{
	struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	sigset_t waited;
	int got;

	sigemptyset(&waited);
	for (size_t i = 0; i < 4; i++)
		sigaddset(&waited, (const int[]){SIGINT, SIGTERM, SIGHUP, SIGCHLD}[i]);
	got = sigtimedwait(&waited, NULL, &span);
	if (got == SIGCHLD) {
		bool any = died(d, &d->root, e);

		for (size_t i = 0; i < d->story->roles; i++)
			any = died(d, &d->spoke[i].body, e) || any;
		return !any;
	}
	if (got > 0)
		d->ended = true;
	return !d->ended || err_set(e, WHY_REFUSED, "ended by a signal");
}

static bool
answers(const struct demo_body *b)
{
	char run[2 * DEMO_PATH];
	struct blob text = {0};
	int status;
	bool ok = daemon_ask(body_path(b, "run", run), "show clock", &text, &status, NULL);

	blob_free(&text);
	return ok && status == CODE_DONE;
}

/* The clock stands until it is on it. */
bool
fleet_start(struct demo *d, struct demo_body *b, struct err *e)
{
	char program[2 * DEMO_PATH], path[4][2 * DEMO_PATH];
	const char *argv[] = {program, "-f", body_path(b, "conf", path[0]), "-s",
	    body_path(b, "state", path[1]), "-r", body_path(b, "run", path[2]), NULL};
	char *env[] = {d->clock, NULL};
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	FILE *log = fopen(body_path(b, "log", path[3]), "ae");
	bool ok;

	if (log == NULL)
		return err_set(e, WHY_IO, "%s: %s", path[3], strerror(errno));
	(void)snprintf(program, sizeof(program), "%s/%s", d->programs, b->program);
	ok = process_start(argv, env, fileno(log), &b->pid, e);
	(void)fclose(log);
	while (ok && !answers(b)) {
		ok = fleet_rest(d, LOOK_MS, e);
		if (ok && clock_mono_ms() > until)
			ok = err_set(e, WHY_IO, "%s (%s) does not answer; its log is %s",
			    b->program, b->name, path[3]);
	}
	return ok;
}

bool
fleet_stop(struct demo *d, struct demo_body *b, struct err *e)
{
	int status;

	(void)d;
	(void)kill(b->pid, SIGTERM);
	status = process_wait(b->pid, END_MS);
	b->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	return err_set(e, WHY_IO, "%s (%s) did not end in order; its log is %s/log", b->program,
	    b->name, b->dir);
}

bool
fleet_command(struct demo *d, const struct demo_body *b, const char *line, struct blob *answer,
    struct err *e)
{
	char run[2 * DEMO_PATH];
	int status;

	(void)d;
	blob_clear(answer);
	if (!daemon_ask(body_path(b, "run", run), line, answer, &status, e))
		return err_prefix(e, "%s", b->name);
	return status == CODE_DONE || status == CODE_PENDING ||
	       err_set(e, WHY_REFUSED, "%s: %s: %s", b->name, line, blob_cstr(answer));
}

/* ---- the clock ---- */

bool
fleet_run_until(struct demo *d, when_t at, struct err *e)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	bool ok = true;

	clock_announce(at, false);
	while (ok && !(clock_now() >= at && clock_settled(&d->next))) {
		ok = fleet_rest(d, LOOK_MS, e);
		if (ok && clock_mono_ms() > until)
			ok = err_set(
			    e, WHY_IO, "somebody is busy for a minute; logs are in %s", d->dir);
	}
	clock_announce(WHEN_NEVER, true);
	d->now = clock_now();
	return ok;
}
