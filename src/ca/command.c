/* command.c - an operator's words. */
#include <string.h>

#include "ca/ca_int.h"

#define ROWS_A_TURN 50

static bool
revoke(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	struct blob hex = {0};
	struct row_cert row;
	struct err why = {0};
	bool ok = true;

	hex_add(&hex, ev->serial, true);
	if (!ST(ca)->cert_by_serial(ca->store, ev->serial, &row, &why) ||
	    row.state != CERT_ISSUED) {
		ok = absent(&why, e);
		if (ok)
			effect_tell(out, ev->id, 1,
			    "%% No certificate with serial number %s was issued here.\n"
			    "  See: show crypto pki server %s certificates\n",
			    blob_cstr(&hex), ca->policy.name);
	} else if (row.kind == CERT_RA &&
		   view_equal_str(view_str(row.granted_by), "keymuster")) {
		effect_tell(out, ev->id, 1,
		    "%% %s is the certificate of this CA's own RA: without it nobody enrols.\n",
		    blob_cstr(&hex));
	} else if (row.revoked_at != 0) {
		effect_tell(
		    out, ev->id, 0, "%% Certificate %s is revoked already.\n", blob_cstr(&hex));
	} else {
		ok = revoke_cert(ca, &row, ev->reason, ev->actor, now, e);
		if (ok)
			effect_tell(out, ev->id, 0, "%% Certificate %s succesfully revoked.\n",
			    blob_cstr(&hex));
	}
	blob_free(&hex);
	return ok;
}

static const struct {
	const char *act, *done;
} words[] = {
    [CA_GRANT] = {"grant", "granted"},
    [CA_REJECT] = {"reject", "rejected"},
    [CA_REMOVE] = {"remove", "removed"},
};

/* One stored request. *did: it was decided; else *why_not says why (static text). */
static bool
one_request(struct ca *ca, enum ca_command command, int64_t id, const char *actor, when_t now,
    bool *did, const char **why_not, struct effects *out, struct err *e)
{
	struct row_request row;
	struct err why = {0};
	char object[32];
	bool ok = true;

	*did = false;
	*why_not = "there is none of this number";
	if (!ST(ca)->request_get(ca->store, id, &row, &why))
		return absent(&why, e);
	*why_not = "it does not wait";
	if (row.state != REQUEST_PENDING && command != CA_REMOVE)
		return true;
	*why_not = NULL;
	if (command == CA_GRANT)
		ok = approve(ca, id, now, why_not, out, e);
	else if (command == CA_REJECT)
		ok = ST(ca)->request_update(ca->store, id, REQUEST_REJECTED,
		    "rejected by the operator", row.expires_at, 0, e);
	else
		ok = ST(ca)->request_remove(ca->store, id, e);
	if (!ok || *why_not != NULL)
		return ok;
	*did = true;
	(void)snprintf(object, sizeof(object), "request %ld", (long)id);
	log_notice("request decided", "ca='%s' id=%ld act='%s' by='%s'", ca->policy.name,
	    (long)id, words[command].act, actor);
	return ST(ca)->audit_add(ca->store, now, actor, words[command].act, object, e);
}

static void
tell_all(struct ca *ca, struct effects *out)
{
	char left[140] = "";

	if (ca->cursor.left > 0)
		(void)snprintf(left, sizeof(left),
		    "  %ld not granted: CA and RA certificates go by ID, and \"grant ID\" says "
		    "why of the others.\n",
		    (long)ca->cursor.left);
	effect_tell(out, ca->cursor.id, 0, "%% %ld enrollment request%s %s.\n%s",
	    (long)ca->cursor.done, ca->cursor.done == 1 ? "" : "s",
	    words[ca->cursor.command].done, left);
	ca->cursor.active = false;
}

/* "grant all" leaves CA and RA roles to "grant ID" (rule 6). */
static bool
by_id_only(const struct ca *ca, const struct row_request *row)
{
	return ca->cursor.command == CA_GRANT &&
	       (row->role == CERT_SUB_CA || row->role == CERT_RA);
}

/* "all" goes through the queue a few rows a turn, so that no turn is long; the operator is told
 * at the end. */
bool
command_continue(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct row_request row;
	struct err why = {0};
	const char *why_not;
	bool did;

	if (ca->cursor.active && ca->cursor.command == CA_GRANT && !issue_possible(ca, now))
		tell_all(ca, out);
	for (int n = 0; n < ROWS_A_TURN && ca->cursor.active; n++) {
		if (!ST(ca)->request_next(ca->store, ca->cursor.after, &row, &why)) {
			tell_all(ca, out);
			return absent(&why, e);
		}
		ca->cursor.after = row.id;
		if (row.state != REQUEST_PENDING)
			continue;
		did = false;
		if (!by_id_only(ca, &row) &&
		    !one_request(ca, ca->cursor.command, ca->cursor.after, ca->cursor.actor,
			now, &did, &why_not, out, e))
			return false;
		ca->cursor.done += did ? 1 : 0;
		ca->cursor.left += did ? 0 : 1;
	}
	return true;
}

static bool
decide_all(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	if (ca->cursor.active) {
		effect_tell(out, ev->id, 1, "%% Another \"%s all\" is under way; try again.\n",
		    words[ca->cursor.command].act);
		return true;
	}
	memset(&ca->cursor, 0, sizeof(ca->cursor));
	ca->cursor.active = true;
	ca->cursor.command = ev->command;
	ca->cursor.id = ev->id;
	(void)snprintf(ca->cursor.actor, sizeof(ca->cursor.actor), "%s", ev->actor);
	return command_continue(ca, now, out, e);
}

static bool
decide_one(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	const char *why_not;
	bool did;

	if (!one_request(ca, ev->command, ev->request, ev->actor, now, &did, &why_not, out, e))
		return false;
	if (did)
		effect_tell(out, ev->id, 0, "%% Enrollment request %ld %s.\n",
		    (long)ev->request, words[ev->command].done);
	else
		effect_tell(out, ev->id, 1,
		    "%% Enrollment request %ld is not %s: %s.\n  See: show crypto pki server "
		    "%s requests\n",
		    (long)ev->request, words[ev->command].done, why_not, ca->policy.name);
	return true;
}

bool
command_do(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	if (!ca->facts.clock_trusted) {
		effect_tell(out, ev->id, 5,
		    "%% The clock is not authoritative: start NTP, or say \"clock "
		    "calendar-valid\" once it is right.\n");
		return true;
	}
	if (!ca->active->facts.have_cert) {
		effect_tell(out, ev->id, 1,
		    "%% Certificate server %s has no CA certificate yet.\n", ca->policy.name);
		return true;
	}
	if (ev->command == CA_GRANT && !issue_possible(ca, now)) {
		effect_tell(out, ev->id, 1,
		    "%% The CA certificate of %s has expired: nothing can be issued.\n",
		    ca->policy.name);
		return true;
	}
	switch (ev->command) {
	case CA_GRANT:
	case CA_REJECT:
	case CA_REMOVE:
		return ev->all ? decide_all(ca, ev, now, out, e)
			       : decide_one(ca, ev, now, out, e);
	case CA_REVOKE:
		return revoke(ca, ev, now, out, e);
	case CA_PASSWORD:
		return password_make(ca, ev, now, out, e);
	case CA_ROLLOVER:
		return rollover_ask(ca, ev, now, out, e);
	case CA_CANCEL:
		return cancel_ask(ca, ev, now, out, e);
	}
	return err_set(e, WHY_BUG, "command %d", (int)ev->command);
}
