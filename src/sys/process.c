/* process.c - another program, started and awaited. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/sys.h"

#define LOOK_NS 2000000 /* how often a wait looks */

/* In the new process: may only leave by exec. */
static void
become(const char *const *argv, char *const *env, int output, pid_t parent)
{
	sigset_t none;
	int in = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		return;
	if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		return;
	for (; *env != NULL; env++)
		if (putenv(*env) != 0)
			return;
	(void)signal(SIGPIPE, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
}

bool
process_start(const char *const *argv, char *const *env, int output, pid_t *pid, struct err *e)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		become(argv, env, output, parent);
		_exit(127);
	}
	if (child < 0)
		return err_set(e, WHY_IO, "cannot start %s: %s", argv[0], strerror(errno));
	*pid = child;
	return true;
}

int
process_wait(pid_t pid, int64_t limit_ms)
{
	static const struct timespec look = {.tv_nsec = LOOK_NS};
	int64_t until = clock_mono_ms() + limit_ms;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() >= until)
			(void)kill(pid, SIGKILL);
		(void)nanosleep(&look, NULL);
	}
	return status;
}
