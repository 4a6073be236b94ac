/* shadow.c - certificates of the next generation. */
#include <string.h>

#include "ca/ca_int.h"

#define REPLACED_MAX 3 /* then a human looks (a key a day is no rollover) */
#define USAGES_MAX 4   /* then too */
#define KEY_USAGES 32  /* that a certificate can be issued for */

/* The newest certificate of the next CA that a client has for a key usage, and how many it had.
 */
struct usage {
	uint32_t key_usage, made;
	int64_t newest;
};

struct usages {
	struct usage list[KEY_USAGES];
	size_t n;
};

static bool
client_of(
    struct ca *ca, struct view identity, struct row_client *row, bool *known, struct err *e)
{
	struct err why = {0};

	*known = ST(ca)->client_get(ca->store, identity, row, &why);
	return *known || absent(&why, e);
}

static bool
usages_decode(struct view octets, struct usages *u, struct err *e)
{
	struct reader r = reader_of(octets);

	while (r.n > 0) {
		struct usage *one = &u->list[u->n];
		uint64_t newest;

		if (u->n == KEY_USAGES || !read_u32(&r, &one->key_usage) ||
		    !read_u32(&r, &one->made) || !read_u64(&r, &newest))
			return err_set(e, WHY_IO, "the key usages of a client are damaged");
		one->newest = (int64_t)newest;
		u->n++;
	}
	return true;
}

static void
usages_encode(const struct usages *u, struct blob *out)
{
	for (size_t i = 0; i < u->n; i++) {
		blob_add_u32(out, u->list[i].key_usage);
		blob_add_u32(out, u->list[i].made);
		blob_add_u64(out, (uint64_t)u->list[i].newest);
	}
}

/* A store of before there were usages knows the newest one. */
static void
usages_of_before(const struct row_cert *row, uint32_t made, struct usages *u)
{
	struct cert c;
	struct err why = {0};

	if (row->state == CERT_VOID ||
	    !(row->state == CERT_INTENT ? cert_decode_tbs : cert_decode)(row->body, &c, &why))
		return;
	u->list[0] = (struct usage){c.key_usage, made, row->intent};
	u->n = 1;
}

/* Only those of the next generation count: others belong to rollovers that are over. */
static bool
usages_of(struct ca *ca, const struct row_client *client, struct usages *u, struct err *e)
{
	uint32_t made = (uint32_t)client->shadows;
	struct row_cert row;

	*u = (struct usages){0};
	if (client->shadow == 0 || ca->next == NULL)
		return true;
	if (!usages_decode(client->usages, u, e) ||
	    !ST(ca)->cert_get(ca->store, client->shadow, &row, e))
		return false;
	if (row.generation != ca->next->number)
		u->n = 0;
	else if (u->n == 0)
		usages_of_before(&row, made, u);
	return true;
}

static bool
usages_by(struct ca *ca, struct view identity, struct usages *u, struct err *e)
{
	struct row_client client;
	bool known;

	*u = (struct usages){0};
	return client_of(ca, identity, &client, &known, e) &&
	       (!known || usages_of(ca, &client, u, e));
}

static struct usage *
usage_find(struct usages *u, uint32_t key_usage)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->list[i].key_usage == key_usage)
			return &u->list[i];
	return NULL;
}

when_t
shadow_lifetime(const struct ca *ca, const struct cert *signer)
{
	return ca->policy.shadow_balance
		   ? plan_balance(&ca->policy.plan, signer->not_before, signer->not_after)
		   : 0;
}

bool
shadow_spent(
    struct ca *ca, struct view identity, uint32_t key_usage, bool *spent, struct err *e)
{
	const struct usage *had;
	struct usages u;

	if (!usages_by(ca, identity, &u, e))
		return false;
	had = usage_find(&u, key_usage);
	*spent = had != NULL ? had->made > REPLACED_MAX : u.n >= USAGES_MAX;
	return true;
}

bool
shadow_newest(
    struct ca *ca, struct view identity, uint32_t key_usage, int64_t *intent, struct err *e)
{
	const struct usage *had;
	struct usages u;

	if (!usages_by(ca, identity, &u, e))
		return false;
	had = usage_find(&u, key_usage);
	*intent = had != NULL ? had->newest : 0;
	return true;
}

/* One live shadow for a client and a key usage: the one before is superseded, and one that is
 * still to be signed is not made. */
static bool
supersede(struct ca *ca, int64_t intent, when_t now, struct effects *out, struct err *e)
{
	struct row_cert before;

	if (!ST(ca)->cert_get(ca->store, intent, &before, e))
		return false;
	if (before.state == CERT_VOID || before.revoked_at != 0)
		return true;
	return before.state == CERT_INTENT
		   ? issue_drop(ca, intent, "another took its place", out, e)
		   : revoke_cert(ca, &before, 4, "keymuster", now, e);
}

static bool
note(struct ca *ca, struct view identity, const struct usages *u, int64_t intent, struct err *e)
{
	struct row_client client;
	struct blob octets = {0};
	bool known, ok;

	if (!client_of(ca, identity, &client, &known, e))
		return false;
	if (!known) /* adopted just now */
		return true;
	usages_encode(u, &octets);
	client.shadow = intent;
	client.shadows = 0;
	for (size_t i = 0; i < u->n; i++)
		client.shadows += (int)u->list[i].made;
	client.usages = blob_view(&octets);
	ok = ST(ca)->client_put(ca->store, &client, e);
	blob_free(&octets);
	crash_point("shadow-noted");
	return ok;
}

bool
shadow_issued(struct ca *ca, const struct issue *i, int64_t intent, when_t now,
    struct effects *out, struct err *e)
{
	uint32_t key_usage = issue_key_usage(i);
	struct usage *one;
	struct usages u;

	if (!usages_by(ca, i->identity, &u, e))
		return false;
	one = usage_find(&u, key_usage);
	if (one != NULL && !supersede(ca, one->newest, now, out, e))
		return false;
	if (one == NULL && u.n < KEY_USAGES) {
		one = &u.list[u.n++];
		*one = (struct usage){.key_usage = key_usage};
	}
	if (one != NULL) {
		one->made++;
		one->newest = intent;
	}
	return note(ca, i->identity, &u, intent, e);
}

/*
 * Behind the switch a renewal still reaches the replaced CA: who holds a certificate of the
 * active one for this key gets it (DESIGN.md rule 1).
 */
bool
shadow_answer(struct ca *ca, struct exchange *x, struct view identity, int64_t key8, when_t now,
    bool *answered, struct effects *out, struct err *e)
{
	struct blob der = {0};
	struct row_cert cert;
	struct err why = {0};
	bool ok;

	*answered = false;
	if (!ST(ca)->cert_by_key(ca->store, key8, INT64_MAX, &cert, &why))
		return absent(&why, e);
	if (cert.generation != ca->active->number || !view_equal(cert.identity, identity) ||
	    cert.state != CERT_ISSUED || cert.revoked_at != 0 || now >= cert.not_after)
		return true;
	*answered = true;
	blob_set(&der, cert.body);
	crash_point("shadow-answered");
	ok = reply_issued(ca, x, cert.intent, blob_view(&der), out, e);
	blob_free(&der);
	return ok;
}
