/* switch.c - what another takes the place of. */
#include <string.h>

#include "tp/tp_int.h"

struct turn { /* what a switch does to the shelf, in one put */
	struct record next;
	struct tp_change list[TP_LEAVES];
	size_t n;
	struct blob ca, shadow, request;
};

static void
change(struct turn *s, enum tp_leaf leaf, struct view bytes)
{
	s->list[s->n++] = (struct tp_change){leaf, bytes};
}

static void
turn_free(struct turn *s)
{
	blob_free(&s->ca);
	blob_free(&s->shadow);
	blob_free(&s->request);
}

static void
drop_request(struct turn *s)
{
	change(s, TP_REQUEST, (struct view){0});
	record_doom(&s->next, s->next.request_key);
	s->next.request_key = s->next.request_signer_key = 0;
	s->next.plan.pending = false;
}

/* Its key may serve again, and the next one shows the identity if it can. */
static void
close_request(struct turn *s, struct request *r)
{
	r->closed = r->temporary = true;
	request_encode(r, &s->request);
	change(s, TP_REQUEST, blob_view(&s->request));
	s->next.plan.pending = false;
}

/* One to the CA that takes over goes on (PO-07); any other is over. */
static bool
keep_request(struct tp *t, struct turn *s, struct err *e)
{
	struct request r = {0};
	uint8_t digest[32];

	if (s->next.request_key == 0)
		return true;
	if (!request_load(t, &r, e))
		return false;
	bundle_digest(blob_view(&s->ca), digest);
	if (memcmp(digest, r.addressed, sizeof(digest)) != 0)
		close_request(s, &r);
	request_free(&r);
	return true;
}

static bool
switch_commit(struct tp *t, struct turn *s, const struct cert *ca, struct err *e)
{
	struct plan_tp_facts *f = &s->next.plan;

	record_ca(&s->next, ca);
	change(s, TP_CA, blob_view(&s->ca));
	change(s, TP_NEXT_CA, (struct view){0});
	change(s, TP_SHADOW, (struct view){0});
	f->have_next_ca = f->have_shadow = f->confirmed = false;
	f->next_ca_from = f->shadow_from = 0;
	s->next.shadow_key = 0;
	memset(&f->fetch, 0, sizeof(f->fetch));
	if (!f->pending)
		memset(&f->ask, 0, sizeof(f->ask));
	return record_commit(t, &s->next, s->list, s->n, e);
}

static void
leave_behind(struct turn *s)
{
	struct plan_tp_facts *f = &s->next.plan;

	f->behind = s->next.id_key != 0;
	f->have_id = false;
	f->id_from = f->id_until = f->issuer_until = 0;
}

bool
switch_activate(struct tp *t, struct tp_effects *out, struct err *e)
{
	struct turn s = {.next = t->record};
	bool with_id = t->record.plan.have_shadow;
	uint32_t before = t->record.id_key;
	struct cert ca, id;
	bool ok = false;

	if (!shelf_get(t, TP_NEXT_CA, &s.ca, e) || !bundle_ca(blob_view(&s.ca), &ca, e) ||
	    (with_id && !shelf_cert(t, TP_SHADOW, &s.shadow, &id, e)))
		goto out;
	record_ca(&s.next, &ca);
	if (with_id) {
		change(&s, TP_ID, id.whole);
		s.next.id_key = s.next.shadow_key;
		record_id(t, &s.next, &id);
		record_doom(&s.next, before);
		drop_request(&s);
	} else {
		s.next.plan.late |=
		    s.next.plan.have_id && s.next.plan.id_until >= s.next.plan.issuer_until;
		leave_behind(&s);
		if (!keep_request(t, &s, e))
			goto out;
	}
	if (!switch_commit(t, &s, &ca, e))
		goto out;
	talk_drop(t); /* it was with the CA that is gone; what goes on is asked again */
	tp_note(out, TP_NOTED_ACTIVATED, "the next CA certificate is active now, %s",
	    with_id ? "and the next certificate" : "without a certificate under it");
	if (t->record.plan.behind)
		tp_note(out, TP_NOTED_BEHIND,
		    "no certificate under the CA that is active now, the one held is of the "
		    "CA before");
	ok = true;
out:
	turn_free(&s);
	return ok;
}

/* RAs are new, signed by the CA; what is above that stays: nobody vouches for another. */
static void
keep_cas(struct blob *bundle, struct view held)
{
	struct blob new = *bundle;
	struct view lists[] = {held, blob_view(&new)};
	struct der d;
	struct cert c;

	*bundle = (struct blob){0};
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct reader r = reader_of(lists[i]);

		while (r.n > 0 && der_any(&r, &d, NULL) && cert_decode(d.whole, &c, NULL))
			if (c.is_ca == (i == 0))
				blob_add_view(bundle, d.whole);
	}
	blob_free(&new);
}

/* The CA that is held already, perhaps with other RAs. */
static bool
refresh(struct tp *t, struct turn *s, bool *same, struct err *e)
{
	struct blob held = {0};
	uint8_t is[32], was[32];

	if (!shelf_look(t, TP_CA, &held, e))
		return false;
	bundle_digest(blob_view(&s->ca), is);
	bundle_digest(blob_view(&held), was);
	*same = memcmp(is, was, sizeof(is)) == 0;
	if (*same && t->x->fingerprint[0] == 0)
		keep_cas(&s->ca, blob_view(&held));
	blob_free(&held);
	if (!*same)
		return true;
	change(s, TP_CA, blob_view(&s->ca));
	memset(&s->next.plan.fetch, 0, sizeof(s->next.plan.fetch));
	return record_commit(t, &s->next, s->list, s->n, e);
}

static bool
replace(struct tp *t, struct turn *s, struct err *e)
{
	uint32_t shadow_key = s->next.shadow_key;
	struct cert ca;

	leave_behind(s);
	s->next.plan.late = false;
	s->next.shadow_key = 0;
	record_doom(&s->next, shadow_key);
	return bundle_ca(blob_view(&s->ca), &ca, e) && keep_request(t, s, e) &&
	       switch_commit(t, s, &ca, e);
}

bool
switch_authenticate(struct tp *t, struct view bundle, struct tp_effects *out, struct err *e)
{
	struct turn s = {.next = t->record};
	struct blob text = {0};
	uint8_t digest[32];
	bool same, ok;

	blob_set(&s.ca, bundle);
	s.next.plan.caps_known = s.next.plan.caps_next_ca = false;
	s.next.caps = 0;
	ok = refresh(t, &s, &same, e) && (same || replace(t, &s, e));
	if (ok && same && t->x->fingerprint[0] == 0) {
		talk_end(t); /* nobody asked, and nothing is new */
	} else if (ok) {
		bundle_digest(bundle, digest);
		hex_add(&text, view_of(digest, sizeof(digest)), true);
		tp_note(out, TP_NOTED_CA, "CA certificate stored, SHA-256 %s", blob_cstr(&text))
		    ->ends = talk_command(t->x);
		talk_end(t);
	}
	blob_free(&text);
	turn_free(&s);
	return ok;
}

/* ---- a pair that the keys have no more ---- */

static void
drop_shadow(struct turn *s)
{
	struct plan_tp_facts *f = &s->next.plan;
	uint32_t key = s->next.shadow_key;

	change(s, TP_SHADOW, (struct view){0});
	s->next.shadow_key = 0;
	record_doom(&s->next, key);
	f->have_shadow = f->confirmed = false;
	f->shadow_from = 0;
}

/* What it was to certify, or has signed and nobody can sign or open again. */
static bool
lose_request(struct tp *t, struct turn *s, uint32_t key, struct err *e)
{
	struct request r = {0};

	if (s->next.request_key == key)
		drop_request(s);
	if (s->next.request_key == 0 || s->next.request_signer_key != key)
		return true;
	if (!request_load(t, &r, e))
		return false;
	close_request(s, &r);
	request_free(&r);
	return true;
}

/*
 * With a shadow the identity is not asked for anew: it lives, if only in its files, until that
 * takes over. The server cannot be told of the shadow then. Whatever it is, the next try is not
 * at once, for keys that lose every pair.
 */
bool
switch_lost(struct tp *t, uint32_t key, when_t now, struct tp_effects *out, struct err *e)
{
	struct turn s = {.next = t->record};
	struct plan_tp_facts *f = &s.next.plan;
	bool held = key == s.next.id_key || key == s.next.shadow_key;
	char label[KEY_LABEL_MAX];
	bool ok;

	s.next.lost |= key == s.next.id_key;
	if (key == s.next.shadow_key)
		drop_shadow(&s);
	if (s.next.lost && f->have_shadow)
		f->confirmed = true;
	else if (s.next.lost)
		leave_behind(&s);
	trouble_set(t, &f->ask, ANSWER_NONE, 0, held, now);
	ok = lose_request(t, &s, key, e) && record_commit(t, &s.next, s.list, s.n, e);
	if (ok) {
		key_label(t, key, label);
		talk_drop(t);
		tp_note(out, TP_NOTED_TROUBLE,
		    "key pair '%s' is gone: the next request is for another one", label)
		    ->ends = TP_CMD_ENROLL;
	}
	turn_free(&s);
	return ok;
}
