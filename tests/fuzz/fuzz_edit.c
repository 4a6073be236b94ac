/* fuzz_edit.c - any lines typed into any file. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf_edit *
typed(struct view lines)
{
	struct conf_edit *x = conf_edit_new();
	struct blob line = {0}, help = {0};
	enum conf_edited got = EDIT_TAKEN;

	for (int i = 0; i < 32 && got != EDIT_ENDED && lines.n > 0; i++) {
		struct err e = {0};
		int column = -1;

		blob_set(&line, view_cut(&lines, '\n'));
		got = conf_edit_line(x, blob_cstr(&line), &column, &e);
		if (got == EDIT_REFUSED && (e.text[0] != '%' || column < 0 ||
					       (size_t)column > strlen(blob_cstr(&line))))
			abort();
		conf_edit_help(x, blob_cstr(&line), &help);
	}
	blob_free(&line);
	blob_free(&help);
	return x;
}

/* The canonical text of a file that holds; false: it does not. */
static bool
meaning(struct view text, struct blob *out)
{
	struct conf conf = {0};
	struct err e = {0};

	if (!conf_parse("x", text, conf_shut, NULL, NULL, NULL, &conf))
		return false;
	if (!conf_print(&conf, conf_shut, NULL, out, &e))
		abort();
	conf_free(&conf);
	return true;
}

/* The lines end at a NUL; the file follows. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view file = view_of(data, size), lines = view_cut(&file, '\0');
	struct conf_edit *x = typed(lines);
	struct blob once = {0}, twice = {0}, a = {0}, b = {0};

	/* Typed again, the same lines say nothing new. */
	conf_edit_apply(x, file, &once);
	conf_edit_apply(x, blob_view(&once), &twice);
	if (meaning(blob_view(&once), &a) &&
	    (!meaning(blob_view(&twice), &b) || !view_equal(blob_view(&a), blob_view(&b))))
		abort();
	blob_free(&once);
	blob_free(&twice);
	blob_free(&a);
	blob_free(&b);
	conf_edit_free(x);
	return 0;
}
