/* core.c - the core process: rounds of authorities and trustpoints. */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/core.h"

#define CLOCK_CHECK_MS 1000
#define SLEEP_MS 3600000

/* ---- rounds ---- */

/* A clock that steps waits for all that is in hand. */
static void
announce_next(const struct core *c)
{
	when_t next = WHEN_NEVER;
	bool busy = servers_busy(c, &next) || c->shows != NULL;

	if (c->agent != NULL) {
		busy |= agent_busy(c->agent);
		next = when_min(next, agent_wake(c->agent));
	}
	clock_announce(next, busy);
}

static void
agent_turn(struct core *c)
{
	enum clock_state state = c->clock.state;
	struct agent_clock clock = {
	    .now = core_now(c),
	    .trusted = state != CLOCK_UNVOUCHED && state != CLOCK_BEHIND,
	    .suspect = state == CLOCK_LEAPT || state == CLOCK_FAR,
	};

	if (c->agent != NULL)
		agent_round(c->agent, &clock);
}

void
core_round(void *arg)
{
	struct core *c = arg;
	int64_t ms, own;

	core_look(c, false);
	servers_work(c);
	agent_turn(c);
	operator_shows(c);
	ms = servers_settle(c);
	own = c->agent != NULL ? agent_due_ms(c->agent, core_now(c)) : -1;
	if (ms < 0 || (own >= 0 && own < ms))
		ms = own;
	announce_next(c);
	if (c->shows != NULL)
		ms = 0;
	timer_set(c->wake, ms > SLEEP_MS ? SLEEP_MS : ms);
}

static void
wake_due(void *arg)
{
	struct core *c = arg;

	loop_after_round(c->loop, core_round, c);
}

static void
clock_check_due(void *arg)
{
	struct core *c = arg;

	loop_after_round(c->loop, core_round, c);
	timer_set(c->clock_check, CLOCK_CHECK_MS);
}

/* ---- trustpoints ---- */

static void
agent_keys(void *arg)
{
	struct core *c = arg;

	if (!agent_keys_readable(c->agent))
		loop_stop(c->loop, 0);
	loop_after_round(c->loop, core_round, c);
}

static void
agent_hooks(void *arg)
{
	struct core *c = arg;

	if (!agent_hooks_readable(c->agent))
		loop_stop(c->loop, 0);
	loop_after_round(c->loop, core_round, c);
}

static void
agent_answer(void *arg, uint64_t client, int status, struct view text)
{
	struct core *c = arg;

	control_answer(c->control, client, status, text);
}

static bool
agent_begin(struct core *c, struct err *e)
{
	struct agent_options o = {
	    .conf = c->o->conf,
	    .state = c->o->state,
	    .passwords = c->o->passwords,
	    .courier = c->o->courier,
	    .hooks = c->o->hooks,
	    .answer = agent_answer,
	    .arg = c,
	    .witness = recorder_trustpoints(c->recorder, c->o->conf),
	};

	if (c->o->agent_signer < 0)
		return true;
	o.keys = keys_open_remote(c->o->agent_signer);
	c->agent = agent_open(&o, e);
	return c->agent != NULL || err_prefix(e, "trustpoints");
}

static void
agent_start(struct core *c)
{
	if (c->agent == NULL)
		return;
	c->agent_watch = loop_watch(c->loop, c->o->agent_signer, agent_keys, c);
	if (c->o->hooks >= 0)
		c->hooks_watch = loop_watch(c->loop, c->o->hooks, agent_hooks, c);
}

/* ---- what courier and porter say ---- */

static bool
courier_said(struct core *c, struct view message, struct err *e)
{
	struct courier_say say;

	if (courier_is_got(message))
		return c->agent != NULL && agent_courier_said(c->agent, message, e);
	if (!courier_say_decode(message, &say, e))
		return false;
	if (say.result == COURIER_READY && c->agent != NULL)
		agent_courier_began(c->agent);
	servers_verdict(c, &say);
	return true;
}

void
core_hear(struct core *c, int channel, size_t most, const char *who, core_said *said)
{
	struct blob message = {0};
	struct err e = {0};

	for (int n = 0; n < 64; n++) {
		enum channel_got got = channel_receive(channel, most, &message);

		if (got == CHANNEL_EMPTY)
			break;
		/* The supervisor holds the other end: closed, the set ends. */
		if (got == CHANNEL_MESSAGE && said(c, blob_view(&message), &e))
			continue;
		if (got == CHANNEL_MESSAGE)
			log_error("what a process said is no answer", "process='%s' why='%s'",
			    who, e.text);
		loop_stop(c->loop, got == CHANNEL_CLOSED ? 0 : 1);
		break;
	}
	blob_free(&message);
	loop_after_round(c->loop, core_round, c);
}

static void
courier_readable(void *arg)
{
	struct core *c = arg;

	core_hear(c, c->o->courier, COURIER_GOT_MAX, "courier", courier_said);
}

/* ---- start ---- */

static void
core_close(struct core *c)
{
	agent_free(c->agent);
	servers_close(c);
	recorder_close(c->recorder);
	while (c->shows != NULL) {
		struct pending_show *p = c->shows;

		c->shows = p->next;
		show_free(&p->answer);
		free(p);
	}
	control_close(c->control);
	watch_free(c->agent_watch);
	watch_free(c->hooks_watch);
	watch_free(c->courier_watch);
	watch_free(c->clock_set);
	timer_free(c->wake);
	timer_free(c->clock_check);
	loop_free(c->loop);
	free(c);
}

static bool
core_confine(struct core *c, struct err *e)
{
	char path[CONF_SERVERS][512], trustpoints[512];
	const char *dirs[CONF_SERVERS + 2] = {0};
	size_t n = servers_directories(c, path);

	for (size_t i = 0; i < n; i++)
		dirs[i] = path[i];
	if (c->agent != NULL)
		dirs[n] = agent_path(c->o->state, NULL, NULL, trustpoints);
	return sandbox_enter(SANDBOX_CORE, dirs, e);
}

static bool
core_prepare(struct core *c, struct err *e)
{
	if (c->o->record[0] != 0) {
		c->recorder = recorder_open(c->o->record, c->o->conf, e);
		if (c->recorder == NULL)
			return err_prefix(e, "no record");
	}
	if (!servers_open(c, e) || !agent_begin(c, e))
		return false;
	core_clock_open(c);
	c->clock_set = loop_clock_set(c->loop, wake_due, c);
	return core_confine(c, e);
}

int
core_main(const struct core_options *o)
{
	struct core *c = mem_get(sizeof(*c));
	struct err e = {0};
	int code = EXIT_CONFIG;

	c->o = o;
	c->loop = loop_new();
	clock_calendar_valid(o->conf->calendar_valid);
	if (!core_prepare(c, &e)) {
		log_error("core does not start", "why='%s'", e.text);
		goto out;
	}
	c->control = control_open(c->loop, o->control, o->control_ro, operator_line, c);
	servers_start(c);
	agent_start(c);
	if (o->courier >= 0)
		c->courier_watch = loop_watch(c->loop, o->courier, courier_readable, c);
	c->wake = loop_timer(c->loop, wake_due, c);
	c->clock_check = loop_timer(c->loop, clock_check_due, c);
	timer_set(c->wake, 0);
	timer_set(c->clock_check, CLOCK_CHECK_MS);
	code = loop_run(c->loop);
out:
	core_close(c);
	return code;
}
