/* base64.c - base64 as SCEP clients write it. */
#include "net/net.h"

static int
digit_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == ' ') /* what form decoding makes of '+' (HT-08) */
		return 62;
	return c == '/' ? 63 : -1;
}

bool
base64_decode(struct view in, struct blob *out, struct err *e)
{
	struct blob bytes = {0};
	uint8_t *to = blob_grow(&bytes, in.n / 4 * 3 + 3);
	uint32_t bits = 0;
	size_t digits = 0, pads = 0;
	bool ok = false;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		int v = digit_of(c);

		if (c == '\n' || c == '\r' || c == '\t')
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (v < 0 || pads) {
			err_set(e, WHY_BAD_INPUT,
			    v < 0 ? "octet 0x%02x at %zu is not base64"
				  : "octet 0x%02x at %zu follows padding",
			    c, i);
			goto out;
		}
		bits = bits << 6 | (uint32_t)v;
		if (digits++ % 4)
			*to++ = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	/* 2 or 3 digits over need 2 or 1 '='; they may lack, never be too many. One digit over
	 * is half an octet. */
	if (digits % 4 == 1 || pads > (4 - digits % 4) % 4) {
		err_set(e, WHY_BAD_INPUT, "base64 of %zu digits and %zu '=' has no length",
		    digits, pads);
		goto out;
	}
	blob_set(out, view_of(bytes.p, (size_t)(to - bytes.p)));
	ok = true;
out:
	blob_free(&bytes);
	return ok;
}
