/* mask.c - secrets replaced by what behaves the same. */
#include "cmd/mask.h"

#include <string.h>

void
mask_octets(const struct mask *m, struct view secret, uint8_t *out)
{
	struct blob keyed = {0}, digits = {0};
	bool printable = printable_legal(secret);
	uint8_t hash[32];

	blob_add(&keyed, m->key, sizeof(m->key));
	blob_add_view(&keyed, secret);
	sha256(blob_view(&keyed), hash);
	hex_add(&digits, view_of(hash, sizeof(hash)), true);
	if (!printable)
		digits.p[0] = '*';
	for (size_t i = 0; i < secret.n; i++)
		out[i] = secret.p[i] == 0 ? 0 : digits.p[i % digits.n];
	blob_free(&keyed);
	blob_free(&digits);
}

static void
mask_part(const struct mask *m, struct blob *whole, struct view part)
{
	mask_octets(m, part, whole->p + (part.p - whole->p));
}

void
mask_csr(void *mask, struct blob *csr)
{
	struct csr c;

	if (!csr_decode(blob_view(csr), &c, NULL)) {
		memset(csr->p, 0, csr->n);
	} else if (c.has_challenge) {
		mask_part(mask, csr, c.challenge);
		mask_part(mask, csr, c.signature);
	}
}

bool
mask_csr_info(const struct mask *m, struct blob *info)
{
	struct csr c;

	if (!csr_decode_info(blob_view(info), &c, NULL) || !c.has_challenge)
		return false;
	mask_part(m, info, c.challenge);
	return true;
}

/* Ciphertext of plain under key, with the IV and cipher of v. */
static bool
encrypt(const struct envelope *v, struct view key, struct view plain, struct blob *out,
    struct err *e)
{
	struct envelope_spec spec = {
	    .issuer = VIEW("\x30\x00"),
	    .serial = VIEW("\x01"),
	    .wrapped_key = v->wrapped_key,
	    .padding = PADDING_PKCS1,
	    .cipher = v->cipher,
	    .key = key,
	    .iv = v->iv,
	    .plain = plain,
	};
	struct blob content = {0}, scratch = {0};
	struct envelope made;
	enum scep_fail fail;
	bool ok = envelope_encode(&spec, &content, e) &&
		  envelope_decode(blob_view(&content), &scratch, &made, &fail, e);

	if (ok)
		blob_set(out, made.ciphertext);
	blob_free(&content);
	blob_free(&scratch);
	return ok;
}

/* What it opened to, without secrets; what did not open is random and stays so. */
static bool
masked_ciphertext(const struct mask *m, const struct envelope *v, int type,
    const struct blob *key, struct view new_key, struct blob *out, struct err *e)
{
	struct blob plain = {0}, none = {0};
	bool ok;

	if (envelope_open(v, blob_view(key), &plain, NULL)) {
		if (type == SCEP_PKCSREQ || type == SCEP_RENEWALREQ)
			mask_csr((void *)(uintptr_t)m, &plain);
		ok = encrypt(v, new_key, blob_view(&plain), out, e);
	} else {
		blob_set(out, v->ciphertext);
		do
			mask_octets(m, blob_view(out), out->p);
		while (envelope_open(v, new_key, &none, NULL));
		ok = true;
	}
	blob_free(&plain);
	blob_free(&none);
	return ok;
}

/* old, wherever it stands in b, becomes as many octets of now. */
static bool
replace(struct blob *b, struct view old, struct view now)
{
	uint8_t *at = old.n == 0 || old.n != now.n ? NULL : memmem(b->p, b->n, old.p, old.n);

	if (at != NULL)
		memcpy(at, now.p, now.n);
	return at != NULL;
}

bool
mask_message(const struct mask *m, struct view message, struct blob *key, struct blob *out,
    struct err *e)
{
	struct blob scratch = {0}, inner = {0}, ciphertext = {0}, new_key = {0};
	uint8_t before[HASH_MAX], after[HASH_MAX];
	struct view der, content;
	struct scep s;
	struct envelope v;
	enum scep_fail fail;
	bool ok = false;

	mask_octets(m, blob_view(key), blob_grow(&new_key, key->n));
	if (!ber_normalise(message, &scratch, &der, e))
		goto out;
	blob_set(out, der);
	blob_clear(&scratch);
	if (scep_decode(blob_view(out), &scratch, &s, e) != SCEP_OK ||
	    !hash_bytes(s.digest, s.content, before, e) ||
	    !envelope_decode(s.content, &inner, &v, &fail, e) ||
	    !masked_ciphertext(m, &v, s.type, key, blob_view(&new_key), &ciphertext, e))
		goto out;
	content = s.content;
	if (!replace(out, v.ciphertext, blob_view(&ciphertext)) ||
	    !hash_bytes(s.digest, content, after, e) ||
	    !replace(out, view_of(before, hash_size(s.digest)),
		view_of(after, hash_size(s.digest)))) {
		err_set(e, WHY_BAD_INPUT, "BER inside");
		goto out;
	}
	ok = true;
out:
	blob_set(key, blob_view(&new_key));
	blob_free(&scratch);
	blob_free(&inner);
	blob_free(&ciphertext);
	blob_free(&new_key);
	return ok;
}
