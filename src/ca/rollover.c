/* rollover.c - from one generation to the next. */
#include <string.h>

#include "ca/ca_int.h"

/* ---- GetNextCACert (RFC 8894 4.7, NX-01, NX-03) ---- */

/* Next CA and its RA, as certs-only: what the active key signs. */
static void
next_certs(const struct generation *next, struct blob *certs, struct blob *content)
{
	blob_add_view(certs, blob_view(&next->der));
	blob_add_view(certs, blob_view(&next->ra.der));
	certs_only_encode(blob_view(certs), (struct view){0}, content);
}

bool
rollover_announce(struct ca *ca, struct effects *out, struct err *e)
{
	struct blob certs = {0}, content = {0};
	struct task *t;
	struct key_job job = {
	    .act = KEY_SIGN, .as = SIGN_NEXT, .alg = generation_alg(ca, ca->active)};

	(void)e;
	next_certs(ca->next, &certs, &content);
	job.bytes = blob_view(&content);
	t = ca_task_start(ca, TASK_ANNOUNCE, ca->active, &job, out);
	t->number = ca->next->number;
	blob_set(&t->tbs, blob_view(&content));
	ca->facts.busy_announce = true;
	blob_free(&certs);
	blob_free(&content);
	return true;
}

/* Nested as the RFC has it, and the certificates outside as well, for those who look there; the
 * signer's among them, or sscep cannot verify. */
static bool
assemble(const struct generation *g, const struct generation *next, const struct task *t,
    struct view signature, struct blob *out, struct err *e)
{
	struct blob certs = {0}, content = {0}, attrs = {0};
	struct scep_spec spec = {
	    .status = -1,
	    .fail = -1,
	    .digest = t->alg.hash,
	    .has_content = true,
	    .content = blob_view(&t->tbs),
	    .signer_issuer = g->cert.issuer,
	    .signer_serial = g->cert.serial,
	    .alg = t->alg,
	};
	bool ok;

	next_certs(next, &certs, &content);
	blob_add_view(&certs, blob_view(&g->der));
	spec.certificates = blob_view(&certs);
	ok = scep_encode_attrs(&spec, &attrs, e);
	if (ok)
		scep_assemble(&spec, blob_view(&attrs), signature, out);
	blob_free(&certs);
	blob_free(&content);
	blob_free(&attrs);
	return ok;
}

static void
publish_next(const struct ca *ca, struct effects *out)
{
	const struct generation *g = ca->active;

	(void)publish(
	    out, OBJECT_NEXT, blob_view(&g->announcement), INT64_MIN, g->facts.cert_until);
}

bool
rollover_announced(struct ca *ca, struct generation *g, struct task *t,
    const struct key_done *d, when_t now, struct effects *out, struct err *e)
{
	struct blob der = {0};
	char fact[64], from[WHEN_TEXT];
	bool ok = false;

	ca->facts.busy_announce = false;
	if (d->why != WHY_NONE) {
		authority_hold(ca, "next CA certificate not announced", d->text, now);
		return true;
	}
	/* The switch came first, or it was cancelled. */
	if (g != ca->active || ca->next == NULL || ca->next->number != t->number)
		return true;
	generation_fact(g->number, "announcement", fact);
	if (!assemble(g, ca->next, t, blob_view(&d->bytes), &der, e) ||
	    !ST(ca)->fact_put(ca->store, fact, blob_view(&der), e) ||
	    !ST(ca)->audit_add(ca->store, now, "keymuster", "announce next CA certificate",
		ca->next->label, e))
		goto out;
	crash_point("announced");
	blob_set(&g->announcement, blob_view(&der));
	log_notice("next CA certificate can be fetched", "ca='%s' begins='%s'", ca->policy.name,
	    when_rfc3339(ca->next->facts.cert_from, from));
	publish_next(ca, out);
	authority_publish(ca, out); /* GetCACert changes by itself at the switch */
	ok = true;
out:
	blob_free(&der);
	return ok;
}

/* When there will be one: front says so to who asks too early (NX-06). */
static void
publish_none(const struct ca *ca, struct effects *out)
{
	when_t due = plan_rollover_due(&ca->policy.plan, &ca->facts);

	if (due == INT64_MIN)
		due = 0; /* now */
	(void)publish(out, OBJECT_NEXT, (struct view){0}, due == WHEN_NEVER ? INT64_MIN : due,
	    WHEN_NEVER);
}

/* What the CA before this one said of it, for who was away: its certificate may be all that
 * they still trust. */
static void
publish_old(struct ca *ca, struct effects *out)
{
	struct row_generation row = {0};
	struct blob der = {0};
	struct err why = {0};
	struct spki key;
	char fact[64];
	int64_t n = ca->active->number - 1;
	uint8_t ski[20];

	while (n > 0 && (!ST(ca)->generation_get(ca->store, n, &row, &why) ||
			    row.switched_at == 0 || row.cancelled_at != 0))
		n--;
	if (n == 0 || !spki_decode(row.spki, &key, &why))
		return;
	spki_key_id(&key, ski);
	generation_fact(n, "announcement", fact);
	if (ST(ca)->fact_get(ca->store, fact, &der, &why) && der.n > 0)
		publish_by_key(publish(out, OBJECT_OLD_NEXT, blob_view(&der), INT64_MIN,
				   ca->active->facts.cert_until),
		    ski);
	blob_free(&der);
}

void
rollover_publish(struct ca *ca, struct effects *out)
{
	if (!ca->active->facts.have_cert)
		return;
	generations_tell(ca);
	if (ca->active->announcement.n > 0)
		publish_next(ca, out);
	else
		publish_none(ca, out);
	publish_old(ca, out);
}

bool
rollover_ask(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	if (ca->next != NULL) {
		effect_tell(out, ev->id, 0,
		    "%% The next CA certificate is there already, or being made.\n"
		    "  See: show crypto pki certificates\n");
		return true;
	}
	ca->facts.rollover_asked = true;
	publish_none(ca, out);
	effect_tell(out, ev->id, 0,
	    "%% The next CA certificate is being made.\n  See: show crypto pki certificates\n");
	return ST(ca)->fact_put(ca->store, "rollover-asked", VIEW("1"), e) &&
	       ST(ca)->audit_add(ca->store, now, ev->actor, "rollover", ca->policy.name, e);
}

/* ---- the switch ---- */

/* At the end of the active certificate, to the second, also when nobody was there. Who waits
 * for a certificate of the old one waits in vain: its intent is settled as void by the resume.
 */
bool
rollover_switch(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct generation *old = ca->active;
	char at[WHEN_TEXT];

	old->switched_at = old->facts.cert_until;
	if (!generation_save(ca, old, e) || !authority_mark(ca, now, e) ||
	    !ST(ca)->audit_add(ca->store, now, "keymuster", "switch to next CA certificate",
		ca->next->label, e))
		return false;
	crash_point("switched");
	ca->active = ca->next;
	ca->next = NULL;
	memset(ca->links, 0, sizeof(ca->links));
	ca->facts.have_links = ca->facts.busy_links = false;
	ca->facts.rollover_asked = false;
	log_notice("CA certificate replaced", "ca='%s' at='%s' label='%s'", ca->policy.name,
	    when_rfc3339(old->switched_at, at), ca->active->label);
	if (old->announcement.n == 0) /* made behind the end of the old one */
		log_warn("no client was told of this CA certificate",
		    "ca='%s' mend='on each: crypto pki authenticate NAME fingerprint HEX'",
		    ca->policy.name);
	generations_tell(ca);
	if (!list_load(ca, e))
		return false;
	authority_publish(ca, out);
	return issue_resume(ca, now, out, e);
}

/* ---- the end of a replaced key ---- */

/* The RA's first: once the CA's is gone nobody looks here again. */
static void
forget_pair(struct ca *ca, struct generation *g, bool ra, struct effects *out)
{
	struct key_job job = {.act = KEY_FORGET};

	g->facts.busy_key = true;
	if (ra)
		(void)snprintf(job.label, sizeof(job.label), "%s", g->ra.label);
	ca_task_start(ca, TASK_FORGET, g, &job, out)->number = ra;
}

bool
rollover_forget(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (!g->facts.busy_key && now >= cancel_key_until(ca, g))
			forget_pair(ca, g, g->ra.intent != 0, out);
	}
	return true;
}

/* The row stays, without a label: it says which certificates there were. */
bool
rollover_forgotten(struct ca *ca, struct generation *g, bool ra, const struct key_done *d,
    when_t now, struct effects *out, struct err *e)
{
	struct exchange *next;

	g->facts.busy_key = false;
	if (d->why != WHY_NONE &&
	    d->why != WHY_NOT_FOUND) { /* not found: done before a crash */
		log_error("replaced key not destroyed", "ca='%s' label='%s' why='%s'",
		    ca->policy.name, ra ? g->ra.label : g->label, d->text);
		g->forget_from = when_add(now, HOUR);
		return true;
	}
	if (ra) {
		forget_pair(ca, g, false, out);
		return true;
	}
	log_notice("replaced key destroyed", "ca='%s' label='%s'", ca->policy.name, g->label);
	if (!ST(ca)->audit_add(ca->store, now, "keymuster", "destroy key", g->label, e))
		return false;
	memset(g->label, 0, sizeof(g->label));
	if (!generation_save(ca, g, e))
		return false;
	crash_point("forgotten");
	for (struct exchange *x = ca->exchanges; x != NULL; x = next) {
		next = x->next;
		if (x->to == g)
			reply_later(ca, x, 5, out);
	}
	generation_drop(ca, g);
	return true;
}
