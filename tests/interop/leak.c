/* leak.c - an envelope that opens takes longer: a defect to be found. */
#include <time.h>

#include "wire/wire.h"

/* The linker turns every envelope_open into __wrap_envelope_open (--wrap). */
bool __real_envelope_open(
    const struct envelope *v, struct view key, struct blob *plain, struct err *e);
bool __wrap_envelope_open(
    const struct envelope *v, struct view key, struct blob *plain, struct err *e);

#define LEAK_NS 50000

bool
__wrap_envelope_open(
    const struct envelope *v, struct view key, struct blob *plain, struct err *e)
{
	bool ok = __real_envelope_open(v, key, plain, e);
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (ok &&
	       (now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < LEAK_NS);
	return ok;
}
