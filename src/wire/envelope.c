/* envelope.c - EnvelopedData: read, open, encode. */
#include "wire/cms.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#define KEY_MAX 32

static const struct view oid_enveloped = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03");
static const struct view oid_auth_enveloped =
    OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17");
static const struct view oid_oaep = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07");
static const struct view oid_mgf1 = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
static const struct view oid_p_specified = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x09");

/*
 * Single DES is triple DES with one key three times (SP 800-67): so it needs no legacy
 * provider. Who may use it is the caller's policy (AL-03).
 */
static const struct cipher_row {
	struct view oid;
	const char *name;
	size_t repeat; /* how often the key is written for the library */
} ciphers[] = {
    [CIPHER_DES] = {OID("\x2b\x0e\x03\x02\x07"), "DES-EDE3-CBC", 3},
    [CIPHER_DES3] = {OID("\x2a\x86\x48\x86\xf7\x0d\x03\x07"), "DES-EDE3-CBC", 1},
    [CIPHER_AES128] = {OID("\x60\x86\x48\x01\x65\x03\x04\x01\x02"), "AES-128-CBC", 1},
    [CIPHER_AES192] = {OID("\x60\x86\x48\x01\x65\x03\x04\x01\x16"), "AES-192-CBC", 1},
    [CIPHER_AES256] = {OID("\x60\x86\x48\x01\x65\x03\x04\x01\x2a"), "AES-256-CBC", 1},
};

/* Fetching costs more than a short message: each cipher is fetched once and kept. */
static EVP_CIPHER *
cipher_fetched(enum cipher c)
{
	static _Atomic(EVP_CIPHER *) kept[COUNT_OF(ciphers)];
	EVP_CIPHER *mine = atomic_load(&kept[c]), *there = NULL;

	if (mine != NULL)
		return mine;
	mine = EVP_CIPHER_fetch(NULL, ciphers[c].name, NULL);
	if (mine == NULL || atomic_compare_exchange_strong(&kept[c], &there, mine))
		return mine;
	EVP_CIPHER_free(mine);
	return there;
}

/* Runs CBC over whole blocks without the library's padding. out has room for in.n octets. */
static bool
cbc(enum cipher c, bool encrypt, struct view key, struct view iv, struct view in, uint8_t *out)
{
	EVP_CIPHER *cipher = cipher_fetched(c);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t full[KEY_MAX];
	int n = 0, last = 0;
	bool ok = false;

	for (size_t i = 0; i < ciphers[c].repeat; i++)
		memcpy(full + i * key.n, key.p, key.n);
	if (ctx == NULL || cipher == NULL ||
	    EVP_CipherInit_ex2(ctx, cipher, full, iv.p, encrypt, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
	    EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) != 1 ||
	    EVP_CipherFinal_ex(ctx, out + n, &last) != 1)
		goto out;
	ok = (size_t)n + (size_t)last == in.n;
out:
	mem_wipe(full, sizeof(full));
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* hashAlgorithm or maskGenAlgorithm of OAEP: an optional [n] around an AlgorithmIdentifier. */
static bool
oaep_field(struct reader *r, uint8_t tag, struct view *algorithm, struct err *e)
{
	struct der field;

	*algorithm = (struct view){0};
	if (!der_next_is(r, tag))
		return true;
	if (!der_take(r, tag, "OAEP parameter", &field, e))
		return false;
	*algorithm = field.body;
	return true;
}

/* RSAES-OAEP-params (RFC 8017 A.2.1): defaults are SHA-1, MGF1 with SHA-1, empty label. */
static bool
oaep_decode(struct view params, enum hash *out, struct err *e)
{
	struct reader r = reader_of(params);
	struct der seq;
	struct view hash, mgf, label, oid, inner;
	enum hash h = HASH_SHA1, mgf_hash = HASH_SHA1;

	if (!der_take(&r, DER_SEQUENCE, "OAEP parameters", &seq, e) ||
	    !der_end(&r, "OAEP parameters", e))
		return false;
	r = reader_of(seq.body);
	if (!oaep_field(&r, DER_CONTEXT(0), &hash, e) ||
	    !oaep_field(&r, DER_CONTEXT(1), &mgf, e) ||
	    !oaep_field(&r, DER_CONTEXT(2), &label, e) || !der_end(&r, "OAEP parameters", e))
		return false;
	if (hash.n > 0 && !hash_alg_decode(hash, &h, e))
		return false;
	if (mgf.n > 0 &&
	    (!algorithm_split(mgf, &oid, &inner, e) || !hash_alg_decode(inner, &mgf_hash, e)))
		return false;
	if ((mgf.n > 0 && !view_equal(oid, oid_mgf1)) || mgf_hash != h)
		return err_set(e, WHY_BAD_INPUT, "OAEP: mask generation is not MGF1 with %s",
		    hash_name(h));
	if (label.n > 0 &&
	    (!algorithm_split(label, &oid, &inner, e) || !view_equal(oid, oid_p_specified) ||
		!view_equal(inner, VIEW("\x04\x00"))))
		return err_set(e, WHY_BAD_INPUT, "OAEP: label is not empty");
	if (h == HASH_MD5)
		return err_set(e, WHY_BAD_INPUT, "OAEP over MD5 (RFC 4055 4.1 has none)");
	*out = h;
	return true;
}

/* keyEncryptionAlgorithm. What is wrong with it is always badAlg. */
static bool
transport_decode(struct view algorithm, struct envelope *v, struct err *e)
{
	struct view oid, params;

	if (!algorithm_split(algorithm, &oid, &params, e))
		return false;
	if (view_equal(oid, oid_oaep)) {
		v->padding = PADDING_OAEP;
		return oaep_decode(params, &v->oaep_hash, e);
	}
	if (!view_equal(oid, OID_RSA) || !cms_is_null(params))
		return err_set(
		    e, WHY_BAD_INPUT, "key transport algorithm is neither RSA nor OAEP");
	v->padding = PADDING_PKCS1;
	return true;
}

static bool
recipient_decode(struct view infos, struct envelope *v, enum scep_fail *fail, struct err *e)
{
	struct reader r = reader_of(infos);
	struct der info, id, alg, key;
	size_t n;
	int version;

	if (!cms_count(infos, 0, "recipientInfos", &n, e))
		return false;
	if (n != 1)
		return err_set(e, WHY_BAD_INPUT, "%zu recipients, exactly one is read", n);
	if (!der_any(&r, &info, e))
		return false;
	if (info.tag != DER_SEQUENCE) {
		*fail = SCEP_BAD_ALG;
		return err_set(e, WHY_BAD_INPUT, "recipient is not of the key transport kind");
	}
	r = reader_of(info.body);
	if (!cms_version(&r, "recipient version", &version, e))
		return false;
	if (der_next_is(&r, DER_CONTEXT_PRIMITIVE(0))) {
		if (!der_any(&r, &id, e))
			return false;
		v->ski = id.body;
	} else if (!der_take(&r, DER_SEQUENCE, "recipient", &id, e) ||
		   !issuer_and_serial_decode(id.whole, &v->issuer, &v->serial, e)) {
		return false;
	}
	if (!der_take(&r, DER_SEQUENCE, "keyEncryptionAlgorithm", &alg, e) ||
	    !der_take(&r, DER_OCTET_STRING, "encryptedKey", &key, e) ||
	    !der_end(&r, "KeyTransRecipientInfo", e))
		return false;
	if (version != 0 && version != 2)
		return err_set(e, WHY_BAD_INPUT, "unknown version of KeyTransRecipientInfo");
	v->wrapped_key = key.body;
	*fail = SCEP_BAD_ALG;
	if (!transport_decode(alg.whole, v, e))
		return false;
	*fail = SCEP_BAD_REQUEST;
	return true;
}

static bool
cipher_decode(struct view algorithm, struct envelope *v, struct err *e)
{
	struct view oid, params;
	struct reader r;
	struct der iv;

	if (!algorithm_split(algorithm, &oid, &params, e))
		return false;
	for (size_t c = CIPHER_DES; c < COUNT_OF(ciphers); c++) {
		if (!view_equal(oid, ciphers[c].oid))
			continue;
		r = reader_of(params);
		if (!der_take(&r, DER_OCTET_STRING, "initialization vector", &iv, e) ||
		    !der_end(&r, "initialization vector", e))
			return false;
		v->cipher = (enum cipher)c;
		v->iv = iv.body;
		return true;
	}
	return err_set(e, WHY_BAD_INPUT, "content encryption algorithm unknown");
}

static bool
encrypted_decode(struct view body, struct envelope *v, enum scep_fail *fail, struct err *e)
{
	struct reader r = reader_of(body);
	struct view type;
	struct der alg, text = {0};

	if (!der_take_oid(&r, "contentType", &type, e) ||
	    !der_take(&r, DER_SEQUENCE, "contentEncryptionAlgorithm", &alg, e) ||
	    (r.n > 0 &&
		!der_take(&r, DER_CONTEXT_PRIMITIVE(0), "encryptedContent", &text, e)) ||
	    !der_end(&r, "EncryptedContentInfo", e))
		return false;
	if (!view_equal(type, OID_DATA))
		return err_set(
		    e, WHY_BAD_INPUT, "encrypted content is not data (RFC 8894 3.2.2)");
	v->ciphertext = text.body;
	*fail = SCEP_BAD_ALG;
	return cipher_decode(alg.whole, v, e);
}

bool
envelope_decode(struct view content, struct blob *scratch, struct envelope *out,
    enum scep_fail *fail, struct err *e)
{
	struct envelope v = {0};
	struct view der, type;
	struct der d, infos, encrypted;
	struct reader r;
	int version;

	*fail = SCEP_BAD_REQUEST;
	if (!cms_normalise(content, scratch, &der, e) || !cms_open(der, &type, &d, e))
		return false;
	if (view_equal(type, oid_auth_enveloped))
		*fail = SCEP_BAD_ALG;
	if (!view_equal(type, oid_enveloped) || d.tag != DER_SEQUENCE)
		return err_set(
		    e, WHY_BAD_INPUT, "content is not EnvelopedData (RFC 8894 3.2.2)");
	r = reader_of(d.body);
	if (!cms_version(&r, "EnvelopedData version", &version, e) ||
	    (der_next_is(&r, DER_CONTEXT(0)) && !der_any(&r, &d, e)) ||
	    !der_take(&r, DER_SET, "recipientInfos", &infos, e) ||
	    !der_take(&r, DER_SEQUENCE, "EncryptedContentInfo", &encrypted, e) ||
	    (der_next_is(&r, DER_CONTEXT(1)) && !der_any(&r, &d, e)) ||
	    !der_end(&r, "EnvelopedData", e))
		return false;
	if (version < 0 || version > 4)
		return err_set(e, WHY_BAD_INPUT, "unknown version of EnvelopedData");
	if (!recipient_decode(infos.body, &v, fail, e) ||
	    !encrypted_decode(encrypted.body, &v, fail, e))
		return false;
	*out = v;
	return true;
}

/* All ones when a < b; both below 2^31. */
static uint32_t
mask_below(uint32_t a, uint32_t b)
{
	return 0 - ((a - b) >> 31);
}

/* How many octets of padding the last block ends in, 0 when it is broken; same time for every
 * content. */
static size_t
padding_length(const uint8_t *last_block, size_t block)
{
	uint32_t pad = last_block[block - 1];
	uint32_t bad = ~mask_below(0, pad) | mask_below((uint32_t)block, pad);

	for (uint32_t i = 0; i < block; i++)
		bad |= mask_below(i, pad) & (last_block[block - 1 - i] ^ pad);
	return pad & ~mask_below(0, bad & 0xff);
}

bool
envelope_open(const struct envelope *v, struct view key, struct blob *plain, struct err *e)
{
	size_t block = cipher_block_size(v->cipher), n = v->ciphertext.n, pad = 0;
	struct blob work = {0};

	if (key.n == cipher_key_size(v->cipher) && v->iv.n == block && n > 0 && n <= CMS_MAX &&
	    n % block == 0) {
		blob_grow(&work, n);
		if (cbc(v->cipher, false, key, v->iv, v->ciphertext, work.p))
			pad = padding_length(work.p + n - block, block);
	}
	if (pad > 0)
		blob_add(plain, work.p, n - pad);
	blob_free(&work);
	return pad > 0 || err_set(e, WHY_BAD_INPUT, "envelope cannot be opened");
}

/* The plaintext padded as RFC 5652 6.3 says, encrypted, appended to out. */
static bool
encrypt(const struct envelope_spec *s, struct blob *out, struct err *e)
{
	size_t block = cipher_block_size(s->cipher), pad = block - s->plain.n % block;
	struct blob padded = {0};
	bool ok;

	blob_add_view(&padded, s->plain);
	memset(blob_grow(&padded, pad), (int)pad, pad);
	ok = cbc(s->cipher, true, s->key, s->iv, blob_view(&padded), blob_grow(out, padded.n));
	blob_free(&padded);
	return ok ||
	       err_set(e, WHY_CRYPTO, "encryption with %s failed", cipher_name(s->cipher));
}

/* keyEncryptionAlgorithm, as transport_decode reads it. */
static void
put_transport(struct der_writer *w, const struct envelope_spec *s)
{
	if (s->padding != PADDING_OAEP) {
		cms_put_algorithm(w, OID_RSA);
		return;
	}
	der_open(w, DER_SEQUENCE);
	der_put_oid(w, oid_oaep);
	der_open(w, DER_SEQUENCE);
	hash_and_mask_encode(w, s->oaep_hash);
	der_close(w);
	der_close(w);
}

bool
envelope_encode(const struct envelope_spec *s, struct blob *out, struct err *e)
{
	struct der_writer w = {.out = out};
	struct blob ciphertext = {0};
	bool ok = false;

	if (s->cipher == CIPHER_NONE || s->key.n != cipher_key_size(s->cipher) ||
	    s->iv.n != cipher_block_size(s->cipher) || s->plain.n > CMS_MAX)
		return err_set(e, WHY_BUG, "envelope: key, IV or plaintext of a wrong size");
	if (!encrypt(s, &ciphertext, e))
		goto out;
	cms_begin(&w, oid_enveloped);
	der_put_uint(&w, 0);
	der_open(&w, DER_SET);
	der_open(&w, DER_SEQUENCE);
	der_put_uint(&w, 0);
	cms_put_issuer_and_serial(&w, s->issuer, s->serial);
	put_transport(&w, s);
	der_put(&w, DER_OCTET_STRING, s->wrapped_key);
	der_close(&w);
	der_close(&w);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, OID_DATA);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, ciphers[s->cipher].oid);
	der_put(&w, DER_OCTET_STRING, s->iv);
	der_close(&w);
	der_put(&w, DER_CONTEXT_PRIMITIVE(0), blob_view(&ciphertext));
	der_close(&w);
	cms_finish(&w);
	ok = true;
out:
	blob_free(&ciphertext);
	return ok;
}
