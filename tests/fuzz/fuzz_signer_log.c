/* fuzz_signer_log.c - a log file from anywhere: frames, then records. */
#include <stdlib.h>

#include "keys/guard.h"
#include "keys/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Refused or replayed; what was replayed can be saved and comes back the same. The hash chain
 * hides the records: try both. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard *g = guard_new(), *again = guard_new();
	struct blob saved = {0}, twice = {0};
	struct reader r = reader_of(view_of(data, size));
	struct view one;
	size_t whole = 0;

	if (journal_scan("log", view_of(data, size), true, guard_replay, g, &whole, NULL) &&
	    whole > size)
		abort();
	guard_free(g);
	g = guard_new();
	while (r.n > 0 && read_sized(&r, &one) && guard_replay(g, one, NULL))
		;
	guard_save(g, &saved);
	if (guard_replay(again, blob_view(&saved), NULL)) {
		guard_save(again, &twice);
		if (!view_equal(blob_view(&saved), blob_view(&twice)))
			abort();
	}
	guard_free(g);
	guard_free(again);
	blob_free(&saved);
	blob_free(&twice);
	return 0;
}
