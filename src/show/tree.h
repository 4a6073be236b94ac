/* tree.h - inner: neutral trees of JSON values. */
#ifndef SHOW_TREE_H
#define SHOW_TREE_H

#include <jansson.h>

#include "base/base.h"

/*
 * What is put in is text from anywhere: control and non-ASCII octets become \xNN (BAD-113), so
 * that it is fit for a terminal and for JSON alike. Instants are RFC 3339, octets upper-case
 * hex.
 */
void tree_put_text(json_t *o, const char *key, const char *text);
void tree_put_when(json_t *o, const char *key, when_t t);
void tree_put_hex(json_t *o, const char *key, struct view v);
/* An encoded Name: key has it in one line, key_rdns in parts. */
void tree_put_name(json_t *o, const char *key, struct view der);
void tree_put_int(json_t *o, const char *key, int64_t v);
void tree_put_bool(json_t *o, const char *key, bool v);
/* MD5, SHA-1 and SHA-256 of der as fingerprint_md5, _sha1, _sha256. */
bool tree_put_fingerprints(
    json_t *o, const char *prefix, struct view der, struct err *e) MUST_USE;
/* An array or object that is added to o under key, and borrowed. */
json_t *tree_add_array(json_t *o, const char *key);
json_t *tree_add_object(json_t *array);

/* Absent values read as "", 0 and false. */
const char *tree_text(const json_t *o, const char *key);
int64_t tree_int(const json_t *o, const char *key);
bool tree_is(const json_t *o, const char *key);
/* Is the value there and not null? */
bool tree_has(const json_t *o, const char *key);
/* An instant as IOS prints it. */
const char *tree_ios(const json_t *o, const char *key, char out[WHEN_TEXT]);
/* Hex in groups of eight digits with blanks between. */
void tree_groups(const json_t *o, const char *key, struct blob *out);

#endif
