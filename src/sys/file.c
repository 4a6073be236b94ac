/* file.c - read, replace and lock files safely. */
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
file_trouble(struct err *e, const char *act, const char *path)
{
	enum why why = errno == ENOENT ? WHY_NOT_FOUND : WHY_IO;

	return err_set(e, why, "cannot %s '%s': %s", act, path, strerror(errno));
}

/* Appends at most max + 1 octets: one more than allowed shows that there are too many. */
static bool
read_up_to(int fd, size_t max, struct blob *out)
{
	uint8_t part[16384];
	ssize_t n = 1;

	while (n != 0 && out->n <= max) {
		size_t want = max + 1 - out->n;

		n = read(fd, part, want < sizeof(part) ? want : sizeof(part));
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			blob_add(out, part, (size_t)n);
	}
	mem_wipe(part, sizeof(part));
	return true;
}

bool
file_read(const char *path, size_t max, struct blob *out, struct err *e)
{
	struct blob bytes = {0};
	bool ok = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return file_trouble(e, "open", path);
	if (!read_up_to(fd, max, &bytes)) {
		file_trouble(e, "read", path);
		goto out;
	}
	if (bytes.n > max) {
		err_set(e, WHY_BAD_INPUT, "'%s' is larger than %zu bytes", path, max);
		goto out;
	}
	blob_free(out);
	*out = bytes;
	bytes = (struct blob){0};
	ok = true;
out:
	close(fd);
	blob_free(&bytes);
	return ok;
}

bool
fd_write(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t n = write(fd, v.p, v.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		v = view_of(v.p + n, v.n - (size_t)n);
	}
	return true;
}

/* The directory of path, of which only the name is looked at. */
static void
dir_of(const char *path, struct blob *out)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		blob_add_str(out, ".");
	else
		blob_add(out, path, slash == path ? 1 : (size_t)(slash - path));
}

bool
dir_sync(const char *path, struct err *e)
{
	struct blob dir = {0};
	bool ok;
	int fd;

	dir_of(path, &dir);
	fd = open(blob_cstr(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = (fd >= 0 && fsync(fd) == 0) ||
	     file_trouble(e, "synchronise the directory of", path);
	if (fd >= 0)
		close(fd);
	blob_free(&dir);
	return ok;
}

/* Leaves a whole, synchronised file at path or none. */
static bool
file_write_new(const char *path, mode_t mode, int64_t group, struct view bytes, struct err *e)
{
	bool ok;
	int fd;

	(void)unlink(path); /* left by a crash */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return file_trouble(e, "create", path);
	ok = (group < 0 || fchown(fd, (uid_t)-1, (gid_t)group) == 0) && fd_write(fd, bytes) &&
	     fchmod(fd, mode) == 0 && fsync(fd) == 0;
	if (close(fd) != 0)
		ok = false;
	if (ok)
		return true;
	file_trouble(e, "write", path);
	(void)unlink(path);
	return false;
}

bool
file_write(const char *path, mode_t mode, struct view bytes, struct err *e)
{
	return file_write_new(path, mode, -1, bytes, e);
}

bool
file_replace(const char *path, mode_t mode, struct view bytes, struct err *e)
{
	return file_replace_for(path, mode, -1, bytes, e);
}

bool
file_replace_for(const char *path, mode_t mode, int64_t group, struct view bytes, struct err *e)
{
	struct blob beside = {0};
	bool ok = false;

	blob_printf(&beside, "%s.new", path);
	if (!file_write_new(blob_cstr(&beside), mode, group, bytes, e))
		goto out;
	if (rename(blob_cstr(&beside), path) != 0) {
		file_trouble(e, "replace", path);
		(void)unlink(blob_cstr(&beside));
		goto out;
	}
	ok = dir_sync(path, e);
out:
	blob_free(&beside);
	return ok;
}

bool
file_replace_kept(const char *path, struct view bytes, struct err *e)
{
	struct blob beside = {0};
	struct stat st;
	bool ok = false;

	blob_printf(&beside, "%s.new", path);
	if (stat(path, &st) != 0) {
		file_trouble(e, "find", path);
	} else if (file_write_new(
		       blob_cstr(&beside), st.st_mode & 07777, st.st_gid, bytes, e)) {
		ok =
		    (st.st_uid == geteuid() ||
			chown(blob_cstr(&beside), st.st_uid, (gid_t)-1) == 0 ||
			file_trouble(e, "keep the owner of", path)) &&
		    (rename(blob_cstr(&beside), path) == 0 || file_trouble(e, "replace", path));
		if (!ok)
			(void)unlink(blob_cstr(&beside));
	}
	blob_free(&beside);
	return ok && dir_sync(path, e);
}

bool
file_remove(const char *path, struct err *e)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return file_trouble(e, "remove", path);
	return dir_sync(path, e);
}

bool
file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* ---- links and directories ---- */

bool
link_read(const char *path, char *out, size_t size, struct err *e)
{
	ssize_t n = readlink(path, out, size - 1);

	if (n < 0)
		return errno == ENOENT ? err_set(e, WHY_NOT_FOUND, "no link '%s'", path)
				       : file_trouble(e, "read link", path);
	out[n] = '\0';
	return true;
}

bool
link_replace(const char *path, const char *target, struct err *e)
{
	struct blob beside = {0};
	bool ok = false;

	blob_printf(&beside, "%s.new", path);
	(void)unlink(blob_cstr(&beside)); /* left by a crash */
	if (symlink(target, blob_cstr(&beside)) != 0)
		file_trouble(e, "make link", blob_cstr(&beside));
	else if (rename(blob_cstr(&beside), path) != 0)
		file_trouble(e, "replace link", path);
	else
		ok = dir_sync(path, e);
	blob_free(&beside);
	return ok;
}

bool
dir_each(const char *path, dir_call call, void *arg, struct err *e)
{
	DIR *dir = opendir(path);
	const struct dirent *d;

	if (dir == NULL)
		return errno == ENOENT || file_trouble(e, "list directory", path);
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			call(arg, d->d_name);
	closedir(dir);
	return true;
}

static void
remove_one(void *arg, const char *name)
{
	const char *dir = arg;
	struct blob path = {0};

	blob_printf(&path, "%s/%s", dir, name);
	(void)unlink(blob_cstr(&path)); /* rmdir says what stayed */
	blob_free(&path);
}

bool
dir_remove(const char *path, struct err *e)
{
	char *dir = mem_str(path);
	bool ok = dir_each(path, remove_one, dir, e);

	free(dir);
	if (ok && rmdir(path) != 0 && errno != ENOENT)
		ok = file_trouble(e, "remove directory", path);
	return ok && dir_sync(path, e);
}

bool
dir_add(const char *path, mode_t mode, struct err *e)
{
	return mkdir(path, mode) == 0 || errno == EEXIST ||
	       file_trouble(e, "make directory", path);
}

/* Once it returns true, its name is on disk as well. */
static bool
dir_make_one(const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) == 0)
		return dir_sync(path, e);
	return errno == EEXIST || file_trouble(e, "make directory", path);
}

bool
dir_make(const char *path, mode_t mode, struct err *e)
{
	char *upto = mem_str(path);
	struct stat st;
	bool ok = false;

	for (char *p = upto; *p != '\0';) {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		char kept = *p;
		*p = '\0';
		if (*upto != '\0' && !dir_make_one(upto, mode, e))
			goto out;
		*p = kept;
	}
	if (stat(path, &st) != 0)
		file_trouble(e, "look at", path);
	else if (!S_ISDIR(st.st_mode))
		err_set(e, WHY_IO, "'%s' is no directory", path);
	else if (eaccess(path, W_OK | X_OK) != 0)
		err_set(e, WHY_IO, "directory '%s' is not writable for user %ld: %s", path,
		    (long)geteuid(), strerror(errno));
	else
		ok = true;
out:
	free(upto);
	return ok;
}

/* The holder writes its process id into the lock file, for this message only. */
static bool
lock_refuse(int fd, const char *dir, struct err *e)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	return err_set(e, WHY_BUSY, "'%s' is in use by process %s", dir,
	    pid[0] != '\0' ? pid : "(unknown)");
}

bool
dir_lock(const char *dir, int *out, struct err *e)
{
	struct blob path = {0};
	bool ok = false;
	int fd = -1;

	blob_printf(&path, "%s/lock", dir);
	fd = open(blob_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		file_trouble(e, "open", blob_cstr(&path));
		goto out;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			lock_refuse(fd, dir, e);
		else
			file_trouble(e, "lock", blob_cstr(&path));
		goto out;
	}
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		file_trouble(e, "write", blob_cstr(&path));
		goto out;
	}
	*out = fd;
	ok = true;
out:
	if (!ok && fd >= 0)
		close(fd);
	blob_free(&path);
	return ok;
}
