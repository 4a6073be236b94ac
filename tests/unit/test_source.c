/* test_source.c - whom limits count as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>

#include "net/source.h"

static struct source
source_at(const char *address, char text[SOURCE_TEXT], bool *loopback)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (strchr(address, ':') != NULL) {
		assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
		return source_of((struct sockaddr *)&six, text, loopback);
	}
	assert_int_equal(inet_pton(AF_INET, address, &four.sin_addr), 1);
	return source_of((struct sockaddr *)&four, text, loopback);
}

static void
texts_name_what_is_counted_BAD_002(void **state)
{
	static const struct {
		const char *address, *text;
		bool loopback;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", false},
	    {"::ffff:192.0.2.1", "192.0.2.1", false},
	    {"127.1.2.3", "127.1.2.3", true},
	    {"::ffff:127.0.0.1", "127.0.0.1", true},
	    {"::1", "::1", true},
	    {"::2", "::/64", false},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", false},
	    {"2001:db8:1:2::", "2001:db8:1:2::/64", false},
	    {"fe80::1", "fe80::/64", false},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[SOURCE_TEXT];
		bool loopback;

		(void)source_at(cases[i].address, text, &loopback);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(loopback, cases[i].loopback);
	}
}

static void
one_host_is_one_source_BAD_002(void **state)
{
	static const struct {
		const char *sentence, *a, *b;
		bool same;
	} cases[] = {
	    {"an address is itself", "192.0.2.1", "192.0.2.1", true},
	    {"neighbours in IPv4 are two", "192.0.2.1", "192.0.2.2", false},
	    {"however the address is written", "192.0.2.1", "::ffff:192.0.2.1", true},
	    {"a /64 is one", "2001:db8::1", "2001:db8::ffff:0:1:2", true},
	    {"two /64 are two", "2001:db8::1", "2001:db8:0:1::1", false},
	    {"no IPv4 address is in ::/64", "::2", "::ffff:0.0.0.2", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[2][SOURCE_TEXT];
		bool loopback;
		struct source a = source_at(cases[i].a, text[0], &loopback);
		struct source b = source_at(cases[i].b, text[1], &loopback);

		if ((a.network == b.network && a.host == b.host) != cases[i].same ||
		    (strcmp(text[0], text[1]) == 0) != cases[i].same)
			fail_msg("%s", cases[i].sentence);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_name_what_is_counted_BAD_002),
	    cmocka_unit_test(one_host_is_one_source_BAD_002),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
