/* vault.h - ring, guard and log together: what both drivers run. Inner door of keys. */
#ifndef KEYS_VAULT_H
#define KEYS_VAULT_H

#include "keys/export.h"
#include "keys/guard.h"
#include "keys/import.h"
#include "keys/journal.h"
#include "keys/kit.h"

struct vault {
	struct ring ring;
	struct guard *guard;
	struct journal *journal; /* NULL: in memory only */
	int lock;		 /* descriptor of the directory's lock, -1 */
	struct blob password;	 /* of archives; empty: none are made */
	struct exports exports;
};

/* A job that the guard has let through. */
struct task {
	struct key_job job; /* job.bytes borrows from bytes */
	struct blob bytes;
	struct pair *pair; /* NULL for KEY_MAKE */
	struct permit permit;
	uint64_t number; /* in the order of admission */
	struct task *next;
};

bool vault_open(
    struct vault *v, const char *dir, const struct seal *seal, struct err *e) MUST_USE;
void vault_close(struct vault *v);
void vault_archive(struct vault *v, const char *password); /* NULL: archives are refused */
/* As keys_local_export. */
void vault_export(struct vault *v, const char *dir, int64_t group);

/*
 * Ask the guard; one thread only. What must be remembered is in the log's next batch when this
 * returns; with permit.logged the answer waits for journal_commit. KEY_GRANT and KEY_FORGET are
 * done with this.
 */
bool vault_admit(
    struct vault *v, const struct key_job *job, struct task *out, struct err *e) MUST_USE;
/* Move the key; any thread, with a kit of its own. Those that are slow one at a time. */
bool vault_perform(struct vault *v, struct kit *k, const struct task *t, struct blob *out,
    struct err *e) MUST_USE;
/* Makes and archives take a second, exports wait for the disk: they may not hold up the others.
 */
bool task_is_slow(const struct task *t);
void task_free(struct task *t); /* what it holds; not the struct */

void done_fill(struct key_done *d, uint64_t id, const struct err *failed);

#endif
