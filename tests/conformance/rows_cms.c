/* rows_cms.c - BAD-055 to BAD-071: what is no SCEP message. */
/* wire.h before the library's macros of the same names */
#include "tests/conformance/lab.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"

#define NULLS "\x05\x00"
#define SHA512_ALG "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03"

static void
must(bool ok)
{
	if (!ok) {
		ERR_print_errors_fp(stdout);
		abort();
	}
}

/* ---- makers ---- */

/* Everything with this digest, by stock calls: 1 MD5, 2 SHA-1, 3 SHA-1 inside alone, 4 MD5
 * inside alone, 5 SHA-512. */
static void
other_digest(struct lab *l, const struct row *r, struct blob *out)
{
	static const char *const outside[] = {"", "MD5", "SHA1", "SHA256", "SHA256", "SHA512"};
	static const char *const inside[] = {"", "MD5", "SHA1", "SHA1", "MD5", "SHA512"};
	struct peer_request o = {.csr_digest = inside[r->number]};
	struct err e = {0};

	l->p->digest = outside[r->number];
	must(peer_enrol(l->p, &o, out, &e));
}

/* alice's certificate signs beside mallory's: r->number 0 both well, 1 hers is broken. */
static void
two_signers(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct err e = {0};

	inner.outer.beside = &l->alice;
	inner.outer.beside_how = r->number == 1 ? SIGN_BROKEN : SIGN_SET;
	must(row_make(l, &inner, out, &e));
}

/* A renewal without the signer's certificate: the database knows it. */
static void
without_certificate(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct err e = {0};

	inner.outer.no_certificate = true;
	must(row_make(l, &inner, out, &e));
}

static EVP_PKEY *
keep_key(struct lab *l, EVP_PKEY *key)
{
	must(key != NULL);
	EVP_PKEY_free(l->extra_key);
	l->extra_key = key;
	return key;
}

/* mallory has this key from now on. */
static void
use_key(struct lab *l, EVP_PKEY *key)
{
	struct err e = {0};

	peer_free(&l->mallory);
	must(lab_peer(&l->mallory, l, "O=Cisco,OU=CVO,CN=mallory", key, &e));
}

/* A message signed by an EC key; r->outer may say another algorithm. */
static void
ec_signer(struct lab *l, const struct row *r, struct blob *out)
{
	struct err e = {0};

	use_key(l, keep_key(l, EVP_EC_gen("P-256")));
	must(row_make(l, r, out, &e));
}

static EVP_PKEY *
rsa_e3(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = NULL;
	EVP_PKEY *key = NULL;

	BN_dec2bn(&three, "3");
	must(EVP_PKEY_keygen_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1 &&
	     EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) == 1 &&
	     EVP_PKEY_generate(ctx, &key) == 1);
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* The cube root, rounded up, by bisection. */
static void
cube_root(const BIGNUM *n, BIGNUM *root, BN_CTX *ctx)
{
	BIGNUM *low = BN_new(), *high = BN_new(), *mid = BN_new(), *cube = BN_new();

	BN_zero(low);
	must(BN_lshift(high, BN_value_one(), BN_num_bits(n) / 3 + 1));
	while (BN_cmp(low, high) < 0) {
		must(BN_add(mid, low, high) && BN_rshift1(mid, mid) && BN_sqr(cube, mid, ctx) &&
		     BN_mul(cube, cube, mid, ctx));
		if (BN_cmp(cube, n) < 0)
			must(BN_add(low, mid, BN_value_one()) != 0);
		else
			must(BN_copy(high, mid) != NULL);
	}
	must(BN_copy(root, low) != NULL);
	BN_free(low);
	BN_free(high);
	BN_free(mid);
	BN_free(cube);
}

/* 00 01 ff*8 00 DigestInfo garbage, as a perfect cube nearly is: lax verifiers with e = 3
 * accept its root (Bleichenbacher 2006). Signs the certificate itself and the message. */
static void
cube_forgery(const uint8_t hash[32], struct blob *sig)
{
	static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
	    0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	uint8_t block[256] = {0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0};
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n, *root = BN_new();

	memcpy(block + 11, info, sizeof(info));
	memcpy(block + 11 + sizeof(info), hash, 32);
	n = BN_bin2bn(block, sizeof(block), NULL);
	cube_root(n, root, ctx);
	must(BN_bn2binpad(root, blob_grow(sig, 256), 256) == 256);
	/* The forgery is a good one: its cube starts as the block does. */
	must(BN_sqr(n, root, ctx) && BN_mul(n, n, root, ctx));
	uint8_t cube[256];
	must(BN_bn2binpad(n, cube, 256) == 256 &&
	     memcmp(cube, block, 11 + sizeof(info) + 32) == 0);
	BN_free(n);
	BN_free(root);
	BN_CTX_free(ctx);
}

static void
signed_by_cube(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob csr = {0}, sealed = {0}, sig = {0};
	struct asn set = {0};
	struct err e = {0};
	uint8_t hash[32], md[34] = {TAG_OCTETS, 32};
	unsigned n = 32;

	use_key(l, keep_key(l, rsa_e3()));
	if (r->number == 0) { /* the same key signs honestly */
		must(row_make(l, &inner, out, &e));
		return;
	}
	lab_csr(l, &csr);
	forge_envelope(&inner.seal, l->p->recipient, blob_view(&csr), &sealed);
	must(peer_temporary(l->p, NULL, &e) && peer_transaction(l->p, "SHA256", &e));
	must(EVP_Digest(sealed.p, sealed.n, md + 2, &n, EVP_sha256(), NULL) == 1);
	asn_open(&set, TAG_SET);
	asn_attribute(&set, OID_SCEP "2", VIEW("\x13\x02\x31\x39"));
	asn_attribute(&set, OID_SCEP "7",
	    VIEW("\x13\x06"
		 "forged"));
	asn_attribute(&set, OID_SCEP "5",
	    VIEW("\x04\x10"
		 "0123456789abcdef"));
	asn_attribute(&set, OID_PKCS9 "4", view_of(md, sizeof(md)));
	asn_attribute(
	    &set, OID_PKCS9 "3", VIEW("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"));
	asn_close_sorted(&set);
	must(EVP_Digest(set.out.p, set.out.n, hash, &n, EVP_sha256(), NULL) == 1);
	cube_forgery(hash, &sig);
	size_t head = set.out.p[1] == 0x81 ? 3 : 4;
	inner.outer.attrs = view_of(set.out.p + head, set.out.n - head);
	inner.outer.signature = blob_view(&sig);
	must(forge_message(&inner.outer, l->p, PEER_PKCS_REQ, blob_view(&sealed), out, &e));
	blob_free(&csr);
	blob_free(&sealed);
	blob_free(&sig);
	blob_free(&set.out);
}

/* transactionID of r->number octets. */
static void
long_id(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob id = {0};
	struct err e = {0};

	asn_head(&id, TAG_PRINTABLE, (size_t)r->number, 0);
	blob_repeat(&id, VIEW("A"), (size_t)r->number);
	inner.outer.id = blob_view(&id);
	must(row_make(l, &inner, out, &e));
	blob_free(&id);
}

static void
long_nonce(struct lab *l, const struct row *r, struct blob *out)
{
	struct row inner = *r;
	struct blob nonce = {0};
	struct err e = {0};

	asn_head(&nonce, TAG_OCTETS, (size_t)r->number, 0);
	blob_repeat(&nonce, VIEW("n"), (size_t)r->number);
	inner.outer.nonce = blob_view(&nonce);
	must(row_make(l, &inner, out, &e));
	blob_free(&nonce);
}

/* ---- rows ---- */

#define VS "\x60\x86\x48\x01\x86\xf8\x45\x01\x09"
#define TYPE_ATTR                                                                              \
	"\x30\x12\x06\x0a" VS "\x02\x31\x04\x13\x02"                                           \
	"19"
#define P7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"

static const struct row rows[] = {
    {"BAD-055", "outer type data", WANT_UNREADABLE, .outer = {.type = OID_PKCS7 "1"}},
    {"BAD-055", "outer type envelopedData", WANT_UNREADABLE, .outer = {.type = OID_PKCS7 "3"}},
    {"BAD-055", "outer type encryptedData", WANT_UNREADABLE, .outer = {.type = OID_PKCS7 "6"}},
    {"BAD-055", "outer type compressedData", WANT_UNREADABLE,
	.outer = {.type = "1.2.840.113549.1.9.16.1.9"}},
    {"BAD-056", "no SignerInfo", WANT_UNREADABLE, .outer = {.signers = -1}},
    {"BAD-057", "two SignerInfos, the same", WANT_F2, .outer = {.signers = 1}},
    {"BAD-057", "two SignerInfos of two keys, both good", WANT_F2, ROW_STRANGE_ID,
	.make = two_signers},
    {"BAD-057", "two SignerInfos, one broken", WANT_F2, ROW_STRANGE_ID, .make = two_signers,
	.number = 1},
    {"BAD-058", "no signed attributes", WANT_UNREADABLE, .outer = {.no_attrs = true}},
    {"BAD-059", "renewal without its certificate, known here", WANT_OK, ROW_BY_ALICE,
	.type = PEER_RENEWAL_REQ, .make = without_certificate},
    {"BAD-059", "signer's certificate absent and unknown", WANT_F1,
	.make = without_certificate},
    {"BAD-060", "signature broken", WANT_F1, .outer = {.how = SIGN_BROKEN}},
    {"BAD-060", "signature by another key", WANT_F1, .outer = {.how = SIGN_BY_OTHER}},
    {"BAD-060", "signature by another key than the live certificate's", WANT_F1, ROW_BY_ALICE,
	.outer = {.how = SIGN_BY_OTHER}},
    {"BAD-060", "messageDigest of other content (PK-08)", WANT_F1,
	.outer = {.digest = B("\x04\x20"
			      "0123456789abcdef0123456789abcdef")}},
    {"BAD-060", "messageDigest too short", WANT_F1, .outer = {.digest = B("\x04\x01x")}},
    {"BAD-060", "messageDigest missing", WANT_F1, .outer = {.drop = DROP_DIGEST}},
    {"BAD-060", "contentType attribute is signedData", WANT_F1,
	.outer = {.content_kind = B("\x06\x09" P7 "\x02")}},
    {"BAD-060", "contentType attribute missing", WANT_F1, .outer = {.drop = DROP_CONTENT_TYPE}},
    {"BAD-060", "an empty signature", WANT_F1, .outer = {.signature = B("")}},
    {"BAD-061", "signed with the [0] tag", WANT_F1, .outer = {.how = SIGN_CONTEXT}},
    {"BAD-062", "MD5 throughout (AL-03)", WANT_F0, .make = other_digest, .number = 1},
    {"BAD-062", "MD5 throughout, compat legacy", WANT_F0, ROW_LEGACY, .make = other_digest,
	.number = 1},
    {"BAD-062", "MD5 throughout, compat ancient", WANT_PEND, ROW_ANCIENT, .make = other_digest,
	.number = 1},
    {"BAD-062", "SHA-1 throughout", WANT_F0, .make = other_digest, .number = 2},
    {"BAD-062", "SHA-1 throughout, compat legacy", WANT_PEND, ROW_LEGACY, .make = other_digest,
	.number = 2},
    {"BAD-062", "SHA-1 throughout, compat ancient", WANT_PEND, ROW_ANCIENT,
	.make = other_digest, .number = 2},
    {"BAD-062", "SHA-1 in the request inside alone", WANT_F0, .make = other_digest,
	.number = 3},
    {"BAD-062", "SHA-1 in the request inside alone, compat legacy", WANT_PEND, ROW_LEGACY,
	.make = other_digest, .number = 3},
    {"BAD-062", "MD5 in the request inside alone", WANT_F0, .make = other_digest, .number = 4},
    {"BAD-062", "MD5 in the request inside alone, compat legacy", WANT_PEND, ROW_LEGACY,
	.make = other_digest, .number = 4},
    {"BAD-062", "MD2", WANT_F0,
	.outer = {.digest_alg = B("\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x02\x05\x00")}},
    {"BAD-062", "an unknown digest", WANT_F0,
	.outer = {.digest_alg = B("\x30\x05\x06\x03\x2a\x03\x04")}},
    {"BAD-062", "an unknown signature algorithm", WANT_F0,
	.outer = {.sig_alg = B("\x30\x05\x06\x03\x2a\x03\x04")}},
    {"BAD-063", "digestAlgorithms says SHA-512, the signer SHA-256: served", WANT_PEND,
	.outer = {.digest_algs = B(SHA512_ALG)}},
    {"BAD-063", "digestAlgorithms is empty: served", WANT_PEND,
	.outer = {.digest_algs = B("")}},
    {"BAD-064", "ECDSA said of an RSA signature", WANT_F1,
	.outer = {.sig_alg = B("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")}},
    {"BAD-064", "RSA said of an ECDSA signature", WANT_F1, .make = ec_signer,
	.outer = {.sig_alg =
		      B("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00")}},
    {"BAD-065", "a key with e = 3 that signs honestly is served", WANT_PEND,
	.make = signed_by_cube},
    {"BAD-065", "cube root for lax padding, e = 3", WANT_F1, ROW_STRANGE_ID,
	.make = signed_by_cube, .number = 1},
    {"BAD-066", "all attributes unsigned", WANT_UNREADABLE,
	.outer = {.no_attrs = true, .bare_unsigned = true}},
    {"BAD-066", "messageType unsigned", WANT_UNREADABLE,
	.outer = {.drop = DROP_TYPE, .unsigned_attrs = B(TYPE_ATTR)}},
    {"BAD-066", "unsigned attributes beside good ones are ignored", WANT_PEND,
	.outer = {.unsigned_attrs = B("\x30\x12\x06\x0a" VS "\x02\x31\x04\x13\x02"
				      "22")}},
    {"BAD-125", "signingTime of 1999 (every other row has none)", WANT_PEND,
	.outer = {.extra =
		      B("\x30\x1c\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05\x31\x0f\x17\x0d"
			"990101000000Z")}},
    {"BAD-067", "messageType twice", WANT_UNREADABLE,
	.outer = {.extra = B("\x30\x12\x06\x0a" VS "\x02\x31\x04\x13\x02"
			     "19")}},
    {"BAD-067", "senderNonce twice", WANT_F2, ROW_STRANGE_ID,
	.outer = {.extra = B("\x30\x11\x06\x0a" VS "\x05\x31\x03\x04\x01x")}},
    {"BAD-067", "an unknown attribute twice", WANT_F2,
	.outer = {.extra = B("\x30\x0a\x06\x03\x2a\x03\x04\x31\x03\x04\x01x"
			     "\x30\x0a\x06\x03\x2a\x03\x04\x31\x03\x04\x01y")}},
    {"BAD-067", "an unknown attribute without value", WANT_F2,
	.outer = {.extra = B("\x30\x07\x06\x03\x2a\x03\x04\x31\x00")}},
    {"BAD-067", "messageType of two values", WANT_UNREADABLE,
	.outer = {.message_type = B("\x13\x02"
				    "19"
				    "\x13\x02"
				    "22")}},
    {"BAD-067", "messageType of no value", WANT_UNREADABLE, .outer = {.message_type = B("")}},
    {"BAD-067", "transactionID of two values", WANT_UNREADABLE,
	.outer = {.id = B("\x13\x01"
			  "a"
			  "\x13\x01"
			  "b")}},
    {"BAD-067", "senderNonce of two values", WANT_F2, ROW_STRANGE_ID,
	.outer = {.nonce = B("\x04\x01"
			     "a"
			     "\x04\x01"
			     "b")}},
    {"BAD-067", "messageDigest of two values", WANT_F2,
	.outer = {.digest = B("\x04\x01"
			      "a"
			      "\x04\x01"
			      "b")}},
    {"BAD-067", "messageType is an INTEGER", WANT_UNREADABLE,
	.outer = {.message_type = B("\x02\x01\x13")}},
    {"BAD-067", "transactionID is an OCTET STRING", WANT_UNREADABLE,
	.outer = {.id = B("\x04\x01"
			  "a")}},
    {"BAD-068", "messageType 019", WANT_F2,
	.outer = {.message_type = B("\x13\x03"
				    "019")}},
    {"BAD-068", "messageType with a blank", WANT_F2,
	.outer = {.message_type = B("\x13\x03"
				    " 19")}},
    {"BAD-068", "messageType with a NUL", WANT_F2,
	.outer = {.message_type = B("\x13\x03"
				    "19\0")}},
    {"BAD-068", "messageType nineteen", WANT_F2,
	.outer = {.message_type = B("\x13\x08"
				    "nineteen")}},
    {"BAD-068", "messageType -1", WANT_F2,
	.outer = {.message_type = B("\x13\x02"
				    "-1")}},
    {"BAD-068", "messageType of 101 digits", WANT_F2,
	.outer = {.message_type = B("\x13\x65"
				    "1000000000000000000000000000000000000000000000000000000000"
				    "0000000000000000000000000000000000000000000")}},
    {"BAD-068", "messageType 275, which is 19 in 8 bits", WANT_F2,
	.outer = {.message_type = B("\x13\x03"
				    "275")}},
    {"BAD-069", "transactionID empty", WANT_F2, ROW_STRANGE_ID, .outer = {.id = B("\x13\x00")}},
    {"BAD-069", "transactionID of 128 octets is served", WANT_PEND, ROW_STRANGE_ID,
	.make = long_id, .number = 128},
    {"BAD-069", "transactionID of 129 octets", WANT_UNREADABLE, .make = long_id, .number = 129},
    {"BAD-069", "transactionID of 64 KiB", WANT_UNREADABLE, .make = long_id, .number = 65536},
    {"BAD-069", "transactionID with a NUL", WANT_F2, ROW_STRANGE_ID,
	.outer = {.id = B("\x13\x03"
			  "a\0b")}},
    {"BAD-069", "transactionID with a line feed", WANT_F2, ROW_STRANGE_ID,
	.outer = {.id = B("\x13\x03"
			  "a\nb")}},
    {"BAD-069", "transactionID with an octet above ASCII", WANT_F2, ROW_STRANGE_ID,
	.outer = {.id = B("\x13\x03"
			  "a\xff"
			  "b")}},
    {"BAD-069", "transactionID ../x is a text and no path", WANT_PEND, ROW_STRANGE_ID,
	.outer = {.id = B("\x13\x04"
			  "../x")}},
    {"BAD-069", "transactionID %n%s is a text and no format", WANT_PEND, ROW_STRANGE_ID,
	.outer = {.id = B("\x0c\x04"
			  "%n%s")}},
    {"BAD-069", "transactionID that is SQL is a text", WANT_PEND, ROW_STRANGE_ID,
	.outer = {.id = B("\x0c\x0f"
			  "'; DROP TABLE--")}},
    {"BAD-070", "senderNonce missing (AT-06)", WANT_F2, ROW_STRANGE_ID,
	.outer = {.drop = DROP_NONCE}},
    {"BAD-070", "senderNonce missing, compat legacy (AT-06)", WANT_PEND,
	ROW_STRANGE_ID | ROW_LEGACY, .outer = {.drop = DROP_NONCE}},
    {"BAD-070", "senderNonce missing, compat ancient (AT-06)", WANT_PEND,
	ROW_STRANGE_ID | ROW_ANCIENT, .outer = {.drop = DROP_NONCE}},
    {"BAD-070", "senderNonce empty", WANT_F2, ROW_STRANGE_ID,
	.outer = {.nonce = B("\x04\x00")}},
    {"BAD-070", "senderNonce of 1 octet is served", WANT_PEND, ROW_STRANGE_ID,
	.make = long_nonce, .number = 1},
    {"BAD-070", "senderNonce of 64 octets is served", WANT_PEND, ROW_STRANGE_ID,
	.make = long_nonce, .number = 64},
    {"BAD-070", "senderNonce of 65 octets", WANT_F2, ROW_STRANGE_ID, .make = long_nonce,
	.number = 65},
    {"BAD-070", "senderNonce of 1,024 octets", WANT_F2, ROW_STRANGE_ID, .make = long_nonce,
	.number = 1024},
    {"BAD-070", "senderNonce is a string", WANT_F2, ROW_STRANGE_ID,
	.outer = {.nonce = B("\x13\x01"
			     "n")}},
    {"BAD-071", "PKCSReq without content", WANT_F2, .outer = {.no_content = true}},
    {"BAD-071", "RenewalReq without content", WANT_F2, ROW_BY_ALICE, PEER_RENEWAL_REQ,
	.outer = {.no_content = true}},
    {"BAD-071", "CertPoll without content", WANT_F2, ROW_BY_BOB, PEER_CERT_POLL,
	.outer = {.no_content = true}},
    {"BAD-071", "GetCert without content", WANT_F2, ROW_BY_ALICE, PEER_GET_CERT,
	.outer = {.no_content = true}},
    {"BAD-071", "GetCRL without content", WANT_F2, ROW_BY_ALICE, PEER_GET_CRL,
	.outer = {.no_content = true}},
    {"BAD-071", "PKCSReq of empty content", WANT_F2,
	.outer = {.content = B("\x04\x00"),
	    .digest = B("\x04\x20\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8"
			"\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95"
			"\x99\x1b\x78\x52\xb8\x55")}},
    {"BAD-083", "signer with an EC key, which cannot receive", WANT_F0, .make = ec_signer},
};

const struct table cms_rows = {rows, COUNT_OF(rows)};
