/*
 * hooks.h - door of hooks: programs that are told of events.
 *
 * Core says which program runs for which event, the hooks process runs it and says how it
 * ended. Programs are named by number in a table that the process was started with; core can
 * neither name another one nor set another variable than KEYMUSTER_*.
 */
#ifndef HOOKS_HOOKS_H
#define HOOKS_HOOKS_H

#include "base/base.h"
#include "sys/sys.h"

#define HOOKS_PROGRAMS 20000
#define HOOKS_AT_ONCE 8
#define HOOKS_QUEUE 1024	     /* waiting; one more comes back as not run */
#define HOOKS_LIMIT_MS (3600 * 1000) /* the longest limit */
#define HOOKS_GRACE_MS 2000	     /* between SIGTERM and SIGKILL */
#define HOOKS_VALUE_MAX 1024	     /* octets of a fact; longer ones are cut */
#define HOOKS_WORDS_MAX (128 * 1024) /* octets of all variables, or of the JSON */
#define HOOKS_VARIABLES_MAX 64
#define HOOKS_OUTPUT_MAX 1024	  /* octets of a program's output that are kept: the last */
#define HOOKS_TEXT_MAX (2 * 1024) /* octets of what is said of a run */
#define HOOKS_NOT_RUN (-2)	  /* what it is about is not known better than before */
#define HOOKS_DEFER 75		  /* EX_TEMPFAIL: what pre-activate exits with to wait */

enum hooks_event {
	HOOKS_NEXT_CA,
	HOOKS_SHADOW_READY,
	HOOKS_PRE_ACTIVATE,
	HOOKS_ACTIVATE,
	HOOKS_POST_ACTIVATE,
	HOOKS_FAILED,
	HOOKS_VERIFY,
	HOOKS_EVENTS,
};
/* The word that programs and people know it by: "next-ca", "shadow-ready" ... */
const char *hooks_event_name(enum hooks_event event);

/* ---- what a program is told ---- */

/* Empty texts and zero instants: not known, and then neither a variable nor a member. */
struct hooks_facts {
	enum hooks_event event;
	struct view trustpoint;
	struct view directory; /* of the generation that the event is about; paths: */
	struct view cert, chain, fullchain, ca, key, ca_bundle;
	when_t not_before, not_after;
	struct view serial;	     /* octets */
	struct view subject, issuer; /* texts */
	struct view fingerprint;     /* SHA-256, octets */
	when_t deadline;	     /* the switch: nothing waits beyond it */
	struct view reason;	     /* text */
};
/* Sized texts NAME=VALUE, for hooks_run.env. Control octets become '?'. */
void hooks_env_encode(const struct hooks_facts *f, struct blob *out);
/* The same as one JSON object, for hooks_run.json. What is not UTF-8 becomes U+FFFD. */
void hooks_json_encode(const struct hooks_facts *f, struct blob *out);

/* ---- programs, for the start of the process; index = number ---- */

/* Absolute path, then words parted by blanks: argv is PATH, EVENT, WORD ...; "": none under
 * this number. */
struct hooks_program {
	char line[256];
};
void hooks_programs_encode(const struct hooks_program *p, size_t n, struct blob *out);
/* *out is to be freed. */
bool hooks_programs_decode(
    struct view v, struct hooks_program **out, size_t *n, struct err *e) MUST_USE;
/*
 * Whether its path is one that would be run: a regular executable file that, like every
 * directory above it, belongs to root or to the user of this process and nobody else may write;
 * no symbolic link on the way.
 */
bool hooks_program_check(const struct hooks_program *p, struct err *e) MUST_USE;

/* ---- messages ---- */

struct hooks_run { /* core to hooks */
	uint64_t id;
	uint32_t program;
	enum hooks_event event;
	struct view env;   /* sized texts; KEYMUSTER_TRUSTPOINT among them */
	struct view json;  /* its standard input */
	uint32_t limit_ms; /* from its start; it may wait for its turn before */
};

struct hooks_ran {	  /* hooks to core */
	uint64_t id;	  /* 0: a process begins and knows of nothing asked before */
	int status;	  /* exit code; -1: killed, over time; HOOKS_NOT_RUN */
	struct view text; /* why, and the last of what it wrote; to be escaped by the reader */
};

void hooks_run_encode(const struct hooks_run *r, struct blob *out);
bool hooks_run_decode(struct view v, struct hooks_run *out, struct err *e) MUST_USE;
void hooks_ran_encode(const struct hooks_ran *r, struct blob *out);
bool hooks_ran_decode(struct view v, struct hooks_ran *out, struct err *e) MUST_USE;
/* The value of a variable among sized texts NAME=VALUE; empty when it is not there. */
struct view hooks_env_get(struct view env, const char *name);

/* ---- the process ---- */

struct hooks_options {
	int core; /* channel descriptor */
	const struct hooks_program *programs;
	size_t program_count;
};
/*
 * Until core goes away; then what runs may finish within its limit. Runs of one trustpoint come
 * one after the other in the order asked for, HOOKS_AT_ONCE in all. SIGTERM is ignored: core's
 * end is its own. Exit code.
 */
int hooks_main(const struct hooks_options *o);

#endif
