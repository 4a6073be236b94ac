/* err.c - fill and extend a reason. */
#include <stdarg.h>
#include <string.h>

#include "base/base.h"

bool
err_set(struct err *e, enum why why, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return false;
	e->why = why;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	int n;

	if (e == NULL)
		return false;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 2 < sizeof(e->text))
		(void)snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %.*s",
		    (int)(sizeof(e->text) - (size_t)n - 3), old);
	return false;
}
