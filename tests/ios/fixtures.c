/*
 * fixtures.c - write what the routers send into a directory.
 *
 *   ios_fixtures KEYS DIRECTORY
 *
 * Keys, nonces and dates are fixed: the same files come out in every run.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/peer_inner.h"
#include "lib/pem.h"
#include "tests/ios/ios.h"

static const struct row {
	const char *name, *release;
	const char *subject, *host;
	const char *key;
	const char *enrol_serial, *poll_serial, *again_serial; /* of temporary certificates */
	const char *old_serial; /* of the certificate that signs the renewal */
	const char *next_key;	/* "regenerate"; NULL: the same key */
} rows[] = {
    {"12.4", "12.4", "OU=CVO,CN=spoke-1.cisco.com", "spoke-1.cisco.com", "r1", "7f", "80", "ff",
	"03", NULL},
    {"15.1", "15.1(4)M", "OU=CVO,CN=spoke-2.cisco.com", "spoke-2.cisco.com", "r2", "ff", "0100",
	"8001", "80", NULL},
    {"15.4", "15.4(3)M", "O=Cisco,OU=CVO,CN=spoke-3.cisco.com", "spoke-3.cisco.com", "r2",
	"fedc", "80", "8000000000000000000000000000000000000001",
	"7fffffffffffffffffffffffffffffffffffffff", "r2-next"},
    {"xe-3.15", "XE 3.15", "DC=com,DC=example,CN=spoke-4.example.com", "spoke-4.example.com",
	"r2", "0080", "0081", "0082", "00ff", "r2-next"},
    {"xe-17", "17.x", "OU=CVO,CN=spoke-5.example.com", "spoke-5.example.com", "r2", "7f",
	"0080", "5a00000000000000000000000000000000000000",
	"4000000000000000000000000000000000000001", "r2-next"},
};

static const char *keys_at, *out_at;
static EVP_PKEY *ca_key;
static X509 *ca;

static bool
file_write(const char *name, const char *kind, struct view v, struct err *e)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s%s", out_at, name, kind);
	FILE *f = fopen(path, "we");
	bool ok = f != NULL && fwrite(v.p, 1, v.n, f) == v.n;

	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	return ok || err_set(e, WHY_IO, "%s: cannot write", path);
}

/* Lines of 64 digits. */
static bool
hex_write(const char *name, struct view v, struct err *e)
{
	struct blob text = {0};

	for (size_t i = 0; i < v.n; i += 32) {
		hex_add(&text, view_of(v.p + i, v.n - i < 32 ? v.n - i : 32), false);
		blob_add_byte(&text, '\n');
	}
	bool ok = file_write(name, ".hex", blob_view(&text), e);
	blob_free(&text);
	return ok;
}

static EVP_PKEY *
key_read(const char *name, struct err *e)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s.pem", keys_at, name);
	return pem_key(path, e);
}

/* ---- certificates of the CA ---- */

#define CA_FROM 1444392856 /* 2015-10-09T12:14:16Z, the deployment guide's */

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool ok = x != NULL && X509_add_ext(cert, x, -1) == 1;

	X509_EXTENSION_free(x);
	return ok;
}

static X509 *
cert_make(const char *serial, X509_NAME *subject, EVP_PKEY *key, when_t from, when_t until)
{
	X509 *cert = X509_new();
	struct blob octets = {0}, der = {0};
	bool is_ca = ca == NULL;

	if (!hex_decode(serial, &octets))
		return NULL;
	blob_add_byte(&der, V_ASN1_INTEGER);
	blob_add_byte(&der, (uint8_t)octets.n);
	blob_add_view(&der, blob_view(&octets));
	const uint8_t *at = der.p;
	ASN1_INTEGER *number = d2i_ASN1_INTEGER(NULL, &at, (long)der.n);
	bool ok = number != NULL && X509_set_version(cert, X509_VERSION_3) &&
		  X509_set_serialNumber(cert, number) && X509_set_subject_name(cert, subject) &&
		  X509_set_issuer_name(cert, is_ca ? subject : X509_get_subject_name(ca)) &&
		  X509_set_pubkey(cert, key) &&
		  ASN1_TIME_set(X509_getm_notBefore(cert), from) != NULL &&
		  ASN1_TIME_set(X509_getm_notAfter(cert), until) != NULL &&
		  (!is_ca || add_extension(cert, NID_basic_constraints, "critical,CA:TRUE")) &&
		  add_extension(cert, NID_key_usage,
		      is_ca ? "critical,digitalSignature,keyCertSign,cRLSign"
			    : "critical,digitalSignature,keyEncipherment") &&
		  X509_sign(cert, ca_key, EVP_sha256()) > 0;
	ASN1_INTEGER_free(number);
	blob_free(&octets);
	blob_free(&der);
	if (ok)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool
ca_make(struct err *e)
{
	struct peer p = {0};
	struct blob der = {0};
	bool ok = false;

	ca_key = key_read("ca", e);
	if (ca_key != NULL && peer_init(&p, "O=Cisco,OU=TAC,CN=RootCA", ca_key, e)) {
		ca = cert_make("01", p.name, ca_key, CA_FROM, CA_FROM + 730 * DAY);
		if (ca != NULL)
			ADD_DER(&der, X509, ca);
		ok = ca != NULL && hex_write("ca", blob_view(&der), e);
	}
	peer_free(&p);
	blob_free(&der);
	return ok;
}

/* ---- messages ---- */

enum kind { ENROL, POLL, RENEW, AGAIN, KINDS };
static const char *const kinds[KINDS] = {"enrol", "poll", "renew", "renew-temporary"};

static bool
message_write(struct ios *c, const struct row *r, enum kind kind, struct err *e)
{
	struct blob message = {0}, csr = {0}, http = {0};
	char name[64];

	(void)snprintf(name, sizeof(name), "%s-%s", r->name, kinds[kind]);
	bool ok = kind == POLL ? ios_poll(c, &message, e) : ios_enrol(c, &message, e);
	ok = ok && hex_write(name, blob_view(&message), e);
	ios_http("10.1.1.1", blob_view(&message), &http);
	if (ok && (kind == ENROL || kind == POLL))
		ok = file_write(name, ".http", blob_view(&http), e);
	if (ok && (kind == ENROL || kind == RENEW)) {
		(void)snprintf(name, sizeof(name), "%s-%s-csr", r->name, kinds[kind]);
		ok = ios_csr(c, &csr, e) && hex_write(name, blob_view(&csr), e);
	}
	blob_free(&message);
	blob_free(&csr);
	blob_free(&http);
	return ok;
}

static bool
temporary(struct ios *c, const char *serial, struct err *e)
{
	struct blob octets = {0};
	bool ok = hex_decode(serial, &octets) && ios_temporary(c, blob_view(&octets), e);

	blob_free(&octets);
	return ok;
}

static X509 *
issued_to(const struct ios *c, const struct row *r)
{
	const uint8_t *at = c->subject.p;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)c->subject.n);
	X509 *cert = name == NULL ? NULL
				  : cert_make(r->old_serial, name, c->key, CA_FROM + 200 * DAY,
					CA_FROM + 565 * DAY);

	X509_NAME_free(name);
	return cert;
}

static bool
row_write(const struct row *r, struct err *e)
{
	EVP_PKEY *key = key_read(r->key, e);
	EVP_PKEY *next = r->next_key == NULL ? NULL : key_read(r->next_key, e);
	X509 *old = NULL;
	struct ios c = {0};
	bool ok = key != NULL && ios_init(&c, r->release, r->subject, r->host, key, ca, e);

	c.seed = r->name;
	c.now = CA_FROM + 200 * DAY;
	ok = ok && temporary(&c, r->enrol_serial, e) && message_write(&c, r, ENROL, e) &&
	     temporary(&c, r->poll_serial, e) && message_write(&c, r, POLL, e);
	if (ok && (old = issued_to(&c, r)) != NULL) {
		ios_sign_with(&c, old, key);
		if (next != NULL)
			ios_use_key(&c, next);
		c.now = CA_FROM + 492 * DAY;
		ok = message_write(&c, r, RENEW, e) && temporary(&c, r->again_serial, e) &&
		     message_write(&c, r, AGAIN, e);
	}
	ok = ok && old != NULL;
	ios_free(&c);
	X509_free(old);
	EVP_PKEY_free(key);
	EVP_PKEY_free(next);
	return ok;
}

int
main(int argc, char **argv)
{
	struct err e = {0};

	if (argc != 3) {
		fprintf(stderr, "usage: ios_fixtures KEYS DIRECTORY\n");
		return 2;
	}
	keys_at = argv[1];
	out_at = argv[2];
	bool ok = ca_make(&e);
	for (size_t i = 0; ok && i < COUNT_OF(rows); i++)
		ok = row_write(&rows[i], &e);
	if (!ok)
		fprintf(stderr, "ios_fixtures: %s\n", e.text);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return ok ? 0 : 1;
}
