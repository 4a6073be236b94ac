/* fuzz_courier.c - a hostile courier or core: what decodes is canonical and within bounds. */
#include <stdlib.h>

#include "courier/courier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct view names)
{
	struct reader r = reader_of(names);
	struct view v;

	while (r.n > 0)
		if (!read_sized(&r, &v))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct courier_hook hooks[COURIER_HOOKS];
	struct view v = view_of(data, size);
	struct blob again = {0}, json = {0};
	struct courier_ask ask;
	struct courier_say say;
	bool is_ask = courier_ask_decode(v, &ask, NULL),
	     is_say = courier_say_decode(v, &say, NULL);

	if (is_ask && is_say)
		abort();
	if (is_ask) {
		if (ask.id == 0 || ask.hook >= COURIER_HOOKS || ask.request.n != 32)
			abort();
		walk(ask.san);
		courier_ask_encode(&ask, &again);
		if (courier_json_ask(&ask, &json) && (json.n < 2 || json.p[0] != '{'))
			abort();
	}
	if (is_say) {
		if ((say.id == 0) != (say.result == COURIER_READY))
			abort();
		walk(say.san);
		courier_say_encode(&say, &again);
	}
	if ((is_ask || is_say) && !view_equal(blob_view(&again), v))
		abort();
	if (courier_hooks_decode(v, hooks, NULL))
		blob_clear(&again);
	blob_free(&again);
	blob_free(&json);
	return 0;
}
