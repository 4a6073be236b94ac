/*
 * agent.h - door of agent: trustpoints with a body.
 *
 * tp decides what a trustpoint does next. Agent gives all those of one daemon a shelf on disk,
 * the courier for their questions, a signer for their keys, files that other daemons read, and
 * hooks that tell them. Nothing waits: what arrives is handed in, agent_round does what is due.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/base.h"
#include "conf/conf.h"
#include "courier/courier.h"
#include "hooks/hooks.h"
#include "keys/keys.h"
#include "tp/tp.h"

/* STATEDIR/trustpoints/NAME[/leaf]; name NULL: the directory of all. */
const char *agent_path(const char *state, const char *name, const char *leaf, char out[512]);
/* Does this trustpoint run here? In IOS the one of a server's name is the server's own. */
bool agent_runs(const struct conf *c, const char *name);
/* How many do. */
size_t agent_count(const struct conf *c);
/* What its lines make of it; the key pair aside, simulate lives through the same. */
void agent_policy(const struct conf_trustpoint *t, struct tp_policy *out);
enum hash agent_hash(enum conf_hash hash); /* of a server's line too */
/* Where they ask, for the courier: the place of trustpoint[i] is i. */
void agent_places(const struct conf *c, struct blob *out);
/* Programs of "hook" and "verify-command": those of trustpoint[i] are 2i and 2i + 1, and
 * whether there is any. */
bool agent_programs(const struct conf *c, struct blob *out);

struct agent_counters { /* since the start */
	uint32_t asked, unanswered, granted, pending, rejected, next_cas, shadows, switches,
	    troubles;
	uint32_t valid, invalid; /* checks of certificates */
	uint32_t list_fetches, list_failures;
};
struct agent_view {			    /* of one trustpoint, for show */
	const struct conf_trustpoint *conf; /* until it looks at another */
	const struct tp *tp;		    /* NULL: it does not run, trouble says why */
	struct tp_shelf *shelf;
	struct agent_counters counters;
	const char *trouble; /* the last one; NULL: none */
	when_t trouble_at;
	unsigned active, shadow;	     /* generations of its files, 0: none */
	char directory[512];		     /* of the active one; "": there is none */
	when_t id_alerted_at, ca_alerted_at; /* INT64_MIN: not yet */
};

struct agent_witness { /* looks on from between a trustpoint, by number, and its agent */
	void (*open)(void *arg, uint32_t number, struct tp_setup *s); /* before tp_open */
	/* Instead of tp_step, which it calls. */
	bool (*step)(void *arg, uint32_t number, struct tp *t, const struct tp_event *ev,
	    when_t now, struct tp_effects *out, struct err *e);
	void *arg;
};

struct agent;
struct agent_options {
	struct conf *conf; /* borrowed; a trustpoint that is removed is marked in it */
	const char *state;
	/* Challenges in clear, by number of the trustpoint, NULL: none; borrowed. */
	char *const *passwords;
	struct keys *keys;  /* of trustpoints; the agent closes it */
	int courier, hooks; /* channels; the latter -1: nobody has a hook */
	/* What an operator's command came to, exit code of keymuster and text. */
	void (*answer)(void *arg, uint64_t client, int status, struct view text);
	void *arg;
	const struct agent_witness *witness; /* NULL: nobody looks on */
};
/*
 * Reads every shelf. One that makes no sense is said in the log and left alone, one that cannot
 * be read now is tried again; the others run. Directories are made if they lack.
 */
struct agent *agent_open(const struct agent_options *o, struct err *e) MUST_USE;
void agent_free(struct agent *a);

struct agent_clock {
	when_t now;
	bool trusted, suspect; /* as struct tp_event has it */
};
void agent_round(struct agent *a, const struct agent_clock *clock);
/* Milliseconds until the next round (-1: no need); of real time, where the clock steps until it
 * is worth a look. */
int64_t agent_due_ms(const struct agent *a, when_t now);
/* For a clock that steps: nothing is due before this, and whether work is in hand. */
when_t agent_wake(const struct agent *a);
bool agent_busy(const struct agent *a);

/* A message of the courier that is no verdict. False: it is not of ours either. */
bool agent_courier_said(struct agent *a, struct view message, struct err *e) MUST_USE;
/* The courier began anew: what it had taken is asked again. */
void agent_courier_began(struct agent *a);
/* Take what signer and hooks have sent. False: they are gone. */
bool agent_keys_readable(struct agent *a) MUST_USE;
bool agent_hooks_readable(struct agent *a) MUST_USE;

/* Those that run, in the order of the configuration. */
size_t agent_members(const struct agent *a);
void agent_look(const struct agent *a, size_t i, struct agent_view *out);

struct agent_list { /* a revocation list that is kept; what it names is the agent's */
	struct view issuer;
	when_t this_update, next_update, fetched_at;
	when_t update_at; /* when it is fetched anew; WHEN_NEVER: not by itself */
	size_t size, entries;
	int64_t number; /* -1: none */
	const char *url;
};
/* How many there are; *out is the caller's to free(). */
size_t agent_lists(const struct agent *a, struct agent_list **out);

/* Does this command speak to a server, or look at dates? */
bool agent_needs_clock(enum command c);
/* Does what a command of trustpoints says; answer is called, now or later. */
void agent_command(struct agent *a, uint64_t client, const struct command_line *line);

#endif
