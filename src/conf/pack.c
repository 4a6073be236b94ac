/* pack.c - trustpoints without their empty octets. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

/*
 * The image of a struct conf_trustpoint: for each stretch that is not zero its offset, its
 * length and its octets; a length of 0 ends it. The name comes first and has a zero behind it.
 */
#define REMOVED (UINT32_C(1) << 31) /* beside the place of an image */
#define GAP 8			    /* as many zeros are worth a new stretch */

_Static_assert(offsetof(struct conf_trustpoint, name) == 0, "the name comes first");
_Static_assert(sizeof(struct conf_trustpoint) <= UINT16_MAX, "offsets fit");

struct stretch {
	uint16_t at, n;
};

/* Behind the last octet before so many zeros, and one of them. */
static size_t
stretch_end(const uint8_t *p, size_t from, size_t size)
{
	size_t end = from + 1;

	for (size_t i = from; i < size && i < end - 1 + GAP; i++)
		if (p[i] != 0)
			end = i + 2;
	return end < size ? end : size;
}

static void
image_add(const struct conf_trustpoint *t, struct blob *out)
{
	const uint8_t *p = (const uint8_t *)t;
	struct stretch s = {0};

	for (size_t at = 0; at < sizeof(*t); at++) {
		if (p[at] == 0)
			continue;
		s.at = (uint16_t)at;
		at = stretch_end(p, at, sizeof(*t));
		s.n = (uint16_t)(at - s.at);
		blob_add(out, &s, sizeof(s));
		blob_add(out, p + s.at, s.n);
	}
	s.n = 0;
	blob_add(out, &s, sizeof(s));
}

static void
image_read(const uint8_t *from, struct conf_trustpoint *t)
{
	struct stretch s;

	memset(t, 0, sizeof(*t));
	for (; memcpy(&s, from, sizeof(s)), s.n > 0; from += s.n) {
		from += sizeof(s);
		memcpy((uint8_t *)t + s.at, from, s.n);
	}
}

void
conf_pack(struct conf *c)
{
	c->packed_at = mem_get((c->trustpoint_count + 1) * sizeof(*c->packed_at));
	for (size_t i = 0; i < c->trustpoint_count; i++) {
		c->packed_at[i] = (uint32_t)c->packed.n;
		image_add(&c->trustpoint[i], &c->packed);
	}
	if (c->trustpoint_count > 0)
		mem_wipe(c->trustpoint, c->trustpoint_count * sizeof(*c->trustpoint));
	free(c->trustpoint);
	c->trustpoint = NULL;
}

const struct conf_trustpoint *
conf_trustpoint(const struct conf *c, size_t i, struct conf_trustpoint *room)
{
	if (c->packed_at == NULL)
		return &c->trustpoint[i];
	image_read(c->packed.p + (c->packed_at[i] & ~REMOVED), room);
	if ((c->packed_at[i] & REMOVED) != 0)
		room->removed = true;
	return room;
}

const char *
conf_trustpoint_name(const struct conf *c, size_t i)
{
	return c->packed_at == NULL ? c->trustpoint[i].name
				    : (const char *)c->packed.p + (c->packed_at[i] & ~REMOVED) +
					  sizeof(struct stretch);
}

void
conf_remove_trustpoint(struct conf *c, size_t i)
{
	if (c->packed_at == NULL)
		c->trustpoint[i].removed = true;
	else
		c->packed_at[i] |= REMOVED;
}

void
conf_drop_trustpoints(struct conf *c)
{
	struct conf_trustpoint room, t;

	for (size_t i = 0; i < c->trustpoint_count; i++) {
		t = *conf_trustpoint(c, i, &room);
		blob_free(&t.kept);
	}
	if (c->trustpoint != NULL)
		mem_wipe(c->trustpoint, c->trustpoint_count * sizeof(*c->trustpoint));
	free(c->trustpoint);
	free(c->packed_at);
	blob_free(&c->packed);
	c->trustpoint = NULL;
	c->packed_at = NULL;
	c->trustpoint_count = 0;
}
