/* parse.c - a whole configuration file to structs. */
#include "conf/parse.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS 4096
/* ---- messages ---- */

void
say(struct parser *p, bool warn, struct place at, const char *fmt, ...)
{
	struct blob out = {0};
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	blob_printf(&out, "%s:%zu:%zu: %s", p->file, at.line, at.column, text);
	p->errors += !warn;
	if (p->report != NULL)
		p->report(p->arg, warn, blob_cstr(&out));
	blob_free(&out);
}

static struct place
place(const struct parser *p, size_t offset)
{
	return (struct place){p->line, offset + 1};
}

static const char *
quoted(struct blob *to, struct view word)
{
	blob_add_byte(to, '\'');
	text_escape(to, view_of(word.p, word.n < 40 ? word.n : 40));
	blob_add_str(to, word.n < 40 ? "'" : "...'");
	return blob_cstr(to);
}

static void
say_mismatch(struct parser *p, const struct match *m)
{
	static const char *const what[] = {
	    [MATCH_UNKNOWN] = "is not understood",
	    [MATCH_RANGE] = "is out of range",
	    [MATCH_AMBIGUOUS] = "is ambiguous",
	};
	struct blob bad = {0}, expected = {0};

	match_expected(m, &expected);
	if (m->outcome == MATCH_INCOMPLETE)
		say(p, false, place(p, m->at), "the command is incomplete, %s",
		    blob_cstr(&expected));
	else
		say(p, false, place(p, m->at), "%s %s, %s", quoted(&bad, m->bad),
		    what[m->outcome], blob_cstr(&expected));
	blob_free(&bad);
	blob_free(&expected);
}

struct line
line_of(struct view text)
{
	struct token words[2];
	struct line l = {.text = text};
	size_t n = tokens_of(text, false, words, 2);

	l.indent = l.from = n > 0 ? words[0].at : 0;
	l.word = n > 0 ? words[0].text : (struct view){0};
	l.no = n > 1 && word_equal(l.word, VIEW("no"));
	l.restore = n > 1 && word_equal(l.word, VIEW("default"));
	if (l.no || l.restore) {
		l.from = words[1].at;
		l.word = words[1].text;
	}
	return l;
}

/* ---- keeping lines ---- */

static void
keep(struct blob *to, struct view line)
{
	blob_add_view(to, line);
	blob_add_byte(to, '\n');
}

/*
 * The first line of what is kept stands at the left, so that printed text never lies inside
 * another block.
 */
static void
keep_head(struct parser *p, const struct line *l)
{
	keep(p->kept_to, view_of(l->text.p + l->indent, l->text.n - l->indent));
}

/* Names each feature once, in the order of the file. */
static void
name_foreign(struct parser *p, const struct line *l)
{
	struct blob name = {0};

	quoted(&name, l->word);
	if (p->foreign_text.n == 0)
		p->first_foreign = place(p, l->indent);
	if (p->foreign_text.n < 400 &&
	    strstr(blob_cstr(&p->foreign_text), blob_cstr(&name)) == NULL)
		blob_printf(&p->foreign_text, "%s%s", p->foreign_text.n > 0 ? ", " : "",
		    blob_cstr(&name));
	blob_free(&name);
}

/* Call after match_line: names the key words in front of the first argument. */
static void
warn_kept(struct parser *p, const struct line *l)
{
	const struct path *path = p->match.path;
	struct token words[STEP_MAX];
	size_t n = tokens_of(
	    view_of(l->text.p + l->from, l->text.n - l->from), false, words, STEP_MAX);
	struct blob name = {0};

	for (size_t i = 0; i < n && i < path->count && path->step[i].kind == STEP_WORD; i++)
		blob_printf(&name, "%s%.*s", i > 0 ? " " : "", (int)words[i].text.n,
		    (const char *)words[i].text.p);
	say(p, true, place(p, l->indent), "'%s' has no effect here and is kept: %s",
	    blob_cstr(&name), path->row->help);
	blob_free(&name);
}

/* ---- blocks ---- */

static void
close_block(struct parser *p)
{
	if (p->block == IN_OURS && p->mode == MODE_SERVER)
		check_server(p, p->object);
	else if (p->block == IN_OURS)
		check_trustpoint(p, p->object);
	p->block = IN_TOP;
	p->object = NULL;
	p->kept_to = &p->c->kept;
	p->indented = p->known = false;
	p->indent = 0;
}

static void
open_block(struct parser *p, enum block block, size_t indent)
{
	close_block(p);
	p->block = block;
	p->indent = indent;
	p->opened = place(p, indent);
}

/* Is it the name of a server, or of a profile of another server than this? Both are last words
 * of paths. */
static bool
name_taken(const struct conf *c, const char *name, const struct conf_server *but)
{
	for (size_t i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->server[i];

		if (s != but && but != NULL && strcmp(s->name, name) == 0)
			return true;
		for (size_t k = 0; s != but && k < s->profile_count; k++)
			if (strcmp(s->profile[k].name, name) == 0)
				return true;
	}
	return but != NULL && strcmp(but->name, name) == 0;
}

static void
open_ours(struct parser *p, enum mode mode, size_t indent)
{
	open_block(p, IN_OURS, indent);
	memset(p->seen, 0, sizeof(p->seen));
	p->mode = mode;
}

static void
open_server(struct parser *p, size_t indent)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct conf *c = p->c;
	struct conf_server *server = &p->spare;
	char name[CONF_NAME_MAX] = {0};
	size_t at = x->at;

	memcpy(name, x->text.p, x->text.n);
	open_ours(p, MODE_SERVER, indent);
	for (size_t i = 0; i < c->server_count; i++)
		if (strcmp(c->server[i].name, name) == 0) {
			say(p, false, place(p, at),
			    "server '%s' is already defined on line %d, expected another name",
			    name, c->server[i].line);
			goto named;
		}
	if (name_taken(c, name, NULL))
		say(p, false, place(p, at),
		    "'%s' is the name of a profile already, expected another name", name);
	if (c->server_count == CONF_SERVERS)
		say(p, false, place(p, at), "more servers than %d, expected no further one",
		    CONF_SERVERS);
	else
		server = &c->server[c->server_count++];
named:
	blob_free(&server->kept);
	setting_defaults(MODE_SERVER, server, name);
	server->line = (int)p->line;
	p->object = server;
	p->kept = &server->kept;
}

/* As in IOS a second block of the same name goes on with the first. */
static void
open_trustpoint(struct parser *p, size_t indent)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct conf_trustpoint *t;
	char name[CONF_NAME_MAX] = {0};
	size_t at = x->at;

	memcpy(name, x->text.p, x->text.n);
	open_ours(p, MODE_TRUSTPOINT, indent);
	t = trustpoint_named(p, name);
	if (t == NULL) {
		say(p, false, place(p, at), "more trustpoints than %d, expected no further one",
		    CONF_TRUSTPOINTS);
		t = &p->spare_trustpoint;
		blob_free(&t->kept);
		setting_defaults(MODE_TRUSTPOINT, t, name);
	}
	if (t->line == 0)
		t->line = (int)p->line;
	p->object = t;
	p->kept = &t->kept;
}

static void
remove_server(struct parser *p)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct conf *c = p->c;

	for (size_t i = 0; x != NULL && i < c->server_count; i++)
		if (view_equal_str(x->text, c->server[i].name)) {
			blob_free(&c->server[i].kept);
			c->server_count--;
			memmove(&c->server[i], &c->server[i + 1],
			    (c->server_count - i) * sizeof(c->server[0]));
			memset(&c->server[c->server_count], 0, sizeof(c->server[0]));
			return;
		}
}

static void
remove_trustpoint(struct parser *p)
{
	const struct cap *x = match_cap(&p->match, 'x');

	if (x != NULL)
		trustpoint_remove(p, x->text);
}

/* ---- one line ---- */

static void
undo(struct parser *p, void *object, const char *name)
{
	for (size_t i = 0; i < p->match.live_count; i++)
		setting_undo(path_of(p->match.live[i])->row, &p->match, object, name);
}

static void
store(struct parser *p, const struct row *row, void *object, size_t from)
{
	struct setting s = {row, &p->match, object, p->seal, p->seal_arg, 0};
	struct err e = {0};

	if (!setting_apply(&s, &e))
		say(p, false, place(p, s.at > from ? s.at : from), "%s", e.text);
}

static void
check_profile_name(struct parser *p)
{
	const struct cap *k = match_cap(&p->match, 'k');
	char name[CONF_NAME_MAX] = {0};

	memcpy(name, k->text.p, k->text.n);
	if (name_taken(p->c, name, p->object))
		say(p, false, place(p, k->at),
		    "'%s' is the name of another server or profile, expected a name of its own",
		    name);
}

static const char *
name_of(const struct parser *p)
{
	return p->mode == MODE_SERVER ? ((const struct conf_server *)p->object)->name
				      : ((const struct conf_trustpoint *)p->object)->name;
}

/* A line of a block of ours; false when it belongs to the level above. */
static bool
block_line(struct parser *p, const struct line *l)
{
	bool negated = l->no || l->restore, inside = l->indent > p->indent;
	struct match *m = &p->match;
	const struct row *row;

	if (p->indented && !inside)
		return false;
	match_line(p->mode, l->text, l->from, negated ? MATCH_NEGATED : MATCH_EXACT, m);
	if (m->outcome != MATCH_OK)
		return false;
	p->indented |= inside;
	p->row = row = m->path->row;
	if (row - grammar < ROWS_MAX)
		p->seen[row - grammar] = place(p, l->from);
	if (row->type == T_KEPT) {
		warn_kept(p, l);
		keep(p->kept, view_of(l->text.p + l->indent, l->text.n - l->indent));
	}
	if (negated)
		undo(p, p->object, name_of(p));
	else
		store(p, row, p->object, l->from);
	if (row->type == T_PROFILE && !negated)
		check_profile_name(p);
	return true;
}

static void
open_chain(struct parser *p)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct chain *chain;

	p->chain = mem_array(p->chain, p->chain_count + 1, sizeof(*p->chain));
	chain = &p->chain[p->chain_count++];
	*chain = (struct chain){0};
	if (x != NULL)
		memcpy(chain->name, x->text.p, x->text.n);
	p->kept_to = &chain->text;
}

/* Those of a server of ours are in its database, and show running-config has them from there.
 */
static void
keep_chains(struct parser *p)
{
	for (size_t i = 0; i < p->chain_count; i++) {
		bool ours = false;

		for (size_t k = 0; k < p->c->server_count; k++)
			ours |= strcmp(p->c->server[k].name, p->chain[i].name) == 0;
		if (!ours)
			blob_add_view(&p->c->kept, blob_view(&p->chain[i].text));
		blob_free(&p->chain[i].text);
	}
	free(p->chain);
	p->chain = NULL;
}

static void
known_line(struct parser *p, const struct line *l, enum type type)
{
	static const struct {
		enum type type;
		enum block block;
	} opens[] = {{T_CHAIN, IN_CHAIN}, {T_KEPT, IN_FOREIGN}};

	warn_kept(p, l);
	close_block(p);
	for (size_t i = 0; i < COUNT_OF(opens); i++)
		if (opens[i].type == type)
			open_block(p, opens[i].block, l->indent);
	if (type == T_CHAIN)
		open_chain(p);
	p->known = true;
	keep_head(p, l);
}

static void
top_carry(struct parser *p, const struct line *l)
{
	const struct row *row = p->match.path->row;
	bool negated = l->no || l->restore;

	p->row = row;
	if (row->type == T_KEPT || row->type == T_CHAIN) {
		known_line(p, l, row->type);
	} else if (row->type == T_SERVER || row->type == T_TRUSTPOINT) {
		bool server = row->type == T_SERVER;

		close_block(p); /* looks at its own match */
		if (negated)
			(server ? remove_server : remove_trustpoint)(p);
		else
			(server ? open_server : open_trustpoint)(p, l->indent);
	} else {
		close_block(p);
		if (negated)
			undo(p, p->c, "");
		else
			store(p, row, p->c, l->from);
		if (row->type == T_HTTP)
			p->http_given = !l->restore;
	}
}

/* Does the line begin with words that only ours begin with, or nearly so? */
static bool
is_ours(const struct line *l)
{
	static const char *const families[] = {"hostname", "clock", "crypto pki", "ip http"};
	struct token words[2];
	size_t n =
	    tokens_of(view_of(l->text.p + l->from, l->text.n - l->from), false, words, 2);

	for (size_t i = 0; i < COUNT_OF(families); i++) {
		const char *blank = strchr(families[i], ' ');
		struct view first = view_of(
		    families[i], blank ? (size_t)(blank - families[i]) : strlen(families[i]));
		struct view second = blank ? view_str(blank + 1) : (struct view){0};
		unsigned far = word_distance(l->word, first);

		if (first.n > 2 && far > 0 && far <= 2 && !grammar_foreign(l->word))
			return true;
		if (far == 0 &&
		    (blank == NULL || n < 2 || word_distance(words[1].text, second) <= 1))
			return true;
	}
	return false;
}

/*
 * Whose line is it, that stands outside its block? Kept as foreign it would be lost silently.
 * Passwords also stand at the top of a router's configuration.
 */
static const char *
is_lost(const struct line *l)
{
	static const char *const blocks[] = {
	    [MODE_SERVER] = "server", [MODE_TRUSTPOINT] = "trustpoint"};
	struct match m;

	for (size_t mode = MODE_SERVER; mode < COUNT_OF(blocks); mode++) {
		match_line((enum mode)mode, l->text, l->from, MATCH_EXACT, &m);
		if (m.outcome == MATCH_OK && m.position > 1 &&
		    (mode == MODE_SERVER ||
			(m.path->row->type != T_KEPT && m.path->row->type != T_SECRET)))
			return blocks[mode];
	}
	return NULL;
}

struct view
banner_delimiter(struct view line)
{
	struct token words[3];
	size_t n = tokens_of(line, false, words, 3), at, end;

	if (n < 2 || !word_equal(words[0].text, VIEW("banner")))
		return (struct view){0};
	at = words[n - 1].at; /* "banner X" is short for "banner motd X" */
	if (at >= line.n)
		return (struct view){0};
	end = at + (line.p[at] == '^' && at + 1 < line.n && line.p[at + 1] == 'C' ? 2 : 1);
	if (memmem(line.p + end, line.n - end, line.p + at, end - at) != NULL)
		return (struct view){0};
	return view_of(line.p + at, end - at);
}

static void
top_line(struct parser *p, const struct line *l)
{
	bool negated = l->no || l->restore,
	     inside = p->block == IN_OURS && l->indent > p->indent;
	struct match *m = &p->match;
	const char *lost;

	match_line(MODE_CONFIG, l->text, l->from, negated ? MATCH_NEGATED : MATCH_EXACT, m);
	if (m->outcome == MATCH_OK) {
		top_carry(p, l);
	} else if ((p->block == IN_TOP || p->block == IN_OURS) && (lost = is_lost(l)) != NULL) {
		say(p, false, place(p, l->indent),
		    "this line stands outside a %s's block, "
		    "expected 'crypto pki %s NAME' before it",
		    lost, lost);
	} else if (!inside && is_ours(l)) {
		close_block(p);
		say_mismatch(p, m);
		open_block(p, IN_FOREIGN, l->indent); /* blame no lines below a bad name */
		p->known = true;
	} else {
		open_block(p, IN_FOREIGN, l->indent);
		p->c->foreign++;
		name_foreign(p, l);
		keep_head(p, l);
		blob_set(&p->banner, banner_delimiter(l->text));
		p->opened = place(p, l->indent);
	}
}

/* A line that the block does not know: a mistake in it, or does it end the block? */
static bool
block_mistake(struct parser *p, const struct line *l)
{
	struct match *m = &p->match;
	unsigned how = l->no || l->restore ? MATCH_NEGATED : MATCH_EXACT;
	struct blob expected = {0};
	bool inside = l->indent > p->indent, mistake;

	if (p->indented && !inside)
		return false;
	match_line(MODE_CONFIG, l->text, l->from, how, m);
	if (m->outcome == MATCH_OK && (!inside || m->path->row->type != T_KEPT))
		return false;
	if (!inside && (is_ours(l) || grammar_foreign(l->word)))
		return false;
	match_line(p->mode, l->text, l->from, how, m);
	match_expected(m, &expected);
	mistake =
	    inside || m->position > 0 || strstr(blob_cstr(&expected), "did you mean") != NULL;
	if (mistake)
		say_mismatch(p, m);
	p->indented |= inside;
	blob_free(&expected);
	return mistake;
}

/* Lines of blocks that are only kept; false when the line ends the block. */
static bool
kept_line(struct parser *p, const struct line *l)
{
	bool inside = l->indent > p->indent;

	if (p->block == IN_CHAIN && word_equal(l->word, VIEW("certificate"))) {
		p->hex = inside = true;
		p->opened = place(p, l->indent);
	}
	p->indented |= inside;
	if (!inside)
		return false;
	p->c->foreign += p->block == IN_FOREIGN && !p->known;
	keep(p->kept_to, l->text);
	return true;
}

/* Inside text that is not commands. */
static bool
raw_line(struct parser *p, struct view text)
{
	struct line l;

	if (p->banner.n > 0) {
		p->c->foreign++;
		keep(p->kept_to, text);
		if (memmem(text.p, text.n, p->banner.p, p->banner.n) != NULL)
			blob_clear(&p->banner);
		return true;
	}
	if (!p->hex)
		return false;
	l = line_of(text);
	keep(p->kept_to, text);
	p->hex = !word_equal(l.word, VIEW("quit"));
	return true;
}

static void
one_line(struct parser *p, struct view text)
{
	const uint8_t *nul = text.n > 0 ? memchr(text.p, 0, text.n) : NULL;
	struct line l;

	while (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n > LINE_MAX_OCTETS) {
		say(p, false, place(p, LINE_MAX_OCTETS),
		    "line of %zu characters, expected at most %d", text.n, LINE_MAX_OCTETS);
		return;
	}
	if (nul != NULL) {
		say(p, false, place(p, (size_t)(nul - text.p)), "NUL octet, expected text");
		return;
	}
	if (raw_line(p, text))
		return;
	l = line_of(text);
	if (l.word.n == 0 || l.word.p[0] == '!') {
		/* a bare '!' parts blocks: what still belongs to this one is indented */
		p->indented |= p->block == IN_OURS && l.word.n == 1 && l.indent <= p->indent;
		return;
	}
	if ((word_equal(l.word, VIEW("exit")) || word_equal(l.word, VIEW("end"))) &&
	    (p->block != IN_FOREIGN || l.indent <= p->indent)) {
		close_block(p);
		return;
	}
	if (p->block == IN_OURS ? block_line(p, &l) || block_mistake(p, &l)
				: p->block != IN_TOP && kept_line(p, &l))
		return;
	top_line(p, &l);
}

/* What is open at the end of the file is closed for it, so that it can be printed back. */
static void
finish(struct parser *p)
{
	if (p->banner.n > 0) {
		say(p, true, p->opened,
		    "the banner is not ended by '%s' before the end of the file",
		    blob_cstr(&p->banner));
		keep(p->kept_to, blob_view(&p->banner));
	}
	if (p->hex) {
		say(p, true, p->opened,
		    "the certificate is not ended by 'quit' before the end of the file");
		keep(p->kept_to, VIEW("quit"));
	}
	close_block(p);
	keep_chains(p);
	check_file(p);
	if (p->c->foreign > 0)
		say(p, true, p->first_foreign,
		    "%zu line%s of other features kept without effect: %s", p->c->foreign,
		    p->c->foreign == 1 ? "" : "s", blob_cstr(&p->foreign_text));
	if (!p->http_given)
		p->c->http_server = p->c->server_count > 0;
}

static void
add_place(const struct parser *p, struct view text, struct line_place **places, size_t *count)
{
	if ((*count & (*count - 1)) == 0) /* one of 0, 1, 2, 4, ... */
		*places = mem_array(*places, *count == 0 ? 1 : 2 * *count, sizeof(**places));
	while (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	(*places)[(*count)++] = (struct line_place){
	    .text = text,
	    .head = p->block == IN_OURS ? p->opened.line : 0,
	    .row = p->row,
	};
}

bool
conf_shut(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	(void)arg;
	(void)opening;
	(void)in;
	(void)e;
	(void)snprintf(out, size, "shut");
	return true;
}

bool
conf_parse(const char *file, struct view text, conf_seal seal, void *seal_arg,
    conf_report report, void *arg, struct conf *out)
{
	return parse_placed(file, text, seal, seal_arg, report, arg, out, NULL, NULL);
}

bool
parse_placed(const char *file, struct view text, conf_seal seal, void *seal_arg,
    conf_report report, void *arg, struct conf *out, struct line_place **places, size_t *count)
{
	struct parser *p = mem_get(sizeof(*p));
	bool ok;

	*p = (struct parser){
	    file, seal, seal_arg, report, arg, .c = mem_get(sizeof(struct conf))};
	p->kept_to = &p->c->kept;
	setting_defaults(MODE_CONFIG, p->c, "");
	while (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = view_of(text.p + 3, text.n - 3);
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;

		p->line++;
		p->row = NULL;
		one_line(p, view_of(text.p, n));
		if (places != NULL)
			add_place(p, view_of(text.p, n), places, count);
		n += end != NULL;
		text = view_of(text.p + n, text.n - n);
	}
	finish(p);
	ok = p->errors == 0;
	if (ok)
		*out = *p->c;
	else
		conf_free(p->c);
	mem_wipe(p->c, sizeof(*p->c));
	free(p->c);
	blob_free(&p->banner);
	blob_free(&p->foreign_text);
	blob_free(&p->spare.kept);
	blob_free(&p->spare_trustpoint.kept);
	free(p->index);
	mem_wipe(p, sizeof(*p));
	free(p);
	return ok;
}

void
conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->server_count; i++)
		blob_free(&c->server[i].kept);
	conf_drop_trustpoints(c);
	blob_free(&c->kept);
	mem_wipe(c, sizeof(*c));
}
