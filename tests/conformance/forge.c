/* forge.c - builds hostile messages octet by octet. */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"
#include "tests/conformance/forge.h"

/* ---- writer ---- */

void
asn_head(struct blob *out, int tag, size_t n, int length_octets)
{
	blob_add_byte(out, (uint8_t)tag);
	if (length_octets == 0 && n < 0x80) {
		blob_add_byte(out, (uint8_t)n);
		return;
	}
	if (length_octets < 1)
		length_octets = 1;
	while (length_octets < 8 && n >> 8 * (size_t)length_octets != 0)
		length_octets++;
	blob_add_byte(out, (uint8_t)(0x80 + length_octets));
	for (int i = length_octets - 1; i >= 0; i--)
		blob_add_byte(out, (uint8_t)(i >= 8 ? 0 : n >> 8 * i));
}

void
asn_open(struct asn *w, int tag)
{
	w->start[w->depth++] = w->out.n;
	blob_add_byte(&w->out, (uint8_t)tag);
}

void
asn_close(struct asn *w)
{
	size_t start = w->start[--w->depth], n = w->out.n - start - 1;
	struct blob body = {0};

	blob_add(&body, w->out.p + start + 1, n);
	int tag = w->out.p[start];

	w->out.n = start;
	asn_head(&w->out, tag, n, 0);
	blob_add_view(&w->out, blob_view(&body));
	blob_free(&body);
}

static int
by_octets(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

void
asn_close_sorted(struct asn *w)
{
	size_t start = w->start[w->depth - 1] + 1, n = 0;
	const uint8_t *at, *end;
	struct view part[64];
	struct blob body = {0};

	blob_add(&body, w->out.p + start, w->out.n - start);
	at = body.p;
	end = body.p + body.n;
	while (at < end && n < COUNT_OF(part)) {
		const uint8_t *p = at;
		long length;
		int tag, class;

		if (ASN1_get_object(&p, &length, &tag, &class, end - at) & 0x80)
			break;
		part[n++] = view_of(at, (size_t)(p - at) + (size_t)length);
		at = p + length;
	}
	if (at == end) {
		qsort(part, n, sizeof(part[0]), by_octets);
		w->out.n = start;
		for (size_t i = 0; i < n; i++)
			blob_add_view(&w->out, part[i]);
	}
	blob_free(&body);
	ERR_clear_error();
	asn_close(w);
}

void
asn_put(struct asn *w, int tag, struct view body)
{
	asn_head(&w->out, tag, body.n, 0);
	blob_add_view(&w->out, body);
}

void
asn_raw(struct asn *w, struct view whole)
{
	blob_add_view(&w->out, whole);
}

void
asn_oid(struct asn *w, const char *dotted)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);

	ADD_DER(&w->out, ASN1_OBJECT, oid);
	ASN1_OBJECT_free(oid);
}

void
asn_algorithm(struct asn *w, const char *dotted, struct view parameters)
{
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, dotted);
	asn_raw(w, parameters);
	asn_close(w);
}

void
asn_attribute(struct asn *w, const char *dotted, struct view values)
{
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, dotted);
	asn_put(w, TAG_SET, values);
	asn_close(w);
}

void
blob_repeat(struct blob *out, struct view v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		blob_add_view(out, v);
}

void
add_cert(struct blob *out, X509 *cert)
{
	ADD_DER(out, X509, cert);
}

void
add_spki(struct blob *out, EVP_PKEY *key)
{
	ADD_DER(out, PUBKEY, key);
}

void
add_sid(struct asn *w, X509 *cert)
{
	asn_open(w, TAG_SEQUENCE);
	ADD_DER(&w->out, X509_NAME, X509_get_issuer_name(cert));
	ADD_DER(&w->out, ASN1_INTEGER, X509_get0_serialNumber(cert));
	asn_close(w);
}

static struct view
or_else(struct view given, struct view good)
{
	return given.p != NULL ? given : good;
}

bool
sign_with(EVP_PKEY *key, const char *digest, struct view v, struct blob *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = (size_t)EVP_PKEY_get_size(key);
	uint8_t *at = blob_grow(out, n);
	bool ok = EVP_DigestSignInit(ctx, NULL, EVP_get_digestbyname(digest), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, at, &n, v.p, v.n) == 1;

	out->n = ok ? (size_t)(at - out->p) + n : (size_t)(at - out->p);
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* ---- envelope ---- */

static void
wrap(X509 *to, struct view key, struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(X509_get0_pubkey(to), NULL);
	size_t n = (size_t)EVP_PKEY_get_size(X509_get0_pubkey(to));

	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_encrypt(ctx, blob_grow(out, n), &n, key.p, key.n) != 1)
		abort();
	EVP_PKEY_CTX_free(ctx);
}

static void
encrypt(const EVP_CIPHER *c, struct view key, struct view iv, bool raw, struct view plain,
    struct blob *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *at = blob_grow(out, plain.n + 32);
	int n = 0, last = 0;

	if (EVP_EncryptInit_ex(ctx, c, NULL, key.p, iv.p) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, raw ? 0 : 1) != 1 ||
	    EVP_EncryptUpdate(ctx, at, &n, plain.p, (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(ctx, at + n, &last) != 1)
		abort();
	out->n = (size_t)(at - out->p) + (size_t)n + (size_t)last;
	EVP_CIPHER_CTX_free(ctx);
}

static void
put_recipient(struct asn *w, const struct seal_row *s, X509 *to, struct view wrapped)
{
	asn_open(w, TAG_SEQUENCE);
	asn_raw(w, or_else(s->recipient_version, VIEW("\x02\x01\x00")));
	if (s->rid.p != NULL)
		asn_raw(w, s->rid);
	else
		add_sid(w, to);
	if (s->transport.p != NULL)
		asn_raw(w, s->transport);
	else
		asn_algorithm(w, OID_RSA_ENCRYPTION, VIEW("\x05\x00"));
	asn_put(w, TAG_OCTETS, wrapped);
	asn_close(w);
}

void
forge_envelope(const struct seal_row *s, X509 *to, struct view plain, struct blob *out)
{
	const EVP_CIPHER *c =
	    EVP_get_cipherbyname(s->cipher == NULL ? "AES-128-CBC" : s->cipher);
	uint8_t key[64], iv[16];
	struct view k = or_else(s->key, view_of(key, (size_t)EVP_CIPHER_get_key_length(c)));
	struct view v = or_else(s->iv, view_of(iv, (size_t)EVP_CIPHER_get_iv_length(c)));
	struct blob wrapped = {0}, text = {0};
	char oid[64];
	struct asn w = {0};

	if (RAND_bytes(key, sizeof(key)) != 1 || RAND_bytes(iv, sizeof(iv)) != 1)
		abort();
	if (s->wrapped.p == NULL)
		wrap(to, k, &wrapped);
	if (s->ciphertext.p == NULL)
		encrypt(c, k, v.n < (size_t)EVP_CIPHER_get_iv_length(c) ? view_of(iv, 16) : v,
		    s->raw, plain, &text);
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, s->type == NULL ? OID_PKCS7 "3" : s->type);
	asn_open(&w, TAG_0);
	asn_open(&w, TAG_SEQUENCE);
	asn_raw(&w, or_else(s->version, VIEW("\x02\x01\x00")));
	asn_open(&w, TAG_SET);
	if (s->recipients.p != NULL)
		asn_raw(&w, s->recipients);
	else
		for (int i = 0; i <= s->copies; i++)
			put_recipient(&w, s, to, or_else(s->wrapped, blob_view(&wrapped)));
	asn_close(&w);
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, s->inner_type == NULL ? OID_PKCS7 "1" : s->inner_type);
	if (s->cipher_alg.p != NULL) {
		asn_raw(&w, s->cipher_alg);
	} else {
		OBJ_obj2txt(oid, sizeof(oid), OBJ_nid2obj(EVP_CIPHER_get_type(c)), 1);
		asn_open(&w, TAG_SEQUENCE);
		asn_oid(&w, oid);
		asn_put(&w, TAG_OCTETS, v);
		asn_close(&w);
	}
	if (!s->no_ciphertext)
		asn_put(&w, TAG_PLAIN_0, or_else(s->ciphertext, blob_view(&text)));
	while (w.depth > 0)
		asn_close(&w);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&w.out);
	blob_free(&wrapped);
	blob_free(&text);
}

/* ---- signed message ---- */

static void
text_value(struct blob *out, const char *text)
{
	asn_head(out, TAG_PRINTABLE, strlen(text), 0);
	blob_add_str(out, text);
}

static void
put_attributes(struct asn *w, const struct outer_row *o, const struct peer *p, int type,
    struct view content)
{
	uint8_t md[34] = {TAG_OCTETS, 32};
	struct blob number = {0}, id = {0}, nonce = {0};
	char decimal[16];
	unsigned n = 32;

	if (EVP_Digest(content.n == 0 ? md : content.p, content.n, md + 2, &n, EVP_sha256(),
		NULL) != 1)
		abort();
	(void)snprintf(decimal, sizeof(decimal), "%d", type);
	text_value(&number, decimal);
	text_value(&id, p->transaction);
	asn_head(&nonce, TAG_OCTETS, sizeof(p->nonce), 0);
	blob_add(&nonce, p->nonce, sizeof(p->nonce));
	const struct {
		unsigned drop;
		const char *oid;
		struct view value;
	} rows[] = {
	    {DROP_TYPE, OID_SCEP "2", or_else(o->message_type, blob_view(&number))},
	    {DROP_ID, OID_SCEP "7", or_else(o->id, blob_view(&id))},
	    {DROP_NONCE, OID_SCEP "5", or_else(o->nonce, blob_view(&nonce))},
	    {DROP_DIGEST, OID_PKCS9 "4", or_else(o->digest, view_of(md, sizeof(md)))},
	    {DROP_CONTENT_TYPE, OID_PKCS9 "3",
		or_else(o->content_kind, VIEW("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"))},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!(o->drop & rows[i].drop))
			asn_attribute(w, rows[i].oid, rows[i].value);
	asn_raw(w, o->extra);
	blob_free(&number);
	blob_free(&id);
	blob_free(&nonce);
}

static bool
put_signer(struct asn *w, const struct outer_row *o, const struct peer *p, int type,
    struct view content)
{
	struct asn a = {0};
	struct blob sig = {0};
	EVP_PKEY *key = o->how == SIGN_BY_OTHER ? pool_key(90) : p->signer_key;
	bool ok = true;

	asn_open(&a, TAG_SET);
	if (o->attrs.p != NULL)
		asn_raw(&a, o->attrs);
	else
		put_attributes(&a, o, p, type, content);
	if (o->how == SIGN_AS_SENT)
		asn_close(&a);
	else
		asn_close_sorted(&a);
	if (o->how == SIGN_CONTEXT)
		a.out.p[0] = TAG_0;
	if (o->signature.p == NULL)
		ok = sign_with(key, "SHA256", blob_view(&a.out), &sig);
	if (o->how == SIGN_BROKEN)
		sig.p[sig.n / 2] ^= 1;
	a.out.p[0] = TAG_0;
	asn_open(w, TAG_SEQUENCE);
	asn_raw(w, or_else(o->signer_version, VIEW("\x02\x01\x01")));
	if (o->sid.p != NULL)
		asn_raw(w, o->sid);
	else
		add_sid(w, p->signer);
	if (o->digest_alg.p != NULL)
		asn_raw(w, o->digest_alg);
	else
		asn_algorithm(w, OID_SHA256_DIGEST, (struct view){0});
	if (!o->no_attrs)
		asn_raw(w, blob_view(&a.out));
	if (o->sig_alg.p != NULL)
		asn_raw(w, o->sig_alg);
	else if (EVP_PKEY_is_a(key, "EC"))
		asn_algorithm(w, "1.2.840.10045.4.3.2", (struct view){0});
	else
		asn_algorithm(w, OID_RSA_ENCRYPTION, VIEW("\x05\x00"));
	asn_put(w, TAG_OCTETS, or_else(o->signature, blob_view(&sig)));
	if (o->unsigned_attrs.p != NULL)
		asn_put(w, TAG_1, o->unsigned_attrs);
	if (o->bare_unsigned) {
		a.out.p[0] = TAG_1;
		asn_raw(w, blob_view(&a.out));
	}
	asn_close(w);
	blob_free(&a.out);
	blob_free(&sig);
	return ok;
}

static bool
prepare(struct peer *p, int type, struct err *e)
{
	if (p->signer == NULL && !peer_temporary(p, NULL, e))
		return false;
	if (p->transaction[0] == 0 && !peer_transaction(p, "SHA256", e))
		return false;
	p->asked = type;
	return RAND_bytes(p->nonce, sizeof(p->nonce)) == 1;
}

bool
forge_message(const struct outer_row *o, struct peer *p, int type, struct view content,
    struct blob *out, struct err *e)
{
	struct asn w = {0};
	bool ok = true;

	if (!prepare(p, type, e))
		return false;
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, o->type == NULL ? OID_PKCS7 "2" : o->type);
	asn_open(&w, TAG_0);
	asn_open(&w, TAG_SEQUENCE);
	asn_raw(&w, or_else(o->version, VIEW("\x02\x01\x01")));
	asn_open(&w, TAG_SET);
	if (o->digest_algs.p != NULL)
		asn_raw(&w, o->digest_algs);
	else
		asn_algorithm(&w, OID_SHA256_DIGEST, (struct view){0});
	asn_close(&w);
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, o->content_type == NULL ? OID_PKCS7 "1" : o->content_type);
	if (!o->no_content) {
		asn_open(&w, TAG_0);
		if (o->content.p != NULL)
			asn_raw(&w, o->content);
		else
			asn_put(&w, TAG_OCTETS, content);
		asn_close(&w);
	}
	asn_close(&w);
	asn_open(&w, TAG_0);
	asn_raw(&w, o->more);
	if (o->beside != NULL)
		add_cert(&w.out, o->beside->signer);
	if (!o->no_certificate)
		add_cert(&w.out, p->signer);
	asn_close(&w);
	asn_open(&w, TAG_SET);
	if (o->beside != NULL)
		ok = put_signer(
		    &w, &(struct outer_row){.how = o->beside_how}, o->beside, type, content);
	for (int i = 0; ok && i <= o->signers; i++)
		ok = put_signer(&w, o, p, type, o->no_content ? (struct view){0} : content);
	while (w.depth > 0)
		asn_close(&w);
	asn_raw(&w, o->behind);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&w.out);
	return ok || peer_fail(e, "signature");
}

/* ---- request inside ---- */

static void
put_csr_attributes(struct asn *w, const struct ask_row *a)
{
	if (!a->bare_attributes)
		asn_open(w, TAG_0);
	asn_raw(w, a->attributes);
	if (a->extensions.p != NULL) {
		asn_open(w, TAG_SEQUENCE);
		asn_oid(w, OID_PKCS9 "14");
		asn_open(w, TAG_SET);
		asn_put(w, TAG_SEQUENCE, a->extensions);
		asn_close(w);
		asn_close(w);
	}
	if (!a->bare_attributes)
		asn_close(w);
}

bool
forge_csr(const struct ask_row *a, const struct peer *p, struct blob *out, struct err *e)
{
	struct asn info = {0}, w = {0};
	struct blob sig = {0};
	EVP_PKEY *signer = a->signer == NULL ? p->key : a->signer;
	bool ok = true;

	asn_open(&info, TAG_SEQUENCE);
	asn_raw(&info, or_else(a->version, VIEW("\x02\x01\x00")));
	if (a->name.p != NULL)
		asn_raw(&info, a->name);
	else
		ADD_DER(&info.out, X509_NAME, p->name);
	if (a->spki.p != NULL)
		asn_raw(&info, a->spki);
	else
		add_spki(&info.out, p->key);
	if (!a->no_attributes)
		put_csr_attributes(&info, a);
	asn_raw(&info, a->behind_info);
	asn_close(&info);
	if (a->signature.p == NULL)
		ok = sign_with(signer, a->digest == NULL ? "SHA256" : a->digest,
		    blob_view(&info.out), &sig);
	asn_open(&w, TAG_SEQUENCE);
	asn_raw(&w, blob_view(&info.out));
	if (a->sig_alg.p != NULL)
		asn_raw(&w, a->sig_alg);
	else if (EVP_PKEY_is_a(signer, "EC"))
		asn_algorithm(&w, "1.2.840.10045.4.3.2", (struct view){0});
	else
		asn_algorithm(&w, "1.2.840.113549.1.1.11", VIEW("\x05\x00"));
	asn_open(&w, TAG_BITS);
	blob_add_byte(&w.out, 0);
	asn_raw(&w, or_else(a->signature, blob_view(&sig)));
	asn_close(&w);
	asn_close(&w);
	asn_raw(&w, a->behind);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&info.out);
	blob_free(&w.out);
	blob_free(&sig);
	return ok || peer_fail(e, "signature of the request");
}
