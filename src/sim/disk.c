/* disk.c - the server's store, watched, full, or lost before its commit. */
#include "sim/sim_int.h"

/* The driver's own table, and ours, which calls it: one world runs at a time (sim.h). */
static const struct store_table *real;
static struct store_table watched;
static struct sim *world;

static bool
disk_commit(struct store *s, struct err *e)
{
	struct server *server = &world->server;

	if (server->full == 0 && !server->crash_in_commit && !server->busy_once)
		return real->commit(s, e);
	real->rollback(s);
	return err_set(e, WHY_BUSY, "the disk takes nothing");
}

static void
touch(int64_t intent)
{
	if (world->server.touched.certs < COUNT_OF(world->server.touched.cert))
		world->server.touched.cert[world->server.touched.certs++] = intent;
}

static bool
disk_cert_settle(struct store *s, int64_t intent, struct view der, struct err *e)
{
	touch(intent);
	return real->cert_settle(s, intent, der, e);
}

static bool
disk_cert_revoke(struct store *s, int64_t intent, when_t at, int why, struct err *e)
{
	touch(intent);
	return real->cert_revoke(s, intent, at, why, e);
}

static bool
disk_generation_put(struct store *s, const struct row_generation *g, struct err *e)
{
	world->server.touched.generation = true;
	return real->generation_put(s, g, e);
}

static bool
disk_audit_add(struct store *s, when_t at, const char *actor, const char *act,
    const char *object, struct err *e)
{
	world->server.touched.audits++;
	return real->audit_add(s, at, actor, act, object, e);
}

void
disk_watch(struct sim *w)
{
	struct store *s = w->server.store;

	world = w;
	if (s->table == &watched)
		return;
	real = s->table;
	watched = *real;
	watched.commit = disk_commit;
	watched.cert_settle = disk_cert_settle;
	watched.cert_revoke = disk_cert_revoke;
	watched.generation_put = disk_generation_put;
	watched.audit_add = disk_audit_add;
	s->table = &watched;
}
