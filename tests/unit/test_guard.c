/* test_guard.c - the rules, their memory, and the way back from the log. */
#include "keys_test.h"

#include "keys/memory.h"

struct bench {
	struct ring ring;
	struct guard *g;
	struct pair *ca;
	struct blob client;
	struct blob records; /* all that the log would hold, as sized records */
};

static void
bench_open(struct bench *b)
{
	struct blob der = {0};
	struct view v;

	memset(b, 0, sizeof(*b));
	assert_true(ring_open(&b->ring, NULL, NULL, NULL));
	pool_pkcs8(0, &der);
	v = blob_view(&der);
	ring_pool(&b->ring, &v, 1);
	b->g = guard_new();
	assert_true(ring_make(&b->ring, "CA", KEY_RSA, 2048, &b->ca, NULL));
	client_spki(21, &b->client);
	blob_free(&der);
}

static void
bench_close(struct bench *b)
{
	pair_drop(b->ca);
	ring_close(&b->ring);
	guard_free(b->g);
	blob_free(&b->client);
	blob_free(&b->records);
}

static bool
sign(struct bench *b, enum sign_as as, uint64_t intent, const struct blob *tbs, struct err *e)
{
	struct key_job j = job_sign("CA", as, intent, tbs);
	struct permit p;
	struct blob record = {0};
	bool ok = guard_sign(b->g, b->ca, &j, &record, &p, e);

	if (!ok)
		assert_int_equal(record.n, 0);
	if (record.n > 0)
		blob_add_sized(&b->records, blob_view(&record));
	blob_free(&record);
	return ok;
}

static void
sign_self(struct bench *b)
{
	struct blob tbs = {0};

	tbs_cert(self_want(&b->ca->spki), &tbs);
	assert_true(sign(b, SIGN_SELF, 0, &tbs, NULL));
	blob_free(&tbs);
}

static bool
sign_client(struct bench *b, uint64_t intent, uint32_t serial, struct err *e)
{
	struct blob tbs = {0};
	bool ok;

	tbs_cert(client_want(&b->client, serial), &tbs);
	ok = sign(b, SIGN_CERT, intent, &tbs, e);
	blob_free(&tbs);
	return ok;
}

static void
saved(const struct guard *g, struct blob *out)
{
	blob_clear(out);
	guard_save(g, out);
}

/* The window moves; inside it numbers may come in any order; below it nothing is signed. */
static void
intents_in_a_window(void **state)
{
	struct bench b;
	struct err e = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	assert_true(sign_client(&b, 10, 100, &e));
	assert_true(sign_client(&b, 7, 101, &e)); /* later, with a lower number */
	assert_true(sign_client(&b, 7, 101, &e));
	assert_false(sign_client(&b, 7, 102, &e));
	assert_non_null(strstr(e.text, "other octets"));
	assert_true(sign_client(&b, 10 + GUARD_INTENTS - 1, 103, &e));
	assert_true(sign_client(&b, 10, 100, &e)); /* the oldest that is remembered */
	assert_false(sign_client(&b, 10, 99, &e));
	assert_false(sign_client(&b, 9, 104, &e)); /* never signed, but too old to know that */
	assert_non_null(strstr(e.text, "too old"));
	assert_true(sign_client(&b, 10 + GUARD_INTENTS, 105, &e));
	assert_false(sign_client(&b, 10, 100, &e));
	assert_false(sign_client(&b, (uint64_t)INT64_MAX + 1, 106, &e));
	bench_close(&b);
}

/* Numbers may leap GUARD_LEAP beyond the highest of any key: a restored database may be ahead,
 * but one job must not use them up. */
static void
leaps_are_bounded(void **state)
{
	struct bench b;
	struct blob tbs = {0};
	struct err e = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	assert_false(sign_client(&b, GUARD_LEAP + 1, 2, &e));
	assert_non_null(strstr(e.text, "far beyond"));
	assert_true(sign_client(&b, GUARD_LEAP, 2, &e));
	assert_true(sign_client(&b, 2 * GUARD_LEAP, 3, &e));
	assert_false(sign_client(&b, 3 * GUARD_LEAP + 1, 4, &e));
	tbs_crl(CA_NAME, GUARD_LEAP + 1, T0, T0 + DAY, &tbs);
	assert_false(sign(&b, SIGN_CRL, GUARD_LEAP + 1, &tbs, &e));
	assert_non_null(strstr(e.text, "far beyond"));
	tbs_crl(CA_NAME, GUARD_LEAP, T0, T0 + DAY, &tbs);
	assert_true(sign(&b, SIGN_CRL, GUARD_LEAP, &tbs, &e));
	/* the next generation's key goes on where this one is */
	struct pair next = {.id = {9}, .kind = KEY_RSA, .spki = b.ca->spki};
	struct pair *ca = b.ca;

	b.ca = &next;
	sign_self(&b);
	assert_false(sign_client(&b, 3 * GUARD_LEAP + 1, 4, &e));
	assert_true(sign_client(&b, 3 * GUARD_LEAP, 4, &e));
	b.ca = ca;
	blob_free(&tbs);
	bench_close(&b);
}

/* Issuer and serial name a certificate: one intent each, also after a restart. */
static void
serials_are_used_once(void **state)
{
	struct bench b;
	struct blob s = {0};
	struct err e = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	for (uint32_t i = 1; i <= 300; i++)
		assert_true(sign_client(&b, i, 1000 + i, &e));
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 1; i <= 300; i++) {
			assert_false(sign_client(&b, 400, 1000 + i, &e));
			assert_non_null(strstr(e.text, "serial was"));
			assert_true(sign_client(&b, i, 1000 + i, &e));
		}
		assert_false(sign_client(&b, 400, CA_SERIAL, &e));
		saved(b.g, &s);
		guard_free(b.g);
		b.g = guard_new();
		assert_true(guard_replay(b.g, blob_view(&s), &e));
	}
	/* in the place of intent 1, whose serial is not remembered any more */
	assert_true(sign_client(&b, 1 + GUARD_INTENTS, 5000, &e));
	assert_true(sign_client(&b, 2 + GUARD_INTENTS, 1001, &e));
	assert_false(sign_client(&b, 3 + GUARD_INTENTS, 1001, &e));
	assert_false(sign_client(&b, 3 + GUARD_INTENTS, 1003, &e));
	blob_free(&s);
	bench_close(&b);
}

/* The memory goes round and round: serials of the newest intents are known, all others not. */
static void
serials_come_and_go(void **state)
{
	static uint64_t serials[5 * GUARD_INTENTS];
	struct guard *g = guard_new();
	struct state *s = state_of(g, (uint8_t[PAIR_ID]){7});
	const size_t n = COUNT_OF(serials), kept = n - GUARD_INTENTS;
	uint8_t tbs[DIGEST] = {0};
	uint64_t seed = 20260102;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < n; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		serials[i] = seed ^ seed >> 29;
		state_intent(s, i + 1, tbs, (int64_t)serials[i]);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(serial_known(s, (int64_t)serials[i]), i >= kept);
	guard_free(g);
}

/* What is saved must fit the log: a hostile core makes no keys with windows without end. */
static void
windows_are_counted(void **state)
{
	struct bench b;
	struct blob tbs = {0};
	struct err e = {0};
	struct pair *ca;

	(void)state;
	bench_open(&b);
	ca = b.ca;
	for (uint8_t i = 0; i < GUARD_WINDOWS; i++) {
		struct pair p = {.id = {1, i}, .kind = KEY_RSA, .spki = ca->spki};

		b.ca = &p;
		sign_self(&b);
	}
	b.ca = ca;
	tbs_cert(self_want(&ca->spki), &tbs);
	assert_false(sign(&b, SIGN_SELF, 0, &tbs, &e));
	assert_non_null(strstr(e.text, "64 keys"));
	attrs_of(SCEP_CERTREP, &tbs);
	assert_true(sign(&b, SIGN_REPLY, 0, &tbs, &e)); /* an RA's key needs no window */
	blob_free(&tbs);
	bench_close(&b);
}

/* All but the reply leave a record; played into an empty guard, they give the same memory. */
static void
log_gives_the_memory_back(void **state)
{
	struct bench b;
	struct guard *g = guard_new(), *from_saved = guard_new();
	struct blob before = {0}, after = {0}, tbs = {0}, record = {0};
	struct key_job j = job_of(KEY_GRANT, "CA");
	struct reader r;
	struct view one;
	struct err e = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	for (uint32_t i = 1; i <= 300; i++)
		assert_true(sign_client(&b, i, i, &e));
	tbs_crl(CA_NAME, 7, T0, T0 + DAY, &tbs);
	assert_true(sign(&b, SIGN_CRL, 7, &tbs, &e));
	for (int i = 0; i < 2; i++) {
		blob_clear(&tbs);
		memset(blob_grow(&tbs, 32), i, 32);
		if (i == 1) {
			sha256(blob_view(&b.client), tbs.p);
		}
		j.bits = KEY_ROLE_SUB_CA;
		j.bytes = blob_view(&tbs);
		blob_clear(&record);
		assert_true(guard_grant(b.g, b.ca, &j, &record, &e));
		blob_add_sized(&b.records, blob_view(&record));
	}
	struct tbs_want w = client_want(&b.client, 400);
	w.ca = true;
	tbs_cert(w, &tbs);
	assert_true(sign(&b, SIGN_CERT, 400, &tbs, &e)); /* uses the second grant */
	r = reader_of(blob_view(&b.records));
	while (r.n > 0) {
		assert_true(read_sized(&r, &one));
		if (!guard_replay(g, one, &e))
			fail_msg("%s", e.text);
	}
	saved(b.g, &before);
	saved(g, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	assert_true(guard_replay(from_saved, blob_view(&before), &e));
	saved(from_saved, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	/* forgotten by the log is forgotten */
	blob_clear(&record);
	assert_false(guard_forget(b.g, b.ca, &record, &e)); /* it has a window */
	assert_int_equal(record.n, 0);
	struct pair none = {.id = {8}};
	assert_true(guard_forget(b.g, &none, &record, &e));
	assert_true(guard_replay(g, blob_view(&record), &e));
	saved(g, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	memcpy(record.p + 1, b.ca->id, PAIR_ID);
	assert_true(guard_replay(g, blob_view(&record), &e));
	saved(g, &after);
	assert_int_equal(after.n, 5);
	guard_free(g);
	guard_free(from_saved);
	blob_free(&before);
	blob_free(&after);
	blob_free(&tbs);
	blob_free(&record);
	bench_close(&b);
}

/* Every record cut at every octet, and with one more, is refused. */
static void
records_are_exact(void **state)
{
	struct bench b;
	struct reader r;
	struct view one;
	size_t cut = 0;

	(void)state;
	bench_open(&b);
	sign_self(&b);
	assert_true(sign_client(&b, 1, 1, NULL));
	r = reader_of(blob_view(&b.records));
	for (int i = 0; i < 2; i++) {
		struct guard *g = guard_new();
		struct blob longer = {0};

		assert_true(read_sized(&r, &one));
		for (size_t n = 0; n < one.n; n++)
			cut += !guard_replay(g, view_of(one.p, n), NULL);
		assert_int_equal(cut, one.n);
		blob_set(&longer, one);
		memset(blob_grow(&longer, 20), 0, 20);
		assert_false(guard_replay(g, blob_view(&longer), NULL));
		if (i == 1)
			assert_false(guard_replay(
			    g, one, NULL)); /* a certificate by a key without window */
		guard_free(g);
		blob_free(&longer);
		cut = 0;
	}
	bench_close(&b);
}

/* 5,000,000 certificates: what the guard keeps must not grow with them. */
static void
memory_is_bounded(void **state)
{
	struct bench b;
	struct blob s = {0};
	struct blob record = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	for (uint64_t i = 1; i <= 100000; i++) {
		uint8_t digest[32] = {1};

		blob_clear(&record);
		blob_add_byte(&record, 3); /* a certificate's record */
		blob_add(&record, b.ca->id, PAIR_ID);
		blob_add_u64(&record, 50 * i);
		blob_add(&record, digest, 32);
		blob_add_byte(&record, 0);
		blob_add_byte(&record, 1);
		assert_true(guard_replay(b.g, blob_view(&record), NULL));
	}
	saved(b.g, &s);
	assert_true(s.n < GUARD_INTENTS * 48 + 1000);
	blob_free(&s);
	blob_free(&record);
	bench_close(&b);
}

/* A nudged octet anywhere in an honest TBS is never signed under the same intent, and most are
 * no TBS at all. */
static void
no_octet_may_change(void **state)
{
	struct bench b;
	struct blob tbs = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	tbs_cert(client_want(&b.client, 5), &tbs);
	assert_true(sign(&b, SIGN_CERT, 5, &tbs, NULL));
	for (size_t i = 0; i < tbs.n; i++) {
		tbs.p[i] ^= 1;
		assert_false(sign(&b, SIGN_CERT, 5, &tbs, NULL));
		assert_false(sign(&b, SIGN_REPLY, 0, &tbs, NULL));
		assert_false(sign(&b, SIGN_CRL, 5, &tbs, NULL));
		tbs.p[i] ^= 1;
	}
	assert_true(sign(&b, SIGN_CERT, 5, &tbs, NULL));
	blob_free(&tbs);
	bench_close(&b);
}

/* SEC-08: a weak digest signs what the configuration says, as far down as it says, and replies
 * alone. */
static void
weak_digests_for_replies_alone(void **state)
{
	static const enum hash hashes[] = {HASH_SHA256, HASH_SHA1, HASH_MD5};
	struct bench b;
	struct blob attrs = {0}, cert = {0};

	(void)state;
	bench_open(&b);
	sign_self(&b);
	attrs_of(SCEP_CERTREP, &attrs);
	for (size_t allowed = 0; allowed < COUNT_OF(hashes); allowed++) {
		if (allowed > 0) /* SHA-256 without being told */
			guard_replies(b.g, hashes[allowed]);
		for (size_t i = 0; i < COUNT_OF(hashes); i++) {
			struct key_job j = job_sign("CA", SIGN_REPLY, 0, &attrs);
			struct tbs_want want = client_want(&b.client, (uint32_t)(50 + i));
			struct blob record = {0};
			struct permit p;
			struct err e = {0};

			j.alg.hash = hashes[i];
			assert_int_equal(
			    guard_sign(b.g, b.ca, &j, &record, &p, &e), i <= allowed);
			want.hash = hashes[i];
			tbs_cert(want, &cert);
			j = job_sign("CA", SIGN_CERT, 50 + i, &cert);
			j.alg.hash = hashes[i];
			if (hashes[i] != HASH_SHA256) {
				assert_false(guard_sign(b.g, b.ca, &j, &record, &p, &e));
				assert_non_null(strstr(e.text, hash_name(hashes[i])));
			}
			blob_free(&record);
		}
	}
	blob_free(&attrs);
	blob_free(&cert);
	bench_close(&b);
}

/* ---- one generation after the other ---- */

enum kin { /* certificates that an announcement may hold */
	KIN_NONE,
	KIN_OWN,
	KIN_NEXT,
	KIN_NEXT_RA,
	KIN_RIVAL, /* a second successor */
	KIN_OTHER, /* a CA here of another name */
	KIN_SHORT, /* of our name, but ends with the active one */
	KIN_STRANGER,
	KIN_COUNT
};

struct family { /* the active key, what follows it, and what does not */
	struct bench b;
	struct pair *made; /* by the bench */
	struct pair pair[KIN_COUNT];
	struct blob spki[KIN_COUNT], cert[KIN_COUNT];
};

static void
kin_add(struct family *f, enum kin kin, enum kin by, const struct tbs_want *w)
{
	struct blob tbs = {0};
	struct sig_alg alg = RSA_SHA256;

	tbs_cert(*w, &tbs);
	signed_assemble(blob_view(&tbs), &alg, VIEW("no signature"), &f->cert[kin]);
	if (by != KIN_NONE) {
		f->b.ca = &f->pair[by];
		assert_true(sign(
		    &f->b, kin == by ? SIGN_SELF : SIGN_CERT, kin == by ? 0 : 1, &tbs, NULL));
	}
	blob_free(&tbs);
}

static void
family_open(struct family *f)
{
	memset(f, 0, sizeof(*f));
	bench_open(&f->b);
	f->made = f->b.ca;
	for (int i = KIN_OWN; i < KIN_COUNT; i++) {
		struct tbs_want w;

		client_spki((size_t)(30 + i), &f->spki[i]);
		f->pair[i] = (struct pair){
		    .id = {(uint8_t)i}, .kind = KEY_RSA, .spki = f->spki[i], .label = "KIN"};
		w = self_want(&f->spki[i]);
		if (i == KIN_NEXT_RA)
			w = client_want(&f->spki[i], 7);
		else if (i != KIN_OWN && i != KIN_SHORT)
			w.until += (i == KIN_RIVAL ? 366 : 365) * DAY;
		if (i == KIN_OTHER)
			w.issuer = w.subject = "CN=Another";
		kin_add(f, (enum kin)i,
		    i == KIN_NEXT_RA	? KIN_NEXT
		    : i == KIN_STRANGER ? KIN_NONE
					: (enum kin)i,
		    &w);
	}
	f->b.ca = &f->pair[KIN_OWN];
}

static void
family_close(struct family *f)
{
	for (int i = 0; i < KIN_COUNT; i++) {
		blob_free(&f->spki[i]);
		blob_free(&f->cert[i]);
	}
	f->b.ca = f->made;
	bench_close(&f->b);
}

/* NX-03: trust passes on to what was made here, and to nothing else. */
static void
announces_its_one_successor(void **state)
{
	static const struct {
		const char *sentence;
		enum kin by, kin[3];
		const char *because; /* NULL: signed */
		bool list;
		enum hash hash;
	} cases[] = {
	    {"its successor", KIN_OWN, {KIN_NEXT}, NULL, false, 0},
	    {"with the RA of that", KIN_OWN, {KIN_NEXT, KIN_NEXT_RA}, NULL, false, 0},
	    {"in any order", KIN_OWN, {KIN_NEXT_RA, KIN_NEXT}, NULL, false, 0},
	    {"the RA alone", KIN_OWN, {KIN_NEXT_RA}, "0 successors", false, 0},
	    {"two successors", KIN_OWN, {KIN_NEXT, KIN_RIVAL}, "2 successors", false, 0},
	    {"the same one twice", KIN_OWN, {KIN_NEXT, KIN_NEXT}, "2 successors", false, 0},
	    {"itself", KIN_OWN, {KIN_OWN}, "not made here", false, 0},
	    {"a stranger", KIN_OWN, {KIN_STRANGER}, "not made here", false, 0},
	    {"a stranger beside", KIN_OWN, {KIN_NEXT, KIN_STRANGER}, "not made here", false, 0},
	    {"a CA of another name", KIN_OWN, {KIN_OTHER}, "not made here", false, 0},
	    {"one that ends with it", KIN_OWN, {KIN_SHORT}, "not made here", false, 0},
	    {"back in time", KIN_NEXT, {KIN_OWN}, "not made here", false, 0},
	    {"a list inside", KIN_OWN, {KIN_NEXT}, "lists inside", true, 0},
	    {"by a key without certificate", KIN_NEXT_RA, {KIN_NEXT}, "of its own", false, 0},
	    {"by a weak digest", KIN_OWN, {KIN_NEXT}, "sha1, which", false, HASH_SHA1},
	};
	struct family f;

	(void)state;
	family_open(&f);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob certs = {0}, content = {0}, record = {0};
		struct key_job j;
		struct permit p = {0};
		struct err e = {0};

		for (int k = 0; k < 3; k++)
			blob_add_view(&certs, blob_view(&f.cert[cases[i].kin[k]]));
		certs_only_encode(blob_view(&certs),
		    cases[i].list ? blob_view(&f.cert[KIN_OWN]) : (struct view){0}, &content);
		j = job_sign("KIN", SIGN_NEXT, 0, &content);
		j.alg.hash = cases[i].hash != HASH_NONE ? cases[i].hash : HASH_SHA256;
		if (guard_sign(f.b.g, &f.pair[cases[i].by], &j, &record, &p, &e) !=
			(cases[i].because == NULL) ||
		    (cases[i].because != NULL && strstr(e.text, cases[i].because) == NULL))
			fail_msg("%s: %s", cases[i].sentence, e.text);
		assert_int_equal(record.n, 0);
		/* cut short it is no message at all */
		j.bytes.n--;
		assert_false(guard_sign(f.b.g, &f.pair[cases[i].by], &j, &record, &p, &e));
		blob_free(&certs);
		blob_free(&content);
	}
	family_close(&f);
}

/* KU-01 to KU-06: another key's own certificate is repeated, within its dates and one's own. */
static void
links_to_its_kin_SIGN_LINK(void **state)
{
	static const struct {
		const char *sentence;
		enum kin by, kin, key; /* whose certificate goes before, whose key is inside */
		when_t from, until;    /* moved by */
		const char *name, *because;
		uint32_t usage, serial;
		bool leaf, spare;
	} cases[] = {
	    {"new with old", KIN_OWN, KIN_NEXT, KIN_NEXT, 0, -365, NULL, NULL, 0, 21, 0},
	    {"old with new", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, NULL, NULL, 0, 22, 0, 0},
	    {"beyond its own end", KIN_OWN, KIN_NEXT, KIN_NEXT, 0, 0, NULL, "leave the window",
		0, 23, 0, 0},
	    {"beyond the other's end", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 1, NULL, "dates leave", 0,
		24, 0, 0},
	    {"before the other's begin", KIN_NEXT, KIN_OWN, KIN_OWN, -1, 0, NULL, "dates leave",
		0, 25, 0, 0},
	    {"another key inside", KIN_NEXT, KIN_OWN, KIN_STRANGER, 0, 0, NULL, "name or key",
		0, 26, 0, 0},
	    {"a stranger's certificate", KIN_NEXT, KIN_STRANGER, KIN_STRANGER, 0, 0, NULL,
		"no other key", 0, 27, 0, 0},
	    {"a certificate that was issued", KIN_OWN, KIN_NEXT_RA, KIN_NEXT_RA, 0, 0, NULL,
		"no other key", 0, 28, 0, 0},
	    {"its own", KIN_OWN, KIN_OWN, KIN_OWN, 0, 0, NULL, "no other key", 0, 29, 0, 0},
	    {"a CA of another name", KIN_OWN, KIN_OTHER, KIN_OTHER, 0, -365, NULL,
		"no other key", 0, 30, 0, 0},
	    {"another subject", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, "CN=Else", "name or key", 0,
		31, 0, 0},
	    {"no CA", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, NULL, "something else", 0, 32, 1, 0},
	    {"more usages", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, NULL, "something else",
		KU_DIGITAL_SIGNATURE, 33, 0, 0},
	    {"a serial given before", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, NULL, "under another",
		0, 22, 0, 0},
	    {"octets behind", KIN_NEXT, KIN_OWN, KIN_OWN, 0, 0, NULL, "TBSCertificate", 0, 34,
		0, 1},
	    {"by a key without certificate", KIN_NEXT_RA, KIN_OWN, KIN_OWN, 0, 0, NULL,
		"no self", 0, 35, 0, 0},
	};
	struct family f;

	(void)state;
	family_open(&f);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob bytes = {0}, tbs = {0}, record = {0}, again = {0};
		struct tbs_want w = self_want(&f.spki[cases[i].key]);
		struct permit p = {0};
		struct err e = {0};
		uint8_t digest[DIGEST];
		struct key_job j;
		bool ok;

		w.until +=
		    cases[i].until * DAY +
		    (cases[i].kin == KIN_OWN || cases[i].kin == KIN_NEXT_RA ? 0 : 365 * DAY);
		w.from += cases[i].from * DAY;
		w.serial = cases[i].serial;
		w.usage |= cases[i].usage;
		w.ca = !cases[i].leaf;
		if (cases[i].name != NULL)
			w.subject = cases[i].name;
		tbs_cert(w, &tbs);
		blob_set(&bytes, blob_view(&f.cert[cases[i].kin]));
		blob_add_view(&bytes, blob_view(&tbs));
		if (cases[i].spare)
			blob_add_byte(&bytes, 0);
		j = job_sign("KIN", SIGN_LINK, 40 + i, &bytes);
		ok = guard_sign(f.b.g, &f.pair[cases[i].by], &j, &record, &p, &e);
		if (ok != (cases[i].because == NULL) ||
		    (!ok && strstr(e.text, cases[i].because) == NULL))
			fail_msg("%s: %s", cases[i].sentence, e.text);
		assert_int_equal(record.n > 0, ok);
		if (ok) { /* what is signed is the TBSCertificate alone; again only the same */
			sha256(blob_view(&tbs), digest);
			assert_memory_equal(p.digest, digest, DIGEST);
			assert_true(p.logged);
			assert_true(
			    guard_sign(f.b.g, &f.pair[cases[i].by], &j, &again, &p, &e));
			assert_int_equal(again.n, 0);
			assert_memory_equal(p.digest, digest, DIGEST);
			bytes.p[bytes.n - 1] ^= 1;
			assert_false(
			    guard_sign(f.b.g, &f.pair[cases[i].by], &j, &again, &p, &e));
		}
		blob_free(&bytes);
		blob_free(&tbs);
		blob_free(&record);
	}
	family_close(&f);
}

/* A key goes when another of its name lives as long, or when it has no clients and another
 * stays; never the last one. */
static void
forgotten_when_nobody_is_cut_off(void **state)
{
	static const struct {
		enum kin kin;
		bool goes;
	} cases[] = {
	    {KIN_OTHER, false},	 /* the only one of its name */
	    {KIN_NEXT_RA, true}, /* no window */
	    {KIN_RIVAL, true},	 /* ends last, but has issued nothing */
	    {KIN_NEXT, false},	 /* ends last, and has issued to a client */
	    {KIN_SHORT, true},
	    {KIN_OWN, true},
	    {KIN_OWN, true}, /* asked twice */
	    {KIN_NEXT, false},
	};
	struct family f;
	struct guard *g = guard_new();
	struct blob record = {0}, before = {0}, after = {0}, tbs = {0};
	struct tbs_want w;
	struct reader r;
	struct view one;
	struct err e = {0};

	(void)state;
	family_open(&f);
	f.b.ca = &f.pair[KIN_NEXT];
	for (unsigned n = 2; n <= 3; n++) {
		w = client_want(&f.spki[KIN_STRANGER], 6 + n);
		tbs_cert(w, &tbs);
		assert_true(sign(&f.b, SIGN_CERT, n, &tbs, NULL));
	}
	blob_free(&tbs);
	f.b.ca = &f.pair[KIN_OWN];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		blob_clear(&record);
		if (guard_forget(f.b.g, &f.pair[cases[i].kin], &record, &e) != cases[i].goes)
			fail_msg("case %zu: %s", i, e.text);
		if (!cases[i].goes) {
			assert_non_null(strstr(e.text, "lives as long as its own"));
			assert_int_equal(record.n, 0);
			continue;
		}
		assert_true(guard_replay(f.b.g, blob_view(&record), &e));
		blob_add_sized(&f.b.records, blob_view(&record));
	}
	/* the log gives the same memory back, and the same answers */
	r = reader_of(blob_view(&f.b.records));
	while (r.n > 0) {
		assert_true(read_sized(&r, &one));
		if (!guard_replay(g, one, &e))
			fail_msg("%s", e.text);
	}
	saved(f.b.g, &before);
	saved(g, &after);
	assert_true(view_equal(blob_view(&before), blob_view(&after)));
	blob_clear(&record);
	assert_false(guard_forget(g, &f.pair[KIN_NEXT], &record, &e));
	guard_free(g);
	blob_free(&record);
	blob_free(&before);
	blob_free(&after);
	family_close(&f);
}

/* The next generation may have signed nothing yet when the one before goes. */
static void
numbers_outlive_a_key(void **state)
{
	struct family f;
	struct blob tbs = {0}, record = {0}, s = {0};
	struct err e = {0};

	(void)state;
	family_open(&f);
	tbs_cert(client_want(&f.b.client, 4), &tbs);
	assert_true(sign(&f.b, SIGN_CERT, GUARD_LEAP, &tbs, &e));
	assert_true(guard_forget(f.b.g, &f.pair[KIN_OWN], &record, &e));
	assert_true(guard_replay(f.b.g, blob_view(&record), &e));
	f.b.ca = &f.pair[KIN_NEXT];
	struct tbs_want w = client_want(&f.b.client, 5);

	w.from = T0 + 365 * DAY;
	w.until = T0 + 366 * DAY;
	tbs_cert(w, &tbs);
	for (int round = 0; round < 2; round++) {
		if (!sign(&f.b, SIGN_CERT, 2 * GUARD_LEAP, &tbs, &e))
			fail_msg("%s", e.text);
		saved(f.b.g, &s);
		guard_free(f.b.g);
		f.b.g = guard_new();
		assert_true(guard_replay(f.b.g, blob_view(&s), &e));
	}
	assert_false(sign(&f.b, SIGN_CERT, 3 * GUARD_LEAP + 1, &tbs, &e));
	blob_free(&tbs);
	blob_free(&record);
	blob_free(&s);
	family_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(intents_in_a_window),
	    cmocka_unit_test(leaps_are_bounded),
	    cmocka_unit_test(serials_are_used_once),
	    cmocka_unit_test(serials_come_and_go),
	    cmocka_unit_test(windows_are_counted),
	    cmocka_unit_test(log_gives_the_memory_back),
	    cmocka_unit_test(records_are_exact),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(no_octet_may_change),
	    cmocka_unit_test(weak_digests_for_replies_alone),
	    cmocka_unit_test(announces_its_one_successor),
	    cmocka_unit_test(links_to_its_kin_SIGN_LINK),
	    cmocka_unit_test(forgotten_when_nobody_is_cut_off),
	    cmocka_unit_test(numbers_outlive_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
