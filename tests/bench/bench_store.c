/* bench_store.c - time the sqlite store's certificates. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

/*
 * A turn inserts the intents of one group and settles those of the group before, each in a
 * savepoint, as the core does; serials and keys are random. "us CPU" is user and system time
 * for one intent and its settling.
 */
#define TBS_SIZE 900
#define CERT_SIZE 1180

static uint64_t seed = 0x5eed;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const struct err *e)
{
	fprintf(stderr, "bench_store: %s\n", e->text);
	exit(1);
}

static int64_t
intent_add(struct store *s)
{
	static uint8_t body[TBS_SIZE], serial[16], identity[32], subject[60];
	struct err e = {0};
	struct row_cert c = {
	    .generation = 1,
	    .identity = view_of(identity, sizeof(identity)),
	    .subject = view_of(subject, sizeof(subject)),
	    .not_before = 1790000000,
	    .not_after = 1820000000,
	    .made_at = 1790000000,
	    .kind = CERT_INITIAL,
	    .body = view_of(body, sizeof(body)),
	    .request = view_of(identity, sizeof(identity)),
	    .transaction = "00112233445566778899aabbccddeeff00112233",
	    .granted_by = "renewal",
	};
	int64_t intent = 0;

	for (size_t i = 0; i < sizeof(serial); i++)
		serial[i] = (uint8_t)draw();
	memcpy(identity, serial, sizeof(serial));
	c.serial = view_of(serial, sizeof(serial));
	c.key8 = (int64_t)draw();
	if (!s->table->cert_intent(s, &c, &intent, &e))
		die(&e);
	return intent;
}

static void
turn(struct store *s, int group, bool savepoints)
{
	static uint8_t der[CERT_SIZE];
	static int64_t settled;
	struct err e = {0};

	if (!s->table->begin(s, &e))
		die(&e);
	for (int i = 0; i < group; i++) {
		int64_t intent;

		if (savepoints && !s->table->savepoint(s, &e))
			die(&e);
		intent = intent_add(s);
		if (savepoints)
			s->table->release(s);
		if (savepoints && !s->table->savepoint(s, &e))
			die(&e);
		if (settled < intent - group &&
		    !s->table->cert_settle(s, ++settled, view_of(der, sizeof(der)), &e))
			die(&e);
		if (savepoints)
			s->table->release(s);
	}
	if (!s->table->commit(s, &e))
		die(&e);
}

static int
ascending(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static void
measure(struct store *s, int64_t rows, int group, bool savepoints)
{
	int turns = group == 1 ? 4000 : 32000 / group;
	double *took = mem_array(NULL, (size_t)turns, sizeof(*took));
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
	int slow = 0;

	for (int i = 0; i < turns; i++) {
		double start = seconds(CLOCK_MONOTONIC);

		turn(s, group, savepoints);
		took[i] = seconds(CLOCK_MONOTONIC) - start;
		slow += took[i] > 0.010;
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	qsort(took, (size_t)turns, sizeof(*took), ascending);
	printf("%9" PRId64 " %6d %10s %10.0f %8.1f %9.2f %9.2f %9.2f %9d\n", rows, group,
	    savepoints ? "yes" : "no", turns * group / wall, cpu * 1e6 / (turns * group),
	    took[turns / 2] * 1e3, took[turns * 99 / 100] * 1e3, took[turns - 1] * 1e3, slow);
	fflush(stdout);
	free(took);
}

static void
fill(struct store *s, int64_t rows)
{
	int64_t issued, revoked;
	struct err e = {0};

	for (;;) {
		if (!s->table->cert_count(s, &issued, &revoked, &e))
			die(&e);
		if (issued >= rows)
			return;
		turn(s, 2000, false);
	}
}

static void
report_size(struct store *s, const char *path)
{
	int64_t issued, revoked;
	struct stat st;
	struct err e = {0};

	if (!s->table->cert_count(s, &issued, &revoked, &e))
		die(&e);
	if (stat(path, &st) == 0 && issued > 0)
		printf("%" PRId64 " certificates, %.0f octets each in the file\n", issued,
		    (double)st.st_size / (double)issued);
}

int
main(int argc, char **argv)
{
	static const int groups[] = {1, 16, 64};
	int64_t most = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000000;
	const int64_t sizes[] = {0, 10000, most};
	char path[256];
	struct err e = {0};
	struct store *s;
	double start;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_store DIRECTORY [ROWS [SEED]]\n");
		return 2;
	}
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 0) | 1;
	printf("seed %" PRIu64 "; body %d then %d octets\n", seed, TBS_SIZE, CERT_SIZE);
	snprintf(path, sizeof(path), "%s/bench_store.db", argv[1]);
	(void)unlink(path);
	s = store_open_sqlite(path, &e);
	if (!s)
		die(&e);
	printf("%9s %6s %10s %10s %8s %9s %9s %9s %9s\n", "rows", "group", "savepoints",
	    "certs/s", "us CPU", "p50 ms", "p99 ms", "max ms", "over 10ms");
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		fill(s, sizes[i]);
		for (size_t j = 0; j < COUNT_OF(groups); j++)
			measure(s, sizes[i], groups[j], true);
		measure(s, sizes[i], 16, false);
	}
	s->table->close(s);
	start = seconds(CLOCK_MONOTONIC);
	s = store_open_sqlite(path, &e);
	if (!s)
		die(&e);
	printf("opened in %.1f ms\n", (seconds(CLOCK_MONOTONIC) - start) * 1e3);
	report_size(s, path);
	s->table->close(s);
	(void)unlink(path);
	return 0;
}
