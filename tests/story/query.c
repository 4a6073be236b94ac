/* query.c - clients ask for certificates by number. */
#include <openssl/x509.h>
#include <string.h>

#include <stdlib.h>

#include "tests/story/story.h"

static bool
serial_in(struct view der, struct blob *out, struct err *e)
{
	const uint8_t *p = der.p;
	X509 *x = der.n == 0 ? NULL : d2i_X509(NULL, &p, (long)der.n);
	BIGNUM *bn;

	if (x == NULL)
		return err_set(e, WHY_BAD_INPUT, "no certificate is held");
	bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	BN_bn2bin(bn, blob_grow(out, (size_t)BN_num_bytes(bn)));
	BN_free(bn);
	X509_free(x);
	return true;
}

bool
serial_of(const struct client *c, struct blob *out, struct err *e)
{
	return serial_in(blob_view(&c->cert), out, e) || err_prefix(e, "%s", c->name);
}

/* The answer is by the active CA, the certificate inside by the next one. */
static bool
believe_next(struct story *s, struct client *c, struct err *e)
{
	struct peer fresh = {.now = s->w.now};
	struct blob certs = {0};
	bool ok = peer_next(&c->peer, blob_view(&s->w.next), &certs, e) &&
		  peer_trust(&fresh, blob_view(&certs), e);

	if (ok) {
		X509_free(c->peer.ca);
		c->peer.ca = X509_dup(fresh.ca);
	}
	peer_free(&fresh);
	blob_free(&certs);
	return ok;
}

/* Which certificate is asked for. */
static struct view
wanted(const struct story *s, const struct client *of)
{
	if (flag(s, "its-shadow"))
		return blob_view(&of->shadow);
	return blob_view(flag(s, "before") ? &of->before : &of->cert);
}

/* GetCert of the certificate that "of=NAME" holds (its own by default), of its own "before"
 * that one, of "its-shadow", or of a serial in hex. */
bool
do_get_cert(struct story *s, struct client *c, struct err *e)
{
	const char *of = option(s, "of") == NULL ? c->name : option(s, "of");
	const char *number = option(s, "serial");
	struct blob serial = {0}, hex = {0}, active = {0}, before = {0};
	struct client *other;
	X509 *cert = held(c);
	EVP_PKEY *key = c->cert_key;
	bool ok = false;

	if (cert == NULL || !client_of(s, of, &other, e)) {
		err_set(e, WHY_BAD_INPUT, "%s holds no certificate", c->name);
		goto out;
	}
	peer_sign_with(&c->peer, cert, c->cert_key);
	if (!serial_in(wanted(s, other), &serial, e))
		goto out;
	hex_add(&hex, blob_view(&serial), true);
	blob_set(&active, blob_view(&c->cert));
	blob_set(&before, blob_view(&c->before));
	if (flag(s, "its-shadow"))
		blob_set(&c->cert, blob_view(&c->shadow));
	blob_clear(&c->sent);
	ok = trust(s, c, e) &&
	     peer_get_cert(&c->peer, number == NULL ? blob_cstr(&hex) : number, &c->sent, e) &&
	     (!flag(s, "its-shadow") || believe_next(s, c, e)) && send_message(s, c, e);
	/* It holds what it held. */
	blob_set(&c->cert, blob_view(&active));
	blob_set(&c->before, blob_view(&before));
	c->cert_key = key;
out:
	X509_free(cert);
	blob_free(&active);
	blob_free(&before);
	blob_free(&serial);
	blob_free(&hex);
	return ok;
}

/* "expect confirmed NAME held|shadow|another|none": what the muster knows to be stored there;
 * another than its shadow. */
bool
expect_confirmed(struct story *s, struct err *e)
{
	const struct store_table *st = s->w.store->table;
	bool none = strcmp(s->word[3], "none") == 0,
	     another = strcmp(s->word[3], "another") == 0;
	bool shadow = another || strcmp(s->word[3], "shadow") == 0;
	struct blob serial = {0};
	struct row_client row;
	struct row_cert cert;
	struct client *c;
	int64_t intent;
	bool ok = client_of(s, s->word[2], &c, e) &&
		  serial_in(blob_view(shadow ? &c->shadow : &c->cert), &serial, e) &&
		  st->cert_by_serial(s->w.store, blob_view(&serial), &cert, e);

	if (ok) {
		intent = cert.intent;
		ok = st->client_get(s->w.store, cert.identity, &row, e) &&
		     ((none ? row.confirmed == 0
			    : row.confirmed != 0 && (row.confirmed == intent) != another) ||
			 err_set(e, WHY_REFUSED, "confirmed is %ld, the certificate %ld",
			     (long)row.confirmed, (long)intent));
	}
	blob_free(&serial);
	return ok;
}

bool
do_crl(struct story *s, struct client *c, struct err *e)
{
	X509 *cert = held(c);
	bool ok;

	if (cert == NULL)
		return err_set(e, WHY_BAD_INPUT, "%s holds no certificate", c->name);
	blob_clear(&c->sent);
	ok = algorithms(s, c, e) && trust(s, c, e) &&
	     peer_get_crl(&c->peer, cert, &c->sent, e) && send_message(s, c, e);
	X509_free(cert);
	return ok;
}

/* "revoked N": that many certificates of elsewhere more, in the store alone. */
bool
do_revoked(struct story *s, struct err *e)
{
	const struct store_table *st = s->w.store->table;
	struct blob entry = {0};
	bool ok = st->begin(s->w.store, e);

	for (uint32_t n = (uint32_t)strtoul(s->word[1], NULL, 10); ok && n > 0; n--) {
		uint8_t serial[16] = {0x41, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

		blob_clear(&entry);
		crl_entry_encode(view_of(serial, sizeof(serial)), s->w.now, 0, &entry);
		ok = st->revoked_add(s->w.store, blob_view(&entry), e);
	}
	blob_free(&entry);
	return ok && st->commit(s->w.store, e);
}
