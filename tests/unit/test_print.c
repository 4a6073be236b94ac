/* test_print.c - tests of show running-config and its round trip. */
#include "conf_text.h"

#include "conf/grammar.h"

#include <stdlib.h>

/* parse(print(x)) prints the same octets and holds the same fields. */
static void
check_round_trip(struct view text)
{
	struct blob first = {0}, second = {0}, said = {0};
	struct conf a, b;
	struct err e = {0};

	assert_true(parse_view(text, &a, &said));
	if (!conf_print(&a, plain_seal, NULL, &first, &e))
		fail_msg("%s", e.text);
	if (!parse_view(blob_view(&first), &b, &said))
		fail_msg(
		    "printed text is refused: %s\n%s", blob_cstr(&said), blob_cstr(&first));
	assert_true(conf_print(&b, plain_seal, NULL, &second, NULL));
	assert_string_equal(blob_cstr(&first), blob_cstr(&second));
	assert_int_equal(a.server_count, b.server_count);
	assert_int_equal(a.trustpoint_count, b.trustpoint_count);
	assert_string_equal(a.hostname, b.hostname);
	assert_string_equal(a.http_address, b.http_address);
	assert_true(a.http_port == b.http_port && a.http_server == b.http_server &&
		    a.calendar_valid == b.calendar_valid);
	for (size_t i = 0; i < a.server_count; i++) {
		struct conf_server x = a.server[i], y = b.server[i];

		x.kept = y.kept = (struct blob){0};
		x.line = y.line = 0;
		x.rollover_at = y.rollover_at = (struct conf_place){0};
		assert_memory_equal(&x, &y, sizeof(x));
	}
	for (size_t i = 0; i < a.trustpoint_count; i++) {
		struct conf_trustpoint x = a.trustpoint[i], y = b.trustpoint[i];

		x.kept = y.kept = (struct blob){0};
		x.line = y.line = 0;
		x.renewal_at = y.renewal_at = (struct conf_place){0};
		assert_memory_equal(&x, &y, sizeof(x));
	}
	assert_true(conf_seal_kept(&a, plain_seal, NULL, NULL));
	blob_clear(&second);
	assert_true(conf_print(&a, plain_seal, NULL, &second, NULL));
	assert_string_equal(blob_cstr(&first), blob_cstr(&second));
	conf_pack(&b);
	blob_clear(&second);
	assert_true(conf_print(&b, plain_seal, NULL, &second, NULL));
	assert_string_equal(blob_cstr(&first), blob_cstr(&second));
	conf_free(&a);
	conf_free(&b);
	blob_free(&first);
	blob_free(&second);
	blob_free(&said);
}

static void
text_is_canonical(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"", "end\n"},
	    {"hostname keymuster\nip http port 80", "end\n"},
	    {"crypto pki server ROOTCA\n  database level complete\n  database archive pkcs12 "
	     "password 7 01100F175804575D72\n"
	     "  issuer-name CN=RootCA,OU=TAC,O=Cisco\n  grant auto\n  lifetime certificate "
	     "365\n"
	     "  lifetime ca-certificate 730\n  database url ftp://10.1.1.1/DB/ROOTCA/\n  "
	     "auto-rollover 90\n",
		"crypto pki server ROOTCA\n database level complete\n database url "
		"ftp://10.1.1.1/DB/ROOTCA/\n"
		" database archive pkcs12 password 6 GDGJHDGDGPDBDCDD\n issuer-name "
		"CN=RootCA,OU=TAC,O=Cisco\n grant auto\n"
		" lifetime ca-certificate 730\n auto-rollover 90\n!\nend\n"},
	    {"no ip http server\ncrypto pki server A\n no shutdown\n",
		"crypto pki server A\n!\nno ip http server\nend\n"},
	    {"ip http server 8080\nip http listen 127.0.0.1\nclock calendar-valid\n",
		"clock calendar-valid\nip http server\nip http listen 127.0.0.1\nip http port "
		"8080\nend\n"},
	    {"crypto pki server A\n crl overlap 0 5\n lifetime certificate 1 0 1\n compat "
	     "legacy\n compat ancient cn=x y\n"
	     " ra rsakeypair R\n eku ssh-server server-auth\n rsakeypair A 4096\n grant auto "
	     "no-replace\n "
	     "auto-rollover\n",
		"crypto pki server A\n rsakeypair A 4096\n ra rsakeypair R 2048\n grant auto "
		"no-replace\n lifetime "
		"certificate 1 0 1\n"
		" crl overlap 0 5\n eku server-auth ssh-server\n auto-rollover 30\n compat "
		"legacy\n compat ancient cn=x y\n!\n"
		"end\n"},
	    {"crypto pki server A\n profile b challenge password 0 cisco\n profile a chain\n"
	     " profile c\n profile b challenge url https://b/\n challenge password 7 "
	     "0822455D0A16\n challenge url https://a/\n profile a challenge url https://x/\n",
		"crypto pki server A\n challenge url https://a/\n challenge password 6 "
		"GDGJHDGDGP\n profile b challenge url https://b/\n profile b challenge "
		"password 6 GDGJHDGDGP\n profile a chain\n profile a challenge url https://x/\n"
		" profile c\n!\nend\n"},
	    {"crypto pki server A\n grant late 30 auto\n auto-rollover 90 0 30 overlap 1 2\n"
	     "crypto pki server B\n auto-rollover overlap 7\n grant late 1\n grant auto\n",
		"crypto pki server A\n grant late 30 auto\n auto-rollover 90 0 30 overlap 1 2\n"
		"!\ncrypto pki server B\n grant auto\n grant late 1\n auto-rollover 30 overlap "
		"7\n!\nend\n"},
	    {"crypto pki trustpoint Root-CA\n  enrollment url http://172.16.1.1:80\n"
	     "  serial-number\n  ip-address none\n  password 0 Rev0cati0n$Passw0rd\n"
	     "  subject-name CN=spoke-1.cisco.com,OU=CVO\n  revocation-check crl\n"
	     "  rsakeypair spoke-1-RSA\n  auto-enroll 80\n",
		"crypto pki trustpoint Root-CA\n enrollment url http://172.16.1.1:80\n"
		" auto-enroll 80\n rsakeypair spoke-1-RSA 2048\n subject-name "
		"CN=spoke-1.cisco.com,OU=CVO\n ip-address none\n serial-number\n password 6 "
		"FCGFHGDAGDGBHEGJDAGOCEFAGBHDHDHHDAHCGE\n!\nend\n"},
	    {"crypto ca trustpoint T\n fingerprint cc:74:85:44 a0ab7832-935d8cd0.214a152e\n"
	     " enrollment retry count 5\n enrollment retry period 60\n vrf V\n"
	     " auto-enroll spread 90\n revocation-check ocsp none\n fqdn none\n"
	     " auto-enroll 75 regenerate\n scepencrypt aes256\n hash sha512\n regenerate\n"
	     " enrollment http-proxy p.example 3128\n eku request client-auth\n"
	     " export-format haproxy pem\n hook /etc/hook a\n require SCEPStandard\n"
	     " compat ios-stop-on-reject\n compat outer-next-ca\n compat ancient\n "
	     "serial-number "
	     "none\n"
	     "crypto pki trustpoint S\n auto-enroll shadow-only\n"
	     "crypto pki trustpoint T\n subject-alt-name a b\n no hook\n",
		"crypto pki trustpoint T\n enrollment http-proxy p.example 3128\n enrollment "
		"retry count 5\n enrollment retry period 60\n auto-enroll 75 regenerate\n "
		"auto-enroll spread 90\n regenerate\n subject-alt-name a b\n fqdn none\n "
		"fingerprint CC748544A0AB7832935D8CD0214A152E\n hash sha512\n scepencrypt "
		"aes256\n revocation-check ocsp none\n eku request client-auth\n "
		"export-format pem haproxy\n require scepstandard\n compat "
		"ios-stop-on-reject\n compat outer-next-ca\n compat ancient\n vrf V\n!\ncrypto "
		"pki "
		"trustpoint S\n auto-enroll 90\n auto-enroll shadow-only\n!\nend\n"},
	    /* of a server it is in the database, wherever it stands */
	    {"crypto pki certificate chain A\n certificate ca 01\n  3082 FFFF\n  quit\n!\n"
	     "crypto ca certificate chain B\n certificate ca 01\n  3082 FFFF\n  quit\n!\n"
	     "crypto pki server A\n grant auto\n!\ncrypto pki certificate chain A\n "
	     "certificate ca rollover 02\n  3082\n  quit\ninterface Gi0\n mtu 1500\n",
		"crypto pki server A\n grant auto\n!\ninterface Gi0\n mtu 1500\ncrypto ca "
		"certificate chain B\n certificate ca 01\n  3082 FFFF\n  quit\nend\n"},
	    {"interface Gi0\n ip address 1.1.1.1\nip domain name x\n!\ncrypto pki server A\n "
	     "redundancy\n",
		"crypto pki server A\n redundancy\n!\ninterface Gi0\n ip address 1.1.1.1\nip "
		"domain name x\nend\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0};

		print_text(view_str(cases[i].in), &out);
		assert_string_equal(blob_cstr(&out), cases[i].out);
		blob_free(&out);
		check_round_trip(view_str(cases[i].in));
	}
}

/* Neither clear nor type 7 is ever printed, not of kept lines either. */
static void
passwords_are_printed_sealed(void **state)
{
	static const struct {
		const char *in, *has;
	} cases[] = {
	    {"crypto pki server A\n database archive pem password 0 Rev0c$t\n",
		" password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki server A\n challenge url https://x/\n challenge password 0 Rev0c$t\n",
		" challenge password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki server A\n profile p challenge url https://x/\n profile p challenge "
	     "password Rev0c$t\n",
		" profile p challenge password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki server A\n database username joe password 0 Rev0c$t\n",
		" password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki server A\n database username joe password Rev0c$t\n",
		" password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki trustpoint T\n  password 0 Rev0c$t\n",
		"\n password 6 FCGFHGDAGDCEHE\n"},
	    {"crypto pki trustpoint T\n  password Rev0c$t\n", "\n password 6 FCGFHGDAGDCEHE\n"},
	    {"line vty 0 4\n password 7 0822455D0A16\n", "\n password 6 GDGJHDGDGP\n"},
	    {"username joe privilege 15 password 7 0822455D0A16\n",
		"15 password 6 GDGJHDGDGP\n"},
	    {"password encryption aes\nkey config-key password-encrypt\n",
		"password encryption aes\n"},
	    {"crypto pki trustpoint T\n  password 6 GDGJ\n", "\n password 6 GDGJ\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0}, said = {0};
		struct err e = {0};
		struct conf c;

		print_text(view_str(cases[i].in), &out);
		if (strstr(blob_cstr(&out), cases[i].has) == NULL)
			fail_msg("%s\nprints\n%s", cases[i].in, blob_cstr(&out));
		assert_null(strstr(blob_cstr(&out), "Rev0c"));
		assert_null(strstr(blob_cstr(&out), "0822455D0A16"));
		check_round_trip(view_str(cases[i].in));
		if (i <
		    9) { /* without a sealing key nothing is printed rather than the password */
			blob_clear(&out);
			assert_true(parse_text(cases[i].in, &c, &said));
			assert_false(conf_print(&c, NULL, NULL, &out, &e));
			assert_null(strstr(blob_cstr(&out), "Rev0c"));
			conf_free(&c);
		}
		blob_free(&out);
		blob_free(&said);
	}
}

/* ---- random configurations from the table ---- */

static uint64_t seed;

static size_t
below(size_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(seed >> 33) % n;
}

static void
add_step(const struct path *p, size_t i, struct blob *out)
{
	static const char *const lines[] = {"http://ca/x?a=b", "CN=spoke-*", "a  b", "7up"};
	static const char *const prints[] = {"CC748544 A0AB7832 935D8CD0 214A152E",
	    "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99"};
	static const char *const names[] = {
	    "CN=RootCA,OU=TAC,O=Cisco", "CN=a+SERIALNUMBER=1, C=DE", "CN=\"a,b\""};
	const struct step *s = &p->step[i];
	struct view word = {0};
	int k = 0;

	blob_add_byte(out, ' ');
	switch (s->kind) {
	case STEP_WORD:
		while (choice_word(s->text, k + 1, &word))
			k++;
		if (choice_word(s->text, (int)below((size_t)k + 1), &word))
			blob_add_view(out, word);
		break;
	case STEP_NUMBER:
		if (s->bind == 'e')
			blob_add_byte(out, '0');
		else
			blob_printf(out, "%lld",
			    (long long)(below(4) == 0 ? s->most
						      : s->least + (int64_t)below(50) %
								       (s->most - s->least)));
		break;
	case STEP_NAME:
		blob_printf(out, "n%zu.x-_", below(s->bind == 'k' ? 12 : 1000));
		break;
	case STEP_SERIAL:
		blob_add_str(out, "0x1f");
		break;
	case STEP_ADDRESS:
		blob_add_str(out, below(2) ? "127.0.0.1" : "2001:db8::1");
		break;
	case STEP_URL:
		blob_printf(out, "%s://10.1.1.%zu/DB/",
		    p->row->type == T_HOOK || p->row->type == T_PROFILE ? "https" : "ftp",
		    below(256));
		break;
	case STEP_LINE:
		blob_add_str(out, p->row->type == T_DN ? names[below(COUNT_OF(names))]
				  : p->row->type == T_FINGERPRINT
				      ? prints[below(COUNT_OF(prints))]
				  : p->row->type == T_PATH ? "/usr/lib/hook"
							   : lines[below(COUNT_OF(lines))]);
		break;
	}
}

static void
add_random_line(enum mode mode, struct blob *out)
{
	size_t first = 0, count = 0, chosen;
	const struct path *p;

	for (size_t i = 0; (p = path_of(i)) != NULL; i++) {
		if (p->row->mode == mode && count++ == 0)
			first = i;
	}
	chosen = first + below(count);
	p = path_of(chosen);
	if (p->row->type == T_REFUSED || p->row->type == T_SERVER || p->row->type == T_CHAIN ||
	    p->row->type == T_TRUSTPOINT)
		return;
	if (mode != MODE_CONFIG)
		blob_add_byte(out, ' ');
	if (below(12) == 0)
		blob_add_str(out, "no");
	for (size_t i = 0; i < p->count; i++)
		add_step(p, i, out);
	blob_add_byte(out, '\n');
}

static void
random_configurations_come_back(void **state)
{
	size_t accepted = 0, refused = 0;

	(void)state;
	seed = (uint64_t)strtoull(
	    getenv("KEYMUSTER_SEED") != NULL ? getenv("KEYMUSTER_SEED") : "1", NULL, 10);
	print_message("# seed %llu\n", (unsigned long long)seed);
	while (accepted < 2000) {
		struct blob text = {0}, said = {0};
		size_t servers = below(4);
		struct conf c;

		for (size_t n = below(6); n > 0; n--)
			add_random_line(MODE_CONFIG, &text);
		for (size_t i = 0; i < servers; i++) {
			blob_printf(&text, "crypto pki server S%zu\n", i);
			for (size_t n = below(12); n > 0; n--)
				add_random_line(MODE_SERVER, &text);
		}
		for (size_t i = below(4); i > 0; i--) {
			blob_printf(&text, "crypto pki trustpoint T%zu\n", i);
			for (size_t n = below(12); n > 0; n--)
				add_random_line(MODE_TRUSTPOINT, &text);
		}
		if (parse_view(blob_view(&text), &c, &said)) {
			conf_free(&c);
			check_round_trip(blob_view(&text));
			accepted++;
		} else {
			/* only for what the table cannot say */
			if (strstr(blob_cstr(&said), "a lifetime of 0") == NULL &&
			    strstr(blob_cstr(&said), "forge") == NULL &&
			    strstr(blob_cstr(&said), "'auto-rollover' is not shorter") ==
				NULL &&
			    strstr(blob_cstr(&said), "the overlap is longer") == NULL &&
			    strstr(blob_cstr(&said), "leaves nobody time") == NULL &&
			    strstr(blob_cstr(&said), "needs 'compat ancient', expected") ==
				NULL &&
			    strstr(blob_cstr(&said), "cannot open SCEP envelopes") == NULL &&
			    strstr(blob_cstr(&said), "a CA has one key") == NULL &&
			    strstr(blob_cstr(&said), "the label of the CA's key") == NULL &&
			    strstr(blob_cstr(&said), "'challenge url' says") == NULL &&
			    strstr(blob_cstr(&said), "a name of its own") == NULL &&
			    strstr(blob_cstr(&said), "shares the key") == NULL &&
			    strstr(blob_cstr(&said), "ocsp-signing' would") == NULL)
				fail_msg("%s\n%s", blob_cstr(&said), blob_cstr(&text));
			refused++;
		}
		blob_free(&text);
		blob_free(&said);
	}
	print_message("# %zu accepted, %zu refused\n", accepted, refused);
	assert_true(refused < accepted);
}

static void
corpus_comes_back(void **state)
{
	static const char *const texts[] = {
	    "banner motd ^C\nline\n ^C tail\ninterface x\n",
	    "banner motd X\nnever ended\n",
	    "banner m 0 4\n password 7 0822455D0A16\nend\n",
	    "banner motd 0\n password 7 0822455D0A16\nhostname x\n",
	    "banner motd ^C\n password 0 clear\n^C\n password 0 clear\n",
	    "crypto pki certificate chain A\n certificate ca 01\n  3082 FFFF\n quit\n "
	    "certificate 02\nAA\nquit\nhostname x\n",
	    "crypto pki certificate chain A\n certificate ca 01\n  3082",
	    "crypto pki trustpoint A\nenrollment url http://x\n vrf junk\nhostname y\n",
	    "crypto pki server A\n redundancy\n database url crl http://x\n mode ra\ncrypto "
	    "pki server B\n redundancy\n",
	    "router bgp 1\n neighbor 1.1.1.1 password 7 0822455D0A16\n address-family ipv4\n  "
	    "exit-address-family\n exit\n!\nend\n",
	    "ip domain name x\n odd\n hostname z\nfoo\n",
	    "crypto pki certificate map M 1\n subject-name co x\ncrypto key pubkey-chain rsa\n "
	    "named-key x\n",
	    "no ip http server\nno ip domain lookup\nno service pad\ndefault interface x\n",
	    "interface a\n\tdescription \x01\xff\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		check_round_trip(view_str(texts[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_canonical),
	    cmocka_unit_test(passwords_are_printed_sealed),
	    cmocka_unit_test(corpus_comes_back),
	    cmocka_unit_test(random_configurations_come_back),
	};

	return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
