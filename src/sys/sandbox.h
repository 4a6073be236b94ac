/* sandbox.h - inner: the parts of a sandbox. */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include "sys/sys.h"

/* How many different system calls a profile allows. */
size_t sandbox_calls(enum sandbox profile);

/* confine.c */
/*
 * From now on this thread and its children open, make, replace and remove files in these
 * directories (NULL ends; NULL: none) and nowhere else; core makes directories and links there
 * too; courier only reads, single files may be named, and what does not exist is passed over.
 * What is open stays open. Without Landlock in the kernel nothing changes and *confined is
 * false.
 */
bool files_confine(
    const char *const *dirs, enum sandbox profile, bool *confined, struct err *e) MUST_USE;
/* Give up every capability but those in keep (bit 1 << CAP_...), for good. */
bool capabilities_drop(uint64_t keep, struct err *e) MUST_USE;

#endif
