/* approve.c - a waiting request becomes a certificate. */
#include <string.h>

#include "ca/ca_int.h"

/* A stored request, with octets of its own: the row's views go with the next store call. */
struct waiting {
	int64_t id, intent, generation;
	enum request_state state;
	enum cert_kind role;
	uint8_t identity[32], digest[32];
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	struct blob csr_der, signer_der;
	struct csr csr;
};

static void
waiting_free(struct waiting *w)
{
	blob_free(&w->csr_der);
	blob_free(&w->signer_der);
}

static bool
waiting_of(const struct row_request *row, struct waiting *w, struct err *e)
{
	if (row->identity.n != 32 || row->digest.n != 32)
		return err_set(e, WHY_IO, "request %ld is damaged", (long)row->id);
	w->id = row->id;
	w->intent = row->intent;
	w->generation = row->generation;
	w->state = row->state;
	w->role = (enum cert_kind)row->role;
	memcpy(w->identity, row->identity.p, 32);
	memcpy(w->digest, row->digest.p, 32);
	(void)snprintf(w->transaction, sizeof(w->transaction), "%s", row->transaction);
	blob_set(&w->csr_der, row->csr);
	blob_set(&w->signer_der, row->signer);
	return csr_decode(blob_view(&w->csr_der), &w->csr, e);
}

/* Who will sign its certificate. */
static struct generation *
issuer_for(const struct ca *ca, const struct waiting *w)
{
	return ca->next != NULL && w->generation == ca->next->number ? ca->next : ca->active;
}

/* Tell the signer of a CA role before it is asked to certify it (DESIGN.md rule 9). */
static void
tell_role(struct ca *ca, const struct waiting *w, struct effects *out)
{
	uint8_t hash[32];

	sha256(w->csr.key.whole, hash);
	struct key_job job = {
	    .act = KEY_GRANT, .bits = KEY_ROLE_SUB_CA, .bytes = view_of(hash, sizeof(hash))};

	ca_task_start(ca, TASK_ROLE, issuer_for(ca, w), &job, out)->number = w->id;
}

/* Granted by hand is adopted too: the certificate that asked is ours and must be listed and
 * revocable. */
static bool
adopt_signer(struct ca *ca, const struct waiting *w, when_t now, struct err *e)
{
	enum grant_signer signer;
	int64_t intent;
	struct cert c;
	struct err why = {0};

	if (!cert_decode(blob_view(&w->signer_der), &c, &why))
		return true;
	if (!signer_classify(ca, &c, now, &signer, &intent, e))
		return false;
	return signer != SIGNER_ADOPTABLE ||
	       adopt(ca, &c, view_of(w->identity, 32), "operator", now, e);
}

static bool
certify(struct ca *ca, const struct waiting *w, when_t now, struct effects *out, struct err *e)
{
	struct issue i = {
	    .by = issuer_for(ca, w),
	    .subject = w->csr.subject,
	    .spki = w->csr.key.whole,
	    .san = w->csr.san,
	    .key_usage = w->csr.key_usage,
	    .eku = w->csr.eku,
	    .kind = w->role,
	    .identity = view_of(w->identity, 32),
	    .digest = view_of(w->digest, 32),
	    .transaction = w->transaction,
	    .granted_by = "operator",
	};
	struct sighting s = {.identity = i.identity, .subject = i.subject};

	struct cert signer;
	struct err why = {0};
	int64_t intent;

	if (i.by == ca->next && i.kind == CERT_SHADOW &&
	    cert_decode(blob_view(&w->signer_der), &signer, &why))
		i.lifetime = shadow_lifetime(ca, &signer);
	if (!adopt_signer(ca, w, now, e) || !issue_begin(ca, &i, now, &intent, out, e) ||
	    !ST(ca)->request_update(
		ca->store, w->id, REQUEST_GRANTED, "granted by the operator", intent, e))
		return false;
	if (i.by != ca->next)
		s.intent = intent;
	return client_note(ca, &s, now, e) &&
	       (i.by != ca->next || shadow_issued(ca, &i, intent, now, out, e));
}

/* Behind the active one there is the next, and what was cancelled. */
static bool
was_cancelled(const struct ca *ca, int64_t number)
{
	return number > ca->active->number && (ca->next == NULL || number != ca->next->number);
}

bool
approve(struct ca *ca, int64_t id, when_t now, const char **refused, struct effects *out,
    struct err *e)
{
	struct waiting w = {0};
	struct row_request row;
	bool elsewhere, ok = false;

	*refused = NULL;
	if (!ST(ca)->request_get(ca->store, id, &row, e) || !waiting_of(&row, &w, e) ||
	    !issue_key_elsewhere(ca, w.csr.key.whole, view_of(w.identity, 32), &elsewhere, e))
		goto out;
	ok = true;
	if (was_cancelled(ca, w.generation)) {
		*refused = grant_words(REASON_CANCELLED);
	} else if (elsewhere) {
		*refused = grant_words(REASON_KEY_ELSEWHERE);
	} else if (w.role == CERT_SUB_CA) {
		/* Durable first: a restart tells the signer again. */
		ok = ST(ca)->request_update(
		    ca->store, id, REQUEST_GRANTED, "granted by the operator", 0, e);
		tell_role(ca, &w, out);
	} else {
		ok = certify(ca, &w, now, out, e);
	}
out:
	waiting_free(&w);
	return ok;
}

bool
approve_role(struct ca *ca, int64_t id, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	struct waiting w = {0};
	struct row_request row;
	struct err why = {0};
	bool ok;

	if (!ST(ca)->request_get(ca->store, id, &row, &why))
		return absent(&why, e); /* removed meanwhile */
	ok = waiting_of(&row, &w, e);
	if (ok && w.state == REQUEST_GRANTED && w.intent == 0) {
		if (d->why == WHY_NONE && issue_possible(ca, now)) {
			ok = certify(ca, &w, now, out, e);
		} else {
			log_error("CA role not granted", "ca='%s' id=%ld why='%s'",
			    ca->policy.name, (long)id,
			    d->why == WHY_NONE ? "nothing can be issued now" : d->text);
			ok = ST(ca)->request_update(ca->store, id, REQUEST_PENDING,
			    "the signer refused the CA role", 0, e);
		}
	}
	waiting_free(&w);
	return ok;
}

bool
approve_resume(struct ca *ca, struct effects *out, struct err *e)
{
	struct row_request row;
	struct err why = {0};
	bool ok = true;

	for (int64_t after = 0; ok && ST(ca)->request_next(ca->store, after, &row, &why);
	     after = row.id) {
		struct waiting w = {0};

		if (row.state != REQUEST_GRANTED || row.intent != 0)
			continue;
		ok = waiting_of(&row, &w, e);
		if (ok)
			tell_role(ca, &w, out);
		waiting_free(&w);
	}
	return ok && absent(&why, e);
}

bool
approve_undone(struct ca *ca, int64_t intent, const char *text, struct err *e)
{
	struct row_cert cert;
	struct row_request row;
	uint8_t digest[32];
	struct err why = {0};

	if (!ST(ca)->cert_get(ca->store, intent, &cert, e))
		return false;
	if (cert.request.n != sizeof(digest))
		return true;
	memcpy(digest, cert.request.p, sizeof(digest));
	if (!ST(ca)->request_by_digest(ca->store, view_of(digest, sizeof(digest)), &row, &why))
		return absent(&why, e);
	return row.intent != intent ||
	       ST(ca)->request_update(ca->store, row.id, REQUEST_PENDING, text, 0, e);
}
