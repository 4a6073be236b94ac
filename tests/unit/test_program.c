/* test_program.c - which programs run, and that it is these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/program.h"

#define PATIENCE 20000 /* ms */

static char top[100]; /* a directory of ours alone */

pid_t __real_fork(void);
pid_t __wrap_fork(void);
static const char *swap_from, *swap_to;

/* Between the look at the program and its start. */
pid_t
__wrap_fork(void)
{
	if (swap_from != NULL)
		assert_int_equal(rename(swap_from, swap_to), 0);
	swap_from = NULL;
	return __real_fork();
}

static const char *
place(const char *name)
{
	static char path[4][300];
	static int turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", top, name);
	return out;
}

static void
put(const char *name, mode_t mode, const char *text)
{
	FILE *f = fopen(place(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(place(name), mode), 0);
}

static int
make_top(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(top, sizeof(top), "%.80s/hook.XXXXXX", tmp != NULL ? tmp : "/tmp");
	return mkdtemp(top) == NULL;
}

static int
remove_top(void **state)
{
	static const char *const names[] = {"hook", "other", "open/hook", "open", "sticky/hook",
	    "sticky/own/hook", "sticky/own", "sticky", "link", "broken", "script"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)remove(place(names[i]));
	return rmdir(top);
}

static bool
allowed(const char *name, const char *words, struct err *e)
{
	struct hooks_program p;

	snprintf(p.line, sizeof(p.line), "%s%s", place(name), words);
	return hooks_program_check(&p, e);
}

static void
only_what_nobody_else_can_change(void **state)
{
	static const struct {
		const char *sentence, *name;
		mode_t mode;
		const char *why; /* NULL: it runs */
	} cases[] = {
	    {"for everybody to run", "hook", 0755, NULL},
	    {"for us alone", "hook", 0700, NULL},
	    {"not to be read", "hook", 0111, NULL},
	    {"setuid does not matter", "hook", 04755, NULL},
	    {"written by its group", "hook", 0775, "may be written"},
	    {"written by others", "hook", 0757, "may be written"},
	    {"not executable", "hook", 0644, "is not executable"},
	    {"in a directory that others write", "open/hook", 0755, "may be written"},
	    {"in a sticky one", "sticky/hook", 0755, "may be written"},
	    {"in a directory of ours in a sticky one", "sticky/own/hook", 0755, NULL},
	};
	struct err e = {0};

	(void)state;
	assert_int_equal(mkdir(place("open"), 0755), 0);
	assert_int_equal(chmod(place("open"), 0777), 0);
	assert_int_equal(mkdir(place("sticky"), 0755), 0);
	assert_int_equal(chmod(place("sticky"), 01777), 0);
	assert_int_equal(mkdir(place("sticky/own"), 0755), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(cases[i].name, cases[i].mode, "#!/bin/sh\n");
		if (allowed(cases[i].name, " a b", &e) != (cases[i].why == NULL))
			fail_msg("%s: %s", cases[i].sentence, e.text);
		if (cases[i].why != NULL)
			assert_non_null(strstr(e.text, cases[i].why));
		assert_int_equal(unlink(place(cases[i].name)), 0);
	}
}

static void
only_a_file_by_its_own_name(void **state)
{
	struct err e = {0};

	(void)state;
	put("hook", 0755, "#!/bin/sh\n");
	assert_true(allowed("hook", "", &e));
	assert_int_equal(symlink("hook", place("link")), 0);
	assert_false(allowed("link", "", &e));
	assert_non_null(strstr(e.text, "is a symbolic link"));
	assert_int_equal(unlink(place("link")), 0);
	assert_int_equal(symlink(top, place("link")), 0);
	assert_false(allowed("link/hook", "", &e));
	assert_non_null(strstr(e.text, "is a symbolic link"));
	assert_false(allowed("hook/", "", &e));
	assert_false(allowed("hook/hook", "", &e));
	assert_non_null(strstr(e.text, "is no directory"));
	assert_false(allowed("", "", &e));
	assert_false(allowed("nothing", "", &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_false(hooks_program_check(&(struct hooks_program){"/"}, &e));
	assert_true(allowed("../", "", &e) == false && e.text[0] != 0);
}

static void
another_user_owns_it(void **state)
{
	struct err e = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	put("hook", 0755, "#!/bin/sh\n");
	assert_int_equal(chown(place("hook"), 1, 1), 0);
	assert_false(allowed("hook", "", &e));
	assert_non_null(strstr(e.text, "belongs neither"));
	assert_int_equal(unlink(place("hook")), 0);
}

/* Runs until it ends; what it wrote is in *out. */
static int
run(const char *line, struct blob *out)
{
	struct hooks_program p;
	struct hooks_run r = {
	    .id = 1, .event = HOOKS_ACTIVATE, .env = VIEW("\0\0\0\x0dKEYMUSTER_A=b")};
	struct program got;
	struct err e = {0};
	struct pollfd ends = {.events = POLLIN};
	char text[4096];
	ssize_t n;
	int status;

	snprintf(p.line, sizeof(p.line), "%s", line);
	blob_clear(out);
	if (!program_start(&p, &r, &got, &e)) {
		blob_add_str(out, e.text);
		return -1;
	}
	ends.fd = got.ends;
	assert_int_equal(poll(&ends, 1, PATIENCE), 1);
	assert_int_equal(waitpid(got.pid, &status, 0), got.pid);
	n = read(got.output, text, sizeof(text));
	blob_add(out, text, n > 0 ? (size_t)n : 0);
	(void)close(got.ends);
	(void)close(got.output);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What was looked at runs, whatever has its name by then. */
static void
a_swapped_file_does_not_run(void **state)
{
	struct blob out = {0};
	char from[300], to[300];

	(void)state;
	put("hook", 0755, "#!/bin/sh\necho looked at\n");
	put("other", 0755, "#!/bin/sh\necho swapped in\n");
	snprintf(from, sizeof(from), "%s", place("other"));
	snprintf(to, sizeof(to), "%s", place("hook"));
	swap_from = from;
	swap_to = to;
	assert_int_equal(run(place("hook"), &out), 0);
	assert_string_equal(blob_cstr(&out), "looked at\n");
	assert_int_equal(run(place("hook"), &out), 0);
	assert_string_equal(blob_cstr(&out), "swapped in\n");
	blob_free(&out);
}

static void
what_cannot_be_run_is_said(void **state)
{
	struct blob out = {0};

	(void)state;
	put("broken", 0755,
	    "\x7f"
	    "ELF, but no more");
	assert_int_equal(run(place("broken"), &out), -1);
	assert_string_equal(blob_cstr(&out), "cannot be run: Exec format error");
	put("script", 0755, "#!/nowhere/sh\n");
	assert_int_equal(run(place("script"), &out), -1);
	assert_string_equal(blob_cstr(&out), "cannot be run: No such file or directory");
	blob_free(&out);
}

/* A binary sees three descriptors; the fourth here is how it looks at them. */
static void
words_and_descriptors(void **state)
{
	struct blob out = {0};

	(void)state;
	assert_int_equal(run("/usr/bin/ls  --\t/proc/self/fd ", &out), 2);
	assert_non_null(strstr(blob_cstr(&out), "'activate'")); /* no such file */
	assert_non_null(strstr(blob_cstr(&out), "0\n1\n2\n3\n"));
	assert_null(strstr(blob_cstr(&out), "4\n"));
	blob_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		only_what_nobody_else_can_change, make_top, remove_top),
	    cmocka_unit_test_setup_teardown(only_a_file_by_its_own_name, make_top, remove_top),
	    cmocka_unit_test_setup_teardown(another_user_owns_it, make_top, remove_top),
	    cmocka_unit_test_setup_teardown(a_swapped_file_does_not_run, make_top, remove_top),
	    cmocka_unit_test_setup_teardown(what_cannot_be_run_is_said, make_top, remove_top),
	    cmocka_unit_test(words_and_descriptors),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
