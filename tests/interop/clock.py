"""clock.py - daemons on one clock that steps, and on clocks that are not honest.

Arguments: keymusterd, keymuster, client. INV-15, INV-16, BAD-126, BAD-128, BAD-129.
"""
import calendar
import os
import re
import signal
import time

import daemon
from daemon import KEYMUSTER, Daemon, case, listens, openssl, plain_case, run, until
from stepclock import StepClock

START = calendar.timegm((2028, 2, 28, 23, 0, 0))
HOUR, DAY = 3600, 86400
LINES = "  grant auto\n  lifetime crl 6\n"

path = daemon.directory() + "/clock"
clock = StepClock(path, START)
spec = {"KEYMUSTER_CLOCK": "step=" + path}
first, second = (Daemon(LINES, env=spec) for _ in range(2))


def crl(d):
    """(number, thisUpdate, nextUpdate) of the list that is served."""
    text = openssl("crl", "-in", d.crl(), "-noout", "-lastupdate", "-nextupdate", "-crlnumber")
    said = dict(line.split("=", 1) for line in text.splitlines())
    return int(said["crlNumber"], 16), daemon.instant(said["lastUpdate"]), daemon.instant(said["nextUpdate"])


def crl_is(d, number, at):
    until(lambda: crl(d)[:2] == (number, at), "list %d of %d is served" % (number, at))


def number(d):
    return d.show("crypto pki server ROOTCA crl")["number"]


def enrol_at(d, name, at):
    """The certificate begins at this very second and verifies then."""
    said, out = daemon.enrol(d, name, "O=Cisco,CN=" + name)
    assert daemon.instant(daemon.cert_field(out, "-startdate").partition("=")[2]) == at, (at, said)
    assert "OK" in openssl("verify", "-attime", str(at), "-CAfile", d.ca(), out)
    return out


def core_of(d):
    """Pid of the core below a daemon of ours."""
    for pid in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % pid) as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
            with open("/proc/%s/cmdline" % pid) as f:
                role = f.read().split("\0")[1:2]
        except (OSError, IndexError, ValueError):
            continue
        if parent == d.process.pid and role == ["--role=core"]:
            return int(pid)
    return None


@case("two CAs on one clock that stands: log and show clock say so, certificates begin now")
def two():
    first.start(), second.start()
    assert clock.now() == START
    for d in first, second:
        assert "clock is simulated" in d.log() and "step=" in d.log(), d.log()
        text = d.command("show clock")
        assert text.startswith("23:00:00.000 UTC Mon Feb 28 2028"), text
        assert "Time source is simulated clock that steps" in text, text
        assert crl(d) == (1, START, START + 12 * HOUR), crl(d)
        enrol_at(d, "r1", START)


@case("nothing happens a second before it is due, and at the second it does (BAD-129: 29 February)")
def exact():
    clock.run_until(START + 6 * HOUR - 1)
    assert [number(d) for d in (first, second)] == [1, 1]
    begun = time.monotonic()
    clock.run_until(START + 6 * HOUR)
    took = time.monotonic() - begun
    for d in first, second:
        crl_is(d, 2, START + 6 * HOUR)
    clock.run_until(START + 12 * HOUR)
    print("# the last second before a list and the list: %.0f ms" % (1000 * took))
    for d in first, second:
        crl_is(d, 3, START + 12 * HOUR)
        enrol_at(d, "leap", START + 12 * HOUR)


@case("a hundred days pass, each list at its second")
def many():
    begun, at = time.monotonic(), START + 12 * HOUR + 100 * DAY
    for day in range(10, 101, 10):  # each stretch has a deadline of its own
        clock.run_until(START + 12 * HOUR + day * DAY)
    print("# 100 days, 800 lists: %.1f s" % (time.monotonic() - begun))
    for d in first, second:
        crl_is(d, 403, at)
        assert d.show("crypto pki server ROOTCA audit")["verified"]


@case("kill -9 of one daemon while the clock runs: the other goes on; it comes back and catches up")
def killed():
    at = clock.now()
    second.process.send_signal(signal.SIGKILL)
    second.process.wait()
    until(lambda: not listens(second.port), "nothing is left of it")
    clock.run_until(at + DAY)
    crl_is(first, 407, at + DAY)
    second.start()
    crl_is(second, 404, at + DAY)
    clock.run_until(at + DAY + 6 * HOUR)
    crl_is(first, 408, at + DAY + 6 * HOUR)
    crl_is(second, 405, at + DAY + 6 * HOUR)


@case("kill -9 of a core: its set comes back, the clock was not held by the dead")
def core_killed():
    at, pid = clock.now(), core_of(first)
    os.kill(pid, signal.SIGKILL)
    until(lambda: core_of(first) not in (None, pid), "a new core")
    until(first.serves, "it serves again")
    clock.run_until(at + 6 * HOUR)
    crl_is(first, 409, at + 6 * HOUR)
    crl_is(second, 406, at + 6 * HOUR)


@case("2038, 2050 and 2100 pass in CAs of twenty years, to the second (BAD-129)")
def dates():
    first.stop(), second.stop()
    for date in (2038, 1, 19, 3, 14, 8), (2050, 1, 1, 0, 0, 0), (2100, 3, 1, 0, 0, 0):
        at = calendar.timegm(date)
        begun = at - 365 * DAY - 1
        clock.set(begun)
        d = Daemon("  grant auto\n  lifetime crl 336\n", base=daemon.ROOT.replace("730", "7305"), env=spec).start()
        clock.run_until(at)
        line = d.command("show clock").splitlines()[0]
        assert line.startswith("%02d:%02d:%02d.000 UTC" % date[3:]) and line.endswith(str(date[0])), line
        lists = (at - begun) // (14 * DAY)
        crl_is(d, 1 + lists, begun + lists * 14 * DAY)
        enrol_at(d, "r1", at)
        assert d.show("crypto pki server ROOTCA audit")["verified"]
        d.stop()


@case("a file that is no clock, and a pace for a clock that steps, are refused")
def refused():
    d = Daemon(env={"KEYMUSTER_CLOCK": "step=" + first.conf})
    assert "is no stepped clock" in d.fails()
    d.env = {"KEYMUSTER_CLOCK": "step=%s,rate=2" % path}
    assert "has no pace" in d.fails()


@case("started with an earlier clock: no time for decisions, said once, and public answers go out (INV-16)")
def behind():
    d = Daemon(LINES)
    d.env = {"KEYMUSTER_CLOCK": "at=2030-01-01T00:00:00Z,rate=1"}
    d.start()
    daemon.enrol(d, "r1", "O=Cisco,CN=r1")
    d.stop()
    before = len(d.log())
    d.env = {"KEYMUSTER_CLOCK": "at=2029-01-01T00:00:00Z,rate=1"}
    d.start()
    text = d.command("show clock")
    assert re.match(r"\*00:0\d:\d\d.* Jan 1 2029", text) and "not believed" in text, text  # minutes: a machine may be slow
    assert re.search(r"behind the latest time known \(00:0\d:.*Jan 1 2030", text), text
    assert "why: show clock" in d.command("show crypto pki server")
    assert d.show("crypto pki timers")["cs_timers"] == []
    for operation in ("GetCACaps", "GetCACert", "GetCRL"):
        assert d.get(operation).status == 200, operation
    for words in "crypto pki server ROOTCA password generate", "clock calendar-valid":
        ran = run(KEYMUSTER, "-r", d.run, *words.split(), code=5)
        assert (ran.out + ran.err).startswith("% The clock is behind the latest time known"), ran
    answer = d.post(b"0\x80")
    assert answer.status in (400, 503), answer
    assert d.log()[before:].count("clock is behind the latest time known") == 1, d.log()
    d.stop()
    d.env = {"KEYMUSTER_CLOCK": "at=2030-01-01T00:10:00Z,rate=1"}
    d.start()
    assert d.show("clock")["authoritative"] is True
    daemon.enrol(d, "r2", "O=Cisco,CN=r2")
    d.stop()


# ---- a real clock that somebody sets: libfaketime is that somebody ----


class Faked(Daemon):
    """Its wall clock is shifted by a file; its boot clock is the machine's."""

    def __init__(self):
        super().__init__()
        self.shift_path = self.dir + "/shift"
        self.shift("+0")
        self.env = {"LD_PRELOAD": daemon.faketime(), "FAKETIME_TIMESTAMP_FILE": self.shift_path, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1", "KEYMUSTER_SANDBOX": "off"}

    def shift(self, text):
        with open(self.shift_path + ".new", "w") as f:
            f.write(text + "\n")
        os.rename(self.shift_path + ".new", self.shift_path)

    def clock_is(self, honest, words=""):
        until(lambda: self.show("clock")["authoritative"] is honest and words in self.command("show clock"),
              "the clock is %s %s" % ("honest" if honest else "not", words))


@plain_case("the clock leaps while the daemon runs: frozen, also over a restart, until the operator confirms (BAD-126)")
def leap():
    d = Faked().start()
    daemon.enrol(d, "r1", "O=Cisco,CN=r1")
    before = number(d)
    d.shift("+300d")
    d.clock_is(False, "leapt ahead of the latest time known")
    assert ", not believed" in d.command("show clock")
    for operation in ("GetCACaps", "GetCACert", "GetCRL"):
        assert d.get(operation).status == 200, operation
    assert number(d) == before
    d.command("crypto pki server ROOTCA password generate", code=5)
    d.stop()
    d.start()
    d.clock_is(False, "leapt ahead")
    assert number(d) == before
    d.command("clock calendar-valid")
    d.clock_is(True)
    until(lambda: number(d) == before + 1, "the list that was due is signed")
    d.stop()


@plain_case("a leap that is taken back was nothing; two hours back stops everything until it is right (INV-16)")
def leap_back():
    d = Faked().start()
    daemon.enrol(d, "r1", "O=Cisco,CN=r1")
    before = number(d)
    d.shift("+3650d")
    d.clock_is(False, "leapt")
    d.shift("+0")
    d.clock_is(True)
    d.shift("-2h")
    d.clock_is(False, "behind")
    d.shift("+0")
    d.clock_is(True)
    assert number(d) == before
    daemon.enrol(d, "r2", "O=Cisco,CN=r2")
    words = re.findall(r"clock (?:leapt|is behind|is authoritative)", d.log())
    assert words == ["clock leapt", "clock is authoritative", "clock is behind", "clock is authoritative"], words
    d.stop()


if __name__ == "__main__":
    daemon.main()
