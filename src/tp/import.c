/* import.c - an identity that an operator brings. */
#include <stdlib.h>
#include <string.h>

#include "tp/tp_int.h"

#define LABELS_MAX 16 /* of others that are passed over */

void
import_end(struct tp *t)
{
	struct import *m = t->import;

	t->import = NULL;
	if (m == NULL)
		return;
	blob_free(&m->certs);
	mem_wipe(m, sizeof(*m));
	free(m);
}

/* Told to who waits; the trustpoint goes on as it was. */
static bool
not_taken(struct tp *t, const char *why, struct tp_effects *out)
{
	tp_note(out, TP_NOTED_NOT_TAKEN, "%s", why)->ends = TP_CMD_IMPORT;
	import_end(t);
	return true;
}

static void
ask(struct tp *t, uint32_t key, struct tp_effects *out)
{
	struct import *m = t->import;

	m->job.act = KEY_IMPORT;
	m->job.forms |= KEY_FORM_LOOK;
	if (m->key != 0)
		m->job.forms &= ~(uint32_t)KEY_FORM_LOOK;
	m->id = tp_job(t, &m->job, key, out);
}

void
import_begin(struct tp *t, const struct key_job *file, struct tp_effects *out)
{
	import_end(t);
	t->import = mem_get(sizeof(*t->import));
	t->import->job = *file;
	t->import->last = t->record.last_key + LABELS_MAX;
	ask(t, t->record.last_key + 1, out);
}

/* ---- what it has ---- */

/* Of the CA that is held; where none is, of the one that came with it. */
static bool
bundle_of(struct tp *t, struct view others, when_t now, struct blob *bundle, struct err *e)
{
	if (t->record.plan.authenticated)
		return shelf_get(t, TP_CA, bundle, e);
	if (others.n == 0)
		return err_set(e, WHY_BAD_INPUT, "no CA certificate in it, and none is held");
	return bundle_make(t, others, now, bundle, e) &&
	       (t->fingerprint[0] == 0 ||
		   authority_check(blob_view(bundle), t->fingerprint, e));
}

static bool
look(struct tp *t, struct view certs, when_t now, struct cert *c, struct blob *bundle,
    struct err *e)
{
	struct reader r = reader_of(certs);
	struct der d;
	struct cert ca;

	if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) || !cert_decode(d.whole, c, e))
		return false;
	if (c->is_ca)
		return err_set(e, WHY_REFUSED, "the certificate is a CA's");
	return bundle_of(t, view_of(r.p, r.n), now, bundle, e) &&
	       bundle_ca(blob_view(bundle), &ca, e) && answer_issued(t, c, &ca, e) &&
	       answer_live(t, c, now, e);
}

/* ---- steps ---- */

/* The number is used up first: no later key has this label, whatever happens. */
static bool
store(struct tp *t, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;

	next.last_key = t->import->key = t->record.last_key + 1;
	if (!record_commit(t, &next, NULL, 0, e))
		return false;
	ask(t, next.last_key, out);
	return true;
}

static bool
take(struct tp *t, const struct cert *c, struct view bundle, struct tp_effects *out,
    struct err *e)
{
	struct tp_change list[] = {{TP_ID, c->whole}, {TP_REQUEST, {0}}, {TP_CA, bundle}};
	struct record next = t->record;
	bool held = next.plan.authenticated;
	char until[WHEN_TEXT];
	struct cert ca;

	if (!bundle_ca(bundle, &ca, e))
		return false;
	record_ca(&next, &ca);
	answer_hold(t, c, t->import->key, &next);
	if (!record_commit(t, &next, list, held ? 2 : 3, e))
		return false;
	talk_drop(t); /* it was about the identity of before */
	import_end(t);
	if (!held)
		tp_note(out, TP_NOTED_CA, "CA certificate stored, brought by an operator");
	tp_note(out, TP_NOTED_ID, "certificate stored, brought by an operator; it ends %s",
	    when_rfc3339(c->not_after, until))
	    ->ends = TP_CMD_IMPORT;
	return true;
}

/* The file was changed meanwhile: its key is not for us. */
static bool
forget(struct tp *t, struct err *e)
{
	struct record next = t->record;

	record_doom(&next, t->import->key);
	return record_commit(t, &next, NULL, 0, e);
}

bool
import_go_on(
    struct tp *t, const struct key_done *d, when_t now, struct tp_effects *out, struct err *e)
{
	struct import *m = t->import;
	struct blob bundle = {0};
	struct err why = {0};
	struct cert c;
	bool stored = m->key != 0, ok;

	if (d->why == WHY_REFUSED && stored && m->key < m->last)
		return store(t, out, e);
	if (d->why != WHY_NONE)
		return not_taken(t, d->text, out);
	if (stored && !view_equal(blob_view(&d->bytes), blob_view(&m->certs)))
		return forget(t, e) && not_taken(t, "the file changes while it is read", out);
	blob_set(&m->certs, blob_view(&d->bytes));
	if (!look(t, blob_view(&m->certs), now, &c, &bundle, &why))
		ok = (!stored || forget(t, e)) && not_taken(t, why.text, out);
	else
		ok = stored ? take(t, &c, blob_view(&bundle), out, e) : store(t, out, e);
	blob_free(&bundle);
	return ok;
}
