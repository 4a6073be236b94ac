/* sqlite_rows.c - the store's functions as SQL statements. */
#include "store/sqlite.h"

/* ---- facts and generations ----------------------------------------------------------------
 */

bool
sqlite_fact_get(struct store *s, const char *name, struct blob *out, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (!sql_row(q, SQL_FACT_GET, CELLS(TEXT(name)), e))
		return false;
	blob_set(out, q->cell[0].bytes);
	return true;
}

bool
sqlite_fact_put(struct store *s, const char *name, struct view value, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	return sql_writable(q, e) && fact_check(name, e) &&
	       sql_run(q, SQL_FACT_PUT, CELLS(TEXT(name), OCTETS(value)), NULL, e);
}

static bool
sqlite_generation_put(struct store *s, const struct row_generation *g, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	return sql_writable(q, e) &&
	       sql_put(q, SQL_GENERATION_PUT, &generation_type, g, NULL, e);
}

static bool
sqlite_generation_get(
    struct store *s, int64_t number, struct row_generation *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_GENERATION_GET, CELLS(INT(number)), &generation_type, out, e);
}

static bool
sqlite_generation_last(struct store *s, int64_t *number, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (!sql_row(q, SQL_GENERATION_LAST, NULL, 0, e))
		return false;
	*number = q->cell[0].i;
	return true;
}

/* ---- certificates ---------------------------------------------------------------------------
 */

static bool
sqlite_cert_intent(struct store *s, const struct row_cert *c, int64_t *intent, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct row_cert row = *c;

	if (row.intent <= q->tally.last_intent)
		row.intent = q->tally.last_intent + 1;
	row.serial8 = sha256_8(c->serial);
	row.state = CERT_INTENT;
	row.revoked_at = 0;
	row.revoked_why = 0;
	if (!sql_writable(q, e) || !sql_put(q, SQL_CERT_INTENT, &cert_type, &row, NULL, e))
		return false;
	q->tally.last_intent = row.intent;
	*intent = row.intent;
	return true;
}

/* Why an update of this certificate found no row to change. */
static bool
cert_unchanged(struct sqlite *q, int64_t intent, struct err *e)
{
	static const char *const state_name[] = {"an open intent", "issued", "void"};

	if (!sql_row(q, SQL_CERT_STATE, CELLS(INT(intent)), e))
		return false;
	return err_set(e, WHY_REFUSED, "certificate %lld is %s", (long long)intent,
	    q->cell[1].i != 0 ? "revoked already" : state_name[q->cell[0].i % 3]);
}

static bool
sqlite_cert_settle(struct store *s, int64_t intent, struct view der, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	enum cert_state state = der.n > 0 ? CERT_ISSUED : CERT_VOID;
	int changed;

	if (!sql_writable(q, e) ||
	    !sql_run(
		q, SQL_CERT_SETTLE, CELLS(INT(intent), INT(state), OCTETS(der)), &changed, e))
		return false;
	if (changed == 0)
		return cert_unchanged(q, intent, e);
	q->tally.issued += state == CERT_ISSUED;
	return true;
}

static bool
sqlite_cert_get(struct store *s, int64_t intent, struct row_cert *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CERT_GET, CELLS(INT(intent)), &cert_type, out, e);
}

static bool
sqlite_cert_by_serial(struct store *s, struct view serial, struct row_cert *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CERT_BY_SERIAL,
	    CELLS(INT(sha256_8(serial)), OCTETS(serial)), &cert_type, out, e);
}

static bool
sqlite_cert_by_key(
    struct store *s, int64_t key8, int64_t before, struct row_cert *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_CERT_BY_KEY, CELLS(INT(key8), INT(before)), &cert_type, out, e);
}

static bool
sqlite_cert_next(struct store *s, int64_t after, struct row_cert *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CERT_NEXT, CELLS(INT(after)), &cert_type, out, e);
}

static bool
sqlite_cert_key_elsewhere(
    struct store *s, int64_t key8, struct view identity, bool *found, struct err *e)
{
	struct err why = {0};

	*found = sql_row(
	    sqlite_of(s), SQL_CERT_KEY_ELSEWHERE, CELLS(INT(key8), OCTETS(identity)), &why);
	return *found || why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
}

static bool
sqlite_cert_last(struct store *s, struct row_cert *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CERT_LAST, NULL, 0, &cert_type, out, e);
}

static bool
sqlite_cert_open(struct store *s, int64_t after, struct row_cert *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CERT_OPEN, CELLS(INT(after)), &cert_type, out, e);
}

static bool
sqlite_cert_revoke(struct store *s, int64_t intent, when_t at, int why, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	int changed;

	if (!sql_writable(q, e) ||
	    !sql_run(q, SQL_CERT_REVOKE, CELLS(INT(intent), INT(at), INT(why)), &changed, e))
		return false;
	if (changed == 0)
		return cert_unchanged(q, intent, e);
	q->tally.revoked++;
	return true;
}

static bool
sqlite_cert_count(struct store *s, int64_t *issued, int64_t *revoked, struct err *e)
{
	(void)e;
	*issued = sqlite_of(s)->tally.issued;
	*revoked = sqlite_of(s)->tally.revoked;
	return true;
}

/* ---- revoked entries ---- */

/* A chunk that has grown past this is left alone: with its row it then fills most of a page. */
#define CHUNK_FULL 3500
#define ENTRY_MAX 128

static bool
sqlite_revoked_get(struct store *s, struct blob *entries, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct err why = {0};
	int64_t last = 0;

	blob_clear(entries);
	while (sql_row(q, SQL_REVOKED_NEXT, CELLS(INT(last)), &why)) {
		last = q->cell[0].i;
		blob_add_view(entries, q->cell[1].bytes);
	}
	return why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
}

/* Behind a piece that is not full there is none yet: what is appended to it while somebody goes
 * through them is not passed over. */
static bool
sqlite_revoked_next(
    struct store *s, int64_t after, int64_t *at, struct blob *entries, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (!sql_row(q, SQL_REVOKED_NEXT, CELLS(INT(after)), e))
		return false;
	*at = q->cell[1].bytes.n < CHUNK_FULL ? INT64_MAX : q->cell[0].i;
	blob_add_view(entries, q->cell[1].bytes);
	return true;
}

static bool
sqlite_revoked_most(struct store *s, size_t *octets, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct err why = {0};

	*octets = 0;
	if (sql_row(q, SQL_REVOKED_LAST, NULL, 0, &why))
		*octets = (size_t)q->cell[0].i * (CHUNK_FULL + ENTRY_MAX);
	return why.why == WHY_NONE || why.why == WHY_NOT_FOUND ||
	       err_set(e, why.why, "%s", why.text);
}

static bool
sqlite_revoked_add(struct store *s, struct view entry, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct blob chunk = {0};
	struct err why = {0};
	int64_t number = 1;
	bool ok = false;

	if (!sql_writable(q, e))
		return false;
	if (sql_row(q, SQL_REVOKED_LAST, NULL, 0, &why)) {
		number = q->cell[0].i;
		if (q->cell[1].bytes.n < CHUNK_FULL)
			blob_set(&chunk, q->cell[1].bytes);
		else
			number++;
	} else if (why.why != WHY_NOT_FOUND) {
		err_set(e, why.why, "%s", why.text);
		goto out;
	}
	blob_add_view(&chunk, entry);
	ok =
	    sql_run(q, SQL_REVOKED_PUT, CELLS(INT(number), OCTETS(blob_view(&chunk))), NULL, e);
out:
	blob_free(&chunk);
	return ok;
}

/* ---- requests ---- */

static bool
sqlite_request_add(struct store *s, const struct row_request *r, int64_t *id, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct row_request row = *r;

	row.id = q->tally.last_request + 1;
	if (!sql_writable(q, e) || !key_check("digest of a request", r->digest, e) ||
	    !sql_put(q, SQL_REQUEST_ADD, &request_type, &row, NULL, e))
		return false;
	q->tally.last_request = row.id;
	q->tally.pending += row.state == REQUEST_PENDING;
	*id = row.id;
	return true;
}

static bool
sqlite_request_get(struct store *s, int64_t id, struct row_request *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_REQUEST_GET, CELLS(INT(id)), &request_type, out, e);
}

static bool
sqlite_request_by_digest(
    struct store *s, struct view digest, struct row_request *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_REQUEST_BY_DIGEST, CELLS(OCTETS(digest)), &request_type, out, e);
}

static bool
sqlite_request_by_key(
    struct store *s, int64_t key8, int64_t before, struct row_request *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_REQUEST_BY_KEY, CELLS(INT(key8), INT(before)),
	    &request_type, out, e);
}

static bool
sqlite_request_next(struct store *s, int64_t after, struct row_request *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_REQUEST_NEXT, CELLS(INT(after)), &request_type, out, e);
}

/* The one instant that a statement gives; no row: WHEN_NEVER. */
static bool
earliest_of(struct sqlite *q, enum sql statement, when_t *earliest, struct err *e)
{
	struct err why = {0};

	if (sql_row(q, statement, NULL, 0, &why))
		*earliest = q->cell[0].i;
	else if (why.why == WHY_NOT_FOUND)
		*earliest = WHEN_NEVER;
	else
		return err_set(e, why.why, "%s", why.text);
	return true;
}

static bool
sqlite_request_expiry(struct store *s, when_t *earliest, struct err *e)
{
	return earliest_of(sqlite_of(s), SQL_REQUEST_EXPIRY, earliest, e);
}

static bool
sqlite_challenge_expiry(struct store *s, when_t *earliest, struct err *e)
{
	return earliest_of(sqlite_of(s), SQL_CHALLENGE_EXPIRY, earliest, e);
}

static bool
sqlite_request_count_source(
    struct store *s, const char *source, int64_t *pending, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	if (!sql_row(q, SQL_REQUEST_COUNT_SOURCE, CELLS(TEXT(source)), e))
		return false;
	*pending = q->cell[0].i;
	return true;
}

static bool
sqlite_request_update(struct store *s, int64_t id, enum request_state state, const char *reason,
    when_t expires_at, int64_t intent, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	bool was_pending;

	if (!sql_writable(q, e) || !sql_row(q, SQL_REQUEST_STATE, CELLS(INT(id)), e))
		return false;
	was_pending = q->cell[0].i == REQUEST_PENDING;
	if (!sql_run(q, SQL_REQUEST_UPDATE,
		CELLS(INT(id), INT(state), TEXT(reason), INT(expires_at), INT(intent)), NULL,
		e))
		return false;
	q->tally.pending += (state == REQUEST_PENDING) - was_pending;
	return true;
}

static bool
sqlite_request_remove(struct store *s, int64_t id, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	bool was_pending;

	if (!sql_writable(q, e) || !sql_row(q, SQL_REQUEST_STATE, CELLS(INT(id)), e))
		return false;
	was_pending = q->cell[0].i == REQUEST_PENDING;
	if (!sql_run(q, SQL_REQUEST_REMOVE, CELLS(INT(id)), NULL, e))
		return false;
	q->tally.pending -= was_pending;
	return true;
}

static bool
sqlite_request_count(struct store *s, int64_t *pending, struct err *e)
{
	(void)e;
	*pending = sqlite_of(s)->tally.pending;
	return true;
}

static bool
sqlite_request_purge(struct store *s, when_t now, int64_t *removed, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	int64_t pending;
	int changed;

	if (!sql_writable(q, e) ||
	    !sql_row(q, SQL_REQUEST_DUE, CELLS(INT(now), INT(REQUEST_PENDING)), e))
		return false;
	pending = q->cell[0].i;
	if (!sql_run(q, SQL_REQUEST_PURGE, CELLS(INT(now)), &changed, e))
		return false;
	q->tally.pending -= pending;
	*removed = changed;
	return true;
}

/* ---- challenges, clients, lists, audit ---- */

static bool
sqlite_challenge_add(struct store *s, const struct row_challenge *c, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	return sql_writable(q, e) && key_check("hash of a challenge", c->hash, e) &&
	       sql_put(q, SQL_CHALLENGE_ADD, &challenge_type, c, NULL, e);
}

static bool
sqlite_challenge_get(
    struct store *s, struct view hash, struct row_challenge *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_CHALLENGE_GET, CELLS(OCTETS(hash)), &challenge_type, out, e);
}

static bool
sqlite_challenge_use(
    struct store *s, struct view hash, when_t at, struct view identity, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	int changed;

	if (!sql_writable(q, e) ||
	    !sql_run(q, SQL_CHALLENGE_USE, CELLS(OCTETS(hash), INT(at), OCTETS(identity)),
		&changed, e))
		return false;
	if (changed > 0)
		return true;
	if (!sql_row(q, SQL_CHALLENGE_GET, CELLS(OCTETS(hash)), e))
		return false;
	return err_set(e, WHY_REFUSED, "this challenge is used already");
}

static bool
sqlite_challenge_purge(struct store *s, when_t now, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	return sql_writable(q, e) && sql_run(q, SQL_CHALLENGE_PURGE, CELLS(INT(now)), NULL, e);
}

static bool
sqlite_client_put(struct store *s, const struct row_client *c, struct err *e)
{
	struct sqlite *q = sqlite_of(s);

	return sql_writable(q, e) && key_check("identity of a client", c->identity, e) &&
	       sql_put(q, SQL_CLIENT_PUT, &client_type, c, NULL, e);
}

static bool
sqlite_client_get(struct store *s, struct view identity, struct row_client *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_CLIENT_GET, CELLS(OCTETS(identity)), &client_type, out, e);
}

static bool
sqlite_client_next(struct store *s, struct view after, struct row_client *out, struct err *e)
{
	return sql_get(
	    sqlite_of(s), SQL_CLIENT_NEXT, CELLS(OCTETS(after)), &client_type, out, e);
}

static bool
sqlite_crl_put(struct store *s, const struct row_crl *c, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	int changed;

	if (!sql_writable(q, e) || !sql_put(q, SQL_CRL_PUT, &crl_type, c, &changed, e))
		return false;
	if (changed == 0)
		return err_set(e, WHY_REFUSED, "list %lld is older than the stored one",
		    (long long)c->number);
	return true;
}

static bool
sqlite_crl_get(struct store *s, int64_t generation, struct row_crl *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_CRL_GET, CELLS(INT(generation)), &crl_type, out, e);
}

static bool
sqlite_audit_add(struct store *s, when_t at, const char *actor, const char *act,
    const char *object, struct err *e)
{
	struct sqlite *q = sqlite_of(s);
	struct row_audit r = {.at = at, .actor = actor, .act = act, .object = object};
	struct tally next = q->tally;

	tally_audit(&next, &r);
	if (!sql_writable(q, e) || !sql_put(q, SQL_AUDIT_ADD, &audit_type, &r, NULL, e))
		return false;
	q->tally = next;
	return true;
}

static bool
sqlite_audit_next(struct store *s, int64_t after, struct row_audit *out, struct err *e)
{
	return sql_get(sqlite_of(s), SQL_AUDIT_NEXT, CELLS(INT(after)), &audit_type, out, e);
}

const struct store_table sqlite_table = {
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .undo = sqlite_undo,
    .fact_get = sqlite_fact_get,
    .fact_put = sqlite_fact_put,
    .generation_put = sqlite_generation_put,
    .generation_get = sqlite_generation_get,
    .generation_last = sqlite_generation_last,
    .cert_intent = sqlite_cert_intent,
    .cert_settle = sqlite_cert_settle,
    .cert_get = sqlite_cert_get,
    .cert_by_serial = sqlite_cert_by_serial,
    .cert_by_key = sqlite_cert_by_key,
    .cert_next = sqlite_cert_next,
    .cert_key_elsewhere = sqlite_cert_key_elsewhere,
    .cert_last = sqlite_cert_last,
    .cert_open = sqlite_cert_open,
    .cert_revoke = sqlite_cert_revoke,
    .cert_count = sqlite_cert_count,
    .revoked_most = sqlite_revoked_most,
    .revoked_next = sqlite_revoked_next,
    .revoked_get = sqlite_revoked_get,
    .revoked_add = sqlite_revoked_add,
    .request_add = sqlite_request_add,
    .request_get = sqlite_request_get,
    .request_by_digest = sqlite_request_by_digest,
    .request_by_key = sqlite_request_by_key,
    .request_next = sqlite_request_next,
    .request_count_source = sqlite_request_count_source,
    .request_expiry = sqlite_request_expiry,
    .request_update = sqlite_request_update,
    .request_remove = sqlite_request_remove,
    .request_count = sqlite_request_count,
    .request_purge = sqlite_request_purge,
    .challenge_add = sqlite_challenge_add,
    .challenge_get = sqlite_challenge_get,
    .challenge_use = sqlite_challenge_use,
    .challenge_expiry = sqlite_challenge_expiry,
    .challenge_purge = sqlite_challenge_purge,
    .client_put = sqlite_client_put,
    .client_get = sqlite_client_get,
    .client_next = sqlite_client_next,
    .crl_put = sqlite_crl_put,
    .crl_get = sqlite_crl_get,
    .audit_add = sqlite_audit_add,
    .audit_next = sqlite_audit_next,
    .close = sqlite_close,
};
