/* effects.c - the growing list of effects. */
#include <stdarg.h>
#include <stdlib.h>

#include "tp/tp_int.h"

struct tp_effect *
tp_effect_add(struct tp_effects *f, enum tp_effect_kind kind)
{
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? 4 : f->cap * 2;
		f->list = mem_array(f->list, f->cap, sizeof(*f->list));
	}
	f->list[f->n] = (struct tp_effect){.kind = kind};
	return &f->list[f->n++];
}

struct tp_effect *
tp_note(struct tp_effects *f, enum tp_note note, const char *fmt, ...)
{
	struct tp_effect *x = tp_effect_add(f, TP_EFFECT_NOTE);
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	x->note = note;
	blob_add_str(&x->bytes, text);
	return x;
}

void
key_label(const struct tp *t, uint32_t key, char out[KEY_LABEL_MAX])
{
	if (key == 1)
		(void)snprintf(out, KEY_LABEL_MAX, "%s", t->label);
	else
		(void)snprintf(out, KEY_LABEL_MAX, "%s#%lu", t->label, (unsigned long)key);
}

void
tp_key_of(const struct tp *t, enum tp_leaf leaf, char out[KEY_LABEL_MAX])
{
	key_label(t, leaf == TP_SHADOW ? t->record.shadow_key : t->record.id_key, out);
}

uint64_t
tp_job(struct tp *t, struct key_job *job, uint32_t key, struct tp_effects *out)
{
	struct tp_effect *x = tp_effect_add(out, TP_EFFECT_JOB);

	job->id = ++t->last_id;
	key_label(t, key, job->label);
	blob_add_view(&x->bytes, job->bytes);
	x->id = job->id;
	x->job = *job;
	x->job.bytes = (struct view){0};
	return job->id;
}

void
tp_effects_truncate(struct tp_effects *f, size_t n)
{
	while (f->n > n) {
		blob_free(&f->list[--f->n].bytes);
		mem_wipe(f->list[f->n].job.password, sizeof(f->list[f->n].job.password));
	}
}

void
tp_effects_free(struct tp_effects *f)
{
	tp_effects_truncate(f, 0);
	free(f->list);
	*f = (struct tp_effects){0};
}
