/* demo.h - inner: the story of keymuster demo, and who is in it. */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

#include "sys/sys.h"

#define DEMO_SPOKES 8
#define DEMO_SWITCHES 2
#define DEMO_CAS (DEMO_SWITCHES + 1)
#define DEMO_PATH 200
#define DEMO_NOTES 256
#define DEMO_TEXT 100

/* ---- the story: who there is, and what people do on which day ---- */

struct demo_role {
	const char *name;
	const char *setting;	 /* a line of its trustpoint; "": none */
	const char *brief;	 /* of that line, four letters */
	bool cut[DEMO_SWITCHES]; /* at which switches it is expected to be cut off */
	const char *why;
};

enum demo_deed {
	DEED_JOIN,
	DEED_OFF, /* of a spoke, or of the CA: its processes end */
	DEED_ON,
	DEED_SETTING, /* a spoke gets another line, and is started again */
	DEED_ENROL,   /* commands at a spoke */
	DEED_TRUST,
	DEED_MANUAL, /* at the CA: "grant manual", */
	DEED_GRANT,  /* and its command */
};

struct demo_act {      /* in order of days */
	int day, role; /* -1: of the CA */
	enum demo_deed deed;
	const char *setting, *words;
};

struct demo_story {
	const struct demo_role *role;
	size_t roles;
	const struct demo_act *act;
	size_t acts, switches;
	int days;
};
extern const struct demo_story demo_story;

/* ---- who is in it ---- */

struct demo_body { /* a daemon */
	const char *name, *program;
	char dir[DEMO_PATH];
	pid_t pid;   /* 0: it does not run */
	off_t heard; /* octets of its log at the last look */
};

struct demo_held { /* a certificate that a spoke shows */
	bool have;
	char serial[48], issuer[48], key[48]; /* the last two: key identifiers */
	when_t from, until;
};

enum demo_look { LOOK_ABSENT, LOOK_WAITING, LOOK_VALID, LOOK_OFF, LOOK_CUT };
struct demo_note { /* what a spoke looks like from then on */
	when_t at;
	enum demo_look look;
	int ca;	   /* whose certificate it has */
	char mark; /* what happened then; 0: nothing to mark */
};

struct demo_spoke {
	const struct demo_role *role;
	const char *setting;
	struct demo_body body;
	bool joined;
	struct demo_held id, shadow;
	int ca, next_ca; /* which one it trusts, and which one it holds; 0: none */
	char state[24], timer[16];
	when_t timer_at;
	when_t back_at; /* after a switch that cut it off; 0: never was, or not yet */
	struct demo_note note[DEMO_NOTES];
	size_t notes;
};

struct demo_ca {
	char fingerprint[72], key[48];
	when_t made_at, from, until;
};

/* What became of a spoke at one switch. */
struct demo_fate {
	bool there; /* it had joined */
	bool before, after;
};

struct demo_event {
	when_t at;
	char who[12], text[DEMO_TEXT];
	bool major;
};

struct demo_picture;

struct demo {
	const struct demo_story *story;
	char dir[DEMO_PATH], programs[DEMO_PATH], clock[DEMO_PATH + 32];
	char url[64];
	unsigned port;
	bool manual, ended;	 /* somebody wants it to end */
	when_t start, now, next; /* the latter: of others */
	struct demo_body root;
	struct demo_ca ca[DEMO_CAS + 1]; /* from 1 */
	int active, cas;
	struct demo_spoke spoke[DEMO_SPOKES];
	size_t snapshots; /* of active certificates, two a switch */
	struct demo_fate fate[DEMO_SPOKES][DEMO_SWITCHES];
	struct demo_event event[64]; /* the last ones, a ring */
	size_t events;
	struct demo_picture *picture; /* NULL: plain lines */
};

/* demo.c: one line of the story */
void demo_say(struct demo *d, const char *who, bool major, const char *fmt, ...) PRINTF(4, 5);
/* 2015-10-09 12:14:16 */
const char *demo_date(when_t t, char out[WHEN_TEXT]);
/* Tells a story; exit code of keymuster. Programs are in that directory; svg: a file, or NULL.
 */
int demo_tell(const struct demo_story *story, const char *programs, const char *svg);

/* demo_fleet.c: processes and directories, and the clock that they share */
bool fleet_open(struct demo *d, struct err *e) MUST_USE;
/* All that runs is ended, and the directory removed, unless it is to be kept. */
void fleet_close(struct demo *d, bool keep);
bool fleet_start(struct demo *d, struct demo_body *b, struct err *e) MUST_USE;
bool fleet_stop(struct demo *d, struct demo_body *b, struct err *e) MUST_USE;
bool fleet_write_root(struct demo *d, struct err *e) MUST_USE;
bool fleet_write_spoke(struct demo *d, struct demo_spoke *s, struct err *e) MUST_USE;
/* A command, and its answer; refused: an error. */
bool fleet_command(struct demo *d, const struct demo_body *b, const char *line,
    struct blob *answer, struct err *e) MUST_USE;
/* The clock runs until then at the most; all work of that second is done. */
bool fleet_run_until(struct demo *d, when_t at, struct err *e) MUST_USE;
/* Real milliseconds; false: somebody wants it to end, or a daemon has died. */
bool fleet_rest(struct demo *d, int64_t ms, struct err *e) MUST_USE;
const char *fleet_path(const struct demo *d, const char *leaf, char out[2 * DEMO_PATH]);
const char *fleet_identity(
    const struct demo_spoke *s, const char *leaf, char out[2 * DEMO_PATH]);

/* demo_hear.c: what daemons show becomes lines of the story */
bool hear_all(struct demo *d, struct err *e) MUST_USE;
bool spoke_is_valid(const struct demo *d, const struct demo_spoke *s);
void spoke_note(struct demo *d, struct demo_spoke *s, char mark);

/* demo_end.c: who followed */
/* Which instant is next to keep the active certificates of? WHEN_NEVER: none. */
when_t snapshot_due(const struct demo *d);
bool snapshot_take(struct demo *d, struct err *e) MUST_USE;
bool demo_verify(struct demo *d, struct blob *how, struct err *e) MUST_USE;
/* The table, and whether all is as the story expects. */
bool demo_verdict(const struct demo *d, struct blob *out);

/* demo_picture.c: the story as a picture */
/* NULL: stdout is no terminal that could show it. */
struct demo_picture *picture_open(void);
void picture_close(struct demo_picture *p);
/* How far the clock may go before the next picture is due. */
when_t picture_frame(struct demo *d);
bool picture_show(struct demo *d, struct err *e) MUST_USE;
/* The last one is left on the terminal. */
void picture_leave(struct demo *d);
bool picture_svg(const struct demo *d, const char *path, struct err *e) MUST_USE;

#endif
