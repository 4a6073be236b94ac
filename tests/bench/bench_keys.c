/* bench_keys.c - lay a few keys under many labels. */

/* Usage: bench_keys STATEDIR POOL COUNT: keys/TPnnnnn.key for POOL <= nnnnn < COUNT, from those
 * below POOL. */
#include <stdio.h>
#include <stdlib.h>

#include "keys/keys.h"
#include "sys/sys.h"

static const char *
label_of(unsigned long i, char out[24])
{
	(void)snprintf(out, 24, "TP%05lu", i);
	return out;
}

static void
path_set(struct blob *out, const char *state, const char *label)
{
	blob_clear(out);
	blob_printf(out, "%s/keys/%s.key", state, label);
}

/* Not by file_replace: ten thousand syncs measure nothing here. */
static bool
written(const char *path, const struct blob *bytes, struct err *e)
{
	FILE *f = fopen(path, "w");
	bool ok = f != NULL && fwrite(bytes->p, 1, bytes->n, f) == bytes->n;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return ok || err_set(e, WHY_IO, "'%s' is not written", path);
}

/* A file is sealed under its label: a copy would not open. */
static bool
key_lay(const char *state, const struct seal *seal, unsigned long from, unsigned long to,
    struct err *e)
{
	struct blob path = {0}, sealed = {0}, plain = {0};
	char label[24];
	bool ok;

	path_set(&path, state, label_of(from, label));
	ok = file_read(blob_cstr(&path), 1 << 16, &sealed, e) &&
	     seal_open(seal, label, blob_view(&sealed), &plain, e);
	path_set(&path, state, label_of(to, label));
	blob_clear(&sealed);
	ok = ok && seal_close(seal, label, blob_view(&plain), &sealed, e) &&
	     written(blob_cstr(&path), &sealed, e);
	blob_free(&path);
	blob_free(&sealed);
	blob_free(&plain);
	return ok;
}

int
main(int argc, char **argv)
{
	unsigned long pool = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	struct seal seal;
	struct err e = {0};
	bool ok = pool > 0 && seal_load(argv[1], true, &seal, &e);

	for (unsigned long i = pool; ok && i < strtoul(argv[3], NULL, 10); i++)
		ok = key_lay(argv[1], &seal, i % pool, i, &e);
	if (!ok)
		(void)fprintf(stderr, "bench_keys: %s\n", e.text);
	return ok ? 0 : 1;
}
