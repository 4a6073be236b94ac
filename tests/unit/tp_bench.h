/* tp_bench.h - a trustpoint before a real authority, in one process under one fake clock. */
#ifndef TESTS_UNIT_TP_BENCH_H
#define TESTS_UNIT_TP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/story/world.h"
#include "tp/tp.h"

#define T0 ((when_t)1767225600) /* 2026-01-01 */

struct fetched { /* how the server answered; a test may change it */
	int status;
	int retry_after;
	struct blob body;
};

struct bench {
	struct world w;
	struct tp_policy policy;
	struct tp_setup setup;
	struct blob subject;
	char fingerprint[65];
	struct tp_shelf *shelf;
	struct keys *keys;
	struct tp *tp;
	when_t skew; /* of the client's clock */
	bool suspect, untrusted;
	const char *caps; /* what GetCACaps says instead; "404": nothing */
	/* Called with each answer before the client gets it. */
	void (*tamper)(struct bench *b, const struct tp_effect *asked, struct fetched *f);
	bool off;		     /* the network is */
	bool behind;		     /* an identity of a CA that was replaced may be there */
	int put_fails_at, put_fails; /* from this put on so many fail; 0: none */
	int puts, tried;	     /* done; asked for */
	/* Boundaries lie behind each put and job, before and behind each answer. */
	int boundary, crash_at;	      /* the client dies at that one; 0: never */
	int life;		      /* how often it was opened */
	char gone[64][KEY_LABEL_MAX]; /* keys that were destroyed */
	/* what was seen */
	size_t noted[TP_NOTED_TROUBLE + 1];
	size_t ended[TP_CMD_TAKE + 1]; /* commands that notes say to end */
	char said[700];		       /* the last note */
	const char *because;	       /* troubles that say so are counted: */
	size_t matched;
	char complained[700]; /* the last trouble */
	size_t asked[TP_OPERATION + 1], posts, gets;
	size_t signed_as[SIGN_MESSAGE + 1], made, forgot;
	size_t largest_facts;
};

/* A server with rollover, a client with auto-enroll 80; changes before bench_begin. */
void bench_open(struct bench *b);
/* So that each run is quick: enrolment, renewal, next CA, shadow, switch in 40 days. */
void bench_short_lives(struct bench *b);
void bench_begin(struct bench *b);
void bench_close(struct bench *b);
/* The daemon of the client dies and starts anew; what was under way is lost. */
void bench_reopen(struct bench *b);
/* Both live until then; every instant that one of them asked for is visited. */
void bench_wait(struct bench *b, when_t until);
void bench_event(struct bench *b, const struct tp_event *ev);
void bench_command(struct bench *b, enum tp_command command);
void bench_authenticate(struct bench *b, const char *fingerprint);
/* The operator of the server, on all requests that wait. */
void bench_operator(struct bench *b, enum ca_command command);
/* A leaf, decoded; the bench keeps the octets until the next call. */
struct cert bench_cert(struct bench *b, enum tp_leaf leaf);
bool bench_has(struct bench *b, enum tp_leaf leaf);
/* The shelf as one blob: to see that nothing changed but facts. */
void bench_shelf(struct bench *b, struct blob *out);

#endif
