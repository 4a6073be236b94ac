/* turn.c - one transaction around waiting events. */
#include <stdlib.h>

#include "ca/ca_int.h"

static bool
told(const struct effects *f, enum effect_kind kind, uint64_t id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].kind == kind && f->list[i].id == id)
			return true;
	return false;
}

static void
again(struct effects *out, enum effect_kind kind, uint64_t id)
{
	if (told(out, kind, id))
		return;
	if (kind == EFFECT_REPLY)
		effect_reply(out, id, 503, "busy, try again", 30);
	else
		effect_tell(out, id, 1, "%% The store cannot take it now: see the log.\n");
}

/* Nothing of the turn leaves, but everybody who asked is answered: those it had answers for,
 * those it took in, those in flight. */
static enum ca_turned
undone(struct ca *ca, const struct ca_event *const *events, size_t n, struct effects *out,
    struct err *e)
{
	struct effects instead = {0};
	struct err why = {0};
	bool ok;

	log_error("turn undone", "ca='%s' why='%s'", ca->policy.name, e->text);
	for (size_t i = 0; i < out->n; i++)
		if (out->list[i].kind == EFFECT_REPLY || out->list[i].kind == EFFECT_TELL)
			again(&instead, out->list[i].kind, out->list[i].id);
	for (size_t i = 0; i < n; i++) {
		if ((events[i]->kind == CA_REQUEST && !ca_holds(ca, events[i]->id)) ||
		    events[i]->kind == CA_NEXT_ASKED)
			again(&instead, EFFECT_REPLY, events[i]->id);
		else if (events[i]->kind == CA_COMMAND &&
			 !(ca->cursor.active && ca->cursor.id == events[i]->id) &&
			 !(ca->cancel.active && ca->cancel.id == events[i]->id))
			again(&instead, EFFECT_TELL, events[i]->id);
	}
	effects_free(out);
	*out = instead;
	/* It only reads, unless the store is new: then nothing is lost with it. */
	ok = ST(ca)->begin(ca->store, &why) && ca_abandon(ca, out, &why);
	ST(ca)->rollback(ca->store);
	if (ok)
		return CA_UNDONE;
	*e = why;
	return CA_LOST;
}

/* Certificates and lists cannot be called back. */
static bool
signs(const struct effects *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].kind == EFFECT_JOB && f->list[i].job.act == KEY_SIGN &&
		    f->list[i].job.as != SIGN_REPLY)
			return true;
	return false;
}

/* So that a clock that goes back, also while nobody looks, is known to have. */
static bool
mark_clock(struct ca *ca, when_t now, const struct effects *out, struct err *e)
{
	if (!ca->facts.clock_trusted || now <= ca->clock_mark ||
	    (now < when_add(ca->clock_mark, MINUTE) && !signs(out)))
		return true;
	return authority_mark(ca, now, e);
}

enum ca_turned
ca_turn(struct ca *ca, const struct ca_event *const *events, size_t n, when_t now,
    struct effects *out, struct err *e)
{
	bool ok;

	long_list_returned(ca);
	ok = ST(ca)->begin(ca->store, e);
	for (size_t i = 0; ok && i < n; i++) {
		ok = ST(ca)->savepoint(ca->store, e) && ca_step(ca, events[i], now, out, e);
		if (ok)
			ST(ca)->release(ca->store);
	}
	ok = ok && mark_clock(ca, now, out, e);
	if (!ok) {
		ST(ca)->rollback(ca->store);
		return undone(ca, events, n, out, e);
	}
	crash_point("turn-before-commit");
	if (!ST(ca)->commit(ca->store, e))
		return undone(ca, events, n, out, e);
	crash_point("turn-after-commit");
	return CA_COMMITTED;
}
