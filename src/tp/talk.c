/* talk.c - what is under way, and its trouble. */
#include <stdlib.h>
#include <string.h>

#include "tp/tp_int.h"

void
talk_new(struct tp *t, enum plan_tp_act act)
{
	t->x = mem_get(sizeof(*t->x));
	t->x->act = act;
	t->record.plan.busy = true;
}

void
talk_end(struct tp *t)
{
	struct talk *x = t->x;

	t->record.plan.busy = false;
	t->x = NULL;
	if (x == NULL)
		return;
	request_free(&x->request);
	blob_free(&x->ca);
	blob_free(&x->spki);
	blob_free(&x->work);
	blob_free(&x->attrs);
	blob_free(&x->content);
	blob_free(&x->answer);
	blob_free(&x->scratch);
	blob_free(&x->envelope_scratch);
	free(x);
}

enum tp_command
talk_command(const struct talk *x)
{
	if (x->act == TP_AUTHENTICATE)
		return x->by_command && x->fingerprint[0] != 0 ? TP_CMD_AUTHENTICATE
							       : TP_CMD_NONE;
	return TP_CMD_ENROLL; /* an ended CA has to be followed first */
}

void
talk_drop(struct tp *t)
{
	if (t->x != NULL && talk_command(t->x) == TP_CMD_AUTHENTICATE) {
		free(t->wanted);
		t->wanted = mem_str(t->x->fingerprint);
	}
	talk_end(t);
}

void
talk_fetch(struct tp *t, enum tp_fetch fetch, struct view message, struct tp_effects *out)
{
	struct tp_effect *f = tp_effect_add(out, TP_EFFECT_FETCH);

	f->id = t->x->id = ++t->last_id;
	f->fetch = fetch;
	f->post = fetch == TP_OPERATION && (t->record.caps & CAP_POST) != 0;
	blob_add_view(&f->bytes, message);
	t->x->step = STEP_FETCH;
}

void
trouble_set(struct tp *t, struct plan_trouble *trouble, enum plan_answer answer,
    int retry_after, bool forward, when_t now)
{
	unsigned tries = forward || trouble->at > now ? 0 : trouble->tries;
	uint8_t draw;

	keys_random(t->keys, &draw, 1);
	*trouble = (struct plan_trouble){
	    .answer = answer,
	    .at = now,
	    .tries = tries < UINT32_MAX ? tries + 1 : tries,
	    .retry_after = retry_after > 0 ? when_add(now, retry_after) : 0,
	    .draw = draw,
	};
}

static bool
only_reads(enum plan_tp_act act)
{
	return act == TP_AUTHENTICATE || act == TP_GET_CAPS || act == TP_GET_NEXT_CA;
}

static const char *
act_words(enum plan_tp_act act)
{
	static const char *const words[] = {
	    [TP_NONE] = "nothing",
	    [TP_ACTIVATE] = "switch",
	    [TP_AUTHENTICATE] = "authenticating the CA",
	    [TP_GET_CAPS] = "capabilities",
	    [TP_ENROL] = "enrolling",
	    [TP_RENEW] = "renewing",
	    [TP_REQUEST_SHADOW] = "next certificate",
	    [TP_POLL] = "polling",
	    [TP_CONFIRM] = "confirming",
	    [TP_GET_NEXT_CA] = "next CA certificate",
	};

	return words[act];
}

/*
 * An operator who stands there is told, and tries again himself. A server that could do little
 * is asked again what it can do: that word was signed by nobody (CC-11). It is asked as often
 * as the request is tried again, whatever there is to wait for before the next CA is read.
 */
bool
talk_trouble(struct tp *t, const char *what, int retry_after, when_t now,
    struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	struct talk *x = t->x;

	trouble_set(t, only_reads(x->act) ? &next.plan.fetch : &next.plan.ask, ANSWER_NONE,
	    retry_after, false, now);
	if (!only_reads(x->act) && (~next.caps & (CAP_AES | CAP_SHA256)) != 0) {
		next.plan.caps_known = false;
		memset(&next.plan.fetch, 0, sizeof(next.plan.fetch));
	}
	if (!x->by_command && !record_commit(t, &next, NULL, 0, e))
		return false;
	tp_note(out, TP_NOTED_TROUBLE, "%s: %s", act_words(x->act), what)->ends =
	    talk_command(x);
	talk_end(t);
	return true;
}
