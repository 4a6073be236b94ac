/* sandbox.h - inner: what a test asks about the profiles. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include "sys/sys.h"

/* How many different system calls a profile allows. */
size_t sandbox_calls(enum sandbox profile);

#endif
