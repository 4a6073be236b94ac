/* reference.c - the command reference, printed or compared. */
#include <string.h>

#include "conf/conf.h"

/* Where two texts part: the line number of the first difference. */
static unsigned
line_of_difference(struct view a, struct view b)
{
	unsigned line = 1;

	for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		line += a.p[i] == '\n';
	return line;
}

static bool
file_text(const char *path, struct blob *out)
{
	FILE *f = fopen(path, "re");
	char piece[4096];
	size_t n;

	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		blob_add(out, piece, n);
	return fclose(f) == 0;
}

/* Without an argument: print. With a file: say in TAP whether it is what the table says. */
int
main(int argc, char **argv)
{
	struct blob wanted = {0}, have = {0};
	bool same = false;

	grammar_markdown(&wanted);
	if (argc < 2) {
		same = fwrite(wanted.p, 1, wanted.n, stdout) == wanted.n;
	} else if (file_text(argv[1], &have)) {
		same = view_equal(blob_view(&wanted), blob_view(&have));
		printf("1..1\n%sok 1 - the command reference is what the grammar table says\n",
		    same ? "" : "not ");
		if (!same)
			printf("# %s:%u differs: run 'make reference'\n", argv[1],
			    line_of_difference(blob_view(&wanted), blob_view(&have)));
	} else {
		printf("1..1\nnot ok 1 - %s cannot be read\n", argv[1]);
	}
	blob_free(&wanted);
	blob_free(&have);
	return same ? 0 : 1;
}
