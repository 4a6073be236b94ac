/* questions.c - core's questions to the courier. */
#include <stdlib.h>
#include <string.h>

#include "cmd/core.h"

/* Longer than any courier that lives: one that hangs holds nobody up. */
#define PATIENCE_MS (COURIER_LIMIT_MS + 2000)

struct question { /* under way */
	struct question *next;
	struct server *server;
	uint64_t id, of_ca; /* ours; the authority's */
	int64_t due_ms;
};

static void
answer(struct server *s, uint64_t of_ca, const struct courier_say *say)
{
	struct item *it = mem_get(sizeof(*it));

	it->event.kind = CA_ANSWERED;
	it->event.id = of_ca;
	it->answer = (struct ca_answer){
	    .known = say->result == COURIER_ALLOWED || say->result == COURIER_DENIED,
	    .allowed = say->result == COURIER_ALLOWED,
	    .has_subject = say->has_subject,
	    .has_san = say->has_san,
	};
	blob_add_view(&it->body, say->subject);
	blob_add_view(&it->body, say->san);
	blob_add_view(&it->body, say->reason);
	it->answer.subject = view_of((const uint8_t *)blob_cstr(&it->body), say->subject.n);
	it->answer.san = view_of(it->body.p + say->subject.n, say->san.n);
	it->answer.reason = view_of(it->answer.san.p + say->san.n, say->reason.n);
	server_add_item(s, it);
}

static void
nobody_says(struct server *s, uint64_t of_ca, struct view why)
{
	struct blob text = {0};

	text_escape(&text, why);
	log_warn("challenge hook does not answer", "ca='%s' why='%s'", s->conf->name,
	    blob_cstr(&text));
	blob_free(&text);
	answer(s, of_ca, &(struct courier_say){.result = COURIER_AGAIN});
}

static bool
question_send(struct server *s, const struct effect *x, uint64_t id, struct err *e)
{
	struct ca_question q;
	struct blob message = {0};
	char profile[CONF_NAME_MAX];
	bool ok;
	int hook;

	if (!ca_question(x, &q))
		return err_set(e, WHY_BUG, "no question");
	(void)snprintf(
	    profile, sizeof(profile), "%.*s", (int)q.profile.n, (const char *)q.profile.p);
	hook = hook_number(s->core->o->conf, s->conf, profile);
	if (hook < 0 || s->core->o->courier < 0)
		return err_set(e, WHY_BUG, "no hook");

	struct courier_ask ask = {
	    .id = id,
	    .hook = (unsigned)hook,
	    .ca = view_str(s->conf->name),
	    .profile = q.profile,
	    .source = q.source,
	    .transaction = q.transaction,
	    .challenge = q.challenge,
	    .subject = q.subject,
	    .san = q.san,
	    .request = q.request,
	};

	courier_ask_encode(&ask, &message);
	ok = channel_send(s->core->o->courier, blob_view(&message), e);
	blob_free(&message);
	return ok;
}

void
question_ask(struct server *s, const struct effect *x)
{
	struct core *c = s->core;
	struct question *q;
	struct err e = {0};
	uint64_t id = ++c->asked;

	if (!question_send(s, x, id, &e)) {
		nobody_says(s, x->id, view_str(e.text));
		return;
	}
	q = mem_get(sizeof(*q));
	*q = (struct question){c->questions, s, id, x->id, clock_mono_ms() + PATIENCE_MS};
	c->questions = q;
}

/* Unlinks; NULL: it came too late, or was never asked. */
static struct question *
question_take(struct core *c, uint64_t id)
{
	for (struct question **at = &c->questions; *at != NULL; at = &(*at)->next) {
		struct question *q = *at;

		if (q->id != id)
			continue;
		*at = q->next;
		return q;
	}
	return NULL;
}

int64_t
questions_due(struct core *c)
{
	int64_t now = clock_mono_ms(), next = -1;

	for (struct question **at = &c->questions; *at != NULL;) {
		struct question *q = *at;

		if (q->due_ms > now) {
			if (next < 0 || q->due_ms - now < next)
				next = q->due_ms - now;
			at = &q->next;
			continue;
		}
		*at = q->next;
		nobody_says(q->server, q->of_ca, VIEW("no word of the courier"));
		free(q);
	}
	return next;
}

void
servers_verdict(struct core *c, const struct courier_say *say)
{
	struct question *q;

	if (say->result == COURIER_READY) { /* what its predecessor had read is lost */
		for (q = c->questions; q != NULL; q = q->next)
			q->due_ms = clock_mono_ms();
		return;
	}
	q = question_take(c, say->id);
	if (q == NULL)
		return;
	if (say->result == COURIER_AGAIN)
		nobody_says(q->server, q->of_ca, say->reason);
	else
		answer(q->server, q->of_ca, say);
	free(q);
}

void
questions_free(struct core *c)
{
	while (c->questions != NULL) {
		struct question *q = c->questions;

		c->questions = q->next;
		free(q);
	}
}
