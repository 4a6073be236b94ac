/* driver.c - the table that both drivers share. */
#include "keys/keys.h"

bool
keys_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	return k->table->submit(k, job, e);
}

bool
keys_collect(struct keys *k, struct key_done *out)
{
	return k->table->collect(k, out);
}

void
keys_random(struct keys *k, uint8_t *out, size_t n)
{
	k->table->random(k, out, n);
}

void
keys_close(struct keys *k)
{
	if (k != NULL)
		k->table->close(k);
}
