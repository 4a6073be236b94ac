/* test_facts.c - what a hook is told, as environment and JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/hooks.h"

static const uint8_t digest[32] = {0xab, 0xcd};

static const char fingerprint[] =
    "KEYMUSTER_FINGERPRINT=ABCD000000000000000000000000000000000000000000000000000000000000";

static struct hooks_facts
all_facts(void)
{
	return (struct hooks_facts){
	    .event = HOOKS_PRE_ACTIVATE,
	    .trustpoint = VIEW("Root-CA"),
	    .directory = VIEW("/var/lib/keymuster/trustpoints/Root-CA/gen-0002"),
	    .cert = VIEW("/c/cert.pem"),
	    .chain = VIEW("/c/chain.pem"),
	    .fullchain = VIEW("/c/fullchain.pem"),
	    .ca = VIEW("/c/ca.pem"),
	    .key = VIEW("/c/key.pem"),
	    .ca_bundle = VIEW("/c/ca-bundle.pem"),
	    .not_before = 1,
	    .not_after = 1444396456,
	    .serial = VIEW("\x01\xf0"),
	    .subject = VIEW("CN=r1,O=Caf\xc3\xa9"),
	    .issuer = VIEW("CN=\"Root, CA\"\\"),
	    .fingerprint = view_of(digest, sizeof(digest)),
	    .deadline = 1444396000,
	    .reason = VIEW("line 1\nline 2"),
	};
}

static void
every_event_has_its_word(void **state)
{
	static const char *const words[] = {"next-ca", "shadow-ready", "pre-activate",
	    "activate", "post-activate", "failed", "verify"};

	(void)state;
	assert_int_equal(COUNT_OF(words), HOOKS_EVENTS);
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_string_equal(hooks_event_name((enum hooks_event)i), words[i]);
}

static void
environment_says_all(void **state)
{
	const char *const want[] = {
	    "KEYMUSTER_VERSION=1",
	    "KEYMUSTER_EVENT=pre-activate",
	    "KEYMUSTER_TRUSTPOINT=Root-CA",
	    "KEYMUSTER_DIRECTORY=/var/lib/keymuster/trustpoints/Root-CA/gen-0002",
	    "KEYMUSTER_CERT=/c/cert.pem",
	    "KEYMUSTER_CHAIN=/c/chain.pem",
	    "KEYMUSTER_FULLCHAIN=/c/fullchain.pem",
	    "KEYMUSTER_CA=/c/ca.pem",
	    "KEYMUSTER_KEY=/c/key.pem",
	    "KEYMUSTER_CA_BUNDLE=/c/ca-bundle.pem",
	    "KEYMUSTER_NOT_BEFORE=1970-01-01T00:00:01Z",
	    "KEYMUSTER_NOT_AFTER=2015-10-09T13:14:16Z",
	    "KEYMUSTER_SERIAL=01F0",
	    "KEYMUSTER_SUBJECT=CN=r1,O=Caf\xc3\xa9",
	    "KEYMUSTER_ISSUER=CN=\"Root, CA\"\\",
	    fingerprint,
	    "KEYMUSTER_DEADLINE=2015-10-09T13:06:40Z",
	    "KEYMUSTER_REASON=line 1?line 2",
	};
	struct hooks_facts f = all_facts();
	struct blob env = {0};
	struct reader r;
	struct view v;

	(void)state;
	hooks_env_encode(&f, &env);
	r = reader_of(blob_view(&env));
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_true(read_sized(&r, &v));
		if (!view_equal_str(v, want[i]))
			fail_msg("'%.*s' is not '%s'", (int)v.n, v.p, want[i]);
	}
	assert_int_equal(r.n, 0);
	assert_true(view_equal_str(
	    hooks_env_get(blob_view(&env), "KEYMUSTER_SUBJECT"), "CN=r1,O=Caf\xc3\xa9"));
	assert_int_equal(hooks_env_get(blob_view(&env), "KEYMUSTER_SUB").n, 0);
	blob_free(&env);
}

static json_t *
json_of(const struct hooks_facts *f)
{
	struct blob text = {0};
	json_error_t e;
	json_t *o;

	hooks_json_encode(f, &text);
	o = json_loadb(
	    (const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
	if (o == NULL)
		fail_msg("%s in %.*s", e.text, (int)text.n, text.p);
	blob_free(&text);
	return o;
}

static void
json_says_the_same(void **state)
{
	static const struct {
		const char *name, *value;
	} want[] = {
	    {"event", "pre-activate"},
	    {"trustpoint", "Root-CA"},
	    {"directory", "/var/lib/keymuster/trustpoints/Root-CA/gen-0002"},
	    {"cert", "/c/cert.pem"},
	    {"chain", "/c/chain.pem"},
	    {"fullchain", "/c/fullchain.pem"},
	    {"ca", "/c/ca.pem"},
	    {"key", "/c/key.pem"},
	    {"ca_bundle", "/c/ca-bundle.pem"},
	    {"not_before", "1970-01-01T00:00:01Z"},
	    {"not_after", "2015-10-09T13:14:16Z"},
	    {"serial", "01F0"},
	    {"subject", "CN=r1,O=Caf\xc3\xa9"},
	    {"issuer", "CN=\"Root, CA\"\\"},
	    {"fingerprint", "ABCD000000000000000000000000000000000000000000000000000000000000"},
	    {"deadline", "2015-10-09T13:06:40Z"},
	    {"reason", "line 1\nline 2"},
	};
	struct hooks_facts f = all_facts();
	json_t *o = json_of(&f);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(o, "version")), 1);
	assert_int_equal(json_object_size(o), COUNT_OF(want) + 1);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		const char *got = json_string_value(json_object_get(o, want[i].name));

		if (got == NULL || strcmp(got, want[i].value) != 0)
			fail_msg("%s is '%s'", want[i].name, got != NULL ? got : "not there");
	}
	json_decref(o);
}

static void
what_is_not_known_is_not_said(void **state)
{
	struct hooks_facts f = {.event = HOOKS_NEXT_CA, .trustpoint = VIEW("a")};
	struct blob env = {0}, json = {0};

	(void)state;
	hooks_env_encode(&f, &env);
	assert_true(view_equal(blob_view(&env), VIEW("\0\0\0\x13KEYMUSTER_VERSION=1"
						     "\0\0\0\x17KEYMUSTER_EVENT=next-ca"
						     "\0\0\0\x16KEYMUSTER_TRUSTPOINT=a")));
	hooks_json_encode(&f, &json);
	assert_true(view_equal_str(
	    blob_view(&json), "{\"version\":1,\"event\":\"next-ca\",\"trustpoint\":\"a\"}\n"));
	blob_free(&env);
	blob_free(&json);
}

static void
outside_text_stays_text(void **state)
{
	static const struct {
		const char *sentence;
		struct view in;
		const char *out; /* U+FFFD is a question mark here */
	} cases[] = {
	    {"NUL", VIEW("a\0b"), "a?b"},
	    {"DEL and ESC", VIEW("\x7f\x1b"), "\x7f\x1b"},
	    {"Latin-1", VIEW("caf\xe9"), "caf?"},
	    {"a character cut off", VIEW("\xe2\x82"), "??"},
	    {"overlong slash", VIEW("\xc0\xaf"), "??"},
	    {"overlong in three octets", VIEW("\xe0\x9f\xbf"), "???"},
	    {"overlong in four", VIEW("\xf0\x8f\xbf\xbf"), "????"},
	    {"surrogate", VIEW("\xed\xa0\x80"), "???"},
	    {"above U+10FFFF", VIEW("\xf4\x90\x80\x80"), "????"},
	    {"the last character", VIEW("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf"},
	    {"two, three, four octets", VIEW("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hooks_facts f = {.reason = cases[i].in};
		json_t *o = json_of(&f), *s = json_object_get(o, "reason");
		struct view got = view_of(json_string_value(s), json_string_length(s));
		struct blob plain = {0};

		for (size_t k = 0; k < got.n; k++) {
			bool lost = got.n - k >= 3 && memcmp(got.p + k, "\xef\xbf\xbd", 3) == 0;

			blob_add_byte(&plain, lost || got.p[k] == 0 ? '?' : got.p[k]);
			k += lost ? 2 : 0;
		}
		if (!view_equal_str(blob_view(&plain), cases[i].out))
			fail_msg("%s: '%s'", cases[i].sentence, blob_cstr(&plain));
		blob_free(&plain);
		json_decref(o);
	}
}

/* Whatever a subject holds, the message is one that the other side takes. */
static void
any_octets_make_a_legal_run(void **state)
{
	static uint8_t octets[HOOKS_VALUE_MAX + 100];
	const unsigned seed = 20261;
	uint32_t x = seed;

	(void)state;
	print_message("# seed %u\n", seed);
	for (int round = 0; round < 200; round++) {
		struct hooks_facts f = all_facts();
		struct hooks_run run = {.id = 1, .limit_ms = 1}, got;
		struct blob env = {0}, json = {0}, m = {0};

		for (size_t i = 0; i < sizeof(octets); i++)
			octets[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
		f.subject = f.issuer = f.reason = f.serial = f.directory =
		    view_of(octets, sizeof(octets));
		json_decref(json_of(&f));
		hooks_env_encode(&f, &env);
		hooks_json_encode(&f, &json);
		run.env = blob_view(&env);
		run.json = blob_view(&json);
		hooks_run_encode(&run, &m);
		assert_true(hooks_run_decode(blob_view(&m), &got, NULL));
		assert_int_equal(
		    hooks_env_get(got.env, "KEYMUSTER_SUBJECT").n, HOOKS_VALUE_MAX);
		blob_free(&env);
		blob_free(&json);
		blob_free(&m);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_has_its_word),
	    cmocka_unit_test(environment_says_all),
	    cmocka_unit_test(json_says_the_same),
	    cmocka_unit_test(what_is_not_known_is_not_said),
	    cmocka_unit_test(outside_text_stays_text),
	    cmocka_unit_test(any_octets_make_a_legal_run),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
