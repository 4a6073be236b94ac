/* cancel.c - the next CA certificate is taken back. */
#include <string.h>

#include "ca/ca_int.h"

#define ROWS_A_TURN 50
#define NAMED_MAX 16 /* identities and addresses that are told to the operator */

/* ---- who knows it: addresses, one a line ---- */

static size_t
lines_of(struct view text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static bool
told_before(const struct generation *g, const char *source)
{
	struct view left = blob_view(&g->told);

	while (left.n > 0)
		if (view_equal_str(view_cut(&left, '\n'), source))
			return true;
	return false;
}

/* Durable before visible: front waits for the answer before it shows the announcement. */
bool
cancel_tell(struct ca *ca, const struct ca_event *ev, struct effects *out, struct err *e)
{
	struct generation *g = ca->next;
	char fact[64];

	if (g == NULL || ca->active->announcement.n == 0) {
		effect_reply(out, ev->id, 404, "there is no next CA yet", 0);
		return true;
	}
	effect_reply(out, ev->id, 200, "noted", 0);
	if (told_before(g, ev->source) || lines_of(blob_view(&g->told)) >= NAMED_MAX)
		return true;
	blob_printf(&g->told, "%s\n", ev->source);
	generation_fact(g->number, "told", fact);
	return ST(ca)->fact_put(ca->store, fact, blob_view(&g->told), e);
}

/* ---- its certificates ---- */

/* The last intent of before this instant: they were made in the order of their numbers. */
static bool
last_before(struct ca *ca, when_t at, int64_t *intent, struct err *e)
{
	int64_t low = 0, high;
	struct row_cert row;
	struct err why = {0};

	*intent = 0;
	if (!ST(ca)->cert_last(ca->store, &row, &why))
		return absent(&why, e);
	high = row.made_at < at ? row.intent : row.intent - 1;
	while (low < high) {
		int64_t middle = low + (high - low + 1) / 2;

		if (!ST(ca)->cert_next(ca->store, middle - 1, &row, e))
			return false;
		if (row.made_at < at)
			low = middle;
		else
			high = middle - 1;
	}
	*intent = low;
	return true;
}

/* A certificate of the generation for somebody, not for itself, that is or will be alive.
 */
static bool
counts(const struct generation *g, const struct row_cert *row)
{
	return row->generation == g->number && row->intent != g->ra.intent &&
	       row->kind != CERT_LINK && row->state != CERT_VOID && row->revoked_at == 0;
}

static bool
take_back(
    struct ca *ca, const struct row_cert *row, when_t now, struct effects *out, struct err *e)
{
	int64_t intent = row->intent;

	if (row->state == CERT_INTENT)
		return issue_drop(ca, intent, "the next CA certificate was taken back", out, e);
	return revoke_cert(ca, row, 5, ca->cancel.actor, now, e);
}

static void
tell_refused(struct ca *ca, const struct generation *g, struct effects *out)
{
	struct effect *x = effect_add(out, EFFECT_TELL);
	struct view left = blob_view(&g->told);

	x->id = ca->cancel.id;
	x->status = 1;
	blob_add_str(&x->bytes,
	    "% The next CA certificate is not cancelled: others have it, and "
	    "would have to enrol again.\n");
	while (left.n > 0) {
		struct view source = view_cut(&left, '\n');

		blob_printf(
		    &x->bytes, "  Fetched from: %.*s\n", (int)source.n, (const char *)source.p);
	}
	if (lines_of(blob_view(&g->told)) >= NAMED_MAX)
		blob_add_str(&x->bytes, "  Fetched from: and perhaps others\n");
	blob_add_view(&x->bytes, blob_view(&ca->cancel.names));
	if (ca->cancel.found > NAMED_MAX)
		blob_printf(&x->bytes, "  and %ld more certificates\n",
		    (long)(ca->cancel.found - NAMED_MAX));
	blob_printf(&x->bytes, "  All the same: crypto pki server %s rollover cancel force\n",
	    ca->policy.name);
}

/* ---- the end of it ---- */

/* Not made anew by itself at once: who cancels wants to change something first. But nobody is
 * left behind because of a thing forgotten. */
static bool
hold_off(struct ca *ca, when_t now, struct err *e)
{
	when_t left = ca->active->facts.cert_until - now;
	char text[24];

	ca->facts.rollover_asked = false;
	ca->facts.rollover_from = when_add(now, when_min(DAY, left / 2));
	(void)snprintf(text, sizeof(text), "%lld", (long long)ca->facts.rollover_from);
	return ST(ca)->fact_put(ca->store, "rollover-asked", VIEW("0"), e) &&
	       ST(ca)->fact_put(ca->store, "rollover-from", view_str(text), e);
}

/* Forced: the key stays until the end of the active one, so that who asks is answered. */
static bool
retire(struct ca *ca, bool forced, when_t now, struct effects *out, struct err *e)
{
	struct generation *g = ca->next;
	char fact[64];

	if (!link_drop(ca, ca->cancel.actor, now, out, e))
		return false;
	ca->next = NULL;
	g->cancelled_at = now;
	g->switched_at = forced ? ca->active->facts.cert_until : now;
	generation_fact(ca->active->number, "announcement", fact);
	blob_clear(&ca->active->announcement);
	if (!generation_save(ca, g, e) ||
	    !ST(ca)->fact_put(ca->store, fact, (struct view){0}, e) || !hold_off(ca, now, e) ||
	    !ST(ca)->audit_add(ca->store, now, ca->cancel.actor,
		forced ? "cancel next CA certificate, by force" : "cancel next CA certificate",
		g->label, e))
		return false;
	if (g->facts.archived)
		ca_archive_name(ca, g->number, effect_add(out, EFFECT_KEEP_IN)->leaf);
	crash_point("cancelled");
	log_notice("next CA certificate cancelled", "ca='%s' label='%s' by='%s'",
	    ca->policy.name, g->label, ca->cancel.actor);
	generations_tell(ca);
	(void)publish(out, OBJECT_CACERT, (struct view){0}, INT64_MIN, WHEN_NEVER);
	authority_publish(ca, out);
	return true;
}

static void
tell_done(struct ca *ca, const struct generation *g, bool forced, struct effects *out)
{
	char leaf[96], archive[200] = "";
	const char *again = ca->policy.plan.auto_rollover
				? "  auto-rollover makes another: show crypto pki timers\n"
				: "";

	if (g->facts.archived) {
		ca_archive_name(ca, g->number, leaf);
		(void)snprintf(archive, sizeof(archive),
		    "  Its archive %s still holds the key: remove the file and its copies.\n",
		    leaf);
	}
	if (ca->cancel.id != 0 && forced)
		effect_tell(out, ca->cancel.id, 0,
		    "%% The next CA certificate is cancelled; %ld certificate%s revoked.\n"
		    "  Its last list names them; it answers PENDING until the active one "
		    "ends.\n"
		    "  Who holds it switches to it all the same, and does not notice: remove\n"
		    "  each such trustpoint, authenticate and enrol it anew.\n%s%s",
		    (long)ca->cancel.found, ca->cancel.found == 1 ? "" : "s", again, archive);
	else if (ca->cancel.id != 0)
		effect_tell(out, ca->cancel.id, 0,
		    "%% The next CA certificate is cancelled and its key destroyed.\n%s%s",
		    again, archive);
	blob_free(&ca->cancel.names);
	ca->cancel.active = false;
}

/* All rows were seen: what does the look, or the taking back, end in? */
static bool
scanned(struct ca *ca, struct generation *g, when_t now, struct effects *out, struct err *e)
{
	bool known = ca->cancel.found > 0 || g->told.n > 0;

	if (g->cancelled_at != 0) { /* all are revoked */
		g->last_list_due = true;
		ca->facts.crl_stale = true;
		tell_done(ca, g, true, out);
		return ST(ca)->fact_put(ca->store, "crl-stale", VIEW("1"), e);
	}
	if (known && !ca->cancel.force) {
		tell_refused(ca, g, out);
		blob_free(&ca->cancel.names);
		ca->cancel.active = false;
		return true;
	}
	if (!retire(ca, known, now, out, e))
		return false;
	if (!known) {
		tell_done(ca, g, false, out);
		return true;
	}
	ca->cancel.found = 0;
	return last_before(ca, g->made_at, &ca->cancel.after, e);
}

static bool
row_seen(struct ca *ca, const struct generation *g, const struct row_cert *row, when_t now,
    struct effects *out, struct err *e)
{
	if (!counts(g, row))
		return true;
	ca->cancel.found++;
	if (g->cancelled_at != 0)
		return take_back(ca, row, now, out, e);
	if (ca->cancel.found <= NAMED_MAX) {
		blob_add_str(&ca->cancel.names, "  Holds a certificate of it: ");
		name_text(row->subject, &ca->cancel.names);
		blob_add_byte(&ca->cancel.names, '\n');
	}
	return true;
}

bool
cancel_continue(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct generation *g = generation_of(ca, ca->cancel.generation);
	struct row_cert row;
	struct err why = {0};

	if (!ca->cancel.active)
		return true;
	if (g == NULL || (g != ca->next && g->cancelled_at == 0)) {
		effect_tell(
		    out, ca->cancel.id, 1, "%% It is too late: the switch came first.\n");
		blob_free(&ca->cancel.names);
		ca->cancel.active = false;
		return true;
	}
	for (int n = 0; n < ROWS_A_TURN; n++) {
		if (!ST(ca)->cert_next(ca->store, ca->cancel.after, &row, &why))
			return absent(&why, e) && scanned(ca, g, now, out, e);
		ca->cancel.after = row.intent;
		if (!row_seen(ca, g, &row, now, out, e))
			return false;
	}
	return true;
}

static bool
cancel_begin(struct ca *ca, const struct generation *g, const char *actor, struct err *e)
{
	memset(&ca->cancel, 0, sizeof(ca->cancel));
	ca->cancel.active = true;
	ca->cancel.generation = g->number;
	(void)snprintf(ca->cancel.actor, sizeof(ca->cancel.actor), "%s", actor);
	return last_before(ca, g->made_at, &ca->cancel.after, e);
}

/* What a crash left undone of a forced one. */
bool
cancel_resume(struct ca *ca, struct err *e)
{
	for (size_t i = 0; i < ca->generation_count; i++) {
		const struct generation *g = ca->generations[i];

		if (g->cancelled_at != 0 && g->switched_at > g->cancelled_at &&
		    !g->have_last_list)
			return cancel_begin(ca, g, "keymuster", e);
	}
	return true;
}

static bool
is_busy(const struct ca *ca)
{
	const struct plan_generation *f = &ca->next->facts;

	return f->busy_key || f->busy_cert || f->busy_ra || f->busy_archive || !f->have_key ||
	       ca->facts.busy_announce || ca->facts.busy_crl;
}

bool
cancel_ask(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	const char *why = ca->cancel.active  ? "is being cancelled already"
			  : ca->next == NULL ? "does not exist"
			  : is_busy(ca)	     ? "is being made: try again in a moment"
					     : NULL;

	if (why != NULL) {
		effect_tell(out, ev->id, 1, "%% The next CA certificate %s.\n", why);
		return true;
	}
	if (!cancel_begin(ca, ca->next, ev->actor, e))
		return false;
	ca->cancel.id = ev->id;
	ca->cancel.force = ev->all;
	return cancel_continue(ca, now, out, e);
}

/* When a replaced or cancelled key goes; a cancelled one with clients not before the signer
 * lets it go. */
when_t
cancel_key_until(const struct ca *ca, const struct generation *g)
{
	when_t until = g->cancelled_at == 0 ? plan_old_until(&ca->policy.plan, g->switched_at)
					    : g->switched_at;

	if (g->switched_at == 0)
		return WHEN_NEVER;
	for (size_t i = 0; i < ca->generation_count && g->switched_at > g->cancelled_at; i++)
		if (ca->generations[i] != g && ca->generations[i]->facts.have_cert &&
		    ca->generations[i]->facts.cert_until >= g->facts.cert_until)
			return when_max(until, g->forget_from);
	return g->switched_at > g->cancelled_at ? WHEN_NEVER : when_max(until, g->forget_from);
}
