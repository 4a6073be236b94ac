/* crash.c - die at a named point. */
#include "base/base.h"

#ifdef CRASH_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file of KEYMUSTER_CRASH_ONCE, opened at the first passing, when no thread is there yet:
 * later the sandbox stands. */
static int
once_file(void)
{
	static int fd = -1;
	const char *path = getenv("KEYMUSTER_CRASH_ONCE");

	if (fd < 0 && path != NULL)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd;
}

/*
 * KEYMUSTER_CRASH is "name" or "name:n"; the n-th passing of that name is the last. With
 * KEYMUSTER_CRASH_ONCE=FILE only while FILE is empty; an octet is written, so that the next set
 * of processes lives. KEYMUSTER_CRASH=? kills nobody: each name passed becomes a line of FILE.
 * With KEYMUSTER_CRASH_STOP it stops there instead, for somebody who kills another of the set.
 */
void
crash_point(const char *name)
{
	static atomic_ulong passed;
	const char *wish = getenv("KEYMUSTER_CRASH");
	int once = once_file();
	size_t n = strlen(name);
	unsigned long nth = 1;

	if (wish && strcmp(wish, "?") == 0 && once >= 0)
		(void)dprintf(once, "%s\n", name);
	if (!wish || strncmp(wish, name, n) != 0 || (wish[n] != '\0' && wish[n] != ':'))
		return;
	if (wish[n] == ':')
		nth = strtoul(wish + n + 1, NULL, 10);
	if (atomic_fetch_add(&passed, 1) + 1 != nth)
		return;
	if (once < 0 || (lseek(once, 0, SEEK_END) == 0 && write(once, "x", 1) == 1))
		raise(getenv("KEYMUSTER_CRASH_STOP") != NULL
			  ? SIGSTOP
			  : SIGKILL); /* the sandbox knows tgkill, not kill */
}

#else

typedef int crash_points_are_compiled_out;

#endif
