/* journal.h - the signer's durable, hash-chained log. Inner door of keys. */
#ifndef KEYS_JOURNAL_H
#define KEYS_JOURNAL_H

#include "base/base.h"

/*
 * Files DIR/signer-00000001.log, -00000002.log, ...: segments of frames. One frame is one
 * batch:
 *
 *     magic "KML1" | u32 length | u64 number | u32 check of these 16 octets | length octets of
 * records | chain
 *
 * A record is a u32 length and that many octets. chain = SHA-256(chain before, SHA-256(header,
 * records)). The first frame of a segment holds the last chain of the segment before and a
 * record with everything that the log says so far. So a start reads the newest segment only,
 * however long the history is; journal_verify reads all of it.
 *
 * At the end of the newest segment, a frame that was never completed is cut away: no signature
 * of its batch has left. It is cut short, or zeros stand where the file system had not written
 * yet: at its end, in whole sectors in its middle, or everywhere. Anything else that does not
 * fit is damage: the start is refused and the text names file and offset.
 */
struct journal;

#ifndef JOURNAL_SEGMENT /* tests/crash has shorter ones */
#define JOURNAL_SEGMENT                                                                        \
	(2 * 1024 * 1024) /* new frames in a segment before the next one begins */
#endif
#define JOURNAL_PENDING (1024 * 1024)

/* Called for each record found, in order. */
typedef bool (*journal_apply)(void *arg, struct view record, struct err *e);

/* start: the record that opens the first segment of a new log. may_make false: refuse when
 * there is no log. */
bool journal_open(const char *dir, bool may_make, struct view start, journal_apply apply,
    void *arg, struct journal **out, struct err *e) MUST_USE;
void journal_close(struct journal *j); /* NULL is fine */

/* The following may be called from any thread; all take NULL for "no log". */
/* May more be added? WHY_BUSY while too much waits for a disk that does not take it. Ask before
 * the guard notes anything. */
bool journal_room(struct journal *j, struct err *e) MUST_USE;
/* Remember a record for the next commit. */
void journal_add(struct journal *j, struct view record);
/*
 * Everything added before this call is durable after it: one write, one fdatasync. On failure
 * it stays waiting and goes with the next commit; what depends on it must not leave.
 */
bool journal_commit(struct journal *j, struct err *e) MUST_USE;
/* Time for journal_turn? */
bool journal_full(const struct journal *j);
/* Commit, then begin a segment that opens with this record. May leave the log broken. */
bool journal_turn(struct journal *j, struct view saved, struct err *e) MUST_USE;
/* After a failed fdatasync, or when a new segment is there but not in use, nobody knows what
 * the next start will read: the process must end and read again. */
bool journal_broken(const struct journal *j);

/* Check every segment and the links between them. */
bool journal_verify(const char *dir, uint64_t *frames, struct err *e) MUST_USE;
/* One segment in memory: how many octets of it are whole frames. For tests and fuzzing too. */
bool journal_scan(const char *name, struct view file, bool newest, journal_apply apply,
    void *arg, size_t *whole, struct err *e) MUST_USE;

#endif
