/* strength.c - old algorithms: how old, for whom. */
#include "ca/strength.h"

#define RSA_BITS 2048	      /* at least, without a word */
#define RSA_BITS_ANCIENT 1024 /* at least, with any */

static bool
few_bits(int bits, int least)
{
	return bits > 0 && bits < least;
}

/* Weakest first: the first that is found decides. */
struct weakness
strength_of(const struct makings *m)
{
	const struct {
		bool found;
		struct weakness weakness;
	} parts[] = {
	    {few_bits(m->signer_bits, RSA_BITS_ANCIENT),
		{LEVEL_NEVER, SCEP_BAD_ALG,
		    "RSA key of the signer's certificate has under 1024 bits"}},
	    {few_bits(m->csr_bits, RSA_BITS_ANCIENT),
		{LEVEL_NEVER, SCEP_BAD_REQUEST, "RSA key of the request has under 1024 bits"}},
	    {few_bits(m->signer_bits, RSA_BITS),
		{LEVEL_ANCIENT, SCEP_BAD_ALG,
		    "RSA key of the signer's certificate has under 2048 bits"}},
	    {few_bits(m->csr_bits, RSA_BITS),
		{LEVEL_ANCIENT, SCEP_BAD_ALG, "RSA key of the request has under 2048 bits"}},
	    {m->cipher == CIPHER_DES,
		{LEVEL_ANCIENT, SCEP_BAD_ALG, "envelope is encrypted with single DES"}},
	    {m->digest == HASH_MD5,
		{LEVEL_ANCIENT, SCEP_BAD_ALG, "message is signed with MD5"}},
	    {m->digest == HASH_SHA1,
		{LEVEL_LEGACY, SCEP_BAD_ALG, "message is signed with SHA-1"}},
	    {m->csr == HASH_MD5, {LEVEL_LEGACY, SCEP_BAD_ALG, "request is signed with MD5"}},
	    {m->csr == HASH_SHA1, {LEVEL_LEGACY, SCEP_BAD_ALG, "request is signed with SHA-1"}},
	    {m->no_sender_nonce,
		{LEVEL_LEGACY, SCEP_BAD_REQUEST, "message has no senderNonce"}},
	};

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (parts[i].found)
			return parts[i].weakness;
	return (struct weakness){.level = LEVEL_MODERN};
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* The last '*' takes as little as it can, and one more whenever the rest does not fit. */
bool
subject_fits(const char *pattern, const char *subject)
{
	const char *star = NULL, *from = NULL;

	if (*pattern == 0)
		return true;
	while (*subject != 0) {
		if (*pattern == '*') {
			star = ++pattern;
			from = subject;
		} else if (*pattern != 0 && lower(*pattern) == lower(*subject)) {
			pattern++;
			subject++;
		} else if (star != NULL) {
			pattern = star;
			subject = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

static bool
word_fits(const struct ca_word *w, const char *subject)
{
	return w->on && (subject == NULL || subject_fits(w->subjects, subject));
}

bool
strength_allowed(const struct ca_policy *p, enum level level, const char *subject)
{
	switch (level) {
	case LEVEL_NEVER:
		return false;
	case LEVEL_ANCIENT:
		return word_fits(&p->ancient, subject);
	case LEVEL_LEGACY:
		return word_fits(&p->legacy, subject) || word_fits(&p->ancient, subject);
	case LEVEL_MODERN:
		break;
	}
	return true;
}

enum hash
ca_weakest_digest(const struct ca_policy *p)
{
	return p->ancient.on ? HASH_MD5 : p->legacy.on ? HASH_SHA1 : HASH_SHA256;
}
