/* test_parse_depots.c - lines that say where copies are put. */
#include "conf_text.h"

#define A "crypto pki server A\n "

/* "URL USER PASSWORD" */
static bool
is_depot(const struct conf_server *s, enum conf_depots which, const char *want)
{
	const struct conf_depot *d = &s->depot[which];
	char text[1024];

	(void)snprintf(text, sizeof(text), "%s %s %s", d->url, d->user, d->password);
	return strcmp(text, want) == 0;
}

static void
lines_set_their_fields(void **state)
{
	(void)state;
	WANT(A "database url http://x/\n database username joe password 7 0822455D0A16",
	    is_depot(s, DEPOT_ALL, "http://x/ joe cisco"))
	WANT(A "database username joe password 0 x\n database username jim",
	    is_depot(s, DEPOT_ALL, " jim "))
	WANT(A "database username joe password 0 x\n no database username",
	    is_depot(s, DEPOT_ALL, "  "))
	WANT(A "database username joe\n database url http://x/\n no database url",
	    is_depot(s, DEPOT_ALL, " joe "))
	WANT(A "database url p12 ftps://h:1/a username u password 0 two words",
	    is_depot(s, DEPOT_P12, "ftps://h:1/a u two words") && is_depot(s, DEPOT_ALL, "  "))
	WANT(A "database url crl http://x/ username u\n database url crl publish https://y/z",
	    is_depot(s, DEPOT_CRL, "http://x/ u ") &&
		is_depot(s, DEPOT_CRL_TOO, "https://y/z  "))
	WANT(A "database url crl http://x/ username u\n database url crl http://y/",
	    is_depot(s, DEPOT_CRL, "http://y/  "))
	WANT(A "database url p12 http://x/ username u password 0 p\n no database url p12",
	    is_depot(s, DEPOT_P12, "  "))
	WANT(A "database url nvram:", is_depot(s, DEPOT_ALL, "nvram:  "))
}

/* Errors first, then warnings; the last ones have nothing to complain of. */
static const struct {
	const char *text, *says;
} lines[] = {
    {A "database url ftp://joe:pw@10.1.1.1/",
	"E f:2:27: a user name in the address, expected 'username' for it\n"},
    {A "database url p12 http://h/?a@b",
	"E f:2:28: '?' in the address, expected that of a directory\n"},
    {A "database url crl publish https://h#",
	"E f:2:36: '#' in the address, expected that of a directory\n"},
    {A "database url crt joe@",
	"W f:2:2: 'database url crt' has no effect here and is kept: of certificates no "
	"copies are made: they are in the database\n"},
    {A "database url nvram:",
	"W f:2:2: nothing is copied to 'nvram:': everything is in the state directory, "
	"expected ftp://, ftps://, http:// or https://\n"},
    {A "database url ftp://h/\n database username u password 0 p\n"
       " database url p12 ftps://h/\n database url crl http://h/\n"
       " database url crl publish http://127.0.0.1/",
	"W f:2:2: the password goes to 'ftp://h/' in clear, expected ftps:// or https://\n"
	"W f:5:2: the password goes to 'http://h/' in clear, expected ftps:// or "
	"https://\n"},
    {A "database url ftp://h/\n database username u", ""},
    {A "database url HTTPS://h:8443/a/b@c\n database username u password 0 p", ""},
};

static void
lines_have_golden_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		text_says(lines[i].text, lines[i].says);
}

static void
they_are_printed_with_sealed_passwords(void **state)
{
	struct blob first = {0}, second = {0};

	(void)state;
	print_text(VIEW(A "database username joe password 0 Rev0c$t\n"
			  " database url crl publish http://y/ username u\n"
			  " database url p12 ftps://x/ username u password 0 Rev0c$t\n"
			  " database url crt http://z/\n database url crl ftp://x/\n"),
	    &first);
	assert_string_equal(blob_cstr(&first),
	    "crypto pki server A\n"
	    " database url p12 ftps://x/ username u password 6 FCGFHGDAGDCEHE\n"
	    " database url crl ftp://x/\n"
	    " database url crl publish http://y/ username u\n"
	    " database username joe password 6 FCGFHGDAGDCEHE\n"
	    " database url crt http://z/\n!\nend\n");
	print_text(blob_view(&first), &second);
	assert_string_equal(blob_cstr(&first), blob_cstr(&second));
	blob_free(&first);
	blob_free(&second);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_set_their_fields),
	    cmocka_unit_test(lines_have_golden_texts),
	    cmocka_unit_test(they_are_printed_with_sealed_passwords),
	};

	return cmocka_run_group_tests_name("parse_depots", tests, NULL, NULL);
}
