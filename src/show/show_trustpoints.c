/* show_trustpoints.c - show crypto pki trustpoints [status]. */
#include <string.h>

#include "show/show_int.h"

static const struct state {
	const char *word, *line;
} states[] = {
    [TP_IS_WITHOUT_CLOCK] = {"without-clock", "waits for an authoritative clock"},
    [TP_IS_UNAUTHENTICATED] = {"unauthenticated", "waits for 'crypto pki authenticate'"},
    [TP_IS_AUTHENTICATING] = {"authenticating", "asks for the CA's certificate"},
    [TP_IS_FROZEN] = {"frozen", "due to switch, but the clock has jumped (show clock)"},
    [TP_IS_LATE] = {"late", "its CA has ended, and the next one has not begun or is not here"},
    [TP_IS_READY] = {"ready", "holds its next certificate and waits for the switch"},
    [TP_IS_ENROLLING] = {"enrolling", "asks for its first certificate"},
    [TP_IS_RENEWING] = {"renewing", "asks for its next certificate"},
    [TP_IS_REQUESTING_SHADOW] = {"requesting-shadow",
	"asks for its certificate of the next CA"},
    [TP_IS_POLLING] = {"polling", "its request waits for the operator of the CA"},
    [TP_IS_WAITING_NEXT_CA] = {"waiting-next-ca", "asks for the next CA's certificate"},
    [TP_IS_WITHOUT_ROLLOVER] = {"without-rollover",
	"the server does not hand out the next CA's certificate"},
    [TP_IS_REJECTED] = {"rejected", "was rejected, asks again, slowly"},
    [TP_IS_EXHAUSTED] = {"exhausted", "has tried often, asks again, slowly"},
    [TP_IS_STOPPED] = {"stopped", "has stopped, waits for 'crypto pki enroll'"},
    [TP_IS_EXPIRED] = {"expired",
	"its certificate has ended, and it is not to renew by itself"},
    [TP_IS_ENROLLED] = {"enrolled", "holds its certificate"},
    [TP_IS_TRUSTING] = {"trusting", "holds the CA's certificate and wants no more"},
};
static const struct state stopped = {"not-running", "does not run (see the log)"};

/* The four certificates, as they are called. */
static const struct held {
	enum tp_leaf leaf;
	const char *key, *title;
} held[] = {
    {TP_CA, "ca", "Issuing CA certificate"},
    {TP_ID, "certificate", "Router General Purpose certificate"},
    {TP_NEXT_CA, "next_ca", "Issuing CA certificate (Rollover)"},
    {TP_SHADOW, "shadow", "Router General Purpose certificate (Rollover)"},
};

/* ---- the tree ---- */

struct putting {
	struct tree *row;
	const char *key;
};

/* The first of a leaf: the CA, or ours. */
static bool
put_first(void *arg, size_t i, struct view der, struct err *e)
{
	const struct putting *p = arg;
	struct cert c;
	struct tree *o;

	if (i > 0)
		return true;
	if (!cert_decode(der, &c, e))
		return err_prefix(e, "stored certificate");
	o = tree_put_object(p->row, p->key);
	tree_put_name(o, "subject", c.subject);
	tree_put_hex(o, "serial", show_unsigned(c.serial));
	tree_put_when(o, "not_before", c.not_before);
	tree_put_when(o, "not_after", c.not_after);
	return tree_put_fingerprints(o, "", der, e);
}

/* What the last request came to; "": nothing was asked yet. */
static const char *
last_enrolment(const struct plan_tp_facts *f)
{
	if (f->pending)
		return "Pending";
	switch (f->ask.answer) {
	case ANSWER_REJECT:
		return "Rejected";
	case ANSWER_NONE:
		return "Failed";
	case ANSWER_GOOD:
	case ANSWER_PENDING:
		break;
	}
	return f->have_id ? "Granted" : "";
}

static void
put_state(const struct show *s, const struct show_trustpoint *t, struct tree *o)
{
	const struct plan_tp_facts *f;
	const char *last;
	struct plan_tp plan;

	if (t->tp == NULL) {
		tree_put_text(o, "state", stopped.word);
		return;
	}
	f = tp_facts(t->tp);
	plan = tp_plan(t->tp, s->now);
	last = last_enrolment(f);
	tree_put_text(
	    o, "state", states[s->w->clock_trusted ? plan.state : TP_IS_WITHOUT_CLOCK].word);
	tree_put_bool(o, "keys", f->have_id || last[0] != 0 || tp_requested(t->tp));
	if (tp_key_lost(t->tp))
		tree_put_bool(o, "key_lost", true);
	tree_put_bool(o, "authenticated", f->authenticated);
	if (f->caps_known)
		tree_put_bool(o, "server_has_rollover", f->caps_next_ca);
	tree_put_bool(o, "enrolled", f->have_id);
	tree_put_bool(o, "pending", f->pending);
	if (last[0] != 0)
		tree_put_text(o, "last_enrollment", last);
}

/* Who enrols by hand renews by hand. */
static void
put_by_hand(const struct show *s, const struct show_trustpoint *t, struct tree *o)
{
	const struct plan_tp_policy *p = &t->conf->plan;
	const struct plan_tp_facts *f = t->tp == NULL ? NULL : tp_facts(t->tp);

	if (t->conf->terminal == CONF_TERMINAL_NONE || t->conf->url[0] != 0)
		return;
	tree_put_bool(o, "by_hand", true);
	tree_put_bool(o, "to_be_carried", t->tp != NULL && tp_requested(t->tp));
	if (f == NULL || !f->have_id || !p->auto_enroll || p->shadow_only)
		return;
	tree_put_when(o, "renewal_at", plan_tp_due(p, f));
	tree_put_bool(o, "renewal_due", s->w->clock_trusted && s->now >= plan_tp_due(p, f));
}

static bool
put_trustpoint(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e)
{
	struct tree *o = tree_add_object(rows);
	struct err why = {0};

	(void)e;
	tree_put_text(o, "name", t->conf->name);
	tree_put_text(o, "url", t->conf->url);
	put_by_hand(s, t, o);
	put_state(s, t, o);
	for (size_t i = 0; i < COUNT_OF(held); i++) {
		struct putting p = {o, held[i].key};

		if (!show_leaf(t->shelf, held[i].leaf, put_first, &p, &why))
			tree_put_text(o, "error", why.text);
	}
	if (t->active_generation > 0)
		tree_put_int(o, "active_generation", t->active_generation);
	if (t->shadow_generation > 0)
		tree_put_int(o, "shadow_generation", t->shadow_generation);
	if (t->directory != NULL)
		tree_put_text(o, "storage", t->directory);
	if (t->trouble != NULL) {
		tree_put_text(o, "trouble", t->trouble);
		tree_put_when(o, "trouble_at", t->trouble_at);
	}
	return true;
}

static bool
trustpoints_build(struct show *s, bool *more, struct err *e)
{
	(void)e;
	*more = false;
	show_put_clock(s, "clock_authoritative");
	return true;
}

#define SOME (PIECE / 8) /* a call: each has files to read */

static bool
trustpoints_rows(struct show *s, struct tree *rows, bool *more, struct err *e)
{
	return show_some(s, SOME, put_trustpoint, rows, more, e);
}

/* ---- the text ---- */

static void
trustpoints_text(const struct show *s, struct blob *out)
{
	show_clock_note(s, "clock_authoritative", out);
	if (s->w->trustpoint_count == 0)
		blob_add_str(
		    out, "% No trustpoint is configured (crypto pki trustpoint NAME)\n");
}

static const char *
state_line(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].line;
	return stopped.line;
}

static void
held_text(const struct tree *o, const struct held *h, struct blob *out)
{
	const struct tree *cert = tree_get(o, h->key);

	if (cert == NULL)
		return;
	blob_printf(out, "  %s configured:\n    Subject Name:\n     %s\n", h->title,
	    tree_text(cert, "subject"));
	blob_add_str(out, "    Fingerprint MD5: ");
	tree_groups(cert, "fingerprint_md5", out);
	blob_add_str(out, "\n    Fingerprint SHA1: ");
	tree_groups(cert, "fingerprint_sha1", out);
	blob_printf(out, "\n    SHA-256: %s\n", tree_text(cert, "fingerprint_sha256"));
}

/* By hand, what is next is the operator's. */
static void
now_text(const struct tree *o, struct blob *out)
{
	const char *name = tree_text(o, "name");

	if (tree_is(o, "to_be_carried"))
		blob_printf(out,
		    "    Now: its request waits to be carried to the CA\n"
		    "      and the certificate back: crypto pki import %s certificate\n",
		    name);
	else if (tree_is(o, "by_hand") && tree_is(o, "authenticated") &&
		 !tree_is(o, "enrolled"))
		blob_printf(
		    out, "    Now: to be enrolled by hand: crypto pki enroll %s\n", name);
	else
		blob_printf(out, "    Now: %s\n", state_line(tree_text(o, "state")));
}

static void
status_text(const struct tree *o, struct blob *out)
{
	char t[WHEN_TEXT];

	for (size_t i = 0; i < COUNT_OF(held); i++)
		held_text(o, &held[i], out);
	if (tree_has(o, "last_enrollment"))
		blob_printf(
		    out, "  Last enrollment status: %s\n", tree_text(o, "last_enrollment"));
	blob_printf(out, "  State:\n    Keys generated ............. %s\n",
	    tree_has(o, "key_lost") ? "Lost: another pair is made for a new certificate"
	    : tree_is(o, "keys")    ? "Yes (General Purpose, exportable)"
				    : "No");
	if (tree_has(o, "storage")) /* in clear, for programs that serve with it */
		blob_printf(out, "    Key file: %s/key.pem\n", tree_text(o, "storage"));
	blob_printf(out, "    Issuing CA authenticated ....... %s\n",
	    tree_is(o, "authenticated") ? "Yes" : "No");
	blob_printf(out, "    Certificate request(s) ..... %s\n",
	    tree_is(o, "pending") || tree_is(o, "to_be_carried") ? "Pending"
	    : tree_is(o, "keys")				 ? "Yes"
								 : "None");
	now_text(o, out);
	if (tree_has(o, "renewal_at"))
		blob_printf(out, "    Manual renewal %s: %s\n",
		    tree_is(o, "renewal_due") ? "is due since" : "will be due",
		    tree_ios(o, "renewal_at", t));
	if (tree_has(o, "server_has_rollover") && !tree_is(o, "server_has_rollover"))
		blob_add_str(out,
		    "    The server hands out no next CA certificate: authenticate it by "
		    "hand\n");
	if (tree_has(o, "trouble"))
		blob_printf(out, "  Last trouble: %s\n    at %s\n", tree_text(o, "trouble"),
		    tree_ios(o, "trouble_at", t));
}

static void
brief_text(const struct tree *o, struct blob *out)
{
	const struct tree *ca = tree_get(o, "ca"), *rdn;

	if (ca == NULL) {
		blob_add_str(out, "    Not authenticated.\n");
	} else {
		blob_add_str(out, "    Subject Name:\n");
		for (size_t i = 0; (rdn = tree_at(tree_get(ca, "subject_rdns"), i)) != NULL;
		     i++)
			blob_printf(out, "    %s\n", tree_string(rdn));
		blob_printf(
		    out, "          Serial Number (hex): %s\n", tree_text(ca, "serial"));
	}
	if (tree_has(o, "certificate"))
		blob_add_str(out, "    Certificate configured.\n");
	if (tree_has(o, "shadow"))
		blob_add_str(out, "    Certificate (Rollover) configured.\n");
	if (tree_text(o, "url")[0] != 0)
		blob_printf(out, "    SCEP URL: %s\n", tree_text(o, "url"));
	if (tree_is(o, "by_hand"))
		blob_printf(out, "    Enrollment by hand (terminal)%s\n",
		    tree_is(o, "renewal_due")
			? ": the certificate is to be renewed, crypto pki enroll"
			: "");
	now_text(o, out);
}

static void
trustpoints_row_text(const struct show *s, const struct tree *o, struct blob *out)
{
	blob_printf(out, "Trustpoint %s:\n", tree_text(o, "name"));
	if (tree_has(o, "error"))
		blob_printf(out, "    %% %s\n", tree_text(o, "error"));
	if (s->c->detail)
		status_text(o, out);
	else
		brief_text(o, out);
}

const struct show_command show_trustpoints = {
    .command = CMD_SHOW_TRUSTPOINTS,
    .names = NAMES_TRUSTPOINT,
    .build = trustpoints_build,
    .text = trustpoints_text,
    .list = "trustpoints",
    .rows = trustpoints_rows,
    .row_text = trustpoints_row_text,
    .apart = true,
};
