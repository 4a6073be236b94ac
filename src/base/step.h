/* step.h - inner: a clock in a file, for many processes. */
#ifndef BASE_STEP_H
#define BASE_STEP_H

#include "base/base.h"

#define STEP_POLL_MS 2 /* how often a process looks whether another has let the clock jump */

/* Map the file; one that is new shows start. */
bool step_open(const char *path, when_t start, struct err *e) MUST_USE;
void step_close(void);
when_t step_now(void);
/* As clock_announce and clock_settled. */
void step_announce(when_t next, bool busy);
bool step_settled(when_t *next);

#endif
