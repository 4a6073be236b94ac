/* test_url.c - where fetches go, and what headers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "courier/courier.h"

static const struct {
	const char *what, *in, *out; /* out NULL: refused */
} scep_urls[] = {
    {"HT-04 as the source document has it", "http://172.16.1.1:80",
	"http://172.16.1.1:80/cgi-bin/pkiclient.exe"},
    {"HT-04 a slash is no path yet", "http://ca.example.com/",
	"http://ca.example.com/cgi-bin/pkiclient.exe"},
    {"HT-04 a path is taken as it is", "http://ca.example.com/certsrv/mscep/mscep.dll",
	"http://ca.example.com/certsrv/mscep/mscep.dll"},
    {"HT-04 our own, by name", "http://ca:8080/scep/ROOTCA", "http://ca:8080/scep/ROOTCA"},
    {"TLS", "https://ca", "https://ca/cgi-bin/pkiclient.exe"},
    {"capital letters in the scheme", "HTTP://ca", "HTTP://ca/cgi-bin/pkiclient.exe"},
    {"IPv6", "http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080/cgi-bin/pkiclient.exe"},
    {"a port that was meant to be one is a path", "http://ca/scep:8081", "http://ca/scep:8081"},
    {"no scheme", "ca.example.com", NULL},
    {"another scheme", "ftp://ca/", NULL},
    {"files", "file:///etc/passwd", NULL},
    {"no host", "http://", NULL},
    {"no host, but a path", "http:///scep", NULL},
    {"no host, but a port", "http://:80/", NULL},
    {"nothing", "", NULL},
    {"a name before the host", "http://user@ca/", NULL},
    {"a name and password before the host", "http://user:word@ca/", NULL},
    {"a query", "http://ca/scep?x=1", NULL},
    {"a query without a path", "http://ca?x=1", NULL},
    {"a fragment", "http://ca/#x", NULL},
    {"a space", "http://ca/a b", NULL},
    {"a backslash that some take for a slash", "http://ca\\@evil/", NULL},
    {"a line end", "http://ca/\r\nHost:x", NULL},
    {"a letter that is not ASCII", "http://ca/\xc3\xa4", NULL},
};

static void
courier_scep_url_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(scep_urls); i++) {
		struct blob out = {0};
		struct err e = {0};
		bool ok = courier_scep_url(scep_urls[i].in, &out, &e);

		if (ok != (scep_urls[i].out != NULL))
			fail_msg("%s: %s", scep_urls[i].what, ok ? "taken" : e.text);
		if (ok)
			assert_string_equal(blob_cstr(&out), scep_urls[i].out);
		else
			assert_int_equal(e.why, WHY_BAD_INPUT);
		blob_free(&out);
	}
}

#define BASE "http://ca/cgi-bin/pkiclient.exe"

static const struct {
	const char *what;
	struct courier_place place;
	struct view tail, url;
	const char *out;
} fetches[] = {
    {"a query", {"http://ca", "", ""}, VIEW("?operation=GetCACaps&message=%2B"), VIEW(""),
	BASE "?operation=GetCACaps&message=%2B"},
    {"the place itself", {"http://ca", "", ""}, VIEW(""), VIEW(""), BASE},
    {"by a proxy", {"http://ca", "http://10.0.0.1:3128", ""}, VIEW("?a"), VIEW(""), BASE "?a"},
    {"a list elsewhere", {"http://ca", "", ""}, VIEW(""), VIEW("http://other/a.crl?b=c"),
	"http://other/a.crl?b=c"},
    {"a list by TLS", {"http://ca", "", ""}, VIEW(""), VIEW("https://other"), "https://other"},
    {"a list needs no good place", {"ca", "", ""}, VIEW(""), VIEW("http://o/"), "http://o/"},
    {"core names another host before '@'", {"http://ca", "", ""}, VIEW("@evil/"), VIEW(""),
	NULL},
    {"core makes the host longer", {"http://ca", "", ""}, VIEW(".evil.example/"), VIEW(""),
	NULL},
    {"core makes the path longer", {"http://ca/a", "", ""}, VIEW("/../b"), VIEW(""), NULL},
    {"a fragment", {"http://ca", "", ""}, VIEW("?a#b"), VIEW(""), NULL},
    {"a second line", {"http://ca", "", ""}, VIEW("?a HTTP/1.1\r\nHost: x\r\n"), VIEW(""),
	NULL},
    {"an octet 0", {"http://ca", "", ""}, VIEW("?a\0b"), VIEW(""), NULL},
    {"a place that is none", {"ca", "", ""}, VIEW("?a"), VIEW(""), NULL},
    {"a list in a file", {"http://ca", "", ""}, VIEW(""), VIEW("file:///etc/passwd"), NULL},
    {"a list in a directory", {"http://ca", "", ""}, VIEW(""), VIEW("ldap://o/cn=a"), NULL},
    {"a list with a password", {"http://ca", "", ""}, VIEW(""), VIEW("http://a:b@o/"), NULL},
    {"a list with a space", {"http://ca", "", ""}, VIEW(""), VIEW("http://o/a b"), NULL},
    {"a list at a host with an octet 0", {"http://ca", "", ""}, VIEW(""), VIEW("http://a\0b/"),
	NULL},
    {"a proxy of another kind", {"http://ca", "socks5://p:1080", ""}, VIEW("?a"), VIEW(""),
	NULL},
    {"a proxy by TLS", {"http://ca", "https://p:443", ""}, VIEW("?a"), VIEW(""), NULL},
    {"a proxy with a password", {"http://ca", "http://u:p@p:80", ""}, VIEW("?a"), VIEW(""),
	NULL},
    {"a proxy with a path", {"http://ca", "http://p:80/a", ""}, VIEW("?a"), VIEW(""), NULL},
};

static void
a_fetch_goes_where_its_place_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fetches); i++) {
		struct courier_fetch f = {.tail = fetches[i].tail, .url = fetches[i].url};
		struct blob out = {0};
		struct err e = {0};
		bool ok = courier_fetch_url(&fetches[i].place, &f, &out, &e);

		if (ok != (fetches[i].out != NULL))
			fail_msg("%s: %s", fetches[i].what, ok ? blob_cstr(&out) : e.text);
		if (ok)
			assert_string_equal(blob_cstr(&out), fetches[i].out);
		else
			assert_true(e.why == WHY_BAD_INPUT && e.text[0] != 0);
		blob_free(&out);
	}
}

static void
tails_are_escaped(void **state)
{
	static const struct {
		const char *operation;
		struct view message;
		const char *out;
	} rows[] = {
	    {"GetCACaps", VIEW(""), "?operation=GetCACaps"},
	    {"GetCACert", VIEW("Root-CA_1.a~"), "?operation=GetCACert&message=Root-CA_1.a~"},
	    {"GetCACert", VIEW("a b&c=#\xff"),
		"?operation=GetCACert&message=a%20b%26c%3D%23%FF"},
	};
	struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		blob_clear(&out);
		courier_tail(rows[i].operation, rows[i].message, &out);
		assert_string_equal(blob_cstr(&out), rows[i].out);
	}
	blob_clear(&out);
	courier_tail_message(VIEW("\xfb\xff\xbf\xfb"), &out);
	assert_string_equal(blob_cstr(&out),
	    "?operation=PKIOperation&message=%2B%2F%2B%2F%2Bw%3D%3D"); /* HT-07 */
	blob_free(&out);
}

static void
media_types(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"application/x-pki-message", "application/x-pki-message"},
	    {"Application/X-X509-CA-Cert", "application/x-x509-ca-cert"},
	    {"application/x-pki-message; charset=utf-8", "application/x-pki-message"},
	    {" text/plain;q", "text/plain"},
	    {"application/x-pki-message ;a", "application/x-pki-message"},
	    {"", ""},
	    {";", ""},
	    {"te\xc3\xa4xt/plain", ""},
	    {"text/\"plain\"", ""},
	};
	char out[COURIER_MEDIA_MAX + 1], longest[COURIER_MEDIA_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		courier_media_type(rows[i].in, out);
		assert_string_equal(out, rows[i].out);
	}
	memset(longest, 'a', sizeof(longest));
	longest[COURIER_MEDIA_MAX + 1] = 0;
	courier_media_type(longest, out);
	assert_string_equal(out, ""); /* rather none than half of it */
	longest[COURIER_MEDIA_MAX] = 0;
	courier_media_type(longest, out);
	assert_string_equal(out, longest);
}

static when_t
date_of_test(const char *text)
{
	return strcmp(text, "then") == 0 ? 2000 : strcmp(text, "never") == 0 ? WHEN_NEVER : -1;
}

static void
retry_after(void **state)
{
	static const struct {
		const char *in;
		when_t from;
		int64_t out;
	} rows[] = {
	    {"0", 1000, 0},
	    {"120", 1000, 120},
	    {"2147483647", 1000, INT32_MAX},
	    {"2147483648", 1000, INT32_MAX},
	    {"99999999999999999999999999999999999999", 1000, INT32_MAX},
	    {"then", 1000, 1000},
	    {"then", 1999, 1},
	    {"then", 2000, 0},
	    {"then", 3000, 0},
	    {"never", 1000, INT32_MAX},
	    {"", 1000, 0},
	    {"-5", 1000, 0},
	    {"12 minutes", 1000, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(
		    courier_retry_after(rows[i].in, date_of_test, rows[i].from), rows[i].out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(courier_scep_url_table),
	    cmocka_unit_test(a_fetch_goes_where_its_place_says),
	    cmocka_unit_test(tails_are_escaped),
	    cmocka_unit_test(media_types),
	    cmocka_unit_test(retry_after),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
