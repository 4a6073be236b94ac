/* export.c - a pair as files of the programs that use it. */
#include "keys/export.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>

#include "keys/p12.h"
#include "sys/sys.h"

#define GENERATION "gen-"
#define BY_HAND "export"

bool
export_is_word(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
		    c != '.' && c != '_' && c != '-')
			return false;
	}
	return v.n > 0 && v.p[0] != '.';
}

static bool
is_generation(struct view v)
{
	size_t head = strlen(GENERATION);

	if (v.n < head + 4 || memcmp(v.p, GENERATION, head) != 0)
		return false;
	for (size_t i = head; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	return true;
}

/* By hand: what leaves there may go anywhere. */
static bool
is_sealed(const struct key_job *job)
{
	return job->forms == KEY_FORM_PKCS12 && strlen(job->password) >= KEY_PASSWORD_MIN;
}

bool
export_path_check(const struct key_job *job, struct err *e)
{
	size_t n = strnlen(job->path, KEY_PATH_MAX);
	struct view rest = view_of(job->path, n), name = view_cut(&rest, '/');

	if (n >= KEY_PATH_MAX || !export_is_word(name) ||
	    (!is_generation(rest) && !view_equal_str(rest, BY_HAND)))
		return err_set(e, WHY_BAD_INPUT,
		    "path of an export: NAME/" GENERATION "NNNN or NAME/" BY_HAND
		    ", NAME of A-Z a-z 0-9 . _ -");
	return !view_equal_str(rest, BY_HAND) || is_sealed(job) ||
	       err_set(e, WHY_REFUSED,
		   "into " BY_HAND " goes PKCS#12 only, under a password of %d octets or more",
		   KEY_PASSWORD_MIN);
}

/* ---- forms ---- */

static void
bio_add(BIO *bio, struct blob *out)
{
	char *text;
	long n = BIO_get_mem_data(bio, &text);

	blob_add(out, text, (size_t)n);
}

static bool
key_add(const struct pair *p, struct blob *out)
{
	BIO *bio = BIO_new(BIO_s_mem()); /* wiped when it is freed */
	bool ok = bio != NULL &&
		  PEM_write_bio_PKCS8PrivateKey(bio, p->key, NULL, NULL, 0, NULL, NULL) == 1;

	if (ok)
		bio_add(bio, out);
	BIO_free(bio);
	return ok;
}

static bool
certificates_add(struct view certificates, struct blob *out)
{
	struct reader r = reader_of(certificates);
	BIO *bio = BIO_new(BIO_s_mem());
	struct der d;
	bool ok = bio != NULL;

	while (ok && r.n > 0)
		ok = der_take(&r, DER_SEQUENCE, "certificate", &d, NULL) &&
		     PEM_write_bio(bio, "CERTIFICATE", "", d.whole.p, (long)d.whole.n) > 0;
	if (ok)
		bio_add(bio, out);
	BIO_free(bio);
	return ok;
}

static bool
pem_make(const struct pair *p, const struct key_job *job, struct blob *out, struct err *e)
{
	(void)job;
	return key_add(p, out) || err_set(e, WHY_CRYPTO, "PEM of key '%s' failed", p->label);
}

static bool
pkcs12_make(const struct pair *p, const struct key_job *job, struct blob *out, struct err *e)
{
	return p12_make(p, job->bytes, job->password, out, e);
}

static bool
haproxy_make(const struct pair *p, const struct key_job *job, struct blob *out, struct err *e)
{
	return (key_add(p, out) && certificates_add(job->bytes, out)) ||
	       err_set(e, WHY_CRYPTO, "PEM of key '%s' failed", p->label);
}

static const struct {
	uint32_t form;
	const char *name;
	bool (*make)(
	    const struct pair *p, const struct key_job *job, struct blob *out, struct err *e);
} forms[] = {
    {KEY_FORM_PEM, "key.pem", pem_make},
    {KEY_FORM_PKCS12, "identity.p12", pkcs12_make},
    {KEY_FORM_HAPROXY, "combined.pem", haproxy_make},
};

/* ---- files ---- */

/* Core may put links there; what is written through one would be elsewhere. */
static bool
is_directory(const char *path, struct err *e)
{
	struct stat st;

	return (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) ||
	       err_set(e, WHY_IO, "'%s' is no directory", path);
}

bool
export_write(
    const struct exports *x, const struct pair *p, const struct key_job *job, struct err *e)
{
	struct blob path = {0}, bytes = {0};
	size_t name = strcspn(job->path, "/");
	struct err why = {0};
	bool ok;

	blob_printf(&path, "%s/%.*s", x->dir, (int)name, job->path);
	ok = is_directory(blob_cstr(&path), &why);
	blob_printf(&path, "%s", job->path + name);
	ok = ok && is_directory(blob_cstr(&path), &why);
	for (size_t i = 0; ok && i < COUNT_OF(forms); i++) {
		if ((job->forms & forms[i].form) == 0)
			continue;
		blob_clear(&path);
		blob_clear(&bytes);
		blob_printf(&path, "%s/%s/%s", x->dir, job->path, forms[i].name);
		ok = forms[i].make(p, job, &bytes, &why) &&
		     file_replace_for(blob_cstr(&path), x->group < 0 ? 0600 : 0640, x->group,
			 blob_view(&bytes), &why);
		if (ok)
			crash_point("key-exported");
	}
	ERR_clear_error();
	blob_free(&path);
	blob_free(&bytes);
	/* What is not found is the key, and that was. */
	return ok || err_set(e, why.why == WHY_NOT_FOUND ? WHY_IO : why.why, "%s", why.text);
}
