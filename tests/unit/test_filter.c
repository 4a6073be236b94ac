/* test_filter.c - tests of the words behind the pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "show/filter.h"

#define TEXT "alpha\n one\n two (hex): 5\nbeta\n one\nalphabet\n"

static void
filters(void **state)
{
	static const struct {
		const char *what, *word, *pattern, *out;
	} cases[] = {
	    {"no filter passes all", "", "", TEXT},
	    {"include keeps lines", "include", "alpha", "alpha\nalphabet\n"},
	    {"a pattern is not anchored", "include", "ph", "alpha\nalphabet\n"},
	    {"case counts", "include", "ALPHA", ""},
	    {"brackets are plain", "include", "(hex)", " two (hex): 5\n"},
	    {"^ is the start", "include", "^a", "alpha\nalphabet\n"},
	    {"$ is the end", "include", "ta$", "beta\n"},
	    {"^ and $ together", "include", "^alpha$", "alpha\n"},
	    {"a dot is any character", "include", "^b.ta", "beta\n"},
	    {"an escaped dot is a dot", "include", "^b\\.ta", ""},
	    {"a star repeats", "include", "al*p.*t", "alphabet\n"},
	    {"a star may be none", "include", "^z*beta", "beta\n"},
	    {"a bar is or", "include", "beta|two", " two (hex): 5\nbeta\n"},
	    {"anchors belong to one side of a bar", "include", "^one|^beta", "beta\n"},
	    {"a $ inside is plain", "include", "a$b", ""},
	    {"an empty pattern is everywhere", "include", "", TEXT},
	    {"a star at the start is plain", "include", "*", ""},
	    {"exclude drops lines", "exclude", "a", " one\n two (hex): 5\n one\n"},
	    {"begin starts at the first match", "begin", "beta", "beta\n one\nalphabet\n"},
	    {"begin without a match is nothing", "begin", "nothing", ""},
	    {"count counts", "count", "one", "Number of lines which match regexp = 2\n"},
	    {"count of none", "count", "nothing", "Number of lines which match regexp = 0\n"},
	    {"section prints the whole block of a line", "section", "two",
		"alpha\n one\n two (hex): 5\n"},
	    {"section by its first line", "section", "^beta", "beta\n one\n"},
	    {"the last section", "section", "bet$", "alphabet\n"},
	};

	(void)state;
	/* Pieces of any size give the same. */
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t size = 1; size < sizeof(TEXT); size += 4) {
			struct filter f;
			struct blob out = {0};

			assert_true(filter_open(&f, cases[i].word, cases[i].pattern, NULL));
			for (size_t at = 0; at < sizeof(TEXT) - 1; at += size) {
				size_t left = sizeof(TEXT) - 1 - at,
				       n = left < size ? left : size;

				filter_add(&f, view_of(&TEXT[at], n), n == left, &out);
			}
			if (strcmp(blob_cstr(&out), cases[i].out) != 0)
				fail_msg("%s: got '%s'", cases[i].what, blob_cstr(&out));
			blob_free(&out);
			filter_free(&f);
		}
	}
}

static void
an_unknown_word_is_refused(void **state)
{
	struct filter f;
	struct err e = {0};

	(void)state;
	assert_false(filter_open(&f, "grep", "x", &e));
	assert_int_equal(e.why, WHY_BAD_INPUT);
}

/* Patterns that make a backtracking matcher take for ever. */
static void
no_pattern_takes_long(void **state)
{
	struct filter f;
	struct blob line = {0}, out = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		blob_add_byte(&line, 'a');
	blob_add_byte(&line, '\n');
	assert_true(filter_open(
	    &f, "include", ".*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*a*a*a*a*a*a*a*b$", NULL));
	filter_add(&f, blob_view(&line), true, &out);
	assert_int_equal(out.n, 0);
	blob_free(&line);
	blob_free(&out);
	filter_free(&f);
}

/* Every pattern that the command line can hold fits or is refused. */
static void
long_patterns(void **state)
{
	char pattern[200];
	struct filter f;

	(void)state;
	memset(pattern, 'x', sizeof(pattern));
	pattern[FILTER_ITEMS] = 0;
	assert_true(filter_open(&f, "include", pattern, NULL));
	pattern[FILTER_ITEMS] = 'x';
	pattern[FILTER_ITEMS + 1] = 0;
	assert_false(filter_open(&f, "include", pattern, NULL));
	memset(pattern, '|', sizeof(pattern));
	pattern[FILTER_BRANCHES] = 0;
	assert_false(filter_open(&f, "include", pattern, NULL));
	pattern[FILTER_BRANCHES - 1] = 0;
	assert_true(filter_open(&f, "include", pattern, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filters),
	    cmocka_unit_test(an_unknown_word_is_refused),
	    cmocka_unit_test(no_pattern_takes_long),
	    cmocka_unit_test(long_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
