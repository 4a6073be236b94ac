/* post.h - inner: many HTTP requests at once. */
#ifndef COURIER_POST_H
#define COURIER_POST_H

#include <poll.h>

#include "courier/courier.h"

struct poster;

/* Loads libcurl and all that it needs later. trust NULL: the CA certificates of the system. */
struct poster *poster_open(const char *trust, struct err *e) MUST_USE;
/* Requests that still run come back from nobody. */
void poster_close(struct poster *p);
/* Begin a POST; at most so many milliseconds. body stays valid until it is done. */
bool poster_start(struct poster *p, void *owner, const struct courier_hook *hook,
    struct view body, int64_t milliseconds, struct err *e) MUST_USE;
/* Wait for the network or for other, and go on. */
bool poster_wait(struct poster *p, struct pollfd *other, int milliseconds) MUST_USE;

struct posted {
	void *owner;
	int status;	 /* of the answer; 0: none came */
	const char *why; /* then */
	bool unresolved; /* the name of the host could not be resolved */
	struct blob body;
};
/* The next that is done; the caller frees body. */
bool poster_done(struct poster *p, struct posted *out) MUST_USE;

#endif
