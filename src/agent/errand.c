/* errand.c - events for the hooks of a trustpoint. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define HOOK_MS 60000
#define VERIFY_MS 120000 /* a tunnel takes its time to come up */

static const struct {
	enum hooks_event event;
	uint32_t limit_ms;
} errands[] = {
    [ERRAND_NEXT_CA] = {HOOKS_NEXT_CA, HOOK_MS},
    [ERRAND_SHADOW] = {HOOKS_SHADOW_READY, HOOK_MS},
    [ERRAND_ACTIVATE] = {HOOKS_ACTIVATE, HOOK_MS},
    [ERRAND_POST_ACTIVATE] = {HOOKS_POST_ACTIVATE, HOOK_MS},
    [ERRAND_VERIFY] = {HOOKS_VERIFY, VERIFY_MS},
    [ERRAND_PRE_ACTIVATE] = {HOOKS_PRE_ACTIVATE, HOOK_MS},
    [ERRAND_FAILED] = {HOOKS_FAILED, HOOK_MS},
};

bool
agent_programs(const struct conf *c, struct blob *out)
{
	struct hooks_program *list = mem_get((2 * c->trustpoint_count + 1) * sizeof(*list));
	bool any = false;

	for (size_t i = 0; i < c->trustpoint_count; i++) {
		const struct conf_trustpoint *t = &c->trustpoint[i];

		(void)snprintf(list[2 * i].line, sizeof(list->line), "%s", t->hook);
		(void)snprintf(list[2 * i + 1].line, sizeof(list->line), "%s", t->verify);
		any |= agent_runs(c, t->name) && (t->hook[0] != 0 || t->verify[0] != 0);
	}
	hooks_programs_encode(list, 2 * c->trustpoint_count, out);
	free(list);
	return any;
}

/* ---- what a hook is told ---- */

struct told { /* what its facts borrow from */
	char dir[512], leaf[5][512], bundle[512];
	struct blob subject, issuer;
	uint8_t digest[32];
};

static struct view
path_view(const struct member *m, uint32_t generation, const char *leaf, char out[512])
{
	return generation == 0 ? (struct view){0}
			       : view_str(generation_path(m, generation, leaf, out));
}

static void
facts_make(struct member *m, int errand, uint32_t generation, struct view cert, struct told *t,
    struct hooks_facts *f)
{
	struct cert c;

	*f = (struct hooks_facts){
	    .event = errands[errand].event,
	    .trustpoint = view_str(m->name),
	    .directory = path_view(m, generation, NULL, t->dir),
	    .cert = path_view(m, generation, "cert.pem", t->leaf[0]),
	    .chain = path_view(m, generation, "chain.pem", t->leaf[1]),
	    .fullchain = path_view(m, generation, "fullchain.pem", t->leaf[2]),
	    .ca = path_view(m, generation, "ca.pem", t->leaf[3]),
	    .key = path_view(m, generation, "key.pem", t->leaf[4]),
	    .ca_bundle =
		view_str(agent_path(m->agent->state, m->name, "ca-bundle.pem", t->bundle)),
	    .deadline = m->identity.active != 0 ? m->identity.active_until : 0,
	};
	if (cert.n == 0 || !cert_decode(cert, &c, NULL))
		return;
	name_text(c.subject, &t->subject);
	name_text(c.issuer, &t->issuer);
	sha256(c.whole, t->digest);
	f->not_before = c.not_before;
	f->not_after = c.not_after;
	f->serial = c.serial;
	f->subject = blob_view(&t->subject);
	f->issuer = blob_view(&t->issuer);
	f->fingerprint = view_of(t->digest, sizeof(t->digest));
}

bool
errand_has_hook(const struct member *m, int errand)
{
	const char *line = errand == ERRAND_VERIFY ? lines(m)->verify : lines(m)->hook;

	return line[0] != 0 && m->agent->o.hooks >= 0;
}

static struct pending *
errand_add(
    struct member *m, int errand, uint32_t generation, struct view cert, const char *reason)
{
	uint32_t at = 2 * m->number;
	struct told told = {0};
	struct hooks_facts facts;
	struct blob env = {0}, json = {0};
	struct pending *p;

	if (!errand_has_hook(m, errand))
		return NULL;
	facts_make(m, errand, generation, cert, &told, &facts);
	facts.reason = view_str(reason);
	hooks_env_encode(&facts, &env);
	hooks_json_encode(&facts, &json);
	p = pending_add(m, PENDING_HOOK);
	p->errand = errand;
	hooks_run_encode(&(struct hooks_run){.id = p->id,
			     .program = at + (errand == ERRAND_VERIFY),
			     .event = facts.event,
			     .env = blob_view(&env),
			     .json = blob_view(&json),
			     .limit_ms = errands[errand].limit_ms},
	    &p->message);
	blob_free(&told.subject);
	blob_free(&told.issuer);
	blob_free(&env);
	blob_free(&json);
	return p;
}

bool
errand_run(struct member *m, int errand, uint32_t generation, struct view cert)
{
	const struct pending *p = errand_add(m, errand, generation, cert, "");

	if (p == NULL)
		return false;
	m->identity.waits = p->id;
	m->identity.errand = errand;
	return true;
}

void
errand_failed(struct member *m, const char *reason)
{
	(void)errand_add(m, ERRAND_FAILED, m->identity.active, (struct view){0}, reason);
}

/* ---- to the process and back ---- */

void
errands_send(struct agent *a)
{
	struct err e = {0};
	struct pending *p;

	while ((p = pending_next(a, PENDING_HOOK, ERRANDS_AT_ONCE)) != NULL) {
		if (!channel_send(a->o.hooks, blob_view(&p->message), &e))
			return; /* its queue is full: in the next round */
		pending_sent(a, p);
		crash_point("agent-hook-sent");
	}
}

static void
ended(struct agent *a, struct pending *p, const struct hooks_ran *ran, bool lost)
{
	struct member *m = p->member;
	const char *event = hooks_event_name(errands[p->errand].event);
	struct blob text = {0};

	text_escape(&text, ran->text);
	if (ran->status == 0)
		log_notice("hook ran", "trustpoint='%s' event='%s'", m->name, event);
	else if (ran->status == HOOKS_DEFER && p->errand == ERRAND_PRE_ACTIVATE)
		log_notice("hook puts the next certificate off", "trustpoint='%s'", m->name);
	else
		log_warn("hook failed", "trustpoint='%s' event='%s' status=%d output='%s'",
		    m->name, event, ran->status, blob_cstr(&text));
	blob_free(&text);
	if (p->id == m->identity.waits)
		identity_errand_done(m, ran->status, lost, a->clock.now);
	pending_end(a, p);
	crash_point("agent-hook-done");
}

/* A process began: whatever ran under the one before is run once more. */
static void
began(struct agent *a)
{
	struct pending *next;
	bool again = a->hooks_began;

	a->hooks_began = true;
	for (struct pending *p = again ? a->sent[PENDING_HOOK].first : NULL; p != NULL;
	     p = next) {
		next = p->next;
		ended(a, p,
		    &(struct hooks_ran){
			.status = -1, .text = VIEW("the process that ran it is gone")},
		    true);
	}
}

bool
agent_hooks_readable(struct agent *a)
{
	struct blob message = {0};
	enum channel_got got;
	bool ok = true;

	while (ok && (got = channel_receive(a->o.hooks, HOOKS_TEXT_MAX + 1024, &message)) !=
			 CHANNEL_EMPTY) {
		struct hooks_ran ran;
		struct pending *p;
		struct err e = {0};

		ok = got == CHANNEL_MESSAGE && hooks_ran_decode(blob_view(&message), &ran, &e);
		if (!ok && got == CHANNEL_MESSAGE)
			log_error("hooks said what is no answer", "why='%s'", e.text);
		if (!ok)
			break;
		if (ran.id == 0)
			began(a);
		p = pending_find(a, PENDING_HOOK, ran.id);
		if (p != NULL)
			ended(a, p, &ran, false);
	}
	blob_free(&message);
	return ok;
}
