/* fetch.c - a trustpoint's questions, by way of the courier. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define PATIENCE_MS 3000 /* behind the courier's own limit: one that hangs holds nobody up */
#define PKI_MESSAGE "application/x-pki-message"

void
agent_places(const struct conf *c, struct blob *out)
{
	struct courier_place *list = mem_get((c->trustpoint_count + 1) * sizeof(*list));
	struct blob url = {0};

	for (size_t i = 0; i < c->trustpoint_count; i++) {
		const struct conf_trustpoint *t = &c->trustpoint[i];

		blob_clear(&url);
		if (t->url[0] == 0 || !courier_scep_url(t->url, &url, NULL))
			continue;
		(void)snprintf(list[i].url, sizeof(list[i].url), "%s", blob_cstr(&url));
		(void)snprintf(
		    list[i].interface, sizeof(list[i].interface), "%s", t->interface);
		if (t->proxy[0] != 0)
			(void)snprintf(list[i].proxy, sizeof(list[i].proxy), "http://%s:%u",
			    t->proxy, t->proxy_port);
	}
	courier_places_encode(list, c->trustpoint_count, out);
	blob_free(&url);
	free(list);
}

struct pending *
fetch_add(struct member *m, const struct courier_fetch *f)
{
	struct pending *p = pending_add(m, PENDING_FETCH);
	struct courier_fetch full = *f;

	full.id = p->id;
	full.place = m->number;
	full.limit_ms = FETCH_MS;
	courier_fetch_encode(&full, &p->message);
	return p;
}

/* The name of the trustpoint goes along, as IOS sends it: some servers keep several CAs. */
void
fetch_ask(struct member *m, const struct tp_effect *x)
{
	static const char *const operations[] = {
	    [TP_GETCACAPS] = "GetCACaps",
	    [TP_GETCACERT] = "GetCACert",
	    [TP_GETNEXTCACERT] = "GetNextCACert",
	    [TP_OPERATION] = "PKIOperation",
	};
	struct courier_fetch f = {.max = ANSWER_MAX};
	struct blob tail = {0};

	if (x->fetch != TP_OPERATION) {
		courier_tail(operations[x->fetch], view_str(m->name), &tail);
	} else if (x->post) {
		f.post = true;
		f.media_type = VIEW(PKI_MESSAGE);
		f.body = blob_view(&x->bytes);
		courier_tail(operations[x->fetch], (struct view){0}, &tail);
	} else {
		courier_tail_message(blob_view(&x->bytes), &tail);
	}
	f.tail = blob_view(&tail);
	fetch_add(m, &f)->of_tp = x->id;
	m->counters.asked++;
	blob_free(&tail);
}

void
fetch_send(struct agent *a)
{
	struct err e = {0};
	struct pending *p;

	while ((p = pending_next(a, PENDING_FETCH, FETCHES_AT_ONCE)) != NULL) {
		if (!channel_send(a->o.courier, blob_view(&p->message), &e))
			return; /* its queue is full: in the next round */
		pending_sent(a, p);
		p->due_ms = clock_mono_ms() + FETCH_MS + PATIENCE_MS;
		crash_point("agent-fetch-sent");
	}
}

static void
answered(struct agent *a, struct pending *p, const struct courier_got *got)
{
	struct arrival *v;

	if (p->cdp != NULL) { /* no word about the server */
		cdp_answered(a, p->cdp, got);
		pending_end(a, p);
		return;
	}
	free(p->member->no_answer);
	p->member->no_answer = NULL;
	if (got->status == 0 && p->of_tp != 0) {
		struct blob why = {0};

		text_escape(&why, got->reason);
		p->member->no_answer = mem_str(blob_cstr(&why));
		p->member->counters.unanswered++;
		blob_free(&why);
	}
	if (p->of_tp == 0) {
		command_fetched(p, got);
	} else {
		v = arrival_add(a, p->member, TP_EV_FETCHED);
		v->event.id = p->of_tp;
		v->event.status = got->status;
		v->event.retry_after =
		    got->retry_after < INT32_MAX ? (int)got->retry_after : INT32_MAX;
		blob_set(&v->body, got->body);
	}
	pending_end(a, p);
}

bool
agent_courier_said(struct agent *a, struct view message, struct err *e)
{
	struct courier_got got;
	struct pending *p;

	if (!courier_got_decode(message, &got, e))
		return false;
	p = pending_find(a, PENDING_FETCH, got.id);
	if (p != NULL)
		answered(a, p, &got);
	crash_point("agent-fetched");
	return true;
}

static void
lose(struct agent *a, bool all)
{
	int64_t now = clock_mono_ms();
	struct pending *next;

	for (struct pending *p = a->sent[PENDING_FETCH].first; p != NULL; p = next) {
		next = p->next;
		if (all || p->due_ms <= now)
			answered(a, p,
			    &(struct courier_got){.reason = VIEW("no word of the courier")});
	}
}

void
fetch_late(struct agent *a)
{
	lose(a, false);
}

/* The first one finds all that was sent to it. */
void
agent_courier_began(struct agent *a)
{
	if (a->courier_began)
		lose(a, true);
	a->courier_began = true;
}
