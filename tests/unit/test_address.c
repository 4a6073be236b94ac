/* test_address.c - paths and queries of SCEP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

#define DEFAULT "/cgi-bin/pkiclient.exe"

struct row {
	const char *what;
	enum http_method method;
	const char *path, *query;
	struct view body;
	int status; /* 200: accepted */
	enum scep_op op;
	const char *ca;
	bool hint;
};

/* "MDEC" is base64 of 30 31 02. */
static const struct row rows[] = {
    {"HT-03 the default path", HTTP_GET, DEFAULT, "operation=GetCACaps", {0}, 200, OP_GETCACAPS,
	""},
    {"HT-03 the root", HTTP_GET, "/", "operation=GetCACaps", {0}, 200, OP_GETCACAPS, ""},
    {"HT-03 /scep", HTTP_GET, "/scep", "operation=GetCACert", {0}, 200, OP_GETCACERT, ""},
    {"HT-03 /scep/", HTTP_GET, "/scep/", "operation=GetCACert", {0}, 200, OP_GETCACERT, ""},
    {"HT-03 /x/pkiclient.exe", HTTP_GET, "/x/pkiclient.exe", "operation=GetCACert", {0}, 200,
	OP_GETCACERT, "x", true},
    {"HT-03 as NDES", HTTP_GET, "/certsrv/mscep/mscep.dll", "operation=GetCACert", {0}, 200,
	OP_GETCACERT, "mscep", true},
    {"HT-03 program at the root", HTTP_GET, "/pkiclient.exe", "operation=GetCACert", {0}, 200,
	OP_GETCACERT, "", true},
    {"HT-03 as certmonger's manual writes it", HTTP_GET, "/cgi-bin/PKICLIENT.EXE",
	"operation=GetCACert", {0}, 200, OP_GETCACERT, ""},
    {"HT-03 the name of a CA keeps its case", HTTP_GET, "/RootCA/CGI-BIN/pkiclient.exe",
	"operation=GetCACert", {0}, 200, OP_GETCACERT, "RootCA"},
    {"the path a typing error makes of IOS", HTTP_GET, "/scep:8081/pkiclient.exe",
	"operation=GetCACert", {0}, 200, OP_GETCACERT, "scep:8081", true},
    {"/scep/NAME", HTTP_GET, "/scep/ROOTCA", "operation=GetCACert", {0}, 200, OP_GETCACERT,
	"ROOTCA"},
    {"/NAME/cgi-bin/pkiclient.exe", HTTP_GET, "/ROOTCA/cgi-bin/pkiclient.exe",
	"operation=GetCACert", {0}, 200, OP_GETCACERT, "ROOTCA"},
    {"IOS appends to /scep/NAME", HTTP_GET, "/scep/ROOTCA/pkiclient.exe", "operation=GetCACert",
	{0}, 200, OP_GETCACERT, "ROOTCA", true},
    {"BAD-018 other paths", HTTP_GET, "/index.html", "operation=GetCACert", {0}, 404, 0, ""},
    {"BAD-018 //", HTTP_GET, "//", "operation=GetCACert", {0}, 404, 0, ""},
    {"BAD-018 a file", HTTP_GET, "/../../etc/passwd", "operation=GetCACert", {0}, 404, 0, ""},
    {"BAD-018 behind dots", HTTP_GET, "/../../pkiclient.exe", "operation=GetCACert", {0}, 200,
	OP_GETCACERT, "..", true},
    {"BAD-018 below /scep/NAME", HTTP_GET, "/scep/a/b", "operation=GetCACert", {0}, 404, 0, ""},
    {"BAD-018 a name too long", HTTP_GET,
	"/scep/0123456789012345678901234567890123456789012345678901234567890123",
	"operation=GetCACert", {0}, 404, 0, ""},
    {"a hint too long is none", HTTP_GET,
	"/0123456789012345678901234567890123456789012345678901234567890123/pkiclient.exe",
	"operation=GetCACert", {0}, 200, OP_GETCACERT, "", true},
    {"BAD-018 a name with an octet of no name", HTTP_GET, "/scep/a\xc3\xa9",
	"operation=GetCACert", {0}, 404, 0, ""},
    {"CRL by name", HTTP_GET, "/crl/ROOTCA.crl", "", {0}, 200, OP_CRL, "ROOTCA"},
    {"CRL by HEAD, query ignored", HTTP_HEAD, "/crl/0a0b.crl", "operation=%", {0}, 200, OP_CRL,
	"0a0b"},
    {"the announcement of before the switch", HTTP_GET, "/ROOTCA/next/0A0B", "", {0}, 200,
	OP_OLD_NEXT, "ROOTCA"},
    {"a link certificate", HTTP_GET, "/ROOTCA/link/0A0B", "", {0}, 200, OP_LINK, "ROOTCA"},
    {"the same, posted to", HTTP_POST, "/ROOTCA/next/0A0B", "", {0}, 405, 0, ""},
    {"of no CA", HTTP_GET, "/next/0A0B", "", {0}, 404, 0, ""},
    {"of no key", HTTP_GET, "/ROOTCA/next/", "", {0}, 404, 0, ""},
    {"BAD-019 with a path for a name", HTTP_GET, "/a/../next/0A0B", "", {0}, 404, 0, ""},
    {"CRL posted to", HTTP_POST, "/crl/ROOTCA.crl", "", {0}, 405, 0, ""},
    {"BAD-019 CRL with a path for a name", HTTP_GET, "/crl/../keys/a.crl", "", {0}, 404, 0, ""},
    {"BAD-019 CRL without a name", HTTP_GET, "/crl/.crl", "", {0}, 404, 0, ""},
    {"BAD-019 CRL directory", HTTP_GET, "/crl/", "", {0}, 404, 0, ""},

    {"HT-11 another case", HTTP_GET, DEFAULT, "operation=getcacert", {0}, 200, OP_GETCACERT,
	""},
    {"HT-11 escaped", HTTP_GET, DEFAULT, "operation=GetCACer%74", {0}, 200, OP_GETCACERT, ""},
    {"HT-12 order free, unknown ignored", HTTP_GET, DEFAULT,
	"x=%zz&message=a&&=&operation=GetNextCACert&y", {0}, 200, OP_GETNEXTCACERT, ""},
    {"HT-12 message of IOS", HTTP_GET, DEFAULT, "operation=GetCACert&message=Root-CA", {0}, 200,
	OP_GETCACERT, ""},
    {"MT-05 GetCACertChain", HTTP_GET, DEFAULT, "operation=GetCACertChain", {0}, 200,
	OP_GETCACERTCHAIN, ""},
    {"GetCRL without a message", HTTP_GET, DEFAULT, "operation=GetCRL", {0}, 200, OP_GETCRL,
	""},
    {"BAD-020 no operation", HTTP_GET, DEFAULT, "", {0}, 400, 0, ""},
    {"BAD-020 no operation but a message", HTTP_GET, DEFAULT, "message=MDEC", {0}, 400, 0, ""},
    {"BAD-021 two operations", HTTP_GET, DEFAULT, "operation=GetCACert&operation=GetCACaps",
	{0}, 400, 0, ""},
    {"the same operation twice", HTTP_GET, DEFAULT, "operation=GetCACert&operation=GetCACert",
	{0}, 200, OP_GETCACERT, ""},
    {"BAD-022 unknown operation", HTTP_GET, DEFAULT, "operation=GetRich", {0}, 400, 0, ""},
    {"BAD-022 empty operation", HTTP_GET, DEFAULT, "operation=", {0}, 400, 0, ""},
    {"BAD-022 operation with NUL behind it", HTTP_GET, DEFAULT, "operation=GetCACert%00", {0},
	400, 0, ""},
    {"BAD-024 GetCACert by POST", HTTP_POST, DEFAULT, "operation=GetCACert", VIEW("ignored"),
	200, OP_GETCACERT, ""},
    {"BAD-025 hostile CA identifier", HTTP_GET, DEFAULT,
	"operation=GetCACert&message=%00%0d%0a<b>%n%s", {0}, 200, OP_GETCACERT, ""},

    {"HT-01 POST", HTTP_POST, DEFAULT, "operation=PKIOperation", VIEW("\x30\x31\x02"), 200,
	OP_PKIOPERATION, ""},
    {"HT-09 POST without operation", HTTP_POST, DEFAULT, "", VIEW("\x30\x31\x02"), 200,
	OP_PKIOPERATION, ""},
    {"HT-09 POST with another parameter only", HTTP_POST, DEFAULT, "message=x&y",
	VIEW("\x30\x31\x02"), 200, OP_PKIOPERATION, ""},
    {"HT-02 GET", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDEC", {0}, 200,
	OP_PKIOPERATION, ""},
    {"BAD-013 empty body", HTTP_POST, DEFAULT, "operation=PKIOperation", {0}, 400, 0, ""},
    {"BAD-013 empty body, message in the address", HTTP_POST, DEFAULT,
	"operation=PKIOperation&message=MDEC", {0}, 400, 0, ""},
    {"BAD-032 no message", HTTP_GET, DEFAULT, "operation=PKIOperation", {0}, 400, 0, ""},
    {"BAD-032 empty message", HTTP_GET, DEFAULT, "operation=PKIOperation&message=", {0}, 400, 0,
	""},
    {"BAD-033 percent at the end", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDEC%",
	{0}, 400, 0, ""},
    {"BAD-033 percent G1", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDEC%G1", {0},
	400, 0, ""},
    {"BAD-033 percent 2", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDEC%2", {0}, 400,
	0, ""},
    {"BAD-033 in the operation", HTTP_GET, DEFAULT, "operation=GetCACert%", {0}, 400, 0, ""},
    {"BAD-034 encoded twice", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDE%252B", {0},
	400, 0, ""},
    {"BAD-036 padding in the middle", HTTP_GET, DEFAULT,
	"operation=PKIOperation&message=MD==MDEC", {0}, 400, 0, ""},
    {"BAD-037 base64url", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDE-", {0}, 400, 0,
	""},
    {"BAD-038 NUL", HTTP_GET, DEFAULT, "operation=PKIOperation&message=MDEC%00", {0}, 400, 0,
	""},
    {"BAD-039 hello", HTTP_GET, DEFAULT, "operation=PKIOperation&message=aGVsbG8=", {0}, 400, 0,
	""},
    {"BAD-040 escaped DER", HTTP_GET, DEFAULT, "operation=PKIOperation&message=%30%82%01%02",
	{0}, 400, 0, ""},
    {"BAD-041 two messages", HTTP_GET, DEFAULT,
	"operation=PKIOperation&message=MDEC&message=MDEC", {0}, 400, 0, ""},
    {"BAD-042 base64 as body", HTTP_POST, DEFAULT, "operation=PKIOperation", VIEW("MDEC"), 400,
	0, ""},
    {"BAD-042 PEM as body", HTTP_POST, DEFAULT, "", VIEW("-----BEGIN PKCS7-----\n"), 400, 0,
	""},
};

static void
rows_HT_03_to_12_BAD_013_to_042(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *r = &rows[i];
		struct http_request rq = {
		    .method = r->method,
		    .path = view_str(r->path),
		    .query = view_str(r->query),
		    .body = r->body,
		};
		struct scep_address a = {0};
		struct err e = {0};
		int status = 0;

		if (scep_address_parse(&rq, &a, &status, &e))
			status = 200;
		if (status != r->status)
			fail_msg(
			    "%s: status %d, not %d (%s)", r->what, status, r->status, e.text);
		if (status != 200 && !e.text[0])
			fail_msg("%s: refused without a reason", r->what);
		if (a.op != r->op)
			fail_msg("%s: operation %d, not %d", r->what, a.op, r->op);
		if (strcmp(a.ca, r->ca) != 0 || (a.ca[0] && a.ca_is_hint != r->hint))
			fail_msg("%s: CA '%s' hint %d", r->what, a.ca, a.ca_is_hint);
		if (r->op == OP_PKIOPERATION)
			assert_true(view_equal(blob_view(&a.message), VIEW("\x30\x31\x02")));
		else
			assert_int_equal(a.message.n, 0);
		blob_free(&a.message);
	}
}

/* The forms in which clients of the field write the same message. */
static void
spellings_HT_08_BAD_035(void **state)
{
	static const char *const spellings[] = {
	    "MPv/vj4%2B",
	    "MPv/vj4%2b",
	    "MPv/vj4+",
	    "MPv/vj4 ",
	    "MPv/vj4%20",
	    "MPv%2Fvj4%2B",
	    "MPv%0A/vj4%2B%0A",
	    "MPv%0D%0A/vj4+%0d%0a",
	    "MPv/vj4%2B%0A",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(spellings); i++) {
		struct blob query = {0};
		struct http_request rq = {.path = VIEW(DEFAULT)};
		struct scep_address a = {0};
		struct err e = {0};
		int status;

		blob_printf(&query, "operation=PKIOperation&message=%s", spellings[i]);
		rq.query = blob_view(&query);
		if (!scep_address_parse(&rq, &a, &status, &e))
			fail_msg("'%s': %s", spellings[i], e.text);
		if (!view_equal(blob_view(&a.message), VIEW("\x30\xfb\xff\xbe\x3e\x3e")))
			fail_msg("'%s': other octets", spellings[i]);
		blob_free(&a.message);
		blob_free(&query);
	}
}

/* HT-02, ios-pki.md 4.1: lines of 64, %0A also behind the last, 60 KiB of them. */
static void
ios_get_of_60_KiB(void **state)
{
	struct blob der = {0}, text = {0}, query = {0};
	struct http_request rq = {.path = VIEW(DEFAULT)};
	struct scep_address a = {0};
	int status;

	(void)state;
	blob_add_byte(&der, 0x30);
	for (size_t i = 1; i < 44 * 1024; i++)
		blob_add_byte(&der, (uint8_t)(i * i >> 3));
	base64_encode(blob_view(&der), &text);
	blob_add_str(&query, "operation=PKIOperation&message=");
	for (size_t i = 0; i < text.n; i++) {
		if (i && i % 64 == 0)
			blob_add_str(&query, "%0A");
		if (text.p[i] == '+')
			blob_add_str(&query, "%2B");
		else
			blob_add_byte(&query, text.p[i]);
	}
	blob_add_str(&query, "%0A");
	rq.query = blob_view(&query);
	assert_true(scep_address_parse(&rq, &a, &status, NULL));
	assert_true(view_equal(blob_view(&a.message), blob_view(&der)));
	blob_free(&a.message);
	blob_free(&der);
	blob_free(&text);
	blob_free(&query);
}

static void
long_operation_BAD_023(void **state)
{
	struct blob query = {0};
	struct http_request rq = {.path = VIEW(DEFAULT)};
	struct scep_address a = {0};
	struct err e = {0};
	int status = 0;

	(void)state;
	blob_add_str(&query, "operation=");
	for (size_t i = 0; i < 64 * 1024; i++)
		blob_add_byte(&query, 'G');
	rq.query = blob_view(&query);
	assert_false(scep_address_parse(&rq, &a, &status, &e));
	assert_int_equal(status, 400);
	assert_null(strstr(e.text, "GGG")); /* BAD-026: nothing reflected */
	blob_free(&query);
}

static void
percent(void **state)
{
	static const struct {
		struct view in;
		bool good;
		struct view out;
	} cases[] = {
	    {VIEW(""), true, VIEW("")},
	    {VIEW("a+b"), true, VIEW("a+b")},
	    {VIEW("%41%61%2b"), true, VIEW("Aa+")},
	    {VIEW("%00"), true, VIEW("\0")},
	    {VIEW("%252B"), true, VIEW("%2B")},
	    {VIEW("%"), false, VIEW("")},
	    {VIEW("a%4"), false, VIEW("")},
	    {VIEW("%4g"), false, VIEW("")},
	    {VIEW("%%41"), false, VIEW("")},
	    {VIEW("%-1"), false, VIEW("")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob out = {0};

		assert_int_equal(percent_decode(cases[i].in, &out, NULL), cases[i].good);
		assert_true(view_equal(blob_view(&out), cases[i].out));
		blob_free(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_HT_03_to_12_BAD_013_to_042),
	    cmocka_unit_test(spellings_HT_08_BAD_035),
	    cmocka_unit_test(ios_get_of_60_KiB),
	    cmocka_unit_test(long_operation_BAD_023),
	    cmocka_unit_test(percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
