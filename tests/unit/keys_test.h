/* keys_test.h - jobs, names and TBS octets that the tests of keys share. */
#ifndef TESTS_UNIT_KEYS_TEST_H
#define TESTS_UNIT_KEYS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ftw.h>
#include <openssl/x509.h>
#include <poll.h>

#include "keys/keys.h"
#include "lib/pool.h"

#define T0 ((when_t)1767225600) /* 2026-01-01 */
#define RSA_SHA256 ((struct sig_alg){KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0})
#define UNUSED __attribute__((unused))

static UNUSED struct key_job
job_of(enum key_act act, const char *label)
{
	static uint64_t id;
	struct key_job j = {.id = ++id, .act = act};

	snprintf(j.label, sizeof(j.label), "%s", label);
	return j;
}

static UNUSED struct key_job
job_sign(const char *label, enum sign_as as, uint64_t intent, const struct blob *bytes)
{
	struct key_job j = job_of(KEY_SIGN, label);

	j.as = as;
	j.alg = RSA_SHA256;
	j.intent = intent;
	j.bytes = blob_view(bytes);
	return j;
}

/* The next answer; false when the peer is gone. */
static UNUSED bool
answer_next(struct keys *k, struct key_done *d)
{
	struct pollfd p = {.fd = k->table->fd(k), .events = POLLIN};

	while (!keys_collect(k, d)) {
		if (p.fd < 0 || !k->table->alive(k) || poll(&p, 1, 120000) != 1)
			return false;
	}
	return true;
}

static UNUSED struct key_done
ask(struct keys *k, const struct key_job *j)
{
	struct key_done d = {0};
	struct err e = {0};

	if (!keys_submit(k, j, &e))
		fail_msg("not taken: %s", e.text);
	if (!answer_next(k, &d))
		fail_msg("no answer");
	assert_int_equal(d.id, j->id);
	return d;
}

/* Must succeed; the bytes go to out (NULL: away). */
static UNUSED void
must(struct keys *k, const struct key_job *j, struct blob *out)
{
	struct key_done d = ask(k, j);

	if (d.why != WHY_NONE)
		fail_msg("refused: %s", d.text);
	if (out != NULL)
		blob_set(out, blob_view(&d.bytes));
	blob_free(&d.bytes);
}

static UNUSED void
must_not(struct keys *k, const struct key_job *j, const char *sentence, const char *because)
{
	struct key_done d = ask(k, j);

	if (d.why == WHY_NONE)
		fail_msg("not refused: %s", sentence);
	assert_int_equal(d.bytes.n, 0);
	if (strstr(d.text, because) == NULL)
		fail_msg("%s: refused because: %s", sentence, d.text);
	blob_free(&d.bytes);
}

static UNUSED void
make_rsa(struct keys *k, const char *label, struct blob *spki)
{
	struct key_job j = job_of(KEY_MAKE, label);

	j.kind = KEY_RSA;
	j.bits = 2048;
	must(k, &j, spki);
}

static UNUSED void
name_of(const char *text, struct blob *out)
{
	struct err e = {0};

	blob_clear(out);
	if (!name_parse(text, out, &e))
		fail_msg("%s", e.text);
}

/* What a TBSCertificate of a test differs in from a good one. */
struct tbs_want {
	const char *issuer, *subject;
	const struct blob *spki;
	when_t from, until;
	bool ca;
	uint32_t usage;
	uint32_t serial;
	enum hash hash;
	uint32_t eku;
	struct view oid, value; /* one extension more */
	bool v1;		/* version 1, no extensions */
};

/* A TBSCertificate that cert_encode_tbs would not write: as good, but for version and
 * extensions. */
static UNUSED void
tbs_odd(const struct tbs_want *w, const struct cert_spec *s, struct blob *out)
{
	struct der_writer d = {.out = out};

	der_open(&d, DER_SEQUENCE);
	if (!w->v1) {
		der_open(&d, DER_CONTEXT(0));
		der_put_uint(&d, 2);
		der_close(&d);
	}
	der_put_unsigned(&d, s->serial);
	sig_alg_encode(&d, &s->alg);
	der_put_raw(&d, s->issuer);
	der_open(&d, DER_SEQUENCE);
	der_put_time(&d, s->not_before);
	der_put_time(&d, s->not_after);
	der_close(&d);
	der_put_raw(&d, s->subject);
	der_put_raw(&d, s->spki);
	if (!w->v1) {
		der_open(&d, DER_CONTEXT(3));
		der_open(&d, DER_SEQUENCE);
		if (w->usage != 0) {
			der_open(&d, DER_SEQUENCE);
			der_put_oid(&d, VIEW("\x55\x1d\x0f"));
			der_open(&d, DER_OCTET_STRING);
			der_put_bits(&d, w->usage);
			der_close(&d);
			der_close(&d);
		}
		if (w->oid.n > 0) {
			der_open(&d, DER_SEQUENCE);
			der_put_oid(&d, w->oid);
			der_put(&d, DER_OCTET_STRING, w->value);
			der_close(&d);
		}
		der_close(&d);
		der_close(&d);
	}
	der_close(&d);
}

static UNUSED void
tbs_cert(struct tbs_want w, struct blob *out)
{
	struct blob issuer = {0}, subject = {0};
	uint8_t serial[4] = {(uint8_t)(w.serial >> 24), (uint8_t)(w.serial >> 16),
	    (uint8_t)(w.serial >> 8), (uint8_t)w.serial};
	struct cert_spec s = {.serial = view_of(serial, 4),
	    .spki = blob_view(w.spki),
	    .not_before = w.from,
	    .not_after = w.until,
	    .alg = RSA_SHA256,
	    .is_ca = w.ca,
	    .path_len = -1,
	    .key_usage = w.usage,
	    .eku = w.eku};

	if (w.hash != HASH_NONE)
		s.alg.hash = w.hash;
	name_of(w.issuer, &issuer);
	name_of(w.subject, &subject);
	s.issuer = blob_view(&issuer);
	s.subject = blob_view(&subject);
	blob_clear(out);
	if (w.v1 || w.oid.n > 0 || (w.usage == 0 && !w.ca))
		tbs_odd(&w, &s, out);
	else
		cert_encode_tbs(&s, out);
	blob_free(&issuer);
	blob_free(&subject);
}

#define CA_NAME "CN=RootCA,O=Cisco"
#define CA_SERIAL 900001
static UNUSED struct tbs_want
self_want(const struct blob *spki)
{
	return (struct tbs_want){.issuer = CA_NAME,
	    .subject = CA_NAME,
	    .spki = spki,
	    .from = T0,
	    .until = T0 + 365 * DAY,
	    .ca = true,
	    .usage = KU_CERT_SIGN | KU_CRL_SIGN,
	    .serial = CA_SERIAL};
}

static UNUSED struct tbs_want
client_want(const struct blob *spki, uint32_t serial)
{
	return (struct tbs_want){.issuer = CA_NAME,
	    .subject = "CN=r1",
	    .spki = spki,
	    .from = T0 + DAY,
	    .until = T0 + 30 * DAY,
	    .usage = KU_DIGITAL_SIGNATURE,
	    .serial = serial};
}

static UNUSED void
tbs_crl(const char *issuer, uint64_t number, when_t from, when_t until, struct blob *out)
{
	struct blob name = {0};
	uint8_t aki[20] = {1};
	struct crl_spec s = {.aki = view_of(aki, 20),
	    .this_update = from,
	    .next_update = until,
	    .number = number,
	    .alg = RSA_SHA256};

	name_of(issuer, &name);
	s.issuer = blob_view(&name);
	blob_clear(out);
	crl_encode_tbs(&s, out);
	blob_free(&name);
}

static UNUSED void
attrs_of(int type, struct blob *out)
{
	struct err e = {0};
	uint8_t nonce[16] = {7};
	struct scep_spec s = {.type = type,
	    .transaction = VIEW("ABCDEF"),
	    .sender_nonce = view_of(nonce, 16),
	    .recipient_nonce = view_of(nonce, 16),
	    .status = type == SCEP_CERTREP ? SCEP_PENDING : -1,
	    .fail = -1,
	    .digest = HASH_SHA256,
	    .has_content = true,
	    .alg = RSA_SHA256};

	blob_clear(out);
	if (!scep_encode_attrs(&s, out, &e))
		fail_msg("%s", e.text);
}

/* A pair and its self-signed certificate's TBS signed. */
static UNUSED void
make_ca(struct keys *k, const char *label, struct blob *spki)
{
	struct blob tbs = {0};
	struct key_job j;

	make_rsa(k, label, spki);
	tbs_cert(self_want(spki), &tbs);
	j = job_sign(label, SIGN_SELF, 0, &tbs);
	must(k, &j, NULL);
	blob_free(&tbs);
}

static UNUSED void
client_spki(size_t i, struct blob *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pool_key(i), &der);

	assert_true(n > 0);
	blob_set(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

static UNUSED void
pool_into(struct keys *k, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		struct blob b = {0};
		struct view v;

		pool_pkcs8(i, &b);
		v = blob_view(&b);
		keys_local_pool(k, &v, 1);
		blob_free(&b);
	}
}

static UNUSED bool
signature_fits(const struct blob *spki, struct view bytes, struct view signature)
{
	struct spki s;
	struct sig_alg a = RSA_SHA256;

	return spki_decode(blob_view(spki), &s, NULL) &&
	       key_verify(&s, &a, bytes, signature, NULL);
}

/* Empty directories of the test's own, gone when it ends. */
static char dirs[64][40];
static size_t dir_count;

static UNUSED int
dir_entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static UNUSED void
dirs_remove(void)
{
	while (dir_count > 0)
		(void)nftw(dirs[--dir_count], dir_entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static UNUSED const char *
dir_fresh(void)
{
	char *path = dirs[dir_count];

	if (dir_count == 0)
		atexit(dirs_remove);
	assert_true(dir_count < COUNT_OF(dirs));
	snprintf(path, sizeof(dirs[0]), "/tmp/keys-XXXXXX");
	assert_non_null(mkdtemp(path));
	dir_count++;
	return path;
}

#endif
