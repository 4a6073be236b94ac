/* test_files.c - PEM, chains, info.json, one CA a file. */
#include "agent_lab.h"

#include <openssl/pem.h>

#define END (T0 + 20 * DAY)

static const char begin[] = "-----BEGIN CERTIFICATE-----\n";

/* The certificates of a PEM file, one after the other, as the openssl library reads them. */
static void
pem_says(const char *leaf, const struct blob *const *ders, size_t n)
{
	FILE *f = fopen(lab_path(leaf), "r");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++) {
		X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
		unsigned char *der = NULL;
		int len;

		if (x == NULL)
			fail_msg("%s has %zu certificates, not %zu", leaf, i, n);
		len = i2d_X509(x, &der);
		if (!view_equal(view_of(der, (size_t)len), blob_view(ders[i])))
			fail_msg("%s: certificate %zu is another one", leaf, i);
		OPENSSL_free(der);
		X509_free(x);
	}
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
}

struct cas {
	struct blob root, middle, next, ra, id;
};

static void
cas_make(struct cas *x)
{
	lab_cert("CN=ROOT", "CN=ROOT", T0, END, true, &x->root);
	lab_cert("CN=MIDDLE", "CN=ROOT", T0, END, true, &x->middle);
	lab_cert("CN=MIDDLE", "CN=ROOT", END, END + DAY, true, &x->next);
	lab_cert("CN=RA", "CN=MIDDLE", T0, END, false, &x->ra);
	lab_cert("CN=r\\\"1", "CN=MIDDLE", T0, END, false, &x->id);
}

static void
cas_free(struct cas *x)
{
	blob_free(&x->root);
	blob_free(&x->middle);
	blob_free(&x->next);
	blob_free(&x->ra);
	blob_free(&x->id);
}

static void
bundle(struct blob *out, const struct blob *a, const struct blob *b, const struct blob *c)
{
	blob_clear(out);
	blob_add_view(out, blob_view(a));
	if (b != NULL)
		blob_add_view(out, blob_view(b));
	if (c != NULL)
		blob_add_view(out, blob_view(c));
}

/* An RA is no CA, a root needs no place in the chain. */
static void
one_generation(void **state)
{
	struct cas x = {0};
	struct blob b = {0}, json = {0};
	const struct blob *id[] = {&x.id}, *full[] = {&x.id, &x.middle}, *chain[] = {&x.middle},
			  *ca[] = {&x.middle, &x.root};
	struct stat st;

	(void)state;
	lab_open("", "");
	cas_make(&x);
	bundle(&b, &x.middle, &x.ra, &x.root);
	assert_true(files_generation(&lab->m, 12, blob_view(&x.id), blob_view(&b), NULL));
	pem_says("gen-0012/cert.pem", id, 1);
	pem_says("gen-0012/fullchain.pem", full, 2);
	pem_says("gen-0012/chain.pem", chain, 1);
	pem_says("gen-0012/ca.pem", ca, 2);
	assert_int_equal(stat(lab_path("gen-0012/cert.pem"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_false(file_exists(lab_path("gen-0012/info.json"))); /* it is not whole */
	assert_true(files_info(&lab->m, 12, blob_view(&x.id), NULL));
	lab_file("gen-0012/info.json", &json);
	assert_non_null(strstr(blob_cstr(&json), "\"generation\": 12,"));
	assert_non_null(strstr(blob_cstr(&json), "\"subject\": \"cn=r\\\\x221\""));
	assert_non_null(strstr(blob_cstr(&json), "\"not_after\": \"2026-01-21T00:00:00Z\""));
	/* done again, it is the same */
	assert_true(files_generation(&lab->m, 12, blob_view(&x.id), blob_view(&b), NULL));
	pem_says("gen-0012/fullchain.pem", full, 2);
	assert_false(files_generation(&lab->m, 13, blob_view(&x.id), VIEW("\x30\x01?"), NULL));
	assert_false(file_exists(lab_path("gen-0013")));
	blob_free(&b);
	blob_free(&json);
	cas_free(&x);
	lab_close();
}

static void
ca_files_are(const struct blob *one, const struct blob *two, const struct blob *three)
{
	const struct blob *const ders[] = {one, two, three};
	char leaf[32];

	for (size_t i = 0; i < 3; i++) {
		snprintf(leaf, sizeof(leaf), "ca.d/%04zu.pem", i + 1);
		if (ders[i] != NULL)
			pem_says(leaf, &ders[i], 1);
		else
			assert_false(file_exists(lab_path(leaf)));
	}
}

static void
cas_come_and_go(void **state)
{
	struct cas x = {0};
	struct blob b = {0}, next = {0};
	const struct blob *both[] = {&x.middle, &x.root, &x.next},
			  *after[] = {&x.next, &x.root};

	(void)state;
	lab_open("", "");
	cas_make(&x);
	bundle(&b, &x.middle, &x.root, &x.ra);
	assert_true(files_cas(&lab->m, blob_view(&b), (struct view){0}, false, NULL));
	ca_files_are(&x.middle, &x.root, NULL);
	bundle(&next, &x.next, &x.root, NULL);
	assert_true(files_cas(&lab->m, blob_view(&b), blob_view(&next), false, NULL));
	ca_files_are(&x.middle, &x.root, &x.next);
	pem_says("ca-bundle.pem", both, 3); /* each once, the active one first */
	/* the switch: the old one stays until it may go */
	assert_true(files_cas(&lab->m, blob_view(&next), (struct view){0}, false, NULL));
	ca_files_are(&x.middle, &x.root, &x.next);
	assert_true(files_cas(&lab->m, blob_view(&next), (struct view){0}, true, NULL));
	ca_files_are(NULL, &x.root, &x.next);
	pem_says("ca-bundle.pem", after, 2);
	blob_free(&b);
	blob_free(&next);
	cas_free(&x);
	lab_close();
}

/* Names that we never gave stay where they are, and no file of ours goes because of them. */
static void
foreign_files(void **state)
{
	static const char *const names[] = {"2.pem", "+1.pem", "README", "0001.pem.bak", ".pem",
	    "00001.pem", "99999999999999999999.pem"};
	struct cas x = {0};
	struct blob b = {0};
	char leaf[64];

	(void)state;
	lab_open("", "");
	cas_make(&x);
	assert_true(dir_make(lab_path("ca.d"), 0755, NULL));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(leaf, sizeof(leaf), "ca.d/%s", names[i]);
		assert_true(file_replace(lab_path(leaf), 0644, VIEW("mine"), NULL));
	}
	bundle(&b, &x.middle, &x.root, NULL);
	for (int n = 0; n < 3; n++)
		assert_true(files_cas(&lab->m, blob_view(&b), (struct view){0}, true, NULL));
	ca_files_are(&x.middle, &x.root, NULL);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(leaf, sizeof(leaf), "ca.d/%s", names[i]);
		assert_true(file_exists(lab_path(leaf)));
	}
	blob_free(&b);
	cas_free(&x);
	lab_close();
}

/* A bundle that makes no sense changes nothing. */
static void
no_sense(void **state)
{
	struct cas x = {0};
	struct blob b = {0};
	const struct blob *before[] = {&x.middle, &x.root};

	(void)state;
	lab_open("", "");
	cas_make(&x);
	bundle(&b, &x.middle, &x.root, NULL);
	assert_true(files_cas(&lab->m, blob_view(&b), (struct view){0}, true, NULL));
	assert_false(
	    files_cas(&lab->m, VIEW("\x30\x03\x02\x01\x01"), (struct view){0}, true, NULL));
	b.n -= 7;
	assert_false(files_cas(&lab->m, blob_view(&b), (struct view){0}, true, NULL));
	ca_files_are(&x.middle, &x.root, NULL);
	pem_says("ca-bundle.pem", before, 2);
	blob_free(&b);
	cas_free(&x);
	lab_close();
}

/* Whole lines of 64, the last one as long as it is. */
static void
pem_lines(void **state)
{
	uint8_t octets[97];
	struct blob out = {0};
	const char *line;

	(void)state;
	memset(octets, 0x55, sizeof(octets));
	for (size_t n = 1; n <= sizeof(octets); n += 16) {
		blob_clear(&out);
		pem_add(&out, view_of(octets, n));
		assert_memory_equal(out.p, begin, strlen(begin));
		line = blob_cstr(&out) + strlen(begin);
		for (size_t left = (n + 2) / 3 * 4; left > 0;) {
			size_t want = left < 64 ? left : 64;

			assert_int_equal(strcspn(line, "\n"), want);
			line += want + 1;
			left -= want;
		}
		assert_string_equal(line, "-----END CERTIFICATE-----\n");
	}
	blob_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_generation),
	    cmocka_unit_test(cas_come_and_go),
	    cmocka_unit_test(foreign_files),
	    cmocka_unit_test(no_sense),
	    cmocka_unit_test(pem_lines),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
