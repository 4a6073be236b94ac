/* audit.c - chain and verify audit records. */
#include <string.h>

#include "store/rows.h"

/*
 * hash(n) = SHA-256(hash(n - 1) || sequence || at || actor || act || object): numbers as 8
 * octets big endian, texts as 4 octets of length and their octets. hash(0) is 32 zero octets.
 */
void
audit_hash(struct view previous, const struct row_audit *r, uint8_t out[32])
{
	struct blob b = {0};

	blob_add_view(&b, previous);
	blob_add_u64(&b, (uint64_t)r->sequence);
	blob_add_u64(&b, (uint64_t)r->at);
	blob_add_sized(&b, view_str(r->actor));
	blob_add_sized(&b, view_str(r->act));
	blob_add_sized(&b, view_str(r->object));
	sha256(blob_view(&b), out);
	blob_free(&b);
}

/* How many records there must be at least: the chain alone cannot tell that its end was cut
 * off. */
static bool
audit_expected(struct store *s, int64_t *least, struct err *e)
{
	struct blob b = {0};
	struct tally t = {0};
	struct err why = {0};
	bool ok = false;

	if (!s->table->fact_get(s, TALLY_FACT, &b, &why)) {
		ok = why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
		goto out;
	}
	ok = tally_decode(blob_view(&b), &t, e);
out:
	if (ok)
		*least = t.last_audit;
	blob_free(&b);
	return ok;
}

bool
audit_verify(struct store *s, struct err *e)
{
	uint8_t previous[32] = {0}, hash[32];
	int64_t last = 0, least = 0;
	struct row_audit r;
	struct err why = {0};

	if (!audit_expected(s, &least, e))
		return false;
	while (s->table->audit_next(s, last, &r, &why)) {
		if (r.sequence != last + 1)
			return err_set(e, WHY_REFUSED, "audit record %lld is missing",
			    (long long)last + 1);
		audit_hash(view_of(previous, sizeof(previous)), &r, hash);
		if (!view_equal(r.hash, view_of(hash, sizeof(hash))))
			return err_set(e, WHY_REFUSED,
			    "audit record %lld does not fit the chain", (long long)r.sequence);
		memcpy(previous, hash, sizeof(previous));
		last = r.sequence;
	}
	if (why.why != WHY_NOT_FOUND)
		return err_set(e, why.why, "%s", why.text);
	if (last < least)
		return err_set(e, WHY_REFUSED,
		    "audit record %lld is missing: the end was cut off", (long long)last + 1);
	return true;
}
