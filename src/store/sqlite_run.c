/* sqlite_run.c - bind, run and read statements. */
#include <string.h>

#include "store/sqlite.h"

struct sqlite *
sqlite_of(struct store *s)
{
	return (struct sqlite *)s;
}

static bool
write_failed(int rc)
{
	return (rc & 0xff) == SQLITE_FULL ||
	       ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_READ &&
		   rc != SQLITE_IOERR_SHORT_READ);
}

void
sql_turn_lose(struct sqlite *q)
{
	if (q->turn == TURN_NONE)
		return;
	if (!sqlite3_get_autocommit(q->db))
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
	q->tally = q->turn_tally;
	q->turn = TURN_LOST;
}

bool
sql_failed(struct sqlite *q, int rc, const char *what, struct err *e)
{
	char text[200];

	snprintf(text, sizeof(text), "%s", sqlite3_errmsg(q->db));
	if (write_failed(rc)) {
		sql_turn_lose(q);
		return err_set(e, WHY_BUSY,
		    "store '%s' cannot be written (%s, %s): make room on its disk", q->path,
		    what, text);
	}
	/* some errors make the library roll back by itself */
	if (q->turn != TURN_NONE && sqlite3_get_autocommit(q->db))
		sql_turn_lose(q);
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return err_set(
		    e, WHY_REFUSED, "this %s exists or breaks a rule: %s", what, text);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return err_set(e, WHY_BUSY, "store '%s': %s: %s", q->path, what, text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, WHY_IO,
		    "store '%s' is damaged (%s): restore a backup of it together with keys/",
		    q->path, text);
	default:
		return err_set(e, WHY_IO, "store '%s': %s: %s", q->path, what, text);
	}
}

bool
sql_writable(const struct sqlite *q, struct err *e)
{
	if (q->turn == TURN_NONE)
		return err_set(e, WHY_BUG, "write outside a turn");
	if (q->turn == TURN_LOST)
		return err_set(e, WHY_BUSY, "store '%s': the turn was undone", q->path);
	return true;
}

static int
bind(sqlite3_stmt *st, int at, const struct cell *c)
{
	/* NULL octets would bind SQL NULL */
	const void *p = c->bytes.n > 0 ? (const void *)c->bytes.p : "";

	switch (c->kind) {
	case COLUMN_INT64:
	case COLUMN_INT:
		return sqlite3_bind_int64(st, at, c->i);
	case COLUMN_VIEW:
		return sqlite3_bind_blob64(st, at, p, c->bytes.n, SQLITE_STATIC);
	case COLUMN_TEXT:
		return sqlite3_bind_text64(st, at, p, c->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
	}
	return SQLITE_MISUSE;
}

/* The statement, prepared on first use and kept, with its arguments bound. */
static sqlite3_stmt *
statement(
    struct sqlite *q, enum sql which, const struct cell *args, size_t count, struct err *e)
{
	sqlite3_stmt **st = &q->statement[which];
	int rc = SQLITE_OK;

	if (!*st)
		rc = sqlite3_prepare_v3(
		    q->db, sql_texts[which].text, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
		rc = bind(*st, (int)i + 1, &args[i]);
	if (rc == SQLITE_OK)
		return *st;
	sql_failed(q, rc, sql_texts[which].what, e);
	return NULL;
}

bool
sql_run(struct sqlite *q, enum sql which, const struct cell *args, size_t count, int *changed,
    struct err *e)
{
	sqlite3_stmt *st = statement(q, which, args, count, e);
	int rc;

	if (!st)
		return false;
	rc = sqlite3_step(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		sql_failed(q, rc, sql_texts[which].what, e);
		sqlite3_reset(st);
		return false;
	}
	sqlite3_reset(st);
	if (changed)
		*changed = sqlite3_changes(q->db);
	return true;
}

bool
sql_put(struct sqlite *q, enum sql which, const struct row_type *t, const void *row,
    int *changed, struct err *e)
{
	struct cell args[COLUMNS_MAX];

	for (size_t i = 0; i < t->count; i++) {
		const struct column *c = &t->column[i];

		args[i] = (struct cell){.kind = c->kind};
		if (c->kind == COLUMN_INT64 || c->kind == COLUMN_INT)
			args[i].i = column_int(c, row);
		else
			args[i].bytes = column_bytes(c, row);
	}
	return sql_run(q, which, args, t->count, changed, e);
}

/* Copy the current row out, so that no statement stays open between calls. */
static void
row_keep(struct sqlite *q, sqlite3_stmt *st)
{
	int count = sqlite3_column_count(st);
	struct blob *kept = &q->kept[q->kept_now ^= 1];
	size_t size = 0;
	uint8_t *to;

	for (int i = 0; i < count; i++)
		if (sqlite3_column_type(st, i) != SQLITE_INTEGER)
			size += (size_t)sqlite3_column_bytes(st, i) + 1;
#ifdef __SANITIZE_ADDRESS__
	blob_free(kept); /* so that a view held too long is found */
#endif
	kept->n = 0;
	to = blob_grow(kept, size + 1);
	for (int i = 0; i < count; i++) {
		struct cell *c = &q->cell[i];
		const void *from;

		*c = (struct cell){0};
		if (sqlite3_column_type(st, i) == SQLITE_INTEGER) {
			c->i = sqlite3_column_int64(st, i);
			continue;
		}
		from = sqlite3_column_blob(st, i);
		c->bytes = view_of(to, (size_t)sqlite3_column_bytes(st, i));
		if (c->bytes.n > 0)
			memcpy(to, from, c->bytes.n);
		to += c->bytes.n;
		*to++ = '\0';
	}
}

bool
sql_row(struct sqlite *q, enum sql which, const struct cell *args, size_t count, struct err *e)
{
	sqlite3_stmt *st;
	int rc;

	if (q->turn == TURN_LOST)
		return sql_writable(q, e);
	st = statement(q, which, args, count, e);
	if (!st)
		return false;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		row_keep(q, st);
	else if (rc == SQLITE_DONE)
		err_set(e, WHY_NOT_FOUND, "no %s", sql_texts[which].what);
	else
		sql_failed(q, rc, sql_texts[which].what, e);
	sqlite3_reset(st);
	return rc == SQLITE_ROW;
}

bool
sql_get(struct sqlite *q, enum sql which, const struct cell *args, size_t count,
    const struct row_type *t, void *out, struct err *e)
{
	if (!sql_row(q, which, args, count, e))
		return false;
	for (size_t i = 0; i < t->count; i++)
		column_set(&t->column[i], out, q->cell[i].i, q->cell[i].bytes);
	return true;
}
