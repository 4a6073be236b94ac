/* numbers.c - serials and intents, each given once. */
#include "ca/ca_int.h"

#define SERIAL_OCTETS 16
/* A store that was put back as a backup had it counts into intents, serials and list numbers
 * that were given since: each leaps ahead of them (BAD-137). The guard allows a leap of intents
 * and list numbers that is sixteen times as wide. */
#define LEAP 65536

/* 0: there is no such fact. */
static bool
counter_get(struct ca *ca, const char *name, uint64_t *out, struct err *e)
{
	struct blob fact = {0};
	struct err why = {0};
	bool ok;

	*out = 0;
	if (ST(ca)->fact_get(ca->store, name, &fact, &why)) {
		struct reader r = reader_of(blob_view(&fact));

		ok = read_u64(&r, out) || err_set(e, WHY_IO, "fact '%s' is damaged", name);
	} else {
		ok = absent(&why, e);
	}
	blob_free(&fact);
	return ok;
}

static bool
counter_put(struct ca *ca, const char *name, uint64_t value, struct err *e)
{
	struct blob fact = {0};
	bool ok;

	blob_add_u64(&fact, value);
	ok = ST(ca)->fact_put(ca->store, name, blob_view(&fact), e);
	blob_free(&fact);
	return ok;
}

/* ---- serials ---- */

static bool
serial_last(struct ca *ca, uint64_t *out, struct err *e)
{
	int64_t floor = ca->policy.serial_floor;

	if (!counter_get(ca, "serial", out, e))
		return false;
	if (floor > 0 && *out < (uint64_t)floor)
		*out = (uint64_t)floor;
	return true;
}

/* Random: 126 bits under a leading 01, so positive and always 16 octets (CP-02). Unique by the
 * store's constraint. */
bool
serial_next(struct ca *ca, struct blob *out, struct err *e)
{
	uint8_t octets[SERIAL_OCTETS];
	struct blob counted = {0};
	uint64_t last;

	if (!ca->policy.serial_sequential) {
		keys_random(ca->keys, octets, sizeof(octets));
		octets[0] = (uint8_t)((octets[0] & 0x3f) | 0x40);
		blob_set(out, view_of(octets, sizeof(octets)));
		return true;
	}
	if (!serial_last(ca, &last, e) || !counter_put(ca, "serial", last + 1, e))
		return false;
	blob_add_u64(&counted, last + 1);
	blob_set(out, serial_unsigned(blob_view(&counted)));
	blob_free(&counted);
	return true;
}

static bool
serial_leap(struct ca *ca, uint64_t from, struct err *e)
{
	return from >= INT64_MAX - LEAP || counter_put(ca, "serial", from + LEAP, e);
}

bool
serial_passed(struct ca *ca, struct view serial, struct err *e)
{
	uint64_t last, given = 0;

	if (!ca->policy.serial_sequential || serial.n > 8)
		return true;
	for (size_t i = 0; i < serial.n; i++)
		given = given << 8 | serial.p[i];
	return serial_last(ca, &last, e) && (given <= last || serial_leap(ca, given, e));
}

/* ---- what the signer has signed before ---- */

static int64_t
leapt(const struct ca *ca, int64_t from, const char *why)
{
	log_warn("the database is older than its keys, numbers leap", "ca='%s' why='%s'",
	    ca->policy.name, why);
	return from < INT64_MAX - LEAP ? from + LEAP : from;
}

bool
intent_load(struct ca *ca, struct err *e)
{
	uint64_t least;

	if (!counter_get(ca, "intent-least", &least, e))
		return false;
	ca->intent_least = (int64_t)least;
	return true;
}

bool
intent_taken(struct ca *ca, int64_t intent, const char *why, struct err *e)
{
	uint64_t last;

	ca->intent_least = leapt(ca, intent, why);
	return counter_put(ca, "intent-least", (uint64_t)ca->intent_least, e) &&
	       (!ca->policy.serial_sequential ||
		   (serial_last(ca, &last, e) && serial_leap(ca, last, e)));
}

void
list_number_taken(struct ca *ca, int64_t number, const char *why)
{
	ca->crl_number = leapt(ca, number, why);
}
