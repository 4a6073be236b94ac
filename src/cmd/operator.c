/* operator.c - an operator's line and its answer. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/core.h"

static void
answer(struct core *c, uint64_t client, int status, const char *text)
{
	control_answer(c->control, client, status, view_str(text));
}

static void
answer_no_clock(struct core *c, uint64_t client)
{
	struct blob text = {0};

	blob_printf(&text, "%% %s.\n  %s\n", c->clock_why, core_clock_mend(c));
	control_answer(c->control, client, CODE_CLOCK, blob_view(&text));
	blob_free(&text);
}

static struct server *
server_of(struct core *c, const struct command_line *line)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (strcmp(c->server[i].conf->name, line->name) == 0)
			return &c->server[i];
	return NULL;
}

/*
 * Unsigned octets without padding. As in IOS 0x is hexadecimal and bare digits are decimal;
 * what show prints is hexadecimal without 0x, and letters or more digits than 64 bits have in
 * decimal tell it apart.
 */
static bool
serial_of(const char *word, struct blob *out)
{
	static const char digits[] = "0123456789abcdef";
	const bool marked = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	const bool hex = marked || strpbrk(word, "abcdefABCDEF") != NULL || strlen(word) > 19;
	uint8_t n[32] = {0};
	size_t zeros = 0;

	for (word += marked ? 2 : 0; *word != '\0'; word++) {
		const char *digit = strchr(digits, tolower((unsigned char)*word));
		unsigned carry;

		if (digit == NULL || (!hex && digit - digits > 9))
			return false;
		carry = (unsigned)(digit - digits);
		for (size_t i = sizeof(n); i-- > 0; carry >>= 8) {
			carry += n[i] * (hex ? 16U : 10U);
			n[i] = (uint8_t)carry;
		}
		if (carry != 0)
			return false;
	}
	while (zeros < sizeof(n) - 1 && n[zeros] == 0)
		zeros++;
	blob_add(out, n + zeros, sizeof(n) - zeros);
	return true;
}

/* Two bare digits or more, few enough to be decimal: show prints hexadecimal, IOS reads
 * decimal. */
static bool
serial_is_ambiguous(const char *word)
{
	size_t n = strlen(word);

	return n >= 2 && n <= 19 && strspn(word, "0123456789") == n;
}

static void
to_authority(struct core *c, uint64_t client, const struct command_line *line, const char *who)
{
	static const enum ca_command commands[] = {
	    [CMD_GRANT] = CA_GRANT,
	    [CMD_REJECT] = CA_REJECT,
	    [CMD_REMOVE] = CA_REMOVE,
	    [CMD_REVOKE] = CA_REVOKE,
	    [CMD_PASSWORD] = CA_PASSWORD,
	    [CMD_ROLLOVER] = CA_ROLLOVER,
	    [CMD_CANCEL] = CA_CANCEL,
	};
	struct server *s = server_of(c, line);
	struct item *it;

	if (s == NULL) {
		char text[200];

		(void)snprintf(text, sizeof(text),
		    "%% Certificate server %s is not known.\n  See: show crypto pki server\n",
		    line->name);
		answer(c, client, CODE_REFUSED, text);
		return;
	}
	if (line->command == CMD_REVOKE && serial_is_ambiguous(line->word)) {
		struct blob text = {0};

		blob_printf(&text,
		    "%% %s may be hexadecimal, as show prints serial numbers, or decimal, as "
		    "IOS reads them.\n"
		    "  Say revoke 0x%s, or revoke 0x%llX.\n",
		    line->word, line->word, strtoull(line->word, NULL, 10));
		control_answer(c->control, client, CODE_USAGE, blob_view(&text));
		blob_free(&text);
		return;
	}
	core_look(c, false);
	if (!c->clock_trusted) {
		answer_no_clock(c, client);
		return;
	}
	it = mem_get(sizeof(*it));
	it->event.kind = CA_COMMAND;
	it->event.id = client;
	it->event.command = commands[line->command];
	it->event.all = line->all;
	it->event.request = line->number;
	it->event.minutes = line->number;
	it->event.reason = line->reason;
	(void)snprintf(it->actor, sizeof(it->actor), "%s", who);
	if (line->command == CMD_REVOKE && !serial_of(line->word, &it->serial)) {
		blob_free(&it->serial);
		free(it);
		answer(c, client, CODE_USAGE,
		    "% No certificate has such a serial number; it is decimal, or hexadecimal "
		    "as show prints it.\n");
		return;
	}
	server_add_item(s, it);
}

/* Until trustpoints act there is none that a command could name. */
void
trustpoint_command(
    struct core *c, uint64_t client, const struct command_line *line, const char *who)
{
	struct blob text = {0};

	(void)who;
	blob_printf(&text,
	    "%% Trustpoint %s is not known.\n  See: show crypto pki trustpoints\n", line->name);
	control_answer(c->control, client, CODE_REFUSED, blob_view(&text));
	blob_free(&text);
}

static void
calendar_valid(struct core *c, uint64_t client, const struct command_line *line)
{
	c->o->conf->calendar_valid = !line->negated;
	clock_calendar_valid(!line->negated);
	core_look(c, !line->negated);
	log_notice(line->negated ? "hardware clock is not trusted any more"
				 : "hardware clock is trusted",
	    "by='operator'");
	if (!line->negated && !c->clock_trusted) {
		answer_no_clock(c, client);
		return;
	}
	answer(c, client, CODE_DONE,
	    line->negated ? ""
			  : "% To keep this over a restart, write \"clock calendar-valid\" "
			    "into the configuration file.\n");
}

static void
show_later(struct core *c, uint64_t client, const struct command_line *line)
{
	struct pending_show *p = mem_get(sizeof(*p)), **at = &c->shows;

	p->client = client;
	p->command = *line;
	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
}

static void
show_world(struct core *c, struct show_world *w)
{
	*w = (struct show_world){
	    .table = &show_all,
	    .conf = c->o->conf,
	    .server_count = c->server_count,
	    .now_ms = clock_now_ms(),
	    .clock_trusted = c->clock_trusted,
	    .clock_source = core_clock_source(c),
	    .clock_why = c->clock_why,
	    .clock_mend = core_clock_mend(c),
	    .seal = password_seal,
	    .seal_arg = c->o->seal,
	};
	for (size_t i = 0; i < c->server_count; i++)
		w->server[i] = (struct show_server){c->server[i].conf, c->server[i].ca};
}

/* Reads see one state: a transaction on every store, given back at the end of the piece. */
static bool
show_piece(struct core *c, struct pending_show *p, struct err *e)
{
	struct show_world w;
	size_t begun = 0;
	bool ok = true;

	while (ok && begun < c->server_count) {
		ok = c->server[begun].store->table->begin(c->server[begun].store, e);
		begun += ok ? 1 : 0;
	}
	show_world(c, &w);
	ok = ok && show_run(&w, &p->command, &p->answer, e);
	while (begun > 0) {
		begun--;
		c->server[begun].store->table->rollback(c->server[begun].store);
	}
	return ok;
}

void
operator_shows(struct core *c)
{
	struct pending_show *p = c->shows;
	struct err e = {0};

	if (p == NULL)
		return;
	if (!control_waits(c->control, p->client)) {
		p->answer.more = false; /* nobody reads it any more */
	} else if (!show_piece(c, p, &e)) {
		blob_clear(&p->answer.text);
		blob_printf(&p->answer.text, "%% %s\n", e.text);
		p->answer.status = CODE_REFUSED;
		p->answer.more = false;
	}
	if (p->answer.more)
		return;
	control_answer(c->control, p->client, p->answer.status, blob_view(&p->answer.text));
	c->shows = p->next;
	show_free(&p->answer);
	free(p);
}

void
operator_line(void *arg, uint64_t client, const char *text, bool may_write, const char *who)
{
	struct core *c = arg;
	struct command_line line;
	struct err e = {0};
	struct blob refusal = {0};
	int column = 0;

	if (!command_parse(text, &line, &column, &e)) {
		blob_printf(&refusal, "%s\n%*s^\n%s\n", text, column, "", e.text);
		control_answer(c->control, client, CODE_USAGE, blob_view(&refusal));
		blob_free(&refusal);
		return;
	}
	if (command_writes(line.command) && !may_write) {
		answer(c, client, CODE_REFUSED,
		    "% This socket is for show commands only; use RUNDIR/control.\n");
		return;
	}
	switch (line.command) {
	case CMD_GRANT:
	case CMD_REJECT:
	case CMD_REMOVE:
	case CMD_REVOKE:
	case CMD_PASSWORD:
	case CMD_ROLLOVER:
	case CMD_CANCEL:
		to_authority(c, client, &line, who);
		break;
	case CMD_AUTHENTICATE:
	case CMD_ENROLL:
	case CMD_EXPORT:
	case CMD_IMPORT:
	case CMD_CRL_REQUEST:
	case CMD_VALIDATE:
	case CMD_TP_REMOVE:
		trustpoint_command(c, client, &line, who);
		break;
	case CMD_CALENDAR_VALID:
		calendar_valid(c, client, &line);
		break;
	case CMD_NONE:
	case CMD_TIMESTAMP: /* keymuster sees to it */
		answer(c, client, CODE_DONE, "");
		break;
	case CMD_WRITE_MEMORY:
		answer(c, client, CODE_DONE,
		    "% The configuration file is what runs; there is nothing to save.\n");
		break;
	case CMD_SHOW_SERVER:
	case CMD_SHOW_REQUESTS:
	case CMD_SHOW_ISSUED:
	case CMD_SHOW_CRL:
	case CMD_SHOW_CERTIFICATES:
	case CMD_SHOW_TIMERS:
	case CMD_SHOW_KEYS:
	case CMD_SHOW_RUNNING:
	case CMD_SHOW_CLOCK:
	case CMD_SHOW_AUDIT:
	case CMD_SHOW_TRUSTPOINTS:
	case CMD_SHOW_CRLS:
	case CMD_SHOW_COUNTERS:
		show_later(c, client, &line);
		break;
	}
	mem_wipe(line.password, sizeof(line.password));
	loop_after_round(c->loop, core_round, c);
}
