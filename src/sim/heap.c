/* heap.c - what is to happen, earliest first. */
#include <stdlib.h>

#include "sim/sim_int.h"

static bool
earlier(const struct moment *a, const struct moment *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
heap_put(struct heap *h, const struct moment *m)
{
	struct moment put = *m;
	size_t i = h->n++;

	if (h->n > h->cap) {
		h->cap = h->cap == 0 ? 256 : 2 * h->cap;
		h->list = mem_array(h->list, h->cap, sizeof(*h->list));
	}
	put.order = h->ordered++;
	for (; i > 0 && earlier(&put, &h->list[(i - 1) / 2]); i = (i - 1) / 2)
		h->list[i] = h->list[(i - 1) / 2];
	h->list[i] = put;
}

bool
heap_take(struct heap *h, struct moment *out)
{
	struct moment last;
	size_t i = 0, child;

	if (h->n == 0)
		return false;
	*out = h->list[0];
	last = h->list[--h->n];
	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && earlier(&h->list[child + 1], &h->list[child]))
			child++;
		if (!earlier(&h->list[child], &last))
			break;
		h->list[i] = h->list[child];
		i = child;
	}
	h->list[i] = last;
	return true;
}

void
heap_free(struct heap *h)
{
	free(h->list);
	*h = (struct heap){0};
}
