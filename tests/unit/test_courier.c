/* test_courier.c - the courier as core sees it. */

/* Hooks that answer are in tests/interop/challenge.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "courier/courier.h"

#define PATIENCE 20000 /* ms */

static struct courier_hook hooks[COURIER_HOOKS];
static pid_t pid;
static int core;

/* Hook 1 is a name that is none, so that no question leaves the machine; 2 is not there. */
static void
start(void)
{
	int fds[2];

	snprintf(hooks[1].url, sizeof(hooks[1].url), "http://%064d/", 0);
	assert_true(channel_pair(fds, NULL));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct courier_options o = {
		    .core = fds[1], .hooks = hooks, .speech = &courier_json};

		close(fds[0]);
		_exit(courier_main(&o));
	}
	close(fds[1]);
	core = fds[0];
}

static void
ask(uint64_t id, unsigned hook, struct view challenge)
{
	static const uint8_t digest[32];
	struct courier_ask a = {.id = id,
	    .hook = hook,
	    .challenge = challenge,
	    .request = view_of(digest, sizeof(digest))};
	struct blob m = {0};

	courier_ask_encode(&a, &m);
	assert_true(channel_send(core, blob_view(&m), NULL));
	blob_free(&m);
}

/* The next verdict; its reason is in *m. False: the courier has gone. */
static bool
hear(struct courier_say *s, struct blob *m)
{
	struct pollfd p = {.fd = core, .events = POLLIN};

	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	if (channel_receive(core, CHANNEL_MAX, m) != CHANNEL_MESSAGE)
		return false;
	assert_true(courier_say_decode(blob_view(m), s, NULL));
	return true;
}

static int
exit_code(void)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
says_that_it_began_and_ends_with_core(void **state)
{
	struct courier_say s;
	struct blob m = {0};

	(void)state;
	start();
	assert_true(hear(&s, &m));
	assert_int_equal(s.result, COURIER_READY);
	close(core);
	assert_int_equal(exit_code(), 0);
	blob_free(&m);
}

static void
what_cannot_be_asked_comes_back(void **state)
{
	struct courier_say s;
	struct blob m = {0};

	(void)state;
	start();
	assert_true(hear(&s, &m));
	ask(1, 1, VIEW("word"));
	assert_true(hear(&s, &m));
	assert_true(s.id == 1 && s.result == COURIER_AGAIN && s.reason.n > 0);
	ask(2, 1, VIEW("\xff"));
	assert_true(hear(&s, &m));
	assert_true(s.id == 2 && s.result == COURIER_AGAIN);
	assert_true(view_equal(s.reason, VIEW("the request holds text that is not UTF-8")));
	close(core);
	assert_int_equal(exit_code(), 0);
	blob_free(&m);
}

/* Core is not to be trusted either: then it starts anew. */
static void
nonsense_ends_it(void **state)
{
	struct courier_say s;
	struct blob m = {0};

	(void)state;
	for (int unknown_hook = 0; unknown_hook < 2; unknown_hook++) {
		start();
		assert_true(hear(&s, &m));
		if (unknown_hook)
			ask(1, 2, VIEW("word"));
		else
			assert_true(channel_send(core, VIEW("nonsense"), NULL));
		assert_false(hear(&s, &m));
		assert_int_equal(exit_code(), 0);
		close(core);
	}
	blob_free(&m);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_that_it_began_and_ends_with_core),
	    cmocka_unit_test(what_cannot_be_asked_comes_back),
	    cmocka_unit_test(nonsense_ends_it),
	};

	return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
