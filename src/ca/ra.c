/* ra.c - the certificate for envelopes and replies. */
#include <string.h>

#include "ca/ca_int.h"

const struct cert *
face(const struct generation *g, bool to_ra)
{
	return to_ra ? &g->ra.cert : &g->cert;
}

const char *
face_label(const struct generation *g, bool to_ra)
{
	return to_ra ? g->ra.label : g->label;
}

static bool
ra_take(struct generation *g, struct view der, struct err *e)
{
	blob_set(&g->ra.der, der);
	if (!cert_decode(blob_view(&g->ra.der), &g->ra.cert, e))
		return err_prefix(e, "stored RA certificate");
	spki_key_id(&g->ra.cert.key, g->ra.ski);
	g->facts.have_ra = true;
	return true;
}

/* A generation keeps its RA: clients hold its certificate until the CA's ends. */
bool
ra_load(struct ca *ca, struct generation *g, const struct row_generation *row, struct err *e)
{
	struct row_cert cert;

	if (row->ra_intent != 0 && strcmp(row->ra_label, g->ra.label) != 0)
		return err_set(e, WHY_REFUSED,
		    "the RA's key pair is '%s', the configuration says '%s': put 'ra "
		    "rsakeypair' back",
		    row->ra_label, g->ra.label);
	g->ra.intent = row->ra_intent;
	if (g->ra.intent == 0)
		return true;
	return ST(ca)->cert_get(ca->store, g->ra.intent, &cert, e) &&
	       (cert.state != CERT_ISSUED || ra_take(g, cert.body, e));
}

/* An intent that is open is signed, else a new one is begun with the key (the pair there is,
 * when there is one). */
bool
ra_make(struct ca *ca, struct generation *g, struct effects *out, struct err *e)
{
	struct key_job job = {.act = KEY_MAKE, .kind = KEY_RSA, .bits = ca->policy.ra_bits};
	struct row_cert row;

	g->facts.busy_ra = true;
	if (g->ra.intent != 0) {
		if (!ST(ca)->cert_get(ca->store, g->ra.intent, &row, e))
			return false;
		if (row.state == CERT_INTENT) {
			issue_again(ca, &row, out);
			return true;
		}
	}
	(void)snprintf(job.label, sizeof(job.label), "%s", g->ra.label);
	ca_task_start(ca, TASK_RA_KEY, g, &job, out);
	return true;
}

/* Below the CA's own name, so that no client's can be the same by chance. */
static bool
ra_name(const struct ca *ca, struct blob *out, struct err *e)
{
	struct blob text = {0};
	bool ok;

	blob_printf(&text, "CN=RA,%s", ca->policy.issuer_name);
	ok = name_parse(blob_cstr(&text), out, e);
	blob_free(&text);
	return ok;
}

bool
ra_key_made(struct ca *ca, struct generation *g, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	struct blob name = {0}, canonical = {0};
	uint8_t identity[32];
	bool ok = false;

	if (d->why != WHY_NONE || !ca->facts.clock_trusted || now >= g->facts.cert_until) {
		g->facts.busy_ra = false;
		authority_hold(ca, "RA key pair not made", d->text, now);
		return true;
	}
	if (!ra_name(ca, &name, e) || !name_canonical(blob_view(&name), &canonical, e))
		goto out;
	sha256(blob_view(&canonical), identity);

	struct issue i = {
	    .by = g,
	    .subject = blob_view(&name),
	    .spki = blob_view(&d->bytes),
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
	    .kind = CERT_RA,
	    .own = true,
	    .identity = view_of(identity, sizeof(identity)),
	    .transaction = "",
	    .granted_by = "keymuster",
	};

	ok = issue_begin(ca, &i, now, &g->ra.intent, out, e) && generation_save(ca, g, e);
	if (ok)
		crash_point("ra-intended");
out:
	blob_free(&name);
	blob_free(&canonical);
	return ok;
}

bool
ra_settled(struct ca *ca, int64_t intent, when_t now, struct effects *out, struct err *e)
{
	struct generation *g = NULL;
	struct row_cert row;

	for (size_t i = 0; i < ca->generation_count; i++)
		if (ca->generations[i]->ra.intent == intent)
			g = ca->generations[i];
	if (g == NULL || g->cancelled_at != 0)
		return true;
	g->facts.busy_ra = false;
	if (!ST(ca)->cert_get(ca->store, intent, &row, e))
		return false;
	if (row.state != CERT_ISSUED) {
		authority_hold(
		    ca, "RA certificate not made", "the signer did not sign it", now);
		return true;
	}
	if (!ra_take(g, row.body, e))
		return false;
	crash_point("ra-made");
	log_notice("RA certificate made", "ca='%s' label='%s'", ca->policy.name, g->ra.label);
	authority_publish(ca, out);
	return true;
}
