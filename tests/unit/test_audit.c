/* test_audit.c - a changed audit record is found. */
#include <sqlite3.h>

#include "store_sample.h"

static void
chain_is_as_documented(void **state)
{
	struct row_audit r = {
	    .sequence = 1, .at = 2, .actor = "ab", .act = "c", .object = "", .hash = {0}};
	static const uint8_t zeros[32];
	uint8_t hash[32], want[32];
	/* previous || sequence || at || sized texts, written out by hand */
	uint8_t record[32 + 8 + 8 + 6 + 5 + 4] = {0};

	(void)state;
	record[39] = 1;
	record[47] = 2;
	memcpy(record + 48, "\0\0\0\2ab\0\0\0\1c\0\0\0\0", 15);
	sha256(view_of(record, sizeof(record)), want);
	audit_hash(view_of(zeros, sizeof(zeros)), &r, hash);
	assert_memory_equal(hash, want, sizeof(want));
}

static const struct {
	const char *sentence, *sql, *word; /* word NULL: the chain holds */
} cases[] = {
    {"an untouched chain holds", "SELECT 1", NULL},
    {"a changed actor is found", "UPDATE audit SET actor = 'mallory' WHERE sequence = 5",
	"record 5 does not fit"},
    {"a changed act is found", "UPDATE audit SET act = 'remove' WHERE sequence = 1",
	"record 1 does not fit"},
    {"a changed object is found", "UPDATE audit SET object = '' WHERE sequence = 10",
	"record 10 does not fit"},
    {"a changed time is found", "UPDATE audit SET at = at + 1 WHERE sequence = 2",
	"record 2 does not fit"},
    {"a flipped hash is found", "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3",
	"record 3 does not fit"},
    {"octets moved from one text to the next are found",
	"UPDATE audit SET actor = actor || 'g', act = 'rant' WHERE sequence = 4",
	"record 4 does not fit"},
    {"a deleted record is found", "DELETE FROM audit WHERE sequence = 4",
	"record 4 is missing"},
    {"a deleted first record is found", "DELETE FROM audit WHERE sequence = 1",
	"record 1 is missing"},
    {"a cut end is found", "DELETE FROM audit WHERE sequence > 8", "record 9 is missing"},
    {"an emptied table is found", "DELETE FROM audit", "record 1 is missing"},
    {"records that changed places are found",
	"UPDATE audit SET sequence = -1 WHERE sequence = 6;"
	"UPDATE audit SET sequence = 6 WHERE sequence = 7;"
	"UPDATE audit SET sequence = 7 WHERE sequence = -1",
	"record 6 does not fit"},
    {"renumbering after a deletion is found",
	"DELETE FROM audit WHERE sequence = 10; "
	"UPDATE audit SET sequence = 10 WHERE sequence = 9;"
	"UPDATE audit SET sequence = 9 WHERE sequence = 8;"
	"UPDATE audit SET sequence = 8 WHERE sequence = 7;"
	"INSERT INTO audit SELECT 7, at, actor, act, object, hash FROM audit WHERE sequence = "
	"6",
	"record 7 does not fit"},
};

static void
tampering_is_found(void **state)
{
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};
		struct store *s;
		sqlite3 *db = NULL;
		bool holds;

		snprintf(path, sizeof(path), "%s/%zu.db", dir, i);
		s = store_open_sqlite(path, &e);
		assert_non_null(s);
		sample_begin(s);
		for (int n = 1; n <= 10; n++)
			need(s->table->audit_add(s, n, "operator", "grant", "request", &e), &e);
		sample_commit(s);
		s->table->close(s);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		s = store_open_sqlite(path, &e);
		assert_non_null(s);
		print_message("# %s\n", cases[i].sentence);
		holds = audit_verify(s, &e);
		assert_int_equal(holds, cases[i].word == NULL);
		if (!holds) {
			assert_int_equal(e.why, WHY_REFUSED);
			if (!strstr(e.text, cases[i].word))
				fail_msg("'%s' instead of '%s'", e.text, cases[i].word);
		}
		s->table->close(s);
	}
	sample_dir_end(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chain_is_as_documented),
	    cmocka_unit_test(tampering_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
