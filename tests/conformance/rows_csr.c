/* rows_csr.c - BAD-108 to BAD-123: the request inside. */
/* wire.h before the library's macros of the same names */
#include "tests/conformance/lab.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

#define NULLS "\x05\x00"
#define ECDSA_ALG "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
/* A Name of one CN: tag and value of the string are given, everything is short. */
#define NAME(all, set, seq, string)                                                            \
	B("\x30" all "\x31" set "\x30" seq "\x06\x03\x55\x04\x03" string)

/* ---- makers ---- */

static void
signed_by_other(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct err e = {0};

	inner.with.csr_signer = pool_key(87);
	must(row_make(l, &inner, out, &e));
}

enum { RDNS_1000, CN_64K, CN_513, MULTI_VALUED, STRANGE_TYPES };

static void
put_rdn(struct asn *w, const char *oid, int tag, struct view value)
{
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, oid);
	asn_put(w, tag, value);
	asn_close(w);
}

static void
large_name(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn w = {0};
	struct blob value = {0};
	struct err e = {0};
	int rdns = r->number == RDNS_1000 ? 1000 : 1;
	const char *oid = r->number == STRANGE_TYPES ? "1.3.6.1.4.1.99999.1" : "2.5.4.3";

	blob_repeat(&value, VIEW("n"),
	    r->number == CN_64K	  ? 64000
	    : r->number == CN_513 ? 513
				  : 3);
	asn_open(&w, TAG_SEQUENCE);
	for (int i = 0; i < rdns; i++) {
		asn_open(&w, TAG_SET);
		put_rdn(&w, oid, TAG_PRINTABLE, blob_view(&value));
		if (r->number == MULTI_VALUED)
			put_rdn(&w, "2.5.4.5", TAG_PRINTABLE, VIEW("67109104"));
		asn_close(&w);
	}
	asn_close(&w);
	inner.forged = true;
	inner.ask.name = blob_view(&w.out);
	must(row_make(l, &inner, out, &e));
	blob_free(&w.out);
	blob_free(&value);
}

/* Names that are somebody else's markup; the text is r->plain. */
static void
named(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn w = {0};
	struct err e = {0};

	inner.plain = (struct view){0};
	asn_open(&w, TAG_SEQUENCE);
	asn_open(&w, TAG_SET);
	put_rdn(&w, "2.5.4.3", TAG_UTF8, r->plain);
	while (w.depth > 0)
		asn_close(&w);
	inner.forged = true;
	inner.ask.name = blob_view(&w.out);
	must(row_make(l, &inner, out, &e));
	blob_free(&w.out);
}

static void
put_extension(struct asn *w, const char *oid, bool critical, struct view value)
{
	asn_open(w, TAG_SEQUENCE);
	asn_oid(w, oid);
	if (critical)
		asn_raw(w, VIEW("\x01\x01\xff"));
	asn_put(w, TAG_OCTETS, value);
	asn_close(w);
}

enum { EXT_TWICE, EXT_CRITICAL, EXT_MALFORMED, EXT_60K, EXT_ATTRIBUTE_TWICE, EXT_UNKNOWN };

static void
extensions(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn w = {0}, again = {0};
	struct blob large = {0};
	struct err e = {0};

	switch (r->number) {
	case EXT_TWICE:
		put_extension(&w, "2.5.29.15", true, VIEW("\x03\x02\x05\xa0"));
		put_extension(&w, "2.5.29.15", true, VIEW("\x03\x02\x05\xa0"));
		break;
	case EXT_CRITICAL:
	case EXT_UNKNOWN:
		put_extension(
		    &w, "1.3.6.1.4.1.99999.2", r->number == EXT_CRITICAL, VIEW(NULLS));
		break;
	case EXT_MALFORMED:
		put_extension(&w, "2.5.29.15", false, VIEW("\x03\x09\x05"));
		break;
	case EXT_60K:
		blob_repeat(&large, VIEW("x"), 66000);
		put_extension(&w, "1.3.6.1.4.1.99999.2", false, blob_view(&large));
		break;
	case EXT_ATTRIBUTE_TWICE:
		put_extension(&w, "2.5.29.15", true, VIEW("\x03\x02\x05\xa0"));
		asn_open(&again, TAG_SEQUENCE);
		asn_oid(&again, OID_PKCS9 "14");
		asn_raw(&again, VIEW("\x31\x02\x30\x00"));
		asn_close(&again);
		inner.ask.attributes = blob_view(&again.out);
		break;
	}
	inner.forged = true;
	inner.ask.extensions = blob_view(&w.out);
	must(row_make(l, &inner, out, &e));
	blob_free(&w.out);
	blob_free(&again.out);
	blob_free(&large);
}

/* subjectAltName of one GeneralName: r->plain, or an otherName of 5,000 octets. */
static void
alternative(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct asn san = {0}, w = {0};
	struct blob large = {0};
	struct err e = {0};

	inner.plain = (struct view){0};
	asn_open(&san, TAG_SEQUENCE);
	if (r->number > 0) {
		blob_repeat(&large, VIEW("x"), (size_t)r->number);
		asn_open(&san, TAG_0);
		asn_oid(&san, "1.3.6.1.4.1.99999.3");
		asn_open(&san, TAG_0);
		asn_put(&san, TAG_UTF8, blob_view(&large));
		asn_close(&san);
		asn_close(&san);
	} else {
		asn_raw(&san, r->plain);
	}
	asn_close(&san);
	put_extension(&w, "2.5.29.17", false, blob_view(&san.out));
	inner.forged = true;
	inner.ask.extensions = blob_view(&w.out);
	must(row_make(l, &inner, out, &e));
	blob_free(&san.out);
	blob_free(&w.out);
	blob_free(&large);
}

enum {
	RSA_512,
	RSA_1024,
	RSA_EVEN,
	RSA_E1,
	RSA_E_EVEN,
	RSA_ZERO,
	RSA_NEGATIVE,
	RSA_SMALL_FACTOR
};

static void
rsa_spki(const BIGNUM *n, const BIGNUM *e, bool negative, struct blob *out)
{
	struct asn w = {0};
	ASN1_INTEGER *modulus = BN_to_ASN1_INTEGER(n, NULL);
	ASN1_INTEGER *exponent = BN_to_ASN1_INTEGER(e, NULL);

	if (negative)
		modulus->type |= V_ASN1_NEG;
	asn_open(&w, TAG_SEQUENCE);
	asn_algorithm(&w, OID_RSA_ENCRYPTION, VIEW(NULLS));
	asn_open(&w, TAG_BITS);
	blob_add_byte(&w.out, 0);
	asn_open(&w, TAG_SEQUENCE);
	ADD_DER(&w.out, ASN1_INTEGER, modulus);
	ADD_DER(&w.out, ASN1_INTEGER, exponent);
	while (w.depth > 0)
		asn_close(&w);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&w.out);
	ASN1_INTEGER_free(modulus);
	ASN1_INTEGER_free(exponent);
}

/* The encoded hash to the power d: what a key that no library signs with would sign. */
static void
raw_signature(const struct blob *info, const BIGNUM *n, const BIGNUM *d, struct blob *sig)
{
	static const uint8_t head[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
	    0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	uint8_t block[256];
	unsigned size = 32;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m;

	memset(block, 0xff, sizeof(block));
	block[0] = 0;
	block[1] = 1;
	block[256 - 32 - sizeof(head) - 1] = 0;
	memcpy(block + 256 - 32 - sizeof(head), head, sizeof(head));
	must(EVP_Digest(info->p, info->n, block + 224, &size, EVP_sha256(), NULL) == 1);
	m = BN_bin2bn(block, 256, NULL);
	if (d != NULL)
		must(BN_mod_exp(m, m, d, n, ctx) == 1);
	must(BN_bn2binpad(m, blob_grow(sig, 256), 256) == 256);
	BN_free(m);
	BN_CTX_free(ctx);
}

/* n = 3 * q with its d: a key that signs soundly and falls to the first division. */
static void
three_times(BIGNUM *n, BIGNUM *d)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *q = BN_new(), *phi = BN_new(), *e = BN_new();

	BN_set_word(e, RSA_F4);
	do {
		must(BN_generate_prime_ex(q, 2046, 0, NULL, NULL, NULL) == 1);
		must(BN_copy(n, q) != NULL && BN_mul_word(n, 3) && BN_copy(phi, q) != NULL &&
		     BN_sub_word(phi, 1) && BN_mul_word(phi, 2));
	} while (BN_num_bits(n) != 2048 || BN_mod_inverse(d, e, phi, ctx) == NULL);
	BN_free(q);
	BN_free(phi);
	BN_free(e);
	BN_CTX_free(ctx);
}

/* CertificationRequestInfo of this key, as forge_csr writes it. */
static void
info_of(struct lab *l, struct view spki, struct blob *out)
{
	struct asn w = {0};

	asn_open(&w, TAG_SEQUENCE);
	asn_raw(&w, VIEW("\x02\x01\x00"));
	ADD_DER(&w.out, X509_NAME, l->p->name);
	asn_raw(&w, spki);
	asn_raw(&w, VIEW("\xa0\x00"));
	asn_close(&w);
	blob_add_view(out, blob_view(&w.out));
	blob_free(&w.out);
}

static void
weak_rsa(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob spki = {0}, info = {0}, sig = {0};
	BIGNUM *n = NULL, *e = NULL, *d = NULL;
	struct err why = {0};

	if (r->number == RSA_512 || r->number == RSA_1024) {
		l->extra_key = EVP_RSA_gen(r->number == RSA_512 ? 512u : 1024u);
		must(l->extra_key != NULL);
		EVP_PKEY_free(l->p->key);
		l->p->key = l->extra_key;
		EVP_PKEY_up_ref(l->p->key);
		inner.forged = true;
		/* the temporary certificate is another's: sound in itself */
		peer_free(&l->carol);
		must(lab_peer(&l->carol, l, "CN=x", pool_key(88), &why) &&
		     peer_temporary(&l->carol, NULL, &why));
		peer_sign_with(l->p, l->carol.signer, pool_key(88));
		must(row_make(l, &inner, out, &why));
		peer_free(&l->carol);
		must(lab_peer(&l->carol, l, "O=Cisco,OU=CVO,CN=carol", pool_key(82), &why));
		return;
	}
	must(EVP_PKEY_get_bn_param(l->p->key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	     EVP_PKEY_get_bn_param(l->p->key, OSSL_PKEY_PARAM_RSA_D, &d) == 1);
	e = BN_new();
	BN_set_word(e, r->number == RSA_E1 ? 1 : r->number == RSA_E_EVEN ? 65538 : RSA_F4);
	if (r->number == RSA_EVEN)
		must(BN_sub_word(n, 1));
	if (r->number == RSA_ZERO)
		BN_zero(n);
	if (r->number == RSA_SMALL_FACTOR)
		three_times(n, d);
	rsa_spki(n, e, r->number == RSA_NEGATIVE, &spki);
	info_of(l, blob_view(&spki), &info);
	/* e = 1: every encoded hash is its own signature. */
	raw_signature(&info, n, r->number == RSA_E1 || BN_is_zero(n) ? NULL : d, &sig);
	inner.forged = true;
	inner.ask.spki = blob_view(&spki);
	inner.ask.signature = blob_view(&sig);
	must(row_make(l, &inner, out, &why));
	BN_free(n);
	BN_free(e);
	BN_free(d);
	blob_free(&spki);
	blob_free(&info);
	blob_free(&sig);
}

enum { EC_GOOD, EC_COMPRESSED, EC_OFF_CURVE, EC_INFINITY, EC_K1, EC_EXPLICIT, ED25519 };

static void
ec_request(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob spki = {0};
	struct err e = {0};

	l->extra_key = r->number == ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
		       : r->number == EC_K1 ? EVP_EC_gen("secp256k1")
					    : EVP_EC_gen("P-256");
	must(l->extra_key != NULL);
	if (r->number == EC_COMPRESSED)
		must(EVP_PKEY_set_utf8_string_param(
		    l->extra_key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"));
	if (r->number == EC_EXPLICIT)
		must(EVP_PKEY_set_utf8_string_param(
		    l->extra_key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"));
	add_spki(&spki, l->extra_key);
	if (r->number == EC_OFF_CURVE)
		spki.p[spki.n - 1] ^= 1;
	if (r->number == EC_INFINITY)
		blob_set(&spki,
		    VIEW("\x30\x19\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86"
			 "\x48\xce\x3d\x03\x01\x07\x03\x02\x00\x00"));
	inner.forged = true;
	inner.ask.spki = blob_view(&spki);
	inner.ask.signer = l->extra_key;
	if (r->number == ED25519) {
		inner.ask.signature =
		    VIEW("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
		inner.ask.sig_alg = VIEW("\x30\x05\x06\x03\x2b\x65\x70");
		inner.ask.signer = NULL;
	}
	must(row_make(l, &inner, out, &e));
	blob_free(&spki);
}

enum { CERT_OLD, CERT_YOUNG, CERT_V1, CERT_OTHER_NAME };

/* A temporary certificate of a device whose clock stands in 1993, and others. */
static void
odd_signer(struct lab *l, const struct row *r, struct blob *out)
{
	struct peer other = {0};
	struct err e = {0};

	l->p->now = r->number == CERT_OLD     ? 725846400
		    : r->number == CERT_YOUNG ? 2240524800
					      : l->w.now;
	if (r->number == CERT_OTHER_NAME) {
		must(lab_peer(&other, l, "CN=Router", l->p->key, &e) &&
		     peer_temporary(&other, NULL, &e));
		peer_sign_with(l->p, other.signer, l->p->key);
		peer_free(&other);
	} else {
		must(peer_temporary(l->p, NULL, &e));
	}
	if (r->number == CERT_V1) {
		X509 *x = l->p->signer;

		X509_set_version(x, 0);
		must(X509_sign(x, l->p->key, EVP_sha256()) > 0);
	}
	must(row_make(l, r, out, &e));
}

/* ---- what may be in a granted certificate ---- */

static bool
no_ca(struct lab *l, X509 *cert, struct err *e)
{
	(void)l;
	if (X509_check_ca(cert) != 0)
		return err_set(e, WHY_REFUSED, "a CA was made");
	if (X509_get_key_usage(cert) & (0x0004 | 0x0002)) /* keyCertSign, cRLSign */
		return err_set(e, WHY_REFUSED, "keyUsage %x", X509_get_key_usage(cert));
	return true;
}

static bool
no_foreign_purpose(struct lab *l, X509 *cert, struct err *e)
{
	int at = X509_get_ext_by_NID(cert, NID_ext_key_usage, -1);
	EXTENDED_KEY_USAGE *eku;
	bool ok = true;

	(void)l;
	if (at < 0)
		return true;
	eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
		int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, i));

		if (nid != NID_client_auth && nid != NID_server_auth)
			ok = err_set(e, WHY_REFUSED, "purpose %s", OBJ_nid2sn(nid));
	}
	sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
	return ok;
}

static bool
no_unknown_extension(struct lab *l, X509 *cert, struct err *e)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.2", 1);
	int at = X509_get_ext_by_OBJ(cert, oid, -1);

	(void)l;
	ASN1_OBJECT_free(oid);
	return at < 0 || err_set(e, WHY_REFUSED, "the extension was copied");
}

static bool
utf8_name(struct lab *l, X509 *cert, struct err *e)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, 0));

	(void)l;
	return s->type == V_ASN1_UTF8STRING || s->type == V_ASN1_PRINTABLESTRING ||
	       err_set(e, WHY_REFUSED, "subject in a string of type %d", s->type);
}

/* ---- rows ---- */

static const struct row rows[] = {
    {"BAD-108", "the request is signed by another key", WANT_F2, .make = signed_by_other},
    {"BAD-108", "the same, grant auto", WANT_F2, ROW_AUTO, .make = signed_by_other},
    {"BAD-108", "the same in a renewal (RQ-09)", WANT_F2, ROW_BY_ALICE, PEER_RENEWAL_REQ,
	.make = signed_by_other},
    {"BAD-108", "the request's signature is empty", WANT_F2, .forged = true,
	.ask = {.signature = B("")}},
    {"BAD-109", "request version 1", WANT_F2, .forged = true,
	.ask = {.version = B("\x02\x01\x01")}},
    {"BAD-109", "request version -1", WANT_F2, .forged = true,
	.ask = {.version = B("\x02\x01\xff")}},
    {"BAD-109", "octets behind the request", WANT_F2, .forged = true,
	.ask = {.behind = B("x")}},
    {"BAD-109", "octets behind the attributes", WANT_F2, .forged = true,
	.ask = {.behind_info = B("\x05\x00")}},
    {"BAD-109", "no attributes field at all is tolerated", WANT_PEND, .forged = true,
	.ask = {.no_attributes = true}},
    {"BAD-110", "neither subject nor alternative name", WANT_F2, .forged = true,
	.ask = {.name = B("\x30\x00")}},
    {"BAD-111", "subject of 1,000 RDNs", WANT_F2, .make = large_name, .number = RDNS_1000},
    {"BAD-111", "CN of 64,000 octets", WANT_F2, .make = large_name, .number = CN_64K},
    {"BAD-111", "CN of 513 octets", WANT_F2, .make = large_name, .number = CN_513},
    {"BAD-111", "multi-valued RDN is served", WANT_PEND, .make = large_name,
	.number = MULTI_VALUED},
    {"BAD-111", "unknown attribute type is served", WANT_PEND, .make = large_name,
	.number = STRANGE_TYPES},
    {"BAD-112", "CN with a NUL", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0e", "\x0c", "\x0a",
		    "\x0c\x03"
		    "a\0b")}},
    {"BAD-112", "CN in invalid UTF-8", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0e", "\x0c", "\x0a",
		    "\x0c\x03"
		    "a\xff"
		    "b")}},
    {"BAD-112", "CN in overlong UTF-8", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0d", "\x0b", "\x09",
		    "\x0c\x02"
		    "\xc0\xae")}},
    {"BAD-112", "CN with an unpaired surrogate in a BMPString", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0d", "\x0b", "\x09",
		    "\x1e\x02"
		    "\xd8\x00")}},
    {"BAD-112", "CN in half a BMPString", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0e", "\x0c", "\x0a",
		    "\x1e\x03"
		    "\0a\0")}},
    {"BAD-112", "CN above 10FFFF in a UniversalString", WANT_F2, .forged = true,
	.ask = {.name = NAME("\x0f", "\x0d", "\x0b",
		    "\x1c\x04"
		    "\x00\x11\x00\x00")}},
    {"BAD-112", "CN with right-to-left marks is text", WANT_PEND, .make = named,
	.plain = B("\xe2\x80\xae"
		   "gpj.exe")},
    {"BAD-112", "CN in T61 becomes UTF-8 (CP-04)", WANT_OK, ROW_AUTO, .forged = true,
	.check = utf8_name,
	.ask = {.name = NAME("\x0f", "\x0d", "\x0b",
		    "\x14\x04"
		    "caf\xe9")}},
    {"BAD-112", "CN in a BMPString becomes UTF-8 (CP-04)", WANT_OK, ROW_AUTO, .forged = true,
	.check = utf8_name,
	.ask = {.name = NAME("\x0f", "\x0d", "\x0b",
		    "\x1e\x04"
		    "\0a\0b")}},
    {"BAD-113", "CN that is a path", WANT_PEND, .make = named, .plain = B("../../etc/passwd")},
    {"BAD-113", "CN that is a shell command", WANT_PEND, .make = named,
	.plain = B("$(reboot)`id`")},
    {"BAD-113", "CN that is CSV", WANT_PEND, .make = named, .plain = B("a\",\"=1+1")},
    {"BAD-113", "CN that is markup", WANT_PEND, .make = named,
	.plain = B("<script>1</script>")},
    {"BAD-113", "CN that drives a terminal", WANT_PEND, .make = named, .plain = B("\x1b[2Jx")},
    {"BAD-114", "CA:TRUE waits for an operator, grant auto or not", WANT_PEND, ROW_AUTO,
	.with = {.basic = "CA:TRUE"}},
    {"BAD-114", "keyCertSign is dropped (CP-09)", WANT_OK, ROW_AUTO, .check = no_ca,
	.with = {.key_usage = "digitalSignature,keyCertSign,cRLSign"}},
    {"BAD-114", "keyCertSign alone is dropped", WANT_OK, ROW_AUTO, .check = no_ca,
	.with = {.key_usage = "keyCertSign"}},
    {"BAD-114", "CA:FALSE with a path length", WANT_OK, ROW_AUTO, .check = no_ca,
	.with = {.basic = "CA:FALSE,pathlen:0"}},
    {"BAD-115", "an extension twice", WANT_F2, .make = extensions, .number = EXT_TWICE},
    {"BAD-115", "extensionRequest twice", WANT_F2, .make = extensions,
	.number = EXT_ATTRIBUTE_TWICE},
    {"BAD-115", "an unknown critical extension", WANT_F2, .make = extensions,
	.number = EXT_CRITICAL},
    {"BAD-115", "an unknown extension is not copied (CP-13)", WANT_OK, ROW_AUTO,
	.make = extensions, .check = no_unknown_extension, .number = EXT_UNKNOWN},
    {"BAD-115", "a malformed extension", WANT_F2, .make = extensions, .number = EXT_MALFORMED},
    {"BAD-115", "an extension of 66,000 octets", WANT_F2, .make = extensions,
	.number = EXT_60K},
    {"BAD-116", "iPAddress of 3 octets", WANT_F2, .make = alternative,
	.plain = B("\x87\x03\x0a\0\0")},
    {"BAD-116", "empty dNSName", WANT_F2, .make = alternative, .plain = B("\x82\x00")},
    {"BAD-116", "dNSName with a NUL", WANT_F2, .make = alternative,
	.plain = B("\x82\x05"
		   "a.b\0c")},
    {"BAD-116", "no name at all", WANT_F2, .make = alternative, .plain = B("")},
    {"BAD-116", "otherName of 5,000 octets", WANT_F2, .make = alternative, .number = 5000},
    {"BAD-116", "wildcard is a matter for the operator", WANT_PEND,
	.with = {.san = "DNS:*.example.com"}},
    {"BAD-116", "URI javascript: is a matter for the operator", WANT_PEND,
	.with = {.san = "URI:javascript:alert(1)"}},
    {"BAD-116", "another device's name is a matter for the operator", WANT_PEND,
	.with = {.san = "DNS:alice.example"}},
    {"BAD-117", "anyExtendedKeyUsage is dropped", WANT_OK, ROW_AUTO,
	.check = no_foreign_purpose, .with = {.eku = "anyExtendedKeyUsage,clientAuth"}},
    {"BAD-117", "OCSPSigning is dropped", WANT_OK, ROW_AUTO, .check = no_foreign_purpose,
	.with = {.eku = "OCSPSigning"}},
    {"BAD-117", "timeStamping is dropped", WANT_OK, ROW_AUTO, .check = no_foreign_purpose,
	.with = {.eku = "timeStamping"}},
    {"BAD-117", "cmcRA is dropped", WANT_OK, ROW_AUTO, .check = no_foreign_purpose,
	.with = {.eku = "1.3.6.1.5.5.7.3.28"}},
    {"BAD-118", "RSA of 512 bits", WANT_F2, .make = weak_rsa, .number = RSA_512},
    {"BAD-118", "RSA of 512 bits, compat ancient", WANT_F2, ROW_ANCIENT, .make = weak_rsa,
	.number = RSA_512},
    {"BAD-118", "RSA of 1,024 bits (AL-05)", WANT_F0, .make = weak_rsa, .number = RSA_1024},
    {"BAD-118", "RSA with an even modulus", WANT_F2, .make = weak_rsa, .number = RSA_EVEN},
    {"BAD-118", "RSA with e = 1, soundly signed", WANT_F2, ROW_BY_ALICE, PEER_RENEWAL_REQ,
	.make = weak_rsa, .number = RSA_E1},
    {"BAD-118", "RSA with an even exponent", WANT_F2, .make = weak_rsa, .number = RSA_E_EVEN},
    {"BAD-118", "RSA with modulus 0", WANT_F2, .make = weak_rsa, .number = RSA_ZERO},
    {"BAD-118", "RSA with a negative modulus", WANT_F2, .make = weak_rsa,
	.number = RSA_NEGATIVE},
    {"BAD-118", "RSA with the factor 3, soundly signed", WANT_F2, ROW_BY_ALICE,
	PEER_RENEWAL_REQ, .make = weak_rsa, .number = RSA_SMALL_FACTOR},
    {"BAD-119", "EC client key: cannot be served by SCEP", WANT_F0, .make = ec_request,
	.number = EC_GOOD},
    {"BAD-119", "EC compressed point, the same", WANT_F0, .make = ec_request,
	.number = EC_COMPRESSED},
    {"BAD-119", "EC point off the curve", WANT_F2, .make = ec_request, .number = EC_OFF_CURVE},
    {"BAD-119", "EC point at infinity", WANT_F2, .make = ec_request, .number = EC_INFINITY},
    {"BAD-119", "EC curve that is not supported", WANT_F2, .make = ec_request, .number = EC_K1},
    {"BAD-119", "EC curve of explicit parameters", WANT_F2, .make = ec_request,
	.number = EC_EXPLICIT},
    {"BAD-120", "Ed25519 key: unreadable like all inside the envelope", WANT_F2,
	.make = ec_request, .number = ED25519},
    {"BAD-121", "RSA key, ECDSA signature", WANT_F2, .forged = true,
	.ask = {.sig_alg = B(ECDSA_ALG)}},
    {"BAD-122", "temporary certificate of 1993", WANT_PEND, .make = odd_signer,
	.number = CERT_OLD},
    {"BAD-122", "temporary certificate of 2041", WANT_PEND, .make = odd_signer,
	.number = CERT_YOUNG},
    {"BAD-122", "temporary certificate of version 1", WANT_PEND, .make = odd_signer,
	.number = CERT_V1},
    {"BAD-123", "temporary certificate of another name (RQ-08)", WANT_PEND, .make = odd_signer,
	.number = CERT_OTHER_NAME},
};

const struct table csr_rows = {rows, COUNT_OF(rows)};
