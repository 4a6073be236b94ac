/* message.h - the signer's protocol. Inner door of keys. */
#ifndef KEYS_MESSAGE_H
#define KEYS_MESSAGE_H

#include "keys/keys.h"

/*
 * One layout for every job, big endian, MESSAGE_FIXED octets and then a u32 length with the
 * bytes; behind those of KEY_EXPORT and KEY_IMPORT, path and password in the same way:
 *
 *     u8 version, act, kind, as, alg.key, alg.hash, alg.padding, padding, oaep_hash, stranger |
 * u16 want u32 bits (with a path: forms), alg.salt | u64 id, intent | label[64]
 *
 * Fields that an act does not use are zero; the decoder refuses anything that the encoder would
 * not have written. Answers: u8 version, why | u64 id | u32 length, text | u32 length, bytes.
 */
#define MESSAGE_VERSION 2
#define MESSAGE_FIXED (10 + 2 + 4 + 4 + 8 + 8 + KEY_LABEL_MAX)

void job_encode(const struct key_job *job, struct blob *out);
/* out->bytes borrows from message. When it refuses, *id is the job's number if that much was
 * readable, else 0. */
bool job_decode(struct view message, struct key_job *out, uint64_t *id, struct err *e) MUST_USE;
void done_encode(const struct key_done *done, struct blob *out);
/* out->bytes is new and owned by the caller. */
bool done_decode(struct view message, struct key_done *out, struct err *e) MUST_USE;

#endif
