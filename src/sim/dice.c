/* dice.c - chance that repeats by its seed. */
#include <string.h>

#include "sim/sim_int.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t
dice_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t
dice_next(struct dice *d)
{
	d->state += UINT64_C(0x9e3779b97f4a7c15);
	return dice_mix(d->state);
}

struct dice
dice_of(uint64_t seed, uint64_t stream)
{
	struct dice d = {dice_mix(seed + 1) ^ dice_mix(~stream)};

	(void)dice_next(&d);
	return d;
}

uint64_t
dice_below(struct dice *d, uint64_t n)
{
	return dice_next(d) % n;
}

int64_t
dice_between(struct dice *d, int64_t least, int64_t most)
{
	return least + (int64_t)dice_below(d, (uint64_t)(most - least) + 1);
}

bool
dice_chance(struct dice *d, unsigned per_mille)
{
	return per_mille > 0 && dice_below(d, 1000) < per_mille;
}

void
dice_fill(struct dice *d, uint8_t *out, size_t n)
{
	uint64_t x;

	for (; n > 0; n -= n < 8 ? n : 8, out += 8) {
		x = dice_next(d);
		memcpy(out, &x, n < 8 ? n : 8);
	}
}
