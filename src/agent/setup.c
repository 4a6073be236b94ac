/* setup.c - a trustpoint's lines as what tp is told. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define KIN_LOOKED_AT 16
#define DEFAULT_HOSTNAME "keymuster" /* of conf: no line says one */

const char *
agent_path(const char *state, const char *name, const char *leaf, char out[512])
{
	(void)snprintf(out, 512, "%s/trustpoints%s%s%s%s", state, name == NULL ? "" : "/",
	    name == NULL ? "" : name, leaf == NULL ? "" : "/", leaf == NULL ? "" : leaf);
	return out;
}

bool
agent_runs(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (strcmp(c->server[i].name, name) == 0)
			return false;
	return true;
}

size_t
agent_count(const struct conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->trustpoint_count; i++)
		n += agent_runs(c, conf_trustpoint_name(c, i));
	return n;
}

/* What IOS has the chassis for: the machine's own number. */
static void
machine_number(struct blob *out)
{
	struct blob id = {0};

	if (file_read("/etc/machine-id", 64, &id, NULL))
		for (size_t i = 0; i < id.n && hex_digit((char)id.p[i]) >= 0; i++)
			blob_add_byte(out, id.p[i]);
	blob_free(&id);
}

static void
add_part(struct blob *rdn, const char *type, const char *value)
{
	if (value[0] == 0 || strcmp(value, "none") == 0)
		return;
	blob_printf(rdn, "%s%s=", rdn->n > 0 ? "+" : "", type);
	for (const char *p = value; *p != 0; p++) {
		if (strchr(",+=\"\\<>#;", *p) != NULL)
			blob_add_byte(rdn, '\\');
		blob_add_byte(rdn, (uint8_t)*p);
	}
}

static const char *
host_of(const struct conf *c, const struct conf_trustpoint *t)
{
	if (t->fqdn[0] != 0)
		return t->fqdn;
	/* Nobody named this system, and the certificate has a name: it needs no other. */
	return strcmp(c->hostname, DEFAULT_HOSTNAME) == 0 && t->subject_name[0] != 0
		   ? "none"
		   : c->hostname;
}

/* As IOS: one relative name of serial number, host and address, before those of the line. */
bool
setup_subject(
    const struct conf *c, const struct conf_trustpoint *t, struct blob *out, struct err *e)
{
	struct blob text = {0}, number = {0};
	bool ok;

	if (t->serial_number)
		machine_number(&number);
	add_part(&text, "serialNumber", blob_cstr(&number));
	add_part(&text, "hostname", host_of(c, t));
	add_part(&text, "ipaddress", t->ip_address);
	if (t->subject_name[0] != 0)
		blob_printf(&text, "%s%s", text.n > 0 ? "," : "", t->subject_name);
	ok = name_parse(blob_cstr(&text), out, e) || err_prefix(e, "its name");
	blob_free(&text);
	blob_free(&number);
	return ok;
}

/* "r1.example", or several with commas; "IP:..." and its like say what they are. */
bool
setup_san(const struct conf_trustpoint *t, struct blob *out, struct err *e)
{
	struct blob texts = {0}, one = {0};
	struct view list = view_str(t->subject_alt_name);
	bool ok;

	while (list.n > 0) {
		struct view name = view_cut(&list, ',');

		while (name.n > 0 && name.p[0] == ' ')
			name = view_of(name.p + 1, name.n - 1);
		blob_clear(&one);
		if (memchr(name.p, ':', name.n) == NULL)
			blob_add_str(&one, "DNS:");
		blob_add_view(&one, name);
		blob_add_sized(&texts, blob_view(&one));
	}
	ok = san_parse(blob_view(&texts), out, e) || err_prefix(e, "subject-alt-name");
	blob_free(&texts);
	blob_free(&one);
	return ok;
}

/* Among the newest: thousands are of a few sorts, or each is of its own. */
static const struct kin *
kin_of(struct agent *a, const struct conf_trustpoint *t)
{
	struct kin *new = mem_get(sizeof(*new)), *k = a->kin;

	agent_policy(t, &new->policy);
	(void)snprintf(new->fingerprint, sizeof(new->fingerprint), "%s", t->fingerprint);
	for (int i = 0; i < KIN_LOOKED_AT && k != NULL; i++, k = k->next)
		if (memcmp(&k->policy, &new->policy, sizeof(k->policy)) == 0 &&
		    strcmp(k->fingerprint, new->fingerprint) == 0) {
			free(new);
			return k;
		}
	new->next = a->kin;
	a->kin = new;
	return new;
}

const char *
setup_label(const struct conf_trustpoint *t)
{
	return t->rsa_label[0] != 0 ? t->rsa_label : t->name;
}

static uint32_t
label_digest(const char *label)
{
	uint8_t digest[32];
	uint32_t first;

	sha256(view_str(label), digest);
	memcpy(&first, digest, sizeof(first));
	return first;
}

bool
member_shares_keys(const struct member *m)
{
	const struct agent *a = m->agent;
	struct conf_trustpoint room;

	for (size_t i = 0; i < a->living_count; i++) {
		const struct member *o = a->living[i];

		if (o != m && o->keys_are == m->keys_are &&
		    strcmp(setup_label(conf_trustpoint(a->o.conf, o->number, &room)),
			setup_label(lines(m))) == 0)
			return true;
	}
	return false;
}

const struct conf_trustpoint *
lines(const struct member *m)
{
	struct agent *a = m->agent;

	if (a->o.conf->trustpoint != NULL)
		return &a->o.conf->trustpoint[m->number];
	if (a->lines_of != m)
		(void)conf_trustpoint(a->o.conf, m->number, &a->lines);
	a->lines_of = m;
	return &a->lines;
}

void
member_shut(struct member *m)
{
	tp_free(m->tp);
	m->tp = NULL;
	if (m->shelf != NULL)
		m->shelf->table->close(m->shelf);
	m->shelf = NULL;
	lists_free(m);
}

bool
member_open(struct member *m, struct err *e)
{
	const struct conf_trustpoint *t = lines(m);
	const char *password = m->agent->o.passwords[m->number];
	struct blob subject = {0}, san = {0};
	const struct agent_witness *w = m->agent->o.witness;
	char path[512];
	bool ok = false;

	if (m->kin == NULL)
		m->kin = kin_of(m->agent, t);
	m->keys_are = label_digest(setup_label(t));
	if (!setup_subject(m->agent->o.conf, t, &subject, e) || !setup_san(t, &san, e))
		goto out;
	(void)agent_path(m->agent->state, m->name, NULL, path);
	/* The first time all of them are made durable at once, behind the last. */
	if (!dir_add(path, 0755, e) || (m->open_wait > 0 && !dir_sync(path, e)))
		goto out;
	m->shelf = shelf_file(m->agent->state, m->name);

	struct tp_setup setup = {
	    .policy = &m->kin->policy,
	    .label = setup_label(t),
	    .subject = blob_view(&subject),
	    .san = blob_view(&san),
	    .fingerprint = m->kin->fingerprint,
	    .password = password != NULL ? password : "",
	    .shelf = m->shelf,
	    .keys = m->agent->o.keys,
	};

	if (w != NULL)
		w->open(w->arg, m->number, &setup);
	m->tp = tp_open(&setup, e);
	ok = m->tp != NULL && identity_open(m, e);
	if (ok)
		lists_open(m);
out:
	if (!ok)
		member_shut(m);
	blob_free(&subject);
	blob_free(&san);
	return ok;
}
