/* dn.c - check the text of issuer names. */
#include "conf/grammar.h"

#include <ctype.h>

static const char *const types[] = {"C", "CN", "DC", "E", "EMAIL", "EMAILADDRESS", "GN",
    "GIVENNAME", "HOSTNAME", "L", "O", "OU", "SERIALNUMBER", "SN", "ST", "STREET", "T", "TITLE",
    "UID", "UNSTRUCTUREDADDRESS", "UNSTRUCTUREDNAME"};

static bool
known_type(struct view w)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (word_equal(w, view_str(types[i])))
			return true;
	return false;
}

static size_t
skip_blanks(struct view v, size_t i)
{
	while (i < v.n && v.p[i] == ' ')
		i++;
	return i;
}

/* The end of a value; *length counts its characters without quotes and escapes. */
static bool
take_value(struct view v, size_t *i, size_t *length, struct err *e)
{
	bool quoted = false;
	size_t blanks = 0;

	for (*length = 0; *i < v.n; (*i)++) {
		uint8_t c = v.p[*i];

		if (!quoted && (c == ',' || c == '+'))
			break;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '\\' && ++*i == v.n)
			return err_set(e, WHY_BAD_INPUT,
			    "'\\' at the end, expected the character it protects");
		if (c < ' ' || c == 0x7f)
			return err_set(
			    e, WHY_BAD_INPUT, "control character in a name, expected text");
		blanks = c == ' ' ? blanks + 1 : 0;
		++*length;
	}
	*length -= blanks;
	return !quoted || err_set(e, WHY_BAD_INPUT, "quotes are not closed, expected '\"'");
}

bool
dn_check(struct view text, size_t *at, struct err *e)
{
	for (size_t i = 0;; i++) {
		size_t begin = i = skip_blanks(text, i), length;
		struct view type;

		*at = begin;
		while (i < text.n && (isalnum(text.p[i]) || text.p[i] == '.'))
			i++;
		type = view_of(text.p + begin, i - begin);
		i = skip_blanks(text, i);
		if (type.n == 0 || i == text.n || text.p[i] != '=')
			return err_set(e, WHY_BAD_INPUT,
			    "not a valid subject name, expected TYPE=VALUE as in "
			    "CN=RootCA,O=Cisco");
		if (!known_type(type))
			return err_set(e, WHY_BAD_INPUT,
			    "not a valid subject name, expected one of CN, OU, O, L, ST, C, DC "
			    "before '='");
		*at = i = skip_blanks(text, i + 1);
		if (!take_value(text, &i, &length, e))
			return false;
		if (length == 0 || length > 64)
			return err_set(e, WHY_BAD_INPUT,
			    "value of %zu characters, expected 1 to 64", length);
		if (word_equal(type, VIEW("C")) && length != 2)
			return err_set(e, WHY_BAD_INPUT,
			    "country of %zu characters, expected two letters as in C=DE",
			    length);
		if (i == text.n)
			return true;
	}
}
