/* test_scep_growth.c - messages that grow from BER to DER. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rounds.h"
#include "wire/wire.h"

#define LEVELS 55

/* in becomes the contents of an element of indefinite length: four octets of framing, in DER of
 * over 64 KiB five. */
static void
wrap(uint8_t tag, struct blob *in)
{
	struct blob out = {0};

	blob_add_byte(&out, tag);
	blob_add_byte(&out, 0x80);
	blob_add_view(&out, blob_view(in));
	blob_add(&out, "\0\0", 2);
	blob_free(in);
	*in = out;
}

static void
before(struct view first, struct blob *in)
{
	struct blob out = {0};

	blob_add_view(&out, first);
	blob_add_view(&out, blob_view(in));
	blob_free(in);
	*in = out;
}

/* A pkiMessage whose unknown attribute holds a string of so many octets behind many levels. */
static void
message(size_t octets, struct blob *m)
{
	const uint8_t head[] = {
	    0x04, 0x83, (uint8_t)(octets >> 16), (uint8_t)(octets >> 8), (uint8_t)octets};

	blob_add(m, head, sizeof(head));
	memset(blob_grow(m, octets), 0x55, octets);
	for (int i = 0; i < LEVELS; i++)
		wrap(DER_SEQUENCE, m);
	wrap(DER_SET, m);
	before(VIEW("\x06\x01\x2a"), m);
	wrap(DER_SEQUENCE, m);
	/* messageType 3 and transactionID t */
	blob_add_view(
	    m, VIEW("\x30\x11\x06\x0a\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x02\x31\x03\x13\x01"
		    "3"));
	blob_add_view(
	    m, VIEW("\x30\x11\x06\x0a\x60\x86\x48\x01\x86\xf8\x45\x01\x09\x07\x31\x03\x13\x01"
		    "t"));
	wrap(DER_CONTEXT(0), m);
	before(VIEW("\x02\x01\x03\x80\x00\x30\x00"), m);
	blob_add_view(m, VIEW("\x30\x00\x04\x00"));
	wrap(DER_SEQUENCE, m);
	wrap(DER_SET, m);
	before(VIEW("\x02\x01\x01\x31\x00\x30\x03\x06\x01\x2a"), m);
	wrap(DER_SEQUENCE, m);
	wrap(DER_CONTEXT(0), m);
	before(VIEW("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), m);
	wrap(DER_SEQUENCE, m);
}

static bool
lies_in(struct view part, const struct blob *whole)
{
	return part.n == 0 || (part.p >= whole->p && part.p + part.n <= whole->p + whole->n);
}

/* PK-11: what was read before the attributes are sorted must not move (every view stays within
 * scratch). */
static void
pk11_growth_moves_nothing(void **state)
{
	int read = 0;

	(void)state;
	for (size_t octets = 130200; octets < 131100; octets += 1000 / (size_t)rounds(330)) {
		struct blob m = {0}, scratch = {0};
		struct scep s = {0};
		struct err e = {0};

		message(octets, &m);
		if (scep_decode(blob_view(&m), &scratch, &s, &e) != SCEP_UNREADABLE) {
			read++;
			assert_true(lies_in(s.transaction, &scratch));
			assert_true(lies_in(s.signed_attrs, &scratch));
		}
		blob_free(&m);
		blob_free(&scratch);
	}
	assert_true(read > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pk11_growth_moves_nothing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
