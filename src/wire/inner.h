/* inner.h - what files of wire share among themselves. */
#ifndef WIRE_INNER_H
#define WIRE_INNER_H

#include "wire/wire.h"

/* ---- der.c ---- */

/* Contents of an INTEGER of any size and sign: not empty, not padded. */
bool der_integer_check(struct view body, const char *what, struct err *e) MUST_USE;
/* An OBJECT IDENTIFIER has well-formed arcs and at most OID_MAX octets. */
#define OID_MAX 64
bool oid_check(struct view oid, const char *what, struct err *e) MUST_USE;
bool der_take_oid(struct reader *r, const char *what, struct view *out, struct err *e) MUST_USE;
/* Octets of a BIT STRING without unused bits. */
bool der_bits(const struct der *d, const char *what, struct view *out, struct err *e) MUST_USE;
/* A BIT STRING of at most 32 named bits; bit 0 = first. */
bool der_named_bits(
    const struct der *d, const char *what, uint32_t *out, struct err *e) MUST_USE;
bool der_boolean(const struct der *d, const char *what, bool *out, struct err *e) MUST_USE;
/* Tag and length of an element whose n octets of contents follow. */
void der_put_head(struct blob *out, uint8_t tag, size_t n);
void der_put_null(struct der_writer *w);
void der_put_bit_octets(struct der_writer *w, struct view octets);

/* An OID's contents octets as a constant initialiser. */
#define OID(s)                                                                                 \
	{                                                                                      \
		(const uint8_t *)(s), sizeof(s) - 1                                            \
	}

/* ---- alg.c ---- */

/* A digest's AlgorithmIdentifier; parameters NULL or absent, written as NULL. */
bool hash_alg_decode(struct view algorithm, enum hash *out, struct err *e) MUST_USE;
void hash_alg_encode(struct der_writer *w, enum hash h);
/* The first two fields of PSS and OAEP parameters: hash and MGF1 over it; none for SHA-1, their
 * default (RFC 4055). */
void hash_and_mask_encode(struct der_writer *w, enum hash h);
/* Splits an AlgorithmIdentifier; parameters.n is 0 when absent. */
bool algorithm_split(
    struct view algorithm, struct view *oid, struct view *parameters, struct err *e) MUST_USE;

/* ---- string.c ---- */

/* As string_utf8; out may be NULL: only checked. */
bool string_decode(const struct der *d, struct blob *out, struct err *e) MUST_USE;
bool utf8_legal(struct view v);
bool ascii_legal(struct view v);
/* PrintableString when the characters allow it, else UTF8String. */
void put_directory_string(struct der_writer *w, struct view utf8);
/* A Name whose T61, BMP and Universal strings become PrintableString or UTF8String (RFC 5280
 * 4.1.2.4); what is no Name goes out as it is. */
void name_put(struct der_writer *w, struct view der);

/* ---- extension.c ---- */

struct extensions {
	bool has_key_usage, has_basic_constraints, is_ca, has_path_len, unknown_critical;
	uint32_t key_usage, eku;
	uint64_t path_len;
	struct view san, ski, aki;
};
/* Contents of a SEQUENCE OF Extension; refuses an extension that comes twice. */
bool extensions_decode(struct view contents, struct extensions *out, struct err *e) MUST_USE;
extern const struct view OID_SKI, OID_KEY_USAGE, OID_SAN, OID_BASIC_CONSTRAINTS, OID_CRL_NUMBER,
    OID_REASON, OID_CDP, OID_AKI, OID_EKU;
/* Opens Extension and its OCTET STRING. */
void extension_open(struct der_writer *w, struct view oid, bool critical);
void extension_close(struct der_writer *w);
void extension_key_usage(struct der_writer *w, uint32_t key_usage);
void extension_eku(struct der_writer *w, uint32_t eku);
void extension_san(struct der_writer *w, struct view san, bool critical);
void extension_aki(struct der_writer *w, struct view aki);
/* Walks a list of extensions: id, critical and the contents of the value. */
bool extension_take(struct reader *r, struct view *oid, bool *critical, struct view *value,
    struct err *e) MUST_USE;

/* ---- san.c ---- */

/* GeneralNames with legal syntax in every name (BAD-116, CP-12). */
bool san_check(struct view san, struct err *e) MUST_USE;

/* ---- cert.c ---- */

/* What certificates, CRLs and requests share: what is signed, AlgorithmIdentifier, signature,
 * and nothing more. */
struct signed_parts {
	struct view signed_octets, algorithm, signature;
	struct sig_alg alg;
};
bool signed_split(
    struct view der, const char *what, struct signed_parts *out, struct err *e) MUST_USE;
/* AlgorithmIdentifier inside a TBS; must be outside's octet for octet when outside.n > 0. */
bool take_algorithm(
    struct reader *r, struct view outside, struct sig_alg *out, struct err *e) MUST_USE;
/* A Name element that passes name_check. */
bool take_name(struct reader *r, struct view *out, struct err *e) MUST_USE;

#endif
