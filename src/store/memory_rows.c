/* memory_rows.c - the store's functions over ordered maps. */
#include <string.h>

#include "store/memory.h"

/* ---- keys ---- */

static struct map_key
key_int(int64_t i)
{
	struct map_key k = {0};

	key_add_int(&k, i);
	return k;
}

static struct map_key
key_ints(int64_t a, int64_t b)
{
	struct map_key k = key_int(a);

	key_add_int(&k, b);
	return k;
}

/* Longer octets than any key have no row: they become the empty key, which none has. */
static struct map_key
key_view(struct view v)
{
	struct map_key k = {0};

	if (v.n <= KEY_SIZE)
		key_add_view(&k, v);
	return k;
}

static struct map_key
key_digest(struct view digest, int64_t id)
{
	struct map_key k = key_view(digest);

	key_add_int(&k, id);
	return k;
}

static struct map_key
key_fact(const char *name)
{
	struct map_key k = {0};
	struct view v = view_str(name);

	if (v.n <= FACT_NAME_MAX)
		key_add_view(&k, v);
	return k;
}

static bool
found(struct memory *m, enum which map, struct map_key key, const struct row_type *t, void *out,
    const char *what, struct err *e)
{
	const void *row = map_get(&m->map[map], &key);

	if (!row)
		return err_set(e, WHY_NOT_FOUND, "no such %s", what);
	memcpy(out, row, t->size);
	return true;
}

static bool
found_entry(const struct map_entry *entry, const struct row_type *t, void *out,
    const char *what, struct err *e)
{
	if (!entry)
		return err_set(e, WHY_NOT_FOUND, "no further %s", what);
	memcpy(out, entry->row, t->size);
	return true;
}

/* ---- facts and generations ---- */

static bool
memory_fact_get(struct store *s, const char *name, struct blob *out, struct err *e)
{
	struct row_fact f;

	if (!found(memory_of(s), MAP_FACT, key_fact(name), &fact_type, &f, "fact", e))
		return false;
	blob_set(out, f.value);
	return true;
}

bool
memory_fact_put(struct store *s, const char *name, struct view value, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_fact f = {value};

	if (!memory_writable(m, e) || !fact_check(name, e))
		return false;
	memory_set(m, MAP_FACT, key_fact(name), row_copy(&fact_type, &f));
	return true;
}

static bool
memory_generation_put(struct store *s, const struct row_generation *g, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key k = {0};

	if (!memory_writable(m, e))
		return false;
	/* one active, one next: unswitched numbers differ in parity, as the index of schema.c
	 * says */
	for (const struct map_entry *at = map_after(&m->map[MAP_GENERATION], &k); at;
	     at = map_after(&m->map[MAP_GENERATION], &k)) {
		const struct row_generation *other = at->row;

		if (g->switched_at == 0 && other->switched_at == 0 &&
		    other->number != g->number && other->number % 2 == g->number % 2)
			return err_set(e, WHY_REFUSED,
			    "generation %lld: one active and one next exist",
			    (long long)g->number);
		k = at->key;
	}
	memory_set(m, MAP_GENERATION, key_int(g->number), row_copy(&generation_type, g));
	return true;
}

static bool
memory_generation_get(
    struct store *s, int64_t number, struct row_generation *out, struct err *e)
{
	return found(memory_of(s), MAP_GENERATION, key_int(number), &generation_type, out,
	    "generation", e);
}

static bool
memory_generation_last(struct store *s, int64_t *number, struct err *e)
{
	struct map_key end = key_int(INT64_MAX);
	const struct map_entry *at = map_before(&memory_of(s)->map[MAP_GENERATION], &end);

	if (!at)
		return err_set(e, WHY_NOT_FOUND, "no generation");
	*number = key_last_int(&at->key);
	return true;
}

/* ---- certificates -------------------------------------------------------------------------
 */

static bool
memory_cert_get(struct store *s, int64_t intent, struct row_cert *out, struct err *e)
{
	return found(
	    memory_of(s), MAP_CERT, key_int(intent), &cert_type, out, "certificate", e);
}

static bool
memory_cert_by_serial(struct store *s, struct view serial, struct row_cert *out, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key prefix = key_int(sha256_8(serial));
	const struct map_entry *at = map_after(&m->map[INDEX_CERT_SERIAL], &prefix);
	struct row_cert c;

	if (!at || !key_starts(&at->key, &prefix) ||
	    !memory_cert_get(s, key_last_int(&at->key), &c, e) || !view_equal(c.serial, serial))
		return err_set(e, WHY_NOT_FOUND, "no certificate with this serial");
	*out = c;
	return true;
}

static bool
memory_cert_intent(struct store *s, const struct row_cert *c, int64_t *intent, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_cert row = *c;
	struct map_key prefix;
	const struct map_entry *at;

	if (!memory_writable(m, e))
		return false;
	row.serial8 = sha256_8(c->serial);
	prefix = key_int(row.serial8);
	at = map_after(&m->map[INDEX_CERT_SERIAL], &prefix);
	if (at && key_starts(&at->key, &prefix))
		return err_set(e, WHY_REFUSED, "serial exists (certificate %lld)",
		    (long long)key_last_int(&at->key));
	if (row.intent <= m->tally.last_intent)
		row.intent = m->tally.last_intent + 1;
	m->tally.last_intent = row.intent;
	row.state = CERT_INTENT;
	row.revoked_at = 0;
	row.revoked_why = 0;
	memory_set(m, MAP_CERT, key_int(row.intent), row_copy(&cert_type, &row));
	memory_index(m, INDEX_CERT_SERIAL, key_ints(row.serial8, row.intent));
	memory_index(m, INDEX_CERT_KEY, key_ints(row.key8, row.intent));
	memory_index(m, INDEX_CERT_OPEN, key_int(row.intent));
	*intent = row.intent;
	return true;
}

static bool
memory_cert_settle(struct store *s, int64_t intent, struct view der, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_cert row;

	if (!memory_writable(m, e) || !memory_cert_get(s, intent, &row, e))
		return false;
	if (row.state != CERT_INTENT)
		return err_set(
		    e, WHY_REFUSED, "certificate %lld is settled", (long long)intent);
	row.state = der.n > 0 ? CERT_ISSUED : CERT_VOID;
	row.body = der;
	if (row.state == CERT_VOID) {
		memory_unindex(m, INDEX_CERT_SERIAL, key_ints(row.serial8, intent));
		row.serial8 = -intent;
	}
	memory_set(m, MAP_CERT, key_int(intent), row_copy(&cert_type, &row));
	memory_unindex(m, INDEX_CERT_OPEN, key_int(intent));
	m->tally.issued += row.state == CERT_ISSUED;
	return true;
}

static bool
memory_cert_by_key(
    struct store *s, int64_t key8, int64_t before, struct row_cert *out, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key k = key_ints(key8, before), prefix = key_int(key8);
	const struct map_entry *at = map_before(&m->map[INDEX_CERT_KEY], &k);

	if (!at || !key_starts(&at->key, &prefix))
		return err_set(e, WHY_NOT_FOUND, "no further certificate of this key");
	return memory_cert_get(s, key_last_int(&at->key), out, e);
}

static bool
memory_cert_next(struct store *s, int64_t after, struct row_cert *out, struct err *e)
{
	struct map_key k = key_int(after);

	return found_entry(
	    map_after(&memory_of(s)->map[MAP_CERT], &k), &cert_type, out, "certificate", e);
}

static bool
memory_cert_key_elsewhere(
    struct store *s, int64_t key8, struct view identity, bool *found, struct err *e)
{
	struct err why = {0};
	struct row_cert row;

	*found = false;
	for (int64_t n = 0, before = INT64_MAX;
	     n < KEY_LOOK_BACK && !*found && memory_cert_by_key(s, key8, before, &row, &why);
	     n++, before = row.intent)
		*found = row.state != CERT_VOID && !view_equal(row.identity, identity);
	return why.why == WHY_NONE || why.why == WHY_NOT_FOUND ||
	       err_set(e, why.why, "%s", why.text);
}

static bool
memory_cert_last(struct store *s, struct row_cert *out, struct err *e)
{
	struct map_key k = key_int(INT64_MAX);

	return found_entry(
	    map_before(&memory_of(s)->map[MAP_CERT], &k), &cert_type, out, "certificate", e);
}

static bool
memory_cert_open(struct store *s, int64_t after, struct row_cert *out, struct err *e)
{
	struct map_key k = key_int(after);
	const struct map_entry *at = map_after(&memory_of(s)->map[INDEX_CERT_OPEN], &k);

	if (!at)
		return err_set(e, WHY_NOT_FOUND, "no further open intent");
	return memory_cert_get(s, key_last_int(&at->key), out, e);
}

static bool
memory_cert_revoke(struct store *s, int64_t intent, when_t at, int why, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_cert row;

	if (!memory_writable(m, e) || !memory_cert_get(s, intent, &row, e))
		return false;
	if (row.state != CERT_ISSUED || row.revoked_at != 0)
		return err_set(e, WHY_REFUSED, "certificate %lld is %s", (long long)intent,
		    row.revoked_at != 0 ? "revoked already" : "not issued");
	row.revoked_at = at;
	row.revoked_why = why;
	memory_set(m, MAP_CERT, key_int(intent), row_copy(&cert_type, &row));
	m->tally.revoked++;
	return true;
}

static bool
memory_cert_count(struct store *s, int64_t *issued, int64_t *revoked, struct err *e)
{
	(void)e;
	*issued = memory_of(s)->tally.issued;
	*revoked = memory_of(s)->tally.revoked;
	return true;
}

static bool
memory_revoked_get(struct store *s, struct blob *entries, struct err *e)
{
	(void)e;
	blob_set(entries, blob_view(&memory_of(s)->revoked));
	return true;
}

#define PIECE ((size_t)4096)

static bool
memory_revoked_next(
    struct store *s, int64_t after, int64_t *at, struct blob *entries, struct err *e)
{
	struct view all = blob_view(&memory_of(s)->revoked);
	size_t n;

	if (after < 0 || (size_t)after >= all.n)
		return err_set(e, WHY_NOT_FOUND, "no further chunk");
	n = all.n - (size_t)after < PIECE ? all.n - (size_t)after : PIECE;
	blob_add_view(entries, view_of(all.p + after, n));
	*at = n < PIECE ? INT64_MAX : after + (int64_t)n;
	return true;
}

static bool
memory_revoked_most(struct store *s, size_t *octets, struct err *e)
{
	(void)e;
	*octets = memory_of(s)->revoked.n;
	return true;
}

static bool
memory_revoked_add(struct store *s, struct view entry, struct err *e)
{
	struct memory *m = memory_of(s);

	if (!memory_writable(m, e))
		return false;
	blob_add_view(&m->revoked, entry);
	return true;
}

/* ---- requests -------------------------------------------------------------------------------
 */

static bool
memory_request_get(struct store *s, int64_t id, struct row_request *out, struct err *e)
{
	return found(memory_of(s), MAP_REQUEST, key_int(id), &request_type, out, "request", e);
}

static bool
memory_request_by_digest(
    struct store *s, struct view digest, struct row_request *out, struct err *e)
{
	struct map_key prefix = key_view(digest);
	const struct map_entry *at;

	at = map_after(&memory_of(s)->map[INDEX_REQUEST_DIGEST], &prefix);
	if (digest.n != KEY_SIZE || !at || !key_starts(&at->key, &prefix))
		return err_set(e, WHY_NOT_FOUND, "no request with this digest");
	return memory_request_get(s, key_last_int(&at->key), out, e);
}

static bool
memory_request_add(struct store *s, const struct row_request *r, int64_t *id, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_request row = *r, other;

	if (!memory_writable(m, e) || !key_check("digest of a request", r->digest, e))
		return false;
	if (memory_request_by_digest(s, r->digest, &other, NULL))
		return err_set(e, WHY_REFUSED, "the same request exists (request %lld)",
		    (long long)other.id);
	row.id = ++m->tally.last_request;
	memory_set(m, MAP_REQUEST, key_int(row.id), row_copy(&request_type, &row));
	memory_index(m, INDEX_REQUEST_DIGEST, key_digest(row.digest, row.id));
	memory_index(m, INDEX_REQUEST_KEY, key_ints(row.key8, row.id));
	memory_index(m, INDEX_REQUEST_EXPIRY, key_ints(row.expires_at, row.id));
	m->tally.pending += row.state == REQUEST_PENDING;
	*id = row.id;
	return true;
}

static bool
memory_request_by_key(
    struct store *s, int64_t key8, int64_t before, struct row_request *out, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key k = key_ints(key8, before), prefix = key_int(key8);
	const struct map_entry *at = map_before(&m->map[INDEX_REQUEST_KEY], &k);

	if (!at || !key_starts(&at->key, &prefix))
		return err_set(e, WHY_NOT_FOUND, "no further request of this key");
	return memory_request_get(s, key_last_int(&at->key), out, e);
}

static bool
memory_request_next(struct store *s, int64_t after, struct row_request *out, struct err *e)
{
	struct map_key k = key_int(after);

	return found_entry(
	    map_after(&memory_of(s)->map[MAP_REQUEST], &k), &request_type, out, "request", e);
}

static bool
memory_request_expiry(struct store *s, when_t *earliest, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key start = {0};
	const struct map_entry *at = map_after(&m->map[INDEX_REQUEST_EXPIRY], &start);
	struct row_request row;

	*earliest = WHEN_NEVER;
	if (!at)
		return true;
	if (!memory_request_get(s, key_last_int(&at->key), &row, e))
		return false;
	*earliest = row.expires_at;
	return true;
}

static bool
memory_request_count_source(
    struct store *s, const char *source, int64_t *pending, struct err *e)
{
	struct err why = {0};
	struct row_request row;

	*pending = 0;
	for (int64_t after = 0; memory_request_next(s, after, &row, &why); after = row.id)
		*pending += row.state == REQUEST_PENDING && strcmp(row.source, source) == 0;
	return why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
}

static bool
memory_request_update(struct store *s, int64_t id, enum request_state state, const char *reason,
    when_t expires_at, int64_t intent, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_request row;

	if (!memory_writable(m, e) || !memory_request_get(s, id, &row, e))
		return false;
	m->tally.pending += (state == REQUEST_PENDING) - (row.state == REQUEST_PENDING);
	row.state = state;
	row.reason = reason;
	row.intent = intent;
	memory_unindex(m, INDEX_REQUEST_EXPIRY, key_ints(row.expires_at, id));
	row.expires_at = expires_at;
	memory_index(m, INDEX_REQUEST_EXPIRY, key_ints(expires_at, id));
	memory_set(m, MAP_REQUEST, key_int(id), row_copy(&request_type, &row));
	return true;
}

static bool
memory_request_remove(struct store *s, int64_t id, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_request row;

	if (!memory_writable(m, e) || !memory_request_get(s, id, &row, e))
		return false;
	m->tally.pending -= row.state == REQUEST_PENDING;
	memory_unindex(m, INDEX_REQUEST_DIGEST, key_digest(row.digest, id));
	memory_unindex(m, INDEX_REQUEST_KEY, key_ints(row.key8, id));
	memory_unindex(m, INDEX_REQUEST_EXPIRY, key_ints(row.expires_at, id));
	memory_set(m, MAP_REQUEST, key_int(id), NULL);
	return true;
}

static bool
memory_request_count(struct store *s, int64_t *pending, struct err *e)
{
	(void)e;
	*pending = memory_of(s)->tally.pending;
	return true;
}

static bool
memory_request_purge(struct store *s, when_t now, int64_t *removed, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key start = {0};
	const struct map_entry *at;
	int64_t count = 0;
	when_t earliest;

	if (!memory_writable(m, e))
		return false;
	for (;;) {
		if (!memory_request_expiry(s, &earliest, e))
			return false;
		at = map_after(&m->map[INDEX_REQUEST_EXPIRY], &start);
		if (!at || earliest > now)
			break;
		if (!memory_request_remove(s, key_last_int(&at->key), e))
			return false;
		count++;
	}
	*removed = count;
	return true;
}

/* ---- challenges, clients, lists, audit ---- */

static bool
memory_challenge_get(
    struct store *s, struct view hash, struct row_challenge *out, struct err *e)
{
	return found(
	    memory_of(s), MAP_CHALLENGE, key_view(hash), &challenge_type, out, "challenge", e);
}

static bool
memory_challenge_add(struct store *s, const struct row_challenge *c, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_challenge other;

	if (!memory_writable(m, e) || !key_check("hash of a challenge", c->hash, e))
		return false;
	if (memory_challenge_get(s, c->hash, &other, NULL))
		return err_set(e, WHY_REFUSED, "this challenge exists");
	memory_set(m, MAP_CHALLENGE, key_view(c->hash), row_copy(&challenge_type, c));
	return true;
}

static bool
memory_challenge_use(
    struct store *s, struct view hash, when_t at, struct view identity, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_challenge row;

	if (!memory_writable(m, e) || !memory_challenge_get(s, hash, &row, e))
		return false;
	if (row.used_at != 0)
		return err_set(e, WHY_REFUSED, "this challenge is used already");
	row.used_at = at;
	row.used_by = identity;
	memory_set(m, MAP_CHALLENGE, key_view(hash), row_copy(&challenge_type, &row));
	return true;
}

static bool
memory_challenge_expiry(struct store *s, when_t *earliest, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key k = {0};
	const struct map_entry *at;

	(void)e;
	*earliest = WHEN_NEVER;
	while ((at = map_after(&m->map[MAP_CHALLENGE], &k))) {
		const struct row_challenge *row = at->row;

		k = at->key;
		if (row->used_at == 0)
			*earliest = when_min(*earliest, row->expires_at);
	}
	return true;
}

static bool
memory_challenge_purge(struct store *s, when_t now, struct err *e)
{
	struct memory *m = memory_of(s);
	struct map_key k = {0};
	const struct map_entry *at;

	if (!memory_writable(m, e))
		return false;
	while ((at = map_after(&m->map[MAP_CHALLENGE], &k))) {
		const struct row_challenge *row = at->row;

		k = at->key;
		if (row->expires_at <= now)
			memory_set(m, MAP_CHALLENGE, k, NULL);
	}
	return true;
}

static bool
memory_client_put(struct store *s, const struct row_client *c, struct err *e)
{
	struct memory *m = memory_of(s);

	if (!memory_writable(m, e) || !key_check("identity of a client", c->identity, e))
		return false;
	memory_set(m, MAP_CLIENT, key_view(c->identity), row_copy(&client_type, c));
	return true;
}

static bool
memory_client_get(struct store *s, struct view identity, struct row_client *out, struct err *e)
{
	return found(
	    memory_of(s), MAP_CLIENT, key_view(identity), &client_type, out, "client", e);
}

static bool
memory_client_next(struct store *s, struct view after, struct row_client *out, struct err *e)
{
	struct map_key k = key_view(after);

	return found_entry(
	    map_after(&memory_of(s)->map[MAP_CLIENT], &k), &client_type, out, "client", e);
}

static bool
memory_crl_get(struct store *s, int64_t generation, struct row_crl *out, struct err *e)
{
	return found(memory_of(s), MAP_CRL, key_int(generation), &crl_type, out, "list", e);
}

static bool
memory_crl_put(struct store *s, const struct row_crl *c, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_crl old;

	if (!memory_writable(m, e))
		return false;
	if (memory_crl_get(s, c->generation, &old, NULL) && old.number > c->number)
		return err_set(e, WHY_REFUSED, "list %lld is older than the stored one",
		    (long long)c->number);
	memory_set(m, MAP_CRL, key_int(c->generation), row_copy(&crl_type, c));
	return true;
}

static bool
memory_audit_add(struct store *s, when_t at, const char *actor, const char *act,
    const char *object, struct err *e)
{
	struct memory *m = memory_of(s);
	struct row_audit r = {.at = at, .actor = actor, .act = act, .object = object};

	if (!memory_writable(m, e))
		return false;
	tally_audit(&m->tally, &r);
	memory_set(m, MAP_AUDIT, key_int(r.sequence), row_copy(&audit_type, &r));
	return true;
}

static bool
memory_audit_next(struct store *s, int64_t after, struct row_audit *out, struct err *e)
{
	struct map_key k = key_int(after);

	return found_entry(
	    map_after(&memory_of(s)->map[MAP_AUDIT], &k), &audit_type, out, "audit record", e);
}

const struct store_table memory_table = {
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .savepoint = memory_savepoint,
    .release = memory_release,
    .undo = memory_undo,
    .fact_get = memory_fact_get,
    .fact_put = memory_fact_put,
    .generation_put = memory_generation_put,
    .generation_get = memory_generation_get,
    .generation_last = memory_generation_last,
    .cert_intent = memory_cert_intent,
    .cert_settle = memory_cert_settle,
    .cert_get = memory_cert_get,
    .cert_by_serial = memory_cert_by_serial,
    .cert_by_key = memory_cert_by_key,
    .cert_next = memory_cert_next,
    .cert_key_elsewhere = memory_cert_key_elsewhere,
    .cert_last = memory_cert_last,
    .cert_open = memory_cert_open,
    .cert_revoke = memory_cert_revoke,
    .cert_count = memory_cert_count,
    .revoked_most = memory_revoked_most,
    .revoked_next = memory_revoked_next,
    .revoked_get = memory_revoked_get,
    .revoked_add = memory_revoked_add,
    .request_add = memory_request_add,
    .request_get = memory_request_get,
    .request_by_digest = memory_request_by_digest,
    .request_by_key = memory_request_by_key,
    .request_next = memory_request_next,
    .request_count_source = memory_request_count_source,
    .request_expiry = memory_request_expiry,
    .request_update = memory_request_update,
    .request_remove = memory_request_remove,
    .request_count = memory_request_count,
    .request_purge = memory_request_purge,
    .challenge_add = memory_challenge_add,
    .challenge_get = memory_challenge_get,
    .challenge_use = memory_challenge_use,
    .challenge_expiry = memory_challenge_expiry,
    .challenge_purge = memory_challenge_purge,
    .client_put = memory_client_put,
    .client_get = memory_client_get,
    .client_next = memory_client_next,
    .crl_put = memory_crl_put,
    .crl_get = memory_crl_get,
    .audit_add = memory_audit_add,
    .audit_next = memory_audit_next,
    .close = memory_close,
};
