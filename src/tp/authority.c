/* authority.c - what a server says of itself. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "tp/tp_int.h"

#define BODY_MAX ((size_t)256 * 1024) /* of certificates */

/* ---- GetCACert (RFC 8894 4.2) ---- */

/* One certificate, or a certs-only message, whatever the media type says (CA-11). */
static bool
body_certs(struct view body, struct blob *scratch, struct view *out, struct err *e)
{
	struct view crls;
	struct cert one;

	if (body.n > BODY_MAX)
		return err_set(e, WHY_BAD_INPUT, "%zu octets", body.n);
	if (cert_decode(body, &one, NULL)) {
		*out = body;
		return true;
	}
	return certs_only_decode(body, scratch, out, &crls, e) ||
	       err_prefix(e, "neither a certificate nor certificates only");
}

static bool
fingerprint_is(struct view der, struct view wanted)
{
	static const enum hash hashes[] = {HASH_MD5, HASH_SHA1, HASH_SHA256};
	uint8_t digest[HASH_MAX];

	for (size_t i = 0; i < COUNT_OF(hashes); i++)
		if (wanted.n == hash_size(hashes[i]) &&
		    hash_bytes(hashes[i], der, digest, NULL) &&
		    view_equal(view_of(digest, wanted.n), wanted))
			return true;
	return false;
}

/* The CA itself, or one above it: bundle_make has verified the way up (CA-07). */
bool
authority_check(struct view bundle, const char *text, struct err *e)
{
	struct reader r = reader_of(bundle);
	struct blob wanted = {0};
	struct der d;
	struct cert c;
	bool found = false;

	if (!hex_decode(text, &wanted) || wanted.n == 0) {
		blob_free(&wanted);
		return err_set(e, WHY_BAD_INPUT, "the fingerprint to compare with is no hex");
	}
	while (!found && r.n > 0 && der_take(&r, DER_SEQUENCE, "certificate", &d, NULL) &&
	       cert_decode(d.whole, &c, NULL))
		found = c.is_ca && fingerprint_is(c.whole, blob_view(&wanted));
	blob_free(&wanted);
	return found || err_set(e, WHY_REFUSED, "the CA has another fingerprint");
}

static bool
is_held(struct tp *t, struct view bundle, struct err *e)
{
	struct blob held = {0};
	uint8_t is[32], was[32];
	bool same = shelf_look(t, TP_CA, &held, e);

	bundle_digest(bundle, is);
	bundle_digest(blob_view(&held), was);
	same = same && held.n > 0 && memcmp(is, was, sizeof(is)) == 0;
	blob_free(&held);
	return same || err_set(e, WHY_REFUSED, "another CA than the one that is held");
}

static bool
ca_trusted(struct tp *t, struct view bundle, struct err *e)
{
	return t->x->fingerprint[0] == 0 ? is_held(t, bundle, e)
					 : authority_check(bundle, t->x->fingerprint, e);
}

bool
authority_take(
    struct tp *t, struct view certs, when_t now, struct tp_effects *out, struct err *e)
{
	struct blob bundle = {0};
	struct err why = {0};
	struct cert ca;
	bool ok = bundle_make(t, certs, now, &bundle, &why) &&
		  ca_trusted(t, blob_view(&bundle), &why) &&
		  bundle_ca(blob_view(&bundle), &ca, &why);

	if (ok && now < ca.not_before)
		ok = err_set(&why, WHY_BAD_INPUT, "the CA certificate is not valid yet");
	if (ok)
		ok = switch_authenticate(t, blob_view(&bundle), out, e);
	else
		ok = talk_trouble(t, why.text, 0, now, out, e);
	blob_free(&bundle);
	return ok;
}

static bool
ca_arrived(struct tp *t, struct view body, when_t now, struct tp_effects *out, struct err *e)
{
	struct blob scratch = {0};
	struct err why = {0};
	struct view certs;
	bool ok = body_certs(body, &scratch, &certs, &why)
		      ? authority_take(t, certs, now, out, e)
		      : talk_trouble(t, why.text, 0, now, out, e);

	blob_free(&scratch);
	return ok;
}

void
authority_again(struct tp *t)
{
	if (t->wanted == NULL)
		t->wanted = mem_str("");
}

/* ---- GetCACaps (RFC 8894 3.5) ---- */

static uint16_t
caps_read(struct view body)
{
	static const struct {
		const char *word;
		uint16_t caps;
	} words[] = {
	    {"AES", CAP_AES},
	    {"DES3", CAP_DES3},
	    {"SHA-1", CAP_SHA1},
	    {"SHA-256", CAP_SHA256},
	    {"SHA-384", CAP_SHA384},
	    {"SHA-512", CAP_SHA512},
	    {"POSTPKIOperation", CAP_POST},
	    {"Renewal", CAP_RENEWAL},
	    {"GetNextCACert", CAP_NEXT_CA},
	    {"SCEPStandard", CAP_STANDARD | CAP_AES | CAP_SHA256 | CAP_POST},
	};
	uint16_t caps = 0;

	while (body.n > 0) {
		struct view line = view_cut(&body, '\n');

		while (line.n > 0 && isspace(line.p[line.n - 1]))
			line.n--;
		while (line.n > 0 && isspace(line.p[0]))
			line = view_of(line.p + 1, line.n - 1);
		for (size_t i = 0; i < COUNT_OF(words); i++)
			if (strlen(words[i].word) == line.n &&
			    strncasecmp(words[i].word, (const char *)line.p, line.n) == 0)
				caps |= words[i].caps;
	}
	return caps;
}

/* That there is no such thing, not that there is none now. */
static bool
refuses(int status)
{
	return status == 400 || status == 404 || status == 405 || status == 410 ||
	       status == 501;
}

/* Said when it is learnt, years before it matters. */
static void
lacks_note(const struct tp *t, const struct record *next, struct tp_effects *out)
{
	char until[WHEN_TEXT];

	/* in trouble the same is read again and again */
	if (next->plan.caps_next_ca || t->record.plan.ask.answer != ANSWER_GOOD)
		return;
	tp_note(out, TP_NOTED_LACKS,
	    "no GetNextCACert: before %s somebody has to authenticate the CA that follows",
	    when_rfc3339(next->plan.ca_until, until));
}

/* That word was signed by nobody: what it leaves out is not taken for gone (CC-09, CC-11). */
static bool
caps_suffice(const struct tp *t, uint16_t caps, struct err *e)
{
	const struct tp_policy *p = t->policy;

	if (p->require_standard && (caps & CAP_STANDARD) == 0)
		return err_set(e, WHY_REFUSED, "it does not say SCEPStandard");
	return p->ancient || hash_is_weak(p->hash) || (caps & (CAP_SHA256 | CAP_SHA512)) != 0 ||
	       err_set(e, WHY_REFUSED, "neither SHA-256 nor SHA-512 (compat ancient)");
}

/* An empty answer and a refusal are answers: such a server can do nothing special (CC-09). */
static bool
caps_arrived(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	bool refused = refuses(ev->status);
	struct err why = {0};

	next.caps = refused ? 0 : caps_read(ev->body);
	if (!refused && ev->body.n > 0 && next.caps == 0)
		return talk_trouble(
		    t, "GetCACaps: no word of SCEP in it, another page?", 0, now, out, e);
	if (!caps_suffice(t, next.caps, &why)) {
		err_prefix(&why, "GetCACaps");
		return talk_trouble(t, why.text, ev->retry_after, now, out, e);
	}
	next.plan.caps_known = true;
	next.plan.caps_next_ca = (next.caps & CAP_NEXT_CA) != 0;
	memset(&next.plan.fetch, 0, sizeof(next.plan.fetch));
	lacks_note(t, &next, out);
	if (!record_commit(t, &next, NULL, 0, e))
		return false;
	talk_end(t);
	return true;
}

/* ---- GetNextCACert (RFC 8894 4.7) ---- */

/* Without what is held already (NX-09). */
static void
without(struct view certs, const struct cert *held, struct blob *out)
{
	struct reader r = reader_of(certs);
	struct der d;

	while (r.n > 0 && der_any(&r, &d, NULL))
		if (!view_equal(d.whole, held->whole))
			blob_add_view(out, d.whole);
}

static bool
next_is_nested(const struct scep *m)
{
	return m->has_content && m->content.n > 0;
}

/* The nested certificates, which alone the signature covers (NX-01); those outside only by a
 * compat word (NX-02), in links those that the held CA has signed. */
static bool
next_certs(struct tp *t, const struct scep *m, struct view held, struct blob *scratch,
    struct blob *some, struct blob *links, struct err *e)
{
	struct view certs, crls;
	struct cert ca;

	if (!next_is_nested(m))
		return t->policy->outer_next_ca
			   ? outer_take(t, m->certificates, held, some, links, e)
			   : err_set(e, WHY_BAD_INPUT,
				 "the signature covers no certificate (compat outer-next-ca)");
	if (!certs_only_decode(m->content, scratch, &certs, &crls, e))
		return err_prefix(e, "what is signed");
	if (!bundle_ca(held, &ca, e))
		return false;
	without(certs, &ca, some);
	return true;
}

static bool
next_signed(struct tp *t, const struct scep *m, const struct cert *ca, struct err *e)
{
	if (!view_equal(m->signer_serial, ca->serial) ||
	    !name_equal(m->signer_issuer, ca->issuer))
		return err_set(e, WHY_REFUSED, "not signed by the CA that we hold (NX-07)");
	if (hash_is_weak(m->digest) && m->digest < ca->alg.hash)
		return err_set(e, WHY_REFUSED, "signed with %s", hash_name(m->digest));
	return keys_verify(t->keys, &ca->key, &m->alg, m->signed_attrs, m->signature, e);
}

/* NX-10, BAD-168. */
static bool
next_fits(struct tp *t, const struct cert *ca, const struct cert *next, struct view bundle,
    struct err *e)
{
	struct cert above;
	struct reader r = reader_of(bundle);
	struct der d;
	bool chained = false;

	if (!name_equal(next->subject, ca->subject))
		return err_set(e, WHY_REFUSED, "it has another name");
	if (view_equal(next->key.whole, ca->key.whole))
		return err_set(e, WHY_REFUSED, "it has the key of the present one");
	if (view_equal(next->serial, ca->serial) && name_equal(next->issuer, ca->issuer))
		return err_set(e, WHY_REFUSED, "it has the serial number of the present one");
	if (next->not_before > ca->not_after)
		return err_set(e, WHY_REFUSED, "it begins behind the end of the present one");
	if (next->not_after <= ca->not_after)
		return err_set(e, WHY_REFUSED, "it ends no later than the present one");
	while (!chained && r.n > 0 && der_take(&r, DER_SEQUENCE, "certificate", &d, NULL) &&
	       cert_decode(d.whole, &above, NULL))
		chained = above.is_ca && issued_by(t, next, &above);
	return chained || err_set(e, WHY_REFUSED, "nobody that came with it has signed it");
}

static bool
next_read(struct tp *t, struct view body, when_t now, struct blob *bundle, struct err *e)
{
	struct blob der = {0}, scratch = {0}, inner = {0}, some = {0}, links = {0};
	struct scep m;
	struct cert ca, next;
	bool ok = false;

	if (!shelf_get(t, TP_CA, &der, e) || !bundle_ca(blob_view(&der), &ca, e) ||
	    !signed_data_decode(body, &scratch, &m, e) || !next_signed(t, &m, &ca, e) ||
	    !next_certs(t, &m, blob_view(&der), &inner, &some, &links, e) ||
	    !bundle_make(t, blob_view(&some), now, bundle, e) ||
	    !bundle_ca(blob_view(bundle), &next, e))
		goto out;
	/* a CA above both is the same as before */
	blob_add_view(&some, blob_view(&der));
	ok = next_fits(t, &ca, &next, blob_view(&some), e) &&
	     (next_is_nested(&m) || outer_check(t, &next, blob_view(&links), now, e));
out:
	blob_free(&der);
	blob_free(&scratch);
	blob_free(&inner);
	blob_free(&some);
	blob_free(&links);
	return ok;
}

static bool
next_arrived(struct tp *t, struct view body, when_t now, struct tp_effects *out, struct err *e)
{
	struct record next = t->record;
	struct blob bundle = {0};
	struct err why = {0};
	struct cert ca;
	char from[WHEN_TEXT];
	bool ok = false;

	if (!next_read(t, body, now, &bundle, &why) ||
	    !bundle_ca(blob_view(&bundle), &ca, &why)) {
		err_prefix(&why, "GetNextCACert");
		ok = talk_trouble(t, why.text, 0, now, out, e);
		goto out;
	}
	next.plan.have_next_ca = true;
	next.plan.next_ca_from = ca.not_before;
	memset(&next.plan.fetch, 0, sizeof(next.plan.fetch));

	struct tp_change change = {TP_NEXT_CA, blob_view(&bundle)};

	if (!record_commit(t, &next, &change, 1, e))
		goto out;
	tp_note(out, TP_NOTED_NEXT_CA, "next CA certificate stored, it begins %s",
	    when_rfc3339(ca.not_before, from));
	talk_end(t);
	ok = true;
out:
	blob_free(&bundle);
	return ok;
}

bool
authority_answer(
    struct tp *t, const struct tp_event *ev, when_t now, struct tp_effects *out, struct err *e)
{
	bool caps = t->x->act == TP_GET_CAPS;
	char text[80];

	if (ev->status != 200 && !(caps && refuses(ev->status))) {
		(void)snprintf(text, sizeof(text), "HTTP status %d", ev->status);
		return talk_trouble(t, ev->status == 0 ? "nobody answered" : text,
		    ev->retry_after, now, out, e);
	}
	if (caps)
		return caps_arrived(t, ev, now, out, e);
	if (t->x->act == TP_GET_NEXT_CA)
		return next_arrived(t, ev->body, now, out, e);
	return ca_arrived(t, ev->body, now, out, e);
}
