/* recorder_int.h - what the recorder's files share. */
#ifndef CMD_RECORDER_INT_H
#define CMD_RECORDER_INT_H

#include "cmd/mask.h"
#include "cmd/recorder.h"

struct asked { /* a request whose answer is still to come; or, without a body, an archive */
	struct asked *next;
	uint64_t id, job; /* job: what it waits for at the keys, 0: nothing */
	struct blob body;
};

struct lane {		  /* between who is recorded and its keys */
	struct keys keys; /* first */
	struct keys *real;
	struct blob draws;
	uint32_t draw_count;
	const struct mask *mask; /* of content keys; NULL: they hide certificates alone */
	struct blob content_key; /* the last one that was wrapped, where it has a mask */
};

struct trustpoint_lane {
	struct tp_shelf shelf; /* first */
	struct tp_shelf *real;
	struct recorder *recorder;
	struct blob content_key; /* of the message that waits for its signature */
	uint64_t csr_job;	 /* it signs a challenge */
};

struct recorder {
	int fd; /* -1: it has ended */
	bool masks;
	struct mask mask;
	struct lane lane[CONF_SERVERS];
	struct asked *asked[CONF_SERVERS];
	struct agent_witness witness;
	struct lane trustpoints; /* one at a time */
	struct trustpoint_lane **trustpoint;
	size_t trustpoint_count;
};

void record_put(struct recorder *r, enum record_item kind, const struct blob *body);
/* Its keys answer through the lane from now on. */
struct keys *lane_open(struct recorder *r, struct lane *l, struct keys *real);
/* ok: what was answered, else why not. */
void lane_draw(
    struct lane *l, enum record_draw kind, bool ok, struct view answer, const struct err *e);
/* All draws since the last time. */
void lane_take(struct lane *l, struct blob *out);

#endif
