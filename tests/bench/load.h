/*
 * load.h - the load generator: sign beforehand, fire, open afterwards.
 *
 * Prepare makes records (a signed message and what is needed to open its answer), fire sends
 * them over loopback HTTP and keeps the answers, check opens them when the clock has stopped,
 * measure weighs the server.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include "lib/peer.h"

#define PROCESSES 2

/* Split 0..count between PROCESSES children and wait for them; a child that fails fails all. */
bool in_parallel(size_t count, void (*work)(void *arg, int part, size_t from, size_t to),
    void *arg, struct err *e) MUST_USE;

/* ---- prepare ---- */

struct record { /* views into the bytes of the set */
	uint32_t key, asked;
	struct view subject, transaction, nonce, signer, message;
};
struct record_set {
	struct blob bytes;
	struct record *rows;
	size_t n;
};
struct wanted {
	size_t first, count;   /* keys and subject numbers */
	const char *prefix;    /* of the common name */
	const char *challenge; /* NULL: none */
	const char *digest, *cipher;
};

/* Sign the enrolments, or load them from file when it holds just these (file may be NULL). */
bool records_enrol(const struct peer *ca, const struct wanted *w, const char *file,
    struct record_set *out, struct err *e) MUST_USE;
struct lane;
/* A renewal by what each was answered, to the CA that is next. */
bool records_shadow(const struct peer *next, const struct peer *ca,
    const struct record_set *enrolled, const struct lane *answers, struct record_set *out,
    struct err *e) MUST_USE;
/* A CertPoll for each of these enrolments. */
bool records_poll(const struct peer *ca, const struct record_set *enrolled,
    struct record_set *out, struct err *e) MUST_USE;
/* The peer that sent r, ready to open the answer. */
bool record_peer(
    const struct record *r, const struct peer *ca, struct peer *out, struct err *e) MUST_USE;
void records_free(struct record_set *s);

/* ---- fire ---- */

struct target {
	char host[64], path[256];
	uint16_t port;
};
struct request {
	struct blob head;
	struct view body;
};
struct result {
	int64_t took_us;   /* from the first attempt to the last octet */
	int64_t before_us; /* of that, until the request before was answered */
	int http;	   /* 0: never answered */
	unsigned retries;
	struct blob body;
};
struct lane {				/* what one group of connections sends */
	const struct request *requests; /* sent in turn, over again when count is larger */
	size_t request_count;
	size_t count; /* 0: goes on until the other lanes have ended */
	int connections;
	int64_t pace_us;	      /* pause after each answer */
	bool keep_answers;	      /* else only compared with the first */
	const struct request *before; /* each sends this first; the answers are compared */
	bool crowd; /* addresses of their own; waits as long as Retry-After says */
	/* Called with an answer of 200 before it counts as received; may be NULL. */
	void (*received)(void *arg, size_t i, struct view body);
	void *arg;
	/* filled by fire */
	struct result *results;
	size_t sent, done, room, differ;
	struct blob sample; /* first answer */
};

/* Send all lanes. Connection trouble and 503 are retried until deadline_us per request;
 * *took_us is the whole time. */
bool fire(const struct target *to, struct lane *lanes, size_t lane_count, int64_t deadline_us,
    int64_t *took_us, struct err *e) MUST_USE;
void lane_free(struct lane *l);
void request_get(const struct target *to, const char *path_and_query, struct request *out);
void request_post(const struct target *to, struct view message, struct request *out);
void request_get_message(const struct target *to, struct view message, struct request *out);

/* ---- check ---- */

struct verdict {
	int status, fail_info; /* -1: the answer could not be opened */
	uint8_t sha256[32];    /* of the certificate */
	char serial[64], error[200];
};

/* Open every answer; gnutls_sample of the certificates are also given to GnuTLS. */
bool check_answers(const struct peer *ca, const struct record_set *s, const struct lane *l,
    size_t gnutls_sample, struct verdict **out, struct err *e) MUST_USE;
void verdicts_free(struct verdict *v, size_t n);
size_t count_duplicate_serials(const struct verdict *v, size_t n);
/* Subjects that a received log gives another certificate than v does; *known counts the lines
 * that were compared. */
bool compare_received(const char *file, const struct record_set *s, const struct verdict *v,
    size_t *known, size_t *differ, struct err *e) MUST_USE;
/* One line "sha256 serial subject" of an answer, if it is a certificate, by one O_APPEND write.
 */
struct received_log {
	int fd;
	const struct peer *ca;
	const struct record_set *set;
};
void received_append(void *log, size_t i, struct view body);

/* ---- measure ---- */

int64_t now_us(void);
struct scale {		/* best of some bursts, taken in turn */
	double r_ms;	/* one RSA-2048 private operation */
	double bare_ms; /* one enrolment's bare cryptography, all contexts kept */
};
/* Measure (about a second) with certificates signed by a key like this; best is what was found
 * before, zero at first. */
struct scale measure_scale(EVP_PKEY *ca, struct scale best);

/* The same R, by a thread beside the load: the mean in ms of CPU between start and stop. */
void meter_start(void);
double meter_stop(void);

struct usage {
	double cpu_ms, pss_mib;
	size_t processes;
};
/* Of these processes ("12,34") and all below them. */
struct usage usage_of(const char *pids);

struct spread {
	double p50, p95, p99, max; /* ms */
};
struct spread spread_of(const struct lane *l);

/* A figure of the report: printed at once, kept for JSON. */
void figure(const char *name, double value, int digits, const char *unit);
void figure_spread(const char *name, struct spread s);
bool figures_json(const char *file, struct err *e) MUST_USE;

#endif
