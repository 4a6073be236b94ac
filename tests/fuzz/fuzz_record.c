/* fuzz_record.c - events on record: what decodes is written again as it was read. */
#include <stdlib.h>

#include "ca/ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(view_of(data, size)), again;
	struct ca_event_kept first, second;
	struct blob one = {0}, two = {0};

	if (ca_event_decode(&r, &first, NULL)) {
		ca_event_encode(ca_event_of(&first), &one);
		again = reader_of(blob_view(&one));
		if (!ca_event_decode(&again, &second, NULL) || again.n > 0)
			abort();
		ca_event_encode(ca_event_of(&second), &two);
		if (!view_equal(blob_view(&one), blob_view(&two)))
			abort();
		blob_free(&second.done.bytes);
		blob_free(&first.done.bytes);
	}
	blob_free(&one);
	blob_free(&two);
	return 0;
}
