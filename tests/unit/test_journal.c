/* test_journal.c - the signer's log: chained, cut, damaged, turned over. */
#include "keys_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "keys/journal.h"
#include "sys/sys.h"

/* In place of the library's: may fail on directories, as a disk in trouble does. */
static bool directories_fail;

int
fsync(int fd)
{
	struct stat st;

	if (!directories_fail || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

struct seen {
	struct blob text; /* records, each with a '|' behind */
	size_t count;
};

static bool
see(void *arg, struct view record, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	blob_add_view(&s->text, record);
	blob_add_str(&s->text, "|");
	s->count++;
	return true;
}

static struct journal *
open_log(const char *dir, struct seen *s, struct err *e)
{
	struct journal *j = NULL;

	blob_clear(&s->text);
	s->count = 0;
	return journal_open(dir, true, VIEW("start"), see, s, &j, e) ? j : NULL;
}

static void
add(struct journal *j, const char *text)
{
	assert_true(journal_room(j, NULL));
	journal_add(j, view_str(text));
}

static void
read_segment(const char *dir, unsigned n, struct blob *out)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/signer-%08u.log", dir, n);
	assert_true(file_read(path, 1 << 26, out, NULL));
}

static void
write_segment(const char *dir, unsigned n, struct view v)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/signer-%08u.log", dir, n);
	assert_true(file_replace(path, 0600, v, NULL));
}

/* Three commits: one, two and one record. */
static void
sample(const char *dir, struct blob *file)
{
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);

	assert_non_null(j);
	add(j, "first");
	assert_true(journal_commit(j, NULL));
	add(j, "second");
	add(j, "third");
	assert_true(journal_commit(j, NULL));
	assert_true(journal_commit(j, NULL)); /* nothing: writes nothing */
	add(j, "fourth");
	assert_true(journal_commit(j, NULL));
	add(j, "never committed");
	journal_close(j);
	read_segment(dir, 1, file);
	blob_free(&s.text);
}

static void
comes_back_in_order(void **state)
{
	const char *dir = dir_fresh();
	struct blob file = {0};
	struct seen s = {0};
	struct journal *j;
	uint64_t frames = 0;

	(void)state;
	sample(dir, &file);
	j = open_log(dir, &s, NULL);
	assert_non_null(j);
	assert_string_equal(blob_cstr(&s.text), "start|first|second|third|fourth|");
	add(j, "fifth");
	assert_true(journal_commit(j, NULL));
	journal_close(j);
	j = open_log(dir, &s, NULL);
	assert_string_equal(blob_cstr(&s.text), "start|first|second|third|fourth|fifth|");
	journal_close(j);
	assert_true(journal_verify(dir, &frames, NULL));
	assert_int_equal(frames, 5);
	blob_free(&file);
	blob_free(&s.text);
}

/* Cut anywhere behind the first frame: whole frames stay, the rest goes, and the log goes on.
 */
static void
cut_anywhere(void **state)
{
	const char *dir = dir_fresh();
	struct blob file = {0};
	struct seen s = {0};
	size_t first = 0, before = 0, kept[4] = {0};

	(void)state;
	sample(dir, &file);
	assert_true(journal_scan("x", blob_view(&file), true, NULL, NULL, &first, NULL));
	assert_int_equal(first, file.n);
	first = 20 + 32 + 4 + 5 + 32;
	for (size_t n = first; n < file.n; n++) {
		struct err e = {0};
		struct journal *j;

		write_segment(dir, 1, view_of(file.p, n));
		j = open_log(dir, &s, &e);
		if (j == NULL)
			fail_msg("cut at %zu: %s", n, e.text);
		assert_true(s.count == 1 || s.count == 2 ||
			    s.count == 4); /* a batch is there or it is not */
		kept[s.count == 4 ? 3 : s.count]++;
		assert_true(s.count >= before);
		before = s.count;
		add(j, "after");
		assert_true(journal_commit(j, &e));
		journal_close(j);
		j = open_log(dir, &s, &e);
		assert_non_null(j);
		assert_int_equal(s.count, before + 1);
		journal_close(j);
	}
	assert_true(kept[1] > 0 && kept[2] > 0 && kept[3] > 0);
	for (size_t n = 0; n < first;
	     n++) { /* the first frame is written with the name: it is never cut */
		write_segment(dir, 1, view_of(file.p, n));
		assert_null(open_log(dir, &s, NULL));
	}
	blob_free(&file);
	blob_free(&s.text);
}

/* Any octet flipped: refused, with file and offset. */
static void
flip_anywhere(void **state)
{
	const char *dir = dir_fresh();
	struct blob file = {0};
	struct seen s = {0};

	(void)state;
	sample(dir, &file);
	for (size_t i = 0; i < file.n; i++) {
		struct err e = {0};

		file.p[i] ^= 0x40;
		write_segment(dir, 1, blob_view(&file));
		if (open_log(dir, &s, &e) != NULL)
			fail_msg("octet %zu flipped, and opened", i);
		assert_non_null(strstr(e.text, "signer-00000001.log"));
		assert_non_null(strstr(e.text, "offset"));
		file.p[i] ^= 0x40;
	}
	blob_free(&file);
	blob_free(&s.text);
}

/* Zeros behind the last frame, or in place of it: the file system had not written yet. */
static void
zeros_at_the_end(void **state)
{
	const char *dir = dir_fresh();
	struct blob file = {0};
	struct seen s = {0};
	struct journal *j;
	size_t n;

	(void)state;
	sample(dir, &file);
	n = file.n;
	memset(blob_grow(&file, 5000), 0, 5000);
	write_segment(dir, 1, blob_view(&file));
	j = open_log(dir, &s, NULL);
	assert_non_null(j);
	assert_int_equal(s.count, 5);
	journal_close(j);
	memset(file.p + n - 32, 0, 32); /* the chain of the last frame never arrived */
	write_segment(dir, 1, view_of(file.p, n));
	j = open_log(dir, &s, NULL);
	assert_non_null(j);
	assert_int_equal(s.count, 4);
	journal_close(j);
	blob_free(&file);
	blob_free(&s.text);
}

/* A frame taken out, or two swapped. */
static void
missing_and_swapped(void **state)
{
	const char *dir = dir_fresh();
	struct blob file = {0}, other = {0};
	struct seen s = {0};
	const size_t first = 20 + 32 + 9 + 32, second = 20 + 9 + 32, third = 20 + 10 + 9 + 32;

	(void)state;
	sample(dir, &file);
	blob_add(&other, file.p, first);
	blob_add(&other, file.p + first + second, file.n - first - second);
	write_segment(dir, 1, blob_view(&other));
	assert_null(open_log(dir, &s, NULL));
	blob_clear(&other);
	blob_add(&other, file.p, first);
	blob_add(&other, file.p + first + second, third);
	blob_add(&other, file.p + first, second);
	blob_add(&other, file.p + first + second + third, file.n - first - second - third);
	write_segment(dir, 1, blob_view(&other));
	assert_null(open_log(dir, &s, NULL));
	blob_free(&file);
	blob_free(&other);
	blob_free(&s.text);
}

/* A new segment opens with what it is told; a start reads nothing else; the links hold it all
 * together. */
static void
turns_over(void **state)
{
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	struct blob file = {0};
	struct err e = {0};
	uint64_t frames = 0;

	(void)state;
	add(j, "old");
	assert_true(journal_turn(j, VIEW("everything so far"), &e));
	add(j, "new");
	assert_true(journal_commit(j, &e));
	journal_close(j);
	j = open_log(dir, &s, &e);
	assert_non_null(j);
	assert_string_equal(blob_cstr(&s.text), "everything so far|new|");
	journal_close(j);
	assert_true(journal_verify(dir, &frames, &e));
	assert_int_equal(frames, 4);
	read_segment(dir, 1, &file);
	write_segment(dir, 1, view_of(file.p, file.n - 20 - 7 - 32)); /* history shortened */
	assert_false(journal_verify(dir, &frames, &e));
	write_segment(dir, 1, blob_view(&file));
	assert_true(journal_verify(dir, &frames, &e));
	blob_free(&file);
	blob_free(&s.text);
}

/*
 * The new segment has its name, but the turn failed: the next start reads it, so nothing may be
 * written to the old one any more.
 */
static void
failed_turn_ends_it(void **state)
{
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	struct err e = {0};

	(void)state;
	add(j, "intent 1");
	assert_true(journal_commit(j, &e));
	directories_fail = true;
	assert_false(journal_turn(j, VIEW("saved"), &e));
	directories_fail = false;
	assert_true(journal_broken(j));
	assert_false(journal_room(j, &e));
	journal_add(j, VIEW("intent 2"));
	assert_false(journal_commit(j, &e));
	journal_close(j);
	j = open_log(dir, &s, &e);
	assert_non_null(j);
	assert_string_equal(blob_cstr(&s.text), "saved|");
	journal_close(j);
	blob_free(&s.text);
}

/* A turn that failed before the name was there costs nothing. */
static void
failed_turn_may_be_repeated(void **state)
{
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	struct rlimit small = {150, RLIM_INFINITY}, before;
	struct err e = {0};
	char saved[200] = {'x'};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(journal_turn(j, view_of(saved, sizeof(saved)), &e));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(journal_broken(j));
	add(j, "goes on");
	assert_true(journal_commit(j, &e));
	assert_true(journal_turn(j, VIEW("saved"), &e));
	journal_close(j);
	j = open_log(dir, &s, &e);
	assert_string_equal(blob_cstr(&s.text), "saved|");
	journal_close(j);
	blob_free(&s.text);
}

/* What no start would read is not written. */
static void
segment_too_long(void **state)
{
	const size_t n = 256 * 1024 * 1024;
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	uint8_t *huge = calloc(1, n);
	struct err e = {0};

	(void)state;
	assert_non_null(huge);
	assert_false(journal_turn(j, view_of(huge, n), &e));
	assert_non_null(strstr(e.text, "limit"));
	assert_false(journal_broken(j));
	add(j, "goes on");
	assert_true(journal_commit(j, &e));
	journal_close(j);
	j = open_log(dir, &s, &e);
	assert_non_null(j);
	assert_string_equal(blob_cstr(&s.text), "start|goes on|");
	journal_close(j);
	free(huge);
	blob_free(&s.text);
}

/*
 * Power went while the last batch, many sectors long, was on its way to the disk: any sectors
 * of it may be missing, the first and the last too. Its batch goes, for nothing of it has left.
 * With a frame behind it, the batch was durable once: that is damage.
 */
static void
hole_in_the_last_batch(void **state)
{
	enum { SECTOR = 512 };
	const char *dir = dir_fresh();
	struct blob file = {0}, holed = {0};
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	char record[100];
	struct err e = {0};
	size_t begin, end;

	(void)state;
	memset(record, 'r', sizeof(record) - 1);
	record[sizeof(record) - 1] = 0;
	for (int i = 0; i < 20; i++)
		add(j, record);
	assert_true(journal_commit(j, &e));
	read_segment(dir, 1, &file);
	begin = file.n;
	for (int i = 0; i < 40; i++)
		add(j, record);
	assert_true(journal_commit(j, &e));
	read_segment(dir, 1, &file);
	end = file.n;
	add(j, "the next batch");
	assert_true(journal_commit(j, &e));
	journal_close(j);
	read_segment(dir, 1, &file);
	for (size_t at = begin / SECTOR * SECTOR; at < end; at += SECTOR) {
		size_t from = at < begin ? begin : at,
		       to = at + SECTOR < end ? at + SECTOR : end;

		blob_set(&holed, blob_view(&file));
		memset(holed.p + from, 0, to - from);
		write_segment(dir, 1, view_of(holed.p, end));
		j = open_log(dir, &s, &e);
		if (j == NULL)
			fail_msg("zeros from %zu to %zu: %s", from, to, e.text);
		assert_int_equal(s.count, 21);
		add(j, "after");
		assert_true(journal_commit(j, &e));
		journal_close(j);
		write_segment(dir, 1, blob_view(&holed));
		assert_null(open_log(dir, &s, &e));
		holed.p[from + 3] =
		    1; /* no sector is missing: this was written so, or changed */
		write_segment(dir, 1, view_of(holed.p, end));
		if (to - from == SECTOR)
			assert_null(open_log(dir, &s, &e));
	}
	blob_free(&file);
	blob_free(&holed);
	blob_free(&s.text);
}

/* The same wherever a frame begins and ends: of its first sector, and of its last, an octet may
 * be all that belongs to it. */
static void
hole_at_any_offset(void **state)
{
	enum { SECTOR = 512, FRAMES = 128 };
	const char *dir = dir_fresh();
	struct blob file = {0}, holed = {0};
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	char record[SECTOR + 9 - 56 + 1]; /* a frame is nine octets longer than a sector */
	struct err e = {0};
	size_t begin, whole;

	(void)state;
	memset(record, 'r', sizeof(record) - 1);
	record[sizeof(record) - 1] = 0;
	read_segment(dir, 1, &file);
	for (int i = 0; i < FRAMES; i++) {
		begin = file.n;
		add(j, record);
		assert_true(journal_commit(j, &e));
		read_segment(dir, 1, &file);
		assert_int_equal(file.n - begin, SECTOR + 9);
		for (size_t at = begin, to; at < file.n; at = to) {
			to = (at / SECTOR + 1) * SECTOR;
			to = to < file.n ? to : file.n;
			blob_set(&holed, blob_view(&file));
			memset(holed.p + at, 0, to - at);
			if (!journal_scan(
				"log", blob_view(&holed), true, NULL, NULL, &whole, &e))
				fail_msg("zeros from %zu to %zu: %s", at, to, e.text);
			assert_int_equal(whole, begin);
		}
	}
	journal_close(j);
	blob_free(&file);
	blob_free(&holed);
	blob_free(&s.text);
}

/* A full segment, the most that a start ever reads: well under 100 ms. */
static void
start_is_quick(void **state)
{
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	char record[80];
	struct timespec a, b;
	double ms;
	size_t n = 0;

	(void)state;
	memset(record, 'x', sizeof(record) - 1);
	record[sizeof(record) - 1] = 0;
	while (!journal_full(j)) {
		for (int i = 0; i < 4000; i++, n++)
			add(j, record);
		assert_true(journal_commit(j, NULL));
	}
	journal_close(j);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	j = open_log(dir, &s, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_non_null(j);
	assert_int_equal(s.count, n + 1);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	print_message("# start with %zu records: %.1f ms\n", n, ms);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(ms < 100);
#endif
	journal_close(j);
	blob_free(&s.text);
}

/* A disk that is full: the commit fails, nothing is half there, and all of it goes with the
 * next one. */
static void
full_disk_passes(void **state)
{
	const char *dir = dir_fresh();
	struct seen s = {0};
	struct journal *j = open_log(dir, &s, NULL);
	struct rlimit small = {150, RLIM_INFINITY}, before;
	struct err e = {0};

	(void)state;
	assert_non_null(j);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	add(j, "a record that is written in part only");
	assert_false(journal_commit(j, &e));
	assert_int_equal(e.why, WHY_BUSY);
	assert_false(journal_commit(j, &e));
	assert_false(journal_broken(j));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	add(j, "two");
	assert_true(journal_commit(j, &e));
	journal_close(j);
	j = open_log(dir, &s, &e);
	assert_non_null(j);
	assert_string_equal(
	    blob_cstr(&s.text), "start|a record that is written in part only|two|");
	journal_close(j);
	blob_free(&s.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_back_in_order),
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(flip_anywhere),
	    cmocka_unit_test(zeros_at_the_end),
	    cmocka_unit_test(missing_and_swapped),
	    cmocka_unit_test(turns_over),
	    cmocka_unit_test(failed_turn_ends_it),
	    cmocka_unit_test(failed_turn_may_be_repeated),
	    cmocka_unit_test(segment_too_long),
	    cmocka_unit_test(hole_in_the_last_batch),
	    cmocka_unit_test(hole_at_any_offset),
	    cmocka_unit_test(start_is_quick),
	    cmocka_unit_test(full_disk_passes),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
