/* worlds.c - many worlds, by seed; prints TAP. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/sim.h"
#include "tests/lib/pool.h"

#define REAL_EVERY 50 /* the last of so many seeds of a heavy run has real keys */
#define SHOWN 3	      /* violations in full */

struct kind {
	const char *name;
	void (*shape)(struct sim_setup *s);
};

/* ---- worlds that are not the default one ---- */

static void
scale(struct sim_setup *s, size_t clients)
{
	size_t have = 0;

	for (size_t i = 0; i < s->fleets; i++)
		have += s->fleet[i].clients;
	for (size_t i = 0; i < s->fleets; i++)
		s->fleet[i].clients = s->fleet[i].clients * clients / have;
	for (have = 0; have < clients;) {
		have = 0;
		for (size_t i = 0; i < s->fleets; i++)
			have += s->fleet[i].clients;
		if (have < clients)
			s->fleet[0].clients++;
	}
}

static void
one_client(struct sim_setup *s)
{
	for (size_t i = 0; i < s->fleets; i++)
		s->fleet[i].clients = i == 0;
}

static void
five_thousand(struct sim_setup *s)
{
	scale(s, 5000);
	s->span = 3 * 365 * DAY;
}

/* As in a laboratory: everything within minutes. */
static void
lives(struct sim_setup *s, when_t ca, when_t cert, when_t lead)
{
	s->ca.plan.lifetime_ca = ca;
	s->ca.plan.lifetime_cert = cert;
	s->ca.plan.rollover = lead;
	s->ca.plan.lifetime_crl = when_max(cert / 10, 30);
	s->ca.plan.crl_overlap = when_max(cert / 10, 30);
	s->span = 8 * ca;
	s->join = cert;
	for (size_t i = 0; i < s->fleets; i++)
		s->fleet[i].policy.plan.retry_period =
		    when_max(when_min(MINUTE, cert / 200), 1);
}

static void
ten_minutes(struct sim_setup *s)
{
	lives(s, 600, 300, 150);
	s->fleet[2].clock_error_ms = 0;
}

static void
one_day(struct sim_setup *s)
{
	lives(s, DAY, DAY / 2, DAY / 5);
}

static void
twenty_years(struct sim_setup *s)
{
	lives(s, 7305 * DAY, 365 * DAY, 90 * DAY);
	s->ca.plan.lifetime_crl = s->ca.plan.crl_overlap = 30 * DAY;
	s->span = 45 * 365 * DAY;
}

static void
overlap_minute(struct sim_setup *s)
{
	s->ca.plan.overlap = MINUTE;
}

static void
overlap_month(struct sim_setup *s)
{
	s->ca.plan.overlap = 30 * DAY;
}

static void
as_usual(struct sim_setup *s)
{
	(void)s;
}

static const struct kind kinds[] = {
    {"default", as_usual},
    {"one-client", one_client},
    {"five-thousand", five_thousand},
    {"ten-minutes", ten_minutes},
    {"one-day", one_day},
    {"twenty-years", twenty_years},
    {"overlap-minute", overlap_minute},
    {"overlap-month", overlap_month},
};

/* ---- real keys, from a pool ---- */

static struct keys *
real_keys(void *arg, long number, uint64_t seed, struct err *e)
{
	enum { OF_ONE = 30, OWNERS = 5 };
	static struct blob pkcs8[OF_ONE * OWNERS];
	struct view views[OF_ONE];
	struct keys *k = keys_open_local(NULL, NULL, seed | 1, e);

	(void)arg;
	for (size_t i = 0; k != NULL && i < OF_ONE; i++) {
		size_t at = (size_t)(number + 1) % OWNERS * OF_ONE + i;
		struct blob *b = &pkcs8[at];

		if (b->n == 0)
			pool_pkcs8(at, b);
		views[i] = blob_view(b);
	}
	if (k != NULL) {
		keys_local_pool(k, views, OF_ONE);
		keys_local_archive(k, "cisco12345");
	}
	return k;
}

/* ---- running them ---- */

struct choice {
	const struct kind *kind;
	enum sim_faults faults;
	uint64_t first, count;
	size_t clients;
	bool report;
	const char *svg, *want; /* identities of invariants; stops at the first broken one */
	bool found;
	uint64_t real_worlds;
};

static const char *const fault_names[] = {"none", "light", "heavy"};

static void
write_svg(const struct sim *w, const char *path)
{
	struct blob out = {0};
	FILE *f = fopen(path, "we");

	sim_svg(w, &out);
	if (f != NULL) {
		(void)fwrite(out.p, 1, out.n, f);
		(void)fclose(f);
	}
	blob_free(&out);
}

static bool
wanted(const char *list, const char *id)
{
	size_t n = strlen(id);

	for (const char *at = strstr(list, id); at != NULL; at = strstr(at + 1, id))
		if ((at == list || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
			return true;
	return false;
}

/* Who looks for a bug that he knows needs no real keys. */
static bool
is_real(const struct choice *c, uint64_t seed)
{
	return c->faults == SIM_HEAVY && c->kind->shape == as_usual && c->clients == 0 &&
	       c->want == NULL && seed % REAL_EVERY == REAL_EVERY - 1;
}

/* A client of each kind: the pool has keys for so many. Archives cost a real signer minutes
 * where none stands for days; these seeds have none. */
static void
real(struct sim_setup *s)
{
	for (size_t i = 0; i < s->fleets; i++)
		s->fleet[i].clients = 1;
	s->keys = real_keys;
}

static bool
run_one(struct choice *c, uint64_t seed, struct sim_numbers *sum)
{
	struct sim_setup s;
	struct err e = {0};
	struct sim *w;
	struct sim_numbers n;
	struct blob text = {0};
	bool ok;

	sim_default(&s, seed, c->faults);
	c->kind->shape(&s);
	if (c->clients > 0)
		scale(&s, c->clients);
	(void)snprintf(s.repeat, sizeof(s.repeat), "worlds --world %s --faults %s --first %lu",
	    c->kind->name, fault_names[c->faults], (unsigned long)seed);
	if (is_real(c, seed)) {
		real(&s);
		c->real_worlds++;
	}
	w = sim_open(&s, &e);
	if (w == NULL) {
		printf("# no world: %s\n", e.text);
		return false;
	}
	ok = sim_run(w);
	n = sim_numbers(w);
	sum->events += n.events;
	sum->requests += n.requests;
	sum->issued += n.issued;
	sum->generations += n.generations;
	sum->left += n.left;
	sum->crashes += n.crashes;
	sum->digest ^= n.digest;
	if (!ok && c->want != NULL) {
		c->found |= wanted(c->want, sim_broken_id(w));
		printf("# %s seed %lu\n", sim_broken_id(w), (unsigned long)seed);
	} else if (!ok) {
		printf("# %s\n", sim_violation(w));
	}
	if (c->report) {
		sim_text(w, &text);
		printf("%s", blob_cstr(&text));
	}
	if (c->svg != NULL)
		write_svg(w, c->svg);
	blob_free(&text);
	sim_free(w);
	return ok;
}

static double
cpu(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
run_many(struct choice *c)
{
	struct sim_numbers sum = {0};
	double begin = cpu(), took;
	uint64_t bad = 0;

	for (uint64_t seed = c->first;
	     seed < c->first + c->count && !c->found && (bad < SHOWN || c->want != NULL);
	     seed++)
		bad += !run_one(c, seed, &sum);
	took = cpu() - begin;
	printf("%s - %s world, faults %s, seeds %lu to %lu, %lu with real keys # %lu events, "
	       "%.0f a second, %zu CAs, %lu certificates, %zu left, %lu crashes, %.2f s, "
	       "digest %016lx\n",
	    bad == 0 ? "ok" : "not ok", c->kind->name, fault_names[c->faults],
	    (unsigned long)c->first, (unsigned long)(c->first + c->count - 1),
	    (unsigned long)c->real_worlds, (unsigned long)sum.events, (double)sum.events / took,
	    sum.generations, (unsigned long)sum.issued, sum.left, (unsigned long)sum.crashes,
	    took, (unsigned long)sum.digest);
	return bad == 0 ? 0 : 1;
}

static const struct kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	fprintf(stderr, "no world '%s'\n", name);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct choice c = {.kind = &kinds[0], .faults = SIM_HEAVY, .first = 1, .count = 1};
	int code;

	log_open("sim", getenv("STORY_LOG") != NULL ? LOG_NOTICE : LOG_NOTHING);
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--report") == 0) {
			c.report = true;
			continue;
		}
		if (strcmp(argv[i], "--world") == 0)
			c.kind = kind_named(next);
		else if (strcmp(argv[i], "--first") == 0)
			c.first = strtoull(next, NULL, 10);
		else if (strcmp(argv[i], "--count") == 0)
			c.count = strtoull(next, NULL, 10);
		else if (strcmp(argv[i], "--clients") == 0)
			c.clients = strtoul(next, NULL, 10);
		else if (strcmp(argv[i], "--want") == 0)
			c.want = next;
		else if (strcmp(argv[i], "--svg") == 0)
			c.svg = next;
		else if (strcmp(argv[i], "--faults") == 0)
			c.faults = next[0] == 'n'   ? SIM_NONE
				   : next[0] == 'l' ? SIM_LIGHT
						    : SIM_HEAVY;
		else
			return 2;
		i++;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..1\n");
	code = run_many(&c);
	pool_free();
	return code;
}
