/* request.c - PKCSReq and RenewalReq, once opened. */
#include <string.h>

#include "ca/ca_int.h"

#define PENDING_MAX 1000     /* stored requests that wait */
#define PENDING_SOURCE_MAX 5 /* of one address, once the queue is half full */
#define AHEAD (5 * MINUTE)   /* so far a client's clock may be ahead of ours */

struct request {
	struct csr csr;
	uint8_t identity[32], digest[32];
	char transaction[2 * SCEP_TRANSACTION_MAX + 1];
	enum grant_role role;
	struct blob challenge; /* in UTF-8 */
	uint8_t password[32];  /* its hash, when facts say PASSWORD_RIGHT */
	bool password_ours, password_spent;
	bool by_hook; /* what facts say of the password */
	struct grant_facts facts;
};

void
transaction_hex(struct view t, char out[2 * SCEP_TRANSACTION_MAX + 1])
{
	struct blob hex = {0};

	hex_add(
	    &hex, view_of(t.p, t.n > SCEP_TRANSACTION_MAX ? SCEP_TRANSACTION_MAX : t.n), false);
	memcpy(out, blob_cstr(&hex), hex.n + 1);
	blob_free(&hex);
}

static const char *
type_name(const struct exchange *x)
{
	return x->scep.type == SCEP_RENEWALREQ ? "RenewalReq" : "PKCSReq";
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
	blob_add_u64(&all, (uint64_t)x->to->number);
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

static void
look_for_ra(void *arg, const char *rdn)
{
	bool *ra = arg;

	*ra |= strcasecmp(rdn, "cn=ioscs RA") == 0 || strcasecmp(rdn, "ou=ioscs RA") == 0;
}

/* IOS marks an RA by "ioscs RA" in any cn or ou. */
static bool
asks_ra(struct view subject)
{
	bool ra = false;

	name_each(subject, look_for_ra, &ra);
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

/* A one-time password is right while unused; or used by this very identity for a certificate
 * that was never signed. */
static bool
find_password(struct ca *ca, struct request *r, bool void_last, when_t now, struct err *e)
{
	struct row_challenge row;
	struct err why = {0};

	if (!r->csr.has_challenge)
		return true;
	r->facts.password = PASSWORD_WRONG;
	if (!csr_challenge(&r->csr, &r->challenge, &why)) {
		blob_clear(&r->challenge);
		return true;
	}
	if (!password_hash(ca, blob_view(&r->challenge), r->password, e))
		return false;
	why = (struct err){0};
	if (!ST(ca)->challenge_get(ca->store, view_of(r->password, 32), &row, &why))
		return absent(&why, e);
	r->password_ours = true;
	r->password_spent = row.used_at != 0;
	if (now < row.expires_at &&
	    (row.used_at == 0 ||
		(void_last && view_equal(row.used_by, view_of(r->identity, 32)))))
		r->facts.password = PASSWORD_RIGHT;
	return true;
}

static bool
names_us(const struct ca *ca, const struct csr *csr)
{
	for (size_t i = 0; i < ca->generation_count; i++) {
		const struct generation *g = ca->generations[i];
		const struct cert *own[] = {g->facts.have_cert ? &g->cert : NULL,
		    g->facts.have_ra ? &g->ra.cert : NULL};

		for (size_t k = 0; k < COUNT_OF(own); k++)
			if (own[k] != NULL &&
			    (name_equal(csr->subject, own[k]->subject) ||
				view_equal(csr->key.whole, own[k]->key.whole)))
				return true;
	}
	return false;
}

/* "grant late DAYS auto": signed by the client's newest certificate of a CA that was replaced
 * within these days. */
static bool
find_late(struct ca *ca, const struct exchange *x, const struct request *r, when_t now,
    bool *late, struct err *e)
{
	struct row_client client;
	struct row_cert cert;
	struct generation *g;
	int64_t newest;

	*late = false;
	if (!ca->policy.late_auto || x->signer != SIGNER_EXPIRED || x->signer_intent == 0)
		return true;
	if (!client_newest(ca, view_of(r->identity, 32), &client, &newest, e))
		return false;
	if (newest != x->signer_intent)
		return true;
	if (!ST(ca)->cert_get(ca->store, x->signer_intent, &cert, e))
		return false;
	g = generation_of(ca, cert.generation);
	*late = g != NULL && g->switched_at != 0 &&
		now < when_add(g->switched_at, ca->policy.plan.late);
	return true;
}

static enum cert_kind
kind_of(const struct request *r)
{
	if (r->role == ROLE_CA)
		return CERT_SUB_CA;
	if (r->role == ROLE_RA)
		return CERT_RA;
	if (r->facts.to == TO_NEXT)
		return CERT_SHADOW;
	return r->facts.signer == SIGNER_SELF ? CERT_INITIAL : CERT_RENEWAL;
}

static uint32_t
usage_of(const struct request *r)
{
	const struct issue i = {.key_usage = r->csr.key_usage, .kind = kind_of(r)};

	return issue_key_usage(&i);
}

/* Everything that grant_decide wants to know. */
static bool
gather_facts(
    struct ca *ca, const struct exchange *x, struct request *r, when_t now, struct err *e)
{
	struct grant_facts *f = &r->facts;
	const struct csr *csr = &r->csr;
	const struct view identity = view_of(r->identity, 32), digest = view_of(r->digest, 32);
	int64_t key8 = sha256_8(csr->key.whole);
	bool void_last;

	*f = (struct grant_facts){
	    .mode = ca->policy.mode,
	    .no_replace = ca->policy.no_replace,
	    .renewals_wait = ca->policy.renewals_wait,
	    .adopt_waits = ca->policy.adopt_waits,
	    .renewal_type = x->scep.type == SCEP_RENEWALREQ,
	    .signer = x->signer,
	    .same_subject = name_equal(csr->subject, x->scep.signer.subject),
	    .same_san = san_subset(csr->san, x->scep.signer.san),
	    .reserved = names_us(ca, csr),
	};
	if (f->signer == SIGNER_STRANGER &&
	    view_equal(csr->key.whole, x->scep.signer.key.whole))
		f->signer = SIGNER_SELF;
	if (!find_role(ca, x, r, e) ||
	    !issue_key_elsewhere(ca, csr->key.whole, identity, &f->key_elsewhere, e) ||
	    !client_live(ca, identity, now, &f->subject_live, &void_last, e))
		return false;
	f->role = r->role;
	f->to = x->to->cancelled_at != 0 ? TO_CANCELLED
		: x->to == ca->next	 ? TO_NEXT
		: x->to == ca->active	 ? TO_ACTIVE
					 : TO_OLD;
	if (!find_late(ca, x, r, now, &f->late, e) ||
	    !same_spent(ca, key8, digest, f->to == TO_NEXT, &f->spent, e) ||
	    (f->to == TO_NEXT && !f->spent &&
		!shadow_spent(ca, identity, usage_of(r), &f->spent, e)))
		return false;
	/* A challenge in a renewal is never compared (rule 7). */
	return f->signer != SIGNER_SELF || find_password(ca, r, void_last, now, e);
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
	    [REASON_SHADOW] = "renewal",
	    [REASON_LATE] = "late",
	};
	struct issue i = {
	    .by = x->to->switched_at == 0 ? x->to : ca->active,
	    .subject = r->csr.subject,
	    .spki = r->csr.key.whole,
	    .san = r->csr.san,
	    .key_usage = r->csr.key_usage,
	    .eku = r->csr.eku,
	    .kind = kind_of(r),
	    .identity = view_of(r->identity, 32),
	    .digest = view_of(r->digest, 32),
	    .transaction = r->transaction,
	    .granted_by =
		r->by_hook && g->reason == REASON_PASSWORD ? "challenge" : by[g->reason],
	};
	struct sighting s = {i.identity, i.subject, x->source, type_name(x), 0};

	if (i.kind == CERT_SHADOW)
		i.lifetime = shadow_lifetime(ca, &x->scep.signer);
	if (!issue_possible(ca, now)) {
		reply_later(ca, x, 60, out);
		return true;
	}
	if (g->reason == REASON_PASSWORD && !r->by_hook && !r->password_spent &&
	    (!ST(ca)->challenge_use(ca->store, view_of(r->password, 32), now, i.identity, e) ||
		!ST(ca)->challenge_expiry(ca->store, &ca->facts.challenge_expiry, e)))
		return false;
	if (g->reason == REASON_ADOPTED &&
	    !adopt(ca, &x->scep.signer, i.identity, x->source, now, e))
		return false;
	if (!issue_begin(ca, &i, now, &x->awaits, out, e))
		return false;
	if (i.by == ca->next)
		return client_note(ca, &s, now, e) &&
		       shadow_issued(ca, &i, x->awaits, now, out, e);
	s.intent = x->awaits;
	return client_note(ca, &s, now, e);
}

/* Is the queue full, for everybody or for this address? Then 503, never an old request's loss.
 */
static bool
queue_full(struct ca *ca, const char *source, bool *full, struct err *e)
{
	int64_t pending, mine = 0;

	if (!ST(ca)->request_count(ca->store, &pending, e))
		return false;
	if (pending >= PENDING_MAX / 2 &&
	    !ST(ca)->request_count_source(ca->store, source, &mine, e))
		return false;
	*full = pending >= PENDING_MAX || mine >= PENDING_SOURCE_MAX;
	return true;
}

/* The request as it is stored: whoever reads the store reads no password. A human decides now,
 * not the password. */
static void
without_password(const struct csr *csr, struct blob *out)
{
	blob_set(out, csr->whole);
	if (csr->has_challenge)
		memset(out->p + (csr->challenge.p - csr->whole.p), '*', csr->challenge.n);
}

static bool
request_store(struct ca *ca, struct exchange *x, const struct request *r, const struct grant *g,
    when_t now, struct effects *out, struct err *e)
{
	struct blob fingerprint = {0}, name = {0}, stored = {0};
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
	without_password(&r->csr, &stored);

	struct row_request row = {
	    .generation = x->to->number,
	    .key8 = sha256_8(x->scep.signer.key.whole),
	    .digest = view_of(r->digest, 32),
	    .identity = view_of(r->identity, 32),
	    .transaction = r->transaction,
	    .csr = blob_view(&stored),
	    .signer = x->scep.signer.whole,
	    .fingerprint = blob_cstr(&fingerprint),
	    .source = x->source,
	    .role = (int)kind_of(r),
	    .state = REQUEST_PENDING,
	    .reason = grant_words(g->reason),
	    .made_at = now,
	    .expires_at = when_add(now, ca->policy.plan.lifetime_request),
	};

	struct sighting s = {row.identity, r->csr.subject, x->source, type_name(x), 0};

	if (!ST(ca)->request_add(ca->store, &row, &id, e) ||
	    !ST(ca)->audit_add(ca->store, now, x->source, "pending", blob_cstr(&name), e) ||
	    !client_note(ca, &s, now, e))
		goto out;
	crash_point("request-stored");
	ca->facts.request_expiry = when_min(ca->facts.request_expiry, row.expires_at);
	log_notice("request pending", "ca='%s' id=%ld subject='%s' from='%s' why='%s'",
	    ca->policy.name, (long)id, blob_cstr(&name), x->source, row.reason);
	reply_pending(ca, x, out);
	ok = true;
out:
	blob_free(&fingerprint);
	blob_free(&stored);
	blob_free(&name);
	return ok;
}

/* Fit to be certified at all? NULL: yes. */
static const char *
unfit(const struct csr *csr, enum scep_fail *fail)
{
	*fail = SCEP_BAD_ALG;
	if (csr->key.kind != KEY_RSA)
		return "EC client keys cannot be served over SCEP: use an RSA key";
	*fail = SCEP_BAD_REQUEST;
	if (spki_small_factor(&csr->key))
		return "RSA modulus of the request has a small factor";
	if (name_is_empty(csr->subject) && csr->san.n == 0)
		return "the request has no subject and no alternative name";
	return NULL;
}

/* Whose clock is ahead has switched, and asks the next CA for what it may do in a moment:
 * seconds until then. 0: it is no such thing. */
static int
too_soon(const struct ca *ca, const struct exchange *x, enum grant_reason why, when_t now)
{
	when_t left = when_add(ca->active->cert.not_after, -now);

	if (x->to != ca->next || (why != REASON_NEXT && why != REASON_EARLY))
		return 0;
	return left > 0 && left <= AHEAD ? (int)left : 0;
}

static bool
request_decide(struct ca *ca, struct exchange *x, struct request *r, when_t now,
    struct effects *out, struct err *e)
{
	struct grant g;
	bool answered;
	int left;

	if (!gather_facts(ca, x, r, now, e))
		return false;
	r->by_hook =
	    r->challenge.n > 0 && !r->password_ours && challenge_asks(ca, x, &r->facts);
	if (r->by_hook && x->heard == NULL) {
		challenge_ask(ca, x, &r->csr, view_of(r->digest, 32), r->transaction,
		    blob_view(&r->challenge), out);
		return true;
	}
	if (r->by_hook)
		r->facts.password = challenge_result(ca, x, &r->csr);
	g = grant_decide(&r->facts);
	if (r->facts.to == TO_OLD && g.reason == REASON_EXPIRED) {
		if (!shadow_answer(ca, x, view_of(r->identity, 32), sha256_8(r->csr.key.whole),
			now, &answered, out, e))
			return false;
		if (answered)
			return true;
	}
	if (r->facts.password == PASSWORD_WRONG && g.reason == REASON_WRONG_PASSWORD &&
	    (r->by_hook || ca->facts.challenge_expiry != WHEN_NEVER))
		x->delay_ms = source_wrong_password(ca, x->source, now);
	left = too_soon(ca, x, g.reason, now);
	if (left > 0) {
		reply_later(ca, x, left, out);
		return true;
	}
	switch (g.act) {
	case GRANT_ISSUE:
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
	bool admitted, answered, ok;

	if (!csr_decode(plain, &r.csr, &why) ||
	    !keys_verify(ca->keys, &r.csr.key, &r.csr.alg, r.csr.info, r.csr.signature, &why)) {
		reply_unreadable(ca, x, now, out);
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
	x->makings.csr = r.csr.alg.hash;
	x->makings.csr_bits = r.csr.key.bits;
	if (!admit(ca, x, view_of(r.identity, 32), r.csr.subject, &admitted, out, e))
		return false;
	if (!admitted)
		return true;
	/* Again: it may have been revoked, adopted or ended while the signer opened the
	 * envelope. */
	if (!signer_classify(ca, &x->scep.signer, now, &x->signer, &x->signer_intent, e))
		return false;
	transaction_hex(x->scep.transaction, r.transaction);
	request_digest(ca, x, &r.csr, r.digest);
	if (!same_answer(ca, x, view_of(r.digest, 32), sha256_8(r.csr.key.whole), now,
		&answered, out, e))
		return false;
	ok = answered || request_decide(ca, x, &r, now, out, e);
	blob_free(&r.challenge);
	return ok;
}
