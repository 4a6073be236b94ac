/* show_host.c - show running-config, show clock. */
#include <string.h>

#include "show/show_int.h"

/* ---- show running-config ---- */

static void
put_lines(struct view text, json_t *list)
{
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		struct blob line = {0};
		json_t *o = json_object();

		blob_add(&line, text.p, n);
		tree_put_text(o, "line", blob_cstr(&line));
		json_array_append(list, json_object_get(o, "line"));
		json_decref(o);
		blob_free(&line);
		text = end == NULL ? (struct view){0} : view_of(end + 1, text.n - n - 1);
	}
}

#define CHAIN_LINE 32 /* octets a line, in groups of four */

static bool
add_certificate(void *arg, const struct row_generation *g, bool next, struct err *e)
{
	struct blob *out = arg;
	struct cert c;

	if (!cert_decode(g->cert, &c, e))
		return err_prefix(e, "stored CA certificate");
	blob_add_str(out, next ? " certificate ca rollover " : " certificate ca ");
	hex_add(out, show_unsigned(c.serial), true);
	for (size_t i = 0; i < g->cert.n; i++) {
		if (i % CHAIN_LINE == 0)
			blob_add_str(out, "\n  ");
		else if (i % 4 == 0)
			blob_add_byte(out, ' ');
		hex_add(out, view_of(g->cert.p + i, 1), true);
	}
	blob_add_str(out, "\n  quit\n");
	return true;
}

/* IOS S55; a configuration that is read drops them: they are the database's. */
static bool
add_chain(const struct show_server *server, struct blob *out, struct err *e)
{
	struct blob chain = {0};
	bool ok = show_cas(server, add_certificate, &chain, e);

	if (ok && chain.n > 0) {
		blob_printf(out, "crypto pki certificate chain %s\n", server->conf->name);
		blob_add_view(out, blob_view(&chain));
		blob_add_str(out, "!\n");
	}
	blob_free(&chain);
	return ok;
}

static bool
running_build(struct show *s, bool *more, struct err *e)
{
	static const char end[] = "end\n";

	*more = false;
	if (!conf_print(s->w->conf, s->w->seal, s->w->seal_arg, &s->bytes, e))
		return false;
	s->bytes.n -= sizeof(end) - 1;
	for (size_t i = 0; i < s->w->server_count; i++)
		if (s->w->server[i].ca != NULL && !add_chain(&s->w->server[i], &s->bytes, e))
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
