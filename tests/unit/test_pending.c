/* test_pending.c - lines of what was asked elsewhere, or waits for its turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_int.h"

static struct agent a;
static struct member m = {.agent = &a};

static void
lines_keep_their_order(void **state)
{
	uint64_t id[4];
	struct pending *p;

	(void)state;
	assert_false(pending_any(&a));
	for (size_t i = 0; i < COUNT_OF(id); i++)
		id[i] = pending_add(&m, PENDING_JOB)->id;
	assert_true(pending_any(&a));
	assert_null(pending_next(&a, PENDING_HOOK, 9));	   /* kinds do not mix */
	assert_null(pending_find(&a, PENDING_JOB, id[0])); /* not sent */
	for (size_t i = 0; i < 2; i++) {
		p = pending_next(&a, PENDING_JOB, 2);
		assert_int_equal(p->id, id[i]);
		pending_sent(&a, p);
	}
	assert_null(pending_next(&a, PENDING_JOB, 2)); /* so many at once */
	p = pending_find(&a, PENDING_JOB, id[1]);
	assert_non_null(p);
	pending_end(&a, p); /* the last of its line */
	assert_null(pending_find(&a, PENDING_JOB, id[1]));
	p = pending_next(&a, PENDING_JOB, 2);
	assert_int_equal(p->id, id[2]);
	pending_sent(&a, p);
	pending_end(&a, pending_find(&a, PENDING_JOB, id[0]));
	pending_sent(&a, pending_next(&a, PENDING_JOB, 2));
	assert_null(pending_next(&a, PENDING_JOB, 9));
	pending_end(&a, pending_find(&a, PENDING_JOB, id[3]));
	pending_end(&a, pending_find(&a, PENDING_JOB, id[2]));
	assert_false(pending_any(&a));
	assert_true(pending_add(&m, PENDING_JOB)->id > id[3]); /* no id comes back */
	pending_free_all(&a, NULL);
	assert_false(pending_any(&a));
}

/* An empty line that was emptied from its end takes the next one. */
static void
an_emptied_line_goes_on(void **state)
{
	(void)state;
	for (int n = 0; n < 3; n++) {
		struct pending *p = pending_add(&m, PENDING_FETCH);

		blob_add_str(&p->message, "octets");
		assert_ptr_equal(pending_next(&a, PENDING_FETCH, 1), p);
		pending_sent(&a, p);
		assert_int_equal(p->message.n, 0); /* sent is sent */
		pending_end(&a, p);
		assert_int_equal(a.sent[PENDING_FETCH].count, 0);
		assert_int_equal(a.waiting[PENDING_FETCH].count, 0);
	}
	pending_add(&m, PENDING_FETCH);
	pending_sent(&a, pending_add(&m, PENDING_HOOK));
	pending_free_all(&a, NULL);
	assert_false(pending_any(&a));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_keep_their_order),
	    cmocka_unit_test(an_emptied_line_goes_on),
	};

	return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
