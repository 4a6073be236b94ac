/* tree.c - small words on jansson values. */
#include <string.h>

#include "show/tree.h"

/* Quotes and backslashes stay: names come escaped from wire, and twice would change them. */
static void
clean(struct blob *out, const char *text)
{
	for (const char *at = text; *at != 0; at++) {
		uint8_t c = (uint8_t)*at;

		if (c < 0x20 || c >= 0x7f)
			blob_printf(out, "\\x%02x", c);
		else
			blob_add_byte(out, c);
	}
}

void
tree_put_text(json_t *o, const char *key, const char *text)
{
	struct blob b = {0};

	clean(&b, text);
	json_object_set_new(o, key, json_string(blob_cstr(&b)));
	blob_free(&b);
}

void
tree_put_when(json_t *o, const char *key, when_t t)
{
	char text[WHEN_TEXT];

	json_object_set_new(o, key, json_string(when_rfc3339(t, text)));
}

void
tree_put_hex(json_t *o, const char *key, struct view v)
{
	struct blob b = {0};

	hex_add(&b, v, true);
	json_object_set_new(o, key, json_string(blob_cstr(&b)));
	blob_free(&b);
}

void
tree_put_int(json_t *o, const char *key, int64_t v)
{
	json_object_set_new(o, key, json_integer(v));
}

void
tree_put_bool(json_t *o, const char *key, bool v)
{
	json_object_set_new(o, key, json_boolean(v));
}

json_t *
tree_add_array(json_t *o, const char *key)
{
	json_t *array = json_array();

	json_object_set_new(o, key, array);
	return array;
}

json_t *
tree_add_object(json_t *array)
{
	json_t *o = json_object();

	json_array_append_new(array, o);
	return o;
}

const char *
tree_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

int64_t
tree_int(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

bool
tree_is(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

bool
tree_has(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return v != NULL && !json_is_null(v);
}

const char *
tree_ios(const json_t *o, const char *key, char out[WHEN_TEXT])
{
	when_t t;

	if (!when_parse(tree_text(o, key), &t))
		(void)snprintf(out, WHEN_TEXT, "%s", tree_text(o, key));
	else
		(void)when_ios(t, out);
	return out;
}

void
tree_groups(const json_t *o, const char *key, struct blob *out)
{
	const char *hex = tree_text(o, key);

	for (size_t i = 0; hex[i] != 0; i++) {
		if (i > 0 && i % 8 == 0)
			blob_add_byte(out, ' ');
		blob_add_byte(out, (uint8_t)hex[i]);
	}
}
