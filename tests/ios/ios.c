/* ios.c - messages of IOS routers, octet by octet. */
#include "tests/ios/ios.h"

#include <openssl/cms.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "tests/conformance/forge.h"

enum { TAG_IA5 = 0x16, TAG_UTC = 0x17, TAG_BOOLEAN = 0x01 };
#define NULL_PARAMETERS VIEW("\x05\x00")

static const struct ios_release releases[] = {
    {"12.4", "MD5", "MD5", "DES-CBC", 1024, 1, true, TAG_IA5, ASK_NOTHING},
    {"15.1(4)M", "SHA1", "MD5", "DES-EDE3-CBC", 2048, 1, true, TAG_IA5, ASK_T61},
    {"15.4(3)M", "SHA256", "MD5", "DES-EDE3-CBC", 2048, 1, true, TAG_IA5, ASK_T61},
    {"XE 3.15", "SHA256", "SHA256", "DES-EDE3-CBC", 2048, 3, false, TAG_UTF8, ASK_SEQUENCE},
    {"17.x", "SHA512", "SHA512", "DES-EDE3-CBC", 2048, 3, false, TAG_UTF8, ASK_SEQUENCE},
};

static const struct digest_row {
	const char *name, *capability, *oid, *with_rsa;
} digests[] = {
    {"MD5", NULL, "1.2.840.113549.2.5", "1.2.840.113549.1.1.4"},
    {"SHA1", "SHA-1", "1.3.14.3.2.26", "1.2.840.113549.1.1.5"},
    {"SHA256", "SHA-256", "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"},
    {"SHA512", "SHA-512", "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13"},
};

static const struct digest_row *
digest_row(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(digests); i++)
		if (strcmp(digests[i].name, name) == 0)
			return &digests[i];
	abort();
}

const struct ios_release *
ios_release(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(releases); i++)
		if (strcmp(releases[i].name, name) == 0)
			return &releases[i];
	return NULL;
}

/* ---- names ---- */

static void
put_text(struct asn *w, int tag, const char *text)
{
	asn_put(w, tag, view_str(text));
}

/* AttributeTypeAndValue */
static void
put_value(struct asn *w, const char *oid, int tag, const char *text)
{
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, oid);
	put_text(w, tag, text);
	asn_close(w);
}

#define OID_UNSTRUCTURED_ADDRESS OID_PKCS9 "8"
#define OID_HOST OID_PKCS9 "2"

/* The part that IOS adds by itself: one RDN of three values, in the order of their encodings.
 */
static void
put_device(struct asn *w, const char *host)
{
	asn_open(w, TAG_SET);
	put_value(w, "2.5.4.5", TAG_PRINTABLE, "FTX1045A1B2");
	put_value(w, OID_UNSTRUCTURED_ADDRESS, TAG_PRINTABLE, "172.16.1.2");
	put_value(w, OID_HOST, TAG_IA5, host);
	asn_close_sorted(w);
}

static bool
put_rdn(struct asn *w, const char *word, size_t n, struct err *e)
{
	static const struct {
		const char *name, *oid;
		int tag;
	} types[] = {
	    {"CN=", "2.5.4.3", TAG_PRINTABLE},
	    {"OU=", "2.5.4.11", TAG_PRINTABLE},
	    {"O=", "2.5.4.10", TAG_PRINTABLE},
	    {"DC=", "0.9.2342.19200300.100.1.25", TAG_IA5},
	};
	char value[128];

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		size_t at = strlen(types[i].name);

		if (n < at || n >= sizeof(value) || memcmp(word, types[i].name, at) != 0)
			continue;
		(void)snprintf(value, sizeof(value), "%.*s", (int)(n - at), word + at);
		asn_open(w, TAG_SET);
		put_value(w, types[i].oid, types[i].tag, value);
		asn_close(w);
		return true;
	}
	return err_set(e, WHY_BAD_INPUT, "'%s' is no attribute of these routers", word);
}

static bool
subject_make(const char *text, const char *host, struct blob *out, struct err *e)
{
	struct asn w = {0};
	bool ok = true;

	asn_open(&w, TAG_SEQUENCE);
	while (ok && *text != '\0') {
		size_t n = strcspn(text, ",");

		ok = put_rdn(&w, text, n, e);
		text += text[n] == ',' ? n + 1 : n;
	}
	put_device(&w, host);
	asn_close(&w);
	blob_set(out, blob_view(&w.out));
	blob_free(&w.out);
	return ok;
}

/* ---- the router ---- */

bool
ios_init(struct ios *c, const char *release, const char *subject, const char *host,
    EVP_PKEY *key, X509 *ca, struct err *e)
{
	static OSSL_PROVIDER *legacy, *standard; /* until the process ends */

	*c = (struct ios){.release = ios_release(release), .host = host, .now = clock_now()};
	if (c->release == NULL)
		return err_set(e, WHY_BAD_INPUT, "release '%s' is unknown", release);
	if (legacy == NULL)
		legacy = OSSL_PROVIDER_load(NULL, "legacy");
	if (standard == NULL)
		standard = OSSL_PROVIDER_load(NULL, "default");
	if (legacy == NULL || standard == NULL)
		return peer_fail(e, "legacy provider");
	c->digest = c->release->digest;
	c->cipher = c->release->cipher;
	/* '$' is no PrintableString character, and is sent as one. */
	c->challenge = "Rev0cati0n$Passw0rd";
	c->renewal_listed = true;
	peer_keep_cert(&c->ca, ca);
	ios_use_key(c, key);
	return subject_make(subject, host, &c->subject, e);
}

void
ios_free(struct ios *c)
{
	EVP_PKEY_free(c->key);
	EVP_PKEY_free(c->signer_key);
	X509_free(c->ca);
	X509_free(c->signer);
	blob_free(&c->subject);
	*c = (struct ios){0};
}

static bool
lists(const char *lines, const char *word)
{
	size_t n = strlen(word);

	while (*lines != '\0') {
		size_t length = strcspn(lines, "\r\n");

		if (length == n && memcmp(lines, word, n) == 0)
			return true;
		lines += length + strspn(lines + length, "\r\n");
	}
	return false;
}

void
ios_capabilities(struct ios *c, const char *lines)
{
	const struct digest_row *d = digest_row(c->release->digest);

	c->digest = d->capability != NULL && lists(lines, d->capability) ? d->name : "MD5";
	c->cipher = strcmp(c->release->cipher, "DES-EDE3-CBC") == 0 && lists(lines, "DES3")
			? c->release->cipher
			: "DES-CBC";
	c->renewal_listed = lists(lines, "Renewal");
}

void
ios_sign_with(struct ios *c, X509 *cert, EVP_PKEY *key)
{
	peer_keep_cert(&c->signer, cert);
	EVP_PKEY_up_ref(key);
	EVP_PKEY_free(c->signer_key);
	c->signer_key = key;
}

/* The transaction id is the MD5 of the SubjectPublicKeyInfo, so that it repeats with the key.
 */
void
ios_use_key(struct ios *c, EVP_PKEY *key)
{
	struct blob spki = {0}, hex = {0};
	uint8_t md[16];

	EVP_PKEY_up_ref(key);
	EVP_PKEY_free(c->key);
	c->key = key;
	add_spki(&spki, key);
	if (EVP_Digest(spki.p, spki.n, md, NULL, EVP_md5(), NULL) != 1)
		abort();
	hex_add(&hex, view_of(md, sizeof(md)), true);
	(void)snprintf(c->transaction, sizeof(c->transaction), "%s", blob_cstr(&hex));
	blob_free(&spki);
	blob_free(&hex);
}

static void
draw(struct ios *c, uint8_t *p, size_t n)
{
	uint8_t md[32];
	char text[128];

	if (c->seed == NULL) {
		if (RAND_bytes(p, (int)n) != 1)
			abort();
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (i % sizeof(md) == 0) {
			int length = snprintf(
			    text, sizeof(text), "%s %u", c->seed, (unsigned)c->drawn++);
			if (EVP_Digest(text, (size_t)length, md, NULL, EVP_sha256(), NULL) != 1)
				abort();
		}
		p[i] = md[i % sizeof(md)];
	}
}

/* ---- temporary certificates ---- */

void
ios_serial(const struct ios *c, uint32_t n, struct blob *out)
{
	uint8_t octets[5] = {
	    0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	size_t at = 1;

	while (at < 4 && octets[at] == 0)
		at++;
	if (octets[at] >= 0x80 && !c->release->unpadded)
		at--;
	blob_add(out, octets + at, sizeof(octets) - at);
}

static void
put_time(struct asn *w, when_t t)
{
	struct date d = date_of(t);
	char text[32];

	(void)snprintf(text, sizeof(text), "%02d%02d%02d%02d%02d%02dZ", d.year % 100, d.month,
	    d.day, d.hour, d.minute, d.second);
	put_text(w, TAG_UTC, text);
}

/* What is signed, algorithm and signature: certificates and requests. */
static bool
put_signed(struct asn *w, struct view to_sign, EVP_PKEY *key, const char *digest)
{
	struct blob signature = {0};
	bool ok = sign_with(key, digest, to_sign, &signature);

	asn_open(w, TAG_SEQUENCE);
	asn_raw(w, to_sign);
	asn_algorithm(w, digest_row(digest)->with_rsa, NULL_PARAMETERS);
	asn_open(w, TAG_BITS);
	blob_add_byte(&w->out, 0);
	asn_raw(w, blob_view(&signature));
	asn_close(w);
	asn_close(w);
	blob_free(&signature);
	return ok;
}

static void
put_temporary_tbs(struct asn *w, const struct ios *c, struct view serial)
{
	struct asn name = {0};

	asn_open(&name, TAG_SEQUENCE);
	asn_open(&name, TAG_SET);
	put_value(&name, OID_HOST, c->release->host_tag, c->host);
	asn_close(&name);
	asn_close(&name);
	asn_open(w, TAG_SEQUENCE);
	if (c->release->version == 3)
		asn_put(w, TAG_0, VIEW("\x02\x01\x02"));
	asn_put(w, TAG_INTEGER, serial);
	asn_algorithm(w, digest_row(c->digest)->with_rsa, NULL_PARAMETERS);
	asn_raw(w, blob_view(&name.out));
	asn_open(w, TAG_SEQUENCE);
	put_time(w, c->now);
	put_time(w, when_add(c->now, 365 * DAY));
	asn_close(w);
	asn_raw(w, blob_view(&name.out));
	add_spki(&w->out, c->key);
	asn_close(w);
	blob_free(&name.out);
}

bool
ios_temporary(struct ios *c, struct view serial, struct err *e)
{
	struct asn tbs = {0}, w = {0};
	struct blob again = {0};
	X509 *cert = NULL;

	put_temporary_tbs(&tbs, c, serial);
	bool ok = put_signed(&w, blob_view(&tbs.out), c->key, c->digest);
	const uint8_t *at = w.out.p;
	cert = d2i_X509(NULL, &at, (long)w.out.n);
	if (cert != NULL)
		add_cert(&again, cert);
	ok = ok && view_equal(blob_view(&again), blob_view(&w.out));
	if (ok)
		ios_sign_with(c, cert, c->key);
	X509_free(cert);
	blob_free(&tbs.out);
	blob_free(&w.out);
	blob_free(&again);
	return ok ? true : peer_fail(e, "temporary certificate");
}

/* ---- the request ---- */

/* keyUsage, critical: digitalSignature and keyEncipherment. */
static void
put_extensions(struct asn *w)
{
	asn_open(w, TAG_SEQUENCE);
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, "2.5.29.15");
	asn_put(w, TAG_BOOLEAN, VIEW("\xff"));
	asn_put(w, TAG_OCTETS, VIEW("\x03\x02\x05\xa0"));
	asn_close(w);
	asn_close(w);
}

static void
put_asked(struct asn *w, enum ios_ask ask)
{
	struct asn list = {0};

	if (ask == ASK_NOTHING)
		return;
	put_extensions(&list);
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, OID_PKCS9 "14");
	asn_open(w, TAG_SET);
	if (ask == ASK_T61)
		asn_put(w, TAG_T61, blob_view(&list.out));
	else
		asn_raw(w, blob_view(&list.out));
	asn_close(w);
	asn_close(w);
	blob_free(&list.out);
}

bool
ios_csr(struct ios *c, struct blob *out, struct err *e)
{
	struct asn info = {0}, w = {0};

	asn_open(&info, TAG_SEQUENCE);
	asn_put(&info, TAG_INTEGER, VIEW("\x00"));
	asn_raw(&info, blob_view(&c->subject));
	add_spki(&info.out, c->key);
	asn_open(&info, TAG_0);
	put_asked(&info, c->release->ask);
	asn_open(&info, TAG_SEQUENCE);
	asn_oid(&info, OID_PKCS9 "7");
	asn_open(&info, TAG_SET);
	put_text(&info, TAG_PRINTABLE, c->challenge);
	asn_close(&info);
	asn_close(&info);
	asn_close_sorted(&info);
	asn_close(&info);
	bool ok = put_signed(&w, blob_view(&info.out), c->key, c->release->csr_digest);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&info.out);
	blob_free(&w.out);
	return ok ? true : peer_fail(e, "request");
}

/* ---- the envelope ---- */

/* PKCS#1 v1.5 with the padding drawn here: the same octets in every run of a seed. */
static void
wrap(struct ios *c, struct view key, struct blob *out)
{
	EVP_PKEY *to = X509_get0_pubkey(c->ca);
	size_t n = (size_t)EVP_PKEY_get_size(to), pad = n - key.n - 3;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL);
	struct blob block = {0};

	blob_add(&block, "\x00\x02", 2);
	draw(c, blob_grow(&block, pad), pad);
	for (size_t i = 2; i < block.n; i++)
		block.p[i] |= block.p[i] == 0;
	blob_add_byte(&block, 0);
	blob_add_view(&block, key);
	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
	    EVP_PKEY_encrypt(ctx, blob_grow(out, n), &n, block.p, block.n) != 1)
		abort();
	EVP_PKEY_CTX_free(ctx);
	blob_free(&block);
}

static bool
envelope(struct ios *c, struct view plain, struct blob *out)
{
	const EVP_CIPHER *cipher = EVP_get_cipherbyname(c->cipher);
	uint8_t key[24], iv[8];
	struct blob wrapped = {0};
	size_t n = cipher == NULL ? 0 : (size_t)EVP_CIPHER_get_key_length(cipher);

	if (n == 0 || n > sizeof(key))
		return false;
	draw(c, key, n);
	for (size_t i = 0; i < n; i++) /* DES keys have odd parity */
		key[i] = (uint8_t)((key[i] & 0xfe) | (~__builtin_popcount(key[i] & 0xfeu) & 1));
	draw(c, iv, sizeof(iv));
	wrap(c, view_of(key, n), &wrapped);
	const struct seal_row row = {
	    .cipher = c->cipher,
	    .key = view_of(key, n),
	    .iv = view_of(iv, sizeof(iv)),
	    .wrapped = blob_view(&wrapped),
	};

	forge_envelope(&row, c->ca, plain, out);
	blob_free(&wrapped);
	return true;
}

/* ---- the signed message ---- */

static void
put_attribute(struct asn *w, const char *oid, int tag, struct view value)
{
	struct asn v = {0};

	asn_put(&v, tag, value);
	asn_attribute(w, oid, blob_view(&v.out));
	blob_free(&v.out);
}

/* No signingTime; DER order, which depends on the length of the digest. */
static bool
put_attributes(struct asn *w, const struct ios *c, struct view content)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	char type[12];
	unsigned n = 0;

	(void)snprintf(type, sizeof(type), "%d", c->asked);
	if (EVP_Digest(content.p, content.n, md, &n, EVP_get_digestbyname(c->digest), NULL) !=
	    1)
		return false;
	asn_open(w, TAG_SET);
	put_attribute(w, OID_MESSAGE_TYPE, TAG_PRINTABLE, view_str(type));
	put_attribute(w, OID_PKCS9 "3", 0x06, VIEW("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"));
	put_attribute(w, OID_SENDER_NONCE, TAG_OCTETS, view_of(c->nonce, sizeof(c->nonce)));
	put_attribute(w, OID_PKCS9 "4", TAG_OCTETS, view_of(md, n));
	put_attribute(w, OID_TRANSACTION, TAG_PRINTABLE, view_str(c->transaction));
	asn_close_sorted(w);
	return true;
}

static bool
put_signer(struct asn *w, const struct ios *c, struct view content)
{
	struct asn attributes = {0};
	struct blob signature = {0};
	bool ok = put_attributes(&attributes, c, content) &&
		  sign_with(c->signer_key, c->digest, blob_view(&attributes.out), &signature);

	if (ok) {
		attributes.out.p[0] = TAG_0;
		asn_open(w, TAG_SEQUENCE);
		asn_put(w, TAG_INTEGER, VIEW("\x01"));
		add_sid(w, c->signer);
		asn_algorithm(w, digest_row(c->digest)->oid, NULL_PARAMETERS);
		asn_raw(w, blob_view(&attributes.out));
		asn_algorithm(w, OID_RSA_ENCRYPTION, NULL_PARAMETERS);
		asn_put(w, TAG_OCTETS, blob_view(&signature));
		asn_close(w);
	}
	blob_free(&attributes.out);
	blob_free(&signature);
	return ok;
}

static bool
message(struct ios *c, int type, struct view plain, struct blob *out, struct err *e)
{
	struct blob sealed = {0};
	struct asn w = {0};

	c->asked = type;
	draw(c, c->nonce, sizeof(c->nonce));
	bool ok = c->signer != NULL && envelope(c, plain, &sealed);
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, OID_PKCS7 "2");
	asn_open(&w, TAG_0);
	asn_open(&w, TAG_SEQUENCE);
	asn_put(&w, TAG_INTEGER, VIEW("\x01"));
	asn_open(&w, TAG_SET);
	asn_algorithm(&w, digest_row(c->digest)->oid, NULL_PARAMETERS);
	asn_close(&w);
	asn_open(&w, TAG_SEQUENCE);
	asn_oid(&w, OID_PKCS7 "1");
	asn_open(&w, TAG_0);
	asn_put(&w, TAG_OCTETS, blob_view(&sealed));
	asn_close(&w);
	asn_close(&w);
	asn_open(&w, TAG_0);
	if (ok)
		add_cert(&w.out, c->signer);
	asn_close(&w);
	asn_open(&w, TAG_SET);
	ok = ok && put_signer(&w, c, blob_view(&sealed));
	while (w.depth > 0)
		asn_close(&w);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&sealed);
	blob_free(&w.out);
	return ok ? true : peer_fail(e, "message");
}

bool
ios_enrol(struct ios *c, struct blob *out, struct err *e)
{
	struct blob csr = {0};
	bool ok = ios_csr(c, &csr, e) && message(c, PEER_PKCS_REQ, blob_view(&csr), out, e);

	blob_free(&csr);
	return ok;
}

bool
ios_poll(struct ios *c, struct blob *out, struct err *e)
{
	struct asn w = {0};

	asn_open(&w, TAG_SEQUENCE);
	ADD_DER(&w.out, X509_NAME, X509_get_subject_name(c->ca));
	asn_raw(&w, blob_view(&c->subject));
	asn_close(&w);
	bool ok = message(c, PEER_CERT_POLL, blob_view(&w.out), out, e);
	blob_free(&w.out);
	return ok;
}

/* Host without port (three traces), and no User-Agent, which other operations have. */
void
ios_http(const char *address, struct view octets, struct blob *out)
{
	blob_add_str(out, "GET /cgi-bin/pkiclient.exe?operation=PKIOperation&message=");
	peer_get_form(octets, false, out);
	blob_printf(out, " HTTP/1.0\r\nHost: %s\r\n\r\n", address);
}

/* ---- the answer ---- */

static bool
holds(struct view where, const struct blob *what)
{
	return memmem(where.p, where.n, what->p, what->n) != NULL;
}

/* RecipientInfo of version 0 that names our signer as we wrote it, rsaEncryption, and content
 * in one piece. */
static bool
sealed_as_ios_reads(const struct ios *c, struct view content, struct err *e)
{
	struct asn head = {0}, cipher = {0};
	uint8_t *at;
	bool ok;

	asn_put(&head, TAG_INTEGER, VIEW("\x00"));
	add_sid(&head, c->signer);
	asn_algorithm(&head, OID_RSA_ENCRYPTION, NULL_PARAMETERS);
	ADD_DER(&cipher.out, ASN1_OBJECT,
	    OBJ_nid2obj(EVP_CIPHER_get_nid(EVP_get_cipherbyname(c->cipher))));
	blob_add(&cipher.out, "\x04\x08", 2);
	at = memmem(content.p, content.n, cipher.out.p, cipher.out.n);
	ok = holds(content, &head.out) ||
	     err_set(e, WHY_BAD_INPUT, "recipient is not our signer, octet by octet");
	ok = ok && ((at != NULL && at[cipher.out.n + 8] == TAG_PLAIN_0) ||
		       err_set(e, WHY_BAD_INPUT, "encryptedContent is not in one piece"));
	blob_free(&head.out);
	blob_free(&cipher.out);
	return ok;
}

static bool
as_ios_reads(const struct ios *c, struct view reply, const struct peer_answer *a, struct err *e)
{
	const uint8_t *s = reply.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &s, (long)reply.n);
	X509_ALGOR *algorithm = NULL;
	bool ok = false;

	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0), NULL,
	    NULL, NULL, &algorithm);
	ASN1_OCTET_STRING *content = *CMS_get0_content(cms);
	if (OBJ_obj2nid(algorithm->algorithm) != NID_rsaEncryption)
		err_set(e, WHY_BAD_INPUT, "signature algorithm is not rsaEncryption");
	else if (a->status != PEER_FAILURE && strcmp(a->digest, c->digest) != 0)
		err_set(
		    e, WHY_BAD_INPUT, "asked with %s, answered with %s", c->digest, a->digest);
	else if (a->status == PEER_SUCCESS && strcmp(a->cipher, c->cipher) != 0)
		err_set(e, WHY_BAD_INPUT, "E_ENCRYPT_ALG_NOT_SUPPORTED: %s, ours is %s",
		    a->cipher, c->cipher);
	else
		ok = a->status != PEER_SUCCESS || sealed_as_ios_reads(c,
						      view_of(ASN1_STRING_get0_data(content),
							  (size_t)ASN1_STRING_length(content)),
						      e);
	CMS_ContentInfo_free(cms);
	return ok;
}

/* Chained, and the subject as asked for, octet by octet. */
static bool
cert_as_asked(const struct ios *c, X509 *cert, struct err *e)
{
	struct blob subject = {0};

	ADD_DER(&subject, X509_NAME, X509_get_subject_name(cert));
	bool same = view_equal(blob_view(&subject), blob_view(&c->subject));
	blob_free(&subject);
	if (!same)
		return err_set(e, WHY_BAD_INPUT, "the subject is not the one asked for");
	/* A shadow certificate has not begun: it is looked at when it has. */
	return peer_verify(cert, c->ca, when_max(clock_now(), peer_begins(cert)), e);
}

bool
ios_open(const struct ios *c, struct view reply, struct peer_answer *out, struct err *e)
{
	struct peer p = {
	    .key = c->key,
	    .signer = c->signer,
	    .signer_key = c->signer_key,
	    .ca = c->ca,
	    .recipient = c->ca,
	    .replier = c->ca,
	    .digest = c->digest,
	    .cipher = c->cipher,
	    .asked = c->asked,
	};
	struct peer_answer a = {0};

	peer_transaction_set(&p, c->transaction);
	memcpy(p.nonce, c->nonce, sizeof(p.nonce));
	if (!peer_open(&p, reply, &a, e))
		return false;
	if (!as_ios_reads(c, reply, &a, e) ||
	    (a.cert != NULL && !cert_as_asked(c, a.cert, e))) {
		peer_answer_free(&a);
		return false;
	}
	*out = a;
	return true;
}
