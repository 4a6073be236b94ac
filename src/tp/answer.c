/* answer.c - CertReps: checked, opened, believed or not. */
#include <string.h>

#include "tp/tp_int.h"

static bool
is_request(const struct talk *x)
{
	return x->act != TP_CONFIRM;
}

/* ---- is it an answer to us, by who may answer? ---- */

/* What was asked of the next CA may be answered by either (NX-18, BAD-165). */
static bool
signer_held(struct tp *t, const struct scep *m, struct blob *der, struct cert *out)
{
	if (bundle_signer(blob_view(&t->x->ca), m->signer_issuer, m->signer_serial, out))
		return true;
	return t->record.plan.have_next_ca && shelf_look(t, TP_CA, der, NULL) &&
	       t->x->act != TP_CONFIRM &&
	       bundle_signer(blob_view(der), m->signer_issuer, m->signer_serial, out);
}

/* A server answers as it was asked, or better. */
static enum hash
weakest_hash(const struct tp *t)
{
	enum hash asked = message_hash(t);

	if (t->policy->ancient)
		return HASH_SHA1;
	return hash_is_weak(asked) ? asked : HASH_SHA256;
}

static bool
signature_good(struct tp *t, const struct scep *m, when_t now, struct err *e)
{
	struct blob der = {0};
	struct cert signer;
	bool held = signer_held(t, m, &der, &signer) && now < signer.not_after;
	bool ok =
	    held || err_set(e, WHY_REFUSED, "not signed by the CA or its RA, live (RP-09)");

	if (!held)
		authority_again(t);
	if (ok && m->digest < weakest_hash(t))
		ok = err_set(e, WHY_REFUSED,
		    "signed with %s, weaker than the request (compat ancient)",
		    hash_name(m->digest));
	ok = ok && keys_verify(t->keys, &signer.key, &m->alg, m->signed_attrs, m->signature, e);
	blob_free(&der);
	return ok;
}

static bool
is_ours(const struct talk *x, const struct scep *m, struct err *e)
{
	if (m->type != SCEP_CERTREP)
		return err_set(e, WHY_BAD_INPUT, "messageType %d, not of a CertRep", m->type);
	if (!view_equal(m->transaction, blob_view(&x->request.transaction)))
		return err_set(e, WHY_REFUSED, "transactionID of another (AT-04)");
	if (!view_equal(m->recipient_nonce, view_of(x->nonce, sizeof(x->nonce))))
		return err_set(e, WHY_REFUSED, "recipientNonce is not ours (AT-04)");
	return true;
}

static bool
answer_read(struct tp *t, when_t now, struct err *e)
{
	struct talk *x = t->x;
	enum scep_verdict verdict =
	    scep_decode(blob_view(&x->answer), &x->scratch, &x->scep, e);

	return verdict == SCEP_OK && is_ours(x, &x->scep, e) &&
	       signature_good(t, &x->scep, now, e);
}

/* ---- PENDING, FAILURE ---- */

static bool
pending(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	bool first = !next.plan.pending;

	if (!is_request(t->x))
		return talk_trouble(t, "PENDING, though nothing was requested", 0, now, out, e);
	next.plan.pending = true;
	trouble_set(t, &next.plan.ask, ANSWER_PENDING, ev->retry_after, first, now);
	if (!record_commit(t, &next, NULL, 0, e))
		return false;
	if (first)
		tp_note(out, TP_NOTED_PENDING, "the server keeps the request")->ends =
		    talk_command(t->x);
	talk_end(t);
	return true;
}

static void
why_refused(const struct scep *m, struct blob *out)
{
	static const char *const names[] = {
	    "badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId"};

	blob_add_str(out, m->fail < 0 ? "no failInfo" : names[m->fail]);
	if (m->fail_text.n == 0)
		return;
	blob_add_str(out, ": ");
	text_escape(out, m->fail_text);
}

/* This request is over; the next one has another transaction, and this one's key. */
static bool
close_request(struct tp *t, struct record *next, struct err *e)
{
	struct blob bytes = {0};
	bool ok;

	t->x->request.closed = true;
	request_encode(&t->x->request, &bytes);
	next->plan.pending = false;

	struct tp_change change = {TP_REQUEST, blob_view(&bytes)};

	ok = record_commit(t, next, &change, 1, e);
	blob_free(&bytes);
	return ok;
}

/* A server that forgot what it kept is asked anew (PO-08); one that says no, slowly. */
static bool
refused(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct record next = t->record;
	struct blob text = {0};
	bool forgot = x->act == TP_POLL && x->scep.fail == SCEP_BAD_CERT_ID;
	bool ok;

	why_refused(&x->scep, &text);
	/* The certificate that was written to may be known no more. */
	if (is_request(x) && x->scep.fail == SCEP_BAD_CERT_ID && !forgot)
		authority_again(t);
	if (!is_request(x)) { /* it cannot be told, so it need not */
		next.plan.confirmed = true;
		memset(&next.plan.ask, 0, sizeof(next.plan.ask));
		ok = record_commit(t, &next, NULL, 0, e);
	} else {
		trouble_set(
		    t, &next.plan.ask, forgot ? ANSWER_NONE : ANSWER_REJECT, 0, forgot, now);
		next.plan.enrol_asked = next.plan.enrol_asked && forgot;
		ok = close_request(t, &next, e);
	}
	if (ok) {
		tp_note(out, is_request(x) && !forgot ? TP_NOTED_REJECTED : TP_NOTED_TROUBLE,
		    "the server refused: %s", blob_cstr(&text))
		    ->ends = talk_command(x);
		talk_end(t);
	}
	blob_free(&text);
	return ok;
}

/* ---- SUCCESS ---- */

/* The answer is for the key that signed (RFC 8894 2.3); BAD-164. */
static bool
envelope_read(struct tp *t, struct err *e)
{
	struct talk *x = t->x;
	struct envelope *v = &x->envelope;
	enum scep_fail fail;
	struct cert signer;

	if (x->scep.content.n == 0)
		return err_set(e, WHY_BAD_INPUT, "SUCCESS without content");
	if (!envelope_decode(x->scep.content, &x->envelope_scratch, v, &fail, e) ||
	    !cert_decode(blob_view(&x->request.signer), &signer, e))
		return false;
	if (v->ski.n > 0 ? !view_equal(v->ski, signer.ski)
			 : !view_equal(v->serial, signer.serial) ||
			       !name_equal(v->issuer, signer.issuer))
		return err_set(e, WHY_REFUSED, "the envelope is for somebody else");
	if (v->cipher == CIPHER_DES && !t->policy->ancient)
		return err_set(e, WHY_REFUSED, "encrypted with single DES (compat ancient)");
	return true;
}

static bool
granted(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct err why = {0};

	if (!envelope_read(t, &why))
		return talk_trouble(t, why.text, 0, now, out, e);

	struct key_job job = {
	    .act = KEY_UNWRAP,
	    .padding = x->envelope.padding,
	    .oaep_hash = x->envelope.oaep_hash,
	    .want = cipher_key_size(x->envelope.cipher),
	    .bytes = x->envelope.wrapped_key,
	};

	x->step = STEP_UNWRAP;
	x->id = tp_job(t, &job, x->request.signer_key, out);
	return true;
}

bool
answer_arrived(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct err why = {0};
	char text[80];

	if (ev->status != 200) {
		if (ev->status == 400 || ev->status == 500) /* it may be another CA by now */
			authority_again(t);
		(void)snprintf(text, sizeof(text), "HTTP status %d", ev->status);
		return talk_trouble(t, ev->status == 0 ? "nobody answered" : text,
		    ev->retry_after, now, out, e);
	}
	blob_set(&x->answer, ev->body);
	if (!answer_read(t, now, &why))
		return talk_trouble(t, why.text, ev->retry_after, now, out, e);
	switch (x->scep.status) {
	case SCEP_SUCCESS:
		return granted(t, now, out, e);
	case SCEP_PENDING:
		return pending(t, ev, now, out, e);
	}
	return refused(t, now, out, e);
}

/* ---- the certificate ---- */

/* The one for our key; the rest may be its chain (RP-03). */
static bool
pick(struct view certs, const struct spki *key, struct cert *out, struct err *e)
{
	struct reader r = reader_of(certs);
	struct der d;
	struct cert c;
	size_t found = 0;

	while (r.n > 0) {
		if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
		    !cert_decode(d.whole, &c, e))
			return false;
		if (!view_equal(c.key.whole, key->whole))
			continue;
		*out = c;
		found++;
	}
	return found == 1 ||
	       err_set(e, WHY_BAD_INPUT, "%zu certificates for our key, one is wanted", found);
}

static bool
another_name(struct view name, struct err *e)
{
	struct blob text = {0};

	name_text(name, &text);
	err_set(e, WHY_REFUSED, "the certificate is for another name, '%s'", blob_cstr(&text));
	blob_free(&text);
	return false;
}

/* RP-04. */
bool
answer_issued(struct tp *t, const struct cert *c, const struct cert *ca, struct err *e)
{
	if (c->is_ca || (c->key_usage & KU_CERT_SIGN) != 0)
		return err_set(e, WHY_REFUSED, "the certificate is a CA's");
	if (!issued_by(t, c, ca))
		return err_set(
		    e, WHY_REFUSED, "the certificate is not by the CA that was asked");
	if (c->aki.n > 0 && ca->ski.n > 0 && !view_equal(c->aki, ca->ski))
		return err_set(e, WHY_REFUSED, "the certificate names another key of the CA");
	if (c->unknown_critical)
		return err_set(e, WHY_REFUSED,
		    "the certificate has a critical extension that is not known here");
	return true;
}

static bool
chain_good(struct tp *t, const struct cert *c, const struct csr *csr, const struct cert *ca,
    struct err *e)
{
	return answer_issued(t, c, ca, e) &&
	       (name_same_parts(c->subject, csr->subject) || another_name(c->subject, e));
}

bool
answer_for(struct tp *t, struct view certs, const struct csr *csr, const struct cert *ca,
    struct cert *out, struct err *e)
{
	return pick(certs, &csr->key, out, e) && chain_good(t, out, csr, ca, e);
}

static bool
newer(struct tp *t, const struct cert *c, struct err *e)
{
	struct blob der = {0};
	struct cert held;
	bool ok = true;

	if (t->record.id_key == 0 || t->record.lost)
		return true;
	ok = shelf_cert(t, TP_ID, &der, &held, e);
	if (ok && (view_equal(held.whole, c->whole) || c->not_before < held.not_before))
		ok = err_set(e, WHY_REFUSED, "the certificate is no newer than the one held");
	blob_free(&der);
	return ok;
}

bool
answer_live(struct tp *t, const struct cert *c, when_t now, struct err *e)
{
	if (c->not_after <= c->not_before || now >= c->not_after)
		return err_set(e, WHY_REFUSED, "the certificate has ended");
	return c->not_before <= now
		   ? newer(t, c, e)
		   : err_set(e, WHY_REFUSED, "the certificate is not valid yet");
}

static bool
dates_good(struct tp *t, const struct cert *c, bool shadow, when_t now, struct err *e)
{
	if (!shadow)
		return answer_live(t, c, now, e);
	if (c->not_after <= c->not_before || now >= c->not_after)
		return err_set(e, WHY_REFUSED, "the certificate has ended");
	if (c->not_after <= t->record.plan.ca_until)
		return err_set(e, WHY_REFUSED, "the certificate ends before the switch");
	return true;
}

/*
 * The server's clock is far behind, or it dates back by most of a life: what comes would be
 * renewed at once, without end.
 */
static bool
held_if_due(struct tp *t, struct record *next, when_t now)
{
	const struct plan_tp_policy *p = &t->policy->plan;
	struct plan_tp_facts *f = &next->plan;

	if (!p->auto_enroll || p->shadow_only || f->id_until >= f->issuer_until ||
	    plan_tp_due(p, f) > now)
		return false;
	f->ask = t->record.plan.ask;
	trouble_set(t, &f->ask, ANSWER_NONE, 0, false, now);
	return true;
}

void
answer_hold(struct tp *t, const struct cert *c, uint32_t key, struct record *next)
{
	uint32_t before = next->id_key, request = next->request_key;

	next->id_key = key;
	next->request_key = next->request_signer_key = 0;
	record_id(t, next, c);
	record_doom(next, before);
	record_doom(next, request);
	next->plan.pending = next->plan.enrol_asked = false;
	memset(&next->plan.ask, 0, sizeof(next->plan.ask));
}

static bool
take_id(struct tp *t, const struct cert *c, when_t now, struct tp_effects *out, struct err *e)
{
	struct tp_change list[] = {{TP_ID, c->whole}, {TP_REQUEST, {0}}};
	struct record next = t->record;
	char until[WHEN_TEXT];
	bool held;

	answer_hold(t, c, t->x->request.key, &next);
	held = held_if_due(t, &next, now);
	if (!record_commit(t, &next, list, COUNT_OF(list), e))
		return false;
	tp_note(out, TP_NOTED_ID, "certificate stored, it ends %s",
	    when_rfc3339(c->not_after, until))
	    ->ends = talk_command(t->x);
	if (held)
		tp_note(out, TP_NOTED_TROUBLE,
		    "renewing: the certificate is due as it comes, the server's clock or "
		    "lifetime is wrong");
	talk_end(t);
	return true;
}

static bool
take_shadow(struct tp *t, const struct cert *c, struct tp_effects *out, struct err *e)
{
	struct tp_change list[] = {{TP_SHADOW, c->whole}, {TP_REQUEST, {0}}};
	struct record next = t->record;
	char from[WHEN_TEXT];

	next.shadow_key = t->x->request.key;
	next.request_key = next.request_signer_key = 0;
	next.plan.have_shadow = true;
	next.plan.shadow_from = c->not_before;
	next.plan.confirmed = next.plan.pending = false;
	memset(&next.plan.ask, 0, sizeof(next.plan.ask));
	if (!record_commit(t, &next, list, COUNT_OF(list), e))
		return false;
	tp_note(out, TP_NOTED_SHADOW, "next certificate stored, it begins %s",
	    when_rfc3339(c->not_before, from));
	talk_end(t);
	return true;
}

static bool
requested(struct tp *t, struct view certs, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct blob held = {0};
	uint8_t digest[32];
	struct cert c, ca;
	struct csr csr;
	struct err why = {0};
	bool shadow;

	if (!shelf_get(t, TP_CA, &held, e))
		return false;
	bundle_digest(blob_view(&held), digest);
	blob_free(&held);
	shadow = memcmp(digest, x->request.addressed, sizeof(digest)) != 0;
	if (!csr_decode(blob_view(&x->request.csr), &csr, &why) ||
	    !bundle_ca(blob_view(&x->ca), &ca, &why) ||
	    !answer_for(t, certs, &csr, &ca, &c, &why) || !dates_good(t, &c, shadow, now, &why))
		return talk_trouble(t, why.text, 0, now, out, e);
	return shadow ? take_shadow(t, &c, out, e) : take_id(t, &c, now, out, e);
}

static bool
confirmed(struct tp *t, struct view certs, when_t now, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	struct blob der = {0};
	struct cert shadow;
	bool same;

	if (!shelf_cert(t, TP_SHADOW, &der, &shadow, e))
		return false;
	same = view_equal(certs, shadow.whole);
	blob_free(&der);
	if (!same)
		return talk_trouble(
		    t, "another certificate than the one asked for", 0, now, out, e);
	next.plan.confirmed = true;
	memset(&next.plan.ask, 0, sizeof(next.plan.ask));
	if (!record_commit(t, &next, NULL, 0, e))
		return false;
	talk_end(t);
	return true;
}

bool
answer_opened(
    struct tp *t, struct view content_key, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct blob plain = {0}, scratch = {0};
	struct view certs, crls;
	struct err why = {0};
	bool ok;

	if (!envelope_open(&x->envelope, content_key, &plain, &why) ||
	    !certs_only_decode(blob_view(&plain), &scratch, &certs, &crls, &why))
		ok = talk_trouble(t, why.text, 0, now, out, e);
	else
		ok = is_request(x) ? requested(t, certs, now, out, e)
				   : confirmed(t, certs, now, out, e);
	blob_free(&plain);
	blob_free(&scratch);
	return ok;
}
