/* crash.c - die at a named point. */
#include "store/store.h"

#ifdef CRASH_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* KEYMUSTER_CRASH is "name" or "name:n"; the n-th passing of that name is the last. */
void
crash_point(const char *name)
{
	static unsigned long passed;
	const char *wish = getenv("KEYMUSTER_CRASH");
	size_t n = strlen(name);
	unsigned long nth = 1;

	if (!wish || strncmp(wish, name, n) != 0 || (wish[n] != '\0' && wish[n] != ':'))
		return;
	if (wish[n] == ':')
		nth = strtoul(wish + n + 1, NULL, 10);
	if (++passed == nth)
		kill(getpid(), SIGKILL);
}

#else

typedef int crash_points_are_compiled_out;

#endif
