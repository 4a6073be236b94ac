/* store_sample.h - sample rows and a place on disk for the tests of store. */
#ifndef TESTS_UNIT_STORE_SAMPLE_H
#define TESTS_UNIT_STORE_SAMPLE_H

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"

#define UNUSED __attribute__((unused))

/* A directory of its own that goes away with sample_dir_end. */
UNUSED static void
sample_dir(char dir[64])
{
	snprintf(dir, 64, "/tmp/keymuster-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
}

static int
sample_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

UNUSED static void
sample_dir_end(const char *dir)
{
	nftw(dir, sample_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* 32 octets that depend on n: identities, digests, hashes. Eight samples are alive at once. */
static inline struct view
sample_key(int64_t n)
{
	static uint8_t ring[8][32];
	static int next;
	uint8_t *at = ring[next++ % 8];
	char text[32];

	snprintf(text, sizeof(text), "sample %lld", (long long)n);
	sha256(view_str(text), at);
	return view_of(at, 32);
}

static inline struct view
sample_serial(int64_t n)
{
	struct view v = sample_key(1000000 + n);

	return view_of(v.p, 16);
}

UNUSED static struct row_cert
sample_cert(int64_t n)
{
	return (struct row_cert){
	    .generation = 1,
	    .serial = sample_serial(n),
	    .key8 = n % 3,
	    .identity = sample_key(n),
	    .subject = VIEW("0\x0b sample name"),
	    .not_before = 1000 + n,
	    .not_after = 2000 + n,
	    .made_at = 900 + n,
	    .kind = CERT_RENEWAL,
	    .body = VIEW("to be signed"),
	    .request = sample_key(n),
	    .transaction = "0a0b",
	    .granted_by = "auto",
	};
}

UNUSED static struct row_request
sample_request(int64_t n)
{
	return (struct row_request){
	    .generation = 1,
	    .key8 = n % 3,
	    .digest = sample_key(n),
	    .identity = sample_key(-n),
	    .transaction = "ff00",
	    .csr = VIEW("a request"),
	    .signer = VIEW("a certificate"),
	    .fingerprint = "00112233445566778899AABBCCDDEEFF",
	    .source = "192.0.2.7",
	    .role = CERT_INITIAL,
	    .state = REQUEST_PENDING,
	    .reason = "waits for a human",
	    .made_at = 100 + n,
	    .expires_at = 1000 + n,
	};
}

UNUSED static struct row_generation
sample_generation(int64_t n)
{
	return (struct row_generation){
	    .number = n,
	    .key_label = "ROOTCA",
	    .cert = VIEW("certificate of ours"),
	    .spki = VIEW("key of ours"),
	    .not_before = 10 * n,
	    .not_after = 10 * n + 20,
	    .made_at = 10 * n - 5,
	    .crl_number = 7,
	    .ra_label = "ROOTCA-RA",
	    .ra_intent = 2,
	    .cancelled_at = 77,
	};
}

UNUSED static struct row_client
sample_client(int64_t n)
{
	return (struct row_client){
	    .identity = sample_key(n),
	    .subject = VIEW("0\x05subject"),
	    .first_seen = n,
	    .last_seen = n + 1,
	    .source = "192.0.2.1",
	    .asked = "PKCSReq",
	    .intent = n,
	    .strength = 0x35,
	    .shadow = n + 8,
	    .shadows = 2,
	    .usages = VIEW("usages"),
	    .confirmed = n + 6,
	};
}

static inline void
need(bool ok, const struct err *e)
{
	if (!ok)
		fail_msg("%s", e->text);
}

UNUSED static void
sample_begin(struct store *s)
{
	struct err e = {0};

	need(s->table->begin(s, &e), &e);
}

UNUSED static void
sample_commit(struct store *s)
{
	struct err e = {0};

	need(s->table->commit(s, &e), &e);
}

/* One call that must fail for this reason, with a text. */
UNUSED static void
refused(bool ok, struct err *e, enum why why)
{
	assert_false(ok);
	if (e->why != why)
		fail_msg("reason %d instead of %d: %s", (int)e->why, (int)why, e->text);
	assert_true(e->text[0] != '\0');
	*e = (struct err){0};
}

UNUSED static void
view_is(struct view got, struct view want)
{
	assert_true(view_equal(got, want));
}

UNUSED static int64_t
add_cert(struct store *s, int64_t n)
{
	struct row_cert c = sample_cert(n);
	int64_t intent = 0;
	struct err e = {0};

	need(s->table->cert_intent(s, &c, &intent, &e), &e);
	return intent;
}

UNUSED static int64_t
add_request(struct store *s, int64_t n)
{
	struct row_request r = sample_request(n);
	int64_t id = 0;
	struct err e = {0};

	need(s->table->request_add(s, &r, &id, &e), &e);
	return id;
}

UNUSED static struct store *
open_at(const char *path)
{
	struct err e = {0};
	struct store *s = store_open_sqlite(path, &e);

	if (!s)
		fail_msg("%s", e.text);
	return s;
}

#endif
