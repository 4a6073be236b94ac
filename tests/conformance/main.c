/* main.c - runs the hostile catalogue, prints TAP. */
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "tests/conformance/lab.h"

static int count, bad;
static const char *only; /* BAD-0nn: these alone */

static bool
chosen(const char *id)
{
	/* Seconds each: not in a hurry. */
	static const char *const long_ones[] = {"BAD-044", "BAD-107"};

	for (size_t i = 0;
	     only == NULL && getenv("KEYMUSTER_QUICK") != NULL && i < COUNT_OF(long_ones); i++)
		if (strcmp(id, long_ones[i]) == 0)
			return false;
	return only == NULL || strncmp(id, only, strlen(only)) == 0;
}

static void
tell(bool ok, const char *id, const char *what, const struct err *e)
{
	bad += ok ? 0 : 1;
	printf("%sok %d - %s %s\n", ok ? "" : "not ", ++count, id, what);
	if (!ok)
		printf("# %s\n", e->text);
	(void)fflush(stdout);
}

static void
run_rows(const struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct err e = {0};

		if (chosen(t->rows[i].id))
			tell(row_run(&t->rows[i], &e), t->rows[i].id, t->rows[i].what, &e);
	}
}

static void
run_scenes(const struct scenes *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct err e = {0};

		if (chosen(s->scenes[i].id))
			tell(s->scenes[i].play(&e), s->scenes[i].id, s->scenes[i].what, &e);
	}
}

int
main(int argc, char **argv)
{
	static const struct table *const tables[] = {
	    &der_rows, &cms_rows, &envelope_rows, &scep_rows, &csr_rows};
	static const struct scenes *const scenes[] = {
	    &url_scenes, &sweep_scenes, &oracle_scenes, &scep_scenes, &race_scenes};

	log_open("conformance", getenv("STORY_LOG") != NULL ? LOG_NOTICE : LOG_ERROR);
	only = argc > 1 ? argv[1] : NULL;
	printf("TAP version 13\n");
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		run_rows(tables[i]);
	for (size_t i = 0; i < COUNT_OF(scenes); i++)
		run_scenes(scenes[i]);
	printf("1..%d\n", count);
	pool_free();
	return bad == 0 ? 0 : 1;
}
