/* test_show.c - tests of the show commands. */
#include "cisco_document.h"
#include "show_lab.h"

#include "golden.h"

#define SHOWN_AT                                                                               \
	((int64_t)1444396798946) /* 2015-10-09T13:19:58.946Z, as in the source document */

static struct lab lab; /* filled once, only read */

static int
lab_setup(void **state)
{
	(void)state;
	lab_open(&lab, LAB_CONF);
	lab_tick(&lab);
	lab_fill(&lab);
	lab.w.now_ms = SHOWN_AT;
	return 0;
}

static int
lab_teardown(void **state)
{
	(void)state;
	lab_close(&lab);
	pool_free();
	return 0;
}

/* ---- text ---- */

static void
golden(struct lab *l, const char *line, const char *file)
{
	struct said said = lab_run(l, line);

	golden_check(line, file, &said.text);
	assert_int_equal(said.status, 0);
	blob_free(&said.text);
}

static void
every_command_prints_its_layout(void **state)
{
	static const struct {
		const char *line, *file;
	} cases[] = {
	    {"show crypto pki server", "server.txt"},
	    {"show crypto pki server ROOTCA", "server.txt"},
	    {"show crypto pki server ROOTCA json", "server.json"},
	    {"show crypto pki server ROOTCA requests", "requests.txt"},
	    {"show crypto pki server ROOTCA requests json", "requests.json"},
	    {"show crypto pki server ROOTCA certificates", "issued.txt"},
	    {"show crypto pki server ROOTCA certificates json", "issued.json"},
	    {"show crypto pki server ROOTCA crl", "crl.txt"},
	    {"show crypto pki server ROOTCA crl json", "crl.json"},
	    {"show crypto pki server ROOTCA audit", "audit.txt"},
	    {"show crypto pki server ROOTCA audit json", "audit.json"},
	    {"show crypto pki certificates", "certificates.txt"},
	    {"show crypto pki certificates verbose", "certificates-verbose.txt"},
	    {"show crypto pki certificates json", "certificates.json"},
	    {"show crypto pki timers", "timers.txt"},
	    {"show crypto pki timers detail", "timers-detail.txt"},
	    {"show crypto pki timers json", "timers.json"},
	    {"show crypto key mypubkey rsa", "keys.txt"},
	    {"show crypto key mypubkey rsa json", "keys.json"},
	    {"show running-config", "running.txt"},
	    {"show running-config json", "running.json"},
	    {"show clock", "clock.txt"},
	    {"show clock json", "clock.json"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		golden(&lab, cases[i].line, cases[i].file);
}

/* Readable on 80 columns: long serial numbers, names and the words of a hint aside. */
static void
lines_fit_80_columns(void **state)
{
	static const char *const lines[] = {
	    "show crypto pki server",
	    "show crypto pki certificates verbose",
	    "show crypto pki timers detail",
	    "show crypto key mypubkey rsa",
	    "show crypto pki server ROOTCA crl",
	    "show clock",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct said said = lab_run(&lab, lines[i]);

		for (const char *at = blob_cstr(&said.text); *at != 0; at += strspn(at, "\n")) {
			size_t n = strcspn(at, "\n");

			if (n > 80)
				fail_msg("%s: %.*s", lines[i], (int)n, at);
			at += n;
		}
		blob_free(&said.text);
	}
}

/* ---- JSON and text say the same ---- */

/* As the text shows a value: 's' as it stands, 't' an instant, 'g' groups of eight digits, 'x'
 * hex without leading zeros, 'n' a number, 'D' days of seconds, 'd' what is left of
 * milliseconds. */
static void
as_text(const json_t *v, char how, struct blob *out)
{
	const char *s = json_is_string(v) ? json_string_value(v) : "";
	char t[WHEN_TEXT];
	when_t when;

	switch (how) {
	case 't':
		assert_true(when_parse(s, &when));
		blob_add_str(out, when_ios(when, t));
		break;
	case 'g':
		for (size_t i = 0; s[i] != 0; i++)
			blob_printf(out, "%s%c", i > 0 && i % 8 == 0 ? " " : "", s[i]);
		break;
	case 'x':
		blob_add_str(out, s + strspn(s, "0"));
		break;
	case 'n':
		blob_printf(out, "%lld", (long long)json_integer_value(v));
		break;
	case 'D':
		blob_printf(out, "%lld days", (long long)(json_integer_value(v) / DAY));
		break;
	case 'd':
		blob_add_str(out, span_ios(json_integer_value(v), t));
		break;
	default:
		blob_add_str(out, s);
	}
}

static void
check_fields(const char *line, const json_t *o, const char *fields, const char *text)
{
	char key[40], how;
	int n = 0;

	for (; sscanf(fields, " %39[a-z0-9_]:%c%n", key, &how, &n) == 2; fields += n) {
		const json_t *v = json_object_get(o, key);
		struct blob want = {0};

		if (v == NULL)
			fail_msg("%s: JSON has no %s", line, key);
		as_text(v, how, &want);
		if (want.n == 0 || strstr(text, blob_cstr(&want)) == NULL)
			fail_msg("%s: text lacks %s '%s'", line, key, blob_cstr(&want));
		blob_free(&want);
	}
}

static const struct {
	const char *line, *list, *fields;
	size_t rows; /* of the list */
} facts[] = {
    {"show crypto pki server ROOTCA", "servers",
	"name:s status:s state:s issuer_name:s fingerprint_md5:g fingerprint_sha256:s "
	"granting_mode:s "
	"last_serial:x ca_not_after:t crl_update_at:t auto_rollover_seconds:D "
	"auto_rollover_at:t",
	1},
    {"show crypto pki server ROOTCA requests", "router",
	"id:n state:s fingerprint_md5:s subject:s", 3},
    {"show crypto pki server ROOTCA requests", "ra", "id:n state:s fingerprint_md5:s subject:s",
	1},
    {"show crypto pki server ROOTCA requests", "subordinate_ca",
	"id:n state:s fingerprint_md5:s subject:s", 1},
    {"show crypto pki server ROOTCA certificates", "certificates",
	"serial:x not_before:t not_after:t subject:s", 5},
    {"show crypto pki server ROOTCA crl", "revoked", "serial:s revoked_at:t", 1},
    {"show crypto pki server ROOTCA crl", NULL,
	"issuer:s this_update:t next_update:t entries:n size:n number:n", 0},
    {"show crypto pki server ROOTCA audit", "newest", "sequence:n at:t actor:s act:s object:s",
	3},
    {"show crypto pki server ROOTCA audit", NULL, "name:s records:n", 0},
    {"show crypto pki certificates", "certificates",
	"status:s serial:s usage:s not_before:t not_after:t trustpoint:s", 1},
    {"show crypto pki certificates verbose", "certificates",
	"version:n key_bits:n signature_hash:s signature_key:s fingerprint_md5:g "
	"fingerprint_sha1:g "
	"fingerprint_sha256:s key_usage_bits:s subject_key_id:g authority_key_id:g "
	"key_label:s",
	1},
    {"show crypto pki timers", "cs_timers", "name:s left_ms:d", 8},
    {"show crypto pki timers detail", "cs_timers", "name:s left_ms:d at:s", 8},
    {"show crypto key mypubkey rsa", "keys", "generated_at:t name:s type:s storage:s usage:s",
	1},
    {"show clock", NULL, "milliseconds:n source:s", 0},
};

static void
json_holds_what_the_text_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		struct said text = lab_run(&lab, facts[i].line);
		json_t *tree, *row;
		char line[100];
		size_t k;

		snprintf(line, sizeof(line), "%s json", facts[i].line);
		tree = run_json(&lab, line, 0);
		if (facts[i].list == NULL) {
			check_fields(line, tree, facts[i].fields, blob_cstr(&text.text));
		} else {
			const json_t *list = json_object_get(tree, facts[i].list);

			if (json_array_size(list) != facts[i].rows)
				fail_msg("%s: %zu rows", line, json_array_size(list));
			json_array_foreach(list, k, row)
			{
				check_fields(line, row, facts[i].fields, blob_cstr(&text.text));
			}
		}
		json_decref(tree);
		blob_free(&text.text);
	}
}

/* Lines in, lines out: the text loaded again is the same configuration. */
static void
running_config_loads_again(void **state)
{
	struct said said = lab_run(&lab, "show running-config");
	json_t *tree = run_json(&lab, "show running-config json", 0), *line;
	struct blob want = {0}, joined = {0}, again = {0};
	size_t i;

	(void)state;
	assert_non_null(strstr(blob_cstr(&said.text),
	    "\ncrypto pki certificate chain ROOTCA\n certificate ca 01\n  3082"));
	/* The chain is the database's, so the configuration prints as if it were not there. */
	assert_true(conf_print(&lab.conf, plain_seal, NULL, &want, NULL));
	print_text(blob_view(&said.text), &again);
	assert_string_equal(blob_cstr(&again), blob_cstr(&want));
	json_array_foreach(json_object_get(tree, "lines"), i, line)
	{
		blob_printf(&joined, "%s\n", json_string_value(line));
	}
	assert_string_equal(blob_cstr(&joined), blob_cstr(&said.text));
	json_decref(tree);
	blob_free(&said.text);
	blob_free(&want);
	blob_free(&joined);
	blob_free(&again);
}

/* ---- filters, unknown names ---- */

static void
lines_pass_the_pipe(void **state)
{
	static const struct {
		const char *line, *out;
	} cases[] = {
	    {"show crypto pki server | include Status|^ *State",
		"    Status: enabled\n    State: enabled\n"},
	    {"show crypto pki server ROOTCA requests | count pending",
		"Number of lines which match regexp = 3\n"},
	    {"show crypto pki server ROOTCA certificates | exclude cn=r",
		"Serial  Issued date              Expire date               Subject Name\n"
		"A       13:15:56 UTC Oct 9 2015  13:15:56 UTC Oct 8 2016   "
		"cn=lost,ou=CVO,o=Cisco\n"},
	    {"show running-config | section server ROOTCA",
		"crypto pki server ROOTCA\n database level complete\n"
		" database archive pkcs12 password 6 FCGFHGDAGDCEHEDB\n issuer-name "
		"CN=RootCA,OU=TAC,O=Cisco\n"
		" lifetime ca-certificate 730\n auto-rollover 90\n"},
	    {"show clock | begin Time", "Time source is NTP\n"},
	    {"show clock | include nothing", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct said said = lab_run(&lab, cases[i].line);

		if (strcmp(blob_cstr(&said.text), cases[i].out) != 0)
			fail_msg("%s:\n%s", cases[i].line, blob_cstr(&said.text));
		blob_free(&said.text);
	}
}

static void
unknown_servers_are_named(void **state)
{
	static const char *const lines[] = {
	    "show crypto pki server NOBODY",
	    "show crypto pki server NOBODY requests",
	    "show crypto pki server NOBODY certificates",
	    "show crypto pki server NOBODY crl",
	    "show crypto pki server NOBODY audit",
	    "show crypto pki server NOBODY requests | include never",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct said said = lab_run(&lab, lines[i]);

		assert_string_equal(blob_cstr(&said.text),
		    "% Certificate server NOBODY is not known\n  Type: "
		    "show crypto pki server\n");
		assert_int_equal(said.status, 1);
		blob_free(&said.text);
	}
	json_t *tree = run_json(&lab, "show crypto pki server NOBODY crl json", 1);

	assert_string_equal(json_string_value(json_object_get(tree, "error")),
	    "Certificate server NOBODY is not known");
	json_decref(tree);
}

/* ---- states, clock ---- */

static void
a_server_that_does_not_run(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF "crypto pki server SPARE\n shutdown\ncrypto pki server FALLEN\n");
	lab_tick(&l);
	expect(&l, "show crypto pki server SPARE", 0,
	    "Certificate Server SPARE:\n    Status: disabled\n"
	    "    State: disabled, shut down (to start it: no shutdown)\n    Issuer name: "
	    "CN=SPARE\n");
	expect(&l, "show crypto pki server FALLEN", 0,
	    "    State: disabled, not running (see the log)\n");
	expect(&l, "show crypto pki server", 0, "\n\nCertificate Server SPARE:\n");
	expect(&l, "show crypto pki server SPARE requests", 1,
	    "% Certificate server SPARE is not running\n  Type: show crypto pki server\n");
	expect(&l, "show crypto pki timers", 0, "CS CERT EXPIRE ROOTCA\n");
	lab_close(&l);
}

static void
state_words(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	expect(&l, "show crypto pki server", 0, "    Status: enabled\n    State: starting\n");
	l.fail_jobs = WHY_CRYPTO;
	lab_tick(&l);
	expect(&l, "show crypto pki server", 0, "    State: waiting after a failure");
	expect(&l, "show crypto pki server json", 0, "\"state\": \"held\"");
	l.fail_jobs = WHY_NONE;
	l.now += MINUTE;
	lab_tick(&l);
	l.w.now_ms = l.now * 1000;
	expect(&l, "show crypto pki server", 0, "    State: enabled\n");
	l.w.now_ms = (l.now + 730 * DAY) * 1000;
	expect(&l, "show crypto pki server", 0,
	    "    State: disabled, the CA certificate has expired\n");
	expect(&l, "show crypto pki certificates", 0, "  Status: Expired\n");
	l.w.now_ms -= 1;
	expect(&l, "show crypto pki server", 0, "    State: enabled\n");
	expect(&l, "show crypto pki certificates", 0, "  Status: Available\n");
	lab_close(&l);
}

/* BAD-138 */
static void
copies_are_behind(void **state)
{
	struct lab l;
	struct conf_server other = {0};

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	expect(&l, "show crypto pki server", 0, "in store.db\n    Auto-Rollover");

	const struct show_copy copies[] = {
	    {.server = &l.conf.server[0], .file = "A.p12", .url = "ftp://x/", .stands = true},
	    {.server = &other, .file = "B.p12", .url = "ftp://y/", .stands = true},
	    {.server = &l.conf.server[0],
		.file = "A.crl",
		.url = "http://z/",
		.why = "550 no",
		.behind_from = LAB_START},
	    {.server = &l.conf.server[0], .file = "C.p12", .url = "ftp://x/"},
	};

	l.w.copies = copies;
	l.w.copy_count = COUNT_OF(copies);
	expect(&l, "show crypto pki server", 0,
	    "in store.db\n    Copy A.p12: current\n      at ftp://x/\n"
	    "    Copy A.crl: degraded since 13:14:16 UTC Oct 9 2015\n      at http://z/\n"
	    "      550 no\n    Copy C.p12: being made\n      at ftp://x/\n    Auto-Rollover");
	expect(&l, "show crypto pki server json", 0,
	    "\"state\": \"degraded\",\n          \"since\": \"2015-10-09T13:14:16Z\",\n"
	    "          \"why\": \"550 no\"");
	lab_close(&l);
}

static void
the_clock_knows_its_weekday(void **state)
{
	static const struct {
		int64_t ms;
		const char *line;
	} cases[] = {
	    {0, "00:00:00.000 UTC Thu Jan 1 1970\n"},
	    {951782399999, "23:59:59.999 UTC Mon Feb 28 2000\n"},
	    {951782400000, "00:00:00.000 UTC Tue Feb 29 2000\n"},
	    {1783123200007, "00:00:00.007 UTC Sat Jul 4 2026\n"},
	    {4102444800000, "00:00:00.000 UTC Fri Jan 1 2100\n"},
	    {2147483648000, "03:14:08.000 UTC Tue Jan 19 2038\n"},
	};
	struct show_world before = lab.w;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		lab.w.now_ms = cases[i].ms;
		expect(&lab, "show clock", 0, cases[i].line);
	}
	lab.w = before;
}

static void
a_short_rollover_is_told(void **state)
{
	static const struct {
		const char *conf, *line;
	} cases[] = {
	    {"auto-rollover 0 12", "    Auto-Rollover configured, overlap period 12 hours\n"},
	    {"auto-rollover 0 1 30",
		"    Auto-Rollover configured, overlap period 90 minutes\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char conf[200];
		struct lab l;

		(void)snprintf(conf, sizeof(conf),
		    "crypto pki server ROOTCA\n lifetime ca-certificate 30\n %s\n",
		    cases[i].conf);
		lab_open(&l, conf);
		lab_tick(&l);
		expect(&l, "show crypto pki server", 0, cases[i].line);
		lab_close(&l);
	}
}

/* IOS S49, S51: before the active one its next; then it is alone, and the next is timed. */
static void
the_next_generation(void **state)
{
	static const struct {
		const char *line, *file;
	} cases[] = {
	    {"show crypto pki server", "server-rollover.txt"},
	    {"show crypto pki server json", "server-rollover.json"},
	    {"show crypto pki certificates", "certificates-rollover.txt"},
	    {"show crypto pki timers detail", "timers-rollover.txt"},
	    {"show crypto key mypubkey rsa", "keys-rollover.txt"},
	};
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	l.now = LAB_START + 640 * DAY - 1;
	lab_tick(&l);
	l.w.now_ms = l.now * 1000;
	expect(&l, "show crypto pki certificates | count Rollover", 0, "= 0\n");
	expect(&l, "show crypto pki timers", 0, " 1.000  CS SHADOW CERT GENERATION\n");
	expect(&l, "show crypto pki server", 0,
	    "    Auto-Rollover configured, overlap period 90 days\n"
	    "    Autorollover timer: 13:14:16 UTC Jul 10 2017\n");
	l.now++;
	lab_tick(&l);
	l.w.now_ms = l.now * 1000;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		golden(&l, cases[i].line, cases[i].file);
	l.now = LAB_START + 730 * DAY;
	lab_tick(&l);
	l.w.now_ms = l.now * 1000;
	expect(&l, "show crypto pki server | count Rollover status", 0, "= 0\n");
	expect(&l, "show crypto pki server", 0,
	    "    CA certificate expiration timer: 13:14:16 UTC Oct 8 2019\n");
	expect(&l, "show crypto pki certificates | count ^CA Certificate", 0, "= 1\n");
	lab_close(&l);
}

/* From the source document, its layout lost: as there, but the misprinted octet, in UTC. */
static const char document_chain[] =
    "crypto pki certificate chain ROOTCA\n"
    "certificate ca rollover 03\n"
    "30820237 308201A0 A0030201 02020103 300D0609 2A864886 F70D0101 04050030\n"
    "2F310E30 0C060355 040A1305 43697363 6F310C30 0A060355 040B1303 54414331\n"
    "0F300D06 03550403 1306526F 6F744341 301E170D 31373130 30383132 31343136\n"
    "5A170D31 39313030 38313231 3431365A 302F310E 300C0603 55040A13 05436973\n"
    "636F310C 300A0603 55040B13 03544143 310F300D 06035504 03130652 6F6F7443\n"
    "4130819F 300D0609 2A864886 F70D0101 01050003 818D0030 81890281 8100BF2A\n"
    "52687F11 2BC92635 41BB4029 399C66D2 708D3EAC ED4F63AA 509FB340 E838C8AC\n"
    "381818EA 4393C17C A1C4917F 43C9199C 9EF9F9C0 59FDE11D A9C79918 2643736F\n"
    "CEA80D0C EE2378F2 3B6AC5FC 3B4A7A01 20D391BE 8FA9AFD2 12E05A28 64661023\n"
    "3CE0E58D 9323AA0E D2A5B1C1 40122E6E 3D98A7D9 74E23639 0270A89C E3BF0203\n"
    "010001A3 63306130 0F060355 1D130101 FF040530 030101FF 300E0603 551D0F01\n"
    "01FF0404 03020186 301F0603 551D2304 18301680 1419FCA4 DDE84233 F79C066F\n"
    "93CCF6B3 E14F8355 31301D06 03551D0E 04160414 19FCA4DD E84233F7 9C066F93\n"
    "CCF6B3E1 4F835531 300D0609 2A864886 F70D0101 04050003 81810065 AC780BB4\n"
    "2398D765 BE4C4C0A 0D0F16C0 82530D85 99933BDC 8388C46D 926145D8 B0BA275A\n"
    "93AAB497 FC876F6A E951C138 F5D652AE C0C25E2A FDD80BAA C6BD5A78 E439158F\n"
    "5544F30F 33C59E22 1994A8D3 AADC1287 BD15A104 55CB5DC3 49A9401A 8DB3940A\n"
    "5054EA21 99CCE4F3 40B471FE DEB4BB38 AC3ACD48 4CDDCBC9 9829D3\n"
    "quit\n"
    "certificate ca 01\n"
    "30820237 308201A0 A0030201 02020101 300D0609 2A864886 F70D0101 04050030\n"
    "2F310E30 0C060355 040A1305 43697363 6F310C30 0A060355 040B1303 54414331\n"
    "0F300D06 03550403 1306526F 6F744341 301E170D 31353130 30393132 31343136\n"
    "5A170D31 37313030 38313231 3431365A 302F310E 300C0603 55040A13 05436973\n"
    "636F310C 300A0603 55040B13 03544143 310F300D 06035504 03130652 6F6F7443\n"
    "4130819F 300D0609 2A864886 F70D0101 01050003 818D0030 81890281 8100B071\n"
    "27360CF0 0613B259 CE7BB815 8DE6BC8A A48A763F 7350CE64 B071AC5D 93ED59C9\n"
    "36F751D8 1070CEA8 C8B0023B 4B0FB9A5 38A1C118 D35530D4 6DC4B4DC 143BD1D2\n"
    "3148B0C0 53A781D0 C786DEE9 DECCA58C 18B5804B 29911D1D 5776B3EC 3F42D38C\n"
    "3A1E0F8D D91DE228 B995AC3C 1087C132 FC759563 38258727 F61A1F08 18830203\n"
    "010001A3 63306130 0F060355 1D130101 FF040530 030101FF 300E0603 551D0F01\n"
    "01FF0404 03020186 301F0603 551D2304 18301680 148D421A BED6DCAD B8CFE4B4\n"
    "1B2C7E41 C73428AC 9A301D06 03551D0E 04160414 8D421ABE D6DCADB8 CFE4B41B\n"
    "2C7E41C7 3428AC9A 300D0609 2A864886 F70D0101 04050003 8181008C 3495278E\n"
    "DA6C14B0 533E746D 8DA743AF 06BE4088 913BF9BC A94576FA BC86EFD1 1DFE6B9F\n"
    "0D244144 473C67AD 24414A20 84E9B083 D1720766 0A698C29 115482C6 2FB57E86\n"
    "95CDECF2 29662362 866CDC91 730ADBB3 BDBBDC3C EA5301B0 150658E7 AF722BD7\n"
    "6B5C2D6A 661A4FED CDA32DE5 D6C2CE7A 544086DC F957A87C 2C07FF\n"
    "quit\n";
static const char document_certificates[] =
    "CA Certificate (Rollover)\n"
    "Status: Available\n"
    "Certificate Serial Number (hex): 03\n"
    "Certificate Usage: Signature\n"
    "Issuer:\ncn=RootCA\nou=TAC\no=Cisco\n"
    "Subject:\nName: RootCA\ncn=RootCA\nou=TAC\no=Cisco\n"
    "Validity Date:\n"
    "start date: 12:14:16 UTC Oct 8 2017\n"
    "end   date: 12:14:16 UTC Oct 8 2019\n"
    "Associated Trustpoints: ROOTCA\n"
    "\n"
    "CA Certificate\n"
    "Status: Available\n"
    "Certificate Serial Number (hex): 01\n"
    "Certificate Usage: Signature\n"
    "Issuer:\ncn=RootCA\nou=TAC\no=Cisco\n"
    "Subject:\ncn=RootCA\nou=TAC\no=Cisco\n"
    "Validity Date:\n"
    "start date: 12:14:16 UTC Oct 9 2015\n"
    "end   date: 12:14:16 UTC Oct 8 2017\n"
    "Associated Trustpoints: ROOTCA\n";

static void
replace_cert(struct lab *l, int64_t number, const char *hex)
{
	const struct store_table *t = l->store->table;
	struct row_generation g;
	struct blob der = {0};
	struct err e = {0};
	char label[64];

	assert_true(hex_decode(hex, &der));
	assert_true(t->begin(l->store, &e) && t->generation_get(l->store, number, &g, &e));
	snprintf(label, sizeof(label), "%s", g.key_label);
	g = (struct row_generation){
	    .number = number, .key_label = label, .cert = blob_view(&der), .ra_label = ""};
	assert_true(t->generation_put(l->store, &g, &e) && t->commit(l->store, &e));
	blob_free(&der);
}

static void
expect_document(struct lab *l, const char *line, const char *want)
{
	struct said said = lab_run(l, line);
	struct blob flat = {0};
	bool begins = true;

	for (size_t i = 0; i < said.text.n; i++) {
		if (!begins || said.text.p[i] != ' ')
			blob_add_byte(&flat, said.text.p[i]);
		begins = said.text.p[i] == '\n' || (begins && said.text.p[i] == ' ');
	}
	assert_string_equal(blob_cstr(&flat), want);
	blob_free(&said.text);
	blob_free(&flat);
}

/* IOS S37, S46, S49, S55: with the document's own certificates, its own words. */
static void
the_document(void **state)
{
	char repaired[sizeof(cisco_active)];
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	l.now = LAB_START + 640 * DAY;
	lab_tick(&l);
	l.w.now_ms = l.now * 1000;
	cisco_repair(repaired);
	replace_cert(&l, 1, repaired);
	replace_cert(&l, 2, cisco_rollover);
	expect_document(&l, "show running-config | section chain ROOTCA", document_chain);
	expect_document(&l, "show crypto pki certificates", document_certificates);
	lab_close(&l);
}

/* Each place says what to type. */
static void
a_clock_without_authority(void **state)
{
	struct show_world before = lab.w;

	(void)state;
	lab.w.clock_trusted = false;
	lab.w.clock_source = "no authoritative source";
	lab.w.clock_why = "The clock is not authoritative";
	lab.w.clock_mend = "Start NTP, or once it is right type: clock calendar-valid";
	golden(&lab, "show clock", "clock-untrusted.txt");
	golden(&lab, "show crypto pki timers", "timers-untrusted.txt");
	golden(&lab, "show crypto pki server", "server-untrusted.txt");
	lab.w = before;
}

/* ---- empty, hostile, broken ---- */

static void
empty_lists(void **state)
{
	static const struct {
		const char *line, *text, *json;
	} cases[] = {
	    {"show crypto pki server ROOTCA requests",
		"\nRouter certificates requests:\n"
		"ReqID  State      Fingerprint                      SubjectName\n"
		"--------------------------------------------------------------\n",
		"\"router\": []"},
	    {"show crypto pki server ROOTCA certificates",
		"Serial  Issued date              Expire date               Subject Name\n",
		"{\n  \"name\": \"ROOTCA\",\n  \"certificates\": []\n}\n"},
	    {"show crypto pki server ROOTCA crl", "    No list has been signed yet\n",
		"\"revoked\": []\n}\n"},
	    {"show crypto pki server ROOTCA audit",
		"Audit of ROOTCA: 0 records, chain verified\n", "\"newest\": []"},
	    {"show crypto pki certificates", "", "{\n  \"certificates\": []\n}\n"},
	    {"show crypto pki timers", "PKI Timers\nCS Timers\n", "\"cs_timers\": []"},
	    {"show crypto key mypubkey rsa", "", "{\n  \"keys\": []\n}\n"},
	};
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char line[100];

		expect(&l, cases[i].line, 0, cases[i].text);
		snprintf(line, sizeof(line), "%s json", cases[i].line);
		expect(&l, line, 0, cases[i].json);
		json_decref(run_json(&l, line, 0));
	}
	l.w.server_count = 0;
	expect(&l, "show crypto pki server", 0,
	    "% No certificate server is configured (crypto pki server NAME)\n");
	expect(&l, "show crypto pki server json", 0, "{\n  \"servers\": []\n}\n");
	lab_close(&l);
}

/* BAD-113: names, addresses and actors cannot draw on the terminal nor leave their JSON string.
 */
static void
hostile_text(void **state)
{
	static const char evil[] = "\x1b[2J\r\n../../x $(id) \",\" \xc2\x9b\x37m\x7f'\\";
	static const char *const lines[] = {
	    "show crypto pki server ROOTCA requests",
	    "show crypto pki server ROOTCA requests json",
	    "show crypto pki server ROOTCA certificates",
	    "show crypto pki server ROOTCA certificates json",
	    "show crypto pki server ROOTCA audit",
	    "show crypto pki server ROOTCA audit json",
	};
	const struct store_table *t;
	struct blob name = {0};
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	t = l.store->table;
	lab_name(view_str(evil), &name);
	assert_true(t->begin(l.store, NULL));
	lab_request(&l, blob_view(&name), CERT_INITIAL, REQUEST_PENDING, evil, l.now);
	lab_cert(&l, blob_view(&name), VIEW("\x02"), CERT_INITIAL, CERT_ISSUED, l.now);
	assert_true(t->audit_add(l.store, l.now, evil, evil, evil, NULL));
	assert_true(t->commit(l.store, NULL));
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct said said = lab_run(&l, lines[i]);

		for (size_t k = 0; k < said.text.n; k++)
			if ((said.text.p[k] < 0x20 && said.text.p[k] != '\n') ||
			    said.text.p[k] >= 0x7f)
				fail_msg("%s: octet %02x", lines[i], said.text.p[k]);
		if (strstr(blob_cstr(&said.text), "../../x $(id)") == NULL)
			fail_msg("%s: not there: %s", lines[i], blob_cstr(&said.text));
		if (strstr(lines[i], "json") != NULL)
			json_decref(run_json(&l, lines[i], 0));
		blob_free(&said.text);
	}
	/* one line a row: the line feed inside made none */
	expect(&l, "show crypto pki server ROOTCA certificates | count .", 0, "regexp = 2\n");
	expect(&l, "show crypto pki server ROOTCA audit | count .", 0, "regexp = 5\n");
	blob_free(&name);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_command_prints_its_layout),
	    cmocka_unit_test(lines_fit_80_columns),
	    cmocka_unit_test(json_holds_what_the_text_says),
	    cmocka_unit_test(running_config_loads_again),
	    cmocka_unit_test(lines_pass_the_pipe),
	    cmocka_unit_test(unknown_servers_are_named),
	    cmocka_unit_test(a_server_that_does_not_run),
	    cmocka_unit_test(state_words),
	    cmocka_unit_test(copies_are_behind),
	    cmocka_unit_test(the_clock_knows_its_weekday),
	    cmocka_unit_test(a_short_rollover_is_told),
	    cmocka_unit_test(the_next_generation),
	    cmocka_unit_test(the_document),
	    cmocka_unit_test(a_clock_without_authority),
	    cmocka_unit_test(empty_lists),
	    cmocka_unit_test(hostile_text),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
