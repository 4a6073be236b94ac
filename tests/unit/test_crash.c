/* test_crash.c - a killed store comes back whole. */
#include <signal.h>

#include "store_sample.h"

#define GROUP 7

/* What the child announces after each commit: this many groups are durable. */
struct note {
	int64_t groups;
};

/* One group: intents of this group, the certificates of the group before, one audit record. */
static void
child_group(struct store *s, int64_t group)
{
	struct err e = {0};
	struct row_cert c;
	int64_t intent;

	if (!s->table->begin(s, &e))
		_exit(2);
	for (int64_t i = 0; i < GROUP; i++) {
		c = sample_cert(group * GROUP + i);
		if (!s->table->savepoint(s, &e) || !s->table->cert_intent(s, &c, &intent, &e))
			_exit(3);
		s->table->release(s);
		if (group > 0 &&
		    !s->table->cert_settle(s, intent - GROUP, VIEW("a certificate"), &e))
			_exit(4);
	}
	if (!s->table->audit_add(s, group, "child", "commit", "group", &e) ||
	    !s->table->commit(s, &e))
		_exit(5);
}

static void
child_run(const char *path, const char *crash, int out)
{
	struct err e = {0};
	struct store *s;

	setenv("KEYMUSTER_CRASH", crash, 1);
	s = store_open_sqlite(path, &e);
	if (!s)
		_exit(6);
	for (int64_t group = 0; group < 100; group++) {
		struct note n = {group + 1};

		child_group(s, group);
		if (write(out, &n, sizeof(n)) != sizeof(n))
			_exit(7);
	}
	_exit(0); /* the point was never reached */
}

/* Groups found on disk; every one of them must be whole. */
static int64_t
count_whole(const char *path)
{
	struct err e = {0};
	struct store *s = store_open_sqlite(path, &e);
	struct row_cert c;
	struct row_audit r;
	int64_t groups = 0, rows = 0, issued, revoked;

	if (!s)
		fail_msg("%s", e.text);
	while (s->table->audit_next(s, groups, &r, &e))
		groups = r.sequence;
	while (s->table->cert_next(s, rows, &c, &e)) {
		rows = c.intent;
		assert_true(view_equal(c.serial, sample_serial(rows - 1)));
		assert_int_equal(
		    c.state, rows <= (groups - 1) * GROUP ? CERT_ISSUED : CERT_INTENT);
	}
	assert_int_equal(rows, groups * GROUP);
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	assert_int_equal(issued, groups > 0 ? (groups - 1) * GROUP : 0);
	need(audit_verify(s, &e), &e);
	sample_begin(s); /* and it can go on */
	c = sample_cert(rows);
	need(s->table->cert_intent(s, &c, &rows, &e), &e);
	sample_commit(s);
	s->table->close(s);
	return groups;
}

static const struct {
	const char *sentence, *crash;
	int64_t announced, found;
} cases[] = {
    {"killed while making its tables", "store-migrate", 0, 0},
    {"killed before its first commit", "store-before-commit", 0, 0},
    {"killed after its first commit", "store-after-commit", 0, 1},
    {"killed before the 9th commit", "store-before-commit:9", 8, 8},
    {"killed after the 9th commit", "store-after-commit:9", 8, 9},
    {"killed before the 90th commit, checkpoints behind it", "store-before-commit:90", 89, 89},
    {"killed after the 90th commit, checkpoints behind it", "store-after-commit:90", 89, 90},
};

static void
killed_store_is_whole(void **state)
{
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct note n = {0};
		int pipe_fd[2], status = 0;
		pid_t pid;

		print_message("# %s\n", cases[i].sentence);
		snprintf(path, sizeof(path), "%s/%zu.db", dir, i);
		assert_int_equal(pipe(pipe_fd), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(pipe_fd[0]);
			child_run(path, cases[i].crash, pipe_fd[1]);
		}
		close(pipe_fd[1]);
		while (read(pipe_fd[0], &n, sizeof(n)) == sizeof(n))
			;
		close(pipe_fd[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_int_equal(n.groups, cases[i].announced);
		assert_int_equal(count_whole(path), cases[i].found);
	}
	sample_dir_end(dir);
}

/* Killed from outside at no chosen place: what was announced is there, at most one group more.
 */
static void
killed_anywhere_is_whole(void **state)
{
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	for (int i = 0; i < 20; i++) {
		struct note n = {0};
		int pipe_fd[2], status = 0;
		int64_t found;
		pid_t pid;

		snprintf(path, sizeof(path), "%s/any%d.db", dir, i);
		assert_int_equal(pipe(pipe_fd), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			close(pipe_fd[0]);
			child_run(path, "nowhere", pipe_fd[1]);
		}
		close(pipe_fd[1]);
		for (int64_t k = 0; k <= i * 4; k++)
			if (read(pipe_fd[0], &n, sizeof(n)) != sizeof(n))
				break;
		kill(pid, SIGKILL);
		while (read(pipe_fd[0], &n, sizeof(n)) == sizeof(n))
			;
		close(pipe_fd[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		found = count_whole(path);
		assert_true(found == n.groups || found == n.groups + 1);
	}
	sample_dir_end(dir);
}

/* The setting names one point: another that begins alike is passed. */
static void
names_are_whole(void **state)
{
	(void)state;
	setenv("KEYMUSTER_CRASH", "store-before-commit-long", 1);
	crash_point("store-before-commit");
	setenv("KEYMUSTER_CRASH", "store-before-commit:2", 1);
	crash_point("store-before-commit");
	crash_point("store");
	unsetenv("KEYMUSTER_CRASH");
	crash_point("store-before-commit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_store_is_whole),
	    cmocka_unit_test(killed_anywhere_is_whole),
	    cmocka_unit_test(names_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
