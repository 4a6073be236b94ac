/* test_import.c - a client's key and certificates out of a file. */
#include "keys_test.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>

#include "keys/import.h"
#include "sys/sys.h"

#define FILE_PATH "R1/import/x"

static const struct seal seal = {{9, 9}};

static const char *
below(const char *dir, const char *leaf)
{
	static char path[2][256];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, leaf);
	return path[turn];
}

static const char *
place_fresh(void)
{
	const char *dir = dir_fresh();

	assert_int_equal(mkdir(below(dir, "R1"), 0700), 0);
	assert_int_equal(mkdir(below(dir, "R1/import"), 0700), 0);
	return dir;
}

static void
cert_add(struct tbs_want w, struct blob *out)
{
	static const uint8_t junk[256];
	struct sig_alg alg = RSA_SHA256;
	struct blob tbs = {0};

	tbs_cert(w, &tbs);
	signed_assemble(blob_view(&tbs), &alg, view_of(junk, sizeof(junk)), out);
	blob_free(&tbs);
}

static struct key_job
job_import(const char *label, uint32_t forms, const char *password)
{
	struct key_job j = job_of(KEY_IMPORT, label);

	snprintf(j.path, sizeof(j.path), FILE_PATH);
	snprintf(j.password, sizeof(j.password), "%s", password);
	j.forms = forms;
	return j;
}

/* A file with these keys of the pool and a certificate of the first one. */
static void
put_pkcs12(const char *dir, const size_t *keys, size_t n, const char *password,
    const struct blob *cert)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	STACK_OF(PKCS7) *safes = NULL;
	const unsigned char *at = cert->p;
	X509 *x = d2i_X509(NULL, &at, (long)cert->n);
	unsigned char *der = NULL;
	PKCS12 *p12;
	int length;

	assert_non_null(x);
	for (size_t i = 0; i < n; i++)
		assert_non_null(
		    PKCS12_add_key(&bags, pool_key(keys[i]), 0, 1, NID_aes_128_cbc, password));
	assert_non_null(PKCS12_add_cert(&bags, x));
	assert_int_equal(PKCS12_add_safe(&safes, bags, -1, 0, NULL), 1);
	p12 = PKCS12_add_safes(safes, 0);
	assert_int_equal(PKCS12_set_mac(p12, password, -1, NULL, 0, 1, EVP_sha256()), 1);
	length = i2d_PKCS12(p12, &der);
	assert_true(
	    file_replace(below(dir, FILE_PATH), 0600, view_of(der, (size_t)length), NULL));
	OPENSSL_free(der);
	PKCS12_free(p12);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	X509_free(x);
}

/* The label's key is the pool's first: what it signs says so. */
static void
signs_as(struct keys *k, const char *label, const struct blob *spki)
{
	struct key_job j = job_of(KEY_MAKE, label);
	struct blob is = {0};

	j.kind = KEY_RSA;
	j.bits = 2048;
	must(k, &j, &is); /* the pair there is */
	assert_true(view_equal(blob_view(&is), blob_view(spki)));
	blob_free(&is);
}

static void
stored_once(void **state)
{
	static const size_t one[] = {0, 1};
	const char *dir = place_fresh(), *home = dir_fresh();
	struct keys *k = keys_open_local(home, &seal, 0, NULL);
	struct blob spki = {0}, cert = {0}, out = {0};
	struct key_job j = job_import("R1", KEY_FORM_PKCS12, "fig tree");
	struct key_job look = job_import("R1", KEY_FORM_PKCS12 | KEY_FORM_LOOK, "fig tree");

	(void)state;
	client_spki(0, &spki);
	cert_add(client_want(&spki, 12), &cert);
	put_pkcs12(dir, one, 1, "fig tree", &cert);
	must_not(k, &j, "a CA's signer takes none", "not for clients");
	keys_local_export(k, dir, -1);
	must(k, &look, &out);
	assert_true(view_equal(blob_view(&out), blob_view(&cert)));
	assert_int_not_equal(access(below(home, "R1.key"), F_OK), 0);
	must(k, &j, &out);
	assert_true(view_equal(blob_view(&out), blob_view(&cert)));
	assert_int_equal(access(below(home, "R1.key"), F_OK), 0);
	must(k, &j, NULL); /* whoever did not hear of it asks again */
	signs_as(k, "R1", &spki);
	pool_into(k, 2, 1);
	make_rsa(k, "OTHER", &out);
	snprintf(j.label, sizeof(j.label), "OTHER");
	must_not(k, &j, "the label is another's", "is another one");
	put_pkcs12(dir, one, 2, "fig tree", &cert);
	snprintf(j.label, sizeof(j.label), "R2");
	must_not(k, &j, "two keys", "2 private keys in it");
	j = job_import("R2", KEY_FORM_PKCS12, "fig");
	must_not(k, &j, "another password", "the password is wrong");
	keys_close(k);
	k = keys_open_local(home, &seal, 0, NULL); /* sealed, and there again */
	keys_local_export(k, dir, -1);
	signs_as(k, "R1", &spki);
	keys_close(k);
	blob_free(&spki);
	blob_free(&cert);
	blob_free(&out);
}

static void
no_other_path(void **state)
{
	static const struct {
		const char *path;
		uint32_t forms;
		bool good;
	} cases[] = {
	    {"R1/import/r1.p12", KEY_FORM_PKCS12, true},
	    {"R1/import/r1.pem", KEY_FORM_PEM | KEY_FORM_LOOK, true},
	    {"R1/import/r1.pem", KEY_FORM_PEM | KEY_FORM_PKCS12, false},
	    {"R1/import/r1.pem", KEY_FORM_HAPROXY, false},
	    {"R1/import/r1.pem", KEY_FORM_LOOK, false},
	    {"R1/import/", KEY_FORM_PEM, false},
	    {"R1/import/..", KEY_FORM_PEM, false},
	    {"R1/import/a/b", KEY_FORM_PEM, false},
	    {"R1/export/x", KEY_FORM_PEM, false},
	    {"../import/x", KEY_FORM_PEM, false},
	    {"/import/x", KEY_FORM_PEM, false},
	    {"import/x", KEY_FORM_PEM, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct key_job j = {.act = KEY_IMPORT, .forms = cases[i].forms};

		snprintf(j.path, sizeof(j.path), "%s", cases[i].path);
		if (import_check(&j, NULL) != cases[i].good)
			fail_msg("%s, forms %u", cases[i].path, cases[i].forms);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stored_once),
	    cmocka_unit_test(no_other_path),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
