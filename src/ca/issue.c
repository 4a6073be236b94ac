/* issue.c - certificates: intent, signature, settlement. */
#include <string.h>

#include "ca/ca_int.h"

#define SERIAL_OCTETS 16
#define SERIAL_TRIES 16
#define EKU_CLIENTS_MAY_ASK                                                                    \
	(EKU_SERVER_AUTH | EKU_CLIENT_AUTH | EKU_EMAIL_PROTECTION | EKU_IPSEC_END_SYSTEM |     \
	    EKU_IPSEC_TUNNEL | EKU_IPSEC_USER)
#define KU_CLIENTS_MAY_ASK                                                                     \
	(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT |                     \
	    KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT)

static bool
serial_sequential(struct ca *ca, struct blob *out, struct err *e)
{
	uint8_t octets[8];
	struct blob fact = {0};
	struct err why = {0};
	uint64_t last = 0;
	size_t skip = 0;
	bool ok = false;

	if (ST(ca)->fact_get(ca->store, "serial", &fact, &why)) {
		struct reader r = reader_of(blob_view(&fact));

		if (!read_u64(&r, &last)) {
			err_set(e, WHY_IO, "fact 'serial' is damaged");
			goto out;
		}
	} else if (why.why != WHY_NOT_FOUND) {
		*e = why;
		goto out;
	}
	if (ca->policy.serial_floor > 0 && last < (uint64_t)ca->policy.serial_floor)
		last = (uint64_t)ca->policy.serial_floor;
	last++;
	blob_clear(&fact);
	blob_add_u64(&fact, last);
	if (!ST(ca)->fact_put(ca->store, "serial", blob_view(&fact), e))
		goto out;
	memcpy(octets, fact.p, sizeof(octets));
	while (skip < 7 && octets[skip] == 0)
		skip++;
	blob_set(out, view_of(octets + skip, sizeof(octets) - skip));
	ok = true;
out:
	blob_free(&fact);
	return ok;
}

/* Random: 126 bits under a leading 01, so positive and always 16 octets (CP-02). Unique by the
 * store's constraint. */
bool
serial_next(struct ca *ca, struct blob *out, struct err *e)
{
	uint8_t octets[SERIAL_OCTETS];

	if (ca->policy.serial_sequential)
		return serial_sequential(ca, out, e);
	keys_random(ca->keys, octets, sizeof(octets));
	octets[0] = (uint8_t)((octets[0] & 0x3f) | 0x40);
	blob_set(out, view_of(octets, sizeof(octets)));
	return true;
}

static uint32_t
key_usage_of(const struct issue *i)
{
	uint32_t asked = i->key_usage & KU_CLIENTS_MAY_ASK;

	if (i->kind == CERT_SUB_CA)
		return KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_CERT_SIGN | KU_CRL_SIGN;
	return asked != 0 ? asked : KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
}

static bool
encode(struct ca *ca, const struct issue *i, struct view serial, when_t now,
    struct cert_spec *spec, struct blob *tbs, struct err *e)
{
	struct spki key;
	uint8_t ski[20];
	when_t from = when_max(now, ca->cert.not_before);

	if (!spki_decode(i->spki, &key, e))
		return false;
	spki_key_id(&key, ski);
	*spec = (struct cert_spec){
	    .serial = serial,
	    .issuer = ca->cert.subject,
	    .subject = i->subject,
	    .spki = i->spki,
	    .not_before = from,
	    .not_after = plan_cert_until(&ca->policy.plan, ca->cert.not_after, from),
	    .alg = {KEY_RSA, ca->policy.hash, PADDING_PKCS1, 0},
	    .is_ca = i->kind == CERT_SUB_CA,
	    .path_len = i->kind == CERT_SUB_CA ? 0 : -1,
	    .key_usage = key_usage_of(i),
	    .eku = i->kind == CERT_SUB_CA ? 0 : ca->policy.eku | (i->eku & EKU_CLIENTS_MAY_ASK),
	    .san = i->san,
	    .ski = view_of(ski, sizeof(ski)),
	    .aki = view_of(ca->ski, sizeof(ca->ski)),
	    .cdp = ca->policy.cdp_url[0] != 0 ? ca->policy.cdp_url : NULL,
	};
	if (spec->not_after <= spec->not_before)
		return err_set(e, WHY_BUG, "the CA certificate has no life left to give");
	cert_encode_tbs(spec, tbs);
	return true;
}

static void
sign_intent(struct ca *ca, int64_t intent, struct view tbs, enum hash hash, struct effects *out)
{
	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_CERT,
	    .alg = {KEY_RSA, hash, PADDING_PKCS1, 0},
	    .intent = (uint64_t)intent,
	    .bytes = tbs,
	};
	struct task *t = ca_task_start(ca, TASK_CERT, &job, out);

	t->number = intent;
	blob_add_view(&t->tbs, tbs);
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
		    .generation = ca->generation,
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
	struct blob tbs = {0}, name = {0};
	bool ok;

	name_text(i->subject, &name);
	ok = store_intent(ca, i, now, &tbs, intent, e) &&
	     ST(ca)->audit_add(ca->store, now, i->granted_by, "issue", blob_cstr(&name), e);
	if (ok)
		sign_intent(ca, *intent, blob_view(&tbs), ca->policy.hash, out);
	blob_free(&tbs);
	blob_free(&name);
	return ok;
}

/* A signature that failed in passing is asked for again when somebody wants the certificate. */
void
issue_again(struct ca *ca, const struct row_cert *row, struct effects *out)
{
	for (struct task *t = ca->tasks; t != NULL; t = t->next)
		if (t->kind == TASK_CERT && t->number == row->intent)
			return;
	sign_intent(ca, row->intent, row->body, ca->policy.hash, out);
}

bool
issue_possible(const struct ca *ca, when_t now)
{
	return ca->facts.clock_trusted && ca->facts.have_cert && now < ca->facts.cert_until;
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
		if (!reply_cert(ca, x, der, out, e))
			return false;
	}
	return true;
}

static void
give_up(struct ca *ca, int64_t intent, struct effects *out)
{
	struct exchange *next;

	for (struct exchange *x = ca->exchanges; x != NULL; x = next) {
		next = x->next;
		if (x->awaits == intent)
			reply_later(ca, x, 5, out);
	}
}

bool
issue_signed(
    struct ca *ca, struct task *t, const struct key_done *d, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct cert c;
	bool ok = false;

	if (d->why != WHY_NONE) {
		log_error("certificate not signed", "ca='%s' intent=%ld why='%s'",
		    ca->policy.name, (long)t->number, d->text);
		give_up(ca, t->number, out);
		/* What the signer refuses is void; what failed in passing stays open and is
		 * signed after a restart. */
		return d->why != WHY_REFUSED && d->why != WHY_BAD_INPUT
			   ? true
			   : ST(ca)->cert_settle(ca->store, t->number, (struct view){0}, e);
	}
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
	struct blob tbs = {0};
	struct row_cert row;
	struct err why = {0};
	struct cert c;
	int64_t after = 0;
	bool ok = true;

	while (ok && ST(ca)->cert_open(ca->store, after, &row, &why)) {
		after = row.intent;
		blob_set(&tbs, row.body);
		if (row.generation != ca->generation || now >= row.not_after ||
		    !cert_decode_tbs(blob_view(&tbs), &c, &why)) {
			ok = ST(ca)->cert_settle(ca->store, after, (struct view){0}, e);
			continue;
		}
		log_notice("unfinished certificate resumed", "ca='%s' intent=%ld",
		    ca->policy.name, (long)after);
		sign_intent(ca, after, blob_view(&tbs), c.alg.hash, out);
	}
	blob_free(&tbs);
	if (ok && why.why != WHY_NOT_FOUND && why.why != WHY_NONE && why.why != WHY_BAD_INPUT) {
		*e = why;
		return false;
	}
	return ok;
}

/* Tell the signer of a CA role before it is asked to certify it (DESIGN.md rule 9). */
static void
tell_role(struct ca *ca, int64_t id, struct view spki, struct effects *out)
{
	uint8_t hash[32];

	sha256(spki, hash);
	struct key_job job = {
	    .act = KEY_GRANT, .bits = KEY_ROLE_SUB_CA, .bytes = view_of(hash, sizeof(hash))};

	ca_task_start(ca, TASK_ROLE, &job, out)->number = id;
}

static bool
request_to_cert(struct ca *ca, const struct row_request *row, const struct csr *csr, when_t now,
    int64_t *intent, struct effects *out, struct err *e)
{
	uint8_t identity[32], digest[32];
	char transaction[2 * SCEP_TRANSACTION_MAX + 1], source[64];

	if (row->identity.n != 32 || row->digest.n != 32)
		return err_set(e, WHY_IO, "request %ld is damaged", (long)row->id);
	memcpy(identity, row->identity.p, 32);
	memcpy(digest, row->digest.p, 32);
	(void)snprintf(transaction, sizeof(transaction), "%s", row->transaction);
	(void)snprintf(source, sizeof(source), "%s", row->source);

	struct issue i = {
	    .subject = csr->subject,
	    .spki = csr->key.whole,
	    .san = csr->san,
	    .key_usage = csr->key_usage,
	    .eku = csr->eku,
	    .kind = (enum cert_kind)row->role,
	    .identity = view_of(identity, 32),
	    .digest = view_of(digest, 32),
	    .transaction = transaction,
	    .granted_by = "operator",
	};
	int64_t id = row->id;

	return issue_begin(ca, &i, now, intent, out, e) &&
	       ST(ca)->request_update(
		   ca->store, id, REQUEST_GRANTED, "granted by the operator", *intent, e) &&
	       client_note(ca, i.identity, i.subject, source, "PKCSReq", *intent, 0, now, e);
}

bool
issue_request(
    struct ca *ca, int64_t id, bool role_told, when_t now, struct effects *out, struct err *e)
{
	struct row_request row;
	struct blob der = {0};
	struct csr csr;
	int64_t intent;
	bool ok = false;

	if (!ST(ca)->request_get(ca->store, id, &row, e))
		return false;
	if (row.state != REQUEST_PENDING)
		return err_set(e, WHY_REFUSED, "request %ld does not wait any more", (long)id);
	blob_set(&der, row.csr);
	if (!csr_decode(blob_view(&der), &csr, e))
		goto out;
	if (row.role == CERT_SUB_CA && !role_told) {
		tell_role(ca, id, csr.key.whole, out);
		ok = true;
	} else {
		ok = request_to_cert(ca, &row, &csr, now, &intent, out, e);
	}
out:
	blob_free(&der);
	return ok;
}
