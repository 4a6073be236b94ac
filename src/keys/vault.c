/* vault.c - ring, guard and log together. */
#include "keys/vault.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/p12.h"
#include "sys/sys.h"

#define CERTIFICATE_MAX (64 * 1024)

bool
vault_open(struct vault *v, const char *dir, const struct seal *seal, struct err *e)
{
	struct blob start = {0};
	bool ok = false;

	memset(v, 0, sizeof(*v));
	v->lock = -1;
	v->guard = guard_new();
	if (dir != NULL && (!dir_make(dir, 0700, e) || !dir_lock(dir, &v->lock, e)))
		goto out;
	if (!ring_open(&v->ring, dir, seal, e))
		goto out;
	guard_save(v->guard, &start);
	ok = dir == NULL || journal_open(dir, v->ring.count == 0, blob_view(&start),
				guard_replay, v->guard, &v->journal, e);
	if (!ok)
		ring_close(&v->ring);
out:
	blob_free(&start);
	if (!ok) {
		guard_free(v->guard);
		if (v->lock >= 0)
			close(v->lock);
	}
	return ok;
}

void
vault_close(struct vault *v)
{
	journal_close(v->journal);
	guard_free(v->guard);
	ring_close(&v->ring);
	blob_free(&v->password);
	free(v->exports.dir);
	if (v->lock >= 0)
		close(v->lock);
}

void
vault_archive(struct vault *v, const char *password)
{
	blob_set(&v->password, view_str(password != NULL ? password : ""));
	(void)blob_cstr(&v->password); /* ends it: threads only read it from now on */
}

void
vault_export(struct vault *v, const char *dir, int64_t group)
{
	if (dir == NULL || dir[0] == 0)
		return;
	free(v->exports.dir);
	v->exports = (struct exports){mem_str(dir), group};
	guard_exports(v->guard);
	ring_clients(&v->ring);
}

void
task_free(struct task *t)
{
	mem_wipe(t->job.password, sizeof(t->job.password));
	pair_drop(t->pair);
	blob_free(&t->bytes);
	t->pair = NULL;
}

bool
task_is_slow(const struct task *t)
{
	return t->job.act == KEY_MAKE || t->job.act == KEY_ARCHIVE ||
	       t->job.act == KEY_EXPORT || t->job.act == KEY_IMPORT;
}

void
done_fill(struct key_done *d, uint64_t id, const struct err *failed)
{
	memset(d, 0, sizeof(*d));
	d->id = id;
	if (failed == NULL)
		return;
	d->why = failed->why;
	snprintf(d->text, sizeof(d->text), "%.*s", (int)sizeof(d->text) - 1, failed->text);
}

/* ---- admitting: one a kind of job ---- */

static bool
admit_make(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	(void)v, (void)t, (void)record, (void)e;
	return true;
}

static bool
admit_sign(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	return guard_sign(v->guard, t->pair, &t->job, record, &t->permit, e);
}

static bool
admit_unwrap(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	(void)v, (void)record;
	if (t->pair->kind != KEY_RSA)
		return err_set(e, WHY_REFUSED,
		    "key '%s' is not RSA: nothing can be wrapped for it", t->job.label);
	if (t->job.padding != PADDING_PKCS1 && t->job.padding != PADDING_OAEP)
		return err_set(e, WHY_BAD_INPUT, "unknown padding to unwrap");
	/* What the ciphers take: fewer ways to ask for one wrapped key. */
	if (t->job.want == 0 || t->job.want % 8 != 0 || t->job.want > KEY_WANT_MAX)
		return err_set(e, WHY_BAD_INPUT,
		    "a content key has 8, 16, 24 or 32 octets, not %zu", t->job.want);
	return true;
}

static bool
admit_grant(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	t->permit.logged = true;
	return guard_grant(v->guard, t->pair, &t->job, record, e);
}

static bool
admit_archive(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	if (v->password.n < KEY_PASSWORD_MIN)
		return err_set(e, WHY_REFUSED,
		    "no archive without a password of at least %d octets in the configuration",
		    KEY_PASSWORD_MIN);
	if (t->job.bytes.n == 0 || t->job.bytes.n > CERTIFICATE_MAX)
		return err_set(
		    e, WHY_BAD_INPUT, "certificate to archive has %zu octets", t->job.bytes.n);
	t->permit.logged = true;
	return guard_archive(v->guard, t->pair, t->job.bytes, record, e);
}

static bool
admit_export(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	const uint32_t all = KEY_FORM_PEM | KEY_FORM_PKCS12 | KEY_FORM_HAPROXY;

	if (v->exports.dir == NULL)
		return err_set(
		    e, WHY_REFUSED, "no key leaves this signer: no export directory");
	if (t->job.forms == 0 || (t->job.forms & ~all) != 0)
		return err_set(e, WHY_BAD_INPUT, "forms 0x%x of an export", t->job.forms);
	if (t->job.bytes.n > CERTIFICATE_MAX ||
	    strnlen(t->job.password, sizeof(t->job.password)) == sizeof(t->job.password))
		return err_set(e, WHY_BAD_INPUT, "certificates or password to export too long");
	t->permit.logged = true;
	return export_path_check(&t->job, e) &&
	       guard_export(v->guard, t->pair, t->job.bytes, record, e);
}

static bool
admit_import(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	(void)record;
	if (v->exports.dir == NULL)
		return err_set(
		    e, WHY_REFUSED, "no key comes to this signer: it is not for clients");
	return import_check(&t->job, e);
}

static bool
admit_forget(struct vault *v, struct task *t, struct blob *record, struct err *e)
{
	t->permit.logged = true;
	return guard_forget(v->guard, t->pair, record, e) &&
	       ring_forget(&v->ring, t->pair, e) &&
	       guard_replay(v->guard, blob_view(record), e); /* nor does the guard know it */
}

static bool
perform_nothing(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	(void)v, (void)t, (void)out, (void)e;
	kit_sweep(k);
	return true;
}

static bool
perform_make(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	struct pair *p = NULL;

	(void)k;
	if (!ring_make(&v->ring, t->job.label, t->job.kind, t->job.bits, &p, e))
		return false;
	blob_set(out, blob_view(&p->spki));
	pair_drop(p);
	return true;
}

static bool
perform_sign(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	(void)v;
	return kit_sign(k, t->pair, &t->job.alg, &t->permit, out, e);
}

static bool
perform_unwrap(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	(void)v;
	return kit_unwrap(k, t->pair, &t->job, out, e);
}

static bool
perform_archive(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	(void)k;
	return p12_make(t->pair, t->job.bytes, (const char *)v->password.p, out, e);
}

static bool
perform_export(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	(void)k, (void)out;
	return export_write(&v->exports, t->pair, &t->job, e);
}

static bool
perform_import(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	struct blob certificates = {0};
	EVP_PKEY *key = NULL;
	struct pair *p = NULL;
	bool ok;

	(void)k;
	ok = import_read(&v->exports, &t->job, &key, &certificates, e);
	if (ok && (t->job.forms & KEY_FORM_LOOK) == 0) {
		ok = ring_take(&v->ring, t->job.label, key, &p, e);
		key = NULL;
	}
	if (ok)
		blob_set(out, blob_view(&certificates));
	blob_free(&certificates);
	pair_drop(p);
	EVP_PKEY_free(key);
	return ok;
}

static const struct {
	bool (*admit)(struct vault *v, struct task *t, struct blob *record, struct err *e);
	bool (*perform)(struct vault *v, struct kit *k, const struct task *t, struct blob *out,
	    struct err *e);
	bool keeps_bytes; /* perform needs them too */
	bool makes_pair;  /* the label need not exist */
} acts[] = {
    [KEY_MAKE] = {admit_make, perform_make, false, true},
    [KEY_SIGN] = {admit_sign, perform_sign, false, false},
    [KEY_UNWRAP] = {admit_unwrap, perform_unwrap, true, false},
    [KEY_GRANT] = {admit_grant, perform_nothing, false, false},
    [KEY_ARCHIVE] = {admit_archive, perform_archive, true, false},
    [KEY_FORGET] = {admit_forget, perform_nothing, false, false},
    [KEY_EXPORT] = {admit_export, perform_export, true, false},
    [KEY_IMPORT] = {admit_import, perform_import, false, true},
};

/* The log begins a new segment when the present one has grown. A failure costs nothing: it is
 * tried again. */
static void
vault_turn(struct vault *v)
{
	struct blob saved = {0};
	struct err e;

	if (!journal_full(v->journal))
		return;
	guard_save(v->guard, &saved);
	if (!journal_turn(v->journal, blob_view(&saved), &e))
		log_warn("signer's log begins no new segment", "why='%s'", e.text);
	blob_free(&saved);
}

bool
vault_admit(struct vault *v, const struct key_job *job, struct task *out, struct err *e)
{
	struct task t = {.job = *job};
	struct blob record = {0};
	bool ok = false;

	if ((unsigned)job->act >= COUNT_OF(acts)) {
		err_set(e, WHY_BAD_INPUT, "unknown act %d", (int)job->act);
		goto out;
	}
	if (!label_check(job->label, e) || !journal_room(v->journal, e))
		goto out;
	if (!acts[job->act].makes_pair && !ring_find(&v->ring, job->label, &t.pair, e))
		goto out;
	if (!acts[job->act].admit(v, &t, &record, e))
		goto out;
	if (record.n > 0)
		journal_add(v->journal, blob_view(&record));
	if (acts[job->act].keeps_bytes)
		blob_set(&t.bytes, job->bytes);
	t.job.bytes = blob_view(&t.bytes);
	*out = t;
	ok = true;
	vault_turn(v);
out:
	blob_free(&record);
	if (!ok)
		task_free(&t);
	return ok;
}

bool
vault_perform(
    struct vault *v, struct kit *k, const struct task *t, struct blob *out, struct err *e)
{
	return acts[t->job.act].perform(v, k, t, out, e);
}
