/* flight.c - exchanges in flight. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

struct exchange *
exchange_new(struct ca *ca, const struct ca_event *ev)
{
	struct exchange *x = mem_get(sizeof(*x));

	x->id = ev->id;
	(void)snprintf(x->source, sizeof(x->source), "%s", ev->source);
	blob_add_view(&x->message, ev->body);
	x->cipher = CIPHER_AES128;
	x->signer = SIGNER_STRANGER;
	for (size_t i = 0; ev->profile != NULL && i < ca->policy.profile_count; i++)
		if (strcmp(ca->policy.profile[i].name, ev->profile) == 0)
			x->profile = &ca->policy.profile[i];
	x->next = ca->exchanges;
	ca->exchanges = x;
	ca->in_flight++;
	return x;
}

void
exchange_free(struct ca *ca, struct exchange *x)
{
	for (struct exchange **at = &ca->exchanges; *at != NULL; at = &(*at)->next) {
		if (*at != x)
			continue;
		*at = x->next;
		break;
	}
	ca_task_forget_exchange(ca, x);
	ca->in_flight--;
	blob_free(&x->message);
	blob_free(&x->scratch);
	blob_free(&x->envelope_scratch);
	blob_free(&x->signer_der);
	blob_free(&x->attrs);
	blob_free(&x->content);
	blob_free(&x->opened);
	free(x);
}

bool
ca_holds(const struct ca *ca, uint64_t id)
{
	const struct exchange *x = ca->exchanges;

	while (x != NULL && x->id != id)
		x = x->next;
	return x != NULL;
}

struct view
serial_unsigned(struct view v)
{
	while (v.n > 1 && v.p[0] == 0) {
		v.p++;
		v.n--;
	}
	return v;
}

bool
absent(const struct err *why, struct err *e)
{
	if (why->why == WHY_NONE || why->why == WHY_NOT_FOUND)
		return true;
	*e = *why;
	return false;
}
