/* tree_json.c - trees as JSON. */
#include <string.h>

#include "show/tree_int.h"

/* Printable ASCII, as all text of a tree: only two of its characters need help. */
static void
add_text(const char *text, struct blob *out)
{
	blob_add_byte(out, '"');
	for (; *text != 0; text++) {
		if (*text == '"' || *text == '\\')
			blob_add_byte(out, '\\');
		blob_add_byte(out, (uint8_t)*text);
	}
	blob_add_byte(out, '"');
}

/* Twelve digits, always with a sign that it is no integer; an exponent without padding. */
static void
add_real(double v, struct blob *out)
{
	char text[40];
	const char *rest;

	(void)snprintf(text, sizeof(text), "%.12g", v);
	rest = text + strcspn(text, "e");
	blob_add(out, text, (size_t)(rest - text));
	if (*rest == 0) {
		blob_add_str(out, strchr(text, '.') == NULL ? ".0" : "");
		return;
	}
	blob_add_str(out, rest[1] == '-' ? "e-" : "e");
	blob_add_str(out, rest + 2 + strspn(rest + 2, "0"));
}

static void
add_break(bool lines, int depth, struct blob *out)
{
	if (lines)
		blob_printf(out, "\n%*s", 2 * depth, "");
}

static void
add_value(const struct tree *t, bool lines, int depth, struct blob *out)
{
	bool object = t->kind == TREE_OBJECT;

	switch (t->kind) {
	case TREE_TEXT:
		add_text(t->text, out);
		return;
	case TREE_INT:
		blob_printf(out, "%lld", (long long)t->number);
		return;
	case TREE_REAL:
		add_real(t->real, out);
		return;
	case TREE_BOOL:
		blob_add_str(out, t->number != 0 ? "true" : "false");
		return;
	case TREE_OBJECT:
	case TREE_ARRAY:
		break;
	}
	blob_add_byte(out, object ? '{' : '[');
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			blob_add_str(out, lines ? "," : ", ");
		add_break(lines, depth + 1, out);
		if (object) {
			add_text(t->part[i]->key, out);
			blob_add_str(out, ": ");
		}
		add_value(t->part[i], lines, depth + 1, out); /* as deep as show builds */
	}
	if (t->n > 0)
		add_break(lines, depth, out);
	blob_add_byte(out, object ? '}' : ']');
}

void
tree_json(const struct tree *t, bool lines, struct blob *out)
{
	add_value(t, lines, 0, out);
}
