/* identity_start.c - what lies on disk at a start. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define TOLD_MAX 4096
#define PEM_MAX (512 * 1024) /* of an answer's largest certificate */
#define NUMBER_MAX 999999999
#define FOUND_MAX 64 /* directories that a start looks at */

/* ---- what must be known after a restart ---- */

static const struct view told_head = {(const uint8_t *)"KMTOLD01", 8};

void
told_encode(const struct identity *i, struct blob *out)
{
	blob_add_view(out, told_head);
	blob_add(out, i->told, sizeof(i->told));
	blob_add(out, i->returned, sizeof(i->returned));
	blob_add_u64(out, (uint64_t)i->returned_until);
	blob_add_u64(out, (uint64_t)i->active_until);
	blob_add_u64(out, (uint64_t)i->before_until);
	blob_add_u32(out, i->before);
}

bool
told_decode(struct view bytes, struct identity *i)
{
	struct reader r = reader_of(bytes);
	struct view head, told, returned;
	uint64_t returned_until, active_until, before_until;
	uint32_t before;

	if (!read_view(&r, told_head.n, &head) || !view_equal(head, told_head) ||
	    !read_view(&r, sizeof(i->told), &told) ||
	    !read_view(&r, sizeof(i->returned), &returned) || !read_u64(&r, &returned_until) ||
	    !read_u64(&r, &active_until) || !read_u64(&r, &before_until) ||
	    !read_u32(&r, &before) || r.n != 0)
		return false;
	memcpy(i->told, told.p, told.n);
	memcpy(i->returned, returned.p, returned.n);
	i->returned_until = (when_t)returned_until;
	i->active_until = (when_t)active_until;
	i->before_until = (when_t)before_until;
	i->before = before;
	return true;
}

bool
told_save(const struct member *m, struct err *e)
{
	struct blob b = {0};
	char path[512];
	bool ok;

	told_encode(&m->identity, &b);
	ok = file_replace(
	    agent_path(m->agent->state, m->name, "told", path), 0600, blob_view(&b), e);
	blob_free(&b);
	return ok;
}

/* None, or one that makes no sense: hooks hear of everything once more. */
static void
told_load(struct member *m)
{
	struct identity *i = &m->identity;
	struct blob b = {0};
	char path[512];

	if (file_read(agent_path(m->agent->state, m->name, "told", path), TOLD_MAX, &b, NULL) &&
	    !told_decode(blob_view(&b), i))
		log_warn(
		    "hooks hear of everything once more, what they had heard makes no sense",
		    "trustpoint='%s' file='%s'", m->name, path);
	blob_free(&b);
	if (i->before != 0 && i->before == i->active) { /* noted, but not linked */
		i->active_until = i->before_until;
		i->before = 0;
	}
}

/* 0: no name of ours. */
static uint32_t
number_of(const char *name)
{
	char same[32];
	unsigned long n;

	if (strncmp(name, "gen-", 4) != 0)
		return 0;
	n = strtoul(name + 4, NULL, 10);
	(void)snprintf(same, sizeof(same), "gen-%04lu", n);
	return n <= NUMBER_MAX && strcmp(name, same) == 0 ? (uint32_t)n : 0;
}

struct scan {
	uint32_t number[FOUND_MAX], last;
	size_t n;
};

static void
name_found(void *arg, const char *name)
{
	struct scan *s = arg;
	uint32_t number = number_of(name);

	s->last = number > s->last ? number : s->last;
	if (number != 0 && s->n < FOUND_MAX)
		s->number[s->n++] = number;
}

static void
generation_load(struct member *m, uint32_t number, struct generation *g)
{
	struct blob pem = {0};
	char path[512];

	g->number = number;
	if (file_read(generation_path(m, number, "cert.pem", path), PEM_MAX, &pem, NULL))
		mark_bytes(blob_view(&pem), g->mark);
	g->whole = pem.n > 0 && file_exists(generation_path(m, number, "key.pem", path)) &&
		   file_exists(generation_path(m, number, "info.json", path));
	blob_free(&pem);
}

static uint32_t
linked(struct member *m, const char *leaf)
{
	char path[512], target[64];

	return link_read(agent_path(m->agent->state, m->name, leaf, path), target,
		   sizeof(target), NULL)
		   ? number_of(target)
		   : 0;
}

static bool
is_linked(const struct identity *i, uint32_t number)
{
	return number == i->active || number == i->shadow || number == i->before;
}

/* Those that links name have their place before the others; what finds none is of no use. */
static void
generations_load(struct member *m, const struct scan *s)
{
	struct identity *i = &m->identity;
	char path[512];
	struct err e = {0};
	size_t n = 0;

	for (size_t k = 0; k < s->n; k++)
		if (is_linked(i, s->number[k]))
			generation_load(m, s->number[k], &i->known[n++]);
	for (size_t k = 0; k < s->n; k++) {
		if (is_linked(i, s->number[k]))
			continue;
		if (n < GENERATIONS - 1) /* one stays free for the next */
			generation_load(m, s->number[k], &i->known[n++]);
		else if (!dir_remove(generation_path(m, s->number[k], NULL, path), &e))
			log_warn("old identity stays on disk", "trustpoint='%s' why='%s'",
			    m->name, e.text);
	}
	if (generation_numbered(i, i->before) == NULL)
		i->before = 0;
}

bool
identity_open(struct member *m, struct err *e)
{
	struct identity *i = &m->identity;
	struct scan scan = {0};
	char path[512];

	i->at = WHEN_NEVER;
	if (!dir_each(agent_path(m->agent->state, m->name, NULL, path), name_found, &scan, e))
		return false;
	i->active = linked(m, "active");
	i->shadow = linked(m, "shadow");
	told_load(m);
	i->last = scan.last > i->before ? scan.last : i->before;
	generations_load(m, &scan);
	identity_look(m);
	return true;
}
