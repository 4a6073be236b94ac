/* sqlite.c - open, migrate, lock; turns and savepoints. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "store/schema.h"
#include "store/sqlite.h"
#include "sys/sys.h"

/* ---- turns ---- */

bool
sqlite_begin(struct store *s, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (q->turn != TURN_NONE)
		return err_set(e, WHY_BUG, "a turn is open already");
	if (!sql_run(q, SQL_BEGIN, NULL, 0, NULL, e))
		return false;
	q->turn = TURN_OPEN;
	q->turn_tally = q->tally;
	return true;
}

void
sqlite_rollback(struct store *s)
{
	struct sqlite *q = sqlite_of(s);

	if (q->turn == TURN_NONE)
		return;
	if (!sqlite3_get_autocommit(q->db))
		(void)!sql_run(q, SQL_ROLLBACK, NULL, 0, NULL, NULL);
	q->tally = q->turn_tally;
	q->turn = TURN_NONE;
}

static bool
tally_save(struct sqlite *q, struct err *e)
{
	struct blob b = {0};
	bool ok = true;

	if (memcmp(&q->tally, &q->turn_tally, sizeof(q->tally)) == 0)
		return true;
	tally_encode(&q->tally, &b);
	ok = sqlite_fact_put(&q->base, TALLY_FACT, blob_view(&b), e);
	blob_free(&b);
	return ok;
}

bool
sqlite_commit(struct store *s, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (q->turn == TURN_NONE)
		return err_set(e, WHY_BUG, "no turn is open");
	if (q->turn == TURN_SAVEPOINT) {
		sqlite_rollback(s);
		return err_set(e, WHY_BUG, "commit inside a savepoint");
	}
	if (!sql_writable(q, e) || !tally_save(q, e))
		goto undo;
	crash_point("store-before-commit");
	if (!sql_run(q, SQL_COMMIT, NULL, 0, NULL, e))
		goto undo;
	crash_point("store-after-commit");
	q->turn = TURN_NONE;
	return true;
undo:
	sqlite_rollback(s);
	return false;
}

bool
sqlite_savepoint(struct store *s, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (!sql_writable(q, e))
		return false;
	if (q->turn == TURN_SAVEPOINT)
		return err_set(e, WHY_BUG, "a savepoint is open already");
	if (!sql_run(q, SQL_SAVEPOINT, NULL, 0, NULL, e))
		return false;
	q->turn = TURN_SAVEPOINT;
	q->savepoint_tally = q->tally;
	return true;
}

void
sqlite_release(struct store *s)
{
	struct sqlite *q = sqlite_of(s);

	if (q->turn != TURN_SAVEPOINT)
		return;
	q->turn = TURN_OPEN;
	if (!sql_run(q, SQL_RELEASE, NULL, 0, NULL, NULL))
		sql_turn_lose(q); /* commit says so */
}

void
sqlite_undo(struct store *s)
{
	struct sqlite *q = sqlite_of(s);

	if (q->turn != TURN_SAVEPOINT)
		return;
	q->turn = TURN_OPEN;
	q->tally = q->savepoint_tally;
	/* What could not be undone must not be committed. */
	if (!sql_run(q, SQL_UNDO, NULL, 0, NULL, NULL) ||
	    !sql_run(q, SQL_RELEASE, NULL, 0, NULL, NULL))
		sql_turn_lose(q);
}

void
sqlite_close(struct store *s)
{
	struct sqlite *q = sqlite_of(s);

	sqlite_rollback(s);
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(q->statement[i]);
	sqlite3_close(q->db);
	blob_free(&q->kept[0]);
	blob_free(&q->kept[1]);
	free(q->path);
	free(q);
}

/* ---- opening ---- */

/* The process that holds a lock on this file, from /proc/locks; 0: cannot be told. */
static long
lock_holder(const char *path)
{
	struct stat st;
	FILE *f = NULL;
	char line[256];
	long holder = 0;

	if (stat(path, &st) != 0)
		return 0;
	f = fopen("/proc/locks", "re");
	while (f && holder == 0 && fgets(line, sizeof(line), f)) {
		long pid = 0;
		unsigned int major = 0, minor = 0;
		unsigned long inode = 0;

		if (sscanf(line, "%*d: %*s %*s %*s %ld %x:%x:%lu", &pid, &major, &minor,
			&inode) == 4 &&
		    inode == st.st_ino && major == major(st.st_dev) &&
		    minor == minor(st.st_dev))
			holder = pid;
	}
	if (f)
		fclose(f);
	return holder;
}

static bool
refuse_locked(struct sqlite *q, struct err *e)
{
	long pid = lock_holder(q->path);

	if (pid > 0)
		return err_set(e, WHY_BUSY,
		    "store '%s' is locked by process %ld: stop it first", q->path, pid);
	return err_set(
	    e, WHY_BUSY, "store '%s' is locked by another process: stop it first", q->path);
}

/*
 * The file exists with mode 0600 in a directory we can write. An existing file is not opened
 * here: closing it again would drop the locks that this process may hold on it.
 */
static bool
file_prepare(const char *path, struct err *e)
{
	char *copy = mem_str(path);
	const char *dir = dirname(copy);
	bool ok = false;
	int fd;

	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0) {
		err_set(e, WHY_IO, "directory '%s' of the store cannot be written: %s", dir,
		    strerror(errno));
		goto out;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST) {
		err_set(e, WHY_IO, "store '%s' cannot be made: %s", path, strerror(errno));
		goto out;
	}
	if (chmod(path, 0600) != 0) {
		err_set(e, WHY_IO, "mode of store '%s' cannot be set to 0600: %s", path,
		    strerror(errno));
		goto out;
	}
	ok = true;
out:
	free(copy);
	return ok;
}

/* What rc means while opening. */
static bool
open_failed(struct sqlite *q, int rc, struct err *e)
{
	return (rc & 0xff) == SQLITE_BUSY ? refuse_locked(q, e) : sql_failed(q, rc, "open", e);
}

static bool
exec(struct sqlite *q, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(q->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || open_failed(q, rc, e);
}

/* One integer of a one-row query that is asked once. */
static bool
ask(struct sqlite *q, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(q->db, sql, -1, &st, NULL);
	bool ok = false;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*out = sqlite3_column_int64(st, 0);
		ok = true;
	} else {
		open_failed(q, rc, e);
	}
	sqlite3_finalize(st);
	return ok;
}

/* 0: an empty file. */
static bool
version_read(struct sqlite *q, int64_t *version, struct err *e)
{
	int64_t tables, ours;

	if (!ask(q, "SELECT COUNT(*) FROM sqlite_master", &tables, e) ||
	    !ask(q, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'", &ours,
		e))
		return false;
	*version = 0;
	if (tables == 0)
		return true;
	if (ours == 0)
		return err_set(
		    e, WHY_REFUSED, "'%s' is a database of another program", q->path);
	return ask(q, "SELECT version FROM schema_version", version, e);
}

static bool
migrate(struct sqlite *q, int64_t version, struct err *e)
{
	char note[80];

	if (version == SCHEMA_VERSION)
		return true;
	if (!exec(q, "BEGIN IMMEDIATE", e))
		return false;
	for (int64_t v = version; v < SCHEMA_VERSION; v++) {
		snprintf(note, sizeof(note), "UPDATE schema_version SET version = %lld",
		    (long long)v + 1);
		if (!exec(q, schema_steps[v], e) || !exec(q, note, e))
			return false;
		crash_point("store-migrate");
	}
	return exec(q, "COMMIT", e);
}

static bool
tally_load(struct sqlite *q, struct err *e)
{
	struct blob b = {0};
	struct err why = {0};
	bool ok;

	if (sqlite_fact_get(&q->base, TALLY_FACT, &b, &why))
		ok = tally_decode(blob_view(&b), &q->tally, e);
	else
		ok = why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
	blob_free(&b);
	return ok;
}

/*
 * Exclusive before the first access to the WAL: no shared memory file, and the lock is held
 * until close. Pages of 4096 octets; the cache grows to 64 MiB. The checkpoint every
 * CHECKPOINT_PAGES keeps what one commit in many has to write small (bench_store prints the
 * longest turn).
 */
static const char first_words[] = "PRAGMA locking_mode = EXCLUSIVE;"
				  "PRAGMA trusted_schema = OFF;"
				  "PRAGMA cell_size_check = ON;"
				  "PRAGMA cache_size = -65536;"
				  "PRAGMA temp_store = MEMORY;"
				  "PRAGMA synchronous = FULL;";

#define CHECKPOINT_PAGES 400

/*
 * In the end the WAL is there, and its name is made durable. The library would do that at the
 * first write, opening the directory, which a sandbox forbids then.
 */
static bool
sqlite_start(struct sqlite *q, struct err *e)
{
	int64_t version;
	int rc;

	rc = sqlite3_open_v2(q->path, &q->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return open_failed(q, rc, e);
	sqlite3_wal_autocheckpoint(q->db, CHECKPOINT_PAGES);
	if (!exec(q, first_words, e) || !version_read(q, &version, e))
		return false;
	if (version > SCHEMA_VERSION)
		return err_set(e, WHY_REFUSED,
		    "store '%s' has schema version %lld, this program knows %d: run the newer "
		    "Keymuster that wrote it, or restore a backup made before the upgrade",
		    q->path, (long long)version, SCHEMA_VERSION);
	return exec(q, "PRAGMA journal_mode = WAL", e) && migrate(q, version, e) &&
	       tally_load(q, e) && dir_sync(q->path, e);
}

struct store *
store_open_sqlite(const char *path, struct err *e)
{
	struct sqlite *q;

	if (!file_prepare(path, e))
		return NULL;
	q = mem_get(sizeof(*q));
	q->base.table = &sqlite_table;
	q->path = mem_str(path);
	if (sqlite_start(q, e))
		return &q->base;
	sqlite_close(&q->base);
	return NULL;
}
