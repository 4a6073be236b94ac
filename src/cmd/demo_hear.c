/* demo_hear.c - what daemons show becomes the story. */
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/demo.h"

/* ---- what a daemon shows ---- */

static json_t *
shown(struct demo *d, const struct demo_body *b, const char *command, struct err *e)
{
	struct blob text = {0};
	json_error_t why;
	json_t *o = NULL;

	if (fleet_command(d, b, command, &text, e)) {
		o = json_loadb((const char *)text.p, text.n, 0, &why);
		if (o == NULL)
			err_set(e, WHY_BUG, "%s: %s: %s", b->name, command, why.text);
	}
	blob_free(&text);
	return o;
}

static const char *
text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text == NULL ? "" : text;
}

static void
copy(const json_t *o, const char *name, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", text_of(o, name));
}

static when_t
when_of(const json_t *o, const char *name)
{
	when_t t;

	return when_parse(text_of(o, name), &t) ? t : WHEN_NEVER;
}

/* Has its log grown? Then there is something to hear. */
static bool
has_news(struct demo_body *b)
{
	char path[2 * DEMO_PATH];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/log", b->dir);
	if (b->pid <= 0 || stat(path, &st) != 0 || st.st_size == b->heard)
		return false;
	b->heard = st.st_size;
	return true;
}

/* ---- the CA ---- */

static bool
ca_is(const struct demo *d, int n, const char *fingerprint)
{
	return n > 0 && strcmp(d->ca[n].fingerprint, fingerprint) == 0;
}

static void
ca_made(struct demo *d, const char *fingerprint, when_t from, when_t until)
{
	char a[WHEN_TEXT];
	struct demo_ca *ca;

	if (fingerprint[0] == 0 || ca_is(d, d->cas, fingerprint) || d->cas == DEMO_CAS)
		return;
	ca = &d->ca[++d->cas];
	(void)snprintf(ca->fingerprint, sizeof(ca->fingerprint), "%s", fingerprint);
	ca->made_at = d->now;
	ca->from = from;
	ca->until = until;
	if (from <= d->now)
		demo_say(
		    d, "ROOTCA", true, "CA %d is made, until %s", d->cas, demo_date(until, a));
	else
		demo_say(d, "ROOTCA", true, "CA %d is made; it takes over %s", d->cas,
		    demo_date(from, a));
}

static bool
hear_root(struct demo *d, struct err *e)
{
	json_t *all = shown(d, &d->root, "show crypto pki server json", e);
	const json_t *o = json_array_get(json_object_get(all, "servers"), 0);
	const char *now = text_of(o, "fingerprint_sha256");

	if (all == NULL)
		return false;
	ca_made(d, now, when_of(o, "ca_not_before"), when_of(o, "ca_not_after"));
	ca_made(d, text_of(o, "rollover_fingerprint_sha256"),
	    when_of(o, "rollover_ca_not_before"), when_of(o, "rollover_ca_not_after"));
	if (d->active > 0 && ca_is(d, d->active + 1, now))
		demo_say(d, "ROOTCA", true, "CA %d ends, CA %d takes over", d->active,
		    d->active + 1);
	for (int n = 1; n <= d->cas; n++)
		if (ca_is(d, n, now))
			d->active = n;
	json_decref(all);
	return true;
}

/* ---- a spoke ---- */

static int
ca_number(const struct demo *d, const char *fingerprint)
{
	int n = d->cas;

	while (n > 0 && !ca_is(d, n, fingerprint))
		n--;
	return n;
}

static int
issuer_of(const struct demo *d, const struct demo_held *h)
{
	int n = d->cas;

	while (n > 0 && strcmp(d->ca[n].key, h->issuer) != 0)
		n--;
	return n;
}

bool
spoke_is_valid(const struct demo *d, const struct demo_spoke *s)
{
	return s->id.have && s->id.from <= d->now && d->now < s->id.until;
}

/* What it looks like from now on; mark 0: nothing happened that is worth one. */
void
spoke_note(struct demo *d, struct demo_spoke *s, char mark)
{
	bool valid = spoke_is_valid(d, s);
	struct demo_note n = {d->now, LOOK_ABSENT, 0, mark};

	if (s->joined)
		n.look = valid	      ? s->body.pid > 0 ? LOOK_VALID : LOOK_OFF
			 : s->id.have ? LOOK_CUT
				      : LOOK_WAITING;
	n.ca = s->id.have ? issuer_of(d, &s->id) : 0;
	if (s->notes < DEMO_NOTES)
		s->note[s->notes++] = n;
}

static void
read_held(const json_t *o, struct demo_held *h)
{
	h->have = true;
	copy(o, "serial", h->serial, sizeof(h->serial));
	copy(o, "authority_key_id", h->issuer, sizeof(h->issuer));
	copy(o, "subject_key_id", h->key, sizeof(h->key));
	h->from = when_of(o, "not_before");
	h->until = when_of(o, "not_after");
}

static bool
read_certificates(struct demo *d, struct demo_spoke *s, struct err *e)
{
	json_t *all = shown(d, &s->body, "show crypto pki certificates json", e), *o;
	size_t i;

	if (all == NULL)
		return false;
	s->id = s->shadow = (struct demo_held){0};
	s->ca = s->next_ca = 0;
	json_array_foreach(json_object_get(all, "certificates"), i, o)
	{
		const char *kind = text_of(o, "kind");
		int n = ca_number(d, text_of(o, "fingerprint_sha256"));

		if (n > 0)
			copy(o, "subject_key_id", d->ca[n].key, sizeof(d->ca[n].key));
		if (strcmp(kind, "id") == 0)
			read_held(o, &s->id);
		else if (strcmp(kind, "id-rollover") == 0)
			read_held(o, &s->shadow);
		else
			*(strcmp(kind, "ca") == 0 ? &s->ca : &s->next_ca) = n;
	}
	json_decref(all);
	return true;
}

static bool
read_state(struct demo *d, struct demo_spoke *s, struct err *e)
{
	json_t *all = shown(d, &s->body, "show crypto pki trustpoints status json", e), *timers;
	const json_t *o;

	if (all == NULL)
		return false;
	o = json_array_get(json_object_get(all, "trustpoints"), 0);
	copy(o, "state", s->state, sizeof(s->state));
	json_decref(all);
	timers = shown(d, &s->body, "show crypto pki timers json", e);
	if (timers == NULL)
		return false;
	o = json_array_get(json_object_get(timers, "pki_timers"), 0);
	copy(o, "name", s->timer, sizeof(s->timer));
	s->timer_at = when_of(o, "at");
	json_decref(timers);
	return true;
}

static const char *
same_key(const struct demo_held *a, const struct demo_held *b)
{
	return strcmp(a->key, b->key) == 0 ? "same key" : "new key";
}

static void
said_identity(struct demo *d, struct demo_spoke *s, const struct demo_spoke *before)
{
	const char *who = s->role->name;
	bool was_valid = spoke_is_valid(d, before);
	int n = issuer_of(d, &s->id);
	char until[WHEN_TEXT];

	if (!s->id.have || strcmp(s->id.serial, before->id.serial) == 0)
		return;
	(void)demo_date(s->id.until, until);
	if (!before->id.have)
		demo_say(d, who, false, "has a certificate by CA %d, until %.10s", n, until);
	else if (before->shadow.have && strcmp(s->id.serial, before->shadow.serial) == 0)
		demo_say(d, who, false, "follows to CA %d: certificate until %.10s", n, until);
	else if (!was_valid)
		demo_say(d, who, true, "is back: certificate by CA %d, until %.10s", n, until);
	else
		demo_say(d, who, false, "renews, %s: by CA %d, until %.10s",
		    same_key(&s->id, &before->id), n, until);
	if (!was_valid && before->id.have && n == d->active && d->now > d->ca[n].from)
		s->back_at = d->now;
	spoke_note(d, s, 'o');
}

static void
said_shadow(struct demo *d, struct demo_spoke *s, const struct demo_spoke *before)
{
	if (s->shadow.have && !before->shadow.have) {
		demo_say(d, s->role->name, false, "holds CA %d and a certificate by it, %s",
		    s->next_ca, same_key(&s->shadow, &s->id));
		spoke_note(d, s, 's');
	} else if (s->next_ca > 0 && before->next_ca == 0 && !s->shadow.have) {
		demo_say(d, s->role->name, true,
		    "holds CA %d, no certificate by it: no auto-enroll", s->next_ca);
		spoke_note(d, s, 'c');
	}
}

static void
said_state(struct demo *d, struct demo_spoke *s, const struct demo_spoke *before)
{
	static const struct {
		const char *state, *words;
		bool major;
	} told[] = {
	    {"polling", "waits for a grant by hand", true},
	    {"late", "is late: its CA has ended, the next is unknown", true},
	    {"waiting-next-ca", "asks for the next CA before it is made: retries", false},
	    {"renewing", "is due to renew, nobody answers: retries", true},
	};

	if (strcmp(s->state, before->state) == 0)
		return;
	for (size_t i = 0; i < COUNT_OF(told); i++)
		if (strcmp(told[i].state, s->state) == 0)
			demo_say(d, s->role->name, told[i].major, "%s", told[i].words);
}

static bool
hear_spoke(struct demo *d, struct demo_spoke *s, struct err *e)
{
	struct demo_spoke before = *s;

	if (!read_certificates(d, s, e) || !read_state(d, s, e))
		return false;
	if (s->ca > 0 && before.ca == 0 && !s->id.have && strcmp(s->state, "polling") != 0)
		demo_say(d, s->role->name, false, "trusts CA %d, by its fingerprint", s->ca);
	said_identity(d, s, &before);
	said_shadow(d, s, &before);
	said_state(d, s, &before);
	return true;
}

/* A certificate that has ended, and none in its place. */
static void
look_who_is_cut(struct demo *d, struct demo_spoke *s)
{
	bool cut = s->joined && s->id.have && !spoke_is_valid(d, s);

	if (!cut || (s->notes > 0 && s->note[s->notes - 1].look == LOOK_CUT))
		return;
	demo_say(d, s->role->name, true, "is CUT OFF: certificate ended%s",
	    s->body.pid > 0 ? ", none follows" : " while it was off");
	s->back_at = 0;
	spoke_note(d, s, 'x');
}

bool
hear_all(struct demo *d, struct err *e)
{
	if (has_news(&d->root) && !hear_root(d, e))
		return false;
	for (size_t i = 0; i < d->story->roles; i++) {
		struct demo_spoke *s = &d->spoke[i];
		bool passed = s->body.pid > 0 && s->timer_at <= d->now;

		if ((has_news(&s->body) || passed) && !hear_spoke(d, s, e))
			return false;
	}
	for (size_t i = 0; i < d->story->roles; i++)
		look_who_is_cut(d, &d->spoke[i]);
	return true;
}
