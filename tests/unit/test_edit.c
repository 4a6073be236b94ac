/* test_edit.c - lines of configure terminal, and the files that come of them. */
#include "conf_text.h"

#define FILE_TEXT                                                                              \
	"! the CA of the north\n"                                                              \
	"hostname hub\n"                                                                       \
	"ip http port 8080\n"                                                                  \
	"crypto pki server NORTH\n"                                                            \
	"  issuer-name CN=North\n"                                                             \
	"  ! clients are slow\n"                                                               \
	"  auto-rollover 30\n"                                                                 \
	"  grant auto\n"                                                                       \
	"  profile phones chain\n"                                                             \
	"  profile pads chain\n"                                                               \
	"!\n"                                                                                  \
	"crypto pki trustpoint SPOKE\n"                                                        \
	" enrollment url http://127.0.0.1:8080\n"                                              \
	" auto-enroll 90 regenerate\n"                                                         \
	"banner motd #\n"                                                                      \
	"crypto pki server NORTH\n"                                                            \
	"#\n"                                                                                  \
	"end\n"

/* What is replaced by what in FILE_TEXT; "" NULL: added where the text before it ends. */
static const struct {
	const char *what, *typed, *from, *to;
} edits[] = {
    {"nothing", "end", NULL, NULL},
    {"a line takes the place of the one that set the same",
	"crypto pki server NORTH\nauto-rollover 90\nend", "  auto-rollover 30\n",
	"  auto-rollover 90\n"},
    {"abbreviated words are written in full", "cry pki ser NORTH\nauto-r 90 ov 5\nend",
	"  auto-rollover 30\n", "  auto-rollover 90 overlap 5\n"},
    {"a new line comes last in its block, as far in as the others",
	"crypto pki server NORTH\nlifetime certificate 200\nend", "  profile pads chain\n",
	"  profile pads chain\n  lifetime certificate 200\n"},
    {"the later of two wins", "crypto pki server NORTH\nhash sha384\nhash sha512\nend",
	"  profile pads chain\n", "  profile pads chain\n  hash sha512\n"},
    {"what would lose against a later line of its family goes behind that",
	"ip http server 9090\nip http port 7070\nend", "ip http port 8080\n",
	"ip http server 9090\nip http port 7070\n"},
    {"no takes a line out", "crypto pki server NORTH\nno auto-rollover\nend",
	"  auto-rollover 30\n", ""},
    {"no of what is not there changes nothing", "crypto pki server NORTH\nno shutdown\nend",
	NULL, NULL},
    {"no of one profile leaves the other", "crypto pki server NORTH\nno profile phones\nend",
	"  profile phones chain\n", ""},
    {"a server is off until a line says it", "no ip http server\nend", "ip http port 8080\n",
	"ip http port 8080\nno ip http server\n"},
    {"a line of the level above ends the block", "crypto pki server NORTH\nhostname spoke\nend",
	"hostname hub\n", "hostname spoke\n"},
    {"exit goes up, then ends", "crypto pki server NORTH\nexit\nhostname x\nexit",
	"hostname hub\n", "hostname x\n"},
    {"a block goes as a whole", "no crypto pki trustpoint SPOKE\nend",
	"crypto pki trustpoint SPOKE\n enrollment url http://127.0.0.1:8080\n auto-enroll 90 "
	"regenerate\n",
	""},
    {"a new block comes before the end, and gets its lines",
	"crypto pki trustpoint EAST\nenrollment url http://[::1]\nsubject-name CN=a  b\nend",
	"#\nend\n",
	"#\ncrypto pki trustpoint EAST\n enrollment url http://[::1]\n subject-name CN=a  b\n"
	"end\n"},
    {"a block that is there is not opened twice", "crypto pki server NORTH\nend", NULL, NULL},
    {"what was made and taken away again leaves nothing",
	"crypto pki trustpoint EAST\nfqdn none\nno fqdn\nno crypto pki trustpoint EAST\nend",
	NULL, NULL},
};

/* Files that are not written as ours, and what becomes of them as a whole. */
static const struct {
	const char *what, *file, *typed, *want;
} files[] = {
    {"lines of a block that are not indented stay its lines",
	"crypto pki server N\nissuer-name CN=N\nhash sha384\ngrant auto\n",
	"crypto pki server N\nhash sha512\nend",
	"crypto pki server N\nissuer-name CN=N\nhash sha512\ngrant auto\n"},
    {"a block that is further in itself", " crypto pki server N\n!\n",
	"crypto pki server N\ngrant auto\nend", " crypto pki server N\n  grant auto\n!\n"},
    {"tabs, a byte order mark, no newline at the end",
	"\xef\xbb\xbf"
	"crypto pki server N\n\tgrant auto",
	"crypto pki server N\nhash sha512\nend",
	"crypto pki server N\n\tgrant auto\n\thash sha512\n"},
    {"lines that end with CR LF", "crypto pki server N\r\n grant auto\r\nend\r\n",
	"crypto pki server N\nhash sha512\nno grant\ncrypto pki trustpoint T\nend",
	"crypto pki server N\n hash sha512\ncrypto pki trustpoint T\nend\n"},
    {"a trustpoint in two blocks is one: new lines go into the later",
	"crypto pki trustpoint T\n fqdn a.b\nhostname h\ncrypto pki trustpoint T\n usage ike\n",
	"crypto pki trustpoint T\nfqdn c.d\nhash sha512\nend",
	"crypto pki trustpoint T\n fqdn c.d\nhostname h\ncrypto pki trustpoint T\n usage ike\n"
	" hash sha512\n"},
    {"certificates of a chain are no lines",
	"crypto pki certificate chain N\n certificate 01\n  3082\n  quit\ncrypto pki server "
	"N\n",
	"crypto pki server N\ngrant auto\nno crypto pki trustpoint N\nend",
	"crypto pki certificate chain N\n certificate 01\n  3082\n  quit\ncrypto pki server N\n"
	" grant auto\n"},
    {"default is what no line says, not off", "no ip http server\nhostname h\n",
	"default ip http server\nend", "hostname h\n"},
};

/* Every line but the last is taken, and the last ends. */
static struct conf_edit *
typed(const char *lines)
{
	struct conf_edit *x = conf_edit_new();
	enum conf_edited got = EDIT_TAKEN;
	char line[200];
	struct err e = {0};
	int column;

	for (const char *at = lines; *at != 0; at += strspn(at, "\n")) {
		size_t n = strcspn(at, "\n");

		assert_int_equal(got, EDIT_TAKEN);
		(void)snprintf(line, sizeof(line), "%.*s", (int)n, at);
		got = conf_edit_line(x, line, &column, &e);
		if (got == EDIT_REFUSED)
			fail_msg("'%s': %s", line, e.text);
		at += n;
	}
	assert_int_equal(got, EDIT_ENDED);
	return x;
}

static void
test_edits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		struct conf_edit *x = typed(edits[i].typed);
		const char *at =
		    edits[i].from == NULL ? NULL : strstr(FILE_TEXT, edits[i].from);
		struct blob got = {0}, want = {0};

		conf_edit_apply(x, VIEW(FILE_TEXT), &got);
		if (at == NULL)
			blob_add_str(&want, FILE_TEXT);
		else
			blob_printf(&want, "%.*s%s%s", (int)(at - FILE_TEXT), FILE_TEXT,
			    edits[i].to, at + strlen(edits[i].from));
		if (strcmp(blob_cstr(&got), blob_cstr(&want)) != 0)
			fail_msg("%s:\n%s", edits[i].what, blob_cstr(&got));
		blob_free(&got);
		blob_free(&want);
		conf_edit_free(x);
	}
}

static void
test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct conf_edit *x = typed(files[i].typed);
		struct blob got = {0};

		conf_edit_apply(x, view_str(files[i].file), &got);
		if (strcmp(blob_cstr(&got), files[i].want) != 0)
			fail_msg("%s:\n%s", files[i].what, blob_cstr(&got));
		blob_free(&got);
		conf_edit_free(x);
	}
}

static const struct {
	const char *before, *line;
	int column;
	const char *text;
} refused[] = {
    {NULL, "auto-rollover 30", 0, "'^' marker"},
    {NULL, "crypto pki servre X", 11, "did you mean 'server'"},
    {NULL, "crypto pki server", 17, "Incomplete"},
    {NULL, "interface eth0", 0, "'^' marker"},
    {NULL, "ntp server 10.0.0.1", 0, "has no effect here"},
    {NULL, "crypto pki certificate chain X", 0, "kept in the database"},
    {"crypto pki server NORTH", " auto-rolover 3", 1, "did you mean 'auto-rollover'"},
    {"crypto pki server NORTH", "auto-rollover 9999", 14, "<0-1825>"},
    {"crypto pki server NORTH", "issuer-name CN=x,QQ=y", 17, "expected one of CN"},
    {"crypto pki server NORTH", "enrollment url http://x", 0, "'^' marker"},
    {"crypto pki trustpoint X", "enrollment url gopher://x", 15, "http"},
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct conf_edit *x = conf_edit_new();
		struct blob out = {0};
		struct err e = {0};
		int column = -1;

		if (refused[i].before != NULL)
			assert_int_equal(
			    conf_edit_line(x, refused[i].before, &column, &e), EDIT_TAKEN);
		conf_edit_apply(x, VIEW(""), &out);
		size_t before = out.n;
		assert_int_equal(conf_edit_line(x, refused[i].line, &column, &e), EDIT_REFUSED);
		if (column != refused[i].column || strstr(e.text, refused[i].text) == NULL)
			fail_msg("'%s': %d %s", refused[i].line, column, e.text);
		blob_clear(&out);
		conf_edit_apply(x, VIEW(""), &out);
		assert_int_equal(out.n, before);
		blob_free(&out);
		conf_edit_free(x);
	}
}

static void
test_modes(void **state)
{
	struct conf_edit *x = conf_edit_new();
	struct blob help = {0};
	struct err e = {0};
	int column;

	(void)state;
	assert_string_equal(conf_edit_mode(x), "config");
	assert_int_equal(conf_edit_line(x, "crypto pki server A", &column, &e), EDIT_TAKEN);
	assert_string_equal(conf_edit_mode(x), "cs-server");
	conf_edit_help(x, "no auto-r", &help);
	assert_non_null(strstr(blob_cstr(&help), "auto-rollover\t"));
	assert_int_equal(conf_edit_line(x, "crypto pki trustpoint B", &column, &e), EDIT_TAKEN);
	assert_string_equal(conf_edit_mode(x), "ca-trustpoint");
	assert_int_equal(conf_edit_line(x, "! a note", &column, &e), EDIT_TAKEN);
	assert_string_equal(conf_edit_mode(x), "ca-trustpoint");
	assert_int_equal(conf_edit_line(x, "exit", &column, &e), EDIT_TAKEN);
	assert_string_equal(conf_edit_mode(x), "config");
	assert_int_equal(conf_edit_line(x, "exit", &column, &e), EDIT_ENDED);
	blob_free(&help);
	conf_edit_free(x);
}

/*
 * Of any file and any line of the grammar: what was typed is what the new file says, and all
 * else is as before. Told by the same parser: the old text with the line behind it.
 */
static void
same_as_typed_behind(const char *head, const char *behind_block, const char *line)
{
	struct blob script = {0}, got = {0}, behind = {0}, a = {0}, b = {0};
	struct conf one = {0}, two = {0};
	struct err e = {0};
	const char *block = strstr(FILE_TEXT, behind_block);

	blob_printf(&script, "%s\n%s\nend", head, line);
	blob_printf(&behind, "%.*s  %s\n%s", (int)(block - FILE_TEXT), FILE_TEXT, line, block);
	struct conf_edit *x = typed(blob_cstr(&script));
	conf_edit_apply(x, VIEW(FILE_TEXT), &got);
	if (!conf_parse("one", blob_view(&got), plain_seal, NULL, NULL, NULL, &one) ||
	    !conf_parse("two", blob_view(&behind), plain_seal, NULL, NULL, NULL, &two))
		fail_msg("%s:\n%s", line, blob_cstr(&got));
	assert_true(conf_print(&one, plain_seal, NULL, &a, &e));
	assert_true(conf_print(&two, plain_seal, NULL, &b, &e));
	if (strcmp(blob_cstr(&a), blob_cstr(&b)) != 0)
		fail_msg("%s:\n%s\nis not\n%s", line, blob_cstr(&a), blob_cstr(&b));
	conf_free(&one);
	conf_free(&two);
	conf_edit_free(x);
	blob_free(&script);
	blob_free(&got);
	blob_free(&behind);
	blob_free(&a);
	blob_free(&b);
}

static void
test_same_as_typed_behind(void **state)
{
	static const char *const lines[] = {"lifetime crl 3 30", "lifetime certificate 100",
	    "grant manual", "grant auto trustpoint X", "grant late 30 auto", "hash sha384",
	    "eku server-auth client-auth", "compat legacy cn=a", "serial sequential",
	    "database level names", "cdp-url http://x/y", "no grant", "no lifetime certificate",
	    "no auto-rollover", "no database level", "no issuer-name", "shutdown",
	    "rsakeypair K 3072", "auto-rollover 100 2 3 overlap 4", "no profile pads",
	    "profile tabs", "lifetime shadow balance"};
	static const char *const trustpoint_lines[] = {"enrollment url http://h:80/x",
	    "enrollment retry count 5", "enrollment retry period 3", "enrollment terminal",
	    "enrollment mode ra", "enrollment http-proxy p 8080", "auto-enroll",
	    "auto-enroll 70", "auto-enroll shadow-only", "auto-enroll spread 60", "regenerate",
	    "rsakeypair L 2048", "subject-name CN=x", "subject-alt-name a.b", "fqdn none",
	    "fqdn a.b", "ip-address none", "ip-address 10.0.0.1", "serial-number none",
	    "password 0 plum-tree-9", "fingerprint 00112233445566778899AABBCCDDEEFF",
	    "hash sha512", "revocation-check none", "revocation-check crl", "crl cache none",
	    "source interface eth0", "usage ike", "eku request client-auth", "primary",
	    "no enrollment url", "no enrollment retry count", "no auto-enroll",
	    "no auto-enroll spread", "no regenerate", "no fqdn", "no password", "no rsakeypair",
	    "default auto-enroll", "no subject-name", "no fingerprint", "no revocation-check",
	    "no crl cache", "no hash"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		same_as_typed_behind("crypto pki server NORTH", "!\ncrypto", lines[i]);
	for (size_t i = 0; i < COUNT_OF(trustpoint_lines); i++)
		same_as_typed_behind(
		    "crypto pki trustpoint SPOKE", "banner", trustpoint_lines[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edits),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_modes),
	    cmocka_unit_test(test_same_as_typed_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
