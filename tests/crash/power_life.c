/* power_life.c - the life of an authority, on record. */
#include <string.h>

#include "tests/crash/power.h"
#include "tests/lib/pool.h"

#define CLIENTS 8

struct who {
	struct peer peer;
	X509 *cert;	    /* held, or NULL */
	struct blob serial; /* of the certificate held */
};
struct life {
	struct box box;
	struct who who[CLIENTS];
	size_t keys; /* taken from the pool of clients' keys */
	int granted; /* requests by an operator so far */
};

static EVP_PKEY *
fresh_key(struct life *l)
{
	return pool_key(100 + l->keys++);
}

static bool
trust_now(struct life *l, struct who *w, struct err *e)
{
	w->peer.now = l->box.now;
	return peer_trust(&w->peer, blob_view(&l->box.cacert), e);
}

/* What GetNextCACert brings. */
static bool
trust_next(struct life *l, struct who *w, struct err *e)
{
	struct blob certs = {0};
	bool ok = trust_now(l, w, e) &&
		  peer_next(&w->peer, blob_view(&l->box.next), &certs, e) &&
		  peer_trust(&w->peer, blob_view(&certs), e);

	blob_free(&certs);
	return ok;
}

int64_t
peer_key8(const struct peer *p)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(p->key, &der);
	int64_t out = sha256_8(view_of(der, (size_t)n));

	OPENSSL_free(der);
	return out;
}

static void
serial_keep(struct who *w)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(w->cert);

	blob_set(&w->serial, view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)));
}

/* The answer to the message must have this status; what the client learns is noted. */
static bool
ask(struct life *l, struct who *w, const struct blob *message, int expected, struct err *e)
{
	struct peer_answer a = {0};
	struct box *b = &l->box;
	bool ok = false;

	if (!box_request(b, blob_view(message), e))
		goto out;
	if (b->status != 200 || !peer_open(&w->peer, blob_view(&b->reply), &a, e) ||
	    a.status != expected) {
		err_prefix(
		    e, "HTTP %d, status %d, not %d %s", b->status, a.status, expected, a.text);
		goto out;
	}
	if (a.cert != NULL) {
		X509_free(w->cert);
		w->cert = X509_dup(a.cert);
		serial_keep(w);
		past_event(b->past, EV_ISSUED, b->now, 0, blob_view(&a.cert_der));
	} else if (a.status == PEER_PENDING) {
		past_event(b->past, EV_PENDING, b->now, peer_key8(&w->peer),
		    view_str(w->peer.transaction));
	}
	ok = true;
out:
	peer_answer_free(&a);
	return ok;
}

static bool
enrol(struct life *l, size_t n, int expected, struct err *e)
{
	struct who *w = &l->who[n];
	struct blob message = {0};
	char subject[64];
	bool ok;

	(void)snprintf(subject, sizeof(subject), "O=Cisco,OU=CVO,CN=r%zu", n);
	peer_free(&w->peer);
	w->peer = (struct peer){0};
	ok = peer_init(&w->peer, subject, fresh_key(l), e) && trust_now(l, w, e) &&
	     peer_enrol(&w->peer, NULL, &message, e) && ask(l, w, &message, expected, e);
	blob_free(&message);
	return ok || err_prefix(e, "r%zu enrols", n);
}

static bool
poll_again(struct life *l, size_t n, int expected, struct err *e)
{
	struct who *w = &l->who[n];
	struct blob message = {0};
	bool ok = trust_now(l, w, e) && peer_poll(&w->peer, &message, e) &&
		  ask(l, w, &message, expected, e);

	blob_free(&message);
	return ok || err_prefix(e, "r%zu polls", n);
}

/* By its certificate, with a new key; to the next CA: a shadow. */
static bool
renew(struct life *l, size_t n, bool to_next, struct err *e)
{
	static const struct peer_request request = {.message_type = PEER_RENEWAL_REQ};
	struct who *w = &l->who[n];
	struct blob message = {0};
	X509 *held = X509_dup(w->cert);
	bool ok;

	peer_renew_from(&w->peer, held, fresh_key(l));
	ok = (to_next ? trust_next(l, w, e) : trust_now(l, w, e)) &&
	     peer_enrol(&w->peer, &request, &message, e) &&
	     ask(l, w, &message, PEER_SUCCESS, e);
	X509_free(held);
	blob_free(&message);
	return ok || err_prefix(e, "r%zu renews", n);
}

static bool
grant(struct life *l, struct err *e)
{
	struct ca_event ev = {.command = CA_GRANT, .request = ++l->granted};

	return box_command(&l->box, &ev, e) &&
	       (l->box.told == 0 || err_set(e, WHY_REFUSED, "the grant is refused"));
}

static bool
revoke(struct life *l, size_t n, struct err *e)
{
	return box_revoke(&l->box, blob_view(&l->who[n].serial), e) ||
	       err_prefix(e, "r%zu is revoked", n);
}

/* As at the end of a day: all is closed and opened again. */
static bool
restart(struct life *l, struct err *e)
{
	struct box *b = &l->box;

	if (b->plant == PLANT_LATE_COMMIT) /* its store is no store to come back to */
		return true;
	box_close(b);
	return box_open(b, l->keys + 1, e) && box_tick(b, e);
}

/* From the first start to the time of the next certificate. */
static bool
youth(struct life *l, struct err *e)
{
	return enrol(l, 0, PEER_SUCCESS, e) && enrol(l, 1, PEER_SUCCESS, e) &&
	       enrol(l, 2, PEER_SUCCESS, e) && enrol(l, 0, PEER_PENDING, e) &&
	       poll_again(l, 0, PEER_PENDING, e) && grant(l, e) &&
	       poll_again(l, 0, PEER_SUCCESS, e) && revoke(l, 2, e) && restart(l, e) &&
	       box_wait(&l->box, LIFE_FROM + 30 * DAY, e) && renew(l, 1, false, e) &&
	       enrol(l, 3, PEER_SUCCESS, e) && revoke(l, 3, e) && enrol(l, 4, PEER_SUCCESS, e);
}

/* The next CA is seen, and taken back: with it goes what it signed. */
static bool
change_of_mind(struct life *l, struct err *e)
{
	struct box *b = &l->box;

	if (!box_wait(b, LIFE_FROM + 65 * DAY, e) || !box_next_asked(b, e) ||
	    !enrol(l, 7, PEER_SUCCESS, e) || !renew(l, 7, true, e) || !box_cancel(b, e))
		return false;
	past_event(b->past, EV_REVOKED, b->now, 0, blob_view(&l->who[7].serial));
	return restart(l, e);
}

/* With a next certificate, over the switch, to the end of the old key. */
static bool
age(struct life *l, struct err *e)
{
	struct box *b = &l->box;

	return box_wait(b, LIFE_FROM + 70 * DAY, e) && box_next_asked(b, e) &&
	       renew(l, 1, true, e) && enrol(l, 5, PEER_SUCCESS, e) && revoke(l, 5, e) &&
	       restart(l, e) && enrol(l, 6, PEER_SUCCESS, e) && enrol(l, 6, PEER_PENDING, e) &&
	       box_wait(b, LIFE_FROM + 100 * DAY, e) && enrol(l, 4, PEER_SUCCESS, e) &&
	       renew(l, 1, false, e) && revoke(l, 4, e) && restart(l, e) &&
	       box_wait(b, LIFE_FROM + 108 * DAY, e) && enrol(l, 3, PEER_SUCCESS, e) &&
	       enrol(l, 3, PEER_PENDING, e) && revoke(l, 3, e);
}

/* What never happens cannot be lost: each kind of knowledge is there. */
static bool
is_full(const struct past *p, struct err *e)
{
	for (int kind = 0; kind < EV_KINDS; kind++)
		if (past_newest(p, (enum event_kind)kind, p->ops) == NULL)
			return err_set(e, WHY_BUG, "nothing of kind %d is learnt", kind);
	return true;
}

bool
life_record(const char *dir, enum plant plant, struct past *p, struct err *e)
{
	struct life l = {.box = {.now = LIFE_FROM, .plant = plant, .past = p}};
	struct box *b = &l.box;
	bool ok;

	(void)snprintf(b->dir, sizeof(b->dir), "%s", dir);
	box_policy(&b->policy);
	dir_empty(dir);
	p->from = LIFE_FROM;
	record_start(dir, p, plant, &b->now);
	ok = box_open(b, 1, e) && box_tick(b, e) && youth(&l, e) && change_of_mind(&l, e) &&
	     age(&l, e) && is_full(p, e);
	record_stop();
	if (ok && b->refused[0] != 0)
		ok = err_set(e, WHY_BUG, "the signer refused: %s", b->refused);
	box_close(b);
	for (size_t i = 0; i < CLIENTS; i++) {
		peer_free(&l.who[i].peer);
		X509_free(l.who[i].cert);
		blob_free(&l.who[i].serial);
	}
	return ok || err_prefix(e, "the life on record");
}
