/* edit.c - lines of configure terminal, put into a configuration file. */
#include "conf/parse.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_OF_A_LINE 16

enum act { ACT_OPEN, ACT_REMOVE, ACT_SET, ACT_UNDO, ACT_RESTORE };

struct change {
	enum act act;
	enum mode mode;			       /* that the line belongs to */
	char block[CONF_NAME_MAX];	       /* whose it is, or which it opens or removes */
	const struct row *row[ROWS_OF_A_LINE]; /* one; of what undoes all that it undoes */
	size_t row_count;
	char key[CONF_NAME_MAX]; /* of a profile, or the first word of a line without effect */
	struct blob text;	 /* spelled out, without "no" or "default" */
};

static bool
undoes(enum act act)
{
	return act == ACT_UNDO || act == ACT_RESTORE;
}

struct conf_edit {
	enum mode mode;
	char block[CONF_NAME_MAX];
	struct change *change;
	size_t count;
	struct conf conf; /* these three try each line */
	struct conf_server server;
	struct conf_trustpoint trustpoint;
};

struct conf_edit *
conf_edit_new(void)
{
	struct conf_edit *x = mem_get(sizeof(*x));

	setting_defaults(MODE_CONFIG, &x->conf, "");
	return x;
}

void
conf_edit_free(struct conf_edit *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->count; i++)
		blob_free(&x->change[i].text);
	free(x->change);
	mem_wipe(x, sizeof(*x));
	free(x);
}

const char *
conf_edit_mode(const struct conf_edit *x)
{
	static const char *const names[] = {[MODE_CONFIG] = "config",
	    [MODE_SERVER] = "cs-server",
	    [MODE_TRUSTPOINT] = "ca-trustpoint"};

	return names[x->mode];
}

void
conf_edit_help(const struct conf_edit *x, const char *line, struct blob *out)
{
	static const char *const opening[] = {"no ", "default "};

	line += strspn(line, " \t");
	for (size_t i = 0; i < COUNT_OF(opening); i++)
		if (strncmp(line, opening[i], strlen(opening[i])) == 0)
			line += strlen(opening[i]);
	match_help(x->mode, line, out);
}

/* ---- lines as they are typed ---- */

/* What tells lines of one row apart that stand beside each other. */
static void
key_of(const struct match *m, struct view spelled, char out[CONF_NAME_MAX])
{
	const struct row *row = m->path->row;
	const struct cap *k = match_cap(m, 'k');
	struct token word;
	struct view key = {0};

	if (row->type == T_PROFILE && k != NULL)
		key = k->text;
	else if (row->type == T_KEPT && tokens_of(spelled, false, &word, 1) == 1)
		key = word.text;
	(void)snprintf(out, CONF_NAME_MAX, "%.*s", (int)key.n, (const char *)key.p);
}

static void
take(struct conf_edit *x, enum act act, const struct match *m, struct view line, size_t from)
{
	struct change *c;

	x->change = mem_array(x->change, x->count + 1, sizeof(*x->change));
	c = &x->change[x->count++];
	*c = (struct change){.act = act, .mode = x->mode};
	(void)snprintf(c->block, sizeof(c->block), "%s", x->block);
	match_spell(m, line, from, &c->text);
	key_of(m, blob_view(&c->text), c->key);
	c->row[c->row_count++] = m->path->row;
	for (size_t i = 0; undoes(act) && i < m->live_count; i++)
		if (c->row_count < ROWS_OF_A_LINE)
			c->row[c->row_count++] = path_of(m->live[i])->row;
}

static void *
object_of(struct conf_edit *x)
{
	return x->mode == MODE_CONFIG	? (void *)&x->conf
	       : x->mode == MODE_SERVER ? (void *)&x->server
					: (void *)&x->trustpoint;
}

/* "crypto pki server NAME", "no crypto pki server NAME" and those of a trustpoint. */
static void
block_head(
    struct conf_edit *x, enum act act, const struct match *m, struct view line, size_t from)
{
	const struct cap *name = match_cap(m, 'x');
	bool no = undoes(act);

	x->mode = m->path->row->type == T_SERVER ? MODE_SERVER : MODE_TRUSTPOINT;
	(void)snprintf(x->block, sizeof(x->block), "%.*s", name == NULL ? 0 : (int)name->text.n,
	    name == NULL ? "" : (const char *)name->text.p);
	if (!no)
		setting_defaults(x->mode, object_of(x), x->block);
	take(x, no ? ACT_REMOVE : ACT_OPEN, m, line, from);
	if (no)
		x->mode = MODE_CONFIG;
}

/* A line whose row is known: tried on an object of its mode, then taken. */
static bool
matched(struct conf_edit *x, enum act act, const struct match *m, struct view line, size_t from,
    int *column, struct err *e)
{
	const struct row *row = m->path->row;
	struct setting s = {row, m, object_of(x), conf_shut, NULL, 0};
	struct err why = {0};

	if (row->type == T_SERVER || row->type == T_TRUSTPOINT) {
		block_head(x, act, m, line, from);
		return true;
	}
	if (row->mode == MODE_CONFIG)
		x->block[0] = 0;
	*column = (int)from;
	if (row->type == T_CHAIN || (row->mode == MODE_CONFIG && row->type == T_KEPT))
		return err_set(e, WHY_REFUSED, "%% This has no effect here: %s.", row->help);
	if (act == ACT_SET && !setting_apply(&s, &why)) {
		*column = (int)(s.at > from ? s.at : from);
		return err_set(e, WHY_BAD_INPUT, "%% %s.", why.text);
	}
	take(x, act, m, line, from);
	return true;
}

/* A line that the block does not know may be one of the level above, as in IOS. */
static void
match_any(struct conf_edit *x, struct view line, size_t from, unsigned how, struct match *m)
{
	struct match above;

	match_line(x->mode, line, from, how, m);
	if (m->outcome == MATCH_OK || x->mode == MODE_CONFIG)
		return;
	match_line(MODE_CONFIG, line, from, how, &above);
	if (above.outcome != MATCH_OK && above.position <= m->position)
		return;
	*m = above;
	if (m->outcome == MATCH_OK)
		x->mode = MODE_CONFIG;
}

enum conf_edited
conf_edit_line(struct conf_edit *x, const char *text, int *column, struct err *e)
{
	struct line l = line_of(view_str(text));
	enum act act = l.no ? ACT_UNDO : l.restore ? ACT_RESTORE : ACT_SET;
	bool leaves = act == ACT_SET && word_equal(l.word, VIEW("exit"));
	struct match m;

	*column = 0;
	if (l.word.n == 0 || l.word.p[0] == '!')
		return EDIT_TAKEN;
	if ((act == ACT_SET && word_equal(l.word, VIEW("end"))) ||
	    (leaves && x->mode == MODE_CONFIG))
		return EDIT_ENDED;
	if (leaves) {
		x->mode = MODE_CONFIG;
		return EDIT_TAKEN;
	}
	match_any(x, l.text, l.from, MATCH_ABBREVIATED | (undoes(act) ? MATCH_NEGATED : 0), &m);
	*column = (int)m.at;
	if (m.outcome != MATCH_OK)
		(void)match_refuse(&m, l.text, e);
	else if (matched(x, act, &m, l.text, l.from, column, e))
		return EDIT_TAKEN;
	return EDIT_REFUSED;
}

/* ---- the file ---- */

struct file { /* as the parser sees it */
	struct line_place *line;
	size_t count;
};

/* Does this line open the block that the change is about? */
static bool
opens(const struct line_place *l, const struct change *c)
{
	enum type type = c->mode == MODE_SERVER ? T_SERVER : T_TRUSTPOINT;
	const struct cap *name;
	struct match m;

	if (l->row == NULL || l->row->type != type)
		return false;
	match_line(MODE_CONFIG, l->text, 0, MATCH_EXACT, &m);
	name = m.outcome == MATCH_OK ? match_cap(&m, 'x') : NULL;
	return name != NULL && view_equal_str(name->text, c->block);
}

/* Do they set the same, so that the earlier one goes? */
static bool
same_thing(const struct line_place *l, const struct change *c)
{
	struct line line = line_of(l->text);
	char key[CONF_NAME_MAX];
	bool same = false;
	struct blob spelled = {0};
	struct match m;

	for (size_t i = 0; i < c->row_count; i++)
		same |= l->row == c->row[i] ||
			(undoes(c->act) && c->row[i]->type == T_PROFILE &&
			    c->row[i]->value == PROFILE_ITSELF && l->row->type == T_PROFILE);
	if (!same)
		return false;
	match_line(c->mode, l->text, line.from,
	    line.no || line.restore ? MATCH_NEGATED : MATCH_EXACT, &m);
	if (m.outcome != MATCH_OK)
		return false;
	match_spell(&m, l->text, line.from, &spelled);
	key_of(&m, blob_view(&spelled), key);
	same = strcmp(key, c->key) == 0 &&
	       (l->row->type != T_KEPT || undoes(c->act) ||
		   view_equal(blob_view(&spelled), blob_view(&c->text)));
	blob_free(&spelled);
	return same;
}

static bool
same_word(struct view a, struct view b)
{
	struct token x, y;

	return tokens_of(a, false, &x, 1) == 1 && tokens_of(b, false, &y, 1) == 1 &&
	       word_equal(x.text, y.text);
}

/*
 * The line that the new one follows, counted from 1; 0: there is none. It stands where the one
 * stood that it replaces, unless a later one of its family would win; else last in its block,
 * or of the top level. *goes tells of each line whether it is dropped.
 */
static size_t
find(const struct file *f, const struct change *c, bool *goes)
{
	size_t after = 0, head = 0;
	bool replaces = false;

	for (size_t i = 0; i < f->count; i++) {
		const struct line_place *l = &f->line[i];
		bool top = c->mode == MODE_CONFIG;

		if (!top && opens(l, c))
			head = i + 1;
		if (l->row == NULL || (top ? l->head != 0 : head == 0 || l->head != head))
			continue;
		goes[i] = c->act == ACT_REMOVE || (i + 1 != head && same_thing(l, c));
		if (top && (l->row->type == T_CHAIN || l->row->type == T_KEPT))
			continue; /* what it opens is not to be torn apart */
		if (goes[i] || !replaces || same_word(l->text, blob_view(&c->text))) {
			after = i + 1;
			replaces = goes[i];
		}
	}
	return after;
}

/* An "end" closes the file; blocks come before it. */
static size_t
before_end(const struct file *f)
{
	size_t n = f->count;
	struct token word;

	while (n > 0 && tokens_of(f->line[n - 1].text, false, &word, 1) == 0)
		n--;
	if (n > 0 && word_equal(word.text, VIEW("end")))
		return n - 1;
	return f->count;
}

static void
add_line(struct blob *out, const char *before, struct view text)
{
	blob_add_str(out, before);
	blob_add_view(out, text);
	blob_add_byte(out, '\n');
}

/* In a block that is there nothing opens it, and all else is off or as usual when no line
 * speaks of it. */
static bool
adds(const struct change *c, bool found)
{
	switch (c->act) {
	case ACT_OPEN:
		return !found;
	case ACT_REMOVE:
		return false;
	case ACT_SET:
		return true;
	case ACT_UNDO:
		return c->row[0]->type == T_HTTP;
	case ACT_RESTORE:
		return false;
	}
	return false;
}

/* As the line that it follows, in a block: one that is further in would end the block before
 * what follows. */
static void
add_indent(const struct file *f, const struct change *c, size_t after, struct blob *out)
{
	const struct line_place *l;
	size_t n = 0;

	if (c->mode == MODE_CONFIG || c->act == ACT_OPEN || after == 0)
		return;
	l = &f->line[after - 1];
	while (n < l->text.n && strchr(" \t", l->text.p[n]) != NULL)
		n++;
	blob_add_view(out, view_of(l->text.p, n));
	if (l->head == after)
		blob_add_byte(out, ' ');
}

static void
change_apply(const struct change *c, struct view text, struct blob *out)
{
	struct conf conf = {0};
	struct file f = {0};
	struct blob before = {0};
	bool *goes, parsed, add;
	size_t after;

	parsed = parse_placed("", text, conf_shut, NULL, NULL, NULL, &conf, &f.line, &f.count);
	goes = mem_get(f.count + 1);
	after = find(&f, c, goes);
	add = adds(c, after > 0);
	if (after == 0 && c->act == ACT_OPEN)
		after = before_end(&f);
	add_indent(&f, c, after, &before);
	blob_add_str(&before, c->act == ACT_UNDO ? "no " : "");
	for (size_t i = 0; i <= f.count; i++) {
		if (i == after && add)
			add_line(out, blob_cstr(&before), blob_view(&c->text));
		if (i < f.count && !goes[i])
			add_line(out, "", f.line[i].text);
	}
	blob_free(&before);
	free(goes);
	free(f.line);
	if (parsed)
		conf_free(&conf);
}

void
conf_edit_apply(const struct conf_edit *x, struct view text, struct blob *out)
{
	blob_set(out, text);
	for (size_t i = 0; i < x->count; i++) {
		struct blob next = {0};

		change_apply(&x->change[i], blob_view(out), &next);
		blob_free(out);
		*out = next;
	}
}
