/* test_fake_keys.c - tests of keys without arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim.h"

static const struct sig_alg alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0};

static enum why
done(struct keys *k, const struct key_job *job, struct blob *out)
{
	struct key_done d;
	struct err e = {0};

	assert_true(keys_submit(k, job, &e));
	assert_true(keys_collect(k, &d));
	assert_int_equal(d.id, job->id);
	if (out != NULL)
		blob_set(out, blob_view(&d.bytes));
	blob_free(&d.bytes);
	return d.why;
}

static void
make(struct keys *k, const char *label, struct blob *spki, struct spki *key)
{
	struct key_job job = {.act = KEY_MAKE, .kind = KEY_RSA, .bits = 2048};
	struct err e = {0};

	(void)snprintf(job.label, sizeof(job.label), "%s", label);
	assert_int_equal(done(k, &job, spki), WHY_NONE);
	assert_true(spki_decode(blob_view(spki), key, &e));
}

static struct key_job
sign(const char *label, enum sign_as as, uint64_t intent, struct view bytes)
{
	struct key_job job = {
	    .act = KEY_SIGN, .as = as, .alg = alg, .intent = intent, .bytes = bytes};

	(void)snprintf(job.label, sizeof(job.label), "%s", label);
	return job;
}

static void
pairs_pass_for_rsa(void **state)
{
	struct keys *k = keys_open_fake(1);
	struct blob a = {0}, b = {0}, again = {0};
	struct spki key;

	(void)state;
	for (int i = 0; i < 50; i++) {
		char label[8];

		(void)snprintf(label, sizeof(label), "k%d", i);
		make(k, label, &a, &key);
		assert_int_equal(key.bits, 2048);
		assert_false(spki_small_factor(&key));
		assert_true(fake_holds(k, blob_view(&a)));
	}
	make(k, "k0", &b, &key);
	make(k, "k0", &again, &key);
	assert_true(view_equal(blob_view(&b), blob_view(&again)));
	assert_false(view_equal(blob_view(&a), blob_view(&b)));
	blob_free(&a);
	blob_free(&b);
	blob_free(&again);
	keys_close(k);
}

static void
signatures_hold_for_these_octets_and_this_key(void **state)
{
	struct keys *k = keys_open_fake(2);
	struct blob a = {0}, b = {0}, signature = {0};
	struct spki ka, kb;
	struct sig_alg sha1 = alg;
	struct key_job job = sign("a", SIGN_REPLY, 0, VIEW("attributes"));
	struct err e = {0};

	(void)state;
	make(k, "a", &a, &ka);
	make(k, "b", &b, &kb);
	assert_int_equal(done(k, &job, &signature), WHY_NONE);
	assert_int_equal(signature.n, 256);
	assert_true(keys_verify(k, &ka, &alg, VIEW("attributes"), blob_view(&signature), &e));
	assert_false(keys_verify(k, &kb, &alg, VIEW("attributes"), blob_view(&signature), &e));
	assert_false(keys_verify(k, &ka, &alg, VIEW("attributez"), blob_view(&signature), &e));
	sha1.hash = HASH_SHA1;
	assert_false(keys_verify(k, &ka, &sha1, VIEW("attributes"), blob_view(&signature), &e));
	signature.p[200] ^= 1;
	assert_false(keys_verify(k, &ka, &alg, VIEW("attributes"), blob_view(&signature), &e));
	blob_free(&a);
	blob_free(&b);
	blob_free(&signature);
	keys_close(k);
}

/* Whoever wrapped it: who opens with another key gets a key of the right length, and another.
 */
static void
content_keys_open_for_their_key(void **state)
{
	struct keys *k = keys_open_fake(3);
	struct blob a = {0}, b = {0}, wrapped = {0}, opened = {0};
	struct spki ka, kb;
	struct key_job job = {.act = KEY_UNWRAP, .label = "a", .want = 16};
	struct err e = {0};

	(void)state;
	make(k, "a", &a, &ka);
	make(k, "b", &b, &kb);
	assert_true(keys_wrap(
	    k, &ka, PADDING_PKCS1, HASH_NONE, VIEW("0123456789abcdef"), &wrapped, &e));
	job.bytes = blob_view(&wrapped);
	assert_int_equal(done(k, &job, &opened), WHY_NONE);
	assert_true(view_equal_str(blob_view(&opened), "0123456789abcdef"));
	assert_true(fake_peek(blob_view(&wrapped), &opened));
	assert_true(view_equal_str(blob_view(&opened), "0123456789abcdef"));
	assert_false(fake_open(&kb, blob_view(&wrapped), &opened));
	(void)snprintf(job.label, sizeof(job.label), "b");
	assert_int_equal(done(k, &job, &opened), WHY_NONE);
	assert_int_equal(opened.n, 16);
	assert_false(view_equal_str(blob_view(&opened), "0123456789abcdef"));
	wrapped.p[40] ^= 1;
	assert_false(fake_peek(blob_view(&wrapped), &opened));
	blob_free(&a);
	blob_free(&b);
	blob_free(&wrapped);
	blob_free(&opened);
	keys_close(k);
}

static void
own_certificate(const struct spki *key, when_t until, struct blob *tbs)
{
	struct blob name = {0};
	struct err e = {0};

	assert_true(name_parse("CN=Root", &name, &e));
	struct cert_spec spec = {.serial = VIEW("\x01"),
	    .issuer = blob_view(&name),
	    .subject = blob_view(&name),
	    .spki = key->whole,
	    .not_after = until,
	    .alg = alg,
	    .is_ca = true,
	    .path_len = -1,
	    .key_usage = KU_CERT_SIGN};

	blob_clear(tbs);
	cert_encode_tbs(&spec, tbs);
	blob_free(&name);
}

static void
refuses_what_the_guard_refuses(void **state)
{
	struct keys *k = keys_open_fake(4);
	struct blob a = {0}, b = {0}, tbs = {0}, other = {0};
	struct spki ka, kb;
	struct key_job job, forget = {.act = KEY_FORGET, .label = "a"};

	(void)state;
	make(k, "a", &a, &ka);
	make(k, "b", &b, &kb);
	job = sign("a", SIGN_CERT, 1, VIEW("leaf"));
	assert_int_equal(done(k, &job, NULL), WHY_REFUSED); /* no CA yet */
	job = sign("a", SIGN_CRL, 1, VIEW("list"));
	assert_int_equal(done(k, &job, NULL), WHY_REFUSED);
	own_certificate(&kb, 1000, &tbs);
	job = sign("a", SIGN_SELF, 0, blob_view(&tbs));
	assert_int_equal(done(k, &job, NULL), WHY_REFUSED); /* of another's key */
	own_certificate(&ka, 1000, &tbs);
	assert_int_equal(done(k,
			     &(struct key_job){.act = KEY_SIGN,
				 .label = "a",
				 .as = SIGN_SELF,
				 .alg = alg,
				 .bytes = blob_view(&tbs)},
			     NULL),
	    WHY_NONE);
	own_certificate(&ka, 2000, &other);
	job = sign("a", SIGN_SELF, 0, blob_view(&other));
	assert_int_equal(done(k, &job, NULL), WHY_REFUSED); /* once */
	job = sign("a", SIGN_CERT, 1, VIEW("leaf"));
	assert_int_equal(done(k, &job, NULL), WHY_NONE);
	assert_int_equal(done(k, &job, NULL), WHY_NONE); /* again the same */
	job = sign("a", SIGN_CERT, 1, VIEW("another leaf"));
	assert_int_equal(done(k, &job, NULL), WHY_TAKEN);
	job = sign("a", SIGN_CRL, 5, VIEW("list"));
	assert_int_equal(done(k, &job, NULL), WHY_NONE);
	assert_int_equal(done(k, &job, NULL), WHY_TAKEN);      /* the number must grow */
	assert_int_equal(done(k, &forget, NULL), WHY_REFUSED); /* nobody follows */
	own_certificate(&kb, 1000, &tbs);		       /* as long is long enough */
	job = sign("b", SIGN_SELF, 0, blob_view(&tbs));
	assert_int_equal(done(k, &job, NULL), WHY_NONE);
	own_certificate(&ka, 3000, &tbs); /* whatever it certifies, its serial is given once */
	job = sign("a", SIGN_CERT, 7, blob_view(&tbs));
	assert_int_equal(done(k, &job, NULL), WHY_NONE);
	own_certificate(&ka, 4000, &tbs);
	job = sign("b", SIGN_CERT, 8, blob_view(&tbs));
	assert_int_equal(done(k, &job, NULL), WHY_TAKEN);
	job = sign("a", SIGN_CERT, 3, VIEW("a lower number"));
	assert_int_equal(done(k, &job, NULL), WHY_NONE);
	job = sign("a", SIGN_CERT, 7, VIEW("another leaf"));
	assert_int_equal(done(k, &job, NULL), WHY_TAKEN);
	assert_int_equal(done(k, &forget, NULL), WHY_NONE);
	assert_int_equal(done(k, &forget, NULL), WHY_NOT_FOUND);
	assert_false(fake_holds(k, blob_view(&a)));
	blob_free(&a);
	blob_free(&b);
	blob_free(&tbs);
	blob_free(&other);
	keys_close(k);
}

static void
repeats_by_its_seed(void **state)
{
	uint8_t x[16], y[16], z[16];
	struct keys *a = keys_open_fake(9), *b = keys_open_fake(9), *c = keys_open_fake(10);

	(void)state;
	keys_random(a, x, sizeof(x));
	keys_random(b, y, sizeof(y));
	keys_random(c, z, sizeof(z));
	assert_memory_equal(x, y, sizeof(x));
	assert_memory_not_equal(x, z, sizeof(x));
	keys_close(a);
	keys_close(b);
	keys_close(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pairs_pass_for_rsa),
	    cmocka_unit_test(signatures_hold_for_these_octets_and_this_key),
	    cmocka_unit_test(content_keys_open_for_their_key),
	    cmocka_unit_test(refuses_what_the_guard_refuses),
	    cmocka_unit_test(repeats_by_its_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
