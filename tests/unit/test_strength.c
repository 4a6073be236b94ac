/* test_strength.c - how old is a message, and for whom is that let in? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/strength.h"

/* AL-01 to AL-05, AL-08, AT-06. */
static void
levels(void **state)
{
	static const struct {
		const char *sentence;
		struct makings
		    m; /* digest, csr, cipher, signer_bits, csr_bits, no_sender_nonce */
		enum level level;
		enum scep_fail fail;
	} cases[] = {
	    {"AL-01", {HASH_SHA256, HASH_SHA256, CIPHER_AES128, 2048, 2048, false},
		LEVEL_MODERN, 0},
	    {"AL-04", {HASH_SHA512, HASH_SHA384, CIPHER_AES256, 4096, 8192, false},
		LEVEL_MODERN, 0},
	    {"AL-02 triple DES", {HASH_SHA384, HASH_SHA512, CIPHER_DES3, 2048, 2048, false},
		LEVEL_MODERN, 0},
	    {"nothing read yet", {0}, LEVEL_MODERN, 0},
	    {"AL-02 SHA-1 message", {HASH_SHA1, HASH_SHA1, CIPHER_DES3, 2048, 2048, false},
		LEVEL_LEGACY, SCEP_BAD_ALG},
	    {"SHA-1 inside alone", {HASH_SHA256, HASH_SHA1, CIPHER_AES128, 2048, 2048, false},
		LEVEL_LEGACY, SCEP_BAD_ALG},
	    {"MD5 inside alone", {HASH_SHA256, HASH_MD5, CIPHER_AES128, 2048, 2048, false},
		LEVEL_LEGACY, SCEP_BAD_ALG},
	    {"MD5 inside SHA-1", {HASH_SHA1, HASH_MD5, CIPHER_DES3, 2048, 2048, false},
		LEVEL_LEGACY, SCEP_BAD_ALG},
	    {"AT-06", {HASH_SHA256, HASH_SHA256, CIPHER_AES128, 2048, 2048, true}, LEVEL_LEGACY,
		SCEP_BAD_REQUEST},
	    {"AL-03 MD5 message", {HASH_MD5, HASH_SHA256, CIPHER_AES128, 2048, 2048, false},
		LEVEL_ANCIENT, SCEP_BAD_ALG},
	    {"AL-03 single DES", {HASH_SHA256, HASH_SHA256, CIPHER_DES, 2048, 2048, false},
		LEVEL_ANCIENT, SCEP_BAD_ALG},
	    {"AL-08 micromdm", {HASH_SHA1, HASH_SHA1, CIPHER_DES, 2048, 2048, true},
		LEVEL_ANCIENT, SCEP_BAD_ALG},
	    {"AL-05 signer's 2047 bits",
		{HASH_SHA256, HASH_SHA256, CIPHER_AES128, 2047, 2048, false}, LEVEL_ANCIENT,
		SCEP_BAD_ALG},
	    {"AL-05 1024 bits asked for",
		{HASH_SHA256, HASH_SHA256, CIPHER_AES128, 2048, 1024, false}, LEVEL_ANCIENT,
		SCEP_BAD_ALG},
	    {"AL-05 signer's 1023 bits", {HASH_MD5, HASH_MD5, CIPHER_DES, 1023, 1024, true},
		LEVEL_NEVER, SCEP_BAD_ALG},
	    {"BAD-118 1023 bits asked for", {HASH_MD5, HASH_MD5, CIPHER_DES, 1024, 1023, true},
		LEVEL_NEVER, SCEP_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct weakness w = strength_of(&cases[i].m);

		if (w.level != cases[i].level ||
		    (w.level != LEVEL_MODERN && w.fail != cases[i].fail))
			fail_msg("%s: level %d, failInfo %d", cases[i].sentence, (int)w.level,
			    (int)w.fail);
		assert_true((w.what == NULL) == (w.level == LEVEL_MODERN));
	}
}

/* What each word lets in; "compat ancient" includes "compat legacy". */
static void
words(void **state)
{
	static const struct ca_word off = {0}, on = {true, ""}, r1 = {true, "cn=r1"};
	static const struct {
		const char *sentence;
		const struct ca_word *legacy, *ancient;
		const char *subject;
		bool lets[LEVEL_MODERN + 1]; /* never, ancient, legacy, modern */
		enum hash weakest;
	} cases[] = {
	    {"no word", &off, &off, "cn=r1", {false, false, false, true}, HASH_SHA256},
	    {"no word, anybody", &off, &off, NULL, {false, false, false, true}, HASH_SHA256},
	    {"legacy", &on, &off, "cn=r1", {false, false, true, true}, HASH_SHA1},
	    {"ancient", &off, &on, "cn=r1", {false, true, true, true}, HASH_MD5},
	    {"both", &on, &on, NULL, {false, true, true, true}, HASH_MD5},
	    {"legacy for r1", &r1, &off, "cn=r1", {false, false, true, true}, HASH_SHA1},
	    {"legacy for r1, r2 comes", &r1, &off, "cn=r2", {false, false, false, true},
		HASH_SHA1},
	    {"legacy for r1, nobody known yet", &r1, &off, NULL, {false, false, true, true},
		HASH_SHA1},
	    {"ancient for r1, legacy for all", &on, &r1, "cn=r2", {false, false, true, true},
		HASH_MD5},
	    {"ancient for r1 alone", &off, &r1, "cn=r1", {false, true, true, true}, HASH_MD5},
	    {"ancient for r1, r2 comes", &off, &r1, "cn=r2", {false, false, false, true},
		HASH_MD5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ca_policy p = {.legacy = *cases[i].legacy, .ancient = *cases[i].ancient};

		for (int l = LEVEL_NEVER; l <= LEVEL_MODERN; l++)
			if (strength_allowed(&p, (enum level)l, cases[i].subject) !=
			    cases[i].lets[l])
				fail_msg("%s: level %d", cases[i].sentence, l);
		assert_int_equal(ca_weakest_digest(&p), cases[i].weakest);
	}
}

static void
patterns(void **state)
{
	static const struct {
		const char *pattern, *subject;
		bool fits;
	} cases[] = {
	    {"", "cn=r1", true},
	    {"", "", true},
	    {"cn=r1", "cn=r1", true},
	    {"CN=R1,o=CISCO", "cn=r1,o=Cisco", true},
	    {"cn=r1", "cn=r12", false},
	    {"cn=r12", "cn=r1", false},
	    {"cn=r1", "", false},
	    {"*", "", true},
	    {"*", "cn=r1", true},
	    {"cn=spoke-*", "cn=spoke-7,ou=CVO", true},
	    {"cn=spoke-*", "cn=spoke-", true},
	    {"cn=spoke-*", "ou=x,cn=spoke-7", false},
	    {"*,o=Cisco", "cn=r1,ou=o=Cisco,o=Cisco", true},
	    {"*,o=Cisco", "cn=r1,o=Cisco,c=US", false},
	    {"cn=*,ou=old,*", "cn=a,ou=old,ou=old,o=x", true},
	    {"cn=*,ou=old,*", "cn=a,ou=old", false},
	    {"*a*b*", "xxaxxbxx", true},
	    {"*a*b*", "xxbxxaxx", false},
	    {"*ab", "aab", true},
	    {"**", "x", true},
	    {"cn=r?", "cn=r1", false},
	    {"cn=m\xc3\xb6n", "CN=m\xc3\xb6n", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (subject_fits(cases[i].pattern, cases[i].subject) != cases[i].fits)
			fail_msg("'%s' for '%s'", cases[i].pattern, cases[i].subject);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(levels),
	    cmocka_unit_test(words),
	    cmocka_unit_test(patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
