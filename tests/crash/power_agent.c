/* power_agent.c - power cuts in a trustpoint's life. */
#include <stdlib.h>

#include "tests/crash/power.h"
#include "tests/unit/agent_lab.h"

/*
 * A trustpoint's files are written by the agent itself; tp is played. One life is recorded:
 * enrolment, two renewals, next CA, shadow, switch, one more renewal. Behind any operation the
 * power may fail. What other daemons find before ours is back must be whole, and nothing that
 * was there may be gone; then the agent starts, and its files are those of its shelf.
 * KEYMUSTER_POWER_SEED repeats a run.
 */
#define STATES 3000
#define PLANTED_STATES 600
#define LIFE (10 * DAY)
#define END (T0 + 20 * DAY)
#define SHELVES 32
#define TEXT 800

static const char *const leaves[] = {
    "cert.pem", "chain.pem", "fullchain.pem", "ca.pem", "info.json", "key.pem"};

static struct {
	struct past past;
	when_t now;
	struct blob shelf[SHELVES]; /* as each put left it */
	size_t shelf_at[SHELVES], shelves;
	struct blob leaf[GENERATIONS + 4][COUNT_OF(leaves)]; /* of each generation, by number */
} life;

/* ---- the life ---- */

static void
put(const struct tp_change *list, size_t n)
{
	assert_true(lab->m.shelf->table->put(lab->m.shelf, list, n, NULL));
	assert_true(life.shelves < SHELVES);
	lab_file("shelf", &life.shelf[life.shelves]);
	life.shelf_at[life.shelves++] = life.past.ops;
	identity_look(&lab->m);
}

static void
put_cert(enum tp_leaf leaf, when_t from, when_t until)
{
	bool ca = leaf == TP_CA || leaf == TP_NEXT_CA;
	struct blob der = {0};

	lab_cert(ca ? "CN=ROOT" : "CN=r1", "CN=ROOT", from, until, ca, &der);
	put(&(struct tp_change){leaf, blob_view(&der)}, 1);
	blob_free(&der);
}

static bool
dates_of(enum tp_leaf leaf, when_t *from, when_t *until)
{
	struct blob der = {0};
	struct cert c;
	bool have =
	    leaf_read(&lab->m, leaf, &der, NULL) && cert_decode(blob_view(&der), &c, NULL);

	*from = have ? c.not_before : 0;
	*until = have ? c.not_after : 0;
	blob_free(&der);
	return have;
}

/* As tp has them from its shelf. */
static void
facts_read(void)
{
	struct plan_tp_facts *f = &lab->facts;
	when_t none;

	*f = (struct plan_tp_facts){.clock_trusted = true};
	f->authenticated = dates_of(TP_CA, &f->ca_from, &f->ca_until);
	f->issuer_until = f->ca_until;
	f->have_id = dates_of(TP_ID, &f->id_from, &f->id_until);
	f->have_next_ca = dates_of(TP_NEXT_CA, &f->next_ca_from, &none);
	f->have_shadow = dates_of(TP_SHADOW, &f->shadow_from, &none);
}

/* What links name by now is known to the world, and the files in it. */
static void
learn(void)
{
	static const char *const links[] = {"active", "shadow"};

	for (size_t i = 0; i < COUNT_OF(links); i++) {
		unsigned n = 0;
		char path[128];

		(void)sscanf(lab_link(links[i]), "gen-%u", &n);
		past_event(
		    &life.past, i == 0 ? EV_ACTIVE : EV_NEXT, life.now, n, (struct view){0});
		assert_true(n < COUNT_OF(life.leaf));
		for (size_t k = 0; n > 0 && k < COUNT_OF(leaves); k++) {
			(void)snprintf(path, sizeof(path), "gen-%04u/%s", n, leaves[k]);
			lab_file(path, &life.leaf[n][k]);
		}
	}
}

static void
at(when_t now)
{
	life.now = now;
	facts_read();
	lab_at(now);
	learn();
}

/* tp's own: four leaves in one step. */
static void
switched(void)
{
	struct blob ca = {0}, id = {0};

	assert_true(leaf_read(&lab->m, TP_NEXT_CA, &ca, NULL) &&
		    leaf_read(&lab->m, TP_SHADOW, &id, NULL));
	put((struct tp_change[]){{TP_CA, blob_view(&ca)}, {TP_ID, blob_view(&id)},
		{TP_NEXT_CA, {0}}, {TP_SHADOW, {0}}},
	    4);
	blob_free(&ca);
	blob_free(&id);
}

static void
lived(enum plant plant)
{
	static const char *const made[] = {"trustpoints", "trustpoints/R1"};

	life.now = life.past.from = T0;
	life.past.base.n = COUNT_OF(made);
	life.past.base.entry = mem_get(COUNT_OF(made) * sizeof(struct entry));
	for (size_t i = 0; i < COUNT_OF(made); i++)
		life.past.base.entry[i] =
		    (struct entry){.name = mem_str(made[i]), .is_dir = true};
	record_start(lab->state, &life.past, plant, &life.now);
	put_cert(TP_CA, T0, END); /* seen with the identity: the agent has to keep the order */
	put_cert(TP_ID, T0, T0 + LIFE);
	at(T0);
	put_cert(TP_ID, T0 + 8 * DAY, T0 + 18 * DAY);
	at(T0 + 8 * DAY);
	put_cert(TP_ID, T0 + 16 * DAY, END);
	at(T0 + 16 * DAY);
	put_cert(TP_NEXT_CA, END, END + 20 * DAY);
	put_cert(TP_SHADOW, END, END + LIFE);
	at(T0 + 17 * DAY);
	at(END - 1);
	at(END);
	switched();
	at(END);
	put_cert(TP_ID, END + 8 * DAY, END + 18 * DAY);
	at(END + 8 * DAY);
	record_stop();
	assert_string_equal(lab_link("active"), "gen-0005");
}

/* ---- a disk ---- */

/* The newest number of its kind up to an instant. */
static int64_t
learnt(enum event_kind kind, size_t instant)
{
	const struct event *ev = past_newest(&life.past, kind, instant);

	return ev == NULL ? 0 : ev->number;
}

static unsigned
link_number(const char *leaf)
{
	unsigned n = 0;

	(void)sscanf(lab_link(leaf), "gen-%u", &n);
	return n;
}

/* What a link names is whole: the files, octet for octet as they were made. */
static bool
is_as_made(unsigned n, struct err *e)
{
	struct blob there = {0};
	char leaf[128];
	bool ok = n < COUNT_OF(life.leaf) || err_set(e, WHY_BUG, "generation %u", n);

	for (size_t k = 0; ok && k < COUNT_OF(leaves); k++) {
		(void)snprintf(leaf, sizeof(leaf), "gen-%04u/%s", n, leaves[k]);
		blob_clear(&there);
		ok = file_read(lab_path(leaf), 1024 * 1024, &there, e) &&
		     (view_equal(blob_view(&there), blob_view(&life.leaf[n][k])) ||
			 err_set(e, WHY_BUG, "%s is another", leaf));
	}
	blob_free(&there);
	return ok;
}

static bool
bundle_trusts(unsigned n, struct err *e)
{
	const struct blob *ca = &life.leaf[n][3];
	struct blob bundle = {0};
	bool ok = file_read(lab_path("ca-bundle.pem"), 1024 * 1024, &bundle, e) &&
		  (memmem(bundle.p, bundle.n, ca->p, ca->n) != NULL ||
		      err_set(e, WHY_BUG, "ca-bundle.pem has not the CA of gen-%04u", n));

	blob_free(&bundle);
	return ok;
}

/* A put that came back stays: the shelf is as it left it, or a later one. */
static bool
shelf_stays(size_t instant, struct err *e)
{
	struct blob there = {0};
	size_t least = 0, is = 0;

	while (least < life.shelves && life.shelf_at[least] <= instant)
		least++;
	if (!file_read(lab_path("shelf"), 1024 * 1024, &there, e))
		return least == 0;
	for (size_t i = 0; i < life.shelves; i++)
		if (view_equal(blob_view(&there), blob_view(&life.shelf[i])))
			is = i + 1;
	blob_free(&there);
	return (is > 0 && is >= least) ||
	       err_set(e, WHY_BUG, "the shelf is the one of put %zu, not %zu", is, least);
}

/* As other daemons find it before ours is back. */
static bool
found(size_t instant, struct err *e)
{
	unsigned active = link_number("active"), shadow = link_number("shadow");
	int64_t was = learnt(EV_ACTIVE, instant), waits = learnt(EV_NEXT, instant);

	if (active < was)
		return err_set(e, WHY_BUG, "active is %u, was %lld", active, (long long)was);
	if (shadow < waits && active < waits)
		return err_set(e, WHY_BUG, "shadow %lld is gone", (long long)waits);
	return (active == 0 || (is_as_made(active, e) && bundle_trusts(active, e))) &&
	       (shadow == 0 || (is_as_made(shadow, e) && bundle_trusts(shadow, e))) &&
	       shelf_stays(instant, e);
}

/* The active files are those of the leaf that counts now. */
static bool
follows_shelf(enum tp_leaf leaf, struct err *e)
{
	struct blob der = {0}, pem = {0}, there = {0};
	bool ok = leaf_read(&lab->m, leaf, &der, e);

	if (ok && der.n > 0) {
		pem_add(&pem, blob_view(&der));
		ok = file_read(lab_path("active/cert.pem"), 1024 * 1024, &there, e) &&
		     (view_equal(blob_view(&there), blob_view(&pem)) ||
			 err_set(e, WHY_BUG, "active is not the certificate of the shelf")) &&
		     file_exists(lab_path("active/key.pem")) &&
		     file_exists(lab_path("active/info.json"));
	}
	blob_free(&der);
	blob_free(&pem);
	blob_free(&there);
	return ok;
}

/* The agent starts, and looks at what there is. */
static bool
goes_on(when_t now, struct err *e)
{
	bool ok;

	pending_free_all(&lab->a, NULL);
	free(lab->m.trouble);
	lab->m = (struct member){.agent = &lab->a,
	    .kin = &lab->kin,
	    .name = lab->trustpoint[0].name,
	    .shelf = lab->m.shelf,
	    .tp = (struct tp *)lab,
	    .alert_at = WHEN_NEVER,
	    .id_alerted_at = INT64_MIN,
	    .ca_alerted_at = INT64_MIN};
	lab->a.looking_count = 0;
	facts_read();
	if (!identity_open(&lab->m, e))
		return false;
	lab_at(now);
	ok = lab->m.trouble == NULL || err_set(e, WHY_BUG, "trouble: %s", lab->m.trouble);
	return ok && follows_shelf(lab->facts.have_shadow && now >= END ? TP_SHADOW : TP_ID, e);
}

static bool
disk_holds(const struct image *image, size_t instant, when_t off, struct err *e)
{
	when_t now = instant > 0 ? life.past.op[instant - 1].now : T0;

	dir_empty(lab->state);
	return image_write(image, lab->state, e) && found(instant, e) &&
	       goes_on(when_add(now, off), e);
}

/* ---- many ---- */

static bool
is_new(uint64_t *seen, size_t room, uint64_t key)
{
	size_t i = key % room;

	for (key += key == 0; seen[i] != 0; i = (i + 1) % room)
		if (seen[i] == key)
			return false;
	seen[i] = key;
	return true;
}

/* So many different disks; how many of them break something. */
static size_t
search(size_t states, uint64_t *seed, char first[TEXT])
{
	static const when_t offs[] = {0, 1, MINUTE, HOUR, 4 * DAY};
	size_t room = 4 * states, done = 0, bad = 0, rounds = 0;
	uint64_t *seen = mem_get(room * sizeof(*seen));

	for (; done < states && rounds < 400; rounds++) {
		struct disk *d = disk_new(&life.past);

		for (size_t k = 0; k <= life.past.ops && done < states; k++) {
			struct image image = {0};
			const char *words;
			struct err e = {0};
			uint64_t key;

			disk_draw(d, seed, &image, &key, &words);
			if (is_new(seen, room, key ^ k * UINT64_C(0x9e3779b97f4a7c15))) {
				done++;
				if (!disk_holds(&image, k,
					offs[chance_below(seed, COUNT_OF(offs))], &e) &&
				    bad++ == 0)
					(void)snprintf(first, TEXT,
					    "behind operation %zu of %zu, %s: %s", k,
					    life.past.ops, words, e.text);
			}
			image_free(&image);
			if (k < life.past.ops)
				disk_advance(d);
		}
		disk_free(d);
	}
	free(seen);
	assert_int_equal(done, states);
	return bad;
}

static void
power_cuts(enum plant plant, size_t states, size_t *bad, char first[TEXT])
{
	const char *given = getenv("KEYMUSTER_POWER_SEED");
	uint64_t seed = given == NULL ? 20260101 : strtoull(given, NULL, 10);
	const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";

	log_open("power_agent", LOG_NOTHING);
	print_message("# seed %llu\n", (unsigned long long)seed);
	lab_open("", "");
	lab->m.shelf->table->close(lab->m.shelf);
	(void)snprintf(lab->state, sizeof(lab->state), "%s/power-agent-XXXXXX", root);
	assert_non_null(mkdtemp(lab->state));
	assert_true(dir_make(lab_path(NULL), 0755, NULL));
	keys_local_export(
	    lab->a.o.keys, agent_path(lab->state, NULL, NULL, (char[512]){0}), -1);
	lab->m.shelf = shelf_file(lab->state, "R1");
	lived(plant);
	*bad = search(states, &seed, first);
	dir_empty(lab->state);
	(void)rmdir(lab->state);
	for (size_t i = 0; i < life.shelves; i++)
		blob_free(&life.shelf[i]);
	for (size_t n = 0; n < COUNT_OF(life.leaf); n++)
		for (size_t k = 0; k < COUNT_OF(leaves); k++)
			blob_free(&life.leaf[n][k]);
	past_free(&life.past);
	memset(&life, 0, sizeof(life));
	lab_close();
}

static void
each_disk_is_followed(void **state)
{
	char first[TEXT] = "";
	size_t bad;

	(void)state;
	power_cuts(PLANT_NONE, STATES, &bad, first);
	if (bad > 0)
		fail_msg("%zu of %d disks, the first %s", bad, STATES, first);
}

/* What is not synchronised is found missing. */
static void
planted_are_found(void **state)
{
	static const enum plant plants[] = {PLANT_FILE_NOT_SYNCED, PLANT_DIR_NOT_SYNCED};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(plants); i++) {
		char first[TEXT] = "";
		size_t bad;

		power_cuts(plants[i], PLANTED_STATES, &bad, first);
		print_message("# planted %zu: %zu of %d disks, the first %s\n", i, bad,
		    PLANTED_STATES, first);
		assert_true(bad > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_disk_is_followed),
	    cmocka_unit_test(planted_are_found),
	};

	return cmocka_run_group_tests_name("power_agent", tests, NULL, NULL);
}
