/* test_ring.c - thousands of names, a few open pairs. */
#include "keys_test.h"

#include <fcntl.h>

#include "keys/ring.h"
#include "sys/sys.h"

static const struct seal seal = {{3, 1, 4}};

static void
file_put(const char *dir, const char *label, struct view bytes)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.key", dir, label);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	(void)close(fd);
}

/* The same key under each label: id, spki and file tell them apart all the same. */
static void
key_put(const char *dir, const char *label)
{
	static struct blob plain;
	struct blob sealed = {0};
	unsigned char *der = NULL;

	if (plain.n == 0) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
		int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

		assert_true(n > 0);
		blob_add(&plain, der, (size_t)n);
		OPENSSL_free(der);
		PKCS8_PRIV_KEY_INFO_free(info);
		EVP_PKEY_free(key);
	}
	assert_true(seal_close(&seal, label, blob_view(&plain), &sealed, NULL));
	file_put(dir, label, blob_view(&sealed));
	blob_free(&sealed);
}

static const char *
label_of(unsigned i)
{
	static char label[KEY_LABEL_MAX];

	(void)snprintf(label, sizeof(label), "TP%05u", i);
	return label;
}

static struct pair *
found(struct ring *r, const char *label)
{
	struct pair *p = NULL;
	struct err e = {0};

	if (!ring_find(r, label, &p, &e))
		fail_msg("%s: %s", label, e.text);
	assert_string_equal(p->label, label);
	return p;
}

static void
not_found(struct ring *r, const char *label, enum why why, const char *because)
{
	struct pair *p = NULL;
	struct err e = {0};

	assert_false(ring_find(r, label, &p, &e));
	assert_int_equal(e.why, why);
	if (strstr(e.text, because) == NULL)
		fail_msg("%s: %s", label, e.text);
}

/* Names cost a listing at the start; what is in a file is a matter of who asks for it. */
static void
thousands_of_names(void **state)
{
	const char *dir = dir_fresh();
	struct ring r;
	struct pair *p = NULL;
	struct err e = {0};

	(void)state;
	for (unsigned i = 0; i < 12000; i++)
		file_put(dir, label_of(i), VIEW("no key"));
	file_put(dir, ".hidden", VIEW("no name"));
	key_put(dir, "A");
	key_put(dir, "TP06000");
	key_put(dir, "z");
	assert_true(ring_open(&r, dir, &seal, &e));
	assert_int_equal(ring_count(&r), 12002);
	assert_int_equal(r.open_count, 0);
	pair_drop(found(&r, "A"));
	pair_drop(found(&r, "TP06000"));
	pair_drop(found(&r, "z"));
	not_found(&r, "TP05999", WHY_BAD_INPUT, "TP05999.key");
	not_found(&r, "TP12000", WHY_NOT_FOUND, "no key 'TP12000'");
	not_found(&r, "0", WHY_NOT_FOUND, "no key");
	not_found(&r, "zz", WHY_NOT_FOUND, "no key");
	assert_false(ring_make(&r, "more", KEY_EC, 256, &p, &e)); /* it may be a CA's */
	assert_non_null(strstr(e.text, "1024 keys are the limit"));
	assert_int_equal(e.why, WHY_BAD_INPUT); /* the label is nobody's */
	ring_clients(&r);
	assert_true(ring_make(&r, "more", KEY_EC, 256, &p, &e));
	assert_int_equal(ring_count(&r), 12003);
	assert_true(ring_forget(&r, p, &e));
	pair_drop(p);
	not_found(&r, "more", WHY_NOT_FOUND, "no key");
	pair_drop(found(&r, "z"));
	assert_int_equal(ring_count(&r), 12002);
	/* One whose file is damaged or lost is not made anew behind its owner's back. */
	assert_false(ring_make(&r, "TP05999", KEY_EC, 256, &p, &e));
	assert_non_null(strstr(e.text, "TP05999.key"));
	ring_close(&r);
	for (unsigned i = 12000; i < PAIRS_MAX_CLIENTS - 2; i++)
		file_put(dir, label_of(i), VIEW("no key"));
	assert_true(ring_open(&r, dir, &seal, &e));
	assert_int_equal(ring_count(&r), PAIRS_MAX_CLIENTS);
	ring_clients(&r);
	assert_false(ring_make(&r, "more", KEY_EC, 256, &p, &e));
	assert_non_null(strstr(e.text, "20000 keys are the limit"));
	assert_int_equal(e.why, WHY_BAD_INPUT); /* the label is nobody's */
	ring_close(&r);
	file_put(dir, "more", VIEW("no key"));
	assert_false(ring_open(&r, dir, &seal, &e));
	assert_non_null(strstr(e.text, "more than 20000 keys"));
}

/* As every CA's signer: all are open, and one that does not open is said at once. */
static void
few_are_all_open(void **state)
{
	const char *dir = dir_fresh();
	struct ring r;
	struct pair *first, *again;
	struct err e = {0};

	(void)state;
	for (unsigned i = 0; i < PAIRS_OPEN; i++)
		key_put(dir, label_of(i));
	assert_true(ring_open(&r, dir, &seal, &e));
	assert_int_equal(r.open_count, PAIRS_OPEN);
	first = found(&r, label_of(0));
	for (unsigned i = 0; i < PAIRS_OPEN; i++)
		pair_drop(found(&r, label_of(i)));
	again = found(&r, label_of(0));
	assert_ptr_equal(first, again);
	assert_false(first->gone);
	pair_drop(first);
	pair_drop(again);
	ring_close(&r);
	file_put(dir, label_of(7), VIEW("no key"));
	assert_false(ring_open(&r, dir, &seal, &e));
	assert_non_null(strstr(e.text, "TP00007.key"));
}

/* The pair unused longest is closed: what is kept of it elsewhere is let go, what works with
 * it goes on, and it opens again as the same. */
static void
unused_longest_is_closed(void **state)
{
	const char *dir = dir_fresh();
	struct ring r;
	struct pair *oldest, *used, *again;
	uint8_t id[PAIR_ID];

	(void)state;
	for (unsigned i = 0; i < PAIRS_OPEN + 50; i++)
		key_put(dir, label_of(i));
	assert_true(ring_open(&r, dir, &seal, NULL));
	assert_int_equal(r.open_count, 0);
	oldest = found(&r, label_of(0));
	used = found(&r, label_of(1));
	for (unsigned i = 2; i < PAIRS_OPEN; i++)
		pair_drop(found(&r, label_of(i)));
	assert_false(oldest->gone);
	pair_drop(found(&r, label_of(1)));
	for (unsigned i = PAIRS_OPEN; i < PAIRS_OPEN + 50; i++)
		pair_drop(found(&r, label_of(i)));
	assert_int_equal(r.open_count, PAIRS_OPEN);
	assert_true(oldest->gone);
	assert_false(used->gone);
	assert_int_equal(EVP_PKEY_get_bits(oldest->key), 256);
	memcpy(id, oldest->id, PAIR_ID);
	pair_drop(oldest);
	again = found(&r, label_of(0));
	assert_memory_equal(again->id, id, PAIR_ID);
	pair_drop(again);
	pair_drop(used);
	ring_close(&r);
}

/* A key is destroyed by its name: the pair in hand may be closed, and another one open. */
static void
closed_and_destroyed(void **state)
{
	const char *dir = dir_fresh();
	struct ring r;
	struct pair *before, *again;
	struct err e = {0};
	char path[512];

	(void)state;
	for (unsigned i = 0; i < 2 * PAIRS_OPEN; i++)
		key_put(dir, label_of(i));
	assert_true(ring_open(&r, dir, &seal, &e));
	before = found(&r, label_of(0));
	for (unsigned i = 1; i < 2 * PAIRS_OPEN; i++)
		pair_drop(found(&r, label_of(i)));
	again = found(&r, label_of(0));
	assert_ptr_not_equal(before, again);
	assert_true(ring_forget(&r, before, &e));
	assert_true(before->gone);
	assert_true(again->gone);
	not_found(&r, label_of(0), WHY_NOT_FOUND, "no key");
	(void)snprintf(path, sizeof(path), "%s/TP00000.key", dir);
	assert_false(file_exists(path));
	assert_int_equal(r.open_count, PAIRS_OPEN - 1);
	pair_drop(before);
	pair_drop(again);
	(void)snprintf(path, sizeof(path), "%s/TP00001.key", dir);
	assert_int_equal(unlink(path), 0);
	not_found(&r, label_of(1), WHY_IO, "TP00001.key");
	assert_false(ring_make(&r, label_of(1), KEY_EC, 256, &again, &e));
	ring_close(&r);
}

/* Nothing is on disk to open them from. */
static void
all_in_memory_stay(void **state)
{
	struct ring r;
	struct pair *first, *p;

	(void)state;
	assert_true(ring_open(&r, NULL, NULL, NULL));
	assert_true(ring_make(&r, label_of(0), KEY_EC, 256, &first, NULL));
	for (unsigned i = 1; i < PAIRS_OPEN + 20; i++) {
		assert_true(ring_make(&r, label_of(i), KEY_EC, 256, &p, NULL));
		pair_drop(p);
	}
	p = found(&r, label_of(0));
	assert_ptr_equal(p, first);
	assert_false(p->gone);
	pair_drop(p);
	assert_true(ring_forget(&r, first, NULL));
	pair_drop(first);
	not_found(&r, label_of(0), WHY_NOT_FOUND, "no key");
	ring_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(thousands_of_names),
	    cmocka_unit_test(few_are_all_open),
	    cmocka_unit_test(unused_longest_is_closed),
	    cmocka_unit_test(closed_and_destroyed),
	    cmocka_unit_test(all_in_memory_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
