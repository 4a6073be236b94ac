/*
 * oracle.c - compares the answers to broken envelopes.
 *
 *   oracle PORT CA.der replays N	each of the broken kinds N times
 *   oracle PORT CA.der timing N	each of the timed classes N times
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/pool.h"
#include "lib/welch.h"
#include "tests/conformance/broken.h"

#define EACH_CONNECTION 40 /* of one address: those that probe are told to wait after 100 */
#define ANSWER_MAX 16384

static struct {
	uint16_t port;
	struct peer peer;
	int fd;
	unsigned used, address;
	struct blob head, body; /* of the last answer */
} here = {.fd = -1};

static void
die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- HTTP ---- */

/* From another address of the loopback net each time. */
static void
reconnect(void)
{
	struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
	struct timeval patience = {.tv_sec = 60};

	if (here.fd >= 0)
		close(here.fd);
	here.address++;
	from.sin_addr.s_addr = htonl(0x7f010000 + here.address);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(here.port);
	here.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (here.fd < 0 || bind(here.fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    setsockopt(here.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
	    connect(here.fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("no connection");
	here.used = 0;
}

static void
request_of(struct view message, struct blob *out)
{
	blob_printf(out,
	    "POST /cgi-bin/pkiclient.exe?operation=PKIOperation HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n",
	    message.n);
	blob_add_view(out, message);
}

/* Until the body is as long as its head says. */
static void
receive(void)
{
	static uint8_t in[ANSWER_MAX];
	const uint8_t *end = NULL, *length = NULL;
	size_t n = 0, want = 0;

	while (end == NULL || n < want) {
		ssize_t got = n < sizeof(in) ? recv(here.fd, in + n, sizeof(in) - n, 0) : 0;

		if (got <= 0)
			die("no whole answer");
		n += (size_t)got;
		end = memmem(in, n, "\r\n\r\n", 4);
		length = end == NULL ? NULL : memmem(in, n, "Content-Length: ", 16);
		if (end != NULL && (length == NULL || length > end))
			die("an answer without length");
		if (end != NULL)
			want = (size_t)(end + 4 - in) +
			       strtoul((const char *)length + 16, NULL, 10);
	}
	blob_set(&here.head, view_of(in, (size_t)(end - in)));
	blob_set(&here.body, view_of(end + 4, want - (size_t)(end + 4 - in)));
}

static double
us_between(struct timespec a, struct timespec b)
{
	return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

/* One request; how long its answer took. */
static double
ask(const struct blob *request)
{
	struct timespec before, after;

	if (here.fd < 0 || here.used++ >= EACH_CONNECTION)
		reconnect();
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (send(here.fd, request->p, request->n, MSG_NOSIGNAL) != (ssize_t)request->n)
		die("not sent");
	receive();
	clock_gettime(CLOCK_MONOTONIC, &after);
	return us_between(before, after);
}

/* ---- messages ---- */

static void
broken_request(int kind, struct blob *request)
{
	static const struct peer_request plain;
	struct blob csr = {0}, sealed = {0}, message = {0};
	struct err e = {0};

	if (!peer_csr(&here.peer, &plain, &csr, &e))
		die(e.text);
	broken_envelope(here.peer.ca, kind, blob_view(&csr), &sealed);
	if (!forge_message(&(struct outer_row){0}, &here.peer, PEER_PKCS_REQ,
		blob_view(&sealed), &message, &e))
		die(e.text);
	request_of(blob_view(&message), request);
	blob_free(&csr);
	blob_free(&sealed);
	blob_free(&message);
}

static void
start(const char *port, const char *ca)
{
	FILE *f = fopen(ca, "re");
	uint8_t der[4096];
	struct err e = {0};

	here.port = (uint16_t)strtoul(port, NULL, 10);
	if (f == NULL || !peer_init(&here.peer, "O=Cisco,CN=mallory", pool_key(83), &e) ||
	    !peer_trust(&here.peer, view_of(der, fread(der, 1, sizeof(der), f)), &e))
		die("start");
	(void)fclose(f);
}

/* ---- replays ---- */

/* The value of an attribute of SCEP's arc becomes zeros. */
static void
blank_attribute(struct blob *b, uint8_t which)
{
	const uint8_t oid[] = {
	    0x06, 0x0a, 0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x45, 0x01, 0x09, which};
	uint8_t *at = memmem(b->p, b->n, oid, sizeof(oid));

	if (at == NULL)
		return;
	at += sizeof(oid) + 2; /* the SET's head; lengths are short */
	if (at + 2 + at[1] <= b->p + b->n)
		memset(at + 2, 0, at[1]);
}

/* All of the answer but what differs of each: date; nonces, transaction, signature. */
static void
blanked(struct blob *out)
{
	uint8_t *date;

	blob_set(out, blob_view(&here.head));
	date = memmem(out->p, out->n, "Date: ", 6);
	if (date != NULL && date + 35 <= out->p + out->n)
		memset(date, 0, 35);
	for (uint8_t which = 5; which <= 7; which++)
		blank_attribute(&here.body, which);
	if (here.body.n > 256)
		memset(here.body.p + here.body.n - 256, 0, 256);
	blob_add_view(out, blob_view(&here.body));
}

/* The answer that all must give: badRequest, signed by the CA. */
static void
check_first(void)
{
	struct peer_answer a = {0};
	struct err e = {0};

	if (memcmp(here.head.p, "HTTP/1.1 200 ", 13) != 0)
		die("the answer is not 200");
	if (!peer_open(&here.peer, blob_view(&here.body), &a, &e))
		die(e.text);
	if (a.status != PEER_FAILURE || a.fail_info != PEER_BAD_REQUEST)
		die("the answer is not badRequest");
	printf("# badRequest '%s', %zu octets\n", a.text, here.body.n);
	peer_answer_free(&a);
}

static int
replays(long times)
{
	static struct blob requests[BROKEN_KINDS], last;
	struct blob first = {0}, now = {0};
	size_t varied[BROKEN_KINDS] = {0}, all = 0;

	for (int kind = BROKEN_KINDS - 1; kind >= 0; kind--)
		broken_request(kind, &requests[kind]);
	(void)ask(&requests[0]); /* the peer knows the nonce of the last */
	check_first();
	blanked(&first);
	for (long i = 0; i < times; i++)
		for (int kind = 0; kind < BROKEN_KINDS; kind++) {
			(void)ask(&requests[kind]);
			blanked(&now);
			if (view_equal(blob_view(&now), blob_view(&first)))
				continue;
			if (varied[kind]++ == 0)
				hex_add(&last, blob_view(&here.body), false);
			all++;
		}
	printf("%sok 1 - BAD-076 BAD-077 AL-06 %d envelopes, %ld replays each by HTTP: none "
	       "varies\n",
	    all == 0 ? "" : "not ", BROKEN_KINDS, times);
	for (int kind = 0; kind < BROKEN_KINDS; kind++)
		if (varied[kind] > 0)
			printf("# kind %d: %zu of %ld differ\n", kind, varied[kind], times);
	for (int kind = 0; kind < BROKEN_KINDS; kind++)
		blob_free(&requests[kind]);
	blob_free(&first);
	blob_free(&now);
	blob_free(&last);
	return all == 0 ? 0 : 1;
}

/* ---- timing ---- */

#define VARIANTS 64 /* of each class, or one message's own time would be measured */
#define ALARM 4.5   /* dudect */

/* The first is what the others are measured by. All have a wrapped key of the right size. */
static const struct {
	const char *what;
	int kind;
} classes[] = {
    {"right key, wrong padding of the content", BROKEN_PADDING + 8},
    {"right key, noise inside", BROKEN_CONTENT + 4},
    {"wrong block type", BROKEN_BLOCKS},
    {"zero in the padding", BROKEN_BLOCKS + 4},
    {"no zero in front of the key", BROKEN_BLOCKS + 10},
};

struct sample {
	size_t class;
	double us;
};

static int
by_time(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->us, y = ((const struct sample *)b)->us;

	return x < y ? -1 : x > y;
}

/* Samples of all classes, in random order. */
static void
measure(const struct blob requests[][VARIANTS], struct sample *out, size_t n)
{
	uint8_t dice[2];

	for (size_t i = 0; i < n; i++) {
		if (RAND_bytes(dice, sizeof(dice)) != 1)
			die("dice");
		out[i].class = dice[0] % COUNT_OF(classes);
		out[i].us = ask(&requests[out[i].class][dice[1] % VARIANTS]);
	}
}

/* Welch's t of a class and the first, among the fastest n of all: the rest is the scheduler's.
 */
static double
t_among(const struct sample *sorted, size_t n, size_t class)
{
	struct sums first = {0}, other = {0};

	for (size_t i = 0; i < n; i++)
		if (sorted[i].class == 0 || sorted[i].class == class)
			sums_add(sorted[i].class == 0 ? &first : &other, sorted[i].us);
	return welch(&first, &other);
}

static int
timing(long each)
{
	static struct blob requests[COUNT_OF(classes)][VARIANTS];
	static const size_t percent[] = {25, 50, 90};
	size_t n = (size_t)each * COUNT_OF(classes);
	struct sample *samples = mem_array(NULL, n, sizeof(*samples));
	int bad = 0;

	for (size_t c = 0; c < COUNT_OF(classes); c++)
		for (int i = 0; i < VARIANTS; i++)
			broken_request(classes[c].kind, &requests[c][i]);
	measure((const struct blob(*)[VARIANTS])requests, samples, n);
	qsort(samples, n, sizeof(*samples), by_time);
	printf("# %zu answers, median %.0f us\n", n, samples[n / 2].us);
	for (size_t c = 1; c < COUNT_OF(classes); c++) {
		double t[COUNT_OF(percent)];
		bool ok = true;

		for (size_t i = 0; i < COUNT_OF(percent); i++) {
			t[i] = t_among(samples, n * percent[i] / 100, c);
			ok = ok && fabs(t[i]) < ALARM;
		}
		printf("%sok %zu - AL-06 %s: t=%+.2f %+.2f %+.2f\n", ok ? "" : "not ", c,
		    classes[c].what, t[0], t[1], t[2]);
		bad += !ok;
	}
	for (size_t c = 0; c < COUNT_OF(classes); c++)
		for (int i = 0; i < VARIANTS; i++)
			blob_free(&requests[c][i]);
	free(samples);
	return bad;
}

int
main(int argc, char **argv)
{
	int bad;

	if (argc != 5)
		die("usage: oracle PORT CA.der replays|timing N");
	start(argv[1], argv[2]);
	bad = strcmp(argv[3], "timing") == 0 ? timing(strtol(argv[4], NULL, 10))
					     : replays(strtol(argv[4], NULL, 10));
	close(here.fd);
	blob_free(&here.head);
	blob_free(&here.body);
	peer_free(&here.peer);
	pool_free();
	return bad == 0 ? 0 : 1;
}
