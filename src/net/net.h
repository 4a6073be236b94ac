/*
 * net.h - door of net: the HTTP server, its view of SCEP addresses, and the messages between
 * front and core.
 *
 * Knows no ASN.1, no keys, no files. Runs on sys' event loop.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/base.h"
#include "sys/sys.h"

#define HTTP_URL_MAX (64 * 1024)
#define HTTP_BODY_MAX (256 * 1024)

/* ---- HTTP/1 server (RFC 9112) ---- */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

struct http_request {
	uint64_t exchange; /* what http_answer takes; stays valid after the client left (then
			      answering does nothing) */
	enum http_method method;
	struct view path;  /* percent-decoded once, no NUL, no control characters; always starts
			      with '/' */
	struct view query; /* as sent, behind '?', undecoded */
	struct view body;
	struct view if_none_match; /* empty: absent */
	const char *source;	   /* IPv4 address, or IPv6 /64 as "2001:db8:1:2::/64" */
};

struct http_answer {
	int status;
	const char *type; /* media type exactly, no parameters (HT-14) */
	struct view body;
	int retry_after;     /* seconds; 0: no header */
	bool no_store;	     /* Cache-Control: no-store */
	const char *etag;    /* NULL: none */
	const char *expires; /* HTTP date; NULL: none */
	const char *allow;   /* for 405 */
	/* NULL: the body is copied if it must wait. Else it stays valid until release(kept),
	 * which is called exactly once. */
	void (*release)(void *kept);
	void *kept;
};

struct http_limits {
	int connections;	 /* in all; 1024 */
	int connections_address; /* from one source; 32, loopback exempt when loopback_exempt
				  */
	bool loopback_exempt;
	int header_ms, request_ms, idle_ms; /* 10 s, 60 s, 60 s */
};

struct http_server;
typedef void (*http_handler)(void *arg, const struct http_request *rq);

/* Serves a listening descriptor. Every request the parser accepts reaches the handler once; it
 * answers at once or within request_ms, after which the server answers 503 by itself. */
struct http_server *http_open(
    struct loop *l, int listen_fd, const struct http_limits *limits, http_handler h, void *arg);
void http_answer(struct http_server *s, uint64_t exchange, const struct http_answer *a);
/* Drops every connection. Not from inside the handler. */
void http_close(struct http_server *s);
#define HTTP_DATE 40
const char *http_date(when_t t, char out[HTTP_DATE]); /* RFC 9110 5.6.7 IMF-fixdate */

/* ---- SCEP addresses ---- */

enum scep_op {
	OP_NONE,
	OP_GETCACAPS,
	OP_GETCACERT,
	OP_GETNEXTCACERT,
	OP_GETCACERTCHAIN,
	OP_PKIOPERATION,
	OP_GETCRL,
	OP_OLD_NEXT, /* GetNextCACert of before the switch, by the CA with this key */
	OP_LINK,     /* certificate of this key by another of the CA */
	OP_CRL
};

struct scep_address {
	enum scep_op op;
	char ca[64]; /* name of a server or profile or, with OP_CRL, the file's stem; empty: the
			only or first server */
	char stem[64];	 /* OP_OLD_NEXT, OP_LINK: the last part of the path, a key identifier in
			    hex */
	bool ca_is_hint; /* ca may be no name at all but a part of the path: unknown means the
			    first server */
	/* OP_PKIOPERATION: the message, from the body or from base64 in the query. */
	struct blob message;
};
/*
 * Path, query and body to what is asked (HT-03, HT-08 to HT-12, BAD-018 to BAD-042): any path
 * ending in /pkiclient.exe or /mscep.dll, /scep, /scep/NAME, /NAME/cgi-bin/pkiclient.exe, /
 * alone; /crl/STEM.crl; /NAME/next/STEM and /NAME/link/STEM. On refusal *status is 400, 404 or
 * 405.
 */
bool scep_address_parse(const struct http_request *rq, struct scep_address *out, int *status,
    struct err *e) MUST_USE;
/* Percent-decode once ('+' stays '+'). */
bool percent_decode(struct view in, struct blob *out, struct err *e) MUST_USE;
/* Standard alphabet; white space dropped, a space counts as '+', padding may lack (BAD-035 to
 * BAD-039). */
bool base64_decode(struct view in, struct blob *out, struct err *e) MUST_USE;

/* ---- front and core: messages on a channel of sys ---- */

struct front_ask { /* front to core */
	uint64_t id;
	enum scep_op op; /* OP_PKIOPERATION, or a public one that front has no bytes for */
	char ca[64];
	char profile[64]; /* by whose path it came; empty: by the CA's */
	char source[64];  /* as in http_request: what limits count */
	struct view body;
};
/*
 * Core to front: the answer to id, or (id 0) an object to publish. Of one op and ca the object
 * with the latest valid_from that has come is served until its valid_until; an equal valid_from
 * replaces, an empty body withdraws all of op and ca. The ca published first is the one that
 * addresses without a name mean. OP_CRL, OP_OLD_NEXT and OP_LINK go by a file's stem in place
 * of a ca. Of OP_GETNEXTCACERT an empty body tells by valid_from when there will be one
 * (INT64_MIN: nobody knows).
 */
struct front_say {
	uint64_t id;
	int status;
	int retry_after;
	char type[64];
	struct view body;
	/* published objects only: */
	enum scep_op op;
	char ca[64];
	when_t valid_from, valid_until;
};
/* Core to front: addresses with this name mean the CA, under the profile of the name. */
struct front_profile {
	char name[64], ca[64];
};
/* Core to front: for what is published, the time is never before floor nor behind ceiling. */
struct front_clock {
	when_t floor, ceiling;
};
void front_clock_encode(const struct front_clock *c, struct blob *out);
bool front_clock_decode(struct view v, struct front_clock *out, struct err *e) MUST_USE;
#define FRONT_ASK_MAX (HTTP_BODY_MAX + 64 * 1024) /* octets of an encoded ask, amply */
void front_ask_encode(const struct front_ask *a, struct blob *out);
bool front_ask_decode(struct view v, struct front_ask *out, struct err *e) MUST_USE;
void front_say_encode(const struct front_say *a, struct blob *out);
bool front_say_decode(struct view v, struct front_say *out, struct err *e) MUST_USE;
void front_profile_encode(const struct front_profile *p, struct blob *out);
bool front_profile_decode(struct view v, struct front_profile *out, struct err *e) MUST_USE;

/* The front process: serves listeners, talks to core over channel fd; until core goes away.
 * Exit code. */
struct front_options {
	const int *listeners;
	size_t listener_count;
	int core; /* channel descriptor */
	struct http_limits limits;
	int in_flight; /* credits: asks waiting at core before front answers 503 itself; 256 */
	bool sandbox;  /* enter SANDBOX_FRONT once loop and listeners stand */
};
int front_main(const struct front_options *o);

#endif
