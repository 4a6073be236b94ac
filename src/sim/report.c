/* report.c - what came of a world, for people. */
#include "sim/sim_int.h"

#define LISTED 40 /* of those left behind, in the text */

static void
line(struct blob *out, int64_t ms, const char *what, int64_t number)
{
	char at[WHEN_TEXT];

	blob_printf(out, "%s  CA certificate %ld %s\n", when_rfc3339(ms / 1000, at),
	    (long)number, what);
}

/* What happened to CA certificates, in the order of time. */
static void
timeline(const struct sim *w, struct blob *out)
{
	const struct ledger *l = &w->ledger;

	for (size_t i = 0; i < l->cas; i++) {
		const struct seen_ca *ca = &l->ca[i], *before = ledger_before(l, ca);

		line(out, ca->made_ms, i == 0 ? "made" : "made, as the next one", ca->number);
		if (ca->announced_ms != 0)
			line(out, ca->announced_ms, "announced", ca->number);
		if (ca->cancelled_ms != 0)
			line(out, ca->cancelled_ms, "cancelled", ca->number);
		else if (before != NULL && before->switched_ms != 0)
			line(out, before->switched_ms, "takes over", ca->number);
	}
}

static void
generations(const struct sim *w, struct blob *out)
{
	const struct ledger *l = &w->ledger;
	char from[WHEN_TEXT], until[WHEN_TEXT];

	blob_add_str(out, "\n CA  from        until       certificates  renewals  shadows  "
			  "ready  left behind\n");
	for (size_t i = 0; i < l->cas; i++) {
		const struct seen_ca *ca = &l->ca[i];

		when_rfc3339(ca->from, from);
		when_rfc3339(ca->until, until);
		blob_printf(out, "%3ld  %.10s  %.10s  %12zu  %8zu  %7zu  %5zu  %11zu\n",
		    (long)ca->number, from, until, ca->issued, ca->renewals, ca->shadows,
		    ca->ready, ca->left);
	}
}

/* Requests by the month in which their day begins, a line for each year. */
static void
months(const struct sim *w, struct blob *out)
{
	static const char head[] = "year     Jan     Feb     Mar     Apr     May     Jun"
				   "     Jul     Aug     Sep     Oct     Nov     Dec\n";
	struct date last = date_of(w->start / 1000);
	uint64_t sum = 0;

	blob_printf(out, "%s%4d%*s", head, last.year, 8 * (last.month - 1), "");
	for (size_t i = 0; i < w->days; i++) {
		struct date d = date_of(w->start / 1000 + (when_t)i * DAY);

		if (d.month != last.month) {
			blob_printf(out, "%8lu", (unsigned long)sum);
			sum = 0;
		}
		if (d.year != last.year)
			blob_printf(out, "\n%4d", d.year);
		sum += w->per_day[i];
		last = d;
	}
	blob_printf(out, "%8lu\n\n", (unsigned long)sum);
}

static void
requests(const struct sim *w, struct blob *out)
{
	char at[WHEN_TEXT];
	size_t most = 0;

	for (size_t i = 0; i < w->days; i++)
		if (w->per_day[i] > w->per_day[most])
			most = i;
	when_rfc3339((w->start + (int64_t)most * DAY_MS) / 1000, at);
	blob_printf(out, "\nrequests at the CA: %lu, at most %u a day (%.10s)\n",
	    (unsigned long)w->numbers.requests, w->per_day[most], at);
	months(w, out);
}

static void
left_behind(const struct sim *w, struct blob *out)
{
	char at[WHEN_TEXT], back[WHEN_TEXT];

	if (w->left_count == 0) {
		blob_add_str(out, "left behind: nobody\n");
		return;
	}
	blob_printf(out, "left behind: %zu\n", w->left_count);
	for (size_t i = 0; i < w->left_count && i < LISTED; i++) {
		const struct left *l = &w->left[i];

		when_rfc3339(l->at / 1000, at);
		blob_printf(
		    out, "  %.10s  %-8s %s", at, w->client[l->client].name, left_words(l->why));
		if (l->back != 0)
			blob_printf(
			    out, " (back on %.10s)", when_rfc3339(l->back / 1000, back));
		blob_add_str(out, "\n");
	}
	if (w->left_count > LISTED)
		blob_printf(out, "  and %zu more\n", w->left_count - LISTED);
}

void
sim_text(const struct sim *w, struct blob *out)
{
	static const char *const faults[] = {"none", "light", "heavy"};
	char from[WHEN_TEXT], until[WHEN_TEXT];

	when_rfc3339(w->start / 1000, from);
	when_rfc3339(w->now / 1000, until);
	blob_printf(out, "%s: %zu clients from %.10s to %.10s, faults %s, seed %lu\n\n",
	    w->setup.ca.name, w->clients, from, until, faults[w->setup.faults],
	    (unsigned long)w->setup.seed);
	timeline(w, out);
	generations(w, out);
	requests(w, out);
	if (w->numbers.early > 0)
		blob_printf(out, "asked for the next CA before it was there: %lu times\n",
		    (unsigned long)w->numbers.early);
	left_behind(w, out);
	if (w->broken.n > 0)
		blob_printf(out, "\n%s", sim_violation(w));
}
