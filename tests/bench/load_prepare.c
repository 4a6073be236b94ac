/* load_prepare.c - signs requests beforehand, saves, loads them. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load.h"
#include "lib/pool.h"

bool
in_parallel(size_t count, void (*work)(void *arg, int part, size_t from, size_t to), void *arg,
    struct err *e)
{
	pid_t children[PROCESSES];
	int failed = 0;

	fflush(NULL);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			work(arg, i, count * (size_t)i / PROCESSES,
			    count * (size_t)(i + 1) / PROCESSES);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = 0;
		if (children[i] < 0 || waitpid(children[i], &status, 0) < 0 || status != 0)
			failed++;
	}
	return failed == 0 ? true
			   : err_set(e, WHY_IO, "%d of %d processes failed", failed, PROCESSES);
}

/* ---- records ---- */

static void
add_der(struct blob *out, int n, uint8_t *der)
{
	blob_add_sized(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

static void
record_write(const struct peer *p, uint32_t key, const struct blob *message, struct blob *out)
{
	uint8_t *der = NULL;
	int n = i2d_X509_NAME(p->name, &der);

	blob_add_u32(out, key);
	blob_add_u32(out, (uint32_t)p->asked);
	add_der(out, n, der);
	blob_add_sized(out, view_str(p->transaction));
	blob_add_sized(out, view_of(p->nonce, sizeof(p->nonce)));
	der = NULL;
	n = i2d_X509(p->signer, &der);
	add_der(out, n, der);
	blob_add_sized(out, blob_view(message));
}

static bool
records_read(struct record_set *s, size_t skip, struct err *e)
{
	struct reader r = reader_of(view_of(s->bytes.p + skip, s->bytes.n - skip));
	size_t room = 0;

	while (r.n > 0) {
		struct record row;
		if (!read_u32(&r, &row.key) || !read_u32(&r, &row.asked) ||
		    !read_sized(&r, &row.subject) || !read_sized(&r, &row.transaction) ||
		    !read_sized(&r, &row.nonce) || !read_sized(&r, &row.signer) ||
		    !read_sized(&r, &row.message) || row.nonce.n != 16)
			return err_set(e, WHY_BAD_INPUT,
			    "record %zu of the signed requests is broken", s->n);
		if (s->n == room) {
			room = room == 0 ? 1024 : room * 2;
			s->rows = mem_array(s->rows, room, sizeof(*s->rows));
		}
		s->rows[s->n++] = row;
	}
	return true;
}

void
records_free(struct record_set *s)
{
	free(s->rows);
	blob_free(&s->bytes);
	*s = (struct record_set){0};
}

bool
record_peer(const struct record *r, const struct peer *ca, struct peer *out, struct err *e)
{
	struct blob text = {0};
	const uint8_t *s = r->signer.p;

	if (!peer_init_der(out, r->subject, pool_key(r->key), e))
		return false;
	X509 *signer = d2i_X509(NULL, &s, (long)r->signer.n);
	if (signer == NULL) {
		peer_free(out);
		return err_set(e, WHY_BAD_INPUT, "signer certificate of a record is broken");
	}
	peer_sign_with(out, signer, out->key);
	X509_free(signer);
	peer_use_ca(out, ca->ca, ca->replier);
	blob_set(&text, r->transaction);
	peer_transaction_set(out, blob_cstr(&text));
	blob_free(&text);
	memcpy(out->nonce, r->nonce.p, sizeof(out->nonce));
	out->asked = (int)r->asked;
	out->digest = ca->digest;
	out->cipher = ca->cipher;
	return true;
}

/* ---- making them in several processes ---- */

struct making {
	const struct peer *ca;
	const struct wanted *wanted;	   /* enrolments */
	const struct record_set *enrolled; /* or polls for these, */
	const struct lane *answers;	   /* or renewals by what they got */
	const struct peer *next;	   /* at this CA */
	int files[PROCESSES];		   /* in memory; each process writes its share */
};

static bool
make_enrolment(const struct making *m, size_t i, struct blob *out, struct err *e)
{
	const struct wanted *w = m->wanted;
	const size_t key = (w->first + i) % pool_size();
	const struct peer_request o = {.challenge = w->challenge};
	struct peer p = {0};
	struct blob message = {0};
	char subject[200];

	snprintf(subject, sizeof(subject), "O=Bench,CN=%s-%07zu", w->prefix, w->first + i);
	if (!peer_init(&p, subject, pool_key(key), e))
		return false;
	peer_use_ca(&p, m->ca->ca, m->ca->recipient);
	p.digest = w->digest;
	p.cipher = w->cipher;
	if (w->first + i >= pool_size()) /* the key comes again: its digest would too */
		peer_transaction_set(&p, strchr(subject, ',') + 4);
	bool ok = peer_enrol(&p, &o, &message, e);
	if (ok)
		record_write(&p, (uint32_t)key, &message, out);
	blob_free(&message);
	peer_free(&p);
	return ok;
}

static bool
make_poll(const struct making *m, size_t i, struct blob *out, struct err *e)
{
	const struct record *r = &m->enrolled->rows[i];
	struct peer p = {0};
	struct blob message = {0};

	if (!record_peer(r, m->ca, &p, e))
		return false;
	peer_use_ca(&p, m->ca->ca, m->ca->recipient);
	bool ok = peer_poll(&p, &message, e);
	if (ok)
		record_write(&p, r->key, &message, out);
	blob_free(&message);
	peer_free(&p);
	return ok;
}

static bool
make_shadow(const struct making *m, size_t i, struct blob *out, struct err *e)
{
	static const struct peer_request o = {.message_type = PEER_RENEWAL_REQ};
	const struct record *r = &m->enrolled->rows[i];
	struct peer p = {0};
	struct peer_answer a = {0};
	struct blob message = {0};
	bool ok = false;

	if (!record_peer(r, m->ca, &p, e))
		return false;
	if (!peer_open(&p, blob_view(&m->answers->results[i].body), &a, e))
		goto out;
	if (a.cert == NULL) {
		err_set(e, WHY_BAD_INPUT, "it has no certificate");
		goto out;
	}
	peer_renew_from(&p, a.cert, NULL);
	peer_use_ca(&p, m->next->ca, m->next->recipient);
	ok = peer_enrol(&p, &o, &message, e);
	if (ok)
		record_write(&p, r->key, &message, out);
out:
	blob_free(&message);
	peer_answer_free(&a);
	peer_free(&p);
	return ok;
}

static bool
write_all(int fd, struct view v)
{
	while (v.n > 0) {
		ssize_t n = write(fd, v.p, v.n);
		if (n < 0)
			return false;
		v = view_of(v.p + n, v.n - (size_t)n);
	}
	return true;
}

static bool
read_all(int fd, struct blob *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return false;
	for (size_t left = (size_t)st.st_size; left > 0;) {
		size_t had = out->n;
		ssize_t n = read(fd, blob_grow(out, left), left);
		if (n <= 0)
			return false;
		out->n = had + (size_t)n;
		left -= (size_t)n;
	}
	return true;
}

static void
make_share(void *arg, int part, size_t from, size_t to)
{
	struct making *m = arg;
	struct blob out = {0};
	struct err e = {0};

	for (size_t i = from; i < to; i++) {
		bool ok = m->enrolled == NULL  ? make_enrolment(m, i, &out, &e)
			  : m->answers == NULL ? make_poll(m, i, &out, &e)
					       : make_shadow(m, i, &out, &e);
		if (!ok) {
			fprintf(stderr, "request %zu: %s\n", i, e.text);
			_exit(1);
		}
	}
	if (!write_all(m->files[part], blob_view(&out)))
		_exit(1);
	blob_free(&out);
}

static bool
make_all(struct making *m, size_t count, struct blob *out, struct err *e)
{
	bool ok = true;

	for (int i = 0; i < PROCESSES; i++)
		m->files[i] = memfd_create("requests", MFD_CLOEXEC);
	ok = in_parallel(count, make_share, m, e);
	for (int i = 0; i < PROCESSES; i++) {
		if (ok && !read_all(m->files[i], out))
			ok = err_set(e, WHY_IO, "signed requests: %s", strerror(errno));
		close(m->files[i]);
	}
	return ok;
}

/* What a saved set begins with: made for this CA and these wishes. */
static void
describe(const struct peer *ca, const struct wanted *w, struct blob *out)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct blob text = {0};
	uint8_t *der = NULL;
	int n = i2d_X509(ca->recipient, &der);

	SHA256(der, (size_t)n, hash);
	OPENSSL_free(der);
	blob_printf(&text,
	    "signed requests 1 first=%zu count=%zu prefix='%s' challenge='%s' %s %s CA ",
	    w->first, w->count, w->prefix, w->challenge == NULL ? "" : w->challenge, w->digest,
	    w->cipher);
	hex_add(&text, view_of(hash, sizeof(hash)), false);
	blob_add_sized(out, blob_view(&text));
	blob_free(&text);
}

static bool
load(const char *file, const struct blob *description, struct blob *out)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read_all(fd, out) && out->n >= description->n &&
		  memcmp(out->p, description->p, description->n) == 0;

	if (fd >= 0)
		close(fd);
	if (!ok)
		blob_clear(out);
	return ok;
}

static bool
save(const char *file, struct view bytes, struct err *e)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write_all(fd, bytes);

	if (!ok)
		err_set(e, WHY_IO, "%s: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

bool
records_enrol(const struct peer *ca, const struct wanted *w, const char *file,
    struct record_set *out, struct err *e)
{
	struct making m = {.ca = ca, .wanted = w};
	struct blob description = {0};
	bool ok = true;

	describe(ca, w, &description);
	if (file == NULL || !load(file, &description, &out->bytes)) {
		blob_set(&out->bytes, blob_view(&description));
		ok = make_all(&m, w->count, &out->bytes, e);
		if (ok && file != NULL)
			ok = save(file, blob_view(&out->bytes), e);
	}
	ok = ok && records_read(out, description.n, e);
	if (ok && out->n != w->count)
		ok = err_set(
		    e, WHY_BAD_INPUT, "%zu signed requests, wanted %zu", out->n, w->count);
	blob_free(&description);
	return ok;
}

bool
records_poll(const struct peer *ca, const struct record_set *enrolled, struct record_set *out,
    struct err *e)
{
	struct making m = {.ca = ca, .enrolled = enrolled};

	return make_all(&m, enrolled->n, &out->bytes, e) && records_read(out, 0, e);
}

bool
records_shadow(const struct peer *next, const struct peer *ca,
    const struct record_set *enrolled, const struct lane *answers, struct record_set *out,
    struct err *e)
{
	struct making m = {.ca = ca, .enrolled = enrolled, .answers = answers, .next = next};

	return make_all(&m, enrolled->n, &out->bytes, e) && records_read(out, 0, e);
}
