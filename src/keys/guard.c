/* guard.c - may this private key move? */
#include "keys/memory.h"

#include <string.h>

#include "keys/algorithm.h"
#include "keys/shape.h"

/* ---- rules ---- */

struct look { /* one question under examination */
	struct guard *g;
	const struct pair *pair;
	const struct key_job *job;
	struct state *s; /* NULL: nothing remembered yet */
	uint8_t tbs[DIGEST];
	struct blob *record;
	struct permit *out;
};

static void
record_start(struct look *l, enum record_kind kind)
{
	blob_add_byte(l->record, (uint8_t)kind);
	blob_add(l->record, l->pair->id, PAIR_ID);
	l->out->logged = true;
}

static bool
inner_alg(const struct look *l, const struct sig_alg *inside, struct err *e)
{
	return sig_alg_equal(inside, &l->job->alg) ||
	       err_set(e, WHY_REFUSED,
		   "the algorithm inside is not the one to sign with (RFC 5280 4.1.1.2)");
}

/* MD5 and SHA-1 are for keys whose own certificate has that very one: who trusts it, trusts
 * them.
 */
static bool
hash_allowed(const struct look *l, struct err *e)
{
	enum hash h = l->job->alg.hash;

	if (!hash_is_weak(h) || (l->s != NULL && l->s->has_window && h == l->s->window.hash))
		return true;
	return err_set(e, WHY_REFUSED, "%s, which the certificate of key '%s' does not use",
	    hash_name(h), l->job->label);
}

static bool
leap_allowed(const char *what, uint64_t number, uint64_t highest, struct err *e)
{
	if (number <= highest || number - highest <= GUARD_LEAP)
		return true;
	return err_set(e, WHY_REFUSED,
	    "%s %llu is far beyond %llu, the highest that was signed", what,
	    (unsigned long long)number, (unsigned long long)highest);
}

static bool
needs_window(const struct look *l, struct view issuer, struct err *e)
{
	uint8_t name[DIGEST];

	if (l->s == NULL || !l->s->has_window)
		return err_set(e, WHY_REFUSED,
		    "key '%s' has no self-signed certificate yet: no window to issue in",
		    l->job->label);
	sha256(issuer, name);
	if (memcmp(name, l->s->window.subject, DIGEST) != 0)
		return err_set(e, WHY_REFUSED,
		    "issuer is not the subject of the certificate of key '%s'", l->job->label);
	return hash_allowed(l, e);
}

static bool
dates_follow(const struct cert *c, struct err *e)
{
	return c->not_after > c->not_before ||
	       err_set(e, WHY_REFUSED, "dates are reversed: notAfter is not after notBefore");
}

/* Is it what a CA's own certificate must be? */
static bool
self_allowed(const struct look *l, const struct cert *c, struct err *e)
{
	if (!view_equal(c->issuer, c->subject) || name_is_empty(c->subject))
		return err_set(
		    e, WHY_REFUSED, "self-signed, but issuer and subject differ or are empty");
	if (!view_equal(c->key.whole, blob_view(&l->pair->spki)))
		return err_set(e, WHY_REFUSED,
		    "self-signed, but the public key inside is not that of '%s'",
		    l->job->label);
	if (!c->is_ca || (c->has_key_usage && (c->key_usage & KU_CERT_SIGN) == 0))
		return err_set(e, WHY_REFUSED, "self-signed, but not CA:TRUE with keyCertSign");
	if (l->g->count >= GUARD_WINDOWS)
		return err_set(
		    e, WHY_REFUSED, "%d keys have certificates of themselves", GUARD_WINDOWS);
	return shape_serial(c->serial, e) && dates_follow(c, e);
}

static bool
look_self(struct look *l, struct err *e)
{
	struct window w = {0};
	struct cert c;

	if (!cert_decode_tbs(l->job->bytes, &c, e))
		return false;
	if (!inner_alg(l, &c.alg, e))
		return false;
	if (l->s != NULL && l->s->has_window) {
		if (memcmp(l->s->window.tbs, l->tbs, DIGEST) != 0)
			return err_set(e, WHY_REFUSED,
			    "key '%s' has signed another certificate of itself: once only",
			    l->job->label);
		l->out->logged = true;
		return true;
	}
	if (!self_allowed(l, &c, e))
		return false;
	memcpy(w.tbs, l->tbs, DIGEST);
	sha256(c.subject, w.subject);
	w.from = c.not_before;
	w.until = c.not_after;
	w.hash = c.alg.hash;
	w.serial = sha256_8(c.serial);
	if (l->s == NULL)
		l->s = state_of(l->g, l->pair->id);
	state_window(l->s, &w);
	record_start(l, REC_SELF);
	window_add(&w, l->record);
	return true;
}

/* Serials are one space for all keys of a store: what another one has signed is not given
 * again, even if a backup of the store does not know it. */
static bool
serial_is_new(const struct look *l, struct view serial, struct err *e)
{
	int64_t digest = sha256_8(serial);

	for (size_t i = 0; i < l->g->count; i++)
		if (serial_known(l->g->states[i], digest))
			return err_set(e, WHY_TAKEN, "serial was signed under another intent");
	return true;
}

/* True with *known when exactly these octets were signed under this number before. */
static bool
intent_is_new(const struct look *l, bool *known, struct err *e)
{
	const struct state *s = l->s;
	uint64_t intent = l->job->intent;
	const struct slot *slot =
	    s->memory != NULL ? &s->memory->slots[intent % GUARD_INTENTS] : NULL;
	uint64_t highest = 0;

	*known = false;
	if (intent == 0 || intent > INT64_MAX)
		return err_set(e, WHY_BAD_INPUT, "intent numbers are 1 to 2^63 - 1");
	if (s->newest >= GUARD_INTENTS && intent <= s->newest - GUARD_INTENTS)
		return err_set(e, WHY_TAKEN,
		    "intent %llu is too old: key '%s' has signed up to %llu and remembers %d",
		    (unsigned long long)intent, l->job->label, (unsigned long long)s->newest,
		    GUARD_INTENTS);
	for (size_t i = 0; i < l->g->count; i++)
		if (l->g->states[i]->newest > highest)
			highest = l->g->states[i]->newest;
	if (slot == NULL || slot->intent != intent)
		return leap_allowed("intent", intent, highest, e);
	*known = memcmp(slot->tbs, l->tbs, DIGEST) == 0;
	return *known || err_set(e, WHY_TAKEN, "intent %llu was signed with other octets",
			     (unsigned long long)intent);
}

/* Noted under its intent, whose octets are in l->tbs; spki: of a grant that is used up. */
static void
note_cert(struct look *l, struct view serial, const uint8_t *spki)
{
	if (spki != NULL)
		grant_use(l->s, spki);
	state_intent(l->s, l->job->intent, l->tbs, sha256_8(serial));
	record_start(l, REC_CERT);
	blob_add_u64(l->record, l->job->intent);
	blob_add(l->record, l->tbs, DIGEST);
	blob_add_byte(l->record, spki != NULL);
	if (spki != NULL)
		blob_add(l->record, spki, DIGEST);
	blob_add_view(l->record, serial);
}

static bool
look_cert(struct look *l, struct err *e)
{
	struct cert c;
	struct spki own;
	uint8_t spki[DIGEST];
	bool known, ca;

	if (!cert_decode_tbs(l->job->bytes, &c, e))
		return false;
	if (!inner_alg(l, &c.alg, e) || !needs_window(l, c.issuer, e) ||
	    !intent_is_new(l, &known, e))
		return false;
	if (known) {
		l->out->logged = true;
		return true;
	}
	if (!shape_serial(c.serial, e) || !dates_follow(&c, e) ||
	    !spki_decode(blob_view(&l->pair->spki), &own, e) || !shape_check(&c, &own, &ca, e))
		return false;
	if (!serial_is_new(l, c.serial, e))
		return false;
	if (c.not_before < l->s->window.from || c.not_after > l->s->window.until)
		return err_set(
		    e, WHY_REFUSED, "dates leave the window of key '%s'", l->job->label);
	sha256(c.key.whole, spki);
	if (ca && grant_find(l->s, spki) == l->s->grant_count)
		return err_set(e, WHY_REFUSED,
		    "CA:TRUE, keyCertSign or cRLSign without a grant for this public key");
	note_cert(l, c.serial, ca ? spki : NULL);
	return true;
}

static bool
crl_number_allowed(const struct look *l, uint64_t number, struct err *e)
{
	uint64_t highest = 0;

	/* Only version 2 has one: 0 stands for version 1 as well. */
	if (number == 0)
		return err_set(
		    e, WHY_REFUSED, "CRL number is zero or not there (RFC 5280 5.2.3)");
	if (l->s->has_crl && number <= l->s->crl_number)
		return err_set(e, WHY_TAKEN,
		    "CRL number %llu does not grow: %llu was signed (RFC 5280 5.2.3)",
		    (unsigned long long)number, (unsigned long long)l->s->crl_number);
	for (size_t i = 0; i < l->g->count; i++)
		if (l->g->states[i]->crl_number > highest)
			highest = l->g->states[i]->crl_number;
	return leap_allowed("CRL number", number, highest, e);
}

static bool
look_crl(struct look *l, struct err *e)
{
	struct crl c;

	if (!crl_decode_tbs(l->job->bytes, &c, e))
		return false;
	if (!inner_alg(l, &c.alg, e) || !needs_window(l, c.issuer, e))
		return false;
	if (c.number != l->job->intent)
		return err_set(e, WHY_REFUSED, "CRL number inside is not the one announced");
	if (l->s->has_crl && c.number == l->s->crl_number &&
	    memcmp(l->s->crl_tbs, l->tbs, DIGEST) == 0) {
		l->out->logged = true;
		return true;
	}
	if (!crl_number_allowed(l, c.number, e))
		return false;
	if (c.next_update <= c.this_update)
		return err_set(e, WHY_REFUSED, "nextUpdate is not after thisUpdate");
	if (c.next_update > l->s->window.until)
		return err_set(
		    e, WHY_REFUSED, "nextUpdate leaves the window of key '%s'", l->job->label);
	state_crl(l->s, c.number, l->tbs);
	record_start(l, REC_CRL);
	blob_add_u64(l->record, c.number);
	blob_add(l->record, l->tbs, DIGEST);
	return true;
}

/* Ordered from MD5 up. */
static bool
message_hash_allowed(const struct look *l, struct err *e)
{
	return l->job->alg.hash >= l->g->weakest_reply || hash_allowed(l, e);
}

/*
 * A SET begins with 0x31, a TBSCertificate or TBSCertList with 0x30: with that octet settled
 * here, before any decoder has a say, no message can be read as one of the others.
 */
static bool
attributes_read(const struct look *l, int *type, struct err *e)
{
	if (l->job->bytes.n == 0 || l->job->bytes.p[0] != DER_SET)
		return err_set(e, WHY_REFUSED, "a message is a SET of attributes");
	return scep_attrs_decode(l->job->bytes, type, e);
}

static bool
look_reply(struct look *l, struct err *e)
{
	int type = 0;

	if (!attributes_read(l, &type, e))
		return false;
	if (type != SCEP_CERTREP)
		return err_set(
		    e, WHY_REFUSED, "attributes of message type %d, not of a CertRep", type);
	return message_hash_allowed(l, e);
}

/* ---- what clients sign ---- */

/* A CA's name and key are never a client's: what it signs as one could be taken for its word.
 */
static bool
is_client(const struct look *l, struct err *e)
{
	if (l->s != NULL && l->s->has_window)
		return err_set(
		    e, WHY_REFUSED, "key '%s' is a CA's, not a client's", l->job->label);
	return message_hash_allowed(l, e);
}

static bool
own_key(const struct look *l, const struct spki *inside, struct err *e)
{
	return view_equal(inside->whole, blob_view(&l->pair->spki)) ||
	       err_set(
		   e, WHY_REFUSED, "the public key inside is not that of '%s'", l->job->label);
}

static bool
no_ca(bool is_ca, uint32_t key_usage, struct err *e)
{
	return (!is_ca && (key_usage & (KU_CERT_SIGN | KU_CRL_SIGN)) == 0) ||
	       err_set(e, WHY_REFUSED, "CA:TRUE, keyCertSign or cRLSign: a client is no CA");
}

/* Version 0 and a Name: no decoder takes one for a TBSCertificate, whose second element begins
 * with an OID. */
static bool
look_request(struct look *l, struct err *e)
{
	struct csr c;

	return is_client(l, e) && csr_decode_info(l->job->bytes, &c, e) &&
	       own_key(l, &c.key, e) && no_ca(c.wants_ca, c.key_usage, e);
}

static bool
look_temporary(struct look *l, struct err *e)
{
	struct cert c;

	if (!is_client(l, e) || !cert_decode_tbs(l->job->bytes, &c, e) ||
	    !inner_alg(l, &c.alg, e) || !own_key(l, &c.key, e) ||
	    !no_ca(c.is_ca, c.key_usage, e))
		return false;
	if (!view_equal(c.issuer, c.subject) || name_is_empty(c.subject))
		return err_set(
		    e, WHY_REFUSED, "self-signed, but issuer and subject differ or are empty");
	return shape_serial(c.serial, e) && dates_follow(&c, e) && shape_closed(&c, e);
}

static bool
look_message(struct look *l, struct err *e)
{
	int type = 0;

	if (!is_client(l, e) || !attributes_read(l, &type, e))
		return false;
	return type != SCEP_CERTREP ||
	       err_set(e, WHY_REFUSED, "attributes of a CertRep, not of a client's message");
}

/* Is this the certificate of a key of the same name, and does it end later? */
static bool
is_successor(const struct guard *g, const struct window *own, const uint8_t *tbs)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct state *s = g->states[i];

		if (s->has_window && s->window.until > own->until &&
		    memcmp(s->window.subject, own->subject, DIGEST) == 0 &&
		    memcmp(s->window.tbs, tbs, DIGEST) == 0)
			return true;
	}
	return false;
}

/* Does another key of the same name stay, with a certificate until this instant at least? */
static bool
has_company(const struct guard *g, const struct state *own, when_t until)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct state *s = g->states[i];

		if (s != own && s->has_window && s->window.until >= until &&
		    memcmp(s->window.subject, own->window.subject, DIGEST) == 0)
			return true;
	}
	return false;
}

/* A key that was never used: it has issued what it needs itself, and nothing else. */
static bool
is_unused(const struct state *s)
{
	size_t issued = 0;

	for (size_t i = 0; s->memory != NULL && i < GUARD_INTENTS; i++)
		issued += s->memory->slots[i].intent != 0;
	return issued <= GUARD_OWN;
}

/* What a key here has issued lately (an RA's certificate is among the first). */
static bool
is_issued(const struct look *l, const uint8_t tbs[DIGEST])
{
	for (size_t i = 0; i < l->g->count; i++) {
		const struct memory *m = l->g->states[i]->memory;

		for (size_t k = 0; m != NULL && k < GUARD_INTENTS; k++)
			if (m->slots[k].intent != 0 &&
			    memcmp(m->slots[k].tbs, tbs, DIGEST) == 0)
				return true;
	}
	return false;
}

/* Trust passes on to what this signer has made itself, and to nothing else. */
static bool
look_next(struct look *l, struct err *e)
{
	struct scep_spec spec = {
	    .status = -1, .fail = -1, .digest = l->job->alg.hash, .content = l->job->bytes};
	struct blob scratch = {0}, attrs = {0};
	struct view certs, crls;
	struct reader r;
	struct der d;
	struct cert c;
	size_t successors = 0;
	bool ok = false;

	if (!certs_only_decode(l->job->bytes, &scratch, &certs, &crls, e))
		goto out;
	if (l->s == NULL || !l->s->has_window || crls.n > 0) {
		err_set(e, WHY_REFUSED, "no certificate of its own, or lists inside");
		goto out;
	}
	for (r = reader_of(certs); r.n > 0;) {
		uint8_t tbs[DIGEST];

		if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
		    !cert_decode(d.whole, &c, e))
			goto out;
		sha256(c.tbs, tbs);
		if (is_successor(l->g, &l->s->window, tbs)) {
			successors++;
		} else if (c.is_ca || !is_issued(l, tbs)) {
			err_set(e, WHY_REFUSED, "a certificate that was not made here");
			goto out;
		}
	}
	if (successors != 1) {
		err_set(e, WHY_REFUSED, "%zu successors of key '%s', not one", successors,
		    l->job->label);
		goto out;
	}
	ok = hash_allowed(l, e) && scep_encode_attrs(&spec, &attrs, e) &&
	     hash_bytes(l->job->alg.hash, blob_view(&attrs), l->out->digest, e);
out:
	blob_free(&scratch);
	blob_free(&attrs);
	return ok;
}

/* Has a key here made this certificate of itself, under the name of this one? */
static bool
is_kin(const struct look *l, const struct cert *c)
{
	uint8_t tbs[DIGEST];

	sha256(c->tbs, tbs);
	for (size_t i = 0; i < l->g->count; i++) {
		const struct state *s = l->g->states[i];

		if (s != l->s && s->has_window && memcmp(s->window.tbs, tbs, DIGEST) == 0)
			return memcmp(s->window.subject, l->s->window.subject, DIGEST) == 0;
	}
	return false;
}

/* What another key here has said of itself is repeated, no more. */
static bool
look_link(struct look *l, struct err *e)
{
	struct reader r = reader_of(l->job->bytes);
	struct cert own, c;
	struct der d;
	bool known;

	if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
	    !cert_decode(d.whole, &own, e) ||
	    !der_take(&r, DER_SEQUENCE, "TBSCertificate", &d, e) ||
	    !der_end(&r, "TBSCertificate", e) || !cert_decode_tbs(d.whole, &c, e) ||
	    !inner_alg(l, &c.alg, e) || !needs_window(l, c.issuer, e))
		return false;
	sha256(d.whole, l->tbs);
	if (!hash_bytes(l->job->alg.hash, d.whole, l->out->digest, e) ||
	    !intent_is_new(l, &known, e))
		return false;
	if (known) {
		l->out->logged = true;
		return true;
	}
	if (!is_kin(l, &own))
		return err_set(
		    e, WHY_REFUSED, "no other key of this name has made that certificate");
	if (!shape_serial(c.serial, e) || !dates_follow(&c, e) || !shape_link(&c, &own, e))
		return false;
	if (c.not_after > l->s->window.until)
		return err_set(
		    e, WHY_REFUSED, "dates leave the window of key '%s'", l->job->label);
	if (!serial_is_new(l, c.serial, e))
		return false;
	note_cert(l, c.serial, NULL);
	return true;
}

static const struct {
	const char *name;
	bool (*look)(struct look *l, struct err *e);
} looks[] = {
    [SIGN_SELF] = {"self-signed certificate", look_self},
    [SIGN_CERT] = {"certificate", look_cert},
    [SIGN_CRL] = {"CRL", look_crl},
    [SIGN_REPLY] = {"reply", look_reply},
    [SIGN_NEXT] = {"announcement", look_next},
    [SIGN_LINK] = {"link certificate", look_link},
    [SIGN_REQUEST] = {"request", look_request},
    [SIGN_TEMPORARY] = {"temporary certificate", look_temporary},
    [SIGN_MESSAGE] = {"client's message", look_message},
};

bool
guard_sign(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct permit *out, struct err *e)
{
	struct permit permit = {0};
	struct look l = {.g = g,
	    .pair = p,
	    .job = job,
	    .s = state_find(g, p->id),
	    .record = record,
	    .out = &permit};

	if ((unsigned)job->as >= COUNT_OF(looks))
		return err_set(e, WHY_BAD_INPUT, "unknown thing to sign: %d", (int)job->as);
	if (g->exports && job->as < SIGN_REQUEST)
		return err_set(e, WHY_REFUSED,
		    "not signed as %s: key '%s' may be exported, so it is a client's only",
		    looks[job->as].name, job->label);
	if (!sig_alg_fits(&job->alg, p->kind))
		return err_set(e, WHY_REFUSED, "algorithm does not fit key '%s'", job->label);
	if (!hash_bytes(job->alg.hash, job->bytes, permit.digest, e))
		return false;
	permit.n = hash_size(job->alg.hash);
	if (job->alg.hash == HASH_SHA256)
		memcpy(l.tbs, permit.digest, DIGEST);
	else if (job->as != SIGN_REPLY && job->as < SIGN_REQUEST)
		sha256(job->bytes, l.tbs);
	if (!looks[job->as].look(&l, e))
		return err_prefix(e, "not signed as %s", looks[job->as].name);
	*out = permit;
	return true;
}

bool
guard_grant(struct guard *g, const struct pair *p, const struct key_job *job,
    struct blob *record, struct err *e)
{
	struct state *s = state_find(g, p->id);

	if (job->bits != KEY_ROLE_SUB_CA)
		return err_set(e, WHY_REFUSED, "unknown role %d", job->bits);
	if (job->bytes.n != DIGEST)
		return err_set(e, WHY_BAD_INPUT, "a grant names a SHA-256, 32 octets, not %zu",
		    job->bytes.n);
	if (s == NULL || !s->has_window)
		return err_set(
		    e, WHY_REFUSED, "key '%s' has no self-signed certificate yet", job->label);
	if (s->grant_count >= GUARD_GRANTS)
		return err_set(
		    e, WHY_REFUSED, "%d grants of key '%s' are open", GUARD_GRANTS, job->label);
	grant_add(s, job->bytes.p);
	blob_add_byte(record, REC_GRANT);
	blob_add(record, p->id, PAIR_ID);
	blob_add(record, job->bytes.p, DIGEST);
	return true;
}

bool
guard_forget(struct guard *g, const struct pair *p, struct blob *record, struct err *e)
{
	const struct state *s = state_find(g, p->id);

	if (s != NULL && s->has_window && !has_company(g, s, s->window.until) &&
	    !(is_unused(s) && has_company(g, s, INT64_MIN)))
		return err_set(e, WHY_REFUSED,
		    "key '%s' has issued, and no certificate lives as long as its own: it is "
		    "not "
		    "destroyed",
		    p->label);
	blob_add_byte(record, REC_FORGET);
	blob_add(record, p->id, PAIR_ID);
	return true;
}

bool
guard_archive(struct guard *g, const struct pair *p, struct view certificate,
    struct blob *record, struct err *e)
{
	const struct state *s = state_find(g, p->id);
	uint8_t digest[DIGEST];
	struct spki own;
	struct cert c;

	if (s == NULL || !s->has_window)
		return err_set(
		    e, WHY_REFUSED, "key '%s' has no self-signed certificate yet", p->label);
	if (!cert_decode(certificate, &c, e))
		return err_prefix(e, "certificate to archive");
	sha256(c.tbs, digest);
	if (memcmp(digest, s->window.tbs, DIGEST) != 0)
		return err_set(e, WHY_REFUSED,
		    "certificate to archive is not the one that key '%s' made of itself",
		    p->label);
	if (!spki_decode(blob_view(&p->spki), &own, e) ||
	    !key_verify(&own, &c.alg, c.tbs, c.signature, e))
		return err_prefix(e, "signature of the certificate to archive");
	sha256(certificate, digest);
	blob_add_byte(record, REC_ARCHIVE);
	blob_add(record, p->id, PAIR_ID);
	blob_add(record, digest, DIGEST);
	return true;
}

static bool
certificates_allowed(const struct pair *p, struct view certificates, struct err *e)
{
	struct reader r = reader_of(certificates);
	struct cert c;
	struct der d;
	size_t n = 0;

	do {
		if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
		    !cert_decode(d.whole, &c, e))
			return false;
		if (n == 0 && !view_equal(c.key.whole, blob_view(&p->spki)))
			return err_set(e, WHY_REFUSED,
			    "the first certificate is not one of key '%s'", p->label);
		if (n == 0 && !no_ca(c.is_ca, c.key_usage, e))
			return false;
	} while (++n < KEY_CERTIFICATES_MAX && r.n > 0);
	return r.n == 0 ||
	       err_set(e, WHY_BAD_INPUT, "more than %d certificates", KEY_CERTIFICATES_MAX);
}

bool
guard_export(struct guard *g, const struct pair *p, struct view certificates,
    struct blob *record, struct err *e)
{
	uint8_t digest[DIGEST];

	for (size_t i = 0; i < g->count; i++)
		if (g->states[i]->has_window)
			return err_set(e, WHY_REFUSED,
			    "key '%s' is not exported: it lies beside a CA's", p->label);
	if (!certificates_allowed(p, certificates, e))
		return err_prefix(e, "not exported");
	sha256(certificates, digest);
	blob_add_byte(record, REC_EXPORT);
	blob_add(record, p->id, PAIR_ID);
	blob_add(record, digest, DIGEST);
	return true;
}
