/* test_tp_hostile.c - answers that a trustpoint must not believe. */
#include "tp_forge.h"

#define AT(days) (T0 + (days)*DAY)
#define PAGE "<html><head><title>Hotel</title></head>Log in!</html>\r\n"

/* ---- one row: what is asked, what is answered, and what is said about it ---- */

enum when {
	FIRST,	 /* the first enrolment */
	RENEWAL, /* day 24 */
	NEXT,	 /* SHADOW: the next CA, */
	SHADOW,	 /* the certificate under it, */
	CONFIRM, /* and that it arrived */
};

struct row {
	const char *sentence;
	enum when when;
	enum tp_fetch fetch;
	void (*answer)(struct bench *b, const struct tp_effect *asked, struct fetched *f);
	const char *because; /* in the note; NULL: it is believed */
};

static const struct row *playing;
static int lied;
static struct blob before;

static bool
is_time(const struct bench *b)
{
	const struct plan_tp_facts *f = tp_facts(b->tp);

	switch (playing->when) {
	case FIRST:
		return !f->have_id;
	case RENEWAL:
		return f->have_id && !f->have_next_ca;
	case NEXT:
		return !f->have_next_ca;
	case SHADOW:
		return f->have_next_ca && !f->have_shadow;
	case CONFIRM:
		return f->have_shadow;
	}
	return false;
}

/* Twice it lies; what is on the shelf when it lies again is what was there before. */
static void
lie(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	struct blob now = {0};

	if (asked->fetch != playing->fetch || !is_time(b) || lied == 2)
		return;
	bench_shelf(b, &now);
	if (lied++ == 0)
		blob_set(&before, blob_view(&now));
	else if (!view_equal(blob_view(&before), blob_view(&now)))
		fail_msg("%s: the shelf has changed", playing->sentence);
	blob_free(&now);
	playing->answer(b, asked, f);
}

static void
play(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bench b;

		playing = &rows[i];
		lied = 0;
		bench_open(&b);
		bench_short_lives(&b);
		b.tamper = lie;
		b.because = playing->because;
		bench_begin(&b);
		bench_wait(&b, AT(41));
		if (lied != 2)
			fail_msg("%s: %d lies", playing->sentence, lied);
		if (b.noted[TP_NOTED_TROUBLE] != 2 || b.matched != 2)
			fail_msg("%s: %zu troubles, %zu of that kind: %s", playing->sentence,
			    b.noted[TP_NOTED_TROUBLE], b.matched, b.complained);
		/* and it all ends well */
		if (b.noted[TP_NOTED_ACTIVATED] != 1 ||
		    bench_cert(&b, TP_ID).not_before != AT(40))
			fail_msg("%s: not over the switch", playing->sentence);
		bench_close(&b);
	}
	blob_free(&before);
}

/* ---- any answer ---- */

static void
page(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b, (void)asked;
	blob_set(&f->body, VIEW(PAGE));
}

static void
empty(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b, (void)asked;
	blob_clear(&f->body);
}

static void
cut(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b, (void)asked;
	f->body.n -= f->body.n / 3;
}

static void
tail(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b, (void)asked;
	blob_add_byte(&f->body, 0);
}

#define STATUS(name, code, seconds)                                                            \
	static void name(struct bench *b, const struct tp_effect *asked, struct fetched *f)    \
	{                                                                                      \
		(void)b, (void)asked;                                                          \
		f->status = code;                                                              \
		f->retry_after = seconds;                                                      \
	}
STATUS(silence, 0, 0)
STATUS(status_404, 404, 0)
STATUS(status_500, 500, 0)
STATUS(status_503, 503, 120)
STATUS(status_302, 302, 0)

static const struct row any_rows[] = {
    {"nobody there", FIRST, TP_GETCACERT, silence, "nobody answered"},
    {"BAD-161: a login page for a CA certificate", FIRST, TP_GETCACERT, page,
	"neither a certificate"},
    {"no CA certificate at all", FIRST, TP_GETCACERT, empty, "neither a certificate"},
    {"a CA certificate that is cut", FIRST, TP_GETCACERT, cut, "neither a certificate"},
    {"BAD-162: a redirect is no answer", FIRST, TP_GETCACERT, status_302, "HTTP status 302"},
    {"BAD-161: a login page for capabilities", FIRST, TP_GETCACAPS, page, "no word of SCEP"},
    {"capabilities, and the server is ill", FIRST, TP_GETCACAPS, status_500, "HTTP status 500"},
    {"BAD-161: a login page for a certificate", FIRST, TP_OPERATION, page, ""},
    {"an empty reply", FIRST, TP_OPERATION, empty, ""},
    {"a reply that is cut", FIRST, TP_OPERATION, cut, ""},
    {"a reply with an octet behind it", FIRST, TP_OPERATION, tail, ""},
    {"the server is ill", FIRST, TP_OPERATION, status_500, "HTTP status 500"},
    {"the server is busy", FIRST, TP_OPERATION, status_503, "HTTP status 503"},
    {"the server is gone", RENEWAL, TP_OPERATION, status_404, "HTTP status 404"},
    {"the server is silent", RENEWAL, TP_OPERATION, silence, "nobody answered"},
};

static void
no_answers(void **state)
{
	(void)state;
	play(any_rows, COUNT_OF(any_rows));
}

/* ---- CertReps ---- */

#define C(name, change)                                                                        \
	static void name(struct bench *b, const struct tp_effect *asked, struct fetched *got)  \
	{                                                                                      \
		struct forgery f;                                                              \
		forge_begin(b, asked, &f);                                                     \
		change;                                                                        \
		got->status = 200;                                                             \
		forge_seal(&f, &got->body);                                                    \
	}
static void
other_name(struct forgery *f)
{
	if (!name_parse("CN=spoke-2,OU=CVO,O=Cisco", &f->name, NULL))
		fail();
	f->cert.subject = blob_view(&f->name);
}

static void
other_key(struct forgery *f)
{
	forge_spki(STRANGER, &f->spki);
	f->cert.spki = blob_view(&f->spki);
}

C(c_flip, f.flip = true)
C(c_type, f.reply.type = SCEP_PKCSREQ)
C(c_transaction, f.reply.transaction = VIEW("ABCDEF"))
C(c_nonce, f.reply.recipient_nonce = VIEW("0123456789abcdef"))
C(c_no_nonce, f.reply.recipient_nonce = (struct view){0})
C(c_status, f.reply.status = 1)
C(c_no_status, f.reply.status = -1)
C(c_stranger, f.signer = STRANGER)
C(c_unknown, (f.signer = STRANGER, f.reply.signer_serial = VIEW("\x42")))
C(c_itself, (f.reply.signer_issuer = f.asked.signer_issuer,
		f.reply.signer_serial = f.asked.signer_serial))
C(c_md5, f.reply.digest = HASH_MD5)
C(c_sha1, f.reply.digest = HASH_SHA1)
C(c_next, (f.signer = NEXT_KEY, f.reply.signer_serial = VIEW("\x42")))
C(c_empty, f.no_content = true)
C(c_recipient, f.for_another = true)
C(c_wrapped, f.key_of_another = true)
C(c_des, f.cipher = CIPHER_DES)
C(c_text, f.text_inside = true)
C(c_none, f.copies = 0)
C(c_two, f.copies = 2)
C(c_key, other_key(&f))
C(c_name, other_name(&f))
C(c_issuer, f.issuer = STRANGER)
C(c_ca, f.cert.is_ca = true)
C(c_cert_sign, f.cert.key_usage |= KU_CERT_SIGN)
C(c_ended, (f.cert.not_before = b->w.now - 9 * DAY, f.cert.not_after = b->w.now))
C(c_reversed, f.cert.not_after = f.cert.not_before)
C(c_early, f.cert.not_before = b->w.now + 1)
C(c_aki, f.cert.aki = VIEW("12345678901234567890"))
C(c_older, f.cert.not_before = T0 - 1)
C(c_pending_confirm, f.reply.status = SCEP_PENDING)
C(c_active, f.issuer = CA_KEY)
C(c_short, (f.cert.not_before = b->w.now, f.cert.not_after = AT(40)))

/* The certificate that it holds, once more (ST-06). */
C(c_held, blob_set(&f.ready, bench_cert(b, TP_ID).whole))

static const struct row cert_rows[] = {
    {"a signature with an octet changed", FIRST, TP_OPERATION, c_flip, "does not verify"},
    {"not a CertRep", FIRST, TP_OPERATION, c_type, "not of a CertRep"},
    {"BAD-148, AT-04: another's transaction", FIRST, TP_OPERATION, c_transaction,
	"transactionID"},
    {"BAD-148, AT-04: another's nonce", FIRST, TP_OPERATION, c_nonce, "recipientNonce"},
    {"AT-05: no nonce", FIRST, TP_OPERATION, c_no_nonce, "recipientNonce"},
    {"MT-03: a status that there is not", FIRST, TP_OPERATION, c_status, "pkiStatus"},
    {"no status", FIRST, TP_OPERATION, c_no_status, "pkiStatus"},
    {"BAD-165: a stranger who says that he is the CA", FIRST, TP_OPERATION, c_stranger,
	"does not verify"},
    {"BAD-165: a stranger who does not", FIRST, TP_OPERATION, c_unknown,
	"not signed by the CA"},
    {"BAD-165: a CA that we do not hold", RENEWAL, TP_OPERATION, c_next,
	"not signed by the CA"},
    {"a reply by our own certificate", FIRST, TP_OPERATION, c_itself, "not signed by the CA"},
    {"signed with MD5", FIRST, TP_OPERATION, c_md5, "md5"},
    {"signed with SHA-1", RENEWAL, TP_OPERATION, c_sha1, "sha1"},
    {"BAD-164: SUCCESS without content", FIRST, TP_OPERATION, c_empty, "without content"},
    {"BAD-164: an envelope for somebody else", FIRST, TP_OPERATION, c_recipient,
	"for somebody else"},
    /* "cannot be opened", or one time in 256, when the padding fits by chance, that what is in
     * it makes no sense. */
    {"an envelope that only another key opens", FIRST, TP_OPERATION, c_wrapped, ""},
    {"CC-11: single DES", FIRST, TP_OPERATION, c_des, "compat ancient"},
    {"text in the envelope", FIRST, TP_OPERATION, c_text, ""},
    {"BAD-164: no certificate", FIRST, TP_OPERATION, c_none, "0 certificates"},
    {"BAD-164: two certificates for our key", FIRST, TP_OPERATION, c_two, "2 certificates"},
    {"BAD-124, RP-03: a certificate for another key", FIRST, TP_OPERATION, c_key,
	"0 certificates"},
    {"BAD-124: one for another name", FIRST, TP_OPERATION, c_name, "another name"},
    {"RP-04: one that the CA did not sign", FIRST, TP_OPERATION, c_issuer, "not by the CA"},
    {"BAD-124: a CA's", FIRST, TP_OPERATION, c_ca, "is a CA's"},
    {"RP-04: one that may sign certificates", FIRST, TP_OPERATION, c_cert_sign, "is a CA's"},
    {"RP-04: one that names another key of the CA", FIRST, TP_OPERATION, c_aki, "another key"},
    {"RP-04: one that has ended", FIRST, TP_OPERATION, c_ended, "has ended"},
    {"RP-04: one that is never valid", FIRST, TP_OPERATION, c_reversed, "has ended"},
    {"RP-04: one that is not valid yet", FIRST, TP_OPERATION, c_early, "not valid yet"},
    {"one that is older than ours", RENEWAL, TP_OPERATION, c_older, "no newer"},
    {"ST-06: a renewal that brings what we have", RENEWAL, TP_OPERATION, c_held, "no newer"},
    {"a shadow by the active CA", SHADOW, TP_OPERATION, c_active, "not by the CA"},
    {"a shadow that a stranger signed", SHADOW, TP_OPERATION, c_issuer, "not by the CA"},
    {"a shadow that ends at the switch", SHADOW, TP_OPERATION, c_short, "before the switch"},
    {"a shadow for another name", SHADOW, TP_OPERATION, c_name, "another name"},
    {"a shadow of a CA", SHADOW, TP_OPERATION, c_ca, "is a CA's"},
    {"PENDING, though only asked for a certificate", CONFIRM, TP_OPERATION, c_pending_confirm,
	"PENDING"},
    {"another certificate than the one that is to be confirmed", CONFIRM, TP_OPERATION, c_key,
	"another certificate"},
};

static void
bad_replies(void **state)
{
	(void)state;
	play(cert_rows, COUNT_OF(cert_rows));
}

/* ---- GetCACert and GetNextCACert ---- */

struct next_want {
	const char *name;
	size_t key, issuer, signer;
	when_t from, until;
	bool no_ca, own_serial, outside, bare, current, twice;
	enum hash digest;
	/* a link certificate beside it */
	bool link, link_no_ca;
	size_t link_key, link_by;
	when_t link_from, link_until;
};

static void
next_certs(const struct cert *ca, const struct next_want *w, struct blob *certs)
{
	struct blob name = {0}, spki = {0};
	uint8_t serial[] = {0x6b, 0x01};
	struct cert_spec s = {
	    .serial = w->own_serial ? ca->serial : view_of(serial, sizeof(serial)),
	    .not_before = w->from,
	    .not_after = w->until,
	    .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
	    .path_len = -1,
	    .is_ca = !w->no_ca,
	    .key_usage = w->no_ca ? KU_DIGITAL_SIGNATURE : KU_CERT_SIGN | KU_CRL_SIGN,
	};

	if (!name_parse(w->name, &name, NULL))
		fail();
	s.issuer = s.subject = blob_view(&name);
	forge_spki(w->key, &spki);
	s.spki = blob_view(&spki);
	forge_cert(&s, w->issuer, certs);
	if (w->twice) {
		forge_spki(STRANGER_2, &spki);
		s.spki = blob_view(&spki);
		serial[1]++;
		forge_cert(&s, STRANGER_2, certs);
	}
	if (w->link) {
		forge_spki(w->link_key, &spki);
		s.spki = blob_view(&spki);
		serial[1]++;
		s.not_before = w->link_from;
		s.not_after = w->link_until;
		s.is_ca = !w->link_no_ca;
		forge_cert(&s, w->link_by, certs);
	}
	blob_free(&name);
	blob_free(&spki);
}

/* As good as can be but for w: and then nobody would have the key. */
static struct next_want
next_good(void)
{
	return (struct next_want){.name = "CN=RootCA,OU=TAC,O=Cisco",
	    .key = STRANGER,
	    .issuer = STRANGER,
	    .signer = CA_KEY,
	    .from = AT(40),
	    .until = AT(80),
	    .digest = HASH_SHA256,
	    .link_key = STRANGER,
	    .link_by = CA_KEY,
	    .link_from = AT(20),
	    .link_until = AT(40)};
}

static void
next_answer(struct bench *b, const struct next_want *w, struct fetched *f)
{
	struct cert ca = bench_cert(b, TP_CA);
	struct blob certs = {0}, content = {0};

	if (w->current)
		blob_set(&certs, ca.whole);
	else
		next_certs(&ca, w, &certs);
	certs_only_encode(blob_view(&certs), (struct view){0}, &content);
	f->status = 200;
	if (w->bare)
		blob_set(&f->body, blob_view(&content));
	else
		forge_signed(&ca, w->signer, w->digest,
		    w->outside ? (struct view){0} : blob_view(&content), blob_view(&certs),
		    &f->body);
	blob_free(&certs);
	blob_free(&content);
}

#define N(function, change)                                                                    \
	static void function(                                                                  \
	    struct bench *b, const struct tp_effect *asked, struct fetched *f)                 \
	{                                                                                      \
		struct next_want w = next_good();                                              \
		(void)asked;                                                                   \
		change;                                                                        \
		next_answer(b, &w, f);                                                         \
	}
N(n_bare, w.bare = true)
N(n_stranger, w.signer = STRANGER)
N(n_outside, w.outside = true)
N(n_current, w.current = true)
N(n_twice, w.twice = true)
N(n_no_ca, w.no_ca = true)
N(n_name, w.name = "CN=RootCA2,OU=TAC,O=Cisco")
N(n_key, w.key = w.issuer = CA_KEY)
N(n_serial, w.own_serial = true)
N(n_gap, w.from = AT(40) + 1)
N(n_short, (w.from = AT(1), w.until = AT(40)))
N(n_ended, (w.from = AT(1), w.until = AT(30)))
N(n_itself, w.issuer = STRANGER_2)
N(n_md5, w.digest = HASH_MD5)

static const struct row next_rows[] = {
    {"NX-12: there is none yet", NEXT, TP_GETNEXTCACERT, status_404, "HTTP status 404"},
    {"NX-12: a login page", NEXT, TP_GETNEXTCACERT, page, "GetNextCACert"},
    {"NX-12: nothing", NEXT, TP_GETNEXTCACERT, empty, "GetNextCACert"},
    {"NX-12: a part of it", NEXT, TP_GETNEXTCACERT, cut, "GetNextCACert"},
    {"NX-07: signed by nobody", NEXT, TP_GETNEXTCACERT, n_bare, "without signer"},
    {"NX-07: signed by a stranger", NEXT, TP_GETNEXTCACERT, n_stranger, "does not verify"},
    {"NX-02: certificates that the signature does not cover", NEXT, TP_GETNEXTCACERT, n_outside,
	"covers no certificate"},
    {"signed with MD5", NEXT, TP_GETNEXTCACERT, n_md5, "md5"},
    {"NX-05: the present one", NEXT, TP_GETNEXTCACERT, n_current, "no certificate"},
    {"BAD-168: two of them", NEXT, TP_GETNEXTCACERT, n_twice, "2 CA certificates"},
    {"BAD-168: CA:FALSE", NEXT, TP_GETNEXTCACERT, n_no_ca, "no CA certificate"},
    {"BAD-168: another name", NEXT, TP_GETNEXTCACERT, n_name, "another name"},
    {"BAD-168: the same key", NEXT, TP_GETNEXTCACERT, n_key, "key of the present"},
    {"NX-17: the same serial number", NEXT, TP_GETNEXTCACERT, n_serial, "serial number"},
    {"BAD-168: a gap before it", NEXT, TP_GETNEXTCACERT, n_gap, "behind the end"},
    {"NX-10: it ends with the present one", NEXT, TP_GETNEXTCACERT, n_short, "no later"},
    {"BAD-133: it has ended", NEXT, TP_GETNEXTCACERT, n_ended, "has ended"},
    {"BAD-168: nobody above it", NEXT, TP_GETNEXTCACERT, n_itself, "has signed it"},
};

static void
bad_next_cas(void **state)
{
	(void)state;
	play(next_rows, COUNT_OF(next_rows));
}

/* NX-09: what is outside the signature is not looked at when there is something inside. */
static void
evil_outside(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	struct next_want w = next_good();
	struct blob certs = {0}, scratch = {0}, other = {0};
	struct cert ca;
	struct scep m;
	struct scep_spec s;

	if (asked->fetch != TP_GETNEXTCACERT || f->status != 200)
		return;
	ca = bench_cert(b, TP_CA);
	next_certs(&ca, &w, &certs);
	assert_true(signed_data_decode(blob_view(&f->body), &scratch, &m, NULL));
	s = (struct scep_spec){.status = -1,
	    .fail = -1,
	    .digest = m.digest,
	    .has_content = true,
	    .content = m.content,
	    .signer_issuer = ca.issuer,
	    .signer_serial = ca.serial,
	    .certificates = blob_view(&certs),
	    .alg = m.alg};
	scep_assemble(&s, m.signed_attrs, m.signature, &other);
	blob_set(&f->body, blob_view(&other));
	blob_free(&other);
	blob_free(&certs);
	blob_free(&scratch);
}

static void
only_what_is_signed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = evil_outside;
	bench_begin(&b);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_TROUBLE], 0);
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	assert_int_equal(bench_cert(&b, TP_ID).not_before, AT(40));
	bench_close(&b);
}

/* ---- the old form, where somebody allowed it: the signature is anybody's ---- */

N(o_other_issuer, (w.outside = true, w.issuer = STRANGER_2))
N(o_itself, (w.outside = true, w.issuer = CA_KEY))
N(o_link, w.outside = w.link = true)
N(o_back, (w.outside = w.link = true, w.link_key = CA_KEY, w.link_by = STRANGER))
N(o_by_itself, (w.outside = w.link = true, w.link_by = STRANGER))
N(o_by_another, (w.outside = w.link = true, w.link_by = STRANGER_2))
N(o_for_another, (w.outside = w.link = true, w.link_key = STRANGER_2))
N(o_no_ca, w.outside = w.link = w.link_no_ca = true)
N(o_before, (w.outside = w.link = true, w.link_from = AT(-1)))
N(o_over, (w.outside = w.link = true, w.link_until = AT(25)))
N(o_twice, w.outside = w.twice = true)

#define NOTHING_PROVES "then configure: fingerprint "

static const struct {
	const char *sentence;
	void (*answer)(struct bench *b, const struct tp_effect *asked, struct fetched *f);
	const char *because; /* NULL: it is believed */
	/* the line of the trustpoint, HASH_NONE: that of the first CA stays */
	enum hash fingerprint;
	bool wrong;
} outer_rows[] = {
    {"a stranger's own", n_outside, NOTHING_PROVES, HASH_NONE, false},
    {"a link by the CA that is held", o_link, NULL, HASH_NONE, false},
    {"the CA that is held has signed it", o_itself, NULL, HASH_NONE, false},
    {"a link by its own key", o_by_itself, "2 CA certificates", HASH_NONE, false},
    {"a link by another key", o_by_another, "2 CA certificates", HASH_NONE, false},
    {"a link for another key", o_for_another, NOTHING_PROVES, HASH_NONE, false},
    {"a link that is no CA's", o_no_ca, NOTHING_PROVES, HASH_NONE, false},
    {"a link for the CA of before", o_before, "2 CA certificates", HASH_NONE, false},
    {"a link back to the CA that is held", o_back, NOTHING_PROVES, HASH_NONE, false},
    {"a link that has ended", o_over, NOTHING_PROVES, HASH_NONE, false},
    {"its SHA-256", n_outside, NULL, HASH_SHA256, false},
    {"its SHA-1", n_outside, NULL, HASH_SHA1, false},
    {"its MD5", n_outside, NULL, HASH_MD5, false},
    {"another fingerprint", n_outside, NOTHING_PROVES, HASH_SHA256, true},
    {"its fingerprint, and another one beside it", o_twice, "2 CA certificates", HASH_SHA256,
	false},
    {"signed by nobody", o_other_issuer, "has signed it", HASH_NONE, false},
};

static size_t outer_row;

static void
outer_form(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	if (asked->fetch == TP_GETNEXTCACERT)
		outer_rows[outer_row].answer(b, asked, f);
}

/* Of the certificate of next_good. */
static void
next_fingerprint(enum hash hash, bool wrong, char out[2 * HASH_MAX + 1])
{
	struct next_want w = next_good();
	struct blob cert = {0}, hex = {0};
	uint8_t digest[HASH_MAX];

	next_certs(NULL, &w, &cert);
	assert_true(hash_bytes(hash, blob_view(&cert), digest, NULL));
	digest[0] ^= wrong;
	hex_add(&hex, view_of(digest, hash_size(hash)), true);
	memcpy(out, blob_cstr(&hex), hex.n + 1);
	blob_free(&cert);
	blob_free(&hex);
}

/* As its operator does it: the line is changed while the first CA is held. */
static void
outer_play(struct bench *b, char fingerprint[2 * HASH_MAX + 1])
{
	bench_open(b);
	bench_short_lives(b);
	b->tamper = outer_form;
	b->policy.outer_next_ca = true;
	b->because = outer_rows[outer_row].because;
	bench_begin(b);
	bench_wait(b, AT(1));
	if (outer_rows[outer_row].fingerprint != HASH_NONE) {
		next_fingerprint(outer_rows[outer_row].fingerprint, outer_rows[outer_row].wrong,
		    fingerprint);
		b->setup.fingerprint = fingerprint;
		bench_reopen(b);
	}
	bench_wait(b, AT(38));
}

static void
outer_by_a_word(void **state)
{
	char line[2 * HASH_MAX + 1], is[2 * HASH_MAX + 1];
	struct bench b;

	(void)state;
	for (outer_row = 0; outer_row < COUNT_OF(outer_rows); outer_row++) {
		const char *because = outer_rows[outer_row].because;

		outer_play(&b, line);
		if (bench_has(&b, TP_NEXT_CA) != (because == NULL) ||
		    b.matched != b.noted[TP_NOTED_TROUBLE] ||
		    (b.matched == 0) != (because == NULL))
			fail_msg("NX-02: %s: %zu troubles, %zu of that kind: %s",
			    outer_rows[outer_row].sentence, b.noted[TP_NOTED_TROUBLE],
			    b.matched, b.complained);
		next_fingerprint(HASH_SHA256, false, is);
		if (because != NULL && strcmp(because, NOTHING_PROVES) == 0 &&
		    strstr(b.complained, is) == NULL)
			fail_msg("%s: what to configure? %s", outer_rows[outer_row].sentence,
			    b.complained);
		/* the first CA's is what it was, and works */
		assert_int_equal(bench_cert(&b, TP_CA).not_before, T0);
		assert_true(bench_has(&b, TP_ID));
		bench_close(&b);
	}
}

/* ---- CAs above the CA, which GetCACert brings unsigned ---- */

#define ROOT "CN=RootCA,OU=TAC,O=Cisco"

static struct blob root; /* as the server has it */
static bool below;	 /* a CA under the root answers */
static bool planted;	 /* and another root stands above the first */

static void
ca_cert(const char *subject, size_t key, const char *issuer, size_t by, struct blob *out)
{
	struct blob names[2] = {{0}}, spki = {0};

	if (!name_parse(subject, &names[0], NULL) || !name_parse(issuer, &names[1], NULL))
		fail();
	forge_spki(key, &spki);
	forge_cert(&(struct cert_spec){.serial = VIEW("\x31\x34"),
		       .issuer = blob_view(&names[1]),
		       .subject = blob_view(&names[0]),
		       .spki = blob_view(&spki),
		       .not_before = T0,
		       .not_after = AT(40),
		       .alg = {KEY_RSA, HASH_SHA256, PADDING_PKCS1, 0},
		       .path_len = -1,
		       .is_ca = true,
		       .key_usage = KU_CERT_SIGN},
	    by, out);
	blob_free(&names[0]);
	blob_free(&names[1]);
	blob_free(&spki);
}

static void
with_those_above(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	struct blob certs = {0};

	(void)b;
	if (asked->fetch != TP_GETCACERT)
		return;
	if (root.n == 0)
		blob_set(&root, blob_view(&f->body));
	if (below)
		ca_cert("CN=Below", STRANGER_2, ROOT, CA_KEY, &certs);
	if (!below || !planted)
		blob_add_view(&certs, blob_view(&root));
	if (planted) {
		ca_cert(ROOT, CA_KEY, "CN=Evil", STRANGER, &certs);
		ca_cert("CN=Evil", STRANGER, "CN=Evil", STRANGER, &certs);
	}
	blob_clear(&f->body);
	certs_only_encode(blob_view(&certs), (struct view){0}, &f->body);
	blob_free(&certs);
}

/* They would be trusted by all that read ca-bundle.pem. */
static void
nobody_above(void **state)
{
	struct bench b;
	struct blob held = {0}, now = {0};

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = with_those_above;
	b.behind = planted = true;
	bench_begin(&b);
	bench_wait(&b, AT(0) + HOUR);
	assert_true(b.shelf->table->get(b.shelf, TP_CA, &now, NULL));
	assert_true(view_equal(blob_view(&now), blob_view(&root)));
	below = true;
	planted = false;
	bench_authenticate(&b, b.fingerprint);
	assert_int_equal(b.noted[TP_NOTED_CA], 2);
	assert_true(b.shelf->table->get(b.shelf, TP_CA, &held, NULL));
	assert_true(held.n > root.n);
	planted = true;
	bench_authenticate(&b, ""); /* as when an RA is not known */
	assert_true(b.shelf->table->get(b.shelf, TP_CA, &now, NULL));
	assert_true(view_equal(blob_view(&held), blob_view(&now)));
	blob_free(&held);
	blob_free(&now);
	blob_free(&root);
	bench_close(&b);
}

/* A FAILURE for GetCert: it cannot be told, and need not (BAD-165 aside, the switch comes). */
static void
refuses_getcert(struct bench *b, const struct tp_effect *asked, struct fetched *got)
{
	struct forgery f;

	if (asked->fetch != TP_OPERATION || !tp_facts(b->tp)->have_shadow)
		return;
	forge_begin(b, asked, &f);
	f.reply.status = SCEP_FAILURE;
	f.reply.fail = SCEP_BAD_REQUEST;
	forge_seal(&f, &got->body);
}

static void
cannot_be_told(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	bench_short_lives(&b);
	b.tamper = refuses_getcert;
	bench_begin(&b);
	bench_wait(&b, AT(39));
	assert_true(tp_facts(b.tp)->confirmed);
	assert_int_equal(b.noted[TP_NOTED_REJECTED], 0);
	bench_wait(&b, AT(41));
	assert_int_equal(b.noted[TP_NOTED_ACTIVATED], 1);
	bench_close(&b);
}

/* ---- no octet of an answer may change ---- */

static size_t octet;

static void
one_octet(struct bench *b, const struct tp_effect *asked, struct fetched *f)
{
	(void)b;
	if (asked->fetch != TP_OPERATION || lied++ > 0)
		return;
	f->body.p[octet % f->body.n] ^= 0x01;
}

/* Either it is refused, or it is what was meant: never another certificate. */
static void
no_octet_may_change(void **state)
{
	struct bench b;
	size_t refused = 0;

	(void)state;
	for (octet = 0; octet < 2600; octet += 41) {
		lied = 0;
		bench_open(&b);
		bench_short_lives(&b);
		b.tamper = one_octet;
		bench_begin(&b);
		bench_wait(&b, AT(0) + HOUR);
		assert_true(tp_facts(b.tp)->have_id);
		assert_int_equal(b.noted[TP_NOTED_ID], 1);
		assert_int_equal(b.signed_as[SIGN_REQUEST], 1);
		refused += b.noted[TP_NOTED_TROUBLE];
		bench_close(&b);
	}
	assert_true(refused > 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_answers),
	    cmocka_unit_test(bad_replies),
	    cmocka_unit_test(bad_next_cas),
	    cmocka_unit_test(only_what_is_signed),
	    cmocka_unit_test(outer_by_a_word),
	    cmocka_unit_test(nobody_above),
	    cmocka_unit_test(cannot_be_told),
	    cmocka_unit_test(no_octet_may_change),
	};

	log_open("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
