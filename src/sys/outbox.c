/* outbox.c - messages that wait until their channel takes them. */
#include <stdlib.h>

#include "sys/sys.h"

struct outgoing {
	struct outgoing *next;
	struct blob message;
};

struct blob *
outbox_add(struct outbox *o)
{
	struct outgoing *m = mem_get(sizeof(*m));

	if (o->first == NULL)
		o->end = &o->first;
	*o->end = m;
	o->end = &m->next;
	return &m->message;
}

static void
drop_first(struct outbox *o)
{
	struct outgoing *m = o->first;

	o->first = m->next;
	blob_free(&m->message);
	free(m);
}

bool
outbox_send(struct outbox *o, int fd, struct err *e)
{
	for (; o->first != NULL; drop_first(o))
		if (!channel_send(fd, blob_view(&o->first->message), e))
			return false;
	return true;
}

void
outbox_free(struct outbox *o)
{
	while (o->first != NULL)
		drop_first(o);
}
