/* daemon.h - what both daemons share, and how they differ. */
#ifndef CMD_DAEMON_H
#define CMD_DAEMON_H

#include <limits.h>

#include "cmd/cmd.h"

#define WEAKEST_REPLY "KEYMUSTER_WEAKEST_REPLY"

struct courier_options;
struct daemon_role {
	const char *name;
	int (*run)(void);
};

/* What the supervisor holds from start to end; children get it as descriptors and environment.
 */
struct daemon {
	struct daemon_options o;
	struct conf conf; /* without its trustpoints once the set starts */
	size_t trustpoints;
	bool asks, programs_run;
	int lock, http, control, control_ro, config, key_seal, password_seal; /* descriptors */
	int places, depots, programs, courier_more, nothing;		      /* the same */
	int before;	     /* the configuration that ran before this was read; 0: none */
	int64_t read_ms;     /* when */
	char http_where[80]; /* address and port of http; empty: it is not open */
	long key_group;	     /* -1: none */
	int archive_password[CONF_SERVERS];
	char weakest_reply[CONF_SERVERS][40]; /* environment of signers */
	char clock[600], state[600], conf_path[PATH_MAX + 32], record[600],
	    loopback[600]; /* environment of children */
};

/* The program's own part; what is NULL it has not. */
struct daemon_kind {
	const char *name, *block;
	const struct daemon_role *roles;   /* the last without a name */
	bool (*accepts)(struct daemon *d); /* the configuration; says itself why not */
	bool (*open)(struct daemon *d, struct err *e);
	bool (*keep)(struct daemon *d, struct err *e);
	bool (*add)(
	    struct daemon *d, struct child_set *set, int *core_fds, size_t *n, struct err *e);
	bool (*courier)(int fd, struct courier_options *o, struct err *e);
	void (*checked)(const struct daemon *d);
};
extern const struct daemon_kind daemon_kind;

int daemon_main(int argc, char **argv);

/* Bytes in a sealed memory file, so that every set of children reads the same. */
bool keep_bytes(const char *name, struct view v, int *fd, struct err *e) MUST_USE;
/* A child that is alone: its own end of the channel, the first of fds, is kept, and the next
 * such child goes on with it. */
bool daemon_add_alone(struct child_set *set, const struct child_spec *child, int *fds,
    int *core_end, struct err *e) MUST_USE;
struct signer_start { /* outlives the set */
	int fds[3];   /* the last is its archive password, the caller's to fill as these: */
	char keys[600], weakest_reply[64], exports[600], group[64];
	char *env[6];
};
bool daemon_add_signer(struct daemon *d, struct child_set *set, struct signer_start *s,
    int *core_end, struct err *e) MUST_USE;

#endif
