/* exchange.c - from a message to its contents. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

#define IN_FLIGHT_MAX 1024
#define CRL_BY_SCEP_MAX ((size_t)256 * 1024)

/* BAD-059: a signer's certificate that was not enclosed may be one of ours. */
static bool
find_signer(struct ca *ca, struct exchange *x, struct err *e)
{
	struct row_cert row;

	if (x->scep.signer.whole.n > 0)
		return true;
	if (!name_equal(x->scep.signer_issuer, ca->active->cert.subject))
		return err_set(e, WHY_NOT_FOUND, "signer's certificate not enclosed");
	if (!ST(ca)->cert_by_serial(ca->store, serial_unsigned(x->scep.signer_serial), &row, e))
		return false;
	if (row.state != CERT_ISSUED)
		return err_set(e, WHY_NOT_FOUND, "signer's certificate not enclosed");
	blob_set(&x->signer_der, row.body);
	return cert_decode(blob_view(&x->signer_der), &x->scep.signer, e);
}

static bool
addressed_to(const struct cert *c, const uint8_t ski[20], const struct envelope *v)
{
	if (v->ski.n > 0)
		return view_equal(v->ski, view_of(ski, 20));
	return view_equal(v->serial, c->serial) && name_equal(v->issuer, c->issuer);
}

/* The recipient names the generation, and its RA or the CA itself (NX-16). */
static bool
addressed_to_us(struct ca *ca, struct exchange *x)
{
	for (size_t i = 0; i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (!g->facts.have_cert)
			continue;
		x->to = g;
		x->to_ra =
		    g->facts.have_ra && addressed_to(&g->ra.cert, g->ra.ski, &x->envelope);
		if (x->to_ra ||
		    (g->kind == KEY_RSA && addressed_to(&g->cert, g->ski, &x->envelope)))
			return true;
	}
	x->to = ca->active;
	x->to_ra = ca->active->facts.have_ra;
	return false;
}

static bool
is_query(const struct exchange *x)
{
	return x->scep.type == SCEP_GETCERT || x->scep.type == SCEP_GETCRL;
}

/* Read the envelope, and ask the signer for the content key. */
static bool
exchange_open(struct ca *ca, struct exchange *x, struct effects *out, struct err *e)
{
	enum scep_fail fail = SCEP_BAD_REQUEST;
	struct err why = {0};
	struct task *t;
	bool admitted;

	if (!x->scep.has_content || x->scep.content.n == 0) {
		reply_fail(ca, x, SCEP_BAD_REQUEST, "the message has no content", out);
		return true;
	}
	if (!envelope_decode(
		x->scep.content, &x->envelope_scratch, &x->envelope, &fail, &why)) {
		reply_fail(ca, x, fail, why.text, out);
		return true;
	}
	if (!addressed_to_us(ca, x)) {
		reply_fail(ca, x, SCEP_BAD_CERT_ID,
		    "unknown CA certificate, fetch it again by GetCACert", out);
		return true;
	}
	x->cipher = x->makings.cipher = x->envelope.cipher;
	if (!is_query(x))
		admitted = admit_anybody(ca, x, out);
	else if (!admit_holder(ca, x, x->signer_intent, &admitted, out, e))
		return false;
	if (!admitted)
		return true;

	struct key_job job = {
	    .act = KEY_UNWRAP,
	    .padding = x->envelope.padding,
	    .oaep_hash = x->envelope.oaep_hash,
	    .want = cipher_key_size(x->cipher),
	    .stranger = x->signer != SIGNER_LIVE,
	    .bytes = x->envelope.wrapped_key,
	};

	(void)snprintf(job.label, sizeof(job.label), "%s", face_label(x->to, x->to_ra));
	t = ca_task_start(ca, TASK_UNWRAP, x->to, &job, out);
	t->x = x;
	return true;
}

/* Polls are answered from the outer message alone (PO-02); the envelope, when readable, tells
 * the cipher, and whom the client believes: the answer is signed by the CA that it wrote to. */
static bool
exchange_poll(struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e)
{
	struct err why = {0};
	enum scep_fail fail;

	if (x->scep.has_content &&
	    envelope_decode(x->scep.content, &x->envelope_scratch, &x->envelope, &fail, &why)) {
		x->cipher = x->makings.cipher = x->envelope.cipher;
		(void)addressed_to_us(ca, x); /* else it stays with the active one */
	}
	return !admit_anybody(ca, x, out) || same_poll(ca, x, now, out, e);
}

/* Structure, algorithms and outer signature, before any private key moves. *proven false: it
 * was answered. */
static bool
prove_sender(struct ca *ca, struct exchange *x, when_t now, bool *proven, struct effects *out,
    struct err *e)
{
	struct err why = {0};

	*proven = false;
	switch (scep_decode(blob_view(&x->message), &x->scratch, &x->scep, &why)) {
	case SCEP_UNREADABLE:
		effect_reply(out, x->id, 400, why.text, 0);
		exchange_free(ca, x);
		return true;
	case SCEP_BAD:
		reply_fail(ca, x, x->scep.fail_as, why.text, out);
		return true;
	case SCEP_OK:
		break;
	}
	if (!find_signer(ca, x, &why)) {
		if (why.why != WHY_BAD_INPUT && !absent(&why, e))
			return false;
		reply_fail(ca, x, SCEP_BAD_MESSAGE_CHECK,
		    "the signer's certificate is not enclosed and not known", out);
		return true;
	}
	x->makings.digest = x->scep.digest;
	x->makings.signer_bits = x->scep.signer.key.bits;
	x->makings.no_sender_nonce = !x->scep.has_sender_nonce;
	if (x->scep.signer.key.kind != KEY_RSA) {
		reply_fail(ca, x, SCEP_BAD_ALG,
		    "EC keys cannot receive answers over SCEP: use an RSA key", out);
	} else if (!admit_anybody(ca, x, out)) {
		return true;
	} else if (!keys_verify(ca->keys, &x->scep.signer.key, &x->scep.alg,
		       x->scep.signed_attrs, x->scep.signature, &why)) {
		source_bad_open(ca, x->source, now);
		reply_fail(ca, x, SCEP_BAD_MESSAGE_CHECK, "the signature does not verify", out);
	} else {
		*proven = true;
		return signer_classify(
		    ca, &x->scep.signer, now, &x->signer, &x->signer_intent, e);
	}
	return true;
}

static bool
dispatch(struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e)
{
	switch (x->scep.type) {
	case SCEP_CERTPOLL:
		return exchange_poll(ca, x, now, out, e);
	case SCEP_GETCERT:
	case SCEP_GETCRL:
		if (x->signer == SIGNER_LIVE)
			return exchange_open(ca, x, out, e);
		reply_fail(ca, x, SCEP_BAD_REQUEST,
		    "GetCert and GetCRL must be signed by a live certificate of this CA", out);
		return true;
	case SCEP_PKCSREQ:
	case SCEP_RENEWALREQ:
		return exchange_open(ca, x, out, e);
	}
	reply_fail(ca, x, SCEP_BAD_REQUEST, "this messageType is not served", out);
	return true;
}

bool
exchange_begin(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	struct exchange *x;
	bool proven;

	if (ca->policy.plan.shutdown || !issue_possible(ca, now) ||
	    now < ca->active->facts.cert_from ||
	    (ca->active->kind != KEY_RSA && !ca->active->facts.have_ra) ||
	    ca->in_flight >= IN_FLIGHT_MAX) {
		effect_reply(out, ev->id, 503, "not serving now, try again",
		    issue_possible(ca, now) ? 5 : 60);
		return true;
	}
	x = exchange_new(ca, ev);
	x->to = ca->active;
	x->to_ra = ca->active->facts.have_ra;
	if (!prove_sender(ca, x, now, &proven, out, e))
		return false;
	if (!proven)
		return true;
	if (x->signer != SIGNER_LIVE && source_blocked(ca, x->source, now)) {
		reply_later(ca, x, 600,
		    out); /* known clients behind the same address keep their lane */
		return true;
	}
	return dispatch(ca, x, now, out, e);
}

/*
 * Content of GetCert and GetCRL is opened for live clients only, and whatever is wrong with it
 * is answered in one way: else the answer would tell whether another's envelope was padded
 * well.
 */
static void
no_such_cert(struct ca *ca, struct exchange *x, when_t now, struct effects *out)
{
	source_bad_open(ca, x->source, now);
	reply_fail(ca, x, SCEP_BAD_CERT_ID, "no such certificate", out);
}

/*
 * GetCert: the certificate of that serial, if it is the asker's own (QR-01). Another client's
 * is not told from one that does not exist: who may enrol need not know what else was issued.
 * Who knows the number holds it: the muster keeps that.
 */
static bool
get_cert(struct ca *ca, struct exchange *x, struct view serial, bool *found,
    struct effects *out, struct err *e)
{
	uint8_t own[32];
	struct blob der = {0};
	struct row_cert row;
	struct err why = {0};
	bool ok = true;

	if (!ST(ca)->cert_get(ca->store, x->signer_intent, &row, e))
		return false;
	memcpy(own, row.identity.p, sizeof(own));
	*found = serial.n > 0 && serial.n <= 21 && serial.p[0] < 0x80 &&
		 ST(ca)->cert_by_serial(ca->store, serial_unsigned(serial), &row, &why) &&
		 row.state == CERT_ISSUED &&
		 view_equal(row.identity, view_of(own, sizeof(own)));
	if (!*found)
		return absent(&why, e);
	blob_set(&der, row.body);
	ok = client_confirm(ca, view_of(own, sizeof(own)), row.intent, row.generation, e) &&
	     reply_cert(ca, x, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}

/* GetCRL: the list of the generation that is asked (QR-02); over 256 KiB: by HTTP. */
static bool
get_crl(struct ca *ca, struct exchange *x, struct effects *out, struct err *e)
{
	struct row_crl row;
	struct err why = {0};
	struct blob der = {0};
	bool ok;

	if (!ST(ca)->crl_get(ca->store, x->to->number, &row, &why) || row.der.n == 0) {
		if (!absent(&why, e))
			return false;
		reply_later(ca, x, 5, out);
		return true;
	}
	if (row.der.n > CRL_BY_SCEP_MAX || row.der.p[0] != DER_SEQUENCE) {
		reply_fail(ca, x, SCEP_BAD_REQUEST,
		    "the list is over 256 KiB: fetch it by HTTP, operation=GetCRL", out);
		return true;
	}
	blob_set(&der, row.der);
	ok = reply_crl(ca, x, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}

static bool
query_opened(struct ca *ca, struct exchange *x, struct view plain, when_t now,
    struct effects *out, struct err *e)
{
	struct view issuer, serial;
	struct err why = {0};
	bool found = issuer_and_serial_decode(plain, &issuer, &serial, &why) &&
		     name_equal(issuer, ca->active->cert.subject);
	bool ok = true;

	if (found && x->scep.type == SCEP_GETCRL)
		return get_crl(ca, x, out, e);
	if (found)
		ok = get_cert(ca, x, serial, &found, out, e);
	if (ok && !found)
		no_such_cert(ca, x, now, out);
	return ok;
}

bool
exchange_opened(struct ca *ca, struct exchange *x, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	bool query = is_query(x);
	struct blob plain = {0};
	struct err why = {0};
	bool ok = true;

	/* Bad ciphertext comes back as a synthetic key: what else goes wrong at the signer is
	 * not the client's. */
	if (d->why != WHY_NONE && d->why != WHY_BAD_INPUT) {
		log_error(
		    "content key not opened", "ca='%s' why='%s'", ca->policy.name, d->text);
		reply_later(ca, x, 5, out);
		return true;
	}
	if (d->why == WHY_NONE &&
	    envelope_open(&x->envelope, blob_view(&d->bytes), &plain, &why))
		ok = query ? query_opened(ca, x, blob_view(&plain), now, out, e)
			   : request_read(ca, x, blob_view(&plain), now, out, e);
	else if (query)
		no_such_cert(ca, x, now, out);
	else
		reply_unreadable(ca, x, now, out);
	blob_free(&plain);
	return ok;
}
