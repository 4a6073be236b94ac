/* test_guard_client.c - what a client's key signs, and what not. */
#include "keys_test.h"

#include "keys/memory.h"

struct bench {
	struct ring ring;
	struct guard *g;
	struct pair *pair; /* no CA's before become_ca */
	struct blob client;
};

static void
bench_open(struct bench *b)
{
	struct blob der = {0};
	struct view v;

	memset(b, 0, sizeof(*b));
	assert_true(ring_open(&b->ring, NULL, NULL, NULL));
	pool_pkcs8(0, &der);
	v = blob_view(&der);
	ring_pool(&b->ring, &v, 1);
	b->g = guard_new();
	assert_true(ring_make(&b->ring, "TP", KEY_RSA, 2048, &b->pair, NULL));
	client_spki(21, &b->client);
	blob_free(&der);
}

static void
bench_close(struct bench *b)
{
	pair_drop(b->pair);
	ring_close(&b->ring);
	guard_free(b->g);
	blob_free(&b->client);
}

static void
become_ca(struct bench *b)
{
	struct blob tbs = {0}, record = {0};
	struct key_job j;
	struct permit p;

	tbs_cert(self_want(&b->pair->spki), &tbs);
	j = job_sign("TP", SIGN_SELF, 0, &tbs);
	assert_true(guard_sign(b->g, b->pair, &j, &record, &p, NULL));
	blob_free(&tbs);
	blob_free(&record);
}

static void
request_of(const struct blob *spki, uint32_t usage, struct blob *out)
{
	struct blob name = {0};
	struct csr_spec s = {.spki = blob_view(spki), .key_usage = usage, .challenge = "once"};

	name_of("CN=r1", &name);
	s.subject = blob_view(&name);
	blob_clear(out);
	csr_encode_info(&s, out);
	blob_free(&name);
}

static struct tbs_want
temporary_want(const struct blob *spki)
{
	struct tbs_want w = client_want(spki, 4711);

	w.issuer = w.subject = "CN=r1";
	return w;
}

#define T(name, change)                                                                        \
	static void name(const struct bench *b, struct blob *out)                              \
	{                                                                                      \
		struct tbs_want w = temporary_want(&b->pair->spki);                            \
		change;                                                                        \
		tbs_cert(w, out);                                                              \
	}
T(t_good, (void)0)
T(t_foreign, w.spki = &b->client)
T(t_ca, w.ca = true)
T(t_cert_sign, w.usage |= KU_CERT_SIGN)
T(t_names, w.subject = "CN=r2")
T(t_version_1, w.v1 = true)
T(t_no_usage, w.usage = 0)
T(t_reversed, w.until = w.from)
T(t_odd,
    (w.oid = VIEW("\x60\x86\x48\x01\x86\xf8\x42\x01\x01"), w.value = VIEW("\x03\x02\x01\x06")))
T(t_md5, w.hash = HASH_MD5)

#define R(name, spki, usage)                                                                   \
	static void name(const struct bench *b, struct blob *out)                              \
	{                                                                                      \
		request_of(&b->spki, usage, out);                                              \
	}
R(r_good, pair->spki, KU_DIGITAL_SIGNATURE)
R(r_foreign, client, 0)
R(r_cert_sign, pair->spki, KU_CERT_SIGN)

static void
r_tail(const struct bench *b, struct blob *out)
{
	r_good(b, out);
	blob_add_byte(out, 0);
}

#define M(name, type)                                                                          \
	static void name(const struct bench *b, struct blob *out)                              \
	{                                                                                      \
		(void)b;                                                                       \
		attrs_of(type, out);                                                           \
	}
M(m_request, SCEP_PKCSREQ)
M(m_renewal, SCEP_RENEWALREQ)
M(m_poll, SCEP_CERTPOLL)
M(m_cert, SCEP_GETCERT)
M(m_crl, SCEP_GETCRL)
M(m_reply, SCEP_CERTREP)
M(m_update, 18)

/* The kind, the octets, and why not (NULL: it is signed, as often as asked, without a record).
 */
static const struct {
	const char *sentence;
	enum sign_as as;
	void (*build)(const struct bench *b, struct blob *out);
	const char *because;
} client_cases[] = {
    {"a request for its own key", SIGN_REQUEST, r_good, NULL},
    {"a request for another key", SIGN_REQUEST, r_foreign, "public key inside"},
    {"a request for a CA", SIGN_REQUEST, r_cert_sign, "client is no CA"},
    {"an octet behind the request", SIGN_REQUEST, r_tail, "CertificationRequestInfo"},
    {"a temporary certificate as a request", SIGN_REQUEST, t_good, "not signed as request"},
    {"attributes as a request", SIGN_REQUEST, m_request, "not signed as request"},
    {"a temporary certificate", SIGN_TEMPORARY, t_good, NULL},
    {"one of another key", SIGN_TEMPORARY, t_foreign, "public key inside"},
    {"one with CA:TRUE", SIGN_TEMPORARY, t_ca, "client is no CA"},
    {"one that may sign certificates", SIGN_TEMPORARY, t_cert_sign, "client is no CA"},
    {"one of two names", SIGN_TEMPORARY, t_names, "issuer and subject differ"},
    {"one of version 1", SIGN_TEMPORARY, t_version_1, "version 3"},
    {"one that may do everything", SIGN_TEMPORARY, t_no_usage, "keyUsage"},
    {"one that is never valid", SIGN_TEMPORARY, t_reversed, "reversed"},
    {"one that some peers take for a CA", SIGN_TEMPORARY, t_odd, "extension"},
    {"one with another algorithm inside", SIGN_TEMPORARY, t_md5, "algorithm inside"},
    {"a request as a temporary certificate", SIGN_TEMPORARY, r_good, "not signed as temporary"},
    {"a request as a certificate", SIGN_CERT, r_good, "not signed as certificate"},
    {"a temporary certificate as a certificate", SIGN_CERT, t_good, "no window"},
    {"a temporary certificate as a CA's own", SIGN_SELF, t_good, "CA:TRUE"},
    {"PKCSReq", SIGN_MESSAGE, m_request, NULL},
    {"RenewalReq", SIGN_MESSAGE, m_renewal, NULL},
    {"CertPoll", SIGN_MESSAGE, m_poll, NULL},
    {"GetCert", SIGN_MESSAGE, m_cert, NULL},
    {"GetCRL", SIGN_MESSAGE, m_crl, NULL},
    {"a reply as a message", SIGN_MESSAGE, m_reply, "of a CertRep"},
    {"a message of a kind that RFC 8894 does not have", SIGN_MESSAGE, m_update, "messageType"},
    {"a temporary certificate as a message", SIGN_MESSAGE, t_good, "SET of attributes"},
    {"a request as a message", SIGN_MESSAGE, r_good, "SET of attributes"},
};

static bool
client_sign(struct bench *b, size_t i, enum hash hash, struct err *e)
{
	struct blob octets = {0}, record = {0};
	struct key_job j;
	struct permit p;
	bool ok;

	client_cases[i].build(b, &octets);
	j = job_sign("TP", client_cases[i].as, 0, &octets);
	j.alg.hash = hash;
	ok = guard_sign(b->g, b->pair, &j, &record, &p, e);
	if (ok)
		assert_false(p.logged);
	assert_int_equal(record.n, 0);
	blob_free(&octets);
	blob_free(&record);
	return ok;
}

/* A client's key signs what clients send, and nothing by which it could pass for a CA; a CA's
 * key signs nothing of the kind. */
static void
clients_sign_as_clients(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT_OF(client_cases); i++) {
			const char *because = client_cases[i].because;
			struct err e = {0};

			if (client_sign(&b, i, HASH_SHA256, &e) != (because == NULL) ||
			    (because != NULL && strstr(e.text, because) == NULL))
				fail_msg("%s: %s", client_cases[i].sentence, e.text);
			if (because == NULL && client_sign(&b, i, HASH_SHA1, &e))
				fail_msg("%s, by SHA-1", client_cases[i].sentence);
		}
	guard_replies(b.g, HASH_SHA1);
	assert_true(client_sign(&b, 0, HASH_SHA1, NULL));
	assert_int_equal(b.g->count, 0); /* nothing is remembered of it */
	become_ca(&b);
	for (size_t i = 0; i < COUNT_OF(client_cases); i++) {
		struct err e = {0};

		if (client_cases[i].because != NULL)
			continue;
		assert_false(client_sign(&b, i, HASH_SHA256, &e));
		assert_non_null(strstr(e.text, "a CA's, not a client's"));
	}
	bench_close(&b);
}

/* ---- what leaves ---- */

static void
cert_of(struct tbs_want w, struct blob *out)
{
	static const uint8_t junk[256];
	struct sig_alg alg = RSA_SHA256;
	struct blob tbs = {0};

	tbs_cert(w, &tbs);
	signed_assemble(blob_view(&tbs), &alg, view_of(junk, sizeof(junk)), out);
	blob_free(&tbs);
}

#define E(name, change)                                                                        \
	static void name(const struct bench *b, struct blob *out)                              \
	{                                                                                      \
		struct tbs_want w = client_want(&b->pair->spki, 77),                           \
				up = self_want(&b->client);                                    \
                                                                                               \
		change;                                                                        \
		cert_of(w, out);                                                               \
		cert_of(up, out);                                                              \
	}
E(e_good, (void)0)
E(e_foreign, w.spki = &b->client)
E(e_ca, (w.ca = true, w.usage = KU_CERT_SIGN))
E(e_crl_sign, w.usage |= KU_CRL_SIGN)

static void
e_alone(const struct bench *b, struct blob *out)
{
	cert_of(client_want(&b->pair->spki, 77), out);
}

static void
e_none(const struct bench *b, struct blob *out)
{
	(void)b, (void)out;
}

static void
e_reversed(const struct bench *b, struct blob *out)
{
	cert_of(self_want(&b->client), out);
	e_alone(b, out);
}

static void
e_tail(const struct bench *b, struct blob *out)
{
	e_good(b, out);
	blob_add_byte(out, 0);
}

static void
e_most(const struct bench *b, struct blob *out)
{
	e_alone(b, out);
	for (int i = 1; i < KEY_CERTIFICATES_MAX; i++)
		cert_of(self_want(&b->client), out);
}

static void
e_many(const struct bench *b, struct blob *out)
{
	e_most(b, out);
	cert_of(self_want(&b->client), out);
}

static const struct {
	const char *sentence;
	void (*build)(const struct bench *b, struct blob *out);
	const char *because; /* NULL: it leaves */
} export_cases[] = {
    {"a certificate and its CA's", e_good, NULL},
    {"a certificate alone", e_alone, NULL},
    {"as many as may be", e_most, NULL},
    {"no certificate", e_none, "certificate"},
    {"one of another key", e_foreign, "not one of key"},
    {"the CA's before its own", e_reversed, "not one of key"},
    {"a CA's", e_ca, "client is no CA"},
    {"one that may sign lists", e_crl_sign, "client is no CA"},
    {"an octet behind them", e_tail, "certificate"},
    {"one too many", e_many, "more than 16"},
};

static bool
may_export(struct bench *b, size_t i, struct err *e)
{
	struct blob certs = {0}, record = {0};
	bool ok;

	export_cases[i].build(b, &certs);
	ok = guard_export(b->g, b->pair, blob_view(&certs), &record, e);
	assert_int_equal(record.n > 0, ok);
	if (ok)
		assert_true(guard_replay(b->g, blob_view(&record), NULL));
	blob_free(&certs);
	blob_free(&record);
	return ok;
}

/* KEY_EXPORT: no key of a CA, none beside one, and no certificate of a CA. */
static void
only_clients_keys_leave(void **state)
{
	struct bench b;
	struct err e = {0};

	(void)state;
	bench_open(&b);
	for (size_t i = 0; i < COUNT_OF(export_cases); i++) {
		const char *because = export_cases[i].because;

		if (may_export(&b, i, &e) != (because == NULL) ||
		    (because != NULL && strstr(e.text, because) == NULL))
			fail_msg("%s: %s", export_cases[i].sentence, e.text);
	}
	assert_int_equal(b.g->count, 0); /* nothing is remembered of it */
	become_ca(&b);
	assert_false(may_export(&b, 0, &e));
	assert_non_null(strstr(e.text, "beside a CA's"));
	b.pair->id[0] ^= 1; /* another key, an RA's perhaps */
	assert_false(may_export(&b, 0, &e));
	assert_non_null(strstr(e.text, "beside a CA's"));
	bench_close(&b);
}

/* Where keys may leave, none signs as a CA or an RA, whatever it has signed before. */
static void
keys_that_leave_are_clients(void **state)
{
	struct bench b;
	struct blob octets = {0}, record = {0};
	struct key_job j;
	struct permit p;

	(void)state;
	bench_open(&b);
	for (int as = SIGN_SELF; as < SIGN_REQUEST; as++) {
		struct err e = {0};

		if (as == SIGN_SELF)
			tbs_cert(self_want(&b.pair->spki), &octets);
		else
			attrs_of(SCEP_CERTREP, &octets);
		j = job_sign("TP", (enum sign_as)as, 0, &octets);
		if (as == SIGN_REPLY)
			assert_true(guard_sign(b.g, b.pair, &j, &record, &p, NULL));
		guard_exports(b.g);
		assert_false(guard_sign(b.g, b.pair, &j, &record, &p, &e));
		assert_non_null(strstr(e.text, "may be exported"));
		b.g->exports = false;
	}
	guard_exports(b.g);
	for (size_t i = 0; i < COUNT_OF(client_cases); i++)
		if (client_cases[i].because == NULL)
			assert_true(client_sign(&b, i, HASH_SHA256, NULL));
	blob_free(&octets);
	blob_free(&record);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clients_sign_as_clients),
	    cmocka_unit_test(only_clients_keys_leave),
	    cmocka_unit_test(keys_that_leave_are_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
