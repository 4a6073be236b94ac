/* challenge.c - challenges that a hook decides on. */
#include <string.h>

#include "ca/ca_int.h"

#define AGAIN_SECONDS 10

bool
challenge_asks(const struct ca *ca, const struct exchange *x, const struct grant_facts *f)
{
	bool hook = x->profile != NULL ? x->profile->asks : ca->policy.asks;
	struct grant_facts right = *f;

	right.password = PASSWORD_RIGHT;
	return hook && grant_decide(&right).reason == REASON_PASSWORD;
}

static void
question_encode(const struct exchange *x, const struct csr *csr, const char *transaction,
    struct view challenge, struct blob *out)
{
	struct blob subject = {0}, san = {0};
	uint8_t request[32];

	name_write(csr->subject, &subject);
	san_write(csr->san, &san);
	sha256(csr->whole, request);
	blob_add_sized(out, view_str(x->profile != NULL ? x->profile->name : ""));
	blob_add_sized(out, view_str(x->source));
	blob_add_sized(out, view_str(transaction));
	blob_add_sized(out, challenge);
	blob_add_sized(out, blob_view(&subject));
	blob_add_sized(out, blob_view(&san));
	blob_add(out, request, sizeof(request));
	blob_free(&subject);
	blob_free(&san);
}

bool
ca_question(const struct effect *x, struct ca_question *out)
{
	struct reader r = reader_of(blob_view(&x->bytes));
	struct view *const fields[] = {&out->profile, &out->source, &out->transaction,
	    &out->challenge, &out->subject, &out->san};
	bool ok = x->kind == EFFECT_ASK;

	for (size_t i = 0; ok && i < COUNT_OF(fields); i++)
		ok = read_sized(&r, fields[i]);
	return ok && read_view(&r, 32, &out->request) && r.n == 0;
}

void
challenge_ask(struct ca *ca, struct exchange *x, const struct csr *csr, struct view digest,
    const char *transaction, struct view challenge, struct effects *out)
{
	struct effect *ask;

	blob_set(&x->opened, csr->whole);
	memcpy(x->digest, digest.p, sizeof(x->digest));
	for (const struct exchange *y = ca->exchanges; y != NULL; y = y->next) {
		if (y->question == 0 || y->profile != x->profile ||
		    memcmp(y->digest, x->digest, sizeof(x->digest)) != 0)
			continue;
		x->question = y->question; /* it is asked already */
		return;
	}
	x->question = ++ca->next_question;
	ask = effect_add(out, EFFECT_ASK);
	ask->id = x->question;
	question_encode(x, csr, transaction, challenge, &ask->bytes);
}

static void
log_refused(const struct ca *ca, const struct exchange *x, struct view why)
{
	struct blob transaction = {0}, text = {0};

	text_escape(&transaction, x->scep.transaction);
	text_escape(&text, why);
	log_notice("challenge not accepted",
	    "ca='%s' profile='%s' from='%s' transaction='%s' why='%s'", ca->policy.name,
	    x->profile != NULL ? x->profile->name : "", x->source, blob_cstr(&transaction),
	    blob_cstr(&text));
	blob_free(&transaction);
	blob_free(&text);
}

enum grant_password
challenge_result(const struct ca *ca, const struct exchange *x, const struct csr *csr)
{
	const struct heard *h = x->heard;

	if (!h->answer->allowed) {
		log_refused(ca, x, h->answer->reason);
		return PASSWORD_WRONG;
	}
	if ((h->answer->has_subject && !name_equal(csr->subject, blob_view(&h->subject))) ||
	    (h->answer->has_san && !(san_subset(csr->san, blob_view(&h->san)) &&
				       san_subset(blob_view(&h->san), csr->san)))) {
		log_refused(ca, x, VIEW("it is for another subject or other names"));
		return PASSWORD_WRONG;
	}
	return PASSWORD_RIGHT;
}

/* Names of the answer to structures; what cannot be read is no answer. */
static bool
heard_read(const struct ca *ca, const struct ca_answer *a, struct heard *out)
{
	struct blob text = {0};
	struct err why = {0};
	bool ok = a->known;

	out->answer = a;
	blob_add_view(&text, a->subject);
	if (ok && a->has_subject && a->subject.n > 0) /* empty: it names none */
		ok = name_parse(blob_cstr(&text), &out->subject, &why);
	else if (ok && a->has_subject)
		blob_set(&out->subject, VIEW("\x30\x00"));
	if (ok && a->has_san)
		ok = san_parse(a->san, &out->san, &why);
	if (a->known && !ok)
		log_warn("answer of the challenge hook not understood", "ca='%s' why='%s'",
		    ca->policy.name, why.text);
	blob_free(&text);
	return ok;
}

/* Who repeated the request meanwhile gets the same. The facts are gathered anew: the request
 * may have been granted, the CA may have ended. */
bool
challenge_answered(
    struct ca *ca, const struct ca_event *ev, when_t now, struct effects *out, struct err *e)
{
	struct heard heard = {0};
	struct exchange *next;
	bool known = heard_read(ca, ev->answer, &heard), ok = true;

	for (struct exchange *x = ca->exchanges; ok && x != NULL; x = next) {
		struct blob opened = x->opened;

		next = x->next;
		if (x->question != ev->id)
			continue;
		if (!known) {
			reply_later(ca, x, AGAIN_SECONDS, out);
			continue;
		}
		x->question = 0;
		x->opened = (struct blob){0};
		x->heard = &heard;
		ok = request_read(ca, x, blob_view(&opened), now, out, e);
		blob_free(&opened);
	}
	/* Whoever is answered may be gone; whoever waits on must not look here again. */
	for (struct exchange *x = ca->exchanges; x != NULL; x = x->next)
		x->heard = NULL;
	blob_free(&heard.subject);
	blob_free(&heard.san);
	return ok;
}
