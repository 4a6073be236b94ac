/* replay.c - steps authorities and trustpoints of a record through it again. */
#include "cmd/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/replay_int.h"

#define RECORD_MAX ((size_t)4 << 30)
#define TURN_EVENTS_MAX 64

struct opened { /* a request as it is to be opened */
	struct opened *next;
	size_t server;
	uint64_t id;
	struct view body;
};

struct stage { /* one server again */
	struct answers answers;
	bool store_fails;
	struct store *store;
	const struct store_table *real;
	struct store_table table;
	struct ca *ca;
	char dir[64];
};

struct replayed {
	struct conf conf;
	struct stage stage[CONF_SERVERS];
	struct actors *actors;
	struct opened *opened;
	size_t turns, events;
};

/* ---- keys that answer as they did ---- */

static struct answers *
answers_of(const struct keys *k)
{
	return (struct answers *)(uintptr_t)k; /* keys is its first member */
}

bool
answers_begin(struct answers *a, struct reader *in, struct err *e)
{
	if (!read_u32(in, &a->left) || in->n < DIGEST)
		return record_cut(e);
	a->draws = reader_of(view_of(in->p, in->n - DIGEST));
	*in = reader_of(view_of(in->p + in->n - DIGEST, DIGEST));
	a->ran_dry = false;
	return true;
}

bool
answer(struct answers *a, enum record_draw wanted, struct view *out, struct err *e)
{
	uint8_t kind, why;

	*out = (struct view){0};
	if (a->left == 0 || !read_u8(&a->draws, &kind) || kind != wanted ||
	    !read_u8(&a->draws, &why) || why > WHY_BUG || !read_sized(&a->draws, out)) {
		a->ran_dry = true;
		return err_set(e, WHY_BUG, "another question than then");
	}
	a->left--;
	return why == WHY_NONE ||
	       err_set(e, (enum why)why, "%.*s", (int)out->n, (const char *)out->p);
}

bool
answers_differ(const struct answers *a)
{
	return a->ran_dry || a->left > 0;
}

static bool
stage_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	(void)k, (void)job, (void)e;
	return true;
}

static bool
stage_collect(struct keys *k, struct key_done *out)
{
	(void)k, (void)out;
	return false;
}

static int
stage_fd(const struct keys *k)
{
	(void)k;
	return -1;
}

static bool
stage_alive(const struct keys *k)
{
	(void)k;
	return true;
}

static void
stage_random(struct keys *k, uint8_t *out, size_t n)
{
	struct answers *a = answers_of(k);
	struct view v;

	memset(out, 0, n);
	if (answer(a, DRAW_RANDOM, &v, NULL) && v.n == n)
		memcpy(out, v.p, n);
	else
		a->ran_dry = true;
}

static bool
stage_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e)
{
	struct view v;

	(void)key, (void)alg, (void)bytes, (void)signature;
	return answer(answers_of(k), DRAW_VERIFY, &v, e);
}

static bool
stage_wrap(struct keys *k, const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	struct view v;

	(void)key, (void)padding, (void)oaep_hash, (void)content_key;
	if (!answer(answers_of(k), DRAW_WRAP, &v, e))
		return false;
	blob_add_view(out, v);
	return true;
}

static void
stage_close(struct keys *k)
{
	(void)k;
}

static const struct keys_table stage_keys = {
    .submit = stage_submit,
    .collect = stage_collect,
    .fd = stage_fd,
    .alive = stage_alive,
    .random = stage_random,
    .verify = stage_verify,
    .wrap = stage_wrap,
    .close = stage_close,
};

void
answers_open(struct answers *a)
{
	a->keys.table = &stage_keys;
}

/* ---- a store that fails when it did ---- */

static struct stage *failing; /* whose turn it is */

static bool
failing_commit(struct store *s, struct err *e)
{
	if (!failing->store_fails)
		return failing->real->commit(s, e);
	failing->real->rollback(s);
	return err_set(e, WHY_BUSY, "the store did not take it");
}

static bool
stage_open(struct replayed *r, size_t server, struct view image, struct err *e)
{
	struct stage *s = &r->stage[server];
	const char *tmp = getenv("TMPDIR");
	struct ca_policy policy;
	char path[128];

	(void)snprintf(
	    s->dir, sizeof(s->dir), "%.40s/replay-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(s->dir) == NULL)
		return err_set(e, WHY_IO, "no directory to replay in: %s", s->dir);
	(void)snprintf(path, sizeof(path), "%s/store.db", s->dir);
	answers_open(&s->answers);
	if (!file_replace(path, 0600, image, e) ||
	    !wire_policy(&r->conf.server[server], &policy, e))
		return false;
	s->store = store_open_sqlite(path, e);
	if (s->store == NULL || !s->store->table->begin(s->store, e))
		return false;
	s->ca = ca_open(&policy, s->store, &s->answers.keys, e);
	if (s->ca == NULL || !s->store->table->commit(s->store, e))
		return false;
	s->real = s->store->table;
	s->table = *s->real;
	s->table.commit = failing_commit;
	s->store->table = &s->table;
	return true;
}

static void
stage_end(struct stage *s)
{
	static const char *const leaves[] = {"store.db-wal", "store.db"};
	char path[128];

	ca_free(s->ca);
	if (s->store != NULL)
		s->store->table->close(s->store);
	for (size_t i = 0; i < COUNT_OF(leaves) && s->dir[0] != 0; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->dir, leaves[i]);
		(void)unlink(path);
	}
	if (s->dir[0] != 0)
		(void)rmdir(s->dir);
}

/* ---- turns ---- */

static void
take_opened(const struct replayed *r, size_t server, struct ca_event *ev)
{
	for (const struct opened *o = r->opened; o != NULL; o = o->next)
		if (o->server == server && o->id == ev->id)
			ev->body = o->body;
}

bool
record_cut(struct err *e)
{
	return err_set(e, WHY_BAD_INPUT, "the record is cut or is none of ours");
}

struct turn {
	struct ca_event_kept event[TURN_EVENTS_MAX];
	uint32_t n;
	when_t now;
	uint8_t outcome;
	struct view digest;
};

static bool
read_turn(
    const struct replayed *r, size_t server, struct reader *in, struct turn *t, struct err *e)
{
	uint64_t now;
	uint32_t n;

	if (!read_u64(in, &now) || !read_u8(in, &t->outcome) || !read_u32(in, &n) ||
	    n > TURN_EVENTS_MAX)
		return record_cut(e);
	t->now = (when_t)now;
	for (t->n = 0; t->n < n; t->n++) {
		if (!ca_event_decode(in, &t->event[t->n], e))
			return false;
		if (t->event[t->n].event.kind == CA_REQUEST)
			take_opened(r, server, &t->event[t->n].event);
	}
	return true;
}

static bool
same_outcome(struct replayed *r, struct stage *s, struct turn *t, const struct view *digest,
    enum ca_turned outcome, const struct effects *out, const struct err *why)
{
	static const char *const outcomes[] = {"committed", "undone", "lost"};
	uint8_t now[32];
	char at[WHEN_TEXT];
	const char *differs = NULL;

	ca_effects_digest(out, now);
	if (outcome != t->outcome)
		differs = outcomes[outcome];
	else if (answers_differ(&s->answers))
		differs = "other questions to the keys";
	else if (!view_equal(*digest, view_of(now, sizeof(now))))
		differs = "other effects";
	if (differs == NULL)
		return true;
	printf("turn %zu at %s differs: %s%s%s\n", r->turns, when_rfc3339(t->now, at), differs,
	    outcome == CA_COMMITTED ? "" : ": ", outcome == CA_COMMITTED ? "" : why->text);
	return false;
}

/* *same false: it differs, and that was said. */
static bool
step_turn(struct replayed *r, struct reader *in, bool *same, struct err *e)
{
	static struct turn t;
	const struct ca_event *events[TURN_EVENTS_MAX];
	struct effects out = {0};
	struct err why = {0};
	struct view digest;
	enum ca_turned outcome;
	struct stage *s;
	uint8_t server;
	bool ok;

	if (!read_u8(in, &server) || server >= CONF_SERVERS || r->stage[server].ca == NULL)
		return record_cut(e);
	s = failing = &r->stage[server];
	ok = read_turn(r, server, in, &t, e) && answers_begin(&s->answers, in, e);
	if (ok) {
		digest = view_of(in->p, in->n);
		s->store_fails = t.outcome != CA_COMMITTED;
		for (uint32_t i = 0; i < t.n; i++)
			events[i] = ca_event_of(&t.event[i]);
		outcome = ca_turn(s->ca, events, t.n, t.now, &out, &why);
		*same = same_outcome(r, s, &t, &digest, outcome, &out, &why);
		r->turns++;
		r->events += t.n;
	}
	for (uint32_t i = 0; i < t.n; i++)
		blob_free(&t.event[i].done.bytes);
	effects_free(&out);
	return ok;
}

/* ---- the file ---- */

static bool
next_item(struct reader *in, uint8_t *kind, struct view *body)
{
	return read_u8(in, kind) && read_sized(in, body);
}

/* First of all, for a request is opened after it came. */
static void
gather_opened(struct replayed *r, struct reader in)
{
	uint8_t kind, server;
	struct view body;

	while (next_item(&in, &kind, &body)) {
		struct reader b = reader_of(body);
		struct opened *o;

		if (kind != RECORD_OPENED)
			continue;
		o = mem_get(sizeof(*o));
		if (read_u8(&b, &server) && read_u64(&b, &o->id) && read_sized(&b, &o->body)) {
			o->server = server;
			o->next = r->opened;
			r->opened = o;
		} else {
			free(o);
		}
	}
}

static bool
unhide(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	(void)arg, (void)opening, (void)in, (void)e;
	(void)snprintf(out, size, "not in the record");
	return true;
}

static void
complain(void *arg, bool warn, const char *text)
{
	(void)arg;
	if (!warn)
		(void)dprintf(STDERR_FILENO, "%s\n", text);
}

static bool
step_item(struct replayed *r, uint8_t kind, struct view body, bool *same, struct err *e)
{
	struct reader in = reader_of(body);
	uint8_t server;

	switch ((enum record_item)kind) {
	case RECORD_CONF:
		return conf_parse("record", body, unhide, NULL, complain, NULL, &r->conf) ||
		       err_set(e, WHY_BAD_INPUT, "its configuration is not accepted");
	case RECORD_STORE:
		if (!read_u8(&in, &server) || server >= r->conf.server_count)
			return record_cut(e);
		return stage_open(r, server, view_of(in.p, in.n), e);
	case RECORD_TURN:
		return step_turn(r, &in, same, e);
	case RECORD_TRUSTPOINT:
		return actor_open(r->actors, &r->conf, &in, e);
	case RECORD_STEP:
		return actor_step(r->actors, &in, same, e);
	case RECORD_OPENED:
		return true;
	}
	return record_cut(e);
}

static void
say_same(const struct replayed *r, bool is_cut)
{
	size_t trustpoints, steps = actors_steps(r->actors, &trustpoints);

	if (r->conf.server_count > 0)
		printf("%zu turns with %zu events%s", r->turns, r->events,
		    trustpoints > 0 ? ", " : "");
	if (trustpoints > 0)
		printf("%zu steps of %zu trustpoint%s", steps, trustpoints,
		    trustpoints == 1 ? "" : "s");
	printf(": everything left as it did then%s\n", is_cut ? "; the last one is cut" : "");
}

int
replay(const char *path)
{
	static struct replayed r;
	struct blob file = {0};
	struct reader in;
	struct view magic, body;
	struct err e = {0};
	bool ok = file_read(path, RECORD_MAX, &file, &e), same = true;
	uint8_t kind;

	in = reader_of(blob_view(&file));
	if (ok && (!read_view(&in, sizeof(RECORD_MAGIC) - 1, &magic) ||
		      !view_equal_str(magic, RECORD_MAGIC)))
		ok = record_cut(&e);
	r.actors = actors_new();
	if (ok)
		gather_opened(&r, in);
	while (ok && same && next_item(&in, &kind, &body))
		ok = step_item(&r, kind, body, &same, &e);
	for (size_t i = 0; i < COUNT_OF(r.stage); i++)
		stage_end(&r.stage[i]);
	while (r.opened != NULL) {
		struct opened *o = r.opened;

		r.opened = o->next;
		free(o);
	}
	blob_free(&file);
	if (!ok)
		(void)dprintf(STDERR_FILENO, "keymuster: %s: %s\n", path, e.text);
	else if (same)
		say_same(&r, in.n > 0);
	actors_free(r.actors);
	conf_free(&r.conf);
	return !ok ? CODE_USAGE : same ? CODE_DONE : CODE_REFUSED;
}
