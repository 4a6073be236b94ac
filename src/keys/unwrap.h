/* unwrap.h - opening content keys without an oracle. Inner door of keys. */
#ifndef KEYS_UNWRAP_H
#define KEYS_UNWRAP_H

#include "keys/keys.h"

/*
 * The key that a wrapped key gets when it is wrong: always the same one, and nobody outside can
 * predict it. It differs with everything that the answer to a right one depends on: asked for
 * in two ways, a wrong one must not give itself away by equal answers, nor by unequal ones
 * where a right one gives equal ones (the OAEP hash means nothing with PKCS#1).
 */
bool unwrap_synthetic(
    const uint8_t secret[32], const struct key_job *job, uint8_t out[KEY_WANT_MAX]) MUST_USE;
/*
 * out = the last want octets of block when it is 00 02, nonzero octets to the end, 00, want
 * octets (RFC 8017 7.2.2, with the length known beforehand); else synthetic. No branch and no
 * address depends on what is in block.
 */
void unwrap_pkcs1(
    struct view block, const uint8_t synthetic[KEY_WANT_MAX], size_t want, uint8_t *out);
/* out = right when good is 1, synthetic when it is 0; the same steps either way. */
void unwrap_choose(
    unsigned good, const uint8_t *right, const uint8_t *synthetic, size_t want, uint8_t *out);

#endif
