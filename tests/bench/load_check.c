/* load_check.c - opens all answers after the clock has stopped. */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load.h"

/* ---- the second opinion ---- */

static when_t gnutls_at;

static time_t
gnutls_now(time_t *t)
{
	time_t now = (time_t)gnutls_at;

	if (t != NULL)
		*t = now;
	return now;
}

static bool
read_for_gnutls(X509 *x, gnutls_x509_crt_t *out)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	gnutls_datum_t d = {der, n > 0 ? (unsigned)n : 0};
	bool ok = n > 0 && gnutls_x509_crt_init(out) == 0 &&
		  gnutls_x509_crt_import(*out, &d, GNUTLS_X509_FMT_DER) == 0;

	OPENSSL_free(der);
	return ok;
}

static bool
gnutls_accepts(X509 *cert, X509 *ca, struct err *e)
{
	gnutls_x509_crt_t leaf = NULL, root = NULL;
	unsigned status = ~0U;
	bool ok;

	gnutls_at = when_max(clock_now(), peer_begins(cert));
	gnutls_global_set_time_function(gnutls_now);
	ok = read_for_gnutls(cert, &leaf) && read_for_gnutls(ca, &root) &&
	     gnutls_x509_crt_verify(leaf, &root, 1, 0, &status) == 0 && status == 0;
	if (leaf != NULL)
		gnutls_x509_crt_deinit(leaf);
	if (root != NULL)
		gnutls_x509_crt_deinit(root);
	return ok ||
	       err_set(e, WHY_BAD_INPUT, "GnuTLS refuses the certificate: status 0x%x", status);
}

/* ---- all answers --------------------------------------------------------------------------
 */

struct checking {
	const struct peer *ca;
	const struct record_set *set;
	const struct lane *lane;
	size_t gnutls_every; /* 0: none */
	struct verdict *verdicts;
};

static bool
check_one(const struct checking *c, size_t i, struct verdict *v, struct err *e)
{
	const struct result *r = &c->lane->results[i];
	struct peer p = {0};
	struct peer_answer a = {0};
	bool ok = false;

	if (r->http != 200)
		return err_set(e, WHY_IO, "HTTP status %d", r->http);
	if (!record_peer(&c->set->rows[i], c->ca, &p, e))
		return false;
	if (!peer_open(&p, blob_view(&r->body), &a, e))
		goto out;
	/* A shadow certificate has not begun: it is looked at when it has. */
	if (a.cert != NULL &&
	    !peer_verify(a.cert, p.ca, when_max(clock_now(), peer_begins(a.cert)), e))
		goto out;
	if (a.cert != NULL && X509_NAME_cmp(X509_get_subject_name(a.cert), p.name) != 0) {
		err_set(e, WHY_BAD_INPUT, "the certificate has another subject");
		goto out;
	}
	if (a.cert != NULL && c->gnutls_every != 0 && i % c->gnutls_every == 0 &&
	    !gnutls_accepts(a.cert, p.ca, e))
		goto out;
	v->status = a.status;
	v->fail_info = a.fail_info;
	memcpy(v->serial, a.serial, sizeof(v->serial));
	if (a.cert != NULL)
		SHA256(a.cert_der.p, a.cert_der.n, v->sha256);
	ok = true;
out:
	peer_answer_free(&a);
	peer_free(&p);
	return ok;
}

static void
check_share(void *arg, int part, size_t from, size_t to)
{
	struct checking *c = arg;

	(void)part;
	for (size_t i = from; i < to; i++) {
		struct verdict *v = &c->verdicts[i];
		struct err e = {0};
		v->status = v->fail_info = -1;
		if (!check_one(c, i, v, &e))
			snprintf(v->error, sizeof(v->error), "%.*s", (int)sizeof(v->error) - 1,
			    e.text);
	}
}

bool
check_answers(const struct peer *ca, const struct record_set *s, const struct lane *l,
    size_t gnutls_sample, struct verdict **out, struct err *e)
{
	struct verdict *shared = mmap(NULL, s->n * sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct checking c = {.ca = ca, .set = s, .lane = l, .verdicts = shared};

	if (shared == MAP_FAILED)
		return err_set(e, WHY_IO, "memory for %zu verdicts: %s", s->n, strerror(errno));
	if (gnutls_sample > 0)
		c.gnutls_every = s->n <= gnutls_sample ? 1 : s->n / gnutls_sample;
	*out = shared;
	return in_parallel(s->n, check_share, &c, e);
}

void
verdicts_free(struct verdict *v, size_t n)
{
	if (v != NULL)
		(void)munmap(v, n * sizeof(*v));
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t
count_duplicate_serials(const struct verdict *v, size_t n)
{
	const char **all = mem_array(NULL, n, sizeof(*all));
	size_t count = 0, twice = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].serial[0] != '\0')
			all[count++] = v[i].serial;
	qsort(all, count, sizeof(*all), by_text);
	for (size_t i = 1; i < count; i++)
		twice += strcmp(all[i - 1], all[i]) == 0;
	free(all);
	return twice;
}

/* ---- the log of what was received ---------------------------------------------------------
 */

static void
subject_text(struct view der, char *out, size_t size)
{
	const uint8_t *s = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &s, (long)der.n);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
	long n = BIO_get_mem_data(bio, &text);
	snprintf(out, size, "%.*s", (int)n, text);
	BIO_free(bio);
	X509_NAME_free(name);
}

void
received_append(void *arg, size_t i, struct view body)
{
	struct received_log *log = arg;
	const struct record *r = &log->set->rows[i];
	struct peer p = {0};
	struct peer_answer a = {0};
	struct err e = {0};
	struct blob line = {0};
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char subject[300];

	if (!record_peer(r, log->ca, &p, &e))
		return;
	if (peer_open(&p, body, &a, &e) && a.cert != NULL) {
		SHA256(a.cert_der.p, a.cert_der.n, hash);
		subject_text(r->subject, subject, sizeof(subject));
		hex_add(&line, view_of(hash, sizeof(hash)), false);
		blob_printf(&line, " %s %s\n", a.serial, subject);
		if (write(log->fd, line.p, line.n) != (ssize_t)line.n) {
			fprintf(stderr, "log of received certificates: %s\n", strerror(errno));
			exit(1);
		}
	}
	blob_free(&line);
	peer_answer_free(&a);
	peer_free(&p);
}

struct line {
	char sha256[65], subject[300];
};

static int
by_subject(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->subject, ((const struct line *)b)->subject);
}

static bool
read_lines(const char *file, struct line **out, size_t *count, struct err *e)
{
	FILE *f = fopen(file, "re");
	char text[512], serial[65];
	size_t room = 0;

	if (f == NULL)
		return err_set(e, WHY_IO, "%s: %s", file, strerror(errno));
	while (fgets(text, sizeof(text), f) != NULL) {
		if (*count == room) {
			room = room == 0 ? 1024 : room * 2;
			*out = mem_array(*out, room, sizeof(**out));
		}
		struct line *l = &(*out)[*count];
		/* A last line without its end: the writer died in it, so nothing was counted.
		 */
		if (strchr(text, '\n') != NULL &&
		    sscanf(text, "%64[0-9a-f] %64[0-9A-F] %299[^\n]", l->sha256, serial,
			l->subject) == 3)
			++*count;
	}
	fclose(f);
	return true;
}

static bool
line_agrees(const struct line *l, const struct verdict *v)
{
	struct blob hex = {0};

	hex_add(&hex, view_of(v->sha256, sizeof(v->sha256)), false);
	bool same = strcmp(blob_cstr(&hex), l->sha256) == 0;
	blob_free(&hex);
	return same;
}

bool
compare_received(const char *file, const struct record_set *s, const struct verdict *v,
    size_t *known, size_t *differ, struct err *e)
{
	struct line *lines = NULL;
	size_t count = 0;

	if (!read_lines(file, &lines, &count, e))
		return false;
	if (count > 0)
		qsort(lines, count, sizeof(*lines), by_subject);
	for (size_t i = 0; i < s->n; i++) {
		struct line want;
		subject_text(s->rows[i].subject, want.subject, sizeof(want.subject));
		struct line *l = count == 0
				     ? NULL
				     : bsearch(&want, lines, count, sizeof(*lines), by_subject);
		if (l == NULL)
			continue;
		while (l > lines && by_subject(l - 1, l) == 0)
			l--;
		for (; l < lines + count && by_subject(l, &want) == 0; l++) {
			++*known;
			*differ += !line_agrees(l, &v[i]);
		}
	}
	free(lines);
	return true;
}
