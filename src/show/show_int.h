/* show_int.h - inner: what the show commands share. */
#ifndef SHOW_SHOW_INT_H
#define SHOW_SHOW_INT_H

#include "show/filter.h"
#include "show/show.h"
#include "show/tree.h"

#define PIECE 200 /* rows read a call */

struct show {
	/* of this call only */
	const struct show_world *w;
	const struct command_line *c;
	const struct show_server *server; /* the one named, NULL: none named */
	when_t now;
	/* kept between calls */
	const struct show_command *command;
	struct tree *tree;
	int status;
	bool built, row_written, servers_shown;
	struct filter filter;
	/* where a list is read: of which server, behind which row or octet; which trustpoint */
	size_t server_at, trustpoint_at;
	int64_t after;
	struct blob bytes;
	size_t offset;
};

struct show_command {
	enum command command;
	enum show_names {
		NAMES_SERVER,	  /* may name one */
		NAMES_RUNNING,	  /* names one, which must run */
		NAMES_TRUSTPOINT, /* may name one */
		NAMES_EITHER,	  /* one or the other, or both alike */
	} names;
	/* Add to the tree. *more: not ready, call again. Reads PIECE rows at most. */
	bool (*build)(struct show *s, bool *more, struct err *e);
	void (*text)(const struct show *s, struct blob *out);
	/* What is too long for a tree comes in pieces of PIECE rows behind it. */
	const char *list; /* NULL: nothing does */
	bool (*rows)(struct show *s, struct tree *rows, bool *more, struct err *e);
	void (*row_text)(const struct show *s, const struct tree *row, struct blob *out);
	bool apart; /* a blank line between rows of text */
};
extern const struct show_command show_server, show_requests, show_issued, show_crl,
    show_certificates, show_timers, show_keys, show_running, show_clock, show_audit,
    show_trustpoints, show_crls, show_counters;

struct show_table {
	const struct show_command *const *commands; /* the last one is NULL */
	/* What servers add to commands that trustpoints have too; NULL: there are none. */
	const struct show_half {
		bool (*certificates)(struct show *s, struct tree *list, struct err *e);
		/* Rows of "cs_timers". *more: not all of them yet, call again. */
		bool (*timers)(struct show *s, bool *more, struct err *e);
		/* Behind the lines of the configuration. */
		bool (*running)(struct show *s, struct blob *out, struct err *e);
	} * servers;
};
extern const struct show_half show_half_servers;

/* Whether the clock is trusted, and if not why and what to do: put into the tree, said in the
 * text. */
void show_put_clock(const struct show *s, const char *key);
void show_clock_note(const struct show *s, const char *key, struct blob *out);
/* One certificate as a row of show crypto pki certificates. */
enum show_kind {
	SHOW_CA,
	SHOW_NEXT_CA,
	SHOW_RA,
	SHOW_NEXT_RA,
	SHOW_UPPER_CA,
	SHOW_ID,
	SHOW_SHADOW
};
bool show_put_cert(const struct show *s, const char *trustpoint, const char *label,
    struct view der, enum show_kind kind, struct tree *o, struct err *e) MUST_USE;
/* A row of show crypto pki timers: what it is, and whose. */
struct tree *show_put_timer(const struct show *s, struct tree *list, const char *name,
    const char *key, const char *whose, when_t at);

/* ---- of trustpoints: trustpoints.c ---- */

/* From where the last piece ended on, of the one that was named or of all, at most so many. */
typedef bool (*show_each_trustpoint)(
    struct show *s, const struct show_trustpoint *t, struct tree *rows, struct err *e);
bool show_some(struct show *s, size_t most, show_each_trustpoint each, struct tree *rows,
    bool *more, struct err *e) MUST_USE;
bool show_knows_trustpoint(const struct show *s, const char *name);
/* Each certificate of a leaf, numbered; none when there is no such leaf. */
typedef bool (*show_each_cert)(void *arg, size_t i, struct view der, struct err *e);
bool show_leaf(struct tp_shelf *shelf, enum tp_leaf leaf, show_each_cert each, void *arg,
    struct err *e) MUST_USE;

/* ---- of servers: servers.c, what the agent does not link ---- */

/* The facts as they stand at this instant under this clock. */
struct plan_ca_facts show_facts(const struct show *s, const struct ca *ca);
/* The CA certificates of a server, the next one before the active one (IOS S49). */
typedef bool (*show_each_ca)(
    void *arg, const struct row_generation *g, bool next, struct err *e);
bool show_cas(
    const struct show_server *server, show_each_ca each, void *arg, struct err *e) MUST_USE;
/* True when why is only "no such row"; else it is handed on in *e. */
bool show_absent(const struct err *why, struct err *e);
/* Contents octets of a positive INTEGER without the padding. */
struct view show_unsigned(struct view serial);
/* A word of a table, "" when there is none. */
const char *show_word(const char *const *words, size_t count, int at);
extern const char *const show_reasons[]; /* CRLReason */
extern const size_t show_reason_count;

#endif
