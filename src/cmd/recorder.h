/* recorder.h - keymusterd --record: every event that the authorities consume. */
#ifndef CMD_RECORDER_H
#define CMD_RECORDER_H

#include "ca/ca.h"
#include "conf/conf.h"

/*
 * The file (0600) is RECORD_MAGIC and then one item after the other: a kind octet and a sized
 * body. It holds no key, password or content key (mask.h). A record that cannot be written
 * ends; the daemon does not.
 */
#define RECORD_MAGIC "keymuster record 1\n"
enum record_item {
	RECORD_CONF = 'C',   /* configuration, passwords replaced */
	RECORD_STORE = 'S',  /* u8 server, the store as it was at the start */
	RECORD_TURN = 'T',   /* u8 server, u64 now, u8 outcome, u32 n and n events, u32 n and n
				draws, 32 octets of ca_effects_digest */
	RECORD_OPENED = 'O', /* u8 server, u64 id, sized: that request, as it is to be opened */
};
enum record_draw { /* an octet before each draw; the answers of keys outside of jobs */
	DRAW_RANDOM,
	DRAW_VERIFY, /* one octet: did it */
	DRAW_WRAP,   /* empty: it did not */
};

struct recorder;
/* path, or path.1, path.2 ... when that is there. Before the sandbox. */
struct recorder *recorder_open(
    const char *path, const struct conf *conf, struct err *e) MUST_USE;
/* Its store is open, the authority is not; keys: what the authority is to use. */
bool recorder_server(struct recorder *r, size_t server, struct store *s, struct keys *real,
    struct keys **keys, struct err *e) MUST_USE;
void recorder_turn(struct recorder *r, size_t server, const struct ca_event *const *events,
    size_t n, when_t now, enum ca_turned outcome, const struct effects *out);
void recorder_close(struct recorder *r);

#endif
