/* parse.c - a whole configuration file to structs. */
#include "conf/grammar.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS 4096
#define ROWS_MAX 128

enum block { IN_TOP, IN_SERVER, IN_TRUSTPOINT, IN_CHAIN, IN_FOREIGN };

struct place {
	size_t line, column; /* from 1; 0: not given */
};

struct parser {
	const char *file;
	conf_seal seal;
	void *seal_arg;
	conf_report report;
	void *arg;
	struct conf *c;
	size_t line; /* number of the line in hand */
	size_t errors;

	enum block block;
	size_t indent;	    /* of the line that opened the block */
	bool indented;	    /* lines of the block stand further right */
	bool known;	    /* a block of IN_FOREIGN that is no foreign feature */
	bool hex;	    /* inside a certificate, ended by "quit" */
	struct blob banner; /* the text that ends it, when inside one */
	struct place opened;

	struct conf_server *server; /* of IN_SERVER */
	struct conf_server spare;   /* stands in for a server that was refused */
	struct place seen[ROWS_MAX];
	bool http_given;
	struct place first_foreign;
	struct blob foreign_text;
	struct match match;
};

/* ---- messages ---- */

static void say(struct parser *p, bool warn, struct place at, const char *fmt, ...)
    PRINTF(4, 5);

static void
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

struct line {
	struct view text;
	size_t indent; /* offset of the first word */
	size_t from;   /* offset of the first word behind "no" or "default" */
	bool no, restore;
	struct view word; /* at from */
};

static struct line
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
	keep(&p->c->kept, view_of(l->text.p + l->indent, l->text.n - l->indent));
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

static struct place
seen_at(const struct parser *p, size_t field)
{
	for (size_t i = 0; i < grammar_count && i < ROWS_MAX; i++)
		if (grammar[i].mode == MODE_SERVER && grammar[i].at == field &&
		    grammar[i].size > 0 && p->seen[i].line > 0)
			return p->seen[i];
	return p->opened;
}

#define SEEN(f) seen_at(p, offsetof(struct conf_server, f))

static void
check_keys(struct parser *p, const struct conf_server *s)
{
	bool ec = s->ec_label[0] != 0;
	const char *ca = ec ? s->ec_label : s->rsa_label;

	if (ec && (strcmp(s->rsa_label, s->name) != 0 || s->rsa_bits != 2048))
		say(p, false, SEEN(rsa_label),
		    "a CA has one key, expected 'rsakeypair' or 'eckeypair'");
	if (ec && s->ra_label[0] == 0)
		say(p, false, SEEN(ec_label),
		    "an EC key cannot open SCEP envelopes, expected 'ra rsakeypair LABEL' "
		    "beside it");
	if (s->rsa_bits < 2048 && !s->compat_ancient)
		say(p, false, SEEN(rsa_label),
		    "an RSA key of %d bits needs 'compat ancient', expected 2048 or more",
		    s->rsa_bits);
	if (strcmp(s->ra_label, ca) == 0)
		say(p, false, SEEN(ra_label),
		    "'%s' is the label of the CA's key, expected another", ca);
}

/* What is said to this hook can be read on the way. */
static bool
is_heard(const char *url)
{
	static const char *const here[] = {"127.0.0.1", "[::1]", "localhost"};
	const char *host = url + 7;

	if (strncasecmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(here); i++)
		if (strcspn(host, "/") >= strlen(here[i]) &&
		    strncasecmp(host, here[i], strlen(here[i])) == 0 &&
		    strchr(":/", host[strlen(here[i])]) != NULL)
			return false;
	return true;
}

static void
check_hook(
    struct parser *p, struct place at, const char *whose, const char *url, const char *password)
{
	if (password[0] != 0 && url[0] == 0)
		say(p, true, at,
		    "'%schallenge password' without an address to show it to, expected "
		    "'%schallenge url URL' too",
		    whose, whose);
	if (is_heard(url))
		say(p, true, at,
		    "'%schallenge url' sends challenges over plain HTTP, expected https://...",
		    whose);
}

static void
check_challenges(struct parser *p, const struct conf_server *s)
{
	bool asks = s->challenge_url[0] != 0;
	char whose[CONF_NAME_MAX + 16];

	check_hook(p, SEEN(challenge_url), "", s->challenge_url, s->challenge_password);
	for (size_t i = 0; i < s->profile_count; i++) {
		const struct conf_profile *o = &s->profile[i];

		(void)snprintf(whose, sizeof(whose), "profile %s ", o->name);
		check_hook(p, p->opened, whose, o->challenge_url, o->challenge_password);
		asks |= o->challenge_url[0] != 0;
	}
	if (asks && s->grant == GRANT_AUTO && !s->grant_no_replace)
		say(p, false, SEEN(grant),
		    "'grant auto' grants whatever 'challenge url' says, expected 'grant "
		    "manual'");
}

/* What only a whole block can show. */
static void
check_server(struct parser *p, struct conf_server *s)
{
	check_challenges(p, s);
	if ((s->hash == CONF_HASH_MD5 || s->hash == CONF_HASH_SHA1) && !s->compat_ancient) {
		say(p, true, SEEN(hash),
		    "'hash %s' is broken and needs 'compat ancient': SHA-256 is used instead",
		    s->hash == CONF_HASH_MD5 ? "md5" : "sha1");
		s->hash = CONF_HASH_SHA256;
	}
	if (s->compat_ancient && s->grant == GRANT_AUTO && s->serial == SERIAL_SEQUENTIAL)
		say(p, false, SEEN(compat_ancient),
		    "'compat ancient' with 'grant auto' and 'serial sequential' lets a "
		    "stranger forge certificates, expected 'serial random' or 'grant manual'");
	check_keys(p, s);
	if (s->plan.lifetime_cert > s->plan.lifetime_ca)
		say(p, true, SEEN(plan.lifetime_cert),
		    "certificates are to live longer than the CA's: they will end with it, "
		    "expected 'lifetime certificate' below 'lifetime ca-certificate'");
	if (s->plan.auto_rollover && s->plan.rollover >= s->plan.lifetime_ca)
		say(p, false, SEEN(plan.auto_rollover),
		    "'auto-rollover' is not shorter than 'lifetime ca-certificate': the next "
		    "CA certificate would be due at once, expected fewer days");
	if (s->plan.auto_rollover && s->plan.rollover == 0)
		say(p, false, SEEN(plan.auto_rollover),
		    "an 'auto-rollover' of 0 leaves nobody time to follow, expected days");
	if (s->plan.overlap > s->plan.rollover)
		say(p, false, SEEN(plan.auto_rollover),
		    "the overlap is longer than 'auto-rollover': the next CA certificate would "
		    "begin before it is made, expected fewer days");
	if (s->database_url[0] != 0)
		say(p, true, SEEN(database_url),
		    "'database url' is kept, but nothing is published there yet: everything is "
		    "in the state directory");
#undef SEEN
}

static void
close_block(struct parser *p)
{
	if (p->block == IN_SERVER)
		check_server(p, p->server);
	p->block = IN_TOP;
	p->server = NULL;
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
open_server(struct parser *p, size_t indent)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct conf *c = p->c;
	char name[CONF_NAME_MAX] = {0};
	size_t at = x->at;

	memcpy(name, x->text.p, x->text.n);
	open_block(p, IN_SERVER, indent);
	memset(p->seen, 0, sizeof(p->seen));
	p->server = &p->spare;
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
		p->server = &c->server[c->server_count++];
named:
	blob_free(&p->server->kept);
	setting_defaults(MODE_SERVER, p->server, name);
	p->server->line = (int)p->line;
}

static void
remove_server(struct parser *p)
{
	const struct cap *x = match_cap(&p->match, 'x');
	struct conf *c = p->c;

	close_block(p);
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
	if (name_taken(p->c, name, p->server))
		say(p, false, place(p, k->at),
		    "'%s' is the name of another server or profile, expected a name of its own",
		    name);
}

/* A line of the server's block; false when it belongs to the level above. */
static bool
server_line(struct parser *p, const struct line *l)
{
	bool negated = l->no || l->restore, inside = l->indent > p->indent;
	struct match *m = &p->match;
	const struct row *row;

	if (p->indented && !inside)
		return false;
	match_line(MODE_SERVER, l->text, l->from, negated ? MATCH_NEGATED : MATCH_EXACT, m);
	if (m->outcome != MATCH_OK)
		return false;
	p->indented |= inside;
	row = m->path->row;
	if (row - grammar < ROWS_MAX)
		p->seen[row - grammar] = place(p, l->from);
	if (row->type == T_KEPT) {
		warn_kept(p, l);
		keep(&p->server->kept, view_of(l->text.p + l->indent, l->text.n - l->indent));
	}
	if (negated)
		undo(p, p->server, p->server->name);
	else
		store(p, row, p->server, l->from);
	if (row->type == T_PROFILE && !negated)
		check_profile_name(p);
	return true;
}

static void
known_line(struct parser *p, const struct line *l, enum type type)
{
	static const struct {
		enum type type;
		enum block block;
	} opens[] = {{T_TRUSTPOINT, IN_TRUSTPOINT}, {T_CHAIN, IN_CHAIN}, {T_KEPT, IN_FOREIGN}};

	warn_kept(p, l);
	close_block(p);
	for (size_t i = 0; i < COUNT_OF(opens); i++)
		if (opens[i].type == type)
			open_block(p, opens[i].block, l->indent);
	p->known = true;
	keep_head(p, l);
}

static void
top_carry(struct parser *p, const struct line *l)
{
	const struct row *row = p->match.path->row;
	bool negated = l->no || l->restore;

	if (row->type == T_KEPT || row->type == T_TRUSTPOINT || row->type == T_CHAIN) {
		known_line(p, l, row->type);
	} else if (row->type == T_SERVER && !negated) {
		open_server(p, l->indent);
	} else if (row->type == T_SERVER) {
		remove_server(p);
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

/* A line of a server outside its block: kept as foreign it would be lost silently. */
static bool
is_lost(const struct line *l)
{
	struct match m;

	match_line(MODE_SERVER, l->text, l->from, MATCH_EXACT, &m);
	return m.outcome == MATCH_OK && m.position > 1;
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
	     inside = p->block == IN_SERVER && l->indent > p->indent;
	struct match *m = &p->match;

	match_line(MODE_CONFIG, l->text, l->from, negated ? MATCH_NEGATED : MATCH_EXACT, m);
	if (m->outcome == MATCH_OK) {
		top_carry(p, l);
	} else if ((p->block == IN_TOP || p->block == IN_SERVER) && is_lost(l)) {
		say(p, false, place(p, l->indent),
		    "this line stands outside a server's block, "
		    "expected 'crypto pki server NAME' before it");
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

/* A line that the server's block does not know: a mistake in it, or does it end the block? */
static bool
server_mistake(struct parser *p, const struct line *l)
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
	match_line(MODE_SERVER, l->text, l->from, how, m);
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
	if (p->block == IN_TRUSTPOINT && !inside && !p->indented) {
		match_line(MODE_TRUSTPOINT, l->text, l->from,
		    l->no ? MATCH_NEGATED : MATCH_EXACT, &p->match);
		inside = p->match.outcome == MATCH_OK;
	} else {
		p->indented |= inside;
	}
	if (!inside)
		return false;
	p->c->foreign += p->block == IN_FOREIGN && !p->known;
	keep(&p->c->kept, l->text);
	return true;
}

/* Inside text that is not commands. */
static bool
raw_line(struct parser *p, struct view text)
{
	struct line l;

	if (p->banner.n > 0) {
		p->c->foreign++;
		keep(&p->c->kept, text);
		if (memmem(text.p, text.n, p->banner.p, p->banner.n) != NULL)
			blob_clear(&p->banner);
		return true;
	}
	if (!p->hex)
		return false;
	l = line_of(text);
	keep(&p->c->kept, text);
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
		p->indented |= p->block == IN_SERVER && l.word.n == 1 && l.indent <= p->indent;
		return;
	}
	if ((word_equal(l.word, VIEW("exit")) || word_equal(l.word, VIEW("end"))) &&
	    (p->block != IN_FOREIGN || l.indent <= p->indent)) {
		close_block(p);
		return;
	}
	if (p->block == IN_SERVER ? server_line(p, &l) || server_mistake(p, &l)
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
		keep(&p->c->kept, blob_view(&p->banner));
	}
	if (p->hex) {
		say(p, true, p->opened,
		    "the certificate is not ended by 'quit' before the end of the file");
		keep(&p->c->kept, VIEW("quit"));
	}
	close_block(p);
	if (p->c->foreign > 0)
		say(p, true, p->first_foreign,
		    "%zu line%s of other features kept without effect: %s", p->c->foreign,
		    p->c->foreign == 1 ? "" : "s", blob_cstr(&p->foreign_text));
	if (!p->http_given)
		p->c->http_server = p->c->server_count > 0;
}

bool
conf_parse(const char *file, struct view text, conf_seal seal, void *seal_arg,
    conf_report report, void *arg, struct conf *out)
{
	struct parser *p = mem_get(sizeof(*p));
	bool ok;

	*p = (struct parser){
	    file, seal, seal_arg, report, arg, .c = mem_get(sizeof(struct conf))};
	setting_defaults(MODE_CONFIG, p->c, "");
	while (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = view_of(text.p + 3, text.n - 3);
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;

		p->line++;
		one_line(p, view_of(text.p, n));
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
	mem_wipe(p, sizeof(*p));
	free(p);
	return ok;
}

void
conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->server_count; i++)
		blob_free(&c->server[i].kept);
	blob_free(&c->kept);
	mem_wipe(c, sizeof(*c));
}
