/* when.c - dates and spans, saturating, UTC. */
#include <string.h>

#include "base/base.h"

when_t
when_add(when_t t, when_t span)
{
	when_t sum;

	if (t == WHEN_NEVER)
		return WHEN_NEVER;
	if (__builtin_add_overflow(t, span, &sum))
		return span > 0 ? WHEN_NEVER : INT64_MIN;
	return sum;
}

when_t
when_min(when_t a, when_t b)
{
	return a < b ? a : b;
}

when_t
when_max(when_t a, when_t b)
{
	return a > b ? a : b;
}

static bool
leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

/* Days since 1970-01-01 of a day in the proleptic Gregorian calendar, years counted from March.
 */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date
date_of(when_t t)
{
	int64_t days = t / DAY, rest = t % DAY;
	struct date d;

	if (rest < 0) {
		rest += DAY;
		days--;
	}
	days += 719468;

	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * of_year + 2) / 153;

	d.day = (int)(of_year - (153 * month + 2) / 5 + 1);
	d.month = (int)(month < 10 ? month + 3 : month - 9);
	d.year = (int)(year_of_era + era * 400 + (d.month <= 2 ? 1 : 0));
	d.hour = (int)(rest / 3600);
	d.minute = (int)(rest / 60 % 60);
	d.second = (int)(rest % 60);
	return d;
}

bool
date_when(const struct date *d, when_t *out)
{
	if (d->month < 1 || d->month > 12 || d->day < 1 || d->year < 0 || d->year > 9999 ||
	    d->day > month_days(d->year, d->month) || d->hour < 0 || d->hour > 23 ||
	    d->minute < 0 || d->minute > 59 || d->second < 0 || d->second > 59)
		return false;
	*out = days_of(d->year, d->month, d->day) * DAY + d->hour * HOUR + d->minute * MINUTE +
	       d->second;
	return true;
}

bool
when_parse(const char *s, when_t *out)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	int field[6] = {0}, n = 0;

	if (strlen(s) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i] != 0; i++) {
		if (shape[i] != 'd') {
			if (s[i] != shape[i])
				return false;
			n++;
		} else if (s[i] < '0' || s[i] > '9') {
			return false;
		} else {
			field[n] = field[n] * 10 + (s[i] - '0');
		}
	}
	return date_when(
	    &(struct date){field[0], field[1], field[2], field[3], field[4], field[5]}, out);
}

const char *
when_rfc3339(when_t t, char out[WHEN_TEXT])
{
	struct date d = date_of(t);

	(void)snprintf(out, WHEN_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month, d.day,
	    d.hour, d.minute, d.second);
	return out;
}

const char *
when_ios(when_t t, char out[WHEN_TEXT])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct date d = date_of(t);

	(void)snprintf(out, WHEN_TEXT, "%02d:%02d:%02d UTC %.3s %d %d", d.hour, d.minute,
	    d.second, months + 3 * (d.month - 1), d.day, d.year);
	return out;
}

const char *
span_ios(int64_t ms, char out[WHEN_TEXT])
{
	int64_t s, days, hours, minutes;

	if (ms < 0)
		ms = 0;
	s = ms / 1000;
	ms %= 1000;
	days = s / 86400;
	hours = s / 3600 % 24;
	minutes = s / 60 % 60;
	s %= 60;
	if (days > 0)
		(void)snprintf(
		    out, WHEN_TEXT, "%ldd%2ld:%02ld:%02ld.%03ld", days, hours, minutes, s, ms);
	else if (hours > 0)
		(void)snprintf(out, WHEN_TEXT, "%ld:%02ld:%02ld.%03ld", hours, minutes, s, ms);
	else if (minutes > 0)
		(void)snprintf(out, WHEN_TEXT, "%ld:%02ld.%03ld", minutes, s, ms);
	else
		(void)snprintf(out, WHEN_TEXT, "%ld.%03ld", s, ms);
	return out;
}
