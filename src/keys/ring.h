/* ring.h - key pairs in memory and sealed files. Inner door of keys. */
#ifndef KEYS_RING_H
#define KEYS_RING_H

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>

#include "keys/keys.h"

#define PAIR_ID 16
/* Key pairs of a signer; of one for clients, which holds thousands that rest for months. */
#define PAIRS_MAX 1024
#define PAIRS_MAX_CLIENTS 20000
/* Open at a time, of those that have files. All of a CA's are: there are a few a generation. */
#ifndef PAIRS_OPEN
#define PAIRS_OPEN 256
#endif

/* Never changes once it is in a ring; threads share it by counting references. */
struct pair {
	char label[KEY_LABEL_MAX];
	uint8_t id[PAIR_ID]; /* of SHA-256(label, NUL, SubjectPublicKeyInfo): what log and guard
				know it by */
	enum key_kind kind;
	int bits;
	EVP_PKEY *key;
	struct blob spki;
	uint8_t spki_hash[32];
	uint8_t synthetic[32]; /* RSA: keys the content keys that wrong envelopes get */
	atomic_uint refs;
	atomic_bool gone; /* from the ring: whoever keeps it beyond one job lets it go */
};

struct ring_name {
	struct pair *pair; /* NULL: closed, its file opens it */
	uint64_t used;	   /* in which turn, to close the one unused longest */
	char label[];
};

struct ring {
	pthread_mutex_t lock;	  /* all up to turn */
	struct ring_name **names; /* by label; one that is not here is no key */
	size_t count;
	struct ring_name *open[PAIRS_OPEN];
	size_t open_count;
	uint64_t turn;
	size_t limit;
	char *dir; /* NULL: in memory only, where all stay open */
	struct seal seal;
	struct blob *pool; /* ready RSA pairs for tests */
	size_t pool_count, pool_next;
};

/* [A-Za-z0-9._#-], 1 to 63 of them, not beginning with '.': never a path. */
bool label_check(const char label[KEY_LABEL_MAX], struct err *e) MUST_USE;

/*
 * dir NULL: an empty ring in memory. Else of every NAME.key there. As many as may be open are
 * opened now, when these are all, and one that does not open refuses all; where there are more,
 * each is opened when it is asked for.
 */
bool ring_open(
    struct ring *r, const char *dir, const struct seal *seal, struct err *e) MUST_USE;
void ring_close(struct ring *r);
/* Its keys are clients': there may be more. */
void ring_clients(struct ring *r);
/* WHY_NOT_FOUND: there is none. The caller drops what it got. */
bool ring_find(struct ring *r, const char *label, struct pair **out, struct err *e) MUST_USE;
size_t ring_count(struct ring *r);
/* The pair under label, made now if there is none; its file is durable when this returns. One
 * call at a time. */
bool ring_make(struct ring *r, const char *label, enum key_kind kind, int bits,
    struct pair **out, struct err *e) MUST_USE;
/* The same with a key that is there: it is taken over, also when this refuses. WHY_REFUSED when
 * label is another's. */
bool ring_take(struct ring *r, const char *label, EVP_PKEY *key, struct pair **out,
    struct err *e) MUST_USE;
/* Destroys the file, then forgets the pair. */
bool ring_forget(struct ring *r, struct pair *p, struct err *e) MUST_USE;
void ring_pool(struct ring *r, const struct view *pkcs8, size_t n);

struct pair *pair_hold(struct pair *p);
void pair_drop(struct pair *p); /* NULL is fine */

#endif
