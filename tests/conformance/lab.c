/* lab.c - plays one bad message against a whole authority. */
/* wire.h before the library's macros of the same names */
#include "tests/conformance/lab.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/peer_inner.h"
#include "lib/pool.h"

#define SPENT_MAX_MS 1000 /* CPU of one message, catalogue 5.0 */

bool
soak(void)
{
	const char *v = getenv("KEYMUSTER_SOAK");

	return v != NULL && *v != 0;
}

const char *
want_name(enum want w)
{
	static const char *const names[WANT_COUNT] = {
	    [WANT_UNREADABLE] = "HTTP 400",
	    [WANT_F0] = "badAlg",
	    [WANT_F1] = "badMessageCheck",
	    [WANT_F2] = "badRequest",
	    [WANT_F3] = "badTime",
	    [WANT_F4] = "badCertId",
	    [WANT_PEND] = "PENDING",
	    [WANT_OK] = "SUCCESS",
	};

	return w < WANT_COUNT ? names[w] : "another HTTP status";
}

/* ---- the authority ---- */

bool
lab_peer(struct peer *p, struct lab *l, const char *subject, EVP_PKEY *key, struct err *e)
{
	if (!peer_init(p, subject, key, e))
		return false;
	p->now = l->w.now;
	return peer_trust(p, blob_view(&l->w.cacert), e);
}

bool
lab_command(struct lab *l, enum ca_command c, int64_t request, struct err *e)
{
	struct ca_event ev = {.command = c, .request = request};

	return world_command(&l->w, &ev, e);
}

bool
lab_password(struct lab *l, char out[40], struct err *e)
{
	const char *at;

	if (!lab_command(l, CA_PASSWORD, 0, e))
		return false;
	at = strstr(blob_cstr(&l->w.told), "Password is ");
	if (at == NULL)
		return err_set(e, WHY_BUG, "no password");
	(void)snprintf(out, 40, "%.32s", at + 12);
	return true;
}

bool
lab_revoke(struct lab *l, X509 *cert, struct err *e)
{
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	uint8_t octets[32];
	struct ca_event ev = {.command = CA_REVOKE};

	ev.serial = view_of(octets, (size_t)BN_bn2bin(n, octets));
	BN_free(n);
	return world_command(&l->w, &ev, e) &&
	       (l->w.told_status == 0 || err_set(e, WHY_BUG, "%s", blob_cstr(&l->w.told)));
}

bool
lab_send(
    struct lab *l, struct peer *p, struct view message, struct peer_answer *a, struct err *e)
{
	char source[64];

	l->made++;
	(void)snprintf(source, sizeof(source), "10.%d.%d.%d", l->made >> 16 & 255,
	    l->made >> 8 & 255, l->made & 255);
	if (!world_request(&l->w, message, source, e))
		return false;
	if (a == NULL)
		return true;
	if (l->w.reply.status != 200)
		return err_set(e, WHY_REFUSED, "HTTP %d", l->w.reply.status);
	return peer_open(p, blob_view(&l->w.reply.body), a, e);
}

static bool
enrol(struct lab *l, struct peer *p, const char *password, struct peer_answer *a, struct err *e)
{
	struct peer_request o = {.challenge = password};
	struct blob message = {0};
	bool ok = peer_enrol(p, &o, &message, e) && lab_send(l, p, blob_view(&message), a, e);

	blob_free(&message);
	return ok;
}

static bool
alice_and_bob(struct lab *l, struct err *e)
{
	struct peer_answer a = {0};
	char password[40];
	bool ok;

	if (!lab_peer(&l->alice, l, "O=Cisco,OU=CVO,CN=alice", pool_key(80), e) ||
	    !lab_peer(&l->bob, l, "O=Cisco,OU=CVO,CN=bob", pool_key(81), e) ||
	    !lab_peer(&l->carol, l, "O=Cisco,OU=CVO,CN=carol", pool_key(82), e) ||
	    !lab_peer(&l->mallory, l, "O=Cisco,OU=CVO,CN=mallory", pool_key(83), e) ||
	    !lab_password(l, password, e) || !lab_password(l, l->password, e))
		return false;
	ok = enrol(l, &l->alice, password, &a, e) &&
	     (a.status == PEER_SUCCESS || err_set(e, WHY_BUG, "alice is not certified"));
	if (ok) {
		l->alice_key = pool_key(80);
		peer_renew_from(&l->alice, a.cert, pool_key(84));
	}
	peer_answer_free(&a);
	ok = ok && enrol(l, &l->bob, NULL, &a, e);
	peer_answer_free(&a);
	return ok;
}

bool
lab_open(struct lab *l, unsigned flags, struct err *e)
{
	*l = (struct lab){0};
	l->w.mode = WORLD_MEMORY;
	l->w.vouched = true;
	l->w.max_jobs = -1;
	l->w.policy = (struct ca_policy){
	    .name = "ROOTCA",
	    .plan = {1095 * DAY, 365 * DAY, 6 * HOUR, 6 * HOUR, 168 * HOUR, false},
	    .issuer_name = "CN=RootCA,OU=TAC,O=Cisco",
	    .mode = flags & ROW_AUTO ? CA_AUTO : CA_MANUAL,
	    .serial_sequential = true,
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_label = "ROOTCA",
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	    .legacy.on = (flags & ROW_LEGACY) != 0,
	    .ancient.on = (flags & ROW_ANCIENT) != 0,
	};
	if (flags & ROW_SHORT)
		l->w.policy.plan.lifetime_ca = 20 * DAY;
	if (!when_parse("2026-01-01T00:00:00Z", &l->w.now))
		return err_set(e, WHY_BUG, "date");
	return world_open(&l->w, e) && alice_and_bob(l, e);
}

void
lab_free(struct lab *l)
{
	peer_free(&l->alice);
	peer_free(&l->bob);
	peer_free(&l->carol);
	peer_free(&l->mallory);
	EVP_PKEY_free(l->extra_key);
	for (size_t i = 0; i < COUNT_OF(l->keep); i++)
		blob_free(&l->keep[i]);
	world_free(&l->w);
	ERR_clear_error();
}

/* ---- what it holds ---- */

static void
sum_certificates(struct lab *l, struct stock *s, struct blob *all)
{
	const struct store_table *st = l->w.store->table;
	struct row_cert c;

	for (int64_t after = 0; st->cert_next(l->w.store, after, &c, NULL); after = c.intent) {
		s->certificates++;
		blob_add_u64(all, (uint64_t)c.intent);
		blob_add_u64(all, (uint64_t)c.state);
		blob_add_u64(all, (uint64_t)c.kind);
		blob_add_u64(all, (uint64_t)c.revoked_at);
		blob_add_sized(all, c.serial);
		blob_add_sized(all, c.body);
		blob_add_sized(all, view_str(c.granted_by));
	}
}

static void
sum_requests(struct lab *l, struct stock *s, struct blob *all)
{
	const struct store_table *st = l->w.store->table;
	struct row_request r;

	for (int64_t after = 0; st->request_next(l->w.store, after, &r, NULL); after = r.id) {
		s->requests++;
		blob_add_u64(all, (uint64_t)r.id);
		blob_add_u64(all, (uint64_t)r.state);
		blob_add_u64(all, (uint64_t)r.intent);
		blob_add_u64(all, (uint64_t)r.expires_at);
		blob_add_sized(all, r.digest);
		blob_add_sized(all, r.csr);
		blob_add_sized(all, r.signer);
		blob_add_sized(all, view_str(r.reason));
	}
}

static bool
sum_password(struct lab *l, struct blob *all, struct err *e)
{
	const struct store_table *st = l->w.store->table;
	struct row_challenge row;
	struct blob salted = {0};
	uint8_t hash[32];
	bool ok;

	if (!st->fact_get(l->w.store, "challenge-salt", &salted, e))
		return false;
	blob_add_str(&salted, l->password);
	sha256(blob_view(&salted), hash);
	blob_free(&salted);
	ok = st->challenge_get(l->w.store, view_of(hash, 32), &row, e);
	if (ok) {
		blob_add_u64(all, (uint64_t)row.used_at);
		blob_add_u64(all, (uint64_t)row.expires_at);
	}
	return ok;
}

bool
lab_stock(struct lab *l, struct stock *out, struct err *e)
{
	const struct store_table *st = l->w.store->table;
	struct blob all = {0}, fact = {0};
	struct row_crl crl;
	bool ok;

	*out = (struct stock){0};
	sum_certificates(l, out, &all);
	sum_requests(l, out, &all);
	ok = sum_password(l, &all, e) && st->fact_get(l->w.store, "serial", &fact, e);
	blob_add_sized(&all, blob_view(&fact));
	ok = ok && st->crl_get(l->w.store, 1, &crl, e);
	if (ok)
		blob_add_sized(&all, crl.der);
	sha256(blob_view(&all), out->sum);
	blob_free(&all);
	blob_free(&fact);
	return ok;
}

bool
lab_still_good(struct lab *l, int64_t certificates, struct err *e)
{
	struct peer_answer a = {0};
	bool ok = enrol(l, &l->carol, l->password, &a, e) || err_prefix(e, "next good request");

	if (ok && a.status != PEER_SUCCESS)
		ok =
		    err_set(e, WHY_REFUSED, "the next good request is not granted: %s", a.text);
	/* 1 is the CA's own: no number was lost in between. */
	if (ok && ASN1_INTEGER_get(X509_get0_serialNumber(a.cert)) != certificates + 2)
		ok = err_set(e, WHY_REFUSED,
		    "a serial was consumed: %ld behind %ld certificates",
		    ASN1_INTEGER_get(X509_get0_serialNumber(a.cert)), (long)certificates);
	ok = ok && peer_verify(a.cert, l->carol.ca, l->w.now, e);
	peer_answer_free(&a);
	return ok;
}

/* ---- answers ---- */

void
seen_free(struct seen *s)
{
	blob_free(&s->digest_free);
}

static const ASN1_STRING *
attribute(CMS_SignerInfo *si, const char *dotted)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(dotted, 1);
	int at = CMS_signed_get_attr_by_OBJ(si, oid, -1);
	X509_ATTRIBUTE *x = at < 0 ? NULL : CMS_signed_get_attr(si, at);
	ASN1_TYPE *t = x == NULL ? NULL : X509_ATTRIBUTE_get0_type(x, 0);

	ASN1_OBJECT_free(oid);
	return t == NULL || t->type == V_ASN1_OBJECT ? NULL : t->value.asn1_string;
}

static int
digit(const ASN1_STRING *s)
{
	return s == NULL || ASN1_STRING_length(s) != 1 ? -1 : ASN1_STRING_get0_data(s)[0] - '0';
}

static bool
verified(struct lab *l, CMS_ContentInfo *cms, struct blob *content)
{
	STACK_OF(X509) *signers = sk_X509_new_null();
	BIO *out = BIO_new(BIO_s_mem());
	ASN1_OCTET_STRING **inside = CMS_get0_content(cms);
	char *p = NULL;
	bool ok;

	sk_X509_push(signers, l->mallory.ca);
	ok = inside != NULL && *inside != NULL &&
	     CMS_verify(cms, signers, NULL, NULL, out,
		 CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) == 1;
	long n = BIO_get_mem_data(out, &p);

	if (ok && n > 0)
		blob_add(content, p, (size_t)n);
	BIO_free(out);
	sk_X509_free(signers);
	return ok;
}

/* Everything of the reply that may not differ between two refusals of one kind. */
static void
keep_rest(struct seen *s, CMS_SignerInfo *si, size_t whole)
{
	static const char *const varying[] = {
	    OID_SCEP "5", OID_SCEP "6", OID_SCEP "7", OID_PKCS9 "4"};

	for (int i = 0; i < CMS_signed_get_attr_count(si); i++) {
		X509_ATTRIBUTE *x = CMS_signed_get_attr(si, i);
		char oid[64];
		bool skip = false;

		OBJ_obj2txt(oid, sizeof(oid), X509_ATTRIBUTE_get0_object(x), 1);
		for (size_t v = 0; v < COUNT_OF(varying); v++)
			skip |= strcmp(oid, varying[v]) == 0;
		blob_add_str(&s->digest_free, oid);
		if (!skip)
			ADD_DER(&s->digest_free, X509_ATTRIBUTE, x);
	}
	blob_add_u64(&s->digest_free, whole);
}

static bool
read_status(
    CMS_ContentInfo *cms, struct view content, struct seen *s, size_t whole, struct err *e)
{
	CMS_SignerInfo *si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
	const ASN1_STRING *text = attribute(si, OID_FAIL_INFO_TEXT);
	const ASN1_STRING *id = attribute(si, OID_TRANSACTION);
	int status = digit(attribute(si, OID_PKI_STATUS));
	int fail = digit(attribute(si, OID_FAIL_INFO));

	s->has_nonce = attribute(si, OID_RECIPIENT_NONCE) != NULL;
	if (id != NULL)
		(void)snprintf(s->id, sizeof(s->id), "%.*s", ASN1_STRING_length(id),
		    (const char *)ASN1_STRING_get0_data(id));
	if (text != NULL)
		(void)snprintf(s->text, sizeof(s->text), "%.*s", ASN1_STRING_length(text),
		    (const char *)ASN1_STRING_get0_data(text));
	keep_rest(s, si, whole);
	if ((status == PEER_FAILURE) != (fail >= 0) ||
	    (status != PEER_SUCCESS && content.n > 0))
		return err_set(e, WHY_BUG, "CertRep with pkiStatus %d, failInfo %d, %zu octets",
		    status, fail, content.n);
	if (status == PEER_FAILURE && fail <= 4)
		s->as = WANT_F0 + fail;
	else if (status == PEER_PENDING || status == PEER_SUCCESS)
		s->as = status == PEER_PENDING ? WANT_PEND : WANT_OK;
	else
		return err_set(e, WHY_BUG, "pkiStatus %d, failInfo %d", status, fail);
	return true;
}

bool
lab_read(struct lab *l, struct seen *out, struct err *e)
{
	const uint8_t *p = l->w.reply.body.p;
	struct seen s = {.as = WANT_COUNT, .http = l->w.reply.status};
	struct blob content = {0};
	CMS_ContentInfo *cms;
	bool ok;

	*out = s;
	if (s.http != 200) {
		if (s.http == 400)
			out->as = WANT_UNREADABLE;
		return l->w.reply.body.n > 0 && l->w.reply.body.n < 500
			   ? true
			   : err_set(e, WHY_BUG, "HTTP %d with %zu octets", s.http,
				 l->w.reply.body.n);
	}
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)l->w.reply.body.n);
	ok = cms != NULL && p == l->w.reply.body.p + l->w.reply.body.n &&
	     sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) == 1 &&
	     verified(l, cms, &content);
	if (!ok)
		err_set(e, WHY_BUG, "HTTP 200 without a CertRep signed by the CA");
	ok = ok && read_status(cms, blob_view(&content), &s, l->w.reply.body.n, e);
	CMS_ContentInfo_free(cms);
	blob_free(&content);
	ERR_clear_error();
	*out = s;
	return ok;
}

/* ---- rows ---- */

bool
row_make(struct lab *l, const struct row *r, struct blob *out, struct err *e)
{
	struct blob plain = {0}, sealed = {0};
	bool ok = true;

	if (r->plain.p != NULL)
		blob_add_view(&plain, r->plain);
	else if (r->forged)
		ok = forge_csr(&r->ask, l->p, &plain, e);
	else
		ok = peer_csr(l->p, &r->with, &plain, e);
	if (ok) {
		forge_envelope(&r->seal, l->p->recipient, blob_view(&plain), &sealed);
		ok = forge_message(&r->outer, l->p, r->type == 0 ? PEER_PKCS_REQ : r->type,
		    blob_view(&sealed), out, e);
	}
	blob_free(&plain);
	blob_free(&sealed);
	return ok;
}

void
lab_csr(struct lab *l, struct blob *out)
{
	struct err e = {0};

	if (!peer_csr(l->p, &(struct peer_request){0}, out, &e))
		abort();
}

void
lab_wrap(struct lab *l, const struct row *r, struct view plain, struct blob *out)
{
	struct row inner = *r;
	struct err e = {0};

	inner.plain = plain;
	if (!row_make(l, &inner, out, &e)) {
		printf("# %s\n", e.text);
		abort();
	}
}

static int64_t
cpu_ms(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static bool
answered_as(struct lab *l, const struct row *r, const struct seen *s, struct err *e)
{
	struct peer_answer a = {0};
	bool ok;

	if (s->as != r->want)
		return err_set(e, WHY_REFUSED, "expected %s, got %s (HTTP %d, '%s')",
		    want_name(r->want), want_name(s->as), s->http, s->text);
	if (s->http != 200 || r->flags & ROW_STRANGE_ID)
		return true;
	if (strcmp(s->id, l->p->transaction) != 0)
		return err_set(e, WHY_REFUSED, "transactionID '%s' of the reply", s->id);
	ok = peer_open(l->p, blob_view(&l->w.reply.body), &a, e);
	if (ok && a.cert != NULL)
		ok = peer_verify(a.cert, l->p->ca, l->w.now, e);
	if (ok && r->check != NULL)
		ok = r->check(l, a.cert, e);
	peer_answer_free(&a);
	return ok;
}

static bool
changed_as(
    const struct row *r, const struct stock *before, const struct stock *now, struct err *e)
{
	bool stores = !(r->flags & ROW_SAME);
	int64_t requests = r->want == WANT_PEND && stores ? 1 : 0;
	int64_t certificates = r->want == WANT_OK && stores ? 1 : 0;

	if (now->certificates - before->certificates != certificates ||
	    now->requests - before->requests != requests)
		return err_set(e, WHY_REFUSED, "%ld certificates and %ld requests more",
		    (long)(now->certificates - before->certificates),
		    (long)(now->requests - before->requests));
	if (requests + certificates == 0 && memcmp(before->sum, now->sum, 32) != 0)
		return err_set(e, WHY_REFUSED, "rows changed");
	return true;
}

bool
row_run(const struct row *r, struct err *e)
{
	struct lab *l = mem_get(sizeof(*l));
	struct blob message = {0};
	struct seen s = {0};
	struct stock before, after;
	int64_t at;
	bool ok = lab_open(l, r->flags, e);

	l->p = r->flags & ROW_BY_ALICE ? &l->alice
	       : r->flags & ROW_BY_BOB ? &l->bob
				       : &l->mallory;
	if (ok && r->make != NULL)
		r->make(l, r, &message);
	else if (ok)
		ok = row_make(l, r, &message, e);
	ok = ok && lab_stock(l, &before, e);
	at = cpu_ms();
	ok = ok && lab_send(l, l->p, blob_view(&message), NULL, e);
	at = cpu_ms() - at;
	ok = ok && lab_read(l, &s, e) && answered_as(l, r, &s, e) && lab_stock(l, &after, e) &&
	     changed_as(r, &before, &after, e);
	if (ok && at > SPENT_MAX_MS)
		ok = err_set(e, WHY_REFUSED, "%ld ms of CPU", (long)at);
	ok = ok && lab_still_good(l, after.certificates, e);
	seen_free(&s);
	blob_free(&message);
	lab_free(l);
	free(l);
	return ok;
}
