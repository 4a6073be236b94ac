/* show_plan.c - what a configuration promises its clients. */
#include <stdlib.h>
#include <string.h>

#include "show/show.h"
#include "show/tree.h"

#define AEON (1000 * 365 * DAY) /* longer spans are no spans any more */

static const struct {
	const char *name, *promise;
	/* Around what is missing. */
	const char *before, *behind;
	bool of_client; /* whose line breaks it */
} words[RULE_COUNT] = {
    [RULE_TF01] = {"TF-01", "the next CA certificate is made while this one lives",
	"the next CA certificate is due ", " before this one begins", false},
    [RULE_TF02] = {"TF-02", "the overlap fits between clocks and auto-rollover",
	"the overlap is ", " too short, or too long for 'auto-rollover'", false},
    [RULE_TF05] = {"TF-05", "no client asks for it before it is there",
	"clients ask for the next CA certificate ", " before it is made", true},
    [RULE_TF06] = {"TF-06", "no client renewed by hand asks before it is there",
	"clients that do not renew by themselves ask for the next CA certificate ",
	" before it is made", true},
    [RULE_TF07] = {"TF-07", "a client has time for a second try",
	"when a try fails a client lacks ", " for the next", true},
    [RULE_TF08] = {"TF-08", "who enrols or renews late and asks at once finds it",
	"a client that enrols or renews late asks for the next CA certificate ",
	" before it is made", true},
    [RULE_TF12] = {"TF-12", "the upper CA's next one is there before this one asks",
	"this CA asks for the upper one's next certificate ", " before it is made", false},
    [RULE_TF13] = {"TF-13", "a client may be out of reach for so long",
	"a client may be out of reach for no more than ", "", true},
};
static const char *const levels[] = {
    [RULE_HOLDS] = "holds", [RULE_WARNS] = "warns", [RULE_REFUSES] = "refuses"};

/* ---- numbers in words ---- */

/* Two digits at least, in the unit that fits; what is to spare is rounded down, what is missing
 * up. */
static const char *
span_words(when_t span, char out[WHEN_TEXT])
{
	static const struct {
		when_t size;
		const char *name;
	} units[] = {{DAY, "days"}, {HOUR, "hours"}, {MINUTE, "minutes"}, {1, "seconds"}};
	when_t size = span < 0 ? -when_max(span, -AEON) : span, tenths;
	size_t i = 0;

	if (size >= AEON) {
		(void)snprintf(out, WHEN_TEXT, "%sall time", span < 0 ? "-" : "");
		return out;
	}
	while (units[i].size > 1 && size < 2 * units[i].size)
		i++;
	tenths = (size * 10 + (span < 0 ? units[i].size - 1 : 0)) / units[i].size;
	(void)snprintf(out, WHEN_TEXT, "%s%lld%s%.*s %s", span < 0 ? "-" : "",
	    (long long)(tenths / 10), tenths % 10 != 0 ? "." : "", tenths % 10 != 0 ? 1 : 0,
	    &"0123456789"[tenths % 10], units[i].name);
	return out;
}

/* As the grammar has it. */
static void
rollover_words(when_t span, struct blob *out)
{
	blob_printf(out, "auto-rollover %lld", (long long)(span / DAY));
	if (span % DAY != 0)
		blob_printf(out, " %lld", (long long)(span % DAY / HOUR));
	if (span % HOUR != 0)
		blob_printf(out, " %lld", (long long)(span % HOUR / MINUTE));
}

/* ---- a case in numbers ---- */

struct judged {
	struct plan_rules_server server;
	struct plan_tp_policy client;
	struct plan_rule rule[RULE_COUNT];
	size_t n;
	struct plan_cure cure;
	struct plan_course course;
};

static struct judged
judge(const struct show_case *k, when_t slack)
{
	const struct plan_ca_policy *p = &k->server->plan;
	struct judged j = {
	    .server = {.lifetime_ca = p->lifetime_ca,
		.lifetime_cert = p->lifetime_cert,
		.rollover = p->rollover,
		.overlap = p->overlap},
	    .client = {.url = true, .retry_period = MINUTE},
	};
	when_t step = p->lifetime_ca >= 60 * DAY  ? DAY
		      : p->lifetime_ca >= 2 * DAY ? HOUR
						  : MINUTE;

	if (k->client != NULL)
		j.client = k->client->plan;
	j.n = plan_rules(&j.server, &j.client, j.rule);
	j.cure = plan_rules_cure(&j.server, &j.client, step);
	j.course = plan_rules_course(&j.server, &j.client, slack);
	return j;
}

/* Nobody is known who breaks a rule of clients: it is advice. */
static enum plan_rule_level
level_of(const struct show_case *k, const struct plan_rule *r)
{
	if (k->client == NULL && words[r->code].of_client && r->level == RULE_REFUSES)
		return RULE_WARNS;
	return r->level;
}

/* ---- refusals ---- */

static void
add_place(const char *file, struct conf_place at, bool column, struct blob *out)
{
	blob_printf(out, "%s:%d", file, at.line);
	if (column)
		blob_printf(out, ":%d", at.column);
}

/* Where the line is that breaks it. */
static void
rule_place(const struct show_case *k, enum plan_rule_code code, bool column, struct blob *out)
{
	if (words[code].of_client && k->client != NULL)
		add_place(k->client_file, k->client->renewal_at, column, out);
	else
		add_place(k->server_file, k->server->rollover_at, column, out);
}

static void
rule_words(const struct plan_rule *r, struct blob *out)
{
	char span[WHEN_TEXT];
	const char *text = span_words(r->margin, span);

	blob_printf(out, "%s%s%s", words[r->code].before, text + (text[0] == '-'),
	    words[r->code].behind);
}

/* "'auto-rollover 110' or 'auto-enroll 76'", with places if they are wanted. */
static void
cure_words(
    const struct show_case *k, const struct plan_cure *cure, bool places, struct blob *out)
{
	if (cure->rollover > 0) {
		blob_add_str(out, "'");
		rollover_words(cure->rollover, out);
		blob_add_str(out, "'");
		if (places) {
			blob_add_str(out, " in ");
			add_place(k->server_file, k->server->rollover_at, false, out);
		}
	}
	if (cure->percent > 0) {
		blob_printf(
		    out, "%s'auto-enroll %u'", cure->rollover > 0 ? " or " : "", cure->percent);
		if (places && k->client != NULL) {
			blob_add_str(out, " in ");
			add_place(k->client_file, k->client->renewal_at, false, out);
		}
	}
	if (cure->rollover == 0 && cure->percent == 0)
		blob_add_str(out, "other lifetimes");
}

bool
show_case_check(const struct show_case *k,
    void (*say)(void *arg, enum plan_rule_level level, const char *text), void *arg)
{
	struct judged j = judge(k, 0);
	bool held = true;

	for (size_t i = 0; i < j.n; i++) {
		enum plan_rule_level level = level_of(k, &j.rule[i]);
		struct blob text = {0};

		if (level == RULE_HOLDS)
			continue;
		held = held && level != RULE_REFUSES;
		rule_place(k, j.rule[i].code, true, &text);
		blob_add_str(&text, ": ");
		rule_words(&j.rule[i], &text);
		if (j.rule[i].code != RULE_TF13) {
			blob_add_str(&text, ", expected ");
			cure_words(k, &j.cure, false, &text);
		}
		say(arg, level, blob_cstr(&text));
		blob_free(&text);
	}
	return held;
}

unsigned
show_case_percent(const struct show_case *k)
{
	return judge(k, 0).cure.percent;
}

/* ---- the tree ---- */

static void
put_span(struct tree *o, const char *key, when_t span)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s_seconds", key);
	tree_put_int(o, name, span);
	(void)snprintf(name, sizeof(name), "%s_days", key);
	tree_put_real(o, name, (double)span / (double)DAY);
}

static void
put_server(const struct show_case *k, struct tree *o)
{
	const struct plan_ca_policy *p = &k->server->plan;

	tree_put_text(o, "name", k->server->name);
	tree_put_text(o, "file", k->server_file);
	tree_put_int(o, "line", k->server->line);
	put_span(o, "lifetime_ca", p->lifetime_ca);
	put_span(o, "lifetime_certificate", p->lifetime_cert);
	put_span(o, "auto_rollover", p->rollover);
	if (p->overlap > 0)
		put_span(o, "overlap", p->overlap);
}

static void
put_client(const struct show_case *k, struct tree *o)
{
	tree_put_text(o, "name", k->client->name);
	tree_put_text(o, "file", k->client_file);
	tree_put_int(o, "line", k->client->line);
	tree_put_int(o, "alike", (int64_t)k->clients);
	if (k->client->plan.auto_enroll)
		tree_put_int(o, "auto_enroll", k->client->plan.percent);
	if (k->client->plan.shadow_only)
		tree_put_bool(o, "shadow_only", true);
	tree_put_bool(o, "presumed", k->presumed);
}

static void
put_rule(const struct show_case *k, const struct plan_rule *r, struct tree *o)
{
	tree_put_text(o, "rule", words[r->code].name);
	tree_put_text(o, "promise", words[r->code].promise);
	put_span(o, "margin", r->margin);
	tree_put_text(o, "level", levels[level_of(k, r)]);
}

/* The rule that decides: the worst of those that refuse, else the one about the next CA. */
static const struct plan_rule *
deciding(const struct show_case *k, const struct judged *j)
{
	const struct plan_rule *worst = NULL, *spare = &j->rule[0];

	for (size_t i = 0; i < j->n; i++) {
		const struct plan_rule *r = &j->rule[i];

		if (level_of(k, r) == RULE_REFUSES &&
		    (worst == NULL || r->margin < worst->margin))
			worst = r;
		if (r->code == RULE_TF05 || r->code == RULE_TF06)
			spare = r;
	}
	return worst != NULL ? worst : spare;
}

static void
put_cure(const struct show_case *k, const struct judged *j, struct tree *o)
{
	struct blob text = {0};

	if (j->cure.rollover > 0) {
		rollover_words(j->cure.rollover, &text);
		tree_put_text(o, "server_line", blob_cstr(&text));
		put_span(o, "auto_rollover", j->cure.rollover);
	}
	if (j->cure.percent > 0) {
		tree_put_int(o, "auto_enroll", j->cure.percent);
		blob_clear(&text);
		blob_printf(&text, "auto-enroll %u", j->cure.percent);
		tree_put_text(o, "client_line", blob_cstr(&text));
	}
	blob_clear(&text);
	cure_words(k, &j->cure, true, &text);
	tree_put_text(o, "words", blob_cstr(&text));
	blob_free(&text);
}

static bool
put_case(const struct show_case *k, when_t slack, struct tree *o)
{
	struct judged j = judge(k, slack);
	const struct plan_rule *worst = deciding(k, &j);
	bool held = level_of(k, worst) != RULE_REFUSES;
	struct blob text = {0};
	struct tree *list;

	put_server(k, tree_put_object(o, "server"));
	if (k->client != NULL)
		put_client(k, tree_put_object(o, "client"));
	list = tree_add_array(o, "rules");
	for (size_t i = 0; i < j.n; i++)
		put_rule(k, &j.rule[i], tree_add_object(list));
	put_cure(k, &j, tree_put_object(o, "least"));
	tree_put_bool(o, "accepted", held);
	put_span(o, "margin", worst->margin);
	if (!held) {
		rule_place(k, worst->code, false, &text);
		blob_add_str(&text, ": ");
		rule_words(worst, &text);
		tree_put_text(o, "refusal", blob_cstr(&text));
	}
	blob_free(&text);
	o = tree_put_object(o, "course");
	put_span(o, "made", j.course.made);
	put_span(o, "worst_enrols", j.course.enrols);
	put_span(o, "worst_asks", j.course.asks);
	put_span(o, "latest", j.course.latest);
	put_span(o, "slack", slack);
	put_span(o, "switch", j.server.lifetime_ca);
	return held;
}

static void
put_stray(const struct show_case *k, struct tree *o)
{
	struct blob text = {0};

	put_client(k, tree_put_object(o, "client"));
	tree_put_bool(o, "accepted", false);
	blob_printf(&text,
	    "%s:%d: none of these servers, or more than one, may be where it enrols: expected "
	    "'enrollment url http://HOST:PORT/scep/NAME'",
	    k->client_file, k->client->line);
	tree_put_text(o, "refusal", blob_cstr(&text));
	blob_free(&text);
}

/* ---- the text ---- */

static when_t
span_of(const struct tree *o, const char *key)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s_seconds", key);
	return tree_int(o, name);
}

static void
head_text(const struct tree *o, struct blob *out)
{
	const struct tree *s = tree_get(o, "server"), *c = tree_get(o, "client");
	char a[WHEN_TEXT], b[WHEN_TEXT], r[WHEN_TEXT];

	if (s != NULL) {
		blob_printf(out, "CA %s (%s:%lld): lives %s, its certificates %s; ",
		    tree_text(s, "name"), tree_text(s, "file"), (long long)tree_int(s, "line"),
		    span_words(span_of(s, "lifetime_ca"), a),
		    span_words(span_of(s, "lifetime_certificate"), b));
		if (span_of(s, "auto_rollover") > 0)
			blob_printf(out, "the next one is made %s before its end\n",
			    span_words(span_of(s, "auto_rollover"), r));
		else
			blob_add_str(out, "no next one is made without a command\n");
	}
	if (c == NULL)
		return;
	blob_printf(out, "Client %s (%s:%lld)", tree_text(c, "name"), tree_text(c, "file"),
	    (long long)tree_int(c, "line"));
	if (tree_int(c, "alike") > 1)
		blob_printf(out, " and %lld alike", (long long)tree_int(c, "alike") - 1);
	if (tree_has(c, "auto_enroll"))
		blob_printf(out, ": %s at %lld %% of a life\n",
		    tree_has(c, "shadow_only") ? "does not renew by itself, follows" : "renews",
		    (long long)tree_int(c, "auto_enroll"));
	else
		blob_add_str(out, ": does not renew by itself\n");
	if (tree_is(c, "presumed") && s != NULL)
		blob_printf(out,
		    "(Its 'enrollment url' is not known to be %s, but no other CA "
		    "is here.)\n",
		    tree_text(s, "name"));
}

static void
rules_text(const struct tree *o, struct blob *out)
{
	const struct tree *r, *list = tree_get(o, "rules");
	char margin[WHEN_TEXT];
	size_t i;

	blob_printf(out, "\n  %-6s %-54s %14s\n", "rule", "promise", "margin");
	for (i = 0; (r = tree_at(list, i)) != NULL; i++) {
		const char *level = tree_text(r, "level");

		blob_printf(out, "  %-6s %-54s %14s%s%s\n", tree_text(r, "rule"),
		    tree_text(r, "promise"), span_words(span_of(r, "margin"), margin),
		    level[0] == 'h' ? "" : "  ", level[0] == 'h' ? "" : level);
	}
}

static void
moment_text(when_t at, const char *what, struct blob *out)
{
	char span[WHEN_TEXT];

	blob_printf(out, "  after %12s  %s\n", span_words(at, span), what);
}

/* What happens when, in order. */
static void
course_text(const struct tree *o, struct blob *out)
{
	const struct tree *course = tree_get(o, "course"), *c = tree_get(o, "client");
	when_t latest = span_of(course, "latest"), made = span_of(course, "made");
	when_t slack = span_of(course, "slack");
	bool renews = tree_has(c, "auto_enroll"),
	     rolls = span_of(tree_get(o, "server"), "auto_rollover") > 0;
	char span[WHEN_TEXT], last[160];
	struct moment {
		when_t at;
		const char *what;
	} all[] = {
	    {renews ? span_of(course, "worst_enrols") : WHEN_NEVER,
		"who enrols now is the first to ask"},
	    {rolls ? made : WHEN_NEVER, "the next CA certificate is made"},
	    {span_of(course, "worst_asks"), renews ? "that client asks for it"
					    : c != NULL
						? "the client asks for it"
						: "a client without auto-enroll asks for it"},
	    {renews && slack > 0 && latest >= 0 ? latest : WHEN_NEVER, last},
	    {span_of(course, "switch"), "the switch"},
	};

	(void)snprintf(last, sizeof(last), "last first enrolment with %s to follow",
	    span_words(slack, span));
	blob_add_byte(out, '\n');
	for (size_t n = 0; n < COUNT_OF(all); n++) {
		struct moment *next = &all[0];

		for (size_t i = 1; i < COUNT_OF(all); i++)
			if (all[i].at < next->at)
				next = &all[i];
		if (next->at != WHEN_NEVER)
			moment_text(next->at, next->what, out);
		next->at = WHEN_NEVER;
	}
}

static void
verdict_text(const struct tree *o, struct blob *out)
{
	const struct tree *least = tree_get(o, "least");
	char span[WHEN_TEXT];

	blob_add_byte(out, '\n');
	if (!tree_is(o, "accepted")) {
		blob_printf(out, "Refused: %s.\n", tree_text(o, "refusal"));
		if (least != NULL)
			blob_printf(out, "Right would be %s.\n", tree_text(least, "words"));
	} else if (tree_has(o, "client")) {
		blob_printf(out, "Accepted, with %s to spare.\n",
		    span_words(span_of(o, "margin"), span));
	} else if (tree_has(least, "auto_enroll")) {
		blob_printf(out, "Accepted. Clients are in time from 'auto-enroll %lld' on.\n",
		    (long long)tree_int(least, "auto_enroll"));
	} else {
		blob_add_str(out, "Accepted, but clients would not be in time with any "
				  "'auto-enroll'.\n");
	}
}

bool
show_plan(const struct show_case *cases, size_t n, when_t slack, bool json, struct blob *out)
{
	struct tree *tree = tree_new(), *list = tree_add_array(tree, "cases");
	size_t refused = 0, i;
	const struct tree *o;

	for (i = 0; i < n; i++) {
		struct tree *one = tree_add_object(list);

		if (cases[i].server == NULL)
			put_stray(&cases[i], one);
		else
			(void)put_case(&cases[i], slack, one);
		refused += !tree_is(one, "accepted");
	}
	tree_put_bool(tree, "accepted", refused == 0);
	if (json) {
		tree_json(tree, true, out);
		blob_add_byte(out, '\n');
	}
	for (i = 0; (o = tree_at(list, i)) != NULL; i++) {
		if (json)
			break;
		if (i > 0)
			blob_add_byte(out, '\n');
		head_text(o, out);
		if (tree_has(o, "server")) {
			rules_text(o, out);
			course_text(o, out);
		}
		verdict_text(o, out);
	}
	if (!json && n > 1)
		blob_printf(out, "\n%s: %zu of %zu cases refused.\n",
		    refused == 0 ? "Accepted" : "Refused", refused, n);
	tree_free(tree);
	return refused == 0;
}
