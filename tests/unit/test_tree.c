/* test_tree.c - tests of values and their JSON. */
#include "conf_text.h"

#include <jansson.h>
#include <stdlib.h>

#include "show/tree.h"

static struct tree *
sample(void)
{
	struct tree *o = tree_new(), *list, *inner;

	tree_put_text(o, "text", "a \"b\" c:\\d\ttab \xc3\xa9");
	tree_put_int(o, "most", INT64_MAX);
	tree_put_int(o, "least", INT64_MIN);
	tree_put_bool(o, "yes", true);
	tree_put_bool(o, "no", false);
	tree_put_real(o, "half", -19.5);
	tree_put_real(o, "whole", 90);
	tree_put_real(o, "large", 1.06751991167e+14);
	tree_put_real(o, "small", 1.0 / 86400);
	tree_put_when(o, "at", 0);
	tree_put_hex(o, "hex", VIEW("\x01\xab"));
	(void)tree_add_array(o, "none");
	(void)tree_put_object(o, "nothing");
	list = tree_add_array(o, "list");
	tree_add_text(list, "one");
	inner = tree_add_object(list);
	tree_put_int(inner, "n", 2);
	return o;
}

static void
json_is_laid_out(void **state)
{
	static const char want[] =
	    "{\n"
	    "  \"text\": \"a \\\"b\\\" c:\\\\d\\\\x09tab \\\\xc3\\\\xa9\",\n"
	    "  \"most\": 9223372036854775807,\n"
	    "  \"least\": -9223372036854775808,\n"
	    "  \"yes\": true,\n"
	    "  \"no\": false,\n"
	    "  \"half\": -19.5,\n"
	    "  \"whole\": 90.0,\n"
	    "  \"large\": 1.06751991167e14,\n"
	    "  \"small\": 1.15740740741e-5,\n"
	    "  \"at\": \"1970-01-01T00:00:00Z\",\n"
	    "  \"hex\": \"01AB\",\n"
	    "  \"none\": [],\n"
	    "  \"nothing\": {},\n"
	    "  \"list\": [\n"
	    "    \"one\",\n"
	    "    {\n"
	    "      \"n\": 2\n"
	    "    }\n"
	    "  ]\n"
	    "}";
	struct tree *t = sample();
	struct blob out = {0};

	(void)state;
	tree_json(t, true, &out);
	assert_string_equal(blob_cstr(&out), want);
	blob_clear(&out);
	tree_json(tree_get(t, "list"), false, &out);
	assert_string_equal(blob_cstr(&out), "[\"one\", {\"n\": 2}]");
	blob_free(&out);
	tree_free(t);
}

/* Another library reads it, and writes the same octets. */
static void
json_is_json(void **state)
{
	static const unsigned layouts[] = {
	    JSON_INDENT(2) | JSON_REAL_PRECISION(12), JSON_REAL_PRECISION(12)};
	struct tree *t = sample();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(layouts); i++) {
		struct blob out = {0};
		json_error_t why;
		json_t *v;
		char *again;

		tree_json(t, i == 0, &out);
		v = json_loads(blob_cstr(&out), JSON_REJECT_DUPLICATES, &why);
		if (v == NULL)
			fail_msg("%s: %s", why.text, blob_cstr(&out));
		again = json_dumps(v, layouts[i]);
		assert_string_equal(again, blob_cstr(&out));
		free(again);
		json_decref(v);
		blob_free(&out);
	}
	tree_free(t);
}

static void
a_key_keeps_its_place(void **state)
{
	struct tree *t = tree_new();
	struct blob out = {0};

	(void)state;
	tree_put_int(t, "a", 1);
	tree_put_text(t, "b", "x");
	tree_put_text(t, "a", "now a text");
	tree_json(t, false, &out);
	assert_string_equal(blob_cstr(&out), "{\"a\": \"now a text\", \"b\": \"x\"}");
	tree_clear(t);
	assert_false(tree_has(t, "a"));
	tree_put_bool(t, "c", true);
	assert_true(tree_is(t, "c"));
	tree_free(t);
	blob_free(&out);
}

static void
absent_values_read_as_nothing(void **state)
{
	struct tree *t = sample();

	(void)state;
	assert_string_equal(tree_text(t, "gone"), "");
	assert_string_equal(tree_text(t, "most"), "");
	assert_true(tree_int(t, "text") == 0 && tree_int(t, "gone") == 0);
	assert_false(tree_is(t, "most") || tree_is(t, "gone") || tree_has(t, "gone"));
	assert_null(tree_get(NULL, "gone"));
	assert_null(tree_get(tree_get(t, "list"), "gone"));
	assert_null(tree_at(tree_get(t, "list"), 2));
	assert_null(tree_at(NULL, 0));
	assert_true(tree_count(NULL) == 0 && tree_count(tree_get(t, "list")) == 2);
	tree_free(t);
}

static int
by_n(const struct tree *a, const struct tree *b)
{
	return (tree_int(a, "n") > tree_int(b, "n")) - (tree_int(a, "n") < tree_int(b, "n"));
}

static void
lists_are_ordered(void **state)
{
	struct tree *t = tree_new(), *list = tree_add_array(t, "list");
	struct blob out = {0};

	(void)state;
	tree_drop_first(list);
	for (int i = 0; i < 40; i++) {
		struct tree *o = tree_add_object(list);

		tree_put_int(o, "n", i * 7 % 4);
		tree_put_int(o, "was", i);
	}
	tree_sort(list, by_n);
	for (size_t i = 1; i < 40; i++) {
		const struct tree *a = tree_at(list, i - 1), *b = tree_at(list, i);

		assert_true(by_n(a, b) < 0 ||
			    (by_n(a, b) == 0 && tree_int(a, "was") < tree_int(b, "was")));
	}
	while (tree_count(list) > 3)
		tree_drop_first(list);
	tree_reverse(list);
	tree_json(list, false, &out);
	assert_string_equal(blob_cstr(&out),
	    "[{\"n\": 3, \"was\": 37}, {\"n\": 3, \"was\": 33}, {\"n\": 3, \"was\": 29}]");
	tree_free(t);
	blob_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(json_is_laid_out),
	    cmocka_unit_test(json_is_json),
	    cmocka_unit_test(a_key_keeps_its_place),
	    cmocka_unit_test(absent_values_read_as_nothing),
	    cmocka_unit_test(lists_are_ordered),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
