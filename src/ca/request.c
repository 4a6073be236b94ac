/* request.c - PKCSReq, RenewalReq and polls. */
#include <string.h>

#include "ca/ca_int.h"

#define PENDING_MAX 1000     /* stored requests that wait */
#define PENDING_SOURCE_MAX 5 /* of one address, once the queue is half full */

struct request {
	struct csr csr;
	uint8_t identity[32], digest[32];
	int64_t key8;
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	enum grant_role role;
	uint8_t password[32]; /* hash, when facts say PASSWORD_RIGHT */
	struct grant_facts facts;
};

static bool
transient(const struct err *e)
{
	return e->why != WHY_NONE && e->why != WHY_NOT_FOUND;
}

static void
transaction_hex(struct view t, char out[2 * SCEP_TRANSACTION_MAX + 1])
{
	struct blob hex = {0};

	hex_add(
	    &hex, view_of(t.p, t.n > SCEP_TRANSACTION_MAX ? SCEP_TRANSACTION_MAX : t.n), false);
	memcpy(out, blob_cstr(&hex), hex.n + 1);
	blob_free(&hex);
}

static int
strength(const struct exchange *x)
{
	return (int)x->scep.digest * 16 + (int)x->cipher;
}

static const char *
type_name(int type)
{
	switch (type) {
	case SCEP_RENEWALREQ:
		return "RenewalReq";
	case SCEP_CERTPOLL:
		return "CertPoll";
	default:
		return "PKCSReq";
	}
}

bool
client_note(struct ca *ca, struct view identity, struct view subject, const char *source,
    const char *asked, int64_t intent, int strong, when_t now, struct err *e)
{
	struct row_client row = {0}, old;
	struct err why = {0};

	row.first_seen = now;
	if (ST(ca)->client_get(ca->store, identity, &old, &why)) {
		row.first_seen = old.first_seen;
		row.intent = old.intent;
		row.strength = old.strength;
	} else if (transient(&why)) {
		*e = why;
		return false;
	}
	row.identity = identity;
	row.subject = subject;
	row.last_seen = now;
	row.source = source;
	row.asked = asked;
	if (intent != 0)
		row.intent = intent;
	if (strong > row.strength)
		row.strength = strong;
	return ST(ca)->client_put(ca->store, &row, e);
}

/*
 * Rule 5 of DESIGN.md: authority, generation, transaction, public key, CertificationRequestInfo
 * and proof, the proof being issuer and serial of our certificate that signed, or "self".
 */
static void
request_digest(
    const struct ca *ca, const struct exchange *x, const struct csr *csr, uint8_t out[32])
{
	struct blob all = {0};
	uint8_t hash[32];

	blob_add_sized(&all, view_str(ca->policy.name));
	blob_add_u64(&all, (uint64_t)ca->generation);
	blob_add_sized(&all, x->scep.transaction);
	sha256(csr->key.whole, hash);
	blob_add(&all, hash, sizeof(hash));
	sha256(csr->info, hash);
	blob_add(&all, hash, sizeof(hash));
	if (x->signer == SIGNER_STRANGER || x->signer == SIGNER_SELF)
		blob_add_sized(&all, VIEW("self"));
	else
		issuer_and_serial_encode(x->scep.signer_issuer, x->scep.signer_serial, &all);
	sha256(blob_view(&all), out);
	blob_free(&all);
}

/* A name stands for the client; without one its alternative names do. */
static bool
identity_of(const struct csr *csr, uint8_t out[32], struct err *e)
{
	struct blob canonical = {0};
	bool ok = true;

	if (name_is_empty(csr->subject))
		blob_add_view(&canonical, csr->san);
	else
		ok = name_canonical(csr->subject, &canonical, e);
	if (ok)
		sha256(blob_view(&canonical), out);
	blob_free(&canonical);
	return ok;
}

/* IOS marks an RA by "ioscs RA" in cn or ou. */
static bool
asks_ra(struct view subject)
{
	const struct view oids[] = {OID_CN, OID_OU};
	struct blob value = {0};
	bool ra = false;

	for (size_t i = 0; i < COUNT_OF(oids); i++) {
		blob_clear(&value);
		if (name_value(subject, oids[i], &value) &&
		    view_equal_str(blob_view(&value), "ioscs RA"))
			ra = true;
	}
	blob_free(&value);
	return ra;
}

static bool
find_role(struct ca *ca, const struct exchange *x, struct request *r, struct err *e)
{
	struct row_cert row;

	r->role = r->csr.wants_ca ? ROLE_CA : asks_ra(r->csr.subject) ? ROLE_RA : ROLE_CLIENT;
	if (x->signer_intent == 0)
		return true;
	if (!ST(ca)->cert_get(ca->store, x->signer_intent, &row, e))
		return false;
	if (row.kind == CERT_SUB_CA)
		r->role = ROLE_CA;
	else if (row.kind == CERT_RA)
		r->role = ROLE_RA;
	return true;
}

/* Has another name a certificate for this key (SEC-05, BAD-095)? */
static bool
find_key(struct ca *ca, struct request *r, struct err *e)
{
	int64_t before = INT64_MAX;
	struct row_cert row;
	struct err why = {0};

	while (ST(ca)->cert_by_key(ca->store, r->key8, before, &row, &why)) {
		if (row.state != CERT_VOID &&
		    !view_equal(row.identity, view_of(r->identity, 32)))
			r->facts.key_elsewhere = true;
		before = row.intent;
	}
	if (!transient(&why))
		return true;
	*e = why;
	return false;
}

static bool
find_password(struct ca *ca, struct request *r, when_t now, struct err *e)
{
	struct blob text = {0};
	struct row_challenge row;
	struct err why = {0};
	bool ok = true;

	if (!r->csr.has_challenge)
		goto out;
	r->facts.password = PASSWORD_WRONG;
	if (!csr_challenge(&r->csr, &text, &why))
		goto out;
	ok = password_hash(ca, blob_view(&text), r->password, e);
	if (!ok)
		goto out;
	if (ST(ca)->challenge_get(ca->store, view_of(r->password, 32), &row, &why)) {
		if (row.used_at == 0 && now < row.expires_at)
			r->facts.password = PASSWORD_RIGHT;
	} else if (transient(&why)) {
		*e = why;
		ok = false;
	}
out:
	blob_free(&text);
	return ok;
}

static bool
find_subject_live(struct ca *ca, struct request *r, when_t now, struct err *e)
{
	struct row_client client;
	struct row_cert cert;
	struct err why = {0};

	if (ST(ca)->client_get(ca->store, view_of(r->identity, 32), &client, &why) &&
	    client.intent != 0 && ST(ca)->cert_get(ca->store, client.intent, &cert, &why))
		r->facts.subject_live =
		    cert.state == CERT_ISSUED && cert.revoked_at == 0 && now < cert.not_after;
	if (!transient(&why))
		return true;
	*e = why;
	return false;
}

/* Everything that grant_decide wants to know. */
static bool
gather_facts(
    struct ca *ca, const struct exchange *x, struct request *r, when_t now, struct err *e)
{
	struct grant_facts *f = &r->facts;
	const struct csr *csr = &r->csr;

	*f = (struct grant_facts){
	    .mode = ca->policy.mode,
	    .no_replace = ca->policy.no_replace,
	    .renewals_wait = ca->policy.renewals_wait,
	    .adopt_waits = ca->policy.adopt_waits,
	    .renewal_type = x->scep.type == SCEP_RENEWALREQ,
	    .signer = x->signer,
	    .same_subject = name_equal(csr->subject, x->scep.signer.subject),
	    .same_san = san_subset(csr->san, x->scep.signer.san),
	    .reserved = name_equal(csr->subject, ca->cert.subject) ||
			view_equal(csr->key.whole, ca->cert.key.whole),
	};
	if (f->signer == SIGNER_STRANGER &&
	    view_equal(csr->key.whole, x->scep.signer.key.whole))
		f->signer = SIGNER_SELF;
	if (!find_role(ca, x, r, e) || !find_key(ca, r, e) || !find_subject_live(ca, r, now, e))
		return false;
	f->role = r->role;
	/* A challenge in a renewal is never compared (rule 7). */
	return f->signer != SIGNER_SELF || find_password(ca, r, now, e);
}

static enum cert_kind
kind_of(const struct request *r)
{
	if (r->role == ROLE_CA)
		return CERT_SUB_CA;
	if (r->role == ROLE_RA)
		return CERT_RA;
	return r->facts.signer == SIGNER_SELF ? CERT_INITIAL : CERT_RENEWAL;
}

/* A certificate of ours that the database did not know is known from now on (rule 7). */
static bool
adopt(struct ca *ca, struct exchange *x, const struct request *r, when_t now, struct err *e)
{
	const struct cert *c = &x->scep.signer;
	struct view serial = serial_unsigned(c->serial);
	struct row_cert row = {
	    .generation = ca->generation,
	    .serial = serial,
	    .serial8 = sha256_8(serial),
	    .key8 = sha256_8(c->key.whole),
	    .identity = view_of(r->identity, 32),
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
	bool ok;

	ok = ST(ca)->cert_intent(ca->store, &row, &x->signer_intent, e) &&
	     ST(ca)->cert_settle(ca->store, x->signer_intent, c->whole, e);
	name_text(c->subject, &name);
	ok = ok && ST(ca)->audit_add(ca->store, now, x->source, "adopt", blob_cstr(&name), e);
	blob_free(&name);
	return ok;
}

static bool
request_issue(struct ca *ca, struct exchange *x, const struct request *r, const struct grant *g,
    when_t now, struct effects *out, struct err *e)
{
	static const char *const by[] = {
	    [REASON_AUTO] = "auto",
	    [REASON_PASSWORD] = "password",
	    [REASON_RENEWAL] = "renewal",
	    [REASON_ADOPTED] = "adopted",
	};
	struct issue i = {
	    .subject = r->csr.subject,
	    .spki = r->csr.key.whole,
	    .san = r->csr.san,
	    .key_usage = r->csr.key_usage,
	    .eku = r->csr.eku,
	    .kind = kind_of(r),
	    .identity = view_of(r->identity, 32),
	    .digest = view_of(r->digest, 32),
	    .transaction = r->transaction,
	    .granted_by = by[g->reason],
	};

	if (g->reason == REASON_PASSWORD &&
	    !ST(ca)->challenge_use(
		ca->store, view_of(r->password, 32), now, view_of(r->identity, 32), e))
		return false;
	if (g->reason == REASON_ADOPTED && !adopt(ca, x, r, now, e))
		return false;
	if (!issue_begin(ca, &i, now, &x->awaits, out, e))
		return false;
	return client_note(ca, i.identity, i.subject, x->source, type_name(x->scep.type),
	    x->awaits, strength(x), now, e);
}

/* Is the queue full, for everybody or for this address? Then 503, never an old request's loss.
 */
static bool
queue_full(struct ca *ca, const char *source, bool *full, struct err *e)
{
	int64_t pending, after = 0, mine = 0;
	struct row_request row;
	struct err why = {0};

	if (!ST(ca)->request_count(ca->store, &pending, e))
		return false;
	*full = pending >= PENDING_MAX;
	if (*full || pending < PENDING_MAX / 2)
		return true;
	while (ST(ca)->request_next(ca->store, after, &row, &why)) {
		mine += row.state == REQUEST_PENDING && strcmp(row.source, source) == 0;
		after = row.id;
	}
	*full = mine >= PENDING_SOURCE_MAX;
	if (!transient(&why))
		return true;
	*e = why;
	return false;
}

static bool
request_store(struct ca *ca, struct exchange *x, const struct request *r, const struct grant *g,
    when_t now, struct effects *out, struct err *e)
{
	struct blob fingerprint = {0}, name = {0};
	uint8_t md5[HASH_MAX];
	bool full, ok = false;
	int64_t id;

	if (!queue_full(ca, x->source, &full, e))
		return false;
	if (full) {
		log_warn("request queue full", "ca='%s' from='%s'", ca->policy.name, x->source);
		reply_later(ca, x, 600, out);
		return true;
	}
	if (!hash_bytes(HASH_MD5, r->csr.whole, md5, e))
		return false;
	hex_add(&fingerprint, view_of(md5, 16), true);
	name_text(r->csr.subject, &name);

	struct row_request row = {
	    .generation = ca->generation,
	    .key8 = sha256_8(x->scep.signer.key.whole),
	    .digest = view_of(r->digest, 32),
	    .identity = view_of(r->identity, 32),
	    .transaction = r->transaction,
	    .csr = r->csr.whole,
	    .signer = x->scep.signer.whole,
	    .fingerprint = blob_cstr(&fingerprint),
	    .source = x->source,
	    .role = (int)kind_of(r),
	    .state = REQUEST_PENDING,
	    .reason = grant_words(g->reason),
	    .made_at = now,
	    .expires_at = when_add(now, ca->policy.plan.lifetime_request),
	};

	if (!ST(ca)->request_add(ca->store, &row, &id, e) ||
	    !ST(ca)->audit_add(ca->store, now, x->source, "pending", blob_cstr(&name), e) ||
	    !client_note(ca, row.identity, r->csr.subject, x->source, type_name(x->scep.type),
		0, strength(x), now, e))
		goto out;
	ca->facts.request_expiry = when_min(ca->facts.request_expiry, row.expires_at);
	log_notice("request pending", "ca='%s' id=%ld subject='%s' from='%s' why='%s'",
	    ca->policy.name, (long)id, blob_cstr(&name), x->source, row.reason);
	reply_pending(ca, x, out);
	ok = true;
out:
	blob_free(&fingerprint);
	blob_free(&name);
	return ok;
}

/* Answer with the certificate of this intent, now or when it is signed. A revoked one is not
 * handed out again. */
static bool
answer_cert(struct ca *ca, struct exchange *x, int64_t intent, bool *answered,
    struct effects *out, struct err *e)
{
	struct row_cert row;
	struct blob der = {0};
	bool ok;

	*answered = false;
	if (!ST(ca)->cert_get(ca->store, intent, &row, e))
		return false;
	if (row.state == CERT_VOID || row.revoked_at != 0)
		return true;
	*answered = true;
	if (row.state == CERT_INTENT) {
		x->awaits = intent;
		issue_again(ca, &row, out);
		return true;
	}
	blob_set(&der, row.body);
	ok = reply_cert(ca, x, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}

static bool
answer_request(struct ca *ca, struct exchange *x, const struct row_request *row, bool *answered,
    struct effects *out, struct err *e)
{
	*answered = true;
	switch (row->state) {
	case REQUEST_PENDING:
		reply_pending(ca, x, out);
		return true;
	case REQUEST_REJECTED:
		reply_fail(ca, x, SCEP_BAD_REQUEST, "rejected by the operator", out);
		return true;
	case REQUEST_GRANTED:
		if (row->intent != 0)
			return answer_cert(ca, x, row->intent, answered, out, e);
		reply_pending(ca, x, out);
		return true;
	case REQUEST_EXPIRED:
		break;
	}
	*answered = false;
	return true;
}

/* The same request gets the same answer (rule 5, ST-02, ST-03). */
static bool
find_same(struct ca *ca, struct exchange *x, const struct request *r, bool *answered,
    struct effects *out, struct err *e)
{
	int64_t before = INT64_MAX;
	struct row_request row;
	struct row_cert cert;
	struct err why = {0};

	*answered = false;
	if (ST(ca)->request_by_digest(ca->store, view_of(r->digest, 32), &row, &why)) {
		if (!answer_request(ca, x, &row, answered, out, e))
			return false;
		if (!*answered)
			return ST(ca)->request_remove(ca->store, row.id, e);
		return true;
	}
	while (
	    !transient(&why) && ST(ca)->cert_by_key(ca->store, r->key8, before, &cert, &why)) {
		if (view_equal(cert.request, view_of(r->digest, 32)))
			return answer_cert(ca, x, cert.intent, answered, out, e);
		before = cert.intent;
	}
	if (!transient(&why))
		return true;
	*e = why;
	return false;
}

/* Fit to be certified at all? NULL: yes. */
static const char *
unfit(const struct csr *csr, enum scep_fail *fail)
{
	*fail = SCEP_BAD_ALG;
	if (csr->key.kind != KEY_RSA)
		return "EC client keys cannot be served over SCEP: use an RSA key";
	if (hash_size(csr->alg.hash) < 32)
		return "digest algorithm of the request not allowed: use SHA-256 or better";
	*fail = SCEP_BAD_REQUEST;
	if (csr->key.bits < 2048)
		return "RSA key of the request has under 2048 bits";
	if (name_is_empty(csr->subject) && csr->san.n == 0)
		return "the request has no subject and no alternative name";
	return NULL;
}

static bool
request_decide(struct ca *ca, struct exchange *x, struct request *r, when_t now,
    struct effects *out, struct err *e)
{
	struct grant g;

	if (!gather_facts(ca, x, r, now, e))
		return false;
	g = grant_decide(&r->facts);
	if (r->facts.password == PASSWORD_WRONG && g.reason == REASON_WRONG_PASSWORD &&
	    ca->facts.challenge_expiry != WHEN_NEVER)
		x->delay_ms = source_wrong_password(ca, x->source, now);
	switch (g.act) {
	case GRANT_ISSUE:
		if (!issue_possible(ca, now)) {
			reply_later(ca, x, 60, out);
			return true;
		}
		return request_issue(ca, x, r, &g, now, out, e);
	case GRANT_PEND:
		return request_store(ca, x, r, &g, now, out, e);
	case GRANT_REFUSE:
		reply_fail(ca, x, g.fail, grant_words(g.reason), out);
		return true;
	}
	return err_set(e, WHY_BUG, "grant %d", (int)g.act);
}

bool
request_read(struct ca *ca, struct exchange *x, struct view plain, when_t now,
    struct effects *out, struct err *e)
{
	struct request r = {0};
	struct err why = {0};
	enum scep_fail fail;
	const char *text;
	bool answered;

	if (!csr_decode(plain, &r.csr, &why) ||
	    !key_verify(&r.csr.key, &r.csr.alg, r.csr.info, r.csr.signature, &why)) {
		exchange_unreadable(ca, x, now, out);
		return true;
	}
	text = unfit(&r.csr, &fail);
	if (text == NULL &&
	    (!name_check(r.csr.subject, &why) || !identity_of(&r.csr, r.identity, &why))) {
		fail = SCEP_BAD_REQUEST;
		text = why.text;
	}
	if (text != NULL) {
		reply_fail(ca, x, fail, text, out);
		return true;
	}
	r.key8 = sha256_8(r.csr.key.whole);
	transaction_hex(x->scep.transaction, r.transaction);
	request_digest(ca, x, &r.csr, r.digest);
	if (!find_same(ca, x, &r, &answered, out, e))
		return false;
	return answered || request_decide(ca, x, &r, now, out, e);
}

/* Requests of this asker's key, newest first, then certificates of this key: transaction ids
 * decide. */
static bool
poll_answer(struct ca *ca, struct exchange *x, const char *transaction, bool *answered,
    struct effects *out, struct err *e)
{
	int64_t key8 = sha256_8(x->scep.signer.key.whole), before = INT64_MAX;
	struct row_request row;
	struct row_cert cert;
	struct err why = {0};

	*answered = false;
	while (ST(ca)->request_by_key(ca->store, key8, before, &row, &why)) {
		if (strcmp(row.transaction, transaction) == 0)
			return answer_request(ca, x, &row, answered, out, e);
		before = row.id;
	}
	before = INT64_MAX;
	while (!transient(&why) && ST(ca)->cert_by_key(ca->store, key8, before, &cert, &why)) {
		if (strcmp(cert.transaction, transaction) == 0)
			return answer_cert(ca, x, cert.intent, answered, out, e);
		before = cert.intent;
	}
	if (!transient(&why))
		return true;
	*e = why;
	return false;
}

bool
request_poll(struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e)
{
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	bool answered;

	(void)now;
	transaction_hex(x->scep.transaction, transaction);
	if (!poll_answer(ca, x, transaction, &answered, out, e))
		return false;
	/* PO-03, PO-04, BAD-084, BAD-085: nothing is said about requests of others. */
	if (!answered)
		reply_fail(ca, x, SCEP_BAD_CERT_ID,
		    "no request with this transaction from this key", out);
	return true;
}
