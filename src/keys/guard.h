/* guard.h - the rules that decide whether a private key may move. Inner door of keys. */
#ifndef KEYS_GUARD_H
#define KEYS_GUARD_H

#include "keys/ring.h"

/*
 * An intent number is signed once, and again only for the same octets. Numbers grow, so the
 * guard remembers the newest GUARD_INTENTS of each key with their digests and refuses any
 * number that lies GUARD_INTENTS or more below the newest one, whether it was signed or not.
 * Only intents left open by a crash are ever asked for again, and a store has a few dozen of
 * those; so memory is bounded (640 KiB for each key that issues) however many certificates
 * there are.
 */
#define GUARD_INTENTS 16384
#define GUARD_GRANTS 256 /* open grants of one key */

struct guard;

struct permit {
	uint8_t digest[HASH_MAX]; /* of the octets, by alg.hash: what the key signs */
	size_t n;
	bool logged; /* the answer may leave only after the log is durable */
};

struct guard *guard_new(void);
void guard_free(struct guard *g);

/*
 * May this pair sign job->bytes as job->as? What it must remember is noted in g and appended to
 * record as one record for the log (nothing appended: it was known already, or is a reply). The
 * digest is computed here and nowhere else.
 */
bool guard_sign(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct permit *out, struct err *e) MUST_USE;
bool guard_grant(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct err *e) MUST_USE;
/* The pair is gone: forget its window, numbers and grants. */
void guard_forget(struct guard *g, const struct pair *p, struct blob *record);
/* A private key leaves inside a PKCS#12: the log says so. */
void guard_archive(const struct pair *p, struct view certificate, struct blob *record);

/* A record from the log, as guard_sign and the others wrote it. arg is the guard. */
bool guard_replay(void *arg, struct view record, struct err *e) MUST_USE;
/* Everything remembered, as one record. */
void guard_save(const struct guard *g, struct blob *record);

#endif
