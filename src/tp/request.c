/* request.c - key, certification request, temporary certificate. */
#include <string.h>

#include "tp/tp_int.h"

#define TEMPORARY_LIFE (365 * DAY)

struct sig_alg
alg_of(enum key_kind kind, enum hash hash)
{
	return (struct sig_alg){kind, hash, kind == KEY_RSA ? PADDING_PKCS1 : PADDING_ECDSA, 0};
}

static bool
key_fits(const struct tp *t, const struct spki *key)
{
	return key->kind == t->policy->key_kind && key->bits == t->policy->key_bits;
}

/* ---- is the request on the shelf the one to send? ---- */

/* The password may have been set anew, name and usages as well. */
static bool
still_asks_this(const struct tp *t, const struct csr *c)
{
	struct blob challenge = {0};
	bool same = c->has_challenge == (t->password != NULL);

	if (same && c->has_challenge)
		same = csr_challenge(c, &challenge, NULL) &&
		       view_equal_str(blob_view(&challenge), t->password);
	blob_free(&challenge);
	return same && c->eku == t->policy->eku &&
	       name_equal(c->subject, blob_view(&t->subject)) &&
	       view_equal(c->san, blob_view(&t->san));
}

/* The same request again, so that the server gives the same certificate (ST-03). */
static bool
is_usable(struct tp *t, const struct request *old, struct view id, when_t now)
{
	struct csr csr;
	struct cert signer;
	uint8_t addressed[32];

	bundle_digest(blob_view(&t->x->ca), addressed);
	if (old->key == 0 || old->closed || memcmp(addressed, old->addressed, 32) != 0 ||
	    !csr_decode(blob_view(&old->csr), &csr, NULL) ||
	    !cert_decode(blob_view(&old->signer), &signer, NULL))
		return false;
	if (old->temporary)
		return (t->x->act == TP_ENROL || t->record.lost) && now < signer.not_after &&
		       still_asks_this(t, &csr);
	return (t->x->act != TP_ENROL || t->record.plan.behind) && !t->record.lost &&
	       view_equal(blob_view(&old->signer), id);
}

/*
 * Who has no live identity, or not its key, enrols as a stranger, or shows the one that ended:
 * first that of a CA that was replaced, for servers let those in who are late; and each in turn
 * once the other was refused.
 */
static bool
shows_old(const struct tp *t, const struct request *old)
{
	if (t->record.id_key == 0 || t->record.lost)
		return false;
	if (t->x->act != TP_ENROL)
		return true;
	return old->key != 0 && old->closed ? old->temporary : t->record.plan.behind;
}

/* ---- steps ---- */

static void
sign(struct tp *t, enum sign_as as, enum step step, struct tp_effects *out)
{
	struct talk *x = t->x;
	struct key_job job = {
	    .act = KEY_SIGN, .as = as, .alg = x->alg, .bytes = blob_view(&x->work)};

	x->step = step;
	x->id = tp_job(t, &job, x->request.key, out);
}

static void
make_key(struct tp *t, struct tp_effects *out)
{
	struct key_job job = {
	    .act = KEY_MAKE, .kind = t->policy->key_kind, .bits = t->policy->key_bits};

	t->x->request.key = t->record.last_key + 1;
	t->x->step = STEP_KEY;
	t->x->id = tp_job(t, &job, t->x->request.key, out);
}

/* A renewal keeps the name that it renews, whatever the configuration says by now. */
static bool
make_csr(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct csr_spec spec = {
	    .subject = blob_view(&t->subject),
	    .spki = blob_view(&x->spki),
	    .key_usage = t->policy->key_usage,
	    .eku = t->policy->eku,
	    .san = blob_view(&t->san),
	};
	struct spki key;
	struct cert id;
	struct err why = {0};

	if (!spki_decode(spec.spki, &key, &why))
		return talk_trouble(t, why.text, 0, now, out, e);
	if (x->request.temporary) {
		spec.challenge = t->password;
	} else {
		if (!cert_decode(blob_view(&x->request.signer), &id, e))
			return false;
		spec.subject = id.subject;
		spec.san = id.san;
	}
	x->alg = alg_of(key.kind, message_hash(t));
	blob_clear(&x->work);
	csr_encode_info(&spec, &x->work);
	sign(t, SIGN_REQUEST, STEP_CSR, out);
	return true;
}

/* RFC 8894 2.3. A certificate needs a name, also where the request has only alternative ones.
 */
static bool
make_temporary(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct blob text = {0}, name = {0};
	uint8_t serial[16], ski[20];
	struct spki key;
	bool ok = false;

	if (!spki_decode(blob_view(&x->spki), &key, e))
		return false;
	blob_set(&name, blob_view(&t->subject));
	if (name_is_empty(blob_view(&name))) {
		blob_clear(&name);
		blob_printf(&text, "CN=%s", t->label);
		if (!name_parse(blob_cstr(&text), &name, e))
			goto out;
	}
	keys_random(t->keys, serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	spki_key_id(&key, ski);

	struct cert_spec spec = {
	    .serial = view_of(serial, sizeof(serial)),
	    .issuer = blob_view(&name),
	    .subject = blob_view(&name),
	    .spki = blob_view(&x->spki),
	    .not_before = when_add(now, -DAY),
	    .not_after = when_add(now, TEMPORARY_LIFE),
	    .alg = x->alg,
	    .path_len = -1,
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
	    .ski = view_of(ski, sizeof(ski)),
	};

	blob_clear(&x->work);
	cert_encode_tbs(&spec, &x->work);
	sign(t, SIGN_TEMPORARY, STEP_TEMPORARY, out);
	ok = true;
out:
	blob_free(&text);
	blob_free(&name);
	return ok;
}

static bool
send(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;

	if (t->policy->by_hand) {
		tp_note(out, TP_NOTED_REQUEST, "a request waits to be carried to the CA")
		    ->ends = talk_command(t->x);
		talk_end(t);
		return true;
	}
	x->type = !x->request.temporary && (t->record.caps & CAP_RENEWAL) != 0 ? SCEP_RENEWALREQ
									       : SCEP_PKCSREQ;
	return message_begin(t, blob_view(&x->request.csr), now, out, e);
}

/* The transaction is new with each request, though the key may not be (AT-10, ST-06). */
static void
name_transaction(struct tp *t)
{
	struct blob salted = {0};
	uint8_t hash[32];

	blob_add_view(&salted, blob_view(&t->x->spki));
	keys_random(t->keys, blob_grow(&salted, NONCE), NONCE);
	sha256(blob_view(&salted), hash);
	blob_clear(&t->x->request.transaction);
	hex_add(&t->x->request.transaction, view_of(hash, sizeof(hash)), true);
	blob_free(&salted);
}

/* Durable before it is sent: whatever happens, the same is sent again. */
static bool
store(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct record next = t->record;
	struct blob bytes = {0};
	bool ok;

	name_transaction(t);
	bundle_digest(blob_view(&x->ca), x->request.addressed);
	request_encode(&x->request, &bytes);
	if (next.last_key < x->request.key)
		next.last_key = x->request.key;
	if (next.request_key != x->request.key)
		record_doom(&next, next.request_key);
	next.request_key = x->request.key;
	next.request_signer_key = x->request.signer_key;

	struct tp_change change = {TP_REQUEST, blob_view(&bytes)};

	ok = record_commit(t, &next, &change, 1, e) && send(t, now, out, e);
	blob_free(&bytes);
	return ok;
}

/* The key of a request that came to nothing was never certified; else that of the identity,
 * unless each certificate is to have a new one. */
static bool
choose_key(struct tp *t, const struct request *old, const struct cert *id, when_t now,
    struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	const struct record *r = &t->record;
	struct csr csr;

	if (old->key != 0 && old->key != r->id_key && old->key != r->shadow_key &&
	    csr_decode(blob_view(&old->csr), &csr, NULL) && key_fits(t, &csr.key)) {
		x->request.key = old->key;
		blob_set(&x->spki, csr.key.whole);
	} else if (r->id_key != 0 && !r->lost && !t->policy->regenerate &&
		   key_fits(t, &id->key)) {
		x->request.key = r->id_key;
		blob_set(&x->spki, id->key.whole);
	} else if (r->doomed_count >= DOOMED_MAX - 2) {
		return talk_trouble(
		    t, "too many old keys wait to be destroyed", 0, now, out, e);
	} else {
		make_key(t, out);
		return true;
	}
	if (x->request.temporary)
		x->request.signer_key = x->request.key;
	return make_csr(t, now, out, e);
}

bool
request_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct request old = {0};
	struct blob id_der = {0};
	struct cert id = {0};
	bool ok = false;

	if (!shelf_get(t, x->act == TP_REQUEST_SHADOW ? TP_NEXT_CA : TP_CA, &x->ca, e) ||
	    (t->record.request_key != 0 && !request_load(t, &old, e)) ||
	    (t->record.id_key != 0 && !shelf_cert(t, TP_ID, &id_der, &id, e)))
		goto out;
	if (is_usable(t, &old, blob_view(&id_der), now)) {
		x->request = old;
		old = (struct request){0};
		ok = send(t, now, out, e);
		goto out;
	}
	x->request.temporary = !shows_old(t, &old);
	if (!x->request.temporary) {
		blob_set(&x->request.signer, id.whole);
		x->request.signer_key = t->record.id_key;
	}
	ok = choose_key(t, &old, &id, now, out, e);
out:
	request_free(&old);
	blob_free(&id_der);
	return ok;
}

bool
request_go_on(
    struct tp *t, struct view bytes, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct request *r = &x->request;

	switch (x->step) {
	case STEP_KEY:
		blob_set(&x->spki, bytes);
		if (r->temporary)
			r->signer_key = r->key;
		return make_csr(t, now, out, e);
	case STEP_CSR:
		blob_clear(&r->csr);
		signed_assemble(blob_view(&x->work), &x->alg, bytes, &r->csr);
		return r->temporary ? make_temporary(t, now, out, e) : store(t, now, out, e);
	case STEP_TEMPORARY:
		blob_clear(&r->signer);
		signed_assemble(blob_view(&x->work), &x->alg, bytes, &r->signer);
		return store(t, now, out, e);
	case STEP_MESSAGE:
	case STEP_FETCH:
	case STEP_UNWRAP:
		break;
	}
	return err_set(e, WHY_BUG, "trustpoint %s: step %d", t->label, (int)x->step);
}
