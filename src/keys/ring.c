/* ring.c - key pairs in memory and sealed files. */
#include "keys/ring.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "sys/sys.h"

#define KEY_FILE_MAX (64 * 1024)
#define SUFFIX ".key"

bool
label_check(const char label[KEY_LABEL_MAX], struct err *e)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._#-";
	size_t n = strnlen(label, KEY_LABEL_MAX);

	if (n == 0 || n == KEY_LABEL_MAX || label[0] == '.' || strspn(label, allowed) != n)
		return err_set(e, WHY_BAD_INPUT,
		    "key label: 1 to 63 of A-Z a-z 0-9 . _ # -, not beginning with a dot");
	return true;
}

struct pair *
pair_hold(struct pair *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void
pair_drop(struct pair *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	EVP_PKEY_free(p->key);
	blob_free(&p->spki);
	mem_wipe(p, sizeof(*p));
	free(p);
}

/* The secret behind synthetic content keys: nobody without the private exponent can tell them
 * from real ones. */
static bool
synthetic_secret(EVP_PKEY *key, uint8_t out[32], struct err *e)
{
	static const char purpose[] = "keymuster synthetic content key";
	BIGNUM *d = NULL;
	struct blob b = {0};
	int width = EVP_PKEY_get_size(key);
	bool ok = false;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &d) != 1) {
		err_set(e, WHY_CRYPTO, "private exponent is not readable");
		goto out;
	}
	blob_add(&b, purpose, sizeof(purpose));
	if (BN_bn2binpad(d, blob_grow(&b, (size_t)width), width) != width) {
		err_set(e, WHY_CRYPTO, "private exponent is longer than the modulus");
		goto out;
	}
	sha256(blob_view(&b), out);
	ok = true;
out:
	BN_clear_free(d);
	blob_free(&b);
	return ok;
}

static bool
pair_describe(struct pair *p, struct err *e)
{
	struct spki s;
	struct blob named = {0};
	uint8_t digest[32];
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(p->key, &der);

	if (n <= 0)
		return err_set(e, WHY_CRYPTO, "public key cannot be encoded");
	blob_add(&p->spki, der, (size_t)n);
	OPENSSL_free(der);
	if (!spki_decode(blob_view(&p->spki), &s, e))
		return false;
	p->kind = s.kind;
	p->bits = s.bits;
	sha256(blob_view(&p->spki), p->spki_hash);
	blob_add(&named, p->label, strlen(p->label) + 1);
	blob_add_view(&named, blob_view(&p->spki));
	sha256(blob_view(&named), digest);
	memcpy(p->id, digest, PAIR_ID);
	blob_free(&named);
	return p->kind != KEY_RSA || synthetic_secret(p->key, p->synthetic, e);
}

/* Takes the key over, also when it refuses. */
static bool
pair_new(const char *label, EVP_PKEY *key, struct pair **out, struct err *e)
{
	struct pair *p = mem_get(sizeof(*p));

	memcpy(p->label, label, strlen(label));
	p->key = key;
	atomic_store(&p->refs, 1);
	if (!pair_describe(p, e)) {
		ERR_clear_error();
		pair_drop(p);
		return false;
	}
	*out = p;
	return true;
}

static EVP_PKEY *
key_of_pkcs8(struct view der)
{
	const unsigned char *at = der.p;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n);
	EVP_PKEY *key = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return key;
}

static void
ring_insert(struct ring *r, struct pair *p)
{
	pthread_mutex_lock(&r->lock);
	r->pairs = mem_array(r->pairs, r->count + 1, sizeof(struct pair *));
	r->pairs[r->count++] = p;
	pthread_mutex_unlock(&r->lock);
}

static void
key_path(const struct ring *r, const char *label, struct blob *out)
{
	blob_printf(out, "%s/%s" SUFFIX, r->dir, label);
}

static bool
ring_load(struct ring *r, const char label[KEY_LABEL_MAX], struct err *e)
{
	struct blob path = {0}, sealed = {0}, plain = {0};
	struct pair *p = NULL;
	EVP_PKEY *key;
	bool ok = false;

	key_path(r, label, &path);
	if (!file_read(blob_cstr(&path), KEY_FILE_MAX, &sealed, e))
		goto out;
	if (!seal_open(&r->seal, label, blob_view(&sealed), &plain, e)) {
		err_prefix(e, "%s", blob_cstr(&path));
		goto out;
	}
	key = key_of_pkcs8(blob_view(&plain));
	if (key == NULL) {
		err_set(e, WHY_BAD_INPUT, "%s: opened, but no PKCS#8 private key inside",
		    blob_cstr(&path));
		goto out;
	}
	if (!pair_new(label, key, &p, e))
		goto out;
	ring_insert(r, p);
	ok = true;
out:
	blob_free(&path);
	blob_free(&sealed);
	blob_free(&plain);
	return ok;
}

static bool
ring_load_all(struct ring *r, struct err *e)
{
	char label[KEY_LABEL_MAX];
	struct dirent *d;
	size_t n;
	bool ok = true;
	DIR *dir = opendir(r->dir);

	if (dir == NULL)
		return err_set(e, WHY_IO, "%s: %s", r->dir, strerror(errno));
	while (ok && (d = readdir(dir)) != NULL) {
		n = strlen(d->d_name);
		if (n <= strlen(SUFFIX) || strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		n -= strlen(SUFFIX);
		if (n >= KEY_LABEL_MAX)
			continue;
		memset(label, 0, sizeof(label));
		memcpy(label, d->d_name, n);
		if (!label_check(label, NULL))
			continue;
		ok = r->count < PAIRS_MAX
			 ? ring_load(r, label, e)
			 : err_set(e, WHY_REFUSED, "%s: more than %d keys", r->dir, PAIRS_MAX);
	}
	closedir(dir);
	return ok;
}

bool
ring_open(struct ring *r, const char *dir, const struct seal *seal, struct err *e)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	if (dir == NULL)
		return true;
	r->dir = mem_str(dir);
	r->seal = *seal;
	if (ring_load_all(r, e))
		return true;
	ring_close(r);
	return false;
}

void
ring_close(struct ring *r)
{
	for (size_t i = 0; i < r->count; i++) {
		atomic_store(&r->pairs[i]->forgotten, true);
		pair_drop(r->pairs[i]);
	}
	for (size_t i = 0; i < r->pool_count; i++)
		blob_free(&r->pool[i]);
	free(r->pairs);
	free(r->pool);
	free(r->dir);
	pthread_mutex_destroy(&r->lock);
	mem_wipe(r, sizeof(*r));
}

struct pair *
ring_find(struct ring *r, const char *label)
{
	struct pair *found = NULL;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count && found == NULL; i++)
		if (strcmp(r->pairs[i]->label, label) == 0)
			found = pair_hold(r->pairs[i]);
	pthread_mutex_unlock(&r->lock);
	return found;
}

size_t
ring_count(struct ring *r)
{
	size_t n;

	pthread_mutex_lock(&r->lock);
	n = r->count;
	pthread_mutex_unlock(&r->lock);
	return n;
}

void
ring_pool(struct ring *r, const struct view *pkcs8, size_t n)
{
	r->pool = mem_array(r->pool, r->pool_count + n, sizeof(*r->pool));
	for (size_t i = 0; i < n; i++) {
		r->pool[r->pool_count] = (struct blob){0};
		blob_set(&r->pool[r->pool_count++], pkcs8[i]);
	}
}

/* The next ready pair of this size; NULL when the pool has none. */
static EVP_PKEY *
pool_take(struct ring *r, int bits)
{
	for (size_t tried = 0; tried < r->pool_count; tried++) {
		EVP_PKEY *key = key_of_pkcs8(blob_view(&r->pool[r->pool_next]));

		r->pool_next = (r->pool_next + 1) % r->pool_count;
		if (key != NULL && EVP_PKEY_get_bits(key) == bits)
			return key;
		EVP_PKEY_free(key);
	}
	return NULL;
}

static EVP_PKEY *
key_generate(struct ring *r, enum key_kind kind, int bits, struct err *e)
{
	EVP_PKEY *key = NULL;
	char curve[8];

	if (kind == KEY_RSA && bits >= 1024 && bits <= 8192 && bits % 8 == 0) {
		key = pool_take(r, bits);
		if (key == NULL)
			key = EVP_RSA_gen((unsigned)bits);
	} else if (kind == KEY_EC && (bits == 256 || bits == 384 || bits == 521)) {
		snprintf(curve, sizeof(curve), "P-%d", bits);
		key = EVP_EC_gen(curve);
	} else {
		err_set(e, WHY_BAD_INPUT,
		    "no such key: kind %d of %d bits (RSA 1024 to 8192, EC 256, 384, 521)",
		    (int)kind, bits);
		return NULL;
	}
	if (key == NULL)
		err_set(e, WHY_CRYPTO, "making a key of %d bits failed", bits);
	ERR_clear_error();
	return key;
}

static bool
pair_store(const struct ring *r, const struct pair *p, struct err *e)
{
	struct blob path = {0}, plain = {0}, sealed = {0};
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(p->key);
	unsigned char *der = NULL;
	int n = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	bool ok = false;

	if (n <= 0) {
		err_set(e, WHY_CRYPTO, "private key cannot be encoded");
		goto out;
	}
	blob_add(&plain, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	key_path(r, p->label, &path);
	ok = seal_close(&r->seal, p->label, blob_view(&plain), &sealed, e) &&
	     file_replace(blob_cstr(&path), 0600, blob_view(&sealed), e);
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	blob_free(&path);
	blob_free(&plain);
	blob_free(&sealed);
	return ok;
}

bool
ring_make(struct ring *r, const char *label, enum key_kind kind, int bits, struct pair **out,
    struct err *e)
{
	struct pair *p = ring_find(r, label);
	EVP_PKEY *key;

	if (p != NULL && (p->kind != kind || p->bits != bits)) {
		err_set(e, WHY_REFUSED, "key '%s' exists with %d bits or another kind", label,
		    p->bits);
		pair_drop(p);
		return false;
	}
	if (p != NULL) {
		*out = p;
		return true;
	}
	if (ring_count(r) >= PAIRS_MAX)
		return err_set(e, WHY_REFUSED, "%d keys are the limit", PAIRS_MAX);
	key = key_generate(r, kind, bits, e);
	if (key == NULL || !pair_new(label, key, &p, e))
		return false;
	if (r->dir != NULL && !pair_store(r, p, e)) {
		pair_drop(p);
		return false;
	}
	ring_insert(r, pair_hold(p));
	*out = p;
	return true;
}

bool
ring_forget(struct ring *r, struct pair *p, struct err *e)
{
	struct blob path = {0};
	bool ok = true;

	if (r->dir != NULL) {
		key_path(r, p->label, &path);
		ok = file_remove(blob_cstr(&path), e);
		blob_free(&path);
	}
	if (!ok)
		return false;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++)
		if (r->pairs[i] == p) {
			r->pairs[i] = r->pairs[--r->count];
			atomic_store(&p->forgotten, true);
			pair_drop(p); /* the ring's own reference; the caller holds another */
			break;
		}
	pthread_mutex_unlock(&r->lock);
	return true;
}
