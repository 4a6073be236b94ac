/* fd.h - inner: what several files do with descriptors. */
#ifndef SYS_FD_H
#define SYS_FD_H

#include "base/base.h"

/* Write everything to a blocking descriptor; errno says why not. */
bool fd_write(int fd, struct view v) MUST_USE;

#endif
