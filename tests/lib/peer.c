/* peer.c - requests of an independent SCEP client. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"

bool
peer_fail(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return err_set(e, WHY_CRYPTO, "%s: %s", what, why == NULL ? "refused" : why);
}

BIO *
peer_bio(struct view v)
{
	static const uint8_t nothing;

	return BIO_new_mem_buf(v.n == 0 ? &nothing : v.p, (int)v.n);
}

/* ---- the peer ---- */

static int
string_type(int nid, const char *value)
{
	if (nid == NID_pkcs9_emailAddress || nid == NID_domainComponent)
		return V_ASN1_IA5STRING;
	return ASN1_PRINTABLE_type((const uint8_t *)value, -1) == V_ASN1_PRINTABLESTRING
		   ? V_ASN1_PRINTABLESTRING
		   : V_ASN1_UTF8STRING;
}

static bool
name_add(X509_NAME *name, const char *word, bool joins, struct err *e)
{
	char type[64];
	const char *equals = strchr(word, '=');

	if (equals == NULL || (size_t)(equals - word) >= sizeof(type))
		return err_set(e, WHY_BAD_INPUT, "'%s' is not TYPE=VALUE", word);
	memcpy(type, word, (size_t)(equals - word));
	type[equals - word] = '\0';
	ASN1_OBJECT *oid = OBJ_txt2obj(type, 0);
	if (oid == NULL)
		return err_set(e, WHY_BAD_INPUT, "attribute '%s' is unknown", type);
	int ok =
	    X509_NAME_add_entry_by_OBJ(name, oid, string_type(OBJ_obj2nid(oid), equals + 1),
		(const uint8_t *)equals + 1, -1, -1, joins ? -1 : 0);
	ASN1_OBJECT_free(oid);
	return ok ? true : peer_fail(e, word);
}

static bool
name_of_text(const char *text, X509_NAME *name, struct err *e)
{
	char word[600];
	size_t n = 0;
	bool joins = false;

	if (*text == '\0')
		return true;
	for (const char *s = text;; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
		} else if (*s == ',' || *s == '+' || *s == '\0') {
			word[n] = '\0';
			if (!name_add(name, word, joins, e))
				return false;
			if (*s == '\0')
				return true;
			joins = *s == '+';
			n = 0;
			continue;
		}
		if (n + 1 >= sizeof(word))
			return err_set(
			    e, WHY_BAD_INPUT, "a value over %zu octets", sizeof(word));
		word[n++] = *s;
	}
}

static void
peer_start(struct peer *p, X509_NAME *name, EVP_PKEY *key)
{
	*p = (struct peer){
	    .name = name, .key = key, .digest = "SHA256", .cipher = "AES-128-CBC"};
	EVP_PKEY_up_ref(key);
}

bool
peer_init(struct peer *p, const char *subject, EVP_PKEY *key, struct err *e)
{
	X509_NAME *name = X509_NAME_new();

	if (!name_of_text(subject, name, e)) {
		X509_NAME_free(name);
		return false;
	}
	peer_start(p, name, key);
	return true;
}

bool
peer_init_der(struct peer *p, struct view der, EVP_PKEY *key, struct err *e)
{
	const uint8_t *s = der.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &s, (long)der.n);

	if (name == NULL)
		return peer_fail(e, "subject");
	peer_start(p, name, key);
	return true;
}

void
peer_free(struct peer *p)
{
	X509_NAME_free(p->name);
	EVP_PKEY_free(p->key);
	X509_free(p->signer);
	EVP_PKEY_free(p->signer_key);
	X509_free(p->ca);
	X509_free(p->recipient);
	X509_free(p->replier);
	*p = (struct peer){0};
}

void
peer_keep_cert(X509 **slot, X509 *cert)
{
	if (cert != NULL)
		X509_up_ref(cert);
	X509_free(*slot);
	*slot = cert;
}

static void
keep_key(EVP_PKEY **slot, EVP_PKEY *key)
{
	EVP_PKEY_up_ref(key);
	EVP_PKEY_free(*slot);
	*slot = key;
}

void
peer_sign_with(struct peer *p, X509 *cert, EVP_PKEY *key)
{
	peer_keep_cert(&p->signer, cert);
	keep_key(&p->signer_key, key);
}

void
peer_use_ca(struct peer *p, X509 *ca, X509 *ra)
{
	peer_keep_cert(&p->ca, ca);
	peer_keep_cert(&p->recipient, ra == NULL ? ca : ra);
	peer_keep_cert(&p->replier, ra == NULL ? ca : ra);
}

void
peer_renew_from(struct peer *p, X509 *issued, EVP_PKEY *key)
{
	peer_sign_with(p, issued, p->key);
	if (key != NULL)
		keep_key(&p->key, key);
	peer_transaction_set(p, "");
}

bool
peer_transaction(struct peer *p, const char *digest, struct err *e)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct blob spki = {0}, hex = {0};
	const EVP_MD *md = EVP_get_digestbyname(digest);

	ADD_DER(&spki, PUBKEY, p->key);
	bool ok = md != NULL && EVP_Digest(spki.p, spki.n, hash, &n, md, NULL) > 0;
	if (ok) {
		hex_add(&hex, view_of(hash, n), true);
		peer_transaction_set(p, blob_cstr(&hex));
	}
	blob_free(&spki);
	blob_free(&hex);
	return ok ? true : peer_fail(e, digest);
}

void
peer_transaction_set(struct peer *p, const char *text)
{
	snprintf(p->transaction, sizeof(p->transaction), "%s", text);
}

/* ---- what it makes ---- */

static when_t
peer_now(const struct peer *p)
{
	return p->now != 0 ? p->now : clock_now();
}

static bool
set_random_serial(X509 *cert)
{
	uint8_t bytes[16];
	BIGNUM *n = NULL;

	if (RAND_bytes(bytes, sizeof(bytes)) <= 0)
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return ok;
}

bool
peer_temporary(struct peer *p, const char *usage, struct err *e)
{
	X509 *cert = X509_new();
	X509_EXTENSION *ext =
	    usage == NULL ? NULL : X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);
	when_t from = when_add(peer_now(p), -DAY);

	bool ok = cert != NULL && (usage == NULL || ext != NULL);
	ok = ok && X509_set_version(cert, X509_VERSION_3) && set_random_serial(cert);
	ok = ok && X509_set_subject_name(cert, p->name) && X509_set_issuer_name(cert, p->name);
	ok = ok && X509_set_pubkey(cert, p->key);
	ok = ok && ASN1_TIME_set(X509_getm_notBefore(cert), from) != NULL;
	ok = ok && ASN1_TIME_set(X509_getm_notAfter(cert), when_add(from, 31 * DAY)) != NULL;
	ok = ok && (ext == NULL || X509_add_ext(cert, ext, -1));
	ok = ok && X509_sign(cert, p->key, EVP_get_digestbyname(p->digest)) > 0;
	if (ok)
		peer_sign_with(p, cert, p->key);
	X509_EXTENSION_free(ext);
	X509_free(cert);
	return ok ? true : peer_fail(e, "temporary certificate");
}

static bool
csr_extensions(X509_REQ *csr, const struct peer_request *o)
{
	const struct {
		int nid;
		const char *value;
	} wanted[] = {
	    {NID_basic_constraints, o->basic},
	    {NID_key_usage, o->key_usage},
	    {NID_ext_key_usage, o->eku},
	    {NID_subject_alt_name, o->san},
	};
	STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
	bool ok = true;

	for (size_t i = 0; ok && i < COUNT_OF(wanted); i++) {
		if (wanted[i].value == NULL)
			continue;
		X509_EXTENSION *ext =
		    X509V3_EXT_conf_nid(NULL, NULL, wanted[i].nid, wanted[i].value);
		ok = ext != NULL && sk_X509_EXTENSION_push(all, ext) > 0;
	}
	if (ok && sk_X509_EXTENSION_num(all) > 0)
		ok = X509_REQ_add_extensions(csr, all) > 0;
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
	return ok;
}

bool
peer_csr(const struct peer *p, const struct peer_request *o, struct blob *out, struct err *e)
{
	X509_REQ *csr = X509_REQ_new();
	EVP_PKEY *signer = o->csr_signer != NULL ? o->csr_signer : p->key;
	const EVP_MD *md =
	    EVP_get_digestbyname(o->csr_digest != NULL ? o->csr_digest : p->digest);
	const char *challenge = o->challenge;

	bool ok = X509_REQ_set_subject_name(csr, p->name) && X509_REQ_set_pubkey(csr, p->key);
	if (ok && challenge != NULL)
		ok = X509_REQ_add1_attr_by_NID(csr, NID_pkcs9_challengePassword,
			 string_type(0, challenge), (const uint8_t *)challenge,
			 (int)strlen(challenge)) > 0;
	ok = ok && csr_extensions(csr, o) && X509_REQ_sign(csr, signer, md) > 0;
	if (ok)
		ADD_DER(out, X509_REQ, csr);
	X509_REQ_free(csr);
	return ok ? true : peer_fail(e, "CSR");
}

OSSL_LIB_CTX *
peer_library(const struct peer *p)
{
	static OSSL_LIB_CTX *old;

	if (strcmp(p->cipher, "DES-CBC") != 0)
		return NULL;
	if (old == NULL) {
		old = OSSL_LIB_CTX_new();
		(void)OSSL_PROVIDER_load(old, "default");
		(void)OSSL_PROVIDER_load(old, "legacy");
	}
	return old;
}

/* Another padding than PKCS#1 v1.5, where one is wanted; its hash is that of the messages. */
static bool
padded(EVP_PKEY_CTX *ctx, const struct peer *p, int padding)
{
	const EVP_MD *md = EVP_get_digestbyname(p->digest);

	if (ctx == NULL || EVP_PKEY_CTX_set_rsa_padding(ctx, padding) <= 0)
		return false;
	return padding == RSA_PKCS1_OAEP_PADDING
		   ? EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 &&
			 EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0
		   : EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static bool
envelope(const struct peer *p, struct view content, struct blob *out)
{
	unsigned flags = CMS_BINARY | CMS_PARTIAL;
	BIO *in = peer_bio(content);
	CMS_ContentInfo *cms = CMS_encrypt_ex(
	    NULL, in, EVP_get_cipherbyname(p->cipher), flags, peer_library(p), NULL);
	CMS_RecipientInfo *to = NULL;

	if (cms != NULL)
		to = CMS_add1_recipient_cert(cms, p->recipient, p->oaep ? CMS_KEY_PARAM : 0);
	bool ok = to != NULL;
	ok = ok && (!p->oaep ||
		       padded(CMS_RecipientInfo_get0_pkey_ctx(to), p, RSA_PKCS1_OAEP_PADDING));
	ok = ok && CMS_final(cms, in, NULL, flags);
	if (ok)
		ADD_DER(out, CMS_ContentInfo, cms);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return ok;
}

static bool
attributes(const struct peer *p, CMS_SignerInfo *si)
{
	char type[12];
	ASN1_TIME *now = ASN1_TIME_set(NULL, peer_now(p));
	int n = snprintf(type, sizeof(type), "%d", p->asked);

	bool ok = now != NULL;
	ok = ok && CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, now->type, now, -1);
	ok = ok &&
	     CMS_signed_add1_attr_by_txt(si, OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING, type, n);
	ok = ok && CMS_signed_add1_attr_by_txt(si, OID_TRANSACTION, V_ASN1_PRINTABLESTRING,
		       p->transaction, (int)strlen(p->transaction));
	ok = ok && (p->no_nonce || CMS_signed_add1_attr_by_txt(si, OID_SENDER_NONCE,
				       V_ASN1_OCTET_STRING, p->nonce, (int)sizeof(p->nonce)));
	ASN1_TIME_free(now);
	return ok;
}

static bool
sign_message(const struct peer *p, struct view content, bool absent, struct blob *out)
{
	unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP |
			 (absent ? CMS_DETACHED : 0) | (p->pss ? CMS_KEY_PARAM : 0);
	BIO *in = peer_bio(content);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, in, flags);
	CMS_SignerInfo *si = NULL;

	if (cms != NULL)
		si = CMS_add1_signer(
		    cms, p->signer, p->signer_key, EVP_get_digestbyname(p->digest), flags);
	bool ok = si != NULL && attributes(p, si);
	ok = ok &&
	     (!p->pss || padded(CMS_SignerInfo_get0_pkey_ctx(si), p, RSA_PKCS1_PSS_PADDING));
	ok = ok && CMS_final(cms, in, NULL, flags);
	if (ok)
		ADD_DER(out, CMS_ContentInfo, cms);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return ok;
}

bool
peer_message(struct peer *p, int type, struct view content, struct blob *out, struct err *e)
{
	struct blob sealed = {0};
	bool ok = false;

	if (p->recipient == NULL)
		return err_set(e, WHY_BUG, "the peer knows no CA");
	if (p->signer == NULL && !peer_temporary(p, NULL, e))
		return false;
	if (p->transaction[0] == '\0' && !peer_transaction(p, "SHA256", e))
		return false;
	p->asked = type;
	if (RAND_bytes(p->nonce, sizeof(p->nonce)) <= 0)
		goto out;
	if (content.p != NULL && !envelope(p, content, &sealed))
		goto out;
	ok = sign_message(p, blob_view(&sealed), content.p == NULL, out);
out:
	blob_free(&sealed);
	return ok ? true : peer_fail(e, "message");
}

bool
peer_enrol(struct peer *p, const struct peer_request *o, struct blob *out, struct err *e)
{
	static const struct peer_request plain;
	struct blob csr = {0};

	if (o == NULL)
		o = &plain;
	bool ok = peer_csr(p, o, &csr, e) &&
		  peer_message(p, o->message_type != 0 ? o->message_type : PEER_PKCS_REQ,
		      blob_view(&csr), out, e);
	blob_free(&csr);
	return ok;
}

/* Send SEQUENCE { issuer, what }: IssuerAndSubject or IssuerAndSerialNumber. */
static bool
ask_about(struct peer *p, int type, const X509_NAME *issuer, struct view what, struct blob *out,
    struct err *e)
{
	struct blob body = {0}, content = {0};

	ADD_DER(&body, X509_NAME, issuer);
	blob_add_view(&body, what);
	size_t n = (size_t)ASN1_object_size(1, (int)body.n, V_ASN1_SEQUENCE);
	uint8_t *at = blob_grow(&content, n - body.n);
	ASN1_put_object(&at, 1, (int)body.n, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	blob_add_view(&content, blob_view(&body));
	bool ok = peer_message(p, type, blob_view(&content), out, e);
	blob_free(&body);
	blob_free(&content);
	return ok;
}

bool
peer_poll(struct peer *p, struct blob *out, struct err *e)
{
	struct blob subject = {0};

	ADD_DER(&subject, X509_NAME, p->name);
	bool ok = ask_about(
	    p, PEER_CERT_POLL, X509_get_subject_name(p->ca), blob_view(&subject), out, e);
	blob_free(&subject);
	return ok;
}

bool
peer_get_cert(struct peer *p, const char *serial_hex, struct blob *out, struct err *e)
{
	BIGNUM *n = NULL;
	ASN1_INTEGER *serial = NULL;
	struct blob der = {0};
	bool ok = false;

	if (BN_hex2bn(&n, serial_hex) > 0)
		serial = BN_to_ASN1_INTEGER(n, NULL);
	if (serial != NULL) {
		ADD_DER(&der, ASN1_INTEGER, serial);
		ok = ask_about(
		    p, PEER_GET_CERT, X509_get_subject_name(p->ca), blob_view(&der), out, e);
	} else {
		peer_fail(e, "serial number");
	}
	BN_free(n);
	ASN1_INTEGER_free(serial);
	blob_free(&der);
	return ok;
}

bool
peer_get_crl(struct peer *p, const X509 *about, struct blob *out, struct err *e)
{
	struct blob serial = {0};

	ADD_DER(&serial, ASN1_INTEGER, X509_get0_serialNumber(about));
	bool ok =
	    ask_about(p, PEER_GET_CRL, X509_get_issuer_name(about), blob_view(&serial), out, e);
	blob_free(&serial);
	return ok;
}

void
peer_get_form(struct view message, bool escape_all, struct blob *out)
{
	size_t room = (message.n + 2) / 3 * 4 + 1;
	uint8_t *text = mem_get(room);
	int n = EVP_EncodeBlock(text, message.p, (int)message.n);

	for (int i = 0; i < n; i++) {
		uint8_t c = text[i];
		if (c == '+' || (escape_all && (c == '/' || c == '=')))
			blob_printf(out, "%%%02X", (unsigned)c);
		else
			blob_add_byte(out, c);
		if (i % 64 == 63 || i + 1 == n)
			blob_add_str(out, "%0A");
	}
	free(text);
}
