/* memory.c - what the guard remembers, and its way back. */
#include "keys/memory.h"

#include <stdlib.h>
#include <string.h>

struct guard *
guard_new(void)
{
	struct guard *g = mem_get(sizeof(*g));

	g->weakest_reply = HASH_SHA256;
	return g;
}

void
guard_replies(struct guard *g, enum hash weakest)
{
	g->weakest_reply = weakest;
}

void
guard_exports(struct guard *g)
{
	g->exports = true;
}

static void
state_free(struct state *s)
{
	free(s->memory);
	free(s->grants);
	free(s);
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		state_free(g->states[i]);
	free(g->states);
	free(g);
}

struct state *
state_find(const struct guard *g, const uint8_t id[PAIR_ID])
{
	for (size_t i = 0; i < g->count; i++)
		if (memcmp(g->states[i]->id, id, PAIR_ID) == 0)
			return g->states[i];
	return NULL;
}

struct state *
state_of(struct guard *g, const uint8_t id[PAIR_ID])
{
	struct state *s = state_find(g, id);

	if (s != NULL)
		return s;
	s = mem_get(sizeof(*s));
	memcpy(s->id, id, PAIR_ID);
	g->states = mem_array(g->states, g->count + 1, sizeof(struct state *));
	g->states[g->count++] = s;
	return s;
}

/* ---- what is remembered ---- */

void
state_window(struct state *s, const struct window *w)
{
	s->window = *w;
	s->has_window = true;
}

static uint16_t *
chain_of(struct memory *m, int64_t serial)
{
	return &m->first[(uint64_t)serial % GUARD_INTENTS];
}

bool
serial_known(const struct state *s, int64_t serial)
{
	uint16_t at;

	if (serial == s->window.serial)
		return true;
	if (s->memory == NULL)
		return false;
	at = *chain_of(s->memory, serial);
	while (at != 0 && s->memory->slots[at - 1].serial != serial)
		at = s->memory->next[at - 1];
	return at != 0;
}

static void
serial_unlink(struct memory *m, uint16_t position)
{
	uint16_t *at = chain_of(m, m->slots[position - 1].serial);

	while (*at != position)
		at = &m->next[*at - 1];
	*at = m->next[position - 1];
}

static void
serial_link(struct memory *m, uint16_t position)
{
	uint16_t *first = chain_of(m, m->slots[position - 1].serial);

	m->next[position - 1] = *first;
	*first = position;
}

void
state_intent(struct state *s, uint64_t intent, const uint8_t tbs[DIGEST], int64_t serial)
{
	uint16_t position = (uint16_t)(intent % GUARD_INTENTS + 1);
	struct slot *slot;

	if (s->memory == NULL)
		s->memory = mem_get(sizeof(*s->memory));
	slot = &s->memory->slots[position - 1];
	if (slot->intent != 0)
		serial_unlink(s->memory, position);
	slot->intent = intent;
	slot->serial = serial;
	memcpy(slot->tbs, tbs, DIGEST);
	serial_link(s->memory, position);
	if (intent > s->newest)
		s->newest = intent;
}

void
state_crl(struct state *s, uint64_t number, const uint8_t tbs[DIGEST])
{
	s->has_crl = true;
	s->crl_number = number;
	memcpy(s->crl_tbs, tbs, DIGEST);
}

size_t
grant_find(const struct state *s, const uint8_t spki[DIGEST])
{
	size_t i = 0;

	while (i < s->grant_count && memcmp(s->grants[i], spki, DIGEST) != 0)
		i++;
	return i;
}

void
grant_add(struct state *s, const uint8_t spki[DIGEST])
{
	if (grant_find(s, spki) < s->grant_count)
		return;
	s->grants = mem_array(s->grants, s->grant_count + 1, DIGEST);
	memcpy(s->grants[s->grant_count++], spki, DIGEST);
}

void
grant_use(struct state *s, const uint8_t spki[DIGEST])
{
	size_t i = grant_find(s, spki);

	if (i < s->grant_count)
		memmove(s->grants[i], s->grants[--s->grant_count], DIGEST);
}

/* Numbers go on where this key was, and not from nothing: see GUARD_LEAP. */
void
state_drop(struct guard *g, const uint8_t id[PAIR_ID])
{
	struct state *gone = state_find(g, id);
	size_t kept = 0;

	if (gone == NULL)
		return;
	for (size_t i = 0; i < g->count; i++) {
		struct state *s = g->states[i];

		if (s == gone)
			continue;
		if (s->newest < gone->newest)
			s->newest = gone->newest;
		g->states[kept++] = s;
	}
	g->count = kept;
	state_free(gone);
}

void
window_add(const struct window *w, struct blob *out)
{
	blob_add(out, w->tbs, DIGEST);
	blob_add(out, w->subject, DIGEST);
	blob_add_u64(out, (uint64_t)w->from);
	blob_add_u64(out, (uint64_t)w->until);
	blob_add_byte(out, (uint8_t)w->hash);
	blob_add_u64(out, (uint64_t)w->serial);
}

/* ---- the log and back ---- */

static bool
read_octets(struct reader *r, uint8_t *out, size_t n)
{
	struct view v;

	if (!read_view(r, n, &v))
		return false;
	memcpy(out, v.p, n);
	return true;
}

static bool
read_when(struct reader *r, when_t *out)
{
	uint64_t v;

	if (!read_u64(r, &v))
		return false;
	*out = (when_t)v;
	return true;
}

static bool
read_window(struct reader *r, struct window *w)
{
	uint64_t serial;
	uint8_t hash;

	if (!read_octets(r, w->tbs, DIGEST) || !read_octets(r, w->subject, DIGEST) ||
	    !read_when(r, &w->from) || !read_when(r, &w->until) || !read_u8(r, &hash) ||
	    hash > HASH_SHA512 || !read_u64(r, &serial))
		return false;
	w->hash = (enum hash)hash;
	w->serial = (int64_t)serial;
	return true;
}

static bool
replay_self(struct state *s, struct reader *r)
{
	struct window w;

	if (!read_window(r, &w))
		return false;
	state_window(s, &w);
	return r->n == 0;
}

static bool
replay_cert(struct state *s, struct reader *r)
{
	uint8_t tbs[DIGEST], spki[DIGEST], ca;
	struct view serial;
	uint64_t intent;

	if (!s->has_window || !read_u64(r, &intent) || intent == 0 ||
	    !read_octets(r, tbs, DIGEST) || !read_u8(r, &ca) || ca > 1)
		return false;
	if (ca && !read_octets(r, spki, DIGEST))
		return false;
	if (r->n == 0 || r->n > 20 || !read_view(r, r->n, &serial))
		return false;
	if (ca)
		grant_use(s, spki);
	state_intent(s, intent, tbs, sha256_8(serial));
	return true;
}

static bool
replay_crl(struct state *s, struct reader *r)
{
	uint8_t tbs[DIGEST];
	uint64_t number;

	if (!s->has_window || !read_u64(r, &number) || !read_octets(r, tbs, DIGEST))
		return false;
	state_crl(s, number, tbs);
	return r->n == 0;
}

static bool
replay_grant(struct state *s, struct reader *r)
{
	uint8_t spki[DIGEST];

	if (!s->has_window || !read_octets(r, spki, DIGEST) || s->grant_count >= GUARD_GRANTS)
		return false;
	grant_add(s, spki);
	return r->n == 0;
}

static void
state_save(const struct state *s, struct blob *out)
{
	uint32_t n = 0;
	size_t count_at;

	blob_add(out, s->id, PAIR_ID);
	blob_add_byte(out, (uint8_t)(s->has_window | s->has_crl << 1));
	window_add(&s->window, out);
	blob_add_u64(out, s->crl_number);
	blob_add(out, s->crl_tbs, DIGEST);
	blob_add_u32(out, (uint32_t)s->grant_count);
	for (size_t i = 0; i < s->grant_count; i++)
		blob_add(out, s->grants[i], DIGEST);
	blob_add_u64(out, s->newest);
	count_at = out->n;
	blob_add_u32(out, 0);
	for (size_t i = 0; s->memory != NULL && i < GUARD_INTENTS; i++) {
		const struct slot *slot = &s->memory->slots[i];

		if (slot->intent == 0)
			continue;
		blob_add_u64(out, slot->intent);
		blob_add(out, slot->tbs, DIGEST);
		blob_add_u64(out, (uint64_t)slot->serial);
		n++;
	}
	for (int i = 0; i < 4; i++)
		out->p[count_at + (size_t)i] = (uint8_t)(n >> (24 - 8 * i));
}

void
guard_save(const struct guard *g, struct blob *record)
{
	blob_add_byte(record, REC_SAVED);
	blob_add_u32(record, (uint32_t)g->count);
	for (size_t i = 0; i < g->count; i++)
		state_save(g->states[i], record);
}

static bool
state_load(struct guard *g, struct reader *r)
{
	uint8_t id[PAIR_ID], flags, digest[DIGEST];
	uint64_t newest, intent, serial;
	uint32_t n;
	struct state *s;

	if (!read_octets(r, id, PAIR_ID) || !read_u8(r, &flags) || flags > 3 ||
	    state_find(g, id) != NULL)
		return false;
	s = state_of(g, id);
	s->has_window = (flags & 1) != 0;
	s->has_crl = (flags & 2) != 0;
	if (!read_window(r, &s->window) || !read_u64(r, &s->crl_number) ||
	    !read_octets(r, s->crl_tbs, DIGEST) || !read_u32(r, &n) || n > GUARD_GRANTS)
		return false;
	while (n-- > 0) {
		if (!read_octets(r, digest, DIGEST))
			return false;
		grant_add(s, digest);
	}
	if (!read_u64(r, &newest) || !read_u32(r, &n) || n > GUARD_INTENTS)
		return false;
	while (n-- > 0) {
		if (!read_u64(r, &intent) || intent == 0 || intent > newest ||
		    !read_octets(r, digest, DIGEST) || !read_u64(r, &serial))
			return false;
		state_intent(s, intent, digest, (int64_t)serial);
	}
	s->newest = newest; /* of a key that is gone, when no slot has it */
	return true;
}

static bool
replay_saved(struct guard *g, struct reader *r)
{
	uint32_t n;

	if (g->count != 0 || !read_u32(r, &n) || n > GUARD_WINDOWS)
		return false;
	while (n-- > 0)
		if (!state_load(g, r))
			return false;
	return r->n == 0;
}

static bool
replay_one(struct guard *g, struct reader *r)
{
	static bool (*const by_kind[])(struct state *, struct reader *) = {
	    [REC_SELF] = replay_self,
	    [REC_CERT] = replay_cert,
	    [REC_CRL] = replay_crl,
	    [REC_GRANT] = replay_grant,
	};
	uint8_t kind, id[PAIR_ID];

	if (!read_u8(r, &kind))
		return false;
	if (kind == REC_SAVED)
		return replay_saved(g, r);
	if (!read_octets(r, id, PAIR_ID))
		return false;
	if (kind == REC_ARCHIVE || kind == REC_EXPORT)
		return r->n == DIGEST;
	if (kind == REC_FORGET) {
		state_drop(g, id);
		return r->n == 0;
	}
	if (kind >= COUNT_OF(by_kind) || by_kind[kind] == NULL)
		return false;
	if (g->count >= GUARD_WINDOWS && state_find(g, id) == NULL)
		return false;
	return by_kind[kind](state_of(g, id), r);
}

bool
guard_replay(void *arg, struct view record, struct err *e)
{
	struct reader r = reader_of(record);

	return replay_one(arg, &r) ||
	       err_set(e, WHY_BAD_INPUT, "record of %zu octets breaks the layout", record.n);
}
