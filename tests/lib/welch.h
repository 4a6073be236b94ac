/* welch.h - do two samples differ in their mean? */
#ifndef TESTS_LIB_WELCH_H
#define TESTS_LIB_WELCH_H

#include <math.h>

struct sums { /* zero: nothing yet; m2: squares of the distances from the mean */
	double n, mean, m2;
};

static inline void
sums_add(struct sums *s, double x)
{
	double d = x - s->mean;

	s->n++;
	s->mean += d / s->n;
	s->m2 += d * (x - s->mean);
}

/* Welch's t. */
static inline double
welch(const struct sums *a, const struct sums *b)
{
	return (a->mean - b->mean) /
	       sqrt(a->m2 / (a->n - 1) / a->n + b->m2 / (b->n - 1) / b->n);
}

#endif
