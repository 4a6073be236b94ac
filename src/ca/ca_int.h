/* ca_int.h - what the files of ca share. */
#ifndef CA_CA_INT_H
#define CA_CA_INT_H

#include "ca/ca.h"

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
	enum cipher cipher;	  /* the answer's: in kind */
	enum grant_signer signer; /* never SIGNER_SELF before the request inside is read */
	int64_t signer_intent;	  /* our row of it, 0: none */
	int64_t awaits;		  /* intent whose certificate it waits for, 0: none */
	struct scep_spec reply;
	struct blob attrs, content;
	uint8_t nonce[16];
};

/* A job at the keys, and what to do when it comes back. */
enum task_kind {
	TASK_MAKE_KEY,
	TASK_SELF, /* the CA's own certificate */
	TASK_ARCHIVE,
	TASK_CRL,
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
	int64_t number;
	when_t at; /* TASK_CRL: thisUpdate */
	struct blob tbs;
	struct sig_alg alg;
};

#define SOURCES 1024
struct source {	      /* what one address did wrong lately */
	uint64_t key; /* hash of the address, 0: free */
	when_t until; /* forget then */
	int wrong_passwords, bad_opens;
};

struct ca {
	struct ca_policy policy;
	struct store *store;
	struct keys *keys;
	struct plan_ca_facts facts;
	int64_t generation; /* 0: none yet */
	int64_t crl_number;
	when_t made_at; /* of the generation's key */
	struct blob cert_der;
	struct cert cert; /* borrows from cert_der */
	struct blob spki; /* of the generation's key */
	uint8_t ski[20];
	struct blob last_serial;
	bool published, resumed; /* done once after opening */
	when_t wake;
	uint64_t next_job;
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
		int64_t after;
		char actor[64];
	} cursor;
};

/* effects.c */
struct effect *effect_add(struct effects *f, enum effect_kind kind);
void effect_reply(
    struct effects *f, uint64_t id, int status, const char *text, int retry_after);
void effect_tell(struct effects *f, uint64_t id, int status, const char *fmt, ...) PRINTF(4, 5);

/* task.c: jobs out, jobs back. job->bytes is copied; the task is returned for further filling.
 */
struct task *ca_task_start(
    struct ca *ca, enum task_kind kind, struct key_job *job, struct effects *out);
struct task *ca_task_take(struct ca *ca, uint64_t job); /* unlinks; NULL: unknown */
void ca_task_free(struct task *t);
void ca_task_forget_exchange(struct ca *ca, const struct exchange *x);

/* exchange.c: from a message to a decision */
bool exchange_begin(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool exchange_opened(struct ca *ca, struct exchange *x, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;
/* One answer for every failure from unwrapping to a good signature inside (reliability 3h
 * */
void exchange_unreadable(struct ca *ca, struct exchange *x, when_t now, struct effects *out);
void exchange_free(struct ca *ca, struct exchange *x);
/* request.c: PKCSReq and RenewalReq, once opened */
bool request_read(struct ca *ca, struct exchange *x, struct view plain, when_t now,
    struct effects *out, struct err *e) MUST_USE;
bool request_poll(
    struct ca *ca, struct exchange *x, when_t now, struct effects *out, struct err *e) MUST_USE;
/* The muster: what this identity did last. intent 0 keeps the one there is. */
bool client_note(struct ca *ca, struct view identity, struct view subject, const char *source,
    const char *asked, int64_t intent, int strength, when_t now, struct err *e) MUST_USE;

/* reply.c: a CertRep to x; ends with the exchange freed */
void reply_fail(struct ca *ca, struct exchange *x, enum scep_fail fail, const char *text,
    struct effects *out);
void reply_pending(struct ca *ca, struct exchange *x, struct effects *out);
bool reply_cert(struct ca *ca, struct exchange *x, struct view cert, struct effects *out,
    struct err *e) MUST_USE;
bool reply_crl(struct ca *ca, struct exchange *x, struct view crl, struct effects *out,
    struct err *e) MUST_USE;
void reply_signed(
    struct ca *ca, struct exchange *x, const struct key_done *d, struct effects *out);
void reply_later(struct ca *ca, struct exchange *x, int seconds, struct effects *out); /* 503 */

/* issue.c: certificates */
struct issue {
	struct view subject, spki, san;
	uint32_t key_usage, eku; /* as asked */
	enum cert_kind kind;
	struct view identity, digest; /* 32 octets each */
	const char *transaction, *granted_by;
};
bool issue_begin(struct ca *ca, const struct issue *i, when_t now, int64_t *intent,
    struct effects *out, struct err *e) MUST_USE;
bool issue_signed(struct ca *ca, struct task *t, const struct key_done *d, struct effects *out,
    struct err *e) MUST_USE;
/* Ask for the signature of an open intent again, unless it is under way. The row's views are
 * borrowed. */
void issue_again(struct ca *ca, const struct row_cert *row, struct effects *out);
/* Can a certificate be issued at this instant? Callers ask before issue_begin. */
bool issue_possible(const struct ca *ca, when_t now);
/* Sign again what a crash left open. */
bool issue_resume(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
/* A request that waits becomes a certificate; CA roles are told to the signer first. */
bool issue_request(struct ca *ca, int64_t id, bool role_told, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool serial_next(struct ca *ca, struct blob *out, struct err *e) MUST_USE;

/* authority.c: the CA's own key, certificate and list */
bool authority_make_key(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool authority_make_cert(
    struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool authority_make_crl(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool authority_done(struct ca *ca, struct task *t, const struct key_done *d, when_t now,
    struct effects *out, struct err *e) MUST_USE;
void authority_publish(struct ca *ca, struct effects *out);
bool authority_load(struct ca *ca, struct err *e) MUST_USE;

/* command.c */
bool command_do(struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out,
    struct err *e) MUST_USE;
bool command_continue(struct ca *ca, when_t now, struct effects *out, struct err *e) MUST_USE;
bool password_hash(
    struct ca *ca, struct view password, uint8_t out[32], struct err *e) MUST_USE;

/* source.c: what addresses did wrong; memory only, bounded */
int64_t source_wrong_password(
    struct ca *ca, const char *source, when_t now); /* milliseconds to hold the answer back */
void source_bad_open(struct ca *ca, const char *source, when_t now);
bool source_blocked(struct ca *ca, const char *source, when_t now);

/* The serial as the store keeps it: unsigned, without padding. */
struct view serial_unsigned(struct view contents);
#define ST(ca) ((ca)->store->table)

#endif
