/* task.c - jobs at the keys. */
#include <stdlib.h>

#include "ca/ca_int.h"

struct task *
ca_task_start(struct ca *ca, enum task_kind kind, const struct generation *g,
    struct key_job *job, struct effects *out)
{
	struct task *t = mem_get(sizeof(*t));
	struct effect *x = effect_add(out, EFFECT_JOB);

	job->id = ++ca->next_job;
	if (job->label[0] == 0)
		(void)snprintf(job->label, sizeof(job->label), "%s", g->label);
	blob_add_view(&x->bytes, job->bytes);
	x->job = *job;
	t->job = job->id;
	t->kind = kind;
	t->generation = g->number;
	t->alg = job->alg;
	*ca->tasks_end = t;
	ca->tasks_end = &t->next;
	return t;
}

/* Jobs come back nearly in the order in which they went. */
struct task *
ca_task_take(struct ca *ca, uint64_t job)
{
	for (struct task **at = &ca->tasks; *at != NULL; at = &(*at)->next) {
		struct task *t = *at;

		if (t->job != job)
			continue;
		*at = t->next;
		if (t->next == NULL)
			ca->tasks_end = at;
		t->next = NULL;
		return t;
	}
	return NULL;
}

void
ca_task_free(struct task *t)
{
	blob_free(&t->tbs);
	free(t);
}

void
ca_task_forget_exchange(struct ca *ca, const struct exchange *x)
{
	for (struct task *t = ca->tasks; t != NULL; t = t->next)
		if (t->x == x)
			t->x = NULL;
}
