/* test_tp_servers.c - a trustpoint before servers of every kind and mood. */
#include "tp_forge.h"

#define AT(days) (T0 + (days)*DAY)

/* ---- what a server can do ---- */

static const struct {
	const char *sentence, *caps;
	enum hash wanted, hash;
	enum cipher cipher;
	bool by_get, no_renewal, no_next;
} kinds[] = {
    {"the whole list", "AES\nGetNextCACert\nPOSTPKIOperation\nRenewal\nSHA-256\n", HASH_SHA256,
	HASH_SHA256, CIPHER_AES128, false, false, false},
    {"IOS: no Renewal, no AES, by GET", "GetNextCACert\r\nSHA-1\r\nSHA-256\r\n", HASH_SHA256,
	HASH_SHA256, CIPHER_DES3, true, true, false},
    {"CC-08: one word for many, in other letters", " scepstandard \n\nRENEWAL\ngetnextcacert",
	HASH_SHA256, HASH_SHA256, CIPHER_AES128, false, false, false},
    {"without GetNextCACert", "SCEPStandard\nRenewal\n", HASH_SHA256, HASH_SHA256,
	CIPHER_AES128, false, false, true},
    {"CC-10: more than the server can do is wanted", "SCEPStandard\nGetNextCACert\n",
	HASH_SHA512, HASH_SHA256, CIPHER_AES128, false, true, false},
    {"SHA-512 is wanted, and there", "AES\nPOSTPKIOperation\nSHA-512\nGetNextCACert\nRenewal",
	HASH_SHA512, HASH_SHA512, CIPHER_AES128, false, false, false},
};

static size_t kind, confirmed;

/* It names the shadow, and nothing else tells the CA that this one has arrived. */
static void
asks_for_shadow(struct bench *b, const struct scep *m)
{
	struct cert shadow = bench_cert(b, TP_SHADOW);
	struct blob plain = {0};
	struct view issuer, serial;
	struct err e = {0};

	forge_open(m, CA_KEY, &plain);
	if (!issuer_and_serial_decode(blob_view(&plain), &issuer, &serial, &e))
		fail_msg("%s", e.text);
	assert_true(view_equal(issuer, shadow.issuer));
	assert_true(view_equal(serial, shadow.serial));
	confirmed++;
	blob_free(&plain);
}

/* What it sends is what the server can read. */
static void
look(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	struct blob scratch = {0}, inner = {0};
	struct scep m;
	struct envelope v;
	enum scep_fail fail;
	struct err e = {0};

	(void)f;
	if (asked->fetch != TP_OPERATION)
		return;
	if (scep_decode(blob_view(&asked->bytes), &scratch, &m, &e) != SCEP_OK ||
	    !envelope_decode(m.content, &inner, &v, &fail, &e))
		fail_msg("%s", e.text);
	assert_int_equal(m.digest, kinds[kind].hash);
	assert_int_equal(v.cipher, kinds[kind].cipher);
	assert_false(m.type == SCEP_RENEWALREQ && kinds[kind].no_renewal);
	assert_false(
	    m.type == SCEP_PKCSREQ && tp_facts(b->tp)->have_id && !kinds[kind].no_renewal);
	blob_free(&scratch);
	if (m.type == SCEP_GETCERT)
		asks_for_shadow(b, &m);
	blob_free(&inner);
}

static void
kinds_of_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct bench b;

		print_message("# %s\n", kinds[i].sentence);
		bench_open(&b);
		bench_short_lives(&b);
		b.caps = kinds[i].caps;
		b.policy.hash = kinds[i].wanted;
		b.tamper = look;
		kind = i;
		confirmed = 0;
		bench_begin(&b);
		bench_wait(&b, AT(39));
		assert_int_equal(b.noted[TP_NOTED_ID], 2);
		assert_int_equal(b.posts == 0, kinds[i].by_get);
		assert_int_equal(tp_facts(b.tp)->caps_next_ca, !kinds[i].no_next);
		/* At SHADOW it asks all the same: the server may be able to by now. */
		assert_true(tp_facts(b.tp)->have_shadow);
		assert_int_equal(confirmed, 1);
		assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
		bench_wait(&b, AT(40));
		assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40));
		bench_close(&b);
	}
}

/* "require SCEPStandard": whatever else a server can do, it is asked for no certificate; once
 * it says the word, it is. */
static void
standard_or_nothing(void **state)
{
	static const char *const others[] = {
	    "AES\nGetNextCACert\nPOSTPKIOperation\nRenewal\nSHA-256\n", "404"};
	struct bench b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		bench_open(&b);
		bench_short_lives(&b);
		b.caps = others[i];
		b.policy.require_standard = true;
		bench_begin(&b);
		bench_wait(&b, AT(1));
		assert_int_equal(b.asked[TP_OPERATION], 0);
		assert_non_null(strstr(b.complained, "does not say SCEPStandard"));
		assert_true(b.asked[TP_GETCACAPS] > 5 && b.asked[TP_GETCACAPS] < 30);
		b.caps = "SCEPStandard\nGetNextCACert\n";
		bench_wait(&b, AT(2));
		assert_true(tp_facts(b.tp)->have_id);
		bench_close(&b);
	}
	bench_open(&b); /* the line comes later */
	bench_short_lives(&b);
	b.caps = others[0];
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->have_id);
	b.policy.require_standard = true;
	bench_reopen(&b);
	bench_wait(&b, AT(29));
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	assert_non_null(strstr(b.complained, "does not say SCEPStandard"));
	bench_close(&b);
}

/* It knows neither GetCACaps nor more than 3DES, SHA-1 and GET: only who lets in such answers
 * gets on with it (CC-09). */
static void
oldest_server(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.caps = "404";
	b.policy.hash = HASH_SHA1;
	b.policy.cipher = CIPHER_DES3;
	b.w.policy.legacy.on = true;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	assert_int_equal(b.posts, 0);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	bench_close(&b);

	bench_open(&b); /* AES and SHA-256 by policy: the keys sign no SHA-1 unless told */
	bench_short_lives(&b);
	b.caps = "404";
	b.w.policy.legacy.on = true;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_int_equal(b.noted[TP_NOTED_ID], 0);
	assert_non_null(strstr(b.complained, "compat ancient"));
	bench_close(&b);
}

/* CA-08: the RA opens messages and signs answers, also before a CA that could do neither. */
static void
behind_an_ra(void **state)
{
	static const enum key_kind ca_kinds[] = {KEY_RSA, KEY_EC};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ca_kinds); i++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.w.policy.key_kind = ca_kinds[i];
		b.w.policy.key_bits = ca_kinds[i] == KEY_EC ? 256 : 2048;
		(void)snprintf(b.w.policy.ra_label, sizeof(b.w.policy.ra_label), "RA");
		b.w.policy.ra_bits = 2048;
		bench_begin(&b);
		for (int n = 1; n <= 3; n++) {
			bench_wait(&b, AT(40 * n) - 1);
			assert_true(tp_facts(b.tp)->have_shadow);
			bench_wait(&b, AT(40 * n));
			assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40 * n));
		}
		assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
		bench_close(&b);
	}
}

/* ---- keys ---- */

static void
keys_that_change(void **state)
{
	(void)state;
	for (int regenerate = 0; regenerate < 2; regenerate++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.policy.regenerate = regenerate != 0;
		bench_begin(&b);
		bench_wait(&b, AT(121)); /* three switches: at 40, 80 and 120 */
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 3);
		assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
		/* one renewal and one shadow a generation */
		assert_int_equal(b.made, regenerate ? 1 + 3 * 2 : 1);
		assert_int_equal(b.forgot, regenerate ? 3 * 2 : 0);
		assert_int_equal(b.signed_as[SIGN_TEMPORARY], 1);
		assert_int_equal(b.signed_as[SIGN_REQUEST], 7);
		bench_close(&b);
	}
}

/* ---- moods ---- */

static void
waits_for_an_operator(void **state)
{
	struct bench b;
	struct blob before = {0}, after = {0};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->pending);
	assert_int_equal(b.noted[TP_NOTED_PENDING], 1);
	assert_true(b.asked[TP_OPERATION] > 5);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 1);
	bench_shelf(&b, &before);
	bench_reopen(&b); /* what is pending is polled, not sent again (PO-10) */
	bench_shelf(&b, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	assert_true(tp_facts(b.tp)->pending);
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(2));
	assert_true(tp_facts(b.tp)->have_id);
	assert_false(tp_facts(b.tp)->pending);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 1);
	bench_wait(&b, AT(41)); /* renewals are granted by the live certificate */
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	blob_free(&before);
	blob_free(&after);
	bench_close(&b);
}

/* Never over: after a reject it asks again, slowly, with a new transaction and the same key. */
static void
asks_again_after_a_reject(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	bench_begin(&b);
	bench_wait(&b, AT(0) + HOUR);
	bench_operator(&b, CA_REJECT);
	bench_wait(&b, AT(0) + 6 * HOUR);
	assert_int_equal(b.noted[TP_NOTED_REJECTED], 1);
	assert_int_equal(tp_plan(b.tp, b.w.now).state, TP_IS_REJECTED);
	bench_wait(&b, AT(2));
	assert_int_equal(b.noted[TP_NOTED_PENDING], 2);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 2);
	assert_int_equal(b.made, 1);
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(3));
	assert_true(tp_facts(b.tp)->have_id);
	bench_close(&b);
}

/* The IOS form stops, until somebody types the command (S69). */
static void
stops_as_ios_does(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.policy.plan.ios_stop_on_reject = true;
	b.w.policy.mode = CA_GRANT_NONE;
	bench_begin(&b);
	bench_wait(&b, AT(5));
	assert_int_equal(b.asked[TP_OPERATION], 1);
	assert_int_equal(tp_plan(b.tp, b.w.now).state, TP_IS_STOPPED);
	b.w.policy.mode = CA_AUTO;
	if (!world_restart(&b.w, NULL))
		fail();
	bench_command(&b, TP_CMD_ENROLL);
	bench_wait(&b, AT(6));
	assert_true(tp_facts(b.tp)->have_id);
	assert_false(tp_facts(b.tp)->enrol_asked);
	bench_close(&b);
}

/* Also what is read: by a proxy's word it would wait for fifteen days. */
static void
come_back_never(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b;
	if (asked->fetch == TP_GETCACAPS)
		*f = (struct fetched){503, INT32_MAX, f->body};
}

static void
read_again_by_command(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.policy.plan.ios_stop_on_reject = true;
	b.tamper = come_back_never;
	bench_begin(&b);
	bench_wait(&b, AT(5));
	assert_int_equal(b.asked[TP_GETCACAPS], 1);
	b.tamper = NULL;
	bench_command(&b, TP_CMD_ENROLL);
	bench_wait(&b, AT(5) + MINUTE);
	assert_int_equal(b.asked[TP_GETCACAPS], 2);
	assert_true(tp_facts(b.tp)->have_id);
	bench_close(&b);
}

/* What the server kept has run out there: a new request, soon. */
static void
forgotten_by_the_server(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	b.w.policy.plan.lifetime_request = DAY;
	bench_begin(&b);
	bench_wait(&b, AT(3));
	assert_true(b.noted[TP_NOTED_PENDING] >= 2);
	assert_int_equal(b.noted[TP_NOTED_REJECTED], 0);
	assert_true(b.signed_as[SIGN_REQUEST] >= 2);
	assert_int_equal(b.made, 1);
	bench_close(&b);
}

static void
out_of_reach(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	b.off = true;
	bench_wait(&b, AT(1));
	assert_false(tp_facts(b.tp)->authenticated);
	assert_int_equal(tp_facts(b.tp)->fetch.answer, ANSWER_NONE);
	assert_true(b.asked[TP_GETCACERT] > 5 && b.asked[TP_GETCACERT] < 30);
	b.off = false;
	bench_wait(&b, AT(2));
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(tp_facts(b.tp)->ask.answer, ANSWER_GOOD);
	b.off = true; /* over the renewal: the same request again and again */
	bench_wait(&b, AT(26) + 12 * HOUR);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 2);
	assert_true(b.signed_as[SIGN_MESSAGE] > 5);
	b.off = false;
	bench_wait(&b, AT(28));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	bench_close(&b);
}

/* ---- late ---- */

/* Both were fetched in time, and nobody was there at the switch: it is made late, at once. */
static void
switches_late(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(39));
	assert_true(tp_facts(b.tp)->have_shadow);
	if (!world_wait(&b.w, AT(45), NULL)) /* the client sleeps */
		fail();
	bench_reopen(&b);
	bench_wait(&b, AT(45));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40));
	bench_wait(&b, AT(81));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 2);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	bench_close(&b);
}

/* The next CA is there, the shadow is not: the CA takes over alone, and who was left behind
 * shows what he had ("grant late"). */
static void
left_behind(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.behind = true;
	b.w.policy.mode = CA_MANUAL;
	b.w.policy.late_auto = true;
	b.w.policy.plan.late = 10 * DAY;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(30));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	b.w.policy.renewals_wait =
	    true; /* the shadow waits for an operator who does not come */
	if (!world_restart(&b.w, NULL))
		fail();
	bench_wait(&b, AT(39));
	assert_true(tp_facts(b.tp)->have_next_ca && tp_facts(b.tp)->pending);
	bench_wait(&b, AT(40));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_false(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_BEHIND], 1);
	assert_true(tp_facts(b.tp)->pending); /* it is for the CA that is active now (PO-07) */
	bench_wait(&b, AT(40) + 5 * MINUTE);
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(40) + 21 * MINUTE); /* nothing serves: it asks often */
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40) + 5 * MINUTE);
	bench_close(&b);
}

/* A first request that waits at the replaced CA is over: the same key asks the new one. */
static void
waits_over_the_switch(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	bench_begin(&b);
	bench_wait(&b, AT(39));
	assert_true(tp_facts(b.tp)->pending && tp_facts(b.tp)->have_next_ca);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_true(tp_facts(b.tp)->pending);
	assert_int_equal(b.made, 1);
	bench_operator(&b, CA_GRANT);
	bench_wait(&b, AT(42));
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_ID], 1);
	assert_int_equal(b.noted[TP_NOTED_BEHIND], 0); /* it had none */
	bench_close(&b);
}

/* Not even a request: off from SHADOW's first answer to behind the switch. */
static void
nobody_heard(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (asked->fetch == TP_OPERATION && b->noted[TP_NOTED_NEXT_CA] == 1 &&
	    b->noted[TP_NOTED_ACTIVATED] == 0)
		*f = (struct fetched){.body = f->body};
}

static void
shows_what_it_had(void **state)
{
	static const struct {
		bool manual, regenerate;
	} cases[] = {{true, false}, {true, true}, {false, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.behind = true;
		b.policy.regenerate = cases[i].regenerate;
		b.w.policy.late_auto = true;
		b.w.policy.plan.late = 10 * DAY;
		bench_begin(&b);
		bench_wait(&b, AT(2));
		b.w.policy.mode = cases[i].manual ? CA_MANUAL : CA_AUTO;
		if (!world_restart(&b.w, NULL))
			fail();
		b.tamper = nobody_heard;
		bench_wait(&b, AT(40) - 1);
		b.off = true;
		bench_wait(&b, AT(41));
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
		assert_false(tp_facts(b.tp)->have_id);
		assert_true(bench_has(&b, TP_ID));
		bench_reopen(&b); /* it remembers that this one was left behind */
		assert_false(tp_facts(b.tp)->have_id);
		b.off = false;
		bench_wait(&b, AT(43));
		assert_true(tp_facts(b.tp)->have_id);
		assert_int_equal(b.signed_as[SIGN_TEMPORARY], 1); /* of the first day */
		b.behind = false;
		bench_wait(&b, AT(81));
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 2);
		assert_int_equal(b.forgot, b.made - 1);
		bench_close(&b);
	}
}

/* By hand, late, a certificate that does not last until the shadow's begin: it is renewed. */
static void
renews_beside_its_shadow(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(38));
	assert_true(tp_facts(b.tp)->have_shadow);
	b.w.policy.plan.lifetime_cert = 6 * HOUR;
	assert_true(world_restart(&b.w, NULL));
	bench_command(&b, TP_CMD_ENROLL);
	bench_wait(&b, AT(38) + HOUR);
	assert_true(tp_facts(b.tp)->id_until < AT(39));
	bench_wait(&b, AT(39) + HOUR);
	assert_true(tp_facts(b.tp)->id_until > AT(39) + HOUR);
	assert_true(tp_facts(b.tp)->have_shadow);
	bench_wait(&b, AT(40) + HOUR);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_true(tp_facts(b.tp)->have_id);
	bench_close(&b);
}

/* What only follows its CA follows it also when the answer was lost; what had ended before that
 * was not to be followed. */
static void
follows_late(void **state)
{
	(void)state;
	for (int follows = 0; follows < 2; follows++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.behind = true;
		b.policy.plan.shadow_only = true;
		b.w.policy.late_auto = true;
		b.w.policy.plan.late = 10 * DAY;
		bench_begin(&b);
		bench_wait(&b, AT(follows ? 20 : 1));
		bench_command(&b, TP_CMD_ENROLL);
		assert_true(tp_facts(b.tp)->have_id);
		b.tamper = nobody_heard;
		bench_wait(&b, AT(40) - 1);
		b.off = true;
		bench_wait(&b, AT(40) + MINUTE);
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
		bench_reopen(&b);
		b.off = false;
		bench_wait(&b, AT(40) + HOUR);
		assert_int_equal(tp_facts(b.tp)->have_id, follows);
		assert_int_equal(b.signed_as[SIGN_TEMPORARY], 1);
		bench_close(&b);
	}
}

/* Refused with what he had, he comes as a stranger, and so in turn. */
static void
in_turn(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.behind = true;
	b.policy.plan.auto_enroll = false;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	bench_command(&b, TP_CMD_ENROLL);
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.signed_as[SIGN_TEMPORARY], 1);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	b.w.policy.mode = CA_GRANT_NONE;
	assert_true(world_restart(&b.w, NULL));
	for (size_t n = 1; n <= 4; n++) {
		bench_command(&b, TP_CMD_ENROLL);
		assert_int_equal(b.noted[TP_NOTED_REJECTED], n);
		assert_int_equal(b.signed_as[SIGN_TEMPORARY], 1 + n / 2);
		assert_int_equal(b.signed_as[SIGN_REQUEST], 1 + n);
	}
	b.w.policy.mode = CA_MANUAL;
	b.w.policy.late_auto = true;
	b.w.policy.plan.late = 10 * DAY;
	assert_true(world_restart(&b.w, NULL));
	bench_command(&b, TP_CMD_ENROLL); /* its turn: the old one */
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.made, 1);
	bench_close(&b);
}

/* ---- clocks ---- */

static void
suspect_clock(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(39));
	b.suspect = true;
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 0);
	assert_int_equal(tp_plan(b.tp, b.w.now).state, TP_IS_FROZEN);
	b.suspect = false;
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	bench_close(&b);
}

static void
clock_lost(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)f;
	b->untrusted = asked->fetch == TP_OPERATION;
}

/* The clock's word is gone when the answer comes: it is not believed, and asked for again. */
static void
untrusted_clock(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = clock_lost;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_int_equal(b.asked[TP_OPERATION], 1);
	assert_false(tp_facts(b.tp)->have_id || tp_facts(b.tp)->busy);
	assert_int_equal(tp_plan(b.tp, b.w.now).state, TP_IS_WITHOUT_CLOCK);
	b.tamper = NULL;
	b.untrusted = false;
	bench_wait(&b, AT(2));
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 1);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	bench_close(&b);
}

/* The client's clock is behind: what is granted begins in its future, and is taken when that
 * has come (RP-04). */
static void
clock_behind(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.skew = -20 * MINUTE;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->have_id);
	assert_true(b.noted[TP_NOTED_TROUBLE] > 0);
	assert_int_equal(b.signed_as[SIGN_REQUEST], 1);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	bench_close(&b);
}

/* ---- operators ---- */

/* CA-05, CA-06: nothing is sent before the CA is known by its fingerprint. */
static void
by_command(void **state)
{
	static const size_t sizes[] = {16, 20, 32};
	static const enum hash hashes[] = {HASH_MD5, HASH_SHA1, HASH_SHA256};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct bench b;
		struct blob text = {0};
		uint8_t digest[HASH_MAX];

		bench_open(&b);
		bench_short_lives(&b);
		b.policy.plan.fingerprint = b.policy.plan.auto_enroll = false;
		b.setup.fingerprint = "";
		bench_begin(&b);
		bench_wait(&b, AT(1));
		assert_int_equal(b.asked[TP_GETCACERT], 0);
		assert_int_equal(tp_plan(b.tp, b.w.now).state, TP_IS_UNAUTHENTICATED);
		bench_authenticate(&b, "00112233 44556677 8899AABB CCDDEEFF");
		assert_int_equal(b.noted[TP_NOTED_TROUBLE], 1);
		assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 1);
		assert_false(bench_has(&b, TP_CA));
		assert_true(hash_bytes(hashes[i], blob_view(&b.w.cacert), digest, NULL));
		for (size_t k = 0; k < sizes[i]; k += 4) {
			hex_add(&text, view_of(digest + k, 4), true);
			blob_add_str(&text, k + 4 < sizes[i] ? " " : "");
		}
		bench_authenticate(&b, blob_cstr(&text));
		assert_true(tp_facts(b.tp)->authenticated);
		bench_wait(&b, AT(2));
		assert_int_equal(b.asked[TP_GETCACAPS], 1);
		assert_int_equal(b.asked[TP_OPERATION], 0);
		bench_command(&b, TP_CMD_ENROLL);
		assert_true(tp_facts(b.tp)->have_id);
		bench_wait(&b, AT(3));
		bench_command(&b, TP_CMD_ENROLL); /* renewal now */
		assert_int_equal(b.noted[TP_NOTED_ID], 2);
		assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(3));
		b.behind = true;
		bench_wait(&b, AT(41)); /* without auto-enroll the next CA alone takes over */
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
		blob_free(&text);
		bench_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kinds_of_servers),
	    cmocka_unit_test(standard_or_nothing),
	    cmocka_unit_test(oldest_server),
	    cmocka_unit_test(behind_an_ra),
	    cmocka_unit_test(keys_that_change),
	    cmocka_unit_test(waits_for_an_operator),
	    cmocka_unit_test(asks_again_after_a_reject),
	    cmocka_unit_test(stops_as_ios_does),
	    cmocka_unit_test(read_again_by_command),
	    cmocka_unit_test(forgotten_by_the_server),
	    cmocka_unit_test(out_of_reach),
	    cmocka_unit_test(switches_late),
	    cmocka_unit_test(left_behind),
	    cmocka_unit_test(waits_over_the_switch),
	    cmocka_unit_test(shows_what_it_had),
	    cmocka_unit_test(renews_beside_its_shadow),
	    cmocka_unit_test(follows_late),
	    cmocka_unit_test(in_turn),
	    cmocka_unit_test(suspect_clock),
	    cmocka_unit_test(untrusted_clock),
	    cmocka_unit_test(clock_behind),
	    cmocka_unit_test(by_command),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
