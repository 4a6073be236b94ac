/* trouble.c - what goes wrong in a story. */
#include <stdlib.h>
#include <string.h>

#include "tests/story/story.h"

bool
do_disk(struct story *s, struct err *e)
{
	(void)e;
	/* "disk full N": the N-th commit from now fails. "disk busy": the next turn. */
	s->w.disk_busy = strcmp(s->word[1], "busy") == 0;
	if (!s->w.disk_busy)
		s->w.disk_full_in = s->words > 2 ? (int)strtol(s->word[2], NULL, 10) : 1;
	s->disturbed = true;
	return true;
}

/* "damage NAME": that fact of the store is one octet of nothing. */
bool
do_damage(struct story *s, struct err *e)
{
	const struct store_table *st = s->w.store->table;

	return st->begin(s->w.store, e) && st->fact_put(s->w.store, s->word[1], VIEW("x"), e) &&
	       st->commit(s->w.store, e);
}

static bool
copy(const struct world *w, const char *from, const char *to)
{
	char path[2][300];
	FILE *in, *out;
	bool ok;

	(void)snprintf(path[0], sizeof(path[0]), "%s/%s", w->dir, from);
	(void)snprintf(path[1], sizeof(path[1]), "%s/%s", w->dir, to);
	in = fopen(path[0], "re");
	out = fopen(path[1], "we");
	ok = in != NULL && out != NULL;
	for (int c; ok && (c = getc(in)) != EOF;)
		ok = putc(c, out) == c;
	ok = (in == NULL || fclose(in) == 0) && ok;
	return (out == NULL || fclose(out) == 0) && ok;
}

/* "backup": of the store, but not of the keys. "backup returns": it is put back. */
bool
do_backup(struct story *s, struct err *e)
{
	struct world *w = &s->w;
	bool returns = s->words > 1, ok = true;

	world_close(w);
	if (w->mode != WORLD_MEMORY)
		ok = returns ? copy(w, "backup.db", "store.db")
			     : copy(w, "store.db", "backup.db");
	else if (returns)
		store_memory_return(w->store);
	else
		store_memory_keep(w->store, true);
	return ok ? world_open(w, e) : err_set(e, WHY_IO, "the store cannot be copied");
}

bool
do_signer(struct story *s, struct err *e)
{
	(void)e;
	/* "signer stops N": after N more jobs nothing comes back until the restart. */
	if (strcmp(s->word[1], "fails") == 0) {
		/* "signer fails N [refuses]": the N-th job from now */
		s->w.fail_why = s->words > 3 ? WHY_REFUSED : WHY_IO;
		s->w.fail_in = (int)strtol(s->word[2], NULL, 10);
		return true;
	}
	s->w.max_jobs =
	    strcmp(s->word[1], "stops") == 0 ? (int)strtol(s->word[2], NULL, 10) : -1;
	s->disturbed = true;
	return true;
}
