/* shelf_file.c - a trustpoint's shelf in one file. */
#include <stdlib.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define SHELF_MAX (4 * 1024 * 1024) /* six leaves, each from an answer or two */

/*
 * The file: eight octets of name and version, the SHA-256 of what follows, each leaf with its
 * length before it. It is replaced as a whole, so all changes of a put are there or none; an
 * octet that a disk has turned is noticed. Files of before 2026-12 have no digest.
 */
static const struct view head = {(const uint8_t *)"KMSHELF2", 8};
static const struct view head_before = {(const uint8_t *)"KMSHELF1", 8};
#define DIGEST 32

struct file_shelf {
	struct tp_shelf shelf; /* first */
	const char *state, *name;
};

static const char *
path_of(struct tp_shelf *s, char out[512])
{
	const struct file_shelf *f = (const struct file_shelf *)s;

	return agent_path(f->state, f->name, "shelf", out);
}

bool
shelf_decode(struct view bytes, const char *path, struct view leaf[TP_LEAVES], struct err *e)
{
	struct reader r = reader_of(bytes);
	struct view first = {0}, digest;
	bool before = read_view(&r, head.n, &first) && view_equal(first, head_before);
	uint8_t right[DIGEST];

	if (!before && (!view_equal(first, head) || !read_view(&r, DIGEST, &digest)))
		return err_set(e, WHY_BAD_INPUT, "%s is no shelf of a trustpoint", path);
	if (!before) {
		sha256(view_of(r.p, r.n), right);
		if (!view_equal(digest, view_of(right, sizeof(right))))
			return err_set(e, WHY_BAD_INPUT,
			    "%s is damaged: move it away to enrol anew", path);
	}
	for (size_t i = 0; i < TP_LEAVES; i++)
		if (!read_sized(&r, &leaf[i]))
			return err_set(e, WHY_BAD_INPUT, "%s: leaf %zu is cut off", path, i);
	return r.n == 0 || err_set(e, WHY_BAD_INPUT, "%s: %zu octets too many", path, r.n);
}

void
shelf_encode(const struct view leaf[TP_LEAVES], struct blob *out)
{
	struct blob leaves = {0};
	uint8_t digest[DIGEST];

	for (size_t i = 0; i < TP_LEAVES; i++)
		blob_add_sized(&leaves, leaf[i]);
	sha256(blob_view(&leaves), digest);
	blob_add_view(out, head);
	blob_add(out, digest, sizeof(digest));
	blob_add_view(out, blob_view(&leaves));
	blob_free(&leaves);
}

/* No file: nothing on it. */
static bool
leaves_read(const char *path, struct blob *bytes, struct view leaf[TP_LEAVES], struct err *e)
{
	struct err why = {0};

	for (size_t i = 0; i < TP_LEAVES; i++)
		leaf[i] = (struct view){0};
	if (!file_read(path, SHELF_MAX, bytes, &why))
		return why.why == WHY_NOT_FOUND || err_set(e, why.why, "%s", why.text);
	return shelf_decode(blob_view(bytes), path, leaf, e);
}

static bool
file_get(struct tp_shelf *s, enum tp_leaf at, struct blob *out, struct err *e)
{
	struct view leaf[TP_LEAVES];
	struct blob bytes = {0};
	char path[512];
	bool ok = leaves_read(path_of(s, path), &bytes, leaf, e) &&
		  (leaf[at].n > 0 || err_set(e, WHY_NOT_FOUND, "the shelf has no such leaf"));

	if (ok)
		blob_set(out, leaf[at]);
	blob_free(&bytes);
	return ok;
}

static bool
file_put(struct tp_shelf *s, const struct tp_change *list, size_t n, struct err *e)
{
	struct view leaf[TP_LEAVES];
	struct blob old = {0}, bytes = {0};
	char path[512];
	bool ok = leaves_read(path_of(s, path), &old, leaf, e);

	for (size_t i = 0; i < n; i++)
		leaf[list[i].leaf] = list[i].bytes;
	shelf_encode(leaf, &bytes);
	if (ok && bytes.n > SHELF_MAX)
		ok = err_set(
		    e, WHY_REFUSED, "a shelf of %zu octets, limit %d", bytes.n, SHELF_MAX);
	crash_point("shelf-before-put");
	ok = ok && file_replace(path, 0600, blob_view(&bytes), e);
	crash_point("shelf-after-put");
	blob_free(&old);
	blob_free(&bytes);
	return ok;
}

static void
file_close(struct tp_shelf *s)
{
	free(s);
}

static const struct tp_shelf_table file_table = {
    .get = file_get,
    .put = file_put,
    .close = file_close,
};

struct tp_shelf *
shelf_file(const char *state, const char *name)
{
	struct file_shelf *f = mem_get(sizeof(*f));

	f->shelf.table = &file_table;
	f->state = state;
	f->name = name;
	return &f->shelf;
}
