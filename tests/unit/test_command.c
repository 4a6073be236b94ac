/* test_command.c - tests of exec lines and their help. */
#include "conf_text.h"

static const struct {
	const char *line;
	struct command_line want;
} good_lines[] = {
    {"sh cr pki serv", {.command = CMD_SHOW_SERVER, .number = -1}},
    {"show crypto pki server ROOTCA",
	{.command = CMD_SHOW_SERVER, .number = -1, .name = "ROOTCA"}},
    {"show crypto pki server json", {.command = CMD_SHOW_SERVER, .number = -1, .json = true}},
    {"show crypto pki server js", {.command = CMD_SHOW_SERVER, .number = -1, .name = "js"}},
    {"show crypto pki server ROOTCA req",
	{.command = CMD_SHOW_REQUESTS, .number = -1, .name = "ROOTCA"}},
    {"show crypto pki server ROOTCA cert json",
	{.command = CMD_SHOW_ISSUED, .number = -1, .name = "ROOTCA", .json = true}},
    {"show crypto pki server ROOTCA crl",
	{.command = CMD_SHOW_CRL, .number = -1, .name = "ROOTCA"}},
    {"show crypto pki server ROOTCA audit",
	{.command = CMD_SHOW_AUDIT, .number = -1, .name = "ROOTCA"}},
    {"sh cry pki cert verb", {.command = CMD_SHOW_CERTIFICATES, .number = -1, .verbose = true}},
    {"show crypto pki timers detail json",
	{.command = CMD_SHOW_TIMERS, .number = -1, .detail = true, .json = true}},
    {"sh crypto key my rsa", {.command = CMD_SHOW_KEYS, .number = -1}},
    {"SH RUN | SEC crypto pki", {.command = CMD_SHOW_RUNNING,
				    .number = -1,
				    .filter = "section",
				    .pattern = "crypto pki"}},
    {"sh run |i cn=R1  x ", {.command = CMD_SHOW_RUNNING,
				.number = -1,
				.filter = "include",
				.pattern = "cn=R1  x"}},
    {"show clock | exclude a|b",
	{.command = CMD_SHOW_CLOCK, .number = -1, .filter = "exclude", .pattern = "a|b"}},
    {"show clock | begin x",
	{.command = CMD_SHOW_CLOCK, .number = -1, .filter = "begin", .pattern = "x"}},
    {"show clock | count x",
	{.command = CMD_SHOW_CLOCK, .number = -1, .filter = "count", .pattern = "x"}},
    {"cr p s ROOTCA gr all",
	{.command = CMD_GRANT, .number = -1, .name = "ROOTCA", .all = true}},
    {"crypto pki server ROOTCA grant 17",
	{.command = CMD_GRANT, .number = 17, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA reject 2147483647",
	{.command = CMD_REJECT, .number = 2147483647, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA remove all",
	{.command = CMD_REMOVE, .number = -1, .name = "ROOTCA", .all = true}},
    {"crypto pki server ROOTCA revoke 0x1fA",
	{.command = CMD_REVOKE, .number = -1, .name = "ROOTCA", .word = "0x1fA"}},
    {"crypto pki server ROOTCA revoke 12 key",
	{.command = CMD_REVOKE, .number = -1, .name = "ROOTCA", .word = "12", .reason = 1}},
    {"crypto pki server ROOTCA revoke 12 cessation-of-operation",
	{.command = CMD_REVOKE, .number = -1, .name = "ROOTCA", .word = "12", .reason = 5}},
    {"crypto pki server ROOTCA password generate",
	{.command = CMD_PASSWORD, .number = -1, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA password generate 60",
	{.command = CMD_PASSWORD, .number = 60, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA roll",
	{.command = CMD_ROLLOVER, .number = -1, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA rollover cancel",
	{.command = CMD_CANCEL, .number = -1, .name = "ROOTCA"}},
    {"crypto pki server ROOTCA rollover cancel force",
	{.command = CMD_CANCEL, .number = -1, .name = "ROOTCA", .all = true}},
    {"show crypto pki certificates verbose Root-CA | include x",
	{.command = CMD_SHOW_CERTIFICATES,
	    .number = -1,
	    .verbose = true,
	    .name = "Root-CA",
	    .filter = "include",
	    .pattern = "x"}},
    {"sh cr pki trustp sta", {.command = CMD_SHOW_TRUSTPOINTS, .number = -1, .detail = true}},
    {"show crypto pki trustpoints Root-CA sta json", {.command = CMD_SHOW_TRUSTPOINTS,
							 .number = -1,
							 .name = "Root-CA",
							 .detail = true,
							 .json = true}},
    {"show crypto pki trustpoints S",
	{.command = CMD_SHOW_TRUSTPOINTS, .number = -1, .detail = true}},
    {"show crypto pki trustpoints s1",
	{.command = CMD_SHOW_TRUSTPOINTS, .number = -1, .name = "s1"}},
    {"show crypto pki crls", {.command = CMD_SHOW_CRLS, .number = -1}},
    {"sh cr pki counters js", {.command = CMD_SHOW_COUNTERS, .number = -1, .json = true}},
    {"crypto pki auth Root-CA", {.command = CMD_AUTHENTICATE, .number = -1, .name = "Root-CA"}},
    {"crypto pki authenticate Root-CA fingerprint cc748544 A0AB7832 935d8cd0 214a152e",
	{.command = CMD_AUTHENTICATE,
	    .number = -1,
	    .name = "Root-CA",
	    .fingerprint = "CC748544A0AB7832935D8CD0214A152E"}},
    {"crypto pki enroll T", {.command = CMD_ENROLL, .number = -1, .name = "T"}},
    {"crypto pki export T pem terminal", {.command = CMD_EXPORT, .number = -1, .name = "T"}},
    {"crypto pki export T pem url t.pem",
	{.command = CMD_EXPORT, .number = -1, .name = "T", .file = "t.pem"}},
    {"crypto pki export T pkcs12 t.p12",
	{.command = CMD_EXPORT, .number = -1, .name = "T", .pkcs12 = true, .file = "t.p12"}},
    {"crypto pki export T pkcs12 t.p12 password a secret ", {.command = CMD_EXPORT,
								.number = -1,
								.name = "T",
								.pkcs12 = true,
								.file = "t.p12",
								.password = "a secret"}},
    {"crypto pki import T pkcs12 t.p12 password x", {.command = CMD_IMPORT,
							.number = -1,
							.name = "T",
							.pkcs12 = true,
							.file = "t.p12",
							.password = "x"}},
    {"crypto pki import T certificate", {.command = CMD_TAKE, .number = -1, .name = "T"}},
    {"crypto pki crl request T", {.command = CMD_CRL_REQUEST, .number = -1, .name = "T"}},
    {"crypto pki certificate validate T", {.command = CMD_VALIDATE, .number = -1, .name = "T"}},
    {"no crypto pki trustpoint T",
	{.command = CMD_TP_REMOVE, .number = -1, .name = "T", .negated = true}},
    {"no crypto pki trustpoint T force",
	{.command = CMD_TP_REMOVE, .number = -1, .name = "T", .negated = true, .all = true}},
    {"clock cal", {.command = CMD_CALENDAR_VALID, .number = -1}},
    {"no clock cal", {.command = CMD_CALENDAR_VALID, .number = -1, .negated = true}},
    {"wr", {.command = CMD_WRITE_MEMORY, .number = -1}},
    {"\twrite  mem ", {.command = CMD_WRITE_MEMORY, .number = -1}},
    {"copy run start", {.command = CMD_WRITE_MEMORY, .number = -1}},
    {"conf t", {.command = CMD_CONFIGURE, .number = -1}},
    {"configure memory", {.command = CMD_READ_AGAIN, .number = -1}},
};

static void
lines_become_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_lines); i++) {
		const struct command_line *want = &good_lines[i].want;
		struct command_line got;
		struct err e = {0};
		int column;

		if (!command_parse(good_lines[i].line, &got, &column, &e))
			fail_msg("%s: %s", good_lines[i].line, e.text);
		assert_int_equal(got.command, want->command);
		assert_int_equal(got.number, want->number);
		assert_int_equal(got.reason, want->reason);
		assert_string_equal(got.name, want->name);
		assert_string_equal(got.word, want->word);
		assert_string_equal(got.filter, want->filter);
		assert_string_equal(got.pattern, want->pattern);
		assert_true(got.negated == want->negated && got.json == want->json &&
			    got.verbose == want->verbose);
		assert_true(got.detail == want->detail && got.all == want->all &&
			    got.pkcs12 == want->pkcs12);
		assert_string_equal(got.fingerprint, want->fingerprint);
		assert_string_equal(got.file, want->file);
		assert_string_equal(got.password, want->password);
	}
}

static const struct {
	const char *line;
	int column;
	const char *says;
} wrong_lines[] = {
    {"", 0,
	"% Incomplete command. Expected 'show', 'crypto', 'clock', 'no', 'terminal', 'write', "
	"'copy', 'configure'."},
    {"show", 4, "% Incomplete command. Expected 'crypto', 'running-config', 'clock'."},
    {"show crypto pki foo", 16,
	"% Invalid input detected at '^' marker. Expected 'server', 'certificates', "
	"'trustpoints', 'crls', 'counters', 'timers'."},
    {"show c", 5,
	"% Ambiguous command: \"show c\". Expected 'crypto', 'running-config', "
	"'clock'."},
    {"show clokc", 5,
	"% Invalid input detected at '^' marker. Expected 'crypto', 'running-config', "
	"'clock'; did you mean 'clock'?"},
    {"show clock now", 11,
	"% Invalid input detected at '^' marker. Expected 'json', '|' or the end of "
	"the line."},
    {"show clock json now", 16,
	"% Invalid input detected at '^' marker. Expected the end of the line."},
    {"show clock json | inc x", 16,
	"% Invalid input detected at '^' marker. Expected the end of the line."},
    {"show clock |", 12,
	"% Incomplete command. Expected 'section', 'include', 'exclude', 'begin', "
	"'count'."},
    {"show clock | include", 20, "% Incomplete command. Expected LINE (text)."},
    {"crypto pki server ROOTCA re 1", 25,
	"% Ambiguous command: \"crypto pki server ROOTCA re 1\". Expected 'grant', "
	"'reject', 'remove', 'revoke', "
	"'password', 'rollover'."},
    {"crypto pki server ROOTCA grant 0", 31,
	"% Invalid input detected at '^' marker. Expected 'all', <1-2147483647>."},
    {"crypto pki server ROOTCA grant -1", 31,
	"% Invalid input detected at '^' marker. Expected 'all', <1-2147483647>."},
    {"crypto pki server a/b grant all", 18,
	"% Invalid input detected at '^' marker. Expected NAME (letters, digits, '.', "
	"'_', '-')."},
    {"crypto pki server A revoke zz", 27,
	"% Invalid input detected at '^' marker. Expected SERIAL (decimal, or "
	"hexadecimal as show prints it)."},
    {"write terminal", 6,
	"% Invalid input detected at '^' marker. Expected 'memory' or the end of the "
	"line."},
    {"no write", 3, "% Invalid input detected at '^' marker. Expected 'clock', 'crypto'."},
    {"crypto pki export T pkcs12 /t.p12 password x", 27,
	"% Invalid input detected at '^' marker. Expected NAME (letters, digits, '.', '_', "
	"'-')."},
    {"crypto pki export T pem url ../etc/shadow", 28,
	"% Invalid input detected at '^' marker. Expected NAME (letters, digits, '.', '_', "
	"'-')."},
    {"crypto pki export T pem", 23, "% Incomplete command. Expected 'terminal', 'url'."},
    {"crypto pki import T pem", 23, "% Incomplete command. Expected 'url'."},
    {"crypto pki authenticate T fingerprint 12", 38,
	"% Invalid input detected at '^' marker: a fingerprint of 1 octets, expected MD5 (16), "
	"SHA-1 (20) or SHA-256 (32)."},
    {"crypto pki authenticate T fingerprint xy", 38,
	"% Invalid input detected at '^' marker: no hexadecimal text, expected a "
	"fingerprint."},
    {"no crypto pki trustpoint T now", 27,
	"% Invalid input detected at '^' marker. Expected 'force' or the end of the line."},
};

static void
wrong_lines_say_where_and_what(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong_lines); i++) {
		struct command_line got;
		struct err e = {0};
		int column = -1;

		if (command_parse(wrong_lines[i].line, &got, &column, &e))
			fail_msg("accepted: %s", wrong_lines[i].line);
		assert_string_equal(e.text, wrong_lines[i].says);
		assert_int_equal(column, wrong_lines[i].column);
	}
}

static void
long_lines_are_refused(void **state)
{
	struct blob line = {0};
	struct command_line got;
	int column;

	(void)state;
	blob_add_str(&line, "show clock | include ");
	for (int i = 0; i < 127; i++)
		blob_add_byte(&line, 'x');
	assert_true(command_parse(blob_cstr(&line), &got, &column, NULL));
	assert_int_equal(strlen(got.pattern), 127);
	blob_add_byte(&line, 'x');
	assert_false(command_parse(blob_cstr(&line), &got, &column, NULL));
	assert_int_equal(column, 21);
	blob_clear(&line);
	blob_add_str(&line, "crypto pki export T pkcs12 t password ");
	for (int i = 0; i < 127; i++)
		blob_add_byte(&line, 'x');
	assert_true(command_parse(blob_cstr(&line), &got, &column, NULL));
	assert_int_equal(strlen(got.password), 127);
	blob_add_byte(&line, 'x');
	assert_false(command_parse(blob_cstr(&line), &got, &column, NULL));
	assert_int_equal(column, 38);
	for (int i = 0; i < 100000; i++)
		blob_add_byte(&line, 'x');
	assert_false(command_parse(blob_cstr(&line), &got, &column, NULL));
	blob_free(&line);
}

static void
help_lists_what_may_follow(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
	    {"c", "crypto\tKeys and certificates\nclock\tThe time of day\ncopy\tCopy a "
		  "configuration\nconfigure\tChange the configuration\n"},
	    {"show ",
		"crypto\tKeys and certificates\nrunning-config\tThe configuration in use\n"
		"clock\tThe time and where it comes from\n"},
	    {"sh cr pki s", "server\tA certificate server\n"},
	    {"show clock ", "json\tAs JSON\n|\tFilter the lines\n<cr>\tRun the command\n"},
	    {"show clock | ",
		"section\tBlocks with a line that matches\ninclude\tLines that match\n"
		"exclude\tLines that do not match\nbegin\tFrom the first line that matches\n"
		"count\tNumber of lines that match\n"},
	    {"crypto pki server R grant ",
		"all\tAll of them\n<1-2147483647>\tNumber of the request\n"},
	    {"crypto pki server R ",
		"grant\tGrant requests\nreject\tReject "
		"requests\nremove\tRemove requests from the list\n"
		"revoke\tRevoke a certificate\npassword\tPassword\nrollover\tThe next CA "
		"certificate\n"},
	    {"crypto pki authenticate ", "NAME\tName of a trustpoint\n"},
	    {"crypto pki export T pkcs12 ",
		"NAME\tFile in the trustpoint's directory export\n"},
	    {"crypto pki server ", "NAME\tName of a certificate server\n"},
	    {"nonsense ", ""},
	    {"show xyz", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0};

		command_help(cases[i].line, &out);
		assert_string_equal(blob_cstr(&out), cases[i].says);
		blob_free(&out);
	}
}

static void
commands_show_or_write(void **state)
{
	static const enum command writing[] = {CMD_GRANT, CMD_REJECT, CMD_REMOVE, CMD_REVOKE,
	    CMD_PASSWORD, CMD_ROLLOVER, CMD_CANCEL, CMD_AUTHENTICATE, CMD_ENROLL, CMD_EXPORT,
	    CMD_IMPORT, CMD_TAKE, CMD_CRL_REQUEST, CMD_VALIDATE, CMD_TP_REMOVE,
	    CMD_CALENDAR_VALID, CMD_WRITE_MEMORY, CMD_CONFIGURE, CMD_READ_AGAIN};

	(void)state;
	for (int c = CMD_NONE; c <= CMD_READ_AGAIN; c++) {
		bool want = false;

		for (size_t i = 0; i < COUNT_OF(writing); i++)
			want |= writing[i] == (enum command)c;
		assert_int_equal(command_writes((enum command)c), want);
		assert_int_equal(command_shows((enum command)c),
		    !want && c != CMD_NONE && c != CMD_TIMESTAMP);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_become_commands),
	    cmocka_unit_test(wrong_lines_say_where_and_what),
	    cmocka_unit_test(long_lines_are_refused),
	    cmocka_unit_test(help_lists_what_may_follow),
	    cmocka_unit_test(commands_show_or_write),
	};

	return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
