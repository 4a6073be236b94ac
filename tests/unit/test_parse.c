/* test_parse.c - tests of configuration files: what is taken, kept, warned of and refused. */
#include "conf_text.h"

#include "conf/grammar.h"

#include <stdlib.h>
#include <time.h>

#define A "crypto pki server A\n "

static const char source_block[] = "crypto pki server ROOTCA\n"
				   "  database level complete\n"
				   "  database archive pkcs12 password 7 01100F175804575D72\n"
				   "  issuer-name CN=RootCA,OU=TAC,O=Cisco\n"
				   "  grant auto\n"
				   "  lifetime certificate 365\n"
				   "  lifetime ca-certificate 730\n"
				   "  database url ftp://10.1.1.1/DB/ROOTCA/\n"
				   "  auto-rollover 90\n";

static void
source_block_loads_unchanged(void **state)
{
	struct blob said = {0};
	struct conf c;
	const struct conf_server *s = &c.server[0];

	(void)state;
	assert_true(parse_text(source_block, &c, &said));
	assert_int_equal(said.n, 0);
	assert_int_equal(c.server_count, 1);
	assert_int_equal(c.foreign, 0);
	assert_true(c.http_server);
	assert_int_equal(c.http_port, 80);
	assert_string_equal(c.http_address, "0.0.0.0");
	assert_string_equal(c.hostname, "keymuster");
	assert_string_equal(s->name, "ROOTCA");
	assert_int_equal(s->line, 1);
	assert_int_equal(s->level, LEVEL_COMPLETE);
	assert_int_equal(s->archive, ARCHIVE_PKCS12);
	assert_string_equal(s->archive_password, "cisco123");
	assert_string_equal(s->issuer_name, "CN=RootCA,OU=TAC,O=Cisco");
	assert_int_equal(s->grant, GRANT_AUTO);
	assert_int_equal(s->plan.lifetime_cert, 365 * DAY);
	assert_int_equal(s->plan.lifetime_ca, 730 * DAY);
	assert_string_equal(s->depot[DEPOT_ALL].url, "ftp://10.1.1.1/DB/ROOTCA/");
	assert_true(s->plan.auto_rollover);
	assert_int_equal(s->plan.rollover, 90 * DAY);
	assert_int_equal(s->plan.overlap, 0);
	assert_false(s->plan.shutdown);
	conf_free(&c);
	blob_free(&said);
}

static void
an_empty_block_has_the_defaults(void **state)
{
	struct blob said = {0};
	struct conf c;
	const struct conf_server *s = &c.server[0];

	(void)state;
	assert_true(parse_text("crypto pki server A", &c, &said));
	assert_string_equal(s->issuer_name, "CN=A");
	assert_string_equal(s->rsa_label, "A");
	assert_int_equal(s->rsa_bits, 2048);
	assert_int_equal(s->plan.lifetime_ca, 1095 * DAY);
	assert_int_equal(s->plan.lifetime_cert, 365 * DAY);
	assert_int_equal(s->plan.lifetime_crl, 6 * HOUR);
	assert_int_equal(s->plan.crl_overlap, 6 * HOUR);
	assert_int_equal(s->plan.lifetime_request, 168 * HOUR);
	assert_int_equal(s->serial_number, -1);
	assert_int_equal(s->serial, SERIAL_RANDOM);
	assert_int_equal(s->grant, GRANT_MANUAL);
	assert_int_equal(s->hash, CONF_HASH_SHA256);
	assert_int_equal(s->level, LEVEL_MINIMUM);
	assert_int_equal(s->archive, ARCHIVE_NONE);
	assert_int_equal(s->plan.late, 0);
	assert_false(s->plan.auto_rollover || s->late_auto || s->compat_legacy ||
		     s->compat_ancient || s->hide_next_ca || s->shadow_balance ||
		     s->shadow_reply_active || s->adopt_manual || s->grant_manual_all);
	conf_free(&c);
	assert_true(parse_text("", &c, &said));
	assert_false(c.http_server);
	assert_int_equal(c.server_count, 0);
	conf_free(&c);
	blob_free(&said);
}

static void
every_line_sets_its_field(void **state)
{
	(void)state;
	WANT(A "grant auto no-replace", s->grant == GRANT_AUTO && s->grant_no_replace)
	WANT(A "grant auto no-replace\n grant auto",
	    s->grant == GRANT_AUTO && !s->grant_no_replace)
	WANT(A "grant none", s->grant == GRANT_NONE)
	WANT(A "grant auto\n grant manual", s->grant == GRANT_MANUAL)
	WANT(A "grant manual all", s->grant_manual_all && s->grant == GRANT_MANUAL)
	WANT(A "grant adopt manual", s->adopt_manual)
	WANT(A "grant adopt manual\n grant adopt auto", !s->adopt_manual)
	WANT(A "grant auto trustpoint T",
	    strcmp(s->grant_trustpoint, "T") == 0 && s->grant == GRANT_MANUAL)
	WANT(A "database level minimal", s->level == LEVEL_MINIMUM)
	WANT(A "database level names", s->level == LEVEL_NAMES)
	WANT(A "database archive pem password 0 two words",
	    strcmp(s->archive_password, "two words") == 0 && s->archive == ARCHIVE_PEM)
	WANT(A "database archive pem password 7", strcmp(s->archive_password, "7") == 0)
	WANT(A "database archive pem password 7up", strcmp(s->archive_password, "7up") == 0)
	WANT(
	    A "database archive pkcs12 password 6 GDGJ", strcmp(s->archive_password, "ci") == 0)
	WANT(A "serial sequential", s->serial == SERIAL_SEQUENTIAL)
	WANT(A "serial-number 0", s->serial_number == 0)
	WANT(A "serial-number 41", s->serial_number == 41)
	WANT(A "lifetime certificate 1 2 3",
	    s->plan.lifetime_cert == DAY + 2 * HOUR + 3 * MINUTE)
	WANT(A "lifetime certificate 0 0 1", s->plan.lifetime_cert == MINUTE)
	WANT(A "lifetime crl 12", s->plan.lifetime_crl == 12 * HOUR)
	WANT(A "lifetime enrollment-request 1 30", s->plan.lifetime_request == 90 * MINUTE)
	WANT(A "crl overlap 0", s->plan.crl_overlap == 0)
	WANT(A "auto-rollover", s->plan.auto_rollover && s->plan.rollover == 30 * DAY)
	WANT(A "auto-rollover 1 2 3", s->plan.rollover == DAY + 2 * HOUR + 3 * MINUTE)
	WANT(A "auto-rollover 90 overlap 1 2 3",
	    s->plan.rollover == 90 * DAY && s->plan.overlap == DAY + 2 * HOUR + 3 * MINUTE)
	WANT(A "auto-rollover overlap 7",
	    s->plan.rollover == 30 * DAY && s->plan.overlap == 7 * DAY)
	WANT(A "auto-rollover 90 overlap 7\n auto-rollover 90", s->plan.overlap == 0)
	WANT(A "auto-rollover 7 overlap 7", s->plan.overlap == 7 * DAY)
	WANT(A "grant late 30", s->plan.late == 30 * DAY && !s->late_auto)
	WANT(A "grant late 30 auto", s->plan.late == 30 * DAY && s->late_auto)
	WANT(A "grant late 30 auto\n grant late 9", s->plan.late == 9 * DAY && !s->late_auto)
	WANT(A "grant auto\n grant late 30", s->grant == GRANT_AUTO && s->plan.late == 30 * DAY)
	WANT(A "hash sha384", s->hash == CONF_HASH_SHA384)
	WANT(A "hash md5\n compat ancient", s->hash == CONF_HASH_MD5 && s->compat_ancient)
	WANT(A "lifetime shadow balance", s->shadow_balance)
	WANT(A "lifetime shadow balance\n lifetime shadow full", !s->shadow_balance)
	WANT(A "compat hide-next-ca", s->hide_next_ca)
	WANT(A "compat hide-next-ca\n no compat hide-next-ca", !s->hide_next_ca)
	WANT(A "compat shadow-reply active", s->shadow_reply_active)
	WANT(A "compat shadow-reply active\n compat shadow-reply next", !s->shadow_reply_active)
	WANT(A "compat legacy CN=spoke-*, O=x",
	    s->compat_legacy && strcmp(s->legacy_pattern, "CN=spoke-*, O=x") == 0)
	WANT(A "eku ssh-server server-auth", s->eku == ((1u << 10) | 1u))
	WANT(A "eku time-stamping client-auth", s->eku == ((1u << 7) | 2u))
	WANT(A "rsakeypair K", strcmp(s->rsa_label, "K") == 0 && s->rsa_bits == 2048)
	WANT(A "rsakeypair K 4096", s->rsa_bits == 4096)
	WANT(A "rsakeypair K 1024\n compat ancient", s->rsa_bits == 1024)
	WANT(A "ra rsakeypair R", strcmp(s->ra_label, "R") == 0 && s->ra_bits == 2048)
	WANT(A "eckeypair E\n ra rsakeypair R 3072",
	    strcmp(s->ec_label, "E") == 0 && s->ec_bits == 256 && s->ra_bits == 3072)
	WANT(A "eckeypair E 521\n ra rsakeypair R", s->ec_bits == 521)
	WANT(A "eckeypair E 521\n ra rsakeypair R\n no eckeypair", s->ec_label[0] == 0)
	WANT(A "cdp-url http://ca/x?a=b", strcmp(s->cdp_url, "http://ca/x?a=b") == 0)
	WANT(A "issuer-name C=DE, O=\"A, B\", CN=x\\,y+OU=z",
	    strcmp(s->issuer_name, "C=DE, O=\"A, B\", CN=x\\,y+OU=z") == 0)
	WANT(A "shutdown", s->plan.shutdown)
	WANT(A "shutdown\n no shutdown", !s->plan.shutdown)
	WANT("hostname R1", strcmp(c.hostname, "R1") == 0)
	WANT("clock calendar-valid", c.calendar_valid)
	WANT("ip http server", c.http_server && c.http_port == 80)
	WANT("ip http server 8080", c.http_server && c.http_port == 8080)
	WANT("ip http port 8081", !c.http_server && c.http_port == 8081)
	WANT("no ip http server\n" A "shutdown", !c.http_server)
	WANT("ip http listen 127.0.0.1 8080",
	    strcmp(c.http_address, "127.0.0.1") == 0 && c.http_port == 8080)
	WANT("ip http listen ::1", strcmp(c.http_address, "::1") == 0 && c.http_port == 80)
}

static void
no_and_default_restore(void **state)
{
	(void)state;
	WANT(A "grant auto\n no grant auto", s->grant == GRANT_MANUAL)
	WANT(A "grant auto no-replace\n no grant",
	    s->grant == GRANT_MANUAL && !s->grant_no_replace)
	WANT(A "grant manual all\n no grant", s->grant_manual_all)
	WANT(A "lifetime certificate 9\n no lifetime certificate",
	    s->plan.lifetime_cert == 365 * DAY)
	WANT(A "lifetime certificate 9\n default lifetime certificate 9",
	    s->plan.lifetime_cert == 365 * DAY)
	WANT(A "issuer-name CN=x\n no issuer-name", strcmp(s->issuer_name, "CN=A") == 0)
	WANT(A "rsakeypair K 4096\n no rsakeypair",
	    strcmp(s->rsa_label, "A") == 0 && s->rsa_bits == 2048)
	WANT(A "auto-rollover 9 overlap 1\n no auto-rollover",
	    !s->plan.auto_rollover && s->plan.rollover == 0 && s->plan.overlap == 0)
	WANT(A "grant late 9 auto\n no grant late", s->plan.late == 0 && !s->late_auto)
	WANT(A "grant auto\n grant late 9\n no grant late",
	    s->grant == GRANT_AUTO && s->plan.late == 0)
	WANT(A "database archive pem password x\n no database archive",
	    s->archive_password[0] == '\0' && s->archive == ARCHIVE_NONE)
	WANT(A "serial-number 5\n no serial-number", s->serial_number == -1)
	WANT(A "eku server-auth\n no eku", s->eku == 0)
	WANT(A "compat ancient\n no compat ancient", !s->compat_ancient)
	WANT("hostname x\nno hostname", strcmp(c.hostname, "keymuster") == 0)
	WANT("ip http port 81\ndefault ip http port", c.http_port == 80)
	WANT("no ip http server\n" A "shutdown\ndefault ip http server", c.http_server)
	WANT(A "shutdown\nno crypto pki server A", c.server_count == 0)
}

static void
lines_climb_out_of_the_block(void **state)
{
	(void)state;
	WANT(A "grant auto\nip http port 81\nhostname x",
	    c.http_port == 81 && s->grant == GRANT_AUTO)
	WANT("crypto pki server A\ngrant auto\nlifetime crl 1\nip http port 81",
	    c.http_port == 81 && s->grant == GRANT_AUTO)
	WANT(A "grant auto\n ip http port 81", c.http_port == 81)
	WANT(A "grant auto\n exit\nhostname x", strcmp(c.hostname, "x") == 0)
	WANT(A "grant auto\n!\n! a comment\n serial sequential\nend",
	    s->serial == SERIAL_SEQUENTIAL)
	WANT(A "grant auto\r\n serial sequential\r\n", s->serial == SERIAL_SEQUENTIAL)
	WANT("\xef\xbb\xbfhostname x", strcmp(c.hostname, "x") == 0)
	WANT(A "grant auto\ninterface Gi0\n shutdown\n", !s->plan.shutdown && c.foreign == 2)
	WANT("crypto pki server A\ngrant auto\ninterface Gi0\nip address 1.1.1.1",
	    c.foreign == 2 && c.server_count == 1)
	WANT("  crypto pki server A\n    grant auto\n  hostname x",
	    strcmp(c.hostname, "x") == 0 && s->grant == GRANT_AUTO)
	WANT(A "grant auto\ncrypto pki server B\n shutdown",
	    c.server_count == 2 && !s->plan.shutdown && c.server[1].plan.shutdown)
}

/* ---- what is said ---- */

static const struct {
	const char *text, *says;
} wrong_lines[] = {
    {"crypto pki server A\n grnat auto",
	"E f:2:2: 'grnat' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more; did you mean 'grant'?\n"},
    {"crypto pki server A\n grant atuo",
	"E f:2:8: 'atuo' is not understood, expected 'manual', 'auto', 'none', "
	"'adopt', 'late', 'ra-auto'; did you mean 'auto'?\n"},
    {"crypto pki server A\n grant", "E f:2:7: the command is incomplete, expected "
				    "'manual', 'auto', 'none', 'adopt', 'late', 'ra-auto'\n"},
    {"crypto pki server A\n grant auto x",
	"E f:2:13: 'x' is not understood, expected 'no-replace', 'trustpoint', "
	"'rollover', 'tp-list' or the end of the line\n"},
    {"crypto pki server A\n grant auto trustpoint",
	"E f:2:23: the command is incomplete, expected NAME (letters, digits, '.', "
	"'_', '-')\n"},
    {"crypto pki server A\n grant manual some",
	"E f:2:15: 'some' is not understood, expected 'all' or the end of the line\n"},
    {"crypto pki server A\n lifetime",
	"E f:2:10: the command is incomplete, expected 'crl', 'certificate', "
	"'ca-certificate', 'enrollment-request', 'shadow'\n"},
    {"crypto pki server A\n lifetime certificate",
	"E f:2:22: the command is incomplete, expected <0-7305> days\n"},
    {"crypto pki server A\n lifetime certificate 7306",
	"E f:2:23: '7306' is out of range, expected <0-7305> days\n"},
    {"crypto pki server A\n lifetime certificate -1",
	"E f:2:23: '-1' is out of range, expected <0-7305> days\n"},
    {"crypto pki server A\n lifetime certificate 1 24",
	"E f:2:25: '24' is out of range, expected <0-23> hours or the end of the "
	"line\n"},
    {"crypto pki server A\n lifetime certificate 1 1 60",
	"E f:2:27: '60' is out of range, expected <0-59> minutes or the end of the "
	"line\n"},
    {"crypto pki server A\n lifetime certificate 1 1 1 1",
	"E f:2:29: '1' is not understood, expected the end of the line\n"},
    {"crypto pki server A\n lifetime certificate 0",
	"E f:2:23: a lifetime of 0, expected at least one minute\n"},
    {"crypto pki server A\n lifetime ca-certificate 0 0 0",
	"E f:2:26: a lifetime of 0, expected at least one minute\n"},
    {"crypto pki server A\n lifetime crl 0",
	"E f:2:15: a lifetime of 0, expected at least one minute\n"},
    {"crypto pki server A\n lifetime crl 337",
	"E f:2:15: '337' is out of range, expected <0-336> hours\n"},
    {"crypto pki server A\n lifetime enrollment-request 1001",
	"E f:2:30: '1001' is out of range, expected <0-1000> hours\n"},
    {"crypto pki server A\n lifetime enrollment-request 0 0",
	"E f:2:30: a lifetime of 0, expected at least one minute\n"},
    {"crypto pki server A\n lifetime ca-certifcate 1",
	"E f:2:11: 'ca-certifcate' is not understood, expected 'crl', 'certificate', "
	"'ca-certificate', 'enrollment-request', 'shadow'; did you mean 'ca-certificate'?\n"},
    {"crypto pki server A\n lifetime certificate 99999999999999999999999",
	"E f:2:23: '99999999999999999999999' is out of range, expected <0-7305> "
	"days\n"},
    {"crypto pki server A\n auto-rollover 0",
	"E f:2:2: an 'auto-rollover' of 0 leaves nobody time to follow, expected days\n"},
    {"crypto pki server A\n auto-rollover 1826",
	"E f:2:16: '1826' is out of range, expected <0-1825> days, 'overlap' or the end "
	"of the line\n"},
    {"crypto pki server A\n auto-rollover 90 overlap 0 0 60",
	"E f:2:31: '60' is out of range, expected <0-59> minutes or the end of the line\n"},
    {"crypto pki server A\n auto-rollover 1095",
	"E f:2:2: 'auto-rollover' is not shorter than 'lifetime ca-certificate': the next CA "
	"certificate would be due at once, expected fewer days\n"},
    {"crypto pki server A\n auto-rollover 9 overlap 9 1",
	"E f:2:2: the overlap is longer than 'auto-rollover': the next CA certificate would "
	"begin before it is made, expected fewer days\n"},
    {"crypto pki server A\n grant late 366",
	"E f:2:13: '366' is out of range, expected <1-365>\n"},
    {"crypto pki server A\n auto-rolover 90",
	"E f:2:2: 'auto-rolover' is not understood, expected 'serial-number', "
	"'serial', 'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', "
	"'grant', 'lifetime', 'crl', 'cdp-url' and 8 more; did you mean "
	"'auto-rollover'?\n"},
    {"crypto pki server A\n database level full",
	"E f:2:17: 'full' is not understood, expected 'minimum', 'names', 'complete', "
	"'minimal'\n"},
    {"crypto pki server A\n database levle complete",
	"E f:2:11: 'levle' is not understood, expected 'level', 'url', 'username', "
	"'archive'; did you mean 'level'?\n"},
    {"crypto pki server A\n database url",
	"E f:2:14: the command is incomplete, expected URL (as in ftp://10.1.1.1/DB/), "
	"'p12', 'crl', 'cnm', 'crt', 'pem', 'ser'\n"},
    {"crypto pki server A\n database url nowhere",
	"E f:2:15: 'nowhere' is not understood, expected URL (as in "
	"ftp://10.1.1.1/DB/), 'p12', 'crl', 'cnm', 'crt', 'pem', 'ser'\n"},
    {"crypto pki server A\n database archive pkcs13",
	"E f:2:19: 'pkcs13' is not understood, expected 'pkcs12', 'pem'; did you mean "
	"'pkcs12'?\n"},
    {"crypto pki server A\n database archive pkcs12 password",
	"E f:2:34: the command is incomplete, expected LINE (text), <0-9>\n"},
    {"crypto pki server A\n database archive pkcs12 password 5 abc",
	"E f:2:35: password type 5, expected 0, 6 or 7\n"},
    {"crypto pki server A\n database archive pkcs12 password 7 0",
	"E f:2:37: type-7 password of 1 characters, expected an even number from 4\n"},
    {"crypto pki server A\n database archive pkcs12 password 7 99AA",
	"E f:2:37: type-7 password begins with 99, expected 00 to 52\n"},
    {"crypto pki server A\n database archive pkcs12 pasword 7 0822455D0A16",
	"E f:2:26: 'pasword' is not understood, expected 'password' or the end of the "
	"line; did you mean 'password'?\n"},
    {"crypto pki server A\n issuer-name",
	"E f:2:13: the command is incomplete, expected LINE (text)\n"},
    {"crypto pki server A\n issuer-name RootCA",
	"E f:2:14: not a valid subject name, expected TYPE=VALUE as in "
	"CN=RootCA,O=Cisco\n"},
    {"crypto pki server A\n issuer-name CN=RootCA,OU",
	"E f:2:24: not a valid subject name, expected TYPE=VALUE as in "
	"CN=RootCA,O=Cisco\n"},
    {"crypto pki server A\n issuer-name CN=RootCA,XX=y",
	"E f:2:24: not a valid subject name, expected one of CN, OU, O, L, ST, C, DC "
	"before '='\n"},
    {"crypto pki server A\n issuer-name C=Germany",
	"E f:2:16: country of 7 characters, expected two letters as in C=DE\n"},
    {"crypto pki server A\n eckeypair ROOTCA",
	"E f:2:2: an EC key cannot open SCEP envelopes, expected 'ra rsakeypair LABEL' beside "
	"it\n"},
    {"crypto pki server A\n eckeypair E\n ra rsakeypair E",
	"E f:3:2: 'E' is the label of the CA's key, expected another\n"},
    {"crypto pki server A\n ra rsakeypair A",
	"E f:2:2: 'A' is the label of the CA's key, expected another\n"},
    {"crypto pki server A\n eckeypair E\n rsakeypair K\n ra rsakeypair R",
	"E f:3:2: a CA has one key, expected 'rsakeypair' or 'eckeypair'\n"},
    {"crypto pki server A\n rsakeypair",
	"E f:2:12: the command is incomplete, expected NAME (letters, digits, '.', "
	"'_', '-')\n"},
    {"crypto pki server A\n rsakeypair K 1024",
	"E f:2:2: an RSA key of 1024 bits needs 'compat ancient', expected 2048 or more\n"},
    {"crypto pki server A\n rsakeypair K 1023",
	"E f:2:15: '1023' is out of range, expected <1024-8192> or the end of the "
	"line\n"},
    {"crypto pki server A\n rsakeypair K 100000",
	"E f:2:15: '100000' is out of range, expected <1024-8192> or the end of the "
	"line\n"},
    {"crypto pki server A\n rsakeypair a/b",
	"E f:2:13: 'a/b' is not understood, expected NAME (letters, digits, '.', '_', "
	"'-')\n"},
    {"crypto pki server A\n hash sha3",
	"E f:2:7: 'sha3' is not understood, expected 'sha256', 'sha384', 'sha512', "
	"'md5', 'sha1'; did you mean 'sha1'?\n"},
    {"crypto pki server A\n eku ocsp-signing",
	"E f:2:6: 'ocsp-signing' would let a client vouch for others' certificates, "
	"expected other usages\n"},
    {"crypto pki server A\n eku web-server",
	"E f:2:6: 'web-server' is not understood, expected 'server-auth', "
	"'client-auth', 'code-signing', 'email-protection', 'ipsec-end-system', "
	"'ipsec-tunnel', 'ipsec-user', 'time-stamping', 'ocsp-signing', 'ssh-client', "
	"'ssh-server'\n"},
    {"crypto pki server A\n eku",
	"E f:2:5: the command is incomplete, expected 'server-auth', 'client-auth', "
	"'code-signing', 'email-protection', 'ipsec-end-system', 'ipsec-tunnel', "
	"'ipsec-user', 'time-stamping', 'ocsp-signing', 'ssh-client', 'ssh-server'\n"},
    {"crypto pki server A\n serial randm",
	"E f:2:9: 'randm' is not understood, expected 'random', 'sequential'; did you "
	"mean 'random'?\n"},
    {"crypto pki server A\n serial-number x",
	"E f:2:16: 'x' is not understood, expected <0-9223372036854775807>\n"},
    {"crypto pki server A\n compat", "E f:2:8: the command is incomplete, expected 'legacy', "
				     "'ancient', 'hide-next-ca', 'shadow-reply'\n"},
    {"crypto pki server A\n compat anceint",
	"E f:2:9: 'anceint' is not understood, expected 'legacy', 'ancient', 'hide-next-ca', "
	"'shadow-reply'; did you "
	"mean 'ancient'?\n"},
    {"crypto pki server A\n crl overlp 1",
	"E f:2:6: 'overlp' is not understood, expected 'overlap'; did you mean "
	"'overlap'?\n"},
    {"crypto pki server A\n shutdown now",
	"E f:2:11: 'now' is not understood, expected the end of the line\n"},
    {"crypto pki server A\n no lifetime",
	"E f:2:13: the command is incomplete, expected 'crl', 'certificate', "
	"'ca-certificate', 'enrollment-request', 'shadow'\n"},
    {"crypto pki server A\n no grnat",
	"E f:2:5: 'grnat' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more; did you mean 'grant'?\n"},
    {"crypto pki server A\n frobnicate",
	"E f:2:2: 'frobnicate' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more\n"},
    {"crypto pki server A\n interface Gi0",
	"E f:2:2: 'interface' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more\n"},
    {"crypto pki server A\n ntp server 10.0.0.1",
	"E f:2:2: 'ntp' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more\n"},
    {"crypto pki server", "E f:1:18: the command is incomplete, expected NAME "
			  "(letters, digits, '.', '_', '-')\n"},
    {"crypto pki server a/b", "E f:1:19: 'a/b' is not understood, expected NAME "
			      "(letters, digits, '.', '_', '-')\n"},
    {"crypto pki server ..", "E f:1:19: '..' is not understood, expected NAME "
			     "(letters, digits, '.', '_', '-')\n"},
    {"crypto pki servr ROOTCA",
	"E f:1:12: 'servr' is not understood, expected 'key-group', 'server', 'trustpoint', "
	"'certificate', 'profile', 'trustpool', 'token', 'crl'; did you mean "
	"'server'?\n"},
    {"crypto pik server ROOTCA", "E f:1:8: 'pik' is not understood, expected 'pki', "
				 "'ca', 'key'; did you mean 'pki'?\n"},
    {"cryto pki server ROOTCA",
	"E f:1:1: 'cryto' is not understood, expected 'hostname', 'clock', 'crypto', "
	"'ip', 'ntp', 'sntp', 'service', 'logging', 'version', 'redundancy'; did you "
	"mean 'crypto'?\n"},
    {"hostnme R1", "E f:1:1: 'hostnme' is not understood, expected 'hostname', "
		   "'clock', 'crypto', 'ip', 'ntp', 'sntp', 'service', 'logging', "
		   "'version', 'redundancy'; did you mean 'hostname'?\n"},
    {"hostname", "E f:1:9: the command is incomplete, expected NAME (letters, digits, "
		 "'.', '_', '-')\n"},
    {"hostname a b", "E f:1:12: 'b' is not understood, expected the end of the line\n"},
    {"clock calender-valid",
	"E f:1:7: 'calender-valid' is not understood, expected 'calendar-valid', "
	"'timezone', 'summer-time', 'save'; did you mean 'calendar-valid'?\n"},
    {"ip http server 0",
	"E f:1:16: '0' is out of range, expected <1-65535> or the end of the line\n"},
    {"ip http server 65536", "E f:1:16: '65536' is out of range, expected <1-65535> or "
			     "the end of the line\n"},
    {"ip http prot 80",
	"E f:1:9: 'prot' is not understood, expected 'server', 'listen', 'port', "
	"'secure-server', 'secure-port', 'secure-trustpoint', 'secure-ciphersuite', "
	"'secure-client-auth', 'authentication', 'access-class', 'client', "
	"'max-connections' and 8 more; did you mean 'port'?\n"},
    {"ip htp server",
	"E f:1:4: 'htp' is not understood, expected 'http', 'domain', 'domain-name', "
	"'domain-lookup', 'name-server'; did you mean 'http'?\n"},
    {"ip http listen localhost",
	"E f:1:16: 'localhost' is not understood, expected ADDRESS (IPv4 or IPv6)\n"},
    {"ip http listen 127.0.0.1 x",
	"E f:1:26: 'x' is not understood, expected <1-65535> or the end of the line\n"},
    {TP "enrollment url tftp://a", "E f:2:17: no HTTP address, expected http://HOST/PATH\n"},
    {TP "enrollment url http://joe:x@a/b", "E f:2:29: a user name in the address, expected "
					   "it without one\n"},
    {TP "auto-enroll 0", "E f:2:14: '0' is out of range, expected <1-100>, 'regenerate', "
			 "'shadow-only', 'spread' or the end of the line\n"},
    {TP "fingerprint CC74", "E f:2:14: a fingerprint of 2 octets, expected MD5 (16), SHA-1 "
			    "(20) or SHA-256 (32)\n"},
    {TP "fingerprint xyz", "E f:2:14: no hexadecimal text, expected a fingerprint\n"},
    {TP "revocation-check crl crl", "E f:2:23: the same way again, expected each once\n"},
    {TP "revocation-check none crl", "E f:2:24: a way behind 'none', expected 'none' last\n"},
    {TP "hook run.sh", "E f:2:7: no absolute path, expected /PATH/PROGRAM\n"},
    {TP "eku request ocsp-signing",
	"E f:2:14: 'ocsp-signing' would let a client vouch for others' certificates, expected "
	"other usages\n"},
    {TP "auto-enrol 80",
	"E f:2:2: 'auto-enrol' is not understood, expected 'enrollment', 'auto-enroll', "
	"'regenerate', 'rsakeypair', 'eckeypair', 'subject-name', 'subject-alt-name', 'fqdn', "
	"'ip-address', 'serial-number', 'password', 'fingerprint' and 26 more; did you mean "
	"'auto-enroll'?\n"},
    {"auto-enroll 80", "E f:1:1: this line stands outside a trustpoint's block, expected "
		       "'crypto pki trustpoint NAME' before it\n"},
    {TP "rsakeypair K\n regenerate\ncrypto pki trustpoint U\ncrypto pki trustpoint V\n "
	"rsakeypair K\n",
	"E f:5:1: trustpoint 'V' shares the key 'K' with 'T', and one of them regenerates it, "
	"expected 'rsakeypair' with a label of its own\n"},
    {"grant auto", "E f:1:1: this line stands outside a server's block, expected "
		   "'crypto pki server NAME' before it\n"},
    {"no crypto pki serve A",
	"E f:1:15: 'serve' is not understood, expected 'key-group', 'server', "
	"'trustpoint', 'certificate', 'profile', 'trustpool', "
	"'token', 'crl'; did you mean 'server'?\n"},
    {"crypto pki server A\n grant auto\ncrypto pki server A\n grant none\n",
	"E f:3:19: server 'A' is already defined on line 1, expected another name\n"},
    {"crypto pki server A\n compat ancient\n grant auto\n serial sequential\n",
	"E f:2:2: 'compat ancient' with 'grant auto' and 'serial sequential' lets a "
	"stranger forge certificates, expected 'serial random' or 'grant manual'\n"},
    {"crypto pki server A\n grant auto\n grnat auto\n lifetime crl 999\nip http port "
     "0\nhostname x\n",
	"E f:3:2: 'grnat' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more; did you mean 'grant'?\nE "
	"f:4:15: '999' is out of range, expected <0-336> hours\nE f:5:14: '0' is out "
	"of range, expected <1-65535>\n"},
    {"crypto pki server a/b\n grant auto\n frob\nhostname x\n",
	"E f:1:19: 'a/b' is not understood, expected NAME (letters, digits, '.', '_', "
	"'-')\n"},
    {"crypto pki server A\ngrant auto\ngrnat auto\n",
	"E f:3:1: 'grnat' is not understood, expected 'serial-number', 'serial', "
	"'database', 'issuer-name', 'rsakeypair', 'eckeypair', 'ra', 'hash', 'grant', "
	"'lifetime', 'crl', 'cdp-url' and 8 more; did you mean 'grant'?\n"},
    {"crypto pki server A\n grant auto\nlifetime certificate 4\n",
	"E f:3:1: this line stands outside a server's block, expected 'crypto pki "
	"server NAME' before it\n"},
    {"crypto pki server A\n grant auto\n ip http port 81\n lifetime certificate 4\n",
	"E f:4:2: this line stands outside a server's block, expected 'crypto pki "
	"server NAME' before it\n"},
    {"crypto pki server A\n	grant	atuo\n",
	"E f:2:8: 'atuo' is not understood, expected 'manual', 'auto', 'none', "
	"'adopt', 'late', 'ra-auto'; did you mean 'auto'?\n"},
};

static void
wrong_lines_have_golden_texts(void **state)
{
	(void)state;
	assert_true(COUNT_OF(wrong_lines) >= 40);
	for (size_t i = 0; i < COUNT_OF(wrong_lines); i++) {
		struct blob said = {0};
		struct conf c;

		if (parse_text(wrong_lines[i].text, &c, &said))
			fail_msg("accepted: %s", wrong_lines[i].text);
		assert_string_equal(blob_cstr(&said), wrong_lines[i].says);
		blob_free(&said);
	}
}

static const struct {
	const char *text, *says;
} warnings[] = {
    {A "hash md5", "W f:2:2: 'hash md5' is broken and needs 'compat ancient': SHA-256 "
		   "is used instead\n"},
    {A "hash sha1", "W f:2:2: 'hash sha1' is broken and needs 'compat ancient': "
		    "SHA-256 is used instead\n"},
    {A "lifetime certificate 2000",
	"W f:2:2: certificates are to live longer than the CA's: they will end with "
	"it, "
	"expected 'lifetime certificate' below 'lifetime ca-certificate'\n"},
    {A "redundancy", "W f:2:2: 'redundancy' has no effect here and is kept: a standby "
		     "server comes with a later version\n"},
    {A "mode ra", "W f:2:2: 'mode ra' has no effect here and is kept: RA and "
		  "subordinate servers come with a later "
		  "version: this server is a root CA\n"},
    {"ip domain name example.net", "W f:1:1: 'ip domain' has no effect here and is "
				   "kept: names are resolved by the system\n"},
    {"no ip domain lookup", "W f:1:1: 'ip domain' has no effect here and is kept: "
			    "names are resolved by the system\n"},
    {"service timestamps log datetime",
	"W f:1:1: 'service' has no effect here and is kept: the log always carries "
	"times, and passwords are always "
	"sealed\n"},
    {"ntp server 10.0.0.1",
	"W f:1:1: 'ntp' has no effect here and is kept: the system's clock is used: "
	"run chrony or another NTP client\n"},
    {"interface Gi0\n ip address 1.1.1.1 255.0.0.0\n!\nrouter bgp 65000\n",
	"W f:1:1: 3 lines of other features kept without effect: 'interface', 'router'\n"},
    {"crypto pki trustpoint T\n enrollment url http://a\n revocation-check "
     "crl\nhostname x",
	""},
    {"crypto pki trustpoint T\nenrollment url http://a\nrevocation-check crl\nhostname "
     "x",
	""},
    {"hostname x\ncrypto ca trustpoint T\n enrollment mode ra\n ip-address Gi0/0\n"
     "crypto pki trustpoint U\n vrf V",
	"W f:3:2: 'enrollment mode ra' has no effect here and is kept: an RA is known by its "
	"certificate\nW f:4:2: 'ip-address' has no effect here and is kept: interfaces have "
	"no addresses here: write the address\nW f:6:2: 'vrf' has no effect here and is kept: "
	"belongs to a router\n"},
    {TP "hash sha1\n rsakeypair K 1024\n auto-enroll",
	"W f:2:2: 'hash sha1' is broken: SHA-256 is used instead\nW f:3:2: an RSA key of 1024 "
	"bits is refused by most CAs, expected 2048 or more\nW f:4:2: 'auto-enroll 100' "
	"renews when the certificate has ended, expected fewer percent\n"},
    {"crypto pki certificate chain A\ncertificate ca 01\n 3082 0237\n  hostname\n  "
     "quit\nhostname x",
	"W f:1:1: 'crypto pki certificate chain' has no effect here and is kept: "
	"certificates are kept in the "
	"database, not in the configuration\n"},
    {"crypto pki certificate chain A\n certificate 01\n 3082",
	"W f:1:1: 'crypto pki certificate chain' has no effect here and is kept: "
	"certificates are kept in the "
	"database, not in the configuration\n"
	"W f:2:2: the certificate is not ended by 'quit' before the end of the file\n"},
    {"banner motd ^C\ncrypto pki server ROOTCA\n nonsense\n^C\nhostname x",
	"W f:1:1: 4 lines of other features kept without effect: 'banner'\n"},
    {"banner login #one line#\nhostname x",
	"W f:1:1: 1 line of other features kept without effect: 'banner'\n"},
    {"banner motd #\nhostname x",
	"W f:1:1: the banner is not ended by '#' before the end of the file\n"
	"W f:1:1: 2 lines of other features kept without effect: 'banner'\n"},
};

static void
warnings_have_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(warnings); i++) {
		struct blob said = {0};
		struct conf c;

		if (!parse_text(warnings[i].text, &c, &said))
			fail_msg("refused: %s: %s", warnings[i].text, blob_cstr(&said));
		assert_string_equal(blob_cstr(&said), warnings[i].says);
		conf_free(&c);
		blob_free(&said);
	}
}

static void
bad_144_files_are_refused_with_a_line(void **state) /* BAD-144 */
{
	struct blob text = {0}, said = {0};
	struct conf c;

	(void)state;
	memset(&c, 0x5a, sizeof(c));
	blob_add_str(&text, "hostname x\nhostname ");
	for (int i = 0; i < 1 << 20; i++)
		blob_add_byte(&text, 'y');
	assert_false(parse_view(blob_view(&text), &c, &said));
	assert_string_equal(blob_cstr(&said),
	    "E f:2:4097: line of 1048585 characters, expected at most 4096\n");
	assert_int_equal(
	    ((uint8_t *)&c)[0], 0x5a); /* *out untouched: the old configuration stays */
	assert_int_equal(((uint8_t *)&c)[sizeof(c) - 1], 0x5a);
	blob_clear(&said);
	assert_false(parse_view(view_of("hostname x\nhost\0name y\n", 22), &c, &said));
	assert_string_equal(blob_cstr(&said), "E f:2:5: NUL octet, expected text\n");
	blob_free(&text);
	blob_free(&said);
}

static void
secrets_are_not_said(void **state)
{
	static const char *const texts[] = {
	    A "database archive pkcs12 password 7 SECRETSECRET",
	    A "database archive pkcs12 password 6 SECRET-SECRET",
	    A "database archive pkcs12 password 5 SECRET",
	    A "database username joe password 7 SECRETSECRET",
	    A "database url p12 ftp://h/ username joe password 5 SECRET",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct blob said = {0};
		struct conf c;

		assert_false(parse_text(texts[i], &c, &said));
		assert_null(strstr(blob_cstr(&said), "SECRET"));
		blob_free(&said);
	}
}

static void
a_sealed_password_needs_the_key(void **state)
{
	struct blob said = {0};
	struct conf c;

	(void)state;
	assert_false(conf_parse(
	    "f", VIEW(A "database archive pem password 6 GD"), NULL, NULL, collect, &said, &c));
	assert_string_equal(blob_cstr(&said),
	    "E f:2:34: a sealed password needs the sealing key, expected type 0 or 7\n");
	blob_free(&said);
}

static void
more_servers_than_fit_are_refused(void **state)
{
	struct blob text = {0}, said = {0};
	struct conf c;

	(void)state;
	for (int i = 0; i < CONF_SERVERS; i++)
		blob_printf(&text, "crypto pki server A%d\n redundancy\n", i);
	assert_true(parse_view(blob_view(&text), &c, &said));
	assert_int_equal(c.server_count, CONF_SERVERS);
	conf_free(&c);
	blob_add_str(&text, "crypto pki server B\n redundancy\n grant auto\n");
	assert_false(parse_view(blob_view(&text), &c, &said));
	assert_non_null(strstr(
	    blob_cstr(&said), "E f:17:19: more servers than 8, expected no further one\n"));
	blob_free(&text);
	blob_free(&said);
}

/*
 * 80,000 lines of a pasted router configuration around a server, in well under a second of
 * CPU.
 */
/* So many trustpoints and blocks of others: CPU time that it takes. */
static clock_t
long_file(int n)
{
	struct blob text = {0}, said = {0};
	struct conf c;
	clock_t spent;

	for (int i = 0; i < n; i++)
		blob_printf(&text,
		    "crypto pki trustpoint T%d\n enrollment url http://a\n revocation-check "
		    "crl\n"
		    "interface Tunnel%d\n ip address 10.0.0.1 255.255.255.0\n",
		    i, i);
	blob_add_str(&text, source_block);
	spent = clock();
	assert_true(parse_view(blob_view(&text), &c, &said));
	spent = clock() - spent;
	assert_int_equal(c.server_count, 1);
	assert_int_equal(c.foreign, 2 * n);
	assert_int_equal(c.trustpoint_count, n);
	conf_free(&c);
	blob_free(&text);
	blob_free(&said);
	return spent;
}

/* Four times the lines: four times as long, where each line that looks at all others would be
 * sixteen times. */
static void
time_grows_as_lines_do(void **state)
{
	clock_t quarter = long_file(4000), whole = long_file(16000);

	(void)state;
	print_message(
	    "# 80,009 lines: %.1f times a quarter of them\n", (double)whole / (double)quarter);
	assert_true(whole < 10 * quarter);
}

static void
names_are_checked(void **state)
{
	static const struct {
		const char *text;
		bool good;
		size_t at;
	} cases[] = {
	    {"CN=RootCA,OU=TAC,O=Cisco", true, 0},
	    {"cn = x , o = y", true, 0},
	    {"CN=a+SERIALNUMBER=1,C=DE", true, 0},
	    {"CN=\"a,b+c=d\",O=x", true, 0},
	    {"CN=a\\,b", true, 0},
	    {"DC=example,DC=net", true, 0},
	    {"CN", false, 0},
	    {"=x", false, 0},
	    {"CN=", false, 3},
	    {"CN=x,", false, 5},
	    {"CN=x,,O=y", false, 5},
	    {"CN=x,FOO=y", false, 5},
	    {"CN=x,C=DEU", false, 7},
	    {"CN=\"x", false, 3},
	    {"CN=x\\", false, 3},
	    {"CN=x,O=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false,
		7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		size_t at = 0;

		if (dn_check(view_str(cases[i].text), &at, NULL) != cases[i].good)
			fail_msg("%s", cases[i].text);
		if (!cases[i].good)
			assert_int_equal(at, cases[i].at);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(source_block_loads_unchanged),
	    cmocka_unit_test(an_empty_block_has_the_defaults),
	    cmocka_unit_test(every_line_sets_its_field),
	    cmocka_unit_test(no_and_default_restore),
	    cmocka_unit_test(lines_climb_out_of_the_block),
	    cmocka_unit_test(wrong_lines_have_golden_texts),
	    cmocka_unit_test(warnings_have_reasons),
	    cmocka_unit_test(bad_144_files_are_refused_with_a_line),
	    cmocka_unit_test(secrets_are_not_said),
	    cmocka_unit_test(a_sealed_password_needs_the_key),
	    cmocka_unit_test(more_servers_than_fit_are_refused),
	    cmocka_unit_test(time_grows_as_lines_do),
	    cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
