/* forms.c - good messages of many forms, wounded and signed again. */
#include "tests/differential/forms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"

enum { V3, V1, EC, ISSUED, NEGATIVE, NEIGHBOUR, SIGNERS };

static const struct form forms[] = {
    {.what = "PKCSReq, AES-128, SHA-256", .type = 19},
    {.what = "PKCSReq with names and usages, AES-256, SHA-512",
	.type = 19,
	.cipher = "AES-256-CBC",
	.digest = "SHA512",
	.request = 1},
    {.what = "PKCSReq by a v1 certificate, 3DES, SHA-1",
	.type = 19,
	.signer = V1,
	.cipher = "DES-EDE3-CBC",
	.digest = "SHA1",
	.request = 2},
    {.what = "PKCSReq, single DES, MD5 (IOS 12)",
	.type = 19,
	.cipher = "DES-CBC",
	.digest = "MD5",
	.request = 3},
    {.what = "PKCSReq, AES-192, SHA-384, BER throughout",
	.type = 19,
	.cipher = "AES-192-CBC",
	.digest = "SHA384",
	.ber = true,
	.request = 1},
    {.what = "PKCSReq, PSS and OAEP of SHA-256",
	.type = 19,
	.pss = true,
	.oaep = "SHA256",
	.request = 4},
    {.what = "PKCSReq, PSS of SHA-512 and OAEP of SHA-1, both by key identifier",
	.type = 19,
	.pss = true,
	.digest = "SHA512",
	.oaep = "SHA1",
	.signer_by_key_id = true,
	.recipient_by_key_id = true},
    {.what = "PKCSReq, EC signer, ECDSA with SHA-256", .type = 19, .signer = EC, .request = 4},
    {.what = "PKCSReq, EC signer by key identifier, SHA-384, BER",
	.type = 19,
	.signer = EC,
	.digest = "SHA384",
	.signer_by_key_id = true,
	.ber = true},
    {.what = "PKCSReq, signer's serial is negative",
	.type = 19,
	.signer = NEGATIVE,
	.recipient_by_key_id = true,
	.request = 2},
    {.what = "RenewalReq by an issued certificate, among others of the same CA",
	.type = 17,
	.signer = ISSUED,
	.more = true,
	.request = 1},
    {.what = "RenewalReq, key identifiers, BER",
	.type = 17,
	.signer = ISSUED,
	.signer_by_key_id = true,
	.recipient_by_key_id = true,
	.ber = true},
    {.what = "CertPoll", .type = 20, .signer = V1},
    {.what = "CertRep, refused", .type = 3, .signer = ISSUED},
    {.what = "GetCert", .type = 21, .signer = ISSUED},
    {.what = "GetCRL, BER", .type = 22, .signer = ISSUED, .ber = true},
};

static const struct {
	bool ec;
	const char *digest;
	struct peer_request with;
	bool ios; /* the extension request is wrapped into a T61String */
} requests[] = {
    {.with = {.challenge = "5CAB73B1F0A94E"}},
    {.with = {.challenge = "secret",
	 .san = "DNS:r1.example.com,DNS:r1,IP:192.0.2.1",
	 .key_usage = "digitalSignature,keyEncipherment",
	 .eku = "clientAuth,1.3.6.1.5.5.7.3.5"}},
    {.digest = "SHA1", .with = {.basic = "CA:TRUE", .key_usage = "keyCertSign,cRLSign"}},
    {.digest = "MD5", .with = {.challenge = "x", .key_usage = "digitalSignature"}, .ios = true},
    {.ec = true, .digest = "SHA384", .with = {.san = "DNS:ec.example.com"}},
};

static struct {
	X509 *ca;
	EVP_PKEY *ec;
	struct {
		EVP_PKEY *key;
		X509 *cert;
	} signers[SIGNERS];
	struct good good[COUNT_OF(forms)];
} here;

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

static const char *
or_else(const char *given, const char *usual)
{
	return given != NULL ? given : usual;
}

static const EVP_MD *
digest_of(const struct form *f)
{
	return EVP_get_digestbyname(or_else(f->digest, "SHA256"));
}

size_t
forms_count(void)
{
	return COUNT_OF(forms);
}

const struct good *
forms_good(size_t i)
{
	return &here.good[i];
}

X509 *
forms_ca(void)
{
	return here.ca;
}

EVP_PKEY *
forms_ca_key(void)
{
	return pool_key(0);
}

/* ---- certificates ---- */

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *x;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(x != NULL && X509_add_ext(cert, x, -1) == 1);
	X509_EXTENSION_free(x);
}

static X509 *
certify(EVP_PKEY *key, const char *cn, long serial, bool v1, bool issued)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	must(X509_NAME_add_entry_by_txt(
		 name, "O", MBSTRING_ASC, (const uint8_t *)"Cisco", -1, -1, 0) == 1);
	must(X509_NAME_add_entry_by_txt(
		 name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0) == 1);
	must(X509_set_issuer_name(cert, issued ? X509_get_subject_name(here.ca) : name) == 1);
	must(X509_set_version(cert, v1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
	must(ASN1_INTEGER_set_int64(X509_get_serialNumber(cert), serial) == 1);
	must(ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") == 1);
	must(ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "20400101000000Z") == 1);
	must(X509_set_pubkey(cert, key) == 1);
	if (!v1)
		add_extension(cert, NID_subject_key_identifier, "hash");
	if (issued)
		add_extension(cert, NID_key_usage, "critical,digitalSignature");
	must(X509_sign(cert, issued ? forms_ca_key() : key, EVP_sha256()) > 0);
	return cert;
}

/* ---- good messages ---- */

/* What IOS 15.7 does: the value of extensionRequest is a T61String around the Extensions. */
static void
wrap_as_ios(struct node *request)
{
	struct node *attributes = tree_at(request, "03"), *set, inner;

	for (size_t i = 0; i < attributes->n; i++) {
		set = tree_at(&attributes->child[i], "1");
		if (set->child[0].tag != 0x30)
			continue;
		inner = set->child[0];
		set->child[0] = (struct node){.tag = 0x14, .n = 1};
		set->child[0].child = mem_array(NULL, 1, sizeof(inner));
		set->child[0].child[0] = inner;
	}
}

static EVP_PKEY *
request_key(const struct form *f)
{
	return requests[f->request].ec ? here.ec : here.signers[V3].key;
}

static void
request_sign(const struct form *f, struct node *request)
{
	struct node *info = tree_find(request, ROLE_SIGNED),
		    *signature = tree_find(request, ROLE_SIGNATURE);
	const char *digest = or_else(requests[f->request].digest, "SHA256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct blob octets = {0}, out = {0};
	uint8_t sig[600];
	size_t n = sizeof(sig);

	if (info != NULL && signature != NULL) {
		tree_write(info, false, &octets);
		must(EVP_DigestSignInit_ex(
			 ctx, NULL, digest, NULL, NULL, request_key(f), NULL) == 1 &&
		     EVP_DigestSign(ctx, sig, &n, octets.p, octets.n) == 1);
		blob_add_byte(&out, 0);
		blob_add(&out, sig, n);
		node_set(signature, blob_view(&out));
	}
	EVP_MD_CTX_free(ctx);
	blob_free(&octets);
	blob_free(&out);
}

static void
good_request(struct good *g)
{
	const struct form *f = g->form;
	struct peer p = {0};
	struct peer_request with = requests[f->request].with;
	struct node *tree = &g->tree[LAYER_REQUEST];
	struct blob der = {0};

	if (f->type == 17 || f->type == 19) {
		with.csr_digest = requests[f->request].digest;
		must(peer_init(&p, "O=Cisco,CN=r1.example.com+serialNumber=67109104",
			 request_key(f), NULL) &&
		     peer_csr(&p, &with, &der, NULL));
		must(tree_read(blob_view(&der), tree));
		tree_at(tree, "0")->role = ROLE_SIGNED;
		tree_at(tree, "2")->role = ROLE_SIGNATURE;
		if (requests[f->request].ios)
			wrap_as_ios(tree);
		request_sign(f, tree);
		peer_free(&p);
	} else { /* IssuerAndSerialNumber; of others nobody reads it: issuer and subject */
		ADD_DER(&der, X509_NAME, X509_get_subject_name(here.ca));
		if (f->type < 21)
			ADD_DER(&der, X509_NAME,
			    X509_get_subject_name(here.signers[f->signer].cert));
		else
			ADD_DER(&der, ASN1_INTEGER,
			    X509_get0_serialNumber(here.signers[f->signer].cert));
		struct blob both = {0};

		blob_add_byte(&both, 0x30);
		blob_add_byte(&both, (uint8_t)der.n);
		blob_add_view(&both, blob_view(&der));
		must(der.n < 0x80 && tree_read(blob_view(&both), tree));
		blob_free(&both);
	}
	tree_write(tree, false, &g->octets[LAYER_REQUEST]);
	blob_free(&der);
}

static void
write_cms(CMS_ContentInfo *cms, struct view content, bool ber, struct blob *out)
{
	BIO *in = peer_bio(content), *bio = BIO_new(BIO_s_mem());

	if (ber) {
		must(i2d_CMS_bio_stream(bio, cms, in, CMS_STREAM | CMS_BINARY) == 1);
		char *p;
		long n = BIO_get_mem_data(bio, &p);

		blob_add(out, p, (size_t)n);
	} else {
		must(CMS_final(cms, in, NULL, CMS_BINARY) == 1);
		ADD_DER(out, CMS_ContentInfo, cms);
	}
	BIO_free(in);
	BIO_free(bio);
}

static void
seal(const struct form *f, struct view plain, struct blob *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, or_else(f->cipher, "AES-128-CBC"), NULL);
	unsigned flags = CMS_BINARY | CMS_PARTIAL | (f->ber ? CMS_STREAM : 0);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, cipher, flags);
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, here.ca,
	    (f->recipient_by_key_id ? CMS_USE_KEYID : 0) |
		(f->oaep != NULL ? CMS_KEY_PARAM : 0));

	must(ri != NULL);
	if (f->oaep != NULL) {
		EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);
		const EVP_MD *md = EVP_get_digestbyname(f->oaep);

		must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
		     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1);
	}
	write_cms(cms, plain, f->ber, out);
	CMS_ContentInfo_free(cms);
	EVP_CIPHER_free(cipher);
}

static void
add_attributes(const struct form *f, CMS_SignerInfo *si)
{
	char type[12];
	int n = snprintf(type, sizeof(type), "%d", f->type);

	must(CMS_signed_add1_attr_by_txt(
		 si, OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING, type, n) == 1);
	must(CMS_signed_add1_attr_by_txt(
		 si, OID_TRANSACTION, V_ASN1_PRINTABLESTRING, "5CAB73B1F0A94E", 14) == 1);
	must(CMS_signed_add1_attr_by_txt(
		 si, OID_SENDER_NONCE, V_ASN1_OCTET_STRING, "0123456789abcdef", 16) == 1);
	if (f->type != 3)
		return;
	must(CMS_signed_add1_attr_by_txt(
		 si, OID_RECIPIENT_NONCE, V_ASN1_OCTET_STRING, "fedcba9876543210", 16) == 1);
	must(CMS_signed_add1_attr_by_txt(si, OID_PKI_STATUS, V_ASN1_PRINTABLESTRING, "2", 1) ==
	     1);
	must(CMS_signed_add1_attr_by_txt(si, OID_FAIL_INFO, V_ASN1_PRINTABLESTRING, "4", 1) ==
	     1);
	must(CMS_signed_add1_attr_by_txt(
		 si, OID_FAIL_INFO_TEXT, V_ASN1_UTF8STRING, "no such", 7) == 1);
}

static void
sign(const struct form *f, struct view content, struct blob *out)
{
	unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (f->ber ? CMS_STREAM : 0);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *si = CMS_add1_signer(cms, here.signers[f->signer].cert,
	    here.signers[f->signer].key, digest_of(f),
	    flags | (f->signer_by_key_id ? CMS_USE_KEYID : 0) | (f->pss ? CMS_KEY_PARAM : 0));

	must(si != NULL);
	if (f->more)
		must(CMS_add1_cert(cms, here.ca) == 1 &&
		     CMS_add1_cert(cms, here.signers[NEIGHBOUR].cert) == 1);
	if (f->pss) {
		EVP_PKEY_CTX *ctx = CMS_SignerInfo_get0_pkey_ctx(si);

		must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
	}
	add_attributes(f, si);
	write_cms(cms, content, f->ber, out);
	CMS_ContentInfo_free(cms);
}

/* ---- signing again ---- */

static void
digest_again(const struct form *f, struct node *message)
{
	struct node *content = tree_find(message, ROLE_CONTENT),
		    *digest = tree_find(message, ROLE_DIGEST);
	struct blob octets = {0};
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned n = sizeof(md);

	if (content != NULL && digest != NULL) {
		tree_octets(content, &octets);
		must(EVP_Digest(octets.p, octets.n, md, &n, digest_of(f), NULL) == 1);
		node_set(digest, view_of(md, n));
	}
	blob_free(&octets);
}

static int
by_octets(const void *a, const void *b)
{
	return view_compare(
	    blob_view((const struct blob *)a), blob_view((const struct blob *)b));
}

/* The SET OF attributes in DER, in their order or as sent. */
static void
signed_octets(const struct node *attributes, bool sorted, struct blob *out)
{
	struct blob all = {0}, *one = mem_array(NULL, attributes->n + 1, sizeof(*one));
	struct node set = {.tag = 0x31};

	for (size_t i = 0; i < attributes->n; i++) {
		one[i] = (struct blob){0};
		tree_write(&attributes->child[i], true, &one[i]);
	}
	if (sorted)
		qsort(one, attributes->n, sizeof(*one), by_octets);
	for (size_t i = 0; i < attributes->n; i++) {
		blob_add_view(&all, blob_view(&one[i]));
		blob_free(&one[i]);
	}
	set.body = all;
	tree_write(&set, true, out);
	blob_free(&all);
	free(one);
}

static void
message_sign(const struct form *f, struct node *message, bool sorted)
{
	struct node *attributes, *signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	struct blob octets = {0};
	uint8_t sig[600];
	size_t n = sizeof(sig);

	digest_again(f, message);
	attributes = tree_find(message, ROLE_SIGNED);
	signature = tree_find(message, ROLE_SIGNATURE);
	if (attributes != NULL && signature != NULL) {
		signed_octets(attributes, sorted, &octets);
		must(EVP_DigestSignInit(
			 ctx, &pctx, digest_of(f), NULL, here.signers[f->signer].key) == 1);
		if (f->pss)
			must(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
			     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) ==
				 1);
		must(EVP_DigestSign(ctx, sig, &n, octets.p, octets.n) == 1);
		node_set(signature, view_of(sig, n));
	}
	EVP_MD_CTX_free(ctx);
	blob_free(&octets);
}

static void
good_message(struct good *g)
{
	struct node *tree = &g->tree[LAYER_MESSAGE], *signer, *attributes;
	static const uint8_t message_digest[] = {
	    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04};

	must(tree_read(blob_view(&g->octets[LAYER_MESSAGE]), tree));
	tree_at(tree, "10210")->role = ROLE_CONTENT; /* [0], eContent */
	signer = tree_at(tree, "1090");
	attributes = tree_at(signer, "3");
	attributes->role = ROLE_SIGNED;
	tree_at(signer, "5")->role = ROLE_SIGNATURE;
	for (size_t i = 0; i < attributes->n; i++)
		if (view_equal(blob_view(&tree_at(&attributes->child[i], "0")->body),
			view_of(message_digest, sizeof(message_digest))))
			tree_at(&attributes->child[i], "10")->role = ROLE_DIGEST;
}

void
forms_wounded(struct dice *d, const struct good *g, const struct good *donor, enum layer layer,
    struct blob *out)
{
	struct blob octets[LAYERS] = {{0}};
	bool again = dice_below(d, 4) != 0, sorted = dice_below(d, 8) != 0;
	struct node tree;

	tree_copy(&g->tree[layer], &tree);
	for (uint32_t wounds = 1 + dice_below(d, 2) * dice_below(d, 3); wounds > 0; wounds--)
		tree_wound(d, &tree,
		    &donor->tree[dice_below(d, 4) == 0 ? dice_below(d, LAYERS) : layer]);
	if (again && layer == LAYER_MESSAGE)
		message_sign(g->form, &tree, sorted);
	if (again && layer == LAYER_REQUEST)
		request_sign(g->form, &tree);
	tree_write(&tree, false, &octets[layer]);
	if (dice_below(d, 5) == 0)
		octets_wound(d, &octets[layer]);
	if (layer == LAYER_REQUEST)
		seal(g->form, blob_view(&octets[LAYER_REQUEST]), &octets[LAYER_ENVELOPE]);
	if (layer != LAYER_MESSAGE)
		sign(g->form, blob_view(&octets[LAYER_ENVELOPE]), &octets[LAYER_MESSAGE]);
	blob_set(out, blob_view(&octets[LAYER_MESSAGE]));
	for (int i = 0; i < LAYERS; i++)
		blob_free(&octets[i]);
	tree_free(&tree);
}

void
forms_open(void)
{
	static const struct {
		const char *cn;
		long serial;
		bool v1, issued;
	} rows[SIGNERS] = {
	    [V3] = {"r1.example.com", 1, false, false},
	    [V1] = {"r2.example.com", 0x80, true, false},
	    [EC] = {"r3.example.com", 0x7fffffffffffffff, false, false},
	    [ISSUED] = {"r4.example.com", 0xff, false, true},
	    [NEGATIVE] = {"r5.example.com", -77, false, false},
	    [NEIGHBOUR] = {"r", 0x100, false, true}, /* short: stands first in its SET */
	};

	here.ca = certify(forms_ca_key(), "RootCA", 0x101, false, false);
	here.ec = EVP_EC_gen("P-256");
	for (size_t i = 0; i < SIGNERS; i++) {
		here.signers[i].key = i == EC ? here.ec : pool_key(1 + i);
		here.signers[i].cert = certify(here.signers[i].key, rows[i].cn, rows[i].serial,
		    rows[i].v1, rows[i].issued);
	}
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct good *g = &here.good[i];

		g->form = &forms[i];
		good_request(g);
		seal(&forms[i], blob_view(&g->octets[LAYER_REQUEST]),
		    &g->octets[LAYER_ENVELOPE]);
		must(
		    tree_read(blob_view(&g->octets[LAYER_ENVELOPE]), &g->tree[LAYER_ENVELOPE]));
		sign(&forms[i], blob_view(&g->octets[LAYER_ENVELOPE]),
		    &g->octets[LAYER_MESSAGE]);
		good_message(g);
	}
}

void
forms_close(void)
{
	for (size_t i = 0; i < COUNT_OF(forms); i++)
		for (int layer = 0; layer < LAYERS; layer++) {
			blob_free(&here.good[i].octets[layer]);
			tree_free(&here.good[i].tree[layer]);
		}
	for (size_t i = 0; i < SIGNERS; i++)
		X509_free(here.signers[i].cert);
	EVP_PKEY_free(here.ec);
	X509_free(here.ca);
	pool_free();
}
