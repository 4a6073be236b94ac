/* list.c - revocation lists of all generations. */
#include "ca/ca_int.h"

#define WHOLE_MAX ((size_t)256 * 1024) /* octets of entries that one turn deals with */

bool
list_of(const struct generation *g)
{
	return g->facts.have_cert && (g->switched_at == 0 || g->last_list_due);
}

struct crl_spec
list_spec(const struct ca *ca, const struct generation *g, when_t now)
{
	return (struct crl_spec){
	    .issuer = g->cert.subject,
	    .aki = view_of(g->ski, sizeof(g->ski)),
	    .this_update = now,
	    .next_update = g->cancelled_at == 0
			       ? plan_crl_next(&ca->policy.plan, g->cert.not_after, now)
			       : g->cert.not_after,
	    .number = (uint64_t)ca->crl_number,
	    .alg = generation_alg(ca, g),
	};
}

static void
sign_list(
    struct ca *ca, struct generation *g, struct view entries, when_t now, struct effects *out)
{
	struct crl_spec spec = list_spec(ca, g, now);
	struct blob tbs = {0};
	struct task *t;

	spec.entries = entries;
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
	t->until = spec.next_update;
	blob_set(&t->tbs, blob_view(&tbs));
	blob_free(&tbs);
	ca->crls_open++;
}

/* Few enough for one turn? Then all of them. */
static bool
few_entries(struct ca *ca, struct blob *entries, bool *few, struct err *e)
{
	struct err why = {0};
	int64_t at = 0;

	while (
	    entries->n <= WHOLE_MAX && ST(ca)->revoked_next(ca->store, at, &at, entries, &why))
		continue;
	*few = entries->n <= WHOLE_MAX;
	return absent(&why, e);
}

/* Same number, same instant, same entries, each by its own key. */
bool
list_make(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct blob entries = {0};
	bool few, ok = few_entries(ca, &entries, &few, e);

	ca->crl_number++;
	for (size_t i = 0; ok && i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (!list_of(g))
			continue;
		ok = generation_save(ca, g, e);
		if (ok && few)
			sign_list(ca, g, blob_view(&entries), now, out);
	}
	if (!few)
		long_list_begin(ca, now);
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

/* A long one, which is borrowed. */
void
list_show(
    struct ca *ca, int64_t generation, struct view der, when_t next_update, struct effects *out)
{
	struct row_generation row;
	size_t first = out->n;
	struct err why = {0};
	struct spki key;
	uint8_t ski[20];

	if (!ST(ca)->generation_get(ca->store, generation, &row, &why) ||
	    !spki_decode(row.spki, &key, &why))
		return;
	spki_key_id(&key, ski);
	ca->lending = true;
	publish_list(ca, generation, ski, (struct view){0}, next_update, out);
	for (size_t i = first; i < out->n; i++) {
		out->list[i].job.bytes = der;
		out->list[i].borrowed = true;
	}
}

void
list_returned(struct ca *ca, const struct task *t, const struct generation *g)
{
	bool is_long = t->tbs.n == 0;

	if (is_long && g == NULL) {
		long_list_forget(ca);
		ca->facts.crl_stale = true;
	}
	ca->facts.busy_crl = --ca->crls_open > 0 || (is_long && long_list_more(ca));
}

bool
list_made(struct ca *ca, struct generation *g, struct task *t, const struct key_done *d,
    when_t now, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct view whole = {0};
	bool ok = false;

	if (d->why == WHY_TAKEN)
		list_number_taken(ca, t->number, d->text);
	else if (d->why != WHY_NONE)
		authority_hold(ca, "CRL not made", d->text, now);
	if (d->why != WHY_NONE) {
		long_list_forget(ca);
		ca->facts.crl_stale = true;
		return true;
	}
	if (t->tbs.n == 0)
		long_list_signed(ca, t, blob_view(&d->bytes), &der, &whole);
	else
		signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);

	struct row_crl row = {g->number, t->number, t->at, t->until, blob_view(&der)};

	if (!ST(ca)->crl_put(ca->store, &row, e))
		goto out;
	if (!ca->facts.busy_crl && !ca->facts.crl_stale &&
	    !ST(ca)->fact_put(ca->store, "crl-stale", VIEW("0"), e))
		goto out;
	crash_point("crl-stored");
	if (g->cancelled_at != 0 && t->until == g->facts.cert_until) {
		g->last_list_due = false;
		g->have_last_list = true;
	}
	if (!ca->facts.busy_crl) {
		ca->facts.have_crl = true;
		ca->facts.crl_signed_at = t->at;
	}
	if (whole.n > 0)
		list_show(ca, g->number, whole, t->until, out);
	else
		publish_list(ca, g->number, g->ski, blob_view(&der), t->until, out);
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
					    row.this_update > g->cancelled_at &&
					    row.next_update == g->facts.cert_until;
		if (!list_of(g))
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
	uint64_t entries;
	size_t size;

	for (int64_t n = 1; n <= ca->last_generation; n++) {
		uint8_t ski[20];

		if (!ST(ca)->generation_get(ca->store, n, &g, &why) ||
		    (g.switched_at != 0 && g.cancelled_at == 0) ||
		    !spki_decode(g.spki, &key, &why))
			continue;
		spki_key_id(&key, ski);
		if (!ST(ca)->crl_get(ca->store, n, &row, &why))
			continue;
		if (ca_list_parts(row.der, &entries, &size))
			long_list_show(ca, n);
		else
			publish_list(ca, n, ski, row.der, row.next_update, out);
	}
}
