/* test_setup.c - names and policy from the lines of a trustpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

/* As IOS: what the router is called goes before what the line says. */
static void
subjects(void **state)
{
	static const struct {
		const char *sentence, *hostname, *subject, *fqdn, *ip, *text;
	} cases[] = {
	    {"nothing is said: the default host name", "keymuster", "", "", "",
		"hostname=keymuster"},
	    {"a name needs no default beside it", "keymuster", "CN=r1", "", "", "CN=r1"},
	    {"a host name that somebody chose is part of it", "spoke-1", "CN=r1,O=Cisco", "",
		"", "hostname=spoke-1,CN=r1,O=Cisco"},
	    {"fqdn instead of the host name", "spoke-1", "CN=r1", "r1.example", "",
		"hostname=r1.example,CN=r1"},
	    {"fqdn none", "spoke-1", "CN=r1", "none", "", "CN=r1"},
	    {"an address, in one relative name with the host", "spoke-1", "CN=r1", "",
		"192.0.2.1", "hostname=spoke-1+ipaddress=192.0.2.1,CN=r1"},
	    {"ip-address none", "spoke-1", "CN=r1", "", "none", "hostname=spoke-1,CN=r1"},
	    {"an address alone", "keymuster", "", "none", "192.0.2.1", "ipaddress=192.0.2.1"},
	    {"what would part names is a letter of this one", "a,CN=root", "CN=r1", "", "",
		"hostname=a\\,CN\\=root,CN=r1"},
	    {"and so is a plus", "a+b", "CN=r1", "", "", "hostname=a\\+b,CN=r1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static struct conf c;
		struct conf_trustpoint t = {0};
		struct blob is = {0}, wanted = {0};
		struct err e = {0};

		snprintf(c.hostname, sizeof(c.hostname), "%s", cases[i].hostname);
		snprintf(t.subject_name, sizeof(t.subject_name), "%s", cases[i].subject);
		snprintf(t.fqdn, sizeof(t.fqdn), "%s", cases[i].fqdn);
		snprintf(t.ip_address, sizeof(t.ip_address), "%s", cases[i].ip);
		if (!setup_subject(&c, &t, &is, &e) || !name_parse(cases[i].text, &wanted, &e))
			fail_msg("%s: %s", cases[i].sentence, e.text);
		if (!name_equal(blob_view(&is), blob_view(&wanted))) {
			blob_clear(&wanted);
			name_text(blob_view(&is), &wanted);
			fail_msg("%s: %s", cases[i].sentence, blob_cstr(&wanted));
		}
		blob_free(&is);
		blob_free(&wanted);
	}
}

/* The machine's own number, where it has one. */
static void
serial_number(void **state)
{
	static struct conf c = {.hostname = "spoke-1"};
	struct conf_trustpoint t = {.serial_number = true, .subject_name = "CN=r1"};
	struct blob id = {0}, is = {0}, text = {0};

	(void)state;
	assert_true(setup_subject(&c, &t, &is, NULL));
	name_text(blob_view(&is), &text);
	if (file_read("/etc/machine-id", 64, &id, NULL) && id.n >= 32) {
		id.n = 32;
		assert_non_null(strstr(blob_cstr(&text), blob_cstr(&id)));
	} else {
		assert_null(strstr(blob_cstr(&text), "erialNumber"));
	}
	blob_free(&id);
	blob_free(&is);
	blob_free(&text);
}

static void
bad_subject(void **state)
{
	static struct conf c = {.hostname = "spoke-1"};
	struct conf_trustpoint t = {.subject_name = "no name at all"};
	struct blob is = {0};
	struct err e = {0};

	(void)state;
	assert_false(setup_subject(&c, &t, &is, &e));
	assert_non_null(strstr(e.text, "its name"));
	blob_free(&is);
}

static void
alternative_names(void **state)
{
	static const struct {
		const char *sentence, *line;
		const char *texts[3]; /* NULL: refused */
	} cases[] = {
	    {"none", "", {""}},
	    {"a host", "r1.example", {"DNS:r1.example"}},
	    {"two", "r1.example,r2.example", {"DNS:r1.example", "DNS:r2.example"}},
	    {"with blanks", "r1.example, r2.example", {"DNS:r1.example", "DNS:r2.example"}},
	    {"an address says so", "r1.example,IP:192.0.2.1",
		{"DNS:r1.example", "IP:192.0.2.1"}},
	    {"an address that is none", "IP:192.0.2.999", {NULL}},
	    {"an empty one", "r1.example,,r2.example", {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf_trustpoint t = {0};
		struct blob is = {0}, texts = {0}, wanted = {0};
		struct err e = {0};
		bool ok;

		snprintf(t.subject_alt_name, sizeof(t.subject_alt_name), "%s", cases[i].line);
		ok = setup_san(&t, &is, &e);
		if (ok != (cases[i].texts[0] != NULL))
			fail_msg("%s: %s", cases[i].sentence, ok ? "taken" : e.text);
		for (size_t k = 0; ok && k < 3 && cases[i].texts[k] != NULL; k++)
			if (cases[i].texts[k][0] != 0)
				blob_add_sized(&texts, view_str(cases[i].texts[k]));
		if (ok && !san_parse(blob_view(&texts), &wanted, &e))
			fail_msg("%s: %s", cases[i].sentence, e.text);
		if (ok && !view_equal(blob_view(&is), blob_view(&wanted)))
			fail_msg("%s: other names", cases[i].sentence);
		blob_free(&is);
		blob_free(&texts);
		blob_free(&wanted);
	}
}

/* In IOS the trustpoint of a server's name is the server's own. */
static void
who_runs(void **state)
{
	static struct conf c;
	struct conf_trustpoint t[] = {{.name = "ROOTCA"}, {.name = "R1"}};
	char path[512];

	(void)state;
	c.trustpoint = t;
	c.trustpoint_count = 2;
	c.server_count = 1;
	snprintf(c.server[0].name, sizeof(c.server[0].name), "ROOTCA");
	assert_false(agent_runs(&c, t[0].name));
	assert_true(agent_runs(&c, t[1].name));
	assert_int_equal(agent_count(&c), 1);
	assert_string_equal(agent_path("/s", NULL, NULL, path), "/s/trustpoints");
	assert_string_equal(agent_path("/s", "R1", NULL, path), "/s/trustpoints/R1");
	assert_string_equal(agent_path("/s", "R1", "told", path), "/s/trustpoints/R1/told");
}

static void
places(void **state)
{
	static struct conf c;
	struct conf_trustpoint t[] = {{.name = "R1", .url = "http://ca.example:8080"},
	    {.name = "R2"},
	    {.name = "R3",
		.url = "http://ca.example",
		.proxy = "proxy.example",
		.proxy_port = 3128,
		.interface = "wan0"}};
	struct courier_place *is;
	struct blob b = {0};
	size_t n;

	(void)state;
	c.trustpoint = t;
	c.trustpoint_count = COUNT_OF(t);
	agent_places(&c, &b);
	assert_true(courier_places_decode(blob_view(&b), &is, &n, NULL));
	assert_int_equal(n, 3);
	assert_non_null(strstr(is[0].url, "http://ca.example:8080/"));
	assert_string_equal(is[0].proxy, "");
	assert_string_equal(is[0].interface, "");
	assert_string_equal(is[1].url, ""); /* it asks nobody */
	assert_string_equal(is[2].proxy, "http://proxy.example:3128");
	assert_string_equal(is[2].interface, "wan0");
	free(is);
	blob_free(&b);
}

static void
ignore(void *arg, bool warn, const char *text)
{
	(void)arg;
	(void)warn;
	(void)text;
}

/* The agent's trustpoints, and those of keymuster simulate, from the text of a configuration.
 */
static void
policies(void **state)
{
	static const struct {
		const char *sentence, *lines;
		int bits;
		enum hash hash;
		enum cipher cipher;
		bool url, fingerprint, regenerate, outer_next_ca, ancient, require_standard,
		    by_hand;
		uint32_t eku;
	} cases[] = {
	    /* 0: 2048, SHA-256, AES-256 */
	    {"nothing is said", ""},
	    {"somebody to ask", "enrollment url http://ca\n", .url = true},
	    {"whom to believe", "fingerprint 00112233445566778899AABBCCDDEEFF\n",
		.fingerprint = true},
	    {"a new key each time", "auto-enroll 80 regenerate\n", .regenerate = true},
	    {"by hand, and nothing is by itself", "regenerate\n", .regenerate = true},
	    {"by hand, while renewals keep the key", "regenerate\nauto-enroll 80\n"},
	    {"a larger key", "rsakeypair K 4096\n", .bits = 4096},
	    {"another digest", "hash sha384\n", .hash = HASH_SHA384},
	    {"the longest digest", "hash sha512\n", .hash = HASH_SHA512},
	    {"another cipher", "scepencrypt aes128\n", .cipher = CIPHER_AES128},
	    {"an old cipher", "scepencrypt des_ede3\n", .cipher = CIPHER_DES3},
	    {"old servers", "compat outer-next-ca\ncompat ancient\n", .outer_next_ca = true,
		.ancient = true},
	    {"new servers only", "require SCEPStandard\n", .require_standard = true},
	    {"what it is for", "eku request client-auth ipsec-user\n",
		.eku = EKU_CLIENT_AUTH | EKU_IPSEC_USER},
	    {"an operator carries all", "enrollment terminal pem\n", .by_hand = true},
	    {"not beside a server", "enrollment terminal\nenrollment url http://ca\n",
		.url = true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct conf c = {0};
		struct blob text = {0};
		struct tp_policy p;

		blob_printf(&text, "crypto pki trustpoint R1\n%s", cases[i].lines);
		if (!conf_parse("test", blob_view(&text), NULL, NULL, ignore, NULL, &c))
			fail_msg("%s: does not parse", cases[i].sentence);
		agent_policy(&c.trustpoint[0], &p);
		if (memcmp(&p.plan, &c.trustpoint[0].plan, sizeof(p.plan)) != 0 ||
		    p.plan.url != cases[i].url || p.plan.fingerprint != cases[i].fingerprint ||
		    p.regenerate != cases[i].regenerate || p.key_kind != KEY_RSA ||
		    p.key_bits != (cases[i].bits != 0 ? cases[i].bits : 2048) ||
		    p.hash != (cases[i].hash != 0 ? cases[i].hash : HASH_SHA256) ||
		    p.cipher != (cases[i].cipher != 0 ? cases[i].cipher : CIPHER_AES256) ||
		    p.key_usage != (KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT) ||
		    p.outer_next_ca != cases[i].outer_next_ca ||
		    p.ancient != cases[i].ancient ||
		    p.require_standard != cases[i].require_standard ||
		    p.by_hand != cases[i].by_hand || p.eku != cases[i].eku)
			fail_msg("%s: another policy", cases[i].sentence);
		conf_free(&c);
		blob_free(&text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(subjects),
	    cmocka_unit_test(serial_number),
	    cmocka_unit_test(bad_subject),
	    cmocka_unit_test(alternative_names),
	    cmocka_unit_test(who_runs),
	    cmocka_unit_test(places),
	    cmocka_unit_test(policies),
	};

	return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
