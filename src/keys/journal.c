/* journal.c - the signer's durable, hash-chained log. */
#include "keys/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys.h"
#include "wire/wire.h"

#define MAGIC 0x4b4d4c31u /* KML1 */
#define HEADER 20
#define CHAIN 32
#define FRAME_MAX (256u * 1024 * 1024) /* of a file too */
#define SECTOR 512
#define SEGMENT_FORMAT "%s/signer-%08u.log"

struct journal {
	pthread_mutex_t adding;	    /* pending, behind */
	pthread_mutex_t committing; /* all below */
	struct blob pending;
	bool behind;	     /* the last commit failed with a lot to write */
	struct blob writing; /* taken for a commit; stays here when it fails */
	char *dir;
	unsigned segment;
	int fd;
	uint64_t number; /* of the next frame */
	uint8_t chain[CHAIN];
	size_t size, start; /* of the file now; after its first frame */
	atomic_bool full, broken;
};

/* ---- frames ---- */

static void
header_check(struct view first16, uint8_t out[4])
{
	uint8_t digest[32];

	sha256(first16, digest);
	memcpy(out, digest, 4);
}

/* The chain goes on over one frame, header and records. */
static void
chain_on(uint8_t chain[CHAIN], struct view frame)
{
	uint8_t both[2 * CHAIN];

	memcpy(both, chain, CHAIN);
	sha256(frame, both + CHAIN);
	sha256(view_of(both, sizeof(both)), chain);
}

/* Append a frame to out; chain goes from the one before to the one of this frame. */
static void
frame_build(struct view records, uint64_t number, uint8_t chain[CHAIN], struct blob *out)
{
	struct blob b = {0};
	uint8_t check[4];

	blob_add_u32(&b, MAGIC);
	blob_add_u32(&b, (uint32_t)records.n);
	blob_add_u64(&b, number);
	header_check(blob_view(&b), check);
	blob_add(&b, check, sizeof(check));
	blob_add_view(&b, records);
	chain_on(chain, blob_view(&b));
	blob_add_view(out, blob_view(&b));
	blob_add(out, chain, CHAIN);
	blob_free(&b);
}

static bool
all_zero(struct view v)
{
	size_t i = 0;

	while (i < v.n && v.p[i] == 0)
		i++;
	return i == v.n;
}

struct scan {
	const char *name;
	struct view file;
	size_t at;
	bool newest;
	uint64_t number; /* of the next frame; taken from the first one */
	uint8_t chain[CHAIN];
	uint8_t link[CHAIN]; /* last chain of the segment before, as the first frame says */
	journal_apply apply;
	void *arg;
};

enum frame { FRAME_WHOLE, FRAME_CUT, FRAME_BAD };

static bool
header_fits(struct view v)
{
	struct reader r = reader_of(v);
	uint32_t magic, length;
	uint8_t check[4];

	if (v.n < HEADER || !read_u32(&r, &magic) || magic != MAGIC || !read_u32(&r, &length) ||
	    length > FRAME_MAX)
		return false;
	header_check(view_of(v.p, HEADER - 4), check);
	return memcmp(v.p + HEADER - 4, check, 4) == 0;
}

/*
 * Does what follows miss a sector, as when power went while it was on its way to the disk? Then
 * that sector reads as zeros, which records never have so many of: the first one from where the
 * frame begins, which no frame does with a zero, and the last one up to where the file ends.
 * However short these are, for only what does not fit is asked about. A frame with another one
 * behind it was durable once, for the next is begun only then: what is missing there is damage.
 */
static bool
sector_missing(const struct scan *s)
{
	const struct view f = s->file;
	bool missing = false;
	size_t end;

	if (!s->newest || s->at == 0)
		return false;
	for (size_t at = s->at; at < f.n && !missing; at = end) {
		end = (at / SECTOR + 1) * SECTOR < f.n ? (at / SECTOR + 1) * SECTOR : f.n;
		missing = all_zero(view_of(f.p + at, end - at));
	}
	for (size_t at = s->at + 1; at < f.n && missing; at++)
		missing = !header_fits(view_of(f.p + at, f.n - at));
	return missing;
}

static bool
damage(const struct scan *s, const char *what, struct err *e)
{
	return err_set(e, WHY_BAD_INPUT,
	    "%s: damaged at offset %zu: %s; restore the file from the backup, or destroy this "
	    "signer's keys",
	    s->name, s->at, what);
}

static enum frame
frame_next(struct scan *s, struct view *records, struct err *e)
{
	struct view rest = view_of(s->file.p + s->at, s->file.n - s->at);
	struct reader r = reader_of(rest);
	uint32_t magic, length;
	uint64_t number;
	uint8_t chain[CHAIN];
	struct view sum, stored;

	if (s->newest && (rest.n < HEADER || all_zero(rest)))
		return FRAME_CUT;
	if (!read_u32(&r, &magic) || !read_u32(&r, &length) || !read_u64(&r, &number) ||
	    !read_view(&r, 4, &sum))
		return damage(s, "header is cut short", e), FRAME_BAD;
	if (!header_fits(rest))
		return sector_missing(s) ? FRAME_CUT
					 : (damage(s, "no header of a frame", e), FRAME_BAD);
	if (s->at == 0)
		s->number = number;
	if (number != s->number)
		return damage(s, "frame out of order", e), FRAME_BAD;
	if (!read_view(&r, length, records) || !read_view(&r, CHAIN, &stored))
		return s->newest ? FRAME_CUT
				 : (damage(s, "last frame is cut short", e), FRAME_BAD);
	if (s->newest && r.n == 0 && all_zero(stored))
		return FRAME_CUT;
	if (s->at == 0 && records->n < CHAIN)
		return damage(s, "first frame without link", e), FRAME_BAD;
	if (s->at == 0)
		memcpy(s->link, records->p, CHAIN);
	memcpy(chain, s->at == 0 ? s->link : s->chain, CHAIN);
	chain_on(chain, view_of(rest.p, HEADER + length));
	if (!view_equal(stored, view_of(chain, CHAIN)))
		return sector_missing(s)
			   ? FRAME_CUT
			   : (damage(s, "contents do not fit the hash chain", e), FRAME_BAD);
	memcpy(s->chain, chain, CHAIN);
	return FRAME_WHOLE;
}

static bool
records_apply(struct scan *s, struct view records, struct err *e)
{
	struct reader r = reader_of(records);
	struct view one;

	if (s->at == 0 && !read_view(&r, CHAIN, &one))
		return damage(s, "first frame without link", e);
	while (r.n > 0) {
		if (!read_sized(&r, &one))
			return damage(s, "a record is cut short", e);
		if (s->apply != NULL && !s->apply(s->arg, one, e))
			return err_prefix(e, "%s: frame at offset %zu", s->name, s->at);
	}
	return true;
}

/* Walks all frames; s->at ends behind the last whole one. */
static bool
scan_run(struct scan *s, struct err *e)
{
	struct view records;
	enum frame f;

	while (s->at < s->file.n) {
		f = frame_next(s, &records, e);
		if (f == FRAME_CUT)
			break;
		if (f == FRAME_BAD || !records_apply(s, records, e))
			return false;
		s->at += HEADER + records.n + CHAIN;
		s->number++;
	}
	return s->at > 0 || damage(s, "no frame at all", e);
}

bool
journal_scan(const char *name, struct view file, bool newest, journal_apply apply, void *arg,
    size_t *whole, struct err *e)
{
	struct scan s = {
	    .name = name, .file = file, .newest = newest, .apply = apply, .arg = arg};

	if (!scan_run(&s, e))
		return false;
	*whole = s.at;
	return true;
}

/* ---- segments ---- */

/* The number in signer-NNNNNNNN.log, 0 for any other name. */
static unsigned
segment_number(const char *name)
{
	static const char front[] = "signer-", back[] = ".log";
	unsigned n = 0;

	if (strlen(name) != 19 || strncmp(name, front, 7) != 0 || strcmp(name + 15, back) != 0)
		return 0;
	for (int i = 7; i < 15; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(name[i] - '0');
	}
	return n;
}

static bool
segment_newest(const char *dir, unsigned *out, struct err *e)
{
	struct dirent *d;
	unsigned newest = 0, n;
	DIR *list = opendir(dir);

	if (list == NULL)
		return err_set(e, WHY_IO, "%s: %s", dir, strerror(errno));
	while ((d = readdir(list)) != NULL)
		if ((n = segment_number(d->d_name)) > newest)
			newest = n;
	closedir(list);
	*out = newest;
	return true;
}

static bool
surely_absent(const char *path)
{
	struct stat st;

	return stat(path, &st) != 0 && errno == ENOENT;
}

/*
 * Write segment n with its first frame, durable by name and content, and append there from now
 * on. Once the name is there, the next start reads the new segment: should anything fail after
 * that, this process must write to neither.
 */
static bool
segment_begin(struct journal *j, unsigned n, struct view saved, struct err *e)
{
	struct blob path = {0}, records = {0}, frame = {0};
	uint8_t chain[CHAIN];
	int fd = -1;
	bool ok = false;

	if (saved.n > FRAME_MAX / 2)
		return err_set(e, WHY_REFUSED,
		    "%s: a segment that opens with %zu octets would be too long, limit %u",
		    j->dir, saved.n, FRAME_MAX / 2);
	memcpy(chain, j->chain, CHAIN);
	blob_add(&records, chain, CHAIN);
	blob_add_sized(&records, saved);
	frame_build(blob_view(&records), j->number, chain, &frame);
	blob_printf(&path, SEGMENT_FORMAT, j->dir, n);
	if (!file_replace(blob_cstr(&path), 0600, blob_view(&frame), e)) {
		j->broken = !surely_absent(blob_cstr(&path));
		goto out;
	}
	fd = open(blob_cstr(&path), O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0) {
		err_set(e, WHY_IO, "%s: %s", blob_cstr(&path), strerror(errno));
		j->broken = true;
		goto out;
	}
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->segment = n;
	j->number++;
	memcpy(j->chain, chain, CHAIN);
	j->size = j->start = frame.n;
	ok = true;
out:
	blob_free(&path);
	blob_free(&records);
	blob_free(&frame);
	return ok;
}

static bool
segment_resume(struct journal *j, unsigned n, journal_apply apply, void *arg, struct err *e)
{
	struct scan s = {.newest = true, .apply = apply, .arg = arg};
	struct blob path = {0}, file = {0};
	bool ok = false;

	blob_printf(&path, SEGMENT_FORMAT, j->dir, n);
	if (!file_read(blob_cstr(&path), FRAME_MAX, &file, e))
		goto out;
	s.name = blob_cstr(&path);
	s.file = blob_view(&file);
	if (!scan_run(&s, e))
		goto out;
	j->fd = open(s.name, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (j->fd < 0 ||
	    (s.at < file.n && (ftruncate(j->fd, (off_t)s.at) != 0 || fdatasync(j->fd) != 0))) {
		err_set(e, WHY_IO, "%s: %s", s.name, strerror(errno));
		goto out;
	}
	if (s.at < file.n)
		log_warn("unfinished end of the signer's log cut",
		    "file='%s' offset=%zu octets=%zu", s.name, s.at, file.n - s.at);
	j->segment = n;
	j->number = s.number;
	memcpy(j->chain, s.chain, CHAIN);
	j->size = s.at;
	ok = true;
out:
	blob_free(&path);
	blob_free(&file);
	return ok;
}

bool
journal_open(const char *dir, bool may_make, struct view start, journal_apply apply, void *arg,
    struct journal **out, struct err *e)
{
	struct journal *j = mem_get(sizeof(*j));
	unsigned newest = 0;
	bool ok;

	pthread_mutex_init(&j->adding, NULL);
	pthread_mutex_init(&j->committing, NULL);
	j->dir = mem_str(dir);
	j->fd = -1;
	ok = segment_newest(dir, &newest, e);
	if (ok && newest > 0)
		ok = segment_resume(j, newest, apply, arg, e);
	else if (ok && may_make)
		ok = segment_begin(j, 1, start, e);
	else if (ok)
		ok = err_set(e, WHY_NOT_FOUND,
		    "%s: keys, but no signer-*.log: without it nobody knows what they have "
		    "signed; restore it from the backup",
		    dir);
	if (!ok) {
		journal_close(j);
		return false;
	}
	*out = j;
	return true;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	blob_free(&j->pending);
	blob_free(&j->writing);
	pthread_mutex_destroy(&j->adding);
	pthread_mutex_destroy(&j->committing);
	free(j->dir);
	free(j);
}

/* ---- adding and committing ---- */

bool
journal_room(struct journal *j, struct err *e)
{
	bool room;

	if (j == NULL)
		return true;
	if (j->broken)
		return err_set(e, WHY_IO, "the signer's log failed earlier");
	pthread_mutex_lock(&j->adding);
	room = j->pending.n < JOURNAL_PENDING && !j->behind;
	pthread_mutex_unlock(&j->adding);
	return room ||
	       err_set(e, WHY_BUSY, "the signer's log is behind by %d octets", JOURNAL_PENDING);
}

void
journal_add(struct journal *j, struct view record)
{
	if (j == NULL)
		return;
	pthread_mutex_lock(&j->adding);
	blob_add_sized(&j->pending, record);
	pthread_mutex_unlock(&j->adding);
}

static void
pending_take(struct journal *j)
{
	pthread_mutex_lock(&j->adding);
	blob_add_view(&j->writing, blob_view(&j->pending));
	blob_clear(&j->pending);
	j->behind = j->writing.n >= JOURNAL_PENDING;
	pthread_mutex_unlock(&j->adding);
}

/* Caller holds committing. */
static bool
commit_locked(struct journal *j, struct err *e)
{
	struct blob frame = {0};
	uint8_t chain[CHAIN];
	bool ok = false;

	if (j->broken)
		return err_set(e, WHY_IO, "the signer's log failed earlier");
	pending_take(j);
	if (j->writing.n == 0)
		return true;
	memcpy(chain, j->chain, CHAIN);
	frame_build(blob_view(&j->writing), j->number, chain, &frame);
	if (frame.n > FRAME_MAX - j->size) { /* no turn for long: a start makes one */
		err_set(e, WHY_IO, "the signer's log in %s is too long: start anew", j->dir);
		j->broken = true;
		goto out;
	}
	if (!fd_write(j->fd, blob_view(&frame))) {
		err_set(e, WHY_BUSY, "the signer's log in %s cannot be written: %s", j->dir,
		    strerror(errno));
		j->broken = ftruncate(j->fd, (off_t)j->size) != 0;
		goto out;
	}
	crash_point("signer-log-written");
	if (fdatasync(j->fd) != 0) {
		err_set(e, WHY_IO, "the signer's log in %s is not durable: %s", j->dir,
		    strerror(errno));
		j->broken = true;
		goto out;
	}
	crash_point("signer-log-synced");
	j->size += frame.n;
	j->number++;
	memcpy(j->chain, chain, CHAIN);
	blob_clear(&j->writing);
	pthread_mutex_lock(&j->adding);
	j->behind = false;
	pthread_mutex_unlock(&j->adding);
	j->full = j->size - j->start >= JOURNAL_SEGMENT;
	ok = true;
out:
	blob_free(&frame);
	return ok;
}

bool
journal_commit(struct journal *j, struct err *e)
{
	bool ok;

	if (j == NULL)
		return true;
	pthread_mutex_lock(&j->committing);
	ok = commit_locked(j, e);
	pthread_mutex_unlock(&j->committing);
	return ok;
}

bool
journal_full(const struct journal *j)
{
	return j != NULL && j->full;
}

bool
journal_turn(struct journal *j, struct view saved, struct err *e)
{
	bool ok;

	pthread_mutex_lock(&j->committing);
	ok = commit_locked(j, e) && segment_begin(j, j->segment + 1, saved, e);
	if (ok)
		j->full = false;
	pthread_mutex_unlock(&j->committing);
	return ok;
}

bool
journal_broken(const struct journal *j)
{
	return j != NULL && j->broken;
}

/* ---- the whole history ---- */

bool
journal_verify(const char *dir, uint64_t *frames, struct err *e)
{
	struct blob path = {0}, file = {0};
	uint8_t chain[CHAIN] = {0};
	uint64_t number = 0;
	unsigned newest = 0;
	bool ok = segment_newest(dir, &newest, e);

	for (unsigned n = 1; ok && n <= newest; n++) {
		struct scan s = {.newest = n == newest};

		blob_clear(&path);
		blob_clear(&file);
		blob_printf(&path, SEGMENT_FORMAT, dir, n);
		s.name = blob_cstr(&path);
		ok = file_read(s.name, FRAME_MAX, &file, e);
		s.file = blob_view(&file);
		s.number = number;
		ok = ok && scan_run(&s, e);
		if (ok && memcmp(s.link, chain, CHAIN) != 0) {
			s.at = 0;
			ok = damage(&s, "does not follow the segment before", e);
		}
		memcpy(chain, s.chain, CHAIN);
		number = s.number;
	}
	if (ok)
		*frames = number;
	blob_free(&path);
	blob_free(&file);
	return ok;
}
