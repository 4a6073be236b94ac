/* replay_int.h - what the files of a replay share. */
#ifndef CMD_REPLAY_INT_H
#define CMD_REPLAY_INT_H

#include "cmd/recorder.h"

struct answers {	  /* of keys and shelves, as they were then */
	struct keys keys; /* first */
	struct reader draws;
	uint32_t left;
	bool ran_dry; /* another question was asked */
};
void answers_open(struct answers *a);
/* The next one, to this question; what follows the draws in *in, a digest, stays there. */
bool answers_begin(struct answers *a, struct reader *in, struct err *e) MUST_USE;
bool answer(struct answers *a, enum record_draw kind, struct view *out, struct err *e) MUST_USE;
/* Were other questions asked than then? */
bool answers_differ(const struct answers *a);

#define DIGEST 32
bool record_cut(struct err *e);

/* replay_trustpoints.c */
struct actors;
struct actors *actors_new(void);
bool actor_open(
    struct actors *a, const struct conf *conf, struct reader *in, struct err *e) MUST_USE;
/* *same false: it differs, and that was said. */
bool actor_step(struct actors *a, struct reader *in, bool *same, struct err *e) MUST_USE;
size_t actors_steps(const struct actors *a, size_t *trustpoints);
void actors_free(struct actors *a);

#endif
