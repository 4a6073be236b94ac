/* scene_scep.c - BAD-097, BAD-099, BAD-106, BAD-107: guesses, ends and crowds. */
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "tests/conformance/lab.h"

static bool
ended(struct lab *l, bool ok)
{
	lab_free(l);
	free(l);
	return ok;
}

/* Guesses of one address wait longer and longer; the right one passes at once. */
static bool
play_guesses(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_request o = {0};
	struct blob message = {0};
	int64_t before = -1, delay = 0;
	struct stock stock;
	char guess[32];
	bool ok = lab_open(l, 0, e);

	for (int i = 0; ok && i < 12; i++) {
		struct peer p = {0};
		char name[32];

		(void)snprintf(guess, sizeof(guess), "guess %d", i);
		(void)snprintf(name, sizeof(name), "CN=guesser %d", i);
		o.challenge = guess;
		blob_clear(&message);
		ok = lab_peer(&p, l, name, pool_key(100 + (size_t)i), e) &&
		     peer_enrol(&p, &o, &message, e) &&
		     world_request(&l->w, blob_view(&message), "192.0.2.77", e);
		delay = l->w.reply.delay_ms;
		if (ok && (delay < before || (i < 3 && delay != 0) || (i >= 3 && delay < 1000)))
			ok = err_set(e, WHY_REFUSED, "guess %d is answered after %ld ms", i,
			    (long)delay);
		before = delay;
		peer_free(&p);
	}
	if (ok && delay != 30000)
		ok = err_set(e, WHY_REFUSED, "the last one waits %ld ms", (long)delay);
	ok = ok && lab_stock(l, &stock, e) && lab_still_good(l, stock.certificates, e) &&
	     (l->w.reply.delay_ms == 0 || err_set(e, WHY_REFUSED, "the right one waits"));
	blob_free(&message);
	return ended(l, ok);
}

static void
count_granted(void *arg, const struct effect *x)
{
	int *n = arg;

	*n += x->status == 200 ? 1 : 0;
}

/* Two requests with one password in flight at once. */
static bool
play_one_password(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_request o = {0};
	struct blob first = {0}, second = {0};
	struct stock before, after;
	struct peer p = {0};
	int replies = 0;
	bool ok = lab_open(l, 0, e) && lab_stock(l, &before, e) &&
		  lab_peer(&p, l, "CN=parallel", pool_key(100), e);

	o.challenge = l->password;
	ok = ok && peer_enrol(&l->mallory, &o, &first, e) && peer_enrol(&p, &o, &second, e);
	l->w.on_reply = count_granted;
	l->w.on_reply_arg = &replies;
	l->w.max_jobs = 0;
	ok = ok && lab_send(l, &l->mallory, blob_view(&first), NULL, e);
	l->w.max_jobs = -1;
	ok = ok && lab_send(l, &p, blob_view(&second), NULL, e) && lab_stock(l, &after, e);
	if (ok && (replies != 2 || after.certificates != before.certificates + 1 ||
		      after.requests != before.requests + 1))
		ok = err_set(e, WHY_REFUSED, "%d replies, %ld certificates, %ld waiting",
		    replies, (long)(after.certificates - before.certificates),
		    (long)(after.requests - before.requests));
	peer_free(&p);
	blob_free(&first);
	blob_free(&second);
	return ended(l, ok);
}

/* Little is left of the CA: what it issues ends with it, at its end nothing is issued. */
static bool
play_last_days(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_answer a = {0};
	struct blob message = {0};
	when_t end;
	bool ok = lab_open(l, ROW_SHORT, e);

	if (!ok)
		return ended(l, false);
	end = ca_facts(l->w.ca)->active.cert_until;
	peer_free(&l->carol);
	ok = world_wait(&l->w, end - 10, e) &&
	     lab_peer(&l->carol, l, "CN=late", pool_key(82), e) &&
	     lab_password(l, l->password, e);
	struct peer_request o = {.challenge = l->password};

	ok = ok && peer_enrol(&l->carol, &o, &message, e) &&
	     lab_send(l, &l->carol, blob_view(&message), &a, e) &&
	     (a.cert != NULL || err_set(e, WHY_REFUSED, "not granted ten seconds before"));
	ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)end);

	if (ok && ASN1_TIME_compare(X509_get0_notAfter(a.cert), until) != 0)
		ok = err_set(e, WHY_REFUSED, "the certificate does not end with the CA");
	ASN1_TIME_free(until);
	peer_answer_free(&a);
	ok = ok && world_wait(&l->w, end, e) &&
	     world_request(&l->w, blob_view(&message), "10.0.0.9", e) &&
	     (l->w.reply.status == 503 ||
		 err_set(e, WHY_REFUSED, "HTTP %d at its end", l->w.reply.status));
	blob_free(&message);
	return ended(l, ok);
}

/* Rows as strangers leave them, written past the authority. */
static bool
fill_queue(struct lab *l, int n, struct err *e)
{
	const struct store_table *st = l->w.store->table;
	struct row_request row;
	struct blob csr = {0}, signer = {0};
	bool ok;

	if (!st->begin(l->w.store, e))
		return false;
	if (!st->request_next(l->w.store, 0, &row, e))
		return false;
	blob_set(&csr, row.csr);
	blob_set(&signer, row.signer);
	ok = true;
	for (int i = 0; ok && i < n; i++) {
		uint8_t digest[32] = {1, (uint8_t)(i >> 8), (uint8_t)i};
		struct row_request add = {
		    .generation = 1,
		    .key8 = i,
		    .digest = view_of(digest, 32),
		    .identity = view_of(digest, 32),
		    .transaction = "00",
		    .csr = blob_view(&csr),
		    .signer = blob_view(&signer),
		    .fingerprint = "",
		    .source = "203.0.113.9",
		    .role = CERT_INITIAL,
		    .state = REQUEST_PENDING,
		    .reason = "",
		    .made_at = l->w.now,
		    .expires_at = l->w.now + DAY,
		};
		int64_t id;

		ok = st->request_add(l->w.store, &add, &id, e);
	}
	blob_free(&csr);
	blob_free(&signer);
	return ok && st->commit(l->w.store, e);
}

static bool
stranger(struct lab *l, int number, const char *from, struct err *e)
{
	struct peer p = {0};
	struct blob message = {0};
	char name[32];
	bool ok;

	(void)snprintf(name, sizeof(name), "CN=stranger %d", number);
	ok = lab_peer(&p, l, name, pool_key(100 + (size_t)number), e) &&
	     peer_enrol(&p, NULL, &message, e) &&
	     world_request(&l->w, blob_view(&message), from, e);
	peer_free(&p);
	blob_free(&message);
	return ok;
}

/* ST-11: half full, an address holds five; full, strangers are told to come later and those
 * whom nobody need decide on are served. */
static bool
play_crowd(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct peer_answer a = {0};
	struct stock stock;
	int64_t waiting = 0;
	bool ok = lab_open(l, 0, e) && fill_queue(l, 600, e);

	for (int i = 0; ok && i < 7; i++)
		ok = stranger(l, i, "192.0.2.88", e);
	ok = ok && l->w.store->table->request_count(l->w.store, &waiting, e);
	if (ok && (waiting != 606 || l->w.reply.status != 503 || l->w.reply.retry_after <= 0))
		ok = err_set(
		    e, WHY_REFUSED, "%ld wait, HTTP %d", (long)waiting, l->w.reply.status);
	for (int i = 0; ok && i < 80; i++) { /* five each */
		char from[32];

		(void)snprintf(from, sizeof(from), "192.0.2.%d", 100 + i / 5);
		ok = stranger(l, 20 + i, from, e);
	}
	ok = ok && l->w.reply.status == 200 && fill_queue(l, 0, e);
	ok = ok && l->w.store->table->request_count(l->w.store, &waiting, e) &&
	     (waiting == 686 || err_set(e, WHY_REFUSED, "%ld wait", (long)waiting));
	for (int i = 0; ok && waiting < 1000;
	     i++, waiting++) { /* the rest, past the address rule */
		char from[32];

		(void)snprintf(from, sizeof(from), "198.51.100.%d", i);
		ok = stranger(l, 110 + i, from, e);
	}
	ok = ok && stranger(l, 500, "198.18.0.1", e) &&
	     (l->w.reply.status == 503 ||
		 err_set(e, WHY_REFUSED, "the 1,001st: HTTP %d", l->w.reply.status));
	ok = ok && peer_enrol(&l->alice, NULL, &message, e) &&
	     lab_send(l, &l->alice, blob_view(&message), &a, e) &&
	     (a.cert != NULL || err_set(e, WHY_REFUSED, "a renewal is not served"));
	peer_answer_free(&a);
	blob_free(&message);
	ok = ok && lab_stock(l, &stock, e) && lab_still_good(l, stock.certificates, e);
	return ended(l, ok);
}

static const struct scene scenes[] = {
    {"BAD-097", "guessed passwords are answered later and later (ST-11)", play_guesses},
    {"BAD-099", "one password in two requests at once: one SUCCESS (RQ-18)", play_one_password},
    {"BAD-106", "ten seconds before the CA's end, and at it (CP-06)", play_last_days},
    {"BAD-107", "a queue full of strangers (ST-11)", play_crowd},
};

const struct scenes scep_scenes = {scenes, COUNT_OF(scenes)};
