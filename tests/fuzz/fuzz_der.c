/* fuzz_der.c - fuzz target: DER elements, BER to DER, names. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
walk(struct view v, int depth)
{
	struct reader r = reader_of(v);
	struct der d;
	uint64_t number;
	when_t when;

	while (depth < 16 && r.n > 0) {
		struct reader at = r;

		(void)!der_time(&at, &when, NULL);
		if (!der_any(&r, &d, NULL))
			return;
		(void)!der_uint(&d, &number, NULL);
		walk(d.body, depth + 1);
	}
}

/* What became normal must be left alone by a second pass. */
static void
normalise(struct view v)
{
	struct blob scratch = {0}, again = {0};
	struct view once, twice;

	if (ber_normalise(v, &scratch, &once, NULL) &&
	    (!ber_normalise(once, &again, &twice, NULL) || twice.p != once.p))
		abort();
	blob_free(&scratch);
	blob_free(&again);
}

static void
names(struct view v)
{
	struct blob out = {0};
	struct err e = {0};

	name_text(v, &out);
	blob_clear(&out);
	if (name_canonical(v, &out, &e) && !name_equal(v, blob_view(&out)))
		abort();
	blob_free(&out);
}

static void
text(struct view v)
{
	struct blob words = {0}, der = {0};
	struct err e = {0};

	blob_add_view(&words, v);
	if (name_parse(blob_cstr(&words), &der, &e) &&
	    !name_equal(blob_view(&der), blob_view(&der)))
		abort();
	blob_free(&words);
	blob_free(&der);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view v = view_of(p, n);

	walk(v, 0);
	normalise(v);
	names(v);
	text(v);
	return 0;
}
