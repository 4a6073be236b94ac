/* test_store_lockstep.c - both drivers answer alike at random. */
#include "store_sample.h"

#define OPERATIONS 20000
#define SPAN 60 /* few distinct values, so that collisions and hits are frequent */

static uint64_t seed;

static int64_t
draw(int64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed % (uint64_t)below);
}

/* What one store answered, as octets to compare. */
static struct blob answer[2];

static void
say_int(struct blob *b, int64_t i)
{
	blob_add_u64(b, (uint64_t)i);
}

static void
say_text(struct blob *b, const char *s)
{
	blob_add_sized(b, view_str(s));
}

static void
say_ok(struct blob *b, bool ok, const struct err *e)
{
	say_int(b, ok ? -1 : (int64_t)e->why);
}

static void
say_cert(struct blob *b, const struct row_cert *c)
{
	say_int(b, c->intent);
	say_int(b, c->generation);
	blob_add_sized(b, c->serial);
	say_int(b, c->serial8);
	say_int(b, c->key8);
	blob_add_sized(b, c->identity);
	blob_add_sized(b, c->subject);
	say_int(b, c->not_before);
	say_int(b, c->not_after);
	say_int(b, c->made_at);
	say_int(b, (int64_t)c->kind);
	say_int(b, (int64_t)c->state);
	blob_add_sized(b, c->body);
	blob_add_sized(b, c->request);
	say_text(b, c->transaction);
	say_text(b, c->granted_by);
	say_int(b, c->revoked_at);
	say_int(b, c->revoked_why);
}

static void
say_request(struct blob *b, const struct row_request *r)
{
	say_int(b, r->id);
	say_int(b, r->generation);
	say_int(b, r->key8);
	blob_add_sized(b, r->digest);
	blob_add_sized(b, r->identity);
	say_text(b, r->transaction);
	blob_add_sized(b, r->csr);
	blob_add_sized(b, r->signer);
	say_text(b, r->fingerprint);
	say_text(b, r->source);
	say_int(b, r->role);
	say_int(b, (int64_t)r->state);
	say_text(b, r->reason);
	say_int(b, r->made_at);
	say_int(b, r->expires_at);
	say_int(b, r->intent);
}

static void
say_client(struct blob *b, const struct row_client *c)
{
	blob_add_sized(b, c->identity);
	blob_add_sized(b, c->subject);
	say_int(b, c->first_seen);
	say_int(b, c->last_seen);
	say_text(b, c->source);
	say_text(b, c->asked);
	say_int(b, c->intent);
	say_int(b, c->strength);
	say_int(b, c->shadow);
	say_int(b, c->shadows);
	blob_add_sized(b, c->usages);
	say_int(b, c->confirmed);
}

/* ---- one random operation, the same for both stores ---- */

struct op {
	int kind;
	int64_t a, b;
	struct view bytes;
};

static void
op_turn(struct store *s, const struct op *o, struct blob *out)
{
	struct err e = {0};

	switch (o->a % 8) {
	case 0:
	case 1:
	case 2:
		say_ok(out, s->table->begin(s, &e), &e);
		break;
	case 3:
		say_ok(out, s->table->commit(s, &e), &e);
		break;
	case 4:
		s->table->rollback(s);
		break;
	case 5:
		say_ok(out, s->table->savepoint(s, &e), &e);
		break;
	case 6:
		s->table->release(s);
		break;
	default:
		s->table->undo(s);
	}
}

static void
op_cert_write(struct store *s, const struct op *o, struct blob *out)
{
	struct row_cert c = sample_cert(o->a * SPAN + o->b);
	struct err e = {0};
	int64_t intent = 0;

	c.body = o->bytes;
	switch (o->b % 4) {
	case 0:
	case 1:
		say_ok(out, s->table->cert_intent(s, &c, &intent, &e), &e);
		say_int(out, intent);
		break;
	case 2:
		say_ok(out, s->table->cert_settle(s, o->a, o->bytes, &e), &e);
		break;
	default:
		say_ok(out, s->table->cert_revoke(s, o->a, o->b + 1, 3, &e), &e);
	}
}

static void
op_cert_read(struct store *s, const struct op *o, struct blob *out)
{
	struct row_cert c;
	struct err e = {0};
	int64_t issued = 0, revoked = 0;
	bool ok = false, elsewhere = false;

	switch (o->b % 6) {
	case 0:
		ok = s->table->cert_get(s, o->a, &c, &e);
		break;
	case 1:
		ok = s->table->cert_by_serial(s, sample_serial(o->a * SPAN + o->b), &c, &e);
		break;
	case 2:
		ok = s->table->cert_by_key(s, o->b % 4, o->a, &c, &e);
		break;
	case 3:
		ok = s->table->cert_next(s, o->a, &c, &e);
		break;
	case 4:
		ok = s->table->cert_open(s, o->a, &c, &e);
		break;
	default:
		say_ok(out,
		    s->table->cert_key_elsewhere(
			s, o->b % 4, sample_key(o->a * SPAN + o->b), &elsewhere, &e),
		    &e);
		say_int(out, elsewhere);
	}
	say_ok(out, ok, &e);
	if (ok)
		say_cert(out, &c);
	say_ok(out, s->table->cert_count(s, &issued, &revoked, &e), &e);
	say_int(out, issued);
	say_int(out, revoked);
}

static void
op_request_write(struct store *s, const struct op *o, struct blob *out)
{
	struct row_request r = sample_request(o->a);
	struct err e = {0};
	int64_t n = 0;

	r.csr = o->bytes;
	r.state = (enum request_state)(1 + o->b % 4);
	switch (o->b % 5) {
	case 0:
	case 1:
		say_ok(out, s->table->request_add(s, &r, &n, &e), &e);
		break;
	case 2:
		say_ok(out,
		    s->table->request_update(
			s, o->a, r.state, "changed", 1000 + o->b, o->b, &e),
		    &e);
		break;
	case 3:
		say_ok(out, s->table->request_remove(s, o->a, &e), &e);
		break;
	default:
		if (o->a % 8 == 0)
			say_ok(out, s->table->request_purge(s, 1000 + o->b, &n, &e), &e);
	}
	say_int(out, n);
}

static void
op_request_read(struct store *s, const struct op *o, struct blob *out)
{
	struct row_request r;
	struct err e = {0};
	int64_t pending = 0;
	when_t earliest = 0;
	bool ok = false;

	switch (o->b % 4) {
	case 0:
		ok = s->table->request_get(s, o->a, &r, &e);
		break;
	case 1:
		ok = s->table->request_by_digest(s, sample_key(o->a), &r, &e);
		break;
	case 2:
		ok = s->table->request_by_key(s, o->b % 4, o->a, &r, &e);
		break;
	default:
		ok = s->table->request_next(s, o->a, &r, &e);
	}
	say_ok(out, ok, &e);
	if (ok)
		say_request(out, &r);
	say_ok(out, s->table->request_count(s, &pending, &e), &e);
	say_int(out, pending);
	say_ok(out,
	    s->table->request_count_source(
		s, o->a % 4 == 0 ? "192.0.2.8" : sample_request(0).source, &pending, &e),
	    &e);
	say_int(out, pending);
	say_ok(out, s->table->request_expiry(s, &earliest, &e), &e);
	say_int(out, earliest);
}

static void
op_client(struct store *s, const struct op *o, struct blob *out)
{
	struct row_client c = sample_client(o->a);
	struct err e = {0};
	bool ok = false;

	c.subject = o->bytes;
	c.strength = (int)o->b;
	switch (o->b % 3) {
	case 0:
		say_ok(out, s->table->client_put(s, &c, &e), &e);
		return;
	case 1:
		ok = s->table->client_get(s, c.identity, &c, &e);
		break;
	default:
		ok =
		    s->table->client_next(s, o->a == 0 ? (struct view){0} : c.identity, &c, &e);
	}
	say_ok(out, ok, &e);
	if (ok)
		say_client(out, &c);
}

static void
op_challenge(struct store *s, const struct op *o, struct blob *out)
{
	struct row_challenge c = {sample_key(o->a), 1, 100 + o->a, 0, {0}};
	struct err e = {0};

	switch (o->b % 4) {
	case 0:
		say_ok(out, s->table->challenge_add(s, &c, &e), &e);
		break;
	case 1:
		say_ok(out, s->table->challenge_use(s, c.hash, o->b, sample_key(o->b), &e), &e);
		break;
	case 2:
		if (o->a % 8 == 0)
			say_ok(out, s->table->challenge_purge(s, 90 + o->b, &e), &e);
		break;
	default:
		if (!s->table->challenge_get(s, c.hash, &c, &e))
			break;
		say_int(out, c.expires_at);
		say_int(out, c.used_at);
		blob_add_sized(out, c.hash);
		blob_add_sized(out, c.used_by);
	}
	say_int(out, (int64_t)e.why);
}

static void
op_small(struct store *s, const struct op *o, struct blob *out)
{
	struct row_crl c = {o->a % 3, o->b, o->a, o->b, o->bytes};
	struct row_generation g = sample_generation(1 + o->a % 6);
	struct blob b = {0};
	struct err e = {0};
	char name[16];

	snprintf(name, sizeof(name), "fact %d", (int)(o->a % 5));
	g.switched_at = o->b % 3;
	switch (o->b % 8) {
	case 0:
		say_ok(out, s->table->fact_put(s, name, o->bytes, &e), &e);
		break;
	case 1:
		say_ok(out, s->table->fact_get(s, name, &b, &e), &e);
		break;
	case 2:
		say_ok(out, s->table->crl_put(s, &c, &e), &e);
		break;
	case 3:
		if (s->table->crl_get(s, c.generation, &c, &e)) {
			say_int(out, c.number);
			blob_add_sized(out, c.der);
		}
		break;
	case 4:
		say_ok(out, s->table->generation_put(s, &g, &e), &e);
		break;
	case 5:
		if (s->table->generation_get(s, g.number, &g, &e))
			say_int(out, g.switched_at);
		if (s->table->generation_last(s, &g.number, &e))
			say_int(out, g.number);
		break;
	case 6:
		say_ok(out, s->table->revoked_add(s, o->bytes, &e), &e);
		break;
	default:
		say_ok(out, s->table->revoked_get(s, &b, &e), &e);
	}
	blob_add_view(out, blob_view(&b));
	say_int(out, (int64_t)e.why);
	blob_free(&b);
}

static void
op_audit(struct store *s, const struct op *o, struct blob *out)
{
	struct row_audit r;
	struct err e = {0};

	if (o->b % 2 == 0)
		say_ok(out, s->table->audit_add(s, o->a, "core", "act", "object", &e), &e);
	else if (s->table->audit_next(s, o->a, &r, &e)) {
		say_int(out, r.sequence);
		say_int(out, r.at);
		say_text(out, r.actor);
		blob_add_sized(out, r.hash);
	}
	if (o->a % 16 == 0)
		say_ok(out, audit_verify(s, &e), &e);
	say_int(out, (int64_t)e.why);
}

static void (*const ops[])(struct store *s, const struct op *o, struct blob *out) = {op_turn,
    op_cert_write, op_cert_write, op_cert_read, op_request_write, op_request_write,
    op_request_read, op_client, op_challenge, op_small, op_audit};

static void
both_answer_alike(void **state)
{
	char dir[64], path[96];
	struct err e = {0};
	struct store *s[2];
	uint8_t bytes[600];
	int64_t ran[COUNT_OF(ops)] = {0};

	(void)state;
	sample_dir(dir);
	snprintf(path, sizeof(path), "%s/store.db", dir);
	s[0] = store_open_memory();
	s[1] = store_open_sqlite(path, &e);
	assert_non_null(s[1]);
	for (int i = 0; i < OPERATIONS; i++) {
		struct op o = {(int)draw(COUNT_OF(ops)), draw(2 * SPAN), draw(SPAN), {0}};

		if (o.kind == 0 && draw(4) != 0)
			o.kind = 1 + (int)draw(COUNT_OF(ops) - 1);
		memset(bytes, (int)draw(256), sizeof(bytes));
		o.bytes = view_of(bytes, (size_t)draw(sizeof(bytes)));
		for (int j = 0; j < 2; j++) {
			blob_clear(&answer[j]);
			ops[o.kind](s[j], &o, &answer[j]);
		}
		if (!view_equal(blob_view(&answer[0]), blob_view(&answer[1])))
			fail_msg("operation %d (kind %d, a %lld, b %lld) differs", i, o.kind,
			    (long long)o.a, (long long)o.b);
		ran[o.kind]++;
		if (i % 2500 == 2499) { /* a restart changes nothing but an open turn */
			s[0]->table->rollback(s[0]);
			s[1]->table->close(s[1]);
			s[1] = store_open_sqlite(path, &e);
			assert_non_null(s[1]);
		}
	}
	for (size_t k = 0; k < COUNT_OF(ops); k++)
		assert_true(ran[k] > 100);
	for (int j = 0; j < 2; j++) {
		s[j]->table->close(s[j]);
		blob_free(&answer[j]);
	}
	sample_dir_end(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(both_answer_alike)};
	const char *given = getenv("SEED");

	seed = given ? strtoull(given, NULL, 0) : 0x5eed0000u + (uint64_t)getpid();
	seed |= 1;
	printf("# SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
