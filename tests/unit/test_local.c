/* test_local.c - the in-process driver. */
#include "keys_hostile.h"

#include <openssl/pkcs12.h>

#include "keys/guard.h"

static struct keys *
open_memory(void)
{
	struct err e = {0};
	struct keys *k = keys_open_local(NULL, NULL, 0, &e);

	assert_non_null(k);
	pool_into(k, 0, 8);
	return k;
}

static void
hostile_core_is_refused(void **state)
{
	struct keys *k = open_memory();

	(void)state;
	keys_local_archive(k, "long enough");
	hostile_run(k);
	keys_close(k);
}

static void
seed_repeats(void **state)
{
	uint8_t a[100], b[100], c[100];
	struct keys *k = keys_open_local(NULL, NULL, 42, NULL);

	(void)state;
	keys_random(k, a, sizeof(a));
	keys_random(k, c, sizeof(c));
	keys_close(k);
	k = keys_open_local(NULL, NULL, 42, NULL);
	keys_random(k, b, sizeof(b));
	keys_close(k);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, c, sizeof(a));
	k = keys_open_local(NULL, NULL, 0, NULL);
	keys_random(k, b, sizeof(b));
	keys_close(k);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
make_repeats(void **state)
{
	struct keys *k = open_memory();
	struct blob a = {0}, b = {0}, c = {0};

	(void)state;
	make_rsa(k, "K", &a);
	make_rsa(k, "K", &b);
	make_rsa(k, "L", &c);
	assert_true(view_equal(blob_view(&a), blob_view(&b)));
	assert_false(view_equal(blob_view(&a), blob_view(&c)));
	keys_close(k);
	blob_free(&a);
	blob_free(&b);
	blob_free(&c);
}

/* A grant is for one public key and for one certificate. */
static void
grant_works_once(void **state)
{
	struct keys *k = open_memory();
	struct blob ca = {0}, sub = {0}, other = {0}, tbs = {0}, hash = {0};
	struct tbs_want w;
	struct key_job j, grant = job_of(KEY_GRANT, "CA");

	(void)state;
	make_ca(k, "CA", &ca);
	client_spki(30, &sub);
	client_spki(31, &other);
	sha256(blob_view(&sub), blob_grow(&hash, 32));
	grant.bits = KEY_ROLE_SUB_CA;
	grant.bytes = blob_view(&hash);
	must(k, &grant, NULL);
	w = client_want(&other, 50);
	w.ca = true;
	w.usage = KU_CERT_SIGN;
	tbs_cert(w, &tbs);
	j = job_sign("CA", SIGN_CERT, 1, &tbs);
	must_not(k, &j, "the grant is for another key", "without a grant");
	w.spki = &sub;
	tbs_cert(w, &tbs);
	j = job_sign("CA", SIGN_CERT, 1, &tbs);
	must(k, &j, NULL);
	must(k, &j, NULL);
	w.serial = 51;
	tbs_cert(w, &tbs);
	j = job_sign("CA", SIGN_CERT, 2, &tbs);
	must_not(k, &j, "the grant is used up", "without a grant");
	keys_close(k);
	blob_free(&ca);
	blob_free(&sub);
	blob_free(&other);
	blob_free(&tbs);
	blob_free(&hash);
}

static void
weak_hash_follows_own_certificate(void **state)
{
	struct keys *k = open_memory();
	struct blob ca = {0}, client = {0}, tbs = {0};
	struct tbs_want w;
	struct key_job j;

	(void)state;
	make_rsa(k, "OLD", &ca);
	w = self_want(&ca);
	w.hash = HASH_SHA1;
	tbs_cert(w, &tbs);
	j = job_sign("OLD", SIGN_SELF, 0, &tbs);
	j.alg.hash = HASH_SHA1;
	must(k, &j, NULL);
	client_spki(32, &client);
	w = client_want(&client, 9);
	w.hash = HASH_SHA1;
	tbs_cert(w, &tbs);
	j = job_sign("OLD", SIGN_CERT, 1, &tbs);
	j.alg.hash = HASH_SHA1;
	must(k, &j, NULL);
	attrs_of(SCEP_CERTREP, &tbs);
	j = job_sign("OLD", SIGN_REPLY, 0, &tbs);
	j.alg.hash = HASH_SHA1;
	must(k, &j, NULL);
	j.alg.hash = HASH_MD5;
	must_not(k, &j, "weaker than its own certificate", "md5, which");
	keys_close(k);
	blob_free(&ca);
	blob_free(&client);
	blob_free(&tbs);
}

static void
ec_keys_sign(void **state)
{
	static const int sizes[] = {256, 384, 521};
	struct keys *k = open_memory();
	struct blob spki = {0}, attrs = {0}, signature = {0};
	struct sig_alg a = {KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};
	struct spki s;
	struct key_job j;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		char label[8];

		snprintf(label, sizeof(label), "EC%d", sizes[i]);
		j = job_of(KEY_MAKE, label);
		j.kind = KEY_EC;
		j.bits = sizes[i];
		must(k, &j, &spki);
		attrs_of(SCEP_CERTREP, &attrs);
		j = job_sign(label, SIGN_REPLY, 0, &attrs);
		j.alg = a;
		must(k, &j, &signature);
		assert_true(spki_decode(blob_view(&spki), &s, NULL));
		assert_int_equal(s.bits, sizes[i]);
		assert_true(key_verify(&s, &a, blob_view(&attrs), blob_view(&signature), NULL));
		attrs.p[attrs.n - 1] ^= 1;
		assert_false(
		    key_verify(&s, &a, blob_view(&attrs), blob_view(&signature), NULL));
		j = job_of(KEY_UNWRAP, label);
		j.want = 16;
		j.bytes = blob_view(&attrs);
		must_not(k, &j, "an EC key unwraps nothing", "not RSA");
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&attrs);
	blob_free(&signature);
}

/* Directory, restart, another sealing key, forgetting. */
static void
files_survive(void **state)
{
	struct seal seal = {{1, 2, 3}}, wrong = {{1, 2, 4}};
	const char *dir = dir_fresh();
	struct err e = {0};
	struct keys *k = keys_open_local(dir, &seal, 0, &e);
	struct blob a = {0}, b = {0}, tbs = {0}, path = {0};
	struct key_job j;

	(void)state;
	assert_non_null(k);
	assert_null(keys_open_local(dir, &seal, 0, &e)); /* one process a directory */
	assert_int_equal(e.why, WHY_BUSY);
	make_ca(k, "CA", &a);
	keys_close(k);
	assert_null(keys_open_local(dir, &wrong, 0, &e));
	assert_non_null(strstr(e.text, "CA.key"));
	k = keys_open_local(dir, &seal, 0, &e);
	assert_non_null(k);
	make_rsa(k, "CA", &b);
	assert_true(view_equal(blob_view(&a), blob_view(&b)));
	tbs_cert(self_want(&b), &tbs);
	j = job_sign("CA", SIGN_SELF, 0, &tbs);
	must(k, &j, NULL);
	struct tbs_want w = self_want(&b);
	w.serial = 2;
	tbs_cert(w, &tbs);
	j = job_sign("CA", SIGN_SELF, 0, &tbs);
	must_not(k, &j, "another certificate of itself, after a restart", "once only");
	j = job_of(KEY_FORGET, "CA");
	must_not(k, &j, "it has issued", "certificate");
	blob_printf(&path, "%s/CA.key", dir);
	assert_int_equal(access(blob_cstr(&path), F_OK), 0);
	make_rsa(k, "SPARE", &a);
	j = job_of(KEY_FORGET, "SPARE");
	must(k, &j, NULL);
	blob_clear(&path);
	blob_printf(&path, "%s/SPARE.key", dir);
	assert_int_equal(access(blob_cstr(&path), F_OK), -1);
	make_rsa(k, "SPARE", &b);
	assert_false(view_equal(blob_view(&a), blob_view(&b)));
	keys_close(k);
	blob_clear(&path);
	blob_printf(&path, "%s/signer-00000001.log", dir);
	assert_int_equal(unlink(blob_cstr(&path)), 0);
	assert_null(keys_open_local(dir, &seal, 0, &e)); /* keys without a log */
	assert_non_null(strstr(e.text, "log"));
	assert_null(keys_open_local(dir, &seal, 0, &e)); /* nor the second time */
	blob_free(&a);
	blob_free(&b);
	blob_free(&tbs);
	blob_free(&path);
}

/* A key that is gone leaves its place: a CA may outlive any number of them. */
static void
generations_without_end(void **state)
{
	struct keys *k = open_memory();
	struct blob spki = {0}, tbs = {0};
	char label[KEY_LABEL_MAX] = "", before[KEY_LABEL_MAX];
	struct key_job j;

	(void)state;
	for (uint32_t i = 0; i < GUARD_WINDOWS + 2; i++) {
		struct tbs_want w = self_want(&spki);

		(void)snprintf(before, sizeof(before), "%s", label);
		(void)snprintf(label, sizeof(label), "CA%u", i);
		make_rsa(k, label, &spki);
		w.until += i * DAY;
		w.serial += i;
		tbs_cert(w, &tbs);
		j = job_sign(label, SIGN_SELF, 0, &tbs);
		must(k, &j, NULL);
		if (i == 0)
			continue;
		j = job_of(KEY_FORGET, before);
		must(k, &j, NULL);
		must_not(k, &j, "it is gone", "no key");
	}
	keys_close(k);
	blob_free(&spki);
	blob_free(&tbs);
}

/* The stock library opens the PKCS#12; its algorithms are the strong ones. */
static void
pkcs12_opens(void **state)
{
	struct keys *k = open_memory();
	struct blob spki = {0}, tbs = {0}, signature = {0}, cert = {0}, p12 = {0};
	struct key_job j;
	PKCS12 *p;
	X509 *x = NULL;
	EVP_PKEY *key = NULL;
	const unsigned char *at;
	const ASN1_INTEGER *rounds;
	const X509_ALGOR *mac;
	const ASN1_OBJECT *oid;
	struct sig_alg alg = RSA_SHA256;

	(void)state;
	make_ca(k, "CA", &spki);
	tbs_cert(self_want(&spki), &tbs);
	j = job_sign("CA", SIGN_SELF, 0, &tbs);
	must(k, &j, &signature);
	signed_assemble(blob_view(&tbs), &alg, blob_view(&signature), &cert);
	j = job_of(KEY_ARCHIVE, "CA");
	j.bytes = blob_view(&cert);
	must_not(k, &j, "no password was configured", "without a password");
	keys_local_archive(k, "cisco12");
	must_not(k, &j, "a password of 7 octets", "at least 8");
	keys_local_archive(k, "cisco123");
	must(k, &j, &p12);
	must(k, &j, &p12); /* the first file may have been lost in a crash */
	at = p12.p;
	p = d2i_PKCS12(NULL, &at, (long)p12.n);
	assert_non_null(p);
	assert_int_equal(PKCS12_parse(p, "cisco124", &key, &x, NULL), 0);
	assert_int_equal(PKCS12_parse(p, "cisco123", &key, &x, NULL), 1);
	assert_int_equal(X509_check_private_key(x, key), 1);
	PKCS12_get0_mac(NULL, &mac, NULL, &rounds, p);
	assert_int_equal(ASN1_INTEGER_get(rounds), 600000);
	X509_ALGOR_get0(&oid, NULL, NULL, mac);
	assert_int_equal(OBJ_obj2nid(oid), NID_sha256);
	X509_free(x);
	EVP_PKEY_free(key);
	PKCS12_free(p);
	make_rsa(k, "CA2", &spki);
	j = job_of(KEY_ARCHIVE, "CA2");
	j.bytes = blob_view(&cert);
	must_not(k, &j, "the certificate is of another key", "no self-signed");
	keys_close(k);
	blob_free(&spki);
	blob_free(&tbs);
	blob_free(&signature);
	blob_free(&cert);
	blob_free(&p12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hostile_core_is_refused),
	    cmocka_unit_test(seed_repeats),
	    cmocka_unit_test(make_repeats),
	    cmocka_unit_test(grant_works_once),
	    cmocka_unit_test(weak_hash_follows_own_certificate),
	    cmocka_unit_test(ec_keys_sign),
	    cmocka_unit_test(files_survive),
	    cmocka_unit_test(generations_without_end),
	    cmocka_unit_test(pkcs12_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
