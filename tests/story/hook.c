/* hook.c - profiles, and a hook that decides on challenges. */
#include <string.h>

#include "tests/story/story.h"

/* "hook allow [subject=...] [san=DNS:a,DNS:b]", "hook deny", "hook again", "hook silent"; "hook
 * speaks": the open question is answered as was said before. */
bool
do_hook(struct story *s, struct err *e)
{
	struct world *w = &s->w;
	const char *subject = option(s, "subject"), *san = option(s, "san");
	bool speaks = strcmp(s->word[1], "speaks") == 0;

	if (strcmp(s->word[1], "silent") == 0) {
		w->hook_silent = true;
		return true;
	}
	if (speaks) {
		w->hook_silent = false;
		s->disturbed = true;
		return world_answer(w, e);
	}
	w->hook_silent = false;
	w->hook = (struct ca_answer){.known = strcmp(s->word[1], "again") != 0,
	    .allowed = strcmp(s->word[1], "allow") == 0,
	    .has_subject = subject != NULL,
	    .has_san = san != NULL,
	    .reason = VIEW("no such device")};
	blob_clear(&w->hook_subject);
	blob_clear(&w->hook_san);
	if (subject != NULL)
		blob_add_str(&w->hook_subject, subject);
	while (san != NULL && *san != 0) {
		size_t n = strcspn(san, ",");

		blob_add_sized(&w->hook_san, view_of((const uint8_t *)san, n));
		san += n + (san[n] != 0);
	}
	return true;
}

/* "profile NAME [chain] [asks]", before "at". */
bool
do_profile(struct story *s, struct err *e)
{
	struct ca_policy *p = &s->w.policy;
	struct ca_profile *new = &p->profile[p->profile_count];

	if (p->profile_count == CA_PROFILES)
		return err_set(e, WHY_BAD_INPUT, "over %d profiles", CA_PROFILES);
	p->profile_count++;
	(void)snprintf(new->name, sizeof(new->name), "%.63s", s->word[1]);
	new->chain = flag(s, "chain");
	new->asks = flag(s, "asks");
	return true;
}

/* "steady": the runner restarts no more. */
bool
do_steady(struct story *s, struct err *e)
{
	(void)e;
	s->steady = true;
	return true;
}
