/* chance.h - random octets that the library owes us. Inner door of keys. */
#ifndef KEYS_CHANCE_H
#define KEYS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

/* Ends the process when the library has none: there is no safe way on. */
void chance_take(uint8_t *out, size_t n);

#endif
