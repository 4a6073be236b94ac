/* test_agent.c - what tp asks for, and what becomes of it. */
#include "agent_lab.h"
#include "tests/unit/log_pipe.h"

static enum why
forgets(struct key_job *j)
{
	*j = job_of(KEY_FORGET, "R1");
	lab_at(T0);
	lab->job = j;
	lab->came_to = WHY_BUG;
	member_wake_at(&lab->m, T0);
	lab_at(T0);
	return lab->came_to;
}

/* Whoever has no more need of a key may not take it from another. */
static void
shared_key(void **state)
{
	struct key_job j, again = job_of(KEY_EXPORT, "R1");
	struct blob id = {0};

	(void)state;
	lab_open("", "");
	lab->conf.trustpoint_count = lab->a.living_count = 2;
	snprintf(lab->trustpoint[1].name, sizeof(lab->trustpoint[1].name), "R2");
	snprintf(lab->trustpoint[1].rsa_label, sizeof(lab->trustpoint[1].rsa_label), "R1");
	lab_cert("CN=r1", "CN=ROOT", T0, T0 + DAY, false, &id);
	assert_int_equal(mkdir(lab_path("gen-0001"), 0700), 0);
	snprintf(again.path, sizeof(again.path), "R1/gen-0001");
	again.forms = KEY_FORM_PEM;
	again.bytes = blob_view(&id);
	assert_int_equal(forgets(&j), WHY_NOT_FOUND); /* as if it was gone */
	must(lab->a.o.keys, &again, NULL);	      /* it is not */
	snprintf(lab->trustpoint[1].rsa_label, sizeof(lab->trustpoint[1].rsa_label), "R2");
	assert_int_equal(forgets(&j), WHY_NONE);
	must_not(lab->a.o.keys, &again, "its own key", "no key");
	blob_free(&id);
	lab_close();
}

/* Whatever else there is to do: tp hears that the clock is believed again. */
static void
clock_changes(void **state)
{
	size_t ticks;

	(void)state;
	lab_open("", "");
	lab_at(T0);
	for (int n = 0; n < 4; n++) {
		lab->suspect = !lab->suspect;
		ticks = lab->ticks;
		lab_at(T0);
		assert_int_equal(lab->ticks, ticks + 1);
	}
	lab_close();
}

/* ---- alerts ---- */

static int
divert(void **state)
{
	(void)state;
	log_open("agent", LOG_WARN);
	return log_pipe_open() ? 0 : -1;
}

/* So many alerts by now; each one speaks of this certificate, so many days before its end. */
static size_t
alerted(const char *certificate, long days)
{
	char line[4096], facts[64];
	size_t n = 0;
	ssize_t got;

	snprintf(facts, sizeof(facts), "certificate='%s'", certificate);
	while ((got = read(from_log, line, sizeof(line) - 1)) > 0) {
		line[got] = 0;
		if (strstr(line, "and none follows") == NULL)
			continue;
		n++;
		assert_non_null(strstr(line, facts));
		assert_int_equal(strtol(strstr(line, "days=") + 5, NULL, 10), days);
	}
	return n;
}

/* 60 days before the end and each week from then on, until what follows is there. */
static void
none_follows(void **state)
{
	when_t end = T0 + 100 * DAY;

	(void)state;
	lab_open("", "");
	lab->kin.policy.plan.auto_enroll = true;
	lab_ca(TP_CA, T0, T0 + 400 * DAY);
	lab_id(TP_ID, T0, end);
	for (long days = 100; days > 10; days--) {
		member_wake_at(&lab->m, 0); /* whatever else there is to do */
		lab_at(end - days * DAY - 1);
		assert_int_equal(alerted("", 0), 0);
		lab_at(end - days * DAY);
		assert_int_equal(
		    alerted("own", days), days <= 60 && (60 - days) % 7 == 0 ? 1 : 0);
	}
	lab_ca(TP_NEXT_CA, end - DAY, T0 + 800 * DAY);
	lab_id(TP_SHADOW, end - DAY, T0 + 500 * DAY);
	lab_at(end - 2 * DAY);
	assert_int_equal(alerted("", 0), 0);
	lab_close();
}

/* What needs a human; what mends itself does not. */
static void
hooks_hear_of_failures(void **state)
{
	static const struct {
		enum tp_note note;
		enum hooks_event told;
	} cases[] = {
	    {TP_NOTED_REJECTED, HOOKS_FAILED},
	    {TP_NOTED_BEHIND, HOOKS_FAILED},
	    {TP_NOTED_TROUBLE, HOOKS_EVENTS},
	    {TP_NOTED_ACTIVATED, HOOKS_EVENTS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		lab_open("/hook", "");
		lab->note.note = cases[i].note;
		lab->said = "why";
		member_step(&lab->m, &(struct tp_event){.kind = TP_EV_TICK});
		errands_send(&lab->a);
		assert_int_equal(lab_told(), cases[i].told);
		assert_int_equal(lab->m.trouble != NULL, cases[i].note != TP_NOTED_ACTIVATED);
		lab_close();
	}
}

/* ---- operators who wait ---- */

static const struct {
	const char *sentence;
	enum command asked;
	enum tp_note note;
	enum tp_command ends; /* what tp says that it ends */
	bool answered;
	int status;
	const char *text;
} notes[] = {
    {"the server's answer comes while a file is looked at", CMD_IMPORT, TP_NOTED_ID,
	TP_CMD_ENROLL, false, 0, NULL},
    {"the file is taken", CMD_IMPORT, TP_NOTED_ID, TP_CMD_IMPORT, true, DONE, "are stored.\n"},
    {"the file is not taken", CMD_IMPORT, TP_NOTED_NOT_TAKEN, TP_CMD_IMPORT, true, REFUSED,
	"% Nothing is stored: why.\n"},
    {"a poll fails during an import", CMD_IMPORT, TP_NOTED_TROUBLE, TP_CMD_ENROLL, false, 0,
	NULL},
    {"a poll fails during an export", CMD_EXPORT, TP_NOTED_TROUBLE, TP_CMD_ENROLL, false, 0,
	NULL},
    {"and while lists are fetched", CMD_CRL_REQUEST, TP_NOTED_TROUBLE, TP_CMD_ENROLL, false, 0,
	NULL},
    {"and while a certificate is looked at", CMD_VALIDATE, TP_NOTED_REJECTED, TP_CMD_ENROLL,
	false, 0, NULL},
    {"and while a CA is asked for", CMD_AUTHENTICATE, TP_NOTED_TROUBLE, TP_CMD_ENROLL, false, 0,
	NULL},
    {"that CA has another fingerprint", CMD_AUTHENTICATE, TP_NOTED_TROUBLE, TP_CMD_AUTHENTICATE,
	true, REFUSED, "% why.\n"},
    {"another one is authenticated by itself", CMD_AUTHENTICATE, TP_NOTED_CA, TP_CMD_NONE,
	false, 0, NULL},
    {"it is the one", CMD_AUTHENTICATE, TP_NOTED_CA, TP_CMD_AUTHENTICATE, true, DONE,
	"Trustpoint CA certificate accepted.\n"},
    {"a CA is not found again during an enrolment", CMD_ENROLL, TP_NOTED_TROUBLE, TP_CMD_NONE,
	false, 0, NULL},
    {"the enrolment fails", CMD_ENROLL, TP_NOTED_TROUBLE, TP_CMD_ENROLL, true, REFUSED,
	"% why.\n"},
    {"it is refused", CMD_ENROLL, TP_NOTED_REJECTED, TP_CMD_ENROLL, true, REFUSED, "% why.\n"},
    {"it waits", CMD_ENROLL, TP_NOTED_PENDING, TP_CMD_ENROLL, true, PENDING, "keeps the"},
    {"it is granted", CMD_ENROLL, TP_NOTED_ID, TP_CMD_ENROLL, true, DONE,
	"Certificate received"},
    {"what was pasted is taken", CMD_TAKE, TP_NOTED_ID, TP_CMD_TAKE, true, DONE,
	"successfully"},
};

/* Who waits hears of what he asked for, and of nothing else. */
static void
notes_end_their_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(notes); i++) {
		lab_open("", "");
		lab_at(T0);
		command_begin(&lab->m, 1, notes[i].asked);
		lab->m.asked.file = mem_str("x");
		lab->note.note = notes[i].note;
		lab->note.ends = notes[i].ends;
		lab->said = "why";
		member_wake_at(&lab->m, T0);
		lab_at(T0);
		assert_null(lab->said);
		if (lab->answers != notes[i].answered ||
		    (lab->answers > 0 &&
			(lab->status != notes[i].status ||
			    strstr(blob_cstr(&lab->answer), notes[i].text) == NULL)))
			fail_msg("%s: status %d, %s", notes[i].sentence, lab->status,
			    blob_cstr(&lab->answer));
		lab_close();
	}
}

/* tp cannot do it: that is for who asked tp for something. */
static void
disk_is_full(void **state)
{
	static const struct {
		enum command asked;
		uint64_t waits; /* for something else than tp */
		bool answered;
		const char *text;
	} cases[] = {
	    {CMD_ENROLL, 0, true, "% the disk is full.\n"},
	    {CMD_IMPORT, 0, true, "% Nothing is stored: the disk is full.\n"},
	    {CMD_AUTHENTICATE, 0, true, "% the disk is full.\n"},
	    {CMD_AUTHENTICATE, 7, false, NULL},
	    {CMD_EXPORT, 7, false, NULL},
	    {CMD_CRL_REQUEST, 0, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		lab_open("", "");
		command_begin(&lab->m, 1, cases[i].asked);
		lab->m.asked.waits = cases[i].waits;
		lab->fails = true;
		member_step(&lab->m, &(struct tp_event){.kind = TP_EV_TICK});
		if (lab->answers != cases[i].answered ||
		    (lab->answers > 0 && strcmp(blob_cstr(&lab->answer), cases[i].text) != 0))
			fail_msg("case %zu: %s", i, blob_cstr(&lab->answer));
		lab_close();
	}
}

/* An identity that was imported, and nobody to renew it: said at once. */
static void
no_server(void **state)
{
	static const struct {
		const char *url;
		bool by_hand, answered;
	} cases[] = {{"", false, true}, {"http://192.0.2.1", false, false}, {"", true, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct command_line line = {.command = CMD_ENROLL, .name = "R1"};

		lab_open("", "");
		lab->facts.authenticated = lab->facts.have_id = true;
		lab->kin.policy.by_hand = cases[i].by_hand;
		snprintf(
		    lab->trustpoint[0].url, sizeof(lab->trustpoint[0].url), "%s", cases[i].url);
		agent_command(&lab->a, 1, &line);
		assert_int_equal(lab->answers, cases[i].answered);
		if (lab->answers > 0 &&
		    (lab->status != REFUSED ||
			strstr(blob_cstr(&lab->answer), "no server") == NULL))
			fail_msg("%s", blob_cstr(&lab->answer));
		lab_close();
	}
}

/* It was asked for by a command that has ended. */
static void
fetched_for_nobody(void **state)
{
	struct courier_got got = {.reason = VIEW("no route")};
	struct pending *p;

	(void)state;
	lab_open("", "");
	p = pending_add(&lab->m, PENDING_FETCH);
	command_begin(&lab->m, 1, CMD_EXPORT);
	lab->m.asked.waits = p->id + 1;
	command_fetched(p, &got);
	assert_int_equal(lab->answers, 0);
	lab->m.asked.waits = p->id;
	command_fetched(p, &got);
	assert_int_equal(lab->answers, 1);
	assert_int_equal(lab->status, UNREACHABLE);
	lab_close();
}

/* A round ends after some milliseconds, whatever is left. */
static void
rounds(struct agent *a, const struct agent_clock *clock)
{
	do
		agent_round(a, clock);
	while (agent_wake(a) <= clock->now);
}

/* What a moment of EIO or EMFILE kept shut at the start is opened when that is over; what makes
 * no sense stays alone. */
static void
opened_later(void **state)
{
	struct agent_clock clock = {T0, true, false};
	char *passwords[2] = {NULL};
	struct agent_options o = {.passwords = passwords, .courier = -1, .hooks = -1};
	struct agent_view one, two;
	struct agent *a;
	char path[512];

	(void)state;
	lab_open("", "");
	lab->conf.trustpoint_count = 2;
	snprintf(lab->trustpoint[1].name, sizeof(lab->trustpoint[1].name), "R2");
	snprintf(lab->conf.hostname, sizeof(lab->conf.hostname), "r1");
	o.conf = &lab->conf;
	o.state = lab->state;
	o.keys = keys_open_local(NULL, NULL, 0, NULL);
	assert_int_equal(mkdir(lab_path("shelf"), 0700), 0); /* it cannot be read */
	assert_int_equal(mkdir(agent_path(lab->state, "R2", NULL, path), 0700), 0);
	agent_path(lab->state, "R2", "shelf", path);
	assert_true(file_replace(path, 0600, VIEW("KMSHELF1 and no more"), NULL));
	a = agent_open(&o, NULL);
	assert_non_null(a);
	rounds(a, &clock);
	agent_look(a, 0, &one);
	agent_look(a, 1, &two);
	assert_true(one.tp == NULL && one.trouble_at == T0);
	assert_non_null(strstr(one.trouble, "Is a directory; it is tried again"));
	assert_true(two.tp == NULL && strstr(two.trouble, "tried again") == NULL);
	assert_int_equal(agent_wake(a), T0 + 2 * MINUTE);
	clock.now = agent_wake(a);
	rounds(a, &clock);
	assert_int_equal(agent_wake(a), clock.now + 4 * MINUTE);
	assert_int_equal(rmdir(lab_path("shelf")), 0);
	clock.now = agent_wake(a);
	rounds(a, &clock);
	agent_look(a, 0, &one);
	agent_look(a, 1, &two);
	assert_non_null(one.tp);
	assert_null(two.tp);
	agent_free(a);
	lab_close();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shared_key),
	    cmocka_unit_test(clock_changes),
	    cmocka_unit_test(opened_later),
	    cmocka_unit_test_setup_teardown(none_follows, divert, log_pipe_close),
	    cmocka_unit_test(hooks_hear_of_failures),
	    cmocka_unit_test(notes_end_their_command),
	    cmocka_unit_test(disk_is_full),
	    cmocka_unit_test(no_server),
	    cmocka_unit_test(fetched_for_nobody),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
