/*
 * ca.h - door of ca: one certificate authority as a machine that waits for nothing.
 *
 * ca_step takes one event and appends effects. Rows go through store.h inside the caller's open
 * transaction (one turn = one transaction, each event a savepoint in it); jobs, replies and
 * publications leave only after its commit. Nothing in here waits, reads a clock, opens a
 * socket; random octets come from keys.h. Daemon, stories and simulator run the same objects.
 */
#ifndef CA_CA_H
#define CA_CA_H

#include "base/base.h"
#include "keys/keys.h"
#include "plan/plan.h"
#include "store/store.h"
#include "wire/wire.h"

/* ---- what is configured ---- */

#define CA_PROFILES 8

enum ca_mode { CA_MANUAL, CA_AUTO, CA_GRANT_NONE };

struct ca_word { /* compat WORD [PATTERN] */
	bool on;
	char subjects[128]; /* pattern; "": all */
};

struct ca_profile { /* what clients that come by its path get otherwise */
	char name[64];
	bool chain; /* the CA's certificate behind the issued one */
	bool asks;  /* a hook decides on challenges */
};

struct ca_policy {
	char name[64];
	struct plan_ca_policy plan;
	char issuer_name[512]; /* IOS text */
	enum ca_mode mode;
	bool no_replace;    /* grant auto no-replace */
	bool renewals_wait; /* grant manual all */
	bool adopt_waits;   /* grant adopt manual */
	bool late_auto;	    /* grant late DAYS auto (DAYS: plan.late) */
	bool serial_sequential;
	int64_t serial_floor; /* last serial issued elsewhere; -1: none */
	uint32_t eku;
	enum hash hash; /* of certificates and lists */
	char key_label[KEY_LABEL_MAX];
	enum key_kind key_kind;
	int key_bits;		      /* RSA modulus, or 256, 384, 521 */
	char ra_label[KEY_LABEL_MAX]; /* RSA pair that opens envelopes and signs replies; "":
					 the CA's own does */
	int ra_bits;
	char cdp_url[512]; /* "": no CRLDistributionPoints */
	bool asks;	   /* as in a profile, for those who come without one */
	struct ca_profile profile[CA_PROFILES];
	size_t profile_count;
	bool archive; /* have NAME.p12 made when the CA is made; the signer has the password */
	bool shadow_balance;		/* lifetime shadow balance */
	bool hide_next_ca;		/* compat hide-next-ca */
	bool shadow_reply_active;	/* compat shadow-reply active */
	struct ca_word legacy, ancient; /* old algorithms let in (docs/compat.md) */
};
/* The weakest digest that a message may have: what the signer must be told before. */
enum hash ca_weakest_digest(const struct ca_policy *p);

/* ---- the decision: pure, exhaustively tested (tests/property/grant_table.py) ---- */

enum grant_signer {	  /* who signed the message */
	SIGNER_SELF,	  /* a temporary certificate with the key of the request */
	SIGNER_LIVE,	  /* a certificate of ours: known, valid now, not revoked */
	SIGNER_ADOPTABLE, /* verifies under our key, valid now, unknown to the database */
	SIGNER_EXPIRED,	  /* ours, ended */
	SIGNER_EARLY,	  /* ours, not valid yet */
	SIGNER_REVOKED,	  /* ours */
	SIGNER_STRANGER,  /* anything else */
	SIGNER_KINDS,
};
enum grant_password { PASSWORD_NONE, PASSWORD_RIGHT, PASSWORD_WRONG, PASSWORD_KINDS };
enum grant_role { ROLE_CLIENT, ROLE_RA, ROLE_CA, ROLE_KINDS };
enum grant_to {
	TO_ACTIVE,
	TO_NEXT,
	TO_OLD,
	TO_CANCELLED,
	TO_KINDS
}; /* whose certificate was addressed */

struct grant_facts {
	enum ca_mode mode;
	bool no_replace, renewals_wait, adopt_waits;
	bool renewal_type; /* messageType 17 */
	enum grant_signer signer;
	bool same_subject;  /* request's subject = signer certificate's, structurally */
	bool same_san;	    /* request's SAN within the signer certificate's */
	bool reserved;	    /* the CA's own name or key is asked for */
	bool key_elsewhere; /* the key is certified for another identity */
	bool subject_live;  /* the subject has a live certificate already */
	enum grant_password password;
	enum grant_role role; /* asked for, or held by the signer */
	enum grant_to to;
	bool late;  /* "grant late ... auto": signed by the client's newest certificate, ended
		       with the CA's, not long ago */
	bool spent; /* this very request had a certificate that was revoked, or to the next CA:
		       that is gone, or the client had several */
};
enum grant_act { GRANT_ISSUE, GRANT_PEND, GRANT_REFUSE };
enum grant_reason {
	REASON_AUTO,	 /* grant auto */
	REASON_PASSWORD, /* one-time password */
	REASON_RENEWAL,	 /* signed by a live certificate of the same identity */
	REASON_ADOPTED,	 /* the same, its certificate now known again */
	REASON_SHADOW,	 /* the same, of the next CA */
	REASON_LATE,	 /* "grant late ... auto" */
	REASON_RESERVED,
	REASON_KEY_ELSEWHERE,
	REASON_STRANGER,
	REASON_SELF_RENEWAL, /* RenewalReq by a self-signed certificate */
	REASON_REVOKED,
	REASON_EARLY,
	REASON_SUBJECT,
	REASON_SAN,
	REASON_GRANT_NONE,
	REASON_ROLE,
	REASON_EXPIRED,
	REASON_MANUAL,
	REASON_WRONG_PASSWORD,
	REASON_REPLACE,
	REASON_NEXT,
	REASON_SHADOWS,
	REASON_GONE, /* the certificate of this very request was revoked */
	REASON_OLD,
	REASON_CANCELLED,
	REASON_COUNT,
};
struct grant {
	enum grant_act act;
	enum scep_fail fail; /* with GRANT_REFUSE */
	enum grant_reason reason;
};
struct grant grant_decide(const struct grant_facts *f);
/* One lower-case sentence for people, also failInfoText. */
const char *grant_words(enum grant_reason r);

/* ---- events ---- */

enum ca_event_kind {
	CA_TICK,       /* time passed, or the clock became authoritative */
	CA_REQUEST,    /* a pkiMessage */
	CA_KEY_DONE,   /* a job came back */
	CA_COMMAND,    /* an operator's word */
	CA_ARCHIVED,   /* EFFECT_ARCHIVE id was done: all = the file stands */
	CA_ANSWERED,   /* EFFECT_ASK id was answered, at whatever time */
	CA_NEXT_ASKED, /* GetNextCACert: may source see the announcement? Status 200: yes */
};
enum ca_command {
	CA_GRANT,
	CA_REJECT,
	CA_REMOVE,
	CA_REVOKE,
	CA_PASSWORD,
	CA_ROLLOVER,
	CA_CANCEL, /* the rollover; all: by force */
};

struct ca_answer {
	bool known;   /* else nobody could say: the client is to come again */
	bool allowed; /* if the request has the subject and exactly the names that follow */
	bool has_subject, has_san;
	struct view subject; /* text for name_parse */
	struct view san;     /* texts for san_parse */
	struct view reason;  /* of a refusal, for the log */
};

struct ca_event {
	enum ca_event_kind kind;
	bool clock_trusted;
	uint64_t id;	     /* CA_REQUEST, CA_NEXT_ASKED, CA_COMMAND: comes back in the reply;
				CA_ANSWERED: of the	 question */
	struct view body;    /* CA_REQUEST */
	const char *source;  /* CA_REQUEST, CA_NEXT_ASKED: address */
	const char *profile; /* CA_REQUEST: name of a profile; NULL or "": none */
	const struct ca_answer *answer; /* CA_ANSWERED: borrowed */
	struct key_done *done;		/* CA_KEY_DONE: borrowed */
	enum ca_command command;
	bool all;	    /* CA_GRANT, CA_REJECT, CA_REMOVE; CA_CANCEL: by force */
	int64_t request;    /* the same: its id */
	struct view serial; /* CA_REVOKE: unsigned octets */
	int reason;	    /* CA_REVOKE: CRLReason */
	int64_t minutes;    /* CA_PASSWORD */
	const char *actor;  /* CA_COMMAND: who, for the audit */
};

/* ---- effects ---- */

enum effect_kind {
	EFFECT_REPLY,	/* to CA_REQUEST id: status, type, bytes */
	EFFECT_TELL,	/* to CA_COMMAND id: status 0 done, 1 refused; bytes = text for the
			   operator */
	EFFECT_JOB,	/* job; its bytes are in bytes */
	EFFECT_PUBLISH, /* object: bytes served from front's memory */
	EFFECT_ARCHIVE, /* bytes to STATEDIR/servers/NAME/archive/leaf; id comes back */
	EFFECT_ASK,	/* the hook about a challenge; id: comes back; bytes: ca_question */
	EFFECT_KEEP_IN, /* leaf, an archive whose CA is cancelled: no copy leaves any more */
};
/* OBJECT_NEXT without bytes: there is none, but from valid_from on (INT64_MIN: nobody knows).
 */
enum ca_object {
	OBJECT_CAPS,
	OBJECT_CACERT,
	OBJECT_CRL,
	OBJECT_NEXT,
	OBJECT_OLD_NEXT,
	OBJECT_LINK
};

struct effect {
	enum effect_kind kind;
	uint64_t id;
	int status;	  /* HTTP status, or command result */
	bool bundle;	  /* EFFECT_PUBLISH: a certs-only message, not one certificate */
	int retry_after;  /* seconds */
	int64_t delay_ms; /* EFFECT_REPLY: not before (wrong passwords) */
	enum ca_object object;
	char leaf[96]; /* EFFECT_ARCHIVE, EFFECT_KEEP_IN; OBJECT_CRL, OBJECT_OLD_NEXT,
			  OBJECT_LINK: key identifier in hex;
			  "": by NAME */
	when_t valid_from, valid_until;
	struct key_job job;
	struct blob bytes;
	/* The octets are the authority's: of job until it is done, of a publication until the
	 * next turn; they stand in job.bytes. */
	bool borrowed;
};
struct view effect_bytes(const struct effect *x);
struct effects {
	struct effect *list;
	size_t n, cap;
};
/* What EFFECT_ASK asks; borrowed from it. The challenge goes to the hook and nowhere else. */
struct ca_question {
	struct view profile, source, transaction; /* texts; the last in hex */
	struct view challenge, subject;		  /* UTF-8; the latter by name_write */
	struct view san;			  /* by san_write */
	struct view request;			  /* SHA-256 of the PKCS#10 */
};
bool ca_question(const struct effect *x, struct ca_question *out) MUST_USE;
/* Of a stored list that is too long to be stored whole: octets of its entries, which are the
 * first of the store's revoked ones, and of all. False: it is whole. */
bool ca_list_parts(struct view stored, uint64_t *entries, size_t *size);
void effects_truncate(struct effects *f, size_t n); /* frees from n on */
void effects_free(struct effects *f);

/* ---- the machine ---- */

struct ca;

/* Reads the authority's facts. Refuses a store that belongs to another authority or issuer
 * name. Needs an open transaction. */
struct ca *ca_open(
    const struct ca_policy *p, struct store *s, struct keys *k, struct err *e) MUST_USE;
/*
 * One turn: the events in order, each in a savepoint, one transaction, then what the plan says
 * is due. CA_COMMITTED: out may leave. CA_UNDONE: the turn never was; out says "come again" to
 * everybody who asked and is not answered, jobs that were submitted are forgotten (their
 * results do no harm), and the caller waits a second before the next turn. CA_LOST: the store
 * does not answer: end the process.
 */
enum ca_turned { CA_COMMITTED, CA_UNDONE, CA_LOST };
enum ca_turned ca_turn(struct ca *ca, const struct ca_event *const *events, size_t n,
    when_t now, struct effects *out, struct err *e) MUST_USE;
/* Ask again with CA_TICK at this instant at the latest (WHEN_NEVER: no need). */
when_t ca_wake(const struct ca *ca);
void ca_free(struct ca *ca);
/* The latest honest time that is stored: kept at each signature of a certificate or list, and
 * else about once a minute, by any turn. INT64_MIN: none. */
when_t ca_clock_mark(const struct ca *ca);

/* ---- turns on record: keymusterd --record, keymuster simulate --replay ---- */

struct ca_event_kept { /* an event that was read: ca_event_of ties it together */
	struct ca_event event;
	char source[64], profile[64], actor[64];
	struct ca_answer answer;
	struct key_done done; /* its bytes are the caller's */
};
void ca_event_encode(const struct ca_event *ev, struct blob *out);
/* Views borrow from what r reads. */
bool ca_event_decode(struct reader *r, struct ca_event_kept *out, struct err *e) MUST_USE;
const struct ca_event *ca_event_of(struct ca_event_kept *k);
/* Of all that left the authority but texts that may hold passwords: 32 octets. */
void ca_effects_digest(const struct effects *f, uint8_t out[32]);

/* For show. */
const struct ca_policy *ca_policy(const struct ca *ca);
const struct plan_ca_facts *ca_facts(const struct ca *ca);
struct store *ca_store(const struct ca *ca);
struct plan_ca ca_plan(const struct ca *ca, when_t now);
const char *ca_key_label(const struct ca *ca);	 /* of the active one */
int64_t ca_generation(const struct ca *ca);	 /* number of the active one, 0: none */
int64_t ca_next_generation(const struct ca *ca); /* of the next one, 0: none */
/* The name of the archive of a generation, whether there is one or not. */
void ca_archive_name(const struct ca *ca, int64_t generation, char out[96]);
/* Whether there is such a generation and it was not cancelled. */
bool ca_stands(struct ca *ca, int64_t generation);
/* Unsigned octets of the serial given last (0 octets: none). */
struct view ca_last_serial(const struct ca *ca);
size_t ca_in_flight(const struct ca *ca);

#endif
