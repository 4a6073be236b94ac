/* client.c - the muster: what each identity did last. */
#include "ca/ca_int.h"

bool
client_note(struct ca *ca, const struct sighting *s, when_t now, struct err *e)
{
	struct row_client row = {.first_seen = now}, old;
	struct err why = {0};

	if (ST(ca)->client_get(ca->store, s->identity, &old, &why))
		row = old;
	else if (!absent(&why, e))
		return false;
	row.identity = s->identity;
	row.subject = s->subject;
	if (s->asked != NULL) { /* it was here itself */
		row.last_seen = now;
		row.source = s->source;
		row.asked = s->asked;
	} else if (row.asked == NULL) {
		row.source = row.asked = "";
	}
	if (s->intent != 0)
		row.intent = s->intent;
	if (!ST(ca)->client_put(ca->store, &row, e))
		return false;
	crash_point("client-noted");
	return true;
}

/* A certificate of the next CA is the newest one from the switch on until the client gets
 * another, unless it was revoked before it began: then it never was anything. */
bool
client_newest(
    struct ca *ca, struct view identity, struct row_client *row, int64_t *newest, struct err *e)
{
	struct row_cert cert;
	struct err why = {0};
	int64_t generation, shadow;

	*newest = 0;
	if (!ST(ca)->client_get(ca->store, identity, row, &why))
		return absent(&why, e);
	*newest = row->intent;
	shadow = row->shadow;
	if (shadow == 0)
		return true;
	if (!ST(ca)->cert_get(ca->store, shadow, &cert, e))
		return false;
	generation = cert.generation;
	if (cert.state == CERT_ISSUED && generation <= ca->active->number &&
	    (cert.revoked_at == 0 || cert.revoked_at > cert.not_before)) {
		if (*newest != 0 && !ST(ca)->cert_get(ca->store, *newest, &cert, e))
			return false;
		if (*newest == 0 || cert.generation < generation)
			*newest = shadow;
	}
	return ST(ca)->client_get(ca->store, identity, row, e);
}

bool
client_raise(
    struct ca *ca, struct view identity, int64_t intent, enum level level, struct err *e)
{
	struct row_client row;
	int64_t newest;

	if (!client_newest(ca, identity, &row, &newest, e))
		return false;
	/* An older one, asked for again, says nothing: a client that began anew is not to be
	 * locked out by a replay. */
	if (newest != intent || row.strength >= (int)level)
		return true;
	row.strength = (int)level;
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_anew(struct ca *ca, struct view identity, int64_t intent, struct err *e)
{
	struct row_client row;
	int64_t newest;

	if (!client_newest(ca, identity, &row, &newest, e))
		return false;
	if (newest != intent || row.strength == 0)
		return true;
	row.strength = 0;
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_confirm(
    struct ca *ca, struct view identity, int64_t intent, int64_t generation, struct err *e)
{
	struct row_client row;
	struct row_cert before;
	struct err why = {0};
	int64_t confirmed;

	if (!ST(ca)->client_get(ca->store, identity, &row, &why))
		return absent(&why, e);
	confirmed = row.confirmed;
	if (confirmed == intent)
		return true;
	if (confirmed != 0) {
		if (!ST(ca)->cert_get(ca->store, confirmed, &before, e))
			return false;
		if (before.generation > generation ||
		    (before.generation == generation && confirmed > intent))
			return true;
	}
	if (!ST(ca)->client_get(ca->store, identity, &row, e))
		return false;
	row.confirmed = intent;
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_live(
    struct ca *ca, struct view identity, when_t now, bool *live, bool *void_last, struct err *e)
{
	struct row_client client;
	struct row_cert cert;
	int64_t newest;

	*live = *void_last = false;
	if (!client_newest(ca, identity, &client, &newest, e))
		return false;
	if (newest == 0)
		return true;
	if (!ST(ca)->cert_get(ca->store, newest, &cert, e))
		return false;
	*live = cert.state == CERT_ISSUED && cert.revoked_at == 0 && now < cert.not_after;
	*void_last = cert.state == CERT_VOID;
	return true;
}
