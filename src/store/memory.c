/* memory.c - turns and savepoints in memory. */
#include <stdlib.h>
#include <string.h>

#include "store/memory.h"

static char in_index; /* what an index entry points to */

struct memory *
memory_of(struct store *s)
{
	return (struct memory *)s;
}

bool
memory_writable(const struct memory *m, struct err *e)
{
	return m->in_turn || err_set(e, WHY_BUG, "write outside a turn");
}

void
memory_set(struct memory *m, enum which map, struct map_key key, void *row)
{
	struct change *c;

	if (m->change_count == m->change_cap) {
		m->change_cap = m->change_cap ? 2 * m->change_cap : 64;
		m->change = mem_array(m->change, m->change_cap, sizeof(*m->change));
	}
	c = &m->change[m->change_count++];
	*c = (struct change){map, key, NULL, row};
	c->old = map_put(&m->map[map], &key, row);
}

void
memory_index(struct memory *m, enum which map, struct map_key key)
{
	memory_set(m, map, key, &in_index);
}

void
memory_unindex(struct memory *m, enum which map, struct map_key key)
{
	memory_set(m, map, key, NULL);
}

static void
row_drop(const struct change *c, void *row)
{
	if (c->map < MAP_TABLES)
		free(row);
}

static struct mark
mark_here(const struct memory *m)
{
	return (struct mark){m->change_count, m->revoked.n, m->tally};
}

static void
go_back(struct memory *m, const struct mark *to)
{
	while (m->change_count > to->change_count) {
		struct change *c = &m->change[--m->change_count];

		map_put(&m->map[c->map], &c->key, c->old);
		row_drop(c, c->new);
	}
	m->revoked.n = to->revoked_n;
	m->tally = to->tally;
}

/* There is no way back any more. */
static void
changes_forget(struct memory *m)
{
	for (size_t i = 0; i < m->change_count; i++)
		row_drop(&m->change[i], m->change[i].old);
	m->change_count = 0;
}

/* ---- transactions ---- */

bool
memory_begin(struct store *s, struct err *e)
{
	struct memory *m = memory_of(s);

	if (m->in_turn)
		return err_set(e, WHY_BUG, "a turn is open already");
	m->in_turn = true;
	m->turn = mark_here(m);
	return true;
}

void
memory_rollback(struct store *s)
{
	struct memory *m = memory_of(s);

	if (m->in_turn)
		go_back(m, &m->turn);
	m->in_turn = m->in_savepoint = false;
}

bool
memory_commit(struct store *s, struct err *e)
{
	struct memory *m = memory_of(s);
	struct blob tally = {0};

	if (!m->in_turn)
		return err_set(e, WHY_BUG, "no turn is open");
	if (m->in_savepoint) {
		memory_rollback(s);
		return err_set(e, WHY_BUG, "commit inside a savepoint");
	}
	if (memcmp(&m->tally, &m->turn.tally, sizeof(m->tally)) != 0) {
		tally_encode(&m->tally, &tally);
		(void)!memory_fact_put(s, TALLY_FACT, blob_view(&tally), NULL);
		blob_free(&tally);
	}
	if (!m->kept)
		changes_forget(m);
	m->in_turn = false;
	return true;
}

bool
memory_savepoint(struct store *s, struct err *e)
{
	struct memory *m = memory_of(s);

	if (!memory_writable(m, e))
		return false;
	if (m->in_savepoint)
		return err_set(e, WHY_BUG, "a savepoint is open already");
	m->in_savepoint = true;
	m->savepoint = mark_here(m);
	return true;
}

void
memory_release(struct store *s)
{
	memory_of(s)->in_savepoint = false;
}

void
memory_undo(struct store *s)
{
	struct memory *m = memory_of(s);

	if (m->in_savepoint)
		go_back(m, &m->savepoint);
	m->in_savepoint = false;
}

void
memory_close(struct store *s)
{
	struct memory *m = memory_of(s);

	memory_rollback(s);
	changes_forget(m);
	for (int i = 0; i < MAP_COUNT; i++)
		map_free(&m->map[i], i < MAP_TABLES ? free : NULL);
	blob_free(&m->revoked);
	free(m->change);
	free(m);
}

void
store_memory_keep(struct store *s, bool keep)
{
	struct memory *m = memory_of(s);

	changes_forget(m);
	m->kept = keep;
	m->keep = mark_here(m);
}

void
store_memory_return(struct store *s)
{
	struct memory *m = memory_of(s);

	go_back(m, &m->keep);
	m->kept = false;
}

struct store *
store_open_memory(void)
{
	struct memory *m = mem_get(sizeof(*m));

	m->base.table = &memory_table;
	return &m->base;
}
