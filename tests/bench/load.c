/* load.c - load generator: options, phases, report. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load.h"
#include "lib/pool.h"

static struct options {
	const char *what, *requests, *received, *compare, *answers, *json, *pids, *challenge,
	    *prefix, *digest, *cipher, *beside, *crl_path, *expect;
	long count, first, connections, deadline, gnutls;
	bool get;
} opt = {
    .what = "enrol",
    .prefix = "r",
    .digest = "SHA256",
    .cipher = "AES-128-CBC",
    .expect = "success",
    .count = 1000,
    .connections = 16,
    .deadline = 30,
};

static const struct option_row {
	const char *name;
	const char **text;
	long *number;
	bool *flag;
	const char *help;
} option_rows[] = {
    {"--what", &opt.what,
	.help = "enrol, repeat, poll, storm, caps, cacert, nextca or crl (enrol)"},
    {"--count", .number = &opt.count, .help = "requests (1000)"},
    {"--connections", .number = &opt.connections, .help = "at once (16)"},
    {"--first", .number = &opt.first, .help = "number of the first key and subject (0)"},
    {"--prefix", &opt.prefix, .help = "of the common names (r)"},
    {"--challenge", &opt.challenge, .help = "password in each CSR"},
    {"--digest", &opt.digest, .help = "SHA256, SHA384, SHA512, SHA1, MD5"},
    {"--cipher", &opt.cipher, .help = "AES-128-CBC, AES-192-CBC, AES-256-CBC, DES-EDE3-CBC"},
    {"--get", .flag = &opt.get, .help = "messages in the address instead of POST"},
    {"--expect", &opt.expect, .help = "success, pending or any: what is no error (success)"},
    {"--beside", &opt.beside,
	.help = "caps, cacert, nextca or crl: one more connection asks this every 5 ms"},
    {"--crl-path", &opt.crl_path, .help = "address of the CRL (operation=GetCRL)"},
    {"--requests", &opt.requests,
	.help = "file of signed requests: loaded if it fits, else written"},
    {"--received", &opt.received,
	.help = "file to which each certificate is logged as it arrives"},
    {"--compare", &opt.compare, .help = "such a file: its certificates must come again"},
    {"--answers", &opt.answers,
	.help = "file for all answers (length in 4 octets, then octets)"},
    {"--deadline", .number = &opt.deadline, .help = "seconds to go on trying a request (30)"},
    {"--pids", &opt.pids, .help = "server processes, with all below them: weigh them"},
    {"--gnutls", .number = &opt.gnutls,
	.help = "so many certificates are also given to GnuTLS"},
    {"--json", &opt.json, .help = "file for the figures"},
};

static int
usage(void)
{
	fputs("usage: load [OPTIONS] http://ADDRESS:PORT[/PATH]\n", stderr);
	for (size_t i = 0; i < COUNT_OF(option_rows); i++)
		fprintf(stderr, "  %-14s %s\n", option_rows[i].name, option_rows[i].help);
	return 2;
}

static bool
option_take(char **argv, int *i)
{
	for (size_t k = 0; k < COUNT_OF(option_rows); k++) {
		const struct option_row *row = &option_rows[k];
		if (strcmp(argv[*i], row->name) != 0)
			continue;
		if (row->flag != NULL) {
			*row->flag = true;
			return true;
		}
		const char *value = argv[++*i];
		char *end = NULL;
		if (value == NULL)
			return false;
		if (row->text != NULL)
			*row->text = value;
		else
			*row->number = strtol(value, &end, 10);
		return end == NULL || (*end == '\0' && *row->number >= 0);
	}
	return false;
}

static bool
is_one_of(const char *word, const char *const *words)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static bool
options_make_sense(void)
{
	static const char *const what[] = {
	    "enrol", "repeat", "poll", "storm", "caps", "cacert", "nextca", "crl", NULL};
	static const char *const expect[] = {"success", "pending", "any", NULL};

	return is_one_of(opt.what, what) &&
	       (opt.beside == NULL || is_one_of(opt.beside, what + 4)) &&
	       is_one_of(opt.expect, expect) && EVP_get_digestbyname(opt.digest) != NULL &&
	       EVP_get_cipherbyname(opt.cipher) != NULL && opt.count > 0 && opt.connections > 0;
}

static bool
target_parse(const char *url, struct target *out)
{
	unsigned port = 0;

	snprintf(out->path, sizeof(out->path), "/cgi-bin/pkiclient.exe");
	int n = sscanf(url, "http://%63[0-9.]:%u%255s", out->host, &port, out->path);
	out->port = (uint16_t)port;
	return n >= 2 && port > 0 && port < 65536;
}

/* ---- what stands still: caps, certificates, CRL -------------------------------------------
 */

static const struct {
	const char *word, *query;
} statics[] = {
    {"caps", "?operation=GetCACaps"},
    {"cacert", "?operation=GetCACert"},
    {"nextca", "?operation=GetNextCACert"},
    {"crl", "?operation=GetCRL"},
};

static bool
static_request(const struct target *to, const char *word, struct request *out)
{
	struct blob address = {0};

	for (size_t i = 0; word != NULL && i < COUNT_OF(statics); i++) {
		if (strcmp(word, statics[i].word) != 0)
			continue;
		if (strcmp(word, "crl") == 0 && opt.crl_path != NULL)
			blob_add_str(&address, opt.crl_path);
		else
			blob_printf(&address, "%s%s", to->path, statics[i].query);
		request_get(to, blob_cstr(&address), out);
		blob_free(&address);
		return true;
	}
	return false;
}

static size_t
lane_failures(const struct lane *l)
{
	size_t failed = l->differ;

	for (size_t i = 0; i < l->sent; i++)
		failed += l->results[i].http != 200;
	return failed;
}

static size_t
lane_retries(const struct lane *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->sent; i++)
		n += l->results[i].retries;
	return n;
}

static bool
static_get(const struct target *to, const char *word, struct blob *out, struct err *e)
{
	struct request rq;
	int64_t took;

	static_request(to, word, &rq);
	struct lane l = {.requests = &rq, .request_count = 1, .count = 1, .connections = 1};
	bool ok = fire(to, &l, 1, opt.deadline * 1000000, &took, e);
	if (ok && l.results[0].http != 200)
		ok = err_set(e, WHY_IO, "%s from %s:%u: HTTP status %d%s", word, to->host,
		    (unsigned)to->port, l.results[0].http,
		    l.results[0].http == 0 ? " (no answer; does the server run?)" : "");
	if (ok)
		blob_set(out, blob_view(&l.sample));
	blob_free(&rq.head);
	lane_free(&l);
	return ok;
}

/* Ask for the CA's certificates and trust them. */
static bool
meet_ca(const struct target *to, struct peer *ca, struct err *e)
{
	struct blob answer = {0};
	bool ok = static_get(to, "cacert", &answer, e) && peer_trust(ca, blob_view(&answer), e);

	blob_free(&answer);
	return ok;
}

/* The next CA, by the word of this one. */
static bool
meet_next(const struct target *to, const struct peer *ca, struct peer *next, struct err *e)
{
	struct blob answer = {0}, certs = {0};
	bool ok = static_get(to, "nextca", &answer, e) &&
		  peer_next(ca, blob_view(&answer), &certs, e) &&
		  peer_trust(next, blob_view(&certs), e);

	next->digest = ca->digest;
	next->cipher = ca->cipher;
	blob_free(&answer);
	blob_free(&certs);
	return ok;
}

static bool
crl_is_of_ca(struct view der, const struct peer *ca, struct err *e)
{
	const uint8_t *s = der.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &s, (long)der.n);
	bool ok = crl != NULL && X509_CRL_verify(crl, X509_get0_pubkey(ca->ca)) == 1;

	X509_CRL_free(crl);
	return ok ? true : err_set(e, WHY_BAD_INPUT, "the CRL is not of this CA");
}

/* ---- one timed run -------------------------------------------------------------------------
 */

struct run {
	const struct target *to;
	const struct peer *ca;
	const struct record_set *set; /* NULL: what stands still */
	struct lane lanes[2];	      /* the load, and what is asked beside it */
	bool storm;		      /* each client fetches the next CA first, all at once */
	struct request *requests, beside, next_ca;
	size_t request_count;
	int64_t took_us;
	struct usage before, after;
	struct scale scale;
	double r_beside_ms;
	struct verdict *verdicts;
	size_t bad;
};

static void
run_free(struct run *r)
{
	for (size_t i = 0; i < r->request_count; i++)
		blob_free(&r->requests[i].head);
	free(r->requests);
	blob_free(&r->beside.head);
	blob_free(&r->next_ca.head);
	lane_free(&r->lanes[0]);
	lane_free(&r->lanes[1]);
	if (r->set != NULL)
		verdicts_free(r->verdicts, r->set->n);
}

static void
run_requests(struct run *r)
{
	r->request_count = r->set == NULL ? 1 : r->set->n;
	r->requests = mem_array(NULL, r->request_count, sizeof(*r->requests));
	if (r->set == NULL) {
		static_request(r->to, opt.what, &r->requests[0]);
		return;
	}
	for (size_t i = 0; i < r->set->n; i++) {
		if (opt.get)
			request_get_message(r->to, r->set->rows[i].message, &r->requests[i]);
		else
			request_post(r->to, r->set->rows[i].message, &r->requests[i]);
	}
}

static bool
run_fire(struct run *r, struct err *e)
{
	struct received_log log = {.fd = -1, .ca = r->ca, .set = r->set};
	EVP_PKEY *ca = X509_get0_pubkey(r->ca->ca);

	run_requests(r);
	r->lanes[0] = (struct lane){.requests = r->requests,
	    .request_count = r->request_count,
	    .count = (size_t)opt.count,
	    .connections = (int)opt.connections,
	    .keep_answers = r->set != NULL};
	if (r->storm) {
		static_request(r->to, "nextca", &r->next_ca);
		r->lanes[0].before = &r->next_ca;
		r->lanes[0].crowd = true;
		r->lanes[0].connections = (int)opt.count;
	}
	bool beside = static_request(r->to, opt.beside, &r->beside);
	r->lanes[1] = (struct lane){
	    .requests = &r->beside, .request_count = 1, .connections = 1, .pace_us = 5000};
	if (opt.received != NULL && r->set != NULL) {
		log.fd = open(opt.received, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log.fd < 0)
			return err_set(e, WHY_IO, "%s: %s", opt.received, strerror(errno));
		r->lanes[0].received = received_append;
		r->lanes[0].arg = &log;
	}
	r->scale = measure_scale(ca, r->scale);
	meter_start();
	if (opt.pids != NULL)
		r->before = usage_of(opt.pids);
	bool ok = fire(r->to, r->lanes, beside ? 2 : 1, opt.deadline * 1000000, &r->took_us, e);
	if (opt.pids != NULL)
		r->after = usage_of(opt.pids);
	r->r_beside_ms = meter_stop();
	r->scale = measure_scale(ca, r->scale);
	if (log.fd >= 0)
		close(log.fd);
	return ok;
}

static bool
expected(const struct verdict *v)
{
	if (strcmp(opt.expect, "any") == 0)
		return v->status == PEER_SUCCESS || v->status == PEER_PENDING;
	return v->status == (strcmp(opt.expect, "pending") == 0 ? PEER_PENDING : PEER_SUCCESS);
}

static void
say_bad(const struct verdict *v, size_t i)
{
	if (v->error[0] != '\0')
		fprintf(stderr, "request %zu: %s\n", i, v->error);
	else
		fprintf(stderr, "request %zu: pkiStatus %d, failInfo %d\n", i, v->status,
		    v->fail_info);
}

static bool
run_check(struct run *r, struct err *e)
{
	if (r->set == NULL) {
		r->bad = lane_failures(&r->lanes[0]);
		return strcmp(opt.what, "crl") != 0 ||
		       crl_is_of_ca(blob_view(&r->lanes[0].sample), r->ca, e);
	}
	if (!check_answers(r->ca, r->set, &r->lanes[0], (size_t)opt.gnutls, &r->verdicts, e))
		return false;
	for (size_t i = 0; i < r->set->n; i++) {
		if (expected(&r->verdicts[i]))
			continue;
		if (r->bad++ < 5)
			say_bad(&r->verdicts[i], i);
	}
	return true;
}

static bool
save_answers(const struct run *r, struct err *e)
{
	FILE *f = fopen(opt.answers, "we");
	bool ok = f != NULL;

	for (size_t i = 0; ok && i < r->lanes[0].sent; i++) {
		const struct blob *b = &r->lanes[0].results[i].body;
		const uint8_t n[4] = {(uint8_t)(b->n >> 24), (uint8_t)(b->n >> 16),
		    (uint8_t)(b->n >> 8), (uint8_t)b->n};
		ok = fwrite(n, 1, 4, f) == 4 && fwrite(b->p, 1, b->n, f) == b->n;
	}
	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return ok ? true : err_set(e, WHY_IO, "%s: %s", opt.answers, strerror(errno));
}

/* ---- report ---------------------------------------------------------------------------------
 */

/* Requests that got another certificate in the second run. */
static size_t
changed(const struct run *first, const struct run *second)
{
	size_t n = 0;

	for (size_t i = 0; i < first->set->n; i++)
		n += memcmp(first->verdicts[i].sha256, second->verdicts[i].sha256, 32) != 0;
	return n;
}

static void
report_cpu(const struct run *r)
{
	double each = (r->after.cpu_ms - r->before.cpu_ms) / (double)r->lanes[0].done;

	figure("r_ms", r->scale.r_ms, 4, "one RSA-2048 private operation, at best");
	figure("r_beside_ms", r->r_beside_ms, 4, "the same on average during the load");
	if (opt.pids != NULL) {
		figure("server_processes", (double)r->after.processes, 0, "");
		figure("server_pss_mib", r->after.pss_mib, 1, "");
		figure("server_cpu_each_ms", each, 4, "per request");
		figure("server_cpu_each_r", each / r->r_beside_ms, 3, "per request");
	}
	figure("bare_cryptography_ms", r->scale.bare_ms, 4, "of one enrolment");
	figure("bare_cryptography_r", r->scale.bare_ms / r->scale.r_ms, 3, "of one enrolment");
}

static double
last_before(const struct lane *l)
{
	int64_t last = 0;

	for (size_t i = 0; i < l->sent; i++)
		last = l->results[i].before_us > last ? l->results[i].before_us : last;
	return (double)last / 1e3;
}

/* Everything that must be zero is in *bad. */
static bool
report(struct run *r, size_t *bad, struct err *e)
{
	const struct lane *l = &r->lanes[0];
	double seconds = (double)r->took_us / 1e6;
	size_t twice = 0, known = 0, differ = 0, beside_bad = lane_failures(&r->lanes[1]);

	if (r->set != NULL && opt.compare != NULL &&
	    !compare_received(opt.compare, r->set, r->verdicts, &known, &differ, e))
		return false;
	if (r->set != NULL)
		twice = count_duplicate_serials(r->verdicts, r->set->n);
	figure("requests", (double)l->done, 0, opt.what);
	figure("connections", (double)l->connections, 0, "");
	figure("seconds", seconds, 3, "");
	figure("per_second", (double)l->done / seconds, 1, "");
	figure_spread("latency", spread_of(l));
	if (r->storm)
		figure("next_ca_last_ms", last_before(l), 1, "until everybody had the next CA");
	if (r->lanes[1].done > 0) {
		figure("beside_requests", (double)r->lanes[1].done, 0, opt.beside);
		figure_spread("beside", spread_of(&r->lanes[1]));
		figure("beside_failures", (double)beside_bad, 0, "");
	}
	report_cpu(r);
	figure("retries", (double)lane_retries(l), 0, "");
	figure("failures", (double)r->bad, 0, "");
	figure("duplicate_serials", (double)twice, 0, "");
	if (opt.compare != NULL) {
		figure("compared", (double)known, 0, "lines of certificates received before");
		figure("compared_differ", (double)differ, 0, "");
	}
	*bad = r->bad + twice + differ + beside_bad + l->differ;
	return true;
}

/* ---- phases ---------------------------------------------------------------------------------
 */

/* Records to fire, when the load is one of messages. */
static bool
prepare(const struct peer *ca, struct record_set *enrol, struct record_set *poll,
    const struct record_set **fired, struct err *e)
{
	const struct wanted w = {.first = (size_t)opt.first,
	    .count = (size_t)opt.count,
	    .prefix = opt.prefix,
	    .challenge = opt.challenge,
	    .digest = opt.digest,
	    .cipher = opt.cipher};
	struct request unused = {0};

	*fired = NULL;
	if (static_request(&(struct target){0}, opt.what, &unused)) {
		blob_free(&unused.head);
		return true;
	}
	if (!records_enrol(ca, &w, opt.requests, enrol, e))
		return false;
	*fired = enrol;
	if (strcmp(opt.what, "poll") == 0) {
		*fired = poll;
		return records_poll(ca, enrol, poll, e);
	}
	return true;
}

/* A descriptor for each client. */
static bool
crowd_fits(struct err *e)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return err_set(e, WHY_IO, "RLIMIT_NOFILE: %s", strerror(errno));
	l.rlim_cur = l.rlim_max;
	if ((rlim_t)opt.count + 64 > l.rlim_max || setrlimit(RLIMIT_NOFILE, &l) != 0)
		return err_set(e, WHY_IO,
		    "%ld clients at once, but only %llu files may be open", opt.count,
		    (unsigned long long)l.rlim_max);
	return true;
}

static bool
storm(struct run *enrolled, struct run *run, struct peer *next, struct record_set *shadows,
    struct err *e)
{
	if (!crowd_fits(e) || !meet_next(run->to, enrolled->ca, next, e) ||
	    !records_shadow(next, enrolled->ca, enrolled->set, &enrolled->lanes[0], shadows, e))
		return false;
	run->ca = next;
	run->set = shadows;
	run->storm = true;
	return run_fire(run, e) && run_check(run, e);
}

static bool
load(const struct target *to, size_t *bad, struct err *e)
{
	struct peer ca = {0}, next = {0};
	struct record_set enrol = {0}, poll = {0}, shadows = {0};
	struct run first = {.to = to, .ca = &ca}, second = {.to = to, .ca = &ca},
		   *timed = &first;
	bool ok = false;

	if (!peer_init(&ca, "", pool_key(0), e) || !peer_init(&next, "", pool_key(0), e) ||
	    !meet_ca(to, &ca, e))
		goto out;
	if (!prepare(&ca, &enrol, &poll, &first.set, e))
		goto out;
	if (!run_fire(&first, e) || !run_check(&first, e))
		goto out;
	if (strcmp(opt.what, "repeat") == 0) {
		second.set = first.set;
		timed = &second;
		if (!run_fire(&second, e) || !run_check(&second, e))
			goto out;
		second.bad += changed(&first, &second);
	}
	if (strcmp(opt.what, "storm") == 0) {
		timed = &second;
		if (!storm(&first, &second, &next, &shadows, e))
			goto out;
		second.bad += first.bad;
	}
	if (opt.answers != NULL && !save_answers(timed, e))
		goto out;
	if (!report(timed, bad, e) || (opt.json != NULL && !figures_json(opt.json, e)))
		goto out;
	ok = true;
out:
	run_free(&first);
	run_free(&second);
	records_free(&enrol);
	records_free(&poll);
	records_free(&shadows);
	peer_free(&next);
	peer_free(&ca);
	pool_free();
	return ok;
}

int
main(int argc, char **argv)
{
	struct target to;
	struct err e = {0};
	size_t bad = 0;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++)
		if (!option_take(argv, &i))
			return usage();
	if (i + 1 != argc || !target_parse(argv[i], &to) || !options_make_sense())
		return usage();
	if (!clock_init(getenv("KEYMUSTER_CLOCK"), &e) || !load(&to, &bad, &e)) {
		fprintf(stderr, "load: %s\n", e.text);
		return 1;
	}
	return bad == 0 ? 0 : 1;
}
