/* chance.c - random octets that the library owes us. */
#include "keys/chance.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "base/base.h"

void
chance_take(uint8_t *out, size_t n)
{
	if (n <= INT32_MAX && RAND_bytes(out, (int)n) == 1)
		return;
	log_error("no random octets", "wanted=%zu", n);
	abort();
}
