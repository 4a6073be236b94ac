/* message.c - messages to the server: wrap, sign, send. */
#include <string.h>

#include "tp/tp_int.h"

/* ---- what the server can do, and no less than need be (CC-10, CC-11) ---- */

enum hash
message_hash(const struct tp *t)
{
	static const uint16_t needs[] = {[HASH_MD5] = 0,
	    [HASH_SHA1] = 0,
	    [HASH_SHA256] = CAP_SHA256,
	    [HASH_SHA384] = CAP_SHA384,
	    [HASH_SHA512] = CAP_SHA512};
	uint16_t caps = t->record.caps, wanted = needs[t->policy->hash];

	if ((caps & wanted) == wanted || t->policy->by_hand)
		return t->policy->hash;
	if ((caps & CAP_SHA256) != 0)
		return HASH_SHA256;
	return (caps & CAP_SHA512) != 0 ? HASH_SHA512 : HASH_SHA1;
}

static enum cipher
message_cipher(const struct tp *t)
{
	bool aes = t->policy->cipher >= CIPHER_AES128;

	return aes && (t->record.caps & CAP_AES) == 0 ? CIPHER_DES3 : t->policy->cipher;
}

static struct scep_spec
spec_of(const struct talk *x, const struct cert *signer)
{
	return (struct scep_spec){
	    .type = x->type,
	    .transaction = blob_view(&x->request.transaction),
	    .sender_nonce = view_of(x->nonce, sizeof(x->nonce)),
	    .status = -1,
	    .fail = -1,
	    .digest = x->alg.hash,
	    .has_content = true,
	    .content = blob_view(&x->content),
	    .signer_issuer = signer->issuer,
	    .signer_serial = signer->serial,
	    .certificates = signer->whole,
	    .alg = x->alg,
	};
}

static bool
envelope(struct tp *t, struct view plain, when_t now, struct err *e)
{
	struct talk *x = t->x;
	struct blob wrapped = {0};
	struct cert to;
	uint8_t key[KEY_WANT_MAX], iv[16];
	enum cipher cipher = message_cipher(t);
	bool ok;

	if (!bundle_recipient(blob_view(&x->ca), now, &to, e))
		return false;
	keys_random(t->keys, key, sizeof(key));
	keys_random(t->keys, iv, sizeof(iv));

	struct envelope_spec spec = {
	    .issuer = to.issuer,
	    .serial = to.serial,
	    .padding = PADDING_PKCS1,
	    .cipher = cipher,
	    .key = view_of(key, cipher_key_size(cipher)),
	    .iv = view_of(iv, cipher_block_size(cipher)),
	    .plain = plain,
	};

	ok = keys_wrap(t->keys, &to.key, spec.padding, spec.oaep_hash, spec.key, &wrapped, e);
	spec.wrapped_key = blob_view(&wrapped);
	blob_clear(&x->content);
	ok = ok && envelope_encode(&spec, &x->content, e);
	mem_wipe(key, sizeof(key));
	blob_free(&wrapped);
	return ok;
}

bool
message_begin(
    struct tp *t, struct view plain, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct scep_spec spec;
	struct cert signer;
	struct err why = {0};

	keys_random(t->keys, x->nonce, sizeof(x->nonce));
	if (!cert_decode(blob_view(&x->request.signer), &signer, &why) ||
	    !envelope(t, plain, now, &why)) {
		authority_again(t);
		return talk_trouble(t, why.text, 0, now, out, e);
	}
	x->alg = alg_of(signer.key.kind, message_hash(t));
	spec = spec_of(x, &signer);
	blob_clear(&x->attrs);
	if (!scep_encode_attrs(&spec, &x->attrs, &why))
		return talk_trouble(t, why.text, 0, now, out, e);

	struct key_job job = {
	    .act = KEY_SIGN, .as = SIGN_MESSAGE, .alg = x->alg, .bytes = blob_view(&x->attrs)};

	x->step = STEP_MESSAGE;
	x->id = tp_job(t, &job, x->request.signer_key, out);
	return true;
}

void
message_signed(struct tp *t, struct view signature, struct tp_effects *out)
{
	struct talk *x = t->x;
	struct blob message = {0};
	struct scep_spec spec;
	struct cert signer;

	if (cert_decode(blob_view(&x->request.signer), &signer, NULL)) {
		spec = spec_of(x, &signer);
		scep_assemble(&spec, blob_view(&x->attrs), signature, &message);
	}
	talk_fetch(t, TP_OPERATION, blob_view(&message), out);
	blob_free(&message);
}

/* It is for the CA that was asked, be that the one we hold or the next. */
static bool
find_addressed(struct tp *t, struct err *e)
{
	static const enum tp_leaf leaves[] = {TP_CA, TP_NEXT_CA};
	uint8_t digest[32];

	for (size_t i = 0; i < COUNT_OF(leaves); i++) {
		if (!shelf_look(t, leaves[i], &t->x->ca, e))
			return false;
		bundle_digest(blob_view(&t->x->ca), digest);
		if (memcmp(digest, t->x->request.addressed, sizeof(digest)) == 0)
			return true;
	}
	return err_set(e, WHY_BUG, "a request to a CA that is not held");
}

bool
poll_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct blob plain = {0};
	struct csr csr;
	struct cert ca;
	bool ok = request_load(t, &x->request, e) && find_addressed(t, e) &&
		  bundle_ca(blob_view(&x->ca), &ca, e) &&
		  csr_decode(blob_view(&x->request.csr), &csr, e);

	if (ok) {
		x->type = SCEP_CERTPOLL;
		issuer_and_subject_encode(ca.subject, csr.subject, &plain);
		ok = message_begin(t, blob_view(&plain), now, out, e);
	}
	blob_free(&plain);
	return ok;
}

/*
 * GetCert of the shadow: the server knows now that it arrived. To the CA that we hold, signed
 * by the identity that is live.
 */
bool
confirm_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	struct talk *x = t->x;
	struct blob der = {0}, plain = {0};
	uint8_t transaction[NONCE];
	struct cert shadow, id;
	bool ok = shelf_get(t, TP_CA, &x->ca, e) &&
		  shelf_cert(t, TP_ID, &x->request.signer, &id, e) &&
		  shelf_cert(t, TP_SHADOW, &der, &shadow, e);

	if (ok) {
		keys_random(t->keys, transaction, sizeof(transaction));
		hex_add(
		    &x->request.transaction, view_of(transaction, sizeof(transaction)), true);
		x->request.signer_key = t->record.id_key;
		x->type = SCEP_GETCERT;
		issuer_and_serial_encode(shadow.issuer, shadow.serial, &plain);
		ok = message_begin(t, blob_view(&plain), now, out, e);
	}
	blob_free(&der);
	blob_free(&plain);
	return ok;
}
