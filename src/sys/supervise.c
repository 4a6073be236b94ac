/* supervise.c - keep a set of processes alive. */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3
#define STEADY_MS 1000 /* a set that lived this long starts the back-off anew */
#define PAUSE_FIRST_MS 50
#define PAUSE_MAX_MS 1000
#define TERM_WAIT_MS 2000
#define CAUSE_WAIT_MS 1000
#define CHILDREN COUNT_OF(((struct child_set *)0)->child)

enum outcome { SET_DIED, SET_ENDED, SET_HOPELESS, SET_AGAIN };

struct supervisor {
	const char *self;
	set_maker make;
	void *arg;
	sigset_t waited, before;
	struct child_set set;
	pid_t pid[CHILDREN];	    /* 0: not running */
	int64_t begun_ms[CHILDREN]; /* when it was started */
	int64_t again_ms[CHILDREN]; /* of a child that is alone: when to start it; 0: not due */
	unsigned quick[CHILDREN];   /* of the same: quick deaths in a row */
	sigset_t chld;
	bool have_cause;    /* one of the set ended by a signal or other than 0 */
	bool have_made;	    /* one set at least */
	int64_t started_ms; /* this set */
};

/* ---- in the new process, before exec: may only leave by _exit ---- */

static bool
fds_place(const struct child_spec *c)
{
	int high[32];
	int end = FIRST_FD + (int)c->fd_count;

	if (c->fd_count > COUNT_OF(high))
		return false;
	for (size_t i = 0; i < c->fd_count;
	     i++) /* out of the way, so that none is overwritten */
		if ((high[i] = fcntl(c->fds[i], F_DUPFD_CLOEXEC, end)) < 0)
			return false;
	for (size_t i = 0; i < c->fd_count; i++)
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			return false;
	return close_range((unsigned)end, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void
child_become(const struct supervisor *s, const struct child_spec *c, pid_t parent)
{
	char role[64];
	char *argv[] = {(char *)(uintptr_t)s->self, role, NULL};

	/* Its own group: Ctrl-C reaches the supervisor alone, which ends the set in order. */
	if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return;
	if (getppid() != parent)
		return;
	if (snprintf(role, sizeof(role), "--role=%s", c->role) >= (int)sizeof(role))
		return;
	for (char *const *env = c->env; env != NULL && *env != NULL; env++)
		if (putenv(*env) != 0)
			return;
	if (!fds_place(c) || sigprocmask(SIG_SETMASK, &s->before, NULL) != 0)
		return;
	execv("/proc/self/exe", argv);
}

static pid_t
child_start(const struct supervisor *s, const struct child_spec *c)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	child_become(s, c, parent);
	log_error("child cannot start", "role='%s' why='%s'", c->role, strerror(errno));
	_exit(EXIT_CONFIG);
}

/* ---- the set ---- */

static bool
set_start_child(struct supervisor *s, size_t i, struct err *e)
{
	s->again_ms[i] = 0;
	s->begun_ms[i] = clock_mono_ms();
	s->pid[i] = child_start(s, &s->set.child[i]);
	if (s->pid[i] >= 0)
		return true;
	s->pid[i] = 0;
	return err_set(e, WHY_IO, "cannot start %s: %s", s->set.child[i].role, strerror(errno));
}

static bool
set_start(struct supervisor *s, struct err *e)
{
	bool ok;

	s->set = (struct child_set){0};
	s->have_cause = false;
	memset(s->quick, 0, sizeof(s->quick));
	ok = s->make(s->arg, &s->set, e);
	for (size_t i = 0; ok && i < s->set.count; i++)
		ok = set_start_child(s, i, e);
	for (size_t i = 0; i < s->set.owned_count; i++)
		close(s->set.owned[i]);
	return ok;
}

static void
set_signal(struct supervisor *s, int signal)
{
	for (size_t i = 0; i < s->set.count; i++)
		if (s->pid[i] > 0)
			kill(s->pid[i], signal);
}

static bool
set_running(const struct supervisor *s)
{
	for (size_t i = 0; i < s->set.count; i++)
		if (s->pid[i] > 0)
			return true;
	return false;
}

static void
death_log(const char *role, pid_t pid, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_AGAIN)
		log_notice("child asks for a new set", "role='%s'", role);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		log_notice("child ended", "role='%s' pid=%d", role, (int)pid);
	else if (!WIFSIGNALED(status))
		log_warn("child ended", "role='%s' pid=%d exit=%d", role, (int)pid,
		    WEXITSTATUS(status));
	else if (WTERMSIG(status) == SIGSYS)
		log_error("child made a call its sandbox forbids", "role='%s' pid=%d", role,
		    (int)pid);
	else
		log_warn("child died", "role='%s' pid=%d signal=%d (%s)", role, (int)pid,
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* The first quick death may be chance; from the second on the pause doubles. */
static int64_t
pause_after(unsigned quick)
{
	int64_t pause = quick < 2 ? 0 : PAUSE_FIRST_MS;

	for (unsigned i = 2; i < quick && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

/* It comes back by itself; the others do not hear of it. */
static void
child_again(struct supervisor *s, size_t i)
{
	int64_t now = clock_mono_ms();

	s->pid[i] = 0;
	s->quick[i] = now - s->begun_ms[i] < STEADY_MS ? s->quick[i] + 1 : 0;
	s->again_ms[i] = now + pause_after(s->quick[i]);
}

/* Starts who is due; milliseconds until the next is, -1: nobody is. */
static int64_t
set_start_due(struct supervisor *s)
{
	int64_t next = -1, now = clock_mono_ms();
	struct err e = {0};

	for (size_t i = 0; i < s->set.count; i++) {
		if (s->again_ms[i] != 0 && now >= s->again_ms[i] &&
		    !set_start_child(s, i, &e)) {
			log_error("child cannot start", "why='%s'", e.text);
			s->again_ms[i] = now + PAUSE_MAX_MS;
		}
		if (s->again_ms[i] != 0 && (next < 0 || s->again_ms[i] - now < next))
			next = s->again_ms[i] - now;
	}
	return next;
}

/* Takes in who has died, with or without waiting; logs unless quiet. */
static enum outcome
set_reap(struct supervisor *s, int flags, bool quiet, size_t *died)
{
	enum outcome got = SET_DIED;

	for (size_t i = 0; i < s->set.count; i++) {
		int status;

		if (s->pid[i] <= 0 || waitpid(s->pid[i], &status, flags) != s->pid[i])
			continue;
		if (!quiet)
			death_log(s->set.child[i].role, s->pid[i], status);
		if (s->set.child[i].alone) {
			child_again(s, i);
			continue;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG &&
		    s->set.child[i].may_end_all && clock_mono_ms() - s->started_ms < STEADY_MS)
			got = SET_HOPELESS;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_AGAIN &&
		    s->set.child[i].may_end_all)
			got = SET_AGAIN;
		s->have_cause |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
		s->pid[i] = 0;
		*died += 1;
	}
	return got;
}

static void
set_kill(struct supervisor *s)
{
	size_t died = 0;

	set_signal(s, SIGKILL);
	set_reap(s, 0, true, &died);
	for (size_t i = 0; i < s->set.kept_count; i++)
		close(s->set.kept[i]);
	s->set.kept_count = 0;
}

/* The signal that came, or 0 when milliseconds have passed. */
static int
signal_wait(const sigset_t *which, int64_t milliseconds)
{
	int64_t until = clock_mono_ms() + milliseconds;

	for (;;) {
		int64_t left = until - clock_mono_ms();
		struct timespec span = {.tv_sec = left > 0 ? left / 1000 : 0,
		    .tv_nsec = left > 0 ? left % 1000 * 1000000 : 0};
		int got = sigtimedwait(which, NULL, &span);

		if (got > 0)
			return got;
		if (errno == EAGAIN)
			return 0;
	}
}

static void
set_end(struct supervisor *s)
{
	int64_t until = clock_mono_ms() + TERM_WAIT_MS;
	size_t died = 0;

	set_signal(s, SIGTERM);
	for (;;) {
		int64_t left = until - clock_mono_ms();

		set_reap(s, WNOHANG, true, &died);
		if (!set_running(s) || left <= 0)
			break;
		signal_wait(&s->waited, left);
	}
	if (set_running(s))
		log_warn("children had to be killed", "waited_ms=%d", TERM_WAIT_MS);
	set_kill(s);
}

/*
 * Who ends with 0 only followed another whose channel closed; that one's status may come later
 * and says whether a new set has any hope.
 */
static enum outcome
set_cause(struct supervisor *s)
{
	int64_t until = clock_mono_ms() + CAUSE_WAIT_MS;
	enum outcome got = SET_DIED;

	while (got == SET_DIED && !s->have_cause && set_running(s) && clock_mono_ms() < until) {
		size_t died = 0;

		signal_wait(&s->chld, until - clock_mono_ms());
		got = set_reap(s, WNOHANG, false, &died);
	}
	return got;
}

/* From a started set to its end. */
static enum outcome
set_watch(struct supervisor *s)
{
	for (;;) {
		enum outcome got;
		size_t died = 0;
		int64_t pause = set_start_due(s);
		int signal =
		    pause < 0 ? sigwaitinfo(&s->waited, NULL) : signal_wait(&s->waited, pause);

		if (signal == SIGTERM || signal == SIGINT) {
			set_end(s);
			return SET_ENDED;
		}
		got = set_reap(s, WNOHANG, false, &died);
		if (died == 0)
			continue;
		if (got == SET_DIED)
			got = set_cause(s);
		set_kill(s);
		return got;
	}
}

static enum outcome
set_run(struct supervisor *s)
{
	struct err e = {0};

	if (set_start(s, &e)) {
		s->have_made = true;
		return set_watch(s);
	}
	log_error("set of processes cannot start", "why='%s'", e.text);
	set_kill(s);
	return s->have_made ? SET_DIED : SET_HOPELESS;
}

int
supervise(const char *self, set_maker make, void *arg)
{
	struct supervisor s = {.self = self, .make = make, .arg = arg};
	sigset_t ends;
	unsigned quick = 0, sets = 0;
	enum outcome got;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	s.waited = ends;
	sigaddset(&s.waited, SIGCHLD);
	sigemptyset(&s.chld);
	sigaddset(&s.chld, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &s.waited, &s.before);
	for (;;) {
		s.started_ms = clock_mono_ms();
		got = set_run(&s);
		if (got != SET_DIED)
			break;
		int64_t lived = clock_mono_ms() - s.started_ms;
		quick = lived < STEADY_MS ? quick + 1 : 0;
		log_notice("starting a new set", "set=%u lived_ms=%lld pause_ms=%lld",
		    ++sets + 1, (long long)lived, (long long)pause_after(quick));
		if (quick > 1 && signal_wait(&ends, pause_after(quick)) > 0) {
			got = SET_ENDED;
			break;
		}
	}
	sigprocmask(SIG_SETMASK, &s.before, NULL);
	return got == SET_ENDED ? 0 : got == SET_AGAIN ? EXIT_AGAIN : 1;
}
