/* conf_text.h - parse and print text in the tests of conf. */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

/* Sealing that can be read: every octet of the password as two letters. */
static inline bool
plain_seal(void *arg, bool opening, const char *in, char *out, size_t size, struct err *e)
{
	size_t n = strlen(in);

	(void)arg;
	if (opening ? n % 2 != 0 || n / 2 >= size : n * 2 >= size)
		return err_set(
		    e, WHY_BAD_INPUT, "not a sealed password, expected letters of this test");
	for (size_t i = 0; !opening && i < n; i++) {
		out[2 * i] = (char)('A' + ((uint8_t)in[i] >> 4));
		out[2 * i + 1] = (char)('A' + ((uint8_t)in[i] & 15));
	}
	for (size_t i = 0; opening && i < n; i += 2) {
		if (in[i] < 'A' || in[i] > 'P' || in[i + 1] < 'A' || in[i + 1] > 'P')
			return err_set(e, WHY_BAD_INPUT,
			    "not a sealed password, expected letters of this test");
		out[i / 2] = (char)(((in[i] - 'A') << 4) | (in[i + 1] - 'A'));
	}
	out[opening ? n / 2 : 2 * n] = '\0';
	return true;
}

/* Collects "E text" and "W text", one a line. */
static inline void
collect(void *arg, bool warn, const char *text)
{
	blob_printf(arg, "%c %s\n", warn ? 'W' : 'E', text);
}

static inline bool
parse_view(struct view text, struct conf *c, struct blob *said)
{
	return conf_parse("f", text, plain_seal, NULL, collect, said, c);
}

static inline bool
parse_text(const char *text, struct conf *c, struct blob *said)
{
	return parse_view(view_str(text), c, said);
}

/* All that a text makes the parser say; nothing, or warnings, when it loads. */
static inline void
text_says(const char *text, const char *says)
{
	struct blob said = {0};
	struct conf c;

	if (parse_text(text, &c, &said)) {
		assert_int_not_equal(says[0], 'E');
		conf_free(&c);
	}
	assert_string_equal(blob_cstr(&said), says);
	blob_free(&said);
}

/* The running configuration of a text that must load. */
static inline void
print_text(struct view text, struct blob *out)
{
	struct blob said = {0};
	struct err e = {0};
	struct conf c;

	if (!parse_view(text, &c, &said))
		fail_msg("refused: %s", blob_cstr(&said));
	if (!conf_print(&c, plain_seal, NULL, out, &e))
		fail_msg("not printed: %s", e.text);
	conf_free(&c);
	blob_free(&said);
}

/* One line, one field. */
#define WANT(l, condition)                                                                     \
	{                                                                                      \
		struct conf c;                                                                 \
		struct blob said = {0};                                                        \
		const struct conf_server *s = &c.server[0];                                    \
		const struct conf_trustpoint *t;                                               \
		if (!parse_text(l, &c, &said))                                                 \
			fail_msg("%s: %s", l, blob_cstr(&said));                               \
		t = c.trustpoint;                                                              \
		(void)s;                                                                       \
		(void)t;                                                                       \
		if (!(condition))                                                              \
			fail_msg("%s: not %s", l, #condition);                                 \
		conf_free(&c);                                                                 \
		blob_free(&said);                                                              \
	}
#define TP "crypto pki trustpoint T\n "

#endif
