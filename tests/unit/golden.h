/* golden.h - texts that are kept as files. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static inline void
golden_path(const char *name, char out[300])
{
	const char *dir = getenv("TEST_DATA");

	snprintf(out, 300, "%s/show/%s", dir != NULL ? dir : "tests/unit/data", name);
}

static inline void
golden_read(const char *name, struct blob *out)
{
	char path[300];
	FILE *f;

	golden_path(name, path);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s is not there", path);
	for (int c = fgetc(f); c != EOF; c = fgetc(f))
		blob_add_byte(out, (uint8_t)c);
	fclose(f);
}

static inline void
golden_write(const char *name, const struct blob *text)
{
	char path[300];
	FILE *f;

	golden_path(name, path);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text->p, 1, text->n, f), text->n);
	assert_int_equal(fclose(f), 0);
}

/* The file says so; TEST_GOLDEN=write makes it anew: read the difference before it is kept. */
static inline void
golden_check(const char *line, const char *file, struct blob *text)
{
	struct blob want = {0};

	if (getenv("TEST_GOLDEN") != NULL)
		golden_write(file, text);
	golden_read(file, &want);
	if (strcmp(blob_cstr(text), blob_cstr(&want)) != 0)
		fail_msg("%s: not as in %s:\n%s", line, file, blob_cstr(text));
	blob_free(&want);
}

#endif
