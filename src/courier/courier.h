/*
 * courier.h - door of courier: outgoing requests, in a process of its own.
 *
 * Core asks on a channel, the courier posts JSON to the hook that the question names, and says
 * what came back; or it fetches what a trustpoint asks of its server. It has no keys; addresses
 * of hooks and servers and the passwords shown to hooks are its own, core names them by number.
 */
#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

#include "base/base.h"
#include "sys/sys.h"

#define COURIER_HOOKS 72
#define COURIER_AT_ONCE 32    /* questions, and as many fetches: neither holds up the other */
#define COURIER_QUEUE 64      /* questions that wait */
#define COURIER_LIMIT_MS 5000 /* from question to answer, the queue included */
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
	COURIER_READY, /* id 0: a courier began and knows of nothing asked before, fetches
			  included */
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

/* ---- fetches: what trustpoints ask of servers ---- */

#define COURIER_PLACES 65536
#define COURIER_FETCHES 256 /* that wait */
#define COURIER_FETCH_MS_MAX (600 * 1000)
#define COURIER_TAIL_MAX (64 * 1024)
#define COURIER_URL_MAX 2048
#define COURIER_MEDIA_MAX 127
#define COURIER_POST_MAX (256 * 1024)
#define COURIER_BODY_MAX (32 * 1024 * 1024)		/* octets of an answer */
#define COURIER_HELD_MAX (4 * (size_t)COURIER_BODY_MAX) /* of all that are on the way */
#define COURIER_GOT_MAX (COURIER_BODY_MAX + 16 * 1024)	/* for channel_receive */

struct courier_place {	    /* a server */
	char url[256];	    /* as "enrollment url" has it: courier_scep_url makes one of it */
	char proxy[192];    /* "http://host:port"; empty: none */
	char interface[32]; /* the only one to leave by; empty: as routes say */
};
/* All places, for the start of the process; index = number. */
void courier_places_encode(const struct courier_place *p, size_t n, struct blob *out);
/* *out is the caller's to free(). */
bool courier_places_decode(
    struct view v, struct courier_place **out, size_t *n, struct err *e) MUST_USE;

struct courier_fetch { /* core to courier */
	uint64_t id;
	uint32_t place;
	bool post;	  /* else GET */
	struct view tail; /* of the place's address: "?operation=..." */
	struct view url;  /* instead of both, by the place's proxy and interface: http or https,
			     GET only */
	struct view media_type, body; /* of a POST */
	uint32_t max;		      /* octets of the answer */
	uint32_t limit_ms;	      /* from fetch to answer, the queue included */
};

struct courier_got { /* courier to core */
	uint64_t id;
	int status;		/* HTTP; 0: nobody answered, or nothing whole */
	struct view media_type; /* without parameters, lower case */
	int64_t retry_after;	/* seconds, 0: not said; INT32_MAX at the most */
	struct view body;	/* of status 200 only */
	struct view reason;	/* of status 0, for the log */
};

void courier_fetch_encode(const struct courier_fetch *f, struct blob *out);
bool courier_fetch_decode(struct view v, struct courier_fetch *out, struct err *e) MUST_USE;
void courier_got_encode(const struct courier_got *g, struct blob *out);
bool courier_got_decode(struct view v, struct courier_got *out, struct err *e) MUST_USE;
/* Which of the two decoders a message of the courier is for. */
bool courier_is_got(struct view message);

/*
 * The address that "enrollment url" means: without a path, or with "/" alone, its path is
 * /cgi-bin/pkiclient.exe (RFC 8894 4.1); any other path is taken as it is. Refuses all but
 * http:// and https://, a name before the host, a query.
 */
bool courier_scep_url(const char *url, struct blob *out, struct err *e) MUST_USE;
/* "?operation=OPERATION" and, if there is one, "&message=" with all escaped that can be. */
void courier_tail(const char *operation, struct view message, struct blob *out);
/* The same of PKIOperation by GET: the message in base64 (HT-07). */
void courier_tail_message(struct view der, struct blob *out);

/*
 * Where a fetch goes. With a tail it begins with the place's address, whatever core says.
 * Refuses what is no address; the text is for the log.
 */
bool courier_fetch_url(const struct courier_place *p, const struct courier_fetch *f,
    struct blob *out, struct err *e) MUST_USE;
/* A header's media type without parameters, in lower case; "" when there is none. */
void courier_media_type(const char *header, char out[COURIER_MEDIA_MAX + 1]);
/* What a Retry-After says in seconds from an instant, INT32_MAX at the most; date reads the
 * forms of HTTP and gives -1 for none. 0 when it says nothing, or lies in the past. */
int64_t courier_retry_after(const char *header, when_t (*date)(const char *), when_t from);

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
/* Both, for courier_main: who asks no hooks does not name it, and is linked without jansson. */
struct courier_speech {
	bool (*ask)(const struct courier_ask *a, struct blob *out);
	bool (*say)(struct view body, struct view challenge, struct courier_say *out,
	    struct blob *kept, struct err *e);
};
extern const struct courier_speech courier_json;

/* ---- the process ---- */

struct courier_options {
	int core;			     /* channel descriptor */
	const struct courier_hook *hooks;    /* COURIER_HOOKS; NULL: none */
	const struct courier_speech *speech; /* with hooks */
	const struct courier_place *places;
	size_t place_count;
	const char *trust; /* file of CA certificates, NULL: the system's */
	bool sandbox;
};
/* Until core goes away or names cannot be resolved any more; exit code. */
int courier_main(const struct courier_options *o);

#endif
