/* guard.c - may this private key move? */
#include "keys/guard.h"

#include <stdlib.h>
#include <string.h>

#include "keys/algorithm.h"

#define DIGEST 32
#define STATES_MAX (4 * PAIRS_MAX)

enum record_kind {
	REC_SAVED = 1,
	REC_SELF,
	REC_CERT,
	REC_CRL,
	REC_GRANT,
	REC_FORGET,
	REC_ARCHIVE
};

/* What the self-signed certificate fixes for ever. */
struct window {
	uint8_t tbs[DIGEST], subject[DIGEST];
	when_t from, until;
	enum hash hash;
};

struct slot { /* intent i lives at i % GUARD_INTENTS; 0: free */
	uint64_t intent;
	uint8_t tbs[DIGEST];
};

struct state { /* of one key */
	uint8_t id[PAIR_ID];
	bool has_window, has_crl;
	struct window window;
	uint64_t crl_number;
	uint8_t crl_tbs[DIGEST];
	uint64_t newest;
	struct slot *slots; /* NULL until the first certificate */
	uint8_t (*grants)[DIGEST];
	size_t grant_count;
};

struct guard {
	struct state **states;
	size_t count;
};

struct guard *
guard_new(void)
{
	return mem_get(sizeof(struct guard));
}

static void
state_free(struct state *s)
{
	free(s->slots);
	free(s->grants);
	free(s);
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		state_free(g->states[i]);
	free(g->states);
	free(g);
}

static struct state *
state_find(const struct guard *g, const uint8_t id[PAIR_ID])
{
	for (size_t i = 0; i < g->count; i++)
		if (memcmp(g->states[i]->id, id, PAIR_ID) == 0)
			return g->states[i];
	return NULL;
}

static struct state *
state_of(struct guard *g, const uint8_t id[PAIR_ID])
{
	struct state *s = state_find(g, id);

	if (s != NULL)
		return s;
	s = mem_get(sizeof(*s));
	memcpy(s->id, id, PAIR_ID);
	g->states = mem_array(g->states, g->count + 1, sizeof(struct state *));
	g->states[g->count++] = s;
	return s;
}

/* ---- what is remembered
 * ------------------------------------------------------------------------------- */

static void
state_window(struct state *s, const struct window *w)
{
	s->window = *w;
	s->has_window = true;
}

static void
state_intent(struct state *s, uint64_t intent, const uint8_t tbs[DIGEST])
{
	struct slot *slot;

	if (s->slots == NULL)
		s->slots = mem_get(GUARD_INTENTS * sizeof(*s->slots));
	slot = &s->slots[intent % GUARD_INTENTS];
	slot->intent = intent;
	memcpy(slot->tbs, tbs, DIGEST);
	if (intent > s->newest)
		s->newest = intent;
}

static void
state_crl(struct state *s, uint64_t number, const uint8_t tbs[DIGEST])
{
	s->has_crl = true;
	s->crl_number = number;
	memcpy(s->crl_tbs, tbs, DIGEST);
}

static size_t
grant_find(const struct state *s, const uint8_t spki[DIGEST])
{
	size_t i = 0;

	while (i < s->grant_count && memcmp(s->grants[i], spki, DIGEST) != 0)
		i++;
	return i;
}

static void
grant_add(struct state *s, const uint8_t spki[DIGEST])
{
	if (grant_find(s, spki) < s->grant_count)
		return;
	s->grants = mem_array(s->grants, s->grant_count + 1, DIGEST);
	memcpy(s->grants[s->grant_count++], spki, DIGEST);
}

static void
grant_use(struct state *s, const uint8_t spki[DIGEST])
{
	size_t i = grant_find(s, spki);

	if (i < s->grant_count)
		memmove(s->grants[i], s->grants[--s->grant_count], DIGEST);
}

static void
state_drop(struct guard *g, const uint8_t id[PAIR_ID])
{
	for (size_t i = 0; i < g->count; i++)
		if (memcmp(g->states[i]->id, id, PAIR_ID) == 0) {
			state_free(g->states[i]);
			g->states[i] = g->states[--g->count];
			return;
		}
}

/* ---- rules
 * --------------------------------------------------------------------------------------------
 */

struct look { /* one question under examination */
	struct guard *g;
	const struct pair *pair;
	const struct key_job *job;
	struct state *s; /* NULL: nothing remembered yet */
	uint8_t tbs[DIGEST];
	struct blob *record;
	struct permit *out;
};

static bool
weak(enum hash h)
{
	return h == HASH_MD5 || h == HASH_SHA1;
}

static bool
serial_positive(struct view serial)
{
	size_t i = 0;

	if (serial.n == 0 || serial.n > 20 || (serial.p[0] & 0x80) != 0)
		return false;
	while (i < serial.n && serial.p[i] == 0)
		i++;
	return i < serial.n && i <= 1;
}

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

static bool
needs_window(const struct look *l, struct view issuer, enum hash hash, struct err *e)
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
	if (weak(hash) && hash != l->s->window.hash)
		return err_set(e, WHY_REFUSED,
		    "%s, which the certificate of key '%s' does not use", hash_name(hash),
		    l->job->label);
	return true;
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
	if (!view_equal(c.issuer, c.subject) || name_is_empty(c.subject))
		return err_set(
		    e, WHY_REFUSED, "self-signed, but issuer and subject differ or are empty");
	if (!view_equal(c.key.whole, blob_view(&l->pair->spki)))
		return err_set(e, WHY_REFUSED,
		    "self-signed, but the public key inside is not that of '%s'",
		    l->job->label);
	if (!c.is_ca || (c.has_key_usage && (c.key_usage & KU_CERT_SIGN) == 0))
		return err_set(e, WHY_REFUSED, "self-signed, but not CA:TRUE with keyCertSign");
	if (!serial_positive(c.serial))
		return err_set(
		    e, WHY_REFUSED, "serial is not a positive number of at most 20 octets");
	if (c.not_after <= c.not_before)
		return err_set(e, WHY_REFUSED, "notAfter is not after notBefore");
	memcpy(w.tbs, l->tbs, DIGEST);
	sha256(c.subject, w.subject);
	w.from = c.not_before;
	w.until = c.not_after;
	w.hash = c.alg.hash;
	if (l->s == NULL)
		l->s = state_of(l->g, l->pair->id);
	state_window(l->s, &w);
	record_start(l, REC_SELF);
	blob_add(l->record, w.tbs, DIGEST);
	blob_add(l->record, w.subject, DIGEST);
	blob_add_u64(l->record, (uint64_t)w.from);
	blob_add_u64(l->record, (uint64_t)w.until);
	blob_add_byte(l->record, (uint8_t)w.hash);
	return true;
}

/* True with *known when exactly these octets were signed under this number before. */
static bool
intent_is_new(const struct look *l, bool *known, struct err *e)
{
	const struct state *s = l->s;
	uint64_t intent = l->job->intent;
	const struct slot *slot = s->slots != NULL ? &s->slots[intent % GUARD_INTENTS] : NULL;

	*known = false;
	if (intent == 0 || intent > INT64_MAX)
		return err_set(e, WHY_BAD_INPUT, "intent numbers are 1 to 2^63 - 1");
	if (s->newest >= GUARD_INTENTS && intent <= s->newest - GUARD_INTENTS)
		return err_set(e, WHY_REFUSED,
		    "intent %llu is too old: key '%s' has signed up to %llu and remembers %d",
		    (unsigned long long)intent, l->job->label, (unsigned long long)s->newest,
		    GUARD_INTENTS);
	if (slot == NULL || slot->intent != intent)
		return true;
	*known = memcmp(slot->tbs, l->tbs, DIGEST) == 0;
	return *known || err_set(e, WHY_REFUSED, "intent %llu was signed with other octets",
			     (unsigned long long)intent);
}

static bool
look_cert(struct look *l, struct err *e)
{
	struct cert c;
	uint8_t spki[DIGEST];
	bool known, ca;

	if (!cert_decode_tbs(l->job->bytes, &c, e))
		return false;
	if (!inner_alg(l, &c.alg, e) || !needs_window(l, c.issuer, c.alg.hash, e) ||
	    !intent_is_new(l, &known, e))
		return false;
	if (known) {
		l->out->logged = true;
		return true;
	}
	if (!serial_positive(c.serial))
		return err_set(
		    e, WHY_REFUSED, "serial is not a positive number of at most 20 octets");
	if (c.not_after <= c.not_before || c.not_before < l->s->window.from ||
	    c.not_after > l->s->window.until)
		return err_set(e, WHY_REFUSED,
		    "dates are reversed or leave the window of key '%s'", l->job->label);
	ca = c.is_ca || (c.key_usage & KU_CERT_SIGN) != 0;
	sha256(c.key.whole, spki);
	if (ca && grant_find(l->s, spki) == l->s->grant_count)
		return err_set(e, WHY_REFUSED,
		    "CA:TRUE or keyCertSign without a grant for this public key");
	if (ca)
		grant_use(l->s, spki);
	state_intent(l->s, l->job->intent, l->tbs);
	record_start(l, REC_CERT);
	blob_add_u64(l->record, l->job->intent);
	blob_add(l->record, l->tbs, DIGEST);
	blob_add_byte(l->record, ca);
	if (ca)
		blob_add(l->record, spki, DIGEST);
	blob_add_view(l->record, c.serial);
	return true;
}

static bool
look_crl(struct look *l, struct err *e)
{
	struct crl c;

	if (!crl_decode_tbs(l->job->bytes, &c, e))
		return false;
	if (!inner_alg(l, &c.alg, e) || !needs_window(l, c.issuer, c.alg.hash, e))
		return false;
	if (c.number != l->job->intent)
		return err_set(e, WHY_REFUSED, "CRL number inside is not the one announced");
	if (l->s->has_crl && c.number == l->s->crl_number &&
	    memcmp(l->s->crl_tbs, l->tbs, DIGEST) == 0) {
		l->out->logged = true;
		return true;
	}
	if (l->s->has_crl && c.number <= l->s->crl_number)
		return err_set(e, WHY_REFUSED,
		    "CRL number %llu does not grow: %llu was signed (RFC 5280 5.2.3)",
		    (unsigned long long)c.number, (unsigned long long)l->s->crl_number);
	if (c.next_update <= c.this_update)
		return err_set(e, WHY_REFUSED, "nextUpdate is not after thisUpdate");
	state_crl(l->s, c.number, l->tbs);
	record_start(l, REC_CRL);
	blob_add_u64(l->record, c.number);
	blob_add(l->record, l->tbs, DIGEST);
	return true;
}

/*
 * A SET begins with 0x31, a TBSCertificate or TBSCertList with 0x30: with that octet settled
 * here, before any decoder has a say, no reply can be read as one of the others.
 */
static bool
look_reply(struct look *l, struct err *e)
{
	int type = 0;

	if (l->job->bytes.n == 0 || l->job->bytes.p[0] != DER_SET)
		return err_set(e, WHY_REFUSED, "a reply is a SET of attributes");
	if (!scep_attrs_decode(l->job->bytes, &type, e))
		return false;
	return type == SCEP_CERTREP ||
	       err_set(e, WHY_REFUSED, "attributes of message type %d, not of a CertRep", type);
}

static const struct {
	const char *name;
	bool (*look)(struct look *l, struct err *e);
} looks[] = {
    [SIGN_SELF] = {"self-signed certificate", look_self},
    [SIGN_CERT] = {"certificate", look_cert},
    [SIGN_CRL] = {"CRL", look_crl},
    [SIGN_REPLY] = {"reply", look_reply},
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
	if (!sig_alg_fits(&job->alg, p->kind))
		return err_set(e, WHY_REFUSED, "algorithm does not fit key '%s'", job->label);
	if (g->count >= STATES_MAX && l.s == NULL)
		return err_set(e, WHY_REFUSED, "too many keys");
	if (!hash_bytes(job->alg.hash, job->bytes, permit.digest, e))
		return false;
	permit.n = hash_size(job->alg.hash);
	if (job->alg.hash == HASH_SHA256)
		memcpy(l.tbs, permit.digest, DIGEST);
	else if (job->as != SIGN_REPLY)
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

void
guard_forget(struct guard *g, const struct pair *p, struct blob *record)
{
	state_drop(g, p->id);
	blob_add_byte(record, REC_FORGET);
	blob_add(record, p->id, PAIR_ID);
}

void
guard_archive(const struct pair *p, struct view certificate, struct blob *record)
{
	uint8_t digest[DIGEST];

	sha256(certificate, digest);
	blob_add_byte(record, REC_ARCHIVE);
	blob_add(record, p->id, PAIR_ID);
	blob_add(record, digest, DIGEST);
}

/* ---- the log and back
 * --------------------------------------------------------------------------------- */

static bool
read_octets(struct reader *r, uint8_t *out, size_t n)
{
	struct view v;

	if (!read_view(r, n, &v))
		return false;
	memcpy(out, v.p, n);
	return true;
}

static bool
read_when(struct reader *r, when_t *out)
{
	uint64_t v;

	if (!read_u64(r, &v))
		return false;
	*out = (when_t)v;
	return true;
}

static bool
read_window(struct reader *r, struct window *w)
{
	uint8_t hash;

	if (!read_octets(r, w->tbs, DIGEST) || !read_octets(r, w->subject, DIGEST) ||
	    !read_when(r, &w->from) || !read_when(r, &w->until) || !read_u8(r, &hash) ||
	    hash > HASH_SHA512)
		return false;
	w->hash = (enum hash)hash;
	return true;
}

static bool
replay_self(struct state *s, struct reader *r)
{
	struct window w;

	if (!read_window(r, &w))
		return false;
	state_window(s, &w);
	return r->n == 0;
}

static bool
replay_cert(struct state *s, struct reader *r)
{
	uint8_t tbs[DIGEST], spki[DIGEST], ca;
	uint64_t intent;

	if (!s->has_window || !read_u64(r, &intent) || intent == 0 ||
	    !read_octets(r, tbs, DIGEST) || !read_u8(r, &ca) || ca > 1)
		return false;
	if (ca && !read_octets(r, spki, DIGEST))
		return false;
	if (r->n == 0 || r->n > 20) /* the serial: there for whoever reads the log */
		return false;
	if (ca)
		grant_use(s, spki);
	state_intent(s, intent, tbs);
	return true;
}

static bool
replay_crl(struct state *s, struct reader *r)
{
	uint8_t tbs[DIGEST];
	uint64_t number;

	if (!s->has_window || !read_u64(r, &number) || !read_octets(r, tbs, DIGEST))
		return false;
	state_crl(s, number, tbs);
	return r->n == 0;
}

static bool
replay_grant(struct state *s, struct reader *r)
{
	uint8_t spki[DIGEST];

	if (!s->has_window || !read_octets(r, spki, DIGEST) || s->grant_count >= GUARD_GRANTS)
		return false;
	grant_add(s, spki);
	return r->n == 0;
}

static void
state_save(const struct state *s, struct blob *out)
{
	uint32_t n = 0;
	size_t count_at;

	blob_add(out, s->id, PAIR_ID);
	blob_add_byte(out, (uint8_t)(s->has_window | s->has_crl << 1));
	blob_add(out, s->window.tbs, DIGEST);
	blob_add(out, s->window.subject, DIGEST);
	blob_add_u64(out, (uint64_t)s->window.from);
	blob_add_u64(out, (uint64_t)s->window.until);
	blob_add_byte(out, (uint8_t)s->window.hash);
	blob_add_u64(out, s->crl_number);
	blob_add(out, s->crl_tbs, DIGEST);
	blob_add_u32(out, (uint32_t)s->grant_count);
	for (size_t i = 0; i < s->grant_count; i++)
		blob_add(out, s->grants[i], DIGEST);
	blob_add_u64(out, s->newest);
	count_at = out->n;
	blob_add_u32(out, 0);
	for (size_t i = 0; s->slots != NULL && i < GUARD_INTENTS; i++)
		if (s->slots[i].intent != 0) {
			blob_add_u64(out, s->slots[i].intent);
			blob_add(out, s->slots[i].tbs, DIGEST);
			n++;
		}
	for (int i = 0; i < 4; i++)
		out->p[count_at + (size_t)i] = (uint8_t)(n >> (24 - 8 * i));
}

void
guard_save(const struct guard *g, struct blob *record)
{
	blob_add_byte(record, REC_SAVED);
	blob_add_u32(record, (uint32_t)g->count);
	for (size_t i = 0; i < g->count; i++)
		state_save(g->states[i], record);
}

static bool
state_load(struct guard *g, struct reader *r)
{
	uint8_t id[PAIR_ID], flags, digest[DIGEST];
	uint64_t newest, intent;
	uint32_t n;
	struct state *s;

	if (!read_octets(r, id, PAIR_ID) || !read_u8(r, &flags) || flags > 3 ||
	    state_find(g, id) != NULL)
		return false;
	s = state_of(g, id);
	s->has_window = (flags & 1) != 0;
	s->has_crl = (flags & 2) != 0;
	if (!read_window(r, &s->window) || !read_u64(r, &s->crl_number) ||
	    !read_octets(r, s->crl_tbs, DIGEST) || !read_u32(r, &n) || n > GUARD_GRANTS)
		return false;
	while (n-- > 0) {
		if (!read_octets(r, digest, DIGEST))
			return false;
		grant_add(s, digest);
	}
	if (!read_u64(r, &newest) || !read_u32(r, &n) || n > GUARD_INTENTS)
		return false;
	while (n-- > 0) {
		if (!read_u64(r, &intent) || intent == 0 || intent > newest ||
		    !read_octets(r, digest, DIGEST))
			return false;
		state_intent(s, intent, digest);
	}
	return s->newest == newest;
}

static bool
replay_saved(struct guard *g, struct reader *r)
{
	uint32_t n;

	if (g->count != 0 || !read_u32(r, &n) || n > STATES_MAX)
		return false;
	while (n-- > 0)
		if (!state_load(g, r))
			return false;
	return r->n == 0;
}

static bool
replay_one(struct guard *g, struct reader *r)
{
	static bool (*const by_kind[])(struct state *, struct reader *) = {
	    [REC_SELF] = replay_self,
	    [REC_CERT] = replay_cert,
	    [REC_CRL] = replay_crl,
	    [REC_GRANT] = replay_grant,
	};
	uint8_t kind, id[PAIR_ID];

	if (!read_u8(r, &kind))
		return false;
	if (kind == REC_SAVED)
		return replay_saved(g, r);
	if (!read_octets(r, id, PAIR_ID))
		return false;
	if (kind == REC_ARCHIVE)
		return r->n == DIGEST;
	if (kind == REC_FORGET) {
		state_drop(g, id);
		return r->n == 0;
	}
	if (kind >= COUNT_OF(by_kind) || by_kind[kind] == NULL || g->count >= STATES_MAX)
		return false;
	return by_kind[kind](state_of(g, id), r);
}

bool
guard_replay(void *arg, struct view record, struct err *e)
{
	struct reader r = reader_of(record);

	return replay_one(arg, &r) ||
	       err_set(e, WHY_BAD_INPUT, "record of %zu octets breaks the layout", record.n);
}
