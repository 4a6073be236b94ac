/* kit.c - one thread's own keys and contexts. */
#include "keys/kit.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "keys/algorithm.h"
#include "keys/unwrap.h"

#define MODULUS_MAX 1024 /* octets of RSA-8192 */

static void
slot_free(struct kit_slot *s)
{
	EVP_PKEY_CTX_free(s->c);
	EVP_PKEY_free(s->own);
	pair_drop(s->pair);
	memset(s, 0, sizeof(*s));
}

void
kit_free(struct kit *k)
{
	for (size_t i = 0; i < KIT_SLOTS; i++)
		slot_free(&k->slots[i]);
}

void
kit_sweep(struct kit *k)
{
	for (size_t i = 0; i < KIT_SLOTS; i++)
		if (k->slots[i].pair != NULL && atomic_load(&k->slots[i].pair->gone))
			slot_free(&k->slots[i]);
}

static bool
slot_fits(const struct kit_slot *s, const struct kit_slot *like)
{
	if (s->pair != like->pair || s->unwraps != like->unwraps)
		return false;
	return s->unwraps ? s->padding == like->padding && s->oaep_hash == like->oaep_hash
			  : sig_alg_equal(&s->alg, &like->alg);
}

/* RSA-OAEP with the label empty and MGF1 over the same hash (wire refuses all else). */
static bool
slot_unwraps(struct kit_slot *s)
{
	const EVP_MD *md = md_of(s->oaep_hash);

	if (EVP_PKEY_decrypt_init(s->c) != 1)
		return false;
	if (s->padding ==
	    PADDING_PKCS1) /* raw: we check the padding ourselves, in constant time */
		return EVP_PKEY_CTX_set_rsa_padding(s->c, RSA_NO_PADDING) == 1;
	return s->padding == PADDING_OAEP && md != NULL &&
	       EVP_PKEY_CTX_set_rsa_padding(s->c, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(s->c, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(s->c, md) == 1;
}

/* The slot ready for this, made in place of the one unused longest; NULL when the library
 * refuses. */
static struct kit_slot *
kit_slot(struct kit *k, const struct kit_slot *like)
{
	struct kit_slot *oldest = &k->slots[0];

	k->uses++;
	for (size_t i = 0; i < KIT_SLOTS; i++) {
		struct kit_slot *s = &k->slots[i];

		if (s->pair != NULL && slot_fits(s, like)) {
			s->used = k->uses;
			return s;
		}
		if (s->used < oldest->used)
			oldest = s;
	}
	slot_free(oldest);
	*oldest = *like;
	oldest->used = k->uses;
	pair_hold(oldest->pair);
	oldest->own = EVP_PKEY_dup(oldest->pair->key);
	oldest->c =
	    oldest->own != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, oldest->own, NULL) : NULL;
	if (oldest->c != NULL && (like->unwraps ? slot_unwraps(oldest)
						: EVP_PKEY_sign_init(oldest->c) == 1 &&
						      context_set(oldest->c, &like->alg)))
		return oldest;
	slot_free(oldest);
	return NULL;
}

bool
kit_sign(struct kit *k, struct pair *p, const struct sig_alg *alg, const struct permit *permit,
    struct blob *out, struct err *e)
{
	struct kit_slot like = {.pair = p, .alg = *alg}, *s = kit_slot(k, &like);
	size_t n = (size_t)EVP_PKEY_get_size(p->key);
	struct blob b = {0};
	bool ok = s != NULL &&
		  EVP_PKEY_sign(s->c, blob_grow(&b, n), &n, permit->digest, permit->n) == 1;

	ERR_clear_error();
	if (ok) {
		b.n = n;
		blob_set(out, blob_view(&b));
	} else
		err_set(e, WHY_CRYPTO, "key '%s' did not sign with %s", p->label,
		    hash_name(alg->hash));
	blob_free(&b);
	return ok;
}

bool
kit_unwrap(
    struct kit *k, struct pair *p, const struct key_job *job, struct blob *out, struct err *e)
{
	struct kit_slot like = {
	    .pair = p, .unwraps = true, .padding = job->padding, .oaep_hash = job->oaep_hash};
	struct kit_slot *s;
	uint8_t block[MODULUS_MAX] = {0}, synthetic[KEY_WANT_MAX], *key;
	size_t n = sizeof(block);
	int got;

	if (job->padding == PADDING_PKCS1)
		like.oaep_hash = HASH_NONE;
	s = kit_slot(k, &like);
	if (s == NULL || !unwrap_synthetic(p->synthetic, job, synthetic)) {
		ERR_clear_error();
		return err_set(e, WHY_CRYPTO, "key '%s' cannot unwrap so", p->label);
	}
	got = EVP_PKEY_decrypt(s->c, block, &n, job->bytes.p, job->bytes.n);
	ERR_clear_error();
	key = blob_grow(out, job->want);
	if (job->padding == PADDING_OAEP)
		unwrap_choose((unsigned)(got == 1) & (unsigned)(n == job->want), block,
		    synthetic, job->want, key);
	else if (got == 1)
		unwrap_pkcs1(view_of(block, n), synthetic, job->want, key);
	else /* not below the modulus, or of another length: the sender knows that too */
		memcpy(key, synthetic, job->want);
	mem_wipe(block, sizeof(block));
	mem_wipe(synthetic, sizeof(synthetic));
	return true;
}
