/* fuzz_shelf.c - what a shelf file may hold. */
#include <stdlib.h>

#include "agent/agent_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
trustpoint(const struct view leaf[TP_LEAVES])
{
	static const struct tp_policy policy = {.key_kind = KEY_RSA, .key_bits = 2048};
	struct tp_change list[TP_LEAVES];
	struct tp_setup setup = {.policy = &policy,
	    .label = "R1",
	    .fingerprint = "",
	    .password = "",
	    .shelf = tp_shelf_memory()};
	struct tp *tp;
	struct err e = {0};

	for (int i = 0; i < TP_LEAVES; i++)
		list[i] = (struct tp_change){(enum tp_leaf)i, leaf[i]};
	if (!setup.shelf->table->put(setup.shelf, list, TP_LEAVES, &e))
		abort();
	tp = tp_open(&setup, &e);
	if (tp == NULL && e.text[0] == 0)
		abort();
	if (tp != NULL)
		(void)tp_plan(tp, 1767225600);
	tp_free(tp);
	setup.shelf->table->close(setup.shelf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view leaf[TP_LEAVES], same[TP_LEAVES];
	struct blob again = {0};

	if (shelf_decode(view_of(data, size), "shelf", leaf, NULL)) {
		shelf_encode(leaf, &again);
		if (!shelf_decode(blob_view(&again), "shelf", same, NULL))
			abort();
		for (size_t i = 0; i < TP_LEAVES; i++)
			if (!view_equal(leaf[i], same[i]))
				abort();
		trustpoint(leaf);
	}
	blob_free(&again);
	return 0;
}
