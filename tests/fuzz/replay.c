/* replay.c - run a fuzz target over its corpus. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define CUTS 64 /* besides the whole file, so many beginnings of it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static bool
load(const char *dir, const char *name, struct blob *out)
{
	char path[4096];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	do {
		n = fread(blob_grow(out, 4096), 1, 4096, f);
		out->n -= 4096 - n;
	} while (n > 0);
	n = ferror(f) ? 1 : 0;
	(void)fclose(f);
	return n == 0;
}

/* A copy of exactly n octets, so that a sanitizer sees every step beyond. */
static void
feed(const struct blob *file, size_t n)
{
	uint8_t *copy = mem_get(n);

	if (n > 0)
		memcpy(copy, file->p, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

int
main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int n = argc == 2 ? scandir(argv[1], &names, visible, alphasort) : -1, bad = 0;

	printf("TAP version 13\n");
	for (int i = 0; i < n; i++) {
		struct blob file = {0};
		bool good = load(argv[1], names[i]->d_name, &file);

		printf("# %s\n", names[i]->d_name); /* seen even if the target dies */
		(void)fflush(stdout);
		for (size_t cut = 0; good && cut < CUTS; cut++)
			feed(&file, file.n * cut / CUTS);
		if (good)
			feed(&file, file.n);
		bad += !good;
		printf("%sok %d - %s, whole and cut\n", good ? "" : "not ", i + 1,
		    names[i]->d_name);
		blob_free(&file);
		free(names[i]);
	}
	free(names);
	printf("1..%d\n", n < 0 ? 0 : n);
	return n > 0 && bad == 0 ? 0 : 1;
}
