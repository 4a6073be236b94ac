/* agent_lab.h - one trustpoint of an agent whose tp is played: facts, certificates, hooks. */
#ifndef TESTS_UNIT_AGENT_LAB_H
#define TESTS_UNIT_AGENT_LAB_H

#include "keys_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

struct lab {
	char state[256];
	struct conf conf;
	struct conf_trustpoint trustpoint[2]; /* the second one has lines only */
	struct agent a;
	struct member m, other; /* the latter: of trustpoint[1] */
	struct kin kin;
	struct member *heap[2], *looking[2], *living[2];
	struct plan_tp_facts facts;
	struct blob spki, message;
	struct hooks_run run; /* the last one that was asked for; borrows from message */
	int hooks;	      /* the end of the hooks process */
	unsigned serial;
	bool suspect;	       /* the clock is */
	struct key_job *job;   /* that tp asks for next, */
	enum why came_to;      /* and how it ended */
	struct tp_effect note; /* that it has next, */
	const char *said;      /* with this text; NULL: none */
	bool fails;	       /* it cannot do what it is asked */
	size_t answers;	       /* to an operator; the last one: */
	int status;
	struct blob answer;
	size_t ticks;
};

static struct lab *lab; /* the one of this case */

/* ---- tp, played (linked with --wrap) ---- */

const struct plan_tp_facts *__wrap_tp_facts(const struct tp *t);
void __wrap_tp_key_of(const struct tp *t, enum tp_leaf leaf, char out[KEY_LABEL_MAX]);
when_t __wrap_tp_wake(const struct tp *t);
bool __wrap_tp_step(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e);

const struct plan_tp_facts *
__wrap_tp_facts(const struct tp *t)
{
	(void)t;
	return &lab->facts;
}

void
__wrap_tp_key_of(const struct tp *t, enum tp_leaf leaf, char out[KEY_LABEL_MAX])
{
	(void)t;
	(void)leaf;
	snprintf(out, KEY_LABEL_MAX, "R1");
}

when_t
__wrap_tp_wake(const struct tp *t)
{
	(void)t;
	return WHEN_NEVER;
}

bool
__wrap_tp_step(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	(void)t;
	(void)now;
	if (lab->fails)
		return err_set(e, WHY_IO, "the disk is full");
	if (lab->said != NULL) {
		out->list = mem_get(sizeof(*out->list));
		out->list[0] = lab->note;
		out->list[0].kind = TP_EFFECT_NOTE;
		blob_add_str(&out->list[0].bytes, lab->said);
		out->n = out->cap = 1;
		lab->said = NULL;
	}
	if (lab->job != NULL) { /* it has a job for the keys */
		out->list = mem_get(sizeof(*out->list));
		out->list[0] = (struct tp_effect){.kind = TP_EFFECT_JOB, .id = 7};
		out->list[0].job = *lab->job;
		out->n = out->cap = 1;
		lab->job = NULL;
	}
	lab->ticks += ev->kind == TP_EV_TICK;
	if (ev->kind == TP_EV_KEY && ev->done->id == 7)
		lab->came_to = ev->done->why;
	return true;
}

static void
lab_answer(void *arg, uint64_t client, int status, struct view text)
{
	(void)arg;
	(void)client;
	lab->answers++;
	lab->status = status;
	blob_set(&lab->answer, text);
}

/* ---- paths ---- */

static UNUSED const char *
lab_path(const char *leaf)
{
	static char path[4][512];
	static int turn;

	turn = (turn + 1) % 4;
	return agent_path(lab->state, "R1", leaf, path[turn]);
}

/* Which generation a link names; "": none. */
static UNUSED const char *
lab_link(const char *leaf)
{
	static char target[64];

	if (!link_read(lab_path(leaf), target, sizeof(target), NULL))
		target[0] = 0;
	return target;
}

static UNUSED void
lab_file(const char *leaf, struct blob *out)
{
	struct err e = {0};

	blob_clear(out);
	if (!file_read(lab_path(leaf), 1024 * 1024, out, &e))
		fail_msg("%s", e.text);
}

/* ---- certificates ---- */

static UNUSED void
lab_cert(const char *subject, const char *issuer, when_t from, when_t until, bool ca,
    struct blob *out)
{
	static const uint8_t junk[256];
	struct blob s = {0}, i = {0}, tbs = {0};
	uint8_t serial[] = {0x41, (uint8_t)(lab->serial >> 8), (uint8_t)lab->serial};
	struct cert_spec spec = {
	    .serial = view_of(serial, sizeof(serial)),
	    .not_before = from,
	    .not_after = until,
	    .alg = RSA_SHA256,
	    .path_len = -1,
	    .is_ca = ca,
	    .key_usage = ca ? KU_CERT_SIGN : KU_DIGITAL_SIGNATURE,
	};

	lab->serial++;
	name_of(subject, &s);
	name_of(issuer, &i);
	spec.subject = blob_view(&s);
	spec.issuer = blob_view(&i);
	spec.spki = blob_view(&lab->spki);
	cert_encode_tbs(&spec, &tbs);
	signed_assemble(blob_view(&tbs), &spec.alg, view_of(junk, sizeof(junk)), out);
	blob_free(&s);
	blob_free(&i);
	blob_free(&tbs);
}

static UNUSED void
lab_put(enum tp_leaf leaf, const struct blob *bytes)
{
	struct tp_change change = {leaf, blob_view(bytes)};

	assert_true(lab->m.shelf->table->put(lab->m.shelf, &change, 1, NULL));
	identity_look(&lab->m);
}

/* The CA that is held, and its dates. */
static UNUSED void
lab_ca(enum tp_leaf leaf, when_t from, when_t until)
{
	struct blob der = {0};

	lab_cert("CN=ROOT", "CN=ROOT", from, until, true, &der);
	if (leaf == TP_CA) {
		lab->facts.authenticated = true;
		lab->facts.ca_from = from;
		lab->facts.ca_until = until;
	} else {
		lab->facts.have_next_ca = true;
		lab->facts.next_ca_from = from;
	}
	lab_put(leaf, &der);
	blob_free(&der);
}

static UNUSED void
lab_id(enum tp_leaf leaf, when_t from, when_t until)
{
	struct blob der = {0};

	lab_cert("CN=r1", "CN=ROOT", from, until, false, &der);
	if (leaf == TP_ID) {
		lab->facts.have_id = true;
		lab->facts.id_from = from;
		lab->facts.id_until = until;
		lab->facts.issuer_until = lab->facts.ca_until;
	} else {
		lab->facts.have_shadow = true;
		lab->facts.shadow_from = from;
	}
	lab_put(leaf, &der);
	blob_free(&der);
}

/* tp's own switch. */
static UNUSED void
lab_switch(when_t ca_until, when_t id_until)
{
	struct blob ca = {0}, id = {0}, none = {0};

	assert_true(lab->m.shelf->table->get(lab->m.shelf, TP_NEXT_CA, &ca, NULL));
	assert_true(lab->m.shelf->table->get(lab->m.shelf, TP_SHADOW, &id, NULL));
	lab->facts.ca_from = lab->facts.next_ca_from;
	lab->facts.id_from = lab->facts.shadow_from;
	lab->facts.ca_until = lab->facts.issuer_until = ca_until;
	lab->facts.id_until = id_until;
	lab->facts.have_next_ca = lab->facts.have_shadow = false;
	lab_put(TP_CA, &ca);
	lab_put(TP_ID, &id);
	lab_put(TP_NEXT_CA, &none);
	lab_put(TP_SHADOW, &none);
	blob_free(&ca);
	blob_free(&id);
}

/* ---- the agent's turns ---- */

static UNUSED bool
lab_works(void)
{
	return lab->a.looking_count > 0 || lab->a.arrivals != NULL || cdps_came(&lab->a) ||
	       lab->a.waiting[PENDING_JOB].first != NULL ||
	       lab->a.sent[PENDING_JOB].first != NULL ||
	       lab->a.waiting[PENDING_HOOK].first != NULL;
}

/* All that is due at this instant; whoever never ends spins. */
static UNUSED void
lab_at(when_t now)
{
	struct agent_clock clock = {now, true, lab->suspect};
	int64_t patience = clock_mono_ms() + 20000;
	int rounds = 0;

	do {
		agent_round(&lab->a, &clock);
		assert_true(agent_keys_readable(&lab->a));
		if (++rounds > 200 && clock_mono_ms() > patience)
			fail_msg("the agent spins at %lld", (long long)now);
	} while (lab_works() || lab->m.wake <= now);
}

/* The next event that the hooks process is told, HOOKS_EVENTS: none. */
static UNUSED enum hooks_event
lab_told(void)
{
	struct err e = {0};

	if (channel_receive(lab->hooks, HOOKS_WORDS_MAX * 2 + 1024, &lab->message) !=
	    CHANNEL_MESSAGE)
		return HOOKS_EVENTS;
	if (!hooks_run_decode(blob_view(&lab->message), &lab->run, &e))
		fail_msg("%s", e.text);
	return lab->run.event;
}

/* It came to this. */
static UNUSED void
lab_ran(uint64_t id, int status)
{
	struct blob b = {0};

	hooks_ran_encode(&(struct hooks_ran){.id = id, .status = status}, &b);
	assert_true(channel_send(lab->hooks, blob_view(&b), NULL));
	blob_free(&b);
	assert_true(agent_hooks_readable(&lab->a));
}

/* The hook is told of this event now, and ends so. */
static UNUSED void
lab_hook(enum hooks_event event, int status, when_t now)
{
	lab_at(now);
	assert_int_equal(lab_told(), event);
	lab_ran(lab->run.id, status);
	lab_at(now);
}

static UNUSED void
lab_member(void)
{
	lab->m = (struct member){.agent = &lab->a,
	    .kin = &lab->kin,
	    .name = lab->trustpoint[0].name,
	    .shelf = lab->m.shelf,
	    .tp = (struct tp *)lab, /* never looked into */
	    .alert_at = WHEN_NEVER,
	    .id_alerted_at = INT64_MIN,
	    .ca_alerted_at = INT64_MIN};
	lab->heap[0] = &lab->m;
	lab->a.looking_count = 0;
	assert_true(identity_open(&lab->m, NULL));
}

/* The daemon dies and comes back: what it knew is gone, what lies on disk is there. */
static UNUSED void
lab_again(void)
{
	struct blob rest = {0};

	pending_free_all(&lab->a, NULL);
	while (
	    channel_receive(lab->hooks, HOOKS_WORDS_MAX * 2 + 1024, &rest) == CHANNEL_MESSAGE)
		blob_clear(&rest);
	blob_free(&rest);
	free(lab->m.trouble);
	lab_member();
}

static UNUSED void
lab_open(const char *hook, const char *verify)
{
	int fds[2];

	lab = mem_get(sizeof(*lab));
	snprintf(lab->state, sizeof(lab->state), "%s", dir_fresh());
	lab->conf.trustpoint = lab->trustpoint;
	lab->conf.trustpoint_count = 1;
	snprintf(lab->trustpoint[0].name, sizeof(lab->trustpoint[0].name), "R1");
	snprintf(lab->trustpoint[0].hook, sizeof(lab->trustpoint[0].hook), "%s", hook);
	snprintf(lab->trustpoint[0].verify, sizeof(lab->trustpoint[0].verify), "%s", verify);
	assert_true(channel_pair(fds, NULL));
	lab->hooks = fds[1];
	lab->a.o.conf = &lab->conf;
	lab->a.o.courier = -1;
	lab->a.o.answer = lab_answer;
	lab->a.o.hooks = fds[0];
	lab->a.o.keys = keys_open_local(NULL, NULL, 0, NULL);
	lab->a.state = lab->state;
	lab->a.member = &lab->m;
	lab->a.count = 1;
	lab->a.heap = lab->heap;
	lab->a.looking = lab->looking;
	lab->a.living = lab->living;
	lab->living[0] = &lab->m;
	lab->living[1] = &lab->other;
	lab->other.number = 1;
	lab->a.living_count = 1;
	lab->a.arrivals_end = &lab->a.arrivals;
	lab->a.clock = (struct agent_clock){T0, true, false};
	assert_true(dir_make(lab_path(NULL), 0700, NULL));
	pool_into(lab->a.o.keys, 0, 2);
	make_rsa(lab->a.o.keys, "R1", &lab->spki);
	keys_local_export(
	    lab->a.o.keys, agent_path(lab->state, NULL, NULL, (char[512]){0}), -1);
	lab->m.shelf = tp_shelf_memory();
	lab_member();
}

static UNUSED void
lab_close(void)
{
	pending_free_all(&lab->a, NULL);
	cdps_free(&lab->a);
	lab->m.shelf->table->close(lab->m.shelf);
	keys_close(lab->a.o.keys);
	close(lab->hooks);
	close(lab->a.o.hooks);
	blob_free(&lab->spki);
	blob_free(&lab->message);
	blob_free(&lab->answer);
	blob_free(&lab->m.asked.text);
	free(lab->m.asked.file);
	free(lab->m.trouble);
	free(lab);
	lab = NULL;
}

#endif
