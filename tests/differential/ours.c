/* ours.c - what our decoders make of a message. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "keys/keys.h"
#include "tests/differential/facts.h"
#include "wire/wire.h"

void
ours_message(struct view in, struct facts *out)
{
	struct blob scratch = {0};
	struct scep m = {0};
	struct err e = {0};

	if (scep_decode(in, &scratch, &m, &e) != SCEP_OK)
		goto out;
	if (m.signer.whole.n == 0) {
		err_set(&e, WHY_NOT_FOUND, "signer not enclosed");
		goto out;
	}
	if (!key_verify(&m.signer.key, &m.alg, m.signed_attrs, m.signature, &e))
		goto out;
	out->taken = true;
	fact(out, "certificate", m.signer.whole);
	fact(out, "signing key", m.signer.key.whole);
	fact(out, "signer's issuer", m.signer_issuer);
	fact(out, "signer's serial", m.signer_serial);
	fact(out, "digest", view_str(hash_name(m.digest)));
	fact_number(out, "PSS", m.alg.padding == PADDING_PSS);
	fact(out, "content", m.content);
	fact_number(out, "messageType", m.type);
	fact_number(out, "transactionID's tag", m.transaction_tag);
	fact(out, "transactionID", m.transaction);
	fact(out, "senderNonce", m.sender_nonce);
	fact(out, "recipientNonce", m.recipient_nonce);
	fact_number(out, "pkiStatus", m.status);
	fact_number(out, "failInfo", m.fail);
	fact(out, "failInfoText", m.fail_text);
	fact_number(out, "signers", 1); /* as the door promises */
	fact_number(out, "data inside", 1);
out:
	snprintf(out->why, sizeof(out->why), "%s", e.text);
	blob_free(&scratch);
}

/* As the CA asks (ca/exchange.c): is it for us? */
static bool
addressed(const struct envelope *v, struct err *e)
{
	struct blob der = {0};
	uint8_t *p = NULL;
	int n = i2d_X509(forms_ca(), &p);
	struct cert ca = {0};
	bool ok;

	blob_add(&der, p, (size_t)n);
	OPENSSL_free(p);
	ok = cert_decode(blob_view(&der), &ca, e) &&
	     (v->ski.n > 0
		     ? view_equal(v->ski, ca.ski)
		     : view_equal(v->serial, ca.serial) && name_equal(v->issuer, ca.issuer));
	blob_free(&der);
	return ok || err_set(e, WHY_NOT_FOUND, "not addressed to this CA");
}

static bool
unwrap(const struct envelope *v, struct blob *key)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(forms_ca_key(), NULL);
	const EVP_MD *md = EVP_get_digestbyname(hash_name(v->oaep_hash));
	size_t n = 512;
	bool ok = EVP_PKEY_decrypt_init(c) == 1;

	if (v->padding == PADDING_OAEP)
		ok = ok && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_oaep_md(c, md) == 1;
	ok = ok && EVP_PKEY_decrypt(
		       c, blob_grow(key, n), &n, v->wrapped_key.p, v->wrapped_key.n) == 1;
	key->n = ok ? n : 0;
	EVP_PKEY_CTX_free(c);
	ERR_clear_error();
	return ok;
}

void
ours_envelope(struct view in, struct facts *out)
{
	struct blob scratch = {0}, key = {0}, plain = {0};
	struct envelope v;
	enum scep_fail fail;
	struct err e = {0};

	if (!envelope_decode(in, &scratch, &v, &fail, &e) || !addressed(&v, &e))
		goto out;
	if (!unwrap(&v, &key)) {
		err_set(&e, WHY_CRYPTO, "content key cannot be unwrapped");
		goto out;
	}
	if (!envelope_open(&v, blob_view(&key), &plain, &e))
		goto out;
	out->taken = true;
	fact(out, "plain", blob_view(&plain));
	fact(out, "issuer", v.issuer);
	fact(out, "serial", v.serial);
	fact(out, "key identifier", v.ski);
	fact(out, "cipher", view_str(cipher_name(v.cipher)));
	fact_number(out, "recipients", 1); /* as the door promises */
	fact_number(out, "OAEP", v.padding == PADDING_OAEP);
out:
	snprintf(out->why, sizeof(out->why), "%s", e.text);
	blob_free(&scratch);
	blob_free(&key);
	blob_free(&plain);
}

void
ours_request(struct view in, struct facts *out)
{
	struct csr c;
	struct err e = {0};

	if (csr_decode(in, &c, &e) && key_verify(&c.key, &c.alg, c.info, c.signature, &e)) {
		out->taken = true;
		fact(out, "subject", c.subject);
		fact(out, "key", c.key.whole);
		fact_number(out, "challenge's tag", c.has_challenge ? c.challenge_tag : 0);
		fact(out, "challenge", c.challenge);
		fact_number(out, "keyUsage", c.has_key_usage ? (int64_t)c.key_usage : -1);
		fact_number(out, "extKeyUsage",
		    c.eku & (EKU_CLIENT_AUTH | EKU_SERVER_AUTH | EKU_IPSEC_END_SYSTEM));
		fact_number(out, "basicConstraints", c.wants_ca);
		fact(out, "subjectAltName", c.san);
	}
	snprintf(out->why, sizeof(out->why), "%s", e.text);
}

void
ours_number(struct view in, struct facts *out)
{
	struct view issuer, serial;
	struct err e = {0};

	out->taken = issuer_and_serial_decode(in, &issuer, &serial, &e);
	if (out->taken) {
		fact(out, "issuer", issuer);
		fact(out, "serial", serial);
	}
	snprintf(out->why, sizeof(out->why), "%s", e.text);
}
