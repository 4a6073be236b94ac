/* export.h - a pair as files of the programs that use it. Inner door of keys. */
#ifndef KEYS_EXPORT_H
#define KEYS_EXPORT_H

#include "keys/ring.h"

struct exports {
	char *dir;     /* NULL: nothing is exported */
	int64_t group; /* of the files, which are 0640 then; -1: none, and 0600 */
};

/* A part of a path: never ".." nor hidden. */
bool export_is_word(struct view v);
/* "NAME/gen-NNNN", or "NAME/export" for PKCS#12 under a password: never another path. */
bool export_path_check(const struct key_job *job, struct err *e) MUST_USE;
/*
 * The files of job->forms into the directory that is there. Each is whole or not there, and
 * durable when this returns; written again they say the same.
 */
bool export_write(const struct exports *x, const struct pair *p, const struct key_job *job,
    struct err *e) MUST_USE;

#endif
