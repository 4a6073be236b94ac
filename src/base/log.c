/* log.c - one line per event on stderr. */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static enum log_level least_level = LOG_NOTICE;
static const char *who_logs = "keymuster";

void
log_open(const char *who, enum log_level least)
{
	who_logs = who;
	least_level = least;
}

/* One write a line, so that lines of several processes do not mix. */
static void PRINTF(3, 0)
    log_line(enum log_level level, const char *what, const char *fmt, va_list ap)
{
	static const char *const names[] = {"nothing", "error", "warning", "notice", "debug"};
	char line[2048], at[WHEN_TEXT];
	size_t n;
	int k;

	if (level > least_level)
		return;
	k = snprintf(line, sizeof(line), "%s %s %s: %s", when_rfc3339(clock_now(), at),
	    who_logs, names[level], what);
	n = k < 0 ? 0 : (size_t)k;
	if (n < sizeof(line) - 2 && fmt != NULL && fmt[0] != 0) {
		line[n++] = ' ';
		k = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
		n += k < 0 ? 0 : (size_t)k;
	}
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

#define LOG_BODY(level)                                                                        \
	va_list ap;                                                                            \
	va_start(ap, fmt);                                                                     \
	log_line((level), what, fmt, ap);                                                      \
	va_end(ap)

void
log_error(const char *what, const char *fmt, ...)
{
	LOG_BODY(LOG_ERROR);
}

void
log_warn(const char *what, const char *fmt, ...)
{
	LOG_BODY(LOG_WARN);
}

void
log_notice(const char *what, const char *fmt, ...)
{
	LOG_BODY(LOG_NOTICE);
}

void
log_debug(const char *what, const char *fmt, ...)
{
	LOG_BODY(LOG_DEBUG);
}
