/* planted.c - a store that commits late: a defect to be found. */
#include "store/store.h"

/* Called by the name that the daemon's sources see in place of store_open_sqlite. */
#undef store_open_sqlite
struct store *store_open_sqlite(const char *path, struct err *e) MUST_USE;
struct store *planted_open(const char *path, struct err *e);

#define HONEST 10   /* commits at first, so that a CA comes to be */
#define HELD 100000 /* turns that share one commit from then on */

static struct store_table late;
static const struct store_table *real;
static unsigned commits;
static bool open_turn;

static bool
late_begin(struct store *s, struct err *e)
{
	if (open_turn)
		return true;
	open_turn = real->begin(s, e);
	return open_turn;
}

/* Says "durable" and means "soon". */
static bool
late_commit(struct store *s, struct err *e)
{
	if (++commits > HONEST && commits % HELD != 0)
		return true;
	open_turn = false;
	return real->commit(s, e);
}

/* A show gives its reads back: that must not take the turns before it along. */
static void
late_rollback(struct store *s)
{
	(void)s;
}

struct store *
planted_open(const char *path, struct err *e)
{
	struct store *s = store_open_sqlite(path, e);

	if (s == NULL)
		return NULL;
	real = s->table;
	late = *real;
	late.begin = late_begin;
	late.commit = late_commit;
	late.rollback = late_rollback;
	s->table = &late;
	return s;
}
