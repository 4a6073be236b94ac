/* match.c - match words against the grammar table. */
#include "conf/grammar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_TAIL " [{json$j|PIPE {section|include|exclude|begin|count}$o LINE$f}]"

struct list {
	struct path *p;
	size_t n;
};

/* ---- compiling the table: every row becomes its ways without options ---- */

static struct list all[MODE_COUNT]; /* filled once, at the first use */

static void
list_add(struct list *to, const struct path *p, size_t n)
{
	to->p = mem_array(to->p, to->n + n + 1, sizeof(*p));
	if (n > 0)
		memcpy(to->p + to->n, p, n * sizeof(*p));
	to->n += n;
}

static void
step_add(struct list *to, struct step s)
{
	for (size_t i = 0; i < to->n; i++)
		if (to->p[i].count < STEP_MAX)
			to->p[i].step[to->p[i].count++] = s;
}

static char
take_bind(const char **s)
{
	char c = 0;

	if (**s == '$') {
		c = (*s)[1];
		*s += 2;
	}
	return c;
}

static int64_t
take_number(const char **s)
{
	int64_t n = 0;

	for (; isdigit((unsigned char)**s); (*s)++)
		n = n * 10 + (**s - '0');
	return n;
}

/* One word or argument of the syntax. */
static struct step
take_step(const char **s)
{
	static const struct {
		const char *word;
		enum step_kind kind;
	} arguments[] = {{"NAME", STEP_NAME}, {"SERIAL", STEP_SERIAL},
	    {"ADDRESS", STEP_ADDRESS}, {"URL", STEP_URL}, {"LINE", STEP_LINE}};
	struct step step = {0};
	const char *begin = *s;

	if (**s == '<') {
		(*s)++;
		step.kind = STEP_NUMBER;
		step.least = take_number(s);
		(*s)++;
		step.most = take_number(s);
		(*s)++;
	} else {
		*s += strcspn(*s, " $|[]{}");
	}
	step.text = view_of(begin, (size_t)(*s - begin));
	if (view_equal_str(step.text, "PIPE"))
		step.text = VIEW("|");
	for (size_t i = 0; i < COUNT_OF(arguments); i++)
		if (view_equal_str(step.text, arguments[i].word))
			step.kind = arguments[i].kind;
	step.bind = take_bind(s);
	return step;
}

/* "{a|b|c}" and "(a|b|c)": plain key words are one step. */
static bool
take_choice(const char **s, struct step *out)
{
	const char *end = *s + 1 + strcspn(*s + 1, "}) $[<");

	if ((*end != '}' && *end != ')') || isupper((unsigned char)(*s)[1]))
		return false;
	*out = (struct step){
	    .repeat = **s == '(', .text = view_of(*s + 1, (size_t)(end - *s - 1))};
	*s = end + 1;
	out->bind = take_bind(s);
	return true;
}

/*
 * The paths of in, each followed by every way through the syntax up to its closing bracket or
 * '|'. in is used up.
 */
static struct list
take_sequence(const char **s, struct list in)
{
	while (**s != '\0' && strchr("]}|", **s) == NULL) {
		struct list with = {0}, more = {0};
		bool option = **s == '[';
		struct step step;

		if (**s == ' ') {
			(*s)++;
			continue;
		}
		if ((**s == '{' || **s == '(') && take_choice(s, &step)) {
			step_add(&in, step);
			continue;
		}
		if (!option && **s != '{') {
			step_add(&in, take_step(s));
			continue;
		}
		if (option)
			list_add(&with, in.p, in.n);
		do {
			struct list copy = {0};

			(*s)++; /* the bracket or '|' */
			list_add(&copy, in.p, in.n);
			more = take_sequence(s, copy);
			list_add(&with, more.p, more.n);
			free(more.p);
		} while (**s == '|');
		(*s)++;
		free(in.p);
		in = with;
	}
	return in;
}

static void
compile(void)
{
	for (size_t i = 0; i < grammar_count; i++) {
		struct path empty = {.row = &grammar[i]};
		const char *s = grammar[i].syntax, *tail = SHOW_TAIL;
		struct list ways = {0};

		list_add(&ways, &empty, 1);
		ways = take_sequence(&s, ways);
		if (grammar[i].flags & SHOWS)
			ways = take_sequence(&tail, ways);
		list_add(&all[grammar[i].mode], ways.p, ways.n);
		free(ways.p);
	}
}

/* Paths of all modes have one numbering, so that a match can be read without its mode. */
const struct path *
path_of(size_t index)
{
	for (size_t mode = 0; mode < MODE_COUNT; mode++) {
		if (index < all[mode].n)
			return &all[mode].p[index];
		index -= all[mode].n;
	}
	return NULL;
}

/* ---- words ---- */

bool
word_equal(struct view a, struct view b)
{
	return a.n == b.n && strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

bool
choice_word(struct view choices, int k, struct view *out)
{
	size_t from = 0, to;

	for (;; k--, from = to + 1) {
		if (from >= choices.n)
			return false;
		for (to = from + 1; to < choices.n && choices.p[to] != '|'; to++)
			;
		if (k == 0)
			break;
	}
	*out = view_of(choices.p + from, to - from);
	return true;
}

size_t
tokens_of(struct view line, bool pipes, struct token *out, size_t most)
{
	size_t n = 0, i = 0;

	while (n < most) {
		while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
			i++;
		if (i == line.n)
			break;
		out[n] = (struct token){.at = i};
		if (pipes && line.p[i] == '|')
			i++;
		else
			while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t')
				i++;
		out[n].text = view_of(line.p + out[n].at, i - out[n].at);
		n++;
	}
	return n;
}

#define WORD_LONG 32

unsigned
word_distance(struct view a, struct view b)
{
	unsigned row[3][WORD_LONG + 1];

	if (a.n > WORD_LONG || b.n > WORD_LONG)
		return 99;
	for (size_t i = 0; i <= a.n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3],
			 *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			if (i == 0) {
				now[j] = (unsigned)j;
				continue;
			}
			int ca = tolower(a.p[i - 1]), cb = tolower(b.p[j - 1]);
			unsigned best = last[j - 1] + (ca != cb);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && ca == tolower(b.p[j - 2]) &&
			    cb == tolower(a.p[i - 2]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a.n % 3][b.n];
}

/* ---- one word against one step ---- */

enum fit { FIT_NO, FIT_RANGE, FIT_LAST, FIT_PREFIX, FIT_ARGUMENT, FIT_EXACT };

static bool
is_name(struct view w)
{
	/* names become directory names */
	if (w.n == 0 || w.n >= CONF_NAME_MAX || w.p[0] == '.')
		return false;
	for (size_t i = 0; i < w.n; i++)
		if (!isalnum(w.p[i]) && strchr("._-", w.p[i]) == NULL)
			return false;
	return true;
}

static bool
is_serial(struct view w)
{
	size_t from = w.n > 2 && w.p[0] == '0' && (w.p[1] == 'x' || w.p[1] == 'X') ? 2 : 0;

	if (w.n == 0 || w.n > 64)
		return false;
	for (size_t i = from; i < w.n; i++)
		if (!isxdigit(w.p[i]))
			return false;
	return true;
}

static bool
is_address(struct view w)
{
	unsigned char net[16];
	char text[64];

	if (w.n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)w.n, (const char *)w.p);
	return inet_pton(AF_INET, text, net) == 1 || inet_pton(AF_INET6, text, net) == 1;
}

/* scheme:rest, printable */
static bool
is_url(struct view w)
{
	size_t colon = 0;

	while (colon < w.n && (isalnum(w.p[colon]) || strchr("+-.", w.p[colon]) != NULL))
		colon++;
	if (colon == 0 || colon >= w.n || w.p[colon] != ':')
		return false;
	for (size_t i = 0; i < w.n; i++)
		if (w.p[i] <= ' ' || w.p[i] > '~')
			return false;
	return true;
}

static enum fit
fit_number(const struct step *s, struct view w, int64_t *out)
{
	int64_t n = 0;
	size_t i = w.n > 1 && w.p[0] == '-';

	for (size_t k = i; k < w.n; k++)
		if (!isdigit(w.p[k]))
			return FIT_NO;
	for (size_t k = i; k < w.n; k++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, w.p[k] - '0', &n))
			return FIT_RANGE;
	if (i > 0 || n < s->least || n > s->most)
		return FIT_RANGE;
	*out = n;
	return FIT_ARGUMENT;
}

static enum fit
fit_word(const struct step *s, struct view w, struct cap *cap, struct view *key)
{
	enum fit fit = FIT_NO;
	struct view word;

	for (int k = 0; choice_word(s->text, k, &word); k++) {
		if (w.n > word.n ||
		    strncasecmp((const char *)w.p, (const char *)word.p, w.n) != 0)
			continue;
		if (w.n < word.n && fit == FIT_PREFIX) {
			key->n = 0; /* two of them */
			continue;
		}
		fit = w.n == word.n ? FIT_EXACT : FIT_PREFIX;
		cap->choice = k;
		*key = word;
		if (fit == FIT_EXACT)
			break;
	}
	return fit;
}

/* key is the key word in full; empty when w abbreviates several of one step. */
static enum fit
fit_step(const struct step *s, struct view w, struct cap *cap, struct view *key)
{
	bool yes = true;

	switch (s->kind) {
	case STEP_WORD:
		return fit_word(s, w, cap, key);
	case STEP_NUMBER:
		return fit_number(s, w, &cap->number);
	case STEP_NAME:
		yes = is_name(w);
		break;
	case STEP_SERIAL:
		yes = is_serial(w);
		break;
	case STEP_ADDRESS:
		yes = is_address(w);
		break;
	case STEP_URL:
		yes = is_url(w);
		break;
	case STEP_LINE:
		break;
	}
	return yes ? FIT_ARGUMENT : FIT_NO;
}

/* ---- a whole line ---- */

static const struct step *
step_at(const struct path *p, size_t position)
{
	const struct step *last = &p->step[p->count - 1];

	if (position < p->count)
		return &p->step[position];
	return last->repeat || last->kind == STEP_LINE ? last : NULL;
}

static bool
in_line(const struct path *p, size_t position)
{
	return position >= p->count && p->step[p->count - 1].kind == STEP_LINE;
}

/*
 * Narrow the live paths by one word. What fits best wins: a key word in full, an argument, an
 * abbreviation; of some rows, the argument last.
 */
static bool
narrow(struct match *m, struct view w, bool abbreviated)
{
	enum fit fits[PATH_MAX], best = FIT_NO;
	struct view chosen = {0}, key;
	bool clash = false, stays = false;
	size_t kept = 0;

	for (size_t i = 0; i < m->live_count; i++) {
		const struct path *p = path_of(m->live[i]);
		const struct step *s = step_at(p, m->position);
		struct cap ignore;

		fits[i] = FIT_NO;
		if (s == NULL || in_line(p, m->position)) {
			stays |= s != NULL;
			continue;
		}
		key = (struct view){0};
		fits[i] = fit_step(s, w, &ignore, &key);
		if (fits[i] == FIT_PREFIX && !abbreviated)
			fits[i] = FIT_NO;
		if (fits[i] == FIT_ARGUMENT && p->row->flags & WORDS)
			fits[i] = FIT_LAST;
		if (fits[i] == FIT_PREFIX) {
			if (best < FIT_PREFIX)
				chosen = key;
			clash |= key.n == 0 || !view_equal(chosen, key);
		}
		if (fits[i] > best)
			best = fits[i];
	}
	clash = clash && best == FIT_PREFIX;
	if (clash || (best <= FIT_RANGE && !stays)) {
		m->outcome = clash		 ? MATCH_AMBIGUOUS
			     : best == FIT_RANGE ? MATCH_RANGE
						 : MATCH_UNKNOWN;
		m->bad = w;
		return false;
	}
	for (size_t i = 0; i < m->live_count; i++)
		if (in_line(path_of(m->live[i]), m->position) ||
		    (fits[i] == best && best > FIT_RANGE))
			m->live[kept++] = m->live[i];
	m->live_count = kept;
	return true;
}

static void
capture(struct match *m, struct view line, const struct token *words, size_t count)
{
	const struct path *p = m->path;

	for (size_t i = 0; i < count; i++) {
		const struct step *s = step_at(p, i);
		struct cap cap = {.text = words[i].text, .at = words[i].at};
		struct view key;

		if (s == NULL || in_line(p, i))
			break;
		if (s->kind == STEP_LINE)
			cap.text = view_of(line.p + cap.at, line.n - cap.at);
		fit_step(s, cap.text, &cap, &key);
		cap.bind = s->bind;
		if (s->bind != 0 && m->cap_count < CAP_MAX)
			m->cap[m->cap_count++] = cap;
	}
}

void
match_spell(const struct match *m, struct view line, size_t from, struct blob *out)
{
	struct token words[WORDS_MAX];
	struct view rest = view_of(line.p + from, line.n - from);
	size_t count = tokens_of(rest, false, words, WORDS_MAX);

	while (rest.n > 0 && (rest.p[rest.n - 1] == ' ' || rest.p[rest.n - 1] == '\t'))
		rest.n--;
	for (size_t i = 0; i < count; i++) {
		const struct step *s = step_at(m->path, i);
		struct view word = words[i].text, key = {0};
		struct cap ignore;

		if (s == NULL || in_line(m->path, i))
			break;
		if (s->kind == STEP_LINE)
			word = view_of(rest.p + words[i].at, rest.n - words[i].at);
		else if (fit_step(s, word, &ignore, &key) >= FIT_PREFIX && key.n > 0)
			word = key;
		blob_add_str(out, i > 0 ? " " : "");
		blob_add_view(out, word);
	}
}

/*
 * 0: the path cannot end here. Undone are whole lines before begun ones, and what has an effect
 * before what has none.
 */
static int
end_rank(const struct path *p, size_t position, bool negated)
{
	const struct step *next = step_at(p, position);
	struct view two;

	if (!negated)
		return position >= p->count;
	if (position < p->count && next->kind == STEP_WORD && !choice_word(next->text, 1, &two))
		return 0;
	return 1 + 2 * (position >= p->count) + (p->row->type != T_KEPT);
}

/*
 * Of the paths that may end here take the longest: an argument says more than the rest of a
 * line.
 */
static void
choose(struct match *m, bool negated)
{
	int best = 1;
	size_t kept = 0;

	for (size_t i = 0; i < m->live_count; i++) {
		const struct path *p = path_of(m->live[i]);
		int rank = end_rank(p, m->position, negated);

		if (rank < best)
			continue;
		if (m->path == NULL || rank > best || p->count > m->path->count)
			m->path = p;
		best = rank;
	}
	for (size_t i = 0; negated && m->path != NULL && i < m->live_count; i++)
		if (end_rank(path_of(m->live[i]), m->position, true) == best)
			m->live[kept++] = m->live[i];
	if (kept > 0)
		m->live_count = kept;
}

void
match_line(enum mode mode, struct view line, size_t from, unsigned how, struct match *m)
{
	struct token words[WORDS_MAX];
	struct view rest;
	size_t count, first = 0;

	if (all[0].n == 0)
		compile();
	while (line.n > from && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
		line.n--;
	m->outcome = MATCH_INCOMPLETE;
	m->path = NULL;
	m->position = m->live_count = m->cap_count = 0;
	m->bad = (struct view){0};
	rest = view_of(line.p + from, line.n - from);
	count = tokens_of(rest, mode == MODE_EXEC, words, WORDS_MAX);
	for (size_t i = 0; i < count; i++)
		words[i].at += from;
	if (count == WORDS_MAX) /* the last one holds all that is left */
		words[count - 1].text.n = line.n - words[count - 1].at;
	for (size_t i = 0; i < (size_t)mode; i++)
		first += all[i].n;
	for (size_t i = 0; i < all[mode].n && i < PATH_MAX; i++)
		m->live[m->live_count++] = (uint16_t)(first + i);
	for (; m->position < count; m->position++) {
		m->at = words[m->position].at;
		if (!narrow(m, words[m->position].text, how & MATCH_ABBREVIATED))
			return;
	}
	m->at = line.n;
	choose(m, how & MATCH_NEGATED);
	if (m->path != NULL) {
		m->outcome = MATCH_OK;
		capture(m, line, words, count);
	}
}

const struct cap *
match_cap(const struct match *m, char bind)
{
	for (size_t i = 0; i < m->cap_count; i++)
		if (m->cap[i].bind == bind)
			return &m->cap[i];
	return NULL;
}

/* ---- what may follow ---- */

#define NEXT_MAX 96

void
match_next(const struct match *m,
    void (*each)(void *arg, const struct path *p, struct view text, char bind), void *arg)
{
	struct view seen[NEXT_MAX], word;
	size_t count = 0;

	for (size_t i = 0; i < m->live_count; i++) {
		const struct path *p = path_of(m->live[i]);
		const struct step *s = step_at(p, m->position);

		if (s == NULL || in_line(p, m->position))
			continue;
		for (int k = 0;; k++) {
			size_t at = 0;

			if (s->kind == STEP_WORD ? !choice_word(s->text, k, &word) : k > 0)
				break;
			if (s->kind != STEP_WORD)
				word = s->text;
			while (at < count && !view_equal(seen[at], word))
				at++;
			if (at < count || count == NEXT_MAX)
				continue;
			seen[count++] = word;
			each(arg, p, word,
			    s->kind == STEP_WORD ? 0
			    : s->bind != 0	 ? s->bind
						 : 'x');
		}
	}
}

bool
match_may_end(const struct match *m)
{
	for (size_t i = 0; i < m->live_count; i++)
		if (m->position >= path_of(m->live[i])->count)
			return true;
	return false;
}

struct expected {
	struct blob *out;
	struct view bad, near;
	unsigned distance;
	size_t count;
};

/* What an argument's name leaves open. */
static const char *
explain(const struct path *p, struct view text, char bind)
{
	static const struct {
		const char *name, *words;
	} arguments[] = {
	    {"NAME", " (letters, digits, '.', '_', '-')"},
	    {"SERIAL", " (decimal, or hexadecimal as show prints it)"},
	    {"ADDRESS", " (IPv4 or IPv6)"},
	    {"URL", " (as in ftp://10.1.1.1/DB/)"},
	    {"LINE", " (text)"},
	};

	for (size_t i = 0; bind != 0 && i < COUNT_OF(arguments); i++)
		if (view_equal_str(text, arguments[i].name))
			return arguments[i].words;
	if (p->row->type != T_SPAN && p->row->type != T_ROLLOVER)
		return "";
	switch (bind | 0x20) {
	case 'd':
		return " days";
	case 'h':
		return " hours";
	case 'm':
		return " minutes";
	}
	return "";
}

static void
expect(void *arg, const struct path *p, struct view text, char bind)
{
	struct expected *x = arg;
	unsigned distance = bind == 0 ? word_distance(x->bad, text) : 99;
	const char *quote = bind == 0 ? "'" : "";

	if (distance <= 2 && distance * 2 < text.n && distance < x->distance) {
		x->near = text;
		x->distance = distance;
	}
	if (x->count++ < 12)
		blob_printf(x->out, "%s%s%.*s%s%s", x->count == 1 ? "expected " : ", ", quote,
		    (int)text.n, (const char *)text.p, quote, explain(p, text, bind));
}

void
match_expected(const struct match *m, struct blob *out)
{
	struct expected x = {.out = out, .bad = m->bad, .distance = 99};

	match_next(m, expect, &x);
	if (x.count == 0 || match_may_end(m))
		blob_add_str(out,
		    x.count == 0 ? "expected the end of the line" : " or the end of the line");
	if (x.count > 12)
		blob_printf(out, " and %zu more", x.count - 12);
	if (x.near.n > 0)
		blob_printf(
		    out, "; did you mean '%.*s'?", (int)x.near.n, (const char *)x.near.p);
}
