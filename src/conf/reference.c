/* reference.c - command reference and fuzz dictionary from the table. */
#include "conf/grammar.h"

#include <string.h>

static const struct {
	enum mode mode;
	const char *title, *words;
} chapters[] = {
    {MODE_CONFIG, "Configuration",
	"Lines of the configuration file. `no` undoes a line, `default` restores its default."},
    {MODE_SERVER, "Certificate server", "Lines of a `crypto pki server NAME` block."},
    {MODE_TRUSTPOINT, "Trustpoint", "Lines of a `crypto pki trustpoint NAME` block."},
    {MODE_EXEC, "Commands",
	"Words may be abbreviated. A `show` command may end in `json` or in "
	"`| {section|include|exclude|begin|count} TEXT`."},
};

/* '|' ends a cell of a table. */
static void
add_cell(struct blob *out, struct view v, bool code)
{
	if (code)
		blob_add_byte(out, '`');
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '|')
			blob_add_byte(out, '\\');
		blob_add_byte(out, v.p[i]);
	}
	if (code)
		blob_add_byte(out, '`');
}

static void
add_row(const struct row *row, struct blob *out)
{
	struct blob syntax = {0}, initial = {0};
	bool idle = row->type == T_KEPT || row->type == T_CHAIN;

	for (const char *p = row->initial; p != NULL && *p != '\0'; p++)
		if (*p == '%')
			blob_add_str(&initial, "NAME");
		else
			blob_add_byte(&initial, (uint8_t)*p);
	syntax_plain(row, &syntax);
	blob_add_str(out, "| ");
	add_cell(out, blob_view(&syntax), true);
	blob_add_str(out, " | ");
	if (initial.n > 0)
		add_cell(out, blob_view(&initial), true);
	blob_printf(out, " | %s%s |\n",
	    idle		     ? "Without effect, kept: "
	    : row->type == T_REFUSED ? "Refused: "
				     : "",
	    row->help);
	blob_free(&syntax);
	blob_free(&initial);
}

void
grammar_markdown(struct blob *out)
{
	blob_add_str(
	    out, "# Command reference\n\nGenerated from the grammar table; do not edit.\n");
	for (size_t i = 0; i < COUNT_OF(chapters); i++) {
		blob_printf(out,
		    "\n## %s\n\n%s\n\n| line | default | meaning |\n| --- | --- | --- |\n",
		    chapters[i].title, chapters[i].words);
		for (size_t k = 0; k < grammar_count; k++)
			if (grammar[k].mode == chapters[i].mode)
				add_row(&grammar[k], out);
	}
}

static void
add_entry(struct blob *out, const char *word, size_t n)
{
	struct blob entry = {0};

	blob_printf(&entry, "\"%.*s\"\n", (int)n, word);
	if (out->n == 0 || memmem(out->p, out->n, entry.p, entry.n) == NULL)
		blob_add_view(out, blob_view(&entry));
	blob_free(&entry);
}

void
grammar_dictionary(struct blob *out)
{
	static const char *const more[] = {"no", "default", "quit", "exit", "end", "banner",
	    "json", "section", "include", "exclude", "begin", "count", "|", "!"};

	for (size_t i = 0; i < COUNT_OF(more); i++)
		add_entry(out, more[i], strlen(more[i]));
	for (size_t i = 0; i < grammar_count; i++)
		for (const char *p = grammar[i].syntax; *p != '\0';) {
			size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-");

			if (*p == '$' && p[1] != '\0') {
				p += 2;
			} else if (*p == '<') {
				p += strcspn(p, ">");
			} else if (n == 0) {
				p++;
			} else {
				add_entry(out, p, n);
				p += n;
			}
		}
}
