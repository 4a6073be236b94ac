/* core.h - what the files of the core process share. */
#ifndef CMD_CORE_H
#define CMD_CORE_H

#include "agent/agent.h"
#include "cmd/cmd.h"
#include "cmd/recorder.h"
#include "courier/courier.h"
#include "net/net.h"
#include "show/show.h"

struct item { /* an event that waits for its turn */
	struct item *next;
	struct ca_event event;
	struct blob body, serial;
	char source[64], actor[64], profile[64];
	struct key_done done;
	struct ca_answer answer; /* its views borrow from body */
};

struct job { /* a job that waits for a free signer thread */
	struct job *next;
	struct key_job job;
	struct blob bytes;
};

struct queue {
	struct job *first, **end;
};

struct server {
	struct core *core;
	const struct conf_server *conf;
	struct ca *ca;
	struct store *store;
	struct keys *keys;
	struct watch *keys_watch;
	struct item *items, **items_end;
	int64_t items_since_ms;	       /* monotonic: since when some wait */
	struct queue known, strangers; /* the latter wait behind the former */
	unsigned in_flight;
	int64_t held_until_ms; /* monotonic: after a failed commit */
	bool tick;	       /* time to look at the plan */
};

struct delayed { /* an answer that is held back */
	struct delayed *next;
	int64_t due_ms;
	struct blob message;
};

struct pending_show {
	struct pending_show *next;
	uint64_t client;
	struct command_line command;
	struct show_answer answer;
};

struct core {
	const struct core_options *o;
	struct loop *loop;
	struct server server[CONF_SERVERS];
	size_t server_count, shown; /* the latter have a transaction open for show */
	struct agent *agent;	    /* NULL: no trustpoint runs */
	struct agent_view view;	    /* of the one that show looks at */
	struct control *control;
	struct watch *front_watch, *courier_watch, *porter_watch, *agent_watch, *hooks_watch;
	struct question *questions;
	uint64_t asked;
	struct courier_copies copies;
	struct outbox sayings; /* to front */
	struct delayed *delayed;
	size_t delayed_count;
	struct pending_show *shows;
	struct recorder *recorder; /* NULL: none is kept */
	struct timer *wake, *say_again, *clock_check;
	struct watch *clock_set;
	struct plan_clock clock;
	when_t mark_due;		/* without authorities: the file is to be written */
	struct front_clock front_clock; /* as front was told */
	bool clock_trusted, clock_stands;
	char clock_why[160]; /* while it is not trusted: a sentence without its end */
	char clock_from[64];
};

/* core.c */
void core_round(void *arg); /* turns of all that have something to do */
typedef bool core_said(struct core *c, struct view message, struct err *e);
/* All that the process at the other end of a channel has said; where it is none of its words,
 * or the channel is closed, the core ends. */
void core_hear(struct core *c, int channel, size_t most, const char *who, core_said *said);

/* servers.c: authorities; no_servers.c in a program that has none */
bool servers_open(struct core *c, struct err *e) MUST_USE;
void servers_start(struct core *c); /* the sandbox stands */
void servers_close(struct core *c);
/* Directories where they make files by name; how many. */
size_t servers_directories(const struct core *c, char path[CONF_SERVERS][512]);
void servers_work(struct core *c);
/* What is to be said is sent; milliseconds until the next round (-1: no need). */
int64_t servers_settle(struct core *c);
bool servers_busy(const struct core *c, when_t *next);
void servers_verdict(struct core *c, const struct courier_say *say);
void servers_command(
    struct core *c, uint64_t client, const struct command_line *line, const char *who);
/* The show commands that this program has. */
const struct show_table *servers_show(void);
/* A transaction on every store for what show reads. */
bool servers_begin(struct core *c, struct err *e) MUST_USE;
void servers_rollback(struct core *c);
when_t servers_clock_mark(const struct core *c); /* INT64_MIN: they know none */
void servers_anchors(struct core *c, void (*each)(struct core *c, struct view anchor));
void servers_anchor_save(struct core *c, const char *text);
void servers_clock_looked(struct core *c, bool changed);
void core_say_clock(struct core *c, const struct front_clock *say);
void server_add_item(struct server *s, struct item *it);
/* questions.c: challenges to the courier, and its verdicts */
void question_ask(struct server *s, const struct effect *x);
/* Who has waited too long hears that nobody knows; milliseconds until the next (-1: none). */
int64_t questions_due(struct core *c);
void questions_free(struct core *c);
/* copies.c: of archives and lists, to the porter. Nothing waits for them, not even a timer:
 * there is a round each second. */
void copy_archive(struct server *s, const char *leaf, struct view bytes);
void copy_no_more(struct server *s, const char *leaf); /* of an archive */
void copy_list(struct server *s, struct view der);
void copy_archives(struct server *s); /* those that there are at the start */
void copies_work(struct core *c);
void copies_open(struct core *c);
void copies_close(struct core *c);
/* clock_watch.c: is the clock honest? Look before each round; confirmed: the operator says so.
 */
void core_clock_open(struct core *c); /* the servers are open, the sandbox is not entered */
void core_look(struct core *c, bool confirmed);
when_t core_now(const struct core *c); /* for decisions */
const char *core_clock_mend(const struct core *c);
const char *core_clock_source(struct core *c);
/* operator.c: lines from the control sockets, and answers to them */
void operator_line(
    void *arg, uint64_t client, const char *line, bool may_write, const char *who);
void operator_shows(struct core *c); /* next pieces of long answers */
void operator_answer(struct core *c, uint64_t client, int status, const char *text);
void operator_no_clock(struct core *c, uint64_t client);

#endif
