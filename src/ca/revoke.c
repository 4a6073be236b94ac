/* revoke.c - a certificate goes on the list. */
#include <string.h>

#include "ca/ca_int.h"

bool
revoke_cert(struct ca *ca, const struct row_cert *row, int reason, const char *actor,
    when_t now, struct err *e)
{
	struct blob entry = {0}, hex = {0};
	uint8_t identity[32] = {0};
	int64_t intent = row->intent;
	bool ok = false;

	hex_add(&hex, row->serial, true);
	crl_entry_encode(row->serial, now, reason, &entry);
	if (row->identity.n == sizeof(identity))
		memcpy(identity, row->identity.p, sizeof(identity));
	if (!ST(ca)->cert_revoke(ca->store, intent, now, reason, e) ||
	    !ST(ca)->revoked_add(ca->store, blob_view(&entry), e) ||
	    !ST(ca)->fact_put(ca->store, "crl-stale", VIEW("1"), e) ||
	    !client_anew(ca, view_of(identity, sizeof(identity)), intent, e) ||
	    !ST(ca)->audit_add(ca->store, now, actor, "revoke", blob_cstr(&hex), e))
		goto out;
	crash_point("revoked");
	ca->facts.crl_stale = true;
	log_notice("certificate revoked", "ca='%s' serial='%s' by='%s'", ca->policy.name,
	    blob_cstr(&hex), actor);
	ok = true;
out:
	blob_free(&entry);
	blob_free(&hex);
	return ok;
}
