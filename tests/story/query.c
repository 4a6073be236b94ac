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

/* GetCert of the certificate that "of=NAME" holds (its own by default), of its own "before"
 * that one, or of a serial in hex. */
bool
do_get_cert(struct story *s, struct client *c, struct err *e)
{
	const char *of = option(s, "of") == NULL ? c->name : option(s, "of");
	const char *number = option(s, "serial");
	struct blob serial = {0}, hex = {0};
	struct client *other;
	X509 *cert = held(c);
	bool ok = false;

	if (cert == NULL || !client_of(s, of, &other, e)) {
		err_set(e, WHY_BAD_INPUT, "%s holds no certificate", c->name);
		goto out;
	}
	peer_sign_with(&c->peer, cert, c->cert_key);
	if (!serial_in(blob_view(flag(s, "before") ? &c->before : &other->cert), &serial, e))
		goto out;
	hex_add(&hex, blob_view(&serial), true);
	blob_clear(&c->sent);
	ok = trust(s, c, e) &&
	     peer_get_cert(&c->peer, number == NULL ? blob_cstr(&hex) : number, &c->sent, e) &&
	     send_message(s, c, e);
out:
	X509_free(cert);
	blob_free(&serial);
	blob_free(&hex);
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
