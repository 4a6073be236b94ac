/* operator.c - an operator's line and its answer. */
#include <stdlib.h>
#include <string.h>

#include "cmd/core.h"

void
operator_answer(struct core *c, uint64_t client, int status, const char *text)
{
	control_answer(c->control, client, status, view_str(text));
}

void
operator_no_clock(struct core *c, uint64_t client)
{
	struct blob text = {0};

	blob_printf(&text, "%% %s.\n  %s\n", c->clock_why, core_clock_mend(c));
	control_answer(c->control, client, CODE_CLOCK, blob_view(&text));
	blob_free(&text);
}

static void
trustpoint_command(struct core *c, uint64_t client, const struct command_line *line)
{
	struct blob text = {0};

	core_look(c, false);
	if (!c->clock_trusted && agent_needs_clock(line->command)) {
		operator_no_clock(c, client);
	} else if (c->agent != NULL) {
		agent_command(c->agent, client, line);
	} else {
		blob_printf(&text,
		    "%% Trustpoint %s is not known.\n  See: show crypto pki trustpoints\n",
		    line->name);
		control_answer(c->control, client, CODE_REFUSED, blob_view(&text));
		blob_free(&text);
	}
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
		operator_no_clock(c, client);
		return;
	}
	operator_answer(c, client, CODE_DONE,
	    line->negated ? ""
			  : "% To keep this over a restart, say it in \"configure terminal\" "
			    "too.\n");
}

static void
show_last(struct core *c, struct pending_show *p)
{
	struct pending_show **at = &c->shows;

	while (*at != NULL)
		at = &(*at)->next;
	p->next = NULL;
	*at = p;
}

static void
show_later(struct core *c, uint64_t client, const struct command_line *line)
{
	struct pending_show *p = mem_get(sizeof(*p));

	p->client = client;
	p->command = *line;
	p->command.pasted = (struct view){0};
	show_last(c, p);
}

static void
show_trustpoint(void *arg, size_t i, struct show_trustpoint *out)
{
	struct core *c = arg;
	struct agent_view *v = &c->view;

	agent_look(c->agent, i, v);
	*out = (struct show_trustpoint){
	    .conf = v->conf,
	    .tp = v->tp,
	    .shelf = v->tp == NULL ? NULL : v->shelf,
	    .counters = {.fetches = v->counters.asked,
		.failures = v->counters.unanswered,
		.granted = v->counters.granted,
		.pending = v->counters.pending,
		.rejected = v->counters.rejected,
		.next_cas = v->counters.next_cas,
		.shadows = v->counters.shadows,
		.switches = v->counters.switches,
		.valid = v->counters.valid,
		.invalid = v->counters.invalid,
		.list_fetches = v->counters.list_fetches,
		.list_failures = v->counters.list_failures},
	    .trouble = v->trouble,
	    .trouble_at = v->trouble_at,
	    .active_generation = v->active,
	    .shadow_generation = v->shadow,
	    .directory = v->directory[0] != 0 ? v->directory : NULL,
	    .id_alerted_at = v->id_alerted_at,
	    .ca_alerted_at = v->ca_alerted_at,
	};
}

/* The caller frees them. */
static struct show_list *
show_lists(const struct agent *a, size_t *n)
{
	struct agent_list *from;
	struct show_list *to;

	*n = agent_lists(a, &from);
	to = mem_get((*n + 1) * sizeof(*to));
	for (size_t i = 0; i < *n; i++)
		to[i] = (struct show_list){
		    .issuer = from[i].issuer,
		    .this_update = from[i].this_update,
		    .next_update = from[i].next_update,
		    .fetched_at = from[i].fetched_at,
		    .update_at = from[i].update_at,
		    .size = from[i].size,
		    .entries = from[i].entries,
		    .number = from[i].number,
		    .url = from[i].url,
		};
	free(from);
	return to;
}

/* The same. */
static struct show_copy *
show_copies(const struct core *c, size_t *n)
{
	const struct courier_copy *x;
	struct show_copy *to;

	*n = 0;
	for (x = c->copies.first; x != NULL; x = x->next)
		++*n;
	to = mem_get((*n + 1) * sizeof(*to));
	*n = 0;
	for (x = c->copies.first; x != NULL; x = x->next) {
		to[(*n)++] = (struct show_copy){
		    .server = &c->o->conf->server[x->depot / CONF_DEPOTS],
		    .file = x->leaf,
		    .url = depot_of(c->o->conf, x->depot)->url,
		    .stands = x->bytes.n == 0,
		    .why = x->trouble.tries > 0 ? x->why : NULL,
		    .behind_from = x->behind_from,
		};
	}
	return to;
}

static void
show_world(struct core *c, struct show_world *w)
{
	*w = (struct show_world){
	    .table = servers_show(),
	    .conf = c->o->conf,
	    .server_count = c->server_count,
	    .trustpoint = show_trustpoint,
	    .trustpoint_arg = c,
	    .trustpoint_count = c->agent == NULL ? 0 : agent_members(c->agent),
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
	enum command what = p->command.command;
	struct show_list *lists = NULL;
	struct show_copy *copies = NULL;
	struct show_world w;
	bool ok = servers_begin(c, e);

	show_world(c, &w);
	if (c->agent != NULL && (what == CMD_SHOW_CRLS || what == CMD_SHOW_TIMERS))
		w.lists = lists = show_lists(c->agent, &w.list_count);
	if (what == CMD_SHOW_SERVER)
		w.copies = copies = show_copies(c, &w.copy_count);
	ok = ok && show_run(&w, &p->command, &p->answer, e);
	servers_rollback(c);
	free(lists);
	free(copies);
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
	c->shows = p->next;
	if (p->answer.more) { /* who asks for little does not wait for thousands of rows */
		show_last(c, p);
		return;
	}
	control_answer(c->control, p->client, p->answer.status, blob_view(&p->answer.text));
	show_free(&p->answer);
	free(p);
}

/* Two lines: the file, and the digest of the text that runs. */
static void
where_configured(struct core *c, uint64_t client)
{
	struct blob text = {0};

	blob_printf(&text, "%s\n%s\n", c->o->conf_path, c->o->conf_digest);
	control_answer(c->control, client, CODE_DONE, blob_view(&text));
	blob_free(&text);
}

static void
line_run(struct core *c, uint64_t client, const struct command_line *line, const char *who)
{
	switch (line->command) {
	case CMD_GRANT:
	case CMD_REJECT:
	case CMD_REMOVE:
	case CMD_REVOKE:
	case CMD_PASSWORD:
	case CMD_ROLLOVER:
	case CMD_CANCEL:
		servers_command(c, client, line, who);
		break;
	case CMD_AUTHENTICATE:
	case CMD_ENROLL:
	case CMD_EXPORT:
	case CMD_IMPORT:
	case CMD_TAKE:
	case CMD_CRL_REQUEST:
	case CMD_VALIDATE:
	case CMD_TP_REMOVE:
		trustpoint_command(c, client, line);
		break;
	case CMD_CALENDAR_VALID:
		calendar_valid(c, client, line);
		break;
	case CMD_NONE:
	case CMD_TIMESTAMP: /* keymuster sees to it */
		operator_answer(c, client, CODE_DONE, "");
		break;
	case CMD_WRITE_MEMORY:
		operator_answer(c, client, CODE_DONE,
		    "% The configuration file is what runs; there is nothing to save.\n");
		break;
	case CMD_CONFIGURE: /* keymuster changes the file, by its user's rights */
		where_configured(c, client);
		break;
	case CMD_READ_AGAIN:
		log_notice("configuration is to be read again", "by='%s'", who);
		operator_answer(c, client, CODE_DONE, "");
		loop_stop(c->loop, EXIT_AGAIN);
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
		show_later(c, client, line);
		break;
	}
}

void
operator_line(void *arg, uint64_t client, const char *text, bool may_write, const char *who)
{
	struct core *c = arg;
	struct command_line line;
	struct err e = {0};
	struct blob refusal = {0}, words = {0}, pasted = {0};
	size_t n = strcspn(text, PASTED);
	int column = 0;

	blob_add(&words, text, n);
	if (text[n] != 0 && !hex_decode(text + n + 1, &pasted)) {
		operator_answer(c, client, CODE_USAGE, "% What was pasted came as no hex.\n");
		goto out;
	}
	if (!command_parse(blob_cstr(&words), &line, &column, &e)) {
		blob_printf(&refusal, "%s\n%*s^\n%s\n", blob_cstr(&words), column, "", e.text);
		control_answer(c->control, client, CODE_USAGE, blob_view(&refusal));
		goto out;
	}
	if (command_writes(line.command) && !may_write) {
		operator_answer(c, client, CODE_REFUSED,
		    "% This socket is for show commands only; use RUNDIR/control.\n");
		goto out;
	}
	line.pasted = blob_view(&pasted);
	line_run(c, client, &line, who);
	mem_wipe(line.password, sizeof(line.password));
	loop_after_round(c->loop, core_round, c);
out:
	blob_free(&refusal);
	blob_free(&words);
	blob_free(&pasted);
}
