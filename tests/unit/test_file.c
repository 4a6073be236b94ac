/* test_file.c - files are read, replaced and locked safely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sys.h"

/* The linker leads every fsync() through here (--wrap). */
static int syncs;
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	syncs++;
	return __real_fsync(fd);
}

/* Each test runs in a directory of its own, which is removed behind it. */
static char home[256];

static int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(home, sizeof(home), "%s/test_file.XXXXXX", tmp != NULL ? tmp : "/tmp");
	return mkdtemp(home) != NULL && chdir(home) == 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"f", "f.new", "lock", "dir/f", "dir/lock", "a/b/c",
	    "a/b", "a", "dir", "gone", "full"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)remove(names[i]);
	return chdir("/") == 0 && rmdir(home) == 0 ? 0 : -1;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_replace_and_read(void **state)
{
	struct blob got = {0};
	struct err e = {0};

	(void)state;
	assert_true(file_replace("f", 0640, VIEW("first"), &e));
	assert_int_equal(mode_of("f"), 0640);
	assert_true(file_replace("f", 0600, VIEW("second"), &e));
	assert_int_equal(mode_of("f"), 0600);
	assert_true(file_read("f", 6, &got, &e));
	assert_true(view_equal_str(blob_view(&got), "second"));
	assert_false(file_exists("f.new"));
	assert_true(file_replace("f", 0600, VIEW(""), &e));
	assert_true(file_read("f", 0, &got, &e));
	assert_int_equal(got.n, 0);
	blob_free(&got);
}

static void
test_replace_is_whole_or_nothing(void **state)
{
	struct blob got = {0};
	struct err e = {0};
	int held;

	(void)state;
	assert_true(file_replace("f", 0600, VIEW("old"), &e));
	held = open("f", O_RDONLY | O_CLOEXEC);
	assert_true(file_replace("f", 0600, VIEW("new and longer"), &e));
	char old[8] = "";
	assert_int_equal(
	    read(held, old, sizeof(old)), 3); /* who has it open still reads the old one */
	assert_memory_equal(old, "old", 3);
	close(held);

	/* A crash left half a file beside; somebody planted a link: neither is followed. */
	assert_int_equal(symlink("f", "f.new"), 0);
	assert_true(file_replace("f", 0600, VIEW("newest"), &e));
	assert_true(file_read("f", 100, &got, &e));
	assert_true(view_equal_str(blob_view(&got), "newest"));
	struct stat st;
	assert_int_equal(lstat("f", &st), 0);
	assert_true(S_ISREG(st.st_mode));

	/* Over a directory: refused, and nothing is left beside. */
	assert_true(dir_make("dir", 0700, &e));
	assert_false(file_replace("dir", 0600, VIEW("x"), &e));
	assert_false(file_exists("dir.new"));
	assert_false(file_replace("nowhere/f", 0600, VIEW("x"), &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
	blob_free(&got);
}

static void
test_read_refuses(void **state)
{
	struct blob got = {0};
	struct err e = {0};

	(void)state;
	blob_add_str(&got, "kept");
	assert_false(file_read("f", 100, &got, &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_non_null(strstr(e.text, "'f'"));
	assert_true(file_replace("f", 0600, VIEW("0123456789"), &e));
	assert_false(file_read("f", 9, &got, &e));
	assert_int_equal(e.why, WHY_BAD_INPUT);
	assert_false(file_read(".", 100, &got, &e));
	assert_int_equal(e.why, WHY_IO);
	assert_true(view_equal_str(blob_view(&got), "kept"));
	assert_true(file_read("f", 10, &got, &e));
	assert_int_equal(got.n, 10);
	blob_free(&got);
}

static void
test_read_large(void **state)
{
	struct blob put = {0}, got = {0};

	(void)state;
	uint8_t *p = blob_grow(&put, 300000);
	for (size_t i = 0; i < put.n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	assert_true(file_replace("f", 0600, blob_view(&put), NULL));
	assert_true(file_read("f", 300000, &got, NULL));
	assert_true(view_equal(blob_view(&put), blob_view(&got)));
	blob_free(&put);
	blob_free(&got);
}

static void
test_remove(void **state)
{
	struct err e = {0};

	(void)state;
	assert_true(file_replace("gone", 0600, VIEW("x"), &e));
	syncs = 0;
	assert_true(file_remove("gone", &e));
	assert_false(file_exists("gone"));
	assert_int_equal(syncs, 1);
	assert_true(file_remove("gone", &e)); /* a crash may have come between the two */
	assert_int_equal(syncs, 2);
	assert_true(dir_make("full", 0700, &e));
	assert_false(file_remove("full", &e));
	assert_non_null(strstr(e.text, "cannot remove 'full'"));
	assert_false(file_remove("nowhere/gone", &e));
}

static void
test_dir_make(void **state)
{
	struct err e = {0};

	(void)state;
	syncs = 0;
	assert_true(dir_make("a/b//c/", 0700, &e));
	assert_int_equal(syncs, 3); /* one a parent that got a new name */
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_true(dir_make("a/b/c", 0700, &e));
	assert_int_equal(syncs, 3);
	assert_true(dir_make("/", 0700, &e) || geteuid() != 0);
	assert_true(file_replace("f", 0600, VIEW("x"), &e));
	assert_false(dir_make("f", 0700, &e));
	assert_non_null(strstr(e.text, "no directory"));
	assert_false(dir_make("f/g", 0700, &e));
	assert_false(dir_make("", 0700, &e));
}

/* As a user without rights, in a child, since root may write anywhere. */
static void
test_dir_make_unwritable(void **state)
{
	int status;

	(void)state;
	assert_true(dir_make("a", 0755, NULL));
	assert_int_equal(chmod(home, 0755), 0);
	assert_int_equal(chmod("a", 0555), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e = {0};
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(2);
		_exit(
		    !dir_make("a", 0700, &e) && strstr(e.text, "not writable") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_dir_lock(void **state)
{
	struct err e = {0};
	int fd = -1, second = -1, status;
	char pid[16];

	(void)state;
	assert_true(dir_make("dir", 0700, NULL));
	assert_true(dir_lock("dir", &fd, &e));
	assert_false(dir_lock("dir", &second, &e));
	assert_int_equal(e.why, WHY_BUSY);
	snprintf(pid, sizeof(pid), " %d", (int)getpid());
	assert_non_null(strstr(e.text, pid)); /* names the holder */
	close(fd);

	/* Held by a process that ends without a word: free again. */
	pid_t child = fork();
	if (child == 0)
		_exit(dir_lock("dir", &fd, NULL) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(dir_lock("dir", &fd, &e));
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
	assert_false(dir_lock("nowhere", &fd, &e));
	assert_int_equal(e.why, WHY_NOT_FOUND);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_replace_and_read, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_replace_is_whole_or_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_read_refuses, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_read_large, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_remove, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dir_make, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dir_make_unwritable, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dir_lock, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
