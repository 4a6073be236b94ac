/* fuzz_csr.c - fuzz target: certification requests. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct blob out = {0};
	struct err e = {0};
	struct csr c, info;

	if (!csr_decode(view_of(p, n), &c, &e))
		return 0;
	/* What the decoder let through its other readers must take. */
	if (!name_check(c.subject, &e) || !san_subset(c.san, c.san) ||
	    (c.has_challenge && !csr_challenge(&c, &out, &e)))
		abort();
	/* What is signed says the same alone. */
	if (!csr_decode_info(c.info, &info, &e) || !view_equal(info.key.whole, c.key.whole) ||
	    !view_equal(info.subject, c.subject) || info.wants_ca != c.wants_ca)
		abort();
	blob_clear(&out);
	name_text(c.subject, &out);
	blob_free(&out);
	return 0;
}
