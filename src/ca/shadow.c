/* shadow.c - certificates of the next generation. */
#include <string.h>

#include "ca/ca_int.h"

#define REPLACED_MAX 3 /* then a human looks (a key a day is no rollover) */

static bool
client_of(
    struct ca *ca, struct view identity, struct row_client *row, bool *known, struct err *e)
{
	struct err why = {0};

	*known = ST(ca)->client_get(ca->store, identity, row, &why);
	return *known || absent(&why, e);
}

/* Only those of the next generation count: others belong to rollovers that are over. */
static bool
shadow_row(struct ca *ca, int64_t intent, struct row_cert *row, bool *counts, struct err *e)
{
	*counts = false;
	if (intent == 0 || ca->next == NULL)
		return true;
	if (!ST(ca)->cert_get(ca->store, intent, row, e))
		return false;
	*counts = row->generation == ca->next->number;
	return true;
}

when_t
shadow_lifetime(const struct ca *ca, const struct cert *signer)
{
	return ca->policy.shadow_balance
		   ? plan_balance(&ca->policy.plan, signer->not_before, signer->not_after)
		   : 0;
}

bool
shadow_spent(struct ca *ca, struct view identity, int64_t key8, struct view digest, bool *spent,
    struct err *e)
{
	struct row_client client;
	struct row_cert cert;
	bool known, counts;
	int64_t intent;
	int made = 0;

	if (!same_cert(ca, key8, digest, NULL, &intent, e))
		return false;
	*spent = intent != 0;
	if (*spent)
		return true;
	if (!client_of(ca, identity, &client, &known, e))
		return false;
	if (!known)
		return true;
	made = client.shadows;
	if (!shadow_row(ca, client.shadow, &cert, &counts, e))
		return false;
	*spent = counts && made > REPLACED_MAX;
	return true;
}

/* One live shadow for a client and a key usage: the one before is superseded, and one that is
 * still to be signed is not made. */
static bool
supersede(struct ca *ca, const struct row_cert *before, uint32_t key_usage, when_t now,
    struct effects *out, struct err *e)
{
	bool intent = before->state == CERT_INTENT;
	struct cert c;
	struct err why = {0};

	if (before->state == CERT_VOID || before->revoked_at != 0 ||
	    !(intent ? cert_decode_tbs : cert_decode)(before->body, &c, &why) ||
	    c.key_usage != key_usage)
		return true;
	return intent ? issue_drop(ca, before->intent, "another took its place", out, e)
		      : revoke_cert(ca, before, 4, "keymuster", now, e);
}

bool
shadow_issued(struct ca *ca, const struct issue *i, int64_t intent, when_t now,
    struct effects *out, struct err *e)
{
	struct view identity = i->identity;
	uint32_t usage = issue_key_usage(i);
	struct row_client client;
	struct row_cert before;
	bool known, counts;
	int made;

	if (!client_of(ca, identity, &client, &known, e))
		return false;
	if (!known) /* adopted just now */
		return true;
	made = client.shadows;
	if (!shadow_row(ca, client.shadow, &before, &counts, e))
		return false;
	if (counts && !supersede(ca, &before, usage, now, out, e))
		return false;
	if (!client_of(ca, identity, &client, &known, e) || !known)
		return false;
	client.shadow = intent;
	client.shadows = counts ? made + 1 : 1;
	if (!ST(ca)->client_put(ca->store, &client, e))
		return false;
	crash_point("shadow-noted");
	return true;
}

/*
 * Behind the switch a renewal still reaches the replaced CA: who holds a certificate of the
 * active one for this key gets it (DESIGN.md rule 1).
 */
bool
shadow_answer(struct ca *ca, struct exchange *x, struct view identity, int64_t key8, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct row_cert cert;
	struct err why = {0};
	bool ok;

	*answered = false;
	if (!ST(ca)->cert_by_key(ca->store, key8, INT64_MAX, &cert, &why))
		return absent(&why, e);
	if (cert.generation != ca->active->number || !view_equal(cert.identity, identity) ||
	    cert.state != CERT_ISSUED || cert.revoked_at != 0 || now >= cert.not_after)
		return true;
	*answered = true;
	blob_set(&der, cert.body);
	crash_point("shadow-answered");
	ok = reply_issued(ca, x, cert.intent, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}
