/* bytes.c - views, growing blobs, bounded readers. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct view
view_of(const void *p, size_t n)
{
	return (struct view){p, n};
}

struct view
view_str(const char *s)
{
	return (struct view){(const uint8_t *)s, strlen(s)};
}

struct view
blob_view(const struct blob *b)
{
	return (struct view){b->p, b->n};
}

bool
view_equal(struct view a, struct view b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
view_equal_str(struct view a, const char *s)
{
	return view_equal(a, view_str(s));
}

int
view_compare(struct view a, struct view b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

struct view
view_cut(struct view *v, char c)
{
	const uint8_t *at = v->n ? memchr(v->p, c, v->n) : NULL;
	struct view before = view_of(v->p, at ? (size_t)(at - v->p) : v->n);

	*v = at ? view_of(at + 1, v->n - before.n - 1) : (struct view){0};
	return before;
}

bool
view_equal_secret(struct view a, struct view b)
{
	volatile uint8_t differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ = (uint8_t)(differ | (a.p[i] ^ b.p[i]));
	return differ == 0;
}

/* The old storage is wiped, not just freed: a blob may hold a secret, and realloc would leave a
 * copy behind. */
uint8_t *
blob_grow(struct blob *b, size_t n)
{
	size_t need, cap;
	uint8_t *p;

	if (__builtin_add_overflow(b->n, n, &need))
		abort();
	if (need > b->cap) {
		cap = b->cap < 64 ? 64 : b->cap;
		while (cap < need)
			if (__builtin_mul_overflow(cap, (size_t)2, &cap))
				abort();
		p = malloc(cap);
		if (p == NULL)
			abort();
		if (b->n > 0)
			memcpy(p, b->p, b->n);
		if (b->p != NULL)
			mem_wipe(b->p, b->n);
		free(b->p);
		b->p = p;
		b->cap = cap;
	}
	p = b->n > 0 ? b->p + b->n : b->p; /* an empty blob's p may be NULL */
	b->n = need;
	return p;
}

void
blob_add(struct blob *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(blob_grow(b, n), p, n);
}

void
blob_add_view(struct blob *b, struct view v)
{
	blob_add(b, v.p, v.n);
}

void
blob_add_byte(struct blob *b, uint8_t c)
{
	*blob_grow(b, 1) = c;
}

void
blob_add_str(struct blob *b, const char *s)
{
	blob_add(b, s, strlen(s));
}

void
blob_printf(struct blob *b, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		blob_add(b, small, (size_t)n);
	} else if (n >= 0) {
		char *at = (char *)blob_grow(b, (size_t)n + 1);

		(void)vsnprintf(at, (size_t)n + 1, fmt, again);
		b->n--;
	}
	va_end(again);
}

void
blob_set(struct blob *b, struct view v)
{
	blob_clear(b);
	blob_add_view(b, v);
}

void
blob_clear(struct blob *b)
{
	if (b->p != NULL)
		mem_wipe(b->p, b->n);
	b->n = 0;
}

void
blob_free(struct blob *b)
{
	blob_clear(b);
	free(b->p);
	*b = (struct blob){0};
}

const char *
blob_cstr(struct blob *b)
{
	*blob_grow(b, 1) = 0;
	b->n--;
	return (const char *)b->p;
}

static bool
read_number(struct reader *r, size_t n, uint64_t *out)
{
	struct view v;

	if (!read_view(r, n, &v))
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out = *out << 8 | v.p[i];
	return true;
}

bool
read_u16(struct reader *r, uint16_t *out)
{
	uint64_t v;

	if (!read_number(r, 2, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

bool
read_u32(struct reader *r, uint32_t *out)
{
	uint64_t v;

	if (!read_number(r, 4, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

bool
read_u64(struct reader *r, uint64_t *out)
{
	return read_number(r, 8, out);
}

bool
read_sized(struct reader *r, struct view *out)
{
	struct reader peek = *r;
	uint32_t n;

	if (!read_u32(&peek, &n) || !read_view(&peek, n, out))
		return false;
	*r = peek;
	return true;
}

static void
add_number(struct blob *b, uint64_t v, int n)
{
	while (n-- > 0)
		blob_add_byte(b, (uint8_t)(v >> (8 * n)));
}

void
blob_add_u16(struct blob *b, uint16_t v)
{
	add_number(b, v, 2);
}

void
blob_add_u32(struct blob *b, uint32_t v)
{
	add_number(b, v, 4);
}

void
blob_add_u64(struct blob *b, uint64_t v)
{
	add_number(b, v, 8);
}

void
blob_add_sized(struct blob *b, struct view v)
{
	if (v.n > UINT32_MAX)
		abort();
	blob_add_u32(b, (uint32_t)v.n);
	blob_add_view(b, v);
}
