/* validate.c - is a trustpoint's certificate good? */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"

#define CHAIN_MAX 16

/*
 * As a peer would: signatures up to the highest CA that is held, dates, revocation. And what no
 * peer sees: the key of the certificate's label signs for it.
 */
struct chain {
	struct blob cert, bundle;
	struct cert of[CHAIN_MAX]; /* ours first */
	size_t n;
};

static void
chain_free(struct chain *c)
{
	blob_free(&c->cert);
	blob_free(&c->bundle);
}

static void finish(struct member *m, int status, const char *fmt, ...) PRINTF(3, 4);

static void
finish(struct member *m, int status, const char *fmt, ...)
{
	struct blob *text = &m->asked.text;
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (status == DONE)
		m->counters.valid++;
	else
		m->counters.invalid++;
	if (status == DONE)
		blob_printf(text, "%sCertificate chain for %s is valid\n", line, m->name);
	else
		blob_printf(
		    text, "%% Certificate chain for %s is not valid: %s.\n", m->name, line);
	command_finish(m, status, blob_cstr(text));
}

/* ---- chain and dates ---- */

/* Who issued the last one so far; NULL: nobody that is held. */
static const struct cert *
above(struct member *m, const struct chain *c, struct cert *out)
{
	const struct cert *last = &c->of[c->n - 1];
	struct reader r = reader_of(blob_view(&c->bundle));

	while (ca_next(&r, out))
		if ((!out->has_key_usage || out->key_usage & KU_CERT_SIGN) &&
		    name_equal(last->issuer, out->subject) &&
		    keys_verify(m->agent->o.keys, &out->key, &last->alg, last->tbs,
			last->signature, NULL))
			return out;
	return NULL;
}

static bool
dates_good(const struct cert *c, const char *whose, when_t now, struct err *e)
{
	char at[WHEN_TEXT];

	if (now < c->not_before)
		return err_set(
		    e, WHY_REFUSED, "%s begins %s", whose, when_ios(c->not_before, at));
	return now < c->not_after ||
	       err_set(e, WHY_REFUSED, "%s has ended %s", whose, when_ios(c->not_after, at));
}

static bool
chain_make(struct member *m, struct chain *c, struct err *e)
{
	when_t now = m->agent->clock.now;

	if (!cert_decode(blob_view(&c->cert), &c->of[0], e))
		return false;
	if (!dates_good(&c->of[0], "the certificate", now, e))
		return false;
	for (c->n = 1; c->n < CHAIN_MAX; c->n++) {
		const struct cert *last = &c->of[c->n - 1];

		if (c->n > 1 && name_equal(last->subject, last->issuer))
			return true;
		if (above(m, c, &c->of[c->n]) == NULL)
			break;
		if (!dates_good(&c->of[c->n], "the certificate of a CA", now, e))
			return false;
	}
	/* What was authenticated is trusted, whatever is above it. */
	return c->n > 1 || err_set(e, WHY_REFUSED, "the CA that is held has not issued it");
}

/* ---- the key ---- */

/* A request for the certificate's own key, which is signed with the label's and never sent. */
static void
key_ask(struct member *m, const struct cert *c)
{
	struct pending *p = pending_add(m, PENDING_JOB);
	struct csr_spec spec = {.subject = c->subject, .spki = c->key.whole};

	csr_encode_info(&spec, &p->message);
	p->job = (struct key_job){
	    .id = p->id,
	    .act = KEY_SIGN,
	    .as = SIGN_REQUEST,
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	};
	if (c->key.kind == KEY_EC)
		p->job.alg = (struct sig_alg){KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};
	tp_key_of(m->tp, TP_ID, p->job.label);
	m->asked.waits = p->id;
}

static bool
key_signs(const struct cert *c, struct view signature)
{
	struct csr_spec spec = {.subject = c->subject, .spki = c->key.whole};
	struct sig_alg alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0};
	struct blob info = {0};
	bool ok;

	if (c->key.kind == KEY_EC)
		alg = (struct sig_alg){KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};
	csr_encode_info(&spec, &info);
	ok = key_verify(&c->key, &alg, blob_view(&info), signature, NULL);
	blob_free(&info);
	return ok;
}

/* ---- revocation ---- */

static void
revoked_look(struct member *m, const struct crl *list, const struct cert *c)
{
	char at[WHEN_TEXT];
	when_t when;
	int reason;

	if (crl_find(list, c->serial, &when, &reason))
		finish(m, REFUSED, "it was revoked %s", when_ios(when, at));
	else
		finish(m, DONE, "Not revoked: CRL of %s\n", when_ios(list->this_update, at));
}

/* The ways of revocation-check behind the one that told nothing. */
static void
other_ways(struct member *m, int status, const char *why)
{
	const uint8_t *checks = lines(m)->checks;

	for (size_t i = 0; i < CONF_CHECKS && checks[i] != CONF_CHECK_END; i++)
		if (checks[i] == CONF_CHECK_NONE) {
			finish(m, DONE, "Revocation not checked: %s\n", why);
			return;
		}
	finish(m, status, "nothing says whether it is revoked: %s", why);
}

static bool
asks_lists(const struct member *m)
{
	const uint8_t *checks = lines(m)->checks;

	/* What stands behind "none" is not tried; conf has refused it. */
	for (size_t i = 0; i < CONF_CHECKS && checks[i] != CONF_CHECK_END; i++)
		if (checks[i] == CONF_CHECK_CRL)
			return true;
	return false;
}

static void
revocation(struct member *m, const struct cert *c, const struct cert *ca)
{
	struct blob der = {0};
	uint8_t mark[MARK];
	struct crl list;

	mark_bytes(ca->whole, mark);
	if (!asks_lists(m))
		other_ways(m, REFUSED,
		    lines(m)->checks[0] == CONF_CHECK_OCSP ? "OCSP is not spoken here"
							   : "revocation-check none");
	else if (lists_kept(m, mark, m->agent->clock.now, &der) &&
		 crl_decode(blob_view(&der), &list, NULL))
		revoked_look(m, &list, c);
	else if (lists_ask(m) == 0)
		other_ways(m, REFUSED, "no address of a CRL is known");
	blob_free(&der);
}

/* ---- steps ---- */

static bool
chain_read(struct member *m, struct chain *c)
{
	return command_identity(m, m->asked.client, &c->cert, &c->bundle);
}

void
validate(struct member *m, uint64_t client, const struct command_line *line)
{
	struct chain c = {0};
	struct err e = {0};

	(void)line;
	if (command_identity(m, client, &c.cert, &c.bundle)) {
		command_begin(m, client, CMD_VALIDATE);
		if (chain_make(m, &c, &e)) {
			blob_printf(&m->asked.text, "Chain has %zu certificates\n", c.n);
			key_ask(m, &c.of[0]);
		} else {
			finish(m, REFUSED, "%s", e.text);
		}
	}
	chain_free(&c);
}

void
validate_job_done(struct member *m, const struct key_done *d)
{
	struct chain c = {0};
	struct err e = {0};

	if (d->why != WHY_NONE)
		finish(m, REFUSED, "its key is not to be had: %s", d->text);
	else if (!chain_read(m, &c))
		m->asked.command = CMD_NONE; /* it was said */
	else if (!chain_make(m, &c, &e))
		finish(m, REFUSED, "%s", e.text);
	else if (!key_signs(&c.of[0], blob_view(&d->bytes)))
		finish(m, REFUSED, "the key of its label is another one");
	else
		revocation(m, &c.of[0], &c.of[1]);
	chain_free(&c);
}

void
validate_listed(struct member *m, const struct listed *l)
{
	struct chain c = {0};
	struct err e = {0};
	uint8_t mark[MARK];

	if (!chain_read(m, &c)) {
		m->asked.command = CMD_NONE;
	} else if (!chain_make(m, &c, &e)) {
		finish(m, REFUSED, "%s", e.text);
	} else {
		mark_bytes(c.of[1].whole, mark);
		if (memcmp(mark, l->ca, MARK) != 0) {
			if (!lists_wait(m))
				other_ways(m, REFUSED, "no CRL of its CA came");
		} else if (l->der.n == 0) {
			other_ways(m, l->answered ? REFUSED : UNREACHABLE, l->why);
		} else {
			revoked_look(m, &l->crl, &c.of[0]);
		}
	}
	chain_free(&c);
}
