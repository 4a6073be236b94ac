/* main.c - compares both readers over mutated messages, explains differences. */
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential/rows.h"

/* ---- facts ---- */

void
facts_clear(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		blob_free(&f->of[i].value);
	f->n = 0;
	f->taken = false;
	f->why[0] = '\0';
}

void
fact(struct facts *f, const char *name, struct view value)
{
	struct fact *one = &f->of[f->n++];

	one->name = name;
	one->value = (struct blob){0};
	blob_set(&one->value, value);
}

void
fact_number(struct facts *f, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	fact(f, name, view_str(text));
}

struct view
fact_of(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->of[i].name, name) == 0)
			return blob_view(&f->of[i].value);
	return view_of(NULL, 0);
}

bool
fact_differs(const struct fact *one, const struct facts *other)
{
	for (size_t i = 0; i < other->n; i++)
		if (strcmp(one->name, other->of[i].name) == 0)
			return !view_equal(
			    blob_view(&one->value), blob_view(&other->of[i].value));
	return false;
}

/* ---- the comparison ---- */

static const struct {
	const char *name;
	void (*ours)(struct view in, struct facts *out);
	void (*stock)(struct view in, struct facts *out);
	const char *next; /* the fact that the next layer reads */
} layers[LAYERS + 1] = {
    [LAYER_MESSAGE] = {"message", ours_message, stock_message, "content"},
    [LAYER_ENVELOPE] = {"envelope", ours_envelope, stock_envelope, "plain"},
    [LAYER_REQUEST] = {"request", ours_request, stock_request, NULL},
    [LAYERS] = {"number", ours_number, stock_number, NULL},
};

static struct {
	size_t both, none, only[2], unexplained;
} tally[LAYERS + 1];

/* Counted by its row; the first of each layer that has none is printed. */
static bool
explained(const struct difference *d)
{
	struct blob hex = {0};

	if (row_explains(d))
		return true;
	if (tally[d->layer].unexplained++ == 0) {
		hex_add(&hex, d->in, false);
		printf("# %s: %s; ours: %s; stock: %s\n#   %s\n", layers[d->layer].name,
		    d->side == BOTH ? d->text : "one takes it",
		    d->ours->taken ? "taken" : d->ours->why,
		    d->stock->taken ? "taken" : d->stock->why, blob_cstr(&hex));
		blob_free(&hex);
	}
	return false;
}

static bool
facts_agree(struct difference *d)
{
	bool ok = true;

	for (size_t i = 0; i < d->ours->n; i++) {
		const struct fact *one = &d->ours->of[i];

		if (fact_differs(one, d->stock)) {
			d->text = one->name;
			ok = explained(d) && ok;
		}
	}
	return ok;
}

static bool compare(size_t layer, struct view in, const struct good *g);

/* The layer below, LAYERS + 1: nobody reads it. */
static size_t
layer_below(size_t layer, const struct form *f)
{
	if (layer == LAYER_MESSAGE)
		return LAYER_ENVELOPE;
	if (layer == LAYER_ENVELOPE && (f->type == 17 || f->type == 19))
		return LAYER_REQUEST;
	return layer == LAYER_ENVELOPE && f->type > 20 ? LAYERS : LAYERS + 1;
}

/* What both found inside, unless it is the good one, which was compared already. */
static bool
compare_inside(size_t layer, const struct facts *ours, const struct good *g)
{
	size_t below = layer_below(layer, g->form);
	struct view inside;

	if (below > LAYERS)
		return true;
	inside = fact_of(ours, layers[layer].next);
	return view_equal(inside, blob_view(&g->octets[layer + 1])) ||
	       compare(below, inside, g);
}

static bool
compare(size_t layer, struct view in, const struct good *g)
{
	struct facts ours = {0}, stock = {0};
	struct difference d = {
	    .layer = layer, .side = BOTH, .in = in, .ours = &ours, .stock = &stock};
	bool ok = true;

	layers[layer].ours(in, &ours);
	layers[layer].stock(in, &stock);
	if (ours.taken && stock.taken) {
		tally[layer].both++;
		ok = facts_agree(&d) && compare_inside(layer, &ours, g);
	} else if (!ours.taken && !stock.taken) {
		tally[layer].none++;
	} else {
		d.side = ours.taken ? ONLY_OURS : ONLY_STOCK;
		d.text = ours.taken ? stock.why : ours.why;
		tally[layer].only[d.side]++;
		ok = explained(&d);
	}
	facts_clear(&ours);
	facts_clear(&stock);
	return ok;
}

/* ---- the run ---- */

static int
tell(bool ok, int number, const char *what)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", number, what);
	(void)fflush(stdout);
	return ok ? 0 : 1;
}

static bool
play_good(void)
{
	bool all = true;

	for (size_t i = 0; i < forms_count(); i++) {
		/* Nothing inside is known: all of it is compared. */
		const struct good *known = forms_good(i), g = {.form = known->form};
		bool ok;

		memset(tally, 0, sizeof(tally));
		ok = compare(LAYER_MESSAGE, blob_view(&known->octets[LAYER_MESSAGE]), &g);
		for (size_t at = 0; at <= LAYERS; at = layer_below(at, g.form))
			ok = ok && tally[at].both == 1;
		if (!ok)
			printf("# %s\n", g.form->what);
		all = all && ok;
	}
	memset(tally, 0, sizeof(tally));
	return all;
}

static bool
play_wounded(struct dice *d, size_t times)
{
	struct blob message = {0};
	bool ok = true;

	for (size_t i = 0; i < times; i++) {
		const struct good *g = forms_good(i % forms_count());
		enum layer layer = (enum layer)dice_below(
		    d, layer_below(LAYER_ENVELOPE, g->form) > LAYERS ? LAYER_REQUEST : LAYERS);

		blob_clear(&message);
		forms_wounded(d, g, forms_good(dice_below(d, forms_count())), layer, &message);
		ok = compare(LAYER_MESSAGE, blob_view(&message), g) && ok;
	}
	blob_free(&message);
	return ok;
}

int
main(void)
{
	const char *text = getenv("KEYMUSTER_SEED");
	struct dice d = {text != NULL ? strtoull(text, NULL, 10) : 20261125};
	size_t times = getenv("KEYMUSTER_SOAK") != NULL	   ? 200000
		       : getenv("KEYMUSTER_QUICK") != NULL ? 2000
							   : 10000;
	OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(NULL, "legacy"),
		      *usual = OSSL_PROVIDER_load(NULL, "default");
	int bad = 0;

	printf("TAP version 13\n1..3\n# seed %ju\n", (uintmax_t)d.state);
	forms_open();
	bad += tell(play_good(), 1, "good messages of every form are read alike");
	bad += tell(play_wounded(&d, times), 2, "mutated messages: no unexplained difference");
	/* Else the wounds are too deep to tell anything. */
	bad += tell(tally[LAYER_MESSAGE].both > times / 2 &&
			tally[LAYER_ENVELOPE].both > times / 5 &&
			tally[LAYER_REQUEST].both > times / 200,
	    3, "enough of them are still taken by both");
	for (size_t i = 0; i <= LAYERS; i++)
		printf("# %s: both %zu, none %zu, only ours %zu, only stock %zu, unexplained "
		       "%zu\n",
		    layers[i].name, tally[i].both, tally[i].none, tally[i].only[ONLY_OURS],
		    tally[i].only[ONLY_STOCK], tally[i].unexplained);
	rows_print();
	forms_close();
	OSSL_PROVIDER_unload(legacy);
	OSSL_PROVIDER_unload(usual);
	return bad == 0 ? 0 : 1;
}
