/* command.c - exec lines, their errors and their help. */
#include "conf/grammar.h"

#include <string.h>

/* False: it is too long, *column is where it stands. */
static bool
take_word(const struct match *m, char bind, char *out, size_t size, int *column, struct err *e)
{
	const struct cap *cap = match_cap(m, bind);

	if (cap == NULL)
		return true;
	if (cap->text.n >= size) {
		*column = (int)cap->at;
		return err_set(e, WHY_BAD_INPUT,
		    "%% Invalid input detected at '^' marker. Expected at most %zu characters.",
		    size - 1);
	}
	memcpy(out, cap->text.p, cap->text.n);
	return true;
}

static bool
take_fingerprint(const struct match *m, struct command_line *out, int *column, struct err *e)
{
	const struct cap *cap = match_cap(m, 'F');
	struct err why = {0};

	if (cap == NULL || fingerprint_decode(cap->text, out->fingerprint, &why))
		return true;
	*column = (int)cap->at;
	return err_set(
	    e, WHY_BAD_INPUT, "%% Invalid input detected at '^' marker: %s.", why.text);
}

static void
take_number(const struct match *m, char bind, int64_t *out)
{
	const struct cap *cap = match_cap(m, bind);

	if (cap != NULL)
		*out = cap->number;
}

bool
match_refuse(const struct match *m, struct view line, struct err *e)
{
	struct blob text = {0};

	switch (m->outcome) {
	case MATCH_OK:
		break;
	case MATCH_UNKNOWN:
	case MATCH_RANGE:
		blob_add_str(&text, "% Invalid input detected at '^' marker. ");
		break;
	case MATCH_INCOMPLETE:
		blob_add_str(&text, "% Incomplete command. ");
		break;
	case MATCH_AMBIGUOUS:
		blob_printf(&text, "%% Ambiguous command: \"%.*s\". ",
		    (int)(line.n < 100 ? line.n : 100), (const char *)line.p);
		break;
	}
	size_t at = text.n;
	match_expected(m, &text);
	text.p[at] = 'E';
	if (text.p[text.n - 1] != '?')
		blob_add_byte(&text, '.');
	err_set(e, WHY_BAD_INPUT, "%s", blob_cstr(&text));
	blob_free(&text);
	return false;
}

static bool
fill(const struct match *m, struct command_line *out, int *column, struct err *e)
{
	static const char *const filters[] = {
	    "section", "include", "exclude", "begin", "count"};
	const struct row *row = m->path->row;
	const struct cap *cap;

	*out = (struct command_line){.command = (enum command)row->value, .number = -1};
	out->negated = row->flags & NEGATED;
	out->json = match_cap(m, 'j') != NULL;
	out->verbose = match_cap(m, 'v') != NULL;
	out->detail = match_cap(m, 'd') != NULL;
	out->all = match_cap(m, 'a') != NULL;
	out->pkcs12 = match_cap(m, 'k') != NULL;
	take_number(m, 'q', &out->number);
	take_number(m, 't', &out->number);
	if ((cap = match_cap(m, 'r')) != NULL)
		out->reason = cap->choice; /* the words stand in the order of CRLReason */
	if ((cap = match_cap(m, 'o')) != NULL)
		snprintf(out->filter, sizeof(out->filter), "%s", filters[cap->choice]);
	return take_word(m, 's', out->name, sizeof(out->name), column, e) &&
	       take_word(m, 'w', out->word, sizeof(out->word), column, e) &&
	       take_word(m, 'f', out->pattern, sizeof(out->pattern), column, e) &&
	       take_word(m, 'P', out->file, sizeof(out->file), column, e) &&
	       take_word(m, 'y', out->password, sizeof(out->password), column, e) &&
	       take_fingerprint(m, out, column, e);
}

#define COMMAND_MAX 1024

bool
command_parse(const char *line, struct command_line *out, int *column, struct err *e)
{
	size_t n = strlen(line);
	struct command_line taken;
	struct match m;

	*column = 0;
	if (n > COMMAND_MAX)
		return err_set(e, WHY_BAD_INPUT,
		    "%% Command of %zu characters. Expected at most %d.", n, COMMAND_MAX);
	match_line(MODE_EXEC, view_of(line, n), 0, MATCH_ABBREVIATED, &m);
	*column = (int)m.at;
	if (m.outcome != MATCH_OK)
		return match_refuse(&m, view_of(line, n), e);
	if (!fill(&m, &taken, column, e))
		return false;
	*out = taken;
	mem_wipe(taken.password, sizeof(taken.password));
	return true;
}

static bool
has_flag(enum command c, unsigned flag)
{
	for (size_t i = 0; i < grammar_count; i++)
		if (grammar[i].type == T_COMMAND && grammar[i].value == (int)c &&
		    grammar[i].flags & flag)
			return true;
	return false;
}

bool
command_writes(enum command c)
{
	return has_flag(c, WRITES);
}

bool
command_shows(enum command c)
{
	return has_flag(c, SHOWS);
}

struct helping {
	struct blob *out;
	struct view begun; /* the word under the cursor */
	size_t position;
};

static void
help_line(void *arg, const struct path *p, struct view text, char bind)
{
	struct helping *h = arg;
	struct view before = h->position > 0 ? p->step[h->position - 1].text : (struct view){0};
	const char letter[] = {'$', bind, '\0'}, *help;

	if (h->begun.n > 0 && bind == 0 &&
	    (text.n < h->begun.n || !word_equal(view_of(text.p, h->begun.n), h->begun)))
		return;
	help = grammar_help(before, bind == 0 ? text : view_str(letter));
	blob_printf(
	    h->out, "%.*s\t%s\n", (int)text.n, (const char *)text.p, help != NULL ? help : "");
}

void
match_help(enum mode mode, const char *line, struct blob *out)
{
	struct view text = view_of(line, strlen(line));
	struct helping h = {.out = out};
	struct match m;
	size_t begun = text.n;

	if (text.n > COMMAND_MAX)
		return;
	while (begun > 0 && line[begun - 1] != ' ' && line[begun - 1] != '\t' &&
	       line[begun - 1] != '|')
		begun--;
	h.begun = view_of(line + begun, text.n - begun);
	match_line(mode, view_of(line, begun), 0, MATCH_ABBREVIATED, &m);
	if (m.outcome != MATCH_OK && m.outcome != MATCH_INCOMPLETE)
		return;
	h.position = m.position;
	match_next(&m, help_line, &h);
	if (h.begun.n == 0 && match_may_end(&m))
		blob_add_str(out, "<cr>\tRun the command\n");
}

void
command_help(const char *line, struct blob *out)
{
	match_help(MODE_EXEC, line, out);
}
