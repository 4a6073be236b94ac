/* ring.c - key pairs in memory and sealed files. */
#include "keys/ring.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
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
key_path(const struct ring *r, const char *label, struct blob *out)
{
	blob_printf(out, "%s/%s" SUFFIX, r->dir, label);
}

static bool
pair_load(const struct ring *r, const char *label, struct pair **out, struct err *e)
{
	struct blob path = {0}, sealed = {0}, plain = {0};
	struct err why = {0};
	EVP_PKEY *key;
	bool ok = false;

	key_path(r, label, &path);
	if (!file_read(blob_cstr(&path), KEY_FILE_MAX, &sealed, &why)) {
		err_set(
		    e, WHY_IO, "%s", why.text); /* gone, it is still no key that never was */
		goto out;
	}
	if (!seal_open(&r->seal, label, blob_view(&sealed), &plain, e)) {
		err_prefix(e, "%s", blob_cstr(&path));
		goto out;
	}
	key = key_of_pkcs8(blob_view(&plain));
	if (key == NULL)
		err_set(e, WHY_BAD_INPUT, "%s: opened, but no PKCS#8 private key inside",
		    blob_cstr(&path));
	else
		ok = pair_new(label, key, out, e);
out:
	blob_free(&path);
	blob_free(&sealed);
	blob_free(&plain);
	return ok;
}

/* ---- names; who calls these holds the lock ---- */

/* Where the label is, or belongs. */
static size_t
name_place(const struct ring *r, const char *label)
{
	size_t from = 0, to = r->count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (strcmp(r->names[middle]->label, label) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static struct ring_name *
name_find(const struct ring *r, const char *label)
{
	size_t at = name_place(r, label);

	return at < r->count && strcmp(r->names[at]->label, label) == 0 ? r->names[at] : NULL;
}

/* At its end: the order comes later. */
static struct ring_name *
name_new(struct ring *r, const char *label)
{
	size_t n = strlen(label) + 1;
	struct ring_name *name = mem_get(sizeof(*name) + n);

	memcpy(name->label, label, n);
	if (r->count % 64 == 0)
		r->names = mem_array(r->names, r->count + 64, sizeof(struct ring_name *));
	r->names[r->count++] = name;
	return name;
}

static void
name_close(struct ring_name *name)
{
	atomic_store(&name->pair->gone, true);
	pair_drop(name->pair);
	name->pair = NULL;
}

/* Takes the ring's reference over. */
static void
name_open(struct ring *r, struct ring_name *name, struct pair *p)
{
	size_t at = r->open_count;

	name->pair = p;
	name->used = ++r->turn;
	if (r->dir == NULL)
		return;
	if (at < PAIRS_OPEN) {
		r->open_count++;
	} else {
		at = 0;
		for (size_t i = 1; i < PAIRS_OPEN; i++)
			if (r->open[i]->used < r->open[at]->used)
				at = i;
		name_close(r->open[at]);
	}
	r->open[at] = name;
}

static bool
name_use(struct ring *r, struct ring_name *name, struct err *e)
{
	struct pair *p = NULL;

	name->used = ++r->turn;
	if (name->pair != NULL)
		return true;
	if (!pair_load(r, name->label, &p, e))
		return false;
	name_open(r, name, p);
	return true;
}

static void
name_add(struct ring *r, struct pair *p)
{
	size_t at = name_place(r, p->label);
	struct ring_name *name = name_new(r, p->label);

	memmove(&r->names[at + 1], &r->names[at], (r->count - 1 - at) * sizeof(name));
	r->names[at] = name;
	name_open(r, name, pair_hold(p));
}

static void
name_remove(struct ring *r, const char *label)
{
	size_t at = name_place(r, label);
	struct ring_name *name = name_find(r, label);

	if (name == NULL)
		return;
	for (size_t i = 0; i < r->open_count; i++)
		if (r->open[i] == name) {
			r->open[i] = r->open[--r->open_count];
			break;
		}
	if (name->pair != NULL)
		name_close(name);
	r->count--;
	memmove(&r->names[at], &r->names[at + 1], (r->count - at) * sizeof(name));
	free(name);
}

/* ---- the ring ---- */

static int
by_label(const void *a, const void *b)
{
	return strcmp(
	    (*(struct ring_name *const *)a)->label, (*(struct ring_name *const *)b)->label);
}

static void
file_found(void *arg, const char *file)
{
	struct ring *r = arg;
	char label[KEY_LABEL_MAX] = {0};
	size_t n = strlen(file);

	if (n <= strlen(SUFFIX) || strcmp(file + n - strlen(SUFFIX), SUFFIX) != 0)
		return;
	n -= strlen(SUFFIX);
	if (n >= KEY_LABEL_MAX)
		return;
	memcpy(label, file, n);
	if (label_check(label, NULL))
		(void)name_new(r, label);
}

static bool
ring_load(struct ring *r, struct err *e)
{
	bool ok = dir_each(r->dir, file_found, r, e);

	if (ok && r->count > PAIRS_MAX_CLIENTS)
		return err_set(
		    e, WHY_REFUSED, "%s: more than %d keys", r->dir, PAIRS_MAX_CLIENTS);
	if (r->count > 0)
		qsort(r->names, r->count, sizeof(struct ring_name *), by_label);
	for (size_t i = 0; ok && r->count <= PAIRS_OPEN && i < r->count; i++)
		ok = name_use(r, r->names[i], e);
	return ok;
}

bool
ring_open(struct ring *r, const char *dir, const struct seal *seal, struct err *e)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->limit = PAIRS_MAX;
	if (dir == NULL)
		return true;
	r->dir = mem_str(dir);
	r->seal = *seal;
	if (ring_load(r, e))
		return true;
	ring_close(r);
	return false;
}

void
ring_close(struct ring *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->names[i]->pair != NULL)
			name_close(r->names[i]);
		free(r->names[i]);
	}
	for (size_t i = 0; i < r->pool_count; i++)
		blob_free(&r->pool[i]);
	free(r->names);
	free(r->pool);
	free(r->dir);
	pthread_mutex_destroy(&r->lock);
	mem_wipe(r, sizeof(*r));
}

void
ring_clients(struct ring *r)
{
	r->limit = PAIRS_MAX_CLIENTS;
}

/* A file is opened under the lock: who forgets its key waits, and finds it open. */
bool
ring_find(struct ring *r, const char *label, struct pair **out, struct err *e)
{
	struct ring_name *name;
	bool ok;

	pthread_mutex_lock(&r->lock);
	name = name_find(r, label);
	ok = name != NULL ? name_use(r, name, e)
			  : err_set(e, WHY_NOT_FOUND, "no key '%s'", label);
	if (ok)
		*out = pair_hold(name->pair);
	pthread_mutex_unlock(&r->lock);
	return ok;
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
	ok = seal_close(&r->seal, p->label, blob_view(&plain), &sealed, e);
	crash_point("signer-key-made");
	ok = ok && file_replace(blob_cstr(&path), 0600, blob_view(&sealed), e);
	crash_point("signer-key-stored");
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	blob_free(&path);
	blob_free(&plain);
	blob_free(&sealed);
	return ok;
}

/* Takes the key over, also when it refuses. */
static bool
ring_keep(struct ring *r, const char *label, EVP_PKEY *key, struct pair **out, struct err *e)
{
	struct pair *p = NULL;

	if (!pair_new(label, key, &p, e))
		return false;
	if (r->dir != NULL && !pair_store(r, p, e)) {
		pair_drop(p);
		return false;
	}
	pthread_mutex_lock(&r->lock);
	name_add(r, p);
	pthread_mutex_unlock(&r->lock);
	*out = p;
	return true;
}

bool
ring_make(struct ring *r, const char *label, enum key_kind kind, int bits, struct pair **out,
    struct err *e)
{
	struct pair *p = NULL;
	struct err why = {0};
	EVP_PKEY *key;

	if (ring_find(r, label, &p, &why)) {
		if (p->kind == kind && p->bits == bits) {
			*out = p;
			return true;
		}
		err_set(e, WHY_REFUSED, "key '%s' exists with %d bits or another kind", label,
		    p->bits);
		pair_drop(p);
		return false;
	}
	if (why.why != WHY_NOT_FOUND)
		return err_set(e, why.why, "%s", why.text);
	if (ring_count(r) >= r->limit)
		return err_set(e, WHY_BAD_INPUT, "%zu keys are the limit", r->limit);
	key = key_generate(r, kind, bits, e);
	return key != NULL && ring_keep(r, label, key, out, e);
}

bool
ring_take(struct ring *r, const char *label, EVP_PKEY *key, struct pair **out, struct err *e)
{
	struct pair *p = NULL;
	struct err why = {0};

	if (ring_find(r, label, &p, &why)) {
		bool same = EVP_PKEY_eq(p->key, key) == 1;

		EVP_PKEY_free(key);
		if (same) {
			*out = p;
			return true;
		}
		pair_drop(p);
		return err_set(e, WHY_REFUSED, "key '%s' is another one", label);
	}
	if (why.why == WHY_NOT_FOUND && ring_count(r) < r->limit)
		return ring_keep(r, label, key, out, e);
	EVP_PKEY_free(key);
	return why.why != WHY_NOT_FOUND
		   ? err_set(e, why.why, "%s", why.text)
		   : err_set(e, WHY_BAD_INPUT, "%zu keys are the limit", r->limit);
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
	crash_point("signer-key-removed");
	pthread_mutex_lock(&r->lock);
	atomic_store(&p->gone, true);
	name_remove(r, p->label);
	pthread_mutex_unlock(&r->lock);
	return true;
}
