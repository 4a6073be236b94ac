/* test_message.c - the signer's protocol, exact to the octet. */
#include "keys_test.h"

#include "keys/message.h"

static struct key_job
full_job(enum key_act act)
{
	struct key_job j = job_of(act, "CA#1");

	j.kind = act == KEY_MAKE ? KEY_RSA : KEY_NONE;
	j.bits = act == KEY_MAKE || act == KEY_GRANT ? 2048 : 0;
	if (act == KEY_SIGN) {
		j.as = SIGN_CRL;
		j.alg = (struct sig_alg){KEY_RSA, HASH_SHA384, PADDING_PSS, 48};
		j.intent = 0x0102030405060708;
	}
	if (act == KEY_UNWRAP) {
		j.padding = PADDING_OAEP;
		j.oaep_hash = HASH_SHA256;
		j.want = 24;
		j.stranger = true;
	}
	if (act == KEY_EXPORT) {
		snprintf(j.path, sizeof(j.path), "Root-CA/gen-0001");
		snprintf(j.password, sizeof(j.password), "word");
		j.forms = KEY_FORM_PEM | KEY_FORM_HAPROXY;
	}
	if (act == KEY_IMPORT) {
		snprintf(j.path, sizeof(j.path), "Root-CA/import/r1.p12");
		snprintf(j.password, sizeof(j.password), "word");
		j.forms = KEY_FORM_PKCS12 | KEY_FORM_LOOK;
	}
	if (act != KEY_MAKE && act != KEY_FORGET && act != KEY_IMPORT)
		j.bytes = VIEW("some octets");
	return j;
}

static void
jobs_come_back(void **state)
{
	(void)state;
	for (int act = KEY_MAKE; act <= KEY_IMPORT; act++) {
		struct key_job j = full_job((enum key_act)act), got;
		struct blob a = {0}, b = {0};
		uint64_t id = 0;
		struct err e = {0};

		job_encode(&j, &a);
		if (!job_decode(blob_view(&a), &got, &id, &e))
			fail_msg("act %d: %s", act, e.text);
		job_encode(&got, &b);
		assert_true(view_equal(blob_view(&a), blob_view(&b)));
		assert_int_equal(id, j.id);
		assert_int_equal(got.act, j.act);
		assert_string_equal(got.label, j.label);
		assert_int_equal(got.intent, j.intent);
		assert_int_equal(got.want, j.want);
		assert_int_equal(got.bits, j.bits);
		assert_int_equal(got.alg.salt, j.alg.salt);
		assert_int_equal(got.stranger, j.stranger);
		assert_int_equal(got.forms, j.forms);
		assert_string_equal(got.path, j.path);
		assert_string_equal(got.password, j.password);
		assert_true(view_equal(got.bytes, j.bytes));
		blob_free(&a);
		blob_free(&b);
	}
}

/* Each length but the right one; each octet of the fixed part set to each value: refused, or
 * decoded to just those octets. */
static void
nothing_is_lenient(void **state)
{
	(void)state;
	for (int act = KEY_MAKE; act <= KEY_IMPORT; act++) {
		struct key_job j = full_job((enum key_act)act), got;
		struct blob a = {0}, b = {0};
		uint64_t id;
		size_t refused = 0;

		job_encode(&j, &a);
		for (size_t n = 0; n < a.n; n++)
			assert_false(job_decode(view_of(a.p, n), &got, &id, NULL));
		blob_add_byte(&a, 0);
		assert_false(job_decode(blob_view(&a), &got, &id, NULL));
		a.n--;
		for (size_t i = 0; i < a.n; i++)
			for (int v = 0; v < 256; v += i < 12 ? 1 : 37) {
				uint8_t old = a.p[i];

				a.p[i] = (uint8_t)v;
				if (job_decode(blob_view(&a), &got, &id, NULL)) {
					blob_clear(&b);
					job_encode(&got, &b);
					assert_true(view_equal(blob_view(&a), blob_view(&b)));
				} else
					refused++;
				a.p[i] = old;
			}
		assert_true(refused > 10 * 200);
		blob_free(&a);
		blob_free(&b);
	}
}

static void
id_survives_garbage(void **state)
{
	struct key_job j = full_job(KEY_SIGN), got;
	struct blob a = {0};
	uint64_t id = 0;

	(void)state;
	job_encode(&j, &a);
	a.p[1] = 200; /* an unknown act */
	assert_false(job_decode(blob_view(&a), &got, &id, NULL));
	assert_int_equal(id, j.id);
	assert_false(job_decode(VIEW("x"), &got, &id, NULL));
	assert_int_equal(id, 0);
	blob_free(&a);
}

static void
answers_come_back(void **state)
{
	struct key_done d = {.id = 77, .why = WHY_REFUSED, .text = "because"}, got;
	struct blob a = {0};

	(void)state;
	blob_add_str(&d.bytes, "signature");
	done_encode(&d, &a);
	assert_true(done_decode(blob_view(&a), &got, NULL));
	assert_int_equal(got.id, 77);
	assert_int_equal(got.why, WHY_REFUSED);
	assert_string_equal(got.text, "because");
	assert_true(view_equal_str(blob_view(&got.bytes), "signature"));
	blob_free(&got.bytes);
	for (size_t n = 0; n < a.n; n++)
		assert_false(done_decode(view_of(a.p, n), &got, NULL));
	a.p[1] = WHY_BUG + 1;
	assert_false(done_decode(blob_view(&a), &got, NULL));
	blob_free(&a);
	blob_free(&d.bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(jobs_come_back),
	    cmocka_unit_test(nothing_is_lenient),
	    cmocka_unit_test(id_survives_garbage),
	    cmocka_unit_test(answers_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
