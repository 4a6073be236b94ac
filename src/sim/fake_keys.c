/* fake_keys.c - keys without arithmetic, for worlds. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_int.h"

#define MODULUS 256

struct signed_once {
	uint64_t intent, digest;
};

struct pair {
	char label[KEY_LABEL_MAX];
	struct blob spki;
	uint64_t secret;
	bool has_window, gone;
	when_t until;
	uint64_t self; /* digest of what SIGN_SELF signed */
	uint64_t crl;  /* number of its newest list */
	struct signed_once *once;
	size_t once_count;
};

struct answer {
	struct key_done done;
	struct answer *next;
};

struct fake {
	struct keys keys;
	struct dice dice;
	struct pair *pair;
	size_t pairs;
	struct index serials; /* of all pairs, to a part of the digest of what was signed */
	struct answer *first, **last;
};

static struct fake *
fake_of(const struct keys *k)
{
	return (struct fake *)(uintptr_t)k; /* keys is its first member */
}

static struct pair *
pair_of(struct fake *f, const char *label, struct err *e)
{
	for (size_t i = f->pairs; i-- > 0;)
		if (strcmp(f->pair[i].label, label) == 0 && !f->pair[i].gone)
			return &f->pair[i];
	err_set(e, WHY_NOT_FOUND, "no key pair '%s'", label);
	return NULL;
}

/* ---- what a key is, and what it makes ---- */

static uint64_t
octets8(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* The modulus tells everything: who has the public half can sign, but nobody in a world does.
 */
static uint64_t
secret_of(const struct spki *key)
{
	return key->modulus.n < 40
		   ? 0
		   : dice_mix(octets8(key->modulus.p + 8) ^ octets8(key->modulus.p + 24));
}

static void
spki_write(const uint8_t modulus[MODULUS], struct blob *out)
{
	struct blob key = {0}, bits = {0};
	struct der_writer k = {.out = &key}, w = {.out = out};

	der_open(&k, DER_SEQUENCE);
	der_put_unsigned(&k, view_of(modulus, MODULUS));
	der_put_uint(&k, 65537);
	der_close(&k);
	blob_add_byte(&bits, 0);
	blob_add_view(&bits, blob_view(&key));
	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, VIEW("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")); /* rsaEncryption */
	der_put(&w, DER_NULL, (struct view){0});
	der_close(&w);
	der_put(&w, DER_BIT_STRING, blob_view(&bits));
	der_close(&w);
	blob_free(&key);
	blob_free(&bits);
}

/* A number that passes for a modulus; nobody knows its factors, not even its maker. */
static bool
pair_make(struct fake *f, struct pair *p, struct err *e)
{
	uint8_t modulus[MODULUS];
	struct spki key;

	dice_fill(&f->dice, modulus, sizeof(modulus));
	modulus[0] |= 0xc0;
	modulus[MODULUS - 1] |= 1;
	do {
		modulus[MODULUS - 1] = (uint8_t)(modulus[MODULUS - 1] + 2);
		if (modulus[MODULUS - 1] == 1)
			modulus[MODULUS - 2]++;
		blob_clear(&p->spki);
		spki_write(modulus, &p->spki);
		if (!spki_decode(blob_view(&p->spki), &key, e))
			return false;
	} while (spki_small_factor(&key));
	p->secret = secret_of(&key);
	return true;
}

/* As long as an RSA signature, and another one for other octets, another key or digest. */
static void
signature_write(
    uint64_t secret, const struct sig_alg *alg, struct view bytes, uint8_t out[MODULUS])
{
	struct dice d = {secret ^ digest_of(bytes) ^ dice_mix((uint64_t)alg->hash)};

	dice_fill(&d, out, MODULUS);
	out[0] &= 0x3f;
}

static bool
fake_verify(struct keys *k, const struct spki *key, const struct sig_alg *alg,
    struct view bytes, struct view signature, struct err *e)
{
	uint8_t right[MODULUS];

	(void)k;
	signature_write(secret_of(key), alg, bytes, right);
	return view_equal(signature, view_of(right, sizeof(right))) ||
	       err_set(e, WHY_BAD_INPUT, "signature does not verify");
}

static uint64_t
wrap_mark(uint64_t secret, struct view content_key)
{
	uint64_t mark = secret;

	for (size_t i = 0; i < content_key.n; i++)
		mark = dice_mix(mark + content_key.p[i] + i);
	return mark;
}

/* Octets 0 and 1 as PKCS #1 has them, 2 the length, 4 the mark, 16 whose it is, 32 the key. */
static bool
fake_wrap(struct keys *k, const struct spki *key, enum padding padding, enum hash oaep_hash,
    struct view content_key, struct blob *out, struct err *e)
{
	uint8_t block[MODULUS] = {0, 2};
	uint64_t secret = secret_of(key), mark = wrap_mark(secret, content_key);
	struct dice d = {secret};

	(void)k;
	(void)padding;
	(void)oaep_hash;
	if (key->modulus.n != MODULUS || content_key.n > KEY_WANT_MAX)
		return err_set(e, WHY_CRYPTO, "content key of %zu octets", content_key.n);
	block[2] = (uint8_t)content_key.n;
	memcpy(block + 4, &mark, sizeof(mark));
	memcpy(block + 16, &secret, sizeof(secret));
	dice_fill(&d, block + 32, content_key.n);
	for (size_t i = 0; i < content_key.n; i++)
		block[32 + i] ^= content_key.p[i];
	blob_set(out, view_of(block, sizeof(block)));
	return true;
}

static bool
open_by(uint64_t secret, struct view wrapped, struct blob *out)
{
	struct dice d = {secret};
	uint8_t content_key[KEY_WANT_MAX];
	size_t n = wrapped.n == MODULUS ? wrapped.p[2] : 0;

	if (n == 0 || n > KEY_WANT_MAX)
		return false;
	dice_fill(&d, content_key, n);
	for (size_t i = 0; i < n; i++)
		content_key[i] ^= wrapped.p[32 + i];
	if (octets8(wrapped.p + 4) != wrap_mark(secret, view_of(content_key, n)))
		return false;
	blob_set(out, view_of(content_key, n));
	return true;
}

bool
fake_open(const struct spki *key, struct view wrapped, struct blob *out)
{
	return open_by(secret_of(key), wrapped, out);
}

bool
fake_peek(struct view wrapped, struct blob *out)
{
	return wrapped.n == MODULUS && open_by(octets8(wrapped.p + 16), wrapped, out);
}

/* ---- what the guard would refuse, as far as that is cheap ---- */

static bool
serial_is_new(struct fake *f, const struct key_job *job, uint64_t digest, struct err *e)
{
	struct cert c;
	uint32_t other;

	if (!cert_decode_tbs(to_be_signed(job), &c, NULL)) /* law_job says so */
		return true;
	if (index_get(&f->serials, digest_of(c.serial), &other) && other != (uint32_t)digest)
		return err_set(e, WHY_TAKEN, "serial was signed under another intent");
	index_put(&f->serials, digest_of(c.serial), (uint32_t)digest);
	return true;
}

static bool
may_sign_cert(struct fake *f, struct pair *p, const struct key_job *job, struct err *e)
{
	uint64_t digest = digest_of(job->bytes);
	size_t at = p->once_count;

	if (!p->has_window)
		return err_set(e, WHY_REFUSED, "key '%s' has no certificate of a CA", p->label);
	while (at > 0 && p->once[at - 1].intent > job->intent)
		at--;
	if (at > 0 && p->once[at - 1].intent == job->intent)
		return p->once[at - 1].digest == digest ||
		       err_set(e, WHY_TAKEN, "intent signed for other octets");
	if (!serial_is_new(f, job, digest, e))
		return false;
	/* Room grows by doubling whenever the count is a power of two. */
	if ((p->once_count & (p->once_count - 1)) == 0)
		p->once = mem_array(
		    p->once, p->once_count == 0 ? 1 : 2 * p->once_count, sizeof(*p->once));
	memmove(&p->once[at + 1], &p->once[at], (p->once_count - at) * sizeof(*p->once));
	p->once[at] = (struct signed_once){job->intent, digest};
	p->once_count++;
	return true;
}

static bool
may_sign_self(struct pair *p, const struct key_job *job, uint64_t digest, struct err *e)
{
	struct cert c;

	if (p->self == digest)
		return true;
	if (p->self != 0)
		return err_set(
		    e, WHY_REFUSED, "key '%s' has signed its own certificate", p->label);
	if (!cert_decode_tbs(job->bytes, &c, e))
		return false;
	if (!view_equal(c.key.whole, blob_view(&p->spki)))
		return err_set(e, WHY_REFUSED, "the public key is another's");
	p->self = digest;
	p->has_window = true;
	p->until = c.not_after;
	return true;
}

static bool
may_sign(struct fake *f, struct pair *p, const struct key_job *job, struct err *e)
{
	switch (job->as) {
	case SIGN_SELF:
		return may_sign_self(p, job, digest_of(job->bytes), e);
	case SIGN_CERT:
	case SIGN_LINK:
		return may_sign_cert(f, p, job, e);
	case SIGN_CRL:
		if (!p->has_window)
			return err_set(
			    e, WHY_REFUSED, "key '%s' has no certificate of a CA", p->label);
		if (job->intent <= p->crl)
			return err_set(e, WHY_TAKEN, "CRL number does not grow");
		p->crl = job->intent;
		return true;
	case SIGN_NEXT:
		return p->has_window ||
		       err_set(e, WHY_REFUSED, "key '%s' has no certificate of a CA", p->label);
	default:
		return true;
	}
}

static bool
may_forget(const struct fake *f, const struct pair *p, struct err *e)
{
	if (!p->has_window)
		return true;
	for (size_t i = 0; i < f->pairs; i++)
		if (&f->pair[i] != p && !f->pair[i].gone && f->pair[i].has_window &&
		    f->pair[i].until >= p->until)
			return true;
	return err_set(e, WHY_REFUSED, "no key lives as long as '%s'", p->label);
}

/* ---- jobs ---- */

static bool
key_make(struct fake *f, const struct key_job *job, struct blob *out, struct err *e)
{
	struct pair *p = pair_of(f, job->label, NULL);

	if (p == NULL) {
		f->pair = mem_array(f->pair, f->pairs + 1, sizeof(*f->pair));
		p = &f->pair[f->pairs];
		*p = (struct pair){0};
		(void)snprintf(p->label, sizeof(p->label), "%s", job->label);
		if (job->kind != KEY_RSA || !pair_make(f, p, e))
			return err_set(e, WHY_REFUSED, "fake keys are RSA keys");
		f->pairs++;
	}
	blob_set(out, blob_view(&p->spki));
	return true;
}

/* What is signed of an announcement are its attributes (RFC 8894 4.7.1). */
static bool
announcement(const struct key_job *job, struct blob *attrs, struct err *e)
{
	const struct scep_spec spec = {.status = -1,
	    .fail = -1,
	    .digest = job->alg.hash,
	    .has_content = true,
	    .content = job->bytes,
	    .alg = job->alg};

	return scep_encode_attrs(&spec, attrs, e);
}

/* Of a link certificate the last of two elements (keys.h). */
struct view
to_be_signed(const struct key_job *job)
{
	struct reader r = reader_of(job->bytes);
	struct der own, tbs;

	if (job->as == SIGN_LINK && der_any(&r, &own, NULL) && der_any(&r, &tbs, NULL))
		return tbs.whole;
	return job->bytes;
}

static bool
key_sign(
    struct fake *f, struct pair *p, const struct key_job *job, struct blob *out, struct err *e)
{
	struct blob attrs = {0};
	bool ok =
	    may_sign(f, p, job, e) && (job->as != SIGN_NEXT || announcement(job, &attrs, e));

	if (ok)
		signature_write(p->secret, &job->alg,
		    job->as == SIGN_NEXT ? blob_view(&attrs) : to_be_signed(job),
		    blob_grow(out, MODULUS));
	blob_free(&attrs);
	return ok;
}

/* What was not wrapped for this key opens too, to something of the length wanted (keys.h). */
static void
key_unwrap(const struct pair *p, const struct key_job *job, struct blob *out)
{
	struct dice d = {digest_of(job->bytes)};

	if (open_by(p->secret, job->bytes, out) && out->n == job->want)
		return;
	blob_clear(out);
	dice_fill(&d, blob_grow(out, job->want), job->want);
}

static void
pair_free(struct pair *p)
{
	blob_free(&p->spki);
	free(p->once);
	p->once = NULL;
	p->gone = true;
}

static bool
perform(struct fake *f, const struct key_job *job, struct blob *out, struct err *e)
{
	struct pair *p;

	if (job->act == KEY_MAKE)
		return key_make(f, job, out, e);
	p = pair_of(f, job->label, e);
	if (p == NULL)
		return false;
	switch (job->act) {
	case KEY_SIGN:
		return key_sign(f, p, job, out, e);
	case KEY_UNWRAP:
		key_unwrap(p, job, out);
		return true;
	case KEY_ARCHIVE:
		blob_add_str(out, "PKCS#12 of ");
		blob_add_str(out, p->label);
		return true;
	case KEY_FORGET:
		if (!may_forget(f, p, e))
			return false;
		pair_free(p);
		return true;
	case KEY_EXPORT:
	case KEY_IMPORT:
		return err_set(e, WHY_REFUSED, "a world has no files");
	case KEY_GRANT:
	case KEY_MAKE:
		break;
	}
	return true;
}

static bool
fake_submit(struct keys *k, const struct key_job *job, struct err *e)
{
	struct fake *f = fake_of(k);
	struct answer *a = mem_get(sizeof(*a));
	struct err why = {0};

	(void)e;
	a->done.id = job->id;
	if (!perform(f, job, &a->done.bytes, &why)) {
		blob_clear(&a->done.bytes);
		a->done.why = why.why;
		(void)snprintf(a->done.text, sizeof(a->done.text), "%.199s", why.text);
	}
	*f->last = a;
	f->last = &a->next;
	return true;
}

static bool
fake_collect(struct keys *k, struct key_done *out)
{
	struct fake *f = fake_of(k);
	struct answer *a = f->first;

	if (a == NULL)
		return false;
	*out = a->done;
	f->first = a->next;
	if (f->first == NULL)
		f->last = &f->first;
	free(a);
	return true;
}

static int
fake_fd(const struct keys *k)
{
	(void)k;
	return -1;
}

static bool
fake_alive(const struct keys *k)
{
	(void)k;
	return true;
}

static void
fake_random(struct keys *k, uint8_t *out, size_t n)
{
	dice_fill(&fake_of(k)->dice, out, n);
}

bool
fake_holds(const struct keys *k, struct view spki)
{
	const struct fake *f = fake_of(k);

	for (size_t i = f->pairs; i-- > 0;)
		if (!f->pair[i].gone && view_equal(blob_view(&f->pair[i].spki), spki))
			return true;
	return false;
}

void
fake_lose(struct keys *k)
{
	struct fake *f = fake_of(k);

	for (size_t i = 0; i < f->pairs; i++)
		pair_free(&f->pair[i]);
}

static void
fake_close(struct keys *k)
{
	struct fake *f = fake_of(k);
	struct key_done d;

	while (fake_collect(k, &d))
		blob_free(&d.bytes);
	for (size_t i = 0; i < f->pairs; i++)
		pair_free(&f->pair[i]);
	free(f->pair);
	index_free(&f->serials);
	free(f);
}

static const struct keys_table fake_table = {
    .submit = fake_submit,
    .collect = fake_collect,
    .fd = fake_fd,
    .alive = fake_alive,
    .random = fake_random,
    .verify = fake_verify,
    .wrap = fake_wrap,
    .close = fake_close,
};

struct keys *
keys_open_fake(uint64_t seed)
{
	struct fake *f = mem_get(sizeof(*f));

	f->keys.table = &fake_table;
	f->dice = dice_of(seed, 7);
	f->last = &f->first;
	return &f->keys;
}
