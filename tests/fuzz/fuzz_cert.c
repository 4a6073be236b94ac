/* fuzz_cert.c - fuzz target: certificates and revocation lists. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
certificate(struct view v)
{
	struct cert c, tbs;
	struct blob out = {0};
	struct err e = {0};

	if (!cert_decode(v, &c, &e))
		return;
	if (!cert_decode_tbs(c.tbs, &tbs, &e) || !view_equal(tbs.subject, c.subject))
		abort();
	if (!name_equal(c.subject, tbs.subject) || !san_subset(c.san, c.san))
		abort();
	name_text(c.subject, &out);
	blob_free(&out);
}

static void
list(struct view v)
{
	struct crl c, tbs;
	struct err e = {0};
	when_t at;
	int reason;

	if (!crl_decode(v, &c, &e))
		return;
	if (!crl_decode_tbs(c.tbs, &tbs, &e) || crl_count(&tbs) != crl_count(&c))
		abort();
	(void)crl_find(&c, VIEW("\x05"), &at, &reason);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view v = view_of(p, n);

	certificate(v);
	list(v);
	return 0;
}
