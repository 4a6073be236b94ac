/* crash.c - die at a named point. */
#include "store/store.h"

#ifdef CRASH_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* One death for all processes that share the file, so that the next set of them lives. */
static bool
had_its_turn(const char *file)
{
	return file != NULL && open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0;
}

/*
 * KEYMUSTER_CRASH is "name" or "name:n"; the n-th passing of that name is the last. With
 * KEYMUSTER_CRASH_ONCE=FILE only if FILE is not there yet; it is made.
 */
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
	if (++passed == nth && !had_its_turn(getenv("KEYMUSTER_CRASH_ONCE")))
		raise(SIGKILL); /* the sandbox knows tgkill, not kill */
}

#else

typedef int crash_points_are_compiled_out;

#endif
