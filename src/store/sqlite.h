/* sqlite.h - inner: statements, arguments and turns of the sqlite driver. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>

#include "store/rows.h"

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SAVEPOINT,
	SQL_RELEASE,
	SQL_UNDO,
	SQL_FACT_GET,
	SQL_FACT_PUT,
	SQL_GENERATION_PUT,
	SQL_GENERATION_GET,
	SQL_GENERATION_LAST,
	SQL_CERT_INTENT,
	SQL_CERT_SETTLE,
	SQL_CERT_STATE,
	SQL_CERT_GET,
	SQL_CERT_BY_SERIAL,
	SQL_CERT_BY_KEY,
	SQL_CERT_NEXT,
	SQL_CERT_KEY_ELSEWHERE,
	SQL_CERT_LAST,
	SQL_CERT_OPEN,
	SQL_CERT_REVOKE,
	SQL_REVOKED_LAST,
	SQL_REVOKED_NEXT,
	SQL_REVOKED_PUT,
	SQL_REQUEST_ADD,
	SQL_REQUEST_GET,
	SQL_REQUEST_STATE,
	SQL_REQUEST_BY_DIGEST,
	SQL_REQUEST_BY_KEY,
	SQL_REQUEST_NEXT,
	SQL_REQUEST_COUNT_SOURCE,
	SQL_REQUEST_EXPIRY,
	SQL_REQUEST_UPDATE,
	SQL_REQUEST_REMOVE,
	SQL_REQUEST_DUE,
	SQL_REQUEST_PURGE,
	SQL_CHALLENGE_ADD,
	SQL_CHALLENGE_GET,
	SQL_CHALLENGE_USE,
	SQL_CHALLENGE_EXPIRY,
	SQL_CHALLENGE_PURGE,
	SQL_CLIENT_PUT,
	SQL_CLIENT_GET,
	SQL_CLIENT_NEXT,
	SQL_CRL_PUT,
	SQL_CRL_GET,
	SQL_AUDIT_ADD,
	SQL_AUDIT_NEXT,
	SQL_COUNT,
};

struct sql_text {
	const char *text;
	const char *what; /* names the row in "no such ..." */
};

extern const struct sql_text sql_texts[SQL_COUNT];

enum turn {
	TURN_NONE,
	TURN_OPEN,
	TURN_SAVEPOINT,
	TURN_LOST, /* disk full or failing: undone already, nothing more happens until it ends
		    */
};

struct cell { /* a value on its way in or out */
	enum column_kind kind;
	int64_t i;
	struct view bytes;
};

struct sqlite {
	struct store base;
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statement[SQL_COUNT];
	enum turn turn;
	struct tally tally, turn_tally, savepoint_tally;
	/* The row read last. Its octets lie in one of two blobs in turn: what a get gave may be
	 * an argument of the next call. */
	struct cell cell[COLUMNS_MAX];
	struct blob kept[2];
	int kept_now;
};

#define INT(v) ((struct cell){COLUMN_INT64, (v), {0}})
#define OCTETS(v) ((struct cell){COLUMN_VIEW, 0, (v)})
#define TEXT(v) ((struct cell){COLUMN_TEXT, 0, view_str(v)})
#define CELLS(...) (struct cell[]){__VA_ARGS__}, COUNT_OF(((struct cell[]){__VA_ARGS__}))

struct sqlite *sqlite_of(struct store *s);
/* Refuses to write outside a turn, and in one that was lost. */
bool sql_writable(const struct sqlite *q, struct err *e) MUST_USE;
/* Run a statement that gives no rows; *changed (may be NULL) counts the rows it wrote. */
bool sql_run(struct sqlite *q, enum sql which, const struct cell *args, size_t count,
    int *changed, struct err *e) MUST_USE;
/* Run with the columns of row as arguments. */
bool sql_put(struct sqlite *q, enum sql which, const struct row_type *t, const void *row,
    int *changed, struct err *e) MUST_USE;
/* The first row of a query into q->cell. */
bool sql_row(struct sqlite *q, enum sql which, const struct cell *args, size_t count,
    struct err *e) MUST_USE;
/* The same into a row struct. */
bool sql_get(struct sqlite *q, enum sql which, const struct cell *args, size_t count,
    const struct row_type *t, void *out, struct err *e) MUST_USE;
/* What rc of the library means; ends the turn when the disk is full or fails. Returns false. */
bool sql_failed(struct sqlite *q, int rc, const char *what, struct err *e);

/* Undo the open turn, which then says WHY_BUSY until it ends. */
void sql_turn_lose(struct sqlite *q);

/* sqlite.c */
bool sqlite_begin(struct store *s, struct err *e);
bool sqlite_commit(struct store *s, struct err *e);
void sqlite_rollback(struct store *s);
bool sqlite_savepoint(struct store *s, struct err *e);
void sqlite_release(struct store *s);
void sqlite_undo(struct store *s);
void sqlite_close(struct store *s);
/* sqlite_rows.c */
bool sqlite_fact_get(struct store *s, const char *name, struct blob *out, struct err *e);
bool sqlite_fact_put(struct store *s, const char *name, struct view value, struct err *e);
extern const struct store_table sqlite_table;

#endif
