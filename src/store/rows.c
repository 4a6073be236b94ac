/* rows.c - describe, copy and count rows. */
#include <string.h>

#include "store/rows.h"

_Static_assert(sizeof(enum cert_kind) == sizeof(int), "enums are columns of kind COLUMN_INT");

#define INT64(s, f)                                                                            \
	{                                                                                      \
		COLUMN_INT64, offsetof(struct s, f)                                            \
	}
#define INT(s, f)                                                                              \
	{                                                                                      \
		COLUMN_INT, offsetof(struct s, f)                                              \
	}
#define OCTETS(s, f)                                                                           \
	{                                                                                      \
		COLUMN_VIEW, offsetof(struct s, f)                                             \
	}
#define TEXT(s, f)                                                                             \
	{                                                                                      \
		COLUMN_TEXT, offsetof(struct s, f)                                             \
	}
#define ROW_TYPE(name, s)                                                                      \
	const struct row_type name##_type = {                                                  \
	    sizeof(struct s), COUNT_OF(name##_columns), name##_columns};                       \
	_Static_assert(COUNT_OF(name##_columns) <= COLUMNS_MAX, "too many columns")

/* clang-format off */
static const struct column generation_columns[] = {
	INT64(row_generation, number),
	TEXT(row_generation, key_label),
	OCTETS(row_generation, cert),
	OCTETS(row_generation, spki),
	INT64(row_generation, not_before),
	INT64(row_generation, not_after),
	INT64(row_generation, made_at),
	INT64(row_generation, switched_at),
	INT64(row_generation, crl_number),
	TEXT(row_generation, ra_label),
	INT64(row_generation, ra_intent),
	INT64(row_generation, cancelled_at),
};

static const struct column cert_columns[] = {
	INT64(row_cert, intent),
	INT64(row_cert, generation),
	OCTETS(row_cert, serial),
	INT64(row_cert, serial8),
	INT64(row_cert, key8),
	OCTETS(row_cert, identity),
	OCTETS(row_cert, subject),
	INT64(row_cert, not_before),
	INT64(row_cert, not_after),
	INT64(row_cert, made_at),
	INT(row_cert, kind),
	INT(row_cert, state),
	OCTETS(row_cert, request),
	TEXT(row_cert, transaction),
	TEXT(row_cert, granted_by),
	INT64(row_cert, revoked_at),
	INT(row_cert, revoked_why),
	OCTETS(row_cert, body),
};

static const struct column request_columns[] = {
	INT64(row_request, id),
	INT64(row_request, generation),
	INT64(row_request, key8),
	OCTETS(row_request, digest),
	OCTETS(row_request, identity),
	TEXT(row_request, transaction),
	OCTETS(row_request, csr),
	OCTETS(row_request, signer),
	TEXT(row_request, fingerprint),
	TEXT(row_request, source),
	INT(row_request, role),
	INT(row_request, state),
	TEXT(row_request, reason),
	INT64(row_request, made_at),
	INT64(row_request, expires_at),
	INT64(row_request, intent),
};

static const struct column challenge_columns[] = {
	OCTETS(row_challenge, hash),
	INT64(row_challenge, made_at),
	INT64(row_challenge, expires_at),
	INT64(row_challenge, used_at),
	OCTETS(row_challenge, used_by),
};

static const struct column client_columns[] = {
	OCTETS(row_client, identity),
	OCTETS(row_client, subject),
	INT64(row_client, first_seen),
	INT64(row_client, last_seen),
	TEXT(row_client, source),
	TEXT(row_client, asked),
	INT64(row_client, intent),
	INT(row_client, strength),
	INT64(row_client, shadow),
	INT(row_client, shadows),
	OCTETS(row_client, usages),
	INT64(row_client, confirmed),
};

static const struct column crl_columns[] = {
	INT64(row_crl, generation),
	INT64(row_crl, number),
	INT64(row_crl, this_update),
	INT64(row_crl, next_update),
	OCTETS(row_crl, der),
};

static const struct column audit_columns[] = {
	INT64(row_audit, sequence),
	INT64(row_audit, at),
	TEXT(row_audit, actor),
	TEXT(row_audit, act),
	TEXT(row_audit, object),
	OCTETS(row_audit, hash),
};

static const struct column fact_columns[] = {
	OCTETS(row_fact, value),
};
/* clang-format on */

ROW_TYPE(generation, row_generation);
ROW_TYPE(cert, row_cert);
ROW_TYPE(request, row_request);
ROW_TYPE(challenge, row_challenge);
ROW_TYPE(client, row_client);
ROW_TYPE(crl, row_crl);
ROW_TYPE(audit, row_audit);
ROW_TYPE(fact, row_fact);

int64_t
column_int(const struct column *c, const void *row)
{
	const uint8_t *at = (const uint8_t *)row + c->offset;
	int64_t wide = 0;
	int narrow = 0;

	if (c->kind == COLUMN_INT64) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

struct view
column_bytes(const struct column *c, const void *row)
{
	const uint8_t *at = (const uint8_t *)row + c->offset;
	struct view v = {0};
	const char *text = NULL;

	if (c->kind == COLUMN_VIEW) {
		memcpy(&v, at, sizeof(v));
		return v;
	}
	memcpy(&text, at, sizeof(text));
	return text ? view_str(text) : v;
}

void
column_set(const struct column *c, void *row, int64_t i, struct view bytes)
{
	uint8_t *at = (uint8_t *)row + c->offset;
	const char *text = (const char *)bytes.p;
	int narrow = (int)i;

	switch (c->kind) {
	case COLUMN_INT64:
		memcpy(at, &i, sizeof(i));
		break;
	case COLUMN_INT:
		memcpy(at, &narrow, sizeof(narrow));
		break;
	case COLUMN_VIEW:
		memcpy(at, &bytes, sizeof(bytes));
		break;
	case COLUMN_TEXT:
		memcpy(at, &text, sizeof(text));
		break;
	}
}

static bool
holds_bytes(const struct column *c)
{
	return c->kind == COLUMN_VIEW || c->kind == COLUMN_TEXT;
}

void *
row_copy(const struct row_type *t, const void *row)
{
	size_t size = t->size;
	uint8_t *copy, *to;

	for (size_t i = 0; i < t->count; i++)
		if (holds_bytes(&t->column[i]))
			size += column_bytes(&t->column[i], row).n + 1;
	copy = mem_get(size);
	memcpy(copy, row, t->size);
	to = copy + t->size;
	for (size_t i = 0; i < t->count; i++) {
		struct view v;

		if (!holds_bytes(&t->column[i]))
			continue;
		v = column_bytes(&t->column[i], row);
		if (v.n > 0)
			memcpy(to, v.p, v.n);
		column_set(&t->column[i], copy, 0, view_of(to, v.n));
		to += v.n + 1; /* mem_get has put the NUL of a text */
	}
	return copy;
}

void
tally_encode(const struct tally *t, struct blob *out)
{
	blob_add_u64(out, (uint64_t)t->issued);
	blob_add_u64(out, (uint64_t)t->revoked);
	blob_add_u64(out, (uint64_t)t->pending);
	blob_add_u64(out, (uint64_t)t->last_intent);
	blob_add_u64(out, (uint64_t)t->last_request);
	blob_add_u64(out, (uint64_t)t->last_audit);
	blob_add(out, t->audit_hash, sizeof(t->audit_hash));
}

bool
tally_decode(struct view v, struct tally *out, struct err *e)
{
	struct reader r = reader_of(v);
	uint64_t n[6];
	struct view hash;

	for (size_t i = 0; i < COUNT_OF(n); i++)
		if (!read_u64(&r, &n[i]))
			return err_set(e, WHY_IO, "tally of %zu octets is cut short", v.n);
	if (!read_view(&r, sizeof(out->audit_hash), &hash) || r.n != 0)
		return err_set(e, WHY_IO, "tally of %zu octets has a wrong length", v.n);
	*out = (struct tally){(int64_t)n[0], (int64_t)n[1], (int64_t)n[2], (int64_t)n[3],
	    (int64_t)n[4], (int64_t)n[5], {0}};
	memcpy(out->audit_hash, hash.p, hash.n);
	return true;
}

void
tally_audit(struct tally *t, struct row_audit *r)
{
	uint8_t hash[32];

	r->sequence = t->last_audit + 1;
	audit_hash(view_of(t->audit_hash, sizeof(t->audit_hash)), r, hash);
	memcpy(t->audit_hash, hash, sizeof(hash));
	t->last_audit = r->sequence;
	r->hash = view_of(t->audit_hash, sizeof(t->audit_hash));
}

bool
key_check(const char *what, struct view key, struct err *e)
{
	if (key.n != KEY_SIZE)
		return err_set(
		    e, WHY_BUG, "%s of %zu octets, must be %d", what, key.n, KEY_SIZE);
	return true;
}

bool
fact_check(const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (n == 0 || n > FACT_NAME_MAX)
		return err_set(
		    e, WHY_BUG, "name of a fact has %zu octets, limit %d", n, FACT_NAME_MAX);
	return true;
}
