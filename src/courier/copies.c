/* copies.c - which copies wait, and when again. */
#include <stdlib.h>
#include <string.h>

#include "courier/courier.h"

#define LIMIT_MS 60000 /* for a short one */
#define OCTETS_A_MS 64 /* more for what is long */

/* A minute, doubled each time; how long it may become is up to how long it has been so. */
static const struct plan_tp_policy pace = {.retry_count = UINT32_MAX, .retry_period = MINUTE};

/* Where it is, or would be. */
static struct courier_copy **
copy_place(struct courier_copies *c, unsigned depot, const char *leaf)
{
	struct courier_copy **at = &c->first;

	while (*at != NULL && ((*at)->depot != depot || strcmp((*at)->leaf, leaf) != 0))
		at = &(*at)->next;
	return at;
}

static struct courier_copy *
copy_at(struct courier_copies *c, unsigned depot, const char *leaf)
{
	struct courier_copy **at = copy_place(c, depot, leaf);

	if (*at == NULL) {
		*at = mem_get(sizeof(**at));
		(*at)->depot = depot;
		(void)snprintf((*at)->leaf, sizeof((*at)->leaf), "%s", leaf);
	}
	return *at;
}

void
copies_add(struct courier_copies *c, unsigned depot, const char *leaf, struct view bytes)
{
	struct courier_copy *x = copy_at(c, depot, leaf);

	if (view_equal(blob_view(&x->bytes), bytes))
		return;
	blob_set(&x->bytes, bytes);
	x->newer = true;
}

void
copies_drop(struct courier_copies *c, unsigned depot, const char *leaf)
{
	struct courier_copy **at = copy_place(c, depot, leaf), *x = *at;

	if (x == NULL)
		return;
	*at = x->next;
	blob_free(&x->bytes);
	free(x);
}

static bool
depot_busy(const struct courier_copies *c, unsigned depot)
{
	for (const struct courier_copy *x = c->first; x != NULL; x = x->next)
		if (x->depot == depot && x->put != 0)
			return true;
	return false;
}

bool
copies_next(struct courier_copies *c, when_t now, struct courier_put *out)
{
	struct courier_copy *x = c->first;
	size_t limit;

	while (x != NULL && (x->bytes.n == 0 || now < x->again_at || depot_busy(c, x->depot)))
		x = x->next;
	if (x == NULL || !c->open)
		return false;
	x->put = ++c->puts;
	x->newer = false;
	limit = LIMIT_MS + x->bytes.n / OCTETS_A_MS;
	*out = (struct courier_put){
	    .id = x->put,
	    .depot = x->depot,
	    .leaf = view_str(x->leaf),
	    .body = blob_view(&x->bytes),
	    .limit_ms = limit < COURIER_FETCH_MS_MAX ? (uint32_t)limit : COURIER_FETCH_MS_MAX,
	};
	return true;
}

static bool
depot_behind(const struct courier_copies *c, unsigned depot)
{
	for (const struct courier_copy *x = c->first; x != NULL; x = x->next)
		if (x->depot == depot && x->trouble.tries > 0)
			return true;
	return false;
}

static void
copy_failed(struct courier_copy *x, struct view reason, when_t now, uint8_t draw)
{
	struct blob text = {0};

	if (x->trouble.tries == 0)
		x->behind_from = now;
	x->trouble.answer = ANSWER_NONE;
	x->trouble.at = now;
	x->trouble.tries++;
	x->trouble.draw = draw;
	x->again_at = plan_retry(&pace, &x->trouble, WHEN_NEVER, x->behind_from);
	text_escape(&text, reason);
	(void)snprintf(x->why, sizeof(x->why), "%s", blob_cstr(&text));
	blob_free(&text);
}

static void
copy_stored(struct courier_copy *x)
{
	if (!x->newer)
		blob_free(&x->bytes);
	x->trouble = (struct plan_trouble){0};
	x->behind_from = x->again_at = 0;
	x->why[0] = 0;
}

const struct courier_copy *
copies_done(struct courier_copies *c, const struct courier_stored *s, when_t now, uint8_t draw)
{
	struct courier_copy *x = c->first;
	bool was;

	while (x != NULL && x->put != s->id)
		x = x->next;
	if (x == NULL) /* of before a courier began */
		return NULL;
	was = depot_behind(c, x->depot);
	x->put = 0;
	if (s->stored)
		copy_stored(x);
	else
		copy_failed(x, s->reason, now, draw);
	return depot_behind(c, x->depot) != was ? x : NULL;
}

void
copies_began(struct courier_copies *c)
{
	c->open = true;
	for (struct courier_copy *x = c->first; x != NULL; x = x->next)
		x->put = 0;
}

void
copies_free(struct courier_copies *c)
{
	while (c->first != NULL) {
		struct courier_copy *x = c->first;

		c->first = x->next;
		blob_free(&x->bytes);
		free(x);
	}
}
