/* show.c - commands, renderers, pieces, refusals. */
#include <stdlib.h>
#include <string.h>

#include "show/show_int.h"

/* ---- for the commands ---- */

bool
show_absent(const struct err *why, struct err *e)
{
	return why->why == WHY_NOT_FOUND || err_set(e, why->why, "%s", why->text);
}

struct view
show_unsigned(struct view serial)
{
	while (serial.n > 1 && serial.p[0] == 0)
		serial = view_of(serial.p + 1, serial.n - 1);
	return serial;
}

const char *
show_word(const char *const *words, size_t count, int at)
{
	return at < 0 || (size_t)at >= count || words[at] == NULL ? "" : words[at];
}

/* ---- renderers ---- */

static void
render_tree(const struct show *s, struct blob *out)
{
	static const char end[] = "\n}";

	if (!s->c->json) {
		s->command->text(s, out);
		return;
	}
	tree_json(s->tree, true, out);
	if (s->command->list == NULL) {
		blob_add_byte(out, '\n');
		return;
	}
	out->n -= tree_count(s->tree) > 0 ? sizeof(end) - 1 : 1;
	blob_printf(
	    out, "%s\n  \"%s\": [", tree_count(s->tree) > 0 ? "," : "", s->command->list);
}

static void
render_rows(struct show *s, const struct tree *rows, bool more, struct blob *out)
{
	const struct tree *row;
	size_t i;

	for (i = 0; (row = tree_at(rows, i)) != NULL; i++) {
		if (s->c->json) {
			blob_add_str(out, s->row_written ? ",\n    " : "\n    ");
			tree_json(row, false, out);
		} else {
			blob_add_str(out, s->row_written && s->command->apart ? "\n" : "");
			s->command->row_text(s, row, out);
		}
		s->row_written = true;
	}
	if (s->c->json && !more)
		blob_add_str(out, s->row_written ? "\n  ]\n}\n" : "]\n}\n");
}

static void
render_refusal(struct show *s, const char *what, const char *type, struct blob *out)
{
	s->status = 1;
	if (!s->c->json) {
		blob_printf(out, "%% %s\n  Type: %s\n", what, type);
		return;
	}
	tree_clear(s->tree);
	tree_put_text(s->tree, "error", what);
	tree_put_text(s->tree, "type", type);
	tree_json(s->tree, true, out);
	blob_add_byte(out, '\n');
}

/* ---- one call ---- */

static void
refuse_name(struct show *s, bool trustpoint, const char *is_not, struct blob *out)
{
	struct blob clean = {0}, text = {0};

	text_escape(&clean, view_str(s->c->name));
	blob_printf(&text, "%s %s is not %s", trustpoint ? "Trustpoint" : "Certificate server",
	    blob_cstr(&clean), is_not);
	render_refusal(s, blob_cstr(&text),
	    trustpoint ? "show crypto pki trustpoints" : "show crypto pki server", out);
	blob_free(&clean);
	blob_free(&text);
}

/* False: the command cannot be carried out, *out says why. */
static bool
find_named(struct show *s, struct blob *out)
{
	enum show_names names = s->command->names;
	const char *name = s->c->name;

	s->server = NULL;
	if (name[0] == 0)
		return true;
	for (size_t i = 0; names != NAMES_TRUSTPOINT && i < s->w->server_count; i++)
		if (strcmp(s->w->server[i].conf->name, name) == 0)
			s->server = &s->w->server[i];
	if (names == NAMES_TRUSTPOINT || names == NAMES_EITHER) {
		if (s->built || s->server != NULL || show_knows_trustpoint(s, name))
			return true;
		refuse_name(s, true, "known", out);
		return false;
	}
	if (s->server != NULL && (s->server->ca != NULL || names == NAMES_SERVER))
		return true;
	refuse_name(s, false, s->server == NULL ? "known" : "running", out);
	return false;
}

static bool
one_piece(struct show *s, struct blob *out, bool *more, struct err *e)
{
	const struct show_command *command = s->command;
	struct tree *piece, *rows;
	bool ok;

	if (!s->built) {
		if (!command->build(s, more, e))
			return false;
		if (*more)
			return true;
		s->built = true;
		render_tree(s, out);
	}
	if (command->list == NULL)
		return true;
	piece = tree_new();
	rows = tree_add_array(piece, command->list);
	ok = command->rows(s, rows, more, e);
	if (ok)
		render_rows(s, rows, *more, out);
	tree_free(piece);
	return ok;
}

static bool
begin(const struct show_table *table, struct show_answer *a, const struct command_line *c,
    struct err *e)
{
	const struct show_command *const *at = table->commands;
	struct show *s;

	while (*at != NULL && (*at)->command != c->command)
		at++;
	if (*at == NULL)
		return err_set(e, WHY_NOT_FOUND, "This program does not know this command");
	s = mem_get(sizeof(*s));
	s->command = *at;
	s->tree = tree_new();
	a->state = s;
	return filter_open(&s->filter, c->filter, c->pattern, e);
}

bool
show_run(const struct show_world *w, const struct command_line *c, struct show_answer *a,
    struct err *e)
{
	struct blob piece = {0};
	bool more = false, ok = false;
	struct show *s;

	if (a->state == NULL && !begin(w->table, a, c, e))
		goto out;
	s = a->state;
	s->w = w;
	s->c = c;
	s->now = w->now_ms / 1000;
	if (find_named(s, &piece) && !one_piece(s, &piece, &more, e))
		goto out;
	if (s->status != 0 && !s->built)
		filter_add(&(struct filter){0}, blob_view(&piece), true,
		    &a->text); /* a refusal passes whole */
	else
		filter_add(&s->filter, blob_view(&piece), !more, &a->text);
	a->status = s->status;
	ok = true;
out:
	a->more = ok && more;
	blob_free(&piece);
	return ok;
}

void
show_free(struct show_answer *a)
{
	struct show *s = a->state;

	if (s != NULL) {
		tree_free(s->tree);
		filter_free(&s->filter);
		blob_free(&s->bytes);
		free(s);
	}
	blob_free(&a->text);
	*a = (struct show_answer){0};
}
