/*
 * sim.h - door of sim: one authority and its trustpoints in one process, under one clock.
 *
 * The machines are those of ca.h and tp.h, the octets are real; only what needs a private key
 * is stubbed (fake_keys.c), time is a number, and network, disks, clocks and people fail as the
 * seed says. The same setup and seed give the same world. One world at a time: the store that
 * fails belongs to the one that runs.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "ca/ca.h"
#include "tp/tp.h"

/* ---- what a world is made of ---- */

#define SIM_FLEETS 16
#define SIM_NAME_MAX 64

enum sim_faults { SIM_NONE, SIM_LIGHT, SIM_HEAVY };

struct sim_fleet { /* clients that are alike */
	char name[SIM_NAME_MAX];
	struct tp_policy policy;
	size_t clients;
	int64_t clock_error_ms; /* theirs runs ahead by this */
	when_t joins;		/* so long behind the start; 0: one after the other, see join */
	when_t cut_from, cut_for; /* out of reach then, from the start; cut_for 0: never */
};

struct sim_setup {
	struct ca_policy ca;
	struct sim_fleet fleet[SIM_FLEETS];
	size_t fleets;
	when_t start, span;
	when_t join;	 /* clients come one after the other within this time */
	when_t key_time; /* what a pair of the authority takes; 0: less than a second */
	uint64_t seed;
	enum sim_faults faults;
	/* Keys of the authority (number -1) and of each client; NULL: fake ones. */
	struct keys *(*keys)(void *arg, long number, uint64_t seed, struct err *e);
	void *keys_arg;
	char repeat[200]; /* the command that shows this world again */
};
/* 64 clients for 12 years: six generations of 730 days, clients' lives of 365, auto-rollover
 * 90, "auto-enroll 80 regenerate", and the exceptions of docs/SIMULATOR.md. */
void sim_default(struct sim_setup *s, uint64_t seed, enum sim_faults faults);

/* ---- running it ---- */

struct sim;

struct sim *sim_open(const struct sim_setup *s, struct err *e) MUST_USE;
/* To the end, or to the first broken invariant: then false. */
bool sim_run(struct sim *w) MUST_USE;
void sim_free(struct sim *w);

/* ---- what came of it ---- */

struct sim_numbers {
	uint64_t events; /* one is one thing handed to a machine */
	uint64_t requests, issued, renewals, shadows, crashes, lost;
	size_t generations, left;
	size_t lapsed;	 /* identities that came behind the end of the one before */
	size_t unnamed;	 /* left behind, and nobody can say why: an invariant is broken */
	uint64_t early;	 /* GetNextCACert before there was anything to get, next CA due */
	uint64_t digest; /* of everything that happened: equal worlds have equal ones */
};
struct sim_numbers sim_numbers(const struct sim *w);
/* The broken invariant, the events before it, how to repeat it; "" without. */
const char *sim_violation(const struct sim *w);
const char *sim_broken_id(const struct sim *w); /* "I-05"; "" */

void sim_text(const struct sim *w, struct blob *out);
void sim_json(const struct sim *w, struct blob *out);
void sim_svg(const struct sim *w, struct blob *out);

/* ---- parts that tests look at ---- */

/* Keys without arithmetic: pairs are numbers, signatures are hashes. Equal seeds, equal keys.
 */
struct keys *keys_open_fake(uint64_t seed);
/* What was wrapped for this key; false when it was not, or was changed since. */
bool fake_open(const struct spki *key, struct view wrapped, struct blob *out) MUST_USE;
/* The same without the key: whose it is stands in it. */
bool fake_peek(struct view wrapped, struct blob *out) MUST_USE;
/* Is the private half here? */
bool fake_holds(const struct keys *k, struct view spki);

#endif
