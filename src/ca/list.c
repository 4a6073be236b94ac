/* list.c - revocation lists of all generations. */
#include "ca/ca_int.h"

static bool
listed(const struct generation *g)
{
	return g->facts.have_cert && (g->switched_at == 0 || g->last_list_due);
}

static void
sign_list(
    struct ca *ca, struct generation *g, struct view entries, when_t now, struct effects *out)
{
	struct crl_spec spec = {
	    .issuer = g->cert.subject,
	    .aki = view_of(g->ski, sizeof(g->ski)),
	    .this_update = now,
	    .next_update = g->cancelled_at == 0
			       ? plan_crl_next(&ca->policy.plan, g->cert.not_after, now)
			       : g->cert.not_after,
	    .number = (uint64_t)ca->crl_number,
	    .alg = generation_alg(ca, g),
	    .entries = entries,
	};
	struct blob tbs = {0};
	struct task *t;

	crl_encode_tbs(&spec, &tbs);
	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_CRL,
	    .alg = spec.alg,
	    .intent = spec.number,
	    .bytes = blob_view(&tbs),
	};

	t = ca_task_start(ca, TASK_CRL, g, &job, out);
	t->number = ca->crl_number;
	t->at = now;
	blob_set(&t->tbs, blob_view(&tbs));
	blob_free(&tbs);
	ca->crls_open++;
}

/* Same number, same instant, same entries, each by its own key. */
bool
list_make(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct blob entries = {0};
	struct err why = {0};
	bool ok = ST(ca)->revoked_get(ca->store, &entries, &why) || absent(&why, e);

	ca->crl_number++;
	for (size_t i = 0; ok && i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (!listed(g))
			continue;
		ok = generation_save(ca, g, e);
		if (ok)
			sign_list(ca, g, blob_view(&entries), now, out);
	}
	ca->facts.busy_crl = true;
	ca->facts.crl_stale = false;
	crash_point("crl-intended");
	blob_free(&entries);
	return ok;
}

static void
publish_list(const struct ca *ca, int64_t number, const uint8_t ski[20], struct view der,
    when_t next_update, struct effects *out)
{
	publish_by_key(publish(out, OBJECT_CRL, der, INT64_MIN, next_update), ski);
	if (number == ca->active->number)
		(void)publish(out, OBJECT_CRL, der, INT64_MIN, next_update);
}

bool
list_made(struct ca *ca, struct generation *g, struct task *t, const struct key_done *d,
    when_t now, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct crl list;
	bool ok = false;

	if (d->why != WHY_NONE) {
		authority_hold(ca, "CRL not made", d->text, now);
		ca->facts.crl_stale = true;
		return true;
	}
	signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);
	if (!crl_decode(blob_view(&der), &list, e))
		goto out;

	struct row_crl row = {
	    g->number, t->number, list.this_update, list.next_update, blob_view(&der)};

	if (!ST(ca)->crl_put(ca->store, &row, e))
		goto out;
	if (!ca->facts.busy_crl && !ca->facts.crl_stale &&
	    !ST(ca)->fact_put(ca->store, "crl-stale", VIEW("0"), e))
		goto out;
	crash_point("crl-stored");
	if (g->cancelled_at != 0 && list.next_update == g->facts.cert_until) {
		g->last_list_due = false;
		g->have_last_list = true;
	}
	if (!ca->facts.busy_crl) {
		ca->facts.have_crl = true;
		ca->facts.crl_signed_at = t->at;
	}
	publish_list(ca, g->number, g->ski, blob_view(&der), list.next_update, out);
	ok = true;
out:
	blob_free(&der);
	return ok;
}

/* The lists of a snapshot are all there, or it is made anew. */
bool
list_load(struct ca *ca, struct err *e)
{
	struct plan_ca_facts *f = &ca->facts;
	struct blob fact = {0};
	struct err why = {0};
	struct row_crl row;

	f->have_crl = f->crl_stale = false;
	f->busy_crl = ca->crls_open > 0; /* at the switch some may be at the signer */
	for (size_t i = 0; i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (g->cancelled_at != 0)
			g->have_last_list = ST(ca)->crl_get(ca->store, g->number, &row, &why) &&
					    row.next_update == g->facts.cert_until;
		if (!listed(g))
			continue;
		if (!ST(ca)->crl_get(ca->store, g->number, &row, &why)) {
			if (!absent(&why, e))
				return false;
			why = (struct err){0};
			f->crl_stale = true;
			continue;
		}
		f->crl_stale |= row.number != ca->crl_number;
		f->have_crl |= g == ca->active;
		if (g == ca->active)
			f->crl_signed_at = row.this_update;
	}
	if (ST(ca)->fact_get(ca->store, "crl-stale", &fact, &why))
		f->crl_stale |= view_equal_str(blob_view(&fact), "1");
	blob_free(&fact);
	return absent(&why, e);
}

/* Those of cancelled generations too: their last ones outlive the key. */
void
list_publish(struct ca *ca, struct effects *out)
{
	struct row_generation g;
	struct row_crl row;
	struct err why = {0};
	struct spki key;

	for (int64_t n = 1; n <= ca->last_generation; n++) {
		uint8_t ski[20];

		if (!ST(ca)->generation_get(ca->store, n, &g, &why) ||
		    (g.switched_at != 0 && g.cancelled_at == 0) ||
		    !spki_decode(g.spki, &key, &why))
			continue;
		spki_key_id(&key, ski);
		if (ST(ca)->crl_get(ca->store, n, &row, &why))
			publish_list(ca, n, ski, row.der, row.next_update, out);
	}
}
