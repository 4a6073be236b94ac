/* test_grammar.c - tests of the table, of matching and of what is generated. */
#include "conf_text.h"

#include "conf/grammar.h"

/* Every row has a line that it takes and one that it does not: a row without examples fails. */
static const struct {
	const char *syntax, *good, *bad;
} examples[] = {
    {"hostname NAME$x", "hostname R1.example", "hostname"},
    {"crypto pki key-group NAME$x", "crypto pki key-group ssl-cert", "key-group"},
    {"clock calendar-valid", "clock calendar-valid", "clock calendar-valid now"},
    {"crypto pki server NAME$x", "crypto pki server ROOTCA", "crypto pki server ../x"},
    {"ip http server [<1-65535>$p]", "ip http server 8080", "ip http server 0"},
    {"ip http listen ADDRESS$x [<1-65535>$p]", "ip http listen ::1 8080",
	"ip http listen 300.1.1.1"},
    {"ip http port <1-65535>$p", "ip http port 8080", "ip http port 65536"},
    {"crypto pki trustpoint NAME$x", "crypto pki trustpoint Root-CA", "crypto pki trustpoint"},
    {"crypto ca trustpoint NAME$x", "crypto ca trustpoint Root-CA", "crypto ca trustpoint a b"},
    {"crypto pki certificate chain NAME$x", "crypto pki certificate chain A",
	"crypto pki certificate chain"},
    {"crypto ca certificate chain NAME$x", "crypto ca certificate chain A",
	"crypto ca certificate A"},
    {"crypto pki certificate map LINE$x", "crypto pki certificate map M 10",
	"crypto pki certificate map"},
    {"crypto pki profile LINE$x", "crypto pki profile enrollment P", "crypto pki profile"},
    {"crypto pki {trustpool|token|crl} [LINE$x]", "crypto pki trustpool policy",
	"crypto pki pool"},
    {"crypto key LINE$x", "crypto key generate rsa", "crypto key"},
    {"ip http "
     "{secure-server|secure-port|secure-trustpoint|secure-ciphersuite|secure-client-auth} "
     "[LINE$x]",
	"ip http secure-server", "ip http secure"},
    {"ip http "
     "{authentication|access-class|client|max-connections|path|timeout-policy|active-session-"
     "modules|"
     "secure-active-session-modules|session-idle-timeout|help-path|tls-version|digest} "
     "[LINE$x]",
	"ip http authentication local", "ip http auth local"},
    {"ip {domain|domain-name|domain-lookup|name-server} [LINE$x]", "ip domain name example.net",
	"ip address 1.1.1.1"},
    {"clock {timezone|summer-time|save} [LINE$x]", "clock timezone CET 1 0", "clock set 1"},
    {"{ntp|sntp} LINE$x", "ntp server 10.0.0.1", "ntp"},
    {"service LINE$x", "service timestamps log datetime msec", "service"},
    {"logging LINE$x", "logging buffered 4096", "logging"},
    {"version LINE$x", "version 15.2", "version"},

    {"serial-number <0-9223372036854775807>$n", "serial-number 9223372036854775807",
	"serial-number 9223372036854775808"},
    {"serial {random|sequential}$c", "serial sequential", "serial seq"},
    {"database level {minimum|names|complete|minimal}$c", "database level minimal",
	"database level full"},
    {"database url URL$x", "database url ftp://10.1.1.1/DB/ROOTCA/", "database url here"},
    {"database url p12 URL$x [username NAME$u [password [<0-9>$e] LINE$y]]",
	"database url p12 ftps://10.1.1.1/ username joe password 0 x", "database url p12 joe"},
    {"database url crl URL$x [username NAME$u [password [<0-9>$e] LINE$y]]",
	"database url crl ftp://10.1.1.1/ username joe", "database url crl"},
    {"database url crl publish URL$x [username NAME$u [password [<0-9>$e] LINE$y]]",
	"database url crl publish https://10.1.1.1/", "database url crl publish"},
    {"database url {cnm|crt|pem|ser} LINE$x", "database url crt publish ftp://10.1.1.1/",
	"database url crt"},
    {"database username NAME$u [password [<0-9>$e] LINE$y]",
	"database username joe password 0 x", "database username joe secret x"},
    {"database archive {pkcs12|pem}$c [password [<0-9>$e] LINE$x]",
	"database archive pkcs12 password 7 01100F175804575D72",
	"database archive pkcs12 password"},
    {"issuer-name LINE$x", "issuer-name CN=RootCA,OU=TAC,O=Cisco", "issuer-name"},
    {"rsakeypair NAME$x [<1024-8192>$b]", "rsakeypair K 4096", "rsakeypair K 10000"},
    {"eckeypair NAME$x [{256|384|521}$b]", "eckeypair K 384", "eckeypair K 255"},
    {"ra rsakeypair NAME$x [<2048-8192>$b]", "ra rsakeypair K", "ra K"},
    {"hash {sha256|sha384|sha512|md5|sha1}$c", "hash sha512", "hash sha3"},
    {"grant {manual|auto|none}$c", "grant auto", "grant"},
    {"grant auto no-replace", "grant auto no-replace", "grant auto replace"},
    {"grant auto trustpoint NAME$x", "grant auto trustpoint T", "grant auto trustpoint"},
    {"grant manual all", "grant manual all", "grant manual some"},
    {"grant adopt {auto|manual}$c", "grant adopt manual", "grant adopt none"},
    {"grant late <1-365>$d [{auto}$a]", "grant late 30 auto", "grant late 30 manual"},
    {"grant ra-auto", "grant ra-auto", "grant ra-auto x"},
    {"grant auto {rollover|tp-list} LINE$x", "grant auto rollover ca-cert",
	"grant auto rollover"},
    {"lifetime crl <0-336>$h [<0-59>$m]", "lifetime crl 6 30", "lifetime crl 337"},
    {"lifetime certificate <0-7305>$d [<0-23>$h [<0-59>$m]]", "lifetime certificate 1 23 59",
	"lifetime certificate 7306"},
    {"lifetime ca-certificate <0-7305>$d [<0-23>$h [<0-59>$m]]", "lifetime ca-certificate 730",
	"lifetime ca-certificate 1 24"},
    {"lifetime enrollment-request <0-1000>$h [<0-59>$m]", "lifetime enrollment-request 1000 1",
	"lifetime enrollment-request -1"},
    {"crl overlap <0-336>$h [<0-59>$m]", "crl overlap 0 30", "crl overlap x"},
    {"cdp-url LINE$x", "cdp-url http://ca/cgi-bin/pkiclient.exe?operation=GetCRL", "cdp-url"},
    {"eku "
     "(server-auth|client-auth|code-signing|email-protection|ipsec-end-system|ipsec-tunnel|"
     "ipsec-user|time-stamping|"
     "ocsp-signing|ssh-client|ssh-server)$c",
	"eku server-auth client-auth ssh-server", "eku server-auth web"},
    {"challenge url URL$x", "challenge url https://mdm.example/scep", "challenge url here"},
    {"challenge password [<0-9>$e] LINE$x", "challenge password 0 x", "challenge password"},
    {"profile NAME$k", "profile mdm", "profile a/b"},
    {"profile NAME$k chain", "profile mdm chain", "profile mdm chains"},
    {"profile NAME$k challenge url URL$x", "profile mdm challenge url https://x/",
	"profile mdm challenge url x"},
    {"profile NAME$k challenge password [<0-9>$e] LINE$x", "profile mdm challenge password x",
	"profile mdm challenge password"},
    {"auto-rollover [<0-1825>$d [<0-23>$h [<0-59>$m]]] "
     "[overlap <0-1825>$D [<0-23>$H [<0-59>$M]]]",
	"auto-rollover 90 0 30 overlap 1 2 3", "auto-rollover 90 overlap"},
    {"lifetime shadow {full|balance}$c", "lifetime shadow balance", "lifetime shadow half"},
    {"compat hide-next-ca", "compat hide-next-ca", "compat hide-next-ca x"},
    {"compat shadow-reply {next|active}$c", "compat shadow-reply active",
	"compat shadow-reply old"},
    {"compat legacy [LINE$x]", "compat legacy CN=spoke-*", "compat legaci"},
    {"compat ancient [LINE$x]", "compat ancient", "compat"},
    {"mode {ra|sub-cs} [transparent]", "mode ra transparent", "mode root"},
    {"redundancy", "redundancy", "redundancy x"},
    {"shutdown", "shutdown", "shutdown now"},

    {"enrollment url URL$x", "enrollment url http://172.16.1.1:80",
	"enrollment url 172.16.1.1"},
    {"enrollment http-proxy NAME$x <1-65535>$p", "enrollment http-proxy proxy.example 3128",
	"enrollment http-proxy proxy.example"},
    {"enrollment retry count <1-999>$n", "enrollment retry count 10",
	"enrollment retry count 1000"},
    {"enrollment retry period <1-60>$m", "enrollment retry period 60",
	"enrollment retry period 0"},
    {"enrollment mode ra", "enrollment mode ra", "enrollment mode ca"},
    {"enrollment terminal [pem$c]", "enrollment terminal pem", "enrollment terminal der"},
    {"enrollment {selfsigned|pkcs12|profile|command} [LINE$x]", "enrollment profile P",
	"enrollment by-hand"},
    {"auto-enroll [<1-100>$n] [regenerate$r]", "auto-enroll 80 regenerate",
	"auto-enroll regenerate 80"},
    {"auto-enroll shadow-only", "auto-enroll shadow-only", "auto-enroll shadow"},
    {"auto-enroll spread <0-525600>$m", "auto-enroll spread 60", "auto-enroll spread"},
    {"regenerate", "regenerate", "regenerate key"},
    {"rsakeypair NAME$x [<1024-8192>$b [<512-8192>]]", "rsakeypair K 2048 2048",
	"rsakeypair K 512"},
    {"eckeypair NAME$x", "eckeypair K", "eckeypair"},
    {"subject-name LINE$x", "subject-name CN=spoke-1.cisco.com,OU=CVO", "subject-name"},
    {"subject-alt-name LINE$x", "subject-alt-name a.example", "subject-alt-name"},
    {"fqdn NAME$x", "fqdn none", "fqdn a b"},
    {"ip-address {none$x|ADDRESS$x}", "ip-address 192.0.2.1", "ip-address"},
    {"ip-address LINE$x", "ip-address GigabitEthernet0/0", "ip-address"},
    {"serial-number [none$c]", "serial-number none", "serial-number 7"},
    {"password [<0-9>$e] LINE$x", "password 0 Rev0cati0n$Passw0rd", "password"},
    {"fingerprint LINE$x", "fingerprint CC748544 A0AB7832 935D8CD0 214A152E", "fingerprint"},
    {"scepencrypt {auto|aes128|aes192|aes256|des_ede3}$c", "scepencrypt aes256",
	"scepencrypt des"},
    {"revocation-check (crl|ocsp|none)$c", "revocation-check crl none",
	"revocation-check never"},
    {"eku request "
     "(server-auth|client-auth|code-signing|email-protection|ipsec-end-system|ipsec-tunnel|"
     "ipsec-user|time-stamping|ocsp-signing|ssh-client|ssh-server)$c",
	"eku request client-auth", "eku request"},
    {"export-format (pem|pkcs12|haproxy)$c", "export-format pkcs12 haproxy",
	"export-format jks"},
    {"hook LINE$x", "hook /usr/lib/keymuster/nginx", "hook"},
    {"verify-command LINE$x", "verify-command /usr/local/bin/tunnel-is-up", "verify-command"},
    {"require scepstandard", "require SCEPStandard", "require"},
    {"compat ios-stop-on-reject", "compat ios-stop-on-reject", "compat ios"},
    {"compat outer-next-ca", "compat outer-next-ca", "compat outer"},
    {"compat ancient", "compat ancient", "compat ancient CN=x"},
    {"crl query URL$x", "crl query ldap://x", "crl query x"},
    {"crl cache {none$n|{delete-after|extend}$c <1-43200>$m}", "crl cache extend 1440",
	"crl cache delete-after 43201"},
    {"crl {best-effort|optional} [LINE$x]", "crl best-effort", "crl overlap 6"},
    {"source interface NAME$x", "source interface eth0.100", "source interface"},
    {"source interface LINE$x", "source interface GigabitEthernet0/0", "source"},
    {"usage LINE$x", "usage ike", "usage"},
    {"ca-check-strict", "ca-check-strict", "ca-check"},
    {"{chain-validation|match|ocsp|authorization} [LINE$x]", "match certificate M", "matches"},
    {"{vrf|storage|on|primary|redundancy} [LINE$x]", "storage nvram:", "store nvram:"},
    {"{disable-scep|auto-trigger|query|root} [LINE$x]", "disable-scep", "scep"},

    {"show crypto pki server [NAME$s]", "show crypto pki server A json",
	"show crypto pki server A B"},
    {"show crypto pki server NAME$s requests", "show crypto pki server A requests",
	"show crypto pki server A request x"},
    {"show crypto pki server NAME$s certificates",
	"show crypto pki server A certificates | count R1",
	"show crypto pki server A certificates | R1"},
    {"show crypto pki server NAME$s crl", "show crypto pki server A crl",
	"show crypto pki server A crl 1"},
    {"show crypto pki server NAME$s audit", "show crypto pki server A audit json",
	"show crypto pki server audit json x"},
    {"show crypto pki certificates [verbose$v] [NAME$s]",
	"show crypto pki certificates verbose", "show crypto pki certificates a b"},
    {"show crypto pki trustpoints [NAME$s] [status$d]", "show crypto pki trustpoints T status",
	"show crypto pki trustpoints T all"},
    {"show crypto pki crls", "show crypto pki crls", "show crypto pki crls T"},
    {"show crypto pki counters", "show crypto pki counters", "show crypto pki counters T"},
    {"show crypto pki timers [detail$d]", "show crypto pki timers detail json",
	"show crypto pki timers json detail"},
    {"show crypto key mypubkey rsa", "show crypto key mypubkey rsa",
	"show crypto key mypubkey ec"},
    {"show running-config", "show running-config | section crypto",
	"show running-config section"},
    {"show clock", "show clock json", "show clock detail"},
    {"crypto pki server NAME$s grant {all$a|<1-2147483647>$q}", "crypto pki server A grant all",
	"crypto pki server A grant 0"},
    {"crypto pki server NAME$s reject {all$a|<1-2147483647>$q}", "crypto pki server A reject 7",
	"crypto pki server A reject"},
    {"crypto pki server NAME$s remove {all$a|<1-2147483647>$q}",
	"crypto pki server A remove 2147483647", "crypto pki server A remove 2147483648"},
    {"crypto pki server NAME$s revoke SERIAL$w "
     "[{unspecified|key-compromise|ca-compromise|affiliation-changed|superseded|"
     "cessation-of-operation}$r]",
	"crypto pki server A revoke 0x1F superseded", "crypto pki server A revoke 1G"},
    {"crypto pki server NAME$s password generate [<1-43200>$t]",
	"crypto pki server A password generate 60", "crypto pki server A password generate 0"},
    {"crypto pki server NAME$s rollover", "crypto pki server A rollover",
	"crypto pki server A rollover now"},
    {"crypto pki server NAME$s rollover cancel [{force}$a]",
	"crypto pki server A rollover cancel force", "crypto pki server A rollover cancel now"},
    {"crypto pki authenticate NAME$s [fingerprint LINE$F]", "crypto pki authenticate T",
	"crypto pki authenticate T fingerprint"},
    {"crypto pki enroll NAME$s", "crypto pki enroll T", "crypto pki enroll T now"},
    {"crypto pki export NAME$s pem {terminal|url NAME$P}", "crypto pki export T pem url t",
	"crypto pki export T pem url /t"},
    {"crypto pki export NAME$s pkcs12$k NAME$P [password LINE$y]",
	"crypto pki export T pkcs12 t", "crypto pki export T pkcs12 /t"},
    {"crypto pki import NAME$s pkcs12$k NAME$P [password LINE$y]",
	"crypto pki import T pkcs12 t password x", "crypto pki import T pkcs12"},
    {"crypto pki import NAME$s pem url NAME$P [password LINE$y]",
	"crypto pki import T pem url t", "crypto pki import T pem terminal"},
    {"crypto pki import NAME$s certificate", "crypto pki import T certificate",
	"crypto pki import T certificate now"},
    {"crypto pki crl request NAME$s", "crypto pki crl request T", "crypto pki crl T"},
    {"crypto pki certificate validate NAME$s", "crypto pki certificate validate T",
	"crypto pki certificate T"},
    {"no crypto pki trustpoint NAME$s [force$a]", "no crypto pki trustpoint T force",
	"no crypto pki trustpoint"},
    {"clock calendar-valid", "clock calendar-valid", "clock"},
    {"no clock calendar-valid", "no clock calendar-valid", "no clock"},
    {"terminal exec prompt timestamp", "terminal exec prompt timestamp",
	"terminal exec prompt"},
    {"terminal no exec prompt timestamp", "terminal no exec prompt timestamp",
	"no terminal exec prompt timestamp"},
    {"write [memory]", "write memory", "write terminal"},
    {"copy running-config startup-config", "copy running-config startup-config",
	"copy startup-config running-config"},
    {"configure terminal", "configure terminal", "configure network"},
    {"configure memory", "configure memory", "configure"},
};

static void
check_example(const struct row *row, const char *good, const char *bad)
{
	unsigned how = row->mode == MODE_EXEC ? MATCH_ABBREVIATED : MATCH_EXACT;
	struct match m;

	match_line(row->mode, view_str(good), 0, how, &m);
	if (m.outcome != MATCH_OK || m.path->row != row)
		fail_msg("'%s' does not take '%s'", row->syntax, good);
	match_line(row->mode, view_str(bad), 0, how, &m);
	if (m.outcome == MATCH_OK && m.path->row == row)
		fail_msg("'%s' takes '%s'", row->syntax, bad);
}

static void
every_row_has_examples(void **state)
{
	size_t missing = 0;

	(void)state;
	for (size_t i = 0; i < grammar_count; i++) {
		size_t found = 0;

		for (size_t k = 0; k < COUNT_OF(examples); k++) {
			if (strcmp(examples[k].syntax, grammar[i].syntax) != 0)
				continue;
			found++;
			check_example(&grammar[i], examples[k].good, examples[k].bad);
		}
		if (found == 0) {
			print_message("no examples: %s\n", grammar[i].syntax);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

static void
every_example_has_a_row(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT_OF(examples); k++) {
		size_t found = 0;

		for (size_t i = 0; i < grammar_count; i++)
			found += strcmp(examples[k].syntax, grammar[i].syntax) == 0;
		if (found == 0)
			fail_msg("no row: %s", examples[k].syntax);
	}
}

/* Wrong lines of our blocks stop the file; lines of the top that are ours do so too. */
static void
bad_examples_are_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < grammar_count; i++)
		for (size_t k = 0; k < COUNT_OF(examples); k++) {
			struct blob text = {0}, said = {0};
			struct conf c;

			bool server = grammar[i].mode == MODE_SERVER;

			if ((!server && grammar[i].mode != MODE_TRUSTPOINT) ||
			    strcmp(examples[k].syntax, grammar[i].syntax) != 0)
				continue;
			blob_printf(&text, "crypto pki %s A\n %s\n",
			    server ? "server" : "trustpoint", examples[k].bad);
			if (parse_text(blob_cstr(&text), &c, &said))
				fail_msg("accepted: %s", examples[k].bad);
			assert_memory_equal(said.p, "E f:2:", 6);
			blob_clear(&text);
			blob_clear(&said);
			/* an EC key needs the RA */
			blob_printf(&text, "crypto pki %s A\n%s %s\n",
			    server ? "server" : "trustpoint",
			    server ? " ra rsakeypair R\n" : "", examples[k].good);
			if (grammar[i].type == T_REFUSED) {
				assert_false(parse_text(blob_cstr(&text), &c, &said));
			} else {
				if (!parse_text(blob_cstr(&text), &c, &said))
					fail_msg("%s: %s", examples[k].good, blob_cstr(&said));
				conf_free(&c);
			}
			blob_free(&text);
			blob_free(&said);
		}
}

static void
need_help(void *arg, const struct path *p, struct view text, char bind)
{
	size_t *missing = arg;
	const char letter[] = {'$', bind, '\0'};

	(void)p;
	if (grammar_help((struct view){0}, bind == 0 ? text : view_str(letter)) == NULL) {
		print_message("no help: %.*s %c in %s\n", (int)text.n, (const char *)text.p,
		    bind, p->row->syntax);
		++*missing;
	}
}

static void
every_word_has_help(void **state)
{
	size_t missing = 0;
	struct match m;

	(void)state;
	match_line(MODE_EXEC, VIEW(""), 0, MATCH_EXACT, &m); /* fills the paths */
	for (size_t i = 0; path_of(i) != NULL; i++) {
		m.live[0] = (uint16_t)i;
		m.live_count = 1;
		for (m.position = 0; m.position < path_of(i)->count; m.position++)
			match_next(&m, need_help, &missing);
		assert_true(path_of(i)->count < STEP_MAX);
		assert_non_null(path_of(i)->row->help);
		assert_true(i < PATH_MAX); /* of all modes together: one mode has fewer */
	}
	assert_int_equal(missing, 0);
}

static void
abbreviations_only_where_people_type(void **state)
{
	struct match m;

	(void)state;
	match_line(MODE_SERVER, VIEW("datab lev comp"), 0, MATCH_EXACT, &m);
	assert_int_equal(m.outcome, MATCH_UNKNOWN);
	match_line(MODE_SERVER, VIEW("datab lev comp"), 0, MATCH_ABBREVIATED, &m);
	assert_int_equal(m.outcome, MATCH_OK);
	match_line(MODE_SERVER, VIEW("DATABASE Level complete"), 0, MATCH_EXACT, &m);
	assert_int_equal(m.outcome, MATCH_OK);
	match_line(MODE_SERVER, VIEW("serial random"), 0, MATCH_ABBREVIATED,
	    &m); /* not ambiguous: a word in full */
	assert_int_equal(m.outcome, MATCH_OK);
	match_line(MODE_SERVER, VIEW("seri random"), 0, MATCH_ABBREVIATED, &m);
	assert_int_equal(m.outcome, MATCH_AMBIGUOUS);
}

static void
distance_counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {
	    {"grant", "grant", 0},
	    {"grnat", "grant", 1},
	    {"gran", "grant", 1},
	    {"grants", "grant", 1},
	    {"GRANT", "grant", 0},
	    {"pik", "pki", 1},
	    {"kitten", "sitting", 3},
	    {"", "abc", 3},
	    {"ca", "abc", 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(word_distance(view_str(cases[i].a), view_str(cases[i].b)),
		    cases[i].distance);
	assert_int_equal(
	    word_distance(VIEW("a"), VIEW("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), 99);
}

static void
a_long_list_of_words_is_read_to_its_end(void **state)
{
	struct blob line = {0};
	struct match m;

	(void)state;
	blob_add_str(&line, "eku");
	for (int i = 0; i < 100; i++)
		blob_add_str(&line, " client-auth");
	blob_add_str(&line, " web");
	match_line(MODE_SERVER, blob_view(&line), 0, MATCH_EXACT, &m);
	assert_int_equal(m.outcome, MATCH_UNKNOWN);
	blob_free(&line);
}

static void
reference_lists_every_row(void **state)
{
	struct blob text = {0}, cell = {0};
	size_t lines = 0;

	(void)state;
	grammar_markdown(&text);
	for (const char *p = blob_cstr(&text); (p = strstr(p, "\n| `")) != NULL; p++)
		lines++;
	assert_int_equal(lines, grammar_count);
	assert_non_null(strstr(blob_cstr(&text),
	    "| `lifetime certificate <0-7305> [<0-23> [<0-59>]]` | `lifetime "
	    "certificate 365` | Days a client's certificate is valid |\n"));
	assert_non_null(strstr(blob_cstr(&text), "`issuer-name CN=NAME`"));
	assert_null(strchr(blob_cstr(&text), '$'));
	blob_free(&text);
	blob_free(&cell);
}

static void
dictionary_has_every_word_once(void **state)
{
	static const char *const some[] = {
	    "\"crypto\"\n", "\"no-replace\"\n", "\"enrollment-request\"\n", "\"quit\"\n"};
	struct blob text = {0};

	(void)state;
	grammar_dictionary(&text);
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		const char *first = strstr(blob_cstr(&text), some[i]);

		assert_non_null(first);
		assert_null(strstr(first + 1, some[i]));
	}
	blob_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_has_examples),
	    cmocka_unit_test(every_example_has_a_row),
	    cmocka_unit_test(bad_examples_are_errors),
	    cmocka_unit_test(every_word_has_help),
	    cmocka_unit_test(abbreviations_only_where_people_type),
	    cmocka_unit_test(distance_counts_edits),
	    cmocka_unit_test(a_long_list_of_words_is_read_to_its_end),
	    cmocka_unit_test(reference_lists_every_row),
	    cmocka_unit_test(dictionary_has_every_word_once),
	};

	return cmocka_run_group_tests_name("grammar", tests, NULL, NULL);
}
