/* generation.c - CA certificates, one after the other. */
#include <stdlib.h>
#include <string.h>

#include "ca/ca_int.h"

/* "ROOTCA", "ROOTCA#" (IOS S43), then "ROOTCA#3" and so on: a label is never used twice. */
static void
label_of(const char *base, int64_t number, char out[KEY_LABEL_MAX])
{
	char tail[24] = "";

	if (number == 2)
		(void)snprintf(tail, sizeof(tail), "#");
	else if (number > 2)
		(void)snprintf(tail, sizeof(tail), "#%ld", (long)number);
	(void)snprintf(
	    out, KEY_LABEL_MAX, "%.*s%s", KEY_LABEL_MAX - 1 - (int)strlen(tail), base, tail);
}

struct generation *
generation_add(struct ca *ca, int64_t number)
{
	struct generation *g = mem_get(sizeof(*g));

	g->number = number;
	g->kind = ca->policy.key_kind;
	label_of(ca->policy.key_label, number, g->label);
	if (ca->policy.ra_label[0] != 0)
		label_of(ca->policy.ra_label, number, g->ra.label);
	ca->generations =
	    mem_array(ca->generations, ca->generation_count + 1, sizeof(struct generation *));
	ca->generations[ca->generation_count++] = g;
	if (number > ca->last_generation)
		ca->last_generation = number;
	return g;
}

struct generation *
generation_of(const struct ca *ca, int64_t number)
{
	for (size_t i = 0; i < ca->generation_count; i++)
		if (ca->generations[i]->number == number)
			return ca->generations[i];
	return NULL;
}

static void
generation_free(struct generation *g)
{
	blob_free(&g->spki);
	blob_free(&g->der);
	blob_free(&g->ra.der);
	blob_free(&g->announcement);
	blob_free(&g->told);
	free(g);
}

void
generation_drop(struct ca *ca, struct generation *g)
{
	size_t at = 0;

	while (ca->generations[at] != g)
		at++;
	ca->generation_count--;
	memmove(&ca->generations[at], &ca->generations[at + 1],
	    (ca->generation_count - at) * sizeof(struct generation *));
	generation_free(g);
}

void
generations_free(struct ca *ca)
{
	for (size_t i = 0; i < ca->generation_count; i++)
		generation_free(ca->generations[i]);
	free(ca->generations);
	ca->generations = NULL;
	ca->generation_count = 0;
	ca->active = ca->next = NULL;
}

struct sig_alg
generation_alg(const struct ca *ca, const struct generation *g)
{
	return (struct sig_alg){.key = g->kind,
	    .hash = ca->policy.hash,
	    .padding = g->kind == KEY_EC ? PADDING_ECDSA : PADDING_PKCS1};
}

bool
generation_save(struct ca *ca, const struct generation *g, struct err *e)
{
	struct row_generation row = {
	    .number = g->number,
	    .key_label = g->label,
	    .cert = blob_view(&g->der),
	    .spki = blob_view(&g->spki),
	    .not_before = g->facts.cert_from,
	    .not_after = g->facts.cert_until,
	    .made_at = g->made_at,
	    .switched_at = g->switched_at,
	    .crl_number = ca->crl_number,
	    .ra_label = g->ra.label,
	    .ra_intent = g->ra.intent,
	    .cancelled_at = g->cancelled_at,
	};

	return ST(ca)->generation_put(ca->store, &row, e);
}

bool
generation_take(struct generation *g, struct view der, struct err *e)
{
	blob_set(&g->der, der);
	if (!cert_decode(blob_view(&g->der), &g->cert, e))
		return err_prefix(e, "stored CA certificate");
	spki_key_id(&g->cert.key, g->ski);
	g->facts.have_cert = true;
	g->facts.cert_from = g->cert.not_before;
	g->facts.cert_until = g->cert.not_after;
	return true;
}

void
generation_fact(int64_t number, const char *name, char out[64])
{
	if (number == 1)
		(void)snprintf(out, 64, "%.30s", name);
	else
		(void)snprintf(out, 64, "%.30s-%ld", name, (long)number);
}

static bool
load_blob(struct ca *ca, const struct generation *g, const char *name, struct blob *out,
    struct err *e)
{
	char fact[64];
	struct err why = {0};

	generation_fact(g->number, name, fact);
	blob_clear(out);
	return ST(ca)->fact_get(ca->store, fact, out, &why) || absent(&why, e);
}

static bool
load_key(struct generation *g, const struct row_generation *row, struct err *e)
{
	struct spki key;

	blob_set(&g->spki, row->spki);
	if (!spki_decode(blob_view(&g->spki), &key, e))
		return err_prefix(e, "stored CA key");
	g->kind = key.kind;
	g->made_at = row->made_at;
	g->switched_at = row->switched_at;
	g->cancelled_at = row->cancelled_at;
	g->facts.have_key = true;
	return row->cert.n == 0 || generation_take(g, row->cert, e);
}

static bool
load_one(struct ca *ca, int64_t number, struct err *e)
{
	struct generation *g = generation_add(ca, number);
	struct row_generation row;
	struct blob archived = {0};
	bool ok = false;

	if (!ST(ca)->generation_get(ca->store, number, &row, e))
		goto out;
	if (strcmp(row.key_label, g->label) != 0) {
		err_set(e, WHY_REFUSED,
		    "the CA's key pair is '%s', the configuration says '%s': put the label "
		    "back",
		    row.key_label, g->label);
		goto out;
	}
	ca->crl_number = row.crl_number > ca->crl_number ? row.crl_number : ca->crl_number;
	if (!load_key(g, &row, e) || !ra_load(ca, g, &row, e) ||
	    !load_blob(ca, g, "announcement", &g->announcement, e) ||
	    !load_blob(ca, g, "told", &g->told, e) ||
	    !load_blob(ca, g, "archived", &archived, e))
		goto out;
	g->facts.archived = archived.n > 0;
	ok = true;
out:
	blob_free(&archived);
	return ok;
}

int64_t
generation_next_number(const struct ca *ca)
{
	int64_t n = ca->last_generation + 1;

	return (n - ca->active->number) % 2 == 0 ? n + 1 : n;
}

void
ca_archive_name(const struct ca *ca, int64_t generation, char out[96])
{
	if (generation == 1)
		(void)snprintf(out, 96, "%s.p12", ca->policy.name);
	else
		(void)snprintf(out, 96, "%s_%05ld.p12", ca->policy.name, (long)generation - 1);
}

bool
ca_stands(struct ca *ca, int64_t generation)
{
	struct row_generation row;

	return ST(ca)->generation_get(ca->store, generation, &row, NULL) &&
	       row.cancelled_at == 0;
}

/* Of those replaced or cancelled only what still has its key counts: *gone says that it has
 * none. Numbers have gaps. */
static bool
key_gone(struct ca *ca, int64_t number, bool *gone, bool *replaced, struct err *e)
{
	struct row_generation row;
	struct err why = {0};

	*gone = true;
	*replaced = false;
	if (!ST(ca)->generation_get(ca->store, number, &row, &why))
		return absent(&why, e);
	*gone = row.key_label[0] == 0;
	*replaced = *gone && row.cancelled_at == 0;
	return true;
}

/* The first that is not replaced is active, the other one is next. Who was replaced before one
 * whose key is gone has none either. */
bool
generations_load(struct ca *ca, struct err *e)
{
	struct err why = {0};
	int64_t last = 0, first;
	bool gone, replaced = false;

	generations_free(ca);
	if (!ST(ca)->generation_last(ca->store, &last, &why) && !absent(&why, e))
		return false;
	for (first = last + 1; first > 1 && !replaced; first--)
		if (!key_gone(ca, first - 1, &gone, &replaced, e))
			return false;
	for (int64_t n = first; n <= last; n++)
		if (!key_gone(ca, n, &gone, &replaced, e) || (!gone && !load_one(ca, n, e)))
			return false;
	ca->last_generation = last;
	for (size_t i = 0; i < ca->generation_count; i++) {
		struct generation *g = ca->generations[i];

		if (g->switched_at == 0 && ca->active == NULL)
			ca->active = g;
		else if (g->switched_at == 0)
			ca->next = g;
	}
	if (ca->active == NULL)
		ca->active = generation_add(ca, last + 1);
	generations_tell(ca);
	return true;
}

void
generations_tell(struct ca *ca)
{
	static const struct plan_generation none;
	struct plan_ca_facts *f = &ca->facts;

	f->active = ca->active->facts;
	f->next = ca->next != NULL ? ca->next->facts : none;
	f->announced = ca->active->announcement.n > 0;
	f->old_until = WHEN_NEVER;
	for (size_t i = 0; i < ca->generation_count; i++)
		if (!ca->generations[i]->facts.busy_key)
			f->old_until =
			    when_min(f->old_until, cancel_key_until(ca, ca->generations[i]));
}
