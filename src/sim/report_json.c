/* report_json.c - what came of a world, for programs. */
#include <jansson.h>
#include <stdlib.h>

#include "sim/sim_int.h"

static json_t *
instant(int64_t ms)
{
	char at[WHEN_TEXT];

	return ms == 0 ? json_null() : json_string(when_rfc3339(ms / 1000, at));
}

static json_t *
count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
generations(const struct sim *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->ledger.cas; i++) {
		const struct seen_ca *ca = &w->ledger.ca[i];
		json_t *o = json_object();

		json_object_set_new(o, "number", json_integer(ca->number));
		json_object_set_new(o, "made", instant(ca->made_ms));
		json_object_set_new(o, "announced", instant(ca->announced_ms));
		json_object_set_new(o, "cancelled", instant(ca->cancelled_ms));
		json_object_set_new(o, "from", instant(ca->from * 1000));
		json_object_set_new(o, "until", instant(ca->until * 1000));
		json_object_set_new(o, "replaced", instant(ca->switched_ms));
		json_object_set_new(o, "certificates", count(ca->issued));
		json_object_set_new(o, "renewals", count(ca->renewals));
		json_object_set_new(o, "shadows", count(ca->shadows));
		json_object_set_new(o, "ready", count(ca->ready));
		json_object_set_new(o, "left_behind", count(ca->left));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
left_behind(const struct sim *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->left_count; i++) {
		const struct left *l = &w->left[i];
		json_t *o = json_object();

		json_object_set_new(o, "client", json_string(w->client[l->client].name));
		json_object_set_new(o, "kind", json_string(w->client[l->client].fleet->name));
		json_object_set_new(o, "at", instant(l->at));
		json_object_set_new(o, "generation", json_integer(l->generation));
		json_object_set_new(o, "why", json_string(left_words(l->why)));
		json_object_set_new(o, "back", instant(l->back));
		json_array_append_new(list, o);
	}
	return list;
}

void
sim_json(const struct sim *w, struct blob *out)
{
	static const char *const faults[] = {"none", "light", "heavy"};
	json_t *o = json_object(), *days = json_array();
	char *text;

	for (size_t i = 0; i < w->days; i++)
		json_array_append_new(days, count(w->per_day[i]));
	json_object_set_new(o, "server", json_string(w->setup.ca.name));
	json_object_set_new(o, "seed", count(w->setup.seed));
	json_object_set_new(o, "faults", json_string(faults[w->setup.faults]));
	json_object_set_new(o, "clients", count(w->clients));
	json_object_set_new(o, "from", instant(w->start));
	json_object_set_new(o, "until", instant(w->now));
	json_object_set_new(o, "events", count(w->numbers.events));
	json_object_set_new(o, "requests", count(w->numbers.requests));
	json_object_set_new(o, "asked_too_early", count(w->numbers.early));
	json_object_set_new(o, "generations", generations(w));
	json_object_set_new(o, "left_behind", left_behind(w));
	json_object_set_new(o, "requests_a_day", days);
	if (w->broken.n > 0)
		json_object_set_new(o, "violation", json_string(sim_violation(w)));
	text = json_dumps(o, JSON_INDENT(2));
	blob_add_str(out, text);
	blob_add_str(out, "\n");
	free(text);
	json_decref(o);
}
