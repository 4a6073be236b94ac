/* strength.h - which algorithms are let in, and for whom. Inner door of ca. */
#ifndef CA_STRENGTH_H
#define CA_STRENGTH_H

#include "ca/ca.h"

/*
 * What must be configured for a message: LEVEL_MODERN nothing, LEVEL_LEGACY "compat legacy" or
 * "compat ancient", LEVEL_ANCIENT "compat ancient". Stored (row_client.strength): the numbers
 * stay.
 */
enum level { LEVEL_NEVER, LEVEL_ANCIENT, LEVEL_LEGACY, LEVEL_MODERN };

/* What a message is made of, as far as it has been read: zero means not known, or not there. */
struct makings {
	enum hash digest;     /* of the message */
	enum hash csr;	      /* signs the PKCS#10 inside */
	enum cipher cipher;   /* of its envelope */
	int signer_bits;      /* RSA key of the signer's certificate */
	int csr_bits;	      /* RSA key to be certified */
	bool no_sender_nonce; /* AT-06 */
};
struct weakness {
	enum level level;
	enum scep_fail fail; /* when it is not let in */
	const char *what;    /* the weakest part, in words; NULL with LEVEL_MODERN */
};
struct weakness strength_of(const struct makings *m);

/* Is this level let in for a client of this subject (as name_text prints it)? NULL: for anybody
 * at all? */
bool strength_allowed(const struct ca_policy *p, enum level level, const char *subject);
/* Does the subject fit? '*' stands for any number of characters, case is ignored; an empty
 * pattern fits all. */
bool subject_fits(const char *pattern, const char *subject);

#endif
