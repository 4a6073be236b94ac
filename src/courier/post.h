/* post.h - inner: many requests at once, by HTTP or FTP. */
#ifndef COURIER_POST_H
#define COURIER_POST_H

#include <poll.h>

#include "courier/courier.h"

struct poster;

/* Loads libcurl and all that it needs later. trust NULL: the CA certificates of the system. */
struct poster *poster_open(const char *trust, struct err *e) MUST_USE;
/* Requests that still run come back from nobody. */
void poster_close(struct poster *p);

struct posting {
	const char *url, *proxy, *interface; /* the last two empty: none */
	const char *user, *password;	     /* NULL, or empty: none */
	const char *headers[3];		     /* NULL ends */
	const char *renames[3];		     /* the same: commands behind a put by FTP */
	bool post, put;			     /* else GET */
	struct view body;		     /* stays valid until it is done */
	size_t max;			     /* octets of the answer */
	int64_t milliseconds;		     /* at most */
};
bool poster_start(
    struct poster *p, void *owner, const struct posting *what, struct err *e) MUST_USE;
/* Wait for the network or for other, and go on. */
bool poster_wait(struct poster *p, struct pollfd *other, int milliseconds) MUST_USE;

struct posted {
	void *owner;
	int status;	 /* of the answer; 0: none came */
	const char *why; /* then */
	bool unresolved; /* the name of the host could not be resolved */
	char media_type[COURIER_MEDIA_MAX + 1];
	int64_t retry_after;
	struct blob body; /* of status 200 only */
};
/* The next that is done; the caller frees body. */
bool poster_done(struct poster *p, struct posted *out) MUST_USE;

#endif
