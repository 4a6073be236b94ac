/* ca_int.h - what the files of ca share. */
#ifndef CA_CA_INT_H
#define CA_CA_INT_H

#include "ca/strength.h"

struct heard { /* an answer while it is dealt with */
	const struct ca_answer *answer;
	struct blob subject, san; /* DER, when the answer has them */
};

/* One message being answered. The views in scep and envelope borrow from its blobs. */
struct exchange {
	struct exchange *next;
	uint64_t id; /* front's */
	char source[64];
	int64_t delay_ms; /* hold the answer back (wrong password) */
	struct blob message, scratch, envelope_scratch;
	struct scep scep;
	struct blob signer_der; /* when the message did not enclose it */
	struct envelope envelope;
	struct makings makings;	  /* what it is made of, as far as it is read */
	bool too_weak;		  /* refused for that */
	uint8_t identity[32];	  /* of admit: who gets the certificate */
	enum cipher cipher;	  /* the answer's: in kind */
	struct generation *to;	  /* whose certificate the message is for */
	bool to_ra;		  /* its RA opens it and signs the answer */
	enum grant_signer signer; /* never SIGNER_SELF before the request inside is read */
	int64_t signer_intent;	  /* our row of it, 0: none */
	int64_t awaits;		  /* intent whose certificate it waits for, 0: none */
	struct scep_spec reply;
	struct blob attrs, content;
	uint8_t nonce[16];
	const struct ca_profile *profile; /* of the policy; NULL: none */
	uint64_t question;		  /* its answer is waited for, 0: none */
	uint8_t digest[32];		  /* of the request, with a question */
	struct blob opened;		  /* its PKCS#10, with a question */
	const struct heard *heard;	  /* in challenge_answered only */
};

/* One CA certificate with its key and its RA. */
struct generation {
	int64_t number; /* 1, 2, ... */
	char label[KEY_LABEL_MAX];
	enum key_kind kind;
	when_t made_at, switched_at; /* switched_at 0: not replaced */
	when_t cancelled_at;	     /* 0: not cancelled; then switched_at: when its key goes */
	when_t forget_from;	     /* the signer did not let it go: not again before */
	bool last_list_due, have_last_list; /* of a cancelled one that had clients */
	struct blob told; /* addresses that its announcement went to, a line each */
	struct blob spki, der;
	struct cert cert; /* borrows from der */
	uint8_t ski[20];
	struct {
		char label[KEY_LABEL_MAX];
		int64_t intent; /* of its certificate, 0: not asked for yet */
		struct blob der;
		struct cert cert; /* borrows from der */
		uint8_t ski[20];
	} ra;
	struct blob announcement; /* GetNextCACert: the one behind it, signed by it */
	struct plan_generation facts;
};

/* A job at the keys, and what to do when it comes back. */
enum task_kind {
	TASK_MAKE_KEY,
	TASK_SELF, /* the CA's own certificate */
	TASK_ARCHIVE,
	TASK_CRL,
	TASK_RA_KEY,
	TASK_ANNOUNCE,
	TASK_FORGET,
	TASK_UNWRAP, /* of x */
	TASK_CERT,   /* of intent number */
	TASK_REPLY,  /* of x */
	TASK_ROLE,   /* a CA role was told to the signer; then request number is granted */
};
struct task {
	struct task *next;
	uint64_t job;
	enum task_kind kind;
	struct exchange *x; /* NULL once the exchange is gone */
	int64_t generation; /* whose key */
	int64_t number;
	when_t at, until; /* TASK_CRL: thisUpdate, nextUpdate */
	struct blob tbs;
	struct sig_alg alg;
};

#define SOURCES 1024
struct source {	      /* what one address did wrong lately */
	uint64_t key; /* hash of the address, 0: free */
	when_t until; /* forget then */
	int wrong_passwords, bad_opens;
};

enum listing_state {
	LISTING_NONE,
	LISTING_SIGNS, /* goes on, a slice a turn */
	LISTING_WAITS, /* for a signature */
	LISTING_SHOWS, /* a stored one is read to be published */
	LISTING_SHOWN,
};
struct listing { /* long_list.c */
	enum listing_state state;
	bool read; /* all entries are in octets */
	when_t now, next_update;
	int64_t position, generation; /* in the store; being signed or shown */
	int64_t shown;		      /* published up to this one */
	struct blob octets, stored;
	size_t entries, head, tail; /* octets of the entries, and around them in the tbs */
};

struct ca {
	struct ca_policy policy;
	struct store *store;
	struct keys *keys;
	struct plan_ca_facts facts;
	struct generation **generations; /* in order: replaced ones whose key is kept, active,
					    next */
	size_t generation_count;
	struct generation *active, *next; /* next NULL: not begun */
	int64_t crl_number;		  /* given last, to the lists of all generations */
	int64_t intent_least;		  /* intents begin here when the store's are lower */
	int64_t links[2];		  /* intents between active and next; 0: none */
	struct listing listing;
	bool lending;	  /* in this turn somebody borrows of it */
	struct blob lent; /* what it was, until the next turn */
	size_t crls_open; /* lists that are being signed */
	struct blob last_serial;
	bool published, resumed; /* done once after opening */
	when_t clock_mark;	 /* as stored */
	when_t wake;
	uint64_t next_job, next_question;
	struct task *tasks, **tasks_end;
	struct exchange *exchanges;
	size_t in_flight;
	struct source sources[SOURCES];
	int wrong_everywhere; /* wrong passwords in the current hour, all addresses */
	when_t wrong_until;
	/* "all" commands continue here, a few rows a turn */
	struct {
		enum ca_command command;
		bool active;
		int64_t after, done, left; /* decided; passed over (roles, refused) */
		uint64_t id;		   /* who is told at the end */
		char actor[64];
	} cursor;
	struct { /* "rollover cancel" goes through its certificates, a few rows a turn */
		bool active, force;
		int64_t generation, after, found;
		struct blob names; /* lines for the operator */
		uint64_t id;	   /* who is told; 0: nobody any more */
		char actor[64];
	} cancel;
	int64_t last_generation; /* highest number there is, or was */
};

/* effects.c */
struct effect *effect_add(struct effects *f, enum effect_kind kind);
void effect_reply(
    struct effects *f, uint64_t id, int status, const char *text, int retry_after);
void effect_tell(struct effects *f, uint64_t id, int status, const char *fmt, ...) PRINTF(4, 5);

/* ca.c: one event; false: undo its savepoint and the turn */
bool ca_step(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
/* Everything in flight gets 503 and the facts are read again. Needs an open transaction. */
bool ca_abandon(struct ca *ca, struct effects *out, struct err *e) MUST_USE;

/* task.c: jobs out, jobs back. For the pair of the generation, unless job->label says another.
 * job->bytes is copied; the task is returned for further filling. */
struct task *ca_task_start(struct ca *ca, enum task_kind kind, const struct generation *g,
    struct key_job *job, struct effects *out);
struct task *ca_task_take(struct ca *ca, uint64_t job); /* unlinks; NULL: unknown */
void ca_task_free(struct task *t);
void ca_task_forget_exchange(struct ca *ca, const struct exchange *x);

/* flight.c: exchanges in flight; small things that all need */
/* Does a request with this id wait inside, so that an answer to it will come? */
bool ca_holds(const struct ca *ca, uint64_t id);
struct exchange *exchange_new(struct ca *ca, const struct ca_event *ev);
void exchange_free(struct ca *ca, struct exchange *x);
/* The serial as the store keeps it: unsigned, without padding. */
struct view serial_unsigned(struct view contents);
/* True when a look-up failed for no other reason than that there is no such row (or did not
 * fail); else *e says why. */
bool absent(const struct err *why, struct err *e) MUST_USE;

/* source.c: what addresses did wrong; memory only, bounded */
int64_t source_wrong_password(
    struct ca *ca, const char *source, when_t now); /* milliseconds to hold the answer back */
void source_bad_open(struct ca *ca, const char *source, when_t now);
bool source_blocked(struct ca *ca, const char *source, when_t now);

/* reply.c: a CertRep to x; ends with the exchange freed */
void reply_fail(struct ca *ca, struct exchange *x, enum scep_fail fail, const char *text,
    struct effects *out);
/* One answer for every failure from unwrapping to a good signature inside (reliability 3h
 * */
void reply_unreadable(struct ca *ca, struct exchange *x, when_t now, struct effects *out);
void reply_pending(struct ca *ca, struct exchange *x, struct effects *out);
bool reply_cert(struct ca *ca, struct exchange *x, struct view cert, struct effects *out,
    struct err *e) MUST_USE;
/* A certificate to the one who asked for it: weaker algorithms are refused it from now on. */
bool reply_issued(struct ca *ca, struct exchange *x, int64_t intent, struct view cert,
    struct effects *out, struct err *e) MUST_USE;
bool reply_crl(struct ca *ca, struct exchange *x, struct view crl, struct effects *out,
    struct err *e) MUST_USE;
void reply_signed(
    struct ca *ca, struct exchange *x, const struct key_done *d, struct effects *out);
void reply_later(struct ca *ca, struct exchange *x, int seconds, struct effects *out); /* 503 */

/* client.c: the muster */
struct sighting {
	struct view identity, subject;
	const char *source,
	    *asked;	/* asked NULL: it was not here itself, only its certificate changed */
	int64_t intent; /* 0: keeps the one there is */
};
bool client_note(struct ca *ca, const struct sighting *s, when_t now, struct err *e) MUST_USE;
/* Its row, and the certificate that counts; 0: none, or it is not known. */
bool client_newest(struct ca *ca, struct view identity, struct row_client *row, int64_t *newest,
    struct err *e) MUST_USE;
/* It got this certificate, its newest, by algorithms of this level. */
bool client_raise(struct ca *ca, struct view identity, int64_t intent, enum level level,
    struct err *e) MUST_USE;
/* This certificate was revoked: if it is the newest, the client may begin anew, with any
 * algorithms. */
bool client_anew(struct ca *ca, struct view identity, int64_t intent, struct err *e) MUST_USE;
/* It asked for this certificate of its own by the number, so it holds it. Of two the one of the
 * later CA counts, then the later one. */
bool client_confirm(struct ca *ca, struct view identity, int64_t intent, int64_t generation,
    struct err *e) MUST_USE;
/* Has this identity a live certificate? Was its newest one never signed? */
bool client_live(struct ca *ca, struct view identity, when_t now, bool *live, bool *void_last,
    struct err *e) MUST_USE;

/*
 * admit.c: old algorithms. What is refused gets FAILURE, and the exchange is gone. Before the
 * client is known: could it be let in for anybody? Behind: for this one?
 */
bool admit_anybody(struct ca *ca, struct exchange *x, struct effects *out) MUST_USE;
bool admit(struct ca *ca, struct exchange *x, struct view identity, struct view subject,
    bool *admitted, struct effects *out, struct err *e) MUST_USE;
/* The same for the client whose certificate this is. */
bool admit_holder(struct ca *ca, struct exchange *x, int64_t intent, bool *admitted,
    struct effects *out, struct err *e) MUST_USE;

/* adopt.c: whose certificate is it, and taking in one that the database does not know (rule 7)
 */
bool signer_classify(struct ca *ca, const struct cert *c, when_t now, enum grant_signer *out,
    int64_t *intent, struct err *e) MUST_USE;
bool adopt(struct ca *ca, const struct cert *c, struct view identity, const char *actor,
    when_t now, struct err *e) MUST_USE;
/* numbers.c: out is a serial that the database does not know, as far as the counter tells */
bool serial_next(struct ca *ca, struct blob *out, struct err *e) MUST_USE;
/* A certificate has it that was not counted: the counter leaps if it would come there. */
bool serial_passed(struct ca *ca, struct view serial, struct err *e) MUST_USE;
bool intent_load(struct ca *ca, struct err *e) MUST_USE;
/* WHY_TAKEN, the signer says: intents and serials leap; so does the number of lists. */
bool intent_taken(struct ca *ca, int64_t intent, const char *why, struct err *e) MUST_USE;
void list_number_taken(struct ca *ca, int64_t number, const char *why);

/* issue.c: certificates */
struct issue {
	struct generation *by;
	const struct generation *of; /* CERT_LINK: whose key it is; else NULL */
	struct view subject, spki, san;
	uint32_t key_usage, eku; /* as asked */
	enum cert_kind kind;
	when_t lifetime;	      /* 0: as configured */
	bool own;		      /* the RA of this CA: lives as long as its certificate */
	struct view identity, digest; /* 32 octets each; no digest: nobody asked for it */
	const char *transaction, *granted_by;
};
uint32_t issue_key_usage(const struct issue *i); /* as it will be */
/* Can a certificate be issued at this instant? Callers ask before issue_begin. */
bool issue_possible(const struct ca *ca, when_t now);
/* Has another name a certificate for this key (SEC-05, BAD-095)? */
bool issue_key_elsewhere(
    struct ca *ca, struct view spki, struct view identity, bool *found, struct err *e) MUST_USE;
bool issue_begin(struct ca *ca, const struct issue *i, when_t now, int64_t *intent,
    struct effects *out, struct err *e) MUST_USE;
bool issue_signed(struct ca *ca, struct task *t, const struct key_done *d, struct effects *out,
    struct err *e) MUST_USE;
/* Ask for the signature of an open intent again, unless it is under way. The row's views are
 * borrowed. */
void issue_again(struct ca *ca, const struct row_cert *row, struct effects *out);
/* Void, whatever the signer still makes of it. Who waits comes again, the request behind it
 * waits for the operator, who is told why. */
bool issue_drop(struct ca *ca, int64_t intent, const char *why, struct effects *out,
    struct err *e) MUST_USE;
/* Sign again what a crash left open. */
bool issue_resume(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;

/* approve.c: a request that waits becomes a certificate */
/* *refused gets a reason for people (static) when it may not; the request then waits on, but
 * one whose signer was revoked is rejected. */
bool approve(struct ca *ca, int64_t id, when_t now, const char **refused, struct effects *out,
    struct err *e) MUST_USE;
/* The signer knows the role of request id now, or refused it. */
bool approve_role(struct ca *ca, int64_t id, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;
/* Tell the signer again of roles that were granted before a restart. */
bool approve_resume(struct ca *ca, struct effects *out, struct err *e) MUST_USE;
/* The certificate of this intent will not be: the request behind it waits again. */
bool approve_undone(struct ca *ca, int64_t intent, const char *why, struct err *e) MUST_USE;

/* same.c: the same request gets the same answer (rule 5, ST-02, ST-03) */
bool same_answer(struct ca *ca, struct exchange *x, struct view digest, int64_t key8,
    when_t now, bool *answered, struct effects *out, struct err *e) MUST_USE;
/* The newest certificate of this key by this request, or if not NULL by this transaction;
 * *intent 0: none. */
bool same_cert(struct ca *ca, int64_t key8, struct view digest, const char *transaction,
    int64_t *intent, struct err *e) MUST_USE;
/*
 * Had this very request a certificate that is revoked, or with any_end one at all? Else a
 * replay would bring another one, for a key that may be in wrong hands, or revoke the shadow
 * that the client holds.
 */
bool same_spent(struct ca *ca, int64_t key8, struct view digest, bool any_end, bool *spent,
    struct err *e) MUST_USE;
bool same_poll(
    struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e) MUST_USE;

/* password.c: one-time passwords */
bool password_hash(
    struct ca *ca, struct view password, uint8_t out[32], struct err *e) MUST_USE;
bool password_make(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;

/* challenge.c: challenges that a hook decides on */
/* Is there a hook for this one, and would a right password decide? */
bool challenge_asks(const struct ca *ca, const struct exchange *x, const struct grant_facts *f);
/* x waits; the answer leads to request_read again. digest: 32 octets. */
void challenge_ask(struct ca *ca, struct exchange *x, const struct csr *csr, struct view digest,
    const char *transaction, struct view challenge, struct effects *out);
bool challenge_answered(struct ca *ca, const struct ca_event *ev, when_t now,
    struct effects *out, struct err *e) MUST_USE;
/* What x->heard says of this request. */
enum grant_password challenge_result(
    const struct ca *ca, const struct exchange *x, const struct csr *csr);

/* request.c: PKCSReq and RenewalReq, once opened */
bool request_read(struct ca *ca, struct exchange *x, struct view plain, when_t now,
    struct effects *out, struct err *e) MUST_USE;
void transaction_hex(struct view t, char out[2 * SCEP_TRANSACTION_MAX + 1]);

/* exchange.c: from a message to its contents */
bool exchange_begin(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool exchange_opened(struct ca *ca, struct exchange *x, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;

/* authority.c: the CA's own keys, certificates and archives */
void authority_make_key(struct ca *ca, bool next, struct effects *out);
bool authority_make_cert(struct ca *ca, struct generation *g, when_t now, struct effects *out,
    struct err *e) MUST_USE;
void authority_archive(struct ca *ca, struct generation *g, struct effects *out);
bool authority_archived(
    struct ca *ca, int64_t generation, bool written, when_t now, struct err *e) MUST_USE;
bool authority_done(struct ca *ca, struct task *t, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;
void authority_publish(struct ca *ca, struct effects *out);
bool authority_load(struct ca *ca, struct err *e) MUST_USE;
/* The signer said no or is in trouble: nothing of ours before a minute has passed. */
void authority_hold(struct ca *ca, const char *what, const char *why, when_t now);
bool authority_mark(struct ca *ca, when_t now, struct err *e) MUST_USE; /* fact clock_mark */
struct effect *publish(
    struct effects *out, enum ca_object object, struct view bytes, when_t from, when_t until);
/* Under the key identifier, not under the CA's name. */
void publish_by_key(struct effect *x, const uint8_t ski[20]);

/* ra.c: the certificate for envelopes and replies (RFC 8894 2.1.2) */
bool ra_load(struct ca *ca, struct generation *g, const struct row_generation *row,
    struct err *e) MUST_USE;
bool ra_make(struct ca *ca, struct generation *g, struct effects *out, struct err *e) MUST_USE;
bool ra_key_made(struct ca *ca, struct generation *g, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;
/* An intent came back from the signer, for better or worse: was it an RA's? */
bool ra_settled(
    struct ca *ca, int64_t intent, when_t now, struct effects *out, struct err *e) MUST_USE;
/* Whose certificate answers: the RA's or the CA's; and with which key. */
const struct cert *face(const struct generation *g, bool to_ra);
const char *face_label(const struct generation *g, bool to_ra);

/* generation.c: CA certificates, one after the other */
struct generation *generation_add(struct ca *ca, int64_t number);
struct generation *generation_of(const struct ca *ca, int64_t number); /* NULL: key gone */
void generation_drop(struct ca *ca, struct generation *g);
void generations_free(struct ca *ca);
bool generations_load(struct ca *ca, struct err *e) MUST_USE;
bool generation_save(struct ca *ca, const struct generation *g, struct err *e) MUST_USE;
bool generation_take(struct generation *g, struct view certificate, struct err *e) MUST_USE;
/* A small fact of a generation: its name, as the first one always had it. */
void generation_fact(int64_t number, const char *name, char out[64]);
/* The file that holds its pair: "NAME.p12", "NAME_00001.p12" and on (IOS S44). */
/* The number behind the last, of the parity that the active one has not. */
int64_t generation_next_number(const struct ca *ca);
/* What the plan is to know of active and next. */
void generations_tell(struct ca *ca);
/* With what its key signs certificates and lists. */
struct sig_alg generation_alg(const struct ca *ca, const struct generation *g);

/* list.c: revocation lists, one a generation, all from one snapshot (KR-07, KR-08) */
bool list_make(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
/* A list came back from the signer; g NULL: its key is gone. */
void list_returned(struct ca *ca, const struct task *t, const struct generation *g);
bool list_made(struct ca *ca, struct generation *g, struct task *t, const struct key_done *d,
    when_t now, struct effects *out, struct err *e) MUST_USE;
bool list_load(struct ca *ca, struct err *e) MUST_USE;
void list_publish(struct ca *ca, struct effects *out);
bool list_of(const struct generation *g); /* does it have one? */
struct crl_spec list_spec(const struct ca *ca, const struct generation *g, when_t now);
void list_show(struct ca *ca, int64_t generation, struct view der, when_t next_update,
    struct effects *out);

/* long_list.c: lists too long for one turn (rule 8) */
void long_list_begin(struct ca *ca, when_t now);
bool long_list_continue(struct ca *ca, struct effects *out, struct err *e) MUST_USE;
bool long_list_due(const struct ca *ca);
bool long_list_more(const struct ca *ca); /* is there another generation to sign? */
/* *stored: for the store; *whole: borrowed until the next turn. */
void long_list_signed(struct ca *ca, const struct task *t, struct view signature,
    struct blob *stored, struct view *whole);
void long_list_show(struct ca *ca, int64_t generation);
void long_list_forget(struct ca *ca);
void long_list_returned(struct ca *ca); /* a new turn begins */

/* revoke.c: a certificate that is issued and not revoked; the row is borrowed */
bool revoke_cert(struct ca *ca, const struct row_cert *row, int reason, const char *actor,
    when_t now, struct err *e) MUST_USE;

/* shadow.c: certificates of the next generation, one live one a client and key usage */
/* Its lifetime, by the certificate that asks; 0: as configured. */
when_t shadow_lifetime(const struct ca *ca, const struct cert *signer);
/* Must a human look, because it had so many? */
bool shadow_spent(struct ca *ca, struct view identity, uint32_t key_usage, bool *spent,
    struct err *e) MUST_USE;
/* Its newest certificate of the next CA for this key usage; 0: none. */
bool shadow_newest(struct ca *ca, struct view identity, uint32_t key_usage, int64_t *intent,
    struct err *e) MUST_USE;
bool shadow_issued(struct ca *ca, const struct issue *i, int64_t intent, when_t now,
    struct effects *out, struct err *e) MUST_USE;
/* Behind the switch: the certificate by the active CA for this key, if there is one. */
bool shadow_answer(struct ca *ca, struct exchange *x, struct view identity, int64_t key8,
    when_t now, bool *answered, struct effects *out, struct err *e) MUST_USE;

/* rollover.c: from one generation to the next (DESIGN.md rule 1) */
/* "crypto pki server NAME rollover" (IOS S56) */
bool rollover_ask(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool rollover_announce(struct ca *ca, struct effects *out, struct err *e) MUST_USE;
bool rollover_announced(struct ca *ca, struct generation *g, struct task *t,
    const struct key_done *d, when_t now, struct effects *out, struct err *e) MUST_USE;
bool rollover_switch(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool rollover_forget(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool rollover_forgotten(struct ca *ca, struct generation *g, bool ra, const struct key_done *d,
    when_t now, struct effects *out, struct err *e) MUST_USE;
void rollover_publish(struct ca *ca, struct effects *out);

/* link.c: active and next certify each other's key while both are valid (RFC 9810 4.4, KU-11)
 */
bool link_load(struct ca *ca, struct err *e) MUST_USE;
bool link_make(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
/* An intent came back from the signer: was it one of these? */
bool link_settled(
    struct ca *ca, int64_t intent, when_t now, struct effects *out, struct err *e) MUST_USE;
void link_publish(struct ca *ca, struct effects *out);
bool link_drop(
    struct ca *ca, const char *actor, when_t now, struct effects *out, struct err *e) MUST_USE;

/* cancel.c: "crypto pki server NAME rollover cancel [force]" (IOS S58, INV-22) */
bool cancel_tell(
    struct ca *ca, const struct ca_event *ev, struct effects *out, struct err *e) MUST_USE;
bool cancel_ask(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool cancel_continue(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool cancel_resume(struct ca *ca, struct err *e) MUST_USE;
when_t cancel_key_until(const struct ca *ca, const struct generation *g);

/* command.c */
bool command_do(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool command_continue(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;

#define ST(ca) ((ca)->store->table)

#endif
