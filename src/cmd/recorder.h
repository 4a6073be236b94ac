/* recorder.h - --record: every event that authorities and trustpoints consume. */
#ifndef CMD_RECORDER_H
#define CMD_RECORDER_H

#include "agent/agent.h"
#include "ca/ca.h"
#include "conf/conf.h"

/*
 * The file (0600) is RECORD_MAGIC and then one item after the other: a kind octet and a sized
 * body. It holds no private key, no password, and no content key of a request (mask.h). A
 * record that cannot be written ends; the daemon does not.
 */
#define RECORD_MAGIC "keymuster record 2\n"
enum record_item {
	RECORD_CONF = 'C',   /* configuration, passwords replaced */
	RECORD_STORE = 'S',  /* u8 server, the store as it was at the start */
	RECORD_TURN = 'T',   /* u8 server, u64 now, u8 outcome, u32 n and n events, draws, 32
				octets of ca_effects_digest */
	RECORD_OPENED = 'O', /* u8 server, u64 id, sized: that request, as it is to be opened */
	RECORD_TRUSTPOINT = 'P', /* u32 number, sized: label, subject, SAN, fingerprint,
				    password, and each leaf of the shelf at the start */
	RECORD_STEP = 'E',	 /* u32 number, u64 now, an event, u8 taken, u64 tp_wake, draws,
				    32 octets of tp_effects_digest */
};
/* Draws: what keys answered outside of jobs, and shelves: u32 n, and each an octet for the
 * question, one of enum why, sized: the answer, or why there was none. */
enum record_draw {
	DRAW_RANDOM,
	DRAW_VERIFY,
	DRAW_WRAP,
	DRAW_GET,
	DRAW_PUT,
};

struct recorder;
/* path, or path.1, path.2 ... when that is there. Before the sandbox. */
struct recorder *recorder_open(
    const char *path, const struct conf *conf, struct err *e) MUST_USE;
void recorder_close(struct recorder *r);

/* Its store is open, the authority is not; keys: what the authority is to use. */
bool recorder_server(struct recorder *r, size_t server, struct store *s, struct keys *real,
    struct keys **keys, struct err *e) MUST_USE;
void recorder_turn(struct recorder *r, size_t server, const struct ca_event *const *events,
    size_t n, when_t now, enum ca_turned outcome, const struct effects *out);

/* For agent_open; NULL when r is. */
const struct agent_witness *recorder_trustpoints(struct recorder *r, const struct conf *conf);

#endif
