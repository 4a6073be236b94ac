/* test_parse_trustpoints.c - tests of the lines of trustpoints. */
#include "conf_text.h"

static void
more_trustpoints_than_fit_are_refused(void **state)
{
	struct blob text = {0}, said = {0};
	struct conf c;

	(void)state;
	for (int i = 0; i < CONF_TRUSTPOINTS; i++)
		blob_printf(&text, "crypto pki trustpoint T%d\n", i);
	blob_add_str(&text, "crypto pki trustpoint T7\n vrf V\nno crypto pki trustpoint T8\n"
			    "crypto pki trustpoint U\n");
	assert_true(parse_view(blob_view(&text), &c, &said));
	assert_int_equal(c.trustpoint_count, CONF_TRUSTPOINTS);
	assert_string_equal(c.trustpoint[8].name, "T9");
	assert_string_equal(c.trustpoint[CONF_TRUSTPOINTS - 1].name, "U");
	conf_free(&c);
	blob_clear(&said);
	blob_add_str(&text, "crypto pki trustpoint V\n vrf W\n hash sha512\n");
	assert_false(parse_view(blob_view(&text), &c, &said));
	assert_non_null(strstr(
	    blob_cstr(&said), ":23: more trustpoints than 16384, expected no further one\n"));
	blob_free(&text);
	blob_free(&said);
}

/* The spoke of the source document, word for word (S21). */
static void
s21_the_spoke_loads_unchanged(void **state)
{
	static const char text[] = "crypto pki trustpoint Root-CA\n"
				   "  enrollment url http://172.16.1.1:80\n"
				   "  serial-number\n"
				   "  ip-address none\n"
				   "  password 0 Rev0cati0n$Passw0rd\n"
				   "  subject-name CN=spoke-1.cisco.com,OU=CVO\n"
				   "  revocation-check crl\n"
				   "  rsakeypair spoke-1-RSA\n"
				   "  auto-enroll 80\n";
	struct blob said = {0};
	struct conf c;
	const struct conf_trustpoint *t;

	(void)state;
	assert_true(parse_text(text, &c, &said));
	assert_string_equal(blob_cstr(&said), "");
	assert_int_equal(c.trustpoint_count, 1);
	assert_int_equal(c.foreign, 0);
	assert_false(c.http_server);
	t = &c.trustpoint[0];
	assert_string_equal(t->name, "Root-CA");
	assert_int_equal(t->line, 1);
	assert_int_equal(t->renewal_at.line, 9);
	assert_int_equal(t->renewal_at.column, 3);
	assert_string_equal(t->url, "http://172.16.1.1:80");
	assert_true(t->serial_number);
	assert_string_equal(t->ip_address, "none");
	assert_string_equal(t->password, "Rev0cati0n$Passw0rd");
	assert_string_equal(t->subject_name, "CN=spoke-1.cisco.com,OU=CVO");
	assert_int_equal(t->checks[0], CONF_CHECK_CRL);
	assert_int_equal(t->checks[1], CONF_CHECK_END);
	assert_string_equal(t->rsa_label, "spoke-1-RSA");
	assert_int_equal(t->rsa_bits, 2048);
	assert_true(t->plan.url && t->plan.auto_enroll);
	assert_false(t->plan.fingerprint || t->plan.shadow_only || t->plan.ios_stop_on_reject ||
		     t->regenerate || t->regenerate_auto);
	assert_int_equal(t->plan.percent, 80);
	assert_int_equal(t->plan.spread, 0);
	assert_int_equal(t->plan.retry_count, 999);
	assert_int_equal(t->plan.retry_period, MINUTE);
	assert_int_equal(t->hash, CONF_HASH_SHA256);
	assert_int_equal(t->cipher, CONF_CIPHER_AUTO);
	conf_free(&c);
	blob_free(&said);
}

static void
every_line_of_a_trustpoint_sets_its_field(void **state)
{
	(void)state;
	WANT(TP "enrollment url https://ca:8443/scep/A",
	    strcmp(t->url, "https://ca:8443/scep/A") == 0 && t->plan.url)
	WANT(TP "enrollment url http://a\n no enrollment url", !t->plan.url && t->url[0] == 0)
	WANT(TP "enrollment http-proxy p 3128",
	    strcmp(t->proxy, "p") == 0 && t->proxy_port == 3128)
	WANT(TP "enrollment http-proxy p 3128\n no enrollment http-proxy",
	    t->proxy[0] == 0 && t->proxy_port == 0)
	WANT(TP "enrollment retry count 1", t->plan.retry_count == 1)
	WANT(TP "enrollment retry period 60", t->plan.retry_period == HOUR)
	WANT(TP "enrollment retry period 60\n default enrollment retry period",
	    t->plan.retry_period == MINUTE)
	WANT(TP "auto-enroll", t->plan.auto_enroll && t->plan.percent == 100)
	WANT(TP "auto-enroll regenerate", t->regenerate_auto && t->plan.percent == 100)
	WANT(TP "auto-enroll 70 regenerate", t->regenerate_auto && t->plan.percent == 70)
	WANT(TP "auto-enroll 70 regenerate\n auto-enroll 75",
	    !t->regenerate_auto && t->plan.percent == 75)
	WANT(TP "auto-enroll shadow-only",
	    t->plan.auto_enroll && t->plan.shadow_only && t->plan.percent == 90)
	WANT(TP "auto-enroll 60\n auto-enroll shadow-only",
	    t->plan.shadow_only && t->plan.percent == 60)
	WANT(TP "auto-enroll shadow-only\n no auto-enroll shadow-only",
	    t->plan.auto_enroll && !t->plan.shadow_only)
	WANT(TP "auto-enroll shadow-only\n auto-enroll spread 9\n no auto-enroll",
	    !t->plan.auto_enroll && !t->plan.shadow_only && t->plan.spread == 0)
	WANT(TP "auto-enroll spread 90", t->plan.spread == 90 * MINUTE && !t->plan.auto_enroll)
	WANT(TP "regenerate", t->regenerate && !t->regenerate_auto)
	WANT(TP "vrf V", strcmp(t->rsa_label, "T") == 0 && t->rsa_bits == 2048)
	WANT(TP "rsakeypair K 4096 2048", strcmp(t->rsa_label, "K") == 0 && t->rsa_bits == 4096)
	WANT(TP "rsakeypair K 4096\n no rsakeypair",
	    strcmp(t->rsa_label, "T") == 0 && t->rsa_bits == 2048)
	WANT(TP "subject-alt-name a.example", strcmp(t->subject_alt_name, "a.example") == 0)
	WANT(TP "fqdn none", strcmp(t->fqdn, "none") == 0)
	WANT(TP "ip-address 2001:db8::1", strcmp(t->ip_address, "2001:db8::1") == 0)
	WANT(TP "serial-number\n serial-number none", !t->serial_number)
	WANT(TP "password 7 0822455D0A16", strcmp(t->password, "cisco") == 0)
	WANT(TP "fingerprint cc748544 A0AB7832 935d8cd0 214a152e",
	    strcmp(t->fingerprint, "CC748544A0AB7832935D8CD0214A152E") == 0 &&
		t->plan.fingerprint)
	WANT(TP "hash sha384", t->hash == CONF_HASH_SHA384)
	WANT(TP "hash md5", t->hash == CONF_HASH_SHA256)
	WANT(TP "scepencrypt des_ede3", t->cipher == CONF_CIPHER_DES3)
	WANT(TP "revocation-check ocsp crl none", t->checks[0] == CONF_CHECK_OCSP &&
						      t->checks[1] == CONF_CHECK_CRL &&
						      t->checks[2] == CONF_CHECK_NONE)
	WANT(TP "revocation-check none\n no revocation-check", t->checks[0] == CONF_CHECK_CRL)
	WANT(TP "eku request client-auth server-auth", t->eku == 3)
	WANT(TP "export-format haproxy pkcs12",
	    t->forms == (CONF_FORM_HAPROXY | CONF_FORM_PKCS12))
	WANT(TP "crl query http://c/a.crl", strcmp(t->crl_url, "http://c/a.crl") == 0)
	WANT(TP "crl cache none", t->crl_cache.none && t->crl_cache.keep_most == 0)
	WANT(TP "crl cache none\n crl cache delete-after 90",
	    !t->crl_cache.none && t->crl_cache.keep_most == 90 * MINUTE)
	WANT(TP "crl cache extend 60\n no crl cache", t->crl_cache.extend == 0)
	WANT(TP "crl cache extend 60", t->crl_cache.extend == HOUR)
	WANT(TP "source interface eth0.1", strcmp(t->interface, "eth0.1") == 0)
	WANT(TP "source interface eth0\n source interface Gi0/0",
	    strcmp(t->interface, "eth0") == 0)
	WANT(TP "hook /usr/lib/x y", strcmp(t->hook, "/usr/lib/x y") == 0)
	WANT(TP "require SCEPStandard", t->require_standard)
	WANT(TP "compat ios-stop-on-reject", t->plan.ios_stop_on_reject)
	WANT(TP "compat outer-next-ca", t->outer_next_ca)
	WANT(TP "compat ancient", t->compat_ancient)
	WANT(TP "auto-enroll 80\n!\n" TP "hash sha512",
	    c.trustpoint_count == 1 && t->plan.percent == 80 && t->hash == CONF_HASH_SHA512 &&
		t->renewal_at.line == 2 && t->line == 1)
	WANT(TP "vrf V\ncrypto pki trustpoint U\n vrf W\nno crypto pki trustpoint T",
	    c.trustpoint_count == 1 && strcmp(t->name, "U") == 0)
}

/* Each comes back as it was written; who has no effect says so, the others are silent. */
static void
every_line_is_printed_back(void **state)
{
	static const struct {
		const char *line;
		bool idle;
	} cases[] = {
	    {"enrollment url http://172.16.1.1:80", false},
	    {"enrollment http-proxy proxy.example 3128", false},
	    {"enrollment retry count 100", false},
	    {"enrollment retry period 5", false},
	    {"enrollment mode ra", true},
	    {"enrollment terminal", false},
	    {"enrollment terminal pem", false},
	    {"enrollment selfsigned", true},
	    {"enrollment profile P", true},
	    {"enrollment pkcs12", true},
	    {"auto-enroll 80", false},
	    {"auto-enroll 80 regenerate", false},
	    {"auto-enroll 90\n auto-enroll shadow-only", false},
	    {"auto-enroll spread 60", false},
	    {"regenerate", false},
	    {"rsakeypair spoke-1-RSA 3072", false},
	    {"subject-name CN=spoke-1.cisco.com,OU=CVO", false},
	    {"subject-alt-name spoke-1.example", false},
	    {"fqdn none", false},
	    {"fqdn spoke-1.example", false},
	    {"ip-address none", false},
	    {"ip-address 192.0.2.1", false},
	    {"ip-address GigabitEthernet0/0", true},
	    {"serial-number", false},
	    {"password 6 FCGFHGDAGDGBHEGJDAGOCEFAGBHDHDHHDAHCGE", false},
	    {"fingerprint CC748544A0AB7832935D8CD0214A152E", false},
	    {"hash sha384", false},
	    {"scepencrypt aes256", false},
	    {"revocation-check ocsp crl none", false},
	    {"crl query http://192.0.2.9/crl", false},
	    {"crl query ldap://192.0.2.9", true},
	    {"crl cache none", false},
	    {"crl cache delete-after 60", false},
	    {"crl cache extend 1440", false},
	    {"crl best-effort", true},
	    {"source interface eth0", false},
	    {"source interface GigabitEthernet1", true},
	    {"source interface GigabitEthernet0/0", true},
	    {"usage ike", true},
	    {"eku request server-auth client-auth", false},
	    {"ca-check-strict", true},
	    {"export-format pem pkcs12 haproxy", false},
	    {"hook /usr/lib/keymuster/hooks/nginx", false},
	    {"require scepstandard", false},
	    {"compat ios-stop-on-reject", false},
	    {"compat outer-next-ca", false},
	    {"compat ancient", false},
	    {"vrf MGMT", true},
	    {"storage nvram:", true},
	    {"ocsp url http://192.0.2.9/ocsp", true},
	    {"chain-validation continue UPPER", true},
	    {"match certificate MAP", true},
	    {"primary", true},
	    {"authorization list L", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob text = {0}, want = {0}, said = {0}, out = {0};
		struct conf c;
		struct err e = {0};

		blob_printf(&text, "crypto pki trustpoint T\n %s\n", cases[i].line);
		blob_printf(&want, "%s!\nend\n", blob_cstr(&text));
		if (!parse_view(blob_view(&text), &c, &said))
			fail_msg("%s: %s", cases[i].line, blob_cstr(&said));
		if ((strstr(blob_cstr(&said), "W f:2:") != NULL) != cases[i].idle)
			fail_msg("%s: %s", cases[i].line, blob_cstr(&said));
		assert_true(conf_print(&c, plain_seal, NULL, &out, &e));
		assert_string_equal(blob_cstr(&out), blob_cstr(&want));
		conf_free(&c);
		blob_free(&text);
		blob_free(&want);
		blob_free(&said);
		blob_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(s21_the_spoke_loads_unchanged),
	    cmocka_unit_test(every_line_of_a_trustpoint_sets_its_field),
	    cmocka_unit_test(every_line_is_printed_back),
	    cmocka_unit_test(more_trustpoints_than_fit_are_refused),
	};

	return cmocka_run_group_tests_name("parse_trustpoints", tests, NULL, NULL);
}
