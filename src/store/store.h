/*
 * store.h - door of store: one authority's records, durable and transactional.
 *
 * One table, two drivers, an archive each: sqlite (store_open_sqlite) and memory
 * (store_open_memory). A turn is one transaction: store_begin, work with savepoints inside,
 * store_commit. Reads see the turn's own writes. Rows travel as structs whose views borrow: on
 * put from the caller, on get from the store until the next store call. Every function returns
 * false with WHY_NOT_FOUND (no such row), WHY_REFUSED (a constraint said no: text names it),
 * WHY_BUSY (store full or locked: will pass) or WHY_IO.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/base.h"
#include "wire/wire.h"

enum cert_kind {
	CERT_INITIAL = 1,
	CERT_RENEWAL,
	CERT_SHADOW,
	CERT_RA,
	CERT_SUB_CA,
	CERT_ADOPTED,
	CERT_LINK /* of another key of the CA */
};
enum cert_state { CERT_INTENT = 0, CERT_ISSUED = 1, CERT_VOID = 2 };

struct row_generation {
	int64_t number;	       /* 1, 2, ... */
	const char *key_label; /* "ROOTCA", "ROOTCA#" */
	struct view cert;      /* DER; empty while only the key exists */
	struct view spki;      /* DER */
	when_t not_before, not_after;
	/* switched_at 0: not yet replaced. Of a cancelled one: when its key goes. */
	when_t made_at, switched_at;
	int64_t crl_number;   /* last number given to a list of this generation */
	const char *ra_label; /* key pair of its RA; "": none */
	int64_t ra_intent;    /* its certificate; 0: not asked for yet */
	when_t cancelled_at;  /* 0: not cancelled */
};

struct row_cert {
	int64_t intent; /* primary key, 1, 2, ...: allotted by cert_intent */
	int64_t generation;
	struct view serial;   /* unsigned big endian without padding */
	int64_t serial8;      /* sha256_8 of serial: unique; -intent of a void one */
	int64_t key8;	      /* sha256_8 of the SubjectPublicKeyInfo: indexed */
	struct view identity; /* SHA-256 of the canonical subject, 32 octets */
	struct view subject;  /* Name element */
	when_t not_before, not_after, made_at;
	enum cert_kind kind;
	enum cert_state state;
	struct view body;	 /* TBSCertificate while CERT_INTENT, then the certificate */
	struct view request;	 /* digest of rule 5's sameness, 32 octets; empty when none */
	const char *transaction; /* transactionID as hex of its octets; "" when none */
	const char *granted_by;	 /* "auto", "password", "renewal", "operator", "adopted" */
	when_t revoked_at;	 /* 0: not revoked */
	int revoked_why;	 /* CRLReason */
};

enum request_state { REQUEST_PENDING = 1, REQUEST_GRANTED, REQUEST_REJECTED, REQUEST_EXPIRED };

struct row_request {
	int64_t id; /* as shown to people: 1, 2, ...: allotted by store_request_add */
	int64_t generation;
	int64_t key8;		 /* sha256_8 of the public key: indexed */
	struct view digest;	 /* digest of rule 5's sameness, 32 octets: unique */
	struct view identity;	 /* 32 octets */
	const char *transaction; /* hex */
	struct view csr;	 /* DER */
	struct view signer; /* certificate that signed the message, DER: the reply goes to it */
	const char *fingerprint; /* MD5 of the CSR, 32 hex digits, as IOS lists it */
	const char *source;	 /* address it came from */
	int role;		 /* enum cert_kind that a grant would give */
	enum request_state state;
	const char *reason; /* why it waits or was rejected, in words */
	when_t made_at, expires_at;
	int64_t intent; /* certificate made from it, 0: none */
};

struct row_challenge {
	struct view hash; /* SHA-256 of salt and password, 32 octets: unique */
	when_t made_at, expires_at;
	when_t used_at;	     /* 0: not used */
	struct view used_by; /* identity, empty: nobody */
};

struct row_client {	      /* the muster: one row an identity */
	struct view identity; /* 32 octets: key */
	struct view subject;  /* Name element */
	when_t first_seen, last_seen;
	const char *source; /* last address */
	const char *asked;  /* last thing asked: "PKCSReq", "RenewalReq", "CertPoll", ... */
	int64_t intent;	    /* newest certificate, 0: none */
	/*
	 * Strongest algorithms by which it got a certificate since it began or its newest one
	 * was revoked: enum level of ca/strength.h, 0: none yet. Over 3 in stores of before
	 * 2026-12: as 3.
	 */
	int strength;
	int64_t shadow; /* newest certificate by the generation that was next then; 0: none */
	int shadows;	/* how many there were of that generation */
	struct view usages; /* the same for each key usage: octets of ca/shadow.c; empty in
			       stores of before 2026-12 */
	int64_t confirmed;  /* newest certificate that it asked for by its number, so it is
			       stored there; 0: none */
};

struct row_crl {
	int64_t generation, number;
	when_t this_update, next_update;
	struct view der; /* empty: intent, not signed yet */
};

struct row_audit {
	int64_t sequence;
	when_t at;
	const char *actor, *act, *object; /* escaped text */
	struct view hash;		  /* SHA-256(previous hash || record), 32 octets */
};

struct store;

struct store_table {
	bool (*begin)(struct store *s, struct err *e);
	bool (*commit)(struct store *s,
	    struct err *e); /* durable when it returns true; else everything is undone */
	void (*rollback)(struct store *s);
	bool (*savepoint)(struct store *s, struct err *e); /* nests once */
	void (*release)(struct store *s);
	void (*undo)(struct store *s); /* back to the savepoint */

	/* Small facts by name: "name", "serial", "clock_mark", ... */
	bool (*fact_get)(struct store *s, const char *name, struct blob *out, struct err *e);
	bool (*fact_put)(struct store *s, const char *name, struct view value, struct err *e);

	bool (*generation_put)(
	    struct store *s, const struct row_generation *g, struct err *e); /* by number */
	bool (*generation_get)(
	    struct store *s, int64_t number, struct row_generation *out, struct err *e);
	bool (*generation_last)(
	    struct store *s, int64_t *number, struct err *e); /* not found: none */

	/* Insert an intent; *intent gets its number: the next one, or c->intent if that is
	 * higher. WHY_REFUSED: the serial exists. */
	bool (*cert_intent)(
	    struct store *s, const struct row_cert *c, int64_t *intent, struct err *e);
	/*
	 * CERT_INTENT to CERT_ISSUED with the certificate's DER; or to CERT_VOID with empty
	 * der: then its serial finds nothing, and a row that is adopted may have it.
	 */
	bool (*cert_settle)(struct store *s, int64_t intent, struct view der, struct err *e);
	bool (*cert_get)(struct store *s, int64_t intent, struct row_cert *out, struct err *e);
	bool (*cert_by_serial)(
	    struct store *s, struct view serial, struct row_cert *out, struct err *e);
	/* Newest first: the first row with this key8 and intent < before (INT64_MAX to start).
	 */
	bool (*cert_by_key)(
	    struct store *s, int64_t key8, int64_t before, struct row_cert *out, struct err *e);
	/*
	 * Has a certificate that is not void this key under another identity? Looks at the
	 * newest 64 of the key. That suffices: who could push the other identity out of them
	 * got there past this very question.
	 */
	bool (*cert_key_elsewhere)(
	    struct store *s, int64_t key8, struct view identity, bool *found, struct err *e);
	/* The next row with intent > after, in order. */
	bool (*cert_next)(struct store *s, int64_t after, struct row_cert *out, struct err *e);
	/* The row with the highest intent. */
	bool (*cert_last)(struct store *s, struct row_cert *out, struct err *e);
	/* The next row with state CERT_INTENT and intent > after (a partial index or a bounded
	 * scan). */
	bool (*cert_open)(struct store *s, int64_t after, struct row_cert *out, struct err *e);
	/* WHY_REFUSED: revoked already. */
	bool (*cert_revoke)(struct store *s, int64_t intent, when_t at, int why, struct err *e);
	bool (*cert_count)(struct store *s, int64_t *issued, int64_t *revoked, struct err *e);

	/*
	 * All revoked entries so far, appended crl_entry_encode results: one blob that only
	 * grows. revoked_next appends the next piece, of some kilobytes, behind a position (0:
	 * the first); not found: that was all.
	 */
	bool (*revoked_next)(
	    struct store *s, int64_t after, int64_t *at, struct blob *entries, struct err *e);
	bool (*revoked_get)(struct store *s, struct blob *entries, struct err *e);
	bool (*revoked_most)(struct store *s, size_t *octets,
	    struct err *e); /* how many octets they are at the most */
	bool (*revoked_add)(struct store *s, struct view entry, struct err *e);

	bool (*request_add)(struct store *s, const struct row_request *r, int64_t *id,
	    struct err *e); /* WHY_REFUSED: digest exists */
	bool (*request_get)(
	    struct store *s, int64_t id, struct row_request *out, struct err *e);
	bool (*request_by_digest)(
	    struct store *s, struct view digest, struct row_request *out, struct err *e);
	/* Newest first, id < before. */
	bool (*request_by_key)(struct store *s, int64_t key8, int64_t before,
	    struct row_request *out, struct err *e);
	bool (*request_next)(
	    struct store *s, int64_t after, struct row_request *out, struct err *e);
	/* The earliest expires_at among all rows; WHEN_NEVER: none. */
	bool (*request_expiry)(struct store *s, when_t *earliest, struct err *e);
	bool (*request_update)(struct store *s, int64_t id, enum request_state state,
	    const char *reason, when_t expires_at, int64_t intent, struct err *e);
	bool (*request_remove)(struct store *s, int64_t id, struct err *e);
	bool (*request_count_source)(
	    struct store *s, const char *source, int64_t *pending, struct err *e);
	bool (*request_count)(struct store *s, int64_t *pending, struct err *e);
	/* Remove all rows whose expires_at is at or before now; *removed counts them. */
	bool (*request_purge)(struct store *s, when_t now, int64_t *removed, struct err *e);

	bool (*challenge_add)(struct store *s, const struct row_challenge *c, struct err *e);
	bool (*challenge_get)(
	    struct store *s, struct view hash, struct row_challenge *out, struct err *e);
	/* Only when not used yet; else WHY_REFUSED. */
	bool (*challenge_use)(
	    struct store *s, struct view hash, when_t at, struct view identity, struct err *e);
	/* The earliest expires_at among unused rows (WHEN_NEVER: none is outstanding). */
	bool (*challenge_expiry)(struct store *s, when_t *earliest, struct err *e);
	bool (*challenge_purge)(struct store *s, when_t now, struct err *e); /* expired ones */

	bool (*client_put)(
	    struct store *s, const struct row_client *c, struct err *e); /* insert or replace */
	bool (*client_get)(
	    struct store *s, struct view identity, struct row_client *out, struct err *e);
	bool (*client_next)(struct store *s, struct view after, struct row_client *out,
	    struct err *e); /* by identity; empty: first */

	bool (*crl_put)(struct store *s, const struct row_crl *c,
	    struct err *e); /* one row a generation: the newest */
	bool (*crl_get)(
	    struct store *s, int64_t generation, struct row_crl *out, struct err *e);

	/* Chains, numbers and inserts. */
	bool (*audit_add)(struct store *s, when_t at, const char *actor, const char *act,
	    const char *object, struct err *e);
	bool (*audit_next)(
	    struct store *s, int64_t after, struct row_audit *out, struct err *e);

	void (*close)(struct store *s);
};

struct store {
	const struct store_table *table;
};

/*
 * Opens or makes path (mode 0600), migrates forward, locks it. Refuses a file of a newer
 * version (names both), a second process, a directory it cannot write (names it). WAL,
 * synchronous=FULL, exclusive locking, 64 MiB page cache at most.
 */
struct store *store_open_sqlite(const char *path, struct err *e) MUST_USE;
struct store *store_open_memory(void);
/* Of one in memory, outside any transaction: from here on it keeps what it was, so that it can
 * go back to here, once; or keeps that no longer. */
void store_memory_keep(struct store *s, bool keep);
void store_memory_return(struct store *s);
/*
 * The octets of a sqlite store, as a file would have them. change may alter the PKCS#10 of each
 * stored request. Outside any transaction.
 */
typedef void (*store_change)(void *arg, struct blob *csr);
bool store_image(struct store *s, store_change change, void *arg, size_t most, struct blob *out,
    struct err *e) MUST_USE;
/* Recompute the chain of the audit table; says the first sequence that does not fit. */
bool audit_verify(struct store *s, struct err *e) MUST_USE;
/* SHA-256(previous || canonical record): shared by both drivers. */
void audit_hash(struct view previous, const struct row_audit *r, uint8_t out[32]);

#endif
