/* bench_fill.c - fill a stopped authority's store. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store.h"

/*
 * Rows as an enrolment leaves them: intent, certificate, client, audit record; serials, keys
 * and identities are random, so that they fall all over the indexes.
 */
#define TBS_SIZE 700
#define CERT_SIZE 980
#define GROUP 20000

static uint64_t seed = 0x5eed;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
draw_octets(uint8_t *out, size_t n)
{
	while (n-- > 0)
		*out++ = (uint8_t)(draw() >> 24);
}

static bool
row_add(struct store *s, when_t now, struct err *e)
{
	static uint8_t body[CERT_SIZE], serial[16], identity[32], digest[32], subject[60];
	int64_t intent = 0;

	draw_octets(serial, sizeof(serial));
	draw_octets(identity, sizeof(identity));
	draw_octets(digest, sizeof(digest));
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);

	struct row_cert c = {
	    .generation = 1,
	    .serial = view_of(serial, sizeof(serial)),
	    .serial8 = sha256_8(view_of(serial, sizeof(serial))),
	    .key8 = (int64_t)draw(),
	    .identity = view_of(identity, sizeof(identity)),
	    .subject = view_of(subject, sizeof(subject)),
	    .not_before = now,
	    .not_after = when_add(now, (when_t)365 * 86400),
	    .made_at = now,
	    .kind = CERT_INITIAL,
	    .body = view_of(body, TBS_SIZE),
	    .request = view_of(digest, sizeof(digest)),
	    .transaction = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    .granted_by = "auto",
	};
	struct row_client client = {
	    .identity = c.identity,
	    .subject = c.subject,
	    .first_seen = now,
	    .last_seen = now,
	    .source = "127.0.0.1",
	    .asked = "PKCSReq",
	};

	if (!s->table->cert_intent(s, &c, &intent, e) ||
	    !s->table->cert_settle(s, intent, view_of(body, CERT_SIZE), e))
		return false;
	client.intent = intent;
	return s->table->client_put(s, &client, e) &&
	       s->table->audit_add(s, now, "127.0.0.1", "issue", "CN=filler", e);
}

static bool
fill(struct store *s, int64_t rows, struct err *e)
{
	when_t now = clock_now();
	int64_t issued = 0, revoked;

	while (issued < rows) {
		if (!s->table->begin(s, e) || !s->table->cert_count(s, &issued, &revoked, e))
			return false;
		for (int i = 0; i < GROUP && issued < rows; i++, issued++)
			if (!row_add(s, now, e))
				return false;
		if (!s->table->commit(s, e))
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	struct store *s;

	if (argc != 3) {
		fputs("usage: bench_fill STORE.DB ROWS\n", stderr);
		return 2;
	}
	seed ^= (uint64_t)strtoll(argv[2], NULL, 10) << 20;
	s = clock_init(NULL, &e) ? store_open_sqlite(argv[1], &e) : NULL;
	if (s == NULL || !fill(s, strtoll(argv[2], NULL, 10), &e)) {
		fprintf(stderr, "bench_fill: %s\n", e.text);
		return 1;
	}
	s->table->close(s);
	return 0;
}
