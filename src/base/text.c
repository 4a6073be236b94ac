/* text.c - hexadecimal and escaped outside text. */
#include <string.h>

#include "base/base.h"

void
hex_add(struct blob *out, struct view v, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < v.n; i++) {
		blob_add_byte(out, (uint8_t)digits[v.p[i] >> 4]);
		blob_add_byte(out, (uint8_t)digits[v.p[i] & 15]);
	}
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(const char *s, struct blob *out)
{
	size_t start = out->n;
	int high = -1;

	for (; *s != 0; s++) {
		int d = hex_digit(*s);

		if (d < 0 && strchr(":-. ", *s) != NULL && high < 0)
			continue;
		if (d < 0)
			goto bad;
		if (high < 0) {
			high = d;
			continue;
		}
		blob_add_byte(out, (uint8_t)(high << 4 | d));
		high = -1;
	}
	if (high < 0)
		return true;
bad:
	out->n = start;
	return false;
}

void
text_escape(struct blob *out, struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if (c < 0x20 || c >= 0x7f || c == '\'' || c == '"' || c == '\\')
			blob_printf(out, "\\x%02x", c);
		else
			blob_add_byte(out, c);
	}
}

void
base64_encode(struct view in, struct blob *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < in.n; i += 3) {
		size_t have = in.n - i < 3 ? in.n - i : 3;
		uint32_t v = (uint32_t)in.p[i] << 16;

		if (have > 1)
			v |= (uint32_t)in.p[i + 1] << 8;
		if (have > 2)
			v |= in.p[i + 2];
		for (size_t k = 0; k < 4; k++)
			blob_add_byte(
			    out, k <= have ? (uint8_t)digits[v >> (18 - 6 * k) & 63] : '=');
	}
}
