/* show.c - commands, renderers, pieces, refusals. */
#include <stdlib.h>
#include <string.h>

#include "show/show_int.h"

static const struct show_command *const commands[] = {
    &show_server,
    &show_requests,
    &show_issued,
    &show_crl,
    &show_certificates,
    &show_timers,
    &show_keys,
    &show_running,
    &show_clock,
    &show_audit,
};

const char *const show_reasons[] = {
    "unspecified",
    "key-compromise",
    "ca-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "certificate-hold",
    "",
    "remove-from-crl",
    "privilege-withdrawn",
    "aa-compromise",
};
const size_t show_reason_count = COUNT_OF(show_reasons);

/* ---- for the commands ---- */

struct plan_ca_facts
show_facts(const struct show *s, const struct ca *ca)
{
	struct plan_ca_facts f = *ca_facts(ca);

	f.clock_trusted = s->w->clock_trusted;
	return f;
}

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

static int
dump_to_blob(const char *text, size_t n, void *out)
{
	blob_add(out, text, n);
	return 0;
}

static void
render_tree(const struct show *s, struct blob *out)
{
	static const char end[] = "\n}";

	if (!s->c->json) {
		s->command->text(s, out);
		return;
	}
	json_dump_callback(s->tree, dump_to_blob, out, JSON_INDENT(2));
	if (s->command->list != NULL) {
		out->n -= sizeof(end) - 1;
		blob_printf(out, ",\n  \"%s\": [", s->command->list);
	} else {
		blob_add_byte(out, '\n');
	}
}

static void
render_rows(struct show *s, const json_t *rows, bool more, struct blob *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (!s->c->json) {
			s->command->row_text(row, out);
			continue;
		}
		blob_add_str(out, s->row_written ? ",\n    " : "\n    ");
		json_dump_callback(row, dump_to_blob, out, 0);
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
	json_object_clear(s->tree);
	tree_put_text(s->tree, "error", what);
	tree_put_text(s->tree, "type", type);
	json_dump_callback(s->tree, dump_to_blob, out, JSON_INDENT(2));
	blob_add_byte(out, '\n');
}

/* ---- one call ---- */

/* False: the command cannot be carried out, *out says why. */
static bool
find_server(struct show *s, struct blob *out)
{
	const char *name = s->c->name;
	char what[CONF_NAME_MAX + 64];
	struct blob clean = {0};

	s->server = NULL;
	if (name[0] == 0 && !s->command->named)
		return true;
	for (size_t i = 0; i < s->w->server_count; i++)
		if (strcmp(s->w->server[i].conf->name, name) == 0)
			s->server = &s->w->server[i];
	if (s->server != NULL && (s->server->ca != NULL || !s->command->named))
		return true;
	text_escape(&clean, view_str(name));
	(void)snprintf(what, sizeof(what), "Certificate server %s is not %s", blob_cstr(&clean),
	    s->server == NULL ? "known" : "running");
	render_refusal(s, what, "show crypto pki server", out);
	blob_free(&clean);
	return false;
}

static bool
one_piece(struct show *s, struct blob *out, bool *more, struct err *e)
{
	const struct show_command *command = s->command;
	json_t *rows;
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
	rows = json_array();
	ok = command->rows(s, rows, more, e);
	if (ok)
		render_rows(s, rows, *more, out);
	json_decref(rows);
	return ok;
}

static bool
begin(struct show_answer *a, const struct command_line *c, struct err *e)
{
	struct show *s;
	size_t i = 0;

	while (i < COUNT_OF(commands) && commands[i]->command != c->command)
		i++;
	if (i == COUNT_OF(commands))
		return err_set(e, WHY_BUG, "command %d shows nothing", (int)c->command);
	json_set_alloc_funcs(mem_get, free); /* never NULL, as everywhere */
	s = mem_get(sizeof(*s));
	s->command = commands[i];
	s->tree = json_object();
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

	if (a->state == NULL && !begin(a, c, e))
		goto out;
	s = a->state;
	s->w = w;
	s->c = c;
	s->now = w->now_ms / 1000;
	if (find_server(s, &piece) && !one_piece(s, &piece, &more, e))
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
		json_decref(s->tree);
		filter_free(&s->filter);
		blob_free(&s->bytes);
		free(s);
	}
	blob_free(&a->text);
	*a = (struct show_answer){0};
}
