/* export.c - a trustpoint's certificates and key, handed out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define WRITTEN "identity.p12" /* as the signer names it */

/*
 * Nobody here writes outside of the state directory: whoever takes a file from export/ needs
 * the right to read there, and the signer has put the key under the password.
 */
#define OUT "export"

const char *
carried_path(const struct member *m, const char *directory, const char *file, char out[512])
{
	char leaf[CONF_NAME_MAX + 16];

	(void)snprintf(leaf, sizeof(leaf), "%s%s%s", directory, file[0] != 0 ? "/" : "", file);
	return agent_path(m->agent->state, m->name, leaf, out);
}

/* True: it may be written; else that was said. */
static bool
name_good(struct member *m, uint64_t client, const char *file)
{
	char path[512];
	struct err e = {0};

	if (file_exists(carried_path(m, OUT, file, path))) {
		command_say(m->agent, client, REFUSED,
		    "%% %s is there already: remove it, or give another name.\n", path);
		return false;
	}
	if (dir_make(carried_path(m, OUT, "", path), 0750, &e))
		return true;
	command_say(m->agent, client, REFUSED, "%% %s.\n", e.text);
	return false;
}

static void
pem_all(struct view cert, struct view bundle, struct blob *out)
{
	struct reader r = reader_of(bundle);
	struct cert c;

	blob_add_str(out, "% CA certificate:\n");
	while (ca_next(&r, &c))
		pem_add(out, c.whole);
	blob_add_str(out, "% General Purpose Certificate:\n");
	pem_add(out, cert);
}

static void
export_pem(struct member *m, uint64_t client, const char *file)
{
	struct blob cert = {0}, bundle = {0}, text = {0};
	struct err e = {0};
	char path[512];

	if (!command_identity(m, client, &cert, &bundle))
		goto out;
	pem_all(blob_view(&cert), blob_view(&bundle), &text);
	if (file[0] == 0) {
		m->agent->o.answer(m->agent->o.arg, client, DONE, blob_view(&text));
		goto out;
	}
	if (!name_good(m, client, file))
		goto out;
	if (file_replace(carried_path(m, OUT, file, path), 0644, blob_view(&text), &e))
		command_say(m->agent, client, DONE, "Certificates written to %s\n", path);
	else
		command_say(m->agent, client, REFUSED, "%% %s.\n", e.text);
out:
	blob_free(&cert);
	blob_free(&bundle);
	blob_free(&text);
}

static void
export_pkcs12(struct member *m, uint64_t client, const struct command_line *line)
{
	struct blob cert = {0}, bundle = {0};
	struct pending *p;
	struct reader r;
	struct cert c;

	if (strlen(line->password) < KEY_PASSWORD_MIN) {
		command_say(m->agent, client, REFUSED,
		    "%% The password needs %d characters or more.\n", KEY_PASSWORD_MIN);
		return;
	}
	if (!command_identity(m, client, &cert, &bundle) || !name_good(m, client, line->file))
		goto out;
	command_begin(m, client, CMD_EXPORT);
	m->asked.file = mem_str(line->file);
	p = pending_add(m, PENDING_JOB);
	p->job = (struct key_job){.id = p->id, .act = KEY_EXPORT, .forms = KEY_FORM_PKCS12};
	(void)snprintf(p->job.path, sizeof(p->job.path), "%s/export", m->name);
	(void)snprintf(p->job.password, sizeof(p->job.password), "%s", line->password);
	tp_key_of(m->tp, TP_ID, p->job.label);
	blob_add_view(&p->message, blob_view(&cert));
	for (r = reader_of(blob_view(&bundle)); ca_next(&r, &c);)
		blob_add_view(&p->message, c.whole);
	m->asked.waits = p->id;
out:
	blob_free(&cert);
	blob_free(&bundle);
}

void export(struct member *m, uint64_t client, const struct command_line *line)
{
	if (line->pkcs12)
		export_pkcs12(m, client, line);
	else
		export_pem(m, client, line->file);
}

void
export_job_done(struct member *m, const struct key_done *d)
{
	char from[512], to[512];
	struct blob text = {0};
	struct err e = {0};
	bool ok = d->why == WHY_NONE || err_set(&e, d->why, "%s", d->text);

	(void)carried_path(m, OUT, WRITTEN, from);
	(void)carried_path(m, OUT, m->asked.file, to);
	ok = ok &&
	     (rename(from, to) == 0 ||
		 err_set(&e, WHY_IO, "cannot rename '%s': %s", from, strerror(errno))) &&
	     dir_sync(to, &e);
	if (ok)
		blob_printf(&text, "Key and certificates of %s written to %s\n", m->name, to);
	else
		blob_printf(&text, "%% Not exported: %s.\n", e.text);
	if (ok)
		log_notice("key exported under a password", "trustpoint='%s' file='%s'",
		    m->name, m->asked.file);
	command_finish(m, ok ? DONE : REFUSED, blob_cstr(&text));
	blob_free(&text);
}
