/* rounds.h - how often a random test repeats: a tenth in "make quick". */
#ifndef TESTS_LIB_ROUNDS_H
#define TESTS_LIB_ROUNDS_H

#include <stdlib.h>

static inline int
rounds(int n)
{
	return getenv("KEYMUSTER_QUICK") != NULL ? n / 10 : n;
}

#endif
