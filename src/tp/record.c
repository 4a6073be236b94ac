/* record.c - facts and requests on the shelf. */
#include <string.h>

#include "tp/tp_int.h"

#define RECORD_VERSION 1
#define REQUEST_VERSION 1

/* ---- facts as octets ---- */

enum { /* flags of the record */
	FLAG_CAPS_KNOWN = 1 << 0,
	FLAG_BEHIND = 1 << 1,
	FLAG_CONFIRMED = 1 << 2,
	FLAG_ENROL_ASKED = 1 << 3,
	FLAG_PENDING = 1 << 4,
	FLAG_LOST = 1 << 5,
	FLAG_LATE = 1 << 6,
	FLAGS = (1 << 7) - 1,
};

static void
trouble_encode(const struct plan_trouble *t, struct blob *out)
{
	blob_add_byte(out, (uint8_t)t->answer);
	blob_add_byte(out, t->draw);
	blob_add_u32(out, t->tries);
	blob_add_u64(out, (uint64_t)t->at);
	blob_add_u64(out, (uint64_t)t->retry_after);
}

static bool
trouble_decode(struct reader *r, struct plan_trouble *t)
{
	uint8_t answer;
	uint32_t tries;
	uint64_t at, retry_after;

	if (!read_u8(r, &answer) || answer > ANSWER_REJECT || !read_u8(r, &t->draw) ||
	    !read_u32(r, &tries) || !read_u64(r, &at) || !read_u64(r, &retry_after))
		return false;
	t->answer = (enum plan_answer)answer;
	t->tries = tries;
	t->at = (when_t)at;
	t->retry_after = (when_t)retry_after;
	return true;
}

static void
record_encode(const struct record *r, struct blob *out)
{
	const struct plan_tp_facts *f = &r->plan;

	blob_add_byte(out, RECORD_VERSION);
	blob_add_byte(
	    out, (uint8_t)((f->caps_known ? FLAG_CAPS_KNOWN : 0) |
			   (f->behind ? FLAG_BEHIND : 0) | (f->confirmed ? FLAG_CONFIRMED : 0) |
			   (f->enrol_asked ? FLAG_ENROL_ASKED : 0) |
			   (f->pending ? FLAG_PENDING : 0) | (r->lost ? FLAG_LOST : 0) |
			   (f->late ? FLAG_LATE : 0)));
	blob_add_u16(out, r->caps);
	blob_add_u16(out, f->spread_draw);
	blob_add_u32(out, r->last_key);
	blob_add_u32(out, r->id_key);
	blob_add_u32(out, r->shadow_key);
	trouble_encode(&f->fetch, out);
	trouble_encode(&f->ask, out);
	for (size_t i = 0; i < r->doomed_count; i++)
		blob_add_u32(out, r->doomed[i]);
}

static bool
record_decode(struct view bytes, struct record *out)
{
	struct reader r = reader_of(bytes);
	struct record x = {0};
	uint8_t version, flags;

	if (!read_u8(&r, &version) || version != RECORD_VERSION || !read_u8(&r, &flags) ||
	    flags > FLAGS || !read_u16(&r, &x.caps) || x.caps > CAP_ALL ||
	    !read_u16(&r, &x.plan.spread_draw) || !read_u32(&r, &x.last_key) ||
	    !read_u32(&r, &x.id_key) || !read_u32(&r, &x.shadow_key) ||
	    !trouble_decode(&r, &x.plan.fetch) || !trouble_decode(&r, &x.plan.ask))
		return false;
	if (x.id_key > x.last_key || x.shadow_key > x.last_key)
		return false;
	while (r.n > 0) {
		if (x.doomed_count == DOOMED_MAX || !read_u32(&r, &x.doomed[x.doomed_count++]))
			return false;
	}
	x.plan.caps_known = (flags & FLAG_CAPS_KNOWN) != 0;
	x.plan.caps_next_ca = (x.caps & CAP_NEXT_CA) != 0;
	x.plan.behind = (flags & FLAG_BEHIND) != 0;
	x.plan.confirmed = (flags & FLAG_CONFIRMED) != 0;
	x.plan.enrol_asked = (flags & FLAG_ENROL_ASKED) != 0;
	x.plan.pending = (flags & FLAG_PENDING) != 0;
	x.lost = (flags & FLAG_LOST) != 0;
	x.plan.late = (flags & FLAG_LATE) != 0;
	*out = x;
	return true;
}

/* ---- a request as octets ---- */

void
request_encode(const struct request *r, struct blob *out)
{
	blob_add_byte(out, REQUEST_VERSION);
	blob_add_byte(out, (uint8_t)(r->closed | r->temporary << 1));
	blob_add_u32(out, r->key);
	blob_add_u32(out, r->signer_key);
	blob_add(out, r->addressed, sizeof(r->addressed));
	blob_add_sized(out, blob_view(&r->transaction));
	blob_add_sized(out, blob_view(&r->csr));
	blob_add_sized(out, blob_view(&r->signer));
}

bool
request_decode(struct view bytes, struct request *out)
{
	struct reader r = reader_of(bytes);
	struct view addressed, transaction, csr, signer;
	struct csr c;
	struct cert s;
	uint32_t key, signer_key;
	uint8_t version, flags;

	if (!read_u8(&r, &version) || version != REQUEST_VERSION || !read_u8(&r, &flags) ||
	    flags > 3 || !read_u32(&r, &key) || key == 0 || !read_u32(&r, &signer_key) ||
	    signer_key == 0 || !read_view(&r, sizeof(out->addressed), &addressed) ||
	    !read_sized(&r, &transaction) || !read_sized(&r, &csr) ||
	    !read_sized(&r, &signer) || r.n != 0 || transaction.n == 0 ||
	    transaction.n > SCEP_TRANSACTION_MAX || !csr_decode(csr, &c, NULL) ||
	    !cert_decode(signer, &s, NULL))
		return false;
	out->closed = (flags & 1) != 0;
	out->temporary = (flags & 2) != 0;
	out->key = key;
	out->signer_key = signer_key;
	memcpy(out->addressed, addressed.p, addressed.n);
	blob_set(&out->transaction, transaction);
	blob_set(&out->csr, csr);
	blob_set(&out->signer, signer);
	return true;
}

void
request_free(struct request *r)
{
	blob_free(&r->transaction);
	blob_free(&r->csr);
	blob_free(&r->signer);
	*r = (struct request){0};
}

/* ---- the shelf ---- */

static const char *const leaves[TP_LEAVES] = {
    [TP_FACTS] = "facts",
    [TP_CA] = "CA certificate",
    [TP_ID] = "certificate",
    [TP_NEXT_CA] = "next CA certificate",
    [TP_SHADOW] = "next certificate",
    [TP_REQUEST] = "request",
};

bool
shelf_look(struct tp *t, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	struct err why = {0};

	blob_clear(out);
	if (t->shelf->table->get(t->shelf, leaf, out, &why) || why.why == WHY_NOT_FOUND)
		return true;
	return err_set(e, why.why, "shelf of %s, %s: %s", t->label, leaves[leaf], why.text);
}

bool
shelf_get(struct tp *t, enum tp_leaf leaf, struct blob *out, struct err *e)
{
	return shelf_look(t, leaf, out, e) &&
	       (out->n > 0 ||
		   err_set(e, WHY_BUG, "shelf of %s: %s is gone", t->label, leaves[leaf]));
}

static bool
senseless(const struct tp *t, enum tp_leaf leaf, const struct err *why, struct err *e)
{
	return err_set(e, WHY_BAD_INPUT, "shelf of %s: %s makes no sense: %s", t->label,
	    leaves[leaf], why->text);
}

bool
shelf_cert(struct tp *t, enum tp_leaf leaf, struct blob *der, struct cert *out, struct err *e)
{
	struct err why = {0};

	return shelf_get(t, leaf, der, e) &&
	       (cert_decode(blob_view(der), out, &why) || senseless(t, leaf, &why, e));
}

bool
request_load(struct tp *t, struct request *out, struct err *e)
{
	struct blob bytes = {0};
	struct err why = {.text = "it breaks the layout"};
	bool ok = shelf_get(t, TP_REQUEST, &bytes, e) &&
		  (request_decode(blob_view(&bytes), out) || senseless(t, TP_REQUEST, &why, e));

	blob_free(&bytes);
	return ok;
}

void
record_ca(struct record *r, const struct cert *ca)
{
	r->plan.authenticated = true;
	r->plan.ca_from = ca->not_before;
	r->plan.ca_until = ca->not_after;
}

static void
id_dates(struct record *r, const struct cert *id)
{
	r->plan.have_id = true;
	r->plan.id_from = id->not_before;
	r->plan.id_until = id->not_after;
	r->plan.issuer_until = r->plan.ca_until;
}

void
record_id(struct tp *t, struct record *r, const struct cert *id)
{
	uint8_t draw[2];

	keys_random(t->keys, draw, sizeof(draw));
	r->plan.spread_draw = (uint16_t)(draw[0] << 8 | draw[1]);
	r->plan.behind = r->plan.late = r->lost = false;
	id_dates(r, id);
}

/* What the certificates say. None is there without the one it needs. */
static bool
dates_load(struct tp *t, struct record *r, struct err *e)
{
	struct blob ca = {0}, id = {0}, next = {0}, shadow = {0};
	struct err why = {0};
	struct cert c;
	bool ok = false;

	if (!shelf_look(t, TP_CA, &ca, e) || !shelf_look(t, TP_ID, &id, e) ||
	    !shelf_look(t, TP_NEXT_CA, &next, e) || !shelf_look(t, TP_SHADOW, &shadow, e))
		goto out;
	if (ca.n > 0 && !bundle_ca(blob_view(&ca), &c, &why)) {
		senseless(t, TP_CA, &why, e);
		goto out;
	}
	if (ca.n > 0)
		record_ca(r, &c);
	if (id.n > 0 && (r->id_key == 0 || !cert_decode(blob_view(&id), &c, &why))) {
		senseless(t, TP_ID, &why, e);
		goto out;
	}
	if (id.n > 0 && ca.n > 0 && !r->plan.behind)
		id_dates(r, &c);
	if (next.n > 0 && (ca.n == 0 || !bundle_ca(blob_view(&next), &c, &why))) {
		senseless(t, TP_NEXT_CA, &why, e);
		goto out;
	}
	r->plan.have_next_ca = next.n > 0;
	r->plan.next_ca_from = next.n > 0 ? c.not_before : 0;
	if (shadow.n > 0 && (next.n == 0 || !r->plan.have_id || r->shadow_key == 0 ||
				!cert_decode(blob_view(&shadow), &c, &why))) {
		senseless(t, TP_SHADOW, &why, e);
		goto out;
	}
	r->plan.have_shadow = shadow.n > 0;
	r->plan.shadow_from = shadow.n > 0 ? c.not_before : 0;
	ok = true;
out:
	blob_free(&ca);
	blob_free(&id);
	blob_free(&next);
	blob_free(&shadow);
	return ok;
}

bool
record_load(struct tp *t, struct err *e)
{
	struct blob bytes = {0}, there = {0};
	struct request request = {0};
	struct record r = {0};
	struct err why = {.text = "they break the layout"};
	bool ok = false;

	if (!shelf_look(t, TP_FACTS, &bytes, e))
		goto out;
	if (bytes.n > 0 && !record_decode(blob_view(&bytes), &r)) {
		senseless(t, TP_FACTS, &why, e);
		goto out;
	}
	if (!dates_load(t, &r, e) || !shelf_look(t, TP_REQUEST, &there, e) ||
	    (there.n > 0 && !request_load(t, &request, e)))
		goto out;
	if (there.n > 0) {
		r.request_key = request.key;
		r.request_signer_key = request.signer_key;
	}
	r.plan.pending = r.plan.pending && there.n > 0 && !request.closed;
	t->record = r;
	ok = true;
out:
	request_free(&request);
	blob_free(&bytes);
	blob_free(&there);
	return ok;
}

bool
record_commit(struct tp *t, const struct record *next, const struct tp_change *list, size_t n,
    struct err *e)
{
	struct tp_change all[TP_LEAVES];
	struct blob facts = {0};
	bool ok;

	for (size_t i = 0; i < n; i++)
		all[i] = list[i];
	record_encode(next, &facts);
	all[n] = (struct tp_change){TP_FACTS, blob_view(&facts)};
	ok = t->shelf->table->put(t->shelf, all, n + 1, e);
	blob_free(&facts);
	if (ok)
		t->record = *next;
	return ok;
}

void
record_doom(struct record *r, uint32_t key)
{
	if (key == 0 || key == r->id_key || key == r->shadow_key)
		return;
	for (size_t i = 0; i < r->doomed_count; i++)
		if (r->doomed[i] == key)
			return;
	if (r->doomed_count < DOOMED_MAX)
		r->doomed[r->doomed_count++] = key;
}
