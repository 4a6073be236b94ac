/* world.c - one clock, one list of what is to happen. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

void
world_at(struct sim *w, int64_t at, enum moment_kind kind, uint32_t who, uint64_t life,
    uint64_t tag, void *load)
{
	struct moment m = {.at = at > w->now ? at : w->now,
	    .kind = kind,
	    .who = who,
	    .life = life,
	    .tag = tag,
	    .load = load};

	heap_put(&w->heap, &m);
}

/* A key pair takes its time, at a server less than at a small device. */
void
world_job_done(struct sim *w, const struct key_job *job, const struct key_done *d,
    enum moment_kind back, uint32_t who, uint64_t life)
{
	bool server = back == M_SERVER_KEY;
	struct key_done *load = mem_get(sizeof(*load));
	int64_t takes = job->act == KEY_MAKE ? dice_between(&w->luck, 50, server ? 300 : 900)
					     : dice_between(&w->luck, 1, server ? 4 : 9);

	if (server && job->act == KEY_MAKE)
		takes += w->setup.key_time * 1000;
	*load = *d;
	world_at(w, w->now + takes, back, who, life, 0, load);
}

void
world_job(struct sim *w, struct keys *k, const struct key_job *job, enum moment_kind back,
    uint32_t who, uint64_t life)
{
	struct err e = {0};
	struct key_done d;

	if (!keys_submit(k, job, &e))
		broken(w, back == M_CLIENT_KEY ? &w->client[who] : NULL, "WORLD",
		    "a job was not taken: %s", e.text);
	while (keys_collect(k, &d))
		world_job_done(w, job, &d, back, who, life);
}

/* ---- a broken invariant ---- */

static const char *const moment_names[M_KINDS] = {
    [M_SERVER_TICK] = "server: tick",
    [M_SERVER_KEY] = "server: a job is done",
    [M_SERVER_HEARS] = "server: a request arrives",
    [M_SERVER_ARCHIVED] = "server: the archive stands",
    [M_SERVER_ANSWERED] = "server: the hook answers",
    [M_SERVER_UP] = "server: starts",
    [M_CLIENT_TICK] = "client: tick",
    [M_CLIENT_KEY] = "client: a job is done",
    [M_CLIENT_HEARS] = "client: an answer arrives",
    [M_CLIENT_TIMEOUT] = "client: no answer",
    [M_CLIENT_UP] = "client: starts",
    [M_CLIENT_JOINS] = "client: is installed",
    [M_OPERATOR] = "operator",
    [M_FAULT] = "fault",
    [M_DAY] = "the daily look",
    [M_BEFORE_SWITCH] = "the look before a switch",
    [M_AFTER_SWITCH] = "the look behind a switch",
};

static void
add_instant(struct blob *out, int64_t ms)
{
	char at[WHEN_TEXT];

	when_rfc3339(ms / 1000, at);
	blob_printf(out, "%.19s.%03d", at, (int)(ms % 1000));
}

static void
add_facts(struct sim *w, const struct client *c)
{
	const struct plan_tp_facts *f = tp_facts(c->tp);
	struct wrong_clock clock = c->clock;
	when_t now = clock_look_at(w, &clock);
	char wake[WHEN_TEXT];

	blob_printf(&w->broken,
	    "\n  its state %d, clock %d, busy %d, identity %d, pending %d, shadow %d, troubles "
	    "%d (%u) "
	    "and %d (%u), wakes %s, disks full %d",
	    (int)tp_plan(c->tp, now).state, (int)clock.plan.state, f->busy, f->have_id,
	    f->pending, f->have_shadow, (int)f->fetch.answer, f->fetch.tries,
	    (int)f->ask.answer, f->ask.tries, when_rfc3339(tp_wake(c->tp), wake), c->full);
}

void
broken(struct sim *w, const struct client *c, const char *id, const char *fmt, ...)
{
	static const char *const faults[] = {"none", "light", "heavy"};
	char what[300];
	va_list ap;

	if (w->broken.n > 0) /* the first one counts */
		return;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)snprintf(w->broken_id, sizeof(w->broken_id), "%s", id);
	blob_printf(&w->broken, "%s does not hold: %s\n  at ", id, what);
	add_instant(&w->broken, w->now);
	blob_printf(&w->broken, ", event %lu, seed %lu, faults %s, %zu clients",
	    (unsigned long)w->numbers.events, (unsigned long)w->setup.seed,
	    faults[w->setup.faults], w->clients);
	if (c != NULL)
		blob_printf(&w->broken, "\n  client %s of '%s', which said last: %s", c->name,
		    c->fleet->name, c->said);
	if (c != NULL && c->tp != NULL)
		add_facts(w, c);
	blob_add_str(&w->broken, "\n  before it:\n");
	for (uint64_t i = w->told > STORY ? w->told - STORY : 0; i < w->told; i++) {
		const struct moment *m = &w->story[i % STORY];

		blob_add_str(&w->broken, "    ");
		add_instant(&w->broken, m->at);
		blob_printf(&w->broken, " %s", moment_names[m->kind]);
		if (m->kind == M_SERVER_HEARS ||
		    (m->kind >= M_CLIENT_TICK && m->kind <= M_CLIENT_JOINS))
			blob_printf(&w->broken, " (%s)", w->client[m->who].name);
		else if (m->kind == M_FAULT || m->kind == M_OPERATOR)
			blob_printf(&w->broken, " %lu", (unsigned long)m->tag);
		blob_add_str(&w->broken, "\n");
	}
	if (w->setup.repeat[0] != 0)
		blob_printf(&w->broken, "  again: %s\n", w->setup.repeat);
	(void)blob_cstr(&w->broken);
}

/* ---- what happens ---- */

static void
load_free(const struct moment *m)
{
	struct key_done *done = m->load;

	if (done == NULL)
		return;
	if (m->kind == M_SERVER_HEARS || m->kind == M_CLIENT_HEARS) {
		letter_free(m->load);
		return;
	}
	blob_free(&done->bytes);
	free(done);
}

static void
happens_to_server(struct sim *w, struct moment *m)
{
	struct server *s = &w->server;
	const struct ca_answer yes = {.known = true, .allowed = true};
	struct ca_event key = {.kind = CA_KEY_DONE, .done = m->load};
	struct ca_event archived = {
	    .kind = CA_ARCHIVED, .id = m->tag, .all = s->unarchived == 0};
	struct ca_event answered = {.kind = CA_ANSWERED, .id = m->tag, .answer = &yes};

	if (m->kind == M_SERVER_HEARS) {
		server_hears(w, m->load);
		m->load = NULL;
		return;
	}
	if (m->life != s->life)
		return;
	if (m->kind == M_SERVER_TICK && m->at == s->tick_at) {
		s->tick_at = INT64_MAX;
		server_tick(w);
	} else if (m->kind == M_SERVER_KEY) {
		server_turn(w, &key);
	} else if (m->kind == M_SERVER_ARCHIVED) {
		server_turn(w, &archived);
	} else if (m->kind == M_SERVER_ANSWERED) {
		server_turn(w, &answered);
	} else if (m->kind == M_SERVER_UP && !s->up) {
		server_up(w);
	}
}

static void
happens_to_client(struct sim *w, struct moment *m)
{
	struct client *c = &w->client[m->who];
	struct tp_event key = {.kind = TP_EV_KEY, .done = m->load};

	if (m->life != c->life)
		return;
	if (m->kind == M_CLIENT_TICK && m->at == c->tick_at) {
		c->tick_at = INT64_MAX;
		client_tick(w, c);
	} else if (m->kind == M_CLIENT_KEY) {
		client_step(w, c, &key);
	} else if (m->kind == M_CLIENT_HEARS) {
		client_hears(w, c, m->load);
		m->load = NULL;
	} else if (m->kind == M_CLIENT_TIMEOUT) {
		client_timeout(w, c, m->tag);
	} else if (m->kind == M_CLIENT_UP && !c->up) {
		client_up(w, c);
	} else if (m->kind == M_CLIENT_JOINS) {
		client_join(w, c);
	}
}

static void
day_passes(struct sim *w)
{
	law_server_day(w);
	for (size_t i = 0; i < w->clients && w->broken.n == 0; i++) {
		struct client *c = &w->client[i];
		when_t now;

		if (!c->joined)
			continue;
		now = client_now(w, c);
		law_client_day(w, c, now);
		people_day(w, c, now);
	}
	world_at(w, w->now + w->day_ms, M_DAY, 0, 0, 0, NULL);
}

static void
happens(struct sim *w, struct moment *m)
{
	uint64_t *d = &w->numbers.digest;

	*d = dice_mix(*d ^ dice_mix((uint64_t)m->at) ^ (uint64_t)m->kind << 32 ^ m->who);
	w->story[w->told++ % STORY] = *m;
	switch (m->kind) {
	case M_OPERATOR:
		people_act(w, m);
		break;
	case M_FAULT:
		faults_turn(w, &w->fault[m->tag / 2], m->tag % 2 == 0);
		break;
	case M_DAY:
		day_passes(w);
		break;
	case M_BEFORE_SWITCH:
		law_before_switch(w, (int64_t)m->tag);
		break;
	case M_AFTER_SWITCH:
		law_after_switch(w, (int64_t)m->tag);
		break;
	default:
		if (m->kind < M_CLIENT_TICK)
			happens_to_server(w, m);
		else
			happens_to_client(w, m);
	}
	load_free(m);
}

bool
sim_run(struct sim *w)
{
	struct moment m;

	while (w->broken.n == 0 && heap_take(&w->heap, &m)) {
		if (m.at >= w->end) {
			load_free(&m);
			break;
		}
		w->now = m.at;
		happens(w, &m);
	}
	if (w->broken.n == 0) {
		law_server_day(w);
		law_switched(w);
		law_end(w);
	}
	return w->broken.n == 0;
}

/* ---- begin and end ---- */

static void
clients_make(struct sim *w)
{
	struct dice d = dice_of(w->setup.seed, 4);
	size_t n = 0;

	for (size_t f = 0; f < w->setup.fleets; f++)
		w->clients += w->setup.fleet[f].clients;
	w->client = mem_get((w->clients + 1) * sizeof(*w->client));
	for (size_t f = 0; f < w->setup.fleets; f++)
		for (size_t i = 0; i < w->setup.fleet[f].clients; i++, n++) {
			struct client *c = &w->client[n];
			int64_t joins = MINUTE_MS + dice_between(&d, 0, w->setup.join * 1000);

			c->fleet = &w->setup.fleet[f];
			c->clock = (struct wrong_clock){.ahead_ms = c->fleet->clock_error_ms,
			    .vouched = true,
			    .plan.mark = INT64_MIN};
			c->tick_at = INT64_MAX;
			(void)snprintf(c->name, sizeof(c->name), "r%zu", n + 1);
			if (c->fleet->joins > 0)
				joins = c->fleet->joins * 1000;
			world_at(w, w->start + joins, M_CLIENT_JOINS, (uint32_t)n, 0, 0, NULL);
		}
}

struct sim *
sim_open(const struct sim_setup *s, struct err *e)
{
	struct sim *w = mem_get(sizeof(*w));

	w->setup = *s;
	w->first = w->was = s->ca.plan;
	w->now = w->start = s->start * 1000;
	w->end = w->start + s->span * 1000;
	w->day_ms = s->ca.plan.lifetime_ca < 20 * DAY ? s->ca.plan.lifetime_ca * 50 : DAY_MS;
	w->days = (size_t)((w->end - w->start) / DAY_MS) + 1;
	w->per_day = mem_get(w->days * sizeof(*w->per_day));
	w->net = dice_of(s->seed, 0);
	w->luck = dice_of(s->seed, 1);
	w->people = dice_of(s->seed, 2);
	w->changes = dice_of(s->seed, 6);
	w->rot = dice_of(s->seed, 11);
	clients_make(w);
	faults_plan(w);
	/* Not at the instant of a switch: what is due then comes first. */
	world_at(w, w->start + w->day_ms + 30000, M_DAY, 0, 0, 0, NULL);
	if (server_open(w, e))
		return w;
	sim_free(w);
	return NULL;
}

void
sim_free(struct sim *w)
{
	struct moment m;

	if (w == NULL)
		return;
	for (size_t i = 0; i < w->clients; i++)
		client_close(&w->client[i]);
	server_close(w);
	while (heap_take(&w->heap, &m))
		load_free(&m);
	heap_free(&w->heap);
	ledger_free(&w->ledger);
	blob_free(&w->broken);
	free(w->client);
	free(w->fault);
	free(w->per_day);
	free(w->left);
	free(w);
}

struct sim_numbers
sim_numbers(const struct sim *w)
{
	return w->numbers;
}

const char *
sim_violation(const struct sim *w)
{
	return w->broken.n == 0 ? "" : (const char *)w->broken.p;
}

const char *
sim_broken_id(const struct sim *w)
{
	return w->broken_id;
}
