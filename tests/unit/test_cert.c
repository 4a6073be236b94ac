/* test_cert.c - certificates (CP-01 to CP-20, BAD-043, BAD-044, BAD-122, BAD-129, S53, S54). */
#include "cisco_document.h"
#include "lib/rounds.h"
#include "wire_oracle.h"

/* ---- what we make -------------------------------------------------------------------------
 */

struct made {
	struct blob subject, issuer, spki, san, ca_id, own_id, tbs, cert;
	struct cert_spec spec;
};

static void
made_free(struct made *m)
{
	blob_free(&m->subject);
	blob_free(&m->issuer);
	blob_free(&m->spki);
	blob_free(&m->san);
	blob_free(&m->ca_id);
	blob_free(&m->own_id);
	blob_free(&m->tbs);
	blob_free(&m->cert);
}

static void
key_id(EVP_PKEY *key, struct blob *out)
{
	struct blob spki = {0};
	uint8_t id[20];
	struct spki k;

	key_spki(key, &spki);
	assert_true(spki_decode(blob_view(&spki), &k, NULL));
	spki_key_id(&k, id);
	blob_set(out, view_of(id, sizeof(id)));
	blob_free(&spki);
}

/* A CA of key, or a device's P-256 certificate signed by key. */
static void
make(EVP_PKEY *key, bool ca, when_t from, when_t until, struct made *m)
{
	static const char *const hosts[] = {"r1.example.com", "*.example.com"};
	EVP_PKEY *own = ca ? key : key_ec();

	*m = (struct made){0};
	assert_true(name_parse("CN=RootCA,OU=TAC,O=Cisco", &m->issuer, NULL));
	assert_true(name_parse(
	    ca ? "CN=RootCA,OU=TAC,O=Cisco" : "CN=R1,hostname=r1.example.com+serialNumber=7",
	    &m->subject, NULL));
	key_spki(own, &m->spki);
	key_id(key, &m->ca_id);
	key_id(own, &m->own_id);
	san_encode_dns(hosts, COUNT_OF(hosts), &m->san);
	m->spec = (struct cert_spec){
	    .serial = ca ? VIEW("\x01") : VIEW("\x00\xf0\x01"),
	    .issuer = blob_view(&m->issuer),
	    .subject = blob_view(&m->subject),
	    .spki = blob_view(&m->spki),
	    .not_before = from,
	    .not_after = until,
	    .alg = EVP_PKEY_is_a(key, "RSA") ? rsa_sha256 : ec_sha256,
	    .is_ca = ca,
	    .path_len = ca ? 0 : -1,
	    .key_usage = ca ? KU_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE
			    : KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT,
	    .eku = ca ? 0 : EKU_CLIENT_AUTH | EKU_SERVER_AUTH | EKU_IPSEC_USER,
	    .san = ca ? (struct view){0} : blob_view(&m->san),
	    .ski = blob_view(&m->own_id),
	    .aki = blob_view(&m->ca_id),
	    .cdp = ca ? NULL : "http://pki.example.com/crl/ROOTCA.crl",
	};
}

static void
finish(EVP_PKEY *key, struct made *m)
{
	blob_clear(&m->tbs);
	cert_encode_tbs(&m->spec, &m->tbs);
	key_assemble(key, &m->spec.alg, blob_view(&m->tbs), &m->cert);
}

static void
assert_same_name(struct view ours, const X509_NAME *theirs)
{
	struct blob want = {0};

	stock_name(theirs, &want);
	assert_true(view_equal(ours, blob_view(&want)));
	blob_free(&want);
}

/* Everything that both read must be the same. */
static void
assert_as_stock(const struct cert *c, X509 *x)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(x),
				*aki = X509_get0_authority_key_id(x);
	uint32_t flags = X509_get_extension_flags(x);
	const ASN1_BIT_STRING *signature;
	struct blob spki = {0};
	EVP_PKEY *key = X509_get0_pubkey(x);
	BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
	uint8_t octets[64] = {0};
	size_t count = (size_t)BN_bn2bin(n, octets);

	assert_int_equal(c->version, X509_get_version(x) + 1);
	if (!BN_is_negative(n))
		assert_true(view_equal(
		    view_of(octets, count), view_of(c->serial.p + (c->serial.p[0] == 0),
						c->serial.n - (c->serial.p[0] == 0))));
	assert_same_name(c->issuer, X509_get_issuer_name(x));
	assert_same_name(c->subject, X509_get_subject_name(x));
	assert_int_equal(c->not_before, stock_when(X509_get0_notBefore(x)));
	assert_int_equal(c->not_after, stock_when(X509_get0_notAfter(x)));
	assert_non_null(key);
	key_spki(key, &spki);
	assert_true(view_equal(c->key.whole, blob_view(&spki)));
	X509_get0_signature(&signature, NULL, x);
	assert_true(
	    view_equal(c->signature, view_of(signature->data, (size_t)signature->length)));
	assert_int_equal(c->is_ca, (flags & EXFLAG_CA) != 0);
	assert_int_equal(c->has_key_usage, (flags & EXFLAG_KUSAGE) != 0);
	assert_int_equal(c->has_path_len, X509_get_pathlen(x) >= 0);
	if (c->has_path_len)
		assert_int_equal(c->path_len, X509_get_pathlen(x));
	assert_true(ski == NULL ? c->ski.n == 0
				: view_equal(c->ski, view_of(ski->data, (size_t)ski->length)));
	assert_true(aki == NULL ? c->aki.n == 0
				: view_equal(c->aki, view_of(aki->data, (size_t)aki->length)));
	BN_free(n);
	blob_free(&spki);
}

/* The library calls a certificate expired from notAfter itself on, not only after it. */
static int
verify(X509 *ca, X509 *leaf, when_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	int code = X509_V_OK;

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, leaf, NULL);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(
	    param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
	if (X509_verify_cert(ctx) != 1)
		code = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return code;
}

static void
made_verifies_strictly(EVP_PKEY *key)
{
	struct made ca, leaf;
	X509 *x, *y;
	struct cert c;
	when_t from;

	assert_true(when_parse("2026-01-01T00:00:00Z", &from));
	make(key, true, from, from + 730 * DAY, &ca);
	make(key, false, from, from + 365 * DAY, &leaf);
	finish(key, &ca);
	finish(key, &leaf);
	x = stock_cert(blob_view(&ca.cert));
	y = stock_cert(blob_view(&leaf.cert));
	assert_non_null(x);
	assert_non_null(y);
	assert_string_equal(X509_verify_cert_error_string(verify(x, y, from)), "ok");
	assert_string_equal(
	    X509_verify_cert_error_string(verify(x, y, from + 365 * DAY - 1)), "ok");
	assert_int_equal(verify(x, y, from - 1), X509_V_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify(x, y, from + 365 * DAY + 1), X509_V_ERR_CERT_HAS_EXPIRED);
	assert_true(cert_decode(blob_view(&ca.cert), &c, NULL));
	assert_as_stock(&c, x);
	assert_true(cert_decode(blob_view(&leaf.cert), &c, NULL));
	assert_as_stock(&c, y);
	assert_int_equal(c.key_usage, leaf.spec.key_usage);
	assert_int_equal(c.eku, leaf.spec.eku);
	assert_true(view_equal(c.san, leaf.spec.san));
	assert_int_equal(X509_check_host(y, "r1.example.com", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(y, "r2.example.org", 0, 0, NULL), 0);
	assert_true(view_equal(c.serial, VIEW("\x00\xf0\x01")));
	assert_false(c.unknown_critical);
	X509_free(x);
	X509_free(y);
	made_free(&ca);
	made_free(&leaf);
}

static void
verifies_strictly_rsa_cp01(void **state)
{
	(void)state;
	made_verifies_strictly(key_rsa());
}

static void
verifies_strictly_ec_cp01(void **state)
{
	(void)state;
	made_verifies_strictly(key_ec());
}

/* The library takes our encoding apart and puts it together again: the same octets, so it is
 * DER (CP-17). */
static void
is_der_for_stock_cp17(void **state)
{
	struct made m;
	uint8_t *p = NULL;
	X509 *x;
	int n;

	(void)state;
	make(key_rsa(), false, 0, DAY, &m);
	finish(key_rsa(), &m);
	x = stock_cert(blob_view(&m.cert));
	assert_non_null(x);
	n = i2d_re_X509_tbs(x, &p);
	assert_true(view_equal(view_of(p, (size_t)n), blob_view(&m.tbs)));
	OPENSSL_free(p);
	X509_free(x);
	made_free(&m);
}

static const char *const edges[] = {"1970-01-01T00:00:00Z", "2028-02-29T23:59:59Z",
    "2036-02-07T06:28:16Z", "2038-01-19T03:14:08Z", "2049-12-31T23:59:59Z",
    "2050-01-01T00:00:00Z", "2100-02-28T23:59:59Z", "2100-03-01T00:00:00Z",
    "9999-12-31T23:59:59Z"};

static void
dates_bad129(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < COUNT_OF(edges); i++) {
		when_t from, until;
		struct made ca, leaf;
		struct cert c;
		X509 *x, *y;

		assert_true(when_parse(edges[i], &from));
		assert_true(when_parse(edges[i + 1], &until));
		make(key_ec(), true, from, until, &ca);
		make(key_ec(), false, from, until, &leaf);
		finish(key_ec(), &ca);
		finish(key_ec(), &leaf);
		x = stock_cert(blob_view(&ca.cert));
		y = stock_cert(blob_view(&leaf.cert));
		assert_true(cert_decode(blob_view(&leaf.cert), &c, NULL));
		assert_int_equal(c.not_before, from);
		assert_int_equal(c.not_after, until);
		assert_as_stock(&c, y);
		assert_string_equal(X509_verify_cert_error_string(verify(x, y, from)), "ok");
		assert_string_equal(
		    X509_verify_cert_error_string(verify(x, y, until - 1)), "ok");
		X509_free(x);
		X509_free(y);
		made_free(&ca);
		made_free(&leaf);
	}
}

static void
empty_subject_makes_san_critical_cp12(void **state)
{
	struct made m;
	struct cert c;
	int critical = -1;
	X509 *x;

	(void)state;
	make(key_rsa(), false, 0, DAY, &m);
	m.spec.subject = VIEW("\x30\x00");
	finish(key_rsa(), &m);
	x = stock_cert(blob_view(&m.cert));
	GENERAL_NAMES_free(X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL));
	assert_int_equal(critical, 1);
	assert_true(cert_decode(blob_view(&m.cert), &c, NULL));
	assert_true(name_is_empty(c.subject));
	X509_free(x);
	made_free(&m);
}

/* CP-14 */
/* Lengths under 128 only. */
static void
tlv(struct blob *out, uint8_t tag, const struct blob *body)
{
	blob_add_byte(out, tag);
	blob_add_byte(out, (uint8_t)body->n);
	blob_add_view(out, blob_view(body));
}

static void
wrap(uint8_t tag, struct blob *b)
{
	struct blob whole = {0};

	tlv(&whole, tag, b);
	blob_set(b, blob_view(&whole));
	blob_free(&whole);
}

/* basicConstraints, then CRLDistributionPoints with one point of these URIs. */
static void
points_extension(const char *const uri[3], struct view behind, struct blob *out)
{
	struct blob point = {0}, list = {0};

	for (size_t k = 0; k < 3 && uri[k] != NULL; k++) {
		struct blob one = {0};

		blob_add_str(&one, uri[k]);
		tlv(&point, DER_CONTEXT_PRIMITIVE(6), &one);
		blob_free(&one);
	}
	wrap(DER_CONTEXT(0), &point);
	wrap(DER_CONTEXT(0), &point);
	blob_add_view(&point, behind);
	wrap(DER_SEQUENCE, &point);
	wrap(DER_SEQUENCE, &point);
	blob_add_view(&list, VIEW("\x06\x03\x55\x1d\x1f"));
	tlv(&list, DER_OCTET_STRING, &point);
	blob_set(out, VIEW("\x30\x0c\x06\x03\x55\x1d\x13\x04\x05\x30\x03\x01\x01\xff"));
	tlv(out, DER_SEQUENCE, &list);
	blob_free(&point);
	blob_free(&list);
}

static void
finds_the_list_of_a_certificate(void **state)
{
	static const struct {
		const char *uri[3];
		struct view behind;
		const char *want, *sentence;
	} cases[] = {
	    {{"http://a/x.crl"}, {0}, "http://a/x.crl", "one address"},
	    {{"ldap://d/x", "http://a/x.crl"}, {0}, "http://a/x.crl", "HTTP behind LDAP"},
	    {{"HTTPS://a/x.crl"}, {0}, "HTTPS://a/x.crl", "a scheme has no case"},
	    {{"ldap://d/x"}, {0}, "", "LDAP alone is none"},
	    {{"http"}, {0}, "", "no more than the scheme's beginning"},
	    {{"http://a/\xff"}, {0}, "", "no IA5String"},
	    {{"http://a/x.crl"}, {(const uint8_t *)"\x81\x02\x01\x80", 4}, "",
		"for some reasons only: no whole list"},
	    {{"http://a/x.crl"}, {(const uint8_t *)"\xa2\x02\xa4\x00", 4}, "",
		"signed by another"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct blob all = {0};
		struct cert c = {0};

		points_extension(cases[i].uri, cases[i].behind, &all);
		c.extensions = blob_view(&all);
		if (!view_equal_str(cert_list_url(&c), cases[i].want))
			fail_msg("%s", cases[i].sentence);
		for (size_t n = 0; n < all.n; n++) {
			c.extensions = view_of(all.p, n); /* cut off anywhere */
			assert_true(cert_list_url(&c).n == 0);
		}
		blob_free(&all);
	}
}

static void
writes_one_http_cdp_cp14(void **state)
{
	struct made m;
	int critical = -1, type;
	CRL_DIST_POINTS *points;
	GENERAL_NAME *name;
	ASN1_IA5STRING *uri;
	struct cert c;
	X509 *x;

	(void)state;
	make(key_rsa(), false, 0, DAY, &m);
	finish(key_rsa(), &m);
	x = stock_cert(blob_view(&m.cert));
	points = X509_get_ext_d2i(x, NID_crl_distribution_points, &critical, NULL);
	assert_non_null(points);
	assert_int_equal(critical, 0);
	assert_int_equal(sk_DIST_POINT_num(points), 1);
	name =
	    sk_GENERAL_NAME_value(sk_DIST_POINT_value(points, 0)->distpoint->name.fullname, 0);
	uri = GENERAL_NAME_get0_value(name, &type);
	assert_int_equal(type, GEN_URI);
	assert_true(view_equal_str(view_of(uri->data, (size_t)uri->length), m.spec.cdp));
	assert_true(cert_decode(blob_view(&m.cert), &c, NULL));
	assert_true(view_equal_str(cert_list_url(&c), m.spec.cdp));
	CRL_DIST_POINTS_free(points);
	X509_free(x);
	made_free(&m);
}

static void
tbs_reads_alone(void **state)
{
	struct made m;
	struct cert whole, alone;

	(void)state;
	make(key_rsa(), true, 0, DAY, &m);
	finish(key_rsa(), &m);
	assert_true(cert_decode(blob_view(&m.cert), &whole, NULL));
	assert_true(cert_decode_tbs(blob_view(&m.tbs), &alone, NULL));
	assert_true(view_equal(whole.tbs, alone.tbs));
	assert_true(alone.is_ca);
	assert_int_equal(alone.alg.hash, HASH_SHA256);
	assert_int_equal(alone.signature.n, 0);
	assert_int_equal(alone.whole.n, 0);
	assert_false(cert_decode_tbs(blob_view(&m.cert), &alone, NULL));
	assert_false(cert_decode(blob_view(&m.tbs), &alone, NULL));
	made_free(&m);
}

/* ---- what others make ---------------------------------------------------------------------
 */

static void
golden(
    const char *hex, const char *md5, const char *from, const char *until, struct view serial)
{
	struct blob der = {0}, text = {0};
	char when[WHEN_TEXT];
	uint8_t digest[HASH_MAX];
	struct cert c;
	X509 *x;

	unhex(hex, &der);
	assert_true(hash_bytes(HASH_MD5, blob_view(&der), digest, NULL));
	if (md5 != NULL)
		assert_hex(view_of(digest, 16), md5);
	assert_true(cert_decode(blob_view(&der), &c, NULL));
	x = stock_cert(blob_view(&der));
	assert_as_stock(&c, x);
	name_text(c.subject, &text);
	assert_string_equal(blob_cstr(&text), "cn=RootCA,ou=TAC,o=Cisco");
	assert_string_equal(when_rfc3339(c.not_before, when), from);
	assert_string_equal(when_rfc3339(c.not_after, when), until);
	assert_true(view_equal(c.serial, serial));
	assert_int_equal(c.alg.hash, HASH_MD5);
	assert_int_equal(c.key.bits, 1024);
	assert_int_equal(c.key_usage, KU_DIGITAL_SIGNATURE | KU_CERT_SIGN | KU_CRL_SIGN);
	assert_true(c.is_ca);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)) == 1, md5 != NULL);
	X509_free(x);
	blob_free(&der);
	blob_free(&text);
}

static void
cisco_s53(void **state)
{
	(void)state;
	golden(cisco_rollover, "031904dcf4fad1fd8a866373c63ce20f", "2017-10-08T12:14:16Z",
	    "2019-10-08T12:14:16Z", VIEW("\x03"));
}

static void
cisco_misprint_s54(void **state)
{
	static const char from[] = "2015-10-09T12:14:16Z", until[] = "2017-10-08T12:14:16Z";
	char repaired[sizeof(cisco_active)];
	struct blob der = {0}, spki = {0};
	struct cert c;

	(void)state;
	/* As it is printed it decodes, but it is not the certificate of the fingerprint. */
	golden(cisco_active, NULL, from, until, VIEW("\x01"));
	cisco_repair(repaired);
	golden(repaired, "cc748544a0ab7832935d8cd0214a152e", from, until, VIEW("\x01"));
	/* The document prints the key a second time, and there the octet is right. */
	unhex(repaired, &der);
	unhex(cisco_active_key, &spki);
	assert_true(cert_decode(blob_view(&der), &c, NULL));
	assert_true(view_equal(c.key.whole, blob_view(&spki)));
	blob_free(&der);
	blob_free(&spki);
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL)
		fail_msg("extension %s", value);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

/* A temporary certificate, of an IOS router's name (RQ-22). */
static X509 *
stock_make(EVP_PKEY *key, int version, long serial, int string_type)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();

	X509_NAME_add_entry_by_NID(name, NID_pkcs9_unstructuredName, string_type,
	    (const uint8_t *)"r1.example.com", -1, -1, 0);
	X509_set_version(x, version - 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_set_subject_name(x, name);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "19930301000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20500301000000Z");
	X509_set_pubkey(x, key);
	X509_NAME_free(name);
	return x;
}

static void
assert_reads_alike(X509 *x, struct cert *c, struct blob *der)
{
	uint8_t *p = NULL;
	int n = i2d_X509(x, &p);
	struct err e = {0};

	blob_set(der, view_of(p, (size_t)n));
	OPENSSL_free(p);
	if (!cert_decode(blob_view(der), c, &e))
		fail_msg("%s", e.text);
	assert_as_stock(c, x);
}

static void
temporary_certificates_bad122(void **state)
{
	static const struct {
		int version, string;
		long serial;
	} cases[] = {{1, V_ASN1_IA5STRING, 1}, {3, V_ASN1_UTF8STRING, 200},
	    {1, V_ASN1_IA5STRING, -96}, {3, V_ASN1_T61STRING, 0}};
	struct blob der = {0};
	struct cert c;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		X509 *x =
		    stock_make(key_rsa(), cases[i].version, cases[i].serial, cases[i].string);

		assert_true(X509_sign(x, key_rsa(), EVP_sha1()) > 0);
		assert_reads_alike(x, &c, &der);
		if (cases[i].serial == -96)
			assert_true(view_equal(c.serial, VIEW("\xa0")));
		X509_free(x);
	}
	blob_free(&der);
}

static void
stock_extensions(void **state)
{
	struct blob der = {0};
	struct cert c;
	X509 *x;

	(void)state;
	x = stock_make(key_ec(), 3, 77, V_ASN1_IA5STRING);
	add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:3");
	add_extension(x, NID_key_usage, "critical,keyCertSign,cRLSign,decipherOnly");
	add_extension(x, NID_ext_key_usage, "clientAuth,ipsecEndSystem,OCSPSigning,1.2.3.4");
	add_extension(x, NID_subject_alt_name,
	    "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,email:a@b,URI:http://x/");
	add_extension(x, NID_subject_key_identifier, "hash");
	add_extension(x, NID_authority_key_identifier, "keyid:always,issuer:always");
	add_extension(x, NID_netscape_comment, "a comment");
	assert_true(X509_sign(x, key_ec(), EVP_sha384()) > 0);
	assert_reads_alike(x, &c, &der);
	assert_int_equal(c.key_usage, KU_CERT_SIGN | KU_CRL_SIGN | KU_DECIPHER_ONLY);
	assert_int_equal(
	    c.eku, EKU_CLIENT_AUTH | EKU_IPSEC_END_SYSTEM | EKU_OCSP_SIGNING | EKU_OTHER);
	assert_int_equal(c.path_len, 3);
	assert_int_equal(c.alg.hash, HASH_SHA384);
	assert_false(c.unknown_critical);
	add_extension(x, NID_name_constraints, "critical,permitted;DNS:example");
	assert_true(X509_sign(x, key_ec(), EVP_sha256()) > 0);
	assert_reads_alike(x, &c, &der);
	assert_true(c.unknown_critical);
	X509_free(x);
	blob_free(&der);
}

/* ---- what is refused ----------------------------------------------------------------------
 */

/* Each case changes the certificate that make() builds by one stroke: find, replace by as many
 * octets. */
static const struct {
	const char *says, *find, *replace;
} strokes[] = {
    {"CP-01 signature algorithms differ", "a00302010202021234300d06092a864886f70d01010b",
	"a00302010202021234300d06092a864886f70d01010c"},
    {"version 2", "a003020102", "a003020101"},
    {"version 4", "a003020102", "a003020103"},
    {"negative version", "a003020102", "a0030201ff"},
    {"no octets in the serial", "0202123430", "0200123430"},
    {"CP-13 keyUsage twice", "0603551d13", "0603551d0f"},
    {"critical flag is no DER", "0603551d0f0101ff", "0603551d0f010101"},
    {"BAD-118 even modulus", "0203010001", "0203010000"},
    {"month 13", "170d3236303130313030", "170d3236313330313030"},
};

static void
refuses_strokes(void **state)
{
	struct blob hex = {0}, der = {0};
	struct made m;
	struct cert c;

	(void)state;
	make(key_rsa(), true, 1767225600, 1767225600 + DAY, &m);
	m.spec.serial = VIEW("\x12\x34");
	finish(key_rsa(), &m);
	hex_add(&hex, blob_view(&m.cert), false);
	assert_true(cert_decode(blob_view(&m.cert), &c, NULL));
	for (size_t i = 0; i < COUNT_OF(strokes); i++) {
		char *copy = strdup(blob_cstr(&hex)), *at = strstr(copy, strokes[i].find);

		assert_int_equal(strlen(strokes[i].find), strlen(strokes[i].replace));
		if (at == NULL)
			fail_msg("%s: nothing to change", strokes[i].says);
		memcpy(at, strokes[i].replace, strlen(strokes[i].replace));
		unhex(copy, &der);
		if (cert_decode(blob_view(&der), &c, NULL))
			fail_msg("%s", strokes[i].says);
		free(copy);
	}
	blob_add_byte(&m.cert, 0);
	assert_false(cert_decode(blob_view(&m.cert), &c, NULL));
	blob_free(&hex);
	blob_free(&der);
	made_free(&m);
}

static void
refuses_cuts_bad043(void **state)
{
	struct made m;
	struct cert c;

	(void)state;
	make(key_rsa(), false, 0, DAY, &m);
	finish(key_rsa(), &m);
	for (size_t n = 0; n < m.cert.n; n++) {
		uint8_t *exact = malloc(n + 1);

		memcpy(exact + 1, m.cert.p, n);
		assert_false(cert_decode(view_of(exact + 1, n), &c, NULL));
		free(exact);
	}
	made_free(&m);
}

/* Differences that are meant: a padded serial is read (fielded clients), the library refuses
 * it. */
static bool
explained(const struct cert *c)
{
	struct view s = c->serial;

	return s.n > 1 &&
	       ((s.p[0] == 0 && s.p[1] < 0x80) || (s.p[0] == 0xff && s.p[1] >= 0x80));
}

static void
mutate_certs(struct view der, uint64_t *seed, int count, size_t *accepted)
{
	struct blob mutant = {0}, hex = {0};

	for (int i = 0; i < count; i++) {
		struct err e = {0};
		struct cert c;
		X509 *x;

		mutate(seed, der, &mutant);
		if (!cert_decode(blob_view(&mutant), &c, &e)) {
			assert_true(e.text[0] != 0);
			continue;
		}
		(*accepted)++;
		x = stock_cert(blob_view(&mutant));
		if (x == NULL && !explained(&c)) {
			hex_add(&hex, blob_view(&mutant), false);
			fail_msg("mutant %d: the library refuses %s", i, blob_cstr(&hex));
		}
		if (x != NULL && X509_get0_pubkey(x) != NULL &&
		    !(X509_get_extension_flags(x) & EXFLAG_INVALID))
			assert_as_stock(&c, x);
		ERR_clear_error();
		X509_free(x);
	}
	blob_free(&mutant);
	blob_free(&hex);
}

static void
mutants_as_stock_bad044(void **state)
{
	uint64_t seed = seed_get();
	size_t accepted = 0;
	struct blob cisco = {0};
	struct made m;

	(void)state;
	make(key_rsa(), false, 0, DAY, &m);
	finish(key_rsa(), &m);
	mutate_certs(blob_view(&m.cert), &seed, rounds(8000), &accepted);
	made_free(&m);
	make(key_ec(), true, 0, DAY, &m);
	finish(key_ec(), &m);
	mutate_certs(blob_view(&m.cert), &seed, rounds(8000), &accepted);
	made_free(&m);
	unhex(cisco_rollover, &cisco);
	mutate_certs(blob_view(&cisco), &seed, rounds(8000), &accepted);
	blob_free(&cisco);
	printf("# accepted %zu of %d\n", accepted, rounds(24000));
	assert_true(accepted > (size_t)rounds(3000));
}

static int
done(void **state)
{
	(void)state;
	keys_free();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verifies_strictly_rsa_cp01),
	    cmocka_unit_test(verifies_strictly_ec_cp01),
	    cmocka_unit_test(is_der_for_stock_cp17),
	    cmocka_unit_test(dates_bad129),
	    cmocka_unit_test(empty_subject_makes_san_critical_cp12),
	    cmocka_unit_test(finds_the_list_of_a_certificate),
	    cmocka_unit_test(writes_one_http_cdp_cp14),
	    cmocka_unit_test(tbs_reads_alone),
	    cmocka_unit_test(cisco_s53),
	    cmocka_unit_test(cisco_misprint_s54),
	    cmocka_unit_test(temporary_certificates_bad122),
	    cmocka_unit_test(stock_extensions),
	    cmocka_unit_test(refuses_strokes),
	    cmocka_unit_test(refuses_cuts_bad043),
	    cmocka_unit_test(mutants_as_stock_bad044),
	};

	return cmocka_run_group_tests_name("cert", tests, NULL, done);
}
