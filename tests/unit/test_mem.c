/* test_mem.c - tests of allocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

static void
fresh_memory_is_zero(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4096; n += 13) {
		uint8_t *p = mem_get(n);

		assert_non_null(p);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
		free(p);
	}
}

static void
resizing_keeps_what_was_there(void **state)
{
	uint32_t *p = mem_array(NULL, 4, sizeof(*p));

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		p[i] = i;
	p = mem_array(p, 4000, sizeof(*p));
	p[3999] = 1;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(p[i], i);
	p = mem_resize(p, 0);
	assert_non_null(p);
	free(p);
}

static void
strings_are_copied(void **state)
{
	char text[] = "router.example";
	char *copy = mem_str(text), *empty = mem_str("");

	(void)state;
	text[0] = 'X';
	assert_string_equal(copy, "router.example");
	assert_string_equal(empty, "");
	free(copy);
	free(empty);
}

static void
wiped_memory_is_zero(void **state)
{
	uint8_t p[5] = {1, 2, 3, 4, 5};

	(void)state;
	mem_wipe(NULL, 0);
	mem_wipe(p + 1, 3);
	assert_memory_equal(p, ((uint8_t[]){1, 0, 0, 0, 5}), 5);
}

static void *
too_many(void)
{
	volatile size_t count = SIZE_MAX / 8 + 1;

	return mem_array(NULL, count, 8); /* 0 when it wraps around */
}

static void *
too_much(void)
{
	volatile size_t n = SIZE_MAX / 4;

	return mem_get(n);
}

static void *
too_long(void)
{
	struct blob b = {0};
	volatile size_t n = SIZE_MAX - 1;

	blob_add_str(&b, "some");
	return blob_grow(&b, n);
}

/* A size that cannot be had ends the process; nobody gets a pointer. */
static void
impossible_sizes_end_the_process(void **state)
{
	static void *(*const cases[])(void) = {too_many, too_much, too_long};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
			close(STDERR_FILENO); /* sanitizers have much to say */
			free(cases[i]());
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			fail_msg("case %zu survives", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fresh_memory_is_zero),
	    cmocka_unit_test(resizing_keeps_what_was_there),
	    cmocka_unit_test(strings_are_copied),
	    cmocka_unit_test(wiped_memory_is_zero),
	    cmocka_unit_test(impossible_sizes_end_the_process),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
