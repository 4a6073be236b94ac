/* show_server.c - show crypto pki server [NAME]. */
#include <string.h>

#include "show/show_int.h"

/* ---- the tree ---- */

static const struct state {
	const char *word;
	bool enabled;	  /* "Status:" */
	const char *line; /* "State:" */
} states[] = {
    [STATE_SHUTDOWN] = {"shutdown", false, "disabled, shut down (to start it: no shutdown)"},
    [STATE_NO_CLOCK] = {"no-clock", true,
	"disabled, clock not authoritative (why: show clock)"},
    [STATE_STARTING] = {"starting", true, "starting"},
    [STATE_RUNNING] = {"enabled", true, "enabled"},
    [STATE_EXPIRED] = {"expired", true, "disabled, the CA certificate has expired"},
    [STATE_HELD] = {"held", true,
	"waiting after a failure (see the log), tries again by itself"},
};
static const struct state stopped = {"stopped", false, "disabled, not running (see the log)"};

static const char *const grant_words_of[] = {
    [GRANT_MANUAL] = "manual", [GRANT_AUTO] = "auto", [GRANT_NONE] = "none"};

static const struct level {
	const char *word, *line;
} levels[] = {
    [LEVEL_MINIMUM] = {"minimum", "Minimum - all issued certs kept in store.db"},
    [LEVEL_NAMES] = {"names", "Names - all issued certs kept in store.db"},
    [LEVEL_COMPLETE] = {"complete", "Complete - all issued certs kept in store.db"},
};

static const struct state *
state_of(const struct show *s, const struct show_server *server)
{
	struct plan_ca_facts f;

	if (server->ca == NULL)
		return server->conf->plan.shutdown ? &states[STATE_SHUTDOWN] : &stopped;
	f = show_facts(s, server->ca);
	return &states[plan_ca(&ca_policy(server->ca)->plan, &f, s->now).state];
}

static void
put_timers(const struct show *s, const struct ca *ca, struct tree *o)
{
	struct plan_ca_facts f = show_facts(s, ca);
	struct plan_row row[TIMER_COUNT];
	size_t n = plan_ca_timers(&ca_policy(ca)->plan, &f, row);

	if (f.active.have_cert) {
		tree_put_when(o, "ca_not_before", f.active.cert_from);
		tree_put_when(o, "ca_not_after", f.active.cert_until);
	}
	for (size_t i = 0; i < n; i++)
		if (row[i].timer == TIMER_CRL_UPDATE)
			tree_put_when(o, "crl_update_at", row[i].at);
		else if (row[i].timer == TIMER_ROLLOVER)
			tree_put_when(o, "auto_rollover_at", row[i].at);
	if (f.next.have_cert) {
		tree_put_text(o, "rollover_status",
		    f.announced ? "available for rollover" : "being prepared");
		tree_put_when(o, "rollover_ca_not_before", f.next.cert_from);
		tree_put_when(o, "rollover_ca_not_after", f.next.cert_until);
	}
}

static bool
put_store(const struct ca *ca, struct tree *o, struct err *e)
{
	struct store *st = ca_store(ca);
	int64_t issued, revoked, pending;
	struct row_generation g;
	struct err why = {0};

	if (st->table->generation_get(st, ca_generation(ca), &g, &why)) {
		if (g.cert.n > 0 && !tree_put_fingerprints(o, "", g.cert, e))
			return false;
	} else if (!show_absent(&why, e)) {
		return false;
	}
	if (tree_has(o, "rollover_status") &&
	    (!st->table->generation_get(st, ca_next_generation(ca), &g, e) ||
		!tree_put_fingerprints(o, "rollover_", g.cert, e)))
		return false;
	if (!st->table->cert_count(st, &issued, &revoked, e) ||
	    !st->table->request_count(st, &pending, e))
		return false;
	tree_put_int(o, "certificates_issued", issued);
	tree_put_int(o, "certificates_revoked", revoked);
	tree_put_int(o, "requests_pending", pending);
	return true;
}

static void
put_copies(const struct show *s, const struct conf_server *c, struct tree *o)
{
	struct tree *list = NULL;

	for (size_t i = 0; i < s->w->copy_count; i++) {
		const struct show_copy *copy = &s->w->copies[i];
		struct tree *row;

		if (copy->server != c)
			continue;
		if (list == NULL)
			list = tree_add_array(o, "copies");
		row = tree_add_object(list);
		tree_put_text(row, "file", copy->file);
		tree_put_text(row, "url", copy->url);
		tree_put_text(row, "state",
		    copy->why != NULL ? "degraded"
		    : copy->stands    ? "current"
				      : "being made");
		if (copy->why == NULL)
			continue;
		tree_put_when(row, "since", copy->behind_from);
		tree_put_text(row, "why", copy->why);
	}
}

static bool
put_server(
    const struct show *s, const struct show_server *server, struct tree *o, struct err *e)
{
	const struct conf_server *c = server->conf;
	const struct state *state = state_of(s, server);

	tree_put_text(o, "name", c->name);
	tree_put_text(o, "status", state->enabled ? "enabled" : "disabled");
	tree_put_text(o, "state", state->word);
	tree_put_text(o, "issuer_name", c->issuer_name);
	tree_put_text(o, "granting_mode",
	    show_word(grant_words_of, COUNT_OF(grant_words_of), (int)c->grant));
	tree_put_text(o, "database_level", levels[c->level].word);
	if (c->plan.auto_rollover)
		tree_put_int(o, "auto_rollover_seconds", c->plan.rollover);
	if (server->ca == NULL)
		return true;
	tree_put_hex(o, "last_serial", ca_last_serial(server->ca));
	put_timers(s, server->ca, o);
	put_copies(s, c, o);
	return put_store(server->ca, o, e);
}

static bool
server_build(struct show *s, bool *more, struct err *e)
{
	struct tree *list = tree_add_array(s->tree, "servers");

	*more = false;
	if (s->server != NULL)
		return put_server(s, s->server, tree_add_object(list), e);
	for (size_t i = 0; i < s->w->server_count; i++)
		if (!put_server(s, &s->w->server[i], tree_add_object(list), e))
			return false;
	return true;
}

/* ---- the text ---- */

static const char *
state_line(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].line;
	return stopped.line;
}

static const char *
level_line(const char *word)
{
	size_t i = COUNT_OF(levels) - 1;

	while (i > 0 && strcmp(levels[i].word, word) != 0)
		i--;
	return levels[i].line;
}

/* This one number IOS prints without leading zeros. */
static const char *
short_serial(const char *hex)
{
	hex += strspn(hex, "0");
	return hex[0] == 0 ? "0" : hex;
}

/* IOS S51, S52. What it calls overlap is how long before the end the next one is made. */
static void
rollover_lines(const struct tree *o, struct blob *out)
{
	char t[WHEN_TEXT];

	if (tree_has(o, "rollover_status")) {
		blob_printf(out, "    Rollover status: %s\n", tree_text(o, "rollover_status"));
		blob_add_str(out, "    Rollover CA certificate fingerprint: ");
		tree_groups(o, "rollover_fingerprint_md5", out);
		blob_printf(
		    out, "\n    SHA-256: %s\n", tree_text(o, "rollover_fingerprint_sha256"));
		blob_printf(out, "    Rollover CA certificate expiration time: %s\n",
		    tree_ios(o, "rollover_ca_not_after", t));
	}
	if (tree_has(o, "auto_rollover_seconds")) {
		when_t span = tree_int(o, "auto_rollover_seconds");
		when_t unit = span % DAY == 0 ? DAY : span % HOUR == 0 ? HOUR : MINUTE;

		blob_printf(out, "    Auto-Rollover configured, overlap period %lld %s\n",
		    (long long)(span / unit),
		    unit == DAY	   ? "days"
		    : unit == HOUR ? "hours"
				   : "minutes");
	}
	if (tree_has(o, "auto_rollover_at"))
		blob_printf(
		    out, "    Autorollover timer: %s\n", tree_ios(o, "auto_rollover_at", t));
}

static void
copy_lines(const struct tree *o, struct blob *out)
{
	const struct tree *x, *list = tree_get(o, "copies");
	char t[WHEN_TEXT];

	for (size_t i = 0; (x = tree_at(list, i)) != NULL; i++) {
		blob_printf(
		    out, "    Copy %s: %s", tree_text(x, "file"), tree_text(x, "state"));
		if (tree_has(x, "since"))
			blob_printf(out, " since %s", tree_ios(x, "since", t));
		blob_printf(out, "\n      at %s\n", tree_text(x, "url"));
		if (tree_has(x, "why"))
			blob_printf(out, "      %s\n", tree_text(x, "why"));
	}
}

static void
server_block(const struct tree *o, struct blob *out)
{
	char t[WHEN_TEXT];

	blob_printf(out, "Certificate Server %s:\n", tree_text(o, "name"));
	blob_printf(out, "    Status: %s\n", tree_text(o, "status"));
	blob_printf(out, "    State: %s\n", state_line(tree_text(o, "state")));
	blob_printf(out, "    Issuer name: %s\n", tree_text(o, "issuer_name"));
	if (tree_has(o, "fingerprint_md5")) {
		blob_add_str(out, "    CA cert fingerprint: ");
		tree_groups(o, "fingerprint_md5", out);
		blob_printf(out, "\n    SHA-256: %s\n", tree_text(o, "fingerprint_sha256"));
	}
	blob_printf(out, "    Granting mode is: %s\n", tree_text(o, "granting_mode"));
	if (tree_has(o, "last_serial"))
		blob_printf(out, "    Last certificate issued serial number (hex): %s\n",
		    short_serial(tree_text(o, "last_serial")));
	if (tree_has(o, "ca_not_after"))
		blob_printf(out, "    CA certificate expiration timer: %s\n",
		    tree_ios(o, "ca_not_after", t));
	if (tree_has(o, "ca_not_after"))
		blob_printf(out, "    CRL NextUpdate timer: %s\n",
		    tree_has(o, "crl_update_at") ? tree_ios(o, "crl_update_at", t)
						 : "not running");
	blob_printf(out,
	    "    Current primary storage dir: servers/%s/ (of the state directory)\n",
	    tree_text(o, "name"));
	blob_printf(
	    out, "    Database Level: %s\n", level_line(tree_text(o, "database_level")));
	copy_lines(o, out);
	rollover_lines(o, out);
}

static void
server_text(const struct show *s, struct blob *out)
{
	const struct tree *o, *list = tree_get(s->tree, "servers");
	size_t i;

	if (tree_count(list) == 0)
		blob_add_str(
		    out, "% No certificate server is configured (crypto pki server NAME)\n");
	for (i = 0; (o = tree_at(list, i)) != NULL; i++) {
		if (i > 0)
			blob_add_byte(out, '\n');
		server_block(o, out);
	}
}

const struct show_command show_server = {
    .command = CMD_SHOW_SERVER, .build = server_build, .text = server_text};
