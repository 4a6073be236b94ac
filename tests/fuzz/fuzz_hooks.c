/* fuzz_hooks.c - hostile core, hooks or facts: canonical, within bounds, JSON. */
#include <jansson.h>
#include <stdlib.h>

#include "hooks/hooks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
facts(struct view v)
{
	struct hooks_facts f = {.trustpoint = VIEW("a"), .subject = v, .serial = v, .ca = v};
	struct hooks_run run = {.id = 1, .limit_ms = 1};
	struct blob env = {0}, json = {0}, m = {0};
	json_t *o;

	hooks_env_encode(&f, &env);
	hooks_json_encode(&f, &json);
	run.env = blob_view(&env);
	run.json = blob_view(&json);
	hooks_run_encode(&run, &m);
	if (!hooks_run_decode(blob_view(&m), &run, NULL))
		abort();
	o = json_loadb((const char *)json.p, json.n, JSON_ALLOW_NUL, NULL);
	if (o == NULL)
		abort();
	json_decref(o);
	blob_free(&env);
	blob_free(&json);
	blob_free(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct hooks_program *programs = NULL;
	struct blob again = {0};
	struct hooks_run run;
	struct hooks_ran ran;
	size_t n;

	if (hooks_run_decode(v, &run, NULL)) {
		if (run.id == 0 || run.event >= HOOKS_EVENTS || run.program >= HOOKS_PROGRAMS ||
		    hooks_env_get(run.env, "KEYMUSTER_TRUSTPOINT").n == 0)
			abort();
		hooks_run_encode(&run, &again);
	} else if (hooks_ran_decode(v, &ran, NULL)) {
		if (ran.status < HOOKS_NOT_RUN || ran.status > 255)
			abort();
		hooks_ran_encode(&ran, &again);
	} else if (hooks_programs_decode(v, &programs, &n, NULL)) {
		hooks_programs_encode(programs, n, &again);
	} else {
		blob_set(&again, v);
	}
	if (!view_equal(blob_view(&again), v))
		abort();
	facts(v);
	free(programs);
	blob_free(&again);
	return 0;
}
