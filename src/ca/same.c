/* same.c - the same request, the same answer. */
#include <string.h>

#include "ca/ca_int.h"

#define LOOK_BACK 64 /* newest certificates or requests of one key that are compared */

/*
 * Answer with the certificate of this intent, now or when it is signed. One that is void,
 * revoked or ended is not handed out again: *answered stays false and the request stands as a
 * new one.
 */
static bool
answer_cert(struct ca *ca, struct exchange *x, int64_t intent, when_t now, bool *answered,
    struct effects *out, struct err *e)
{
	struct row_cert row;
	struct blob der = {0};
	bool ok;

	*answered = false;
	if (!ST(ca)->cert_get(ca->store, intent, &row, e))
		return false;
	if (row.state == CERT_VOID || row.revoked_at != 0 || now >= row.not_after)
		return true;
	*answered = true;
	if (row.state == CERT_INTENT) {
		x->awaits = intent;
		issue_again(ca, &row, out);
		return true;
	}
	blob_set(&der, row.body);
	ok = reply_issued(ca, x, intent, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}

static bool
answer_request(struct ca *ca, struct exchange *x, const struct row_request *row, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	*answered = true;
	switch (row->state) {
	case REQUEST_PENDING:
		reply_pending(ca, x, out);
		return true;
	case REQUEST_REJECTED:
		reply_fail(ca, x, SCEP_BAD_REQUEST, row->reason, out);
		return true;
	case REQUEST_GRANTED:
		if (row->intent != 0)
			return answer_cert(ca, x, row->intent, now, answered, out, e);
		reply_pending(ca, x, out); /* the signer is still being told of the role */
		return true;
	case REQUEST_EXPIRED:
		break;
	}
	*answered = false;
	return true;
}

bool
same_cert(struct ca *ca, int64_t key8, struct view digest, const char *transaction,
    int64_t *intent, struct err *e)
{
	int64_t before = INT64_MAX;
	struct row_cert cert;
	struct err why = {0};

	*intent = 0;
	for (int n = 0;
	     n < LOOK_BACK && ST(ca)->cert_by_key(ca->store, key8, before, &cert, &why); n++) {
		if (transaction != NULL ? strcmp(cert.transaction, transaction) == 0
					: view_equal(cert.request, digest)) {
			*intent = cert.intent;
			return true;
		}
		before = cert.intent;
	}
	return absent(&why, e);
}

bool
same_spent(
    struct ca *ca, int64_t key8, struct view digest, bool any_end, bool *spent, struct err *e)
{
	struct row_cert row;
	int64_t intent;

	*spent = false;
	if (!same_cert(ca, key8, digest, NULL, &intent, e) ||
	    (intent != 0 && !ST(ca)->cert_get(ca->store, intent, &row, e)))
		return false;
	*spent = intent != 0 && (any_end || row.revoked_at != 0);
	return true;
}

bool
same_answer(struct ca *ca, struct exchange *x, struct view digest, int64_t key8, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	struct row_request row;
	struct err why = {0};
	int64_t intent, id;

	*answered = false;
	if (ST(ca)->request_by_digest(ca->store, digest, &row, &why)) {
		id = row.id;
		if (!answer_request(ca, x, &row, now, answered, out, e))
			return false;
		return *answered || ST(ca)->request_remove(ca->store, id, e);
	}
	if (!absent(&why, e) || !same_cert(ca, key8, digest, NULL, &intent, e))
		return false;
	return intent == 0 || answer_cert(ca, x, intent, now, answered, out, e);
}

/* The muster sees polls too. What was stored is the rest of what the message is made of. */
static bool
poll_admit(struct ca *ca, struct exchange *x, const struct row_request *row, when_t now,
    bool *admitted, struct effects *out, struct err *e)
{
	uint8_t identity[32];
	struct csr csr;
	struct blob der = {0};
	struct err why = {0};
	bool ok = true;

	*admitted = true;
	if (row->identity.n != sizeof(identity))
		return true;
	memcpy(identity, row->identity.p, sizeof(identity));
	blob_set(&der, row->csr);
	if (csr_decode(blob_view(&der), &csr, &why)) {
		struct sighting s = {
		    view_of(identity, 32), csr.subject, x->source, "CertPoll", 0};

		x->makings.csr = csr.alg.hash;
		x->makings.csr_bits = csr.key.bits;
		ok = client_note(ca, &s, now, e) &&
		     admit(ca, x, s.identity, s.subject, admitted, out, e);
	}
	blob_free(&der);
	return ok;
}

/* Granted, but its certificate has ended meanwhile, with the CA's: the operator decides again.
 * One that was revoked is none of this. */
static bool
granted_in_vain(struct ca *ca, struct exchange *x, int64_t id, int64_t intent, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	struct row_cert cert;

	if (!ST(ca)->cert_get(ca->store, intent, &cert, e))
		return false;
	*answered = cert.revoked_at == 0;
	if (!*answered)
		return true;
	reply_pending(ca, x, out);
	return ST(ca)->request_update(ca->store, id, REQUEST_PENDING,
	    "its certificate ended before it was fetched",
	    when_add(now, ca->policy.plan.lifetime_request), 0, e);
}

/* Requests of this asker's key, newest first, then certificates of this key: transaction ids
 * decide. */
static bool
poll_answer(struct ca *ca, struct exchange *x, const char *transaction, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	int64_t key8 = sha256_8(x->scep.signer.key.whole), before = INT64_MAX, intent;
	struct row_request row, again;
	struct err why = {0};
	bool admitted;

	*answered = false;
	for (int n = 0;
	     n < LOOK_BACK && ST(ca)->request_by_key(ca->store, key8, before, &row, &why);
	     n++) {
		before = row.id;
		if (strcmp(row.transaction, transaction) != 0)
			continue;
		if (!poll_admit(ca, x, &row, now, &admitted, out, e))
			return false;
		*answered = !admitted;
		if (*answered)
			return true;
		if (!ST(ca)->request_get(ca->store, before, &again, e))
			return false;
		return answer_request(ca, x, &again, now, answered, out, e) &&
		       (*answered || again.intent == 0 ||
			   granted_in_vain(ca, x, before, again.intent, now, answered, out, e));
	}
	if (!absent(&why, e) || !same_cert(ca, key8, (struct view){0}, transaction, &intent, e))
		return false;
	if (intent == 0)
		return true;
	if (!admit_holder(ca, x, intent, &admitted, out, e))
		return false;
	*answered = !admitted;
	return *answered || answer_cert(ca, x, intent, now, answered, out, e);
}

bool
same_poll(struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e)
{
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	bool answered;

	transaction_hex(x->scep.transaction, transaction);
	if (!poll_answer(ca, x, transaction, now, &answered, out, e))
		return false;
	/* PO-03, PO-04, BAD-084, BAD-085: nothing is said about requests of others. */
	if (!answered)
		reply_fail(ca, x, SCEP_BAD_CERT_ID,
		    "no request with this transaction from this key", out);
	return true;
}
