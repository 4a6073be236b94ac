/* test_show_large.c - tests of lists that come in pieces. */
#include "show_lab.h"

static struct store_table real, fake;
static int64_t rows_there, reads, most_reads;

static bool
fake_cert_next(struct store *s, int64_t after, struct row_cert *out, struct err *e)
{
	static uint8_t serial[8];
	static struct blob name;

	(void)s;
	reads++;
	if (after >= rows_there)
		return err_set(e, WHY_NOT_FOUND, "no more");
	if (name.n == 0)
		lab_name(VIEW("one of many"), &name);
	for (int i = 0; i < 8; i++)
		serial[i] = (uint8_t)((after + 1) >> (56 - 8 * i));
	*out = (struct row_cert){
	    .intent = after + 1,
	    .generation = 1,
	    .serial = view_of(serial, sizeof(serial)),
	    .subject = blob_view(&name),
	    .not_before = LAB_START,
	    .not_after = LAB_START + DAY,
	    .made_at = LAB_START,
	    .kind = CERT_INITIAL,
	    .state = CERT_ISSUED,
	    .granted_by = "auto",
	};
	return true;
}

/* One record in the middle was changed after it was chained. */
static bool
fake_audit_next(struct store *s, int64_t after, struct row_audit *out, struct err *e)
{
	reads++;
	if (!real.audit_next(s, after, out, e))
		return false;
	if (out->sequence == 250)
		out->object = "somebody else";
	return true;
}

/* Text of a list taken piece by piece, as the daemon sends it; *lines counts. */
static void
run_large(struct lab *l, const char *text, size_t *lines, size_t *octets, int64_t *longest)
{
	struct show_answer a = {0};
	struct command_line c;
	int column;

	assert_true(command_parse(text, &c, &column, NULL));
	most_reads = 0;
	*lines = *octets = 0;
	*longest = 0;
	do {
		int64_t from = clock_mono_ms();

		reads = 0;
		assert_true(show_run(&l->w, &c, &a, NULL));
		if (clock_mono_ms() - from > *longest)
			*longest = clock_mono_ms() - from;
		if (reads > most_reads)
			most_reads = reads;
		for (size_t i = 0; i < a.text.n; i++)
			*lines += a.text.p[i] == '\n';
		*octets += a.text.n;
		blob_clear(&a.text);
	} while (a.more);
	assert_int_equal(a.status, 0);
	show_free(&a);
}

static void
a_large_list_comes_in_pieces(void **state)
{
	const char *rows = getenv("SHOW_ROWS");
	size_t lines, octets;
	int64_t longest, from;
	struct lab lab;

	(void)state;
	lab_open(&lab, LAB_CONF);
	lab_tick(&lab);
	rows_there = rows != NULL ? strtoll(rows, NULL, 10) : 20100;
	real = *lab.store->table;
	fake = real;
	fake.cert_next = fake_cert_next;
	lab.store->table = &fake;
	from = clock_mono_ms();
	run_large(
	    &lab, "show crypto pki server ROOTCA certificates", &lines, &octets, &longest);
	print_message("# %lld rows as text: %lld ms, longest call %lld ms\n",
	    (long long)rows_there, (long long)(clock_mono_ms() - from), (long long)longest);
	assert_int_equal(lines, rows_there + 1);
	assert_true(most_reads <= 200);
	from = clock_mono_ms();
	run_large(
	    &lab, "show crypto pki server ROOTCA certificates json", &lines, &octets, &longest);
	print_message("# %lld rows as JSON: %lld ms, longest call %lld ms\n",
	    (long long)rows_there, (long long)(clock_mono_ms() - from), (long long)longest);
	assert_int_equal(lines, rows_there + 5);
	assert_true(most_reads <= 200);
	run_large(&lab, "show crypto pki server ROOTCA certificates | count one of", &lines,
	    &octets, &longest);
	assert_int_equal(lines, 1);

	/* Whole, it is one JSON value with every row once. */
	rows_there = 1001;
	json_t *tree = run_json(&lab, "show crypto pki server ROOTCA certificates json", 0),
	       *row;
	size_t i;

	assert_int_equal(json_array_size(json_object_get(tree, "certificates")), 1001);
	json_array_foreach(json_object_get(tree, "certificates"), i, row)
	{
		assert_int_equal(
		    strtoull(json_string_value(json_object_get(row, "serial")), NULL, 16),
		    i + 1);
	}
	json_decref(tree);
	lab.store->table = &real;
	lab_close(&lab);
}

/* A list of more entries than one call counts or prints. */
static void
a_large_crl(void **state)
{
	struct sig_alg alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0};
	struct blob entries = {0}, name = {0}, tbs = {0}, der = {0};
	struct said said;
	struct lab l;
	json_t *tree, *o;
	size_t i;

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	crl_entry_encode(
	    VIEW("\x00\x9a"), LAB_START, 0, &entries); /* padded in the list only */
	for (unsigned n = 2; n <= 20300; n++) {
		uint8_t serial[3] = {0x40, (uint8_t)(n >> 8), (uint8_t)n};

		crl_entry_encode(view_of(serial, sizeof(serial)), LAB_START + n, 0, &entries);
	}
	struct crl_spec spec = {
	    .issuer = lab_dn("CN=RootCA,OU=TAC,O=Cisco", &name),
	    .this_update = LAB_START,
	    .next_update = LAB_START + DAY,
	    .number = 9,
	    .alg = alg,
	    .entries = blob_view(&entries),
	};

	crl_encode_tbs(&spec, &tbs);
	signed_assemble(blob_view(&tbs), &alg, VIEW("signature"), &der);
	struct row_crl row = {1, 9, LAB_START, LAB_START + DAY, blob_view(&der)};

	assert_true(l.store->table->begin(l.store, NULL));
	assert_true(l.store->table->crl_put(l.store, &row, NULL));
	assert_true(l.store->table->commit(l.store, NULL));
	tree = run_json(&l, "show crypto pki server ROOTCA crl json", 0);
	assert_int_equal(json_integer_value(json_object_get(tree, "entries")), 20300);
	json_array_foreach(json_object_get(tree, "revoked"), i, o)
	{
		assert_int_equal(
		    strtol(json_string_value(json_object_get(o, "serial")), NULL, 16),
		    i == 0 ? 0x9a : 0x400000 + i + 1);
	}
	assert_int_equal(i, 20300);
	json_decref(tree);
	expect(&l, "show crypto pki server ROOTCA crl", 0, "    Serial Number (hex): 9A\n");
	said = lab_run(&l, "show crypto pki server ROOTCA crl | count Revocation Date");
	assert_string_equal(
	    blob_cstr(&said.text), "Number of lines which match regexp = 20300\n");
	/* one call counts 20000; the rest and the first 200 rows come with the second */
	assert_int_equal(said.calls, 1 + 102);
	blob_free(&said.text);
	blob_free(&entries);
	blob_free(&name);
	blob_free(&tbs);
	blob_free(&der);
	lab_close(&l);
}

static void
a_broken_audit_chain_is_said(void **state)
{
	const struct store_table *t;
	struct lab l;

	(void)state;
	lab_open(&l, LAB_CONF);
	t = l.store->table;
	assert_true(t->begin(l.store, NULL));
	for (int i = 1; i <= 450; i++)
		assert_true(
		    t->audit_add(l.store, LAB_START + i, "admin", "grant", "request", NULL));
	assert_true(t->commit(l.store, NULL));
	expect(&l, "show crypto pki server ROOTCA audit", 0,
	    "Audit of ROOTCA: 450 records, chain verified\n");

	struct said said = lab_run(&l, "show crypto pki server ROOTCA audit");

	assert_null(strstr(blob_cstr(&said.text), "\n400 "));
	assert_non_null(strstr(blob_cstr(&said.text), "\n401 "));
	assert_non_null(strstr(blob_cstr(&said.text), "\n450 "));
	assert_int_equal(said.calls, 3);
	blob_free(&said.text);

	real = *t;
	fake = real;
	fake.audit_next = fake_audit_next;
	l.store->table = &fake;
	expect(&l, "show crypto pki server ROOTCA audit", 1,
	    "Audit of ROOTCA: 450 records, CHAIN BROKEN at record 250\n");
	json_t *tree = run_json(&l, "show crypto pki server ROOTCA audit json", 1);

	assert_true(json_is_false(json_object_get(tree, "verified")));
	assert_int_equal(json_integer_value(json_object_get(tree, "first_bad")), 250);
	json_decref(tree);
	l.store->table = &real;
	lab_close(&l);
}

/* Timers of more requests than one piece holds, sorted, each once. */
static void
many_requests(void **state)
{
	struct blob dn = {0};
	struct said said;
	struct lab l;
	int64_t last = INT64_MIN;
	json_t *tree, *o;
	size_t i;

	(void)state;
	lab_open(&l, LAB_CONF);
	lab_tick(&l);
	assert_true(l.store->table->begin(l.store, NULL));
	lab_dn("CN=r1", &dn);
	for (int n = 0; n < 450; n++)
		lab_request(&l, blob_view(&dn), CERT_INITIAL, REQUEST_PENDING, "192.0.2.1",
		    LAB_START + (n * 7919) % 1000);
	assert_true(l.store->table->commit(l.store, NULL));

	tree = run_json(&l, "show crypto pki timers json", 0);
	assert_int_equal(json_array_size(json_object_get(tree, "cs_timers")), 453);
	json_array_foreach(json_object_get(tree, "cs_timers"), i, o)
	{
		int64_t left = json_integer_value(json_object_get(o, "left_ms"));

		assert_true(left >= last);
		last = left;
	}
	json_decref(tree);

	tree = run_json(&l, "show crypto pki server ROOTCA requests json", 0);
	json_array_foreach(json_object_get(tree, "router"), i, o)
	{
		assert_int_equal(json_integer_value(json_object_get(o, "id")), 450 - i);
	}
	assert_int_equal(i, 450);
	json_decref(tree);
	said = lab_run(&l, "show crypto pki server ROOTCA requests");
	assert_int_equal(said.calls, 3);
	blob_free(&said.text);
	blob_free(&dn);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_large_list_comes_in_pieces),
	    cmocka_unit_test(a_large_crl),
	    cmocka_unit_test(a_broken_audit_chain_is_said),
	    cmocka_unit_test(many_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
