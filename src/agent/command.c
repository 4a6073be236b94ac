/* command.c - what operators ask of trustpoints. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"

void
command_say(struct agent *a, uint64_t client, int status, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->o.answer(a->o.arg, client, status, view_str(text));
}

void
command_begin(struct member *m, uint64_t client, enum command command)
{
	m->asked.command = command;
	m->asked.client = client;
	m->asked.status = DONE;
	blob_clear(&m->asked.text);
}

void
command_finish(struct member *m, int status, const char *text)
{
	uint64_t client = m->asked.client;

	if (m->asked.command == CMD_NONE)
		return;
	m->asked.command = CMD_NONE;
	m->asked.waits = 0;
	m->agent->o.answer(m->agent->o.arg, client, status, view_str(text));
	blob_free(&m->asked.text);
	free(m->asked.file);
	m->asked.file = NULL;
}

/* ---- fingerprints for a human ---- */

static void
fingerprint_add(struct blob *out, const char *name, enum hash hash, struct view der)
{
	struct blob hex = {0};
	uint8_t digest[HASH_MAX];

	if (hash_bytes(hash, der, digest, NULL))
		hex_add(&hex, view_of(digest, hash_size(hash)), true);
	blob_printf(out, "       Fingerprint %s: ", name);
	for (size_t i = 0; i < hex.n; i += 8)
		blob_printf(out, "%s%.8s", i > 0 ? " " : "", blob_cstr(&hex) + i);
	blob_add_byte(out, '\n');
	blob_free(&hex);
}

/* As IOS asks, with what to type behind it. */
void
command_ask_human(struct member *m, struct view ca)
{
	struct blob text = {0}, hex = {0};
	uint8_t digest[32];

	blob_add_str(&text, "Certificate has the following attributes:\n");
	fingerprint_add(&text, "MD5", HASH_MD5, ca);
	fingerprint_add(&text, "SHA1", HASH_SHA1, ca);
	fingerprint_add(&text, "SHA256", HASH_SHA256, ca);
	sha256(ca, digest);
	hex_add(&hex, view_of(digest, sizeof(digest)), true);
	blob_printf(&text,
	    "%% Compare with what the CA's operator reads to you: nothing is stored yet.\n"
	    "  Type: crypto pki authenticate %s fingerprint %s\n",
	    m->name, blob_cstr(&hex));
	command_finish(m, PENDING, blob_cstr(&text));
	blob_free(&text);
	blob_free(&hex);
}

bool
first_ca(struct view list, struct cert *out, struct err *e)
{
	struct reader r = reader_of(list);
	struct der d;

	while (r.n > 0) {
		if (!der_any(&r, &d, e) || !cert_decode(d.whole, out, e))
			return false;
		if (out->is_ca)
			return true;
	}
	return err_set(e, WHY_BAD_INPUT, "no CA certificate in it");
}

/* The CA of an answer to GetCACert is the one that issued the others: the first that is a CA,
 * for show; what is stored is decided by the fingerprint. */
static bool
answered_ca(struct view body, struct blob *scratch, struct cert *out, struct err *e)
{
	struct view certs, crls;

	if (cert_decode(body, out, NULL))
		return out->is_ca || err_set(e, WHY_BAD_INPUT, "its certificate is no CA's");
	return certs_only_decode(body, scratch, &certs, &crls, e) && first_ca(certs, out, e);
}

void
command_fetched(struct pending *p, const struct courier_got *got)
{
	struct member *m = p->member;
	struct blob scratch = {0}, text = {0};
	struct err e = {0};
	struct cert ca;

	if (p->id != m->asked.waits)
		return; /* nobody waits for it any more */
	if (got->status == 0) {
		text_escape(&scratch, got->reason);
		blob_printf(&text, "%% The server does not answer: %s.\n", blob_cstr(&scratch));
		command_finish(m, UNREACHABLE, blob_cstr(&text));
	} else if (got->status != 200) {
		blob_printf(&text, "%% The server answers with HTTP status %d.\n", got->status);
		command_finish(m, REFUSED, blob_cstr(&text));
	} else if (answered_ca(got->body, &scratch, &ca, &e)) {
		command_ask_human(m, ca.whole);
	} else {
		blob_printf(
		    &text, "%% The server's answer to GetCACert is no good: %s.\n", e.text);
		command_finish(m, REFUSED, blob_cstr(&text));
	}
	blob_free(&scratch);
	blob_free(&text);
}

/* ---- what tp says while somebody waits ---- */

/* Who answers; TP_CMD_NONE: not tp, whose notes are about something else then. */
static enum tp_command
asked_of_tp(const struct member *m)
{
	static const enum tp_command commands[] = {
	    [CMD_AUTHENTICATE] = TP_CMD_AUTHENTICATE,
	    [CMD_ENROLL] = TP_CMD_ENROLL,
	    [CMD_IMPORT] = TP_CMD_IMPORT,
	    [CMD_TAKE] = TP_CMD_TAKE,
	};
	size_t command = m->asked.command;

	return command < COUNT_OF(commands) && m->asked.waits == 0 ? commands[command]
								   : TP_CMD_NONE;
}

void
command_failed(struct member *m, const char *why)
{
	enum tp_command command = asked_of_tp(m);
	bool stores = command == TP_CMD_IMPORT || command == TP_CMD_TAKE;
	struct blob line = {0};

	if (command == TP_CMD_NONE)
		return;
	blob_printf(&line, "%% %s%s.\n", stores ? "Nothing is stored: " : "", why);
	command_finish(
	    m, !stores && m->no_answer != NULL ? UNREACHABLE : REFUSED, blob_cstr(&line));
	blob_free(&line);
}

void
command_noted(struct member *m, const struct tp_effect *x, const char *text)
{
	if (x->ends == TP_CMD_NONE || x->ends != asked_of_tp(m))
		return;
	switch (x->note) {
	case TP_NOTED_CA:
		command_finish(m, DONE, "Trustpoint CA certificate accepted.\n");
		break;
	case TP_NOTED_ID:
		if (x->ends == TP_CMD_ENROLL)
			command_finish(m, DONE, "Certificate received and stored.\n");
		else if (x->ends == TP_CMD_IMPORT)
			import_finish(m);
		else
			command_finish(m, DONE, "% Router Certificate successfully imported\n");
		break;
	case TP_NOTED_PENDING:
		command_finish(m, PENDING,
		    "% The server keeps the request until somebody grants it; it is asked "
		    "again by itself.\n");
		break;
	case TP_NOTED_REJECTED:
	case TP_NOTED_TROUBLE:
	case TP_NOTED_NOT_TAKEN:
		command_failed(m, text);
		break;
	case TP_NOTED_REQUEST:
		by_hand_requested(m);
		break;
	case TP_NOTED_NEXT_CA:
	case TP_NOTED_LACKS:
	case TP_NOTED_SHADOW:
	case TP_NOTED_ACTIVATED:
	case TP_NOTED_BEHIND:
		break;
	}
}

/* ---- commands ---- */

/* False: that was said. */
static bool
has_server(struct member *m, uint64_t client)
{
	if (lines(m)->url[0] != 0 || m->kin->policy.by_hand)
		return true;
	command_say(m->agent, client, REFUSED,
	    "%% Trustpoint %s has no server.\n  Configure: enrollment url http://HOST\n",
	    m->name);
	return false;
}

static void
authenticate(struct member *m, uint64_t client, const struct command_line *line)
{
	const struct tp_event ev = {.kind = TP_EV_COMMAND,
	    .command = TP_CMD_AUTHENTICATE,
	    .fingerprint = line->fingerprint};
	struct courier_fetch f = {.max = ANSWER_MAX};
	struct blob tail = {0};

	if (!has_server(m, client))
		return;
	if (line->fingerprint[0] == 0 && tp_facts(m->tp)->authenticated) {
		command_say(m->agent, client, DONE,
		    "CA certificate of %s is authenticated already.\n"
		    "  To take another one: crypto pki authenticate %s fingerprint HEX\n",
		    m->name, m->name);
		return;
	}
	if (m->kin->policy.by_hand) {
		by_hand_authenticate_ask(m, client, line);
		return;
	}
	command_begin(m, client, CMD_AUTHENTICATE);
	if (line->fingerprint[0] != 0) {
		member_step(m, &ev);
		return;
	}
	courier_tail("GetCACert", view_str(m->name), &tail);
	f.tail = blob_view(&tail);
	m->asked.waits = fetch_add(m, &f)->id;
	blob_free(&tail);
}

static void
enroll(struct member *m, uint64_t client, const struct command_line *line)
{
	static const struct tp_event ev = {.kind = TP_EV_COMMAND, .command = TP_CMD_ENROLL};
	const struct plan_tp_facts *f = tp_facts(m->tp);
	char at[WHEN_TEXT];

	(void)line;
	if (!has_server(m, client))
		return;
	if (!f->authenticated) {
		command_say(m->agent, client, REFUSED,
		    "%% The CA of %s is not authenticated.\n  Type: crypto pki authenticate "
		    "%s\n",
		    m->name, m->name);
		return;
	}
	if (!m->kin->policy.by_hand && m->kin->policy.plan.auto_enroll &&
	    !m->kin->policy.plan.shadow_only && f->have_id &&
	    m->agent->clock.now < f->id_until) {
		command_say(m->agent, client, DONE,
		    "%s holds its certificate, and auto-enroll renews it: %s.\n", m->name,
		    when_ios(plan_tp_due(&m->kin->policy.plan, f), at));
		return;
	}
	if (f->pending) {
		command_say(m->agent, client, PENDING,
		    "%% The server keeps the request of %s already; it is asked again by "
		    "itself.\n",
		    m->name);
		return;
	}
	command_begin(m, client, CMD_ENROLL);
	member_step(m, &ev);
}

/* ---- lists ---- */

static void
list_line(struct member *m, const struct listed *l, struct blob *out)
{
	struct blob name = {0}, url = {0};
	char at[WHEN_TEXT];

	text_escape(&url, view_str(l->url));
	if (l->der.n > 0) {
		name_text(l->crl.issuer, &name);
		blob_printf(out, "CRL of %s, number %ju, %zu revoked, next update %s\n",
		    blob_cstr(&name), (uintmax_t)l->crl.number, crl_count(&l->crl),
		    when_ios(l->crl.next_update, at));
		if (lines(m)->crl_cache.none)
			blob_add_str(out, "  It is not kept: crl cache none\n");
	} else {
		blob_printf(out, "%% No CRL from %s: %s.\n", blob_cstr(&url), l->why);
		m->asked.status = l->answered ? REFUSED : UNREACHABLE;
	}
	blob_free(&name);
	blob_free(&url);
}

void
command_listed(struct member *m, const struct listed *l)
{
	if (m->asked.command == CMD_VALIDATE)
		validate_listed(m, l);
	if (m->asked.command != CMD_CRL_REQUEST)
		return;
	list_line(m, l, &m->asked.text);
	if (!lists_wait(m))
		command_finish(m, m->asked.status, blob_cstr(&m->asked.text));
}

static void
list_request(struct member *m, uint64_t client, const struct command_line *line)
{
	(void)line;
	command_begin(m, client, CMD_CRL_REQUEST);
	if (lists_ask(m) > 0)
		return;
	if (!tp_facts(m->tp)->have_id)
		blob_printf(&m->asked.text,
		    "%% Trustpoint %s has no certificate that names a CRL.\n", m->name);
	else
		blob_printf(&m->asked.text,
		    "%% The certificate of %s names no CRL that is fetched by HTTP.\n",
		    m->name);
	blob_add_str(&m->asked.text, "  Configure: crl query http://HOST/PATH\n");
	command_finish(m, REFUSED, blob_cstr(&m->asked.text));
}

/* ---- all ---- */

static void
leaf_add(struct member *m, enum tp_leaf leaf, struct blob *out)
{
	(void)m->shelf->table->get(m->shelf, leaf, out, NULL);
}

bool
command_identity(struct member *m, uint64_t client, struct blob *cert, struct blob *bundle)
{
	const struct plan_tp_facts *f = tp_facts(m->tp);

	if (f->authenticated)
		leaf_add(m, TP_CA, bundle);
	if (f->have_id)
		leaf_add(m, TP_ID, cert);
	if (cert->n > 0 && bundle->n > 0)
		return true;
	command_say(m->agent, client, REFUSED,
	    "%% Trustpoint %s has no certificate.\n  Type: crypto pki %s %s\n", m->name,
	    f->authenticated ? "enroll" : "authenticate", m->name);
	return false;
}

void
command_job_done(struct member *m, const struct key_done *d)
{
	if (m->asked.command == CMD_NONE || d->id != m->asked.waits)
		return;
	m->asked.waits = 0;
	if (m->asked.command == CMD_VALIDATE)
		validate_job_done(m, d);
	else if (m->asked.command == CMD_EXPORT)
		export_job_done(m, d);
}

bool
agent_needs_clock(enum command c)
{
	return c != CMD_EXPORT && c != CMD_TP_REMOVE;
}

static void
command_run(struct member *m, uint64_t client, const struct command_line *line)
{
	static void (*const commands[])(
	    struct member * m, uint64_t client, const struct command_line *line) = {
	    [CMD_AUTHENTICATE] = authenticate,
	    [CMD_ENROLL] = enroll,
	    [CMD_EXPORT] = export,
	    [CMD_IMPORT] = import,
	    [CMD_TAKE] = by_hand_take_ask,
	    [CMD_CRL_REQUEST] = list_request,
	    [CMD_VALIDATE] = validate,
	};
	size_t command = line->command;

	if (command < COUNT_OF(commands) && commands[command] != NULL)
		commands[command](m, client, line);
	else
		command_say(m->agent, client, REFUSED, "%% No command of trustpoints.\n");
}

void
agent_command(struct agent *a, uint64_t client, const struct command_line *line)
{
	struct member *m = member_named(a, line->name);

	if (m == NULL)
		command_say(a, client, REFUSED,
		    "%% Trustpoint %s is not known.\n  See: show crypto pki trustpoints\n",
		    line->name);
	else if (line->command == CMD_TP_REMOVE)
		member_remove(m, client, line);
	else if (m->tp == NULL)
		command_say(a, client, REFUSED, "%% Trustpoint %s does not run: %s.\n",
		    line->name, m->trouble);
	else if (m->asked.command != CMD_NONE)
		command_say(a, client, REFUSED,
		    "%% Somebody else's command to trustpoint %s is under way.\n", line->name);
	else
		command_run(m, client, line);
}
