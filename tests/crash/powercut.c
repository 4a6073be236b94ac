/* powercut.c - power fails anywhere: tens of thousands of disks. */
#include <malloc.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/power.h"
#include "tests/lib/pool.h"

/*
 *     powercut [SEED]             no state may break an invariant
 *     powercut planted [SEED]     each planted defect must break one
 *
 * KEYMUSTER_STATES=N asks for another number of states, KEYMUSTER_SOAK for twice as many.
 * One life is recorded (power_life.c). The power fails between any two operations on the disk;
 * of what was not synchronised the disk keeps what chance says (power_disk.c). On each such
 * disk the authority starts again, and every invariant is asked (power_check.c). While some of
 * them start, it fails again.
 */
#define STATES 20000
#define PLANTED_STATES 800
#define WORKERS_MAX 8
#define AGAIN_EVERY 16 /* in so many trials the start is recorded, */
#define AGAIN 4	       /* and power fails so often in it */

struct tally { /* a worker's */
	uint64_t states, again, bad, broken[64];
	char first[1200];
};

struct search {
	const struct past *past;
	char dir[300];
	uint64_t seed;
	uint64_t *seen; /* keys of the states so far; 0: free */
	uint64_t room;
	uint64_t one_in; /* so many instants one is taken */
	struct tally tally;
};

static bool
is_new(struct search *s, uint64_t key)
{
	uint64_t at = key % s->room;

	for (key += key == 0; s->seen[at] != 0; at = (at + 1) % s->room)
		if (s->seen[at] == key)
			return false;
	s->seen[at] = key;
	return true;
}

static const char *
op_words(const struct op *op, char out[200])
{
	static const char *const words[] = {"create", "mkdir", "rename", "unlink", "write",
	    "truncate", "sync", "sync directory", "symlink"};

	(void)snprintf(out, 200, "%s %s of file %zu at %zu", words[op->kind],
	    op->name == NULL ? "" : op->name, op->file, op->at);
	return out;
}

static void
broken(struct search *s, const struct trial *t, const char *words, const struct err *e)
{
	char op[200] = "nothing";
	size_t first = check_count();

	s->tally.bad++;
	for (size_t i = check_count(); i-- > 0;)
		if ((t->broken >> i & 1) != 0) {
			s->tally.broken[i]++;
			first = i;
		}
	if (s->tally.first[0] == 0)
		(void)snprintf(s->tally.first, sizeof(s->tally.first),
		    "%s: %s [seed %llu, behind operation %zu of %zu: %s; %s]",
		    check_name(first), e->text, (unsigned long long)s->seed, t->instant,
		    t->past->ops,
		    t->instant > 0 ? op_words(&t->past->op[t->instant - 1], op) : op, words);
}

static when_t
off_for(uint64_t *seed)
{
	static const when_t spans[8] = {
	    MINUTE, MINUTE, MINUTE, MINUTE, HOUR, HOUR, DAY, 40 * DAY};

	return spans[chance_below(seed, COUNT_OF(spans))];
}

/* One disk; what the start does to it goes to again, if anywhere. */
static bool
try_disk(struct search *s, const struct past *p, size_t instant, const struct image *image,
    const char *words, struct past *again, uint64_t seed)
{
	struct trial t = {.past = p, .instant = instant, .seed = chance(&seed)};
	struct err e = {0};
	bool ok;

	(void)snprintf(t.box.dir, sizeof(t.box.dir), "%.250s", s->dir);
	dir_empty(s->dir);
	if (!image_write(image, s->dir, &e)) {
		(void)snprintf(s->tally.first, sizeof(s->tally.first), "%s", e.text);
		exit(1);
	}
	t.box.past = again;
	t.box.left_open = true;
	if (again != NULL)
		record_start(s->dir, again, PLANT_NONE, &t.box.now);
	ok = trial_run(&t, off_for(&seed), &e);
	if (again != NULL)
		record_stop();
	s->tally.states++;
	if (!ok)
		broken(s, &t, words, &e);
	return ok;
}

/* A disk as it was left, and what was known then. */
static void
past_begin(struct past *again, const struct past *p, size_t instant, struct image image)
{
	again->base = image;
	again->from = instant > 0 ? p->op[instant - 1].now : p->from;
	for (size_t i = 0; i < p->events && p->event[i].at <= instant; i++)
		past_event(again, p->event[i].kind, p->event[i].now, p->event[i].number,
		    blob_view(&p->event[i].bytes));
}

/* Power fails again at some instants of the start. */
static void
cut_again(struct search *s, const struct past *again, uint64_t *seed)
{
	struct disk *d = disk_new(again);
	size_t at[AGAIN];

	for (size_t i = 0; i < AGAIN; i++)
		at[i] = chance_below(seed, again->ops + 1);
	for (size_t k = 0; k <= again->ops; k++) {
		for (size_t i = 0; i < AGAIN; i++) {
			struct image image = {0};
			const char *words;
			uint64_t key;

			if (at[i] != k)
				continue;
			disk_draw(d, seed, &image, &key, &words);
			s->tally.again++;
			(void)try_disk(s, again, k, &image, words, NULL, chance(seed));
			image_free(&image);
		}
		if (k < again->ops)
			disk_advance(d);
	}
	disk_free(d);
}

static void
cut_here(struct search *s, struct disk *d, size_t instant, size_t known, uint64_t *seed)
{
	struct past again = {0};
	struct image image = {0};
	const char *words;
	uint64_t key;
	bool twice;

	disk_draw(d, seed, &image, &key, &words);
	twice = chance_below(seed, AGAIN_EVERY) == 0;
	if (!is_new(s, key ^ known * UINT64_C(0x9e3779b97f4a7c15))) {
		image_free(&image);
		return;
	}
	if (twice) {
		past_begin(&again, s->past, instant, image);
		if (try_disk(s, s->past, instant, &again.base, words, &again, chance(seed)))
			cut_again(s, &again, seed);
		past_free(&again);
	} else {
		(void)try_disk(s, s->past, instant, &image, words, NULL, chance(seed));
		image_free(&image);
	}
}

/* Whole spans between two syncs belong to one worker: what is the same disk is so to one. */
static void
search_run(struct search *s, size_t worker, size_t workers, uint64_t states)
{
	const struct past *p = s->past;
	uint64_t seed = s->seed + worker, before = 1;

	s->room = states * 4 + 64;
	s->seen = mem_get(s->room * sizeof(*s->seen));
	while (s->tally.states < states && s->tally.states != before) {
		struct disk *d = disk_new(p);
		size_t known = 0;

		before = s->tally.states;
		for (size_t k = 0; k <= p->ops && s->tally.states < states; k++) {
			while (known < p->events && p->event[known].at <= k)
				known++;
			if (disk_epoch(d) % workers == worker &&
			    chance_below(&seed, s->one_in) == 0)
				cut_here(s, d, k, known, &seed);
			if (k < p->ops)
				disk_advance(d);
		}
		disk_free(d);
	}
	free(s->seen);
}

/* ---- workers ---- */

static void
in_child(struct search *s, size_t worker, size_t workers, uint64_t states, int fd)
{
	size_t n = strlen(s->dir);

	(void)snprintf(s->dir + n, sizeof(s->dir) - n, "/%zu", worker);
	if (mkdir(s->dir, 0700) != 0)
		_exit(1);
	search_run(s, worker, workers, states);
	dir_empty(s->dir);
	(void)rmdir(s->dir);
	_exit(write(fd, &s->tally, sizeof(s->tally)) == sizeof(s->tally) ? 0 : 1);
}

static void
tally_add(struct tally *sum, const struct tally *t)
{
	sum->states += t->states;
	sum->again += t->again;
	sum->bad += t->bad;
	for (size_t i = 0; i < COUNT_OF(sum->broken); i++)
		sum->broken[i] += t->broken[i];
	if (sum->first[0] == 0)
		memcpy(sum->first, t->first, sizeof(sum->first));
}

/* A worker that dies is a violation as well: of a sanitizer, or an abort. */
static void
search_all(struct search *s, size_t workers, uint64_t states, struct tally *sum)
{
	int fd[WORKERS_MAX][2];
	pid_t pid[WORKERS_MAX];

	for (size_t w = 0; w < workers; w++) {
		(void)fflush(stdout);
		if (pipe(fd[w]) != 0 || (pid[w] = fork()) < 0)
			exit(1);
		if (pid[w] == 0)
			in_child(s, w, workers, (states + workers - 1) / workers, fd[w][1]);
		close(fd[w][1]);
	}
	for (size_t w = 0; w < workers; w++) {
		struct tally t = {0};

		if (read(fd[w][0], &t, sizeof(t)) != sizeof(t))
			(void)snprintf(t.first, sizeof(t.first), "worker %zu died", w);
		close(fd[w][0]);
		(void)waitpid(pid[w], NULL, 0);
		tally_add(sum, &t);
	}
}

/* ---- the tests ---- */

static size_t
workers_here(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;
}

static uint64_t
states_wanted(void)
{
	const char *given = getenv("KEYMUSTER_STATES");

	if (given != NULL)
		return strtoull(given, NULL, 10);
	return getenv("KEYMUSTER_SOAK") != NULL ? 2 * STATES : STATES;
}

static void
figures(const struct past *p, const struct tally *sum, int64_t took)
{
	struct rusage used;

	(void)getrusage(RUSAGE_CHILDREN, &used);
	printf("# %zu operations, %zu things learnt\n", p->ops, p->events);
	printf(
	    "# %llu states, %llu of them in a start that is cut; %llu that break something\n",
	    (unsigned long long)sum->states, (unsigned long long)sum->again,
	    (unsigned long long)sum->bad);
	printf("# %lld ms, %lld s of processors, %lld states a second\n", (long long)took,
	    (long long)used.ru_utime.tv_sec + used.ru_stime.tv_sec,
	    (long long)sum->states * 1000 / (took > 0 ? took : 1));
	if (sum->first[0] != 0)
		printf("# %s\n", sum->first);
}

static int
test_honest(const char *dir, uint64_t seed)
{
	struct past p = {0};
	struct search s = {.past = &p, .seed = seed, .one_in = 1};
	struct tally sum = {0};
	struct err e = {0};
	uint64_t wanted = states_wanted();
	int64_t begun;
	int bad = 0;

	printf("TAP version 13\n1..%zu\n# seed %llu\n", check_count() + 1,
	    (unsigned long long)seed);
	if (!life_record(dir, PLANT_NONE, &p, &e)) {
		printf("Bail out! %s\n", e.text);
		past_free(&p);
		return 1;
	}
	(void)snprintf(s.dir, sizeof(s.dir), "%s", dir);
	begun = clock_mono_ms();
	search_all(&s, workers_here(), wanted, &sum);
	figures(&p, &sum, clock_mono_ms() - begun);
	for (size_t i = 0; i < check_count(); i++) {
		printf(
		    "%sok %zu - %s\n", sum.broken[i] > 0 ? "not " : "", i + 1, check_name(i));
		bad += sum.broken[i] > 0;
	}
	bool enough = sum.states >= wanted;

	printf("%sok %zu - %llu disks\n", enough ? "" : "not ", check_count() + 1,
	    (unsigned long long)wanted);
	past_free(&p);
	return bad > 0 || !enough || sum.first[0] != 0;
}

static const char *const plant_words[PLANTS] = {
    [PLANT_LOG_NOT_SYNCED] = "the signer's log is not synchronised",
    [PLANT_FILE_NOT_SYNCED] = "files are not synchronised before they are renamed",
    [PLANT_DIR_NOT_SYNCED] = "directories are not synchronised after a rename",
    [PLANT_STORE_NORMAL] = "the store has synchronous = NORMAL",
    [PLANT_STORE_OFF] = "the store has synchronous = OFF",
    [PLANT_LATE_COMMIT] = "what a turn says leaves before its commit",
};

/* Is this defect found? Which invariants tell is added to told. */
static bool
plant_found(const char *dir, uint64_t seed, enum plant plant, uint64_t *told)
{
	struct past p = {0};
	struct search s = {.past = &p, .seed = seed, .one_in = 2};
	struct tally sum = {0};
	struct err e = {0};

	(void)snprintf(s.dir, sizeof(s.dir), "%s", dir);
	if (life_record(dir, plant, &p, &e))
		search_all(&s, workers_here(), PLANTED_STATES, &sum);
	else
		printf("# %s\n", e.text);
	printf("# %llu of %llu states; the first: %s\n", (unsigned long long)sum.bad,
	    (unsigned long long)sum.states, sum.first);
	for (size_t i = 0; i < check_count(); i++) {
		if (sum.broken[i] == 0)
			continue;
		printf("# %llu: %s\n", (unsigned long long)sum.broken[i], check_name(i));
		*told |= UINT64_C(1) << i;
	}
	past_free(&p);
	return sum.bad > 0;
}

static int
test_planted(const char *dir, uint64_t seed)
{
	uint64_t told = 0;
	int bad = 0;

	printf(
	    "TAP version 13\n1..%d\n# seed %llu\n", (int)PLANTS - 1, (unsigned long long)seed);
	for (int plant = PLANT_NONE + 1; plant < PLANTS; plant++) {
		bool found = plant_found(dir, seed, (enum plant)plant, &told);

		printf("%sok %d - found: %s\n", found ? "" : "not ", plant, plant_words[plant]);
		bad += !found;
	}
	for (size_t i = 0; i < check_count(); i++)
		if ((told >> i & 1) == 0)
			printf("# told of nothing: %s\n", check_name(i));
	return bad > 0;
}

/* Memory is a disk that costs nothing. */
static bool
dir_here(char out[200])
{
	const char *places[] = {"/dev/shm", getenv("TMPDIR"), "."};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (places[i] == NULL)
			continue;
		(void)snprintf(out, 200, "%.150s/powercut-XXXXXX", places[i]);
		if (mkdtemp(out) != NULL)
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	bool planted = argc > 1 && strcmp(argv[1], "planted") == 0;
	const char *given = argc > 1 + planted ? argv[1 + planted] : "20260101";
	uint64_t seed = strtoull(given, NULL, 10);
	char dir[200];
	int rc;

	if (!clock_init(NULL, NULL) || !dir_here(dir))
		return 1;
	/* One thread; and a guard's memory, large and nearly empty, needs no clearing. */
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
	log_open("powercut", LOG_ERROR);
	box_pool();
	rc = (planted ? test_planted : test_honest)(dir, seed);
	dir_empty(dir);
	(void)rmdir(dir);
	check_free();
	box_pool_free();
	pool_free();
	return rc;
}
