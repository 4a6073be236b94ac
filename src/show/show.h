/*
 * show.h - door of show: what the show commands print.
 *
 * Each command builds one neutral tree of values, and has two renderers: the IOS layout and
 * JSON itself. Reads facts, changes nothing.
 */
#ifndef SHOW_SHOW_H
#define SHOW_SHOW_H

#include "ca/ca.h"
#include "conf/conf.h"
#include "tp/tp.h"

struct show_server {
	const struct conf_server *conf;
	const struct ca *ca; /* NULL: not running */
};
struct show_copy { /* of what a server exports */
	const struct conf_server *server;
	const char *file, *url;
	bool stands;	    /* the server there said so */
	const char *why;    /* NULL: it is not behind */
	when_t behind_from; /* else */
};
struct show_tp_counters {		     /* since the start */
	uint64_t fetches, failures;	     /* questions to the server; of them not answered */
	uint64_t granted, pending, rejected; /* answers to requests */
	uint64_t next_cas, shadows, switches; /* stored, stored, done */
	uint64_t valid, invalid;	      /* checks of certificates */
	uint64_t list_fetches, list_failures; /* of revocation lists */
};
struct show_trustpoint {
	const struct conf_trustpoint *conf;
	const struct tp *tp; /* NULL: not running */
	/* Read when its certificates are shown; NULL: there are none. */
	struct tp_shelf *shelf;
	struct show_tp_counters counters;
	const char *trouble; /* the last one, in words; NULL: none since the start */
	when_t trouble_at;
	unsigned active_generation, shadow_generation; /* of its files; 0: there is none */
	const char *directory; /* where the active one stands; NULL: nowhere yet */
	/* The last expiry alerts, INT64_MIN: none (plan_alert). */
	when_t id_alerted_at, ca_alerted_at;
};
struct show_list {			 /* a revocation list that is kept */
	struct view issuer;		 /* Name element */
	when_t this_update, next_update; /* the latter WHEN_NEVER: not said */
	when_t fetched_at, update_at;	 /* the latter: when the next one is fetched */
	size_t size, entries;
	int64_t number;	 /* -1: none */
	const char *url; /* "": by SCEP */
};

/* The commands that a program answers; it links what the one it names needs. */
extern const struct show_table show_all, show_agent;

struct show_world {
	const struct show_table *table;
	const struct conf *conf;
	struct show_server server[CONF_SERVERS];
	size_t server_count;
	/* Number i of them; in the order of the configuration, the same for each piece. */
	void (*trustpoint)(void *arg, size_t i, struct show_trustpoint *out);
	void *trustpoint_arg;
	size_t trustpoint_count;
	const struct show_list *lists;
	size_t list_count;
	const struct show_copy *copies; /* of all servers */
	size_t copy_count;
	int64_t now_ms; /* by the one clock */
	bool clock_trusted;
	const char *clock_source;
	const char *clock_why, *clock_mend; /* while it is not trusted */
	conf_seal seal;			    /* for show running-config */
	void *seal_arg;
};

/*
 * Long lists are made in pieces, so that no turn is long: call until more is false, with the
 * same struct and words. The answer grows in text (IOS layout or JSON), filtered already
 * ("| include ..."); the caller may take octets away between calls. status is the exit code of
 * keymuster (0, 1), final once more is false.
 */
struct show_answer {
	struct blob text;
	int status;
	bool more;
	void *state; /* show's own; show_free releases it */
};
/* Needs an open transaction on the stores it reads. */
bool show_run(const struct show_world *w, const struct command_line *c, struct show_answer *a,
    struct err *e) MUST_USE;
void show_free(struct show_answer *a);

/* ---- what a configuration promises: keymuster plan, and the check at the start ---- */

struct show_case { /* a server, and clients of it that renew alike */
	const char *server_file, *client_file;
	const struct conf_server *server;     /* NULL: none is known to be the client's */
	const struct conf_trustpoint *client; /* the first of them; NULL: none is known */
	size_t clients;
	bool presumed; /* only for there is no other server */
};
/* Tables and verdicts, or JSON; true: nothing is refused. slack: of a last first enrolment. */
bool show_plan(
    const struct show_case *cases, size_t n, when_t slack, bool json, struct blob *out);
/* Says "FILE:LINE:COLUMN: what is missing, expected what would be right" of each rule that does
 * not hold; of unknown clients' rules it only warns. True: nothing is refused. */
bool show_case_check(const struct show_case *k,
    void (*say)(void *arg, enum plan_rule_level level, const char *text), void *arg);
/* The least "auto-enroll" with which clients are in time; 0: there is none. */
unsigned show_case_percent(const struct show_case *k);

#endif
