/* test_pack.c - what is packed comes out as it was. */
#include "conf_text.h"

#include <stdlib.h>

#define COUNT 400

/* Octets and gaps of every length, up to both ends. */
static void
scatter(struct conf_trustpoint *t, unsigned *seed)
{
	uint8_t *p = (uint8_t *)t;

	for (size_t at = 0; at < sizeof(*t);) {
		size_t n = (*seed = *seed * 1103515245 + 12345) >> 16 & 31, gap = n & 15;

		for (; n > 0 && at < sizeof(*t); n--)
			p[at++] = (uint8_t)(1 + n);
		at += gap;
	}
	memset(t->name, 0, sizeof(t->name));
	t->kept = (struct blob){0};
	(void)snprintf(t->name, sizeof(t->name), "TP%u%.*s", *seed, (int)(*seed >> 8 & 31),
	    "a-long-name-a-long-name-a-long-name");
}

static void
any_octets(void **state)
{
	struct conf c = {0};
	struct conf_trustpoint *copy = mem_array(NULL, COUNT, sizeof(*copy));
	struct conf_trustpoint room;
	unsigned seed = 7;

	(void)state;
	c.trustpoint_count = COUNT;
	c.trustpoint = mem_get(COUNT * sizeof(*copy));
	for (size_t i = 1; i < COUNT; i++) /* the first is empty */
		scatter(&c.trustpoint[i], &seed);
	memset(c.trustpoint[1].name, 'n', sizeof(c.trustpoint[1].name) - 1);
	memcpy(copy, c.trustpoint, COUNT * sizeof(*copy));
	assert_ptr_equal(conf_trustpoint(&c, 3, &room), &c.trustpoint[3]);
	assert_string_equal(conf_trustpoint_name(&c, 3), copy[3].name);
	conf_pack(&c);
	assert_null(c.trustpoint);
	for (size_t i = 0; i < COUNT; i++) {
		assert_memory_equal(conf_trustpoint(&c, i, &room), &copy[i], sizeof(room));
		if (i > 0)
			assert_string_equal(conf_trustpoint_name(&c, i), copy[i].name);
	}
	conf_free(&c);
	free(copy);
}

/* A trustpoint as people write it takes a few hundred octets. */
static void
small(void **state)
{
	struct conf c;
	struct conf_trustpoint room;
	struct blob said = {0};

	(void)state;
	assert_true(parse_text("crypto pki trustpoint SPOKE-0001\n"
			       " enrollment url http://ca.example:80\n"
			       " subject-name CN=spoke-0001,OU=TAC,O=Cisco\n"
			       " fingerprint 0123456789ABCDEF0123456789ABCDEF\n"
			       " rsakeypair SPOKE-0001 2048\n revocation-check crl none\n"
			       " auto-enroll 80 regenerate\n ocsp url http://o.example\n",
	    &c, &said));
	conf_pack(&c);
	assert_false(conf_trustpoint(&c, 0, &room)->removed);
	conf_remove_trustpoint(&c, 0);
	assert_true(conf_trustpoint(&c, 0, &room)->removed);
	assert_string_equal(conf_trustpoint_name(&c, 0), "SPOKE-0001");
	if (c.packed.n > 400)
		fail_msg("%zu octets", c.packed.n);
	conf_drop_trustpoints(&c);
	assert_int_equal(c.trustpoint_count, 0);
	conf_free(&c);
	blob_free(&said);
}

static void
none(void **state)
{
	struct conf c;
	struct blob said = {0}, text = {0};

	(void)state;
	assert_true(parse_text("hostname a\n", &c, &said));
	conf_pack(&c);
	assert_true(conf_print(&c, plain_seal, NULL, &text, NULL));
	conf_free(&c);
	blob_free(&said);
	blob_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_octets),
	    cmocka_unit_test(small),
	    cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
