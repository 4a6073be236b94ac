/* schema.h - inner: numbered forward migrations. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* schema_steps[n - 1] leads from version n - 1 to n; released steps are never edited, only
 * followed. */
#define SCHEMA_VERSION 6

extern const char *const schema_steps[SCHEMA_VERSION];

#endif
