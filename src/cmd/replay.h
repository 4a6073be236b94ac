/* replay.h - steps the authorities of a record through it again. */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "base/base.h"

/* Prints what happened; exit code: 0 everything left as then, 1 something differs, 2 no record.
 */
int replay(const char *path);

#endif
