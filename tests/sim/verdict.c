/* verdict.c - what plan_rules says of a configuration is what happens; prints TAP. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "cmd/cmd.h"
#include "cmd/plan.h"
#include "sim/sim.h"

/*
 * Random configurations, each lived through by these clients:
 * FIRST enrols when its certificate is the first to end with the CA's,
 * BEFORE has one that ends before that,
 * ANY comes at any time, or as the first of those that come too late to wait,
 * FOLLOWS is as FIRST, and RENEWS as BEFORE, but asks as late as its spread allows, and
 * nobody answers for a retry period from then on.
 * The clocks of the first three are ahead, those of the others behind. Refused must mean that
 * somebody asks for the next CA before it is there, is left behind, or has no valid
 * certificate for a while; accepted, that nothing of this happens. TF-08 only warns: it must
 * be true where somebody comes so late. Near the limit either is right: a machine needs
 * seconds.
 *
 * One in so many is written down, and goes the way of "keymuster plan" and of a daemon's
 * start: what these say is what plan_rules says, and the world is made of what was read.
 */
#define LIMIT ((when_t)15)
#define EARLIEST ((when_t)5)
#define WRITTEN 20

enum { FIRST, BEFORE, ANY, FOLLOWS, RENEWS, CLIENTS };

static uint64_t state;
static struct keys_table usual, hasty, tardy;

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
	when_t joins[CLIENTS], cut_from[CLIENTS];
	size_t clients;
	bool refused, warned, too_late;
	when_t margin;		   /* the nearest to the limit */
	size_t refusals, warnings; /* of the rules */
	bool written;
	struct conf read; /* when written */
};

static void
client_draw(struct plan_tp_policy *p)
{
	*p = (struct plan_tp_policy){.url = true,
	    .fingerprint = true,
	    .auto_enroll = draw() % 8 != 0,
	    .percent = draw() % 16 ? (unsigned)between(1, 99) : 100,
	    .retry_count = 999,
	    .retry_period = draw() % 2 ? MINUTE : between(1, 60) * MINUTE};
	if (p->auto_enroll) {
		p->shadow_only = draw() % 4 == 0;
		p->spread = draw() % 2 ? between(0, 10 * DAY / MINUTE) * MINUTE : 0;
	}
}

static when_t
near(void)
{
	return draw() % 2 ? between(-DAY, DAY) : between(-5 * MINUTE, 5 * MINUTE);
}

/* Near the limit as often as far from it. */
static void
server_draw(const struct plan_tp_policy *p, struct plan_rules_server *s)
{
	when_t ca = between(10, 1200) * DAY, cert = between(1, ca / DAY) * DAY, lead = ca / 10;

	if (p->auto_enroll && !(p->shadow_only && draw() % 2))
		lead = cert - plan_percent(0, cert, p->percent);
	*s = (struct plan_rules_server){.lifetime_ca = ca, .lifetime_cert = cert};
	s->rollover =
	    draw() % 2 ? between(HOUR, ca - HOUR) : when_min(lead + near(), ca - HOUR);
	s->rollover = when_max(s->rollover / MINUTE * MINUTE, HOUR);
	/* With more than this the next CA of the next one is due when that is active, and
	 * wanted in the same second. */
	s->overlap = when_min(s->rollover, ca - s->rollover) / MINUTE;
	s->overlap = draw() % 2 ? between(0, s->overlap) * MINUTE : 0;
}

/* No text says these. */
static void
errors_draw(struct plan_rules_server *s)
{
	s->clock_error = draw() % 2 ? between(0, MINUTE) : 0;
	s->generation = draw() % 4 ? 0 : between(0, 10 * MINUTE);
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

/* Nobody answers from the instant on at which it asks: as late as its spread allows. */
static void
cut_place(struct configuration *c, size_t i)
{
	when_t end = c->server.lifetime_ca, at = when_max(c->joins[i], EARLIEST), due;
	struct plan_tp_facts f = {.id_from = at,
	    .id_until = when_min(at + c->server.lifetime_cert, end),
	    .issuer_until = end,
	    .spread_draw = UINT16_MAX};

	due = plan_tp_due(&c->client, &f);
	if (due > at) /* else there is time enough */
		c->cut_from[i] = due - 2;
}

static void
clients_place(struct configuration *c, const struct plan_rule *late)
{
	when_t end = c->server.lifetime_ca, cut = end - c->server.lifetime_cert, last = end;
	bool renews = c->client.auto_enroll && !c->client.shadow_only && cut > 0;

	c->joins[FIRST] = c->client.auto_enroll ? cut : 0;
	/* Its operator does not come before it asks, unless such certificates are short. */
	if (c->client.shadow_only && c->server.lifetime_cert > end / 10)
		c->joins[BEFORE] = cut - HOUR;
	if (late != NULL) {
		last = end - c->server.rollover + c->server.generation + c->server.clock_error +
		       late->margin;
		c->too_late = (late->margin < 0 || draw() % 2) && last >= cut;
	}
	c->joins[ANY] = c->too_late ? last : between(0, when_max(last - HOUR, 0));
	c->joins[FOLLOWS] = cut;
	c->clients = !c->client.auto_enroll ? FOLLOWS : renews ? CLIENTS : RENEWS;
	for (size_t i = 0; i < c->clients; i++) {
		c->joins[i] = when_max(c->joins[i], EARLIEST);
		if (i >= FOLLOWS)
			cut_place(c, i);
	}
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
	bool slow = false;
	size_t n;

	memset(c, 0, sizeof(*c));
	client_draw(&c->client);
	server_draw(&c->client, &c->server);
	if (c->client.auto_enroll && draw() % 8 == 0)
		hurry_draw(&c->client, &c->server);
	c->written = draw() % WRITTEN == 0;
	if (!c->written)
		errors_draw(&c->server);
	n = plan_rules(&c->server, &c->client, rules);
	c->margin = WHEN_NEVER;
	for (size_t i = 0; i < n; i++) {
		c->refusals += rules[i].level == RULE_REFUSES;
		c->warnings += rules[i].level == RULE_WARNS;
		if (rules[i].code == RULE_TF05 || rules[i].code == RULE_TF06 ||
		    rules[i].code == RULE_TF07)
			margin_near(c, &rules[i]);
		slow |= rules[i].code == RULE_TF07 && rules[i].level == RULE_REFUSES;
		if (rules[i].code == RULE_TF08)
			late = &rules[i];
	}
	c->refused = c->refusals > 0;
	clients_place(c, late);
	if (late != NULL) {
		margin_near(c, late);
		c->warned = late->level == RULE_WARNS && c->too_late;
	}
	/* Who renews by hand may end at any time, so a second try that comes too late cannot be
	 * told from that. */
	if (c->client.shadow_only && slow && c->refusals == 1)
		return false;
	/* Not all rules are about clocks that are ahead. */
	return c->margin <= -LIMIT - c->server.clock_error || c->margin >= LIMIT;
}

/* ---- as text ---- */

static void
add_span(struct blob *out, const char *words, when_t span)
{
	blob_printf(out, "%s %lld %lld %lld", words, (long long)(span / DAY),
	    (long long)(span % DAY / HOUR), (long long)(span % HOUR / MINUTE));
}

static void
configuration_write(const struct configuration *c, struct blob *out)
{
	const struct plan_tp_policy *p = &c->client;

	blob_add_str(out, "ip http port 8080\nip http listen 127.0.0.1\n"
			  "crypto pki server ROOTCA\n issuer-name CN=RootCA\n grant auto\n");
	add_span(out, " lifetime ca-certificate", c->server.lifetime_ca);
	add_span(out, "\n lifetime certificate", c->server.lifetime_cert);
	add_span(out, "\n auto-rollover", c->server.rollover);
	if (c->server.overlap > 0)
		add_span(out, " overlap", c->server.overlap);
	blob_printf(out,
	    "\n no shutdown\n!\ncrypto pki trustpoint Root-CA\n"
	    " enrollment url http://127.0.0.1:8080/scep/ROOTCA\n"
	    " enrollment retry period %lld\n",
	    (long long)(p->retry_period / MINUTE));
	if (p->shadow_only)
		blob_add_str(out, " auto-enroll shadow-only\n");
	if (p->auto_enroll && p->percent == 100)
		blob_add_str(out, " auto-enroll\n");
	else if (p->auto_enroll)
		blob_printf(out, " auto-enroll %u\n", p->percent);
	if (p->spread > 0)
		blob_printf(out, " auto-enroll spread %lld\n", (long long)(p->spread / MINUTE));
}

struct heard {
	size_t refusals, warnings;
	char last[200];
};

static void
hear(void *arg, bool warn, const char *text)
{
	struct heard *h = arg;

	h->refusals += !warn;
	h->warnings += warn;
	(void)snprintf(h->last, sizeof(h->last), "%s", text);
}

static void
hear_case(void *arg, enum plan_rule_level level, const char *text)
{
	hear(arg, level != RULE_REFUSES, text);
}

/* What "keymuster plan" and a daemon's start say of the text is what the rules said. */
static bool
text_agrees(struct configuration *c)
{
	struct heard grammar = {0}, plan = {0}, start = {0};
	struct plan_file file = {.path = "spoke.conf"};
	struct show_case *cases;
	struct blob text = {0};
	size_t n = 0;
	bool ok, held = false, starts = false;

	configuration_write(c, &text);
	ok = conf_parse(
	    file.path, blob_view(&text), conf_shut, NULL, hear, &grammar, &file.conf);
	if (ok) {
		cases = plan_cases(&file, 1, &n);
		ok = n == 1 && cases[0].client != NULL && !cases[0].presumed;
		held = ok && show_case_check(&cases[0], hear_case, &plan);
		free(cases);
		starts = plan_holds(file.path, &file.conf, hear, &start);
	}
	c->read = file.conf;
	if (ok && held == !c->refused && starts == held && plan.refusals == c->refusals &&
	    plan.warnings == c->warnings && start.refusals == c->refusals &&
	    start.warnings == c->warnings) {
		blob_free(&text);
		return true;
	}
	printf(
	    "# the text is %s, with %zu refusals and %zu warnings (start: %s, %zu, %zu), the "
	    "rules have %zu and %zu; last: %s; grammar: %s\n%s\n",
	    held ? "accepted" : "refused", plan.refusals, plan.warnings,
	    starts ? "accepted" : "refused", start.refusals, start.warnings, c->refusals,
	    c->warnings, plan.last, grammar.last, blob_cstr(&text));
	blob_free(&text);
	return false;
}

/* ---- lived through ---- */

/* How much of the spread it drew: the first of all to ask, or the last. */
static void
random_hasty(struct keys *k, uint8_t *out, size_t n)
{
	if (n == sizeof(uint16_t))
		memset(out, 0, n);
	else
		usual.random(k, out, n);
}

static void
random_tardy(struct keys *k, uint8_t *out, size_t n)
{
	if (n == sizeof(uint16_t))
		memset(out, UINT8_MAX, n);
	else
		usual.random(k, out, n);
}

static struct keys *
keys_of(void *arg, long number, uint64_t seed, struct err *e)
{
	struct keys *k = keys_open_fake(seed);

	(void)arg;
	(void)e;
	if (number < 0)
		usual = hasty = tardy = *k->table;
	hasty.random = random_hasty;
	tardy.random = random_tardy;
	if (number == FIRST)
		k->table = &hasty;
	else if (number >= FOLLOWS)
		k->table = &tardy;
	return k;
}

/* What was read, or what was drawn. */
static bool
policies(const struct configuration *c, struct sim_setup *s, struct tp_policy *client)
{
	struct err e = {0};
	struct ca_policy p;

	*client = s->fleet[0].policy;
	client->plan = c->client;
	s->ca.plan.lifetime_ca = c->server.lifetime_ca;
	s->ca.plan.lifetime_cert = c->server.lifetime_cert;
	s->ca.plan.rollover = c->server.rollover;
	s->ca.plan.overlap = c->server.overlap;
	if (!c->written)
		return true;
	if (!wire_policy(&c->read.server[0], &p, &e))
		return false;
	s->ca.plan = p.plan;
	agent_policy(&c->read.trustpoint[0], client);
	client->plan.fingerprint = true; /* somebody authenticates it */
	return true;
}

static bool
live(const struct configuration *c, uint64_t seed, bool *good)
{
	struct tp_policy client;
	struct sim_setup s;
	struct err e = {0};
	struct sim *w;
	bool ok;

	sim_default(&s, seed, SIM_NONE);
	s.ca.mode = CA_AUTO; /* people in some worlds hold renewals up */
	s.ca.renewals_wait = false;
	if (!policies(c, &s, &client))
		return false;
	s.key_time = c->server.generation;
	s.span = s.key_time + c->server.lifetime_ca + HOUR;
	s.keys = keys_of;
	s.fleets = c->clients;
	for (size_t i = 0; i < s.fleets; i++)
		s.fleet[i] = (struct sim_fleet){.clients = 1,
		    .policy = client,
		    .clock_error_ms = i < FOLLOWS ? 1000 * c->server.clock_error : 0,
		    /* The first pair of all takes its time too. */
		    .joins = s.key_time + c->joins[i],
		    .cut_from = s.key_time + c->cut_from[i],
		    .cut_for = c->cut_from[i] > 0 ? client.plan.retry_period : 0};
	w = sim_open(&s, &e);
	ok = w != NULL && sim_run(w);
	/* Who asks at once for years, or all the time, or is left with what ends at the switch,
	 * is refused for that. */
	if (w != NULL && !ok && c->refused &&
	    (strcmp(sim_broken_id(w), "L-01") == 0 || strcmp(sim_broken_id(w), "L-03") == 0 ||
		strcmp(sim_broken_id(w), "INV-01") == 0))
		ok = !(*good = false);
	else if (!ok)
		printf("# %s\n", w == NULL ? e.text : sim_violation(w));
	else
		/* What nobody renews ends, as asked for. */
		*good = sim_numbers(w).early == 0 &&
			((sim_numbers(w).left == 0 && sim_numbers(w).lapsed == 0) ||
			    !c->client.auto_enroll || c->client.shadow_only);
	sim_free(w);
	return ok;
}

static bool
agrees(struct configuration *c, uint64_t seed, size_t *refused, size_t *warned)
{
	bool good = false, lives;

	if (c->written && !text_agrees(c)) {
		conf_free(&c->read);
		return false;
	}
	lives = live(c, seed, &good);
	if (c->written)
		conf_free(&c->read);
	*refused += c->refused;
	*warned += !c->refused && c->warned;
	if (lives && good != (c->refused || c->warned))
		return true;
	printf(
	    "# %s, yet all goes %s: CA %ld d, certificate %ld d, auto-rollover %ld s, overlap "
	    "%ld s, %s %u%s, spread %ld s, retry period %ld s, clocks wrong by %ld s, pairs "
	    "take %ld s, clients at %ld, %ld, %ld s, margin %ld s, seed %lu\n",
	    c->refused	? "refused"
	    : c->warned ? "warned of"
			: "accepted",
	    good ? "well" : "wrong", (long)(c->server.lifetime_ca / DAY),
	    (long)(c->server.lifetime_cert / DAY), (long)c->server.rollover,
	    (long)c->server.overlap, c->client.auto_enroll ? "auto-enroll" : "without",
	    c->client.percent, c->client.shadow_only ? " shadow-only" : "",
	    (long)c->client.spread, (long)c->client.retry_period, (long)c->server.clock_error,
	    (long)c->server.generation, (long)c->joins[FIRST], (long)c->joins[BEFORE],
	    (long)c->joins[ANY], (long)c->margin, (unsigned long)seed);
	return false;
}

int
main(int argc, char **argv)
{
	size_t wanted = (size_t)(argc > 1			    ? strtol(argv[1], NULL, 10)
				 : getenv("KEYMUSTER_SOAK") != NULL ? 10000
								    : 2000);
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
	printf("%s 1 - TF-05 TF-06 TF-07 TF-08 BAD-130 of %zu configurations lived through, "
	       "%zu were "
	       "refused and %zu warned of: those and no others went wrong\n1..1\n",
	    bad == 0 ? "ok" : "not ok", lived, refused, warned);
	return bad != 0;
}
