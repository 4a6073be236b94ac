/* tp_int.h - what the files of tp share. */
#ifndef TP_TP_INT_H
#define TP_TP_INT_H

#include "tp/tp.h"

#define FINGERPRINT_MAX 128 /* hex and separators */
#define DOOMED_MAX 8	    /* keys that are to be forgotten, still */
#define NONCE 16

enum { /* what GetCACaps said (RFC 8894 3.5.2) */
	CAP_AES = 1 << 0,
	CAP_SHA1 = 1 << 1,
	CAP_SHA256 = 1 << 2,
	CAP_SHA384 = 1 << 3,
	CAP_SHA512 = 1 << 4,
	CAP_POST = 1 << 5,
	CAP_RENEWAL = 1 << 6,
	CAP_NEXT_CA = 1 << 7,
	CAP_DES3 = 1 << 8,
	CAP_STANDARD = 1 << 9,
	CAP_ALL = (1 << 10) - 1,
};

/* TP_REQUEST. Key pairs go by number: 1 is LABEL, 2 is LABEL#2. */
struct request {
	bool closed;	/* answered by a refusal: only its key is of use */
	bool temporary; /* signed by a temporary certificate with its own key */
	uint32_t key;	/* to be certified */
	uint32_t signer_key;
	uint8_t addressed[32]; /* SHA-256 of the CA certificate it is for */
	struct blob transaction, csr, signer;
};

/* TP_FACTS, with the dates that the certificates on the shelf say. */
struct record {
	struct plan_tp_facts plan;
	uint16_t caps;
	bool lost; /* the keys have the pair of the identity on the shelf no more */
	uint32_t last_key, id_key, shadow_key;	  /* 0: none */
	uint32_t request_key, request_signer_key; /* of TP_REQUEST, 0: there is none */
	uint32_t doomed[DOOMED_MAX];
	size_t doomed_count;
};

enum step {
	STEP_KEY,	/* the pair is being made */
	STEP_CSR,	/* the request is being signed, */
	STEP_TEMPORARY, /* the temporary certificate, */
	STEP_MESSAGE,	/* the message */
	STEP_FETCH,	/* the server is asked */
	STEP_UNWRAP,	/* its answer is being opened */
};

/* What is under way with the server: one at a time. */
struct talk {
	enum plan_tp_act act;
	enum step step;
	uint64_t id; /* of the job or fetch that is waited for */
	bool by_command;
	char fingerprint[FINGERPRINT_MAX + 1]; /* TP_AUTHENTICATE */
	struct request request;
	struct blob ca;		/* addressed: the CA's certificate and those with it */
	struct blob spki, work; /* of the pair; octets that are being signed */
	struct sig_alg alg;	/* of what is being signed */
	int type;		/* messageType */
	uint8_t nonce[NONCE];
	struct blob attrs, content;
	struct blob answer, scratch, envelope_scratch; /* what scep and envelope borrow from */
	struct scep scep;
	struct envelope envelope;
};

struct import { /* under way: what a file has is looked at, then its key is stored */
	struct key_job job;
	uint64_t id;	   /* of the job that is waited for */
	uint32_t key;	   /* 0: it is looked at */
	uint32_t last;	   /* a label that is another's is passed over, so many times at most */
	struct blob certs; /* as looked at, the pair's own first */
};

struct tp {
	const struct tp_policy *policy;
	struct tp_shelf *shelf;
	struct keys *keys;
	char *label, *password; /* the latter NULL: there is none */
	const char *fingerprint;
	struct blob subject, san;
	struct record record;
	struct talk *x; /* NULL: none */
	char *wanted; /* a command's fingerprint that waits for x to end; "": of the CA held */
	uint64_t last_id, forgetting; /* KEY_FORGET under way, of doomed[0] */
	struct import *import;	      /* NULL: none */
	when_t wake, held_until, forget_at;
};

/* effects.c */
struct tp_effect *tp_effect_add(struct tp_effects *f, enum tp_effect_kind kind);
/* It ends no command, unless its caller says so. */
struct tp_effect *tp_note(struct tp_effects *f, enum tp_note note, const char *fmt, ...)
    PRINTF(3, 4);
/* The job waits at the keys; its octets are copied. Its id is returned. */
uint64_t tp_job(struct tp *t, struct key_job *job, uint32_t key, struct tp_effects *out);
void key_label(const struct tp *t, uint32_t key, char out[KEY_LABEL_MAX]);

/* record.c: the shelf */
bool shelf_get(struct tp *t, enum tp_leaf leaf, struct blob *out, struct err *e) MUST_USE;
/* Nothing there: *out is empty. */
bool shelf_look(struct tp *t, enum tp_leaf leaf, struct blob *out, struct err *e) MUST_USE;
/* The leaf is one certificate; der keeps its octets. */
bool shelf_cert(struct tp *t, enum tp_leaf leaf, struct blob *der, struct cert *out,
    struct err *e) MUST_USE;
bool record_load(struct tp *t, struct err *e) MUST_USE;
/* The record and the n leaves in one: then it is t's. */
bool record_commit(struct tp *t, const struct record *next, const struct tp_change *list,
    size_t n, struct err *e) MUST_USE;
bool request_load(struct tp *t, struct request *out, struct err *e) MUST_USE;
void request_encode(const struct request *r, struct blob *out);
bool request_decode(struct view bytes, struct request *out) MUST_USE;
void request_free(struct request *r);
/* Is no more needed once the record is stored. 0 is none. */
void record_doom(struct record *r, uint32_t key);
void record_ca(struct record *r, const struct cert *ca);
void record_id(struct tp *t, struct record *r, const struct cert *id);

/* bundle.c: a CA's certificate and what comes with it, the CA first */
bool bundle_ca(struct view certs, struct cert *out, struct err *e) MUST_USE;
void bundle_digest(struct view certs, uint8_t out[32]);
/* Whose key opens messages: an RA's, else the CA's. */
bool bundle_recipient(struct view certs, when_t now, struct cert *out, struct err *e) MUST_USE;
/* The CA or one of its RAs, by issuer and serial. */
bool bundle_signer(
    struct view certs, struct view issuer, struct view serial, struct cert *out) MUST_USE;
/*
 * From certificates in any order: the one CA that issued no other of them, its RAs that it
 * signed, and the CAs above it. What is none of these is left out.
 */
bool bundle_make(
    struct tp *t, struct view certs, when_t now, struct blob *out, struct err *e) MUST_USE;
bool issued_by(struct tp *t, const struct cert *c, const struct cert *issuer) MUST_USE;

/* authority.c: a CA's fingerprint; answers to GetCACert, GetCACaps and GetNextCACert */
/* The CA of these certificates is the one from now on, if the talk's fingerprint fits. */
bool authority_take(struct tp *t, struct view certs, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;
bool authority_check(struct view bundle, const char *fingerprint, struct err *e) MUST_USE;
bool authority_answer(struct tp *t, const struct tp_event *ev, when_t now,
    struct tp_effects *out, struct err *e) MUST_USE;

/* Another RA may stand before the CA that we hold: GetCACert is to tell. */
void authority_again(struct tp *t);

/* outer.c: "compat outer-next-ca" */
/* Those beside an empty signature: what may be the next CA with its RAs, and the links, which
 * the held CA has signed. Without another one a link is itself the next CA. */
bool outer_take(struct tp *t, struct view certs, struct view held, struct blob *some,
    struct blob *links, struct err *e) MUST_USE;
/* Proven by a link, or by the fingerprint that is configured. */
bool outer_check(struct tp *t, const struct cert *next, struct view links, when_t now,
    struct err *e) MUST_USE;

/* request.c */
bool request_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e) MUST_USE;
/* A job of STEP_KEY, STEP_CSR or STEP_TEMPORARY came back. */
bool request_go_on(struct tp *t, struct view bytes, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;

/* message.c */
bool poll_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e) MUST_USE;
bool confirm_begin(struct tp *t, when_t now, struct tp_effects *out, struct err *e) MUST_USE;
/* x->request, x->ca and x->type are there; plain goes inside. */
bool message_begin(struct tp *t, struct view plain, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;
void message_signed(struct tp *t, struct view signature, struct tp_effects *out);
enum hash message_hash(const struct tp *t);
struct sig_alg alg_of(enum key_kind kind, enum hash hash);

/* answer.c: CertReps */
bool answer_arrived(struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;
bool answer_opened(struct tp *t, struct view content_key, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;

/* Is it a client's, by this CA? */
bool answer_issued(
    struct tp *t, const struct cert *c, const struct cert *ca, struct err *e) MUST_USE;
/* Is it to be the identity now: live, and newer than the one held? */
bool answer_live(struct tp *t, const struct cert *c, when_t now, struct err *e) MUST_USE;
/* It is the identity, with this key, and no request waits, once next is stored. */
void answer_hold(struct tp *t, const struct cert *c, uint32_t key, struct record *next);

/* The certificate for this request among those that came: by the CA, for our key and name;
 * dates are not looked at. */
bool answer_for(struct tp *t, struct view certs, const struct csr *csr, const struct cert *ca,
    struct cert *out, struct err *e) MUST_USE;

/* by_hand.c: an operator carries what else goes over the network */
bool by_hand_authenticate(struct tp *t, const struct tp_event *ev, when_t now,
    struct tp_effects *out, struct err *e) MUST_USE;
bool by_hand_take(struct tp *t, struct view certs, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;

/* import.c */
void import_begin(struct tp *t, const struct key_job *file, struct tp_effects *out);
bool import_go_on(struct tp *t, const struct key_done *d, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;
void import_end(struct tp *t);

/* switch.c */
bool switch_activate(struct tp *t, struct tp_effects *out, struct err *e) MUST_USE;
/* Another CA, by an operator's word or the first: what was held under the one before is behind.
 */
bool switch_authenticate(
    struct tp *t, struct view bundle, struct tp_effects *out, struct err *e) MUST_USE;
/* This pair exists no more: what needs it is given up, and asked for anew with another one. */
bool switch_lost(
    struct tp *t, uint32_t key, when_t now, struct tp_effects *out, struct err *e) MUST_USE;

/* talk.c */
void talk_new(struct tp *t, enum plan_tp_act act);
void talk_end(struct tp *t);
/* Something else comes before: what an operator waits for is asked again. */
void talk_drop(struct tp *t);
/* Whose end its end is. */
enum tp_command talk_command(const struct talk *x);
void talk_fetch(struct tp *t, enum tp_fetch fetch, struct view message, struct tp_effects *out);
/* It came to nothing: stored, told, and tried again when plan says so. */
bool talk_trouble(struct tp *t, const char *what, int retry_after, when_t now,
    struct tp_effects *out, struct err *e) MUST_USE;
/* What became of it, as plan counts: forward begins to count anew. */
void trouble_set(struct tp *t, struct plan_trouble *trouble, enum plan_answer answer,
    int retry_after, bool forward, when_t now);

#endif
