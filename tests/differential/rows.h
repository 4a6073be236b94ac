/* rows.h - which differences between both readers are meant. */
#ifndef TESTS_DIFFERENTIAL_ROWS_H
#define TESTS_DIFFERENTIAL_ROWS_H

#include "tests/differential/facts.h"

enum side { ONLY_STOCK, ONLY_OURS, BOTH };

struct difference {
	size_t layer; /* LAYERS: IssuerAndSerialNumber */
	enum side side;
	const char *text; /* in the words of whoever refuses; of both: the fact that differs */
	struct view in;
	const struct facts *ours, *stock;
};

/* Counts it for the first row that explains it; false: none does. */
bool row_explains(const struct difference *d);
void rows_print(void);

#endif
