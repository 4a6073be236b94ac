/* plan.c - keymuster plan, and the check at the start. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/plan.h"

#define CONF_BYTES_MAX (16 * 1024 * 1024)
#define SLACK_DAYS 7

/* ---- who enrols where ---- */

/* In IOS the trustpoint of the server's name is the server's own. */
static bool
is_own(const struct conf *c, const struct conf_trustpoint *t)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (strcmp(c->server[i].name, t->name) == 0)
			return true;
	return false;
}

static size_t
servers_in(const struct plan_file *files, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += files[i].conf.server_count;
	return n;
}

/* The server that is surely this trustpoint's; else the only one that may be, and else the only
 * one there is. */
static struct show_case
case_of(const struct plan_file *files, size_t count, const struct plan_file *at,
    const struct conf_trustpoint *t)
{
	struct show_case best = {.client_file = at->path, .client = t, .clients = 1};
	size_t possible = 0, all = servers_in(files, count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < files[i].conf.server_count; k++) {
			const struct conf_server *s = &files[i].conf.server[k];
			enum conf_tie tie = conf_tie_of(t, &files[i].conf, s);

			if (tie == TIE_NONE && all > 1)
				continue;
			possible++;
			best.server = s;
			best.server_file = files[i].path;
			best.presumed = tie != TIE_SURE;
			if (tie == TIE_SURE)
				return best;
		}
	if (possible > 1)
		best.server = NULL;
	return best;
}

static bool
alike(const struct show_case *a, const struct show_case *b)
{
	const struct plan_tp_policy *p, *q;

	if (a->server != b->server || a->client == NULL || a->presumed != b->presumed ||
	    a->server == NULL)
		return false;
	p = &a->client->plan;
	q = &b->client->plan;
	return p->auto_enroll == q->auto_enroll && p->shadow_only == q->shadow_only &&
	       p->percent == q->percent && p->spread == q->spread &&
	       p->retry_period == q->retry_period;
}

struct show_case *
plan_cases(const struct plan_file *files, size_t count, size_t *n)
{
	size_t room = servers_in(files, count), at;
	struct show_case *out;

	for (size_t i = 0; i < count; i++)
		room += files[i].conf.trustpoint_count;
	out = mem_array(NULL, room + 1, sizeof(*out));
	*n = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < files[i].conf.trustpoint_count; k++) {
			const struct conf_trustpoint *t = &files[i].conf.trustpoint[k];
			struct show_case one = case_of(files, count, &files[i], t);

			if (is_own(&files[i].conf, t))
				continue;
			for (at = 0; at < *n && !alike(&out[at], &one); at++)
				;
			if (at < *n)
				out[at].clients++;
			else
				out[(*n)++] = one;
		}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < files[i].conf.server_count; k++) {
			const struct conf_server *s = &files[i].conf.server[k];

			for (at = 0; at < *n && out[at].server != s; at++)
				;
			if (at == *n)
				out[(*n)++] = (struct show_case){
				    .server_file = files[i].path, .server = s};
		}
	return out;
}

/* ---- the check at the start ---- */

struct telling {
	const struct show_case *k;
	conf_report report;
	void *arg;
	bool refused;
};

static void
tell(void *arg, enum plan_rule_level level, const char *text)
{
	struct telling *t = arg;
	bool refuses =
	    level == RULE_REFUSES && !t->k->presumed && t->k->server->plan.auto_rollover;

	t->refused |= refuses;
	t->report(t->arg, !refuses, text);
}

bool
plan_holds(const char *path, const struct conf *c, conf_report report, void *arg)
{
	struct plan_file file = {path, *c};
	struct telling t = {.report = report, .arg = arg};
	size_t n;
	struct show_case *cases = plan_cases(&file, 1, &n);

	for (size_t i = 0; i < n; i++) {
		t.k = &cases[i];
		/* Without auto-rollover and clients there is nothing to compare. */
		if (t.k->server != NULL &&
		    (t.k->client != NULL || t.k->server->plan.auto_rollover))
			(void)show_case_check(t.k, tell, &t);
	}
	free(cases);
	return !t.refused;
}

/* ---- keymuster plan ---- */

static int
usage(void)
{
	(void)dprintf(STDERR_FILENO,
	    "usage: keymuster plan [--slack DAYS] CONFIG... [json]\n"
	    "  CONFIG   of servers and of clients\n"
	    "  DAYS     which the last first enrolment is to have, %d if not said\n"
	    "exit:  0 accepted, 1 refused, 2 usage\n",
	    SLACK_DAYS);
	return CODE_USAGE;
}

static void
say_error(void *arg, bool warn, const char *text)
{
	(void)arg;
	if (!warn)
		(void)dprintf(STDERR_FILENO, "%s\n", text);
}

/* CODE_DONE when every file is read. */
static int
read_files(char **paths, size_t count, struct plan_file *files)
{
	int code = CODE_DONE;

	for (size_t i = 0; i < count; i++) {
		struct blob text = {0};
		struct err e = {0};

		files[i].path = paths[i];
		if (!file_read(paths[i], CONF_BYTES_MAX, &text, &e)) {
			(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
			code = CODE_USAGE;
		} else if (!conf_parse(paths[i], blob_view(&text), conf_shut, NULL, say_error,
			       NULL, &files[i].conf) &&
			   code == CODE_DONE) {
			code = CODE_REFUSED;
		}
		blob_free(&text);
	}
	if (code == CODE_DONE && servers_in(files, count) == 0) {
		(void)dprintf(STDERR_FILENO,
		    "%% No \"crypto pki server NAME\" block is in these files: name the "
		    "server's configuration too.\n");
		code = CODE_REFUSED;
	}
	return code;
}

/* 0 to 7305 days; false: that is none. */
static bool
read_days(const char *word, when_t *out)
{
	char *end;
	long days = strtol(word, &end, 10);

	*out = days * DAY;
	return word[0] >= '0' && word[0] <= '9' && *end == 0 && days <= 7305;
}

int
plan_main(int argc, char **argv)
{
	when_t slack = SLACK_DAYS * DAY;
	struct plan_file *files;
	struct show_case *cases;
	struct blob out = {0};
	bool json = false;
	size_t count, n;
	int code;

	if (argc > 1 && strcmp(argv[0], "--slack") == 0) {
		if (!read_days(argv[1], &slack))
			return usage();
		argc -= 2;
		argv += 2;
	}
	if (argc > 1 && strcmp(argv[argc - 1], "json") == 0) {
		json = true;
		argc--;
	}
	if (argc < 1 || argv[0][0] == '-')
		return usage();
	count = (size_t)argc;
	files = mem_get(count * sizeof(*files));
	code = read_files(argv, count, files);
	if (code == CODE_DONE) {
		cases = plan_cases(files, count, &n);
		code = show_plan(cases, n, slack, json, &out) ? CODE_DONE : CODE_REFUSED;
		free(cases);
		if (!fd_write(STDOUT_FILENO, blob_view(&out)))
			code = CODE_REFUSED;
	}
	for (size_t i = 0; i < count; i++)
		conf_free(&files[i].conf);
	free(files);
	blob_free(&out);
	return code;
}
