/*
 * tp.h - door of tp: one trustpoint as a machine that waits for nothing.
 *
 * tp_step takes one event and appends effects. Nothing in here waits, reads a clock, opens a
 * socket; random octets come from keys.h. What must outlive a crash goes to the trustpoint's
 * shelf, durable before any effect that builds on it is appended: the request before it is
 * sent, the identity before it is used. Daemon, stories and simulator run the same objects.
 */
#ifndef TP_TP_H
#define TP_TP_H

#include "base/base.h"
#include "keys/keys.h"
#include "plan/plan.h"
#include "wire/wire.h"

struct tp_policy { /* shared by many, outlives them */
	struct plan_tp_policy plan;
	bool regenerate;	/* a new key pair with each certificate */
	enum key_kind key_kind; /* KEY_RSA: what SCEP can carry */
	int key_bits;
	enum hash hash;	       /* of messages and requests, at most what the server can do */
	enum cipher cipher;    /* the same */
	uint32_t key_usage;    /* asked for; 0: none */
	uint32_t eku;	       /* the same */
	bool outer_next_ca;    /* "compat outer-next-ca" (docs/compat.md) */
	bool ancient;	       /* "compat ancient": SHA-1, and answers in single DES */
	bool require_standard; /* a server that lists SCEPStandard, or none */
	bool by_hand;	       /* an operator carries all, without plan.url */
};

/* ---- what outlives a crash ---- */

enum tp_leaf {
	TP_FACTS, /* what plan_tp is told, and counters */
	/* Certificates, one after the other: the CA first, then its RA's and CAs above it. */
	TP_CA,
	TP_ID,	    /* our certificate under that CA */
	TP_NEXT_CA, /* as TP_CA */
	TP_SHADOW,  /* our certificate under the next CA */
	TP_REQUEST, /* what was sent and is not answered for good */
	TP_LEAVES,
};
struct tp_change {
	enum tp_leaf leaf;
	struct view bytes; /* empty: taken away */
};
struct tp_shelf;
struct tp_shelf_table {
	/* WHY_NOT_FOUND: there is none. */
	bool (*get)(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e);
	/* All of them or none; durable when it returns true. */
	bool (*put)(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e);
	void (*close)(struct tp_shelf *s);
};
struct tp_shelf {
	const struct tp_shelf_table *table;
};
struct tp_shelf *tp_shelf_memory(void);

/* ---- events ---- */

enum tp_event_kind {
	TP_EV_TICK,
	TP_EV_KEY,     /* a job came back */
	TP_EV_FETCHED, /* TP_EFFECT_FETCH id was answered, or not */
	TP_EV_COMMAND,
	TP_EV_LOST, /* the keys have no pair of this label, by somebody else's job */
};
enum tp_command {
	TP_CMD_NONE,
	/* Accept the CA with this fingerprint, its own or that of one above it; what was held
	 * under another CA is left behind. */
	TP_CMD_AUTHENTICATE,
	TP_CMD_ENROLL, /* "crypto pki enroll": first certificate or renewal, all of it now */
	/* Key pair and certificate of the file that import names, if they are as good as a
	 * server's answer; TP_NOTED_NOT_TAKEN when they are not, and nothing is stored. */
	TP_CMD_IMPORT,
	TP_CMD_TAKE, /* by_hand: body is the certificate for the request, or NOT_TAKEN */
};
struct tp_event {
	enum tp_event_kind kind;
	bool clock_trusted, clock_suspect;
	const struct key_done *done; /* TP_EV_KEY: borrowed */
	uint64_t id;		     /* TP_EV_FETCHED */
	int status;		     /* TP_EV_FETCHED: HTTP, 0: nobody answered */
	int retry_after;	     /* TP_EV_FETCHED: seconds, 0: not said */
	struct view body; /* TP_CMD_AUTHENTICATE by hand: certificates one behind the other */
	enum tp_command command;
	const char *label;	      /* TP_EV_LOST: as tp_key_of has it; another is nothing */
	const char *fingerprint;      /* TP_CMD_AUTHENTICATE: hex of MD5, SHA-1 or SHA-256 */
	const struct key_job *import; /* TP_CMD_IMPORT: path, form and password of KEY_IMPORT */
};

/* ---- effects ---- */

enum tp_effect_kind {
	TP_EFFECT_JOB,	 /* at the keys; its bytes are in bytes */
	TP_EFFECT_FETCH, /* ask the server; id comes back */
	TP_EFFECT_NOTE,	 /* something happened that hooks and people are told */
};
enum tp_fetch { TP_GETCACAPS, TP_GETCACERT, TP_GETNEXTCACERT, TP_OPERATION };
enum tp_note {
	TP_NOTED_CA, /* authenticated */
	TP_NOTED_ID, /* enrolled or renewed */
	TP_NOTED_NEXT_CA,
	TP_NOTED_SHADOW,
	TP_NOTED_ACTIVATED, /* next CA, and shadow if there was one, took over */
	TP_NOTED_PENDING,
	TP_NOTED_REQUEST, /* by hand: tp_request has it */
	TP_NOTED_REJECTED,
	TP_NOTED_BEHIND,    /* behind ACTIVATED: what is held is of the CA before */
	TP_NOTED_LACKS,	    /* what the server cannot do */
	TP_NOTED_NOT_TAKEN, /* what an operator handed in; text says why */
	TP_NOTED_TROUBLE,   /* text says what: unreachable, or an answer that is no good */
};
struct tp_effect {
	enum tp_effect_kind kind;
	uint64_t id;
	enum tp_fetch fetch; /* TP_OPERATION: bytes is the message */
	bool post;	     /* else by GET: the server cannot do more */
	enum tp_note note;
	enum tp_command ends; /* TP_EFFECT_NOTE: what an operator asked for comes to this */
	struct key_job job;
	struct blob bytes; /* TP_EFFECT_NOTE: one line for the log */
};
struct tp_effects {
	struct tp_effect *list;
	size_t n, cap;
};
void tp_effects_truncate(struct tp_effects *f, size_t n); /* frees from n on */
void tp_effects_free(struct tp_effects *f);

/* ---- the machine ---- */

struct tp;

struct tp_setup {
	const struct tp_policy *policy;
	const char *label;	 /* of its key pairs: LABEL, LABEL#2, LABEL#3 ... */
	struct view subject;	 /* Name element; copied */
	struct view san;	 /* GeneralNames element or empty; copied */
	const char *fingerprint; /* "": authenticated by command only; borrowed */
	const char *password;	 /* challenge of a first enrolment; "": none */
	struct tp_shelf *shelf;	 /* borrowed, as keys */
	struct keys *keys;
};
/* Reads the shelf. Octets there that make no sense: an error that says which leaf. */
struct tp *tp_open(const struct tp_setup *s, struct err *e) MUST_USE;
/*
 * Effects leave when it returns. false: the shelf would not take it; nothing has happened,
 * nothing is lost, tp_wake says when to try again. (When an event was dealt with and only what
 * is due behind it did not go, it is true, and a note says so.) Ids of jobs and fetches are its
 * own. Without a trusted clock what is under way is given up, and asked again later.
 */
bool tp_step(struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out,
    struct err *e) MUST_USE;
/* Ask again with TP_EV_TICK at this instant at the latest (WHEN_NEVER: no need). */
when_t tp_wake(const struct tp *t);
void tp_free(struct tp *t);

/* For show and the simulator. */
const struct plan_tp_facts *tp_facts(const struct tp *t);
struct plan_tp tp_plan(const struct tp *t, when_t now);
const char *tp_label(const struct tp *t);
/* The pair of TP_ID is gone: that is kept, and not shown to the server any more. */
bool tp_key_lost(const struct tp *t);
/* Is there a request that has no certificate yet? */
bool tp_requested(const struct tp *t);
/* The PKCS#10 that waits for its certificate; WHY_NOT_FOUND. */
bool tp_request(struct tp *t, struct blob *out, struct err *e) MUST_USE;
/* The label of the key pair of TP_ID or TP_SHADOW. */
void tp_key_of(const struct tp *t, enum tp_leaf leaf, char out[KEY_LABEL_MAX]);

/* ---- for records (cmd/recorder.h) ---- */

struct tp_event_kept { /* tp_event_of lends what it holds; done.bytes is the caller's to free */
	struct tp_event event;
	struct key_done done;
	struct key_job import;
	char label[KEY_LABEL_MAX], fingerprint[160];
};
/* All but the password of an import. */
void tp_event_encode(const struct tp_event *ev, struct blob *out);
bool tp_event_decode(struct reader *r, struct tp_event_kept *out, struct err *e) MUST_USE;
const struct tp_event *tp_event_of(struct tp_event_kept *k);
/* SHA-256 of what leaves, without passwords. */
void tp_effects_digest(const struct tp_effects *f, uint8_t out[32]);
/* Of a TP_REQUEST, which holds a challenge. One that makes no sense becomes empty. */
void tp_request_mask(struct blob *leaf, void (*mask)(void *arg, struct blob *csr), void *arg);

#endif
