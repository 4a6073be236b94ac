/* by_hand.c - trustpoints whose requests an operator carries. */
#include <string.h>

#include "agent/agent_int.h"

#define HOW "End with a blank line or the word \"quit\" on a line by itself\n"

/* As IOS asks; keymuster reads what is pasted and comes again with it. */
static void
ask_paste(struct member *m, uint64_t client, const char *what, const char *command)
{
	command_say(m->agent, client, PENDING,
	    "Enter the base 64 encoded %s.\n" HOW "  Paste: crypto pki %s\n", what, command);
}

void
by_hand_authenticate_ask(struct member *m, uint64_t client, const struct command_line *line)
{
	const char *print =
	    line->fingerprint[0] != 0 ? line->fingerprint : lines(m)->fingerprint;
	const struct tp_event ev = {.kind = TP_EV_COMMAND,
	    .command = TP_CMD_AUTHENTICATE,
	    .fingerprint = print,
	    .body = line->pasted};
	char command[256];
	struct err e = {0};
	struct cert ca;

	if (line->pasted.n == 0) {
		(void)snprintf(command, sizeof(command), "authenticate %s%s%s", m->name,
		    line->fingerprint[0] != 0 ? " fingerprint " : "", line->fingerprint);
		ask_paste(m, client, "CA certificate", command);
		return;
	}
	command_begin(m, client, CMD_AUTHENTICATE);
	if (print[0] != 0) {
		member_step(m, &ev);
	} else if (first_ca(line->pasted, &ca, &e)) {
		command_ask_human(m, ca.whole);
	} else {
		struct blob text = {0};

		blob_printf(&text, "%% Nothing is stored: %s.\n", e.text);
		command_finish(m, REFUSED, blob_cstr(&text));
		blob_free(&text);
	}
}

/* A request was made, or is there again: printed as the line of the configuration has it. */
void
by_hand_requested(struct member *m)
{
	struct blob csr = {0}, text = {0};
	struct err e = {0};

	if (m->asked.command != CMD_ENROLL)
		return;
	if (!tp_request(m->tp, &csr, &e)) {
		blob_printf(&text, "%% %s.\n", e.text);
		command_finish(m, REFUSED, blob_cstr(&text));
		goto out;
	}
	blob_add_str(&text, "Certificate Request follows:\n\n");
	if (lines(m)->terminal == CONF_TERMINAL_PEM)
		pem_add_as(&text, "CERTIFICATE REQUEST", blob_view(&csr));
	else
		pem_bare(&text, blob_view(&csr));
	blob_printf(&text,
	    "\n---End - This line not part of the certificate request---\n\n"
	    "%% Bring it to the CA, and what it issues here: crypto pki import %s "
	    "certificate\n",
	    m->name);
	command_finish(m, DONE, blob_cstr(&text));
out:
	blob_free(&csr);
	blob_free(&text);
}

void
by_hand_take_ask(struct member *m, uint64_t client, const struct command_line *line)
{
	const struct tp_event ev = {
	    .kind = TP_EV_COMMAND, .command = TP_CMD_TAKE, .body = line->pasted};
	struct blob csr = {0};
	char command[256];
	struct err e = {0};
	bool asked = tp_request(m->tp, &csr, &e);

	blob_free(&csr);
	if (!m->kin->policy.by_hand) {
		command_say(m->agent, client, REFUSED,
		    "%% Trustpoint %s does not enrol by hand.\n  Configure: enrollment "
		    "terminal\n",
		    m->name);
	} else if (!asked) {
		command_say(m->agent, client, REFUSED,
		    "%% Nothing is stored: %s.\n  Type: crypto pki enroll %s\n", e.text,
		    m->name);
	} else if (line->pasted.n == 0) {
		(void)snprintf(command, sizeof(command), "import %s certificate", m->name);
		ask_paste(m, client, "certificate", command);
	} else {
		command_begin(m, client, CMD_TAKE);
		member_step(m, &ev);
	}
}

bool
by_hand_due(const struct tp_policy *p, const struct plan_tp_facts *f, when_t *at)
{
	if (!p->by_hand || !p->plan.auto_enroll || p->plan.shadow_only || !f->have_id)
		return false;
	*at = plan_tp_due(&p->plan, f);
	return true;
}
