/* show_counters.c - show crypto pki counters. */
#include "show/show_int.h"

#define AT(f) offsetof(struct show_tp_counters, f)

static const struct {
	const char *key, *title;
	size_t at;
} all[] = {
    {"fetches", "SCEP - requests sent", AT(fetches)},
    {"failures", "SCEP - failed attempts", AT(failures)},
    {"granted", "Certificates granted", AT(granted)},
    {"pending", "Pending answers", AT(pending)},
    {"rejected", "Rejected requests", AT(rejected)},
    {"next_cas", "Rollover CA certificates received", AT(next_cas)},
    {"shadows", "Rollover certificates granted", AT(shadows)},
    {"switches", "Rollovers done", AT(switches)},
    {"valid", "Successful Validations", AT(valid)},
    {"invalid", "Failed Validations", AT(invalid)},
    {"list_fetches", "CRL - fetch attempts", AT(list_fetches)},
    {"list_failures", "CRL - failed attempts", AT(list_failures)},
};

static int64_t
counter(const struct show_tp_counters *c, size_t at)
{
	return (int64_t) * (const uint64_t *)((const char *)c + at);
}

static void
put_counters(const struct show_tp_counters *c, struct tree *o)
{
	for (size_t i = 0; i < COUNT_OF(all); i++)
		tree_put_int(o, all[i].key, tree_int(o, all[i].key) + counter(c, all[i].at));
}

static bool
add_trustpoint(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e)
{
	(void)e;
	(void)rows;
	put_counters(&t->counters, tree_get(s->tree, "sum"));
	return true;
}

static bool
counters_build(struct show *s, bool *more, struct err *e)
{
	bool ok;

	if (!tree_has(s->tree, "sum"))
		put_counters(&(struct show_tp_counters){0}, tree_put_object(s->tree, "sum"));
	ok = show_some(s, PIECE, add_trustpoint, NULL, more, e);
	if (ok && !*more)
		s->trustpoint_at = 0; /* the rows begin anew */
	return ok;
}

static void
counters_text(const struct show *s, struct blob *out)
{
	const struct tree *sum = tree_get(s->tree, "sum");

	for (size_t i = 0; i < COUNT_OF(all); i++)
		blob_printf(
		    out, "%s: %lld\n", all[i].title, (long long)tree_int(sum, all[i].key));
}

static bool
put_trustpoint(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e)
{
	struct tree *o = tree_add_object(rows);

	(void)s;
	(void)e;
	tree_put_text(o, "name", t->conf->name);
	put_counters(&t->counters, o);
	return true;
}

static bool
counters_rows(struct show *s, struct tree *rows, bool *more, struct err *e)
{
	*more = false;
	return !s->c->json || show_some(s, PIECE, put_trustpoint, rows, more, e);
}

static void
counters_row_text(const struct show *s, const struct tree *o, struct blob *out)
{
	(void)s;
	(void)o;
	(void)out;
}

const struct show_command show_counters = {
    .command = CMD_SHOW_COUNTERS,
    .build = counters_build,
    .text = counters_text,
    .list = "trustpoints",
    .rows = counters_rows,
    .row_text = counters_row_text,
};
