/* test_ber.c - BER of the CMS layers to DER (BAD-045 to BAD-049, BAD-053). */
#include "wire_oracle.h"

static const struct {
	const char *says, *in, *out; /* out NULL: refused; "": already DER */
} cases[] = {
    {"DER stays as it is", "3003020105", ""},
    {"a negative, unpadded or padded INTEGER stays as it is", "3004020200ff", ""},
    {"a padded INTEGER is not touched", "300402020001", ""},
    {"indefinite SEQUENCE", "308002010500 00", "3003020105"},
    {"BAD-049 padded length", "3082000302 0105", "3003020105"},
    {"BAD-049 long form of a short length", "308103020105", "3003020105"},
    {"BAD-049 length of eight octets", "30880000000000000003020105", "3003020105"},
    {"indefinite in indefinite", "30803080020105000002010600 00", "30083003020105020106"},
    {"constructed OCTET STRING", "24080402abcd0402ef01", "0404abcdef01"},
    {"constructed, indefinite OCTET STRING", "24800402abcd0401ef0000", "0403abcdef"},
    {"BAD-047 pieces in pieces", "2480248004016100000401620000", "04026162"},
    {"constructed OCTET STRING without pieces", "2400", "0400"},
    {"EncryptedContentInfo with implicit pieces", "3080060103 3000 a080040161040162 0000 0000",
	"3009060103 3000 80026162"},
    {"explicit [0] behind an OID stays constructed", "3080060103a08004016100000000",
	"3008060103a003040161"},
    {"EncryptedContentInfo with definite pieces", "300a0601033000a0030401 61",
	"300806010330008001 61"},
    {"definite contents end where they say", "3005308002010500", NULL},
    {"BAD-046 end of contents missing", "3080020105", NULL},
    {"BAD-046 end of contents half there", "308002010500", NULL},
    {"BAD-045 primitive without length", "0480", NULL},
    {"BAD-045 4 GiB", "3084ffffffff00", NULL},
    {"BAD-045 length ff", "30ff00", NULL},
    {"BAD-048 octets behind", "300302010500", NULL},
    {"BAD-053 high tag number", "30031f8101", NULL},
    {"BAD-053 tag 0 with contents", "3003000101", NULL},
    {"constructed INTEGER", "2203020105", NULL},
    {"primitive SEQUENCE", "1003020105", NULL},
    {"an INTEGER among pieces", "2403020105", NULL},
    {"nothing", "", NULL},
};

static void
normalises(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob in = {0}, scratch = {0}, want = {0};
		struct view out = {0};
		struct err e = {0};
		bool good;

		unhex(cases[i].in, &in);
		good = ber_normalise(blob_view(&in), &scratch, &out, &e);
		if (good != (cases[i].out != NULL))
			fail_msg("%s: %s", cases[i].says, e.text);
		if (good && cases[i].out[0] == 0) {
			assert_ptr_equal(out.p, in.p);
			assert_int_equal(out.n, in.n);
			assert_int_equal(scratch.n, 0);
		} else if (good) {
			unhex(cases[i].out, &want);
			if (!view_equal(out, blob_view(&want)))
				fail_msg("%s: other octets", cases[i].says);
		}
		blob_free(&in);
		blob_free(&scratch);
		blob_free(&want);
	}
}

static void
bounds_depth_bad046(void **state)
{
	(void)state;
	for (int depth = 60; depth <= 100000; depth = depth < 70 ? depth + 1 : depth * 10) {
		struct blob in = {0}, scratch = {0};
		struct view out;

		for (int i = 0; i < depth; i++)
			blob_add(&in, "\x30\x80", 2);
		for (int i = 0; i < depth; i++)
			blob_add(&in, "\0\0", 2);
		assert_int_equal(
		    ber_normalise(blob_view(&in), &scratch, &out, NULL), depth <= 64);
		blob_clear(&in);
		for (int i = 0; i < depth; i++)
			blob_add(&in, "\x24\x80", 2);
		for (int i = 0; i < depth; i++)
			blob_add(&in, "\0\0", 2);
		assert_int_equal(
		    ber_normalise(blob_view(&in), &scratch, &out, NULL), depth <= 63);
		blob_free(&in);
		blob_free(&scratch);
	}
}

static void
bounds_elements_bad047(void **state)
{
	(void)state;
	for (size_t n = 99000; n <= 101000; n += 2000) {
		struct blob in = {0}, scratch = {0};
		struct view out;

		blob_add(&in, "\x24\x80", 2);
		for (size_t i = 0; i < n; i++)
			blob_add(&in, "\x04\x01\x61", 3);
		blob_add(&in, "\0\0", 2);
		assert_int_equal(
		    ber_normalise(blob_view(&in), &scratch, &out, NULL), n == 99000);
		blob_free(&in);
		blob_free(&scratch);
	}
}

/* Every cut is refused, and never read beyond (the copy is exact, the sanitizer watches). */
static void
refuses_cuts_bad043(void **state)
{
	struct blob in = {0}, scratch = {0};
	struct view out;

	(void)state;
	unhex("3080 060103 3080 3000 020105 0000 2480 0402abcd 2480040100000004010100000000",
	    &in);
	assert_true(ber_normalise(blob_view(&in), &scratch, &out, NULL));
	for (size_t n = 0; n < in.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, in.p, n);
		assert_false(ber_normalise(view_of(exact + 1, n), &scratch, &out, NULL));
		free(exact);
	}
	blob_free(&in);
	blob_free(&scratch);
}

/* What is normal is normal: a second pass changes nothing. */
static void
is_idempotent_on_mutants(void **state)
{
	uint64_t seed = seed_get();
	struct blob in = {0}, mutant = {0}, scratch = {0}, again = {0};
	struct view once, twice;
	size_t accepted = 0;

	(void)state;
	unhex("3080 060103 3080 3000 020105 0000 2480 0402abcd 2480040100000004010100000000",
	    &in);
	for (int i = 0; i < 20000; i++) {
		mutate(&seed, blob_view(&in), &mutant);
		blob_clear(&scratch);
		if (!ber_normalise(blob_view(&mutant), &scratch, &once, NULL))
			continue;
		accepted++;
		blob_clear(&again);
		assert_true(ber_normalise(once, &again, &twice, NULL));
		assert_ptr_equal(twice.p, once.p);
	}
	printf("# accepted %zu of 20000\n", accepted);
	assert_true(accepted > 100);
	blob_free(&in);
	blob_free(&mutant);
	blob_free(&scratch);
	blob_free(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(normalises),
	    cmocka_unit_test(bounds_depth_bad046),
	    cmocka_unit_test(bounds_elements_bad047),
	    cmocka_unit_test(refuses_cuts_bad043),
	    cmocka_unit_test(is_idempotent_on_mutants),
	};

	return cmocka_run_group_tests_name("ber", tests, NULL, NULL);
}
