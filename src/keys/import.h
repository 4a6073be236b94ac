/* import.h - a pair out of a file of another's. Inner door of keys. */
#ifndef KEYS_IMPORT_H
#define KEYS_IMPORT_H

#include "keys/export.h"

/* "NAME/import/FILE" as one form: never another path. */
bool import_check(const struct key_job *job, struct err *e) MUST_USE;
/*
 * The one RSA pair of the file and its certificates, that of the pair first. WHY_BAD_INPUT: the
 * file is no good, the text says how, and nothing of what is in it.
 */
bool import_read(const struct exports *x, const struct key_job *job, EVP_PKEY **key,
    struct blob *certificates, struct err *e) MUST_USE;

#endif
