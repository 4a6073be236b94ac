/* show_lab.h - an authority and its records for the tests of show. */
#ifndef TESTS_UNIT_SHOW_LAB_H
#define TESTS_UNIT_SHOW_LAB_H

#include "conf_text.h"

#include <jansson.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "lib/pool.h"
#include "show/show.h"

#define LAB_START 1444396456 /* 2015-10-09T13:14:16Z */

#define LAB_CONF                                                                               \
	"hostname Root-CA\n"                                                                   \
	"crypto pki server ROOTCA\n"                                                           \
	" database level complete\n"                                                           \
	" database archive pkcs12 password 0 Rev0c$t1\n"                                       \
	" issuer-name CN=RootCA,OU=TAC,O=Cisco\n"                                              \
	" lifetime certificate 365\n"                                                          \
	" lifetime ca-certificate 730\n"                                                       \
	" auto-rollover 90\n"

struct lab {
	struct conf conf;
	struct ca_policy policy;
	struct store *store;
	struct keys *keys;
	struct ca *ca;
	struct blob ca_key, next_key;
	when_t now;
	bool clock_trusted;
	enum why fail_jobs; /* WHY_NONE: jobs are done */
	struct show_world w;
};

static inline void
lab_collect(struct lab *l, const struct effects *out)
{
	for (size_t i = 0; i < out->n; i++) {
		struct key_job job = out->list[i].job;
		struct err e = {0};

		if (out->list[i].kind != EFFECT_JOB)
			continue;
		job.bytes = blob_view(&out->list[i].bytes);
		if (!keys_submit(l->keys, &job, &e))
			fail_msg("%s", e.text);
	}
}

static inline void
lab_turn(struct lab *l, struct ca_event ev)
{
	const struct ca_event *events[] = {&ev};
	struct effects out = {0};
	struct key_done done = {0};
	struct err e = {0};

	ev.clock_trusted = l->clock_trusted;
	if (ca_turn(l->ca, events, 1, l->now, &out, &e) != CA_COMMITTED)
		fail_msg("%s", e.text);
	lab_collect(l, &out);
	effects_free(&out);
	while (keys_collect(l->keys, &done)) {
		if (l->fail_jobs != WHY_NONE)
			done.why = l->fail_jobs;
		lab_turn(l, (struct ca_event){.kind = CA_KEY_DONE, .done = &done});
		blob_free(&done.bytes);
	}
}

static inline void
lab_tick(struct lab *l)
{
	lab_turn(l, (struct ca_event){.kind = CA_TICK});
}

/* An authority that has made its key, certificate and list at LAB_START; conf may add text. */
static inline void
lab_open(struct lab *l, const char *conf)
{
	struct blob said = {0};
	struct err e = {0};
	struct view key[2];

	*l = (struct lab){.now = LAB_START, .clock_trusted = true};
	if (!parse_text(conf, &l->conf, &said))
		fail_msg("%s", blob_cstr(&said));
	blob_free(&said);
	l->policy = (struct ca_policy){
	    .plan = l->conf.server[0].plan,
	    .serial_sequential = true,
	    .serial_floor = -1,
	    .hash = HASH_SHA256,
	    .key_kind = KEY_RSA,
	    .key_bits = 2048,
	};
	snprintf(l->policy.name, sizeof(l->policy.name), "%s", l->conf.server[0].name);
	snprintf(l->policy.issuer_name, sizeof(l->policy.issuer_name), "%s",
	    l->conf.server[0].issuer_name);
	snprintf(l->policy.key_label, sizeof(l->policy.key_label), "%s",
	    l->conf.server[0].rsa_label);
	l->store = store_open_memory();
	l->keys = keys_open_local(NULL, NULL, 1, &e);
	assert_non_null(l->keys);
	pool_pkcs8(0, &l->ca_key);
	pool_pkcs8(6, &l->next_key);
	key[0] = blob_view(&l->ca_key);
	key[1] = blob_view(&l->next_key);
	keys_local_pool(l->keys, key, 2);
	assert_true(l->store->table->begin(l->store, &e));
	l->ca = ca_open(&l->policy, l->store, l->keys, &e);
	if (l->ca == NULL)
		fail_msg("%s", e.text);
	assert_true(l->store->table->commit(l->store, &e));
	l->w = (struct show_world){
	    .table = &show_all,
	    .conf = &l->conf,
	    .server_count = l->conf.server_count,
	    .now_ms = (int64_t)LAB_START * 1000,
	    .clock_trusted = true,
	    .clock_source = "NTP",
	    .seal = plain_seal,
	};
	for (size_t i = 0; i < l->conf.server_count; i++)
		l->w.server[i].conf = &l->conf.server[i];
	l->w.server[0].ca = l->ca;
}

static inline void
lab_close(struct lab *l)
{
	ca_free(l->ca);
	keys_close(l->keys);
	l->store->table->close(l->store);
	conf_free(&l->conf);
	blob_free(&l->ca_key);
	blob_free(&l->next_key);
	*l = (struct lab){0};
}

/* A Name of one RDN: common name value, as it stands. */
static inline void
lab_name(struct view value, struct blob *out)
{
	struct der_writer w = {.out = out};

	der_open(&w, DER_SEQUENCE);
	der_open(&w, DER_SET);
	der_open(&w, DER_SEQUENCE);
	der_put_oid(&w, OID_CN);
	der_put(&w, DER_UTF8, value);
	der_close(&w);
	der_close(&w);
	der_close(&w);
}

/* A request for this Name; its signature is nobody's, show does not verify. */
static inline void
lab_csr(struct view name, struct blob *out)
{
	struct blob info = {0};
	unsigned char *spki = NULL;
	int n = i2d_PUBKEY(pool_key(5), &spki);
	struct csr_spec spec = {.subject = name, .spki = view_of(spki, (size_t)n)};
	struct sig_alg alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0};

	csr_encode_info(&spec, &info);
	signed_assemble(blob_view(&info), &alg, VIEW("no signature"), out);
	OPENSSL_free(spki);
	blob_free(&info);
}

static inline int64_t
lab_request(struct lab *l, struct view name, int role, enum request_state state,
    const char *source, when_t at)
{
	const struct store_table *t = l->store->table;
	struct blob csr = {0}, hex = {0};
	static int64_t number;
	uint8_t md5[HASH_MAX], digest[32];
	struct err e = {0};
	int64_t id;

	lab_csr(name, &csr);
	assert_true(hash_bytes(HASH_MD5, blob_view(&csr), md5, &e));
	hex_add(&hex, view_of(md5, 16), true);
	number++;
	sha256(view_of(&number, sizeof(number)), digest);

	struct row_request r = {
	    .generation = 1,
	    .digest = view_of(digest, 32),
	    .identity = view_of(digest, 32),
	    .transaction = "0A0B",
	    .csr = blob_view(&csr),
	    .signer = VIEW("signer"),
	    .fingerprint = blob_cstr(&hex),
	    .source = source,
	    .role = role,
	    .state = REQUEST_PENDING,
	    .reason = "waits for the operator",
	    .made_at = at,
	    .expires_at = at + 168 * HOUR,
	};

	if (!t->request_add(l->store, &r, &id, &e))
		fail_msg("%s", e.text);
	if (state != REQUEST_PENDING)
		assert_true(
		    t->request_update(l->store, id, state, r.reason, r.expires_at, 0, &e));
	blob_free(&csr);
	blob_free(&hex);
	return id;
}

static inline void
lab_cert(struct lab *l, struct view name, struct view serial, enum cert_kind kind,
    enum cert_state state, when_t at)
{
	const struct store_table *t = l->store->table;
	uint8_t digest[32];
	struct err e = {0};
	int64_t intent;

	sha256(serial, digest);

	struct row_cert c = {
	    .generation = 1,
	    .serial = serial,
	    .serial8 = sha256_8(serial),
	    .key8 = sha256_8(serial),
	    .identity = view_of(digest, 32),
	    .subject = name,
	    .not_before = at,
	    .not_after = at + 365 * DAY,
	    .made_at = at,
	    .kind = kind,
	    .body = VIEW("body"),
	    .transaction = "",
	    .granted_by = "operator",
	};

	if (!t->cert_intent(l->store, &c, &intent, &e))
		fail_msg("%s", e.text);
	if (state != CERT_INTENT)
		assert_true(t->cert_settle(l->store, intent,
		    state == CERT_ISSUED ? VIEW("der") : (struct view){0}, &e));
}

/* The client fetched its certificate of this number. */
static inline void
lab_confirmed(struct lab *l, struct view serial)
{
	const struct store_table *t = l->store->table;
	struct row_client client = {.source = "", .asked = ""};
	struct row_cert c;
	struct err e = {0};
	uint8_t identity[32];

	assert_true(t->cert_by_serial(l->store, serial, &c, &e));
	memcpy(identity, c.identity.p, sizeof(identity));
	client.identity = view_of(identity, sizeof(identity));
	client.confirmed = c.intent;
	assert_true(t->client_put(l->store, &client, &e));
}

/* Names from text, in IOS order. */
static inline struct view
lab_dn(const char *text, struct blob *der)
{
	struct err e = {0};

	blob_clear(der);
	if (!name_parse(text, der, &e))
		fail_msg("%s", e.text);
	return blob_view(der);
}

/* What the golden files show: requests of all kinds, certificates, a revocation. */
static inline void
lab_fill(struct lab *l)
{
	const struct store_table *t = l->store->table;
	struct blob dn = {0};
	struct err e = {0};

	assert_true(t->begin(l->store, &e));
	lab_request(l, lab_dn("CN=r1,OU=CVO,O=Cisco", &dn), CERT_INITIAL, REQUEST_GRANTED,
	    "192.0.2.1", l->now + 60);
	lab_request(l, lab_dn("serialNumber=67109104+hostname=R15.labtech.su", &dn),
	    CERT_INITIAL, REQUEST_PENDING, "192.0.2.15", l->now + 120);
	lab_request(l, lab_dn("CN=ioscs RA,O=Cisco", &dn), CERT_RA, REQUEST_PENDING,
	    "192.0.2.20", l->now + 180);
	lab_request(l, lab_dn("CN=SubCA,O=Cisco", &dn), CERT_SUB_CA, REQUEST_REJECTED,
	    "192.0.2.30", l->now + 240);
	lab_request(l, lab_dn("CN=r2,OU=CVO,O=Cisco", &dn), CERT_INITIAL, REQUEST_PENDING,
	    "2001:db8::2", l->now + 300);
	lab_cert(l, lab_dn("CN=r1,OU=CVO,O=Cisco", &dn), VIEW("\x02"), CERT_INITIAL,
	    CERT_ISSUED, l->now + 90);
	lab_cert(l, lab_dn("CN=gone,O=Cisco", &dn), VIEW("\x03"), CERT_INITIAL, CERT_VOID,
	    l->now + 95);
	lab_cert(l, lab_dn("CN=lost,OU=CVO,O=Cisco", &dn), VIEW("\x0a"), CERT_RENEWAL,
	    CERT_ISSUED, l->now + 100);
	lab_cert(l, lab_dn("CN=begun,O=Cisco", &dn), VIEW("\x0b"), CERT_INITIAL, CERT_INTENT,
	    l->now + 110);
	lab_cert(l, lab_dn("CN=r3,O=Cisco", &dn),
	    VIEW("\x29\x17\x5c\xd1\x22\xf0\x01\x83\x71\xa0\x58\x99\x03\x4e\x20\xbb"),
	    CERT_INITIAL, CERT_ISSUED, l->now + 120);
	lab_cert(l, lab_dn("CN=r1,OU=CVO,O=Cisco", &dn), VIEW("\x0c"), CERT_SHADOW, CERT_ISSUED,
	    l->now + 130);
	lab_cert(l, lab_dn("CN=r3,O=Cisco", &dn), VIEW("\x0d"), CERT_SHADOW, CERT_ISSUED,
	    l->now + 140);
	lab_confirmed(l, VIEW("\x0c"));
	assert_true(t->commit(l->store, &e));
	blob_free(&dn);
	l->now += 320;
	lab_turn(l, (struct ca_event){.kind = CA_COMMAND,
			.command = CA_REVOKE,
			.serial = VIEW("\x0a"),
			.reason = 1,
			.actor = "admin"});
}

struct said {
	struct blob text;
	int status, calls;
};

/* Run one line to its end, in pieces as the daemon would. */
static inline struct said
lab_run(struct lab *l, const char *line)
{
	const struct store_table *t = l->store->table;
	struct show_answer a = {0};
	struct command_line c;
	struct said said = {0};
	struct err e = {0};
	int column;

	if (!command_parse(line, &c, &column, &e))
		fail_msg("%s: %s", line, e.text);
	do {
		assert_true(t->begin(l->store, &e));
		if (!show_run(&l->w, &c, &a, &e))
			fail_msg("%s: %s", line, e.text);
		assert_true(t->commit(l->store, &e));
		said.calls++;
	} while (a.more);
	said.text = a.text;
	said.status = a.status;
	a.text = (struct blob){0};
	show_free(&a);
	blob_cstr(&said.text);
	return said;
}

/* The same of a line that ends in json: one whole JSON value. */
static inline json_t *
run_json(struct lab *l, const char *line, int status)
{
	struct said said = lab_run(l, line);
	json_error_t e;
	json_t *tree = json_loads(blob_cstr(&said.text), JSON_REJECT_DUPLICATES, &e);

	if (tree == NULL)
		fail_msg("%s: %s at line %d: %s", line, e.text, e.line, blob_cstr(&said.text));
	assert_int_equal(said.status, status);
	blob_free(&said.text);
	return tree;
}

/* The answer has this part. */
static inline void
expect(struct lab *l, const char *line, int status, const char *part)
{
	struct said said = lab_run(l, line);

	if (strstr(blob_cstr(&said.text), part) == NULL)
		fail_msg("%s lacks '%s':\n%s", line, part, blob_cstr(&said.text));
	assert_int_equal(said.status, status);
	blob_free(&said.text);
}

#endif
