/* test_export.c - keys as files of programs. */
#include "keys_test.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "keys/export.h"
#include "sys/sys.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define PATH "Root-CA/gen-0001"
#define ALL_FORMS (KEY_FORM_PEM | KEY_FORM_PKCS12 | KEY_FORM_HAPROXY)

static const struct seal seal = {{9, 9}};

static char *
below(const char *dir, const char *leaf)
{
	static char path[4][256];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, leaf);
	return path[turn];
}

/* Where files go, with one generation. */
static const char *
place_fresh(void)
{
	const char *dir = dir_fresh();

	assert_int_equal(mkdir(below(dir, "Root-CA"), 0700), 0);
	assert_int_equal(mkdir(below(dir, PATH), 0700), 0);
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

/* A client's certificate and its CA's. */
static void
certs_of(const struct blob *spki, struct blob *out)
{
	struct blob ca = {0};

	blob_clear(out);
	client_spki(40, &ca);
	cert_add(client_want(spki, 12), out);
	cert_add(self_want(&ca), out);
	blob_free(&ca);
}

static struct key_job
job_export(const char *label, const char *path, uint32_t forms, const struct blob *certs)
{
	struct key_job j = job_of(KEY_EXPORT, label);

	snprintf(j.path, sizeof(j.path), "%s", path);
	j.forms = forms;
	j.bytes = blob_view(certs);
	return j;
}

/* ---- what is in the files, by the stock library ---- */

static bool
is_key(EVP_PKEY *key, const struct blob *spki)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	bool same = n > 0 && view_equal(view_of(der, (size_t)n), blob_view(spki));

	OPENSSL_free(der);
	return same;
}

static bool
is_cert(X509 *x, struct view *rest)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	bool same = n > 0 && rest->n >= (size_t)n && memcmp(rest->p, der, (size_t)n) == 0;

	if (same)
		*rest = view_of(rest->p + n, rest->n - (size_t)n);
	OPENSSL_free(der);
	return same;
}

static void
pem_says(const char *path, const struct blob *spki, struct view certs)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key;
	char head[64] = "";

	assert_non_null(f);
	assert_non_null(fgets(head, sizeof(head), f));
	assert_string_equal(head, "-----BEGIN PRIVATE KEY-----\n"); /* PKCS#8 */
	rewind(f);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	assert_non_null(key);
	assert_true(is_key(key, spki));
	while (certs.n > 0) {
		X509 *x = PEM_read_X509(f, NULL, NULL, NULL);

		assert_non_null(x);
		assert_true(is_cert(x, &certs));
		X509_free(x);
	}
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
	EVP_PKEY_free(key);
}

static bool
is_aes_256(const X509_ALGOR *a)
{
	PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), a->parameter);
	bool is = p != NULL && OBJ_obj2nid(a->algorithm) == NID_pbes2 &&
		  OBJ_obj2nid(p->encryption->algorithm) == NID_aes_256_cbc;

	PBE2PARAM_free(p);
	return is;
}

/* The certificates' bags and the key's, one behind the other: no bag is under another cipher.
 */
static void
pkcs12_is_aes_256(const PKCS12 *p)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p);
	STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7data(sk_PKCS7_value(safes, 1));
	const X509_ALGOR *a;

	assert_int_equal(sk_PKCS7_num(safes), 2);
	assert_true(PKCS7_type_is_encrypted(sk_PKCS7_value(safes, 0)));
	assert_true(is_aes_256(sk_PKCS7_value(safes, 0)->d.encrypted->enc_data->algorithm));
	assert_int_equal(sk_PKCS12_SAFEBAG_num(bags), 1);
	X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(sk_PKCS12_SAFEBAG_value(bags, 0)), &a, NULL);
	assert_true(is_aes_256(a));
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	sk_PKCS7_pop_free(safes, PKCS7_free);
}

static void
pkcs12_says(const char *path, const char *password, const struct blob *spki, struct view certs,
    int rounds)
{
	FILE *f = fopen(path, "r");
	PKCS12 *p = d2i_PKCS12_fp(f, NULL);
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key = NULL;
	const ASN1_INTEGER *n;
	X509 *own = NULL;

	assert_non_null(p);
	fclose(f);
	assert_int_equal(PKCS12_parse(p, "no such", &key, &own, NULL), 0);
	assert_int_equal(PKCS12_parse(p, password, &key, &own, &chain), 1);
	assert_true(is_key(key, spki));
	assert_true(is_cert(own, &certs));
	for (int i = 0; i < sk_X509_num(chain); i++)
		assert_true(is_cert(sk_X509_value(chain, i), &certs));
	assert_int_equal(certs.n, 0);
	PKCS12_get0_mac(NULL, NULL, NULL, &n, p);
	assert_int_equal(ASN1_INTEGER_get(n), rounds);
	pkcs12_is_aes_256(p);
	sk_X509_pop_free(chain, X509_free);
	EVP_PKEY_free(key);
	X509_free(own);
	PKCS12_free(p);
}

static void
files_say(const char *dir, const struct blob *spki, const struct blob *certs)
{
	pem_says(below(dir, PATH "/key.pem"), spki, (struct view){0});
	pem_says(below(dir, PATH "/combined.pem"), spki, blob_view(certs));
	pkcs12_says(below(dir, PATH "/identity.p12"), "", spki, blob_view(certs), 2048);
}

/* How many files there are in the generation, unfinished ones too. */
static size_t
names_in(const char *dir)
{
	static const char *const names[] = {"key.pem", "identity.p12", "combined.pem",
	    "key.pem.new", "identity.p12.new", "combined.pem.new"};
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char leaf[64];

		snprintf(leaf, sizeof(leaf), PATH "/%s", names[i]);
		n += access(below(dir, leaf), F_OK) == 0;
	}
	return n;
}

static void
access_is(const char *path, mode_t mode, gid_t group)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_gid, group);
}

/* ---- cases ---- */

static void
every_form_opens(void **state)
{
	const char *dir = place_fresh();
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct blob spki = {0}, certs = {0};
	struct key_job j;

	(void)state;
	pool_into(k, 0, 2);
	make_rsa(k, "TP", &spki);
	certs_of(&spki, &certs);
	j = job_export("TP", PATH, ALL_FORMS, &certs);
	must_not(k, &j, "no directory was given", "no export directory");
	keys_local_export(k, dir, -1);
	must(k, &j, NULL);
	files_say(dir, &spki, &certs);
	must(k, &j, NULL); /* whoever did not hear of it asks again */
	files_say(dir, &spki, &certs);
	assert_int_equal(names_in(dir), 3);
	access_is(below(dir, PATH "/key.pem"), 0600, getegid());
	snprintf(j.password, sizeof(j.password), "cisco123");
	j.forms = KEY_FORM_PKCS12;
	must(k, &j, NULL);
	pkcs12_says(
	    below(dir, PATH "/identity.p12"), "cisco123", &spki, blob_view(&certs), 600000);
	j = job_of(KEY_FORGET, "TP");
	must(k, &j, NULL);
	pem_says(
	    below(dir, PATH "/key.pem"), &spki, (struct view){0}); /* nobody took it away */
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
}

static void
ec_keys_leave_too(void **state)
{
	const char *dir = place_fresh();
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct blob spki = {0}, certs = {0};
	struct key_job j = job_of(KEY_MAKE, "EC");

	(void)state;
	keys_local_export(k, dir, -1);
	j.kind = KEY_EC;
	j.bits = 256;
	must(k, &j, &spki);
	certs_of(&spki, &certs);
	j = job_export("EC", PATH, ALL_FORMS, &certs);
	must(k, &j, NULL);
	files_say(dir, &spki, &certs);
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
}

static void
only_the_forms_asked_for(void **state)
{
	static const char *const names[] = {"key.pem", "identity.p12", "combined.pem"};
	static const uint32_t bad[] = {0, 8, ALL_FORMS | 16, 0x40000000};
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct blob spki = {0}, certs = {0};
	struct key_job j;

	(void)state;
	pool_into(k, 0, 1);
	make_rsa(k, "TP", &spki);
	certs_of(&spki, &certs);
	for (uint32_t i = 0; i < 3; i++) {
		const char *dir = place_fresh();
		char leaf[64];

		keys_local_export(k, dir, -1);
		j = job_export("TP", PATH, 1U << i, &certs);
		must(k, &j, NULL);
		assert_int_equal(names_in(dir), 1);
		snprintf(leaf, sizeof(leaf), PATH "/%s", names[i]);
		access_is(below(dir, leaf), 0600, getegid());
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		j = job_export("TP", PATH, bad[i], &certs);
		must_not(k, &j, "unknown forms", "forms 0x");
	}
	j = job_export("NONE", PATH, 1, &certs);
	must_not(k, &j, "no such key", "no key 'NONE'");
	memset(j.password, 'x', sizeof(j.password));
	snprintf(j.label, sizeof(j.label), "TP");
	must_not(k, &j, "a password without an end", "too long");
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
}

static void
the_group_may_read(void **state)
{
	const char *dir = place_fresh();
	gid_t groups[64], group = getegid();
	int n = getgroups(64, groups);
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct blob spki = {0}, certs = {0};
	struct key_job j;

	(void)state;
	if (geteuid() == 0)
		group = 4242; /* root gives away to whom it likes */
	else if (n > 0)
		group = groups[n - 1];
	pool_into(k, 0, 1);
	make_rsa(k, "TP", &spki);
	certs_of(&spki, &certs);
	keys_local_export(k, dir, group);
	j = job_export("TP", PATH, ALL_FORMS, &certs);
	must(k, &j, NULL);
	access_is(below(dir, PATH "/key.pem"), 0640, group);
	access_is(below(dir, PATH "/identity.p12"), 0640, group);
	access_is(below(dir, PATH "/combined.pem"), 0640, group);
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
}

static void
no_other_path(void **state)
{
	static const char *const bad[] = {
	    "",
	    "/",
	    "gen-0001",
	    "Root-CA",
	    "Root-CA/",
	    "/gen-0001",
	    "/Root-CA/gen-0001",
	    "Root-CA//gen-0001",
	    "Root-CA/gen-0001/",
	    "Root-CA/gen-0001/x",
	    "Root-CA/active",
	    "Root-CA/gen-",
	    "Root-CA/gen-001",
	    "Root-CA/gen-000x",
	    "Root-CA/gen-0001 ",
	    "Root-CA/../gen-0001",
	    "../gen-0001",
	    "./gen-0001",
	    ".x/gen-0001",
	    "Root-CA/..",
	    "../../etc/gen-0001",
	    "Root CA/gen-0001",
	    "Root\nCA/gen-0001",
	    "R\xc3\xb6t/gen-0001",
	    "Root*/gen-0001",
	};
	static const char *const good[] = {
	    PATH, "a/gen-0000", "A.b_c-9/gen-4294967295", "x..y/gen-0001"};
	struct key_job job = {.act = KEY_EXPORT, .forms = ALL_FORMS};
	char *path = job.path;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(path, KEY_PATH_MAX, "%s", bad[i]);
		if (export_path_check(&job, &e))
			fail_msg("taken: '%s'", bad[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		snprintf(path, KEY_PATH_MAX, "%s", good[i]);
		if (!export_path_check(&job, &e))
			fail_msg("refused: '%s'", good[i]);
	}
	memset(path, 'a', KEY_PATH_MAX); /* without an end */
	memcpy(path + 100, "/gen-", 5);
	memset(path + 105, '1', KEY_PATH_MAX - 105);
	assert_false(export_path_check(&job, NULL));
	path[KEY_PATH_MAX - 1] = 0;
	assert_true(export_path_check(&job, NULL));
}

/* What an operator takes away: the key is never there in clear. */
static void
by_hand_under_a_password(void **state)
{
	static const struct {
		uint32_t forms;
		const char *password;
		bool good;
		const char *sentence;
	} cases[] = {
	    {KEY_FORM_PKCS12, "fig tree", true, "PKCS#12 under eight octets"},
	    {KEY_FORM_PKCS12, "fig tre", false, "a password of seven"},
	    {KEY_FORM_PKCS12, "", false, "no password"},
	    {KEY_FORM_PEM, "fig tree", false, "PEM has no password"},
	    {KEY_FORM_HAPROXY, "fig tree", false, "nor has haproxy's form"},
	    {KEY_FORM_PKCS12 | KEY_FORM_PEM, "fig tree", false, "nor one of two"},
	};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct key_job job = {.act = KEY_EXPORT, .forms = cases[i].forms};

		snprintf(job.path, sizeof(job.path), "Root-CA/export");
		snprintf(job.password, sizeof(job.password), "%s", cases[i].password);
		if (export_path_check(&job, &e) != cases[i].good)
			fail_msg("%s", cases[i].sentence);
		assert_true(cases[i].good || e.why == WHY_REFUSED);
	}
}

/* Core may put links where files are to go: they are not followed. */
static void
no_way_round(void **state)
{
	const char *dir = place_fresh(), *other = place_fresh();
	struct keys *k = keys_open_local(NULL, NULL, 0, NULL);
	struct blob spki = {0}, certs = {0}, victim = {0};
	struct key_job j;

	(void)state;
	pool_into(k, 0, 1);
	make_rsa(k, "TP", &spki);
	certs_of(&spki, &certs);
	keys_local_export(k, dir, -1);
	assert_int_equal(symlink(below(other, PATH), below(dir, "Root-CA/gen-0002")), 0);
	assert_int_equal(symlink(below(other, "Root-CA"), below(dir, "Other")), 0);
	j = job_export("TP", "Root-CA/gen-0002", ALL_FORMS, &certs);
	must_not(k, &j, "the generation is a link", "no directory");
	j = job_export("TP", "Other/gen-0001", ALL_FORMS, &certs);
	must_not(k, &j, "the trustpoint is a link", "no directory");
	j = job_export("TP", "Root-CA/gen-0003", ALL_FORMS, &certs);
	must_not(k, &j, "there is no such generation", "no directory");
	j = job_export("TP", "No/gen-0001", ALL_FORMS, &certs);
	must_not(k, &j, "there is no such trustpoint", "no directory");
	j = job_export("TP", "../gen-0001", ALL_FORMS, &certs);
	must_not(k, &j, "a path of another form", "path of an export");
	assert_int_equal(names_in(other), 0);
	/* A file that is a link is replaced, with what was left beside it. */
	assert_true(file_replace(below(other, "victim"), 0600, VIEW("as it was"), NULL));
	assert_int_equal(symlink(below(other, "victim"), below(dir, PATH "/key.pem")), 0);
	assert_int_equal(symlink(below(other, "victim"), below(dir, PATH "/key.pem.new")), 0);
	j = job_export("TP", PATH, KEY_FORM_PEM, &certs);
	must(k, &j, NULL);
	pem_says(below(dir, PATH "/key.pem"), &spki, (struct view){0});
	assert_true(file_read(below(other, "victim"), 100, &victim, NULL));
	assert_true(view_equal(blob_view(&victim), VIEW("as it was")));
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
	blob_free(&victim);
}

/* In files, over a restart: what has been a CA's stays one. */
static void
no_ca_leaves(void **state)
{
	const char *dir = place_fresh(), *keys = dir_fresh();
	struct blob spki = {0}, certs = {0}, tbs = {0};
	struct keys *k = keys_open_local(keys, &seal, 0, NULL);
	struct key_job j;

	(void)state;
	pool_into(k, 0, 2);
	make_rsa(k, "RA", &spki);
	attrs_of(SCEP_CERTREP, &tbs);
	j = job_sign("RA", SIGN_REPLY, 0, &tbs);
	must(k, &j, NULL);
	make_ca(k, "CA", &tbs);
	certs_of(&spki, &certs);
	for (int round = 0; round < 2; round++) {
		keys_local_export(k, dir, -1);
		j = job_export("RA", PATH, ALL_FORMS, &certs);
		must_not(k, &j, "an RA's, beside the CA's", "beside a CA's");
		certs_of(&tbs, &certs);
		j = job_export("CA", PATH, ALL_FORMS, &certs);
		must_not(k, &j, "a CA's", "beside a CA's");
		certs_of(&spki, &certs);
		keys_close(k);
		k = keys_open_local(keys, &seal, 0, NULL);
	}
	assert_int_equal(names_in(dir), 0);
	keys_close(k);
	blob_free(&spki);
	blob_free(&certs);
	blob_free(&tbs);
}

/* ---- the signer process ---- */

struct process {
	pid_t pid;
	struct keys *keys;
};

static struct process
signer_start(const char *keys, const char *dir, const char *crash)
{
	struct process p = {0};
	int fds[2];

	assert_true(channel_pair(fds, NULL));
	p.pid = fork();
	assert_true(p.pid >= 0);
	if (p.pid == 0) {
		const char *seen[] = {keys, dir, NULL};
		struct signer_options o = {.fd = fds[1],
		    .dir = keys,
		    .seal = &seal,
		    .workers = 2,
		    .weakest_reply = HASH_SHA256,
		    .export_dir = dir,
		    .export_group = -1};

		close(fds[0]);
		if (SANITIZED)
			setenv("KEYMUSTER_SANDBOX", "off", 1);
		if (crash != NULL)
			setenv("KEYMUSTER_CRASH", crash, 1);
		if (!sandbox_enter(SANDBOX_SIGNER, seen, NULL))
			_exit(99);
		_exit(signer_main(&o));
	}
	close(fds[1]);
	p.keys = keys_open_remote(fds[0]);
	return p;
}

static int
signer_end(struct process *p)
{
	int status = 0;

	keys_close(p->keys);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Inside the filter and the view of files that the product puts around it. */
static void
signer_exports(void **state)
{
	const char *dir = place_fresh(), *keys = dir_fresh();
	struct process p = signer_start(keys, dir, NULL);
	struct blob spki = {0}, certs = {0}, tbs = {0};
	struct key_job j;

	(void)state;
	make_rsa(p.keys, "TP", &spki);
	certs_of(&spki, &certs);
	j = job_export("TP", PATH, ALL_FORMS, &certs);
	must(p.keys, &j, NULL);
	files_say(dir, &spki, &certs);
	snprintf(j.password, sizeof(j.password), "cisco123");
	must(p.keys, &j, NULL);
	pkcs12_says(
	    below(dir, PATH "/identity.p12"), "cisco123", &spki, blob_view(&certs), 600000);
	snprintf(j.path, sizeof(j.path), "../gen-0001");
	must_not(p.keys, &j, "a path of another form", "path of an export");
	attrs_of(SCEP_CERTREP, &tbs);
	j = job_sign("TP", SIGN_REPLY, 0, &tbs);
	must_not(p.keys, &j, "a client's key signs no replies", "may be exported");
	attrs_of(SCEP_PKCSREQ, &tbs);
	j = job_sign("TP", SIGN_MESSAGE, 0, &tbs);
	must(p.keys, &j, NULL);
	assert_int_equal(signer_end(&p), 0);
	blob_free(&spki);
	blob_free(&certs);
	blob_free(&tbs);
}

#ifdef CRASH_POINTS
/* key-exported: dead behind each file; asked again, all are there and whole. */
static void
killed_between_files(void **state)
{
	static const char *const crash[] = {"key-exported", "key-exported:2", "key-exported:3"};
	struct blob spki = {0}, certs = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(crash); i++) {
		const char *dir = place_fresh(), *keys = dir_fresh();
		struct process p = signer_start(keys, dir, crash[i]);
		struct key_done d = {0};
		struct key_job j;

		make_rsa(p.keys, "TP", &spki);
		certs_of(&spki, &certs);
		j = job_export("TP", PATH, ALL_FORMS, &certs);
		assert_true(keys_submit(p.keys, &j, NULL));
		assert_false(answer_next(p.keys, &d));
		assert_int_equal(signer_end(&p), 1000 + SIGKILL);
		assert_int_equal(names_in(dir), i + 1);
		p = signer_start(keys, dir, NULL);
		must(p.keys, &j, NULL);
		files_say(dir, &spki, &certs);
		assert_int_equal(names_in(dir), 3);
		assert_int_equal(signer_end(&p), 0);
	}
	blob_free(&spki);
	blob_free(&certs);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_form_opens),
	    cmocka_unit_test(ec_keys_leave_too),
	    cmocka_unit_test(only_the_forms_asked_for),
	    cmocka_unit_test(the_group_may_read),
	    cmocka_unit_test(no_other_path),
	    cmocka_unit_test(by_hand_under_a_password),
	    cmocka_unit_test(no_way_round),
	    cmocka_unit_test(no_ca_leaves),
	    cmocka_unit_test(signer_exports),
#ifdef CRASH_POINTS
	    cmocka_unit_test(killed_between_files),
#endif
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
