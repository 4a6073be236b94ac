/* test_agent.c - what tp asks for, and what becomes of it. */
#include "agent_lab.h"

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shared_key),
	    cmocka_unit_test(clock_changes),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
