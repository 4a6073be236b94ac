/* rows.h - inner: what both drivers know of rows. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/store.h"

/*
 * A row struct described as columns, in the order of the SQL texts: one table binds, reads and
 * copies it, so that a new column is one line here, one in store.h and one migration.
 */
enum column_kind { COLUMN_INT64, COLUMN_INT, COLUMN_VIEW, COLUMN_TEXT };

struct column {
	enum column_kind kind;
	size_t offset;
};

struct row_type {
	size_t size; /* of the struct */
	size_t count;
	const struct column *column;
};

#define COLUMNS_MAX 20
#define KEY_LOOK_BACK 64 /* of cert_key_elsewhere */

extern const struct row_type generation_type, cert_type, request_type, challenge_type,
    client_type, crl_type, audit_type, fact_type;

struct row_fact { /* inner row of a small fact */
	struct view value;
};

int64_t column_int(const struct column *c, const void *row);
/* Octets of a view or text; a NULL text counts as empty. */
struct view column_bytes(const struct column *c, const void *row);
/* bytes of a text are followed by NUL. */
void column_set(const struct column *c, void *row, int64_t i, struct view bytes);
/* A copy in one allocation, for free(). */
void *row_copy(const struct row_type *t, const void *row);

/* Counters and heads that must not cost a scan: kept beside the rows, saved with each commit.
 */
struct tally {
	int64_t issued, revoked, pending; /* certificates, certificates, requests */
	int64_t last_intent, last_request, last_audit;
	uint8_t audit_hash[32]; /* of record last_audit; zeros before the first */
};

/* The fact under which a tally is saved; callers of the door leave it alone. */
#define TALLY_FACT "tally"
void tally_encode(const struct tally *t, struct blob *out);
bool tally_decode(struct view v, struct tally *out, struct err *e) MUST_USE;
/* The record that comes next, chained. */
void tally_audit(struct tally *t, struct row_audit *r);

/* Keys of 32 octets (identity, digest, hash); WHY_BUG for another length. */
#define KEY_SIZE 32
bool key_check(const char *what, struct view key, struct err *e) MUST_USE;
/* Names of facts: 1 to 40 octets. */
#define FACT_NAME_MAX 40
bool fact_check(const char *name, struct err *e) MUST_USE;

#endif
