/* test_show_agent.c - tests of show without servers. */
#include "conf_text.h"

#include "show/show.h"

/* Here only if something else of this program needs them. */
#pragma weak ca_facts
#pragma weak ca_open
#pragma weak ca_turn
#pragma weak store_open_memory
#pragma weak store_open_sqlite
#pragma weak sqlite3_open_v2
#pragma weak json_object
void sqlite3_open_v2(void);
void json_object(void);

static void
nothing_of_servers_is_linked(void **state)
{
	(void)state;
	assert_true(ca_facts == NULL && ca_open == NULL && ca_turn == NULL);
	assert_true(store_open_memory == NULL && store_open_sqlite == NULL);
	assert_true(sqlite3_open_v2 == NULL && json_object == NULL);
}

static void
answers_are_the_agents(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"show clock", "13:14:16.123 UTC Fri Oct 9 2015\nTime source is NTP\n"},
	    {"show running-config | include host", "hostname spoke\n"},
	    {"show crypto pki certificates json", "{\n  \"certificates\": []\n}\n"},
	    {"show crypto pki server", NULL},
	    {"show crypto key mypubkey rsa", NULL},
	};
	struct blob said = {0};
	struct conf conf;
	struct show_world w = {.table = &show_agent,
	    .conf = &conf,
	    .now_ms = 1444396456123,
	    .clock_trusted = true,
	    .clock_source = "NTP",
	    .seal = plain_seal};

	(void)state;
	assert_true(parse_text("hostname spoke\n", &conf, &said));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct show_answer a = {0};
		struct command_line c;
		struct err e = {0};
		int column;

		assert_true(command_parse(cases[i].line, &c, &column, &e));
		if (cases[i].says == NULL) {
			assert_false(show_run(&w, &c, &a, &e));
			assert_int_equal(e.why, WHY_NOT_FOUND);
		} else {
			assert_true(show_run(&w, &c, &a, &e));
			assert_string_equal(blob_cstr(&a.text), cases[i].says);
		}
		show_free(&a);
	}
	conf_free(&conf);
	blob_free(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_of_servers_is_linked),
	    cmocka_unit_test(answers_are_the_agents),
	};

	return cmocka_run_group_tests_name("show_agent", tests, NULL, NULL);
}
