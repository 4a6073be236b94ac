/* loop.c - the event loop, over libevent. */
#include "sys/sys.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TIMER_MAX                                                                              \
	((int64_t)366 * 86400 * 1000) /* the library's longest; then it is armed again */

struct after {
	loop_call call;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct after *after; /* asked for in this round, each once */
	size_t after_count, after_cap;
	bool stopped;
	int code;
};

struct watch {
	struct event *event;
	loop_call readable;
	void *arg;
	int own; /* descriptor to close with it, or -1 */
};

struct timer {
	struct event *event;
	loop_call due;
	void *arg;
	int64_t at_ms; /* on clock_mono_ms() */
};

struct loop *
loop_new(void)
{
	struct loop *l = mem_get(sizeof(*l));

	signal(SIGPIPE, SIG_IGN); /* a peer that left is an error of the write */
	l->base = event_base_new();
	if (l->base == NULL) {
		log_error("no event loop", "library='%s'", event_get_version());
		abort();
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	event_base_free(l->base);
	free(l->after);
	free(l);
}

/* What is asked for meanwhile belongs to the next round. */
static void
after_run(struct loop *l)
{
	struct after *due = l->after;
	size_t count = l->after_count;

	l->after = NULL;
	l->after_count = l->after_cap = 0;
	for (size_t i = 0; i < count; i++)
		due[i].call(due[i].arg);
	free(due);
}

int
loop_run(struct loop *l)
{
	l->stopped = false;
	l->code = 0;
	while (!l->stopped) {
		int got = event_base_loop(
		    l->base, l->after_count > 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);

		if (got < 0) {
			log_error("event loop failed", "code=%d", got);
			return 1;
		}
		if (got > 0 && l->after_count == 0)
			return 0; /* nothing can happen any more */
		after_run(l);
	}
	return l->code;
}

void
loop_stop(struct loop *l, int code)
{
	l->stopped = true;
	l->code = code;
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

void
loop_after_round(struct loop *l, loop_call call, void *arg)
{
	for (size_t i = 0; i < l->after_count; i++)
		if (l->after[i].call == call && l->after[i].arg == arg)
			return;
	if (l->after_count == l->after_cap) {
		l->after_cap = l->after_cap == 0 ? 4 : l->after_cap * 2;
		l->after = mem_array(l->after, l->after_cap, sizeof(*l->after));
	}
	l->after[l->after_count++] = (struct after){call, arg};
}

static void
watch_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd, (void)what;
	w->readable(w->arg);
}

struct watch *
loop_watch(struct loop *l, int fd, loop_call readable, void *arg)
{
	struct watch *w = mem_get(sizeof(*w));

	w->readable = readable;
	w->arg = arg;
	w->own = -1;
	w->event = event_new(l->base, fd, EV_READ | EV_PERSIST, watch_ready, w);
	if (w->event == NULL || event_add(w->event, NULL) != 0) {
		log_error("descriptor cannot be watched", "fd=%d", fd);
		abort();
	}
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	event_free(w->event);
	if (w->own >= 0)
		(void)close(w->own);
	free(w);
}

/* The read fails with ECANCELED once a discontinuity, and arms for the next. */
static void
clock_was_set(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	uint64_t times;

	(void)what;
	(void)!read(fd, &times, sizeof(times));
	w->readable(w->arg);
}

struct watch *
loop_clock_set(struct loop *l, loop_call set, void *arg)
{
	struct itimerspec far = {.it_value.tv_sec = INT64_MAX / 1000000000};
	struct watch *w = mem_get(sizeof(*w));

	w->readable = set;
	w->arg = arg;
	w->own = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->own < 0 || timerfd_settime(w->own, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			      &far, NULL) != 0) {
		log_error("clock cannot be watched", "fd=%d", w->own);
		abort();
	}
	w->event = event_new(l->base, w->own, EV_READ | EV_PERSIST, clock_was_set, w);
	if (w->event == NULL || event_add(w->event, NULL) != 0) {
		log_error("descriptor cannot be watched", "fd=%d", w->own);
		abort();
	}
	return w;
}

static void
timer_arm(struct timer *t, int64_t milliseconds)
{
	int64_t ms = milliseconds < TIMER_MAX ? milliseconds : TIMER_MAX;
	struct timeval span = {
	    .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (event_add(t->event, &span) != 0) {
		log_error("timer cannot be set", "milliseconds=%lld", (long long)milliseconds);
		abort();
	}
}

/* libevent counts from a cached, coarse time and may come some milliseconds early; we never do.
 */
static void
timer_ready(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;
	int64_t left = t->at_ms - clock_mono_ms();

	(void)fd, (void)what;
	if (left > 0)
		timer_arm(t, left);
	else
		t->due(t->arg);
}

struct timer *
loop_timer(struct loop *l, loop_call due, void *arg)
{
	struct timer *t = mem_get(sizeof(*t));

	t->due = due;
	t->arg = arg;
	t->event = event_new(l->base, -1, 0, timer_ready, t);
	if (t->event == NULL) {
		log_error("timer cannot be made", "library='%s'", event_get_version());
		abort();
	}
	return t;
}

void
timer_set(struct timer *t, int64_t milliseconds)
{
	int64_t now = clock_mono_ms();

	if (milliseconds < 0) {
		event_del(t->event);
		return;
	}
	t->at_ms = milliseconds > INT64_MAX - now ? INT64_MAX : now + milliseconds;
	timer_arm(t, milliseconds);
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	event_free(t->event);
	free(t);
}
