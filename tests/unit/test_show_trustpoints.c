/* test_show_trustpoints.c - tests of what is shown of trustpoints. */
#include "tp_bench.h"

#include <jansson.h>

#include "golden.h"
#include "lib/pool.h"
#include "show/show.h"

/* The spoke of the source document (S21). */
#define SPOKE                                                                                  \
	"hostname spoke-1\n"                                                                   \
	"crypto pki trustpoint Root-CA\n"                                                      \
	" enrollment url http://172.16.1.1:80\n"                                               \
	" subject-name CN=spoke-1.cisco.com,OU=CVO\n"                                          \
	" rsakeypair spoke-1-RSA\n"                                                            \
	" auto-enroll 80\n"

static struct bench b;
static struct conf conf;
static struct show_trustpoint trustpoint; /* as the daemon fills it, of any number alike */
static struct show_world w;
static struct conf_trustpoint renamed;

static void
get_trustpoint(void *arg, size_t i, struct show_trustpoint *out)
{
	(void)arg;
	trustpoint.tp = b.tp;
	*out = trustpoint;
	if (w.trustpoint_count == 1)
		return;
	renamed = conf.trustpoint[0];
	(void)snprintf(renamed.name, sizeof(renamed.name), "T%zu", i);
	out->conf = &renamed;
}

static void
keep_quiet(void *arg, bool warn, const char *text)
{
	(void)arg;
	if (!warn)
		fail_msg("%s", text);
}

static int
life_begins(void **state)
{
	struct err e = {0};

	(void)state;
	bench_open(&b);
	b.w.policy.serial_sequential = true;
	b.policy.plan.fingerprint = false;
	b.setup.fingerprint = "";
	b.setup.label = "spoke-1-RSA";
	blob_clear(&b.subject);
	assert_true(name_parse(
	    "CN=spoke-1.cisco.com,OU=CVO,serialNumber=67109104+hostname=spoke-1.cisco.com",
	    &b.subject, &e));
	bench_begin(&b);
	assert_true(
	    conf_parse("spoke.conf", view_str(SPOKE), NULL, NULL, keep_quiet, NULL, &conf));
	trustpoint = (struct show_trustpoint){.conf = &conf.trustpoint[0],
	    .shelf = b.shelf,
	    .id_alerted_at = INT64_MIN,
	    .ca_alerted_at = INT64_MIN};
	w = (struct show_world){.table = &show_agent,
	    .conf = &conf,
	    .trustpoint = get_trustpoint,
	    .trustpoint_count = 1,
	    .clock_trusted = true,
	    .clock_source = "NTP",
	    .clock_why = "The clock is not authoritative",
	    .clock_mend = "Start an NTP client"};
	return 0;
}

static int
life_ends(void **state)
{
	(void)state;
	bench_close(&b);
	conf_free(&conf);
	pool_free();
	return 0;
}

/* The whole answer; *calls: how many pieces. */
static struct blob
run(const char *line, int status, int *calls)
{
	struct show_answer a = {0};
	struct command_line c;
	struct blob text;
	struct err e = {0};
	int column;

	w.now_ms = b.w.now * 1000 + 123;
	if (!command_parse(line, &c, &column, &e))
		fail_msg("%s: %s", line, e.text);
	do {
		if (!show_run(&w, &c, &a, &e))
			fail_msg("%s: %s", line, e.text);
		*calls += 1;
	} while (a.more);
	assert_int_equal(a.status, status);
	text = a.text;
	a.text = (struct blob){0};
	show_free(&a);
	return text;
}

static void
golden(const char *line, const char *file)
{
	int calls = 0;
	struct blob text = run(line, 0, &calls);

	golden_check(line, file, &text);
	blob_free(&text);
}

static void
expect(const char *line, int status, const char *part)
{
	int calls = 0;
	struct blob text = run(line, status, &calls);

	if (strstr(blob_cstr(&text), part) == NULL)
		fail_msg("%s lacks '%s':\n%s", line, part, blob_cstr(&text));
	blob_free(&text);
}

static json_t *
run_json(const char *line)
{
	int calls = 0;
	struct blob text = run(line, 0, &calls);
	json_error_t e;
	json_t *tree = json_loads(blob_cstr(&text), JSON_REJECT_DUPLICATES, &e);

	if (tree == NULL)
		fail_msg("%s: %s: %s", line, e.text, blob_cstr(&text));
	blob_free(&text);
	return tree;
}

/* ---- one life, in the order of its years ---- */

/* RENEW runs from configuration on (S34). */
static void
before_authentication(void **state)
{
	(void)state;
	bench_wait(&b, T0 + HOUR);
	golden("show crypto pki trustpoints", "tp-configured.txt");
	golden("show crypto pki trustpoints status", "tp-configured-status.txt");
	golden("show crypto pki timers", "tp-configured-timers.txt");
	expect("show crypto pki certificates | count CA", 0, "= 0\n");
}

static void
enrolled(void **state)
{
	(void)state;
	bench_authenticate(&b, b.fingerprint);
	bench_wait(&b, T0 + DAY);
	trustpoint.directory = "trustpoints/Root-CA/1";
	trustpoint.active_generation = 1;
	golden("show crypto pki trustpoints", "tp-enrolled.txt");
	golden("show crypto pki trustpoints Root-CA status", "tp-enrolled-status.txt");
	golden("show crypto pki trustpoints json", "tp-enrolled.json");
	golden("show crypto pki certificates", "tp-certificates.txt");
	golden("show crypto pki certificates verbose Root-CA", "tp-certificates-verbose.txt");
	golden("show crypto pki timers detail", "tp-timers.txt");
	golden("show crypto pki timers json", "tp-timers.json");
}

/* S61: the second certificate ends with the CA, so SHADOW it is. */
static void
renewed(void **state)
{
	(void)state;
	bench_wait(&b, T0 + 650 * DAY);
	expect("show crypto pki timers", 0, "  SHADOW Root-CA\n");
	expect("show crypto pki timers", 0, "  ID(Root-CA)\n");
	expect("show crypto pki timers", 0, "  CA(Root-CA)\n");
}

/* R2, R3: four certificates, and the switch to come. */
static void
ready_for_the_switch(void **state)
{
	(void)state;
	bench_wait(&b, T0 + 720 * DAY);
	assert_true(bench_has(&b, TP_SHADOW) && bench_has(&b, TP_NEXT_CA));
	trustpoint.shadow_generation = 3;
	trustpoint.trouble = "the server did not answer";
	trustpoint.trouble_at = T0 + 719 * DAY;
	golden("show crypto pki certificates", "tp-rollover-certificates.txt");
	golden("show crypto pki certificates json", "tp-rollover-certificates.json");
	golden("show crypto pki trustpoints status", "tp-rollover-status.txt");
	golden("show crypto pki trustpoints", "tp-rollover.txt");
	golden("show crypto pki timers", "tp-rollover-timers.txt");
}

static void
over_the_switch(void **state)
{
	json_t *tree, *row;

	(void)state;
	bench_wait(&b, T0 + 730 * DAY);
	tree = run_json("show crypto pki trustpoints json");
	row = json_array_get(json_object_get(tree, "trustpoints"), 0);
	assert_null(json_object_get(row, "shadow"));
	assert_string_equal(json_string_value(json_object_get(row, "state")), "enrolled");
	json_decref(tree);
}

/* ---- apart from that life ---- */

static void
without_a_clock(void **state)
{
	(void)state;
	w.clock_trusted = false;
	expect("show crypto pki timers", 0, "% The clock is not authoritative: no PKI timer");
	expect("show crypto pki trustpoints", 0, "    Now: waits for an authoritative clock\n");
	expect("show crypto pki timers | count Root-CA", 0, "= 0\n");
	w.clock_trusted = true;
}

static void
names_are_looked_up(void **state)
{
	(void)state;
	expect("show crypto pki trustpoints NOBODY", 1,
	    "% Trustpoint NOBODY is not known\n  Type: show crypto pki trustpoints\n");
	expect("show crypto pki certificates NOBODY json", 1,
	    "\"error\": \"Trustpoint NOBODY is not known\"");
	expect("show crypto pki certificates Root-CA", 0, "CA Certificate\n");
}

static void
not_running(void **state)
{
	struct show_trustpoint kept = trustpoint;
	struct tp *tp = b.tp;

	(void)state;
	b.tp = NULL;
	trustpoint.shelf = NULL;
	expect("show crypto pki trustpoints", 0, "    Now: does not run (see the log)\n");
	expect("show crypto pki timers", 0, "PKI Timers\n");
	expect("show crypto pki certificates | count .", 0, "= 0\n");
	b.tp = tp;
	trustpoint = kept;
	w.trustpoint_count = 0;
	expect("show crypto pki trustpoints", 0, "% No trustpoint is configured");
	w.trustpoint_count = 1;
}

/* What cannot be read is said in its place. */
static void
octets_that_are_no_certificate(void **state)
{
	struct tp_shelf *s = tp_shelf_memory();
	struct tp_change bad = {TP_ID, VIEW("\x30\x03\x02\x01\x01")};
	struct tp_change good = {TP_CA, {0}};
	struct blob ca = {0};
	struct err e = {0};

	(void)state;
	assert_true(b.shelf->table->get(b.shelf, TP_CA, &ca, &e));
	good.bytes = blob_view(&ca);
	assert_true(s->table->put(s, &bad, 1, &e) && s->table->put(s, &good, 1, &e));
	trustpoint.shelf = s;
	expect("show crypto pki certificates", 0, "% Trustpoint Root-CA: stored certificate: ");
	expect("show crypto pki certificates", 0, "CA Certificate\n  Status: Available\n");
	expect("show crypto pki trustpoints", 0, "    % stored certificate: ");
	json_decref(run_json("show crypto pki certificates json"));
	trustpoint.shelf = b.shelf;
	s->table->close(s);
	blob_free(&ca);
}

static void
lists(void **state)
{
	struct blob issuer = {0};
	struct err e = {0};
	struct show_list all[2] = {
	    {.this_update = T0,
		.next_update = T0 + 12 * HOUR,
		.fetched_at = T0 + MINUTE,
		.update_at = T0 + 6 * HOUR,
		.size = 514,
		.entries = 3,
		.number = 7,
		.url = "http://172.16.1.1/crl"},
	    {.this_update = T0,
		.next_update = WHEN_NEVER,
		.fetched_at = T0,
		.update_at = WHEN_NEVER,
		.size = 300,
		.number = -1,
		.url = ""},
	};
	when_t now = b.w.now;

	(void)state;
	expect("show crypto pki crls", 0, "No revocation list is kept\n");
	assert_true(name_parse("CN=RootCA,OU=TAC,O=Cisco", &issuer, &e));
	all[0].issuer = all[1].issuer = blob_view(&issuer);
	w.lists = all;
	w.list_count = 2;
	b.w.now = T0 + HOUR;
	golden("show crypto pki crls", "tp-crls.txt");
	golden("show crypto pki crls json", "tp-crls.json");
	expect("show crypto pki timers", 0,
	    "CRL Timers\n|     4:59:59.877\n  |     4:59:59.877  CRL UPDATE "
	    "cn=RootCA,ou=TAC,o=Cisco\n  |    10:59:59.877  CRL EXPIRE "
	    "cn=RootCA,ou=TAC,o=Cisco\n");
	b.w.now = now;
	w.lists = NULL;
	w.list_count = 0;
	blob_free(&issuer);
}

static void
counters(void **state)
{
	json_t *tree, *row;
	size_t i;

	(void)state;
	trustpoint.counters = (struct show_tp_counters){.fetches = 9,
	    .failures = 1,
	    .granted = 3,
	    .rejected = 2,
	    .switches = 1,
	    .valid = 8,
	    .list_failures = 4};
	golden("show crypto pki counters", "tp-counters.txt");
	w.trustpoint_count = 1000;
	expect("show crypto pki counters", 0, "SCEP - requests sent: 9000\n");
	tree = run_json("show crypto pki counters json");
	assert_int_equal(
	    json_integer_value(json_object_get(json_object_get(tree, "sum"), "list_failures")),
	    4000);
	assert_int_equal(json_array_size(json_object_get(tree, "trustpoints")), 1000);
	json_array_foreach(json_object_get(tree, "trustpoints"), i, row)
	{
		assert_int_equal(json_integer_value(json_object_get(row, "granted")), 3);
	}
	json_decref(tree);
	w.trustpoint_count = 1;
}

/* The largest daemon: no call takes long, and one is found at once. */
static void
ten_thousand(void **state)
{
	static const struct {
		const char *line;
		size_t trustpoints;
		int least;
		size_t rows;
		const char *list;
	} cases[] = {
	    {"show crypto pki trustpoints status json", 1000, 40, 1000, "trustpoints"},
	    {"show crypto pki certificates json", 1000, 40, 2000, "certificates"},
	    {"show crypto pki timers json", 10000, 50, 10000, "pki_timers"},
	};
	json_t *tree;
	struct blob text;
	int calls;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		w.trustpoint_count = cases[i].trustpoints;
		calls = 0;
		text = run(cases[i].line, 0, &calls);
		assert_true(calls >= cases[i].least);
		tree = json_loads(blob_cstr(&text), 0, NULL);
		assert_non_null(tree);
		assert_int_equal(
		    json_array_size(json_object_get(tree, cases[i].list)), cases[i].rows);
		json_decref(tree);
		blob_free(&text);
	}
	calls = 0;
	text = run("show crypto pki certificates T9999", 0, &calls);
	assert_true(calls <= 2);
	assert_non_null(strstr(blob_cstr(&text), "Associated Trustpoints: T9999\n"));
	blob_free(&text);
	w.trustpoint_count = 1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(before_authentication),
	    cmocka_unit_test(enrolled),
	    cmocka_unit_test(renewed),
	    cmocka_unit_test(ready_for_the_switch),
	    cmocka_unit_test(over_the_switch),
	    cmocka_unit_test(without_a_clock),
	    cmocka_unit_test(names_are_looked_up),
	    cmocka_unit_test(not_running),
	    cmocka_unit_test(octets_that_are_no_certificate),
	    cmocka_unit_test(lists),
	    cmocka_unit_test(counters),
	    cmocka_unit_test(ten_thousand),
	};

	return cmocka_run_group_tests_name("show_trustpoints", tests, life_begins, life_ends);
}
