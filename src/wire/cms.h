/* cms.h - what messages, envelopes and certs-only share. */
#ifndef WIRE_CMS_H
#define WIRE_CMS_H

#include "wire/inner.h"

#define CMS_MAX ((size_t)256 * 1024)
#define CMS_ELEMENTS_MAX 32 /* certificates, signers, recipients, algorithms, attributes */

extern const struct view OID_DATA, OID_SIGNED_DATA, OID_RSA;

/*
 * As ber_normalise, after emptying scratch; refuses more than CMS_MAX. When *out lies in
 * scratch, in.n further octets can be appended there without moving it.
 */
bool cms_normalise(
    struct view in, struct blob *scratch, struct view *out, struct err *e) MUST_USE;
/* A ContentInfo and nothing behind it: its type and the one element inside [0]. */
bool cms_open(struct view der, struct view *type, struct der *content, struct err *e) MUST_USE;
/* A version; padding is tolerated (BAD-049). *out is -1 for one that no RFC knows (BAD-050). */
bool cms_version(struct reader *r, const char *what, int *out, struct err *e) MUST_USE;
/* Counts the elements of a SET, at most CMS_ELEMENTS_MAX; tag 0 stands for any. */
bool cms_count(
    struct view body, uint8_t tag, const char *what, size_t *out, struct err *e) MUST_USE;
bool cms_is_null(struct view parameters); /* NULL or absent (AL-07) */
/* ContentInfo, [0] and SEQUENCE opened; cms_finish closes the three. */
void cms_begin(struct der_writer *w, struct view type);
void cms_finish(struct der_writer *w);
/* AlgorithmIdentifier with NULL parameters. */
void cms_put_algorithm(struct der_writer *w, struct view oid);
void cms_put_issuer_and_serial(struct der_writer *w, struct view issuer, struct view serial);

#endif
