/* clock.c - the only reader of clocks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "base/base.h"

/* Simulated: now = at + rate x (real - epoch). Real: rate 1, at = epoch. */
static struct {
	bool simulated, calendar_valid;
	double rate;
	int64_t at_ms, epoch_ms;
} clk = {false, false, 1.0, 0, 0};

static int64_t
real_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool
parse_number(const char *s, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(s, &end);
	return errno == 0 && end != s && *end == 0 && isfinite(*out);
}

/* One KEY=VALUE of the specification. */
static bool
spec_word(const char *word, bool *have_at, struct err *e)
{
	double number;
	when_t at;

	if (strncmp(word, "at=", 3) == 0) {
		if (!when_parse(word + 3, &at))
			return err_set(e, WHY_BAD_INPUT,
			    "clock: '%s' is no time like 2026-01-31T12:00:00Z", word + 3);
		clk.at_ms = at * 1000;
		*have_at = true;
		return true;
	}
	if (strncmp(word, "rate=", 5) == 0) {
		if (!parse_number(word + 5, &number) || number <= 0 || number > 1e8)
			return err_set(e, WHY_BAD_INPUT,
			    "clock: rate '%s' is not between 0 and 100000000", word + 5);
		clk.rate = number;
		return true;
	}
	if (strncmp(word, "epoch=", 6) == 0) {
		if (!parse_number(word + 6, &number) || fabs(number) > 1e11)
			return err_set(e, WHY_BAD_INPUT,
			    "clock: epoch '%s' is no Unix time in seconds", word + 6);
		clk.epoch_ms = (int64_t)(number * 1000);
		return true;
	}
	return err_set(e, WHY_BAD_INPUT,
	    "clock: '%s' is none of real, at=TIME, rate=NUMBER, epoch=SECONDS", word);
}

bool
clock_init(const char *spec, struct err *e)
{
	char copy[128], *next = copy;
	bool have_at = false;

	clk.simulated = false;
	clk.rate = 1.0;
	clk.at_ms = clk.epoch_ms = 0;
	if (spec == NULL || strcmp(spec, "real") == 0)
		return true;
	if (strlen(spec) >= sizeof(copy))
		return err_set(e, WHY_BAD_INPUT, "clock: specification of over %zu characters",
		    sizeof(copy) - 1);
	memcpy(copy, spec, strlen(spec) + 1);
	clk.epoch_ms = real_ms();
	while (next != NULL) {
		char *word = next;

		next = strchr(word, ',');
		if (next != NULL)
			*next++ = 0;
		if (!spec_word(word, &have_at, e))
			return false;
	}
	if (!have_at)
		return err_set(e, WHY_BAD_INPUT,
		    "clock: a simulated clock needs at=TIME, as at=2026-01-31T12:00:00Z");
	clk.simulated = true;
	return true;
}

int64_t
clock_now_ms(void)
{
	if (!clk.simulated)
		return real_ms();
	return clk.at_ms + (int64_t)floor(clk.rate * (double)(real_ms() - clk.epoch_ms));
}

when_t
clock_now(void)
{
	int64_t ms = clock_now_ms();

	return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

double
clock_epoch(void)
{
	return (double)clk.epoch_ms / 1000;
}

bool
clock_simulated(void)
{
	return clk.simulated;
}

static bool
kernel_synchronised(void)
{
	struct timex tx = {0};

	int state = adjtimex(&tx);

	return state >= 0 && state != TIME_ERROR && (tx.status & STA_UNSYNC) == 0;
}

bool
clock_authoritative(void)
{
	return clk.simulated || clk.calendar_valid || kernel_synchronised();
}

int64_t
clock_real_ms_until(when_t t)
{
	double ms;

	if (t == WHEN_NEVER)
		return INT64_MAX;
	if (t > INT64_MAX / 1000)
		return INT64_MAX;
	if (t < INT64_MIN / 1000)
		return 0;
	ms = ((double)t * 1000 - (double)clock_now_ms()) / clk.rate;
	if (ms <= 0)
		return 0;
	return ms > 1e15 ? INT64_MAX : (int64_t)ceil(ms);
}

void
clock_calendar_valid(bool valid)
{
	clk.calendar_valid = valid;
}

const char *
clock_source(void)
{
	if (clk.simulated)
		return "simulated clock";
	if (kernel_synchronised())
		return "NTP";
	if (clk.calendar_valid)
		return "hardware calendar";
	return "no authoritative source";
}
