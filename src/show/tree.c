/* tree.c - values, their members, their text. */
#include <stdlib.h>
#include <string.h>

#include "show/tree_int.h"

/* ---- making and ending ---- */

static struct tree *
of_kind(enum tree_kind kind)
{
	struct tree *t = mem_get(sizeof(*t));

	t->kind = kind;
	return t;
}

struct tree *
tree_new(void)
{
	return of_kind(TREE_OBJECT);
}

void
tree_clear(struct tree *t)
{
	while (t->n > 0)
		tree_free(t->part[--t->n]);
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	tree_clear(t);
	free(t->part);
	free(t->key);
	free(t->text);
	free(t);
}

static struct tree *
append(struct tree *to, struct tree *part)
{
	if (to->n == to->cap) {
		to->cap = to->cap == 0 ? 8 : 2 * to->cap;
		to->part = mem_array(to->part, to->cap, sizeof(struct tree *));
	}
	return to->part[to->n++] = part;
}

/* Where the key stands in o; o->n: nowhere. */
static size_t
place_of(const struct tree *o, const char *key)
{
	size_t i = 0;

	while (i < o->n && strcmp(o->part[i]->key, key) != 0)
		i++;
	return i;
}

static struct tree *
put(struct tree *o, const char *key, enum tree_kind kind)
{
	size_t i = place_of(o, key);
	struct tree *t = of_kind(kind);

	t->key = mem_str(key);
	if (i == o->n)
		return append(o, t);
	tree_free(o->part[i]);
	return o->part[i] = t;
}

/* ---- putting ---- */

/* Quotes and backslashes stay: names come escaped from wire, and twice would change them. */
static char *
clean(const char *text)
{
	struct blob out = {0};
	char *copy;

	for (const char *at = text; *at != 0; at++) {
		uint8_t c = (uint8_t)*at;

		if (c < 0x20 || c >= 0x7f)
			blob_printf(&out, "\\x%02x", c);
		else
			blob_add_byte(&out, c);
	}
	copy = mem_str(blob_cstr(&out));
	blob_free(&out);
	return copy;
}

void
tree_put_text(struct tree *o, const char *key, const char *text)
{
	put(o, key, TREE_TEXT)->text = clean(text);
}

void
tree_put_when(struct tree *o, const char *key, when_t t)
{
	char text[WHEN_TEXT];

	tree_put_text(o, key, when_rfc3339(t, text));
}

void
tree_put_hex(struct tree *o, const char *key, struct view v)
{
	struct blob b = {0};

	hex_add(&b, v, true);
	tree_put_text(o, key, blob_cstr(&b));
	blob_free(&b);
}

void
tree_put_int(struct tree *o, const char *key, int64_t v)
{
	put(o, key, TREE_INT)->number = v;
}

void
tree_put_real(struct tree *o, const char *key, double v)
{
	put(o, key, TREE_REAL)->real = v;
}

void
tree_put_bool(struct tree *o, const char *key, bool v)
{
	put(o, key, TREE_BOOL)->number = v;
}

struct tree *
tree_add_array(struct tree *o, const char *key)
{
	return put(o, key, TREE_ARRAY);
}

struct tree *
tree_put_object(struct tree *o, const char *key)
{
	return put(o, key, TREE_OBJECT);
}

struct tree *
tree_add_object(struct tree *array)
{
	return append(array, of_kind(TREE_OBJECT));
}

void
tree_add_text(struct tree *array, const char *text)
{
	append(array, of_kind(TREE_TEXT))->text = clean(text);
}

/* ---- reading ---- */

struct tree *
tree_get(const struct tree *o, const char *key)
{
	return o == NULL || o->kind != TREE_OBJECT ? NULL : tree_at(o, place_of(o, key));
}

struct tree *
tree_at(const struct tree *array, size_t i)
{
	return array == NULL || i >= array->n ? NULL : array->part[i];
}

size_t
tree_count(const struct tree *array)
{
	return array == NULL ? 0 : array->n;
}

const char *
tree_string(const struct tree *text)
{
	return text == NULL || text->kind != TREE_TEXT ? "" : text->text;
}

const char *
tree_text(const struct tree *o, const char *key)
{
	return tree_string(tree_get(o, key));
}

int64_t
tree_int(const struct tree *o, const char *key)
{
	const struct tree *t = tree_get(o, key);

	return t == NULL || t->kind != TREE_INT ? 0 : t->number;
}

bool
tree_is(const struct tree *o, const char *key)
{
	const struct tree *t = tree_get(o, key);

	return t != NULL && t->kind == TREE_BOOL && t->number != 0;
}

bool
tree_has(const struct tree *o, const char *key)
{
	return tree_get(o, key) != NULL;
}

const char *
tree_ios(const struct tree *o, const char *key, char out[WHEN_TEXT])
{
	when_t t;

	if (!when_parse(tree_text(o, key), &t))
		(void)snprintf(out, WHEN_TEXT, "%s", tree_text(o, key));
	else
		(void)when_ios(t, out);
	return out;
}

void
tree_groups(const struct tree *o, const char *key, struct blob *out)
{
	const char *hex = tree_text(o, key);

	for (size_t i = 0; hex[i] != 0; i++) {
		if (i > 0 && i % 8 == 0)
			blob_add_byte(out, ' ');
		blob_add_byte(out, (uint8_t)hex[i]);
	}
}

/* ---- order ---- */

void
tree_drop_first(struct tree *array)
{
	if (array->n == 0)
		return;
	tree_free(array->part[0]);
	array->n--;
	memmove(array->part, array->part + 1, array->n * sizeof(*array->part));
}

void
tree_reverse(struct tree *array)
{
	for (size_t i = 0; i < array->n / 2; i++) {
		struct tree *t = array->part[i];

		array->part[i] = array->part[array->n - 1 - i];
		array->part[array->n - 1 - i] = t;
	}
}

struct sorting {
	struct tree *t;
	size_t at;
	int (*order)(const struct tree *a, const struct tree *b);
};

static int
in_order(const void *a, const void *b)
{
	const struct sorting *x = a, *y = b;
	int order = x->order(x->t, y->t);

	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

void
tree_sort(struct tree *array, int (*order)(const struct tree *a, const struct tree *b))
{
	struct sorting *all = mem_array(NULL, array->n + 1, sizeof(*all));

	for (size_t i = 0; i < array->n; i++)
		all[i] = (struct sorting){array->part[i], i, order};
	qsort(all, array->n, sizeof(*all), in_order);
	for (size_t i = 0; i < array->n; i++)
		array->part[i] = all[i].t;
	free(all);
}
