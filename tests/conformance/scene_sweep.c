/* scene_sweep.c - BAD-043, BAD-044, BAD-054: cut, flipped and garbled messages. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "lib/rounds.h"
#include "tests/conformance/lab.h"

#define SEED 20260101u

/* A message that is granted at once when nothing is done to it. */
static bool
good_message(struct lab *l, struct blob *out, struct err *e)
{
	struct row plain = {0};

	if (!lab_open(l, ROW_AUTO, e))
		return false;
	l->p = &l->mallory;
	return row_make(l, &plain, out, e);
}

static void
take_down(struct lab *l, struct blob *message)
{
	blob_free(message);
	lab_free(l);
	free(l);
}

static bool
play_truncation(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct stock before, after;
	size_t n = 0;
	bool ok = good_message(l, &message, e) && lab_stock(l, &before, e);

	for (size_t at = 0; ok && at < message.n; at++, n++) {
		struct seen s = {0};

		ok = lab_send(l, l->p, view_of(message.p, at), NULL, e) && lab_read(l, &s, e);
		if (ok && s.as != WANT_UNREADABLE)
			ok = err_set(e, WHY_REFUSED, "cut at %zu: %s", at, want_name(s.as));
		seen_free(&s);
	}
	printf("# %zu of %zu offsets\n", n, message.n);
	ok = ok && n > 500 && lab_stock(l, &after, e) &&
	     (memcmp(before.sum, after.sum, 32) == 0 ||
		 err_set(e, WHY_REFUSED, "rows changed")) &&
	     lab_still_good(l, after.certificates, e);
	take_down(l, &message);
	return ok;
}

/* ---- flips ---- */

/*
 * Where a flip may go unnoticed: nothing of it is signed, and nothing that is answered comes
 * from it. Found in the good message by its structure, so that a flip elsewhere that is served
 * fails.
 */
enum unused {
	UNUSED_NONE,
	UNUSED_VERSION,	 /* of SignedData or SignerInfo: 1 and 3 mean the same to us */
	UNUSED_DIGESTS,	 /* digestAlgorithms: a hint (BAD-063) */
	UNUSED_CERT,	 /* of the temporary certificate all but key, issuer and serial */
	UNUSED_SID,	 /* letters' case and string types of the signer's issuer name */
	UNUSED_ALG_NAME, /* digest and signature algorithm with the same meaning */
	UNUSED_KINDS,
};
static const char *const unused_names[UNUSED_KINDS] = {
    "",
    "version numbers that mean the same",
    "digestAlgorithms, a hint nobody reads",
    "the temporary certificate's dates, names, extensions and own signature",
    "letters' case and string types of the SignerIdentifier's name",
    "parameters of algorithms with the same meaning",
};

struct span {
	size_t from, until;
};
struct map {
	struct span versions[2], digests, cert, key, sid, algs[2];
};

static struct span
take(const uint8_t *base, const uint8_t **p, const uint8_t *end, bool enter)
{
	const uint8_t *start = *p;
	long n;
	int tag, class;
	struct span s;

	ASN1_get_object(p, &n, &tag, &class, end - *p);
	s.from = (size_t)(start - base);
	s.until = (size_t)(*p - base) + (size_t)n;
	if (!enter)
		*p += n;
	return s;
}

static struct map
map_of(struct view m)
{
	const uint8_t *b = m.p, *p = m.p, *end = m.p + m.n, *in;
	struct map map = {0};

	take(b, &p, end, true);	 /* ContentInfo */
	take(b, &p, end, false); /* type */
	take(b, &p, end, true);	 /* [0] */
	take(b, &p, end, true);	 /* SignedData */
	map.versions[0] = take(b, &p, end, false);
	map.digests = take(b, &p, end, false);
	take(b, &p, end, false); /* encapContentInfo */
	take(b, &p, end, true);	 /* certificates */
	in = p;
	map.cert = take(b, &p, end, false);
	take(b, &in, end, true);  /* Certificate */
	take(b, &in, end, true);  /* TBSCertificate */
	take(b, &in, end, false); /* version */
	take(b, &in, end, false); /* serial */
	take(b, &in, end, false); /* signature */
	take(b, &in, end, false); /* issuer */
	take(b, &in, end, false); /* validity */
	take(b, &in, end, false); /* subject */
	map.key = take(b, &in, end, false);
	take(b, &p, end, true); /* signerInfos */
	take(b, &p, end, true); /* SignerInfo */
	map.versions[1] = take(b, &p, end, false);
	map.sid = take(b, &p, end, false);
	map.algs[0] = take(b, &p, end, false);
	take(b, &p, end, false); /* signedAttrs */
	map.algs[1] = take(b, &p, end, false);
	ERR_clear_error();
	return map;
}

static bool
within(struct span s, size_t at)
{
	return at >= s.from && at < s.until;
}

static enum unused
unused_at(const struct map *m, size_t at)
{
	if (within(m->versions[0], at) || within(m->versions[1], at))
		return UNUSED_VERSION;
	if (within(m->digests, at))
		return UNUSED_DIGESTS;
	if (within(m->cert, at) && !within(m->key, at))
		return UNUSED_CERT;
	if (within(m->sid, at))
		return UNUSED_SID;
	if (within(m->algs[0], at) || within(m->algs[1], at))
		return UNUSED_ALG_NAME;
	return UNUSED_NONE;
}

/* SUCCESS after a flip where it may be: the certificate is the one of the good message. */
static bool
same_grant(struct lab *l, struct blob *first, struct err *e)
{
	struct peer_answer a = {0};
	bool ok = peer_open(l->p, blob_view(&l->w.reply.body), &a, e);

	if (ok && first->n == 0)
		blob_set(first, blob_view(&a.cert_der));
	ok = ok && (view_equal(blob_view(first), blob_view(&a.cert_der)) ||
		       err_set(e, WHY_REFUSED, "another certificate was made"));
	peer_answer_free(&a);
	return ok;
}

static bool
play_flips(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0}, first = {0};
	struct map map;
	struct stock stock;
	size_t step = soak() ? 1 : (size_t)(7000 / rounds(1000)), n = 0,
	       served[UNUSED_KINDS] = {0};
	size_t answers[WANT_COUNT + 1] = {0};
	bool ok = good_message(l, &message, e);

	map = map_of(blob_view(&message));
	for (size_t bit = 0; ok && bit < message.n * 8; bit += step, n++) {
		enum unused why = unused_at(&map, bit / 8);
		struct seen s = {0};

		message.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ok = lab_send(l, l->p, blob_view(&message), NULL, e) && lab_read(l, &s, e);
		message.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		answers[s.as]++;
		if (ok && s.as == WANT_OK) {
			served[why]++;
			if (why == UNUSED_NONE)
				ok = err_set(e, WHY_REFUSED,
				    "SUCCESS in spite of bit %zu, octet %02x", bit,
				    message.p[bit / 8]);
			else if (why !=
				 UNUSED_SID) /* the reply names its reader as it was named */
				ok = same_grant(l, &first, e);
		} else if (ok && s.as > WANT_F4) {
			ok = err_set(e, WHY_REFUSED, "bit %zu: %s, HTTP %d", bit,
			    want_name(s.as), s.http);
		}
		seen_free(&s);
	}
	printf("# %zu of %zu bits:", n, message.n * 8);
	for (int w = 0; w < WANT_COUNT; w++)
		printf(" %s %zu", want_name((enum want)w), answers[w]);
	printf("\n");
	for (int u = 1; u < UNUSED_KINDS; u++)
		printf("# served %zu: %s\n", served[u], unused_names[u]);
	ok = ok && n > (size_t)rounds(2000) && lab_stock(l, &stock, e) &&
	     (stock.certificates == 3 || /* alice, bob and this one */
		 err_set(e, WHY_REFUSED, "%ld certificates", (long)stock.certificates)) &&
	     lab_still_good(l, stock.certificates, e);
	blob_free(&first);
	take_down(l, &message);
	return ok;
}

/* ---- noise ---- */

static uint32_t
draw(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Random octets, and a good message with up to eight octets set, cut out or doubled. */
static void
garble(uint32_t *state, struct view good, struct blob *out)
{
	int changes = (int)(draw(state) % 8) + 1;

	blob_clear(out);
	if (draw(state) % 8 == 0) {
		for (size_t n = draw(state) % 600; n > 0; n--)
			blob_add_byte(out, (uint8_t)draw(state));
		return;
	}
	blob_add_view(out, good);
	for (int i = 0; i < changes; i++) {
		size_t at = draw(state) % out->n, n = draw(state) % 9;

		n = n > out->n - at ? out->n - at : n;
		switch (draw(state) % 3) {
		case 0:
			out->p[at] = (uint8_t)draw(state);
			break;
		case 1:
			memmove(out->p + at, out->p + at + n, out->n - at - n);
			out->n -= n;
			break;
		default:
			(void)blob_grow(out, n);
			memmove(out->p + at + n, out->p + at, out->n - at - n);
		}
	}
}

static bool
play_noise(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0}, bad = {0};
	struct stock stock;
	uint32_t state = SEED;
	int times = soak() ? 1000000 : rounds(4000);
	bool ok = good_message(l, &message, e);

	printf("# seed %u, %d times\n", SEED, times);
	for (int i = 0; ok && i < times; i++) {
		struct seen s = {0};

		garble(&state, blob_view(&message), &bad);
		ok = lab_send(l, l->p, blob_view(&bad), NULL, e) && lab_read(l, &s, e) &&
		     (s.as <= WANT_OK ||
			 err_set(e, WHY_REFUSED, "round %d: HTTP %d", i, s.http));
		seen_free(&s);
	}
	/* At most the request itself, when what was garbled is not read. */
	ok = ok && lab_stock(l, &stock, e) &&
	     (stock.certificates <= 3 || /* alice, bob and this one */
		 err_set(e, WHY_REFUSED, "%ld certificates", (long)stock.certificates)) &&
	     lab_still_good(l, stock.certificates, e);
	blob_free(&bad);
	take_down(l, &message);
	return ok;
}

static const struct scene scenes[] = {
    {"BAD-043", "a good message cut at every offset", play_truncation},
    {"BAD-044", "a good message with each bit flipped", play_flips},
    {"BAD-054", "random octets and garbled messages", play_noise},
};

const struct scenes sweep_scenes = {scenes, COUNT_OF(scenes)};
