/*
 * courier.h - door of courier: outgoing requests, in a process of its own.
 *
 * Core asks on a channel, the courier posts JSON to the hook that the question names, and says
 * what came back. It has no keys; addresses of hooks and the passwords shown to them are its
 * own, core names them by number.
 */
#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

#include "base/base.h"
#include "sys/sys.h"

#define COURIER_HOOKS 72
#define COURIER_AT_ONCE 32
#define COURIER_QUEUE 64
#define COURIER_LIMIT_MS 5000	       /* from question to answer, the queue included */
#define COURIER_ANSWER_MAX (64 * 1024) /* octets of a hook's answer */
#define COURIER_TEXT_MAX 1024	       /* octets of one text of it */
#define COURIER_NAMES_MAX 64	       /* alternative names of it */

struct courier_hook { /* url empty: none under this number */
	char url[512], password[128];
};
/* All hooks, for the start of the process; index = number. */
void courier_hooks_encode(const struct courier_hook *h, size_t n, struct blob *out);
bool courier_hooks_decode(
    struct view v, struct courier_hook out[COURIER_HOOKS], struct err *e) MUST_USE;

/* ---- messages ---- */

struct courier_ask { /* core to courier */
	uint64_t id;
	unsigned hook;
	struct view ca, profile, source, transaction, challenge, subject; /* texts */
	struct view san;						  /* sized texts */
	struct view request; /* SHA-256, 32 octets */
};

enum courier_result {
	COURIER_ALLOWED,
	COURIER_DENIED,
	COURIER_AGAIN, /* nobody could say */
	COURIER_READY, /* id 0: a courier began and knows of no question asked before */
};

struct courier_say { /* courier to core */
	uint64_t id;
	enum courier_result result;
	bool has_subject, has_san; /* with COURIER_ALLOWED: for these names only */
	struct view subject;
	struct view san;    /* sized texts */
	struct view reason; /* of COURIER_DENIED and COURIER_AGAIN, for the log */
};

void courier_ask_encode(const struct courier_ask *a, struct blob *out);
bool courier_ask_decode(struct view v, struct courier_ask *out, struct err *e) MUST_USE;
void courier_say_encode(const struct courier_say *s, struct blob *out);
bool courier_say_decode(struct view v, struct courier_say *out, struct err *e) MUST_USE;

/* ---- the hook's side ---- */

/* The body of the POST. False: a text is not UTF-8. */
bool courier_json_ask(const struct courier_ask *a, struct blob *out) MUST_USE;
/*
 * Answer 200 to what it says. Refuses what is no object, has no allow, or members of another
 * type or size; members that we do not know are ignored. The views borrow from *kept. A reason
 * that repeats the challenge is left out.
 */
bool courier_json_say(struct view body, struct view challenge, struct courier_say *out,
    struct blob *kept, struct err *e) MUST_USE;

/* ---- the process ---- */

struct courier_options {
	int core;			  /* channel descriptor */
	const struct courier_hook *hooks; /* COURIER_HOOKS */
	const char *trust;		  /* file of CA certificates, NULL: the system's */
	bool sandbox;
};
/* Until core goes away or names cannot be resolved any more; exit code. */
int courier_main(const struct courier_options *o);

#endif
