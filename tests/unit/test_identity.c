/* test_identity.c - facts of a trustpoint become files, links and words to hooks. */
#include "agent_lab.h"

#define LIFE (10 * DAY)
#define END (T0 + 20 * DAY)

/* Enrolled at T0, and the hooks have heard of it. */
static void
enrolled(const char *hook, const char *verify)
{
	lab_open(hook, verify);
	lab_ca(TP_CA, T0, END);
	lab_id(TP_ID, T0, T0 + LIFE);
	lab_at(T0);
	if (hook[0] != 0) {
		lab_hook(HOOKS_ACTIVATE, 0, T0);
		lab_hook(HOOKS_POST_ACTIVATE, 0, T0);
	}
	if (verify[0] != 0)
		lab_hook(HOOKS_VERIFY, 0, T0);
	assert_string_equal(lab_link("active"), "gen-0001");
}

static void
nothing_more(when_t now)
{
	lab_at(now);
	assert_int_equal(lab_told(), HOOKS_EVENTS);
}

/* ---- one after the other ---- */

static void
first_one(void **state)
{
	static const char *const leaves[] = {
	    "cert.pem", "chain.pem", "fullchain.pem", "ca.pem", "key.pem", "info.json"};
	char path[128];

	(void)state;
	lab_open("/hook", "");
	lab_at(T0);
	assert_string_equal(lab_link("active"), "");
	nothing_more(T0); /* nothing is known, and nothing is told */
	lab_ca(TP_CA, T0, END);
	lab_at(T0);
	assert_true(file_exists(lab_path("ca-bundle.pem")));
	assert_string_equal(lab_link("active"), "");
	lab_id(TP_ID, T0, T0 + LIFE);
	lab_hook(HOOKS_ACTIVATE, 0, T0);
	lab_hook(HOOKS_POST_ACTIVATE, 0, T0);
	for (size_t i = 0; i < COUNT_OF(leaves); i++) {
		snprintf(path, sizeof(path), "active/%s", leaves[i]);
		assert_true(file_exists(lab_path(path)));
	}
	nothing_more(T0 + 1);
	lab_again(); /* what was told is on disk */
	nothing_more(T0 + 2);
	assert_string_equal(lab_link("active"), "gen-0001");
	lab_close();
}

/* "export-format": for programs that want one file. */
static void
further_forms(void **state)
{
	(void)state;
	for (uint32_t forms = 0; forms <= (CONF_FORM_PKCS12 | CONF_FORM_HAPROXY); forms += 2) {
		lab_open("", "");
		lab->trustpoint[0].forms = forms;
		lab_ca(TP_CA, T0, END);
		lab_id(TP_ID, T0, T0 + LIFE);
		lab_at(T0);
		assert_true(file_exists(lab_path("active/key.pem")));
		assert_int_equal(file_exists(lab_path("active/identity.p12")),
		    (forms & CONF_FORM_PKCS12) != 0);
		assert_int_equal(file_exists(lab_path("active/combined.pem")),
		    (forms & CONF_FORM_HAPROXY) != 0);
		lab_close();
	}
}

static void
put_off(void **state)
{
	(void)state;
	enrolled("/hook", "");
	lab_id(TP_ID, T0 + 8 * DAY, T0 + 18 * DAY);
	lab_hook(HOOKS_PRE_ACTIVATE, HOOKS_DEFER, T0 + 8 * DAY);
	nothing_more(T0 + 8 * DAY + 59);
	assert_string_equal(lab_link("active"), "gen-0001");
	lab_hook(HOOKS_PRE_ACTIVATE, HOOKS_DEFER, T0 + 8 * DAY + 60);
	nothing_more(T0 + 8 * DAY + 60 + 119); /* it is asked less and less often */
	lab_hook(HOOKS_PRE_ACTIVATE, HOOKS_DEFER, T0 + 8 * DAY + 60 + 120);
	lab_at(T0 + LIFE - 1);
	assert_int_equal(lab_told(), HOOKS_PRE_ACTIVATE); /* and this one never answers */
	assert_string_equal(lab_link("active"), "gen-0001");
	lab_at(T0 + LIFE);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_close();
}

static void
shadowed(void)
{
	lab_ca(TP_NEXT_CA, END, END + 20 * DAY);
	lab_id(TP_SHADOW, END, END + LIFE);
}

/* INV-13: a program that hangs is told of things, it is not asked. */
static void
hook_hangs(void **state)
{
	(void)state;
	enrolled("/hook", "");
	lab_id(TP_ID, T0 + 8 * DAY, END);
	lab_hook(HOOKS_PRE_ACTIVATE, 0, T0 + 8 * DAY);
	lab_hook(HOOKS_ACTIVATE, 0, T0 + 8 * DAY);
	lab_hook(HOOKS_POST_ACTIVATE, 0, T0 + 8 * DAY);
	shadowed();
	lab_hook(HOOKS_NEXT_CA, 0, END - 10);
	assert_int_equal(lab_told(), HOOKS_SHADOW_READY); /* no answer */
	lab_at(END - 1);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_string_equal(lab_link("shadow"), "gen-0003");
	lab_at(END);
	assert_string_equal(lab_link("active"), "gen-0003");
	assert_string_equal(lab_link("shadow"), "");
	lab_ran(lab->run.id, 0); /* now it ends */
	lab_hook(HOOKS_ACTIVATE, 0, END);
	lab_close();
}

/* Its own trouble makes a hook's word rare, not that of the certificate before. */
static void
trouble_is_its_own(void **state)
{
	when_t at = T0;

	(void)state;
	lab_open("/hook", "");
	lab_ca(TP_CA, T0, END);
	lab_id(TP_ID, T0, T0 + LIFE);
	for (int n = 0; n < 9; n++) {
		lab_hook(HOOKS_ACTIVATE, 1, at);
		nothing_more(at + 59);
		at += HOUR;
	}
	lab_id(TP_ID, at, at + LIFE);
	lab_hook(HOOKS_PRE_ACTIVATE, 0, at - HOUR + 60);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_hook(HOOKS_ACTIVATE, 0, at - HOUR + 60);
	lab_close();
}

/* ---- verify-command ---- */

static void
says_no(void **state)
{
	when_t at = T0 + 8 * DAY;

	(void)state;
	enrolled("", "/verify");
	lab_id(TP_ID, at, T0 + 18 * DAY);
	lab_hook(HOOKS_VERIFY, 1, at);
	assert_string_equal(lab_link("active"), "gen-0001");
	nothing_more(at + HOUR - 1); /* of the one that served before nobody asks */
	assert_string_equal(lab_link("active"), "gen-0001");
	lab_hook(HOOKS_VERIFY, 1, at + HOUR);
	assert_string_equal(lab_link("active"), "gen-0001");
	nothing_more(at + 2 * HOUR - 1);
	lab_hook(HOOKS_VERIFY, 0, at + 2 * HOUR);
	assert_string_equal(lab_link("active"), "gen-0002");
	nothing_more(at + 4 * HOUR);
	lab_close();
}

/* The process that ran it is gone: that is no verdict. */
static void
nobody_says(void **state)
{
	when_t at = T0 + 8 * DAY;

	(void)state;
	enrolled("", "/verify");
	lab_ran(0, -1); /* the first process begins */
	lab_id(TP_ID, at, T0 + 18 * DAY);
	lab_at(at);
	assert_int_equal(lab_told(), HOOKS_VERIFY);
	lab_ran(0, -1); /* another one */
	lab_at(at);
	assert_string_equal(lab_link("active"), "gen-0002");
	nothing_more(at + 59);
	lab_hook(HOOKS_VERIFY, 0, at + 60);
	nothing_more(at + HOUR);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_close();
}

/* Nor is that it could not be run: what serves is left alone, and asked about again. */
static void
nobody_could_say(void **state)
{
	when_t at = T0 + 8 * DAY;

	(void)state;
	enrolled("/hook", "/verify");
	lab_id(TP_ID, at, T0 + 18 * DAY);
	lab_hook(HOOKS_PRE_ACTIVATE, HOOKS_NOT_RUN, at); /* it puts nothing off */
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_hook(HOOKS_ACTIVATE, 0, at);
	lab_hook(HOOKS_POST_ACTIVATE, 0, at);
	lab_hook(HOOKS_VERIFY, HOOKS_NOT_RUN, at);
	assert_string_equal(lab_link("active"), "gen-0002");
	nothing_more(at + 59);
	lab_hook(HOOKS_VERIFY, -1, at + 60); /* it was killed: no */
	assert_string_equal(lab_link("active"), "gen-0001");
	lab_close();
}

/* ---- trouble with the disk ---- */

/* It was noted which one comes next, and then the link could not be changed. */
static void
noted_only(void **state)
{
	when_t at = T0 + 8 * DAY;

	(void)state;
	enrolled("", "");
	assert_int_equal(mkdir(lab_path("active.new"), 0700), 0);
	lab_id(TP_ID, at, T0 + 18 * DAY);
	lab_at(at);
	assert_string_equal(lab_link("active"), "gen-0001");
	assert_int_equal(lab->m.identity.active_until, T0 + LIFE);
	assert_non_null(lab->m.trouble);
	lab_again();
	assert_int_equal(lab->m.identity.active_until, T0 + LIFE);
	lab_at(at + 1);
	assert_int_equal(rmdir(lab_path("active.new")), 0);
	lab_at(at + 60);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_int_equal(lab->m.identity.before_until, T0 + LIFE);
	lab_close();
}

/* A disk without room for a note has room for a link: when what is active has ended, that is
 * set without. */
static void
no_room_for_notes(void **state)
{
	when_t at = T0 + 8 * DAY;

	(void)state;
	enrolled("", "");
	assert_int_equal(mkdir(lab_path("told.new"), 0700), 0);
	lab_id(TP_ID, at, T0 + 18 * DAY);
	for (; at < T0 + LIFE; at += 7 * HOUR)
		lab_at(at);
	lab_at(T0 + LIFE - MINUTE);
	assert_string_equal(lab_link("active"), "gen-0001");
	assert_int_equal(lab->m.identity.at, T0 + LIFE);
	lab_at(T0 + LIFE);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_int_equal(lab->m.identity.active_until, T0 + 18 * DAY);
	lab_again();
	lab_at(T0 + LIFE + 1);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_close();
}

/* Somebody has put something into a generation. */
static void
not_to_be_removed(void **state)
{
	when_t at = T0;

	(void)state;
	enrolled("", "");
	assert_int_equal(mkdir(lab_path("gen-0001/mine"), 0700), 0);
	for (unsigned n = 0; n < 8; n++) {
		char name[16];

		at += 11 * DAY;
		lab->facts.ca_until = at + 20 * DAY;
		lab_id(TP_ID, at, at + LIFE);
		lab_at(at);
		snprintf(name, sizeof(name), "gen-%04u", n + 2);
		assert_string_equal(lab_link("active"), name);
		lab_again();
	}
	assert_true(file_exists(lab_path("gen-0001/mine")));
	assert_false(file_exists(lab_path("gen-0004")));
	lab_close();
}

/* More than a daemon knows at a time: those that links name are not among the forgotten. */
static void
many_directories(void **state)
{
	char name[32];

	(void)state;
	enrolled("", "");
	for (unsigned n = 20; n < 40; n++) {
		snprintf(name, sizeof(name), "gen-%04u", n);
		assert_int_equal(mkdir(lab_path(name), 0700), 0);
	}
	assert_int_equal(mkdir(lab_path("gen-7"), 0700), 0); /* no name of ours */
	lab_again();
	lab_at(T0 + 1);
	assert_string_equal(lab_link("active"), "gen-0001");
	assert_true(file_exists(lab_path("gen-0001/info.json")));
	assert_true(file_exists(lab_path("gen-7")));
	for (unsigned n = 20; n < 40; n++) {
		snprintf(name, sizeof(name), "gen-%04u", n);
		assert_false(file_exists(lab_path(name)));
	}
	lab_close();
}

/* A generation that has lost its key is none. */
static void
key_file_gone(void **state)
{
	(void)state;
	enrolled("", "");
	assert_int_equal(unlink(lab_path("gen-0001/key.pem")), 0);
	lab_again();
	lab_at(T0 + 1);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_true(file_exists(lab_path("active/key.pem")));
	lab_close();
}

/* The signer has lost the key: it is said, less and less often, and what was there stays. */
static void
key_lost(void **state)
{
	struct key_job j = job_of(KEY_FORGET, "R1");
	when_t at = T0 + 8 * DAY;
	unsigned tries = 0;

	(void)state;
	enrolled("", "");
	must(lab->a.o.keys, &j, NULL);
	lab_id(TP_ID, at, T0 + 18 * DAY);
	for (when_t t = at; t < at + 6 * HOUR; t++) {
		uint32_t last = lab->m.identity.last;

		if (lab->m.wake > t && t > at)
			continue;
		lab_at(t);
		tries += lab->m.identity.last > last;
	}
	assert_in_range(tries, 8, 16);
	assert_non_null(lab->m.trouble);
	assert_non_null(strstr(lab->m.trouble, "identity not written"));
	assert_string_equal(lab_link("active"), "gen-0001");
	make_rsa(lab->a.o.keys, "R1", &lab->spki); /* somebody enrols anew */
	lab_id(TP_ID, at + HOUR, T0 + 18 * DAY);
	lab_at(at + 8 * HOUR);
	assert_int_equal(lab->m.identity.active, lab->m.identity.last);
	lab_close();
}

/* No file, half a file, another's file: hooks hear of what is, and nothing is lost. */
static void
told_is_garbage(void **state)
{
	static const char *const texts[] = {"", "KMTOLD01", "KMTOLD01 and more", "?"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		enrolled("/hook", "");
		assert_true(file_replace(lab_path("told"), 0600, view_str(texts[i]), NULL));
		lab_again();
		lab_hook(HOOKS_ACTIVATE, 0, T0 + 1);
		lab_hook(HOOKS_POST_ACTIVATE, 0, T0 + 1);
		nothing_more(T0 + 2);
		assert_string_equal(lab_link("active"), "gen-0001");
		lab_close();
	}
}

/* ---- the switch ---- */

static void
doubtful_clock(void **state)
{
	(void)state;
	enrolled("", "");
	lab->facts.ca_until = END + 2 * HOUR; /* an overlap */
	shadowed();
	lab_at(END - DAY);
	lab->suspect = true;
	lab_at(END + 2 * HOUR);
	assert_string_equal(lab_link("active"), "gen-0001");
	assert_string_equal(lab_link("shadow"), "gen-0002");
	assert_int_equal(agent_due_ms(&lab->a, END + 2 * HOUR), -1); /* core looks */
	lab->suspect = false;
	lab_at(END + 2 * HOUR);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_close();
}

static void
through_the_switch(void **state)
{
	struct blob bundle = {0}, ca = {0};

	(void)state;
	enrolled("", "");
	lab->facts.id_until = END;
	shadowed();
	lab_at(END - 1);
	lab_file("ca-bundle.pem", &bundle);
	lab_file("shadow/ca.pem", &ca);
	assert_non_null(memmem(bundle.p, bundle.n, ca.p, ca.n)); /* both are trusted before */
	lab_file("active/ca.pem", &ca);
	assert_non_null(memmem(bundle.p, bundle.n, ca.p, ca.n));
	lab_at(END);
	assert_string_equal(lab_link("active"), "gen-0002");
	lab_switch(END + 20 * DAY, END + LIFE);
	lab_at(END);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_string_equal(lab_link("shadow"), "");
	lab_file("ca-bundle.pem", &bundle);
	assert_null(memmem(bundle.p, bundle.n, ca.p, ca.n)); /* it has ended */
	assert_false(file_exists(lab_path("ca.d/0001.pem")));
	assert_true(file_exists(lab_path("ca.d/0002.pem")));
	blob_free(&bundle);
	blob_free(&ca);
	lab_close();
}

/* An operator takes another CA, and then the first one again. */
static void
taken_back(void **state)
{
	struct blob one = {0}, other = {0}, bundle = {0};

	(void)state;
	enrolled("", "");
	assert_true(lab->m.shelf->table->get(lab->m.shelf, TP_CA, &one, NULL));
	lab->facts.have_id = false; /* behind */
	lab_ca(TP_CA, T0, END);
	lab_at(T0 + 1);
	assert_true(file_exists(lab_path("ca.d/0002.pem")));
	lab_file("active/ca.pem", &other);
	lab_put(TP_CA, &one);
	lab_at(T0 + 2);
	lab_id(TP_ID, T0 + 2, T0 + LIFE);
	lab_at(T0 + 3);
	assert_string_equal(lab_link("active"), "gen-0002");
	assert_true(file_exists(lab_path("ca.d/0001.pem")));
	assert_false(file_exists(lab_path("ca.d/0002.pem")));
	lab_file("ca-bundle.pem", &bundle);
	assert_true(view_equal(blob_view(&bundle), blob_view(&other)));
	blob_free(&one);
	blob_free(&other);
	blob_free(&bundle);
	lab_close();
}

static void
switch_instants(void **state)
{
	static const struct {
		const char *sentence;
		when_t ca_until, shadow_from, next_ca_from, at;
	} cases[] = {
	    {"equal ends", 1000, 1000, 1000, 1000},
	    {"a gap: when the shadow begins", 1000, 1100, 1050, 1100},
	    {"an overlap: half of it before", 1000, 900, 900, 950},
	    {"a long one: an hour before", 100000, 1000, 1000, 100000 - HOUR},
	    {"never before the next CA begins", 1000, 100, 980, 990},
	    {"nor behind both", 1000, 100, 1020, 1020},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct plan_tp_facts f = {.ca_until = cases[i].ca_until,
		    .shadow_from = cases[i].shadow_from,
		    .next_ca_from = cases[i].next_ca_from};

		if (identity_switch_at(&f) != cases[i].at)
			fail_msg("%s: at %lld", cases[i].sentence,
			    (long long)identity_switch_at(&f));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_one),
	    cmocka_unit_test(further_forms),
	    cmocka_unit_test(put_off),
	    cmocka_unit_test(hook_hangs),
	    cmocka_unit_test(trouble_is_its_own),
	    cmocka_unit_test(says_no),
	    cmocka_unit_test(nobody_says),
	    cmocka_unit_test(nobody_could_say),
	    cmocka_unit_test(noted_only),
	    cmocka_unit_test(no_room_for_notes),
	    cmocka_unit_test(not_to_be_removed),
	    cmocka_unit_test(many_directories),
	    cmocka_unit_test(key_file_gone),
	    cmocka_unit_test(key_lost),
	    cmocka_unit_test(told_is_garbage),
	    cmocka_unit_test(doubtful_clock),
	    cmocka_unit_test(through_the_switch),
	    cmocka_unit_test(taken_back),
	    cmocka_unit_test(switch_instants),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
