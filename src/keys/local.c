/* local.c - keys in this process. */
#include <stdlib.h>
#include <string.h>

#include "keys/chance.h"
#include "keys/vault.h"

struct answer {
	struct key_done done;
	bool logged;
	struct answer *next;
};

struct local {
	struct keys keys;
	struct vault vault;
	struct kit kit;
	struct answer *first, **last;
	bool durable; /* all answers there are now may leave */
	struct err trouble;
	uint64_t seed, drawn;
};

static struct local *
local_of(const struct keys *k)
{
	return (struct local *)(uintptr_t)k; /* keys is its first member */
}

static bool
local_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	struct local *l = local_of(k);
	struct answer *a = mem_get(sizeof(*a));
	struct task t = {0};
	struct err why = {0};
	bool ok;

	(void)e;
	done_fill(&a->done, job->id, NULL);
	ok = vault_admit(&l->vault, job, &t, &why) &&
	     vault_perform(&l->vault, &l->kit, &t, &a->done.bytes, &why);
	if (!ok)
		done_fill(&a->done, job->id, &why);
	a->logged = ok && t.permit.logged;
	task_free(&t);
	if (a->logged)
		l->durable = false;
	*l->last = a;
	l->last = &a->next;
	return true;
}

/* One commit for all the answers that were submitted since the last one. */
static bool
local_durable(struct local *l)
{
	if (!l->durable)
		l->durable = journal_commit(l->vault.journal, &l->trouble);
	return l->durable;
}

static bool
local_collect(struct keys *k, struct key_done *out)
{
	struct local *l = local_of(k);
	struct answer *a = l->first;

	if (a == NULL)
		return false;
	if (a->logged && !local_durable(l)) {
		blob_free(&a->done.bytes);
		done_fill(&a->done, a->done.id, &l->trouble);
	}
	*out = a->done;
	l->first = a->next;
	if (l->first == NULL)
		l->last = &l->first;
	free(a);
	return true;
}

static int
local_fd(const struct keys *k)
{
	(void)k;
	return -1;
}

static bool
local_alive(const struct keys *k)
{
	return !journal_broken(local_of(k)->vault.journal);
}

/* With a seed: SHA-256 of seed and counter, so that a simulated world repeats. */
static void
local_random(struct keys *k, uint8_t *out, size_t n)
{
	struct local *l = local_of(k);
	uint64_t in[2];
	uint8_t block[32];
	size_t part;

	if (l->seed == 0) {
		chance_take(out, n);
		return;
	}
	for (; n > 0; n -= part, out += part) {
		in[0] = l->seed;
		in[1] = l->drawn++;
		sha256(view_of(in, sizeof(in)), block);
		part = n < sizeof(block) ? n : sizeof(block);
		memcpy(out, block, part);
	}
}

static void
local_close(struct keys *k)
{
	struct local *l = local_of(k);
	struct key_done d;

	while (local_collect(k, &d))
		blob_free(&d.bytes);
	kit_free(&l->kit);
	vault_close(&l->vault);
	free(l);
}

static const struct keys_table local_table = {
    .submit = local_submit,
    .collect = local_collect,
    .fd = local_fd,
    .alive = local_alive,
    .random = local_random,
    .close = local_close,
};

struct keys *
keys_open_local(const char *dir, const struct seal *seal, uint64_t seed, struct err *e)
{
	struct local *l = mem_get(sizeof(*l));

	l->keys.table = &local_table;
	l->last = &l->first;
	l->seed = seed;
	if (vault_open(&l->vault, dir, seal, e))
		return &l->keys;
	free(l);
	return NULL;
}

void
keys_local_archive(struct keys *k, const char *password)
{
	vault_archive(&local_of(k)->vault, password);
}

void
keys_local_export(struct keys *k, const char *dir, int64_t group)
{
	vault_export(&local_of(k)->vault, dir, group);
}

void
keys_local_replies(struct keys *k, enum hash weakest)
{
	guard_replies(local_of(k)->vault.guard, weakest);
}

void
keys_local_pool(struct keys *k, const struct view *pkcs8, size_t n)
{
	ring_pool(&local_of(k)->vault.ring, pkcs8, n);
}
