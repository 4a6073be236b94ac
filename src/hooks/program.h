/* program.h - one program: looked at, opened, started. */
#ifndef HOOKS_PROGRAM_H
#define HOOKS_PROGRAM_H

#include "hooks/hooks.h"

struct program {    /* that runs */
	pid_t pid;  /* also its process group */
	int ends;   /* pidfd: readable when it has ended; it is not reaped */
	int output; /* what it writes, non-blocking */
};

/*
 * Open it by its path, look at what was opened, and run just that. When it returns true the
 * program has begun; its descriptors are 0 (json), 1, 2 (both output) and, for a script, its
 * own file.
 */
bool program_start(const struct hooks_program *p, const struct hooks_run *run,
    struct program *out, struct err *e) MUST_USE;

#endif
