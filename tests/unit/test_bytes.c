/* test_bytes.c - tests of views, blobs, readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

/* Linked with --wrap=free: what lies in the watched storage when it is given back? */
static const uint8_t *watched;
static size_t watched_n;
static int freed_clean, freed_dirty;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	bool dirty = false;

	if (p != NULL && p == watched) {
		for (size_t i = 0; i < watched_n; i++)
			dirty |= watched[i] != 0;
		*(dirty ? &freed_dirty : &freed_clean) += 1;
		watched = NULL;
	}
	__real_free(p);
}

static void
watch(const struct blob *b)
{
	watched = b->p;
	watched_n = b->n;
	freed_clean = freed_dirty = 0;
}

static void
views_compare(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
	    {"", "", 0},
	    {"", "a", -1},
	    {"a", "", 1},
	    {"a", "a", 0},
	    {"a", "b", -1},
	    {"ab", "b", -1},
	    {"ab", "a", 1},
	    {"a\xff", "a\x01", 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view a = view_str(cases[i].a), b = view_str(cases[i].b);
		int c = view_compare(a, b);

		assert_int_equal((c > 0) - (c < 0), cases[i].order);
		assert_int_equal(view_equal(a, b), cases[i].order == 0);
		assert_int_equal(view_equal_str(a, cases[i].b), cases[i].order == 0);
		assert_int_equal(view_equal_secret(a, b), cases[i].order == 0);
	}
	assert_true(view_equal((struct view){0}, view_of("x", 0)));
	assert_int_equal(view_compare((struct view){0}, (struct view){0}), 0);
	assert_int_equal(VIEW("a\0b").n, 3);
	assert_false(view_equal(VIEW("a\0b"), VIEW("a\0c")));
	assert_false(view_equal_secret(VIEW("secret1"), VIEW("tecret1")));
}

static void
views_are_cut(void **state)
{
	static const struct {
		const char *in, *before, *behind;
	} cases[] = {
	    {"a=b=c", "a", "b=c"},
	    {"=b", "", "b"},
	    {"a=", "a", ""},
	    {"a", "a", ""},
	    {"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct view v = view_str(cases[i].in);

		assert_true(view_equal_str(view_cut(&v, '='), cases[i].before));
		assert_true(view_equal_str(v, cases[i].behind));
	}
}

static void
blobs_grow(void **state)
{
	struct blob b = {0};
	uint8_t *at;

	(void)state;
	assert_string_equal(blob_cstr(&b), "");
	for (int i = 0; i < 5000; i++)
		blob_add_byte(&b, (uint8_t)i);
	assert_int_equal(b.n, 5000);
	assert_true(b.cap >= b.n);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
	at = blob_grow(&b, 100000);
	assert_ptr_equal(at, b.p + 5000);
	assert_int_equal(b.n, 105000);
	assert_int_equal(b.p[4999], (uint8_t)4999);
	blob_set(&b, VIEW("short"));
	assert_true(view_equal_str(blob_view(&b), "short"));
	blob_add(&b, NULL, 0);
	blob_add_view(&b, (struct view){0});
	blob_add_str(&b, "er");
	assert_string_equal(blob_cstr(&b), "shorter");
	assert_int_equal(b.n, 7); /* the NUL is not counted */
	blob_free(&b);
	assert_null(b.p);
	assert_int_equal(b.n + b.cap, 0);
	blob_free(&b); /* zero is a value too */
}

static void
blobs_print(void **state)
{
	struct blob b = {0};
	char wide[600];

	(void)state;
	memset(wide, 'w', sizeof(wide));
	for (size_t n = 0; n < sizeof(wide); n++) { /* across the small buffer's end */
		blob_clear(&b);
		blob_printf(&b, "%s%.*s", "a", (int)n, wide);
		assert_int_equal(b.n, n + 1);
		assert_int_equal(b.p[0], 'a');
		for (size_t i = 1; i <= n; i++)
			assert_int_equal(b.p[i], 'w');
	}
	blob_free(&b);
}

static void
secrets_are_wiped(void **state)
{
	struct blob b = {0};
	const uint8_t *old;
	size_t cap;

	(void)state;
	blob_add_str(&b, "one-time password");
	old = b.p;
	cap = b.cap;
	blob_clear(&b);
	assert_ptr_equal(b.p, old); /* storage kept */
	assert_int_equal(b.cap, cap);
	assert_int_equal(b.n, 0);
	for (size_t i = 0; i < 17; i++)
		assert_int_equal(b.p[i], 0);

	blob_add_str(&b, "one-time password");
	watch(&b);
	(void)blob_grow(&b, 10 * cap);
	assert_int_equal(freed_clean, 1);
	assert_int_equal(freed_dirty, 0);
	assert_memory_equal(b.p, "one-time password", 17);

	memset(b.p, 's', b.n);
	watch(&b);
	blob_free(&b);
	assert_int_equal(freed_clean, 1);
	assert_int_equal(freed_dirty, 0);
}

static void
numbers_come_back(void **state)
{
	static const uint64_t values[] = {
	    0, 1, 0x7f, 0x80, 0x1234, 0x12345678, 0x0102030405060708, UINT32_MAX, UINT64_MAX};
	static const uint8_t big_endian[] = {
	    0x12, 0x34, 0x12, 0x34, 0x56, 0x78, 1, 2, 3, 4, 5, 6, 7, 8};
	struct blob b = {0};
	struct reader r;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	blob_add_u16(&b, 0x1234);
	blob_add_u32(&b, 0x12345678);
	blob_add_u64(&b, 0x0102030405060708);
	assert_true(view_equal(blob_view(&b), view_of(big_endian, sizeof(big_endian))));
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		blob_clear(&b);
		blob_add_byte(&b, (uint8_t)values[i]);
		blob_add_u16(&b, (uint16_t)values[i]);
		blob_add_u32(&b, (uint32_t)values[i]);
		blob_add_u64(&b, values[i]);
		assert_int_equal(b.n, 15);
		r = reader_of(blob_view(&b));
		assert_true(read_u8(&r, &u8) && u8 == (uint8_t)values[i]);
		assert_true(read_u16(&r, &u16) && u16 == (uint16_t)values[i]);
		assert_true(read_u32(&r, &u32) && u32 == (uint32_t)values[i]);
		assert_true(read_u64(&r, &u64) && u64 == values[i]);
		assert_int_equal(r.n, 0);
	}
	blob_free(&b);
}

/* Each read from each length that is too short: refused, and nothing moves. */
static void
readers_stop_at_the_end(void **state)
{
	static const uint8_t eight[8] = {0, 0, 0, 5, 1, 2, 3, 4};
	struct view v = {0};
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	for (size_t n = 0; n <= sizeof(eight); n++) {
		uint8_t *copy = mem_get(n); /* exact, for the sanitizer */
		struct reader r = {copy, n}, empty = {copy, 0};
		struct reader start = r;

		if (n > 0)
			memcpy(copy, eight, n);
		assert_false(read_u8(&empty, &u8));
		assert_int_equal(read_u16(&r, &u16), n >= 2);
		r = start;
		assert_int_equal(read_u32(&r, &u32), n >= 4);
		r = start;
		assert_int_equal(read_u64(&r, &u64), n >= 8);
		r = start;
		assert_false(read_view(&r, n + 1, &v));
		assert_false(read_view(&r, SIZE_MAX, &v));
		assert_false(read_sized(&r, &v)); /* says 5, has 4 at most */
		assert_ptr_equal(r.p, start.p);
		assert_int_equal(r.n, n);
		assert_true(read_view(&r, n, &v));
		assert_int_equal(v.n, n);
		assert_int_equal(r.n, 0);
		free(copy);
	}
}

static void
sized_parts_come_back(void **state)
{
	struct blob b = {0};
	struct reader r;
	struct view v;

	(void)state;
	blob_add_sized(&b, VIEW("one"));
	blob_add_sized(&b, (struct view){0});
	blob_add_sized(&b, VIEW("three"));
	r = reader_of(blob_view(&b));
	assert_true(read_sized(&r, &v) && view_equal_str(v, "one"));
	assert_true(read_sized(&r, &v) && v.n == 0);
	assert_true(read_sized(&r, &v) && view_equal_str(v, "three"));
	assert_false(read_sized(&r, &v));
	r = (struct reader){0};
	assert_true(read_view(&r, 0, &v));
	blob_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(views_compare),
	    cmocka_unit_test(views_are_cut),
	    cmocka_unit_test(blobs_grow),
	    cmocka_unit_test(blobs_print),
	    cmocka_unit_test(secrets_are_wiped),
	    cmocka_unit_test(numbers_come_back),
	    cmocka_unit_test(readers_stop_at_the_end),
	    cmocka_unit_test(sized_parts_come_back),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
