/* test_seal.c - sealed keys, and where the sealing key comes from. */
#include "keys_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "sys/sys.h"

static void
round_trip(void **state)
{
	struct seal s = {{1}};
	struct blob sealed = {0}, again = {0}, plain = {0};

	(void)state;
	for (size_t n = 1; n < 3000; n = n * 3 + 1) {
		struct blob b = {0};

		memset(blob_grow(&b, n), 0x5a, n);
		assert_true(seal_close(&s, "CA", blob_view(&b), &sealed, NULL));
		assert_true(seal_close(&s, "CA", blob_view(&b), &again, NULL));
		assert_false(
		    view_equal(blob_view(&sealed), blob_view(&again))); /* a nonce each time */
		assert_true(seal_open(&s, "CA", blob_view(&sealed), &plain, NULL));
		assert_true(view_equal(blob_view(&plain), blob_view(&b)));
		blob_free(&b);
	}
	blob_free(&sealed);
	blob_free(&again);
	blob_free(&plain);
}

static void
nothing_else_opens(void **state)
{
	struct seal s = {{1}}, other = {{2}};
	struct blob sealed = {0}, plain = {0};
	struct err e = {0};

	(void)state;
	assert_true(seal_close(&s, "CA", VIEW("a private key"), &sealed, NULL));
	assert_false(seal_open(&other, "CA", blob_view(&sealed), &plain, &e));
	assert_false(seal_open(&s, "CB", blob_view(&sealed), &plain, &e));
	assert_false(seal_open(&s, "C", blob_view(&sealed), &plain, &e));
	assert_false(seal_open(&s, "", blob_view(&sealed), &plain, &e));
	for (size_t i = 0; i < sealed.n * 8; i++) {
		sealed.p[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(seal_open(&s, "CA", blob_view(&sealed), &plain, &e));
		sealed.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t n = 0; n < sealed.n; n++)
		assert_false(seal_open(&s, "CA", view_of(sealed.p, n), &plain, &e));
	assert_null(plain.p);
	assert_true(seal_open(&s, "CA", blob_view(&sealed), &plain, &e));
	blob_free(&sealed);
	blob_free(&plain);
}

static void
no_source(void)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("KEYMUSTER_SEAL_FD");
	unsetenv("KEYMUSTER_SEAL_FILE");
}

static void
state_file_is_made_once(void **state)
{
	struct seal a, b;
	struct err e = {0};
	struct stat st;
	char path[128];
	const char *dir = dir_fresh();

	(void)state;
	no_source();
	assert_false(seal_load(
	    dir, true, &a, &e)); /* sealed keys exist: a new sealing key would be a lie */
	assert_int_equal(e.why, WHY_NOT_FOUND);
	assert_non_null(strstr(e.text, "seal.key"));
	assert_non_null(strstr(e.text, "restore"));
	assert_true(seal_load(dir, false, &a, &e));
	assert_true(seal_load(dir, true, &b, &e));
	assert_memory_equal(&a, &b, sizeof(a));
	snprintf(path, sizeof(path), "%s/seal.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	assert_false(seal_load(dir, true, &b, &e));
	assert_non_null(strstr(e.text, "others may read"));
}

static void
sources_in_order(void **state)
{
	static const char hex[] =
	    "000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f\n";
	struct seal s;
	struct err e = {0};
	uint8_t raw[32];
	char path[128], number[16];
	const char *dir = dir_fresh();
	int fds[2];

	(void)state;
	no_source();
	memset(raw, 0xaa, sizeof(raw));
	snprintf(path, sizeof(path), "%s/file", dir);
	assert_true(file_replace(path, 0600, view_str(hex), NULL));
	setenv("KEYMUSTER_SEAL_FILE", path, 1);
	assert_true(seal_load(dir, true, &s, &e));
	for (int i = 0; i < 32; i++)
		assert_int_equal(s.key[i], i);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], raw, sizeof(raw)), sizeof(raw));
	close(fds[1]);
	snprintf(number, sizeof(number), "%d", fds[0]);
	setenv("KEYMUSTER_SEAL_FD", number, 1);
	assert_true(seal_load(dir, true, &s, &e));
	assert_memory_equal(s.key, raw, sizeof(raw));
	assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* read once, then gone */
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	snprintf(path, sizeof(path), "%s/keymuster.seal", dir);
	memset(raw, 0xbb, sizeof(raw));
	assert_true(file_replace(path, 0600, view_of(raw, sizeof(raw)), NULL));
	assert_true(seal_load(dir, true, &s, &e));
	assert_memory_equal(s.key, raw, sizeof(raw));
	no_source();
}

static void
bad_sources(void **state)
{
	static const char *const texts[] = {"", "short", "00",
	    "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
	    "00010203 405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0"};
	struct seal s;
	struct err e = {0};
	char path[128];
	const char *dir = dir_fresh();

	(void)state;
	no_source();
	snprintf(path, sizeof(path), "%s/file", dir);
	setenv("KEYMUSTER_SEAL_FILE", path, 1);
	assert_false(
	    seal_load(dir, false, &s, &e)); /* named, but not there: no other source is tried */
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_true(file_replace(path, 0600, view_str(texts[i]), NULL));
		assert_false(seal_load(dir, false, &s, &e));
	}
	setenv("KEYMUSTER_SEAL_FD", "seven", 1);
	assert_false(seal_load(dir, false, &s, &e));
	setenv("KEYMUSTER_SEAL_FD", "999", 1);
	assert_false(seal_load(dir, false, &s, &e));
	no_source();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(round_trip),
	    cmocka_unit_test(nothing_else_opens),
	    cmocka_unit_test(state_file_is_made_once),
	    cmocka_unit_test(sources_in_order),
	    cmocka_unit_test(bad_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
