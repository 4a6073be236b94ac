/* test_lists.c - revocation lists that trustpoints want, and checks by them. */
#include "agent_lab.h"

#include <openssl/evp.h>
#include <sys/resource.h>

#include "agent/lists_int.h"

#define NOW (T0 + DAY)
#define URL "http://ca.example/list.crl"

enum { CA, NEXT, STRANGER, SIGNERS }; /* whose pair it is */

static struct {
	int status;
	struct blob text;
	size_t times;
} said; /* to the operator */

static void
on_answer(void *arg, uint64_t client, int status, struct view text)
{
	(void)arg;
	assert_int_equal(client, 5);
	said.status = status;
	said.times++;
	blob_set(&said.text, text);
}

static void
said_this(const char *sentence, int status, const char *words)
{
	if (said.times != 1 || said.status != status ||
	    strstr(blob_cstr(&said.text), words) == NULL)
		fail_msg("%s: %zu answers, status %d: %s", sentence, said.times, said.status,
		    blob_cstr(&said.text));
	said.times = 0;
}

/* ---- what CAs sign ---- */

static void
sign(int who, enum hash hash, const struct blob *tbs, struct blob *out)
{
	struct sig_alg alg = {KEY_RSA, hash, PADDING_PKCS1, 0};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[256];
	size_t n = sizeof(signature);

	assert_int_equal(
	    EVP_DigestSignInit(ctx, NULL, hash == HASH_SHA1 ? EVP_sha1() : EVP_sha256(), NULL,
		pool_key(10 + (size_t)who)),
	    1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, tbs->p, tbs->n), 1);
	EVP_MD_CTX_free(ctx);
	blob_clear(out);
	signed_assemble(blob_view(tbs), &alg, view_of(signature, n), out);
}

struct want { /* a certificate; of a CA: its own */
	int signer;
	const char *subject, *issuer, *cdp;
	when_t from, until;
	const struct blob *spki; /* NULL: the signer's */
	uint32_t usage;
	uint8_t serial;
};

static void
certify(const struct want *w, struct blob *out)
{
	struct blob s = {0}, i = {0}, spki = {0}, tbs = {0};
	struct cert_spec spec = {
	    .serial = view_of(&w->serial, 1),
	    .not_before = w->from,
	    .not_after = w->until,
	    .alg = RSA_SHA256,
	    .path_len = -1,
	    .is_ca = w->spki == NULL,
	    .key_usage = w->usage,
	    .cdp = w->cdp,
	};

	client_spki(10 + (size_t)w->signer, &spki);
	name_of(w->subject, &s);
	name_of(w->issuer, &i);
	spec.subject = blob_view(&s);
	spec.issuer = blob_view(&i);
	spec.spki = blob_view(w->spki != NULL ? w->spki : &spki);
	cert_encode_tbs(&spec, &tbs);
	sign(w->signer, HASH_SHA256, &tbs, out);
	blob_free(&s);
	blob_free(&i);
	blob_free(&spki);
	blob_free(&tbs);
}

static const struct want the_ca = {.signer = CA,
    .subject = "CN=ROOT",
    .issuer = "CN=ROOT",
    .from = T0,
    .until = T0 + 100 * DAY,
    .usage = KU_CERT_SIGN | KU_CRL_SIGN,
    .serial = 1};
static const struct want the_id = {.signer = CA,
    .subject = "CN=r1",
    .issuer = "CN=ROOT",
    .cdp = URL,
    .from = T0,
    .until = T0 + 50 * DAY,
    .usage = KU_DIGITAL_SIGNATURE,
    .serial = 2};

static void
hold(struct member *m, enum tp_leaf leaf, const struct want *w)
{
	struct blob der = {0};
	struct tp_change change = {leaf, {0}};

	certify(w, &der);
	change.bytes = blob_view(&der);
	assert_true(m->shelf->table->put(m->shelf, &change, 1, NULL));
	blob_free(&der);
}

struct issue { /* a list */
	int signer;
	const char *issuer;
	uint64_t number;
	when_t from, until;
	enum hash hash;
	uint8_t revoked; /* 0: nothing */
	uint32_t many;	 /* and so many more */
};

static void
issue(const struct issue *w, struct blob *out)
{
	struct blob name = {0}, tbs = {0}, entries = {0};
	uint8_t aki[20] = {1};
	struct crl_spec spec = {.aki = view_of(aki, 20),
	    .this_update = w->from,
	    .next_update = w->until,
	    .number = w->number,
	    .alg = {KEY_RSA, w->hash, PADDING_PKCS1, 0}};

	name_of(w->issuer, &name);
	spec.issuer = blob_view(&name);
	for (uint32_t i = 1; i <= w->many; i++) {
		uint8_t serial[16] = {
		    0x40, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

		crl_entry_encode(view_of(serial, sizeof(serial)), T0, 1, &entries);
	}
	if (w->revoked != 0)
		crl_entry_encode(view_of(&w->revoked, 1), T0, 1, &entries);
	spec.entries = blob_view(&entries);
	crl_encode_tbs(&spec, &tbs);
	sign(w->signer, w->hash, &tbs, out);
	blob_free(&name);
	blob_free(&tbs);
	blob_free(&entries);
}

static const struct issue the_list = {.signer = CA,
    .issuer = "CN=ROOT",
    .number = 7,
    .from = NOW,
    .until = NOW + 10 * DAY,
    .hash = HASH_SHA256};

/* ---- fetches ---- */

static size_t
fetches(void)
{
	return lab->a.waiting[PENDING_FETCH].count;
}

/* The courier has an answer to the first one. */
static void
answer(int status, const struct blob *body, const char *reason, int64_t retry_after)
{
	struct pending *p = lab->a.waiting[PENDING_FETCH].first;
	struct courier_got got = {.status = status, .retry_after = retry_after};
	struct blob message = {0};

	assert_non_null(p);
	got.id = p->id;
	if (body != NULL)
		got.body = blob_view(body);
	if (status == 0)
		got.reason = view_str(reason);
	pending_sent(&lab->a, p);
	courier_got_encode(&got, &message);
	assert_true(agent_courier_said(&lab->a, blob_view(&message), NULL));
	blob_free(&message);
}

static void
answer_list(const struct issue *w)
{
	struct blob der = {0};

	issue(w, &der);
	answer(200, &der, "", 0);
	blob_free(&der);
}

static void
begin(void)
{
	lab_open("", "");
	lab->a.o.answer = on_answer;
	lab->kin.policy.plan.retry_count = 10;
	lab->kin.policy.plan.retry_period = MINUTE;
	lab->facts.authenticated = lab->facts.have_id = true;
	lab->facts.id_from = lab->facts.ca_from = T0;
	lab->facts.id_until = lab->facts.ca_until = T0 + 5000 * DAY;
	lab->trustpoint[0].checks[0] = CONF_CHECK_CRL;
	hold(&lab->m, TP_CA, &the_ca);
	lab->a.clock.now = NOW;
}

static void
begin_id(const struct want *w)
{
	struct want id = *w;

	id.spki = &lab->spki;
	hold(&lab->m, TP_ID, &id);
}

static void
end(void)
{
	lists_free(&lab->m);
	lists_free(&lab->other);
	lab_close();
	blob_free(&said.text);
	said.times = 0;
}

/* ---- which lists are good (BAD-170) ---- */

static const struct {
	const char *sentence;
	struct issue list;
	uint32_t ca_usage; /* 0: as it should be */
	when_t extend;
	int status;
	const char *words;
	size_t kept;
} lists_rows[] = {
    {"a good one", {CA, "CN=ROOT", 8, NOW, NOW + DAY, HASH_SHA256, 0}, 0, 0, DONE,
	"CRL of cn=ROOT, number 8, 0 revoked", 8},
    {"the same once more", {CA, "CN=ROOT", 7, NOW - 10, NOW + DAY, HASH_SHA256, 0}, 0, 0, DONE,
	"number 7", 7},
    {"a stranger's under the CA's name",
	{STRANGER, "CN=ROOT", 8, NOW, NOW + DAY, HASH_SHA256, 0}, 0, 0, REFUSED,
	"no CA that is held here has signed it", 7},
    {"by the CA's key under another name", {CA, "CN=TOOR", 8, NOW, NOW + DAY, HASH_SHA256, 0},
	0, 0, REFUSED, "no CA that is held here has signed it", 7},
    {"of a CA that may sign no lists", {CA, "CN=ROOT", 8, NOW, NOW + DAY, HASH_SHA256, 0},
	KU_CERT_SIGN, 0, REFUSED, "no CA that is held here has signed it", 7},
    {"signed with SHA-1", {CA, "CN=ROOT", 8, NOW, NOW + DAY, HASH_SHA1, 0}, 0, 0, REFUSED,
	"it is signed with", 7},
    {"of a clock that is five minutes ahead",
	{CA, "CN=ROOT", 8, NOW + 5 * MINUTE, NOW + DAY, HASH_SHA256, 0}, 0, 0, DONE, "number 8",
	8},
    {"of one that is more ahead",
	{CA, "CN=ROOT", 8, NOW + 5 * MINUTE + 1, NOW + DAY, HASH_SHA256, 0}, 0, 0, REFUSED,
	"it is not valid yet", 7},
    {"one that ends in a second", {CA, "CN=ROOT", 8, NOW - 9, NOW + 1, HASH_SHA256, 0}, 0, 0,
	DONE, "number 8", 8},
    {"one that has ended", {CA, "CN=ROOT", 8, NOW - 9, NOW, HASH_SHA256, 0}, 0, 0, REFUSED,
	"it has ended", 7},
    {"one that has ended, and crl cache extend",
	{CA, "CN=ROOT", 8, NOW - 9, NOW, HASH_SHA256, 0}, 0, HOUR, DONE, "number 8", 8},
    {"an older number", {CA, "CN=ROOT", 6, NOW, NOW + DAY, HASH_SHA256, 0}, 0, 0, REFUSED,
	"number 6 is older than that of the one kept", 7},
    {"a higher number of before", {CA, "CN=ROOT", 8, NOW - 11, NOW + DAY, HASH_SHA256, 0}, 0, 0,
	REFUSED, "older than that of the one kept", 7},
    {"the next CA's, at the address of this one",
	{NEXT, "CN=ROOT", 9, NOW, NOW + DAY, HASH_SHA256, 0}, 0, 0, REFUSED,
	"it is of another CA that is held", 7},
};

static void
which_are_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(lists_rows); i++) {
		const char *sentence = lists_rows[i].sentence;
		struct issue before = the_list;
		struct want ca = the_ca, next = the_ca;

		begin();
		if (lists_rows[i].ca_usage != 0)
			ca.usage = lists_rows[i].ca_usage;
		next.signer = NEXT;
		hold(&lab->m, TP_CA, &the_ca);
		hold(&lab->m, TP_NEXT_CA, &next);
		begin_id(&the_id);
		lists_work(&lab->m, NOW);
		before.from = NOW - 10;
		before.until = NOW + DAY;
		answer_list(&before);
		lab_at(NOW);
		hold(&lab->m, TP_CA, &ca);
		lab->trustpoint[0].crl_cache.extend = lists_rows[i].extend;
		command_begin(&lab->m, 5, CMD_CRL_REQUEST);
		assert_int_equal(lists_ask(&lab->m), 1);
		answer_list(&lists_rows[i].list);
		lab_at(NOW);
		said_this(sentence, lists_rows[i].status, lists_rows[i].words);
		if (lists_rows[i].ca_usage == 0 &&
		    lab->m.lists->kept[0].number != lists_rows[i].kept)
			fail_msg("%s: number %ju is kept", sentence,
			    (uintmax_t)lab->m.lists->kept[0].number);
		/* a CA that is none of ours any more has no list here */
		assert_int_equal(lab->m.lists->count, lists_rows[i].ca_usage != 0	  ? 0
						      : lists_rows[i].list.signer == NEXT ? 2
											  : 1);
		end();
	}
}

static long
peak_kib(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

/* As long as a list may be: taken, and known again after a start. */
static void
the_longest(void **state)
{
	struct issue list = the_list;
	struct blob der = {0};
	int64_t begun;
	long peak = peak_kib();

	(void)state;
	list.many = 171186;
	begin();
	begin_id(&the_id);
	lists_work(&lab->m, NOW);
	issue(&list, &der);
	assert_in_range(der.n, LIST_MAX - 1000, LIST_MAX);
	answer(200, &der, "", 0);
	begun = clock_mono_ms();
	lab_at(NOW);
	print_message("# %zu octets, %u revoked: %lld ms, %ld KiB more\n", der.n, list.many,
	    (long long)(clock_mono_ms() - begun), peak_kib() - peak);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lab->m.lists->count, 1);
		assert_int_equal(lab->m.lists->kept[0].entries, list.many);
		lists_free(&lab->m);
		lists_open(&lab->m);
	}
	blob_free(&der);
	end();
}

static void
no_list_comes(void **state)
{
	static const struct {
		int status;
		const char *reason;
		int code;
		const char *words;
	} rows[] = {
	    {0, "no route", UNREACHABLE, "% No CRL from " URL ": no route."},
	    {0, "a\nb", UNREACHABLE, "a\\"},
	    {404, "", REFUSED, "HTTP status 404"},
	    {200, "", REFUSED, "% No CRL from " URL},
	};
	struct blob junk = {0};

	(void)state;
	blob_add_str(&junk, "<html>");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		begin();
		begin_id(&the_id);
		command_begin(&lab->m, 5, CMD_CRL_REQUEST);
		assert_int_equal(lists_ask(&lab->m), 1);
		answer(rows[i].status, rows[i].status == 200 ? &junk : NULL, rows[i].reason, 0);
		lab_at(NOW);
		said_this(rows[i].words, rows[i].code, rows[i].words);
		assert_int_equal(lab->m.lists->count, 0);
		end();
	}
	blob_free(&junk);
}

/* ---- when ---- */

/* Until this second none is asked for, and then one is. */
static void
asks_at(when_t at)
{
	lab_at(at - 1);
	assert_int_equal(fetches(), 0);
	lab_at(at);
	assert_int_equal(fetches(), 1);
}

static void
when_they_are_fetched(void **state)
{
	(void)state;
	begin();
	begin_id(&the_id);
	identity_look(&lab->m);
	lab_at(NOW);
	assert_int_equal(fetches(), 1); /* at once */
	answer_list(&the_list);
	asks_at(NOW + 9 * DAY); /* at 90 % */
	answer(503, NULL, "", HOUR);
	asks_at(NOW + 9 * DAY + HOUR); /* as the server says */
	answer_list(&the_list);
	lab_at(NOW + 9 * DAY + HOUR);
	assert_int_equal(fetches(), 0); /* the next one is not out yet */
	assert_true(lab->m.lists->at > NOW + 9 * DAY + HOUR &&
		    lab->m.lists->at <= NOW + 9 * DAY + 3 * HOUR);
	lab->trustpoint[0].crl_cache.keep_most = HOUR;
	identity_look(&lab->m);
	lab_at(NOW + 9 * DAY + 2 * HOUR - 1);
	assert_int_equal(lab->m.lists->count, 1);
	lab_at(NOW + 9 * DAY + 2 * HOUR);
	assert_int_equal(lab->m.lists->count, 0); /* "crl cache delete-after" */
	end();
}

static void
when_none_is(void **state)
{
	static const struct {
		uint8_t check;
		bool none, has_cdp;
	} rows[] = {{CONF_CHECK_NONE, false, true}, {CONF_CHECK_OCSP, false, true},
	    {CONF_CHECK_CRL, true, true}, {CONF_CHECK_CRL, false, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct want id = the_id;

		begin();
		id.cdp = rows[i].has_cdp ? URL : NULL;
		begin_id(&id);
		lab->trustpoint[0].checks[0] = rows[i].check;
		lab->trustpoint[0].crl_cache.none = rows[i].none;
		identity_look(&lab->m);
		lab_at(NOW);
		if (fetches() != 0)
			fail_msg("row %zu: it is fetched", i);
		end();
	}
}

/* ---- several want one ---- */

static void
second(void)
{
	struct want id = the_id;

	snprintf(lab->trustpoint[1].name, sizeof(lab->trustpoint[1].name), "R2");
	lab->trustpoint[1].checks[0] = CONF_CHECK_CRL;
	lab->conf.trustpoint_count = 2;
	lab->other = lab->m;
	lab->other.name = lab->trustpoint[1].name;
	lab->other.number = 1;
	lab->other.lists = NULL;
	lab->other.identity.look = false;
	lab->other.shelf = tp_shelf_memory();
	assert_true(dir_make(agent_path(lab->state, "R2", NULL, (char[512]){0}), 0700, NULL));
	id.spki = &lab->spki;
	hold(&lab->other, TP_CA, &the_ca);
	hold(&lab->other, TP_ID, &id);
	lab->heap[1] = &lab->other;
	lab->other.at = 1;
	lab->a.count = lab->a.living_count = 2;
}

static void
second_ends(void)
{
	lab->other.shelf->table->close(lab->other.shelf);
	end();
}

static void
both(when_t at)
{
	identity_look(&lab->m);
	identity_look(&lab->other);
	lab_at(at);
}

static void
one_serves_all(void **state)
{
	when_t again;

	(void)state;
	begin();
	begin_id(&the_id);
	second();
	both(NOW);
	assert_int_equal(fetches(), 1);
	answer(503, NULL, "", 0);
	lab_at(NOW);
	/* its trouble is that of both, said once, and they try again in the same second */
	assert_int_equal(lab->m.counters.list_failures + lab->other.counters.list_failures, 1);
	again = lab->m.lists->at;
	assert_true(again > NOW && again == lab->other.lists->at);
	lab_at(again);
	assert_int_equal(fetches(), 1);
	answer_list(&the_list);
	lab_at(again);
	assert_int_equal(lab->m.lists->count, 1);
	assert_int_equal(lab->other.lists->count, 1);
	assert_int_equal(lab->m.counters.list_fetches + lab->other.counters.list_fetches, 2);
	assert_null(lab->a.cdps);
	second_ends();
}

static void
another_way(void **state)
{
	(void)state;
	begin();
	begin_id(&the_id);
	second();
	snprintf(lab->trustpoint[1].proxy, sizeof(lab->trustpoint[1].proxy), "proxy.example");
	both(NOW);
	assert_int_equal(fetches(), 2);
	answer_list(&the_list);
	lab_at(NOW);
	assert_int_equal(lab->m.lists->count + lab->other.lists->count, 1);
	answer_list(&the_list);
	lab_at(NOW);
	assert_int_equal(lab->m.lists->count + lab->other.lists->count, 2);
	second_ends();
}

static void
who_asked_is_gone(void **state)
{
	(void)state;
	begin();
	begin_id(&the_id);
	second();
	both(NOW);
	assert_int_equal(fetches(), 1);
	for (size_t i = 0; i < 2; i++) { /* whoever it was */
		struct member *m = i == 0 ? &lab->m : &lab->other;

		if (lab->a.waiting[PENDING_FETCH].first->member != m)
			continue;
		pending_free_all(&lab->a, m);
		lists_free(m);
		m->tp = NULL;
		answer_list(&the_list);
		lab_at(NOW);
		assert_null(m->lists);
		assert_int_equal((i == 0 ? &lab->other : &lab->m)->lists->count, 1);
		break;
	}
	second_ends();
}

/* ---- is it good? ---- */

struct validated {
	const char *sentence;
	struct want ca, id;
	struct issue list;
	uint8_t checks[2];
	bool forgotten; /* the key is */
	int http;	/* 0: nobody answers; -1: nobody is asked */
	int status;
	const char *words;
};

static void
validated_row(const struct validated *r)
{
	struct want id = r->id;
	struct key_job forget = job_of(KEY_FORGET, "R1");
	struct blob der = {0}, another = {0};

	begin();
	hold(&lab->m, TP_CA, &r->ca);
	client_spki(13, &another);
	id.spki = id.serial == 3 ? &another : &lab->spki;
	hold(&lab->m, TP_ID, &id);
	memcpy(lab->trustpoint[0].checks, r->checks, sizeof(r->checks));
	lab->trustpoint[0].crl_cache.none = true; /* each row asks */
	if (r->forgotten)
		must(lab->a.o.keys, &forget, NULL);
	validate(&lab->m, 5, NULL);
	lab_at(NOW);
	if (fetches() != (r->http >= 0 ? 1 : 0))
		fail_msg("%s: %zu fetches; %s", r->sentence, fetches(), blob_cstr(&said.text));
	if (r->http >= 0) {
		issue(&r->list, &der);
		answer(r->http, r->http == 200 ? &der : NULL, "silence", 0);
		lab_at(NOW);
	}
	said_this(r->sentence, r->status, r->words);
	blob_free(&der);
	blob_free(&another);
	end();
}

#define CA_UNTIL(when)                                                                         \
	{                                                                                      \
		CA, "CN=ROOT", "CN=ROOT", NULL, T0, when, NULL, KU_CERT_SIGN | KU_CRL_SIGN, 1  \
	}
#define GOOD_CA CA_UNTIL(T0 + 100 * DAY)
#define ID(signer, cdp, from, until, serial)                                                   \
	{                                                                                      \
		signer, "CN=r1", "CN=ROOT", cdp, from, until, NULL, KU_DIGITAL_SIGNATURE,      \
		    serial                                                                     \
	}
#define GOOD_ID ID(CA, URL, T0, T0 + 50 * DAY, 2)
#define LIST(signer, revoked)                                                                  \
	{                                                                                      \
		signer, "CN=ROOT", 7, NOW, NOW + DAY, HASH_SHA256, revoked                     \
	}

static const struct validated validated_rows[] = {
    {"all is well", GOOD_CA, GOOD_ID, LIST(CA, 0), {CONF_CHECK_CRL}, false, 200, DONE,
	"Not revoked"},
    {"another one is revoked", GOOD_CA, GOOD_ID, LIST(CA, 9), {CONF_CHECK_CRL}, false, 200,
	DONE, "Not revoked"},
    {"revoked", GOOD_CA, GOOD_ID, LIST(CA, 2), {CONF_CHECK_CRL}, false, 200, REFUSED,
	"it was revoked"},
    {"revoked, and crl none", GOOD_CA, GOOD_ID, LIST(CA, 2), {CONF_CHECK_CRL, CONF_CHECK_NONE},
	false, 200, REFUSED, "it was revoked"},
    {"a stranger's list", GOOD_CA, GOOD_ID, LIST(STRANGER, 0), {CONF_CHECK_CRL}, false, 200,
	REFUSED, "nothing says whether it is revoked: no CA that is held here has signed it"},
    {"a stranger's list, and crl none", GOOD_CA, GOOD_ID, LIST(STRANGER, 2),
	{CONF_CHECK_CRL, CONF_CHECK_NONE}, false, 200, DONE, "Revocation not checked"},
    {"nobody answers", GOOD_CA, GOOD_ID, LIST(CA, 0), {CONF_CHECK_CRL}, false, 0, UNREACHABLE,
	"nothing says whether it is revoked: silence"},
    {"nobody answers, and crl none", GOOD_CA, GOOD_ID, LIST(CA, 0),
	{CONF_CHECK_CRL, CONF_CHECK_NONE}, false, 0, DONE, "Revocation not checked: silence"},
    {"revocation-check none", GOOD_CA, GOOD_ID, LIST(CA, 2), {CONF_CHECK_NONE}, false, -1, DONE,
	"Revocation not checked: revocation-check none"},
    {"ocsp alone", GOOD_CA, GOOD_ID, LIST(CA, 0), {CONF_CHECK_OCSP}, false, -1, REFUSED,
	"OCSP is not spoken here"},
    {"no address", GOOD_CA, ID(CA, NULL, T0, T0 + 50 * DAY, 2), LIST(CA, 0), {CONF_CHECK_CRL},
	false, -1, REFUSED, "no address of a CRL is known"},
    {"it begins in a second", GOOD_CA, ID(CA, URL, NOW + 1, NOW + DAY, 2), LIST(CA, 0),
	{CONF_CHECK_CRL}, false, -1, REFUSED, "the certificate begins"},
    {"it begins now", GOOD_CA, ID(CA, URL, NOW, NOW + DAY, 2), LIST(CA, 0), {CONF_CHECK_CRL},
	false, 200, DONE, "is valid"},
    {"it ends now", GOOD_CA, ID(CA, URL, T0, NOW, 2), LIST(CA, 0), {CONF_CHECK_CRL}, false, -1,
	REFUSED, "the certificate has ended"},
    {"it ends in a second", GOOD_CA, ID(CA, URL, T0, NOW + 1, 2), LIST(CA, 0), {CONF_CHECK_CRL},
	false, 200, DONE, "is valid"},
    {"its CA ends now", CA_UNTIL(NOW), GOOD_ID, LIST(CA, 0), {CONF_CHECK_CRL}, false, -1,
	REFUSED, "the certificate of a CA has ended"},
    {"another CA has issued it", GOOD_CA, ID(STRANGER, URL, T0, T0 + 50 * DAY, 2), LIST(CA, 0),
	{CONF_CHECK_CRL}, false, -1, REFUSED, "the CA that is held has not issued it"},
    {"it is for another key", GOOD_CA, ID(CA, URL, T0, T0 + 50 * DAY, 3), LIST(CA, 0),
	{CONF_CHECK_CRL}, false, -1, REFUSED, "the public key inside is not that of 'R1'"},
    {"its key is gone", GOOD_CA, GOOD_ID, LIST(CA, 0), {CONF_CHECK_CRL}, true, -1, REFUSED,
	"its key is not to be had"},
};

static void
is_it_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(validated_rows); i++)
		validated_row(&validated_rows[i]);
}

/* The list that is kept will do, while it is good. */
static void
by_the_one_kept(void **state)
{
	(void)state;
	begin();
	begin_id(&the_id);
	identity_look(&lab->m);
	lab_at(NOW);
	answer_list(&the_list);
	lab_at(NOW);
	validate(&lab->m, 5, NULL);
	lab_at(NOW);
	assert_int_equal(fetches(), 0);
	said_this("by the one kept", DONE, "Not revoked");
	assert_int_equal(lab->m.counters.valid, 1);
	lab->facts.have_id = false;
	validate(&lab->m, 5, NULL);
	said_this("before enrolment", REFUSED, "has no certificate");
	end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(which_are_good),
	    cmocka_unit_test(the_longest),
	    cmocka_unit_test(no_list_comes),
	    cmocka_unit_test(when_they_are_fetched),
	    cmocka_unit_test(when_none_is),
	    cmocka_unit_test(one_serves_all),
	    cmocka_unit_test(another_way),
	    cmocka_unit_test(who_asked_is_gone),
	    cmocka_unit_test(is_it_valid),
	    cmocka_unit_test(by_the_one_kept),
	};

	log_open("test", LOG_NOTHING);
	return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
