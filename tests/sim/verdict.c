/* verdict.c - what plan_rules says of a configuration is what happens; prints TAP. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

/*
 * Random configurations without faults, each lived through by three clients: one that enrols
 * when its certificate is the first to end with the CA's, one whose certificate ends before
 * that, and one at any time, or the first of those that come too late to wait. Refused must
 * mean that somebody asks for the next CA before it is there; accepted, that nobody does and
 * nobody is left behind. TF-08 only warns: it must be
 * true where somebody comes so late. Within a minute of the limit either is right: a machine
 * needs seconds. Not drawn is what TF-07 refuses, which is about an answer that is lost.
 */
#define LIMIT (2 * MINUTE)
#define EARLIEST (2 * MINUTE)

static uint64_t state;
static struct keys_table usual, worst;

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
	when_t joins[3]; /* its clients */
	bool refused, warned, too_late;
	when_t margin; /* the nearest to the limit */
};

static void
client_draw(struct plan_tp_policy *p)
{
	*p = (struct plan_tp_policy){.url = true,
	    .fingerprint = true,
	    .auto_enroll = draw() % 8 != 0,
	    .percent = (unsigned)between(1, 99),
	    .retry_count = 999,
	    .retry_period = draw() % 2 ? MINUTE : between(1, 60) * MINUTE};
	if (p->auto_enroll) {
		p->shadow_only = draw() % 4 == 0;
		p->spread = draw() % 2 ? between(0, 10 * DAY / MINUTE) * MINUTE : 0;
	}
}

/* Near the limit as often as far from it. */
static void
server_draw(const struct plan_tp_policy *p, struct plan_rules_server *s)
{
	when_t ca = between(10, 1200) * DAY, cert = between(1, ca / DAY) * DAY, lead = ca / 10;

	if (p->auto_enroll && !(p->shadow_only && draw() % 2))
		lead = cert - plan_percent(0, cert, p->percent);
	*s = (struct plan_rules_server){.lifetime_ca = ca, .lifetime_cert = cert};
	s->rollover = draw() % 2 ? between(HOUR, ca - HOUR)
				 : when_min(lead + between(-DAY, DAY), ca - HOUR);
	s->rollover = when_max(s->rollover / MINUTE * MINUTE, HOUR);
	/* With more than this the next CA of the next one is due when that is active, and
	 * wanted in the same second. */
	s->overlap = when_min(s->rollover, ca - s->rollover) / MINUTE;
	s->overlap = draw() % 2 ? between(0, s->overlap) * MINUTE : 0;
}

/* Who comes too late to wait for SHADOW comes early enough to ask for what is not there. */
static void
hurry_draw(struct plan_tp_policy *p, struct plan_rules_server *s)
{
	p->percent = (unsigned)between(93, 97);
	p->retry_period = between(30, 60) * MINUTE;
	s->lifetime_ca = between(10, 20) * DAY;
	s->lifetime_cert = draw() % 4 ? between(1, 3) * DAY : s->lifetime_ca;
	s->rollover = between(60, 40 * 60) * MINUTE;
	s->overlap = when_min(s->overlap, s->rollover);
}

static void
clients_place(struct configuration *c, const struct plan_rule *late)
{
	when_t end = c->server.lifetime_ca, cut = end - c->server.lifetime_cert, last = end;

	c->joins[0] = c->client.auto_enroll ? cut : 0;
	/* Its operator does not come before it asks, unless such certificates are short. */
	if (c->client.shadow_only && c->server.lifetime_cert > end / 10)
		c->joins[1] = cut - HOUR;
	if (late != NULL) {
		last = end - c->server.rollover + late->margin;
		c->too_late = (late->margin < 0 || draw() % 2) && last >= cut;
	}
	c->joins[2] = c->too_late ? last : between(0, when_max(last - HOUR, 0));
	for (size_t i = 0; i < COUNT_OF(c->joins); i++)
		c->joins[i] = when_max(c->joins[i], EARLIEST);
}

static void
margin_near(struct configuration *c, const struct plan_rule *r)
{
	if ((r->margin < 0 ? -r->margin : r->margin) < (c->margin < 0 ? -c->margin : c->margin))
		c->margin = r->margin;
}

/* False: that is none to try. */
static bool
configuration_draw(struct configuration *c)
{
	struct plan_rule rules[RULE_COUNT];
	const struct plan_rule *late = NULL;
	bool hurries = false;
	size_t n;

	memset(c, 0, sizeof(*c));
	client_draw(&c->client);
	server_draw(&c->client, &c->server);
	if (c->client.auto_enroll && draw() % 8 == 0)
		hurry_draw(&c->client, &c->server);
	n = plan_rules(&c->server, &c->client, rules);
	c->margin = WHEN_NEVER;
	for (size_t i = 0; i < n; i++) {
		c->refused |= rules[i].level == RULE_REFUSES;
		hurries |= rules[i].code == RULE_TF07 && rules[i].level == RULE_REFUSES;
		if (rules[i].code == RULE_TF05 || rules[i].code == RULE_TF06)
			margin_near(c, &rules[i]);
		if (rules[i].code == RULE_TF08)
			late = &rules[i];
	}
	clients_place(c, late);
	if (late != NULL) {
		margin_near(c, late);
		c->warned = late->level == RULE_WARNS && c->too_late;
	}
	return !hurries && (c->margin <= -LIMIT || c->margin >= LIMIT);
}

/* Whose identity was drawn no part of the spread: the first of all to ask. */
static void
random_worst(struct keys *k, uint8_t *out, size_t n)
{
	if (n == sizeof(uint16_t))
		memset(out, 0, n);
	else
		usual.random(k, out, n);
}

static struct keys *
keys_of(void *arg, long number, uint64_t seed, struct err *e)
{
	struct keys *k = keys_open_fake(seed);

	(void)arg;
	(void)e;
	if (number == 0) {
		usual = worst = *k->table;
		worst.random = random_worst;
		k->table = &worst;
	}
	return k;
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
	s.ca.plan.overlap = c->server.overlap;
	s.span = c->server.lifetime_ca + HOUR;
	s.keys = keys_of;
	s.fleets = COUNT_OF(c->joins);
	for (size_t i = 0; i < s.fleets; i++) {
		s.fleet[i] = s.fleet[0];
		s.fleet[i].clients = 1;
		s.fleet[i].policy.plan = c->client;
		s.fleet[i].joins = c->joins[i];
	}
	w = sim_open(&s, &e);
	ok = w != NULL && sim_run(w);
	if (!ok)
		printf("# %s\n", w == NULL ? e.text : sim_violation(w));
	else
		/* What nobody renews ends, as asked for. */
		*good = sim_numbers(w).early == 0 &&
			(sim_numbers(w).left == 0 || !c->client.auto_enroll ||
			    c->client.shadow_only);
	sim_free(w);
	return ok;
}

static bool
agrees(const struct configuration *c, uint64_t seed, size_t *refused, size_t *warned)
{
	bool good = false, lives = live(c, seed, &good);

	*refused += c->refused;
	*warned += !c->refused && c->warned;
	if (lives && good != (c->refused || c->warned))
		return true;
	printf(
	    "# %s, yet all goes %s: CA %ld d, certificate %ld d, auto-rollover %ld s, overlap "
	    "%ld s, %s %u%s, spread %ld s, retry period %ld s, clients at %ld, %ld, %ld s, "
	    "margin %ld s, seed %lu\n",
	    c->refused	? "refused"
	    : c->warned ? "warned of"
			: "accepted",
	    good ? "well" : "wrong", (long)(c->server.lifetime_ca / DAY),
	    (long)(c->server.lifetime_cert / DAY), (long)c->server.rollover,
	    (long)c->server.overlap, c->client.auto_enroll ? "auto-enroll" : "without",
	    c->client.percent, c->client.shadow_only ? " shadow-only" : "",
	    (long)c->client.spread, (long)c->client.retry_period, (long)c->joins[0],
	    (long)c->joins[1], (long)c->joins[2], (long)c->margin, (unsigned long)seed);
	return false;
}

int
main(int argc, char **argv)
{
	size_t wanted = (size_t)(argc > 1			    ? strtol(argv[1], NULL, 10)
				 : getenv("KEYMUSTER_SOAK") != NULL ? 10000
								    : 1000);
	size_t lived = 0, refused = 0, warned = 0, bad = 0;
	struct configuration c;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 20261125;
	printf("# seed %lu\n", (unsigned long)state);
	log_open("verdict", LOG_NOTHING);
	while (lived < wanted && bad < 5) {
		if (!configuration_draw(&c))
			continue;
		lived++;
		bad += !agrees(&c, lived, &refused, &warned);
	}
	printf("%s 1 - TF-05 TF-06 TF-08 BAD-130 of %zu configurations lived through, %zu were "
	       "refused and %zu warned of: those and no others went wrong\n1..1\n",
	    bad == 0 ? "ok" : "not ok", lived, refused, warned);
	return bad != 0;
}
