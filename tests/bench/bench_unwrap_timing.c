/* bench_unwrap_timing.c - does time tell what was inside (T-OR2)? */
#include <math.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys/keys.h"
#include "lib/pool.h"
#include "lib/welch.h"

/*
 * Wraps one good block and three that are broken in different ways, all of the same length and
 * below the modulus, unwraps them in random order and prints Welch's t between the good class
 * and each other. |t| over 4.5 is an alarm (dudect). Argument: measurements of each class
 * (15000).
 */
#define BLOCK 256
#define WANT 16
#define CLASSES 4
#define VARIANTS                                                                               \
	64 /* different wrapped keys of each class, or one key's own time would be measured */

static const char *const names[CLASSES] = {
    "right", "no separator", "zero in the padding", "wrong block type"};

static void
die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void
block_of(struct keys *k, int class, uint8_t b[BLOCK])
{
	keys_random(k, b, BLOCK);
	b[0] = 0;
	b[1] = 2;
	for (size_t i = 2; i < BLOCK - WANT - 1; i++)
		b[i] |= 1;
	b[BLOCK - WANT - 1] = 0;
	if (class == 1)
		b[BLOCK - WANT - 1] = 7;
	if (class == 2)
		b[20] = 0;
	if (class == 3)
		b[1] = 1;
}

static void
wrap(EVP_PKEY *key, const uint8_t b[BLOCK], uint8_t out[BLOCK])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	size_t n = BLOCK;

	if (EVP_PKEY_encrypt_init(c) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) != 1 ||
	    EVP_PKEY_encrypt(c, out, &n, b, BLOCK) != 1)
		die("wrapping failed");
	EVP_PKEY_CTX_free(c);
}

static double
unwrap_us(struct keys *k, const uint8_t wrapped[BLOCK])
{
	struct key_job j = {
	    .act = KEY_UNWRAP, .label = "CA", .want = WANT, .bytes = {wrapped, BLOCK}};
	struct key_done d = {0};
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	if (!keys_submit(k, &j, NULL) || !keys_collect(k, &d) || d.why != WHY_NONE)
		die("unwrapping failed");
	clock_gettime(CLOCK_MONOTONIC, &b);
	blob_free(&d.bytes);
	return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

int
main(int argc, char **argv)
{
	static uint8_t wrapped[CLASSES][VARIANTS][BLOCK];
	struct sums sums[CLASSES] = {0};
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct key_job make = {.act = KEY_MAKE, .label = "CA", .kind = KEY_RSA, .bits = 2048};
	struct key_done d = {0};
	struct blob der = {0};
	struct view v;
	uint8_t block[BLOCK], dice[2];
	long rounds = CLASSES * (argc > 1 ? strtol(argv[1], NULL, 10) : 15000);
	bool alarm = false;

	pool_pkcs8(0, &der);
	v = blob_view(&der);
	keys_local_pool(k, &v, 1);
	if (rounds <= 0 || !keys_submit(k, &make, NULL) || !keys_collect(k, &d) ||
	    d.why != WHY_NONE)
		die("usage: bench_unwrap_timing [measurements of each class]");
	blob_free(&d.bytes);
	for (int class = 0; class < CLASSES; class ++)
		for (int i = 0; i < VARIANTS; i++) {
			block_of(k, class, block);
			wrap(pool_key(0), block, wrapped[class][i]);
		}
	for (long i = 0; i < rounds; i++) {
		keys_random(k, dice, sizeof(dice));
		double us = unwrap_us(k, wrapped[dice[0] % CLASSES][dice[1] % VARIANTS]);

		if (us < 3000) /* beyond that it was the scheduler; cut all classes alike */
			sums_add(&sums[dice[0] % CLASSES], us);
	}
	for (int class = 0; class < CLASSES; class ++) {
		double t = class == 0 ? 0 : welch(&sums[0], &sums[class]);

		printf("%-20s n=%.0f mean=%.2f us t=%+.2f\n", names[class], sums[class].n,
		    sums[class].mean, t);
		alarm |= fabs(t) > 4.5;
	}
	keys_close(k);
	blob_free(&der);
	pool_free();
	printf("%s\n", alarm ? "ALARM: the time tells classes apart"
			     : "no class can be told from another");
	return alarm;
}
