/* show_audit.c - show crypto pki server NAME audit. */
#include "show/show_int.h"

#define NEWEST 50 /* records shown */

/*
 * The chain is followed from its first record, PIECE records a call: bytes holds the hash of
 * the last one. The records themselves go through a window, of which the newest stay.
 */
static bool
fits(struct show *s, const struct row_audit *r)
{
	static const uint8_t zero[32];
	struct view previous =
	    s->bytes.n > 0 ? blob_view(&s->bytes) : view_of(zero, sizeof(zero));
	uint8_t hash[32];

	audit_hash(previous, r, hash);
	return r->sequence == s->after + 1 && view_equal(r->hash, view_of(hash, sizeof(hash)));
}

static void
put_record(const struct row_audit *r, struct tree *records)
{
	struct tree *o = tree_add_object(records);

	tree_put_int(o, "sequence", r->sequence);
	tree_put_when(o, "at", r->at);
	tree_put_text(o, "actor", r->actor);
	tree_put_text(o, "act", r->act);
	tree_put_text(o, "object", r->object);
	if (tree_count(records) > NEWEST)
		tree_drop_first(records);
}

static bool
audit_build(struct show *s, bool *more, struct err *e)
{
	struct store *st = ca_store(s->server->ca);
	struct row_audit r;
	struct err why = {0};

	if (!tree_has(s->tree, "name")) {
		tree_put_text(s->tree, "name", s->server->conf->name);
		tree_put_int(s->tree, "records", 0);
		tree_put_bool(s->tree, "verified", true);
		(void)tree_add_array(s->tree, "newest");
	}
	*more = true;
	for (int n = 0; n < PIECE; n++) {
		if (!st->table->audit_next(st, s->after, &r, &why)) {
			*more = false;
			return show_absent(&why, e);
		}
		if (!fits(s, &r) && tree_is(s->tree, "verified")) {
			tree_put_bool(s->tree, "verified", false);
			tree_put_int(s->tree, "first_bad", r.sequence);
			s->status = 1;
		}
		blob_set(&s->bytes, r.hash);
		s->after = r.sequence;
		tree_put_int(s->tree, "records", tree_int(s->tree, "records") + 1);
		put_record(&r, tree_get(s->tree, "newest"));
	}
	return true;
}

static void
audit_text(const struct show *s, struct blob *out)
{
	const struct tree *o;
	char t[WHEN_TEXT];
	size_t i;

	blob_printf(out, "Audit of %s: %lld records, ", tree_text(s->tree, "name"),
	    (long long)tree_int(s->tree, "records"));
	if (tree_is(s->tree, "verified"))
		blob_add_str(out, "chain verified\n");
	else
		blob_printf(out, "CHAIN BROKEN at record %lld\n",
		    (long long)tree_int(s->tree, "first_bad"));
	blob_printf(out, "%-7s %-24s %-15s %-9s %s\n", "Record", "Time", "Who", "Did", "To");
	for (i = 0; (o = tree_at(tree_get(s->tree, "newest"), i)) != NULL; i++) {
		blob_printf(out, "%-7lld %-24s %-15s %-9s %s\n",
		    (long long)tree_int(o, "sequence"), tree_ios(o, "at", t),
		    tree_text(o, "actor"), tree_text(o, "act"), tree_text(o, "object"));
	}
}

const struct show_command show_audit = {.command = CMD_SHOW_AUDIT,
    .names = NAMES_RUNNING,
    .build = audit_build,
    .text = audit_text};
