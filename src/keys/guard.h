/* guard.h - the rules that decide whether a private key may move. Inner door of keys. */
#ifndef KEYS_GUARD_H
#define KEYS_GUARD_H

#include "keys/ring.h"

/*
 * An intent number is signed once, and again only for the same octets. Numbers grow, so the
 * guard remembers the newest GUARD_INTENTS of each key with their digests and refuses any
 * number that lies GUARD_INTENTS or more below the newest one, whether it was signed or not.
 * Only intents left open by a crash are ever asked for again, and a store has a few dozen of
 * those; so memory is bounded (832 KiB for each key that issues) however many certificates
 * there are. Beside each intent stands the serial number, for issuer and serial name one
 * certificate only.
 */
#define GUARD_INTENTS 16384
#define GUARD_OWN 2	 /* certificates that a key issues for its own CA: RA and link */
#define GUARD_GRANTS 256 /* open grants of one key */
/* Keys with a self-signed certificate: all that is remembered of them fits one frame of the
 * log.
 */
#define GUARD_WINDOWS 64
/*
 * How far an intent or a CRL number may lie beyond the highest that any key here has signed:
 * far enough for a database that is newer than a restored log, too near for one job to use up
 * all numbers for ever. Over all keys, for the next generation goes on counting.
 */
#define GUARD_LEAP (UINT64_C(1) << 20)

struct guard;

struct permit {
	uint8_t digest[HASH_MAX]; /* of the octets, by alg.hash: what the key signs */
	size_t n;
	bool logged; /* the answer may leave only after the log is durable */
};

struct guard *guard_new(void);
void guard_free(struct guard *g);
/* The weakest digest for replies, HASH_SHA256 without this call. */
void guard_replies(struct guard *g, enum hash weakest);

/*
 * May this pair sign job->bytes as job->as? What it must remember is noted in g and appended to
 * record as one record for the log (nothing appended: it was known already, or is a reply). The
 * digest is computed here and nowhere else.
 */
bool guard_sign(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct permit *out, struct err *e) MUST_USE;
bool guard_grant(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct err *e) MUST_USE;
/*
 * May the pair be destroyed? With a window only when another key of the same name has one that
 * lasts as long: else its clients would be cut off, and the signer has no clock to see that
 * they have gone. One that has no clients (it was cancelled) goes when any other of its name
 * stays.
 */
bool guard_forget(
    struct guard *g, const struct pair *p, struct blob *record, struct err *e) MUST_USE;
/*
 * May the private key leave inside a PKCS#12 with this certificate? Only with the one that
 * SIGN_SELF made, and only once it is signed. As often as asked: nobody can tell here whether
 * the file before was written, a lost one must be made again, and under the password of the
 * signer's own start a second one gives nothing that the first did not. The log says so.
 */
bool guard_archive(struct guard *g, const struct pair *p, struct view certificate,
    struct blob *record, struct err *e) MUST_USE;

/* From now on the keys are clients': nothing is signed as a CA or an RA. */
void guard_exports(struct guard *g);
/*
 * May the private key leave with these certificates? The first is of this key, none of it a
 * CA's. Not where any key has ever been a CA's: beside such a key an RA's may lie, of which
 * nothing is remembered. The log says so.
 */
bool guard_export(struct guard *g, const struct pair *p, struct view certificates,
    struct blob *record, struct err *e) MUST_USE;

/* A record from the log, as guard_sign and the others wrote it. arg is the guard. */
bool guard_replay(void *arg, struct view record, struct err *e) MUST_USE;
/* Everything remembered, as one record. */
void guard_save(const struct guard *g, struct blob *record);

#endif
