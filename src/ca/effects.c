/* effects.c - the growing list of effects. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

struct effect *
effect_add(struct effects *f, enum effect_kind kind)
{
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? 16 : f->cap * 2;
		f->list = mem_array(f->list, f->cap, sizeof(*f->list));
	}
	f->list[f->n] = (struct effect){.kind = kind};
	return &f->list[f->n++];
}

void
effect_reply(struct effects *f, uint64_t id, int status, const char *text, int retry_after)
{
	struct effect *x = effect_add(f, EFFECT_REPLY);

	x->id = id;
	x->status = status;
	x->retry_after = retry_after;
	blob_printf(&x->bytes, "%s\n", text);
}

void
effect_tell(struct effects *f, uint64_t id, int status, const char *fmt, ...)
{
	struct effect *x = effect_add(f, EFFECT_TELL);
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	x->id = id;
	x->status = status;
	blob_add_str(&x->bytes, text);
	mem_wipe(text, sizeof(text)); /* a new password may stand in it */
}

struct view
effect_bytes(const struct effect *x)
{
	return x->borrowed ? x->job.bytes : blob_view(&x->bytes);
}

void
effects_truncate(struct effects *f, size_t n)
{
	while (f->n > n) {
		struct effect *x = &f->list[--f->n];

		blob_free(&x->bytes);
		mem_wipe(&x->job, sizeof(x->job));
	}
}

void
effects_free(struct effects *f)
{
	effects_truncate(f, 0);
	free(f->list);
	*f = (struct effects){0};
}
