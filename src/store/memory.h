/* memory.h - inner: maps, changes and turns of the memory driver. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/map.h"
#include "store/rows.h"

/* The first are tables and own their rows; the others are indexes: sets of keys that end in a
 * row's number. */
enum which {
	MAP_FACT,
	MAP_GENERATION,
	MAP_CERT,
	MAP_REQUEST,
	MAP_CHALLENGE,
	MAP_CLIENT,
	MAP_CRL,
	MAP_AUDIT,
	MAP_TABLES,
	INDEX_CERT_SERIAL = MAP_TABLES,
	INDEX_CERT_KEY,
	INDEX_CERT_OPEN,
	INDEX_REQUEST_DIGEST,
	INDEX_REQUEST_KEY,
	INDEX_REQUEST_EXPIRY,
	MAP_COUNT,
};

struct change {
	enum which map;
	struct map_key key;
	void *old, *new;
};

struct mark { /* where to go back to */
	size_t change_count, revoked_n;
	struct tally tally;
};

struct memory {
	struct store base;
	struct map map[MAP_COUNT];
	struct blob revoked;
	struct tally tally;
	struct change *change;
	size_t change_count, change_cap;
	bool in_turn, in_savepoint, kept; /* kept: changes since then are not forgotten */
	struct mark turn, savepoint, keep;
};

struct memory *memory_of(struct store *s);
bool memory_writable(const struct memory *m, struct err *e) MUST_USE;
/* Set or (NULL) remove a row of a table, which then owns it, so that the turn can go back. */
void memory_set(struct memory *m, enum which map, struct map_key key, void *row);
void memory_index(struct memory *m, enum which map, struct map_key key);
void memory_unindex(struct memory *m, enum which map, struct map_key key);

bool memory_begin(struct store *s, struct err *e);
bool memory_commit(struct store *s, struct err *e);
void memory_rollback(struct store *s);
bool memory_savepoint(struct store *s, struct err *e);
void memory_release(struct store *s);
void memory_undo(struct store *s);
void memory_close(struct store *s);
/* memory_rows.c */
bool memory_fact_put(struct store *s, const char *name, struct view value, struct err *e);
extern const struct store_table memory_table;

#endif
