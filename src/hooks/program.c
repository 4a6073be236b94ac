/* program.c - look at a program, open it, start it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks/program.h"

#define WORDS_MAX 128 /* a line of 255 octets has no more */
#define SCRIPT_FD 3
#define REPORT_FD 4

/* ---- may it run? ---- */

enum place { PLACE_ABOVE, PLACE_PARENT, PLACE_PROGRAM };

/*
 * Nobody else may change what lies here. In a sticky directory (temporary ones) nobody moves
 * another's directory away, so it may be above the one that holds the program.
 */
static bool
place_safe(int fd, enum place place, const char *path, int n, struct err *e)
{
	struct stat st;
	const char *why = NULL;

	if (fstat(fd, &st) != 0)
		return err_set(e, WHY_IO, "'%.*s': %s", n, path, strerror(errno));
	if (S_ISLNK(st.st_mode))
		why = "is a symbolic link; give the path that it leads to";
	else if (place == PLACE_PROGRAM && !S_ISREG(st.st_mode))
		why = "is no regular file";
	else if (place == PLACE_PROGRAM && (st.st_mode & 0111) == 0)
		why = "is not executable";
	else if (place != PLACE_PROGRAM && !S_ISDIR(st.st_mode))
		why = "is no directory";
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		why = "belongs neither to root nor to the user of this process";
	else if ((st.st_mode & 0022) != 0 &&
		 (place != PLACE_ABOVE || (st.st_mode & S_ISVTX) == 0))
		why = "may be written by its group or by others";
	if (why != NULL)
		return err_set(e, WHY_REFUSED, "'%.*s' %s", n, path, why);
	return true;
}

/* Step by step from the root, so that what was looked at is what is opened. */
static bool
program_open(const char *path, int n, int *out, struct err *e)
{
	int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	char name[256];

	if (at < 0)
		return err_set(e, WHY_IO, "'/': %s", strerror(errno));
	for (int begin = 0, end; begin < n; begin = end) {
		enum place place;

		while (begin < n && path[begin] == '/')
			begin++;
		for (end = begin; end < n && path[end] != '/'; end++)
			continue;
		place = memchr(path + begin, '/', (size_t)(n - begin)) == NULL ? PLACE_PARENT
									       : PLACE_ABOVE;
		if (!place_safe(at, place, path, begin > 1 ? begin - 1 : 1, e))
			goto bad;
		(void)snprintf(name, sizeof(name), "%.*s", end - begin, path + begin);
		next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0) {
			err_set(e, WHY_NOT_FOUND, "'%.*s': %s", end, path, strerror(errno));
			goto bad;
		}
		(void)close(at);
		at = next;
	}
	if (!place_safe(at, PLACE_PROGRAM, path, n, e))
		goto bad;
	*out = at;
	return true;
bad:
	(void)close(at);
	return false;
}

static int
path_length(const struct hooks_program *p)
{
	return (int)strcspn(p->line, " \t");
}

bool
hooks_program_check(const struct hooks_program *p, struct err *e)
{
	int fd;

	if (!program_open(p->line, path_length(p), &fd, e))
		return false;
	(void)close(fd);
	return true;
}

/* ---- in the new process, before exec: may only leave by _exit ---- */

struct words {
	char line[sizeof(((struct hooks_program *)0)->line)];
	char *argv[WORDS_MAX + 2];
	struct blob env; /* NAME=VALUE, NUL, NAME=VALUE, NUL ... */
	char *envp[HOOKS_VARIABLES_MAX + 3];
};

static void
words_make(const struct hooks_program *p, const struct hooks_run *run, struct words *w)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
	struct reader r = reader_of(run->env);
	size_t n = 0;
	struct view v;

	memcpy(w->line, p->line, sizeof(w->line));
	for (char *at = w->line; *at != 0;) {
		w->argv[n++] = at;
		if (n == 1)
			w->argv[n++] = (char *)(uintptr_t)hooks_event_name(run->event);
		at += strcspn(at, " \t");
		while (*at == ' ' || *at == '\t')
			*at++ = 0;
	}
	blob_clear(&w->env);
	while (read_sized(&r, &v)) {
		blob_add_view(&w->env, v);
		blob_add_byte(&w->env, 0);
	}
	n = 0;
	w->envp[n++] = path;
	w->envp[n++] = lang;
	for (size_t at = 0; at < w->env.n; at += strlen((char *)w->env.p + at) + 1)
		w->envp[n++] = (char *)w->env.p + at;
}

static bool
fds_place(const int fds[5])
{
	int high[5];

	for (int i = 0; i < 5; i++) /* out of the way, so that none is overwritten */
		if ((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, REPORT_FD + 1)) < 0)
			return false;
	for (int i = 0; i < 5; i++)
		if (dup3(high[i], i, i < SCRIPT_FD ? 0 : O_CLOEXEC) < 0)
			return false;
	return close_range(REPORT_FD + 1, ~0U, 0) == 0;
}

/* All of them: libc does not give back those that it keeps for itself, if somebody above us
 * ignores them. */
static void
signals_reset(void)
{
	static const uint64_t as_usual[4]; /* the kernel's struct sigaction, SIG_DFL */
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)syscall(SYS_rt_sigaction, s, as_usual, NULL, (NSIG - 1) / 8);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What becomes 0, 1, 2, the program, and where to report that it cannot be run. */
static void
child_become(const struct words *w, const int fds[5], pid_t parent)
{
	int report = fds[4], why;

	signals_reset();
	(void)umask(0077); /* what a hook copies may be a key */
	if (fds_place(fds)) {
		report = REPORT_FD;
		if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		    getppid() == parent && chdir("/") == 0)
			(void)execveat(SCRIPT_FD, "", w->argv, w->envp, AT_EMPTY_PATH);
		/* A script is opened once more, by its interpreter, as /dev/fd/3. */
		if (errno == ENOENT && fcntl(SCRIPT_FD, F_SETFD, 0) == 0)
			(void)execveat(SCRIPT_FD, "", w->argv, w->envp, AT_EMPTY_PATH);
	}
	why = errno;
	(void)!write(report, &why, sizeof(why));
	_exit(127);
}

/* ---- start ---- */

/* Waits until the program runs or is known not to. */
static bool
child_report(int report, struct err *e)
{
	ssize_t n;
	int why = 0;

	do
		n = read(report, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == 0 || err_set(e, WHY_IO, "cannot be run: %s", strerror(why));
}

/* The end of fds[4] that the child has is closed here. */
static bool
child_start(const struct hooks_program *p, const struct hooks_run *run, int fds[5], int report,
    struct program *out, struct err *e)
{
	static struct words w;
	pid_t parent = getpid();

	words_make(p, run, &w);
	out->pid = fork();
	if (out->pid < 0)
		return err_set(e, WHY_IO, "cannot be run: %s", strerror(errno));
	if (out->pid == 0)
		child_become(&w, fds, parent);
	blob_free(&w.env);
	(void)close(fds[4]);
	fds[4] = -1;
	out->ends = pidfd_open(out->pid, 0);
	if (child_report(report, e) &&
	    (out->ends >= 0 || err_set(e, WHY_IO, "cannot be watched: %s", strerror(errno))))
		return true;
	(void)kill(out->pid, SIGKILL);
	(void)waitpid(out->pid, NULL, 0);
	if (out->ends >= 0)
		(void)close(out->ends);
	return false;
}

static bool
json_open(struct view json, int *fd)
{
	*fd = memfd_create("event", MFD_CLOEXEC);
	return *fd >= 0 && fd_write(*fd, json) && lseek(*fd, 0, SEEK_SET) == 0;
}

bool
program_start(const struct hooks_program *p, const struct hooks_run *run, struct program *out,
    struct err *e)
{
	int fds[5] = {-1, -1, -1, -1, -1}, output[2] = {-1, -1}, report[2] = {-1, -1};
	bool ok = false;

	if (!program_open(p->line, path_length(p), &fds[3], e))
		return false;
	if (!json_open(run->json, &fds[0]) || pipe2(output, O_CLOEXEC) != 0 ||
	    pipe2(report, O_CLOEXEC) != 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) != 0) {
		err_set(e, WHY_IO, "cannot be run: %s", strerror(errno));
		goto out;
	}
	fds[1] = fds[2] = output[1];
	fds[4] = report[1];
	ok = child_start(p, run, fds, report[0], out, e);
	report[1] = fds[4];
	if (ok) {
		out->output = output[0];
		output[0] = -1;
	}
out:
	for (int i = 0; i < 2; i++) {
		if (output[i] >= 0)
			(void)close(output[i]);
		if (report[i] >= 0)
			(void)close(report[i]);
	}
	if (fds[0] >= 0)
		(void)close(fds[0]);
	(void)close(fds[3]);
	return ok;
}
