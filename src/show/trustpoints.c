/* trustpoints.c - trustpoints one by one, their leaves. */
#include <string.h>

#include "show/show_int.h"

static void
trustpoint_at(const struct show *s, size_t i, struct show_trustpoint *t)
{
	*t = (struct show_trustpoint){.id_alerted_at = INT64_MIN, .ca_alerted_at = INT64_MIN};
	s->w->trustpoint(s->w->trustpoint_arg, i, t);
}

bool
show_knows_trustpoint(const struct show *s, const char *name)
{
	struct show_trustpoint t;

	for (size_t i = 0; i < s->w->trustpoint_count; i++) {
		trustpoint_at(s, i, &t);
		if (strcmp(t.conf->name, name) == 0)
			return true;
	}
	return false;
}

bool
show_some(struct show *s, size_t most, show_each_trustpoint each, struct tree *rows, bool *more,
    struct err *e)
{
	struct show_trustpoint t;

	for (; s->trustpoint_at < s->w->trustpoint_count; s->trustpoint_at++) {
		*more = most == 0;
		if (*more)
			return true;
		trustpoint_at(s, s->trustpoint_at, &t);
		if (s->c->name[0] != 0 && strcmp(t.conf->name, s->c->name) != 0)
			continue;
		if (!each(s, &t, rows, e))
			return false;
		most--;
	}
	*more = false;
	return true;
}

bool
show_leaf(
    struct tp_shelf *shelf, enum tp_leaf leaf, show_each_cert each, void *arg, struct err *e)
{
	struct blob bytes = {0};
	struct reader r;
	struct der d;
	struct err why = {0};
	bool ok = false;

	if (shelf == NULL)
		return true;
	if (!shelf->table->get(shelf, leaf, &bytes, &why)) {
		ok = show_absent(&why, e);
		goto out;
	}
	r = reader_of(blob_view(&bytes));
	for (size_t i = 0; r.n > 0; i++)
		if (!der_any(&r, &d, e) || !each(arg, i, d.whole, e))
			goto out;
	ok = true;
out:
	blob_free(&bytes);
	return ok;
}
