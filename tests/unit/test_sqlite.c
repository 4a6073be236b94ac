/* test_sqlite.c - the sqlite store on its disk. */
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "sanitized.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store_sample.h"
#include "sys/sys.h"

static void
reopening_keeps(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct row_cert c;
	struct row_request r;
	struct err e = {0};
	struct stat st;
	int64_t issued, revoked, pending;

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	sample_begin(s);
	add_cert(s, 1);
	add_cert(s, 2);
	add_request(s, 1);
	add_request(s, 2);
	need(s->table->request_remove(s, 2, &e), &e);
	need(s->table->cert_settle(s, 1, VIEW("signed"), &e), &e);
	need(s->table->audit_add(s, 1, "a", "b", "c", &e), &e);
	sample_commit(s);
	sample_begin(s);
	add_cert(s, 3);
	s->table->close(s); /* an open turn is undone */
	s = open_at(path);
	need(s->table->cert_open(s, 0, &c, &e), &e);
	assert_int_equal(c.intent, 2);
	refused(s->table->cert_get(s, 3, &c, &e), &e, WHY_NOT_FOUND);
	need(s->table->request_get(s, 1, &r, &e), &e);
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(issued, 1);
	assert_int_equal(pending, 1);
	sample_begin(s);
	assert_int_equal(add_cert(s, 3), 3);
	assert_int_equal(add_request(s, 3), 3); /* 2 was shown once */
	need(s->table->audit_add(s, 2, "a", "b", "c", &e), &e);
	sample_commit(s);
	need(audit_verify(s, &e), &e);
	s->table->close(s);
	sample_dir_end(dir);
}

/* Runs one in a child; its exit code 0 is success. */
static void
in_child(void (*run)(const char *path), const char *path)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		run(path);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child: must be refused for this reason with this word in the text. */
static void
must_refuse(const char *path, enum why why, const char *word)
{
	struct err e = {0};

	if (store_open_sqlite(path, &e) || e.why != why || !strstr(e.text, word)) {
		fprintf(stderr, "# %s: reason %d, text '%s', wanted '%s'\n", path, (int)e.why,
		    e.text, word);
		_exit(1);
	}
}

static void
refused_as_locked(const char *path)
{
	char word[40];

	snprintf(word, sizeof(word), "locked by process %d:", (int)getppid());
	must_refuse(path, WHY_BUSY, word);
}

static void
second_opener_is_refused(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct err e = {0};

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	in_child(refused_as_locked, path);
	assert_null(store_open_sqlite(path, &e)); /* nor twice in one process */
	assert_int_equal(e.why, WHY_BUSY);
	in_child(refused_as_locked, path); /* the refusal above has not dropped the lock */
	s->table->close(s);
	s = open_at(path);
	s->table->close(s);
	sample_dir_end(dir);
}

static void
raw_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
newer_version_is_refused(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct err e = {0};

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	s->table->close(s);
	raw_sql(path, "UPDATE schema_version SET version = 77");
	assert_null(store_open_sqlite(path, &e));
	assert_int_equal(e.why, WHY_REFUSED);
	assert_non_null(strstr(e.text, "version 77, this program knows 6: run the newer"));
	snprintf(path, sizeof(path), "%s/foreign.db", dir);
	raw_sql(path, "CREATE TABLE cake (a)");
	assert_null(store_open_sqlite(path, &e));
	assert_int_equal(e.why, WHY_REFUSED);
	assert_non_null(strstr(e.text, "another program"));
	sample_dir_end(dir);
}

static void
as_nobody(const char *path)
{
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		_exit(2);
	must_refuse(path, WHY_IO, "directory '/tmp/keymuster-test-");
}

static void
unwritable_directory_is_named(void **state)
{
	char dir[64], path[96];
	struct err e = {0};

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	assert_int_equal(chmod(dir, 0555), 0);
	in_child(as_nobody, path);
	assert_int_equal(chmod(dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/absent/store.db", dir);
	assert_null(store_open_sqlite(path, &e));
	assert_non_null(strstr(e.text, "absent' of the store cannot be written"));
	sample_dir_end(dir);
}

static void
damaged_file_is_refused(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct err e = {0};
	FILE *f;

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 2000; i++)
		fputs("this is not a database", f);
	fclose(f);
	assert_null(store_open_sqlite(path, &e));
	assert_int_equal(e.why, WHY_IO);
	assert_non_null(strstr(e.text, "is damaged"));
	assert_non_null(strstr(e.text, "restore a backup"));
	assert_int_equal(unlink(path), 0);
	s = open_at(path);
	s->table->close(s);
	assert_int_equal(truncate(path, 4096 + 100), 0); /* a cut copy */
	assert_null(store_open_sqlite(path, &e));
	assert_non_null(strstr(e.text, "is damaged"));
	sample_dir_end(dir);
}

/* In a child: files may not grow past 300 KiB, as on a full disk. */
static void
fills_its_disk(const char *path)
{
	struct rlimit limit = {300 * 1024, RLIM_INFINITY},
		      none = {RLIM_INFINITY, RLIM_INFINITY};
	struct store *s;
	struct row_cert c, got;
	struct err e = {0};
	uint8_t body[1000] = {1};
	int64_t committed = 0, intent = 0, issued, revoked;
	bool ok = true;

	signal(SIGXFSZ, SIG_IGN);
	s = open_at(path);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int64_t n = 0; ok && n < 4000; n += 10) {
		ok = s->table->begin(s, &e);
		for (int64_t i = 0; ok && i < 10; i++) {
			c = sample_cert(n + i);
			c.body = view_of(body, sizeof(body));
			ok = s->table->cert_intent(s, &c, &intent, &e) &&
			     s->table->cert_settle(s, intent, c.body, &e);
		}
		ok = ok && s->table->commit(s, &e);
		committed += ok ? 10 : 0;
	}
	s->table->rollback(s);
	if (ok || e.why != WHY_BUSY || !strstr(e.text, "cannot be written") || committed == 0)
		_exit(3);
	if (!s->table->cert_count(s, &issued, &revoked, &e) || issued != committed ||
	    s->table->cert_get(s, committed + 1, &got, &e) || e.why != WHY_NOT_FOUND)
		_exit(4);
	setrlimit(RLIMIT_FSIZE, &none); /* room again: the same store goes on */
	c = sample_cert(5000);
	if (!s->table->begin(s, &e) || !s->table->cert_intent(s, &c, &intent, &e) ||
	    intent != committed + 1 || !s->table->commit(s, &e))
		_exit(5);
	s->table->close(s);
	s = open_at(path);
	if (!s->table->cert_count(s, &issued, &revoked, &e) || issued != committed ||
	    !s->table->cert_get(s, intent, &got, &e))
		_exit(6);
	s->table->close(s);
}

static void
full_disk_is_busy_and_passes(void **state)
{
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	in_child(fills_its_disk, path);
	sample_dir_end(dir);
}

static ssize_t
refuses_to_write(int fd, const void *bytes, size_t n)
{
	(void)fd;
	(void)bytes;
	(void)n;
	errno = EROFS;
	return -1;
}

static ssize_t
refuses_to_write_at(int fd, const void *bytes, size_t n, off_t at)
{
	(void)at;
	return refuses_to_write(fd, bytes, n);
}

/* As after a medium error, for which the kernel makes a file system read-only. */
static void
read_only_disk_is_busy_and_passes(void **state)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	struct store *s;
	struct err e = {0};
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	sample_begin(s);
	add_cert(s, 1);
	sample_commit(s);
	vfs->xSetSystemCall(vfs, "write", (sqlite3_syscall_ptr)refuses_to_write);
	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)refuses_to_write_at);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)refuses_to_write_at);
	sample_begin(s);
	add_cert(s, 2);
	assert_false(s->table->commit(s, &e));
	assert_int_equal(e.why, WHY_BUSY);
	assert_non_null(strstr(e.text, "cannot be written"));
	vfs->xSetSystemCall(vfs, NULL, NULL); /* as they were */
	sample_begin(s);
	add_cert(s, 2);
	sample_commit(s);
	s->table->close(s);
	sample_dir_end(dir);
}

/* No query on certificates may walk the whole table. */
static void
no_scan_of_certificates(void **state)
{
	static const char *const where[] = {
	    "state = 0 AND +intent > 5 ORDER BY +intent LIMIT 1",
	    "serial8 = 5 AND serial = x'00'",
	    "key8 = 5 AND intent < 9 ORDER BY intent DESC LIMIT 1",
	    "key8 = 5 ORDER BY intent DESC LIMIT 64",
	    "intent > 5 ORDER BY intent LIMIT 1",
	};
	char dir[64], path[96], sql[200];
	sqlite3 *db = NULL;
	struct store *s;

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	s->table->close(s);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < COUNT_OF(where); i++) {
		sqlite3_stmt *st = NULL;

		snprintf(sql, sizeof(sql),
		    "EXPLAIN QUERY PLAN SELECT body FROM certificate WHERE %s", where[i]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
		while (sqlite3_step(st) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(st, 3);

			print_message("# %s: %s\n", where[i], plan);
			assert_null(strstr(plan, "SCAN"));
			if (i == 0 && strstr(plan, "SEARCH"))
				assert_non_null(strstr(plan, "certificate_open"));
		}
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	sample_dir_end(dir);
}

/* Questions asked for each request stay on their index, whatever the table holds. */
static void
questions_have_an_index(void **state)
{
	static const struct {
		enum sql text;
		const char *index;
	} cases[] = {
	    {SQL_CERT_KEY_ELSEWHERE, "SEARCH certificate USING INDEX certificate_key"},
	    {SQL_CERT_BY_KEY, "SEARCH certificate USING INDEX certificate_key"},
	    {SQL_REQUEST_BY_KEY, "SEARCH request USING INDEX request_key"},
	    {SQL_REQUEST_COUNT_SOURCE, "SEARCH request USING INDEX request_source"},
	};
	char dir[64], path[96], sql[700];
	struct store *s;

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		sqlite3_stmt *st = NULL;
		bool found = false;

		snprintf(
		    sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", sql_texts[cases[i].text].text);
		assert_int_equal(
		    sqlite3_prepare_v2(sqlite_of(s)->db, sql, -1, &st, NULL), SQLITE_OK);
		while (sqlite3_step(st) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(st, 3);

			found =
			    found || strncmp(plan, cases[i].index, strlen(cases[i].index)) == 0;
		}
		sqlite3_finalize(st);
		if (!found)
			fail_msg("%s", sql);
	}
	s->table->close(s);
	sample_dir_end(dir);
}

/* A savepoint that cannot be undone (or released) takes its turn with it: what the caller
 * gave up is never committed. */
static void
failing_undo_loses_the_turn(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct row_cert c;
	struct err e = {0};

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path);
	for (int release = 0; release < 2; release++) {
		sample_begin(s);
		need(s->table->savepoint(s, &e), &e);
		add_cert(s, 1);
		/* Behind the driver's back the savepoint goes away. */
		assert_int_equal(sqlite3_exec(sqlite_of(s)->db, "RELEASE SAVEPOINT effect",
				     NULL, NULL, NULL),
		    SQLITE_OK);
		if (release)
			s->table->release(s);
		else
			s->table->undo(s);
		refused(s->table->fact_put(s, "name", VIEW("x"), &e), &e, WHY_BUSY);
		refused(s->table->commit(s, &e), &e, WHY_BUSY);
		refused(s->table->cert_get(s, 1, &c, &e), &e, WHY_NOT_FOUND);
	}
	sample_begin(s);
	assert_int_equal(add_cert(s, 1), 1);
	sample_commit(s);
	s->table->close(s);
	sample_dir_end(dir);
}

/* ---- in core's sandbox ---- */

/* The linker leads our fsync() through here (--wrap), not the library's. */
static int syncs;
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

#define SANDBOX_TURNS 200
#define SANDBOX_ROWS 100

static void
works_in_sandbox(const char *path)
{
	char archive[96], log[96];
	const char *const dirs[] = {archive, NULL};
	struct store *s;
	struct err e = {0};
	struct stat st;
	off_t largest = 0;

	syncs = 0;
	s = open_at(path);
	snprintf(archive, sizeof(archive), "%s/archive", dirname(strdupa(path)));
	snprintf(log, sizeof(log), "%s-wal", path);
	/* The log is there and its name durable before the directory is out of reach. */
	if (stat(log, &st) != 0 || syncs == 0)
		_exit(8);
	if (SANITIZED)
		setenv("KEYMUSTER_SANDBOX", "off", 1);
	if (mkdir(archive, 0700) != 0 || !sandbox_enter(SANDBOX_CORE, dirs, &e))
		_exit(2);
	for (int turn = 0; turn < SANDBOX_TURNS; turn++) {
		if (!s->table->begin(s, &e))
			_exit(3);
		for (int i = 0; i < SANDBOX_ROWS; i++) {
			struct row_cert c = sample_cert(turn * SANDBOX_ROWS + i);
			struct row_request r = sample_request(turn * SANDBOX_ROWS + i);
			bool gives_up = i % 10 == 9;
			int64_t n;

			if (!s->table->savepoint(s, &e) ||
			    !s->table->cert_intent(s, &c, &n, &e) ||
			    !s->table->request_add(s, &r, &n, &e))
				_exit(4);
			if (gives_up)
				s->table->undo(s);
			else
				s->table->release(s);
		}
		if (!s->table->commit(s, &e))
			_exit(5);
		if (stat(log, &st) != 0)
			_exit(6);
		largest = st.st_size > largest ? st.st_size : largest;
	}
	/* It wrote several times that: so checkpoints happened. */
	if (stat(path, &st) != 0 || st.st_size < 3 * largest) {
		print_message("# log %lld, store %lld octets\n", (long long)largest,
		    (long long)st.st_size);
		_exit(7);
	}
	s->table->close(s);
}

static void
core_s_sandbox_lets_it_work(void **state)
{
	char dir[64], path[96];
	struct store *s;
	struct row_cert c;
	struct err e = {0};
	int64_t pending;

	(void)state;
	if (SANITIZED)
		print_message("# without the sandbox: a sanitizer makes calls of its own\n");
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s = open_at(path); /* the second opener finds no log, as after an orderly end */
	s->table->close(s);
	in_child(works_in_sandbox, path);
	s = open_at(path);
	need(s->table->cert_last(s, &c, &e), &e);
	assert_int_equal(c.intent, SANDBOX_TURNS * SANDBOX_ROWS * 9 / 10);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(pending, c.intent);
	s->table->close(s);
	sample_dir_end(dir);
}

/* tests/unit/data/store-vN.db was written by version N of the schema: what it holds must open
 * for ever. */
static void
version_opens(int version)
{
	char dir[64], path[96];
	const char *data = getenv("TEST_DATA");
	struct blob b = {0};
	struct store *s;
	struct row_cert c;
	struct row_client k;
	struct row_request r;
	struct row_generation g;
	struct err e = {0};
	char from[512];
	FILE *f;
	int ch;

	sample_dir(dir);
	snprintf(
	    from, sizeof(from), "%s/store-v%d.db", data ? data : "tests/unit/data", version);
	f = fopen(from, "re");
	assert_non_null(f);
	while ((ch = getc(f)) != EOF)
		blob_add_byte(&b, (uint8_t)ch);
	fclose(f);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
	fclose(f);
	s = open_at(path);
	need(s->table->generation_get(s, 1, &g, &e), &e);
	assert_string_equal(g.key_label, "ROOTCA");
	assert_string_equal(g.ra_label, version < 3 ? "" : "ROOTCA-RA");
	assert_int_equal(g.ra_intent, version < 3 ? 0 : 2);
	need(s->table->cert_by_serial(s, sample_serial(1), &c, &e), &e);
	assert_int_equal(c.state, CERT_ISSUED);
	view_is(c.body, VIEW("signed in version 1"));
	need(s->table->cert_open(s, 0, &c, &e), &e);
	assert_int_equal(c.intent, 2);
	need(s->table->request_get(s, 1, &r, &e), &e);
	need(s->table->client_get(s, sample_key(1), &k, &e), &e);
	assert_int_equal(k.shadow, version < 3 ? 0 : 9);
	assert_int_equal(k.shadows, version < 3 ? 0 : 2);
	view_is(k.usages, version < 5 ? (struct view){0} : VIEW("usages"));
	assert_int_equal(k.confirmed, version < 6 ? 0 : 7);
	assert_int_equal(g.cancelled_at, version < 4 ? 0 : 77);
	need(s->table->fact_get(s, "name", &b, &e), &e);
	view_is(blob_view(&b), VIEW("ROOTCA"));
	need(audit_verify(s, &e), &e);
	sample_begin(s);
	assert_int_equal(add_cert(s, 3), 3);
	sample_commit(s);
	s->table->close(s);
	blob_free(&b);
	sample_dir_end(dir);
}

static void
every_version_opens(void **state)
{
	(void)state;
	for (int version = 1; version <= SCHEMA_VERSION; version++)
		version_opens(version);
}

/* test_sqlite --make-data FILE writes the file of the present version, for check-in. */
static int
make_data(const char *path)
{
	struct err e = {0};
	struct store *s = open_at(path);
	struct row_generation g = sample_generation(1);
	struct row_client k;

	sample_begin(s);
	need(s->table->fact_put(s, "name", VIEW("ROOTCA"), &e), &e);
	need(s->table->generation_put(s, &g, &e), &e);
	add_cert(s, 1);
	add_cert(s, 2);
	need(s->table->cert_settle(s, 1, VIEW("signed in version 1"), &e), &e);
	need(s->table->cert_revoke(s, 1, 50, 1, &e), &e);
	need(s->table->revoked_add(s, VIEW("entry"), &e), &e);
	add_request(s, 1);
	k = sample_client(1);
	need(s->table->client_put(s, &k, &e), &e);
	need(s->table->audit_add(s, 1, "operator", "grant", "request 1", &e), &e);
	sample_commit(s);
	s->table->close(s);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reopening_keeps),
	    cmocka_unit_test(second_opener_is_refused),
	    cmocka_unit_test(newer_version_is_refused),
	    cmocka_unit_test(unwritable_directory_is_named),
	    cmocka_unit_test(damaged_file_is_refused),
	    cmocka_unit_test(full_disk_is_busy_and_passes),
	    cmocka_unit_test(read_only_disk_is_busy_and_passes),
	    cmocka_unit_test(no_scan_of_certificates),
	    cmocka_unit_test(questions_have_an_index),
	    cmocka_unit_test(failing_undo_loses_the_turn),
	    cmocka_unit_test(core_s_sandbox_lets_it_work),
	    cmocka_unit_test(every_version_opens),
	};

	if (argc == 3 && strcmp(argv[1], "--make-data") == 0)
		return make_data(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
