/* verdict.c - what plan_rules says of a configuration is what happens; prints TAP. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

/*
 * Random configurations without faults, each lived through by three clients: one that enrols
 * when its certificate is the first to end with the CA's, one at the start, one at any time.
 * Refused must mean that somebody asks for the next CA before it is there; accepted, that
 * nobody does and nobody is left behind. Within a minute of the limit either is right: a
 * machine needs seconds.
 */
#define LIMIT (2 * MINUTE)
#define EARLIEST (2 * MINUTE)

static uint64_t state;

static uint64_t
draw(void) /* splitmix64 */
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static when_t
between(when_t least, when_t most)
{
	return least + (when_t)(draw() % (uint64_t)(most - least + 1));
}

struct configuration {
	struct plan_rules_server server;
	struct plan_tp_policy client;
	bool refused;
	when_t margin; /* the least of what can refuse */
	struct plan_course course;
};

static void
configuration_draw(struct configuration *c)
{
	struct plan_rule rules[RULE_COUNT];
	when_t ca = between(10, 1200) * DAY, lead;
	size_t n;

	memset(c, 0, sizeof(*c));
	c->client = (struct plan_tp_policy){.url = true,
	    .fingerprint = true,
	    .auto_enroll = draw() % 8 != 0,
	    .percent = (unsigned)between(1, 99),
	    .retry_count = 999,
	    .retry_period = MINUTE};
	c->server.lifetime_ca = ca;
	c->server.lifetime_cert = between(1, ca / DAY) * DAY;
	/* Near the limit as often as far from it. */
	lead = c->client.auto_enroll
		   ? c->server.lifetime_cert -
			 plan_percent(0, c->server.lifetime_cert, c->client.percent)
		   : ca / 10;
	c->server.rollover = draw() % 2 ? between(HOUR, ca - HOUR)
					: when_min(lead + between(-DAY, DAY), ca - HOUR);
	c->server.rollover = when_max(c->server.rollover / MINUTE * MINUTE, HOUR);
	n = plan_rules(&c->server, &c->client, rules);
	c->margin = WHEN_NEVER;
	for (size_t i = 0; i < n; i++) {
		c->refused |= rules[i].level == RULE_REFUSES;
		if (rules[i].code == RULE_TF05 || rules[i].code == RULE_TF06)
			c->margin = when_min(c->margin, rules[i].margin);
	}
	c->course = plan_rules_course(&c->server, &c->client, 0);
}

static bool
live(const struct configuration *c, uint64_t seed, bool *good)
{
	struct sim_setup s;
	struct err e = {0};
	struct sim *w;
	bool ok;

	sim_default(&s, seed, SIM_NONE);
	s.ca.mode = CA_AUTO; /* people in some worlds hold renewals up */
	s.ca.renewals_wait = false;
	s.ca.plan.lifetime_ca = c->server.lifetime_ca;
	s.ca.plan.lifetime_cert = c->server.lifetime_cert;
	s.ca.plan.rollover = c->server.rollover;
	s.span = c->server.lifetime_ca + HOUR;
	s.fleets = 3;
	for (size_t i = 0; i < s.fleets; i++) {
		s.fleet[i] = s.fleet[0];
		s.fleet[i].clients = 1;
		s.fleet[i].policy.plan = c->client;
	}
	s.fleet[0].joins = when_max(c->course.enrols, EARLIEST);
	s.fleet[1].joins = EARLIEST;
	s.fleet[2].joins = when_max(between(0, c->course.latest - HOUR), EARLIEST);
	w = sim_open(&s, &e);
	ok = w != NULL && sim_run(w);
	if (!ok)
		printf("# %s\n", w == NULL ? e.text : sim_violation(w));
	else
		/* Without auto-enroll an identity ends and nobody renews it, as asked for. */
		*good = sim_numbers(w).early == 0 &&
			(sim_numbers(w).left == 0 || !c->client.auto_enroll);
	sim_free(w);
	return ok;
}

static bool
agrees(const struct configuration *c, uint64_t seed, size_t *refused)
{
	bool good = false;

	if (!live(c, seed, &good))
		return false;
	*refused += c->refused;
	if (good != c->refused)
		return true;
	printf(
	    "# %s, yet all goes %s: CA %ld d, certificate %ld d, auto-rollover %ld s, %s %u, "
	    "margin %ld s, seed %lu\n",
	    c->refused ? "refused" : "accepted", good ? "well" : "wrong",
	    (long)(c->server.lifetime_ca / DAY), (long)(c->server.lifetime_cert / DAY),
	    (long)c->server.rollover, c->client.auto_enroll ? "auto-enroll" : "without",
	    c->client.percent, (long)c->margin, (unsigned long)seed);
	return false;
}

int
main(int argc, char **argv)
{
	size_t wanted = (size_t)(argc > 1			    ? strtol(argv[1], NULL, 10)
				 : getenv("KEYMUSTER_SOAK") != NULL ? 10000
								    : 1000);
	size_t lived = 0, refused = 0, bad = 0;
	struct configuration c;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261125;
	printf("# seed %lu\n", (unsigned long)state);
	log_open("verdict", LOG_NOTHING);
	while (lived < wanted && bad < 5) {
		configuration_draw(&c);
		if (c.margin > -LIMIT && c.margin < LIMIT)
			continue;
		lived++;
		bad += !agrees(&c, lived, &refused);
	}
	printf(
	    "%s 1 - TF-05 TF-06 BAD-130 of %zu configurations lived through, %zu were refused: "
	    "those and no others went wrong\n1..1\n",
	    bad == 0 ? "ok" : "not ok", lived, refused);
	return bad != 0;
}
