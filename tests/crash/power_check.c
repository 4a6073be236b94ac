/* power_check.c - what must hold on every disk. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/journal.h"
#include "sys/sys.h"
#include "tests/crash/power.h"
#include "tests/lib/pool.h"

#define SEGMENTS 64
#define LATE_KEPT (7 * DAY) /* requests, and a replaced key */
#define NEWCOMER 50	    /* key of the client that enrols on every disk */

static const struct store_table *
table_of(const struct trial *t)
{
	return t->box.store->table;
}

/* The n-th event of a kind that was known; NULL: no more. */
static const struct event *
known(const struct trial *t, enum event_kind kind, size_t *from)
{
	for (; *from < t->past->events; ++*from) {
		const struct event *ev = &t->past->event[*from];

		if (ev->at > t->instant)
			break;
		if (ev->kind == kind)
			return &t->past->event[(*from)++];
	}
	return NULL;
}

static struct view
unsigned_of(struct view serial)
{
	while (serial.n > 1 && serial.p[0] == 0)
		serial = view_of(serial.p + 1, serial.n - 1);
	return serial;
}

static bool
absent_only(const struct err *why, struct err *e)
{
	return why->why == WHY_NONE || why->why == WHY_NOT_FOUND ||
	       err_set(e, why->why, "%s", why->text);
}

/* ---- the signer's log beside the store, before anybody went on ---- */

static bool
log_read(struct trial *t, struct err *e)
{
	char path[400];
	struct blob file = {0};
	size_t whole;
	bool ok = true;

	t->log = guard_new();
	for (unsigned n = SEGMENTS; n > 0; n--) {
		(void)snprintf(path, sizeof(path), "%s/keys/signer-%08u.log", t->box.dir, n);
		if (!file_exists(path))
			continue;
		ok =
		    n < SEGMENTS && file_read(path, 1 << 24, &file, e) &&
		    journal_scan(path, blob_view(&file), true, guard_replay, t->log, &whole, e);
		break;
	}
	blob_free(&file);
	return ok;
}

/* What the log says of an intent: a digest, or NULL. */
static const uint8_t *
logged(const struct trial *t, int64_t intent)
{
	for (size_t i = 0; i < t->log->count; i++) {
		const struct memory *m = t->log->states[i]->memory;
		const struct slot *slot = m == NULL ? NULL : &m->slots[intent % GUARD_INTENTS];

		if (slot != NULL && slot->intent == (uint64_t)intent)
			return slot->tbs;
	}
	return NULL;
}

static uint64_t
logged_list(const struct trial *t)
{
	uint64_t most = 0;

	for (size_t i = 0; i < t->log->count; i++)
		if (t->log->states[i]->crl_number > most)
			most = t->log->states[i]->crl_number;
	return most;
}

/* Durable before visible: the store knows each number before the signer may use it (ST-08). */
static bool
log_is_not_ahead(struct trial *t, struct err *e)
{
	struct row_cert row = {0};
	struct row_generation g;
	struct err why = {0};
	int64_t last = 0;
	uint64_t number = 0;

	if (!table_of(t)->cert_last(t->box.store, &row, &why) && !absent_only(&why, e))
		return false;
	for (size_t i = 0; i < t->log->count; i++)
		if (t->log->states[i]->newest > (uint64_t)row.intent)
			return err_set(e, WHY_BUG,
			    "intent %llu is signed, the store ends at %lld",
			    (unsigned long long)t->log->states[i]->newest,
			    (long long)row.intent);
	(void)table_of(t)->generation_last(t->box.store, &last, &why);
	for (int64_t n = 1; n <= last; n++)
		if (table_of(t)->generation_get(t->box.store, n, &g, e) &&
		    (uint64_t)g.crl_number > number)
			number = (uint64_t)g.crl_number;
	return logged_list(t) <= number ||
	       err_set(e, WHY_BUG, "list %llu is signed, the store is at %llu",
		   (unsigned long long)logged_list(t), (unsigned long long)number);
}

/* What was signed and given away is in the log, or one could be talked into a second one. */
static bool
log_remembers(struct trial *t, struct err *e)
{
	const struct event *ev;
	bool forgot = past_newest(t->past, EV_FORGET, t->instant) != NULL;

	for (size_t i = 0; (ev = known(t, EV_SIGNED, &i)) != NULL;) {
		const uint8_t *digest = logged(t, ev->number);

		if (digest == NULL ? !forgot : memcmp(digest, ev->bytes.p, DIGEST) != 0)
			return err_set(e, WHY_BUG, "intent %lld is signed, the log has %s",
			    (long long)ev->number, digest == NULL ? "nothing" : "other octets");
	}
	for (size_t i = 0; (ev = known(t, EV_LISTED, &i)) != NULL;)
		if (logged_list(t) < (uint64_t)ev->number)
			return err_set(e, WHY_BUG, "list %lld is signed, the log is at %llu",
			    (long long)ev->number, (unsigned long long)logged_list(t));
	return true;
}

/* ---- what was there stays ---- */

static bool
turns_stay(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_AUDIT, t->instant);
	struct row_audit row;

	if (ev == NULL)
		return true;
	if (!table_of(t)->audit_next(t->box.store, ev->number - 1, &row, e))
		return err_prefix(e, "record %lld", (long long)ev->number);
	return (row.sequence == ev->number && view_equal(row.hash, blob_view(&ev->bytes))) ||
	       err_set(e, WHY_BUG, "audit record %lld is another", (long long)ev->number);
}

static bool
audit_holds(struct trial *t, struct err *e)
{
	return audit_verify(t->box.store, e);
}

static bool
certificates_stay(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct row_cert row;
	struct cert c;

	for (size_t i = 0; (ev = known(t, EV_ISSUED, &i)) != NULL;) {
		if (!cert_decode(blob_view(&ev->bytes), &c, e) ||
		    !table_of(t)->cert_by_serial(t->box.store, unsigned_of(c.serial), &row, e))
			return err_prefix(e, "a certificate that was handed out");
		if (row.state != CERT_ISSUED || !view_equal(row.body, blob_view(&ev->bytes)))
			return err_set(e, WHY_BUG, "intent %lld is not what was handed out",
			    (long long)row.intent);
	}
	return true;
}

static bool
requests_stay(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct row_request row;

	for (size_t i = 0; (ev = known(t, EV_PENDING, &i)) != NULL;) {
		if (t->box.now >= ev->now + LATE_KEPT)
			continue;
		if (!table_of(t)->request_by_key(t->box.store, ev->number, INT64_MAX, &row, e))
			return err_prefix(e, "a request that was told to wait");
		if (row.state != REQUEST_PENDING && row.state != REQUEST_GRANTED)
			return err_set(e, WHY_BUG, "a request that was told to wait is %d",
			    (int)row.state);
	}
	return true;
}

/* The generation with this certificate; its row in *out. */
static bool
generation_with(struct trial *t, struct view cert, struct row_generation *out, struct err *e)
{
	int64_t last = 0;

	if (!table_of(t)->generation_last(t->box.store, &last, e))
		return false;
	for (int64_t n = 1; n <= last; n++)
		if (table_of(t)->generation_get(t->box.store, n, out, e) &&
		    view_equal(out->cert, cert))
			return true;
	return err_set(e, WHY_NOT_FOUND, "no generation has this certificate");
}

static bool
authorities_stay(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct row_generation g;

	for (size_t i = 0; (ev = known(t, EV_CA, &i)) != NULL;)
		if (!generation_with(t, blob_view(&ev->bytes), &g, e))
			return err_prefix(e, "a CA certificate that was published");
	return true;
}

static bool
job_answer(struct trial *t, struct key_job *job, struct key_done *out, struct err *e)
{
	job->id = UINT64_MAX;
	*out = (struct key_done){0};
	return keys_submit(t->box.keys, job, e) &&
	       (keys_collect(t->box.keys, out) || err_set(e, WHY_BUG, "no answer"));
}

/* Is the pair there, and is it this one? Nonsense is asked to be signed first, for asking for
 * a pair makes one. */
static bool
pair_is(struct trial *t, const char *label, struct view spki, struct err *e)
{
	struct key_job job = {.act = KEY_SIGN, .as = SIGN_REPLY, .bytes = VIEW("nonsense")};
	struct blob want = {0};
	struct key_done d;
	bool ok;

	blob_set(&want, spki);
	(void)snprintf(job.label, sizeof(job.label), "%s", label);
	ok = job_answer(t, &job, &d, e) &&
	     (d.why != WHY_NOT_FOUND || err_set(e, WHY_BUG, "key '%s' is gone", job.label));
	job.act = KEY_MAKE;
	job.kind = t->box.policy.key_kind;
	job.bits = t->box.policy.key_bits;
	ok = ok && job_answer(t, &job, &d, e) &&
	     (view_equal(blob_view(&d.bytes), blob_view(&want)) ||
		 err_set(e, WHY_BUG, "key '%s' is another one", job.label));
	blob_free(&d.bytes);
	blob_free(&want);
	return ok;
}

/* Destroyed, or due to be, or asked to be. */
static bool
key_may_be_gone(const struct trial *t, const struct row_generation *g)
{
	const struct event *ev;
	when_t until = g->cancelled_at != 0
			   ? g->switched_at
			   : plan_old_until(&t->box.policy.plan, g->switched_at);

	if (g->switched_at != 0 && t->box.now >= until)
		return true;
	for (size_t i = 0; (ev = known(t, EV_FORGET, &i)) != NULL;)
		if (view_equal_str(blob_view(&ev->bytes), g->key_label))
			return true;
	return false;
}

static bool
ca_keys_stay(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct row_generation g;

	for (size_t i = 0; (ev = known(t, EV_CA, &i)) != NULL;) {
		if (!generation_with(t, blob_view(&ev->bytes), &g, e))
			return false;
		if (!key_may_be_gone(t, &g) && !pair_is(t, g.key_label, g.spki, e))
			return false;
	}
	return true;
}

static bool
next_stays(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_NEXT, t->instant),
			   *cancel = past_newest(t->past, EV_CANCEL, t->instant);
	struct blob have = {0};
	bool ok;

	if (ev == NULL || (cancel != NULL && cancel > ev))
		return true;
	ok = table_of(t)->fact_get(t->box.store, "announcement", &have, e) &&
	     (view_equal(blob_view(&have), blob_view(&ev->bytes)) ||
		 err_set(e, WHY_BUG, "GetNextCACert has another answer than before"));
	blob_free(&have);
	return ok;
}

static bool
cancelled_stay(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_CANCELLED, t->instant);
	struct row_generation g;

	return ev == NULL ||
	       (table_of(t)->generation_get(t->box.store, ev->number, &g, e) &&
		   (g.cancelled_at != 0 ||
		       err_set(e, WHY_BUG, "generation %lld is back", (long long)ev->number)));
}

/* Cancel is to refuse for ever, once somebody has seen the next CA. */
static bool
told_stay(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_TOLD, t->instant);
	struct blob have = {0};
	char fact[64];
	bool ok;

	if (ev == NULL)
		return true;
	(void)snprintf(fact, sizeof(fact), "told-%lld", (long long)ev->number);
	ok = table_of(t)->fact_get(t->box.store, fact, &have, e) &&
	     (have.n > 0 || err_set(e, WHY_BUG, "nobody has asked for the next CA any more"));
	blob_free(&have);
	return ok;
}

static bool
switch_stays(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_ACTIVE, t->instant);

	return ev == NULL || ca_generation(t->box.ca) >= ev->number ||
	       err_set(e, WHY_BUG, "generation %lld is active again",
		   (long long)ca_generation(t->box.ca));
}

static bool
archives_stay(struct trial *t, struct err *e)
{
	const struct event *ev = past_newest(t->past, EV_ARCHIVE, t->instant);
	struct blob file = {0};
	char path[400], after[32] = "";
	bool ok;

	if (ev == NULL)
		return true;
	if (ev->number > 1)
		(void)snprintf(after, sizeof(after), "_%05lld", (long long)ev->number - 1);
	(void)snprintf(path, sizeof(path), "%s/archive/ROOTCA%s.p12", t->box.dir, after);
	ok = file_read(path, 1 << 20, &file, e) &&
	     (view_equal(blob_view(&file), blob_view(&ev->bytes)) ||
		 err_set(e, WHY_BUG, "%s is not as it was written", path));
	blob_free(&file);
	return ok;
}

static bool
revoked_stay(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct row_cert row;

	for (size_t i = 0; (ev = known(t, EV_REVOKED, &i)) != NULL;)
		if (!table_of(t)->cert_by_serial(
			t->box.store, blob_view(&ev->bytes), &row, e) ||
		    row.revoked_at == 0)
			return err_set(e, WHY_BUG, "a certificate is not revoked any more");
	return true;
}

/* ---- lists ---- */

/* The list of the generation whose key signed der is that one, or has a higher number. */
static bool
list_follows(struct trial *t, struct view der, struct err *e)
{
	struct row_generation g;
	struct row_crl row;
	struct crl left, now;
	struct cert ca;
	int64_t last = 0;

	if (!crl_decode(der, &left, e) || !table_of(t)->generation_last(t->box.store, &last, e))
		return false;
	for (int64_t n = 1; n <= last; n++) {
		if (!table_of(t)->generation_get(t->box.store, n, &g, e) || g.cert.n == 0 ||
		    !cert_decode(g.cert, &ca, e) || !view_equal(ca.ski, left.aki))
			continue;
		return table_of(t)->crl_get(t->box.store, n, &row, e) &&
		       crl_decode(row.der, &now, e) &&
		       (now.number > left.number || view_equal(row.der, der) ||
			   err_set(e, WHY_BUG, "list %llu was published, the store has %llu",
			       (unsigned long long)left.number,
			       (unsigned long long)now.number));
	}
	return err_set(e, WHY_BUG, "a list was published, its CA is not there");
}

static bool
lists_stay(struct trial *t, struct err *e)
{
	const struct event *ev;

	for (size_t i = 0; (ev = known(t, EV_LIST, &i)) != NULL;)
		if (!list_follows(t, blob_view(&ev->bytes), e))
			return false;
	return true;
}

static bool
list_of_active(struct trial *t, struct blob *der, struct crl *out, struct err *e)
{
	struct row_crl row;

	if (!table_of(t)->crl_get(t->box.store, ca_generation(t->box.ca), &row, e))
		return false;
	blob_set(der, row.der);
	return crl_decode(blob_view(der), out, e);
}

static bool
revoked_are_listed(struct trial *t, struct err *e)
{
	const struct event *ev;
	struct blob der = {0};
	struct crl list;
	bool ok = list_of_active(t, &der, &list, e);
	when_t at;
	int why;

	for (size_t i = 0; ok && (ev = known(t, EV_REVOKED, &i)) != NULL;)
		ok = crl_find(&list, blob_view(&ev->bytes), &at, &why) ||
		     err_set(e, WHY_BUG, "list %llu lacks a revoked certificate",
			 (unsigned long long)list.number);
	blob_free(&der);
	return ok;
}

/* ---- what was under way ---- */

/* Signed is finished or void, and never signed otherwise; nothing stays open. */
static bool
intents_settle(struct trial *t, struct err *e)
{
	struct row_cert row;
	struct err why = {0};
	uint8_t digest[DIGEST];
	struct cert c;

	for (int64_t after = 0; table_of(t)->cert_next(t->box.store, after, &row, &why);
	     after = row.intent) {
		const uint8_t *signed_tbs = logged(t, row.intent);

		if (row.state == CERT_INTENT)
			return err_set(
			    e, WHY_BUG, "intent %lld stays open", (long long)row.intent);
		if (row.state == CERT_VOID || signed_tbs == NULL)
			continue;
		if (!cert_decode(row.body, &c, e))
			return false;
		sha256(c.tbs, digest);
		if (memcmp(digest, signed_tbs, DIGEST) != 0)
			return err_set(e, WHY_BUG, "intent %lld was signed with other octets",
			    (long long)row.intent);
	}
	return absent_only(&why, e);
}

/* And at most one is next; numbers may have gaps. */
static bool
one_is_active(struct trial *t, struct err *e)
{
	struct row_generation g;
	struct err why = {0};
	int64_t last = 0;
	int open = 0;

	if (!table_of(t)->generation_last(t->box.store, &last, e))
		return false;
	for (int64_t n = 1; n <= last; n++)
		if (table_of(t)->generation_get(t->box.store, n, &g, &why))
			open += g.switched_at == 0;
	return (open >= 1 && open <= 2) ||
	       err_set(e, WHY_BUG, "%d generations are not replaced", open);
}

static bool
signer_agrees(struct trial *t, struct err *e)
{
	return t->box.refused[0] == 0 ||
	       err_set(e, WHY_BUG, "the signer refused: %s", t->box.refused);
}

/* ---- and it goes on ---- */

/* What the newcomer sends to this CA at about this time: made once. */
struct letter {
	size_t who;
	int64_t key8; /* of its key */
	struct blob ca, message;
	struct peer peer;
};
static struct letter letters[8];
static size_t letters_made;

static bool
letter_for(struct view ca, when_t now, size_t who, struct letter **out, struct err *e)
{
	struct letter *l;
	char subject[64];

	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		l = &letters[i];
		if (view_equal(blob_view(&l->ca), ca) && l->who == who && l->peer.now <= now &&
		    now < l->peer.now + 10 * DAY) {
			*out = l;
			return true;
		}
	}
	l = &letters[letters_made++ % COUNT_OF(letters)];
	peer_free(&l->peer);
	l->peer = (struct peer){0};
	blob_clear(&l->message);
	blob_clear(&l->ca);
	(void)snprintf(subject, sizeof(subject), "O=Cisco,OU=CVO,CN=newcomer%zu", who);
	l->who = who;
	if (!peer_init(&l->peer, subject, pool_key(NEWCOMER + who), e) ||
	    !peer_trust(&l->peer, ca, e))
		return false;
	l->peer.now = now;
	if (!peer_enrol(&l->peer, NULL, &l->message, e))
		return false;
	blob_set(&l->ca, ca);
	l->key8 = peer_key8(&l->peer);
	*out = l;
	return true;
}

void
check_free(void)
{
	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		peer_free(&letters[i].peer);
		blob_free(&letters[i].ca);
		blob_free(&letters[i].message);
	}
}

/* The serial number stands in no other certificate of this issuer name, handed out or not. */
static bool
serial_is_new(struct trial *t, const struct cert *fresh, struct err *e)
{
	static const enum event_kind kinds[] = {EV_ISSUED, EV_CA};
	const struct event *ev;
	struct cert c;

	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (size_t i = 0; (ev = known(t, kinds[k], &i)) != NULL;)
			if (cert_decode(blob_view(&ev->bytes), &c, e) &&
			    view_equal(c.serial, fresh->serial) &&
			    !view_equal(c.whole, fresh->whole))
				return err_set(e, WHY_BUG, "a serial number is given twice");
	return true;
}

/* What the client reads: seldom asked, for it takes longer than all the rest. */
static bool
reply_opens(struct trial *t, const struct peer *p, struct view cert, struct err *e)
{
	struct peer_answer a = {0};
	bool ok = peer_open(p, blob_view(&t->box.reply), &a, e) &&
		  (view_equal(blob_view(&a.cert_der), cert) ||
		      err_set(e, WHY_BUG, "the reply holds another certificate"));

	peer_answer_free(&a);
	return ok;
}

static bool
enrolment_works(struct trial *t, struct err *e)
{
	struct row_generation g;
	struct row_cert row;
	struct blob cert = {0};
	struct letter *l;
	struct cert fresh;
	bool ok = table_of(t)->generation_get(t->box.store, ca_generation(t->box.ca), &g, e);

	if (ok)
		blob_set(&cert, g.cert);
	ok = ok && letter_for(blob_view(&cert), t->box.now, t->past->base.n > 0, &l, e) &&
	     box_request(&t->box, blob_view(&l->message), e) &&
	     (t->box.status == 200 || err_set(e, WHY_BUG, "HTTP %d", t->box.status)) &&
	     table_of(t)->cert_by_key(t->box.store, l->key8, INT64_MAX, &row, e) &&
	     (row.state == CERT_ISSUED || err_set(e, WHY_BUG, "certificate %d", row.state));
	if (ok)
		blob_set(&cert, row.body);
	ok = ok && cert_decode(blob_view(&cert), &fresh, e) && serial_is_new(t, &fresh, e) &&
	     (t->seed % 32 != 1 || reply_opens(t, &l->peer, blob_view(&cert), e));
	if (ok && t->box.past != NULL)
		past_event(t->box.past, EV_ISSUED, t->box.now, 0, blob_view(&cert));
	blob_free(&cert);
	return ok;
}

/* With a number above all that were published or signed. */
static bool
list_works(struct trial *t, struct err *e)
{
	struct blob before = {0}, after = {0}, serial = {0};
	struct row_cert row;
	struct crl was, is;
	when_t at;
	int why;
	bool ok = list_of_active(t, &before, &was, e) &&
		  table_of(t)->cert_last(t->box.store, &row, e);

	if (ok)
		blob_set(&serial, row.serial);
	ok = ok && box_revoke(&t->box, blob_view(&serial), e) &&
	     list_of_active(t, &after, &is, e) &&
	     ((is.number > was.number && is.number > logged_list(t)) ||
		 err_set(e, WHY_BUG, "list %llu follows %llu, signed was up to %llu",
		     (unsigned long long)is.number, (unsigned long long)was.number,
		     (unsigned long long)logged_list(t))) &&
	     (crl_find(&is, blob_view(&serial), &at, &why) ||
		 err_set(e, WHY_BUG, "the list lacks what was revoked"));
	blob_free(&before);
	blob_free(&after);
	blob_free(&serial);
	return ok;
}

/* ---- a trial ---- */

static bool
opens(struct trial *t, struct err *e)
{
	return log_read(t, e) && box_open(&t->box, t->seed | 1, e);
}

static bool
settles(struct trial *t, struct err *e)
{
	return box_wait(&t->box, t->box.now, e);
}

static bool
log_verifies(struct trial *t, struct err *e)
{
	char path[300];
	uint64_t frames;

	(void)snprintf(path, sizeof(path), "%s/keys", t->box.dir);
	return journal_verify(path, &frames, e);
}

static const struct {
	const char *name;
	bool (*holds)(struct trial *t, struct err *e);
	bool needed; /* without it nothing else can be asked */
} invariants[] = {
    {"it opens", opens, true},
    {"the log is not ahead of the store", log_is_not_ahead},
    {"the log remembers every signature", log_remembers},
    {"committed turns stay", turns_stay},
    {"it settles", settles, true},
    {"the audit chain holds", audit_holds},
    {"certificates stay", certificates_stay},
    {"pending requests stay", requests_stay},
    {"CA certificates stay", authorities_stay},
    {"CA keys stay", ca_keys_stay},
    {"the announced CA stays", next_stays},
    {"what is cancelled stays so", cancelled_stay},
    {"who was told of the next CA stays known", told_stay},
    {"the switch stays", switch_stays},
    {"archives stay", archives_stay},
    {"what is revoked stays so", revoked_stay},
    {"list numbers never go back", lists_stay},
    {"what is revoked is listed", revoked_are_listed},
    {"intents are finished or void", intents_settle},
    {"one generation is active", one_is_active},
    {"one more enrolment works", enrolment_works},
    {"one more list works", list_works},
    {"what is revoked is listed then", revoked_are_listed},
    {"the signer agrees with the store", signer_agrees},
    {"the log verifies", log_verifies},
};

_Static_assert(COUNT_OF(invariants) <= 64, "a bit for each");

size_t
check_count(void)
{
	return COUNT_OF(invariants);
}

const char *
check_name(size_t i)
{
	return invariants[i].name;
}

bool
trial_run(struct trial *t, when_t off, struct err *e)
{
	bool ok = true;

	box_policy(&t->box.policy);
	t->box.now =
	    when_add(t->instant > 0 ? t->past->op[t->instant - 1].now : t->past->from, off);
	t->box.policy.archive = t->seed % 512 == 0; /* its key derivation takes its time */
	for (size_t i = 0; ok && i < COUNT_OF(invariants); i++) {
		struct err why = {0};

		if (invariants[i].holds(t, &why))
			continue;
		if (t->broken == 0)
			*e = why;
		t->broken |= UINT64_C(1) << i;
		ok = !invariants[i].needed;
	}
	box_close(&t->box);
	guard_free(t->log);
	t->log = NULL;
	return t->broken == 0;
}
