/* by_hand.c - enrolment without a server. */
#include <string.h>

#include "tp/tp_int.h"

bool
by_hand_authenticate(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	talk_end(t);
	talk_new(t, TP_AUTHENTICATE);
	t->x->by_command = true;
	(void)snprintf(t->x->fingerprint, sizeof(t->x->fingerprint), "%s",
	    ev->fingerprint[0] != 0 ? ev->fingerprint : t->fingerprint);
	return authority_take(t, ev->body, now, out, e);
}

bool
tp_requested(const struct tp *t)
{
	return t->record.request_key != 0;
}

bool
tp_request(struct tp *t, struct blob *out, struct err *e)
{
	struct request r = {0};
	bool ok;

	if (!tp_requested(t))
		return err_set(e, WHY_NOT_FOUND, "no request was made");
	ok = request_load(t, &r, e);
	if (ok)
		blob_set(out, blob_view(&r.csr));
	request_free(&r);
	return ok;
}

/* As good as a server's answer, or it is not taken. */
static bool
good(struct tp *t, struct view certs, when_t now, struct blob *csr, struct blob *bundle,
    struct cert *c, struct err *e)
{
	struct csr asked;
	struct cert ca;

	return tp_request(t, csr, e) && csr_decode(blob_view(csr), &asked, e) &&
	       shelf_get(t, TP_CA, bundle, e) && bundle_ca(blob_view(bundle), &ca, e) &&
	       answer_for(t, certs, &asked, &ca, c, e) && answer_live(t, c, now, e);
}

bool
by_hand_take(struct tp *t, struct view certs, when_t now, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	struct blob csr = {0}, bundle = {0};
	struct err why = {0};
	char until[WHEN_TEXT];
	struct cert c;
	bool ok = true;

	if (!good(t, certs, now, &csr, &bundle, &c, &why)) {
		tp_note(out, TP_NOTED_NOT_TAKEN, "%s", why.text)->ends = TP_CMD_TAKE;
		goto out;
	}

	struct tp_change list[] = {{TP_ID, c.whole}, {TP_REQUEST, {0}}};

	answer_hold(t, &c, next.request_key, &next);
	ok = record_commit(t, &next, list, COUNT_OF(list), e);
	if (ok)
		tp_note(out, TP_NOTED_ID, "certificate stored, it ends %s",
		    when_rfc3339(c.not_after, until))
		    ->ends = TP_CMD_TAKE;
out:
	blob_free(&csr);
	blob_free(&bundle);
	return ok;
}
