/* clock.c - the only reader of clocks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "base/step.h"

/* Simulated: now = at + rate x (real - epoch), or what a file says. Real: rate 1, at = epoch.
 */
static struct {
	bool simulated, stepped, calendar_valid;
	double rate;
	int64_t at_ms, epoch_ms;
} clk = {.rate = 1.0};

static int64_t
read_ms(clockid_t which)
{
	struct timespec ts;

	(void)clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
real_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

static bool
parse_number(const char *s, double *out)
{
	char *end;

	errno = 0;
	*out = strtod(s, &end);
	return errno == 0 && end != s && *end == 0 && isfinite(*out);
}

struct spec {
	bool have_at, have_pace; /* pace: rate or epoch */
	const char *step;	 /* file, or NULL */
};

/* One KEY=VALUE of the specification. */
static bool
spec_word(const char *word, struct spec *spec, struct err *e)
{
	double number;
	when_t at;

	if (strncmp(word, "step=", 5) == 0 && word[5] != 0) {
		spec->step = word + 5;
		return true;
	}
	if (strncmp(word, "at=", 3) == 0) {
		if (!when_parse(word + 3, &at))
			return err_set(e, WHY_BAD_INPUT,
			    "clock: '%s' is no time like 2026-01-31T12:00:00Z", word + 3);
		clk.at_ms = at * 1000;
		spec->have_at = true;
		return true;
	}
	spec->have_pace = true;
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
	    "clock: '%s' is none of real, at=TIME, rate=NUMBER, epoch=SECONDS, step=FILE",
	    word);
}

static bool
spec_use(const struct spec *spec, struct err *e)
{
	if (spec->step != NULL && spec->have_pace)
		return err_set(e, WHY_BAD_INPUT,
		    "clock: a stepped clock has no pace: leave out rate= and epoch=");
	if (spec->step != NULL) {
		clk.stepped =
		    step_open(spec->step, (spec->have_at ? clk.at_ms : real_ms()) / 1000, e);
		return clk.stepped;
	}
	return spec->have_at ||
	       err_set(e, WHY_BAD_INPUT,
		   "clock: a simulated clock needs at=TIME, as at=2026-01-31T12:00:00Z");
}

bool
clock_init(const char *spec, struct err *e)
{
	char copy[512], *next = copy;
	struct spec words = {0};

	clk.simulated = clk.stepped = false;
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
		if (!spec_word(word, &words, e))
			return false;
	}
	clk.simulated = spec_use(&words, e);
	return clk.simulated;
}

int64_t
clock_now_ms(void)
{
	if (!clk.simulated)
		return real_ms();
	if (clk.stepped)
		return step_now() * 1000;
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
	return read_ms(CLOCK_MONOTONIC);
}

when_t
clock_boot(void)
{
	return clk.simulated ? clock_now() : read_ms(CLOCK_BOOTTIME) / 1000;
}

const char *
clock_boot_id(void)
{
	static char id[CLOCK_BOOT_ID];
	FILE *f;

	if (clk.simulated)
		return "";
	f = id[0] == 0 ? fopen("/proc/sys/kernel/random/boot_id", "r") : NULL;
	if (f == NULL)
		return id;
	if (fscanf(f, "%39s", id) != 1)
		id[0] = 0;
	(void)fclose(f);
	return id;
}

double
clock_epoch(void)
{
	return (double)clk.epoch_ms / 1000;
}

bool
clock_stepped(void)
{
	return clk.stepped;
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
clock_synchronised(void)
{
	return clk.simulated || kernel_synchronised();
}

bool
clock_authoritative(void)
{
	return clk.calendar_valid || clock_synchronised();
}

int64_t
clock_real_ms_until(when_t t)
{
	double ms;

	if (clk.stepped)
		return t <= step_now() ? 0 : STEP_POLL_MS;
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
clock_announce(when_t next, bool busy)
{
	if (clk.stepped)
		step_announce(next, busy);
}

bool
clock_settled(when_t *next)
{
	*next = WHEN_NEVER;
	return !clk.stepped || step_settled(next);
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
		return clk.stepped ? "simulated clock that steps" : "simulated clock";
	if (kernel_synchronised())
		return "NTP";
	if (clk.calendar_valid)
		return "hardware calendar";
	return "no authoritative source";
}
