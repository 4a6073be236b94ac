/* list.c - revocation lists of all generations. */
#include "ca/ca_int.h"

static bool
listed(const struct generation *g)
{
	return g->facts.have_cert && g->switched_at == 0;
}

static void
sign_list(
    struct ca *ca, struct generation *g, struct view entries, when_t now, struct effects *out)
{
	struct crl_spec spec = {
	    .issuer = g->cert.subject,
	    .aki = view_of(g->ski, sizeof(g->ski)),
	    .this_update = now,
	    .next_update = plan_crl_next(&ca->policy.plan, g->cert.not_after, now),
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
	blob_free(&entries);
	return ok;
}

static void
publish_list(const struct ca *ca, const struct generation *g, struct view der,
    when_t next_update, struct effects *out)
{
	struct effect *x = publish(out, OBJECT_CRL, der, INT64_MIN, next_update);
	struct blob hex = {0};

	hex_add(&hex, view_of(g->ski, sizeof(g->ski)), true);
	(void)snprintf(x->leaf, sizeof(x->leaf), "%s", blob_cstr(&hex));
	blob_free(&hex);
	if (g == ca->active)
		(void)publish(out, OBJECT_CRL, der, INT64_MIN, next_update);
}

bool
list_made(struct ca *ca, struct generation *g, struct task *t, const struct key_done *d,
    when_t now, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct crl list;
	bool ok = false;

	ca->crls_open--;
	ca->facts.busy_crl = ca->crls_open > 0;
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
	if (!ca->facts.busy_crl) {
		ca->facts.have_crl = true;
		ca->facts.crl_signed_at = t->at;
	}
	publish_list(ca, g, blob_view(&der), list.next_update, out);
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
		const struct generation *g = ca->generations[i];

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

void
list_publish(struct ca *ca, struct effects *out)
{
	struct row_crl row;
	struct err why = {0};

	for (size_t i = 0; i < ca->generation_count; i++) {
		const struct generation *g = ca->generations[i];

		if (listed(g) && ST(ca)->crl_get(ca->store, g->number, &row, &why))
			publish_list(ca, g, row.der, row.next_update, out);
	}
}
