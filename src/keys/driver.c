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

bool
keys_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e)
{
	if (k->table->verify != NULL)
		return k->table->verify(k, key, alg, bytes, signature, e);
	return key_verify(key, alg, bytes, signature, e);
}

bool
keys_wrap(struct keys *k, const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	if (k->table->wrap != NULL)
		return k->table->wrap(k, key, padding, oaep_hash, content_key, out, e);
	return key_wrap(key, padding, oaep_hash, content_key, out, e);
}

void
keys_close(struct keys *k)
{
	if (k != NULL)
		k->table->close(k);
}
