"""agent.py - trustpoints with a body against the authority, to the second.

keymuster-agent enrols, renews with and without a new key, takes its shadow certificate and switches, over three
generations, on a clock that steps: at every timer its second. Arguments: keymusterd, keymuster, client,
keymuster-agent.
"""
import os

import daemon
from daemon import case, plain_case, until
from stepclock import StepClock
from trustpoint import BORN, DAY, TIMES, Agent, World


@case("an agent enrols by itself, and files are whole")
def enrols():
    w = World({"R1": ["auto-enroll 80"]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    w.a.whole("R1", w.now())
    assert w.a.dates("R1") == (BORN, BORN + 50 * DAY), w.a.dates("R1")
    assert os.stat(w.a.path("R1", "active/key.pem")).st_mode & 0o077 == 0
    w.stop()


def life(w, tp, percent, lifetime, end):
    """RENEW at each percentage, to the second, until a certificate ends with its CA; that one's dates."""
    while True:
        begin, until_ = w.a.dates(tp)
        if until_ == end:
            return begin, until_
        assert until_ == begin + lifetime * DAY, (begin, until_)
        due, old = begin + (until_ - begin) * percent // 100, w.a.serial(tp)
        w.run_until(due - 1)
        assert w.a.serial(tp) == old, "renewed before %d" % due
        w.run_until(due)
        assert w.a.dates(tp)[0] == due, "%s at %d" % (w.a.dates(tp), due)
        w.a.whole(tp, due)
        w.run_until(due + 1)
        assert w.a.dates(tp)[0] == due, "renewed twice"


def crossing(w, tp, percent, end, lifetime, regenerate):
    """From the last certificate under a CA to the first under the next: SHADOW, and the switch at its second."""
    begin, _ = w.a.dates(tp)
    due = begin + (end - begin) * percent // 100
    w.run_until(due - 1)
    assert not w.a.has(tp, "shadow"), "a shadow before SHADOW"
    w.run_until(due)
    assert w.a.has(tp, "shadow/cert.pem"), "no shadow at SHADOW"
    assert w.a.dates(tp, "shadow/cert.pem") == (end, end + lifetime * DAY), w.a.dates(tp, "shadow/cert.pem")
    assert (w.a.key(tp) == w.a.key(tp, "shadow/key.pem")) != regenerate, "the key"
    w.a.whole(tp, due)
    w.a.whole(tp, end, "shadow")
    waits = w.a.serial(tp, "shadow/cert.pem")
    w.run_until(due + 1)
    assert w.a.serial(tp, "shadow/cert.pem") == waits, "a second shadow"
    assert w.a.dates(tp)[0] == begin, "activated at SHADOW"
    w.run_until(end - 1)
    assert w.a.serial(tp) != waits, "activated early"
    w.a.whole(tp, end - 1)
    w.run_until(end)
    assert w.a.serial(tp) == waits and not w.a.has(tp, "shadow"), "not activated at the switch"
    w.a.whole(tp, end)
    w.run_until(end + 1)
    assert w.a.serial(tp) == waits
    w.a.whole(tp, end + 1)


def generations(more, regenerate):
    w = World({"R1": ["auto-enroll 80" + more]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    for n in range(1, 3):
        end = BORN + n * 200 * DAY
        life(w, "R1", 80, 50, end)
        crossing(w, "R1", 80, end, 50, regenerate)
        assert len(os.listdir(w.a.path("R1", "ca.d"))) == 1, "the ended CA is still there"
    life(w, "R1", 80, 50, BORN + 600 * DAY)
    w.stop()


@case("three generations with the same key, each timer at its second")
def same_key():
    generations("", False)


@case("three generations with a new key each time (regenerate), each timer at its second")
def new_keys():
    generations(" regenerate", True)


def timer(w, tp, name):
    """When that timer of the trustpoint is over; None: it does not run."""
    return next((w.now() + t["left_ms"] // 1000 for t in w.a.show("crypto pki timers")["pki_timers"]
                 if (t["name"], t["trustpoint"]) == (name, tp)), None)


def asked_once(w, word, due):
    """R1 asks at this second of this timer, not one before nor one behind; when it does again."""
    w.run_until(due - 1)
    assert timer(w, "R1", word) == due, "asked before %s" % word
    w.run_until(due)
    again = timer(w, "R1", word)
    assert again and again > due + 1, "not asked at %s: %s" % (word, again)
    w.run_until(due + 1)
    assert timer(w, "R1", word) == again, "asked twice"
    return again


@case("POLL: who waits for a grant asks at its second, once, and has its certificate at the next one's")
def polls():
    w = World({"R1": ["auto-enroll 80"]}, TIMES.replace("  grant auto\n", ""))
    due = until(lambda: timer(w, "R1", "POLL"), "it waits")
    assert due > BORN + 1, due
    again = asked_once(w, "POLL", due)
    w.d.command("crypto pki server ROOTCA grant 1")
    w.run_until(again - 1)
    assert not w.a.has("R1", "active"), "fetched before POLL"
    w.run_until(again)
    assert w.a.has("R1", "active/cert.pem") and timer(w, "R1", "POLL") is None, "not fetched at POLL"
    w.a.whole("R1", again)
    held = w.a.serial("R1")
    w.run_until(again + 1)
    assert w.a.serial("R1") == held and len(w.d.requests()) == 1, w.d.requests()
    w.stop()


@case("CONNECT RETRY: a server that is down at RENEW and up again is asked at that second, and once")
def connects_again():
    w = World({"R1": ["auto-enroll 80"]})
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    begin, end = w.a.dates("R1")
    due = begin + (end - begin) * 80 // 100
    w.run_until(due - 1)
    w.d.stop()
    assert timer(w, "R1", "CONNECT RETRY") is None
    w.run_until(due)
    first = timer(w, "R1", "CONNECT RETRY")
    assert first and first > due + 1, first
    again = asked_once(w, "CONNECT RETRY", first)
    w.d.start()
    w.run_until(again - 1)
    assert w.a.dates("R1")[0] == begin, "renewed before CONNECT RETRY"
    w.run_until(again)
    assert w.a.dates("R1")[0] == again, "%s at %d" % (w.a.dates("R1"), again)
    w.a.whole("R1", again)
    w.run_until(again + 1)
    assert w.a.dates("R1")[0] == again and timer(w, "R1", "CONNECT RETRY") is None
    w.stop()


HOOK = """#!/bin/sh
# %(what)s
{ echo "$1"; env | grep ^KEYMUSTER_ | sort; cat; } >>%(log)s
exit $(cat %(code)s/code-"$1" 2>/dev/null || echo 0)
"""


class Hook:
    """A hook that writes down what it is told, and answers each event with the code that a file says."""

    def __init__(self, what="hook"):
        self.dir = daemon.directory()
        self.log, self.path = self.dir + "/log", self.dir + "/" + what
        with open(self.path, "w") as f:
            f.write(HOOK % {"what": what, "log": self.log, "code": self.dir})
        os.chmod(self.path, 0o700)

    def answer(self, event, code):
        with open(self.dir + "/code-" + event, "w") as f:
            f.write("%d\n" % code)

    def events(self):
        try:
            with open(self.log) as f:
                return [line.strip() for line in f if line.strip() in NAMES]
        except FileNotFoundError:
            return []

    def text(self):
        with open(self.log) as f:
            return f.read()

    def hears(self, event, times=1):
        until(lambda: self.events().count(event) >= times, "%s is heard %d times: %s" % (event, times, self.events()))


NAMES = "next-ca", "shadow-ready", "pre-activate", "activate", "post-activate", "failed", "verify"
SHORT = "  grant auto\n  lifetime ca-certificate 20\n  lifetime certificate 8\n  auto-rollover 4\n"
END = BORN + 20 * DAY


def shadowed(w):
    """On to the last certificate under the first CA, and its shadow."""
    life(w, "R1", 80, 8, END)
    begin, _ = w.a.dates("R1")
    w.run_until(begin + (END - begin) * 80 // 100)
    until(lambda: w.a.has("R1", "shadow/info.json"), "it has its shadow")


@case("a hook is told of each event, in order, with the paths of whole files")
def told():
    hook = Hook()
    w = World({"R1": ["auto-enroll 80", "hook " + hook.path]}, SHORT)
    hook.hears("post-activate")
    assert hook.events() == ["activate", "post-activate"], hook.events()
    shadowed(w)
    hook.hears("shadow-ready")
    w.run_until(END)
    hook.hears("post-activate", 4)
    events = hook.events()
    assert events[-5:] == ["next-ca", "shadow-ready", "activate", "post-activate"][-5:] or \
        events[-4:] == ["next-ca", "shadow-ready", "activate", "post-activate"], events
    text = hook.text()
    assert "KEYMUSTER_TRUSTPOINT=R1" in text and "%s/gen-" % w.a.path("R1", "") .rstrip("/") in text, text
    w.stop()


@case("pre-activate puts a renewal off, and is asked again; never past the end of what it holds")
def put_off():
    hook = Hook()
    hook.answer("pre-activate", 75)
    w = World({"R1": ["auto-enroll 80", "hook " + hook.path]}, SHORT)
    hook.hears("post-activate")
    begin, end = w.a.dates("R1")
    due = begin + (end - begin) * 80 // 100
    w.run_until(due)
    hook.hears("pre-activate")
    assert w.a.dates("R1")[0] == begin, "activated though the hook put it off"
    w.run_until(due + 61)
    hook.hears("pre-activate", 2)
    assert w.a.dates("R1")[0] == begin
    hook.answer("pre-activate", 0)
    w.run_until(due + 60 + 120 + 10)
    hook.hears("post-activate", 2)
    assert w.a.dates("R1")[0] == due, w.a.dates("R1")
    hook.answer("pre-activate", 75)
    begin, end = w.a.dates("R1")
    w.run_until(end)
    until(lambda: w.a.dates("R1")[0] > begin, "the end of the certificate is the latest")
    w.a.whole("R1", end)
    w.stop()


@case("a hook that fails is told again, and holds nothing up")
def fails():
    hook = Hook()
    hook.answer("activate", 1)
    w = World({"R1": ["auto-enroll 80", "hook " + hook.path]}, SHORT)
    hook.hears("activate")
    w.run_until(w.now())  # it has ended, with the answer that it was given
    assert "hook failed" in w.a.log(), w.a.log()
    w.a.whole("R1", w.now())
    hook.answer("activate", 0)
    w.run_until(BORN + 120)
    hook.hears("post-activate")
    w.stop()


@case("verify-command says no: the certificate before serves again, and an hour later the new one is tried")
def comes_back():
    verify = Hook("verify")
    w = World({"R1": ["auto-enroll 80", "verify-command " + verify.path]}, SHORT)
    verify.hears("verify")
    w.run_until(w.now())  # and has said yes
    begin, end = w.a.dates("R1")
    verify.answer("verify", 1)
    due = begin + (end - begin) * 80 // 100
    w.run_until(due)
    verify.hears("verify", 2)
    until(lambda: w.a.dates("R1")[0] == begin, "it goes back")
    w.a.whole("R1", due)
    verify.answer("verify", 0)
    w.run_until(due + 3600)
    until(lambda: w.a.dates("R1")[0] == due, "the new one is tried again")
    assert "back to the certificate before" in w.a.log()
    w.stop()


@case("keys are of the key group, files and directories can be reached by it")
def key_group():
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    w = World({"R1": ["auto-enroll 80"]}, SHORT, first="crypto pki key-group %s\n" % group)
    until(lambda: w.a.has("R1", "active/key.pem"), "it enrols")
    there = os.stat(w.a.path("R1", "active/key.pem"))
    assert there.st_mode & 0o777 == 0o640 and there.st_gid == os.getgid(), oct(there.st_mode)
    assert os.stat(w.a.state).st_mode & 0o777 == 0o711
    w.stop()


@case("the signer has lost the key: at the renewal the agent makes another and enrols anew, what is active stays till then")
def key_lost():
    w = World({"R1": ["auto-enroll 80"]}, SHORT)
    until(lambda: w.a.has("R1", "active/cert.pem"), "it enrols")
    begin, end = w.a.dates("R1")
    due, old = begin + (end - begin) * 80 // 100, w.a.key("R1")
    w.a.stop()
    lost = [f for f in os.listdir(w.a.state + "/keys") if f.startswith("R1")]
    assert lost, os.listdir(w.a.state + "/keys")
    for name in lost:
        os.unlink(w.a.state + "/keys/" + name)
    w.a.start()
    w.run_until(due)
    until(lambda: "key pair 'R1' is gone" in w.a.log().replace("\\'", "'"), "it says so")
    assert w.a.dates("R1") == (begin, end), w.a.dates("R1")
    w.a.whole("R1", due)
    status = w.a.command("show crypto pki trustpoints R1 status")
    assert "Lost: another pair" in status and "is gone" in status, status
    w.run_until(due + 70)
    until(lambda: w.a.dates("R1")[0] > begin, "it enrols anew")
    assert w.a.key("R1") != old
    w.a.whole("R1", due + 70)
    w.stop()


class Shifted(daemon.Daemon):
    """A real wall clock, shifted by a file; the boot clock is the machine's."""

    def shift(self, text):
        with open(self.dir + "/shift.new", "w") as f:
            f.write(text + "\n")
        os.rename(self.dir + "/shift.new", self.dir + "/shift")


class ShiftedAgent(Shifted, Agent):
    def __init__(self, lines):
        Agent.__init__(self, lines)
        self.shift("+0")
        self.env = {"LD_PRELOAD": daemon.faketime(), "FAKETIME_TIMESTAMP_FILE": self.dir + "/shift",
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "KEYMUSTER_SANDBOX": "off"}

    def clock_is(self, honest, words=""):
        until(lambda: self.show("clock")["authoritative"] is honest and words in self.command("show clock"),
              "the clock is %s %s" % ("honest" if honest else "not", words))


@plain_case("a clock that leaps freezes an agent's trustpoints, also over a restart, until somebody confirms (BAD-126)")
def leaps():
    d = daemon.Daemon("  grant auto\n").start()
    print_ = daemon.fingerprint(d.ca()).partition("=")[2]
    a = ShiftedAgent("crypto pki trustpoint R1\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=r1\n"
                     "  auto-enroll 80\n" % (d.url(), print_)).start()
    until(lambda: a.has("R1", "active/cert.pem"), "it enrols")
    held = a.serial("R1")
    a.shift("+300d")  # RENEW would be over
    a.clock_is(False, "leapt ahead of the latest time known")
    a.command("crypto pki enroll R1", code=5)
    a.shift("+0")
    a.clock_is(True)
    a.shift("-2h")
    a.clock_is(False, "behind")
    a.shift("+300d")
    a.clock_is(False, "leapt ahead")
    a.stop()
    a.start()
    a.clock_is(False, "leapt ahead")
    assert a.serial("R1") == held, "renewed by a clock that nobody vouches for"
    a.command("clock calendar-valid")
    a.clock_is(True)
    until(lambda: a.serial("R1") != held, "what was due is done")
    a.stop()
    d.stop()


def octets_in(dir_):
    """Of every file, with the time of its last change."""
    found = {}
    for where, _, names in os.walk(dir_):
        for path in (os.path.join(where, name) for name in names):
            with open(path, "rb") as f:
                found[path] = os.lstat(path).st_mtime_ns, f.read()
    return found


@case("BAD-160 a second agent, or a daemon, on the same store: it says which process has it, and touches nothing")
def two_agents():
    w = World({"R1": ["auto-enroll 80"]}, SHORT)
    until(lambda: w.a.has("R1", "active/info.json"), "it enrols")
    w.run_until(BORN + 60)
    before = octets_in(w.a.state)
    other = Agent(w.a.text().partition("calendar-valid\n")[2].replace("R1", "R2"), w.a.env)
    other.state = w.a.state
    daemon_ = daemon.Daemon(env=w.a.env)
    daemon_.state = w.a.state
    for second in w.a, other, daemon_:
        said = second.fails()
        assert w.a.state in said and "in use" in said and str(w.a.process.pid) in said, said
    assert octets_in(w.a.state) == before, "the store is not as it was"
    begin, end = w.a.dates("R1")
    due = begin + (end - begin) * 80 // 100
    w.run_until(due)
    assert w.a.dates("R1")[0] == due and "R1" in w.a.command("show crypto pki trustpoints"), "the first one goes on"
    w.stop()


@case("one daemon with the authority and a trustpoint of it")
def both():
    clock = StepClock(daemon.directory() + "/clock", BORN)  # stands: left alone, days would pass and the CA with them
    base = daemon.ROOT.replace("  lifetime certificate 365\n  lifetime ca-certificate 730\n", "")
    d = daemon.Daemon(SHORT, base, {"KEYMUSTER_CLOCK": "step=" + clock.path}).start()
    print_ = daemon.fingerprint(d.ca()).partition("=")[2]
    d.stop()
    d.write(d.text() + "crypto pki trustpoint OWN\n  enrollment url %s\n  fingerprint %s\n  subject-name CN=own\n"
            "  auto-enroll 80\n" % (d.url(), print_))
    d.start()
    until(lambda: os.path.exists(d.state + "/trustpoints/OWN/active/cert.pem"), "it enrols at itself")
    assert "OWN" in d.command("show crypto pki trustpoints")
    d.stop()


if __name__ == "__main__":
    daemon.main()
