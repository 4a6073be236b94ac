/* crowd.c - when those sent away come again. */
#include "net/crowd.h"

int
crowd_retry(struct crowd *c, int64_t now_ms)
{
	int64_t soon = now_ms + CROWD_SOON * 1000, late = now_ms + CROWD_LATE * 1000;

	c->last_ms = c->last_ms + 1000 / CROWD_RATE;
	if (c->last_ms < soon)
		c->last_ms = soon;
	if (c->last_ms > late)
		c->last_ms = late;
	return (int)((c->last_ms - now_ms) / 1000);
}
