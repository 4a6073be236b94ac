/* fuzz_courier_json.c - a hostile hook: what is understood can be told to core. */
#include <stdlib.h>
#include <string.h>

#include "courier/courier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blob kept = {0}, message = {0};
	struct courier_say say = {0}, told;

	if (courier_json_say(view_of(data, size), VIEW("secret"), &say, &kept, NULL)) {
		say.id = 1;
		if (memmem(say.reason.p, say.reason.n, "secret", 6) != NULL)
			abort();
		courier_say_encode(&say, &message);
		if (!courier_say_decode(blob_view(&message), &told, NULL) ||
		    told.result != say.result || !view_equal(told.san, say.san))
			abort();
	}
	blob_free(&kept);
	blob_free(&message);
	return 0;
}
