/* bench_list.c - time a revocation list of a million. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ca/ca.h"

/*
 * An authority with a store on disk and keys in memory, turn by turn as core does it; the
 * entries stand in the store already. Printed: turns, the longest of them, and the time from
 * the list being due to its publication. Usage: bench_list DIRECTORY [REVOKED]
 */
#define START 1790000000

static uint64_t seed = 0x5eed;
static struct {
	long turns;
	double longest, cpu, all;
	size_t published; /* octets of the last list */
} seen;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void __attribute__((noreturn)) die(const struct err *e)
{
	fprintf(stderr, "bench_list: %s\n", e->text);
	exit(1);
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
turn(struct ca *ca, struct keys *k, struct ca_event *ev, struct err *e)
{
	const struct ca_event *one = ev;
	struct effects out = {0};
	double began, took, cpu;

	ev->clock_trusted = true;
	began = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	if (ca_turn(ca, &one, 1, START, &out, e) != CA_COMMITTED)
		die(e);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
	took = seconds(CLOCK_MONOTONIC) - began;
	seen.turns++;
	seen.all += took;
	seen.longest = took > seen.longest ? took : seen.longest;
	seen.cpu = cpu > seen.cpu ? cpu : seen.cpu;
	for (size_t i = 0; i < out.n; i++) {
		struct effect *x = &out.list[i];

		if (x->kind == EFFECT_PUBLISH && x->object == OBJECT_CRL)
			seen.published = effect_bytes(x).n;
		if (x->kind != EFFECT_JOB)
			continue;
		x->job.bytes = effect_bytes(x);
		if (!keys_submit(k, &x->job, e))
			die(e);
	}
	effects_free(&out);
}

/* Until nothing is under way and nothing is due. */
static void
settle(struct ca *ca, struct keys *k, struct err *e)
{
	struct key_done done = {0};
	bool more;

	do {
		struct ca_event tick = {.kind = CA_TICK};

		turn(ca, k, &tick, e);
		more = ca_wake(ca) <= START;
		while (keys_collect(k, &done)) {
			struct ca_event ev = {.kind = CA_KEY_DONE, .done = &done};

			turn(ca, k, &ev, e);
			blob_free(&done.bytes);
			more = true;
		}
	} while (more);
}

static struct ca *
authority(struct store *s, struct keys *k, struct err *e)
{
	static const struct ca_policy p = {
	    .name = "ROOTCA",
	    .plan = {1095 * DAY, 365 * DAY, 6 * HOUR, 6 * HOUR, 168 * HOUR},
	    .issuer_name = "CN=RootCA,O=Cisco",
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_label = "ROOTCA",
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	};
	struct ca *ca = NULL;

	if (!s->table->begin(s, e) || (ca = ca_open(&p, s, k, e)) == NULL ||
	    !s->table->commit(s, e))
		die(e);
	return ca;
}

static void
fill(struct store *s, long count, struct err *e)
{
	struct blob entry = {0};

	if (!s->table->begin(s, e))
		die(e);
	for (long i = 0; i < count; i++) {
		uint64_t serial[2] = {draw(), draw()};

		((uint8_t *)serial)[0] = 0x41;
		blob_clear(&entry);
		crl_entry_encode(view_of(serial, sizeof(serial)), START, 0, &entry);
		if (!s->table->revoked_add(s, blob_view(&entry), e))
			die(e);
	}
	blob_free(&entry);
	if (!s->table->fact_put(s, "crl-stale", VIEW("1"), e) || !s->table->commit(s, e))
		die(e);
}

int
main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 1000000;
	char path[512];
	struct err e = {0};
	struct store *s;
	struct keys *k = NULL;
	struct ca *ca;
	double began;

	if (argc < 2 || count < 1) {
		fprintf(stderr, "usage: bench_list DIRECTORY [REVOKED]\n");
		return 2;
	}
	log_open("bench_list", LOG_ERROR);
	(void)mkdir(argv[1], 0700);
	(void)snprintf(path, sizeof(path), "%s/store.db", argv[1]);
	if ((s = store_open_sqlite(path, &e)) == NULL ||
	    (k = keys_open_local(NULL, NULL, 1, &e)) == NULL)
		die(&e);
	ca = authority(s, k, &e);
	settle(ca, k, &e);
	ca_free(ca);
	fill(s, count, &e);
	ca = authority(s, k, &e);
	memset(&seen, 0, sizeof(seen));
	began = seconds(CLOCK_MONOTONIC);
	settle(ca, k, &e);
	printf(
	    "%ld revoked: list of %zu octets in %.2f s, %ld turns of %.1f ms in all, longest "
	    "%.1f ms (%.1f ms of CPU)\n",
	    count, seen.published, seconds(CLOCK_MONOTONIC) - began, seen.turns, seen.all * 1e3,
	    seen.longest * 1e3, seen.cpu * 1e3);
	ca_free(ca);
	keys_close(k);
	s->table->close(s);
	return 0;
}
