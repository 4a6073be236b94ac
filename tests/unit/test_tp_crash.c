/* test_tp_crash.c - a trustpoint that dies at every boundary, and goes on. */
#include "tp_bench.h"

#define AT(days) (T0 + (days)*DAY)

/* BAD-159. What it comes to when nobody dies, and must come to whenever somebody does. */
static void
check_end(struct bench *b, int64_t issued_calmly, int64_t *issued)
{
	struct cert ca = bench_cert(b, TP_CA), id = bench_cert(b, TP_ID);
	int64_t revoked;

	assert_int_equal(ca.not_before, AT(40));
	assert_int_equal(id.not_before, AT(40));
	assert_false(bench_has(b, TP_NEXT_CA) || bench_has(b, TP_SHADOW));
	assert_false(bench_has(b, TP_REQUEST));
	if (b->noted[TP_NOTED_TROUBLE] != 0 && b->put_fails_at == 0)
		fail_msg("trouble: %s", b->said);
	assert_true(b->w.store->table->cert_count(b->w.store, issued, &revoked, NULL));
	if (issued_calmly != 0) /* the same request, the same certificate */
		assert_int_equal(*issued, issued_calmly);
	assert_int_equal(revoked, 0);
}

/* The identity and all else that is on the shelf lets it live on: to the next renewal. */
static int
live(int crash_at, bool regenerate, int64_t issued_calmly, int64_t *issued)
{
	struct bench b;
	int boundaries;

	bench_open(&b);
	bench_short_lives(&b);
	b.policy.regenerate = regenerate;
	b.crash_at = crash_at;
	bench_begin(&b);
	bench_wait(&b, AT(41));
	check_end(&b, issued_calmly, issued);
	boundaries = b.boundary;
	if (regenerate && crash_at > 0)
		assert_true(b.made <= 5 && b.forgot <= 3);
	assert_int_equal(b.life, crash_at > 0 && crash_at <= boundaries);
	bench_wait(&b, AT(66)); /* a renewal, by the key that it says it has */
	if (b.noted[TP_NOTED_TROUBLE] != 0)
		fail_msg("trouble later: %s", b.said);
	bench_close(&b);
	return boundaries;
}

static void
dies_everywhere(bool regenerate)
{
	int64_t calmly, issued;
	int boundaries = live(0, regenerate, 0, &calmly);

	print_message("# %d boundaries, %ld certificates\n", boundaries, (long)calmly);
	assert_true(boundaries > 30);
	for (int at = 1; at <= boundaries; at++) {
		(void)live(at, regenerate, calmly, &issued);
	}
}

static void
one_key(void **state)
{
	(void)state;
	dies_everywhere(false);
}

static void
new_keys(void **state)
{
	(void)state;
	dies_everywhere(true);
}

/* A full disk: nothing has happened, and all of it happens later, the switch included. */
static void
full_disk(void **state)
{
	int puts = 1;
	int64_t calmly = 0, issued;

	(void)state;
	for (int at = 0; at <= puts; at++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.policy.regenerate = true;
		b.put_fails_at = at;
		b.put_fails = at == 0 ? 0 : 5;
		bench_begin(&b);
		bench_wait(&b, AT(41));
		check_end(&b, calmly, &issued);
		assert_int_equal(b.put_fails, 0);
		puts = at == 0 ? b.puts : puts;
		calmly = issued;
		bench_close(&b);
	}
	assert_true(puts > 8);
}

/* ---- everything at once ---- */

#define HEARD 64

static struct {
	uint64_t state;
	struct blob heard[HEARD]; /* answers of before, to be said again */
	size_t n;
} soup;

static uint64_t
roll(uint64_t sides)
{
	soup.state ^= soup.state << 13;
	soup.state ^= soup.state >> 7;
	soup.state ^= soup.state << 17;
	return soup.state % sides;
}

static void
spoil(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)asked;
	if (roll(6) == 0)
		b->crash_at = b->boundary + 1 + (int)roll(4);
	if (f->body.n > 0 && roll(4) == 0)
		blob_set(&soup.heard[soup.n++ % HEARD], blob_view(&f->body));
	switch (roll(6)) {
	case 0:
		f->status = 0;
		break;
	case 1:
		f->status = 503;
		f->retry_after = (int)roll(100000);
		break;
	case 2:
		if (f->body.n > 0)
			f->body.p[roll(f->body.n)] ^= (uint8_t)(1 + roll(255));
		break;
	case 3:
		f->body.n = roll(f->body.n + 1);
		break;
	case 4:
		blob_set(&f->body, blob_view(&soup.heard[roll(HEARD)]));
		f->status = 200;
		break;
	default:
		break;
	}
}

/* Spoiled and replayed answers, deaths and full disks, over two generations: what is held is
 * always whole (see check_chains), and once it is calm all is well. */
static void
all_at_once(void **state)
{
	size_t deaths = 0, troubles = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct bench b;

		soup.state = seed * 0x9e3779b97f4a7c15;
		soup.n = 0;
		bench_open(&b);
		bench_short_lives(&b);
		b.behind = true;
		b.policy.regenerate = seed % 2 == 0;
		b.tamper = spoil;
		bench_begin(&b);
		for (int day = 3; day <= 90; day += 3) {
			b.put_fails = roll(4) == 0 ? 1 + (int)roll(3) : 0;
			bench_wait(&b, AT(day));
		}
		b.put_fails = 0;
		b.tamper = NULL;
		bench_wait(&b, AT(100));
		if (!tp_facts(b.tp)->have_id || bench_cert(&b, TP_CA).not_before != AT(80))
			fail_msg("seed %lu: %s", (unsigned long)seed, b.said);
		bench_wait(&b, AT(121));
		if (bench_cert(&b, TP_ID).not_before != AT(120))
			fail_msg("seed %lu, later: %s", (unsigned long)seed, b.said);
		deaths += (size_t)b.life;
		troubles += b.noted[TP_NOTED_TROUBLE];
		for (size_t i = 0; i < HEARD; i++)
			blob_clear(&soup.heard[i]);
		bench_close(&b);
	}
	for (size_t i = 0; i < HEARD; i++)
		blob_free(&soup.heard[i]);
	print_message("# %zu deaths, %zu troubles\n", deaths, troubles);
	assert_true(deaths > 50 && troubles > 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_key),
	    cmocka_unit_test(new_keys),
	    cmocka_unit_test(full_disk),
	    cmocka_unit_test(all_at_once),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
