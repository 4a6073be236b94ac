/* scene_oracle.c - BAD-076, BAD-077: nothing tells how an envelope failed. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "lib/rounds.h"
#include "tests/conformance/lab.h"

#define KEY_OCTETS 256

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

/* The number that this block is, under the CA's public key. */
static void
raw_encrypt(struct lab *l, const uint8_t block[KEY_OCTETS], struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(l->p->ca), NULL);
	size_t n = KEY_OCTETS;

	must(EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_encrypt(ctx, blob_grow(out, n), &n, block, KEY_OCTETS) == 1);
	EVP_PKEY_CTX_free(ctx);
}

/* 00 02 nonzero... 00 key of so many octets. */
static void
good_block(uint8_t block[KEY_OCTETS], const uint8_t *key, size_t n)
{
	must(RAND_bytes(block, KEY_OCTETS) == 1);
	for (size_t i = 2; i < KEY_OCTETS; i++)
		if (block[i] == 0)
			block[i] = 0x5a;
	block[0] = 0;
	block[1] = 2;
	block[KEY_OCTETS - n - 1] = 0;
	memcpy(block + KEY_OCTETS - n, key, n);
}

/* ---- key transport ---- */

/* Kind i of broken transport, i below TRANSPORTS. */
enum {
	LENGTHS = 14,	/* encryptedKey of other sizes */
	NUMBERS = 6,	/* 0, 1, modulus and about it */
	BLOCKS = 14,	/* wrong octets in the block */
	KEY_SIZES = 12, /* content keys of other sizes */
	FLIPS = 8,	/* one bit of the ciphertext */
	TRANSPORTS = LENGTHS + NUMBERS + BLOCKS + KEY_SIZES + FLIPS,
	CBC_KINDS = 24,
};

static void
of_length(int i, struct blob *out)
{
	static const size_t sizes[LENGTHS] = {
	    0, 1, 2, 16, 127, 128, 254, 255, 257, 258, 384, 512, 1024, 4096};

	(void)blob_grow(out, sizes[i]);
	if (out->n > 0)
		must(RAND_bytes(out->p, (int)out->n) == 1);
	if (out->n == 257) /* a good number behind a zero octet is a length of its own */
		out->p[0] = 0;
}

static void
of_number(struct lab *l, int i, struct blob *out)
{
	BIGNUM *n = NULL;

	must(EVP_PKEY_get_bn_param(X509_get0_pubkey(l->p->ca), OSSL_PKEY_PARAM_RSA_N, &n) == 1);
	if (i <= 1)
		BN_set_word(n, (unsigned long)i);
	else if (i == 2)
		must(BN_sub_word(n, 1));
	else if (i == 4)
		must(BN_add_word(n, 1));
	must(BN_bn2binpad(n, blob_grow(out, KEY_OCTETS), KEY_OCTETS) == KEY_OCTETS);
	if (i == 5)
		memset(out->p, 0xff, out->n);
	BN_free(n);
}

static void
of_block(struct lab *l, int i, const uint8_t key[16], struct blob *out)
{
	uint8_t b[KEY_OCTETS];

	good_block(b, key, 16);
	switch (i) {
	case 0:
		b[1] = 1;
		break;
	case 1:
		b[1] = 0;
		break;
	case 2:
		b[1] = 3;
		break;
	case 3:
		b[0] = 1;
		break;
	case 4: /* a zero in the first eight octets of the padding */
	case 5:
	case 6:
		b[2 + (i - 4) * 3] = 0;
		break;
	case 7:
	case 8:
	case 9: /* a zero further on: the key would begin there */
		b[30 + (i - 7) * 70] = 0;
		break;
	case 10: /* no zero in front of the key */
		b[KEY_OCTETS - 17] = 0x11;
		break;
	case 11: /* no zero at all */
		for (size_t k = 2; k < KEY_OCTETS; k++)
			b[k] |= 1;
		break;
	case 12:
		memset(b, 0, sizeof(b));
		break;
	default:
		must(RAND_bytes(b + 1, KEY_OCTETS - 1) == 1);
		b[0] = 0;
	}
	raw_encrypt(l, b, out);
}

static void
of_key_size(struct lab *l, int i, struct blob *out)
{
	static const size_t sizes[KEY_SIZES] = {0, 1, 8, 15, 17, 24, 31, 32, 33, 64, 128, 245};
	uint8_t b[KEY_OCTETS], key[KEY_OCTETS];

	must(RAND_bytes(key, sizeof(key)) == 1);
	good_block(b, key, sizes[i]);
	raw_encrypt(l, b, out);
}

static void
wrapped_of(struct lab *l, int i, const uint8_t key[16], struct blob *out)
{
	uint8_t b[KEY_OCTETS];

	if (i < LENGTHS) {
		of_length(i, out);
		return;
	}
	i -= LENGTHS;
	if (i < NUMBERS) {
		of_number(l, i, out);
		return;
	}
	i -= NUMBERS;
	if (i < BLOCKS) {
		of_block(l, i, key, out);
		return;
	}
	i -= BLOCKS;
	if (i < KEY_SIZES) {
		of_key_size(l, i, out);
		return;
	}
	i -= KEY_SIZES;
	good_block(b, key, 16);
	raw_encrypt(l, b, out);
	out->p[out->n - 1 - (size_t)i * 30] ^= (uint8_t)(1 << i);
}

/* ---- padding of the content ---- */

/* csr with its padding; kind i of broken padding or length. */
static void
padded_of(int i, struct view csr, struct blob *plain, struct seal_row *s, struct blob *text)
{
	size_t pad = 16 - csr.n % 16;

	blob_add_view(plain, csr);
	memset(blob_grow(plain, pad), (int)pad, pad);
	s->raw = true;
	if (i < 8) { /* the last octet */
		static const uint8_t last[8] = {0, 17, 32, 127, 128, 200, 254, 255};

		plain->p[plain->n - 1] = last[i];
	} else if (i < 14) { /* a further block of padding with one octet wrong */
		memset(blob_grow(plain, 16), 16, 16);
		plain->p[plain->n - 2 - (size_t)(i - 8) * 2] ^= 1;
	} else if (i < 20) { /* the ciphertext is no whole number of blocks */
		static const size_t sizes[6] = {0, 1, 15, 17, 31, 33};

		(void)blob_grow(text, 40);
		must(RAND_bytes(text->p, 40) == 1);
		s->ciphertext = view_of(text->p, sizes[i - 14]);
	} else if (i == 20) {
		s->no_ciphertext = true;
	} else {
		static const uint8_t iv[16];
		static const size_t sizes[3] = {0, 8, 15};

		s->iv = view_of(iv, sizes[i - 21]);
	}
}

/* ---- the scenes ---- */

/* Broken message i, the same octets for the same i. */
static bool
broken(struct lab *l, int i, struct blob *out, struct err *e)
{
	struct blob csr = {0}, wrapped = {0}, plain = {0}, text = {0}, sealed = {0};
	struct seal_row s = {0};
	uint8_t key[16];
	bool ok;

	must(RAND_bytes(key, sizeof(key)) == 1);
	lab_csr(l, &csr);
	if (i < TRANSPORTS) {
		s.key = view_of(key, sizeof(key));
		wrapped_of(l, i, key, &wrapped);
		s.wrapped = wrapped.n > 0 ? blob_view(&wrapped) : VIEW("");
		blob_set(&plain, blob_view(&csr));
	} else {
		padded_of(i - TRANSPORTS, blob_view(&csr), &plain, &s, &text);
	}
	forge_envelope(&s, l->p->ca, blob_view(&plain), &sealed);
	ok = forge_message(
	    &(struct outer_row){0}, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, e);
	blob_free(&csr);
	blob_free(&wrapped);
	blob_free(&plain);
	blob_free(&text);
	blob_free(&sealed);
	return ok;
}

/* Two answers may differ in nonce, transaction and signature alone. */
static bool
same_answer(struct lab *l, struct blob *first, int i, struct err *e)
{
	struct seen s = {0};
	bool ok = lab_read(l, &s, e);

	if (ok && s.as != WANT_F2)
		ok = err_set(e, WHY_REFUSED, "kind %d: %s (%s)", i, want_name(s.as), s.text);
	if (ok && first->n == 0)
		blob_set(first, blob_view(&s.digest_free));
	if (ok && !view_equal(blob_view(first), blob_view(&s.digest_free)))
		ok = err_set(e, WHY_REFUSED, "kind %d is answered in another way", i);
	seen_free(&s);
	return ok;
}

static bool
play_kinds(int from, int until, struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0}, first = {0}, wrong = {0};
	struct row signed_wrong = {.with = {.csr_signer = pool_key(87)}};
	struct stock before, after;
	bool ok = lab_open(l, ROW_AUTO, e) && lab_stock(l, &before, e);

	l->p = &l->mallory;
	/* What all are measured by: a request that opens and whose signature is wrong. */
	ok = ok && row_make(l, &signed_wrong, &wrong, e) &&
	     lab_send(l, l->p, blob_view(&wrong), NULL, e) && same_answer(l, &first, -1, e);
	for (int i = from; ok && i < until; i++) {
		blob_clear(&message);
		ok = broken(l, i, &message, e);
		for (int again = 0; ok && again < 3; again++) /* the replay tells nothing new */
			ok = lab_send(l, l->p, blob_view(&message), NULL, e) &&
			     same_answer(l, &first, i, e);
	}
	printf("# %d kinds, each three times\n", until - from);
	ok = ok && lab_stock(l, &after, e) &&
	     (memcmp(before.sum, after.sum, 32) == 0 ||
		 err_set(e, WHY_REFUSED, "rows changed")) &&
	     lab_still_good(l, after.certificates, e);
	blob_free(&message);
	blob_free(&first);
	blob_free(&wrong);
	lab_free(l);
	free(l);
	return ok;
}

static bool
play_transport(struct err *e)
{
	return play_kinds(0, TRANSPORTS, e);
}

static bool
play_padding(struct err *e)
{
	return play_kinds(TRANSPORTS, TRANSPORTS + CBC_KINDS, e);
}

/* A content key opened into something else is itself a synthetic one: replayed, it is the same
 * one, so that a ciphertext cannot come to look well padded on another day. */
static bool
play_variance(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0}, first = {0};
	bool ok = lab_open(l, ROW_AUTO, e);
	int times = soak() ? 10000 : rounds(600);

	l->p = &l->mallory;
	ok = ok && broken(l, LENGTHS + NUMBERS, &message, e);
	/* One block of noise opens to good padding in one of 256 keys: a fresh key a replay
	 * would show. */
	for (int i = 0; ok && i < times; i++)
		ok = lab_send(l, l->p, blob_view(&message), NULL, e) &&
		     same_answer(l, &first, i, e);
	printf("# %d replays\n", times);
	blob_free(&message);
	blob_free(&first);
	lab_free(l);
	free(l);
	return ok;
}

/* After too many of them an address is told to wait, nobody else is. */
static bool
play_probing(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct stock stock;
	int status = 200;
	bool ok = lab_open(l, 0, e);

	l->p = &l->mallory;
	ok = ok && broken(l, LENGTHS, &message, e);
	for (int i = 0; ok && i < 110; i++) {
		ok = world_request(&l->w, blob_view(&message), "192.0.2.66", e);
		status = l->w.reply.status;
	}
	if (ok && status != 503)
		ok = err_set(e, WHY_REFUSED, "HTTP %d for the 110th probe", status);
	ok = ok && lab_stock(l, &stock, e) && lab_still_good(l, stock.certificates, e);
	blob_free(&message);
	lab_free(l);
	free(l);
	return ok;
}

static const struct scene scenes[] = {
    {"BAD-076", "54 kinds of broken key transport are answered alike (AL-06)", play_transport},
    {"BAD-076", "replays of one do not vary", play_variance},
    {"BAD-076", "an address that probes is told to wait", play_probing},
    {"BAD-077", "24 kinds of broken padding are answered as those (AL-06)", play_padding},
};

const struct scenes oracle_scenes = {scenes, COUNT_OF(scenes)};
