/* admit.c - is this message strong enough, for this client? */
#include "ca/ca_int.h"

#include <string.h>

/* What was weak, and what would let it in. */
static void
refuse(struct ca *ca, struct exchange *x, const struct weakness *w, const char *why,
    struct effects *out)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "%s%s", w->what, why);
	x->too_weak = true;
	reply_fail(ca, x, w->fail, text, out);
}

bool
admit_anybody(struct ca *ca, struct exchange *x, struct effects *out)
{
	static const char *const words[] = {
	    [LEVEL_NEVER] = "",
	    [LEVEL_ANCIENT] = ": needs 'compat ancient'",
	    [LEVEL_LEGACY] = ": needs 'compat legacy'",
	};
	struct weakness w = strength_of(&x->makings);

	if (strength_allowed(&ca->policy, w.level, NULL))
		return true;
	refuse(ca, x, &w, words[w.level], out);
	return false;
}

/* Who got a certificate by stronger algorithms has no need of these: whoever comes with them is
 * somebody else, or was talked into them. */
static bool
seen_stronger(
    struct ca *ca, struct view identity, enum level level, bool *stronger, struct err *e)
{
	struct row_client client;
	struct err why = {0};

	*stronger = ST(ca)->client_get(ca->store, identity, &client, &why) &&
		    client.strength > (int)level;
	return absent(&why, e);
}

bool
admit(struct ca *ca, struct exchange *x, struct view identity, struct view subject,
    bool *admitted, struct effects *out, struct err *e)
{
	struct weakness w = strength_of(&x->makings);
	struct blob text = {0};
	bool stronger = false, fits;

	memcpy(x->identity, identity.p, sizeof(x->identity));
	*admitted = w.level == LEVEL_MODERN;
	if (*admitted || !admit_anybody(ca, x, out))
		return true;
	name_text(subject, &text);
	fits = strength_allowed(&ca->policy, w.level, blob_cstr(&text));
	if (fits && !seen_stronger(ca, view_of(x->identity, 32), w.level, &stronger, e)) {
		blob_free(&text);
		return false;
	}
	*admitted = fits && !stronger;
	if (*admitted)
		log_notice("old algorithms admitted",
		    "ca='%s' from='%s' subject='%s' what='%s'", ca->policy.name, x->source,
		    blob_cstr(&text), w.what);
	else
		refuse(ca, x, &w,
		    stronger ? ": this client has a certificate by stronger algorithms; it may "
			       "begin anew once its newest one is revoked"
			     : ": the 'compat' word is not for this subject",
		    out);
	blob_free(&text);
	return true;
}

bool
admit_holder(struct ca *ca, struct exchange *x, int64_t intent, bool *admitted,
    struct effects *out, struct err *e)
{
	struct blob subject = {0};
	struct row_cert row;
	uint8_t identity[32];
	bool ok;

	if (!ST(ca)->cert_get(ca->store, intent, &row, e))
		return false;
	if (row.identity.n != sizeof(identity))
		return err_set(e, WHY_IO, "certificate %ld is damaged", (long)row.intent);
	memcpy(identity, row.identity.p, sizeof(identity));
	blob_set(&subject, row.subject);
	ok = admit(
	    ca, x, view_of(identity, sizeof(identity)), blob_view(&subject), admitted, out, e);
	blob_free(&subject);
	return ok;
}
