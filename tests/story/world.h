/* world.h - one authority and its clients under a fake clock, in one process. */
#ifndef TESTS_STORY_WORLD_H
#define TESTS_STORY_WORLD_H

#include "ca/ca.h"
#include "tests/lib/peer.h"

enum world_mode {
	WORLD_MEMORY,  /* memory store */
	WORLD_SQLITE,  /* a file, keys on disk */
	WORLD_RESTART, /* the same, everything reopened between any two steps */
};

struct world_reply {
	int status;
	int retry_after;
	int64_t delay_ms;
	struct blob body;
};

struct world {
	enum world_mode mode;
	char dir[256];
	struct ca_policy policy;
	struct store *store;
	struct keys *keys;
	struct ca *ca;
	when_t now;		    /* of the wall clock */
	when_t boot;		    /* of the boot clock */
	bool vouched, synchronised; /* who speaks for the wall clock */
	bool confirmed;		    /* by the operator, at the next look */
	struct plan_clock clock;
	int disk_full_in; /* the n-th commit from now fails; 0: none */
	bool disk_busy;	  /* the next turn cannot even begin */
	uint64_t last_id;
	struct world_reply reply; /* of the last request */
	void (*on_reply)(
	    void *arg, const struct effect *x); /* every reply; NULL: nobody asks */
	void *on_reply_arg;
	struct blob told; /* of the last command */
	int told_status;
	struct blob caps, cacert, crl, next, next_before, old_next, archive, cacert_before,
	    cacert_seen; /* as published */
	when_t next_due; /* as front says while there is no next CA */
	char old_next_key[96];
	struct world_link { /* as published, newest last */
		char key[96];
		when_t from, until;
		struct blob der;
	} link[4];
	size_t links;
	struct blob list[2];  /* newest by key: of the active generation, of another */
	size_t pairs;	      /* asked of the keys so far */
	uint64_t archive_due; /* the authority is to hear of it */
	int fail_in;	      /* the n-th job from now comes back with fail_why; 0: none */
	enum why fail_why;
	/* How the hook answers (san: sized texts); silent: not before world_answer. */
	bool hook_silent;
	struct ca_answer hook;
	struct blob hook_subject, hook_san;
	uint64_t question;   /* that is open; 0: none */
	int asked;	     /* questions so far */
	char challenge[128]; /* of the last one */
	int max_jobs; /* jobs done a pump; -1: all (0 leaves them undone: a crash while signing)
		       */
};

bool world_open(struct world *w, struct err *e) MUST_USE;
void world_close(struct world *w); /* keeps what is on disk or in the memory store */
void world_free(struct world *w);
bool world_restart(struct world *w, struct err *e) MUST_USE;
/* The same behind a boot of the machine: nobody knows what the clock did meanwhile. */
bool world_reboot(struct world *w, struct err *e) MUST_USE;
/* Let time pass: every instant that the CA asked for is visited exactly. */
bool world_wait(struct world *w, when_t until, struct err *e) MUST_USE;
bool world_tick(struct world *w, struct err *e) MUST_USE;
bool world_request(
    struct world *w, struct view message, const char *source, struct err *e) MUST_USE;
/* The request comes by the path of this profile; NULL: of none. */
bool world_request_by(struct world *w, const char *profile, struct view message,
    const char *source, struct err *e) MUST_USE;
/* GetNextCACert, as front asks whether it may be shown; *shown: it may. */
bool world_ask_next(struct world *w, const char *source, bool *shown, struct err *e) MUST_USE;
/* The hook answers the question that is open. */
bool world_answer(struct world *w, struct err *e) MUST_USE;
bool world_command(struct world *w, struct ca_event *ev, struct err *e) MUST_USE;

#endif
