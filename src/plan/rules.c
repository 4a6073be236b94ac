/* rules.c - what a configuration can promise its clients. */
#include "plan/plan.h"

/* A client that may be away for less than the smaller of these is worth a warning. */
#define AWAY DAY
#define AWAY_PART 20 /* of its certificate's life */

/* What is left of a life when that much of it is over. */
static when_t
rest(when_t life, unsigned percent)
{
	return life - plan_percent(0, life, percent);
}

/* The shortest life of which at least that much is left then. */
static when_t
life_with(when_t wanted, unsigned percent)
{
	when_t of = 100 - (when_t)percent;

	if (wanted <= 0)
		return 0;
	if (percent >= 100)
		return WHEN_NEVER;
	return when_add((wanted - 1) / of * 100, (wanted - 1) % of * 100 / of + 1);
}

when_t
plan_rules_latest(const struct plan_tp_policy *p, when_t slack)
{
	/* Spread takes at most half of what is left. */
	return life_with(when_min(when_add(slack, p->spread), 2 * slack - 1), p->percent);
}

/* Is there one whose certificate ends before the CA's and is not renewed? It asks at 90 %. */
static bool
some_by_hand(const struct plan_rules_server *s, const struct plan_tp_policy *p)
{
	return !p->auto_enroll || (p->shadow_only && s->lifetime_cert < s->lifetime_ca);
}

/* How long before the CA's end the next one is begun: a subordinate CA takes its own as a
 * client does, with SHADOW. */
static when_t
lead_of(const struct plan_rules_server *s)
{
	return s->subordinate ? rest(s->lifetime_ca, s->upper_percent) : s->rollover;
}

static void
rule_add(struct plan_rule *out, size_t *n, enum plan_rule_code code, when_t margin,
    enum plan_rule_level broken, when_t least)
{
	out[(*n)++] = (struct plan_rule){code, margin, margin < least ? broken : RULE_HOLDS};
}

/* Clients with SHADOW; the earliest is that of the longest certificate cut to the CA's
 * end. */
static void
rules_auto(const struct plan_rules_server *s, const struct plan_tp_policy *p, when_t served,
    struct plan_rule *out, size_t *n)
{
	when_t life = when_min(s->lifetime_cert, s->lifetime_ca);
	when_t left = rest(life, p->percent);
	when_t away = left - when_min(p->spread, left / 2) - p->retry_period;
	/* A first enrolment is people's choice; renewals come at any time, then too. */
	bool renews = !p->shadow_only && life < s->lifetime_ca && away >= s->clock_error;

	rule_add(out, n, RULE_TF05, served - left, RULE_REFUSES, 0);
	rule_add(out, n, RULE_TF07, away - s->clock_error, RULE_REFUSES, 0);
	rule_add(out, n, RULE_TF08,
	    when_add(served, 1 - life_with(p->retry_period, p->percent)),
	    renews ? RULE_REFUSES : RULE_WARNS, 0);
	rule_add(out, n, RULE_TF13, away, RULE_WARNS, when_min(AWAY, life / AWAY_PART));
}

size_t
plan_rules(const struct plan_rules_server *s, const struct plan_tp_policy *p,
    struct plan_rule out[RULE_COUNT])
{
	when_t lead = lead_of(s);
	when_t served = lead - s->generation - s->clock_error; /* before the CA's end */
	size_t n = 0;

	rule_add(out, &n, RULE_TF01, s->lifetime_ca - lead, RULE_REFUSES, 1);
	if (s->overlap > 0)
		rule_add(out, &n, RULE_TF02,
		    when_min(
			s->overlap - 2 * s->clock_error - 1, lead - s->generation - s->overlap),
		    s->overlap < s->lifetime_ca ? RULE_WARNS : RULE_REFUSES, 0);
	if (p->auto_enroll)
		rules_auto(s, p, served, out, &n);
	if (some_by_hand(s, p))
		rule_add(out, &n, RULE_TF06, served - rest(s->lifetime_ca, PLAN_SHADOW_PERCENT),
		    RULE_REFUSES, 0);
	if (s->subordinate)
		rule_add(out, &n, RULE_TF12,
		    s->upper_rollover - s->generation - s->clock_error - lead, RULE_REFUSES, 0);
	return n;
}

bool
plan_rules_refuse(const struct plan_rules_server *s, const struct plan_tp_policy *p)
{
	struct plan_rule rules[RULE_COUNT];
	size_t n = plan_rules(s, p, rules);
	bool refused = false;

	for (size_t i = 0; i < n; i++)
		refused |= rules[i].level == RULE_REFUSES;
	return refused;
}

/* Rules that a longer auto-rollover mends. */
static bool
asks_early(enum plan_rule_code code)
{
	return code == RULE_TF05 || code == RULE_TF06 || code == RULE_TF08;
}

/* What clients lack of a server that makes nothing early is what they need of it. */
static when_t
needed(const struct plan_rules_server *s, const struct plan_tp_policy *p)
{
	struct plan_rules_server late = *s;
	struct plan_rule rules[RULE_COUNT];
	when_t most = 0;
	size_t n;

	late.rollover = 0;
	n = plan_rules(&late, p, rules);
	for (size_t i = 0; i < n; i++)
		if (rules[i].level == RULE_REFUSES && asks_early(rules[i].code))
			most = when_max(most, -rules[i].margin);
	return most;
}

struct plan_cure
plan_rules_cure(const struct plan_rules_server *s, const struct plan_tp_policy *p, when_t step)
{
	struct plan_rules_server better = *s;
	struct plan_tp_policy other = *p;
	struct plan_cure cure = {0, 0};

	better.rollover = (needed(s, p) + step - 1) / step * step;
	if (!plan_rules_refuse(&better, p)) /* a subordinate's own line says nothing: 0 */
		cure.rollover = better.rollover;
	other.auto_enroll = true;
	for (other.percent = 1; cure.percent == 0 && other.percent < 100; other.percent++)
		if (!plan_rules_refuse(s, &other))
			cure.percent = other.percent;
	return cure;
}

struct plan_course
plan_rules_course(
    const struct plan_rules_server *s, const struct plan_tp_policy *p, when_t slack)
{
	when_t end = s->lifetime_ca;
	when_t enrols = end - when_min(s->lifetime_cert, end);
	when_t asks = p->auto_enroll ? plan_percent(enrols, end, p->percent) : WHEN_NEVER;
	when_t by_hand = plan_percent(0, end, PLAN_SHADOW_PERCENT);

	if (some_by_hand(s, p) && by_hand < asks) {
		enrols = 0;
		asks = by_hand;
	}
	return (struct plan_course){.made = end - lead_of(s),
	    .enrols = enrols,
	    .asks = asks,
	    .latest = when_add(end, -plan_rules_latest(p, slack))};
}
