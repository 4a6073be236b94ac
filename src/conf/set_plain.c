/* set_plain.c - fields of one value and back. */
#include "conf/set.h"

#include <string.h>

void *
field_of(const struct row *row, void *object)
{
	return (char *)object + row->at;
}

const void *
field_in(const struct row *row, const void *object)
{
	return (const char *)object + row->at;
}

bool
set_text(struct setting *s, char bind, char *out, size_t size, struct err *e)
{
	const struct cap *cap = match_cap(s->match, bind);
	struct view v = cap != NULL ? cap->text : (struct view){0};

	for (size_t i = 0; i < v.n; i++) {
		s->at = cap->at + i;
		if (v.p[i] < ' ' || v.p[i] == 0x7f)
			return err_set(e, WHY_BAD_INPUT, "control character, expected text");
	}
	if (v.n >= size) {
		s->at = cap->at;
		return err_set(
		    e, WHY_BAD_INPUT, "%zu characters, expected at most %zu", v.n, size - 1);
	}
	mem_wipe(out, size);
	if (v.n > 0)
		memcpy(out, v.p, v.n);
	return true;
}

void
add_prefix(const struct row *row, struct blob *out)
{
	blob_add(out, row->syntax, syntax_prefix(row->syntax));
}

bool
apply_bool(struct setting *s, struct err *e)
{
	(void)e;
	*(bool *)field_of(s->row, s->object) = true;
	return true;
}

bool
print_bool(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	if (*(const bool *)field_in(s->row, s->object))
		blob_add_str(out, s->row->syntax);
	return true;
}

bool
apply_text(struct setting *s, struct err *e)
{
	return set_text(s, 'x', field_of(s->row, s->object), s->row->size, e);
}

bool
print_text(const struct setting *s, struct blob *out, struct err *e)
{
	const char *text = field_in(s->row, s->object);

	(void)e;
	if (text[0] != '\0') {
		add_prefix(s->row, out);
		blob_add_str(out, text);
	}
	return true;
}

bool
apply_dn(struct setting *s, struct err *e)
{
	const struct cap *x = match_cap(s->match, 'x');
	size_t at = 0;

	if (!dn_check(x->text, &at, e)) {
		s->at = x->at + at;
		return false;
	}
	return apply_text(s, e);
}

bool
apply_choice(struct setting *s, struct err *e)
{
	int c = match_cap(s->match, 'c')->choice;

	(void)e;
	if (s->row->value > 0 && c >= s->row->value)
		c -= s->row->value;
	if (s->row->size == sizeof(bool))
		*(bool *)field_of(s->row, s->object) = c != 0;
	else
		*(int *)field_of(s->row, s->object) = c;
	return true;
}

bool
print_choice(const struct setting *s, struct blob *out, struct err *e)
{
	const char *words = s->row->syntax + syntax_prefix(s->row->syntax) + 1;
	int c = s->row->size == sizeof(bool) ? *(const bool *)field_in(s->row, s->object)
					     : *(const int *)field_in(s->row, s->object);
	struct view word;

	if (!choice_word(view_of(words, strcspn(words, "})")), c, &word))
		return err_set(e, WHY_BUG, "%s: no word for %d", s->row->syntax, c);
	add_prefix(s->row, out);
	blob_add_view(out, word);
	return true;
}

/* Days, hours and minutes, bound to these three letters. */
when_t
span_of(const struct match *m, const char *letters)
{
	static const when_t units[] = {DAY, HOUR, MINUTE};
	when_t span = 0;

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		const struct cap *cap = match_cap(m, letters[i]);

		if (cap != NULL)
			span += cap->number * units[i];
	}
	return span;
}

void
print_dhm(when_t span, when_t unit, struct blob *out)
{
	static const when_t units[] = {DAY, HOUR, MINUTE};
	const char *blank = "";

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (units[i] > unit)
			continue;
		if (span > 0 || units[i] == unit)
			blob_printf(out, "%s%lld", blank, (long long)(span / units[i]));
		span %= units[i];
		blank = " ";
	}
}

bool
apply_span(struct setting *s, struct err *e)
{
	const struct cap *first = &s->match->cap[0];
	when_t span = span_of(s->match, "dhm");

	if (span == 0 && strncmp(s->row->syntax, "lifetime", 8) == 0) {
		s->at = first->at;
		return err_set(
		    e, WHY_BAD_INPUT, "a lifetime of 0, expected at least one minute");
	}
	*(when_t *)field_of(s->row, s->object) = span;
	return true;
}

bool
print_span(const struct setting *s, struct blob *out, struct err *e)
{
	const char *syntax = s->row->syntax;

	(void)e;
	add_prefix(s->row, out);
	print_dhm(*(const when_t *)field_in(s->row, s->object),
	    strstr(syntax, "$d") != NULL   ? DAY
	    : strstr(syntax, "$h") != NULL ? HOUR
					   : MINUTE,
	    out);
	return true;
}

bool
apply_number(struct setting *s, struct err *e)
{
	(void)e;
	*(int64_t *)field_of(s->row, s->object) = match_cap(s->match, 'n')->number;
	return true;
}

bool
print_number(const struct setting *s, struct blob *out, struct err *e)
{
	int64_t n = *(const int64_t *)field_in(s->row, s->object);

	(void)e;
	if (n >= 0) {
		add_prefix(s->row, out);
		blob_printf(out, "%lld", (long long)n);
	}
	return true;
}

bool
apply_unsigned(struct setting *s, struct err *e)
{
	(void)e;
	*(unsigned *)field_of(s->row, s->object) = (unsigned)match_cap(s->match, 'n')->number;
	return true;
}

bool
print_unsigned(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	add_prefix(s->row, out);
	blob_printf(out, "%u", *(const unsigned *)field_in(s->row, s->object));
	return true;
}

bool
apply_port(struct setting *s, struct err *e)
{
	const struct cap *p = match_cap(s->match, 'p');

	(void)e;
	if (p != NULL)
		((struct conf *)s->object)->http_port = (unsigned)p->number;
	return true;
}

bool
print_port(const struct setting *s, struct blob *out, struct err *e)
{
	(void)e;
	add_prefix(s->row, out);
	blob_printf(out, "%u", ((const struct conf *)s->object)->http_port);
	return true;
}

/* One bit a word of the list. */
bool
apply_bits(struct setting *s, struct err *e)
{
	uint32_t bits = 0;

	(void)e;
	for (size_t i = 0; i < s->match->cap_count; i++)
		bits |= UINT32_C(1) << s->match->cap[i].choice;
	*(uint32_t *)field_of(s->row, s->object) = bits;
	return true;
}

bool
print_bits(const struct setting *s, struct blob *out, struct err *e)
{
	size_t prefix = syntax_prefix(s->row->syntax);
	const char *words = s->row->syntax + prefix + 1;
	uint32_t bits = *(const uint32_t *)field_in(s->row, s->object);
	struct view word;

	(void)e;
	if (bits != 0)
		blob_add(out, s->row->syntax, prefix - 1);
	for (int k = 0; choice_word(view_of(words, strcspn(words, ")")), k, &word); k++)
		if (bits & UINT32_C(1) << k)
			blob_printf(out, " %.*s", (int)word.n, (const char *)word.p);
	return true;
}

bool
apply_eku(struct setting *s, struct err *e)
{
	for (size_t i = 0; i < s->match->cap_count; i++) {
		const struct cap *cap = &s->match->cap[i];

		s->at = cap->at;
		if (word_equal(cap->text, VIEW("ocsp-signing")))
			return err_set(e, WHY_REFUSED,
			    "'ocsp-signing' would let a client vouch for others' certificates, "
			    "expected other usages");
	}
	return apply_bits(s, e);
}

bool
apply_refused(struct setting *s, struct err *e)
{
	s->at = s->match->cap_count > 0 ? s->match->cap[0].at : 0;
	return err_set(e, WHY_REFUSED, "%s", s->row->help);
}

bool
apply_kept(struct setting *s, struct err *e)
{
	return s->row->size == 0 || apply_text(s, e);
}
