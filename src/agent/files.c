/* files.c - what other daemons read: PEM, ca.d, info.json. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent_int.h"
#include "sys/sys.h"

#define CAS_MAX 32
#define PUBLIC 0644
#define PEM_LINE 64
#define CA_NUMBER_MAX 999999999

void
pem_bare(struct blob *out, struct view der)
{
	struct blob text = {0};

	base64_encode(der, &text);
	for (size_t i = 0; i < text.n; i += PEM_LINE) {
		blob_add(out, text.p + i, text.n - i < PEM_LINE ? text.n - i : PEM_LINE);
		blob_add_byte(out, '\n');
	}
	blob_free(&text);
}

void
pem_add_as(struct blob *out, const char *what, struct view der)
{
	blob_printf(out, "-----BEGIN %s-----\n", what);
	pem_bare(out, der);
	blob_printf(out, "-----END %s-----\n", what);
}

void
pem_add(struct blob *out, struct view der)
{
	pem_add_as(out, "CERTIFICATE", der);
}

const char *
generation_path(const struct member *m, uint32_t number, const char *leaf, char out[512])
{
	char name[64];

	(void)snprintf(name, sizeof(name), "gen-%04lu%s%s", (unsigned long)number,
	    leaf == NULL ? "" : "/", leaf == NULL ? "" : leaf);
	return agent_path(m->agent->state, m->name, name, out);
}

/* The CA certificates of a bundle, in order; what is an RA's is left out. */
static bool
cas_of(struct view bundle, struct cert *list, size_t *n, struct err *e)
{
	struct reader r = reader_of(bundle);
	struct der d;
	struct cert c;

	while (r.n > 0) {
		if (!der_take(&r, DER_SEQUENCE, "certificate", &d, e) ||
		    !cert_decode(d.whole, &c, e))
			return false;
		if (c.is_ca && *n < CAS_MAX)
			list[(*n)++] = c;
	}
	return true;
}

bool
ca_next(struct reader *r, struct cert *out)
{
	struct der d;

	while (r->n > 0 && der_any(r, &d, NULL) && cert_decode(d.whole, out, NULL))
		if (out->is_ca)
			return true;
	return false;
}

static bool
is_root(const struct cert *c)
{
	return name_equal(c->subject, c->issuer);
}

struct pems {
	struct blob cert, chain, fullchain, ca;
};

static bool
pems_make(struct view cert, struct view bundle, struct pems *out, struct err *e)
{
	struct cert cas[CAS_MAX];
	size_t n = 0;

	if (!cas_of(bundle, cas, &n, e))
		return false;
	pem_add(&out->cert, cert);
	blob_add_view(&out->fullchain, blob_view(&out->cert));
	for (size_t i = 0; i < n; i++) {
		pem_add(&out->ca, cas[i].whole);
		if (!is_root(&cas[i]))
			pem_add(&out->chain, cas[i].whole);
	}
	blob_add_view(&out->fullchain, blob_view(&out->chain));
	return true;
}

bool
files_generation(
    struct member *m, uint32_t number, struct view cert, struct view bundle, struct err *e)
{
	struct pems pems = {0};
	const struct {
		const char *name;
		const struct blob *text;
	} files[] = {{"cert.pem", &pems.cert}, {"chain.pem", &pems.chain},
	    {"fullchain.pem", &pems.fullchain}, {"ca.pem", &pems.ca}};
	char path[512];
	bool ok = pems_make(cert, bundle, &pems, e) &&
		  dir_make(generation_path(m, number, NULL, path), 0755, e);

	for (size_t i = 0; ok && i < COUNT_OF(files); i++)
		ok = file_write(generation_path(m, number, files[i].name, path), PUBLIC,
		    blob_view(files[i].text), e);
	crash_point("identity-public-files");
	blob_free(&pems.cert);
	blob_free(&pems.chain);
	blob_free(&pems.fullchain);
	blob_free(&pems.ca);
	return ok;
}

/* Text of ours: a name is escaped for terminals, so only quotes and backslashes are left. */
static void
json_text(struct blob *out, const char *key, const struct blob *text)
{
	blob_printf(out, "  \"%s\": \"", key);
	for (size_t i = 0; i < text->n; i++) {
		if (text->p[i] == '"' || text->p[i] == '\\')
			blob_add_byte(out, '\\');
		blob_add_byte(out, text->p[i]);
	}
	blob_add_str(out, "\",\n");
}

/* The last file of a generation: with it, it is whole. */
bool
files_info(struct member *m, uint32_t number, struct view der, struct err *e)
{
	struct blob json = {0}, text = {0};
	char from[WHEN_TEXT], until[WHEN_TEXT], path[512];
	uint8_t digest[32];
	struct cert c;
	bool ok = cert_decode(der, &c, e);

	if (!ok)
		return false;
	sha256(der, digest);
	hex_add(&text, view_of(digest, sizeof(digest)), true);
	blob_printf(&json,
	    "{\n  \"version\": 1,\n  \"trustpoint\": \"%s\",\n"
	    "  \"generation\": %lu,\n  \"fingerprint_sha256\": \"%s\",\n",
	    m->name, (unsigned long)number, blob_cstr(&text));
	blob_clear(&text);
	name_text(c.subject, &text);
	json_text(&json, "subject", &text);
	blob_clear(&text);
	name_text(c.issuer, &text);
	json_text(&json, "issuer", &text);
	blob_clear(&text);
	hex_add(&text, c.serial, true);
	json_text(&json, "serial", &text);
	blob_printf(&json, "  \"not_before\": \"%s\",\n  \"not_after\": \"%s\"\n}\n",
	    when_rfc3339(c.not_before, from), when_rfc3339(c.not_after, until));
	ok = file_replace(
	    generation_path(m, number, "info.json", path), PUBLIC, blob_view(&json), e);
	crash_point("identity-whole");
	blob_free(&json);
	blob_free(&text);
	return ok;
}

/* ---- ca.d, one CA a file, and ca-bundle.pem ---- */

struct ca_file {
	struct ca_file *next;
	unsigned long number;
	struct blob pem;
	bool wanted;
};

struct ca_dir {
	const struct member *m;
	struct ca_file *files;
	unsigned long last;
};

static const char *
ca_path(const struct member *m, unsigned long number, char out[512])
{
	char leaf[64];

	(void)snprintf(leaf, sizeof(leaf), "ca.d/%04lu.pem", number);
	return agent_path(m->agent->state, m->name, leaf, out);
}

static void
ca_file_found(void *arg, const char *name)
{
	struct ca_dir *dir = arg;
	struct ca_file *f;
	char same[32], path[512];
	unsigned long number = strtoul(name, NULL, 10);

	(void)snprintf(same, sizeof(same), "%04lu.pem", number);
	if (number > CA_NUMBER_MAX || strcmp(name, same) != 0)
		return; /* not one of ours */
	if (number > dir->last)
		dir->last = number;
	f = mem_get(sizeof(*f));
	f->number = number;
	if (!file_read(ca_path(dir->m, number, path), 512 * 1024, &f->pem, NULL))
		blob_clear(&f->pem);
	f->next = dir->files;
	dir->files = f;
}

static bool
ca_file_keep(struct ca_dir *dir, const struct blob *pem, struct err *e)
{
	char path[512];

	for (struct ca_file *f = dir->files; f != NULL; f = f->next)
		if (view_equal(blob_view(&f->pem), blob_view(pem))) {
			f->wanted = true;
			return true;
		}
	return file_replace(ca_path(dir->m, ++dir->last, path), PUBLIC, blob_view(pem), e);
}

static bool
ca_files_remove(struct ca_dir *dir, struct err *e)
{
	char path[512];
	bool ok = true;

	for (struct ca_file *f = dir->files; ok && f != NULL; f = f->next)
		if (!f->wanted)
			ok = file_remove(ca_path(dir->m, f->number, path), e);
	return ok;
}

bool
files_public(const struct member *m, const char *leaf, struct view text, struct err *e)
{
	struct blob there = {0};
	char path[512];
	bool same;

	(void)agent_path(m->agent->state, m->name, leaf, path);
	same = file_read(path, text.n, &there, NULL) && view_equal(blob_view(&there), text);
	blob_free(&there);
	return same || file_replace(path, PUBLIC, text, e);
}

/*
 * New ones are there before any identity needs them; those that end go last, and only when
 * remove says so: the bundle has then what stays.
 */
bool
files_cas(struct member *m, struct view bundle, struct view next, bool remove, struct err *e)
{
	struct ca_dir dir = {.m = m};
	struct cert cas[CAS_MAX];
	struct blob all = {0}, one = {0};
	char path[512];
	size_t n = 0;
	bool ok = dir_make(agent_path(m->agent->state, m->name, "ca.d", path), 0755, e) &&
		  cas_of(bundle, cas, &n, e) && cas_of(next, cas, &n, e) &&
		  dir_each(agent_path(m->agent->state, m->name, "ca.d", path), ca_file_found,
		      &dir, e);

	for (size_t i = 0; ok && i < n; i++) {
		blob_clear(&one);
		pem_add(&one, cas[i].whole);
		ok = ca_file_keep(&dir, &one, e);
		if (i == 0 || memmem(all.p, all.n, one.p, one.n) == NULL)
			blob_add_view(&all, blob_view(&one));
	}
	crash_point("identity-ca-files");
	for (const struct ca_file *f = dir.files; !remove && f != NULL; f = f->next)
		if (!f->wanted)
			blob_add_view(&all, blob_view(&f->pem));
	ok = ok && files_public(m, "ca-bundle.pem", blob_view(&all), e);
	crash_point("identity-ca-bundle");
	ok = ok && (!remove || ca_files_remove(&dir, e));
	while (dir.files != NULL) {
		struct ca_file *f = dir.files;

		dir.files = f->next;
		blob_free(&f->pem);
		free(f);
	}
	blob_free(&all);
	blob_free(&one);
	return ok;
}
