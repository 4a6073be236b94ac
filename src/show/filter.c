/* filter.c - lines that pass the pipe. */
#include <string.h>

#include "show/filter.h"

bool
filter_open(struct filter *f, const char *word, const char *pattern, struct err *e)
{
	static const char *const words[] = {
	    [FILTER_NONE] = "",
	    [FILTER_SECTION] = "section",
	    [FILTER_INCLUDE] = "include",
	    [FILTER_EXCLUDE] = "exclude",
	    [FILTER_BEGIN] = "begin",
	    [FILTER_COUNT] = "count",
	};
	struct filter_branch *b = &f->branch[0];
	size_t kind = 0;

	while (kind < COUNT_OF(words) && strcmp(words[kind], word) != 0)
		kind++;
	if (kind == COUNT_OF(words))
		return err_set(e, WHY_BAD_INPUT,
		    "Filter unknown, expected section, include, exclude, begin or count");
	*f = (struct filter){.kind = (enum filter_kind)kind, .branches = 1};
	for (; *pattern != 0; pattern++) {
		struct filter_item item = {.c = (uint8_t)*pattern, .any = *pattern == '.'};

		if (*pattern == '|') {
			if (f->branches == FILTER_BRANCHES)
				return err_set(e, WHY_BAD_INPUT,
				    "Pattern of over %d alternatives", FILTER_BRANCHES);
			b = &f->branch[f->branches++];
			b->first = f->items;
			continue;
		}
		if (*pattern == '^' && b->n == 0 && !b->from_start) {
			b->from_start = true;
			continue;
		}
		if (*pattern == '$' && (pattern[1] == 0 || pattern[1] == '|')) {
			b->to_end = true;
			continue;
		}
		if (*pattern == '*' && b->n > 0) {
			f->item[f->items - 1].star = true;
			continue;
		}
		if (*pattern == '\\' && pattern[1] != 0)
			item.c = (uint8_t) * ++pattern;
		if (f->items == FILTER_ITEMS)
			return err_set(
			    e, WHY_BAD_INPUT, "Pattern of over %d characters", FILTER_ITEMS);
		f->item[f->items++] = item;
		b->n++;
	}
	return true;
}

/* All places of the branch at once, so that no pattern takes long. */
static bool
branch_matches(const struct filter *f, const struct filter_branch *b, struct view line)
{
	const struct filter_item *item = &f->item[b->first];
	bool at[FILTER_ITEMS + 1] = {0}, next[FILTER_ITEMS + 1];

	for (size_t i = 0;; i++) {
		if (i == 0 || !b->from_start)
			at[0] = true;
		for (size_t k = 0; k < b->n; k++)
			if (at[k] && item[k].star)
				at[k + 1] = true;
		if (at[b->n] && (!b->to_end || i == line.n))
			return true;
		if (i == line.n)
			return false;
		memset(next, 0, sizeof(next));
		for (size_t k = 0; k < b->n; k++)
			if (at[k] && (item[k].any || item[k].c == line.p[i]))
				next[item[k].star ? k : k + 1] = true;
		memcpy(at, next, sizeof(at));
	}
}

static bool
line_matches(const struct filter *f, struct view line)
{
	for (size_t i = 0; i < f->branches; i++)
		if (branch_matches(f, &f->branch[i], line))
			return true;
	return false;
}

/* A block is a line that is not indented, and the indented ones behind it. */
static void
block_end(struct filter *f, struct blob *out)
{
	if (f->hit)
		blob_add_view(out, blob_view(&f->block));
	blob_clear(&f->block);
	f->hit = false;
}

static void
add_line(struct filter *f, struct view line, struct blob *out)
{
	bool matches = line_matches(f, line);

	switch (f->kind) {
	case FILTER_NONE:
		break;
	case FILTER_SECTION:
		if (line.n == 0 || line.p[0] != ' ')
			block_end(f, out);
		blob_add_view(&f->block, line);
		blob_add_byte(&f->block, '\n');
		f->hit = f->hit || matches;
		return;
	case FILTER_BEGIN:
		f->hit = matches = f->hit || matches;
		break;
	case FILTER_EXCLUDE:
		matches = !matches;
		break;
	case FILTER_COUNT:
		f->count += matches;
		return;
	case FILTER_INCLUDE:
		break;
	}
	if (!matches)
		return;
	blob_add_view(out, line);
	blob_add_byte(out, '\n');
}

void
filter_add(struct filter *f, struct view text, bool last, struct blob *out)
{
	if (f->kind == FILTER_NONE) {
		blob_add_view(out, text);
		return;
	}
	while (text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);

		blob_add(&f->line, text.p, n);
		if (end == NULL)
			break;
		add_line(f, blob_view(&f->line), out);
		blob_clear(&f->line);
		text = view_of(end + 1, text.n - n - 1);
	}
	if (!last)
		return;
	if (f->line.n > 0)
		add_line(f, blob_view(&f->line), out);
	if (f->kind == FILTER_SECTION)
		block_end(f, out);
	if (f->kind == FILTER_COUNT)
		blob_printf(out, "Number of lines which match regexp = %zu\n", f->count);
}

void
filter_free(struct filter *f)
{
	blob_free(&f->line);
	blob_free(&f->block);
}
