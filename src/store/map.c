/* map.c - ordered map of short keys. */
#include <stdlib.h>
#include <string.h>

#include "store/map.h"

void
key_add_int(struct map_key *k, int64_t i)
{
	uint64_t u = (uint64_t)i ^ (UINT64_C(1) << 63);

	for (int shift = 56; shift >= 0; shift -= 8)
		k->b[k->n++] = (uint8_t)(u >> shift);
}

void
key_add_view(struct map_key *k, struct view v)
{
	if (v.n > 0)
		memcpy(k->b + k->n, v.p, v.n);
	k->n = (uint8_t)(k->n + v.n);
}

int64_t
key_last_int(const struct map_key *k)
{
	uint64_t u = 0;

	for (int i = k->n - 8; i < k->n; i++)
		u = u << 8 | k->b[i];
	return (int64_t)(u ^ (UINT64_C(1) << 63));
}

bool
key_starts(const struct map_key *k, const struct map_key *prefix)
{
	return k->n >= prefix->n && memcmp(k->b, prefix->b, prefix->n) == 0;
}

static int
key_compare(const struct map_key *a, const struct map_key *b)
{
	int order = memcmp(a->b, b->b, a->n < b->n ? a->n : b->n);

	return order ? order : a->n - b->n;
}

/* Where k is or would be: the last page that starts at or before it, and the place in it. */
struct place {
	size_t page, at;
	bool found;
};

static struct place
map_find(const struct map *m, const struct map_key *k)
{
	struct place p = {0};
	size_t low = 0, high = m->count;
	const struct map_page *page;

	if (m->count == 0)
		return p;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (key_compare(&m->page[mid]->entry[0].key, k) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	p.page = low > 0 ? low - 1 : 0;
	page = m->page[p.page];
	low = 0;
	high = page->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (key_compare(&page->entry[mid].key, k) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	p.at = low;
	p.found = low < page->n && key_compare(&page->entry[low].key, k) == 0;
	return p;
}

void *
map_get(const struct map *m, const struct map_key *k)
{
	struct place p = map_find(m, k);

	return p.found ? m->page[p.page]->entry[p.at].row : NULL;
}

/* Insert a page before directory place at and move entries from..n of the one before into it.
 */
static void
page_split(struct map *m, size_t at, size_t from)
{
	struct map_page *fresh = mem_get(sizeof(*fresh)), *old;

	if (m->count == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 4;
		m->page = mem_array(m->page, m->cap, sizeof(struct map_page *));
	}
	memmove(m->page + at + 1, m->page + at, (m->count - at) * sizeof(struct map_page *));
	m->page[at] = fresh;
	m->count++;
	if (at == 0)
		return;
	old = m->page[at - 1];
	fresh->n = old->n - from;
	memcpy(fresh->entry, old->entry + from, fresh->n * sizeof(struct map_entry));
	old->n = from;
}

static void
map_insert(struct map *m, struct place p, const struct map_key *k, void *row)
{
	struct map_page *page;

	if (m->count == 0)
		page_split(m, 0, 0);
	page = m->page[p.page];
	if (page->n == MAP_PAGE) {
		/* rising keys leave full pages behind them */
		size_t from = p.at == MAP_PAGE ? MAP_PAGE : MAP_PAGE / 2;

		page_split(m, p.page + 1, from);
		if (p.at >= from) {
			p.page++;
			p.at -= from;
		}
		page = m->page[p.page];
	}
	memmove(page->entry + p.at + 1, page->entry + p.at,
	    (page->n - p.at) * sizeof(struct map_entry));
	page->entry[p.at] = (struct map_entry){row, *k};
	page->n++;
}

static void
map_remove(struct map *m, struct place p)
{
	struct map_page *page = m->page[p.page];

	page->n--;
	memmove(page->entry + p.at, page->entry + p.at + 1,
	    (page->n - p.at) * sizeof(struct map_entry));
	if (page->n > 0)
		return;
	free(page);
	m->count--;
	memmove(m->page + p.page, m->page + p.page + 1,
	    (m->count - p.page) * sizeof(struct map_page *));
}

void *
map_put(struct map *m, const struct map_key *k, void *row)
{
	struct place p = map_find(m, k);
	void *old = NULL;

	if (p.found) {
		old = m->page[p.page]->entry[p.at].row;
		if (row)
			m->page[p.page]->entry[p.at].row = row;
		else
			map_remove(m, p);
	} else if (row) {
		map_insert(m, p, k, row);
	}
	return old;
}

const struct map_entry *
map_after(const struct map *m, const struct map_key *k)
{
	struct place p = map_find(m, k);

	if (m->count == 0)
		return NULL;
	if (p.found)
		p.at++;
	if (p.at < m->page[p.page]->n)
		return &m->page[p.page]->entry[p.at];
	return p.page + 1 < m->count ? &m->page[p.page + 1]->entry[0] : NULL;
}

const struct map_entry *
map_before(const struct map *m, const struct map_key *k)
{
	struct place p = map_find(m, k);

	if (m->count == 0)
		return NULL;
	if (p.at > 0)
		return &m->page[p.page]->entry[p.at - 1];
	if (p.page == 0)
		return NULL;
	return &m->page[p.page - 1]->entry[m->page[p.page - 1]->n - 1];
}

void
map_free(struct map *m, void (*free_row)(void *row))
{
	for (size_t i = 0; i < m->count; i++) {
		for (size_t j = 0; free_row && j < m->page[i]->n; j++)
			free_row(m->page[i]->entry[j].row);
		free(m->page[i]);
	}
	free(m->page);
	*m = (struct map){0};
}
