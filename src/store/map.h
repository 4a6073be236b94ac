/* map.h - inner: ordered map of short keys, for the memory driver. */
#ifndef STORE_MAP_H
#define STORE_MAP_H

#include "base/base.h"

#define MAP_KEY_MAX 40

struct map_key { /* compared octet by octet, a prefix first */
	uint8_t n;
	uint8_t b[MAP_KEY_MAX];
};

struct map_entry {
	void *row;
	struct map_key key;
};

/* Sorted pages in a sorted directory: binary search twice, short moves; no balancing. */
#define MAP_PAGE 64
struct map_page {
	size_t n;
	struct map_entry entry[MAP_PAGE];
};

struct map {
	struct map_page **page;
	size_t count, cap;
};

void key_add_int(struct map_key *k, int64_t i); /* keeps the order of signed numbers */
void key_add_view(struct map_key *k, struct view v);
int64_t key_last_int(const struct map_key *k);
bool key_starts(const struct map_key *k, const struct map_key *prefix);

void *map_get(const struct map *m, const struct map_key *k); /* NULL: none */
/* Set, or with NULL remove; gives back what was there. */
void *map_put(struct map *m, const struct map_key *k, void *row);
const struct map_entry *map_after(const struct map *m, const struct map_key *k); /* least > k */
const struct map_entry *map_before(
    const struct map *m, const struct map_key *k); /* greatest < k */
/* Frees the map; rows too when free_row is given. */
void map_free(struct map *m, void (*free_row)(void *row));

#endif
