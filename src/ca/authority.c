/* authority.c - the CA's own key, certificate, list. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

#define HOLD_AFTER_FAILURE MINUTE

/* Serial numbers are given in the order of intents; the CA's own came first. */
static bool
load_last_serial(struct ca *ca, struct err *e)
{
	struct row_cert row;
	struct err why = {0};

	if (ST(ca)->cert_last(ca->store, &row, &why))
		blob_set(&ca->last_serial, row.serial);
	else if (ca->active->facts.have_cert)
		blob_set(&ca->last_serial, serial_unsigned(ca->active->cert.serial));
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
load_instant(struct ca *ca, const char *fact, when_t *out, struct err *e)
{
	struct blob text = {0};
	struct err why = {0};
	bool ok;

	*out = INT64_MIN;
	ok = ST(ca)->fact_get(ca->store, fact, &text, &why);
	if (ok)
		*out = strtoll(blob_cstr(&text), NULL, 10);
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
	struct blob asked = {0};
	struct err why = {0};
	bool ok;

	*f = (struct plan_ca_facts){.clock_trusted = f->clock_trusted,
	    .held_until = INT64_MIN,
	    .want_archive = ca->policy.archive,
	    .want_ra = ca->policy.ra_label[0] != 0};
	ok = load_fact(ca, "name", ca->policy.name, e) &&
	     load_fact(ca, "issuer-name", ca->policy.issuer_name, e) &&
	     load_instant(ca, "clock_mark", &ca->clock_mark, e) &&
	     load_instant(ca, "rollover-from", &f->rollover_from, e) && intent_load(ca, e) &&
	     generations_load(ca, e) && link_load(ca, e) && list_load(ca, e) &&
	     load_last_serial(ca, e) &&
	     ST(ca)->request_expiry(ca->store, &f->request_expiry, e) &&
	     ST(ca)->challenge_expiry(ca->store, &f->challenge_expiry, e);
	if (ok && ST(ca)->fact_get(ca->store, "rollover-asked", &asked, &why))
		f->rollover_asked = view_equal_str(blob_view(&asked), "1");
	blob_free(&asked);
	return ok && absent(&why, e);
}

void
authority_make_key(struct ca *ca, bool next, struct effects *out)
{
	struct key_job job = {
	    .act = KEY_MAKE, .kind = ca->policy.key_kind, .bits = ca->policy.key_bits};

	if (next && ca->next == NULL)
		ca->next = generation_add(ca, generation_next_number(ca));
	if (next && !ca->facts.rollover_asked)
		log_notice(
		    "CRYPTO_CS: shadow generation timer fired", "ca='%s'", ca->policy.name);
	struct generation *g = next ? ca->next : ca->active;

	g->facts.busy_key = true;
	ca_task_start(ca, TASK_MAKE_KEY, g, &job, out);
}

static bool
self_tbs(struct ca *ca, const struct generation *g, when_t now, struct blob *tbs, struct err *e)
{
	struct plan_dates dates = {now, when_add(now, ca->policy.plan.lifetime_ca)};
	struct blob name = {0}, serial = {0};
	uint8_t ski[20];
	struct spki key;
	bool ok = false;

	if (g == ca->next)
		dates = plan_next_dates(&ca->policy.plan, ca->active->facts.cert_until, now);
	if (!name_parse(ca->policy.issuer_name, &name, e) || !serial_next(ca, &serial, e) ||
	    !spki_decode(blob_view(&g->spki), &key, e))
		goto out;
	spki_key_id(&key, ski);

	struct cert_spec spec = {
	    .serial = blob_view(&serial),
	    .issuer = blob_view(&name),
	    .subject = blob_view(&name),
	    .spki = blob_view(&g->spki),
	    .not_before = dates.from,
	    .not_after = dates.until,
	    .alg = generation_alg(ca, g),
	    .is_ca = true,
	    .path_len = -1,
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_CERT_SIGN | KU_CRL_SIGN |
			 (g->kind == KEY_RSA ? KU_KEY_ENCIPHERMENT : 0),
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
authority_make_cert(
    struct ca *ca, struct generation *g, when_t now, struct effects *out, struct err *e)
{
	struct blob tbs = {0};
	struct err why = {0};
	char fact[64];
	bool ok = false;

	generation_fact(g->number, "self-tbs", fact);
	if (!ST(ca)->fact_get(ca->store, fact, &tbs, &why)) {
		if (!absent(&why, e) || !self_tbs(ca, g, now, &tbs, e) ||
		    !ST(ca)->fact_put(ca->store, fact, blob_view(&tbs), e))
			goto out;
		crash_point("ca-intended");
	}

	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_SELF,
	    .alg = generation_alg(ca, g),
	    .bytes = blob_view(&tbs),
	};

	blob_set(&ca_task_start(ca, TASK_SELF, g, &job, out)->tbs, blob_view(&tbs));
	g->facts.busy_cert = true;
	ok = true;
out:
	blob_free(&tbs);
	return ok;
}

struct effect *
publish(
    struct effects *out, enum ca_object object, struct view bytes, when_t from, when_t until)
{
	struct effect *x = effect_add(out, EFFECT_PUBLISH);

	x->object = object;
	x->valid_from = from;
	x->valid_until = until;
	blob_add_view(&x->bytes, bytes);
	return x;
}

void
publish_by_key(struct effect *x, const uint8_t ski[20])
{
	struct blob hex = {0};

	hex_add(&hex, view_of(ski, 20), true);
	(void)snprintf(x->leaf, sizeof(x->leaf), "%s", blob_cstr(&hex));
	blob_free(&hex);
}

/*
 * One certificate, or CA and RA as certs-only (CA-01, CA-03). A CA whose RA is not there yet
 * is not shown: clients would keep what they see. The next one is shown from the switch on, and
 * not before (CA-04).
 */
static void
publish_certs(const struct ca *ca, const struct generation *g, struct effects *out)
{
	struct blob both = {0}, bundle = {0};

	if (!g->facts.have_cert || (ca->facts.want_ra && !g->facts.have_ra))
		return;
	blob_add_view(&both, blob_view(&g->der));
	blob_add_view(&both, blob_view(&g->ra.der));
	if (g->facts.have_ra)
		certs_only_encode(blob_view(&both), (struct view){0}, &bundle);
	publish(out, OBJECT_CACERT, blob_view(g->facts.have_ra ? &bundle : &both),
	    g == ca->next ? ca->active->facts.cert_until : INT64_MIN, g->facts.cert_until)
	    ->bundle = g->facts.have_ra;
	blob_free(&both);
	blob_free(&bundle);
}

/* SHA-384 is there for strongSwan 5.9.8, which tests wrong bits and refuses a server without
 * (peers-on-the-wire, 2026). */
static void
publish_capabilities(const struct ca *ca, struct effects *out)
{
	struct blob b = {0};

	blob_add_str(&b, "AES\nDES3\n");
	if (!ca->policy.hide_next_ca || ca->active->announcement.n > 0) /* CC-06 */
		blob_add_str(&b, "GetNextCACert\n");
	blob_add_str(&b, "POSTPKIOperation\nRenewal\nSCEPStandard\n");
	if (strength_allowed(&ca->policy, LEVEL_LEGACY, NULL))
		blob_add_str(&b, "SHA-1\n");
	blob_add_str(&b, "SHA-256\nSHA-384\nSHA-512\n");
	publish(out, OBJECT_CAPS, blob_view(&b), INT64_MIN, WHEN_NEVER);
	blob_free(&b);
}

void
authority_publish(struct ca *ca, struct effects *out)
{
	publish_capabilities(ca, out);
	publish_certs(ca, ca->active, out);
	if (ca->next != NULL)
		publish_certs(ca, ca->next, out);
	list_publish(ca, out);
	rollover_publish(ca, out);
	link_publish(ca, out);
}

static bool
key_made(
    struct ca *ca, struct generation *g, const struct key_done *d, when_t now, struct err *e)
{
	struct spki key;
	char words[160] = "key pair made";

	blob_set(&g->spki, blob_view(&d->bytes));
	if (!spki_decode(blob_view(&g->spki), &key, e))
		return false;
	g->kind = key.kind;
	g->made_at = now;
	g->facts.have_key = true;
	if (g == ca->next)
		(void)snprintf(words, sizeof(words),
		    "CRYPTO_CS: key '%s' does not exist; generated automatically", g->label);
	log_notice(words, "ca='%s' label='%s'", ca->policy.name, g->label);
	if (!generation_save(ca, g, e) ||
	    !ST(ca)->audit_add(ca->store, now, "keymuster", "make key", g->label, e))
		return false;
	crash_point("key-made");
	return true;
}

static bool
self_made(struct ca *ca, struct generation *g, struct task *t, const struct key_done *d,
    when_t now, struct effects *out, struct err *e)
{
	bool next = g == ca->next;
	struct blob der = {0};
	char from[WHEN_TEXT], until[WHEN_TEXT];
	bool ok;

	signed_assemble(blob_view(&t->tbs), &t->alg, blob_view(&d->bytes), &der);
	ok = generation_take(g, blob_view(&der), e) && generation_save(ca, g, e) &&
	     ST(ca)->fact_put(ca->store, "rollover-asked", VIEW("0"), e) &&
	     ST(ca)->audit_add(ca->store, now, "keymuster",
		 next ? "make next CA certificate" : "make CA certificate",
		 ca->policy.issuer_name, e);
	blob_free(&der);
	if (!ok)
		return false;
	crash_point("ca-made");
	log_notice(next ? "CRYPTO_CS: shadow CA successfully created" : "CA certificate made",
	    "ca='%s' from='%s' until='%s'", ca->policy.name,
	    when_rfc3339(g->facts.cert_from, from), when_rfc3339(g->facts.cert_until, until));
	ca->facts.rollover_asked = false;
	ca->facts.crl_stale = true; /* its own list, at once (KR-12) */
	blob_set(&ca->last_serial, serial_unsigned(g->cert.serial));
	authority_publish(ca, out);
	return true;
}

void
authority_hold(struct ca *ca, const char *what, const char *why, when_t now)
{
	log_error(what, "ca='%s' why='%s'", ca->policy.name, why);
	ca->facts.held_until = when_add(now, HOLD_AFTER_FAILURE);
}

void
authority_archive(struct ca *ca, struct generation *g, struct effects *out)
{
	struct key_job job = {.act = KEY_ARCHIVE, .bytes = blob_view(&g->der)};

	if (g == ca->next)
		log_notice(
		    "CRYPTO_CS: exporting shadow CA key and cert", "ca='%s'", ca->policy.name);
	ca_task_start(ca, TASK_ARCHIVE, g, &job, out);
	g->facts.busy_archive = true;
}

/* Due until the file stands. */
bool
authority_archived(struct ca *ca, int64_t generation, bool written, when_t now, struct err *e)
{
	struct generation *g = generation_of(ca, generation);
	char fact[64];

	if (g == NULL)
		return true;
	g->facts.busy_archive = false;
	g->facts.archived = written;
	generation_fact(g->number, "archived", fact);
	if (written) {
		if (!ST(ca)->fact_put(ca->store, fact, VIEW("1"), e))
			return false;
		crash_point("archived");
		return true;
	}
	ca->facts.held_until = when_add(now, HOLD_AFTER_FAILURE);
	return true;
}

static void
archive_leave(
    const struct ca *ca, const struct generation *g, struct view bytes, struct effects *out)
{
	struct effect *x = effect_add(out, EFFECT_ARCHIVE);

	x->id = (uint64_t)g->number;
	blob_add_view(&x->bytes, bytes);
	ca_archive_name(ca, g->number, x->leaf);
}

bool
authority_done(struct ca *ca, struct task *t, const struct key_done *d, when_t now,
    struct effects *out, struct err *e)
{
	struct generation *g = generation_of(ca, t->generation);

	if (t->kind == TASK_CRL) /* the signer may have destroyed the key sooner than signed */
		list_returned(ca, t, g);
	if (g == NULL)
		return true;
	if (g->cancelled_at != 0 && t->kind != TASK_CRL && t->kind != TASK_FORGET)
		return true;
	switch (t->kind) {
	case TASK_MAKE_KEY:
		g->facts.busy_key = false;
		if (d->why == WHY_NONE)
			return key_made(ca, g, d, now, e);
		authority_hold(ca, "key pair not made", d->text, now);
		return true;
	case TASK_SELF:
		g->facts.busy_cert = false;
		if (d->why == WHY_NONE)
			return self_made(ca, g, t, d, now, out, e);
		authority_hold(ca,
		    "CA certificate not made (if store.db was lost: restore it with its keys/, "
		    "or move keys/ away)",
		    d->text, now);
		return true;
	case TASK_CRL:
		return list_made(ca, g, t, d, now, out, e);
	case TASK_RA_KEY:
		return ra_key_made(ca, g, d, now, out, e);
	case TASK_ANNOUNCE:
		return rollover_announced(ca, g, t, d, now, out, e);
	case TASK_FORGET:
		return rollover_forgotten(ca, g, t->number != 0, d, now, out, e);
	case TASK_ARCHIVE:
		if (d->why == WHY_NONE) {
			archive_leave(ca, g, blob_view(&d->bytes), out);
			return true;
		}
		authority_hold(ca, "archive not made", d->text, now);
		return authority_archived(ca, g->number, false, now, e);
	case TASK_UNWRAP:
	case TASK_CERT:
	case TASK_REPLY:
	case TASK_ROLE:
		break;
	}
	return err_set(e, WHY_BUG, "task %d", (int)t->kind);
}
