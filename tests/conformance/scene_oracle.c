/* scene_oracle.c - BAD-076, BAD-077: nothing tells how an envelope failed. */
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "lib/rounds.h"
#include "tests/conformance/broken.h"
#include "tests/conformance/lab.h"

/* ---- the scenes ---- */

/* A message around an envelope of kind i. */
static bool
broken(struct lab *l, int i, struct blob *out, struct err *e)
{
	struct blob csr = {0}, sealed = {0};
	bool ok;

	lab_csr(l, &csr);
	broken_envelope(l->p->ca, i, blob_view(&csr), &sealed);
	ok = forge_message(
	    &(struct outer_row){0}, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, e);
	blob_free(&csr);
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
	return play_kinds(0, BROKEN_PADDING, e);
}

static bool
play_padding(struct err *e)
{
	return play_kinds(BROKEN_PADDING, BROKEN_OAEP, e);
}

static bool
play_oaep(struct err *e)
{
	return play_kinds(BROKEN_OAEP, BROKEN_CONTENT, e);
}

static bool
play_content(struct err *e)
{
	return play_kinds(BROKEN_CONTENT, BROKEN_KINDS, e);
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
	ok = ok && broken(l, BROKEN_BLOCKS, &message, e);
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
	ok = ok && broken(l, BROKEN_BLOCKS, &message, e);
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
    {"BAD-076", "54 kinds of broken key transport are answered alike (AL-06, RP-06)",
	play_transport},
    {"BAD-076", "replays of one do not vary", play_variance},
    {"BAD-076", "an address that probes is told to wait", play_probing},
    {"BAD-077", "24 kinds of broken padding are answered as those (AL-06)", play_padding},
    {"BAD-076", "10 kinds of broken OAEP are answered as those (AL-06)", play_oaep},
    {"BAD-077", "12 contents that are no request are answered as those (AL-06)", play_content},
};

const struct scenes oracle_scenes = {scenes, COUNT_OF(scenes)};
