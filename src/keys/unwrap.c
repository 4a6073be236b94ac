/* unwrap.c - opening content keys without an oracle. */
#include "keys/unwrap.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

/* 1 when v is 0, else 0. */
static unsigned
is_zero(unsigned v)
{
	return (~v & (v - 1)) >> (sizeof(v) * 8 - 1);
}

bool
unwrap_synthetic(const uint8_t secret[32], const struct key_job *job, uint8_t out[KEY_WANT_MAX])
{
	struct blob way = {0};
	unsigned n = KEY_WANT_MAX;
	bool ok;

	blob_add_byte(&way, (uint8_t)job->padding);
	blob_add_byte(
	    &way, (uint8_t)(job->padding == PADDING_OAEP ? job->oaep_hash : HASH_NONE));
	blob_add_byte(&way, (uint8_t)job->want);
	blob_add_view(&way, job->bytes);
	ok = HMAC(EVP_sha256(), secret, 32, way.p, way.n, out, &n) != NULL && n == KEY_WANT_MAX;
	blob_free(&way);
	return ok;
}

void
unwrap_choose(
    unsigned good, const uint8_t *right, const uint8_t *synthetic, size_t want, uint8_t *out)
{
	uint8_t mask = (uint8_t)(0u - good);

	__asm__("" : "+r"(mask)); /* or the compiler makes a branch of it */
	for (size_t i = 0; i < want; i++)
		out[i] = (uint8_t)((right[i] & mask) | (synthetic[i] & (uint8_t)~mask));
}

void
unwrap_pkcs1(
    struct view block, const uint8_t synthetic[KEY_WANT_MAX], size_t want, uint8_t *out)
{
	size_t zero_at;
	unsigned bad;

	if (block.n < want + 11) { /* modulus and want are public */
		memcpy(out, synthetic, want);
		return;
	}
	zero_at = block.n - want - 1;
	bad = block.p[0] | (block.p[1] ^ 2u) | block.p[zero_at];
	for (size_t i = 2; i < zero_at; i++)
		bad |= is_zero(block.p[i]);
	unwrap_choose(is_zero(bad), block.p + zero_at + 1, synthetic, want, out);
}
