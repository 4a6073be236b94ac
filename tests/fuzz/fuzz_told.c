/* fuzz_told.c - what hooks have heard: what decodes is written again as it was. */
#include <stdlib.h>

#include "agent/agent_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct identity i = {0};
	struct blob again = {0};

	if (told_decode(view_of(data, size), &i)) {
		told_encode(&i, &again);
		if (!view_equal(blob_view(&again), view_of(data, size)))
			abort();
	}
	blob_free(&again);
	return 0;
}
