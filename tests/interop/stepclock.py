"""stepclock.py - a stepped clock (--clock step=FILE) from outside: hold it, let it run, read it.

The layout is that of src/base/step.c.
"""
import fcntl
import mmap
import os
import struct
import time

NEVER = 2 ** 63 - 1
PATIENCE = 60.0
PLACES, HEAD, PLACE = 64, 16, struct.Struct("=qII")
SIZE = HEAD + PLACES * PLACE.size


class StepClock:
    """A participant: while it is busy, or has reached the instant it announced, the clock stands."""

    def __init__(self, path, start=None):
        self.path = path
        self.file = open(path, "a+b")
        os.chmod(path, 0o600)
        with self:
            if os.fstat(self.file.fileno()).st_size == 0:
                os.ftruncate(self.file.fileno(), SIZE)
            self.page = mmap.mmap(self.file.fileno(), SIZE)
            if self.page[:8] != b"KMSTEP1\n":
                struct.pack_into("=8sq", self.page, 0, b"KMSTEP1\n", int(start))
            self.own = next(i for i in range(PLACES) if self.take(i))
            self.put(NEVER, True)

    def __enter__(self):
        fcntl.lockf(self.file, fcntl.LOCK_EX, 1, 0)

    def __exit__(self, *_):
        fcntl.lockf(self.file, fcntl.LOCK_UN, 1, 0)

    def take(self, i):
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1 + i)
            return True
        except OSError:
            return False

    def put(self, next_at, busy):
        PLACE.pack_into(self.page, HEAD + self.own * PLACE.size, next_at, busy, 1)

    def now(self):
        return struct.unpack_from("=q", self.page, 8)[0]

    def others(self):
        """(next, busy) of everybody else who ever announced and has not been found dead."""
        with self:
            rows = [PLACE.unpack_from(self.page, HEAD + i * PLACE.size) for i in range(PLACES) if i != self.own]
        return [(n, bool(b)) for n, b, taken in rows if taken]

    def settled(self):
        return all(not busy and n > self.now() for n, busy in self.others())

    def set(self, at):
        """While no daemon is on the clock."""
        with self:
            struct.pack_into("=q", self.page, 8, at)

    def run_until(self, at):
        """Let the clock run and stop at this very second, with all work of that second done."""
        with self:
            self.put(at, False)
        reached, since = self.now(), time.monotonic()
        while not (self.now() >= at and self.settled()):
            if self.now() > reached:
                reached, since = self.now(), time.monotonic()
            assert time.monotonic() < since + PATIENCE, "the clock stays at %d, on its way to %d" % (reached, at)
            time.sleep(0.002)
        with self:
            self.put(NEVER, True)
        assert self.now() == at, "%d, not %d" % (self.now(), at)
