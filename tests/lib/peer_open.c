/* peer_open.c - opens and checks what SCEP servers answer. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/peer_inner.h"

static void
blob_add_bio(struct blob *out, BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n > 0)
		blob_add(out, p, (size_t)n);
}

/* ---- what GetCACert brings ---- */

STACK_OF(X509) * peer_certs(struct view der)
{
	const uint8_t *s = der.p;
	X509 *one = d2i_X509(NULL, &s, (long)der.n);
	STACK_OF(X509) *all = NULL;

	if (one != NULL) {
		all = sk_X509_new_null();
		sk_X509_push(all, one);
		return all;
	}
	s = der.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &s, (long)der.n);
	if (cms != NULL && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed)
		all = CMS_get1_certs(cms);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return all;
}

static bool
is_ca(X509 *cert)
{
	return X509_check_ca(cert) == 1;
}

static bool
issued_another_ca(STACK_OF(X509) * all, X509 *ca)
{
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *other = sk_X509_value(all, i);
		if (X509_cmp(other, ca) != 0 && is_ca(other) &&
		    X509_check_issued(ca, other) == X509_V_OK)
			return true;
	}
	return false;
}

/* No key usage means every usage. */
static bool
may(X509 *cert, uint32_t usage)
{
	return (X509_get_key_usage(cert) & usage) != 0;
}

bool
peer_next(const struct peer *p, struct view answer, struct blob *certs, struct err *e)
{
	const uint8_t *at = answer.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)answer.n);
	X509_STORE *store = X509_STORE_new();
	BIO *content = BIO_new(BIO_s_mem());
	bool ok = false;

	if (cms == NULL || store == NULL || content == NULL) {
		err_set(e, WHY_BAD_INPUT, "GetNextCACert: no CMS message");
		goto out;
	}
	X509_STORE_add_cert(store, p->ca);
	/* time is the story's, not OpenSSL's; the chain is checked by X509_verify_cert
	 * elsewhere */
	X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store), X509_V_FLAG_NO_CHECK_TIME);
	X509_STORE_set_purpose(store, X509_PURPOSE_ANY);
	if (CMS_verify(cms, NULL, store, NULL, content, CMS_BINARY) != 1) {
		peer_fail(e, "GetNextCACert");
		goto out;
	}
	blob_add_bio(certs, content);
	ok = true;
out:
	CMS_ContentInfo_free(cms);
	X509_STORE_free(store);
	BIO_free(content);
	ERR_clear_error();
	return ok;
}

bool
peer_trust(struct peer *p, struct view body, struct err *e)
{
	STACK_OF(X509) *all = peer_certs(body);
	X509 *ca = NULL, *opens = NULL, *signs = NULL;

	if (all == NULL)
		return err_set(
		    e, WHY_BAD_INPUT, "GetCACert answer is neither certificate nor certs-only");
	for (int i = 0; i < sk_X509_num(all); i++) {
		X509 *cert = sk_X509_value(all, i);
		if (is_ca(cert) && !issued_another_ca(all, cert))
			ca = cert;
		if (!is_ca(cert) && may(cert, KU_KEY_ENCIPHERMENT))
			opens = cert;
		if (!is_ca(cert) && may(cert, KU_DIGITAL_SIGNATURE))
			signs = cert;
	}
	if (ca != NULL) {
		peer_use_ca(p, ca, NULL);
		peer_keep_cert(&p->recipient, opens == NULL ? ca : opens);
		peer_keep_cert(&p->replier, signs == NULL ? ca : signs);
	}
	sk_X509_pop_free(all, X509_free);
	return ca != NULL
		   ? true
		   : err_set(e, WHY_BAD_INPUT, "GetCACert answer without a CA certificate");
}

/* ---- what it receives ---- */

/* A signed attribute that is there once, with one value of this type. */
static const ASN1_STRING *
attribute(CMS_SignerInfo *si, const char *oid_text, int type)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(oid_text, 1);
	const ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(si, oid, -3, type);

	ASN1_OBJECT_free(oid);
	ERR_clear_error();
	return value;
}

static bool
is_octets(const ASN1_STRING *s, const void *p, size_t n)
{
	return s != NULL && (size_t)ASN1_STRING_length(s) == n &&
	       memcmp(ASN1_STRING_get0_data(s), p, n) == 0;
}

/* One decimal digit, or none: -1. */
static int
digit_of(const ASN1_STRING *s)
{
	if (s == NULL || ASN1_STRING_length(s) != 1)
		return -1;
	int c = ASN1_STRING_get0_data(s)[0];
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

static bool
read_attributes(const struct peer *p, CMS_SignerInfo *si, struct peer_answer *a, struct err *e)
{
	const ASN1_STRING *text = attribute(si, OID_FAIL_INFO_TEXT, V_ASN1_UTF8STRING);
	X509_ALGOR *digest = NULL, *signature = NULL;

	if (!is_octets(attribute(si, OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING), "3", 1))
		return err_set(
		    e, WHY_BAD_INPUT, "messageType of the reply is not PrintableString 3");
	if (!is_octets(attribute(si, OID_TRANSACTION, V_ASN1_PRINTABLESTRING), p->transaction,
		strlen(p->transaction)))
		return err_set(
		    e, WHY_BAD_INPUT, "transactionID of the reply is not ours (AT-04)");
	if (p->no_nonce && attribute(si, OID_RECIPIENT_NONCE, V_ASN1_OCTET_STRING) != NULL)
		return err_set(
		    e, WHY_BAD_INPUT, "recipientNonce, though the message had none (AT-06)");
	if (!p->no_nonce && !is_octets(attribute(si, OID_RECIPIENT_NONCE, V_ASN1_OCTET_STRING),
				p->nonce, sizeof(p->nonce)))
		return err_set(
		    e, WHY_BAD_INPUT, "recipientNonce of the reply is not our nonce (AT-04)");
	const ASN1_STRING *nonce = attribute(si, OID_SENDER_NONCE, V_ASN1_OCTET_STRING);
	if (nonce == NULL || ASN1_STRING_length(nonce) != 16)
		return err_set(
		    e, WHY_BAD_INPUT, "senderNonce of the reply is not of 16 octets (AT-01)");
	a->status = digit_of(attribute(si, OID_PKI_STATUS, V_ASN1_PRINTABLESTRING));
	a->fail_info = digit_of(attribute(si, OID_FAIL_INFO, V_ASN1_PRINTABLESTRING));
	if (a->status != PEER_SUCCESS && a->status != PEER_FAILURE && a->status != PEER_PENDING)
		return err_set(e, WHY_BAD_INPUT, "pkiStatus of the reply is none");
	if ((a->status == PEER_FAILURE) != (a->fail_info != PEER_NO_FAIL_INFO))
		return err_set(e, WHY_BAD_INPUT, "pkiStatus %d with failInfo %d (AT-02)",
		    a->status, a->fail_info);
	if (text != NULL)
		snprintf(a->text, sizeof(a->text), "%.*s", ASN1_STRING_length(text),
		    (const char *)ASN1_STRING_get0_data(text));
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	a->pss = OBJ_obj2nid(signature->algorithm) == NID_rsassaPss;
	snprintf(
	    a->digest, sizeof(a->digest), "%s", OBJ_nid2sn(OBJ_obj2nid(digest->algorithm)));
	return true;
}

static bool
holds_oid(struct view der, int nid)
{
	struct blob oid = {0};

	ADD_DER(&oid, ASN1_OBJECT, OBJ_nid2obj(nid));
	bool found = memmem(der.p, der.n, oid.p, oid.n) != NULL;
	blob_free(&oid);
	return found;
}

/* The stock calls do not tell the algorithms: look for their encoded OIDs. */
static void
name_algorithms(struct view envelope_der, struct peer_answer *a)
{
	static const int nids[] = {
	    NID_aes_128_cbc, NID_aes_192_cbc, NID_aes_256_cbc, NID_des_ede3_cbc, NID_des_cbc};

	for (size_t i = 0; i < COUNT_OF(nids); i++)
		if (holds_oid(envelope_der, nids[i]))
			snprintf(a->cipher, sizeof(a->cipher), "%s", OBJ_nid2sn(nids[i]));
	a->oaep = holds_oid(envelope_der, NID_rsaesOaep);
}

static bool
open_envelope(const struct peer *p, struct view der, struct blob *out, struct err *e)
{
	const uint8_t *s = der.p;
	CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(peer_library(p), NULL);
	BIO *plain = BIO_new(BIO_s_mem());
	bool ok = d2i_CMS_ContentInfo(&cms, &s, (long)der.n) != NULL &&
		  OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_enveloped &&
		  CMS_decrypt(cms, p->signer_key, p->signer, NULL, plain, CMS_BINARY);

	if (ok)
		blob_add_bio(out, plain);
	BIO_free(plain);
	CMS_ContentInfo_free(cms);
	return ok ? true : peer_fail(e, "envelope of the reply");
}

static bool
signed_by_ca(const struct peer *p, X509 *cert)
{
	return X509_check_issued(p->ca, cert) == X509_V_OK &&
	       X509_verify(cert, X509_get0_pubkey(p->ca)) == 1;
}

static bool
take_cert(const struct peer *p, STACK_OF(X509) * all, struct peer_answer *a, struct err *e)
{
	X509 *cert = NULL;

	for (int i = 0; cert == NULL && i < sk_X509_num(all); i++) {
		X509 *c = sk_X509_value(all, i);
		if (p->asked == PEER_GET_CERT || EVP_PKEY_eq(X509_get0_pubkey(c), p->key) == 1)
			cert = c;
	}
	if (cert == NULL)
		return err_set(e, WHY_BAD_INPUT, "no certificate for our key in the reply");
	if (!signed_by_ca(p, cert))
		return peer_fail(e, "the certificate is not of our CA");
	peer_keep_cert(&a->cert, cert);
	ADD_DER(&a->cert_der, X509, cert);
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = BN_bn2hex(n);
	snprintf(a->serial, sizeof(a->serial), "%s", hex);
	OPENSSL_free(hex);
	BN_free(n);
	return true;
}

static bool
take_crl(const struct peer *p, STACK_OF(X509_CRL) * all, struct peer_answer *a, struct err *e)
{
	X509_CRL *crl = all == NULL ? NULL : sk_X509_CRL_value(all, 0);

	if (crl == NULL)
		return err_set(e, WHY_BAD_INPUT, "no CRL in the reply");
	if (X509_CRL_verify(crl, X509_get0_pubkey(p->ca)) != 1)
		return peer_fail(e, "the CRL is not of our CA");
	X509_CRL_up_ref(crl);
	a->crl = crl;
	return true;
}

static bool
open_success(const struct peer *p, struct view content, struct peer_answer *a, struct err *e)
{
	struct blob plain = {0};
	CMS_ContentInfo *cms = NULL;
	bool ok = false;

	if (!open_envelope(p, content, &plain, e))
		goto out;
	name_algorithms(content, a);
	const uint8_t *s = plain.p;
	cms = d2i_CMS_ContentInfo(NULL, &s, (long)plain.n);
	if (cms == NULL || s != plain.p + plain.n ||
	    OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		peer_fail(e, "content of the reply is not certs-only");
		goto out;
	}
	if (p->asked == PEER_GET_CRL) {
		STACK_OF(X509_CRL) *crls = CMS_get1_crls(cms);
		ok = take_crl(p, crls, a, e);
		sk_X509_CRL_pop_free(crls, X509_CRL_free);
	} else {
		STACK_OF(X509) *certs = CMS_get1_certs(cms);
		ok = take_cert(p, certs, a, e);
		sk_X509_pop_free(certs, X509_free);
	}
out:
	CMS_ContentInfo_free(cms);
	blob_free(&plain);
	return ok;
}

/* Check the outer signature by the replier's key alone; its content goes to content. */
static bool
verify_message(const struct peer *p, CMS_ContentInfo *cms, struct blob *content, struct err *e)
{
	STACK_OF(X509) *signers = sk_X509_new_null();
	BIO *empty = peer_bio(view_of(NULL, 0)), *out = BIO_new(BIO_s_mem());
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms);
	bool ok = false;

	if (inside != NULL && sk_X509_push(signers, p->replier) > 0)
		ok = CMS_verify(cms, signers, NULL, *inside == NULL ? empty : NULL, out,
			 CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) == 1;
	if (ok)
		blob_add_bio(content, out);
	BIO_free(empty);
	BIO_free(out);
	sk_X509_free(signers);
	return ok ? true : peer_fail(e, "signature of the reply");
}

static bool
content_is_empty(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms);

	return inside != NULL && *inside != NULL && ASN1_STRING_length(*inside) == 0;
}

bool
peer_open(const struct peer *p, struct view reply, struct peer_answer *out, struct err *e)
{
	const uint8_t *s = reply.p;
	struct peer_answer a = {.status = -1, .fail_info = PEER_NO_FAIL_INFO};
	struct blob content = {0};
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &s, (long)reply.n);
	bool ok = false;

	if (cms == NULL || s != reply.p + reply.n ||
	    OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
		peer_fail(e, "reply is not SignedData around data");
		goto out;
	}
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	if (sk_CMS_SignerInfo_num(signers) != 1) {
		err_set(e, WHY_BAD_INPUT, "reply with %d signers (PK-06)",
		    sk_CMS_SignerInfo_num(signers));
		goto out;
	}
	a.content_empty = content_is_empty(cms);
	ok = verify_message(p, cms, &content, e) &&
	     read_attributes(p, sk_CMS_SignerInfo_value(signers, 0), &a, e) &&
	     (a.status != PEER_SUCCESS || open_success(p, blob_view(&content), &a, e));
out:
	CMS_ContentInfo_free(cms);
	blob_free(&content);
	if (ok)
		*out = a;
	else
		peer_answer_free(&a);
	return ok;
}

void
peer_answer_free(struct peer_answer *a)
{
	X509_free(a->cert);
	X509_CRL_free(a->crl);
	blob_free(&a->cert_der);
	*a = (struct peer_answer){.status = -1, .fail_info = PEER_NO_FAIL_INFO};
}

when_t
peer_begins(const X509 *cert)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notBefore(cert), &tm) ? (when_t)timegm(&tm) : 0;
}

bool
peer_verify(X509 *cert, X509 *ca, when_t at, struct err *e)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = false;

	X509_STORE_add_cert(store, ca);
	X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_STORE_CTX_init(ctx, store, cert, NULL)) {
		X509_STORE_CTX_set_time(ctx, 0, (time_t)at);
		ok = X509_verify_cert(ctx) == 1;
	}
	if (!ok)
		err_set(e, WHY_BAD_INPUT, "certificate does not verify: %s",
		    X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return ok;
}
