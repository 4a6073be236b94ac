/* facts.h - what a reader makes of a message, as named octets. */
#ifndef TESTS_DIFFERENTIAL_FACTS_H
#define TESTS_DIFFERENTIAL_FACTS_H

#include "tests/differential/forms.h"

#define FACTS_MAX 24

struct facts {
	bool taken;
	char why[1200]; /* of a refusal */
	size_t n;
	struct fact {
		const char *name;
		struct blob value;
	} of[FACTS_MAX];
};

void facts_clear(struct facts *f);
void fact(struct facts *f, const char *name, struct view value);
void fact_number(struct facts *f, const char *name, int64_t value);
/* Empty when it is not there. */
struct view fact_of(const struct facts *f, const char *name);
/* The others tell it too, and differently. */
bool fact_differs(const struct fact *one, const struct facts *others);

/* Both readers take what they need of forms.h: the CA's key and certificate. */
void ours_message(struct view in, struct facts *out);
void ours_envelope(struct view in, struct facts *out);
void ours_request(struct view in, struct facts *out);
void ours_number(struct view in, struct facts *out); /* IssuerAndSerialNumber */
void stock_message(struct view in, struct facts *out);
void stock_envelope(struct view in, struct facts *out);
void stock_request(struct view in, struct facts *out);
void stock_number(struct view in, struct facts *out);

#endif
