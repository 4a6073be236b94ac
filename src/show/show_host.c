/* show_host.c - show running-config, show clock. */
#include <string.h>

#include "show/show_int.h"

/* ---- show running-config ---- */

static void
put_lines(struct view text, struct tree *list)
{
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		struct blob line = {0};

		blob_add(&line, text.p, n);
		tree_add_text(list, blob_cstr(&line));
		blob_free(&line);
		text = end == NULL ? (struct view){0} : view_of(end + 1, text.n - n - 1);
	}
}

static bool
running_build(struct show *s, bool *more, struct err *e)
{
	static const char end[] = "end\n";

	*more = false;
	if (!conf_print(s->w->conf, s->w->seal, s->w->seal_arg, &s->bytes, e))
		return false;
	s->bytes.n -= sizeof(end) - 1;
	if (s->w->table->servers != NULL && !s->w->table->servers->running(s, &s->bytes, e))
		return false;
	blob_add_str(&s->bytes, end);
	put_lines(blob_view(&s->bytes), tree_add_array(s->tree, "lines"));
	return true;
}

/* Loaded again these octets are the same configuration. */
static void
running_text(const struct show *s, struct blob *out)
{
	blob_add_view(out, blob_view(&s->bytes));
}

const struct show_command show_running = {
    .command = CMD_SHOW_RUNNING, .build = running_build, .text = running_text};

/* ---- show clock ---- */

void
show_put_clock(const struct show *s, const char *key)
{
	tree_put_bool(s->tree, key, s->w->clock_trusted);
	if (s->w->clock_trusted)
		return;
	tree_put_text(s->tree, "clock_why", s->w->clock_why);
	tree_put_text(s->tree, "clock_mend", s->w->clock_mend);
}

void
show_clock_note(const struct show *s, const char *key, struct blob *out)
{
	if (!tree_is(s->tree, key))
		blob_printf(out, "%% %s: no PKI timer runs.\n  %s\n",
		    tree_text(s->tree, "clock_why"), tree_text(s->tree, "clock_mend"));
}

static bool
clock_build(struct show *s, bool *more, struct err *e)
{
	(void)e;
	*more = false;
	tree_put_when(s->tree, "time", s->now);
	tree_put_int(s->tree, "milliseconds", s->w->now_ms % 1000);
	show_put_clock(s, "authoritative");
	tree_put_text(s->tree, "source", s->w->clock_source);
	return true;
}

/* 13:14:16.123 UTC Fri Oct 9 2015; IOS puts '*' before a time that is not authoritative. */
static void
clock_text(const struct show *s, struct blob *out)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01 */
	char t[WHEN_TEXT];
	const char *date;
	when_t now;

	if (!when_parse(tree_text(s->tree, "time"), &now))
		now = s->now;	 /* a year of five digits */
	date = when_ios(now, t); /* hh:mm:ss UTC Mon d yyyy */
	blob_printf(out, "%s%.8s.%03d UTC %.3s %s\n",
	    tree_is(s->tree, "authoritative") ? "" : "*", date,
	    (int)tree_int(s->tree, "milliseconds"), days + 3 * (now / DAY % 7),
	    date + strlen("hh:mm:ss UTC "));
	blob_printf(out, "Time source is %s\n", tree_text(s->tree, "source"));
	show_clock_note(s, "authoritative", out);
}

const struct show_command show_clock = {
    .command = CMD_SHOW_CLOCK, .build = clock_build, .text = clock_text};
