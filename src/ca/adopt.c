/* adopt.c - certificates of ours that the database does not know. */
#include "ca/ca_int.h"

/* Whose key signed it; NULL: nobody's here. */
static const struct generation *
issuer_of(const struct ca *ca, const struct cert *c)
{
	struct err why = {0};

	for (size_t i = ca->generation_count; i-- > 0;) {
		const struct generation *g = ca->generations[i];

		if (g->facts.have_cert && g->cancelled_at == 0 &&
		    !view_equal(c->whole, g->cert.whole) &&
		    keys_verify(ca->keys, &g->cert.key, &c->alg, c->tbs, c->signature, &why))
			return g;
	}
	return NULL;
}

bool
adopt(struct ca *ca, const struct cert *c, struct view identity, const char *actor, when_t now,
    struct err *e)
{
	struct view serial = serial_unsigned(c->serial);
	const struct generation *by = issuer_of(ca, c);
	struct row_cert row = {
	    .generation = by != NULL ? by->number : ca->active->number,
	    .serial = serial,
	    .serial8 = sha256_8(serial),
	    .key8 = sha256_8(c->key.whole),
	    .identity = identity,
	    .subject = c->subject,
	    .not_before = c->not_before,
	    .not_after = c->not_after,
	    .made_at = now,
	    .kind = CERT_ADOPTED,
	    .body = c->tbs,
	    .transaction = "",
	    .granted_by = "adopted",
	};
	struct blob name = {0};
	int64_t intent;
	bool ok;

	ok = ST(ca)->cert_intent(ca->store, &row, &intent, e) &&
	     ST(ca)->cert_settle(ca->store, intent, c->whole, e) &&
	     serial_passed(ca, serial, e);
	name_text(c->subject, &name);
	ok = ok && ST(ca)->audit_add(ca->store, now, actor, "adopt", blob_cstr(&name), e);
	blob_free(&name);
	return ok;
}

/* By a CA that was replaced so long ago that its key is destroyed: its row is still there. */
static bool
is_of_the_past(const struct ca *ca, const struct cert *c, bool *out, struct err *e)
{
	struct row_generation row;
	struct cert by;

	*out = false;
	for (int64_t n = 1; n < ca->active->number && !*out; n++) {
		struct err why = {0};

		if (ST(ca)->generation_get(ca->store, n, &row, &why))
			*out =
			    row.cancelled_at == 0 && cert_decode(row.cert, &by, NULL) &&
			    view_equal(c->aki, by.ski) &&
			    keys_verify(ca->keys, &by.key, &c->alg, c->tbs, c->signature, &why);
		else if (!absent(&why, e))
			return false;
	}
	return true;
}

static enum grant_signer
by_dates(const struct cert *c, when_t now, enum grant_signer valid)
{
	if (now < c->not_before)
		return SIGNER_EARLY;
	return now >= c->not_after ? SIGNER_EXPIRED : valid;
}

/* Names do not count here, keys and octets do (BAD-088). */
bool
signer_classify(struct ca *ca, const struct cert *c, when_t now, enum grant_signer *out,
    int64_t *intent, struct err *e)
{
	struct row_cert row;
	struct err why = {0};
	bool past;

	*out = SIGNER_STRANGER;
	*intent = 0;
	if (!name_equal(c->issuer, ca->active->cert.subject))
		return true;
	if (ST(ca)->cert_by_serial(ca->store, serial_unsigned(c->serial), &row, &why)) {
		if (row.state != CERT_ISSUED || !view_equal(row.body, c->whole))
			return true;
		*intent = row.intent;
		*out = row.revoked_at != 0 ? SIGNER_REVOKED : by_dates(c, now, SIGNER_LIVE);
		return true;
	}
	if (!absent(&why, e))
		return false;
	if (hash_is_weak(c->alg.hash))
		return true;
	if (issuer_of(ca, c) != NULL) {
		*out = by_dates(c, now, SIGNER_ADOPTABLE);
		return true;
	}
	if (!is_of_the_past(ca, c, &past, e))
		return false;
	if (past)
		*out = by_dates(c, now, SIGNER_EXPIRED);
	return true;
}
