/* command.c - an operator's words. */
#include <string.h>

#include "ca/ca_int.h"

#define ROWS_A_TURN 50
#define PASSWORD_OCTETS 16

/* Passwords are hashed with a salt of this authority's own. They are random, 128 bits: one
 * round suffices. */
bool
password_hash(struct ca *ca, struct view password, uint8_t out[32], struct err *e)
{
	struct blob all = {0};
	struct err why = {0};
	uint8_t salt[16];
	bool ok = true;

	if (!ST(ca)->fact_get(ca->store, "challenge-salt", &all, &why)) {
		if (why.why != WHY_NOT_FOUND) {
			*e = why;
			return false;
		}
		keys_random(ca->keys, salt, sizeof(salt));
		blob_set(&all, view_of(salt, sizeof(salt)));
		ok = ST(ca)->fact_put(ca->store, "challenge-salt", blob_view(&all), e);
	}
	if (ok) {
		blob_add_view(&all, password);
		sha256(blob_view(&all), out);
	}
	blob_free(&all);
	return ok;
}

static bool
password_generate(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	uint8_t random[PASSWORD_OCTETS], hash[32];
	struct blob text = {0};
	bool ok = false;
	int64_t minutes = ev->minutes > 0 ? ev->minutes : 60;

	keys_random(ca->keys, random, sizeof(random));
	hex_add(&text, view_of(random, sizeof(random)), true);
	if (!password_hash(ca, blob_view(&text), hash, e))
		goto out;

	struct row_challenge row = {
	    .hash = view_of(hash, sizeof(hash)),
	    .made_at = now,
	    .expires_at = when_add(now, minutes * MINUTE),
	};

	if (!ST(ca)->challenge_add(ca->store, &row, e) ||
	    !ST(ca)->audit_add(ca->store, now, ev->actor, "password generate", "", e))
		goto out;
	ca->facts.challenge_expiry = when_min(ca->facts.challenge_expiry, row.expires_at);
	effect_tell(out, ev->id, 0,
	    "%% Password is %s\n  valid for %ld minute%s, for one enrolment\n",
	    blob_cstr(&text), (long)minutes, minutes == 1 ? "" : "s");
	ok = true;
out:
	mem_wipe(random, sizeof(random));
	blob_free(&text);
	return ok;
}

static bool
revoke(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	struct blob entry = {0}, hex = {0};
	struct row_cert row;
	struct err why = {0};
	int64_t intent;
	bool ok = false;

	hex_add(&hex, ev->serial, true);
	if (!ST(ca)->cert_by_serial(ca->store, ev->serial, &row, &why) ||
	    row.state != CERT_ISSUED) {
		if (why.why != WHY_NONE && why.why != WHY_NOT_FOUND) {
			*e = why;
			goto out;
		}
		effect_tell(out, ev->id, 1,
		    "%% No certificate with serial number %s was issued here.\n"
		    "  See: show crypto pki server %s certificates\n",
		    blob_cstr(&hex), ca->policy.name);
		ok = true;
		goto out;
	}
	intent = row.intent;
	if (!ST(ca)->cert_revoke(ca->store, intent, now, ev->reason, &why)) {
		if (why.why != WHY_REFUSED) {
			*e = why;
			goto out;
		}
		effect_tell(
		    out, ev->id, 0, "%% Certificate %s is revoked already.\n", blob_cstr(&hex));
		ok = true;
		goto out;
	}
	crl_entry_encode(ev->serial, now, ev->reason, &entry);
	if (!ST(ca)->revoked_add(ca->store, blob_view(&entry), e) ||
	    !ST(ca)->fact_put(ca->store, "crl-stale", VIEW("1"), e) ||
	    !ST(ca)->audit_add(ca->store, now, ev->actor, "revoke", blob_cstr(&hex), e))
		goto out;
	crash_point("revoked");
	ca->facts.crl_stale = true;
	log_notice("certificate revoked", "ca='%s' serial='%s' by='%s'", ca->policy.name,
	    blob_cstr(&hex), ev->actor);
	effect_tell(
	    out, ev->id, 0, "%% Certificate %s succesfully revoked.\n", blob_cstr(&hex));
	ok = true;
out:
	blob_free(&entry);
	blob_free(&hex);
	return ok;
}

/* One waiting request. *did: it was waiting. */
static bool
one_request(struct ca *ca, enum ca_command command, int64_t id, const char *actor, when_t now,
    bool *did, struct effects *out, struct err *e)
{
	static const char *const acts[] = {
	    [CA_GRANT] = "grant", [CA_REJECT] = "reject", [CA_REMOVE] = "remove"};
	struct row_request row;
	struct err why = {0};
	char object[32];

	*did = false;
	if (!ST(ca)->request_get(ca->store, id, &row, &why)) {
		if (why.why == WHY_NOT_FOUND)
			return true;
		*e = why;
		return false;
	}
	if (row.state != REQUEST_PENDING && command != CA_REMOVE)
		return true;
	*did = true;
	(void)snprintf(object, sizeof(object), "request %ld", (long)id);
	if (!ST(ca)->audit_add(ca->store, now, actor, acts[command], object, e))
		return false;
	log_notice("request decided", "ca='%s' id=%ld act='%s' by='%s'", ca->policy.name,
	    (long)id, acts[command], actor);
	if (command == CA_GRANT)
		return issue_request(ca, id, false, now, out, e);
	if (command == CA_REJECT)
		return ST(ca)->request_update(
		    ca->store, id, REQUEST_REJECTED, "rejected by the operator", 0, e);
	return ST(ca)->request_remove(ca->store, id, e);
}

/* "all" goes through the queue a few rows a turn, so that no turn is long. */
bool
command_continue(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct row_request row;
	struct err why = {0};
	bool did;

	for (int n = 0; n < ROWS_A_TURN && ca->cursor.active; n++) {
		if (!ST(ca)->request_next(ca->store, ca->cursor.after, &row, &why)) {
			if (why.why != WHY_NOT_FOUND) {
				*e = why;
				return false;
			}
			ca->cursor.active = false;
			break;
		}
		ca->cursor.after = row.id;
		if (row.state == REQUEST_PENDING && !one_request(ca, ca->cursor.command, row.id,
							ca->cursor.actor, now, &did, out, e))
			return false;
	}
	return true;
}

static bool
decide_requests(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	static const char *const done[] = {
	    [CA_GRANT] = "granted", [CA_REJECT] = "rejected", [CA_REMOVE] = "removed"};
	int64_t pending;
	bool did;

	if (!ev->all) {
		if (!one_request(ca, ev->command, ev->request, ev->actor, now, &did, out, e))
			return false;
		if (did)
			effect_tell(out, ev->id, 0, "%% Enrollment request %ld %s.\n",
			    (long)ev->request, done[ev->command]);
		else
			effect_tell(out, ev->id, 1,
			    "%% No enrollment request %ld waits.\n  See: show crypto pki "
			    "server %s requests\n",
			    (long)ev->request, ca->policy.name);
		return true;
	}
	if (!ST(ca)->request_count(ca->store, &pending, e))
		return false;
	ca->cursor.active = true;
	ca->cursor.command = ev->command;
	ca->cursor.after = 0;
	(void)snprintf(ca->cursor.actor, sizeof(ca->cursor.actor), "%s", ev->actor);
	effect_tell(out, ev->id, 0, "%% %ld enrollment request%s %s.\n", (long)pending,
	    pending == 1 ? "" : "s", done[ev->command]);
	return command_continue(ca, now, out, e);
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
	if (!ca->facts.have_cert) {
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
		return decide_requests(ca, ev, now, out, e);
	case CA_REVOKE:
		return revoke(ca, ev, now, out, e);
	case CA_PASSWORD:
		return password_generate(ca, ev, now, out, e);
	}
	return err_set(e, WHY_BUG, "command %d", (int)ev->command);
}
