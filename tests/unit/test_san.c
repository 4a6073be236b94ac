/* test_san.c - alternative names as texts and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/wire.h"

/* Texts joined by ' ' to sized ones. */
static void
sized(const char *texts, struct blob *out)
{
	blob_clear(out);
	while (*texts != 0) {
		size_t n = strcspn(texts, " ");

		blob_add_sized(out, view_of((const uint8_t *)texts, n));
		texts += n + (texts[n] != 0);
	}
}

static void
there_and_back(void **state)
{
	static const struct {
		const char *texts, *der;
	} cases[] = {
	    {"DNS:r1.example", "300C820A72312E6578616D706C65"},
	    {"IP:10.0.0.1", "300687040A000001"},
	    {"IP:2001:db8::1", "3012871020010DB8000000000000000000000001"},
	    {"email:a@b", "30058103614062"},
	    {"URI:http://x/", "300B8609687474703A2F2F782F"},
	    {"DER:88022A03", "300488022A03"},
	    {"DNS:a DNS:b IP:10.0.0.1", "300C82016182016287040A000001"},
	};
	struct blob texts = {0}, der = {0}, want = {0}, again = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		sized(cases[i].texts, &texts);
		blob_clear(&der);
		blob_clear(&want);
		blob_clear(&again);
		if (!san_parse(blob_view(&texts), &der, &e))
			fail_msg("%s: %s", cases[i].texts, e.text);
		assert_true(hex_decode(cases[i].der, &want));
		assert_true(view_equal(blob_view(&der), blob_view(&want)));
		san_write(blob_view(&der), &again);
		assert_true(view_equal(blob_view(&again), blob_view(&texts)));
	}
	blob_clear(&der);
	assert_true(san_parse((struct view){0}, &der, NULL));
	assert_int_equal(der.n, 0);
	blob_clear(&again);
	san_write((struct view){0}, &again);
	assert_int_equal(again.n, 0);
	blob_free(&texts);
	blob_free(&der);
	blob_free(&want);
	blob_free(&again);
}

static void
same_set(const char *a, const char *b, bool same)
{
	struct blob texts = {0}, x = {0}, y = {0};

	sized(a, &texts);
	assert_true(san_parse(blob_view(&texts), &x, NULL));
	sized(b, &texts);
	assert_true(san_parse(blob_view(&texts), &y, NULL));
	if ((san_subset(blob_view(&x), blob_view(&y)) &&
		san_subset(blob_view(&y), blob_view(&x))) != same)
		fail_msg("%s and %s", a, b);
	blob_free(&texts);
	blob_free(&x);
	blob_free(&y);
}

static void
compared_as_sets(void **state)
{
	(void)state;
	same_set("DNS:a DNS:b", "dns:B DNS:A", true);
	same_set("IP:2001:db8::1", "ip:2001:DB8:0:0:0:0:0:1", true);
	same_set("DNS:a", "DNS:a DNS:a", true);
	same_set("DNS:a", "DNS:a DNS:b", false);
	same_set("DNS:a", "", false);
	same_set("", "", true);
	same_set("IP:10.0.0.1", "DNS:10.0.0.1", false);
}

static void
refused(void **state)
{
	static const char *const cases[] = {
	    "a.example",
	    "DNS:",
	    "DNS:-",
	    "IP:10.0.0",
	    "IP:10.0.0.256",
	    "IP:",
	    "email:x",
	    "URI:x",
	    "DER:",
	    "DER:8",
	    "DER:8202",
	    "DER:82016100",
	    "Name:x",
	    "DNS:a x",
	    "DNS:a DER:0000",
	};
	struct blob texts = {0}, der = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct err e = {0};

		blob_clear(&der);
		sized(cases[i], &texts);
		if (san_parse(blob_view(&texts), &der, &e))
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(e.why, WHY_BAD_INPUT);
	}
	/* A NUL hides nothing; cut sizes are no texts. */
	blob_clear(&texts);
	blob_add_sized(&texts, VIEW("DNS:a\0b"));
	assert_false(san_parse(blob_view(&texts), &der, NULL));
	sized("DNS:a", &texts);
	for (size_t n = 1; n < texts.n; n++)
		assert_false(san_parse(view_of(texts.p, n), &der, NULL));
	blob_free(&texts);
	blob_free(&der);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(there_and_back),
	    cmocka_unit_test(compared_as_sets),
	    cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("san", tests, NULL, NULL);
}
