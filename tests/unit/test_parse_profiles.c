/* test_parse_profiles.c - lines of profiles and challenge hooks. */
#include "conf_text.h"

#define A "crypto pki server A\n "

static void
lines_set_their_fields(void **state)
{
	(void)state;
	WANT(A "challenge url https://mdm.example/scep?x=a",
	    strcmp(s->challenge_url, "https://mdm.example/scep?x=a") == 0)
	WANT(A "challenge url http://127.0.0.1/\n challenge password 7 0822455D0A16",
	    strcmp(s->challenge_password, "cisco") == 0)
	WANT(A "profile a chain\n profile b challenge url HTTPS://x/\n"
	       " profile b challenge password 0 two words",
	    s->profile_count == 2 && s->profile[0].chain &&
		s->profile[0].challenge_url[0] == '\0' && !s->profile[1].chain &&
		strcmp(s->profile[1].challenge_url, "HTTPS://x/") == 0 &&
		strcmp(s->profile[1].challenge_password, "two words") == 0)
	WANT(A "profile a chain\ncrypto pki server B\n profile b chain",
	    c.server[0].profile_count == 1 && c.server[1].profile_count == 1)
	WANT(A "grant auto no-replace\n challenge url https://x/", s->challenge_url[0] != '\0')
	WANT(A "challenge url https://x/\n challenge password x\n no challenge url\n no "
	       "challenge password",
	    s->challenge_url[0] == '\0' && s->challenge_password[0] == '\0')
	WANT(A "profile a chain\n profile b chain\n profile c chain\n no profile b",
	    s->profile_count == 2 && strcmp(s->profile[1].name, "c") == 0 &&
		s->profile[2].name[0] == '\0')
	WANT(A "profile a chain\n profile b chain\n no profile b chain",
	    s->profile_count == 2 && s->profile[0].chain && !s->profile[1].chain)
	WANT(A "profile a challenge url https://x/\n profile a challenge password x\n"
	       " no profile a challenge url\n no profile a challenge password",
	    s->profile_count == 1 && s->profile[0].challenge_url[0] == '\0' &&
		s->profile[0].challenge_password[0] == '\0')
	WANT(A "profile a chain\n no profile x", s->profile_count == 1 && s->profile[0].chain)
	WANT(A "profile a chain\n no profile", s->profile_count == 0)
}

static const struct {
	const char *text, *says;
} lines[] = {
    {A "challenge url ftp://x/", "E f:2:16: no HTTP address, expected https://HOST/PATH\n"},
    {A "challenge url https://me:word@x/", "E f:2:31: a user name in the address, expected "
					   "'challenge password' for it\n"},
    {A "grant auto\n challenge url https://x/",
	"E f:2:2: 'grant auto' grants whatever 'challenge url' says, expected 'grant "
	"manual'\n"},
    {A "profile a challenge url https://x/\n grant auto",
	"E f:3:2: 'grant auto' grants whatever 'challenge url' says, expected 'grant "
	"manual'\n"},
    {A "profile A", "E f:2:10: 'A' is the name of another server or profile, expected a name "
		    "of its own\n"},
    {A "profile p\ncrypto pki server B\n profile p chain",
	"E f:4:10: 'p' is the name of another server or profile, expected a name of its own\n"},
    {A "profile p\ncrypto pki server p",
	"E f:3:19: 'p' is the name of a profile already, expected another name\n"},
    {A "shutdown\ncrypto pki server B\n profile A",
	"E f:4:10: 'A' is the name of another server or profile, expected a name of its own\n"},
    {A "profile 1\n profile 2\n profile 3\n profile 4\n profile 5\n profile 6\n profile 7\n "
       "profile 8\n profile 8 chain\n profile 9",
	"E f:11:10: more profiles than 8, expected no further one\n"},
    {A "profile "
       "a234567890123456789012345678901234567890123456789012345678901234",
	"E f:2:10: 'a234567890123456789012345678901234567890...' is not understood, expected "
	"NAME (letters, digits, '.', '_', '-')\n"},
    {A "challenge password x", "W f:1:1: 'challenge password' without an address to show it "
			       "to, expected 'challenge url URL' too\n"},
    {A "profile a challenge password x",
	"W f:1:1: 'profile a challenge password' without an address to show it to, expected "
	"'profile a challenge url URL' too\n"},
    {A "challenge url http://hook.example/",
	"W f:2:2: 'challenge url' sends challenges over plain HTTP, expected https://...\n"},
    {A "profile p challenge url http://localhost.example/",
	"W f:1:1: 'profile p challenge url' sends challenges over plain HTTP, expected "
	"https://...\n"},
    {A "challenge url http://127.0.0.1:8080/x\n profile p challenge url http://[::1]/", ""},
};

/* Errors first, then warnings; the last one has nothing to complain of. */
static void
lines_have_golden_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		text_says(lines[i].text, lines[i].says);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_set_their_fields),
	    cmocka_unit_test(lines_have_golden_texts),
	};

	return cmocka_run_group_tests_name("parse_profiles", tests, NULL, NULL);
}
