/* log_pipe.h - what is logged, read line by line. */
#ifndef LOG_PIPE_H
#define LOG_PIPE_H

#include <fcntl.h>
#include <unistd.h>

static int from_log, old_stderr;

/* A pipe in packet mode: one read is one line. */
static inline bool
log_pipe_open(void)
{
	int p[2];

	if (pipe2(p, O_DIRECT | O_NONBLOCK | O_CLOEXEC) != 0)
		return false;
	old_stderr = dup(STDERR_FILENO);
	from_log = p[0];
	return dup2(p[1], STDERR_FILENO) >= 0 && close(p[1]) == 0;
}

static int
log_pipe_close(void **state)
{
	(void)state;
	(void)dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	return close(from_log);
}

#endif
