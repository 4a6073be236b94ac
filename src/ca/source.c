/* source.c - what addresses did wrong lately. */
#include "ca/ca_int.h"

#define SOURCE_MEMORY HOUR
#define BAD_OPENS_MAX 100     /* an hour and address, then 503 (reliability R-34) */
#define WRONG_EVERYWHERE 1000 /* an hour, all addresses, then every wrong answer waits */
#define DELAY_MAX_MS 30000

/* The slot of an address that is remembered. *spare gets the free or stalest slot near its
 * place. */
static struct source *
source_find(struct ca *ca, uint64_t key, when_t now, struct source **spare)
{
	*spare = NULL;
	for (size_t i = 0; i < 8; i++) {
		struct source *s = &ca->sources[(key + i) % SOURCES];

		if (s->key == key && now < s->until)
			return s;
		if (*spare == NULL || s->until < (*spare)->until)
			*spare = s;
	}
	return NULL;
}

static uint64_t
source_key(const char *address)
{
	return (uint64_t)sha256_8(view_str(address)) | 1;
}

static struct source *
source_remember(struct ca *ca, const char *address, when_t now)
{
	uint64_t key = source_key(address);
	struct source *spare, *s = source_find(ca, key, now, &spare);

	if (s == NULL) {
		s = spare;
		*s = (struct source){.key = key};
	}
	s->until = when_add(now, SOURCE_MEMORY);
	return s;
}

int64_t
source_wrong_password(struct ca *ca, const char *address, when_t now)
{
	struct source *s = source_remember(ca, address, now);
	int64_t delay = 0;

	s->wrong_passwords++;
	if (now >= ca->wrong_until) {
		ca->wrong_until = when_add(now, HOUR);
		ca->wrong_everywhere = 0;
	}
	ca->wrong_everywhere++;
	if (s->wrong_passwords > 3)
		delay = s->wrong_passwords > 18 ? DELAY_MAX_MS
						: (int64_t)1000 << (s->wrong_passwords - 4);
	if (ca->wrong_everywhere > WRONG_EVERYWHERE && delay < 5000)
		delay = 5000;
	return delay > DELAY_MAX_MS ? DELAY_MAX_MS : delay;
}

void
source_bad_open(struct ca *ca, const char *address, when_t now)
{
	struct source *s = source_remember(ca, address, now);

	s->bad_opens++;
}

bool
source_blocked(struct ca *ca, const char *address, when_t now)
{
	struct source *spare, *s = source_find(ca, source_key(address), now, &spare);

	return s != NULL && s->bad_opens > BAD_OPENS_MAX;
}
