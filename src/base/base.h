/* base.h - door of base: bytes, errors, time, log, the clock. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- errors ---- */

/* What kind of trouble; decides an exit code, an HTTP status or a failInfo at the place that
 * reports. */
enum why {
	WHY_NONE,
	WHY_BAD_INPUT, /* bytes or words from outside that break a rule */
	WHY_REFUSED,   /* well formed, but policy says no */
	WHY_NOT_FOUND,
	WHY_BUSY,   /* will pass: try again */
	WHY_CLOCK,  /* the clock is not authoritative */
	WHY_IO,	    /* disk, socket, database */
	WHY_CRYPTO, /* the library refused */
	WHY_TAKEN,  /* a number that was given before */
	WHY_BUG,    /* cannot happen */
};

struct err {
	enum why why;
	char text[400];
};

/* Fill *e (which may be NULL) and return false, so that refusing is one line. */
bool err_set(struct err *e, enum why why, const char *fmt, ...) PRINTF(3, 4);
/* Put "words: " before what *e already says and return false. */
bool err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* ---- bytes ---- */

struct view { /* borrowed bytes; never outlives the call that received it */
	const uint8_t *p;
	size_t n;
};

struct blob { /* owned bytes; grows; wiped when freed */
	uint8_t *p;
	size_t n, cap;
};

struct reader { /* walks a view; every take is bounded */
	const uint8_t *p;
	size_t n;
};

#define VIEW(s) ((struct view){(const uint8_t *)(s), sizeof(s) - 1}) /* of a string literal */

struct view view_of(const void *p, size_t n);
struct view view_str(const char *s);
struct view blob_view(const struct blob *b);
bool view_equal(struct view a, struct view b);
bool view_equal_str(struct view a, const char *s);
/* Total order by octets, shorter first on a common prefix: <0, 0, >0. */
int view_compare(struct view a, struct view b);
/* Cut v at the first c: what is before it is returned, what is behind stays in *v. Without c,
 * all of it is returned. */
struct view view_cut(struct view *v, char c);
/* Equality in time that depends on the lengths only. */
bool view_equal_secret(struct view a, struct view b);

void blob_add(struct blob *b, const void *p, size_t n);
void blob_add_view(struct blob *b, struct view v);
void blob_add_byte(struct blob *b, uint8_t c);
void blob_add_str(struct blob *b, const char *s);
void blob_printf(struct blob *b, const char *fmt, ...) PRINTF(2, 3);
/* Make room for n more octets at the end and return where they start; the length grows by n. */
uint8_t *blob_grow(struct blob *b, size_t n);
void blob_set(struct blob *b, struct view v); /* replace what it holds */
void blob_clear(struct blob *b);	      /* length 0, storage kept, bytes wiped */
void blob_free(struct blob *b);
/* The text in b with a NUL behind it (not counted in n). */
const char *blob_cstr(struct blob *b);

/* These three are what decoders spend their time in: seen by the compiler, they cost nothing.
 */
static inline struct reader
reader_of(struct view v)
{
	return (struct reader){v.p, v.n};
}

MUST_USE static inline bool
read_view(struct reader *r, size_t n, struct view *out)
{
	if (n > r->n)
		return false;
	out->p = r->p;
	out->n = n;
	if (n > 0)
		r->p += n;
	r->n -= n;
	return true;
}

MUST_USE static inline bool
read_u8(struct reader *r, uint8_t *out)
{
	struct view v;

	if (!read_view(r, 1, &v))
		return false;
	*out = v.p[0];
	return true;
}

bool read_u16(struct reader *r, uint16_t *out) MUST_USE; /* big endian, as u32, u64 */
bool read_u32(struct reader *r, uint32_t *out) MUST_USE;
bool read_u64(struct reader *r, uint64_t *out) MUST_USE;
/* A u32 length, then that many octets. */
bool read_sized(struct reader *r, struct view *out) MUST_USE;
void blob_add_u16(struct blob *b, uint16_t v);
void blob_add_u32(struct blob *b, uint32_t v);
void blob_add_u64(struct blob *b, uint64_t v);
void blob_add_sized(struct blob *b, struct view v);

void hex_add(struct blob *out, struct view v, bool upper);
int hex_digit(char c); /* its value, or -1 */
void base64_encode(struct view in, struct blob *out);
/* Hex digits, optionally separated by ':', '-', ' ' or '.'; refuses anything else and odd
 * counts. */
bool hex_decode(const char *s, struct blob *out) MUST_USE;
/* Outside text for a log line or a terminal: quotes, control and non-ASCII octets become \xNN.
 */
void text_escape(struct blob *out, struct view v);

/* Allocation never returns NULL: out of memory ends the process, the supervisor starts a new
 * set. */
void *mem_get(size_t n);			     /* zeroed */
void *mem_resize(void *p, size_t n);		     /* as realloc */
void *mem_array(void *p, size_t count, size_t size); /* realloc with overflow check */
char *mem_str(const char *s);
void mem_wipe(void *p, size_t n);
/* What was freed goes back to the system, as far as it knows how: after a rush. */
void mem_give_back(void);

/* ---- time ---- */

/* Seconds since 1970-01-01T00:00:00Z. 64 bits: no date of X.509 overflows it. */
typedef int64_t when_t;

#define WHEN_NEVER INT64_MAX
#define MINUTE ((when_t)60)
#define HOUR ((when_t)3600)
#define DAY ((when_t)86400)

when_t when_add(when_t t, when_t span); /* saturates at WHEN_NEVER and INT64_MIN */
when_t when_min(when_t a, when_t b);
when_t when_max(when_t a, when_t b);

struct date {
	int year, month, day, hour, minute, second; /* month and day from 1 */
};

struct date date_of(when_t t); /* proleptic Gregorian, UTC */
/* Refuses a date that does not exist, and second 60. */
bool date_when(const struct date *d, when_t *out) MUST_USE;
bool when_parse(const char *rfc3339, when_t *out) MUST_USE; /* 2026-01-31T12:00:00Z only */

#define WHEN_TEXT 40
const char *when_rfc3339(when_t t, char out[WHEN_TEXT]);
/* As IOS prints dates: 13:14:16 UTC Oct 9 2015. */
const char *when_ios(when_t t, char out[WHEN_TEXT]);
/* As IOS prints what is left: 639d23:54:17.977, 3d 7:05:24.003, 5:54:17.977, 4:05.120, 6.908.
 */
const char *span_ios(int64_t milliseconds, char out[WHEN_TEXT]);

/* ---- the clock: clock.c alone reads one ---- */

/*
 * SPEC is "real" (or NULL), or "at=RFC3339,rate=R[,epoch=UNIXSECONDS]": now = at + R x (real -
 * epoch), or "step=FILE[,at=RFC3339]": what the file says, which begins at at (now, if absent)
 * and jumps to the earliest instant announced. A simulated clock is authoritative.
 */
bool clock_init(const char *spec, struct err *e) MUST_USE;
when_t clock_now(void);
int64_t clock_now_ms(void);
/* Monotonic, real, for transport time-outs and nothing else. */
int64_t clock_mono_ms(void);
/* Seconds since the boot, sleep included. A simulated clock is its own boot clock. */
when_t clock_boot(void);
#define CLOCK_BOOT_ID 40
/* Of this boot of the machine; "" when there is none. The first call reads a file. */
const char *clock_boot_id(void);
/* True when simulated, or when the kernel says so. */
bool clock_synchronised(void);
/* The same, or after clock_calendar_valid(). */
bool clock_authoritative(void);
bool clock_simulated(void);
bool clock_stepped(void);
/*
 * For a clock that steps; others ignore it. The process has nothing to do before next, unless
 * it is busy. Once all have announced so, the clock jumps to the earliest instant. Who has
 * announced once is waited for until it ends; nobody waits for who never has.
 */
void clock_announce(when_t next, bool busy);
/* For who leads the clock, by announcing how far it may go: is everybody else done with this
 * instant? If so, when is the earliest of them due? WHEN_NEVER: nobody has anything to do. */
bool clock_settled(when_t *next);
/* Of a simulated clock: the real instant, in Unix seconds, at which it showed its start. */
double clock_epoch(void);
/* Real milliseconds until the clock shows t (0 when it is past); of a clock that steps, until
 * it is worth another look. */
int64_t clock_real_ms_until(when_t t);
void clock_calendar_valid(bool valid);
/* "NTP", "hardware calendar", "simulated clock", "simulated clock that steps" or "no
 * authoritative source". */
const char *clock_source(void);

/* ---- log: one line per event on stderr ---- */

enum log_level { LOG_NOTHING, LOG_ERROR, LOG_WARN, LOG_NOTICE, LOG_DEBUG };

void log_open(const char *who, enum log_level least);
/* Words first, then facts: log_notice("shadow CA made", "serial='%s'", s). Outside text is
 * escaped by the caller. */
void log_error(const char *what, const char *fmt, ...) PRINTF(2, 3);
void log_warn(const char *what, const char *fmt, ...) PRINTF(2, 3);
void log_notice(const char *what, const char *fmt, ...) PRINTF(2, 3);
void log_debug(const char *what, const char *fmt, ...) PRINTF(2, 3);

/* ---- crashes ---- */

/* Named points where a crash is worth a test; compiled to nothing but in the test build
 * (-Dcrash_points=true). */
#ifdef CRASH_POINTS
void crash_point(
    const char *name); /* ends the process when KEYMUSTER_CRASH=name[:n-th] says so */
#else
#define crash_point(name) ((void)0)
#endif

#endif
