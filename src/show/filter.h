/* filter.h - inner: the words behind the pipe. */
#ifndef SHOW_FILTER_H
#define SHOW_FILTER_H

#include "base/base.h"

#define FILTER_ITEMS 128
#define FILTER_BRANCHES 64

struct filter_item {
	uint8_t c;
	bool any, star; /* '.' and "may repeat or be absent" */
};
struct filter_branch { /* between '|' */
	size_t first, n;
	bool from_start, to_end;
};
enum filter_kind {
	FILTER_NONE,
	FILTER_SECTION,
	FILTER_INCLUDE,
	FILTER_EXCLUDE,
	FILTER_BEGIN,
	FILTER_COUNT
};

struct filter {
	enum filter_kind kind;
	struct filter_item item[FILTER_ITEMS];
	struct filter_branch branch[FILTER_BRANCHES];
	size_t items, branches;
	struct blob line, block; /* begun, not decided yet */
	bool hit;		 /* the block has a line that matches; BEGIN: it began */
	size_t count;
};

/*
 * A pattern is text with the parts of IOS regular expressions that cannot take long: '^', '$',
 * '.', '*',
 * '|' and '\' before one of them. Brackets are plain characters. An empty word means no filter.
 */
bool filter_open(
    struct filter *f, const char *word, const char *pattern, struct err *e) MUST_USE;
/* Takes text in pieces of any size. last: what was begun is the end. */
void filter_add(struct filter *f, struct view text, bool last, struct blob *out);
void filter_free(struct filter *f);

#endif
