/*
 * courier.h - door of courier: outgoing requests, in a process of its own.
 *
 * Core asks on a channel, the courier posts JSON to the hook that the question names, and says
 * what came back; or it fetches what a trustpoint asks of its server; or it puts a copy into a
 * depot, which is a process apart, the porter: libcurl 7.88.1 waits for the last answers of an
 * FTP server up to a minute, and nobody else shall wait with it. It has no keys; addresses of
 * hooks, servers and depots and the passwords shown there are its own, core names them by
 * number.
 */
#ifndef COURIER_COURIER_H
#define COURIER_COURIER_H

#include "base/base.h"
#include "plan/plan.h"
#include "sys/sys.h"

#define COURIER_HOOKS 72
#define COURIER_AT_ONCE 32    /* questions, and as many fetches: neither holds up the other */
#define COURIER_QUEUE 64      /* questions that wait */
#define COURIER_LIMIT_MS 5000 /* from question to answer, the queue included */
#define COURIER_ANSWER_MAX (64 * 1024) /* octets of a hook's answer, or a depot's */
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
			  and puts included */
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

/* ---- puts: copies of what authorities export ---- */

#define COURIER_DEPOTS 32
#define COURIER_PUTS 64 /* that wait */
#define COURIER_LEAF_MAX 95
#define COURIER_BESIDE ".part"

struct courier_depot {				 /* url empty: none under this number */
	char url[512], user[128], password[128]; /* a directory; the last two may be empty */
};
/* All depots, for the start of the process; index = number. */
void courier_depots_encode(const struct courier_depot *d, size_t n, struct blob *out);
bool courier_depots_decode(
    struct view v, struct courier_depot out[COURIER_DEPOTS], struct err *e) MUST_USE;

struct courier_put { /* core to courier */
	uint64_t id;
	unsigned depot;
	struct view
	    leaf; /* name of the file: letters, digits, '-', '_' and '.', not in front */
	struct view body;
	uint32_t limit_ms; /* as of a fetch */
};
struct courier_stored { /* courier to core */
	uint64_t id;
	bool stored;	    /* the server says so */
	struct view reason; /* else, for the log */
};
void courier_put_encode(const struct courier_put *p, struct blob *out);
bool courier_put_decode(struct view v, struct courier_put *out, struct err *e) MUST_USE;
void courier_stored_encode(const struct courier_stored *s, struct blob *out);
bool courier_stored_decode(struct view v, struct courier_stored *out, struct err *e) MUST_USE;
bool courier_is_stored(struct view message);

/*
 * Where a put goes. By FTP it goes beside, to the leaf and COURIER_BESIDE, to be renamed once
 * it is whole, so that nobody reads half of it. Refuses all but ftp, ftps, http and https, a
 * name before the host, a query.
 */
bool courier_put_url(const struct courier_depot *d, struct view leaf, bool *beside,
    struct blob *out, struct err *e) MUST_USE;

/*
 * Core's side: which copies are to be put where, and when again. No file and no channel. One of
 * a depot is under way at most, so an older one never takes a newer one's place; what fails is
 * tried again as plan_retry says for one in the dark, and a newer one does not come sooner.
 */
struct courier_copy {
	struct courier_copy *next;
	unsigned depot;
	char leaf[COURIER_LEAF_MAX + 1];
	struct blob bytes;	     /* what is to stand there; empty: it stands */
	uint64_t put;		     /* under way; 0: none */
	bool newer;		     /* bytes are not those of that put any more */
	struct plan_trouble trouble; /* tries 0: it is not behind */
	when_t behind_from;	     /* with trouble */
	when_t again_at;	     /* the same: not before */
	char why[128];		     /* the same: the last one, escaped */
};
struct courier_copies { /* zero: none */
	struct courier_copy *first;
	uint64_t puts;
	bool open; /* a porter has begun */
};
/* This is to stand there now, whatever was before. */
void copies_add(struct courier_copies *c, unsigned depot, const char *leaf, struct view bytes);
/* It is not tried again; what is under way may still arrive. */
void copies_drop(struct courier_copies *c, unsigned depot, const char *leaf);
/* The next that is due is under way from now on; what out has is borrowed until the next call.
 * False: none. */
bool copies_next(struct courier_copies *c, when_t now, struct courier_put *out) MUST_USE;
/*
 * It came back. The copy, if with it its depot falls behind (trouble.tries is not 0) or is
 * level again: worth a line of the log. NULL: nothing new.
 */
const struct courier_copy *copies_done(
    struct courier_copies *c, const struct courier_stored *s, when_t now, uint8_t draw);
/* A porter began: none is under way. Before the first one none is due. */
void copies_began(struct courier_copies *c);
void copies_free(struct courier_copies *c);

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
	const struct courier_depot *depots; /* COURIER_DEPOTS; NULL: none */
	const char *trust;		    /* file of CA certificates, NULL: the system's */
	bool sandbox;
};
/* Until core goes away or names cannot be resolved any more; exit code. */
int courier_main(const struct courier_options *o);

#endif
