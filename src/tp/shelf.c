/* shelf.c - a shelf in memory. */
#include <stdlib.h>

#include "tp/tp.h"

struct memory_shelf {
	struct tp_shelf shelf; /* first */
	struct blob leaf[TP_LEAVES];
};

static struct memory_shelf *
memory_of(struct tp_shelf *s)
{
	return (struct memory_shelf *)s;
}

static bool
memory_get(struct tp_shelf *s, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	const struct blob *b = &memory_of(s)->leaf[leaf];

	if (b->n == 0)
		return err_set(e, WHY_NOT_FOUND, "the shelf has no such leaf");
	blob_set(out, blob_view(b));
	return true;
}

static bool
memory_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < n; i++) {
		blob_free(&memory_of(s)->leaf[list[i].leaf]);
		blob_add_view(&memory_of(s)->leaf[list[i].leaf], list[i].bytes);
	}
	return true;
}

static void
memory_close(struct tp_shelf *s)
{
	for (size_t i = 0; i < TP_LEAVES; i++)
		blob_free(&memory_of(s)->leaf[i]);
	free(s);
}

static const struct tp_shelf_table memory_table = {
    .get = memory_get,
    .put = memory_put,
    .close = memory_close,
};

struct tp_shelf *
tp_shelf_memory(void)
{
	struct memory_shelf *m = mem_get(sizeof(*m));

	m->shelf.table = &memory_table;
	return &m->shelf;
}
