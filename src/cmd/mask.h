/* mask.h - secrets replaced by what behaves the same. */
#ifndef CMD_MASK_H
#define CMD_MASK_H

#include "wire/wire.h"

/*
 * A secret becomes the hex digits of a keyed hash of it, of the same length: the same secret
 * always the same digits, so what matched matches; behind a '*' where it is no PrintableString,
 * so that it is encoded alike. The key is random and dies with the process.
 */
struct mask {
	uint8_t key[32];
};
/* Each octet but zeros. */
void mask_octets(const struct mask *m, struct view secret, uint8_t *out);
/* The challenge of a PKCS#10, in place, and the signature, by which it could be guessed; one
 * that cannot be read becomes zeros. */
void mask_csr(void *mask, struct blob *csr);
/* The same of a CertificationRequestInfo; false: it has no challenge. */
bool mask_csr_info(const struct mask *m, struct blob *info);
/*
 * The same inside a message: its content key is replaced in *key, and *out is the message with
 * what that key opens.
 */
bool mask_message(const struct mask *m, struct view message, struct blob *key, struct blob *out,
    struct err *e) MUST_USE;

#endif
