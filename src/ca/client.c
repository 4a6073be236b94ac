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
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_raise(
    struct ca *ca, struct view identity, int64_t intent, enum level level, struct err *e)
{
	struct row_client row;
	struct err why = {0};

	if (!ST(ca)->client_get(ca->store, identity, &row, &why))
		return absent(&why, e);
	/* An older one, asked for again, says nothing: a client that began anew is not to be
	 * locked out by a replay. */
	if (row.intent != intent || row.strength >= (int)level)
		return true;
	row.strength = (int)level;
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_anew(struct ca *ca, struct view identity, int64_t intent, struct err *e)
{
	struct row_client row;
	struct err why = {0};

	if (!ST(ca)->client_get(ca->store, identity, &row, &why))
		return absent(&why, e);
	if (row.intent != intent || row.strength == 0)
		return true;
	row.strength = 0;
	return ST(ca)->client_put(ca->store, &row, e);
}

bool
client_live(
    struct ca *ca, struct view identity, when_t now, bool *live, bool *void_last, struct err *e)
{
	struct row_client client;
	struct row_cert cert;
	struct err why = {0};

	*live = *void_last = false;
	if (ST(ca)->client_get(ca->store, identity, &client, &why) && client.intent != 0 &&
	    ST(ca)->cert_get(ca->store, client.intent, &cert, &why)) {
		*live =
		    cert.state == CERT_ISSUED && cert.revoked_at == 0 && now < cert.not_after;
		*void_last = cert.state == CERT_VOID;
	}
	return absent(&why, e);
}
