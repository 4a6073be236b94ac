/* long_list.c - lists too long for one turn. */
#include <string.h>

#include "ca/ca_int.h"

/*
 * One buffer serves all generations, one after the other: room for a head, the entries, then a
 * tail. It is filled a slice a turn; heads and tails are put around the entries where they lie,
 * and who is to sign or to publish borrows it. What is stored of such a list is what stands
 * around its entries, and how many octets of the store's revoked blob, which only grows, they
 * are.
 */
#define ROOM ((size_t)4096)
#define SLICE ((size_t)512 * 1024)
#define MARK 0 /* of a stored list: none begins so in DER */

static struct view
entries_of(const struct listing *l)
{
	return view_of(l->octets.p + ROOM, l->octets.n < ROOM ? 0 : l->octets.n - ROOM);
}

/* It is public: to wipe it would take longer than a turn may. */
static void
octets_free(struct blob *b)
{
	b->n = 0;
	blob_free(b);
}

/* Whoever borrows in this turn keeps it until the next. */
static void
let_go(struct ca *ca)
{
	if (ca->lending && ca->lent.p == NULL) {
		ca->lent = ca->listing.octets;
		ca->listing.octets = (struct blob){0};
	}
	octets_free(&ca->listing.octets);
}

void
long_list_returned(struct ca *ca)
{
	ca->lending = false;
	octets_free(&ca->lent);
}

void
long_list_forget(struct ca *ca)
{
	let_go(ca);
	blob_free(&ca->listing.stored);
	memset(&ca->listing, 0, sizeof(ca->listing));
}

/* Room for all of it at once: to grow it would be to copy it. */
static void
begin(struct ca *ca, int64_t generation)
{
	struct err why = {0};
	size_t most = 0;

	if (!ST(ca)->revoked_most(ca->store, &most, &why))
		log_warn("revoked entries not counted", "ca='%s' why='%s'", ca->policy.name,
		    why.text);
	let_go(ca);
	(void)blob_grow(&ca->listing.octets, 3 * ROOM + most);
	ca->listing.octets.n = ROOM;
	ca->listing.generation = generation;
	ca->listing.position = 0;
	ca->listing.read = false;
}

void
long_list_begin(struct ca *ca, when_t now)
{
	long_list_forget(ca);
	begin(ca, 0);
	ca->listing.state = LISTING_SIGNS;
	ca->listing.now = now;
}

/* A slice; *all: there is no more of it. */
static bool
read_slice(struct ca *ca, size_t most, bool *all, struct err *e)
{
	struct listing *l = &ca->listing;
	size_t until = l->octets.n + SLICE;
	struct err why = {0};

	*all = false;
	while (l->octets.n < until) {
		if (l->octets.n - ROOM >= most) {
			l->octets.n = ROOM + most;
			*all = true;
			return true;
		}
		if (!ST(ca)->revoked_next(
			ca->store, l->position, &l->position, &l->octets, &why)) {
			*all = true;
			return absent(&why, e);
		}
	}
	return true;
}

/* Head and tail around the entries; the view is what they make together. */
static struct view
enclose(struct listing *l, struct view head, struct view tail)
{
	l->octets.n = ROOM + l->entries;
	blob_add_view(&l->octets, tail);
	memcpy(l->octets.p + ROOM - head.n, head.p, head.n);
	return view_of(l->octets.p + ROOM - head.n, head.n + l->entries + tail.n);
}

static void
sign(struct ca *ca, struct generation *g, struct effects *out)
{
	struct listing *l = &ca->listing;
	struct crl_spec spec = list_spec(ca, g, l->now);
	struct blob head = {0}, tail = {0};

	crl_encode_ends(&spec, l->entries, &head, &tail);
	l->head = head.n;
	l->tail = tail.n;
	l->next_update = spec.next_update;
	struct key_job job = {
	    .act = KEY_SIGN,
	    .as = SIGN_CRL,
	    .alg = spec.alg,
	    .intent = spec.number,
	};
	struct task *t = ca_task_start(ca, TASK_CRL, g, &job, out);

	t->number = ca->crl_number;
	t->at = l->now;
	t->until = spec.next_update;
	out->list[out->n - 1].job.bytes = enclose(l, blob_view(&head), blob_view(&tail));
	out->list[out->n - 1].borrowed = true;
	ca->crls_open = 1;
	l->state = LISTING_WAITS;
	blob_free(&head);
	blob_free(&tail);
}

/* The next generation that is listed behind this one; NULL: that was the last. */
static struct generation *
next_listed(const struct ca *ca, int64_t number)
{
	for (size_t i = 0; i < ca->generation_count; i++)
		if (list_of(ca->generations[i]) && ca->generations[i]->number > number)
			return ca->generations[i];
	return NULL;
}

/* mark, octets of entries, octets of head, head, tail */
static void
recipe_encode(const struct listing *l, struct view whole, struct blob *out)
{
	size_t head = (size_t)(l->octets.p + ROOM - whole.p);

	blob_add_byte(out, MARK);
	blob_add_u64(out, l->entries);
	blob_add_sized(out, view_of(whole.p, head));
	blob_add_view(out, view_of(whole.p + head + l->entries, whole.n - head - l->entries));
}

static bool
recipe_decode(struct view stored, uint64_t *entries, struct view *head, struct view *tail)
{
	struct reader r = reader_of(stored);
	uint8_t mark;

	if (!read_u8(&r, &mark) || mark != MARK || !read_u64(&r, entries) ||
	    !read_sized(&r, head) || head->n > ROOM)
		return false;
	*tail = view_of(r.p, r.n);
	return true;
}

bool
ca_list_parts(struct view stored, uint64_t *entries, size_t *size)
{
	struct view head, tail;

	if (!recipe_decode(stored, entries, &head, &tail))
		return false;
	*size = head.n + (size_t)*entries + tail.n;
	return true;
}

/* The signature is there: the list is whole, where its entries lie. */
void
long_list_signed(struct ca *ca, const struct task *t, struct view signature,
    struct blob *stored, struct view *whole)
{
	struct listing *l = &ca->listing;
	struct blob head = {0}, tail = {0};
	size_t tbs = l->head + l->entries + l->tail;

	signed_ends(tbs, &t->alg, signature, &head, &tail);
	blob_add_view(&l->octets, blob_view(&tail));
	memcpy(l->octets.p + ROOM - l->head - head.n, head.p, head.n);
	*whole = view_of(l->octets.p + ROOM - l->head - head.n, head.n + tbs + tail.n);
	recipe_encode(l, *whole, stored);
	l->state = LISTING_SIGNS; /* the next one, in a turn of its own: this one is borrowed */
	blob_free(&head);
	blob_free(&tail);
}

/* ---- published again, behind a restart ---- */

void
long_list_show(struct ca *ca, int64_t generation)
{
	if (ca->listing.state != LISTING_NONE || generation <= ca->listing.shown)
		return;
	ca->listing.state = LISTING_SHOWS;
	begin(ca, generation);
	ca->facts.busy_crl = true;
}

static bool
show(struct ca *ca, struct effects *out, struct err *e)
{
	struct listing *l = &ca->listing;
	struct view head, tail;
	uint64_t entries;
	struct row_crl row;
	struct err why = {0};

	if (l->stored.n == 0) {
		if (!ST(ca)->crl_get(ca->store, l->generation, &row, &why))
			return absent(&why, e);
		l->next_update = row.next_update;
		blob_set(&l->stored, row.der);
	}
	if (!recipe_decode(blob_view(&l->stored), &entries, &head, &tail))
		return err_set(
		    e, WHY_IO, "stored list of generation %ld is damaged", (long)l->generation);
	if (!l->read)
		return read_slice(ca, (size_t)entries, &l->read, e);
	l->entries = (size_t)entries;
	if (entries_of(l).n != l->entries)
		return err_set(e, WHY_IO, "list of generation %ld: entries are missing",
		    (long)l->generation);
	list_show(ca, l->generation, enclose(l, head, tail), l->next_update, out);
	l->state = LISTING_SHOWN;
	return true;
}

/* What was borrowed in the turn before is given back; then the next one that is stored so. */
static void
shown(struct ca *ca, struct effects *out)
{
	int64_t last = ca->listing.generation;

	long_list_forget(ca);
	ca->listing.shown = last;
	ca->facts.busy_crl = false;
	list_publish(ca, out);
}

bool
long_list_continue(struct ca *ca, struct effects *out, struct err *e)
{
	struct listing *l = &ca->listing;
	struct generation *g;

	if (ca->lending)
		return true;
	switch (l->state) {
	case LISTING_NONE:
	case LISTING_WAITS:
		return true;
	case LISTING_SHOWS:
		return show(ca, out, e);
	case LISTING_SHOWN:
		shown(ca, out);
		return true;
	case LISTING_SIGNS:
		break;
	}
	if (!l->read) {
		if (!read_slice(ca, SIZE_MAX, &l->read, e))
			return false;
		l->entries = entries_of(l).n;
		return true;
	}
	g = next_listed(ca, l->generation);
	if (g == NULL) {
		long_list_forget(ca);
		ca->listing.shown = ca->last_generation;
		ca->facts.busy_crl =
		    ca->crls_open > 0; /* the one waited for may be cancelled */
		return true;
	}
	l->generation = g->number;
	sign(ca, g, out);
	return true;
}

bool
long_list_more(const struct ca *ca)
{
	return ca->listing.state != LISTING_NONE &&
	       next_listed(ca, ca->listing.generation) != NULL;
}

bool
long_list_due(const struct ca *ca)
{
	return ca->listing.state != LISTING_NONE && ca->listing.state != LISTING_WAITS;
}
