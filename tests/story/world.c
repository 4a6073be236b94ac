/* world.c - turns of an authority under a fake clock. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/pool.h"
#include "tests/story/world.h"

#define CA_KEYS 12

static const struct seal test_seal = {{1, 2, 3, 4, 5, 6, 7, 8}};
static struct blob ca_keys[CA_KEYS];

/* A pair is taken once, also over a restart. */
static void
use_pool(struct keys *k, size_t from)
{
	struct view views[CA_KEYS];

	from = from < CA_KEYS ? from : CA_KEYS;
	for (size_t i = 0; i < CA_KEYS; i++) {
		if (ca_keys[i].n == 0)
			pool_pkcs8(i, &ca_keys[i]);
		views[i] = blob_view(&ca_keys[i]);
	}
	keys_local_pool(k, views + from, CA_KEYS - from);
}

static bool
open_store_and_keys(struct world *w, struct err *e)
{
	char path[300];

	if (w->mode == WORLD_MEMORY) {
		if (w->store == NULL)
			w->store = store_open_memory();
		if (w->keys == NULL)
			w->keys = keys_open_local(NULL, NULL, 1, e);
	} else {
		(void)snprintf(path, sizeof(path), "%s/store.db", w->dir);
		w->store = store_open_sqlite(path, e);
		if (w->store == NULL)
			return false;
		(void)snprintf(path, sizeof(path), "%s/keys", w->dir);
		w->keys = keys_open_local(path, &test_seal, 0, e);
	}
	if (w->keys == NULL)
		return false;
	keys_local_archive(w->keys, "cisco12345");
	keys_local_replies(w->keys, ca_weakest_digest(&w->policy));
	use_pool(w->keys, w->pairs);
	return true;
}

/* A store that can be made to fail, as a full disk does. */
static struct store_table failing;
static const struct store_table *real;
static int *commits_left;
static bool *busy;

static bool
failing_begin(struct store *s, struct err *e)
{
	bool fails = *busy;

	*busy = false;
	return fails ? err_set(e, WHY_BUSY, "disk busy (made by the story)")
		     : real->begin(s, e);
}

static bool
failing_commit(struct store *s, struct err *e)
{
	if (*commits_left == 0 || --*commits_left > 0)
		return real->commit(s, e);
	real->rollback(s);
	return err_set(e, WHY_BUSY, "disk full (made by the story)");
}

static void
let_store_fail(struct world *w)
{
	if (w->store->table == &failing)
		return;
	real = w->store->table;
	failing = *real;
	failing.begin = failing_begin;
	failing.commit = failing_commit;
	commits_left = &w->disk_full_in;
	busy = &w->disk_busy;
	w->store->table = &failing;
}

bool
world_open(struct world *w, struct err *e)
{
	if (w->mode != WORLD_MEMORY && w->dir[0] == 0) {
		const char *tmp = getenv("TMPDIR");

		(void)snprintf(
		    w->dir, sizeof(w->dir), "%s/story-XXXXXX", tmp == NULL ? "/tmp" : tmp);
		if (mkdtemp(w->dir) == NULL)
			return err_set(e, WHY_IO, "mkdtemp %s", w->dir);
	}
	if (!open_store_and_keys(w, e) || !w->store->table->begin(w->store, e))
		return false;
	w->ca = ca_open(&w->policy, w->store, w->keys, e);
	if (w->ca == NULL) {
		w->store->table->rollback(w->store);
		return false;
	}
	w->clock.mark = ca_clock_mark(w->ca);
	if (!w->store->table->commit(w->store, e) || !world_tick(w, e))
		return false;
	/* What it goes through a few rows a turn. */
	for (int n = 0; ca_wake(w->ca) <= w->now && n < 1000; n++)
		if (!world_tick(w, e))
			return false;
	return true;
}

void
world_close(struct world *w)
{
	ca_free(w->ca);
	w->ca = NULL;
	blob_clear(&w->caps); /* who published them is gone as well */
	blob_clear(&w->cacert);
	blob_clear(&w->crl);
	blob_clear(&w->old_next);
	if (w->store != NULL && w->store->table == &failing)
		w->store->table = real; /* its turns fail, the start does not */
	if (w->mode == WORLD_MEMORY) {
		struct key_done lost = {0};

		while (w->keys != NULL && keys_collect(w->keys, &lost))
			blob_free(&lost.bytes); /* a signer of its own would be gone too */
		return;
	}
	if (w->keys != NULL)
		keys_close(w->keys);
	if (w->store != NULL)
		w->store->table->close(w->store);
	w->keys = NULL;
	w->store = NULL;
}

bool
world_restart(struct world *w, struct err *e)
{
	world_close(w);
	return world_open(w, e);
}

bool
world_reboot(struct world *w, struct err *e)
{
	w->clock = (struct plan_clock){0};
	w->boot = 0;
	return world_restart(w, e);
}

static void
remove_tree(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

void
world_free(struct world *w)
{
	world_close(w);
	if (w->mode == WORLD_MEMORY) {
		if (w->keys != NULL)
			keys_close(w->keys);
		if (w->store != NULL)
			w->store->table->close(w->store);
	} else if (w->dir[0] != 0) {
		remove_tree(w->dir);
	}
	blob_free(&w->reply.body);
	blob_free(&w->told);
	blob_free(&w->caps);
	blob_free(&w->cacert);
	blob_free(&w->crl);
	blob_free(&w->next);
	blob_free(&w->next_before);
	blob_free(&w->old_next);
	blob_free(&w->list[0]);
	blob_free(&w->list[1]);
	for (size_t i = 0; i < w->links; i++)
		blob_free(&w->link[i].der);
	blob_free(&w->cacert_before);
	blob_free(&w->cacert_seen);
	blob_free(&w->archive);
	blob_free(&w->hook_subject);
	blob_free(&w->hook_san);
	*w = (struct world){0};
}

static void
take_question(struct world *w, const struct effect *x)
{
	struct ca_question q;

	if (!ca_question(x, &q))
		abort();
	w->question = x->id;
	w->asked++;
	(void)snprintf(w->challenge, sizeof(w->challenge), "%.*s", (int)q.challenge.n,
	    (const char *)q.challenge.p);
}

static void
take_list(struct world *w, const struct effect *x)
{
	struct row_generation row;
	struct err why = {0};
	struct blob hex = {0};
	struct cert c;

	if (w->store->table->generation_get(w->store, ca_generation(w->ca), &row, &why) &&
	    cert_decode(row.cert, &c, &why)) {
		hex_add(&hex, c.ski, true);
		blob_set(&w->list[strcmp(blob_cstr(&hex), x->leaf) != 0], effect_bytes(x));
	}
	blob_free(&hex);
}

static void
take_link(struct world *w, const struct effect *x)
{
	size_t i = 0;

	while (i < w->links && strcmp(w->link[i].key, x->leaf) != 0)
		i++;
	if (i == COUNT_OF(w->link))
		abort();
	if (i == w->links)
		w->links++;
	(void)snprintf(w->link[i].key, sizeof(w->link[i].key), "%s", x->leaf);
	w->link[i].from = x->valid_from;
	w->link[i].until = x->valid_until;
	blob_set(&w->link[i].der, blob_view(&x->bytes));
}

static void
take_effect(struct world *w, struct effect *x)
{
	struct blob *const objects[] = {&w->caps, &w->cacert, &w->crl, &w->next, &w->old_next};

	switch (x->kind) {
	case EFFECT_REPLY:
		if (w->on_reply != NULL)
			w->on_reply(w->on_reply_arg, x);
		if (x->id != w->last_id)
			break;
		w->reply.status = x->status;
		w->reply.retry_after = x->retry_after;
		w->reply.delay_ms = x->delay_ms;
		blob_set(&w->reply.body, blob_view(&x->bytes));
		break;
	case EFFECT_TELL:
		w->told_status = x->status;
		blob_set(&w->told, blob_view(&x->bytes));
		break;
	case EFFECT_PUBLISH:
		if (x->object == OBJECT_CRL && x->leaf[0] != 0)
			take_list(w, x);
		if (x->object == OBJECT_CACERT && x->bytes.n == 0)
			break; /* withdrawn with what was to come: it comes at once again */
		if (x->object == OBJECT_NEXT && x->bytes.n == 0) {
			if (w->next.n > 0)
				blob_set(&w->next_before, blob_view(&w->next));
			blob_clear(&w->next);
			w->next_due = x->valid_from;
			break;
		}
		if (x->object == OBJECT_LINK) {
			take_link(w, x);
			break;
		}
		if (x->object == OBJECT_OLD_NEXT) {
			blob_set(&w->old_next, blob_view(&x->bytes));
			(void)snprintf(w->old_next_key, sizeof(w->old_next_key), "%s", x->leaf);
		}
		if (x->object == OBJECT_CACERT && x->valid_from <= w->now &&
		    !view_equal(blob_view(&w->cacert_seen), blob_view(&x->bytes))) {
			blob_set(&w->cacert_before, blob_view(&w->cacert_seen));
			blob_set(&w->cacert_seen, blob_view(&x->bytes));
		}
		if (x->leaf[0] == 0 && x->valid_from <= w->now)
			blob_set(objects[x->object], effect_bytes(x));
		break;
	case EFFECT_ARCHIVE:
		blob_set(&w->archive, blob_view(&x->bytes));
		w->archive_due = x->id;
		break;
	case EFFECT_ASK:
		take_question(w, x);
		break;
	case EFFECT_KEEP_IN: /* no copies are made here */
		break;
	case EFFECT_JOB:
		break;
	}
}

/* As the daemon does before each turn: the time for decisions. */
static when_t
look(struct world *w)
{
	struct clock_look look = {
	    .wall = w->now,
	    .boot = w->boot,
	    .vouched = w->vouched,
	    .synchronised = w->synchronised,
	    .confirmed = w->confirmed,
	};

	w->clock = plan_clock(&w->clock, &look);
	w->confirmed = false;
	return plan_clock_now(&w->clock, w->now);
}

/* One turn: one event, one transaction; effects leave behind its commit. */
static bool
turn(struct world *w, struct ca_event *ev, struct err *e)
{
	const struct ca_event *event = ev;
	struct effects out = {0};
	struct err why = {0};
	when_t now = look(w);

	ev->clock_trusted = w->clock.state == CLOCK_HONEST;
	let_store_fail(w);
	switch (ca_turn(w->ca, &event, 1, now, &out, &why)) {
	case CA_COMMITTED:
		break;
	case CA_UNDONE:
		if (why.why != WHY_BUSY)
			printf("# turn undone: %s\n", why.text);
		break;
	case CA_LOST:
		effects_free(&out);
		return err_set(e, why.why, "%s", why.text);
	}
	for (size_t i = 0; i < out.n; i++) {
		take_effect(w, &out.list[i]);
		if (out.list[i].kind != EFFECT_JOB)
			continue;
		out.list[i].job.bytes = effect_bytes(&out.list[i]);
		w->pairs += out.list[i].job.act == KEY_MAKE;
		if (!keys_submit(w->keys, &out.list[i].job, e)) {
			effects_free(&out);
			return false;
		}
	}
	effects_free(&out);
	return true;
}

/* Signatures come back, each a turn of its own. */
static bool
pump(struct world *w, struct err *e)
{
	struct key_done done = {0};
	bool ok = true;

	for (int n = 0; ok && n != w->max_jobs && keys_collect(w->keys, &done); n++) {
		struct ca_event ev = {.kind = CA_KEY_DONE, .done = &done};

		if (w->fail_in > 0 && --w->fail_in == 0)
			done.why = w->fail_why;

		ok = turn(w, &ev, e);
		blob_free(&done.bytes);
	}
	if (ok && w->archive_due != 0) {
		struct ca_event ev = {.kind = CA_ARCHIVED, .id = w->archive_due, .all = true};

		w->archive_due = 0;
		ok = turn(w, &ev, e);
	}
	return ok;
}

bool
world_ask_next(struct world *w, const char *source, bool *shown, struct err *e)
{
	struct ca_event ev = {.kind = CA_NEXT_ASKED, .id = ++w->last_id, .source = source};

	w->reply.status = 0;
	if (!turn(w, &ev, e))
		return false;
	*shown = w->reply.status == 200 && w->next.n > 0;
	return true;
}

bool
world_answer(struct world *w, struct err *e)
{
	struct ca_event ev = {.kind = CA_ANSWERED, .id = w->question, .answer = &w->hook};

	w->question = 0;
	w->hook.subject = blob_view(&w->hook_subject);
	w->hook.san = blob_view(&w->hook_san);
	return turn(w, &ev, e) && pump(w, e);
}

bool
world_tick(struct world *w, struct err *e)
{
	struct ca_event ev = {.kind = CA_TICK};

	return turn(w, &ev, e) && pump(w, e);
}

static void
pass_until(struct world *w, when_t at)
{
	w->boot += at - w->now;
	w->now = at;
}

bool
world_wait(struct world *w, when_t until, struct err *e)
{
	int steps = 0;

	while (ca_wake(w->ca) <= until) {
		pass_until(w, when_max(w->now, ca_wake(w->ca)));
		if (!world_tick(w, e))
			return false;
		if (++steps > 200000)
			return err_set(e, WHY_BUG, "the plan wakes without end");
	}
	pass_until(w, until);
	return world_tick(w, e);
}

bool
world_request(struct world *w, struct view message, const char *source, struct err *e)
{
	return world_request_by(w, NULL, message, source, e);
}

bool
world_request_by(struct world *w, const char *profile, struct view message, const char *source,
    struct err *e)
{
	struct ca_event ev = {
	    .kind = CA_REQUEST,
	    .id = ++w->last_id,
	    .body = message,
	    .source = source,
	    .profile = profile,
	};

	w->reply.status = 0;
	blob_clear(&w->reply.body);
	if (!turn(w, &ev, e) || !pump(w, e))
		return false;
	return w->question == 0 || w->hook_silent || world_answer(w, e);
}

bool
world_command(struct world *w, struct ca_event *ev, struct err *e)
{
	ev->kind = CA_COMMAND;
	ev->id = 1;
	ev->actor = "operator";
	w->told_status = -1;
	if (!turn(w, ev, e) || !pump(w, e))
		return false;
	/* What takes several turns is told at the end. */
	for (int n = 0; w->told_status < 0 && ca_wake(w->ca) <= w->now && n < 1000; n++)
		if (!world_tick(w, e))
			return false;
	return true;
}
