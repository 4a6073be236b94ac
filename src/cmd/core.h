/* core.h - what the files of the core process share. */
#ifndef CMD_CORE_H
#define CMD_CORE_H

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

struct saying { /* an answer on its way to front */
	struct saying *next;
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
	size_t server_count;
	struct control *control;
	struct watch *front_watch, *courier_watch;
	struct question *questions;
	uint64_t asked;
	struct saying *sayings, **sayings_end; /* in order */
	struct saying *delayed;
	size_t delayed_count;
	struct pending_show *shows;
	struct recorder *recorder; /* NULL: none is kept */
	struct timer *wake, *say_again, *clock_check;
	struct watch *clock_set;
	struct plan_clock clock;
	struct front_clock front_clock; /* as front was told */
	bool clock_trusted, clock_stands;
	char clock_why[160]; /* while it is not trusted: a sentence without its end */
	char clock_from[64];
};

/* core.c */
void server_add_item(struct server *s, struct item *it);
void core_round(void *arg); /* turns of every server that has something to do */
/* questions.c: challenges to the courier, and its verdicts */
void question_ask(struct server *s, const struct effect *x);
/* Who has waited too long hears that nobody knows; milliseconds until the next (-1: none). */
int64_t questions_due(struct core *c);
void courier_readable(void *arg); /* arg: the core */
void questions_free(struct core *c);
void core_say_clock(struct core *c, const struct front_clock *say);
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
/* trustpoints.c: a command of a trustpoint; it answers the client, now or later. */
void trustpoint_command(
    struct core *c, uint64_t client, const struct command_line *line, const char *who);

#endif
