/*
 * grammar.h - the grammar table and the engine that matches lines.
 *
 * Inner to conf. The syntax of a row:
 *	word		a key word			{a|b}	one of these
 *	[x]		x or nothing			(a|b)	one or more of these, last in
 *its row <1-9>		a number in this range		NAME SERIAL ADDRESS URL     	one word
 *	LINE		the rest of the line		PIPE	the character '|'
 * Behind an argument, a choice or a word, $c says under which letter it is found.
 */
#ifndef CONF_GRAMMAR_H
#define CONF_GRAMMAR_H

#include "conf/conf.h"

enum mode { MODE_CONFIG, MODE_SERVER, MODE_TRUSTPOINT, MODE_EXEC, MODE_COUNT };

enum type {	   /* what a line of this row does; set.c has the functions */
	T_COMMAND, /* value: enum command */
	T_BOOL,
	T_TEXT,	    /* $x */
	T_DN,	    /* $x, checked */
	T_CHOICE,   /* $c; choices from value on are other spellings of the first ones */
	T_SPAN,	    /* $d days, $h hours, $m minutes; zero is refused */
	T_NUMBER,   /* $n, an int64_t */
	T_UNSIGNED, /* $n */
	T_PORT,	    /* $p */
	T_BITS,	    /* a bit a word of the list */
	T_EKU,
	T_ARCHIVE,
	T_HOOK,	      /* $x, an http or https URL */
	T_SECRET,     /* a password: $e its type, $x */
	T_DEPOT,      /* $x, a URL; $u its user, $e and $y his password */
	T_DEPOT_USER, /* $u, $e and $y alone */
	T_PROFILE,    /* of the profile $k; value: enum profile_line */
	T_KEY,
	T_EC_KEY,
	T_RA_KEY,
	T_GRANT,
	T_GRANT_KEEP,
	T_LEGACY,
	T_ANCIENT,
	T_ROLLOVER,
	T_LATE,
	T_HTTP,
	T_LISTEN,
	T_TP_KEY,
	T_PROXY,
	T_AUTO_ENROLL,
	T_SHADOW_ONLY,
	T_UNLESS_NONE,
	T_TERMINAL,
	T_FINGERPRINT,
	T_CHECKS,
	T_PATH,
	T_CACHE,
	T_REFUSED,    /* help is the reason */
	T_KEPT,	      /* known, without effect: help is the reason */
	T_SERVER,     /* opens a block of ours */
	T_TRUSTPOINT, /* the same; one with a value is another spelling */
	T_CHAIN,      /* opens blocks that are kept */
	T_COUNT
};

enum profile_line { PROFILE_ITSELF, PROFILE_CHAIN, PROFILE_URL, PROFILE_PASSWORD };

enum flag {
	SHOWS = 1,   /* may end in json or a filter */
	WRITES = 2,  /* changes something */
	NEGATED = 4, /* the row says "no" */
	WORDS = 8,   /* an abbreviated word comes before an argument */
};

struct row {
	enum mode mode;
	const char *syntax;
	enum type type;
	size_t at, size; /* the field in the object of the mode */
	int value;
	const char
	    *initial; /* the line that says the default; '%' stands for the server's name */
	unsigned flags;
	const char *help;
};

extern const struct row grammar[];
extern const size_t grammar_count;
/* First words of router features that are none of ours. */
bool grammar_foreign(struct view word);
/*
 * Help of a key word, looked up with the word before it first, or of "$x", an argument; NULL:
 * none.
 */
const char *grammar_help(struct view before, struct view word);

#define STEP_MAX 12
#define PATH_MAX 512
#define WORDS_MAX 64
#define CAP_MAX WORDS_MAX

enum step_kind {
	STEP_WORD,
	STEP_NUMBER,
	STEP_NAME,
	STEP_SERIAL,
	STEP_ADDRESS,
	STEP_URL,
	STEP_LINE
};

struct step {
	enum step_kind kind;
	char bind;
	bool repeat;
	struct view text; /* "a|b|c" of WORD, else how the argument is written */
	int64_t least, most;
};

struct path { /* one way through a row, without options */
	const struct row *row;
	size_t count;
	struct step step[STEP_MAX];
};

struct token {
	struct view text;
	size_t at; /* offset in the line */
};

enum outcome { MATCH_OK, MATCH_UNKNOWN, MATCH_RANGE, MATCH_INCOMPLETE, MATCH_AMBIGUOUS };

enum match_how {
	MATCH_EXACT = 0,
	MATCH_ABBREVIATED = 1,
	MATCH_NEGATED = 2, /* arguments may be left out */
};

struct cap {
	char bind;
	int choice;
	int64_t number;
	struct view text;
	size_t at;
};

struct match {
	enum outcome outcome;
	const struct path *path; /* when OK */
	size_t position;	 /* words that matched; the next one is the bad one */
	size_t at;		 /* its offset */
	struct view bad;
	uint16_t live[PATH_MAX]; /* paths that fit so far; when OK and negated, those that are
				    undone */
	size_t live_count;
	struct cap cap[CAP_MAX];
	size_t cap_count;
};

/* Words of a line; a leading '|' is a word of its own when pipes is true. */
size_t tokens_of(struct view line, bool pipes, struct token *out, size_t most);
/* What must come to end the banner that this line begins; empty: it begins none, or ends it
 * itself. */
struct view banner_delimiter(struct view line);
void match_line(enum mode mode, struct view line, size_t from, unsigned how, struct match *m);
/* The line that matched, from this offset on, with every key word in full. */
void match_spell(const struct match *m, struct view line, size_t from, struct blob *out);
/* Why a line did not match, in the IOS manner. Returns false. */
bool match_refuse(const struct match *m, struct view line, struct err *e);
/* What may follow the last whole word of a line: command_help. */
void match_help(enum mode mode, const char *line, struct blob *out);
const struct cap *match_cap(const struct match *m, char bind);
/*
 * "expected 'a', 'b', <1-9>" from where the match stopped, with "did you mean 'x'?" when one is
 * near.
 */
void match_expected(const struct match *m, struct blob *out);
/* What may stand next, once each: bind is 0 for a key word. p is one path that goes on so. */
void match_next(const struct match *m,
    void (*each)(void *arg, const struct path *p, struct view text, char bind), void *arg);
bool match_may_end(const struct match *m);
const struct path *path_of(size_t index);
/* Edits that turn a into b, a swap of neighbours counting once; 99 when they differ much. */
unsigned word_distance(struct view a, struct view b);
bool word_equal(struct view a, struct view b); /* letters of either case */
/* The k-th word of "a|b|c". */
bool choice_word(struct view choices, int k, struct view *out);

/* ---- one line into its struct and back ---- */

struct setting {
	const struct row *row;
	const struct match *match;
	void *object; /* of the mode: struct conf, conf_server or conf_trustpoint */
	conf_seal seal;
	void *seal_arg;
	size_t at; /* set on failure: offset of what is wrong */
};
bool setting_apply(struct setting *s, struct err *e) MUST_USE;
void setting_reset(const struct row *row, void *object, const char *name);
/* The same for the line that was matched: of a profile it resets that one only. */
void setting_undo(const struct row *row, const struct match *m, void *object, const char *name);
/* The line for this field, or lines with '\n' between; empty when there is nothing to say. */
bool setting_print(const struct row *row, const void *object, conf_seal seal, void *seal_arg,
    struct blob *out, struct err *e) MUST_USE;
/* An object of this mode with every default. */
void setting_defaults(enum mode mode, void *object, const char *name);
/* The key words in front of the first argument, with a blank behind each. */
size_t syntax_prefix(const char *syntax);
/* The syntax as people write it, without $letters. */
void syntax_plain(const struct row *row, struct blob *out);
/* issuer-name: TYPE=VALUE, joined by ',' or '+'. *at is the offset of what is wrong. */
bool dn_check(struct view text, size_t *at, struct err *e) MUST_USE;

#endif
