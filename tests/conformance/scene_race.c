/* scene_race.c - BAD-146, BAD-147, BAD-152 to BAD-154: replays and races. */
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "tests/conformance/lab.h"

#define AT_ONCE 100

static bool
ended(struct lab *l, struct blob *message, bool ok)
{
	blob_free(message);
	lab_free(l);
	free(l);
	return ok;
}

static bool
same_cert(struct lab *l, struct peer *p, struct view message, struct blob *first, struct err *e)
{
	struct peer_answer a = {0};
	bool ok = lab_send(l, p, message, &a, e) &&
		  (a.cert != NULL || err_set(e, WHY_REFUSED, "no certificate: %s", a.text));

	if (ok && first->n == 0)
		blob_set(first, blob_view(&a.cert_der));
	ok = ok && (view_equal(blob_view(first), blob_view(&a.cert_der)) ||
		       err_set(e, WHY_REFUSED, "another certificate"));
	peer_answer_free(&a);
	return ok;
}

/* The replay of an enrolment gives the same certificate; once revoked it must be authorised
 * anew, which its used password does not do. */
static bool
play_replay(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_request o = {0};
	struct blob message = {0}, first = {0};
	struct stock before, after;
	struct peer_answer a = {0};
	const uint8_t *p;
	bool ok = lab_open(l, 0, e);

	o.challenge = l->password;
	ok = ok && peer_enrol(&l->mallory, &o, &message, e) &&
	     same_cert(l, &l->mallory, blob_view(&message), &first, e) &&
	     lab_stock(l, &before, e) && world_wait(&l->w, l->w.now + 30 * DAY, e) &&
	     same_cert(l, &l->mallory, blob_view(&message), &first, e);
	p = first.p;
	X509 *cert = first.n == 0 ? NULL : d2i_X509(NULL, &p, (long)first.n);

	ok = ok && lab_revoke(l, cert, e) &&
	     lab_send(l, &l->mallory, blob_view(&message), &a, e) &&
	     (a.status == PEER_PENDING || err_set(e, WHY_REFUSED, "status %d", a.status)) &&
	     lab_stock(l, &after, e) &&
	     (after.certificates == before.certificates ||
		 err_set(e, WHY_REFUSED, "a certificate was made"));
	X509_free(cert);
	peer_answer_free(&a);
	blob_free(&first);
	return ended(l, &message, ok);
}

static bool
play_replayed_renewal(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_request o = {.message_type = PEER_RENEWAL_REQ};
	struct blob message = {0}, first = {0};
	struct stock before, after;
	bool ok = lab_open(l, 0, e) && lab_stock(l, &before, e) &&
		  peer_enrol(&l->alice, &o, &message, e);

	for (int i = 0; ok && i < 3; i++)
		ok = same_cert(l, &l->alice, blob_view(&message), &first, e);
	ok = ok && lab_stock(l, &after, e) &&
	     (after.certificates == before.certificates + 1 ||
		 err_set(e, WHY_REFUSED, "a second certificate")) &&
	     lab_still_good(l, after.certificates, e);
	blob_free(&first);
	return ended(l, &message, ok);
}

struct crowd {
	struct lab *l;
	struct blob first;
	int same, other;
};

static void
compare_reply(void *arg, const struct effect *x)
{
	struct crowd *c = arg;
	struct peer_answer a = {0};
	struct err e = {0};

	if (x->status == 200 &&
	    peer_open(&c->l->mallory, view_of(x->bytes.p, x->bytes.n), &a, &e) &&
	    a.cert != NULL) {
		if (c->first.n == 0)
			blob_set(&c->first, blob_view(&a.cert_der));
		if (view_equal(blob_view(&c->first), blob_view(&a.cert_der)))
			c->same++;
		else
			c->other++;
	}
	peer_answer_free(&a);
}

static bool
play_at_once(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct peer_request o = {0};
	struct crowd crowd = {.l = l};
	struct blob message = {0};
	struct stock before, after;
	bool ok = lab_open(l, 0, e) && lab_stock(l, &before, e);

	o.challenge = l->password;
	ok = ok && peer_enrol(&l->mallory, &o, &message, e);
	l->w.on_reply = compare_reply;
	l->w.on_reply_arg = &crowd;
	l->w.max_jobs = 0;
	for (int i = 0; ok && i < AT_ONCE; i++) {
		if (i == AT_ONCE - 1)
			l->w.max_jobs = -1;
		ok = lab_send(l, &l->mallory, blob_view(&message), NULL, e);
	}
	l->w.on_reply = NULL;
	ok = ok && lab_stock(l, &after, e);
	if (ok && (crowd.same != AT_ONCE || after.certificates != before.certificates + 1))
		ok = err_set(e, WHY_REFUSED, "%d the same, %d others, %ld certificates",
		    crowd.same, crowd.other, (long)(after.certificates - before.certificates));
	blob_free(&crowd.first);
	return ended(l, &message, ok);
}

/* bob polls while one operator grants and another one rejects. */
static bool
play_two_operators(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct peer_answer a = {0};
	bool ok = lab_open(l, 0, e);

	l->w.max_jobs = 0;
	ok = ok && peer_poll(&l->bob, &message, e) &&
	     lab_send(l, &l->bob, blob_view(&message), NULL, e) &&
	     lab_command(l, CA_GRANT, 1, e) && l->w.told_status == 0;
	ok =
	    ok && lab_command(l, CA_REJECT, 1, e) &&
	    (l->w.told_status == 1 || err_set(e, WHY_REFUSED, "the second operator is told: %s",
					  blob_cstr(&l->w.told)));
	l->w.max_jobs = -1;
	blob_clear(&message);
	ok = ok && peer_poll(&l->bob, &message, e) &&
	     lab_send(l, &l->bob, blob_view(&message), &a, e) &&
	     (a.cert != NULL || err_set(e, WHY_REFUSED, "bob is told %d", a.status));
	peer_answer_free(&a);
	return ended(l, &message, ok);
}

/* Revoked while her renewal is being unwrapped: refused. After the intent: both stand. */
static bool
play_revoked_meanwhile(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct peer_answer a = {0};
	struct stock before, after;
	bool ok = lab_open(l, 0, e) && lab_stock(l, &before, e) &&
		  peer_enrol(&l->alice, NULL, &message, e);
	struct ca_event ev = {.kind = CA_TICK};

	(void)ev;
	l->w.max_jobs = 0;
	ok = ok && lab_send(l, &l->alice, blob_view(&message), NULL, e);
	uint64_t request = l->w.last_id;

	ok = ok && lab_revoke(l, l->alice.signer, e);
	l->w.max_jobs = -1;
	l->w.last_id = request;
	ok = ok && world_tick(&l->w, e) &&
	     peer_open(&l->alice, blob_view(&l->w.reply.body), &a, e) &&
	     lab_stock(l, &after, e);
	if (ok && (a.status != PEER_FAILURE || after.certificates != before.certificates))
		ok = err_set(e, WHY_REFUSED, "status %d after the revocation", a.status);
	peer_answer_free(&a);
	ok = ok && lab_still_good(l, after.certificates, e);
	return ended(l, &message, ok);
}

static bool
play_revoked_after(struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct peer_answer a = {0};
	struct err why = {0};
	bool ok = lab_open(l, 0, e) && peer_enrol(&l->alice, NULL, &message, e) &&
		  lab_send(l, &l->alice, blob_view(&message), &a, e) && a.cert != NULL &&
		  lab_revoke(l, l->alice.signer, e);

	/* the new one stands, the old one renews no more */
	peer_answer_free(&a);
	blob_clear(&message);
	peer_transaction_set(&l->alice, "again");
	ok = ok && peer_enrol(&l->alice, NULL, &message, e) &&
	     lab_send(l, &l->alice, blob_view(&message), &a, &why) &&
	     a.status == PEER_FAILURE && a.fail_info == PEER_BAD_REQUEST;
	if (!ok && e->why == WHY_NONE)
		err_set(e, WHY_REFUSED, "status %d: %s %s", a.status, a.text, why.text);
	peer_answer_free(&a);
	return ended(l, &message, ok);
}

static const struct scene scenes[] = {
    {"BAD-146", "replay of an enrolment, and again when revoked (ST-03)", play_replay},
    {"BAD-147", "replay of a renewal (ST-03)", play_replayed_renewal},
    {"BAD-152", "one request on 100 connections at once (ST-07)", play_at_once},
    {"BAD-153", "granted and rejected while the client polls (PO-05)", play_two_operators},
    {"BAD-154", "revoked while the renewal is opened", play_revoked_meanwhile},
    {"BAD-154", "revoked behind the renewal", play_revoked_after},
};

const struct scenes race_scenes = {scenes, COUNT_OF(scenes)};
