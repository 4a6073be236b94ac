/* power.h - disks that a power cut leaves, an authority on them. */
#ifndef TESTS_CRASH_POWER_H
#define TESTS_CRASH_POWER_H

#include "ca/ca.h"
#include "keys/memory.h"
#include "tests/lib/peer.h"

/* ---- power_disk.c: what was done to a disk, and what a cut may leave of it ---- */

enum op_kind {
	OP_CREATE, /* a name for a new file */
	OP_MKDIR,
	OP_RENAME,
	OP_UNLINK,
	OP_WRITE,
	OP_TRUNCATE, /* or make longer, by zeros */
	OP_SYNC,     /* all that was written to this file is durable */
	OP_SYNC_DIR, /* all names of this directory are */
	OP_SYMLINK,  /* a name for a new link, whose target comes with it */
};
struct op {
	enum op_kind kind;
	size_t file;	 /* number of the file */
	char *name, *to; /* below the root; of a directory: "" is the root itself */
	size_t at;	 /* of a write; new length */
	struct blob bytes;
	when_t now;
};

struct entry { /* of an image: a directory, a link, or a file */
	char *name;
	bool is_dir, is_link;
	struct blob bytes;
};
struct image {
	struct entry *entry;
	size_t n;
};

enum event_kind {     /* what the world, or another part, has learnt; number and bytes: */
	EV_AUDIT,     /* a turn was committed: newest record, its hash */
	EV_CA,	      /* a CA certificate was published: DER */
	EV_ACTIVE,    /* the number of the active generation */
	EV_NEXT,      /* GetNextCACert was answered: DER */
	EV_TOLD,      /* who asked was noted for this generation: address */
	EV_CANCEL,    /* an operator asked that the next CA be taken back */
	EV_CANCELLED, /* and was told that this generation is */
	EV_LIST,      /* a list was published: DER */
	EV_ISSUED,    /* a client has this certificate: DER */
	EV_PENDING,   /* a client was told to wait: key8; bytes: transaction in hex */
	EV_REVOKED,   /* an operator was told so: serial */
	EV_ARCHIVE,   /* the archive of this generation was noted as written: octets of it */
	EV_SIGNED,    /* the signer gave a signature on a certificate: intent, digest */
	EV_LISTED,    /* and on a list: number, digest */
	EV_FORGET,    /* the signer was asked to destroy the key of this label */
	EV_KINDS,
};
struct event {
	enum event_kind kind;
	size_t at; /* how many operations the disk had seen by then */
	when_t now;
	int64_t number;
	struct blob bytes;
};

struct past { /* a disk as it was, what was done to it since, what became known meanwhile */
	struct image base;
	when_t from;
	struct op *op;
	size_t ops, room;
	struct event *event;
	size_t events;
};
void past_free(struct past *p);
struct op *past_op(struct past *p, enum op_kind kind);
void past_event(
    struct past *p, enum event_kind kind, when_t now, int64_t number, struct view bytes);
/* The newest event of a kind up to an instant, NULL: none. */
const struct event *past_newest(const struct past *p, enum event_kind kind, size_t at);

uint64_t chance(uint64_t *seed);		      /* the next random number */
uint64_t chance_below(uint64_t *seed, uint64_t most); /* 0 .. most - 1 */

struct disk; /* a past up to an instant: what is durable, what waits */
struct disk *disk_new(const struct past *p);
void disk_free(struct disk *d);
void disk_advance(struct disk *d);	 /* by one operation */
size_t disk_epoch(const struct disk *d); /* how many syncs there were */
/*
 * Choose what the cut leaves at this instant. The key is the same for the same choice, so that
 * states can be told apart; words says how it was chosen.
 */
void disk_draw(
    struct disk *d, uint64_t *seed, struct image *out, uint64_t *key, const char **words);

void image_free(struct image *i);
bool image_write(const struct image *i, const char *dir, struct err *e) MUST_USE;
void dir_empty(const char *dir); /* the files in it and in its directories */

/* ---- power_record.c ---- */

enum plant { /* defects, by which it is shown that the test can fail */
	PLANT_NONE,
	PLANT_LOG_NOT_SYNCED,  /* the signer's log is written, not synchronised */
	PLANT_FILE_NOT_SYNCED, /* renamed over without fsync of what is in it */
	PLANT_DIR_NOT_SYNCED,  /* renamed over without fsync of the directory */
	PLANT_STORE_NORMAL,    /* PRAGMA synchronous = NORMAL */
	PLANT_STORE_OFF,       /* PRAGMA synchronous = OFF */
	PLANT_LATE_COMMIT,     /* what a turn says leaves before its commit (planted.c) */
	PLANTS,
};
/* Everything that this process does below root goes to p; now is read with each operation. */
void record_start(const char *root, struct past *p, enum plant plant, const when_t *now);
void record_stop(void);

/* ---- power_box.c: a machine with one authority ---- */

struct box {
	char dir[256];
	struct ca_policy policy;
	struct store *store;
	struct keys *keys;
	struct ca *ca;
	when_t now;
	enum plant plant;
	bool left_open;	   /* box_close is the end of its disk: no checkpoint */
	struct past *past; /* where what becomes known is noted; NULL: nowhere */
	int64_t audited, active;
	uint64_t last_id;
	int status; /* of the last request; 0: not answered */
	struct blob reply;
	int told;		  /* the last command's outcome */
	struct blob cacert, next; /* as GetCACert and GetNextCACert answer */
	char refused[256];	  /* the first job that the signer refused, "": none */
	struct {
		uint64_t id;
		struct key_job job;
		uint8_t digest[32];
	} job[16]; /* in flight */
};
/* The keys that authorities get, in turn: made once. */
void box_pool(void);
void box_pool_free(void);
void box_policy(struct ca_policy *out);
bool box_open(struct box *b, uint64_t seed, struct err *e) MUST_USE;
void box_close(struct box *b);
bool box_tick(struct box *b, struct err *e) MUST_USE;
bool box_wait(struct box *b, when_t until, struct err *e) MUST_USE;
bool box_request(struct box *b, struct view message, struct err *e) MUST_USE;
/* GetNextCACert, as front lets it be asked for. */
bool box_next_asked(struct box *b, struct err *e) MUST_USE;
bool box_command(struct box *b, struct ca_event *ev, struct err *e) MUST_USE;
/* The next CA is taken back by force. */
bool box_cancel(struct box *b, struct err *e) MUST_USE;
bool box_revoke(struct box *b, struct view serial, struct err *e) MUST_USE;

/* ---- power_life.c ---- */

/* From the first start to the end of the first key; all of it is in p afterwards. */
bool life_record(const char *dir, enum plant plant, struct past *p, struct err *e) MUST_USE;
int64_t peer_key8(const struct peer *p); /* as the store has it */
#define LIFE_FROM ((when_t)1767225600)	 /* 2026-01-01 */

/* ---- power_check.c ---- */

struct trial {
	struct box box;
	const struct past *past;
	size_t instant; /* so many operations were done, and what was known then counts */
	uint64_t seed;
	struct guard *log; /* what the signer's log says, before anybody went on */
	uint64_t broken;   /* a bit for each invariant that does not hold */
};
/* Start on what lies in t->box.dir, check every invariant; e tells of the first broken one. */
bool trial_run(struct trial *t, when_t off, struct err *e) MUST_USE;
void check_free(void);
size_t check_count(void);
const char *check_name(size_t i);

#endif
