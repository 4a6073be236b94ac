/* stock.c - what OpenSSL's stock calls make of a message. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "tests/differential/facts.h"

#define OCTETS(s) view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s))
#define FACT_DER(out, name, type, object)                                                      \
	do {                                                                                   \
		struct blob der_fact_ = {0};                                                   \
		ADD_DER(&der_fact_, type, object);                                             \
		fact(out, name, blob_view(&der_fact_));                                        \
		blob_free(&der_fact_);                                                         \
	} while (0)

/* All that the library said, or these words. */
static void
reason(struct facts *out, const char *words)
{
	char *at = out->why;

	snprintf(at, sizeof(out->why), "%s", words);
	for (unsigned long code; (code = ERR_get_error()) != 0;) {
		if (ERR_GET_REASON(code) == ERR_R_NESTED_ASN1_ERROR)
			continue;
		at += strlen(at);
		snprintf(at, sizeof(out->why) - (size_t)(at - out->why), "; %s: %s",
		    ERR_lib_error_string(code), ERR_reason_error_string(code));
	}
}

/* Contents octets of an INTEGER. */
static void
integer(struct facts *out, const char *name, const ASN1_INTEGER *n)
{
	struct blob der = {0};
	size_t head;

	ADD_DER(&der, ASN1_INTEGER, n);
	head = der.n > 1 && der.p[1] > 0x80 ? 2 + (der.p[1] & 0x7f) : 2;
	fact(out, name, view_of(der.p + head, der.n - head));
	blob_free(&der);
}

static CMS_ContentInfo *
read_cms(struct view in, int type)
{
	const uint8_t *p = in.p;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)in.n);

	if (cms != NULL && (p != in.p + in.n || OBJ_obj2nid(CMS_get0_type(cms)) != type)) {
		CMS_ContentInfo_free(cms);
		cms = NULL;
	}
	return cms;
}

/* ---- message ---- */

/* The value of a signed attribute that is there once with one value. */
static const ASN1_TYPE *
attribute(CMS_SignerInfo *si, const char *oid_text)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(oid_text, 1);
	int at = CMS_signed_get_attr_by_OBJ(si, oid, -1);
	X509_ATTRIBUTE *a = at < 0 ? NULL : CMS_signed_get_attr(si, at);

	if (at >= 0 && CMS_signed_get_attr_by_OBJ(si, oid, at) >= 0)
		a = NULL;
	ASN1_OBJECT_free(oid);
	return a == NULL || X509_ATTRIBUTE_count(a) != 1 ? NULL
							 : X509_ATTRIBUTE_get0_type(a, 0);
}

static void
octets_attribute(struct facts *out, CMS_SignerInfo *si, const char *oid, const char *name)
{
	const ASN1_TYPE *v = attribute(si, oid);

	fact(out, name,
	    v == NULL || v->type != V_ASN1_OCTET_STRING ? view_of(NULL, 0)
							: OCTETS(v->value.octet_string));
}

static void
number_attribute(struct facts *out, CMS_SignerInfo *si, const char *oid, const char *name)
{
	const ASN1_TYPE *v = attribute(si, oid);
	char text[24] = "-1";

	if (v != NULL && v->type != V_ASN1_OBJECT && v->type != V_ASN1_BOOLEAN &&
	    v->type != V_ASN1_NULL)
		snprintf(text, sizeof(text), "%.*s", ASN1_STRING_length(v->value.asn1_string),
		    (const char *)ASN1_STRING_get0_data(v->value.asn1_string));
	fact(out, name, view_str(text));
}

static void
attributes(struct facts *out, CMS_SignerInfo *si)
{
	const ASN1_TYPE *id = attribute(si, OID_TRANSACTION);
	const ASN1_TYPE *text = attribute(si, OID_FAIL_INFO_TEXT);
	bool is_string = id != NULL && id->type != V_ASN1_OBJECT &&
			 id->type != V_ASN1_BOOLEAN && id->type != V_ASN1_NULL;

	number_attribute(out, si, OID_MESSAGE_TYPE, "messageType");
	fact_number(out, "transactionID's tag", id == NULL ? 0 : id->type);
	fact(
	    out, "transactionID", is_string ? OCTETS(id->value.asn1_string) : view_of(NULL, 0));
	octets_attribute(out, si, OID_SENDER_NONCE, "senderNonce");
	octets_attribute(out, si, OID_RECIPIENT_NONCE, "recipientNonce");
	number_attribute(out, si, OID_PKI_STATUS, "pkiStatus");
	number_attribute(out, si, OID_FAIL_INFO, "failInfo");
	fact(out, "failInfoText",
	    text != NULL && text->type == V_ASN1_UTF8STRING ? OCTETS(text->value.utf8string)
							    : view_of(NULL, 0));
}

static void
signer(struct facts *out, CMS_SignerInfo *si)
{
	X509 *cert = NULL;
	X509_ALGOR *digest, *signature;
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(si, NULL, &cert, &digest, &signature);
	FACT_DER(out, "certificate", X509, cert);
	FACT_DER(out, "signing key", X509_PUBKEY, X509_get_X509_PUBKEY(cert));
	if (CMS_SignerInfo_get0_signer_id(si, &key_id, &issuer, &serial) == 1 &&
	    issuer == NULL) {
		issuer = X509_get_issuer_name(cert);
		serial = X509_get_serialNumber(cert);
	}
	FACT_DER(out, "signer's issuer", X509_NAME, issuer);
	integer(out, "signer's serial", serial);
	nid = OBJ_obj2nid(digest->algorithm);
	fact(out, "digest",
	    view_str(nid == NID_sha1	 ? "sha1"
		     : nid == NID_md5	 ? "md5"
		     : nid == NID_sha256 ? "sha256"
		     : nid == NID_sha384 ? "sha384"
		     : nid == NID_sha512 ? "sha512"
					 : OBJ_nid2sn(nid)));
	fact_number(out, "PSS", OBJ_obj2nid(signature->algorithm) == NID_rsassaPss);
}

void
stock_message(struct view in, struct facts *out)
{
	CMS_ContentInfo *cms = read_cms(in, NID_pkcs7_signed);
	BIO *content = BIO_new(BIO_s_mem());
	STACK_OF(CMS_SignerInfo) * signers;
	char *p;
	long n;

	if (cms == NULL || CMS_verify(cms, NULL, NULL, NULL, content,
			       CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) != 1) {
		reason(out, cms == NULL ? "not SignedData" : "does not verify");
		goto out;
	}
	signers = CMS_get0_SignerInfos(cms);
	out->taken = true;
	signer(out, sk_CMS_SignerInfo_value(signers, 0));
	attributes(out, sk_CMS_SignerInfo_value(signers, 0));
	n = BIO_get_mem_data(content, &p);
	fact(out, "content", view_of(p, (size_t)n));
	fact_number(out, "signers", sk_CMS_SignerInfo_num(signers));
	fact_number(
	    out, "data inside", OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_pkcs7_data);
out:
	CMS_ContentInfo_free(cms);
	BIO_free(content);
	ERR_clear_error();
}

/* ---- envelope ---- */

/* The CMS calls do not tell the cipher; those of PKCS#7 do, of what they can read. */
static void
cipher(struct facts *out, struct view in)
{
	static const struct {
		int nid;
		const char *name;
	} names[] = {{NID_des_cbc, "des"}, {NID_des_ede3_cbc, "3des"},
	    {NID_aes_128_cbc, "aes128"}, {NID_aes_192_cbc, "aes192"},
	    {NID_aes_256_cbc, "aes256"}};
	const uint8_t *p = in.p;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)in.n);

	if (p7 != NULL && PKCS7_type_is_enveloped(p7)) {
		int nid = OBJ_obj2nid(p7->d.enveloped->enc_data->algorithm->algorithm);

		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (names[i].nid == nid)
				fact(out, "cipher", view_str(names[i].name));
	}
	PKCS7_free(p7);
}

/* Which of them is the CA. */
static void
recipient(struct facts *out, STACK_OF(CMS_RecipientInfo) * all)
{
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;
	X509_ALGOR *transport = NULL;

	for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++) {
		CMS_RecipientInfo *ri = sk_CMS_RecipientInfo_value(all, i);

		if (CMS_RecipientInfo_type(ri) != CMS_RECIPINFO_TRANS ||
		    CMS_RecipientInfo_ktri_cert_cmp(ri, forms_ca()) != 0)
			continue;
		CMS_RecipientInfo_ktri_get0_signer_id(ri, &key_id, &issuer, &serial);
		CMS_RecipientInfo_ktri_get0_algs(ri, NULL, NULL, &transport);
		if (issuer != NULL) {
			FACT_DER(out, "issuer", X509_NAME, issuer);
			integer(out, "serial", serial);
		} else {
			fact(out, "key identifier", OCTETS(key_id));
		}
		fact_number(out, "OAEP", OBJ_obj2nid(transport->algorithm) == NID_rsaesOaep);
		return;
	}
}

void
stock_envelope(struct view in, struct facts *out)
{
	CMS_ContentInfo *cms = read_cms(in, NID_pkcs7_enveloped);
	BIO *plain = BIO_new(BIO_s_mem());
	char *p;
	long n;

	if (cms != NULL && CMS_decrypt(cms, forms_ca_key(), forms_ca(), NULL, plain,
			       CMS_BINARY | CMS_DEBUG_DECRYPT) == 1) {
		out->taken = true;
		n = BIO_get_mem_data(plain, &p);
		fact(out, "plain", view_of(p, (size_t)n));
		cipher(out, in);
		recipient(out, CMS_get0_RecipientInfos(cms));
		fact_number(
		    out, "recipients", sk_CMS_RecipientInfo_num(CMS_get0_RecipientInfos(cms)));
	} else {
		reason(out, cms == NULL ? "not EnvelopedData" : "cannot be opened");
	}
	CMS_ContentInfo_free(cms);
	BIO_free(plain);
	ERR_clear_error();
}

/* ---- request ---- */

static void
extensions(struct facts *out, X509_REQ *x)
{
	STACK_OF(X509_EXTENSION) *all = X509_REQ_get_extensions(x);
	ASN1_BIT_STRING *usage = X509V3_get_d2i(all, NID_key_usage, NULL, NULL);
	BASIC_CONSTRAINTS *basic = X509V3_get_d2i(all, NID_basic_constraints, NULL, NULL);
	EXTENDED_KEY_USAGE *purposes = X509V3_get_d2i(all, NID_ext_key_usage, NULL, NULL);
	int at = X509v3_get_ext_by_NID(all, NID_subject_alt_name, -1);
	int64_t bits = usage == NULL ? -1 : 0, eku = 0;

	for (int i = 0; usage != NULL && i < 32; i++)
		if (ASN1_BIT_STRING_get_bit(usage, i))
			bits |= (int64_t)1 << i;
	for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++)
		switch (OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes, i))) {
		case NID_server_auth:
			eku |= 1;
			break;
		case NID_client_auth:
			eku |= 2;
			break;
		case NID_ipsecEndSystem:
			eku |= 16;
			break;
		}
	fact_number(out, "keyUsage", bits);
	fact_number(out, "extKeyUsage", eku);
	fact_number(out, "basicConstraints", basic != NULL && basic->ca);
	fact(out, "subjectAltName",
	    at < 0 ? view_of(NULL, 0)
		   : OCTETS(X509_EXTENSION_get_data(X509v3_get_ext(all, at))));
	fact(out, "extensions",
	    view_str(X509_REQ_get_attr_by_NID(x, NID_ext_req, -1) >= 0 && all == NULL ? "unread"
										      : ""));
	ASN1_BIT_STRING_free(usage);
	BASIC_CONSTRAINTS_free(basic);
	EXTENDED_KEY_USAGE_free(purposes);
	sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
}

void
stock_request(struct view in, struct facts *out)
{
	const uint8_t *p = in.p;
	X509_REQ *x = d2i_X509_REQ(NULL, &p, (long)in.n);
	EVP_PKEY *key = x == NULL ? NULL : X509_REQ_get0_pubkey(x);

	if (key == NULL || p != in.p + in.n || X509_REQ_verify(x, key) != 1) {
		reason(out, x == NULL ? "not a request" : "does not verify");
		goto out;
	}
	int at = X509_REQ_get_attr_by_NID(x, NID_pkcs9_challengePassword, -1);
	ASN1_TYPE *v = at < 0 ? NULL : X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(x, at), 0);

	out->taken = true;
	FACT_DER(out, "subject", X509_NAME, X509_REQ_get_subject_name(x));
	FACT_DER(out, "key", X509_PUBKEY, X509_REQ_get_X509_PUBKEY(x));
	fact_number(out, "challenge's tag", v == NULL ? 0 : v->type);
	fact(out, "challenge",
	    v == NULL || v->type == V_ASN1_OBJECT || v->type == V_ASN1_BOOLEAN ||
		    v->type == V_ASN1_NULL
		? view_of(NULL, 0)
		: OCTETS(v->value.asn1_string));
	extensions(out, x);
out:
	X509_REQ_free(x);
	ERR_clear_error();
}

void
stock_number(struct view in, struct facts *out)
{
	const uint8_t *p = in.p;
	PKCS7_ISSUER_AND_SERIAL *x = d2i_PKCS7_ISSUER_AND_SERIAL(NULL, &p, (long)in.n);

	out->taken = x != NULL && p == in.p + in.n;
	if (out->taken) {
		FACT_DER(out, "issuer", X509_NAME, x->issuer);
		integer(out, "serial", x->serial);
	} else {
		reason(out, "not IssuerAndSerialNumber");
	}
	PKCS7_ISSUER_AND_SERIAL_free(x);
	ERR_clear_error();
}
