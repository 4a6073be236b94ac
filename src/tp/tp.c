/* tp.c - the trustpoint: one event, its effects. */
#include <stdlib.h>
#include <string.h>

#include "tp/tp_int.h"

#define PLAN_STEPS 8	  /* P1 of the planner: more at one instant would be a defect */
#define HOLD ((when_t)10) /* after the shelf failed */
#define SUFFIX_MAX 12	  /* "#4294967295" */

struct tp *
tp_open(const struct tp_setup *s, struct err *e)
{
	struct tp *t;

	if (strlen(s->label) == 0 || strlen(s->label) + SUFFIX_MAX >= KEY_LABEL_MAX) {
		err_set(e, WHY_BAD_INPUT, "label of a trustpoint's keys: 1 to %d characters",
		    KEY_LABEL_MAX - SUFFIX_MAX - 1);
		return NULL;
	}
	t = mem_get(sizeof(*t));
	t->policy = s->policy;
	t->shelf = s->shelf;
	t->keys = s->keys;
	t->label = mem_str(s->label);
	t->password = s->password[0] != 0 ? mem_str(s->password) : NULL;
	t->fingerprint = s->fingerprint;
	blob_set(&t->subject, s->subject);
	blob_set(&t->san, s->san);
	t->wake = t->held_until = t->forget_at = INT64_MIN;
	if (record_load(t, e)) {
		/* the line is new */
		if (s->policy->require_standard && (t->record.caps & CAP_STANDARD) == 0)
			t->record.plan.caps_known = false;
		return t;
	}
	tp_free(t);
	return NULL;
}

void
tp_free(struct tp *t)
{
	if (t == NULL)
		return;
	talk_end(t);
	import_end(t);
	if (t->password != NULL)
		mem_wipe(t->password, strlen(t->password));
	free(t->label);
	free(t->password);
	free(t->wanted);
	blob_free(&t->subject);
	blob_free(&t->san);
	free(t);
}

/* ---- keys that are no longer needed ---- */

static void
forget_key(struct tp *t, when_t now, struct tp_effects *out)
{
	struct key_job job = {.act = KEY_FORGET};

	if (t->forgetting != 0 || t->record.doomed_count == 0 || now < t->forget_at)
		return;
	t->forgetting = tp_job(t, &job, t->record.doomed[0], out);
}

/* What was gone already is gone. */
static bool
forgotten(struct tp *t, const struct key_done *d, when_t now, struct err *e)
{
	struct record next = t->record;

	t->forgetting = 0;
	if (d->why != WHY_NONE && d->why != WHY_NOT_FOUND) {
		t->forget_at = when_add(now, HOUR);
		return true;
	}
	memmove(next.doomed, next.doomed + 1, (DOOMED_MAX - 1) * sizeof(next.doomed[0]));
	next.doomed_count--;
	return record_commit(t, &next, NULL, 0, e);
}

/* ---- events ---- */

/* Whose job came back. */
static uint32_t
key_used(const struct talk *x)
{
	return x->step == STEP_MESSAGE || x->step == STEP_UNWRAP ? x->request.signer_key
								 : x->request.key;
}

/* A label that was taken by another kind of key is passed over for good; a pair that was stored
 * as made, and is gone, is replaced. */
static bool
key_refused(
    struct tp *t, const struct key_done *d, when_t now, struct tp_effects *out, struct err *e)
{
	if (d->why == WHY_NOT_FOUND && t->x->step != STEP_KEY &&
	    key_used(t->x) <= t->record.last_key)
		return switch_lost(t, key_used(t->x), now, out, e);
	if (t->x->step == STEP_KEY && d->why == WHY_REFUSED) {
		struct record next = t->record;

		next.last_key = t->x->request.key;
		if (!record_commit(t, &next, NULL, 0, e))
			return false;
	}
	return talk_trouble(t, d->text, 0, now, out, e);
}

static bool
key_done(
    struct tp *t, const struct key_done *d, when_t now, struct tp_effects *out, struct err *e)
{
	struct view bytes = blob_view(&d->bytes);

	if (t->forgetting != 0 && d->id == t->forgetting)
		return forgotten(t, d, now, e);
	if (t->import != NULL && d->id == t->import->id)
		return import_go_on(t, d, now, out, e);
	if (t->x == NULL || t->x->step == STEP_FETCH || d->id != t->x->id)
		return true; /* of before a restart */
	if (d->why != WHY_NONE)
		return key_refused(t, d, now, out, e);
	switch (t->x->step) {
	case STEP_MESSAGE:
		message_signed(t, bytes, out);
		return true;
	case STEP_UNWRAP:
		return answer_opened(t, bytes, now, out, e);
	case STEP_KEY:
	case STEP_CSR:
	case STEP_TEMPORARY:
	case STEP_FETCH:
		break;
	}
	return request_go_on(t, bytes, now, out, e);
}

/* The body of the trustpoint had need of a pair that is not there. */
static bool
lost(struct tp *t, const char *label, when_t now, struct tp_effects *out, struct err *e)
{
	const struct record *r = &t->record;
	uint32_t keys[] = {r->lost ? 0 : r->id_key, r->shadow_key};
	char is[KEY_LABEL_MAX];

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		key_label(t, keys[i], is);
		if (keys[i] != 0 && strcmp(is, label) == 0)
			return switch_lost(t, keys[i], now, out, e);
	}
	return true;
}

static bool
fetched(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	if (t->x == NULL || t->x->step != STEP_FETCH || ev->id != t->x->id)
		return true; /* the same */
	switch (t->x->act) {
	case TP_AUTHENTICATE:
	case TP_GET_CAPS:
	case TP_GET_NEXT_CA:
		return authority_answer(t, ev, now, out, e);
	case TP_ENROL:
	case TP_RENEW:
	case TP_REQUEST_SHADOW:
	case TP_POLL:
	case TP_CONFIRM:
	case TP_NONE:
	case TP_ACTIVATE:
		break;
	}
	return answer_arrived(t, ev, now, out, e);
}

/* By hand: what went wrong so far is forgotten (S69). */
static bool
enrol_asked(struct tp *t, struct err *e)
{
	struct record next = t->record;

	next.plan.enrol_asked = true;
	memset(&next.plan.fetch, 0, sizeof(next.plan.fetch));
	memset(&next.plan.ask, 0, sizeof(next.plan.ask));
	memset(&next.plan.fetch, 0, sizeof(next.plan.fetch));
	return record_commit(t, &next, NULL, 0, e);
}

static bool begin(
    struct tp *t, enum plan_tp_act act, when_t now, struct tp_effects *out, struct err *e);

/* Whatever is under way is asked again. */
static bool
enrol_by_hand(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	const struct plan_tp_facts *f = &t->record.plan;

	talk_end(t);
	return begin(t, f->have_id && now < f->id_until ? TP_RENEW : TP_ENROL, now, out, e);
}

static bool
command(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	if (ev->command == TP_CMD_ENROLL)
		return t->policy->by_hand ? enrol_by_hand(t, now, out, e) : enrol_asked(t, e);
	if (ev->command == TP_CMD_TAKE)
		return by_hand_take(t, ev->body, now, out, e);
	if (ev->command == TP_CMD_AUTHENTICATE && t->policy->by_hand)
		return by_hand_authenticate(t, ev, now, out, e);
	if (ev->command == TP_CMD_IMPORT) {
		import_begin(t, ev->import, out);
		return true;
	}
	if (strlen(ev->fingerprint) > FINGERPRINT_MAX) {
		tp_note(out, TP_NOTED_TROUBLE, "a fingerprint is not that long")->ends =
		    TP_CMD_AUTHENTICATE;
		return true;
	}
	free(t->wanted);
	t->wanted = mem_str(ev->fingerprint);
	return true;
}

/* ---- what is due ---- */

static bool
begin(struct tp *t, enum plan_tp_act act, when_t now, struct tp_effects *out, struct err *e)
{
	talk_new(t, act);
	switch (act) {
	case TP_AUTHENTICATE:
		t->x->by_command = t->wanted != NULL;
		(void)snprintf(t->x->fingerprint, sizeof(t->x->fingerprint), "%s",
		    t->wanted != NULL ? t->wanted : t->fingerprint);
		free(t->wanted);
		t->wanted = NULL;
		talk_fetch(t, TP_GETCACERT, (struct view){0}, out);
		return true;
	case TP_GET_CAPS:
		talk_fetch(t, TP_GETCACAPS, (struct view){0}, out);
		return true;
	case TP_GET_NEXT_CA:
		talk_fetch(t, TP_GETNEXTCACERT, (struct view){0}, out);
		return true;
	case TP_ENROL:
	case TP_RENEW:
	case TP_REQUEST_SHADOW:
		return request_begin(t, now, out, e);
	case TP_POLL:
		return poll_begin(t, now, out, e);
	case TP_CONFIRM:
		return confirm_begin(t, now, out, e);
	case TP_NONE:
	case TP_ACTIVATE:
		break;
	}
	return err_set(e, WHY_BUG, "trustpoint %s begins act %d", t->label, (int)act);
}

static enum plan_tp_act
due(struct tp *t, when_t now)
{
	struct plan_tp plan = plan_tp(&t->policy->plan, &t->record.plan, now);

	t->wake = plan.wake;
	if (t->wanted != NULL && !t->record.plan.busy && t->record.plan.clock_trusted &&
	    plan.act != TP_ACTIVATE)
		return TP_AUTHENTICATE;
	return plan.act;
}

/* Do what is due, one act at a time, and plan again. */
static bool
follow_plan(struct tp *t, when_t now, struct tp_effects *out, struct err *e)
{
	for (int n = 0; n < PLAN_STEPS; n++) {
		enum plan_tp_act act = due(t, now);

		if (act == TP_NONE)
			return true;
		if (act == TP_ACTIVATE ? !switch_activate(t, out, e)
				       : !begin(t, act, now, out, e))
			return false;
	}
	return err_set(e, WHY_BUG, "the plan of %s does not settle", t->label);
}

static bool
deal(struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	switch (ev->kind) {
	case TP_EV_TICK:
		break;
	case TP_EV_KEY:
		return key_done(t, ev->done, now, out, e);
	case TP_EV_FETCHED:
		return fetched(t, ev, now, out, e);
	case TP_EV_LOST:
		return lost(t, ev->label, now, out, e);
	case TP_EV_COMMAND:
		return command(t, ev, now, out, e);
	}
	return true;
}

/* The shelf has all that is needed to do it again. */
static void
hold(struct tp *t, size_t before, when_t now, struct tp_effects *out)
{
	tp_effects_truncate(out, before);
	talk_drop(t);
	t->wake = t->held_until = when_add(now, HOLD);
}

/* Who waits hears that it came to nothing. */
static bool
give_up(struct tp *t, size_t before, when_t now, struct tp_effects *out)
{
	talk_end(t);
	import_end(t);
	if (t->wanted != NULL && t->wanted[0] != 0) {
		free(t->wanted);
		t->wanted = NULL;
	}
	hold(t, before, now, out);
	return false;
}

bool
tp_step(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	size_t before = out->n;
	struct err why = {0};

	t->record.plan.clock_trusted = ev->clock_trusted;
	t->record.plan.clock_suspect = ev->clock_suspect;
	if (!ev->clock_trusted) /* no answer is believed: it is asked again when there is one */
		talk_drop(t);
	if (!deal(t, ev, now, out, e))
		return give_up(t, before, now, out);
	if (now < t->held_until && t->held_until <= when_add(now, HOLD)) {
		t->wake = t->held_until;
		return true;
	}
	before = out->n;
	if (!follow_plan(t, now, out, &why)) {
		if (ev->kind == TP_EV_TICK) {
			err_set(e, why.why, "%s", why.text);
			return give_up(t, before, now, out);
		}
		hold(t, before, now, out); /* the event is dealt with */
		tp_note(out, TP_NOTED_TROUBLE, "%s", why.text)->ends = TP_CMD_ENROLL;
	}
	forget_key(t, now, out);
	if (t->record.doomed_count > 0 && t->forgetting == 0)
		t->wake = when_min(t->wake, when_max(t->forget_at, when_add(now, 1)));
	return true;
}

when_t
tp_wake(const struct tp *t)
{
	return t->wake;
}

const struct plan_tp_facts *
tp_facts(const struct tp *t)
{
	return &t->record.plan;
}

struct plan_tp
tp_plan(const struct tp *t, when_t now)
{
	return plan_tp(&t->policy->plan, &t->record.plan, now);
}

bool
tp_key_lost(const struct tp *t)
{
	return t->record.lost;
}

const char *
tp_label(const struct tp *t)
{
	return t->label;
}
