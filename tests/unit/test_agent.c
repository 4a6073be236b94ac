/* test_agent.c - what tp asks for, and what becomes of it. */
#include "agent_lab.h"

#include <fcntl.h>

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

static int from_log, old_stderr;

/* A pipe in packet mode: one read is one line. */
static int
divert(void **state)
{
	int p[2];

	(void)state;
	if (pipe2(p, O_DIRECT | O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	old_stderr = dup(STDERR_FILENO);
	from_log = p[0];
	log_open("agent", LOG_WARN);
	return dup2(p[1], STDERR_FILENO) >= 0 && close(p[1]) == 0 ? 0 : -1;
}

static int
restore(void **state)
{
	(void)state;
	(void)dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	return close(from_log);
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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shared_key),
	    cmocka_unit_test(clock_changes),
	    cmocka_unit_test_setup_teardown(none_follows, divert, restore),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
