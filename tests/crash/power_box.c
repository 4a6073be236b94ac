/* power_box.c - a machine with one authority. */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite.h"
#include "sys/sys.h"
#include "tests/crash/power.h"

/* planted.c */
struct store *planted_open(const char *path, struct err *e);

#define POOL 8
#define BITS 1024 /* what is tested is no arithmetic */

static const struct seal seal = {{1, 2, 3, 4, 5, 6, 7, 8}};
static struct blob pool[POOL];

void
box_pool(void)
{
	for (size_t i = 0; i < POOL; i++) {
		EVP_PKEY *key = EVP_RSA_gen(BITS);
		PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
		unsigned char *der = NULL;
		int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

		if (n <= 0)
			abort();
		blob_set(&pool[i], view_of(der, (size_t)n));
		OPENSSL_free(der);
		PKCS8_PRIV_KEY_INFO_free(info);
		EVP_PKEY_free(key);
	}
}

void
box_pool_free(void)
{
	for (size_t i = 0; i < POOL; i++)
		blob_free(&pool[i]);
}

void
box_policy(struct ca_policy *out)
{
	*out = (struct ca_policy){
	    .name = "ROOTCA",
	    .plan = {.lifetime_ca = 100 * DAY,
		.lifetime_cert = 60 * DAY,
		.lifetime_crl = 20 * DAY,
		.crl_overlap = 10 * DAY,
		.lifetime_request = 7 * DAY,
		.auto_rollover = true,
		.rollover = 40 * DAY,
		.overlap = 5 * DAY}, /* so that there are links */
	    .issuer_name = "CN=RootCA,OU=TAC,O=Cisco",
	    .mode = CA_AUTO,
	    .no_replace = true,
	    .serial_sequential = true, /* one that is given twice shows */
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_label = "ROOTCA",
	    .key_kind = KEY_RSA,
	    .key_bits = BITS,
	    .archive = true,
	};
}

/* ---- what becomes known ---- */

static void
learn(struct box *b, enum event_kind kind, int64_t number, struct view bytes)
{
	if (b->past != NULL)
		past_event(b->past, kind, b->now, number, bytes);
}

static struct key_job *
in_flight(struct box *b, uint64_t id, uint8_t **digest)
{
	for (size_t i = 0; i < COUNT_OF(b->job); i++)
		if (b->job[i].id == id) {
			*digest = b->job[i].digest;
			b->job[i].id = 0;
			return &b->job[i].job;
		}
	return NULL;
}

static void
learn_signed(struct box *b, const struct key_done *d)
{
	uint8_t *digest;
	const struct key_job *job = in_flight(b, d->id, &digest);

	if (job == NULL || d->why != WHY_NONE || job->act != KEY_SIGN)
		return;
	if (job->as == SIGN_CERT || job->as == SIGN_LINK)
		learn(b, EV_SIGNED, (int64_t)job->intent, view_of(digest, 32));
	else if (job->as == SIGN_CRL)
		learn(b, EV_LISTED, (int64_t)job->intent, view_of(digest, 32));
}

static void
learn_turn(struct box *b)
{
	struct row_audit row;
	struct err why = {0};

	while (
	    b->past != NULL && b->store->table->audit_next(b->store, b->audited, &row, &why)) {
		b->audited = row.sequence;
		learn(b, EV_AUDIT, row.sequence, row.hash);
	}
	if (ca_generation(b->ca) != b->active && ca_facts(b->ca)->active.have_cert) {
		b->active = ca_generation(b->ca);
		learn(b, EV_ACTIVE, b->active, (struct view){0});
	}
}

/* ---- turns ---- */

static void
publish_take(struct box *b, const struct effect *x)
{
	struct view bytes = blob_view(&x->bytes);

	/* Without octets: it is withdrawn. */
	switch (x->object) {
	case OBJECT_CACERT:
		if (bytes.n > 0)
			learn(b, EV_CA, 0, bytes);
		if (bytes.n > 0 && x->valid_from <= b->now)
			blob_set(&b->cacert, bytes);
		break;
	case OBJECT_NEXT:
	case OBJECT_OLD_NEXT:
		if (bytes.n > 0)
			learn(b, EV_NEXT, 0, bytes);
		if (x->object == OBJECT_NEXT)
			blob_set(&b->next, bytes);
		break;
	case OBJECT_LINK:
		if (bytes.n > 0)
			learn(b, EV_ISSUED, 0, bytes);
		break;
	case OBJECT_CRL:
		if (x->leaf[0] != 0 && bytes.n > 0)
			learn(b, EV_LIST, 0, bytes);
		break;
	case OBJECT_CAPS:
		break;
	}
}

/* Of a link the certificate that is repeated stands in front. */
static struct view
what_is_signed(const struct key_job *job)
{
	struct reader r = reader_of(job->bytes);
	struct der d;

	if (job->act == KEY_SIGN && job->as == SIGN_LINK &&
	    der_take(&r, DER_SEQUENCE, "certificate", &d, NULL))
		return view_of(r.p, r.n);
	return job->bytes;
}

static bool
job_give(struct box *b, struct effect *x, struct err *e)
{
	for (size_t i = 0; i < COUNT_OF(b->job); i++) {
		if (b->job[i].id != 0)
			continue;
		x->job.bytes = blob_view(&x->bytes);
		b->job[i].id = x->job.id;
		b->job[i].job = x->job;
		sha256(what_is_signed(&x->job), b->job[i].digest);
		if (x->job.act == KEY_FORGET)
			learn(b, EV_FORGET, 0, view_str(x->job.label));
		return keys_submit(b->keys, &x->job, e);
	}
	return err_set(e, WHY_BUG, "too many jobs in flight");
}

static bool turn(struct box *b, struct ca_event *ev, struct err *e);

/* As the daemon does; the authority hears of it at once. */
static bool
archive_write(struct box *b, const struct effect *x, struct err *e)
{
	struct ca_event ev = {.kind = CA_ARCHIVED, .id = x->id, .all = true};
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/archive", b->dir);
	if (!dir_make(path, 0700, e))
		return false;
	(void)snprintf(path, sizeof(path), "%s/archive/%s", b->dir, x->leaf);
	if (!file_replace(path, 0600, blob_view(&x->bytes), e) || !turn(b, &ev, e))
		return false;
	learn(b, EV_ARCHIVE, (int64_t)x->id, blob_view(&x->bytes));
	return true;
}

static bool
effect_take(struct box *b, struct effect *x, struct err *e)
{
	switch (x->kind) {
	case EFFECT_JOB:
		return job_give(b, x, e);
	case EFFECT_REPLY:
		if (x->id == b->last_id) {
			b->status = x->status;
			blob_set(&b->reply, blob_view(&x->bytes));
		}
		return true;
	case EFFECT_TELL:
		b->told = x->status;
		return true;
	case EFFECT_PUBLISH:
		publish_take(b, x);
		return true;
	case EFFECT_ARCHIVE:
		return archive_write(b, x, e);
	case EFFECT_KEEP_IN:
		return true;
	case EFFECT_ASK:
		break;
	}
	return err_set(e, WHY_BUG, "effect %d", (int)x->kind);
}

static bool
turn(struct box *b, struct ca_event *ev, struct err *e)
{
	const struct ca_event *event = ev;
	struct effects out = {0};
	bool ok = true;

	ev->clock_trusted = true;
	if (ca_turn(b->ca, &event, 1, b->now, &out, e) != CA_COMMITTED)
		ok = err_prefix(e, "turn not committed");
	if (ok)
		learn_turn(b);
	for (size_t i = 0; ok && i < out.n; i++)
		ok = effect_take(b, &out.list[i], e);
	effects_free(&out);
	return ok;
}

/* What the signer gave, each a turn of its own. */
static bool
pump(struct box *b, struct err *e)
{
	struct key_done done = {0};
	bool ok = true;

	while (ok && keys_collect(b->keys, &done)) {
		struct ca_event ev = {.kind = CA_KEY_DONE, .done = &done};

		learn_signed(b, &done);
		if (done.why == WHY_REFUSED && b->refused[0] == 0)
			(void)snprintf(b->refused, sizeof(b->refused), "%s", done.text);
		ok = turn(b, &ev, e);
		blob_free(&done.bytes);
	}
	return ok;
}

bool
box_tick(struct box *b, struct err *e)
{
	struct ca_event ev = {.kind = CA_TICK};

	return turn(b, &ev, e) && pump(b, e);
}

bool
box_wait(struct box *b, when_t until, struct err *e)
{
	while (ca_wake(b->ca) <= until) {
		b->now = when_max(b->now, ca_wake(b->ca));
		if (!box_tick(b, e))
			return false;
	}
	b->now = until;
	return box_tick(b, e);
}

bool
box_request(struct box *b, struct view message, struct err *e)
{
	struct ca_event ev = {
	    .kind = CA_REQUEST, .id = ++b->last_id, .body = message, .source = "10.0.0.1"};

	b->status = 0;
	blob_clear(&b->reply);
	return turn(b, &ev, e) && pump(b, e);
}

bool
box_next_asked(struct box *b, struct err *e)
{
	struct ca_event ev = {.kind = CA_NEXT_ASKED, .id = ++b->last_id, .source = "10.0.0.1"};

	b->status = 0;
	if (!turn(b, &ev, e))
		return false;
	if (b->status != 200)
		return err_set(e, WHY_REFUSED, "GetNextCACert: HTTP %d", b->status);
	learn(b, EV_TOLD, ca_next_generation(b->ca), view_str(ev.source));
	return true;
}

bool
box_command(struct box *b, struct ca_event *ev, struct err *e)
{
	ev->kind = CA_COMMAND;
	ev->id = 1;
	ev->actor = "operator";
	b->told = -1;
	if (!turn(b, ev, e))
		return false;
	if (b->told == 0 && ev->command == CA_REVOKE)
		learn(b, EV_REVOKED, 0, ev->serial);
	return pump(b, e);
}

bool
box_cancel(struct box *b, struct err *e)
{
	struct ca_event ev = {.command = CA_CANCEL, .all = true};
	int64_t number = ca_next_generation(b->ca);

	learn(b, EV_CANCEL, number, (struct view){0});
	if (!box_command(b, &ev, e) || (b->told < 0 && !box_tick(b, e)))
		return false;
	if (b->told != 0)
		return err_set(e, WHY_REFUSED, "the cancellation is refused");
	learn(b, EV_CANCELLED, number, (struct view){0});
	return true;
}

bool
box_revoke(struct box *b, struct view serial, struct err *e)
{
	struct ca_event ev = {.command = CA_REVOKE, .serial = serial, .reason = 1};

	return box_command(b, &ev, e) &&
	       (b->told == 0 || err_set(e, WHY_REFUSED, "the revocation is refused"));
}

/* ---- on and off ---- */

static bool
plant_in_store(struct box *b, struct err *e)
{
	const char *words = b->plant == PLANT_STORE_OFF	     ? "PRAGMA synchronous = OFF"
			    : b->plant == PLANT_STORE_NORMAL ? "PRAGMA synchronous = NORMAL"
							     : "";

	return sqlite3_exec(sqlite_of(b->store)->db, words, NULL, NULL, NULL) == SQLITE_OK ||
	       err_set(e, WHY_BUG, "%s", words);
}

/* A pair of the pool is not to be taken twice: generation n has the n-th at the latest. */
static size_t
pairs_taken(struct box *b)
{
	struct err why = {0};
	char path[300];
	int64_t last = 0;

	(void)b->store->table->generation_last(b->store, &last, &why);
	(void)snprintf(path, sizeof(path), "%s/keys/ROOTCA#.key", b->dir);
	if (last < 2 && file_exists(path))
		return 2;
	(void)snprintf(path, sizeof(path), "%s/keys/ROOTCA.key", b->dir);
	return last < 1 && file_exists(path) ? 1 : (size_t)last;
}

static bool
keys_open(struct box *b, uint64_t seed, struct err *e)
{
	struct view ready[POOL];
	char path[300];
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "%s/keys", b->dir);
	b->keys = keys_open_local(path, &seal, seed, e);
	if (b->keys == NULL)
		return err_prefix(e, "keys");
	for (size_t i = pairs_taken(b); i < POOL; i++)
		ready[n++] = blob_view(&pool[i]);
	keys_local_pool(b->keys, ready, n);
	keys_local_archive(b->keys, "cisco12345");
	return true;
}

bool
box_open(struct box *b, uint64_t seed, struct err *e)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/store.db", b->dir);
	b->store =
	    b->plant == PLANT_LATE_COMMIT ? planted_open(path, e) : store_open_sqlite(path, e);
	if (b->store == NULL)
		return err_prefix(e, "store");
	if (!plant_in_store(b, e) || !keys_open(b, seed, e))
		return false;
	if (!b->store->table->begin(b->store, e))
		return false;
	b->ca = ca_open(&b->policy, b->store, b->keys, e);
	if (b->ca == NULL) {
		b->store->table->rollback(b->store);
		return err_prefix(e, "authority");
	}
	return b->store->table->commit(b->store, e);
}

void
box_close(struct box *b)
{
	ca_free(b->ca);
	if (b->keys != NULL)
		keys_close(b->keys);
	if (b->store != NULL && b->left_open)
		(void)sqlite3_db_config(
		    sqlite_of(b->store)->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (b->store != NULL)
		b->store->table->close(b->store);
	b->ca = NULL;
	b->keys = NULL;
	b->store = NULL;
	b->last_id = 0;
	memset(b->job, 0, sizeof(b->job));
	blob_free(&b->reply);
	blob_free(&b->cacert);
	blob_free(&b->next);
}
