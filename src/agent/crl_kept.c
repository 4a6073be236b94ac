/* crl_kept.c - revocation lists in memory and on disk. */
#include <stdlib.h>
#include <string.h>

#include "agent/lists_int.h"
#include "sys/sys.h"

#define FILE_MAX (LISTS * (size_t)LIST_MAX + 4096)

static void
list_free(struct list *k)
{
	blob_free(&k->issuer);
	free(k->url);
	*k = (struct list){0};
}

static void
list_fill(struct list *k, const struct crl *c, const char *url, when_t fetched_at)
{
	free(k->url);
	k->url = mem_str(url);
	blob_set(&k->issuer, c->issuer);
	k->this_update = c->this_update;
	k->next_update = c->next_update;
	k->fetched_at = fetched_at;
	k->number = c->number;
	k->size = c->whole.n;
	k->entries = crl_count(c);
}

static struct list *
list_add(struct lists *l)
{
	l->kept = mem_array(l->kept, l->count + 1, sizeof(*l->kept));
	l->kept[l->count] = (struct list){0};
	return &l->kept[l->count++];
}

struct list *
kept_of(struct lists *l, const uint8_t ca[MARK])
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (memcmp(l->kept[i].ca, ca, MARK) == 0)
			return &l->kept[i];
	return NULL;
}

when_t
good_until(const struct member *m, const struct list *k)
{
	const struct conf_crl_cache *cache = &lines(m)->crl_cache;

	if (cache->keep_most > 0)
		return when_min(k->next_update, when_add(k->fetched_at, cache->keep_most));
	return when_add(k->next_update, cache->extend);
}

when_t
delete_at(const struct member *m, const struct list *k)
{
	return lines(m)->crl_cache.keep_most > 0
		   ? when_add(k->fetched_at, lines(m)->crl_cache.keep_most)
		   : WHEN_NEVER;
}

when_t
refresh_at(const struct member *m, const struct list *k)
{
	when_t life = when_add(k->next_update, -k->this_update);

	return when_min(when_add(k->this_update, life - life / 10), delete_at(m, k));
}

/* ---- on disk: a file of ours with all that is known, and PEM for others ---- */

static const struct view lists_head = {(const uint8_t *)"KMLISTS1", 8};

struct stored {
	struct view ca, url, der;
	uint32_t file;
	uint64_t fetched_at;
};

static bool
stored_next(struct reader *r, struct stored *out)
{
	return read_view(r, MARK, &out->ca) && read_u32(r, &out->file) &&
	       read_u64(r, &out->fetched_at) && read_sized(r, &out->url) &&
	       read_sized(r, &out->der);
}

/* Empty: there is none, or none that makes sense; it is fetched anew. */
static struct reader
stored_read(const struct member *m, struct blob *bytes)
{
	struct view head;
	struct reader r;
	char path[512];

	(void)agent_path(m->agent->state, m->name, "lists", path);
	if (!file_read(path, FILE_MAX, bytes, NULL))
		return (struct reader){0};
	r = reader_of(blob_view(bytes));
	if (!read_view(&r, lists_head.n, &head) || !view_equal(head, lists_head))
		return (struct reader){0};
	return r;
}

static void
stored_add(const struct list *k, struct view der, struct blob *out)
{
	blob_add(out, k->ca, MARK);
	blob_add_u32(out, k->file);
	blob_add_u64(out, (uint64_t)k->fetched_at);
	blob_add_sized(out, view_str(k->url));
	blob_add_sized(out, der);
}

static const struct list *
filed(const struct lists *l, unsigned long number)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->kept[i].file == number)
			return &l->kept[i];
	return NULL;
}

static void
file_found(void *arg, const char *name)
{
	const struct member *m = arg;
	char *end, leaf[64], path[512];
	struct err e = {0};
	unsigned long number = strtoul(name, &end, 10);

	if (end == name || strcmp(end, ".pem") != 0 || filed(m->lists, number) != NULL)
		return;
	(void)snprintf(leaf, sizeof(leaf), "crl.d/%04lu.pem", number);
	if (!file_remove(agent_path(m->agent->state, m->name, leaf, path), &e))
		log_warn("revocation list not removed", "why='%s'", e.text);
}

/* Both PEM forms from what is stored: written again they say the same. */
static bool
pem_write(struct member *m, struct view stored, struct err *e)
{
	struct reader r = reader_of(stored);
	struct blob all = {0}, one = {0};
	struct stored s;
	char leaf[64], path[512];
	bool ok = dir_make(agent_path(m->agent->state, m->name, "crl.d", path), 0750, e);

	while (ok && r.n > 0 && stored_next(&r, &s)) {
		blob_clear(&one);
		pem_add_as(&one, "X509 CRL", s.der);
		blob_add_view(&all, blob_view(&one));
		(void)snprintf(leaf, sizeof(leaf), "crl.d/%04lu.pem", (unsigned long)s.file);
		ok = files_public(m, leaf, blob_view(&one), e);
	}
	crash_point("lists-files");
	ok = ok && (all.n > 0 ? files_public(m, "crl.pem", blob_view(&all), e)
			      : file_remove(
				    agent_path(m->agent->state, m->name, "crl.pem", path), e));
	ok = ok &&
	     dir_each(agent_path(m->agent->state, m->name, "crl.d", path), file_found, m, e);
	blob_free(&all);
	blob_free(&one);
	return ok;
}

/* With the new octets of one of them, if any; those of the others are there already. */
static void
lists_save(struct member *m, const struct list *fresh, struct view der)
{
	struct lists *l = m->lists;
	struct blob old = {0}, bytes = {0};
	struct reader r = stored_read(m, &old);
	struct stored s;
	struct err e = {0};
	char path[512];

	blob_set(&bytes, lists_head);
	if (fresh != NULL)
		stored_add(fresh, der, &bytes);
	while (r.n > 0 && stored_next(&r, &s)) {
		const struct list *k = filed(l, s.file);

		if (k != NULL && k != fresh)
			stored_add(k, s.der, &bytes);
	}
	crash_point("lists-before");
	if (!file_replace(agent_path(m->agent->state, m->name, "lists", path), 0600,
		blob_view(&bytes), &e) ||
	    !pem_write(m, view_of(bytes.p + lists_head.n, bytes.n - lists_head.n), &e))
		log_error(
		    "revocation list not written", "trustpoint='%s' why='%s'", m->name, e.text);
	blob_free(&old);
	blob_free(&bytes);
}

void
lists_open(struct member *m)
{
	struct blob bytes = {0};
	struct reader r = stored_read(m, &bytes);
	struct view rest = view_of(r.p, r.n);
	struct stored s;
	struct err e = {0};
	struct crl c;

	while (r.n > 0 && stored_next(&r, &s)) {
		struct list *k;
		char url[COURIER_URL_MAX + 1];

		if (m->lists == NULL)
			m->lists = mem_get(sizeof(*m->lists));
		if (m->lists->count == LISTS || !crl_decode(s.der, &c, NULL))
			continue;
		k = list_add(m->lists);
		(void)snprintf(url, sizeof(url), "%.*s", (int)s.url.n, (const char *)s.url.p);
		list_fill(k, &c, url, (when_t)s.fetched_at);
		memcpy(k->ca, s.ca.p, MARK);
		k->file = s.file;
	}
	if (m->lists != NULL && !pem_write(m, rest, &e))
		log_error(
		    "revocation list not written", "trustpoint='%s' why='%s'", m->name, e.text);
	blob_free(&bytes);
}

void
lists_free(struct member *m)
{
	struct lists *l = m->lists;

	for (size_t i = 0; l != NULL && i < l->count; i++)
		list_free(&l->kept[i]);
	for (size_t i = 0; l != NULL && i < SOURCES; i++)
		free(l->source[i].url);
	if (l != NULL)
		free(l->kept);
	free(l);
	m->lists = NULL;
}

bool
lists_kept(struct member *m, const uint8_t ca[MARK], when_t now, struct blob *der)
{
	const struct list *k = kept_of(m->lists, ca);
	struct blob bytes = {0};
	struct reader r;
	struct stored s;
	bool found = false;

	if (k == NULL || now >= good_until(m, k))
		return false;
	for (r = stored_read(m, &bytes); !found && r.n > 0 && stored_next(&r, &s);)
		if ((found = s.file == k->file))
			blob_set(der, s.der);
	blob_free(&bytes);
	return found;
}

void
lists_drop(struct member *m, const struct held *h, when_t now)
{
	struct lists *l = m->lists;
	uint8_t ca[MARK] = {0}, next[MARK] = {0};
	struct cert c;
	size_t n = 0;

	(void)ca_of(&h->ca, &c, ca);
	(void)ca_of(&h->next, &c, next);
	for (size_t i = 0; i < l->count; i++) {
		struct list *k = &l->kept[i];

		if ((memcmp(k->ca, ca, MARK) != 0 && memcmp(k->ca, next, MARK) != 0) ||
		    now >= delete_at(m, k))
			list_free(k);
		else
			l->kept[n++] = *k;
	}
	if (n == l->count)
		return;
	memset(&l->kept[n], 0, (l->count - n) * sizeof(*l->kept));
	l->count = n;
	lists_save(m, NULL, (struct view){0});
}

void
list_keep(
    struct member *m, const struct source *s, const struct crl *c, const uint8_t mark[MARK])
{
	struct lists *l = m->lists;
	struct list *k = kept_of(l, mark);
	uint32_t last = 0;

	if (lines(m)->crl_cache.none)
		return;
	if (k != NULL && k->number == c->number && k->this_update == c->this_update) {
		k->fetched_at = m->agent->clock.now;
		if (lines(m)->crl_cache.keep_most > 0)
			lists_save(m, k, c->whole);
		return;
	}
	for (size_t i = 0; i < l->count; i++)
		if (l->kept[i].file > last)
			last = l->kept[i].file;
	if (k == NULL) {
		if (l->count == LISTS)
			return;
		k = list_add(l);
		k->file = last + 1;
		memcpy(k->ca, mark, MARK);
	}
	list_fill(k, c, s->url, m->agent->clock.now);
	lists_save(m, k, c->whole);
	log_notice("revocation list kept", "trustpoint='%s' number=%ju entries=%zu", m->name,
	    (uintmax_t)c->number, k->entries);
}
