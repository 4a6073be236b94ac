/* import.c - key and certificates that an operator brings. */
#include <stdio.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

/* The file lies where the signer may read, and its key goes from there to the signer's others:
 * nobody here sees it. */
#define IN "import"

/* True: it is there; else that was said. */
static bool
file_there(struct member *m, uint64_t client, const char *file)
{
	char path[512];
	struct err e = {0};

	if (file_exists(carried_path(m, IN, file, path)))
		return true;
	if (!dir_make(carried_path(m, IN, "", path), 0750, &e))
		command_say(m->agent, client, REFUSED, "%% %s.\n", e.text);
	else
		command_say(m->agent, client, REFUSED,
		    "%% %s is not there: put the file there, for the daemon's user to read.\n",
		    carried_path(m, IN, file, path));
	return false;
}

void
import(struct member *m, uint64_t client, const struct command_line *line)
{
	struct key_job file = {.forms = line->pkcs12 ? KEY_FORM_PKCS12 : KEY_FORM_PEM};
	const struct tp_event ev = {
	    .kind = TP_EV_COMMAND, .command = TP_CMD_IMPORT, .import = &file};

	if (!file_there(m, client, line->file))
		return;
	command_begin(m, client, CMD_IMPORT);
	m->asked.file = mem_str(line->file);
	(void)snprintf(file.path, sizeof(file.path), "%s/import/%s", m->name, line->file);
	(void)snprintf(file.password, sizeof(file.password), "%s", line->password);
	member_step(m, &ev);
	mem_wipe(file.password, sizeof(file.password));
}

void
import_finish(struct member *m)
{
	struct blob text = {0};
	char path[512];

	blob_printf(&text,
	    "Key and certificates of %s are stored.\n%% The key is still in %s too: remove "
	    "that file.\n",
	    m->name, carried_path(m, IN, m->asked.file, path));
	log_notice("key imported", "trustpoint='%s' file='%s'", m->name, m->asked.file);
	command_finish(m, DONE, blob_cstr(&text));
	blob_free(&text);
}
