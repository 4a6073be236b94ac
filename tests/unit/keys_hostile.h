/* keys_hostile.h - what a hostile core might ask. */
#ifndef TESTS_UNIT_KEYS_HOSTILE_H
#define TESTS_UNIT_KEYS_HOSTILE_H

#include "keys_test.h"

/*
 * The hostile core, the same against both drivers. CA key "CA" with a certificate, "NEXT" and
 * "RA" without one are there.
 */
struct hostile {
	const char *sentence;
	void (*build)(struct key_job *j, struct blob *bytes);
	const char *because; /* in the text of the refusal */
};
static struct blob hostile_client, hostile_ca, hostile_next; /* SubjectPublicKeyInfo */

static UNUSED void
h_cert(struct key_job *j, struct blob *b, struct tbs_want w)
{
	tbs_cert(w, b);
	*j = job_sign("CA", SIGN_CERT, 1000, b);
}

#define H(name, change)                                                                        \
	static UNUSED void name(struct key_job *j, struct blob *b)                             \
	{                                                                                      \
		struct tbs_want w = client_want(&hostile_client, 77);                          \
		change;                                                                        \
		h_cert(j, b, w);                                                               \
	}
H(h_ca_true, w.ca = true)
H(h_cert_sign, w.usage |= KU_CERT_SIGN)
H(h_issuer, w.issuer = "CN=Other,O=Cisco")
H(h_before, w.from = T0 - 1)
H(h_after, w.until = T0 + 365 * DAY + 1)
H(h_reversed, w.until = w.from)
H(h_serial, w.serial = 0)
H(h_md5, w.hash = HASH_MD5)
H(h_crl_sign, w.usage = KU_CRL_SIGN)
H(h_version_1, w.v1 = true)
H(h_no_usage, w.usage = 0)
H(h_ns_cert_type,
    (w.oid = VIEW("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), w.value = VIEW("\x03\x02\x01\x06")))
H(h_ocsp, w.eku = EKU_CLIENT_AUTH | EKU_OCSP_SIGNING)
H(h_eku_any, (w.oid = VIEW("\x55\x1d\x25"), w.value = VIEW("\x30\x06\x06\x04\x55\x1d\x25\x00")))
H(h_own_name, w.subject = CA_NAME)
H(h_own_name_folded, w.subject = "CN=rootca,O=cisco")
H(h_own_key, w.spki = &hostile_ca)
H(h_serial_again, w.serial = 10)
H(h_serial_own, w.serial = CA_SERIAL)

#define HS(name, change, label)                                                                \
	static UNUSED void name(struct key_job *j, struct blob *b)                             \
	{                                                                                      \
		struct tbs_want w = self_want(&hostile_ca);                                    \
		change;                                                                        \
		tbs_cert(w, b);                                                                \
		*j = job_sign(label, SIGN_SELF, 0, b);                                         \
	}
HS(h_self_twice, w.serial = 2, "CA")
HS(h_self_foreign, (void)0, "RA")
HS(h_self_no_ca, (w.ca = false, w.usage = 0, w.spki = &hostile_next), "NEXT")
HS(h_self_names, w.subject = "CN=Another", "RA")

static UNUSED void
h_md5_signed(struct key_job *j, struct blob *b)
{
	h_md5(j, b);
	j->alg.hash = HASH_MD5;
}

static UNUSED void
h_intent_again(struct key_job *j, struct blob *b)
{
	tbs_cert(client_want(&hostile_client, 555), b);
	*j = job_sign("CA", SIGN_CERT, 1, b);
}

static UNUSED void
h_intent_zero(struct key_job *j, struct blob *b)
{
	h_intent_again(j, b);
	j->intent = 0;
}

static UNUSED void
h_intent_jump(struct key_job *j, struct blob *b)
{
	h_intent_again(j, b);
	j->intent = 1 + (1 << 20) + 1;
}

static UNUSED void
h_intent_last(struct key_job *j, struct blob *b)
{
	h_intent_again(j, b);
	j->intent = INT64_MAX;
}

static UNUSED void
h_reply_md5(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_CERTREP, b);
	*j = job_sign("CA", SIGN_REPLY, 0, b);
	j->alg.hash = HASH_MD5;
}

static UNUSED void
h_reply_sha1_ra(struct key_job *j, struct blob *b)
{
	h_reply_md5(j, b);
	*j = job_sign("RA", SIGN_REPLY, 0, b);
	j->alg.hash = HASH_SHA1;
}

static UNUSED void
h_forget(struct key_job *j, struct blob *b)
{
	(void)b;
	*j = job_of(KEY_FORGET, "CA");
}

static UNUSED void
h_no_window(struct key_job *j, struct blob *b)
{
	tbs_cert(client_want(&hostile_client, 555), b);
	*j = job_sign("RA", SIGN_CERT, 2, b);
}

static UNUSED void
h_tbs_as_reply(struct key_job *j, struct blob *b)
{
	tbs_cert(client_want(&hostile_client, 555), b);
	*j = job_sign("CA", SIGN_REPLY, 0, b);
}

static UNUSED void
h_crl_as_reply(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 99, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_REPLY, 0, b);
}

static UNUSED void
h_reply_as_tbs(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_CERTREP, b);
	*j = job_sign("CA", SIGN_CERT, 2, b);
}

static UNUSED void
h_reply_as_crl(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_CERTREP, b);
	*j = job_sign("CA", SIGN_CRL, 99, b);
}

static UNUSED void
h_request(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_PKCSREQ, b);
	*j = job_sign("CA", SIGN_REPLY, 0, b);
}

static UNUSED void
h_crl_as_cert(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 99, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CERT, 2, b);
}

static UNUSED void
h_tail(struct key_job *j, struct blob *b)
{
	tbs_cert(client_want(&hostile_client, 555), b);
	blob_add_byte(b, 0);
	*j = job_sign("CA", SIGN_CERT, 2, b);
}

static UNUSED void
h_crl_back(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 4, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, 4, b);
}

static UNUSED void
h_crl_same(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 5, T0, T0 + 2 * DAY, b);
	*j = job_sign("CA", SIGN_CRL, 5, b);
}

static UNUSED void
h_crl_other_number(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 6, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, 7, b);
}

static UNUSED void
h_crl_issuer(struct key_job *j, struct blob *b)
{
	tbs_crl("CN=Other", 6, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, 6, b);
}

static UNUSED void
h_crl_dead(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 6, T0, T0, b);
	*j = job_sign("CA", SIGN_CRL, 6, b);
}

static UNUSED void
h_crl_long(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 6, T0, T0 + 365 * DAY + 1, b);
	*j = job_sign("CA", SIGN_CRL, 6, b);
}

static UNUSED void
h_crl_jump(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 5 + (1 << 20) + 1, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, 5 + (1 << 20) + 1, b);
}

static UNUSED void
h_crl_last(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, UINT64_MAX, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, UINT64_MAX, b);
}

static UNUSED void
h_crl_zero(struct key_job *j, struct blob *b)
{
	tbs_crl(CA_NAME, 0, T0, T0 + DAY, b);
	*j = job_sign("CA", SIGN_CRL, 0, b);
}

static UNUSED void
h_alg(struct key_job *j, struct blob *b)
{
	tbs_cert(client_want(&hostile_client, 555), b);
	*j = job_sign("CA", SIGN_CERT, 2, b);
	j->alg.hash = HASH_SHA384;
}

static UNUSED void
h_alg_kind(struct key_job *j, struct blob *b)
{
	h_alg(j, b);
	j->alg = (struct sig_alg){KEY_EC, HASH_SHA256, PADDING_ECDSA, 0};
}

static UNUSED void
h_nothing(struct key_job *j, struct blob *b)
{
	*j = job_sign("CA", SIGN_REPLY, 0, b);
}

static UNUSED void
h_grant_role(struct key_job *j, struct blob *b)
{
	memset(blob_grow(b, 32), 1, 32);
	*j = job_of(KEY_GRANT, "CA");
	j->bits = 2;
	j->bytes = blob_view(b);
}

static UNUSED void
h_grant_short(struct key_job *j, struct blob *b)
{
	h_grant_role(j, b);
	j->bits = KEY_ROLE_SUB_CA;
	j->bytes.n = 31;
}

static UNUSED void
h_archive_foreign(struct key_job *j, struct blob *b)
{
	blob_add_str(b, "no certificate");
	*j = job_of(KEY_ARCHIVE, "CA");
	j->bytes = blob_view(b);
}

/* The window's octets, signed by nobody; then the CA's name and key in a certificate of another
 * serial, as a core could have built it before it asked. */
static UNUSED void
h_archive(struct key_job *j, struct blob *b, uint32_t serial)
{
	struct tbs_want w = self_want(&hostile_ca);
	struct blob tbs = {0};
	struct sig_alg alg = RSA_SHA256;
	uint8_t junk[256] = {1};

	w.serial = serial;
	tbs_cert(w, &tbs);
	signed_assemble(blob_view(&tbs), &alg, view_of(junk, sizeof(junk)), b);
	*j = job_of(KEY_ARCHIVE, "CA");
	j->bytes = blob_view(b);
	blob_free(&tbs);
}

static UNUSED void
h_archive_unsigned(struct key_job *j, struct blob *b)
{
	h_archive(j, b, CA_SERIAL);
}

static UNUSED void
h_archive_other(struct key_job *j, struct blob *b)
{
	h_archive(j, b, 2);
}

static UNUSED void
h_archive_no_window(struct key_job *j, struct blob *b)
{
	h_archive(j, b, CA_SERIAL);
	snprintf(j->label, sizeof(j->label), "RA");
}

/* One certificate as the next CA's: our name, this key, a year longer. */
static UNUSED void
h_next(struct key_job *j, struct blob *b, const struct blob *spki, const char *label)
{
	struct tbs_want w = self_want(spki);
	struct blob tbs = {0}, cert = {0};
	struct sig_alg alg = RSA_SHA256;

	w.until += 365 * DAY;
	tbs_cert(w, &tbs);
	signed_assemble(blob_view(&tbs), &alg, VIEW("no signature"), &cert);
	certs_only_encode(blob_view(&cert), (struct view){0}, b);
	*j = job_sign(label, SIGN_NEXT, 0, b);
	blob_free(&tbs);
	blob_free(&cert);
}

static UNUSED void
h_next_foreign(struct key_job *j, struct blob *b)
{
	h_next(j, b, &hostile_client, "CA");
}

static UNUSED void
h_next_unsigned(struct key_job *j, struct blob *b)
{
	h_next(j, b, &hostile_next, "CA");
}

static UNUSED void
h_next_no_window(struct key_job *j, struct blob *b)
{
	h_next(j, b, &hostile_next, "RA");
}

static UNUSED void
h_next_empty(struct key_job *j, struct blob *b)
{
	certs_only_encode((struct view){0}, (struct view){0}, b);
	*j = job_sign("CA", SIGN_NEXT, 0, b);
}

static UNUSED void
h_next_as_reply(struct key_job *j, struct blob *b)
{
	h_next(j, b, &hostile_next, "CA");
	j->as = SIGN_REPLY;
}

static UNUSED void
h_reply_as_next(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_CERTREP, b);
	*j = job_sign("CA", SIGN_NEXT, 0, b);
}

static UNUSED void
h_unwrap_long(struct key_job *j, struct blob *b)
{
	memset(blob_grow(b, 256), 1, 256);
	*j = job_of(KEY_UNWRAP, "CA");
	j->want = 33;
	j->bytes = blob_view(b);
}

static UNUSED void
h_unwrap_odd(struct key_job *j, struct blob *b)
{
	h_unwrap_long(j, b);
	j->want = 9;
}

static UNUSED void
h_make_odd(struct key_job *j, struct blob *b)
{
	(void)b;
	*j = job_of(KEY_MAKE, "NEW");
	j->kind = KEY_RSA;
	j->bits = 512;
}

static UNUSED void
h_make_other(struct key_job *j, struct blob *b)
{
	(void)b;
	*j = job_of(KEY_MAKE, "CA");
	j->kind = KEY_EC;
	j->bits = 256;
}

static UNUSED void
h_unknown(struct key_job *j, struct blob *b)
{
	attrs_of(SCEP_CERTREP, b);
	*j = job_sign("NOBODY", SIGN_REPLY, 0, b);
}

static UNUSED const struct hostile hostile_table[] = {
    {"CA:TRUE without a grant", h_ca_true, "without a grant"},
    {"keyCertSign without a grant", h_cert_sign, "without a grant"},
    {"cRLSign without a grant", h_crl_sign, "without a grant"},
    {"version 1: no word on what it is for", h_version_1, "version 3"},
    {"no keyUsage: good for everything", h_no_usage, "keyUsage"},
    {"an extension that some peer reads as CA (nsCertType)", h_ns_cert_type, "extension"},
    {"OCSPSigning: vouches for others' certificates", h_ocsp, "extKeyUsage"},
    {"anyExtendedKeyUsage", h_eku_any, "extKeyUsage"},
    {"the CA's own name as subject", h_own_name, "own name"},
    {"the CA's own name in other letters", h_own_name_folded, "own name"},
    {"the CA's own public key", h_own_key, "own key"},
    {"the serial of another intent", h_serial_again, "serial was"},
    {"the serial of the CA's own certificate", h_serial_own, "serial was"},
    {"an intent far beyond the newest", h_intent_jump, "far beyond"},
    {"the last intent there is", h_intent_last, "far beyond"},
    {"issuer of another CA", h_issuer, "issuer is not"},
    {"notBefore before the CA's", h_before, "leave the window"},
    {"notAfter after the CA's", h_after, "leave the window"},
    {"notAfter equal to notBefore", h_reversed, "reversed"},
    {"serial zero", h_serial, "serial is not"},
    {"MD5 inside, SHA-256 announced", h_md5, "algorithm inside"},
    {"MD5 although the CA's own certificate is SHA-256", h_md5_signed, "md5, which"},
    {"the CA's own certificate a second time with another serial", h_self_twice, "once only"},
    {"own certificate with the key of another label", h_self_foreign, "public key inside"},
    {"own certificate with issuer and subject that differ", h_self_names,
	"issuer and subject differ"},
    {"own certificate without CA:TRUE", h_self_no_ca, "CA:TRUE"},
    {"intent signed before, other octets", h_intent_again, "other octets"},
    {"intent zero", h_intent_zero, "intent numbers"},
    {"certificate by a key that has no certificate", h_no_window, "no window"},
    {"TBSCertificate dressed as a reply", h_tbs_as_reply, "SET of attributes"},
    {"TBSCertList dressed as a reply", h_crl_as_reply, "SET of attributes"},
    {"reply dressed as a TBSCertificate", h_reply_as_tbs, "expected 30"},
    {"reply dressed as a TBSCertList", h_reply_as_crl, "expected 30"},
    {"attributes of a request", h_request, "type 19"},
    {"CRL dressed as a certificate", h_crl_as_cert, "not signed as certificate"},
    {"an octet behind the TBSCertificate", h_tail, "too many"},
    {"CRL number goes back", h_crl_back, "does not grow"},
    {"CRL number again with other octets", h_crl_same, "does not grow"},
    {"CRL number inside is not the announced one", h_crl_other_number, "announced"},
    {"CRL of another issuer", h_crl_issuer, "issuer is not"},
    {"CRL that is dead when signed", h_crl_dead, "nextUpdate"},
    {"CRL that outlives the CA", h_crl_long, "window"},
    {"CRL number far beyond the newest", h_crl_jump, "far beyond"},
    {"the last CRL number there is", h_crl_last, "far beyond"},
    {"CRL number zero", h_crl_zero, "zero or not there"},
    {"MD5 in a reply although the CA's own certificate is SHA-256", h_reply_md5, "md5, which"},
    {"SHA-1 in a reply of a key without a certificate", h_reply_sha1_ra, "sha1, which"},
    {"forgetting a key that has a window", h_forget, "certificate"},
    {"a stranger's key as the next CA", h_next_foreign, "not made here"},
    {"a next CA that the key there has not signed", h_next_unsigned, "not made here"},
    {"a next CA announced by a key without a certificate", h_next_no_window, "of its own"},
    {"no next CA in the announcement", h_next_empty, "not signed as announcement"},
    {"announcement dressed as a reply", h_next_as_reply, "SET of attributes"},
    {"reply dressed as an announcement", h_reply_as_next, "not signed as announcement"},
    {"hash announced is not the one inside", h_alg, "algorithm inside"},
    {"ECDSA with an RSA key", h_alg_kind, "does not fit"},
    {"nothing to sign", h_nothing, "SET of attributes"},
    {"grant of an unknown role", h_grant_role, "unknown role"},
    {"grant for 31 octets", h_grant_short, "32 octets"},
    {"PKCS#12 around what is no certificate", h_archive_foreign, "certificate"},
    {"PKCS#12 around the right certificate without its signature", h_archive_unsigned,
	"signature"},
    {"PKCS#12 around another certificate of the key", h_archive_other, "not the one"},
    {"PKCS#12 of a key that has no certificate yet", h_archive_no_window, "no self-signed"},
    {"content key longer than any cipher's", h_unwrap_long, "8, 16, 24 or 32"},
    {"content key of a length that no cipher has", h_unwrap_odd, "8, 16, 24 or 32"},
    {"RSA-512", h_make_odd, "no such key"},
    {"a label that exists, with another kind of key", h_make_other, "exists"},
    {"a key that is not there", h_unknown, "no key"},
};

/* Prepares the keys, then asks each question twice: the second time around nothing has changed.
 */
static UNUSED void
hostile_run(struct keys *k)
{
	static const char *const labels[] = {"", "../CA", "/etc/passwd", "CA/../CA", ".", "..",
	    ".hidden", "a b", "CA\n", "K\xc3\xa4"};
	struct blob tbs = {0}, spki = {0}, signature = {0}, again = {0};
	struct key_job j;

	client_spki(20, &hostile_client);
	make_ca(k, "CA", &hostile_ca);
	make_rsa(k, "NEXT", &hostile_next);
	make_rsa(k, "RA", &spki);
	tbs_cert(client_want(&hostile_client, 10), &tbs);
	j = job_sign("CA", SIGN_CERT, 1, &tbs);
	must(k, &j, &signature);
	assert_true(signature_fits(&hostile_ca, blob_view(&tbs), blob_view(&signature)));
	tbs_crl(CA_NAME, 5, T0, T0 + DAY, &tbs);
	j = job_sign("CA", SIGN_CRL, 5, &tbs);
	must(k, &j, NULL);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < COUNT_OF(hostile_table); i++) {
			blob_clear(&tbs);
			hostile_table[i].build(&j, &tbs);
			must_not(k, &j, hostile_table[i].sentence, hostile_table[i].because);
		}
		for (size_t i = 0; i < COUNT_OF(labels); i++) {
			j = job_of(KEY_MAKE, labels[i]);
			j.kind = KEY_RSA;
			j.bits = 2048;
			must_not(k, &j, labels[i], "key label");
		}
	}
	/* and the honest questions still have their answers */
	tbs_cert(client_want(&hostile_client, 10), &tbs);
	j = job_sign("CA", SIGN_CERT, 1, &tbs);
	must(k, &j, &again);
	assert_true(view_equal(blob_view(&again), blob_view(&signature)));
	attrs_of(SCEP_CERTREP, &tbs);
	j = job_sign("RA", SIGN_REPLY, 0, &tbs);
	must(k, &j, &again);
	assert_true(signature_fits(&spki, blob_view(&tbs), blob_view(&again)));
	blob_free(&tbs);
	blob_free(&spki);
	blob_free(&signature);
	blob_free(&again);
	blob_free(&hostile_client);
	blob_free(&hostile_ca);
	blob_free(&hostile_next);
}

#endif
