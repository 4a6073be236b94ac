/* tree.h - inner: neutral trees of values, and JSON. */
#ifndef SHOW_TREE_H
#define SHOW_TREE_H

#include "base/base.h"

/* An object, an array, a text, a number or a boolean. Members stay in the order in which they
 * came. */
struct tree;

struct tree *tree_new(void); /* an empty object */
void tree_free(struct tree *t);
void tree_clear(struct tree *t); /* no members, no elements */

/*
 * What is put in is text from anywhere: control and non-ASCII octets become \xNN (BAD-113), so
 * that it is fit for a terminal and for JSON alike. Instants are RFC 3339, octets upper-case
 * hex. A key that is there already gets another value.
 */
void tree_put_text(struct tree *o, const char *key, const char *text);
void tree_put_when(struct tree *o, const char *key, when_t t);
void tree_put_hex(struct tree *o, const char *key, struct view v);
/* An encoded Name: key has it in one line, key_rdns in parts. */
void tree_put_name(struct tree *o, const char *key, struct view der);
void tree_put_int(struct tree *o, const char *key, int64_t v);
void tree_put_real(struct tree *o, const char *key, double v);
void tree_put_bool(struct tree *o, const char *key, bool v);
/* MD5, SHA-1 and SHA-256 of der as fingerprint_md5, _sha1, _sha256. */
bool tree_put_fingerprints(
    struct tree *o, const char *prefix, struct view der, struct err *e) MUST_USE;
/* An array or object that is added to o under key, and borrowed. */
struct tree *tree_add_array(struct tree *o, const char *key);
struct tree *tree_put_object(struct tree *o, const char *key);
/* The same at the end of an array. */
struct tree *tree_add_object(struct tree *array);
void tree_add_text(struct tree *array, const char *text);

/* NULL: there is none. */
struct tree *tree_get(const struct tree *o, const char *key);
struct tree *tree_at(const struct tree *array, size_t i);
size_t tree_count(const struct tree *array);
void tree_drop_first(struct tree *array);
void tree_reverse(struct tree *array);
void tree_sort(struct tree *array, int (*order)(const struct tree *a, const struct tree *b));

/* Absent values read as "", 0 and false. */
const char *tree_string(const struct tree *text);
const char *tree_text(const struct tree *o, const char *key);
int64_t tree_int(const struct tree *o, const char *key);
bool tree_is(const struct tree *o, const char *key);
bool tree_has(const struct tree *o, const char *key);
/* An instant as IOS prints it. */
const char *tree_ios(const struct tree *o, const char *key, char out[WHEN_TEXT]);
/* Hex in groups of eight digits with blanks between. */
void tree_groups(const struct tree *o, const char *key, struct blob *out);

/* As JSON, without an end of line: on lines of their own, or all in one. */
void tree_json(const struct tree *t, bool lines, struct blob *out);

#endif
