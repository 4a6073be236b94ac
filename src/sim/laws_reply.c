/* laws_reply.c - what holds for each answer that leaves. */
#include "sim/sim_int.h"

/* What a request said, unharmed: it is read again when it was refused. */
struct asked {
	struct blob scratch, more;
	struct scep scep;
	const struct seen_ca *ca; /* that it was written to; NULL: none of ours */
	const struct seen_cert *signer;
};

static void
asked_read(struct sim *w, const struct letter *l, struct asked *out)
{
	const struct ledger *book = &w->ledger;
	struct envelope v;
	enum scep_fail fail;

	*out = (struct asked){0};
	if (scep_decode(blob_view(&l->body), &out->scratch, &out->scep, NULL) != SCEP_OK)
		return;
	out->signer = ledger_cert(&w->ledger, out->scep.signer.serial);
	if (!envelope_decode(out->scep.content, &out->more, &v, &fail, NULL))
		return;
	for (size_t i = 0; i < book->cas; i++)
		if (book->ca[i].serial == digest_of(v.serial))
			out->ca = &book->ca[i];
}

/* A replaced CA serves what was written to it until nothing of then can wait any more; one that
 * was taken back lets wait until the end of the one before. */
static bool
ca_forgotten(const struct sim *w, const struct asked *q, when_t now)
{
	const struct plan_ca_policy *p = &w->setup.ca.plan;

	if (q->ca != NULL && q->ca->cancelled_ms != 0)
		return now >= ledger_before(&w->ledger, q->ca)->until;
	return q->ca != NULL && q->ca->switched_ms != 0 &&
	       now >= when_add(q->ca->until, when_max(p->lifetime_request, p->late));
}

/* Who polls is told of a certificate for as long as it lives. */
static bool
nothing_lives(const struct sim *w, const struct letter *l, const struct asked *q, when_t now)
{
	const struct seen_cert *c;
	uint32_t number;

	if (!index_get(&w->ledger.by_transaction, digest_of(q->scep.transaction), &number))
		return true;
	c = &w->ledger.cert[number];
	return c->der == 0 || c->lost || c->revoked_at != 0 || c->until <= now ||
	       c->made_ms > l->heard_ms;
}

/* What else a request may lack makes it wait (grant.c), and nobody in a world asks for a name
 * or a key of others. */
static bool
said_rightly(struct sim *w, const struct letter *l, const struct scep *m, when_t now)
{
	struct view words = m->fail_text;
	struct asked q;
	bool revoked, right = false;

	asked_read(w, l, &q);
	revoked = q.signer != NULL && q.signer->revoked_at != 0;
	if (m->fail == SCEP_BAD_ALG) /* what the server can do was misread on the way */
		right = w->odds.hurt + w->odds.cut > 0;
	else if (view_equal_str(words, "no request with this transaction from this key"))
		right = nothing_lives(w, l, &q, now);
	else if (view_equal_str(words, "unknown CA certificate, fetch it again by GetCACert"))
		right = ca_forgotten(w, &q, now);
	else if (view_equal_str(words, "rejected by the operator"))
		right = w->server.decided_ms != 0;
	else if (view_equal_str(words, "no such certificate")) /* it was lost */
		right = w->server.returned_ms != 0;
	else if (view_equal_str(words, grant_words(REASON_REVOKED)))
		right = revoked;
	else if (view_equal_str(words,
		     "GetCert and GetCRL must be signed by a live certificate of this CA"))
		right = revoked || q.signer == NULL || q.signer->lost || q.signer->until <= now;
	blob_free(&q.scratch);
	blob_free(&q.more);
	return right;
}

/* FAILURE stops a client until a human comes: only policy may say it, never trouble that will
 * pass. */
static void
failure_deserved(struct sim *w, const struct letter *l, const struct scep *m, when_t now)
{
	if (!said_rightly(w, l, m, now))
		broken(w, &w->client[l->client], "I-08", "FAILURE: %.*s", (int)m->fail_text.n,
		    (const char *)m->fail_text.p);
}

void
law_unseen(struct sim *w, const struct letter *l)
{
	struct client *c = &w->client[l->client];

	if (l->what == TP_OPERATION && c->unseen_ms == 0)
		c->unseen_ms = w->now;
}

/* Until its time is over, by the server's clock, if nobody set that; or an operator decides: of
 * two that wait for one client he grants both, and the later replaces the earlier. */
static void
pending_kept(struct sim *w, const struct letter *l, const struct scep *m)
{
	struct client *c = &w->client[l->client];
	uint64_t transaction = digest_of(m->transaction);
	int64_t life = w->setup.ca.plan.lifetime_request * 1000;
	int64_t until = c->pending_since + life - life / 1000000 * w->server.clock.ppm;

	if (l->twin || l->life != c->life)
		return;
	if (m->status == SCEP_PENDING && c->pending != transaction) {
		c->pending = transaction;
		c->pending_since = c->unseen_ms != 0 ? c->unseen_ms : w->now;
	}
	if (m->status == SCEP_FAILURE && c->pending == transaction && w->now < until - 1000 &&
	    m->fail == SCEP_BAD_CERT_ID && w->server.stepped_ms < c->pending_since &&
	    !client_misled(w, c) && w->server.decided_ms < c->pending_since &&
	    w->server.returned_ms + life < c->pending_since) /* else it may be of before */
		broken(w, c, "I-07", "a request that waits is not known any more");
	/* How a message was made says nothing of the request: it waits on. */
	if (m->status != SCEP_PENDING && c->pending == transaction &&
	    !(m->status == SCEP_FAILURE && m->fail == SCEP_BAD_ALG))
		c->pending = 0;
	c->unseen_ms = 0;
}

static void
revoked_gets_nothing(struct sim *w, const struct letter *l, const struct seen_cert *seen)
{
	const struct client *c = &w->client[l->client];

	if (c->revoked_ms != 0 && !c->revoked_shadow && !c->let_in &&
	    seen->made_ms > c->revoked_ms && seen->kind != CERT_INITIAL &&
	    l->sent_ms > c->revoked_ms)
		broken(w, c, "INV-18", "a revoked client gets a certificate");
}

/* What it was renewing from has ended: it asks as a stranger, which is another request. */
static bool
began_anew(const struct sim *w, const struct client *c)
{
	const struct plan_tp_facts *f = c->tp == NULL ? NULL : tp_facts(c->tp);

	return f != NULL && f->have_id && f->id_until * 1000 >= c->handed_ms &&
	       f->id_until * 1000 <= w->now + w->setup.ca.plan.lifetime_cert;
}

/* By its clock the switch is to come: it asked the CA of before, and takes no other's. */
static bool
asked_before_the_switch(struct sim *w, const struct client *c, const struct seen_cert *seen)
{
	const struct plan_tp_facts *f = c->tp == NULL ? NULL : tp_facts(c->tp);
	const struct seen_ca *held = client_ca(w, c);

	return f != NULL && !f->have_id && held != NULL &&
	       held->number < (int64_t)seen->generation;
}

/*
 * A client repeats a request until it has the answer, so it is never given another certificate
 * by the same CA before it has stored the one before (INV-20).
 */
static void
one_at_a_time(struct sim *w, struct client *c, const struct seen_cert *seen)
{
	const struct ledger *l = &w->ledger;
	const struct seen_ca *ca = NULL;

	if (seen->der == c->handed)
		return;
	for (size_t i = 0; i < l->cas; i++)
		if (l->ca[i].number == (int64_t)seen->generation)
			ca = &l->ca[i];
	if (c->handed != 0 && !c->took && c->handed_by == seen->generation && ca != NULL &&
	    !began_anew(w, c) && !c->key_lost &&
	    c->handed_ms + w->setup.ca.plan.lifetime_cert * 100 > w->now)
		broken(w, c, "INV-20",
		    "it is given a second certificate, and has not stored the first");
	c->handed = asked_before_the_switch(w, c, seen) ? 0 : seen->der;
	c->handed_by = seen->generation;
	c->handed_ms = w->now;
	c->took = false;
}

static void
reply_has_row(struct sim *w, const struct letter *l, struct view certs)
{
	struct client *c = &w->client[l->client];
	const struct seen_cert *seen;
	struct cert cert;
	struct reader r = reader_of(certs);
	struct der d;

	if (!der_any(&r, &d, NULL) || !cert_decode(d.whole, &cert, NULL)) {
		broken(w, c, "I-01", "an answer holds no certificate");
		return;
	}
	seen = ledger_cert(&w->ledger, cert.serial);
	if (seen == NULL || seen->der != digest_of(d.whole))
		broken(w, c, "I-01", "a certificate leaves that is not stored");
	else
		revoked_gets_nothing(w, l, seen);
	if (w->broken.n == 0 && l->life == c->life && !l->twin)
		one_at_a_time(w, c, seen);
}

/* Only fake keys let us look inside. */
static void
look_inside(struct sim *w, const struct letter *l, const struct scep *m)
{
	struct blob scratch = {0}, key = {0}, plain = {0}, more = {0};
	struct envelope v;
	struct view certs, lists;
	enum scep_fail fail;
	struct err e = {0};

	if (w->setup.keys == NULL && envelope_decode(m->content, &scratch, &v, &fail, &e) &&
	    fake_peek(v.wrapped_key, &key) && envelope_open(&v, blob_view(&key), &plain, &e) &&
	    certs_only_decode(blob_view(&plain), &more, &certs, &lists, &e) && certs.n > 0)
		reply_has_row(w, l, certs);
	blob_free(&scratch);
	blob_free(&key);
	blob_free(&plain);
	blob_free(&more);
}

void
law_reply(struct sim *w, struct letter *l, const struct effect *x, when_t now)
{
	struct client *c = &w->client[l->client];
	struct blob scratch = {0};
	struct scep m;
	struct err e = {0};

	if (x->status != 200 || l->hurt || l->twin || l->life != c->life)
		law_unseen(w, l);
	/* What was changed on its way there may come back as it came. */
	if (l->hurt)
		c->handed = 0;
	if (x->status != 200 || l->hurt)
		return;
	if (scep_decode(blob_view(&x->bytes), &scratch, &m, &e) != SCEP_OK)
		broken(w, NULL, "INV-12", "an answer cannot be read: %s", e.text);
	else if (m.status == SCEP_SUCCESS)
		look_inside(w, l, &m);
	else if (m.status == SCEP_FAILURE)
		failure_deserved(w, l, &m, now);
	if (m.status == SCEP_FAILURE) /* it begins anew */
		c->handed = 0;
	if (w->broken.n == 0)
		pending_kept(w, l, &m);
	blob_free(&scratch);
}
