/* show_timers.c - show crypto pki timers [detail]. */
#include "show/show_int.h"

void
show_put_left(const struct show *s, when_t at, struct tree *o)
{
	/* not when_add: milliseconds */
	tree_put_int(
	    o, "left_ms", at >= INT64_MAX / 1000 ? INT64_MAX : at * 1000 - s->w->now_ms);
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
		(void)tree_add_array(s->tree, "cs_timers");
	}
	*more = false;
	if (servers != NULL && !servers->timers(s, more, e))
		return false;
	if (!*more)
		tree_sort(tree_get(s->tree, "cs_timers"), by_instant);
	return true;
}

static void
timer_text(const struct show *s, const struct tree *o, struct blob *out)
{
	char left[WHEN_TEXT];

	blob_printf(out, "  |%16s  ", span_ios(tree_int(o, "left_ms"), left));
	if (s->c->detail)
		blob_printf(out, "(%s) ", tree_text(o, "at"));
	blob_add_str(out, tree_text(o, "name"));
	if (tree_has(o, "request"))
		blob_printf(out, " %lld", (long long)tree_int(o, "request"));
	if (s->w->server_count > 1)
		blob_printf(out, " %s", tree_text(o, "server"));
	blob_add_byte(out, '\n');
}

static void
timers_text(const struct show *s, struct blob *out)
{
	const struct tree *o, *list = tree_get(s->tree, "cs_timers");
	char left[WHEN_TEXT];
	size_t i;

	show_clock_note(s, "clock_authoritative", out);
	blob_add_str(out, "PKI Timers\nCS Timers\n");
	if (tree_count(list) > 0)
		blob_printf(
		    out, "|%16s\n", span_ios(tree_int(tree_at(list, 0), "left_ms"), left));
	for (i = 0; (o = tree_at(list, i)) != NULL; i++) {
		timer_text(s, o, out);
	}
}

const struct show_command show_timers = {
    .command = CMD_SHOW_TIMERS, .build = timers_build, .text = timers_text};
