/* authority.c - the CA's own key, certificate, list. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

#define HOLD_AFTER_FAILURE MINUTE

struct sig_alg
authority_alg(const struct ca *ca)
{
	return (struct sig_alg){.key = ca->policy.key_kind,
	    .hash = ca->policy.hash,
	    .padding = ca->policy.key_kind == KEY_EC ? PADDING_ECDSA : PADDING_PKCS1};
}

bool
authority_save(struct ca *ca, struct err *e)
{
	struct row_generation g = {
	    .number = ca->generation,
	    .key_label = ca->policy.key_label,
	    .cert = blob_view(&ca->cert_der),
	    .spki = blob_view(&ca->spki),
	    .not_before = ca->facts.cert_from,
	    .not_after = ca->facts.cert_until,
	    .made_at = ca->made_at,
	    .crl_number = ca->crl_number,
	    .ra_label = ca->policy.ra_label,
	    .ra_intent = ca->ra.intent,
	};

	return ST(ca)->generation_put(ca->store, &g, e);
}

/* Take a certificate as the active one. */
static bool
use_cert(struct ca *ca, struct view der, struct err *e)
{
	blob_set(&ca->cert_der, der);
	if (!cert_decode(blob_view(&ca->cert_der), &ca->cert, e))
		return err_prefix(e, "stored CA certificate");
	spki_key_id(&ca->cert.key, ca->ski);
	ca->facts.have_cert = true;
	ca->facts.cert_from = ca->cert.not_before;
	ca->facts.cert_until = ca->cert.not_after;
	return true;
}

/* Serial numbers are given in the order of intents; the CA's own came first. */
static bool
load_last_serial(struct ca *ca, struct err *e)
{
	struct row_cert row;
	struct err why = {0};

	if (ST(ca)->cert_last(ca->store, &row, &why))
		blob_set(&ca->last_serial, row.serial);
	else if (ca->facts.have_cert)
		blob_set(&ca->last_serial, serial_unsigned(ca->cert.serial));
	return absent(&why, e);
}

static bool
load_generation(struct ca *ca, struct err *e)
{
	struct row_generation g;
	struct row_crl crl;
	struct err why = {0};

	if (!ST(ca)->generation_last(ca->store, &ca->generation, &why)) {
		ca->generation = 0;
		return absent(&why, e);
	}
	if (!ST(ca)->generation_get(ca->store, ca->generation, &g, e))
		return false;
	if (strcmp(g.key_label, ca->policy.key_label) != 0)
		return err_set(e, WHY_REFUSED,
		    "the CA's key pair is '%s', the configuration says '%s': put rsakeypair "
		    "back",
		    g.key_label, ca->policy.key_label);
	blob_set(&ca->spki, g.spki);
	ca->facts.have_key = true;
	ca->crl_number = g.crl_number;
	ca->made_at = g.made_at;
	if (g.cert.n > 0 && !use_cert(ca, g.cert, e))
		return false;
	if (!ra_load(ca, &g, e))
		return false;
	if (ST(ca)->crl_get(ca->store, ca->generation, &crl, &why)) {
		ca->facts.have_crl = true;
		ca->facts.crl_signed_at = crl.this_update;
		return true;
	}
	return absent(&why, e);
}

/* A store belongs to one authority: name and issuer name are fixed when it is made. */
static bool
load_fact(struct ca *ca, const char *name, const char *value, struct err *e)
{
	struct blob have = {0}, text = {0};
	struct err why = {0};
	bool ok = true;

	if (!ST(ca)->fact_get(ca->store, name, &have, &why)) {
		ok = absent(&why, e) && ST(ca)->fact_put(ca->store, name, view_str(value), e);
	} else if (!view_equal_str(blob_view(&have), value)) {
		text_escape(&text, blob_view(&have));
		ok = err_set(e, WHY_REFUSED,
		    "the store holds the CA with %s '%s', the configuration says '%s': put it "
		    "back, or use another state "
		    "directory",
		    name, blob_cstr(&text), value);
	}
	blob_free(&have);
	blob_free(&text);
	return ok;
}

static bool
load_mark(struct ca *ca, struct err *e)
{
	struct blob text = {0};
	struct err why = {0};
	bool ok;

	ca->clock_mark = INT64_MIN;
	ok = ST(ca)->fact_get(ca->store, "clock_mark", &text, &why);
	if (ok)
		ca->clock_mark = strtoll(blob_cstr(&text), NULL, 10);
	blob_free(&text);
	return ok || absent(&why, e);
}

bool
authority_mark(struct ca *ca, when_t now, struct err *e)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)now);
	ca->clock_mark = now;
	return ST(ca)->fact_put(ca->store, "clock_mark", view_str(text), e);
}

bool
authority_load(struct ca *ca, struct err *e)
{
	struct plan_ca_facts *f = &ca->facts;
	struct blob fact = {0};
	struct err why = {0};
	bool trusted = f->clock_trusted, ok;

	*f = (struct plan_ca_facts){.clock_trusted = trusted, .held_until = INT64_MIN};
	ok = load_fact(ca, "name", ca->policy.name, e) &&
	     load_fact(ca, "issuer-name", ca->policy.issuer_name, e) && load_mark(ca, e) &&
	     load_generation(ca, e) && load_last_serial(ca, e) &&
	     ST(ca)->request_expiry(ca->store, &f->request_expiry, e) &&
	     ST(ca)->challenge_expiry(ca->store, &f->challenge_expiry, e);
	if (ok && ST(ca)->fact_get(ca->store, "crl-stale", &fact, &why))
		f->crl_stale = view_equal_str(blob_view(&fact), "1");
	else if (ok)
		ok = absent(&why, e);
	blob_clear(&fact);
	why = (struct err){0};
	f->want_archive = ca->policy.archive;
	f->want_ra = ca->policy.ra_label[0] != 0;
	f->archived = ok && ST(ca)->fact_get(ca->store, "archived", &fact, &why);
	ok = ok && absent(&why, e);
	blob_free(&fact);
	return ok;
}

void
authority_make_key(struct ca *ca, struct effects *out)
{
	struct key_job job = {
	    .act = KEY_MAKE, .kind = ca->policy.key_kind, .bits = ca->policy.key_bits};

	ca_task_start(ca, TASK_MAKE_KEY, &job, out);
	ca->facts.busy_key = true;
}

static bool
self_tbs(struct ca *ca, when_t now, struct blob *tbs, struct err *e)
{
	struct blob name = {0}, serial = {0};
	uint8_t ski[20];
	struct spki key;
	bool ok = false;

	if (!name_parse(ca->policy.issuer_name, &name, e) || !serial_next(ca, &serial, e) ||
	    !spki_decode(blob_view(&ca->spki), &key, e))
		goto out;
	spki_key_id(&key, ski);

	struct cert_spec spec = {
	    .serial = blob_view(&serial),
	    .issuer = blob_view(&name),
	    .subject = blob_view(&name),
	    .spki = blob_view(&ca->spki),
	    .not_before = now,
	    .not_after = when_add(now, ca->policy.plan.lifetime_ca),
	    .alg = authority_alg(ca),
	    .is_ca = true,
	    .path_len = -1,
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_CERT_SIGN | KU_CRL_SIGN |
			 (ca->policy.key_kind == KEY_RSA ? KU_KEY_ENCIPHERMENT : 0),
	    .ski = view_of(ski, sizeof(ski)),
	    .aki = view_of(ski, sizeof(ski)),
	};

	cert_encode_tbs(&spec, tbs);
	ok = true;
out:
	blob_free(&name);
	blob_free(&serial);
	return ok;
}

/* What is to be signed is stored first: the signer signs one certificate a key, so a restart
 * must ask for the same. */
bool
authority_make_cert(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct blob tbs = {0};
	struct err why = {0};
	struct task *t;
	bool ok = false;

	if (!ST(ca)->fact_get(ca->store, "self-tbs", &tbs, &why)) {
		if (!absent(&why, e) || !self_tbs(ca, now, &tbs, e) ||
		    !ST(ca)->fact_put(ca->store, "self-tbs", blob_view(&tbs), e))
			goto out;
	}

	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_SELF,
	    .alg = authority_alg(ca),
	    .bytes = blob_view(&tbs),
	};

	t = ca_task_start(ca, TASK_SELF, &job, out);
	blob_set(&t->tbs, blob_view(&tbs));
	ca->facts.busy_cert = true;
	ok = true;
out:
	blob_free(&tbs);
	return ok;
}

bool
authority_make_crl(struct ca *ca, when_t now, struct effects *out, struct err *e)
{
	struct blob entries = {0}, tbs = {0};
	struct err why = {0};
	struct task *t;
	bool ok = false;

	if (!ST(ca)->revoked_get(ca->store, &entries, &why) && !absent(&why, e))
		goto out;
	ca->crl_number++;
	if (!authority_save(ca, e))
		goto out;

	struct crl_spec spec = {
	    .issuer = ca->cert.subject,
	    .aki = view_of(ca->ski, sizeof(ca->ski)),
	    .this_update = now,
	    .next_update = plan_crl_next(&ca->policy.plan, ca->cert.not_after, now),
	    .number = (uint64_t)ca->crl_number,
	    .alg = authority_alg(ca),
	    .entries = blob_view(&entries),
	};

	crl_encode_tbs(&spec, &tbs);
	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_CRL,
	    .alg = spec.alg,
	    .intent = spec.number,
	    .bytes = blob_view(&tbs),
	};

	t = ca_task_start(ca, TASK_CRL, &job, out);
	t->number = ca->crl_number;
	t->at = now;
	blob_set(&t->tbs, blob_view(&tbs));
	ca->facts.busy_crl = true;
	ca->facts.crl_stale = false;
	ok = true;
out:
	blob_free(&entries);
	blob_free(&tbs);
	return ok;
}

static void
publish(
    struct effects *out, enum ca_object object, struct view bytes, when_t from, when_t until)
{
	struct effect *x = effect_add(out, EFFECT_PUBLISH);

	x->object = object;
	x->valid_from = from;
	x->valid_until = until;
	blob_add_view(&x->bytes, bytes);
}

/*
 * One certificate, or CA and RA as certs-only (CA-01, CA-03). A CA whose RA is not there yet
 * is not shown: clients would keep what they see.
 */
static void
publish_certs(const struct ca *ca, struct effects *out)
{
	struct blob both = {0};
	struct effect *x;

	if (ca->facts.want_ra && !ca->facts.have_ra)
		return;
	blob_add_view(&both, blob_view(&ca->cert_der));
	blob_add_view(&both, blob_view(&ca->ra.der));
	x = effect_add(out, EFFECT_PUBLISH);
	x->object = OBJECT_CACERT;
	x->valid_from = INT64_MIN;
	x->valid_until = ca->facts.cert_until;
	x->bundle = ca->facts.have_ra;
	if (x->bundle)
		certs_only_encode(blob_view(&both), (struct view){0}, &x->bytes);
	else
		blob_add_view(&x->bytes, blob_view(&both));
	blob_free(&both);
}

/* SHA-384 is there for strongSwan 5.9.8, which tests wrong bits and refuses a server without
 * (peers-on-the-wire, 2026). */
static void
publish_capabilities(const struct ca *ca, struct effects *out)
{
	struct blob b = {0};

	blob_add_str(&b, "AES\nDES3\nGetNextCACert\nPOSTPKIOperation\nRenewal\nSCEPStandard\n");
	if (strength_allowed(&ca->policy, LEVEL_LEGACY, NULL))
		blob_add_str(&b, "SHA-1\n");
	blob_add_str(&b, "SHA-256\nSHA-384\nSHA-512\n");
	publish(out, OBJECT_CAPS, blob_view(&b), INT64_MIN, WHEN_NEVER);
	blob_free(&b);
}

void
authority_publish(struct ca *ca, struct effects *out)
{
	struct row_crl row;
	struct err why = {0};

	publish_capabilities(ca, out);
	if (!ca->facts.have_cert)
		return;
	publish_certs(ca, out);
	if (ca->facts.have_crl && ST(ca)->crl_get(ca->store, ca->generation, &row, &why))
		publish(out, OBJECT_CRL, row.der, INT64_MIN, row.next_update);
}

static bool
key_made(struct ca *ca, const struct key_done *d, when_t now, struct err *e)
{
	ca->generation = 1;
	ca->made_at = now;
	blob_set(&ca->spki, blob_view(&d->bytes));
	ca->facts.have_key = true;
	log_notice(
	    "key pair made", "ca='%s' label='%s'", ca->policy.name, ca->policy.key_label);
	return authority_save(ca, e) && ST(ca)->audit_add(ca->store, now, "keymuster",
					    "make key", ca->policy.key_label, e);
}

static bool
self_made(struct ca *ca, struct task *t, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	struct blob der = {0};
	char until[WHEN_TEXT];
	bool ok;

	signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);
	ok = use_cert(ca, blob_view(&der), e) && authority_save(ca, e) &&
	     ST(ca)->audit_add(
		 ca->store, now, "keymuster", "make CA certificate", ca->policy.issuer_name, e);
	blob_free(&der);
	if (!ok)
		return false;
	log_notice("CA certificate made", "ca='%s' until='%s'", ca->policy.name,
	    when_rfc3339(ca->facts.cert_until, until));
	blob_set(&ca->last_serial, serial_unsigned(ca->cert.serial));
	authority_publish(ca, out);
	return true;
}

static bool
crl_made(
    struct ca *ca, struct task *t, const struct key_done *d, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct crl list;
	bool ok = false;

	signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);
	if (!crl_decode(blob_view(&der), &list, e))
		goto out;

	struct row_crl row = {
	    ca->generation, t->number, list.this_update, list.next_update, blob_view(&der)};

	if (!ST(ca)->crl_put(ca->store, &row, e))
		goto out;
	if (!ca->facts.crl_stale && !ST(ca)->fact_put(ca->store, "crl-stale", VIEW("0"), e))
		goto out;
	crash_point("crl-stored");
	ca->facts.have_crl = true;
	ca->facts.crl_signed_at = t->at;
	publish(out, OBJECT_CRL, blob_view(&der), INT64_MIN, list.next_update);
	ok = true;
out:
	blob_free(&der);
	return ok;
}

void
authority_hold(struct ca *ca, const char *what, const char *why, when_t now)
{
	log_error(what, "ca='%s' why='%s'", ca->policy.name, why);
	ca->facts.held_until = when_add(now, HOLD_AFTER_FAILURE);
}

void
authority_archive(struct ca *ca, struct effects *out)
{
	struct key_job job = {.act = KEY_ARCHIVE, .bytes = blob_view(&ca->cert_der)};

	ca_task_start(ca, TASK_ARCHIVE, &job, out);
	ca->facts.busy_archive = true;
}

/* Due until the file stands. */
bool
authority_archived(struct ca *ca, bool written, when_t now, struct err *e)
{
	ca->facts.busy_archive = false;
	ca->facts.archived = written;
	if (written)
		return ST(ca)->fact_put(ca->store, "archived", VIEW("1"), e);
	ca->facts.held_until = when_add(now, HOLD_AFTER_FAILURE);
	return true;
}

bool
authority_done(struct ca *ca, struct task *t, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	struct effect *x;

	switch (t->kind) {
	case TASK_MAKE_KEY:
		ca->facts.busy_key = false;
		if (d->why == WHY_NONE)
			return key_made(ca, d, now, e);
		authority_hold(ca, "key pair not made", d->text, now);
		return true;
	case TASK_SELF:
		ca->facts.busy_cert = false;
		if (d->why == WHY_NONE)
			return self_made(ca, t, d, now, out, e);
		authority_hold(ca,
		    "CA certificate not made (if store.db was lost: restore it with its keys/, "
		    "or move keys/ away)",
		    d->text, now);
		return true;
	case TASK_CRL:
		ca->facts.busy_crl = false;
		if (d->why == WHY_NONE)
			return crl_made(ca, t, d, out, e);
		authority_hold(ca, "CRL not made", d->text, now);
		ca->facts.crl_stale = true;
		return true;
	case TASK_ARCHIVE:
		if (d->why != WHY_NONE) {
			authority_hold(ca, "archive not made", d->text, now);
			return authority_archived(ca, false, now, e);
		}
		x = effect_add(out, EFFECT_ARCHIVE);
		blob_add_view(&x->bytes, blob_view(&d->bytes));
		return true;
	case TASK_RA_KEY:
		return ra_key_made(ca, d, now, out, e);
	case TASK_UNWRAP:
	case TASK_CERT:
	case TASK_REPLY:
	case TASK_ROLE:
		break;
	}
	return err_set(e, WHY_BUG, "task %d", (int)t->kind);
}
