/* message.c - what all messages with core have. */
#include "courier/message.h"

#include <string.h>

bool
read_kind(struct reader *r, enum kind kind)
{
	uint8_t k;

	return read_u8(r, &k) && k == kind;
}

bool
read_bool(struct reader *r, bool *out)
{
	uint8_t b;

	if (!read_u8(r, &b) || b > 1)
		return false;
	*out = b == 1;
	return true;
}

bool
read_text(struct reader *r, size_t most, struct view *out)
{
	return read_sized(r, out) && out->n <= most;
}

bool
read_chars(struct reader *r, char *out, size_t size)
{
	struct view v;

	if (!read_text(r, size - 1, &v))
		return false;
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	out[v.n] = 0;
	return true;
}
