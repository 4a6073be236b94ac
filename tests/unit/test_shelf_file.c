/* test_shelf_file.c - a shelf in one file. */
#include "keys_test.h"

#include <sys/stat.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define OCTETS(s)                                                                              \
	{                                                                                      \
		(const uint8_t *)(s), sizeof(s) - 1                                            \
	}

static char path[512];
static const char *state_dir;

static struct tp_shelf *
shelf_fresh(void)
{
	state_dir = dir_fresh();
	assert_true(dir_make(agent_path(state_dir, "R1", NULL, path), 0755, NULL));
	(void)agent_path(state_dir, "R1", "shelf", path);
	return shelf_file(state_dir, "R1");
}

static bool
put(struct tp_shelf *s, enum tp_leaf leaf, const char *text, struct err *e)
{
	struct tp_change change = {leaf, view_str(text)};

	return s->table->put(s, &change, 1, e);
}

static void
has(struct tp_shelf *s, enum tp_leaf leaf, const char *text)
{
	struct blob b = {0};
	struct err e = {0};

	if (text == NULL) {
		assert_false(s->table->get(s, leaf, &b, &e));
		assert_int_equal(e.why, WHY_NOT_FOUND);
	} else {
		if (!s->table->get(s, leaf, &b, &e))
			fail_msg("%s", e.text);
		assert_string_equal(blob_cstr(&b), text);
	}
	blob_free(&b);
}

static void
leaves_stay(void **state)
{
	struct tp_shelf *s = shelf_fresh();
	const struct tp_change two[] = {{TP_CA, VIEW("a CA")}, {TP_FACTS, VIEW("facts")}};
	struct stat st;

	(void)state;
	for (int leaf = 0; leaf < TP_LEAVES; leaf++)
		has(s, (enum tp_leaf)leaf, NULL); /* no file: nothing on it */
	assert_true(s->table->put(s, two, COUNT_OF(two), NULL));
	assert_true(put(s, TP_REQUEST, "a request", NULL));
	s->table->close(s);
	s = shelf_file(state_dir, "R1"); /* over a restart */
	has(s, TP_CA, "a CA");
	has(s, TP_FACTS, "facts");
	has(s, TP_REQUEST, "a request");
	has(s, TP_ID, NULL);
	assert_true(put(s, TP_REQUEST, "", NULL)); /* taken away */
	has(s, TP_REQUEST, NULL);
	has(s, TP_CA, "a CA");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	s->table->close(s);
}

/* BAD: what a disk may hold is said, never taken for an empty shelf, and never written over. */
static void
garbage(void **state)
{
	static const struct {
		const char *sentence;
		struct view bytes;
		const char *because;
	} cases[] = {
	    {"an empty file", {0}, "no shelf"},
	    {"half a head", OCTETS("KMSH"), "no shelf"},
	    {"another's file", OCTETS("KMSHELF3\0\0\0\0"), "no shelf"},
	    {"half a digest", OCTETS("KMSHELF2\0\0\0\0"), "no shelf"},
	    {"no leaf", OCTETS("KMSHELF1"), "leaf 0 is cut off"},
	    {"a leaf that goes on behind the end", OCTETS("KMSHELF1\0\0\0\2x"),
		"leaf 0 is cut off"},
	    {"a leaf of 4 GiB", OCTETS("KMSHELF1\377\377\377\377"), "leaf 0 is cut off"},
	    {"more than there should be",
		OCTETS("KMSHELF1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x"),
		"1 octets too many"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct tp_shelf *s = shelf_fresh();
		struct blob b = {0}, after = {0};
		struct err e = {0};

		assert_true(file_replace(path, 0600, cases[i].bytes, NULL));
		if (s->table->get(s, TP_CA, &b, &e) || e.why == WHY_NOT_FOUND)
			fail_msg("%s is taken for a shelf", cases[i].sentence);
		if (strstr(e.text, cases[i].because) == NULL)
			fail_msg("%s: %s", cases[i].sentence, e.text);
		assert_false(put(s, TP_CA, "new", NULL));
		assert_true(file_read(path, 100, &after, NULL));
		assert_true(view_equal(blob_view(&after), cases[i].bytes));
		blob_free(&after);
		s->table->close(s);
	}
}

/* It is named, wherever it is, and nothing is written over it. */
static void
an_octet_that_turned(void **state)
{
	struct tp_shelf *s = shelf_fresh();
	struct blob file = {0}, b = {0};
	struct err e;

	(void)state;
	assert_true(put(s, TP_ID, "an identity", NULL));
	assert_true(put(s, TP_FACTS, "facts", NULL));
	assert_true(file_read(path, 1000, &file, NULL));
	for (size_t i = 0; i < 8 * file.n; i++) {
		file.p[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_true(file_replace(path, 0600, blob_view(&file), NULL));
		e = (struct err){0};
		if (s->table->get(s, TP_ID, &b, &e) || e.why == WHY_NOT_FOUND ||
		    put(s, TP_CA, "new", NULL))
			fail_msg("bit %zu is taken as it is", i);
		assert_non_null(strstr(e.text, i < 64 ? "is no shelf" : "is damaged"));
		assert_non_null(strstr(e.text, path));
		file.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	blob_free(&file);
	blob_free(&b);
	s->table->close(s);
}

/* A file of before 2026-12 is read, and has a digest behind the next put. */
static void
without_a_digest(void **state)
{
	static const char old[] = "KMSHELF1\0\0\0\0\0\0\0\0\0\0\0\1x\0\0\0\0\0\0\0\0\0\0\0";
	struct tp_shelf *s = shelf_fresh();
	struct blob file = {0};

	(void)state;
	assert_true(file_replace(path, 0600, view_of((const uint8_t *)old, sizeof(old)), NULL));
	has(s, (enum tp_leaf)2, "x");
	assert_true(put(s, (enum tp_leaf)3, "y", NULL));
	has(s, (enum tp_leaf)2, "x");
	assert_true(file_read(path, 1000, &file, NULL));
	assert_memory_equal(file.p, "KMSHELF2", 8);
	blob_free(&file);
	s->table->close(s);
}

/* What could not be read again is not written. */
static void
too_large(void **state)
{
	struct tp_shelf *s = shelf_fresh();
	struct blob large = {0};
	struct tp_change change;
	struct err e = {0};

	(void)state;
	assert_true(put(s, TP_CA, "a CA", NULL));
	memset(blob_grow(&large, 5 * 1024 * 1024), 'x', 5 * 1024 * 1024);
	change = (struct tp_change){TP_ID, blob_view(&large)};
	assert_false(s->table->put(s, &change, 1, &e));
	assert_int_equal(e.why, WHY_REFUSED);
	has(s, TP_CA, "a CA");
	has(s, TP_ID, NULL);
	large.n = ANSWER_MAX; /* six of the largest answers fit */
	for (int leaf = 0; leaf < TP_LEAVES; leaf++) {
		change = (struct tp_change){(enum tp_leaf)leaf, blob_view(&large)};
		assert_true(s->table->put(s, &change, 1, &e));
	}
	change.bytes = VIEW("small");
	assert_true(s->table->put(s, &change, 1, &e));
	blob_free(&large);
	s->table->close(s);
}

/* A directory that takes no file: nothing has happened. */
static void
disk_says_no(void **state)
{
	struct tp_shelf *s = shelf_fresh();
	char beside[sizeof(path) + 4];

	(void)state;
	assert_true(put(s, TP_CA, "a CA", NULL));
	snprintf(beside, sizeof(beside), "%s.new", path);
	assert_int_equal(mkdir(beside, 0700), 0);
	assert_false(put(s, TP_CA, "another", NULL));
	has(s, TP_CA, "a CA");
	assert_int_equal(rmdir(beside), 0);
	assert_true(put(s, TP_CA, "another", NULL));
	has(s, TP_CA, "another");
	s->table->close(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_stay),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(an_octet_that_turned),
	    cmocka_unit_test(without_a_digest),
	    cmocka_unit_test(too_large),
	    cmocka_unit_test(disk_says_no),
	};

	return cmocka_run_group_tests_name("shelf_file", tests, NULL, NULL);
}
