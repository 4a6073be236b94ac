/* hooks.c - the hooks process: runs in, ends out. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/program.h"

#define RECEIVE_ROUND 16 /* messages taken before others get their turn */
#define RUN_MAX (2 * HOOKS_WORDS_MAX + 64)
#define READ_ROUND 16 /* pieces of output taken at once: a pipe full */
#define RETRY_MS 20   /* core does not listen */

struct job {
	struct job *next;
	struct blob message; /* run and trustpoint borrow from it */
	struct hooks_run run;
	struct view trustpoint;
};

struct slot { /* job NULL: free */
	struct hooks *hooks;
	struct job *job;
	struct program program;
	struct watch *ends, *wrote;
	struct timer *limit;
	unsigned signals; /* sent because it was over time */
	uint8_t tail[HOOKS_OUTPUT_MAX];
	size_t tail_n;
};

struct hooks {
	const struct hooks_options *o;
	struct loop *loop;
	struct watch *core; /* NULL: core has gone */
	struct timer *again;
	struct slot slot[HOOKS_AT_ONCE];
	struct job *jobs, **jobs_end; /* that wait, the oldest first */
	size_t waiting;
	struct outbox sayings;
};

static void hooks_go_on(void *arg);

/* ---- answers ---- */

static void
flush_sayings(struct hooks *h)
{
	struct err e = {0};

	if (h->core == NULL) /* nobody is there to hear it */
		outbox_free(&h->sayings);
	else if (!outbox_send(&h->sayings, h->o->core, &e) && e.why == WHY_BUSY)
		timer_set(h->again, RETRY_MS);
}

static void
say(struct hooks *h, const struct hooks_ran *what)
{
	hooks_ran_encode(what, outbox_add(&h->sayings));
	loop_after_round(h->loop, hooks_go_on, h);
}

static void
say_not_run(struct hooks *h, const struct job *j, const char *why)
{
	say(h, &(struct hooks_ran){
		   .id = j->run.id, .status = HOOKS_NOT_RUN, .text = view_str(why)});
}

static void
job_free(struct job *j)
{
	blob_free(&j->message);
	free(j);
}

/* ---- a program that runs ---- */

static void
slot_clear(struct slot *s)
{
	watch_free(s->ends);
	watch_free(s->wrote);
	timer_free(s->limit);
	(void)close(s->program.ends);
	(void)close(s->program.output);
	job_free(s->job);
	*s = (struct slot){.hooks = s->hooks};
}

static void
tail_add(struct slot *s, const uint8_t *p, size_t n)
{
	size_t keep;

	if (n > sizeof(s->tail)) {
		p += n - sizeof(s->tail);
		n = sizeof(s->tail);
	}
	keep = sizeof(s->tail) - n < s->tail_n ? sizeof(s->tail) - n : s->tail_n;
	memmove(s->tail, s->tail + s->tail_n - keep, keep);
	memcpy(s->tail + keep, p, n);
	s->tail_n = keep + n;
}

static void
slot_wrote(void *arg)
{
	struct slot *s = arg;
	uint8_t piece[4096];
	ssize_t n = 0;

	for (int i = 0; i < READ_ROUND; i++) {
		n = read(s->program.output, piece, sizeof(piece));
		if (n <= 0)
			break;
		tail_add(s, piece, (size_t)n);
	}
	if (n == 0) { /* nobody holds the other end */
		watch_free(s->wrote);
		s->wrote = NULL;
	}
}

static void
slot_say(struct slot *s, int status)
{
	struct hooks_ran ran = {.id = s->job->run.id, .status = -1};
	struct blob text = {0};

	if (s->signals > 0)
		blob_printf(
		    &text, "over its time of %g s", (double)s->job->run.limit_ms / 1000);
	else if (WIFSIGNALED(status))
		blob_printf(&text, "ended by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		ran.status = WEXITSTATUS(status);
	if (text.n > 0 && s->tail_n > 0)
		blob_add_str(&text, ": ");
	blob_add(&text, s->tail, s->tail_n);
	ran.text = blob_view(&text);
	say(s->hooks, &ran);
	blob_free(&text);
}

/* What it left in its group ends with it; its number is ours until it is reaped. */
static void
slot_ended(void *arg)
{
	struct slot *s = arg;
	int status = 0;

	(void)kill(-s->program.pid, SIGKILL);
	while (waitpid(s->program.pid, &status, 0) < 0 && errno == EINTR)
		continue;
	slot_wrote(s);
	slot_say(s, status);
	slot_clear(s);
}

static void
slot_late(void *arg)
{
	struct slot *s = arg;

	(void)kill(-s->program.pid, s->signals++ == 0 ? SIGTERM : SIGKILL);
	timer_set(s->limit, HOOKS_GRACE_MS);
}

static void
slot_start(struct slot *s, struct job *j)
{
	struct hooks *h = s->hooks;
	struct err e = {0};

	if (!program_start(&h->o->programs[j->run.program], &j->run, &s->program, &e)) {
		say_not_run(h, j, e.text);
		job_free(j);
		return;
	}
	s->job = j;
	s->ends = loop_watch(h->loop, s->program.ends, slot_ended, s);
	s->wrote = loop_watch(h->loop, s->program.output, slot_wrote, s);
	s->limit = loop_timer(h->loop, slot_late, s);
	timer_set(s->limit, j->run.limit_ms);
}

/* ---- those that wait ---- */

static bool
trustpoint_runs(const struct hooks *h, struct view trustpoint)
{
	for (size_t i = 0; i < HOOKS_AT_ONCE; i++)
		if (h->slot[i].job != NULL &&
		    view_equal(h->slot[i].job->trustpoint, trustpoint))
			return true;
	return false;
}

static struct slot *
slot_free(struct hooks *h)
{
	for (size_t i = 0; i < HOOKS_AT_ONCE; i++)
		if (h->slot[i].job == NULL)
			return &h->slot[i];
	return NULL;
}

/* The oldest whose trustpoint has none that runs; so each trustpoint keeps its order. */
static struct job *
job_next(struct hooks *h)
{
	for (struct job **at = &h->jobs; *at != NULL; at = &(*at)->next) {
		struct job *j = *at;

		if (trustpoint_runs(h, j->trustpoint))
			continue;
		*at = j->next;
		if (h->jobs_end == &j->next)
			h->jobs_end = at;
		h->waiting--;
		return j;
	}
	return NULL;
}

static void
start_jobs(struct hooks *h)
{
	struct slot *s;
	struct job *j;

	while ((s = slot_free(h)) != NULL && (j = job_next(h)) != NULL)
		slot_start(s, j);
}

/* After each round: who can run runs, what is to be said is said, and the end. */
static void
hooks_go_on(void *arg)
{
	struct hooks *h = arg;
	bool running = false;

	start_jobs(h);
	flush_sayings(h);
	for (size_t i = 0; i < HOOKS_AT_ONCE; i++)
		running |= h->slot[i].job != NULL;
	if (h->core == NULL && !running)
		loop_stop(h->loop, 0);
}

/* ---- core ---- */

/* False: core said what is no run. */
static bool
job_take(struct hooks *h, struct view message)
{
	struct job *j = mem_get(sizeof(*j));
	struct err e = {0};

	blob_set(&j->message, message);
	if (!hooks_run_decode(blob_view(&j->message), &j->run, &e) ||
	    ((j->run.program >= h->o->program_count ||
		 h->o->programs[j->run.program].line[0] == 0) &&
		!err_set(&e, WHY_BAD_INPUT, "there is no program %u", j->run.program))) {
		log_error("core said what is no run of a hook", "why='%s'", e.text);
		job_free(j);
		return false;
	}
	if (h->waiting >= HOOKS_QUEUE) {
		say_not_run(h, j, "too many wait for their turn");
		job_free(j);
		return true;
	}
	j->trustpoint = hooks_env_get(j->run.env, "KEYMUSTER_TRUSTPOINT");
	*h->jobs_end = j;
	h->jobs_end = &j->next;
	h->waiting++;
	return true;
}

static void
core_gone(struct hooks *h)
{
	watch_free(h->core);
	h->core = NULL;
	while (h->jobs != NULL) {
		struct job *j = h->jobs;

		h->jobs = j->next;
		job_free(j);
	}
	h->jobs_end = &h->jobs;
	h->waiting = 0;
}

static void
receive(void *arg)
{
	struct hooks *h = arg;
	struct blob message = {0};

	for (int n = 0; n < RECEIVE_ROUND && h->core != NULL; n++) {
		enum channel_got got = channel_receive(h->o->core, RUN_MAX, &message);

		if (got == CHANNEL_EMPTY)
			break;
		if (got != CHANNEL_MESSAGE || !job_take(h, blob_view(&message)))
			core_gone(h);
	}
	blob_free(&message);
	loop_after_round(h->loop, hooks_go_on, h);
}

/* Said once, at the start, before it matters. */
static void
check_programs(const struct hooks_options *o)
{
	struct err e = {0};

	for (size_t i = 0; i < o->program_count; i++)
		if (o->programs[i].line[0] != 0 && !hooks_program_check(&o->programs[i], &e))
			log_warn("hook will not run", "why='%s'", e.text);
}

int
hooks_main(const struct hooks_options *o)
{
	struct hooks h = {.o = o};
	struct err e = {0};
	int code;

	if (!process_hide(&e)) {
		log_error("hooks do not start", "why='%s'", e.text);
		return 1;
	}
	(void)prctl(PR_SET_NAME, "km-hooks");
	(void)signal(SIGTERM, SIG_IGN);
	check_programs(o);
	h.loop = loop_new();
	h.core = loop_watch(h.loop, o->core, receive, &h);
	h.again = loop_timer(h.loop, hooks_go_on, &h);
	h.jobs_end = &h.jobs;
	for (size_t i = 0; i < HOOKS_AT_ONCE; i++)
		h.slot[i].hooks = &h;
	say(&h, &(struct hooks_ran){.status = -1});
	code = loop_run(h.loop);
	core_gone(&h);
	flush_sayings(&h);
	timer_free(h.again);
	loop_free(h.loop);
	return code;
}
