/* rules_world.c - margins against the planner, client by client. */
#include <stdlib.h>

#include "plan/plan.h"

/*
 * For every small configuration each client that can enrol is planned, second by second, and
 * the margin that the rules promise is the one that the worst of them has.
 */
static long configurations, violations;

struct world {
	struct plan_rules_server s;
	struct plan_tp_policy p;
};

static void
violated(const char *what, const struct world *w, when_t margin, when_t found)
{
	if (violations++ < 5)
		printf(
		    "# %s: ca=%ld cert=%ld rollover=%ld D=%ld overlap=%ld error=%ld percent=%u "
		    "spread=%ld period=%ld: margin %ld, found %ld\n",
		    what, (long)w->s.lifetime_ca, (long)w->s.lifetime_cert, (long)w->s.rollover,
		    (long)w->s.generation, (long)w->s.overlap, (long)w->s.clock_error,
		    w->p.percent, (long)w->p.spread, (long)w->p.retry_period, (long)margin,
		    (long)found);
}

/* SHADOW of a client that enrols then, or WHEN_NEVER when its certificate ends before the CA.
 */
static when_t
shadow_at(const struct world *w, when_t enrolled, uint16_t draw)
{
	struct plan_tp_facts f = {.clock_trusted = true,
	    .authenticated = true,
	    .ca_until = w->s.lifetime_ca,
	    .caps_known = true,
	    .caps_next_ca = true,
	    .have_id = true,
	    .id_from = enrolled,
	    .id_until = when_min(enrolled + w->s.lifetime_cert, w->s.lifetime_ca),
	    .issuer_until = w->s.lifetime_ca,
	    .spread_draw = draw};
	struct plan_tp plan = plan_tp(&w->p, &f, enrolled);

	if (f.id_until < f.issuer_until)
		return WHEN_NEVER;
	return plan.act == TP_GET_NEXT_CA ? enrolled : plan.wake;
}

/* The next CA is there from this instant on, whatever the clocks. */
static when_t
served(const struct world *w)
{
	return w->s.lifetime_ca - w->s.rollover + w->s.generation + w->s.clock_error;
}

static void
check_auto(struct world *w, const struct plan_rule *r)
{
	when_t early = WHEN_NEVER, at_once = WHEN_NEVER, least = WHEN_NEVER;
	when_t period = w->p.retry_period;
	when_t end = w->s.lifetime_ca - period - w->s.clock_error;
	when_t longest = when_max(0, w->s.lifetime_ca - w->s.lifetime_cert);

	for (when_t e = 0; e < w->s.lifetime_ca; e++) {
		when_t at = shadow_at(w, e, 0), exact;

		w->p.retry_period = 0; /* nobody has too little time, so nobody asks at once */
		exact = shadow_at(w, e, 0);
		w->p.retry_period = period;
		early = when_min(early, when_add(exact, -served(w)));
		if (exact != WHEN_NEVER && w->s.lifetime_ca - exact < period)
			at_once = when_min(at_once, when_add(at, -served(w)));
	}
	w->p.retry_period = 0;
	/* No draw is the whole spread: up to a second is left. */
	least = end - shadow_at(w, longest, UINT16_MAX);
	w->p.retry_period = period;
	switch (r->code) {
	case RULE_TF05:
		if (r->margin != early || (r->margin < 0) != (r->level == RULE_REFUSES))
			violated("TF-05", w, r->margin, early);
		break;
	case RULE_TF07:
		if (r->margin > least || r->margin < least - 1 ||
		    (r->margin < 0) != (r->level == RULE_REFUSES))
			violated("TF-07", w, r->margin, least);
		break;
	case RULE_TF08: /* unless even the longest life is too short, and TF-07 refuses */
		if (at_once != WHEN_NEVER && w->s.lifetime_ca - early - served(w) >= period &&
		    (r->margin != at_once || (r->margin < 0) != (r->level != RULE_HOLDS)))
			violated("TF-08", w, r->margin, at_once);
		/* Refused where renewals come then, and TF-07 leaves it to say so. */
		if (r->margin < 0 && least != 0 &&
		    (r->level == RULE_REFUSES) !=
			(!w->p.shadow_only && longest > 0 && least > 0))
			violated("TF-08 refuses", w, r->margin, at_once);
		break;
	case RULE_TF13:
		least += w->s.clock_error;
		if (r->margin > least || r->margin < least - 1 || r->level == RULE_REFUSES)
			violated("TF-13", w, r->margin, least);
		break;
	case RULE_TF01:
	case RULE_TF02:
	case RULE_TF06:
	case RULE_TF12:
	case RULE_COUNT:
		break;
	}
}

/* Without renewals the timer is one and the same for all. */
static void
check_trust(struct world *w, const struct plan_rule *r)
{
	when_t found;
	struct plan_tp_facts f = {.clock_trusted = true,
	    .authenticated = true,
	    .ca_until = w->s.lifetime_ca,
	    .caps_known = true,
	    .caps_next_ca = true};

	if (r->code != RULE_TF06)
		return;
	found = plan_tp(&w->p, &f, 0).wake - served(w);
	if (r->margin != found || (r->margin < 0) != (r->level == RULE_REFUSES))
		violated("TF-06", w, r->margin, found);
}

/* The server's own: its life, its overlap, the CA above it. */
static void
check_server(struct world *w, const struct plan_rule *r)
{
	struct world above = *w;
	when_t born = w->s.lifetime_ca - w->s.rollover, found;

	switch (r->code) {
	case RULE_TF01:
		if ((r->level == RULE_REFUSES) != (born <= 0))
			violated("TF-01", w, r->margin, born);
		break;
	case RULE_TF02:
		found = when_min(w->s.overlap - 2 * w->s.clock_error - 1,
		    w->s.lifetime_ca - w->s.overlap - born - w->s.generation);
		if (r->margin != found || (r->margin < 0) != (r->level != RULE_HOLDS) ||
		    (r->level == RULE_REFUSES && w->s.overlap < w->s.lifetime_ca))
			violated("TF-02", w, r->margin, found);
		break;
	case RULE_TF12: /* the same CA as its own upper: it asks as a client of a whole life
			   does */
		above.p.auto_enroll = true;
		above.p.percent = w->s.upper_percent;
		above.p.retry_period = above.p.spread = 0;
		above.s.lifetime_cert = w->s.lifetime_ca;
		above.s.rollover = w->s.upper_rollover;
		found = shadow_at(&above, 0, 0) - served(&above);
		if (r->margin != found || (r->margin < 0) != (r->level == RULE_REFUSES))
			violated("TF-12", w, r->margin, found);
		break;
	case RULE_TF05:
	case RULE_TF06:
	case RULE_TF07:
	case RULE_TF08:
	case RULE_TF13:
	case RULE_COUNT:
		break;
	}
}

/* The latest enrolment with some slack has it, and one a second later has not. */
static void
check_latest(const struct world *w)
{
	for (when_t slack = 0; slack <= 6; slack++) {
		when_t promised = plan_rules_latest(&w->p, slack), found = 0;

		for (; found < 1300; found++) {
			when_t left = found - found * (when_t)w->p.percent / 100;

			if (left - when_min(w->p.spread, left / 2) >= slack)
				break;
		}
		if (promised != (found == 1300 ? WHEN_NEVER : found))
			violated("latest enrolment", w, promised, found);
	}
}

/* With the cure nothing is refused; with a step or a percent less something is; where there is
 * none, no value serves. */
static void
check_cure(const struct world *w)
{
	for (when_t step = 1; step <= 5; step += 4) {
		struct plan_cure cure = plan_rules_cure(&w->s, &w->p, step);
		struct plan_rules_server s = w->s;
		struct plan_tp_policy p = w->p;
		when_t least = 0;
		unsigned percent = 0;

		for (s.rollover = step; least == 0 && s.rollover < 80; s.rollover += step)
			if (!w->s.subordinate && !plan_rules_refuse(&s, &w->p))
				least = s.rollover;
		p.auto_enroll = true;
		for (p.percent = 1; percent == 0 && p.percent < 100; p.percent++)
			if (!plan_rules_refuse(&w->s, &p))
				percent = p.percent;
		if (cure.rollover != least)
			violated("least auto-rollover", w, cure.rollover, least);
		if (cure.percent != percent)
			violated("least auto-enroll", w, cure.percent, percent);
	}
}

/* The client that asks first asks then, and there the margin ends. */
static void
check_course(const struct world *w, const struct plan_rules_server *asked,
    const struct plan_rule *rules, size_t n)
{
	struct plan_course course = plan_rules_course(asked, &w->p, 3);
	when_t margin = course.asks - course.made - w->s.generation - w->s.clock_error;
	when_t promised = WHEN_NEVER;
	bool renews = w->p.auto_enroll;

	if (course.latest != when_add(w->s.lifetime_ca, -plan_rules_latest(&w->p, 3)))
		violated("latest", w, course.latest, 0);
	for (size_t i = 0; i < n; i++) {
		if (rules[i].code == RULE_TF05 || rules[i].code == RULE_TF06)
			promised = when_min(promised, rules[i].margin);
		if (rules[i].code == RULE_TF06 && rules[i].margin == margin)
			renews = false;
	}
	if (promised != margin)
		violated("course", w, promised, margin);
	if (renews && course.enrols + w->s.lifetime_cert < w->s.lifetime_ca)
		violated("enrols too early", w, course.enrols, 0);
	if (renews && course.enrols > 0 &&
	    course.enrols - 1 + w->s.lifetime_cert >= w->s.lifetime_ca)
		violated("enrols too late", w, course.enrols, 0);
}

static void
check(struct world *w)
{
	struct plan_rule rules[RULE_COUNT];
	struct plan_rules_server asked;

	configurations++;
	for (int form = 0; form < 4; form++) {
		size_t n, seen = 0;
		bool by_hand;

		w->p.auto_enroll = form > 0;
		w->p.shadow_only = form == 1;
		w->s.subordinate = form == 3;
		by_hand = form == 0 || (form == 1 && w->s.lifetime_cert < w->s.lifetime_ca);
		if (form == 3) /* as its trustpoint does it */
			w->s.rollover = w->s.lifetime_ca -
					w->s.lifetime_ca * (when_t)w->s.upper_percent / 100;
		asked = w->s;
		if (form == 3)
			asked.rollover = 1; /* a subordinate's own line says nothing */
		n = plan_rules(&asked, &w->p, rules);
		for (size_t i = 0; i < n; i++) {
			seen |= (size_t)1 << rules[i].code;
			check_server(w, &rules[i]);
			check_trust(w, &rules[i]);
			if (form > 0)
				check_auto(w, &rules[i]);
		}
		if (((seen >> RULE_TF02) & 1) != (w->s.overlap > 0) ||
		    ((seen >> RULE_TF06) & 1) != by_hand ||
		    ((seen >> RULE_TF05) & 1) != (form > 0) ||
		    ((seen >> RULE_TF12) & 1) != (form == 3) || !((seen >> RULE_TF01) & 1))
			violated("rules that do not apply", w, (when_t)seen, form);
		check_cure(w);
		check_course(w, &asked, rules, n);
	}
	check_latest(w);
}

int
main(void)
{
	static const unsigned percents[] = {10, 33, 50, 80, 99, 100};
	struct world w = {.p = {.url = true}};

	printf("TAP version 13\n1..1\n");
	for (w.s.lifetime_ca = 12; w.s.lifetime_ca <= 40; w.s.lifetime_ca += 7)
		for (w.s.lifetime_cert = 5; w.s.lifetime_cert <= 45; w.s.lifetime_cert += 8)
			for (when_t lead = 0; lead <= 42; lead += 6)
				for (size_t i = 0; i < COUNT_OF(percents) && violations == 0;
				     i++)
					for (int k = 0; k < 16; k++) {
						w.s.rollover = lead;
						w.s.upper_rollover = 21 - lead / 2;
						w.s.upper_percent = percents[(i + 2) % 5];
						w.p.percent = percents[i];
						w.s.overlap = (k & 3) * 5;
						w.s.clock_error = k & 1;
						w.s.generation = (k >> 1) & 1;
						w.p.spread = (k >> 2) * 2;
						w.p.retry_period = 1 + (k & 2);
						check(&w);
					}
	printf("%sok 1 - TF-01 TF-02 TF-05 TF-06 TF-07 TF-08 TF-12 TF-13 "
	       "are "
	       "what the planner does, in %ld configurations\n",
	    violations == 0 ? "" : "not ", configurations);
	return violations == 0 ? 0 : 1;
}
