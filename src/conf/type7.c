/* type7.c - undo Cisco type-7 obfuscation. */
#include "conf/conf.h"

#include <string.h>

static const char key[] = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

bool
type7_decode(const char *in, char *out, size_t size, struct err *e)
{
	size_t n = strlen(in), start;
	bool ok = false;

	if (n < 4 || n % 2 != 0)
		return err_set(e, WHY_BAD_INPUT,
		    "type-7 password of %zu characters, expected an even number from 4", n);
	if (n / 2 > size)
		return err_set(e, WHY_BAD_INPUT, "type-7 password of %zu characters, limit %zu",
		    n, 2 * size);
	if (in[0] < '0' || in[0] > '9' || in[1] < '0' || in[1] > '9')
		return err_set(
		    e, WHY_BAD_INPUT, "type-7 password must begin with two decimal digits");
	start = (size_t)(in[0] - '0') * 10 + (size_t)(in[1] - '0');
	if (start >= sizeof(key) - 1)
		return err_set(e, WHY_BAD_INPUT,
		    "type-7 password begins with %zu, expected 00 to 52", start);
	for (size_t i = 0; i < n / 2 - 1; i++) {
		int high = hex_digit(in[2 * i + 2]), low = hex_digit(in[2 * i + 3]), c;

		if (high < 0 || low < 0) {
			err_set(e, WHY_BAD_INPUT,
			    "type-7 password has a character that is no hexadecimal digit");
			goto out;
		}
		c = (high * 16 + low) ^ key[(start + i) % (sizeof(key) - 1)];
		if (c < 0x20 || c == 0x7f) {
			err_set(e, WHY_BAD_INPUT, "type-7 password does not decode to text");
			goto out;
		}
		out[i] = (char)c;
	}
	out[n / 2 - 1] = '\0';
	ok = true;
out:
	if (!ok)
		mem_wipe(out, size);
	return ok;
}
