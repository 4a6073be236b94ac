/* power_disk.c - what a power cut leaves of a disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/power.h"

#define MISSING SIZE_MAX

/* ---- the past ---- */

struct op *
past_op(struct past *p, enum op_kind kind)
{
	if (p->ops == p->room) {
		p->room = p->room * 2 + 64;
		p->op = mem_array(p->op, p->room, sizeof(*p->op));
	}
	p->op[p->ops] = (struct op){.kind = kind};
	return &p->op[p->ops++];
}

/* What is known already is known since then. */
void
past_event(struct past *p, enum event_kind kind, when_t now, int64_t number, struct view bytes)
{
	struct event *ev;

	for (size_t i = 0; i < p->events; i++)
		if (p->event[i].kind == kind && p->event[i].number == number &&
		    view_equal(blob_view(&p->event[i].bytes), bytes))
			return;
	p->event = mem_array(p->event, p->events + 1, sizeof(*p->event));
	ev = &p->event[p->events++];
	*ev = (struct event){.kind = kind, .at = p->ops, .now = now, .number = number};
	blob_add_view(&ev->bytes, bytes);
}

const struct event *
past_newest(const struct past *p, enum event_kind kind, size_t at)
{
	const struct event *found = NULL;

	for (size_t i = 0; i < p->events && p->event[i].at <= at; i++)
		if (p->event[i].kind == kind)
			found = &p->event[i];
	return found;
}

void
image_free(struct image *i)
{
	for (size_t k = 0; k < i->n; k++) {
		free(i->entry[k].name);
		blob_free(&i->entry[k].bytes);
	}
	free(i->entry);
	*i = (struct image){0};
}

void
past_free(struct past *p)
{
	image_free(&p->base);
	for (size_t i = 0; i < p->ops; i++) {
		free(p->op[i].name);
		free(p->op[i].to);
		blob_free(&p->op[i].bytes);
	}
	for (size_t i = 0; i < p->events; i++)
		blob_free(&p->event[i].bytes);
	free(p->op);
	free(p->event);
	*p = (struct past){0};
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t
chance(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
chance_below(uint64_t *seed, uint64_t most)
{
	return chance(seed) % most;
}

/* ---- a disk at an instant ---- */

struct list { /* of operations that wait for a sync, by number */
	size_t *op;
	size_t n, room;
};
struct name {
	char *name;
	size_t file; /* MISSING: a directory */
};
struct names {
	struct name *name;
	size_t n;
};
struct disk {
	const struct past *past;
	size_t at, epoch, files;
	struct blob *file; /* what is durable of each */
	bool *link;	   /* is it a link? */
	struct list *waits;
	struct names names; /* that are durable */
	struct list renaming;
};

static void
list_add(struct list *l, size_t op)
{
	if (l->n == l->room) {
		l->room = l->room * 2 + 16;
		l->op = mem_array(l->op, l->room, sizeof(*l->op));
	}
	l->op[l->n++] = op;
}

static struct name *
name_find(const struct names *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->name[i].name, name) == 0)
			return &s->name[i];
	return NULL;
}

static void
name_set(struct names *s, const char *name, size_t file)
{
	struct name *have = name_find(s, name);

	if (have == NULL) {
		s->name = mem_array(s->name, s->n + 1, sizeof(*s->name));
		have = &s->name[s->n++];
		have->name = mem_str(name);
	}
	have->file = file;
}

static void
name_drop(struct names *s, const char *name)
{
	struct name *have = name_find(s, name);

	if (have == NULL)
		return;
	free(have->name);
	*have = s->name[--s->n];
}

static void
names_free(struct names *s)
{
	while (s->n > 0)
		free(s->name[--s->n].name);
	free(s->name);
	*s = (struct names){0};
}

static void
names_apply(struct names *s, const struct op *op)
{
	switch (op->kind) {
	case OP_CREATE:
	case OP_SYMLINK:
		name_set(s, op->name, op->file);
		break;
	case OP_MKDIR:
		name_set(s, op->name, MISSING);
		break;
	case OP_RENAME:
		name_drop(s, op->name);
		name_set(s, op->to, op->file);
		break;
	default:
		name_drop(s, op->name);
		break;
	}
}

static size_t
dir_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? 0 : (size_t)(slash - name);
}

static bool
lies_in(const char *name, const char *dir)
{
	return dir_length(name) == strlen(dir) && strncmp(name, dir, strlen(dir)) == 0;
}

static void
grow_to(struct blob *b, size_t n)
{
	if (b->n < n)
		memset(blob_grow(b, n - b->n), 0, n - b->n);
}

static void
piece_apply(struct blob *b, const struct op *op, size_t from, size_t until)
{
	grow_to(b, until);
	memcpy(b->p + from, op->bytes.p + (from - op->at), until - from);
}

static void
file_apply(struct blob *b, const struct op *op)
{
	if (op->kind == OP_WRITE) {
		piece_apply(b, op, op->at, op->at + op->bytes.n);
		return;
	}
	grow_to(b, op->at);
	b->n = op->at;
}

static size_t
files_in(const struct past *p)
{
	size_t files = p->base.n;

	for (size_t i = 0; i < p->ops; i++)
		if ((p->op[i].kind == OP_CREATE || p->op[i].kind == OP_SYMLINK) &&
		    p->op[i].file >= files)
			files = p->op[i].file + 1;
	return files;
}

struct disk *
disk_new(const struct past *p)
{
	struct disk *d = mem_get(sizeof(*d));

	d->past = p;
	d->files = files_in(p);
	d->file = mem_get((d->files + 1) * sizeof(*d->file));
	d->waits = mem_get((d->files + 1) * sizeof(*d->waits));
	d->link = mem_get((d->files + 1) * sizeof(*d->link));
	for (size_t i = 0; i < p->base.n; i++) {
		const struct entry *entry = &p->base.entry[i];

		name_set(&d->names, entry->name, entry->is_dir ? MISSING : i);
		blob_set(&d->file[i], blob_view(&entry->bytes));
		d->link[i] = entry->is_link;
	}
	return d;
}

void
disk_free(struct disk *d)
{
	for (size_t i = 0; i < d->files; i++) {
		blob_free(&d->file[i]);
		free(d->waits[i].op);
	}
	names_free(&d->names);
	free(d->file);
	free(d->link);
	free(d->waits);
	free(d->renaming.op);
	free(d);
}

static void
sync_file(struct disk *d, size_t file)
{
	struct list *l = &d->waits[file];

	for (size_t i = 0; i < l->n; i++)
		file_apply(&d->file[file], &d->past->op[l->op[i]]);
	l->n = 0;
}

static void
sync_dir(struct disk *d, const char *dir)
{
	struct list *l = &d->renaming;
	size_t left = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct op *op = &d->past->op[l->op[i]];

		if (lies_in(op->name, dir))
			names_apply(&d->names, op);
		else
			l->op[left++] = l->op[i];
	}
	l->n = left;
}

void
disk_advance(struct disk *d)
{
	const struct op *op = &d->past->op[d->at];

	switch (op->kind) {
	case OP_WRITE:
	case OP_TRUNCATE:
		list_add(&d->waits[op->file], d->at);
		break;
	case OP_SYNC:
		sync_file(d, op->file);
		d->epoch++;
		break;
	case OP_SYNC_DIR:
		sync_dir(d, op->name);
		d->epoch++;
		break;
	case OP_SYMLINK: /* no name without its target */
		blob_set(&d->file[op->file], blob_view(&op->bytes));
		d->link[op->file] = true;
		list_add(&d->renaming, d->at);
		break;
	default:
		list_add(&d->renaming, d->at);
		break;
	}
	d->at++;
}

size_t
disk_epoch(const struct disk *d)
{
	return d->epoch;
}

/* ---- choosing ---- */

/*
 * A disk may keep any part of what it was not told to keep. NOTHING and EVERYTHING are the
 * ends; ORDERED is one queue that was cut, IN_FILE a queue a file; SCATTERED has lost single
 * writes and sectors of them; ZEROS has noted lengths before contents, as file systems do that
 * allocate late.
 */
enum mode { NOTHING, EVERYTHING, ORDERED, IN_FILE, SCATTERED, ZEROS, MODES };
static const char *const mode_words[MODES] = {"nothing unsynchronised is there",
    "everything is there", "the queue was cut", "the queue of each file was cut",
    "single sectors are missing", "lengths are there, contents are not"};

struct draw {
	struct disk *d;
	uint64_t *seed;
	uint64_t key;
	enum mode mode;
	size_t sector; /* 512, or the 4096 of newer disks */
	size_t cut;    /* ORDERED: the operation that was under way */
	uint64_t keep; /* ZEROS: of 8 sectors this many are there */
};

static bool
coin(struct draw *w)
{
	return chance(w->seed) >> 63 != 0;
}

/* FNV-1a */
static void
key_add(struct draw *w, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		w->key = (w->key ^ (v >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
}

/* A write of which some sectors arrived: for a queue the first ones. */
static void
tear(struct draw *w, struct blob *b, size_t number, bool first_ones)
{
	const struct op *op = &w->d->past->op[number];
	size_t end = op->at + op->bytes.n, until;
	uint64_t sectors = (end + w->sector - 1) / w->sector - op->at / w->sector;
	uint64_t first = first_ones ? chance_below(w->seed, sectors + 1) : 0, n = 0;

	for (size_t at = op->at; at < end; at = until, n++) {
		bool there = first_ones		? n < first
			     : w->mode == ZEROS ? chance_below(w->seed, 8) < w->keep
						: coin(w);

		until = (at / w->sector + 1) * w->sector;
		until = until < end ? until : end;
		if (!there)
			continue;
		piece_apply(b, op, at, until);
		key_add(w, number << 20 ^ n);
	}
	if (!first_ones && (w->mode == ZEROS || coin(w)) && b->n < end) {
		grow_to(b, end);
		key_add(w, number << 20 ^ 0xfffff);
	}
}

static void
whole(struct draw *w, struct blob *b, size_t number)
{
	file_apply(b, &w->d->past->op[number]);
	key_add(w, number << 20 ^ 0xffffe);
}

static void
draw_file(struct draw *w, size_t file, struct blob *b)
{
	const struct list *l = &w->d->waits[file];
	size_t cut = w->mode == ORDERED ? w->cut : SIZE_MAX;

	if (w->mode == IN_FILE && l->n > 0)
		cut = l->op[chance_below(w->seed, l->n)];
	for (size_t i = 0; i < l->n && w->mode != NOTHING; i++) {
		bool write = w->d->past->op[l->op[i]].kind == OP_WRITE;

		if (w->mode < SCATTERED ? l->op[i] < cut : !write && coin(w))
			whole(w, b, l->op[i]);
		else if (write && w->mode < SCATTERED && l->op[i] == cut)
			tear(w, b, l->op[i], true);
		else if (write && (w->mode == ZEROS || (w->mode == SCATTERED && coin(w))))
			tear(w, b, l->op[i], false);
	}
}

/* Names come in their order up to some point, or any of them. */
static void
draw_names(struct draw *w, struct names *out)
{
	const struct list *l = &w->d->renaming;
	bool any = w->mode > ORDERED && coin(w);
	size_t cut = w->cut;

	if (w->mode != ORDERED)
		cut = l->n == 0 || coin(w) ? SIZE_MAX : l->op[chance_below(w->seed, l->n)];
	for (size_t i = 0; i < l->n; i++) {
		bool there = w->mode == EVERYTHING ||
			     (w->mode != NOTHING && (any ? coin(w) : l->op[i] < cut));

		if (!there)
			continue;
		names_apply(out, &w->d->past->op[l->op[i]]);
		key_add(w, l->op[i] << 20 ^ 0xffffd);
	}
}

static size_t
waiting(const struct disk *d, size_t *out, size_t nth)
{
	size_t n = 0;

	for (size_t f = 0; f <= d->files; f++) {
		const struct list *l = f < d->files ? &d->waits[f] : &d->renaming;

		if (nth >= n && nth < n + l->n)
			*out = l->op[nth - n];
		n += l->n;
	}
	return n;
}

void
disk_draw(struct disk *d, uint64_t *seed, struct image *out, uint64_t *key, const char **words)
{
	struct draw w = {.d = d, .seed = seed, .key = UINT64_C(0xcbf29ce484222325)};
	struct names names = {0};
	size_t n = waiting(d, &w.cut, SIZE_MAX);

	w.mode = (enum mode)chance_below(seed, MODES);
	w.sector = coin(&w) ? 512 : 4096;
	w.keep = chance_below(seed, 8);
	w.cut = SIZE_MAX;
	if (n > 0)
		(void)waiting(d, &w.cut, chance_below(seed, n));
	key_add(&w, d->epoch);
	for (size_t i = 0; i < d->names.n; i++)
		name_set(&names, d->names.name[i].name, d->names.name[i].file);
	draw_names(&w, &names);
	out->entry = mem_get((names.n + 1) * sizeof(*out->entry));
	for (size_t i = 0; i < names.n; i++) {
		struct entry *x = &out->entry[out->n];
		size_t above = dir_length(names.name[i].name);

		x->name = mem_str(names.name[i].name);
		x->name[above] = 0;
		bool lost = above > 0 && name_find(&names, x->name) == NULL;
		free(x->name);
		if (lost)
			continue;
		x->name = mem_str(names.name[i].name);
		x->is_dir = names.name[i].file == MISSING;
		out->n++;
		x->is_link = !x->is_dir && d->link[names.name[i].file];
		if (x->is_dir)
			continue;
		blob_set(&x->bytes, blob_view(&d->file[names.name[i].file]));
		draw_file(&w, names.name[i].file, &x->bytes);
	}
	names_free(&names);
	*key = w.key;
	*words = mode_words[w.mode];
}

/* ---- to a real directory ---- */

static bool
entry_write(const struct entry *x, const char *path, struct err *e)
{
	ssize_t n = 0;
	int fd;

	if (x->is_dir)
		return mkdir(path, 0700) == 0 || errno == EEXIST ||
		       err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
	if (x->is_link) {
		char target[600];

		(void)snprintf(target, sizeof(target), "%.*s", (int)x->bytes.n, x->bytes.p);
		return symlink(target, path) == 0 ||
		       err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t at = 0; fd >= 0 && at < x->bytes.n && n >= 0; at += (size_t)n)
		n = write(fd, x->bytes.p + at, x->bytes.n - at);
	if (fd >= 0)
		close(fd);
	return (fd >= 0 && n >= 0) || err_set(e, WHY_IO, "%s: %s", path, strerror(errno));
}

bool
image_write(const struct image *i, const char *dir, struct err *e)
{
	char path[600];
	bool ok = true;

	for (int files = 0; files < 2; files++)
		for (size_t k = 0; ok && k < i->n; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, i->entry[k].name);
			if (i->entry[k].is_dir == (files == 0))
				ok = entry_write(&i->entry[k], path, e);
		}
	return ok;
}

void
dir_empty(const char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *x;
	char path[600];

	while (list != NULL && (x = readdir(list)) != NULL) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, x->d_name);
		if (unlink(path) == 0)
			continue;
		dir_empty(path);
		(void)rmdir(path);
	}
	if (list != NULL)
		closedir(list);
}
