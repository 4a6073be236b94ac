/* pending.c - what was asked elsewhere, or waits for its turn. */
#include <stdlib.h>

#include "agent/agent_int.h"

static void
line_add(struct pending_line *l, struct pending *p)
{
	p->next = NULL;
	if (l->first == NULL)
		l->end = &l->first;
	*l->end = p;
	l->end = &p->next;
	l->count++;
}

static void
line_take(struct pending_line *l, struct pending *p)
{
	for (struct pending **at = &l->first; *at != NULL; at = &(*at)->next) {
		if (*at != p)
			continue;
		*at = p->next;
		if (p->next == NULL)
			l->end = at;
		l->count--;
		return;
	}
}

struct pending *
pending_add(struct member *m, enum pending_kind kind)
{
	struct agent *a = m->agent;
	struct pending *p = mem_get(sizeof(*p));

	p->id = ++a->last_id;
	p->member = m;
	p->kind = kind;
	line_add(&a->waiting[kind], p);
	return p;
}

struct pending *
pending_next(struct agent *a, enum pending_kind kind, size_t most)
{
	return a->sent[kind].count < most ? a->waiting[kind].first : NULL;
}

void
pending_sent(struct agent *a, struct pending *p)
{
	line_take(&a->waiting[p->kind], p);
	line_add(&a->sent[p->kind], p);
	blob_free(&p->message);
}

struct pending *
pending_find(struct agent *a, enum pending_kind kind, uint64_t id)
{
	struct pending *p = a->sent[kind].first;

	while (p != NULL && p->id != id)
		p = p->next;
	return p;
}

static void
pending_free(struct pending *p)
{
	blob_free(&p->message);
	mem_wipe(&p->job, sizeof(p->job));
	free(p);
}

void
pending_end(struct agent *a, struct pending *p)
{
	line_take(&a->sent[p->kind], p);
	pending_free(p);
}

void
pending_free_all(struct agent *a, const struct member *of)
{
	for (size_t k = 0; k < PENDING_KINDS; k++) {
		struct pending_line *lines[] = {&a->waiting[k], &a->sent[k]};

		for (size_t i = 0; i < COUNT_OF(lines); i++)
			for (struct pending *p = lines[i]->first, *next; p != NULL; p = next) {
				next = p->next;
				if (of != NULL && (p->member != of || p->cdp != NULL))
					continue; /* others wait for a list, too */
				line_take(lines[i], p);
				pending_free(p);
			}
	}
}

bool
pending_any(const struct agent *a)
{
	for (size_t k = 0; k < PENDING_KINDS; k++)
		if (a->waiting[k].first != NULL || a->sent[k].first != NULL)
			return true;
	return false;
}
