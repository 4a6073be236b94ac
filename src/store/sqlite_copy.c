/* sqlite_copy.c - the octets of a store in use. */
#include "store/sqlite.h"

static bool
failed(sqlite3 *db, struct err *e)
{
	return err_set(e, WHY_IO, "copy of the store: %s", sqlite3_errmsg(db));
}

static bool
copy_pages(sqlite3 *from, sqlite3 *to, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (b == NULL)
		return failed(to, e);
	(void)sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b) == SQLITE_OK || failed(to, e);
}

static bool
change_requests(sqlite3 *db, store_change change, void *arg, struct err *e)
{
	sqlite3_stmt *get = NULL, *put = NULL;
	struct blob csr = {0};
	bool ok = sqlite3_prepare_v2(db, "SELECT id, csr FROM request", -1, &get, NULL) ==
		      SQLITE_OK &&
		  sqlite3_prepare_v2(db, "UPDATE request SET csr = ?2 WHERE id = ?1", -1, &put,
		      NULL) == SQLITE_OK;

	while (ok && sqlite3_step(get) == SQLITE_ROW) {
		blob_clear(&csr);
		blob_add(
		    &csr, sqlite3_column_blob(get, 1), (size_t)sqlite3_column_bytes(get, 1));
		change(arg, &csr);
		ok = sqlite3_bind_int64(put, 1, sqlite3_column_int64(get, 0)) == SQLITE_OK &&
		     sqlite3_bind_blob64(put, 2, csr.p, csr.n, SQLITE_TRANSIENT) == SQLITE_OK &&
		     sqlite3_step(put) == SQLITE_DONE;
		(void)sqlite3_reset(put);
	}
	sqlite3_finalize(get);
	sqlite3_finalize(put);
	blob_free(&csr);
	return ok || failed(db, e);
}

static bool
serialize(sqlite3 *db, size_t most, struct blob *out, struct err *e)
{
	sqlite3_int64 n = 0;
	unsigned char *image = sqlite3_serialize(db, "main", &n, 0);
	bool ok = image != NULL && n >= 0 && (size_t)n <= most;

	if (ok)
		blob_set(out, view_of(image, (size_t)n));
	sqlite3_free(image);
	return ok ||
	       err_set(e, WHY_REFUSED, "copy of the store: %lld octets, at most %zu are copied",
		   (long long)n, most);
}

bool
store_image(struct store *s, store_change change, void *arg, size_t most, struct blob *out,
    struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	sqlite3 *db = NULL;
	bool ok = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
		      ? copy_pages(q->db, db, e) && change_requests(db, change, arg, e) &&
			    serialize(db, most, out, e)
		      : failed(db, e);

	sqlite3_close(db);
	return ok;
}
