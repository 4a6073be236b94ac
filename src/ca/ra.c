/* ra.c - the certificate for envelopes and replies. */
#include <string.h>

#include "ca/ca_int.h"

const struct cert *
face(const struct ca *ca, bool to_ra)
{
	return to_ra ? &ca->ra.cert : &ca->cert;
}

static bool
ra_take(struct ca *ca, struct view der, struct err *e)
{
	blob_set(&ca->ra.der, der);
	if (!cert_decode(blob_view(&ca->ra.der), &ca->ra.cert, e))
		return err_prefix(e, "stored RA certificate");
	spki_key_id(&ca->ra.cert.key, ca->ra.ski);
	ca->facts.have_ra = true;
	return true;
}

/* A generation keeps its RA: clients hold its certificate until the CA's ends. */
bool
ra_load(struct ca *ca, const struct row_generation *g, struct err *e)
{
	struct row_cert row;

	if (g->ra_intent != 0 && strcmp(g->ra_label, ca->policy.ra_label) != 0)
		return err_set(e, WHY_REFUSED,
		    "the RA's key pair is '%s', the configuration says '%s': put 'ra "
		    "rsakeypair %s' back",
		    g->ra_label, ca->policy.ra_label, g->ra_label);
	ca->ra.intent = g->ra_intent;
	if (ca->ra.intent == 0)
		return true;
	return ST(ca)->cert_get(ca->store, ca->ra.intent, &row, e) &&
	       (row.state != CERT_ISSUED || ra_take(ca, row.body, e));
}

/* An intent that is open is signed, else a new one is begun with the key (the pair there is,
 * when there is one). */
bool
ra_make(struct ca *ca, struct effects *out, struct err *e)
{
	struct key_job job = {.act = KEY_MAKE, .kind = KEY_RSA, .bits = ca->policy.ra_bits};
	struct row_cert row;

	ca->facts.busy_ra = true;
	if (ca->ra.intent != 0) {
		if (!ST(ca)->cert_get(ca->store, ca->ra.intent, &row, e))
			return false;
		if (row.state == CERT_INTENT) {
			issue_again(ca, &row, out);
			return true;
		}
	}
	(void)snprintf(job.label, sizeof(job.label), "%s", ca->policy.ra_label);
	ca_task_start(ca, TASK_RA_KEY, &job, out);
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
ra_key_made(
    struct ca *ca, const struct key_done *d, when_t now, struct effects *out, struct err *e)
{
	struct blob name = {0}, canonical = {0};
	uint8_t identity[32];
	bool ok = false;

	if (d->why != WHY_NONE || !issue_possible(ca, now)) {
		ca->facts.busy_ra = false;
		authority_hold(ca, "RA key pair not made", d->text, now);
		return true;
	}
	if (!ra_name(ca, &name, e) || !name_canonical(blob_view(&name), &canonical, e))
		goto out;
	sha256(blob_view(&canonical), identity);

	struct issue i = {
	    .subject = blob_view(&name),
	    .spki = blob_view(&d->bytes),
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
	    .kind = CERT_RA,
	    .own = true,
	    .identity = view_of(identity, sizeof(identity)),
	    .transaction = "",
	    .granted_by = "keymuster",
	};

	ok = issue_begin(ca, &i, now, &ca->ra.intent, out, e) && authority_save(ca, e);
out:
	blob_free(&name);
	blob_free(&canonical);
	return ok;
}

bool
ra_settled(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct row_cert row;

	ca->facts.busy_ra = false;
	if (!ST(ca)->cert_get(ca->store, ca->ra.intent, &row, e))
		return false;
	if (row.state != CERT_ISSUED) {
		authority_hold(
		    ca, "RA certificate not made", "the signer did not sign it", now);
		return true;
	}
	if (!ra_take(ca, row.body, e))
		return false;
	log_notice(
	    "RA certificate made", "ca='%s' label='%s'", ca->policy.name, ca->policy.ra_label);
	authority_publish(ca, out);
	return true;
}
