/* alg.c - digests, algorithm identifiers, public keys. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "wire/inner.h"

/* A verification costs by both; what is larger serves nobody but a flood (BAD-083). */
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_BITS_MAX 33

/* ---- digests and ciphers ---- */

static const struct {
	const char *name, *fetch;
	size_t size;
	struct view oid;
} hashes[] = {
    [HASH_NONE] = {"none", NULL, 0, {NULL, 0}},
    [HASH_MD5] = {"md5", "MD5", 16, OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05")},
    [HASH_SHA1] = {"sha1", "SHA1", 20, OID("\x2b\x0e\x03\x02\x1a")},
    [HASH_SHA256] = {"sha256", "SHA2-256", 32, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01")},
    [HASH_SHA384] = {"sha384", "SHA2-384", 48, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02")},
    [HASH_SHA512] = {"sha512", "SHA2-512", 64, OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03")},
};

static const struct {
	const char *name;
	size_t key, block;
} ciphers[] = {
    [CIPHER_NONE] = {"none", 0, 0},
    [CIPHER_DES] = {"des", 8, 8},
    [CIPHER_DES3] = {"3des", 24, 8},
    [CIPHER_AES128] = {"aes128", 16, 16},
    [CIPHER_AES192] = {"aes192", 24, 16},
    [CIPHER_AES256] = {"aes256", 32, 16},
};

/* Fetching costs more than hashing a certificate: done once, also when threads start together.
 */
static EVP_MD *fetched[COUNT_OF(hashes)];
static CRYPTO_ONCE fetch_once = CRYPTO_ONCE_STATIC_INIT;

static void
fetch_all(void)
{
	for (size_t i = HASH_MD5; i < COUNT_OF(hashes); i++)
		fetched[i] = EVP_MD_fetch(NULL, hashes[i].fetch, NULL);
}

bool
hash_is_weak(enum hash h)
{
	return hash_size(h) < 32;
}

size_t
hash_size(enum hash h)
{
	return hashes[h].size;
}

const char *
hash_name(enum hash h)
{
	return hashes[h].name;
}

size_t
cipher_key_size(enum cipher c)
{
	return ciphers[c].key;
}

size_t
cipher_block_size(enum cipher c)
{
	return ciphers[c].block;
}

const char *
cipher_name(enum cipher c)
{
	return ciphers[c].name;
}

bool
hash_bytes(enum hash h, struct view v, uint8_t out[HASH_MAX], struct err *e)
{
	unsigned n = 0;

	if (h == HASH_NONE || !CRYPTO_THREAD_run_once(&fetch_once, fetch_all) ||
	    fetched[h] == NULL)
		return err_set(e, WHY_CRYPTO, "digest %s is not available", hash_name(h));
	if (!EVP_Digest(v.p, v.n, out, &n, fetched[h], NULL))
		return err_set(e, WHY_CRYPTO, "digest %s failed", hash_name(h));
	return true;
}

/* For digests that any libcrypto has: failure means it is broken, and nothing can go on. */
static void
hash_surely(enum hash h, struct view v, uint8_t *out, size_t n)
{
	uint8_t whole[HASH_MAX];

	if (!hash_bytes(h, v, whole, NULL))
		abort();
	for (size_t i = 0; i < n; i++)
		out[i] = whole[i];
}

void
sha256(struct view v, uint8_t out[32])
{
	hash_surely(HASH_SHA256, v, out, 32);
}

int64_t
sha256_8(struct view v)
{
	uint8_t first[8];
	uint64_t n = 0;

	hash_surely(HASH_SHA256, v, first, sizeof(first));
	for (size_t i = 0; i < sizeof(first); i++)
		n = n << 8 | first[i];
	return (int64_t)n;
}

/* ---- algorithm identifiers ---- */

#define PKCS1(last) OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01" last)
#define ECDSA(last) OID("\x2a\x86\x48\xce\x3d\x04" last)

static const struct view oid_rsa = PKCS1("\x01"), oid_pss = PKCS1("\x0a"),
			 oid_mgf1 = PKCS1("\x08");
static const struct view oid_ec = OID("\x2a\x86\x48\xce\x3d\x02\x01");

static const struct {
	struct view oid;
	enum key_kind key;
	enum hash hash;
	enum padding padding;
} signatures[] = {
    {PKCS1("\x01"), KEY_NONE, HASH_NONE, PADDING_PKCS1},
    {PKCS1("\x0b"), KEY_RSA, HASH_SHA256, PADDING_PKCS1},
    {PKCS1("\x0c"), KEY_RSA, HASH_SHA384, PADDING_PKCS1},
    {PKCS1("\x0d"), KEY_RSA, HASH_SHA512, PADDING_PKCS1},
    {PKCS1("\x05"), KEY_RSA, HASH_SHA1, PADDING_PKCS1},
    {PKCS1("\x04"), KEY_RSA, HASH_MD5, PADDING_PKCS1},
    {OID("\x2b\x0e\x03\x02\x1d"), KEY_RSA, HASH_SHA1, PADDING_PKCS1}, /* OIW, old devices */
    {ECDSA("\x03\x02"), KEY_EC, HASH_SHA256, PADDING_ECDSA},
    {ECDSA("\x03\x03"), KEY_EC, HASH_SHA384, PADDING_ECDSA},
    {ECDSA("\x03\x04"), KEY_EC, HASH_SHA512, PADDING_ECDSA},
    {ECDSA("\x01"), KEY_EC, HASH_SHA1, PADDING_ECDSA},
};

bool
algorithm_split(struct view algorithm, struct view *oid, struct view *parameters, struct err *e)
{
	struct reader r = reader_of(algorithm);
	struct der whole, rest = {0};
	struct view id;

	if (!der_take(&r, DER_SEQUENCE, "AlgorithmIdentifier", &whole, e) ||
	    !der_end(&r, "AlgorithmIdentifier", e))
		return false;
	r = reader_of(whole.body);
	if (!der_take_oid(&r, "algorithm", &id, e))
		return false;
	if (r.n > 0 && !der_any(&r, &rest, e))
		return err_prefix(e, "algorithm parameters");
	if (!der_end(&r, "AlgorithmIdentifier", e))
		return false;
	*oid = id;
	*parameters = rest.whole;
	return true;
}

static bool
is_null(struct view parameters)
{
	return parameters.n == 0 || view_equal(parameters, VIEW("\x05\x00"));
}

bool
hash_alg_decode(struct view algorithm, enum hash *out, struct err *e)
{
	struct view oid, parameters;

	if (!algorithm_split(algorithm, &oid, &parameters, e))
		return false;
	for (size_t i = HASH_MD5; i < COUNT_OF(hashes); i++) {
		if (!view_equal(oid, hashes[i].oid))
			continue;
		if (!is_null(parameters))
			return err_set(
			    e, WHY_BAD_INPUT, "digest %s with parameters", hashes[i].name);
		*out = (enum hash)i;
		return true;
	}
	return err_set(e, WHY_BAD_INPUT, "unknown digest algorithm");
}

void
hash_alg_encode(struct der_writer *w, enum hash h)
{
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, hashes[h].oid);
	der_put_null(w);
	der_close(w);
}

static bool
pss_mask_hash(struct view algorithm, enum hash *out, struct err *e)
{
	struct view oid, parameters;

	if (!algorithm_split(algorithm, &oid, &parameters, e))
		return false;
	if (!view_equal(oid, oid_mgf1))
		return err_set(e, WHY_BAD_INPUT, "PSS: mask generation function is not MGF1");
	return hash_alg_decode(parameters, out, e);
}

/* RSASSA-PSS-params (RFC 4055 3.1): every field may be absent, its default is that of 1998. */
static bool
pss_decode(struct view parameters, struct sig_alg *out, struct err *e)
{
	struct reader r = reader_of(parameters), inner;
	enum hash hash = HASH_SHA1, mask = HASH_SHA1;
	uint64_t salt = 20, trailer = 1;
	struct der whole, field, number;

	if (!der_take(&r, DER_SEQUENCE, "PSS parameters", &whole, e) ||
	    !der_end(&r, "PSS parameters", e))
		return false;
	r = reader_of(whole.body);
	for (uint8_t i = 0; i < 4; i++) {
		if (!der_next_is(&r, (uint8_t)DER_CONTEXT(i)))
			continue;
		if (!der_any(&r, &field, e))
			return false;
		if (i == 0 && !hash_alg_decode(field.body, &hash, e))
			return false;
		if (i == 1 && !pss_mask_hash(field.body, &mask, e))
			return false;
		inner = reader_of(field.body);
		if (i >= 2 && (!der_take(&inner, DER_INTEGER, "PSS parameters", &number, e) ||
				  !der_end(&inner, "PSS parameters", e) ||
				  !der_uint(&number, i == 2 ? &salt : &trailer, e)))
			return false;
	}
	if (!der_end(&r, "PSS parameters", e))
		return false;
	if (hash != mask || hash == HASH_MD5 || trailer != 1 || salt > HASH_MAX)
		return err_set(e, WHY_BAD_INPUT,
		    "PSS: %s with MGF1 of %s, salt %ju, trailer %ju", hash_name(hash),
		    hash_name(mask), (uintmax_t)salt, (uintmax_t)trailer);
	*out = (struct sig_alg){KEY_RSA, hash, PADDING_PSS, (int)salt};
	return true;
}

bool
sig_alg_decode(struct view algorithm, struct sig_alg *out, struct err *e)
{
	struct view oid, parameters;

	if (!algorithm_split(algorithm, &oid, &parameters, e))
		return false;
	if (view_equal(oid, oid_pss))
		return pss_decode(parameters, out, e);
	for (size_t i = 0; i < COUNT_OF(signatures); i++) {
		if (!view_equal(oid, signatures[i].oid))
			continue;
		if (signatures[i].key == KEY_EC ? parameters.n > 0 : !is_null(parameters))
			return err_set(e, WHY_BAD_INPUT,
			    "signature algorithm with parameters (RFC 3279 2.2)");
		*out = (struct sig_alg){
		    signatures[i].key, signatures[i].hash, signatures[i].padding, 0};
		return true;
	}
	return err_set(e, WHY_BAD_INPUT, "unknown signature algorithm");
}

void
hash_and_mask_encode(struct der_writer *w, enum hash h)
{
	if (h == HASH_SHA1)
		return;
	der_open(w, DER_CONTEXT(0));
	hash_alg_encode(w, h);
	der_close(w);
	der_open(w, DER_CONTEXT(1));
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_mgf1);
	hash_alg_encode(w, h);
	der_close(w);
	der_close(w);
}

static void
pss_encode(struct der_writer *w, const struct sig_alg *a)
{
	der_put_oid(w, oid_pss);
	der_open(w, DER_SEQUENCE);
	hash_and_mask_encode(w, a->hash);
	if (a->salt != 20) {
		der_open(w, DER_CONTEXT(2));
		der_put_uint(w, (uint64_t)a->salt);
		der_close(w);
	}
	der_close(w);
}

/* NULL parameters for RSA, none for ECDSA (CP-18). */
void
sig_alg_encode(struct der_writer *w, const struct sig_alg *a)
{
	der_open(w, DER_SEQUENCE);
	if (a->padding == PADDING_PSS) {
		pss_encode(w, a);
	} else {
		for (size_t i = 0; i < COUNT_OF(signatures); i++)
			if (signatures[i].hash == a->hash &&
			    signatures[i].padding == a->padding) {
				der_put_oid(w, signatures[i].oid);
				break;
			}
		if (a->padding == PADDING_PKCS1)
			der_put_null(w);
	}
	der_close(w);
}

/* ---- public keys ---- */

static const struct {
	struct view oid;
	int bits;
	size_t octets;
} curves[] = {
    {OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"), 256, 32},
    {OID("\x2b\x81\x04\x00\x22"), 384, 48},
    {OID("\x2b\x81\x04\x00\x23"), 521, 66},
};

/* A positive INTEGER without its leading zero. */
static bool
take_unsigned(struct reader *r, const char *what, struct view *out, struct err *e)
{
	struct reader body;
	struct der d;
	uint8_t zero;

	if (!der_take(r, DER_INTEGER, what, &d, e) || !der_integer_check(d.body, what, e))
		return false;
	if (d.body.p[0] >= 0x80)
		return err_set(e, WHY_BAD_INPUT, "%s: negative", what);
	body = reader_of(d.body);
	if (d.body.p[0] == 0 && !read_u8(&body, &zero))
		return false;
	*out = view_of(body.p, body.n);
	return true;
}

static int
bit_length(struct view unsigned_number)
{
	int bits = (int)unsigned_number.n * 8;

	if (unsigned_number.n == 0)
		return 0;
	for (uint8_t first = unsigned_number.p[0]; first < 0x80; first = (uint8_t)(first << 1))
		bits--;
	return bits;
}

static bool
rsa_decode(struct spki *k, struct view parameters, struct err *e)
{
	struct reader r = reader_of(k->bit_string);
	struct der key;

	if (!is_null(parameters))
		return err_set(e, WHY_BAD_INPUT, "RSA key with parameters (RFC 3279 2.3.1)");
	if (!der_take(&r, DER_SEQUENCE, "RSAPublicKey", &key, e) ||
	    !der_end(&r, "RSAPublicKey", e))
		return false;
	r = reader_of(key.body);
	if (!take_unsigned(&r, "RSA modulus", &k->modulus, e) ||
	    !take_unsigned(&r, "RSA exponent", &k->exponent, e) ||
	    !der_end(&r, "RSAPublicKey", e))
		return false;
	if (k->modulus.n > RSA_BITS_MAX / 8 || k->modulus.n < 512 / 8)
		return err_set(e, WHY_BAD_INPUT, "RSA modulus of %zu octets (512 to %d bits)",
		    k->modulus.n, RSA_BITS_MAX);
	k->bits = bit_length(k->modulus);
	if (k->bits < 512)
		return err_set(e, WHY_BAD_INPUT, "RSA modulus of %d bits (512 to %d bits)",
		    k->bits, RSA_BITS_MAX);
	if (!(k->modulus.p[k->modulus.n - 1] & 1))
		return err_set(e, WHY_BAD_INPUT, "RSA modulus is even");
	if (k->exponent.n == 0 || k->exponent.n > 5 || bit_length(k->exponent) < 2 ||
	    bit_length(k->exponent) > RSA_EXPONENT_BITS_MAX ||
	    !(k->exponent.p[k->exponent.n - 1] & 1))
		return err_set(e, WHY_BAD_INPUT,
		    "RSA exponent is even, under 3 or over %d bits", RSA_EXPONENT_BITS_MAX);
	k->kind = KEY_RSA;
	return true;
}

static bool
ec_decode(struct spki *k, struct view parameters, struct err *e)
{
	struct reader r = reader_of(parameters), point = reader_of(k->bit_string);
	struct der curve;
	uint8_t form;

	if (!der_take(&r, DER_OID, "EC curve by name (RFC 5480 2.1.1)", &curve, e) ||
	    !der_end(&r, "EC parameters", e))
		return false;
	for (size_t i = 0; i < COUNT_OF(curves); i++) {
		if (!view_equal(curve.body, curves[i].oid))
			continue;
		if (!read_u8(&point, &form) ||
		    !((form == 4 && point.n == 2 * curves[i].octets) ||
			((form == 2 || form == 3) && point.n == curves[i].octets)))
			return err_set(e, WHY_BAD_INPUT, "EC point is malformed");
		k->kind = KEY_EC;
		k->bits = k->curve = curves[i].bits;
		k->point = k->bit_string;
		return true;
	}
	return err_set(e, WHY_BAD_INPUT, "EC curve is not P-256, P-384 or P-521");
}

bool
spki_decode(struct view der, struct spki *out, struct err *e)
{
	struct reader r = reader_of(der);
	struct view oid, parameters;
	struct der whole, algorithm, bits;
	struct spki k = {.whole = der};
	bool ok;

	if (!der_take(&r, DER_SEQUENCE, "SubjectPublicKeyInfo", &whole, e) ||
	    !der_end(&r, "SubjectPublicKeyInfo", e))
		return false;
	r = reader_of(whole.body);
	if (!der_take(&r, DER_SEQUENCE, "key algorithm", &algorithm, e) ||
	    !algorithm_split(algorithm.whole, &oid, &parameters, e) ||
	    !der_take(&r, DER_BIT_STRING, "subjectPublicKey", &bits, e) ||
	    !der_bits(&bits, "subjectPublicKey", &k.bit_string, e) ||
	    !der_end(&r, "SubjectPublicKeyInfo", e))
		return false;
	if (view_equal(oid, oid_rsa))
		ok = rsa_decode(&k, parameters, e);
	else if (view_equal(oid, oid_ec))
		ok = ec_decode(&k, parameters, e);
	else
		ok = err_set(e, WHY_BAD_INPUT, "unknown public key algorithm");
	if (ok)
		*out = k;
	return ok;
}

/* n modulo a word, four octets at a time from the front, then what is left of them. */
static uint32_t
remainder_of(struct view n, uint32_t word)
{
	struct reader r = reader_of(n);
	uint64_t rest = 0;
	uint32_t four;
	uint8_t one;

	while (read_u32(&r, &four))
		rest = (rest << 32 | four) % word;
	while (read_u8(&r, &one))
		rest = (rest << 8 | one) % word;
	return (uint32_t)rest;
}

bool
spki_small_factor(const struct spki *k)
{
	static const uint8_t primes[] = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47,
	    53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
	static const struct {
		uint32_t product;
		size_t from, until;
	} groups[] = {{3234846615u, 0, 9}, {95041567u, 9, 14}, {907383479u, 14, 19},
	    {4132280413u, 19, 24}};

	for (size_t g = 0; k->kind == KEY_RSA && g < COUNT_OF(groups); g++) {
		uint32_t rest = remainder_of(k->modulus, groups[g].product);

		for (size_t i = groups[g].from; i < groups[g].until; i++)
			if (rest % primes[i] == 0)
				return true;
	}
	return false;
}

void
spki_key_id(const struct spki *k, uint8_t out[20])
{
	hash_surely(HASH_SHA1, k->bit_string, out, 20);
}
