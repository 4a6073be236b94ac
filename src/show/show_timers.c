/* show_timers.c - show crypto pki timers [detail]. */
#include <stdlib.h>
#include <string.h>

#include "show/show_int.h"

static const char *const names[] = {
    [TIMER_CRL_UPDATE] = "CS CRL UPDATE",
    [TIMER_ROLLOVER] = "CS SHADOW CERT GENERATION",
    [TIMER_CERT_EXPIRE] = "CS CERT EXPIRE",
    [TIMER_REQUEST_EXPIRE] = "ER EXPIRE",
};

static void
put_timer(struct show *s, const struct show_server *server, enum plan_timer timer,
    int64_t request, when_t at)
{
	json_t *o = tree_add_object(json_object_get(s->tree, "cs_timers"));

	tree_put_text(o, "name", names[timer]);
	if (request != 0)
		tree_put_int(o, "request", request);
	tree_put_text(o, "server", server->conf->name);
	tree_put_when(o, "at", at);
	/* not when_add: milliseconds */
	tree_put_int(
	    o, "left_ms", at >= INT64_MAX / 1000 ? INT64_MAX : at * 1000 - s->w->now_ms);
}

static int
by_instant(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	int64_t left = tree_int(*x, "left_ms"), right = tree_int(*y, "left_ms");

	return (left > right) - (left < right);
}

static void
sort(json_t *list)
{
	size_t n = json_array_size(list);
	json_t **all = mem_array(NULL, n + 1, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = json_incref(json_array_get(list, i));
	qsort(all, n, sizeof(*all), by_instant);
	json_array_clear(list);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, all[i]);
	free(all);
}

/* Requests behind s->after, at most *room of them. *done: there are no more. */
static bool
put_requests(
    struct show *s, const struct show_server *server, int *room, bool *done, struct err *e)
{
	struct store *st = ca_store(server->ca);
	struct row_request r;
	struct err why = {0};

	*done = false;
	for (; *room > 0; --*room) {
		if (!st->table->request_next(st, s->after, &r, &why)) {
			*done = true;
			s->after = 0;
			return show_absent(&why, e);
		}
		s->after = r.id;
		put_timer(s, server, TIMER_REQUEST_EXPIRE, r.id, r.expires_at);
	}
	return true;
}

static bool
put_server(
    struct show *s, const struct show_server *server, int *room, bool *done, struct err *e)
{
	struct plan_ca_facts f = show_facts(s, server->ca);
	struct plan_row row[TIMER_COUNT];
	size_t n = plan_ca_timers(&ca_policy(server->ca)->plan, &f, row);

	*done = true;
	if (n == 0)
		return true;
	for (size_t i = 0; i < n && s->after == 0; i++)
		if (row[i].timer != TIMER_REQUEST_EXPIRE)
			put_timer(s, server, row[i].timer, 0, row[i].at);
	return put_requests(s, server, room, done, e);
}

static bool
timers_build(struct show *s, bool *more, struct err *e)
{
	int room = PIECE;
	bool done;

	if (!tree_has(s->tree, "cs_timers")) {
		tree_put_when(s->tree, "now", s->now);
		show_put_clock(s, "clock_authoritative");
		tree_put_text(s->tree, "time_source", s->w->clock_source);
		(void)tree_add_array(s->tree, "cs_timers");
	}
	for (; s->server_at < s->w->server_count; s->server_at++) {
		const struct show_server *server = &s->w->server[s->server_at];

		if (server->ca == NULL)
			continue;
		if (!put_server(s, server, &room, &done, e))
			return false;
		*more = !done;
		if (*more)
			return true;
	}
	*more = false;
	sort(json_object_get(s->tree, "cs_timers"));
	return true;
}

static void
timer_text(const struct show *s, const json_t *o, struct blob *out)
{
	char left[WHEN_TEXT];

	blob_printf(out, "  |%16s  ", span_ios(tree_int(o, "left_ms"), left));
	if (s->c->detail)
		blob_printf(out, "(%s) ", tree_text(o, "at"));
	blob_add_str(out, tree_text(o, "name"));
	if (tree_has(o, "request"))
		blob_printf(out, " %lld", (long long)tree_int(o, "request"));
	if (s->w->server_count > 1)
		blob_printf(out, " %s", tree_text(o, "server"));
	blob_add_byte(out, '\n');
}

static void
timers_text(const struct show *s, struct blob *out)
{
	const json_t *o, *list = json_object_get(s->tree, "cs_timers");
	char left[WHEN_TEXT];
	size_t i;

	show_clock_note(s, "clock_authoritative", out);
	blob_add_str(out, "PKI Timers\nCS Timers\n");
	if (json_array_size(list) > 0)
		blob_printf(out, "|%16s\n",
		    span_ios(tree_int(json_array_get(list, 0), "left_ms"), left));
	json_array_foreach(list, i, o)
	{
		timer_text(s, o, out);
	}
}

const struct show_command show_timers = {
    .command = CMD_SHOW_TIMERS, .build = timers_build, .text = timers_text};
