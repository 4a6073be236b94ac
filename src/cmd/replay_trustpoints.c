/* replay_trustpoints.c - steps the trustpoints of a record through it again. */
#include <stdlib.h>
#include <string.h>

#include "cmd/replay_int.h"

#define TEXT_MAX 256

struct actor {		       /* one trustpoint again */
	struct tp_shelf shelf; /* first */
	struct tp_shelf *memory;
	struct answers *answers; /* NULL: it is being opened, and nothing was asked */
	struct tp_policy policy;
	char fingerprint[TEXT_MAX];
	struct tp *tp; /* NULL: it did not run */
};

struct actors {
	struct answers answers;
	const struct conf *conf;
	struct actor **actor; /* by number of the trustpoint; NULL: not in the record */
	size_t opened, steps;
};

/* ---- a shelf that fails when it did ---- */

static struct actor *
actor_of(struct tp_shelf *s)
{
	return (struct actor *)s; /* shelf is its first member */
}

static bool
shelf_get(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	struct actor *a = actor_of(s);
	struct view none;

	return (a->answers == NULL || answer(a->answers, DRAW_GET, &none, e)) &&
	       a->memory->table->get(a->memory, leaf, out, e);
}

static bool
shelf_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	struct actor *a = actor_of(s);
	struct view none;

	return (a->answers == NULL || answer(a->answers, DRAW_PUT, &none, e)) &&
	       a->memory->table->put(a->memory, list, n, e);
}

static const struct tp_shelf_table shelf_table = {.get = shelf_get, .put = shelf_put};

/* ---- at the start ---- */

struct actors *
actors_new(void)
{
	struct actors *a = mem_get(sizeof(*a));

	answers_open(&a->answers);
	return a;
}

static void
actor_free(struct actor *t)
{
	if (t == NULL)
		return;
	tp_free(t->tp);
	if (t->memory != NULL)
		t->memory->table->close(t->memory);
	free(t);
}

void
actors_free(struct actors *a)
{
	for (size_t i = 0; a->actor != NULL && i < a->conf->trustpoint_count; i++)
		actor_free(a->actor[i]);
	free(a->actor);
	free(a);
}

static bool
read_text(struct reader *in, char out[TEXT_MAX])
{
	struct view v;

	if (!read_sized(in, &v) || v.n >= TEXT_MAX)
		return false;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
	return true;
}

static bool
read_shelf(struct reader *in, struct tp_shelf *s, struct err *e)
{
	struct tp_change list[TP_LEAVES];
	size_t n = 0;

	for (size_t i = 0; i < TP_LEAVES; i++) {
		list[n].leaf = (enum tp_leaf)i;
		if (!read_sized(in, &list[n].bytes))
			return record_cut(e);
		n += list[n].bytes.n > 0;
	}
	return s->table->put(s, list, n, e);
}

static bool
read_number(const struct conf *conf, struct reader *in, uint32_t *number, struct err *e)
{
	return (read_u32(in, number) && *number < conf->trustpoint_count) || record_cut(e);
}

bool
actor_open(struct actors *a, const struct conf *conf, struct reader *in, struct err *e)
{
	char label[TEXT_MAX], password[TEXT_MAX];
	struct tp_setup s = {.label = label, .password = password};
	struct conf_trustpoint room;
	struct err why = {0};
	struct actor *t;
	uint32_t number;

	if (!read_number(conf, in, &number, e))
		return false;
	a->conf = conf;
	if (a->actor == NULL)
		a->actor = mem_get(conf->trustpoint_count * sizeof(struct actor *));
	if (a->actor[number] == NULL)
		a->opened++;
	actor_free(a->actor[number]); /* once more, for files were in the way */
	t = a->actor[number] = mem_get(sizeof(*t));
	t->memory = tp_shelf_memory();
	t->shelf.table = &shelf_table;
	agent_policy(conf_trustpoint(conf, number, &room), &t->policy);
	if (!read_text(in, label) || !read_sized(in, &s.subject) || !read_sized(in, &s.san) ||
	    !read_text(in, t->fingerprint) || !read_text(in, password))
		return record_cut(e);
	if (!read_shelf(in, t->memory, e))
		return false;
	s.policy = &t->policy;
	s.fingerprint = t->fingerprint;
	s.shelf = &t->shelf;
	s.keys = &a->answers.keys;
	t->tp = tp_open(&s, &why);
	t->answers = &a->answers;
	return true;
}

/* ---- steps ---- */

struct step {
	struct tp_event_kept event;
	uint64_t now, wake;
	uint8_t taken;
	struct view digest;
};

static bool
read_step(struct actors *a, struct reader *in, struct step *s, struct err *e)
{
	if (!read_u64(in, &s->now))
		return record_cut(e);
	if (!tp_event_decode(in, &s->event, e))
		return false;
	if (!read_u8(in, &s->taken) || !read_u64(in, &s->wake))
		return record_cut(e);
	if (!answers_begin(&a->answers, in, e))
		return false;
	s->digest = view_of(in->p, in->n);
	return true;
}

/* NULL: nothing differs. */
static const char *
what_differs(const struct actors *a, const struct actor *t, const struct step *s, bool taken,
    const struct tp_effects *out)
{
	uint8_t now[DIGEST];

	tp_effects_digest(out, now);
	if (taken != (s->taken != 0))
		return taken ? "taken" : "not taken";
	if (answers_differ(&a->answers))
		return "other questions to keys or shelf";
	if (!view_equal(s->digest, view_of(now, sizeof(now))))
		return "other effects";
	return tp_wake(t->tp) == (when_t)s->wake ? NULL : "another time to wake";
}

bool
actor_step(struct actors *a, struct reader *in, bool *same, struct err *e)
{
	struct tp_effects out = {0};
	struct step s = {0};
	struct err why = {0};
	const char *differs;
	char at[WHEN_TEXT];
	struct actor *t;
	uint32_t number;
	bool taken, ok;

	if (a->actor == NULL || !read_number(a->conf, in, &number, e))
		return record_cut(e);
	t = a->actor[number];
	if (t == NULL || t->tp == NULL)
		return record_cut(e);
	ok = read_step(a, in, &s, e);
	if (ok) {
		taken = tp_step(t->tp, tp_event_of(&s.event), (when_t)s.now, &out, &why);
		differs = what_differs(a, t, &s, taken, &out);
		*same = differs == NULL;
		if (!*same)
			printf("step %zu, of trustpoint %s, at %s differs: %s%s%s\n", a->steps,
			    conf_trustpoint_name(a->conf, number),
			    when_rfc3339((when_t)s.now, at), differs, taken ? "" : ": ",
			    taken ? "" : why.text);
		a->steps++;
	}
	blob_free(&s.event.done.bytes);
	tp_effects_free(&out);
	return ok;
}

size_t
actors_steps(const struct actors *a, size_t *trustpoints)
{
	*trustpoints = a->opened;
	return a->steps;
}
