/* step.c - a clock in a file, for many processes. */
#include "base/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "KMSTEP1\n"
#define PLACES 64

/*
 * Octet 0 of the file is locked while places are written or the clock jumps. Octet 1 + n is
 * locked by who has place n: the kernel lets go of it when the process dies, however that
 * happens, so nobody waits for the dead. tests/interop/stepclock.py writes the same layout.
 */
struct place {
	int64_t next; /* the instant at which its process has something to do */
	uint32_t busy, taken;
};
struct page {
	char magic[8];
	_Atomic int64_t now;
	struct place place[PLACES];
};
_Static_assert(
    sizeof(struct place) == 16 && sizeof(struct page) == 16 + 16 * PLACES, "layout of a file");

static struct {
	int fd;
	struct page *page;
	int own; /* place; -1: none yet */
} step = {-1, NULL, -1};

static bool
lock(int command, short type, int octet, bool *is_free)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = octet, .l_len = 1};

	while (fcntl(step.fd, command, &l) != 0)
		if (errno != EINTR)
			return false;
	if (is_free != NULL)
		*is_free = l.l_type == F_UNLCK;
	return true;
}

static void
page_lock(bool on)
{
	if (lock(F_SETLKW, on ? F_WRLCK : F_UNLCK, 0, NULL))
		return;
	log_error("stepped clock cannot be locked", "why='%s'", strerror(errno));
	abort();
}

void
step_close(void)
{
	if (step.page != NULL)
		(void)munmap(step.page, sizeof(*step.page));
	if (step.fd >= 0)
		(void)close(step.fd);
	step.fd = step.own = -1;
	step.page = NULL;
}

/* With the lock held, so that two that begin at once agree on the start. */
static bool
page_map(const char *path, when_t start, struct err *e)
{
	struct stat st;
	bool fresh;
	void *at;

	if (fstat(step.fd, &st) != 0)
		return err_set(e, WHY_IO, "clock: %s: %s", path, strerror(errno));
	fresh = st.st_size == 0;
	if (!fresh && st.st_size != (off_t)sizeof(struct page))
		return err_set(e, WHY_BAD_INPUT, "clock: %s is no stepped clock", path);
	if (fresh && ftruncate(step.fd, sizeof(struct page)) != 0)
		return err_set(e, WHY_IO, "clock: %s: %s", path, strerror(errno));
	at = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, step.fd, 0);
	if (at == MAP_FAILED)
		return err_set(e, WHY_IO, "clock: %s: %s", path, strerror(errno));
	step.page = at;
	if (fresh) {
		step.page->now = start;
		memcpy(step.page->magic, MAGIC, sizeof(step.page->magic));
	}
	return memcmp(step.page->magic, MAGIC, sizeof(step.page->magic)) == 0 ||
	       err_set(e, WHY_BAD_INPUT, "clock: %s is no stepped clock", path);
}

bool
step_open(const char *path, when_t start, struct err *e)
{
	bool ok;

	step_close();
	step.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (step.fd < 0)
		return err_set(e, WHY_IO, "clock: %s: %s", path, strerror(errno));
	page_lock(true);
	ok = page_map(path, start, e);
	page_lock(false);
	if (!ok)
		step_close();
	return ok;
}

when_t
step_now(void)
{
	return step.page->now;
}

static void
place_take(void)
{
	for (int i = 0; i < PLACES && step.own < 0; i++)
		if (lock(F_SETLK, F_WRLCK, 1 + i, NULL))
			step.own = i;
	if (step.own >= 0)
		return;
	log_error("stepped clock has no place left", "places=%d", PLACES);
	abort();
}

static bool
place_is_left(int i)
{
	bool is_free = false;

	return i != step.own && lock(F_GETLK, F_WRLCK, 1 + i, &is_free) && is_free;
}

/*
 * The earliest instant announced, by all or by all others, once nobody is busy. Who has reached
 * its instant is, until it announces the next one.
 */
static bool
earliest(struct page *p, bool of_others, when_t *out)
{
	*out = WHEN_NEVER;
	for (int i = 0; i < PLACES; i++) {
		if (!p->place[i].taken || (of_others && i == step.own))
			continue;
		if (place_is_left(i)) {
			p->place[i].taken = 0;
			continue;
		}
		if (p->place[i].busy || p->place[i].next <= p->now)
			return false;
		*out = when_min(*out, p->place[i].next);
	}
	return true;
}

void
step_announce(when_t next, bool busy)
{
	when_t at;

	page_lock(true);
	if (step.own < 0)
		place_take();
	step.page->place[step.own] = (struct place){next, busy, 1};
	if (earliest(step.page, false, &at) && at != WHEN_NEVER)
		step.page->now = at;
	page_lock(false);
}

bool
step_settled(when_t *next)
{
	bool settled;

	page_lock(true);
	settled = earliest(step.page, true, next);
	page_lock(false);
	return settled;
}
