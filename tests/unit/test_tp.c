/* test_tp.c - a trustpoint's life before a real authority. */
#include "tp/tp_int.h"
#include "tp_bench.h"

#define AT(days) (T0 + (days)*DAY)

static void
first_day(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->authenticated);
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_CA], 1);
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 0); /* nobody asked */
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(365));
	assert_false(bench_has(&b, TP_REQUEST));
	bench_close(&b);
}

/* The source document's example: renewal at 80 %, then its end is the CA's; a shadow, and the
 * switch at that end to the second, no earlier (NX-11). */
static void
three_generations(void **state)
{
	struct bench b;
	struct cert ca, id;

	(void)state;
	bench_open(&b);
	bench_begin(&b);
	bench_wait(&b, AT(291));
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	bench_wait(&b, AT(292));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(657));
	bench_wait(&b, AT(729));
	assert_true(tp_facts(b.tp)->have_shadow);
	assert_true(tp_facts(b.tp)->confirmed);
	assert_int_equal(bench_cert(&b, TP_ID).not_after, AT(730));
	assert_int_equal(bench_cert(&b, TP_SHADOW).not_before, AT(730));
	bench_wait(&b, AT(730) - 1);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 0);
	bench_wait(&b, AT(730));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	for (int n = 2; n <= 3; n++) {
		bench_wait(&b, AT(730 * n));
		ca = bench_cert(&b, TP_CA);
		id = bench_cert(&b, TP_ID);
		assert_int_equal(ca.not_before, AT(730 * n));
		assert_int_equal(id.not_before, AT(730 * n));
		assert_true(key_verify(&ca.key, &id.alg, id.tbs, id.signature, NULL));
	}
	assert_int_equal(b.noted[TP_NOTED_TROUBLE] + b.noted[TP_NOTED_BEHIND], 0);
	assert_int_equal(
	    b.gets, b.asked[TP_GETCACERT] + b.asked[TP_GETCACAPS] + b.asked[TP_GETNEXTCACERT]);
	assert_true(b.largest_facts < 256);
	bench_close(&b);
}

/* ---- key pairs that are lost ---- */

static void
short_lives(struct bench *b)
{
	b->w.policy.plan.lifetime_ca = 40 * DAY;
	b->w.policy.plan.lifetime_cert = 30 * DAY;
	b->w.policy.plan.rollover = 12 * DAY;
	b->w.policy.plan.lifetime_crl = 60 * DAY;
}

/* As when somebody restores keys from an old backup. */
static void
lose(struct bench *b, const char *label)
{
	struct key_job j = {.act = KEY_FORGET};
	struct key_done d;

	(void)snprintf(j.label, sizeof(j.label), "%s", label);
	assert_true(keys_submit(b->keys, &j, NULL) && keys_collect(b->keys, &d));
	assert_int_equal(d.why, WHY_NONE);
	blob_free(&d.bytes);
}

static const struct {
	const char *sentence;
	bool regenerate, told, enrols, waits; /* the server lets renewals wait */
	enum tp_leaf leaf;		      /* of which the pair is lost */
	int day, until;
	bool there; /* in the meantime the leaf is */
	/* at the end */
	const char *id;
	size_t ids, shadows, made, strangers, troubles;
} losses[] = {
    {"it renews, and cannot sign the request", false, false, false, false, TP_ID, 20, 26, true,
	"spoke-1#2", 2, 0, 2, 2, 1},
    {"it renews, and cannot sign the message", true, false, false, false, TP_ID, 20, 26, true,
	"spoke-1#2", 2, 0, 2, 2, 1},
    {"the files told it, so it enrols at once", false, true, false, false, TP_ID, 20, 21, true,
	"spoke-1#2", 2, 0, 2, 2, 1},
    {"it asks for its shadow, and cannot", false, false, false, false, TP_ID, 30, 41, true,
	"spoke-1#2", 3, 1, 2, 2, 1},
    {"the shadow's, of its own: another takes over", true, true, false, false, TP_SHADOW, 38,
	41, false, "spoke-1#4", 2, 2, 4, 1, 1},
    {"the shadow's, which is the identity's", false, true, false, false, TP_SHADOW, 38, 41,
	false, "spoke-1#2", 3, 2, 2, 2, 1},
    {"there is a shadow, which takes over", true, true, false, false, TP_ID, 38, 41, true,
	"spoke-1#3", 2, 1, 3, 1, 1},
    {"an operator wants one all the same", true, true, true, false, TP_ID, 38, 39, true,
	"spoke-1#4", 3, 1, 4, 2, 2},
    {"it cannot confirm its shadow", true, false, false, false, TP_ID, 38, 41, true,
	"spoke-1#3", 2, 1, 3, 1, 1},
    {"its renewal waits at the server", true, false, false, true, TP_ID, 25, 27, true,
	"spoke-1#2", 2, 0, 2, 2, 1},
};

/* The signer says that a pair does not exist: another one is made, and until its certificate
 * is there what is held stays, through restarts. */
static void
pair_is_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(losses); i++) {
		struct tp_event ev = {.kind = TP_EV_LOST};
		char label[KEY_LABEL_MAX];
		struct bench b;

		bench_open(&b);
		short_lives(&b);
		b.policy.regenerate = losses[i].regenerate;
		b.w.policy.renewals_wait = losses[i].waits;
		bench_begin(&b);
		bench_wait(&b, AT(losses[i].day));
		tp_key_of(b.tp, losses[i].leaf, label);
		lose(&b, label);
		if (losses[i].told) {
			b.off = true;
			ev.label = label;
			bench_event(&b, &ev);
			bench_event(&b, &ev); /* said twice */
			if (bench_has(&b, losses[i].leaf) != losses[i].there ||
			    !bench_has(&b, TP_ID) ||
			    strstr(b.complained, "is gone: the next") == NULL)
				fail_msg("%s: %s", losses[i].sentence, b.complained);
			bench_reopen(&b);
			if (losses[i].enrols)
				bench_command(&b, TP_CMD_ENROLL);
			b.off = false;
		} else {
			b.tp->record.plan.confirmed = false;
		}
		bench_wait(&b, AT(losses[i].until));
		tp_key_of(b.tp, TP_ID, label);
		if (strcmp(label, losses[i].id) != 0 || b.noted[TP_NOTED_ID] != losses[i].ids ||
		    b.noted[TP_NOTED_SHADOW] != losses[i].shadows || b.made != losses[i].made ||
		    b.signed_as[SIGN_TEMPORARY] != losses[i].strangers ||
		    b.noted[TP_NOTED_TROUBLE] != losses[i].troubles)
			fail_msg("%s: %s, %zu identities, %zu shadows, %zu made, %zu as a "
				 "stranger, %zu troubles, %s",
			    losses[i].sentence, label, b.noted[TP_NOTED_ID],
			    b.noted[TP_NOTED_SHADOW], b.made, b.signed_as[SIGN_TEMPORARY],
			    b.noted[TP_NOTED_TROUBLE], b.complained);
		bench_close(&b);
	}
}

/* Nobody can poll it any more, nor open what would come. */
static void
pair_of_a_request_is_lost(void **state)
{
	char label[KEY_LABEL_MAX];
	struct bench b;

	(void)state;
	bench_open(&b);
	b.w.policy.mode = CA_MANUAL;
	bench_begin(&b);
	bench_wait(&b, T0 + HOUR);
	assert_true(tp_facts(b.tp)->pending);
	lose(&b, "spoke-1");
	bench_wait(&b, AT(2));
	assert_true(tp_facts(b.tp)->pending);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 1);
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(4));
	tp_key_of(b.tp, TP_ID, label);
	assert_string_equal(label, "spoke-1#2");
	assert_int_equal(b.made, 2);
	bench_close(&b);
}

/* An operator enrols, and nobody else. */
static void
pair_is_lost_by_hand(void **state)
{
	struct tp_event ev = {.kind = TP_EV_LOST, .label = "spoke-1"};
	struct bench b;

	(void)state;
	bench_open(&b);
	short_lives(&b);
	b.policy.plan.auto_enroll = false;
	bench_begin(&b);
	bench_command(&b, TP_CMD_ENROLL);
	bench_wait(&b, AT(1));
	lose(&b, "spoke-1");
	bench_event(&b, &ev);
	bench_wait(&b, AT(10));
	assert_true(tp_key_lost(b.tp) && bench_has(&b, TP_ID));
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	bench_command(&b, TP_CMD_ENROLL);
	bench_wait(&b, AT(11));
	assert_false(tp_key_lost(b.tp));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	assert_int_equal(b.signed_as[SIGN_TEMPORARY], 2);
	bench_close(&b);
}

static void
lose_what_it_asks_for(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	char label[KEY_LABEL_MAX];

	(void)f;
	if (asked->fetch != TP_OPERATION)
		return;
	key_label(b->tp, b->tp->record.request_key, label);
	lose(b, label);
}

/* Keys that lose whatever they made: more and more slowly, as any trouble. */
static void
every_pair_is_lost(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.tamper = lose_what_it_asks_for;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	if (b.made < 4 || b.made > 11 || b.made != b.noted[TP_NOTED_TROUBLE])
		fail_msg("%zu pairs, %zu troubles: %s", b.made, b.noted[TP_NOTED_TROUBLE],
		    b.complained);
	assert_int_equal(b.forgot, b.made);
	b.tamper = NULL;
	bench_wait(&b, AT(3));
	assert_true(tp_facts(b.tp)->have_id);
	bench_close(&b);
}

/* ---- for records ---- */

static void
events_come_back(void **state)
{
	struct key_done done = {.id = 7, .why = WHY_BUSY, .text = "later"};
	const struct key_job import = {.path = "R1/import/x", .forms = 2, .password = "secret"};
	const struct tp_event ev = {TP_EV_COMMAND, true, true, &done, 9, 503, 60, VIEW("body"),
	    TP_CMD_IMPORT, "R1#2", "AB:CD", &import};
	struct blob first = {0}, second = {0};
	struct tp_event_kept kept;
	struct reader r;

	(void)state;
	blob_add_str(&done.bytes, "signature");
	tp_event_encode(&ev, &first);
	assert_null(memmem(first.p, first.n, "secret", 6));
	r = reader_of(blob_view(&first));
	assert_true(tp_event_decode(&r, &kept, NULL));
	assert_int_equal(r.n, 0);
	tp_event_encode(tp_event_of(&kept), &second);
	assert_true(view_equal(blob_view(&first), blob_view(&second)));
	assert_true(kept.event.clock_suspect && kept.event.command == TP_CMD_IMPORT);
	assert_string_equal(kept.event.import->path, import.path);
	blob_free(&kept.done.bytes);
	for (size_t n = 0; n < first.n; n++) {
		r = reader_of(view_of(first.p, n));
		assert_false(tp_event_decode(&r, &kept, NULL));
	}
	blob_free(&first);
	blob_free(&second);
	blob_free(&done.bytes);
}

/* All differ; but the last two are as the two before them, for a record has no secrets. */
static void
effects_are_told_apart(void **state)
{
	static const struct key_job sign = {.act = KEY_SIGN, .as = SIGN_REQUEST, .label = "R1"};
	static const struct key_job message = {.act = KEY_SIGN, .as = SIGN_MESSAGE};
	static const struct key_job import = {.act = KEY_IMPORT, .label = "R1", .path = "x"};
	struct tp_effect x[] = {
	    {.kind = TP_EFFECT_NOTE},
	    {.kind = TP_EFFECT_NOTE, .note = TP_NOTED_ID},
	    {.kind = TP_EFFECT_NOTE, .ends = TP_CMD_TAKE},
	    {.kind = TP_EFFECT_NOTE, .id = 1},
	    {.kind = TP_EFFECT_NOTE, .bytes = {(uint8_t *)(uintptr_t) "x", 1, 0}},
	    {.kind = TP_EFFECT_FETCH},
	    {.kind = TP_EFFECT_FETCH, .fetch = TP_OPERATION},
	    {.kind = TP_EFFECT_FETCH, .fetch = TP_OPERATION, .post = true},
	    {.kind = TP_EFFECT_JOB, .job = sign},
	    {.kind = TP_EFFECT_JOB, .job = sign, .bytes = {(uint8_t *)(uintptr_t) "x", 1, 0}},
	    {.kind = TP_EFFECT_JOB, .job = import},
	    {.kind = TP_EFFECT_JOB, .job = message},
	    {.kind = TP_EFFECT_JOB, .job = import},
	    {.kind = TP_EFFECT_JOB,
		.job = message,
		.bytes = {(uint8_t *)(uintptr_t) "x", 1, 0}},
	};
	uint8_t digest[COUNT_OF(x)][32];

	(void)state;
	(void)snprintf(x[12].job.password, sizeof(x[12].job.password), "secret");
	for (size_t i = 0; i < COUNT_OF(x); i++)
		tp_effects_digest(&(struct tp_effects){&x[i], 1, 1}, digest[i]);
	for (size_t i = 0; i < 12; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(digest[i], digest[k], 32);
	assert_memory_equal(digest[10], digest[12], 32);
	assert_memory_equal(digest[11], digest[13], 32);
}

int
main(void)
{
	log_open("test", LOG_ERROR);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_day),
	    cmocka_unit_test(three_generations),
	    cmocka_unit_test(pair_is_lost),
	    cmocka_unit_test(pair_of_a_request_is_lost),
	    cmocka_unit_test(pair_is_lost_by_hand),
	    cmocka_unit_test(every_pair_is_lost),
	    cmocka_unit_test(events_come_back),
	    cmocka_unit_test(effects_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
