/* issue.c - certificates: intent, signature, settlement. */
#include <string.h>

#include "ca/ca_int.h"

#define SERIAL_TRIES 16
#define EKU_CLIENTS_MAY_ASK                                                                    \
	(EKU_SERVER_AUTH | EKU_CLIENT_AUTH | EKU_EMAIL_PROTECTION | EKU_IPSEC_END_SYSTEM |     \
	    EKU_IPSEC_TUNNEL | EKU_IPSEC_USER)
#define KU_CLIENTS_MAY_ASK                                                                     \
	(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT |                     \
	    KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT)

uint32_t
issue_key_usage(const struct issue *i)
{
	uint32_t asked = i->key_usage & KU_CLIENTS_MAY_ASK;

	if (i->of != NULL)
		return i->of->cert.key_usage;
	if (i->kind == CERT_SUB_CA)
		return KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_CERT_SIGN | KU_CRL_SIGN;
	return asked != 0 ? asked : KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
}

static when_t
until_of(const struct ca *ca, const struct issue *i, when_t from)
{
	when_t end = i->by->cert.not_after;

	if (i->own)
		return end;
	return i->lifetime > 0 ? when_min(when_add(from, i->lifetime), end)
			       : plan_cert_until(&ca->policy.plan, end, from);
}

/* KU-04, KU-05: as its own certificate, as long as both are valid. */
static void
as_link(const struct issue *i, struct cert_spec *spec)
{
	spec->is_ca = true;
	spec->eku = 0;
	spec->not_before = i->of->cert.not_before;
	spec->not_after = when_min(i->of->cert.not_after, i->by->cert.not_after);
}

static bool
encode(struct ca *ca, const struct issue *i, struct view serial, when_t now,
    struct cert_spec *spec, struct blob *tbs, struct err *e)
{
	struct spki key;
	uint8_t ski[20];
	const struct generation *by = i->by;
	when_t from = when_max(now, by->cert.not_before);

	if (!spki_decode(i->spki, &key, e))
		return false;
	spki_key_id(&key, ski);
	*spec = (struct cert_spec){
	    .serial = serial,
	    .issuer = by->cert.subject,
	    .subject = i->subject,
	    .spki = i->spki,
	    .not_before = from,
	    .not_after = until_of(ca, i, from),
	    .alg = generation_alg(ca, by),
	    .is_ca = i->kind == CERT_SUB_CA,
	    .path_len = i->kind == CERT_SUB_CA ? 0 : -1,
	    .key_usage = issue_key_usage(i),
	    .eku = i->kind == CERT_SUB_CA || i->own
		       ? 0
		       : ca->policy.eku | (i->eku & EKU_CLIENTS_MAY_ASK),
	    .san = i->san,
	    .ski = view_of(ski, sizeof(ski)),
	    .aki = view_of(by->ski, sizeof(by->ski)),
	    .cdp = ca->policy.cdp_url[0] != 0 ? ca->policy.cdp_url : NULL,
	};
	if (i->of != NULL)
		as_link(i, spec);
	if (spec->not_after <= spec->not_before)
		return err_set(e, WHY_BUG, "the CA certificate has no life left to give");
	cert_encode_tbs(spec, tbs);
	return true;
}

/* of: whose key a link certificate is for; its own certificate goes before. */
static void
sign_intent(struct ca *ca, const struct generation *by, const struct generation *of,
    int64_t intent, struct view tbs, const struct sig_alg *alg, struct effects *out)
{
	struct blob bytes = {0};
	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = of != NULL ? SIGN_LINK : SIGN_CERT,
	    .alg = *alg,
	    .intent = (uint64_t)intent,
	};
	struct task *t;

	if (of != NULL)
		blob_add_view(&bytes, blob_view(&of->der));
	blob_add_view(&bytes, tbs);
	job.bytes = blob_view(&bytes);
	t = ca_task_start(ca, TASK_CERT, by, &job, out);
	t->number = intent;
	blob_add_view(&t->tbs, tbs);
	blob_free(&bytes);
}

static const struct generation *
with_key(const struct ca *ca, int64_t key8)
{
	for (size_t i = 0; i < ca->generation_count; i++)
		if (sha256_8(blob_view(&ca->generations[i]->spki)) == key8)
			return ca->generations[i];
	return NULL;
}

/* Store the intent under the next free serial: an adopted certificate may hold one that a
 * counter reaches. */
static bool
store_intent(struct ca *ca, const struct issue *i, when_t now, struct blob *tbs,
    int64_t *intent, struct err *e)
{
	struct blob serial = {0};
	struct cert_spec spec;
	bool ok = false;

	for (int n = 0; n < SERIAL_TRIES && !ok; n++) {
		blob_clear(tbs);
		*e = (struct err){0};
		if (!serial_next(ca, &serial, e) ||
		    !encode(ca, i, blob_view(&serial), now, &spec, tbs, e))
			break;

		struct row_cert row = {
		    .intent = ca->intent_least,
		    .generation = i->by->number,
		    .serial = blob_view(&serial),
		    .serial8 = sha256_8(blob_view(&serial)),
		    .key8 = sha256_8(i->spki),
		    .identity = i->identity,
		    .subject = i->subject,
		    .not_before = spec.not_before,
		    .not_after = spec.not_after,
		    .made_at = now,
		    .kind = i->kind,
		    .body = blob_view(tbs),
		    .request = i->digest,
		    .transaction = i->transaction,
		    .granted_by = i->granted_by,
		};

		ok = ST(ca)->cert_intent(ca->store, &row, intent, e);
		if (!ok && e->why != WHY_REFUSED)
			break;
	}
	blob_free(&serial);
	return ok;
}

/* Durable before visible: the intent commits with this turn, the signature is asked for behind
 * the commit. */
bool
issue_begin(struct ca *ca, const struct issue *i, when_t now, int64_t *intent,
    struct effects *out, struct err *e)
{
	struct sig_alg alg = generation_alg(ca, i->by);
	struct blob tbs = {0}, name = {0};
	bool ok;

	name_text(i->subject, &name);
	ok = store_intent(ca, i, now, &tbs, intent, e) &&
	     ST(ca)->audit_add(ca->store, now, i->granted_by, "issue", blob_cstr(&name), e);
	if (ok) {
		crash_point("cert-intended");
		sign_intent(ca, i->by, i->of, *intent, blob_view(&tbs), &alg, out);
	}
	blob_free(&tbs);
	blob_free(&name);
	return ok;
}

/* A signature that failed in passing is asked for again when somebody wants the certificate. */
void
issue_again(struct ca *ca, const struct row_cert *row, struct effects *out)
{
	const struct generation *by = generation_of(ca, row->generation);
	const struct generation *of = row->kind == CERT_LINK ? with_key(ca, row->key8) : NULL;
	struct sig_alg alg;
	struct cert c;
	struct err why = {0};

	if (by == NULL || (row->kind == CERT_LINK && of == NULL))
		return; /* its key is gone: issue_resume voids it */
	alg = generation_alg(ca, by);
	for (struct task *t = ca->tasks; t != NULL; t = t->next)
		if (t->kind == TASK_CERT && t->number == row->intent)
			return;
	/* The configured hash may have changed since. */
	if (cert_decode_tbs(row->body, &c, &why))
		alg = c.alg;
	sign_intent(ca, by, of, row->intent, row->body, &alg, out);
}

bool
issue_key_elsewhere(
    struct ca *ca, struct view spki, struct view identity, bool *found, struct err *e)
{
	return ST(ca)->cert_key_elsewhere(ca->store, sha256_8(spki), identity, found, e);
}

bool
issue_possible(const struct ca *ca, when_t now)
{
	return ca->facts.clock_trusted && ca->active->facts.have_cert &&
	       now < ca->active->facts.cert_until;
}

/* Everybody who waits for this certificate gets it. */
static bool
hand_out(struct ca *ca, int64_t intent, struct view der, struct effects *out, struct err *e)
{
	struct exchange *next;

	for (struct exchange *x = ca->exchanges; x != NULL; x = next) {
		next = x->next;
		if (x->awaits != intent)
			continue;
		x->awaits = 0;
		if (!reply_issued(ca, x, intent, der, out, e))
			return false;
	}
	return true;
}

static void
send_later(struct ca *ca, int64_t intent, struct effects *out)
{
	struct exchange *next;

	for (struct exchange *x = ca->exchanges; x != NULL; x = next) {
		next = x->next;
		if (x->awaits == intent)
			reply_later(ca, x, 5, out);
	}
}

bool
issue_drop(struct ca *ca, int64_t intent, const char *why, struct effects *out, struct err *e)
{
	struct task *t = ca->tasks, *next;

	for (; t != NULL; t = next) {
		next = t->next;
		if (t->kind == TASK_CERT && t->number == intent)
			ca_task_free(ca_task_take(ca, t->job));
	}
	send_later(ca, intent, out);
	return ST(ca)->cert_settle(ca->store, intent, (struct view){0}, e) &&
	       approve_undone(ca, intent, why, e);
}

static bool
not_signed(struct ca *ca, const struct task *t, const struct key_done *d, struct effects *out,
    struct err *e)
{
	char text[160];

	if (d->why == WHY_TAKEN && !intent_taken(ca, t->number, d->text, e))
		return false;
	log_error("certificate not signed", "ca='%s' intent=%ld why='%s'", ca->policy.name,
	    (long)t->number, d->text);
	if (d->why != WHY_REFUSED && d->why != WHY_BAD_INPUT && d->why != WHY_TAKEN) {
		send_later(ca, t->number, out);
		return true; /* in passing: the intent stays open, issue_again or issue_resume
				sign it */
	}
	(void)snprintf(
	    text, sizeof(text), "the signer refused the certificate: %.120s", d->text);
	return issue_drop(ca, t->number, text, out, e);
}

/* A cancelled generation gives nothing out any more, what was under way neither. */
static bool
cancelled(const struct ca *ca, const struct task *t)
{
	const struct generation *g = generation_of(ca, t->generation);

	return g == NULL || g->cancelled_at != 0;
}

bool
issue_signed(
    struct ca *ca, struct task *t, const struct key_done *d, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct cert c;
	bool ok = false;

	if (cancelled(ca, t))
		return true;
	if (d->why != WHY_NONE)
		return not_signed(ca, t, d, out, e);
	signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);
	if (!ST(ca)->cert_settle(ca->store, t->number, blob_view(&der), e) ||
	    !cert_decode(blob_view(&der), &c, e))
		goto out;
	crash_point("cert-settled");
	blob_set(&ca->last_serial, serial_unsigned(c.serial));
	ok = hand_out(ca, t->number, blob_view(&der), out, e);
out:
	blob_free(&der);
	return ok;
}

bool
issue_resume(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct row_cert row;
	struct err why = {0};
	bool ok = true;

	for (int64_t after = 0; ok && ST(ca)->cert_open(ca->store, after, &row, &why);
	     after = row.intent) {
		const struct generation *by = generation_of(ca, row.generation);

		if (by == NULL || by->switched_at != 0 || now >= row.not_after) {
			ok = issue_drop(ca, row.intent,
			    "the CA certificate ended before it was signed", out, e);
			continue;
		}
		log_notice("unfinished certificate resumed", "ca='%s' intent=%ld",
		    ca->policy.name, (long)row.intent);
		issue_again(ca, &row, out);
	}
	return ok && absent(&why, e);
}
