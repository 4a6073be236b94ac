/* test_show_plan.c - tests of the words and the JSON of a plan. */
#include "conf_text.h"

#include <jansson.h>
#include <stdlib.h>

#include "show/show.h"

#define SERVER                                                                                 \
	"crypto pki server ROOTCA\n lifetime certificate 365\n lifetime ca-certificate 730\n"
#define CLIENT "crypto pki trustpoint Root-CA\n enrollment url http://ca\n"

static struct show_case
case_in(const struct conf *c)
{
	return (struct show_case){.server_file = "ca.conf",
	    .client_file = "spoke.conf",
	    .server = c->server_count > 0 ? &c->server[0] : NULL,
	    .client = c->trustpoint_count > 0 ? &c->trustpoint[0] : NULL,
	    .clients = 1};
}

static void
read_conf(const char *text, struct conf *c)
{
	struct blob said = {0};

	if (!parse_text(text, c, &said))
		fail_msg("%s", blob_cstr(&said));
	blob_free(&said);
}

static const struct {
	const char *sentence, *text;
	size_t clients;
	when_t slack;
	bool presumed, accepted;
	const char *says;
} cases[] = {
    {"the source's example has 17 days",
	SERVER " auto-rollover 90\n" CLIENT " auto-enroll 80\n", 1, 7 * DAY, false, true,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 365 days; the next one is "
	"made "
	"90 days before its end\n"
	"Client Root-CA (spoke.conf:5): renews at 80 % of a life\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         640 days\n"
	"  TF-05  no client asks for it before it is there                      17 days\n"
	"  TF-07  a client has time for a second try                          72.9 days\n"
	"  TF-08  who enrols or renews late and asks at once finds it         89.9 days\n"
	"  TF-13  a client may be out of reach for so long                    72.9 days\n"
	"\n"
	"  after     365 days  who enrols now is the first to ask\n"
	"  after     640 days  the next CA certificate is made\n"
	"  after     657 days  that client asks for it\n"
	"  after     695 days  last first enrolment with 7 days to follow\n"
	"  after     730 days  the switch\n"
	"\n"
	"Accepted, with 17 days to spare.\n"},
    {"at 70 % 19.5 are missing", SERVER " auto-rollover 90\n" CLIENT " auto-enroll 70\n", 8,
	7 * DAY, true, false,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 365 days; the next one is "
	"made "
	"90 days before its end\n"
	"Client Root-CA (spoke.conf:5) and 7 alike: renews at 70 % of a life\n"
	"(Its 'enrollment url' is not known to be ROOTCA, but no other CA is here.)\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         640 days\n"
	"  TF-05  no client asks for it before it is there                   -19.5 days  "
	"refuses\n"
	"  TF-07  a client has time for a second try                         109.4 days\n"
	"  TF-08  who enrols or renews late and asks at once finds it         89.9 days\n"
	"  TF-13  a client may be out of reach for so long                   109.4 days\n"
	"\n"
	"  after     365 days  who enrols now is the first to ask\n"
	"  after   620.5 days  that client asks for it\n"
	"  after     640 days  the next CA certificate is made\n"
	"  after   706.6 days  last first enrolment with 7 days to follow\n"
	"  after     730 days  the switch\n"
	"\n"
	"Refused: spoke.conf:7: clients ask for the next CA certificate 19.5 days before it is "
	"made.\n"
	"Right would be 'auto-rollover 110' in ca.conf:4 or 'auto-enroll 76' in "
	"spoke.conf:7.\n"},
    {"a server alone is not refused for clients that nobody sees", SERVER " auto-rollover 30\n",
	0, 0, false, true,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 365 days; the next one is "
	"made "
	"30 days before its end\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         700 days\n"
	"  TF-06  no client renewed by hand asks before it is there            -43 days  "
	"warns\n"
	"\n"
	"  after     657 days  a client without auto-enroll asks for it\n"
	"  after     700 days  the next CA certificate is made\n"
	"  after     730 days  the switch\n"
	"\n"
	"Accepted. Clients are in time from 'auto-enroll 92' on.\n"},
    {"minutes, a client that does not renew, one hour missing",
	"crypto pki server ROOTCA\n lifetime ca-certificate 1\n auto-rollover 0 1 24\n" CLIENT,
	1, 0, false, false,
	"CA ROOTCA (ca.conf:1): lives 24 hours, its certificates 365 days; the next one is "
	"made "
	"84 minutes before its end\n"
	"Client Root-CA (spoke.conf:4): does not renew by itself\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives       22.6 hours\n"
	"  TF-06  no client renewed by hand asks before it is there         -60 minutes  "
	"refuses\n"
	"\n"
	"  after   21.6 hours  the client asks for it\n"
	"  after   22.6 hours  the next CA certificate is made\n"
	"  after     24 hours  the switch\n"
	"\n"
	"Refused: spoke.conf:4: clients that do not renew by themselves ask for the next CA "
	"certificate "
	"60 "
	"minutes before it is made.\n"
	"Right would be 'auto-rollover 0 2 24' in ca.conf:3 or 'auto-enroll 95' in "
	"spoke.conf:4.\n"},
    {"what is renewed by hand asks at 90 % of the CA's life, whatever its own",
	"crypto pki server ROOTCA\n lifetime certificate 30\n lifetime ca-certificate 730\n "
	"auto-rollover 40\n" CLIENT " auto-enroll 80\n auto-enroll shadow-only\n",
	1, 0, false, false,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 30 days; the next one is made "
	"40 days before its end\n"
	"Client Root-CA (spoke.conf:5): does not renew by itself, follows at 80 % of a life\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         690 days\n"
	"  TF-05  no client asks for it before it is there                      34 days\n"
	"  TF-07  a client has time for a second try                           5.9 days\n"
	"  TF-08  who enrols or renews late and asks at once finds it         39.9 days\n"
	"  TF-13  a client may be out of reach for so long                     5.9 days\n"
	"  TF-06  no client renewed by hand asks before it is there            -33 days  "
	"refuses\n"
	"\n"
	"  after    0 seconds  who enrols now is the first to ask\n"
	"  after     657 days  that client asks for it\n"
	"  after     690 days  the next CA certificate is made\n"
	"  after     730 days  the switch\n"
	"\n"
	"Refused: spoke.conf:7: clients that do not renew by themselves ask for the next CA "
	"certificate 33 days before it is made.\n"
	"Right would be 'auto-rollover 73' in ca.conf:4.\n"},
    {"without auto-rollover nothing comes by itself", SERVER CLIENT " auto-enroll 80\n", 1,
	7305 * DAY, false, false,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 365 days; no next one is made "
	"without a command\n"
	"Client Root-CA (spoke.conf:4): renews at 80 % of a life\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         730 days\n"
	"  TF-05  no client asks for it before it is there                     -73 days  "
	"refuses\n"
	"  TF-07  a client has time for a second try                          72.9 days\n"
	"  TF-08  who enrols or renews late and asks at once finds it        -5 minutes  "
	"refuses\n"
	"  TF-13  a client may be out of reach for so long                    72.9 days\n"
	"\n"
	"  after     365 days  who enrols now is the first to ask\n"
	"  after     657 days  that client asks for it\n"
	"  after     730 days  the switch\n"
	"\n"
	"Refused: spoke.conf:6: clients ask for the next CA certificate 73 days before it is "
	"made.\n"
	"Right would be 'auto-rollover 73' in ca.conf:1.\n"},
    {"at 100 % there is no time, and no auto-rollover helps",
	SERVER " auto-rollover 90 overlap 1\n" CLIENT " auto-enroll\n", 1, DAY, false, false,
	"CA ROOTCA (ca.conf:1): lives 730 days, its certificates 365 days; the next one is "
	"made "
	"90 days before its end\n"
	"Client Root-CA (spoke.conf:5): renews at 100 % of a life\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         640 days\n"
	"  TF-02  the overlap fits between clocks and auto-rollover          23.9 hours\n"
	"  TF-05  no client asks for it before it is there                      90 days\n"
	"  TF-07  a client has time for a second try                        -60 seconds  "
	"refuses\n"
	"  TF-08  who enrols or renews late and asks at once finds it         -all time  "
	"warns\n"
	"  TF-13  a client may be out of reach for so long                  -60 seconds  "
	"warns\n"
	"\n"
	"  after     365 days  who enrols now is the first to ask\n"
	"  after     640 days  the next CA certificate is made\n"
	"  after     730 days  that client asks for it\n"
	"  after     730 days  the switch\n"
	"\n"
	"Refused: spoke.conf:7: when a try fails a client lacks 60 seconds for the next.\n"
	"Right would be 'auto-enroll 76' in spoke.conf:7.\n"},
    {"a warning does not decide",
	"crypto pki server ROOTCA\n lifetime certificate 10\n auto-rollover 200\n" CLIENT
	" auto-enroll 98\n",
	1, 0, false, true,
	"CA ROOTCA (ca.conf:1): lives 1095 days, its certificates 10 days; the next one is "
	"made "
	"200 days before its end\n"
	"Client Root-CA (spoke.conf:4): renews at 98 % of a life\n"
	"\n"
	"  rule   promise                                                        margin\n"
	"  TF-01  the next CA certificate is made while this one lives         895 days\n"
	"  TF-05  no client asks for it before it is there                   199.8 days\n"
	"  TF-07  a client has time for a second try                          4.7 hours\n"
	"  TF-08  who enrols or renews late and asks at once finds it        199.9 days\n"
	"  TF-13  a client may be out of reach for so long                    4.7 hours  "
	"warns\n"
	"\n"
	"  after     895 days  the next CA certificate is made\n"
	"  after    1085 days  who enrols now is the first to ask\n"
	"  after  1094.8 days  that client asks for it\n"
	"  after    1095 days  the switch\n"
	"\n"
	"Accepted, with 199.8 days to spare.\n"},
    {"a client of nobody", CLIENT, 1, 0, true, false,
	"Client Root-CA (spoke.conf:1): does not renew by itself\n"
	"\n"
	"Refused: spoke.conf:1: none of these servers, or more than one, may be where it "
	"enrols: "
	"expected 'enrollment url http://HOST:PORT/scep/NAME'.\n"},
};

static void
verdicts_have_golden_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0};
		struct show_case k;
		struct conf c;

		read_conf(cases[i].text, &c);
		k = case_in(&c);
		k.clients = cases[i].clients;
		k.presumed = cases[i].presumed;
		if (show_plan(&k, 1, cases[i].slack, false, &out) != cases[i].accepted)
			fail_msg("%s: the other verdict", cases[i].sentence);
		assert_string_equal(blob_cstr(&out), cases[i].says);
		blob_free(&out);
		conf_free(&c);
	}
}

static void
several_cases_have_one_verdict(void **state)
{
	struct blob out = {0};
	struct show_case k[2];
	struct conf a, b;

	(void)state;
	read_conf(cases[0].text, &a);
	read_conf(cases[1].text, &b);
	k[0] = case_in(&a);
	k[1] = case_in(&b);
	assert_false(show_plan(k, 2, 0, false, &out));
	assert_non_null(strstr(blob_cstr(&out), "\n\nRefused: 1 of 2 cases refused.\n"));
	blob_clear(&out);
	k[1] = k[0];
	assert_true(show_plan(k, 2, 0, false, &out));
	assert_non_null(strstr(blob_cstr(&out), "\n\nAccepted: 0 of 2 cases refused.\n"));
	blob_free(&out);
	conf_free(&a);
	conf_free(&b);
}

static json_int_t
number(const json_t *o, const char *a, const char *b)
{
	return json_integer_value(json_object_get(json_object_get(o, a), b));
}

static void
json_has_the_numbers(void **state)
{
	struct blob out = {0};
	struct show_case k;
	struct conf c;
	json_t *tree, *o;

	(void)state;
	read_conf(cases[1].text, &c);
	k = case_in(&c);
	assert_false(show_plan(&k, 1, 7 * DAY, true, &out));
	tree = json_loads(blob_cstr(&out), 0, NULL);
	assert_non_null(tree);
	assert_true(json_is_false(json_object_get(tree, "accepted")));
	o = json_array_get(json_object_get(tree, "cases"), 0);
	assert_int_equal(
	    json_integer_value(json_object_get(o, "margin_seconds")), -(19 * DAY + 12 * HOUR));
	assert_true(json_real_value(json_object_get(o, "margin_days")) == -19.5);
	assert_string_equal(json_string_value(json_object_get(o, "refusal")),
	    "spoke.conf:7: clients ask for the next CA certificate 19.5 days before it is "
	    "made");
	assert_int_equal(number(o, "server", "line"), 1);
	assert_int_equal(number(o, "client", "auto_enroll"), 70);
	assert_int_equal(number(o, "least", "auto_rollover_seconds"), 110 * DAY);
	assert_int_equal(number(o, "least", "auto_enroll"), 76);
	assert_int_equal(number(o, "course", "worst_enrols_seconds"), 365 * DAY);
	assert_int_equal(json_array_size(json_object_get(o, "rules")), 5);
	json_decref(tree);
	blob_free(&out);
	conf_free(&c);
}

static void
collect_level(void *arg, enum plan_rule_level level, const char *text)
{
	blob_printf(arg, "%c %s\n", level == RULE_REFUSES ? 'R' : 'W', text);
}

/* The check at the start of the daemon. */
static void
what_does_not_hold_is_said_with_its_place(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned percent;
	} checks[] = {
	    {SERVER " auto-rollover 90\n" CLIENT " auto-enroll 80\n", "", 76},
	    {SERVER " auto-rollover 90\n" CLIENT " auto-enroll 70\n",
		"R spoke.conf:7:2: clients ask for the next CA certificate 19.5 days before it "
		"is "
		"made, expected 'auto-rollover 110' or 'auto-enroll 76'\n",
		76},
	    {SERVER "  auto-rollover 30\n",
		"W ca.conf:4:3: clients that do not renew by themselves ask for the next CA "
		"certificate "
		"43 "
		"days before it is made, expected 'auto-rollover 73' or 'auto-enroll 92'\n",
		92},
	    {"crypto pki server A\n lifetime certificate 10\n auto-rollover 200\n" CLIENT
	     " auto-enroll 98\n",
		"W spoke.conf:6:2: a client may be out of reach for no more than 4.7 hours\n",
		1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		struct blob said = {0};
		struct show_case k;
		struct conf c;

		read_conf(checks[i].text, &c);
		k = case_in(&c);
		assert_true(show_case_check(&k, collect_level, &said) ==
			    (strchr(blob_cstr(&said), 'R') != blob_cstr(&said)));
		assert_string_equal(blob_cstr(&said), checks[i].says);
		assert_int_equal(show_case_percent(&k), checks[i].percent);
		blob_free(&said);
		conf_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdicts_have_golden_texts),
	    cmocka_unit_test(several_cases_have_one_verdict),
	    cmocka_unit_test(json_has_the_numbers),
	    cmocka_unit_test(what_does_not_hold_is_said_with_its_place),
	};

	return cmocka_run_group_tests_name("show_plan", tests, NULL, NULL);
}
