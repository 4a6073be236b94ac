/* trustpoints.c - find and add trustpoints by name. */
#include "conf/parse.h"

#include <stdlib.h>
#include <string.h>

/* Where the name is in the index, or the free place for it. */
static size_t
index_find(const struct parser *p, struct view name)
{
	size_t mask = p->index_size - 1, at = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		at = (at ^ name.p[i]) * 16777619u;
	for (at &= mask; p->index[at] != 0; at = (at + 1) & mask)
		if (view_equal_str(name, p->c->trustpoint[p->index[at] - 1].name))
			break;
	return at;
}

static void
index_again(struct parser *p)
{
	free(p->index);
	p->index = mem_get(p->index_size * sizeof(*p->index));
	for (size_t i = 0; i < p->c->trustpoint_count; i++)
		p->index[index_find(p, view_str(p->c->trustpoint[i].name))] = (uint32_t)i + 1;
}

/* Room for one more. The old places held passwords. */
static void
grow(struct parser *p)
{
	struct conf *c = p->c;
	size_t room = c->trustpoint_count == 0 ? 8 : 2 * c->trustpoint_count;
	struct conf_trustpoint *more = mem_array(NULL, room, sizeof(*more));

	if (c->trustpoint_count > 0) {
		memcpy(more, c->trustpoint, c->trustpoint_count * sizeof(*more));
		mem_wipe(c->trustpoint, c->trustpoint_count * sizeof(*more));
	}
	free(c->trustpoint);
	c->trustpoint = more;
	p->trustpoint_room = room;
	p->index_size = 4 * room;
	index_again(p);
}

struct conf_trustpoint *
trustpoint_named(struct parser *p, const char *name)
{
	struct conf *c = p->c;
	struct conf_trustpoint *t;
	size_t at;

	if (c->trustpoint_count == p->trustpoint_room)
		grow(p);
	at = index_find(p, view_str(name));
	if (p->index[at] != 0)
		return &c->trustpoint[p->index[at] - 1];
	if (c->trustpoint_count == CONF_TRUSTPOINTS)
		return NULL;
	t = &c->trustpoint[c->trustpoint_count++];
	p->index[at] = (uint32_t)c->trustpoint_count;
	setting_defaults(MODE_TRUSTPOINT, t, name);
	return t;
}

void
trustpoint_remove(struct parser *p, struct view name)
{
	struct conf *c = p->c;
	size_t at = c->trustpoint_count > 0 ? p->index[index_find(p, name)] : 0;
	struct conf_trustpoint *t;

	if (at == 0)
		return;
	t = &c->trustpoint[at - 1];
	blob_free(&t->kept);
	c->trustpoint_count--;
	memmove(t, t + 1, (c->trustpoint_count + 1 - at) * sizeof(*t));
	mem_wipe(&c->trustpoint[c->trustpoint_count], sizeof(*t));
	index_again(p);
}
