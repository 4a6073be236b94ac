/* show_timers.c - show crypto pki timers [detail]. */
#include "show/show_int.h"

static const char *const names[] = {
    [TIMER_RENEW] = "RENEW",
    [TIMER_SHADOW] = "SHADOW",
    [TIMER_POLL] = "POLL",
    [TIMER_CONNECT_RETRY] = "CONNECT RETRY",
    [TIMER_ACTIVATE] = "ACTIVATE",
};

enum { GROUP_PKI, GROUP_ALERT, GROUP_CRL, GROUP_CS };

/* Groups of rows; those of servers are there when there may be servers. */
static const struct group {
	const char *key, *title;
	bool always; /* its title stands there without rows too */
} groups[] = {
    [GROUP_PKI] = {"pki_timers", "PKI Timers", true},
    [GROUP_ALERT] = {"alert_timers", "Expiry Alert Timers", false},
    [GROUP_CRL] = {"crl_timers", "CRL Timers", false},
    [GROUP_CS] = {"cs_timers", "CS Timers", true},
};

/* ---- the tree ---- */

struct tree *
show_put_timer(const struct show *s, struct tree *list, const char *name, const char *key,
    const char *whose, when_t at)
{
	struct tree *o = tree_add_object(list);

	tree_put_text(o, "name", name);
	tree_put_text(o, key, whose);
	tree_put_when(o, "at", at);
	/* not when_add: milliseconds */
	tree_put_int(
	    o, "left_ms", at >= INT64_MAX / 1000 ? INT64_MAX : at * 1000 - s->w->now_ms);
	return o;
}

static void
put_alert(const struct show *s, const char *name, const struct show_trustpoint *t,
    when_t alerted_at, when_t until)
{
	struct plan_alert alert = plan_alert(alerted_at, until, s->now);

	if (alert.next != WHEN_NEVER)
		(void)show_put_timer(s, tree_get(s->tree, groups[GROUP_ALERT].key), name,
		    "trustpoint", t->conf->name, alert.next);
}

static bool
put_trustpoint(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e)
{
	struct plan_tp_row row[TIMER_TP_COUNT];
	const struct plan_tp_facts *f;
	size_t n;

	(void)e;
	if (t->tp == NULL || !s->w->clock_trusted)
		return true;
	f = tp_facts(t->tp);
	n = plan_tp_timers(&t->conf->plan, f, s->now, row);
	for (size_t i = 0; i < n; i++)
		(void)show_put_timer(
		    s, rows, names[row[i].timer], "trustpoint", t->conf->name, row[i].at);
	if (f->have_id && !plan_tp_followed(&t->conf->plan, f))
		put_alert(s, "ID", t, t->id_alerted_at, f->id_until);
	if (f->authenticated && !f->have_next_ca)
		put_alert(s, "CA", t, t->ca_alerted_at, f->ca_until);
	return true;
}

static void
put_lists(const struct show *s, struct tree *rows)
{
	struct blob name = {0};

	for (size_t i = 0; i < s->w->list_count; i++) {
		const struct show_list *list = &s->w->lists[i];

		blob_clear(&name);
		name_text(list->issuer, &name);
		if (list->update_at != WHEN_NEVER)
			(void)show_put_timer(
			    s, rows, "CRL UPDATE", "issuer", blob_cstr(&name), list->update_at);
		if (list->next_update != WHEN_NEVER)
			(void)show_put_timer(s, rows, "CRL EXPIRE", "issuer", blob_cstr(&name),
			    list->next_update);
	}
	blob_free(&name);
}

static int
by_instant(const struct tree *a, const struct tree *b)
{
	int64_t left = tree_int(a, "left_ms"), right = tree_int(b, "left_ms");

	return (left > right) - (left < right);
}

static bool
timers_build(struct show *s, bool *more, struct err *e)
{
	const struct show_half *servers = s->w->table->servers;

	if (!tree_has(s->tree, "now")) {
		tree_put_when(s->tree, "now", s->now);
		show_put_clock(s, "clock_authoritative");
		tree_put_text(s->tree, "time_source", s->w->clock_source);
		for (size_t i = 0; i <= GROUP_CRL; i++)
			(void)tree_add_array(s->tree, groups[i].key);
		put_lists(s, tree_get(s->tree, groups[GROUP_CRL].key));
	}
	if (!show_some(
		s, PIECE, put_trustpoint, tree_get(s->tree, groups[GROUP_PKI].key), more, e))
		return false;
	if (*more)
		return true;
	if (servers != NULL && !servers->timers(s, more, e))
		return false;
	for (size_t i = 0; !*more && i < COUNT_OF(groups); i++)
		if (tree_has(s->tree, groups[i].key))
			tree_sort(tree_get(s->tree, groups[i].key), by_instant);
	return true;
}

/* ---- the text ---- */

/* Whose it is: of servers only where there are several. */
static void
whose_text(const struct show *s, const struct group *g, const struct tree *o, struct blob *out)
{
	const char *name = tree_text(o, "name"), *whose = tree_text(o, "trustpoint");

	if (g == &groups[GROUP_CRL])
		whose = tree_text(o, "issuer");
	if (g == &groups[GROUP_ALERT])
		blob_printf(out, "%s(%s)", name, whose);
	else
		blob_printf(out, "%s%s%s", name, whose[0] != 0 ? " " : "", whose);
	if (tree_has(o, "request"))
		blob_printf(out, " %lld", (long long)tree_int(o, "request"));
	if (tree_has(o, "server") && s->w->server_count > 1)
		blob_printf(out, " %s", tree_text(o, "server"));
	blob_add_byte(out, '\n');
}

static void
group_text(const struct show *s, const struct group *g, struct blob *out)
{
	const struct tree *o, *list = tree_get(s->tree, g->key);
	char left[WHEN_TEXT];

	if (list == NULL || (tree_count(list) == 0 && !g->always))
		return;
	blob_printf(out, "%s\n", g->title);
	if (tree_count(list) > 0)
		blob_printf(
		    out, "|%16s\n", span_ios(tree_int(tree_at(list, 0), "left_ms"), left));
	for (size_t i = 0; (o = tree_at(list, i)) != NULL; i++) {
		blob_printf(out, "  |%16s  ", span_ios(tree_int(o, "left_ms"), left));
		if (s->c->detail)
			blob_printf(out, "(%s) ", tree_text(o, "at"));
		whose_text(s, g, o, out);
	}
}

static void
timers_text(const struct show *s, struct blob *out)
{
	show_clock_note(s, "clock_authoritative", out);
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		group_text(s, &groups[i], out);
}

const struct show_command show_timers = {
    .command = CMD_SHOW_TIMERS, .build = timers_build, .text = timers_text};
