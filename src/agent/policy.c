/* policy.c - a trustpoint's lines as tp's policy. */
#include <string.h>

#include "agent/agent.h"

enum hash
agent_hash(enum conf_hash hash)
{
	static const enum hash hashes[] = {
	    [CONF_HASH_SHA256] = HASH_SHA256,
	    [CONF_HASH_SHA384] = HASH_SHA384,
	    [CONF_HASH_SHA512] = HASH_SHA512,
	    [CONF_HASH_MD5] = HASH_MD5,
	    [CONF_HASH_SHA1] = HASH_SHA1,
	};

	return hashes[hash];
}

/* tp asks for the best that its server offers, up to this. */
static enum cipher
cipher_of(enum conf_cipher cipher)
{
	static const enum cipher ciphers[] = {
	    [CONF_CIPHER_AUTO] = CIPHER_AES256,
	    [CONF_CIPHER_AES128] = CIPHER_AES128,
	    [CONF_CIPHER_AES192] = CIPHER_AES192,
	    [CONF_CIPHER_AES256] = CIPHER_AES256,
	    [CONF_CIPHER_DES3] = CIPHER_DES3,
	};

	return ciphers[cipher];
}

/* Into zeros, also between the fields: those who are alike are so octet by octet. */
void
agent_policy(const struct conf_trustpoint *t, struct tp_policy *out)
{
	memset(out, 0, sizeof(*out));
	out->plan = t->plan;
	/* "regenerate" is of enrolments by hand: of all, where none is automatic. */
	out->regenerate = t->regenerate_auto || (t->regenerate && !t->plan.auto_enroll);
	out->key_kind = KEY_RSA;
	out->key_bits = t->rsa_bits;
	out->hash = agent_hash(t->hash);
	out->cipher = cipher_of(t->cipher);
	out->key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	out->eku = t->eku;
	out->outer_next_ca = t->outer_next_ca;
	out->ancient = t->compat_ancient;
	out->require_standard = t->require_standard;
	out->by_hand = t->terminal != CONF_TERMINAL_NONE && t->url[0] == 0;
}
