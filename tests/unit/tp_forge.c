/* tp_forge.c - answers of a server that says what it should not. */
#include "tp_forge.h"

#include <openssl/x509.h>

#include "lib/pool.h"

static const uint8_t serial[] = {0x5a, 0x11, 0x22, 0x33};
static const uint8_t nonce[16] = {1, 2, 3};

static void
sign(size_t key, enum hash digest, struct view bytes, struct blob *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = 512;
	uint8_t *at = blob_grow(out, n);

	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_get_digestbyname(hash_name(digest)),
			     NULL, pool_key(key)),
	    1);
	assert_int_equal(EVP_DigestSign(c, at, &n, bytes.p, bytes.n), 1);
	out->n -= 512 - n;
	EVP_MD_CTX_free(c);
}

void
forge_spki(size_t key, struct blob *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pool_key(key), &der);

	blob_set(out, view_of(der, (size_t)n));
	OPENSSL_free(der);
}

void
forge_cert(const struct cert_spec *s, size_t issuer, struct blob *out)
{
	struct blob tbs = {0}, signature = {0};

	cert_encode_tbs(s, &tbs);
	sign(issuer, s->alg.hash, blob_view(&tbs), &signature);
	signed_assemble(blob_view(&tbs), &s->alg, blob_view(&signature), out);
	blob_free(&tbs);
	blob_free(&signature);
}

static void
seal_signed(const struct scep_spec *s, size_t key, bool flip, struct blob *out)
{
	struct blob attrs = {0}, signature = {0};
	struct err e = {0};

	if (!scep_encode_attrs(s, &attrs, &e))
		fail_msg("%s", e.text);
	sign(key, s->digest, blob_view(&attrs), &signature);
	signature.p[7] ^= flip;
	blob_clear(out);
	scep_assemble(s, blob_view(&attrs), blob_view(&signature), out);
	blob_free(&attrs);
	blob_free(&signature);
}

void
forge_signed(const struct cert *c, size_t key, enum hash digest, struct view content,
    struct view certs, struct blob *out)
{
	struct scep_spec s = {
	    .status = -1,
	    .fail = -1,
	    .digest = digest,
	    .has_content = content.n > 0,
	    .content = content,
	    .signer_issuer = c->issuer,
	    .signer_serial = c->serial,
	    .certificates = certs,
	    .alg = {KEY_RSA, digest, PADDING_PKCS1, 0},
	};

	seal_signed(&s, key, false, out);
}

void
forge_open(const struct scep *m, size_t key, struct blob *plain)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(pool_key(key), NULL);
	struct blob scratch = {0}, content_key = {0};
	struct envelope v;
	enum scep_fail fail;
	struct err e = {0};
	size_t n = 512;

	if (!envelope_decode(m->content, &scratch, &v, &fail, &e))
		fail_msg("%s", e.text);
	assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
	if (EVP_PKEY_decrypt(
		c, blob_grow(&content_key, n), &n, v.wrapped_key.p, v.wrapped_key.n) != 1)
		fail_msg("it is not for key %zu", key);
	content_key.n = n;
	if (!envelope_open(&v, blob_view(&content_key), plain, &e))
		fail_msg("%s", e.text);
	EVP_PKEY_CTX_free(c);
	blob_free(&scratch);
	blob_free(&content_key);
}

void
forge_begin(struct bench *b, const struct tp_effect *asked, struct forgery *f)
{
	struct err e = {0};
	bool next = bench_has(b, TP_NEXT_CA) && !bench_has(b, TP_SHADOW);

	*f = (struct forgery){.copies = 1, .cipher = CIPHER_AES128};
	if (scep_decode(blob_view(&asked->bytes), &f->scratch, &f->asked, &e) != SCEP_OK)
		fail_msg("%s", e.text);
	f->ca = bench_cert(b, next ? TP_NEXT_CA : TP_CA);
	f->signer = f->issuer = next ? NEXT_KEY : CA_KEY;
	f->reply = (struct scep_spec){
	    .type = SCEP_CERTREP,
	    .transaction = f->asked.transaction,
	    .sender_nonce = view_of(nonce, sizeof(nonce)),
	    .recipient_nonce = f->asked.sender_nonce,
	    .status = SCEP_SUCCESS,
	    .fail = -1,
	    .digest = HASH_SHA256,
	    .has_content = true,
	    .signer_issuer = f->ca.issuer,
	    .signer_serial = f->ca.serial,
	    .certificates = f->ca.whole,
	};
	/* Without regenerate the key that signs is the one that is to be certified. */
	f->cert = (struct cert_spec){
	    .serial = view_of(serial, sizeof(serial)),
	    .issuer = f->ca.subject,
	    .subject = f->asked.signer.subject,
	    .spki = f->asked.signer.key.whole,
	    .not_before = when_max(b->w.now, f->ca.not_before),
	    .not_after = when_max(b->w.now, f->ca.not_before) + 20 * DAY,
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	    .path_len = -1,
	    .key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT,
	};
}

static void
wrap(struct forgery *f, struct view plain, struct blob *out)
{
	static const uint8_t key[32] = {9, 9, 9}, iv[16] = {8};
	struct blob wrapped = {0}, other = {0};
	struct spki to = f->asked.signer.key;
	struct err e = {0};
	struct envelope_spec s = {
	    .issuer = f->asked.signer_issuer,
	    .serial = f->asked.signer_serial,
	    .padding = PADDING_PKCS1,
	    .cipher = f->cipher,
	    .key = view_of(key, cipher_key_size(f->cipher)),
	    .iv = view_of(iv, cipher_block_size(f->cipher)),
	    .plain = plain,
	};

	if (f->for_another)
		s.serial = view_of(serial, sizeof(serial));
	forge_spki(STRANGER, &other);
	if (f->key_of_another && !spki_decode(blob_view(&other), &to, &e))
		fail_msg("%s", e.text);
	if (!key_wrap(&to, PADDING_PKCS1, HASH_NONE, s.key, &wrapped, &e))
		fail_msg("%s", e.text);
	s.wrapped_key = blob_view(&wrapped);
	if (!envelope_encode(&s, out, &e))
		fail_msg("%s", e.text);
	blob_free(&wrapped);
	blob_free(&other);
}

void
forge_seal(struct forgery *f, struct blob *out)
{
	struct blob certs = {0}, plain = {0}, content = {0};
	uint8_t second[] = {0x5a, 0x44};

	blob_add_view(&certs, blob_view(&f->ready));
	for (int i = 0; i < f->copies && f->ready.n == 0; i++) {
		forge_cert(&f->cert, f->issuer, &certs);
		f->cert.serial = view_of(second, sizeof(second));
	}
	if (f->text_inside)
		blob_add_str(&plain, "Welcome!\n");
	else
		certs_only_encode(blob_view(&certs), (struct view){0}, &plain);
	wrap(f, blob_view(&plain), &content);
	if (f->reply.status == SCEP_SUCCESS && !f->no_content)
		f->reply.content = blob_view(&content);
	f->reply.alg = (struct sig_alg){KEY_RSA, f->reply.digest, PADDING_PKCS1, 0};
	seal_signed(&f->reply, f->signer, f->flip, out);
	blob_free(&certs);
	blob_free(&plain);
	blob_free(&content);
	blob_free(&f->scratch);
	blob_free(&f->spki);
	blob_free(&f->name);
	blob_free(&f->ready);
}
