/* fuzz_envelope.c - hostile octets as EnvelopedData. */
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
	if (!claim)
		abort();
}

static void
touch(struct view v)
{
	static volatile uint8_t sink;

	for (size_t i = 0; i < v.n; i++)
		sink = (uint8_t)(sink ^ v.p[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32] = "any key does: octets are octets";
	struct blob scratch = {0}, plain = {0};
	struct envelope v;
	enum scep_fail fail;
	struct err e = {0};

	if (!envelope_decode(view_of(data, size), &scratch, &v, &fail, &e)) {
		must(e.why == WHY_BAD_INPUT &&
		     (fail == SCEP_BAD_ALG || fail == SCEP_BAD_REQUEST));
		blob_free(&scratch);
		return 0;
	}
	touch(v.issuer);
	touch(v.serial);
	touch(v.ski);
	touch(v.wrapped_key);
	touch(v.iv);
	touch(v.ciphertext);
	if (envelope_open(&v, view_of(key, cipher_key_size(v.cipher)), &plain, &e))
		must(plain.n < v.ciphertext.n &&
		     plain.n + cipher_block_size(v.cipher) >= v.ciphertext.n);
	else
		must(plain.n == 0 && strcmp(e.text, "envelope cannot be opened") == 0);
	blob_free(&plain);
	blob_free(&scratch);
	return 0;
}
