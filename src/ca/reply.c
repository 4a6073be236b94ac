/* reply.c - CertRep messages and their end. */
#include <string.h>

#include "ca/ca_int.h"

void
reply_later(struct ca *ca, struct exchange *x, int seconds, struct effects *out)
{
	effect_reply(out, x->id, 503, "busy, try again", seconds);
	exchange_free(ca, x);
}

/* In kind; what is not let in is answered with SHA-256 (the message says badAlg). */
static enum hash
reply_hash(const struct ca *ca, const struct exchange *x)
{
	struct makings alone = {.digest = x->scep.digest};

	if (x->scep.digest == HASH_NONE || x->too_weak ||
	    !strength_allowed(&ca->policy, strength_of(&alone).level, NULL))
		return HASH_SHA256;
	return x->scep.digest;
}

/* NX-18: the generation that was asked, or by "compat shadow-reply active" the one that is
 * active. */
static const struct generation *
replier(const struct ca *ca, const struct exchange *x, bool *ra)
{
	bool active = x->to == ca->next && ca->policy.shadow_reply_active;

	*ra = active ? ca->active->facts.have_ra : x->to_ra;
	return active ? ca->active : x->to;
}

/* Complete what stands in x->reply and ask for its signature. */
static void
reply_send(struct ca *ca, struct exchange *x, struct effects *out)
{
	bool ra;
	const struct generation *by = replier(ca, x, &ra);
	const struct cert *signer = face(by, ra);
	struct scep_spec *s = &x->reply;
	struct err e = {0};
	struct task *t;

	keys_random(ca->keys, x->nonce, sizeof(x->nonce));
	s->type = SCEP_CERTREP;
	s->transaction = x->scep.transaction;
	s->transaction_tag = x->scep.transaction_tag;
	s->sender_nonce = view_of(x->nonce, sizeof(x->nonce));
	s->recipient_nonce = x->scep.sender_nonce;
	s->digest = reply_hash(ca, x);
	s->has_content = true; /* empty when there is nothing to say: certmonger 0.79.17 reads
				  no other (2026) */
	s->content = blob_view(&x->content);
	s->signer_issuer = signer->issuer;
	s->signer_serial = signer->serial;
	s->certificates = signer->whole;
	/* Never PSS: strongSwan 5.9.8 sends it, and reads rsaEncryption only (2026). */
	s->alg = (struct sig_alg){KEY_RSA, s->digest, PADDING_PKCS1, 0};
	if (!scep_encode_attrs(s, &x->attrs, &e)) {
		log_error("reply not built", "ca='%s' why='%s'", ca->policy.name, e.text);
		reply_later(ca, x, 60, out);
		return;
	}

	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_REPLY,
	    .alg = s->alg,
	    .stranger = s->status == SCEP_FAILURE &&
			x->signer != SIGNER_LIVE, /* a flood of bad messages waits */
	    .bytes = blob_view(&x->attrs),
	};

	(void)snprintf(job.label, sizeof(job.label), "%s", face_label(by, ra));
	t = ca_task_start(ca, TASK_REPLY, by, &job, out);
	t->x = x;
}

void
reply_fail(struct ca *ca, struct exchange *x, enum scep_fail fail, const char *text,
    struct effects *out)
{
	struct blob transaction = {0};

	text_escape(&transaction, x->scep.transaction);
	log_notice("request refused", "ca='%s' from='%s' transaction='%s' failinfo=%d why='%s'",
	    ca->policy.name, x->source, blob_cstr(&transaction), (int)fail, text);
	blob_free(&transaction);
	blob_clear(&x->content);
	x->reply =
	    (struct scep_spec){.status = SCEP_FAILURE, .fail = (int)fail, .fail_text = text};
	reply_send(ca, x, out);
}

void
reply_unreadable(struct ca *ca, struct exchange *x, when_t now, struct effects *out)
{
	source_bad_open(ca, x->source, now);
	reply_fail(ca, x, SCEP_BAD_REQUEST, "what is inside the envelope cannot be read", out);
}

void
reply_pending(struct ca *ca, struct exchange *x, struct effects *out)
{
	blob_clear(&x->content);
	x->reply = (struct scep_spec){.status = SCEP_PENDING, .fail = -1};
	reply_send(ca, x, out);
}

/* A short key has no room for OAEP over a long digest (RFC 8017 7.1.1). */
static enum padding
wrap_padding(const struct exchange *x)
{
	size_t least = 2 * hash_size(x->envelope.oaep_hash) + 2 + cipher_key_size(x->cipher);

	return x->scep.signer.key.modulus.n >= least ? x->envelope.padding : PADDING_PKCS1;
}

/* SUCCESS around a certs-only message, for the key that signed the request (RFC 8894 2.3). */
static bool
reply_success(struct ca *ca, struct exchange *x, struct view certs, struct view crls,
    struct effects *out, struct err *e)
{
	struct blob plain = {0}, wrapped = {0};
	uint8_t key[32], iv[16];
	bool ok = false;

	certs_only_encode(certs, crls, &plain);
	keys_random(ca->keys, key, sizeof(key));
	keys_random(ca->keys, iv, sizeof(iv));
	struct envelope_spec spec = {
	    .issuer = x->scep.signer_issuer,
	    .serial = x->scep.signer_serial,
	    .cipher = x->cipher,
	    .key = view_of(key, cipher_key_size(x->cipher)),
	    .iv = view_of(iv, cipher_block_size(x->cipher)),
	    .padding = wrap_padding(x),
	    .oaep_hash = x->envelope.oaep_hash,
	    .plain = blob_view(&plain),
	};

	if (!keys_wrap(ca->keys, &x->scep.signer.key, spec.padding, spec.oaep_hash, spec.key,
		&wrapped, e))
		goto out;
	spec.wrapped_key = blob_view(&wrapped);
	blob_clear(&x->content);
	if (!envelope_encode(&spec, &x->content, e))
		goto out;
	x->reply = (struct scep_spec){.status = SCEP_SUCCESS, .fail = -1};
	reply_send(ca, x, out);
	ok = true;
out:
	mem_wipe(key, sizeof(key));
	blob_free(&plain);
	blob_free(&wrapped);
	return ok;
}

bool
reply_cert(
    struct ca *ca, struct exchange *x, struct view cert, struct effects *out, struct err *e)
{
	bool chain = x->profile != NULL && x->profile->chain && x->scep.type != SCEP_GETCERT;
	struct blob certs = {0};
	bool ok;

	blob_add_view(&certs, cert);
	if (chain)
		blob_add_view(&certs, face(x->to, false)->whole);
	ok = reply_success(ca, x, blob_view(&certs), (struct view){0}, out, e);
	blob_free(&certs);
	return ok;
}

bool
reply_issued(struct ca *ca, struct exchange *x, int64_t intent, struct view cert,
    struct effects *out, struct err *e)
{
	/* A poll long behind its request does not show how strong that was. */
	return (x->makings.csr == HASH_NONE ||
		   client_raise(ca, view_of(x->identity, sizeof(x->identity)), intent,
		       strength_of(&x->makings).level, e)) &&
	       reply_cert(ca, x, cert, out, e);
}

bool
reply_crl(
    struct ca *ca, struct exchange *x, struct view crl, struct effects *out, struct err *e)
{
	return reply_success(ca, x, (struct view){0}, crl, out, e);
}

void
reply_signed(struct ca *ca, struct exchange *x, const struct key_done *d, struct effects *out)
{
	struct effect *reply;

	if (d->why != WHY_NONE) {
		log_error("reply not signed", "ca='%s' why='%s'", ca->policy.name, d->text);
		reply_later(ca, x, 5, out);
		return;
	}
	reply = effect_add(out, EFFECT_REPLY);
	reply->id = x->id;
	reply->status = 200;
	reply->delay_ms = x->delay_ms;
	scep_assemble(&x->reply, blob_view(&x->attrs), blob_view(&d->bytes), &reply->bytes);
	crash_point("reply-made");
	exchange_free(ca, x);
}
