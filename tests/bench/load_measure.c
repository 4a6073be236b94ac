/* load_measure.c - weighs machine and server, keeps the figures. */
#include <dirent.h>
#include <errno.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/load.h"
#include "lib/pool.h"

int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- R and the bare cryptography of one enrolment -----------------------------------------
 */

#define BURST_US 200000
#define BURSTS 3
#define MESSAGE 2560 /* octets that are hashed: a request, a reply */
#define SEALED 1024  /* octets that are enciphered */

struct bench_keys { /* all contexts made once */
	EVP_PKEY_CTX *ca_sign, *ca_decrypt, *client_verify, *client_encrypt;
	EVP_CIPHER_CTX *aes;
	uint8_t for_ca[256]; /* below the modulus, as a wrapped key is */
	uint8_t signature[512], wrapped[512], message[MESSAGE], sealed[SEALED + 32];
	size_t signature_n, wrapped_n;
};

static void
must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "measuring: %s\n", what);
		exit(1);
	}
}

static EVP_PKEY_CTX *
context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *), int padding)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	must(ctx != NULL && init(ctx) > 0, "context");
	if (padding != 0)
		must(EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0, "padding");
	return ctx;
}

static void
hash(struct bench_keys *k, uint8_t out[SHA256_DIGEST_LENGTH])
{
	SHA256(k->message, sizeof(k->message), out);
}

static void
sign(struct bench_keys *k, EVP_PKEY_CTX *ctx)
{
	uint8_t digest[SHA256_DIGEST_LENGTH], signature[512];
	size_t n = sizeof(signature);

	hash(k, digest);
	must(EVP_PKEY_sign(ctx, signature, &n, digest, sizeof(digest)) > 0, "sign");
}

static void
verify(struct bench_keys *k)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	hash(k, digest);
	must(EVP_PKEY_verify(
		 k->client_verify, k->signature, k->signature_n, digest, sizeof(digest)) > 0,
	    "verify");
}

static void
cipher(struct bench_keys *k, bool encrypt)
{
	static const uint8_t key[16], iv[16];
	uint8_t out[SEALED + 32];
	int n = 0;

	must(EVP_CipherInit_ex(k->aes, EVP_aes_128_cbc(), NULL, key, iv, encrypt) > 0 &&
		 EVP_CipherUpdate(k->aes, out, &n, k->sealed, SEALED) > 0,
	    "cipher");
}

static void
wrap(struct bench_keys *k)
{
	uint8_t secret[32];

	must(RAND_bytes(secret, sizeof(secret)) > 0, "random");
	k->wrapped_n = sizeof(k->wrapped);
	must(EVP_PKEY_encrypt(k->client_encrypt, k->wrapped, &k->wrapped_n, secret, 16) > 0,
	    "wrap");
}

static void
unwrap(struct bench_keys *k)
{
	uint8_t out[512];
	size_t n = sizeof(out);

	must(EVP_PKEY_decrypt(k->ca_decrypt, out, &n, k->for_ca, sizeof(k->for_ca)) > 0,
	    "decrypt");
}

static void
keys_open(struct bench_keys *k)
{
	EVP_PKEY *ca = pool_key(0), *client = pool_key(1);
	uint8_t digest[SHA256_DIGEST_LENGTH];

	*k = (struct bench_keys){
	    .aes = EVP_CIPHER_CTX_new(), .signature_n = sizeof(k->signature)};
	k->ca_sign = context(ca, EVP_PKEY_sign_init, RSA_PKCS1_PADDING);
	must(EVP_PKEY_CTX_set_signature_md(k->ca_sign, EVP_sha256()) > 0, "digest");
	k->ca_decrypt = context(ca, EVP_PKEY_decrypt_init, RSA_NO_PADDING);
	k->client_verify = context(client, EVP_PKEY_verify_init, RSA_PKCS1_PADDING);
	must(EVP_PKEY_CTX_set_signature_md(k->client_verify, EVP_sha256()) > 0, "digest");
	k->client_encrypt = context(client, EVP_PKEY_encrypt_init, RSA_PKCS1_PADDING);
	EVP_PKEY_CTX *own = context(client, EVP_PKEY_sign_init, RSA_PKCS1_PADDING);
	must(EVP_PKEY_CTX_set_signature_md(own, EVP_sha256()) > 0, "digest");
	must(RAND_bytes(k->for_ca, sizeof(k->for_ca)) > 0, "random");
	k->for_ca[0] &= 0x3f;
	hash(k, digest);
	must(EVP_PKEY_sign(own, k->signature, &k->signature_n, digest, sizeof(digest)) > 0,
	    "sign");
	EVP_PKEY_CTX_free(own);
}

static void
keys_close(struct bench_keys *k)
{
	EVP_PKEY_CTX_free(k->ca_sign);
	EVP_PKEY_CTX_free(k->ca_decrypt);
	EVP_PKEY_CTX_free(k->client_verify);
	EVP_PKEY_CTX_free(k->client_encrypt);
	EVP_CIPHER_CTX_free(k->aes);
}

static void
private_operation(struct bench_keys *k, EVP_PKEY_CTX *unused)
{
	(void)unused;
	sign(k, k->ca_sign);
}

/* What no design can save. */
static void
enrolment(struct bench_keys *k, EVP_PKEY_CTX *issuer)
{
	verify(k);	  /* the message */
	unwrap(k);	  /* its content key */
	cipher(k, false); /* its content */
	verify(k);	  /* the CSR */
	sign(k, issuer);  /* the certificate */
	wrap(k);	  /* a content key for the client */
	cipher(k, true);
	sign(k, k->ca_sign); /* the reply */
}

/* Average of one burst, in ms. */
static double
burst(
    void (*what)(struct bench_keys *, EVP_PKEY_CTX *), struct bench_keys *k, EVP_PKEY_CTX *ctx)
{
	int64_t began = now_us(), took = 0;
	int n = 0;

	for (; took < BURST_US; took = now_us() - began) {
		what(k, ctx);
		n++;
	}
	return (double)took / 1000.0 / n;
}

/* The CA's key is another than the one that opens and replies, unless both are RSA-2048. */
static EVP_PKEY_CTX *
issuer_like(EVP_PKEY *ca)
{
	char group[32];
	int bits = EVP_PKEY_get_bits(ca);
	EVP_PKEY *key;
	EVP_PKEY_CTX *ctx;

	if (EVP_PKEY_get_base_id(ca) == EVP_PKEY_RSA && bits == 2048)
		return NULL;
	if (EVP_PKEY_get_group_name(ca, group, sizeof(group), NULL) > 0)
		key = EVP_EC_gen(group);
	else
		key = EVP_RSA_gen((unsigned)bits);
	must(key != NULL, "key like the CA's");
	ctx = context(key, EVP_PKEY_sign_init, 0);
	must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0, "digest");
	EVP_PKEY_free(key);
	return ctx;
}

struct scale
measure_scale(EVP_PKEY *ca, struct scale best)
{
	struct bench_keys k;
	EVP_PKEY_CTX *issuer = issuer_like(ca);

	keys_open(&k);
	for (int i = 0; i < BURSTS; i++) {
		double r = burst(private_operation, &k, NULL);
		double bare = burst(enrolment, &k, issuer != NULL ? issuer : k.ca_sign);
		if (best.r_ms == 0 || r < best.r_ms)
			best.r_ms = r;
		if (best.bare_ms == 0 || bare < best.bare_ms)
			best.bare_ms = bare;
	}
	EVP_PKEY_CTX_free(issuer);
	keys_close(&k);
	return best;
}

/* ---- R while the server works --------------------------------------------------------------
 */

/* A machine that is busy, or whose host is, computes slower: what the server used is told in
 * the R of the same seconds. A tenth of a core. */
#define METER_BURST 20
#define METER_REST_US 150000

static struct {
	struct bench_keys keys;
	pthread_t thread;
	atomic_bool stop;
	double cpu_ms;
	size_t operations;
} meter;

static double
thread_cpu_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void *
meter_run(void *unused)
{
	while (!meter.stop) {
		double began = thread_cpu_ms();

		for (int i = 0; i < METER_BURST; i++)
			private_operation(&meter.keys, NULL);
		meter.cpu_ms += thread_cpu_ms() - began;
		meter.operations += METER_BURST;
		(void)usleep(METER_REST_US);
	}
	return unused;
}

void
meter_start(void)
{
	keys_open(&meter.keys);
	meter.stop = false;
	meter.cpu_ms = 0;
	meter.operations = 0;
	must(pthread_create(&meter.thread, NULL, meter_run, NULL) == 0, "thread");
}

double
meter_stop(void)
{
	meter.stop = true;
	(void)pthread_join(meter.thread, NULL);
	keys_close(&meter.keys);
	return meter.cpu_ms / (double)meter.operations;
}

/* ---- the server's processes ----------------------------------------------------------------
 */

#define PIDS_MAX 256

struct pids {
	long all[PIDS_MAX];
	size_t n;
};

static void
pids_add(struct pids *p, long pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->all[i] == pid)
			return;
	if (p->n < PIDS_MAX)
		p->all[p->n++] = pid;
}

/* Parent and CPU ticks of a process; false when there is none. */
static bool
stat_of(long pid, long *parent, double *ticks)
{
	char path[64], text[1024];
	unsigned long user, system_time;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	const char *after = strrchr(text, ')'); /* the name may hold anything */
	if (after == NULL ||
	    sscanf(after + 2, "%*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", parent,
		&user, &system_time) != 3)
		return false;
	*ticks = (double)user + (double)system_time;
	return true;
}

/* Those listed and all below them. */
static void
pids_find(const char *list, struct pids *out)
{
	char *end;

	for (const char *s = list; *s != '\0'; s = *end == ',' ? end + 1 : end) {
		long pid = strtol(s, &end, 10);
		if (end == s)
			break;
		pids_add(out, pid);
	}
	for (size_t known = 0; known != out->n;) {
		known = out->n;
		DIR *proc = opendir("/proc");
		for (struct dirent *d; proc != NULL && (d = readdir(proc)) != NULL;) {
			long pid = strtol(d->d_name, NULL, 10), parent;
			double ticks;
			if (pid <= 0 || !stat_of(pid, &parent, &ticks))
				continue;
			for (size_t i = 0; i < known; i++)
				if (out->all[i] == parent)
					pids_add(out, pid);
		}
		if (proc != NULL)
			closedir(proc);
	}
}

static double
pss_of(long pid)
{
	char path[64], line[256];
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL && sscanf(line, "Pss: %ld kB", &kib) != 1)
		;
	fclose(f);
	return (double)kib / 1024.0;
}

struct usage
usage_of(const char *list)
{
	struct pids p = {.n = 0};
	struct usage u = {0};
	long parent;
	double ticks;

	pids_find(list, &p);
	for (size_t i = 0; i < p.n; i++) {
		if (!stat_of(p.all[i], &parent, &ticks))
			continue;
		u.cpu_ms += ticks * 1000.0 / (double)sysconf(_SC_CLK_TCK);
		u.pss_mib += pss_of(p.all[i]);
		u.processes++;
	}
	return u;
}

/* ---- latencies and the report ---------------------------------------------------------------
 */

static int
by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread
spread_of(const struct lane *l)
{
	double *ms = mem_array(NULL, l->done + 1, sizeof(*ms));
	size_t n = 0;

	for (size_t i = 0; i < l->sent && i < l->room; i++)
		if (l->results[i].http != 0)
			ms[n++] = (double)l->results[i].took_us / 1000.0;
	qsort(ms, n, sizeof(*ms), by_number);
	struct spread s = {0};
	if (n > 0)
		s = (struct spread){ms[(n * 50 + 99) / 100 - 1], ms[(n * 95 + 99) / 100 - 1],
		    ms[(n * 99 + 99) / 100 - 1], ms[n - 1]};
	free(ms);
	return s;
}

static struct {
	char name[64];
	double value;
	int digits;
} figures[64];
static size_t figure_count;

void
figure(const char *name, double value, int digits, const char *unit)
{
	printf("%-34s %12.*f %s\n", name, digits, value, unit);
	if (figure_count < COUNT_OF(figures)) {
		snprintf(figures[figure_count].name, sizeof(figures[0].name), "%s", name);
		figures[figure_count].value = value;
		figures[figure_count++].digits = digits;
	}
}

void
figure_spread(const char *name, struct spread s)
{
	const struct {
		const char *which;
		double ms;
	} rows[] = {{"p50", s.p50}, {"p95", s.p95}, {"p99", s.p99}, {"max", s.max}};
	char text[64];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(text, sizeof(text), "%s_%s_ms", name, rows[i].which);
		figure(text, rows[i].ms, 2, "");
	}
}

bool
figures_json(const char *file, struct err *e)
{
	FILE *f = fopen(file, "we");

	if (f == NULL)
		return err_set(e, WHY_IO, "%s: %s", file, strerror(errno));
	for (size_t i = 0; i < figure_count; i++)
		fprintf(f, "%s\n\t\"%s\": %.*f", i == 0 ? "{" : ",", figures[i].name,
		    figures[i].digits, figures[i].value);
	fputs("\n}\n", f);
	return fclose(f) == 0 ? true : err_set(e, WHY_IO, "%s: %s", file, strerror(errno));
}
