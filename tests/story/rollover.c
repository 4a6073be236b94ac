/* rollover.c - words about the next CA certificate. */
#include <openssl/x509.h>
#include <string.h>

#include "tests/story/story.h"

/* It asked the replaced CA, but knows the one behind it already. */
bool
believe_new(struct story *s, struct client *c, struct err *e)
{
	struct peer fresh = {0};
	bool ok = peer_trust(&fresh, blob_view(&s->w.cacert), e);

	if (ok) {
		X509_free(c->peer.ca);
		c->peer.ca = X509_dup(fresh.ca);
	}
	peer_free(&fresh);
	return ok;
}

/* Whoever is asked, the active CA answers. */
bool
reply_by_active(struct story *s, struct client *c, struct err *e)
{
	struct peer active = {0};
	bool ok = peer_trust(&active, blob_view(&s->w.cacert), e);

	if (ok) {
		X509_free(c->peer.replier);
		c->peer.replier = X509_dup(active.replier);
	}
	peer_free(&active);
	return ok;
}

/* What GetNextCACert brings, believed when the CA that is trusted now has signed it. */
bool
trust_next(struct story *s, struct client *c, struct err *e)
{
	struct blob certs = {0};
	struct blob *next = flag(s, "to-cancelled") ? &s->w.next_before : &s->w.next;
	bool ok = peer_trust(&c->peer, blob_view(&s->w.cacert), e) &&
		  peer_next(&c->peer, blob_view(next), &certs, e) &&
		  peer_trust(&c->peer, blob_view(&certs), e);

	ok = ok && (!flag(s, "reply-active") || reply_by_active(s, c, e));
	blob_free(&certs);
	return ok;
}

/* A renewal whose certificate waits for the switch: "activate" takes it. */
bool
do_shadow(struct story *s, struct client *c, struct err *e)
{
	struct blob active = {0};
	EVP_PKEY *key = c->cert_key;
	bool ok;

	blob_set(&active, blob_view(&c->cert));
	ok = do_renew(s, c, e);
	if (ok && !view_equal(blob_view(&active), blob_view(&c->cert))) {
		blob_set(&c->shadow, blob_view(&c->cert));
		c->shadow_key = c->cert_key;
	}
	blob_set(&c->cert, blob_view(&active));
	c->cert_key = key;
	blob_free(&active);
	return ok;
}

/* GetNextCACert: "shown", "none" when there is none. */
bool
do_asks_next(struct story *s, struct client *c, struct err *e)
{
	char source[64];
	bool shown;

	(void)snprintf(source, sizeof(source), "10.0.0.%d", c->number);
	if (!world_ask_next(&s->w, source, &shown, e))
		return false;
	return strcmp(s->outcome, shown ? "shown" : "none") == 0 ||
	       err_set(e, WHY_REFUSED, "it is %s", shown ? "shown" : "not shown");
}

bool
do_activate(struct story *s, struct client *c, struct err *e)
{
	(void)s;
	if (c->shadow.n == 0)
		return err_set(e, WHY_BAD_INPUT, "%s holds no shadow certificate", c->name);
	blob_set(&c->cert, blob_view(&c->shadow));
	c->cert_key = c->shadow_key;
	blob_clear(&c->shadow);
	return true;
}

bool
do_repeat(struct story *s, struct client *c, struct err *e)
{
	struct blob active = {0};
	EVP_PKEY *key = c->cert_key;
	bool ok;

	if (!flag(s, "to-next"))
		return send_message(s, c, e);
	blob_set(&active, blob_view(&c->cert));
	blob_set(&c->cert, blob_view(&c->shadow));
	ok = send_message(s, c, e);
	if (ok && c->answer.cert != NULL) {
		blob_set(&c->shadow, blob_view(&c->cert));
		c->shadow_key = c->cert_key;
	}
	blob_set(&c->cert, blob_view(&active));
	c->cert_key = key;
	blob_free(&active);
	return ok;
}

/* "store of-before": nobody kept key usages apart when it was written. */
bool
do_store(struct story *s, struct err *e)
{
	const struct store_table *st = s->w.store->table;
	struct row_client row;
	struct view after = {0};
	uint8_t identity[32];

	if (!st->begin(s->w.store, e))
		return false;
	while (st->client_next(s->w.store, after, &row, e)) {
		memcpy(identity, row.identity.p, sizeof(identity));
		row.usages = (struct view){0};
		if (!st->client_put(s->w.store, &row, e))
			return false;
		after = view_of(identity, sizeof(identity));
	}
	return st->commit(s->w.store, e);
}
