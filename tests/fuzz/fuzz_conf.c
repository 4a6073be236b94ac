/* fuzz_conf.c - any text as a configuration; what loads prints the same twice. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every octet as two letters, so that sealing is reversible and never empty. */
static bool
plain_seal(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	size_t n = strlen(in);

	(void)arg;
	if (opening ? n % 2 != 0 || n / 2 >= size : n * 2 >= size)
		return err_set(e, WHY_BAD_INPUT, "length");
	for (size_t i = 0; i < n; i += opening ? 2 : 1) {
		if (opening &&
		    (in[i] < 'A' || in[i] > 'P' || in[i + 1] < 'A' || in[i + 1] > 'P'))
			return err_set(e, WHY_BAD_INPUT, "letters");
		if (opening) {
			out[i / 2] = (char)(((in[i] - 'A') << 4) | (in[i + 1] - 'A'));
		} else {
			out[2 * i] = (char)('A' + ((uint8_t)in[i] >> 4));
			out[2 * i + 1] = (char)('A' + ((uint8_t)in[i] & 15));
		}
	}
	out[opening ? n / 2 : 2 * n] = '\0';
	return true;
}

static void
count(void *arg, bool warn, const char *text)
{
	size_t *errors = arg;

	*errors += !warn && text[0] != '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct blob first = {0}, second = {0};
	size_t errors = 0;
	struct conf a, b;

	if (!conf_parse("fuzz", view_of(data, size), plain_seal, NULL, count, &errors, &a)) {
		if (errors == 0)
			abort(); /* refused without a word */
		return 0;
	}
	if (errors != 0)
		abort();
	if (conf_print(&a, plain_seal, NULL, &first, NULL)) {
		if (!conf_parse(
			"fuzz", blob_view(&first), plain_seal, NULL, count, &errors, &b))
			abort();
		if (!conf_print(&b, plain_seal, NULL, &second, NULL) ||
		    !view_equal(blob_view(&first), blob_view(&second)))
			abort();
		conf_free(&b);
	}
	conf_free(&a);
	blob_free(&first);
	blob_free(&second);
	return 0;
}
