/* remove.c - a trustpoint is given up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define COPIES 10000

/* Where its directory goes; false: there is no room. */
static bool
copy_path(const struct member *m, char out[512])
{
	char name[CONF_NAME_MAX + 32];

	for (int i = 1; i < COPIES; i++) {
		(void)snprintf(name, sizeof(name), "%s.removed-%d", m->name, i);
		if (!file_exists(agent_path(m->agent->state, name, NULL, out)))
			return true;
	}
	return false;
}

static bool
directory_move(struct member *m, char to[512], struct err *e)
{
	char from[512];

	(void)agent_path(m->agent->state, m->name, NULL, from);
	if (!copy_path(m, to))
		return err_set(e, WHY_IO, "%d copies are there already", COPIES - 1);
	if (rename(from, to) != 0)
		return err_set(e, WHY_IO, "cannot rename '%s': %s", from, strerror(errno));
	return dir_sync(to, e);
}

/* What is asked elsewhere comes back to nobody. */
static void
machine_stop(struct member *m)
{
	struct agent *a = m->agent;

	pending_free_all(a, m);
	command_finish(m, REFUSED, "% The trustpoint was removed.\n");
	member_shut(m);
	m->open_at = WHEN_NEVER;
	m->identity.waits = 0;
	member_wake_at(m, WHEN_NEVER);
	for (size_t i = 0; i < a->living_count; i++)
		if (a->living[i] == m) {
			memmove(&a->living[i], &a->living[i + 1],
			    (--a->living_count - i) * sizeof(*a->living));
			break;
		}
	conf_remove_trustpoint(a->o.conf, m->number);
}

void
member_remove(struct member *m, uint64_t client, const struct command_line *line)
{
	struct agent *a = m->agent;
	char to[512];
	struct err e = {0};

	if (!line->all) {
		command_say(a, client, PENDING,
		    "%% Removing an enrolled trustpoint destroys all certificates received "
		    "from its certificate authority; a copy is kept.\n"
		    "  Type: no crypto pki trustpoint %s force\n",
		    m->name);
		return;
	}
	if (!directory_move(m, to, &e)) {
		command_say(a, client, REFUSED, "%% Not removed: %s.\n", e.text);
		return;
	}
	machine_stop(m);
	log_notice(
	    "trustpoint removed", "trustpoint='%s' copy='%s' by='operator'", m->name, to);
	command_say(a, client, DONE,
	    "Trustpoint %s is removed; what it had is kept in %s\n"
	    "%% Its lines are still in the configuration file: delete them, or it begins anew "
	    "with the next start.\n",
	    m->name, to);
}
