/* remote.c - keys in the signer process. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/chance.h"
#include "keys/message.h"
#include "sys/sys.h"

struct remote {
	struct keys keys;
	int fd;
	bool gone;
	struct blob message;
};

static struct remote *
remote_of(const struct keys *k)
{
	return (struct remote *)(uintptr_t)k; /* keys is its first member */
}

static bool
remote_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	struct remote *r = remote_of(k);
	struct err why = {0};
	bool ok;

	if (r->gone)
		return err_set(e, WHY_IO, "the signer is gone");
	if ((unsigned)job->act > KEY_IMPORT)
		return err_set(e, WHY_BUG, "unknown act %d", (int)job->act);
	job_encode(job, &r->message);
	ok = channel_send(r->fd, blob_view(&r->message), &why);
	blob_clear(&r->message);
	r->gone = !ok && why.why == WHY_IO;
	return ok || err_set(e, why.why, "signer: %s", why.text);
}

static bool
remote_collect(struct keys *k, struct key_done *out)
{
	struct remote *r = remote_of(k);
	struct err e = {0};
	enum channel_got got =
	    r->gone ? CHANNEL_EMPTY : channel_receive(r->fd, CHANNEL_MAX, &r->message);
	bool ok = got == CHANNEL_MESSAGE && done_decode(blob_view(&r->message), out, &e);

	blob_clear(&r->message); /* wipes content keys */
	if (got == CHANNEL_MESSAGE && !ok)
		log_error("signer said what is no answer", "why='%s'", e.text);
	if (got != CHANNEL_EMPTY && !ok)
		r->gone = true;
	return ok;
}

static int
remote_fd(const struct keys *k)
{
	return remote_of(k)->fd;
}

static bool
remote_alive(const struct keys *k)
{
	return !remote_of(k)->gone;
}

static void
remote_random(struct keys *k, uint8_t *out, size_t n)
{
	(void)k;
	chance_take(out, n);
}

static void
remote_close(struct keys *k)
{
	struct remote *r = remote_of(k);

	blob_free(&r->message);
	close(r->fd);
	free(r);
}

static const struct keys_table remote_table = {
    .submit = remote_submit,
    .collect = remote_collect,
    .fd = remote_fd,
    .alive = remote_alive,
    .random = remote_random,
    .close = remote_close,
};

struct keys *
keys_open_remote(int fd)
{
	struct remote *r = mem_get(sizeof(*r));

	r->keys.table = &remote_table;
	r->fd = fd;
	return &r->keys;
}
