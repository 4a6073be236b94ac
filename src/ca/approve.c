/* approve.c - a waiting request becomes a certificate. */
#include <string.h>

#include "ca/ca_int.h"

/* A stored request, with octets of its own: the row's views go with the next store call. */
struct waiting {
	int64_t id, intent, generation;
	when_t made_at, expires_at;
	enum request_state state;
	enum cert_kind role;
	uint8_t identity[32], digest[32];
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	struct blob csr_der, signer_der;
	struct csr csr;
	bool have_signer;
	struct cert signer;
	/* look_again: */
	enum grant_signer standing; /* of the signer */
	bool late;		    /* the client has what it asked for later */
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
	struct err why = {0};

	if (row->identity.n != 32 || row->digest.n != 32)
		return err_set(e, WHY_IO, "request %ld is damaged", (long)row->id);
	w->id = row->id;
	w->intent = row->intent;
	w->generation = row->generation;
	w->made_at = row->made_at;
	w->expires_at = row->expires_at;
	w->state = row->state;
	w->role = (enum cert_kind)row->role;
	memcpy(w->identity, row->identity.p, 32);
	memcpy(w->digest, row->digest.p, 32);
	(void)snprintf(w->transaction, sizeof(w->transaction), "%s", row->transaction);
	blob_set(&w->csr_der, row->csr);
	blob_set(&w->signer_der, row->signer);
	w->have_signer = cert_decode(blob_view(&w->signer_der), &w->signer, &why);
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

static struct issue
issue_of(const struct ca *ca, const struct waiting *w)
{
	return (struct issue){
	    .by = issuer_for(ca, w),
	    .subject = w->csr.subject,
	    .spki = w->csr.key.whole,
	    .san = w->csr.san,
	    .key_usage = w->csr.key_usage,
	    .eku = w->csr.eku,
	    .kind = w->role,
	    .lifetime =
		issuer_for(ca, w) == ca->next && w->role == CERT_SHADOW && w->have_signer
		    ? shadow_lifetime(ca, &w->signer)
		    : 0,
	    .identity = view_of(w->identity, 32),
	    .digest = view_of(w->digest, 32),
	    .transaction = w->transaction,
	    .granted_by = "operator",
	};
}

/* Was this certificate asked for behind what waits here, and does it count? A request that had
 * a certificate itself is older than all that came behind that. */
static bool
later_than(struct ca *ca, const struct waiting *w, int64_t intent, bool *later, struct err *e)
{
	uint8_t digest[32];
	struct row_cert cert;
	struct row_request row;
	struct err why = {0};
	int64_t before;

	*later = false;
	if (intent == 0)
		return true;
	if (!same_cert(
		ca, sha256_8(w->csr.key.whole), view_of(w->digest, 32), NULL, &before, e) ||
	    !ST(ca)->cert_get(ca->store, intent, &cert, e))
		return false;
	if (cert.state == CERT_VOID || cert.revoked_at != 0)
		return true;
	*later = before != 0 ? before < intent : w->made_at <= cert.made_at;
	if (before != 0 || cert.request.n != sizeof(digest))
		return true;
	memcpy(digest, cert.request.p, sizeof(digest));
	if (!ST(ca)->request_by_digest(ca->store, view_of(digest, sizeof(digest)), &row, &why))
		return absent(&why, e); /* it did not wait, or that is long ago */
	*later = w->id < row.id;
	return true;
}

/* The newest certificate that this one would take the place of; *later: it may not. */
static bool
later_one(struct ca *ca, const struct waiting *w, bool *later, struct err *e)
{
	const struct issue i = issue_of(ca, w);
	struct row_client client;
	int64_t newest;

	return (i.by == ca->next
		       ? shadow_newest(ca, i.identity, issue_key_usage(&i), &newest, e)
		       : client_newest(ca, i.identity, &client, &newest, e)) &&
	       later_than(ca, w, newest, later, e);
}

/* Behind the active one there is the next, and what was cancelled. */
static bool
was_cancelled(const struct ca *ca, int64_t number)
{
	return number > ca->active->number && (ca->next == NULL || number != ca->next->number);
}

/* What may have changed since it was stored. *why (static): it may not be granted now. */
static bool
look_again(struct ca *ca, struct waiting *w, when_t now, const char **why, struct err *e)
{
	bool elsewhere;
	int64_t intent;

	w->standing = SIGNER_STRANGER;
	if ((w->have_signer &&
		!signer_classify(ca, &w->signer, now, &w->standing, &intent, e)) ||
	    !issue_key_elsewhere(
		ca, w->csr.key.whole, view_of(w->identity, 32), &elsewhere, e) ||
	    !later_one(ca, w, &w->late, e))
		return false;
	*why = w->standing == SIGNER_REVOKED
		   ? "the certificate that signed it is revoked, so it is rejected"
	       : was_cancelled(ca, w->generation) ? grant_words(REASON_CANCELLED)
	       : elsewhere			  ? grant_words(REASON_KEY_ELSEWHERE)
	       : w->late && issuer_for(ca, w) == ca->next
		   ? "the client has a certificate by a later request: reject this one, or "
		     "revoke that one first"
		   : NULL;
	return true;
}

/* A revoked signer stays so: the client hears of it. All else may pass. */
static bool
put_off(struct ca *ca, const struct waiting *w, const char *text, when_t now, struct err *e)
{
	char object[32];

	if (w->standing != SIGNER_REVOKED)
		return ST(ca)->request_update(
		    ca->store, w->id, REQUEST_PENDING, text, w->expires_at, 0, e);
	(void)snprintf(object, sizeof(object), "request %ld", (long)w->id);
	log_notice("request decided", "ca='%s' id=%ld act='reject' by='keymuster' why='%s'",
	    ca->policy.name, (long)w->id, grant_words(REASON_REVOKED));
	return ST(ca)->request_update(ca->store, w->id, REQUEST_REJECTED,
		   grant_words(REASON_REVOKED), w->expires_at, 0, e) &&
	       ST(ca)->audit_add(ca->store, now, "keymuster", "reject", object, e);
}

static bool
certify(struct ca *ca, const struct waiting *w, when_t now, struct effects *out, struct err *e)
{
	const struct issue i = issue_of(ca, w);
	struct sighting s = {.identity = i.identity, .subject = i.subject};
	struct row_cert row;
	int64_t intent;

	/* Granted by hand is adopted too: the certificate that asked is ours and must be listed
	 * and revocable. */
	if (w->standing == SIGNER_ADOPTABLE &&
	    !adopt(ca, &w->signer, i.identity, "operator", now, e))
		return false;
	/* Kept while its certificate lives, for a client that is off: a certificate by another
	 * key than that of the request is found by nothing else. */
	if (!issue_begin(ca, &i, now, &intent, out, e) ||
	    !ST(ca)->cert_get(ca->store, intent, &row, e) ||
	    !ST(ca)->request_update(ca->store, w->id, REQUEST_GRANTED,
		"granted by the operator",
		when_add(row.not_after, ca->policy.plan.lifetime_request), intent, e))
		return false;
	if (i.by != ca->next && !w->late)
		s.intent = intent;
	return client_note(ca, &s, now, e) &&
	       (i.by != ca->next || shadow_issued(ca, &i, intent, now, out, e));
}

bool
approve(struct ca *ca, int64_t id, when_t now, const char **refused, struct effects *out,
    struct err *e)
{
	struct waiting w = {0};
	struct row_request row;
	bool ok = false;

	*refused = NULL;
	if (!ST(ca)->request_get(ca->store, id, &row, e) || !waiting_of(&row, &w, e) ||
	    !look_again(ca, &w, now, refused, e))
		goto out;
	if (*refused != NULL) {
		ok = put_off(ca, &w, *refused, now, e);
	} else if (w.role == CERT_SUB_CA) {
		/* Durable first: a restart tells the signer again. */
		ok = ST(ca)->request_update(ca->store, id, REQUEST_GRANTED,
		    "granted by the operator", w.expires_at, 0, e);
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
	const char *refused = NULL;
	struct waiting w = {0};
	struct row_request row;
	struct err why = {0};
	bool ok;

	if (!ST(ca)->request_get(ca->store, id, &row, &why))
		return absent(&why, e); /* removed meanwhile */
	ok = waiting_of(&row, &w, e);
	if (!ok || w.state != REQUEST_GRANTED || w.intent != 0)
		goto out;
	ok = look_again(ca, &w, now, &refused, e);
	if (!ok)
		goto out;
	if (refused == NULL && d->why != WHY_NONE)
		refused = "the signer refused the CA role";
	else if (refused == NULL && !issue_possible(ca, now))
		refused = "nothing can be issued now";
	if (refused == NULL) {
		ok = certify(ca, &w, now, out, e);
		goto out;
	}
	log_warn("CA role not granted", "ca='%s' id=%ld why='%s'", ca->policy.name, (long)id,
	    d->why == WHY_NONE ? refused : d->text);
	ok = put_off(ca, &w, refused, now, e);
out:
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
	       ST(ca)->request_update(ca->store, row.id, REQUEST_PENDING, text,
		   when_add(cert.made_at, ca->policy.plan.lifetime_request), 0, e);
}
