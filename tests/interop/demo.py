"""demo.py - keymuster demo: its events to the second, its verdict, its picture, its end.

Arguments: keymusterd, keymuster, client, demo_story (stories whose end is not the one expected).
"""
import calendar
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time

import daemon
from daemon import KEYMUSTER, case, until

LIMIT = 280  # seconds; "about a minute" where nobody else works
STORY = os.path.abspath(sys.argv[4])
PROGRAMS = os.path.dirname(KEYMUSTER)
SWITCH_1, SWITCH_2 = "2017-10-08 12:14:16", "2019-10-08 12:14:16"
EVENTS = [  # each timer at its second, and what people do at theirs
    ("2015-10-09 12:14:16", "ROOTCA", "CA 1 is made, until " + SWITCH_1),
    ("2015-10-09 12:14:16", "spoke-1", "has a certificate by CA 1, until 2016-10-08"),
    ("2016-07-27 12:14:16", "spoke-1", "renews, same key: by CA 1, until 2017-07-27"),
    ("2016-07-30 12:14:16", "spoke-2", "renews, new key: by CA 1, until 2017-07-30"),
    ("2016-12-12 12:14:16", "spoke-7", "waits for a grant by hand"),
    ("2017-05-15 12:14:16", "spoke-1", "renews, same key: by CA 1, until 2017-10-08"),
    ("2017-07-07 17:02:16", "spoke-3", "asks for the next CA before it is made: retries"),
    ("2017-07-10 12:14:16", "ROOTCA", "CA 2 is made; it takes over " + SWITCH_1),
    ("2017-07-12 21:50:16", "spoke-8", "holds CA 2 and a certificate by it, same key"),
    ("2017-07-27 12:14:16", "spoke-4", "holds CA 2, no certificate by it: no auto-enroll"),
    ("2017-08-24 19:26:16", "spoke-7", "holds CA 2 and a certificate by it, new key"),
    ("2017-09-09 07:26:16", "spoke-1", "holds CA 2 and a certificate by it, same key"),
    ("2017-09-23 12:14:16", "spoke-5", "holds CA 2 and a certificate by it, same key"),
    (SWITCH_1, "ROOTCA", "CA 1 ends, CA 2 takes over"),
    (SWITCH_1, "spoke-1", "follows to CA 2: certificate until 2018-10-08"),
    (SWITCH_1, "spoke-5", "follows to CA 2: certificate until 2018-10-08"),
    (SWITCH_1, "spoke-4", "is CUT OFF: certificate ended, none follows"),
    (SWITCH_1, "spoke-6", "is CUT OFF: certificate ended while it was off"),
    ("2017-10-23 12:14:16", "spoke-6", "is late: its CA has ended, the next is unknown"),
    ("2018-07-27 12:14:16", "spoke-1", "is due to renew, nobody answers: retries"),
    ("2019-07-10 12:14:16", "ROOTCA", "CA 3 is made; it takes over " + SWITCH_2),
    (SWITCH_2, "ROOTCA", "CA 2 ends, CA 3 takes over"),
    (SWITCH_2, "spoke-4", "follows to CA 3: certificate until 2020-10-07"),
    (SWITCH_2, "spoke-6", "follows to CA 3: certificate until 2020-10-07"),
]


class Ran:
    """A demo in a directory of temporary things of its own."""

    def __init__(self, *command, terminal=None, **env):
        self.tmp = daemon.directory()
        self.text = b""
        env = dict(os.environ, TMPDIR=self.tmp, **env)
        if terminal is None:
            self.process = daemon.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
            return
        self.master, slave = os.openpty()
        self.before = termios.tcgetattr(slave)
        termios.tcsetwinsize(self.master, terminal)
        self.slave = slave
        self.process = daemon.start(command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True)

    def end(self):
        out = self.process.communicate(timeout=300)[0].decode()
        return self.process.returncode, out

    def read(self, wanted, seconds=120):
        """What is written to the terminal until wanted is there."""
        os.set_blocking(self.master, False)
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < deadline, "no %r in %r" % (wanted, self.text[-2000:])
            try:
                self.text += os.read(self.master, 65536)
            except BlockingIOError:
                time.sleep(0.01)

    def left(self):
        """Processes whose command line names the directory, and what lies in it."""
        names = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read()
                with open("/proc/%s/environ" % pid, "rb") as f:
                    words += f.read()
            except OSError:
                continue
            if os.fsencode(self.tmp) in words:
                names.append(pid)
        return names, os.listdir(self.tmp)


def listening():
    """A PATH whose openssl writes down how it was asked and what it answered, and the file where it does."""
    where = daemon.directory()
    with open(where + "/openssl", "w") as f:
        f.write('#!/bin/sh\n%s "$@"\ncode=$?\necho "$code $*" >>%s/asked\nexit $code\n' % (shutil.which("openssl"), where))
    os.chmod(where + "/openssl", 0o755)
    return where + ":" + os.environ["PATH"], where + "/asked"


def table(out):
    """What the verdict says of each spoke: {(spoke, switch): (before, after)}."""
    rows = re.findall(r"^(spoke-\d) +(.{17})(.{17})", out[out.index("verdict"):], re.M)
    return {(row[0], n): (row[n][:7].strip(), row[n][8:].strip()) for row in rows for n in (1, 2)}


def asked_of_openssl(path, verdict):
    """Each active certificate was verified by openssl a second before each switch and at it, under the CA of that second, and
    the verdict has the program's answer."""
    with open(path) as f:
        asked = f.read().splitlines()
    wanted = []
    for (spoke, switch), (before, after) in verdict.items():
        until = calendar.timegm(time.strptime((SWITCH_1, SWITCH_2)[switch - 1], "%Y-%m-%d %H:%M:%S"))
        for side, said, at in ("before", before, until - 1), ("after", after, until):
            files = r"(\S+/verify/switch-%d-%s)-CA\.pem \2-%s\.pem" % (switch, side, spoke)
            wanted.append((said == "good", re.compile(r"(\d+) verify -x509_strict -attime %d -CAfile %s" % (at, files))))
    for good, words in wanted:
        codes = [int(got[1]) for got in map(words.fullmatch, asked) if got]
        assert len(codes) == 1 and (codes[0] == 0) == good, "%s: %s\n%s" % (words.pattern, codes, "\n".join(asked))


@case("plain lines: each event at its second, in order, as expected; openssl has verified; nothing is left behind")
def plain():
    path, asked = listening()
    ran = Ran(KEYMUSTER, "demo", PATH=path)
    begun = time.monotonic()
    code, out = ran.end()
    took = time.monotonic() - begun
    print("# demo took %.1f s" % took)
    assert code == 0, out
    assert took < LIMIT, "%.1f s" % took
    assert "\033" not in out, "colours without a terminal"
    events = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)  (\S+) +(.*)$", out, re.M)
    assert [e[0] for e in events] == sorted(e[0] for e in events), "out of order"
    at = -1
    for event in EVENTS:
        assert event in events, "missing: %s\n%s" % (event, out)
        assert events.index(event) > at or event[0] in (SWITCH_1, SWITCH_2), "out of order: %s" % (event,)
        at = max(at, events.index(event))
    cut = [e[1] for e in events if "CUT OFF" in e[2]]
    assert cut == ["spoke-4", "spoke-6"], cut
    for n in range(1, 9):
        row = re.search(r"^spoke-%d +(.*)" % n, out[out.index("verdict"):], re.M)[1]
        assert row.startswith("good") and "as expected" in row and "BAD" not in row, row
    assert out.endswith("As expected.\n"), out
    assert "by openssl verify -x509_strict -attime:" in out, out
    assert len(table(out)) == 16 and all(before == "good" for before, _ in table(out).values()), out
    asked_of_openssl(asked, table(out))
    until(lambda: ran.left() == ([], []), "nothing is left")


def planted(name, words):
    ran = Ran(STORY, PROGRAMS, name)
    code, out = ran.end()
    assert code == 1, out
    for word in words + ["NOT as expected"]:
        assert word in out, "%s\n%s" % (word, out)
    kept = re.search(r"kept in (\S+)", out)[1]
    assert os.path.exists(kept + "/spoke-1/log")
    until(lambda: ran.left()[0] == [], "no process is left")


@case("a spoke without a percentage is cut off where the story does not expect it: exit 1, the directory is kept")
def forgotten():
    planted("forgotten", ["cut off at switch 1, %s: spoke-2 (expected: nobody)" % SWITCH_1])


@case("one that follows although it is expected to be cut off: exit 1")
def pessimist():
    planted("pessimist", ["cut off at switch 1, %s: nobody (expected: spoke-2)" % SWITCH_1])


@case("one whose certificate is no good any more before the switch, as everything behind it is expected: exit 1")
def ended():
    planted("ended", ["spoke-2  BAD     CUT OFF  NOT AS EXPECTED", "cut off at switch 1, %s: spoke-2 (expected: spoke-2)" % SWITCH_1])


def interrupted(wanted, **env):
    ran = Ran(KEYMUSTER, "demo", terminal=(24, 80), **env)
    ran.read(wanted)
    ran.process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + daemon.DEADLINE
    while ran.process.poll() is None:
        assert time.monotonic() < deadline, "it does not end"
        try:
            ran.text += os.read(ran.master, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    ran.read(b"ended by a signal\r\n")
    assert ran.process.returncode == 1, ran.process.returncode
    until(lambda: ran.left() == ([], []), "nothing is left")
    assert termios.tcgetattr(ran.slave) == ran.before, "the terminal is another"
    return ran.text


@case("a picture on a terminal; Ctrl-C restores it and leaves no process and no directory")
def picture():
    text = interrupted(b"RENEW", LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="")
    assert text.index(b"\033[?1049h") < text.index(b"Keymuster demo") < text.rindex(b"\033[?1049l"), text[:200]
    assert "\u2500".encode() in text and b"\033[0;36m" in text and text.endswith(b"ended by a signal\r\n")


@case("NO_COLOR: none; without UTF-8: ASCII")
def no_colour():
    text = interrupted(b"RENEW", LC_ALL="C", TERM="xterm", NO_COLOR="1")
    assert not re.search(rb"\033\[0;(3|9|1;3)", text) and text.isascii() and b"o-" in text, text[-3000:]


@case("a terminal that shows no picture gets plain lines")
def dumb():
    text = interrupted(b"spoke-1  has a certificate", TERM="dumb")
    assert b"\033" not in text, text


if __name__ == "__main__":
    daemon.main()
