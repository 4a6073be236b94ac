/* fuzz_relay.c - a hostile front or core: what decodes is canonical and clean. */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct blob again = {0};
	struct front_ask ask;
	struct front_say say;
	struct front_profile profile;
	struct front_clock clock;
	bool is_ask = front_ask_decode(v, &ask, NULL), is_say = front_say_decode(v, &say, NULL);
	bool is_profile = front_profile_decode(v, &profile, NULL);
	bool is_clock = front_clock_decode(v, &clock, NULL);

	if (is_ask + is_say + is_profile + is_clock > 1)
		abort();
	if (is_clock) {
		if (clock.floor > clock.ceiling)
			abort();
		front_clock_encode(&clock, &again);
	}
	if (is_ask) {
		if (!ask.id || ask.op == OP_NONE || strpbrk(ask.ca, "\r\n\033") ||
		    strpbrk(ask.profile, "\r\n\033") || strpbrk(ask.source, "\r\n' "))
			abort();
		front_ask_encode(&ask, &again);
	}
	if (is_say) {
		if (strpbrk(say.type, "\r\n; ") || say.status < 200 ||
		    (!say.id && say.valid_from >= say.valid_until))
			abort();
		front_say_encode(&say, &again);
	}
	if (is_profile) {
		if (!profile.name[0] || strpbrk(profile.name, "\r\n\033"))
			abort();
		front_profile_encode(&profile, &again);
	}
	if ((is_ask || is_say || is_profile || is_clock) && !view_equal(blob_view(&again), v))
		abort();
	blob_free(&again);
	return 0;
}
