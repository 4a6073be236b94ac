/* agent.c - all trustpoints: whose turn it is, what arrives. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define ROUND_MS 5		    /* then others have their turn */
#define OPEN_WAIT_MAX (15 * MINUTE) /* who does not run is dark (plan_retry) */

/* ---- who wakes first: a heap ---- */

static void
heap_put(struct agent *a, size_t at, struct member *m)
{
	a->heap[at] = m;
	m->at = (uint32_t)at;
}

static void
heap_settle(struct agent *a, struct member *m)
{
	size_t at = m->at, up, down;

	for (; at > 0 && a->heap[up = (at - 1) / 2]->wake > m->wake; at = up)
		heap_put(a, at, a->heap[up]);
	for (; (down = 2 * at + 1) < a->count; at = down) {
		if (down + 1 < a->count && a->heap[down + 1]->wake < a->heap[down]->wake)
			down++;
		if (a->heap[down]->wake >= m->wake)
			break;
		heap_put(a, at, a->heap[down]);
	}
	heap_put(a, at, m);
}

void
member_wake_at(struct member *m, when_t at)
{
	m->wake = at;
	heap_settle(m->agent, m);
}

static when_t
wake_of(const struct member *m)
{
	return m->tp == NULL ? WHEN_NEVER
			     : when_min(when_min(tp_wake(m->tp), lists_wake(m)),
				   when_min(m->identity.at, m->alert_at));
}

/* ---- jobs ---- */

static void
job_ask(struct member *m, const struct tp_effect *x)
{
	struct pending *p;

	if (x->job.act == KEY_FORGET && member_shares_keys(m)) {
		struct arrival *v = arrival_add(m->agent, m, TP_EV_KEY);

		v->done = (struct key_done){.id = x->id, .why = WHY_NOT_FOUND};
		return;
	}
	p = pending_add(m, x->job.act == KEY_MAKE ? PENDING_MAKE : PENDING_JOB);
	p->of_tp = x->id;
	p->job = x->job;
	p->job.id = p->id;
	blob_set(&p->message, blob_view(&x->bytes));
}

/* The signer's queue is short; what does not fit waits here. */
static void
jobs_send(struct agent *a, enum pending_kind kind, size_t most)
{
	struct err e = {0};
	struct pending *p;

	while ((p = pending_next(a, kind, most)) != NULL) {
		p->job.bytes = blob_view(&p->message);
		if (!keys_submit(a->o.keys, &p->job, &e))
			return;
		pending_sent(a, p);
		crash_point("agent-job-sent");
	}
}

/* ---- certificates that end, and nothing follows ---- */

static void
alert(struct member *m, const char *what, when_t until, when_t *last, bool followed)
{
	when_t now = m->agent->clock.now;
	struct plan_alert a;
	char at[WHEN_TEXT];

	if (followed)
		return;
	a = plan_alert(*last, until, now);
	m->alert_at = when_min(m->alert_at, a.next);
	if (a.due == ALERT_NONE)
		return;
	*last = now;
	if (a.due == ALERT_URGENT)
		log_error(now >= until ? "certificate has ended, and none follows"
				       : "certificate ends soon, and none follows",
		    "trustpoint='%s' certificate='%s' until='%s' days=%ld", m->name, what,
		    when_rfc3339(until, at), (long)((until - now) / DAY));
	else
		log_warn("certificate ends, and none follows yet",
		    "trustpoint='%s' certificate='%s' until='%s' days=%ld", m->name, what,
		    when_rfc3339(until, at), (long)((until - now) / DAY));
}

/* Nobody but an operator renews it; once for each certificate, and at each start. */
static void
alert_by_hand(struct member *m, const struct plan_tp_facts *f)
{
	when_t due = WHEN_NEVER;
	char at[WHEN_TEXT];

	if (!by_hand_due(&m->kin->policy, f, &due) || m->due_said == f->id_until)
		return;
	if (m->agent->clock.now < due) {
		m->alert_at = when_min(m->alert_at, due);
		return;
	}
	m->due_said = f->id_until;
	log_warn("certificate is to be renewed by hand",
	    "trustpoint='%s' until='%s' mend='crypto pki enroll %s'", m->name,
	    when_rfc3339(f->id_until, at), m->name);
}

static void
alerts(struct member *m)
{
	const struct plan_tp_facts *f = tp_facts(m->tp);

	if (!m->agent->clock.trusted)
		return;
	m->alert_at = WHEN_NEVER;
	alert_by_hand(m, f);
	if (f->have_id)
		alert(m, "own", f->id_until, &m->id_alerted_at,
		    plan_tp_followed(&m->kin->policy.plan, f));
	if (f->authenticated)
		alert(m, "CA", f->ca_until, &m->ca_alerted_at, f->have_next_ca);
}

/* ---- steps ---- */

static void
count(struct member *m, enum tp_note note)
{
	struct agent_counters *c = &m->counters;

	switch (note) {
	case TP_NOTED_ID:
		c->granted++;
		break;
	case TP_NOTED_SHADOW:
		c->shadows++;
		break;
	case TP_NOTED_ACTIVATED:
		c->switches++;
		break;
	case TP_NOTED_PENDING:
		c->pending++;
		break;
	case TP_NOTED_REJECTED:
		c->rejected++;
		break;
	case TP_NOTED_TROUBLE:
		c->troubles++;
		break;
	case TP_NOTED_NEXT_CA:
		c->next_cas++;
		break;
	case TP_NOTED_CA:
	case TP_NOTED_BEHIND:
	case TP_NOTED_LACKS:
	case TP_NOTED_NOT_TAKEN:
	case TP_NOTED_REQUEST:
		break;
	}
}

void
member_trouble(struct member *m, const char *text)
{
	free(m->trouble);
	m->trouble = mem_str(text);
	m->trouble_at = m->agent->clock.now;
}

static void
note(struct member *m, const struct tp_effect *x)
{
	static const struct {
		const char *words;
		bool looks, warns, fails; /* the last: hooks are told */
	} notes[] = {
	    [TP_NOTED_CA] = {"CA authenticated", .looks = true},
	    [TP_NOTED_ID] = {"certificate stored", .looks = true},
	    [TP_NOTED_NEXT_CA] = {"next CA certificate stored", .looks = true},
	    [TP_NOTED_SHADOW] = {"next certificate stored", .looks = true},
	    [TP_NOTED_ACTIVATED] = {"switched to the next CA", .looks = true},
	    [TP_NOTED_PENDING] = {"request waits at the server"},
	    [TP_NOTED_REJECTED] = {"request refused", .warns = true, .fails = true},
	    [TP_NOTED_BEHIND] = {"left behind at the switch", .warns = true, .fails = true},
	    [TP_NOTED_LACKS] = {"server cannot do all that is wanted"},
	    [TP_NOTED_REQUEST] = {"request made"},
	    [TP_NOTED_NOT_TAKEN] = {"what an operator brought is not taken"},
	    [TP_NOTED_TROUBLE] = {"trustpoint in trouble, it tries again", .warns = true},
	};
	struct blob text = {0};

	count(m, x->note);
	blob_set(&text, blob_view(&x->bytes));
	if (x->note == TP_NOTED_TROUBLE && m->no_answer != NULL)
		blob_printf(&text, ": %s", m->no_answer);
	if (notes[x->note].warns) {
		log_warn(notes[x->note].words, "trustpoint='%s' why='%s'", m->name,
		    blob_cstr(&text));
		member_trouble(m, blob_cstr(&text));
	} else {
		log_notice(notes[x->note].words, "trustpoint='%s' what='%s'", m->name,
		    blob_cstr(&text));
	}
	if (notes[x->note].fails)
		errand_failed(m, blob_cstr(&text));
	if (notes[x->note].looks)
		identity_look(m);
	command_noted(m, x, blob_cstr(&text));
	if (x->note == TP_NOTED_TROUBLE) { /* it was the reason of this one */
		free(m->no_answer);
		m->no_answer = NULL;
	}
	blob_free(&text);
}

static void
release(struct member *m, struct tp_effects *out)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct tp_effect *x = &out->list[i];

		switch (x->kind) {
		case TP_EFFECT_JOB:
			job_ask(m, x);
			break;
		case TP_EFFECT_FETCH:
			fetch_ask(m, x);
			break;
		case TP_EFFECT_NOTE:
			note(m, x);
			break;
		}
	}
	tp_effects_free(out);
}

static bool
step(struct member *m, const struct tp_event *ev, struct tp_effects *out, struct err *e)
{
	const struct agent_witness *w = m->agent->o.witness;
	when_t now = m->agent->clock.now;

	return w == NULL ? tp_step(m->tp, ev, now, out, e)
			 : w->step(w->arg, m->number, m->tp, ev, now, out, e);
}

/* What makes no sense is for an operator. Other trouble, of files, passes: it is tried again.
 */
static bool
member_begin(struct member *m)
{
	struct agent *a = m->agent;
	struct blob text = {0};
	struct err e = {0};

	if (member_open(m, &e)) {
		if (m->open_wait > 0)
			log_notice("trustpoint runs now", "trustpoint='%s'", m->name);
		return true;
	}
	m->open_wait = when_min(when_max(2 * m->open_wait, MINUTE), OPEN_WAIT_MAX);
	m->open_at = e.why == WHY_BAD_INPUT ? WHEN_NEVER : when_add(a->clock.now, m->open_wait);
	blob_printf(
	    &text, "%s%s", e.text, m->open_at != WHEN_NEVER ? "; it is tried again" : "");
	log_error(
	    "trustpoint does not run", "trustpoint='%s' why='%s'", m->name, blob_cstr(&text));
	member_trouble(m, blob_cstr(&text));
	blob_free(&text);
	return false;
}

void
member_step(struct member *m, const struct tp_event *ev)
{
	struct agent *a = m->agent;
	struct tp_event full = *ev;
	struct tp_effects out = {0};
	struct err e = {0};

	if (m->tp == NULL && (a->clock.now < m->open_at || !member_begin(m))) {
		member_wake_at(m, m->open_at);
		return;
	}
	full.clock_trusted = a->clock.trusted;
	full.clock_suspect = a->clock.suspect;
	if (!step(m, &full, &out, &e)) {
		log_error("trustpoint cannot go on, it tries again", "trustpoint='%s' why='%s'",
		    m->name, e.text);
		member_trouble(m, e.text);
		command_failed(m, e.text);
	}
	release(m, &out);
	alerts(m);
	member_wake_at(m, wake_of(m));
}

/* ---- what arrives ---- */

struct arrival *
arrival_add(struct agent *a, struct member *m, enum tp_event_kind kind)
{
	struct arrival *v = mem_get(sizeof(*v));

	v->member = m;
	v->event.kind = kind;
	*a->arrivals_end = v;
	a->arrivals_end = &v->next;
	return v;
}

static void
arrival_free(struct arrival *v)
{
	blob_free(&v->body);
	blob_free(&v->done.bytes);
	free(v);
}

static struct arrival *
arrival_next(struct agent *a)
{
	struct arrival *v = a->arrivals;

	if (v == NULL)
		return NULL;
	a->arrivals = v->next;
	if (a->arrivals == NULL)
		a->arrivals_end = &a->arrivals;
	return v;
}

bool
agent_keys_readable(struct agent *a)
{
	struct key_done done = {0};

	while (keys_collect(a->o.keys, &done)) {
		struct pending *p = pending_find(a, PENDING_JOB, done.id);

		if (p == NULL)
			p = pending_find(a, PENDING_MAKE, done.id);

		if (p != NULL && p->of_tp != 0) {
			struct arrival *v = arrival_add(a, p->member, TP_EV_KEY);

			done.id = p->of_tp;
			v->done = done;
			done = (struct key_done){0};
		} else if (p != NULL) {
			if (p->job.act == KEY_EXPORT && done.why == WHY_NOT_FOUND)
				memcpy(arrival_add(a, p->member, TP_EV_LOST)->label,
				    p->job.label, KEY_LABEL_MAX);
			identity_job_done(p->member, &done);
			command_job_done(p->member, &done);
		}
		blob_free(&done.bytes);
		if (p != NULL)
			pending_end(a, p);
		crash_point("agent-job-done");
	}
	return a->o.keys->table->alive(a->o.keys);
}

/* What arrives, lists, looks and wakes go on for so long. */
bool
agent_has_time(const struct agent *a)
{
	return clock_mono_ms() < a->until_ms;
}

static void
arrivals_deal(struct agent *a)
{
	struct arrival *v;

	while (agent_has_time(a) && (v = arrival_next(a)) != NULL) {
		v->event.done = &v->done;
		v->event.body = blob_view(&v->body);
		v->event.label = v->label;
		member_step(v->member, &v->event);
		arrival_free(v);
	}
}

/* ---- rounds ---- */

static void
wakes_deal(struct agent *a)
{
	static const struct tp_event tick = {.kind = TP_EV_TICK};

	while (a->count > 0 && agent_has_time(a)) {
		struct member *m = a->heap[0];

		if (m->wake > a->clock.now)
			return;
		if (m->identity.at <= a->clock.now || lists_wake(m) <= a->clock.now)
			identity_look(m);
		member_step(m, &tick);
		if (m->wake <= a->clock.now) /* it waits for what it has asked */
			member_wake_at(m, when_add(a->clock.now, 1));
	}
}

static void
looks_deal(struct agent *a)
{
	while (a->looking_count > 0 && agent_has_time(a)) {
		struct member *m = a->looking[--a->looking_count];

		m->identity.look = false;
		identity_work(m, a->clock.now);
		lists_work(m, a->clock.now);
		member_wake_at(m, when_min(m->wake, wake_of(m))); /* tp may wait for it */
	}
}

/* Every trustpoint hears of it: without a clock nothing runs, with one all that waited does. */
static void
clock_set(struct agent *a, const struct agent_clock *clock)
{
	bool changed = a->clock.trusted != clock->trusted || a->clock.suspect != clock->suspect;

	a->clock = *clock;
	for (size_t i = 0; changed && i < a->count; i++) {
		identity_look(&a->member[i]);
		member_wake_at(&a->member[i], INT64_MIN);
	}
}

void
agent_round(struct agent *a, const struct agent_clock *clock)
{
	clock_set(a, clock);
	fetch_late(a);
	a->until_ms = clock_mono_ms() + ROUND_MS;
	arrivals_deal(a);
	cdps_deal(a);
	looks_deal(a);
	wakes_deal(a);
	jobs_send(a, PENDING_JOB, JOBS_AT_ONCE);
	jobs_send(a, PENDING_MAKE, MAKES_AT_ONCE);
	fetch_send(a);
	errands_send(a);
	if (a->last_id - a->trimmed_id >= TRIM_AFTER && !agent_busy(a)) {
		a->trimmed_id = a->last_id;
		mem_give_back();
	}
}

when_t
agent_wake(const struct agent *a)
{
	return a->count == 0 ? WHEN_NEVER : a->heap[0]->wake;
}

bool
agent_busy(const struct agent *a)
{
	return pending_any(a) || a->arrivals != NULL || a->looking_count > 0 || cdps_came(a);
}

int64_t
agent_due_ms(const struct agent *a, when_t now)
{
	when_t wake = agent_wake(a);
	int64_t next = -1, mono = clock_mono_ms();

	if (a->arrivals != NULL || a->looking_count > 0 || cdps_came(a) || wake <= now)
		return 0;
	/* A clock that is not believed says nothing of the time for decisions: core looks. */
	if (wake != WHEN_NEVER && a->clock.trusted && !a->clock.suspect)
		next = clock_real_ms_until(wake);
	for (const struct pending *p = a->sent[PENDING_FETCH].first; p != NULL; p = p->next)
		if (next < 0 || p->due_ms - mono < next)
			next = p->due_ms > mono ? p->due_ms - mono : 0;
	return next;
}

/* ---- start and end ---- */

struct member *
member_named(struct agent *a, const char *name)
{
	for (size_t i = 0; i < a->living_count; i++)
		if (strcmp(a->living[i]->name, name) == 0)
			return a->living[i];
	return NULL;
}

size_t
agent_members(const struct agent *a)
{
	return a->living_count;
}

void
agent_look(const struct agent *a, size_t i, struct agent_view *out)
{
	const struct member *m = a->living[i];

	*out = (struct agent_view){
	    .conf = lines(m),
	    .tp = m->tp,
	    .shelf = m->shelf,
	    .counters = m->counters,
	    .trouble = m->trouble,
	    .trouble_at = m->trouble_at,
	    .active = m->identity.active,
	    .shadow = m->identity.shadow,
	    .id_alerted_at = m->id_alerted_at,
	    .ca_alerted_at = m->ca_alerted_at,
	};
	if (m->identity.active != 0)
		(void)agent_path(a->state, m->name, "active", out->directory);
}

static bool
members_open(struct agent *a, struct err *e)
{
	const struct conf *c = a->o.conf;
	char path[512];

	for (size_t i = 0; i < c->trustpoint_count; i++) {
		struct member *m = &a->member[a->count];

		if (!agent_runs(c, conf_trustpoint_name(c, i)))
			continue;
		m->agent = a;
		m->name = conf_trustpoint_name(c, i);
		m->number = (uint32_t)i;
		m->id_alerted_at = m->ca_alerted_at = INT64_MIN;
		m->alert_at = WHEN_NEVER;
		m->wake = INT64_MIN;
		a->living[a->living_count++] = m;
		heap_put(a, a->count++, m);
		(void)member_begin(m);
	}
	return dir_sync(agent_path(a->state, "*", NULL, path), e);
}

struct agent *
agent_open(const struct agent_options *o, struct err *e)
{
	struct agent *a = mem_get(sizeof(*a));

	a->o = *o;
	a->state = mem_str(o->state);
	a->member = mem_get((o->conf->trustpoint_count + 1) * sizeof(*a->member));
	a->heap = mem_get((o->conf->trustpoint_count + 1) * sizeof(*a->heap));
	a->looking = mem_get((o->conf->trustpoint_count + 1) * sizeof(*a->looking));
	a->living = mem_get((o->conf->trustpoint_count + 1) * sizeof(*a->living));
	a->arrivals_end = &a->arrivals;
	crash_point("agent-opened");
	if (members_open(a, e)) {
		mem_give_back();
		return a;
	}
	agent_free(a);
	return NULL;
}

void
agent_free(struct agent *a)
{
	struct arrival *v;

	if (a == NULL)
		return;
	pending_free_all(a, NULL);
	cdps_free(a);
	while ((v = arrival_next(a)) != NULL)
		arrival_free(v);
	for (size_t i = 0; i < a->count; i++) {
		struct member *m = &a->member[i];

		member_shut(m);
		blob_free(&m->asked.text);
		free(m->asked.file);
		free(m->trouble);
		free(m->no_answer);
	}
	for (struct kin *k = a->kin, *next; k != NULL; k = next) {
		next = k->next;
		free(k);
	}
	if (a->o.keys != NULL)
		keys_close(a->o.keys);
	free(a->member);
	free(a->heap);
	free(a->looking);
	free(a->living);
	free(a->state);
	free(a);
}
