/* laws_server.c - what holds for the authority in every world. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

#define SETTLED HOUR_MS	   /* behind the last trouble all is as in a world without */
#define ANSWERED (600000)  /* ms: nobody waits longer for an answer of a running server */
#define IN_FLIGHT_MAX 1024 /* ca/exchange.c */

/* ---- what is signed ---- */

static void
serial_unique(struct sim *w, const struct cert *c, struct view tbs)
{
	struct seen_cert *seen = ledger_cert(&w->ledger, c->serial);

	if (seen != NULL && seen->lost) /* the signer may refuse it; row_known looks again */
		return;
	if (seen != NULL && seen->tbs != digest_of(tbs)) {
		broken(w, NULL, "I-02", "a serial is given twice");
		return;
	}
	if (seen != NULL)
		return;
	seen = ledger_add(&w->ledger, c->serial);
	seen->tbs = digest_of(tbs);
	seen->until = c->not_after;
	seen->made_ms = w->now;
}

/* What was under way when it was configured anew may live as long as before. */
static when_t
full_life(const struct sim *w, when_t life, when_t is, when_t was)
{
	return life != is && w->now < w->configured_ms + 7 * DAY_MS ? was : is;
}

static void
fits_issuer(struct sim *w, const struct cert *c, const struct seen_ca *ca, when_t now)
{
	when_t life = when_add(c->not_after, -c->not_before);
	when_t full = full_life(w, life, w->setup.ca.plan.lifetime_cert, w->was.lifetime_cert);

	if (c->not_after > ca->until || c->not_before < ca->from)
		broken(w, NULL, "I-05", "a certificate does not lie within the life of CA %ld",
		    (long)ca->number);
	else if (c->not_after <= now)
		broken(w, NULL, "I-05", "a certificate is issued dead");
	else if (life > full && c->not_after != ca->until)
		broken(w, NULL, "INV-07", "a certificate lives longer than configured");
	else if (life < full && c->not_after < ca->until)
		broken(w, NULL, "INV-07", "a certificate lives shorter than configured");
}

static void
old_key_silent(struct sim *w, const struct seen_ca *ca)
{
	if (ca->switched_ms != 0 || ca->cancelled_ms != 0)
		broken(w, NULL, "INV-23", "CA %ld was replaced and signs a certificate",
		    (long)ca->number);
}

static void
list_complete(struct sim *w, struct seen_ca *ca, const struct key_job *job)
{
	struct ledger *l = &w->ledger;
	struct crl list;
	struct err e = {0};
	when_t at;
	int reason;

	if (!crl_decode_tbs(job->bytes, &list, &e)) {
		broken(w, NULL, "I-09", "a list cannot be read: %s", e.text);
		return;
	}
	if (list.number <= ca->crl_number)
		broken(w, NULL, "I-09", "list number %lu behind %lu",
		    (unsigned long)list.number, (unsigned long)ca->crl_number);
	if (list.number < l->crl_number)
		broken(w, NULL, "INV-19", "list number %lu, and %lu was given before",
		    (unsigned long)list.number, (unsigned long)l->crl_number);
	l->crl_number = list.number;
	if (!view_equal(list.aki, view_of(ca->ski, sizeof(ca->ski))))
		broken(w, NULL, "I-09", "a list is signed by another key than it says");
	ca->crl_number = list.number;
	ca->listed = crl_count(&list);
	if (crl_count(&list) < l->revoked_before) {
		broken(w, NULL, "INV-17",
		    "the list of CA %ld names %zu certificates, %zu are revoked",
		    (long)ca->number, crl_count(&list), l->revoked_before);
		return;
	}
	for (size_t i = l->revoked_before; i-- > 0 && l->revoked_before - i <= 4;) {
		const struct seen_cert *c = &l->cert[l->revoked[i]];

		if (!crl_find(&list, view_of(c->octets, c->n), &at, &reason))
			broken(w, NULL, "INV-17",
			    "a revoked certificate is not on the list of CA %ld",
			    (long)ca->number);
	}
}

static void
clock_honest(struct sim *w, const struct key_job *job, bool trusted)
{
	if (!trusted && job->as != SIGN_REPLY)
		broken(w, NULL, "I-13", "something is signed by an untrusted clock");
}

/* What is signed bears no date before what was signed (INV-16). */
static void
time_never_back(struct sim *w, const struct key_job *job, when_t now)
{
	struct server *s = &w->server;

	if (job->as == SIGN_REPLY)
		return;
	if (s->signed_at != 0 && now < s->signed_at)
		broken(w, NULL, "INV-16", "something is signed %ld s before what was signed",
		    (long)(s->signed_at - now));
	s->signed_at = now;
}

void
law_job(struct sim *w, const struct key_job *job, bool trusted, when_t now)
{
	struct seen_ca *ca = ledger_ca_by_label(&w->ledger, job->label);
	struct view tbs;
	struct cert c;
	struct err e = {0};

	if (job->act != KEY_SIGN)
		return;
	clock_honest(w, job, trusted);
	time_never_back(w, job, now);
	if (job->as == SIGN_CRL && ca != NULL)
		list_complete(w, ca, job);
	if (job->as != SIGN_SELF && job->as != SIGN_CERT && job->as != SIGN_LINK)
		return;
	tbs = to_be_signed(job);
	if (!cert_decode_tbs(tbs, &c, &e)) {
		broken(w, NULL, "I-05", "what is to be signed cannot be read: %s", e.text);
		return;
	}
	serial_unique(w, &c, tbs);
	if (job->as != SIGN_CERT) /* a link is within the dates of both: the guard's table */
		return;
	if (ca == NULL) {
		broken(w, NULL, "I-05", "a key without a certificate issues one");
		return;
	}
	fits_issuer(w, &c, ca, now);
	old_key_silent(w, ca);
}

/* ---- what is committed ---- */

static void
one_for_each_request(struct sim *w, const struct row_cert *row, uint32_t number, when_t now)
{
	struct ledger *l = &w->ledger;
	uint32_t other;

	if (row->request.n == 0)
		return;
	if (index_get(&l->by_request, digest_of(row->request), &other) && other != number &&
	    l->cert[other].der != 0 && l->cert[other].revoked_at == 0 && !l->cert[other].lost &&
	    l->cert[other].until > now)
		broken(w, NULL, "I-06", "two live certificates of one request");
	index_put(&l->by_request, digest_of(row->request), number);
}

static void
transaction_known(struct ledger *l, const struct row_cert *row, uint32_t number)
{
	struct blob octets = {0};

	if (row->transaction != NULL && hex_decode(row->transaction, &octets))
		index_put(&l->by_transaction, digest_of(blob_view(&octets)), number);
	blob_free(&octets);
}

static void
authority_named(struct sim *w, const struct row_cert *row)
{
	if (row->granted_by == NULL || row->granted_by[0] == 0)
		broken(w, NULL, "I-10", "a certificate is issued and nobody has granted it");
}

static void
count_issued(struct sim *w, const struct row_cert *row)
{
	struct seen_ca *ca = NULL;

	for (size_t i = 0; i < w->ledger.cas; i++)
		if (w->ledger.ca[i].number == row->generation)
			ca = &w->ledger.ca[i];
	w->numbers.issued++;
	w->numbers.renewals += row->kind == CERT_RENEWAL;
	w->numbers.shadows += row->kind == CERT_SHADOW;
	if (ca == NULL)
		return;
	ca->issued++;
	ca->renewals += row->kind == CERT_RENEWAL;
	ca->shadows += row->kind == CERT_SHADOW;
}

static void
row_known(struct sim *w, const struct row_cert *row, when_t now)
{
	struct ledger *l = &w->ledger;
	struct seen_cert *seen = ledger_cert(l, row->serial);
	uint32_t number;

	if (row->state != CERT_ISSUED)
		return;
	if (seen == NULL) {
		broken(
		    w, NULL, "INV-09", "a certificate is stored that nobody was asked to sign");
		return;
	}
	number = (uint32_t)(seen - l->cert);
	if (seen->der == 0) {
		seen->der = digest_of(row->body);
		seen->kind = (int)row->kind;
		seen->generation = (uint32_t)row->generation;
		one_for_each_request(w, row, number, now);
		transaction_known(l, row, number);
		authority_named(w, row);
		count_issued(w, row);
	} else if (seen->der != digest_of(row->body)) {
		if (seen->lost)
			broken(w, NULL, "I-02", "the serial of a lost one is given again");
		else
			broken(w, NULL, "I-01", "a stored certificate has changed");
	} else if (seen->lost) { /* adopted, or signed again */
		l->lost--;
	}
	seen->lost = false;
	if (row->revoked_at != 0 && seen->revoked_at == 0) {
		seen->revoked_at = row->revoked_at;
		l->revoked = mem_array(l->revoked, l->revoked_count + 1, sizeof(*l->revoked));
		l->revoked[l->revoked_count++] = number;
		l->revoked_ms = w->now;
	}
}

/* Without trouble the next CA certificate is made on its second (P4). */
static void
made_on_time(struct sim *w, const struct seen_ca *ca, const struct seen_ca *before)
{
	const struct plan_ca_policy *p = &w->setup.ca.plan;
	/* One behind the active one at most: where overlap and auto-rollover are more than a
	 * life, it is due when the one before is active. */
	const struct seen_ca *first = ledger_before(&w->ledger, before);
	when_t active = first != NULL ? first->until : INT64_MIN;
	when_t at = when_max(when_add(before->until, -p->rollover), before->held_until);
	int64_t due = clock_true(w, &w->server.clock, when_max(active, at));

	if (w->rollover_asked)
		return;
	if (w->now < due || !p->auto_rollover)
		broken(w, NULL, "P4", "CA %ld is made %ld s early", (long)ca->number,
		    (long)((due - w->now) / 1000));
	else if (w->now - due >= 1000 * (1 + w->setup.key_time) &&
		 w->server.healthy_since + SETTLED < due && due > before->made_ms)
		broken(w, NULL, "P4", "CA %ld is made %ld s late", (long)ca->number,
		    (long)((w->now - due) / 1000));
}

/* What is made is announced, at once when nothing is wrong, else when that is over; behind the
 * end of the CA before it nobody could use it (P4). */
static void
announced_on_time(struct sim *w, const struct seen_ca *ca)
{
	const struct server *s = &w->server;
	const struct seen_ca *before = ledger_before(&w->ledger, ca);
	int64_t calm = s->healthy_since + SETTLED, due = ca->made_ms + MINUTE_MS;

	if (calm > due)
		due = calm;
	if (w->now > due && before->switched_ms == 0 && server_now(w) < before->until &&
	    !w->setup.ca.plan.shutdown)
		broken(w, NULL, "P4", "CA %ld is not announced %ld s behind its making",
		    (long)ca->number, (long)((w->now - ca->made_ms) / 1000));
}

static void
no_gap(struct sim *w, const struct seen_ca *ca, const struct seen_ca *before, when_t now)
{
	when_t from = when_add(before->until, -w->setup.ca.plan.overlap);

	if (ca->from > before->until && ca->from > now)
		broken(w, NULL, "INV-04", "CA %ld begins behind the end of the one before",
		    (long)ca->number);
	else if (ca->from != from && ca->from <= before->until)
		broken(w, NULL, "INV-04", "CA %ld begins at another time than configured",
		    (long)ca->number);
}

static void
ca_lives_as_configured(struct sim *w, const struct seen_ca *ca)
{
	when_t life = ca->until - ca->from;

	if (life != full_life(w, life, w->setup.ca.plan.lifetime_ca, w->was.lifetime_ca))
		broken(w, NULL, "INV-07", "CA %ld does not live as long as configured",
		    (long)ca->number);
}

static void
generation_seen(struct sim *w, const struct row_generation *row, when_t now)
{
	struct ledger *l = &w->ledger;
	struct seen_ca *ca, *before;
	struct cert c;
	int64_t at;

	if (!cert_decode(row->cert, &c, NULL))
		return;
	l->ca = mem_array(l->ca, l->cas + 1, sizeof(*l->ca));
	ca = &l->ca[l->cas];
	*ca = (struct seen_ca){.number = row->number,
	    .der = digest_of(row->cert),
	    .serial = digest_of(c.serial),
	    .from = c.not_before,
	    .until = c.not_after,
	    .made_ms = w->now};
	(void)snprintf(ca->label, sizeof(ca->label), "%s", row->key_label);
	spki_key_id(&c.key, ca->ski);
	l->cas++;
	w->numbers.generations++;
	ca_lives_as_configured(w, ca);
	before = ledger_before(l, ca);
	if (before == NULL)
		return;
	made_on_time(w, ca, before);
	no_gap(w, ca, before, now);
	w->rollover_asked = false;
	people_see_next(w, before->until);
	/* When it is time for clients: the clock by which it was made may be wrong just now. */
	at = before->until * 1000;
	if (at > w->now && !before->looked_at) {
		before->looked_at = true;
		world_at(w, at - 1, M_BEFORE_SWITCH, 0, 0, (uint64_t)before->number, NULL);
		world_at(w, at + 120000, M_AFTER_SWITCH, 0, 0, (uint64_t)before->number, NULL);
	}
}

/* By an operator's word only, and by force once somebody has it (INV-22); the next one is made
 * a day later, or in half of the time that is left. */
static void
taken_back(struct sim *w, struct seen_ca *ca, const struct row_generation *row)
{
	struct seen_ca *before = ledger_before(&w->ledger, ca);
	bool forced = row->switched_at > row->cancelled_at;

	if (ca->cancelled_ms != 0)
		return;
	if (!w->cancel_asked || (forced && !w->cancel_forced))
		broken(w, NULL, "I-04", "CA %ld is taken back, and nobody said so",
		    (long)ca->number);
	else if (before->switched_ms != 0)
		broken(w, NULL, "I-04", "CA %ld is taken back behind the switch",
		    (long)ca->number);
	else if (!forced && w->server.returned_ms < ca->made_ms &&
		 (ca->shown || ca->shadows > 0)) /* links are nobody's */
		broken(w, NULL, "INV-22",
		    "CA %ld is taken back without force, and others have it", (long)ca->number);
	ca->cancelled_ms = w->now;
	w->ledger.cancelled = true;
	before->next_der = 0;
	before->held_until =
	    when_add(row->cancelled_at, when_min(DAY, (before->until - row->cancelled_at) / 2));
	w->cancel_asked = w->cancel_forced = false;
}

/* Numbers grow by one; at most one generation behind the active one; none comes back. */
static void
one_active(struct sim *w, when_t now)
{
	struct ledger *l = &w->ledger;
	struct store *s = w->server.store;
	struct row_generation row;
	struct err e = {0};
	int64_t last = 0, open = 0;

	if (!s->table->generation_last(s, &last, &e))
		return;
	for (int64_t n = l->cas > 2 ? l->ca[l->cas - 2].number : 1; n <= last; n++) {
		const struct seen_ca *before = ledger_ca_numbered(l, n - 1);

		if (!s->table->generation_get(s, n, &row, &e)) {
			/* Numbers of two that follow each other are even and odd. */
			if (before != NULL && before->cancelled_ms != 0)
				continue;
			broken(w, NULL, "I-03", "generation %ld is missing", (long)n);
			return;
		}
		open += row.switched_at == 0;
		if (row.cancelled_at != 0 && ledger_ca_numbered(l, n) != NULL)
			taken_back(w, ledger_ca_numbered(l, n), &row);
		if (row.cert.n > 0 && (l->cas == 0 || l->ca[l->cas - 1].number < n))
			generation_seen(w, &row, now);
		else if (row.cert.n > 0)
			for (size_t i = 0; i < l->cas; i++)
				if (l->ca[i].number == n && l->ca[i].der != digest_of(row.cert))
					broken(w, NULL, "I-04",
					    "the certificate of generation %ld was replaced",
					    (long)n);
	}
	if (open > 2)
		broken(w, NULL, "I-03", "%ld generations are not replaced", (long)open);
}

/* Without trouble to the second, never before (INV-05), never back (I-14). */
static void
switched_on_time(struct sim *w)
{
	struct server *s = &w->server;
	int64_t number = ca_generation(s->ca);
	struct seen_ca *old = NULL;
	int64_t at;

	if (number < s->generation)
		broken(w, NULL, "I-14", "generation %ld is active again", (long)number);
	if (number <= s->generation)
		return;
	for (size_t i = 0; i < w->ledger.cas; i++)
		if (w->ledger.ca[i].number == s->generation)
			old = &w->ledger.ca[i];
	s->generation = number;
	if (old == NULL)
		return;
	at = clock_true(w, &s->clock, old->until);
	old->switched_ms = w->now;
	if (w->now < at)
		broken(w, NULL, "INV-05", "the switch comes %ld s early",
		    (long)((at - w->now) / 1000));
	else if (w->now - at >= 1000 && s->healthy_since + SETTLED < at)
		broken(w, NULL, "INV-14", "the switch comes %ld s late",
		    (long)((w->now - at) / 1000));
	law_switched(w);
}

/* Not by a restart either: what an honest clock showed is stored each minute. */
static void
time_kept(struct sim *w, when_t now)
{
	struct server *s = &w->server;

	if (s->clock.plan.state != CLOCK_HONEST)
		return;
	if (s->committed_at != 0 && now < when_add(s->committed_at, -MINUTE))
		broken(w, NULL, "INV-16", "it is %ld s earlier than what is stored says",
		    (long)(s->committed_at - now));
	s->committed_at = now;
}

void
law_committed(struct sim *w, when_t now)
{
	struct server *s = &w->server;
	struct row_cert row;
	struct err e = {0};

	time_kept(w, now);
	w->ledger.audits += s->touched.audits;
	if (s->touched.generation)
		one_active(w, now);
	for (size_t i = 0; i < s->touched.certs && w->broken.n == 0; i++)
		if (s->store->table->cert_get(s->store, s->touched.cert[i], &row, &e))
			row_known(w, &row, now);
	switched_on_time(w);
}

/* ---- what is published ---- */

/* It is shown until the end of the one that announces it. */
static void
announced_once(struct sim *w, const struct effect *x)
{
	struct ledger *l = &w->ledger;
	struct seen_ca *by = NULL, *next;
	uint64_t digest = digest_of(blob_view(&x->bytes));

	for (size_t i = 0; i < l->cas; i++)
		if (l->ca[i].until == x->valid_until && l->ca[i].cancelled_ms == 0)
			by = &l->ca[i];
	next = by == NULL ? NULL : ledger_behind(l, by);
	if (next == NULL) {
		broken(w, NULL, "INV-03", "a next CA is announced that is not stored");
		return;
	}
	if (by->next_der != 0 && by->next_der != digest)
		broken(w, NULL, "I-04", "the announced CA was replaced");
	if (by->next_der != 0)
		return;
	by->next_der = digest;
	announced_on_time(w, next);
	next->announced_ms = w->now;
	for (size_t i = 0; i < w->clients; i++)
		w->client[i].clean = 0;
}

static void
shown_in_time(struct sim *w, const struct effect *x)
{
	const struct ledger *l = &w->ledger;
	const struct seen_ca *ca = ledger_ca_by_der(&w->ledger, blob_view(&x->bytes));
	const struct seen_ca *before = ca == NULL ? NULL : ledger_before(l, ca);

	if (x->bundle)
		return;
	if (ca == NULL)
		broken(w, NULL, "INV-24", "a CA certificate is published that is not stored");
	else if (ca->cancelled_ms != 0)
		broken(w, NULL, "INV-22", "a CA that was taken back is shown");
	else if (before != NULL && before->switched_ms == 0 && x->valid_from != before->until)
		broken(w, NULL, "INV-05", "the next CA is shown as active before the switch");
	else if (x->valid_until > ca->until)
		broken(w, NULL, "INV-06", "a CA is shown behind its end");
}

void
law_published(struct sim *w, const struct effect *x)
{
	if (x->bytes.n == 0)
		return;
	if (x->object == OBJECT_NEXT)
		announced_once(w, x);
	else if (x->object == OBJECT_CACERT)
		shown_in_time(w, x);
}

/* ---- once a day ---- */

static void
audit_chains(struct sim *w)
{
	struct ledger *l = &w->ledger;
	struct store *s = w->server.store;
	struct row_audit row;
	struct err e = {0};
	uint8_t hash[32];

	while (s->table->audit_next(s, l->audit_at, &row, &e)) {
		audit_hash(view_of(l->audit_hash, sizeof(l->audit_hash)), &row, hash);
		if (!view_equal(row.hash, view_of(hash, sizeof(hash)))) {
			broken(w, NULL, "I-15", "audit record %ld does not fit the one before",
			    (long)row.sequence);
			return;
		}
		memcpy(l->audit_hash, hash, sizeof(hash));
		l->audit_at = row.sequence;
	}
	if ((uint64_t)l->audit_at != l->audits)
		broken(w, NULL, "I-15", "%lu audit records, %ld are stored",
		    (unsigned long)l->audits, (long)l->audit_at);
}

/* A list is made of what was revoked before the turn that made it; another follows at once. */
static void
all_listed(struct sim *w)
{
	const struct ledger *l = &w->ledger;
	const struct server *s = &w->server;
	int64_t since = l->revoked_ms > s->healthy_since ? l->revoked_ms : s->healthy_since;
	const struct seen_ca *ca = ledger_ca_numbered(l, s->generation);

	if (ca != NULL && s->up && since + SETTLED < w->now && ca->listed < l->revoked_count &&
	    !w->setup.ca.plan.shutdown && server_now(w) < ca->until)
		broken(w, NULL, "INV-17",
		    "the list of CA %ld names %zu certificates, %zu are revoked",
		    (long)ca->number, ca->listed, l->revoked_count);
}

static void
list_current(struct sim *w)
{
	const struct ledger *l = &w->ledger;
	const struct seen_ca *active = ledger_ca_numbered(l, w->server.generation);

	if (active != NULL && server_now(w) == active->until)
		return; /* the second of the switch is the server's */
	for (size_t i = 0; i + 1 < l->cas; i++)
		if (l->ca[i].number == w->server.generation && w->server.up &&
		    ledger_behind(l, &l->ca[i]) != NULL &&
		    w->server.healthy_since + SETTLED < w->now && !w->setup.ca.plan.shutdown &&
		    server_now(w) > l->ca[i].until) {
			broken(w, NULL, "INV-14", "the switch is slept through");
			return;
		}
	if (w->server.up && w->server.healthy_since + SETTLED < w->now && w->ledger.cas > 0 &&
	    post_object(w, OBJECT_CRL, "") == NULL && !w->setup.ca.plan.shutdown &&
	    server_now(w) < ledger_last(l)->until)
		broken(w, NULL, "INV-17", "there is no list that is valid now");
	all_listed(w);
}

static void
everybody_answered(struct sim *w)
{
	const struct server *s = &w->server;

	for (size_t i = 0; i < s->letters; i++)
		if (s->letter[i] != NULL && s->letter[i]->heard_ms + ANSWERED < w->now)
			broken(w, &w->client[s->letter[i]->client], "INV-12",
			    "a request is never answered");
	if (s->up && ca_in_flight(s->ca) > IN_FLIGHT_MAX)
		broken(w, NULL, "I-16", "%zu requests in flight", ca_in_flight(s->ca));
}

/* Also of one that is never announced. */
void
law_announced(struct sim *w)
{
	const struct seen_ca *last = w->ledger.cas > 0 ? ledger_last(&w->ledger) : NULL;

	if (last != NULL && ledger_before(&w->ledger, last) != NULL &&
	    last->announced_ms == 0 && w->server.up)
		announced_on_time(w, last);
}

void
law_server_day(struct sim *w)
{
	law_announced(w);
	audit_chains(w);
	list_current(w);
	everybody_answered(w);
}

/* What a CA signed that was taken back is revoked, but what it is itself (INV-22). */
static void
cancelled_revoked(struct sim *w)
{
	const struct ledger *l = &w->ledger;
	const struct seen_ca *ca = NULL;

	for (size_t i = 0; i < l->certs && w->broken.n == 0; i++) {
		const struct seen_cert *c = &l->cert[i];

		if (c->der == 0 || c->revoked_at != 0)
			continue;
		if (ca == NULL || ca->number != (int64_t)c->generation)
			ca = ledger_ca_numbered(l, (int64_t)c->generation);
		if (ca != NULL && ca->cancelled_ms != 0 && c->kind == CERT_SHADOW && !c->lost &&
		    w->server.up && w->server.healthy_since + SETTLED < w->now)
			broken(w, NULL, "INV-22",
			    "CA %ld was taken back, and what it signed is not revoked",
			    (long)ca->number);
	}
}

/* At each switch and at the end: every row, and as many as were counted. */
void
law_switched(struct sim *w)
{
	struct store *s = w->server.store;
	struct row_cert row;
	struct err e = {0};
	uint64_t issued = 0;

	cancelled_revoked(w);
	for (int64_t after = 0; s->table->cert_next(s, after, &row, &e) && w->broken.n == 0;
	     after = row.intent) {
		const struct seen_cert *seen = ledger_cert(&w->ledger, row.serial);

		if (row.state != CERT_ISSUED)
			continue;
		issued++;
		if (seen == NULL || seen->der != digest_of(row.body))
			broken(w, NULL, "I-01",
			    "the row of intent %ld is not what was committed",
			    (long)row.intent);
		else if ((row.revoked_at != 0) != (seen->revoked_at != 0))
			broken(w, NULL, "I-09", "a revocation was lost");
	}
	if (w->broken.n == 0 && issued != w->numbers.issued - w->ledger.lost)
		broken(w, NULL, "I-15",
		    "%lu certificates were committed, %zu are lost, %lu rows are there",
		    (unsigned long)w->numbers.issued, w->ledger.lost, (unsigned long)issued);
}
