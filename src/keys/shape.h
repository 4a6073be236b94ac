/* shape.h - what an issued certificate may say. Inner door of keys. */
#ifndef KEYS_SHAPE_H
#define KEYS_SHAPE_H

#include "wire/wire.h"

/*
 * Refuses a certificate that somebody could take for the CA or its deputy although it is not
 * called one. own is the CA's key. *ca: it is called one, so it needs a grant.
 */
bool shape_check(
    const struct cert *c, const struct spki *own, bool *ca, struct err *e) MUST_USE;
/* Version 3 with a keyUsage, and no extension but those that an issued certificate may have. */
bool shape_closed(const struct cert *c, struct err *e) MUST_USE;
/* Is c what own, the certificate that a key made of itself, would be if another had signed it?
 */
bool shape_link(const struct cert *c, const struct cert *own, struct err *e) MUST_USE;
/* 1 to 20 octets, positive, not padded: as RFC 5280 4.1.2.2 has them. */
bool shape_serial(struct view serial, struct err *e) MUST_USE;

#endif
