/* demo_end.c - the demo's end: who followed. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/demo.h"

#define CERT_MAX ((size_t)1 << 20)
#define VERIFY_MS 30000

/* ---- copies of what is in use, a second before each switch and at it ---- */

static int
ca_of(size_t snapshot)
{
	return (int)(snapshot / 2 + snapshot % 2) + 1;
}

static when_t
at_of(const struct demo *d, size_t snapshot)
{
	return d->ca[snapshot / 2 + 1].until - (snapshot % 2 == 0);
}

when_t
snapshot_due(const struct demo *d)
{
	return d->snapshots < 2 * d->story->switches && d->cas > (int)(d->snapshots / 2)
		   ? at_of(d, d->snapshots)
		   : WHEN_NEVER;
}

static const char *
copy_path(const struct demo *d, size_t snapshot, const char *name, char out[2 * DEMO_PATH])
{
	char leaf[DEMO_PATH];

	(void)snprintf(leaf, sizeof(leaf), "verify/switch-%zu-%s-%s.pem", snapshot / 2 + 1,
	    snapshot % 2 == 0 ? "before" : "after", name);
	return fleet_path(d, leaf, out);
}

static X509 *
pem_read(struct view v)
{
	BIO *bio = BIO_new_mem_buf(v.p, (int)v.n);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return x;
}

/* Is that file the certificate that the CA itself shows? */
static bool
is_ca(const struct demo_ca *ca, struct view pem)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct blob hex = {0};
	X509 *x = pem_read(pem);
	bool same = x != NULL && X509_digest(x, EVP_sha256(), digest, &n) == 1;

	if (same)
		hex_add(&hex, view_of(digest, n), true);
	same = same && strcmp(blob_cstr(&hex), ca->fingerprint) == 0;
	blob_free(&hex);
	X509_free(x);
	return same;
}

static bool
copy_ca(struct demo *d, struct err *e)
{
	int n = ca_of(d->snapshots);
	char from[2 * DEMO_PATH], to[2 * DEMO_PATH];
	bool done = false, ok = true;

	for (size_t i = 0; ok && !done && i < d->story->roles; i++) {
		struct blob pem = {0};

		if (d->spoke[i].ca == n &&
		    file_read(fleet_identity(&d->spoke[i], "active/ca.pem", from), CERT_MAX,
			&pem, NULL) &&
		    is_ca(&d->ca[n], blob_view(&pem))) {
			ok = file_replace(
			    copy_path(d, d->snapshots, "CA", to), 0600, blob_view(&pem), e);
			done = true;
		}
		blob_free(&pem);
	}
	return ok && (done || err_set(e, WHY_NOT_FOUND, "nobody has CA %d in a file", n));
}

bool
snapshot_take(struct demo *d, struct err *e)
{
	char from[2 * DEMO_PATH], to[2 * DEMO_PATH];
	bool ok = copy_ca(d, e);

	for (size_t i = 0; ok && i < d->story->roles; i++) {
		struct demo_spoke *s = &d->spoke[i];
		struct blob pem = {0};

		d->fate[i][d->snapshots / 2].there = s->joined;
		if (s->joined && file_exists(fleet_identity(s, "active/cert.pem", from)))
			ok = file_read(from, CERT_MAX, &pem, e) &&
			     file_replace(copy_path(d, d->snapshots, s->role->name, to), 0600,
				 blob_view(&pem), e);
		blob_free(&pem);
	}
	d->snapshots++;
	return ok;
}

/* ---- are they good? ---- */

/* Exit code of the openssl program; 127: there is none. */
static int
run_openssl(const struct demo *d, const char *const *argv)
{
	char *env[] = {NULL};
	char path[2 * DEMO_PATH];
	pid_t pid;
	int status, out = open(fleet_path(d, "verify/said", path),
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = out >= 0 && process_start(argv, env, out, &pid, NULL);

	if (out >= 0)
		(void)close(out);
	if (!ok)
		return 127;
	status = process_wait(pid, VERIFY_MS);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool
by_program(const struct demo *d, const char *ca, const char *cert, when_t at)
{
	char seconds[24];
	const char *argv[] = {
	    "openssl", "verify", "-x509_strict", "-attime", seconds, "-CAfile", ca, cert, NULL};

	(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)at);
	return run_openssl(d, argv) == 0;
}

static X509 *
pem_file(const char *path)
{
	struct blob pem = {0};
	X509 *x = NULL;

	if (file_read(path, CERT_MAX, &pem, NULL))
		x = pem_read(blob_view(&pem));
	blob_free(&pem);
	return x;
}

static bool
by_library(const char *ca_path, const char *cert_path, when_t at)
{
	X509 *ca = pem_file(ca_path), *cert = pem_file(cert_path);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = ca != NULL && cert != NULL && X509_STORE_add_cert(store, ca) == 1 &&
		  X509_STORE_CTX_init(ctx, store, cert, NULL) == 1;

	if (ok) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);

		X509_VERIFY_PARAM_set_time(p, (time_t)at);
		(void)X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
		ok = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(cert);
	return ok;
}

bool
demo_verify(struct demo *d, struct blob *how, struct err *e)
{
	static const char *const version[] = {"openssl", "version", NULL};
	bool program = run_openssl(d, version) == 0;
	char ca[2 * DEMO_PATH], cert[2 * DEMO_PATH];

	blob_add_str(how,
	    program ? "openssl verify -x509_strict -attime" : "libcrypto (no openssl program)");
	for (size_t n = 0; n < d->snapshots; n++) {
		(void)copy_path(d, n, "CA", ca);
		if (!file_exists(ca))
			return err_set(e, WHY_BUG, "%s is not there", ca);
		for (size_t i = 0; i < d->story->roles; i++) {
			struct demo_fate *f = &d->fate[i][n / 2];
			bool good =
			    f->there &&
			    file_exists(copy_path(d, n, d->spoke[i].role->name, cert)) &&
			    (program ? by_program(d, ca, cert, at_of(d, n))
				     : by_library(ca, cert, at_of(d, n)));

			*(n % 2 == 0 ? &f->before : &f->after) = good;
		}
	}
	return true;
}

/* ---- the verdict ---- */

static const char *
after_word(const struct demo_fate *f)
{
	return !f->there ? "-" : f->after ? "good" : "CUT OFF";
}

static bool
row(const struct demo *d, size_t i, struct blob *out)
{
	const struct demo_spoke *s = &d->spoke[i];
	bool cut = false, ok = spoke_is_valid(d, s);
	char at[WHEN_TEXT];

	blob_printf(out, "%-9s", s->role->name);
	for (size_t n = 0; n < d->story->switches; n++) {
		const struct demo_fate *f = &d->fate[i][n];

		blob_printf(out, "%-7s %-9s",
		    !f->there	? "-"
		    : f->before ? "good"
				: "BAD",
		    after_word(f));
		ok = ok && f->there && f->before && f->after != s->role->cut[n];
		cut = cut || (f->there && !f->after);
	}
	blob_add_str(out, ok ? "as expected" : "NOT AS EXPECTED");
	if (cut && s->role->why != NULL)
		blob_printf(out, ": %s", s->role->why);
	if (cut && s->back_at != 0)
		blob_printf(out, "; back %.10s", when_rfc3339(s->back_at, at));
	blob_add_byte(out, '\n');
	return ok;
}

/* Names of a list of spokes, "nobody" if it is empty. */
static void
names(const struct demo *d, size_t n, bool expected, struct blob *out)
{
	const char *before = "";

	for (size_t i = 0; i < d->story->roles; i++) {
		const struct demo_fate *f = &d->fate[i][n];

		if (!(expected ? d->story->role[i].cut[n] : f->there && !f->after))
			continue;
		blob_printf(out, "%s%s", before, d->story->role[i].name);
		before = ", ";
	}
	if (before[0] == 0)
		blob_add_str(out, "nobody");
}

bool
demo_verdict(const struct demo *d, struct blob *out)
{
	bool ok = true;

	blob_printf(out, "%-9s", "");
	for (size_t n = 0; n < d->story->switches; n++)
		blob_printf(out, "switch %zu         ", n + 1);
	blob_printf(out, "\n%-9s", "client");
	for (size_t n = 0; n < d->story->switches; n++)
		blob_add_str(out, "before  at it    ");
	blob_add_str(out, "verdict\n");
	for (size_t i = 0; i < d->story->roles; i++)
		ok = row(d, i, out) && ok;
	blob_add_byte(out, '\n');
	for (size_t n = 0; n < d->story->switches; n++) {
		char at[WHEN_TEXT];

		blob_printf(out, "cut off at switch %zu, %s: ", n + 1,
		    demo_date(d->ca[n + 1].until, at));
		names(d, n, false, out);
		blob_add_str(out, " (expected: ");
		names(d, n, true, out);
		blob_add_str(out, ")\n");
	}
	return ok;
}
