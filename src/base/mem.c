/* mem.c - allocation that never returns NULL. */
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/base.h"

void *
mem_get(size_t n)
{
	void *p = calloc(1, n == 0 ? 1 : n);

	if (p == NULL)
		abort();
	return p;
}

void *
mem_resize(void *p, size_t n)
{
	p = realloc(p, n == 0 ? 1 : n);
	if (p == NULL)
		abort();
	return p;
}

void *
mem_array(void *p, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		abort();
	return mem_resize(p, n);
}

char *
mem_str(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_get(n), s, n);
}

void
mem_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

void
mem_give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
