/* test_store.c - both drivers keep what the door promises. */
#include "store_sample.h"

/* ---- the table of cases: each runs in an open turn of an empty store ---- */

static void
facts(struct store *s)
{
	struct err e = {0};
	struct blob b = {0};

	refused(s->table->fact_get(s, "name", &b, &e), &e, WHY_NOT_FOUND);
	need(s->table->fact_put(s, "name", VIEW("ROOTCA"), &e), &e);
	need(s->table->fact_put(s, "name", VIEW("OTHER"), &e), &e);
	need(s->table->fact_put(s, "empty", (struct view){0}, &e), &e);
	need(s->table->fact_get(s, "name", &b, &e), &e);
	view_is(blob_view(&b), VIEW("OTHER"));
	need(s->table->fact_get(s, "empty", &b, &e), &e);
	assert_int_equal(b.n, 0);
	refused(s->table->fact_put(s, "", VIEW("x"), &e), &e, WHY_BUG);
	refused(
	    s->table->fact_put(s, "12345678901234567890123456789012345678901", VIEW("x"), &e),
	    &e, WHY_BUG);
	blob_free(&b);
}

static void
generations(struct store *s)
{
	struct row_generation g = sample_generation(1), got;
	struct err e = {0};
	int64_t last;

	refused(s->table->generation_last(s, &last, &e), &e, WHY_NOT_FOUND);
	refused(s->table->generation_get(s, 1, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->generation_put(s, &g, &e), &e);
	g.crl_number = 8;
	g.key_label = "ROOTCA#";
	need(s->table->generation_put(s, &g, &e), &e);
	need(s->table->generation_get(s, 1, &got, &e), &e);
	assert_int_equal(got.crl_number, 8);
	assert_string_equal(got.key_label, "ROOTCA#");
	view_is(got.cert, g.cert);
	view_is(got.spki, g.spki);
	assert_int_equal(got.number, 1);
	assert_int_equal(got.not_before, 10);
	assert_int_equal(got.not_after, 30);
	assert_int_equal(got.made_at, 5);
	assert_int_equal(got.switched_at, 0);
	assert_string_equal(got.ra_label, g.ra_label);
	assert_int_equal(got.ra_intent, g.ra_intent);
	need(s->table->generation_last(s, &last, &e), &e);
	assert_int_equal(last, 1);
}

static void
one_active_one_next(struct store *s)
{
	struct row_generation g = sample_generation(1);
	struct err e = {0};

	need(s->table->generation_put(s, &g, &e), &e);
	g = sample_generation(2);
	need(s->table->generation_put(s, &g, &e), &e);
	g = sample_generation(3);
	refused(s->table->generation_put(s, &g, &e), &e, WHY_REFUSED);
	g = sample_generation(1);
	g.switched_at = 30;
	need(s->table->generation_put(s, &g, &e), &e);
	g = sample_generation(3);
	need(s->table->generation_put(s, &g, &e), &e);
	g = sample_generation(1); /* unswitching would make three */
	refused(s->table->generation_put(s, &g, &e), &e, WHY_REFUSED);
}

static void
certificate_life(struct store *s)
{
	struct row_cert got, want = sample_cert(5);
	struct err e = {0};
	int64_t issued, revoked;

	refused(s->table->cert_get(s, 1, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_open(s, 0, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_settle(s, 1, VIEW("x"), &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_revoke(s, 1, 5, 1, &e), &e, WHY_NOT_FOUND);
	assert_int_equal(add_cert(s, 5), 1);
	need(s->table->cert_open(s, 0, &got, &e), &e);
	assert_int_equal(got.intent, 1);
	view_is(got.body, want.body);
	refused(s->table->cert_revoke(s, 1, 5, 1, &e), &e, WHY_REFUSED);
	need(s->table->cert_settle(s, 1, VIEW("the certificate"), &e), &e);
	refused(s->table->cert_settle(s, 1, VIEW("another"), &e), &e, WHY_REFUSED);
	refused(s->table->cert_open(s, 0, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->cert_get(s, 1, &got, &e), &e);
	want = sample_cert(5);
	assert_int_equal(got.state, CERT_ISSUED);
	assert_int_equal(got.generation, want.generation);
	assert_int_equal(got.key8, want.key8);
	assert_int_equal(got.serial8, sha256_8(want.serial));
	assert_int_equal(got.kind, want.kind);
	assert_int_equal(got.not_before, want.not_before);
	assert_int_equal(got.not_after, want.not_after);
	assert_int_equal(got.made_at, want.made_at);
	assert_int_equal(got.revoked_at, 0);
	view_is(got.serial, want.serial);
	view_is(got.identity, want.identity);
	view_is(got.subject, want.subject);
	view_is(got.request, want.request);
	view_is(got.body, VIEW("the certificate"));
	assert_string_equal(got.transaction, want.transaction);
	assert_string_equal(got.granted_by, want.granted_by);
	need(s->table->cert_revoke(s, 1, 77, 4, &e), &e);
	refused(s->table->cert_revoke(s, 1, 78, 1, &e), &e, WHY_REFUSED);
	need(s->table->cert_get(s, 1, &got, &e), &e);
	assert_int_equal(got.revoked_at, 77);
	assert_int_equal(got.revoked_why, 4);
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	assert_int_equal(issued, 1);
	assert_int_equal(revoked, 1);
}

static void
certificate_void(struct store *s)
{
	struct row_cert got;
	struct err e = {0};
	int64_t issued, revoked;

	add_cert(s, 1);
	need(s->table->cert_settle(s, 1, (struct view){0}, &e), &e);
	need(s->table->cert_get(s, 1, &got, &e), &e);
	assert_int_equal(got.state, CERT_VOID);
	assert_int_equal(got.body.n, 0);
	refused(s->table->cert_settle(s, 1, VIEW("late"), &e), &e, WHY_REFUSED);
	refused(s->table->cert_revoke(s, 1, 5, 1, &e), &e, WHY_REFUSED);
	refused(s->table->cert_by_serial(s, got.serial, &got, &e), &e, WHY_NOT_FOUND);
	add_cert(s, 1); /* the same serial */
	need(s->table->cert_by_serial(s, sample_cert(1).serial, &got, &e), &e);
	assert_int_equal(got.intent, 2);
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	assert_int_equal(issued, 0);
	assert_int_equal(revoked, 0);
}

static void
serial_is_unique(struct store *s)
{
	struct row_cert c = sample_cert(1), got;
	struct err e = {0};
	int64_t intent = 0;

	add_cert(s, 1);
	c.key8 = 99;
	refused(s->table->cert_intent(s, &c, &intent, &e), &e, WHY_REFUSED);
	assert_int_equal(add_cert(s, 2), 2); /* a refusal uses up no number */
	c = sample_cert(4);
	c.intent = 70000; /* at least */
	need(s->table->cert_intent(s, &c, &intent, &e), &e);
	assert_int_equal(intent, 70000);
	c = sample_cert(5);
	c.intent = 70000;
	need(s->table->cert_intent(s, &c, &intent, &e), &e);
	assert_int_equal(intent, 70001);
	assert_int_equal(add_cert(s, 6), 70002);
	need(s->table->cert_by_serial(s, sample_serial(2), &got, &e), &e);
	assert_int_equal(got.intent, 2);
	refused(s->table->cert_by_serial(s, sample_serial(3), &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_by_serial(s, (struct view){0}, &got, &e), &e, WHY_NOT_FOUND);
}

static void
certificates_in_order(struct store *s)
{
	static const int64_t newest_first[] = {8, 5, 2};
	struct row_cert got;
	struct err e = {0};
	int64_t at = INT64_MAX;

	for (int64_t n = 0; n < 9; n++)
		add_cert(s, n); /* key8 = n % 3, intent = n + 1 */
	for (size_t i = 0; i < COUNT_OF(newest_first); i++) {
		need(s->table->cert_by_key(s, 1, at, &got, &e), &e);
		assert_int_equal(got.intent, newest_first[i]);
		at = got.intent;
	}
	refused(s->table->cert_by_key(s, 1, at, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_by_key(s, 3, INT64_MAX, &got, &e), &e, WHY_NOT_FOUND);
	at = 0;
	for (int64_t n = 1; n <= 9; n++) {
		need(s->table->cert_next(s, at, &got, &e), &e);
		at = got.intent;
		assert_int_equal(at, n);
	}
	refused(s->table->cert_next(s, at, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->cert_settle(s, 2, VIEW("done"), &e), &e);
	need(s->table->cert_open(s, 1, &got, &e), &e);
	assert_int_equal(got.intent, 3);
	refused(s->table->cert_open(s, 9, &got, &e), &e, WHY_NOT_FOUND);
}

static bool
elsewhere(struct store *s, int64_t key8, struct view identity)
{
	struct err e = {0};
	bool found = false;

	need(s->table->cert_key_elsewhere(s, key8, identity, &found, &e), &e);
	return found;
}

static void
key_under_another_name(struct store *s)
{
	struct row_cert c = sample_cert(1);
	struct err e = {0};
	int64_t intent = 0;

	c.key8 = 7;
	c.identity = sample_key(1);
	assert_false(elsewhere(s, 7, sample_key(1)));
	need(s->table->cert_intent(s, &c, &intent, &e), &e);
	assert_false(elsewhere(s, 7, sample_key(1)));
	assert_true(elsewhere(s, 7, sample_key(2)));
	assert_false(elsewhere(s, 8, sample_key(2)));
	need(s->table->cert_settle(s, intent, (struct view){0}, &e), &e);
	assert_false(elsewhere(s, 7, sample_key(2))); /* void: was never seen */
	/* The look back has an end. */
	for (int64_t n = 2; n <= 66; n++) {
		c = sample_cert(n);
		c.key8 = 7;
		c.identity = sample_key(n == 2 ? 2 : 1);
		need(s->table->cert_intent(s, &c, &intent, &e), &e);
		assert_int_equal(elsewhere(s, 7, sample_key(1)), n <= 65);
	}
	assert_true(elsewhere(s, 7, sample_key(2)));
}

static int64_t
pending_of(struct store *s, const char *source)
{
	struct err e = {0};
	int64_t n = -1;

	need(s->table->request_count_source(s, source, &n, &e), &e);
	return n;
}

static void
pending_requests_of_a_source(struct store *s)
{
	struct err e = {0};
	int64_t id, removed;

	for (int64_t n = 1; n <= 4; n++) {
		struct row_request r = sample_request(n);

		r.source = n == 4 ? "2001:db8:1:2::/64" : "192.0.2.7";
		need(s->table->request_add(s, &r, &id, &e), &e);
	}
	assert_int_equal(pending_of(s, "192.0.2.7"), 3);
	assert_int_equal(pending_of(s, "2001:db8:1:2::/64"), 1);
	assert_int_equal(pending_of(s, "192.0.2"), 0);
	need(s->table->request_update(s, 1, REQUEST_REJECTED, "no", 1001, 0, &e), &e);
	assert_int_equal(pending_of(s, "192.0.2.7"), 2);
	need(s->table->request_remove(s, 2, &e), &e);
	assert_int_equal(pending_of(s, "192.0.2.7"), 1);
	need(s->table->request_purge(s, INT64_MAX, &removed, &e), &e);
	assert_int_equal(pending_of(s, "192.0.2.7"), 0);
}

static void
revoked_entries_grow(struct store *s)
{
	struct blob got = {0}, want = {0};
	struct err e = {0};
	char entry[48];

	need(s->table->revoked_get(s, &got, &e), &e);
	assert_int_equal(got.n, 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(entry, sizeof(entry), "entry %d of the revoked ones;", i);
		blob_add_str(&want, entry);
		need(s->table->revoked_add(s, view_str(entry), &e), &e);
	}
	need(s->table->revoked_get(s, &got, &e), &e);
	view_is(blob_view(&got), blob_view(&want));
	blob_free(&got);
	blob_free(&want);
}

static void
requests(struct store *s)
{
	struct row_request got, want = sample_request(4);
	struct err e = {0};
	int64_t id = 0, pending;

	refused(s->table->request_get(s, 1, &got, &e), &e, WHY_NOT_FOUND);
	assert_int_equal(add_request(s, 4), 1);
	refused(s->table->request_add(s, &want, &id, &e), &e, WHY_REFUSED);
	want = sample_request(4);
	need(s->table->request_by_digest(s, want.digest, &got, &e), &e);
	assert_int_equal(got.id, 1);
	assert_int_equal(got.generation, want.generation);
	assert_int_equal(got.key8, want.key8);
	assert_int_equal(got.role, want.role);
	assert_int_equal(got.state, want.state);
	assert_int_equal(got.made_at, want.made_at);
	assert_int_equal(got.expires_at, want.expires_at);
	assert_int_equal(got.intent, 0);
	view_is(got.digest, want.digest);
	view_is(got.identity, want.identity);
	view_is(got.csr, want.csr);
	view_is(got.signer, want.signer);
	assert_string_equal(got.transaction, want.transaction);
	assert_string_equal(got.fingerprint, want.fingerprint);
	assert_string_equal(got.source, want.source);
	assert_string_equal(got.reason, want.reason);
	need(s->table->request_update(s, 1, REQUEST_GRANTED, "granted", 5000, 12, &e), &e);
	need(s->table->request_get(s, 1, &got, &e), &e);
	assert_int_equal(got.state, REQUEST_GRANTED);
	assert_int_equal(got.intent, 12);
	assert_int_equal(got.expires_at, 5000);
	assert_string_equal(got.reason, "granted");
	refused(
	    s->table->request_update(s, 2, REQUEST_GRANTED, "", 0, 0, &e), &e, WHY_NOT_FOUND);
	assert_int_equal(add_request(s, 5), 2);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(pending, 1);
	need(s->table->request_remove(s, 2, &e), &e);
	refused(s->table->request_remove(s, 2, &e), &e, WHY_NOT_FOUND);
	refused(s->table->request_by_digest(s, sample_key(5), &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->request_by_digest(s, VIEW("short"), &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(pending, 0);
	assert_int_equal(add_request(s, 5), 3); /* a number shown to people never returns */
	want.digest = VIEW("short");
	refused(s->table->request_add(s, &want, &id, &e), &e, WHY_BUG);
}

static void
requests_in_order_and_expiry(struct store *s)
{
	struct row_request got;
	struct err e = {0};
	int64_t removed, pending;
	when_t earliest;

	need(s->table->request_expiry(s, &earliest, &e), &e);
	assert_true(earliest == WHEN_NEVER);
	for (int64_t n = 9; n > 0; n--)
		add_request(s, n); /* id = 10 - n, expires at 1000 + n, key8 = n % 3 */
	need(s->table->request_update(s, 8, REQUEST_REJECTED, "no", 1002, 0, &e), &e);
	need(s->table->request_expiry(s, &earliest, &e), &e);
	assert_int_equal(earliest, 1001);
	need(s->table->request_by_key(s, 0, INT64_MAX, &got, &e), &e);
	assert_int_equal(got.id, 7);
	need(s->table->request_by_key(s, 0, got.id, &got, &e), &e);
	assert_int_equal(got.id, 4);
	refused(s->table->request_by_key(s, 0, 1, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->request_next(s, 3, &got, &e), &e);
	assert_int_equal(got.id, 4);
	need(s->table->request_purge(s, 1000, &removed, &e), &e);
	assert_int_equal(removed, 0);
	need(
	    s->table->request_purge(s, 1003, &removed, &e), &e); /* the instant itself is due */
	assert_int_equal(removed, 3);
	need(s->table->request_expiry(s, &earliest, &e), &e);
	assert_int_equal(earliest, 1004);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(pending, 6);
	refused(s->table->request_next(s, 6, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->request_update(s, 6, REQUEST_GRANTED, "granted", 2000, 1, &e), &e);
	need(s->table->request_expiry(s, &earliest, &e), &e);
	assert_int_equal(earliest, 1005);
	need(s->table->request_purge(s, 1004, &removed, &e), &e);
	assert_int_equal(removed, 0);
	need(s->table->request_get(s, 6, &got, &e), &e);
}

static void
challenges(struct store *s)
{
	struct row_challenge c = {.hash = sample_key(1), .made_at = 1, .expires_at = 10}, got;
	struct err e = {0};
	when_t earliest;

	need(s->table->challenge_expiry(s, &earliest, &e), &e);
	assert_true(earliest == WHEN_NEVER);
	refused(s->table->challenge_get(s, c.hash, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->challenge_use(s, c.hash, 5, sample_key(9), &e), &e, WHY_NOT_FOUND);
	need(s->table->challenge_add(s, &c, &e), &e);
	refused(s->table->challenge_add(s, &c, &e), &e, WHY_REFUSED);
	need(s->table->challenge_get(s, c.hash, &got, &e), &e);
	assert_int_equal(got.used_at, 0);
	assert_int_equal(got.used_by.n, 0);
	need(s->table->challenge_use(s, c.hash, 5, sample_key(9), &e), &e);
	refused(s->table->challenge_use(s, c.hash, 6, sample_key(9), &e), &e, WHY_REFUSED);
	need(s->table->challenge_get(s, c.hash, &got, &e), &e);
	assert_int_equal(got.used_at, 5);
	view_is(got.used_by, sample_key(9));
	c.hash = sample_key(2);
	c.expires_at = 11;
	need(s->table->challenge_add(s, &c, &e), &e);
	need(s->table->challenge_expiry(s, &earliest, &e), &e);
	assert_int_equal(earliest, 11); /* the used one is not waited for */
	need(s->table->challenge_purge(s, 10, &e), &e);
	refused(s->table->challenge_get(s, sample_key(1), &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->challenge_get(s, sample_key(2), &got, &e), &e);
	c.hash = VIEW("short");
	refused(s->table->challenge_add(s, &c, &e), &e, WHY_BUG);
}

static void
clients(struct store *s)
{
	struct row_client c = sample_client(1), got;
	struct blob last = {0};
	struct err e = {0};
	int count = 0;

	refused(s->table->client_get(s, c.identity, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->client_next(s, (struct view){0}, &got, &e), &e, WHY_NOT_FOUND);
	for (int64_t n = 1; n <= 20; n++) {
		c = sample_client(n);
		need(s->table->client_put(s, &c, &e), &e);
	}
	/* what a get gave may be changed and put back: the very next call may still use it */
	need(s->table->client_get(s, sample_key(7), &got, &e), &e);
	assert_int_equal(got.shadow, 15);
	assert_int_equal(got.shadows, 2);
	got.last_seen = 999;
	got.shadow = 77;
	got.shadows = 3;
	got.asked = "CertPoll";
	need(s->table->client_put(s, &got, &e), &e);
	need(s->table->client_get(s, sample_key(7), &got, &e), &e);
	c = sample_client(7);
	assert_int_equal(got.last_seen, 999);
	assert_int_equal(got.first_seen, 7);
	assert_int_equal(got.shadow, 77);
	assert_int_equal(got.shadows, 3);
	assert_int_equal(got.strength, c.strength);
	assert_int_equal(got.intent, 7);
	assert_string_equal(got.source, c.source);
	assert_string_equal(got.asked, "CertPoll");
	view_is(got.subject, c.subject);
	got.identity = (struct view){0};
	while (s->table->client_next(s, got.identity, &got, &e)) {
		assert_true(view_compare(blob_view(&last), got.identity) < 0);
		blob_set(&last, got.identity);
		count++;
	}
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_int_equal(count, 20);
	c.identity = VIEW("short");
	refused(s->table->client_put(s, &c, &e), &e, WHY_BUG);
	blob_free(&last);
}

static void
lists(struct store *s)
{
	struct row_crl c = {1, 5, 100, 200, {0}}, got;
	struct err e = {0};

	refused(s->table->crl_get(s, 1, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->crl_put(s, &c, &e), &e);
	c.der = VIEW("signed list");
	need(s->table->crl_put(s, &c, &e), &e);
	need(s->table->crl_get(s, 1, &got, &e), &e);
	assert_int_equal(got.number, 5);
	assert_int_equal(got.this_update, 100);
	assert_int_equal(got.next_update, 200);
	view_is(got.der, VIEW("signed list"));
	c.number = 4;
	refused(s->table->crl_put(s, &c, &e), &e, WHY_REFUSED);
	c.generation = 2;
	need(s->table->crl_put(s, &c, &e), &e);
}

static void
audit_is_numbered(struct store *s)
{
	struct row_audit got;
	struct err e = {0};

	refused(s->table->audit_next(s, 0, &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->audit_add(s, 10, "operator", "grant", "request 1", &e), &e);
	need(s->table->audit_add(s, 11, "core", "issue", "serial 2", &e), &e);
	need(s->table->audit_next(s, 1, &got, &e), &e);
	assert_int_equal(got.sequence, 2);
	assert_int_equal(got.at, 11);
	assert_string_equal(got.actor, "core");
	assert_string_equal(got.act, "issue");
	assert_string_equal(got.object, "serial 2");
	assert_int_equal(got.hash.n, 32);
	need(audit_verify(s, &e), &e);
}

static void
savepoint_undoes(struct store *s)
{
	struct row_cert got;
	struct blob b = {0};
	struct err e = {0};
	int64_t issued, revoked, pending;

	add_cert(s, 1);
	need(s->table->fact_put(s, "name", VIEW("before"), &e), &e);
	need(s->table->revoked_add(s, VIEW("one"), &e), &e);
	need(s->table->savepoint(s, &e), &e);
	refused(s->table->savepoint(s, &e), &e, WHY_BUG);
	add_cert(s, 2);
	add_request(s, 1);
	need(s->table->cert_settle(s, 1, VIEW("signed"), &e), &e);
	need(s->table->cert_revoke(s, 1, 5, 1, &e), &e);
	need(s->table->fact_put(s, "name", VIEW("inside"), &e), &e);
	need(s->table->fact_put(s, "name", VIEW("inside twice"), &e), &e);
	need(s->table->revoked_add(s, VIEW("two"), &e), &e);
	need(s->table->audit_add(s, 1, "a", "b", "c", &e), &e);
	s->table->undo(s);
	need(s->table->cert_get(s, 1, &got, &e), &e);
	assert_int_equal(got.state, CERT_INTENT);
	assert_int_equal(got.revoked_at, 0);
	view_is(got.body, VIEW("to be signed"));
	refused(s->table->cert_get(s, 2, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->cert_by_serial(s, sample_serial(2), &got, &e), &e, WHY_NOT_FOUND);
	need(s->table->fact_get(s, "name", &b, &e), &e);
	view_is(blob_view(&b), VIEW("before"));
	need(s->table->revoked_get(s, &b, &e), &e);
	view_is(blob_view(&b), VIEW("one"));
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	need(s->table->request_count(s, &pending, &e), &e);
	assert_int_equal(issued + revoked + pending, 0);
	need(s->table->savepoint(s, &e), &e); /* again, and kept this time */
	assert_int_equal(add_cert(s, 2), 2);
	need(s->table->audit_add(s, 1, "a", "b", "c", &e), &e);
	s->table->release(s);
	s->table->undo(s); /* none is open: nothing happens */
	need(s->table->cert_get(s, 2, &got, &e), &e);
	need(audit_verify(s, &e), &e);
	blob_free(&b);
}

static void
rollback_undoes(struct store *s)
{
	struct row_cert got;
	struct err e = {0};
	struct row_request r;
	int64_t issued, revoked;

	add_cert(s, 1);
	sample_commit(s);
	sample_begin(s);
	add_cert(s, 2);
	need(s->table->cert_settle(s, 1, VIEW("signed"), &e), &e);
	add_request(s, 1);
	need(s->table->savepoint(s, &e), &e);
	add_cert(s, 3);
	s->table->rollback(s);
	need(s->table->cert_get(s, 1, &got, &e), &e);
	assert_int_equal(got.state, CERT_INTENT);
	refused(s->table->cert_get(s, 2, &got, &e), &e, WHY_NOT_FOUND);
	refused(s->table->request_get(s, 1, &r, &e), &e, WHY_NOT_FOUND);
	need(s->table->cert_count(s, &issued, &revoked, &e), &e);
	assert_int_equal(issued, 0);
	sample_begin(s);
	need(s->table->cert_open(s, 0, &got, &e), &e);
	assert_int_equal(got.intent, 1);
	assert_int_equal(add_cert(s, 3), 2);
}

static void
writes_need_a_turn(struct store *s)
{
	struct row_cert c = sample_cert(1);
	struct row_request r = sample_request(1);
	struct row_client k = sample_client(1);
	struct err e = {0};
	int64_t n;

	refused(s->table->begin(s, &e), &e, WHY_BUG);
	sample_commit(s);
	refused(s->table->commit(s, &e), &e, WHY_BUG);
	refused(s->table->savepoint(s, &e), &e, WHY_BUG);
	refused(s->table->cert_intent(s, &c, &n, &e), &e, WHY_BUG);
	refused(s->table->request_add(s, &r, &n, &e), &e, WHY_BUG);
	refused(s->table->client_put(s, &k, &e), &e, WHY_BUG);
	refused(s->table->fact_put(s, "a", VIEW("b"), &e), &e, WHY_BUG);
	refused(s->table->revoked_add(s, VIEW("b"), &e), &e, WHY_BUG);
	refused(s->table->audit_add(s, 1, "a", "b", "c", &e), &e, WHY_BUG);
	sample_begin(s);
	need(s->table->savepoint(s, &e), &e);
	add_cert(s, 1);
	refused(s->table->commit(s, &e), &e, WHY_BUG); /* a savepoint is open: all is undone */
	refused(s->table->cert_settle(s, 1, VIEW("x"), &e), &e, WHY_BUG);
	sample_begin(s);
	refused(s->table->cert_settle(s, 1, VIEW("x"), &e), &e, WHY_NOT_FOUND);
}

static const struct {
	const char *sentence;
	void (*run)(struct store *s);
} cases[] = {
    {"facts are kept by name and replaced", facts},
    {"generations are put and replaced by number", generations},
    {"at most one active and one next generation exist", one_active_one_next},
    {"a certificate goes from intent to issued to revoked, each once", certificate_life},
    {"an intent without a signature becomes void", certificate_void},
    {"I-01 a serial exists once", serial_is_unique},
    {"certificates come in order, by key newest first", certificates_in_order},
    {"a key under another name is found", key_under_another_name},
    {"pending requests of a source are counted", pending_requests_of_a_source},
    {"revoked entries are one growing blob", revoked_entries_grow},
    {"a request exists once by digest, is granted, is removed", requests},
    {"requests come in order and expire at their instant", requests_in_order_and_expiry},
    {"a challenge works once and expires", challenges},
    {"clients are kept by identity and come in its order", clients},
    {"the newest list of a generation is kept, no older one", lists},
    {"audit records are numbered and chained", audit_is_numbered},
    {"undo goes back to the savepoint, release keeps", savepoint_undoes},
    {"rollback goes back to the last commit", rollback_undoes},
    {"writes happen in a turn only", writes_need_a_turn},
};

static void
over_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct store *s = store_open_memory();

		print_message("# memory: %s\n", cases[i].sentence);
		sample_begin(s);
		cases[i].run(s);
		s->table->close(s);
	}
}

static void
over_sqlite(void **state)
{
	char dir[64], path[96];

	(void)state;
	sample_dir(dir);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct store *s;

		snprintf(path, sizeof(path), "%s/%zu.db", dir, i);
		s = open_at(path);
		print_message("# sqlite: %s\n", cases[i].sentence);
		sample_begin(s);
		cases[i].run(s);
		s->table->close(s);
	}
	sample_dir_end(dir);
}

static void
a_backup_of_memory(void **state)
{
	struct store *s = store_open_memory();
	struct row_cert got;
	struct err e = {0};
	int64_t issued, revoked;

	(void)state;
	sample_begin(s);
	add_cert(s, 1);
	need(s->table->cert_settle(s, 1, VIEW("one"), &e), &e);
	need(s->table->fact_put(s, "f", VIEW("before"), &e), &e);
	sample_commit(s);
	for (int again = 0; again < 2; again++) {
		struct blob fact = {0};

		store_memory_keep(s, true);
		for (int64_t n = 2; n < 200; n++) {
			sample_begin(s);
			add_cert(s, n);
			need(s->table->fact_put(s, "f", VIEW("behind"), &e), &e);
			need(s->table->cert_settle(s, n, VIEW("more"), &e), &e);
			sample_commit(s);
		}
		sample_begin(s);
		add_cert(s, 200);
		s->table->rollback(s);
		sample_begin(s);
		need(s->table->cert_revoke(s, 1, 5, 1, &e), &e);
		sample_commit(s);
		store_memory_return(s);
		need(s->table->cert_count(s, &issued, &revoked, &e), &e);
		assert_int_equal(issued, 1);
		assert_int_equal(revoked, 0);
		need(s->table->cert_get(s, 1, &got, &e), &e);
		assert_int_equal(got.revoked_at, 0);
		refused(s->table->cert_get(s, 2, &got, &e), &e, WHY_NOT_FOUND);
		need(s->table->fact_get(s, "f", &fact, &e), &e);
		view_is(blob_view(&fact), VIEW("before"));
		blob_free(&fact);
	}
	s->table->close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_backup_of_memory),
	    cmocka_unit_test(over_memory),
	    cmocka_unit_test(over_sqlite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
