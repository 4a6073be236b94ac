/* power_record.c - notes what this process does to files. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/power.h"

/*
 * Linked with --wrap for the calls of sys/file.c and keys/journal.c; SQLite, which is a shared
 * library, goes through a VFS around its own. Both append to one list, in the order of events.
 */
#define NO_FILE SIZE_MAX
#define FDS 256

struct live { /* a name as everybody sees it now */
	char *name;
	size_t file;
};
struct open_file {
	size_t file;
	size_t at;
	bool append;
	char *dir; /* of a directory: its name */
};

static struct {
	struct past *past; /* NULL: nothing is noted */
	enum plant plant;
	const when_t *now;
	char root[300];
	size_t root_n;
	struct live *live;
	size_t lives;
	size_t *length; /* of each file, as everybody sees it now */
	size_t files;
	struct open_file fd[FDS];
} rec;

static const char *
below_root(const char *path)
{
	if (rec.past == NULL || path == NULL || strncmp(path, rec.root, rec.root_n) != 0 ||
	    (path[rec.root_n] != '/' && path[rec.root_n] != 0))
		return NULL;
	return path + rec.root_n + (path[rec.root_n] == '/');
}

static struct op *
note(enum op_kind kind)
{
	struct op *op = past_op(rec.past, kind);

	op->now = *rec.now;
	return op;
}

static struct live *
live_find(const char *name)
{
	for (size_t i = 0; i < rec.lives; i++)
		if (strcmp(rec.live[i].name, name) == 0)
			return &rec.live[i];
	return NULL;
}

static void
live_set(const char *name, size_t file)
{
	struct live *have = live_find(name);

	if (have == NULL) {
		rec.live = mem_array(rec.live, rec.lives + 1, sizeof(*rec.live));
		have = &rec.live[rec.lives++];
		have->name = mem_str(name);
	}
	have->file = file;
}

static void
live_drop(const char *name)
{
	struct live *have = live_find(name);

	if (have == NULL)
		return;
	free(have->name);
	*have = rec.live[--rec.lives];
}

static size_t
file_new(size_t length)
{
	rec.length = mem_array(rec.length, rec.files + 1, sizeof(*rec.length));
	rec.length[rec.files] = length;
	return rec.files++;
}

/* Its number; a name that is new is noted. */
static size_t
file_named(const char *name)
{
	struct live *have = live_find(name);
	struct op *op;

	if (have != NULL)
		return have->file;
	op = note(OP_CREATE);
	op->name = mem_str(name);
	op->file = file_new(0);
	live_set(name, op->file);
	return op->file;
}

static void
note_write(size_t file, size_t at, const void *p, size_t n)
{
	struct op *op = note(OP_WRITE);

	op->file = file;
	op->at = at;
	blob_add(&op->bytes, p, n);
	if (rec.length[file] < at + n)
		rec.length[file] = at + n;
}

static void
note_length(size_t file, size_t length)
{
	struct op *op = note(OP_TRUNCATE);

	op->file = file;
	op->at = length;
	rec.length[file] = length;
}

static void
note_sync(size_t file)
{
	note(OP_SYNC)->file = file;
}

static void
note_name(enum op_kind kind, const char *name)
{
	note(kind)->name = mem_str(name);
}

/* ---- our own calls ---- */

/* NOLINTBEGIN: names that the linker gives */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_ftruncate64(int fd, off_t length);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __real_symlink(const char *target, const char *path);
int __wrap_symlink(const char *target, const char *path);
/* NOLINTEND */

static struct open_file *
opened(int fd)
{
	return rec.past != NULL && fd >= 0 && fd < FDS &&
		       (rec.fd[fd].file != NO_FILE || rec.fd[fd].dir != NULL)
		   ? &rec.fd[fd]
		   : NULL;
}

static void
fd_forget(int fd)
{
	if (fd < 0 || fd >= FDS)
		return;
	free(rec.fd[fd].dir);
	rec.fd[fd] = (struct open_file){.file = NO_FILE};
}

static void
fd_note(int fd, const char *path, int flags)
{
	const char *name = below_root(path);

	if (fd < 0 || name == NULL)
		return;
	if (fd >= FDS)
		abort();
	fd_forget(fd);
	if ((flags & O_DIRECTORY) != 0) {
		rec.fd[fd].dir = mem_str(name);
		return;
	}
	rec.fd[fd].file = file_named(name);
	rec.fd[fd].append = (flags & O_APPEND) != 0;
	if ((flags & O_TRUNC) != 0)
		note_length(rec.fd[fd].file, 0);
}

static int
open_noted(const char *path, int flags, mode_t mode)
{
	int fd = __real_open(path, flags, mode);

	fd_note(fd, path, flags);
	return fd;
}

int
__wrap_open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_noted(path, flags, mode);
}

int
__wrap_open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_noted(path, flags, mode);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	struct open_file *f = opened(fd);
	ssize_t done = __real_write(fd, p, n);

	if (f == NULL || done <= 0)
		return done;
	if (f->append)
		f->at = rec.length[f->file];
	note_write(f->file, f->at, p, (size_t)done);
	f->at += (size_t)done;
	return done;
}

int
__wrap_close(int fd)
{
	if (opened(fd) != NULL)
		fd_forget(fd);
	return __real_close(fd);
}

int
__wrap_fsync(int fd)
{
	struct open_file *f = opened(fd);

	if (f != NULL && f->dir != NULL && rec.plant != PLANT_DIR_NOT_SYNCED)
		note_name(OP_SYNC_DIR, f->dir);
	else if (f != NULL && f->dir == NULL && rec.plant != PLANT_FILE_NOT_SYNCED)
		note_sync(f->file);
	return __real_fsync(fd);
}

int
__wrap_fdatasync(int fd)
{
	struct open_file *f = opened(fd);

	if (f != NULL && rec.plant != PLANT_LOG_NOT_SYNCED)
		note_sync(f->file);
	return __real_fdatasync(fd);
}

int
__wrap_ftruncate(int fd, off_t length)
{
	struct open_file *f = opened(fd);

	if (f != NULL)
		note_length(f->file, (size_t)length);
	return __real_ftruncate(fd, length);
}

int
__wrap_ftruncate64(int fd, off_t length)
{
	return __wrap_ftruncate(fd, length);
}

int
__wrap_rename(const char *from, const char *to)
{
	const char *was = below_root(from), *is = below_root(to);
	struct op *op;
	size_t file;

	if (was != NULL && is != NULL && live_find(was) != NULL) {
		file = live_find(was)->file;
		op = note(OP_RENAME);
		op->name = mem_str(was);
		op->to = mem_str(is);
		op->file = file;
		live_drop(was);
		live_set(is, file);
	}
	return __real_rename(from, to);
}

static void
note_unlink(const char *path)
{
	const char *name = below_root(path);

	if (name == NULL || live_find(name) == NULL)
		return;
	note_name(OP_UNLINK, name);
	live_drop(name);
}

int
__wrap_unlink(const char *path)
{
	note_unlink(path);
	return __real_unlink(path);
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	const char *name = below_root(path);
	int rc = __real_mkdir(path, mode);

	if (rc == 0 && name != NULL) {
		note_name(OP_MKDIR, name);
		live_set(name, NO_FILE);
	}
	return rc;
}

int
__wrap_rmdir(const char *path)
{
	int rc = __real_rmdir(path);

	if (rc == 0)
		note_unlink(path);
	return rc;
}

int
__wrap_symlink(const char *target, const char *path)
{
	const char *name = below_root(path);
	int rc = __real_symlink(target, path);
	struct op *op;

	if (rc != 0 || name == NULL)
		return rc;
	op = note(OP_SYMLINK);
	op->name = mem_str(name);
	op->file = file_new(0);
	blob_add_str(&op->bytes, target);
	live_set(name, op->file);
	return rc;
}

/* ---- SQLite's ---- */

struct shim {
	sqlite3_file base;
	size_t file; /* NO_FILE: not noted */
	sqlite3_file *real;
};

static sqlite3_vfs shim_vfs, *real_vfs;
static int (*real_open_directory)(const char *path, int *fd);

static struct shim *
shim_of(sqlite3_file *f)
{
	return (struct shim *)f;
}

static bool
noted(const struct shim *s)
{
	return s->file != NO_FILE && rec.past != NULL;
}

static int
shim_close(sqlite3_file *f)
{
	return shim_of(f)->real->pMethods->xClose(shim_of(f)->real);
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return shim_of(f)->real->pMethods->xRead(shim_of(f)->real, p, n, at);
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct shim *s = shim_of(f);

	if (noted(s))
		note_write(s->file, (size_t)at, p, (size_t)n);
	return s->real->pMethods->xWrite(s->real, p, n, at);
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 length)
{
	struct shim *s = shim_of(f);

	if (noted(s))
		note_length(s->file, (size_t)length);
	return s->real->pMethods->xTruncate(s->real, length);
}

/* A file that is new is followed by its directory: open_directory notes that. */
static int
shim_sync(sqlite3_file *f, int flags)
{
	struct shim *s = shim_of(f);

	if (noted(s))
		note_sync(s->file);
	return s->real->pMethods->xSync(s->real, flags);
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *out)
{
	return shim_of(f)->real->pMethods->xFileSize(shim_of(f)->real, out);
}

static int
shim_lock(sqlite3_file *f, int level)
{
	return shim_of(f)->real->pMethods->xLock(shim_of(f)->real, level);
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return shim_of(f)->real->pMethods->xUnlock(shim_of(f)->real, level);
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	return shim_of(f)->real->pMethods->xCheckReservedLock(shim_of(f)->real, out);
}

static int
shim_control(sqlite3_file *f, int what, void *arg)
{
	return shim_of(f)->real->pMethods->xFileControl(shim_of(f)->real, what, arg);
}

static int
shim_sector(sqlite3_file *f)
{
	return shim_of(f)->real->pMethods->xSectorSize(shim_of(f)->real);
}

static int
shim_device(sqlite3_file *f)
{
	return shim_of(f)->real->pMethods->xDeviceCharacteristics(shim_of(f)->real);
}

/* Version 1: no shared memory, which the store does without. */
static const sqlite3_io_methods shim_methods = {
    .iVersion = 1,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
};

static int
shim_open(sqlite3_vfs *v, sqlite3_filename path, sqlite3_file *f, int flags, int *out)
{
	struct shim *s = shim_of(f);
	const char *name = below_root(path);
	int rc;

	(void)v;
	s->base.pMethods = NULL;
	s->file = NO_FILE;
	s->real = (sqlite3_file *)(s + 1);
	rc = real_vfs->xOpen(real_vfs, path, s->real, flags, out);
	if (rc != SQLITE_OK)
		return rc;
	s->base.pMethods = &shim_methods;
	if (name != NULL)
		s->file = file_named(name);
	return rc;
}

static int
shim_delete(sqlite3_vfs *v, const char *path, int sync_dir)
{
	(void)v;
	note_unlink(path);
	return real_vfs->xDelete(real_vfs, path, sync_dir);
}

static int
open_directory(const char *path, int *fd)
{
	const char *name = below_root(path);
	char dir[300];
	int rc = real_open_directory(path, fd);

	if (rc != SQLITE_OK || name == NULL)
		return rc;
	(void)snprintf(dir, sizeof(dir), "%s", name);
	char *slash = strrchr(dir, '/');

	*(slash == NULL ? dir : slash) = 0;
	note_name(OP_SYNC_DIR, dir);
	return rc;
}

static void
shim_register(void)
{
	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find("unix");
	if (real_vfs == NULL)
		abort();
	shim_vfs = *real_vfs;
	shim_vfs.zName = "recorded";
	shim_vfs.szOsFile = (int)sizeof(struct shim) + real_vfs->szOsFile;
	shim_vfs.xOpen = shim_open;
	shim_vfs.xDelete = shim_delete;
	real_open_directory =
	    (int (*)(const char *, int *))real_vfs->xGetSystemCall(real_vfs, "openDirectory");
	if (sqlite3_vfs_register(&shim_vfs, 1) != SQLITE_OK ||
	    real_vfs->xSetSystemCall(
		real_vfs, "openDirectory", (sqlite3_syscall_ptr)open_directory) != SQLITE_OK)
		abort();
}

/* ---- on and off ---- */

void
record_start(const char *root, struct past *p, enum plant plant, const when_t *now)
{
	record_stop();
	shim_register();
	for (int i = 0; i < FDS; i++)
		rec.fd[i] = (struct open_file){.file = NO_FILE};
	(void)snprintf(rec.root, sizeof(rec.root), "%s", root);
	rec.root_n = strlen(rec.root);
	rec.plant = plant;
	rec.now = now;
	for (size_t i = 0; i < p->base.n; i++)
		live_set(p->base.entry[i].name, p->base.entry[i].is_dir ? (void)file_new(0),
		    NO_FILE : file_new(p->base.entry[i].bytes.n));
	rec.past = p;
}

void
record_stop(void)
{
	rec.past = NULL;
	for (int i = 0; i < FDS; i++)
		fd_forget(i);
	while (rec.lives > 0)
		free(rec.live[--rec.lives].name);
	free(rec.live);
	free(rec.length);
	rec.live = NULL;
	rec.length = NULL;
	rec.files = 0;
}
