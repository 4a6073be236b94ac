/* message.h - inner: what all messages with core have. */
#ifndef COURIER_MESSAGE_H
#define COURIER_MESSAGE_H

#include "courier/courier.h"

enum kind {
	KIND_COURIER_ASK = 1,
	KIND_COURIER_SAY = 2,
	KIND_COURIER_FETCH = 3,
	KIND_COURIER_GOT = 4,
	KIND_COURIER_PUT = 5,
	KIND_COURIER_STORED = 6
};

bool read_kind(struct reader *r, enum kind kind) MUST_USE;
bool read_bool(struct reader *r, bool *out) MUST_USE;
bool read_text(struct reader *r, size_t most, struct view *out) MUST_USE;
/* With a NUL behind it; false when it does not fit into size. */
bool read_chars(struct reader *r, char *out, size_t size) MUST_USE;

#endif
