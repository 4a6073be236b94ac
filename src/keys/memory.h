/* memory.h - what the guard remembers of each key. Inner door of keys. */
#ifndef KEYS_MEMORY_H
#define KEYS_MEMORY_H

#include "keys/guard.h"

#define DIGEST 32

enum record_kind { /* in the log */
	REC_SAVED = 1,
	REC_SELF,
	REC_CERT,
	REC_CRL,
	REC_GRANT,
	REC_FORGET,
	REC_ARCHIVE,
	REC_EXPORT
};

/* What the self-signed certificate fixes for ever. */
struct window {
	uint8_t tbs[DIGEST], subject[DIGEST];
	when_t from, until;
	enum hash hash;
	int64_t serial; /* sha256_8 of its serial number */
};

struct slot { /* intent i lives at i % GUARD_INTENTS; 0: free */
	uint64_t intent;
	uint8_t tbs[DIGEST];
	int64_t serial; /* sha256_8 */
};

/* Intents, and the way to them from serials: chains of slots, by position + 1. */
struct memory {
	struct slot slots[GUARD_INTENTS];
	uint16_t first[GUARD_INTENTS], next[GUARD_INTENTS];
};
_Static_assert(GUARD_INTENTS < UINT16_MAX, "positions fit the chains");

struct state { /* of one key */
	uint8_t id[PAIR_ID];
	bool has_window, has_crl;
	struct window window;
	uint64_t crl_number;
	uint8_t crl_tbs[DIGEST];
	uint64_t newest;
	struct memory *memory; /* NULL until the first certificate */
	uint8_t (*grants)[DIGEST];
	size_t grant_count;
};

struct guard {
	struct state **states;
	size_t count;
	/* Of the configuration, not of the log. */
	enum hash weakest_reply;
	bool exports; /* its keys are clients' */
};

/* NULL when nothing is remembered of that key. */
struct state *state_find(const struct guard *g, const uint8_t id[PAIR_ID]);
struct state *state_of(
    struct guard *g, const uint8_t id[PAIR_ID]); /* made when there is none */
void state_drop(struct guard *g, const uint8_t id[PAIR_ID]);
void state_window(struct state *s, const struct window *w);
void window_add(const struct window *w, struct blob *out); /* as records have it */
void state_intent(struct state *s, uint64_t intent, const uint8_t tbs[DIGEST], int64_t serial);
/* Of an intent that is remembered, or of the key's own certificate. */
bool serial_known(const struct state *s, int64_t serial);
void state_crl(struct state *s, uint64_t number, const uint8_t tbs[DIGEST]);
/* Its position; grant_count when there is none. */
size_t grant_find(const struct state *s, const uint8_t spki[DIGEST]);
void grant_add(struct state *s, const uint8_t spki[DIGEST]);
void grant_use(struct state *s, const uint8_t spki[DIGEST]);

#endif
