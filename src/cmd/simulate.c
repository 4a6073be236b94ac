/* simulate.c - a configuration lived through, for years, in a moment. */
#include "cmd/simulate.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "cmd/cmd.h"
#include "cmd/replay.h"
#include "sim/sim.h"

#define CONFIG_MAX ((size_t)16 * 1024 * 1024)
#define FILES 16
#define CLIENTS 64
#define CLIENTS_MAX 1000000
#define YEARS 12
#define YEARS_MAX 1000
#define LIVES 8 /* of a CA that lives for days only */
#define KEY_BITS 2048

struct wish {
	long clients, years;
	unsigned long seed;
	enum sim_faults faults;
	const char *json, *svg;
};

static int
usage(void)
{
	(void)dprintf(STDERR_FILENO,
	    "usage: keymuster simulate CONFIG... [--clients N] [--years N] [--seed N]\n"
	    "           [--faults none|light|heavy] [--json FILE] [--svg FILE]\n"
	    "       keymuster simulate --replay FILE\n");
	return CODE_USAGE;
}

/* ---- options ---- */

static bool
number(const char *name, const char *text, long least, long most, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	if (*end == 0 && end != text && *out >= least && *out <= most)
		return true;
	(void)dprintf(STDERR_FILENO,
	    "simulate: '--%s' takes a number from %ld to %ld, not '%s'\n", name, least, most,
	    text);
	return false;
}

static bool
faults(const char *text, enum sim_faults *out)
{
	static const char *const names[] = {"none", "light", "heavy"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum sim_faults)i;
			return true;
		}
	(void)dprintf(
	    STDERR_FILENO, "simulate: '--faults' takes none, light or heavy, not '%s'\n", text);
	return false;
}

static bool
options(int argc, char **argv, struct wish *out)
{
	static const struct option list[] = {{"clients", required_argument, NULL, 'c'},
	    {"years", required_argument, NULL, 'y'}, {"seed", required_argument, NULL, 's'},
	    {"faults", required_argument, NULL, 'f'}, {"json", required_argument, NULL, 'j'},
	    {"svg", required_argument, NULL, 'g'}, {0}};
	long seed;
	int c;
	bool ok = true;

	*out = (struct wish){.clients = CLIENTS, .seed = 1};
	optind = 0; /* anew, for main has read options of its own */
	while (ok && (c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		ok = c == 'c'	? number("clients", optarg, 1, CLIENTS_MAX, &out->clients)
		     : c == 'y' ? number("years", optarg, 1, YEARS_MAX, &out->years)
		     : c == 's' ? number("seed", optarg, 0, INT32_MAX, &seed)
		     : c == 'f' ? faults(optarg, &out->faults)
				: c == 'j' || c == 'g';
		if (c == 's' && ok)
			out->seed = (unsigned long)seed;
		else if (c == 'j')
			out->json = optarg;
		else if (c == 'g')
			out->svg = optarg;
	}
	if (!ok || (optind < argc && argc - optind <= FILES))
		return ok;
	(void)dprintf(STDERR_FILENO, "simulate: one to %d configurations, not %d\n", FILES,
	    argc - optind);
	return false;
}

/* ---- configurations to a world ---- */

static bool
read_all(char **paths, size_t n, struct conf *out)
{
	for (size_t i = 0; i < n; i++) {
		struct blob text = {0};
		struct err e = {0};
		bool ok = file_read(paths[i], CONFIG_MAX, &text, &e);

		if (!ok)
			(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
		ok = ok && conf_load(paths[i], blob_view(&text), NULL, false, &out[i]);
		blob_free(&text);
		if (!ok)
			return false;
	}
	return true;
}

static const struct conf *
with_server(const struct conf *c, size_t n)
{
	const struct conf *found = NULL;
	size_t servers = 0;

	for (size_t i = 0; i < n; i++) {
		servers += c[i].server_count;
		if (c[i].server_count > 0)
			found = &c[i];
	}
	if (servers == 1)
		return found;
	(void)dprintf(STDERR_FILENO,
	    "%% these files have %zu 'crypto pki server' blocks, and a simulation has one\n",
	    servers);
	return NULL;
}

/* Its pairs are numbers too, and somebody authenticates the CA. */
static struct tp_policy
client_policy(const struct conf_trustpoint *t)
{
	struct tp_policy p;

	agent_policy(t, &p);
	p.key_bits = KEY_BITS;
	p.plan.fingerprint = true;
	return p;
}

static void
fleet_add(struct sim_setup *s, const char *name, const struct tp_policy *p)
{
	struct sim_fleet *f = &s->fleet[s->fleets++];

	f->policy = *p;
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
}

/* Each trustpoint that enrols at the server stands for a part of the clients. */
static void
fleets(const struct conf *c, size_t n, size_t clients, struct sim_setup *s)
{
	struct sim_setup usual;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < c[i].trustpoint_count && s->fleets < SIM_FLEETS; k++) {
			const struct conf_trustpoint *t = &c[i].trustpoint[k];
			struct tp_policy p = client_policy(t);

			if (t->url[0] != 0)
				fleet_add(s, t->name, &p);
		}
	if (s->fleets == 0) {
		sim_default(&usual, 0, SIM_NONE);
		fleet_add(s, usual.fleet[0].name, &usual.fleet[0].policy);
	}
	for (size_t i = 0; i < s->fleets; i++)
		s->fleet[i].clients = clients / s->fleets + (i < clients % s->fleets);
}

/* Whatever pairs the server has, those of a world are numbers of 2048 bits. */
static bool
server_policy(const struct conf_server *c, struct ca_policy *out, struct err *e)
{
	if (!wire_policy(c, out, e))
		return false;
	out->key_kind = KEY_RSA;
	out->key_bits = out->ra_bits = KEY_BITS;
	out->plan.shutdown = false;
	return true;
}

static bool
setup(const struct conf *c, size_t n, const struct wish *wish, struct sim_setup *out)
{
	const struct conf *at = with_server(c, n);
	struct err e = {0};
	when_t years = (wish->years > 0 ? wish->years : YEARS) * 365 * DAY;

	*out = (struct sim_setup){.seed = wish->seed, .faults = wish->faults};
	if (at == NULL)
		return false;
	if (!server_policy(&at->server[0], &out->ca, &e)) {
		(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
		return false;
	}
	fleets(c, n, (size_t)wish->clients, out);
	if (!when_parse("2026-01-01T00:00:00Z", &out->start)) /* always the same: it repeats */
		return false;
	out->span = wish->years > 0 ? years : when_min(years, LIVES * out->ca.plan.lifetime_ca);
	out->join = when_min(
	    when_min(out->ca.plan.lifetime_cert, out->ca.plan.lifetime_ca / 2), out->span / 2);
	(void)snprintf(out->repeat, sizeof(out->repeat),
	    "keymuster simulate CONFIG... --clients %ld --years %ld --seed %lu --faults %s",
	    wish->clients, wish->years > 0 ? wish->years : YEARS, wish->seed,
	    wish->faults == SIM_NONE	? "none"
	    : wish->faults == SIM_LIGHT ? "light"
					: "heavy");
	return true;
}

/* ---- what comes of it ---- */

static bool
write_out(
    const char *path, void (*print)(const struct sim *w, struct blob *out), const struct sim *w)
{
	struct blob out = {0};
	FILE *f;
	bool ok;

	if (path == NULL)
		return true;
	print(w, &out);
	f = fopen(path, "we");
	ok = f != NULL && fwrite(out.p, 1, out.n, f) == out.n;
	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		(void)dprintf(
		    STDERR_FILENO, "%% cannot write '%s': %s\n", path, strerror(errno));
	blob_free(&out);
	return ok;
}

static int
live(const struct sim_setup *s, const struct wish *wish)
{
	struct blob text = {0};
	struct err e = {0};
	struct sim *w = sim_open(s, &e);
	bool held, written;
	int code;

	if (w == NULL) {
		(void)dprintf(STDERR_FILENO, "%% %s\n", e.text);
		return CODE_REFUSED;
	}
	held = sim_run(w);
	sim_text(w, &text);
	(void)fwrite(text.p, 1, text.n, stdout);
	written = write_out(wish->json, sim_json, w) && write_out(wish->svg, sim_svg, w);
	code = sim_numbers(w).left > 0 ? CODE_MUSTER
	       : held && written       ? CODE_DONE
				       : CODE_REFUSED;
	blob_free(&text);
	sim_free(w);
	return code;
}

int
simulate(int argc, char **argv)
{
	static struct conf conf[FILES];
	static struct sim_setup s;
	struct wish wish;
	size_t n;
	int code = CODE_REFUSED;

	if (argc == 3 && strcmp(argv[1], "--replay") == 0)
		return replay(argv[2]);
	if (!options(argc, argv, &wish))
		return usage();
	n = (size_t)(argc - optind);
	log_open("keymuster", LOG_NOTHING); /* of thousands of machines */
	if (read_all(argv + optind, n, conf) && setup(conf, n, &wish, &s))
		code = live(&s, &wish);
	for (size_t i = 0; i < n; i++)
		conf_free(&conf[i]);
	return code;
}
