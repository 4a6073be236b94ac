/* test_tie.c - tests of which server a trustpoint enrols at. */
#include "conf_text.h"

#define HERE "ip http listen 127.0.0.1 8080\n"
#define ONE "crypto pki server A\n profile p\n"
#define TWO ONE "crypto pki server B\n"
#define AT(url) "crypto pki trustpoint T\n enrollment url " url "\n"

static const struct {
	const char *sentence, *text;
	enum conf_tie first,
	    second; /* to the first server and to the second, if there is one */
} cases[] = {
    {"the address and port that are listened on", HERE ONE AT("http://127.0.0.1:8080"),
	TIE_SURE, TIE_NONE},
    {"another loopback address", HERE ONE AT("http://127.0.0.9:8080/"), TIE_SURE, TIE_NONE},
    {"localhost", HERE ONE AT("http://LocalHost:8080/cgi-bin/pkiclient.exe"), TIE_SURE,
	TIE_NONE},
    {"[::1] where everything is listened on", ONE AT("http://[::1]"), TIE_SURE, TIE_NONE},
    {"[::1] with a port", "ip http port 81\n" ONE AT("http://[::1]:81/x"), TIE_SURE, TIE_NONE},
    {"the host name", "hostname ca.example\n" ONE AT("http://CA.example/"), TIE_SURE, TIE_NONE},
    {"the address of an interface", "ip http listen 192.0.2.1\n" ONE AT("http://192.0.2.1:80"),
	TIE_SURE, TIE_NONE},
    {"but not its loopback", "ip http listen 192.0.2.1\n" ONE AT("http://127.0.0.1"),
	TIE_POSSIBLE, TIE_NONE},
    {"another port may be forwarded", HERE ONE AT("http://127.0.0.1:80"), TIE_POSSIBLE,
	TIE_NONE},
    {"https is not served, but may be in front", ONE AT("https://127.0.0.1"), TIE_POSSIBLE,
	TIE_NONE},
    {"some address", ONE AT("http://172.16.1.1:80"), TIE_POSSIBLE, TIE_NONE},
    {"a longer host name", "hostname ca\n" ONE AT("http://ca.example/"), TIE_POSSIBLE,
	TIE_NONE},
    {"without a name in the path the first answers", HERE TWO AT("http://127.0.0.1:8080"),
	TIE_SURE, TIE_NONE},
    {"the path names the second", HERE TWO AT("http://127.0.0.1:8080/scep/B"), TIE_NONE,
	TIE_SURE},
    {"in IOS's way", HERE TWO AT("http://127.0.0.1:8080/B/cgi-bin/pkiclient.exe"), TIE_NONE,
	TIE_SURE},
    {"or a profile of the first", HERE TWO AT("http://127.0.0.1:8080/scep/p"), TIE_SURE,
	TIE_NONE},
    {"names are told apart by case", HERE TWO AT("http://127.0.0.1:8080/scep/b"), TIE_SURE,
	TIE_NONE},
    {"without an address it enrols nowhere", HERE ONE "crypto pki trustpoint T\n", TIE_NONE,
	TIE_NONE},
};

static void
ties(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob said = {0};
		struct conf c;

		if (!parse_text(cases[i].text, &c, &said))
			fail_msg("%s", blob_cstr(&said));
		for (size_t k = 0; k < c.server_count; k++) {
			enum conf_tie tie = conf_tie_of(&c.trustpoint[0], &c, &c.server[k]);

			if (tie != (k == 0 ? cases[i].first : cases[i].second))
				fail_msg(
				    "%s: server %zu is %d", cases[i].sentence, k + 1, (int)tie);
		}
		conf_free(&c);
		blob_free(&said);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ties)};

	return cmocka_run_group_tests_name("tie", tests, NULL, NULL);
}
