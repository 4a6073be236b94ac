/*
 * parse.h - inner to parse.c and check.c: a file that is being read.
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include "conf/grammar.h"

#define ROWS_MAX 160

enum block { IN_TOP, IN_OURS, IN_CHAIN, IN_FOREIGN };

struct place {
	size_t line, column; /* from 1; 0: not given */
};

struct line {
	struct view text;
	size_t indent; /* offset of the first word */
	size_t from;   /* offset of the first word behind "no" or "default" */
	bool no, restore;
	struct view word; /* at from */
};
struct line line_of(struct view text);

struct line_place { /* of one line of the file */
	struct view text;
	size_t head; /* number of the line that opened its block of ours; 0: it is in none */
	const struct row *row; /* NULL: it says nothing, or nothing of ours */
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

	enum mode mode; /* of IN_OURS: server or trustpoint, */
	void *object;	/* which one, */
	struct blob *kept;
	struct conf_server spare; /* stands in for a server that was refused */
	struct conf_trustpoint spare_trustpoint;
	size_t trustpoint_room; /* places allocated */
	uint32_t *index;	/* of trustpoints by name: 1 + where, 0: free */
	size_t index_size;	/* a power of two, over twice their count */
	struct chain {		/* certificates that are kept unless they are a server's */
		char name[CONF_NAME_MAX];
		struct blob text;
	} * chain;
	size_t chain_count;
	struct blob *kept_to; /* where lines of this IN_CHAIN or IN_FOREIGN go */
	struct place seen[ROWS_MAX];
	bool http_given;
	struct place first_foreign;
	struct blob foreign_text;
	struct match match;
	const struct row *row; /* of the line in hand, as in struct line_place */
};

/* conf_parse, and where each line stands, also of a text with errors; the caller frees them. */
bool parse_placed(const char *file, struct view text, conf_seal seal, void *seal_arg,
    conf_report report, void *arg, struct conf *out, struct line_place **places, size_t *count);
void say(struct parser *p, bool warn, struct place at, const char *fmt, ...) PRINTF(4, 5);
/* check.c: what only a whole block, or a whole file, can show. */
void check_server(struct parser *p, struct conf_server *s);
void check_trustpoint(struct parser *p, struct conf_trustpoint *t);
void check_file(struct parser *p);
/* trustpoints.c: the trustpoint of this name, a new one if need be; NULL: there are too many.
 */
struct conf_trustpoint *trustpoint_named(struct parser *p, const char *name);
void trustpoint_remove(struct parser *p, struct view name);

#endif
