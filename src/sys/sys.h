/* sys.h - door of sys: event loop, processes, channels, sandbox, sockets, files. */
#ifndef SYS_SYS_H
#define SYS_SYS_H

#include <sys/types.h>

#include "base/base.h"

/* ---- event loop (libevent underneath) ---- */

struct loop;
struct watch; /* one descriptor */
struct event_base;

struct loop *loop_new(void);
void loop_free(struct loop *l);
int loop_run(
    struct loop *l); /* until loop_stop; returns its code; 0 when nothing is left to wait for */
void loop_stop(
    struct loop *l, int code); /* the round is finished first, calls after it included */
struct event_base *loop_base(struct loop *l); /* for net only */
typedef void (*loop_call)(void *arg);
struct watch *loop_watch(struct loop *l, int fd, loop_call readable, void *arg);
void watch_free(struct watch *w);
/* One timer a slot: replaces the earlier setting. milliseconds < 0: off. Never comes early. */
struct timer;
struct timer *loop_timer(struct loop *l, loop_call due, void *arg);
void timer_set(struct timer *t, int64_t milliseconds);
void timer_free(struct timer *t);
/* Whenever somebody sets the wall clock, and after a sleep of the machine; costs nothing
 * between. Before sandbox_enter. */
struct watch *loop_clock_set(struct loop *l, loop_call set, void *arg);
/*
 * Once, after everything readable in this round was served; asking twice in a round is asking
 * once. Asked from within such a call, it runs after the next round, which then does not wait:
 * that is how a long work yields.
 */
void loop_after_round(struct loop *l, loop_call call, void *arg);

/* ---- channels: whole messages over SOCK_SEQPACKET; over 64 KiB a sealed memfd travels instead
 * ---- */

#define CHANNEL_INLINE_MAX (64 * 1024)
#define CHANNEL_MAX (64 * 1024 * 1024)

bool channel_pair(int fds[2], struct err *e) MUST_USE;
/* Non-blocking descriptors: WHY_BUSY when the peer's queue is full. */
bool channel_send(int fd, struct view message, struct err *e) MUST_USE;
enum channel_got { CHANNEL_MESSAGE, CHANNEL_EMPTY, CHANNEL_CLOSED, CHANNEL_BROKEN };
/* Refuses (CHANNEL_BROKEN) a message of over max octets, a memfd that is not sealed, and extra
 * descriptors. */
enum channel_got channel_receive(int fd, size_t max, struct blob *out);

/* What a channel has not taken yet, in order. All zero: empty. */
struct outbox {
	struct outgoing *first, **end;
};
/* The message is to be put into this, before anything else is added or sent. */
struct blob *outbox_add(struct outbox *o);
/* As many as the channel takes. False: some are left, as of channel_send. */
bool outbox_send(struct outbox *o, int fd, struct err *e) MUST_USE;
void outbox_free(struct outbox *o);

/* ---- sockets ---- */

/* Listening TCP socket, non-blocking, close-on-exec. WHY_BUSY: in use; the text names address
 * and port. */
bool listen_tcp(const char *address, unsigned port, int *fd, struct err *e) MUST_USE;
/* Unix stream socket at path with mode; replaces a dead one, refuses a living one. */
bool listen_unix(const char *path, mode_t mode, int *fd, struct err *e) MUST_USE;
bool connect_unix(const char *path, int *fd, struct err *e) MUST_USE;

/* ---- files ---- */

/* Write everything to a blocking descriptor; errno says why not. */
bool fd_write(int fd, struct view v) MUST_USE;
bool file_read(const char *path, size_t max, struct blob *out, struct err *e) MUST_USE;
/* Write beside, fsync, rename, fsync the directory. */
bool file_replace(const char *path, mode_t mode, struct view bytes, struct err *e) MUST_USE;
/* The same, and the file belongs to that group; -1: to the process's. */
bool file_replace_for(
    const char *path, mode_t mode, int64_t group, struct view bytes, struct err *e) MUST_USE;
/* The same for a file that is there: owner, group and mode stay. */
bool file_replace_kept(const char *path, struct view bytes, struct err *e) MUST_USE;
/* Write a file in a directory that nobody looks into yet, and whose names somebody makes
 * durable later. */
bool file_write(const char *path, mode_t mode, struct view bytes, struct err *e) MUST_USE;
/* Unlink and fsync the directory, so that it stays gone. No such file is fine. */
bool file_remove(const char *path, struct err *e) MUST_USE;
bool file_exists(const char *path);
/* Make durable which names are in the directory of path. */
bool dir_sync(const char *path, struct err *e) MUST_USE;
/* What a symbolic link says; WHY_NOT_FOUND: there is none. */
bool link_read(const char *path, char *out, size_t size, struct err *e) MUST_USE;
/* Let path be a symbolic link to target, by one rename, and fsync the directory. */
bool link_replace(const char *path, const char *target, struct err *e) MUST_USE;
/* Remove a directory that holds files and links only. None there is fine. */
bool dir_remove(const char *path, struct err *e) MUST_USE;
/* Each name in a directory but those that begin with a dot; no such directory: none. */
typedef void (*dir_call)(void *arg, const char *name);
bool dir_each(const char *path, dir_call call, void *arg, struct err *e) MUST_USE;
/* mkdir -p, durable; existing is fine; refuses what is no directory or not writable. */
bool dir_make(const char *path, mode_t mode, struct err *e) MUST_USE;
/* Just this one; its name is durable once somebody calls dir_sync. Existing is fine. */
bool dir_add(const char *path, mode_t mode, struct err *e) MUST_USE;
/* An exclusive lock file held until the process ends. WHY_BUSY: another process has it. */
bool dir_lock(const char *dir, int *fd, struct err *e) MUST_USE;

/* ---- processes ---- */

struct child_spec {
	const char
	    *role; /* "front", "core", "signer", "courier": becomes argv[1] as --role=ROLE */
	const int *fds; /* inherited as 3, 4, 5, ... in this order */
	size_t fd_count;
	char *const *env; /* extra NAME=VALUE, NULL ends */
	bool may_end_all; /* its EXIT_CONFIG counts; not for who faces the network */
	bool alone;	  /* its death does not end the set: it is started again */
};
/*
 * The supervisor: runs make() for a fresh set of children (channels are new each time), waits;
 * when any child dies it kills the rest, reaps, and makes a new set within 100 ms (a second at
 * most apart when a set lived under one second; the log counts). SIGTERM and SIGINT end all.
 * Who ends with 0 only follows another, whose death is waited for, so the log names the cause.
 * Returns the exit code. A child's exit code 78 (EX_CONFIG) ends all with 1, for it has said
 * why: from a child that may, in a set that has lived under one second. A child that is alone
 * comes back the same way, with the descriptors it had: what it had read of them is lost.
 */
struct child_set {
	struct child_spec child[16];
	size_t count;
	int owned[40]; /* descriptors the supervisor closes after starting the set */
	size_t owned_count;
	int kept[4]; /* and those it closes when the set has ended: of children that are alone
		      */
	size_t kept_count;
};
typedef bool (*set_maker)(void *arg, struct child_set *out, struct err *e);
int supervise(const char *self, set_maker make, void *arg);
#define EXIT_CONFIG 78
/* Who may end all may also ask for a set that is made of something new: the set is ended, and
 * supervise returns this. */
#define EXIT_AGAIN 79

/*
 * For who is no supervisor: starts a program with NAME=VALUE beside the environment (NULL ends
 * either list), in a process group of its own, its output and errors to a descriptor. It gets
 * SIGTERM when we end, whatever way. 127: the program cannot be run.
 */
bool process_start(
    const char *const *argv, char *const *env, int output, pid_t *pid, struct err *e) MUST_USE;
/* Its wait status, as soon as it has ended; after limit_ms it is killed. */
int process_wait(pid_t pid, int64_t limit_ms);

/* ---- sandbox ---- */

/* No core dump, and nobody of the same user looks into the process (nor at its descriptors)
 * from outside. */
bool process_hide(struct err *e) MUST_USE;

enum sandbox { SANDBOX_FRONT, SANDBOX_CORE, SANDBOX_SIGNER, SANDBOX_COURIER };
/*
 * No new privileges, no core dumps, not dumpable, no capabilities, files by name only in dirs
 * (NULL ends; NULL: nowhere; courier: also single files, only read, as far as they exist),
 * seccomp filter of the profile (kill on violation). For a process of one thread.
 * KEYMUSTER_SANDBOX=off leaves out all but the first two (sanitizers need what is forbidden);
 * the log says so. Where the kernel has no Landlock, core and courier open no file at all
 * (EACCES) and the signer any; the log says that too. Afterwards nothing can be loaded or
 * opened anew: get crypto providers, group names (nsswitch), sockets and the loop before.
 */
bool sandbox_enter(enum sandbox profile, const char *const *dirs, struct err *e) MUST_USE;

#endif
