/* test_tp_odd.c - odd corners of a trustpoint's life. */
#include "tp/tp_int.h"
#include "tp_forge.h"

#define AT(days) (T0 + (days)*DAY)

/* ---- an answer that comes behind the switch ---- */

static enum tp_fetch slow;

static void
over_the_switch(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)f;
	if (asked->fetch != slow || b->w.now < AT(39))
		return;
	b->tamper = NULL;
	bench_wait(b, AT(40)); /* the answer is on its way */
	assert_int_equal(b->noted[TP_NOTED_ACTIVATED], 1);
}

/* It was with the CA that is gone: nobody waits for it any more, and nothing is mixed up. */
static void
late_answers(void **state)
{
	static const struct {
		enum tp_fetch slow;
		size_t authentications; /* that an operator heard the end of */
	} rows[] = {
	    {TP_OPERATION, 0}, {TP_GETCACAPS, 1},
	    {TP_GETCACERT, 1}, /* asked again, and the CA is another one now */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b;

		slow = rows[i].slow;
		bench_open(&b);
		bench_short_lives(&b);
		b.policy.regenerate = true;
		bench_begin(&b);
		bench_wait(&b, AT(39));
		assert_true(tp_facts(b.tp)->have_shadow);
		b.tamper = over_the_switch;
		if (slow == TP_OPERATION)
			bench_command(&b, TP_CMD_ENROLL); /* a renewal under the old CA */
		else
			bench_authenticate(&b, b.fingerprint); /* capabilities follow */
		assert_null(b.tamper);
		assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40));
		bench_wait(&b, AT(81));
		assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 2);
		assert_int_equal(b.noted[TP_NOTED_TROUBLE], slow == TP_GETCACERT);
		assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], rows[i].authentications);
		bench_close(&b);
	}
}

/* ---- an announcement of years ago ---- */

static struct blob old_news;

static void
replay(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (asked->fetch != TP_GETNEXTCACERT || f->status != 200)
		return;
	if (b->noted[TP_NOTED_ACTIVATED] == 0)
		blob_set(&old_news, blob_view(&f->body));
	else if (b->noted[TP_NOTED_TROUBLE] < 2)
		blob_set(&f->body, blob_view(&old_news));
}

/* BAD-149: signed by a CA that we held, once. */
static void
replayed_announcement(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = replay;
	b.because = "not signed by the CA that we hold";
	bench_begin(&b);
	bench_wait(&b, AT(81));
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 2);
	assert_int_equal(b.matched, 2);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 2);
	blob_free(&old_news);
	bench_close(&b);
}

/* ---- an RA that was replaced ---- */

static struct blob new_ra;

static void
ra_cert(struct bench *b, size_t key, size_t issuer, when_t until)
{
	struct cert ca = bench_cert(b, TP_CA);
	struct blob name = {0}, spki = {0};
	uint8_t serial[] = {0x31, (uint8_t)key};
	struct cert_spec s = {
	    .serial = view_of(serial, sizeof(serial)),
	    .issuer = ca.subject,
	    .not_before = T0,
	    .not_after = until,
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	    .path_len = -1,
	    .key_usage = KU_DIGITAL_SIGNATURE,
	};

	if (!name_parse("CN=RA", &name, NULL))
		fail();
	forge_spki(key, &spki);
	s.subject = blob_view(&name);
	s.spki = blob_view(&spki);
	forge_cert(&s, issuer, &new_ra);
	blob_free(&name);
	blob_free(&spki);
}

/* RP-09: replies come by the new RA; GetCACert says so. */
static void
by_new_ra(struct bench *b, const struct tp_effect *asked, struct fetched *got)
{
	struct forgery f;
	struct cert ra;
	struct blob certs = {0};
	struct reader r;
	struct der first;

	if (new_ra.n == 0 || got->status != 200)
		return;
	if (asked->fetch == TP_GETCACERT) {
		blob_set(&certs, bench_cert(b, TP_CA).whole);
		blob_add_view(&certs, blob_view(&new_ra));
		blob_clear(&got->body);
		certs_only_encode(blob_view(&certs), (struct view){0}, &got->body);
		blob_free(&certs);
	}
	if (asked->fetch != TP_OPERATION || tp_facts(b->tp)->have_next_ca ||
	    bench_cert(b, TP_ID).not_before >= AT(24))
		return;
	r = reader_of(blob_view(&new_ra));
	assert_true(der_any(&r, &first, NULL) && cert_decode(first.whole, &ra, NULL));
	forge_begin(b, asked, &f);
	f.signer = STRANGER;
	f.reply.signer_issuer = ra.issuer;
	f.reply.signer_serial = ra.serial;
	forge_seal(&f, &got->body);
}

static const struct {
	const char *sentence;
	size_t issuer;
	when_t until; /* two of them, the other one lives */
	bool believed;
} ras[] = {
    {"an RA that the CA has signed", CA_KEY, AT(40), true},
    {"one that somebody else has signed", STRANGER_2, AT(40), false},
    {"one that has ended", CA_KEY, AT(22), false},
};

static void
another_ra(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ras); i++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.tamper = by_new_ra;
		bench_begin(&b);
		bench_wait(&b, AT(20));
		ra_cert(&b, STRANGER, ras[i].issuer, ras[i].until);
		if (ras[i].until < AT(24)) {
			ra_cert(&b, STRANGER_2, CA_KEY, AT(40));
			bench_authenticate(&b, b.fingerprint);
		}
		bench_wait(&b, AT(26));
		if (ras[i].believed != (b.noted[TP_NOTED_ID] == 2) ||
		    (b.noted[TP_NOTED_TROUBLE] == 1) != ras[i].believed)
			fail_msg("%s: %s", ras[i].sentence, b.complained);
		assert_non_null(strstr(b.complained, "not signed by the CA or its RA"));
		blob_free(&new_ra);
		bench_close(&b);
	}
}

/* ---- GetCACert: who else stands there ---- */

/* BAD-151: the CA that is held is now one above another. Nobody said that this one is to be
 * believed; CA-07: but an operator who knows the root does. */
static void
below_it(struct bench *b, const struct tp_effect *asked, struct fetched *got)
{
	struct cert_spec s;
	struct cert ca;
	struct blob name = {0}, spki = {0}, certs = {0};

	if (asked->fetch != TP_GETCACERT || !tp_facts(b->tp)->authenticated)
		return;
	ca = bench_cert(b, TP_CA);
	if (!name_parse("CN=Below", &name, NULL))
		fail();
	forge_spki(STRANGER, &spki);
	s = (struct cert_spec){
	    .serial = VIEW("\x31\x33"),
	    .issuer = ca.subject,
	    .subject = blob_view(&name),
	    .spki = blob_view(&spki),
	    .not_before = T0,
	    .not_after = AT(40),
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	    .path_len = -1,
	    .is_ca = true,
	    .key_usage = KU_CERT_SIGN,
	};
	blob_set(&certs, ca.whole);
	forge_cert(&s, CA_KEY, &certs);
	blob_clear(&got->body);
	certs_only_encode(blob_view(&certs), (struct view){0}, &got->body);
	blob_free(&name);
	blob_free(&spki);
	blob_free(&certs);
}

static void
authenticated_by_one_above(void **state)
{
	struct bench b;
	struct blob before = {0}, after = {0};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.behind = true;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	b.tamper = below_it;
	bench_shelf(&b, &before);
	bench_authenticate(&b, ""); /* as when an RA is not known */
	bench_shelf(&b, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	assert_non_null(strstr(b.complained, "another CA"));
	assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 0);
	bench_authenticate(&b, b.fingerprint); /* an operator says that he knows the root */
	assert_false(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_CA], 2);
	assert_int_equal(b.ended[TP_CMD_AUTHENTICATE], 1);
	assert_int_equal(bench_cert(&b, TP_CA).key.modulus.n, 256);
	assert_true(view_equal(bench_cert(&b, TP_CA).issuer, bench_cert(&b, TP_ID).issuer));
	blob_free(&before);
	blob_free(&after);
	bench_close(&b);
}

/* ---- capabilities that somebody took away ---- */

static void
less_than_it_can(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (asked->fetch == TP_GETCACAPS && b->asked[TP_GETCACAPS] < 3)
		blob_set(&f->body, VIEW("SHA-1\nDES3\n"));
}

/* CC-11, BAD-150: the keys sign no SHA-1, and what the server can do is asked for again. */
static void
downgrade(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = less_than_it_can;
	bench_begin(&b);
	bench_wait(&b, AT(1));
	assert_int_equal(b.asked[TP_GETCACAPS], 3);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 2);
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.gets, 1 + 3);
	bench_close(&b);
}

/* ---- keys ---- */

static void
label_is_taken(void **state)
{
	struct bench b;
	struct key_job j = {.act = KEY_MAKE, .label = "spoke-1", .kind = KEY_EC, .bits = 256};
	struct key_done d;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	assert_true(keys_submit(b.keys, &j, NULL) && keys_collect(b.keys, &d));
	blob_free(&d.bytes);
	bench_wait(&b, AT(1));
	assert_true(tp_facts(b.tp)->have_id);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 1);
	assert_non_null(strstr(b.complained, "exists"));
	assert_int_equal(b.made, 2);
	bench_close(&b);
}

/* Another size in the configuration: the next certificate has it. */
static void
size_changes(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(1));
	b.policy.key_bits = 3072;
	bench_wait(&b, AT(26));
	assert_int_equal(bench_cert(&b, TP_ID).key.bits, 3072);
	assert_int_equal(b.made, 2);
	assert_int_equal(b.forgot, 1);
	bench_close(&b);
}

/* That of a request that was refused has the wrong size by now: it is not kept. */
static void
size_changes_behind_a_reject(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_GRANT_NONE;
	bench_begin(&b);
	bench_wait(&b, AT(0) + HOUR);
	assert_int_equal(b.noted[TP_NOTED_REJECTED], 1);
	b.policy.key_bits = 3072;
	b.w.policy.mode = CA_AUTO;
	assert_true(world_restart(&b.w, NULL));
	bench_wait(&b, AT(2));
	assert_int_equal(bench_cert(&b, TP_ID).key.bits, 3072);
	assert_int_equal(b.made, 2);
	assert_int_equal(b.forgot, 1);
	bench_close(&b);
}

/* ---- passwords and names ---- */

static void
password_is_set_anew(void **state)
{
	struct bench b;
	struct ca_event ev = {.command = CA_PASSWORD, .minutes = 600};
	char password[64];
	const char *at;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	b.setup.password = "wrong";
	bench_begin(&b);
	b.off = true;
	bench_wait(&b, AT(0) + 10 * MINUTE);
	assert_true(world_command(&b.w, &ev, NULL));
	at = strstr(blob_cstr(&b.w.told), " is ");
	assert_non_null(at);
	(void)snprintf(password, sizeof(password), "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
	b.setup.password = password;
	bench_reopen(&b);
	b.off = false;
	bench_wait(&b, AT(0) + HOUR);
	if (!tp_facts(b.tp)->have_id)
		fail_msg("'%s' of: %s", password, blob_cstr(&b.w.told));
	/* Renewals carry none: they are signed. */
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	bench_close(&b);
}

static void
busy(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b;
	if (asked->fetch == TP_OPERATION)
		f->status = 503;
}

/* What was not answered for good says the new ones too; the server decides what it grants. */
static void
usages_are_set_anew(void **state)
{
	static const uint32_t asked[] = {0, EKU_IPSEC_USER, EKU_CLIENT_AUTH | EKU_CODE_SIGNING};
	struct request r = {0};
	struct bench b;
	struct csr c;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.w.policy.mode = CA_MANUAL;
	b.tamper = busy;
	bench_begin(&b);
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		b.policy.eku = asked[i];
		bench_reopen(&b);
		bench_wait(&b, AT(0) + (when_t)(i + 1) * HOUR);
		assert_true(request_load(b.tp, &r, NULL));
		assert_true(csr_decode(blob_view(&r.csr), &c, NULL));
		assert_int_equal(c.eku, asked[i]);
		request_free(&r);
	}
	b.tamper = NULL;
	for (size_t n = 1; n <= 2; n++) { /* enrolled, renewed */
		bench_wait(&b, AT(26 * n - 25));
		bench_operator(&b, CA_GRANT);
		bench_wait(&b, AT(26 * n - 24));
		assert_int_equal(b.noted[TP_NOTED_ID], n);
		assert_int_equal(bench_cert(&b, TP_ID).eku, EKU_CLIENT_AUTH);
	}
	bench_close(&b);
}

static void
only_alternative_names(void **state)
{
	static const char *const names[] = {"r1.example"};
	struct bench b;
	struct blob san = {0};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	blob_set(&b.subject, VIEW("\x30\x00"));
	san_encode_dns(names, 1, &san);
	b.setup.san = blob_view(&san);
	bench_begin(&b);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	assert_true(view_equal(bench_cert(&b, TP_ID).san, blob_view(&san)));
	blob_free(&san);
	bench_close(&b);
}

/* ---- the shelf ---- */

static struct tp *
open_with(struct bench *b, enum tp_leaf leaf, struct view bytes, struct err *e)
{
	struct tp_change change = {leaf, bytes};
	struct tp_setup s = b->setup;
	struct tp_shelf *copy = tp_shelf_memory();
	struct blob der = {0};
	struct tp *t;

	for (int i = 0; i < TP_LEAVES; i++) {
		struct tp_change same = {(enum tp_leaf)i, {0}};

		blob_clear(&der);
		if (!b->shelf->table->get(b->shelf, same.leaf, &der, NULL))
			continue;
		same.bytes = blob_view(&der);
		assert_true(copy->table->put(copy, &same, 1, NULL));
	}
	blob_free(&der);
	assert_true(copy->table->put(copy, &change, 1, NULL));
	s.shelf = copy;
	t = tp_open(&s, e);
	copy->table->close(copy);
	return t;
}

/* Octets that make no sense are told by name, never taken for nothing. */
static void
nonsense_on_the_shelf(void **state)
{
	static const char *const words[TP_LEAVES] = {[TP_FACTS] = "facts",
	    [TP_CA] = "CA certificate",
	    [TP_ID] = "certificate",
	    [TP_NEXT_CA] = "next CA certificate",
	    [TP_SHADOW] = "next certificate",
	    [TP_REQUEST] = "request"};
	struct bench b;
	struct blob facts = {0};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(39));
	for (int i = 0; i < TP_LEAVES; i++) {
		struct err e = {0};

		assert_null(open_with(&b, (enum tp_leaf)i, VIEW("nonsense"), &e));
		if (strstr(e.text, words[i]) == NULL || strstr(e.text, "no sense") == NULL)
			fail_msg("leaf %d: %s", i, e.text);
	}
	/* one without the one that it needs */
	for (int i = TP_CA; i <= TP_NEXT_CA; i++)
		assert_null(open_with(&b, (enum tp_leaf)i, (struct view){0}, NULL));
	/* no octet of the facts may be cut off or added */
	assert_true(b.shelf->table->get(b.shelf, TP_FACTS, &facts, NULL));
	for (size_t n = 1; n < facts.n; n++)
		assert_null(open_with(&b, TP_FACTS, view_of(facts.p, n), NULL));
	blob_add_byte(&facts, 0);
	assert_null(open_with(&b, TP_FACTS, blob_view(&facts), NULL));
	blob_free(&facts);
	bench_close(&b);
}

/* A trustpoint at rest: what DESIGN.md promises. */
static void
small_at_rest(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	bench_begin(&b);
	bench_wait(&b, AT(39));
	assert_null(b.tp->x);
	assert_true(
	    sizeof(*b.tp) + b.tp->subject.cap + b.tp->san.cap + strlen(b.tp->label) < 700);
	assert_null(b.tp->password);
	bench_close(&b);
}

/* ---- servers of others ---- */

/* As micromdm's scepserver answers: SHA-1, single DES, the name sorted anew. */
static void
as_scepserver(struct bench *b, const struct tp_effect *asked, struct fetched *got)
{
	struct forgery f;

	if (asked->fetch != TP_OPERATION || got->status != 200)
		return;
	b->tamper = NULL;
	forge_begin(b, asked, &f);
	f.reply.digest = HASH_SHA1;
	f.cipher = CIPHER_DES;
	if (!name_parse("O=Cisco,OU=CVO,CN=spoke-1", &f.name, NULL))
		fail();
	f.cert.subject = blob_view(&f.name);
	forge_seal(&f, &got->body);
}

static void
ancient_answers(void **state)
{
	static const struct {
		bool word;
		const char *because;
	} rows[] = {{true, NULL}, {false, "compat ancient"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench b;

		bench_open(&b);
		bench_short_lives(&b);
		b.policy.ancient = rows[i].word;
		b.tamper = as_scepserver;
		bench_begin(&b);
		bench_wait(&b, AT(0) + 1);
		assert_int_equal(b.noted[TP_NOTED_ID], rows[i].word);
		if (rows[i].because != NULL)
			assert_non_null(strstr(b.complained, rows[i].because));
		bench_close(&b);
	}
}

/* A renewal that would be due as it comes is not asked for again and again. */
static void
dated_back(struct bench *b, const struct tp_effect *asked, struct fetched *got)
{
	struct forgery f;

	if (asked->fetch != TP_OPERATION || b->noted[TP_NOTED_ID] == 0)
		return;
	got->status = 200; /* the server knows nothing of what is forged */
	forge_begin(b, asked, &f);
	f.cert.not_before = T0 + b->asked[TP_OPERATION];
	f.cert.not_after = AT(29) + b->asked[TP_OPERATION];
	forge_seal(&f, &got->body);
}

static void
due_as_it_comes(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = dated_back;
	b.because = "due as it comes";
	bench_begin(&b);
	bench_wait(&b, AT(26));
	assert_in_range(b.matched, 3, 14);
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], b.matched);
	assert_int_equal(b.noted[TP_NOTED_ID], b.matched + 1);
	bench_close(&b);
}

/* A server that cannot read what it gets says no more than 500: GetCACert tells who it is. */
static void
ill_on_renewal(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (b->noted[TP_NOTED_ID] == 0 || b->w.now > AT(25))
		return;
	if (asked->fetch == TP_OPERATION)
		f->status = 500;
	else if (asked->fetch == TP_GETCACERT)
		blob_set(&f->body, blob_view(&new_ra));
}

static void
another_ca(void **state)
{
	struct bench b;
	struct blob name = {0}, spki = {0}, ca = {0}, id = {0};
	uint8_t serial[] = {0x55};
	struct cert_spec s = {
	    .serial = view_of(serial, sizeof(serial)),
	    .not_before = T0,
	    .not_after = AT(400),
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	    .is_ca = true,
	    .path_len = -1,
	    .key_usage = KU_CERT_SIGN | KU_DIGITAL_SIGNATURE,
	};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	assert_true(name_parse("CN=RootCA,OU=TAC,O=Cisco", &name, NULL));
	forge_spki(STRANGER, &spki);
	s.issuer = s.subject = blob_view(&name);
	s.spki = blob_view(&spki);
	blob_clear(&new_ra);
	forge_cert(&s, STRANGER, &new_ra);
	b.tamper = ill_on_renewal;
	b.because = "another CA than the one that is held";
	bench_begin(&b);
	bench_wait(&b, AT(24) - 1);
	blob_set(&ca, bench_cert(&b, TP_CA).whole);
	blob_set(&id, bench_cert(&b, TP_ID).whole);
	bench_wait(&b, AT(24) + HOUR);
	assert_true(view_equal(bench_cert(&b, TP_CA).whole, blob_view(&ca)));
	assert_true(view_equal(bench_cert(&b, TP_ID).whole, blob_view(&id)));
	assert_true(b.matched >= 2);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ID], 2);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	blob_free(&name);
	blob_free(&spki);
	blob_free(&ca);
	blob_free(&id);
	blob_free(&new_ra);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(late_answers),
	    cmocka_unit_test(replayed_announcement),
	    cmocka_unit_test(another_ra),
	    cmocka_unit_test(authenticated_by_one_above),
	    cmocka_unit_test(downgrade),
	    cmocka_unit_test(label_is_taken),
	    cmocka_unit_test(size_changes),
	    cmocka_unit_test(size_changes_behind_a_reject),
	    cmocka_unit_test(password_is_set_anew),
	    cmocka_unit_test(usages_are_set_anew),
	    cmocka_unit_test(only_alternative_names),
	    cmocka_unit_test(nonsense_on_the_shelf),
	    cmocka_unit_test(small_at_rest),
	    cmocka_unit_test(ancient_answers),
	    cmocka_unit_test(due_as_it_comes),
	    cmocka_unit_test(another_ca),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
