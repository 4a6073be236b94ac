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
	json_t *tree;
	int status;
	bool built, row_written;
	struct filter filter;
	/* where a list is read: of which server, behind which row or octet */
	size_t server_at;
	int64_t after;
	struct blob bytes;
	size_t offset;
};

struct show_command {
	enum command command;
	bool named; /* reads one server, which must run */
	/* Add to the tree. *more: not ready, call again. Reads PIECE rows at most. */
	bool (*build)(struct show *s, bool *more, struct err *e);
	void (*text)(const struct show *s, struct blob *out);
	/* What is too long for a tree comes in pieces of PIECE rows behind it. */
	const char *list; /* NULL: nothing does */
	bool (*rows)(struct show *s, json_t *rows, bool *more, struct err *e);
	void (*row_text)(const json_t *row, struct blob *out);
};
extern const struct show_command show_server, show_requests, show_issued, show_crl,
    show_certificates, show_timers, show_keys, show_running, show_clock, show_audit;

/* Whether the clock is trusted, and if not why and what to do: put into the tree, said in the
 * text. */
void show_put_clock(const struct show *s, const char *key);
void show_clock_note(const struct show *s, const char *key, struct blob *out);
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
