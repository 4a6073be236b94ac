/* kit.h - one thread's own keys and contexts. Inner door of keys. */
#ifndef KEYS_KIT_H
#define KEYS_KIT_H

#include "keys/guard.h"

#define KIT_SLOTS 8

struct kit_slot {
	struct pair *pair; /* NULL: free */
	EVP_PKEY *own;	   /* a copy: threads that share one share its blinding and a lock */
	EVP_PKEY_CTX *c;
	bool unwraps;
	struct sig_alg alg;   /* to sign with */
	enum padding padding; /* to unwrap with */
	enum hash oaep_hash;
	uint64_t used;
};

struct kit {
	struct kit_slot slots[KIT_SLOTS];
	uint64_t uses;
};

void kit_free(struct kit *k);
/* Let go of pairs that the ring has not any more. */
void kit_sweep(struct kit *k);
bool kit_sign(struct kit *k, struct pair *p, const struct sig_alg *alg,
    const struct permit *permit, struct blob *out, struct err *e) MUST_USE;
/* A wrapped key that cannot be right gives a synthetic key; it is no failure. */
bool kit_unwrap(struct kit *k, struct pair *p, const struct key_job *job, struct blob *out,
    struct err *e) MUST_USE;

#endif
