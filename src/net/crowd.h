/* crowd.h - inner: when those sent away come again. */
#ifndef NET_CROWD_H
#define NET_CROWD_H

#include <stdint.h>

#define CROWD_SOON 5   /* seconds */
#define CROWD_LATE 60  /* more would leave core idle behind a crowd that has gone */
#define CROWD_RATE 200 /* a second: what core serves on two small cores */

struct crowd {		 /* starts zeroed */
	int64_t last_ms; /* when the last one is told to come */
};

/*
 * Seconds of Retry-After for the next one that is sent away at this monotonic instant. They are
 * told to come one behind the other: all after the same time would meet again, and core would
 * rest in between.
 */
int crowd_retry(struct crowd *c, int64_t now_ms);

#endif
