/* ca.c - the authority: one event, its effects. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

#define PLAN_STEPS 16 /* P1 of the planner: more at one instant would be a defect */

struct ca *
ca_open(const struct ca_policy *p, struct store *s, struct keys *k, struct err *e)
{
	struct ca *ca = mem_get(sizeof(*ca));

	ca->policy = *p;
	ca->store = s;
	ca->keys = k;
	ca->tasks_end = &ca->tasks;
	ca->wake = INT64_MIN;
	if (authority_load(ca, e))
		return ca;
	ca_free(ca);
	return NULL;
}

static void
forget_tasks(struct ca *ca)
{
	while (ca->tasks != NULL) {
		struct task *t = ca->tasks;

		ca->tasks = t->next;
		ca_task_free(t);
	}
	ca->tasks_end = &ca->tasks;
	ca->crls_open = 0;
}

void
ca_free(struct ca *ca)
{
	if (ca == NULL)
		return;
	forget_tasks(ca);
	while (ca->exchanges != NULL)
		exchange_free(ca, ca->exchanges);
	generations_free(ca);
	blob_free(&ca->last_serial);
	blob_free(&ca->cancel.names);
	long_list_forget(ca);
	long_list_returned(ca);
	mem_wipe(ca, sizeof(*ca));
	free(ca);
}

bool
ca_abandon(struct ca *ca, struct effects *out, struct err *e)
{
	forget_tasks(ca);
	long_list_forget(ca);
	while (ca->exchanges != NULL)
		reply_later(ca, ca->exchanges, 30, out);
	if (ca->cursor.active)
		effect_tell(out, ca->cursor.id, 1,
		    "%% The store could not take it: some requests still wait.\n");
	if (ca->cancel.active && ca->cancel.id != 0)
		effect_tell(out, ca->cancel.id, 1,
		    "%% The store could not take it: see the log, and try again.\n");
	blob_free(&ca->cancel.names);
	ca->cursor.active = ca->cancel.active = false;
	ca->resumed = ca->published = false;
	ca->wake = INT64_MIN;
	return authority_load(ca, e);
}

static bool
expire_requests(struct ca *ca, when_t now, struct err *e)
{
	int64_t removed;

	if (!ST(ca)->request_purge(ca->store, now, &removed, e) ||
	    !ST(ca)->request_expiry(ca->store, &ca->facts.request_expiry, e))
		return false;
	crash_point("requests-expired");
	if (removed > 0)
		log_notice("enrolment requests expired", "ca='%s' count=%ld", ca->policy.name,
		    (long)removed);
	return true;
}

static bool
do_act(
    struct ca *ca, const struct plan_ca *plan, when_t now, struct effects *out, struct err *e)
{
	struct generation *g = plan->next ? ca->next : ca->active;

	switch (plan->act) {
	case PLAN_MAKE_KEY:
		authority_make_key(ca, plan->next, out);
		return true;
	case PLAN_MAKE_CERT:
		return authority_make_cert(ca, g, now, out, e);
	case PLAN_MAKE_CRL:
		return list_make(ca, now, out, e);
	case PLAN_MAKE_RA:
		return ra_make(ca, g, out, e);
	case PLAN_ARCHIVE:
		authority_archive(ca, g, out);
		return true;
	case PLAN_LINK:
		return link_make(ca, now, out, e);
	case PLAN_ANNOUNCE:
		return rollover_announce(ca, out, e);
	case PLAN_SWITCH:
		return rollover_switch(ca, now, out, e);
	case PLAN_FORGET_OLD:
		return rollover_forget(ca, now, out, e);
	case PLAN_EXPIRE_REQUESTS:
		return expire_requests(ca, now, e);
	case PLAN_EXPIRE_CHALLENGES:
		return ST(ca)->challenge_purge(ca->store, now, e) &&
		       ST(ca)->challenge_expiry(ca->store, &ca->facts.challenge_expiry, e);
	case PLAN_NONE:
		break;
	}
	return true;
}

/* Do what is due, one effect at a time, and plan again (style-models 2.4). */
static bool
follow_plan(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct plan_ca plan;

	for (int n = 0; n < PLAN_STEPS; n++) {
		generations_tell(ca);
		plan = plan_ca(&ca->policy.plan, &ca->facts, now);
		if (plan.act == PLAN_NONE) {
			ca->wake = ca->cursor.active || ca->cancel.active || long_list_due(ca)
				       ? now
				       : plan.wake;
			return true;
		}
		if (!do_act(ca, &plan, now, out, e))
			return false;
	}
	return err_set(e, WHY_BUG, "the plan of %s does not settle", ca->policy.name);
}

static bool
key_done(
    struct ca *ca, const struct key_done *d, when_t now, struct effects *out, struct err *e)
{
	struct task *t = ca_task_take(ca, d->id);
	bool ok = true;

	if (t == NULL) /* of before ca_abandon */
		return true;
	switch (t->kind) {
	case TASK_UNWRAP:
		if (t->x != NULL)
			ok = exchange_opened(ca, t->x, d, now, out, e);
		break;
	case TASK_REPLY:
		if (t->x != NULL)
			reply_signed(ca, t->x, d, out);
		break;
	case TASK_CERT:
		ok = issue_signed(ca, t, d, out, e) && ra_settled(ca, t->number, now, out, e) &&
		     link_settled(ca, t->number, now, out, e);
		break;
	case TASK_ROLE:
		ok = approve_role(ca, t->number, d, now, out, e);
		break;
	case TASK_MAKE_KEY:
	case TASK_SELF:
	case TASK_ARCHIVE:
	case TASK_CRL:
	case TASK_RA_KEY:
	case TASK_ANNOUNCE:
	case TASK_FORGET:
		ok = authority_done(ca, t, d, now, out, e);
		break;
	}
	ca_task_free(t);
	return ok;
}

bool
ca_step(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	bool ok = true;

	ca->facts.clock_trusted = ev->clock_trusted;
	if (!ca->published)
		authority_publish(ca, out);
	ca->published = true;
	if (ca->facts.clock_trusted && ca->active->facts.have_cert && !ca->resumed) {
		if (!issue_resume(ca, now, out, e) || !approve_resume(ca, out, e) ||
		    !cancel_resume(ca, e))
			return false;
		ca->resumed = true;
	}
	/* What is due comes first: behind the end of a CA certificate nothing is answered by it
	 * (INV-12, INV-14). */
	if (now >= ca->wake && !follow_plan(ca, now, out, e))
		return false;
	switch (ev->kind) {
	case CA_TICK:
		ok = command_continue(ca, now, out, e) && cancel_continue(ca, now, out, e) &&
		     long_list_continue(ca, out, e);
		break;
	case CA_REQUEST:
		ok = exchange_begin(ca, ev, now, out, e);
		break;
	case CA_KEY_DONE:
		ok = key_done(ca, ev->done, now, out, e);
		break;
	case CA_COMMAND:
		ok = command_do(ca, ev, now, out, e);
		break;
	case CA_ARCHIVED:
		ok = authority_archived(ca, (int64_t)ev->id, ev->all, now, e);
		break;
	case CA_NEXT_ASKED:
		ok = cancel_tell(ca, ev, out, e);
		break;
	case CA_ANSWERED:
		ok = challenge_answered(ca, ev, now, out, e);
		break;
	}
	return ok && follow_plan(ca, now, out, e);
}

when_t
ca_wake(const struct ca *ca)
{
	return ca->wake;
}

when_t
ca_clock_mark(const struct ca *ca)
{
	return ca->clock_mark;
}

const struct ca_policy *
ca_policy(const struct ca *ca)
{
	return &ca->policy;
}

const struct plan_ca_facts *
ca_facts(const struct ca *ca)
{
	return &ca->facts;
}

struct store *
ca_store(const struct ca *ca)
{
	return ca->store;
}

struct plan_ca
ca_plan(const struct ca *ca, when_t now)
{
	return plan_ca(&ca->policy.plan, &ca->facts, now);
}

const char *
ca_key_label(const struct ca *ca)
{
	return ca->active->label;
}

int64_t
ca_generation(const struct ca *ca)
{
	return ca->active->facts.have_key ? ca->active->number : 0;
}

int64_t
ca_next_generation(const struct ca *ca)
{
	return ca->next != NULL && ca->next->facts.have_key ? ca->next->number : 0;
}

struct view
ca_last_serial(const struct ca *ca)
{
	return blob_view(&ca->last_serial);
}

size_t
ca_in_flight(const struct ca *ca)
{
	return ca->in_flight;
}
